from __future__ import annotations

import hashlib
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request

from makeready.service import clock, idempotency, tables
from makeready.service.core import Job
from makeready.service.database import Database
from makeready.service.errors import Conflict, InvalidRequest
from makeready.service.fingerprint import Body, Fingerprint
from makeready.service.idempotency import Idempotency, Mark
from service.speaking import FILES, LARGEST, PATH, Spoken, settings, spoken

PAID = f"{PATH}/paid"


@pytest.fixture(params=["sqlite", "postgresql"])
def words(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Spoken]:
    url = {} if request.param == "sqlite" else {"database_url": request.getfixturevalue("postgresql_database")}
    with spoken(settings(tmp_path, **url)) as one:
        yield one


def _post(words: Spoken, key: str | None, path: str = PAID, body: Any = None) -> httpx.Response:
    headers = words.headers | ({} if key is None else {"Idempotency-Key": key})
    return words.client.post(path, json=body or {"word": "x"}, headers=headers)


def _jobs(words: Spoken) -> int:
    with words.service.database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.job)).scalar_one())


def test_a_repeat_gets_the_first_answer_and_costs_nothing(words: Spoken) -> None:
    first, again = _post(words, "order-1"), _post(words, "order-1")
    assert first.status_code == again.status_code == 202
    assert again.content == first.content
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert (words.balance(), _jobs(words)) == (990, 1)
    assert _post(words, "order-2").json() != first.json()
    assert _post(words, None).json() != first.json()
    assert (words.balance(), _jobs(words)) == (970, 3)


def test_a_key_is_good_for_one_request(words: Spoken) -> None:
    _post(words, "order-1")
    for other in (_post(words, "order-1", body={"word": "y"}), _post(words, "order-1", path=PATH)):
        assert other.status_code == 422
        assert "Idempotency-Key" in other.json()["where"]
    assert words.balance() == 990


def test_a_key_belongs_to_an_account(words: Spoken) -> None:
    first = _post(words, "order-1")
    _, key = words.service.accounts.create("joe@example.com", grants={"tokens": 100})
    other = words.client.post(
        PAID, json={"word": "x"}, headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "order-1"}
    )
    assert other.status_code == 202
    assert other.json() != first.json()


def test_refusals_are_not_kept(words: Spoken) -> None:
    assert _post(words, "order-1", body={"word": 7}).status_code == 422
    assert _post(words, "order-1").status_code == 202


def test_a_broken_answer_frees_the_key(words: Spoken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(words.service.jobs), "submit", lambda *_args, **_given: 1 / 0)
    with structlog.testing.capture_logs():
        assert _post(words, "order-1").status_code == 500
    monkeypatch.undo()
    assert _post(words, "order-1").status_code == 202
    assert words.balance() == 990


def test_a_key_that_is_none_is_refused(words: Spoken) -> None:
    for key in ("x" * 256, "a b", ""):
        assert _post(words, key).status_code == 422
    assert words.balance() == 1000


def test_of_many_at_once_one_runs(words: Spoken) -> None:
    go = words.app.state.go
    go.clear()
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(_post, words, "order-1") for _ in range(6)]
        time.sleep(0.5)
        go.set()
        done = [answer.result() for answer in answers]
    # They came while the first was at it, and waited for its answer.
    assert {answer.status_code for answer in done} == {202}
    assert len({answer.content for answer in done}) == 1
    assert (words.balance(), _jobs(words)) == (990, 1)


def test_one_that_takes_long_is_not_waited_for(words: Spoken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_PATIENCE_S", 0.2)
    go = words.app.state.go
    go.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(_post, words, "order-1")
        time.sleep(0.5)
        second = _post(words, "order-1")
        go.set()
        assert first.result().status_code == 202
    assert second.status_code == 409
    assert second.headers["Retry-After"] == "1"
    assert _post(words, "order-1").content == first.result().content
    assert words.balance() == 990


MARK = Mark("account", "words", "key", "0" * 64)


@pytest.fixture
def kept(database: Database) -> Idempotency:
    with database.writing() as connection:
        connection.execute(
            tables.account.insert().values(
                id="account", email="a", name="", plan="free", webhook_secret="", created_at=0.0, cycle_started_at=0.0
            )
        )
    return Idempotency(database)


def _age(database: Database, seconds: float) -> None:
    with database.writing() as connection:
        connection.execute(update(tables.idempotency_key).values(created_at=clock.now() - seconds))


def test_an_answer_is_remembered_for_a_day(kept: Idempotency, database: Database) -> None:
    assert kept.begin(MARK) is None
    kept.keep(MARK, 201, [(b"content-type", b"image/png"), (b"content-length", b"4")], b"\x89\x00\xff!")
    _age(database, 23.9 * 3600)
    found = kept.begin(MARK)
    assert found is not None
    assert (found.status, found.headers, found.body) == (201, [(b"content-type", b"image/png")], b"\x89\x00\xff!")
    _age(database, 24.1 * 3600)
    assert kept.begin(MARK) is None


def test_a_process_that_died_frees_the_key_after_a_while(kept: Idempotency, database: Database) -> None:
    assert kept.begin(MARK) is None
    _age(database, 600)  # the longest that a request may take
    with pytest.raises(Conflict):
        kept.begin(MARK)
    _age(database, 700)
    assert kept.begin(MARK) is None


def test_of_many_processes_one_begins(kept: Idempotency, database: Database) -> None:
    begun: list[bool] = []

    def begin() -> None:
        try:
            begun.append(Idempotency(database).begin(MARK) is None)
        except Conflict:
            begun.append(False)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(begun) == [False] * 7 + [True]


def test_another_request_does_not_take_the_place_of_one_that_died(kept: Idempotency, database: Database) -> None:
    assert kept.begin(MARK) is None
    _age(database, 700)
    # Its work may be done, and its answer is nobody else's.
    with pytest.raises(InvalidRequest):
        kept.begin(replace(MARK, request="1" * 64))
    large = replace(MARK, request=None, token="later")
    assert kept.begin(large) is None
    with pytest.raises(InvalidRequest):
        kept.know(replace(large, request="1" * 64))
    kept.know(replace(large, request=MARK.request))


def test_one_that_took_too_long_to_come_stands_aside(kept: Idempotency, database: Database) -> None:
    slow, quick = replace(MARK, request=None, token="slow"), replace(MARK, token="quick")
    assert kept.begin(slow) is None
    _age(database, 700)
    assert kept.begin(quick) is None
    with pytest.raises(Conflict):
        kept.know(replace(slow, request=MARK.request))
    kept.forget(slow)
    kept.keep(slow, 200, [], b"of the slow one")
    with pytest.raises(Conflict):
        kept.begin(MARK)
    kept.keep(quick, 200, [], b"of the quick one")
    found = kept.begin(MARK)
    assert found is not None
    assert found.body == b"of the quick one"


def test_the_time_for_the_work_begins_when_all_has_come(kept: Idempotency, database: Database) -> None:
    large = replace(MARK, request=None)
    assert kept.begin(large) is None
    _age(database, 650)
    kept.know(MARK)
    with database.reading() as connection:
        age = connection.execute(select(clock.now() - tables.idempotency_key.c.created_at)).scalar_one()
    assert age < 60


def test_the_same_use_of_a_key_makes_the_same_job(words: Spoken) -> None:
    ids = {Mark("a", "d", "k", request).job_id for request in ("0", "0", "1")}
    assert len(ids) == 2
    assert all(one.isalnum() and len(one) == 21 for one in ids)
    with pytest.raises(ValueError, match="not known yet"):
        _ = Mark("a", "d", "k").job_id
    assert _post(words, "order-1", path=PATH).json()["job"] is not None
    assert _post(words, None, path=PATH).json()["job"] is None


def _form(letter: str, size: int, boundary: str) -> tuple[bytes, dict[str, str]]:
    """A form with a file, and its header."""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    body = head.encode() + letter.encode() * size + f"\r\n--{boundary}--\r\n".encode()
    return body, {"Content-Type": f'multipart/form-data; boundary="{boundary}"'}


def _upload(words: Spoken, key: str, form: tuple[bytes, dict[str, str]], path: str = FILES) -> httpx.Response:
    body, headers = form
    chunks = (body[at : at + 9973] for at in range(0, len(body), 9973))
    headers = words.headers | headers | {"Idempotency-Key": key}
    return words.client.post(path, content=chunks, headers=headers)


@pytest.mark.parametrize("size", [100, 90_000])
def test_a_file_that_is_sent_again_is_the_same_request(words: Spoken, size: int) -> None:
    first = _upload(words, "order-1", _form("a", size, "1234"))
    assert first.status_code == 201
    assert first.json()["bytes"] == size
    again = _upload(words, "order-1", _form("a", size, "98765432"))
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    for other in (_form("b", size, "1234"), _form("a", size - 1, "1234")):
        refused = _upload(words, "order-1", other)
        assert refused.status_code == 422
        assert "Idempotency-Key" in refused.json()["where"]
    assert _upload(words, "order-2", _form("a", size, "1234")).json()["call"] == 2


def test_a_file_under_one_key_makes_one_job_though_its_answer_was_lost(words: Spoken) -> None:
    first = _upload(words, "order-1", _form("a", 90_000, "1234")).json()
    with words.service.database.writing() as connection:
        lost = {"status": None, "created_at": clock.now() - 700}
        connection.execute(update(tables.idempotency_key).values(lost))
    assert _upload(words, "order-1", _form("b", 90_000, "1234")).status_code == 422
    with words.service.database.writing() as connection:
        connection.execute(update(tables.idempotency_key).values(lost))
    assert _upload(words, "order-1", _form("a", 90_000, "5678")).json()["job"] == first["job"] is not None


def test_a_job_that_is_there_is_not_made_or_paid_twice(words: Spoken) -> None:
    def submit(**given: Any) -> Job:
        order = {"dialect": "words", "operation": "empty", "params": {}, "amount": 10, "job_id": "made-before"}
        return words.service.jobs.submit(words.account.id, **(order | given))

    assert submit() == submit() == submit(amount=0)
    with pytest.raises(Conflict):
        submit(dialect="others")
    with pytest.raises(IntegrityError):
        submit(job_id=None, batch_id="nowhere")
    assert (words.balance(), _jobs(words)) == (990, 1)


def test_a_body_that_nobody_reads_counts_too(words: Spoken) -> None:
    first = _upload(words, "order-1", _form("a", 90_000, "1234"), f"{FILES}/unread")
    assert first.status_code == 201
    assert _upload(words, "order-1", _form("a", 90_000, "5678"), f"{FILES}/unread").json() == first.json()
    assert _upload(words, "order-1", _form("b", 90_000, "5678"), f"{FILES}/unread").status_code == 422


def test_a_body_that_is_too_large_frees_the_key(words: Spoken) -> None:
    assert _upload(words, "order-1", _form("a", LARGEST + 1, "1234")).status_code == 413
    assert _upload(words, "order-1", _form("a", 100, "1234")).status_code == 201


def test_no_more_of_a_body_is_held_than_a_small_one_has() -> None:
    size, piece = 50 << 20, bytes(1 << 16)

    async def receive() -> dict[str, Any]:
        nonlocal size
        size -= len(piece)
        return {"type": "http.request", "body": bytes(len(piece)), "more_body": size > 0}

    async def pass_on() -> str:
        body = Body(Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive))
        await body.ahead()
        while (await body.receive())["more_body"]:
            pass
        return await body.drain()

    tracemalloc.start()
    try:
        told = anyio.run(pass_on)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert told == hashlib.sha256(b"POST\0/\0\0" + bytes(50 << 20)).hexdigest()


@given(st.binary(max_size=60), st.lists(st.integers(0, 60)), st.text("ab-", min_size=1, max_size=4))
def test_a_boundary_is_left_out_wherever_a_body_is_cut(body: bytes, cuts: list[int], boundary: str) -> None:
    body = body.translate(bytes(b"ab-"[byte % 3] for byte in range(256)))
    kind = [(b"content-type", f'multipart/form-data; boundary="{boundary}"'.encode())]
    told = Fingerprint(
        Request({"type": "http", "method": "POST", "path": "/a", "query_string": b"b=1", "headers": kind})
    )
    places = sorted({0, *(min(cut, len(body)) for cut in cuts), len(body)})
    for start, end in pairwise(places):
        told.update(body[start:end])
    whole = b"POST\0/a\0b=1\0" + body.replace(boundary.encode(), b"")
    assert told.end() == hashlib.sha256(whole).hexdigest()
