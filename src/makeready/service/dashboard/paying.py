"""Buying: to the provider, back again, and what the provider tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from makeready.service import payments
from makeready.service.dashboard import page
from makeready.service.dashboard.forms import field
from makeready.service.errors import InvalidRequest
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.core import Service

#: How often an account may begin to pay.
_TRIES = "10/minute"


def routes(service: Service) -> list[Route]:
    """The pages of this part."""
    provider = service.payments.provider  # one that is not there stops the service at its start, not a customer

    async def top_up(request: Request) -> Response:
        account = page.visitor(request).account
        wanted = field(await request.form(), "pack")
        pack = next((one for one in service.plans.packs if one.key == wanted), None)
        if pack is None:
            raise InvalidRequest("There is no such pack, or it has another price by now.", "Choose again.")
        await run(service.limiter.attempt, "top-up", account.id, _TRIES)
        payment, where = await run(service.payments.begin, account, pack)
        # A page of its own, since a form of ours may lead nowhere else (form-action), not even by a redirect.
        return page.answer(request, "paying.html", payment=payment, where=where, provider=provider, cost=payments.cost)

    async def shown(request: Request) -> Response:
        payment = await run(service.payments.get, page.visitor(request).account.id, request.path_params["id"])
        return page.answer(request, "payment.html", payment=payment, cost=payments.cost)

    async def told(request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        await run(service.payments.told, request.path_params["provider"], headers, await request.body())
        return PlainTextResponse("ok")

    return [
        Route("/wallet/top-up", top_up, methods=["POST"]),
        Route("/wallet/payments/{id}", shown),
        Route("/payments/told/{provider}", told, methods=["POST"]),
    ]
