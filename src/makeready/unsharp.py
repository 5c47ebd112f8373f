"""Unsharp masking of lightness: edges made steeper by what a blurred copy lacks, and no hue moved.

The difference between a picture's lightness and its Gaussian blur is added to it (the darkroom's unsharp mask). Tones
are held to the range of their surroundings and a stated part of it more, so that no bright seam runs beside an edge.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from makeready import study

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Pixels = npt.NDArray[Any]
    Light = npt.NDArray[np.float32]

#: What red, green and blue count for in lightness (ITU-R BT.601); for inks, what they take away.
_WEIGHTS = (0.299, 0.587, 0.114)
#: Differences to the blurred copy smaller than this part of the range are grain: they are raised less, then not.
_GRAIN = 0.01
#: How much sharper than wanted, so that a JPEG of the result is still sharp enough.
_SPARE = 1.05
#: Amounts that are tried, as parts of the largest.
_TRIED = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0)
#: Pixels that are worked on at a time.
_AT_ONCE = 2_000_000


class TooSoft(Exception):
    """The largest amount does not make the picture as sharp as is wanted."""


@dataclass(frozen=True, slots=True)
class Mask:
    """How to sharpen."""

    #: Gaussian sigma of the blurred copy, in pixels.
    radius: float
    #: How many times the difference is added.
    amount: float
    #: How far tones may leave the range of their surroundings, as a part of it.
    halo: float
    #: The sharpness to reach, 0 to 1, as ``study.sharpness`` measures it.
    wanted: float

    @property
    def reach(self) -> int:
        """How far away pixels have a say in one."""
        return math.ceil(3 * self.radius)

    def fitted(self, gray: study.Part, width: int, height: int) -> tuple[Mask, float]:
        """The least amount that makes a picture as sharp as wanted, and how sharp it is then.

        Raises:
            TooSoft: the largest amount does not.
        """
        reached = 0.0
        for part in _TRIED:
            chosen = replace(self, amount=self.amount * part)
            sharpness = study.measure(partial(chosen._part, gray, width, height), width, height, blocks=False).sharpness
            reached = max(reached, sharpness or 0.0)
            if reached >= min(1.0, self.wanted * _SPARE):
                return chosen, reached
        raise TooSoft(
            f"it is too soft: the most that sharpening makes of its sharpness is {reached:.0%}; take another picture"
        )

    def _part(
        self, gray: study.Part, width: int, height: int, top: int, bottom: int, left: int, right: int, step: int
    ) -> study.Gray:
        """A part of the sharpened picture, in gray."""
        if step > 1:  # only to find where the picture is busy
            return gray(top, bottom, left, right, step)
        up, out = max(0, top - self.reach), max(0, left - self.reach)
        light = gray(up, min(height, bottom + self.reach), out, min(width, right + self.reach), 1) / 255
        sharp = self._sharpened(light.astype("float32"))
        return sharp[top - up : bottom - up, left - out : right - out] * 255

    def _sharpened(self, light: Light) -> Light:
        import numpy as np

        finer = light - _blurred(light, self.radius)
        finer *= np.minimum(1, np.abs(finer) / _GRAIN)
        around = math.ceil(2 * self.radius)
        most, least = _extreme(light, around, np.maximum), _extreme(light, around, np.minimum)
        room = self.halo * (most - least)
        held: Light = np.clip(light + self.amount * finer, np.maximum(0, least - room), np.minimum(1, most + room))
        return held

    def apply(self, pixels: Pixels, model: str) -> Pixels:
        """Sharpened pixels of the same kind; ``pixels`` has to hold ``reach`` rows more on each side that is cut.

        Args:
            pixels: height × width × channels, ``uint8`` or ``uint16``.
            model: ``gray``, ``rgb`` or ``cmyk`` (more is darker).
        """
        import numpy as np

        top = np.float32(np.iinfo(pixels.dtype).max)
        values = pixels.astype(np.float32) / top
        light = lightness(values, model)
        sharp = self._sharpened(light)
        if model == "gray":
            values[:, :, 0] = sharp
        elif model == "rgb":
            values += (sharp - light)[:, :, None]
        else:
            inks = values.sum(axis=2)
            darker = (1 - sharp) / np.maximum(1 - light, 1e-6)
            most = _extreme(inks, math.ceil(2 * self.radius), np.maximum)
            values *= np.minimum(darker, np.maximum(1, most / np.maximum(inks, 1e-6)))[:, :, None]
        changed: Pixels = np.rint(np.clip(values, 0, 1) * top).astype(pixels.dtype)
        return changed


def lightness(values: Light, model: str) -> Light:
    """How light colours of 0 to 1 are, 0 to 1; of inks, how much paper is seen."""
    import numpy as np

    if model == "gray":
        return values[:, :, 0].copy()
    light = values[:, :, 0] * np.float32(_WEIGHTS[0])
    for channel in (1, 2):
        light += values[:, :, channel] * np.float32(_WEIGHTS[channel])
    return light if model == "rgb" else (1 - light) * (1 - values[:, :, 3])


def gray_of(pixels: Pixels, model: str) -> study.Part:
    """Hands out parts of a picture in gray, 0 to 255."""
    import numpy as np

    def part(top: int, bottom: int, left: int, right: int, step: int) -> study.Gray:
        cut = pixels[top:bottom:step, left:right:step]
        return lightness(cut.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max), model) * np.float32(255)

    return part


def strip(read: Callable[[int, int], Pixels], top: int, bottom: int, height: int, model: str, mask: Mask) -> Pixels:
    """Some rows of a sharpened picture, of which rows from, to can be read."""
    first, last = max(0, top - mask.reach), min(height, bottom + mask.reach)
    return mask.apply(read(first, last), model)[top - first : bottom - first]


def whole(pixels: Pixels, model: str, mask: Mask) -> Pixels:
    """A sharpened picture, made in strips."""
    import numpy as np

    height, width = pixels.shape[:2]
    result = np.empty_like(pixels)
    step = rows_at_once(width)
    for top in range(0, height, step):
        bottom = min(top + step, height)
        result[top:bottom] = strip(lambda first, last: pixels[first:last], top, bottom, height, model, mask)
    return result


def rows_at_once(width: int) -> int:
    """Rows of a strip that takes little memory and has little to do twice."""
    return max(64, _AT_ONCE // width)


def _blurred(light: Light, radius: float) -> Light:
    """A Gaussian blur; past the edge, the outermost pixels go on."""
    import numpy as np

    reach = math.ceil(3 * radius)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / radius) ** 2).astype(np.float32)
    taps /= taps.sum()
    for axis in (0, 1):
        length = light.shape[axis]
        wide = np.pad(light, [(reach, reach) if way == axis else (0, 0) for way in (0, 1)], mode="edge")
        light = sum(tap * _along(wide, axis, at, length) for at, tap in enumerate(taps))
    return light


def _extreme(light: Light, around: int, choose: Any) -> Light:
    """The largest or smallest value so many pixels around."""
    import numpy as np

    for axis in (0, 1):
        length = light.shape[axis]
        wide = np.pad(light, [(around, around) if way == axis else (0, 0) for way in (0, 1)], mode="edge")
        found = _along(wide, axis, 0, length).copy()
        for at in range(1, 2 * around + 1):
            choose(found, _along(wide, axis, at, length), out=found)
        light = found
    return light


def _along(wide: Light, axis: int, at: int, length: int) -> Light:
    return wide[at : at + length] if axis == 0 else wide[:, at : at + length]
