"""The dashboard: pages for people, at ``/dashboard``.

Every page is HTML that works as it comes; htmx (kept here, nothing is loaded from elsewhere) exchanges parts of it, and
server-sent events bring what changes by itself. A page's module has ``routes(service)``; its templates lie in
``templates/``. Who is not signed in is led to the door before any page is asked.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from makeready.service.dashboard import door, page, static
from makeready.service.dashboard.page import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from makeready.service.core import Service
    from makeready.service.dialects import Dialect

__all__ = ["PREFIX", "build"]

#: Modules with pages.
_PAGES = (
    "signing",
    "home",
    "tools",
    "job",
    "jobs",
    "reports",
    "wallet",
    "usage",
    "keys",
    "webhooks",
    "apis",
    "operator",
)


def build(service: Service, apis: Mapping[str, tuple[Dialect, FastAPI]]) -> Starlette:
    """The application that is served at ``PREFIX``.

    Args:
        service: what it shows.
        apis: those that are served beside it, by their names.
    """
    routes = static.routes()
    for name in _PAGES:
        routes += import_module(f"{__name__}.{name}").routes(service)
    app = Starlette(
        routes=[Route(PREFIX, _home), Mount(PREFIX, routes=routes)],
        middleware=[Middleware(door.Door, service=service)],
        exception_handlers=page.handlers(),
    )
    app.state.service, app.state.apis = service, apis
    app.router.redirect_slashes = False
    return app


async def _home(request: Request) -> Response:
    return page.to(request, "/")
