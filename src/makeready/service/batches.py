"""Batches: several jobs that were asked for at once, charged together or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from makeready.service import clock, ids, states, tables, wallet
from makeready.service.database import Database
from makeready.service.errors import Conflict, NotFound
from makeready.service.jobs import Job, Jobs, Order

_BATCH, _JOB = tables.batch, tables.job


@dataclass(frozen=True, slots=True)
class Batch:
    """What was asked for at once."""

    id: str
    account_id: str
    dialect: str
    #: What the API keeps with it: its name, the settings that all its jobs share, ``webhook_url``.
    details: dict[str, Any]
    created_at: float


class Batches:
    """The batches of all accounts; each sees its own."""

    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._database = database
        self._jobs = jobs

    def submit(
        self,
        account_id: str,
        orders: Sequence[Order],
        *,
        dialect: str,
        details: Mapping[str, Any],
        batch_id: str | None = None,
    ) -> tuple[Batch, list[Job]]:
        """Take the money for all jobs and put them into their queue: all of it, or nothing.

        Args:
            account_id: whose they are, and who pays.
            orders: the jobs, in the order in which they are shown.
            dialect: the API that they came through.
            details: what it keeps with the batch.
            batch_id: its identifier; a new one when left out.

        Raises:
            QueueFull: too many jobs wait.
            InsufficientFunds: the wallet has too little for all of them.
            Conflict: there was a batch of this identifier, and it was deleted.
        """
        batch_id = batch_id or ids.new("batch")
        try:
            with self._database.writing() as connection:
                return self._put(connection, account_id, orders, dialect, details, batch_id)
        except IntegrityError as error:  # the same request made it a moment ago, in another process
            with contextlib.suppress(NotFound):
                batch = self.get(account_id, batch_id, dialect=dialect)
                return batch, self.jobs([batch])[batch.id]
            if not self._known(batch_id):
                raise
            raise Conflict(
                "The same request made a batch, which was deleted.", "Send it under a new Idempotency-Key."
            ) from error

    def _put(
        self,
        connection: Connection,
        account_id: str,
        orders: Sequence[Order],
        dialect: str,
        details: Mapping[str, Any],
        batch_id: str,
    ) -> tuple[Batch, list[Job]]:
        values = {"id": batch_id, "account_id": account_id, "dialect": dialect, "details": dict(details)}
        made = insert(_BATCH).values(values | {"created_at": clock.now()}).returning(_BATCH)
        batch = _batch(connection.execute(made).one())
        # Looked at before anything is taken: the refusal says what all of them cost, and what there really is.
        for currency in wallet.in_order({order.currency for order in orders}):
            total = sum(order.amount for order in orders if order.currency == currency)
            wallet.enough(connection, account_id, currency, total)
        jobs = [
            self._jobs.put(connection, account_id, order.of(dialect, batch_id), place=place, places=len(orders))
            for place, order in enumerate(orders)
        ]
        return batch, jobs

    def get(self, account_id: str, batch_id: str, *, dialect: str) -> Batch:
        """One batch.

        Raises:
            NotFound: there is none, it is deleted, or belongs to another account or API.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(_BATCH).where(_BATCH.c.id == batch_id, _mine(account_id, dialect))).first()
        if row is None:
            raise NotFound(
                f"There is no batch {batch_id}.", "See whether the identifier is whole, and the batch yours."
            )
        return _batch(row)

    def listed(self, account_id: str, *, dialect: str, limit: int = 20, skip: int = 0) -> tuple[list[Batch], int]:
        """The newest batches first, and how many there are in all."""
        mine = _mine(account_id, dialect)
        newest = select(_BATCH).where(mine).order_by(_BATCH.c.created_at.desc(), _BATCH.c.id.desc())
        with self._database.reading() as connection:
            rows = connection.execute(newest.limit(limit).offset(skip)).all()
            count = connection.execute(select(func.count()).select_from(_BATCH).where(mine)).scalar_one()
        return [_batch(row) for row in rows], count

    def jobs(self, batches: Sequence[Batch]) -> dict[str, list[Job]]:
        """The jobs of some batches, in the order in which they were given."""
        found = self._jobs.of_batches([batch.id for batch in batches])
        return {batch.id: found.get(batch.id, []) for batch in batches}

    def delete(self, account_id: str, batch_id: str, *, dialect: str) -> None:
        """Cancel what has not ended, give its money back, and delete the batch with its jobs and their files.

        Raises:
            NotFound: as in ``get``.
        """
        batch = self.get(account_id, batch_id, dialect=dialect)
        jobs = self.jobs([batch])[batch.id]
        # First they end, then they go: who is told of the batch when its last one ends, is told of all.
        for job in jobs:
            if not job.ended:
                with contextlib.suppress(NotFound, Conflict):
                    self._jobs.cancel(account_id, job.id)
        for job in jobs:
            with contextlib.suppress(NotFound):  # another request deletes it at the same time
                self._jobs.delete(account_id, job.id)
        with self._database.writing() as connection:
            connection.execute(update(_BATCH).where(_BATCH.c.id == batch.id).values(deleted_at=clock.now()))

    def _known(self, batch_id: str) -> bool:
        with self._database.reading() as connection:
            return connection.execute(select(_BATCH.c.id).where(_BATCH.c.id == batch_id)).first() is not None

    @staticmethod
    def state(jobs: Sequence[Job]) -> str:
        """What a batch is at, told from its jobs: pending, processing, completed, failed or cancelled.

        It has failed where every job has, and is completed where all ended and one is.
        """
        found = {job.state for job in jobs}
        if found <= states.ENDED:
            if states.COMPLETED in found:
                return states.COMPLETED
            return states.FAILED if states.FAILED in found else states.CANCELLED
        return states.PENDING if found == {states.PENDING} else states.PROCESSING


def _mine(account_id: str, dialect: str) -> Any:
    return and_(_BATCH.c.account_id == account_id, _BATCH.c.dialect == dialect, _BATCH.c.deleted_at.is_(None))


def _batch(row: Row[Any]) -> Batch:
    return Batch(row.id, row.account_id, row.dialect, row.details, row.created_at)
