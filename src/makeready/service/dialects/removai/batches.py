"""Several pictures at once: all of them are begun, or none, and one webhook tells when all have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from makeready.service.dialects.removai.documenting import refusals
from makeready.service.dialects.removai.models import BatchAnswer, BatchBegunAnswer, BatchRequest
from makeready.service.dialects.removai.removing import FORMATS, OPERATION, asked_for, ready, told
from makeready.service.dialects.removai.shaping import NAME, UPLOAD_BYTES, batch, begun
from makeready.service.errors import Forbidden, InvalidRequest
from makeready.service.observe import asked
from makeready.service.serving import Caller, begin_batch, fetchable, ordered, run, upload

if TYPE_CHECKING:
    from makeready.service.core import Account, Service

_TAG = "Batches"
#: URLs that are looked at side by side.
_AT_ONCE = 8
#: What a field of several files is called; clients of PHP and of many forms write the second.
_FILES = ("files", "files[]")
_SCHEMA = BatchRequest.model_json_schema()
_FORM = {
    "type": "object",
    "properties": {
        "files": {
            "type": "array",
            "items": {"type": "string", "contentMediaType": "application/octet-stream"},
            "minItems": 1,
            "description": "The pictures: JPG, PNG or WEBP, of 25 MB each at most.",
        },
        **{name: told for name, told in _SCHEMA["properties"].items() if name != "urls"},
    },
    "required": ["files"],
    "additionalProperties": False,
    "examples": [{"files": "@photo.jpg", "output_format": "png"}],
}


def add(app: FastAPI, service: Service) -> None:
    """Add the routes of this part."""

    @app.post(
        "/v1/remove-background/batch",
        tags=[_TAG],
        summary="Remove the backgrounds of several pictures",
        operation_id="createBatch",
        response_description="The batch was begun",
        responses=refusals(409, 415, 503),
        response_model=BatchBegunAnswer,
        response_model_exclude_unset=True,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _SCHEMA}, "multipart/form-data": {"schema": _FORM}},
            }
        },
    )
    async def create(request: Request, account: Caller) -> dict[str, Any]:
        """Takes an image of the quota for each picture, or for none. Only on the plans Pro and Enterprise."""
        most = allowed(service, account)
        try:
            given, files = await read(request)
            sources = await _sources(service, account, given, files, most)
        finally:
            await request.close()  # the form's files, which nobody else would
        await ready(service, account, given)
        orders = [
            ordered(
                service,
                account,
                NAME,
                OPERATION,
                asked_for(given, source),
                job_id=service.new_id("img"),
                traceparent=asked(request).traceparent,
            )
            for source in sources
        ]
        made, jobs = await begin_batch(service, account, request, NAME, orders, {"webhook_url": given.webhook_url})
        created_at = jobs[0].created_at if jobs else made.created_at
        return {"success": True, "data": batch(made.id, created_at, [begun(job) for job in jobs])}

    @app.get(
        "/v1/remove-background/batch/{batch_id}",
        tags=[_TAG],
        summary="Look at a batch",
        operation_id="getBatch",
        response_description="The batch",
        responses=refusals(404),
        response_model=BatchAnswer,
        response_model_exclude_unset=True,
    )
    async def get(batch_id: str, account: Caller) -> dict[str, Any]:
        """Poll it until `status` is `completed` or `failed`; pictures are done one by one."""
        return {"success": True, "data": await run(looked, service, account, batch_id)}


def allowed(service: Service, account: Account) -> int:
    """The most pictures of a batch.

    Raises:
        Forbidden: the account's plan has no batches.
    """
    terms = service.plans.plan(account.plan).terms(NAME)
    if not terms.has("batch_processing"):
        raise Forbidden(f"The plan {terms.title} has no batches.", "They are part of the plans Pro and Enterprise.")
    return terms.batch_size


async def read(request: Request) -> tuple[BatchRequest, list[UploadFile]]:
    """What is asked for, in JSON or in a form, and the form's files.

    Raises:
        RequestValidationError: a field does not fit.
        InvalidRequest: a file is none.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return _fitting(await request.json()), []
    form = await request.form()
    files = [part for name in _FILES for part in form.getlist(name)]
    given: dict[str, Any] = {name: value for name, value in form.items() if name not in _FILES and value != ""}
    if "urls" in given:
        given["urls"] = form.getlist("urls")
    sent = [part for part in files if isinstance(part, UploadFile)]
    if len(sent) < len(files):
        raise InvalidRequest("files: a part of the form is text, and no file.", "Send each picture as a file.")
    return _fitting(given), sent


def looked(service: Service, account: Account, batch_id: str) -> dict[str, Any]:
    """A batch as clients see it now.

    Raises:
        NotFound: there is none.
    """
    made = service.batches.get(account.id, batch_id, dialect=NAME)
    jobs = service.batches.jobs([made])[made.id]
    created_at = jobs[0].created_at if jobs else made.created_at
    return batch(made.id, created_at, [told(service, account, job) for job in jobs])


async def _sources(
    service: Service, account: Account, given: BatchRequest, files: list[UploadFile], most: int
) -> list[dict[str, str]]:
    """The pictures as inputs of jobs: kept, or URLs that may be fetched.

    Raises:
        InvalidRequest: there are none, too many, or both kinds; a URL may not be fetched.
        UnsupportedMedia: one is no JPEG, PNG or WEBP.
        TooMuchData: one is too large.
    """
    urls = given.urls or []
    if bool(urls) == bool(files):
        raise InvalidRequest("Either 'urls' or 'files' must be provided, and not both.", "Send urls in JSON, or files.")
    if (count := len(urls) or len(files)) > most:
        raise InvalidRequest(f"{count} pictures are more than the {most} of a batch on this plan.", "Send fewer.")
    if urls:
        await _fetchable(service, urls)
        return [{"url": url} for url in urls]
    kept = [await upload(service, account, part, field="files", formats=FORMATS, limit=UPLOAD_BYTES) for part in files]
    return [{"file": one.file.id} for one in kept]


async def _fetchable(service: Service, urls: list[str]) -> None:
    """See that every URL may be fetched; names are looked up side by side.

    Raises:
        InvalidRequest: of the first that may not.
    """
    refused: dict[int, InvalidRequest] = {}
    places = anyio.Semaphore(_AT_ONCE)

    async def look(place: int, url: str) -> None:
        async with places:
            try:
                await fetchable(service, f"urls.{place}", url)
            except InvalidRequest as error:
                refused[place] = error

    async with anyio.create_task_group() as looking:
        for place, url in enumerate(urls):
            looking.start_soon(look, place, url)
    if refused:
        raise refused[min(refused)]


def _fitting(given: Any) -> BatchRequest:
    try:
        return BatchRequest.model_validate(given)
    except ValidationError as error:
        found: list[Any] = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from error
