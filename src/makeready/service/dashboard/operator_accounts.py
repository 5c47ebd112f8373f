"""Every account, for those who look after the service: its wallets, plan, keys, and whether it is served.

What is done here is in the log, with who did it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from makeready.service import observe, wallet
from makeready.service.dashboard import page, paging
from makeready.service.dashboard.forms import field
from makeready.service.errors import InvalidRequest
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.core import Account, Service
    from makeready.service.overseeing import Overseeing

#: Digits of an amount; what is more than anybody has is refused where it is given.
_DIGITS = 15

#: Does something to an account, told by a form.
Deed = Callable[["Account", Any], Awaitable[dict[str, Any]]]


def routes(service: Service, overseeing: Overseeing) -> list[Route]:
    """The pages of this part."""
    accounts = service.accounts

    async def listed(request: Request) -> Response:
        text = request.query_params.get("q", "").strip()
        rows = await run(overseeing.accounts, text, limit=paging.SIZE + 1, skip=paging.skipped(request))
        return page.answer(request, "operator_accounts.html", leaf=paging.leaf(request, rows), text=text)

    async def one(request: Request) -> Response:
        return await _shown(request)

    async def grant(account: Account, form: Any) -> dict[str, Any]:
        amounts, note, after = _amounts(form), field(form, "note"), field(form, "after")
        if not note:
            raise InvalidRequest("The ledger wants to know why.", "Write a note.", fields={"note": ["is missing"]})
        await run(accounts.grant, account.email, amounts, note, after=_whole("after", after))
        return {"amounts": amounts, "note": note}

    async def move(account: Account, form: Any) -> dict[str, Any]:
        plan = field(form, "plan")
        await run(accounts.move, account.email, plan)
        return {"plan": plan}

    async def suspend(account: Account, _form: Any) -> dict[str, Any]:
        await run(overseeing.suspend, account.id)
        return {}

    async def activate(account: Account, _form: Any) -> dict[str, Any]:
        await run(overseeing.activate, account.id)
        return {}

    async def appoint(account: Account, _form: Any) -> dict[str, Any]:
        await run(overseeing.appoint, account.id)
        return {}

    async def dismiss(account: Account, _form: Any) -> dict[str, Any]:
        await run(overseeing.dismiss, account.id)
        return {}

    async def revoke(account: Account, form: Any) -> dict[str, Any]:
        key_id = field(form, "key")
        await run(accounts.revoke, key_id, account.id)
        return {"key": key_id}

    async def invite(request: Request) -> Response:
        account = await run(accounts.get, request.path_params["account_id"])
        token = await run(service.signing_in.invitation, account)
        _noted(request, "invite", account, {})
        return await _shown(request, invitation=f"{service.settings.address}{page.PREFIX}/welcome/{token}")

    async def _shown(request: Request, invitation: str = "") -> Response:
        known = await run(overseeing.account, request.path_params["account_id"])
        keys = await run(accounts.keys, known.account.id)
        return page.answer(
            request,
            "operator_account.html",
            known=known,
            invitation=invitation,
            keys=[key for key in keys if key.revoked_at is None],
            plans=service.plans.all(),
            currencies=wallet.CURRENCIES,
            last_grant=await run(accounts.last_grant, known.account.id),
        )

    def doing(name: str, deed: Deed) -> Route:
        """The route of something that is done to an account; the log says what, and by whom."""

        async def done(request: Request) -> Response:
            account = await run(accounts.get, request.path_params["account_id"])
            _noted(request, name, account, await deed(account, await request.form()))
            return page.to(request, f"/operator/accounts/{account.id}")

        return Route(f"/operator/accounts/{{account_id}}/{name}", done, methods=["POST"])

    deeds = {
        "grant": grant, "move": move, "suspend": suspend, "activate": activate, "appoint": appoint,
        "dismiss": dismiss, "revoke": revoke,
    }  # fmt: skip
    return [
        Route("/operator/accounts", listed),
        Route("/operator/accounts/{account_id}", one),
        Route("/operator/accounts/{account_id}/invite", invite, methods=["POST"]),
        *(doing(name, deed) for name, deed in deeds.items()),
    ]


def _noted(request: Request, did: str, account: Account, more: dict[str, Any]) -> None:
    by = page.visitor(request).account.id
    observe.log.info("operator", did=did, to=account.id, by=by, request_id=observe.asked(request).id, **more)


def _amounts(form: Any) -> dict[str, int]:
    """What is granted, by currency.

    Raises:
        InvalidRequest: a field has no whole number, or nothing would be granted.
    """
    given = {currency: field(form, currency) for currency in wallet.CURRENCIES}
    amounts = {currency: _whole(currency, text) for currency, text in given.items() if text}
    if not any(amounts.values()):
        raise InvalidRequest(
            "Nothing would be granted.", "Write an amount.", fields={name: ["is empty"] for name in given}
        )
    return amounts


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise InvalidRequest(f"{name}: {text[:40]!r} is no whole number.", fields={name: ["is no whole number"]})
    return int(text)
