"""Colours as people write them: ``FF0000``, ``#f00``, ``FF0000EE``, ``red``, ``Light Blue``, ``transparent``."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from makeready.errors import UsageError, did_you_mean

#: Red, green and blue of sRGB, and opacity; 0 to 255.
Rgba = tuple[int, int, int, int]

CLEAR: Rgba = (0, 0, 0, 0)
_HEX = re.compile(r"#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")


def parse(text: str) -> Rgba:
    """A colour as CSS names it, or as hexadecimal digits with or without a number sign.

    Args:
        text: 3, 4, 6 or 8 digits, the last or the last two of 4 and 8 for the opacity; a name of CSS, with spaces or
            hyphens if you like; ``transparent``. Capitals do not matter.

    Raises:
        UsageError: it is none.
    """
    said = text.strip().lower()
    if found := _HEX.fullmatch(said):
        digits = found[1] if len(found[1]) > 4 else "".join(2 * digit for digit in found[1])
        red, green, blue, opacity = bytes.fromhex(f"{digits:f<8}")
        return red, green, blue, opacity
    name = re.sub(r"[\s_-]", "", said)
    if name == "transparent":
        return CLEAR
    from PIL import ImageColor  # only where a colour has a name: defaults of settings are digits

    if name not in ImageColor.colormap:
        raise UsageError(
            f"{text!r} is no colour.",
            did_you_mean(name, ImageColor.colormap)
            or "Write it as hexadecimal digits (FF0000, or FF0000EE with opacity), or as a name of CSS (red).",
        )
    red, green, blue = ImageColor.getrgb(name)[:3]
    return red, green, blue, 255


def _known(text: str) -> str:
    try:
        parse(text)
    except UsageError as error:
        raise ValueError(f"{error} {error.hint}") from error
    return text


#: A setting that is a colour, kept as it was written.
Colour = Annotated[str, AfterValidator(_known)]
