"""The example's way to enlarge pictures keeps the contract, and is found by its name."""

from __future__ import annotations

import numpy as np
from makeready_example.upscalers import repeat

import makeready
from makeready.testing.upscalers import assert_upscaler_contract


def test_it_keeps_the_contract():
    assert_upscaler_contract(repeat)


def test_it_is_found_by_its_name_and_does_what_it_says():
    picture = np.random.default_rng(3).integers(0, 256, (20, 30, 3), np.uint8)
    assert (makeready.upscale(picture, scale=3, model="example-repeat") == picture.repeat(3, 0).repeat(3, 1)).all()
