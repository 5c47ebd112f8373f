"""What enlarges pictures against others: the same pictures, the same machine, one run.

Lanczos against Pillow and libvips for its speed; all models against Pillow's and OpenCV's Lanczos for how near they
come to photographs that were made small, with and without noise; and the memory that they take.

libvips enlarges with another kernel (bicubic) whatever it is asked for; it is here for its speed. Run with
``pytest benchmarks/test_upscale.py --benchmark-only -s``.
"""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import pyvips
from photographs import photographs
from PIL import Image

import makeready
from makeready import upscale
from makeready.errors import MissingDependency
from makeready.models import session
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


def psnr(made: np.ndarray, truth: np.ndarray, edge: int) -> float:
    """Of the light (ITU-R BT.601), in decibels, without the edges."""
    inside = np.s_[edge:-edge, edge:-edge]
    made, truth = (pixels[inside].astype(float) @ (0.299, 0.587, 0.114) for pixels in (made, truth))
    return float(10 * np.log10(255**2 / np.mean((made - truth) ** 2)))


def ssim(made: np.ndarray, truth: np.ndarray, edge: int) -> float:
    """Of the light (Wang et al. 2004): windows of a bell of 1.5 pixels."""
    from scipy.ndimage import gaussian_filter

    inside = np.s_[edge:-edge, edge:-edge]
    one, other = (pixels[inside].astype(float) @ (0.299, 0.587, 0.114) for pixels in (made, truth))

    def mean(values: np.ndarray) -> np.ndarray:
        return gaussian_filter(values, 1.5, truncate=3.5)

    mean_one, mean_other = mean(one), mean(other)
    spread_one, spread_other = mean(one * one) - mean_one**2, mean(other * other) - mean_other**2
    together = mean(one * other) - mean_one * mean_other
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    alike = (2 * mean_one * mean_other + c1) * (2 * together + c2)
    return float((alike / ((mean_one**2 + mean_other**2 + c1) * (spread_one + spread_other + c2))).mean())


def peers(scale: int, provider: str) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """What enlarges here and elsewhere; OpenCV where it is installed, models where their weights are."""
    found: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "Pillow Lanczos": lambda small: np.asarray(
            Image.fromarray(small).resize((small.shape[1] * scale, small.shape[0] * scale), Image.Resampling.LANCZOS)
        )
    }
    try:
        import cv2
    except ImportError:
        print("\nOpenCV is not installed: left out")
    else:
        found["OpenCV Lanczos4"] = lambda small: cv2.resize(
            small, None, fx=scale, fy=scale, interpolation=cv2.INTER_LANCZOS4
        )
    models = ["lanczos", "backprojection"]
    for name in ("waifu2x", "srmd", "realesrgan"):
        try:
            upscale.require(name, factor=scale)
        except MissingDependency as error:
            print(f"\n{error} Left out.")
        else:
            models += [name] if name != "realesrgan" or scale == 4 else []
    for name in models:
        found[name] = partial(makeready.upscale, scale=scale, model=name, noise=0, provider=provider)
    return found


@pytest.mark.parametrize("provider", ["cpu", "openvino"])
@pytest.mark.parametrize("how", ["bicubic", "box"])
@pytest.mark.parametrize("scale", [2, 4])
def test_photographs_made_small_and_large_again(benchmark: Any, scale: int, how: str, provider: str) -> None:
    """Nearness to the truth, and seconds a megapixel of the result, of all in the same run."""
    ready = {one.name: one for one in session.providers()}[provider]
    if not ready.ready:
        pytest.skip(f"{ready.title}: {ready.why}")
    reduce = {"bicubic": Image.Resampling.BICUBIC, "box": Image.Resampling.BOX}[how]
    known = photographs(480)
    pairs = [
        (np.asarray(Image.fromarray(truth).resize((truth.shape[1] // scale, truth.shape[0] // scale), reduce)), truth)
        for truth in known.values()
    ]
    megapixels = sum(truth.shape[0] * truth.shape[1] for _, truth in pairs) / 1e6
    rows = {}
    for name, run in peers(scale, provider).items():
        run(pairs[0][0])  # what is opened once is not measured
        start = time.perf_counter()
        made = [run(small) for small, _ in pairs]
        seconds = (time.perf_counter() - start) / megapixels
        near = [(psnr(one, truth, scale), ssim(one, truth, scale)) for one, (_, truth) in zip(made, pairs, strict=True)]
        rows[name] = (*np.mean(near, axis=0), seconds)
    benchmark.pedantic(lambda: None, rounds=1)
    benchmark.extra_info |= {name: row[0] for name, row in rows.items()}
    print(f"\n×{scale}, {len(pairs)} photographs reduced by {how}, {ready.title}")
    for name, (decibels, likeness, seconds) in rows.items():
        print(f"  {name:16} {decibels:6.2f} dB  {likeness:.3f}  {seconds:7.3f} s a megapixel")


@pytest.mark.parametrize("damage", ["grain 4", "grain 8", "grain 15", "JPEG 90", "JPEG 75", "JPEG 50"])
def test_noise_that_is_measured_and_removed(benchmark: Any, damage: str) -> None:
    """What ``noise="auto"`` gains on damaged photographs, twice as large."""
    kind, value = damage.split()
    pairs = []
    for truth in photographs(360).values():
        small = Image.fromarray(truth).resize((truth.shape[1] // 2, truth.shape[0] // 2), Image.Resampling.BICUBIC)
        if kind == "JPEG":
            written = io.BytesIO()
            small.save(written, "JPEG", quality=int(value))
            pairs.append((np.asarray(Image.open(written)), truth))
        else:
            grain = np.random.default_rng(1).normal(0, float(value), (*small.size[::-1], 3))
            pairs.append((np.clip(np.round(np.asarray(small) + grain), 0, 255).astype(np.uint8), truth))
    quality = int(value) if kind == "JPEG" else None
    for name, run in peers(2, "auto").items():
        plain = np.mean([psnr(run(small), truth, 2) for small, truth in pairs])
        said = f"{plain:.2f} dB"
        if name in ("waifu2x", "srmd"):
            removed = [run(small, noise="auto", jpeg_quality=quality) for small, _ in pairs]  # type: ignore[call-arg]
            better = np.mean([psnr(one, truth, 2) for one, (_, truth) in zip(removed, pairs, strict=True)])
            said += f", with noise removed {better:.2f} dB"
        print(f"\n  {damage}, {name}: {said}", end="")
    benchmark.pedantic(lambda: None, rounds=1)


@pytest.mark.parametrize("model", ["lanczos", "backprojection", "waifu2x", "srmd"])
def test_memory_of_a_wide_picture(benchmark: Any, model: str) -> None:
    """Rows of a picture of 6000 pixels across made four times as large: memory depends on the width alone."""
    source = (
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from makeready import upscale\n"
        "from makeready.testing import pictures\n"
        "rows = np.tile((pictures.landscape(600, 256) * 255).astype(np.uint8), (1, 10, 1))\n"
        "read = lambda first, last: rows[np.arange(first, last) % 256]\n"
        f"made = upscale.strips(read, 6000, 256, 24000, 1024, channels=3, dtype='uint8', model={model!r}, noise=0)\n"
        "rows = sum(len(strip) for strip in made)\n"
        # The peak that the system counts for a child starts with its parent's.
        "print(rows, Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
    )
    done = benchmark.pedantic(
        lambda: subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False), rounds=1
    )
    if done.returncode:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    rows, kilobytes = map(int, done.stdout.split())
    assert rows == 1024
    benchmark.extra_info["megabytes"] = kilobytes // 1024
    print(f"\n{model}: {kilobytes // 1024} MB at most")
