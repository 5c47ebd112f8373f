"""What the library itself can tell an API without a job: stars, which fixes there are, and what is not installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from sqlalchemy import select

from makeready.changes import Stage
from makeready.errors import UsageError, did_you_mean
from makeready.preflight import catalogue as checks
from makeready.preflight import load_profile, profile_names
from makeready.preflight import stars as scale
from makeready.report import pages
from makeready.results import Severity, Stars
from makeready.service import clock, enlarging, operations, tables
from makeready.service.database import Database
from makeready.service.errors import InvalidRequest, NoBackEnd, Unavailable
from makeready.units import Length, Size

_WORKER = tables.worker
#: Seconds for which a worker that said nothing counts as alive.
ALIVE_S = 60.0
#: Severities that a fix is planned for; infos need not be corrected.
_TO_CURE = frozenset({Severity.ERROR.value, Severity.WARNING.value})


@dataclass(frozen=True, slots=True)
class Cure:
    """A fix, as far as an API has to know it."""

    id: str
    title: str
    #: ``pdf`` and ``raster``, or one of them.
    kinds: tuple[str, ...]
    #: The least place in the order of all fixes comes first.
    order: tuple[int, int, str]
    #: Where it stands in that order, in a word: ``pictures``, ``colour`` …
    stage: str
    #: ``safe`` or ``review``.
    safety: str


@dataclass(frozen=True, slots=True)
class Product:
    """A profile that files can be held against."""

    name: str
    title: str
    #: What counts as fair for it, where it is rated with stars.
    min_ppi: int | None


class Catalogue:
    """Quick answers; nothing here opens a file."""

    def __init__(self, database: Database | None = None) -> None:
        """Answer.

        Args:
            database: where workers say what they lack; without one this machine is the only worker.
        """
        self._database = database

    def stars(self, width_px: int, height_px: int, width_in: float, height_in: float, product: str) -> Stars:
        """The DPI stars of a picture of so many pixels at a printed size in inches.

        Raises:
            UsageError: no such product, or a size that is none.
        """
        canvas = Size(Length(width_in * 72.0), Length(height_in * 72.0))
        return scale.of_pixels(width_px, height_px, canvas, _least_ppi(product), product)

    @cached_property
    def cures(self) -> Mapping[str, Cure]:
        """Every fix by its id, those of plug-ins too; edits are no fixes. The first call imports them all."""
        from makeready import fixes

        known = (fix for fix in fixes.catalogue() if fix.stage is not Stage.EDIT)
        return {
            fix.id: Cure(fix.id, fix.title, fix.kinds, fix.order, fix.stage.value, fix.safety.value) for fix in known
        }

    @cached_property
    def products(self) -> Mapping[str, Product]:
        """Every profile by its name, those of plug-ins too. The first call reads them all."""
        known = ((name, load_profile(name)) for name in profile_names())
        return {name: Product(name, found.title, found.product.min_ppi) for name, found in known}

    @cached_property
    def advice(self) -> Mapping[str, str]:
        """What to do about an issue, by its code, in the little Markdown of a check's page."""
        return {check.code: pages.section(check, "What to do") for check in checks()}

    def chosen(self, ids: Iterable[str], kind: str | None) -> tuple[str, ...]:
        """Fixes that a client names, in the order in which they are made.

        Args:
            ids: as the client wrote them.
            kind: of the file, ``pdf`` or ``raster``; ``None`` where nobody can tell.

        Raises:
            InvalidRequest: one does not exist, is named twice, or is not for this kind of file.
        """
        wanted: dict[str, Cure] = {}
        for id in ids:
            cure = self.cures.get(id)
            if cure is None:
                hint = did_you_mean(id, self.cures) or f"There are {', '.join(self.cures)}."
                raise InvalidRequest(f"There is no fix {id!r}.", hint)
            if id in wanted:
                raise InvalidRequest(f"The fix {id!r} is named twice.", "Name each fix once.")
            if kind is not None and kind not in cure.kinds:
                raise InvalidRequest(
                    f"The fix {id!r} is for {' and '.join(cure.kinds)} files, and this is a {kind} file.",
                    "Leave it out.",
                )
            wanted[id] = cure
        return tuple(sorted(wanted, key=lambda name: wanted[name].order))

    def called_for(self, document: Mapping[str, Any]) -> tuple[str, ...]:
        """The fixes that a report's issues call for, in the order in which they are made.

        Args:
            document: a report, ``makeready.report/1``.
        """
        first = {issue["cures"][0] for issue in document["issues"] if issue["cures"] and issue["severity"] in _TO_CURE}
        return tuple(sorted(first & self.cures.keys(), key=lambda name: self.cures[name].order))

    def enlargeable(self, width: int, height: int, scale: int, seconds: float) -> None:
        """See that a picture can be made so many times as wide and as high in the processor time that a job may take.

        Raises:
            InvalidRequest: it cannot; the message has the numbers.
        """
        enlarging.possible(width, height, scale, seconds)

    def understood(self, instructions: str) -> None:
        """See that something of an instruction is understood.

        Raises:
            InvalidRequest: nothing is; the message says what can be asked for.
        """
        from makeready.edit import instructions as grammar

        try:
            grammar.understood(instructions).demanded()
        except grammar.NotUnderstood as error:
            raise InvalidRequest(str(error), error.hint) from error

    def understands(self, instructions: str) -> bool:
        """Whether an instruction is understood to its last word."""
        from makeready.edit import instructions as grammar

        try:
            return not grammar.understood(instructions).demanded().unheard
        except grammar.NotUnderstood:
            return False

    def fits(self, edits: Sequence[Mapping[str, Any]]) -> None:
        """See that edits exist, and that their settings fit.

        Raises:
            InvalidRequest: one does not; the message begins with the edit and the setting, ``outline.width: …``.
        """
        from makeready import edit

        try:
            edit.steps(edits)
        except UsageError as error:
            raise InvalidRequest(str(error), error.hint) from error

    def colour(self, text: str) -> tuple[int, int, int, int]:
        """Red, green, blue and opacity, 0 to 255, of a colour as people write it.

        Raises:
            InvalidRequest: it is none.
        """
        from makeready.edit import colours

        try:
            return colours.parse(text)
        except UsageError as error:
            raise InvalidRequest(str(error), error.hint) from error

    def require(self, operation: str, options: Mapping[str, Any], queue: str = "cpu") -> None:
        """See that what a job needs is installed where it will be done.

        Every worker says what it lacks. One that can do the job is enough; where none lives, this machine stands for
        those to come.

        Args:
            operation: its name.
            options: of the job.
            queue: where it will wait.

        Raises:
            NoBackEnd: it takes a generator, and none is configured; ``details["need"]`` says for what.
            Unavailable: something is missing; the message has the command that installs it.
        """
        needs = operations.needs(operation, options)
        if not needs:
            return
        workers = self._workers(queue)
        for need in needs:
            if need.startswith(operations.GENERATE) and (why := operations.why_nobody((need,), workers)):
                raise NoBackEnd(why, need=need)
        if why := operations.why_nobody(needs, workers):
            refusal = Unavailable(why)
            refusal.code = "MODEL_NOT_INSTALLED"
            raise refusal

    def _workers(self, queue: str) -> list[dict[str, str]]:
        """What each living worker of a queue lacks."""
        if self._database is None:
            return []
        alive = select(_WORKER.c.queues, _WORKER.c.lacks).where(_WORKER.c.seen_at > clock.now() - ALIVE_S)
        with self._database.reading() as connection:
            return [row.lacks for row in connection.execute(alive) if queue in row.queues]


@cache
def _least_ppi(product: str) -> int:
    """What counts as fair for a product.

    Raises:
        InvalidRequest: no such product, or its profile names no least ppi.
    """
    least = load_profile(product).product.min_ppi
    if least is None:
        raise InvalidRequest(f"The product {product!r} names no least ppi.", "Take another product.")
    return least
