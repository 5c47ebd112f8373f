"""A picture file sharpened in lightness, in strips."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from makeready import unsharp
from makeready.changes import Refusal
from makeready.raster.mend.resample import rows, whole_numbers, written
from makeready.raster.mend.working import Working

if TYPE_CHECKING:
    import numpy.typing as npt

    from makeready import study


def sharpen(work: Working, mask: unsharp.Mask) -> float:
    """Sharpen the picture as much as it takes; transparency stays.

    Returns:
        How sharp it is afterwards, 0 to 1.

    Raises:
        Refusal: it is line art or Lab, or its numbers are of another kind than 8 or 16 bits.
        unsharp.TooSoft: the largest amount does not make it sharp enough; nothing was changed.
        UnreadableFile: it is damaged.
    """
    image, model = work.image, work.model
    if work.line_art or model == "lab":
        raise Refusal("line art has no soft edges" if work.line_art else "pictures in Lab are not sharpened")
    whole_numbers(image)
    inks = image.bands - int(image.hasalpha())
    top = 65535 if image.format == "ushort" else 255

    def gray(first: int, last: int, left: int, right: int, step: int) -> study.Gray:
        cut = image.crop(left, first, right - left, last - first)
        if step > 1:
            cut = cut.subsample(step, step)
        pixels = cut.numpy().reshape(cut.height, cut.width, cut.bands)[:, :, :inks]
        return unsharp.lightness(pixels.astype("float32") / top, model) * 255

    chosen, reached = mask.fitted(gray, image.width, image.height)

    def strips() -> Iterator[npt.NDArray[Any]]:
        step = unsharp.rows_at_once(image.width)
        for first in range(0, image.height, step):
            last = min(first + step, image.height)
            strip = rows(image, first, last).copy()
            strip[:, :, :inks] = unsharp.strip(
                lambda top, bottom: rows(image, top, bottom)[:, :, :inks], first, last, image.height, model, chosen
            )
            yield strip

    work.image = written(work, image, strips(), image.width, image.height)
    return reached
