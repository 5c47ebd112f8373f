"""What pixels say: measured on pictures that were squeezed, enlarged and blurred by Pillow."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from makeready import study
from makeready.testing import image

KERNELS = {kernel.name.lower(): kernel for kernel in Image.Resampling}


def jpeg(picture, **settings) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", **settings)
    return out.getvalue()


def measured(picture) -> study.Measures:
    pixels = np.asarray(picture.convert("L"))

    def part(top, bottom, left, right, step):
        return pixels[top:bottom:step, left:right:step].astype(np.float32)

    return study.measure(part, pixels.shape[1], pixels.shape[0])


def enlarged(factor, kernel):
    small = image(round(900 / factor), round(600 / factor), seed=2).convert("L")
    return small.resize((900, 600), KERNELS[kernel])


@pytest.fixture(scope="module")
def photo():
    return image(900, 600, seed=2).convert("L")


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_quality_is_that_which_pillow_was_given(mode) -> None:
    picture = Image.new(mode, (16, 16))
    for setting in range(10, 99):
        assert study.quality(study.tables(jpeg(picture, quality=setting))) == setting


@pytest.mark.parametrize("setting", [12, 35, 50, 60, 77, 92, 98])
def test_quality_is_that_which_imagemagick_estimates(run, tmp_path, setting) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(jpeg(image(64, 64), quality=setting))
    assert study.quality(study.tables(path.read_bytes())) == int(run("identify", "-format", "%Q", path))


def test_the_quality_of_tables_that_libjpeg_did_not_make_is_the_nearest() -> None:
    usual = study.tables(jpeg(Image.new("L", (16, 16)), quality=70))[0]
    bent = [value + place % 2 for place, value in enumerate(usual)]
    assert study.quality({0: bent}) == pytest.approx(70, abs=3)


@pytest.mark.parametrize("tables", [{}, {0: (1, 2)}, {0: (0,) * 64}], ids=str)
def test_tables_without_meaning_have_no_quality(tables) -> None:
    assert study.quality(tables) is None


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xdb\0\x43\0\1", b"nothing of the kind"])
def test_tables_of_what_is_no_jpeg(data) -> None:
    assert study.tables(data) == {}


def test_the_tables_are_the_same_as_the_header_reader_finds() -> None:
    from makeready import raster

    data = jpeg(image(64, 64), quality=81)
    assert study.tables(data) == raster.read(data).quantisation


def test_a_photograph_has_all_its_pixels_is_sharp_and_has_no_blocks(photo) -> None:
    found = measured(photo)
    assert found.nominal is not None
    assert found.nominal > 0.9
    assert found.sharpness is not None
    assert found.sharpness > 0.3
    assert found.blocking == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_an_enlarged_photograph_has_fewer(factor, kernel) -> None:
    share = measured(enlarged(factor, kernel)).nominal
    assert share is not None
    assert share == pytest.approx(1 / factor, rel=0.35)


def test_a_blur_leaves_as_much_of_an_edge_as_a_gaussian_does() -> None:
    bars = Image.fromarray(np.kron(np.indices((10, 10)).sum(axis=0) % 2 * 200, np.ones((60, 60))).astype(np.uint8))
    assert measured(bars).sharpness == 1
    for sigma in (1.5, 2, 3):
        blurred = bars.filter(ImageFilter.GaussianBlur(sigma))
        assert measured(blurred).sharpness == pytest.approx(0.4 / sigma, rel=0.15)


def test_a_sharp_part_makes_a_sharp_picture(photo) -> None:
    blurred = photo.filter(ImageFilter.GaussianBlur(5))
    whole = measured(blurred).sharpness
    assert whole is None or whole < 0.15
    blurred.paste(photo.crop((300, 250, 700, 550)), (300, 250))
    assert measured(blurred).sharpness > 0.25


@pytest.mark.parametrize("setting", [10, 20])
def test_blocks_stay_in_what_was_a_jpeg(photo, setting) -> None:
    was = Image.open(io.BytesIO(jpeg(photo, quality=setting)))
    assert measured(was).blocking > 1.5
    assert measured(was.crop((3, 5, 803, 505))).blocking > 1.5  # wherever the borders lie


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("L", (300, 300), 128),
        Image.linear_gradient("L").resize((600, 600)),
        Image.new("L", (64, 64)),
        Image.new("L", (2000, 65)),
    ],
    ids=["flat", "gradient", "tiny", "strip"],
)
def test_what_cannot_be_told_is_not(picture) -> None:
    found = measured(picture)
    assert found.nominal is None
    assert found.sharpness is None


def test_a_drawing_that_repeats_its_pixels_is_no_enlarged_photograph() -> None:
    squares = np.random.default_rng(1).integers(0, 2, (60, 60)) * 255
    code = Image.fromarray(np.kron(squares, np.ones((10, 10))).astype(np.uint8))
    assert measured(code).nominal is None
