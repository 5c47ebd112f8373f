"""Fixes as they are asked for: which, at what price, and of which file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from makeready.service import checking
from makeready.service.errors import Conflict, InvalidRequest, NotFound

if TYPE_CHECKING:
    from makeready.service.core import Account, Kept, Service

OPERATION = "fix"


@dataclass(frozen=True, slots=True)
class Estimate:
    """From the cheapest fix alone to all of them: fixes that change nothing cost nothing."""

    min: int
    max: int

    @classmethod
    def of(cls, prices: Mapping[str, int]) -> Estimate:
        """What fixes of these prices may cost together."""
        return cls(min(prices.values()), sum(prices.values()))

    def as_data(self) -> dict[str, int]:
        """As requests keep it."""
        return {"min": self.min, "max": self.max}


def prices(service: Service, account: Account, dialect: str, fixes: Iterable[str]) -> dict[str, int]:
    """What an account pays for each fix in a dialect."""
    plan = service.plans.plan(account.plan)
    return {fix: service.plans.cost(plan, dialect, OPERATION, fix) for fix in fixes}


def subject(service: Service, account: Account, report: Kept) -> str:
    """The file of a report.

    Raises:
        Conflict: it is not kept any more.
    """
    if report.file_id is not None:
        with contextlib.suppress(NotFound):
            return service.files.get(account.id, report.file_id).id
    raise Conflict(
        f"The file of the report {report.id} is no longer kept.", "Check it again, and fix from that report."
    )


def called_for(service: Service, report: Kept, hint: str) -> tuple[str, ...]:
    """The fixes that a report's issues call for.

    Raises:
        InvalidRequest: there are none; ``hint`` says how to ask for others.
    """
    fixes = service.catalogue.called_for(report.document)
    if not fixes:
        refusal = InvalidRequest(f"The report {report.id} has no issue that a fix cures.", hint)
        refusal.code = "NOTHING_TO_FIX"
        raise refusal
    return fixes


def options(
    asked: Mapping[str, Any], *, name: str, prices: Mapping[str, int], approval: bool, ppi: float | None
) -> dict[str, Any]:
    """What a job is told, but for the fixes.

    Args:
        asked: what the file is held against, as for ``checking.options``.
        name: of the file.
        prices: of the fixes; what a derived plan turns out to need beyond them is free: nobody pays more than was
            estimated.
        approval: whether somebody looks at the plan first.
        ppi: the resolution that enlarging goes to.
    """
    wanted = {**checking.options(asked), "name": name, "requireApproval": approval, "prices": dict(prices)}
    # What it is is known by now, and after a fix it may be another kind than it was.
    wanted.pop("fileType", None)
    if ppi is not None:
        wanted["targetDpi"] = ppi
    return wanted
