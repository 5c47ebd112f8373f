"""Pictures: do they have the pixels their printed size needs, and are they placed as they are."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from typing import TypeVar

from makeready.facts import Artwork, Page, Paint, PlacedImage, Rect
from makeready.params import AtLeast, AtMost, Level, Params, Threshold, param
from makeready.preflight.checks.colour import not_marks, registration
from makeready.registry import check
from makeready.results import Finding, Severity, Skip
from makeready.units import Angle, Length, Percent, Resolution

#: A picture file without a canvas: what its header says is a wish at best.
_BY_HEADER = (
    "{name} prints at {measured} at the size its header gives; {limit} is needed (give a canvas for its true size)"
)


def _graded(
    image: PlacedImage, limits: Threshold[Resolution], ignore_below: Length, artwork: Artwork
) -> Iterator[Finding]:
    """The one finding about the effective ppi of a picture, if it counts and breaks a limit.

    Raises:
        Skip: nobody knows how large it will be printed.
    """
    if image.place is None:
        raise Skip("its printed size is not known: give a canvas, or store a density in the file")
    ppi, short_side = image.resolution, image.short_side
    sized = artwork.kind == "pdf" or artwork.canvas is not None
    if not image.counts or ppi is None or (short_side is not None and short_side < ignore_below):
        return
    if graded := limits.grade(ppi):
        pixels = f"{image.width_px} × {image.height_px}"
        details = {"name": image.title, "pixels": pixels}
        yield Finding(ppi, graded.limit, graded.level, details, message=None if sized else _BY_HEADER)


class LowResolution(Params):
    """Settings of IMG101."""

    resolution: AtLeast[Resolution] = param(
        {"warning": "225 ppi", "error": "150 ppi"}, "The least effective ppi of gray and colour pictures."
    )
    ignore_below: Length = param("0 mm", "Leave pictures alone whose shorter printed side is smaller.")


@check(
    code="IMG101",
    name="low-resolution-image",
    title="A picture has too few pixels for its printed size",
    on=PlacedImage,
    params=LowResolution,
    message="{name} prints at {measured}; {limit} is needed",
    gwg=("R0031",),
)
def low_resolution(image: PlacedImage, params: LowResolution, artwork: Artwork) -> Iterator[Finding]:
    """Pictures need enough pixels for the size they are printed at.

    ## What it looks at
    The effective ppi of every gray or colour picture that shows: pixels over printed length, the smaller of the
    two axes (GWG 2022, R0031). Pictures of 16 pixels or fewer on a side and the contents of soft masks are exempt.

    ## Why it matters on press
    A 150 lpi screen wants about 300 ppi. Under 225 ppi edges turn soft, under 150 ppi the pixels show. Posters and
    canvases seen from afar bear less; their profiles say how much.

    ## What to do
    Place the original and not a preview, print it smaller, or upscale it and look closely.
    """
    if not image.line_art:
        yield from _graded(image, params.resolution, params.ignore_below, artwork)


class LowResolutionLineArt(Params):
    """Settings of IMG102."""

    resolution: AtLeast[Resolution] = param(
        {"warning": "800 ppi", "error": "550 ppi"}, "The least effective ppi of 1-bit pictures."
    )
    ignore_below: Length = param("0 mm", "Leave pictures alone whose shorter printed side is smaller.")


@check(
    code="IMG102",
    name="low-resolution-line-art",
    title="A 1-bit picture has too few pixels for its printed size",
    on=PlacedImage,
    params=LowResolutionLineArt,
    message="{name} (1 bit) prints at {measured}; {limit} is needed",
    gwg=("R0032",),
)
def low_resolution_line_art(image: PlacedImage, params: LowResolutionLineArt, artwork: Artwork) -> Iterator[Finding]:
    """Black-and-white scans have hard edges, and hard edges show every step.

    ## What it looks at
    The effective ppi of pictures with one bit a pixel, stencils and explicit masks included (GWG 2022, R0032).

    ## Why it matters on press
    A 1-bit picture is not screened: its pixels go to the plate as they are. Below about 800 ppi diagonal edges
    show steps, below 550 ppi everybody sees them.

    ## What to do
    Scan at 1200 ppi, or have the drawing traced into vectors.
    """
    if image.line_art:
        yield from _graded(image, params.resolution, params.ignore_below, artwork)


class ExcessiveResolution(Params):
    """Settings of IMG103."""

    resolution: AtMost[Resolution] = param(
        {"warning": "450 ppi"}, "The most effective ppi of gray and colour pictures."
    )
    line_art: AtMost[Resolution] = param({"warning": "1200 ppi"}, "The most effective ppi of 1-bit pictures.")
    ignore_below: Length = param("20 mm", "Leave pictures alone whose shorter printed side is smaller.")


@check(
    code="IMG103",
    name="excessive-resolution",
    title="A picture has more pixels than the press can show",
    on=PlacedImage,
    params=ExcessiveResolution,
    message="{name} prints at {measured}; {limit} is plenty",
    severity=Severity.WARNING,
    kinds=("pdf",),
)
def excessive_resolution(image: PlacedImage, params: ExcessiveResolution, artwork: Artwork) -> Iterator[Finding]:
    """Pixels beyond what the screen can hold cost time and show nothing.

    ## What it looks at
    The effective ppi of pictures larger than a stamp: over 450 ppi for gray and colour, over 1200 ppi for 1 bit.

    ## Why it matters on press
    The RIP throws the surplus away, after reading all of it. A few such pictures make a file ten times as large.

    ## What to do
    Downsample on export: 300 to 350 ppi for colour, 1200 ppi for line art.
    """
    yield from _graded(image, params.line_art if image.line_art else params.resolution, params.ignore_below, artwork)


class Distortion(Params):
    """Settings of IMG105."""

    stretch: AtMost[Percent] = param({"warning": "2 %"}, "How much more one axis may be stretched than the other.")
    shear: AtMost[Angle] = param({"warning": "1 deg"}, "How far the corners may be from right angles.")
    mirrored: bool = param(True, "Also tell of mirrored pictures.")


@check(
    code="IMG105",
    name="distorted-image",
    title="A picture is stretched, slanted or mirrored",
    on=PlacedImage,
    params=Distortion,
    message="{name} is {how}",
    severity=Severity.WARNING,
    kinds=("pdf",),
)
def distorted_image(image: PlacedImage, params: Distortion) -> Iterator[Finding]:
    """Faces get wide and circles become eggs when a picture is fitted by its handles.

    ## What it looks at
    The matrix that places a picture: different scale along its two axes, corners that are not right angles, and
    mirroring. Turning a picture is no distortion. 1-bit pictures and pictures of 16 pixels or fewer on a side are
    exempt: flattened artwork and scanners make them with unequal axes on purpose.

    ## Why it matters on press
    It prints as it is seen; most often nobody looked. Mirrored text in a picture cannot be read.

    ## What to do
    Set both scales to the same value in the layout program; take a mirrored picture back unless it is meant.
    """
    if not image.counts or image.line_art or image.within == "pattern" or image.ppi_x is None or image.ppi_y is None:
        return
    if image.right is None or image.up is None:
        return
    stretch = Percent((max(image.ppi_x, image.ppi_y) / min(image.ppi_x, image.ppi_y) - 1) * 100)
    if graded := params.stretch.grade(stretch):
        details = {
            "name": image.title,
            "how": f"stretched by {stretch} along one axis (up to {graded.limit} is let pass)",
        }
        yield Finding(stretch, graded.limit, graded.level, details)
    shear = Angle(image.shear or 0.0)
    if graded := params.shear.grade(shear):
        yield Finding(shear, graded.limit, graded.level, {"name": image.title, "how": f"slanted by {shear}"})
    if params.mirrored and image.mirrored:
        yield Finding(details={"name": image.title, "how": "mirrored"})


class RasterisedPage(Params):
    """Settings of IMG104."""

    resolution: AtLeast[Resolution] = param(
        {"warning": "450 ppi"}, "The least effective ppi of a page that is one picture."
    )
    any: Level = param("off", "How bad such a page is whatever its resolution.")


#: How much of the trim the pictures may leave open or cover twice.
_TILE_SLACK = 0.01
#: Where coverage is looked at: the middles of so many by so many fields.
_FIELDS = 16


@check(
    code="IMG104",
    name="rasterised-page",
    title="The whole page is one picture",
    on=Page,
    params=RasterisedPage,
    message="the page is one picture of {measured}; {limit} is needed for text and lines to stay sharp",
    severity=Severity.WARNING,
    enabled=False,
    kinds=("pdf",),
    gwg=("R0033",),
)
def rasterised_page(page: Page, params: RasterisedPage, artwork: Artwork) -> Iterator[Finding]:
    """A page exported as a picture has no letters any more, only pixels.

    ## What it looks at
    Pages on which nothing is painted but a picture that covers the trim, or tiles of one: pictures of one
    resolution and equal sides that lie next to each other. Invisible text, as OCR leaves it, white below the
    whole page, printer's marks and what lies outside of the bleed do not count. Their effective ppi has a limit of
    its own (GWG 2022, R0033).

    ## Why it matters on press
    Text needs more pixels than photos: at 300 ppi its edges look fuzzy, and black text is printed in four screened
    inks. Nothing in it can be checked or corrected.

    ## What to do
    Export from the layout program with live text and vectors; where there is only the picture, at 450 ppi or more.
    """
    pictures = _pictures_of_the_page(page, artwork)
    ppi = min((picture.resolution for picture in pictures if picture.resolution is not None), default=None)
    if ppi is None or page.trim is None or not _cover(page.trim, pictures):
        return
    places = tuple(picture.visible for picture in pictures if picture.visible is not None)
    details = {"pictures": len(pictures), "names": [picture.title for picture in pictures[:6]]}
    if graded := params.resolution.grade(ppi):
        yield Finding(ppi, graded.limit, graded.level, details, places=places)
    elif params.any != "off":
        message = "the page is one picture, of {measured}"
        yield Finding(ppi, level=params.any, details=details, places=places, message=message)


Row = TypeVar("Row", Paint, PlacedImage)


def _of_page(rows: Sequence[Row], number: int) -> Sequence[Row]:
    """The rows of one page; they are in page order."""
    start = bisect.bisect_left(rows, number, key=lambda row: row.page)
    return rows[start : bisect.bisect_right(rows, number, start, key=lambda row: row.page)]


def _pictures_of_the_page(page: Page, artwork: Artwork) -> list[PlacedImage]:
    """The pictures that are all there is on a page; none where anything else is painted."""
    pictures = [
        image
        for image in _of_page(artwork.images, page.number)
        if image.visible is not None and image.within in (None, "annotation")
    ]
    stencils = [image.visible for image in pictures if image.mask and image.visible is not None]
    for paint in _of_page(artwork.paints, page.number):
        if paint.slug or _paper(paint, page) or (registration(paint.colour) and not not_marks(paint, artwork)):
            continue
        if paint.what == "vector" and paint.count <= len(stencils) and _all_are(paint.places, stencils):
            continue  # a picture of one bit, painted in a colour
        if paint.what != "image" or paint.within not in (None, "annotation"):
            return []
    trim = page.trim
    return [image for image in pictures if trim is not None and image.visible and image.visible.intersection(trim)]


def _paper(paint: Paint, page: Page) -> bool:
    """White that covers the page: it lies below the picture, or nothing of that would be seen."""
    trim = page.trim
    if paint.what != "vector" or not paint.colour.white or trim is None or paint.count > len(paint.places):
        return False
    return all(place.contains(trim) for place in paint.places)


def _all_are(places: Sequence[Rect], known: Sequence[Rect]) -> bool:
    return all(any(one.contains(place) and place.contains(one) for one in known) for place in places)


def _cover(trim: Rect, pictures: list[PlacedImage]) -> bool:
    """Whether one picture covers the trim, or tiles of one do."""
    inside = [part for picture in pictures if picture.visible and (part := picture.visible.intersection(trim))]
    area = trim.width * trim.height
    if any(part.width * part.height >= area * (1 - _TILE_SLACK) for part in inside):
        return len(pictures) == 1
    if not _tiles(pictures) or abs(sum(part.width * part.height for part in inside) - area) > area * _TILE_SLACK:
        return False
    steps = [(place + 0.5) / _FIELDS for place in range(_FIELDS)]
    points = [(trim.x0 + x * trim.width, trim.y0 + y * trim.height) for x in steps for y in steps]
    return all(any(p.x0 <= x <= p.x1 and p.y0 <= y <= p.y1 for p in inside) for x, y in points)


def _tiles(pictures: list[PlacedImage]) -> bool:
    """Whether pictures are tiles of one: of one resolution, and of equal sides except for the last row and column."""
    known = [picture.resolution for picture in pictures if picture.resolution is not None]
    if not known or len(known) < len(pictures) or max(known) > min(known) * 1.01:
        return False
    places = [picture.place for picture in pictures if picture.place is not None]
    return all(len({round(side) for side in sides}) <= 3 for sides in _sides(places))


def _sides(places: list[Rect]) -> tuple[list[float], list[float]]:
    return [place.width for place in places], [place.height for place in places]


class Compressed(Params):
    """Settings of IMG106."""

    forbid: tuple[str, ...] = param(
        ("JPXDecode", "JBIG2Decode", "LZWDecode"), "Ways to store a picture that the product does not take."
    )
    bits_16: Level = param("off", "How bad pictures of 16 bit a channel are.")
    opi: Level = param("warning", "How bad pictures are that have another version in the file or beside it.")


_STORED = {"JPXDecode": "JPEG 2000", "JBIG2Decode": "JBIG2", "LZWDecode": "LZW", "CCITTFaxDecode": "fax (CCITT)",
           "DCTDecode": "JPEG", "FlateDecode": "Flate", "RunLengthDecode": "run lengths"}  # fmt: skip


@check(
    code="IMG106",
    name="image-compression",
    title="A picture is stored in a way that the product does not take",
    on=PlacedImage,
    params=Compressed,
    message="{name} {what}",
    severity=Severity.WARNING,
    enabled=False,
    kinds=("pdf",),
)
def image_compression(image: PlacedImage, params: Compressed) -> Iterator[Finding]:
    """Older RIPs stumble over newer ways to store pixels.

    ## What it looks at
    How painted pictures are stored: compression (ISO 32000-1, 7.4), 16 bit a channel, and whether they are previews:
    OPI comments (14.11.7) and alternate versions (8.9.5.4).

    ## Why it matters on press
    JPEG 2000, JBIG2 and 16 bit came with PDF 1.4 and 1.5: PDF/X-1a and X-3 do not have them, LZW neither (ISO
    15930-1). A preview prints in place of the picture where the server does not find the real one.

    ## What to do
    Export with JPEG or ZIP compression at 8 bit a channel, and with the pictures themselves, not with OPI links.
    """
    if image.visible is None or image.within == "annotation that does not print":
        return
    details = {"name": image.title}
    if image.compression in params.forbid:
        what = f"is stored as {_STORED.get(image.compression, image.compression)}"
        yield Finding(details=details | {"what": what, "compression": image.compression})
    if image.bits == 16 and params.bits_16 != "off":
        yield Finding(details=details | {"what": "has 16 bit a channel", "bits": 16}, level=params.bits_16)
    if image.stand_ins and params.opi != "off":
        what = f"has another version ({', '.join(image.stand_ins)})"
        yield Finding(details=details | {"what": what, "stand_ins": list(image.stand_ins)}, level=params.opi)
