"""save_as: the same picture in another format, as Pillow reads it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

import makeready
from fixes.looks import fixed, refused, unchanged
from makeready.testing import srgb_profile

FORMATS = {"tiff": "TIFF", "jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}


def written(format: str, pixels: np.ndarray, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format, dpi=(144, 144), icc_profile=srgb_profile(), **options)
    return out.getvalue()


PIXELS = np.asarray(Image.effect_mandelbrot((120, 80), (-2, -1, 1, 1), 40).convert("RGB"))


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("source", ["TIFF", "JPEG", "PNG"])
def test_pixels_profile_and_density_are_kept(source: str, to: str) -> None:
    before = written(source, PIXELS)
    if FORMATS[to] == source:
        unchanged(before, [{"fix": "save_as", "format": to}])
        return
    result = fixed(before, [{"fix": "save_as", "format": to}])
    assert result.path is not None
    with Image.open(io.BytesIO(before)) as old, Image.open(result.path) as new:
        assert new.format == FORMATS[to]
        assert new.info["icc_profile"] == srgb_profile()
        if to != "webp":  # it has no place for a density
            assert tuple(round(float(ppi)) for ppi in new.info["dpi"]) == (144, 144)
        apart = np.abs(np.asarray(old.convert("RGB")).astype(int) - np.asarray(new.convert("RGB")))
        assert apart.mean() < (2 if to in ("jpeg", "webp") else 0.001)


def test_what_a_format_cannot_hold_is_refused() -> None:
    clear = np.dstack([PIXELS, PIXELS[..., 0]])
    assert "a JPEG cannot hold transparency:" in refused(written("PNG", clear), [{"fix": "save_as", "format": "jpeg"}])
    inks = io.BytesIO()
    Image.fromarray(clear, "CMYK").save(inks, "TIFF")
    for to in ("png", "webp"):
        assert "cannot hold CMYK:" in refused(inks.getvalue(), [{"fix": "save_as", "format": to}])
    deep = io.BytesIO()
    Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257).save(deep, "PNG")
    for to in ("jpeg", "webp"):
        assert "cannot hold 16 bits:" in refused(deep.getvalue(), [{"fix": "save_as", "format": to}])


def test_a_format_that_cannot_be_kept_later_is_not_insisted_on() -> None:
    """A JPEG was asked for, and then the picture became see-through: it is no JPEG, and that is said."""
    flat = np.full((80, 120, 3), 255, np.uint8)
    flat[30:50, 40:80] = (0, 80, 160)
    cut = {"fix": "remove_background", "subject_type": "logo"}
    result = fixed(written("PNG", flat), [{"fix": "save_as", "format": "jpeg"}, cut])
    assert result.path is not None
    assert "The file is a PNG instead of a JPEG now, which cannot hold it." in result.changes[-1].message
    with Image.open(result.path) as made:
        assert (made.format, made.mode) == ("PNG", "RGBA")


def test_what_the_file_becomes_is_said_once() -> None:
    flat = np.full((80, 120, 3), 255, np.uint8)
    flat[30:50, 40:80] = (0, 80, 160)
    cut = {"fix": "remove_background", "subject_type": "logo"}
    for to, format in ((".png", "PNG"), (".tif", "TIFF")):
        result = makeready.fix(written("JPEG", flat), [cut], to=to, name="photo.jpg")
        first, last = [change.message for change in result.changes]
        assert "instead of" not in first
        assert last == f"The JPEG is written as {format}."


def test_the_ending_that_is_asked_for_decides() -> None:
    result = makeready.fix(written("JPEG", PIXELS), [], to=".png", name="photo.jpg")
    assert result.path is not None
    assert (result.path.suffix, [run.step.fix for run in result.runs]) == (".png", ["save_as"])
    assert makeready.fix(written("JPEG", PIXELS), [], to=".jpg", name="photo.jpg").path is None
