"""What nobody asks for and has to be done: old things go, and each month's allowance comes.

Every worker has a janitor. Whatever one does, another may do at the same moment: each step is right whoever takes it,
and none is taken twice.
"""

from __future__ import annotations

import calendar
import datetime as dt
import json
import random
import re
import time
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, delete, or_, select, tuple_, update
from sqlalchemy.exc import OperationalError

from makeready.errors import UsageError
from makeready.service import clock, states, tables, wallet
from makeready.service.database import said
from makeready.service.files import DAY, GRACE_S
from makeready.service.store import Listed

if TYPE_CHECKING:
    from makeready.service.core import Service
    from makeready.service.database import Database
    from makeready.service.files import Files
    from makeready.service.jobs import Jobs
    from makeready.service.plans import Plans
    from makeready.service.queue import Queue
    from makeready.service.settings import Settings
    from makeready.service.store import Store

#: How long the answer to an idempotency key is kept.
IDEMPOTENCY_S = DAY
#: A worker that was not seen for so long is dead, and its row no longer of interest.
WORKER_S = 3600.0
#: How many rows are dealt with in one transaction.
_AT_ONCE = 200
_MINUTE, _HOUR = 60.0, 3600.0
#: How long a job waits for a worker that can do it, while there are others.
HOPELESS_S = 3600.0
#: No month is shorter.
_SHORTEST_MONTH_S = 28 * DAY
#: A key as files get one: account, job or ``-``, attempt or ``-``, and the file. Nothing else in a bucket is touched.
_OURS = re.compile(r"(?P<account>[^/]+)/[^/]+/[^/]+/file_[A-Za-z0-9]{21}-[^/]+")

_log = structlog.get_logger("makeready.janitor")
_FILE, _REPORT, _ACCOUNT, _JOB = tables.file, tables.report, tables.account, tables.job


class Janitor:
    """The chores of a service, each at its time."""

    def __init__(self, service: Service) -> None:
        self._database: Database = service.database
        self._jobs: Jobs = service.jobs
        self._queue: Queue = service.queue
        self._store: Store = service.store
        self._files: Files = service.files
        self._plans: Plans = service.plans
        self._settings: Settings = service.settings
        #: Each chore with the seconds between two times.
        self._chores: dict[Callable[[], int], float] = {
            self.allowances: _MINUTE,
            self.reports: 5 * _MINUTE,
            self.expired: _MINUTE,
            self.forgotten: 10 * _MINUTE,
            self.hopeless: 5 * _MINUTE,
            self.idempotency_keys: 10 * _MINUTE,
            self.workers: 10 * _MINUTE,
            self.uploads: _HOUR,
            self.orphans: _HOUR,
        }
        # The sweep lists the whole store: janitors that were started together do not all do so at once.
        self._due = dict.fromkeys(self._chores, 0.0) | {
            self.orphans: time.monotonic() + random.uniform(0.1, 1.0) * _HOUR  # noqa: S311 - no secret
        }

    def turn(self) -> bool:
        """Do what is due. A chore that fails is logged and tried again at its next time; the others do not wait for it.

        Returns:
            Whether something is left to do at once.
        """
        more = False
        for chore, seconds in self._chores.items():
            if time.monotonic() < self._due[chore]:
                continue
            self._due[chore] = time.monotonic() + seconds
            try:
                done = chore()
            except OperationalError as error:  # the database is away
                _log.error("chore failed", chore=chore.__name__, why=said(error))
                continue
            except Exception:
                _log.exception("chore failed", chore=chore.__name__)
                continue
            if done:
                _log.info("chore done", chore=chore.__name__, count=done)
            if done >= _AT_ONCE:
                self._due[chore] = 0.0
                more = True
        return more

    def expired(self) -> int:
        """Delete files whose time is over, except those that a job still needs; how many went."""
        gone, last = 0, (0.0, "")
        while True:
            place = tuple_(_FILE.c.expires_at, _FILE.c.id)
            with self._database.writing() as connection:
                rows = connection.execute(
                    select(_FILE.c.id, _FILE.c.account_id, _FILE.c.expires_at)
                    .where(_FILE.c.expires_at <= clock.now(), place > last)
                    .order_by(_FILE.c.expires_at, _FILE.c.id)
                    .limit(_AT_ONCE)
                    .with_for_update(skip_locked=True)
                ).all()
                if not rows:
                    return gone
                needed = _needed(connection, {row.account_id for row in rows})
                keys = _forgotten(connection, {row.id for row in rows if row.id not in needed})
            gone += self._gone(keys)
            last = (rows[-1].expires_at, rows[-1].id)

    def forgotten(self) -> int:
        """Cancel jobs that wait for an approval, or for a worker, past retention; how many."""
        return self._jobs.expire(self._settings.retention_days * DAY)

    def hopeless(self) -> int:
        """Cancel jobs that wait for what no worker has any more; how many."""
        return self._queue.give_up(HOPELESS_S)

    def reports(self) -> int:
        """Remove reports that were deleted or are past retention, with their files; how many went.

        A file stays while another report is about it, or a job still needs it.
        """
        oldest = clock.now() - self._settings.retention_days * DAY
        with self._database.writing() as connection:
            old = select(_REPORT.c.id).where(or_(_REPORT.c.deleted_at.is_not(None), _REPORT.c.created_at < oldest))
            rows = connection.execute(
                delete(_REPORT)
                .where(_REPORT.c.id.in_(old.limit(_AT_ONCE).with_for_update(skip_locked=True)))
                .returning(_REPORT.c.account_id, _REPORT.c.file_id, _REPORT.c.page_id)
            ).all()
            files = {name for row in rows for name in (row.file_id, row.page_id) if name}
            if files:
                files -= _needed(connection, {row.account_id for row in rows})
                others = select(_REPORT.c.file_id, _REPORT.c.page_id).where(
                    or_(_REPORT.c.file_id.in_(files), _REPORT.c.page_id.in_(files))
                )
                files -= {name for row in connection.execute(others) for name in row}
            keys = _forgotten(connection, files)
        self._gone(keys)
        return len(rows)

    def idempotency_keys(self) -> int:
        """Forget the answers to idempotency keys of yesterday; how many."""
        keys = tables.idempotency_key
        with self._database.writing() as connection:
            return connection.execute(delete(keys).where(keys.c.created_at < clock.now() - IDEMPOTENCY_S)).rowcount

    def workers(self) -> int:
        """Forget workers that are dead; how many."""
        workers = tables.worker
        with self._database.writing() as connection:
            return connection.execute(delete(workers).where(workers.c.seen_at < clock.now() - WORKER_S)).rowcount

    def uploads(self) -> int:
        """Remove what killed processes left half written on this machine; how many files."""
        return self._files.forget_uploads() + self._store.clean(GRACE_S)

    def orphans(self) -> int:
        """Remove objects that no row names: of attempts that lost their job, of uploads that came to nothing; how many.

        Only what was written ``GRACE_S`` ago or earlier, lies where files of this service lie and belongs to one of its
        accounts: an object that is about to get its row is young, and others' objects in the same bucket are theirs.
        """
        gone = 0
        for page in self._store.listed():
            for key in self._lost(page):
                self._store.delete(key)
                gone += 1
        return gone

    def allowances(self) -> int:
        """Bring wallets up to what their plans give each month, where a month is over; how many accounts had theirs.

        The first month of an account begins when it is made or gets another plan, each next one on the same day and at
        the same time. Months in which no worker ran are not made up for: the wallet is filled once.
        """
        done = 0
        with self._database.reading() as connection:
            now = connection.execute(select(clock.now())).scalar_one()
            due = connection.execute(
                select(_ACCOUNT.c.id, _ACCOUNT.c.plan, _ACCOUNT.c.cycle_started_at)
                .where(_ACCOUNT.c.status == "active", _ACCOUNT.c.cycle_started_at <= now - _SHORTEST_MONTH_S)
                .order_by(_ACCOUNT.c.cycle_started_at)
            ).all()
        for account in due:
            begins = month(account.cycle_started_at, now)
            if begins < account.cycle_started_at + _SHORTEST_MONTH_S:  # the month that runs, but for rounding
                continue
            try:
                done += self._filled(account, begins)
            except UsageError as error:  # its plan is in no file of plans any more; the others have theirs all the same
                _log.error("no allowance", account=account.id, why=str(error))
        return done

    def _filled(self, account: Any, begins: float) -> bool:
        allowances = self._plans.plan(account.plan).allowances
        with self._database.writing() as connection:
            # Whoever moves the month on, fills the wallet: the second one finds it moved and changes no row.
            moved = connection.execute(
                update(_ACCOUNT)
                .where(_ACCOUNT.c.id == account.id, _ACCOUNT.c.cycle_started_at == account.cycle_started_at)
                .values(cycle_started_at=begins)
            )
            if moved.rowcount != 1:
                return False
            wallet.new_month(connection, account.id)
            note = f"monthly allowance, plan {account.plan}"
            for currency in wallet.in_order(allowances):
                wallet.refill(connection, account.id, currency, allowances[currency], note=note)
        return True

    def _lost(self, page: Iterable[Listed]) -> list[str]:
        before = time.time() - GRACE_S
        old = {one.key: found["account"] for one in page
               if one.written_at < before and (found := _OURS.fullmatch(one.key))}  # fmt: skip
        if not old:
            return []
        with self._database.reading() as connection:
            known = set(connection.execute(select(_FILE.c.key).where(_FILE.c.key.in_(old))).scalars())
            ours = set(connection.execute(select(_ACCOUNT.c.id).where(_ACCOUNT.c.id.in_(set(old.values())))).scalars())
        return [key for key, account in old.items() if key not in known and account in ours]

    def _gone(self, keys: Collection[str]) -> int:
        # The rows are gone already, so nobody is shown a file without bytes. Where this fails, the sweep comes by.
        for key in keys:
            self._store.delete(key)
        return len(keys)


def month(first: float, now: float) -> float:
    """When the running month began, in seconds since 1970: the last time it was the day and time of ``first``.

    In a month without that day it is the last one.
    """
    day_one = dt.datetime.fromtimestamp(first, dt.UTC)
    today = dt.datetime.fromtimestamp(now, dt.UTC)
    begins = _in_month(day_one, today.year, today.month)
    if begins > today:
        year, before = divmod(today.year * 12 + today.month - 2, 12)
        begins = _in_month(day_one, year, before + 1)
    return begins.timestamp()


def next_month(first: float, now: float) -> float:
    """When the month after the running one begins; as ``month``."""
    running = dt.datetime.fromtimestamp(month(first, now), dt.UTC)
    year, after = divmod(running.year * 12 + running.month, 12)
    return _in_month(dt.datetime.fromtimestamp(first, dt.UTC), year, after + 1).timestamp()


def _in_month(day_one: dt.datetime, year: int, number: int) -> dt.datetime:
    return day_one.replace(year=year, month=number, day=min(day_one.day, calendar.monthrange(year, number)[1]))


def _needed(connection: Connection, accounts: Collection[str]) -> set[str]:
    """The files that unfinished jobs of some accounts begin from or have made."""
    rows = connection.execute(
        select(_JOB.c.params, _JOB.c.result).where(_JOB.c.account_id.in_(accounts), _JOB.c.state.not_in(states.ENDED))
    )
    return set(re.findall(r"file_[A-Za-z0-9]{21}", " ".join(json.dumps([row.params, row.result]) for row in rows)))


def _forgotten(connection: Connection, files: Collection[str]) -> list[str]:
    """Delete rows of files; the keys of their bytes, for whoever deleted them."""
    return list(connection.execute(delete(_FILE).where(_FILE.c.id.in_(files)).returning(_FILE.c.key)).scalars())
