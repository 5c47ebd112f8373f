"""What comes out of a fix: the plan, how each step fared, what it changed, and the result that holds them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from makeready.errors import UsageError
from makeready.facts import Rect
from makeready.results import Issue, Report, Severity


class Safety(StrEnum):
    """How far a fix may be trusted with a job that nobody looks at afterwards."""

    #: No visible change inside the trim.
    SAFE = "safe"
    #: It may change the look: somebody should see the pages before they are printed.
    REVIEW = "review"
    #: It cannot be done by a program; the fix only says what to ask for.
    MANUAL = "manual"

    @property
    def rank(self) -> int:
        """Higher needs more trust."""
        return {"safe": 0, "review": 1, "manual": 2}[self.value]


class Stage(StrEnum):
    """The order of all fixes: each stage can rely on what those before it have settled."""

    #: First of all: nothing else can be trusted in a broken file.
    REPAIR = "repair"
    #: What is page and what is trim must be known before anything is measured by it.
    BOXES = "boxes"
    #: Pictures are replaced in the colours they came in, so that their profiles still hold.
    PICTURES = "pictures"
    #: What a designer asks for, of the picture as the screen shows it, before it is converted for the press.
    EDIT = "edit"
    #: Colours are converted, and what overprints is settled, as written, before they are mixed.
    COLOUR = "colour"
    #: Lines are measured in the inks they print in, before some of them become pixels.
    LINES = "lines"
    #: Flattening mixes colours: in the inks of the press, after they were converted.
    TRANSPARENCY = "transparency"
    #: How much ink there is can only be told once all colours are inks, mixed ones too.
    INK = "ink"
    #: What is text by now stays text, and is given its fonts.
    FONTS = "fonts"
    #: The page grows when all that is on it is settled: mirrored bleed repeats what it finds.
    GEOMETRY = "geometry"
    #: What a standard asks for, of the file as it will be.
    STANDARD = "standard"
    #: Another kind of file, of the finished page.
    EXPORT = "export"

    @property
    def position(self) -> int:
        """Its place in the order."""
        return list(Stage).index(self)


class Refusal(Exception):
    """Raised by a fix that cannot honestly do its work on this file; the text says why and what would help."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a fix changed, in a sentence, with its page and places where it has some."""

    message: str
    page: int | None = None
    #: In PDF user space (points), as facts have them, of the file before the step.
    places: tuple[Rect, ...] = ()
    #: What it was and what it is, for machines: ``{"before": …, "after": …}`` and what else is worth telling.
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One fix with its settings, as data: ``{"fix": "add_bleed", "bleed": "3 mm"}``."""

    fix: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    #: The codes of the issues it is there to cure; empty where a person asked for it.
    cures: tuple[str, ...] = ()
    reason: str = ""
    safety: Safety = Safety.SAFE
    #: What it is expected to take.
    seconds: float = 0.0

    def as_data(self) -> dict[str, Any]:
        """The link of a chain that asks for the same."""
        return {"fix": self.fix, **self.settings}


@dataclass(frozen=True, slots=True)
class Left:
    """A code that the plan does nothing about, and why."""

    code: str
    count: int
    reason: str
    #: The fix that would cure it, where more were allowed.
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done to a file, in order, and what is left undone."""

    steps: tuple[Step, ...]
    left: tuple[Left, ...] = ()
    allow: Safety = Safety.SAFE

    @property
    def seconds(self) -> float:
        """What all of it is expected to take."""
        return sum(step.seconds for step in self.steps)

    def as_data(self) -> list[dict[str, Any]]:
        """The chain: what ``makeready apply --chain`` and the services take."""
        return [step.as_data() for step in self.steps]


class StepOutcome(StrEnum):
    """How a step fared."""

    CHANGED = "changed"
    #: There was nothing (more) for it to do.
    UNCHANGED = "unchanged"
    #: It could not honestly be done on this file; the reason says why.
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class StepRun:
    """That a step was taken, and what came of it."""

    step: Step
    outcome: StepOutcome
    changes: tuple[Change, ...] = ()
    #: Why it was refused; why there was nothing to do, where the fix says so.
    reason: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class PageProof:
    """How much of a page looks different after the fixes: rendered before and after, inside the trim."""

    page: int
    #: The share of the pixels inside the trim that differ visibly, 0 to 1.
    differing: float
    #: The largest difference of any channel, 0 to 255.
    largest: int


@dataclass(frozen=True, slots=True)
class Result:
    """A mended copy, and the proof: the checks before and after, each step, and how the pages look."""

    before: Report
    #: ``None`` where nothing was changed: then there is no new file, and ``before`` still holds.
    after: Report | None
    plan: Plan
    runs: tuple[StepRun, ...]
    #: The new file, in a folder that lives as long as the result; ``None`` where nothing was changed.
    path: Path | None = None
    proof: tuple[PageProof, ...] = ()
    seconds: float = 0.0
    #: Keeps the folder.
    folder: Any = field(default=None, repr=False, compare=False)

    @property
    def changes(self) -> tuple[Change, ...]:
        """All that was changed, in order."""
        return tuple(change for run in self.runs for change in run.changes)

    @property
    def final(self) -> Report:
        """The report that holds for the file as it is now."""
        return self.after or self.before

    @property
    def fixed(self) -> tuple[Issue, ...]:
        """Issues that were there before and are gone."""
        return without(self.before.issues, self.final.issues)

    @property
    def new(self) -> tuple[Issue, ...]:
        """Issues that were not there before: a fix that brings an error is no fix.

        What was wrong with a file that could not be read nobody knows: then nothing is new.
        """
        if self.before.facts is None:
            return ()
        return without(self.final.issues, self.before.issues)

    @property
    def remaining(self) -> tuple[Issue, ...]:
        """Issues that are there after all."""
        return self.final.issues

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the new file: whole, or not at all.

        Raises:
            UsageError: nothing was changed, or the file is there and ``overwrite`` is false.
        """
        target = Path(path)
        if self.path is None:
            raise UsageError("Nothing was changed: there is no new file to save.", "The input is as good as it was.")
        if target.exists() and not overwrite:
            raise UsageError(f"{target} is there already.", "Name another file, or allow it to be overwritten.")
        part = target.with_name(f".{target.name}.part")
        try:
            shutil.copyfile(self.path, part)
            part.replace(target)
        except OSError as error:
            raise UsageError(f"{target} cannot be written: {error.strerror}.", "Check the folder.") from error
        finally:
            part.unlink(missing_ok=True)
        return target

    @property
    def data(self) -> bytes | None:
        """The new file's bytes."""
        return None if self.path is None else self.path.read_bytes()


def without(issues: tuple[Issue, ...], others: tuple[Issue, ...]) -> tuple[Issue, ...]:
    """Those issues that have no partner of the same code, page and severity among the others."""

    def key(issue: Issue) -> tuple[str, int | None, Severity]:
        return issue.code, issue.page, issue.severity

    partners = Counter(key(issue) for issue in others)
    alone = []
    for issue in issues:
        if partners[key(issue)] > 0:
            partners[key(issue)] -= 1
        else:
            alone.append(issue)
    return tuple(alone)
