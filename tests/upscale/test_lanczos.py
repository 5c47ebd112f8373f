"""Resampling against the formula in double precision, written out in full."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

import makeready
from makeready.errors import UsageError
from makeready.testing import pictures
from makeready.upscale import lanczos


def matrix(old: int, new: int) -> np.ndarray:
    """All weights of one axis: new × old."""
    widened = max(old / new, 1)
    away = ((np.arange(old) + 0.5) - (np.arange(new)[:, None] + 0.5) * old / new) / widened
    weights = np.where(abs(away) < 3, np.sinc(away) * np.sinc(away / 3), 0)
    return weights / weights.sum(axis=1, keepdims=True)


def by_formula(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    down, across = matrix(pixels.shape[0], height), matrix(pixels.shape[1], width)
    return np.einsum("ih,hwc,jw->ijc", down, pixels.astype(np.float64), across, optimize=True)


def noise(height: int, width: int, channels: int, dtype: str) -> np.ndarray:
    values = np.random.default_rng(4).random((height, width, channels))
    values[: height // 2, : width // 3] = np.round(values[: height // 2, : width // 3])  # hard edges, full range
    top = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    return (values * top).round(0 if top > 1 else 9).astype(dtype)


SIZES = [((50, 37), (100, 74)),
         ((50, 37), (200, 148)), ((61, 83), (75, 90)), ((211, 160), (50, 33)),
         ((40, 300), (90, 41)), ((5, 3), (40, 30)), ((90, 70), (1, 1)), ((1, 1), (7, 5)),
         ((300, 20), (300, 20))]  # fmt: skip


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 3, 4, 6])
@pytest.mark.parametrize(("old", "new"), SIZES)
def test_it_is_the_formula_to_one_level(dtype: str, channels: int, old: tuple[int, int], new: tuple[int, int]) -> None:
    pixels = noise(*old, channels, dtype)
    expected = np.clip(by_formula(pixels, new[1], new[0]), 0, np.iinfo(dtype).max)
    made = lanczos.resize(pixels, new[1], new[0])
    assert made.dtype == pixels.dtype
    assert np.abs(made.astype(np.float64) - expected).max() <= 1


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_floats_too_and_they_stay_within_0_and_1(old: tuple[int, int], new: tuple[int, int]) -> None:
    pixels = noise(*old, 3, "float32")
    made = lanczos.resize(pixels, new[1], new[0])
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, np.clip(by_formula(pixels, new[1], new[0]), 0, 1), atol=1e-5)


def test_where_nothing_is_cut_off_pillow_agrees() -> None:
    """Inside of the range of tones, another's implementation of the same kernel comes to the same picture."""
    soft = (pictures.landscape(160, 120) * 150 + 50).astype(np.uint8)
    theirs = np.asarray(Image.fromarray(soft).resize((500, 390), Image.Resampling.LANCZOS))
    assert np.abs(lanczos.resize(soft, 500, 390).astype(int) - theirs).max() <= 1


def test_large_pictures_are_made_of_many_strips_without_seams() -> None:
    pixels = noise(700, 90, 3, "uint8")
    expected = np.clip(by_formula(pixels, 110, 1501), 0, 255)
    assert np.abs(lanczos.resize(pixels, 110, 1501) - expected).max() <= 1


def test_gray_without_channels_stays_so() -> None:
    gray = noise(30, 40, 1, "uint8")
    np.testing.assert_array_equal(lanczos.resize(gray[:, :, 0], 80, 60), lanczos.resize(gray, 80, 60)[:, :, 0])


def test_the_same_size_is_the_same_picture() -> None:
    pixels = noise(64, 48, 4, "uint16")
    np.testing.assert_array_equal(lanczos.resize(pixels, 48, 64), pixels)


def test_what_lies_under_clear_pixels_leaves_no_fringe() -> None:
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[..., :3] = (0, 255, 0)  # green, hidden
    pixels[10:30, 10:30] = (200, 40, 30, 255)
    made = lanczos.resize(pixels, 160, 160, alpha=True)
    seen = made[made[..., 3] > 0]
    assert np.abs(seen[:, :3].astype(int) - (200, 40, 30)).max() <= 1
    plain = lanczos.resize(pixels[..., 3], 160, 160)
    np.testing.assert_array_equal(made[..., 3], plain)


@pytest.mark.parametrize(("old", "new"), [((300, 50), (900, 200)), ((900, 80), (100, 31)), ((40, 40), (41, 40))])
@pytest.mark.parametrize("alpha", [False, True])
def test_strips_are_the_same_and_read_each_row_once(old: tuple[int, int], new: tuple[int, int], alpha: bool) -> None:
    pixels = noise(*old, 4, "uint8")
    asked: list[tuple[int, int]] = []

    def read(first: int, last: int) -> np.ndarray:
        asked.append((first, last))
        return pixels[first:last]

    made = lanczos.strips(read, old[1], old[0], new[1], new[0], channels=4, dtype="uint8", alpha=alpha)
    np.testing.assert_array_equal(np.concatenate(list(made)), lanczos.resize(pixels, new[1], new[0], alpha=alpha))
    assert asked[0][0] == 0
    assert all(one[1] == other[0] for one, other in pairwise(asked))


def test_a_giant_is_never_whole_in_memory() -> None:
    """Strips of a result of 600 megapixels: what is held at a time is a small part of it."""
    width, height = 7500, 5000
    row = noise(1, width, 3, "uint8")
    made = lanczos.strips(
        lambda first, last: np.repeat(row, last - first, axis=0), width, height, 30000, 20000, channels=3, dtype="uint8"
    )
    strip = next(made)
    assert strip.nbytes < 30_000_000
    made.close()


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (-3, 5)])
def test_no_pixels_are_no_picture(size: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="at least one pixel"):
        lanczos.resize(noise(4, 4, 1, "uint8"), *size)


def test_other_numbers_are_refused() -> None:
    with pytest.raises(UsageError, match="int64"):
        lanczos.resize(np.zeros((4, 4, 1), np.int64), 8, 8)
    with pytest.raises(UsageError, match="rows, columns"):
        lanczos.resize(np.zeros(4, np.uint8), 8, 8)


def test_the_name_of_a_file_is_no_picture() -> None:
    with pytest.raises(UsageError, match="an array of pixels, not str") as refused:
        makeready.upscale("photo.jpg")
    assert "makeready upscale FILE" in refused.value.hint
