"""Background removal: a picture's address in, a picture of its subject out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI, Request

from makeready.service.dialects.printcart.documenting import refusals
from makeready.service.dialects.printcart.models import BackgroundCreated, BackgroundJob, BackgroundRequest
from makeready.service.dialects.printcart.shaping import NAME, deducted, ended, fetchable, found, link
from makeready.service.serving import Caller, begin, moment, run

if TYPE_CHECKING:
    from makeready.service.core import Account, Job, Service

_TAG = "Background removal"
OPERATION = "remove_background"
#: Kinds of file that are taken.
_ACCEPTED = ["jpeg", "png", "webp"]
#: Subjects whose edges are reworked as suits them; told nothing, or of a drawing, the edge is taken as it is found.
_REWORKED = {"person", "product", "hair_heavy"}
#: States that clients of this API do not know: what was cancelled ended without a result.
_STATUS = {"awaiting_approval": "processing", "cancelled": "failed", "rejected": "failed"}


def add(app: FastAPI, service: Service) -> None:
    """Add the routes of this part."""

    @app.post(
        "/v1/services/bg-remove",
        status_code=202,
        tags=[_TAG],
        summary="Remove the background of a picture",
        operation_id="createBackgroundRemoval",
        response_description="The job was begun",
        responses=refusals(402, 409, 413, 422, 503),
    )
    async def create(given: BackgroundRequest, request: Request, account: Caller) -> BackgroundCreated:
        """Takes the tokens and begins a job; poll it every 2 to 3 seconds. If it fails, the tokens come back."""
        wanted = options(given)
        await run(service.catalogue.require, OPERATION, wanted, service.plans.plan(account.plan).queue)
        await fetchable(service, "image_url", given.image_url)
        params = {"inputs": {"image": {"url": given.image_url}}, "options": wanted, "request": given.model_dump()}
        job = await begin(service, account, request, NAME, OPERATION, params)
        return BackgroundCreated(
            job_id=job.id,
            status="processing",
            output_url=None,
            tokens_deducted=deducted(job),
            wallet_transaction_id=service.receipt(job),
            provider="self_hosted",
            created_at=moment(job.created_at),
        )

    @app.get(
        "/v1/services/bg-remove/{jobId}",
        tags=[_TAG],
        summary="Look at a background removal",
        operation_id="getBackgroundRemoval",
        response_description="The job",
        responses=refusals(404, 422),
    )
    async def get(jobId: str, account: Caller) -> BackgroundJob:  # noqa: N803 - as the API's documentation names it
        """Poll it until `status` is `completed` or `failed`. The link in `output_url` works for 24 hours."""
        return await run(told, service, account, jobId)


def told(service: Service, account: Account, job_id: str) -> BackgroundJob:
    """A job as clients see it.

    Raises:
        NotFound: there is none.
    """
    job = found(service, account, job_id, OPERATION)
    given: dict[str, Any] = job.params["request"]
    files = (job.result or {}).get("files", {})
    return BackgroundJob(
        job_id=job.id,
        status=cast(Any, _STATUS.get(job.state, job.state)),
        subject_type=given["subject_type"],
        edge_softness=given["edge_softness"],
        high_detail_mode=given["high_detail_mode"],
        output_background=given["output_background"],
        output_url=link(service, account, files.get("image")),
        tokens_deducted=deducted(job),
        wallet_transaction_id=service.receipt(job),
        created_at=moment(job.created_at),
        completed_at=ended(job.ended_at),
        error_message=_why(job),
    )


def options(given: BackgroundRequest) -> dict[str, Any]:
    """What was asked for, in the operation's terms; what is optional goes by the same names there."""
    return {
        **given.model_dump(exclude={"image_url"}),
        "quality": "plus" if given.subject_type in _REWORKED else "basic",
        "accept": _ACCEPTED,
        "format": "png",
    }


def _why(job: Job) -> str | None:
    return "The job was cancelled." if job.state == "cancelled" else job.error_message
