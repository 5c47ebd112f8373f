"""Pictures: processed, looked at, downloaded and deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, File, Form, Query, Request, UploadFile

from makeready.service.dialects.print_ready import processing
from makeready.service.dialects.print_ready.documenting import refusals
from makeready.service.dialects.print_ready.models import (
    Answer,
    Created,
    Done,
    Download,
    Image,
    Images,
    Operation,
    Status,
)
from makeready.service.dialects.print_ready.shaping import LINK_S, NAME, Id, Page, PerPage, mine, pages, time
from makeready.service.errors import Conflict, NotFound
from makeready.service.serving import Caller, begin, found, run

if TYPE_CHECKING:
    from makeready.service.core import Account, Job, Service
    from makeready.service.dialects.print_ready.processing import Wanted

_PROCESSING, _MANAGING = "Processing", "Images"
_STARTED = "{} started. Your image is being processed."

Picture = Annotated[UploadFile, File(description="JPEG, PNG, WebP, BMP, TIFF or GIF, at most 10 MB.")]
Quality = Literal["basic", "plus"]
Instructions = Annotated[
    str,
    Form(
        min_length=3,
        max_length=1000,
        description="In plain English: *Make the sky more vibrant and add warm sunset tones*.",
    ),
]
ScaleFactor = Annotated[int, Form(ge=2, le=4, description="So many times as wide and as high.")]


def add(app: FastAPI, service: Service) -> None:
    """Add the routes of this part."""
    _add_processing(app, service)
    _add_managing(app, service)


def _add_processing(app: FastAPI, service: Service) -> None:
    def started(what: str) -> Callable[..., Any]:
        return app.post(
            f"/api/images/{what}",
            status_code=202,
            tags=[_PROCESSING],
            response_description="The image was accepted",
            responses=refusals(402, 409, 501, 503),
            summary={
                "remove-background": "Remove the background of an image",
                "edit": "Edit an image by instructions",
                "upscale": "Enlarge an image",
            }[what],
            operation_id={"remove-background": "removeBackground", "edit": "editImage", "upscale": "upscaleImage"}[
                what
            ],
        )

    @started("remove-background")
    async def remove_background(
        request: Request,
        account: Caller,
        image: Picture,
        quality: Annotated[Quality, Form(description="`plus` reworks the edges, for 2 credits.")] = "basic",
    ) -> Answer[Created]:
        """Takes 1 credit for `basic`, 2 for `plus`, and answers at once; the result is a PNG with transparency."""
        return await _begun(service, account, request, image, processing.removal(quality), "Background removal")

    @started("edit")
    async def edit(request: Request, account: Caller, image: Picture, instructions: Instructions) -> Answer[Created]:
        """Takes 1 credit. What was understood, and what was not, stands in `notes` of the image when it is completed.

        Instructions of which nothing is understood are refused with 422.
        """
        return await _begun(service, account, request, image, processing.edit(instructions), "Image editing")

    @started("upscale")
    async def upscale(
        request: Request, account: Caller, image: Picture, scale_factor: ScaleFactor = 4
    ) -> Answer[Created]:
        """Takes 1 credit. The result has the format of the original, and at most 200 megapixels.

        The best network is taken that the size of the image allows; `notes` says where it is not the usual one.
        """
        return await _begun(service, account, request, image, processing.upscale(scale_factor), "Image upscaling")


def _add_managing(app: FastAPI, service: Service) -> None:
    @app.get(
        "/api/images",
        tags=[_MANAGING],
        summary="List images, the newest first",
        operation_id="listImages",
        response_description="A page of images",
        responses=refusals(),
    )
    async def listed(
        account: Caller,
        page: Page = 1,
        per_page: PerPage = 20,
        status: Annotated[Status | None, Query(description="Only those with this status.")] = None,
        service_: Annotated[Operation | None, Query(alias="service", description="Only those of this service.")] = None,
    ) -> Answer[Images]:
        """Images of batches are among them. Costs nothing."""

        def asked() -> Images:
            jobs, total = service.jobs.page(
                account.id,
                dialect=NAME,
                operation=processing.OPERATIONS[service_] if service_ else None,
                states=processing.STATES[status] if status else (),
                limit=per_page,
                skip=(page - 1) * per_page,
            )
            return Images(images=processing.told(service, account, jobs), pagination=pages(page, per_page, total))

        return Answer(message="Images retrieved successfully", data=await run(asked))

    @app.get(
        "/api/images/{id}",
        tags=[_MANAGING],
        summary="Look at an image",
        operation_id="getImage",
        response_description="The image",
        responses=refusals(404),
    )
    async def get(id: Id, account: Caller) -> Answer[Image]:
        """Poll it every few seconds until `status` is `completed` or `failed`."""
        (image,) = await run(lambda: processing.told(service, account, [_mine(service, account, id)]))
        return Answer(message="Image retrieved successfully", data=image)

    @app.get(
        "/api/images/{id}/download",
        tags=[_MANAGING],
        summary="Get a link to a result",
        operation_id="downloadImage",
        response_description="The link",
        responses=refusals(404, 409),
    )
    async def download(id: Id, account: Caller) -> Answer[Download]:
        """The link works for 30 minutes, without a key. Not completed yet, or failed: 409."""
        made = await run(_download, service, account, id)
        return Answer(message="Download URL generated successfully", data=made)

    @app.delete(
        "/api/images/{id}",
        tags=[_MANAGING],
        summary="Delete an image",
        operation_id="deleteImage",
        response_description="It was deleted",
        responses=refusals(404),
    )
    async def delete(id: Id, account: Caller) -> Done:
        """Of a batch, all its images go with it. What has not ended is cancelled, and its credits come back."""
        job = await run(_mine, service, account, id)
        if job.batch_id is None:
            await run(service.jobs.delete, account.id, job.id)
            return Done(message="Image deleted successfully")
        await run(service.batches.delete, account.id, job.batch_id, dialect=NAME)
        return Done(message="Image deleted successfully, with its batch and all images of it")


async def _begun(
    service: Service, account: Account, request: Request, image: UploadFile, wanted: Wanted, what: str
) -> Answer[Created]:
    """Look at everything that can be looked at, take the credits and begin."""
    await processing.feasible(service, account, wanted)
    pictures = await processing.received(service, account, wanted, [image], "image")
    job = await begin(
        service,
        account,
        request,
        NAME,
        wanted.operation,
        wanted.order(pictures[0]),
        option=wanted.variant,
        **processing.numbered(service),
    )
    (told,) = await run(processing.told, service, account, [job], links=False)
    return Answer(message=_STARTED.format(what), data=Created(**told.model_dump(include=set(Created.model_fields))))


def _mine(service: Service, account: Account, number: int) -> Job:
    return found(service, account, NAME, mine(service, account, "job", number))


def _download(service: Service, account: Account, number: int) -> Download:
    job = _mine(service, account, number)
    if job.state != "completed":
        status = processing.status(job.state)
        hint = "It has no result." if status == "failed" else "Poll it until its status is completed."
        said = "has failed" if status == "failed" else f"is {status}"
        raise Conflict(f"Image {number} {said}.", hint)
    file = service.files.get(account.id, (job.result or {})["files"]["image"])
    until = min(datetime.now(UTC).timestamp() + LINK_S, file.expires_at or float("inf"))
    if until <= datetime.now(UTC).timestamp():
        raise NotFound(f"The result of image {number} is no longer kept.", "Send the image again.")
    return Download(
        url=service.files.link(file, LINK_S),
        expires_at=time(int(until)),
        filename=processing.named(job.params["request"]["filename"], file.name),
    )
