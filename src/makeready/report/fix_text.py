"""Plans and results as text: a line a thing when piped, an indented list a file when somebody is looking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from makeready.batch import Checked
from makeready.changes import Left, Plan, Result, Safety, StepOutcome, StepRun
from makeready.fix_batch import Mended
from makeready.report.entries import COUNTED, counted
from makeready.report.text import clean
from makeready.results import Issue, Outcome, Report, Verdict

if TYPE_CHECKING:
    from rich.console import Console

#: Changes of one step that are told one by one; all of them are in the JSON.
MOST_CHANGES = 6
#: A share of a page below this is a few pixels of an edge.
SEEN = 0.0005
_VERDICTS = {
    Verdict.PASS: ("✓", "green"),
    Verdict.INFO: ("✓", "blue"),
    Verdict.WARNING: ("!", "yellow"),
    Verdict.ERROR: ("✗", "red"),
    Verdict.UNREADABLE: ("✗", "red"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One thing to tell about a file; ``depth`` is how far it is indented, ``style`` a colour for a terminal."""

    text: str
    depth: int = 0
    style: str = ""


def lines(done: Checked, *, verbose: bool = False) -> Iterator[str]:
    """What came of one file of a batch, each line beginning with its name, made for grep."""
    name = clean(done.report.file.path if done.extra.result is None else done.extra.result.before.file.path)
    for said in _told(done, verbose):
        yield f"{name}: {'  ' * said.depth}{said.text}"


def show(done: Checked, console: Console, *, verbose: bool = False) -> None:
    """What came of one file on a terminal: a heading, what was done, what is left."""
    from rich.markup import escape
    from rich.padding import Padding
    from rich.text import Text

    mended: Mended = done.extra
    before = done.report if mended.result is None else mended.result.before
    mark, colour = ("✗", "red") if mended.error is not None else _VERDICTS[done.report.verdict]
    console.print(f"[{colour} bold]{mark}[/] [bold]{escape(clean(before.file.path))}[/]", highlight=False)
    for said in _told(done, verbose):
        console.print(Padding(Text(said.text, style=said.style), (0, 0, 0, 2 + 2 * said.depth)))
    console.print()


def _told(done: Checked, verbose: bool) -> Iterator[Said]:
    mended: Mended = done.extra
    if mended.error is not None:
        hint = f" {clean(mended.error.hint)}" if mended.error.hint else ""
        yield Said(f"{clean(str(mended.error))}{hint}", style="red")
    elif mended.result is not None:
        yield from _result(mended.result, None if mended.output is None else str(mended.output), mended.copied, verbose)
    elif mended.plan is not None:
        yield from _plan(mended.plan, done.report)
    else:  # the child died or ran out of time while it read the file
        yield _unreadable(done.report)


def _unreadable(report: Report) -> Said:
    return Said(clean(report.issues[0].message), style="red")


def _plan(plan: Plan, report: Report) -> Iterator[Said]:
    if report.facts is None:
        yield _unreadable(report)
    for number, step in enumerate(plan.steps, start=1):
        yield Said(f"{number}. {named(step.fix, step.settings)}: {step.reason}, {step.safety}{about(step.seconds)}")
    yield from _left(plan)
    if not plan.steps and report.facts is not None:
        yield Said("nothing would be done" if plan.left else "nothing to do")


def _result(result: Result, output: str | None, copied: bool, verbose: bool) -> Iterator[Said]:
    if result.final.facts is None:
        yield _unreadable(result.final)
    for run in result.runs:
        yield from _step(run, verbose)
    if result.fixed:
        yield Said(f"fixed: {counted_codes(result.fixed)}", style="green")
    if result.new:
        yield Said(f"NEW: {counted_codes(result.new)}", style="red bold")
    if left := [issue for issue in result.remaining if issue not in result.new]:
        yield Said(f"remains: {counted_codes(left)}", style="yellow")
    yield from _left(result.plan)
    if proof := proof_sentence(result):
        odd = breaks_its_word(result)
        said = f"LOOK AT IT: every step is graded safe, but it {proof}" if odd else proof
        yield Said(said, style="red bold" if odd else "")
    fate = "nothing written" if output is None else f"{'copied as it was' if copied else 'written'} to {clean(output)}"
    idle = not result.runs and result.final.facts is not None
    done = "" if not idle else "nothing that could be done, " if result.plan.left else "nothing to do, "
    checked = any(run.outcome is not Outcome.SKIPPED for run in result.final.runs) or result.final.issues
    verdict = f"{verdicts(result)}, " if checked else ""
    yield Said(f"{verdict}{done}{fate}", style="bold")


def _step(run: StepRun, verbose: bool) -> Iterator[Said]:
    if run.outcome is StepOutcome.REFUSED:
        yield Said(f"{run.step.fix} refused: {clean(run.reason or '')}", style="yellow")
    elif run.outcome is StepOutcome.UNCHANGED:
        yield Said(f"{run.step.fix}: nothing to do" + (f": {clean(run.reason)}" if run.reason else ""))
    else:
        yield Said(f"{named(run.step.fix, run.step.settings)}: {counted(len(run.changes), 'change')}")
        shown = run.changes if verbose else run.changes[:MOST_CHANGES]
        for change in shown:
            page = "" if change.page is None else f"page {change.page}: "
            yield Said(f"{page}{clean(change.message)}", depth=1)
        if len(run.changes) > len(shown):
            yield Said(f"… and {len(run.changes) - len(shown)} more", depth=1)


def _left(plan: Plan) -> Iterator[Said]:
    """What nothing is done about, gathered by the reason."""
    by_reason: dict[str, list[Left]] = {}
    for row in plan.left:
        by_reason.setdefault(row.reason, []).append(row)
    for reason, rows in by_reason.items():
        codes = ", ".join(f"{row.code}{f' ×{row.count}' if row.count > 1 else ''}" for row in rows)
        yield Said(f"left: {codes} – {reason}", style="yellow")


def named(fix: str, settings: object) -> str:
    """``add_bleed (bleed 5 mm)``."""
    said = ", ".join(f"{key} {value}" for key, value in settings.items()) if isinstance(settings, dict) else ""
    return f"{fix} ({clean(said)})" if said else fix


def verdicts(result: Result) -> str:
    """``with errors → passed``, or one of them where nothing has changed."""
    before, after = COUNTED[result.before.verdict], COUNTED[result.final.verdict]
    return before if before == after else f"{before} → {after}"


def proof_sentence(result: Result) -> str | None:
    """How the pages look after it all, in a sentence."""
    if not result.proof or result.after is None or result.after.facts is None:
        return None
    worst = max(result.proof, key=lambda page: page.differing)
    paged = result.after.facts.kind == "pdf"
    total = result.after.facts.page_count or len(result.proof)
    compared = f"{len(result.proof)} of {total} pages" if len(result.proof) < total else counted(total, "page")
    counted_pages = f" ({compared} compared)" if paged else ""
    where = " inside the trim" if paged else ""
    if worst.differing < SEEN:
        return f"looks the same{where}{counted_pages}"
    if total == 1:
        return f"looks different in {share_of(worst.differing)} of the {'trim' if paged else 'picture'}"
    changed = sum(page.differing >= SEEN for page in result.proof)
    much = f"in {share_of(worst.differing)} of it{counted_pages}"
    if changed == 1:
        return f"looks different{where} of page {worst.page}, {much}"
    return f"looks different{where} on {counted(changed, 'page')}, most on page {worst.page}, {much}"


def share_of(part: float) -> str:
    """``3.8 %``; a few pixels are less than 0.1 %."""
    return f"{100 * part:.1f} %" if part >= 0.001 else "less than 0.1 %"


def breaks_its_word(result: Result) -> bool:
    """Whether pages look different though all that was done is graded safe."""
    safe = all(run.step.safety is Safety.SAFE for run in result.runs if run.changes)
    return safe and any(page.differing >= SEEN for page in result.proof)


def counted_codes(issues: Iterable[Issue]) -> str:
    """``BOX102 ×3, IMG101``."""
    counts = Counter(issue.code for issue in issues)
    return ", ".join(f"{code}{f' ×{number}' if number > 1 else ''}" for code, number in sorted(counts.items()))


def about(seconds: float) -> str:
    """``, about 3 s``; nothing where it is next to no time."""
    return "" if seconds < 0.1 else f", about {seconds:.1f} s" if seconds < 10 else f", about {seconds:.0f} s"
