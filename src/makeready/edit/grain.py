"""Grain like a picture's own, so that what is filled in smoothly does not look like plastic beside it.

The grain of a part that is known, laid over itself at random places a great many times, has the same strength, the
same fineness and the same colours, and repeats nowhere (B. Galerne, Y. Gousseau and J.-M. Morel, "Random Phase
Textures", IEEE Transactions on Image Processing 20, 2011: asymptotic discrete spot noise).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Bits = npt.NDArray[np.bool_]

#: What is coarser than this many pixels is no grain.
_COARSEST = 3.0
#: The side of the part that the grain is taken from, and of the piece that is made of it.
_SPOT, _TILE = 64, 512
#: Grain below this strength, of 255, is that of rounding.
_LEAST = 0.4


def residual(planes: Floats, known: Bits, sigma: float) -> Floats:
    """What is finer than about a Gaussian of some width, looking at known pixels only; 0 where nothing is known.

    A plane is taken off first: at edges, where a mean has pixels on one side only, a slope would pass for structure.

    Three means over squares in a row are a Gaussian as near as matters here, and take the same time whatever its width
    (W. Wells, "Efficient Synthesis of Gaussian Filters by Cascaded Uniform Filters", 1986).
    """
    from scipy.ndimage import uniform_filter

    side = max(3, round(2 * sigma) | 1)  # three squares of side s spread as a Gaussian of (s² − 1) / 4

    def spread(plane: Floats) -> Floats:
        for _ in range(3):
            plane = uniform_filter(plane, side, mode="constant")
        return plane

    weight = known.astype(np.float32)
    share = np.maximum(spread(weight), np.float32(1e-6))
    found = np.empty(planes.shape, np.float32)
    flat = planes - _plane(planes, known)
    for at in range(planes.shape[2]):
        plane = flat[..., at] * weight
        found[..., at] = (plane - spread(plane) / share) * weight
    return found


def _plane(planes: Floats, known: Bits) -> Floats:
    """The plane that is nearest to known pixels; of many, to some thousands of them."""
    down, across = np.nonzero(known)
    step = max(1, len(down) // 5000)
    down, across = down[::step], across[::step]
    terms = np.stack([np.ones_like(down), down, across], axis=1).astype(float)
    slope, *_ = np.linalg.lstsq(terms, planes[down, across].astype(float), rcond=None)
    rows, columns = (np.arange(side, dtype=np.float32) for side in known.shape)
    level, by_row, by_column = slope.astype(np.float32)
    found: Floats = level + rows[:, None, None] * by_row + columns[None, :, None] * by_column
    return found


def tile(planes: npt.NDArray[Any], known: Bits, seed: int) -> Floats | None:
    """A piece of grain as a picture has it, to be laid side by side: its left edge goes on at its right.

    Args:
        planes: height × width × planes, 0 to 255: the picture.
        known: height × width: where its grain may be looked at.
        seed: the same seed makes the same grain.

    Returns:
        Height × width × planes, around 0; ``None`` where the picture has no grain.
    """
    spot = _spot(planes, known)
    if spot is None:
        return None
    laid = np.zeros((_TILE, _TILE, planes.shape[2]), np.float32)
    laid[: spot.shape[0], : spot.shape[1]] = spot
    # One noise for all planes: so grain that is gray stays gray.
    noise = np.fft.rfft2(np.random.default_rng(seed).standard_normal((_TILE, _TILE)))
    made = np.fft.irfft2(np.fft.rfft2(laid, axes=(0, 1)) * noise[..., None], (_TILE, _TILE), axes=(0, 1))
    return made.astype(np.float32)


def add(rows: Floats, tile: Floats, top: int = 0) -> None:
    """Lay pieces of grain over some rows of a picture, in place.

    Args:
        rows: height × width × planes.
        tile: from ``tile``.
        top: the number of the first row.
    """
    down = np.arange(top, top + rows.shape[0]) % len(tile)
    for left in range(0, rows.shape[1], tile.shape[1]):
        part = rows[:, left : left + tile.shape[1]]
        part += tile[down, : part.shape[1]]


def _spot(planes: npt.NDArray[Any], known: Bits) -> Floats | None:
    """A part of the picture that shows grain and little else, of mean 0 and scaled to be laid over itself."""
    found: list[tuple[float, Floats]] = []
    tall, wide = known.shape
    side = min(_SPOT, tall, wide)
    for top in np.unique(np.linspace(0, tall - side, 12).astype(int)):
        for left in np.unique(np.linspace(0, wide - side, 12).astype(int)):
            here = known[top : top + side, left : left + side]
            if here.sum() < side * side / 4:
                continue
            part = residual(planes[top : top + side, left : left + side].astype(np.float32), here, _COARSEST)
            part[here] -= part[here].mean(axis=0)
            strength = float(np.sqrt((part[here] ** 2).mean()))
            found.append((strength, part / np.sqrt(np.float32(here.sum()))))
    if not found:
        return None
    # Edges and texture are stronger than grain: the weaker third has the least of them.
    found.sort(key=lambda one: one[0])
    strength, spot = found[len(found) // 3]
    return spot if strength >= _LEAST else None
