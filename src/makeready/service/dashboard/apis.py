"""The APIs to read and to try: each operation with what it takes and answers, a form that sends it, and a curl line.

The form sends to the API itself, as any client would, with a token of a few minutes that is made for the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from makeready.service import openapi, reference
from makeready.service.dashboard import page
from makeready.service.serving import run

if TYPE_CHECKING:
    from fastapi import FastAPI

    from makeready.service.core import Service
    from makeready.service.dialects import Dialect
    from makeready.service.openapi import Body, Operation

#: How long a page's token is good for; a page that is open for longer gets another.
TOKEN_S = 900
_PAYMENT_REQUIRED = 402


@dataclass(frozen=True, slots=True)
class Tried:
    """An operation as the page shows it."""

    operation: Operation
    #: Whether a request may take something out of the wallet.
    charged: bool

    @property
    def ways(self) -> list[Body | None]:
        """Each way to send it; one where it takes no body."""
        return list(self.operation.bodies) or [None]

    @property
    def text(self) -> Markup:
        """What it does, as HTML."""
        return Markup(reference.prose(self.operation.text))  # noqa: S704 - reference escapes

    @property
    def asked(self) -> Markup:
        """What it takes, as HTML."""
        return Markup(reference.asked(self.operation))  # noqa: S704

    @property
    def answered(self) -> Markup:
        """What it answers, as HTML."""
        return Markup(reference.answered(self.operation))  # noqa: S704


def routes(service: Service) -> list[Route]:
    """The pages of this part."""

    async def index(request: Request) -> Response:
        apis = [(dialect, await run(app.openapi)) for dialect, app in _served(request).values()]
        currencies = {dialect.name: service.plans.currency(dialect.name) for dialect, _ in apis}
        return page.answer(request, "apis.html", apis=apis, currencies=currencies, prose=_prose)

    async def api(request: Request) -> Response:
        known = _served(request).get(request.path_params["name"])
        if known is None:
            raise HTTPException(404)
        dialect, app = known
        document = await run(app.openapi)
        account = page.visitor(request).account
        currency = service.plans.currency(dialect.name)
        return page.answer(
            request,
            "api.html",
            dialect=dialect,
            about=_prose(document["info"].get("description", "")),
            tags=await run(_tried, app),
            inline=_inline,
            key_line=openapi.key_lines(document)[0][0],
            base=page.settings(request).address_for(str(request.base_url)),
            currency=currency,
            balance=(await run(service.accounts.balances, account.id))[currency],
        )

    async def token(request: Request) -> Response:
        made = await run(service.accounts.token, page.visitor(request).account, TOKEN_S)
        return JSONResponse({"token": made, "seconds": TOKEN_S}, headers={"Cache-Control": "no-store"})

    return [
        Route("/apis", index),
        Route("/apis/token", token, methods=["POST"]),
        Route("/apis/{name}", api),
    ]


def harmless(request: Request) -> str:
    """A line for curl that asks something, costs nothing and needs no identifier; empty where no API has one."""
    base = page.settings(request).address_for(str(request.base_url))
    return next(
        (
            one.operation.curl(base)
            for _, app in _served(request).values()
            for one in _all(_tried(app))
            if one.operation.method == "GET" and "{" not in one.operation.path and not one.charged
        ),
        "",
    )


def _served(request: Request) -> Mapping[str, tuple[Dialect, FastAPI]]:
    found: Mapping[str, tuple[Dialect, FastAPI]] = request.app.state.apis
    return found


@lru_cache(maxsize=16)
def _tried(app: FastAPI) -> Mapping[str, list[Tried]]:
    """The operations of an API under their tags."""
    dialect, tags = app.state.spoken, openapi.by_tag(app.openapi())
    return {tag: [Tried(one, _charged(dialect, one)) for one in operations] for tag, operations in tags.items()}


def _all(tags: Mapping[str, list[Tried]]) -> Iterator[Tried]:
    for operations in tags.values():
        yield from operations


def _charged(dialect: Dialect, operation: Operation) -> bool:
    """Whether it may be refused for want of money: then it takes some."""
    if operation.answered(_PAYMENT_REQUIRED):
        return True
    # Where an API has no such status it says less: there, what is sent with a body is work to be paid.
    return _PAYMENT_REQUIRED in dialect.statuses and bool(operation.bodies)


def _prose(text: str) -> Markup:
    return Markup(reference.prose(text))  # noqa: S704


def _inline(text: str) -> Markup:
    return Markup(reference.inline(text))  # noqa: S704
