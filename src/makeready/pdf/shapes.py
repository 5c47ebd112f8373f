"""The corners of a path: which of its parts are lines drawn as shapes, and whether its outline can have spikes.

Asking MuPDF's Python layer for the points of a path is slow: one call for each of them. So the path is read from
memory in one piece; whether it is laid out as expected is tried out once on a path whose points are known, and
where it is not, the slow way is taken.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from makeready.facts import Rect

#: Filled shapes thinner than this (points) are also recorded as lines, when long enough to be one.
THIN_FILL = 2.0
LINE_RATIO = 3.0
#: How much of the box round several thin shapes they fill when they are strips of one area.
_AREA_FILLED = 0.9
#: How far apart, in relation to each other, the distances of two corners from a side are where it has a parallel.
_PARALLEL = 0.1

#: Commands of MuPDF's fz_path: how many numbers each has. Capitals leave a part open, small letters close it.
_NUMBERS = {b"M": 2, b"L": 2, b"H": 1, b"I": 1, b"D": 0, b"C": 6, b"V": 4, b"Y": 4, b"Q": 4, b"R": 4}
_COUNTS = bytes(_NUMBERS.get(bytes([code]).upper(), 0) for code in range(256))
#: Rectangles and shapes of up to four corners, a fifth point back at the first included, and nothing else.
_PLAIN = re.compile(rb"(?:R|M(?:[LHID]{0,3}[LHIDlhid])?)+")
_PART = re.compile(rb"R|M[LHIDlhid]*")
#: Sides along the axes alone, or a single straight line: no corner is sharp enough for a spike.
_NO_SPIKE = re.compile(rb"(?:R|M[HI]*[HIhi])+|(?:ML)+")

#: How many pairs of a thin part and another one are compared; a path with more is no set of lines.
_MOST_COMPARED = 100_000

Point = tuple[float, float]
Matrix = tuple[float, float, float, float, float, float]


class _Line(NamedTuple):
    thick: float
    long: float


class _Path(ctypes.Structure):
    """The beginning of fz_path, as in MuPDF 1.26 to 1.28."""

    _fields_ = (
        ("references", ctypes.c_int8),
        ("packed", ctypes.c_uint8),
        ("commands", ctypes.c_int),
        ("room_for_commands", ctypes.c_int),
        ("command", ctypes.c_void_p),
        ("numbers", ctypes.c_int),
        ("room_for_numbers", ctypes.c_int),
        ("number", ctypes.c_void_p),
    )


class Shapes:
    """Reads the parts of paths."""

    def __init__(self, mupdf: Any) -> None:
        self._mupdf = mupdf
        self._as_expected = _as_expected()

    def thin(self, path: Any, ctm: Any, area: Rect) -> tuple[float, list[Rect]] | None:
        """The thickness in points of the thinnest line among the parts of a filled path, and the boxes of all lines.

        ``area`` is what is left to paint on. ``None`` where no line reaches into it, where the path is a single
        rectangle, and where it has other parts than rectangles and shapes of up to four corners: letters and
        drawings have thin parts as well.
        """
        read = self._read(path, _PLAIN)
        if read is None:
            return None
        lines: list[tuple[_Line, Rect]] = []
        others: list[Rect] = []
        for box, line in _measured(*read, (ctm.a, ctm.b, ctm.c, ctm.d, ctm.e, ctm.f)):
            if line is None:
                others.append(box)
            elif box.touches(area):
                lines.append((line, box))
        if len(lines) * len(others) > _MOST_COMPARED:  # a drawing
            return None
        # A thin part of a larger one is a slit in it, or not to be seen.
        lines = [(line, box) for line, box in lines if not any(other.contains(box) for other in others)]
        if not lines:
            return None
        boxes = [box for _, box in lines]
        hull = Rect(
            min(box.x0 for box in boxes), min(box.y0 for box in boxes),
            max(box.x1 for box in boxes), max(box.y1 for box in boxes),
        )  # fmt: skip
        filled = sum(line.thick * line.long for line, _ in lines)
        if len(boxes) > 1 and filled > _AREA_FILLED * hull.width * hull.height > 0:
            whole = _line(hull.width, hull.height)
            return None if whole is None else (whole.thick, [hull])
        return min(line.thick for line, _ in lines), boxes

    def spiky(self, path: Any) -> bool:
        """Whether the outline of a stroked path may reach past half its width: where it turns at a sharp angle."""
        return self._read(path, _NO_SPIKE, single=True) is None

    def _read(self, path: Any, wanted: re.Pattern[bytes], *, single: bool = False) -> tuple[bytes, Any] | None:
        """The commands of a path and their numbers, if the commands are as wanted; ``single`` rectangles as well."""
        if not self._as_expected:
            return self._walked(path, wanted)
        read = _Path.from_address(int(path))
        if read.packed:  # as drawn from a display list, such as that of a Type 3 glyph
            return self._walked(path, wanted)
        if read.commands < 2 and not single:
            return None
        commands = ctypes.string_at(read.command, read.commands)
        if wanted.fullmatch(commands) is None:
            return None
        return commands, memoryview(ctypes.string_at(read.number, 4 * read.numbers)).cast("f")

    def _walked(self, path: Any, wanted: re.Pattern[bytes]) -> tuple[bytes, Any] | None:
        walker = _walker_class()()
        mupdf = self._mupdf
        mupdf.fz_walk_path(mupdf.FzPath(mupdf._mupdf.ll_fz_keep_path(path)), walker, walker.m_internal)
        commands = bytes(walker.commands)
        return (commands, walker.numbers) if wanted.fullmatch(commands) else None


@cache
def _as_expected() -> bool:
    """Whether a path of known points reads as it was made."""
    from pymupdf import mupdf

    path = mupdf.FzPath()
    mupdf.fz_rectto(path, 1, 2, 3, 4)
    mupdf.fz_moveto(path, 5, 6)
    mupdf.fz_lineto(path, 7, 8)
    read = _Path.from_address(int(path.m_internal))
    room = read.room_for_commands >= read.commands and read.room_for_numbers >= read.numbers
    if (read.packed, read.commands, read.numbers) != (0, 3, 8) or not room:
        return False
    numbers = memoryview(ctypes.string_at(read.number, 32)).cast("f").tolist()
    return ctypes.string_at(read.command, 3) == b"RML" and numbers == [1, 2, 3, 4, 5, 6, 7, 8]


@cache
def _walker_class() -> type[Any]:
    """Asks for each point of a path; made on first use, as its base class comes from MuPDF."""
    from pymupdf import mupdf

    class Walker(mupdf.FzPathWalker2):  # type: ignore[misc]
        """Notes commands as MuPDF's own memory has them."""

        def __init__(self) -> None:
            super().__init__()
            self.commands, self.numbers = bytearray(), list[float]()
            for name in ("moveto", "lineto", "curveto", "closepath", "rectto"):
                getattr(self, f"use_virtual_{name}")()

        def _note(self, command: bytes, *numbers: float) -> None:
            self.commands += command
            self.numbers.extend(numbers)

        def moveto(self, _ctx: Any, x: float, y: float) -> None:
            self._note(b"M", x, y)

        def lineto(self, _ctx: Any, x: float, y: float) -> None:
            self._note(b"L", x, y)

        def curveto(self, _ctx: Any, *numbers: float) -> None:
            self._note(b"C", *numbers)

        def rectto(self, _ctx: Any, *numbers: float) -> None:
            self._note(b"R", *numbers)

        def closepath(self, _ctx: Any) -> None:
            if self.commands[-1:] == b"L":
                self.commands[-1:] = b"l"

    return Walker


def _measured(commands: bytes, numbers: Sequence[float], matrix: Matrix) -> Iterator[tuple[Rect, _Line | None]]:
    """Each part of a path on the page: the box round it, and the line that it is, if it is one."""
    a, b, c, d, e, f = matrix
    at = 0
    for part in _PART.findall(commands):
        if part == b"R" and not b and not c:
            x0, x1 = sorted((numbers[at] * a + e, numbers[at + 2] * a + e))
            y0, y1 = sorted((numbers[at + 1] * d + f, numbers[at + 3] * d + f))
            at += 4
            yield Rect(x0, y0, x1, y1), _line(x1 - x0, y1 - y0)
            continue
        size = sum(part.translate(_COUNTS))
        corners = [(x * a + y * c + e, x * b + y * d + f) for x, y in _corners(part, numbers[at : at + size])]
        at += size
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        yield Rect(min(xs), min(ys), max(xs), max(ys)), _line_of(corners)


def _corners(part: bytes, numbers: Sequence[float]) -> list[Point]:
    if part == b"R":
        x0, y0, x1, y1 = numbers
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    corners: list[Point] = []
    x = y = 0.0
    at = 0
    for command in part.upper():
        if command in b"ML":
            x, y = numbers[at], numbers[at + 1]
        elif command == b"H"[0]:
            x = numbers[at]
        elif command == b"I"[0]:
            y = numbers[at]
        at += _COUNTS[command]
        if not corners or corners[-1] != (x, y):
            corners.append((x, y))
    return corners[:-1] if len(corners) > 1 and corners[-1] == corners[0] else corners


def _line_of(corners: list[Point]) -> _Line | None:
    """The line that a shape of corners makes, or ``None`` where it is none.

    A line has two long sides that run side by side, or no area at all. Its ends may be slanted.
    """
    if not 2 <= len(corners) <= 4:
        return None
    sides = list(zip(corners, corners[1:] + corners[:1], strict=True))
    lengths = [math.dist(*side) for side in sides]
    long = max(lengths)
    if not long:
        return None
    at = lengths.index(long)
    (x0, y0), (x1, y1) = sides[at]
    far = [
        abs((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) / long
        for place, (x, y) in enumerate(corners)
        if place not in (at, (at + 1) % len(corners))
    ]
    thick = max(far, default=0.0)
    if thick and (len(far) < 2 or thick - min(far) > _PARALLEL * thick):
        return None
    return _line(thick, long)


def _line(one: float, other: float) -> _Line | None:
    """Two sides as a line, if they make one."""
    thick, long = (one, other) if one < other else (other, one)
    return _Line(thick, long) if thick < THIN_FILL and long > LINE_RATIO * thick else None
