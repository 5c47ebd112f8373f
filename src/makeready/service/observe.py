"""What is known of a request while it is served, and the log: one JSON object a line, on standard error.

A line never has a key, a signature, an ``Authorization`` header or the part of an address behind the ``?``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TextIO

import structlog
from pydantic_core import PydanticSerializationError, to_json

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from makeready.service.accounts import Account
    from makeready.service.dialects import Dialect
    from makeready.service.limits import Standing

#: Where a request's ``Asked`` is in its ASGI scope.
SCOPE = "makeready"
#: Numbers of requests that are taken from clients: what cannot break a log line, a header or a search.
_SANE = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")
#: W3C trace context: version, trace, parent, flags; none of the two in zeros only.
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
#: Paths are for people to read; a hostile one is not worth more.
_LONGEST_PATH = 200

_encode = json.JSONEncoder(ensure_ascii=False, default=repr).encode
log: Any = structlog.get_logger("makeready")
#: Writes the line of a request, given as keywords; ``configure`` puts a quicker one in its place.
_requests: Callable[..., object] = log.info


@dataclass(slots=True)
class Asked:
    """One request: who asks, under which number."""

    id: str
    #: Its headers, by their names in small letters.
    given: dict[bytes, bytes]
    #: The API that it is for; none for pages of the service itself.
    dialect: Dialect | None = None
    #: The caller's trace context, for ``Jobs.submit``; none where it sent none that is valid.
    traceparent: str | None = None
    account: Account | None = None
    #: How far the account is within its limit.
    standing: Standing | None = None
    #: The job that this request makes, where a repeat of it must make the same: for ``Jobs.submit(job_id=…)``.
    job_id: str | None = None
    #: Whether its path is as good as a password, and only the route may be told.
    secret_path: bool = False
    #: The status that was answered; none before.
    status: int | None = None


def asked(request: HTTPConnection) -> Asked:
    """What is known of this request."""
    found: Asked = request.scope[SCOPE]
    return found


def number(given: bytes | None) -> str:
    """The request's number: the client's own where it is a sane one, else a new one."""
    if given is not None and _SANE.fullmatch(given):
        return given.decode("ascii")
    return secrets.token_hex(12)


def trace(given: bytes | None) -> str | None:
    """A ``traceparent`` header that is valid; another is as none."""
    return given.decode("ascii") if given is not None and _TRACEPARENT.fullmatch(given) else None


def told(asked: Asked, method: str, route: str | None, path: str, seconds: float) -> None:
    """Log a request that was answered."""
    _requests(
        event="request",
        request_id=asked.id,
        method=method,
        route=route,
        path=route if asked.secret_path else path[:_LONGEST_PATH],
        status=asked.status,
        ms=round(seconds * 1e3, 2),
        account=asked.account.id if asked.account is not None else None,
        trace=asked.traceparent[3:35] if asked.traceparent is not None else None,
    )


def configure(stream: TextIO | None = None, *, part: str = "web", together: float = 0.0) -> Callable[[], None]:
    """Let everything that is logged in this process be a JSON line.

    Args:
        stream: where to; standard error when left out.
        part: which part of the service this process is: ``web`` or ``worker``.
        together: for so many seconds the lines of requests are collected and written together, in the running event
            loop: one by one they take a tenth of what a small request does.

    Returns:
        What writes the lines that are still waiting, for the end.
    """

    def headed(_logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
        return {"timestamp": _time(time.time()), "level": method, "part": part, **event}

    def line(_logger: Any, _method: str, event: dict[str, Any]) -> str:
        return _encode(event)

    waiting: list[tuple[float, dict[str, Any]]] = []

    def write() -> None:
        head = {"level": "info", "part": part}
        lines = [f"{_quickly({'timestamp': _time(at), **head, **event})}\n" for at, event in waiting]
        waiting.clear()
        out.write("".join(lines))
        out.flush()

    def requests(**event: Any) -> None:
        waiting.append((time.time(), event))
        if not together:
            write()
        elif len(waiting) == 1:
            asyncio.get_running_loop().call_later(together, write)

    out = stream or sys.stderr
    shared: list[Any] = [headed]
    last: list[Any] = [structlog.processors.format_exc_info, line]
    global _requests  # noqa: PLW0603 - as the library's own configuration, there is one a process
    # Every request has a line, and the library's way to it takes three times as long.
    _requests = requests
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    # What libraries log comes out alike; what they say below a warning is theirs alone.
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    return write


def _quickly(event: dict[str, Any]) -> str:
    try:
        return to_json(event).decode()  # in a third of the time that the standard module takes
    except PydanticSerializationError:  # half of a surrogate pair in a path
        return _encode(event)


def _time(at: float) -> str:
    return f"{_second(int(at))}.{int(at % 1 * 1000):03d}Z"


@lru_cache(maxsize=1)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
