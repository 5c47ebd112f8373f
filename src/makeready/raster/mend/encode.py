"""From bare pixels to a picture file: what a page was drawn to becomes TIFF, PNG or JPEG."""

from __future__ import annotations

from pathlib import Path

import pyvips

from makeready.raster.mend import metadata
from makeready.raster.mend.save import write


def encode(
    pixels: Path,
    width: int,
    height: int,
    channels: int,
    *,
    profile: bytes | None,
    ppi: float,
    path: Path,
    format: str,
) -> None:
    """Write a picture file with profile and density.

    Args:
        pixels: a file of rows from the top, 8 bits, channels side by side.
        width: pixels across.
        height: pixels down.
        channels: 3 for sRGB, 4 for CMYK.
        profile: the ICC profile; of RGB, sRGB where there is none.
        ppi: pixels per inch both ways.
        path: the file.
        format: ``TIFF``, ``PNG`` or ``JPEG``.

    Raises:
        OSError: it cannot be written.
    """
    image = pyvips.Image.rawload(str(pixels), width, height, channels)
    image = image.copy(interpretation="srgb" if channels == 3 else "cmyk")
    if profile is None and channels == 3:
        profile = metadata.srgb_profile()
    image = image.copy(xres=ppi / 25.4, yres=ppi / 25.4)
    if profile is not None:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    write(image, path, format)
