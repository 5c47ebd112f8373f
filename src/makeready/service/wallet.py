"""Money: what an account has, and the ledger that says why. Only this module writes either.

Every function works in the caller's transaction, so that a charge and what it is for are kept or lost together. The
wallet's row is changed before the ledger is written, and stays locked to the end: entries of one wallet are numbered
in the order in which its balance changed, and none is below zero.

What is taken for a job is taken once, and no more is given back than was taken, however often somebody tries.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, case, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from makeready.service import clock, tables
from makeready.service.errors import Conflict, InsufficientFunds

#: What can be paid with.
CURRENCIES = ("tokens", "credits", "images")
#: The most that is taken or given at once; balances stay far from the end of the database's numbers.
MOST = 10**12

_NOTE = 200
_WALLET, _LEDGER = tables.wallet.c, tables.ledger.c
_MINE = (_WALLET.account_id == bindparam("mine"), _WALLET.currency == bindparam("in_currency"))
_TAKE = (
    update(tables.wallet)
    .where(*_MINE, _WALLET.balance >= bindparam("amount"))
    .values(balance=_WALLET.balance - bindparam("amount"), used=_WALLET.used + bindparam("amount"))
    .returning(_WALLET.balance)
)
_BALANCE = select(_WALLET.balance).where(*_MINE)
_NET = select(func.coalesce(func.sum(_LEDGER.amount), 0)).where(
    _LEDGER.job_id == bindparam("of_job"),
    _LEDGER.account_id == bindparam("mine"),
    _LEDGER.currency == bindparam("in_currency"),
)
_ENTER = insert(tables.ledger).returning(_LEDGER.number)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger."""

    number: int
    account_id: str
    currency: str
    #: ``charge``, ``hold``, ``release``, ``refund``, ``grant`` or ``reset``.
    kind: str
    #: What it added to the balance; charges and holds are negative.
    amount: int
    balance_after: int
    job_id: str | None
    note: str
    created_at: float

    @property
    def name(self) -> str:
        """As clients see it."""
        return name(self.number)


def name(number: int) -> str:
    """The name of an entry: ``TX-00011``."""
    return f"TX-{number:05d}"


def take(
    connection: Connection,
    account_id: str,
    currency: str,
    amount: int,
    *,
    kind: Literal["charge", "hold"],
    job_id: str | None = None,
    note: str = "",
) -> int:
    """Take money out of a wallet.

    Args:
        connection: the transaction.
        account_id: whose wallet.
        currency: one of ``CURRENCIES``.
        amount: 0..``MOST``; for 0 nothing is written.
        kind: a ``hold`` may be given back in part when the job completes.
        job_id: what it is for.
        note: for people; 200 characters are kept.

    Returns:
        The entry's number, or 0 where nothing was written.

    Raises:
        InsufficientFunds: there is less; nothing was taken.
        Conflict: the job has paid already; the transaction has to be given up.
        ValueError: the amount or currency is impossible.
    """
    _possible(currency, amount)
    if not amount:
        return 0
    mine = {"mine": account_id, "in_currency": currency}
    left = connection.execute(_TAKE, {**mine, "amount": amount}).scalar()
    if left is None:
        raise _too_little(currency, balance(connection, account_id, currency), amount)
    return _enter(connection, account_id, currency, kind, -amount, left, job_id, note)


def enough(connection: Connection, account_id: str, currency: str, amount: int) -> None:
    """See that a wallet has what several jobs take together; nobody else takes from it until the transaction is over.

    Raises:
        InsufficientFunds: there is less.
        ValueError: the currency is impossible, or the amount below 0.
    """
    _possible(currency, min(amount, MOST))
    had = connection.execute(_BALANCE.with_for_update(), {"mine": account_id, "in_currency": currency}).scalar() or 0
    if had < amount:
        raise _too_little(currency, had, amount)


def give(
    connection: Connection,
    account_id: str,
    currency: str,
    amount: int,
    *,
    kind: Literal["refund", "release", "grant", "reset"],
    job_id: str | None = None,
    note: str = "",
) -> int:
    """Put money into a wallet.

    Args:
        connection: the transaction.
        account_id: whose wallet.
        currency: one of ``CURRENCIES``.
        amount: 0..``MOST``; for 0 nothing is written.
        kind: why; a ``refund`` or ``release`` gives back what was taken for ``job_id``.
        job_id: the job it was taken for.
        note: for people; 200 characters are kept.

    Returns:
        The entry's number, or 0 where nothing was written.

    Raises:
        Conflict: the job has had this already, or less was taken for it than it would have back; the transaction has
            to be given up.
        ValueError: the amount or currency is impossible.
    """
    _possible(currency, amount)
    if not amount:
        return 0
    now = _added(connection, account_id, currency, amount, unused=amount if job_id is not None else 0)
    if job_id is not None:
        # The wallet's row is locked by now: nobody else gives back at the same time.
        net = connection.execute(_NET, {"of_job": job_id, "mine": account_id, "in_currency": currency}).scalar_one()
        if net + amount > 0:
            raise Conflict(f"The job {job_id} has paid {-net} {currency}, and would have {amount} back.")
    return _enter(connection, account_id, currency, kind, amount, now, job_id, note)


def refill(connection: Connection, account_id: str, currency: str, allowance: int, *, note: str = "") -> int:
    """Bring a wallet up to a plan's monthly allowance; one that has more keeps it.

    Args:
        connection: the transaction.
        account_id: whose wallet.
        currency: one of ``CURRENCIES``.
        allowance: what it has at least afterwards, 0..``MOST``.
        note: for people.

    Returns:
        The entry's number, or 0 where nothing was missing.
    """
    _possible(currency, allowance)
    mine = {"mine": account_id, "in_currency": currency}
    had = connection.execute(_BALANCE.with_for_update(), mine).scalar() or 0
    return give(connection, account_id, currency, max(0, allowance - had), kind="reset", note=note)


def new_month(connection: Connection, account_id: str) -> None:
    """Count what is used from nothing again, in all of an account's wallets."""
    connection.execute(update(tables.wallet).where(_WALLET.account_id == account_id).values(used=0))


def usage(connection: Connection, account_id: str, currency: str) -> tuple[int, int]:
    """What a wallet has, and what jobs took out of it in the running month."""
    asked = select(_WALLET.balance, _WALLET.used).where(*_MINE)
    row = connection.execute(asked, {"mine": account_id, "in_currency": currency}).first()
    return (row.balance, row.used) if row else (0, 0)


def in_order(currencies: Collection[str]) -> list[str]:
    """Currencies in the one order in which their wallets are locked.

    Who changes several wallets of an account in one transaction goes by it, so that no two wait for each other.
    """
    return [currency for currency in CURRENCIES if currency in currencies]


def balance(connection: Connection, account_id: str, currency: str) -> int:
    """What a wallet has; 0 where it never had anything."""
    return connection.execute(_BALANCE, {"mine": account_id, "in_currency": currency}).scalar() or 0


def balances(connection: Connection, account_id: str) -> dict[str, int]:
    """What an account has of each currency."""
    rows = connection.execute(select(_WALLET.currency, _WALLET.balance).where(_WALLET.account_id == account_id))
    return dict.fromkeys(CURRENCIES, 0) | {row.currency: row.balance for row in rows}


def entries(
    connection: Connection,
    account_id: str,
    currency: str | None = None,
    *,
    limit: int = 50,
    before: int | None = None,
    since: float | None = None,
    until: float | None = None,
) -> list[Entry]:
    """The ledger of an account, newest first.

    Args:
        connection: where it is asked.
        account_id: whose.
        currency: only this one's.
        limit: how many at most.
        before: only those with smaller numbers: the last number of the page before.
        since: only those from this time on.
        until: only those before this time.
    """
    wanted = select(tables.ledger).where(_LEDGER.account_id == account_id)
    if currency is not None:
        wanted = wanted.where(_LEDGER.currency == currency)
    if before is not None:
        wanted = wanted.where(_LEDGER.number < before)
    if since is not None:
        wanted = wanted.where(_LEDGER.created_at >= since)
    if until is not None:
        wanted = wanted.where(_LEDGER.created_at < until)
    return [Entry(**row) for row in connection.execute(wanted.order_by(_LEDGER.number.desc()).limit(limit)).mappings()]


def _too_little(currency: str, had: int, amount: int) -> InsufficientFunds:
    return InsufficientFunds(
        f"This takes {amount} {currency}, and the wallet has {had}.",
        currency=currency,
        balance=had,
        needed=amount,
        shortfall=amount - had,
    )


def _possible(currency: str, amount: int) -> None:
    if currency not in CURRENCIES:
        raise ValueError(f"there is no currency {currency!r}; there are {', '.join(CURRENCIES)}")
    if not 0 <= amount <= MOST:
        raise ValueError(f"an amount is between 0 and {MOST}, not {amount}")


def _added(connection: Connection, account_id: str, currency: str, amount: int, *, unused: int) -> int:
    """The balance after an amount was added, of which so much was used by a job; the first one makes a wallet."""
    made: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    adding = made(tables.wallet).values(account_id=account_id, currency=currency, balance=amount)
    adding = adding.on_conflict_do_update(
        index_elements=[_WALLET.account_id, _WALLET.currency],
        set_={
            "balance": _WALLET.balance + adding.excluded.balance,
            # What was taken before the month began may be given back within it: nothing of this month was used then.
            "used": case((_WALLET.used > unused, _WALLET.used - unused), else_=0),
        },
    )
    return int(connection.execute(adding.returning(_WALLET.balance)).scalar_one())


def _enter(
    connection: Connection,
    account_id: str,
    currency: str,
    kind: str,
    amount: int,
    balance_after: int,
    job_id: str | None,
    note: str,
) -> int:
    line = {
        "account_id": account_id, "currency": currency, "kind": kind, "amount": amount, "balance_after": balance_after,
        "job_id": job_id, "note": note[:_NOTE],
    }  # fmt: skip
    try:
        return int(connection.execute(_ENTER.values(line | {"created_at": clock.now()})).scalar_one())
    except IntegrityError as error:
        if job_id is None or _LEDGER.job_id.name not in str(error.orig):
            raise
        raise Conflict(f"The ledger has the {kind} of the job {job_id} already.") from error
