"""What may not be changed by an enlargement: tones at large, flat patches, and neutrals.

Networks are trained for detail, and tones drift: by half a level to three, measured, and by as much again where an
engine calculates in bfloat16. So what each pass has made is held against what it was made of:

* The mean over a few pixels is put right.
* No value lies far outside of those around it in the source: beside hard edges, networks that expect soft ones draw
  ghosts of them on the paper. Where all is of one value, it is kept to the bit: paper stays paper.
* Where the source is neutral, so is the result: gray type gets no tint.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from makeready.upscale.flow import Read, Window
from makeready.upscale.planes import Plane

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

#: Pixels of the source around a pixel, on each side, whose values bound it, and how far outside of them it may lie, as
#: a part of what they differ by. Less costs detail, more leaves ghosts.
_AROUND = 1
_OUTSIDE = 0.25
#: Pixels around a pixel that have to be neutral for it to be.
_NEUTRAL = 4
#: The mean over which tones are put right: a bell of this standard deviation and reach, in pixels of the source.
_BELL = 1.5
_BELL_REACH = 5
#: How far all this looks about; the pixel more is there to go smoothly from pixel to pixel.
MARGIN = _BELL_REACH + 1
#: Rows of the source that are worked on at a time.
_STRIP = 64


def kept(
    read: Read, read_made: Read, height: int, scale: int, planes: tuple[Plane, ...], *, bounded: bool
) -> Iterator[Floats]:
    """The rows that a pass has made, put right.

    Args:
        read: gives the rows that the pass was given, rows × width × channels from 0 to 1.
        read_made: gives the rows that it made.
        height: pixels down of the source.
        scale: how many times as many rows and columns were made.
        planes: what the channels are.
        bounded: values keep within those around them; without it, only flat patches are kept.
    """
    source, made = Window(read, height), Window(read_made, height * scale)
    outside = _OUTSIDE if bounded else float("inf")
    for top in range(0, height, _STRIP):
        bottom = min(top + _STRIP, height)
        low, high = max(0, top - MARGIN), min(bottom + MARGIN, height)
        before, after = source.rows(low, high), made.rows(low * scale, high * scale)
        result = after[(top - low) * scale : (bottom - low) * scale].copy()
        rows = slice(top - low, bottom - low)
        for plane in planes:
            if plane.kind != "resampled":
                part = slice(plane.first, plane.last)
                _put_right(before[..., part], after[..., part], result[..., part], rows, scale, plane, outside)
        yield result


def bounded(read: Read, made: Iterator[Floats], width: int, height: int, new_height: int) -> Iterator[Floats]:
    """Rows of any size, held within the values around them in the source.

    Args:
        read: gives the rows of the source, rows × width × channels.
        made: the rows of the result, in strips.
        width: pixels across of the source.
        height: pixels down of the source.
        new_height: pixels down of the result.
    """
    import numpy as np

    source, at = Window(read, height), 0
    for strip in made:
        down = _places(at, at + len(strip), height, new_height)
        across = _places(0, strip.shape[1], width, strip.shape[1])
        first = int(down[0])
        rows = source.rows(first - _AROUND, int(down[-1]) + 1 + _AROUND)
        lowest, highest = (bound[:, across][down - first] for bound in _bounds(rows, _OUTSIDE))
        yield np.clip(strip, lowest, highest)
        at += len(strip)


def _places(first: int, last: int, old: int, new: int) -> npt.NDArray[np.intp]:
    """The pixels of the source that those of the result lie in."""
    import numpy as np

    return np.minimum(((np.arange(first, last) + 0.5) * (old / new)).astype(np.intp), old - 1)


def _put_right(
    before: Floats, after: Floats, result: Floats, rows: slice, scale: int, plane: Plane, outside: float
) -> None:
    import numpy as np

    smooth = None if plane.kind == "opacity" else _lacking(before, after, rows, scale)
    # The rows with as many above and below as bound them; past the edges, as the last one.
    above, below = max(0, _AROUND - rows.start), max(0, rows.stop + _AROUND - len(before))
    near = before[max(0, rows.start - _AROUND) : rows.stop + _AROUND]
    near = np.pad(near, ((above, below), (0, 0), (0, 0)), mode="edge")
    lowest, highest = (np.clip(bound, 0, 1, out=bound) for bound in _bounds(near, outside))
    # All pixels of the result that lie at one place inside of theirs at a time: no array is made as large as it.
    for down in range(scale):
        lines = None if smooth is None else _between(smooth, down, scale, 0)
        for across in range(scale):
            part = result[down::scale, across::scale]
            if lines is not None:
                part += _between(lines, across, scale, 1)
            np.maximum(part, lowest, out=part)
            np.minimum(part, highest, out=part)
    if plane.kind == "rgb":
        red, green, blue = (before[..., channel] for channel in range(3))
        neutral = _none_near((red != green) | (red != blue))[rows]
        if neutral.any():
            neutral = neutral.repeat(scale, axis=0).repeat(scale, axis=1)
            np.copyto(result, result.mean(axis=2, keepdims=True), where=neutral[..., None])


def _bounds(rows: Floats, outside: float) -> tuple[Floats, Floats]:
    """The least and the most that each pixel may be; ``rows`` has as many more above and below as are looked at."""
    import numpy as np

    wide = np.pad(rows, ((0, 0), (_AROUND, _AROUND), (0, 0)), mode="edge")
    lowest, highest = _over_window(wide, np.minimum), _over_window(wide, np.maximum)
    spare = highest - lowest
    # Infinitely far outside of nothing is nowhere: what is flat stays so.
    spare = np.multiply(spare, np.float32(outside), out=spare, where=spare > 0)
    return lowest - spare, highest + spare


def _over_window(values: Floats, of: np.ufunc) -> Floats:
    """The extreme of a square around each pixel."""
    size = 2 * _AROUND + 1
    tall = values[: len(values) - size + 1]
    for at in range(1, size):
        tall = of(tall, values[at : at + len(tall)])
    width = values.shape[1] - size + 1
    found = tall[:, :width]
    for at in range(1, size):
        found = of(found, tall[:, at : at + width])
    return found


def _lacking(before: Floats, after: Floats, rows: slice, scale: int) -> Floats:
    """What the result lacks of the source's tones, a bell's mean for each pixel of the source.

    There is one pixel more on each side.
    """
    import numpy as np

    reduced = np.zeros_like(before)
    for down in range(scale):
        for across in range(scale):
            reduced += after[down::scale, across::scale]
    lacks = before - reduced / np.float32(scale * scale)
    above, below = MARGIN - rows.start, max(0, rows.stop + MARGIN - len(before))
    lacks = np.pad(lacks, ((above, below), (MARGIN, MARGIN), (0, 0)), mode="edge")
    bell = _bell()
    height, width = rows.stop - rows.start + 2, before.shape[1] + 2
    tall = np.zeros((height, *lacks.shape[1:]), np.float32)
    for at, weight in enumerate(bell):
        tall += weight * lacks[at : at + height]
    smooth = np.zeros((height, width, lacks.shape[2]), np.float32)
    for at, weight in enumerate(bell):
        smooth += weight * tall[:, at : at + width]
    return smooth


def _between(values: Floats, phase: int, scale: int, axis: int) -> Floats:
    """Values at a place inside of each pixel but the first and the last, in straight lines between the middles."""
    import numpy as np

    away = (phase + 0.5) / scale - 0.5
    if axis == 1:
        here, other = values[:, 1:-1], values[:, 2:] if away > 0 else values[:, :-2]
    else:
        here, other = values[1:-1], values[2:] if away > 0 else values[:-2]
    between: Floats = here + np.float32(abs(away)) * (other - here)
    return between


def _bell() -> Floats:
    import numpy as np

    bell = np.exp(-0.5 * (np.arange(-_BELL_REACH, _BELL_REACH + 1, dtype=np.float32) / _BELL) ** 2)
    weights: Floats = bell / bell.sum()
    return weights


def _none_near(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Where no flag is set within reach, down and across."""
    import numpy as np

    size = 2 * _NEUTRAL + 1
    wide = np.pad(flags, _NEUTRAL)
    sums = np.zeros((wide.shape[0] + 1, wide.shape[1] + 1), np.int32)
    np.cumsum(np.cumsum(wide, axis=0, dtype=np.int32), axis=1, out=sums[1:, 1:])
    near = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    found: npt.NDArray[np.bool_] = near == 0
    return found
