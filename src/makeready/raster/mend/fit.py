"""Bringing a picture to the shape of its canvas: stretched a little, else cropped or padded about its middle."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from makeready.changes import Change, Refusal
from makeready.raster.mend.working import Working
from makeready.units import Length, Percent, Size

Beyond = Literal["refuse", "crop", "pad"]


def fit(work: Working, canvas: Size | None, distortion: Percent, beyond: Beyond, tolerance: Length) -> Iterator[Change]:
    """Make a picture as wide to as high as its canvas, and say so in its density; yields nothing where it is.

    Up to the limit one side is enlarged by resampling (Lanczos; line art by repeating pixels). Past it, what is too
    much is cut off on two sides, the same on both, or white is added on two sides. Bleed that lies all round is kept.

    Args:
        work: the picture.
        canvas: the printed size, as displayed.
        distortion: how much more one side may be scaled than the other.
        beyond: what is done past that.
        tolerance: how far one side may be off in print and be left alone.

    Raises:
        Refusal: there is no canvas, or the shapes differ by more than the limit and nothing else is allowed.
        UnreadableFile: the picture is damaged.
    """
    if canvas is None:
        raise Refusal("its printed size is not known: give a canvas")
    facts = work.facts()
    width, height = facts.shown_px
    bleed = facts.bleed(canvas) or Length(0)
    sheet_width, sheet_height = canvas.width + 2 * bleed, canvas.height + 2 * bleed
    wider = (width / height) / (sheet_width / sheet_height)
    # What one side is off by when the other is as it should be.
    off = abs(wider - 1) * sheet_width if wider < 1 else abs(1 / wider - 1) * sheet_height
    pixel = max(sheet_width / width, sheet_height / height)
    if off <= max(tolerance + Length.tolerance, pixel):
        return
    stretch = max(wider, 1 / wider) - 1
    if stretch * 100 <= distortion + Percent.tolerance:
        after = (width, _least(width * sheet_height / sheet_width)) if wider > 1 else (
            _least(height * sheet_width / sheet_height), height
        )  # fmt: skip
        what = (
            f"was stretched by {Percent(stretch * 100)} {'from top to bottom' if wider > 1 else 'from left to right'}"
        )
        _stretch(work, *_stored(after, facts.turned))
    elif beyond == "refuse":
        raise Refusal(
            f"to fill the canvas it would have to be stretched by {Percent(stretch * 100)}, more than the limit of "
            f"{distortion}: let it be cropped or padded (beyond)"
        )
    elif beyond == "crop":
        after = (_least(height * sheet_width / sheet_height), height) if wider > 1 else (
            width, _least(width * sheet_height / sheet_width)
        )  # fmt: skip
        what = f"was cropped {'left and right' if wider > 1 else 'above and below'} to the shape of the canvas"
        _crop(work, *_stored(after, facts.turned))
    else:
        after = (width, math.ceil(width * sheet_height / sheet_width)) if wider > 1 else (
            math.ceil(height * sheet_width / sheet_height), height
        )  # fmt: skip
        what = (
            f"was padded with white {'above and below' if wider > 1 else 'left and right'} to the shape of the canvas"
        )
        _pad(work, *_stored(after, facts.turned))
    ppi = min(after[0] * 72 / sheet_width, after[1] * 72 / sheet_height)
    work.density = (ppi, ppi)
    yield Change(
        work.told(f"The picture {what}: {width} × {height} px became {after[0]} × {after[1]} px."),
        page=1,
        details={"before": {"px": [width, height]}, "after": {"px": list(after)}, "canvas": canvas.as_data()},
    )


def _least(length: float) -> int:
    return max(1, round(length))


def _stored(shown: tuple[int, int], turned: bool) -> tuple[int, int]:
    return (shown[1], shown[0]) if turned else shown


def _stretch(work: Working, width: int, height: int) -> None:
    image = work.image
    across, along = width / image.width, height / image.height
    if work.line_art:
        work.move(image.resize(across, vscale=along, kernel="nearest"))
        return
    # Colours under clear pixels do not count: transparency is multiplied in while pixels are mixed.
    if image.hasalpha():
        resized = image.premultiply().resize(across, vscale=along, kernel="lanczos3").unpremultiply()
        work.image = (resized.rint() if image.format != "float" else resized).cast(image.format)
    else:
        work.image = image.resize(across, vscale=along, kernel="lanczos3")


def _crop(work: Working, width: int, height: int) -> None:
    image = work.image
    work.move(image.crop((image.width - width) // 2, (image.height - height) // 2, width, height))


def _pad(work: Working, width: int, height: int) -> None:
    image = work.image
    top = (
        65535
        if image.format == "ushort"
        else 32767
        if image.format == "short"
        else 1
        if image.format == "float"
        else 255
    )
    colours = {"gray": [top], "rgb": [top] * 3, "cmyk": [0] * 4, "lab": [top, 0, 0]}[work.model]
    ground = [*colours, top] if image.hasalpha() else colours
    x, y = (width - image.width) // 2, (height - image.height) // 2
    work.move(image.embed(x, y, width, height, extend="background", background=ground))
