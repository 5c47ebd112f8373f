"""Raster files: what their headers say that a press should know."""

from __future__ import annotations

from collections.abc import Iterator

from makeready.facts import Artwork, Raster
from makeready.params import Params, param
from makeready.raster.exif import ORIENTATIONS
from makeready.registry import check
from makeready.results import Finding, Severity
from makeready.units import Length, Percent, Resolution


@check(
    code="RAS101",
    name="orientation",
    title="The picture is stored turned or mirrored",
    on=Raster,
    message="the pixels are stored {how} (EXIF orientation {orientation})",
    severity=Severity.INFO,
    kinds=("raster",),
)
def orientation(raster: Raster, params: Params) -> Iterator[Finding]:
    """Cameras store what the sensor saw and a note on how to hold it.

    ## What it looks at
    An EXIF (or TIFF) orientation other than 1. Sizes in this report have it applied.

    ## Why it matters on press
    Programs that ignore the note print the picture lying on its side.

    ## What to do
    Turn the pixels themselves: open and save in an image editor, or run `auto_orient`.
    """
    if raster.orientation is not None and raster.orientation in ORIENTATIONS:
        yield Finding(details={"how": ORIENTATIONS[raster.orientation], "orientation": raster.orientation})


@check(
    code="RAS102",
    name="alpha",
    title="The picture has see-through parts",
    on=Raster,
    message="the picture has an alpha channel",
    severity=Severity.WARNING,
    kinds=("raster",),
)
def alpha(raster: Raster, params: Params) -> Iterator[Finding]:
    """Paper is not see-through: something will be put behind the picture.

    ## What it looks at
    An alpha channel, or a palette or key colour that is see-through. Whether any pixel uses it is not looked at.

    ## Why it matters on press
    What was see-through comes out white, black, or as a checkerboard, depending on the program.

    ## What to do
    Flatten the picture on the colour it shall have, or send it for a product that is meant to be cut out.
    """
    if raster.alpha:
        yield Finding()


class BitDepth(Params):
    """Settings of RAS103."""

    allowed: tuple[int, ...] = param((8,), "Bits a channel that are fine.")


@check(
    code="RAS103",
    name="bit-depth",
    title="The picture has an unusual bit depth",
    on=Raster,
    params=BitDepth,
    message="{bits} bit a channel; {allowed} is usual",
    severity=Severity.INFO,
    kinds=("raster",),
)
def bit_depth(raster: Raster, params: BitDepth) -> Iterator[Finding]:
    """Eight bits a channel is what presses and RIPs expect.

    ## What it looks at
    Bits a channel: 1 (black and white), 2 and 4 (old screen pictures), 16 and 32 (working files).

    ## Why it matters on press
    1 bit has hard edges and needs a far higher resolution. 16 bit doubles the file for nothing that prints, and
    some RIPs refuse it.

    ## What to do
    Convert to 8 bit a channel for delivery; keep the working file.
    """
    if raster.bits not in params.allowed and not raster.palette:
        usual = " or ".join(f"{bits} bit" for bits in params.allowed)
        yield Finding(details={"bits": raster.bits, "allowed": usual})


@check(
    code="RAS104",
    name="animated",
    title="The file holds more than one picture",
    on=Raster,
    message="the file holds {frames} {what}; the first one is taken",
    severity=Severity.WARNING,
    kinds=("raster",),
)
def animated(raster: Raster, params: Params) -> Iterator[Finding]:
    """Only one picture is printed. Is it the right one?

    ## What it looks at
    Animations (GIF, WebP, APNG) and files with several pages (TIFF).

    ## Why it matters on press
    Everything after the first picture is silently lost.

    ## What to do
    Save the wanted picture as a file of its own; send several pages as a PDF.
    """
    if raster.frames > 1:
        yield Finding(details={"frames": raster.frames, "what": "frames" if raster.animated else "pages"})


@check(
    code="RAS105",
    name="palette",
    title="The picture has a palette of few colours",
    on=Raster,
    message="the picture is limited to a palette of at most {colours} colours",
    severity=Severity.INFO,
    kinds=("raster",),
)
def palette(raster: Raster, params: Params) -> Iterator[Finding]:
    """256 colours are enough for a logo and too few for a sky.

    ## What it looks at
    Indexed pictures: GIF, and PNG, TIFF and BMP with a palette.

    ## Why it matters on press
    Photos show bands and dots where colours were left out.

    ## What to do
    Go back to the original; for logos use vectors. Converting to RGB does not bring colours back.
    """
    if raster.palette:
        yield Finding(details={"colours": 2**raster.bits})


class DensityTag(Params):
    """Settings of RAS106."""

    tolerance: Percent = param("5 %", "How far the stored density may be from the printed one.")


@check(
    code="RAS106",
    name="density-tag",
    title="The stored resolution is not the one it will be printed at",
    on=Raster,
    params=DensityTag,
    message="{what}",
    severity=Severity.INFO,
    kinds=("raster",),
)
def density_tag(raster: Raster, params: DensityTag, artwork: Artwork) -> Iterator[Finding]:
    """The density in a file is a wish: 72 means that nobody wished for anything.

    ## What it looks at
    The pixels per inch stored in the file: missing, different on the two axes, or other than what the canvas gives.

    ## Why it matters on press
    Layout programs place a picture at the size its density gives. A wrong one makes it tiny or enormous.

    ## What to do
    Set the density without resampling, so that the size in the file is the size in print.
    """
    if raster.density is None:
        yield Finding(details={"what": "the file says nothing about its resolution"})
        return
    across, along = raster.density
    if across <= 0 or along <= 0:
        yield Finding(details={"what": "the stored resolution is nothing"})
        return
    slack = 1 + params.tolerance / 100
    if max(across, along) / min(across, along) > slack:
        yield Finding(details={"what": f"the stored resolution differs by axis: {across} across, {along} along"})
    elif artwork.canvas is not None:
        width, height = raster.shown_px
        bleed = raster.bleed(artwork.canvas) or Length(0)
        across_in, along_in = (Length(side + 2 * bleed).to("in") for side in artwork.canvas)
        printed = Resolution(min(width / across_in, height / along_in))
        if max(across, printed) / min(across, printed) > slack:
            what = f"the stored resolution is {across}; on this canvas it prints at {printed}"
            yield Finding(across, printed, details={"what": what})
