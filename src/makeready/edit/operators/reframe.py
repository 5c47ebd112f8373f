"""Crop, rotate, flip: other edges and other ways round, before anything is cut out or laid out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator

from makeready.changes import Change
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.errors import UsageError
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Pixels, Scene

#: Of a subject that is cropped to, room on every side as a share of its longer side.
_ROOM = 0.04


def parse_ratio(text: str) -> float:
    """Width to height of ``16:9``.

    Raises:
        ValueError: it is no ratio.
    """
    across, _, down = text.replace("x", ":").replace("/", ":").partition(":")
    try:
        ratio = float(across) / float(down)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{text!r} is no ratio: write 16:9") from None
    if not 0.02 <= ratio <= 50:
        raise ValueError(f"{text!r} is longer than 1:50")
    return ratio


def _known(text: str) -> str:
    if text:
        parse_ratio(text)
    return text


class Rotate(Params):
    """Settings of rotate."""

    degrees: float = param(90.0, "Clockwise; negative for the other way.", ge=-360, le=360)


@operator(id="rotate", title="Turn the picture", step=Step.ADJUST, params=Rotate, rank=1, seconds_per_megapixel=0.1)
def rotate(scene: Scene, params: Rotate) -> Iterator[Change]:
    """The picture is turned; by other angles than right ones, its corners are cut off so that none is empty.

    ## What changes
    Where up is, and for right angles the size. For other angles pixels are calculated anew, and the result is the
    largest part of the same shape that is filled.

    ## What stays exactly as it was
    By right angles, every pixel.

    ## When not to use it
    For files whose EXIF says how they lie: they are turned upright before any edit.
    """
    import numpy as np

    degrees = params.degrees % 360
    if not degrees:
        return
    if degrees % 90 == 0:
        scene.change(np.ascontiguousarray(np.rot90(scene.picture, -int(degrees // 90))))
    else:
        scene.change(_turned(scene.picture, degrees))
    yield Change(f"Turned by {params.degrees:g}° clockwise.", page=1, details={"degrees": params.degrees})


def _turned(picture: Pixels, degrees: float) -> Pixels:
    """A picture turned clockwise by any angle, cut to the largest filled part of its own shape."""
    import math

    import numpy as np
    from PIL import Image

    height, width = picture.shape[:2]
    sine, cosine = abs(math.sin(math.radians(degrees))), abs(math.cos(math.radians(degrees)))
    # A rectangle of this shape, turned back, has to fit into the picture both ways.
    scale = min(width / (width * cosine + height * sine), height / (width * sine + height * cosine))
    across, down = max(1, math.floor(width * scale) - 1), max(1, math.floor(height * scale) - 1)
    turned = Image.fromarray(picture).rotate(-degrees, Image.Resampling.BICUBIC, expand=True)
    left, top = (turned.width - across) // 2, (turned.height - down) // 2
    return np.asarray(turned.crop((left, top, left + across, top + down)))


class Flip(Params):
    """Settings of flip."""

    direction: Literal["horizontal", "vertical"] = param("horizontal", "horizontal changes left and right.")


@operator(id="flip", title="Mirror the picture", step=Step.ADJUST, params=Flip, rank=2)
def flip(scene: Scene, params: Flip) -> Iterator[Change]:
    """Left and right, or top and foot, change places.

    ## What changes
    Where each pixel is.

    ## What stays exactly as it was
    Every pixel.

    ## When not to use it
    For pictures with text.
    """
    import numpy as np

    axis = 1 if params.direction == "horizontal" else 0
    scene.change(np.ascontiguousarray(np.flip(scene.picture, axis)))
    yield Change(f"Mirrored, {'left to right' if axis else 'top to foot'}.", page=1)


class Crop(Params):
    """Settings of crop."""

    ratio: Annotated[str, AfterValidator(_known)] = param("", "Width to height of what stays, around its middle: 16:9.")
    to: Literal["picture", "subject"] = param("picture", "subject crops to the subject with a little room around it.")
    top: float = param(0.0, "The share of the height that is cut off at the top.", ge=0, lt=1)
    right: float = param(0.0, "The share of the width that is cut off at the right.", ge=0, lt=1)
    bottom: float = param(0.0, "The share of the height that is cut off at the foot.", ge=0, lt=1)
    left: float = param(0.0, "The share of the width that is cut off at the left.", ge=0, lt=1)


def _crop_needs(params: Crop) -> tuple[str, ...]:
    return ("segment:isnet",) if params.to == "subject" else ()


@operator(id="crop", title="Cut edges off the picture", step=Step.ADJUST, params=Crop, rank=3, calls_for=_crop_needs)
def crop(scene: Scene, params: Crop) -> Iterator[Change]:
    """Edges are cut off: by shares, to the subject, or to a ratio of width and height.

    ## What changes
    The size. Shares come first, then the subject, then the ratio, which keeps the middle of what is left.

    ## What stays exactly as it was
    Every pixel that stays.

    ## When not to use it
    To place a subject in a canvas of some size: the settings of `layout` do that.
    """
    import numpy as np

    from makeready.raster.mend import canvas

    width, height = scene.width, scene.height
    left, right = round(width * params.left), width - round(width * params.right)
    top, bottom = round(height * params.top), height - round(height * params.bottom)
    if right - left < 1 or bottom - top < 1:
        raise UsageError("crop leaves nothing of the picture.", "Opposite sides must be less than 1 together.")
    if params.to == "subject":
        x0, y0, x1, y1 = canvas.box_of(scene.subject)
        room = round(_ROOM * max(x1 - x0, y1 - y0))
        left, top, right, bottom = (
            max(left, x0 - room),
            max(top, y0 - room),
            min(right, x1 + room),
            min(bottom, y1 + room),
        )
    if params.ratio:
        ratio = parse_ratio(params.ratio)
        across, down = right - left, bottom - top
        kept = max(1, min(across, round(down * ratio))), max(1, min(down, round(across / ratio)))
        left, top = left + (across - kept[0]) // 2, top + (down - kept[1]) // 2
        right, bottom = left + kept[0], top + kept[1]
    if (left, top, right, bottom) == (0, 0, width, height):
        return
    scene.change(np.ascontiguousarray(scene.picture[top:bottom, left:right]))
    yield Change(
        f"Cropped from {width} × {height} to {right - left} × {bottom - top} pixels.",
        page=1,
        details={"before": [width, height], "box": [left, top, right, bottom]},
    )
