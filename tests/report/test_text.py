"""The report for a terminal and for pipes: what the profile leaves open is said."""

from __future__ import annotations

import io

from rich.console import Console

from makeready.report import text
from makeready.results import CheckRun, FileInfo, Outcome, ProfileInfo, Report

OPEN = "Whether the paper is white is not looked at."
REPORT = Report(
    FileInfo("a.pdf", "pdf", "PDF 1.7", 10, "ab"),
    ProfileInfo("default", "Any press", "cd", (OPEN,)),
    None,
    runs=(CheckRun("ABC101", Outcome.PASSED),),
)


def test_a_terminal_shows_what_is_not_decided() -> None:
    screen = io.StringIO()
    text.show(REPORT, Console(file=screen, width=100))
    assert f"Not decided: {OPEN}" in screen.getvalue()


def test_a_pipe_gets_it_only_with_verbose_so_that_lines_stay_issues() -> None:
    assert not any("Not decided" in line for line in text.lines(REPORT))
    assert list(text.run_lines(REPORT))[-1] == f"a.pdf: Not decided: {OPEN}"
