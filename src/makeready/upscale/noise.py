"""How noisy a picture is, as a standard deviation in levels of 255: measured once, for the picture as a whole.

Grain is measured in the finest diagonal detail, where edges are few and noise is everywhere (D. L. Donoho,
I. M. Johnstone, "Ideal Spatial Adaptation by Wavelet Shrinkage", Biometrika 1994). Photographs have detail of their
own there, so the smoothest of many small blocks tell the noise: of all blocks, and of those in which nothing else is
seen; the lower of the two. Clipped places know nothing and are left out. What JPEG takes away cannot be measured so,
as it leaves smooth blocks; the quality it was written with tells it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

#: Pixels along the side of a block.
_BLOCK = 8
#: The part of the blocks that is smoother than the one that counts, and by how much that one is below the mean.
_SMOOTH, _BELOW = 0.1, 1.25
#: Only noise is seen where blurred pixels differ by no more than this many times the detail.
_ALONE = 3.0
#: As few blocks as this tell nothing, nor so small a part of them.
_FEW, _PART = 16, 0.01
#: Levels at either end of the range that count as clipped.
_CLIPPED = 4
#: Values that are looked at, in bands of rows from all over.
_SAMPLE = 4_000_000
_BAND = 64
#: Noise less than this is that of any photograph, and belongs to it. Of more, this part is removed; the rest costs a
#: tenth of a decibel, and keeps skin from looking like plastic.
LEAST, REMOVED = 2.5, 0.85
#: What to remove of a JPEG is this many times the square root of how much coarser than the standard's its tables are,
#: in percent; measured on photographs.
_PER_JPEG = 0.95


def estimate(picture: npt.NDArray[Any], *, jpeg_quality: int | None = None) -> float:
    """The noise level that an enlargement should remove.

    Args:
        picture: a picture or a part of it, height × width × channels or height × width; ``uint8``, ``uint16``, or
            floats from 0 to 1. Channels of opacity are better left out.
        jpeg_quality: 1 to 100, where it was a JPEG; as the common quantisation tables of the IJG count it.

    Returns:
        A standard deviation in levels of 255; 0 where the picture is clean.
    """
    found = grain(picture)
    level = max(REMOVED * found if found >= LEAST else 0.0, of_jpeg(jpeg_quality))
    return round(level, 1) if level >= REMOVED * LEAST else 0.0


def grain(picture: npt.NDArray[Any]) -> float:
    """The noise of the pixels themselves, as a standard deviation in levels of 255; 0 where nothing tells."""
    import numpy as np

    solid = picture if picture.ndim == 3 else picture[:, :, None]
    bands = max(1, _SAMPLE // (_BAND * solid.shape[1] * solid.shape[2]))
    if bands * _BAND < solid.shape[0]:
        starts = np.linspace(0, solid.shape[0] - _BAND, bands).astype(int)
        solid = np.concatenate([solid[start : start + _BAND] for start in starts])
    height, width = (side // _BLOCK * _BLOCK for side in solid.shape[:2])
    level = {"u1": 1.0, "u2": 1 / 257}.get(solid.dtype.str[1:], 255.0)
    values = solid[:height, :width].astype(np.float32) * np.float32(level)
    found = [_of_channel(values[..., channel]) for channel in range(values.shape[2])]
    return float(np.mean(found)) if found else 0.0


def _of_channel(values: Floats) -> float:
    import numpy as np

    height, width = values.shape
    # Rows and columns of blocks, and in each 4 × 4 squares of 2 × 2 pixels.
    squares = values.reshape(height // _BLOCK, _BLOCK // 2, 2, width // _BLOCK, _BLOCK // 2, 2)
    a, b, c, d = (
        squares[:, :, 0, :, :, 0],
        squares[:, :, 0, :, :, 1],
        squares[:, :, 1, :, :, 0],
        squares[:, :, 1, :, :, 1],
    )
    detail = np.sqrt(np.square((a - b - c + d) / 2).mean(axis=(1, 3)))
    blurred = (a + b + c + d) / 2
    darkest, brightest = blurred.min(axis=(1, 3)) / 2, blurred.max(axis=(1, 3)) / 2
    seen = (darkest > _CLIPPED) & (brightest < 255 - _CLIPPED)
    alone = seen & (blurred.std(axis=(1, 3)) <= _ALONE * detail)
    least = max(_FEW, _PART * detail.size)
    levels = []
    # A flat block is proof that there is no noise; but drawings on flat ground say nothing of the noise of photographs.
    for chosen in (seen & (detail > 0), alone):
        if np.count_nonzero(chosen) < least:
            return 0.0
        levels.append(float(np.quantile(detail[chosen], _SMOOTH)) * _BELOW)
    return min(levels)


def of_jpeg(quality: int | None) -> float:
    """What JPEG of a quality does to a picture, as the noise that it pays to remove.

    Args:
        quality: 1 to 100, or ``None`` where it was no JPEG.
    """
    if quality is None:
        return 0.0
    # How many percent of the standard's tables theirs are, as the IJG scales them.
    percent = 5000 / max(quality, 1) if quality < 50 else 200 - 2 * quality
    return float(_PER_JPEG * min(percent, 400) ** 0.5)
