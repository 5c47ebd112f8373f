"""An outline of even width around a subject, from the distance to its edge.

The edge is where the opacity passes one half, found between the nearest solid pixel and its neighbours (the idea of
S. Gustavson and R. Strand, "Anti-aliased Euclidean distance transform", 2011). So the outline is as smooth as the edge,
and its width is right to a fraction of a pixel.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from makeready.errors import MissingDependency
from makeready.raster.mend import canvas

if TYPE_CHECKING:
    import numpy.typing as npt

    from makeready.edit.colours import Rgba
    from makeready.edit.scene import Pixels

    Floats = npt.NDArray[np.float32]

#: Pixels that are calculated at a time, besides those around them.
_STRIP = 2_000_000
#: How far the outline goes on under the subject, whose edge lets it through: a share of the longer side, and pixels.
_UNDER, _UNDER_LEAST = 0.003, 3
#: A blur has faded after so many standard deviations; its radius is two of them.
_FADED, _RADIUS = 3.0, 2.0


def outline(subject: Pixels, width: float, blur: float, colour: Rgba) -> Pixels:
    """A layer with an outline around a subject; it is meant to lie under it.

    Args:
        subject: height × width × 4.
        width: of the outline, in pixels.
        blur: how far its outer edge is blurred, in pixels; 0 is sharp.
        colour: with its opacity.

    Raises:
        MissingDependency: scipy is not installed.
        Refusal: nothing of the subject is seen.
    """
    alpha = subject[..., 3]
    height, wide = alpha.shape
    layer = np.empty_like(subject)
    layer[:] = colour
    layer[..., 3] = 0
    level = min(128, (int(alpha.max()) + 1) // 2)
    under = max(_UNDER_LEAST, round(_UNDER * max(height, wide)))
    reach = math.ceil(width + _FADED * blur / _RADIUS) + 2
    left, top, right, bottom = canvas.box_of(subject)
    left, top, right, bottom = max(0, left - reach), max(0, top - reach), min(wide, right + reach), min(height, bottom + reach)
    # Rows further away than this have no say; with a strip as high as that, no more than twice the work is done.
    margin = reach + under + 2
    step = max(margin, _STRIP // (right - left))
    for first in range(top, bottom, step):
        last = min(first + step, bottom)
        above, below = max(top, first - margin), min(bottom, last + margin)
        cover = _cover(alpha[above:below, left:right], level, width, blur / _RADIUS, under)
        part = cover[first - above : last - above] * np.float32(colour[3])
        layer[first:last, left:right, 3] = np.rint(part).astype(np.uint8)
    return layer


def _cover(opacity: npt.NDArray[np.uint8], level: int, width: float, sigma: float, under: int) -> Floats:
    """How much of each pixel an outline covers."""
    try:
        from scipy import ndimage, special
    except ImportError as error:
        raise MissingDependency(
            "Outlines need the package scipy, which is not installed.", "Install it: pip install 'makeready[ai]'"
        ) from error

    solid = opacity >= level
    if not solid.any():
        return np.zeros(opacity.shape, np.float32)
    distance = _distance(opacity.astype(np.float32) / (2 * level), solid, width + _FADED * sigma + 1)
    if sigma > 0:
        cover = (special.erfc((distance - width) / np.float32(sigma * math.sqrt(2))) / 2).astype(np.float32)
    else:
        cover = np.clip(width - distance + 0.5, 0, 1)
    # As dark as at the edge, it goes on under what is half clear there, but not under what is so all through.
    cover[solid] = max(float(cover[solid].max()), 0.0)
    cover[ndimage.binary_erosion(solid, iterations=under, border_value=1)] = 0
    return cover


def _distance(alpha: Floats, solid: npt.NDArray[np.bool_], reach: float) -> Floats:
    """How far each pixel's middle is from the edge, outside and up to ``reach``; 0 inside.

    Args:
        alpha: passes one half at the edge.
        solid: where it is one half or more.
        reach: in pixels; beyond, it is infinite.
    """
    from scipy.ndimage import distance_transform_edt

    coarse, nearest = distance_transform_edt(~solid, return_indices=True)
    near = (coarse > 0) & (coarse <= reach + 1)
    y, x = np.nonzero(near)
    seed_y, seed_x = nearest[0][near], nearest[1][near]
    del nearest
    found = np.where(solid, np.float32(0), np.float32(np.inf))
    least = np.full(len(y), np.inf, np.float32)
    padded = np.pad(alpha, 1)
    here = padded[seed_y + 1, seed_x + 1]
    for down, across in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        there = padded[seed_y + 1 + down, seed_x + 1 + across]
        # Between a solid pixel and its neighbour the opacity passes one half here.
        share = (here - 0.5) / np.maximum(here - there, 1e-3)
        away = np.hypot(y - seed_y - down * share, x - seed_x - across * share).astype(np.float32)
        np.minimum(least, away, out=least, where=there < 0.5)
    found[near] = least
    return found
