"""Tools that do what the APIs do, for people: the page that lists them, and the pages of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from makeready.service import checking, mending
from makeready.service.dashboard import page, tools_background, tools_begin, tools_fix, tools_preflight
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.core import Service


def routes(service: Service) -> list[Route]:
    """The pages of this part."""

    async def tools(request: Request) -> Response:
        account = page.visitor(request).account
        fixes = await run(lambda: list(service.catalogue.cures))
        costs = [tools_begin.cost(service, account, mending.OPERATION, fix) for fix in fixes]
        return page.answer(
            request,
            "tools.html",
            background=tools_begin.cost(service, account, tools_background.OPERATION),
            check=tools_begin.cost(service, account, checking.OPERATION),
            fix=(min(costs), max(costs)),
        )

    return [
        Route("/tools", tools),
        *tools_background.routes(service),
        *tools_preflight.routes(service),
        *tools_fix.routes(service),
    ]
