from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sqlite3
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete, text

from makeready.service import database, tables
from makeready.service.api import parsed
from makeready.service.errors import ServiceError
from service.speaking import LARGEST, PATH, Spoken, settings, spoken


@pytest.fixture
def words(tmp_path: Path) -> Iterator[Spoken]:
    with spoken(settings(tmp_path)) as one:
        yield one


def test_a_request_is_served_and_numbered(words: Spoken) -> None:
    answer = words.client.post(PATH, json={"word": "hello"}, headers=words.headers)
    assert answer.status_code == 201
    assert answer.json()["said"] == "hello"
    assert re.fullmatch(r"[0-9a-f]{24}", answer.headers["X-Request-Id"])


@pytest.mark.parametrize("path", [PATH, f"{PATH}/x", "/nowhere", "/healthz", "/files/a/b"])
def test_a_sane_number_of_the_client_is_kept(words: Spoken, path: str) -> None:
    answer = words.client.get(path, headers={"X-Request-Id": "order-17/a"})
    assert answer.headers["X-Request-Id"] == "order-17/a"


@pytest.mark.parametrize("number", ["", "x" * 200, "a b", 'a"b', "é".encode("latin-1")])
def test_a_strange_number_is_replaced(words: Spoken, number: Any) -> None:
    answer = words.client.get(
        "/healthz", headers=[(b"x-request-id", number if isinstance(number, bytes) else number.encode())]
    )
    assert re.fullmatch(r"[0-9a-f]{24}", answer.headers["X-Request-Id"])


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("GET", "/v1/wordsmith", 404, "NOT_FOUND"),
        ("GET", "/docs/nothing", 404, "NOT_FOUND"),
        ("POST", "/healthz", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/files/a/b", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/files/a", 404, "NOT_FOUND"),
    ],
)
def test_refusals_outside_of_all_dialects_are_json(
    words: Spoken, method: str, path: str, status: int, code: str
) -> None:
    answer = words.client.request(method, path, headers={"Accept": "text/html"})
    assert answer.status_code == status
    body = answer.json()
    assert body["error"] == code
    assert body["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"{PATH}/a/b/c", 404, "NOT_FOUND"),
        ("GET", f"{PATH}/", 404, "NOT_FOUND"),
        ("PUT", PATH, 405, "METHOD_NOT_ALLOWED"),
        ("GET", f"{PATH}/word?times=two", 422, "VALIDATION_ERROR"),
        ("GET", f"{PATH}/nul%00l", 400, "BAD_REQUEST"),
        ("GET", f"{PATH}/word?a=%00", 400, "BAD_REQUEST"),
    ],
)
def test_refusals_in_a_dialect_have_its_shape(words: Spoken, method: str, path: str, status: int, code: str) -> None:
    answer = words.client.request(method, path, headers=words.headers)
    assert answer.status_code == status
    assert answer.json()["oh"] == code
    assert answer.json()["number"] == answer.headers["X-Request-Id"]
    if status == 405:
        assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"word": "\xff"}',
        b'{"word": "x", "times": NaN}',
        b'{"word": "x", "times": -Infinity}',
        b'{"word": "x", "times": 1e999}',
        b'{"word": "x", "times": ' + b"9" * 5000 + b"}",
        b'{"word": ' + b"[" * 40_000 + b"]" * 40_000 + b"}",
        rb'{"word": "\u0000"}',
        rb'{"word": "\ud800"}',
        rb'{"\u0000": "x"}',
        b"[]",
        b"null",
        b'"word"',
        b'{"word": 7}',
        b"\x00",
    ],
)
def test_a_body_that_is_none_is_the_clients_fault(words: Spoken, body: bytes) -> None:
    answer = words.client.post(PATH, content=body, headers=words.headers | {"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["oh"] in ("BAD_REQUEST", "VALIDATION_ERROR")
    assert answer.json()["why"].endswith(".")
    assert words.app.state.calls == []


def test_what_the_standard_allows_is_taken() -> None:
    assert parsed('\ufeff{"a": [1, 2.5, "\\u00e9\\ud83d\\ude00"]}'.encode()) == {"a": [1, 2.5, "é😀"]}


def test_a_parser_that_says_where(words: Spoken) -> None:
    with pytest.raises(ServiceError, match="line 2 column 6"):
        parsed(b'{\n"a": }')


def test_fields_are_named_as_the_client_names_them(words: Spoken) -> None:
    answer = words.client.post(PATH, json={"times": "often"}, headers=words.headers)
    assert answer.status_code == 422
    assert set(answer.json()["where"]) == {"word", "times"}


@pytest.mark.parametrize("kind", [None, "application/json", "application/vnd.api+json"])
def test_json_needs_no_content_type(words: Spoken, kind: str | None) -> None:
    headers = words.headers | ({"Content-Type": kind} if kind else {})
    assert words.client.post(PATH, content=b'{"word": "x"}', headers=headers).status_code == 201


def test_a_large_body_is_refused_before_it_is_read(words: Spoken) -> None:
    body = json.dumps({"word": "x", "more": "y" * LARGEST}).encode()
    read = 0

    def chunks() -> Iterator[bytes]:
        nonlocal read
        for place in range(0, len(body) * 10, 1000):
            read += 1000
            yield body[place : place + 1000] or b" " * 1000

    known = words.client.post(PATH, content=body, headers=words.headers)
    chunked = words.client.post(PATH, content=chunks(), headers=words.headers | {"Transfer-Encoding": "chunked"})
    for answer in (known, chunked):
        assert answer.status_code == 413
        assert answer.json()["oh"] == "PAYLOAD_TOO_LARGE"
        assert "0.1 MB" in answer.json()["why"]
    assert words.app.state.calls == []


def test_a_fault_of_ours_tells_its_number_only(words: Spoken) -> None:
    with structlog.testing.capture_logs() as lines:
        answer = words.client.get(f"{PATH}/broken", headers=words.headers)
    assert answer.status_code == 500
    assert answer.json()["oh"] == "INTERNAL_ERROR"
    assert "secret-7" not in answer.text
    failed = [line for line in lines if line["event"] == "failed inside"]
    assert [line["request_id"] for line in failed] == [answer.json()["number"]]
    assert "secret-7" in repr(failed[0]["exc_info"])
    assert [line["status"] for line in lines if line["event"] == "request"] == [500]


def test_a_database_that_is_busy_for_too_long_is_no_fault_of_ours(
    words: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_SQLITE", ("busy_timeout=50",))
    words.service.database.engine.dispose()
    with contextlib.closing(sqlite3.connect(words.service.settings.data / "makeready.db")) as another:
        another.execute("BEGIN IMMEDIATE")
        with structlog.testing.capture_logs() as lines:
            answer = words.client.post(f"{PATH}/paid", json={"word": "x"}, headers=words.headers)
    assert answer.status_code == 503
    assert answer.json()["oh"] == "SERVICE_UNAVAILABLE"
    assert int(answer.headers["Retry-After"]) > 0
    assert "locked" in repr([line["exc_info"] for line in lines if line["event"] == "failed inside"])
    assert words.client.post(f"{PATH}/paid", json={"word": "x"}, headers=words.headers).status_code == 202


def test_a_router_whose_routes_let_anybody_in_is_not_taken(words: Spoken) -> None:
    from fastapi import APIRouter

    strange = APIRouter()
    strange.add_api_route(f"{PATH}/strange", lambda: None)
    with pytest.raises(TypeError, match=r"api\.router"):
        words.app.include_router(strange)


# The service's own pages --------------------------------------------------------------------------------------------


def test_alive_and_ready(words: Spoken) -> None:
    assert words.client.get("/healthz").json()["status"] == "ok"
    assert words.client.head("/healthz").content == b""
    ready = words.client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ok", "database": "ok", "schema": "ok", "store": "ok", "rate_limits": "memory"}


def test_tables_of_another_version_are_not_ready(words: Spoken) -> None:
    with words.service.database.writing() as connection:
        connection.execute(text("UPDATE makeready_version SET version_num = 'other'"))
    answer = words.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["schema"] != "ok"
    assert words.client.get("/healthz").status_code == 200


def test_a_store_that_is_gone_is_not_ready(words: Spoken, tmp_path: Path) -> None:
    import shutil

    shutil.rmtree(tmp_path / "files", ignore_errors=True)
    assert words.client.get("/readyz").status_code == 503


def _numbers(page: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def test_metrics_count_by_template(words: Spoken) -> None:
    for word in ("a", "b", "c"):
        words.client.get(f"{PATH}/{word}", headers=words.headers)
    words.client.get(f"{PATH}/d")
    words.client.get("/random/1")
    words.client.get("/random/2")
    words.service.jobs.submit(words.account.id, dialect="words", operation="empty", params={})
    page = words.client.get("/metrics")
    assert page.headers["Content-Type"].startswith("text/plain")
    numbers = _numbers(page.text)

    def requests(dialect: str, route: str, status: str) -> float:
        return numbers["makeready_requests_total", (("dialect", dialect), ("route", route), ("status", status))]

    assert requests("words", f"{PATH}/{{word}}", "200") == 3
    assert requests("words", f"{PATH}/{{word}}", "401") == 1
    assert requests("", "unmatched", "404") == 2
    assert numbers["makeready_request_seconds_count", (("dialect", "words"), ("route", f"{PATH}/{{word}}"))] == 4
    assert numbers["makeready_jobs", (("queue", "cpu"), ("state", "pending"))] == 1
    assert 0 <= numbers["makeready_oldest_job_seconds", (("queue", "cpu"),)] < 60
    assert numbers["makeready_workers", ()] == 0
    assert "random" not in page.text


def test_metrics_need_no_jobs(words: Spoken) -> None:
    with words.service.database.writing() as connection:
        connection.execute(delete(tables.job))
    assert words.client.get("/metrics").status_code == 200


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [value or "" for name, value in attrs if name == "src" or (tag == "link" and name == "href")]
        self.links += [value or "" for name, value in attrs if tag == "a" and name == "href"]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_pages_for_people_need_nothing_from_elsewhere(words: Spoken) -> None:
    seen, waiting = set(), ["/"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = words.client.get(path)
        assert answer.status_code == 200, path
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue
        page = _Page(answer.text)
        assert page.open == []
        assert not page.loads
        assert "script" not in page.tags
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        waiting += page.links
    assert {"/docs/words", "/openapi/words.json", "/metrics"} <= seen
    reference = words.client.get("/docs/words").text
    for told in (f"{PATH}/{{word}}", "Say a word", "at most 20 characters", "Authorization: Bearer", "curl -X POST"):
        assert told in reference


def test_openapi_says_how_the_key_is_sent(words: Spoken) -> None:
    document = words.client.get("/openapi/words.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert document["security"] == [{"key": []}]
    assert document["paths"][f"{PATH}/open"]["get"]["security"] == []
    other = words.client.get("/openapi/header.json").json()
    assert other["components"]["securitySchemes"]["key"]["name"] == "X-API-Key"


def test_it_begins_and_ends_with_any_server_and_speaks_http_only(words: Spoken) -> None:
    said: list[str] = []
    asked = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, str]:
        return {"type": next(asked)}

    async def send(message: dict[str, str]) -> None:
        said.append(message["type"])

    asyncio.run(words.client.app({"type": "lifespan"}, receive, send))
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    with pytest.raises(RuntimeError, match="websocket"):
        asyncio.run(words.client.app({"type": "websocket"}, receive, send))


@pytest.mark.parametrize(("variable", "looks"), [("OTEL_SERVICE_NAME", True), ("OTHER", False)])
def test_opentelemetry_is_looked_for_where_it_is_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, looks: bool
) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(variable, "makeready")
    with spoken(settings(tmp_path)) as words:
        assert {words.app._telemetry[what] for what in ("tracing", "metrics", "logs")} == {looks}
