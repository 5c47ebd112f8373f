from __future__ import annotations

import asyncio
import datetime as dt
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import func, insert, select, update

from makeready.service import clock, ids, janitor, tables, wallet
from makeready.service import store as store_module
from makeready.service.core import Service
from makeready.service.database import Database
from makeready.service.errors import Conflict, Unavailable
from makeready.service.files import DAY, GRACE_S, File, Files
from makeready.service.janitor import HOPELESS_S, Janitor, month
from makeready.service.jobs import Jobs
from makeready.service.plans import Plans
from makeready.service.queue import Queue
from makeready.service.reports import Reports
from makeready.service.settings import Settings
from makeready.service.store import Store, open_store
from service import jobs_helping
from service.s3 import S3

PLANS = {
    "plans": {
        "free": {
            "title": "Free", "rate": "60/minute", "batch_size": 0,
            "allowances": {"tokens": 1000, "credits": 3, "images": "unlimited"},
        },
    },
    "prices": {},
}  # fmt: skip


class House:
    """What a janitor looks after, and ways to make it old."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings
        self.store: Store = open_store(settings)
        self.files = Files(database, self.store, settings, "a secret of the tests, long enough")
        self.reports = Reports(database)
        self.plans = Plans(PLANS)
        self.account = jobs_helping.account(database, 0)
        self.janitor = self.another()

    def another(self) -> Janitor:
        """A janitor, as in a process of its own."""
        service = SimpleNamespace(
            database=self.database, store=self.store, files=self.files, plans=self.plans, settings=self.settings,
            jobs=Jobs(self.database, self.settings), queue=Queue(self.database),
        )  # fmt: skip
        return Janitor(cast("Service", service))

    def kept(self, **more: Any) -> File:
        """The bytes of a file, without a row."""
        path = self.settings.data / "made"
        path.write_bytes(os.urandom(100))
        return self.files.keep(
            path, **{"account_id": self.account, "name": "a b.png", "media_type": "image/png", **more}
        )

    def file(self, **more: Any) -> File:
        """A file that is there."""
        file = self.kept(**more)
        with self.database.writing() as connection:
            self.files.add(connection, file)
        return file

    def job(self, state: str, params: dict[str, Any], result: dict[str, Any] | None = None) -> None:
        with self.database.writing() as connection:
            connection.execute(
                insert(tables.job).values(
                    id=ids.new("job"), account_id=self.account, dialect="printcart", operation="fix", params=params,
                    state=state, queue="cpu", run_at=clock.now(), currency="tokens", result=result,
                    created_at=clock.now(),
                )
            )  # fmt: skip

    def report(self, file: File | None = None, page: File | None = None) -> str:
        with self.database.writing() as connection:
            return self.reports.add(
                connection, account_id=self.account, document={}, request={},
                file_id=file.id if file else None, page_id=page.id if page else None,
            )  # fmt: skip

    def objects(self) -> set[str]:
        return {one.key for page in self.store.listed() for one in page}

    def rows(self) -> set[str]:
        with self.database.reading() as connection:
            return set(connection.execute(select(tables.file.c.id)).scalars())

    def age(self, table: Any, column: str, id: str, seconds: float) -> None:
        with self.database.writing() as connection:
            connection.execute(update(table).where(table.c.id == id).values({column: table.c[column] - seconds}))


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    (tmp_path / "data").mkdir()
    return House(database, Settings(data=tmp_path / "data"))


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """This machine's clock goes on; objects stay as old as they are."""
    now = time.time
    clocked = SimpleNamespace(time=lambda: now() + seconds, monotonic=time.monotonic)
    monkeypatch.setattr(janitor, "time", clocked)
    monkeypatch.setattr(store_module, "time", clocked)


def together(what: Callable[[Janitor], int], house: House, number: int = 6) -> list[int]:
    """What several janitors do at the same moment."""
    janitors = [house.another() for _ in range(number)]
    start = threading.Barrier(number)

    def go(one: Janitor) -> int:
        start.wait(30)
        return what(one)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(go, janitors))


# Files whose time is over


def test_a_file_goes_when_its_time_is_over_and_not_before(house: House) -> None:
    old, new, kept = house.file(), house.file(), house.file(seconds=None)
    house.age(tables.file, "expires_at", old.id, DAY)
    assert house.janitor.expired() == 1
    assert house.rows() == {new.id, kept.id}
    assert house.objects() == {new.key, kept.key}
    assert house.janitor.expired() == 0


def test_a_file_that_a_job_needs_stays_until_the_job_has_ended(house: House) -> None:
    begun, made, over, free = (house.file(seconds=-1) for _ in range(4))
    house.job("pending", {"inputs": {"image": {"file": begun.id}}})
    house.job("awaiting_approval", {}, {"files": {"preview": made.id}})
    house.job("completed", {"inputs": {"image": {"file": over.id}}}, {"files": {"image": free.id}})
    assert house.janitor.expired() == 2
    assert house.rows() == {begun.id, made.id}
    with house.database.writing() as connection:
        connection.execute(update(tables.job).values(state="cancelled"))
    assert house.janitor.expired() == 2
    assert house.objects() == set()


def test_a_job_that_nobody_approves_ends_after_retention(house: House) -> None:
    house.job("awaiting_approval", {}, {})
    assert house.janitor.forgotten() == 0
    with house.database.writing() as connection:
        days = house.settings.retention_days + 1
        connection.execute(update(tables.job).values(run_at=clock.now() - days * DAY))
    house.another().turn()
    with house.database.reading() as connection:
        assert connection.execute(select(tables.job.c.state, tables.job.c.error_code)).one() == ("cancelled", "EXPIRED")


def test_a_job_that_no_worker_can_do_any_more_ends_after_an_hour(house: House) -> None:
    house.job("pending", {})
    with house.database.writing() as connection:
        connection.execute(update(tables.job).values(needs={"refine": True}, run_at=clock.now() - 2 * HOPELESS_S))
        connection.execute(
            insert(tables.worker).values(
                id="bare", host="here", pid=1, queues=["cpu"], slots=1, lacks={"refine": "Install it."},
                started_at=0.0, seen_at=clock.now(),
            )
        )  # fmt: skip
    house.janitor.turn()
    with house.database.reading() as connection:
        ended = connection.execute(select(tables.job.c.state, tables.job.c.error_code)).one()
    assert ended == ("cancelled", "MODEL_NOT_INSTALLED")


def test_many_files_go_in_one_turn_past_those_that_are_needed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(janitor, "_AT_ONCE", 3)
    needed = [house.file(seconds=-10).id for _ in range(4)]
    house.job("processing", {"inputs": {str(n): {"file": one} for n, one in enumerate(needed)}})
    for _ in range(8):
        house.file(seconds=-1)
    assert house.janitor.expired() == 8
    assert house.rows() == set(needed)


def test_several_janitors_delete_each_file_once(house: House) -> None:
    for _ in range(12):
        house.file(seconds=-1)
    keep = house.file()
    assert sum(together(Janitor.expired, house)) == 12
    assert house.objects() == {keep.key}


# Objects without a row


@pytest.fixture(params=["folder", "s3"])
def swept(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> House:
    """A house over each kind of store."""
    (tmp_path / "data").mkdir()
    settings = Settings(data=tmp_path / "data")
    if request.param == "s3":
        s3: S3 = request.getfixturevalue("s3")
        settings = Settings(data=tmp_path / "data", storage_url=f"s3://{s3.bucket}/p", storage_options=s3.options)
    return House(database, settings)


def test_what_an_attempt_left_is_swept_after_the_grace_and_what_has_a_row_never(
    swept: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = swept.kept(job_id=ids.new("job"), token=ids.new())
    upload = swept.kept(name="日本語.png")
    settled = swept.file(job_id=ids.new("job"), token=ids.new(), seconds=None)
    assert swept.janitor.orphans() == 0
    later(monkeypatch, GRACE_S - 60)
    assert swept.janitor.orphans() == 0
    assert swept.objects() == {left.key, upload.key, settled.key}
    later(monkeypatch, GRACE_S + 60)
    assert swept.janitor.orphans() == 2
    assert swept.objects() == {settled.key}
    later(monkeypatch, 1000 * DAY)
    assert swept.janitor.orphans() == 0
    assert swept.objects() == {settled.key}


def test_no_row_comes_for_what_may_be_swept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was stopped for hours between the bytes and the row finds that it is too late."""
    file = house.kept()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + GRACE_S / 2 + 60)
    with pytest.raises(Conflict), house.database.writing() as connection:
        house.files.add(connection, file)
    assert house.janitor.orphans() == 0, "and until long after that, nothing is swept"


def test_what_is_not_ours_is_not_touched(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket may have other things in it, and another service's files."""
    path = house.settings.data / "made"
    path.write_bytes(b"theirs")
    theirs = [
        "backup.tar", "photos/2026/11/holiday.png", f"{house.account}/notes.txt",
        f"{house.account}/-/-/file_short-a.png",
        f"account_ofanotherservice/-/-/{ids.new('file')}-a.png",
        f"elsewhere/{house.account}/-/-/{ids.new('file')}-a.png",
    ]  # fmt: skip
    for key in theirs:
        house.store.put(path, key)
    later(monkeypatch, 1000 * DAY)
    assert house.janitor.orphans() == 0
    assert house.objects() == set(theirs)


def test_several_janitors_may_sweep_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(8):
        house.kept()
    settled = house.file()
    later(monkeypatch, GRACE_S + 60)
    together(Janitor.orphans, house)
    assert house.objects() == {settled.key}


def test_half_written_uploads_of_killed_processes_go(house: House) -> None:
    async def some() -> Any:
        yield b"x"

    old = asyncio.run(house.files.receive(some(), 10))
    os.utime(old, (time.time() - 2 * DAY,) * 2)
    half = house.settings.data / "files" / house.account / "half.png#1"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    os.utime(half, (time.time() - 2 * DAY,) * 2)
    assert house.janitor.uploads() == 2
    assert not old.exists()
    assert not half.exists()


# Reports


def test_a_deleted_report_goes_with_its_files(house: House) -> None:
    source, page, other = house.file(seconds=None), house.file(seconds=None), house.file(seconds=None)
    gone, stays = house.report(source, page), house.report(other)
    assert house.janitor.reports() == 0
    house.reports.delete(house.account, gone)
    assert house.janitor.reports() == 1
    assert house.rows() == {other.id}
    assert house.objects() == {other.key}
    assert [one.id for one in house.reports.listed(house.account)] == [stays]


def test_a_report_goes_when_retention_is_over(house: House) -> None:
    old, new = house.report(house.file(seconds=None)), house.report()
    house.age(tables.report, "created_at", old, 31 * DAY)
    house.age(tables.report, "created_at", new, 29 * DAY)
    assert house.janitor.reports() == 1
    assert [one.id for one in house.reports.listed(house.account)] == [new]
    assert house.objects() == set()


def test_the_file_of_two_reports_stays_for_the_second(house: House) -> None:
    source = house.file(seconds=None)
    first, second = house.report(source), house.report(source)
    house.reports.delete(house.account, first)
    assert house.janitor.reports() == 1
    assert house.rows() == {source.id}
    house.reports.delete(house.account, second)
    assert house.janitor.reports() == 1
    assert house.rows() == set()


def test_the_file_of_a_deleted_report_stays_for_the_job_that_works_on_it(house: House) -> None:
    source = house.file()
    house.job("processing", {"inputs": {"image": {"file": source.id}}})
    house.reports.delete(house.account, house.report(source))
    assert house.janitor.reports() == 1
    assert house.rows() == {source.id}


def test_several_janitors_remove_each_report_once(house: House) -> None:
    for _ in range(10):
        house.reports.delete(house.account, house.report(house.file()))
    assert sum(together(Janitor.reports, house)) == 10
    assert house.objects() == set()


# Rows


def test_answers_to_keys_are_kept_for_a_day(house: House) -> None:
    keys = tables.idempotency_key
    with house.database.writing() as connection:
        for key, age in (("old", DAY + 60), ("new", DAY - 60)):
            connection.execute(
                insert(keys).values(
                    account_id=house.account, dialect="printcart", key=key, request="", created_at=clock.now() - age
                )
            )
    assert house.janitor.idempotency_keys() == 1
    with house.database.reading() as connection:
        assert connection.execute(select(keys.c.key)).scalars().all() == ["new"]


def test_workers_that_were_not_seen_are_forgotten(house: House) -> None:
    workers = tables.worker
    with house.database.writing() as connection:
        for name, age in (("dead", 4000), ("alive", 60)):
            connection.execute(
                insert(workers).values(
                    id=name, host="here", pid=1, queues=["cpu"], slots=1, started_at=clock.now() - 9999,
                    seen_at=clock.now() - age,
                )
            )  # fmt: skip
    assert house.janitor.workers() == 1
    with house.database.reading() as connection:
        assert connection.execute(select(workers.c.id)).scalars().all() == ["alive"]


# Allowances


def books(house: House) -> tuple[dict[str, int], list[tuple[str, str, int]]]:
    """Balances, and the entries of the ledger, the oldest first."""
    with house.database.reading() as connection:
        entries = wallet.entries(connection, house.account)[::-1]
        return wallet.balances(connection, house.account), [(one.kind, one.currency, one.amount) for one in entries]


def cycle(house: House) -> float:
    with house.database.reading() as connection:
        return float(connection.execute(select(tables.account.c.cycle_started_at)).scalar_one())


def test_the_allowance_comes_with_the_month_once(house: House) -> None:
    house.age(tables.account, "cycle_started_at", house.account, 32 * DAY)
    before = cycle(house)
    assert house.janitor.allowances() == 1
    assert books(house) == (
        {"tokens": 1000, "credits": 3, "images": 0},
        [("reset", "tokens", 1000), ("reset", "credits", 3)],
    )
    assert 28 <= round((cycle(house) - before) / DAY, 6) <= 31
    assert house.janitor.allowances() == 0
    assert len(books(house)[1]) == 2


def test_what_was_bought_is_kept_and_what_was_spent_comes_back(house: House) -> None:
    with house.database.writing() as connection:
        wallet.give(connection, house.account, "tokens", 700, kind="grant")
        wallet.give(connection, house.account, "credits", 50, kind="grant")
    house.age(tables.account, "cycle_started_at", house.account, 32 * DAY)
    assert house.janitor.allowances() == 1
    assert books(house)[0] == {"tokens": 1000, "credits": 50, "images": 0}


def test_several_janitors_at_the_same_moment_give_one_allowance(house: House) -> None:
    others = [jobs_helping.account(house.database, 0) for _ in range(5)]
    with house.database.writing() as connection:
        connection.execute(update(tables.account).values(cycle_started_at=tables.account.c.cycle_started_at - 32 * DAY))
    assert sum(together(Janitor.allowances, house)) == 6
    with house.database.reading() as connection:
        resets = connection.execute(
            select(tables.ledger.c.account_id, func.count(), func.sum(tables.ledger.c.amount))
            .where(tables.ledger.c.kind == "reset", tables.ledger.c.currency == "tokens")
            .group_by(tables.ledger.c.account_id)
        ).all()
    assert {row[0]: (row[1], row[2]) for row in resets} == dict.fromkeys([house.account, *others], (1, 1000))


def test_an_allowance_is_not_lost_where_the_janitor_fails_half_way(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.age(tables.account, "cycle_started_at", house.account, 32 * DAY)
    before = cycle(house)

    def failing(*_: Any, **__: Any) -> int:
        raise OSError("the power went out")

    with monkeypatch.context() as broken:
        broken.setattr(wallet, "refill", failing)
        with pytest.raises(OSError, match="power"):
            house.janitor.allowances()
    assert cycle(house) == before
    assert house.janitor.allowances() == 1


def test_months_without_a_worker_are_not_made_up_for(house: House) -> None:
    house.age(tables.account, "cycle_started_at", house.account, 200 * DAY)
    assert house.janitor.allowances() == 1
    assert books(house)[0]["tokens"] == 1000
    assert time.time() - cycle(house) < 32 * DAY
    assert house.janitor.allowances() == 0


def test_before_the_month_is_over_nothing_comes(house: House) -> None:
    house.age(tables.account, "cycle_started_at", house.account, 27.9 * DAY)
    assert house.janitor.allowances() == 0


def test_a_suspended_account_has_no_allowance_until_it_is_active_again(house: House) -> None:
    house.age(tables.account, "cycle_started_at", house.account, 32 * DAY)
    with house.database.writing() as connection:
        connection.execute(update(tables.account).values(status="suspended"))
    assert house.janitor.allowances() == 0
    with house.database.writing() as connection:
        connection.execute(update(tables.account).values(status="active"))
    assert house.janitor.allowances() == 1


def test_an_account_whose_plan_is_gone_keeps_nobody_from_theirs(house: House) -> None:
    other = jobs_helping.account(house.database, 0)
    with house.database.writing() as connection:
        connection.execute(update(tables.account).values(cycle_started_at=tables.account.c.cycle_started_at - 32 * DAY))
        connection.execute(
            update(tables.account)
            .where(tables.account.c.id == other)
            .values(plan="discontinued", cycle_started_at=clock.now() - 60 * DAY)
        )
    assert house.janitor.allowances() == 1
    assert books(house)[0]["tokens"] == 1000


@pytest.mark.parametrize(
    ("first", "now", "begins"),
    [
        ("2026-01-15T10:30:00", "2026-02-15T10:29:59", "2026-01-15T10:30:00"),
        ("2026-01-15T10:30:00", "2026-02-15T10:30:00", "2026-02-15T10:30:00"),
        ("2026-01-15T10:30:00", "2026-12-31T00:00:00", "2026-12-15T10:30:00"),
        ("2026-12-20T00:00:00", "2027-01-05T00:00:00", "2026-12-20T00:00:00"),
        ("2026-12-20T00:00:00", "2027-01-20T00:00:00", "2027-01-20T00:00:00"),
        ("2026-01-31T08:00:00", "2026-02-28T07:59:59", "2026-01-31T08:00:00"),
        ("2026-01-31T08:00:00", "2026-02-28T08:00:00", "2026-02-28T08:00:00"),
        ("2028-01-30T08:00:00", "2028-02-29T08:00:00", "2028-02-29T08:00:00"),
        ("2026-10-31T08:00:00", "2026-11-30T09:00:00", "2026-11-30T08:00:00"),
    ],
)
def test_a_month_begins_on_the_same_day(first: str, now: str, begins: str) -> None:
    def seconds(text: str) -> float:
        return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()

    assert month(seconds(first), seconds(now)) == seconds(begins)


# Turns


def test_a_turn_does_what_is_due_and_then_rests(house: House) -> None:
    gone = house.file(seconds=-1)
    house.age(tables.account, "cycle_started_at", house.account, 32 * DAY)
    assert not house.janitor.turn()
    assert gone.id not in house.rows()
    assert books(house)[0]["tokens"] == 1000
    house.file(seconds=-1)
    assert not house.janitor.turn()
    assert len(house.rows()) == 1, "its minute is not over"


def test_a_store_that_is_down_keeps_nothing_else_from_being_done(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.file(seconds=-1)
    house.age(tables.account, "cycle_started_at", house.account, 32 * DAY)
    workers = tables.worker
    with house.database.writing() as connection:
        connection.execute(
            insert(workers).values(id="dead", host="here", pid=1, queues=["cpu"], slots=1, started_at=0.0, seen_at=0.0)
        )

    def down(_store: Store, _key: str) -> None:
        raise Unavailable("The store does not answer.")

    with monkeypatch.context() as broken:
        broken.setattr(Store, "delete", down)
        house.janitor.turn()
    assert books(house)[0]["tokens"] == 1000
    with house.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(workers)).scalar() == 0
    assert house.rows() == set(), "nobody is shown it any more"
    later(monkeypatch, GRACE_S + 60)
    assert house.janitor.orphans() == 1, "and its bytes go with the sweep"
    assert house.objects() == set()


def test_what_did_not_fit_into_a_turn_is_done_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(janitor, "_AT_ONCE", 4)
    for _ in range(6):
        house.reports.delete(house.account, house.report())
    assert house.janitor.turn()
    assert not house.janitor.turn()
    with house.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(tables.report)).scalar() == 0
