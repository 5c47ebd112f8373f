"""The library's call."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import makeready
from makeready.errors import UsageError
from makeready.testing import pictures


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_picture_becomes_four_times_as_large(dtype: str) -> None:
    top = 1 if dtype == "float32" else np.iinfo(dtype).max
    rgb = (pictures.landscape(60, 40) * top).astype(dtype)
    large = makeready.upscale(rgb, scale=4, model="lanczos")
    assert (large.shape, large.dtype) == ((160, 240, 3), dtype)
    # The same picture: its blocks of 4 × 4 average to the pixels it was made of.
    blocks = large.reshape(40, 4, 60, 4, 3).mean(axis=(1, 3))
    assert np.abs(blocks - rgb).mean() < 0.02 * top


def test_another_scale_rounds_to_whole_pixels() -> None:
    assert makeready.upscale(np.zeros((10, 21), np.uint8), 1.5).shape == (15, 32)


def test_an_unknown_model_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="lancsoz") as failure:
        makeready.upscale(np.zeros((4, 4, 3), np.uint8), model="lancsoz")
    assert "lanczos" in str(failure.value.hint)


@pytest.mark.parametrize("scale", [0.5, 0, -1, float("nan")])
def test_smaller_is_no_upscaling(scale: float) -> None:
    with pytest.raises(UsageError, match="upscaled"):
        makeready.upscale(np.zeros((4, 4, 3), np.uint8), scale)


def test_the_call_and_the_package_do_not_hide_each_other() -> None:
    source = (
        "import makeready, numpy; from makeready.upscale import lanczos; import makeready.upscale.lanczos;"
        "print(makeready.upscale(numpy.zeros((2, 3), 'uint8'), 2).shape)"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(4, 6)"
