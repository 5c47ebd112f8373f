"""Background removal: a picture in, its subject out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from starlette.responses import Response

from makeready.service.dialects.photoroom.documenting import form, picture
from makeready.service.dialects.photoroom.parameters import SEGMENT
from makeready.service.dialects.photoroom.reading import Asked, read
from makeready.service.dialects.photoroom.shaping import ACCEPTED, LARGEST, NAME, answered, invalid
from makeready.service.errors import InvalidRequest
from makeready.service.serving import Caller, begin, possible, upload

if TYPE_CHECKING:
    from makeready.service.core import Service

OPERATION = "remove_background"


def add(app: FastAPI, service: Service) -> None:
    """Add the route of this part."""

    @app.post(
        "/v1/segment",
        tags=["Background removal"],
        summary="Remove the background of a picture",
        operation_id="segment",
        response_class=Response,
        responses=picture(),
        openapi_extra={"requestBody": form(SEGMENT, required=("image_file",))},
    )
    async def segment(request: Request, account: Caller) -> Response:
        """Answers with the subject of the picture. Where none is found, it refuses, and charges nothing."""
        async with request.form() as given:
            asked = read(SEGMENT, "POST", given.multi_items())
            if "image_file" not in asked.files:
                raise invalid({"image_file": ["it is missing: send the picture as a file of multipart/form-data."]})
            wanted = options(service, asked)
            await possible(service, account, OPERATION, wanted)
            kept = await upload(
                service, account, asked.files["image_file"][0], field="image_file", formats=ACCEPTED, limit=LARGEST
            )
        params = {"inputs": {"image": {"file": kept.file.id}}, "options": wanted}
        job = await begin(service, account, request, NAME, OPERATION, params)
        return await answered(service, account, job)


def options(service: Service, asked: Asked) -> dict[str, Any]:
    """What was asked for, in the operation's terms.

    Raises:
        InvalidRequest: there is no such colour.
    """
    given = {name: one.kind.read(one.default) for name, one in SEGMENT.items() if one.default} | asked.values
    behind = "transparent"
    if given["channels"] == "alpha":
        behind = "mask"
    elif "bg_color" in given:
        behind = _colour(service, given["bg_color"])
    elif given["format"] == "jpg":
        behind = "white"
    return {
        "format": given["format"],
        "output_background": behind,
        "max_pixels": given["size"],
        "crop": given["crop"],
        "green_screen": given["despill"],
        "accept": list(ACCEPTED),
    }


def _colour(service: Service, text: str) -> str:
    try:
        red, green, blue, opacity = service.catalogue.colour(text)
    except InvalidRequest as error:
        raise invalid({"bg_color": [str(error)]}, error.hint) from error
    if opacity == 0:
        return "transparent"
    if opacity < 255:
        raise invalid({"bg_color": [f"{text!r} is see-through: give a colour that is not."]})
    return f"#{red:02x}{green:02x}{blue:02x}"
