"""What is missing of a picture is filled from what is around it: smoothly on plain ground, with texture elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from makeready.changes import Refusal
from makeready.edit import grain, membrane, patches

if TYPE_CHECKING:
    import numpy.typing as npt

    Picture = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float32]
    Bits = npt.NDArray[np.bool_]

#: How it is filled; ``auto`` looks at the surroundings of each gap.
How = Literal["auto", "smooth", "texture"]

#: Surroundings that vary by less, of 255, are filled smoothly: on them patches show seams, elsewhere a film smears.
FLAT = 4.0
#: Gaps that are nearer to each other than about this many pixels are filled as one.
_CELL = 16
#: Of surroundings, pixels at the least, and the share of the gap.
_LEAST_ROUND, _SHARE_ROUND = 4_000, 2.0
#: The surroundings of a gap reach at least this far, and this many times its thickness.
_REACH, _TIMES = 24, 3


def filled(
    picture: Picture, mask: npt.NDArray[Any], *, seed: int, how: How = "auto", exclude: npt.NDArray[Any] | None = None
) -> Picture:
    """A picture with some of its pixels made up from the others; all others stay as they are, to the byte.

    Gaps are filled one by one, each from its surroundings. On flat ground (it varies by less than ``FLAT`` once its
    slow changes are taken off) a smooth surface is stretched across and gets the grain of the surroundings; elsewhere
    texture is continued by PatchMatch. Colours of clear pixels are taken for unknown; the opacity of what is filled is
    stretched smoothly across as well.

    Args:
        picture: height × width × 3, or × 4 with opacity, ``uint8``.
        mask: height × width, what is filled: everything that is not zero.
        seed: the same seed makes the same result.
        how: ``smooth`` or ``texture`` for all gaps, whatever is around them.
        exclude: height × width: nothing is taken from here, such as from a subject before a background.

    Raises:
        Refusal: there is nothing that it could be filled from.
        MissingDependency: texture is to be continued, and the package ``pypatchmatch`` is not installed.
    """
    open_ = mask != 0
    barred = np.zeros_like(open_) if exclude is None else (exclude != 0) & ~open_
    if picture.shape[2] == 4:
        barred |= (picture[..., 3] == 0) & ~open_
    result = picture.copy()
    if not open_.any():
        return result
    if (open_ | barred).all():
        if picture.shape[2] == 4 and exclude is None:
            result[open_, 3] = 0  # all round it is clear, and so is what is behind it
            return result
        raise Refusal("there is nothing around the gap that it could be filled from")
    for gap in _gaps(open_):
        _fill(result, open_, barred, gap, seed, how)
    return result


def _gaps(mask: Bits) -> Iterator[tuple[slice, slice]]:
    """The boxes of gaps that lie apart; boxes may overlap, then what is missing in both is filled with the first."""
    from scipy.ndimage import find_objects, label

    tall, wide = mask.shape
    padded = np.pad(mask, ((0, -tall % _CELL), (0, -wide % _CELL)))
    cells = padded.reshape(padded.shape[0] // _CELL, _CELL, padded.shape[1] // _CELL, _CELL).any(axis=(1, 3))
    numbered, _ = label(cells, np.ones((3, 3)))
    for rows, columns in find_objects(numbered):
        yield slice(rows.start * _CELL, rows.stop * _CELL), slice(columns.start * _CELL, columns.stop * _CELL)


def _fill(result: Picture, open_: Bits, barred: Bits, gap: tuple[slice, slice], seed: int, how: How) -> None:
    """Fill what is missing in a box, in place, and strike it off what is missing."""
    missing = open_[gap]
    if not missing.any():
        return
    thick = thickness(missing)
    box = _surroundings(open_ | barred, gap, int(missing.sum()), thick)
    inside = np.zeros_like(open_[box])
    at = tuple(slice(part.start - whole.start, part.stop - whole.start) for part, whole in zip(gap, box, strict=True))
    inside[at] = missing
    known = ~(open_[box] | barred[box])
    part = result[box]
    smooth = how == "smooth" or (how == "auto" and roughness(part[..., :3], inside, known, thick) < FLAT)
    if smooth:
        made = _smoothly(part[..., :3], inside, known, seed)
    else:
        made = patches.continued(np.ascontiguousarray(part[..., :3]), inside, ~known & ~inside, seed)
    part[inside, :3] = made[inside]
    if part.shape[2] == 4:
        # Clear pixels have no colour to give, but their being clear counts.
        counted = ~open_[box] & (known | (part[..., 3] == 0))
        opacity = membrane.stretched(part[..., 3:].astype(np.float32), counted)
        part[inside, 3] = np.rint(opacity[inside, 0]).astype(np.uint8)
    open_[gap] = False


def thickness(mask: Bits) -> float:
    """How far it is from the inmost pixel of a gap to its edge, in pixels."""
    from scipy.ndimage import distance_transform_edt

    step = max(1, int(max(mask.shape)) // 1000)
    return float(distance_transform_edt(mask[::step, ::step]).max()) * step


def _surroundings(closed: Bits, gap: tuple[slice, slice], size: int, thick: float) -> tuple[slice, slice]:
    """A box round a gap with enough in it to fill it from."""
    reach = max(_REACH, round(_TIMES * thick))
    while True:
        box = (
            slice(max(0, gap[0].start - reach), min(closed.shape[0], gap[0].stop + reach)),
            slice(max(0, gap[1].start - reach), min(closed.shape[1], gap[1].stop + reach)),
        )
        known = closed[box].size - int(closed[box].sum())
        if known >= max(_LEAST_ROUND, _SHARE_ROUND * size) or closed[box].size == closed.size:
            return box
        reach *= 2


def roughness(colours: Picture, gap: Bits, known: Bits, thick: float) -> float:
    """How much the surroundings of a gap vary, of 255, once what is coarser than the gap is taken off."""
    from scipy.ndimage import binary_dilation

    reach = max(4, min(40, round(thick)))
    near = binary_dilation(gap, iterations=reach) & known
    if not near.any():
        near = known
    fine = grain.residual(colours.astype(np.float32), known, min(20.0, max(2.0, thick / 2)))
    return float(np.sqrt((fine[near] ** 2).mean()))


def _smoothly(colours: Picture, gap: Bits, known: Bits, seed: int) -> Picture:
    """A film across a gap, with the grain of what is around it."""
    values = colours.astype(np.float32)
    film = membrane.stretched(values, known)
    speckle = grain.tile(colours, known, seed)
    if speckle is not None:
        grain.add(film, speckle)
    return np.where(gap[..., None], np.rint(film).clip(0, 255), colours).astype(np.uint8)
