"""Another kind of file: a picture as a PDF page, a PDF page as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from makeready.changes import Change, Refusal, Safety, Stage
from makeready.facts import Page, Raster, Rect
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Length, Resolution, Size


class ToPdf(Params):
    """Settings of to_pdf."""

    press: str | None = param(
        None,
        "The press that it is for, by name or the path of its profile, where the picture's own profile is not that of "
        "a press: it becomes the output intent.",
    )


@fix(
    id="to_pdf",
    title="Place the picture on a PDF page of the product's size",
    stage=Stage.EXPORT,
    safety=Safety.SAFE,
    kinds=("raster",),
    params=ToPdf,
    rank=50,
    seconds_per_megapixel=0.1,
)
def to_pdf(job: Job, params: ToPdf) -> Iterator[Change]:
    """The picture becomes a PDF of one page: the canvas is the TrimBox, what lies outside of it the bleed.

    ## What changes
    The kind of file. The page is as large as the picture as printed: by its density where that says canvas and bleed,
    else so that it covers the canvas; without a canvas its own density says the size of the product. A profile of RGB
    or gray goes with the picture. CMYK is put down in plain inks, and the press that its profile describes becomes the
    output intent. A press may be named for pictures that bring none. A palette becomes RGB. EXIF's turn
    becomes the placement of the picture.

    ## What stays exactly as it was
    Every pixel. A JPEG that nothing changed before is handed on byte by byte, not compressed again; all else is packed
    without loss, 16 bits and line art of 1 bit too. An alpha channel becomes a soft mask.

    ## When not to use it
    Where the shop takes pictures as they are. On see-through pictures, where the press wants none: flatten first.
    """
    from makeready import press
    from makeready.pdf.mend import place
    from makeready.raster.mend.pack import pack

    facts = job.facts.raster
    assert facts is not None
    trim, sheet = _on_page(facts, job.canvas)
    packed = pack(job.raster)
    meant_for = place.press_of(packed.profile) if packed.profile is not None else None
    if meant_for is None and params.press is not None:
        meant_for = press.load(params.press)
    path = job.folder / "placed.pdf"
    place.page(
        path,
        trim=trim,
        sheet=sheet,
        width_px=packed.width_px,
        height_px=packed.height_px,
        bits=packed.bits,
        model=packed.model,
        data=packed.path,
        jpeg=packed.jpeg,
        inverted=packed.inverted,
        profile=packed.profile,
        alpha=packed.alpha,
        orientation=packed.orientation,
        press=meant_for,
    )
    before = facts.format
    job.become(path, "pdf")
    how = "its JPEG data as they were" if packed.jpeg else "without loss"
    intent = f"; output intent {meant_for.condition}" if meant_for is not None else ""
    bleed = Length(min(trim.x0, trim.y0))
    beside = f" with {bleed} of bleed" if bleed > Length.tolerance else ""
    size = Size(trim.width, trim.height)
    yield Change(
        f"The {before} was placed on a PDF page of {size}{beside}, {how}{intent}.",
        page=1,
        details={"before": {"kind": "raster", "format": before}, "after": {"kind": "pdf", "format": "PDF"}},
    )


def _on_page(raster: Raster, canvas: Size | None) -> tuple[Rect, Rect]:
    """The trim, and the picture round it, which begins at 0 0."""
    width, height = raster.shown_px
    density = raster.shown_density
    if canvas is None:
        if density is None:
            raise Refusal("neither a canvas nor its density says how large it is: give a canvas")
        own = Rect(0.0, 0.0, width * 72 / density[0], height * 72 / density[1])
        return own, own
    if raster.past(canvas) is not None and density is not None:
        across, along = width * 72 / density[0], height * 72 / density[1]
    else:
        scale = max(canvas.width / width, canvas.height / height)
        across, along = width * scale, height * scale
    # Formats round the density: a hair of bleed is none, and a picture a hair too small is as large as the canvas.
    x, y = (_whole(side - sheet) / 2 for side, sheet in zip((across, along), canvas, strict=True))
    trim = Rect(x, y, x + canvas.width, y + canvas.height)
    return trim, Rect(0.0, 0.0, canvas.width + 2 * x, canvas.height + 2 * y)


def _whole(more: float) -> float:
    return more if more > 0.1 else 0.0


class SaveAs(Params):
    """Settings of save_as."""

    format: Literal["tiff", "jpeg", "png", "webp"] = param("tiff", "The format.")


_FORMATS = {"tiff": "TIFF", "jpeg": "JPEG", "png": "PNG", "webp": "WebP"}


@fix(
    id="save_as",
    title="Write the picture in another format",
    stage=Stage.EXPORT,
    safety=Safety.SAFE,
    kinds=("raster",),
    params=SaveAs,
    rank=70,
    seconds_per_megapixel=0.1,
)
def save_as(job: Job, params: SaveAs) -> Iterator[Change]:
    """The same picture, in a file of another format.

    ## What changes
    The format. TIFF and PNG are packed without loss; JPEG at quality 95 without chroma subsampling; WebP at quality 95.

    ## What stays exactly as it was
    Size, colours, bits, ICC profile, density and what the file says of itself, as far as the format has room. A picture
    that does not fit a format is refused: transparency and 16 bits in a JPEG, CMYK in a PNG.

    ## When not to use it
    To make a JPEG of a file that goes on being worked on: each time it is written, it loses a little.
    """
    before = job.raster.header.format
    format = _FORMATS[params.format]
    if job.raster.save_as(format):
        yield Change(f"The {before} is written as {format}.", page=1, details={"before": before, "after": format})


class ToRaster(Params):
    """Settings of to_raster."""

    page: int = param(1, "The page.", ge=1)
    resolution: Resolution = param("300 ppi", "Pixels per inch.")
    colours: Literal["rgb", "cmyk"] = param("rgb", "sRGB, or the inks of the output intent.")
    format: Literal["tiff", "png", "jpeg"] = param("tiff", "The format; PNG has no CMYK.")
    bleed: bool = param(True, "Draw the bleed too; else the product alone.")


@fix(
    id="to_raster",
    title="Draw a page as a picture",
    stage=Stage.EXPORT,
    safety=Safety.REVIEW,
    kinds=("pdf",),
    params=ToRaster,
    rank=60,
    seconds_per_page=2.0,
)
def to_raster(job: Job, params: ToRaster) -> Iterator[Change]:
    """One page becomes a picture file at a stated resolution: RGB for screens and wide-format printers, or CMYK.

    ## What changes
    Everything becomes pixels: type, vectors, spot colours (mixed as their alternate says) and transparency; in CMYK
    also overprint, as the press would print it. What does not print is left out. The picture shows the product
    as displayed, with its bleed where it has some and it is asked for; the density says how large it is. RGB has the
    profile of sRGB; CMYK that of the output intent, or none where there is no intent.

    ## What stays exactly as it was
    The look at the stated resolution. In CMYK, inks that are stated as such: black type stays black alone.

    ## When not to use it
    For more pages than one: the others are not in the picture. For offset printing: type and lines lose their edge at
    the resolution of pictures. Where the press sets spot colours with inks of their own. CMYK without an output
    intent: colours in RGB are then separated for no press in particular.
    """
    from makeready.pdf.mend import intent, rasterise
    from makeready.raster.mend.encode import encode

    page, pages = job.facts.page(params.page), job.facts.page_count
    if page is None:
        raise Refusal(f"it has no page {params.page}, or that page is not to be changed")
    if params.format == "png" and params.colours == "cmyk":
        raise Refusal("PNG has no CMYK: ask for a TIFF or JPEG")
    area = _drawn_area(page, bleed=params.bleed)
    cmyk, ppi = params.colours == "cmyk", float(params.resolution)
    press = intent.press_of(job.pdf.pdf) if cmyk else None
    pixels = job.folder / "drawn"
    drawn = rasterise.draw(job.pdf.file(), page, area, ppi, cmyk=cmyk, path=pixels)
    path = job.folder / f"drawn{_SUFFIXES[params.format]}"
    encode(
        pixels,
        drawn.width_px,
        drawn.height_px,
        drawn.channels,
        profile=press.icc if press is not None else None,
        ppi=ppi,
        path=path,
        format=params.format.upper(),
    )
    pixels.unlink()
    job.become(path, "raster")
    size, count = job.raster.size, f" of {pages}" if pages > 1 else ""
    colours = "sRGB" if not cmyk else press.condition if press is not None else "CMYK without a profile"
    yield Change(
        f"Page {page.number}{count} was drawn at {params.resolution}: {size[0]} × {size[1]} px in {colours}.",
        page=page.number,
        details={"before": {"kind": "pdf"}, "after": {"kind": "raster", "px": list(size), "colours": colours}},
    )


_SUFFIXES = {"tiff": ".tif", "png": ".png", "jpeg": ".jpg"}


def _drawn_area(page: Page, *, bleed: bool) -> Rect:
    trim, media = page.trim, page.media
    if trim is None or media is None or trim.width <= 0 or trim.height <= 0:
        raise Refusal("the page has no size: set its boxes first")
    if not bleed or page.bleed is None or page.boxes.bleed is None:
        return trim
    seen = page.bleed.intersection(media)
    if seen is None or not seen.contains(trim):
        return trim
    # A picture has its product in the middle: opposite sides get the narrower bleed of the two.
    across = min(trim.x0 - seen.x0, seen.x1 - trim.x1)
    along = min(trim.y0 - seen.y0, seen.y1 - trim.y1)
    return Rect(trim.x0 - across, trim.y0 - along, trim.x1 + across, trim.y1 + along)
