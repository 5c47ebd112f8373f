"""Ink of pages against Ghostscript's separations of them, in the same run."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

import makeready
from makeready.pdf.document import Document
from makeready.testing import pdf

PAGES = 40


@pytest.fixture(scope="module")
def brochure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A4 pages with a background, a CMYK picture of 300 ppi, a spot that overprints, and a column of text."""
    builder = pdf("A4", pages=PAGES)
    for number in range(1, PAGES + 1):
        builder.on(number).image(at=("10 mm", "10 mm"), size="90x60mm", seed=number % 5)
        builder.rectangle(at=("110 mm", "10 mm"), colour=("spot", "Gold", 0.6), overprint=True)
        builder.text(f"Page {number} of the brochure\n" * 40, at=("10 mm", "90 mm"))
    return builder.save(tmp_path_factory.mktemp("ink") / "brochure.pdf")


def test_ink_against_tiffsep(benchmark: Any, brochure: Path, tmp_path: Path) -> None:
    """All facts of the file with its ink, and what ink adds to the facts, against `gs -sDEVICE=tiffsep -r72`."""
    program = shutil.which("gs")
    if program is None:
        pytest.skip("gs is not installed, and the ratio is what is measured")

    def gather(*needs: str) -> int:
        with Document(brochure) as document:
            return len(document.artwork(needs=needs).ink_coverage)

    def seconds(run: Any) -> float:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    assert benchmark.pedantic(lambda: gather("ink"), rounds=5, warmup_rounds=1) == PAGES
    command = [program, "-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=tiffsep", "-r72"]
    output = f"-sOutputFile={tmp_path / 'page%d.tif'}"
    theirs = statistics.median(seconds(lambda: subprocess.run([*command, output, brochure], check=True)) for _ in "123")
    whole = statistics.median(benchmark.stats.stats.data)
    added = max(1e-9, whole - statistics.median(seconds(gather) for _ in range(5)))
    assert makeready.inspect(brochure, needs=("ink",)).facts is not None
    benchmark.extra_info.update(
        pages_per_second=round(PAGES / added), gs=round(PAGES / theirs, 1), ratio=theirs / added
    )
    print(
        f"\n{PAGES} pages: ink {PAGES / added:.0f} pages/s, all facts with ink {PAGES / whole:.0f} pages/s, "
        f"tiffsep {PAGES / theirs:.1f} pages/s: {theirs / added:.1f} times as fast, {theirs / whole:.1f} with all facts"
    )
