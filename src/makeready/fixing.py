"""Plan, fix, prove: a copy is mended step by step, and believed only after the checks ran again.

The input is only read. If a step raises, there is no new file and the error names the step.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from makeready import fixes, preflight
from makeready.changes import Change, Plan, Refusal, Result, Safety, Step, StepOutcome, StepRun, without
from makeready.engine import Measure, check, measure
from makeready.errors import FixFailed, MakereadyError, UnreadableFile, UsageError, did_you_mean
from makeready.fixes import planner
from makeready.fixes.job import Job
from makeready.fixes.proof import compare
from makeready.inspection import as_size
from makeready.intake import Source
from makeready.profile import Profile
from makeready.registry import Fix, Registry
from makeready.results import Report
from makeready.units import Size

#: A step of a chain as people write it: an id, or an id with settings.
Link = Mapping[str, Any] | str
Given = str | Path | bytes | BinaryIO | Source
#: What callers may allow; what is done by hand is never planned.
ALLOWED = (Safety.SAFE, Safety.REVIEW)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is: which step of how many, and the share of it that is done."""

    step: int
    steps: int
    fix: str
    share: float


def plan(
    report: Report,
    profile: str | Path | Profile | Measure | None = None,
    *,
    allow: str | Safety | None = None,
    plugin_files: Iterable[Path] = (),
) -> Plan:
    """What would mend a file: steps in order, with settings, reason and cost, and what is left undone and why.

    Args:
        report: of ``check``.
        profile: what the file was held against; the one the report names when left out.
        allow: ``safe`` or ``review``; what the profile allows when left out.
        plugin_files: Python files with more fixes.

    Of a file that cannot be read, only what might make it readable is planned.

    Raises:
        UsageError: the report's profile is not to be had by name, or was changed meanwhile: give it.
    """
    held = _held(profile if profile is not None else report.profile.name)
    if profile is None and held.info.sha256 != report.profile.sha256:
        raise UsageError(
            f"The report was made with other settings than the profile {report.profile.name} has.",
            "Give the profile or measure that it was made with.",
        )
    wanted = held.profile.fixes
    return planner.plan(
        report.issues,
        report.facts,
        fixes.catalogue(tuple(plugin_files)),
        kind=report.file.kind,
        allow=_allowed(allow or wanted.allow),
        measures={rule.check.code: rule.params for rule in held.rules if rule.skipped is None},
        settings=wanted.settings,
        always=wanted.steps,
    )


def fix(
    source: Given,
    steps: Plan | Sequence[Link] | None = None,
    *,
    profile: str | Path | Profile | Measure = preflight.DEFAULT_PROFILE,
    allow: str | Safety | None = None,
    canvas: str | tuple[float, float] | Size | None = None,
    pages: Collection[int] | None = None,
    units: str = "mm",
    name: str | None = None,
    plugin_files: Iterable[Path] = (),
    before: Report | None = None,
    to: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Result:
    """Mend a copy of a file, and prove it.

    Args:
        source: a path, the bytes of a file, or a binary stream; it is only read.
        steps: a plan, or a chain: ``[{"fix": "add_bleed", "bleed": "3 mm"}, "sharpen_edges"]``, taken as it stands.
            When left out, the file is checked and what cures its issues is planned.
        profile: what the file is held against, before and after.
        allow: how far fixes are trusted: ``safe`` or ``review``; what the profile allows when left out.
        canvas: the printed size: ``"30x20in"``, a ``Size``, or (width, height) in inches.
        pages: the pages to look at and mend; all when left out.
        units: the unit of lengths in messages.
        name: what to call bytes and streams.
        plugin_files: Python files with more fixes.
        before: a report of this file with this profile, where one was made already.
        to: what the new file is to end with, such as ``.tif`` or ``.pdf``; as it came when left out.
        progress: called as steps go on.

    Returns:
        The result; its ``path`` is the new file, or ``None`` where nothing was changed. A PDF that cannot be read is
        rebuilt where that can be done; what stays unreadable gets a result with that verdict.

    Raises:
        UsageError: a fix, a setting or the profile does not exist or fit.
        FixFailed: a step failed inside; nothing was written.
    """
    started = time.perf_counter()
    held, size = _held(profile), as_size(canvas)
    source = source if isinstance(source, Source) else Source.of(source, name)
    looked: dict[str, Any] = {"canvas": size, "pages": pages, "units": units}
    plugin_files = tuple(plugin_files)
    before = before or check(source, held, **looked)
    if before.facts is None and before.file.kind != "pdf":
        return Result(before, None, Plan(()), (), seconds=time.perf_counter() - started)
    known = fixes.catalogue(plugin_files)
    if steps is None:
        wanted = plan(before, held, allow=allow, plugin_files=plugin_files)
    elif isinstance(steps, Plan):
        wanted = steps
    else:
        wanted = Plan(planner.chain(steps, known, before.facts))
    if to is not None:
        wanted = planner.ending(wanted, before.file.kind or "", Path(source.name).suffix, to, known, before.facts)
    folder = _Folder()
    runs, path = _take(source, wanted, known, before, folder.path, size, pages, progress)
    if path is None:
        folder.remove()
        return Result(before, None, wanted, runs, seconds=time.perf_counter() - started)
    after = check(Source(_name(source.name, path), path=path), held, **looked)
    if steps is None and (again := _again(before, after, wanted, held, plugin_files)).steps:
        beside = folder.path / "again"
        beside.mkdir()
        more, newer = _take(Source(source.name, path=path), again, known, after, beside, size, pages, progress)
        wanted, runs = replace(wanted, steps=(*wanted.steps, *again.steps)), (*runs, *more)
        if newer is not None:
            path = newer
            after = check(Source(_name(source.name, path), path=path), held, **looked)
    proof = compare(source.native, before.facts, path, after.facts) if before.facts and after.facts else ()
    return Result(before, after, wanted, runs, path, proof, time.perf_counter() - started, folder)


def _again(before: Report, after: Report, taken: Plan, held: Measure, plugin_files: tuple[Path, ...]) -> Plan:
    """What cures the issues that the steps brought: a line that was thin enough for one ink and is now of four."""
    found = after.replace(issues=without(after.issues, before.issues))
    again = plan(found, held, allow=taken.allow, plugin_files=plugin_files)
    done = {step.fix for step in taken.steps}
    return replace(again, steps=tuple(step for step in again.steps if step.cures and step.fix not in done))


#: Steps that say what kind of file the new one is.
_NAMING = frozenset({"save_as", "export"})


class _Folder:
    """A folder for the states of a file, gone with the last who holds it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="makeready-"))
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def _take(
    source: Source,
    wanted: Plan,
    known: Registry[Fix],
    before: Report,
    folder: Path,
    canvas: Size | None,
    pages: Collection[int] | None,
    progress: Callable[[Progress], None] | None,
) -> tuple[tuple[StepRun, ...], Path | None]:
    """Take the steps; the new file, if anything was changed."""
    runs: list[StepRun] = []
    if not wanted.steps:
        return (), None
    try:
        job = Job(source, folder, kind=before.file.kind or "", canvas=canvas, pages=pages)
    except (Refusal, UnreadableFile) as reason:
        return tuple(StepRun(step, StepOutcome.REFUSED, reason=str(reason)) for step in wanted.steps), None
    try:
        for place, step in enumerate(wanted.steps, start=1):
            if job.kind == "raster":
                job.raster.named_later = any(later.fix in _NAMING for later in wanted.steps[place:])
            if progress:
                progress(Progress(place, len(wanted.steps), step.fix, 0.0))
                job.tell = _teller(progress, place, len(wanted.steps), step.fix)
            runs.append(_step(job, step, known[step.fix], touched=any(run.changes for run in runs)))
            if progress:
                progress(Progress(place, len(wanted.steps), step.fix, 1.0))
        if not any(run.changes for run in runs):
            return tuple(runs), None
        path = folder / f"mended{job.suffix}"
        try:
            job.save(path)
        except Exception as error:  # a full disk, or what a library could not write
            raise FixFailed(f"{source.name}: the mended file could not be written: {error}") from error
        return tuple(runs), path
    finally:
        job.close()


def _teller(progress: Callable[[Progress], None], place: int, count: int, fix: str) -> Callable[[float], None]:
    return lambda share: progress(Progress(place, count, fix, share))


def _step(job: Job, step: Step, fix: Fix, *, touched: bool) -> StepRun:
    """Take one step; ``touched`` says that a step before it changed the file."""
    started = time.perf_counter()
    if job.kind not in fix.kinds:
        reason = f"is for {' and '.join(fix.kinds)} files"
        return StepRun(step, StepOutcome.REFUSED, reason=reason)
    params = fix.valid(step.settings)
    job.needs, job.why = frozenset(fix.needs), None
    changes: list[Change] = []
    try:
        job.settle()  # a fix may hold on to objects before it first looks at the facts
        changes.extend(fix.run(job, params))
    except Refusal as refusal:
        if changes:  # half of it was done: the file is no longer what the plan thinks it is
            raise FixFailed(f"{job.name}: the step {step.fix} refused in the middle: {refusal}") from refusal
        return StepRun(step, StepOutcome.REFUSED, reason=str(refusal), seconds=time.perf_counter() - started)
    except UnreadableFile as error:
        if touched or changes:  # it was readable until we changed it
            raise FixFailed(f"{job.name}: before the step {step.fix}, the file cannot be read: {error}") from error
        return StepRun(step, StepOutcome.REFUSED, reason=str(error), seconds=time.perf_counter() - started)
    except (MakereadyError, KeyboardInterrupt):
        raise
    except Exception as error:  # the fix's door: whatever it raises ends as an error that names the step
        raise FixFailed(f"{job.name}: the step {step.fix} failed: {type(error).__name__}: {error}") from error
    seconds = time.perf_counter() - started
    if changes:
        job.renew()
        return StepRun(step, StepOutcome.CHANGED, tuple(changes), seconds=seconds)
    return StepRun(step, StepOutcome.UNCHANGED, reason=job.why, seconds=seconds)


def _allowed(allow: str) -> Safety:
    if allow not in ALLOWED:
        hint = did_you_mean(allow, ALLOWED) or "Fixes are safe, or ask for review; what is manual is done by hand."
        raise UsageError(f"{allow!r} cannot be allowed: write safe or review.", hint)
    return Safety(allow)


def _held(profile: str | Path | Profile | Measure) -> Measure:
    return profile if isinstance(profile, Measure) else measure(profile)


def _name(name: str, path: Path) -> str:
    """What the new file is called in its report."""
    given = Path(name)
    return str(given.with_name(f"{given.stem}.fixed{path.suffix}"))
