"""Jobs as their owners see them: submitted, looked at, waited for, approved, rejected, cancelled.

What happens to a job's money happens in the same transaction as what happens to the job. A job that ends well keeps
what it cost, one that ends otherwise gives everything back, and ``end`` is the only way for a job to end.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, and_, case, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from makeready.service import clock, ids, operations, states, tables, wallet, webhooks
from makeready.service.database import Database
from makeready.service.errors import Conflict, NotFound, QueueFull, ServiceError
from makeready.service.settings import Settings

_BATCH, _FILE, _JOB = tables.batch, tables.file, tables.job
_LEDGER = tables.ledger
#: The entries of the ledger with which a job begins.
_TAKEN = ("charge", "hold")
#: Seconds between two looks at a job that is waited for: short at first, since most are.
_WAIT_S = (0.02, 0.25)
#: How many jobs are expired in one go, and what each says.
EXPIRED_AT_ONCE = 200
_EXPIRED = {
    states.AWAITING_APPROVAL: "Nobody approved it in time. Nothing was charged; ask for it again.",
    states.PENDING: "No worker took it in time. Nothing was charged; ask for it again.",
}
#: Seconds after which a client may try again where the queue is full.
_FULL_RETRY_S = 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """One job, as it was when somebody looked. Times are seconds since 1970."""

    id: str
    account_id: str
    dialect: str
    #: What is done: a name in ``operations``.
    operation: str
    params: dict[str, Any]
    batch_id: str | None
    queue: str
    state: str
    #: Where the work is within its state (``analyzing``, ``applying``), where it has stages.
    stage: str
    #: 0..1.
    progress: float
    #: How often it was begun.
    attempt: int
    currency: str
    #: What was taken when it was created, and what it cost in the end.
    held: int
    cost: int | None
    result: dict[str, Any] | None
    error_code: str | None
    error_message: str | None
    webhook_url: str | None
    traceparent: str | None
    created_at: float
    started_at: float | None
    ended_at: float | None
    #: The ledger's number of what was taken; none where it was free.
    transaction: int | None

    @property
    def ended(self) -> bool:
        """Whether nothing happens to it any more."""
        return self.state in states.ENDED


@dataclass(frozen=True, slots=True)
class Order:
    """A job that is asked for."""

    #: What is done, a name in ``operations``.
    operation: str
    #: With what: ``inputs`` and ``options``, and what its dialect wants to know of it later.
    params: dict[str, Any]
    #: What is paid with, and how much is taken now; 0 for nothing.
    currency: str = "tokens"
    amount: int = 0
    #: A ``hold`` may be given back in part when the job completes.
    kind: Literal["charge", "hold"] = "charge"
    #: Its first stage, where it has stages.
    stage: str = ""
    #: Who may work on it, the lowest priority first.
    queue: str = "cpu"
    priority: int = 0
    #: Who is told when it has ended.
    webhook_url: str | None = None
    #: The W3C trace context of the request.
    traceparent: str | None = None
    #: Its identifier; a new one when left out.
    job_id: str | None = None
    #: What else belongs into the transaction.
    also: Callable[[Connection, str], None] | None = None
    #: The API that it came through, and the batch it belongs to.
    dialect: str = ""
    batch_id: str | None = None

    @property
    def needs(self) -> dict[str, bool]:
        """What it calls for that a worker may lack."""
        return dict.fromkeys(operations.needs(self.operation, self.params.get("options") or {}), True)

    def of(self, dialect: str, batch_id: str) -> Order:
        """The same as a part of a batch."""
        return replace(self, dialect=dialect, batch_id=batch_id)


#: What a webhook says of a job that ended, asked in the transaction that ends it; nothing where nobody is told.
Announce = Callable[[Connection, Job], str]


def announced(_connection: Connection, job: Job) -> str:
    """The text of a webhook, in the service's own terms."""
    ended = datetime.fromtimestamp(job.ended_at or 0.0, UTC).isoformat(timespec="milliseconds")
    error = {"code": job.error_code, "message": job.error_message} if job.error_code else None
    data = {"id": job.id, "operation": job.operation, "state": job.state, "cost": job.cost, "error": error}
    return json.dumps({"type": f"job.{job.state}", "timestamp": ended.replace("+00:00", "Z"), "data": data})


class Jobs:
    """The jobs of all accounts; each sees its own."""

    def __init__(self, database: Database, settings: Settings, *, announce: Announce = announced) -> None:
        """Look after jobs.

        Args:
            database: where they are.
            settings: how many may wait.
            announce: what a webhook says.
        """
        self._database = database
        self._settings = settings
        self._announce = announce

    def submit(self, account_id: str, *, dialect: str, operation: str, params: dict[str, Any], **more: Any) -> Job:
        """Take the money and put the job into its queue: both, or neither. ``more`` are further fields of ``Order``.

        Raises:
            QueueFull: too many jobs wait, of this account or of all.
            InsufficientFunds: the wallet has too little.
        """
        return self.submit_order(account_id, Order(operation, params, dialect=dialect, **more))

    def submit_order(self, account_id: str, order: Order) -> Job:
        """The same, of an order that was made before."""
        try:
            with self._database.writing() as connection:
                return self.put(connection, account_id, order)
        except (IntegrityError, ServiceError):  # the job is there or its entry in the ledger, or it took the last money
            if (made := self._made(account_id, order)) is None:
                raise
            return made

    def put(self, connection: Connection, account_id: str, order: Order, *, place: int = 0, places: int = 1) -> Job:
        """The same, in the caller's transaction.

        Args:
            connection: the transaction.
            account_id: whose it is, and who pays.
            order: what is to be done.
            place: which of several it is, from 0; the first asks whether there is room for all.
            places: how many there are.
        """
        job_id = order.job_id or ids.new("job")
        if not place:
            self._bounded(connection, account_id, order.queue, places)
        if order.amount:
            wallet.take(
                connection, account_id, order.currency, order.amount, kind=order.kind, job_id=job_id,
                note=order.operation,
            )  # fmt: skip
        now = clock.now()
        connection.execute(
            insert(_JOB).values(
                id=job_id, account_id=account_id, dialect=order.dialect, operation=order.operation,
                params=order.params, needs=order.needs, batch_id=order.batch_id, state=states.PENDING,
                place=place, stage=order.stage, queue=order.queue, priority=order.priority, run_at=now,
                currency=order.currency,
                held=order.amount, webhook_url=order.webhook_url, traceparent=order.traceparent, created_at=now,
            )
        )  # fmt: skip
        if order.also is not None:
            order.also(connection, job_id)
        job = found(connection, _JOB.c.id == job_id)
        assert job is not None
        return job

    def get(self, account_id: str, job_id: str, *, operation: str | None = None) -> Job:
        """One job.

        Raises:
            NotFound: there is none, it is deleted, does something else, or belongs to another account.
        """
        with self._database.reading() as connection:
            job = found(connection, _owned(account_id, job_id, operation))
        if job is None:
            raise _missing(job_id)
        return job

    def listed(
        self,
        account_id: str,
        *,
        operation: str | None = None,
        dialect: str | None = None,
        state: str | None = None,
        batch_id: str | None = None,
        limit: int = 20,
        before: tuple[float, str] | None = None,
    ) -> list[Job]:
        """The newest jobs first.

        Args:
            account_id: whose.
            operation: only those that do this.
            dialect: only those that came through this API.
            state: only those in it.
            batch_id: only those of this batch.
            limit: how many at most.
            before: ``created_at`` and ``id`` of the last one that is known: only older ones.
        """
        question = _jobs().where(_JOB.c.account_id == account_id, _JOB.c.deleted_at.is_(None))
        only = {"operation": operation, "dialect": dialect, "state": state, "batch_id": batch_id}
        question = question.where(*(_JOB.c[name] == value for name, value in only.items() if value is not None))
        if before is not None:
            question = question.where(tables.older(_JOB, *before))
        question = question.order_by(_JOB.c.created_at.desc(), _JOB.c.id.desc()).limit(limit)
        with self._database.reading() as connection:
            return [_job(row) for row in connection.execute(question)]

    def page(
        self,
        account_id: str,
        *,
        dialect: str,
        operation: str | None = None,
        states: Collection[str] = (),
        limit: int = 20,
        skip: int = 0,
    ) -> tuple[list[Job], int]:
        """The newest jobs that came through an API, and how many there are in all.

        Args:
            account_id: whose.
            dialect: the API.
            operation: only those that do this.
            states: only those in one of these.
            limit: how many at most.
            skip: how many of the newest to leave out.
        """
        wanted = [_JOB.c.account_id == account_id, _JOB.c.dialect == dialect, _JOB.c.deleted_at.is_(None)]
        if operation is not None:
            wanted.append(_JOB.c.operation == operation)
        if states:
            wanted.append(_JOB.c.state.in_(states))
        newest = _jobs().where(*wanted).order_by(_JOB.c.created_at.desc(), _JOB.c.id.desc())
        with self._database.reading() as connection:
            rows = connection.execute(newest.limit(limit).offset(skip)).all()
            count = connection.execute(select(func.count()).select_from(_JOB).where(*wanted)).scalar_one()
        return [_job(row) for row in rows], count

    def of_batches(self, batches: Collection[str]) -> dict[str, list[Job]]:
        """The jobs of some batches, in the order in which they were given."""
        with self._database.reading() as connection:
            return in_batches(connection, batches)

    def delete(self, account_id: str, job_id: str) -> None:
        """Forget a job and let its files go. One that has not ended is cancelled, and gives back what it took.

        Raises:
            NotFound: as in ``get``.
        """
        with self._database.writing() as connection:
            job = self._locked(connection, account_id, job_id)
            if not job.ended:
                end(connection, job, states.CANCELLED, announce=self._announce)
            connection.execute(update(_JOB).where(_JOB.c.id == job.id).values(deleted_at=clock.now()))
            sent = [given["file"] for given in job.params.get("inputs", {}).values() if "file" in given]
            # The janitor takes the bytes; from now on no link leads to them. What is kept for good is not this job's.
            mine = or_(_FILE.c.job_id == job.id, and_(_FILE.c.id.in_(sent), _FILE.c.expires_at.is_not(None)))
            going = update(_FILE).where(_FILE.c.account_id == account_id, mine)
            connection.execute(going.values(expires_at=clock.now()))

    def approve(self, account_id: str, job_id: str) -> Job:
        """Go on with a job that waits for it.

        Raises:
            NotFound: as in ``get``.
            Conflict: it does not wait for approval.
        """
        with self._database.writing() as connection:
            job = self._locked(connection, account_id, job_id)
            if job.state != states.AWAITING_APPROVAL:
                raise _conflict(job, "approved")
            # What was approved has attempts of its own.
            changed = {"state": states.PENDING, "stage": states.APPLYING, "attempt": 0}
            connection.execute(update(_JOB).where(_JOB.c.id == job.id).values(run_at=clock.now(), **changed))
            return replace(job, state=states.PENDING, stage=states.APPLYING, attempt=0)

    def reject(self, account_id: str, job_id: str) -> Job:
        """End a job that waits for approval, and give everything back. A second time changes nothing.

        Raises:
            NotFound: as in ``get``.
            Conflict: it does not wait for approval.
        """
        return self._ended(account_id, job_id, states.REJECTED)

    def cancel(self, account_id: str, job_id: str) -> Job:
        """End a job that has not ended, and give everything back. A second time changes nothing.

        Work on it stops within about a second.

        Raises:
            NotFound: as in ``get``.
            Conflict: it has ended otherwise.
        """
        return self._ended(account_id, job_id, states.CANCELLED)

    def expire(self, seconds: float) -> int:
        """Cancel jobs that nobody approved, and those that no worker took, for so long; everything is given back.

        Args:
            seconds: how long they may wait.

        Returns:
            How many there were, ``EXPIRED_AT_ONCE`` at most: then there may be more.
        """
        waits = and_(_JOB.c.state.in_(list(_EXPIRED)), _JOB.c.run_at < clock.now() - seconds)
        with self._database.reading() as connection:
            old = connection.execute(select(_JOB.c.id).where(waits).limit(EXPIRED_AT_ONCE)).scalars().all()
        return sum(self._expired(and_(_JOB.c.id == job_id, waits)) for job_id in old)

    def wait(self, account_id: str, job_id: str, seconds: float) -> Job:
        """The job when it has ended or waits for approval, or as it is when the time is up.

        It keeps its thread for that long.

        Raises:
            NotFound: as in ``get``.
        """
        until = time.monotonic() + seconds
        pause, longest = _WAIT_S
        while True:
            job = self.get(account_id, job_id)
            left = until - time.monotonic()
            if job.ended or job.state == states.AWAITING_APPROVAL or left <= 0:
                return job
            time.sleep(min(pause, left))
            pause = min(pause * 1.2, longest)

    def counts(self) -> dict[tuple[str, str], int]:
        """How many jobs are in each queue and state."""
        question = select(_JOB.c.queue, _JOB.c.state, func.count()).group_by(_JOB.c.queue, _JOB.c.state)
        with self._database.reading() as connection:
            return {(queue, state): count for queue, state, count in connection.execute(question)}

    def oldest(self) -> dict[str, float]:
        """For each queue in which jobs wait, for how many seconds the first of them could have been begun."""
        age = clock.now() - func.min(_JOB.c.run_at)
        question = select(_JOB.c.queue, age).where(_JOB.c.state == states.PENDING).group_by(_JOB.c.queue)
        with self._database.reading() as connection:
            return {queue: max(0.0, seconds) for queue, seconds in connection.execute(question)}

    def _expired(self, where: Any) -> bool:
        with self._database.writing() as connection:
            # Between the question and now it may have been approved, or taken by a worker.
            job = found(connection, where, lock=True)
            if job is not None:
                error = ("EXPIRED", _EXPIRED[job.state])
                end(connection, job, states.CANCELLED, error=error, announce=self._announce)
        return job is not None

    def _bounded(self, connection: Connection, account_id: str, queue: str, places: int) -> None:
        # Two that come at once may both see the last free place; the bound is for the machine's sake, not for money's.
        mine = func.coalesce(func.sum(case((_JOB.c.account_id == account_id, 1), else_=0)), 0)
        question = select(func.count(), mine).where(_JOB.c.queue == queue, _JOB.c.state == states.PENDING)
        all_, own = connection.execute(question).one()
        if all_ + places > self._settings.limits_queue:
            raise QueueFull(
                f"{all_} jobs wait already, and no more are taken.", "Try again in a while.",
                retry_after=_FULL_RETRY_S, limit=self._settings.limits_queue, waiting=all_,
            )  # fmt: skip
        if own + places > self._settings.limits_queue_account:
            raise QueueFull(
                f"{own} jobs of this account wait already, and no more are taken.",
                "Try again when some of them are done.",
                retry_after=_FULL_RETRY_S, limit=self._settings.limits_queue_account, waiting=own,
            )  # fmt: skip

    def _made(self, account_id: str, order: Order) -> Job | None:
        """The job that the same request made a moment ago: two processes may be at one, where the first seemed dead."""
        if order.job_id is None:
            return None
        with self._database.reading() as connection:
            job = found(connection, _JOB.c.id == order.job_id)
        same = (account_id, order.dialect, order.operation)
        if job is not None and (job.account_id, job.dialect, job.operation) != same:
            raise Conflict("There is another job of this identifier.", "Send the request under a new Idempotency-Key.")
        return job

    def _locked(self, connection: Connection, account_id: str, job_id: str) -> Job:
        job = found(connection, _owned(account_id, job_id), lock=True)
        if job is None:
            raise _missing(job_id)
        return job

    def _ended(self, account_id: str, job_id: str, state: str) -> Job:
        with self._database.writing() as connection:
            job = self._locked(connection, account_id, job_id)
            if job.state == state:
                return job
            if not states.legal(job.state, state):
                raise _conflict(job, state)
            return end(connection, job, state, announce=self._announce)


def found(connection: Connection, where: Any, *, lock: bool = False) -> Job | None:
    """The one job for which something holds; locked, nobody else changes it until this transaction is over."""
    question = _jobs().where(where)
    if lock:
        question = question.with_for_update(of=_JOB)
    row = connection.execute(question).first()
    return None if row is None else _job(row)


def end(
    connection: Connection,
    job: Job,
    state: str,
    *,
    result: dict[str, Any] | None = None,
    cost: int | None = None,
    error: tuple[str, str] | None = None,
    announce: Announce = announced,
) -> Job:
    """The last move of a job, with its money and its webhook, in the caller's transaction, which has locked it.

    Args:
        connection: the transaction.
        job: as it was when it was locked.
        state: how it ends.
        result: what came out.
        cost: what a completed job costs, at most what was held, which it is when left out.
        error: code and message, where it did not end well.
        announce: what its webhook says.

    Raises:
        ValueError: it cannot go from its state to this one, or the cost is more than was held.
    """
    if state not in states.ENDED or not states.legal(job.state, state):
        raise ValueError(f"job {job.id} cannot go from {job.state} to {state}")
    if state == states.COMPLETED:
        cost = job.held if cost is None else cost
        if not 0 <= cost <= job.held:
            raise ValueError(f"job {job.id} costs {cost}, and {job.held} were held")
        kind: Literal["release", "refund"] = "release"
    else:
        cost, kind = 0, "refund"
    if job.held > cost:
        wallet.give(
            connection, job.account_id, job.currency, job.held - cost, kind=kind, job_id=job.id, note=job.operation
        )
    code, message = error or (None, None)
    values: dict[str, Any] = {
        "state": state, "cost": cost, "error_code": code, "error_message": message,
        "token": None, "lease_until": None, "ended_at": clock.now(),
    }  # fmt: skip
    # None would be written as JSON's null, which is something.
    if result is not None:
        values["result"] = result
    if state == states.COMPLETED:
        values["progress"] = 1.0
    connection.execute(update(_JOB).where(_JOB.c.id == job.id).values(values))
    ended = found(connection, _JOB.c.id == job.id)
    assert ended is not None
    url = ended.webhook_url or _told_of_batch(connection, ended)
    if url:
        webhooks.enqueue(connection, job=ended, url=url, body=announce(connection, ended))
    return ended


def _told_of_batch(connection: Connection, job: Job) -> str | None:
    """Who is told when a batch has ended, if this was the last of its jobs."""
    if job.batch_id is None:
        return None
    # Its row is locked: of two jobs that end at once, the second one sees that it is the last.
    batch = select(_BATCH.c.details).where(_BATCH.c.id == job.batch_id).with_for_update()
    url = (connection.execute(batch).scalar_one() or {}).get("webhook_url")
    going = select(_JOB.c.id).where(_JOB.c.batch_id == job.batch_id, _JOB.c.state.not_in(states.ENDED)).limit(1)
    return None if url is None or connection.execute(going).first() else str(url)


def in_batches(connection: Connection, batches: Collection[str]) -> dict[str, list[Job]]:
    """The jobs of some batches that are not deleted, in the order in which they were given."""
    question = _jobs().where(_JOB.c.batch_id.in_(batches), _JOB.c.deleted_at.is_(None))
    kept: dict[str, list[Job]] = {}
    for row in connection.execute(question.order_by(_JOB.c.place)):
        job = _job(row)
        kept.setdefault(str(job.batch_id), []).append(job)
    return kept


_NAMES = [field.name for field in fields(Job) if field.name != "transaction"]


@cache
def _jobs() -> Select[Any]:
    taken = and_(_LEDGER.c.job_id == _JOB.c.id, _LEDGER.c.kind.in_(_TAKEN))
    columns = [_JOB.c[name] for name in _NAMES]
    return select(*columns, _LEDGER.c.number.label("transaction")).select_from(_JOB.outerjoin(_LEDGER, taken))


def _job(row: Row[Any]) -> Job:
    return Job(**row._asdict())


def _owned(account_id: str, job_id: str, operation: str | None = None) -> Any:
    clauses = [_JOB.c.id == job_id, _JOB.c.account_id == account_id, _JOB.c.deleted_at.is_(None)]
    if operation is not None:
        clauses.append(_JOB.c.operation == operation)
    return and_(*clauses)


def _missing(job_id: str) -> NotFound:
    return NotFound(f"There is no job {job_id}.", "See whether the identifier is whole, and the job yours.")


def _conflict(job: Job, wanted: str) -> Conflict:
    return Conflict(
        f"Job {job.id} is {job.state.replace('_', ' ')}, and can not be {wanted}.", "Look at the job.", state=job.state
    )
