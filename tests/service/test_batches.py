"""Batches: all of their jobs are paid for, or none; what is deleted gives back what it took, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from makeready.service.batches import Batches
from makeready.service.database import Database
from makeready.service.errors import Conflict, InsufficientFunds, NotFound, QueueFull
from makeready.service.jobs import Job, Jobs, Order, in_batches
from makeready.service.queue import Queue
from makeready.service.settings import Settings
from service.jobs_helping import GRANT, Books, account

NAME = "print-ready"
ORDER = Order("empty", {}, amount=150)


@pytest.fixture
def jobs(database: Database, tmp_path: Path) -> Jobs:
    return Jobs(database, Settings(data=tmp_path, limits_queue=20, limits_queue_account=10))


@pytest.fixture
def batches(database: Database, jobs: Jobs) -> Batches:
    return Batches(database, jobs)


@pytest.fixture
def owner(database: Database) -> str:
    return account(database)


def test_all_jobs_are_paid_for_and_shown_in_their_order(batches: Batches, owner: str, database: Database) -> None:
    orders = [replace(ORDER, params={"place": place}, amount=place) for place in range(1, 10)]
    batch, made = batches.submit(owner, orders, dialect=NAME, details={"name": "nine"})
    assert (batch.details, batch.dialect) == ({"name": "nine"}, NAME)
    assert batches.get(owner, batch.id, dialect=NAME) == batch
    assert [job.params["place"] for job in made] == list(range(1, 10))
    assert batches.jobs([batch]) == {batch.id: made}
    assert {job.dialect for job in made} == {NAME}
    books = Books.of(database)
    assert books.balances[owner] == GRANT - 45
    books.balanced()


def test_a_wallet_with_too_little_pays_for_none_and_says_what_all_cost(
    batches: Batches, owner: str, database: Database
) -> None:
    with pytest.raises(InsufficientFunds) as refused:
        batches.submit(owner, [ORDER] * 7, dialect=NAME, details={})
    assert refused.value.details == {"currency": "tokens", "balance": 1000, "needed": 1050, "shortfall": 50}
    books = Books.of(database)
    assert (books.jobs, books.balances[owner]) == ({}, GRANT)
    assert batches.listed(owner, dialect=NAME) == ([], 0)


def test_a_queue_without_room_for_all_takes_none(batches: Batches, owner: str, database: Database) -> None:
    with pytest.raises(QueueFull):
        batches.submit(owner, [replace(ORDER, amount=1)] * 11, dialect=NAME, details={})
    assert Books.of(database).jobs == {}


def test_the_same_request_makes_one_batch_however_often_it_is_at_it(
    batches: Batches, owner: str, database: Database
) -> None:
    def submit(_turn: int) -> str:
        return batches.submit(owner, [ORDER] * 2, dialect=NAME, details={}, batch_id="batch_once")[0].id

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(submit, range(4))) == {"batch_once"}
    books = Books.of(database)
    assert (len(books.jobs), books.balances[owner]) == (2, GRANT - 300)


def test_what_was_deleted_is_not_made_again_by_a_repeat(batches: Batches, owner: str, database: Database) -> None:
    batches.submit(owner, [ORDER], dialect=NAME, details={}, batch_id="batch_once")
    batches.delete(owner, "batch_once", dialect=NAME)
    with pytest.raises(Conflict, match="deleted"):
        batches.submit(owner, [ORDER], dialect=NAME, details={}, batch_id="batch_once")
    books = Books.of(database)
    assert (len(books.jobs), books.balances[owner]) == (1, GRANT)


def test_the_newest_come_first_and_each_account_and_api_sees_its_own(
    batches: Batches, owner: str, database: Database
) -> None:
    made = [batches.submit(owner, [replace(ORDER, amount=0)], dialect=NAME, details={})[0] for _ in range(3)]
    other = batches.submit(account(database), [replace(ORDER, amount=0)], dialect=NAME, details={})[0]
    found, count = batches.listed(owner, dialect=NAME, limit=2)
    assert ([batch.id for batch in found], count) == ([made[2].id, made[1].id], 3)
    found, count = batches.listed(owner, dialect=NAME, limit=2, skip=2)
    assert ([batch.id for batch in found], count) == ([made[0].id], 3)
    assert batches.listed(owner, dialect="removai") == ([], 0)
    for batch_id, dialect in ((other.id, NAME), (made[0].id, "removai"), ("batch_none", NAME)):
        with pytest.raises(NotFound):
            batches.get(owner, batch_id, dialect=dialect)
        with pytest.raises(NotFound):
            batches.delete(owner, batch_id, dialect=dialect)


def test_deleting_gives_back_what_has_not_ended_and_keeps_what_was_earned(
    batches: Batches, jobs: Jobs, owner: str, database: Database
) -> None:
    queue = Queue(database)
    batch, made = batches.submit(owner, [ORDER] * 3, dialect=NAME, details={})
    done = queue.claim("worker", ["cpu"])
    assert done is not None
    assert queue.settle(done, state="completed", result={})
    running = queue.claim("worker", ["cpu"])
    assert running is not None
    batches.delete(owner, batch.id, dialect=NAME)
    assert not queue.settle(running, state="completed", result={})
    books = Books.of(database)
    assert books.balances[owner] == GRANT - 150
    assert sorted(row.state for row in books.jobs.values()) == ["cancelled", "cancelled", "completed"]
    books.balanced()
    with pytest.raises(NotFound):
        batches.get(owner, batch.id, dialect=NAME)
    for job in made:
        with pytest.raises(NotFound):
            jobs.get(owner, job.id)


def test_who_is_told_of_a_batch_that_is_deleted_is_told_of_all_its_jobs(
    database: Database, owner: str, tmp_path: Path
) -> None:
    told = list[list[Job]]()

    def announce(connection: Connection, job: Job) -> str:
        told.append(in_batches(connection, [str(job.batch_id)])[str(job.batch_id)])
        return "{}"

    batches = Batches(database, Jobs(database, Settings(data=tmp_path), announce=announce))
    batch, made = batches.submit(owner, [ORDER] * 3, dialect=NAME, details={"webhook_url": "https://example.com/"})
    batches.delete(owner, batch.id, dialect=NAME)
    assert [[(job.id, job.state) for job in jobs] for jobs in told] == [[(job.id, "cancelled") for job in made]]


def test_deleting_at_the_same_time_refunds_once(batches: Batches, owner: str, database: Database) -> None:
    batch, _ = batches.submit(owner, [ORDER] * 4, dialect=NAME, details={})

    def delete(_turn: int) -> bool:
        try:
            batches.delete(owner, batch.id, dialect=NAME)
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert any(pool.map(delete, range(4)))
    books = Books.of(database)
    assert books.balances[owner] == GRANT
    books.balanced()


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (["pending", "pending"], "pending"),
        (["pending", "completed"], "processing"),
        (["processing", "failed"], "processing"),
        (["completed", "failed"], "completed"),
        (["failed", "cancelled"], "failed"),
        (["cancelled", "cancelled"], "cancelled"),
    ],
)
def test_the_state_of_a_batch_is_that_of_its_jobs(batches: Batches, owner: str, states: list[str], told: str) -> None:
    _, made = batches.submit(owner, [replace(ORDER, amount=0)] * len(states), dialect=NAME, details={})
    assert batches.state([replace(job, state=state) for job, state in zip(made, states, strict=True)]) == told
