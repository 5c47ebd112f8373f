"""SARIF 2.1.0: the properties that the standard requires, and what our results mean in its words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import makeready
from makeready import preflight
from makeready.facts import Artwork
from makeready.report.sarif import document, render, uri
from makeready.results import CheckRun, FileInfo, Issue, Outcome, ProfileInfo, Report, Severity
from makeready.testing import pdf

# Of the official schema, as far as it is used: a required property has no question mark; a list is in brackets.
# No other properties are allowed anywhere but in property bags.
MESSAGE = {"text": str}
BAG: dict[str, Any] = {"*": object}
ARTIFACT_LOCATION = {"uri": str, "index?": int}
LOCATION = {
    "physicalLocation?": {"artifactLocation": ARTIFACT_LOCATION},
    "logicalLocations?": [{"name": str, "fullyQualifiedName": str, "kind": str, "properties": BAG}],
}
RULE = {
    "id": str,
    "name?": str,
    "shortDescription?": MESSAGE,
    "fullDescription?": MESSAGE,
    "help?": {"text": str, "markdown?": str},
    "defaultConfiguration?": {"level": ("none", "note", "warning", "error"), "enabled": bool},
    "properties?": {"tags": [str]},
}
NOTIFICATION = {
    "message": MESSAGE,
    "level": ("none", "note", "warning", "error"),
    "locations?": [LOCATION],
    "descriptor?": {"id": str},
    "associatedRule?": {"id": str, "index": int},
}
RESULT = {
    "ruleId": str,
    "ruleIndex": int,
    "level": ("none", "note", "warning", "error"),
    "message": MESSAGE,
    "locations": [LOCATION],
    "partialFingerprints": {"*": str},
    "properties": BAG,
}
ARTIFACT = {
    "location": ARTIFACT_LOCATION,
    "roles": [("analysisTarget",)],
    "length?": int,
    "mimeType?": str,
    "hashes?": {"sha-256": str},
    "properties": BAG,
}
LOG = {
    "$schema": str,
    "version": ("2.1.0",),
    "runs": [
        {
            "tool": {
                "driver": {
                    "name": str,
                    "version": str,
                    "semanticVersion": str,
                    "rules": [RULE],
                    "notifications": [RULE],
                }
            },
            "columnKind": ("unicodeCodePoints", "utf16CodeUnits"),
            "artifacts": [ARTIFACT],
            "results": [RESULT],
            "invocations": [
                {
                    "executionSuccessful": bool,
                    "toolExecutionNotifications": [NOTIFICATION],
                    "toolConfigurationNotifications": [NOTIFICATION],
                }
            ],
        }
    ],
}


def conforms(data: Any, shape: Any, at: str = "") -> None:
    """Assert that data has a shape."""
    if isinstance(shape, dict):
        assert isinstance(data, dict), at
        known = {name.rstrip("?"): inner for name, inner in shape.items()}
        missing = {name for name in shape if not name.endswith("?") and name != "*"} - set(data)
        assert not missing, f"{at}: {missing}"
        for name, value in data.items():
            assert name in known or "*" in known, f"{at}/{name} is not in the standard"
            conforms(value, known.get(name, known.get("*")), f"{at}/{name}")
    elif isinstance(shape, list):
        assert isinstance(data, list), at
        for place, value in enumerate(data):
            conforms(value, shape[0], f"{at}/{place}")
    elif isinstance(shape, tuple):
        assert data in shape, at
    else:
        assert isinstance(data, shape), at


@pytest.fixture(scope="module")
def catalogue() -> dict[str, Any]:
    return {check.code: check for check in preflight.catalogue()}


def log(reports: list[Report], catalogue: dict[str, Any]) -> dict[str, Any]:
    """The one run of the log, as a reader gets it."""
    data = json.loads(render(reports, catalogue, "1.2.3"))
    conforms(data, LOG)
    (run,) = data["runs"]
    rules, artifacts = run["tool"]["driver"]["rules"], run["artifacts"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        for location in result["locations"]:
            where = location["physicalLocation"]["artifactLocation"]
            assert artifacts[where["index"]]["location"]["uri"] == where["uri"]
    return dict(run)


THERE = Artwork("pdf", "PDF 1.7", 10, (), page_count=0)


def made(path: str = "a.pdf", facts: Artwork | None = THERE, **more: object) -> Report:
    info = ProfileInfo("default", "Any", "cd", ("Nobody looked at the colours.",))
    return Report(FileInfo(path, "pdf", "PDF 1.7", 10, "ab"), info, facts, **more)  # type: ignore[arg-type]


def test_rules_come_from_the_declarations_and_results_from_the_issues(catalogue: dict[str, Any]) -> None:
    report = makeready.check(pdf(pages=2).on(2).image(ppi=96).bytes(), profile="poster")
    run = log([report], catalogue)
    assert run["tool"]["driver"]["version"] == "1.2.3"
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} >= {run.code for run in report.runs}
    (result,) = [result for result in run["results"] if result["ruleId"] == "IMG101"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["name"] == "low-resolution-image"
    assert "## What to do" in rule["help"]["markdown"]
    assert result["level"] == "error"
    assert result["locations"][0]["logicalLocations"][0]["name"] == "page 2"
    assert result["properties"]["measured"]["text"] == "96 ppi"
    assert len(result["properties"]["place"]["pt"]) == 4
    assert run["invocations"][0]["executionSuccessful"] is True
    assert len(run["results"]) == len(report.issues)


@pytest.mark.parametrize(
    ("severity", "level"), [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note")]
)
def test_levels(severity: Severity, level: str, catalogue: dict[str, Any]) -> None:
    issue = Issue("XYZ101", "x", severity, "A fault", "it is there")
    run = log([made(issues=(issue,))], catalogue)
    assert run["results"][0]["level"] == level
    assert run["tool"]["driver"]["rules"] == [{"id": "XYZ101", "name": "x", "shortDescription": {"text": "A fault"}}], (
        "a plug-in that is not at hand"
    )


def test_crashes_skips_and_unreadable_files_are_notifications(catalogue: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 nothing")
    runs = (CheckRun("IMG101", Outcome.CRASHED, "ZeroDivisionError"), CheckRun("INK101", Outcome.SKIPPED, "why not"))
    run = log([makeready.check(tmp_path / "a.pdf"), made(runs=runs)], catalogue)
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    kinds = {note["descriptor"]["id"]: note for note in invocation["toolExecutionNotifications"]}
    assert set(kinds) == {"unreadable", "crashed", "skipped"}
    assert "ZeroDivisionError" in kinds["crashed"]["message"]["text"]
    assert kinds["skipped"]["level"] == "note"
    rules = run["tool"]["driver"]["rules"]
    assert rules[kinds["crashed"]["associatedRule"]["index"]]["id"] == "IMG101"
    assert kinds["crashed"]["locations"][0]["physicalLocation"]["artifactLocation"]["index"] == 1


def test_a_plug_in_that_did_not_load_is_a_notification(catalogue: dict[str, Any]) -> None:
    run = log([made(failed_plugins={"house.py": "NameError"})] * 2, catalogue)
    (note,) = run["invocations"][0]["toolConfigurationNotifications"]
    assert note["message"]["text"] == "The plug-in house.py did not load: NameError"


def test_which_pages_were_looked_at_is_said_of_each_file(catalogue: dict[str, Any]) -> None:
    some = makeready.check(pdf(pages=3).bytes(), pages=[2])
    properties = log([some], catalogue)["artifacts"][0]["properties"]
    assert (properties["pages"], properties["pageCount"]) == ([2], 3)


def test_what_is_not_decided_is_said_of_each_file(catalogue: dict[str, Any]) -> None:
    assert log([made()], catalogue)["artifacts"][0]["properties"]["undecided"] == ["Nobody looked at the colours."]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.pdf", "a.pdf"),
        ("in/ä b#1?.pdf", "in/%C3%A4%20b%231%3F.pdf"),
        ("100%.pdf", "100%25.pdf"),
        ("a:b.pdf", "a%3Ab.pdf"),
        ("bad\udcff.pdf", "bad%FF.pdf"),
    ],
)
def test_paths_are_uri_references(path: str, expected: str) -> None:
    assert uri(path) == expected
    assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", uri(path))


def test_paths_below_here_are_relative_and_others_are_file_uris(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert uri(str(tmp_path / "here" / "in" / "a b.pdf")) == "in/a%20b.pdf"
    assert uri(str(tmp_path / "there.pdf")) == (tmp_path / "there.pdf").as_uri()


def test_a_fingerprint_is_of_the_fault_and_not_of_the_run(catalogue: dict[str, Any]) -> None:
    def prints(*issues: Issue, path: str = "a.pdf") -> list[str]:
        run = document([made(path, issues=issues)], catalogue, "1")["runs"][0]
        return [mark for result in run["results"] for mark in result["partialFingerprints"].values()]

    one = Issue("ABC101", "x", Severity.ERROR, "A", "96 ppi", page=1)
    reworded = Issue("ABC101", "x", Severity.WARNING, "A", "96.0 ppi", page=1)
    elsewhere = Issue("ABC101", "x", Severity.ERROR, "A", "96 ppi", page=2)
    assert prints(one) == prints(reworded) == prints(one, path="other/a.pdf")
    assert len(set(prints(one, elsewhere))) == 2
