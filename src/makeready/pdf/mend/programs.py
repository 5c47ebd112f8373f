"""Font programs that may stand in for one that is missing: a shop's own, the system's, and those that come along.

The shop's and the system's are taken only where they are the font of that name and its maker allows that it is
embedded (OS/2 fsType, OpenType 1.9). For Helvetica, Times, Courier, Symbol, ZapfDingbats and the fonts that were
drawn to their measure, there are those of the URW base 35 collection, which PyMuPDF carries: AGPL with an exception
that documents may embed them whatever their own licence is.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from makeready.changes import Refusal

_URW = "URW base 35, free to embed"
#: Regular, bold, italic, bold italic, by PyMuPDF's names.
_HELVETICA = ("helv", "hebo", "heit", "hebi")
_TIMES = ("tiro", "tibo", "tiit", "tibi")
_COURIER = ("cour", "cobo", "coit", "cobi")
_FAMILIES = {
    "helvetica": _HELVETICA,
    "arial": _HELVETICA,
    "times": _TIMES,
    "timesnewroman": _TIMES,
    "courier": _COURIER,
    "couriernew": _COURIER,
}
_STYLES = {"": 0, "bold": 1, "italic": 2, "oblique": 2, "bolditalic": 3, "boldoblique": 3}
_SYMBOLS = {"symbol": "symb", "zapfdingbats": "zadb"}
#: fsType: the font may not be embedded at all, or only as bitmaps.
_RESTRICTED, _BITMAPS_ONLY = 0x0002, 0x0200
_SUFFIXES = (".ttf", ".otf")
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Program:
    """A font program, ready to be embedded."""

    #: Its PostScript name.
    name: str
    data: bytes
    #: What it is embedded as: glyphs by number of TrueType, or the bare CFF of Type 1.
    kind: Literal["TrueType", "Type1C"]
    #: Where it is from, and by what right, in words.
    origin: str
    #: The very font that was asked for, by its name.
    exact: bool
    symbolic: bool = False


def key(name: str) -> str:
    """A font's name without what makers write differently: ``Arial,Bold`` and ``Arial-BoldMT`` are one."""
    bare = re.sub(r"^[A-Z]{6}\+", "", name)
    bare = re.sub(r"(PS)?(MT)?(?=[-,]|$)", "", bare)
    bare = re.sub(r"[^a-z0-9]", "", bare.lower())
    return re.sub(r"(?<=.)(regular|roman|normal)$", "", bare) if bare != "timesnewroman" else bare


class Library:
    """All programs there are."""

    def __init__(self, folder: Path | None, *, system: bool) -> None:
        """Look nowhere yet.

        Args:
            folder: the shop's own fonts, those in folders below it as well.
            system: whether fonts that are installed on this machine may be taken.

        Raises:
            Refusal: there is no such folder.
        """
        if folder is not None and not folder.is_dir():
            raise Refusal(f"the folder of fonts {folder} is not there: name another")
        self._folder, self._system = folder, system

    def find(self, name: str) -> list[Program]:
        """What may stand in for a font, the best first."""
        wanted = key(name)
        found = [
            program
            for files, origin in ((self._own, "the folder of fonts"), (self._installed, "this system"))
            for path in files.get(wanted, [])
            if (program := _read(path, origin)) is not None
        ]
        stand_in = _carried(wanted)
        return found if stand_in is None else [*found, stand_in]

    @cached_property
    def _own(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        paths = sorted(self._folder.rglob("*")) if self._folder is not None else []
        for path in paths:
            if path.suffix.lower() in _SUFFIXES and path.is_file() and (name := _name(path)):
                found.setdefault(key(name), []).append(path)
        return found

    @cached_property
    def _installed(self) -> dict[str, list[Path]]:
        """What fontconfig knows; nothing on systems without it."""
        program = shutil.which("fc-list") if self._system else None
        if program is None:
            return {}
        said = subprocess.run(  # noqa: S603
            [program, "--format", "%{file}\t%{postscriptname}\n"], capture_output=True, timeout=_SECONDS, check=False
        )
        found: dict[str, list[Path]] = {}
        for line in sorted(said.stdout.decode("utf-8", "replace").splitlines()):
            file, _, name = line.partition("\t")
            if name and Path(file).suffix.lower() in _SUFFIXES:
                found.setdefault(key(name), []).append(Path(file))
        return found


def _carried(wanted: str) -> Program | None:
    import pymupdf

    code = _SYMBOLS.get(wanted)
    for family, styles in _FAMILIES.items():
        if wanted.startswith(family) and wanted.removeprefix(family) in _STYLES:
            code = styles[_STYLES[wanted.removeprefix(family)]]
    if code is None:
        return None
    data = bytes(pymupdf.Font(code).buffer)
    return Program(_cff_name(data), data, "Type1C", _URW, exact=False, symbolic=wanted in _SYMBOLS)


def _cff_name(data: bytes) -> str:
    """The first entry of the name index (Adobe Technical Note 5176, 7)."""
    start = data[2]
    size = data[start + 2]
    first, second = (int.from_bytes(data[start + 3 + size * n : start + 3 + size * (n + 1)], "big") for n in (0, 1))
    base = start + 2 + (int.from_bytes(data[start : start + 2], "big") + 1) * size
    return data[base + first : base + second].decode("latin-1")


def _read(path: Path, origin: str) -> Program | None:
    """A font file; nothing where its maker does not allow that it is embedded, or it cannot be read."""
    try:
        data = path.read_bytes()
        tables = _tables(data)
        licence = int.from_bytes(tables["OS/2"][8:10], "big")
        name = _name(path)
    except (OSError, KeyError, ValueError, struct.error):
        return None
    if name is None or licence & (_RESTRICTED | _BITMAPS_ONLY):
        return None
    where = f"{origin} ({path.name})"
    if "CFF " in tables:
        return Program(name, tables["CFF "], "Type1C", where, exact=True)
    return Program(name, data, "TrueType", where, exact=True)


def _tables(data: bytes) -> dict[str, bytes]:
    """The tables of a TrueType or OpenType font (OpenType 1.9, Font File); collections are not read."""
    if data[:4] not in (b"\0\1\0\0", b"OTTO", b"true"):
        raise ValueError("no font")
    (count,) = struct.unpack(">H", data[4:6])
    found = {}
    for place in range(count):
        tag, _, offset, length = struct.unpack(">4sIII", data[12 + 16 * place : 28 + 16 * place])
        found[tag.decode("latin-1")] = data[offset : offset + length]
    return found


def _name(path: Path) -> str | None:
    """The PostScript name, number 6 of the name table (OpenType 1.9)."""
    try:
        table = _tables(path.read_bytes())["name"]
        _, count, strings = struct.unpack(">HHH", table[:6])
        for place in range(count):
            platform, _, _, number, length, offset = struct.unpack(">6H", table[6 + 12 * place : 18 + 12 * place])
            if number == 6:
                text = table[strings + offset : strings + offset + length]
                return text.decode("utf-16-be" if platform in (0, 3) else "latin-1")
    except (OSError, KeyError, ValueError, struct.error):
        return None
    return None
