"""The account: who it is, what it has left, its plan, and its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI, Request

from makeready.service import auth
from makeready.service.dialects.print_ready.documenting import refusals
from makeready.service.dialects.print_ready.models import (
    Answer,
    Credits,
    Done,
    Features,
    Limits,
    Plan,
    PlanName,
    PricingPlan,
    Subscription,
    SubscriptionTold,
    Token,
    Tokens,
    UsageTold,
    User,
)
from makeready.service.dialects.print_ready.shaping import CURRENCY, NAME, Id, mine, time
from makeready.service.serving import Caller, run

if TYPE_CHECKING:
    from makeready.service.core import Account, Service, Terms

_TAG = "Account"
#: Every key may do everything.
_ABILITIES = ["read", "write", "delete", "user:read"]


def add(app: FastAPI, service: Service) -> None:
    """Add the routes of this part."""

    @app.get(
        "/api/user",
        tags=[_TAG],
        summary="See who you are",
        operation_id="getUser",
        response_description="The account",
        responses=refusals(),
    )
    async def user(account: Caller) -> Answer[User]:
        """The account and its plan."""
        terms = _terms(service, account)
        since = time(account.created_at)
        data = User(
            id=await run(service.numbers.of, "account", account.id),
            name=account.name,
            email=account.email,
            created_at=since,
            updated_at=since,
            pricing_plan=PricingPlan(id=terms.number, name=terms.title, slug=terms.slug),
        )
        return Answer(message="User retrieved successfully", data=data)

    @app.get(
        "/api/usage",
        tags=[_TAG],
        summary="See how many credits are left",
        operation_id="getUsage",
        response_description="What was used this month, and what is left",
        responses=refusals(),
    )
    async def usage(account: Caller) -> Answer[UsageTold]:
        """Months begin on the day on which the account got its plan. What was granted on top counts into the limit."""
        terms = _terms(service, account)
        told = await run(service.accounts.usage, account, CURRENCY)
        data = UsageTold(
            plan=PlanName(name=terms.title, slug=terms.slug),
            usage=Credits(
                used=told.used,
                limit=None if told.unlimited else told.limit,
                remaining=None if told.unlimited else told.remaining,
                unlimited=told.unlimited,
                exceeded=not told.unlimited and told.remaining <= 0,
                percentage=0.0 if told.unlimited or not told.limit else round(100 * told.used / told.limit, 2),
            ),
            features=_features(terms),
        )
        return Answer(message="Usage statistics retrieved successfully", data=data)

    @app.get(
        "/api/subscription",
        tags=[_TAG],
        summary="See your plan",
        operation_id="getSubscription",
        response_description="The plan with its limits",
        responses=refusals(),
    )
    async def subscription(account: Caller) -> Answer[SubscriptionTold]:
        """Plans are given by the operator of the service and last until they are changed: none ends or is on trial."""
        terms = _terms(service, account)
        plan = service.plans.plan(account.plan)
        data = SubscriptionTold(
            subscription=Subscription(
                id=await run(service.numbers.of, "account", account.id),
                type="default",
                status="active",
                quantity=1,
                trial_ends_at=None,
                ends_at=None,
                is_active=True,
                is_on_trial=False,
                is_cancelled=False,
                is_on_grace_period=False,
            ),
            plan=Plan(
                name=terms.title,
                slug=terms.slug,
                price=terms.price,
                features=_features(terms),
                limits=Limits(
                    credits_per_month=None if plan.unlimited(CURRENCY) else plan.allowances.get(CURRENCY, 0),
                    max_batch_size=terms.batch_size if terms.has("batch_processing") else 0,
                ),
            ),
        )
        return Answer(message="Subscription details retrieved successfully", data=data)

    @app.get(
        "/api/user/tokens",
        tags=[_TAG],
        summary="List your API tokens",
        operation_id="listTokens",
        response_description="The tokens that are good",
        responses=refusals(),
    )
    async def tokens(account: Caller) -> Answer[Tokens]:
        """Every token opens everything. When it was last used is known to about a minute."""

        def asked() -> Tokens:
            good = [key for key in service.accounts.keys(account.id) if key.revoked_at is None]
            numbers = service.numbers.of_all("key", [key.id for key in good])
            told = [
                Token(
                    id=numbers[key.id],
                    name=key.name,
                    abilities=_ABILITIES,
                    last_used_at=None if key.last_used_at is None else time(key.last_used_at),
                    created_at=time(key.created_at),
                )
                for key in good
            ]
            return Tokens(tokens=told, count=len(told))

        return Answer(message="API tokens retrieved successfully", data=await run(asked))

    @app.delete(
        "/api/user/tokens/{id}",
        tags=[_TAG],
        summary="Revoke an API token",
        operation_id="revokeToken",
        response_description="It was revoked",
        responses=refusals(404),
    )
    async def revoke(id: Id, account: Caller) -> Done:
        """It stops working at once, in every API of the service, and for ever."""
        await run(lambda: service.accounts.revoke(mine(service, account, "key", id)))
        return Done(message="API token revoked successfully")

    @app.post(
        "/api/auth/logout",
        tags=[_TAG],
        summary="Revoke the token of this request",
        operation_id="logout",
        response_description="It was revoked",
        responses=refusals(),
    )
    async def logout(request: Request, account: Caller) -> Done:
        """A key (`mk_…`) is revoked. A token made from the account (a JWT) becomes void with all others of its kind."""
        await run(service.accounts.sign_out, account, auth.credential(request))
        return Done(message="Logged out successfully")


def _terms(service: Service, account: Account) -> Terms:
    return service.plans.plan(account.plan).terms(NAME)


def _features(terms: Terms) -> Features:
    return Features(api_access=terms.has("api_access"), batch_processing=terms.has("batch_processing"))
