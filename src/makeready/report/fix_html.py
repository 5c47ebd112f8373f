"""What was mended, as one HTML page: the verdict before and after, each step, what is left, the pages side by side.

Made like the report of the checks, and for the same desk: it needs nothing else, runs no script, prints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from makeready.batch import Checked
from makeready.changes import Plan, Result, StepOutcome, StepRun
from makeready.fix_batch import Mended
from makeready.report.entries import VERDICTS, Entry, counted, entries
from makeready.report.fix_looks import pairs
from makeready.report.fix_text import about, breaks_its_word, proof_sentence
from makeready.report.html import document
from makeready.report.html_shared import SEVERITIES, file_name, icon, overview
from makeready.report.markup import Markup, escape, many, prose, tag
from makeready.results import Issue, Report, Severity, Verdict

#: Changes of one step that are not folded away.
CHANGES_SHOWN = 5
#: Changes of one step that are told at all; the rest is counted.
MOST_CHANGES = 300
_WORST_FIRST = (Verdict.UNREADABLE, Verdict.ERROR, Verdict.WARNING, Verdict.INFO, Verdict.PASS)


@dataclass(frozen=True, slots=True)
class _File:
    """What came of one file, on its way to a section; ``at`` is the prefix of its anchors."""

    report: Report
    mended: Mended
    at: str
    advice: Mapping[str, str]
    fixes: Mapping[str, str]

    @property
    def before(self) -> Report:
        return self.report if self.mended.result is None else self.mended.result.before

    @property
    def planned(self) -> bool:
        """Whether there is a plan only."""
        return self.mended.result is None and self.mended.plan is not None

    @property
    def new(self) -> tuple[Issue, ...]:
        return () if self.mended.result is None else self.mended.result.new

    @property
    def left(self) -> list[Issue]:
        """What remains; what is new is told apart."""
        if self.mended.result is None:
            return list(self.report.issues)
        return [issue for issue in self.mended.result.remaining if issue not in self.new]


def render(
    done: Sequence[Checked],
    *,
    advice: Mapping[str, str] | None = None,
    fixes: Mapping[str, str] | None = None,
    title: str = "Fix report",
    made_by: str = "makeready",
) -> str:
    """Write one page about one or many mended files; many are sorted worst first, under a summary.

    Args:
        done: what came of each.
        advice: what to do, by the code of a check.
        fixes: the title of each fix, by its id.
        title: the heading of the page.
        made_by: the program and its version, for the last line.
    """
    found = [_File(one.report, one.extra, f"f{n}", advice or {}, fixes or {}) for n, one in enumerate(done, start=1)]
    found.sort(key=lambda file: (file.mended.error is None, not file.new, _WORST_FIRST.index(file.report.verdict)))
    subject = file_name(found[0].before) if len(found) == 1 else f"{len(found)} files"
    sections = [_summary(found) if len(found) > 1 else None, *(_section(file) for file in found)]
    return document(title, subject, sections, made_by, "fix.css")


def _summary(found: Sequence[_File]) -> Markup:
    """A row for each file, worst first."""
    columns = ("Before", "After", "File", "Changes", "Fixed", "Left", "New", "Written to")
    return overview(len(found), columns, (_row(file) for file in found))


def _row(file: _File) -> Markup:
    result = file.mended.result
    counts = (0, 0) if result is None else (len(result.changes), len(result.fixed))
    after = tag("span", icon("warning"), "Failed", cls="mark warning") if file.mended.error else _mark(file.report)
    return tag(
        "tr",
        tag("td", _mark(file.before), cls="nowrap"),
        tag("td", "–" if file.planned else after, cls="nowrap"),
        tag("th", tag("a", tag("bdi", file.before.file.path), href=f"#{file.at}"), scope="row"),
        many(tag("td", str(count or "–"), cls="number") for count in (*counts, len(file.left))),
        tag("td", str(len(file.new)) if file.new else "–", cls="number new" if file.new else "number"),
        tag("td", _written(file)),
    )


def _mark(report: Report) -> Markup:
    return tag("span", icon(report.verdict), VERDICTS[report.verdict][0], cls=f"mark {report.verdict}")


def _written(file: _File) -> Markup:
    mended = file.mended
    if mended.output is None:
        return escape("only planned" if file.planned else "nothing")
    return many([tag("bdi", str(mended.output)), " (a copy, as it was)" if mended.copied else None])


# --- one file ------------------------------------------------------------------------------------------------


def _section(file: _File) -> Markup:
    mended = file.mended
    told = many(
        [
            _failed(file) if mended.error else None,
            _news(file) if file.new else None,
            _odd(mended.result) if mended.result and breaks_its_word(mended.result) else None,
            _steps(mended.result.runs, file) if mended.result else None,
            _plan(mended.plan, file) if file.planned and mended.plan else None,
            _left(file),
            _fixed(mended.result, file) if mended.result else None,
        ]
    )
    shown = pairs(mended.prepared, mended.result, file.at) if mended.result and mended.prepared else None
    return tag(
        "article",
        _verdict(file),
        _facts(file),
        tag("div", tag("div", told), shown, cls="columns mended" if shown else "column"),
        id=file.at,
        aria_label=file.before.file.path,
    )


def _verdict(file: _File) -> Markup:
    """The one thing to read when there is no time for more."""
    final = file.report
    name = file_name(file.before)
    folder = file.before.file.path[: len(file.before.file.path) - len(name)]
    was, now = VERDICTS[file.before.verdict][0], VERDICTS[final.verdict][0]
    tint: str = "error" if file.mended.error or (file.new and final.verdict is Verdict.ERROR) else final.verdict.value
    if file.mended.error:
        word, sentence = "Not mended", "A step failed, and nothing was written."
    elif file.planned:
        word, sentence = now, "Nothing was changed: this is the plan."
    else:
        word = now if was == now else f"{was} → {now}"
        sentence = VERDICTS[final.verdict][1]
    result = file.mended.result
    numbers = (
        ("pass", len(result.fixed) if result else 0, "fixed"),
        (final.verdict.value, len(file.left), "found" if result is None else "left"),
        ("error", len(file.new), "new"),
    )
    return tag(
        "header",
        icon(tint, large=True),
        tag(
            "div",
            tag("h2", tag("span", folder, cls="folder") if folder else None, tag("bdi", name)),
            tag("p", tag("strong", word), " ", tag("span", sentence)),
        ),
        tag(
            "ul",
            many(tag("li", icon(shape), f"{n} {noun}", cls=f"chip {shape}") for shape, n, noun in numbers if n),
            cls="chips",
        ),
        cls=f"verdict {tint}",
    )


def _facts(file: _File) -> Markup:
    result = file.mended.result
    rows: list[tuple[str, str | None]] = [("Written to", _written(file))]
    if result is not None and result.after is not None:
        rows.append(("Format", f"{result.before.file.format or 'unreadable'} → {result.after.file.format}"))
        if (proof := proof_sentence(result)) is not None:
            rows.append(("Looks", proof.removeprefix("looks ")))
    rows.append(("Profile", file.report.profile.title or file.report.profile.name))
    if result is not None:
        rows.append(("Taken", f"{counted(len(result.runs), 'step')} in {result.seconds:.1f} s"))
    listed = many(tag("div", tag("dt", name), tag("dd", text)) for name, text in rows)
    return tag("div", tag("dl", listed, cls="facts"), cls="card")


def _failed(file: _File) -> Markup:
    error = file.mended.error
    assert error is not None
    told = tag("p", tag("strong", str(error)), f" {error.hint}" if error.hint else None)
    return tag("section", tag("h3", icon("error"), "It was not mended"), told, cls="card loud")


def _news(file: _File) -> Markup:
    """What was not there before: a fix that brings an error is no fix."""
    return tag(
        "section",
        tag("h3", icon("error"), "New: not there before"),
        tag("p", "The steps below have brought this about. Look at it before the new file goes on."),
        tag("ul", many(_entry(entry, file, advised=True) for entry in entries(file.new)), cls="issues"),
        cls="card loud",
    )


def _odd(result: Result) -> Markup:
    """Safe steps change nothing that can be seen; here something did."""
    told = f"Every step is graded safe, but the job {proof_sentence(result)}. Compare the pages before it goes on."
    return tag("section", tag("h3", icon("warning"), "It does not look the same"), tag("p", told), cls="card loud")


_OUTCOMES = {
    StepOutcome.CHANGED: ("pass", "Done"),
    StepOutcome.UNCHANGED: ("skipped", "Nothing to do"),
    StepOutcome.REFUSED: ("warning", "Refused"),
}


def _steps(runs: Sequence[StepRun], file: _File) -> Markup:
    if not runs:
        return tag("section", tag("h3", "What was done"), tag("p", "Nothing: no step was called for."), cls="list")
    listed = many(_step(number, run, file) for number, run in enumerate(runs, start=1))
    return tag("section", tag("h3", "What was done"), tag("ol", listed, cls="issues"), cls="list")


def _step(number: int, run: StepRun, file: _File) -> Markup:
    shape, word = _OUTCOMES[run.outcome]
    return tag(
        "li",
        _head(number, shape, word, run.step.fix, run.step.reason),
        tag("h4", file.fixes.get(run.step.fix, run.step.fix)),
        _settings(run.step.settings),
        tag("p", run.reason, cls="message") if run.reason else None,
        _changes(run),
        id=f"{file.at}s{number}",
        cls=f"issue step {shape}",
    )


def _head(number: int, shape: str, word: str, fix: str, reason: str) -> Markup:
    return tag(
        "div",
        tag("span", str(number), cls=f"badge {shape}"),
        tag("span", icon(shape), word, cls=f"mark {shape}"),
        tag("code", fix),
        tag("span", reason, cls="where"),
        cls="line",
    )


def _settings(settings: Mapping[str, object]) -> Markup | None:
    if not settings:
        return None
    listed = many(tag("div", tag("dt", name), tag("dd", str(value))) for name, value in settings.items())
    return tag("dl", listed, cls="figures")


def _changes(run: StepRun) -> Markup | None:
    """Each change in its own words; those alike gathered under one line."""
    gathered: dict[str, list[int]] = {}
    for change in run.changes:
        gathered.setdefault(change.message, []).extend([] if change.page is None else [change.page])
    lines = [
        tag("li", f"{_pages(pages)}: " if pages else None, message)
        for message, pages in list(gathered.items())[:MOST_CHANGES]
    ]
    if not lines:
        return None
    shown, folded = lines[:CHANGES_SHOWN], lines[CHANGES_SHOWN:]
    more = len(gathered) - len(lines)
    return many(
        [
            tag("ul", many(shown), cls="changes"),
            tag(
                "details",
                tag("summary", f"{len(folded) + more:,} more"),
                tag("ul", many(folded), cls="changes"),
                tag("p", f"and {more:,} more, which are in the JSON.") if more else None,
            )
            if folded
            else None,
        ]
    )


def _pages(pages: Iterable[int]) -> str:
    numbers = sorted(set(pages))
    if len(numbers) == 1:
        return f"page {numbers[0]}"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"pages {numbers[0]} to {numbers[-1]}"
    shown = ", ".join(map(str, numbers[:8]))
    return f"pages {shown}" + (f" and {len(numbers) - 8} more" if len(numbers) > 8 else "")


def _plan(plan: Plan, file: _File) -> Markup:
    if not plan.steps:
        return tag("section", tag("h3", "What would be done"), tag("p", "Nothing."), cls="list")
    listed = many(
        tag(
            "li",
            _head(number, "info", f"{step.safety.capitalize()}{about(step.seconds)}", step.fix, step.reason),
            tag("h4", file.fixes.get(step.fix, step.fix)),
            _settings(step.settings),
            cls="issue step info",
        )
        for number, step in enumerate(plan.steps, start=1)
    )
    return tag("section", tag("h3", "What would be done"), tag("ol", listed, cls="issues"), cls="list")


def _left(file: _File) -> Markup | None:
    """What is still wrong, why nothing was done about it, and what to do."""
    left = entries(file.left)
    if not left:
        return None
    heading = "What is left to do"
    if file.planned or file.mended.error:
        heading = "What was found"
    elif all(entry.first.severity is Severity.INFO for entry in left):
        heading = "Good to know"
    reasons = {} if file.mended.plan is None else {row.code: row.reason for row in file.mended.plan.left}
    if file.mended.result is not None:
        for run in file.mended.result.runs:
            if run.outcome is StepOutcome.REFUSED:
                reasons |= dict.fromkeys(run.step.cures, f"{run.step.fix} refused: {run.reason}")
    told: set[str] = set()
    rows = []
    for entry in left:
        code = entry.first.code
        rows.append(_entry(entry, file, advised=code not in told, reason=reasons.get(code)))
        told.add(code)
    return tag("section", tag("h3", heading), tag("ul", many(rows), cls="issues"), cls="list")


def _entry(entry: Entry, file: _File, *, advised: bool, reason: str | None = None) -> Markup:
    issue = entry.first
    count = f" × {len(entry.issues)}" if len(entry.issues) > 1 else None
    advice = file.advice.get(issue.code, "").strip() if advised and issue.severity in SEVERITIES[:2] else ""
    return tag(
        "li",
        tag(
            "div",
            tag("span", icon(issue.severity), issue.severity.capitalize(), cls=f"mark {issue.severity}"),
            tag("code", issue.code),
            tag("span", _pages(entry.pages) if entry.pages else "whole file", cls="where"),
            cls="line",
        ),
        tag("h4", issue.title, tag("span", count, cls="times") if count else None),
        tag("p", issue.message, cls="message"),
        tag("p", tag("strong", "Not mended: "), reason, cls="reason") if reason else None,
        tag("details", tag("summary", "What to do"), prose(advice), cls="advice") if advice else None,
        cls=f"issue {issue.severity}",
    )


def _fixed(result: Result, file: _File) -> Markup | None:
    """What is gone, a line each: nobody has to do anything about it."""
    gone = entries(result.fixed)
    if not gone:
        return None
    by_code = Counter(code for run in result.runs for code in run.step.cures)
    steps = {
        code: number
        for number, run in enumerate(result.runs, start=1)
        for code in run.step.cures
        if run.changes and by_code[code] == 1
    }
    rows = many(
        tag(
            "li",
            icon("pass"),
            tag("code", entry.first.code),
            f" {entry.first.title}",
            tag("span", f" × {len(entry.issues)}", cls="times") if len(entry.issues) > 1 else None,
            tag("small", f" {_pages(entry.pages)}" if entry.pages else " whole file"),
            many([" ", tag("a", f"step {steps[code]}", href=f"#{file.at}s{steps[code]}")])
            if (code := entry.first.code) in steps
            else None,
        )
        for entry in gone
    )
    return tag("section", tag("h3", "Fixed"), tag("ul", rows, cls="gone"), cls="card")
