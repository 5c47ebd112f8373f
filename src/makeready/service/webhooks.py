"""Telling a client that its job has ended: a signed POST, again and again for most of a day until it is taken.

A delivery is written in the transaction that ends its job, so there is one for each job that asked for it, and none
for a job that did not end. Couriers, one in each worker, send what is due. One that is killed leaves a lease that runs
out, and another sends the same text under the same ``webhook-id``: a receiver may see a delivery twice, and can tell.

Signed as https://www.standardwebhooks.com says, with the account's secret.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Select, func, insert, or_, select, update
from standardwebhooks import Webhook

from makeready.service import clock, ids
from makeready.service.database import Database
from makeready.service.errors import FetchRefused
from makeready.service.fetch import Fetcher
from makeready.service.tables import account, delivery, webhook_attempt

if TYPE_CHECKING:
    from makeready.service.jobs import Job

#: Seconds between one try and the next. What still fails after the last of them, 22 hours later, is given up.
DELAYS = (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
TRIES = len(DELAYS) + 1
#: How much longer a delay may be by chance, so that what failed together does not come back together.
SPREAD = 0.1
#: Seconds a receiver has.
SECONDS = 10.0
#: Seconds a courier has before another may send the same.
LEASE_S = 60.0
#: Deliveries a courier sends side by side.
AT_ONCE = 8
PENDING, DELIVERED, GIVEN_UP = "pending", "delivered", "given_up"


def enqueue(c: Connection, *, job: Job, url: str, body: str) -> None:
    """Write down that a client is to be told, in the transaction that ends its job.

    Args:
        c: that transaction.
        job: the job; one has at most one delivery, and the database sees to it.
        url: who is told.
        body: the JSON text that is signed and sent, as it is.
    """
    c.execute(
        insert(delivery).values(
            id=ids.new("msg"),
            job_id=job.id,
            account_id=job.account_id,
            url=url,
            body=body,
            state=PENDING,
            tries=0,
            next_at=clock.now(),
            created_at=clock.now(),
        )
    )


def headers(delivery_id: str, at: float, body: str, secret: str) -> dict[str, str]:
    """What a delivery is sent with.

    Args:
        delivery_id: the same for every try.
        at: when it is sent, in seconds since 1970.
        body: the exact text that is sent, in UTF-8.
        secret: the account's, ``whsec_`` and base64.
    """
    moment = datetime.fromtimestamp(int(at), UTC)
    return {
        "Content-Type": "application/json",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": Webhook(secret).sign(delivery_id, moment, body),
    }


@dataclass(frozen=True, slots=True)
class _Due:
    """A delivery that this courier alone has, until its lease runs out."""

    id: str
    url: str
    body: str
    secret: str
    #: Which try this is, from 1.
    tries: int
    token: str
    #: The database's time when it was taken.
    at: float


class Courier:
    """Sends what is due. Any number of them, in any number of processes."""

    def __init__(self, database: Database, fetcher: Fetcher) -> None:
        """Send nothing yet."""
        self._database = database
        self._fetcher = fetcher

    def turn(self) -> bool:
        """Send what is due now, a few at most; takes no longer than the slowest receiver may (10 s).

        Returns:
            Whether there was anything to send.
        """
        taken = self._taken()
        if taken:
            with ThreadPoolExecutor(len(taken), "courier") as pool:
                for _ in pool.map(self._deliver, taken):
                    pass  # what one of them raises is raised here
        return bool(taken)

    def _taken(self) -> list[_Due]:
        """Lease what is due."""
        with self._database.reading() as c:  # an idle courier writes nothing and waits for nobody
            if c.execute(select(delivery.c.id).where(*_free()).limit(1)).first() is None:
                return []
        token = ids.new()
        with self._database.writing() as c:
            chosen = c.execute(_next_ones()).scalars().all()
            free = select(delivery.c.id).where(delivery.c.id.in_(chosen), *_free())
            # PostgreSQL: another courier's are left to it, SQLite: there is no other while this one writes.
            taken = c.execute(free.with_for_update(skip_locked=True)).scalars().all()
            c.execute(
                update(delivery)
                .where(delivery.c.id.in_(taken))
                .values(token=token, lease_until=clock.now() + LEASE_S, tries=delivery.c.tries + 1)
            )
            rows = c.execute(
                select(delivery, account.c.webhook_secret, clock.now().label("at"))
                .join(account, account.c.id == delivery.c.account_id)
                .where(delivery.c.id.in_(taken))
            ).all()
        return [_Due(row.id, row.url, row.body, row.webhook_secret, row.tries, token, row.at) for row in rows]

    def _deliver(self, due: _Due) -> None:
        if due.tries > TRIES:
            self._record(due, 0.0, None, "Each courier that sent it died.")
            return
        signed = headers(due.id, due.at, due.body, due.secret)
        begun, status, error = time.monotonic(), None, None
        try:
            status = self._fetcher.post(due.url, due.body.encode(), signed, seconds=SECONDS).status
        except FetchRefused as refused:
            error = str(refused)
        self._record(due, time.monotonic() - begun, status, error)

    def _record(self, due: _Due, seconds: float, status: int | None, error: str | None) -> None:
        """Write down how a try went, and what comes next."""
        success = status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        over = status == HTTPStatus.GONE or due.tries >= TRIES
        wait = 0.0 if success or over else DELAYS[due.tries - 1] * random.uniform(1, 1 + SPREAD)  # noqa: S311
        # A courier that was so slow that another has the delivery now decides nothing, unless it is done.
        concerned = [delivery.c.id == due.id, delivery.c.state == PENDING]
        if not success:
            concerned.append(delivery.c.token == due.token)
        with self._database.writing() as c:
            c.execute(
                insert(webhook_attempt).values(
                    delivery_id=due.id, at=due.at, seconds=seconds, status=status, error=error
                )
            )
            c.execute(
                update(delivery)
                .where(*concerned)
                .values(
                    state=DELIVERED if success else GIVEN_UP if over else PENDING,
                    next_at=clock.now() + wait,
                    token=None,
                    lease_until=None,
                )
            )


def _free() -> tuple[ColumnElement[bool], ...]:
    """What may be sent now, and nobody is sending."""
    nobody = or_(delivery.c.lease_until.is_(None), delivery.c.lease_until <= clock.now())
    return delivery.c.state == PENDING, delivery.c.next_at <= clock.now(), nobody


def _next_ones() -> Select[tuple[str]]:
    """Whose turn it is: one of each account, then a second, so that nobody's many keep another's few waiting."""
    place = func.row_number().over(partition_by=delivery.c.account_id, order_by=delivery.c.next_at)
    waiting = select(delivery.c.id, delivery.c.next_at, place.label("place")).where(*_free()).subquery()
    return select(waiting.c.id).order_by(waiting.c.place, waiting.c.next_at).limit(AT_ONCE)
