"""The front of the service: one ASGI application that finds the dialect by the path, and the service's own pages.

It is plain ASGI, since it is passed by every request: the request's number, the limit of its body, the log line, the
metrics and the last answer where everything else failed.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import anyio.to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from makeready import __version__
from makeready.errors import MakereadyError
from makeready.service import dashboard, files_app, health, observe, problems, reference
from makeready.service import dialects as spoken
from makeready.service.api import handlers
from makeready.service.metrics import CONTENT_TYPE, Metrics

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from makeready.service.core import Service
    from makeready.service.dialects import Dialect
    from makeready.service.settings import Settings

#: What a form with files begins its media type with.
_FORM = b"multipart/form-data"
#: What goes around a file in a form.
_FORM_BYTES = 64 << 10
#: The largest form without a file, and message of a provider of payments: anybody may send one.
_PAGE_BYTES = 256 << 10
#: The client went away before its answer; nobody sees this status but the log.
_GONE = 499
_READS = ("GET", "HEAD")
_UNMATCHED = "unmatched"

Page = Callable[[Request], Awaitable[Response]]


def create_app(service: Service, dialects: Sequence[Dialect] | None = None) -> Front:
    """The whole web side of a service.

    Args:
        service: what it serves; whoever opened it closes it.
        dialects: in place of those that the settings switch on.
    """
    return Front(service, spoken.enabled(service.settings) if dialects is None else dialects)


class Front:
    """An ASGI application; see the module."""

    def __init__(self, service: Service, dialects: Sequence[Dialect]) -> None:
        self._service, self._settings = service, service.settings
        self._metrics = Metrics(service)
        self._apps: dict[str, tuple[Dialect, FastAPI]] = {}
        doors: list[tuple[str, Dialect | None, ASGIApp, int]] = []
        for dialect in dialects:
            app = dialect.build(service)
            for kind, handler in handlers(dialect, self._settings).items():
                app.exception_handlers[kind] = handler
            self._apps[dialect.name] = dialect, app
            room = _room(dialect, self._settings)
            doors += [(prefix, dialect, app, room) for prefix in dialect.prefixes]
        files = Starlette(routes=files_app.routes(service), exception_handlers=handlers(None, self._settings))
        files.router.redirect_slashes = False
        doors.append(("/files", None, files, 0))
        if self._settings.dashboard:
            pages = dashboard.build(service, self._apps)
            uploads = (self._settings.limits_upload_mb << 20) + _FORM_BYTES
            doors += [(dashboard.PREFIX, None, pages, _PAGE_BYTES), (f"{dashboard.PREFIX}/tools", None, pages, uploads)]
        # The longest first: a dialect may live below another's path.
        self._doors = sorted(doors, key=lambda door: -len(door[0]))
        self._pages: dict[str, Page] = {
            "/": self._index,
            "/docs": self._index,
            "/healthz": self._health,
            "/readyz": self._readiness,
            "/metrics": self._numbers,
        }
        for name in self._apps:
            self._pages[f"/docs/{name}"] = self._reference
            self._pages[f"/openapi/{name}.json"] = self._openapi

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await _other(scope, receive, send)
            return
        began = time.perf_counter()
        given: dict[bytes, bytes] = dict(scope["headers"])
        asked = observe.Asked(
            observe.number(given.get(b"x-request-id")), given, traceparent=observe.trace(given.get(b"traceparent"))
        )
        scope[observe.SCOPE] = asked
        path: str = scope["path"]
        dialect, app, most = self._found(path)
        asked.dialect = dialect
        if dialect is not None and not given.get(b"content-type", b"").lower().startswith(_FORM):
            most = min(most, dialect.body_bytes)  # it is held in memory: the files of a form are not

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                asked.status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_added(asked), *await self._usage(asked)]
            await send(message)

        try:
            if "\0" in path or b"%00" in scope["query_string"]:
                raise HTTPException(400, "The address has the character U+0000, which no name here has.")
            await app(scope, _limited(receive, given, most), sending)
        except ClientDisconnect:
            asked.status = asked.status or _GONE
        except Exception as error:
            await self._failed(error, scope, receive, sending)
        finally:
            seconds = time.perf_counter() - began
            status = asked.status or _GONE
            asked.status = status
            route = getattr(scope.get("route"), "path", None)
            if route is None and path in self._pages:
                route = path
            self._metrics.count(dialect.name if dialect else "", route or _UNMATCHED, status, seconds)
            observe.told(asked, scope["method"], route, path, seconds)

    async def _usage(self, asked: observe.Asked) -> list[tuple[bytes, bytes]]:
        """Headers that tell an account what it has left, after this request; for dialects that tell it."""
        dialect, account = asked.dialect, asked.account
        if dialect is None or dialect.usage is None or account is None:
            return []
        try:
            usage = await anyio.to_thread.run_sync(self._service.accounts.usage, account, dialect.currency)
        except (SQLAlchemyError, MakereadyError) as error:  # the answer itself is worth more
            observe.log.warning("no usage is told", request_id=asked.id, why=str(error))
            return []
        return _encoded(dialect.usage(usage))

    def _found(self, path: str) -> tuple[Dialect | None, ASGIApp, int]:
        for prefix, dialect, app, most in self._doors:
            if _below(path, prefix):
                return dialect, app, most
        return None, self._page, 0

    async def _failed(self, error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer where nobody else did; a fault of ours is logged with where it happened."""
        asked: observe.Asked = scope[observe.SCOPE]
        dialect = asked.dialect
        problem = problems.of(error, asked.id, invalid_status=dialect.invalid_status if dialect else 422)
        if problem.status >= 500:
            observe.log.error("failed inside", request_id=asked.id, exc_info=error)
        if asked.status is None:
            if self._settings.dashboard and _below(scope["path"], dashboard.PREFIX):
                _, pages, _ = self._found(scope["path"])  # which may not have been asked
                response = dashboard.page.told(Request({**scope, "app": pages}), problem)
            else:
                response = problems.answer(problem, dialect, self._settings)
            if problem.status == 413:
                response.headers["Connection"] = "close"
            await response(scope, receive, send)

    # The service's own pages ------------------------------------------------------------------------------------------

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = self._pages.get(scope["path"])
        if page is None:
            raise HTTPException(404)
        if scope["method"] not in _READS:
            raise HTTPException(405, headers={"Allow": ", ".join(_READS)})
        response = await page(Request(scope, receive))
        if scope["method"] == "HEAD":
            response.body = b""
        await response(scope, receive, send)

    async def _index(self, _request: Request) -> Response:
        apis = [(dialect.name, dialect.title, dialect.prefixes) for dialect, _ in self._apps.values()]
        return _html(reference.index(apis, __version__, self._settings.root))

    async def _reference(self, request: Request) -> Response:
        dialect, app = self._apps[request.url.path.rpartition("/")[2]]
        base = self._settings.address_for(str(request.base_url))
        told = (app.openapi(), dialect.name, base, self._settings.root)
        page = await anyio.to_thread.run_sync(reference.page, *told)
        return _html(page)

    async def _openapi(self, request: Request) -> Response:
        name = request.url.path.rpartition("/")[2].removesuffix(".json")
        return JSONResponse(self._apps[name][1].openapi())

    async def _health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": __version__})

    async def _readiness(self, _request: Request) -> Response:
        parts = await anyio.to_thread.run_sync(health.parts, self._service)
        ready = health.ready(parts)
        return JSONResponse({"status": "ok" if ready else "not ready", **parts}, 200 if ready else 503)

    async def _numbers(self, _request: Request) -> Response:
        return Response(await anyio.to_thread.run_sync(self._metrics.page), headers={"Content-Type": CONTENT_TYPE})


def _below(path: str, prefix: str) -> bool:
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/")


def _added(asked: observe.Asked) -> list[tuple[bytes, bytes]]:
    """Headers of every answer."""
    headers = [(b"x-request-id", asked.id.encode("ascii"))]
    dialect = asked.dialect
    if dialect is not None and dialect.standing is not None and asked.standing is not None:
        headers += _encoded(dialect.standing(asked.standing))
    return headers


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]


def _room(dialect: Dialect, settings: Settings) -> int:
    """The largest body that an API takes: JSON, or a form with as many files as it may have."""
    most = settings.limits_upload_mb << 20
    files = dialect.files * min(dialect.upload_bytes, most)
    return max(min(dialect.body_bytes, most), files + _FORM_BYTES if files else 0)


def _limited(receive: Receive, given: dict[bytes, bytes], most: int) -> Receive:
    """Refuse a body that is too large: by what it says of itself, else as soon as it is."""
    length = given.get(b"content-length")
    if length is not None and length.isdigit() and int(length) > most:
        raise problems.BodyTooLarge(most)
    if length is not None or b"transfer-encoding" not in given:
        return receive  # the server holds a body to the length it announced
    read = 0

    async def receiving() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise problems.BodyTooLarge(most)
        return message

    return receiving


def _html(page: str) -> Response:
    headers = {"Content-Security-Policy": reference.POLICY, "X-Content-Type-Options": "nosniff"}
    return HTMLResponse(page, headers=headers)


async def _other(scope: Scope, receive: Receive, send: Send) -> None:
    """Nothing begins or ends with this application, and it speaks HTTP only."""
    if scope["type"] != "lifespan":
        raise RuntimeError(f"Not served: {scope['type']}.")
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
