"""Keys and tokens on their page: shown once, good at once, ended at once, and nobody else's."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import expect

from makeready.service.accounts import MOST_KEYS
from makeready.service.errors import NotFound
from service.dashboard.conftest import Visitor
from service.dialects.conftest import House

WALLET = "/v1/services/wallet"


def asked(house: House, credential: str) -> int:
    with house.http(Authorization=f"Bearer {credential}") as http:
        return http.get(WALLET).status_code


def signed_in(visitor: Visitor) -> httpx.Client:
    """The visitor's browser without the browser."""
    cookie = visitor.house.service.signing_in.begin(visitor.account)
    return httpx.Client(base_url=f"{visitor.house.base}/dashboard", cookies={"makeready": cookie}, timeout=30)


def test_a_key_is_made_used_and_revoked(visitor: Visitor) -> None:
    page = visitor.open("/keys")
    page.get_by_label("Name").fill("web shop")
    page.get_by_role("button", name="Make a key").click()
    made = page.get_by_role("heading", name="Here is the key “web shop”")
    expect(made).to_be_focused()
    key = page.locator("#key").inner_text()
    assert re.fullmatch(r"mk_[\w-]{43}", key)
    assert key in page.locator("#curl").inner_text()
    expect(page.get_by_role("button", name="Copy the key")).to_be_visible()
    visitor.look("keys")
    assert asked(visitor.house, key) == 200
    page.reload()
    assert key not in page.content()
    row = page.get_by_role("row", name="web shop")
    row.get_by_text("Revoke", exact=True).click()
    row.get_by_role("button", name=f"Revoke {key[:11]}…").click()
    expect(page.get_by_role("row", name="web shop")).to_contain_text("revoked")
    assert asked(visitor.house, key) == 401
    page.go_back()
    assert key not in page.content()


def test_pages_with_secrets_are_kept_nowhere(visitor: Visitor) -> None:
    with signed_in(visitor) as http:
        for answer in (http.post("/keys", data={"name": "x"}), http.post("/keys/token", data={"hours": "1"})):
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == "no-store"


def test_nobody_revokes_what_is_anothers(visitor: Visitor) -> None:
    accounts = visitor.house.service.accounts
    other, key = accounts.create("other-keys@example.com")
    (known,) = accounts.keys(other.id)
    with signed_in(visitor) as http:
        assert http.post(f"/keys/{known.id}/revoke").status_code == 404
        assert key[:11] not in http.get("/keys").text
    assert asked(visitor.house, key) == 200
    with pytest.raises(NotFound):
        accounts.revoke(known.id, visitor.account.id)
    accounts.revoke(known.id, other.id)
    assert asked(visitor.house, key) == 401


def test_a_key_that_is_revoked_twice_keeps_its_first_time(visitor: Visitor) -> None:
    accounts = visitor.house.service.accounts
    (known,) = accounts.keys(visitor.account.id)
    accounts.revoke(known.id)
    first = accounts.keys(visitor.account.id)[0].revoked_at
    accounts.revoke(known.id)
    assert accounts.keys(visitor.account.id)[0].revoked_at == first


def test_tokens_are_good_until_they_are_void(visitor: Visitor) -> None:
    page = visitor.open("/keys")
    page.get_by_label("Good for").select_option("1")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_role("heading", name="Here is a token, good for an hour")).to_be_visible()
    token = page.locator("#token").inner_text()
    assert asked(visitor.house, token) == 200
    page.get_by_text("Make all tokens void").click()
    page.get_by_role("button", name="Make them void").click()
    expect(page.get_by_text("All tokens from before are void")).to_be_visible()
    assert asked(visitor.house, token) == 401


def test_a_token_for_ever_is_not_made(visitor: Visitor) -> None:
    with signed_in(visitor) as http:
        answer = http.post("/keys/token", data={"hours": "999999"})
    assert answer.status_code == 422
    assert "Choose one of the list." in answer.text


def test_the_page_says_when_there_are_as_many_keys_as_there_may_be(visitor: Visitor) -> None:
    accounts = visitor.house.service.accounts
    while len(accounts.keys(visitor.account.id)) < MOST_KEYS:
        accounts.new_key(visitor.account.id, "a program")
    page = visitor.open("/keys")
    page.get_by_label("Name").fill("one too many")
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_role("alert")).to_contain_text("Revoke some")
    row = page.get_by_role("row", name="a program").first
    row.get_by_text("Revoke", exact=True).click()
    row.get_by_role("button", name="Revoke mk_").click()
    page.get_by_label("Name").fill("one more")
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_role("heading", name="Here is the key “one more”")).to_be_visible()


def test_many_keys_are_turned_over(visitor: Visitor) -> None:
    for number in range(30):
        visitor.house.service.accounts.new_key(visitor.account.id, f"program {number}")
    with signed_in(visitor) as http:
        first, second = http.get("/keys").text, http.get("/keys?page=2").text
    assert "program 29" in first
    assert "program 2<" not in first
    assert "program 2<" in second
    assert "?page=2" in first
    assert "?page=1" in second
