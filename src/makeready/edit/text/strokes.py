"""Which pixels of a line are ink: clusters of colour whose pieces stay inside of the line, as letters do.

What is taken away is as little as may be: between and inside of letters the picture is what it was. Where no cluster
looks like letters, the whole rectangle counts as ink.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from makeready.edit import oklab

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from makeready.edit.scene import Pixels
    from makeready.edit.text.detecting import Line

    Mask = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float32]

#: Colours in a line: ink, its edge or outline, and what it stands on. It is not known how many: all are tried.
_CLUSTERS = (2, 3, 5)
#: Colours that many pixels have exactly, which is how programs write: so many are tried, and pixels so near to them.
_PEAKS, _EXACTLY = 4, 0.02
_ROUNDS = 12
#: Pixels that clusters are looked for in; more tell nothing new.
_SAMPLES = 20_000
#: The line is looked at with so much around it, as a share of its height: what reaches out of that is no letter.
_AROUND = 0.16
#: Pieces smaller than this share of the squared height are specks.
_SPECK = 0.004
#: Spreads of colour below this do not count against each other.
_EVEN = 0.02
#: A cluster whose pixels are inside to this share is part of the letters: their outline, their shade.
_PART = 0.5
#: Of one colour with the ink is what is so many times as far from it as its own pixels are, within limits: distances
#: in OKLab. White letters on a pale sky are all of exactly one white.
_SAME, _NEAREST, _FARTHEST = 3.0, 0.015, 0.06
#: Letters cover so much of their line.
_LEAST, _MOST = 0.05, 0.6
#: Letters reach over so much of the length of their line.
_REACH = 0.7
#: Below this, the ink found is not believed.
_SURE = 0.5
#: The mask grows by half the width of strokes on either side, and at least by so many pixels: edges are soft.
_GROWN = 2


@dataclass(frozen=True, slots=True, eq=False)
class Ink:
    """The ink of a line of text."""

    line: Line
    #: The rows and columns of the picture that the masks are of.
    where: tuple[slice, slice]
    #: Which pixels are ink, as exactly as can be told.
    mask: Mask
    #: The line's rectangle with what is around it.
    region: Mask
    #: How far the mask is believed, 0 to 1; where it is not, the mask is the whole line.
    sure: float
    #: The width of strokes in pixels.
    stroke: float

    @property
    def believed(self) -> bool:
        """Whether letters were found, and the mask is not merely the line's rectangle."""
        return self.sure >= _SURE


def ink(picture: Pixels, line: Line) -> Ink:
    """The ink of one line.

    Args:
        picture: height × width × 4.
        line: where it is.
    """
    import numpy as np
    from scipy import ndimage

    around = max(3.0, _AROUND * line.height)
    where = _window(line.corners(around), *picture.shape[:2])
    region = _inside(line.corners(around), where)
    colours = oklab.lab(picture[where][..., :3].astype(np.float32) / np.float32(255))
    border = region & ~ndimage.binary_erosion(region, np.ones((3, 3)), iterations=2)
    speck = max(4.0, _SPECK * line.height**2)
    best: Mask | None = None
    sure, value = 0.0, 0.0
    for candidate in _candidates(colours, region):
        letters = _pieces(candidate, border, speck)
        cover = float(letters.sum()) / int(region.sum())
        if not _LEAST < cover < _MOST:
            continue
        pure = float(letters.sum()) / int(candidate.sum())
        reach = _reach(letters, where, line)
        spread = float(np.linalg.norm(colours[letters] - colours[letters].mean(axis=0), axis=1).mean())
        worth = cover**0.5 * pure**2 * reach / (_EVEN + spread)
        if worth > value:
            best, value, sure = letters, worth, pure * min(1.0, reach / _REACH)
    if best is None or sure < _SURE:
        return Ink(line, where, _inside(line.corners(), where), region, sure, line.height / 6)
    letters = best
    stroke = _stroke(letters)
    tight = _inside(line.corners(around / 3), where)
    tone = np.median(colours[letters], axis=0)
    away = np.linalg.norm(colours - tone, axis=2)
    same = min(_FARTHEST, max(_NEAREST, _SAME * float(np.median(away[letters]))))
    # Letters that touch something of their own colour outside of the line are not cut off from it by their pieces.
    letters = letters | (tight & (away < same))
    near = ndimage.binary_dilation(letters, np.ones((3, 3)), iterations=max(2, round(stroke / 2)))
    for cluster in _clustered(colours, region, max(_CLUSTERS)):
        part = _pieces(cluster, border, speck)
        if part.sum() > _PART * cluster.sum():
            letters = letters | (part & near)
    return Ink(line, where, letters, region, sure, stroke)


def grown(found: Ink, height: int, width: int) -> tuple[tuple[slice, slice], Mask]:
    """What is to be taken away: the ink and half a stroke around it, in a window of a picture of some size."""
    import numpy as np
    from scipy import ndimage

    more = round(max(_GROWN, min(found.stroke / 2, found.line.height / 6)))
    rows, columns = found.where
    top, left = min(more, rows.start), min(more, columns.start)
    bottom, right = min(more, height - rows.stop), min(more, width - columns.stop)
    padded = np.pad(found.mask, ((top, bottom), (left, right)))
    away = ndimage.distance_transform_edt(~padded)
    window = (slice(rows.start - top, rows.stop + bottom), slice(columns.start - left, columns.stop + right))
    return window, away <= more


def _window(corners: npt.NDArray[np.float64], height: int, width: int) -> tuple[slice, slice]:
    import numpy as np

    (left, top), (right, bottom) = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
    return slice(max(0, int(top)), min(height, int(bottom) + 1)), slice(max(0, int(left)), min(width, int(right) + 1))


def _inside(corners: npt.NDArray[np.float64], where: tuple[slice, slice]) -> Mask:
    """Which pixels of a window have their middles inside of a rectangle."""
    import numpy as np

    down, across = np.mgrid[where[0], where[1]].astype(np.float32) + 0.5
    found = np.ones(down.shape, bool)
    for (x, y), (to_x, to_y) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        found &= (to_x - x) * (down - y) - (to_y - y) * (across - x) >= 0
    return found


def _candidates(colours: Floats, region: Mask) -> Iterator[Mask]:
    """Sets of pixels of one colour each, any of which may be the ink."""
    import numpy as np

    for count in _CLUSTERS:
        yield from _clustered(colours, region, count)
    bins = np.floor(colours / _EXACTLY).astype(np.int64) + 200
    keys, often = np.unique((bins[region] * (400**2, 400, 1)).sum(axis=-1), return_counts=True)
    for key in keys[np.argsort(often, kind="stable")[::-1][:_PEAKS]]:
        peak = (np.array([key // 400**2, key // 400 % 400, key % 400]) - 200 + 0.5) * _EXACTLY
        yield region & (np.linalg.norm(colours - peak.astype(np.float32), axis=-1) < _EXACTLY)


def _clustered(colours: Floats, region: Mask, count: int) -> list[Mask]:
    import numpy as np

    nearest = np.where(region, _distances(colours, _middles(colours[region], count)).argmin(axis=-1), -1)
    return [nearest == number for number in range(count)]


def _distances(colours: Floats, middles: Floats) -> Floats:
    import numpy as np

    return np.stack([((colours - middle) ** 2).sum(axis=-1) for middle in middles], axis=-1)


def _middles(colours: Floats, count: int) -> Floats:
    """The middles of clusters (Lloyd's k-means), started at colours far from each other: no chance in it."""
    import numpy as np

    sample = colours[:: max(1, len(colours) // _SAMPLES)]
    middles = np.median(sample, axis=0)[None]
    while len(middles) < count:
        apart = _distances(sample, middles).min(axis=-1)
        # The very farthest is often an odd pixel: one that most of the far ones are like is not.
        farthest = sample[np.argsort(apart)[int(0.98 * (len(apart) - 1))]]
        middles = np.concatenate([middles, farthest[None]])
    for _ in range(_ROUNDS):
        nearest = _distances(sample, middles).argmin(axis=-1)
        middles = np.stack(
            [sample[nearest == k].mean(axis=0) if (nearest == k).any() else middles[k] for k in range(len(middles))]
        )
    return middles


def _pieces(cluster: Mask, border: Mask, least: float) -> Mask:
    """The connected pieces of a cluster that do not touch the border and are no specks."""
    import numpy as np
    from scipy import ndimage

    labels, count = ndimage.label(cluster, np.ones((3, 3)))
    good = np.bincount(labels.ravel(), minlength=count + 1) >= least
    good[np.unique(labels[border])] = False
    good[0] = False
    found: Mask = good[labels]
    return found


def _reach(letters: Mask, where: tuple[slice, slice], line: Line) -> float:
    """Over which share of the line its letters reach."""
    import numpy as np

    down, across = np.nonzero(letters)
    along = line.axes()[0]
    places = (across + where[1].start) * along[0] + (down + where[0].start) * along[1]
    return min(1.0, float(np.ptp(places)) / max(1.0, line.length))


def _stroke(letters: Mask) -> float:
    """The width of strokes: twice the mean distance of their middle lines from their edges."""
    import numpy as np
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(letters, 1))
    ridge = (depth == ndimage.maximum_filter(depth, 3)) & (depth > 0)
    return 2 * float(depth[ridge].mean()) if ridge.any() else 2.0
