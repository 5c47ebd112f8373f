"""The table: a row a file, safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

import makeready
from makeready.report.csv_table import BYTE_ORDER_MARK, COLUMNS, cell, render
from makeready.results import CheckRun, FileInfo, Issue, Outcome, ProfileInfo, Report, Severity
from makeready.testing import pdf


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


def named(path: str, **more: object) -> Report:
    return Report(FileInfo(path, "pdf", "PDF 1.7", 10, "ab"), ProfileInfo("default", "Any", "cd"), None, **more)  # type: ignore[arg-type]


def test_a_file_is_a_row_with_its_counts_and_the_worst_reason_first() -> None:
    report = makeready.check(pdf(pages=2).image(ppi=96).bytes(), profile="poster")
    (row,) = read(render([report]))
    assert tuple(row) == COLUMNS
    assert row["verdict"] == "error"
    assert int(row["errors"]) == report.count(Severity.ERROR)
    assert int(row["warnings"]) == report.count(Severity.WARNING)
    assert row["pages"] == "2"
    assert "IMG101" in row["codes"].split()
    assert row["first reason"] in [issue.message for issue in report.issues if issue.severity is Severity.ERROR]


def test_it_is_rfc_4180_with_the_mark_that_excel_needs() -> None:
    text = render([named('a "b", c.pdf'), named("grün 日本.pdf")])
    assert text.startswith("\ufefffile,verdict,stars")
    lines = text.split("\r\n")
    assert lines[1].startswith('"a ""b"", c.pdf",unreadable,')
    assert len(lines) == 4
    assert lines[3] == ""
    assert text.encode().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("name", ["=1+1.pdf", "+a.pdf", "-a.pdf", "@a.pdf", " =a.pdf", '=HYPERLINK("x")'])
def test_no_name_is_a_formula(name: str) -> None:
    (row,) = read(render([named(name)]))
    assert row["file"] == f"'{name}"


def test_names_that_are_no_formula_stay_as_they_are() -> None:
    assert cell("a=b-1+2@3.pdf") == "a=b-1+2@3.pdf"


def test_a_name_with_a_line_end_or_half_a_character_is_one_line() -> None:
    (row,) = read(render([named("a\nb\udcff\x1b.pdf")]))
    assert row["file"] == "a�b��.pdf"


def test_a_reason_of_a_stranger_is_no_formula_either() -> None:
    issue = Issue("XYZ101", "x", Severity.ERROR, "A fault", "=cmd|' /C calc'!A0")
    (row,) = read(render([named("a.pdf", issues=(issue,), runs=(CheckRun("ABC101", Outcome.CRASHED, "no"),))]))
    assert row["first reason"].startswith("'=")
    assert row["crashed"] == "ABC101"


def test_what_is_not_known_is_an_empty_cell(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"no pdf")
    (row,) = read(render([makeready.check(tmp_path / "a.pdf")]))
    assert (row["verdict"], row["pages"], row["stars"], row["codes"]) == ("unreadable", "", "", "FIL101")
