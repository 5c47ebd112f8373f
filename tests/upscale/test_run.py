"""Whole runs: sizes, kinds of number, colours, opacity, strips, with networks that are plain arithmetic."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

import makeready
from makeready import upscale
from makeready.errors import UsageError
from makeready.testing import pictures
from makeready.upscale import backprojection, lanczos
from makeready.upscale.upscaler import Upscaler
from upscale.made_up import blocks, blurring, declare

Offer = Callable[[Upscaler], None]
COLOURS = {"gray": 1, "rgb": 3, "cmyk": 4, "lab": 3}


def photograph(width: int, height: int, channels: int = 3, dtype: str = "uint8") -> np.ndarray:
    values = pictures.landscape(width, height)
    values = np.concatenate([values, values[::-1]], axis=2)[..., :channels]
    top = 1 if dtype == "float32" else np.iinfo(dtype).max
    return (values * top).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("colour", COLOURS)
def test_every_kind_of_picture_comes_back_as_it_was(offer: Offer, colour: str, alpha: bool, dtype: str) -> None:
    """A network that makes blocks: reduced again, the result is the source, to the last bit of its numbers."""
    offer(declare(blocks(2)))
    pixels = photograph(50, 40, COLOURS[colour] + alpha, dtype)
    if alpha:
        pixels[..., -1] = 1 if dtype == "float32" else np.iinfo(dtype).max
        pixels[:10, :10, -1] = 0
    made = makeready.upscale(pixels, 2, model="made-up", colour=colour, alpha=alpha)
    assert (made.shape, made.dtype) == ((80, 100, pixels.shape[2]), pixels.dtype)
    seen = np.ones((40, 50), bool) if not alpha else pixels[..., -1] > 0
    exact = 1e-6 if dtype == "float32" else 1
    again = made.astype(np.float64).reshape(40, 2, 50, 2, -1).mean(axis=(1, 3))
    only_resampled = colour == "lab"
    for channel in range(pixels.shape[2]):
        if only_resampled and channel in (1, 2):
            continue
        assert np.abs(again[..., channel] - pixels[..., channel].astype(np.float64))[seen].max() <= exact
    if only_resampled:
        plain = lanczos.resize(pixels[..., 1:3], 100, 80)
        inside = slice(48, -8)  # away from what is clear
        np.testing.assert_allclose(made[inside, inside, 1:3], plain[inside, inside], atol=exact)


@pytest.mark.parametrize("to", [(100, 80), (60, 48), (133, 107), (200, 160), (75, 80), (51, 40), (50, 40), (20, 30)])
@pytest.mark.parametrize("model", ["made-up", "backprojection"])
def test_any_size_is_reached(offer: Offer, model: str, to: tuple[int, int]) -> None:
    offer(blurring(reach=1))
    pixels = photograph(50, 40)
    made = makeready.upscale(pixels, model=model, to=to)
    assert made.shape == (to[1], to[0], 3)
    assert np.abs(made.astype(int) - lanczos.resize(pixels, *to)).mean() < 16


@pytest.mark.parametrize("model", ["made-up", "backprojection", "lanczos"])
@pytest.mark.parametrize("alpha", [False, True])
def test_strips_are_the_same_and_read_each_row_once(offer: Offer, model: str, alpha: bool) -> None:
    offer(blurring(tile=24))
    pixels = photograph(90, 300, 4)
    asked: list[tuple[int, int]] = []

    def read(first: int, last: int) -> np.ndarray:
        asked.append((first, last))
        return pixels[first:last].reshape(-1)  # files give lines of bytes

    made = upscale.strips(
        read, 90, 300, 225, 750, channels=4, dtype="uint8", alpha=alpha, colour="rgb" if alpha else "cmyk", model=model
    )
    strips = list(made)
    assert len(strips) > 1
    np.testing.assert_array_equal(np.concatenate(strips), makeready.upscale(pixels, 2.5, model=model, alpha=alpha))
    assert asked[0][0] == 0
    assert asked[-1][1] == 300
    assert all(one[1] == other[0] for one, other in pairwise(asked))


@pytest.mark.parametrize("model", ["made-up", "backprojection", "lanczos"])
def test_progress_is_a_share_and_what_it_raises_stops_the_work(offer: Offer, model: str) -> None:
    offer(blurring(tile=24))
    pixels = photograph(90, 300)
    told: list[float] = []
    makeready.upscale(pixels, 3, model=model, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)
    assert len(told) > 3

    class Enough(Exception):
        pass

    def stop(share: float) -> None:
        raise Enough

    with pytest.raises(Enough):
        makeready.upscale(pixels, 3, model=model, progress=stop)


def test_tones_are_those_of_the_source_whatever_the_network_does_to_them(offer: Offer) -> None:
    offer(declare(lambda pixels: blocks(2)(pixels * 0.97 + 0.01)))
    pixels = photograph(120, 90)
    made = makeready.upscale(pixels, 2, model="made-up").astype(float)
    assert np.abs(made.mean(axis=(0, 1)) - pixels.mean(axis=(0, 1))).max() < 0.1
    again = made.reshape(90, 2, 120, 2, 3).mean(axis=(1, 3))
    assert np.abs(again - pixels).mean() < 0.5


def test_paper_stays_paper_and_black_type_stays_black_alone(offer: Offer) -> None:
    """A network that adds a little everywhere: no ink may come of it where there is none."""
    offer(declare(lambda pixels: blocks(2)(pixels - 0.02)))
    cmyk = np.zeros((60, 80, 4), np.uint8)
    cmyk[20:30, 20:60, 3] = 255  # type
    made = makeready.upscale(cmyk, 2, model="made-up", colour="cmyk")
    assert not made[..., :3].any()
    far = np.ones((60, 80), bool)
    far[20 - 4 : 30 + 4, 20 - 4 : 60 + 4] = False
    assert not made[far.repeat(2, axis=0).repeat(2, axis=1)].any()
    assert (made[2 * 24 : 2 * 26, 2 * 24 : 2 * 56, 3] == 255).all()


def test_neutral_pictures_stay_neutral(offer: Offer) -> None:
    offer(declare(lambda pixels: blocks(2)(pixels) * np.array([1, 0.96, 1.02], np.float32)))
    gray = photograph(80, 60, 1).repeat(3, axis=2)
    made = makeready.upscale(gray, 2, model="made-up")
    assert (made == made[..., :1]).all()


def test_gray_is_one_channel_of_what_the_network_makes_of_three(offer: Offer) -> None:
    offer(blurring())
    gray = photograph(60, 50, 1)
    three = makeready.upscale(gray.repeat(3, axis=2), 2, model="made-up")
    one = makeready.upscale(gray[..., 0], 2, model="made-up")
    assert one.shape == three.shape[:2]
    assert np.abs(one.astype(int) - three[..., 0]).max() <= 1


def test_further_inks_go_along(offer: Offer) -> None:
    offer(blurring())
    inks = photograph(60, 50, 6)
    made = makeready.upscale(inks, 2, model="made-up", colour="cmyk")
    alone = makeready.upscale(255 - inks[..., 5], 2, model="made-up", colour="gray")
    assert np.abs(made[..., 5].astype(int) - (255 - alone.astype(int))).max() <= 1


@pytest.mark.parametrize(
    ("shape", "given"),
    [
        ((4, 4, 3), {"colour": "gray"}),
        ((4, 4, 3), {"colour": "cmyk"}),
        ((4, 4, 4), {"colour": "rgb"}),
        ((4, 4, 4), {"colour": "cmyk", "alpha": True}),
        ((4, 4, 3), {"colour": "rgbb"}),
        ((4, 4, 2), {}),
        ((4,), {}),
        ((4, 4, 3), {"noise": -1}),
        ((4, 4, 3), {"noise": "lots"}),
        ((4, 4, 3), {"style": "pretty"}),
        ((4, 4, 3), {"to": (0, 4)}),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_way_out(
    offer: Offer, shape: tuple[int, ...], given: dict[str, object]
) -> None:
    offer(blurring())
    with pytest.raises(UsageError) as failure:
        makeready.upscale(np.zeros(shape, np.uint8), 2, model="made-up", **given)
    assert failure.value.hint


def test_back_projection_is_the_loop_it_stands_for() -> None:
    """Against the loop as it is written in books: enlarge, reduce, add what is lacking, again and again."""
    line = pictures.landscape(64, 1)[0, :, :1] * 0.5 + 0.25
    up = backprojection._weights(64, 128, backprojection._lanczos, 3)
    down = backprojection._weights(128, 64, backprojection._bicubic, 2)
    expected = up @ line
    for _ in range(backprojection.TURNS):
        expected = expected + up @ (line - down @ expected)
    # Each row the same: down the picture, the filter finds nothing to do.
    pixels = line.reshape(1, 64, 1).repeat(64, axis=0)
    sharp = np.concatenate(list(backprojection.sharpened(lambda first, last: pixels[first:last], 64, 2)))
    inside = slice(2 * backprojection.REACH, 128 - 2 * backprojection.REACH)
    made = lanczos.resize(sharp, 128, 128)[64]
    assert np.abs(made - lanczos.resize(pixels, 128, 128)[64])[inside].max() > 0.004  # it does something
    np.testing.assert_allclose(made[inside], expected[inside], atol=1e-3)


def test_back_projected_pictures_give_the_source_back() -> None:
    pixels = photograph(160, 120, dtype="float32") * 0.5 + 0.25
    lost = {}
    for model in ("lanczos", "backprojection"):
        large = makeready.upscale(pixels, 3, model=model)
        lost[model] = np.abs(lanczos.resize(large, 160, 120) - pixels)[8:-8, 8:-8].mean()
    assert lost["backprojection"] < lost["lanczos"] / 2


def test_opaque_stays_opaque_and_clear_stays_clear(offer: Offer) -> None:
    offer(blurring())
    pixels = photograph(80, 60, 4)
    pixels[..., 3] = 255
    pixels[:30, :, 3] = 0
    made = makeready.upscale(pixels, 3, model="made-up", alpha=True)
    assert (made[3 * 37 :, :, 3] == 255).all()
    assert not made[: 3 * 23, :, 3].any()


@pytest.mark.parametrize("hidden", [(0, 0, 0), (255, 255, 255), (0, 255, 0)])
@pytest.mark.parametrize("model", ["made-up", "backprojection", "lanczos"])
def test_what_lies_under_clear_pixels_leaves_no_fringe(offer: Offer, model: str, hidden: tuple[int, int, int]) -> None:
    """A disc of one colour with soft edges: put on white and on black, it is the disc that was drawn."""
    offer(blurring(reach=3))
    down, across = np.mgrid[:60, :60] - 29.5
    cover = np.clip(20.5 - np.hypot(down, across), 0, 1)
    pixels = np.empty((60, 60, 4), np.uint8)
    pixels[..., :3] = np.where(cover[..., None] > 0, (200, 60, 40), hidden)
    pixels[..., 3] = np.round(cover * 255)
    made = makeready.upscale(pixels, 2, model=model, alpha=True).astype(float)
    seen = made[..., 3:] / 255
    for ground in (0, 255):
        put = made[..., :3] * seen + ground * (1 - seen)
        drawn = np.array([200, 60, 40]) * seen + ground * (1 - seen)
        assert np.abs(put - drawn).max() <= 3


def test_resampling_loads_nothing_that_networks_need() -> None:
    source = (
        "import sys, makeready, numpy; makeready.upscale(numpy.zeros((2, 3), 'uint8'), 2);"
        "makeready.upscale(numpy.zeros((2, 3), 'uint8'), 2, model='backprojection');"
        "heavy = 'onnxruntime', 'onnx', 'openvino', 'scipy', 'makeready.models.onnx', 'makeready.models.manifest';"
        "print([name for name in heavy if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"
