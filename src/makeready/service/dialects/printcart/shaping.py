"""What all parts of the printcart API share: times, refusals, pages of a list, and how a job is begun."""

from __future__ import annotations

import base64
import binascii
import difflib
import json
import math
import re
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from makeready.service.core import Account, Job, Service, Settings
from makeready.service.dialects.printcart import models
from makeready.service.errors import FetchRefused, InvalidRequest, NotFound, ServiceError
from makeready.service.serving import moment, run

if TYPE_CHECKING:
    from makeready.service.problems import Problem

NAME = "printcart"
CURRENCY = "tokens"

#: What pydantic says of a field that there is not.
_UNKNOWN = "Extra inputs are not permitted"
_ID = re.compile(models.ID)


def ended(at: float | None) -> str | None:
    """The time at which something ended, if it has."""
    return None if at is None else moment(at)


# Refusals -------------------------------------------------------------------------------------------------------------


def shape(problem: Problem, settings: Settings) -> dict[str, Any]:
    """A refusal as the API's documentation prints it."""
    if problem.status == 402:
        return {
            "error": "INSUFFICIENT_TOKENS",
            "balance": problem.details["balance"],
            "shortfall": problem.details["shortfall"],
            "top_up_url": settings.top_up,
        }
    body: dict[str, Any] = {
        "error": problem.code,
        "message": _clean(f"{problem.message} {problem.hint}".strip().replace(_UNKNOWN, "There is no such field")),
    }
    if problem.fields:
        body["fields"] = {_clean(name): [_said(name, text) for text in texts] for name, texts in problem.fields.items()}
    return body


def _said(name: str, text: str) -> str:
    if text != _UNKNOWN:
        return _clean(text)
    near = difflib.get_close_matches(name.rpartition(".")[2], _known(), n=1)
    return f"There is no such field. Did you mean {near[0]!r}?" if near else "There is no such field."


@cache
def _known() -> tuple[str, ...]:
    """Every name that a field of a request has."""
    kinds = (
        models.BackgroundRequest,
        models.DpiScoreRequest,
        models.CheckRequest,
        models.ProductProfile,
        models.FixRequest,
        models.FixOptions,
    )
    return tuple({field.alias or name: None for kind in kinds for name, field in kind.model_fields.items()})


def _clean(text: str) -> str:
    """Halves of characters, which a client may send in a field's name and JSON cannot carry back, as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def invalid(field: str, error: ServiceError) -> InvalidRequest:
    """The refusal of one field."""
    text = f"{error} {error.hint}".strip()
    return InvalidRequest(f"{field}: {error}", error.hint, fields={field: [text]})


def failed(job: Job) -> ServiceError:
    """The refusal that stands for a job that failed, for requests that waited for it."""
    error = ServiceError(job.error_message or "The job failed.")
    error.code = job.error_code or "PROCESSING_FAILED"
    error.http_status = {"PAYLOAD_TOO_LARGE": 413, "FILE_TOO_LARGE": 413, "SERVICE_UNAVAILABLE": 503}.get(
        error.code, 422
    )
    return error


def known(id: str, what: str) -> str:
    """An identifier from a path, as far as it can be one.

    Raises:
        NotFound: no identifier looks like this.
    """
    if not _ID.fullmatch(id):
        raise NotFound(f"There is no such {what}.", "See whether the identifier is whole.")
    return id


# Lists ----------------------------------------------------------------------------------------------------------------


class Mark(NamedTuple):
    """The last thing on a page of a list."""

    at: float
    id: str


def cursor(at: float, id: str) -> str:
    """The place after a thing in a list, for clients to give back."""
    return base64.urlsafe_b64encode(json.dumps([at, id]).encode()).decode().rstrip("=")


def marked(text: str | None) -> Mark | None:
    """The place that a cursor stands for.

    Raises:
        InvalidRequest: it is none that was given out.
    """
    if text is None:
        return None
    try:
        at, id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not (type(at) in (int, float) and math.isfinite(at) and abs(at) < 2**53 and _ID.fullmatch(id)):
            raise ValueError("not of the kind that is given out")
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        said = InvalidRequest("The cursor is none that was given out.", "Take it from nextCursor, or leave it out.")
        raise invalid("cursor", said) from error
    return Mark(at, id)


# Jobs -----------------------------------------------------------------------------------------------------------------


async def fetchable(service: Service, field: str, url: str) -> None:
    """See that a URL may be fetched, before anything is paid.

    Raises:
        InvalidRequest: it may not.
    """
    try:
        await run(service.fetcher.check, url)
    except FetchRefused as error:
        refusal = invalid(field, error)
        refusal.code = error.code
        raise refusal from error


def found(service: Service, account: Account, job_id: str, operation: str) -> Job:
    """One job of this API.

    Raises:
        NotFound: there is none, it is another account's, or came through another API.
    """
    job = service.jobs.get(account.id, known(job_id, "job"), operation=operation)
    if job.dialect != NAME:
        raise NotFound(f"There is no job {job_id}.", "It came through another API; look for it there.")
    return job


def deducted(job: Job) -> int:
    """What a job has taken from the wallet, all told."""
    if not job.ended:
        return job.held
    return job.cost or 0


def link(service: Service, account: Account, file_id: str | None) -> str | None:
    """A link that works for 24 hours without a key; none where there is no such file, or no longer."""
    if file_id is None:
        return None
    try:
        file = service.files.get(account.id, file_id)
    except NotFound:
        return None
    if file.expires_at is not None and file.expires_at <= datetime.now(UTC).timestamp():
        return None
    return service.files.link(file)
