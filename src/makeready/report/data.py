"""The JSON report, schema ``makeready.report/1``: stable names, numbers with units, nothing left out.

What JSON has no word for (a plug-in may put anything into a finding's details) is written as text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from makeready import __version__
from makeready.facts import as_data
from makeready.results import Report

REPORT = "makeready.report/1"
REPORTS = "makeready.reports/1"


def as_document(report: Report) -> dict[str, Any]:
    """One report as the object that is written."""
    return {
        "schema": REPORT,
        "makeready": __version__,
        "file": as_data(report.file),
        "profile": as_data(report.profile),
        "verdict": report.verdict.value,
        "stars": as_data(report.stars),
        "stars_reason": report.stars_reason,
        "issues": as_data(report.issues),
        "runs": as_data(report.runs),
        "facts": as_data(report.facts),
        "failed_plugins": as_data(report.failed_plugins),
        "seconds": round(report.seconds, 4),
    }


def document(reports: Sequence[Report]) -> str:
    """One report, or several under one roof, indented for people."""
    documents = [as_document(report) for report in reports]
    whole = documents[0] if len(documents) == 1 else {"schema": REPORTS, "reports": documents}
    return json.dumps(whole, ensure_ascii=False, indent=1, default=str) + "\n"


def line(report: Report) -> str:
    """One report on one line."""
    return json.dumps(as_document(report), ensure_ascii=False, separators=(",", ":"), default=str)
