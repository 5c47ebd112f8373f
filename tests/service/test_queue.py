from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, event, insert, update
from sqlalchemy.exc import SQLAlchemyError

from makeready.service import clock, tables, wallet
from makeready.service.database import Database
from makeready.service.jobs import Job, Jobs
from makeready.service.queue import Claim, Queue
from makeready.service.settings import Settings
from service.jobs_helping import GRANT, Books, account

#: Short enough to wait for, long enough for a slow machine to renew.
LEASE = 0.4


@pytest.fixture
def jobs(database: Database, tmp_path: Path) -> Jobs:
    return Jobs(database, Settings(data=tmp_path))


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database, lease=LEASE, backoff=0.0)


@pytest.fixture
def owner(database: Database) -> str:
    return account(database)


def submit(jobs: Jobs, owner: str, amount: int = 100, **given: object) -> Job:
    return jobs.submit(owner, dialect="printcart", operation="empty", params={}, amount=amount, **given)  # type: ignore[arg-type]


def claimed(queue: Queue, *queues: str) -> Claim:
    claim = queue.claim("worker", queues or ("cpu",))
    assert claim is not None
    return claim


def test_the_lowest_priority_first_and_of_those_the_oldest(jobs: Jobs, queue: Queue, owner: str) -> None:
    late = submit(jobs, owner, priority=5)
    first = submit(jobs, owner)
    second = submit(jobs, owner, queue="gpu")
    urgent = submit(jobs, owner, priority=-1, queue="gpu")
    third = submit(jobs, owner)
    order = [claimed(queue, "cpu", "gpu").job.id for _ in range(5)]
    assert order == [urgent.id, first.id, second.id, third.id, late.id]
    assert queue.claim("worker", ["cpu", "gpu"]) is None


def test_a_worker_takes_from_its_own_queues_only(jobs: Jobs, queue: Queue, owner: str) -> None:
    submit(jobs, owner, queue="gpu")
    assert queue.claim("worker", ["cpu"]) is None
    assert claimed(queue, "gpu").job.state == "processing"


def has_worker(database: Database, name: str, lacks: tuple[str, ...] = (), queues: tuple[str, ...] = ("cpu",)) -> None:
    """Say that a worker is there, and what it lacks."""
    with database.writing() as connection:
        connection.execute(delete(tables.worker).where(tables.worker.c.id == name))
        connection.execute(
            insert(tables.worker).values(
                id=name, host="here", pid=1, queues=list(queues), slots=1, started_at=clock.now(), seen_at=clock.now(),
                lacks={need: f"Install {need}." for need in lacks},
            )
        )  # fmt: skip


def cut_out(jobs: Jobs, owner: str, **options: object) -> Job:
    """A job that calls for a model."""
    return jobs.submit(
        owner, dialect="pictures", operation="remove_background", params={"options": options}, amount=100
    )


def test_a_worker_leaves_jobs_to_others_that_it_lacks_something_for(
    jobs: Jobs, queue: Queue, owner: str, database: Database
) -> None:
    has_worker(database, "bare", ("segment:isnet", "segment:u2netp", "refine"))
    has_worker(database, "simple", ("refine",))
    has_worker(database, "whole")
    fine = cut_out(jobs, owner, quality="plus")
    plain = cut_out(jobs, owner)
    drawn = cut_out(jobs, owner, subject_type="logo")
    order = [queue.claim(worker, ["cpu", "gpu"]) for worker in ("bare", "bare", "simple", "simple", "whole", "whole")]
    assert [claim and claim.job.id for claim in order] == [drawn.id, None, plain.id, None, fine.id, None]


def test_many_jobs_for_others_hide_no_job_of_ones_own(jobs: Jobs, queue: Queue, owner: str, database: Database) -> None:
    has_worker(database, "bare", ("segment:isnet",))
    for _ in range(30):
        jobs.submit(owner, dialect="pictures", operation="remove_background", params={})
    mine = cut_out(jobs, owner, model="u2netp")
    claim = queue.claim("bare", ["cpu"])
    assert claim is not None
    assert claim.job.id == mine.id
    has_worker(database, "bare")
    assert queue.claim("bare", ["cpu"]) is not None, "what it lacked was installed meanwhile"


def test_what_no_worker_can_do_any_more_ends_and_costs_nothing(
    jobs: Jobs, queue: Queue, owner: str, database: Database
) -> None:
    has_worker(database, "bare", ("segment:isnet",))
    has_worker(database, "whole")
    job, drawn = cut_out(jobs, owner), cut_out(jobs, owner, subject_type="logo")
    assert queue.give_up(0) == 0, "one of them can"
    with database.writing() as connection:
        connection.execute(delete(tables.worker).where(tables.worker.c.id == "whole"))
    has_worker(database, "elsewhere", queues=("gpu",))
    assert queue.give_up(60) == 0, "it may come back"
    assert queue.give_up(0) == 1
    ended = jobs.get(owner, job.id)
    assert (ended.state, ended.error_code, ended.cost) == ("cancelled", "MODEL_NOT_INSTALLED", 0)
    assert "Install segment:isnet." in str(ended.error_message)
    assert jobs.get(owner, drawn.id).state == "pending"
    assert Books.of(database).ledger[job.id] == {"charge": -100, "refund": 100}


def test_without_any_worker_a_job_waits_for_one_until_its_time_is_over(
    jobs: Jobs, queue: Queue, owner: str, database: Database
) -> None:
    job = cut_out(jobs, owner)
    assert queue.give_up(0) == 0
    assert jobs.expire(0) == 1
    ended = jobs.get(owner, job.id)
    assert (ended.state, ended.error_code) == ("cancelled", "EXPIRED")
    assert Books.of(database).balances[owner] == GRANT


def test_claimed_by_many_at_once_each_job_is_had_by_one(jobs: Jobs, database: Database, owner: str) -> None:
    made = {submit(jobs, owner, amount=0).id for _ in range(40)}
    queue = Queue(database)

    def worker(_: int) -> list[str]:
        mine = []
        while claim := queue.claim("worker", ["cpu"]):
            mine.append(claim.job.id)
        return mine

    with ThreadPoolExecutor(6) as pool:
        had = [job_id for mine in pool.map(worker, range(6)) for job_id in mine]
    while claim := queue.claim("worker", ["cpu"]):  # who finds all it looks at taken goes away, and comes again
        had.append(claim.job.id)
    assert sorted(had) == sorted(made)


def test_where_nothing_waits_nobody_is_kept_from_writing(queue: Queue, database: Database) -> None:
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _u, said, *_: statements.append(said))
    with database.writing() as connection:
        connection.execute(update(tables.job).values(stage=""))
        statements.clear()
        # On SQLite it would wait for this very transaction if it wanted to write.
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(queue.claim, "worker", ["cpu", "gpu"]).result(timeout=5) is None
    assert not any(said.startswith(("UPDATE", "INSERT", "BEGIN IMMEDIATE")) for said in statements)


def test_the_question_whether_something_waits_is_answered_by_the_index(tmp_path: Path) -> None:
    """On SQLite; PostgreSQL plans by how much there is."""
    database = Database(f"sqlite:///{tmp_path / 'service.db'}")
    tables.metadata.create_all(database.engine)
    asked: list[str] = []
    with database.driver() as connection:
        connection.set_trace_callback(asked.append)
    Queue(database).claim("worker", ["cpu", "gpu"])
    with database.driver() as connection:
        connection.set_trace_callback(None)
        (question,) = [said for said in asked if "EXISTS" in said]
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {question}"))
    database.close()
    assert "ix_job_claim (queue=? AND state=?" in plan


def test_a_database_that_cannot_be_opened_is_trouble_that_workers_outlive(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'gone' / 'service.db'}")
    with pytest.raises(SQLAlchemyError, match="unable to open"):
        Queue(database).claim("worker", ["cpu"])
    database.close()


def test_settled_with_everything_or_with_nothing(jobs: Jobs, queue: Queue, owner: str, database: Database) -> None:
    job, result = submit(jobs, owner, webhook_url="https://example.com/hook"), {"n": 1}
    claim = claimed(queue)

    def fails(_connection: Connection) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        queue.settle(claim, state="completed", result=result, also=fails)
    assert jobs.get(owner, job.id).state == "processing"
    assert Books.of(database).deliveries == {}

    assert queue.settle(claim, state="completed", result=result, also=lambda _connection: result.update(late=2))
    ended = jobs.get(owner, job.id)
    assert (ended.state, ended.result, ended.cost, ended.progress) == ("completed", {"n": 1, "late": 2}, 100, 1.0)
    assert ended.started_at
    assert ended.ended_at
    assert Books.of(database).deliveries == {job.id: 1}
    assert not queue.settle(claim, state="completed", result=result)
    assert not queue.settle(claim, state="failed", error=("X", "x"))
    assert not queue.retry(claim)


def test_a_failed_job_says_why_and_costs_nothing(jobs: Jobs, queue: Queue, owner: str, database: Database) -> None:
    job = submit(jobs, owner)
    assert queue.settle(claimed(queue), state="failed", error=("UNREADABLE", "It is empty."))
    ended = jobs.get(owner, job.id)
    assert (ended.error_code, ended.error_message, ended.cost) == ("UNREADABLE", "It is empty.", 0)
    books = Books.of(database)
    assert books.ledger[job.id] == {"charge": -100, "refund": 100}
    assert books.balances[owner] == GRANT


@pytest.mark.parametrize(("cost", "released"), [(30, 70), (0, 100), (100, None)])
def test_what_was_held_beyond_the_cost_is_released(
    jobs: Jobs, queue: Queue, owner: str, database: Database, cost: int, released: int | None
) -> None:
    job = submit(jobs, owner, kind="hold")
    assert queue.settle(claimed(queue), state="completed", result={}, cost=cost)
    books = Books.of(database)
    assert books.ledger[job.id] == {"hold": -100} | ({"release": released} if released else {})
    assert books.balances[owner] == GRANT - cost
    assert jobs.get(owner, job.id).cost == cost


@pytest.mark.parametrize("cost", [101, -1])
def test_nothing_costs_more_than_was_held(jobs: Jobs, queue: Queue, owner: str, database: Database, cost: int) -> None:
    job = submit(jobs, owner, kind="hold")
    with pytest.raises(ValueError, match="were held"):
        queue.settle(claimed(queue), state="completed", result={}, cost=cost)
    assert jobs.get(owner, job.id).state == "processing"
    assert Books.of(database).ledger[job.id] == {"hold": -100}


@pytest.mark.parametrize("state", ["cancelled", "rejected", "pending", "processing", "gone"])
def test_work_ends_only_as_work_does(jobs: Jobs, queue: Queue, owner: str, state: str) -> None:
    submit(jobs, owner)
    with pytest.raises(ValueError, match="cannot end as"):
        queue.settle(claimed(queue), state=state)


def test_a_beat_renews_the_lease_and_tells_how_far_it_is(jobs: Jobs, queue: Queue, owner: str) -> None:
    job = submit(jobs, owner, stage="analyzing")
    claim = claimed(queue)
    for step in range(6):
        time.sleep(LEASE / 3)
        assert queue.beat(claim, progress=step / 5, stage="applying")
        assert queue.recover(["cpu"]) == 0
    assert queue.held([claim]) == {claim.token}
    now = jobs.get(owner, job.id)
    assert (now.progress, now.stage, now.state) == (1.0, "applying", "processing")


def test_a_worker_that_was_slow_keeps_what_nobody_took(jobs: Jobs, queue: Queue, owner: str) -> None:
    job = submit(jobs, owner)
    claim = claimed(queue)
    time.sleep(LEASE * 1.5)
    assert queue.recover(["cpu"], spare={claim.token}) == 0
    assert queue.held([claim]) == {claim.token}
    assert queue.beat(claim, progress=0.5)
    assert queue.recover(["cpu"]) == 0
    time.sleep(LEASE * 1.5)
    assert queue.settle(claim, state="completed", result={})
    assert jobs.get(owner, job.id).attempt == 1


def test_a_job_whose_books_are_wrong_does_not_keep_others_from_being_recovered(
    jobs: Jobs, database: Database, owner: str
) -> None:
    queue = Queue(database, lease=0.0, attempts=1)
    wrong, other = submit(jobs, owner), submit(jobs, owner)
    claimed(queue), claimed(queue)
    with database.writing() as connection:  # somebody gave it back by hand
        wallet.give(connection, owner, "tokens", 100, kind="refund", job_id=wrong.id)
    assert queue.recover(["cpu"]) == 1
    assert [jobs.get(owner, one.id).state for one in (wrong, other)] == ["processing", "failed"]
    assert Books.of(database).balances[owner] == GRANT


def test_once_another_took_it_nothing_is_heard(jobs: Jobs, queue: Queue, owner: str, database: Database) -> None:
    job = submit(jobs, owner)
    claim = claimed(queue)
    time.sleep(LEASE * 1.5)
    assert queue.recover(["cpu"]) == 1
    written: list[str] = []
    assert not queue.beat(claim, progress=0.5)
    assert queue.held([claim]) == frozenset()
    assert not queue.settle(claim, state="completed", result={}, also=lambda _c: written.append("file"))
    assert not queue.settle(claim, state="failed", error=("X", "x"))
    assert not queue.retry(claim)
    assert written == []
    again = claimed(queue)
    assert (again.job.id, again.attempt) == (job.id, 2)
    assert again.token != claim.token
    assert not queue.settle(claim, state="failed", error=("X", "x"))
    assert queue.settle(again, state="completed", result={})
    assert Books.of(database).ledger[job.id] == {"charge": -100}


def test_a_job_on_which_workers_die_is_given_up(jobs: Jobs, queue: Queue, owner: str, database: Database) -> None:
    job = submit(jobs, owner, webhook_url="https://example.com/hook")
    for attempt in (1, 2, 3):
        assert claimed(queue).attempt == attempt
        time.sleep(LEASE * 1.2)
        assert queue.recover(["cpu"]) == 1
    ended = jobs.get(owner, job.id)
    assert (ended.state, ended.error_code) == ("failed", "WORKER_DIED")
    assert "died 3 times on it" in str(ended.error_message)
    assert queue.recover(["cpu"]) == 0
    books = Books.of(database)
    assert books.ledger[job.id] == {"charge": -100, "refund": 100}
    assert books.deliveries == {job.id: 1}


def test_several_that_recover_at_once_do_it_once(jobs: Jobs, database: Database, owner: str) -> None:
    queue = Queue(database, lease=0.1, backoff=30.0)
    for _ in range(5):
        submit(jobs, owner)
        claimed(queue)
    time.sleep(0.2)
    ready = threading.Barrier(4)

    def one(_: int) -> int:
        ready.wait()
        return queue.recover(["cpu"])

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == 5
    assert {job.attempt for job in jobs.listed(owner)} == {1}


def test_a_retry_waits_longer_each_time(jobs: Jobs, database: Database, owner: str) -> None:
    queue = Queue(database, backoff=0.2)
    submit(jobs, owner)
    assert queue.retry(claimed(queue))
    assert queue.claim("worker", ["cpu"]) is None
    time.sleep(0.3)
    second = claimed(queue)
    assert second.attempt == 2
    assert queue.retry(second)
    time.sleep(0.3)
    assert queue.claim("worker", ["cpu"]) is None
    time.sleep(0.7)
    assert claimed(queue).attempt == 3


def test_given_back_by_a_worker_that_goes_it_was_no_attempt(jobs: Jobs, queue: Queue, owner: str) -> None:
    submit(jobs, owner)
    assert queue.retry(claimed(queue), 0.0, counted=False)
    assert claimed(queue).attempt == 1


def test_begun_again_it_starts_with_its_first_stage(jobs: Jobs, queue: Queue, owner: str) -> None:
    submit(jobs, owner, stage="analyzing")
    claim = claimed(queue)
    queue.beat(claim, progress=0.7, stage="applying")
    queue.retry(claim, 0.0)
    again = claimed(queue).job
    assert (again.stage, again.progress, again.result) == ("analyzing", 0.0, None)


def test_a_cancelled_job_is_no_longer_held(jobs: Jobs, queue: Queue, owner: str, database: Database) -> None:
    job, other = submit(jobs, owner), submit(jobs, owner)
    claims = [claimed(queue), claimed(queue)]
    jobs.cancel(owner, job.id)
    assert queue.held(claims) == {next(claim.token for claim in claims if claim.job.id == other.id)}
    mine = next(claim for claim in claims if claim.job.id == job.id)
    assert not queue.beat(mine)
    assert not queue.settle(mine, state="completed", result={})
    assert Books.of(database).ledger[job.id] == {"charge": -100, "refund": 100}


def test_a_long_past_does_not_make_the_next_job_slow_to_find(
    jobs: Jobs, queue: Queue, owner: str, database: Database
) -> None:
    job = submit(jobs, owner, amount=0)
    past = {"account_id": owner, "dialect": "printcart", "operation": "empty", "params": {}, "queue": "cpu",
            "run_at": 0.0, "currency": "tokens", "state": "completed"}  # fmt: skip
    with database.writing() as connection:
        connection.execute(
            insert(tables.job).values(created_at=clock.now()), [past | {"id": f"job_{n}"} for n in range(20_000)]
        )
    started = time.perf_counter()
    assert claimed(queue).job.id == job.id
    for _ in range(20):
        assert queue.claim("worker", ["cpu", "gpu"]) is None
    assert time.perf_counter() - started < 1.0
