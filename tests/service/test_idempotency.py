from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from sqlalchemy import func, select, update

from makeready.service import clock, idempotency, tables
from makeready.service.database import Database
from makeready.service.errors import Conflict
from makeready.service.idempotency import Idempotency, Mark
from service.speaking import PATH, Spoken, settings, spoken

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


def test_the_same_use_of_a_key_makes_the_same_job(words: Spoken) -> None:
    ids = {Mark("a", "d", "k", request).job_id for request in ("0", "0", "1")}
    assert len(ids) == 2
    assert all(one.isalnum() and len(one) == 21 for one in ids)
    assert _post(words, "order-1", path=PATH).json()["job"] is not None
    assert _post(words, None, path=PATH).json()["job"] is None


def test_forms_are_the_same_whatever_their_boundary_is() -> None:
    import anyio
    from starlette.requests import Request

    def digest(boundary: str) -> str:
        body = f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--{boundary}--\r\n'.encode()
        kind = f"multipart/form-data; boundary={boundary}".encode()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "query_string": b"",
            "headers": [(b"content-type", kind)],
        }
        return anyio.run(idempotency._digest, Request(scope, receive))

    assert digest("aaaaaaaa") == digest("bbbbbbbbbbbb")
