"""What the API's document says of refusals: the same words for the same status, wherever it can happen."""

from __future__ import annotations

from typing import Any

from makeready.service.dialects.printcart.models import ErrorBody, InsufficientTokens
from makeready.service.documenting import Refusals

_WORDS: dict[int, tuple[str, Any]] = {
    400: (
        "The body is not JSON, or the address has characters that none has",
        {"error": "BAD_REQUEST", "message": "The body is not JSON. Send the fields as one JSON object."},
    ),
    401: (
        "No key, or none that is known",
        {"error": "UNAUTHORIZED", "message": "There is no key. Send Authorization: Bearer <key>."},
    ),
    402: ("The wallet has too little; nothing was taken", InsufficientTokens),
    403: (
        "The account is suspended",
        {"error": "ACCOUNT_SUSPENDED", "message": "The account is suspended. Ask the operator of the service."},
    ),
    404: (
        "There is no such thing, or it belongs to another account",
        {"error": "NOT_FOUND", "message": "There is no job JgSluQxRQ_mkvwpsGIOny."},
    ),
    409: (
        "The thing is in a state in which this cannot be done, or the Idempotency-Key was used for another request",
        {"error": "CONFLICT", "message": "Job job_0d6e2f is completed, and can not be approved. Look at the job."},
    ),
    413: (
        "The body, or the file at the URL, is over the limit",
        {"error": "PAYLOAD_TOO_LARGE", "message": "The body is larger than 1 MB, the most that is taken here."},
    ),
    422: (
        "A field does not fit, or a file cannot be used; nothing was taken",
        {
            "error": "VALIDATION_ERROR",
            "message": "edge_softness: Input should be less than or equal to 10.",
            "fields": {"edge_softness": ["Input should be less than or equal to 10"]},
        },
    ),
    429: (
        "Too many requests, or too many jobs wait; Retry-After says for how long",
        {"error": "RATE_LIMITED", "message": "More than 600 requests a minute. Try again in 12 seconds."},
    ),
    500: (
        "The service failed inside",
        {"error": "INTERNAL_ERROR", "message": "The service failed inside. The log has the reason."},
    ),
    503: (
        "Something this needs is not installed, or does not answer; nothing was taken",
        {
            "error": "MODEL_NOT_INSTALLED",
            "message": "The weights of ISNet are not installed. Install them: makeready models install isnet",
        },
    ),
    504: (
        "It took longer than a request may",
        {"error": "TIMEOUT", "message": "The check did not end within 55 seconds. Try a smaller file."},
    ),
}
refusals = Refusals(ErrorBody, always=(400, 401, 403, 429, 500), words=_WORDS)
