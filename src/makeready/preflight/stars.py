"""The DPI stars: how a picture will look at its printed size, in one glance.

r = effective ppi / the product's minimum: 5 "Excellent" from 1.5, 4 "Good" from 1.2, 3 "Fair" from 1,
2 "Poor" from 0.75, 1 "Very poor" below. The limits are those of the public DPI score of Printcart.
"""

from __future__ import annotations

import math

from makeready.errors import UsageError
from makeready.results import Stars
from makeready.units import Size

GRADES = ((1.5, 5, "Excellent"), (1.2, 4, "Good"), (1.0, 3, "Fair"), (0.75, 2, "Poor"), (0.0, 1, "Very poor"))
#: Binary fractions of an inch must not cost a star: 240 ppi computed as 239.99999 is 240.
_ROUNDING = 1e-6


def rate(effective_ppi: float, min_ppi: int, product_type: str | None = None) -> Stars:
    """Stars for an effective resolution; the ppi shown is rounded down, the grade is not."""
    ratio = effective_ppi / min_ppi + _ROUNDING
    stars, label = next((stars, label) for least, stars, label in GRADES if ratio >= least)
    return Stars(stars, label, math.floor(effective_ppi + _ROUNDING), min_ppi, product_type)


def effective_ppi(width_px: int, height_px: int, canvas: Size) -> float:
    """The smaller of the two axes, pixels over inches."""
    return min(width_px / canvas.width.to("in"), height_px / canvas.height.to("in"))


def of_pixels(width_px: int, height_px: int, canvas: Size, min_ppi: int, product_type: str | None = None) -> Stars:
    """Stars for a picture of so many pixels on a canvas.

    Raises:
        UsageError: a side without pixels.
    """
    if width_px <= 0 or height_px <= 0:
        raise UsageError(f"{width_px}x{height_px} is not a size in pixels: both must be at least 1.")
    return rate(effective_ppi(width_px, height_px, canvas), min_ppi, product_type)
