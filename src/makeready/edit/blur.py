"""A background out of focus, without a trace of the subject in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from makeready.edit import membrane, oklab
from makeready.raster.mend import canvas
from makeready.upscale import lanczos

if TYPE_CHECKING:
    import numpy.typing as npt

    from makeready.edit.scene import Mask, Pixels

    Floats = npt.NDArray[np.float32]

#: How it is blurred.
Mode = Literal["gaussian", "bokeh"]

#: Pixels of a radius that say all there is to say of it; with more, it is blurred at a smaller size and enlarged.
_ENOUGH = {"gaussian": 6.0, "bokeh": 24.0}
#: What shows more than this share of the subject is taken for hidden by it …
_HIDDEN = 0.01
#: … and so is what is this near to it, as a share of the longer side: it has some of the subject's colour.
_NEAR = 0.004
#: Pixels that are finished at a time.
_STRIP = 1_000_000


def background(picture: Pixels, hidden: Mask | None, radius: float, mode: Mode) -> Pixels:
    """A picture blurred; what a subject hides is made up smoothly first.

    Each pixel counts as much as it is opaque, and nothing does beyond the edges. How opaque pixels are stays as it is.

    Args:
        picture: height × width × 4, ``uint8``.
        hidden: height × width, 0 to 1: how much of each pixel is the subject; ``None`` where there is none.
        radius: in pixels: the standard deviation of ``gaussian``, the radius of the disc of ``bokeh``.
        mode: ``gaussian`` works in the values of sRGB, ``bokeh`` in linear light.

    Raises:
        Refusal: the subject hides everything.
    """
    if radius <= 0:
        return picture
    scale = min(1.0, _ENOUGH[mode] / radius)
    tall, wide = picture.shape[:2]
    small = (max(1, round(wide * scale)), max(1, round(tall * scale)))
    linear = mode == "bokeh"
    planes, weight = _planes(picture, hidden, small, linear=linear)
    spread = _disc if linear else _gauss
    spread_weight = spread(weight, radius * scale)
    for at in range(3):
        plane = spread(planes[..., at] * weight, radius * scale)
        planes[..., at] = np.divide(plane, spread_weight, out=np.zeros_like(plane), where=spread_weight > 1e-4)
    return _finished(picture, np.clip(planes, 0, 1, out=planes), linear=linear)


def _planes(picture: Pixels, hidden: Mask | None, size: tuple[int, int], *, linear: bool) -> tuple[Floats, Floats]:
    """Colours, 0 to 1, and how much they count, at the size at which it is blurred, without the subject."""
    from scipy.ndimage import binary_dilation

    from makeready.changes import Refusal

    values = np.linspace(0, 1, 256, dtype=np.float32)
    values = oklab.linear(values) if linear else values
    weight = np.divide(picture[..., 3], 255, dtype=np.float32)
    free = weight if hidden is None else np.where(hidden > _HIDDEN, np.float32(0), weight)
    colours = [_fewer(values[picture[..., at]] * free, size) for at in range(3)]
    seen = _fewer(free, size)
    planes = np.stack([np.divide(one, seen, out=np.zeros_like(one), where=seen > 1e-3) for one in colours], axis=2)
    if hidden is None:
        return planes, seen
    gap = _fewer(np.where(hidden > _HIDDEN, np.float32(1), np.float32(0)), size) > _HIDDEN
    gap = binary_dilation(gap, iterations=max(1, round(_NEAR * max(size))))
    known = (seen > 0.5) & ~gap
    if not known.any():
        raise Refusal("the subject hides everything: there is no background to blur")
    filled = membrane.stretched(planes, known)
    return np.where(gap[..., None], filled, planes), _fewer(weight, size)


def _fewer(plane: Floats, size: tuple[int, int]) -> Floats:
    return plane if plane.shape[::-1] == size else np.asarray(lanczos.resize(plane, *size), np.float32)


def _gauss(plane: Floats, sigma: float) -> Floats:
    return canvas.blurred(plane, sigma)


def _disc(plane: Floats, radius: float) -> Floats:
    """A plane with every point spread over a disc; beyond its edges there is nothing.

    The rim of the disc is as light as the share of each pixel that it covers, so that any radius has its effect.
    """
    from scipy.fft import irfft2, next_fast_len, rfft2

    reach = int(np.ceil(radius)) + 1
    kernel = disc(radius)
    shape = [next_fast_len(side + reach, real=True) for side in plane.shape]
    wave = rfft2(plane, shape, workers=2)
    wave *= rfft2(np.roll(np.pad(kernel, [(0, side - len(kernel)) for side in shape]), (-reach, -reach), (0, 1)))
    spread: Floats = irfft2(wave, shape, workers=2, overwrite_x=True)[: plane.shape[0], : plane.shape[1]]
    return spread.astype(np.float32, copy=False)


def disc(radius: float) -> Floats:
    """The weights of a disc, which add up to 1; its centre is in the middle of the array."""
    reach = int(np.ceil(radius)) + 1
    fine = 8
    at = (np.arange((2 * reach + 1) * fine) + 0.5) / fine - reach - 0.5
    inside = (at[:, None] ** 2 + at**2 <= radius**2).astype(np.float32)
    covered = inside.reshape(2 * reach + 1, fine, 2 * reach + 1, fine).mean(axis=(1, 3))
    weights: Floats = (covered / covered.sum()).astype(np.float32)
    return weights


def _finished(picture: Pixels, planes: Floats, *, linear: bool) -> Pixels:
    """Blurred planes as pixels of the picture's size.

    What lies between two of 256 values becomes the one or the other at random, as often as it is nearer: a soft
    background has no grain left that would hide the steps.
    """
    tall, wide = picture.shape[:2]
    if planes.shape[:2] != (tall, wide):
        planes = lanczos.resize(planes, wide, tall)
    chance = np.random.default_rng(0)
    result = picture.copy()
    step = max(1, _STRIP // wide)
    for top in range(0, tall, step):
        part = planes[top : top + step]
        values = (oklab.encoded(part) if linear else part) * np.float32(255)
        values += chance.random(values.shape[:2], np.float32)[..., None]
        # A value that is whole stays what it is, in spite of rounding errors.
        result[top : top + step, :, :3] = np.clip(values + np.float32(1e-3), 0, 255)
    return result
