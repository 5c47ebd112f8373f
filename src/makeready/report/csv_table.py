"""The report as a table: a row a file, for a spreadsheet.

UTF-8 with a byte order mark: without one Excel takes the file for its old code page and ruins every name that is
not plain English; other programs know the mark and leave it out. Lines end as RFC 4180 asks, in CR LF.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from makeready.report.entries import entries
from makeready.report.text import clean
from makeready.results import Report, Severity

COLUMNS = (
    "file",
    "verdict",
    "stars",
    "errors",
    "warnings",
    "infos",
    "pages",
    "first reason",
    "codes",
    "crashed",
    "profile",
    "format",
    "bytes",
    "sha256",
)
BYTE_ORDER_MARK = "\ufeff"
#: What makes a spreadsheet take a cell for a formula and run it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(reports: Sequence[Report]) -> str:
    """The heading, and a row for each file in the order given."""
    stream = io.StringIO()
    table = csv.writer(stream)
    table.writerow(COLUMNS)
    table.writerows(map(row, reports))
    return BYTE_ORDER_MARK + stream.getvalue()


def row(report: Report) -> tuple[str | int, ...]:
    """What is said of one file; an empty cell is what is not known."""
    found = entries(report.issues)
    return (
        cell(report.file.path),
        report.verdict.value,
        report.stars.stars if report.stars else "",
        report.count(Severity.ERROR),
        report.count(Severity.WARNING),
        report.count(Severity.INFO),
        report.facts.page_count if report.facts else "",
        cell(found[0].first.message) if found else "",
        " ".join(dict.fromkeys(entry.first.code for entry in found)),
        " ".join(run.code for run in report.crashed),
        cell(report.profile.name),
        cell(report.file.format or ""),
        "" if report.file.bytes is None else report.file.bytes,
        report.file.sha256 or "",
    )


def cell(text: str) -> str:
    """Text of others, on one line; an apostrophe keeps ``=HYPERLINK(…).pdf`` from being a formula."""
    return clean(f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text)
