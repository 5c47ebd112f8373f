"""Many files mended, each in a child process, and where the new files go.

A child works in a folder of this process and leaves the new file there; this process puts it in its place, whole or
not at all. So a child that is killed, or Ctrl-C, leaves nothing behind. The input is never written to, unless that is
asked for, and then a backup is kept beside it.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from makeready import batch, fixes
from makeready.batch import Checked, Event, Job
from makeready.changes import Plan, Result, Safety, StepOutcome
from makeready.errors import FixFailed, MakereadyError, NotDone, UsageError
from makeready.fixes import planner
from makeready.fixing import Link, Progress, fix, plan
from makeready.intake import SUFFIXES
from makeready.results import Report

#: What names of new files beside their input end with, before the suffix: what was mended, cut out, enlarged.
FIXED, CUT_OUT, ENLARGED = ENDINGS = (".fixed", ".cutout", ".large")
#: Steps are told as parts of so many, as files that are read are told in pages.
_PARTS = 1000


@dataclass(frozen=True, slots=True)
class Target:
    """Where the new file of one input goes."""

    folder: Path
    stem: str
    #: What its name ends with; what the fixes make of it when ``None``.
    suffix: str | None = None
    #: Where the input is kept when the new file takes its place.
    backup: Path | None = None
    overwrite: bool = False
    #: Whether a file that needs nothing is copied there, so that a folder of outputs is complete.
    copies: bool = False

    def path(self, suffix: str) -> Path:
        """The new file."""
        return self.folder / f"{self.stem}{self.suffix or suffix}"


@dataclass(frozen=True, slots=True)
class Mended:
    """What was done to one file; travels from the child as ``Checked.extra``."""

    result: Result | None = None
    plan: Plan | None = None
    #: The new file, where one was written.
    output: Path | None = None
    #: Whether the output is the input as it was: there was nothing to do.
    copied: bool = False
    error: MakereadyError | None = None
    #: What ``FixJob.prepare`` made of it.
    prepared: Any = None
    #: The new file where the child left it.
    made: Path | None = None


@dataclass(frozen=True)
class FixJob(Job):
    """What is done with every file: checked, planned, mended on a copy, checked again."""

    #: A chain that is taken as it stands; planned from the issues when ``None``.
    steps: tuple[Link, ...] | None = None
    allow: Safety | None = None
    #: Only plan.
    dry_run: bool = False
    #: Whether a step that refuses is an error of its file, of which nothing is written then.
    strict: bool = False
    targets: Mapping[Path, Target] = field(default_factory=dict)
    plugin_files: tuple[Path, ...] = ()
    #: Runs in the child with the result and the input, for reports that show pages; must pickle.
    prepare: Callable[[Result, Path], Any] | None = None
    #: Where children work; ``run`` gives them one.
    folder: Path | None = None

    def run(self, path: Path, progress: Callable[..., None] | None = None) -> Checked:
        """Mend one file, here and now. What fails is told, not raised: one bad file never stops the others."""
        report = super().run(path, progress).report
        try:
            with _working_in(self.folder):
                return self._mended(path, report, progress)
        except MakereadyError as error:
            return Checked(report, Mended(error=error))
        except MemoryError:
            return Checked(report, Mended(error=FixFailed("Mending it takes more memory than a process may have.")))
        except Exception as error:  # the file's door, as in the engine: whatever it brings about is told of this file
            return Checked(
                report, Mended(error=FixFailed(f"Mending it failed inside: {type(error).__name__}: {error}"))
            )

    def _mended(self, path: Path, report: Report, progress: Callable[..., None] | None) -> Checked:
        assert self.held is not None
        if self.dry_run:
            return Checked(report, Mended(plan=self._plan(path, report)))

        def tell(at: Progress) -> None:
            if progress:
                what = f"step {at.step} of {at.steps}: {at.fix}"
                progress(round((at.step - 1 + at.share) * _PARTS), at.steps * _PARTS, what)

        result = fix(
            path,
            self.steps,
            profile=self.held,
            allow=self.allow,
            canvas=self.canvas,
            pages=self.pages,
            units=self.units,
            plugin_files=self.plugin_files,
            before=report,
            progress=tell,
            to=self._target(path).suffix,
        )
        if self.strict and (refused := [run for run in result.runs if run.outcome is StepOutcome.REFUSED]):
            raise NotDone(f"{refused[0].step.fix} refused: {(refused[0].reason or '').rstrip('.')}.")
        prepared = self.prepare(result, path) if self.prepare else None
        made = None if result.path is None else _kept(result.path, self.folder)
        light = replace(result, path=None, folder=None)
        return Checked(result.final, Mended(light, result.plan, prepared=prepared, made=made))

    def _plan(self, path: Path, report: Report) -> Plan:
        assert self.held is not None
        known = fixes.catalogue(self.plugin_files)
        if self.steps is None:
            wanted = plan(report, self.held, allow=self.allow, plugin_files=self.plugin_files)
        else:
            wanted = Plan(planner.chain(self.steps, known, report.facts))
        suffix = self._target(path).suffix
        if suffix is None or report.facts is None:
            return wanted
        return planner.ending(wanted, report.file.kind or "", path.suffix, suffix, known, report.facts)

    def _target(self, path: Path) -> Target:
        return self.targets.get(path) or Target(path.parent, f"{path.stem}{FIXED}")


@contextlib.contextmanager
def _working_in(folder: Path | None) -> Iterator[None]:
    """Have temporary files made in a folder, by Python and by native libraries."""
    if folder is None:
        yield
        return
    before, said = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        if said is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = said


def _kept(path: Path, folder: Path | None) -> Path:
    """The new file under a name that outlives the result."""
    handle, name = tempfile.mkstemp(dir=folder, prefix="made-", suffix=path.suffix)
    os.close(handle)
    shutil.move(path, name)
    return Path(name)


def run(
    paths: Sequence[Path],
    job: FixJob,
    *,
    processes: int | None = None,
    timeout: float = batch.TIMEOUT,
    on_event: Callable[[Event], None] | None = None,
) -> Generator[Checked, None, None]:
    """Mend many files and put the new ones in their places; they come as they are ready.

    Args:
        paths: the files.
        job: what to do with each.
        processes, timeout, on_event: as for ``batch.run``; events of steps say ``what`` is done.
    """
    at: dict[str, str] = {}
    written: dict[Path, Path] = {}

    def listen(event: Event) -> None:
        at[event.path] = event.what
        if on_event:
            on_event(event)

    with tempfile.TemporaryDirectory(prefix="makeready-", ignore_cleanup_errors=True) as folder:
        ready = batch.run(
            paths, replace(job, folder=Path(folder)), processes=processes, timeout=timeout, on_event=listen
        )
        with contextlib.closing(ready):
            for checked in ready:
                path = paths[checked.position]
                mended: Mended = checked.extra or _died(checked.report, at.get(str(path), ""))
                try:
                    mended = _put_away(mended, path, job, paths, written)
                except MakereadyError as error:
                    mended = replace(mended, error=error)
                yield Checked(checked.report, mended, checked.position)


def _died(report: Report, at: str) -> Mended:
    """What became of a file whose child has died: while it was read, or in the middle of a step."""
    if not at:
        return Mended()
    why = report.issues[0].details.get("reason", "")
    return Mended(error=FixFailed(f"At {at}: {str(why).replace('Reading it', 'The work')}"))


def _put_away(mended: Mended, path: Path, job: FixJob, inputs: Collection[Path], written: dict[Path, Path]) -> Mended:
    """Put the new file where it belongs; of a file that needs nothing a copy, where that is wanted."""
    result, target = mended.result, job.targets.get(path)
    if result is None or target is None:
        return mended
    if mended.made is None:
        output = target.path(path.suffix)
        if not target.copies or result.before.facts is None or not _alike(output, path):
            return mended
        _may_write(output, target, inputs, written)
        _write(path, output)
        written[output] = path
        return replace(mended, output=output, copied=True)
    output = target.path(mended.made.suffix)
    if target.backup is not None:
        output = _in_place(mended.made, path, target, result.before.file.sha256)
    else:
        _may_write(output, target, inputs, written)
        if not _alike(mended.made, output):
            suffix = mended.made.suffix
            kind = planner.FORMATS.get(suffix, suffix.removeprefix(".")).upper()
            raise UsageError(f"{output} would be a {kind}: it is not written.", f"Name a {suffix} file, or a folder.")
        _write(mended.made, output)
    mended.made.unlink()
    written[output] = path
    return replace(mended, output=output, made=None)


def _in_place(made: Path, path: Path, target: Target, sha256: str | None) -> Path:
    """Let the new file take the input's place, which is kept."""
    output = target.path(path.suffix)
    if not _alike(made, path):
        raise UsageError(
            f"{path} became a {made.suffix} file, which cannot take its place.", "Name another file: -o OUT."
        )
    if sha256 is not None and _sha256(output) != sha256:
        raise UsageError(f"{path} was changed by somebody else meanwhile.", "It was left alone; run it again.")
    assert target.backup is not None
    _write(output, target.backup, overwrite=False)
    _write(made, output, like=output)
    return output


def _may_write(output: Path, target: Target, inputs: Iterable[Path], written: Mapping[Path, Path]) -> None:
    if any(_same(one, output) for one in inputs):
        raise UsageError(f"{output} is a file that is mended.", "Name another file or folder, or say --in-place.")
    if output in written:
        raise UsageError(f"{output} was just made of {written[output]}.", "Mend the two apart.")
    if output.exists() and not target.overwrite:
        raise UsageError(f"{output} is there already.", "Name another file, or say --overwrite.")


def _write(source: Path, output: Path, *, like: Path | None = None, overwrite: bool = True) -> None:
    """Copy a file, whole or not at all; ``like`` says who may read it."""
    if output.exists() and not overwrite:
        raise UsageError(f"{output} is there already.", "Move it away.")
    part: Path | None = None
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=".makeready-", suffix=".part")
        os.close(handle)
        part = Path(name)
        shutil.copyfile(source, part)
        part.chmod(like.stat().st_mode & 0o7777 if like else 0o666 & ~_umask())
        part.replace(output)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}.", "Check the folder.") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _alike(one: Path, other: Path) -> bool:
    """Whether two names end with the same kind of file."""
    first, second = one.suffix.lower(), other.suffix.lower()
    return first == second or (first in planner.FORMATS and planner.FORMATS[first] == planner.FORMATS.get(second))


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_ours(path: Path) -> bool:
    """Whether a file was left beside its original by an earlier run: ``NAME.fixed.pdf``, or a backup."""
    found = re.fullmatch(rf"(.+)(?:{'|'.join(map(re.escape, ENDINGS))}|\.bak)(?:-\d+)?", path.stem)
    if found is None:
        return False
    beside = path.parent.glob(f"{glob.escape(found[1])}.*")
    return any(other.stem == found[1] and other.suffix.lower() in SUFFIXES for other in beside)


def targets(
    paths: Sequence[Path],
    output: Path | None = None,
    *,
    in_place: bool = False,
    overwrite: bool = False,
    suffix: str | None = None,
    ending: str = FIXED,
) -> dict[Path, Target]:
    """Where the new file of each input goes.

    Args:
        paths: the inputs.
        output: a file, for one input, or a folder; beside each input, as ``NAME.fixed.pdf``, when left out.
        in_place: the new file takes the input's place, which is kept as ``NAME.bak.pdf``.
        overwrite: whether a file that is there may be replaced.
        suffix: what the new files end with (``.tif``); as they came when left out.
        ending: what the names of files written beside their input have before that.

    Raises:
        UsageError: the wishes do not go together, or a file is there already.
    """
    if output is not None and in_place:
        raise UsageError("A file is mended in place or written elsewhere, not both.", "Leave out -o or --in-place.")
    if suffix is not None and in_place:
        raise UsageError("Another kind of file cannot take the place of the input.", "Leave out --to or --in-place.")
    if in_place:
        real = {path: path.resolve() for path in paths}
        return {path: Target(to.parent, to.stem, backup=_free(to), overwrite=True) for path, to in real.items()}
    if output is None:
        found = _named(paths, None, ending, suffix, overwrite, ending)
    elif output.is_dir() or not output.suffix:
        if output.is_file():
            raise UsageError(f"{output} is a file that is there already.", "Name a folder, or a file with an ending.")
        found = _named(paths, output, "", suffix, overwrite, ending)
    else:
        if output.suffix.lower() not in planner.FORMATS:
            known = ", ".join(planner.FORMATS)
            raise UsageError(f"Files that end with {output.suffix} are not written.", f"These are: {known}.")
        if suffix is not None and planner.FORMATS[suffix] != planner.FORMATS[output.suffix.lower()]:
            raise UsageError(f"{output} is no {suffix} file.", "Leave out --to: the name says what it is.")
        if len(paths) > 1:
            raise UsageError(f"{output} is one file, and there are {len(paths)} to write.", "Name a folder: -o mended/")
        found = {paths[0]: Target(output.parent, output.stem, output.suffix, overwrite=overwrite, copies=True)}
    for path, target in found.items():  # said before anything is done
        for possible in (path.suffix, *_BECOMES.get(ending, ())):
            _may_write(target.path(possible), target, found, {})
    return found


#: What cut-outs become where their own format has no transparency: a JPEG and a PNG of one name both become PNG.
_BECOMES = {CUT_OUT: (".png", ".tif")}


def _named(
    paths: Iterable[Path], folder: Path | None, ending: str, suffix: str | None, overwrite: bool, deed: str
) -> dict[Path, Target]:
    """New names for all, in one folder or beside each; names that meet are told apart by a number."""
    found: dict[Path, Target] = {}
    taken: set[Path] = set()
    copies = bool(folder) or deed == CUT_OUT
    for path in paths:
        number, target = 1, Target(folder or path.parent, f"{path.stem}{ending}", suffix, None, overwrite, copies)
        while _taken_up(target, path, deed) in taken:
            number += 1
            target = replace(target, stem=f"{path.stem}{ending}-{number}")
        taken.add(_taken_up(target, path, deed))
        found[path] = target
    return found


def _taken_up(target: Target, path: Path, deed: str) -> Path:
    """What no other new file may be called, in lower case."""
    name = target.path(path.suffix)
    return name.with_name((target.stem if deed in _BECOMES else name.name).lower())


def _free(path: Path) -> Path:
    """A name for the backup that is not taken."""
    backup, number = path.with_name(f"{path.stem}.bak{path.suffix}"), 1
    while backup.exists():
        number += 1
        backup = path.with_name(f"{path.stem}.bak-{number}{path.suffix}")
    return backup


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them is not there
        return False
