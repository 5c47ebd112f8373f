"""Pixels in and out of the edit room: held against Pillow, ImageMagick, and formulas written apart."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from makeready.changes import Refusal
from makeready.errors import TooLarge, UnreadableFile, UsageError
from makeready.raster.mend import canvas
from makeready.testing import press_profile, srgb_profile

RANDOM = np.random.default_rng(11)
PLAIN = np.dstack([np.tile(np.linspace(0, 255, 24), (16, 1)), np.tile(np.linspace(255, 0, 16)[:, None], (1, 24)),
                   np.full((16, 24), 90)]).round().astype(np.uint8)  # fmt: skip


def opened(given: Any) -> np.ndarray:
    with canvas.opened(given) as (pixels, _):
        return pixels


def file(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WebP", "BMP"])
def test_plain_pictures_are_what_pillow_sees(format: str) -> None:
    options = {"lossless": True} if format == "WebP" else {}
    found = opened(file(Image.fromarray(PLAIN), format, **options))
    np.testing.assert_array_equal(found, np.asarray(Image.fromarray(PLAIN).convert("RGBA")))


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "PA"])
def test_other_kinds_of_picture_are_what_pillow_makes_rgba_of(mode: str) -> None:
    rgba = np.dstack([PLAIN, RANDOM.integers(0, 256, (16, 24), dtype=np.uint8)])
    if mode == "PA":
        image = Image.fromarray(rgba).quantize(16)
        image.putpalette(image.getpalette("RGBA"), "RGBA")
    else:
        image = Image.fromarray(rgba).convert(mode) if mode != "P" else Image.fromarray(PLAIN).quantize(32)
    data = file(image, "PNG")
    with Image.open(io.BytesIO(data)) as truth:
        np.testing.assert_array_equal(opened(data), np.asarray(truth.convert("RGBA")))


def test_sixteen_bits_are_rounded_to_eight(tmp_path: Path) -> None:
    deep = RANDOM.integers(0, 65536, (16, 24, 4), dtype=np.uint16)
    raw, path = tmp_path / "deep.rgba", tmp_path / "deep.png"
    raw.write_bytes(deep.astype("<u2").tobytes())
    subprocess.run(
        ["convert", "-size", "24x16", "-depth", "16", "-endian", "LSB", f"rgba:{raw}", f"PNG64:{path}"], check=True
    )
    np.testing.assert_array_equal(opened(path), np.rint(deep / 257).astype(np.uint8))
    np.testing.assert_array_equal(opened(deep), np.rint(deep / 257).astype(np.uint8))


@pytest.mark.parametrize("turn", range(1, 9))
def test_stored_turned_they_are_upright(turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    data = file(Image.fromarray(PLAIN), "PNG", exif=exif)
    back = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_90}  # fmt: skip
    upright = Image.fromarray(PLAIN).transpose(back[turn]) if turn in back else Image.fromarray(PLAIN)
    np.testing.assert_array_equal(opened(data)[..., :3], np.asarray(upright))


def test_cmyk_is_converted_by_its_profile(tmp_path: Path) -> None:
    ink = RANDOM.integers(0, 200, (16, 24, 4), dtype=np.uint8)
    path, shown, rgb = tmp_path / "ink.tif", tmp_path / "shown.png", tmp_path / "rgb.icc"
    Image.fromarray(ink, "CMYK").save(path, icc_profile=press_profile())
    rgb.write_bytes(srgb_profile())
    subprocess.run(
        ["convert", path, "-intent", "relative", "-black-point-compensation", "-profile", rgb, f"PNG24:{shown}"],
        check=True,
    )
    with Image.open(shown) as truth:
        apart = np.abs(opened(path)[..., :3].astype(int) - np.asarray(truth.convert("RGB")))
    assert apart.max() <= 8
    assert apart.mean() < 0.7  # both interpolate in tables of the profile, in their own way


def test_lab_is_converted(tmp_path: Path) -> None:
    gray, red = (128, 128, 128), (200, 30, 40)
    path = tmp_path / "lab.tif"
    stripes = np.repeat(np.array([[gray, red]], np.uint8), 8, axis=1).repeat(8, axis=0)
    png = tmp_path / "rgb.png"
    Image.fromarray(stripes).save(png)
    subprocess.run(["convert", png, "-colorspace", "Lab", "-depth", "16", path], check=True)
    found = opened(path)[..., :3].astype(int)
    assert np.abs(found - stripes).max() <= 3


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32", "float64"])
def test_arrays_of_every_kind_are_the_same_picture(kind: str) -> None:
    scale = {"uint8": 1, "uint16": 257}.get(kind, 1 / 255)
    given = (PLAIN.astype(np.float64) * scale).astype(kind)
    before = given.copy()
    found = opened(given)
    np.testing.assert_array_equal(found[..., :3], PLAIN)
    assert (found[..., 3] == 255).all()
    found[:] = 0
    np.testing.assert_array_equal(given, before)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (np.zeros((4, 4), np.uint8), UsageError),
        (np.zeros((4, 0, 3), np.uint8), UsageError),
        (np.zeros((4, 4, 3), np.int32), UsageError),
        (np.full((4, 4, 3), np.nan, np.float32), UsageError),
        (b"no picture", UnreadableFile),
    ],
)
def test_what_is_no_picture_is_refused(given: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        opened(given)


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(TooLarge), canvas.opened(file(Image.fromarray(PLAIN), "PNG"), max_pixels=100):
        pass


def test_layers_are_composed_as_the_formula_says() -> None:
    layers = [RANDOM.integers(0, 256, (40, 50, 4), dtype=np.uint8) for _ in range(4)]
    layers[2][:10, :, 3], layers[3][5:20, :, 3] = 0, 255
    colour, opacity = np.zeros((40, 50, 3)), np.zeros((40, 50, 1))
    for layer in layers:
        above = layer.astype(np.float64) / 255
        colour = above[..., :3] * above[..., 3:] + colour * (1 - above[..., 3:])
        opacity = above[..., 3:] + opacity * (1 - above[..., 3:])
    truth = np.concatenate([np.where(opacity > 0, colour / np.maximum(opacity, 1e-9), 0), opacity], axis=2) * 255
    found = canvas.composed(layers)
    assert np.abs(found - truth).max() < 0.51


def test_one_layer_is_itself_and_nothing_is_hidden_under_what_is_clear() -> None:
    layer = RANDOM.integers(0, 256, (40, 50, 4), dtype=np.uint8)
    layer[:5, :, 3] = 0
    found = canvas.composed([layer])
    np.testing.assert_array_equal(found[5:], np.where(layer[5:, :, 3:] > 0, layer[5:], 0))
    assert not found[:5].any()


def test_layers_of_many_strips_are_composed_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [RANDOM.integers(0, 256, (40, 50, 4), dtype=np.uint8) for _ in range(3)]
    whole = canvas.composed(layers)
    monkeypatch.setattr(canvas, "_STRIP", 170)
    np.testing.assert_array_equal(canvas.composed(layers), whole)


def test_placed_without_scaling_it_is_moved() -> None:
    picture = RANDOM.integers(0, 256, (20, 30, 4), dtype=np.uint8)
    found = canvas.placed(picture, (5, 5, 25, 15), (10, 2, 30, 12), 40, 18)
    truth = np.zeros((18, 40, 4), np.uint8)
    truth[0:17, 5:35] = picture[3:20]
    np.testing.assert_array_equal(found, truth)


@pytest.mark.parametrize("target", [(7, 3, 107, 70), (-30, -20, 61, 40), (4, 4, 15, 12), (-900, -700, 3100, 2300)])
def test_placed_and_scaled_it_is_what_pillow_makes_of_that_part(target: tuple[int, int, int, int]) -> None:
    width, height = 90, 60
    smooth = np.asarray(Image.fromarray(PLAIN).resize((48, 32), Image.Resampling.BICUBIC))
    picture = np.dstack([smooth, np.full((32, 48), 255, np.uint8)])
    found = canvas.placed(picture, (0, 0, 48, 32), target, width, height)
    x0, y0, x1, y1 = max(0, target[0]), max(0, target[1]), min(width, target[2]), min(height, target[3])
    across, down = 48 / (target[2] - target[0]), 32 / (target[3] - target[1])
    box = ((x0 - target[0]) * across, (y0 - target[1]) * down, (x1 - target[0]) * across, (y1 - target[1]) * down)
    truth = Image.fromarray(smooth).resize((x1 - x0, y1 - y0), Image.Resampling.LANCZOS, box=box)
    assert np.abs(found[y0:y1, x0:x1, :3].astype(int) - np.asarray(truth)).max() <= 3
    outside = found.copy()
    outside[y0:y1, x0:x1] = 0
    assert not outside.any()


def test_a_part_of_one_pixel_can_fill_a_large_result() -> None:
    picture = np.zeros((500, 500, 4), np.uint8)
    picture[250, 250] = (10, 200, 30, 255)
    found = canvas.placed(picture, (250, 250, 251, 251), (0, 0, 1000, 800), 1000, 800)
    assert found[400, 500, 3] == 255
    np.testing.assert_allclose(found[400, 500, :3], (10, 200, 30), atol=1)


def test_a_window_cuts_what_is_placed() -> None:
    picture = np.full((20, 30, 4), 255, np.uint8)
    found = canvas.placed(picture, (0, 0, 30, 20), (0, 0, 60, 40), 60, 40, (10, 5, 50, 35))
    assert canvas.box_of(found) == (10, 5, 50, 35)


def test_an_empty_subject_has_no_box() -> None:
    with pytest.raises(Refusal, match="no subject"):
        canvas.box_of(canvas.clear(5, 5))


def test_a_blur_keeps_what_is_plain_and_spreads_as_a_gaussian() -> None:
    flat = np.full((30, 40), 0.4, np.float32)
    np.testing.assert_allclose(canvas.blurred(flat, 6), flat, atol=1e-5)
    point = np.zeros((61, 61), np.float32)
    point[30, 30] = 1
    spread = canvas.blurred(point, 4)
    away = np.arange(61) - 30
    truth = np.exp(-(away[:, None] ** 2 + away[None, :] ** 2) / 32) / (32 * np.pi)
    assert np.abs(spread - truth).max() < 0.02 * truth.max()
    assert canvas.blurred(np.zeros((5, 6, 3), np.float32), 2).shape == (5, 6, 3)
