"""A full check (every check there is, ink and bleed rendered) against its peers, and what it grows with.

``MAKEREADY_SAMPLES`` names a folder of PDFs to take in place of the demo's; ``PROOF_PDF`` the peer's program where
it is not on the path.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from artwork import catalogue, city_map
from measuring import median, program

EVERYTHING = ("--only", "*", "--format", "ndjson")


def _check(*paths: Path) -> list[str]:
    return [sys.executable, "-m", "makeready", "check", *map(str, paths), *EVERYTHING]


def _quietly(*command: str) -> None:
    subprocess.run(command, capture_output=True, check=False)


def _peers(paths: list[Path], tmp: Path) -> dict[str, Callable[[], None]]:
    def chain() -> None:
        for path in paths:
            _quietly("pdfimages", "-list", str(path))
            _quietly("pdffonts", str(path))
            _quietly("pdfinfo", "-box", "-f", "1", "-l", "99999", str(path))

    def tiffsep() -> None:
        for path in paths:
            out = f"-sOutputFile={tmp}/%d.tif"
            _quietly("gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=tiffsep", "-r72", out, str(path))

    def proof_pdf() -> None:
        for path in paths:
            _quietly(os.environ.get("PROOF_PDF", "proof-pdf"), "verify", "--no-pdfa", str(path))

    return {"poppler chain": chain, "gs tiffsep 72 dpi": tiffsep, "proof-pdf": proof_pdf}


def test_a_full_check_against_peers(benchmark: Any, folder: Path, tmp_path: Path) -> None:
    """Whole processes all; files a second, and how many times a peer's time ours is."""
    for name in ("pdfimages", "gs"):
        program(name)
    paths = sorted(Path(os.environ.get("MAKEREADY_SAMPLES", folder)).glob("*.pdf"))
    benchmark.pedantic(lambda: _quietly(*_check(*paths)), rounds=3, warmup_rounds=1)
    mine = statistics.median(benchmark.stats.stats.data)
    print(f"\n{len(paths)} PDFs: makeready {mine:.2f} s, {len(paths) / mine:.1f} files/s")
    for name, run in _peers(paths, tmp_path).items():
        if name == "proof-pdf" and not (os.environ.get("PROOF_PDF") or shutil.which("proof-pdf")):
            print("  proof-pdf is not installed")
            continue
        theirs = median(run, 3)
        benchmark.extra_info[name] = round(theirs / mine, 2)
        print(f"  {name}: {theirs:.2f} s, {len(paths) / theirs:.1f} files/s, {theirs / mine:.2f} times as long")


@pytest.mark.parametrize("pages", [10, 100, 1000])
def test_cost_against_pages(benchmark: Any, tmp_path: Path, pages: int) -> None:
    path = catalogue(tmp_path / "catalogue.pdf", pages)
    benchmark.pedantic(lambda: _quietly(*_check(path)), rounds=1)
    taken = statistics.median(benchmark.stats.stats.data)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    print(f"\n{pages} pages: {taken:.2f} s, {taken / pages * 1e3:.1f} ms a page, at most {most:.0f} MB")


@pytest.mark.parametrize("objects", [2_000, 20_000, 200_000])
def test_cost_against_objects(benchmark: Any, tmp_path: Path, objects: int) -> None:
    path = city_map(tmp_path / "map.pdf", objects)
    benchmark.pedantic(lambda: _quietly(*_check(path)), rounds=1)
    taken = statistics.median(benchmark.stats.stats.data)
    print(f"\n{objects} objects: {taken:.2f} s, {taken / objects * 1e6:.1f} µs an object")
