"""The contract that plug-ins are held to: that it finds what is wrong, and that our own networks keep it."""

from __future__ import annotations

import numpy as np
import pytest

from makeready.testing.upscalers import assert_upscaler_contract, upscaler_faults
from makeready.upscale.catalogue import catalogue
from makeready.upscale.upscaler import Upscaler
from models.weights import real
from upscale.made_up import blocks, blurring, declare


@pytest.mark.parametrize(
    "good",
    [
        blurring(reach=1),
        blurring(reach=1, eats=1),
        declare(blocks(3), (3,)),
        declare(blocks(2), multiple_of=8),
        declare(blocks(2), value_range=(-1.0, 1.0)),
    ],
)
def test_networks_that_keep_it(good: Upscaler) -> None:
    assert_upscaler_contract(good)


def restless() -> Upscaler:
    chance = np.random.default_rng(1)
    return declare(lambda pixels: blocks(2)(pixels) + chance.normal(0, 0.01, 3).astype(np.float32))


def meddler(pixels: np.ndarray) -> np.ndarray:
    pixels *= 0.5
    return blocks(2)(pixels * 2)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (declare(blocks(3), (2,)), "is due"),
        (declare(lambda pixels: blocks(2)(pixels)[..., ::-1]), "order of channels"),
        (declare(lambda pixels: blocks(2)(pixels) * np.float32(255)), "order of channels"),
        (declare(lambda pixels: blocks(2)(pixels).astype(np.float64)), "float32"),
        (declare(lambda pixels: blocks(2)(pixels) * np.float32(np.nan)), "no numbers"),
        (restless(), "second time"),
        (declare(meddler), "changes the array"),
        (blurring(reach=6, margin=1), "farther than its margin"),
        (declare(blocks(2), denoises=True), "removes noise"),
        (declare(blocks(2), title=""), "title"),
    ],
)
def test_what_breaks_it_is_named(bad: Upscaler, said: str) -> None:
    assert any(said in fault for fault in upscaler_faults(bad)), list(upscaler_faults(bad))
    with pytest.raises(AssertionError, match=bad.name):
        assert_upscaler_contract(bad)


@pytest.mark.parametrize("name", ["waifu2x", "srmd", "realesrgan"])
def test_our_own_keep_it(name: str) -> None:
    real(name)
    assert_upscaler_contract(catalogue()[name], provider="auto")
