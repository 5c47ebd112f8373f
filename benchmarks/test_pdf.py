"""The PDF pass against its peers, in the same run: the poppler chain, ``mutool trace``, and itself on 1,000 pages."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from artwork import OBJECTS, PAGES
from measuring import median, program

import makeready


def test_a_folder_against_the_poppler_chain(benchmark: Any, folder: Path) -> None:
    """`makeready inspect FOLDER` and pdfimages + pdffonts + pdfinfo, file by file: whole processes both."""
    images, fonts, info = program("pdfimages"), program("pdffonts"), program("pdfinfo")
    paths = sorted(folder.glob("*.pdf"))

    def chain() -> None:
        for path in paths:
            for command in ([images, "-list"], [fonts], [info, "-box", "-f", "1", "-l", "99999"]):
                subprocess.run([*command, str(path)], capture_output=True, check=False)

    def ours() -> None:
        command = [sys.executable, "-m", "makeready", "inspect", str(folder), "--format", "ndjson"]
        subprocess.run(command, capture_output=True, check=False)

    benchmark.pedantic(ours, rounds=5, warmup_rounds=1)
    peer, mine = median(chain), statistics.median(benchmark.stats.stats.data)
    benchmark.extra_info.update(files=len(paths), chain_seconds=round(peer, 3), ratio=round(mine / peer, 2))
    print(f"\n{len(paths)} PDFs: makeready {mine:.2f} s, poppler chain {peer:.2f} s, ratio {mine / peer:.2f}")


def test_a_crowded_page_against_mutool_trace(benchmark: Any, crowded: Path) -> None:
    """Facts of 20,000 objects, and MuPDF's own trace of them in C, printed to nowhere."""
    mutool = program("mutool")
    report = benchmark.pedantic(lambda: makeready.inspect(crowded), rounds=7, warmup_rounds=1)
    assert sum(paint.count for paint in report.facts.paints) >= OBJECTS
    peer = median(lambda: subprocess.run([mutool, "trace", str(crowded)], stdout=subprocess.DEVNULL, check=True), 7)
    mine = statistics.median(benchmark.stats.stats.data)
    benchmark.extra_info.update(mutool_seconds=round(peer, 3), ratio=round(mine / peer, 2))
    print(f"\n{OBJECTS} objects: makeready {mine:.3f} s, mutool trace {peer:.3f} s, ratio {mine / peer:.2f}")


def test_memory_over_a_thousand_pages(benchmark: Any, thick: Path) -> None:
    """Resident memory at page 100 and at page 1,000; what grows is the facts themselves."""
    seen: dict[int, float] = {}

    def progress(done: int, total: int) -> None:
        if done in (100, total):
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            seen[done] = pages * 4096 / 1e6

    benchmark.pedantic(lambda: makeready.inspect(thick, progress=progress), rounds=1)
    benchmark.extra_info.update(mb_at_100=round(seen[100]), mb_at_1000=round(seen[PAGES]))
    print(f"\n{PAGES} pages: {seen[100]:.0f} MB at page 100, {seen[PAGES]:.0f} MB at page {PAGES}")


def test_the_start(benchmark: Any) -> None:
    """`makeready --version`, a whole process."""
    command = [sys.executable, "-m", "makeready", "--version"]
    benchmark.pedantic(lambda: subprocess.run(command, check=True, capture_output=True), rounds=10, warmup_rounds=2)
    print(f"\nmakeready --version: {statistics.median(benchmark.stats.stats.data):.3f} s")
