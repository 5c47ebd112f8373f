"""The networks themselves, where their weights are installed: better than Lanczos, without seams, true to tones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import makeready
from makeready.testing import pictures
from makeready.upscale import lanczos
from makeready.upscale.catalogue import catalogue
from makeready.upscale.upscaler import Upscaler
from models.weights import real

MODELS = ("waifu2x", "srmd")


def scene(width: int, height: int) -> np.ndarray:
    """Soft and hard edges, as they are in a photograph: a landscape and dark branches before it."""
    large = pictures.landscape(width * 2, height * 2, grain=0)
    down, across = np.mgrid[: height * 2, : width * 2]
    for start in range(0, width * 2, 37):
        large[np.abs(across - start - 0.4 * down) < 3] = (0.12, 0.09, 0.07)
    return (lanczos.resize(large.astype(np.float32), width, height) * 255).round().astype(np.uint8)


def psnr(made: np.ndarray, truth: np.ndarray) -> float:
    edge = slice(8, -8)
    return float(-10 * np.log10(np.mean(((made - truth.astype(float))[edge, edge] / 255) ** 2)))


@pytest.mark.parametrize(("model", "scale"), [("waifu2x", 2), ("srmd", 2), ("srmd", 3), ("srmd", 4), ("waifu2x", 3)])
def test_they_are_nearer_to_the_truth_than_lanczos(model: str, scale: int) -> None:
    real(model)
    truth = scene(180, 120)
    small = lanczos.resize(truth, 180 // scale, 120 // scale)
    made = makeready.upscale(small, scale, model=model, noise=0)
    assert psnr(made, truth) > psnr(makeready.upscale(small, scale), truth) + 1
    assert np.abs(made.mean(axis=(0, 1)) - small.mean(axis=(0, 1))).max() < 1


@pytest.mark.parametrize("model", MODELS)
def test_tiles_do_not_show(model: str, offer: Callable[[Upscaler], None]) -> None:
    """The picture in many tiles is the picture in one: to a level where the engine takes the same arithmetic."""

    real(model)
    ours = catalogue()[model]
    scale = ours.scales[0]
    small = replace(ours, name="small", tile=40)
    whole = replace(ours, name="whole", tile=400)
    for upscaler in (small, whole):
        offer(upscaler)
    pixels = scene(110, 90)
    made = {
        one.name: makeready.upscale(pixels, scale, model=one.name, noise=0, provider="cpu").astype(int)
        for one in (small, whole)
    }
    assert np.abs(made["small"] - made["whole"]).max() <= 1


def test_the_feather_hides_the_seams_of_real_esrgan() -> None:
    """Steps from pixel to pixel are no larger where tiles meet than elsewhere."""
    real("realesrgan")
    ours = catalogue()["realesrgan"]
    pixels = (pictures.landscape(200, 32, grain=0.03) * 255).astype(np.uint8)
    made = makeready.upscale(pixels, 4, model="realesrgan").astype(float)
    plain = lanczos.resize(pixels, 800, 128).astype(float)
    steps = np.abs(np.diff(made - plain, axis=1)).mean(axis=(0, 2))
    count = -(-200 // ours.tile)
    assert count > 1
    meet = -(-200 // count) * 4
    near = steps[meet - 2 : meet + 2].mean()
    assert near < np.quantile(steps, 0.98)


@pytest.mark.parametrize("model", MODELS)
def test_noise_is_removed_where_there_is_some(model: str) -> None:
    real(model)
    truth = scene(240, 160)
    small = lanczos.resize(truth, 120, 80).astype(float)
    rough = np.clip(small + np.random.default_rng(3).normal(0, 14, small.shape), 0, 255).astype(np.uint8)
    made = {noise: makeready.upscale(rough, 2, model=model, noise=noise) for noise in (0, "auto")}
    assert psnr(made["auto"], truth) > psnr(made[0], truth) + 1.5


def test_white_paper_and_black_type_in_cmyk() -> None:
    real("srmd")
    cmyk = np.zeros((40, 60, 4), np.uint8)
    cmyk[10:14, 10:50, 3] = 255
    cmyk[20:34, 10:50, :3] = (200, 30, 10)
    made = makeready.upscale(cmyk, 4, model="srmd", colour="cmyk", noise=0)
    type_area, patch = made[20:70, :], made[88:128, 48:192]
    assert not type_area[:40, :, :3].any()
    assert not patch[..., 3].any()
    assert np.abs(patch[16:-16, 16:-16, :3].astype(int) - (200, 30, 10)).max() <= 2
    assert not made[:, 208:].any()  # paper


def test_noise_chooses_the_network() -> None:
    known = catalogue()
    assert known["srmd"].weights(4, 0) == "srmdnf-x4"
    assert known["srmd"].weights(3, 6) == "srmd-x3"
    assert known["waifu2x"].weights(2, 0) == "waifu2x-photo"
    names = [known["waifu2x"].weights(2, level) for level in range(60)]
    assert list(dict.fromkeys(names)) == ["waifu2x-photo", *(f"waifu2x-photo-noise{at}" for at in (0, 1, 3))]
