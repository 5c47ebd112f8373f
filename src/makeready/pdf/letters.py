"""The letters of a text: which glyphs they are, where each is painted, and how large its shape is.

A page may hold 100,000 letters, and asking MuPDF's Python layer for the fields of each takes longer than painting
them. So the list is read from memory in one piece; whether it is laid out as expected is compared once with what
that layer says, and where it is not, the slow way is taken.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from makeready.facts import Rect

#: fz_text_item of MuPDF 1.26: x, y, advance (float), glyph, character, code (int).
_ITEM_BYTES, _ITEM_FIELDS = 24, 6
_GLYPH = 3
#: How far apart, in type sizes, the origins of letters may be along and across a line that they are one piece of.
_NEAREST, _FARTHEST, _ASIDE = -1.0, 4.0, 0.5

#: MuPDF gives a glyph without a shape a box of next to nothing.
_SPECK = 1e-5
#: MuPDF makes the box round a text this much larger on every side.
TEXT_PADDING = 1.0

Origins = list[tuple[float, float]]


class Letters:
    """Reads the letters of text spans; made anew for each page, as shapes are remembered by a font's address."""

    def __init__(self, mupdf: Any) -> None:
        self._mupdf, self._native = mupdf, mupdf._mupdf
        self._upright = self._native.ll_fz_make_matrix(1, 0, 0, 1, 0, 0)
        self._shapes: dict[tuple[int, int], Rect | None] = {}
        #: The same as they lie on the page, by font and the way they are turned.
        self._on_page: dict[tuple[int, tuple[float, ...]], dict[int, Rect | None]] = {}
        #: Whether memory is laid out as expected; ``None`` until two letters in a row were compared.
        self._as_expected: bool | None = None

    def glyphs(self, span: Any) -> list[int]:
        """The glyph ids of a span; 0 is the font's .notdef."""
        if self._as_expected or (self._as_expected is None and self._compared(span)):
            return memoryview(self._memory(span)).cast("i")[_GLYPH::_ITEM_FIELDS].tolist()
        items = self._mupdf.FzTextSpan(span)
        return [items.items(i).gid for i in range(span.len)]

    def origins(self, span: Any) -> Origins:
        """Where each letter of a span starts, in the space of its text."""
        if self._as_expected or (self._as_expected is None and self._compared(span)):
            numbers = memoryview(self._memory(span)).cast("f")
            return list(zip(numbers[0::_ITEM_FIELDS].tolist(), numbers[1::_ITEM_FIELDS].tolist(), strict=True))
        items = self._mupdf.FzTextSpan(span)
        return [(items.items(i).x, items.items(i).y) for i in range(span.len)]

    def shape(self, font: Any, address: int, glyph: int) -> Rect | None:
        """The box round a glyph at a size of 1, or ``None`` when there is nothing to see of it."""
        key = (address, glyph)
        if key not in self._shapes:
            bound = self._native.ll_fz_bound_glyph(font, glyph, self._upright)
            seen = glyph >= 0 and bound.x1 - bound.x0 > _SPECK and bound.y1 - bound.y0 > _SPECK
            self._shapes[key] = Rect(bound.x0, bound.y0, bound.x1, bound.y1) if seen else None
        return self._shapes[key]

    def blank(self, font: Any, address: int, glyphs: list[int]) -> bool:
        """Whether a span begins with a space, or ends with more than one.

        A single space at the end does no harm: MuPDF counts it as a point where the last letter ends.
        """
        unseen = [self.shape(font, address, glyph) is None for glyph in (*glyphs[:1], *glyphs[-2:])]
        return not unseen or unseen[0] or all(unseen[1:])

    def boxes(self, span: Any, ctm: Any) -> Iterator[tuple[int, Rect]]:
        """The glyphs of a span that can be seen, and the box round each on the page."""
        a, b, c, d, e, f = ctm.a, ctm.b, ctm.c, ctm.d, ctm.e, ctm.f
        glyphs = self.glyphs(span)
        turned = self._turned(span, glyphs, ctm)
        for glyph, (x, y) in zip(glyphs, self.origins(span), strict=True):
            if (own := turned[glyph]) is not None:
                at_x, at_y = x * a + y * c + e, x * b + y * d + f
                yield glyph, Rect(own[0] + at_x, own[1] + at_y, own[2] + at_x, own[3] + at_y)

    def lines(self, span: Any, ctm: Any) -> list[Rect]:
        """The boxes round the pieces of a span that stand in one line, without the spaces at their ends."""
        trm = span.trm
        a, b, c, d, e, f = ctm.a, ctm.b, ctm.c, ctm.d, ctm.e, ctm.f
        along_x, along_y = trm.a * a + trm.b * c, trm.a * b + trm.b * d
        size_squared = along_x**2 + along_y**2 or 1.0
        glyphs = self.glyphs(span)
        turned = self._turned(span, glyphs, ctm)
        pieces: list[list[tuple[float, float, float, float]]] = []
        before_x = before_y = math.inf  # far from the first letter
        for glyph, (x, y) in zip(glyphs, self.origins(span), strict=True):
            if (own := turned[glyph]) is None:
                continue
            at_x, at_y = x * a + y * c + e, x * b + y * d + f
            dx, dy = at_x - before_x, at_y - before_y
            step, aside = (dx * along_x + dy * along_y) / size_squared, (dx * along_y - dy * along_x) / size_squared
            if not (_NEAREST <= step <= _FARTHEST and -_ASIDE <= aside <= _ASIDE):
                pieces.append([])
            pieces[-1].append((own[0] + at_x, own[1] + at_y, own[2] + at_x, own[3] + at_y))
            before_x, before_y = at_x, at_y
        return [_hull(piece) for piece in pieces]

    def _turned(self, span: Any, glyphs: Iterable[int], ctm: Any) -> dict[int, Rect | None]:
        """The boxes of some glyphs as large as they are on the page, and turned as they are there."""
        font, trm = span.font, span.trm
        to_page = self._native.ll_fz_concat(
            self._native.ll_fz_make_matrix(trm.a, trm.b, trm.c, trm.d, 0, 0),
            self._native.ll_fz_make_matrix(ctm.a, ctm.b, ctm.c, ctm.d, 0, 0),
        )
        address, matrix = int(font.this), (to_page.a, to_page.b, to_page.c, to_page.d)
        known = self._on_page.setdefault((address, matrix), {})
        for glyph in set(glyphs).difference(known):
            shape = self.shape(font, address, glyph)
            known[glyph] = _transformed(shape, *matrix) if shape else None
        return known

    def _memory(self, span: Any) -> bytes:
        return ctypes.string_at(int(span.items.this), _ITEM_BYTES * span.len)

    def _compared(self, span: Any) -> bool:
        """Whether the first two letters read the same both ways; a single letter proves nothing."""
        if span.len < 2:
            return False
        items = self._mupdf.FzTextSpan(span)
        said = [value for item in (items.items(0), items.items(1)) for value in (item.x, item.y, item.gid)]
        memory = memoryview(ctypes.string_at(int(span.items.this), 2 * _ITEM_BYTES))
        floats, ints = memory.cast("f"), memory.cast("i")
        second = _ITEM_FIELDS
        read = [floats[0], floats[1], ints[_GLYPH], floats[second], floats[second + 1], ints[second + _GLYPH]]
        self._as_expected = said == read
        return self._as_expected


def _transformed(shape: Rect, a: float, b: float, c: float, d: float) -> Rect:
    corners = [(x * a + y * c, x * b + y * d) for x in (shape.x0, shape.x1) for y in (shape.y0, shape.y1)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return Rect(min(xs), min(ys), max(xs), max(ys))


def _hull(boxes: Collection[tuple[float, float, float, float]]) -> Rect:
    left, lower, right, upper = zip(*boxes, strict=True)
    return Rect(min(left), min(lower), max(right), max(upper))
