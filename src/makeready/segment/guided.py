"""A mask fitted to the picture around it: guided filtering, in tiles, only where the mask has an edge.

In every small square the mask is taken for a linear function of the picture's colours, ``a · colour + b``; the
numbers a and b are averaged over the squares that hold a pixel (He, Sun and Tang, "Guided Image Filtering", 2013).
They change slowly, so that they may be made on a small picture and applied to a large one ("Fast Guided Filter", He
and Sun, 2015): edges get the sharpness of the large picture for the cost of the small one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from makeready.segment.planes import box_sum

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.segment.planes import Mask, Plane

#: Pixels along the side of a tile: small enough for its planes to stay in the processor's cache.
_TILE = 96


def coefficients(guide: Plane, mask: Plane, band: Mask, radius: int, smooth: float) -> npt.NDArray[np.float32]:
    """The linear functions that give the mask from the colours.

    Args:
        guide: height × width × 3.
        mask: height × width, to be fitted.
        band: where to fit; elsewhere the function is the mask itself, whatever the colour.
        radius: half the side of the squares, in pixels.
        smooth: variances of colour much smaller than this are no edge.

    Returns:
        Height × width × 4: what red, green and blue are multiplied by, and what is added.
    """
    import numpy as np

    height, width = mask.shape
    found = np.zeros((height, width, 4), np.float32)
    found[..., 3] = mask
    # Two squares away: the mean of the functions of squares that are made of what they cover.
    edge = 2 * radius
    for rows, columns in _tiles(band):
        top, left = max(0, rows.start - edge), max(0, columns.start - edge)
        bottom, right = min(height, rows.stop + edge), min(width, columns.stop + edge)
        part = (slice(top, bottom), slice(left, right))
        around = (
            (edge - (rows.start - top), edge - (bottom - rows.stop)),
            (edge - (columns.start - left), edge - (right - columns.stop)),
        )
        colours = np.pad(np.moveaxis(guide[part], -1, 0), ((0, 0), *around), mode="symmetric")
        wanted = np.pad(mask[part], around, mode="symmetric")
        fit = _fitted(colours, wanted, radius, smooth)
        here = band[rows, columns]
        found[rows, columns][here] = np.moveaxis(fit, 0, -1)[here]
    return found


def _fitted(colours: Plane, wanted: Plane, radius: int, smooth: float) -> Plane:
    """The functions of one tile that has ``2 · radius`` pixels more on each side."""
    import numpy as np

    red, green, blue = colours
    pairs = [red * red, red * green, red * blue, green * green, green * blue, blue * blue]
    stack = np.stack([red, green, blue, wanted, red * wanted, green * wanted, blue * wanted, *pairs])
    mean = box_sum(stack, radius) / np.float32((2 * radius + 1) ** 2)
    r, g, b, m = mean[:4]
    rm, gm, bm = mean[4] - r * m, mean[5] - g * m, mean[6] - b * m
    rr, rg, rb = mean[7] - r * r + smooth, mean[8] - r * g, mean[9] - r * b
    gg, gb, bb = mean[10] - g * g + smooth, mean[11] - g * b, mean[12] - b * b + smooth
    # The inverse of the symmetric 3 × 3 matrix of covariances, by its minors.
    m00, m01, m02 = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    m11, m12, m22 = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    det = rr * m00 + rg * m01 + rb * m02
    det = np.maximum(det, np.float32(smooth**3))
    slope_r = (m00 * rm + m01 * gm + m02 * bm) / det
    slope_g = (m01 * rm + m11 * gm + m12 * bm) / det
    slope_b = (m02 * rm + m12 * gm + m22 * bm) / det
    rest = m - slope_r * r - slope_g * g - slope_b * b
    fit = box_sum(np.stack([slope_r, slope_g, slope_b, rest]), radius)
    return (fit / np.float32((2 * radius + 1) ** 2)).astype(np.float32, copy=False)


def _tiles(band: Mask) -> Iterator[tuple[slice, slice]]:
    """The tiles that hold any of the band."""
    height, width = band.shape
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            part = slice(top, min(height, top + _TILE)), slice(left, min(width, left + _TILE))
            if band[part].any():
                yield part
