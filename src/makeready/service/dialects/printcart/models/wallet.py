"""The wallet, and its entries."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from makeready.service.dialects.printcart.models.common import Told, ToldCamel


class Wallet(ToldCamel):
    """How many tokens there are."""

    balance: int
    currency: Literal["tokens"]
    top_up_url: str


class WalletAnswer(Told):
    """The wallet."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": {
                        "balance": 4850,
                        "currency": "tokens",
                        "topUpUrl": "https://app.printcart.com/payment?tab=buy",
                    }
                }
            ]
        }
    )

    data: Wallet


class Transaction(ToldCamel):
    """One entry of the wallet; what takes tokens has a negative amount."""

    transaction_id: str
    type: Literal["charge", "hold", "release", "refund", "grant", "reset"]
    amount: int
    balance_after: int
    job_id: str | None
    note: str
    created_at: str


class TransactionsAnswer(ToldCamel):
    """Entries of the wallet, the newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": [
                        {
                            "transactionId": "TX-00011",
                            "type": "charge",
                            "amount": -150,
                            "balanceAfter": 4850,
                            "jobId": "JgSluQxRQ_mkvwpsGIOny",
                            "note": "remove_background",
                            "createdAt": "2026-06-05T04:02:44.611Z",
                        }
                    ],
                    "nextCursor": None,
                }
            ]
        }
    )

    data: list[Transaction]
    next_cursor: str | None
