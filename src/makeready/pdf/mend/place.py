"""A page with one picture on it: the product is the trim, what lies outside of it is bleed."""

from __future__ import annotations

from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from makeready import icc
from makeready.facts import Rect
from makeready.pdf.mend import intent
from makeready.press import REGISTRY, Press
from makeready.units import Percent

_DEVICE = {"gray": (Name.DeviceGray, 1), "rgb": (Name.DeviceRGB, 3), "cmyk": (Name.DeviceCMYK, 4)}
#: The unit square as the stored picture lies in it, to the unit square as displayed: by EXIF orientation.
_TURNS = {
    1: (1, 0, 0, 1, 0, 0), 2: (-1, 0, 0, 1, 1, 0), 3: (-1, 0, 0, -1, 1, 1), 4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1), 6: (0, -1, 1, 0, 0, 1), 7: (0, 1, 1, 0, 0, 0), 8: (0, 1, -1, 0, 1, 0),
}  # fmt: skip


def page(
    path: Path,
    *,
    trim: Rect,
    sheet: Rect,
    width_px: int,
    height_px: int,
    bits: int,
    model: str,
    data: Path,
    jpeg: bool,
    inverted: bool = False,
    profile: bytes | None = None,
    alpha: Path | None = None,
    orientation: int = 1,
    press: Press | None = None,
) -> None:
    """Write a PDF of one page that a picture fills to the edge of the sheet.

    Args:
        path: the file.
        trim: the product, in points, on a sheet that begins at 0 0.
        sheet: the picture as displayed; what reaches past the trim is bleed.
        width_px: stored pixels across.
        height_px: stored pixels down.
        bits: a channel: 1, 8 or 16.
        model: ``gray``, ``rgb`` or ``cmyk``.
        data: a JPEG file, or rows with PNG filters, deflated.
        jpeg: which of the two.
        inverted: in the data 0 is full ink.
        profile: an ICC profile of the picture's colours.
        alpha: the soft mask, rows with PNG filters, deflated.
        orientation: of EXIF: how the stored picture is held.
        press: what it is for: it becomes the output intent, and CMYK is in the inks of it.
    """
    pdf = pikepdf.new()
    colours, count = _DEVICE[model]
    space: Object = colours
    if press is not None:
        intent.ensure(pdf, press)
    if profile is not None and (press is None or model != "cmyk"):
        embedded = pdf.make_stream(profile, {"/N": count, "/Alternate": colours})
        space = Array([Name.ICCBased, embedded])
    picture = _image(pdf, data, width_px, height_px, bits, space, None if jpeg else count)
    if inverted:
        picture.Decode = Array([1, 0] * count)
    if alpha is not None:
        picture.SMask = _image(pdf, alpha, width_px, height_px, bits, Name.DeviceGray, 1)
    a, b, c, d, e, f = _TURNS[orientation]
    width, height = sheet.width, sheet.height
    placed = (a * width, b * height, c * width, d * height, sheet.x0 + e * width, sheet.y0 + f * height)
    numbers = " ".join(f"{value:.6f}".rstrip("0").rstrip(".") for value in placed)
    native = Dictionary(
        Type=Name.Page,
        Resources=Dictionary(XObject=Dictionary(Im0=picture)),
        Contents=pdf.make_stream(f"q {numbers} cm /Im0 Do Q".encode()),
    )
    native.MediaBox, native.TrimBox = _box(sheet), _box(trim)
    if sheet != trim:
        native.BleedBox = _box(sheet)
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(native)))
    version = "1.6" if press is not None else "1.5" if bits == 16 else "1.4"
    pdf.save(path, deterministic_id=True, min_version=version)
    pdf.close()


def _image(pdf: Pdf, data: Path, width: int, height: int, bits: int, space: Object, colours: int | None) -> Stream:
    """An image XObject; ``colours`` of deflated rows, ``None`` for JPEG."""
    picture = pdf.make_stream(b"")
    if colours is None:
        picture.write(data.read_bytes(), filter=Name.DCTDecode)
    else:
        rows = Dictionary(Predictor=15, Colors=colours, BitsPerComponent=bits, Columns=width)
        picture.write(data.read_bytes(), filter=Name.FlateDecode, decode_parms=rows)
    picture.Type, picture.Subtype = Name.XObject, Name.Image
    picture.Width, picture.Height, picture.BitsPerComponent = width, height, bits
    picture.ColorSpace = space
    return picture


def _box(area: Rect) -> Array:
    return Array([round(side, 5) for side in area])


def press_of(profile: bytes) -> Press | None:
    """The press that a CMYK output profile describes; ``None`` for other profiles."""
    header = icc.read_header(profile)
    if header.damage or header.colour_space != "CMYK" or header.device_class != "output":
        return None
    condition, described = icc.registered_condition(profile), header.description or "the profile of the picture"
    return Press("own", described, condition or described, Percent(400), profile, REGISTRY if condition else None)
