"""Plain pictures: 8 bits, one frame, gray, RGB or CMYK, and a density that says how large they print."""

from __future__ import annotations

from makeready.changes import Refusal
from makeready.raster.mend import metadata
from makeready.raster.mend.working import Working
from makeready.units import Length, Percent, Size

#: 16 bits to 8 by rounding: 65535 / 257 is 255, so that black, white and all grays between stay where they are.
_TO_EIGHT = 1 / 257


def eight_bits(work: Working, *, line_art: bool) -> int | None:
    """Bring it to 8 bits a channel; the bits that it had, or ``None`` where it has 8.

    Args:
        work: the picture.
        line_art: whether 1 bit is to become gray too.

    Raises:
        Refusal: its numbers have no white: floats and integers of 32 bits.
    """
    bits = work.bits
    if work.model == "lab" or work.header.palette or bits == 8 or (bits == 1 and not line_art):
        return None
    image = work.image
    if image.format == "ushort":
        work.image = (image * _TO_EIGHT).rint().cast("uchar").copy(interpretation=_EIGHT[image.interpretation])
    elif image.format == "uchar":
        work.image = image.copy()
    else:
        raise Refusal(
            f"its numbers have {bits} bits and no fixed white: develop it to 8 or 16 bit in the program that made it"
        )
    return bits


_EIGHT = {"grey16": "b-w", "rgb16": "srgb", "cmyk": "cmyk"}


def plain_colours(work: Working) -> str | None:
    """Make RGB of a palette or of Lab; what it was, or ``None``.

    Lab is converted relative to the white of paper, through LittleCMS, and gets the profile of sRGB.
    """
    if work.model == "lab":
        image = work.image
        shown = image.icc_export(output_profile="srgb", intent="relative", depth=8, pcs="lab")
        work.image = shown.copy(interpretation="srgb")
        work.profile = metadata.srgb_profile()
        return "Lab"
    if work.header.palette and not work.changed:
        work.image = work.image.copy()
        return f"a palette of at most {2**work.header.bits} colours"
    return None


def first_frame(work: Working) -> int | None:
    """Leave out all but the first frame or page; how many there were, or ``None``."""
    if work.header.frames < 2 or work.changed:
        return None
    work.move(work.image.copy())
    return work.header.frames


def density_of(work: Working, canvas: Size | None, tolerance: Percent) -> tuple[float, float] | None:
    """The density it should say, where what it says differs by more; else ``None``.

    Where it lies on the canvas with bleed all round, its density is right. Where there is no canvas nobody knows.

    Raises:
        Refusal: it cannot be decoded here.
        UnreadableFile: it is damaged.
    """
    if canvas is None:
        return None
    facts = work.facts()
    if facts.bleed(canvas):
        return None
    width, height = facts.shown_px
    ppi = min(width / Length(canvas.width).to("in"), height / Length(canvas.height).to("in"))
    held, slack = work.density, 1 + tolerance / 100
    if held is not None and max(*held, ppi) <= min(*held, ppi) * slack:
        return None
    _ = work.image  # a damaged picture is not given a good density
    return ppi, ppi
