"""The first page: what there is to do, what is under way, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from makeready.service.dashboard import page
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.core import Service

#: How many jobs are shown.
_NEWEST = 5


def routes(service: Service) -> list[Route]:
    """The page of this part."""

    async def home(request: Request) -> Response:
        account = page.visitor(request).account
        jobs = await run(service.jobs.listed, account.id, limit=_NEWEST)
        balances = await run(service.accounts.balances, account.id)
        return page.answer(request, "home.html", jobs=jobs, balances=balances)

    return [Route("/", home)]
