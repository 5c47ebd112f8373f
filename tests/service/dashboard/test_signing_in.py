"""Signing in with a browser: the door, passwords, invitations, and what others' pages may not do."""

from __future__ import annotations

import httpx
import pytest
import structlog
import structlog.testing
from playwright.sync_api import Browser, expect

from makeready.errors import MakereadyError
from makeready.service.dashboard import signing
from makeready.service.errors import InvalidRequest, Suspended, Unauthorized
from service.dashboard.conftest import PASSWORD, Visitor
from service.dialects.conftest import House

DASHBOARD = "/dashboard"


def test_from_an_invitation_to_signing_out_and_in_again(desk: House, browser: Browser) -> None:
    account, _ = desk.service.accounts.create("new@example.com")
    context = browser.new_context()
    page = context.new_page()
    link = f"{desk.base}{DASHBOARD}/welcome/{desk.service.signing_in.invitation(account)}"
    page.goto(link)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Set it and sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{desk.base}{DASHBOARD}/jobs?state=failed&api=x")  # and back to it after signing in
    page.get_by_label("E-mail address").fill("New@Example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    assert page.url.endswith("/jobs?state=failed&api=x")
    assert page.goto(link).status == 401  # type: ignore[union-attr]
    context.close()


def test_an_invitation_is_in_no_log(desk: House) -> None:
    account, _ = desk.service.accounts.create("invited@example.com")
    token = desk.service.signing_in.invitation(account)
    with structlog.testing.capture_logs() as lines, desk.http() as http:
        assert http.get(f"{DASHBOARD}/welcome/{token}").status_code == 200
        answer = http.post(f"{DASHBOARD}/welcome/{token}", headers={"Origin": "https://elsewhere.example.com"})
        assert answer.status_code == 403
    assert [line["path"] for line in lines if line["event"] == "request"] == ["/welcome/{token}", None]
    assert token not in str(lines)


def test_a_wrong_password_says_no_more_than_that(desk: House, browser: Browser) -> None:
    account, _ = desk.service.accounts.create("known@example.com")
    desk.service.signing_in.set_password(account, PASSWORD)
    with desk.http() as http:
        said = {
            email: http.post(f"{DASHBOARD}/sign-in", data={"email": email, "password": "wrong horse battery staple"})
            for email in ("known@example.com", "unknown@example.com")
        }
    assert {answer.status_code for answer in said.values()} == {401}
    first, second = (answer.text.replace(email, "") for email, answer in said.items())
    assert first == second
    assert "set-cookie" not in said["known@example.com"].headers


def test_guessing_ends_soon(desk: House) -> None:
    with desk.http() as http:
        statuses = [
            http.post(f"{DASHBOARD}/sign-in", data={"email": "guess@example.com", "password": "x"}).status_code
            for _ in range(11)
        ]
    assert statuses[-1] == 429
    assert set(statuses[:-1]) == {401}


def test_visitors_behind_a_proxy_are_not_taken_for_one(desk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "_TRIES_FROM", "2/day")

    def tried(number: int, address: str) -> int:
        form, headers = {"email": f"sprayed{number}@example.com", "password": "x"}, {"X-Forwarded-For": address}
        return http.post(f"{DASHBOARD}/sign-in", data=form, headers=headers).status_code

    with desk.http() as http:
        # What comes before the last address is the visitor's own invention.
        assert [tried(number, f"198.51.100.{number}, 203.0.113.7") for number in range(3)] == [401, 401, 429]
        assert tried(0, "203.0.113.8") == 401


@pytest.mark.parametrize("path", ["/sign-in", "/keys", "/payments/told/till"])
def test_only_tools_are_sent_much(desk: House, path: str) -> None:
    with desk.http() as http:
        assert http.post(f"{DASHBOARD}{path}", data={"email": "x" * (300 << 10)}).status_code == 413


def test_characters_that_no_database_keeps_are_refused(desk: House) -> None:
    with desk.http() as http:
        assert http.post(f"{DASHBOARD}/sign-in", data={"email": "a\0@example.com", "password": "x"}).status_code == 422


@pytest.mark.parametrize("password", ["short", "a" * 600, "aaaaaaaaaaaaaaaaaaaa", "me@example.com and more"])
def test_passwords_that_are_none(desk: House, password: str) -> None:
    signing_in = desk.service.signing_in
    try:
        account = desk.service.accounts.by_email("me@example.com")
    except MakereadyError:
        account, _ = desk.service.accounts.create("me@example.com")
    with pytest.raises(InvalidRequest):
        signing_in.set_password(account, password)
    with pytest.raises(Unauthorized):
        signing_in.sign_in("me@example.com", password)


def test_a_new_password_ends_all_sessions_and_invitations(desk: House) -> None:
    signing_in = desk.service.signing_in
    account, _ = desk.service.accounts.create("again@example.com")
    before, cookie = signing_in.invitation(account), signing_in.begin(account)
    assert signing_in.visit(cookie)
    signing_in.set_password(account, PASSWORD)
    assert signing_in.visit(cookie) is None
    with pytest.raises(Unauthorized):
        signing_in.invited(before)
    with pytest.raises(Unauthorized):  # of two who have the link, the second one is too late
        signing_in.set_password(account, "another horse battery", invitation=before)
    with pytest.raises(Unauthorized):
        signing_in.invited(signing_in.invitation(account, seconds=-1))
    assert signing_in.visit(signing_in.sign_in("again@example.com", PASSWORD))


def test_who_is_suspended_is_out(desk: House) -> None:
    signing_in = desk.service.signing_in
    account, _ = desk.service.accounts.create("gone@example.com")
    signing_in.set_password(account, PASSWORD)
    cookie, link = signing_in.begin(account), signing_in.invitation(account)
    desk.service.accounts.suspend("gone@example.com")
    assert signing_in.visit(cookie) is None
    with pytest.raises(Suspended):
        signing_in.sign_in("gone@example.com", PASSWORD)
    with pytest.raises(Suspended):
        signing_in.invited(link)
    desk.service.accounts.activate("gone@example.com")
    assert signing_in.visit(cookie) is None  # whoever had it signs in again


def test_a_copy_of_the_database_signs_nobody_in(desk: House) -> None:
    account, _ = desk.service.accounts.create("copied@example.com")
    cookie = desk.service.signing_in.begin(account, "a browser\x00")
    kept = desk.service.signing_in.sessions(account.id)
    assert [one.agent for one in kept] == ["a browser"]
    assert cookie not in kept[0].digest
    assert desk.service.signing_in.visit(kept[0].digest) is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://elsewhere.example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({}, 303),
    ],
)
def test_pages_of_others_change_nothing(visitor: Visitor, headers: dict[str, str], status: int) -> None:
    service = visitor.house.service
    cookie = service.signing_in.begin(visitor.account)
    with httpx.Client(base_url=visitor.house.base, cookies={"makeready": cookie}) as http:
        assert http.post(f"{DASHBOARD}/sign-out", headers=headers).status_code == status
    assert (service.signing_in.visit(cookie) is None) == (status == 303)


@pytest.mark.parametrize("to", ["//evil.example.com", "https://evil.example.com/", "/\\evil.example.com", "%2F%2Fevil"])
def test_signing_in_leads_nowhere_else(desk: House, to: str) -> None:
    try:
        account = desk.service.accounts.by_email("led@example.com")
    except MakereadyError:
        account, _ = desk.service.accounts.create("led@example.com")
        desk.service.signing_in.set_password(account, PASSWORD)
    with desk.http() as http:
        form = {"email": account.email, "password": PASSWORD, "to": to}
        answer = http.post(f"{DASHBOARD}/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/")
    assert "HttpOnly" in answer.headers["set-cookie"]


def test_pages_are_for_who_is_signed_in_and_the_operators_for_operators(desk: House, visitor: Visitor) -> None:
    with desk.http() as http:
        led = http.get(f"{DASHBOARD}/jobs")
        part = http.get(f"{DASHBOARD}/jobs", headers={"HX-Request": "true"})
    assert (led.status_code, led.headers["location"]) == (303, "/dashboard/sign-in?to=/jobs")
    assert part.headers["hx-redirect"] == "/dashboard/sign-in"
    assert visitor.page.goto(f"{desk.base}{DASHBOARD}/operator").status == 403  # type: ignore[union-attr]


def test_the_password_is_changed_on_the_own_page(visitor: Visitor) -> None:
    signing_in = visitor.house.service.signing_in
    signing_in.set_password(visitor.account, PASSWORD)
    cookie = signing_in.begin(visitor.account)
    visitor.page.context.add_cookies([{"name": "makeready", "value": cookie, "url": visitor.house.base}])
    page = visitor.open("/account")
    page.get_by_label("Password so far").fill("not the password at all")
    page.get_by_label("New password").fill("another horse battery")
    page.get_by_label("The same again").fill("another horse battery")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("alert")).to_contain_text("not the password")
    page.get_by_label("Password so far").fill(PASSWORD)
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("alert")).to_be_empty()
    assert signing_in.visit(cookie) is None
    assert signing_in.sign_in(visitor.account.email, "another horse battery")
    visitor.look("account")


def test_the_page_of_the_account_says_where_it_is_signed_in(visitor: Visitor) -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    for agent in (firefox, "<b>curl</b>/8.5.0", ""):
        visitor.house.service.signing_in.begin(visitor.account, agent)
    cells = visitor.open("/account").locator("td[data-label=Browser]").all_inner_texts()
    assert sorted(cells) == ["<b>curl</b>/8.5.0", "Firefox 128 on Linux", "a test", "unknown"]


def test_signing_in_again_ends_what_the_browser_was_signed_in_to(desk: House) -> None:
    signing_in = desk.service.signing_in
    first, second = (desk.service.accounts.create(f"{name}-in-turn@example.com")[0] for name in ("jane", "john"))
    for account in (first, second):
        signing_in.set_password(account, PASSWORD)
    elsewhere = signing_in.begin(first)
    cookies = []
    with desk.http() as http:
        for account in (first, second, second):
            answer = http.post(f"{DASHBOARD}/sign-in", data={"email": account.email, "password": PASSWORD})
            assert answer.status_code == 303
            cookies.append(http.cookies["makeready"])
        http.post(f"{DASHBOARD}/welcome/{signing_in.invitation(first)}", data={"password": PASSWORD, "again": PASSWORD})
        cookies.append(http.cookies["makeready"])
    assert [signing_in.visit(cookie) is not None for cookie in cookies] == [False, False, False, True]
    assert signing_in.visit(elsewhere) is None  # by the new password
