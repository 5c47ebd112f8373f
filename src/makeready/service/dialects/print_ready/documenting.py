"""What the API's document says of refusals: the same words for the same status, wherever it can happen."""

from __future__ import annotations

from makeready.service.dialects.print_ready.models import Refusal
from makeready.service.documenting import Refusals

_WORDS: dict[int, tuple[str, str, dict[str, list[str]]]] = {
    401: ("Missing or invalid API token", "There is no key. Send Authorization: Bearer <key>.", {}),
    402: (
        "Insufficient credits; nothing was taken",
        "Insufficient credits: this takes 2, and 1 is left. "
        "Upgrade your plan, or wait for credits to reset at the next billing cycle.",
        {},
    ),
    403: (
        "Not part of your plan, not yours, or the account is suspended",
        "You do not own this resource.",
        {},
    ),
    404: ("There is no such image, batch or token", "There is no image 42. See whether the number is right.", {}),
    409: (
        "The image is not completed, or a request with this Idempotency-Key is being served",
        "Image 42 is processing. Poll it until its status is completed.",
        {},
    ),
    422: (
        "A field does not fit, or the file cannot be used; nothing was taken",
        "scale_factor: Input should be less than or equal to 4.",
        {"scale_factor": ["Input should be less than or equal to 4"]},
    ),
    429: (
        "Too many requests, or too many images wait; Retry-After says for how long",
        "More than 120 requests in a minute. Try again when Retry-After is over.",
        {},
    ),
    500: ("The service failed inside", "The service failed inside. The log has the reason.", {}),
    501: (
        "This takes a generator, and none is configured; nothing was taken",
        "The instructions ask for what a generator has to draw, and none is configured.",
        {},
    ),
    503: (
        "Something this needs is not installed, or does not answer; nothing was taken",
        "The weights of ISNet are not installed. Install them: makeready models install isnet",
        {},
    ),
}
refusals = Refusals(
    Refusal,
    always=(401, 403, 422, 429, 500),
    words={
        status: (meaning, {"success": False, "message": message, "errors": errors})
        for status, (meaning, message, errors) in _WORDS.items()
    },
)
