"""Noise that was added is found again, and clean pictures are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from makeready.testing import pictures
from makeready.upscale import noise


def noisy(level: float, scale: int = 1, seed: int = 2) -> np.ndarray:
    clean = pictures.landscape(600, 400, grain=0)[::scale, ::scale] * 255
    grain = np.random.default_rng(seed).normal(0, level, clean.shape)
    return np.clip(np.round(clean + grain), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("level", [4, 8, 15, 25])
@pytest.mark.parametrize("scale", [1, 3])
def test_added_noise_is_found_to_a_fifth(level: float, scale: int) -> None:
    pixels = noisy(level, scale)
    assert noise.grain(pixels) == pytest.approx(level, rel=0.2)
    assert 0.7 * level < noise.estimate(pixels) < level  # what is left keeps skin from looking like plastic


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_clean_photographs_are_clean(scale: int) -> None:
    assert noise.estimate(noisy(0, scale)) == 0
    assert noise.estimate(noisy(1, scale)) == 0  # that of any camera


def test_all_kinds_of_number_say_the_same() -> None:
    eight = noisy(10)
    sixteen = eight.astype(np.uint16) * 257
    assert noise.estimate(sixteen) == noise.estimate(eight) == noise.estimate((eight / 255).astype(np.float32))


def test_drawings_are_clean() -> None:
    page = Image.new("L", (400, 300), 255)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(14)
    for line in range(15):
        draw.text((5, 4 + 20 * line), "The quick brown fox jumps over the lazy dog 0123456789", font=font, fill=20)
    assert noise.estimate(np.asarray(page)) == 0
    logo = Image.new("RGB", (300, 200), (40, 90, 160))
    draw = ImageDraw.Draw(logo)
    draw.ellipse((60, 30, 170, 150), fill=(230, 200, 40))
    draw.text((100, 60), "Logo", font=ImageFont.load_default(70), fill=(250, 250, 250))
    assert noise.estimate(np.asarray(logo)) == 0


def test_what_is_clipped_is_left_out() -> None:
    """A dark noisy picture with a blown-out sky: the sky does not hide the noise."""
    pixels = noisy(12)
    pixels[:200] = 255
    assert noise.grain(pixels) == pytest.approx(12, rel=0.25)


@pytest.mark.parametrize("shape", [(1, 1), (7, 9), (8, 8, 3), (200, 3, 3), (3, 900)])
def test_pictures_that_are_too_small_tell_nothing(shape: tuple[int, ...]) -> None:
    assert noise.estimate(np.random.default_rng(1).integers(0, 255, shape, np.uint8)) == 0


def test_a_jpeg_counts_by_its_quality() -> None:
    levels = [noise.estimate(noisy(0), jpeg_quality=quality) for quality in (100, 95, 80, 60, 40, 10)]
    assert levels[0] == 0
    assert levels == sorted(levels)
    assert 2 < levels[1] < 4 < levels[2] < 8 < levels[3] < 12 < levels[-1] < 25
    assert noise.estimate(noisy(25), jpeg_quality=95) == noise.estimate(noisy(25))


def test_the_whole_picture_is_looked_at_not_only_its_top() -> None:
    tall = np.concatenate([noisy(0)] + [noisy(15, seed=seed) for seed in range(12)])
    assert noise.grain(np.concatenate([tall, tall, tall], axis=1)) == pytest.approx(15, rel=0.25)
