"""Bleed for pictures that have none: made of their own edge, or by letting the edge lie in the bleed.

A picture file has no boxes. Its density says how large it is, and what is more than the canvas is bleed, in equal
parts on opposite sides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

from makeready.changes import Change, Refusal
from makeready.raster.mend.working import Working
from makeready.units import Length, Resolution, Size

Mode = Literal["mirror", "replicate", "scale"]
#: Formats round the density: some of a pixel more than is needed keeps the bleed from falling short of the limit.
_SPARE_PX = 0.25
_METRE = 0.0254
#: Past this share of the canvas on one side, no reader would take what is more for bleed (``Raster.past``: a quarter,
#: less what formats round the density by).
_MOST = 0.245
_EXTEND = {"mirror": "mirror", "replicate": "copy"}
_HOW = {
    "mirror": "by mirroring the edge",
    "replicate": "by repeating the outermost pixels",
    "scale": "by printing the picture larger, so that its edge lies in the bleed",
}


def add(
    work: Working, canvas: Size | None, across: Length, along: Length | None = None, mode: Mode = "mirror"
) -> Iterator[Change]:
    """Give a picture the bleed that it lacks; yields nothing where there is enough.

    Mirror: the edge is repeated as in a mirror that stands on it, the outermost pixel first (``symmetric`` in NumPy).
    Replicate: the outermost pixel over and over, for plain grounds. The picture itself keeps every pixel. Scale: no
    pixel changes, only the density: the picture prints larger by the bleed, and what is more than that on two sides
    is cut off. Afterwards the density says canvas and
    bleed.

    Args:
        work: the picture.
        canvas: the printed size, as displayed.
        across: the bleed left and right, as displayed.
        along: above and below; the same when left out.
        mode: how it is made.

    Raises:
        Refusal: there is no canvas, or it is too small for the bleed, or the picture is of a very different shape.
        UnreadableFile: the picture is damaged.
    """
    if canvas is None:
        raise Refusal("its printed size is not known: give a canvas")
    facts = work.facts()
    shown = facts.shown_px
    wanted = (across, across if along is None else along)
    ppi, present = _as_printed(work, canvas)
    lacking = [max(0.0, want - has) for want, has in zip(wanted, present, strict=True)]
    if max(lacking) <= Length.tolerance:
        return
    if mode == "scale":
        larger = [side + 2 * want for side, want in zip(canvas, wanted, strict=True)]
        even = min(pixels * 72 / side for pixels, side in zip(shown, larger, strict=True))
        after = (even * (1 - 1e-5),) * 2  # of the density too, formats keep only so many digits
        grown = _trimmed(shown, [side * even / 72 for side in larger])
    else:
        added = [
            math.ceil(lack * per / 72 + _SPARE_PX) if lack > 0 else 0 for lack, per in zip(lacking, ppi, strict=True)
        ]
        if any(more > pixels for more, pixels in zip(added, shown, strict=True)):
            raise Refusal("the bleed is larger than the picture: give the canvas it is printed at")
        after, grown = ppi, (shown[0] + 2 * added[0], shown[1] + 2 * added[1])
    if work.suffix == ".png":  # it says whole pixels per metre: rounded up, the bleed would fall short
        after = (_per_metre(after[0]), _per_metre(after[1]))
    bleed = [(pixels * 72 / per - side) / 2 for pixels, per, side in zip(grown, after, canvas, strict=True)]
    if any(past > side * _MOST for past, side in zip(bleed, canvas, strict=True)):
        raise Refusal(
            "with its bleed it would reach past the canvas by more than a quarter, and nobody would take that for "
            "bleed: run fit_to_product first, or ask for less"
        )
    turned = facts.turned
    if grown != shown:
        width, height = (grown[1], grown[0]) if turned else grown
        image = work.image
        if mode == "scale":
            work.move(image.crop((image.width - width) // 2, (image.height - height) // 2, width, height))
        else:
            x, y = (width - image.width) // 2, (height - image.height) // 2
            work.move(image.embed(x, y, width, height, extend=_EXTEND[mode]))
    work.density = (after[1], after[0]) if turned else (after[0], after[1])
    sides = [Length(past) for past in bleed]
    what = (
        f"{sides[0]}"
        if abs(sides[0] - sides[1]) < 0.15
        else f"{sides[0]} left and right and {sides[1]} above and below"
    )
    yield Change(
        work.told(f"The picture has {what} of bleed now, made {_HOW[mode]}."),
        page=1,
        details={
            "before": {"bleed": [Length(has).as_data() for has in present], "px": list(shown)},
            "after": {"bleed": [side.as_data() for side in sides], "px": list(grown)},
            "resolution": Resolution(min(after)).as_data(),
            "mode": mode,
        },
    )


def _per_metre(ppi: float) -> float:
    return max(1, math.floor(ppi / _METRE + 0.01)) * _METRE


def _trimmed(shown: tuple[int, int], needed: Sequence[float]) -> tuple[int, int]:
    """Without what is more than needed on two sides, for a picture of another shape: the same on both."""
    width, height = (
        pixels - 2 * max(0, math.floor((pixels - need - _SPARE_PX) / 2))
        for pixels, need in zip(shown, needed, strict=True)
    )
    return width, height


def _as_printed(work: Working, canvas: Size) -> tuple[tuple[float, float], tuple[float, float]]:
    """Pixels per inch across and along as displayed, and the bleed that is there on each side."""
    facts = work.facts()
    past, density = facts.past(canvas), facts.shown_density
    if past is not None and density is not None:
        # A picture that is a hair smaller than the canvas is the canvas.
        across, along = (
            min(float(ppi), pixels * 72 / side)
            for ppi, pixels, side in zip(density, facts.shown_px, canvas, strict=True)
        )
        return (across, along), (float(past[0]), float(past[1]))
    ppi = min(pixels * 72 / side for pixels, side in zip(facts.shown_px, canvas, strict=True))
    left = [max(0.0, (pixels * 72 / ppi - side) / 2) for pixels, side in zip(facts.shown_px, canvas, strict=True)]
    return (ppi, ppi), (left[0], left[1])
