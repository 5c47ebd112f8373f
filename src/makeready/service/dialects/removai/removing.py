"""One picture at a time: its URL or its file in, and the result in the answer, if it does not take too long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Form, Request

from makeready.service.dialects.removai.documenting import refusals
from makeready.service.dialects.removai.models import FileRequest, ImageAnswer, Options, UrlRequest
from makeready.service.dialects.removai.shaping import NAME, UPLOAD_BYTES, image, unprocessable
from makeready.service.serving import Caller, begin, fetchable, link, possible, run, upload, waited

if TYPE_CHECKING:
    from makeready.service.core import Account, Job, Service

_TAG = "Remove background"
OPERATION = "remove_background"
FORMATS = ["jpeg", "png", "webp"]
#: The longer side of a result, in pixels.
_SIDES = {"small": 1080, "medium": 1920, "large": 2880}
_WHITE = "#ffffff"
_FORM = "#/components/schemas/FileRequest"
_REFUSED = refusals(409, 415, 422, 503)


def add(app: FastAPI, service: Service) -> None:
    """Add the routes of this part."""

    async def by_url(given: UrlRequest, request: Request, account: Caller) -> dict[str, Any]:
        """Waits for the result. Where it takes too long, `status` is `processing`: poll `GET /v1/images/{id}`."""
        await fetchable(service, "url", given.url)
        return await _answered(service, account, request, given, {"url": given.url})

    for path, id in (("/v1/remove-background/url", "removeByUrl"), ("/v1/remove-background", "remove")):
        app.post(
            path,
            tags=[_TAG],
            summary="Remove the background of a picture at a URL",
            operation_id=id,
            response_description="The picture",
            responses=_REFUSED,
            response_model=ImageAnswer,
            response_model_exclude_unset=True,
        )(by_url)

    @app.post(
        "/v1/remove-background/file",
        tags=[_TAG],
        summary="Remove the background of a picture that is sent",
        operation_id="removeByFile",
        response_description="The picture",
        responses=_REFUSED,
        response_model=ImageAnswer,
        response_model_exclude_unset=True,
        openapi_extra={"requestBody": {"content": {"multipart/form-data": {"schema": {"$ref": _FORM}}}}},
    )
    async def by_file(given: Annotated[FileRequest, Form()], request: Request, account: Caller) -> dict[str, Any]:
        """Waits for the result. Where it takes too long, `status` is `processing`: poll `GET /v1/images/{id}`."""
        kept = await upload(service, account, given.file, field="file", formats=FORMATS, limit=UPLOAD_BYTES)
        return await _answered(service, account, request, given, {"file": kept.file.id})


async def _answered(
    service: Service, account: Account, request: Request, given: Options, source: Mapping[str, str]
) -> dict[str, Any]:
    """Begin, and wait for what comes of it.

    Raises:
        ServiceError: it failed; what was taken came back.
    """
    await ready(service, account, given)
    job = await begin(
        service,
        account,
        request,
        NAME,
        OPERATION,
        asked_for(given, source),
        id_kind="img",
        webhook_url=given.webhook_url,
    )
    job = await waited(service, account, job)
    if job.ended and job.state != "completed":
        raise unprocessable(job)
    return {"success": True, "data": await run(told, service, account, job)}


async def ready(service: Service, account: Account, given: Options) -> None:
    """See that what is asked for can be done, and told, before anything is taken.

    Raises:
        InvalidRequest: the webhook's URL may not be called.
        Unavailable: the model is not installed.
    """
    if given.webhook_url is not None:
        await fetchable(service, "webhook_url", given.webhook_url)
    await possible(service, account, OPERATION, options(given))


def asked_for(given: Options, source: Mapping[str, str]) -> dict[str, Any]:
    """What a job is told: its input, what the operation does, and what was asked for."""
    request = {"output_size": given.output_size, "output_format": given.output_format}
    return {"inputs": {"image": dict(source)}, "options": options(given), "request": request}


def options(given: Options) -> dict[str, Any]:
    """What was asked for, in the operation's terms."""
    wanted: dict[str, Any] = {"accept": FORMATS, "format": given.output_format}
    if given.output_format == "jpg":
        wanted["output_background"] = _hex(given.bg_color) if given.bg_color else _WHITE
    if given.output_size in _SIDES:
        wanted["max_side"] = _SIDES[given.output_size]
    return wanted


def told(service: Service, account: Account, job: Job) -> dict[str, Any]:
    """A picture as clients see it now."""
    return image(job, link(service, account, (job.result or {}).get("files", {}).get("image")))


def _hex(colour: str) -> str:
    """A colour in six digits."""
    digits = colour.lstrip("#")
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))
