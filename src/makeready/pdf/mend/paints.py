"""What a colour in a content stream is: its model, its inks, whether it is white, black, or several inks.

The same words as in facts, read from the file's own objects instead of MuPDF's, for fixes that rewrite streams.
"""

from __future__ import annotations

from typing import Any

from pikepdf import Array, Name, Stream

from makeready.facts import Colour
from makeready.pdf.colour import Space, inks_of
from makeready.pdf.mend.streams import Paint

DEVICE_CMYK = Name.DeviceCMYK
_DEVICES = {"/DeviceGray": "gray", "/DeviceRGB": "rgb", "/DeviceCMYK": "cmyk"}
_BY_COMPONENTS = {1: "gray", 3: "rgb", 4: "cmyk"}
_CALIBRATED = {"/CalGray": "gray", "/CalRGB": "rgb", "/Lab": "lab"}


def colour(paint: Paint) -> Colour | None:
    """The colour as facts would state it; ``None`` for patterns and for spaces that cannot be read.

    Without components it stands for a whole space, as that of a picture.
    """
    if paint.pattern is not None:
        return None
    space = space_of(paint.space)
    if space is None or len(paint.components) not in (0, space.n):
        return None
    values = tuple(round(value, 6) for value in paint.components)
    if space.family.startswith("Indexed") and values:
        return _looked_up(paint)
    return Colour(space.shown, space.family, space.model, values, inks_of(space, values))


def space_of(written: Any) -> Space | None:
    """A colour space as facts name it; ``None`` for patterns and what is none."""
    if isinstance(written, Name):
        model = _DEVICES.get(str(written))
        n = {"gray": 1, "rgb": 3, "cmyk": 4}.get(model or "", 0)
        return Space(str(written)[1:], str(written)[1:], model, n, ()) if model else None
    if not isinstance(written, Array) or not len(written):
        return None
    kind = str(written[0])
    if len(written) == 1:
        return space_of(written[0])
    if kind in _CALIBRATED:
        model = _CALIBRATED[kind]
        return Space(kind[1:], kind[1:], model, 1 if model == "gray" else 3, ())
    if kind == "/ICCBased" and isinstance(written[1], Stream):
        n = int(written[1].get("/N", 0))
        model = _BY_COMPONENTS.get(n)
        if model == "rgb" and written[1].get("/Alternate") == Name.Lab:
            model = "lab"
        return Space("ICCBased", "ICCBased", model, n, ()) if model else None
    if kind == "/Separation" and len(written) == 4:
        return Space("Separation", "Separation", "spot", 1, (_colorant(written[1]),))
    if kind == "/DeviceN" and len(written) >= 4:
        names = tuple(_colorant(name) for name in written[1])
        return Space("DeviceN", "DeviceN", "spot", len(names), names)
    if kind == "/Indexed" and len(written) == 4:
        base = space_of(written[1])
        return base._replace(n=1, family=f"Indexed {base.family}") if base else None
    return None


def _colorant(name: Any) -> str:
    """A name as facts have it, whatever its bytes are: old programs wrote them in the code page of the day."""
    return bytes(name).decode("utf-8", "surrogateescape").removeprefix("/")


def _looked_up(paint: Paint) -> Colour | None:
    """The colour that an index stands for."""
    _, base, most, table = paint.space
    space = space_of(base)
    if space is None or space.model == "lab":
        return None
    data = table.read_bytes() if isinstance(table, Stream) else bytes(table)
    index = min(max(0, int(paint.components[0])), int(most))
    entry = data[index * space.n : (index + 1) * space.n]
    return colour(Paint(base, tuple(value / 255 for value in entry)))


def is_white(paint: Paint) -> bool:
    """Whether it leaves no ink."""
    found = colour(paint)
    return found is not None and bool(found.white)


def is_black_ink(paint: Paint) -> bool:
    """Whether it is 100 % of the black ink and no other: CMYK 0 0 0 1, DeviceGray 0, or the separation Black."""
    found = colour(paint)
    return found is not None and found.inks == (("Black", 1.0),)
