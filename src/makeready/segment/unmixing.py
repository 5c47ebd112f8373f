"""Opacity by colour alone: how far a pixel lies on the way from the ground's colour to the subject's.

Both colours are carried into the band from its two sides, evenly, so a strand of hair before a smooth ground is told
at once, however thin it is. Where the two are alike colour says nothing. It is a first guess, from which solving what
the picture says takes few turns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from makeready.segment import planes

if TYPE_CHECKING:
    from makeready.segment.planes import Mask, Plane

#: Colours vary slowly: they are carried on a copy of a quarter of the width.
_SMALLER = 4
#: How far apart subject and ground must be for colour to say as much as what is thought otherwise.
_APART = 0.01


def unmixed(picture: Plane, solid: Mask, clear: Mask, otherwise: Plane) -> Plane:
    """The opacity that colour tells.

    Args:
        picture: height × width × 3, from 0 to 1.
        solid: height × width: what is surely subject.
        clear: height × width: what is surely ground.
        otherwise: height × width: the opacity where colour says nothing.

    Returns:
        Height × width, 0 to 1.
    """
    import numpy as np

    subject, ground = _carried(picture, solid), _carried(picture, clear)
    apart = subject - ground
    far = (apart * apart).sum(axis=-1)
    told = np.clip(((picture - ground) * apart).sum(axis=-1) / np.maximum(far, np.float32(1e-6)), 0, 1)
    mixed: Plane = otherwise + far / (far + np.float32(_APART**2)) * (told - otherwise)
    return mixed


def _carried(picture: Plane, where: Mask) -> Plane:
    """The colours of some pixels, carried to all others: means of ever larger squares, filled in coarse to fine."""
    import numpy as np

    height, width = where.shape
    weight = where.astype(np.float32)[..., None]
    size = max(1, width // _SMALLER), max(1, height // _SMALLER)
    levels = [planes.resized(np.concatenate([picture * weight, weight], axis=-1), *size)]
    while max(levels[-1].shape[:2]) > 1:
        rows, columns = levels[-1].shape[:2]
        levels.append(planes.resized(levels[-1], max(1, columns // 2), max(1, rows // 2)))
    filled = np.asarray(levels[-1][..., :3] / np.maximum(levels[-1][..., 3:], np.float32(1e-6)), np.float32)
    for level in reversed(levels[:-1]):
        filled = planes.resized(filled, level.shape[1], level.shape[0])
        share = np.clip(level[..., 3:], 0, 1)
        filled = level[..., :3] + (np.float32(1) - share) * filled
    return planes.resized(filled, width, height)
