"""The numbered list of a report: issues sorted, and those of one kind on one page gathered under one number.

A page with 200 thin lines has one fault, at 200 places. The list shows one entry, 7, and its issues are 7.1 to
7.200; the frames in the page's picture bear the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from makeready.results import Issue, Severity, Verdict

#: A check that finds the same on more pages than this gets one entry for all of them.
PAGES_APART = 3
#: A verdict in a word, and the sentence after it.
VERDICTS = {
    Verdict.PASS: ("Passed", "No check found anything."),
    Verdict.INFO: ("Passed, with notes", "Nothing has to be corrected."),
    Verdict.WARNING: ("Warnings", "Look at the warnings before it is printed."),
    Verdict.ERROR: ("Errors", "Correct the errors before it is printed."),
    Verdict.UNREADABLE: ("Cannot be read", "Nothing could be checked."),
}
#: How files of a verdict are counted: 3 with errors.
COUNTED = {
    Verdict.PASS: "passed",
    Verdict.INFO: "passed with notes",
    Verdict.WARNING: "with warnings",
    Verdict.ERROR: "with errors",
    Verdict.UNREADABLE: "unreadable",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered line of the list: an issue, or several of one check and severity."""

    number: int
    issues: tuple[Issue, ...]

    @property
    def first(self) -> Issue:
        """The issue that speaks for the entry."""
        return self.issues[0]

    @property
    def pages(self) -> tuple[int, ...]:
        """The pages it is found on, in order; empty when it is about the whole file."""
        return tuple(sorted({issue.page for issue in self.issues if issue.page is not None}))

    def numbered(self) -> Iterator[tuple[str, Issue]]:
        """Each issue with its number: ``7``, or ``7.1``, ``7.2`` … when there are more."""
        if len(self.issues) == 1:
            yield str(self.number), self.first
            return
        for position, issue in enumerate(self.issues, start=1):
            yield f"{self.number}.{position}", issue


def entries(issues: Iterable[Issue]) -> tuple[Entry, ...]:
    """Sort errors first, then warnings, then infos; within them by page, the whole file first."""
    found = sorted((i for i in issues if i.severity is not Severity.OFF), key=lambda i: (-i.severity.rank, i.page or 0))
    pages: dict[tuple[str, str], set[int | None]] = {}
    for issue in found:
        pages.setdefault((issue.severity, issue.code), set()).add(issue.page)
    groups: dict[tuple[str, str, int | None], list[Issue]] = {}
    for issue in found:
        together = len(pages[issue.severity, issue.code]) > PAGES_APART
        groups.setdefault((issue.severity, issue.code, None if together else issue.page), []).append(issue)
    return tuple(Entry(number, tuple(group)) for number, group in enumerate(groups.values(), start=1))


def counted(count: int, noun: str) -> str:
    """``1 page``, ``2 pages``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
