"""The report as JUnit XML, for build servers: a suite a file, a test case a check.

An error is a failure; a check that crashed is an error of the test, a check that was left out is skipped and says
why. Warnings and notes do not fail a build: they stand in the case's output. JUnit never had an official schema;
this keeps to what Jenkins publishes and reads.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree as ET

from makeready.registry import SUBJECTS, Check
from makeready.results import CheckRun, Issue, Outcome, Report, Severity

#: What XML 1.0 cannot hold, not even escaped; file names may.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(reports: Sequence[Report], catalogue: Mapping[str, Check], made_by: str = "makeready") -> str:
    """All files as one document.

    Args:
        reports: what was found.
        catalogue: the checks by code, for their names.
        made_by: the program and its version.
    """
    root = ET.Element("testsuites", name=_text(made_by))
    totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for report in reports:
        suite = _suite(report, catalogue)
        root.append(suite)
        for name in totals:
            totals[name] += int(suite.get(name, "0"))
    for name, count in totals.items():
        root.set(name, str(count))
    root.set("time", _seconds(sum(report.seconds for report in reports)))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(report: Report, catalogue: Mapping[str, Check]) -> ET.Element:
    suite = ET.Element("testsuite", name=_text(report.file.path))
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report):
        ET.SubElement(properties, "property", name=name, value=_text(value))
    cases = list(_cases(report, catalogue))
    suite.extend(cases)
    suite.set("tests", str(len(cases)))
    for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(element) is not None for case in cases)))
    suite.set("time", _seconds(report.seconds))
    return suite


def _properties(report: Report) -> Iterator[tuple[str, str]]:
    yield "verdict", report.verdict.value
    yield "profile", report.profile.name
    for sentence in report.profile.undecided:
        yield "not decided", sentence
    if report.stars is not None:
        yield "stars", str(report.stars.stars)
    if report.facts is not None and len(report.facts.pages) < report.facts.page_count:
        yield "pages", f"{len(report.facts.pages)} of {report.facts.page_count}"
    if report.file.sha256 is not None:
        yield "sha256", report.file.sha256
    for source, why in report.failed_plugins.items():
        yield "plug-in that did not load", f"{source}: {why}"


def _cases(report: Report, catalogue: Mapping[str, Check]) -> Iterator[ET.Element]:
    """A case for every check that ran; what was found without a run (the file does not open) has one as well."""
    found: dict[str, list[Issue]] = defaultdict(list)
    for issue in report.issues:
        found[issue.code].append(issue)
    runs = {run.code: run for run in report.runs}
    for code in dict.fromkeys([*found, *runs]) if report.facts is None else dict.fromkeys([*runs, *found]):
        yield _case(runs.get(code, CheckRun(code, Outcome.FOUND)), found[code], catalogue, report.facts is None)


def _case(run: CheckRun, issues: Sequence[Issue], catalogue: Mapping[str, Check], unreadable: bool) -> ET.Element:
    check = catalogue.get(run.code)
    name = issues[0].name if issues else check.name if check else ""
    subject = check.subject if check else SUBJECTS.get(run.code[:3], "Other checks")
    case = ET.Element(
        "testcase", classname=_text(subject), name=_text(f"{run.code} {name}".strip()), time=_seconds(run.seconds)
    )
    if run.outcome is Outcome.CRASHED:
        ET.SubElement(case, "error", type="crashed", message=_text(run.reason or "it crashed"))
    elif run.outcome is Outcome.SKIPPED:
        ET.SubElement(case, "skipped", message=_text(run.reason or "it was left out"))
    # A file that does not open fails, whatever severity a profile gives to that.
    failing = [issue for issue in issues if unreadable or issue.severity is Severity.ERROR]
    others = [issue for issue in issues if issue not in failing]
    if failing and run.outcome is not Outcome.CRASHED:
        more = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
        failure = ET.SubElement(case, "failure", type=_text(run.code), message=_text(failing[0].message + more))
        failure.text = _lines(failing)
    if others:
        ET.SubElement(case, "system-out").text = _lines(others)
    return case


def _lines(issues: Sequence[Issue]) -> str:
    return "\n".join(_text(_line(issue)) for issue in issues)


def _line(issue: Issue) -> str:
    where = f"page {issue.page}: " if issue.page is not None else ""
    return f"{where}{issue.severity.value}: {issue.message}"


def _seconds(value: float) -> str:
    return f"{value:.4f}"


def _text(text: str) -> str:
    return _NOT_XML.sub("�", text)
