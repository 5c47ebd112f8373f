"""The operators' pages: for them alone, true to the database, and what is done there is done once and written down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from playwright.sync_api import expect
from sqlalchemy import insert, update

from makeready import fixes
from makeready.service import clock, tables
from makeready.service.accounts import Accounts
from makeready.service.core import Account
from makeready.service.database import Database
from makeready.service.errors import Conflict
from makeready.service.overseeing import Overseeing
from service.dashboard.conftest import PASSWORD, Visitor

PAGES = ("/operator", "/operator/failed", "/operator/installed", "/operator/accounts")


@pytest.fixture
def http(operator: Visitor) -> Iterator[httpx.Client]:
    """The operator's browser without the browser."""
    with client_of(operator) as made:
        yield made


@pytest.fixture
def customer(operator: Visitor) -> Account:
    accounts = operator.house.service.accounts
    number = len(accounts.all())
    return accounts.create(f"customer{number}@shop.example.com", f"Shop {number}", plan="starter")[0]


def client_of(visitor: Visitor) -> httpx.Client:
    cookie = visitor.house.service.signing_in.begin(visitor.account)
    return httpx.Client(base_url=f"{visitor.house.base}/dashboard", cookies={"makeready": cookie}, timeout=60)


def test_nobody_else_comes_in(visitor: Visitor, customer: Account) -> None:
    here = f"/operator/accounts/{customer.id}"
    with client_of(visitor) as http:
        for path in (*PAGES, here):
            assert http.get(path).status_code == 403
        for deed in ("grant", "move", "suspend", "activate", "appoint", "dismiss", "revoke", "invite"):
            answer = http.post(f"{here}/{deed}", data={"tokens": "5", "note": "mine", "after": "0", "plan": "free"})
            assert answer.status_code == 403
        assert "Operator" not in http.get("/").text
    assert visitor.house.service.accounts.get(customer.id) == customer


def test_a_grant_changes_the_wallet_once(operator: Visitor, customer: Account, http: httpx.Client) -> None:
    accounts = operator.house.service.accounts
    page = operator.open(f"/operator/accounts?q={customer.email}")
    page.get_by_role("link", name=customer.email).click()
    page.get_by_label("Tokens").fill("1500")
    page.get_by_label("Note").fill("invoice 17")
    before = page.locator("input[name=after]").input_value()
    page.get_by_role("button", name="Grant").click()
    expect(page.locator("#has-tokens")).to_contain_text("500")
    operator.look("operator-account")
    assert accounts.balances(customer.id)["tokens"] == 1500
    again = {"tokens": "1500", "note": "invoice 17", "after": before}
    assert http.post(f"/operator/accounts/{customer.id}/grant", data=again).status_code == 409
    assert accounts.balances(customer.id)["tokens"] == 1500
    entry = accounts.entries(customer.id, "tokens")[0]
    assert (entry.kind, entry.amount, entry.note) == ("grant", 1500, "invoice 17")


@pytest.mark.parametrize(
    "form",
    [
        {"note": "why"},
        {"tokens": "0", "note": "why"},
        {"tokens": "-5", "note": "why"},
        {"tokens": "1.5", "note": "why"},
        {"tokens": "٣", "note": "why"},
        {"tokens": "9" * 14, "note": "why"},
        {"tokens": "5"},
        {"tokens": "5", "note": "why", "after": "x"},
    ],
)
def test_grants_that_are_none(operator: Visitor, customer: Account, http: httpx.Client, form: dict[str, str]) -> None:
    accounts = operator.house.service.accounts
    before = accounts.balances(customer.id)
    form = {"after": str(accounts.last_grant(customer.id))} | form
    assert http.post(f"/operator/accounts/{customer.id}/grant", data=form).status_code == 422
    assert accounts.balances(customer.id) == before


def test_grants_that_come_at_once_are_one(database: Database, operator: Visitor) -> None:
    accounts = Accounts(database, "secret", operator.house.service.plans)
    account, _ = accounts.create("twice@example.com")
    last, refused = accounts.last_grant(account.id), []

    def grant() -> None:
        try:
            accounts.grant(account.email, {"tokens": 7}, "once", after=last)
        except Conflict as error:
            refused.append(error)

    threads = [threading.Thread(target=grant) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert accounts.balances(account.id)["tokens"] == 7
    assert len(refused) == 3


def test_an_account_is_suspended_served_again_and_moved(operator: Visitor, customer: Account) -> None:
    service = operator.house.service
    key, cookie = service.accounts.new_key(customer.id), service.signing_in.begin(customer)
    page = operator.open(f"/operator/accounts/{customer.id}")
    page.get_by_text("Suspend", exact=True).click()
    page.get_by_role("button", name=f"Suspend {customer.email}").click()
    expect(page.get_by_role("button", name="Serve it again")).to_be_visible()
    with operator.house.http(Authorization=f"Bearer {key}") as http:
        assert http.get("/v1/services/wallet").status_code == 403
        page.get_by_role("button", name="Serve it again").click()
        expect(page.get_by_text("Suspend", exact=True)).to_be_visible()
        assert http.get("/v1/services/wallet").status_code == 200
    assert service.signing_in.visit(cookie) is None
    page.get_by_label("Move to").select_option("professional")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("dl.facts")).to_contain_text("professional")
    assert service.accounts.get(customer.id).plan == "professional"


def test_an_invitation_is_shown_once_and_sets_the_password(operator: Visitor, customer: Account) -> None:
    service = operator.house.service
    page = operator.open(f"/operator/accounts/{customer.id}")
    page.get_by_text("Make a link that sets the password").click()
    page.get_by_role("button", name="Make the link").click()
    link = page.locator("#invitation").inner_text()
    page.goto(page.url.removesuffix("/invite"))
    assert link not in page.content()
    with operator.house.http() as http:
        answer = http.post(link, data={"password": PASSWORD, "again": PASSWORD})
    assert answer.status_code == 303
    assert service.signing_in.sign_in(customer.email, PASSWORD)


def test_no_link_is_made_that_would_not_work(operator: Visitor, customer: Account, http: httpx.Client) -> None:
    operator.house.service.accounts.suspend(customer.email)
    page = operator.open(f"/operator/accounts/{customer.id}")
    expect(page.get_by_role("button", name="Serve it again")).to_be_visible()
    expect(page.get_by_text("Make a link that sets the password")).to_have_count(0)
    with structlog.testing.capture_logs() as lines:
        answer = http.post(f"/operator/accounts/{customer.id}/invite")  # a page from before
    assert answer.status_code == 409
    assert "is suspended" in answer.text
    assert "/welcome/" not in answer.text
    assert [line for line in lines if line["event"] == "operator"] == []
    page.get_by_role("button", name="Serve it again").click()
    expect(page.get_by_text("Make a link that sets the password")).to_be_visible()


def test_keys_are_revoked_of_this_account_alone(operator: Visitor, customer: Account, http: httpx.Client) -> None:
    accounts = operator.house.service.accounts
    (own,), (others,) = accounts.keys(customer.id), accounts.keys(operator.account.id)
    here = f"/operator/accounts/{customer.id}/revoke"
    assert http.post(here, data={"key": others.id}).status_code == 404
    assert http.post(here, data={"key": own.id}).status_code == 303
    assert accounts.keys(customer.id)[0].revoked_at
    assert accounts.keys(operator.account.id)[0].revoked_at is None


def test_the_last_operator_stays(database: Database, operator: Visitor) -> None:
    accounts = Accounts(database, "secret", operator.house.service.plans)
    first, second = (accounts.create(f"{name}@example.com")[0] for name in ("first", "second"))
    overseeing = Overseeing(database)
    overseeing.appoint(first.id)
    with pytest.raises(Conflict):
        overseeing.dismiss(first.id)
    overseeing.appoint(second.id)
    overseeing.suspend(second.id)  # one who is suspended looks after nothing
    for leaving in (overseeing.dismiss, overseeing.suspend):
        with pytest.raises(Conflict):
            leaving(first.id)
    overseeing.activate(second.id)
    refused = []

    def leave(account: Account) -> None:
        try:
            overseeing.dismiss(account.id)
        except Conflict as error:
            refused.append(error)

    threads = [threading.Thread(target=leave, args=(account,)) for account in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert [overseeing.account(account.id).operator for account in (first, second)].count(True) == 1


def test_what_is_done_is_in_the_log_with_who_did_it(operator: Visitor, customer: Account, http: httpx.Client) -> None:
    with structlog.testing.capture_logs() as lines:
        http.post(f"/operator/accounts/{customer.id}/suspend")
        http.post(f"/operator/accounts/{customer.id}/appoint")
    told = [line for line in lines if line["event"] == "operator"]
    assert [(one["did"], one["to"], one["by"]) for one in told] == [
        ("suspend", customer.id, operator.account.id),
        ("appoint", customer.id, operator.account.id),
    ]
    Overseeing(operator.house.service.database).dismiss(customer.id)


def test_the_service_now(operator: Visitor, customer: Account) -> None:
    service = operator.house.service
    job = service.jobs.submit(customer.id, dialect="remove-bg", operation="check", params={"name": "secret-file.pdf"})
    with service.database.writing() as connection:
        connection.execute(
            update(tables.job)
            .where(tables.job.c.id == job.id)
            .values(
                state="failed",
                ended_at=clock.now(),
                error_code="UNSUPPORTED_FILE",
                error_message="secret-file.pdf is none",
            )
        )
        connection.execute(
            insert(tables.worker).values(
                id="worker_x", host="press-room", pid=17, queues=["cpu"], slots=2, draining=True, started_at=0.0,
                seen_at=clock.now(), lacks={"model:isnet": "makeready models install isnet"},
            )
        )  # fmt: skip
    page = operator.open("/operator")
    expect(page.get_by_text("database")).to_be_visible()
    row = page.get_by_role("row", name="press-room")
    expect(row).to_contain_text("draining")
    row.locator("summary").click()
    expect(row).to_contain_text("makeready models install isnet")
    failed = page.get_by_role("row", name=job.id)
    expect(failed).to_contain_text("UNSUPPORTED_FILE")
    assert "secret-file" not in page.content()
    operator.look("operator")
    with service.database.writing() as connection:
        connection.execute(update(tables.worker).where(tables.worker.c.id == "worker_x").values(seen_at=1.0))
    assert page.reload()
    expect(page.get_by_role("row", name="press-room")).to_have_count(0)


def test_the_numbers_are_those_of_readyz_and_the_queue(operator: Visitor, http: httpx.Client) -> None:
    part = http.get("/operator", headers={"HX-Request": "true"}).text
    with operator.house.http() as outside:
        ready = outside.get("/readyz").json()
    for name in ready.keys() - {"status"}:
        assert name.replace("_", " ") in part
    assert "It cannot serve" not in part


def test_models_that_are_not_here_have_their_command_and_broken_plug_ins_their_reason(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path))
    monkeypatch.setitem(fixes.catalogue().failed, "broken-press", "ImportError: no module named press")
    shown = http.get("/operator/installed").text
    assert "broken-press" in shown
    assert "no module named press" in shown
    for known in ("ISNet", "makeready models install", "Licence"):
        assert known in shown


def test_accounts_are_found_by_parts_of_what_they_are(operator: Visitor, customer: Account, http: httpx.Client) -> None:
    for text in (customer.email.upper(), customer.name, customer.id):
        shown = http.get("/operator/accounts", params={"q": text}).text
        assert customer.email in shown
        assert operator.account.email not in shown.split("<main")[1]
    assert customer.email not in http.get("/operator/accounts", params={"q": "%_%"}).text
    operator.open("/operator/accounts")
    operator.look("operator-accounts")
