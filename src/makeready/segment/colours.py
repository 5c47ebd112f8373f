"""Colours freed from the background: what the subject looks like where it is partly clear.

Along an edge the camera saw a mixture, ``a · F + (1 - a) · B``. Put on another ground, it shows a rim of the old one.
So the subject's colour F and the ground's colour B are estimated together, as smooth as the mixture allows, coarse to
fine (Germer, Uelwer, Conrad and Harmeling, "Fast Multi-Level Foreground Estimation", 2020), on a small picture. The
large one adds its own detail: what its pixels have more than the mixture of the two estimates belongs to the subject
as far as the pixel does (Forte, "Approximate Fast Foreground Colour Estimation", 2021).

Channels are taken as they are: red, green and blue, gray, or inks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from makeready.segment import planes
from makeready.segment.enlarged import Enlarged

if TYPE_CHECKING:
    import numpy.typing as npt

    from makeready.segment.planes import Plane

#: Pixels of the picture that colours are estimated on: they are smooth, and the detail comes from the large picture.
PIXELS = 250_000
#: Neighbours pull each other's colours together by so much, and more where the opacity changes.
_EVEN, _ALONG = 1e-5, 1.0
#: Rounds on each level; small levels cost nothing and carry colours far.
_ROUNDS, _ROUNDS_SMALL, _SMALL = 3, 10, 32
#: Pixels away from the subject, of the small picture, where one colour will do.
_FAR = 12


@dataclass(frozen=True, slots=True)
class Foreground:
    """The subject's colours, for the rows of the large picture."""

    #: What lies under each pixel: the subject's colour and the ground's, channel by channel, from 0 to 1.
    estimates: Enlarged
    channels: int

    def rows(self, rows: npt.NDArray[Any], alpha: Plane, top: int) -> npt.NDArray[Any]:
        """Rows with the subject's own colours; solid pixels stay exactly as they are.

        Args:
            rows: rows × width × channels, of the whole picture's kind: ``uint8``, ``uint16`` or floats from 0 to 1.
            alpha: rows × width, their opacity.
            top: the place of the first row in the picture.

        Returns:
            The same kind of array. Clear pixels near the subject have its colour, so that resampling leaves no
            fringe; those far away have one colour everywhere.
        """
        import numpy as np

        made = rows.copy()
        peak = planes.TOPS.get(rows.dtype.name, 1.0)
        for where, columns, both in self.estimates.blocks(top, len(rows)):
            opacity = alpha[where, columns, None]
            if (opacity >= 1).all():
                continue
            subject, ground = both[..., : self.channels], both[..., self.channels :]
            seen = rows[where, columns].astype(np.float32) / np.float32(peak)
            rest = seen - opacity * subject - (1 - opacity) * ground
            colour = np.clip(subject + opacity * rest, 0, 1) * np.float32(peak)
            if peak != 1:
                colour += 0.5
            made[where, columns] = np.where(opacity >= 1, rows[where, columns], colour.astype(rows.dtype))
        return made


def estimated(native: Plane, alpha: Plane, width: int, height: int) -> Foreground:
    """Estimate the colours of subject and ground.

    Args:
        native: height × width × channels, from 0 to 1: the whole picture, in any size.
        alpha: its opacity, in the same size.
        width: pixels across of the large picture.
        height: pixels down of the large picture.
    """
    import numpy as np

    size = planes.fitted(native.shape[1], native.shape[0], PIXELS)
    seen, opacity = planes.resized(native, *size), planes.resized(alpha, *size)
    subject, ground = _levels(seen, opacity)
    near = planes.spread(opacity > 0, _FAR)
    if near.any():
        solid = opacity >= 0.95 if (opacity >= 0.95).any() else opacity > 0
        subject[~near] = subject[solid].mean(axis=0)
        ground[~near] = 0
    return Foreground(Enlarged(np.concatenate([subject, ground], axis=-1), width, height), native.shape[2])


def _levels(seen: Plane, opacity: Plane) -> tuple[Plane, Plane]:
    """Subject and ground, from one pixel up to the whole."""
    import numpy as np

    height, width, channels = seen.shape

    def mean(weight: Plane) -> Plane:
        total = float(weight.sum())
        whole = (seen * weight[..., None]).sum(axis=(0, 1)) / total if total > 0 else seen.mean(axis=(0, 1))
        return np.asarray(whole, np.float32).reshape(1, 1, channels)

    subject = mean((opacity > 0.9).astype(np.float32) if (opacity > 0.9).any() else opacity)
    ground = mean((opacity < 0.1).astype(np.float32) if (opacity < 0.1).any() else 1 - opacity)
    steps = max(width, height).bit_length() - 1 + (max(width, height) & (max(width, height) - 1) > 0)
    for step in range(steps, -1, -1):
        size = max(1, -(-width >> step)), max(1, -(-height >> step))
        part, weight = planes.resized(seen, *size), planes.resized(opacity, *size)
        subject, ground = planes.resized(subject, *size), planes.resized(ground, *size)
        rounds = _ROUNDS_SMALL if max(size) <= _SMALL else _ROUNDS
        subject, ground = _smoothed(part, weight, subject, ground, rounds)
    return subject, ground


def _smoothed(seen: Plane, opacity: Plane, subject: Plane, ground: Plane, rounds: int) -> tuple[Plane, Plane]:
    """Each pixel's two colours: what its mixture says, and what its neighbours say."""
    import numpy as np

    padded = np.pad(opacity, 1, mode="edge")
    pulls = [
        _EVEN + _ALONG * np.abs(opacity - near)
        for near in (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    ]
    pull = pulls[0] + pulls[1] + pulls[2] + pulls[3]
    clear = 1 - opacity
    # The inverse of the 2 × 2 matrix of each pixel; its determinant is above 0 as the pulls are.
    own, shared, other = opacity * opacity + pull, opacity * clear, clear * clear + pull
    inverse = 1 / (own * other - shared * shared)
    from_own = (inverse * other)[..., None]
    from_shared = (-inverse * shared)[..., None]
    from_other = (inverse * own)[..., None]
    mixed, mixed_clear = opacity[..., None] * seen, clear[..., None] * seen
    for _ in range(rounds):
        want = mixed + _pulled(subject, pulls)
        want_clear = mixed_clear + _pulled(ground, pulls)
        subject = np.clip(from_own * want + from_shared * want_clear, 0, 1)
        ground = np.clip(from_shared * want + from_other * want_clear, 0, 1)
    return subject, ground


def _pulled(colour: Plane, pulls: list[Plane]) -> Plane:
    import numpy as np

    padded = np.pad(colour, ((1, 1), (1, 1), (0, 0)), mode="edge")
    total: Plane = padded[:-2, 1:-1] * pulls[0][..., None]
    total += padded[2:, 1:-1] * pulls[1][..., None]
    total += padded[1:-1, :-2] * pulls[2][..., None]
    total += padded[1:-1, 2:] * pulls[3][..., None]
    return total
