"""Webhooks: signed, sent until they are taken, by one courier at a time, and never inside."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import IntegrityError

from makeready.service import webhooks
from makeready.service.database import Database
from makeready.service.fetch import Fetcher
from makeready.service.settings import Settings
from makeready.service.tables import account, delivery, job, webhook_attempt
from makeready.service.webhooks import DELAYS, Courier, Webhooks, enqueue

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = '{"jobId": "cm3abc123xyz", "status": "completed", "name": "grün €"}'


class Receiver:
    """A client's server: keeps what comes and answers as the test says."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.answer: Callable[[], int] = lambda: 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = receiver.answer  # the one that holds when a test sees that something came
                receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(answer())
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:  # a courier that was killed hangs up
                    self.close_connection = True

        class Server(ThreadingHTTPServer):
            daemon_threads = False
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    served = Receiver()
    yield served
    served.close()


@pytest.fixture
def courier(database: Database, receiver: Receiver, tmp_path: Path) -> Courier:
    return Courier(database, Fetcher(Settings(data=tmp_path, fetch_allow=(receiver.host,))))


def ended_job(database: Database, url: str, name: str = "one", owner: str = "acc_1", body: str = BODY) -> None:
    """A job that has ended, with its delivery in the same transaction."""
    with database.writing() as c:
        if not c.execute(select(account.c.id).where(account.c.id == owner)).first():
            c.execute(
                account.insert().values(
                    id=owner, email=f"{owner}@example.com", name="", plan="free", status="active",
                    webhook_secret=SECRET, created_at=0, cycle_started_at=0,
                )
            )  # fmt: skip
        c.execute(
            job.insert().values(
                id=name, account_id=owner, dialect="printcart", operation="check", params={}, state="completed",
                queue="cpu", run_at=0, currency="tokens", webhook_url=url, created_at=0,
            )
        )  # fmt: skip
        enqueue(c, job=SimpleNamespace(id=name, account_id=owner), url=url, body=body)


def delivery_of(database: Database, name: str = "one") -> Any:
    with database.reading() as c:
        return c.execute(select(delivery).where(delivery.c.job_id == name)).one()


def attempts_of(database: Database, name: str = "one") -> list[Any]:
    with database.reading() as c:
        return c.execute(
            select(webhook_attempt)
            .join(delivery, delivery.c.id == webhook_attempt.c.delivery_id)
            .where(delivery.c.job_id == name)
            .order_by(webhook_attempt.c.number)
        ).all()


def now(database: Database) -> float:
    with database.reading() as c:
        return float(c.execute(select(webhooks.clock.now())).scalar_one())


def let_time_pass(database: Database, **columns: float) -> None:
    with database.writing() as c:
        c.execute(update(delivery).values(**columns))


def test_a_delivery_is_signed_so_that_others_can_verify_it(
    database: Database, receiver: Receiver, courier: Courier
) -> None:
    ended_job(database, receiver.url)
    assert courier.turn()
    assert not courier.turn()
    ((headers, body),) = receiver.came
    assert body == BODY.encode()
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == delivery_of(database).id
    # The signature from the standard's text: HMAC-SHA256 over id.timestamp.body, with the decoded secret.
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    expected = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 10
    assert delivery_of(database).state == "delivered"
    (attempt,) = attempts_of(database)
    assert (attempt.status, attempt.error) == (200, None)
    assert 0 < attempt.seconds < 5


def test_the_signature_of_the_standards_own_example() -> None:
    # From the reference implementations' tests.
    got = webhooks.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}', "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    )
    assert got["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert got["webhook-timestamp"] == "1614265330"


def test_the_documents_example_verifies(database: Database, receiver: Receiver, courier: Courier) -> None:
    page = (Path(__file__).parents[2] / "docs/service/webhooks-and-urls.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    ended_job(database, receiver.url)
    courier.turn()
    ((headers, body),) = receiver.came
    assert names["genuine"](SECRET, headers, body)
    assert not names["genuine"](SECRET, headers, body + b" ")
    assert not names["genuine"](SECRET, {**headers, "webhook-id": "msg_other"}, body)
    assert not names["genuine"]("whsec_" + base64.b64encode(bytes(32)).decode(), headers, body)
    late = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}
    assert not names["genuine"](SECRET, late, body)


def test_what_is_told_is_loaded_where_it_is_shown_and_not_with_the_list(
    database: Database, receiver: Receiver, courier: Courier
) -> None:
    ended_job(database, receiver.url)
    held, asked = Webhooks(database, courier._fetcher), []
    event.listen(database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    (listed,) = held.listed("acc_1")
    assert [statement for statement in asked if "body" in statement] == []
    whole = held.get("acc_1", listed.id)
    assert whole.body == BODY
    assert all(getattr(whole, part.name) == getattr(listed, part.name) for part in fields(listed))


def test_one_delivery_a_job_and_the_database_sees_to_it(
    database: Database, receiver: Receiver, courier: Courier
) -> None:
    ended_job(database, receiver.url)
    again = SimpleNamespace(id="one", account_id="acc_1")
    with pytest.raises(IntegrityError), database.writing() as c:
        enqueue(c, job=again, url=receiver.url, body="{}")
    assert courier.turn()
    assert [body for _, body in receiver.came] == [BODY.encode()]


def test_it_is_sent_again_with_growing_delays_for_a_day_and_then_given_up(
    database: Database, receiver: Receiver, courier: Courier
) -> None:
    receiver.answer = lambda: 500
    ended_job(database, receiver.url)
    waits = []
    for _ in range(20):
        if not courier.turn():
            break
        row = delivery_of(database)
        assert not courier.turn()  # not before its time
        if row.state == "pending":
            waits.append(row.next_at - now(database))
            let_time_pass(database, next_at=0)
    assert delivery_of(database).state == "given_up"
    assert len(receiver.came) == len(DELAYS) + 1 == 9
    for wait, delay in zip(waits, DELAYS, strict=True):
        assert delay - 2 < wait <= delay * 1.1
    assert 20 * 3600 < sum(DELAYS) < 24 * 3600
    # Always the same delivery, each time signed anew.
    assert {headers["webhook-id"] for headers, _ in receiver.came} == {delivery_of(database).id}
    assert {body for _, body in receiver.came} == {BODY.encode()}
    assert [attempt.status for attempt in attempts_of(database)] == [500] * 9


def test_a_receiver_that_recovers_gets_it_once(database: Database, receiver: Receiver, courier: Courier) -> None:
    answers = iter([503, 302, 200])
    receiver.answer = lambda: next(answers)
    ended_job(database, receiver.url)
    for _ in range(3):
        assert courier.turn()
        let_time_pass(database, next_at=0)
    assert not courier.turn()
    assert delivery_of(database).state == "delivered"
    assert [attempt.status for attempt in attempts_of(database)] == [503, 302, 200]
    assert len(receiver.came) == 3  # the redirect was not followed


@pytest.mark.parametrize(("status", "state"), [(204, "delivered"), (299, "delivered"), (410, "given_up")])
def test_statuses_that_end_it(
    status: int, state: str, database: Database, receiver: Receiver, courier: Courier
) -> None:
    receiver.answer = lambda: status
    ended_job(database, receiver.url)
    courier.turn()
    let_time_pass(database, next_at=0)
    assert not courier.turn()
    assert delivery_of(database).state == state
    assert [attempt.status for attempt in attempts_of(database)] == [status]


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://169.254.169.254/latest/", "http://[::ffff:127.0.0.1]/"])
def test_nobody_inside_is_told(url: str, database: Database, receiver: Receiver, courier: Courier) -> None:
    ended_job(database, url)
    assert courier.turn()
    (attempt,) = attempts_of(database)
    assert attempt.status is None
    assert "not public" in attempt.error
    assert receiver.came == []
    assert delivery_of(database).state == "pending"


def test_one_that_cannot_be_reached_or_is_slow_is_tried_later(
    database: Database, receiver: Receiver, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "SECONDS", 0.3)
    over = threading.Event()
    receiver.answer = lambda: over.wait(5) and 200
    ended_job(database, receiver.url)
    begun = time.monotonic()
    assert courier.turn()
    assert time.monotonic() - begun < 4
    over.set()
    (attempt,) = attempts_of(database)
    assert attempt.status is None
    assert "0.3 seconds" in attempt.error
    assert delivery_of(database).state == "pending"


def test_couriers_do_not_send_the_same_twice(
    database: Database, receiver: Receiver, courier: Courier, tmp_path: Path
) -> None:
    for number in range(40):
        ended_job(database, receiver.url, f"job{number}", f"acc_{number % 3}")
    couriers = [courier, *(Courier(database, courier._fetcher) for _ in range(3))]
    failures: list[BaseException] = []

    def work(one: Courier) -> None:
        try:
            while one.turn():
                pass
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in couriers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    while courier.turn():  # what others were about to take when a courier saw nothing
        pass
    sent = [headers["webhook-id"] for headers, _ in receiver.came]
    assert len(sent) == len(set(sent)) == 40
    with database.reading() as c:
        assert c.execute(select(func.count()).where(delivery.c.state == "delivered")).scalar() == 40
        assert c.execute(select(func.count()).select_from(webhook_attempt)).scalar() == 40


def test_what_another_took_since_one_looked_is_left_to_it(
    database: Database, receiver: Receiver, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    receiver.answer = lambda: over.wait(10) and 200
    ended_job(database, receiver.url, "first")
    busy = threading.Thread(target=courier.turn)
    busy.start()
    while not receiver.came:
        time.sleep(0.01)
    receiver.answer = lambda: 200
    ended_job(database, receiver.url, "second")
    # The other courier's choice is as old as can be: it has what the first is sending.
    monkeypatch.setattr(webhooks, "_next_ones", lambda: select(delivery.c.id))
    other = Courier(database, courier._fetcher)
    assert other.turn()
    assert not other.turn()
    over.set()
    busy.join()
    assert [len(attempts_of(database, name)) for name in ("first", "second")] == [1, 1]
    assert len(receiver.came) == 2


def test_nobodys_many_keep_anothers_few_waiting(database: Database, receiver: Receiver, courier: Courier) -> None:
    for number in range(30):
        ended_job(database, receiver.url, f"job{number}", "acc_many")
    ended_job(database, receiver.url, "last", "acc_few")
    courier.turn()
    assert len(receiver.came) == webhooks.AT_ONCE
    assert delivery_of(database, "last").state == "delivered"


KILLED = """
import sys
from pathlib import Path
from makeready.service.database import Database
from makeready.service.fetch import Fetcher
from makeready.service.settings import Settings
from makeready.service.webhooks import Courier
Courier(Database(sys.argv[1]), Fetcher(Settings(data=Path(sys.argv[2]), fetch_allow=(sys.argv[3],)))).turn()
"""


def test_a_killed_couriers_delivery_is_sent_by_another(
    database: Database, database_url: str, receiver: Receiver, courier: Courier, tmp_path: Path
) -> None:
    over = threading.Event()
    receiver.answer = lambda: over.wait(20) and 200
    ended_job(database, receiver.url)
    with subprocess.Popen([sys.executable, "-c", KILLED, database_url, str(tmp_path), receiver.host]) as process:
        deadline = time.monotonic() + 30
        while not receiver.came:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    over.set()
    receiver.answer = lambda: 200
    assert not courier.turn()  # leased to the one that died
    lease = delivery_of(database).lease_until - now(database)
    assert webhooks.SECONDS * 2 < lease <= webhooks.LEASE_S
    let_time_pass(database, lease_until=now(database) - 1)
    assert courier.turn()
    assert [headers["webhook-id"] for headers, _ in receiver.came] == [delivery_of(database).id] * 2
    assert delivery_of(database).state == "delivered"
    assert delivery_of(database).tries == 2


def test_a_courier_that_lost_its_lease_changes_nothing_but_tells_success(
    database: Database, receiver: Receiver, courier: Courier
) -> None:
    def taken_over() -> int:
        let_time_pass(database, token="somebody else", lease_until=now(database) + 60)
        return status

    receiver.answer = taken_over
    ended_job(database, receiver.url)
    status = 500
    assert courier.turn()
    row = delivery_of(database)
    assert (row.state, row.token) == ("pending", "somebody else")
    assert [attempt.status for attempt in attempts_of(database)] == [500]
    status = 200
    let_time_pass(database, lease_until=0)
    assert courier.turn()
    assert delivery_of(database).state == "delivered"


def test_a_delivery_that_kills_its_couriers_ends(database: Database, receiver: Receiver, courier: Courier) -> None:
    ended_job(database, receiver.url)
    let_time_pass(database, tries=len(DELAYS) + 1)
    assert courier.turn()
    assert delivery_of(database).state == "given_up"
    assert receiver.came == []
    (attempt,) = attempts_of(database)
    assert "died" in attempt.error


def test_any_text_arrives_as_it_was_signed(database: Database, receiver: Receiver, courier: Courier) -> None:
    text = json.dumps({"message": 'a "quote", \u2028 and 漢字', "n": 1.0}, ensure_ascii=False, indent=1)
    ended_job(database, receiver.url, body=text)
    courier.turn()
    assert receiver.came[0][1].decode() == text
