"""Telling a client that its job has ended: a signed POST, again and again for most of a day until it is taken.

A delivery is written in the transaction that ends its job, so there is one for each job that asked for it, and none
for a job that did not end. Couriers, one in each worker, send what is due. One that is killed leaves a lease that runs
out, and another sends the same text under the same ``webhook-id``: a receiver may see a delivery twice, and can tell.

Signed as https://www.standardwebhooks.com says, with the account's secret.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, func, insert, or_, select, update
from standardwebhooks import Webhook

from makeready.service import clock, ids
from makeready.service.database import Database
from makeready.service.errors import FetchRefused, NotFound
from makeready.service.fetch import Fetcher
from makeready.service.tables import account, delivery, job, webhook_attempt

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


@dataclass(frozen=True, slots=True)
class Delivery:
    """That a client is told of a job, and how far that is."""

    #: Its ``webhook-id``.
    id: str
    job_id: str
    url: str
    #: ``pending``, ``delivered`` or ``given_up``.
    state: str
    #: Since it was last asked for; all tries there were are in ``Webhooks.attempts``.
    tries: int
    #: When it is sent next, while it is pending.
    next_at: float
    created_at: float
    #: Whether its owner has deleted the job.
    forgotten: bool


@dataclass(frozen=True, slots=True)
class DeliveryWithBody(Delivery):
    """The same, with what the client is told."""

    #: The exact text that is sent.
    body: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try."""

    at: float
    seconds: float
    #: The answer's, or none and why there is none.
    status: int | None
    error: str | None

    @property
    def arrived(self) -> bool:
        """Whether it was taken."""
        return _success(self.status)


_DELIVERY = (
    delivery.c.id,
    delivery.c.job_id,
    delivery.c.url,
    delivery.c.state,
    delivery.c.tries,
    delivery.c.next_at,
    delivery.c.created_at,
    job.c.deleted_at.is_not(None),
)


class Webhooks:
    """Deliveries as the accounts see them that they go to; each sees its own. Threads may share it."""

    def __init__(self, database: Database, fetcher: Fetcher) -> None:
        """Look after deliveries."""
        self._database, self._fetcher = database, fetcher

    def listed(self, account_id: str, *, limit: int = 25, skip: int = 0) -> list[Delivery]:
        """Deliveries, the newest first.

        Args:
            account_id: whose.
            limit: how many at most.
            skip: how many of the newest to leave out.
        """
        newest = _deliveries(account_id).order_by(delivery.c.created_at.desc(), delivery.c.id.desc())
        with self._database.reading() as c:
            return [Delivery(*row) for row in c.execute(newest.limit(limit).offset(skip))]

    def get(self, account_id: str, delivery_id: str) -> DeliveryWithBody:
        """One delivery.

        Raises:
            NotFound: there is none, or it is another account's.
        """
        with self._database.reading() as c:
            question = _deliveries(account_id).add_columns(delivery.c.body)
            row = c.execute(question.where(delivery.c.id == delivery_id)).first()
        if row is None:
            raise _missing(delivery_id)
        return DeliveryWithBody(*row)

    def attempts(self, account_id: str, delivery_id: str) -> list[Attempt]:
        """Every try of a delivery, the first one first; none where the delivery is another account's."""
        one = webhook_attempt.c
        tried = (
            select(one.at, one.seconds, one.status, one.error)
            .join(delivery, delivery.c.id == one.delivery_id)
            .where(delivery.c.id == delivery_id, delivery.c.account_id == account_id)
            .order_by(one.number)
        )
        with self._database.reading() as c:
            return [Attempt(*row) for row in c.execute(tried)]

    def resend(self, account_id: str, delivery_id: str) -> None:
        """Send a delivery again as soon as a courier comes, whatever became of it: the same text and ``webhook-id``.

        Raises:
            NotFound: there is none, or it is another account's.
        """
        mine = (delivery.c.id == delivery_id, delivery.c.account_id == account_id)
        anew = {"state": PENDING, "tries": 0, "next_at": clock.now(), "token": None, "lease_until": None}
        with self._database.writing() as c:
            if not c.execute(update(delivery).where(*mine).values(anew)).rowcount:
                raise _missing(delivery_id)

    def secret(self, account_id: str) -> str:
        """What the webhooks of an account are signed with, ``whsec_…``."""
        with self._database.reading() as c:
            return str(c.execute(select(account.c.webhook_secret).where(account.c.id == account_id)).scalar_one())

    def rotate(self, account_id: str) -> None:
        """Sign with another secret from now on; what is still to be sent, too, as it is signed when it is sent."""
        with self._database.writing() as c:
            c.execute(update(account).where(account.c.id == account_id).values(webhook_secret=ids.secret()))

    def test(self, account_id: str, url: str) -> Attempt:
        """Send a signed text that is about no job, once, and say what came of it. Takes 10 s at most.

        Args:
            account_id: with whose secret it is signed.
            url: where to.
        """
        at = time.time()
        moment = datetime.fromtimestamp(int(at), UTC).isoformat().replace("+00:00", "Z")
        body = json.dumps({"type": "test", "timestamp": moment, "data": {}})
        return _posted(self._fetcher, url, body, headers(ids.new("msg"), at, body, self.secret(account_id)), at)


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
        tried = _posted(self._fetcher, due.url, due.body, signed, due.at)
        self._record(due, tried.seconds, tried.status, tried.error)

    def _record(self, due: _Due, seconds: float, status: int | None, error: str | None) -> None:
        """Write down how a try went, and what comes next."""
        success = _success(status)
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


def _posted(fetcher: Fetcher, url: str, body: str, signed: Mapping[str, str], at: float) -> Attempt:
    """Send a text once."""
    begun, status, error = time.monotonic(), None, None
    try:
        status = fetcher.post(url, body.encode(), signed, seconds=SECONDS).status
    except FetchRefused as refused:
        error = str(refused)
    return Attempt(at, time.monotonic() - begun, status, error)


def _success(status: int | None) -> bool:
    return status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def _deliveries(account_id: str) -> Select[Any]:
    mine = delivery.c.account_id == account_id
    return select(*_DELIVERY).join(job, job.c.id == delivery.c.job_id).where(mine)


def _missing(delivery_id: str) -> NotFound:
    return NotFound(f"There is no delivery {delivery_id[:60]}.")


def _free() -> tuple[ColumnElement[bool], ...]:
    """What may be sent now, and nobody is sending."""
    nobody = or_(delivery.c.lease_until.is_(None), delivery.c.lease_until <= clock.now())
    return delivery.c.state == PENDING, delivery.c.next_at <= clock.now(), nobody


def _next_ones() -> Select[tuple[str]]:
    """Whose turn it is: one of each account, then a second, so that nobody's many keep another's few waiting."""
    place = func.row_number().over(partition_by=delivery.c.account_id, order_by=delivery.c.next_at)
    waiting = select(delivery.c.id, delivery.c.next_at, place.label("place")).where(*_free()).subquery()
    return select(waiting.c.id).order_by(waiting.c.place, waiting.c.next_at).limit(AT_ONCE)
