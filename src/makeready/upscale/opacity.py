"""Colours under clear pixels, which nobody sees, made to go on as the visible ones do.

Programs leave black, white or anything under clear pixels. A network would take that for an edge and draw a fringe
along it. So clear pixels near visible ones get the mean colour of their visible neighbours, ring by ring.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from makeready.upscale.flow import Read, Window

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

#: Rows that are worked on at a time.
_STRIP = 128
#: Colours of pixels fainter than this are rounded so coarsely that their neighbours know better.
_FAINT = 0.1


def filled(read: Read, height: int, depth: int) -> Iterator[Floats]:
    """The rows with the colours of clear pixels replaced, as far as they lie within ``depth`` of visible ones.

    Args:
        read: gives rows × width × channels from 0 to 1; the last channel is opacity.
        height: pixels down.
        depth: pixels.
    """
    window = Window(read, height)
    for top in range(0, height, _STRIP):
        bottom = min(top + _STRIP, height)
        rows = window.rows(top - depth, bottom + depth)
        if (rows[..., -1] < _FAINT).any() and rows[..., -1].any():
            rows = _grown(rows, depth)
        yield rows[depth : depth + bottom - top]


def _grown(rows: Floats, depth: int) -> Floats:
    """Colours spread outwards by one pixel a turn, each new pixel the mean of the known ones around it."""
    import numpy as np

    cover = rows[..., -1:]
    # How far a colour is to be believed.
    known = np.minimum(cover / np.float32(_FAINT), 1)
    colours = rows[..., :-1] * known
    sure = known.copy()
    for _ in range(depth):
        sums, weights = _around(colours), _around(sure)
        new = sums / np.maximum(weights, np.float32(1e-6))
        # What is known in part is completed by its neighbours; what was completed is known from now on.
        reached = weights > 0
        lacking = np.where(reached, 1 - sure, 0)
        if not lacking.any():
            break
        colours = colours + lacking * new
        sure = sure + lacking
    result = rows.copy()
    np.copyto(result[..., :-1], colours, where=sure >= 1)
    return result


def _around(values: Floats) -> Floats:
    """Sums over 3 × 3 pixels."""
    import numpy as np

    wide = np.pad(values, ((1, 1), (1, 1), (0, 0)))
    tall = wide[:-2] + wide[1:-1] + wide[2:]
    sums: Floats = tall[:, :-2] + tall[:, 1:-1] + tall[:, 2:]
    return sums
