"""Webhooks of an account: the secret they are signed with, what was sent and what came of it, and sending once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from makeready.service import webhooks
from makeready.service.dashboard import page, paging
from makeready.service.dashboard.forms import field
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.core import Service

#: How often an account may have something sent by hand.
_RESENDS, _TESTS = "30/minute", "10/minute"


def routes(service: Service) -> list[Route]:
    """The pages of this part."""
    held = webhooks.Webhooks(service.database, service.fetcher)

    async def listed(request: Request) -> Response:
        return await _shown(request)

    async def secret(request: Request) -> Response:
        known = await run(held.secret, page.visitor(request).account.id)
        if page.part(request):
            return page.answer(request, "webhooks_secret.html", secret=known)
        return await _shown(request, secret=known)

    async def rotate(request: Request) -> Response:
        await run(held.rotate, page.visitor(request).account.id)
        return page.to(request, "/webhooks/secret")

    async def test(request: Request) -> Response:
        account = page.visitor(request).account
        url = field(await request.form(), "url")
        await run(service.limiter.attempt, "webhook-test", account.id, _TESTS)
        tried = await run(held.test, account.id, url)
        if page.part(request):
            return page.answer(request, "webhooks_tested.html", tried=tried, part=True)
        return await _shown(request, url=url, tried=tried)

    async def one(request: Request) -> Response:
        mine, delivery_id = page.visitor(request).account.id, request.path_params["delivery_id"]
        delivery = await run(held.get, mine, delivery_id)
        attempts = await run(held.attempts, mine, delivery_id)
        part = page.part(request)
        return page.answer(
            request, "delivery_part.html" if part else "delivery.html", delivery=delivery, attempts=attempts
        )

    async def resend(request: Request) -> Response:
        mine, delivery_id = page.visitor(request).account.id, request.path_params["delivery_id"]
        await run(service.limiter.attempt, "resend", mine, _RESENDS)
        await run(held.resend, mine, delivery_id)
        return page.to(request, f"/webhooks/{delivery_id}")

    async def _shown(
        request: Request, *, secret: str = "", url: str = "", tried: webhooks.Attempt | None = None
    ) -> Response:
        mine, skip = page.visitor(request).account.id, paging.skipped(request)
        rows = await run(held.listed, mine, limit=paging.SIZE + 1, skip=skip)
        leaf = paging.leaf(request, rows)
        return page.answer(request, "webhooks.html", leaf=leaf, secret=secret, url_tried=url, tried=tried, part=False)

    return [
        Route("/webhooks", listed),
        Route("/webhooks/secret", secret),
        Route("/webhooks/rotate", rotate, methods=["POST"]),
        Route("/webhooks/test", test, methods=["POST"]),
        Route("/webhooks/{delivery_id}", one),
        Route("/webhooks/{delivery_id}/resend", resend, methods=["POST"]),
    ]
