"""What an account did of late: its jobs by day, and by API and operation, in one question over one index."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import case, func, select

from makeready.service import clock, states, tables
from makeready.service.database import Database
from makeready.service.janitor import month, next_month

_DAY_S = 86400
_ACCOUNT, _JOB = tables.account.c, tables.job.c


@dataclass(slots=True)
class Count:
    """Jobs, those of them that failed, and what they took all told, by currency."""

    jobs: int = 0
    failed: int = 0
    cost: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True, slots=True)
class Activity:
    """Some days, the last of which is today. Jobs that were deleted are among them."""

    #: Each day, also those without jobs, the oldest first.
    days: Sequence[tuple[dt.date, Count]]
    #: (dialect, operation) → its jobs; the most frequent first.
    work: Mapping[tuple[str, str], Count]


def of(database: Database, account_id: str, days: int = 30) -> Activity:
    """What an account did in the last days, in UTC."""
    taken = func.coalesce(_JOB.cost, _JOB.held)
    keys = (clock.day(_JOB.created_at).label("day"), _JOB.dialect, _JOB.operation, _JOB.currency)
    counted = (
        func.count().label("jobs"),
        func.sum(case((_JOB.state == states.FAILED, 1), else_=0)).label("failed"),
        func.sum(taken).label("cost"),
    )
    with database.reading() as connection:
        today = connection.execute(select(clock.day(clock.now()))).scalar_one()
        first = today - days + 1
        asked = select(*keys, *counted).where(_JOB.account_id == account_id, _JOB.created_at >= first * _DAY_S)
        rows = connection.execute(asked.group_by(*keys)).all()
    by_day = {number: Count() for number in range(first, today + 1)}
    by_work: dict[tuple[str, str], Count] = defaultdict(Count)
    for row in rows:
        for count in (by_day.setdefault(row.day, Count()), by_work[row.dialect, row.operation]):
            count.jobs += row.jobs
            count.failed += row.failed
            count.cost[row.currency] += int(row.cost)
    work = dict(sorted(by_work.items(), key=lambda item: (-item[1].jobs, item[0])))
    return Activity([(_date(number), count) for number, count in sorted(by_day.items())], work)


def running_month(database: Database, account_id: str) -> tuple[float, float]:
    """When the running month of an account's plan began, and when the next one begins; seconds since 1970."""
    asked = select(_ACCOUNT.cycle_started_at, clock.now()).where(_ACCOUNT.id == account_id)
    with database.reading() as connection:
        first, now = connection.execute(asked).one()
    return month(first, now), next_month(first, now)


def _date(number: int) -> dt.date:
    return dt.datetime.fromtimestamp(number * _DAY_S, dt.UTC).date()
