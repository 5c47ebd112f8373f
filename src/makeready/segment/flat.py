"""Drawn art on a plain ground, taken off it by its colours: lettering, logos, line art. No model is needed.

The ground is fitted to the outermost pixels as a surface that changes slowly. What differs from it belongs to the
art; where art and ground are mixed, along each edge, the art's own colour is found by walking to its neighbours: a
pixel takes over the colour of one beside it if that one, mixed with the ground, makes the colour it has itself. So
counters of letters stay open, and the mixture tells the opacity exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from makeready.segment import planes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.segment.planes import Mask, Plane

#: A ground is plain when half of the outermost pixels are as near as this to a smooth surface. Drawn pieces have
#: 0.0003 to 0.004, photographs 0.026 and more.
PLAIN = 0.012
#: And when at most this part of them has nothing to do with it: art may run over the edge.
_OTHER, _FAR_OFF = 0.3, 0.06
#: Pixels of the ring that are looked at.
_RING = 20_000
#: Rounds of fitting: pixels far from the surface count less each time.
_ROUNDS = 8

#: Differences below this are noise, whatever the ground.
_NOISE = 0.015
#: Differences below this part of the strongest ones nearby are the ringing of JPEG.
_RINGING, _BLOCK = 0.12, 8
#: Art that differs less than this from the ground anywhere is not seen.
_FAINT = 0.05
#: Pixels from the ground where art is solid.
_INSIDE = 3
#: How many neighbours a colour is handed on by.
_HOPS = 8
#: A pixel is a mixture of the ground and another one's colour if it lies as near as this to the line between them, or
#: as this part of its own difference to the ground: JPEG keeps colour at half the resolution.
_ON_LINE, _ASIDE = 0.15, 0.6
#: Opacities from here to here are stretched to the whole range: what is left of noise and of uneven solid colour.
_CLEAR, _SOLID = 0.04, 0.97

#: Art is drawn if so much of its inside is near one of so many colours. Drawn pieces as JPEGs of quality 75 to 97 had
#: 0.90 to 1.0, photographed things 0.48 to 0.83.
_FEW, _COLOURS, _SAME = 0.88, 10, 0.07
#: And if no more than this part of it falls off slowly towards the ground.
_SHADOW = 0.06


@dataclass(frozen=True, slots=True)
class Ground:
    """What lies behind, as far as the outermost pixels tell."""

    #: Height × width × 3.
    colours: Plane
    #: How far a typical outermost pixel is from it.
    residual: float
    #: The part of the outermost pixels that is something else.
    other: float

    @property
    def plain(self) -> bool:
        """Whether it is one colour, or a gradient."""
        return self.residual < PLAIN and self.other < _OTHER


def ground(picture: Plane) -> Ground:
    """Fit a surface of second degree to the outermost pixels, channel by channel."""
    import numpy as np

    height, width = picture.shape[:2]
    wide = max(1, min(height, width) // 40)
    ring = np.ones((height, width), bool)
    ring[wide : height - wide, wide : width - wide] = False
    rows, columns = np.nonzero(ring)
    step = max(1, len(rows) // _RING)
    rows, columns = rows[::step], columns[::step]
    terms = _terms(columns / width - 0.5, rows / height - 0.5)
    seen = picture[rows, columns].astype(np.float64)
    weights = np.ones(len(rows))
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)[:, None]
        factors = np.linalg.lstsq(terms * root, seen * root, rcond=None)[0]
        away = np.linalg.norm(seen - terms @ factors, axis=1)
        typical = max(float(np.median(away)) * 1.5, 0.004)
        weights = 1 / (1 + (away / (2 * typical)) ** 2) ** 2
    # Row by row and column by column: only the mixed term needs both.
    constant, x, y, xx, xy, yy = factors.astype(np.float32)
    across = (np.arange(width, dtype=np.float32) / width - 0.5)[None, :, None]
    down = (np.arange(height, dtype=np.float32) / height - 0.5)[:, None, None]
    surface = down * (across * xy)
    surface += across * x + across * across * xx + constant
    surface += down * y + down * down * yy
    return Ground(np.clip(surface, 0, 1, out=surface), float(np.median(away)), float((away > _FAR_OFF).mean()))


def _terms(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    import numpy as np

    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def is_drawn(picture: Plane, behind: Ground) -> bool:
    """Whether what stands before a plain ground is art and no photograph: few colours, or even ones, and sharp edges.

    A product photographed on white has a plain ground too, but shades, texture and a soft shadow.
    """
    art = _art(picture, behind)
    if not art.any():
        return False
    if _soft(picture, behind, art) > _SHADOW:
        return False
    inside = ~planes.spread(~art, 2)
    colours = picture[inside]
    if len(colours) < 64:
        return True  # thin lines and nothing else
    return _in_few_colours(colours[:: max(1, len(colours) // 20_000)]) > _FEW


def _soft(picture: Plane, behind: Ground, art: Mask) -> float:
    """The part of the art that is hardly different from the ground and changes slowly: a shadow, a glow."""
    import numpy as np

    away = np.linalg.norm(picture - behind.colours, axis=-1)
    faint = art & (away < 0.25)
    deep = ~planes.spread(~faint, 4)
    slope = np.zeros_like(away)
    slope[1:-1, 1:-1] = np.hypot(away[1:-1, 2:] - away[1:-1, :-2], away[2:, 1:-1] - away[:-2, 1:-1])
    # A plain pale colour has no slope at all; a shadow falls off.
    far = planes.box_mean(away[..., None], 4)[..., 0]
    falling = deep & (np.abs(planes.box_mean(slope[..., None], 3)[..., 0]) > 0.0015) & (far > 0.01)
    return float(falling.sum() / max(1, art.sum()))


def _in_few_colours(colours: Plane) -> float:
    """How much of some pixels is near one of a few colours."""
    import numpy as np

    left = colours
    for _ in range(_COLOURS):
        if len(left) == 0:
            break
        cells = np.minimum((left * 12).astype(np.int64), 11) @ np.array([144, 12, 1])
        most = np.bincount(cells).argmax()
        middle = np.median(left[cells == most], axis=0)
        left = left[np.linalg.norm(left - middle, axis=1) > _SAME]
    return 1 - len(left) / len(colours)


def _art(picture: Plane, behind: Ground) -> Mask:
    """What differs from the ground by more than noise."""
    import numpy as np

    away = np.linalg.norm(picture - behind.colours, axis=-1)
    strongest = _highest(away, _BLOCK)
    found: Mask = (away > np.maximum(max(_NOISE, 4 * behind.residual), _RINGING * strongest)) & (strongest > _FAINT)
    return found


def _highest(plane: Plane, radius: int) -> Plane:
    """The highest value within a square."""
    import numpy as np

    for axis in (0, 1):
        reach, have = min(radius, plane.shape[axis] - 1), 0
        while have < reach:
            # Each round at most doubles what is covered, so that nothing in between is left out.
            step = min(reach - have, max(1, have))
            grown = plane.copy()
            if axis == 0:
                np.maximum(grown[step:], plane[:-step], out=grown[step:])
                np.maximum(grown[:-step], plane[step:], out=grown[:-step])
            else:
                np.maximum(grown[:, step:], plane[:, :-step], out=grown[:, step:])
                np.maximum(grown[:, :-step], plane[:, step:], out=grown[:, :-step])
            plane, have = grown, have + step
    return plane


def coefficients(picture: Plane, behind: Ground) -> npt.NDArray[np.float32]:
    """The linear functions of colour that give the opacity of drawn art.

    Args:
        picture: height × width × 3, from 0 to 1.
        behind: its ground.

    Returns:
        Height × width × 4: what red, green and blue are multiplied by, and what is added (see ``guided``).
    """
    import numpy as np

    height, width = picture.shape[:2]
    art = _art(picture, behind)
    found = np.zeros((height, width, 4), np.float32)
    solid = ~planes.spread(~art, _INSIDE)
    found[solid, 3] = 1
    # The edges of the art, and the ground beside them: in a larger picture the edge may lie in either.
    edge = planes.spread(art, 2) & ~solid
    colour = np.where(art[..., None], picture - behind.colours, 0)
    for _ in range(_HOPS):
        _hand_on(colour, edge, picture - behind.colours, art)
    strength = (colour * colour).sum(axis=-1)
    ok = edge & (strength > _FAINT**2 / 4)
    slope = colour[ok] / strength[ok][:, None] / np.float32(_SOLID - _CLEAR)
    found[ok, :3] = slope
    found[ok, 3] = -(slope * behind.colours[ok]).sum(axis=-1) - np.float32(_CLEAR / (_SOLID - _CLEAR))
    return found


def _hand_on(colour: Plane, edge: Mask, difference: Plane, art: Mask) -> None:
    """Each pixel of an edge takes over a stronger colour from beside it, where mixing that makes its own."""
    import numpy as np

    height, width = edge.shape
    rows, columns = np.nonzero(edge)
    own = difference[rows, columns]
    length = np.linalg.norm(own, axis=-1)
    is_art = art[rows, columns]
    best = colour[rows, columns]
    strongest = (best * best).sum(axis=-1)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            if not down and not across:
                continue
            other = colour[np.clip(rows + down, 0, height - 1), np.clip(columns + across, 0, width - 1)]
            strength = (other * other).sum(axis=-1)
            along = (own * other).sum(axis=-1) / np.maximum(strength, 1e-9)
            beside = np.linalg.norm(own - along[:, None] * other, axis=-1)
            fits = ~is_art | (beside < np.maximum(_ASIDE * length, _ON_LINE))
            take = (strength > strongest * 1.02) & fits & (strength > 0)
            best[take], strongest[take] = other[take], strength[take]
    colour[rows, columns] = best


def with_holes(picture: Plane, behind: Ground, mask: Plane) -> Plane:
    """A model's mask with the holes opened through which a plain ground shows: handles, rings, frames.

    A hole has the colour of the ground to within its noise, is even, is no speck, and the model is in doubt about it:
    a white label on white ground is none.
    """
    import numpy as np

    away = np.linalg.norm(picture - behind.colours, axis=-1)
    same = away < max(_NOISE, 4 * behind.residual)
    same = ~planes.spread(~same, 2) & (mask > 0.02) & (mask < 0.9)
    if not same.any():
        return mask
    return np.where(planes.spread(same, 2) & (away < 2 * max(_NOISE, 4 * behind.residual)), np.float32(0), mask)
