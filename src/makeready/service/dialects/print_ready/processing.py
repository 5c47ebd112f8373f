"""What is done to a picture: asked for alone or for a whole batch, looked at before it costs anything, and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, cast

from makeready.service.core import Account, Job, Service, Upload
from makeready.service.dialects.print_ready.models import Dimensions, Image
from makeready.service.dialects.print_ready.shaping import LINK_S, invalid, of_field, time
from makeready.service.errors import InvalidRequest, NotFound, TooMuchData, UnsupportedMedia
from makeready.service.serving import link, possible, run, upload

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

#: Kinds of file that are taken, and how many bytes of each.
_FORMATS = ("jpeg", "png", "webp", "bmp", "tiff", "gif")
_BYTES = 10 << 20
#: What clients call what is done, by the service's own names.
SERVICES = {"remove_background": "bg_removal", "edit": "image_edit", "upscale": "upscale"}
OPERATIONS = {told: operation for operation, told in SERVICES.items()}
#: What clients see of a job's state, and which states each of these stands for.
STATES = {
    "pending": ("pending",),
    "processing": ("processing", "awaiting_approval"),
    "completed": ("completed",),
    "failed": ("failed", "cancelled", "rejected"),
}
_STATUS = {state: status for status, states in STATES.items() for state in states}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done to each of some pictures."""

    #: As ``service.operations`` calls it.
    operation: str
    options: Mapping[str, Any]
    #: Of a background removal: its quality, by which it is priced.
    variant: str | None = None
    #: As clients see it.
    params: Mapping[str, Any] | None = None

    @property
    def service(self) -> str:
        """As clients call it."""
        return SERVICES[self.operation]

    def order(self, picture: Upload) -> dict[str, Any]:
        """The parameters of the job of one picture."""
        return {
            "inputs": {"image": {"file": picture.file.id}},
            "options": {**self.options, "accept": list(_FORMATS), "name": picture.file.name},
            "request": {
                "variant": self.variant,
                "params": self.params,
                "filename": picture.name,
                "bytes": picture.file.bytes,
                "dimensions": [picture.width, picture.height],
            },
            # Clients come back for their pictures: they are kept as long as reports are.
            "lasting": True,
        }


def removal(quality: str) -> Wanted:
    """The background taken away."""
    return Wanted("remove_background", {"quality": quality, "format": "png"}, quality)


def edit(instructions: str) -> Wanted:
    """Edits by instructions."""
    edits = [{"edit": "instruct", "instructions": instructions}]
    return Wanted("edit", {"edits": edits}, params={"instructions": instructions})


def upscale(scale_factor: int) -> Wanted:
    """Enlarged."""
    return Wanted("upscale", {"scale": scale_factor}, params={"scale_factor": scale_factor})


async def feasible(service: Service, account: Account, wanted: Wanted) -> None:
    """See that something can be done at all, before any file is looked at.

    Raises:
        InvalidRequest: nothing of the instructions is understood.
        Unavailable: a model is missing.
        NoBackEnd: it takes a generator, and none is configured.
    """
    if wanted.operation == "edit":
        try:
            await run(service.catalogue.understood, (wanted.params or {})["instructions"])
        except InvalidRequest as error:
            raise of_field("instructions", error) from error
    await possible(service, account, wanted.operation, wanted.options)


async def received(
    service: Service, account: Account, wanted: Wanted, parts: Sequence[UploadFile], field: str
) -> list[Upload]:
    """Keep the pictures of a request, all or none.

    Args:
        service: where they are kept.
        account: whose they are.
        wanted: what is to be done to them.
        parts: the files of the form.
        field: the name of the field; with several, each has its place after it.

    Raises:
        InvalidRequest: one is too large, damaged or of another kind, or too large for what is wanted.
    """
    pictures = list[Upload]()
    for place, part in enumerate(parts):
        name = field if len(parts) == 1 else f"{field}.{place}"
        try:
            pictures.append(await upload(service, account, part, field=name, formats=_FORMATS, limit=_BYTES))
            _fits(service, wanted, pictures[-1])
        except (TooMuchData, UnsupportedMedia, InvalidRequest) as error:
            raise of_field(name, error) from error
    return pictures


def _fits(service: Service, wanted: Wanted, picture: Upload) -> None:
    if wanted.operation == "upscale":
        seconds = service.settings.limits_cpu_seconds
        service.catalogue.enlargeable(picture.width, picture.height, wanted.options["scale"], seconds)


def told(service: Service, account: Account, jobs: Sequence[Job], *, links: bool = True) -> list[Image]:
    """Jobs as clients see them, and with links to their results."""
    numbers = service.numbers.of_all("job", [job.id for job in jobs])
    batches = service.numbers.of_all("batch", sorted({job.batch_id for job in jobs if job.batch_id}))
    return [_told(service, account, job, numbers, batches, links) for job in jobs]


def _told(
    service: Service, account: Account, job: Job, numbers: Mapping[str, int], batches: Mapping[str, int], links: bool
) -> Image:
    given: Mapping[str, Any] = job.params["request"]
    result: Mapping[str, Any] = job.result or {} if job.state == "completed" else {}
    made = result.get("files", {}).get("image")
    width, height = given["dimensions"]
    finished = job.ended_at is not None and job.started_at is not None
    return Image(
        id=numbers[job.id],
        batch_id=batches[job.batch_id] if job.batch_id else None,
        service=cast(Any, SERVICES[job.operation]),
        service_variant=given["variant"],
        status=status(job.state),
        credits_charged=charged(job),
        original_filename=given["filename"],
        original_size=given["bytes"],
        original_dimensions=Dimensions(width=width, height=height),
        processing_params=given["params"],
        created_at=time(job.created_at),
        updated_at=time(job.ended_at or job.started_at or job.created_at),
        processed_dimensions=Dimensions(width=result["width"], height=result["height"]) if result else None,
        processed_size=_size(service, account, made),
        processing_time=round((job.ended_at or 0.0) - (job.started_at or 0.0), 1) if finished else None,
        download_url=link(service, account, made, LINK_S) if links else None,
        error_message=_why(job),
        notes=[*result.get("changes", []), *result.get("notes", [])],
    )


def status(state: str) -> Any:
    """A state as clients see it."""
    return _STATUS[state]


def charged(job: Job) -> int:
    """What a job has taken, all told."""
    return job.held if job.cost is None else job.cost


def named(original: str, made: str) -> str:
    """The original's name, with the ending that the result has."""
    return str(PurePath(original).with_suffix(PurePath(made).suffix))


def numbered(service: Service) -> Mapping[str, Any]:
    """What an order needs so that its job has a number from the beginning."""
    return {"also": lambda connection, job_id: service.numbers.give(connection, "job", job_id)}


def chosen(what: str, quality: str | None, instructions: str | None, scale_factor: int) -> Wanted:
    """What a batch wants of each picture.

    Raises:
        InvalidRequest: what the service needs is not said.
    """
    if what == "upscale":
        return upscale(scale_factor)
    if what == "edit":
        if instructions is None:
            raise invalid("instructions", "It is required when the service is edit.")
        return edit(instructions)
    if quality is None:
        raise invalid("quality", "It is required when the service is remove-background.", "Send basic or plus.")
    return removal(quality)


def _size(service: Service, account: Account, file_id: str | None) -> int | None:
    if file_id is None:
        return None
    try:
        return service.files.get(account.id, file_id).bytes
    except NotFound:
        return None


def _why(job: Job) -> str | None:
    return job.error_message or "It was cancelled." if status(job.state) == "failed" else None
