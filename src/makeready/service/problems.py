"""What went wrong with a request, before a dialect puts it into its own words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from makeready.errors import MakereadyError
from makeready.service.errors import InvalidRequest, ServiceError, Unavailable

if TYPE_CHECKING:
    from makeready.service.dialects import Dialect
    from makeready.service.settings import Settings

#: The code of a fault of ours.
UNEXPECTED = "INTERNAL_ERROR"
#: What a client reads where the fault is ours; the log has the rest under the same number.
_APOLOGY = "The service failed inside. The log has the reason under this request's number."
_LATER = "The service cannot reach its database just now. Try again in a while."
_CODES = {
    400: "BAD_REQUEST",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "PAYLOAD_TOO_LARGE",
}
_MESSAGES = {
    404: "There is nothing at this path.",
    405: "This path does not take this method.",
}
#: Where a value stood, as pydantic says it; what follows is the client's own name for it.
_NO_FILE = "It has to be a file: with curl, the name of a file has @ before it"
_PLACES = frozenset({"body", "query", "path", "header", "cookie"})


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal in neutral terms."""

    status: int
    #: In capitals, for programs: ``NOT_FOUND``, ``VALIDATION_ERROR``, ``INSUFFICIENT_FUNDS`` …
    code: str
    message: str
    #: What to do next; may be empty.
    hint: str = ""
    #: The numbers of the reason, as in ``ServiceError.details``.
    details: Mapping[str, Any] = field(default_factory=dict)
    #: What is wrong with which field of the request.
    fields: Mapping[str, list[str]] = field(default_factory=dict)
    #: Headers that belong to the answer.
    headers: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""


class BodyTooLarge(HTTPException):
    """The body is over the limit; raised where it is read, so that no more of it is."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"The body is larger than {limit / 1e6:.3g} MB, the most that is taken here.")


def of(error: Exception, request_id: str = "", *, invalid_status: int = 422) -> Problem:
    """What an exception means to the client.

    Args:
        error: anything that was raised; what is unknown is a fault of ours, told without its text.
        request_id: the request's number.
        invalid_status: the status of a request whose fields do not fit.
    """
    # FastAPI wraps what reading a body raises; the reason is in it.
    if isinstance(error, HTTPException) and isinstance(error.__cause__, MakereadyError):
        error = error.__cause__
    if isinstance(error, ServiceError):
        headers = {} if error.retry_after is None else {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
        details = dict(error.details)
        fields = details.pop("fields", {})
        headers |= details.pop("headers", {})
        status = invalid_status if isinstance(error, InvalidRequest) else error.http_status
        return Problem(status, error.code, str(error), error.hint, details, fields, headers, request_id)
    if isinstance(error, MakereadyError):
        return Problem(error.http_status, _code(error.http_status), str(error), error.hint, request_id=request_id)
    if isinstance(error, RequestValidationError):
        return _invalid(error, request_id, invalid_status)
    if isinstance(error, HTTPException):
        plain = error.detail == HTTPStatus(error.status_code).phrase
        message = _MESSAGES.get(error.status_code, error.detail) if plain else error.detail
        return Problem(
            error.status_code, _code(error.status_code), message, headers=error.headers or {}, request_id=request_id
        )
    if isinstance(error, OperationalError | PoolTimeout):  # it is locked for too long, restarts, or is out of reach
        return Problem(503, Unavailable.code, _LATER, headers={"Retry-After": "5"}, request_id=request_id)
    return Problem(500, UNEXPECTED, _APOLOGY, request_id=request_id)


def answer(problem: Problem, dialect: Dialect | None, settings: Settings) -> Response:
    """A refusal as it is sent: in the dialect's shape, or in a plain one outside of all."""
    if dialect is None:
        return JSONResponse(plain(problem, settings), problem.status, dict(problem.headers))
    status = dialect.statuses.get(problem.status, problem.status)
    return JSONResponse(dialect.shape(problem, settings), status, dict(problem.headers))


def plain(problem: Problem, _settings: Settings) -> dict[str, Any]:
    """The shape of refusals that belong to no dialect."""
    body: dict[str, Any] = {"error": problem.code, "message": problem.message}
    if problem.hint:
        body["hint"] = problem.hint
    if problem.fields:
        body["fields"] = dict(problem.fields)
    return body | {"request_id": problem.request_id}


def _invalid(error: RequestValidationError, request_id: str, status: int) -> Problem:
    fields: dict[str, list[str]] = {}
    for one in error.errors():
        place = [str(part) for part in one["loc"]]
        name = ".".join(place[1:] if place and place[0] in _PLACES else place) or "body"
        # The framework's own words for text in place of a file would name its classes.
        said = _NO_FILE if "UploadFile" in one["msg"] else str(one["msg"])
        fields.setdefault(name, []).append(said)
    first = next(iter(fields))
    message = f"{first}: {fields[first][0]}."
    if len(fields) > 1:
        message += f" {len(fields) - 1} more of the request's fields do not fit."
    return Problem(status, InvalidRequest.code, message, fields=fields, request_id=request_id)


def _code(status: int) -> str:
    if status in _CODES:
        return _CODES[status]
    return HTTPStatus(status).phrase.upper().replace(" ", "_").replace("-", "_").replace("'", "")
