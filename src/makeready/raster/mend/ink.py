"""Pictures within an ink limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyvips

from makeready.colour import InkLimit, ciede2000, littlecms
from makeready.raster.mend.working import Working

#: Pixels that are worked on at once.
_AT_ONCE = 1 << 21
#: Sides of the blocks that JPEG compresses (ITU-T T.81, A.1.1): in each, pixels change, but hardly their mean.
_BLOCK = 8
_BLOCK_NOISE = 0.01


@dataclass(frozen=True, slots=True)
class Limited:
    """What was done to a picture's inks."""

    #: The share of its pixels that were above the limit, 0 to 1.
    share: float
    #: The most ink before and after, 1 for a full plate.
    before: float
    after: float
    #: CIEDE2000 over the pixels that were changed.
    mean: float
    most: float


def limit_ink(work: Working, limit: InkLimit) -> Limited | None:
    """Bring what is above the limit under it; ``None`` where nothing is.

    Args:
        work: a CMYK picture. A JPEG is left alone where single pixels are above, and no block of eight by eight.
        limit: the limit, and the profile that the inks are meant by.

    Raises:
        UnusableProfile: LittleCMS cannot convert from the profile.
    """
    image = work.image
    inks = image.extract_band(0, n=4)
    full = 255 if image.format == "uchar" else 65535
    total = inks[0] + inks[1] + inks[2] + inks[3]
    over = total > limit.most * full
    before, share = total.max() / full, over.avg() / 255
    if before <= limit.most or (work.header.format == "JPEG" and _noise_only(total, full, limit.most)):
        return None
    done = _Tally(limit, full)
    path = work.folder / f"ink-{id(limit):x}.raw"
    kind = np.uint8 if full == 255 else np.uint16
    pixels = np.memmap(path, kind, "w+", shape=(image.height, image.width, 4))
    rows = max(1, _AT_ONCE // image.width)
    for top in range(0, image.height, rows):
        strip = inks.crop(0, top, image.width, min(rows, image.height - top)).numpy()
        pixels[top : top + rows] = done.within(strip)
    pixels.flush()
    less = pyvips.Image.rawload(str(path), image.width, image.height, 4, format=image.format, interpretation="cmyk")
    mended = over.ifthenelse(less, inks)
    if image.bands > 4:
        mended = mended.bandjoin(image.extract_band(4, n=image.bands - 4))
    work.image = mended.copy(interpretation="cmyk")
    return Limited(share, before, done.sum / full, done.total / max(done.count, 1), done.most)


def _noise_only(total: pyvips.Image, full: int, most: float) -> bool:
    """Whether single pixels of a JPEG are over the limit, and no block: so it looks after it was limited and saved."""
    return bool(total.shrink(_BLOCK, _BLOCK, ceil=True).max() <= (most + _BLOCK_NOISE) * full)


class _Tally:
    """Works out strips, and keeps count of what it did."""

    def __init__(self, limit: InkLimit, full: int) -> None:
        self.limit, self.full = limit, full
        self.sum, self.count, self.total, self.most = 0, 0, 0.0, 0.0

    def within(self, strip: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A strip with what is above the limit brought under it, each colour worked out once."""
        pixels = strip.reshape(-1, 4)
        over = self.limit.over(pixels, self.full)
        if over.any():
            # Four plates side by side are one whole number, which sorts faster than rows do.
            whole = pixels[over].view(np.uint32 if self.full == 255 else np.uint64)
            keys, of, counts = np.unique(whole, return_inverse=True, return_counts=True)
            colours = keys[:, None].view(pixels.dtype)
            # Down, never up: rounding may not carry the sum over the limit again.
            less = np.floor(self.limit.apply(colours / self.full) * self.full + 1e-6)
            apart = ciede2000(self._lab(colours), self._lab(less))
            self.total += float((apart * counts).sum())
            self.count += int(counts.sum())
            self.most = max(self.most, float(apart.max()))
            pixels = pixels.copy()
            pixels[over] = less[of.reshape(-1)]
        self.sum = max(self.sum, int(pixels.sum(axis=1, dtype=np.int64).max()))
        return pixels.reshape(strip.shape)

    def _lab(self, inks: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        return littlecms.to_lab(littlecms.words(inks / self.full), self.limit.profile)
