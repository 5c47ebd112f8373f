"""The wallet: what is in it, and where it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import FastAPI, Query

from makeready.service.dialects.printcart.documenting import refusals
from makeready.service.dialects.printcart.models import Transaction, TransactionsAnswer, Wallet, WalletAnswer
from makeready.service.dialects.printcart.preflight import Limit
from makeready.service.dialects.printcart.shaping import CURRENCY, invalid
from makeready.service.errors import InvalidRequest
from makeready.service.serving import Caller, moment, run

if TYPE_CHECKING:
    from makeready.service.core import Service

_TAG = "Wallet"


def add(app: FastAPI, service: Service) -> None:
    """Add the routes of this part."""

    @app.get(
        "/v1/services/wallet",
        tags=[_TAG],
        summary="See how many tokens there are",
        operation_id="getWallet",
        response_description="The wallet",
        responses=refusals(),
    )
    async def balance(account: Caller) -> WalletAnswer:
        """What jobs hold until they end is not in it."""
        balances = await run(service.accounts.balances, account.id)
        return WalletAnswer(
            data=Wallet(balance=balances[CURRENCY], currency=CURRENCY, top_up_url=service.settings.top_up)
        )

    @app.get(
        "/v1/services/wallet/transactions",
        tags=[_TAG],
        summary="List what was taken and given, the newest first",
        operation_id="listTransactions",
        response_description="Entries",
        responses=refusals(422),
    )
    async def transactions(
        account: Caller,
        limit: Limit = 20,
        cursor: Annotated[str | None, Query(max_length=40, description="`nextCursor` of the page before.")] = None,
    ) -> TransactionsAnswer:
        """Every entry has the balance after it; jobs are named by their identifiers."""
        entries = await run(service.accounts.entries, account.id, CURRENCY, limit=limit + 1, before=_number(cursor))
        page = entries[:limit]
        return TransactionsAnswer(
            data=[
                Transaction(
                    transaction_id=entry.name,
                    type=cast(Any, entry.kind),
                    amount=entry.amount,
                    balance_after=entry.balance_after,
                    job_id=entry.job_id,
                    note=entry.note,
                    created_at=moment(entry.created_at),
                )
                for entry in page
            ],
            next_cursor=page[-1].name if len(entries) > limit else None,
        )


def _number(cursor: str | None) -> int | None:
    """The number of the entry that a cursor names."""
    if cursor is None:
        return None
    digits = cursor.removeprefix("TX-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        said = InvalidRequest("The cursor is none that was given out.", "Take it from nextCursor, or leave it out.")
        raise invalid("cursor", said)
    return int(digits)
