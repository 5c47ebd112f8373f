"""An outline of even width around a subject, from the distance to its edge.

The edge is where the opacity passes one half, found between pixels. So the outline is as smooth as the edge, and its
width is right to a fraction of a pixel. Whole pixels are enough to know what is far inside of the outline or outside.
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
    left, top, right, bottom = (
        max(0, left - reach),
        max(0, top - reach),
        min(wide, right + reach),
        min(height, bottom + reach),
    )
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


def cut(layer: Pixels, subject: Pixels) -> bool:
    """Whether the edge of the picture cuts an outline off, at a side that the subject itself does not touch."""
    sides = ((0, slice(None)), (-1, slice(None)), (slice(None), 0), (slice(None), -1))
    return any(layer[(*side, 3)].any() and not subject[(*side, 3)].any() for side in sides)


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
    # The edge is nearer than the middle of the nearest solid pixel, and not by more than the way between two of them.
    coarse = ndimage.distance_transform_edt(~solid).astype(np.float32)
    fade = max(0.5, _FADED * sigma)
    cover: Floats = (coarse <= width - fade).astype(np.float32)
    open_ = (coarse > max(width - fade, 0)) & (coarse < width + fade + 1.5)
    distance = _distances(np.divide(opacity, 2 * level, dtype=np.float32), solid, open_)
    if sigma > 0:
        cover[open_] = special.erfc((distance - width) / (sigma * math.sqrt(2))) / 2
        at_edge = float(special.erfc(-width / (sigma * math.sqrt(2)))) / 2
    else:
        cover[open_] = np.clip(width - distance + 0.5, 0, 1)
        at_edge = min(width + 0.5, 1.0)
    # It goes on under what is half clear at the edge, but not under what is so all through.
    cover[solid] = np.float32(at_edge)
    cover[ndimage.binary_erosion(solid, iterations=under, border_value=1)] = 0
    return cover


def _distances(alpha: Floats, solid: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]) -> Floats:
    """How far the middles of wanted pixels are from the edge.

    Args:
        alpha: passes one half at the edge.
        solid: where it is one half or more.
        wanted: which pixels.
    """
    from scipy.spatial import cKDTree

    points = []
    for axis in (0, 1):
        here, there = (slice(None, -1), slice(1, None)) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])
        y, x = np.nonzero(solid[here] != solid[there])
        one, other = alpha[here][y, x], alpha[there][y, x]
        share = (0.5 - one) / (other - one)
        points.append(np.stack([y + share, x] if axis == 0 else [y, x + share], axis=1))
    edge = np.concatenate(points)
    middles = np.stack(np.nonzero(wanted), axis=1)
    if not len(edge) or not len(middles):
        return np.full(len(middles), np.inf, np.float32)
    found: Floats = cKDTree(edge).query(middles)[0].astype(np.float32)
    return found
