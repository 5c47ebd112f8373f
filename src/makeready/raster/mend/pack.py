"""A picture as PDF takes it: the data of its JPEG as they are, or its pixels packed without loss."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyvips

from makeready.changes import Refusal
from makeready.raster import jpeg
from makeready.raster.mend import metadata
from makeready.raster.mend.working import Working
from makeready.raster.source import Source

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Pixels that are packed at a time.
_STRIP = 4_000_000
_APP14 = 0xEE


@dataclass(frozen=True, slots=True)
class Packed:
    """Pixels for an image XObject (ISO 32000-1, 8.9.5), as stored: ``orientation`` says how to place them."""

    width_px: int
    height_px: int
    bits: int
    #: ``gray``, ``rgb`` or ``cmyk``.
    model: str
    #: The data: a JPEG file, or rows with PNG's Sub filter, deflated.
    path: Path
    jpeg: bool
    #: 0 is full ink where 0 should be none: CMYK as Adobe writes it to JPEG.
    inverted: bool
    profile: bytes | None
    #: The soft mask, deflated as above, with the same bits.
    alpha: Path | None
    orientation: int


def pack(work: Working) -> Packed:
    """Write the present state to files in the picture's folder.

    A JPEG whose pixels nobody changed is handed on as it is, so that it is not compressed again.

    Raises:
        Refusal: PDF has no way to keep its numbers: floats, 32 bits, Lab.
        UnreadableFile: it is damaged.
    """
    image = work.image  # decoded in any case: a damaged JPEG must not be handed on
    if work.model == "lab" or image.format not in ("uchar", "ushort"):
        raise Refusal("PDF cannot keep its Lab colours or floats here: run normalise_raster first")
    profile = work.profile
    if profile is not None and not metadata.fits(profile, image):
        profile = None
    if profile is None and work.model == "rgb" and work.header.colour_tag is not None:
        profile = metadata.srgb_profile()
    whole = not work.changed and work.header.format == "JPEG" and work.header.compression == "JPEG"
    path, alpha, bits, inverted = work.folder / "packed", None, work.bits, False
    if whole:
        data = work.source if isinstance(work.source, bytes) else work.source.read_bytes()
        path.write_bytes(data)
        inverted = work.model == "cmyk" and _by_adobe(data)
    else:
        bits = 1 if work.line_art else 16 if image.format == "ushort" else 8
        if image.hasalpha():
            alpha = work.folder / "packed-alpha"
            _deflate(image.extract_band(image.bands - 1), alpha, bits)
            image = image.extract_band(0, n=image.bands - 1)
        _deflate(image, path, bits)
    return Packed(image.width, image.height, bits, work.model, path, whole, inverted, profile, alpha, work.orientation)


def _by_adobe(data: bytes) -> bool:
    """Whether Adobe's marker says that inks are inverted (Adobe TN 5116: it is the custom of all who write it)."""
    source = Source(io.BytesIO(data), "The file")
    return any(marker == _APP14 and source.upto(at, 5) == b"Adobe" for marker, at, _ in jpeg.segments(source, 2))


def _deflate(image: pyvips.Image, path: Path, bits: int) -> None:
    packer = zlib.compressobj(6)
    rows = max(1, _STRIP // image.width)
    with path.open("wb") as file:
        for top in range(0, image.height, rows):
            strip = image.crop(0, top, image.width, min(rows, image.height - top))
            file.write(packer.compress(_rows(strip, bits)))
        file.write(packer.flush())


def _rows(strip: pyvips.Image, bits: int) -> bytes:
    """Rows as PDF has them, high byte first, each after a byte that names the filter (PNG, 9.2: 1 is Sub)."""
    import numpy as np

    pixels = strip.numpy().reshape(strip.height, -1)
    if bits == 1:
        plain: npt.NDArray[np.uint8] = np.packbits(pixels > 127, axis=1)
        step = 1
    elif bits == 16:
        plain = pixels.astype(">u2").view(np.uint8).reshape(strip.height, -1)
        step = 2 * strip.bands
    else:
        plain, step = pixels, strip.bands
    out = np.empty((strip.height, plain.shape[1] + 1), np.uint8)
    out[:, 0] = 1
    out[:, 1 : 1 + step] = plain[:, :step]
    out[:, 1 + step :] = plain[:, step:] - plain[:, :-step]
    return out.tobytes()
