"""The report as SARIF 2.1.0 (OASIS), which code hosts and editors read: rules from the declarations, results from
the issues.

Pages are logical locations: SARIF knows lines of text and bytes, neither of which means anything in a PDF. What
crashed, was left out or could not be read is a notification of the run.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from makeready.facts import as_data
from makeready.registry import Check
from makeready.report import pages
from makeready.results import Issue, Outcome, Place, Report, Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note", Severity.OFF: "none"}
_MEDIA_TYPES = {
    "PDF": "application/pdf",
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "WebP": "image/webp",
}
#: What is said of the run rather than of the artwork.
_NOTIFIED = {
    "unreadable": "The file could not be read, so nothing was checked.",
    "crashed": "A check failed inside; what it would have found is not known.",
    "skipped": "A check was left out, for the reason given.",
}
#: Names the recipe of a fingerprint; another recipe gets another number.
_FINGERPRINT = "makeready/v1"


def render(reports: Sequence[Report], catalogue: Mapping[str, Check], version: str) -> str:
    """All files as one run of the tool.

    Args:
        reports: what was found.
        catalogue: the checks by code, for the rules.
        version: of this program.
    """
    return json.dumps(document(reports, catalogue, version), ensure_ascii=False, indent=1, default=str) + "\n"


def document(reports: Sequence[Report], catalogue: Mapping[str, Check], version: str) -> dict[str, Any]:
    """The object that is written."""
    rules = _rules(reports, catalogue)
    places = {rule["id"]: place for place, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "makeready",
                "semanticVersion": version,
                "version": version,
                "rules": rules,
                "notifications": [{"id": id, "shortDescription": {"text": text}} for id, text in _NOTIFIED.items()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "artifacts": [_artifact(report) for report in reports],
        "results": [
            _result(issue, report, number, places)
            for number, report in enumerate(reports)
            for issue in report.issues
            if issue.severity is not Severity.OFF
        ],
        "invocations": [
            {
                "executionSuccessful": not any(report.crashed for report in reports),
                "toolExecutionNotifications": [
                    note for number, report in enumerate(reports) for note in _notifications(report, number, places)
                ],
                "toolConfigurationNotifications": list(_plugin_notifications(reports)),
            }
        ],
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def _rules(reports: Sequence[Report], catalogue: Mapping[str, Check]) -> list[dict[str, Any]]:
    """The checks that took part, in the order of their codes; a plug-in's that is not at hand, as its issues say."""
    issues = {issue.code: issue for report in reports for issue in report.issues}
    codes = {run.code for report in reports for run in report.runs} | set(issues)
    return [_rule(code, catalogue.get(code), issues.get(code)) for code in sorted(codes)]


def _rule(code: str, check: Check | None, issue: Issue | None) -> dict[str, Any]:
    if check is None:
        known = {"name": issue.name, "shortDescription": {"text": issue.title}} if issue else {}
        return {"id": code, **known}
    return {
        "id": check.code,
        "name": check.name,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": _first_paragraph(check.page)},
        "help": {"text": pages.section(check, "What to do") or check.title, "markdown": pages.check_page(check)},
        "defaultConfiguration": {"level": _LEVELS[check.severity], "enabled": check.enabled},
        "properties": {"tags": [check.subject, *(f"GWG 2022 {requirement}" for requirement in check.gwg)]},
    }


def _first_paragraph(page: str) -> str:
    return " ".join(page.split("\n\n", 1)[0].split())


def _artifact(report: Report) -> dict[str, Any]:
    file, profile = report.file, report.profile
    found: dict[str, Any] = {"location": {"uri": uri(file.path)}, "roles": ["analysisTarget"]}
    if file.bytes is not None:
        found["length"] = file.bytes
    if media_type := _MEDIA_TYPES.get((file.format or "").split(" ")[0]):
        found["mimeType"] = media_type
    if file.sha256 is not None:
        found["hashes"] = {"sha-256": file.sha256}
    found["properties"] = {
        "verdict": report.verdict.value,
        "stars": as_data(report.stars),
        "profile": {"name": profile.name, "title": profile.title, "sha256": profile.sha256},
        "undecided": list(profile.undecided),
    }
    if report.facts is not None:
        found["properties"]["pages"] = [page.number for page in report.facts.pages]
        found["properties"]["pageCount"] = report.facts.page_count
    return found


def _result(issue: Issue, report: Report, number: int, rules: Mapping[str, int]) -> dict[str, Any]:
    return {
        "ruleId": issue.code,
        "ruleIndex": rules[issue.code],
        "level": _LEVELS[issue.severity],
        "message": {"text": issue.message},
        "locations": [_location(report, number, issue.page)],
        "partialFingerprints": {_FINGERPRINT: _fingerprint(issue, report.file.path)},
        "properties": {
            "measured": as_data(issue.measured),
            "limit": as_data(issue.limit),
            "place": as_data(issue.place),
            "places": as_data(issue.places),
            "details": as_data(issue.details),
            "cures": list(issue.cures),
        },
    }


def _location(report: Report, number: int, page: int | None) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": uri(report.file.path), "index": number}}
    }
    if page is not None:
        name = f"page {page}"
        location["logicalLocations"] = [
            {"name": name, "fullyQualifiedName": name, "kind": "page", "properties": {"page": page}}
        ]
    return location


def _fingerprint(issue: Issue, path: str) -> str:
    """The same for the same fault in the next run: of the check, the file's name, the page and the millimetre."""
    name = PurePath(path).name
    words = (issue.code, name, str(issue.page), _to_the_mm(issue.place))
    return hashlib.sha256("\n".join(words).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _to_the_mm(place: Place | None) -> str:
    if place is None:
        return ""
    return " ".join(str(round(value * 25.4 / 72)) for value in place.pt)


def _notifications(report: Report, number: int, rules: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """What is not an issue of the artwork: the file did not open, a check crashed or was left out."""
    locations = [_location(report, number, None)]
    if report.facts is None:
        why = report.issues[0].message if report.issues else "The file could not be read."
        yield {"level": "error", "message": {"text": why}, "locations": locations, "descriptor": {"id": "unreadable"}}
    for run in report.runs:
        if run.outcome in (Outcome.CRASHED, Outcome.SKIPPED):
            crashed = run.outcome is Outcome.CRASHED
            yield {
                "level": "error" if crashed else "note",
                "message": {"text": f"{run.code} {run.outcome.value}: {run.reason or 'no reason is known'}"},
                "locations": locations,
                "descriptor": {"id": run.outcome.value},
                "associatedRule": {"id": run.code, "index": rules[run.code]},
            }


def _plugin_notifications(reports: Sequence[Report]) -> Iterator[dict[str, Any]]:
    failed = {source: why for report in reports for source, why in report.failed_plugins.items()}
    for source, why in failed.items():
        yield {"level": "warning", "message": {"text": f"The plug-in {source} did not load: {why}"}}


def uri(path: str) -> str:
    """A path as a URI reference: relative where it was given so or lies below here, percent-encoded."""
    given = Path(path)
    if given.is_absolute():
        try:
            given = given.relative_to(Path.cwd())
        except ValueError:
            return given.as_uri()
    return quote(os.fsencode(given.as_posix()), safe="/")
