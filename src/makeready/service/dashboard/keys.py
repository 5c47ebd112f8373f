"""API keys and access tokens of an account: made here, shown once, ended here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from makeready.service.dashboard import apis, page, paging
from makeready.service.dashboard.forms import field
from makeready.service.errors import InvalidRequest
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.core import Service

#: For how many hours a token may be made here, and what that is called.
_HOURS = {"1": "an hour", "12": "12 hours", "24": "a day", "168": "a week"}


def routes(service: Service) -> list[Route]:
    """The pages of this part."""
    accounts = service.accounts

    async def listed(request: Request) -> Response:
        return await _shown(request)

    async def make(request: Request) -> Response:
        name = field(await request.form(), "name")
        key = await run(accounts.new_key, page.visitor(request).account.id, name)
        return await _shown(request, key=key, name=name)

    async def revoke(request: Request) -> Response:
        await run(accounts.revoke, request.path_params["key_id"], page.visitor(request).account.id)
        return page.to(request, "/keys")

    async def token(request: Request) -> Response:
        hours = field(await request.form(), "hours")
        if hours not in _HOURS:
            raise InvalidRequest(
                "No token is made for this time.", "Choose one of the list.", fields={"hours": ["is not in the list"]}
            )
        made = await run(accounts.token, page.visitor(request).account, int(hours) * 3600)
        return await _shown(request, token=made, hours=_HOURS[hours])

    async def void_tokens(request: Request) -> Response:
        await run(accounts.void_tokens, page.visitor(request).account.email)
        return await _shown(request, voided=True)

    async def _shown(request: Request, **made: Any) -> Response:
        """The list, and above it what was just made: it is in this answer alone."""
        keys = await run(accounts.keys, page.visitor(request).account.id)
        keys.sort(key=lambda one: (one.revoked_at is not None, -one.created_at))
        skip = paging.skipped(request)
        part = page.part(request)
        told: dict[str, Any] = {"key": "", "name": "", "token": "", "hours": "", "voided": False} | made
        return page.answer(
            request,
            "keys_part.html" if part else "keys.html",
            leaf=paging.leaf(request, keys[skip : skip + paging.SIZE + 1]),
            hours_offered=_HOURS,
            curl=await run(apis.harmless, request),
            part=part,
            **told,
        )

    return [
        Route("/keys", listed),
        Route("/keys", make, methods=["POST"]),
        Route("/keys/token", token, methods=["POST"]),
        Route("/keys/void-tokens", void_tokens, methods=["POST"]),
        Route("/keys/{key_id}/revoke", revoke, methods=["POST"]),
    ]
