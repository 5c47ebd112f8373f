"""Line art of one bit that shows its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from makeready.changes import Change, Refusal, Safety, Stage
from makeready.facts import ObjectId, PlacedImage
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Length, Resolution, below

#: More would be drawing, not smoothing.
MOST_TIMES = 4.0


class SmoothLineArt(Params):
    """Settings of smooth_line_art."""

    resolution: Resolution = param(
        "800 ppi", "The effective ppi that pictures of one bit are to have.", like="IMG102.resolution"
    )
    ignore_below: Length = param(
        "0 mm", "Leave pictures alone whose shorter printed side is smaller.", like="IMG102.ignore_below"
    )


@fix(
    id="smooth_line_art",
    title="Give black-and-white pictures finer steps",
    stage=Stage.PICTURES,
    safety=Safety.REVIEW,
    cures=("IMG102",),
    params=SmoothLineArt,
    rank=40,
    seconds_per_megapixel=0.3,
)
def smooth_line_art(job: Job, params: SmoothLineArt) -> Iterator[Change]:
    """Pictures of one bit that are too coarse get more pixels, so that slanted edges are smooth instead of stepped.

    ## What changes
    Stencils, explicit masks and pictures of one bit below the resolution, at the place where they are printed largest,
    by up to four times as many pixels along each side. They are enlarged as shades of gray (Lanczos) and made black
    and white again at the middle between the two: edges stay where they are, corners get rounder by half an old pixel.
    They are packed by CCITT Group 4; a picture file that is no TIFF
    stays what it is.

    ## What stays exactly as it was
    One bit a pixel, colours, place and size on the page; pictures that have enough pixels; gray and colour pictures.

    ## When not to use it
    Where the original can be scanned again at 1200 ppi, or drawn as vectors. On screened (dithered) pictures: their
    dots grow together. Pictures that need more than four times the pixels, or have a palette, are left and named.
    """
    if job.kind == "raster":
        yield from _in_file(job, params)
        return
    from makeready.pdf.mend import line_art
    from makeready.pdf.mend.samples import Unfit

    found: dict[ObjectId, list[PlacedImage]] = {}
    for image in job.facts.images:
        if image.line_art and image.object is not None and _too_coarse(image, params):
            found.setdefault(image.object, []).append(image)
    left: list[str] = []
    changes: list[Change] = []
    for number, places in found.items():
        image = min(places, key=lambda place: float(place.resolution or 0))
        assert image.resolution is not None
        factor = params.resolution / image.resolution
        try:
            if why_not := _too_much(factor):
                raise Unfit(why_not)
            width, height = line_art.refine(job.pdf.pdf, job.pdf.file(), number, factor)
        except Unfit as why:
            left.append(f"{image.title} on page {image.page}: {why}")
            continue
        changes.append(_change(image, width, height, places))
    if left and not changes:
        raise Refusal("; ".join(left[:4]))
    yield from changes
    if left:
        yield Change(f"Left as they were: {'; '.join(left)}", details={"left": left})


def _in_file(job: Job, params: SmoothLineArt) -> Iterator[Change]:
    """A picture file of one bit."""
    from makeready.raster.mend import resample

    (image,) = job.facts.images
    if not image.line_art or not job.raster.line_art:
        return
    if image.resolution is None:
        raise Refusal("its printed size is not known: give a canvas, or store a density in the file")
    if not _too_coarse(image, params):
        return
    factor = params.resolution / image.resolution
    if why_not := _too_much(factor):
        raise Refusal(why_not)
    width, height = resample.refine(job.raster, factor)
    yield _change(image, width, height, (image,))


def _too_much(factor: float) -> str | None:
    if factor <= MOST_TIMES * 1.002:  # ppi are rounded
        return None
    return f"it needs {factor:.1f} times the pixels along each side, and 4 times is the most"


def _change(image: PlacedImage, width: int, height: int, places: Sequence[PlacedImage]) -> Change:
    return Change(
        f"{image.title} (1 bit) from {image.width_px} × {image.height_px} to {width} × {height} px, "
        f"{image.resolution} to {Resolution((image.resolution or 0) * width / image.width_px)}",
        image.page,
        tuple(place.place for place in places if place.place and place.page == image.page),
        {"before": [image.width_px, image.height_px], "after": [width, height]},
    )


def _too_coarse(image: PlacedImage, params: SmoothLineArt) -> bool:
    if not image.counts or image.resolution is None or not below(image.resolution, params.resolution):
        return False
    return image.short_side is None or image.short_side >= params.ignore_below
