"""A smooth surface through what is known: like a soap film across a wire, and as a start for everything else.

Where pixels are unknown, each becomes the mean of its four neighbours, which is Laplace's equation. It is solved from
coarse to fine: known pixels are averaged down a pyramid until no gap is left, and on the way up each level starts with
the one below and is evened out a few times (cascadic multigrid; F. Bornemann and P. Deuflhard, "The cascadic multigrid
method for elliptic problems", 1996).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Bits = npt.NDArray[np.bool_]

#: How often a level of this side or less is evened out; larger ones by as much less often, for they begin nearer.
_ROUNDS, _SIDE = 48, 160
_FEWEST_ROUNDS = 3
#: How far pixels are moved, of the way to the mean; nearer to 2, smooth errors go faster and rough ones slower.
_PAST = 1.85


def stretched(planes: Floats, known: Bits) -> Floats:
    """Planes whose unknown pixels are filled smoothly; known ones stay as they are.

    Beyond the edges of the picture nothing pulls: the surface meets them level.

    Args:
        planes: height × width × planes.
        known: height × width.

    Raises:
        ValueError: nothing is known.
    """
    if not known.any():
        raise ValueError("nothing is known")
    if known.all():
        return planes.copy()
    pyramid = [known]
    while not pyramid[-1].all():
        pyramid.append(_any_of_four(pyramid[-1]))
    return np.stack([_plane(planes[..., at], pyramid) for at in range(planes.shape[2])], axis=2)


def _plane(values: Floats, pyramid: list[Bits]) -> Floats:
    """One plane: down to where nothing is unknown, and up again."""
    levels = [np.where(pyramid[0], values, np.float32(0))]
    for known in pyramid[:-1]:
        levels.append(_mean_of_known(levels[-1], known))
    surface = levels.pop()
    for known in reversed(pyramid[:-1]):
        fixed = levels.pop()
        surface = _doubled(surface, fixed.shape)
        np.copyto(surface, fixed, where=known)
        _even_out(surface, ~known)
    return surface


def _even_out(surface: Floats, unknown: Bits) -> None:
    """Move unknown pixels towards the mean of their neighbours and somewhat past it, in place.

    Like the squares of a chessboard, one half is moved at a time (successive over-relaxation; D. Young, 1950).
    """
    rounds = max(_FEWEST_ROUNDS, min(_ROUNDS, _ROUNDS * _SIDE // max(surface.shape)))
    down, across = np.ogrid[: surface.shape[0], : surface.shape[1]]
    white = (down + across) % 2 == 0
    halves = (unknown & white, unknown & ~white)
    past = np.float32(_PAST if rounds >= _ROUNDS // 4 else 1)
    wide = np.pad(surface, 1)
    inside = wide[1:-1, 1:-1]
    for _ in range(rounds):
        for half in halves:
            wide[0], wide[-1], wide[:, 0], wide[:, -1] = wide[1], wide[-2], wide[:, 1], wide[:, -2]
            move = wide[:-2, 1:-1] + wide[2:, 1:-1]
            move += wide[1:-1, :-2]
            move += wide[1:-1, 2:]
            move *= np.float32(0.25)
            move -= inside
            move *= past
            np.add(inside, move, out=inside, where=half)
    surface[:] = inside


def _fours(values: npt.NDArray[np.generic]) -> tuple[npt.NDArray[np.generic], ...]:
    """The four pixels of each square of two by two; odd sides are made even with zeros."""
    tall, wide = values.shape
    even = np.pad(values, ((0, tall % 2), (0, wide % 2)))
    return even[::2, ::2], even[1::2, ::2], even[::2, 1::2], even[1::2, 1::2]


def _any_of_four(known: Bits) -> Bits:
    a, b, c, d = _fours(known)
    joined: Bits = (a | b) | (c | d)  # type: ignore[operator]
    return joined


def _mean_of_known(values: Floats, known: Bits) -> Floats:
    """The mean of what is known of each square of two by two; unknown pixels of ``values`` are zero or ignored."""
    total = np.add.reduce(_fours(np.where(known, values, np.float32(0))))
    count = np.add.reduce(_fours(known.astype(np.float32)))
    mean: Floats = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    return mean


def _doubled(values: Floats, shape: tuple[int, ...]) -> Floats:
    """Twice as many pixels each way, linear in between, cut to a shape."""
    for axis in (0, 1):
        wide = np.pad(values, [(1, 1) if at == axis else (0, 0) for at in (0, 1)], mode="edge")
        here = np.moveaxis(wide, axis, 0)
        twice = np.empty((2 * values.shape[axis], here.shape[1]), np.float32)
        twice[0::2] = here[1:-1] * np.float32(0.75) + here[:-2] * np.float32(0.25)
        twice[1::2] = here[1:-1] * np.float32(0.75) + here[2:] * np.float32(0.25)
        values = np.moveaxis(twice, 0, axis)
    return np.ascontiguousarray(values[: shape[0], : shape[1]])
