"""What the library itself can tell an API without a job: stars, which fixes there are, and what is not installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from sqlalchemy import select

from makeready.errors import did_you_mean
from makeready.preflight import load_profile
from makeready.preflight import stars as scale
from makeready.results import Severity, Stars
from makeready.service import clock, operations, tables
from makeready.service.database import Database
from makeready.service.errors import InvalidRequest, Unavailable
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
        """Every fix by its id, those of plug-ins too. The first call imports them all."""
        from makeready import fixes

        return {fix.id: Cure(fix.id, fix.title, fix.kinds, fix.order) for fix in fixes.catalogue()}

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

    def require(self, operation: str, options: Mapping[str, Any], queue: str = "cpu") -> None:
        """See that what a job needs is installed where it will be done.

        Every worker says what it lacks. One that can do the job is enough; where none lives, this machine stands for
        those to come.

        Args:
            operation: its name.
            options: of the job.
            queue: where it will wait.

        Raises:
            Unavailable: something is missing; the message has the command that installs it.
        """
        needs = operations.needs(operation, options)
        if not needs:
            return
        if workers := self._workers(queue):
            why = operations.why_none(needs, workers)
        else:
            why = operations.missing(operation, options)
        if why:
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
