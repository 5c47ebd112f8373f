"""Where a subject stands: the line at which it meets the ground, read from its outline.

A picture says nothing of the ground, but the lower rim of a silhouette does: what reaches lower than all around it
stands on something. Between these places the ground runs straight; so the legs of a chair, of which the rear ones end
higher in the picture, all stand, and what hangs (a strap, an arm) hangs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

#: From here on a pixel counts as the subject.
_SOLID = 0.5
#: Of a thing's size (the root of its width times its height): smaller ones are specks that no light finds.
_SPECK = 0.04
#: Feet are looked for within so much of the height of a thing above its lowest point, and so much of its width.
_RISE_OF_HEIGHT, _RISE_OF_WIDTH = 0.25, 0.4
#: A foot is the lowest of so much of the width to both sides, give or take so much of the height.
_NEAR, _LEVEL = 0.07, 0.006
#: Where a thing ends at a side with an upright edge (a box, a tube, a cup), that edge stands, too: at most so far above
#: the lowest point, where so much of the height is upright so near to the end. A ball's end is round, and hangs.
_CORNER_OF_HEIGHT, _CORNER_OF_WIDTH, _UPRIGHT, _END = 0.45, 0.35, 0.4, 0.02
#: The ground rises by no more than this: pixels up by pixels across.
_SLOPE = 0.6


@dataclass(frozen=True, slots=True)
class Thing:
    """A part of the subject that stands for itself, in pixels of the mask that it was found in."""

    #: The first column, and the first that does not belong to it.
    left: int
    right: int
    top: int
    #: The lower edge of its lowest pixel.
    bottom: float
    #: For each column of the mask, the height of the ground below it (downwards, as pixels count).
    ground: Floats
    #: For its own columns, how far above the ground it ends; 0 where it stands.
    gap: Floats

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def size(self) -> float:
        """A length that says how large it is, be it wide or tall."""
        return float(np.sqrt(self.width * self.height))


def things(alpha: Floats) -> Iterator[Thing]:
    """What stands side by side, each with its ground; specks are left out.

    Args:
        alpha: how much of each pixel is the subject, 0 to 1.
    """
    solid = alpha >= _SOLID
    seen = solid.any(axis=0)
    if not seen.any():
        return
    height, width = alpha.shape
    first = np.argmax(solid, axis=0)
    last = height - 1 - np.argmax(solid[::-1], axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
    spans = [(int(left), int(right)) for left, right in edges.reshape(-1, 2)]
    boxes = [(left, right, int(first[left:right].min()), int(last[left:right].max()) + 1) for left, right in spans]
    largest = max(np.hypot(right - left, bottom - top) for left, right, top, bottom in boxes)
    for left, right, top, bottom in boxes:
        if np.hypot(right - left, bottom - top) >= _SPECK * largest:
            # The pixel below the last solid one says how far the edge lies past it.
            columns = np.arange(left, right)
            below = np.minimum(last[left:right] + 1, height - 1)
            part = np.where(last[left:right] + 1 < height, alpha[below, columns], 0)
            rim = (last[left:right] + 1 + part).astype(np.float32)
            yield _thing(left, right, top, rim, solid[:, left:right].sum(axis=0), width)


def _thing(left: int, right: int, top: int, rim: Floats, solid: npt.NDArray[np.int64], width: int) -> Thing:
    """The thing whose lower rim is known, and how much of each column is solid."""
    bottom = float(rim.max())
    tall, wide = bottom - top, right - left
    rise = min(_RISE_OF_HEIGHT * tall, _RISE_OF_WIDTH * wide)
    lowest = _lowest_around(rim, max(1, round(_NEAR * wide)))
    feet = np.flatnonzero((rim >= lowest - max(0.5, _LEVEL * tall)) & (rim >= bottom - rise))
    feet = np.union1d(feet, np.array(_corners(rim, solid, bottom, tall), np.intp))
    columns = np.arange(wide)
    own = gentle(np.maximum(np.interp(columns, feet, rim[feet]), rim).astype(np.float32), _SLOPE)
    ground = np.interp(np.arange(width), columns + left, own).astype(np.float32)
    return Thing(left, right, top, bottom, ground, (own - rim).astype(np.float32))


def _corners(rim: Floats, solid: npt.NDArray[np.int64], bottom: float, tall: float) -> list[int]:
    """The ends of a thing that stand."""
    wide = len(rim)
    highest = bottom - min(_CORNER_OF_HEIGHT * tall, _CORNER_OF_WIDTH * wide)
    inwards = round(_END * wide)
    return [end for end in (inwards, wide - 1 - inwards) if rim[end] >= highest and solid[end] >= _UPRIGHT * tall]


def _lowest_around(rim: Floats, reach: int) -> Floats:
    """For each column, how far down the rim comes within some columns to both sides."""
    padded = np.pad(rim, reach, mode="edge")
    found: Floats = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    return found


def gentle(ground: Floats, slope: float) -> Floats:
    """The nearest line that is nowhere higher in the picture than the ground and nowhere steeper than a slope.

    Args:
        ground: column by column, downwards.
        slope: pixels down by pixels across.
    """
    across = np.float32(slope) * np.arange(len(ground), dtype=np.float32)
    rising = np.maximum.accumulate(ground + across) - across
    falling = np.maximum.accumulate((ground - across)[::-1])[::-1] + across
    found: Floats = np.maximum(rising, falling)
    return found
