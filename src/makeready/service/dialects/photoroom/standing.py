"""What an account has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from makeready.service.dialects.photoroom.documenting import refusals
from makeready.service.dialects.photoroom.shaping import CURRENCY, NAME
from makeready.service.serving import Caller, run

if TYPE_CHECKING:
    from makeready.service.core import Account, Service

#: What stands for images without end: the largest number that every client can hold.
WITHOUT_END = 2**31 - 1


class Images(BaseModel):
    """Images of the running month."""

    model_config = ConfigDict(extra="forbid")

    available: int = Field(description="Images that are left; 2147483647 where the plan has no end of them.")
    subscription: int = Field(description="Images of the month, in all.")


class Standing(BaseModel):
    """An account."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"plan": "basic", "images": {"available": 83, "subscription": 100}}]},
    )

    plan: str = Field(description="The name of the plan: `basic`, `plus` and those above.")
    images: Images


def add(app: FastAPI, service: Service) -> None:
    """Add the route of this part."""

    @app.get(
        "/v2/account",
        tags=["Account"],
        summary="What is left of the month",
        operation_id="getAccount",
        response_description="The account",
        responses=refusals(),
    )
    async def account_details(account: Caller) -> Standing:
        """The plan of the account, the images that it has left, and how many a month has. It costs nothing."""
        return await run(told, service, account)


def told(service: Service, account: Account) -> Standing:
    """How far an account is with its month."""
    usage = service.accounts.usage(account, CURRENCY)
    left, month = (WITHOUT_END, WITHOUT_END) if usage.unlimited else (usage.remaining, usage.limit)
    plan = service.plans.plan(account.plan).terms(NAME).slug
    return Standing(plan=plan, images=Images(available=left, subscription=month))
