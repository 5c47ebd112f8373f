"""The service as its operators see it: workers, jobs that failed, every account; and who of the accounts they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, or_, select, update

from makeready.service import accounts, clock, states, tables
from makeready.service.accounts import ACTIVE, FIELDS, Account
from makeready.service.catalogue import ALIVE_S
from makeready.service.database import Database
from makeready.service.errors import Conflict, NotFound

#: For how long a worker is shown that says nothing any more, in seconds.
_REMEMBERED_S = 24 * 3600
#: Reasons that lie with the service; what is said of others is about what an account sent.
_OURS = frozenset({"INTERNAL_ERROR", "WORKER_DIED", "MODEL_NOT_INSTALLED", "SERVICE_UNAVAILABLE", "NOT_CONFIGURED"})

_ACCOUNT, _JOB, _WALLET, _WORKER = tables.account.c, tables.job.c, tables.wallet.c, tables.worker.c


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that does jobs, as it last said."""

    host: str
    pid: int
    queues: list[str]
    #: Jobs at a time.
    slots: int
    #: It ends when its jobs have.
    draining: bool
    #: What jobs may need and it cannot do → the command that installs it.
    lacks: dict[str, str]
    started_at: float
    seen_at: float
    #: Whether it has said something within the last minute.
    alive: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """A job that failed, without what its account sent."""

    id: str
    account_id: str
    email: str
    dialect: str
    operation: str
    queue: str
    #: How often it was begun.
    attempt: int
    code: str
    #: Only where the reason lies with the service.
    message: str
    ended_at: float


@dataclass(frozen=True, slots=True)
class Known:
    """An account with what its operators want to see at once."""

    account: Account
    #: Whether it looks after the service.
    operator: bool
    #: Its wallets, by currency.
    balances: dict[str, int]


class Overseeing:
    """Questions and deeds over all accounts, for operators alone. Threads may share it."""

    def __init__(self, database: Database) -> None:
        """Ask nothing yet."""
        self._database = database

    def workers(self) -> list[Worker]:
        """Workers that said something within a day, by their hosts."""
        fields = (
            _WORKER.host, _WORKER.pid, _WORKER.queues, _WORKER.slots, _WORKER.draining, _WORKER.lacks,
            _WORKER.started_at, _WORKER.seen_at, _WORKER.seen_at > clock.now() - ALIVE_S,
        )  # fmt: skip
        recent = select(*fields).where(_WORKER.seen_at > clock.now() - _REMEMBERED_S)
        with self._database.reading() as connection:
            return [Worker(*row) for row in connection.execute(recent.order_by(_WORKER.host, _WORKER.pid))]

    def failed(self, *, limit: int = 25, skip: int = 0) -> list[Failed]:
        """Jobs of all accounts that failed, the last one first.

        Args:
            limit: how many at most.
            skip: how many of the last to leave out.
        """
        fields = (
            _JOB.id, _JOB.account_id, _ACCOUNT.email, _JOB.dialect, _JOB.operation, _JOB.queue, _JOB.attempt,
            _JOB.error_code, _JOB.error_message, _JOB.ended_at,
        )  # fmt: skip
        question = (
            select(*fields)
            .join(tables.account, _ACCOUNT.id == _JOB.account_id)
            .where(_JOB.state == states.FAILED)
            .order_by(_JOB.ended_at.desc(), _JOB.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(question.limit(limit).offset(skip)).all()
        return [
            Failed(
                row.id, row.account_id, row.email, row.dialect, row.operation, row.queue, row.attempt,
                row.error_code or "", (row.error_message or "") if row.error_code in _OURS else "", row.ended_at,
            )
            for row in rows
        ]  # fmt: skip

    def accounts(self, text: str = "", *, limit: int = 25, skip: int = 0) -> list[Known]:
        """Accounts, the newest first.

        Args:
            text: part of their addresses or names, or an identifier; all when left out.
            limit: how many at most.
            skip: how many of the newest to leave out.
        """
        wanted = _known().order_by(_ACCOUNT.created_at.desc(), _ACCOUNT.id)
        if text:
            parts = (column.icontains(text, autoescape=True) for column in (_ACCOUNT.email, _ACCOUNT.name))
            wanted = wanted.where(or_(_ACCOUNT.id == text, *parts))
        return self._found(wanted.limit(limit).offset(skip))

    def account(self, account_id: str) -> Known:
        """One account.

        Raises:
            NotFound: there is none.
        """
        if found := self._found(_known().where(_ACCOUNT.id == account_id)):
            return found[0]
        raise _missing(account_id)

    def suspend(self, account_id: str) -> None:
        """Refuse every request of an account from now on, and sign it out. Its jobs go on; what it has is kept.

        Raises:
            NotFound: there is no such account.
            Conflict: it is the last that looks after the service.
        """
        self._leave(account_id, lambda connection: accounts.suspend(connection, account_id))

    def activate(self, account_id: str) -> None:
        """Serve a suspended account again.

        Raises:
            NotFound: there is no such account.
        """
        self._change(account_id, status=ACTIVE)

    def appoint(self, account_id: str) -> None:
        """Let an account look after the service.

        Raises:
            NotFound: there is no such account.
        """
        self._change(account_id, operator=True)

    def dismiss(self, account_id: str, *, even_the_last: bool = False) -> None:
        """Let an account look after the service no longer.

        Args:
            account_id: which.
            even_the_last: also where nobody is left who does, as for who can appoint another from the command line.

        Raises:
            NotFound: there is no such account.
            Conflict: it is the last that does.
        """
        if even_the_last:
            self._change(account_id, operator=False)
        else:
            self._leave(account_id, lambda connection: _changed(connection, account_id, operator=False))

    def _change(self, account_id: str, **values: Any) -> None:
        with self._database.writing() as connection:
            if not _changed(connection, account_id, **values):
                raise _missing(account_id)

    def _leave(self, account_id: str, change: Callable[[Connection], bool]) -> None:
        """Change an account so that it can no longer look after the service."""
        able = select(_ACCOUNT.id).where(_ACCOUNT.operator, _ACCOUNT.status == ACTIVE).order_by(_ACCOUNT.id)
        with self._database.writing() as connection:
            # Two who dismiss each other at once wait here: the second finds that it is the last.
            if connection.execute(able.with_for_update()).scalars().all() == [account_id]:
                raise Conflict("This is the last account that looks after the service.", "Let another one do so first.")
            if not change(connection):
                raise _missing(account_id)

    def _found(self, wanted: Select[Any]) -> list[Known]:
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
            wallets: dict[str, dict[str, int]] = {row.id: {} for row in rows}
            question = select(_WALLET.account_id, _WALLET.currency, _WALLET.balance)
            for owner, currency, balance in connection.execute(question.where(_WALLET.account_id.in_(wallets))):
                wallets[owner][currency] = balance
        return [Known(Account(*fields), operator, wallets[fields[0]]) for *fields, operator in rows]


def _changed(connection: Connection, account_id: str, **values: Any) -> bool:
    changing = update(tables.account).where(_ACCOUNT.id == account_id)
    return connection.execute(changing.values(values)).rowcount == 1


def _known() -> Select[Any]:
    return select(*FIELDS, _ACCOUNT.operator)


def _missing(account_id: str) -> NotFound:
    return NotFound(f"There is no account {account_id[:60]}.")
