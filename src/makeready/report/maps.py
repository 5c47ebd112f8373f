"""Maps of ink for a report: how much lies where, in colours that tell at a glance where it is too much."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

#: From no ink to the limit, evenly spaced. Red is for the limit and above alone.
SCALE = ((255, 255, 255), (66, 133, 244), (38, 166, 91), (255, 221, 51), (244, 140, 6))
ABOVE = (198, 16, 16)


def heat_map(total_percent: npt.NDArray[Any], limit: float, *, longest_px: int | None = None) -> bytes:
    """Draw the total ink of a page as PNG: white, blue, green, yellow, and red at the limit and above.

    Args:
        total_percent: H × W, the sum of all plates in percent (four full inks are 400); row 0 is the top.
        limit: the amount in percent that must not be reached.
        longest_px: the longer side of the picture at most; of the pixels that become one, the heaviest counts,
            so that a small spot over the limit stays to be seen.
    """
    from PIL import Image

    total = np.asarray(total_percent, dtype=np.float32)
    if total.ndim != 2 or 0 in total.shape:
        raise ValueError(f"one amount a pixel is needed, as H × W; this is {total.shape}")
    if not limit > 0:
        raise ValueError(f"the limit must be above 0 %, and is {limit}")
    if longest_px is not None:
        total = _shrunk(total, -(-max(total.shape) // longest_px))
    below = np.clip(total / limit, 0.0, 1.0) * 254
    index = np.where(total >= limit, 255, below).astype(np.uint8)
    picture = Image.fromarray(index)
    picture.putpalette(_palette())
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def _shrunk(total: npt.NDArray[np.float32], step: int) -> npt.NDArray[np.float32]:
    """The heaviest of each ``step`` × ``step`` pixels."""
    if step <= 1:
        return total
    height, width = (-(-side // step) for side in total.shape)
    padded = np.zeros((height * step, width * step), dtype=np.float32)
    padded[: total.shape[0], : total.shape[1]] = total
    heaviest: npt.NDArray[np.float32] = padded.reshape(height, step, width, step).max(axis=(1, 3))
    return heaviest


def _palette() -> bytes:
    """255 steps of the scale, then the colour for what is above."""
    stops = np.linspace(0, 254, len(SCALE))
    steps = np.arange(255)
    colours = [np.interp(steps, stops, [stop[channel] for stop in SCALE]) for channel in range(3)]
    table = np.stack(colours, axis=1).round().astype(np.uint8)
    return table.tobytes() + bytes(ABOVE)
