"""The PDF pass against its peers, in the same run: the poppler chain, ``mutool trace``, and itself on 1,000 pages."""

from __future__ import annotations

import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest

import makeready
from makeready.testing import demo

OBJECTS = 20_000
PAGES = 1_000


def _median(run: Callable[[], object], rounds: int = 5) -> float:
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed, and the ratio is what is measured")
    return path


def _document(path: Path, contents: list[list[str]]) -> Path:
    pdf = pikepdf.new()
    font = pdf.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    )
    for number, lines in enumerate(contents):
        pdf.add_blank_page(page_size=(842, 1191))
        page = pdf.pages[-1]
        picture = pdf.make_stream(random.Random(number).randbytes(30_000))  # a different one on each page
        for key, value in {"Type": "/XObject", "Subtype": "/Image", "ColorSpace": "/DeviceGray"}.items():
            picture[f"/{key}"] = pikepdf.Name(value)
        picture["/Width"], picture["/Height"], picture["/BitsPerComponent"] = 200, 150, 8
        page.obj["/Resources"] = pikepdf.Dictionary(
            Font=pikepdf.Dictionary(F0=font), XObject=pikepdf.Dictionary(Im0=picture)
        )
        page.obj["/Contents"] = pdf.make_stream("\n".join(["q 200 0 0 150 50 50 cm /Im0 Do Q", *lines]).encode())
    pdf.save(path)
    return path


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One page like a city map: 20,000 filled shapes, lines and labels in a thousand colours."""
    chance = random.Random(1)
    lines = []
    for number in range(OBJECTS):
        x, y = chance.random() * 800, chance.random() * 1100
        colour = " ".join(f"{chance.random():.1f}" for _ in range(4))
        lines.append(
            (
                f"{colour} k {x:.2f} {y:.2f} 20 10 re f",
                f"{colour} K 0.5 w {x:.2f} {y:.2f} m {x + 30:.2f} {y + 20:.2f} l S",
                f"0 g BT /F0 8 Tf {x:.2f} {y:.2f} Td (Street {number}) Tj ET",
                f"{colour} k {x:.2f} {y:.2f} m {x + 10:.2f} {y + 20:.2f} {x + 20:.2f} {y:.2f} {x + 30:.2f} {y:.2f} c f",
            )[number % 4]
        )
    return _document(tmp_path_factory.mktemp("crowded") / "map.pdf", [lines])


@pytest.fixture(scope="module")
def thick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of 1,000 pages, each with a picture of its own and 60 lines of text."""
    contents = [
        [f"0 g BT /F0 9 Tf 50 {1100 - line * 15} Td (Line {line} of page {page}) Tj ET" for line in range(60)]
        for page in range(PAGES)
    ]
    return _document(tmp_path_factory.mktemp("thick") / "catalogue.pdf", contents)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's PDFs, six times over: jobs as they come in."""
    made = tmp_path_factory.mktemp("demo")
    sources = [path for path in demo.make(made / "once") if path.suffix == ".pdf"]
    jobs = made / "jobs"
    jobs.mkdir()
    for source in sources:
        for copy in range(6):
            shutil.copy(source, jobs / f"{source.stem}-{copy}.pdf")
    return jobs


def test_a_folder_against_the_poppler_chain(benchmark: Any, folder: Path) -> None:
    """`makeready inspect FOLDER` and pdfimages + pdffonts + pdfinfo, file by file: whole processes both."""
    images, fonts, info = _program("pdfimages"), _program("pdffonts"), _program("pdfinfo")
    paths = sorted(folder.glob("*.pdf"))

    def chain() -> None:
        for path in paths:
            for command in ([images, "-list"], [fonts], [info, "-box", "-f", "1", "-l", "99999"]):
                subprocess.run([*command, str(path)], capture_output=True, check=False)

    def ours() -> None:
        command = [sys.executable, "-m", "makeready", "inspect", str(folder), "--format", "ndjson"]
        subprocess.run(command, capture_output=True, check=False)

    benchmark.pedantic(ours, rounds=5, warmup_rounds=1)
    peer, mine = _median(chain), statistics.median(benchmark.stats.stats.data)
    benchmark.extra_info.update(files=len(paths), chain_seconds=round(peer, 3), ratio=round(mine / peer, 2))
    print(f"\n{len(paths)} PDFs: makeready {mine:.2f} s, poppler chain {peer:.2f} s, ratio {mine / peer:.2f}")


def test_a_crowded_page_against_mutool_trace(benchmark: Any, crowded: Path) -> None:
    """Facts of 20,000 objects, and MuPDF's own trace of them in C, printed to nowhere."""
    mutool = _program("mutool")
    report = benchmark.pedantic(lambda: makeready.inspect(crowded), rounds=7, warmup_rounds=1)
    assert sum(paint.count for paint in report.facts.paints) >= OBJECTS
    peer = _median(lambda: subprocess.run([mutool, "trace", str(crowded)], stdout=subprocess.DEVNULL, check=True), 7)
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
