"""What the service refuses, in terms that every dialect can put into its own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from makeready.errors import MakereadyError


class ServiceError(MakereadyError):
    """A request that is not served: ``code`` names the reason for programs, ``details`` has its numbers."""

    code = "BAD_REQUEST"
    #: Seconds after which trying again makes sense; ``None`` where it makes none.
    retry_after: float | None = None

    def __init__(self, message: str, hint: str | None = None, **details: Any) -> None:
        super().__init__(message, hint)
        self.details: Mapping[str, Any] = details

    def __reduce__(self) -> Any:
        return type(self), (str(self), self.hint), self.__dict__


class InvalidRequest(ServiceError):
    """The request does not say what it should. ``details["fields"]``: name → list of what is wrong with it."""

    code = "VALIDATION_ERROR"
    http_status = 422


class Unauthorized(ServiceError):
    """No key, an unknown or revoked one, or a token that has run out."""

    code = "UNAUTHORIZED"
    http_status = 401


class Forbidden(ServiceError):
    """The account is known and may not do this."""

    code = "FORBIDDEN"
    http_status = 403


class Suspended(Forbidden):
    """The account is suspended."""

    code = "ACCOUNT_SUSPENDED"


class NotFound(ServiceError):
    """There is no such thing, or it belongs to somebody else."""

    code = "NOT_FOUND"
    http_status = 404


class Conflict(ServiceError):
    """The thing is in a state in which this cannot be done."""

    code = "CONFLICT"
    http_status = 409


class InsufficientFunds(ServiceError):
    """The wallet has too little. ``details``: ``currency``, ``balance``, ``needed``, ``shortfall``."""

    code = "INSUFFICIENT_FUNDS"
    http_status = 402


class TooMuchData(ServiceError):
    """An upload, a fetched file or a picture is over the limit of what is taken."""

    code = "PAYLOAD_TOO_LARGE"
    http_status = 413


class UnsupportedMedia(ServiceError):
    """The content is of a kind that is not taken here, whatever its name says."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    http_status = 415


class FetchRefused(ServiceError):
    """A URL is not fetched: it leads where the service may not go, or what is there cannot be had."""

    code = "URL_NOT_FETCHED"
    http_status = 422


class RateLimited(ServiceError):
    """Too many requests. ``details``: ``limit``, ``remaining``, ``reset`` (epoch seconds)."""

    code = "RATE_LIMITED"
    http_status = 429

    def __init__(self, message: str, hint: str | None = None, *, retry_after: float = 1.0, **details: Any) -> None:
        super().__init__(message, hint, **details)
        self.retry_after = retry_after


class QueueFull(RateLimited):
    """More jobs wait than the service promises to do."""

    code = "QUEUE_FULL"


class Unavailable(ServiceError):
    """Something this needs is not installed, or does not answer."""

    code = "SERVICE_UNAVAILABLE"
    http_status = 503


class NoBackEnd(ServiceError):
    """This takes a generator, and none is configured that can do it."""

    code = "NOT_CONFIGURED"
    http_status = 501


class TimedOut(ServiceError):
    """It took longer than a request may."""

    code = "TIMEOUT"
    http_status = 504
