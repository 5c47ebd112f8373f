"""The wallet: what is in it, where it went, the same as a file for a spreadsheet, and packs to buy."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from makeready.service import payments, wallet
from makeready.service.dashboard import page, paying
from makeready.service.errors import InvalidRequest
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.core import Service

#: How many entries a page has, and how many are asked for at a time for a file.
_PAGE, _AT_ONCE = 25, 1000
#: The kinds of entries in words.
_KINDS = {
    "charge": "Taken for a job",
    "hold": "Held for a job",
    "release": "Given back of a hold",
    "refund": "Given back",
    "grant": "Added",
    "reset": "Filled up for the month",
}
_COLUMNS = ("transaction", "time", "currency", "kind", "amount", "balance_after", "job", "note")
_FILE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
#: What a spreadsheet takes for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: Digits of the number of an entry, as many as databases hold.
_DIGITS = 18


def routes(service: Service) -> list[Route]:
    """The pages of this part."""

    async def shown(request: Request) -> Response:
        account, asked = page.visitor(request).account, request.query_params
        currency, before = _currency(asked.get("currency", "")), _number(asked.get("before", ""))
        found = await run(service.accounts.entries, account.id, currency, limit=_PAGE + 1, before=before)
        entries, only = found[:_PAGE], {"currency": currency} if currency else {}
        plan, today = service.plans.plan(account.plan), dt.datetime.now(dt.UTC).date()
        return page.answer(
            request,
            "wallet.html",
            balances=await run(service.accounts.balances, account.id),
            plan=plan,
            entries=entries,
            kinds=_KINDS,
            currency=currency or "",
            currencies=wallet.CURRENCIES,
            older=page.url(service.settings.root, "/wallet", {**only, "before": entries[-1].name})
            if len(found) > _PAGE
            else "",
            newest=page.url(service.settings.root, "/wallet", only) if before else "",
            since=today.replace(day=1),
            until=today,
            packs=service.plans.packs,
            provider=service.payments.provider,
            payments=await run(service.payments.listed, account.id, limit=5),
            cost=payments.cost,
            top_up_url=service.settings.top_up_url,
        )

    async def download(request: Request) -> Response:
        account, asked = page.visitor(request).account, request.query_params
        today = dt.datetime.now(dt.UTC).date()
        first = _day(asked.get("since", ""), today.replace(day=1))
        last = _day(asked.get("until", ""), today)
        currency = _currency(asked.get("currency", ""))
        period = {"since": _midnight(first), "until": _midnight(last) + 86400}
        name = f"wallet-{first}-{last}{f'-{currency}' if currency else ''}.csv"
        headers = {**_FILE, "Content-Disposition": f'attachment; filename="{name}"'}
        rows = _rows(service, account.id, currency, period)
        return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=headers)

    return [Route("/wallet", shown), Route("/wallet/ledger.csv", download), *paying.routes(service)]


def _rows(service: Service, account_id: str, currency: str | None, period: Mapping[str, float]) -> Iterator[str]:
    """The ledger of a period as CSV, the newest first, some lines at a time: it may be long."""
    yield _csv([_COLUMNS])
    before = None
    while entries := service.accounts.entries(account_id, currency, limit=_AT_ONCE, before=before, **period):
        yield _csv(
            [
                (
                    entry.name,
                    dt.datetime.fromtimestamp(entry.created_at, dt.UTC).isoformat(timespec="seconds"),
                    entry.currency,
                    entry.kind,
                    entry.amount,
                    entry.balance_after,
                    entry.job_id or "",
                    _harmless(entry.note),
                )
                for entry in entries
            ]
        )
        before = entries[-1].number


def _csv(rows: list[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _harmless(text: str) -> str:
    """Text that a spreadsheet does not calculate."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _currency(text: str) -> str | None:
    if text and text not in wallet.CURRENCIES:
        raise InvalidRequest(f"There is no currency {text!r}.", f"There are {', '.join(wallet.CURRENCIES)}.")
    return text or None


def _number(text: str) -> int | None:
    """The number of an entry by its name.

    Raises:
        InvalidRequest: it is none.
    """
    digits = text.removeprefix("TX-")
    if not text:
        return None
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS):
        raise InvalidRequest("The address of this page is not whole.", "Go to the newest entries.")
    return int(digits)


def _day(text: str, otherwise: dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(text) if text else otherwise
    except ValueError as error:
        raise InvalidRequest(f"{text!r} is no day.", "Write it as 2026-06-05.") from error


def _midnight(day: dt.date) -> float:
    return dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()
