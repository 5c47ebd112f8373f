"""Background removal: a picture in, its subject out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from makeready.service.dashboard import page, tools_begin

if TYPE_CHECKING:
    from makeready.service.core import Service

OPERATION = "remove_background"
#: Kinds of file that are taken.
FORMATS = ("jpeg", "png", "webp", "tiff")
SUBJECTS = {
    "auto": "Find out",
    "person": "A person",
    "product": "A product",
    "hair_heavy": "Much hair or fur",
    "logo": "A logo or drawing",
    "text": "Text",
}
QUALITIES = {"plus": "Reworked", "basic": "As they are found"}
#: What people call the values of options that have names.
VALUES = {"subject_type": SUBJECTS, "quality": QUALITIES}


class Removal(tools_begin.Wanted):
    """How a subject is cut out."""

    subject_type: Literal["auto", "person", "product", "hair_heavy", "logo", "text"] = Field(
        "auto", title="What it shows"
    )
    quality: Literal["plus", "basic"] = Field("plus", title="Edges")
    edge_softness: int = Field(3, ge=0, le=10, title="Softness of the edge")
    high_detail_mode: bool = Field(False, title="Fine hair and fur")
    output_background: Literal["transparent", "white", "colour"] = Field("transparent", title="Behind the subject")
    colour: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")] = Field("#ffffff", title="Colour")

    def options(self) -> dict[str, Any]:
        """In the operation's terms."""
        behind = self.colour if self.output_background == "colour" else self.output_background
        wanted = self.model_dump(exclude={"colour"})
        return {**wanted, "output_background": behind, "accept": list(FORMATS), "format": "png"}


def routes(service: Service) -> list[Route]:
    """The pages of this part."""

    async def background(request: Request) -> Response:
        account = page.visitor(request).account
        if request.method != "POST":
            return page.answer(
                request,
                "tool_background.html",
                cost=tools_begin.cost(service, account, OPERATION),
                labels=Removal.labels(),
                subjects=SUBJECTS,
                qualities=QUALITIES,
                once=tools_begin.once(),
                most=service.settings.limits_upload_mb,
            )
        async with tools_begin.sent(service, request) as form:
            wish = Removal.of(form)
            found = await tools_begin.given(service, account, form, FORMATS)
            asked = {"name": found.name, **wish.model_dump()}
            params = {"inputs": {"image": found.input}, "options": wish.options(), "request": asked, "shown": True}
            return await tools_begin.begin(service, request, form, found, OPERATION, params)

    return [Route("/tools/background", background, methods=["GET", "POST"])]
