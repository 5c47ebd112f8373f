"""The report for a terminal: one line an issue when piped, a table a file when somebody is looking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from makeready.report.entries import COUNTED, Entry, entries
from makeready.results import CheckRun, Issue, Outcome, Report, Severity, Verdict
from makeready.units import FileSize

if TYPE_CHECKING:
    from rich.console import Console

MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "i", Severity.OFF: " "}
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue", Severity.OFF: "dim"}
_VERDICTS = {
    Verdict.PASS: ("✓", "green", "pass"),
    Verdict.INFO: ("✓", "blue", "pass, with notes"),
    Verdict.WARNING: ("!", "yellow", "warnings"),
    Verdict.ERROR: ("✗", "red", "errors"),
    Verdict.UNREADABLE: ("✗", "red", "unreadable"),
}


def lines(report: Report) -> Iterator[str]:
    """One line an issue, made for grep: ``file: page 3: error IMG101 …``; a file without issues has one line."""
    for issue in report.issues:
        yield f"{clean(report.file.path)}: {_where(issue)}{_what(issue)}"
    for run in report.crashed:
        yield f"{clean(report.file.path)}: {run.code} crashed: {clean(run.reason or '')}"
    if not report.issues and not report.crashed:
        yield f"{clean(report.file.path)}: pass"


def run_lines(report: Report) -> Iterator[str]:
    """How every check fared, a line each, and what the profile leaves open."""
    for run in report.runs:
        yield f"{clean(report.file.path)}: {_fared(run)}"
    for sentence in report.profile.undecided:
        yield f"{clean(report.file.path)}: {_not_decided(sentence)}"


def show(report: Report, console: Console, *, verbose: bool = False) -> None:
    """One file on a terminal: a heading, its issues in a table, and with ``verbose`` how each check fared."""
    from rich.markup import escape
    from rich.padding import Padding
    from rich.table import Table

    mark, colour, word = _VERDICTS[report.verdict]
    console.print(
        f"[{colour} bold]{mark}[/] [bold]{escape(clean(report.file.path))}[/]  [{colour}]{word}[/]", highlight=False
    )
    console.print(f"  [dim]{escape(' · '.join(facts_in_brief(report)))}[/]", highlight=False)
    for source, why in report.failed_plugins.items():
        console.print(f"  [yellow]plug-in {escape(source)} did not load: {escape(clean(why))}[/]", highlight=False)
    if report.issues:
        table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
        for name in ("severity", "code", "page"):
            table.add_column(name, no_wrap=True)
        table.add_column("message", overflow="fold")
        for entry in entries(report.issues):
            issue = entry.first
            style = COLOURS[issue.severity]
            table.add_row(
                f"[{style}]{MARKS[issue.severity]} {issue.severity.value}[/]",
                issue.code,
                escape(_pages(entry)),
                escape(_message(entry)),
            )
        console.print(Padding(table, (0, 0, 0, 2)))
    for run in report.crashed:
        console.print(f"  [magenta]{run.code} crashed: {escape(clean(run.reason or ''))}[/]", highlight=False)
    for sentence in report.profile.undecided:
        console.print(f"  [dim]{escape(_not_decided(sentence))}[/]", highlight=False)
    if verbose:
        for run in report.runs:
            console.print(f"  [dim]{escape(_fared(run))}[/]", highlight=False)
    console.print()


def summary(reports: Sequence[Report], console: Console) -> None:
    """One line about all files."""
    counts = {verdict: sum(report.verdict is verdict for report in reports) for verdict in Verdict}
    words = [f"[{_VERDICTS[v][1]}]{n} {COUNTED[v]}[/]" for v, n in counts.items() if n]
    files = f"{len(reports)} file{'s' if len(reports) != 1 else ''}"
    console.print(f"[bold]{files}[/]: {', '.join(words)}", highlight=False, soft_wrap=True)


def facts_in_brief(report: Report) -> list[str]:
    """Format, size, pages, trim, profile and stars, as far as they are known."""
    words = [report.file.format or "unknown format"]
    if report.file.bytes is not None:
        words.append(file_size(report.file.bytes))
    facts = report.facts
    if facts is not None:
        if facts.kind == "pdf":
            of = f"{len(facts.pages)} of " if len(facts.pages) < facts.page_count else ""
            words.append(f"{of}{facts.page_count} page{'s' if facts.page_count != 1 else ''}")
        elif facts.raster is not None:
            words.append(f"{facts.raster.width_px} × {facts.raster.height_px} px, {facts.raster.colour_model.upper()}")
        sizes = list(dict.fromkeys(page.size.text(report.units) for page in facts.pages if page.size is not None))
        if sizes:
            words.append(sizes[0] if len(sizes) == 1 else f"{len(sizes)} different sizes")
        words.append(f"profile {report.profile.name}")
    if report.stars is not None:
        words.append(stars(report))
    return words


def file_size(size: int) -> str:
    """As people say it: ``704 kB``, ``1.9 MB``."""
    unit = "B" if size < 1e3 else "kB" if size < 1e6 else "MB" if size < 1e9 else "GB"
    return FileSize(size).text(unit, 0 if unit in ("B", "kB") else 1)


def stars(report: Report) -> str:
    """``★★★★☆ Good, 133 ppi``, or why there are none."""
    if report.stars is None:
        return f"no stars: {report.stars_reason}"
    rated = report.stars
    return f"{'★' * rated.stars}{'☆' * (5 - rated.stars)} {rated.label}, {rated.effective_ppi} ppi"


def _message(entry: Entry) -> str:
    more = len(entry.issues) - 1
    cures = _cures(entry.first)
    return f"{clean(entry.first.message)}{f' (and {more} more like it)' if more else ''}{cures}"


def _pages(entry: Entry) -> str:
    pages = entry.pages
    if not pages:
        return "file"
    return f"p. {pages[0]}" if len(pages) == 1 else f"p. {pages[0]} to {pages[-1]}"


def _fared(run: CheckRun) -> str:
    if run.outcome is Outcome.SKIPPED:
        return f"{run.code} skipped: {clean(run.reason or '')}"
    reason = f": {clean(run.reason)}" if run.reason else ""
    return f"{run.code} {run.outcome.value}{reason} ({run.seconds * 1000:.1f} ms)"


def _not_decided(sentence: str) -> str:
    return f"Not decided: {clean(sentence)}"


def _what(issue: Issue) -> str:
    return f"{issue.severity.value} {issue.code} {clean(issue.message)}{_cures(issue)}"


def _where(issue: Issue) -> str:
    return f"page {issue.page}: " if issue.page is not None else ""


def _cures(issue: Issue) -> str:
    """The fix that would be planned; the other reports name them all."""
    return f" (fix: {issue.cures[0]})" if issue.cures else ""


def clean(text: str) -> str:
    """No control characters: a file name must not move the cursor or fake a line."""
    return "".join(c if c.isprintable() else "�" for c in text)
