"""Total ink: the same colour with less of it, by letting black do the work of the other three.

Gray-component replacement: where cyan, magenta and yellow are printed over each other, part of them only makes the
colour darker, which black does with a third of the ink. How much of each goes when black comes is read from the
press's own profile, so that lightness and hue stay.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from makeready.colour import littlecms
from makeready.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Steps a side of the table of all ink mixtures.
_SIDE = 17
#: Steps on the way from the old mixture to the new.
_STRIDES = 4
#: How much, in units of Lab for a full ink, it must be worth to leave the path of equal parts: in the deepest shadows
#: no ink changes the colour much, and measurements say little.
_TRUST = 2.0
#: The least that the sum falls when black rises by one.
_LEAST_GAIN = 0.5
#: Rows that are worked on at once, which bounds the memory.
_BATCH = 1 << 18


class InkLimit:
    """A limit on the four inks together, for one press.

    A mixture at the limit stays, and one just above changes by just as much as it is above: there is no edge between
    what is touched and what is not.
    """

    def __init__(self, profile: bytes, most: float) -> None:
        """Take the press's profile and the limit.

        Args:
            profile: a CMYK profile.
            most: the most ink, 1 for a full plate: 3.0 is 300 %.

        Raises:
            UsageError: the limit is under a full plate or above four.
            UnusableProfile: LittleCMS cannot convert from the profile.
        """
        if not 1.0 <= most <= 4.0:
            raise UsageError(
                f"A limit of {most:.0%} for all inks together cannot be kept.", "Give one between 100 % and 400 %."
            )
        self.profile, self.most = profile, most
        self._ways = _ways(profile)

    def over(self, cmyk: npt.NDArray[np.generic], full: float = 1.0) -> npt.NDArray[np.bool_]:
        """Which mixtures are above the limit; ``full`` is the number that stands for a full plate."""
        import numpy as np

        return np.asarray(cmyk.sum(axis=-1, dtype=np.float64) > self.most * full + 1e-9 * full)

    def apply(self, cmyk: npt.ArrayLike) -> Floats:
        """The mixtures within the limit: those above it changed, the others as they are.

        Args:
            cmyk: cyan, magenta, yellow and black from 0 to 1, one mixture a row.
        """
        import numpy as np

        inks = np.array(cmyk, dtype=np.float64).reshape(-1, 4)
        rows = np.flatnonzero(self.over(inks))
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            inks[batch] = self._within(inks[batch])
        return inks

    def _within(self, inks: Floats) -> Floats:
        """Follow the way of equal colour, black rising, until the sum is the limit.

        Where black is full or a colour used up before, cyan, magenta and yellow are reduced in proportion.
        """
        import numpy as np

        for left in range(_STRIDES, 0, -1):
            excess = inks.sum(axis=1) - self.most
            # Half a stride ahead the way is known better than here (the midpoint method).
            half = self._step(inks, excess / (2 * left), interpolated(self._ways, inks))
            inks = self._step(inks, excess / left, interpolated(self._ways, half))
        colours = inks[:, :3].sum(axis=1)
        share = np.clip((self.most - inks[:, 3]) / np.maximum(colours, 1e-12), 0.0, 1.0)
        inks[:, :3] *= share[:, None]
        return inks

    @staticmethod
    def _step(inks: Floats, excess: Floats, way: Floats) -> Floats:
        """Take away so much of the sum."""
        import numpy as np

        black = np.clip(excess, 0.0, None) / -(1.0 + way.sum(axis=1))
        black = np.minimum(black, 1.0 - inks[:, 3])
        changed = np.column_stack([inks[:, :3] + way * black[:, None], inks[:, 3] + black])
        return np.asarray(np.clip(changed, 0.0, 1.0))


def limit(cmyk: npt.ArrayLike, most: float, profile: bytes) -> Floats:
    """Mixtures within an ink limit, in nearly the same colours.

    Args:
        cmyk: cyan, magenta, yellow and black from 0 to 1, one mixture a row.
        most: the most ink, 1 for a full plate: 3.0 is 300 %.
        profile: the CMYK profile of the press.

    Raises:
        UsageError: the limit is under a full plate or above four.
        UnusableProfile: LittleCMS cannot convert from the profile.
    """
    return InkLimit(profile, most).apply(cmyk)


@lru_cache(8)
def _ways(profile: bytes) -> Floats:
    """For a grid of mixtures: how much cyan, magenta and yellow go for each bit of black that comes.

    The change of colour by each ink is the slope of the profile's table. Least squares, held near the path of equal
    parts by ``_TRUST``; no colour ever rises, and the sum always falls.
    """
    import numpy as np

    side = np.linspace(0.0, 1.0, _SIDE)
    mixtures = np.stack(np.meshgrid(*(4 * [side]), indexing="ij"), axis=-1)
    lab = littlecms.to_lab(littlecms.words(mixtures.reshape(-1, 4)), profile).reshape(*(4 * [_SIDE]), 3)
    slopes = np.stack([np.gradient(lab, side[1], axis=ink) for ink in range(4)], axis=-1)  # …, Lab, ink
    colours, black = slopes[..., :3], slopes[..., 3]
    turned = np.swapaxes(colours, -1, -2)
    equal = np.full(3, -1.0)
    left = turned @ colours + _TRUST**2 * np.eye(3)
    right = -(turned @ black[..., None])[..., 0] + _TRUST**2 * equal
    way = np.minimum(np.linalg.solve(left, right[..., None])[..., 0], 0.0)
    short = np.maximum(way.sum(axis=-1) + 1.0 + _LEAST_GAIN, 0.0)
    way -= (short / 3)[..., None]
    return np.ascontiguousarray(way)


def interpolated(table: Floats, points: Floats) -> Floats:
    """Values of a table over the unit cube of any number of dimensions, at points (rows).

    Simplex interpolation: a cell is cut into pieces by the order of a point's fractions, and each piece is linear in
    its corners (tetrahedral interpolation, for three dimensions). Continuous, and exact for what is linear.
    """
    import numpy as np

    axes = points.shape[1]
    shape = np.array(table.shape[:axes])
    scaled = points * (shape - 1)
    cell = np.minimum(scaled.astype(np.int64), shape - 2)
    fractions = scaled - cell
    strides = np.append(np.cumprod(shape[:0:-1])[::-1], 1)
    flat = table.reshape(-1, table.shape[-1])
    order = np.argsort(-fractions, axis=1, kind="stable")
    ranked = np.take_along_axis(fractions, order, axis=1)
    at = cell @ strides
    found: Floats = flat[at] * (1.0 - ranked[:, :1])
    for n in range(axes):
        at = at + strides[order[:, n]]
        following = ranked[:, n + 1] if n + 1 < axes else 0.0
        found = found + flat[at] * (ranked[:, n] - following)[:, None]
    return found
