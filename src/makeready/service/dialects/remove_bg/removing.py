"""Background removal: a picture or its URL in, a job out, and a PNG of the subject when it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import FastAPI, Form, Request

from makeready.service.dialects.remove_bg.models import Accepted, Removal, RemovalForm, refusals
from makeready.service.dialects.remove_bg.shaping import NAME, UPLOAD_BYTES, status, time, why
from makeready.service.errors import InvalidRequest
from makeready.service.serving import Caller, begin, fetchable, found, link, moment, possible, run, upload

if TYPE_CHECKING:
    from makeready.service.core import Account, Service

_TAG = "Background removal"
OPERATION = "remove_background"
FORMATS = ["jpeg", "png", "webp"]
#: What is asked of the operation.
OPTIONS: dict[str, Any] = {"accept": FORMATS, "format": "png"}
#: What a job takes at least and at most where none waits, in seconds, and to how many the wait before is rounded.
_SECONDS, _ROUND_S = (30, 60), 30
_FORM = "#/components/schemas/RemovalForm"


def add(app: FastAPI, service: Service) -> None:
    """Add the routes."""

    @app.post(
        "/api/v1/remove-bg",
        status_code=202,
        tags=[_TAG],
        summary="Remove the background of a picture",
        operation_id="createRemoval",
        response_description="The job was begun",
        responses=refusals(402, 409, 503),
        openapi_extra={"requestBody": {"content": {"multipart/form-data": {"schema": {"$ref": _FORM}}}}},
    )
    async def create(given: Annotated[RemovalForm, Form()], request: Request, account: Caller) -> Accepted:
        """Takes a credit and begins a job. One of `image_file` and `image_url` is needed, as a form of either kind."""
        source = await taken(service, account, given)
        if given.webhook_url is not None:
            await fetchable(service, "webhook_url", given.webhook_url)
        await possible(service, account, OPERATION, OPTIONS)
        job = await begin(
            service,
            account,
            request,
            NAME,
            OPERATION,
            {"inputs": {"image": source}, "options": OPTIONS},
            webhook_url=given.webhook_url,
        )
        return Accepted(
            jobId=job.id,
            status="processing",
            createdAt=moment(job.created_at, "seconds"),
            estimatedCompletionTime=await run(estimated, service, job.queue),
        )

    @app.get(
        "/api/v1/jobs/{jobId}",
        tags=[_TAG],
        summary="Look at a job",
        operation_id="getJob",
        response_description="The job",
        responses=refusals(404),
    )
    async def get(jobId: str, account: Caller) -> Removal:  # noqa: N803 - as the API's documentation names it
        """Poll it every 3 to 5 seconds, until `status` is `completed` or `failed`."""
        return await run(told, service, account, jobId)


async def taken(service: Service, account: Account, given: RemovalForm) -> dict[str, str]:
    """The picture, as an input of a job: kept, or a URL that may be fetched.

    Raises:
        InvalidRequest: there is none, or two, or it may not be fetched.
        UnsupportedMedia: it is no JPEG, PNG or WEBP.
        TooMuchData: it is too large.
    """
    if given.image_url is not None and given.image_file is None:
        await fetchable(service, "image_url", given.image_url)
        return {"url": given.image_url}
    if given.image_file is None or given.image_url is not None:
        raise InvalidRequest(
            "Either image_file or image_url must be provided"
            + (", and not both." if given.image_file else "."),
            "Send a form: multipart/form-data or application/x-www-form-urlencoded.",
        )  # fmt: skip
    kept = await upload(service, account, given.image_file, field="image_file", formats=FORMATS, limit=UPLOAD_BYTES)
    return {"file": kept.file.id}


def told(service: Service, account: Account, job_id: str) -> Removal:
    """A job as clients see it.

    Raises:
        NotFound: there is none.
    """
    job = found(service, account, NAME, job_id)
    files = (job.result or {}).get("files", {})
    return Removal(
        jobId=job.id,
        status=cast(Any, status(job)),
        outputUrl=link(service, account, files.get("image")),
        createdAt=moment(job.created_at, "seconds"),
        completedAt=time(job.ended_at),
        errorMessage=why(job),
    )


def estimated(service: Service, queue: str) -> str:
    """How long a job will take: as long as the first in its queue has waited, and what the work takes.

    Args:
        service: where jobs wait.
        queue: where this one does.
    """
    waits = int(service.jobs.oldest().get(queue, 0) // _ROUND_S) * _ROUND_S
    least, most = (waits + seconds for seconds in _SECONDS)
    return f"{least}-{most} seconds"
