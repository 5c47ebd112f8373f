"""Pictures: do they have the pixels their printed size needs, and are they placed as they are."""

from __future__ import annotations

from collections.abc import Iterator

from makeready.facts import Artwork, PlacedImage
from makeready.params import AtLeast, AtMost, Params, Threshold, param
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
