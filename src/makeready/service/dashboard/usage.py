"""Usage against the plan: what is left of each currency, the jobs of the last days, and how often requests may come."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from makeready.service import activity, dialects, wallet
from makeready.service.activity import Count
from makeready.service.dashboard import page
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.core import Account, Service

_DAYS = 30
#: The chart: its size in its own units, the room for words around it, and that between two bars.
_WIDTH, _HEIGHT, _ABOVE, _RIGHT, _BELOW, _LEFT, _GAP = 720, 200, 12, 16, 24, 44, 4
#: Every so many days one is named.
_NAMED = 7


@dataclass(frozen=True, slots=True)
class Bar:
    """The jobs of a day as a bar, from below: those that failed, and on them the others. In units of the chart."""

    day: dt.date
    count: Count
    x: float
    width: float
    #: The upper ends.
    others_y: float
    others_height: float
    failed_y: float
    failed_height: float
    #: What stands below it; most have nothing.
    name: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Jobs by day."""

    bars: Sequence[Bar]
    #: Lines across: how many jobs, and where.
    lines: Sequence[tuple[int, float]]
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    right: int = _WIDTH - _RIGHT
    floor: int = _HEIGHT - _BELOW


def routes(service: Service) -> list[Route]:
    """The page of this part."""
    apis = {name: dialects.load(name) for name in service.settings.dialects}
    titles = {"dashboard": "Dashboard"} | {name: api.title for name, api in apis.items()}

    async def usage(request: Request) -> Response:
        account = page.visitor(request).account
        return page.answer(request, "usage.html", titles=titles, **await run(told, account))

    def told(account: Account) -> dict[str, Any]:
        plan, done = service.plans.plan(account.plan), activity.of(service.database, account.id, _DAYS)
        began, renews = activity.running_month(service.database, account.id)
        return {
            "plan": plan,
            "usages": {name: service.accounts.usage(account, name) for name in wallet.CURRENCIES},
            "began": began,
            "renews": renews,
            "days": done.days,
            "work": done.work,
            "chart": charted(done.days),
            "jobs": sum(count.jobs for _, count in done.days),
            "failed": sum(count.failed for _, count in done.days),
            "rates": {
                api.title: (service.settings.limits_requests or plan.terms(name).rate, plan.terms(name).batch_size)
                for name, api in apis.items()
            },
        }

    return [Route("/usage", usage)]


def charted(days: Sequence[tuple[dt.date, Count]]) -> Chart:
    """Bars for days, the oldest at the left; the highest line across is a round number above them all."""
    most = max(count.jobs for _, count in days)
    step = _round(most / 4)
    steps = max(1, -(-most // step))
    floor = _HEIGHT - _BELOW
    unit, width = (floor - _ABOVE) / (steps * step), (_WIDTH - _LEFT - _RIGHT) / len(days)
    bars = []
    for place, (day, count) in enumerate(days):
        failed, others = count.failed * unit, (count.jobs - count.failed) * unit
        named = (len(days) - 1 - place) % _NAMED == 0
        bars.append(
            Bar(
                day,
                count,
                round(_LEFT + place * width + _GAP / 2, 2),
                round(width - _GAP, 2),
                round(floor - failed - others, 2),
                round(others, 2),
                round(floor - failed, 2),
                round(failed, 2),
                f"{day:%b} {day.day}" if named else "",
            )
        )
    return Chart(bars, [(step * line, round(floor - step * line * unit, 2)) for line in range(steps + 1)])


def _round(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 … that is not below a number."""
    power = 10 ** max(0, math.floor(math.log10(least))) if least >= 1 else 1
    return next(int(factor * power) for factor in (1, 2, 5, 10) if factor * power >= least)
