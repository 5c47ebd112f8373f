"""What all parts of the print-ready API share: names, times, refusals, pages, and whose a number is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path, Query

from makeready.service.core import Account, Service, Settings, Usage
from makeready.service.dialects.print_ready.models import Pagination
from makeready.service.errors import Forbidden, InvalidRequest, NotFound, ServiceError
from makeready.service.serving import moment

if TYPE_CHECKING:
    from makeready.service.limits import Standing
    from makeready.service.problems import Problem

NAME = "print-ready"
CURRENCY = "credits"
#: How long a download link works, in seconds.
LINK_S = 1800

time = partial(moment, timespec="microseconds")

#: A number of a path: far more than there will ever be, and no more than JSON holds.
Id = Annotated[int, Path(ge=1, le=2**53 - 1, description="Its number.")]
Page = Annotated[int, Query(ge=1, le=1_000_000, description="Which page, from 1.")]
PerPage = Annotated[int, Query(ge=1, le=100, description="How many on a page.")]

_NO_CREDITS = "Insufficient credits: this takes {needed}, and {balance} {are} left. "
_MORE = "Upgrade your plan, or wait for credits to reset at the next billing cycle."
_WHAT = {"job": "image", "batch": "batch", "key": "token"}


def shape(problem: Problem, _settings: Settings) -> dict[str, Any]:
    """A refusal as the API's documentation prints it."""
    message = f"{problem.message} {problem.hint}".strip()
    if problem.status == 402:
        details = problem.details
        message = _NO_CREDITS.format(**details, are="is" if details["balance"] == 1 else "are") + _MORE
    # The images of a batch are images and images.1, whoever finds fault with them; the brackets are the form's.
    errors = {
        _clean(name).replace("[]", ""): [_clean(text) for text in texts] for name, texts in problem.fields.items()
    }
    return {"success": False, "message": _clean(message), "errors": errors}


def told_usage(usage: Usage) -> Mapping[str, str]:
    """The headers that say what an account has left."""
    unlimited = "unlimited" if usage.unlimited else ""
    return {
        "X-Credits-Limit": unlimited or str(usage.limit),
        "X-Credits-Remaining": unlimited or str(usage.remaining),
        "X-Credits-Used": str(usage.used),
    }


def standing(now: Standing) -> Mapping[str, str]:
    """The headers that say how many requests are left in this minute."""
    return {"X-RateLimit-Limit": str(now.limit), "X-RateLimit-Remaining": str(now.remaining)}


def admit(service: Service, account: Account, asks: str) -> None:
    """Let accounts in whose plan has this API, and to new batches those whose plan has batches.

    Raises:
        Forbidden: it has not.
    """
    terms = service.plans.plan(account.plan).terms(NAME)
    if not terms.has("api_access"):
        raise Forbidden(f"API access is not part of the {terms.title} plan.", "Upgrade to Starter or higher.")
    if asks == "POST /api/batches" and not (terms.has("batch_processing") and terms.batch_size):
        raise Forbidden(f"Batch processing is not part of the {terms.title} plan.", "Upgrade to Pro or higher.")


def mine(service: Service, account: Account, kind: str, number: int) -> str:
    """The name of what a number stands for.

    Args:
        service: where it is.
        account: who asks.
        kind: ``job``, ``batch`` or ``key``.
        number: as the client knows it.

    Raises:
        NotFound: there is none, or no longer.
        Forbidden: it belongs to another account. That numbers are given one after the other is no secret.
    """
    id = service.numbers.named(kind, number)
    owner = service.numbers.owner(kind, id) if id is not None else None
    if id is None or owner is None:
        raise NotFound(f"There is no {_WHAT[kind]} {number}.", "See whether the number is right, and not deleted.")
    if owner != account.id:
        raise Forbidden("You do not own this resource.")
    return id


def pages(page: int, per_page: int, total: int) -> Pagination:
    """Where a page is among all."""
    return Pagination(current_page=page, per_page=per_page, total=total, last_page=max(1, -(-total // per_page)))


def invalid(field: str, message: str, hint: str = "") -> InvalidRequest:
    """The refusal of one field."""
    return InvalidRequest(f"{field}: {message}", hint, fields={field: [f"{message} {hint}".strip()]})


def of_field(field: str, error: ServiceError) -> InvalidRequest:
    """A refusal from below as that of a field."""
    return invalid(field, str(error), error.hint)


def _clean(text: str) -> str:
    """Halves of characters, which a client may send in a name and JSON cannot carry back, as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
