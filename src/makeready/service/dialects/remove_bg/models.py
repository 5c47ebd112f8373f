"""What clients of the remove-bg API send and get: names as its documentation prints them."""

from __future__ import annotations

from typing import Literal

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field

from makeready.service.documenting import Refusals
from makeready.service.serving import Url


class RemovalForm(BaseModel):
    """A picture, and who is told when it is done."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"image_file": "@photo.jpg"}]})

    image_file: UploadFile | None = Field(None, description="The picture: JPEG, PNG or WEBP, of 30 MB at most.")
    image_url: Url | None = Field(None, description="Where the picture is, in place of `image_file`.")
    webhook_url: Url | None = Field(None, description="Who is told when the job has ended.")


class Accepted(BaseModel):
    """A job that was begun."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "jobId": "cm3abc123xyz",
                    "status": "processing",
                    "createdAt": "2025-01-15T10:30:00Z",
                    "estimatedCompletionTime": "30-60 seconds",
                }
            ]
        }
    )

    jobId: str  # noqa: N815 - here and below, as the API's documentation names it
    status: Literal["processing"]
    createdAt: str  # noqa: N815
    estimatedCompletionTime: str = Field(  # noqa: N815
        description="Longer where jobs wait already."
    )


class Removal(BaseModel):
    """A job, with the picture once it is completed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "jobId": "cm3abc123xyz",
                    "status": "completed",
                    "outputUrl": "https://prepress.example.com/files/abc/photo-cutout.png?expires=1736937045&signature=…",
                    "createdAt": "2025-01-15T10:30:00Z",
                    "completedAt": "2025-01-15T10:30:45Z",
                    "errorMessage": None,
                }
            ]
        }
    )

    jobId: str  # noqa: N815
    status: Literal["processing", "completed", "failed"]
    outputUrl: str | None = Field(description="A PNG; the link works for 24 hours, without a key.")  # noqa: N815
    createdAt: str  # noqa: N815
    completedAt: str | None  # noqa: N815
    errorMessage: str | None  # noqa: N815


class ErrorBody(BaseModel):
    """Why a request was not served."""

    error: str = Field(description="What is wrong, and what to do.")


_WORDS = {
    400: (
        "A field does not fit, a URL may not be fetched, or the file is too large or no JPEG, PNG or WEBP",
        "Send one of image_file and image_url.",
    ),
    401: ("No key, or none that is known", "There is no key. Send Authorization: Bearer <key>."),
    402: (
        "The account has too few credits; nothing was taken",
        "Insufficient credits: 1 needed, 0 left. Purchase more: https://prepress.example.com/",
    ),
    403: ("The account is suspended", "The account is suspended. Ask the operator of the service."),
    404: ("There is no such job, or it belongs to another account", "There is no job cm3abc123xyz."),
    409: (
        "A request with the same Idempotency-Key is being served",
        "A request with this Idempotency-Key is being served. Send it again in a moment.",
    ),
    429: (
        "Too many requests, or too many jobs wait; Retry-After says for how long",
        "More than 600 requests in a minute. Try again when Retry-After is over.",
    ),
    500: ("The service failed inside", "The service failed inside. The log has the reason."),
    503: (
        "Something this needs is not installed, or does not answer; nothing was taken",
        "The weights of ISNet are not installed. Install them: makeready models install isnet",
    ),
}  # fmt: skip
refusals = Refusals(
    ErrorBody,
    always=(400, 401, 403, 429, 500),
    words={status: (meaning, {"error": error}) for status, (meaning, error) in _WORDS.items()},
)
