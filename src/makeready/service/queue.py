"""The queue as workers see it: jobs are claimed under a lease, and only who holds the lease changes them.

A claim has a token of its own. The lease is for some seconds and is renewed while the work goes on. Once it has run out
anybody may take the job away (``recover``), and whatever the one before says about it afterwards is not heard: every
statement here asks for the token. So a job may be worked on twice, but it ends once; and a worker that was only slow
keeps its job if nobody was quicker.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, exists, func, select, union_all, update
from sqlalchemy.exc import SQLAlchemyError

from makeready.service import clock, ids, jobs, operations, states, tables
from makeready.service.database import Database
from makeready.service.jobs import Announce, Job
from makeready.service.question import Question

_log = structlog.get_logger("makeready.worker")
_JOB, _WORKER = tables.job, tables.worker

#: Seconds after which a claim without another word may be taken away.
LEASE_S = 15.0
#: How often a job is begun before it is given up.
MAX_ATTEMPTS = 3
#: Seconds before the second attempt; each further one waits four times as long.
BACKOFF_S = 0.5


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this worker has, until somebody takes it away."""

    job: Job
    token: str
    #: Which attempt it is, from 1.
    attempt: int


class Queue:
    """Every worker's side of all queues."""

    def __init__(
        self,
        database: Database,
        *,
        lease: float = LEASE_S,
        attempts: int = MAX_ATTEMPTS,
        backoff: float = BACKOFF_S,
        announce: Announce = jobs.announced,
    ) -> None:
        """Work on the jobs of a database.

        Args:
            database: where they are.
            lease: seconds after which a claim without another word may be taken away.
            attempts: how often a job is begun before it is given up.
            backoff: seconds before the second attempt.
            announce: what a webhook says.
        """
        self._database = database
        self._announce = announce
        self.lease = lease
        self.attempts = attempts
        self._backoff = backoff
        self._questions: dict[tuple[str, ...], Question] = {}

    def claim(self, worker_id: str, queues: Sequence[str]) -> Claim | None:
        """The next job that a worker can do, if one waits: the lowest priority first, of those the oldest.

        Args:
            worker_id: the worker; what it said that it lacks counts, and jobs that need it are left to others.
            queues: of these queues only.
        """
        # Nothing waits most of the time, and a question is cheap: on SQLite it keeps no writer from writing.
        if not self._waiting(worker_id, tuple(queues)):
            return None
        first = _first(tuple(queues))
        with self._database.writing() as connection:
            for row in connection.execute(first, {"worker": worker_id}).all():
                mine = select(_JOB.c.id).where(_JOB.c.id == row.id, _JOB.c.state == states.PENDING)
                # Workers do not wait for each other; who finds a job taken takes the next.
                if connection.execute(mine.with_for_update(skip_locked=True)).first() is None:
                    continue
                return self._claimed(connection, row.id, worker_id)
        return None

    def beat(self, claim: Claim, *, progress: float | None = None, stage: str | None = None) -> bool:
        """Renew the lease, and say how far the work is; ``False`` says to stop: the job is lost, or cancelled."""
        told: dict[str, Any] = {}
        if progress is not None:
            told["progress"] = min(max(progress, 0.0), 1.0)
        if stage:
            told["stage"] = stage
        with self._database.writing() as connection:
            beaten = connection.execute(
                update(_JOB).where(_held(claim)).values(lease_until=clock.now() + self.lease, **told)
            )
        return beaten.rowcount == 1

    def held(self, claims: Collection[Claim]) -> frozenset[str]:
        """Which of these claims still hold, by their tokens; a question only."""
        if not claims:
            return frozenset()
        # By the key of the table: a token has no index, and one question for all is cheaper than one each.
        question = select(_JOB.c.token).where(
            _JOB.c.id.in_([claim.job.id for claim in claims]),
            _JOB.c.state == states.PROCESSING,
        )
        with self._database.reading() as connection:
            return frozenset(connection.execute(question).scalars()) & {claim.token for claim in claims}

    def settle(
        self,
        claim: Claim,
        *,
        state: str,
        result: dict[str, Any] | None = None,
        cost: int | None = None,
        error: tuple[str, str] | None = None,
        also: Callable[[Connection], None] | None = None,
    ) -> bool:
        """Say how the work went: the job's state, its money, its webhook and what else there is, or nothing of it.

        Args:
            claim: the claim, which has to hold still.
            state: ``completed``, ``failed`` or ``awaiting_approval``.
            result: what came out.
            cost: what a completed job costs, at most what was held, which it is when left out.
            error: code and message of a failure.
            also: what else belongs into the transaction; it runs before ``result`` is written, and may add to it.

        Returns:
            False when the claim does not hold any more: nothing was written.

        Raises:
            ValueError: work does not end in this state, or the cost is more than was held.
        """
        if state not in (states.COMPLETED, states.FAILED, states.AWAITING_APPROVAL):
            raise ValueError(f"work on job {claim.job.id} cannot end as {state}")
        with self._database.writing() as connection:
            job = jobs.found(connection, _held(claim), lock=True)
            if job is None:
                return False
            if also is not None:
                also(connection)
            if state == states.AWAITING_APPROVAL:
                connection.execute(
                    update(_JOB)
                    .where(_JOB.c.id == job.id)
                    .values(state=state, result=result or {}, token=None, worker_id=None, lease_until=None)
                )
            else:
                jobs.end(connection, job, state, result=result, cost=cost, error=error, announce=self._announce)
        return True

    def retry(self, claim: Claim, seconds: float | None = None, *, counted: bool = True) -> bool:
        """Give a job back, to be begun again.

        Args:
            claim: the claim, which has to hold still.
            seconds: after how long; longer with each attempt when left out.
            counted: whether this attempt was one: not where the worker goes and the job is not to blame.

        Returns:
            False when the claim does not hold any more: nothing was written.
        """
        wait = self._pause(claim.attempt) if seconds is None else seconds
        with self._database.writing() as connection:
            given = connection.execute(
                update(_JOB).where(_held(claim)).values(**_again(wait, claim.attempt if counted else claim.attempt - 1))
            )
        return given.rowcount == 1

    def recover(self, queues: Sequence[str], *, spare: Collection[str] = ()) -> int:
        """Take jobs from workers that died: they wait again, or have failed where it happens every time.

        Args:
            queues: of these queues only.
            spare: tokens of claims that are known to be worked on, however late their leases are.

        Returns:
            How many there were.
        """
        over = and_(_JOB.c.queue.in_(queues), _JOB.c.state == states.PROCESSING, _JOB.c.lease_until <= clock.now())
        question = select(_JOB.c.id, _JOB.c.token).where(over)
        with self._database.reading() as connection:
            lost = connection.execute(question).all()
        return sum(self._recovered_alone(job_id, token) for job_id, token in lost if token not in spare)

    def give_up(self, seconds: float) -> int:
        """Cancel jobs that have waited for so long and that no worker can do; everything is given back.

        Where there is no worker at all they wait on, as somebody will start one.

        Returns:
            How many there were.
        """
        waits = and_(_JOB.c.state == states.PENDING, _JOB.c.run_at < clock.now() - seconds)
        with self._database.reading() as connection:
            workers = connection.execute(select(_WORKER.c.queues, _WORKER.c.lacks)).all()
            old = connection.execute(select(_JOB.c.id, _JOB.c.queue, _JOB.c.needs).where(waits)).all()
        ended = 0
        for row in old:
            why = operations.why_none(row.needs, [worker.lacks for worker in workers if row.queue in worker.queues])
            if why is None:
                continue
            with self._database.writing() as connection:
                # Between the question and now an able worker may have come and taken it.
                job = jobs.found(connection, and_(_JOB.c.id == row.id, waits), lock=True)
                if job is not None:
                    error = ("MODEL_NOT_INSTALLED", f"No worker can do it any more. {why} Nothing was charged.")
                    jobs.end(connection, job, states.CANCELLED, error=error, announce=self._announce)
                    ended += 1
        return ended

    def _waiting(self, worker_id: str, queues: tuple[str, ...]) -> bool:
        if queues not in self._questions:
            self._questions[queues] = _whether_any_waits(self._database, len(queues))
        names = {f"queue_{n}": queue for n, queue in enumerate(queues)}
        answer = self._questions[queues](state=states.PENDING, worker=worker_id, **names)
        return answer is not None and bool(answer[0])

    def _recovered_alone(self, job_id: str, token: str) -> bool:
        try:
            return self._recovered(job_id, token)
        except SQLAlchemyError:
            raise
        except Exception:  # its books or its row are not in order: a person has to see to it, and the others go on
            _log.exception("a job cannot be recovered", job=job_id)
            return False

    def _recovered(self, job_id: str, token: str) -> bool:
        with self._database.writing() as connection:
            # Between the question and now it may have been renewed, ended or recovered by another worker.
            still = and_(_JOB.c.id == job_id, _JOB.c.token == token, _JOB.c.lease_until <= clock.now())
            job = jobs.found(connection, and_(still, _JOB.c.state == states.PROCESSING), lock=True)
            if job is None:
                return False
            if job.attempt >= self.attempts:
                error = died(job.attempt)
                jobs.end(connection, job, states.FAILED, error=error, announce=self._announce)
            else:
                again = _again(self._pause(job.attempt), job.attempt)
                connection.execute(update(_JOB).where(_JOB.c.id == job_id).values(**again))
        return True

    def _claimed(self, connection: Connection, job_id: str, worker_id: str) -> Claim:
        token = ids.new("attempt")
        now = clock.now()
        # A stage that was begun without an approval before it starts from the beginning.
        unapproved = and_(_JOB.c.stage == states.APPLYING, _JOB.c.result.is_(None))
        connection.execute(
            update(_JOB)
            .where(_JOB.c.id == job_id)
            .values(
                state=states.PROCESSING, token=token, worker_id=worker_id, lease_until=now + self.lease,
                attempt=_JOB.c.attempt + 1, progress=0.0, started_at=case((_JOB.c.started_at.is_(None), now),
                else_=_JOB.c.started_at), stage=case((unapproved, states.ANALYZING), else_=_JOB.c.stage),
            )
        )  # fmt: skip
        job = jobs.found(connection, _JOB.c.id == job_id)
        assert job is not None
        return Claim(job, token, job.attempt)

    def _pause(self, attempt: int) -> float:
        return float(self._backoff * 4 ** (attempt - 1))


def died(times: int) -> tuple[str, str]:
    """The error of a job on which workers die: code, and message."""
    return (
        "WORKER_DIED",
        f"The worker died {times} times on it. It may be too large, or damaged in a way we cannot read.",
    )


#: How many jobs a worker looks at before it goes away without one: as many others may be claiming just then.
_LOOKED_AT = 8


def _able() -> ColumnElement[bool]:
    """Whether a worker lacks nothing of what a job needs; both databases look through the names of objects alike."""
    need = func.json_each(_JOB.c.needs).table_valued("key", name="need")
    lack = func.json_each(_WORKER.c.lacks).table_valued("key", name="lack", joins_implicitly=True)
    lacked = select(lack.c.key).select_from(_WORKER, lack).where(_WORKER.c.id == bindparam("worker"))
    return ~exists(select(need.c.key).where(need.c.key.in_(lacked)).correlate(_JOB))


def _whether_any_waits(database: Database, queues: int) -> Question:
    of_these = _JOB.c.queue.in_([bindparam(f"queue_{n}") for n in range(queues)])
    due = exists().where(of_these, _JOB.c.state == bindparam("state"), _JOB.c.run_at <= clock.now(), _able())
    return Question(database, select(due))


@cache
def _first(queues: tuple[str, ...]) -> Any:
    """The jobs of some queues whose turn it is and that ``worker`` can do, in their order.

    Each queue is asked alone, which its index answers.
    """
    due = [
        select(_JOB.c.id, _JOB.c.priority, _JOB.c.run_at)
        .where(_JOB.c.queue == queue, _JOB.c.state == states.PENDING, _JOB.c.run_at <= clock.now(), _able())
        .order_by(_JOB.c.priority, _JOB.c.run_at)
        .limit(_LOOKED_AT)
        for queue in queues
    ]
    if len(due) == 1:
        return due[0]
    either = union_all(*(select(one.subquery()) for one in due)).subquery()
    return select(either).order_by(either.c.priority, either.c.run_at)


def _held(claim: Claim) -> Any:
    return and_(
        _JOB.c.id == claim.job.id,
        _JOB.c.token == claim.token,
        _JOB.c.state == states.PROCESSING,
    )


def _again(seconds: float, attempt: int) -> dict[str, Any]:
    return {
        "state": states.PENDING, "run_at": clock.now() + seconds, "attempt": attempt, "progress": 0.0,
        "token": None, "worker_id": None, "lease_until": None,
    }  # fmt: skip
