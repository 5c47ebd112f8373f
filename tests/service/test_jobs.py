from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, update

from makeready.service import tables
from makeready.service.database import Database
from makeready.service.errors import Conflict, InsufficientFunds, NotFound, QueueFull
from makeready.service.jobs import Job, Jobs
from makeready.service.queue import Claim, Queue
from makeready.service.settings import Settings
from service.jobs_helping import GRANT, Books, account


@pytest.fixture
def jobs(database: Database, tmp_path: Path) -> Jobs:
    return Jobs(database, Settings(data=tmp_path, limits_queue=5, limits_queue_account=3))


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


@pytest.fixture
def owner(database: Database) -> str:
    return account(database)


def submit(jobs: Jobs, owner: str, amount: int = 150, **given: object) -> Job:
    params = {"inputs": {}, "options": {"n": 1}}
    return jobs.submit(owner, dialect="printcart", operation="empty", params=params, amount=amount, **given)  # type: ignore[arg-type]


def claimed(queue: Queue) -> Claim:
    claim = queue.claim("worker", ["cpu"])
    assert claim is not None
    return claim


def awaiting(jobs: Jobs, queue: Queue, owner: str, **given: object) -> Job:
    job = submit(jobs, owner, kind="hold", stage="analyzing", **given)
    assert queue.settle(claimed(queue), state="awaiting_approval", result={"plan": ["add_bleed"]})
    return jobs.get(owner, job.id)


def test_a_job_is_as_it_was_submitted_and_paid_for(jobs: Jobs, owner: str, database: Database) -> None:
    job = submit(jobs, owner, webhook_url="https://example.com/hook", traceparent="00-a-b-01")
    assert jobs.get(owner, job.id) == job
    assert (job.state, job.held, job.cost, job.result) == ("pending", 150, None, None)
    assert job.params == {"inputs": {}, "options": {"n": 1}}
    assert abs(job.created_at - time.time()) < 5
    books = Books.of(database)
    assert books.balances[owner] == GRANT - 150
    assert books.ledger == {job.id: {"charge": -150}}
    with database.reading() as connection:
        taken = connection.execute(tables.ledger.select().where(tables.ledger.c.job_id == job.id)).one()
    assert job.transaction == taken.number


def test_a_free_job_leaves_no_trace_in_the_ledger(jobs: Jobs, queue: Queue, owner: str, database: Database) -> None:
    job = submit(jobs, owner, amount=0)
    assert job.transaction is None
    assert jobs.cancel(owner, job.id).state == "cancelled"
    assert Books.of(database).ledger == {}


def test_without_money_there_is_no_job(jobs: Jobs, owner: str, database: Database) -> None:
    with pytest.raises(InsufficientFunds) as refused:
        submit(jobs, owner, amount=GRANT + 50)
    assert refused.value.details["shortfall"] == 50
    assert jobs.listed(owner) == []
    assert Books.of(database).balances[owner] == GRANT


def test_what_fails_beside_takes_the_job_and_the_charge_with_it(jobs: Jobs, owner: str, database: Database) -> None:
    def fails(_connection: Connection, _job_id: str) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        submit(jobs, owner, also=fails)
    assert jobs.listed(owner) == []
    assert Books.of(database).ledger == {}


def test_others_and_deleted_jobs_are_not_there(jobs: Jobs, owner: str, database: Database) -> None:
    job, other = submit(jobs, owner), account(database)
    for call in (jobs.get, jobs.cancel, jobs.approve, jobs.reject):
        with pytest.raises(NotFound):
            call(other, job.id)
    with pytest.raises(NotFound):
        jobs.get(owner, job.id, operation="check")
    with database.writing() as connection:
        connection.execute(update(tables.job).values(deleted_at=1.0))
    with pytest.raises(NotFound):
        jobs.get(owner, job.id)
    assert jobs.listed(owner) == []


def test_a_deleted_job_lets_go_of_what_was_sent_for_it_and_of_nothing_that_is_kept_for_good(
    jobs: Jobs, owner: str, database: Database
) -> None:
    file = {"account_id": owner, "name": "a.png", "bytes": 1, "sha256": "0", "media_type": "image/png", "created_at": 1}
    with database.writing() as connection:
        for name, expires in (("sent", 9e9), ("template", None)):
            connection.execute(insert(tables.file).values(id=name, key=name, expires_at=expires, **file))
    params = {"inputs": {"image": {"file": "sent"}, "layer": {"file": "template"}}}
    job = jobs.submit(owner, dialect="photoroom", operation="empty", params=params)
    jobs.delete(owner, job.id)
    with database.reading() as connection:
        left = {row.id: row.expires_at for row in connection.execute(select(tables.file))}
    assert left["sent"] < 9e9
    assert left["template"] is None


def test_the_list_is_the_newest_first_and_goes_on_where_it_ended(jobs: Jobs, owner: str, database: Database) -> None:
    made = [submit(jobs, owner, amount=0).id for _ in range(3)]
    with database.writing() as connection:
        # At the same moment, which happens: the identifier decides then, and none is lost or shown twice.
        connection.execute(update(tables.job).values(created_at=5.0))
    made.sort(reverse=True)
    first = jobs.listed(owner, limit=2)
    rest = jobs.listed(owner, limit=2, before=(first[-1].created_at, first[-1].id))
    assert [job.id for job in first + rest] == made
    assert jobs.listed(owner, operation="check") == []


def test_a_full_queue_takes_nothing_and_says_when_to_come_back(jobs: Jobs, owner: str, database: Database) -> None:
    for _ in range(3):
        submit(jobs, owner)
    with pytest.raises(QueueFull) as mine:
        submit(jobs, owner)
    assert "of this account" in str(mine.value)
    assert mine.value.retry_after
    other = account(database)  # one account does not fill the queue for the others
    for _ in range(2):
        submit(jobs, other)
    with pytest.raises(QueueFull) as all_:
        submit(jobs, other)
    assert all_.value.details["limit"] == 5
    submit(jobs, other, queue="gpu")
    assert Books.of(database).balances[owner] == GRANT - 3 * 150


def test_cancelled_gives_everything_back_once(jobs: Jobs, owner: str, database: Database) -> None:
    job = submit(jobs, owner, webhook_url="https://example.com/hook")
    cancelled = jobs.cancel(owner, job.id)
    assert (cancelled.state, cancelled.cost) == ("cancelled", 0)
    assert cancelled.ended_at
    assert jobs.cancel(owner, job.id) == cancelled
    books = Books.of(database)
    assert books.balances[owner] == GRANT
    assert books.ledger[job.id] == {"charge": -150, "refund": 150}
    assert books.deliveries == {job.id: 1}


def test_a_webhook_says_how_it_ended(jobs: Jobs, owner: str, database: Database) -> None:
    job = submit(jobs, owner, webhook_url="https://example.com/hook")
    jobs.cancel(owner, job.id)
    with database.reading() as connection:
        sent = connection.execute(tables.delivery.select()).one()
    assert sent.url == "https://example.com/hook"
    said = json.loads(sent.body)
    assert (said["type"], said["data"]["id"], said["data"]["state"]) == ("job.cancelled", job.id, "cancelled")


def test_approved_it_waits_for_its_second_stage(jobs: Jobs, queue: Queue, owner: str) -> None:
    job = awaiting(jobs, queue, owner)
    assert (job.state, job.stage, job.result) == ("awaiting_approval", "analyzing", {"plan": ["add_bleed"]})
    approved = jobs.approve(owner, job.id)
    assert approved == jobs.get(owner, job.id)
    assert (approved.state, approved.stage) == ("pending", "applying")
    with pytest.raises(Conflict):
        jobs.approve(owner, job.id)
    with pytest.raises(Conflict):
        jobs.reject(owner, job.id)
    claim = claimed(queue)
    assert (claim.job.stage, claim.job.result, claim.attempt) == ("applying", {"plan": ["add_bleed"]}, 1)
    assert queue.settle(claim, state="completed", result={}, cost=30)
    assert jobs.get(owner, job.id).cost == 30


def test_rejected_gives_everything_back_once(jobs: Jobs, queue: Queue, owner: str, database: Database) -> None:
    job = awaiting(jobs, queue, owner)
    assert Books.of(database).balances[owner] == GRANT - 150
    rejected = jobs.reject(owner, job.id)
    assert (rejected.state, rejected.cost) == ("rejected", 0)
    assert jobs.reject(owner, job.id) == rejected
    for call in (jobs.approve, jobs.cancel):
        with pytest.raises(Conflict):
            call(owner, job.id)
    assert Books.of(database).ledger[job.id] == {"hold": -150, "refund": 150}


@pytest.mark.parametrize("state", ["pending", "processing", "completed"])
def test_only_what_awaits_approval_is_approved_or_rejected(
    jobs: Jobs, queue: Queue, owner: str, database: Database, state: str
) -> None:
    job = submit(jobs, owner)
    if state != "pending":
        claim = claimed(queue)
    if state == "completed":
        queue.settle(claim, state="completed", result={})
    for call in (jobs.approve, jobs.reject):
        with pytest.raises(Conflict) as refused:
            call(owner, job.id)
        assert refused.value.details["state"] == state
    assert Books.of(database).ledger[job.id] == {"charge": -150}


def test_a_completed_job_cannot_be_cancelled(jobs: Jobs, queue: Queue, owner: str, database: Database) -> None:
    job = submit(jobs, owner)
    queue.settle(claimed(queue), state="completed", result={})
    with pytest.raises(Conflict):
        jobs.cancel(owner, job.id)
    assert Books.of(database).balances[owner] == GRANT - 150


def test_who_waits_gets_the_job_when_it_ended_or_as_it_is(jobs: Jobs, queue: Queue, owner: str) -> None:
    job = submit(jobs, owner)
    started = time.monotonic()
    assert jobs.wait(owner, job.id, 0.2).state == "pending"
    assert 0.2 <= time.monotonic() - started < 2
    timer = threading.Timer(0.2, lambda: queue.settle(claimed(queue), state="completed", result={"n": 1}))
    timer.start()
    started = time.monotonic()
    assert jobs.wait(owner, job.id, 20).result == {"n": 1}
    assert time.monotonic() - started < 5
    timer.join()


def test_who_waits_hears_of_an_approval_that_is_needed(jobs: Jobs, queue: Queue, owner: str) -> None:
    job = awaiting(jobs, queue, owner)
    assert jobs.wait(owner, job.id, 20).state == "awaiting_approval"


def test_counts_and_the_oldest(jobs: Jobs, queue: Queue, owner: str, database: Database) -> None:
    assert jobs.counts() == {}
    assert jobs.oldest() == {}
    for _ in range(2):
        submit(jobs, owner)
    submit(jobs, owner, queue="gpu")
    claimed(queue)
    with database.writing() as connection:
        connection.execute(
            update(tables.job).where(tables.job.c.state == "pending").values(run_at=tables.job.c.run_at - 60)
        )
    assert jobs.counts() == {("cpu", "pending"): 1, ("cpu", "processing"): 1, ("gpu", "pending"): 1}
    assert jobs.oldest() == {"cpu": pytest.approx(60, abs=5), "gpu": pytest.approx(60, abs=5)}


def _at_once(*calls: Callable[[], object]) -> list[object]:
    """What several calls return or raise that begin at the same moment."""
    ready = threading.Barrier(len(calls))

    def one(call: Callable[[], object]) -> object:
        ready.wait()
        try:
            return call()
        except Conflict as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def test_cancelling_while_a_worker_settles_ends_it_in_one_way(
    jobs: Jobs, queue: Queue, owner: str, database: Database
) -> None:
    seen = Counter[str]()
    for _ in range(15):
        job = submit(jobs, owner, amount=10, webhook_url="https://example.com/hook")
        claim = claimed(queue)
        settled, cancelled = _at_once(
            lambda c=claim: queue.settle(c, state="completed", result={}), lambda j=job: jobs.cancel(owner, j.id)
        )
        ended = jobs.get(owner, job.id)
        books = Books.of(database)
        assert settled is (ended.state == "completed")
        assert isinstance(cancelled, Conflict) is (ended.state == "completed")
        refund = {"refund": 10} if ended.state == "cancelled" else {}
        assert books.ledger[job.id] == {"charge": -10, **refund}
        assert books.deliveries[job.id] == 1
        books.balanced()
        seen[ended.state] += 1
    assert sum(seen.values()) == 15


def test_rejecting_while_a_worker_settles_or_somebody_approves_ends_it_in_one_way(
    jobs: Jobs, queue: Queue, owner: str, database: Database
) -> None:
    for _ in range(15):
        job = submit(jobs, owner, amount=10, kind="hold", stage="analyzing")
        claim = claimed(queue)
        settled, rejected, approved = _at_once(
            lambda c=claim: queue.settle(c, state="awaiting_approval", result={}),
            lambda j=job: jobs.reject(owner, j.id),
            lambda j=job: jobs.approve(owner, j.id),
        )
        assert settled is True
        after = jobs.get(owner, job.id)
        refund = {"refund": 10} if after.state == "rejected" else {}
        assert Books.of(database).ledger[job.id] == {"hold": -10, **refund}
        assert isinstance(rejected, Conflict) is (after.state != "rejected")
        assert isinstance(approved, Conflict) is (after.state != "pending")
        if not after.ended:
            jobs.cancel(owner, job.id)
    books = Books.of(database)
    books.balanced()
    assert books.balances[owner] == GRANT


def test_many_cancels_and_rejects_at_once_give_back_once(
    jobs: Jobs, queue: Queue, owner: str, database: Database
) -> None:
    job = awaiting(jobs, queue, owner, webhook_url="https://example.com/hook")
    _at_once(*[lambda: jobs.cancel(owner, job.id), lambda: jobs.reject(owner, job.id)] * 4)
    books = Books.of(database)
    assert books.ledger[job.id] == {"hold": -150, "refund": 150}
    assert books.deliveries == {job.id: 1}
    books.balanced()


def test_many_submit_at_once_and_no_wallet_is_overdrawn(database: Database, tmp_path: Path) -> None:
    owner, jobs = account(database, grant=100), Jobs(database, Settings(data=tmp_path))

    def one(_: int) -> bool:
        try:
            submit(jobs, owner, amount=15)
        except InsufficientFunds:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(16))) == 6
    books = Books.of(database)
    assert books.balances[owner] == 10
    books.balanced()


@pytest.mark.parametrize("left", ["awaiting_approval", "pending"])
def test_what_nobody_approved_or_took_ends_with_everything_given_back(
    jobs: Jobs, queue: Queue, owner: str, database: Database, left: str
) -> None:
    hook = {"webhook_url": "https://example.com/hook"}
    waits = awaiting(jobs, queue, owner, **hook) if left == "awaiting_approval" else submit(jobs, owner, **hook)
    approved = awaiting(jobs, queue, owner) if left == "awaiting_approval" else None
    with database.writing() as connection:
        connection.execute(update(tables.job).values(run_at=tables.job.c.run_at - 100))
    if approved is not None:
        jobs.approve(owner, approved.id)
    assert jobs.expire(200) == 0
    assert jobs.expire(50) == 1
    assert jobs.expire(50) == 0
    job = jobs.get(owner, waits.id)
    assert (job.state, job.error_code, job.cost) == ("cancelled", "EXPIRED", 0)
    assert "in time" in str(job.error_message)
    books = Books.of(database)
    assert books.ledger[job.id]["refund"] == 150
    assert books.deliveries == {job.id: 1}
    with pytest.raises(Conflict):
        jobs.approve(owner, job.id)


def test_expired_and_approved_at_once_it_is_one_of_them(
    jobs: Jobs, queue: Queue, owner: str, database: Database
) -> None:
    for _ in range(5):
        job = awaiting(jobs, queue, owner)
        with database.writing() as connection:
            connection.execute(update(tables.job).values(run_at=0.0))
        with ThreadPoolExecutor(2) as pool:
            expired = pool.submit(jobs.expire, 50)
            approved = pool.submit(jobs.approve, owner, job.id)
            won = (expired.result(), approved.exception() is None)
        assert won in {(1, False), (0, True)}
        if won[0] == 0:
            jobs.cancel(owner, job.id)
    assert Books.of(database).balances[owner] == GRANT
