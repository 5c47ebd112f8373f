#!/usr/bin/env python3
"""Build the output profiles that ship with the package, from published measurements of printed sheets.

Needs ``colprof`` (Debian package argyll 2.3.1) and the measurements (Debian package icc-profiles-free 2.0.1)::

    python tools/press_profiles.py

Each profile takes one to two minutes and two are built at a time. The same tools and measurements make the same
bytes. A thinned copy of the measurements goes to the tests, which hold the profiles against it.
"""

from __future__ import annotations

import argparse
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MEASUREMENTS = Path("/usr/share/color/icc")
#: The source of the perceptual and saturation tables; version 2, because colprof 2.3.1 crashes on one of version 4.
SCREEN = Path("/usr/share/color/argyll/ref/sRGB.icm")
#: The date in the header (ICC.1:2001-04, 6.1.8), fixed so that building again changes nothing.
DATE = (2026, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Recipe:
    """One profile: what it is called, what was measured, and how much ink the paper takes."""

    name: str
    measurements: str
    title: str
    #: Its name in the registry of characterised conditions that the ICC keeps.
    condition: str
    #: The most ink of all four plates at the nodes of the tables, in percent; between nodes it may be 2 % more.
    ink: int
    source: str

    def command(self) -> list[str]:
        """The call of colprof.

        Tables of medium quality (17 steps a side for Lab, 9 for the inks). Black begins at 30 % of the way from white
        to black and rises slowly (medium gray-component replacement), to 100 % in the darkest colour.
        """
        return [
            "colprof", "-v", "-qm", "-nc", f"-l{self.ink}", "-L100",
            "-kp", "0", "0.3", "1", "1", "0.6",
            "-S", str(SCREEN), "-cmt", "-dpp",
            "-A", "makeready", "-M", self.name, "-D", f"makeready {self.title}", "-C", self.source,
            "-O", f"{self.name}.icc", self.name,
        ]  # fmt: skip


_FOGRA = "Made from characterisation data {} of Fogra, www.fogra.org. Free to use and to pass on, zlib licence."
_CGATS = "Made from characterisation data ANSI CGATS {}, copyright 2007 NPES. Free to use and to pass on, zlib licence."

RECIPES = (
    Recipe("fogra39", "FOGRA39L", "Coated FOGRA39 300%", "FOGRA39", 300, _FOGRA.format("FOGRA39L")),
    Recipe("fogra29", "FOGRA29L", "Uncoated FOGRA29 300%", "FOGRA29", 294, _FOGRA.format("FOGRA29L")),
    Recipe("gracol", "TR006", "GRACoL TR006 320%", "CGATS TR 006", 320, _CGATS.format("GRACoL TR 006-2007")),
    Recipe("swop", "TR003", "SWOP TR003 300%", "CGATS TR 003", 300, _CGATS.format("SWOP TR 003-2007")),
    Recipe("newsprint", "TR002", "Newsprint TR002 240%", "CGATS TR 002", 236, _CGATS.format("SNAP TR 002-2007")),
)


def build(recipe: Recipe, measurements: Path) -> bytes:
    """The profile's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{recipe.name}.ti3").write_bytes(measurements.read_bytes())
        done = subprocess.run(recipe.command(), cwd=folder, capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"{recipe.name}: colprof failed\n{done.stdout[-500:]!r}\n{done.stderr[-500:]!r}")
        return finished((Path(folder) / f"{recipe.name}.icc").read_bytes(), recipe.condition)


def finished(profile: bytes, condition: str) -> bytes:
    """The profile with a fixed date, and the tag that names the registered condition.

    ICC.1:2001-04, 6.4.11: a characterisation target tag that begins with ``ICCHDAT`` goes on with the reference name
    of the data in the ICC's registry; the registry asks for it in every profile that is made from its data.
    """
    (count,) = struct.unpack_from(">I", profile, 128)
    tags = [struct.unpack_from(">4sII", profile, 132 + 12 * n) for n in range(count)]
    shift = 12
    text = b"text\0\0\0\0ICCHDAT " + condition.encode() + b"\0"
    body = profile[132 + 12 * count :]
    body += bytes(-len(body) % 4)
    table = [(tag, offset + shift, size) for tag, offset, size in tags]
    table.append((b"targ", 132 + 12 * count + shift + len(body), len(text)))
    text += bytes(-len(text) % 4)
    head = bytearray(profile[:128])
    head[24:36] = struct.pack(">6H", *DATE)
    directory = b"".join(struct.pack(">4sII", *entry) for entry in table)
    whole = bytes(head) + struct.pack(">I", count + 1) + directory + body + text
    return struct.pack(">I", len(whole)) + whole[4:]


def thinned(measurements: Path) -> str:
    """Every seventh measurement, and all that are made of solids and paper only, as CSV."""
    lines = measurements.read_text("latin-1").splitlines()
    fields = lines[lines.index("BEGIN_DATA_FORMAT") + 1].split()
    first = next(n for n, line in enumerate(lines) if line.strip() == "BEGIN_DATA") + 1
    last = next(n for n, line in enumerate(lines) if line.strip() == "END_DATA")
    inks = [fields.index(f"CMYK_{ink}") for ink in "CMYK"]
    lab = [fields.index(f"LAB_{axis}") for axis in "LAB"]
    rows = ["c,m,y,k,L,a,b"]
    for number, line in enumerate(lines[first:last]):
        cells = line.split()
        if number % 7 == 0 or {float(cells[n]) for n in inks} <= {0.0, 100.0}:
            rows.append(",".join(cells[n] for n in inks + lab))
    return "\n".join(rows) + "\n"


def main() -> None:
    """Build all, or those named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="profiles to build; all when left out")
    parser.add_argument("--measurements", type=Path, default=MEASUREMENTS, help="the folder with the .ti3 files")
    chosen = parser.parse_args()
    wanted = [recipe for recipe in RECIPES if not chosen.names or recipe.name in chosen.names]

    def one(recipe: Recipe) -> str:
        measured = chosen.measurements / f"{recipe.measurements}.ti3"
        (ROOT / "tests" / "press" / f"{recipe.name}.csv").write_text(thinned(measured))
        target = ROOT / "src" / "makeready" / "press" / f"{recipe.name}.icc"
        target.write_bytes(build(recipe, measured))
        return f"{target.relative_to(ROOT)}: {target.stat().st_size} bytes"

    with ThreadPoolExecutor(2) as pool:
        for line in pool.map(one, wanted):
            print(line)


if __name__ == "__main__":
    main()
