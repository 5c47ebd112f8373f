"""What the API's document says of refusals: the same words for the same status, wherever it can happen."""

from __future__ import annotations

from makeready.service.dialects.removai.models import ErrorBody
from makeready.service.dialects.removai.shaping import refusal
from makeready.service.documenting import Refusals

#: What it means, and an example of the message.
_WORDS = {
    400: ("The request does not fit; nothing was taken", "output_size: Input should be 'original', 'small' …"),
    401: ("No key, or none that is known", "The API key provided is invalid or missing"),
    403: (
        "The account is suspended, or its plan has no batches",
        "The plan Basic has no batches. They are part of Pro and Enterprise.",
    ),
    404: ("There is no such thing, or it belongs to another account", "There is no image img_12345abcde."),
    409: (
        "A request with the same Idempotency-Key is being served",
        "A request with this Idempotency-Key is being served. Send it again in a moment.",
    ),
    415: ("The file is of a kind that is not taken, whatever its name", "This is a PDF file. Send JPEG, PNG, WebP."),
    422: ("The image could not be processed; its quota came back", "No subject was found in the picture."),
    429: (
        "Too many requests, or the month's quota is used up; nothing was taken",
        "More than 10 requests in a minute. Try again when Retry-After is over.",
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
    words={status: (meaning, refusal(status, message)) for status, (meaning, message) in _WORDS.items()},
)
