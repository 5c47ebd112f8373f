"""The report for a terminal and for pipes: what the profile leaves open is said."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from makeready.facts import Artwork, Boxes, Page
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


@pytest.mark.parametrize(
    ("size", "said"), [(999, "999 B"), (703_840, "704 kB"), (1_864_895, "1.9 MB"), (3_200_000_000, "3.2 GB")]
)
def test_sizes_are_said_as_file_managers_say_them(size: int, said: str) -> None:
    assert text.file_size(size) == said


def test_a_file_of_which_only_some_pages_were_looked_at_says_so() -> None:
    pages = tuple(Page(number, Boxes(media=(0, 0, 300, 400))) for number in (1, 2))
    some = REPORT.replace(facts=Artwork("pdf", "PDF 1.7", 10, pages, page_count=4))
    assert "2 of 4 pages" in text.facts_in_brief(some)
    assert "2 pages" in text.facts_in_brief(some.replace(facts=Artwork("pdf", "PDF 1.7", 10, pages, page_count=2)))


def test_the_summary_is_one_line_however_narrow() -> None:
    screen = io.StringIO()
    text.summary([REPORT] * 12, Console(file=screen, width=20))
    assert screen.getvalue() == "12 files: 12 unreadable\n"
