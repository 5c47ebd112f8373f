"""What EXIF says that matters on paper: which way is up, how large, and whether it is sRGB."""

from __future__ import annotations

import io
from typing import NamedTuple

from makeready.errors import UnreadableFile
from makeready.raster.header import Density, density
from makeready.raster.ifd import Directory, Tiff
from makeready.raster.source import Source

# TIFF 6.0, section 8; Exif 2.32, 4.6.3 and 4.6.5.
_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 274, 282, 283, 296
_EXIF_DIRECTORY, _COLOUR_SPACE = 34665, 40961
_INCH, _CENTIMETRE = 2, 3
_SRGB = 1

#: EXIF orientation (Exif 2.32, 4.6.4) as a person would say it.
ORIENTATIONS = {
    2: "mirrored left to right", 3: "upside down", 4: "mirrored top to bottom",
    5: "mirrored and turned a quarter to the left", 6: "turned a quarter to the left",
    7: "mirrored and turned a quarter to the right", 8: "turned a quarter to the right",
}  # fmt: skip

#: Thumbnail included; the directories lie at the beginning, so what is longer need not be read to its end.
MOST_BYTES = 1 << 20


class Exif(NamedTuple):
    """The few facts; ``None`` where EXIF does not say."""

    orientation: int | None = None
    density: Density | None = None
    colour_tag: str | None = None
    damage: tuple[str, ...] = ()


def read(data: bytes) -> Exif:
    """Read an EXIF block, with or without its ``Exif`` prefix. Damage is said, never raised: the picture is fine."""
    data = data.removeprefix(b"Exif\0\0")
    try:
        tiff = Tiff(Source(io.BytesIO(data), "its EXIF block"))
        main = Directory(tiff, tiff.first)
    except UnreadableFile as error:
        return Exif(damage=(str(error),))
    facts = orientation(main), resolution(main), colour_tag(tiff, main)
    return Exif(*facts, tuple(f"in its EXIF block, {what}" for what in tiff.damage))


def orientation(directory: Directory) -> int | None:
    """Which way is up: 1 to 8."""
    return directory.number(_ORIENTATION) or None


def resolution(directory: Directory) -> Density | None:
    """Pixels per inch; ``None`` when the unit is not one of length."""
    unit = directory.number(_RESOLUTION_UNIT, _INCH)  # TIFF 6.0: inch is the default
    across, down = directory.numbers(_X_RESOLUTION, 1), directory.numbers(_Y_RESOLUTION, 1)
    if unit not in (_INCH, _CENTIMETRE) or not across or not down:
        return None
    return density(across[0], down[0], 2.54 if unit == _CENTIMETRE else 1.0)


def colour_tag(tiff: Tiff, main: Directory) -> str | None:
    """``sRGB`` when the EXIF directory says so; it has no other name to give (65535 is "uncalibrated")."""
    pointer = main.number(_EXIF_DIRECTORY)
    if not pointer:
        return None
    try:
        return "sRGB" if Directory(tiff, pointer).number(_COLOUR_SPACE) == _SRGB else None
    except UnreadableFile:
        tiff.damage.append("its EXIF directory lies outside the file")
        return None
