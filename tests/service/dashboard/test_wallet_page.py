"""The wallet's page: what is in it and where it went, the same as a file, and packs that are paid for."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from importlib.metadata import EntryPoint

import httpx
import pytest
from playwright.sync_api import Browser, Route, expect
from sqlalchemy import update

from makeready.service import payments, tables
from makeready.service.core import Account
from service import paying
from service.dashboard.conftest import PATIENCE, Visitor, visiting
from service.dialects.conftest import House, front, housed  # noqa: F401 - a fixture

WALLET = "/dashboard/wallet"
#: Milliseconds in which a page notices by itself.
SOON = PATIENCE * 1000
PACKS = """
[[packs]]
currency = "tokens"
amount = 1000
price = 990
money = "EUR"

[[packs]]
currency = "credits"
amount = 100
price = 1900
money = "EUR"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service that sells packs through the provider of the documentation."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "plans.toml").write_text(PACKS)
    point = EntryPoint("till", "my_till:provider", payments.GROUP)
    provider = paying.documented
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TILL_URL", "https://till.example.com/pay")
        patch.setenv("TILL_KEY", paying.KEY)
        patch.setattr(EntryPoint, "load", lambda _point: provider())
        patch.setattr("makeready.registry.entry_points", lambda group: [point] if group == payments.GROUP else [])
        payments.catalogue.cache_clear()
        with housed(folder, works=False, payments="till", plans_file=folder / "plans.toml") as made:
            yield made
    payments.catalogue.cache_clear()


@pytest.fixture
def jane(shop: House, browser: Browser) -> Iterator[Visitor]:
    made = visiting(shop, browser)
    yield made
    made.page.context.close()
    assert [one for one in made.complaints if "till.example.com" not in one] == []


def signed_in(house: House, account: Account) -> httpx.Client:
    http = house.http()
    http.cookies.set("makeready", house.service.signing_in.begin(account))
    return http


def busy(house: House, account: Account, jobs: int) -> None:
    """An account that began and cancelled some jobs: two lines of the ledger each."""
    for _ in range(jobs):
        job = house.service.jobs.submit(
            account.id, dialect="printcart", operation="check", params={"inputs": {}}, amount=40
        )
        house.service.jobs.cancel(account.id, job.id)


def numbers(page: str) -> list[str]:
    return re.findall(r">(TX-\d+)<", page)


def test_every_line_of_the_ledger_is_shown_once_page_by_page(shop: House) -> None:
    account, _ = shop.service.accounts.create("pages@example.com", grants={"tokens": 500, "credits": 7})
    busy(shop, account, 30)
    lines = [entry.name for entry in shop.service.accounts.entries(account.id, limit=1000)]
    with signed_in(shop, account) as http:
        path, seen = WALLET, list[str]()
        while path:
            page = http.get(path).text
            seen += numbers(page)
            found = re.search(r'href="([^"]+)">Older', page)
            path = found[1].replace("&amp;", "&") if found else ""
        assert seen == lines
        assert len(numbers(http.get(WALLET, params={"currency": "credits"}).text)) == 1
        for wrong in ({"currency": "gold"}, {"before": "x"}, {"before": "9" * 30}):
            assert http.get(WALLET, params=wrong).status_code == 422


def test_a_line_says_what_happened_with_its_job(shop: House) -> None:
    account, _ = shop.service.accounts.create("line@example.com", grants={"tokens": 500})
    shop.service.accounts.grant("line@example.com", {"tokens": 12345}, note="=1+1 <invoice> 17")
    busy(shop, account, 1)
    with signed_in(shop, account) as http:
        page = http.get(WALLET).text
    job = shop.service.jobs.listed(account.id)[0]
    assert page.count(f'href="/dashboard/jobs/{job.id}"') == 2
    assert "Taken for a job" in page
    assert "−40 tokens" in page
    assert "+40 tokens" in page
    assert "+12\N{NARROW NO-BREAK SPACE}345 tokens" in page
    assert "=1+1 &lt;invoice&gt; 17" in page


def test_the_ledger_of_a_period_is_a_file_for_spreadsheets(shop: House) -> None:
    account, _ = shop.service.accounts.create("file@example.com", grants={"tokens": 500, "credits": 7, "images": 0})
    shop.service.accounts.grant("file@example.com", {"tokens": 5}, note="=HYPERLINK(1)")
    busy(shop, account, 2)
    with shop.service.database.writing() as connection:
        ledger = tables.ledger
        old = update(ledger).where(ledger.c.account_id == account.id, ledger.c.currency == "credits")
        connection.execute(old.values(created_at=1735689600.0))  # 2025-01-01T00:00:00Z
    with signed_in(shop, account) as http:
        answer = http.get(f"{WALLET}/ledger.csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert "attachment" in answer.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [int(row["amount"]) for row in rows] == [40, -40, 40, -40, 5, 500]
        assert {row["kind"] for row in rows} == {"refund", "charge", "grant"}
        assert rows[4]["note"] == "'=HYPERLINK(1)"
        first = http.get(f"{WALLET}/ledger.csv", params={"since": "2025-01-01", "until": "2025-01-01"}).text
        assert [row["currency"] for row in csv.DictReader(io.StringIO(first))] == ["credits"]
        before = http.get(f"{WALLET}/ledger.csv", params={"since": "2024-01-01", "until": "2024-12-31"}).text
        assert len(before.splitlines()) == 1
        assert http.get(f"{WALLET}/ledger.csv", params={"since": "yesterday"}).status_code == 422


def test_nothing_of_one_account_is_seen_by_another(shop: House, jane: Visitor) -> None:
    busy(shop, jane.account, 1)
    payment, _ = shop.service.payments.begin(jane.account, shop.service.plans.packs[0])
    other, _ = shop.service.accounts.create("other@example.com", grants={"tokens": 0, "credits": 0, "images": 0})
    with signed_in(shop, other) as http:
        page, file = http.get(WALLET).text, http.get(f"{WALLET}/ledger.csv").text
        assert numbers(page) == []
        assert payment.id not in page
        assert len(file.splitlines()) == 1
        assert http.get(f"{WALLET}/payments/{payment.id}").status_code == 404


def test_a_pack_is_bought_in_a_browser(jane: Visitor, shop: House) -> None:
    def till(route: Route) -> None:
        route.fulfill(body="<h1>Your order</h1>", content_type="text/html")

    jane.page.route("https://till.example.com/**", till)
    page = jane.open("/wallet")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            jane.look(f"wallet-{width}-{scheme}")
    page.get_by_label("1\N{NARROW NO-BREAK SPACE}000 tokens for 9.90 EUR").check()
    page.get_by_role("button", name="Pay with The till").click()
    expect(page.get_by_role("heading", name="Your order")).to_be_visible(timeout=SOON)
    assert "price=9.90&money=EUR" in page.url
    (payment,) = shop.service.payments.listed(jane.account.id)
    page = jane.open(f"/wallet/payments/{payment.id}")  # back again, before the till says anything
    expect(page.get_by_role("status")).to_contain_text("do not know yet")
    jane.look("payment-pending")
    body = paying.message(payment.reference)
    with shop.http() as http:
        answer = http.post("/dashboard/payments/told/till", content=body, headers=paying.signed(body))
    assert (answer.status_code, answer.text) == (200, "ok")
    expect(page.get_by_role("status")).to_contain_text("were added to your wallet", timeout=SOON)
    page.get_by_role("link", name="To the wallet").click()
    expect(page.get_by_role("main")).to_contain_text("6\N{NARROW NO-BREAK SPACE}000")
    jane.look("wallet-after")


def test_the_way_to_the_till_is_shown_where_it_is_not_followed(jane: Visitor) -> None:
    with signed_in(jane.house, jane.account) as http:
        page = http.post(f"{WALLET}/top-up", data={"pack": "100-credits-1900-EUR"})
        assert page.status_code == 200
        assert 'href="https://till.example.com/pay?order=TOP-' in page.text
        assert "19.00 EUR" in page.text
        for wrong in ("100-credits-1-EUR", ""):
            assert http.post(f"{WALLET}/top-up", data={"pack": wrong}).status_code == 422
        assert [http.post(f"{WALLET}/top-up", data={"pack": "100-credits-1900-EUR"}).status_code for _ in range(10)][
            -1
        ] == 429
    assert len(jane.house.service.payments.listed(jane.account.id)) == 10


def test_the_door_of_providers_is_open_to_them_alone(jane: Visitor, shop: House) -> None:
    payment, _ = shop.service.payments.begin(jane.account, shop.service.plans.packs[0])
    told, body = "/dashboard/payments/told/till", paying.message(payment.reference)
    elsewhere = {"Origin": "https://till.example.com", "Sec-Fetch-Site": "cross-site"}
    with shop.http() as http:
        assert http.post(told, content=body).status_code == 400
        assert http.post(told, content=body, headers=paying.signed(body, key="guessed")).status_code == 400
        assert http.post("/dashboard/payments/told/bank", content=body, headers=paying.signed(body)).status_code == 404
        assert http.post(told, content=b"x" * (300 << 10)).status_code == 413
        cheap = paying.message(payment.reference, price="0.01")
        assert http.post(told, content=cheap, headers=paying.signed(cheap)).status_code == 409
        assert shop.service.accounts.balances(jane.account.id)["tokens"] == 5000
        statuses = [http.post(told, content=body, headers=paying.signed(body) | elsewhere).status_code for _ in "123"]
    assert statuses == [200, 200, 200]
    assert shop.service.accounts.balances(jane.account.id)["tokens"] == 6000


def test_where_nothing_is_sold_the_page_says_whom_to_ask(front: House) -> None:  # noqa: F811 - it is the fixture
    account, _ = front.service.accounts.create("asks@example.com")
    with signed_in(front, account) as http:
        page = http.get(WALLET).text
        assert http.post(f"{WALLET}/top-up", data={"pack": "1000-tokens-990-EUR"}).status_code == 422
        assert http.post("/dashboard/payments/told/till", content=b"{}").status_code == 404
    assert "Who runs this service can add to your wallet" in page
    assert 'href="https://app.printcart.com/payment?tab=buy"' in page
    assert "asks@example.com" in page
