"""sharpen_edges in PDFs: the picture is sharp, the colours are what they were, the page around it has not changed."""

from __future__ import annotations

import io
import zlib
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageFilter

import makeready
from fixes.looks import assert_same_look, codes, fixed, mupdf_pixels, poppler_pixels, qpdf_clean, refused, unchanged
from makeready.testing import pdf

STRICT = makeready.measure("default", only=["IMG101", "IMG109", "INK101"])
PLACE = "q 170 0 0 136 40 150 cm /Im0 Do Q"


def shapes(mode: str, radius: float) -> np.ndarray:
    """Hard shapes out of focus; height × width × channels."""
    random = np.random.default_rng(3)
    pixels = np.full((640, 800, 3), (180, 170, 150), np.uint8)
    for _ in range(160):
        y, x, h, w = random.integers(0, 800, 4) % (640, 800, 90, 90)
        pixels[y : y + h + 8, x : x + w + 8] = random.integers(30, 220, 3)
    picture = Image.fromarray(pixels).convert(mode).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(picture).reshape(640, 800, -1)


def page(pixels: np.ndarray, space: Any, **said: Any) -> bytes:
    made = pikepdf.open(io.BytesIO(pdf(trim="A6").text("Type stays type").bytes()))
    image = pikepdf.Stream(
        made, zlib.compress(pixels.tobytes()), Type=Name.XObject, Subtype=Name.Image, Width=pixels.shape[1],
        Height=pixels.shape[0], BitsPerComponent=8, ColorSpace=space, Filter=Name.FlateDecode, **said,
    )  # fmt: skip
    made.pages[0].Resources.XObject = Dictionary(Im0=made.make_indirect(image))
    made.pages[0].contents_add(PLACE.encode())
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


LAB = Array([Name.Lab, Dictionary(WhitePoint=[0.9642, 1, 0.8249], Range=[-100, 100, -100, 100])])


@pytest.mark.parametrize(
    ("mode", "space", "said"),
    [("RGB", Name.DeviceRGB, {}), ("L", Name.DeviceGray, {}), ("CMYK", Name.DeviceCMYK, {}),
     ("CMYK", Name.DeviceCMYK, {"Decode": [1, 0] * 4}), ("L", Name.DeviceGray, {"Decode": [1, 0]})],
)  # fmt: skip
def test_a_blurred_picture_is_sharpened_until_it_passes(mode: str, space: Any, said: dict[str, Any]) -> None:
    pixels = shapes(mode, 3)
    given = page(255 - pixels if "Decode" in said else pixels, space, **said)
    result = fixed(given, "sharpen_edges", profile=STRICT)
    assert codes(result.before)["IMG109"] == 1
    assert not codes(result.final)["IMG109"]
    assert not result.new
    qpdf_clean(result.path)
    assert unchanged(result.path, "sharpen_edges", profile=STRICT)
    # Edges are steeper, and from afar nothing has changed.
    for draw in (mupdf_pixels, poppler_pixels):
        # The picture alone, at its own resolution.
        before, after = (draw(source, 1, 340)[700:1200, 250:950].astype(float) for source in (given, result.path))
        assert np.abs(np.diff(after, axis=1)).max() > 1.08 * np.abs(np.diff(before, axis=1)).max()
    assert_same_look(given, result.path, within=48, share=0.02, ppi=40)


def test_inks_keep_their_proportion() -> None:
    """A picture in magenta and yellow alone gets no cyan and no black from sharpening, and its hue stays."""
    gray = shapes("L", 3)[:, :, 0]
    pixels = np.zeros((640, 800, 4), np.uint8)
    pixels[..., 1] = gray // 3 * 2
    pixels[..., 2] = gray // 3
    result = fixed(page(pixels, Name.DeviceCMYK), "sharpen_edges")
    assert result.path is not None
    with pikepdf.open(result.path) as opened:
        data = opened.pages[0].Resources.XObject.Im0.read_bytes()
    after = np.frombuffer(data, np.uint8).reshape(640, 800, 4).astype(int)
    assert after[..., 0].max() == after[..., 3].max() == 0
    assert np.abs(after[..., 1] - 2 * after[..., 2]).max() <= 4
    assert after.sum(axis=2).max() <= pixels.astype(int).sum(axis=2).max() + 2


def test_sharp_pictures_are_left() -> None:
    unchanged(page(shapes("RGB", 0), Name.DeviceRGB), "sharpen_edges")


def test_hopeless_pictures_are_left_and_named() -> None:
    assert "too soft" in refused(page(shapes("RGB", 9), Name.DeviceRGB), "sharpen_edges")


def test_lab_is_left() -> None:
    assert "neither gray, RGB nor CMYK" in refused(page(shapes("RGB", 3), LAB), "sharpen_edges")


def test_spot_colours_are_left() -> None:
    job = page(shapes("L", 3), Name.DeviceGray)
    with pikepdf.open(io.BytesIO(job)) as opened:
        tint = pikepdf.Stream(opened, b"{0 exch 0 0}", FunctionType=4, Domain=[0, 1], Range=[0, 1] * 4)
        space = Array([Name.Separation, Name.Gold, Name.DeviceCMYK, opened.make_indirect(tint)])
        opened.pages[0].Resources.XObject.Im0.ColorSpace = space
        out = io.BytesIO()
        opened.save(out)
    assert "neither gray" in refused(out.getvalue(), "sharpen_edges")
