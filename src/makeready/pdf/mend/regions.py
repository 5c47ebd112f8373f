"""Where a page is seen through: rectangles round all that transparency touches, and where in its content they end.

What is painted after the last see-through object of a region lies on top of it and need not be rendered. So the
content is cut into pieces where nothing is open, and each region knows the last piece that it needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import pikepdf
from pikepdf import Array, Object, Operator, Pdf

from makeready.changes import Refusal
from makeready.facts import Rect
from makeready.pdf.mend.streams import CLIPS, ENDS, IDENTITY, INLINE_IMAGE, PATH, Matrix, inverse, matrix_of, times
from makeready.pdf.mend.wrap import content
from makeready.pdf.press_page import to_user_space, whole_page

#: Two regions become one where that renders no more than this share of it in vain, or this many square points.
_SPARE_SHARE, _SPARE_AREA = 0.15, 2000.0
#: More regions than this are gathered by the cells of a grid of so many cells a side.
_MOST, _CELLS = 48, 6
#: How far a region reaches beyond what is seen through, in points: a pixel on a screen never shows both.
MARGIN = 1.0
#: Operators after which there may be something to see.
_PAINTS = ENDS | {"ET", "Do", "sh", INLINE_IMAGE}
#: Rendering modes from here on make a clip of text.
_CLIPS_TEXT = 4
_EVERYWHERE, _NOWHERE = Rect(-1e6, -1e6, 1e6, 1e6), Rect(1e6, 1e6, -1e6, -1e6)
#: What the marks between the pieces say.
_MARK = "piece "


class Painted(NamedTuple):
    """Something on the page, and the piece of the content that it is in."""

    place: Rect
    piece: int


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a page to be rendered."""

    place: Rect
    #: The last piece of the content that it shows.
    piece: int
    #: Whether there is text or line work in it, whose edges ask for more pixels.
    edges: bool
    #: Whether letters of Type 3 fonts are in it.
    drawn_letters: bool


@dataclass(frozen=True, slots=True)
class Pieces:
    """A page's content, cut where no state, text, mark or clip is open."""

    instructions: Sequence[Any]
    #: Where each piece ends, as a number of instructions; the last is all of them.
    ends: tuple[int, ...]
    #: The matrix that is in force at each end.
    matrices: tuple[Matrix, ...]

    def upto(self, piece: int) -> bytes:
        """The content to the end of a piece."""
        return pikepdf.unparse_content_stream(self.instructions[: self.ends[piece]])

    def between(self, after: int, piece: int) -> bytes:
        """What comes after one piece, to the end of another; -1 is before all of them."""
        start = self.ends[after] if after >= 0 else 0
        return pikepdf.unparse_content_stream(self.instructions[start : self.ends[piece]])

    def marked(self) -> bytes:
        """All of it, with a mark at the beginning of each piece that says its number."""
        parts = []
        for piece in range(len(self.ends)):
            parts.append(f"/Span <</ActualText ({_MARK}{piece})>> BDC EMC".encode())
            parts.append(self.between(piece - 1, piece))
        return b"\n".join(parts)


def cut(pdf: Pdf, page: Object) -> Pieces:
    """Cut a page's content into pieces.

    Raises:
        Unusable: it cannot be read.
    """
    whole = pikepdf.parse_content_stream(pdf.make_stream(content(page)))
    instructions: list[Any] = [([], Operator("q")), *whole, ([], Operator("Q"))]
    ends, matrices = [], []
    depth = marks = 0
    matrix, clipped, text, path, painted = IDENTITY, False, False, False, False
    for place, instruction in enumerate(whole, start=2):
        operator = str(instruction.operator)
        depth += (operator == "q") - (operator == "Q")
        marks += (operator in ("BMC", "BDC")) - (operator == "EMC")
        text = operator == "BT" or (text and operator != "ET")
        path = operator in PATH or operator in CLIPS or (path and operator not in ENDS)
        painted = painted or operator in _PAINTS
        if depth:
            continue
        matrix = times(_moving(instruction), matrix) if operator == "cm" else matrix
        # To the end of the content; text may clip, too (ISO 32000-1, 9.3.6).
        clipped = clipped or operator in CLIPS or _clips_text(instruction)
        if painted and not (clipped or marks or text or path) and inverse(matrix):
            ends.append(place)
            matrices.append(matrix)
            painted = False
    return Pieces(instructions, (*ends, len(instructions)), (*matrices, IDENTITY))


def _moving(instruction: Any) -> Matrix:
    """The matrix of an operator; none where its operands are none: readers pass it over."""
    try:
        return matrix_of(Array(instruction.operands))
    except (TypeError, ValueError):
        return IDENTITY


def _clips_text(instruction: Any) -> bool:
    mode = instruction.operands[0] if str(instruction.operator) == "Tr" and instruction.operands else 0
    return isinstance(mode, int) and mode >= _CLIPS_TEXT


@dataclass(frozen=True, slots=True)
class Soft:
    """What of a page's resources is seen through without the graphics state saying so."""

    #: The sizes in pixels of pictures that have a soft mask.
    sizes: frozenset[tuple[int, int]]
    #: Whether there are Type 3 fonts whose glyphs may be seen through.
    glyphs: bool


def regions(
    document: Any, number: int, user_unit: float, media: Rect, soft: Soft, components: int, grid: float
) -> list[Region]:
    """The regions of a page that transparency touches, by MuPDF.

    Args:
        document: open in MuPDF; the page's content says by its marks where its pieces begin.
        number: of the page, from 1.
        user_unit: of the page.
        media: what can be painted on, in points.
        soft: what else is seen through.
        components: of the space that the page is mixed in, spots not counted.
        grid: the edges of regions lie on whole multiples of it, in points from the corner of ``media``.

    Raises:
        Refusal: the page cannot be drawn.
    """
    from pymupdf import mupdf

    drawn = whole_page(mupdf, document, number)
    device = _device_class()(media, soft, components, bool(drawn.m_internal.transparency))
    try:
        ctm = to_user_space(mupdf, drawn, user_unit)
        mupdf.pdf_run_page_contents_with_usage(drawn, device, ctm, "Print", mupdf.FzCookie())
    except Exception as error:  # MuPDF's own classes, and what its C++ layer makes of them
        raise Refusal(f"page {number} cannot be drawn whole: {error}") from error

    def on_grid(seen: Iterable[Painted]) -> list[Painted]:
        snapped = [Painted(_snapped(one.place, media, grid), one.piece) for one in seen]
        return [one for one in snapped if one.place.width > 0 and one.place.height > 0]

    found = _with_groups(merged(on_grid(device.found)), on_grid(device.foreign))

    def meets(one: Painted, others: Iterable[Painted]) -> bool:
        return any(one.place.touches(other.place) and other.piece <= one.piece for other in others)

    return [Region(*one, meets(one, device.edges), meets(one, device.letters)) for one in found]


def _with_groups(found: list[Painted], foreign: list[Painted]) -> list[Painted]:
    """Regions that hold every group whole that mixes in a space of its own: its colours are converted together."""
    while True:
        touched = [
            Painted(group.place, max(group.piece, one.piece))
            for group in foreign
            for one in found
            if group.place.touches(one.place) and not one.place.contains(group.place) and group.piece <= one.piece
        ]
        if not touched:
            return found
        found = merged([*found, *touched])


def _snapped(place: Rect, media: Rect, grid: float) -> Rect:
    """A place with its margin, on the grid, as far as there is paper."""

    def low(value: float, start: float) -> float:
        return max(start, start + math.floor((value - MARGIN - start) / grid) * grid)

    def high(value: float, start: float, end: float) -> float:
        return min(end, start + math.ceil((value + MARGIN - start) / grid) * grid)

    return Rect(
        low(place.x0, media.x0),
        low(place.y0, media.y0),
        high(place.x1, media.x0, media.x1),
        high(place.y1, media.y0, media.y1),
    )


def merged(seen: Iterable[Painted]) -> list[Painted]:
    """Few rectangles that do not overlap and hold all that was seen, each with its last piece."""
    found: list[Painted] = []
    for one in sorted(seen):
        _join(found, one)
    if len(found) > _MOST:
        found = _gathered(found)
    return found


def _join(found: list[Painted], one: Painted) -> None:
    """Add a rectangle to those there are, as one with all that it touches or nearly so."""
    place = 0
    while place < len(found):
        if _belong(found[place].place, one.place):
            other = found.pop(place)
            one = Painted(_around(one.place, other.place), max(one.piece, other.piece))
            place = 0  # it has grown
        else:
            place += 1
    found.append(one)


def _gathered(many: list[Painted]) -> list[Painted]:
    whole = many[0].place
    for one in many:
        whole = _around(whole, one.place)
    cells: dict[tuple[int, int], Painted] = {}
    for one in many:
        column = int((one.place.x0 - whole.x0) / whole.width * _CELLS)
        row = int((one.place.y0 - whole.y0) / whole.height * _CELLS)
        now = cells.get((column, row), one)
        cells[column, row] = Painted(_around(now.place, one.place), max(now.piece, one.piece))
    found: list[Painted] = []
    for one in cells.values():
        _join(found, one)
    return found


def _around(one: Rect, other: Rect) -> Rect:
    return Rect(min(one.x0, other.x0), min(one.y0, other.y0), max(one.x1, other.x1), max(one.y1, other.y1))


def _area(rect: Rect) -> float:
    return rect.width * rect.height


def _belong(one: Rect, other: Rect) -> bool:
    if one.touches(other):
        return True
    whole = _area(_around(one, other))
    spare = whole - _area(one) - _area(other)
    return spare <= max(_SPARE_AREA, _SPARE_SHARE * whole)


def _unit_square(ctm: Any) -> Rect:
    """Where a picture lands."""
    a, b, c, d, e, f = ctm.a, ctm.b, ctm.c, ctm.d, ctm.e, ctm.f
    xs, ys = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
    return Rect(min(xs), min(ys), max(xs), max(ys))


class _Clip(NamedTuple):
    """What is left to paint on, and whether a soft mask lies on it."""

    area: Rect
    soft: bool = False


class _Group(NamedTuple):
    """An open group: what it makes of that which is painted in it."""

    #: What is painted in it is seen through.
    clear: bool
    #: What overprints in it does so on the group alone, and knocks out what is below.
    apart: bool


@cache
def _device_class() -> type[Any]:
    """The device, made on first use: its base class comes from MuPDF, which is slow to import."""
    from pymupdf import mupdf

    native = mupdf._mupdf
    bound_path, bound_text = native.ll_fz_bound_path, native.ll_fz_bound_text

    class Device(mupdf.FzDevice2):  # type: ignore[misc]
        """Notes the place of all that is seen through, of text and of lines."""

        def __init__(self, media: Rect, soft: Soft, components: int, page_group: bool) -> None:
            super().__init__()
            for name in _CALLBACKS:
                getattr(self, f"use_virtual_{name}")()
            self.soft, self.components, self.page_group = soft, components, page_group
            self.clips = [_Clip(media)]
            self.groups: list[_Group] = []
            self.tiles: list[Rect] = []
            self.quiet = 0  # within the definition of a soft mask
            self.piece = 0
            self.found: list[Painted] = []
            self.edges: list[Painted] = []
            self.letters: list[Painted] = []  # of Type 3 fonts
            self.foreign: list[Painted] = []  # groups that mix in a space of their own

        def paint(self, bound: Any, alpha: float, params: Any, soft: bool = False) -> None:
            if self.quiet:
                return
            clear = alpha < 1 or soft or self.clips[-1].soft or any(group.clear for group in self.groups)
            if clear or (params and params.op and any(group.apart for group in self.groups)):
                self.note(self.found, bound)

        def note(self, table: list[Painted], bound: Any) -> None:
            place = None if self.quiet else self.placed(bound)
            if place:
                table.append(Painted(place, self.piece))

        def placed(self, bound: Any) -> Rect | None:
            """Where something shows; in a pattern, where the pattern does."""
            if self.tiles:
                return self.tiles[0]
            area = self.clips[-1].area
            x0, y0, x1, y1 = (
                max(bound.x0, area.x0),
                max(bound.y0, area.y0),
                min(bound.x1, area.x1),
                min(bound.y1, area.y1),
            )
            return Rect(x0, y0, x1, y1) if x0 <= x1 and y0 <= y1 else None

        def clip(self, bound: Any) -> None:
            place, (area, soft) = Rect(bound.x0, bound.y0, bound.x1, bound.y1), self.clips[-1]
            self.clips.append(_Clip(place.intersection(area) or _NOWHERE, soft))

        def fill_path(
            self, ctx: Any, path: Any, even_odd: Any, ctm: Any, space: Any, colour: Any, alpha: Any, params: Any
        ) -> None:
            self.paint(bound_path(path, None, ctm), alpha, params)

        def stroke_path(
            self, ctx: Any, path: Any, stroke: Any, ctm: Any, space: Any, colour: Any, alpha: Any, params: Any
        ) -> None:
            bound = bound_path(path, stroke, ctm)
            self.note(self.edges, bound)
            self.paint(bound, alpha, params)

        def fill_text(self, ctx: Any, text: Any, ctm: Any, space: Any, colour: Any, alpha: Any, params: Any) -> None:
            self.stroke_text(ctx, text, None, ctm, space, colour, alpha, params)

        def stroke_text(
            self, ctx: Any, text: Any, stroke: Any, ctm: Any, space: Any, colour: Any, alpha: Any, params: Any
        ) -> None:
            bound = bound_text(text, stroke, ctm)
            self.note(self.edges, bound)
            span = text.head
            while span:
                if span.font.t3procs:
                    self.note(self.letters, bound)
                    break
                span = span.next
            self.paint(bound, alpha, params, self.soft.glyphs)

        def fill_shade(self, ctx: Any, shade: Any, ctm: Any, alpha: Any, params: Any) -> None:
            self.paint(native.ll_fz_bound_shade(shade, ctm), alpha, params)

        def fill_image(self, ctx: Any, image: Any, ctm: Any, alpha: Any, params: Any) -> None:
            self.paint(_unit_square(ctm), alpha, params, (image.w, image.h) in self.soft.sizes)

        def fill_image_mask(
            self, ctx: Any, image: Any, ctm: Any, space: Any, colour: Any, alpha: Any, params: Any
        ) -> None:
            self.paint(_unit_square(ctm), alpha, params)

        def clip_path(self, ctx: Any, path: Any, even_odd: Any, ctm: Any, scissor: Any) -> None:
            self.clip(bound_path(path, None, ctm))

        def clip_stroke_path(self, ctx: Any, path: Any, stroke: Any, ctm: Any, scissor: Any) -> None:
            self.clip(bound_path(path, stroke, ctm))

        def clip_text(self, ctx: Any, text: Any, ctm: Any, scissor: Any) -> None:
            self.clip(bound_text(text, None, ctm))

        def clip_stroke_text(self, ctx: Any, text: Any, stroke: Any, ctm: Any, scissor: Any) -> None:
            self.clip(bound_text(text, stroke, ctm))

        def clip_image_mask(self, ctx: Any, image: Any, ctm: Any, scissor: Any) -> None:
            self.clip(_unit_square(ctm))

        def pop_clip(self, ctx: Any) -> None:
            if len(self.clips) > 1:
                self.clips.pop()

        def begin_mask(self, ctx: Any, area: Any, luminosity: Any, space: Any, backdrop: Any, params: Any) -> None:
            # What is painted through the mask may be larger than the mask, and shows there once that is gone.
            self.clips.append(_Clip(self.clips[-1].area, soft=True))
            self.quiet += 1

        def end_mask(self, ctx: Any, function: Any) -> None:
            self.quiet -= 1

        def begin_group(
            self, ctx: Any, area: Any, space: Any, isolated: Any, knockout: Any, blend: Any, alpha: Any
        ) -> None:
            if self.page_group:
                self.page_group = False
                self.groups.append(_Group(clear=False, apart=False))
                return
            if space and space.n != self.components:
                self.note(self.foreign, area)
            self.groups.append(_Group(bool(blend) or alpha < 1, bool(isolated or knockout)))

        def end_group(self, ctx: Any) -> None:
            if self.groups:
                self.groups.pop()

        def begin_tile(self, ctx: Any, area: Any, view: Any, x_step: Any, y_step: Any, ctm: Any, *identity: Any) -> int:
            self.tiles.append(self.clips[-1].area)
            self.clips.append(_Clip(_EVERYWHERE, self.clips[-1].soft))
            return 0

        def end_tile(self, ctx: Any) -> None:
            self.tiles.pop()
            self.clips.pop()

        def begin_metatext(self, ctx: Any, kind: Any, text: Any) -> None:
            if text and text.startswith(_MARK):
                self.piece = int(text.removeprefix(_MARK))

    return Device


_CALLBACKS = (
    "fill_path", "stroke_path", "clip_path", "clip_stroke_path", "fill_text", "stroke_text", "clip_text",
    "clip_stroke_text", "fill_shade", "fill_image", "fill_image_mask", "clip_image_mask", "pop_clip", "begin_mask",
    "end_mask", "begin_group", "end_group", "begin_tile", "end_tile", "begin_metatext",
)  # fmt: skip
