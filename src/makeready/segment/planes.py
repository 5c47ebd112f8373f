"""Planes of numbers made larger and smaller, spread and blurred. Everything is ``float32``; only numpy and Pillow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from makeready.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Plane = npt.NDArray[np.float32]
    Mask = npt.NDArray[np.bool_]

#: What a whole number stands for.
TOPS = {"uint8": 255.0, "uint16": 65535.0}


def resized(plane: Plane, width: int, height: int, *, sharp: bool = False) -> Plane:
    """A plane, or one with channels, in another size: means of what pixels cover, or linear between their middles.

    Sharp is by Lanczos, which may leave the range of what it was given at edges.
    """
    import numpy as np
    from PIL import Image

    if plane.shape[:2] == (height, width):
        return plane
    if plane.ndim == 3:
        return np.stack([resized(plane[..., k], width, height, sharp=sharp) for k in range(plane.shape[2])], axis=-1)
    picture = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS if sharp else Image.Resampling.BILINEAR))


def fitted(width: int, height: int, pixels: float) -> tuple[int, int]:
    """The size with the same shape that has at most so many pixels, never larger than it was, at least 1 × 1."""
    scale = min(1.0, math.sqrt(pixels / (width * height)))
    if scale == 1.0:
        return width, height
    return max(1, min(width, math.floor(width * scale))), max(1, min(height, math.floor(height * scale)))


def box_sum(stack: npt.NDArray[Any], radius: int) -> npt.NDArray[Any]:
    """Sums over squares of ``2 · radius + 1`` pixels, of a stack of planes; it loses ``radius`` pixels on each side."""
    size = 2 * radius + 1
    height, width = stack.shape[-2] - 2 * radius, stack.shape[-1] - 2 * radius
    down = stack[..., :height, :].copy()
    for step in range(1, size):
        down += stack[..., step : step + height, :]
    across = down[..., :width].copy()
    for step in range(1, size):
        across += down[..., step : step + width]
    return across


def box_mean(plane: Plane, radius: int) -> Plane:
    """Means over squares of ``2 · radius + 1`` pixels, however large; the picture's edge is repeated outside it."""
    import numpy as np

    for axis in (0, 1):
        length = plane.shape[axis]
        reach = min(radius, max(0, length - 1))
        if reach == 0:
            continue
        pad = [(0, 0)] * plane.ndim
        pad[axis] = (reach + 1, reach)
        sums = np.cumsum(np.pad(plane, pad, mode="edge"), axis=axis, dtype=np.float64)
        high = np.take(sums, np.arange(2 * reach + 1, 2 * reach + 1 + length), axis=axis)
        low = np.take(sums, np.arange(length), axis=axis)
        plane = ((high - low) / (2 * reach + 1)).astype(np.float32)
    return plane


def blurred(plane: Plane, sigma: float) -> Plane:
    """A Gaussian blur; the picture's edge is repeated outside it."""
    import numpy as np

    if sigma <= 0:
        return plane
    reach = max(1, math.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    for axis in (0, 1):
        length = plane.shape[axis]
        pad = [(0, 0)] * plane.ndim
        pad[axis] = (reach, reach)
        padded = np.pad(plane, pad, mode="edge")
        total = np.zeros_like(plane)
        for step, weight in enumerate(weights):
            part = padded[step : step + length] if axis == 0 else padded[:, step : step + length]
            total += weight * part
        plane = total
    return plane


def spread(mask: Mask, radius: int) -> Mask:
    """Where a mask is set within ``radius`` pixels: octagons, which are near enough to discs."""
    for step in range(radius):
        grown = mask.copy()
        grown[1:] |= mask[:-1]
        grown[:-1] |= mask[1:]
        # Every other step takes the corners with it: a diamond and a square by turns.
        rows = grown.copy() if step % 2 else mask
        grown[:, 1:] |= rows[:, :-1]
        grown[:, :-1] |= rows[:, 1:]
        mask = grown
    return mask


@dataclass(frozen=True, slots=True)
class Picture:
    """An array that is a picture, its opacity apart."""

    #: Height × width × channels, as it came.
    colours: npt.NDArray[Any]
    #: Height × width, from 0 to 1; ``None`` where all is opaque.
    opacity: Plane | None

    @property
    def top(self) -> float:
        """The number of the lightest value."""
        return TOPS.get(self.colours.dtype.name, 1.0)

    def rgb(self, rows: slice) -> Plane:
        """Some rows as red, green and blue from 0 to 1."""
        import numpy as np

        part = self.colours[rows].astype(np.float32)
        if self.top != 1:
            part *= np.float32(1 / self.top)
        return part if part.shape[2] == 3 else np.repeat(part, 3, axis=2)

    def native(self, width: int, height: int) -> Plane:
        """The whole in another size, channel by channel, from 0 to 1; colours count as much as they are seen."""
        import numpy as np
        from PIL import Image

        if self.colours.dtype == np.uint8 and self.colours.shape[2] == 3 and self.opacity is None:
            if self.colours.shape[:2] == (height, width):
                return self.colours.astype(np.float32) / np.float32(255)
            small = Image.fromarray(self.colours).resize((width, height), Image.Resampling.BOX)
            return np.asarray(small, np.float32) / np.float32(255)
        whole = self.colours.astype(np.float32) / np.float32(self.top)
        if self.opacity is None:
            return resized(whole, width, height)
        seen = resized(self.opacity, width, height)[..., None]
        weighted = resized(whole * self.opacity[..., None], width, height)
        return np.where(seen > 1e-4, np.clip(weighted / np.maximum(seen, 1e-4), 0, 1), _BEHIND).astype(np.float32)

    def preview(self, pixels: int) -> Plane:
        """A small copy as red, green and blue: what is clear is gray, so that neither black nor white art is lost."""
        import numpy as np

        height, width = self.colours.shape[:2]
        size = fitted(width, height, pixels)
        small = self.native(*size)
        if self.opacity is not None:
            # What shines through is looked at all the same: only what can hardly be seen is not.
            seen = np.clip(resized(self.opacity, *size)[..., None] * 2, 0, 1)
            small = seen * small + (1 - seen) * np.float32(_BEHIND)
        return small if small.shape[2] == 3 else np.repeat(small, 3, axis=2)


#: What lies behind clear pixels where something must.
_BEHIND = 0.5


def picture(array: npt.NDArray[Any]) -> Picture:
    """Take an array for a picture.

    Raises:
        UsageError: it is none, with the reason.
    """
    import numpy as np

    if not isinstance(array, np.ndarray):
        raise UsageError(
            f"What is cut out here is an array of pixels, not {type(array).__name__}.",
            "For files there is makeready.edit(file, ['cut_out']).",
        )
    if array.ndim not in (2, 3) or 0 in array.shape or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise UsageError(
            f"An array of {' × '.join(map(str, array.shape))} is no picture.",
            "Give height × width, or height × width × 1, 3 or 4 channels, the fourth being opacity.",
        )
    if array.dtype.kind == "f":
        array = array.astype(np.float32, copy=False)
        if not np.isfinite(array).all():
            raise UsageError("The picture has values that are no numbers.", "Replace NaN and infinity before.")
        if float(array.min()) < -_OVER or float(array.max()) > 1 + _OVER:
            raise UsageError(
                f"The picture has values from {float(array.min()):g} to {float(array.max()):g}.",
                "Floats go from 0 to 1: divide by what white is.",
            )
    elif array.dtype.name not in TOPS:
        raise UsageError(f"Pixels cannot be {array.dtype.name}.", "Give uint8, uint16, or floats from 0 to 1.")
    solid = array if array.ndim == 3 else array[:, :, None]
    if solid.shape[2] != 4:
        return Picture(solid, None)
    opacity = solid[..., 3].astype(np.float32) / np.float32(TOPS.get(array.dtype.name, 1.0))
    return Picture(solid[..., :3], np.clip(opacity, 0, 1))


#: How far floats may leave their range for rounding.
_OVER = 1e-3
