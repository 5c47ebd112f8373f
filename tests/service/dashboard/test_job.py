"""The page of a job: live by server-sent events, its files, its approval, and nothing of anybody else's."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from makeready.service.core import Job
from makeready.service.dashboard import job_events
from makeready.service.queue import Claim
from service.dashboard.conftest import PATIENCE, Visitor, visiting
from service.dashboard.sending import BACKGROUND, FIX, Client, ball, flyer
from service.dialects.conftest import House, housed


@pytest.fixture(scope="module")
def idle(models: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service whose jobs nobody works on but the test."""
    with housed(tmp_path_factory.mktemp("idle"), works=False) as made:
        yield made


@pytest.fixture
def watcher(idle: House, browser: Browser) -> Iterator[Visitor]:
    """Somebody signed in there."""
    made = visiting(idle, browser)
    yield made
    made.page.context.close()
    assert made.complaints == []


def begun(house: House, account_id: str, operation: str = "remove_background", **more: Any) -> Job:
    params = {"inputs": {"image": {"url": "https://example.com/photo.jpg"}}, "options": {"subject_type": "auto"}}
    given: dict[str, Any] = {"dialect": "dashboard", "params": params, "amount": 150, **more}
    return house.service.jobs.submit(account_id, operation=operation, **given)


def facts(page: Page) -> dict[str, str]:
    """What a page says of the job, by its words."""
    terms = page.locator("section", has=page.get_by_role("heading", name="The job")).locator("dl.facts > div")
    return dict(one.split("\n", 1) for one in terms.all_inner_texts())


@pytest.mark.parametrize(
    ("operation", "options", "told"),
    [
        (
            "remove_background",
            {"subject_type": "hair_heavy", "quality": "plus", "edge_softness": 7, "high_detail_mode": True,
             "output_background": "#aabbcc", "accept": ["png"], "max_side": 900, "model": "isnet"},
            {"What it shows": "Much hair or fur", "Edges": "Reworked", "Softness of the edge": "7",
             "Fine hair and fur": "yes", "Behind the subject": "#aabbcc", "Max side": "900", "Model": "isnet"},
        ),
        (
            "fix",
            {"profile": "flyer", "targetDpi": 250.0, "requireApproval": True, "prices": {"enlarge": 50},
             "settings": {"enlarge": {"scale": 4, "model": "ai"}, "add_bleed": {"model": "mirror"}}},
            {"Product or profile": "flyer", "Resolution": "250.0", "Show me the plan and a picture first": "yes",
             "How much larger": "4", "How": "ai", "Model": "mirror"},
        ),
        # What no form asks for has the name that its API gives it, and a value that only looks alike stays as it is.
        ("upscale", {"scale": 4, "quality": "plus", "noiseLevel": 2},
         {"Scale": "4", "Quality": "plus", "Noise level": "2"}),
    ],
)  # fmt: skip
def test_what_was_asked_for_is_told_in_the_words_of_the_forms(
    idle: House, watcher: Visitor, operation: str, options: dict[str, Any], told: dict[str, str]
) -> None:
    job = begun(idle, watcher.account.id, operation, params={"inputs": {}, "options": options})
    found = facts(watcher.open(f"/jobs/{job.id}"))
    assert {word: value for word, value in found.items() if word not in ("Identifier", "API", "Begun")} == told
    idle.service.jobs.cancel(watcher.account.id, job.id)


def claimed(house: House, job: Job) -> Claim:
    """The work on a job, whatever else waits."""
    while True:
        claim = house.service.queue.claim("worker", ["cpu"])
        assert claim is not None
        if claim.job.id == job.id:
            return claim


def events(text: str) -> dict[str, str]:
    """The last data of each event."""
    found = {}
    for block in text.split("\n\n"):
        lines = block.split("\n")
        if lines[0].startswith("event: "):
            found[lines[0].removeprefix("event: ")] = "\n".join(line.removeprefix("data: ") for line in lines[1:])
    return found


def reloaded(page: Page) -> bool:
    return not page.evaluate("window.kept === true")


def test_a_page_follows_its_job_without_a_reload(watcher: Visitor) -> None:
    house = watcher.house
    job = begun(house, watcher.account.id)
    page = watcher.open(f"/jobs/{job.id}")
    page.evaluate("window.kept = true")
    expect(page.locator("#job-state")).to_contain_text("It waits for its turn.")
    expect(page.get_by_role("heading", name="Remove background: photo.jpg")).to_be_visible()
    claim = claimed(house, job)
    expect(page.locator("#job-state")).to_contain_text("It is being worked on.")
    assert house.service.queue.beat(claim, progress=0.42)
    expect(page.get_by_label("Progress")).to_have_attribute("value", "0.42")
    watcher.look("job-processing")
    page.get_by_role("button", name="Cancel").focus()
    assert house.service.queue.beat(claim, progress=0.8)
    expect(page.get_by_label("Progress")).to_have_attribute("value", "0.8")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    why = ("NO_SUBJECT", "No subject was found. Send a picture in which it stands out.")
    assert house.service.queue.settle(claim, state="failed", error=why)
    expect(page.get_by_text(why[1])).to_be_visible()
    expect(page.locator("#job-state")).to_contain_text("Nothing was charged.")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    assert not reloaded(page)
    watcher.look("job-failed")


def test_where_no_events_come_through_the_page_asks(watcher: Visitor) -> None:
    house = watcher.house
    job = begun(house, watcher.account.id)
    watcher.page.route("**/events", lambda route: route.fulfill(status=404, body=""))
    page = watcher.open(f"/jobs/{job.id}")
    page.evaluate("window.kept = true")
    claim = claimed(house, job)
    expect(page.locator("#job-state")).to_contain_text("It is being worked on.")
    assert house.service.queue.settle(claim, state="completed", result={})
    expect(page.locator("#job-state")).to_contain_text("It is done.")
    assert not reloaded(page)
    watcher.complaints.clear()  # htmx says in the console that events are refused, as they are


def test_a_job_that_has_ended_is_told_at_once(idle: House) -> None:
    client = Client(idle)
    job = begun(idle, client.account.id)
    idle.service.jobs.cancel(client.account.id, job.id)
    answer = client.http.get(f"/dashboard/jobs/{job.id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = events(answer.text)
    assert list(told) == ["state", "progress", "outcome", "end"]
    assert "It was cancelled. Nothing was charged." in told["state"]


def test_a_stream_ends_when_its_job_is_deleted_and_when_its_visitor_signs_out(
    idle: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_events, "_BEAT_S", 0.05)
    client = Client(idle)
    jobs = [begun(idle, client.account.id) for _ in range(2)]
    with client.http.stream("GET", f"/dashboard/jobs/{jobs[0].id}/events") as answer:
        idle.service.jobs.delete(client.account.id, jobs[0].id)
        assert "end" in events("".join(answer.iter_text()))
    with client.http.stream("GET", f"/dashboard/jobs/{jobs[1].id}/events") as answer:
        idle.service.signing_in.end_all(client.account.id)
        assert "end" not in events("".join(answer.iter_text()))


def test_who_is_suspended_hears_no_more_however_much_there_is_to_tell(
    idle: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_events, "_BEAT_S", 0.5)
    news, seen = itertools.count(), job_events._seen
    monkeypatch.setattr(job_events, "_seen", lambda job: {**seen(job), "progress": next(news)})
    client = Client(idle)
    job = begun(idle, client.account.id)
    with client.http.stream("GET", f"/dashboard/jobs/{job.id}/events") as answer:
        idle.service.accounts.suspend(client.account.email)
        assert "end" not in events("".join(answer.iter_text()))


def test_an_account_has_so_many_streams_and_no_more(idle: House) -> None:
    client, other = Client(idle), Client(idle)
    path = f"/dashboard/jobs/{begun(idle, client.account.id).id}/events"
    streams = [client.http.stream("GET", path) for _ in range(job_events.MOST)]
    for stream in streams:
        assert stream.__enter__().status_code == 200
    refused = client.http.get(path)
    assert refused.status_code == 429
    assert "Close some of them." in refused.text
    theirs = f"/dashboard/jobs/{begun(idle, other.account.id).id}/events"
    with other.http.stream("GET", theirs) as answer:
        assert answer.status_code == 200
    for stream in streams:
        stream.__exit__(None, None, None)
    until = time.monotonic() + PATIENCE
    while True:  # the server notices a moment later
        with client.http.stream("GET", path) as answer:
            if answer.status_code == 200:
                break
        assert time.monotonic() < until


def test_a_plan_is_rejected_and_what_was_held_comes_back(desk: House) -> None:
    client = Client(desk)
    job = client.ended(client.send(FIX, {"fix": "add_bleed", "approval": "yes"}, ("a.pdf", flyer())))
    assert (job.state, client.tokens) == ("awaiting_approval", 880)
    page = client.http.get(f"/dashboard/jobs/{job.id}").text
    assert "It costs <strong>120 tokens</strong> at most" in page
    preview = client.http.get(f"/dashboard/jobs/{job.id}/files/preview")
    assert preview.headers["content-type"] in ("image/png", "image/jpeg")
    answer = client.http.post(f"/dashboard/jobs/{job.id}/reject")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/dashboard/jobs/{job.id}")
    assert client.tokens == 1000
    again = client.http.post(f"/dashboard/jobs/{job.id}/approve")
    assert (again.status_code, "can not be approved" in again.text) == (409, True)


def test_nothing_of_a_job_is_seen_by_another_account(desk: House) -> None:
    owner, other = Client(desk), Client(desk)
    job = owner.ended(owner.send(BACKGROUND, {}, ("ball.jpg", ball())))
    assert job.state == "completed", job.error_message
    parts = ("", "/live", "/events", "/files/image", "/files/input-image")
    for client, status in ((owner, 200), (other, 404)):
        seen = {part: client.http.get(f"/dashboard/jobs/{job.id}{part}").status_code for part in parts}
        assert seen == dict.fromkeys(parts, status)
    for deed in ("approve", "reject", "cancel", "retry"):
        assert other.http.post(f"/dashboard/jobs/{job.id}/{deed}").status_code == 404
    assert owner.http.get(f"/dashboard/jobs/{job.id}/files/no-such").status_code == 404


@pytest.mark.parametrize(
    ("operation", "result", "said"),
    [
        ("upscale", {"width": 480, "height": 360, "model": "srmd", "notes": ["SRMD takes longer."]}, "480 × 360"),
        (
            "edit",
            {"width": 10, "height": 10, "format": "png", "notes": ["no shadow: there is no subject"]},
            "No shadow",
        ),
        ("check", {"verdict": "pass", "reports": {"report": "report_that_is_gone"}}, "no longer kept"),
    ],
)
def test_jobs_of_every_kind_have_a_page(idle: House, operation: str, result: dict[str, Any], said: str) -> None:
    client = Client(idle)
    job = begun(idle, client.account.id, operation, dialect="print-ready", currency="tokens", amount=1)
    assert idle.service.queue.settle(claimed(idle, job), state="completed", result=result)
    page = client.http.get(f"/dashboard/jobs/{job.id}")
    assert (page.status_code, said in page.text) == (200, True), page.text
