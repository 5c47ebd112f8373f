"""The list of jobs: narrowed, paged, fresh by itself, and what is done to a job from there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from makeready.service.core import Account, Job, Order
from service.dashboard.conftest import PATIENCE, Visitor, visiting
from service.dialects.conftest import House, front  # noqa: F401 - a fixture

JOBS = "/dashboard/jobs"
#: Milliseconds in which a page notices by itself.
SOON = PATIENCE * 1000


@pytest.fixture
def jane(front: House, browser: Browser) -> Iterator[Visitor]:  # noqa: F811 - it is the fixture
    """Somebody whose jobs nobody works on but the test."""
    made = visiting(front, browser)
    yield made
    made.page.context.close()
    assert made.complaints == []


def signed_in(house: House, account: Account) -> httpx.Client:
    """The same without a browser."""
    http = house.http()
    http.cookies.set("makeready", house.service.signing_in.begin(account))
    return http


def job(visitor: Visitor, ends: str = "", *, error: str = "It did not work.", **given: Any) -> Job:
    """A job of 150 tokens, in the state in which it is to be."""
    service, mine = visitor.house.service, visitor.account.id
    drawn = {"inputs": {}, "options": {"subject_type": "logo"}, "request": {}}
    order = {"dialect": "printcart", "operation": "remove_background", "params": drawn, "amount": 150} | given
    made = service.jobs.submit(mine, **order)
    if ends == "cancelled":
        service.jobs.cancel(mine, made.id)
    elif ends:
        claim = service.queue.claim("worker", ["cpu"])
        assert claim is not None
        assert claim.job.id == made.id
        if ends != "processing":
            why = ("NO", error) if ends == "failed" else None
            assert service.queue.settle(claim, state=ends, error=why, result=None if why else {})
    return service.jobs.get(mine, made.id)


def shown(http: httpx.Client, **query: str) -> list[str]:
    """The jobs of a page of the list, in its order."""
    answer = http.get(JOBS, params=query)
    assert answer.status_code == 200, answer.text
    return re.findall(r'id="open-([^"]+)"', answer.text)


def test_the_list_is_narrowed_by_state_api_work_and_batch(jane: Visitor) -> None:
    failed, cancelled = job(jane, "failed"), job(jane, "cancelled", operation="check")
    other = job(jane, "completed", dialect="removai", currency="images", amount=1)
    service = jane.house.service
    order = {"dialect": "removai", "details": {}}
    batch, (member,) = service.batches.submit(jane.account.id, [Order("check", {"inputs": {}})], **order)
    with signed_in(jane.house, jane.account) as http:
        assert shown(http) == [member.id, other.id, cancelled.id, failed.id]
        assert shown(http, state="failed") == [failed.id]
        assert shown(http, api="removai") == [member.id, other.id]
        assert shown(http, operation="check") == [member.id, cancelled.id]
        assert shown(http, api="removai", operation="check", state="pending") == [member.id]
        assert shown(http, batch=batch.id) == [member.id]
        assert shown(http, state="", api="", operation="") == [member.id, other.id, cancelled.id, failed.id]
        assert shown(http, state="nonsense") == []
        page = http.get(JOBS).text
        assert f"/dashboard/jobs?batch={batch.id}" in page
        assert "It did not work." in page
    service.jobs.cancel(jane.account.id, member.id)


def test_only_the_first_line_of_an_error_stands_in_the_list_and_never_as_html(jane: Visitor) -> None:
    job(jane, "failed", error=f"<b>{'x' * 300}\nsecond line")
    with signed_in(jane.house, jane.account) as http:
        page = http.get(JOBS).text
    assert "second line" not in page
    assert "&lt;b&gt;xxx" in page
    assert "<b>x" not in page
    assert "x" * 200 not in page


def test_older_jobs_are_on_further_pages_each_once(jane: Visitor) -> None:
    made = [job(jane, "cancelled", amount=0).id for _ in range(60)]
    with signed_in(jane.house, jane.account) as http:
        path, seen = JOBS, list[str]()
        while path:
            page = http.get(path).text
            seen += re.findall(r'id="open-([^"]+)"', page)
            found = re.search(r'id="older"[^>]*href="([^"]+)"', page)
            path = found[1].replace("&amp;", "&") if found else ""
        assert seen == made[::-1]
        assert http.get(JOBS, params={"before": "nonsense"}).status_code == 422


def test_nobody_sees_touches_or_repeats_jobs_of_others(jane: Visitor, front: House) -> None:  # noqa: F811
    mine = job(jane, "failed")
    waiting = job(jane)
    john, _ = front.service.accounts.create("john@example.com", plan="professional", grants={"tokens": 500})
    with signed_in(front, john) as http:
        assert shown(http) == []
        assert http.post(f"{JOBS}/{mine.id}/retry").status_code == 404
        assert http.post(f"{JOBS}/{waiting.id}/cancel").status_code == 404
    assert front.service.jobs.get(jane.account.id, waiting.id).state == "pending"
    assert front.service.accounts.balances(john.id)["tokens"] == 500
    front.service.jobs.cancel(jane.account.id, waiting.id)


def test_a_retry_leads_to_the_one_new_job_however_often_it_is_sent(jane: Visitor) -> None:
    before = job(jane, "failed")
    balance = jane.house.service.accounts.balances(jane.account.id)["tokens"]
    with signed_in(jane.house, jane.account) as http:
        first, second = (http.post(f"{JOBS}/{before.id}/retry") for _ in range(2))
        by_htmx = http.post(f"{JOBS}/{before.id}/retry", headers={"HX-Request": "true"})
        assert (first.status_code, first.headers["location"]) == (303, second.headers["location"])
        assert (by_htmx.status_code, by_htmx.headers["hx-redirect"]) == (204, first.headers["location"])
        new = first.headers["location"].rpartition("/")[2]
        assert shown(http) == [new, before.id]
        refused = http.post(f"{JOBS}/{new}/retry")
        assert refused.status_code == 409
        assert "pending" in refused.text
    assert jane.house.service.accounts.balances(jane.account.id)["tokens"] == balance - 150
    jane.house.service.jobs.cancel(jane.account.id, new)


def test_a_list_in_which_nothing_changed_is_not_sent_again(jane: Visitor) -> None:
    running = job(jane, "processing")
    with signed_in(jane.house, jane.account) as http:
        refresh = re.search(r'hx-get="([^"]+)"', http.get(JOBS).text)
        assert refresh
        address, part = refresh[1].replace("&amp;", "&"), {"HX-Request": "true"}
        assert http.get(address, headers=part).status_code == 204
        jane.house.service.jobs.cancel(jane.account.id, running.id)
        changed = http.get(address, headers=part)
    assert changed.status_code == 200
    assert "<html" not in changed.text
    assert "hx-trigger" not in changed.text


def test_the_list_follows_what_runs_and_then_rests(jane: Visitor) -> None:
    done = job(jane, "failed", error="The picture has no subject. Choose what it shows.")
    job(jane, "completed", operation="check", amount=0)
    running = job(jane, "processing")
    page = jane.open("/jobs")
    row = page.locator(f"tr:has(#open-{running.id})")
    expect(row).to_contain_text("processing")
    expect(page.get_by_role("status")).to_contain_text("1 under way")
    page.locator(f"#open-{done.id}").focus()
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            jane.look(f"jobs-{width}-{scheme}")
    jane.house.service.jobs.cancel(jane.account.id, running.id)
    expect(row).to_contain_text("cancelled", timeout=SOON)
    expect(page.get_by_role("status")).to_be_empty()
    assert page.locator("#jobs").get_attribute("hx-trigger") is None
    assert page.evaluate("document.activeElement.id") == f"open-{done.id}"


def test_cancelling_asks_and_gives_back(jane: Visitor) -> None:
    waiting = job(jane)
    page = jane.open("/jobs")
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_role("button", name="Cancel").click()
    assert "comes back" in asked[0]
    assert jane.house.service.jobs.get(jane.account.id, waiting.id).state == "pending"
    page.once("dialog", lambda dialog: dialog.accept())
    with page.expect_navigation():
        page.get_by_role("button", name="Cancel").click()
    assert jane.house.service.jobs.get(jane.account.id, waiting.id).state == "cancelled"
    assert jane.house.service.accounts.balances(jane.account.id)["tokens"] == 5000
