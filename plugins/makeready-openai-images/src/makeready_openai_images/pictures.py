"""Pictures as they are sent: in a size that the server makes, without what is hidden, and back again."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

if TYPE_CHECKING:
    Pixels = npt.NDArray[np.uint8]
    Mask = npt.NDArray[np.float32]

#: Pixels of an answer; more is no picture that was asked for.
MOST_PIXELS = 64_000_000


def nearest(width: int, height: int, sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The size whose shape is nearest to a picture's; of several, the smallest that is as large, else the largest."""
    wanted = np.log(width / height)
    off = min(abs(np.log(size[0] / size[1]) - wanted) for size in sizes)
    alike = sorted(size for size in sizes if abs(np.log(size[0] / size[1]) - wanted) < off + 1e-6)
    return next((size for size in alike if size[0] >= width and size[1] >= height), alike[-1])


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a picture lies, as large as it can be, in the middle of another size."""

    size: tuple[int, int]
    #: Left, top, right and bottom.
    box: tuple[int, int, int, int]

    @classmethod
    def of(cls, width: int, height: int, size: tuple[int, int]) -> Fit:
        """Fit a picture of some width and height into a size."""
        scale = min(size[0] / width, size[1] / height)
        across, down = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (size[0] - across) // 2, (size[1] - down) // 2
        return cls(size, (left, top, left + across, top + down))

    @property
    def inner(self) -> tuple[int, int]:
        """Pixels across and down of the picture where it lies."""
        return self.box[2] - self.box[0], self.box[3] - self.box[1]

    def picture(self, pixels: Pixels) -> bytes:
        """A PNG of the size: the picture on white. What is clear is white, too: nothing that was cut away is sent."""
        whole = Image.fromarray(pixels, "RGBA") if pixels.shape[2] == 4 else Image.fromarray(pixels, "RGB")
        white = Image.new("RGB", whole.size, "white")
        white.paste(whole, mask=whole.getchannel("A") if whole.mode == "RGBA" else None)
        sheet = Image.new("RGB", self.size, "white")
        sheet.paste(white.resize(self.inner, Image.Resampling.LANCZOS), self.box)
        return _png(sheet)

    def mask(self, mask: Mask) -> bytes:
        """A PNG of the size, clear where to paint: wherever the mask is more than 0."""
        paint = Image.fromarray(np.where(mask > 0, np.uint8(255), np.uint8(0)))
        small = paint.resize(self.inner, Image.Resampling.BOX)
        opacity = Image.new("L", self.size, 255)
        opacity.paste(small.point(lambda value: 0 if value > 0 else 255), self.box)
        sheet = Image.new("RGBA", self.size, "black")
        sheet.putalpha(opacity)
        return _png(sheet)

    def back(self, answer: Pixels) -> Pixels:
        """The part of an answer where the picture was."""
        across, down = answer.shape[1] / self.size[0], answer.shape[0] / self.size[1]
        left, right = round(self.box[0] * across), round(self.box[2] * across)
        top, bottom = round(self.box[1] * down), round(self.box[3] * down)
        return np.ascontiguousarray(answer[top : max(top + 1, bottom), left : max(left + 1, right)])


def decoded(data: bytes) -> Pixels:
    """Height × width × 3 or 4.

    Raises:
        ValueError: it is no picture, or a larger one than was asked for.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValueError(f"{picture.width} × {picture.height} pixels")
            mode = "RGBA" if "A" in picture.getbands() or "transparency" in picture.info else "RGB"
            return np.asarray(picture.convert(mode))
    except (OSError, Image.DecompressionBombError) as error:
        raise ValueError("it is no PNG, JPEG or WebP") from error


def _png(picture: Image.Image) -> bytes:
    held = io.BytesIO()
    picture.save(held, "PNG", compress_level=3)
    return held.getvalue()
