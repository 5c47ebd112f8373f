"""Money: what a wallet has is what the ledger says, whoever takes and gives at the same time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from makeready.service import tables, wallet
from makeready.service.database import Database
from makeready.service.errors import Conflict, InsufficientFunds

JANE, JOHN = "acc_jane", "acc_john"


@pytest.fixture
def held(database: Database) -> Database:
    """A database with two accounts that have nothing."""
    with database.writing() as connection:
        for id in (JANE, JOHN):
            values = {"id": id, "email": f"{id}@example.com", "name": "", "plan": "free", "webhook_secret": "whsec_"}
            connection.execute(insert(tables.account).values(values | {"created_at": 0.0, "cycle_started_at": 0.0}))
    return database


def give(database: Database, amount: int, kind: str = "grant", job_id: str | None = None, whose: str = JANE) -> int:
    with database.writing() as connection:
        return wallet.give(connection, whose, "tokens", amount, kind=kind, job_id=job_id)  # type: ignore[arg-type]


def take(database: Database, amount: int, kind: str = "charge", job_id: str | None = None) -> int:
    with database.writing() as connection:
        return wallet.take(connection, JANE, "tokens", amount, kind=kind, job_id=job_id)  # type: ignore[arg-type]


def balance(database: Database, whose: str = JANE, currency: str = "tokens") -> int:
    with database.reading() as connection:
        return wallet.balance(connection, whose, currency)


def ledger(database: Database, whose: str = JANE) -> list[wallet.Entry]:
    with database.reading() as connection:
        return wallet.entries(connection, whose, limit=10_000)


def audit(database: Database, whose: str = JANE) -> None:
    """Every balance is the one before and the amount, none is negative, and the last is the wallet's."""
    now = 0
    for entry in reversed(ledger(database, whose)):
        now += entry.amount
        assert entry.balance_after == now >= 0, entry
    assert balance(database, whose) == now


def all_at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What each of some threads returns or raises that start together."""
    ready = threading.Barrier(count)

    def one(number: int) -> object:
        ready.wait()
        try:
            return work(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def test_what_is_taken_and_given_is_in_the_ledger(held: Database) -> None:
    before = time.time()
    give(held, 1000)
    charge = take(held, 150, job_id="job_1")
    give(held, 150, "refund", "job_1")
    assert balance(held) == 1000
    newest, middle, oldest = ledger(held)
    assert (newest.kind, newest.amount, newest.balance_after, newest.job_id) == ("refund", 150, 1000, "job_1")
    assert (middle.kind, middle.amount, middle.balance_after, middle.number) == ("charge", -150, 850, charge)
    assert (oldest.kind, oldest.amount, oldest.job_id) == ("grant", 1000, None)
    assert before - 1 <= newest.created_at <= time.time() + 1
    audit(held)


def test_a_wallet_with_too_little_is_refused_with_the_numbers_a_client_needs(held: Database) -> None:
    give(held, 50)
    with pytest.raises(InsufficientFunds) as refused:
        take(held, 150)
    assert refused.value.details == {"currency": "tokens", "balance": 50, "needed": 150, "shortfall": 100}
    assert balance(held) == 50
    assert len(ledger(held)) == 1


def test_a_wallet_that_never_had_anything_has_nothing(held: Database) -> None:
    with pytest.raises(InsufficientFunds) as refused:
        take(held, 1)
    assert refused.value.details["balance"] == 0
    assert balance(held, "nobody") == 0


def test_nothing_is_written_for_nothing(held: Database) -> None:
    assert take(held, 0) == 0
    assert give(held, 0) == 0
    assert ledger(held) == []


@pytest.mark.parametrize("amount", [-1, wallet.MOST + 1])
def test_impossible_amounts_are_a_mistake_of_the_program(held: Database, amount: int) -> None:
    with pytest.raises(ValueError, match="amount"):
        take(held, amount)
    with pytest.raises(ValueError, match="amount"):
        give(held, amount)
    with held.writing() as connection, pytest.raises(ValueError, match="currency"):
        wallet.give(connection, JANE, "gold", 1, kind="grant")


def test_money_is_taken_with_the_transaction_or_not_at_all(held: Database) -> None:
    give(held, 100)

    def fails() -> None:
        with held.writing() as connection:
            wallet.take(connection, JANE, "tokens", 60, kind="charge", job_id="job_1")
            raise RuntimeError("the job could not be written")

    with pytest.raises(RuntimeError):
        fails()
    assert balance(held) == 100
    take(held, 60, job_id="job_1")
    audit(held)


@pytest.mark.parametrize("kind", ["charge", "hold"])
def test_no_job_pays_twice(held: Database, kind: str) -> None:
    give(held, 100)
    take(held, 10, kind, "job_1")
    with pytest.raises(Conflict):
        take(held, 10, kind, "job_1")
    assert balance(held) == 90
    audit(held)


def test_no_job_is_refunded_twice(held: Database) -> None:
    give(held, 100)
    take(held, 60, job_id="job_1")
    take(held, 40, job_id="job_2")
    give(held, 20, "refund", "job_1")
    with pytest.raises(Conflict):
        give(held, 20, "refund", "job_1")
    assert balance(held) == 20
    audit(held)


def test_no_job_has_more_back_than_it_paid_under_whatever_name(held: Database) -> None:
    give(held, 500)
    take(held, 120, "hold", "job_1")
    give(held, 40, "release", "job_1")
    with pytest.raises(Conflict, match="has paid 80"):
        give(held, 120, "refund", "job_1")
    with pytest.raises(Conflict):
        give(held, 1, "refund", "job_that_never_paid")
    with pytest.raises(Conflict):
        give(held, 10, "refund", "job_1", whose=JOHN)
    give(held, 80, "refund", "job_1")
    assert balance(held) == 500
    assert balance(held, JOHN) == 0
    audit(held)


def test_the_database_itself_refuses_a_negative_balance(held: Database) -> None:
    give(held, 10)
    with pytest.raises(IntegrityError), held.writing() as connection:
        connection.execute(update(tables.wallet).values(balance=-1))
    assert balance(held) == 10


def test_many_who_take_at_once_never_get_more_than_there_is(held: Database) -> None:
    give(held, 1000)

    def takes(number: int) -> int:
        taken = 0
        for turn in range(40):
            with contextlib.suppress(InsufficientFunds):
                take(held, 7, job_id=f"job_{number}_{turn}")
                taken += 1
        return taken

    taken = all_at_once(8, takes)
    # 8 × 40 × 7 is more than twice what there is: all of it goes, but for what no longer pays for one.
    assert sum(taken) == 142  # type: ignore[arg-type]
    assert balance(held) == 1000 - 142 * 7
    audit(held)


def test_who_takes_gives_and_refunds_at_once_leaves_a_ledger_that_adds_up(held: Database) -> None:
    give(held, 100)

    def works(number: int) -> None:
        for turn in range(20):
            job = f"job_{number}_{turn}"
            try:
                take(held, 30, "hold", job)
            except InsufficientFunds:
                give(held, 10, whose=JOHN if turn % 2 else JANE)
                continue
            give(held, 30 if turn % 3 else 12, "release" if turn % 2 else "refund", job)

    assert all_at_once(8, works) == [None] * 8
    audit(held)
    audit(held, JOHN)
    numbers = [entry.number for whose in (JANE, JOHN) for entry in ledger(held, whose)]
    assert len(set(numbers)) == len(numbers)


def test_of_many_refunds_of_one_job_at_once_one_is_made(held: Database) -> None:
    give(held, 150)
    take(held, 150, job_id="job_1")
    outcomes = all_at_once(8, lambda number: give(held, 150, "refund", "job_1"))
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 7
    assert balance(held) == 150
    audit(held)


def test_a_refund_and_a_release_of_one_job_at_once_are_not_both_made(held: Database) -> None:
    give(held, 150)
    for turn in range(10):
        job = f"job_{turn}"
        take(held, 150, "hold", job)
        kinds = ("refund", "release")
        outcomes = all_at_once(2, lambda number, job=job, kinds=kinds: give(held, 150, kinds[number], job))
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
        assert balance(held) == 150
    audit(held)


def test_the_first_money_of_a_wallet_may_come_from_many_at_once(held: Database) -> None:
    all_at_once(8, lambda number: give(held, 5))
    assert balance(held) == 40
    audit(held)


def test_numbers_of_entries_are_never_given_again(held: Database) -> None:
    give(held, 5)
    last = give(held, 5)
    with held.writing() as connection:
        connection.execute(tables.ledger.delete())
    assert give(held, 5) > last


def test_a_wallet_is_refilled_to_the_allowance_and_keeps_what_was_bought(held: Database) -> None:
    give(held, 40)
    for allowance, expected in ((100, 100), (100, 100), (60, 100)):
        with held.writing() as connection:
            wallet.refill(connection, JANE, "tokens", allowance)
        assert balance(held) == expected
    assert [(entry.kind, entry.amount) for entry in ledger(held)] == [("reset", 60), ("grant", 40)]


def test_many_who_refill_at_once_fill_once(held: Database) -> None:
    give(held, 40)

    def refills(number: int) -> None:
        with held.writing() as connection:
            wallet.refill(connection, JANE, "tokens", 100)

    all_at_once(8, refills)
    assert balance(held) == 100
    audit(held)


def test_the_ledger_is_read_in_pages_and_by_currency(held: Database) -> None:
    for amount in range(1, 8):
        give(held, amount)
    with held.writing() as connection:
        wallet.give(connection, JANE, "credits", 99, kind="grant")
    with held.reading() as connection:
        first = wallet.entries(connection, JANE, "tokens", limit=3)
        second = wallet.entries(connection, JANE, "tokens", limit=3, before=first[-1].number)
        both = wallet.entries(connection, JANE, limit=2)
        has = wallet.balances(connection, JANE)
        rows = connection.execute(select(func.count()).select_from(tables.ledger)).scalar_one()
    assert [entry.amount for entry in first + second] == [7, 6, 5, 4, 3, 2]
    assert [entry.currency for entry in both] == ["credits", "tokens"]
    assert has == {"tokens": 28, "credits": 99, "images": 0}
    assert rows == 8


def test_a_long_note_is_cut(held: Database) -> None:
    with held.writing() as connection:
        wallet.give(connection, JANE, "tokens", 1, kind="grant", note="n" * 300)
    assert ledger(held)[0].note == "n" * 200


@pytest.mark.parametrize(("number", "name"), [(11, "TX-00011"), (1, "TX-00001"), (1234567, "TX-1234567")])
def test_entries_have_the_names_that_clients_know(number: int, name: str) -> None:
    assert wallet.name(number) == name
