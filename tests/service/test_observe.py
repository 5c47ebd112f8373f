from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from makeready.service import observe
from service.speaking import PATH, Spoken, settings, spoken

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def lines() -> Iterator[Any]:
    """What this process logs from now on, as data."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    observe.configure(stream)
    try:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    finally:
        structlog.reset_defaults()
        # The logger of the module has bound itself to the stream.
        vars(observe.log).pop("bind", None)
        observe._requests = observe.log.info
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture
def words(tmp_path: Path, lines: Any) -> Iterator[Spoken]:
    with spoken(settings(tmp_path)) as one:
        yield one


def test_a_line_says_what_was_asked_and_answered(words: Spoken, lines: Any) -> None:
    answer = words.client.get(f"{PATH}/hello?times=3", headers=words.headers | {"traceparent": TRACE})
    (line,) = [line for line in lines() if line["event"] == "request"]
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert (line["method"], line["path"], line["route"]) == ("GET", f"{PATH}/hello", f"{PATH}/{{word}}")
    assert (line["status"], line["account"], line["trace"]) == (200, words.account.id, TRACE[3:35])
    assert 0 < line["ms"] < 5000
    assert (line["level"], line["part"]) == ("info", "web")
    assert line["timestamp"].endswith("Z")


def test_no_line_has_a_secret(words: Spoken, lines: Any) -> None:
    token = words.service.accounts.token(words.account)
    words.client.get(f"{PATH}/x", headers=words.headers)
    words.client.get(f"{PATH}/x", headers={"Authorization": f"Bearer {token}"})
    words.client.get(f"{PATH}/x", headers={"Authorization": f"Bearer {words.key}x"})
    words.client.get(f"{PATH}/broken?signature=c0ffee", headers=words.headers)
    words.client.get("/files/some/name.png?expires=1&signature=c0ffee")
    text = json.dumps(lines())
    assert len(lines()) >= 5
    for secret in (words.key, token, "c0ffee", "signature", "Authorization", "expires"):
        assert secret not in text


def test_lines_may_wait_for_others_and_none_is_lost(tmp_path: Path, lines: Any) -> None:
    stream = io.StringIO()
    write = observe.configure(stream, together=0.05)
    one = observe.Asked("a", {}, status=200)

    async def ask() -> None:
        for _ in range(3):
            observe.told(one, "GET", None, "/", 0.001)
        assert stream.getvalue() == ""
        await asyncio.sleep(0.2)
        assert len(stream.getvalue().splitlines()) == 3
        observe.told(one, "GET", None, "/", 0.001)

    asyncio.run(ask())
    write()
    assert [json.loads(line)["request_id"] for line in stream.getvalue().splitlines()] == ["a"] * 4


def test_a_fault_is_logged_with_where_it_happened(words: Spoken, lines: Any) -> None:
    answer = words.client.get(f"{PATH}/broken", headers=words.headers)
    (line,) = [line for line in lines() if line["event"] == "failed inside"]
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert "RuntimeError: the word is secret-7" in line["exception"]
    assert "speaking.py" in line["exception"]


def test_a_hostile_path_breaks_no_line(words: Spoken, lines: Any) -> None:
    words.client.get("/" + "%0A%22%7D" * 500)
    (line,) = lines()
    assert len(line["path"]) <= 200
    assert line["route"] is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (TRACE, TRACE),
        (TRACE.upper(), None),
        ("00-" + "0" * 32 + TRACE[35:], None),
        (TRACE[:36] + "0" * 16 + "-01", None),
        ("ff" + TRACE[2:], None),
        ("x", None),
        (None, None),
    ],
)
def test_the_callers_trace_is_passed_on(words: Spoken, given: str | None, kept: str | None) -> None:
    headers = words.headers | ({} if given is None else {"traceparent": given})
    assert words.client.post(PATH, json={"word": "x"}, headers=headers).json()["trace"] == kept


def test_what_libraries_log_comes_out_alike(lines: Any) -> None:
    logging.getLogger("some.module").warning("careful with %s", "this")
    logging.getLogger("some.module").info("nobody wants to know")
    (line,) = lines()
    assert (line["event"], line["level"], line["part"]) == ("careful with this", "warning", "web")
