"""How many headers of raster files are read in a second, and how long ExifTool takes for the same folder."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from makeready import raster
from makeready.testing.icc import press_profile, srgb_profile
from makeready.testing.pictures import image

_FILES = 300
_WIDTH, _HEIGHT = 800, 600


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a shop receives it: photographs, scans, logos, screenshots; ten kinds, thirty of each."""
    path = tmp_path_factory.mktemp("rasters")
    rgb, cmyk, clear = (image(_WIDTH, _HEIGHT, mode) for mode in ("RGB", "CMYK", "RGBA"))
    screen, press = srgb_profile(), press_profile()
    for number in range(_FILES // 10):
        stem = path / f"{number:02}"
        rgb.copy().save(f"{stem}-photo.jpg", quality=90, dpi=(300, 300), icc_profile=screen)
        cmyk.copy().save(f"{stem}-separated.jpg", quality=90, dpi=(300, 300), icc_profile=press)
        clear.copy().save(f"{stem}-logo.png", compress_level=1, dpi=(300, 300))
        rgb.quantize(64).save(f"{stem}-screen.png", compress_level=1)
        rgb.copy().save(f"{stem}-scan.tif", compression="tiff_lzw", dpi=(300, 300), icc_profile=screen)
        cmyk.copy().save(f"{stem}-separated.tif", dpi=(300, 300), icc_profile=press)
        rgb.convert("1").save(f"{stem}-line-art.tif", compression="group4", dpi=(1200, 1200))
        rgb.copy().save(f"{stem}-web.webp", method=0, icc_profile=screen)
        rgb.quantize(64).save(f"{stem}-banner.gif")
        rgb.copy().save(f"{stem}-office.bmp", dpi=(96, 96))
    return path


def _exiftool(folder: Path) -> float | None:
    """Seconds that ExifTool takes, the median of three; ``None`` when it is not installed."""
    program = shutil.which("exiftool")
    if program is None:
        return None
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([program, "-r", "-j", str(folder)], check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def test_headers_of_a_folder(benchmark: Any, folder: Path) -> None:
    paths = sorted(folder.iterdir())
    assert len(paths) == _FILES

    def read_all() -> int:
        return sum(raster.read(path).width_px for path in paths)

    assert benchmark.pedantic(read_all, rounds=10, warmup_rounds=1) == _WIDTH * _FILES
    if benchmark.stats is None:  # run without timing
        return
    seconds = benchmark.stats.stats.median
    benchmark.extra_info["files_per_second"] = round(_FILES / seconds)
    theirs = _exiftool(folder)
    if theirs is not None:
        benchmark.extra_info["exiftool_seconds"] = round(theirs, 3)
        benchmark.extra_info["times_faster_than_exiftool"] = round(theirs / seconds, 1)
    print("\n" + ", ".join(f"{name}: {value}" for name, value in benchmark.extra_info.items()))
