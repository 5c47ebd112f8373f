"""Writing a libvips picture: in the format it came in where that can hold it, else as TIFF or what else was said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyvips

from makeready.facts import Raster
from makeready.raster.mend import metadata, owner
from makeready.raster.mend.decode import decoded_bytes, reason

_SUFFIXES = {
    "JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "WebP": ".webp", "GIF": ".gif", "BMP": ".bmp", "PSD": ".psd",
    "PSB": ".psb", "JPEG 2000": ".jp2",
}  # fmt: skip
_SAVERS = {"TIFF": "tiffsave", "JPEG": "jpegsave", "PNG": "pngsave", "WebP": "webpsave"}
#: The formats that are written.
WRITTEN = frozenset(_SAVERS)
#: The longest side that a format has room for (ITU-T T.81, B.2.2; RFC 9649, 2.7; PNG, 11.2.1).
_LONGEST = {"JPEG": 65_500, "WebP": 16_383, "PNG": 2**31 - 1, "TIFF": 2**31 - 1}
_QUALITY = 95
#: From here on offsets of 32 bits may not do, however well it is compressed.
_BIG = 3_500_000_000
_BITS = {"uchar": 8, "char": 8, "ushort": 16, "short": 16}


def suffix_of(format: str) -> str:
    """What the name of a file of a format ends with."""
    return _SUFFIXES[format]


def stored_bits(image: pyvips.Image, line_art: bool) -> int:
    """Bits a channel in the file."""
    return 1 if line_art else _BITS.get(image.format, 32)


def holds(format: str, image: pyvips.Image) -> bool:
    """Whether a format that is written here has room for the picture: its colours, bits, transparency and size."""
    return format in WRITTEN and not too_much(format, image)


def too_much(format: str, image: pyvips.Image) -> str:
    """What of a picture a format that is written here has no room for, in words; empty where it has."""
    kind = image.interpretation
    if format != "TIFF":
        if kind in ("lab", "labs") or (kind == "cmyk" and format != "JPEG"):
            return "CMYK" if kind == "cmyk" else "Lab"
        if image.format not in (("uchar", "ushort") if format == "PNG" else ("uchar",)):
            return f"{stored_bits(image, False)} bits"
        if format == "JPEG" and image.hasalpha():
            return "transparency"
    longest = max(image.width, image.height)
    return f"a side of {longest} pixels" if longest > _LONGEST[format] else ""


def kept_format(header: Raster, image: pyvips.Image, instead: str = "TIFF") -> str:
    """The input's format; where it cannot hold the picture or is not written here, another; TIFF where nothing can."""
    return next((format for format in (header.format, instead) if holds(format, image)), "TIFF")


def save(
    image: pyvips.Image,
    path: Path,
    format: str,
    header: Raster | None,
    density: tuple[float, float] | None,
    *,
    line_art: bool = False,
    quality: int | None = None,
) -> None:
    """Write a picture with its profile and metadata, corrected where they speak of what was changed.

    Args:
        image: the pipeline.
        path: the file.
        format: ``TIFF``, ``JPEG``, ``PNG`` or ``WebP``.
        header: of the input; ``None`` where there is no file that the picture came from.
        density: pixels per inch across and along as stored, or ``None`` for "not known".
        line_art: it has only 0 and 255, and is stored with one bit.
        quality: of JPEG and WebP, 1 to 100; 95 where nobody says, and WebP as it came.

    Raises:
        OSError: it cannot be written.
    """
    lossless = header is not None and header.compression == "WebP lossless" and quality is None
    image = metadata.corrected(image, header, density, format)
    write(image, path, format, line_art=line_art, lossless=lossless, quality=quality)
    if format == "TIFF" and image.get_typeof(owner.COPYRIGHT_FIELD):
        owner.into_tiff(path, *(bytes(image.get(name)) for name in (owner.COPYRIGHT_FIELD, owner.COMMENT_FIELD)))
    if format == "TIFF" and density is None:
        metadata.without_unit(path)


def write(
    image: pyvips.Image,
    path: Path,
    format: str,
    *,
    line_art: bool = False,
    lossless: bool = False,
    quality: int | None = None,
) -> None:
    """Write a picture as it is, in one of the formats that are written here.

    Raises:
        OSError: it cannot be written.
    """
    try:
        getattr(image, _SAVERS[format])(str(path), **_options(image, format, line_art, lossless, quality or _QUALITY))
    except pyvips.Error as error:
        raise OSError(f"the picture cannot be written: {reason(error)}") from error


def _options(image: pyvips.Image, format: str, line_art: bool, lossless: bool, quality: int) -> dict[str, Any]:
    if format == "JPEG":
        return {"Q": quality, "subsample_mode": "off"}
    if format == "WebP":
        return {"lossless": True} if lossless else {"Q": quality, "smart_subsample": True}
    if format == "PNG":
        if line_art:
            return {"compression": 6, "bitdepth": 1}
        # Of a photograph cut out, two thirds of the bytes that level 6 makes without a filter, in the same time.
        return {"compression": 3, "filter": "up", "bitdepth": _BITS[image.format]}
    if line_art:
        return {"compression": "ccittfax4", "bitdepth": 1, "resunit": "inch"}
    predictor = "float" if image.format in ("float", "double") else "horizontal"
    big = decoded_bytes(image) > _BIG
    return {"compression": "deflate", "predictor": predictor, "resunit": "inch", "bigtiff": big}
