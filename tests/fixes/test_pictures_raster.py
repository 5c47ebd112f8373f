"""More and fewer pixels in picture files, and sharper ones."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageFilter

import makeready
from fixes.looks import codes, fixed, refused, unchanged
from makeready.testing import pictures
from makeready.testing.icc import press_profile
from makeready.upscale import lanczos

STRICT = makeready.measure("default", only=["IMG101", "IMG109"])


def opened(result: makeready.Result) -> Image.Image:
    assert result.data is not None
    picture = Image.open(io.BytesIO(result.data))
    picture.load()
    return picture


@pytest.mark.parametrize(("mode", "format"), [("RGB", "PNG"), ("L", "PNG"), ("RGB", "TIFF"), ("CMYK", "TIFF")])
def test_a_coarse_file_is_resampled_exactly(mode: Any, format: str) -> None:
    given = pictures.picture(300, 200, mode, format=format, dpi=100)
    result = fixed(given, "upscale")
    with Image.open(io.BytesIO(given)) as before:
        expected = lanczos.resize(np.asarray(before), 900, 600)
    after = opened(result)
    assert (after.mode, after.format) == (mode, format)
    np.testing.assert_array_equal(np.asarray(after), expected)
    assert codes(result.final)["IMG101"] == 0
    unchanged(result.path, "upscale")


def test_the_density_follows_so_that_the_printed_size_stays() -> None:
    given = pictures.picture(300, 200, "RGB", dpi=100)
    after = opened(fixed(given, "upscale"))
    assert after.size == (900, 600)
    assert after.info["dpi"] == pytest.approx((300, 300), abs=1)


def test_a_canvas_says_how_many_pixels_are_needed() -> None:
    result = fixed(pictures.picture(600, 400), "upscale", canvas="6x4in")
    assert opened(result).size == (1800, 1200)


def test_jpegs_stay_and_lose_little() -> None:
    given = pictures.picture(300, 200, "CMYK", dpi=150, icc=press_profile())
    result = fixed(given, "upscale")
    after = opened(result)
    assert (after.format, after.mode, after.size) == ("JPEG", "CMYK", (600, 400))
    assert after.info["icc_profile"] == press_profile()
    with Image.open(io.BytesIO(given)) as before:
        expected = lanczos.resize(np.asarray(before), 600, 400).astype(int)
    assert np.abs(np.asarray(after).astype(int) - expected).mean() < 1.5


def test_sixteen_bits_stay() -> None:
    given = pictures.picture(200, 100, "I;16", format="TIFF", dpi=100)
    after = opened(fixed(given, "upscale"))
    with Image.open(io.BytesIO(given)) as before:
        expected = lanczos.resize(np.asarray(before).astype(np.uint16), 600, 300)
    np.testing.assert_array_equal(np.asarray(after), expected)


def test_lab_keeps_its_colours() -> None:
    given = pictures.picture(200, 100, "LAB", format="TIFF", dpi=100)
    result = fixed(given, "upscale")
    after = pyvips.Image.new_from_file(str(result.path))
    assert (after.interpretation, after.width, after.height) == ("labs", 600, 300)
    with Image.open(io.BytesIO(given)) as before:
        lightness, *others = (np.asarray(band).astype(float) for band in before.split())
    # The middle of three pixels lies where the old one lay.
    middle = after.numpy()[1::3, 1::3].astype(float)
    assert np.abs(middle[..., 0] / 32767 * 255 - lightness).mean() < 3
    for band, old in enumerate(others, start=1):
        apart = middle[..., band] / 256 - (old - 128)  # Pillow holds them from 0 to 255
        assert np.abs(apart).mean() < 3


def test_transparency_is_resampled_without_fringes() -> None:
    pixels = np.zeros((100, 100, 4), np.uint8)
    pixels[..., 1] = 255  # green, hidden
    pixels[20:80, 20:80] = (200, 40, 30, 255)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", dpi=(100, 100))
    after = np.asarray(opened(fixed(out.getvalue(), "upscale")))
    seen = after[after[..., 3] > 0][:, :3].astype(int)
    assert np.abs(seen - (200, 40, 30)).max() <= 1


def test_a_turned_picture_stays_turned() -> None:
    result = fixed(pictures.picture(300, 200, "RGB", dpi=100, orientation=6), "upscale")
    after = opened(result)
    assert after.getexif()[0x0112] == 6
    assert after.size == (900, 600)


def test_line_art_gets_no_tones() -> None:
    assert "line art" in refused(pictures.picture(300, 200, "1", format="TIFF", dpi=100), "upscale_resolution_2x")


def test_without_a_size_only_so_many_times_can_be_asked_for() -> None:
    given = pictures.picture(300, 200)
    assert "canvas" in refused(given, "upscale")
    assert opened(fixed(given, "upscale_resolution_2x")).size == (600, 400)
    assert opened(fixed(given, "upscale_resolution_4x")).size == (1200, 800)


def test_too_many_pixels_go() -> None:
    result = fixed(pictures.picture(1200, 900, "RGB", dpi=900), [{"fix": "downsample", "quality": 80}])
    assert opened(result).size == (400, 300)
    unchanged(result.path, "downsample")


def test_a_large_result_takes_little_memory(tmp_path: Path) -> None:
    """144 megapixels are 432 MB; they are never held whole."""
    source = tmp_path / "large.tif"
    source.write_bytes(pictures.picture(3000, 3000, "RGB", format="TIFF", dpi=75))
    script = f"""
import makeready, re, threading, time

most = 0

def look():
    global most
    while True:
        with open("/proc/self/status") as status:
            most = max(most, int(re.search(r"RssAnon:\\s+(\\d+)", status.read())[1]) // 1024)
        time.sleep(0.01)

threading.Thread(target=look, daemon=True).start()
result = makeready.fix({str(source)!r}, ["upscale_resolution_4x"])
print(result.runs[0].outcome.value, most)
"""
    if not Path("/proc/self/status").exists():
        pytest.skip("what memory is a program's own is only told by Linux")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=600)
    outcome, megabytes = done.stdout.split()
    assert outcome == "changed"
    assert int(megabytes) < 350


def blurred(radius: float, mode: str = "RGB", size: tuple[int, int] = (900, 700)) -> Image.Image:
    """Hard shapes and texture, out of focus."""
    random = np.random.default_rng(3)
    pixels = np.full((size[1], size[0], 3), (180, 170, 150), np.uint8)
    for _ in range(220):
        x, y, w, h = random.integers(0, 800, 4) % (size[0], size[1], 90, 90)
        pixels[y : y + h + 8, x : x + w + 8] = random.integers(30, 220, 3)
    picture = Image.fromarray(pixels).convert(mode)
    return picture.filter(ImageFilter.GaussianBlur(radius))


def data_of(picture: Image.Image, format: str = "PNG", **settings: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, dpi=(300, 300), **settings)
    return out.getvalue()


@pytest.mark.parametrize(("mode", "format"), [("RGB", "PNG"), ("RGB", "JPEG"), ("L", "TIFF"), ("CMYK", "TIFF")])
def test_a_blurred_file_is_sharpened_until_it_passes(mode: str, format: str) -> None:
    given = data_of(blurred(3, mode), format)
    result = fixed(given, "sharpen_edges", profile=STRICT)
    assert codes(result.before)["IMG109"] == 1
    assert codes(result.final)["IMG109"] == 0
    unchanged(result.path, "sharpen_edges", profile=STRICT)


def test_only_lightness_moves_and_no_seam_runs_beside_edges() -> None:
    """A soft edge between two tones of one hue: no tone beyond the two but by the halo, and gray stays gray."""
    given = blurred(3)
    after = np.asarray(opened(fixed(data_of(given), [{"fix": "sharpen_edges", "halo": "0 %"}]))).astype(int)
    before = np.asarray(given).astype(int)
    moved = after - before
    free = ((after > 0) & (after < 255)).all(axis=2)
    # The same step for red, green and blue: hue and saturation have not moved.
    assert np.ptp(moved, axis=2)[free].max() <= 1
    assert after.max() <= before.max() + 26
    gray = blurred(3, "L")
    out = np.asarray(opened(fixed(data_of(gray), [{"fix": "sharpen_edges", "halo": "0 %"}]))).astype(int)
    kept = np.asarray(gray).astype(int)
    assert kept.min() <= out.min()
    assert out.max() <= kept.max()


def test_total_ink_does_not_rise() -> None:
    given = blurred(3, "CMYK")
    after = np.asarray(opened(fixed(data_of(given, "TIFF"), "sharpen_edges"))).astype(int)
    assert after.sum(axis=2).max() <= np.asarray(given).astype(int).sum(axis=2).max() + 4


def test_sharp_and_hopeless_pictures_are_left() -> None:
    unchanged(data_of(blurred(0)), "sharpen_edges")
    assert "too soft" in refused(data_of(blurred(12)), "sharpen_edges")


def test_transparency_is_not_sharpened() -> None:
    given = blurred(3).convert("RGBA")
    given.putalpha(Image.linear_gradient("L").resize(given.size))
    after = opened(fixed(data_of(given), "sharpen_edges"))
    np.testing.assert_array_equal(np.asarray(after)[..., 3], np.asarray(given)[..., 3])


def test_imagemagick_reads_what_came_out(tmp_path: Path) -> None:
    tool = shutil.which("identify")
    if tool is None:
        pytest.skip("ImageMagick is not installed")
    result = fixed(pictures.picture(300, 200, "RGB", format="PNG", dpi=100), "upscale")
    assert result.path is not None
    said = subprocess.run([tool, result.path], capture_output=True, text=True, check=True).stdout
    assert "900x600" in said
