"""What comes out of a run: findings, issues, how each check fared, and the report that holds them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from makeready.facts import Artwork, Rect
from makeready.units import Percent, Quantity, Size


class Severity(StrEnum):
    """How bad an issue is. Acrobat's words: errors must, warnings may need to, infos need not be corrected."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OFF = "off"

    @property
    def rank(self) -> int:
        """Higher is worse."""
        return {"off": 0, "info": 1, "warning": 2, "error": 3}[self.value]


class Verdict(StrEnum):
    """The one word about a file."""

    PASS = "pass"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    UNREADABLE = "unreadable"


class Outcome(StrEnum):
    """How a check fared on a file. A skip says why; a crash is the program's fault, not the file's."""

    PASSED = "passed"
    FOUND = "found"
    SKIPPED = "skipped"
    CRASHED = "crashed"


class Skip(Exception):
    """Raised by a check that cannot judge this file; the text says why and what would help."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says. The engine adds code, severity, page and place of the fact it was found on.

    ``level`` overrides the check's severity (a graded limit does that); ``details`` fill the message and are
    kept in the issue; ``page`` and ``places`` are only needed when they differ from the fact's own.
    """

    measured: Quantity | Size | None = None
    limit: Any = None
    level: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    page: int | None = None
    places: tuple[Rect, ...] | None = None
    #: A message of its own, for checks that find more than one kind of fault; same placeholders.
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where: in PDF user space (points), and in millimetres from the top left of the TrimBox as displayed."""

    pt: tuple[float, float, float, float]
    mm: tuple[float, float, float, float] | None


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that will go wrong, or may."""

    code: str
    name: str
    severity: Severity
    title: str
    message: str
    page: int | None = None
    #: The first place; ``places`` has all that are remembered.
    place: Place | None = None
    places: tuple[Place, ...] = ()
    measured: Quantity | Size | None = None
    limit: Any = None
    details: Mapping[str, Any] = field(default_factory=dict)
    cures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckRun:
    """That a check ran, and how it fared."""

    code: str
    outcome: Outcome
    reason: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Stars:
    """The DPI stars of a picture at its printed size."""

    stars: int
    label: str
    effective_ppi: int
    min_ppi: int
    product_type: str | None = field(default=None, repr=False)

    def as_data(self) -> dict[str, Any]:
        """The JSON form, with the names that clients of the DPI score know."""
        return {
            "stars": self.stars,
            "label": self.label,
            "effectivePpi": self.effective_ppi,
            "minPpi": self.min_ppi,
            "productType": self.product_type,
        }


@dataclass(frozen=True, slots=True)
class FileInfo:
    """The file that was looked at. ``kind`` and ``format`` are ``None`` when they could not be told."""

    path: str
    kind: str | None
    format: str | None
    bytes: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class ProfileInfo:
    """The profile it was held against; ``sha256`` is of its resolved settings."""

    name: str
    title: str
    sha256: str
    #: What a reader might take to be checked and is not.
    undecided: tuple[str, ...] = ()
    #: Files with more checks that took part, beside those that are installed.
    plugin_files: tuple[str, ...] = ()
    #: The most ink of all plates together that it lets pass; ``None`` where it sets no limit.
    ink_limit: Percent | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All that is known about one file: facts, issues, and that every check ran."""

    file: FileInfo
    profile: ProfileInfo
    facts: Artwork | None
    issues: tuple[Issue, ...] = ()
    runs: tuple[CheckRun, ...] = ()
    stars: Stars | None = None
    #: Why there are no stars, when there are none.
    stars_reason: str | None = None
    #: Plug-ins that failed to load, and why: they did not take part.
    failed_plugins: Mapping[str, str] = field(default_factory=dict)
    #: The unit that lengths in messages are given in.
    units: str = "mm"
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """The worst severity, or ``unreadable`` when there are no facts."""
        if self.facts is None:
            return Verdict.UNREADABLE
        worst = max((issue.severity for issue in self.issues), key=lambda s: s.rank, default=None)
        return Verdict.PASS if worst is None else Verdict(worst.value)

    @property
    def crashed(self) -> tuple[CheckRun, ...]:
        """Checks that failed inside."""
        return tuple(run for run in self.runs if run.outcome is Outcome.CRASHED)

    def count(self, severity: Severity) -> int:
        """How many issues have that severity."""
        return sum(issue.severity is severity for issue in self.issues)

    def save(self, path: str | Path, *, overwrite: bool = True) -> Path:
        """Write the report; the suffix picks the writer (``.html``, ``.json``, ``.txt`` …).

        Raises:
            UsageError: no writer for that suffix, or the file is there and ``overwrite`` is false.
        """
        # The only step up in the house: a report is asked to write itself, and writers live above results.
        import importlib

        saved: Path = importlib.import_module("makeready.report").save(self, Path(path), overwrite=overwrite)
        return saved

    def replace(self, **changes: Any) -> Report:
        """A copy with other values."""
        return dataclasses.replace(self, **changes)
