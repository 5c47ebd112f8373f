"""What an account did of late: every job on its day, in UTC, whatever became of it."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from sqlalchemy import Float, cast, insert, literal, select, text

from makeready.service import activity, clock, ids, tables
from makeready.service.database import Database
from makeready.service.janitor import month, next_month
from service.jobs_helping import account

DAY_S = 86400


def at(text: str) -> float:
    return dt.datetime.fromisoformat(f"{text}+00:00").timestamp()


@pytest.fixture
def owner(database: Database) -> str:
    return account(database)


def did(database: Database, owner: str, created_at: float, state: str = "completed", **more: object) -> None:
    values = {
        "id": ids.new("job"), "account_id": owner, "dialect": "printcart", "operation": "check",
        "params": {}, "needs": {}, "state": state, "queue": "cpu", "run_at": 0.0, "currency": "tokens", "held": 150,
        "cost": {"completed": 100, "failed": 0}.get(state), "created_at": created_at,
    }  # fmt: skip
    with database.writing() as connection:
        connection.execute(insert(tables.job).values(**values | more))


def test_jobs_are_counted_on_their_days(database: Database, owner: str) -> None:
    midnight = time.time() // DAY_S * DAY_S
    did(database, owner, midnight)
    did(database, owner, midnight - 0.001, "failed")
    did(database, owner, midnight - DAY_S, "failed")
    did(database, owner, midnight - DAY_S + 1, deleted_at=1.0)
    did(database, owner, midnight - 29 * DAY_S, "processing")
    did(database, owner, midnight - 29 * DAY_S - 0.001)
    did(database, account(database), midnight)
    days = activity.of(database, owner, 30).days
    today = dt.datetime.fromtimestamp(midnight, dt.UTC).date()
    assert [day for day, _ in days] == [today - dt.timedelta(days=29 - number) for number in range(30)]
    counts = {day: (count.jobs, count.failed, dict(count.cost)) for day, count in days if count.jobs}
    assert counts == {
        today: (1, 0, {"tokens": 100}),
        today - dt.timedelta(days=1): (3, 2, {"tokens": 100}),
        today - dt.timedelta(days=29): (1, 0, {"tokens": 150}),
    }


def test_work_is_counted_by_api_and_operation(database: Database, owner: str) -> None:
    now = time.time()
    for number in range(3):
        did(database, owner, now - number)
    did(database, owner, now - 3, "failed", operation="fix")
    did(database, owner, now - 4, dialect="removai", currency="images", cost=1)
    did(database, owner, now - 5, dialect="removai", currency="credits", cost=2)
    work = activity.of(database, owner).work
    assert list(work) == [("printcart", "check"), ("removai", "check"), ("printcart", "fix")]
    assert dict(work["removai", "check"].cost) == {"images": 1, "credits": 2}
    assert work["printcart", "fix"].failed == 1


def test_lists_and_counts_are_answered_by_the_index(database: Database, owner: str) -> None:
    if not database.is_sqlite:  # which chooses by how much is in the table; the index is the same
        return
    asked = "EXPLAIN QUERY PLAN SELECT {} FROM job WHERE account_id = 'x' AND created_at >= 1 {}"
    counted = "created_at, dialect, operation, currency, count(*), sum(state = 'failed'), sum(coalesce(cost, held))"
    with database.reading() as connection:
        for columns, rest in ((counted, "GROUP BY 1, 2, 3, 4"), ("id", "ORDER BY created_at DESC, id DESC")):
            plan = " ".join(str(row[3]) for row in connection.execute(text(asked.format(columns, rest))))
            assert "COVERING INDEX ix_job_listed" in plan
            assert "ORDER BY" not in plan


@pytest.mark.parametrize(
    ("first", "now", "runs_from", "until"),
    [
        ("2026-01-10T12:00", "2026-01-10T12:00", "2026-01-10T12:00", "2026-02-10T12:00"),
        ("2026-01-31T08:00", "2026-02-01T00:00", "2026-01-31T08:00", "2026-02-28T08:00"),
        ("2026-01-31T08:00", "2026-02-28T09:00", "2026-02-28T08:00", "2026-03-31T08:00"),
        ("2025-11-30T00:00", "2026-02-27T00:00", "2026-01-30T00:00", "2026-02-28T00:00"),
        ("2025-12-15T00:00", "2025-12-31T00:00", "2025-12-15T00:00", "2026-01-15T00:00"),
    ],
)
def test_the_next_month_begins_where_the_running_one_ends(first: str, now: str, runs_from: str, until: str) -> None:
    assert month(at(first), at(now)) == at(runs_from)
    assert next_month(at(first), at(now)) == at(until)
    assert month(at(first), at(until)) == at(until)


def test_the_month_of_an_account_runs_from_when_it_was_made(database: Database, owner: str) -> None:
    began, renews = activity.running_month(database, owner)
    assert abs(began - time.time()) < 60
    assert 28 * DAY_S <= renews - began <= 31 * DAY_S


@pytest.mark.parametrize("moment", ["1970-01-01T00:00", "2026-06-05T23:59:59.999", "2026-06-06T00:00"])
def test_a_day_has_the_same_number_in_both_databases(database: Database, moment: str) -> None:
    with database.reading() as connection:
        number = connection.execute(select(clock.day(cast(literal(at(moment)), Float)))).scalar_one()
    assert number == dt.date.fromisoformat(moment[:10]).toordinal() - dt.date(1970, 1, 1).toordinal()
