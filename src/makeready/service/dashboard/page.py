"""From data to HTML: templates, what all of them know, and refusals as people read them."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from makeready import __version__
from makeready.errors import MakereadyError
from makeready.service import observe, problems
from makeready.service.dashboard import browsers, static

if TYPE_CHECKING:
    from makeready.service.core import Settings, Visit
    from makeready.service.problems import Problem

#: Where the dashboard is served.
PREFIX = "/dashboard"
#: Nothing from elsewhere, no script but ours; pictures also from the moment's own memory, before they are sent.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # What one account sees is nothing for a cache, nor for who goes back after signing out.
    "Cache-Control": "no-store",
}
#: From which one on a time is told in which unit.
_UNITS = ((86400 * 2, 86400, "days"), (3600 * 2, 3600, "hours"), (60 * 2, 60, "minutes"))

Page = Callable[[Request], Awaitable[Response]]


def answer(request: Request, template: str, status: int = 200, **said: Any) -> HTMLResponse:
    """A page, or a part of one, made of a template.

    Args:
        request: what is answered.
        template: its name in ``templates/``.
        status: of the answer.
        said: what the template is told beside what all know (``visit``, ``path``, ``version``, ``root``, ``url``).
    """
    known = {"visit": visit(request), "path": request.url.path.removeprefix(PREFIX) or "/"}
    made = environment(settings(request).root).get_template(template)
    return HTMLResponse(made.render(known | said), status, _HEADERS)


def settings(request: Request) -> Settings:
    """Those of the service that is asked."""
    found: Settings = request.app.state.service.settings
    return found


def visit(request: Request) -> Visit | None:
    """Who is signed in; nobody on the pages at the door."""
    found: Visit | None = request.scope.get("visit")
    return found


def visitor(request: Request) -> Visit:
    """Who is signed in, on pages that the door lets nobody else see."""
    found = visit(request)
    assert found is not None, "the door leads who is not signed in elsewhere"
    return found


def url(root: str, path: str, query: Mapping[str, Any] | None = None) -> str:
    """A path of the dashboard as links have it, with what is asked behind it.

    Args:
        root: the path below which browsers reach the service, ``Settings.root``.
        path: within the dashboard.
        query: what is asked.
    """
    whole = f"{root}{PREFIX}{path}"
    return f"{whole}?{urlencode(query)}" if query else whole


def part(request: Request) -> bool:
    """Whether htmx asks, for a part of a page."""
    return bool(request.headers.get("hx-request"))


def to(request: Request, path: str) -> Response:
    """Go on with another page, after something was done."""
    where = url(settings(request).root, path)
    if part(request):  # a redirect would be followed out of sight, and its page put into this one
        return Response(status_code=204, headers={**_HEADERS, "HX-Redirect": where})
    return RedirectResponse(where, 303, _HEADERS)


@cache
def environment(root: str) -> Environment:
    """Templates, and what they can say, for browsers that reach the service below a path."""
    made = Environment(
        loader=PackageLoader("makeready.service.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"root": root, "url": partial(url, root), "version": __version__}
    made.globals["static"] = lambda name: url(root, static.address(name))
    made.filters |= {
        "browser": browsers.named,
        "ago": ago,
        "moment": moment,
        "size": size,
        "number": number,
        "words": words,
    }
    return made


def ago(at: float | None) -> str:
    """How long something is past: ``3 minutes ago``; ``never`` where it was not."""
    if at is None:
        return "never"
    seconds = max(0.0, time.time() - at)
    return next((f"{int(seconds // unit)} {name} ago" for since, unit, name in _UNITS if seconds >= since), "just now")


def moment(at: float | None) -> str:
    """Seconds since 1970 as ``2026-06-05 04:02 UTC``."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def size(bytes: int) -> str:
    """A number of bytes with three digits: ``1.25 MB``."""
    power = min(3, int(math.log(bytes, 1000))) if bytes >= 1 else 0
    return f"{bytes / 1000**power:.3g} {('B', 'kB', 'MB', 'GB')[power]}"


def number(value: int) -> str:
    """A whole number with its thousands apart."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def words(name: str) -> str:
    """A name of programs as people write it: ``awaiting_approval`` → ``awaiting approval``."""
    return name.replace("_", " ").replace("-", " ")


def handlers() -> Mapping[Any, Any]:
    """How what pages raise is told: a page of its own or, where htmx asked for a part, a part."""

    async def refused(request: Request, error: Exception) -> Response:
        about: observe.Asked | None = request.scope.get(observe.SCOPE)
        return told(request, problems.of(error, about.id if about else ""))

    return {MakereadyError: refused, HTTPException: refused, Exception: refused}


def told(request: Request, problem: Problem) -> Response:
    """A refusal."""
    template = "refusal_part.html" if part(request) else "refusal.html"
    made = answer(request, template, problem.status, problem=problem)
    made.headers.update({name: value for name, value in problem.headers.items() if name.lower() == "retry-after"})
    return made
