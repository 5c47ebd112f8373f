"""The door of the dashboard: who is signed in goes in, others are led to the page where they sign in.

What changes something is taken only from our own pages: a browser says where a request comes from (``Sec-Fetch-Site``,
``Origin``), which no page of others can forge, and the cookie does not go with what they send.
"""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import anyio.to_thread
from starlette.requests import Request

from makeready.service import problems
from makeready.service.dashboard import page
from makeready.service.errors import Forbidden
from makeready.service.observe import asked

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from makeready.service.core import Service
    from makeready.service.settings import Settings

SIGN_IN = "/sign-in"
#: What comes after it is a secret.
_INVITED = "/welcome/"
#: Pages that need nobody to be signed in, by how they begin.
_OPEN = (SIGN_IN, _INVITED, "/static/", "/payments/told/")
#: Pages for those who look after the service.
_OPERATORS = "/operator"
_READS = ("GET", "HEAD")


class Door:
    """ASGI in front of all pages: leaves the ``Visit`` in the scope."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        path = scope["path"].removeprefix(page.PREFIX)
        if path.startswith(_INVITED):
            asked(request).secret_path = True
        if not path.startswith("/static/") and (cookie := cookie_of(request, self._service.settings)):
            scope["visit"] = visit = await anyio.to_thread.run_sync(self._service.signing_in.visit, cookie)
            if visit is not None:
                asked(request).account = visit.account  # for the log
        try:
            elsewhere = _led(request, path)
        except Forbidden as error:
            elsewhere = page.told(request, problems.of(error))
        await (elsewhere or self._app)(scope, receive, send)


def _led(request: Request, path: str) -> Response | None:
    """Where somebody is led who cannot go in.

    Raises:
        Forbidden: it is nobody's to go there.
    """
    visit = page.visit(request)
    if not path.startswith(_OPEN) and visit is None:
        if request.method not in _READS or page.part(request) or path in ("", "/"):
            return page.to(request, SIGN_IN)
        query = request.url.query
        return page.to(request, f"{SIGN_IN}?to={quote(f'{path}?{query}' if query else path)}")
    if request.method not in _READS and not path.startswith("/payments/told/") and not _own(request):
        raise Forbidden("This came from a page that is not ours.", "Open the dashboard and do it there.")
    if path.startswith(_OPERATORS) and not (visit and visit.operator):
        raise Forbidden(
            "This page is for those who look after the service.",
            "One of them can let you in: makeready accounts operator EMAIL",
        )
    return None


def _own(request: Request) -> bool:
    """Whether a page of ours sent it, as far as its browser tells; what is no browser has no cookie to be misused."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


# The cookie -----------------------------------------------------------------------------------------------------------


def cookie_of(request: Request, settings: Settings) -> str:
    """The session's cookie; empty where there is none."""
    return request.cookies.get(_name(settings), "")


def keep(answer: Response, cookie: str, settings: Settings, seconds: int) -> None:
    """Give a browser its cookie, or with 0 seconds take it away."""
    made: SimpleCookie = SimpleCookie()
    made[_name(settings)] = cookie
    morsel = made[_name(settings)]
    morsel["path"], morsel["samesite"], morsel["max-age"] = settings.root or "/", "Lax", str(seconds)
    morsel["httponly"], morsel["secure"] = True, _secure(settings)
    answer.headers.append("Set-Cookie", morsel.OutputString())


def _secure(settings: Settings) -> bool:
    return settings.address.startswith("https://")


def _name(settings: Settings) -> str:
    # Below a path it has the path's name: another service of the same host may have one for all of it.
    name = f"makeready{settings.root.replace('/', '-')}"
    if not _secure(settings):
        return name
    # With these prefixes browsers take it over TLS alone; with the second for all of this very host, from nobody else.
    return f"__Secure-{name}" if settings.root else f"__Host-{name}"
