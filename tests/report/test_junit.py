"""JUnit XML: what Jenkins takes, a case for every check, and names that no file can spoil."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

import makeready
from makeready import preflight
from makeready.facts import Artwork
from makeready.report.junit import render
from makeready.results import CheckRun, FileInfo, Issue, Outcome, ProfileInfo, Report, Severity
from makeready.testing import pdf

# What the schema of Jenkins (junit-10.xsd of the xUnit plug-in) allows: attributes and children of each element.
ALLOWED = {
    "testsuites": ({"name", "time", "tests", "failures", "errors", "skipped"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "classname", "time"}, {"skipped", "error", "failure", "system-out", "system-err"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "skipped": ({"message", "type"}, set()),
    "system-out": (set(), set()),
}
NEEDED = {"testsuite": {"name", "tests"}, "testcase": {"name", "classname"}, "property": {"name", "value"}}


@pytest.fixture(scope="module")
def catalogue() -> dict[str, object]:
    return {check.code: check for check in preflight.catalogue()}


def parsed(reports: list[Report], catalogue: dict[str, object] | None = None) -> ET.Element:
    root = ET.fromstring(render(reports, catalogue or {}).encode("utf-8"))  # type: ignore[arg-type]
    for element in root.iter():
        attributes, children = ALLOWED[element.tag]
        assert set(element.attrib) <= attributes
        assert set(element.attrib) >= NEEDED.get(element.tag, set())
        assert {child.tag for child in element} <= children
    for suite in (root, *root.findall("testsuite")):
        cases = list(suite.iter("testcase"))
        assert int(suite.get("tests", "")) == len(cases)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute, "")) == sum(case.find(tag) is not None for case in cases)
    return root


THERE = Artwork("pdf", "PDF 1.7", 10, (), page_count=0)


def made(path: str = "a.pdf", facts: Artwork | None = THERE, **more: object) -> Report:
    info = ProfileInfo("default", "Any", "cd", ("Nobody looked at the colours.",))
    return Report(FileInfo(path, "pdf", "PDF 1.7", 10, "ab"), info, facts, **more)  # type: ignore[arg-type]


def test_a_suite_a_file_and_a_case_a_check(catalogue: dict[str, object]) -> None:
    report = makeready.check(pdf().image(ppi=96).bytes(), profile="poster")
    root = parsed([report, report], catalogue)
    suites = root.findall("testsuite")
    assert len(suites) == 2
    cases = {case.get("name", "").split()[0]: case for case in suites[0].iter("testcase")}
    assert list(cases) == [run.code for run in report.runs]
    low = cases["IMG101"]
    assert (low.get("classname"), low.get("name")) == ("Pictures", "IMG101 low-resolution-image")
    failure = low.find("failure")
    assert failure is not None
    assert failure.get("type") == "IMG101"
    assert "96 ppi" in (failure.text or "")
    for run in report.runs:
        skipped = cases[run.code].find("skipped")
        assert (skipped is not None) == (run.outcome is Outcome.SKIPPED)
        assert skipped is None or skipped.get("message") == run.reason


def test_a_warning_is_output_and_no_failure() -> None:
    issue = Issue("ABC101", "doubtful", Severity.WARNING, "Doubtful", "look at it", page=2)
    (case,) = parsed([made(issues=(issue,), runs=(CheckRun("ABC101", Outcome.FOUND),))]).iter("testcase")
    assert case.find("failure") is None
    assert case.findtext("system-out") == "page 2: warning: look at it"


def test_errors_of_one_check_are_one_failure_that_names_them_all() -> None:
    issues = tuple(Issue("ABC101", "x", Severity.ERROR, "Bad", f"fault {n}", page=n) for n in (1, 2, 3))
    (case,) = parsed([made(issues=issues, runs=(CheckRun("ABC101", Outcome.FOUND, seconds=0.25),))]).iter("testcase")
    (failure,) = case.findall("failure")
    assert failure.get("message") == "fault 1 (and 2 more)"
    assert (failure.text or "").count("\n") == 2
    assert case.get("time") == "0.2500"


def test_a_crash_is_an_error_of_the_test() -> None:
    runs = (CheckRun("ABC101", Outcome.CRASHED, "ZeroDivisionError"), CheckRun("ABC102", Outcome.PASSED))
    crashed, passed = parsed([made(runs=runs)]).iter("testcase")
    error = crashed.find("error")
    assert error is not None
    assert error.get("message") == "ZeroDivisionError"
    assert list(passed) == []


def test_an_unreadable_file_is_one_failing_case(catalogue: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 nothing")
    (case,) = parsed([makeready.check(tmp_path / "a.pdf")], catalogue).iter("testcase")
    assert case.get("name") == "FIL101 unreadable"
    assert case.find("failure") is not None


def test_what_is_not_decided_is_a_property() -> None:
    properties = parsed([made()]).iter("property")
    assert ("not decided", "Nobody looked at the colours.") in [(p.get("name"), p.get("value")) for p in properties]


@given(st.text())
def test_any_name_and_message_is_valid_xml(text: str) -> None:
    issue = Issue("ABC101", text, Severity.ERROR, text, text)
    root = parsed([made(path=text, issues=(issue,), runs=(CheckRun("ABC102", Outcome.SKIPPED, text),))])
    assert len(list(root.iter("testcase"))) == 2
