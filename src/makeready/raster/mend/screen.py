"""What a libvips picture looks like: sRGB of 8 bits, on white."""

from __future__ import annotations

from typing import Any

import pyvips

from makeready.raster.mend import metadata


def srgb(image: pyvips.Image) -> Any:
    """Convert by the embedded profile; without one, RGB and gray are sRGB, and CMYK is libvips' own press.

    A profile that does not fit the picture's colours, or that cannot be used, counts as none.
    """
    if image.hasalpha():
        opaque = 65535 if image.format == "ushort" else 1 if image.format == "float" else 255
        white = 0 if image.interpretation == "cmyk" else opaque
        if image.interpretation not in ("lab", "labs"):
            image = image.flatten(background=[white] * (image.bands - 1), max_alpha=opaque)
    if image.interpretation in ("lab", "labs"):
        return image.icc_export(output_profile="srgb", intent="relative", depth=8, pcs="lab")
    if image.format not in ("uchar", "ushort"):  # 0 to 1 by custom
        image = (image * 255).cast("uchar")
    held = bytes(image.get("icc-profile-data")) if image.get_typeof("icc-profile-data") else None
    if held is not None and metadata.fits(held, image):
        try:
            return _converted(image, embedded=True)
        except pyvips.Error:
            image = image.copy()
            image.remove("icc-profile-data")
    if image.interpretation == "cmyk":
        return _converted(image, input_profile="cmyk")
    if image.format == "ushort":
        image = (image / 257).rint().cast("uchar")
    return image if image.bands == 3 else image.bandjoin([image, image])


def _converted(image: pyvips.Image, **source: Any) -> Any:
    shown = image.icc_transform("srgb", intent="relative", black_point_compensation=True, depth=8, **source)
    return shown.copy_memory() if shown.bands == 3 else shown.bandjoin([shown, shown]).copy_memory()
