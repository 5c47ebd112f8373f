"""Buying: what was paid is given once, whoever says so how often, and strangers give nobody anything."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import structlog.testing
from sqlalchemy import select

from makeready.errors import UsageError
from makeready.service import payments, tables, wallet
from makeready.service.accounts import Account, Accounts
from makeready.service.database import Database
from makeready.service.errors import Conflict, NotFound, ServiceError, Unavailable
from makeready.service.payments import Checkout, Failed, Forged, Paid, Payment, Payments, Provider
from makeready.service.plans import Pack, Plans
from makeready.service.settings import Settings
from service import paying

PACK = Pack(currency="tokens", amount=1000, price=990, money="EUR")


@pytest.fixture
def till(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """The provider of the documentation, installed as a plug-in would be."""
    monkeypatch.setenv("TILL_URL", "https://till.example.com/pay")
    monkeypatch.setenv("TILL_KEY", paying.KEY)
    provider = paying.documented()
    monkeypatch.setattr(EntryPoint, "load", lambda _point: provider)
    offered(monkeypatch, "till")
    yield provider
    payments.catalogue.cache_clear()


def offered(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    point = EntryPoint(name, "my_till:provider", payments.GROUP)
    monkeypatch.setattr("makeready.registry.entry_points", lambda group: [point] if group == payments.GROUP else [])
    payments.catalogue.cache_clear()


def bank(database: Database, tmp_path: Path, provider: Provider | None = None) -> Payments:
    made = Payments(database, Settings(data=tmp_path, payments="till", public_url="https://preflight.example.com"))
    if provider is not None:
        made.__dict__["provider"] = provider
    return made


@pytest.fixture
def buying(database: Database, till: Provider, tmp_path: Path) -> Payments:
    return bank(database, tmp_path)


@pytest.fixture
def jane(database: Database) -> Account:
    return Accounts(database, "s" * 32, Plans.load()).create("jane@example.com", grants={"tokens": 5})[0]


def balance(database: Database, account: Account) -> int:
    with database.reading() as connection:
        found = wallet.balance(connection, account.id, "tokens")
        lines = wallet.entries(connection, account.id, "tokens")
    assert sum(line.amount for line in lines) == found
    return found


def state(buying: Payments, payment: Payment) -> str:
    return buying.get(payment.account_id, payment.id).state


def test_a_pack_is_paid_and_given(buying: Payments, jane: Account, database: Database) -> None:
    payment, where = buying.begin(jane, PACK)
    assert (payment.state, payment.reference, payments.cost(payment)) == ("pending", payment.id, "9.90 EUR")
    assert where.startswith("https://till.example.com/pay?order=TOP-")
    assert "price=9.90&money=EUR" in where
    assert f"https%3A%2F%2Fpreflight.example.com%2Fdashboard%2Fwallet%2Fpayments%2F{payment.id}" in where
    assert "https%3A%2F%2Fpreflight.example.com%2Fdashboard%2Fpayments%2Ftold%2Ftill" in where
    assert balance(database, jane) == 5
    body = paying.message(payment.id)
    buying.told("till", paying.signed(body), body)
    assert state(buying, payment) == "paid"
    assert balance(database, jane) == 1005
    with database.reading() as connection:
        line = wallet.entries(connection, jane.id)[0]
    assert (line.kind, line.amount, line.note) == ("grant", 1000, payment.id)


def test_it_is_given_once_whoever_says_so_how_often(
    buying: Payments, jane: Account, database: Database, till: Provider, tmp_path: Path
) -> None:
    payment, _ = buying.begin(jane, PACK)
    processes = [bank(Database(database.url.render_as_string(hide_password=False)), tmp_path) for _ in range(4)]
    ready = threading.Barrier(8)
    body = paying.message(payment.id)

    def tell(number: int) -> None:
        ready.wait()
        processes[number % 4].told("till", paying.signed(body), body)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(tell, range(8)))
    buying.told("till", paying.signed(body), body)
    assert balance(database, jane) == 1005
    for process in processes:
        process._database.close()


@pytest.mark.parametrize(
    ("told", "ends", "has"),
    [
        (["refused"], "failed", 5),
        (["refused", "paid"], "paid", 1005),
        (["paid", "refused"], "paid", 1005),
        (["paid", "expired", "paid", "refused", "paid"], "paid", 1005),
        (["expired", "refused"], "failed", 5),
        (["begun"], "pending", 5),
    ],
)
def test_messages_come_in_any_order(
    buying: Payments, jane: Account, database: Database, told: list[str], ends: str, has: int
) -> None:
    payment, _ = buying.begin(jane, PACK)
    for one in told:
        body = paying.message(payment.id, one)
        buying.told("till", paying.signed(body), body)
    assert (state(buying, payment), balance(database, jane)) == (ends, has)


@pytest.mark.parametrize(("price", "money"), [("0.01", "EUR"), ("9.90", "USD"), ("990", "EUR"), ("99.00", "EUR")])
def test_another_price_buys_nothing_and_is_logged(
    buying: Payments, jane: Account, database: Database, price: str, money: str
) -> None:
    payment, _ = buying.begin(jane, PACK)
    body = paying.message(payment.id, price=price, money=money)
    with structlog.testing.capture_logs() as logs, pytest.raises(Conflict):
        buying.told("till", paying.signed(body), body)
    assert [line["log_level"] for line in logs] == ["error"]
    assert (state(buying, payment), balance(database, jane)) == ("pending", 5)


def test_strangers_give_nobody_anything(buying: Payments, jane: Account, database: Database) -> None:
    payment, _ = buying.begin(jane, PACK)
    body = paying.message(payment.id)
    right = paying.signed(body)
    for headers, text in (
        ({}, body),
        (paying.signed(body, key="another key"), body),
        (right, paying.message(payment.id, price="9.91")),
        (right, body + b" "),
        ({**right, "till-time": str(int(right["till-time"]) + 1)}, body),
        (paying.signed(body, at=time.time() - 3600), body),
        (paying.signed(body, at=time.time() + 3600), body),
    ):
        with pytest.raises(Forged):
            buying.told("till", headers, text)
    assert (state(buying, payment), balance(database, jane)) == ("pending", 5)


def test_payments_that_nobody_began_are_unknown(buying: Payments, jane: Account, database: Database) -> None:
    body = paying.message("TOP-nobody")
    with pytest.raises(NotFound):
        buying.told("till", paying.signed(body), body)
    with pytest.raises(NotFound):
        buying.told("another", paying.signed(body), body)
    other = paying.message("T-shirt 17")
    buying.told("till", paying.signed(other), other)
    assert balance(database, jane) == 5


def test_one_wrong_line_of_a_message_keeps_nobody_from_what_they_paid_for(
    jane: Account, database: Database, till: Provider, tmp_path: Path
) -> None:
    news: list[Paid | Failed] = []
    buying = bank(database, tmp_path, dataclasses.replace(till, told=lambda _headers, _body: news))
    payment, _ = buying.begin(jane, PACK)
    news += [Paid("unknown", 990, "EUR"), Paid(payment.reference, 990, "EUR")]
    with pytest.raises(NotFound):
        buying.told("till", {}, b"")
    assert balance(database, jane) == 1005


def test_nobody_sees_what_others_bought(buying: Payments, jane: Account, database: Database) -> None:
    payment, _ = buying.begin(jane, PACK)
    assert [one.id for one in buying.listed(jane.id)] == [payment.id]
    assert buying.listed("acc_other") == []
    with pytest.raises(NotFound):
        buying.get("acc_other", payment.id)


def fails(*_: object) -> Checkout:
    raise ConnectionError("the till is away: key=hush")


@pytest.mark.parametrize(
    "begin",
    [
        fails,
        lambda _purchase: Checkout("https://till.example.com", ""),
        lambda _purchase: Checkout("https://till.example.com", "x" * 201),
        lambda _purchase: Checkout("javascript:alert(1)", "x"),
        lambda _purchase: None,
    ],
)
def test_a_provider_that_fails_begins_nothing(
    jane: Account, database: Database, till: Provider, tmp_path: Path, begin: Callable[..., Checkout]
) -> None:
    buying = bank(database, tmp_path, dataclasses.replace(till, begin=begin))
    with structlog.testing.capture_logs() as logs, pytest.raises(Unavailable) as refused:
        buying.begin(jane, PACK)
    assert "hush" not in str(refused.value)
    assert len(logs) == 1
    with database.reading() as connection:
        assert connection.execute(select(tables.payment)).all() == []


def test_a_message_that_the_plug_in_cannot_read_is_to_be_sent_again(
    database: Database, till: Provider, tmp_path: Path
) -> None:
    buying = bank(database, tmp_path)
    body = b"no JSON"
    with structlog.testing.capture_logs() as logs, pytest.raises(Unavailable):
        buying.told("till", paying.signed(body), body)
    assert len(logs) == 1


def test_a_provider_that_is_not_there_stops_the_start(
    database: Database, till: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Payments(database, Settings(data=tmp_path)).provider is None
    with pytest.raises(UsageError, match="'tall'") as refused:
        assert Payments(database, Settings(data=tmp_path, payments="tall")).provider
    assert "till" in str(refused.value.hint)
    monkeypatch.delenv("TILL_KEY")
    with pytest.raises(UsageError, match="TILL_KEY"):
        assert bank(database, tmp_path).provider


def test_where_nobody_takes_money_nothing_is_bought(jane: Account, database: Database, tmp_path: Path) -> None:
    nobody = Payments(database, Settings(data=tmp_path))
    for call in (lambda: nobody.begin(jane, PACK), lambda: nobody.told("till", {}, b"")):
        with pytest.raises(ServiceError) as refused:
            call()
        assert refused.value.http_status == 404


@pytest.mark.parametrize(
    "wrong",
    [
        'currency = "gold"\namount = 1\nprice = 1\nmoney = "EUR"',
        'currency = "tokens"\namount = 0\nprice = 1\nmoney = "EUR"',
        'currency = "tokens"\namount = 1\nprice = 9.90\nmoney = "EUR"',
        'currency = "tokens"\namount = 1\nprice = 0\nmoney = "EUR"',
        'currency = "tokens"\namount = 1\nprice = 1\nmoney = "euro"',
    ],
)
def test_packs_that_are_none_are_refused_at_the_start(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "plans.toml"
    file.write_text(f"[[packs]]\n{wrong}\n")
    with pytest.raises(UsageError, match=r"packs\.0"):
        Plans.load(file)


def test_an_operator_names_the_packs(tmp_path: Path) -> None:
    file = tmp_path / "plans.toml"
    file.write_text('[[packs]]\ncurrency = "tokens"\namount = 1000\nprice = 990\nmoney = "EUR"\n')
    assert Plans.load(file).packs == (PACK,)
    assert Plans.load().packs == ()
