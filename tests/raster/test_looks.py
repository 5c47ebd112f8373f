"""What lies on the canvas, as pixels; and how far a picture reaches past its canvas."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from makeready import raster
from makeready.errors import UnreadableFile
from makeready.testing.icc import press_profile, srgb_profile
from makeready.testing.pictures import picture
from makeready.units import Length, Size

CANVAS = Size.parse("4x3in")


def _product(data: bytes, canvas: Size | None = None) -> np.ndarray:
    facts = raster.artwork("a", raster.read(data), bytes=len(data), canvas=canvas)
    (pixels,) = raster.products(data, facts)
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 3
    return pixels


@pytest.mark.parametrize(
    ("mode", "format"),
    [("RGB", "PNG"), ("L", "PNG"), ("1", "TIFF"), ("P", "GIF"), ("I;16", "PNG"), ("RGB", "BMP"), ("LAB", "TIFF")],
)
def test_it_is_the_picture_in_srgb(mode, format):
    data = picture(120, 80, mode, format=format)
    with Image.open(io.BytesIO(data)) as image:
        if mode == "I;16":
            wanted = np.asarray(image).astype(float)[..., None] / 257
        elif mode == "LAB":
            wanted = np.asarray(Image.open(io.BytesIO(picture(120, 80, "RGB", format="BMP")))).astype(float)
        else:
            wanted = np.asarray(image.convert("RGB")).astype(float)
    assert np.abs(_product(data) - wanted).max() <= (4 if mode == "LAB" else 0.51)


def test_inks_are_shown_by_their_profile():
    data = picture(120, 80, "CMYK", format="TIFF", icc=press_profile())
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        wanted = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(press_profile())),
            ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile())), outputMode="RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )  # fmt: skip
    assert np.abs(_product(data).astype(int) - np.asarray(wanted).astype(int)).mean() < 1.5


def test_what_is_see_through_shows_white():
    data = picture(120, 80, "RGBA", format="PNG")
    with Image.open(io.BytesIO(data)) as image:
        wanted = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    assert np.abs(_product(data).astype(int) - np.asarray(wanted).astype(int)).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_as_displayed(orientation):
    data = picture(120, 80, format="TIFF", orientation=orientation)
    with Image.open(io.BytesIO(data)) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    assert (_product(data) == upright).all()


def test_bleed_is_not_shown():
    data = picture(1272, 972, format="PNG", dpi=300)
    whole = _product(data)
    assert whole.shape == (972, 1272, 3)
    assert (_product(data, CANVAS) == whole[36:-36, 36:-36]).all()


def test_large_pictures_are_shown_small():
    shown = _product(picture(3000, 2000))
    assert 1_900_000 < shown.shape[0] * shown.shape[1] <= 2_010_000


def test_a_damaged_picture_is_not_shown_half():
    data = picture(400, 300)
    with pytest.raises(UnreadableFile, match="damaged"):
        list(raster.products(data[:-20000], raster.artwork("a", raster.read(data), bytes=1)))


def _past(width: int, height: int, dpi: float | None, **kwargs):
    return raster.read(picture(width, height, dpi=dpi, **kwargs)).past(CANVAS)


def test_what_is_more_than_the_canvas_is_believed_within_reason():
    assert _past(1272, 972, 300) == (pytest.approx(8.64), pytest.approx(8.64))
    assert _past(1200, 900, 300) == (0, 0)
    assert _past(1195, 897, 300) == (0, 0)  # a hair too small
    assert _past(1200, 900, None) is None
    assert _past(1200, 900, 72) is None  # four times the canvas: nobody meant that
    assert _past(1100, 825, 300) is None  # smaller than the canvas: the density is off
    assert _past(972, 1272, 300, orientation=6) == (pytest.approx(8.64), pytest.approx(8.64))


def test_bleed_lies_equally_all_round():
    def bleed(width: int, height: int, dpi: float) -> Length | None:
        return raster.read(picture(width, height, dpi=dpi)).bleed(CANVAS)

    assert bleed(1272, 972, 300) == pytest.approx(8.64)
    assert bleed(1200, 900, 300) is None
    assert bleed(1272, 954, 300) is None  # of the canvas's shape: the density is off by 6 %


def test_effective_resolution_is_that_of_the_product():
    facts = raster.artwork("a.jpg", raster.read(picture(1272, 972, dpi=300)), bytes=1, canvas=CANVAS)
    (image,) = facts.images
    assert (float(image.ppi_x), float(image.ppi_y)) == pytest.approx((300, 300))
    assert image.visible == (0, 0, 288, 216)
    assert image.place == pytest.approx((-8.64, -8.64, 296.64, 224.64))
    assert facts.pages[0].size == CANVAS
