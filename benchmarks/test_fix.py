"""What each fix takes: seconds and memory, on a page of 20,000 objects, a book of 100 pages, and a wide-format picture.

    python -m pytest benchmarks/test_fix.py --benchmark-only -q -s

Each run is a process of its own, so that its peak memory is its own. Seconds are those of the step; the checks
before and after come on top, and are measured by ``test_check.py``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from artwork import catalogue, city_map

from makeready import fixes
from makeready.changes import Stage

PDF_FIXES = [fix.id for fix in fixes.catalogue() if "pdf" in fix.kinds and fix.source == "built-in"]
#: Edits are measured by ``test_edit.py``.
RASTER_FIXES = [
    fix.id
    for fix in fixes.catalogue()
    if "raster" in fix.kinds and fix.source == "built-in" and fix.stage is not Stage.EDIT
]
#: Settings without which a fix has nothing to do.
SETTINGS: dict[str, dict[str, Any]] = {
    "thicken_lines": {"width": "1 pt", "inks": "1 pt"},
    "upscale": {"resolution": "200 ppi"},
    "downsample": {"resolution": "50 ppi"},
    "fit_to_product": {"size": "290 x 410 mm", "distortion": "10 %"},
}
#: 30,000 × 20,000 pixels: a hoarding of 10 × 6.7 m at 76 ppi.
WIDE_PX = (30_000, 20_000)

RUN = """
import json, resource, sys
import makeready
path, chain, canvas = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3] or None
result = makeready.fix(path, chain, canvas=canvas, profile=makeready.measure(only=["FIL101"]))
run = result.runs[-1]
after = result.path.stat().st_size if result.path else 0
print(json.dumps({"outcome": run.outcome, "reason": run.reason, "seconds": run.seconds, "total": result.seconds,
                  "bytes": after, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


#: What must be done before a fix can begin.
BEFORE: dict[str, list[Any]] = {
    "to_pdfx": ["remove_active_content", "embed_fonts", "convert_to_cmyk"],
    "to_pdfx4": ["remove_active_content", "embed_fonts", "convert_to_cmyk"],
    "to_pdfx1a": ["remove_active_content", "flatten_layers", "embed_fonts", "convert_to_cmyk", "remove_transparency"],
}
#: A small bit of everything that there are fixes for, a hundred of each.
FAULTS = """
/Half gs {x} {y} 40 30 re f /Whole gs
0.9 0.9 0.9 0.9 k {x} {y} 60 60 re f
/Spot cs 1 scn {x} {y} 20 20 re f
/Over gs 0 0 0 0 k {x} {y} 10 10 re f /Whole gs
/OC /Hidden BDC 0 1 0 rg {x} {y} 15 15 re f EMC
"""


@pytest.fixture(scope="module")
def faulty_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The city map in RGB, and on it something for every fix to do."""
    path = city_map(tmp_path_factory.mktemp("map") / "map.pdf")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page = pdf.pages[0]
        words = page.Contents.read_bytes().decode().split("\n")
        lines = [
            " ".join(part for place, part in enumerate(line.split(" ")) if place != 3 or "BT" in line)
            for line in words[1:]
        ]
        faults = [FAULTS.format(x=40 + 70 * (n % 10), y=40 + 100 * (n // 10)) for n in range(100)]
        content = [words[0], *(line.replace(" k ", " rg ").replace(" K ", " RG ") for line in lines), *faults]
        page.Contents = pdf.make_stream("\n".join(content).encode())
        name, group = pikepdf.Name, pikepdf.Dictionary
        layer = pdf.make_indirect(group(Type=name.OCG, Name="hidden"))
        pdf.Root.OCProperties = group(OCGs=[layer], D=group(OFF=[layer], Order=[layer]))
        pdf.Root.OpenAction = group(S=name.JavaScript, JS="app.alert(1)")
        tint = group(FunctionType=2, Domain=[0, 1], C0=[0, 0, 0, 0], C1=[0, 0.9, 0.8, 0], N=1)
        spot = pikepdf.Array([name.Separation, name("/PANTONE 185 C"), name.DeviceCMYK, tint])
        page.Resources.ColorSpace = group(Spot=spot)
        page.Resources.Properties = group(Hidden=layer)
        page.Resources.ExtGState = group(
            Half=group(ca=0.5), Whole=group(ca=1, op=False), Over=group(op=True, OP=True, OPM=1)
        )
        pdf.save(path)
    return path


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return catalogue(tmp_path_factory.mktemp("book") / "book.pdf", pages=100)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of 600 megapixels: smooth with grain, as photographs are."""
    import pyvips

    path = tmp_path_factory.mktemp("wide") / "wide.tif"
    width, height = WIDE_PX
    shade = pyvips.Image.xyz(width, height) * [255 / width, 255 / height]
    grain = pyvips.Image.gaussnoise(width, height, sigma=6, mean=0)
    picture = shade.bandjoin(grain + 128) + grain
    picture.cast("uchar").copy(interpretation="srgb").tiffsave(str(path), compression="deflate", xres=3, yres=3)
    return path


def taken(path: Path, id: str, canvas: str = "") -> dict[str, Any]:
    chain = [*BEFORE.get(id, []), {"fix": id, **SETTINGS.get(id, {})}]
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(path), json.dumps(chain), canvas], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"outcome": "failed", "reason": done.stderr.strip().splitlines()[-1]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def told(name: str, path: Path, found: dict[str, Any]) -> None:
    if found["outcome"] == "changed":
        grown = (found["bytes"] - path.stat().st_size) / 1000
        print(f"{name:40} {found['seconds']:7.2f} s  {found['mb']:6.0f} MB  {grown:+9.1f} kB")
    else:
        print(f"{name:40} {found['outcome']}: {found['reason']}")


@pytest.mark.parametrize("id", PDF_FIXES)
def test_a_page_of_20_000_objects(benchmark: Any, faulty_map: Path, id: str) -> None:
    found = benchmark.pedantic(taken, (faulty_map, id, "297x420mm"), rounds=1)
    told(f"{id} on 20,000 objects", faulty_map, found)


@pytest.mark.parametrize("id", PDF_FIXES)
def test_a_book_of_100_pages(benchmark: Any, book: Path, id: str) -> None:
    found = benchmark.pedantic(taken, (book, id, "297x420mm"), rounds=1)
    told(f"{id} on 100 pages", book, found)


@pytest.mark.parametrize("id", RASTER_FIXES)
def test_a_picture_of_600_megapixels(benchmark: Any, wide: Path, id: str) -> None:
    found = benchmark.pedantic(taken, (wide, id, "10000x6667mm"), rounds=1)
    told(f"{id} on 600 MP", wide, found)
