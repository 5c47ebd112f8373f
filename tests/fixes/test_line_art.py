"""smooth_line_art: more pixels of one bit, the same drawing, told by poppler."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

import makeready
from fixes.looks import codes, difference, fixed, mupdf_pixels, poppler_pixels, qpdf_clean, refused, unchanged
from makeready.testing import pdf

SIZE = "60x60mm"
#: A disc and a slanted bar, 240 × 240 pixels.
Y, X = np.mgrid[0:240, 0:240]
DRAWING = ((X - 120) ** 2 + (Y - 120) ** 2 < 80**2) ^ (abs(X - 2 * Y + 100) < 20)


def group4(bits: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(~bits).save(out, "TIFF", compression="group4", tiffinfo={278: 240})
    with Image.open(out) as read:
        return out.getvalue()[read.tag_v2[273][0] :][: read.tag_v2[279][0]]


FAX = {"/Filter": Name.CCITTFaxDecode, "/DecodeParms": Dictionary(K=-1, Columns=240, Rows=240)}
TINT = Dictionary(FunctionType=2, Domain=[0, 1], C0=[0] * 4, C1=[0, 1, 1, 0], N=1)
SPOT = Array([Name.Separation, Name.Gold, Name.DeviceCMYK, TINT])
KINDS: dict[str, dict[str, Any]] = {
    "gray": {"/ColorSpace": Name.DeviceGray},
    "inverted": {"/ColorSpace": Name.DeviceGray, "/Decode": [1, 0]},
    "stencil": {"/ImageMask": True},
    "inverted stencil": {"/ImageMask": True, "/Decode": [1, 0]},
    "spot": {"/ColorSpace": SPOT},
    "fax": {"/ColorSpace": Name.DeviceGray, **FAX},
    "fax the other way": {
        "/ColorSpace": Name.DeviceGray, **FAX,
        "/DecodeParms": Dictionary(K=-1, Columns=240, Rows=240, BlackIs1=True),
    },
    "fax stencil": {"/ImageMask": True, **FAX},
}  # fmt: skip


def page(ppi: float = 400, **entries: Any) -> Any:
    """The drawing at so many ppi."""
    made = pdf(SIZE)
    data = group4(DRAWING) if "/Filter" in entries else np.packbits(DRAWING, axis=1).tobytes()
    looks = {"/Type": Name.XObject, "/Subtype": Name.Image, "/Width": 240, "/Height": 240, "/BitsPerComponent": 1}
    image = made.objects.make_stream(data, {**looks, **entries})
    side = 240 / ppi * 72
    return made.raw(f"q 0.2 0.4 0 0 k {side:.4f} 0 0 {side:.4f} 40 40 cm /L Do Q", {"/XObject": {"/L": image}})


@pytest.mark.parametrize("kind", KINDS)
def test_the_drawing_stays_and_its_steps_get_finer(kind: str) -> None:
    before = page(**KINDS[kind]).bytes()
    assert "IMG102" in codes(makeready.check(before))
    result = fixed(before, "smooth_line_art")
    assert "IMG102" not in codes(result.final)
    assert not result.new
    assert "from 240 × 240 to 480 × 480 px" in result.changes[0].message
    qpdf_clean(result.data)
    unchanged(result.data, "smooth_line_art")
    for draw in (mupdf_pixels, poppler_pixels):
        apart = difference(draw(before, ppi=300), draw(result.data, ppi=300))
        assert (apart > 128).mean() < 0.002, "only the steps of edges may differ"
    with pikepdf.open(io.BytesIO(result.data or b"")) as file:
        (image,) = file.pages[0].obj.Resources.XObject.values()
        assert (int(image.BitsPerComponent), image.Filter) == (1, Name.CCITTFaxDecode)


def test_fine_enough_is_left_alone() -> None:
    unchanged(page(800, **KINDS["gray"]), "smooth_line_art")


def test_too_coarse_and_palettes_are_refused() -> None:
    assert "8.0 times" in refused(page(100, **KINDS["gray"]), "smooth_line_art")
    palette = Array([Name.Indexed, Name.DeviceRGB, 1, pikepdf.String(bytes(3) + b"\xff" * 3)])
    assert "palette" in refused(page(**{"/ColorSpace": palette}), "smooth_line_art")


@pytest.mark.parametrize("format", ["TIFF", "PNG"])
def test_a_picture_file_of_one_bit_stays_one(format: str) -> None:
    out = io.BytesIO()
    Image.fromarray(DRAWING).save(out, format, dpi=(400, 400))
    assert "IMG102" in codes(makeready.check(out.getvalue()))
    result = fixed(out.getvalue(), "smooth_line_art")
    assert "IMG102" not in codes(result.final)
    assert result.path is not None
    with Image.open(result.path) as new:
        assert (new.format, new.mode) == (format, "1")
        assert new.size[0] in (480, 481)  # PNG says whole pixels per metre
        assert float(new.info["dpi"][0]) == pytest.approx(800, rel=0.005)
        half = np.asarray(new.resize((240, 240), Image.Resampling.NEAREST))
    assert (half != DRAWING).mean() < 0.02
    unchanged(result.data, "smooth_line_art")
    assert "not known" in refused(_without_density(), "smooth_line_art")


def _without_density() -> bytes:
    out = io.BytesIO()
    Image.fromarray(DRAWING).save(out, "PNG")
    return out.getvalue()
