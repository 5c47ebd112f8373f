"""Webhooks on their pages: what was sent, sending it once more, the secret, and what a receiver makes of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update
from standardwebhooks import Webhook, WebhookVerificationError

from makeready.service import tables
from makeready.service.webhooks import Courier, Webhooks
from service.dashboard.conftest import Visitor


class Receiver(ThreadingHTTPServer):
    """A client's server; what it answers is ``status``."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "6")
                self.end_headers()
                self.wfile.write(b"inside")

            def log_message(self, *_: Any) -> None:
                return

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.02,))
        thread.start()
        yield served
        served.shutdown()
        thread.join()


def sent(visitor: Visitor) -> None:
    """A courier takes its turn: all that is due has been sent afterwards."""
    courier = Courier(visitor.house.service.database, visitor.house.service.fetcher)
    assert courier.turn()
    assert not courier.turn()


def job_told(visitor: Visitor, receiver: Receiver) -> str:
    """A job that has ended, of which the receiver was told; the delivery."""
    service = visitor.house.service
    job = service.jobs.submit(
        visitor.account.id, dialect="remove-bg", operation="check", params={}, webhook_url=receiver.url
    )
    service.jobs.cancel(visitor.account.id, job.id)
    sent(visitor)
    (delivery,) = held(visitor).listed(visitor.account.id)
    assert delivery.job_id == job.id
    return delivery.id


def held(visitor: Visitor) -> Webhooks:
    return Webhooks(visitor.house.service.database, visitor.house.service.fetcher)


def http_of(visitor: Visitor) -> httpx.Client:
    cookie = visitor.house.service.signing_in.begin(visitor.account)
    return httpx.Client(base_url=f"{visitor.house.base}/dashboard", cookies={"makeready": cookie}, timeout=30)


def secret_of(visitor: Visitor) -> str:
    with visitor.house.service.database.reading() as connection:
        owner = tables.account.c
        return connection.execute(select(owner.webhook_secret).where(owner.id == visitor.account.id)).scalar_one()


def test_what_was_delivered_is_sent_once_more(visitor: Visitor, receiver: Receiver) -> None:
    delivery = job_told(visitor, receiver)
    page = visitor.open("/webhooks")
    expect(page.get_by_role("row", name=receiver.url)).to_contain_text("delivered")
    visitor.look("webhooks")
    page.get_by_role("link", name="just now").click()
    expect(page.get_by_role("row", name="200")).to_have_count(1)
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_text("Next try")).to_be_visible()
    sent(visitor)
    expect(page.get_by_role("row", name="200")).to_have_count(2)  # the page looks by itself
    visitor.look("delivery")
    first, second = receiver.came
    assert first[1] == second[1]
    assert first[0]["webhook-id"] == second[0]["webhook-id"] == delivery
    assert Webhook(secret_of(visitor)).verify(second[1], second[0])


def test_what_was_given_up_is_sent_once_more(visitor: Visitor, receiver: Receiver) -> None:
    receiver.status = 410  # the receiver says that it is gone for good
    delivery = job_told(visitor, receiver)
    assert held(visitor).get(visitor.account.id, delivery).state == "given_up"
    receiver.status = 204
    with http_of(visitor) as http:
        answer = http.post(f"/webhooks/{delivery}/resend")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/dashboard/webhooks/{delivery}")
        sent(visitor)
        assert held(visitor).get(visitor.account.id, delivery).state == "delivered"
        shown = http.get(f"/webhooks/{delivery}").text
    assert [one.status for one in held(visitor).attempts(visitor.account.id, delivery)] == [410, 204]
    assert ">410<" in shown
    assert ">204<" in shown


def test_deliveries_are_their_accounts_alone(visitor: Visitor, operator: Visitor, receiver: Receiver) -> None:
    delivery = job_told(visitor, receiver)
    with http_of(operator) as http:
        assert http.get(f"/webhooks/{delivery}").status_code == 404
        assert http.post(f"/webhooks/{delivery}/resend").status_code == 404
        assert delivery not in http.get("/webhooks").text
    assert held(visitor).attempts(operator.account.id, delivery) == []
    assert len(receiver.came) == 1


def test_a_new_secret_signs_what_is_still_to_be_sent(visitor: Visitor, receiver: Receiver) -> None:
    delivery = job_told(visitor, receiver)
    before = secret_of(visitor)
    page = visitor.open("/webhooks")
    assert before not in page.content()
    page.get_by_role("button", name="Show the secret").click()
    expect(page.locator("#secret-text")).to_have_text(before)
    page.get_by_text("Make another secret").click()
    page.get_by_role("button", name="Make another and show it").click()
    expect(page.locator("#secret-text")).not_to_have_text(before)
    now = page.locator("#secret-text").inner_text()
    assert now == secret_of(visitor)
    held(visitor).resend(visitor.account.id, delivery)
    sent(visitor)
    headers, body = receiver.came[1]
    assert Webhook(now).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(before).verify(body, headers)


def test_a_test_is_sent_once_and_says_what_came_of_it(
    visitor: Visitor, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visitor.open("/webhooks")
    page.get_by_label("URL").fill(receiver.url)
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_text("It was taken: 200")).to_be_visible()
    receiver.status = 500
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_text("the answer is 500")).to_be_visible()
    assert "inside" not in page.locator("#tested").inner_text()
    page.get_by_label("URL").fill("http://10.0.0.1/hook")
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_text("It was not sent")).to_be_visible()
    assert len(receiver.came) == 2
    # The lines that the page offers make the same of it.
    said: dict[str, Any] = {}
    exec(page.locator("#python").text_content() or "", said)
    monkeypatch.setenv("MAKEREADY_WEBHOOK_SECRET", secret_of(visitor))
    headers, body = receiver.came[0]
    assert said["received"](headers, body)["type"] == "test"
    with pytest.raises(WebhookVerificationError):
        said["received"](headers, body + b" ")


def test_tests_are_not_for_hammering(visitor: Visitor, receiver: Receiver) -> None:
    with http_of(visitor) as http:
        statuses = [http.post("/webhooks/test", data={"url": receiver.url}).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    assert len(receiver.came) == 10


def test_a_delivery_of_a_deleted_job_leads_nowhere(visitor: Visitor, receiver: Receiver) -> None:
    delivery = job_told(visitor, receiver)
    with visitor.house.service.database.writing() as connection:
        connection.execute(update(tables.job).where(tables.job.c.webhook_url == receiver.url).values(deleted_at=1.0))
    with http_of(visitor) as http:
        shown = http.get(f"/webhooks/{delivery}").text
    assert "/dashboard/jobs/" not in shown
    assert "deleted" in shown
