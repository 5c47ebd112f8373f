"""Small pictures of raster files: upright, opaque, in colours a screen shows."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile

from makeready.errors import TooLarge, UnreadableFile
from makeready.raster.picture import picture


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def shown(data: bytes, **options: Any) -> np.ndarray:
    """The picture's pixels, as the browser gets them."""
    with Image.open(io.BytesIO(picture(data, **options))) as image:
        assert image.mode in ("L", "RGB", "P", "1")
        return np.asarray(image.convert("RGB")).astype(int)


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(7).integers(0, 255, (height, width, 3), dtype=np.uint8))


def halves(left: object, right: object, mode: str = "RGB", size: tuple[int, int] = (80, 40)) -> Image.Image:
    """Left half one colour, right half another."""
    image = Image.new(mode, size, left)  # type: ignore[arg-type]
    image.paste(right, (size[0] // 2, 0, *size))  # type: ignore[arg-type]
    return image


RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP"])
def test_a_large_picture_comes_out_at_the_width_asked_for(format: str) -> None:
    assert shown(saved(noise(1300, 700), format), width_px=300).shape == (162, 300, 3) or format == "JPEG"
    assert shown(saved(noise(1300, 700), format), width_px=300).shape[1] == 300


def test_a_small_picture_is_not_enlarged() -> None:
    assert shown(saved(noise(30, 20), "PNG")).shape == (20, 30, 3)


def test_a_long_strip_is_shown_narrower() -> None:
    assert shown(saved(noise(20, 2000), "PNG"), width_px=100).shape[0] == 300


def test_flat_colour_comes_as_png_and_photographs_as_jpeg() -> None:
    assert picture(saved(halves(RED, BLUE), "PNG")).startswith(b"\x89PNG")
    assert picture(saved(noise(300, 300), "PNG")).startswith(b"\xff\xd8")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    upright = halves(RED, BLUE, size=(80, 60))
    upright.paste((0, 255, 0), (0, 0, 40, 30))  # green, blue over red, blue
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    rgb = shown(saved(stored, "PNG", exif=exif))
    assert rgb.shape[:2] == (60, 80)
    assert tuple(rgb[10, 10]) == (0, 255, 0)
    assert tuple(rgb[50, 10]) == RED
    assert tuple(rgb[10, 70]) == BLUE


def test_damaged_exif_does_not_hide_the_picture() -> None:
    assert shown(saved(noise(20, 20), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")).shape == (20, 20, 3)


def test_16_bit_grey_is_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None, :].repeat(8, 0)
    rgb = shown(saved(Image.fromarray(ramp), "PNG"))
    assert rgb[4, 0, 0] <= 1
    assert 120 <= rgb[4, 31, 0] <= 132
    assert rgb[4, 63, 0] >= 254


def test_float_grey_counts_one_as_white() -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[None, :].repeat(8, 0)
    rgb = shown(saved(Image.fromarray(ramp), "TIFF"))
    assert 120 <= rgb[4, 31, 0] <= 132


def test_cmyk_is_shown_in_rgb_as_it_prints() -> None:
    rgb = shown(saved(halves((0, 0, 0, 0), (0, 255, 255, 0), "CMYK"), "TIFF"))
    assert rgb[5, 5].min() > 240
    red, green, blue = rgb[5, 70]
    assert red > 180 > 100 > max(green, blue)


def test_inverted_adobe_jpeg_is_not_shown_as_a_negative() -> None:
    assert shown(saved(Image.new("CMYK", (64, 64), (0, 0, 0, 0)), "JPEG")).min() > 240


def test_lab_is_shown_in_rgb() -> None:
    assert shown(saved(Image.new("LAB", (16, 16), (255, 128, 128)), "TIFF")).min() > 240


def test_an_embedded_profile_is_used() -> None:
    # A profile whose red primary is far from that of sRGB moves the colour.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = shown(saved(Image.new("RGB", (8, 8), (200, 90, 40)), "PNG", icc_profile=srgb))
    assert np.abs(plain[4, 4] - (200, 90, 40)).max() <= 2


def test_a_broken_or_foreign_profile_is_passed_over() -> None:
    gray = Image.new("RGB", (8, 8), (200, 90, 40))
    assert tuple(shown(saved(gray, "PNG", icc_profile=b"not a profile"))[4, 4]) == (200, 90, 40)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert shown(saved(Image.new("CMYK", (8, 8)), "TIFF", icc_profile=srgb)).min() > 240


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_shows_the_checkerboard(mode: str) -> None:
    rgb = shown(saved(Image.new(mode, (32, 32)), "PNG"))
    assert {tuple(pixel) for pixel in rgb.reshape(-1, 3)} == {(255, 255, 255), (204, 204, 204)}


def test_a_transparent_palette_colour_shows_the_checkerboard() -> None:
    rgb = shown(saved(halves(0, 1, "P"), "GIF", transparency=0))
    assert len({tuple(pixel) for pixel in rgb[:, :40].reshape(-1, 3)}) == 2


@pytest.mark.parametrize("mode", ["1", "L", "P", "YCbCr"])
def test_other_modes_are_shown(mode: str) -> None:
    assert shown(saved(noise(40, 30).convert(mode), "TIFF")).shape == (30, 40, 3)


def test_the_first_frame_of_many() -> None:
    frames = [Image.new("RGB", (20, 20), RED), Image.new("RGB", (20, 20), BLUE)]
    assert tuple(shown(saved(frames[0], "TIFF", save_all=True, append_images=frames[1:]))[5, 5]) == RED


def test_too_many_pixels_are_refused_before_decoding() -> None:
    # A header that promises 60,000 × 60,000 pixels and brings none.
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    with pytest.raises(TooLarge):
        picture(bomb + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    with pytest.raises(TooLarge, match=r"40 × 30 px; the limit is 0.001 MP"):
        picture(saved(noise(40, 30), "PNG"), max_pixels=1000)


@pytest.mark.parametrize("junk", [b"", b"hello", saved(noise(200, 200), "PNG")[:4000], b"%PDF-1.4"])
def test_what_is_no_picture_cannot_be_drawn(junk: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)  # WeasyPrint switches it on for a whole process
    with pytest.raises(UnreadableFile, match="cannot be drawn"):
        picture(junk)


def test_a_path_is_as_good_as_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(saved(noise(50, 50), "PNG"))
    assert picture(path) == picture(str(path)) == picture(path.read_bytes())
