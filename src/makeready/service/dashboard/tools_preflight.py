"""Preflight: stars at once from a picture's pixels, and the full check of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from makeready.errors import UsageError
from makeready.results import Stars
from makeready.service import checking
from makeready.service.dashboard import page, tools_begin
from makeready.service.errors import InvalidRequest
from makeready.service.files import DAY
from makeready.service.serving import run

if TYPE_CHECKING:
    from makeready.service.catalogue import Product
    from makeready.service.core import Service

#: Kinds of file that are taken.
FORMATS = ("pdf", "tiff", "jpeg", "png", "webp")
#: What a length is multiplied with to be inches.
UNITS = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4}
#: What a full check begins with: somebody waits for it.
_PRIORITY = -10
_USUAL = "photo_on_canvas"
#: From the tenth of an inch to 254 metres.
_LEAST_IN, _MOST_IN = 0.1, 10_000.0
#: Profiles by what their names begin with, under headings.
_FAMILIES = {"gwg2022-": "GWG 2022", "pdfx-": "PDF/X"}


class Canvas(tools_begin.Wanted):
    """A printed size."""

    canvas_width: float | None = Field(None, gt=0, allow_inf_nan=False, title="Printed width")
    canvas_height: float | None = Field(None, gt=0, allow_inf_nan=False, title="Printed height")
    unit: Literal["in", "cm", "mm"] = "in"

    @model_validator(mode="after")
    def _is_a_size(self) -> Self:
        if (self.canvas_width is None) != (self.canvas_height is None):
            raise ValueError("a printed size has a width and a height: give both, or none")
        if any(not _LEAST_IN <= side <= _MOST_IN for side in self.inches or ()):
            raise ValueError(f"a side is {_LEAST_IN:g} to {_MOST_IN:g} inches long")
        return self

    @property
    def inches(self) -> tuple[float, float] | None:
        """Width and height; none where it was left out."""
        if self.canvas_width is None or self.canvas_height is None:
            return None
        return self.canvas_width * UNITS[self.unit], self.canvas_height * UNITS[self.unit]

    def asked(self) -> dict[str, Any]:
        """As ``checking.options`` reads it."""
        if self.inches is None:
            return {}
        return {"canvasWidthInches": self.inches[0], "canvasHeightInches": self.inches[1]}


class Rating(Canvas):
    """A picture's pixels, and the size it is printed at."""

    width_px: int | None = Field(None, ge=1, le=1_000_000, title="Pixels across")
    height_px: int | None = Field(None, ge=1, le=1_000_000, title="Pixels down")
    product: str = Field(_USUAL, title="Product")


class Check(Canvas):
    """What a file is held against."""

    profile: str = Field("default", title="Product or profile")


def routes(service: Service) -> list[Route]:
    """The pages of this part."""

    async def preflight(request: Request) -> Response:
        account = page.visitor(request).account
        if request.method != "POST":
            rating = Rating.of(request.query_params)
            return page.answer(
                request,
                "tool_preflight.html",
                cost=tools_begin.cost(service, account, checking.OPERATION),
                labels=Check.labels(),
                rating=rating,
                stars=await run(rated, service, rating),
                products=[one for one in (await run(products, service)).values() if one.min_ppi is not None],
                families=await run(families, service),
                once=tools_begin.once(),
                most=service.settings.limits_upload_mb,
            )
        async with tools_begin.sent(service, request) as form:
            return await checked(service, request, form, Check.of(form))

    async def stars(request: Request) -> Response:
        rating = Rating.of(request.query_params)
        return page.answer(request, "stars.html", rating=rating, stars=await run(rated, service, rating))

    return [
        Route("/tools/preflight", preflight, methods=["GET", "POST"]),
        Route("/tools/preflight/stars", stars),
    ]


async def checked(service: Service, request: Request, form: Any, wish: Check) -> Response:
    """Begin a check of a form's file.

    Raises:
        InvalidRequest: there is no such profile, or no file.
    """
    account = page.visitor(request).account
    await run(known, service, wish.profile)
    found = await tools_begin.given(service, account, form, FORMATS, seconds=service.settings.retention_days * DAY)
    asked = {"name": found.name, "profile": wish.profile, **wish.asked()}
    if "url" in found.input:
        asked["fileUrl"] = found.input["url"]
    options = {**checking.options(asked), "name": found.name, "accept": list(FORMATS)}
    params = {"inputs": {"file": found.input}, "options": options, "request": asked}
    return await tools_begin.begin(
        service, request, form, found, checking.OPERATION, params, priority=_PRIORITY
    )  # fmt: skip


def rated(service: Service, rating: Rating) -> Stars | None:
    """The stars, once all numbers are there.

    Raises:
        InvalidRequest: there is no such product.
    """
    if rating.width_px is None or rating.height_px is None or rating.inches is None:
        return None
    try:
        return service.catalogue.stars(rating.width_px, rating.height_px, *rating.inches, rating.product)
    except UsageError as error:
        raise InvalidRequest(f"Product: {error}", error.hint) from error


def known(service: Service, profile: str) -> None:
    """See that there is a profile.

    Raises:
        InvalidRequest: there is none.
    """
    if profile not in service.catalogue.products:
        raise InvalidRequest(f"There is no profile {profile[:80]!r}.", "Choose one from the list.")


def products(service: Service) -> dict[str, Product]:
    """Every profile by its name."""
    return dict(service.catalogue.products)


def families(service: Service) -> dict[str, list[Product]]:
    """All profiles, under headings."""
    found: dict[str, list[Product]] = {"Products": [], "Printers and presses": []}
    for name, product in service.catalogue.products.items():
        family = next((title for start, title in _FAMILIES.items() if name.startswith(start)), None)
        usual = "Products" if product.min_ppi is not None else "Printers and presses"
        found.setdefault(family or usual, []).append(product)
    return found
