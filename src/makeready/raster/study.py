"""What the pixels of a raster file say: it is decoded once, in gray."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from makeready import study
from makeready.facts import Artwork, PixelStudy
from makeready.raster.picture import opened

if TYPE_CHECKING:
    from PIL.Image import Image


def studies(
    source: str | PathLike[str] | bytes, artwork: Artwork, needs: Collection[str], max_pixels: int | None = None
) -> tuple[PixelStudy, ...]:
    """The study of the one picture, or nothing where it is 1 bit, tiny, or not asked for."""
    raster = artwork.raster
    if raster is None or not study.NEEDS.intersection(needs):
        return ()
    (image,) = artwork.images
    if image.line_art or min(image.width_px, image.height_px) <= study.LEAST_PX:
        return ()
    quality = study.quality(raster.quantisation) if raster.quantisation else None
    measures = study.Measures()
    most = min(max_pixels or study.MAX_PIXELS, study.MAX_PIXELS)
    if "pixels" in needs and image.width_px * image.height_px <= most:
        measures = _measures(source, most, blocks=quality is None)
    return (study.told(image, quality, measures, image.place),)


def _measures(source: str | PathLike[str] | bytes, max_pixels: int, *, blocks: bool) -> study.Measures:
    """Decode and measure. What cannot be decoded cannot be told: other checks report the damage."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with opened(source if isinstance(source, bytes) else fspath(source), max_pixels) as image:
                pixels = _gray(image)
    except Exception:  # the door to a file: decoders raise many classes
        return study.Measures()

    def part(top: int, bottom: int, left: int, right: int, step: int) -> study.Gray:
        cut: study.Gray = pixels[top:bottom:step, left:right:step].astype("float32")
        return cut

    return study.measure(part, pixels.shape[1], pixels.shape[0], blocks=blocks)


def _gray(image: Image) -> Any:
    """Pixels in gray, 0 to 255."""
    import numpy as np

    image.draft("L", image.size)  # JPEG only: leaves the colour undecoded
    if image.mode.startswith("I") or image.mode == "F":
        values = np.nan_to_num(np.asarray(image).astype(np.float32))
        top = float(values.max(initial=0.0))
        # Floats are 0..1 by custom, integers are 16 bit.
        return values * (255.0 / max(top, 1.0 if image.mode == "F" else 65535.0))
    if image.mode == "LAB":
        return np.asarray(image.getchannel(0))
    if image.mode in ("P", "PA"):
        image = image.convert("RGB")
    return np.asarray(image if image.mode == "L" else image.convert("L"))
