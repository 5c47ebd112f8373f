"""Lanczos with back-projection: enlarged so that, made small again, it is the picture it was made of.

M. Irani, S. Peleg, "Improving Resolution by Image Registration", CVGIP 1991: what the enlarged picture lacks when it is
reduced again is enlarged and added, again and again. Enlarging U and reducing D are linear, and so the whole sum is
U z with z = x + (1 − DU) x + (1 − DU)² x + …: a filter of the small picture, after which it is enlarged once. That
takes a tenth of the time, and flows in rows. DU is the same for rows and columns, and short: z is made by one filter
along each side.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from makeready.upscale.flow import Read, Window

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

#: Turns of back-projection. More gain nothing on pictures that were reduced softly, and draw ghosts beside the edges of
#: those that were not.
TURNS = 2
#: Pixels that the filter reaches to each side.
REACH = 16
#: Rows that are worked on at a time.
_STRIP = 128


def sharpened(read: Read, height: int, factor: float) -> Iterator[Floats]:
    """The rows that are to be enlarged by Lanczos, in place of those that are read.

    Args:
        read: gives rows × width × channels, ``float32``.
        height: pixels down.
        factor: how many times as large the picture will be.
    """
    import numpy as np

    taps = kernel(factor)
    window = Window(read, height)
    for top in range(0, height, _STRIP):
        bottom = min(top + _STRIP, height)
        rows = window.rows(top - REACH, bottom + REACH)
        tall = np.zeros((bottom - top, *rows.shape[1:]), np.float32)
        for at, tap in enumerate(taps):
            tall += tap * rows[at : at + len(tall)]
        wide = np.pad(tall, ((0, 0), (REACH, REACH), (0, 0)), mode="symmetric")
        made = np.zeros_like(tall)
        for at, tap in enumerate(taps):
            made += tap * wide[:, at : at + made.shape[1]]
        yield made


@lru_cache(maxsize=32)
def kernel(factor: float) -> tuple[np.float32, ...]:
    """The filter along one side, which adds up to 1."""
    import numpy as np

    there_and_back = _there_and_back(factor)
    one = np.zeros(2 * REACH + 1)
    one[REACH] = 1
    lacks = one - there_and_back
    power, total = one, one.copy()
    for _ in range(TURNS):
        power = np.convolve(power, lacks, mode="same")
        total += power
    return tuple((total / total.sum()).astype(np.float32))


def _there_and_back(factor: float) -> npt.NDArray[np.float64]:
    """DU of a line: what a single pixel becomes by Lanczos enlargement and bicubic reduction, from −REACH to REACH."""
    import numpy as np

    length = 8 * REACH + 1
    size = max(length, round(length * factor))
    up = _weights(length, size, _lanczos, 3)
    down = _weights(size, length, _bicubic, 2)
    both = down @ up
    # The mean over pixels in the middle: where the grids do not fit, each lies a little differently.
    middle = range(2 * REACH, length - 2 * REACH)
    mean: npt.NDArray[np.float64] = np.mean([both[at, at - REACH : at + REACH + 1] for at in middle], axis=0)
    return (mean + mean[::-1]) / 2


def _weights(old: int, new: int, shape: object, support: int) -> npt.NDArray[np.float64]:
    """All weights of one axis, new × old."""
    import numpy as np

    widened = max(old / new, 1.0)
    away = ((np.arange(old) + 0.5) - (np.arange(new)[:, None] + 0.5) * old / new) / widened
    weights = np.where(np.abs(away) < support, shape(away), 0)  # type: ignore[operator]
    return weights / weights.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


def _lanczos(away: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    import numpy as np

    return np.sinc(away) * np.sinc(away / 3)


def _bicubic(away: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """R. G. Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981, with a = −1/2."""
    import numpy as np

    at = np.abs(away)
    return np.where(at < 1, (1.5 * at - 2.5) * at * at + 1, ((-0.5 * at + 2.5) * at - 4) * at + 2)
