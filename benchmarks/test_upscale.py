"""Lanczos against Pillow and libvips: the same picture, the same machine, one run.

libvips enlarges with another kernel (bicubic) whatever it is asked for; it is here for its speed. Run with
``pytest benchmarks/test_upscale.py --benchmark-only -s``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image

from makeready.testing import pictures
from makeready.upscale import lanczos

WIDTH, HEIGHT = 3000, 2000
ROUNDS = 5


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    """Six megapixels."""
    return (pictures.landscape(WIDTH, HEIGHT) * 255).astype(np.uint8)


def best(*runs: Callable[[], object]) -> list[tuple[float, float]]:
    """The least seconds that each takes, by the clock and of all processors; they take turns."""
    taken: list[list[tuple[float, float]]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for run, times in zip(runs, taken, strict=True):
            clock, work = time.perf_counter(), time.process_time()
            run()
            times.append((time.perf_counter() - clock, time.process_time() - work))
    return [(min(clock for clock, _ in times), min(work for _, work in times)) for times in taken]


@pytest.mark.parametrize("scale", [2, 4])
def test_enlarging(benchmark: Any, photograph: np.ndarray, scale: int) -> None:
    width, height = WIDTH * scale, HEIGHT * scale
    plain, piped = Image.fromarray(photograph), pyvips.Image.new_from_array(photograph)

    def ours() -> object:
        return lanczos.resize(photograph, width, height)

    def pillow() -> object:
        return np.asarray(plain.resize((width, height), Image.Resampling.LANCZOS))

    def vips() -> object:
        return piped.resize(scale, kernel="lanczos3").numpy()

    benchmark.pedantic(ours, rounds=3, warmup_rounds=1)
    (clock, work), (pillow_clock, pillow_work), (vips_clock, vips_work) = best(ours, pillow, vips)
    benchmark.extra_info |= {"pillow": pillow_clock / clock, "libvips": vips_clock / clock}
    print(
        f"\n×{scale}: {clock:.2f} s ({work:.2f} s of processors); Pillow {pillow_clock:.2f} s ({pillow_work:.2f}), "
        f"{pillow_clock / clock:.1f} times as long; libvips {vips_clock:.2f} s ({vips_work:.2f}), "
        f"{vips_clock / clock:.1f} times as long"
    )


def test_reducing(benchmark: Any, photograph: np.ndarray) -> None:
    width, height = WIDTH * 2 // 5, HEIGHT * 2 // 5
    plain, piped = Image.fromarray(photograph), pyvips.Image.new_from_array(photograph)

    def ours() -> object:
        return lanczos.resize(photograph, width, height)

    def pillow() -> object:
        return np.asarray(plain.resize((width, height), Image.Resampling.LANCZOS))

    def vips() -> object:
        return piped.resize(0.4, kernel="lanczos3").numpy()

    benchmark.pedantic(ours, rounds=3, warmup_rounds=1)
    (clock, work), (pillow_clock, pillow_work), (vips_clock, vips_work) = best(ours, pillow, vips)
    benchmark.extra_info |= {"pillow": pillow_clock / clock, "libvips": vips_clock / clock}
    print(
        f"\n÷2.5: {clock:.3f} s ({work:.3f} s of processors); Pillow {pillow_clock:.3f} s ({pillow_work:.3f}); "
        f"libvips {vips_clock:.3f} s ({vips_work:.3f})"
    )
