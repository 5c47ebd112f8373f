"""A colour in the numbers of a picture, held against LittleCMS through Pillow and against formulas."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from makeready.changes import Refusal
from makeready.raster.mend.backdrop import BLACK, WHITE, numbers
from makeready.raster.mend.working import Working
from makeready.testing import icc, picture, press_profile, srgb_profile


def linear_gray() -> bytes:
    """A profile of gray whose numbers are light itself."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in icc.D50))
    tags = {b"desc": icc._description("linear gray"), b"wtpt": white, b"kTRC": b"curv" + bytes(8)}
    return icc._file(b"mntr", b"GRAY", b"XYZ ", tags)


def light(level: int) -> float:
    """Of sRGB (IEC 61966-2-1), 0 to 1."""
    value = level / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def on(tmp_path: Path, mode: str, colour: tuple[int, int, int], **options: object) -> list[float]:
    return numbers(Working(picture(40, 30, mode, **{"format": "TIFF", **options}), tmp_path), colour)  # type: ignore[arg-type]


@pytest.mark.parametrize("colour", [WHITE, BLACK, (255, 0, 0), (12, 200, 77)])
def test_rgb_of_the_screen_stays(colour: tuple[int, int, int], tmp_path: Path) -> None:
    for profile in (None, srgb_profile()):
        found = on(tmp_path, "RGB", colour, icc=profile)
        assert found == pytest.approx([value / 255 for value in colour], abs=0.002)


def test_inks_are_those_of_the_profile(tmp_path: Path) -> None:
    change = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(press_profile())), "RGB", "CMYK", 1,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )  # fmt: skip
    for colour in ((200, 30, 40), (20, 90, 60), (128, 128, 128)):
        wanted = np.asarray(ImageCms.applyTransform(Image.new("RGB", (1, 1), colour), change))[0, 0] / 255
        assert on(tmp_path, "CMYK", colour, icc=press_profile()) == pytest.approx(wanted, abs=0.006)


def test_white_is_paper_and_black_without_a_profile_is_black_ink(tmp_path: Path) -> None:
    for profile in (None, press_profile()):
        assert on(tmp_path, "CMYK", WHITE, icc=profile) == [0, 0, 0, 0]
    assert on(tmp_path, "CMYK", BLACK) == [0, 0, 0, 1]
    with pytest.raises(Refusal, match="no profile"):
        on(tmp_path, "CMYK", (1, 2, 3))


def test_gray_is_as_light(tmp_path: Path) -> None:
    assert on(tmp_path, "L", (128, 128, 128)) == pytest.approx([128 / 255])
    assert on(tmp_path, "L", (128, 128, 128), icc=linear_gray()) == pytest.approx([light(128)], abs=0.003)
    with pytest.raises(Refusal, match="no colours"):
        on(tmp_path, "L", (128, 128, 129))


def test_lab(tmp_path: Path) -> None:
    """Of the primaries of sRGB, adapted to D50 (Bradford)."""
    assert on(tmp_path, "LAB", (255, 0, 0)) == pytest.approx([54.3, 80.8, 69.9], abs=0.2)
    assert on(tmp_path, "LAB", WHITE) == pytest.approx([100, 0, 0], abs=0.1)
