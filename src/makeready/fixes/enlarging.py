"""Fixes that give pictures more pixels: as many as they need, or as many as somebody asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from makeready import upscale as upscaling
from makeready.changes import Change, Refusal, Safety, Stage
from makeready.facts import PlacedImage
from makeready.fixes.job import Job
from makeready.fixes.resampling import FINE, INLINE, LINE_ART, Left, Wish, counts, finest, groups, resampled, too_few
from makeready.models.session import Choice
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Length, Resolution

if TYPE_CHECKING:
    from makeready.fixes.resampling import Making

#: How many times as many pixels along a side: past this, a picture is more invention than photograph.
MOST_TIMES = 4.0
#: Files store densities rounded.
_ROUNDED = 1.002
#: What *auto* makes of the worst JPEG; more is no picture any more.
_MOST_NOISE = 30


class Models(Params):
    """What makes the new pixels."""

    model: str = param(
        "lanczos",
        "What makes the new pixels: `lanczos`, `backprojection`, `waifu2x`, `srmd`, `realesrgan`, `ai` for the network "
        "that suits, or the path of an ONNX file of your own.",
    )
    style: Literal["truthful", "creative"] = param(
        "truthful", "Of `ai`: keep to what the picture says, or invent what looks sharp."
    )
    noise: Literal["auto"] | Annotated[float, Field(ge=0, le=_MOST_NOISE)] = param(
        "auto",
        "How much grain and JPEG damage networks take away, as a standard deviation in levels of 255; `auto` measures.",
    )
    provider: Choice = param("auto", "What runs networks; `auto` is the fastest that is there.")

    @field_validator("noise", mode="before")
    @classmethod
    def _auto_or_levels(cls, value: object) -> object:
        said = str(value).strip().lower()
        if said == "auto":
            return said
        if not re.fullmatch(r"\d+(\.\d+)?", said) or float(said) > _MOST_NOISE:
            raise ValueError(f"{value!r} is no level of noise: write auto, or a number from 0 to {_MOST_NOISE}")
        return float(said)

    @property
    def making(self) -> Making:
        """As it is done."""
        return partial(upscaling.prepare, self.model, style=self.style, noise=self.noise, provider=self.provider)

    def require(self, factors: set[float]) -> None:
        """Make sure of model and weights before anything is done.

        Raises:
            UsageError: there is no such model.
            MissingDependency: its weights are not installed.
        """
        for factor in factors or {MOST_TIMES}:
            upscaling.require(self.model, self.style, factor)


class _Needed(Params):
    resolution: Resolution = param("300 ppi", "The effective ppi that pictures are to have.", like="IMG101.resolution")


class Upscale(Models, _Needed):
    """Settings of upscale."""

    ignore_below: Length = param(
        "0 mm", "Leave pictures alone whose shorter printed side is smaller.", like="IMG101.ignore_below"
    )


class _Past(Params):
    resolution: Resolution = param(
        "300 ppi", "The effective ppi past which no pixels are added.", like="IMG101.resolution"
    )


class UpscaleTimes(Models, _Past):
    """Settings of upscale_resolution_2x and upscale_resolution_4x."""


@fix(
    id="upscale",
    title="Give pictures the pixels that their printed size needs",
    stage=Stage.PICTURES,
    safety=Safety.REVIEW,
    cures=("IMG101",),
    params=Upscale,
    seconds_per_page=0.02,
    seconds_per_megapixel=0.5,
)
def upscale(job: Job, params: Upscale) -> Iterator[Change]:
    """Pictures of too few pixels are resampled to as many as their printed size needs, and no more.

    ## What changes
    Gray and colour pictures below the wanted resolution at the place where they are printed largest, by up to four
    times as many pixels along each side. JPEGs are compressed again, at quality 95 without chroma subsampling, and
    lossy JPEG 2000 in a PDF becomes JPEG; what was stored without loss stays so; a picture with a palette gets the
    colours of its palette. In a PDF, soft masks go along, and a picture that is used in several places is replaced
    for all of them.

    What makes the new pixels, the model says, and the report names it for each picture:

    - `lanczos`, unless another is asked for: they come from the old ones. Steps become smooth edges, and no detail
      appears that was not there. `backprojection` is a little sharper: made small again, it is the old picture.
    - `waifu2x` and `srmd` are networks that keep to what the picture says. Edges and textures come out sharp, and grain
      and JPEG damage are taken away, as much as there is. One second or two for each million pixels that they make.
    - `realesrgan` gives a look: it invents edges and texture, and smooths fur and skin. Fifteen seconds a million.
    - `ai` is the network that suits best: a truthful one unless the style is `creative`.

    Of CMYK, networks make the black plate by itself, so that black type stays black alone, and paper stays without
    ink; flat places keep their colour. In a PDF, pictures in Lab or in spot colours are made by Lanczos all the same,
    and the report says so.

    ## What stays exactly as it was
    Colour space, ICC profile, bits a channel, transparency, place and size on the page; pictures that have enough
    pixels; line art of one bit, which new tones would blur; all type and vectors.

    ## When not to use it
    Where the original can be had: its detail is real. Pictures that need more than four times the pixels are left
    and named. In a PDF, pictures written into the page's operators are left, and pictures of which one colour is
    declared clear. The check for enlarged pictures (IMG108) will tell of what was done here.
    """
    params.require(set())
    wishes, left = too_few(job, params.resolution, params.ignore_below)
    feasible = []
    for wish in wishes:
        if wish.factor <= MOST_TIMES * _ROUNDED:
            feasible.append(wish)
        else:
            left.append(Left(wish.image, _beyond(wish)))
    yield from _made(job, feasible, left, params)


@fix(
    id="upscale_resolution_2x",
    title="Give pictures that are too coarse up to twice the pixels",
    stage=Stage.PICTURES,
    safety=Safety.REVIEW,
    cures=("IMG101",),
    params=UpscaleTimes,
    rank=20,
    seconds_per_page=0.02,
    seconds_per_megapixel=0.4,
)
def upscale_resolution_2x(job: Job, params: UpscaleTimes) -> Iterator[Change]:
    """Pictures of too few pixels get up to twice as many along each side, as far as their printed size needs them.

    ## What changes
    As with *upscale*, but never more than twice: a picture that is coarser than half of what is wanted stays too
    coarse, though less so, and the change says what it has now. A picture file whose printed size nobody knows gets
    exactly twice the pixels.

    ## What stays exactly as it was
    As with *upscale*: colour space, profile, bits, transparency, place and size; pictures that have enough pixels;
    line art of one bit; type and vectors.

    ## When not to use it
    Where the original can be had. To reach a resolution whatever it takes, use *upscale*. Run again, it goes on
    until the resolution is reached.
    """
    yield from _times(job, params, 2)


@fix(
    id="upscale_resolution_4x",
    title="Give pictures that are too coarse up to four times the pixels",
    stage=Stage.PICTURES,
    safety=Safety.REVIEW,
    cures=("IMG101",),
    params=UpscaleTimes,
    rank=10,
    seconds_per_page=0.02,
    seconds_per_megapixel=1.0,
)
def upscale_resolution_4x(job: Job, params: UpscaleTimes) -> Iterator[Change]:
    """Pictures of too few pixels get up to four times as many along each side, as far as their printed size needs them.

    ## What changes
    As with *upscale*, but pictures that need more than four times the pixels get four times, and the change says what
    they have now. A picture file whose printed size nobody knows gets exactly four times the pixels.

    ## What stays exactly as it was
    As with *upscale*: colour space, profile, bits, transparency, place and size; pictures that have enough pixels;
    line art of one bit; type and vectors.

    ## When not to use it
    Where the original can be had. Four times the pixels of a small picture is a soft picture: look at it at its
    printed size. Run again, it goes on until the resolution is reached.
    """
    yield from _times(job, params, 4)


class _Size(Params):
    scale: float = param(2.0, "So many times as wide and as high.", ge=1, le=16)
    to: str | None = param(
        None, "As large as fits into so many pixels, as shown: `6000x4000`, or `6000` for the long side; picture files."
    )
    resolution: Resolution | None = param(
        None, "As many pixels as this effective ppi takes; pictures that have them are left."
    )


class Enlarge(Models, _Size):
    """Settings of enlarge."""

    @field_validator("to")
    @classmethod
    def _is_a_size(cls, value: str | None) -> str | None:
        if value is not None:
            _frame(value)
        return value

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        given = [name for name in ("scale", "to", "resolution") if name in self.model_fields_set]
        if len([name for name in given if getattr(self, name) is not None]) > 1:
            raise ValueError(f"{' and '.join(given)} each say how large it becomes: give one of them")
        return self


@fix(
    id="enlarge",
    title="Enlarge pictures by a factor, to so many pixels, or to a resolution",
    stage=Stage.PICTURES,
    safety=Safety.REVIEW,
    params=Enlarge,
    rank=30,
    seconds_per_page=0.02,
    seconds_per_megapixel=0.5,
)
def enlarge(job: Job, params: Enlarge) -> Iterator[Change]:
    """Pictures are made as large as it is asked for, whatever the checks say of them.

    ## What changes
    Gray and colour pictures, by one of three settings. A scale makes each so many times as wide and as high. A size
    in pixels makes a picture file the largest of its proportions that fits into it. A resolution makes those that are
    below it at their printed size reach it. What makes the new pixels, and how they are stored, is as with *upscale*;
    past four times as many along a side, networks find nothing any more, and the rest is Lanczos. A picture of a PDF
    that is used in several places is replaced for all of them. This is what the command *makeready upscale* does.

    ## What stays exactly as it was
    The size in print: the density of a picture file goes up with its pixels, and on a PDF page pictures keep their
    places. Colour space, ICC profile, bits a channel, transparency; XMP, and the EXIF of JPEG, PNG and WebP, but for
    the pixels that they count; line art of one bit; type and vectors.

    ## When not to use it
    Where the original can be had. In a PDF, where some pictures are coarse and others are not: a resolution enlarges
    only those that need it. Run again with a scale, it enlarges again.
    """
    if params.resolution is not None:
        wishes, left = too_few(job, params.resolution, Length(0))
    else:
        wishes, left = _asked_for(job, params)
    yield from _made(job, wishes, left, params)


def _made(job: Job, wishes: list[Wish], left: list[Left], params: Models) -> Iterator[Change]:
    params.require({wish.factor for wish in wishes})
    if job.kind == "raster":
        for wish in wishes:
            _fits(job, wish)
    yield from resampled(job, wishes, left, "upscaled", FINE, params.making)


def _fits(job: Job, wish: Wish) -> None:
    """Refuse what nobody could open afterwards."""
    from makeready.raster import MAX_PIXELS

    width, height = wish.to or (side * wish.factor for side in job.raster.size)
    if width * height > MAX_PIXELS:
        raise Refusal(f"it would have {width * height / 1e6:,.0f} megapixels, and {MAX_PIXELS / 1e6:,.0f} are the most")


def _beyond(wish: Wish) -> str:
    reached = Resolution((wish.image.resolution or 0.0) * MOST_TIMES)
    return (
        f"it needs {wish.factor:.1f} times the pixels along each side, and {MOST_TIMES:g} times is the most that still "
        f"looks like the picture: upscale_resolution_4x brings it to {reached}"
    )


def _times(job: Job, params: UpscaleTimes, most: int) -> Iterator[Change]:
    params.require(set())
    if job.kind == "raster" and all(image.resolution is None for image in job.facts.images):
        wishes = [Wish(image, (image,), float(most)) for image in job.facts.images if not image.line_art]
        left = [Left(image, LINE_ART) for image in job.facts.images if image.line_art]
    else:
        wishes, left = too_few(job, params.resolution, Length(0))
    wishes = [Wish(wish.image, wish.places, min(wish.factor, most)) for wish in wishes]
    yield from _made(job, wishes, left, params)


def _asked_for(job: Job, params: Enlarge) -> tuple[list[Wish], list[Left]]:
    """Every picture, with the size that it is asked to have."""
    if params.to is not None and job.kind == "pdf":
        raise Refusal("each picture of a PDF has a size of its own: give a scale or a resolution")
    wishes, left = [], []
    for places in groups(job):
        image = finest(places)
        if job.kind == "pdf" and not any(counts(place, Length(0)) for place in places):
            continue
        if image.line_art:
            left.append(Left(image, LINE_ART))
        elif job.kind == "pdf" and image.object is None:
            left.append(Left(image, INLINE))
        elif (wish := _sized(job, params, places, image)) is not None:
            wishes.append(wish)
    return wishes, left


def _sized(job: Job, params: Enlarge, places: tuple[PlacedImage, ...], image: PlacedImage) -> Wish | None:
    """The wish for one picture; ``None`` where it has that size."""
    if job.kind == "pdf":
        return Wish(image, places, params.scale) if params.scale > 1 else None
    width, height = job.raster.size
    to = (round(width * params.scale), round(height * params.scale))
    if params.to is not None:
        across, along = _frame(params.to)
        turned = job.raster.orientation in (5, 6, 7, 8)
        to = _within((width, height), (along, across) if turned else (across, along))
    if to == (width, height):
        return None
    if to[0] < width or to[1] < height:
        raise Refusal(
            f"it has {width} × {height} px, which is more than {to[0]} × {to[1]} px: *downsample* makes fewer"
        )
    return Wish(image, places, max(to[0] / width, to[1] / height), to)


def _frame(text: str) -> tuple[int, int]:
    """``6000x4000``, or ``6000`` for both sides.

    Raises:
        ValueError: it is neither.
    """
    found = re.fullmatch(r"\s*(\d{1,6})\s*(?:[x×*]\s*(\d{1,6})\s*)?(?:px)?\s*", text.lower())
    sides = [int(side) for side in found.groups() if side] if found else []
    if not sides or min(sides) < 1:
        raise ValueError(f"{text!r} is no size in pixels: write '6000x4000', or '6000' for the long side")
    return sides[0], sides[-1]


def _within(size: tuple[int, int], frame: tuple[int, int]) -> tuple[int, int]:
    """The largest picture of the proportions of one that fits into the other; a pixel that is rounded away is none."""
    factor = min(frame[0] / size[0], frame[1] / size[1])
    across, down = (
        limit if abs(side * factor - limit) <= 1 else max(1, round(side * factor))
        for side, limit in zip(size, frame, strict=True)
    )
    return across, down
