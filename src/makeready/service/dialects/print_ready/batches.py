"""Batches: several pictures, one service, paid for together or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, File, Form, Request, UploadFile

from makeready.service.dialects.print_ready import models, processing
from makeready.service.dialects.print_ready.documenting import refusals
from makeready.service.dialects.print_ready.images import Quality, ScaleFactor
from makeready.service.dialects.print_ready.models import Answer, BatchSummary, Done
from makeready.service.dialects.print_ready.shaping import NAME, Id, Page, PerPage, invalid, mine, pages, time
from makeready.service.serving import Caller, begin_batch, ordered, run

if TYPE_CHECKING:
    from makeready.service.core import Account, Batch, Job, Service

_TAG = "Batches"


def add(app: FastAPI, service: Service) -> None:
    """Add the routes of this part."""

    @app.post(
        "/api/batches",
        status_code=202,
        tags=[_TAG],
        summary="Process several images",
        operation_id="createBatch",
        response_description="The batch was accepted",
        responses=refusals(402, 409, 501, 503),
    )
    async def create(
        request: Request,
        account: Caller,
        images: Annotated[
            list[UploadFile],
            File(alias="images[]", description="As many as the plan allows; each as for a single image."),
        ],
        service_: Annotated[
            Literal["remove-background", "edit", "upscale"], Form(alias="service", description="What is done to each.")
        ],
        quality: Annotated[Quality | None, Form(description="Required for `remove-background`.")] = None,
        instructions: Annotated[
            str | None, Form(min_length=3, max_length=1000, description="Required for `edit`.")
        ] = None,
        scale_factor: ScaleFactor = 4,
        name: Annotated[str | None, Form(max_length=255, description="Made up when left out.")] = None,
    ) -> Answer[models.Batch]:
        """Each image costs what it costs alone; all are taken, or none. Only on plans with batches."""
        _allowed(service, account, len(images))
        wanted = processing.chosen(service_, quality, instructions, scale_factor)
        await processing.feasible(service, account, wanted)
        pictures = await processing.received(service, account, wanted, images, "images")
        orders = [
            ordered(
                service,
                account,
                NAME,
                wanted.operation,
                wanted.order(picture),
                option=wanted.variant,
                **processing.numbered(service),
            )
            for picture in pictures
        ]
        details = {
            "name": (name or "").strip() or f"Batch of {datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
            "service": wanted.service,
            "variant": wanted.variant,
        }
        batch, jobs = await begin_batch(service, account, request, NAME, orders, details)
        one = len(jobs) == 1
        said = "1 image is being processed." if one else f"{len(jobs)} images are being processed."
        data = await run(_whole, service, account, batch, jobs)
        return Answer(message=f"Batch created successfully. {said}", data=data)

    @app.get(
        "/api/batches",
        tags=[_TAG],
        summary="List batches, the newest first",
        operation_id="listBatches",
        response_description="A page of batches",
        responses=refusals(),
    )
    async def listed(account: Caller, page: Page = 1, per_page: PerPage = 20) -> Answer[models.Batches]:
        """Without their images; each batch has its own."""

        def asked() -> models.Batches:
            batches, total = service.batches.listed(
                account.id, dialect=NAME, limit=per_page, skip=(page - 1) * per_page
            )
            jobs = service.batches.jobs(batches)
            numbers = service.numbers.of_all("batch", [batch.id for batch in batches])
            told = [BatchSummary(**_told(service, numbers[batch.id], batch, jobs[batch.id])) for batch in batches]
            return models.Batches(batches=told, pagination=pages(page, per_page, total))

        return Answer(message="Batches retrieved successfully", data=await run(asked))

    @app.get(
        "/api/batches/{id}",
        tags=[_TAG],
        summary="Look at a batch",
        operation_id="getBatch",
        response_description="The batch with its images",
        responses=refusals(404),
    )
    async def get(id: Id, account: Caller) -> Answer[models.Batch]:
        """Poll it every few seconds until `status` is `completed` or `failed`; it failed when all its images did."""

        def asked() -> models.Batch:
            batch = service.batches.get(account.id, mine(service, account, "batch", id), dialect=NAME)
            return _whole(service, account, batch, service.batches.jobs([batch])[batch.id])

        return Answer(message="Batch retrieved successfully", data=await run(asked))

    @app.delete(
        "/api/batches/{id}",
        tags=[_TAG],
        summary="Cancel and delete a batch",
        operation_id="deleteBatch",
        response_description="It was deleted",
        responses=refusals(404),
    )
    async def delete(id: Id, account: Caller) -> Done:
        """Images that have not ended are cancelled, and their credits come back. All files are removed."""
        batch_id = await run(mine, service, account, "batch", id)
        await run(service.batches.delete, account.id, batch_id, dialect=NAME)
        return Done(message="Batch deleted successfully")


def _allowed(service: Service, account: Account, count: int) -> None:
    """See that the plan has batches of so many images.

    Raises:
        InvalidRequest: there are too many.
    """
    terms = service.plans.plan(account.plan).terms(NAME)
    if count > terms.batch_size:
        raise invalid("images", f"A batch has at most {terms.batch_size} images on the {terms.title} plan.")


def _whole(service: Service, account: Account, batch: Batch, jobs: list[Job]) -> models.Batch:
    number = service.numbers.of("batch", batch.id)
    return models.Batch(**_told(service, number, batch, jobs), images=processing.told(service, account, jobs))


def _told(service: Service, number: int, batch: Batch, jobs: list[Job]) -> dict[str, Any]:
    statuses = [processing.status(job.state) for job in jobs]
    ended = [job.ended_at for job in jobs if job.ended_at is not None]
    return {
        "id": number,
        "name": batch.details["name"],
        "service": batch.details["service"],
        "service_variant": batch.details["variant"],
        "status": processing.status(service.batches.state(jobs)),
        "total_images": len(jobs),
        "completed_images": statuses.count("completed"),
        "failed_images": statuses.count("failed"),
        "credits_charged": sum(map(processing.charged, jobs)),
        "created_at": time(batch.created_at),
        "completed_at": time(max(ended)) if len(ended) == len(jobs) and ended else None,
    }
