"""One pass of MuPDF's interpreter over a page, stating facts about everything that is painted.

MuPDF calls a device for every object it paints, with the CTM, forms, patterns, colour spaces and overprint
already resolved. The device here keeps the calls cheap (a page may have 100,000 of them): it packs what it
is given into a key and counts; keys become facts once, at the end of the page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

from makeready.facts import (
    PLACES_KEPT,
    BlendSpace,
    Colour,
    FontUse,
    Margins,
    MissingGlyph,
    NearTrim,
    Page,
    Paint,
    PlacedImage,
    Rect,
    Stroke,
    TextRun,
    Transparency,
)
from makeready.pdf.colour import NOTHING, PATTERN, REGISTRATION, Space, Spaces
from makeready.pdf.edge import SMALL, Edge
from makeready.pdf.letters import TEXT_PADDING, Letters
from makeready.pdf.resources import Declared, DeclaredImage
from makeready.pdf.shapes import LINE_RATIO, THIN_FILL, Shapes
from makeready.units import Length, PointSize, Resolution

#: Blend modes by MuPDF's number; 0 is Normal.
BLEND_MODES = (
    "Normal", "Multiply", "Screen", "Overlay", "Darken", "Lighten", "ColorDodge", "ColorBurn", "HardLight",
    "SoftLight", "Difference", "Exclusion", "Hue", "Saturation", "Color", "Luminosity",
)  # fmt: skip
#: fz_image's codecs, for inline pictures (which have no dictionary to ask).
_CODECS = {2: "CCITTFaxDecode", 3: "FlateDecode", 4: "LZWDecode", 5: "RunLengthDecode"}

#: A clip that lets everything through, and one that lets nothing through.
EVERYWHERE = Rect(-math.inf, -math.inf, math.inf, math.inf)
NOWHERE = Rect(math.inf, math.inf, -math.inf, -math.inf)

PATTERN_CELL, TYPE_3, SOFT_MASK, ANNOTATION = "pattern", "type 3 glyph", "soft mask group", "annotation"
EXPLICIT_MASK = "explicit mask"
NOT_PRINTED = "annotation that does not print"
#: The edge of the page once more, run on into the bleed: what it is made of counts where the product shows it.
REPEATED = "repeated in the bleed"
#: How far a repeated edge may reach into the product, so that no paper shows between the two.
_LAP = 1.5
#: MuPDF's number for text that stands in for what is painted (ISO 32000-1, 14.9.4).
_ACTUAL_TEXT = 0


@dataclass(slots=True)
class Painted:
    """The facts of one page."""

    images: list[PlacedImage] = field(default_factory=list)
    texts: list[TextRun] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)
    paints: list[Paint] = field(default_factory=list)
    transparencies: list[Transparency] = field(default_factory=list)
    blend_spaces: list[BlendSpace] = field(default_factory=list)
    near_trim: list[NearTrim] = field(default_factory=list)
    blank: Margins | None = None
    missing_glyphs: list[MissingGlyph] = field(default_factory=list)
    fonts: dict[Any, FontUse] = field(default_factory=dict)
    inks: set[str] = field(default_factory=set)
    marks: int = 0


class _Seen:
    """How often a key was met, the first places, and the heaviest amount of each component."""

    __slots__ = ("count", "few", "glyphs", "heaviest", "places")

    def __init__(self, values: tuple[float, ...]) -> None:
        self.count = 0
        self.glyphs = 0
        self.heaviest = values
        self.places: list[Rect] = []
        #: Whether more places may be added.
        self.few = True

    def add(self, x0: float, y0: float, x1: float, y1: float, area: Rect) -> None:
        """Remember a place, as far as it lies in the area that is left to paint on."""
        self.places.append(Rect(max(x0, area.x0), max(y0, area.y0), min(x1, area.x1), min(y1, area.y1)))
        self.few = len(self.places) < PLACES_KEPT


#: Colours that are never summed up with others, so that checks can trust them: white, full ink, pure black. Which of
#: the first two is white depends on the space; all process inks in full are registration colour.
MIXED, ALL_ZERO, ALL_ONE, PURE_BLACK = 0, 1, 2, 3
_CMYK_BLACK = (0.0, 0.0, 0.0, 1.0)


def _exact(values: tuple[float, ...]) -> int:
    """Which of the colours that stay apart some numbers are, if one."""
    if not any(values):
        return ALL_ZERO
    if min(values) >= 1:
        return ALL_ONE
    return PURE_BLACK if values == _CMYK_BLACK else MIXED


def _stays_apart(colour: Colour) -> bool:
    """White, black in black ink alone, or registration colour: rows of paint keep its numbers."""
    if not colour.values:
        return False
    return bool(colour.white) or colour.inks == (("Black", 1.0),) or _every_ink(colour)


def _every_ink(colour: Colour) -> bool:
    """Registration colour: full ink on all plates, or on all process plates."""
    process = colour.model == "cmyk" and bool(colour.values) and min(colour.values) >= 1
    return process or dict(colour.inks).get(REGISTRATION) == 1


#: How far a square cap reaches from the end of a line at most, in line widths: half the diagonal of a square.
_SQUARE_CAP = 0.5 * 2**0.5


def _percent(alpha: float) -> str:
    return f"{alpha * 100:.4g}%"


class _Clip(NamedTuple):
    """An open clip: what is left to paint on, and the picture that opened it, if one did."""

    area: Rect
    stencil: Any = None


@cache
def device_class() -> type[Any]:
    """The device, made on first use: its base class comes from MuPDF, which is slow to import."""
    from pymupdf import mupdf

    native = mupdf._mupdf
    number = native.floats_getitem
    bound_path, bound_text = native.ll_fz_bound_path, native.ll_fz_bound_text
    identity = native.ll_fz_make_matrix(1, 0, 0, 1, 0, 0)

    class Device(mupdf.FzDevice2):  # type: ignore[misc]
        """Counts what a page paints; ``finish`` turns it into facts."""

        def __init__(self, page: Page, spaces: Spaces, declared: Declared, pictures: Pictures, fonts: Fonts) -> None:
            super().__init__()
            for name in _CALLBACKS:
                getattr(self, f"use_virtual_{name}")()
            self.page, self.spaces, self.declared = page, spaces, declared
            self.pictures, self.font_objects = pictures, fonts
            self.clips: list[_Clip] = [_Clip(page.media or EVERYWHERE)]
            # What lies outside of the bleed is slug: marks and notes that are cut off.
            self.product = (page.bleed if page.boxes.trim is not None else None) or EVERYWHERE
            self.within: str | None = None
            self.contexts: list[str | None] = []
            self.muted: list[bool] = []  # of each open mark with a text of its own, whether nothing in it counts
            self.sizes: dict[int, int] = {}  # components of a colour space, by address
            self.meant: dict[int, Any] = {}  # what stands in for a device space, by the address of that
            self.heavier: dict[int, Any] = {}  # which of two amounts is more ink, by address
            self.quiet = 0  # inside what is not counted: soft masks, annotations that do not print
            self.vectors: dict[tuple[Any, ...], _Seen] = {}
            self.lines: dict[tuple[Any, ...], _Seen] = {}
            self.runs: dict[tuple[Any, ...], _Seen] = {}
            self.shades: dict[tuple[Any, ...], _Seen] = {}
            self.pictured: dict[tuple[Any, ...], _Seen] = {}
            self.transparent: dict[tuple[str, str | None, str], _Seen] = {}
            self.images: list[PlacedImage] = []
            self.glyphs: set[tuple[Any, ...]] = set()
            self.outlines: dict[tuple[Any, ...], _Seen] = {}
            self.fonts: dict[int, FontUse] = {}  # by address
            self.painted_fonts: set[int] = set()
            self.type_3: dict[int, float] = {}  # scale of glyph space against the usual thousandth; else 0
            self.filled_text, self.filled_at = 0, (0.0, 0.0, 0.0, 0.0)
            self.pending: set[int] = set()  # masks that no picture has claimed yet, by address
            self.page_group = False  # whether the next group is the page's own, which it may name a space for
            self.blends: dict[tuple[int], _Seen] = {}
            self.edge = Edge(page.trim)
            self.deep = self.edge.deep
            self.letters = Letters(mupdf)
            self.shapes = Shapes(mupdf)
            self.trim = page.trim or EVERYWHERE
            self.inked = NOWHERE  # a box round what leaves ink on the product; it may reach past the trim
            self.gaps: dict[int, bool] = {}  # whether a letter that a font lacks would be seen, by address
            self.missing: dict[tuple[int], _Seen] = {}

        # -- paths -------------------------------------------------------------------------------------

        def fill_path(
            self, ctx: Any, path: Any, even_odd: Any, ctm: Any, space: Any, colour: Any, alpha: Any, params: Any
        ) -> None:
            if self.quiet:
                return
            bound = bound_path(path, None, ctm)
            x0, y0, x1, y1 = bound.x0, bound.y0, bound.x1, bound.y1
            area = self.clips[-1].area
            if x0 > area.x1 or x1 < area.x0 or y0 > area.y1 or y1 < area.y0:
                return
            address, values = self._area(self.vectors, "vector", x0, y0, x1, y1, space, colour, alpha, params)
            inked = self.inked
            if x0 < inked[0] or y0 < inked[1] or x1 > inked[2] or y1 > inked[3]:
                self._ink(x0, y0, x1, y1, address, values)
            wide, high = x1 - x0, y1 - y0
            if ctm.b or ctm.c:  # turned: measure along the shape's own axes
                own = bound_path(path, None, identity)
                wide = (own.x1 - own.x0) * math.hypot(ctm.a, ctm.b)
                high = (own.y1 - own.y0) * math.hypot(ctm.c, ctm.d)
            thin = min(wide, high)
            if thin < THIN_FILL and max(wide, high) > LINE_RATIO * thin:
                self._line(round(thin, 4), True, ((x0, y0, x1, y1),), address, values, params)
                return
            if lines := self.shapes.thin(path, ctm, area):
                self._line(round(lines[0], 4), True, lines[1], address, values, params)
            deep = self.deep
            if x0 < deep[0] or y0 < deep[1] or x1 > deep[2] or y1 > deep[3]:
                self._near_trim("vector", x0, y0, x1, y1, address, values)

        def stroke_path(
            self, ctx: Any, path: Any, stroke: Any, ctm: Any, space: Any, colour: Any, alpha: Any, params: Any
        ) -> None:
            if self.quiet:
                return
            bound = bound_path(path, stroke, ctm)
            x0, y0, x1, y1 = bound.x0, bound.y0, bound.x1, bound.y1
            area = self.clips[-1].area
            if x0 > area.x1 or x1 < area.x0 or y0 > area.y1 or y1 < area.y0:
                return
            width = self._stroke_width(path, stroke.linewidth, ctm.a, ctm.b, ctm.c, ctm.d)
            address, values = self._colour(space, colour)
            inked = self.inked
            if x0 < inked[0] or y0 < inked[1] or x1 > inked[2] or y1 > inked[3]:
                self._ink_stroke(path, bound, width, ctm, address, values)
            self._line(round(width, 4), False, ((x0, y0, x1, y1),), address, values, params)
            if alpha < 1:
                self._transparent("alpha", _percent(alpha), "vector", x0, y0, x1, y1)

        def _stroke_width(self, path: Any, width: float, a: float, b: float, c: float, d: float) -> float:
            """The effective width of a stroke; where its scale is uneven, that of the thinnest part."""
            if not b and not c and abs(a) == abs(d):
                return width * abs(a)
            across, along = a * a + b * b, c * c + d * d
            area = abs(a * d - b * c)
            if abs(across - along) <= 1e-4 * (across + along) and abs(a * c + b * d) <= 1e-4 * (across + along):
                return float(width * area**0.5)
            own = bound_path(path, None, identity)
            wide, high = own.x1 - own.x0, own.y1 - own.y0
            if (wide == 0) != (high == 0) and across and along:
                # A straight line along one axis of its own: it is the other axis that makes it thick or thin.
                return float(width * area / (across if high == 0 else along) ** 0.5)
            # The smaller singular value of the matrix: a line that runs in the worst direction.
            half = (across + along) / 2
            return float(width * max(0.0, half - max(0.0, half * half - area * area) ** 0.5) ** 0.5)

        def _line(self, width: Any, filled: Any, boxes: Any, address: Any, values: Any, params: Any) -> None:
            """Count a path that is a line, or holds some, at ``boxes``."""
            slug = all(self._slug(*box) for box in boxes)
            inked = tuple([value > 0 for value in values])
            overprint, mode = (params.op, params.opm) if params else (0, 0)
            key = (
                address, inked, _exact(values), overprint, mode, self.within, slug, width, filled
            )  # fmt: skip
            seen = self._count(self.lines, key, values)
            area = self.clips[-1].area
            for x0, y0, x1, y1 in boxes:
                if seen.few:
                    seen.add(x0, y0, x1, y1, area)

        def fill_shade(self, ctx: Any, shade: Any, ctm: Any, alpha: Any, params: Any) -> None:
            if self.quiet:
                return
            area = self.clips[-1].area
            if area.x0 > area.x1:  # clipped away
                return
            address, _ = self._area(self.shades, "shading", *area, shade.colorspace, None, alpha, params)
            self._ink(*area, address, ())

        # -- text --------------------------------------------------------------------------------------

        def fill_text(self, ctx: Any, text: Any, ctm: Any, space: Any, colour: Any, alpha: Any, params: Any) -> None:
            self._text(text, None, ctm, space, colour, alpha, params, "fill")
            self.filled_text = int(text.this)

        def stroke_text(
            self, ctx: Any, text: Any, stroke: Any, ctm: Any, space: Any, colour: Any, alpha: Any, params: Any
        ) -> None:
            # Rendering mode 2: the same letters once more, as an outline. The address alone could be a new text's.
            bound = bound_text(text, None, ctm)
            same_place = (bound.x0, bound.y0, bound.x1, bound.y1) == self.filled_at
            if self.filled_text == int(text.this) and same_place:
                self._outline(text, stroke, ctm, space, colour, alpha, params)
            else:
                self._text(text, stroke, ctm, space, colour, alpha, params, "stroke")

        def ignore_text(self, ctx: Any, text: Any, ctm: Any) -> None:
            self._text(text, None, ctm, None, None, 1.0, None, "invisible")

        def clip_text(self, ctx: Any, text: Any, ctm: Any, scissor: Any) -> None:
            self._text(text, None, ctm, None, None, 1.0, None, "clip")
            self._clip(bound_text(text, None, ctm))

        def clip_stroke_text(self, ctx: Any, text: Any, stroke: Any, ctm: Any, scissor: Any) -> None:
            self._text(text, stroke, ctm, None, None, 1.0, None, "clip")
            self._clip(bound_text(text, stroke, ctm))

        def _text(
            self, text: Any, stroke: Any, ctm: Any, space: Any, colour: Any, alpha: Any, params: Any, rendering: Any
        ) -> None:
            bound = bound_text(text, stroke, ctm)
            x0, y0, x1, y1 = bound.x0, bound.y0, bound.x1, bound.y1
            self.filled_at = (x0, y0, x1, y1)
            area = self.clips[-1].area
            shown = not (x0 > area.x1 or x1 < area.x0 or y0 > area.y1 or y1 < area.y0)
            printed = shown and self.within != NOT_PRINTED
            seen_of_it = shown and not self.quiet
            slug = self._slug(x0, y0, x1, y1)
            a, b, c, d = ctm.a, ctm.b, ctm.c, ctm.d
            overprint, mode = (params.op, params.opm) if params else (0, 0)
            address, values = self._colour(space, colour)
            span = text.head
            while span:
                font = span.font
                at = int(font.this)
                if at not in self.fonts:
                    self.fonts[at] = self.font_objects.find(font, at, self.declared)
                    self.type_3[at] = math.hypot(font.t3matrix.c, font.t3matrix.d) * 1000 if font.t3procs else 0
                    # Only an embedded font's gaps are the file's; Type 3 has no .notdef, its glyphs are as they are.
                    self.gaps[at] = bool(
                        self.fonts[at].embedded and not font.t3procs and self.letters.shape(font, at, 0)
                    )
                scale = self.type_3[at]
                # MuPDF draws some Type 3 glyphs at once, and hands over their text as invisible.
                if scale and rendering != "invisible":
                    self._type_3(font, span, ctm)
                if printed and (scale or rendering != "invisible"):
                    self.painted_fonts.add(at)
                if seen_of_it:
                    trm = span.trm
                    up_x, up_y = trm.c, trm.d
                    size = round(math.hypot(up_x * a + up_y * c, up_x * b + up_y * d) * (scale or 1), 3)
                    key = (address, values, overprint, mode, self.within, slug, at, size, rendering)
                    seen = self._count(self.runs, key, values)
                    seen.glyphs += span.len
                    if seen.few:
                        seen.add(x0, y0, x1, y1, area)
                    if self.gaps[at] and rendering != "invisible" and 0 in self.letters.glyphs(span):
                        self._missing_glyphs(at, span, ctm)
                span = span.next
            if not seen_of_it:
                return
            inked, pad = self.inked, TEXT_PADDING
            outside = x0 + pad < inked[0] or y0 + pad < inked[1] or x1 - pad > inked[2] or y1 - pad > inked[3]
            if outside and (rendering in ("fill", "stroke") or scale):
                self._ink(x0 + pad, y0 + pad, x1 - pad, y1 - pad, address, values)
            if alpha < 1:
                self._transparent("alpha", _percent(alpha), "text", x0, y0, x1, y1)
            if rendering in ("fill", "stroke"):
                deep = self.deep
                if x0 < deep[0] or y0 < deep[1] or x1 > deep[2] or y1 > deep[3]:
                    self._text_near_trim(text, ctm, x0, y0, x1, y1)

        def _missing_glyphs(self, address: int, span: Any, ctm: Any) -> None:
            """Count the letters of a span that are painted as .notdef."""
            area = self.clips[-1].area
            for glyph, box in self.letters.boxes(span, ctm):
                if glyph == 0 and box.touches(area):
                    seen = self._count(self.missing, (address,), ())
                    if seen.few:
                        seen.add(*box, area)

        def _text_near_trim(self, text: Any, ctm: Any, x0: float, y0: float, x1: float, y1: float) -> None:
            """Note text that is close to the trim: as it is, or line by line where its box may hold empty space."""
            edge, area = self.edge, self.clips[-1].area
            x0, y0, x1, y1 = x0 + TEXT_PADDING, y0 + TEXT_PADDING, x1 - TEXT_PADDING, y1 - TEXT_PADDING
            if self.within == PATTERN_CELL or not edge.near("text", x0, y0, x1, y1):
                return
            whole = not edge.crossed(x0, y0, x1, y1)
            span, spans = text.head, []
            while span:
                spans.append(span)
                if whole:
                    trm = span.trm
                    high = 2 * math.hypot(trm.a * ctm.a + trm.b * ctm.c, trm.a * ctm.b + trm.b * ctm.d)
                    blank = self.letters.blank(span.font, int(span.font.this), self.letters.glyphs(span))
                    whole = not blank and min(x1 - x0, y1 - y0) <= high
                span = span.next
            boxes = [Rect(x0, y0, x1, y1)]
            if not whole:
                boxes = [box for span in spans for box in self.letters.lines(span, ctm)]
            for box in boxes:
                edge.add("text", edge.cut(box, area))

        def _outline(self, text: Any, stroke: Any, ctm: Any, space: Any, colour: Any, alpha: Any, params: Any) -> None:
            bound = bound_text(text, stroke, ctm)
            x0, y0, x1, y1 = bound.x0, bound.y0, bound.x1, bound.y1
            area = self.clips[-1].area
            if self.quiet or x0 > area.x1 or x1 < area.x0 or y0 > area.y1 or y1 < area.y0:
                return
            address, values = self._area(self.outlines, "text", x0, y0, x1, y1, space, colour, alpha, params)
            self._ink(x0, y0, x1, y1, address, values)

        def _type_3(self, font: Any, span: Any, ctm: Any) -> None:
            """Draw each different glyph of a Type 3 font once: pictures and colours may hide in them."""
            if len(self.contexts) > 8:
                return
            trm, items = span.trm, mupdf.FzTextSpan(span)
            for index in range(span.len):
                item = items.items(index)
                glyph = item.gid
                key = (int(font.this), glyph, round(trm.a, 3), round(trm.d, 3), round(ctm.a, 3), round(ctm.d, 3))
                if glyph < 0 or key in self.glyphs:
                    continue
                self.glyphs.add(key)
                at = native.ll_fz_make_matrix(trm.a, trm.b, trm.c, trm.d, item.x, item.y)
                self._enter(TYPE_3)
                try:
                    native.ll_fz_run_t3_glyph(font, glyph, native.ll_fz_concat(at, ctm), self.m_internal)
                finally:
                    self._leave()

        # -- pictures ----------------------------------------------------------------------------------

        def fill_image(self, ctx: Any, image: Any, ctm: Any, alpha: Any, params: Any) -> None:
            place = _unit_square(ctm)
            if image.mask is not None:
                self.pending.discard(int(image.mask.this))
            known = self.pictures.find(image, self.declared)
            self._picture(image, known, ctm, place, stencil=False)
            if self.quiet or not place.touches(self.clips[-1].area):
                return
            address, _ = self._area(self.pictured, "picture", *place, image.colorspace, None, alpha, params)
            self._ink(*place, address, ())
            self._near_trim("image", *place, address, ())
            if image.mask is not None and _is_soft(image, known):
                self._transparent("soft mask", None, "picture", *place)

        def fill_image_mask(
            self, ctx: Any, image: Any, ctm: Any, space: Any, colour: Any, alpha: Any, params: Any
        ) -> None:
            place = _unit_square(ctm)
            self._picture(image, self.pictures.find(image, self.declared), ctm, place, stencil=True)
            if self.quiet or not place.touches(self.clips[-1].area):
                return
            address, values = self._area(self.vectors, "picture", *place, space, colour, alpha, params)
            self._ink(*place, address, values)
            self._near_trim("image", *place, address, values)

        def clip_image_mask(self, ctx: Any, image: Any, ctm: Any, scissor: Any) -> None:
            place = _unit_square(ctm)
            clip = self.clips[-1].area
            area = place.intersection(clip) or NOWHERE
            # The mask of a picture comes before the picture; a stencil filled with a pattern looks the same,
            # and is told apart when the clip is closed and no picture has claimed the mask.
            address = int(image.this)
            self.pending.add(address)
            matrix = (ctm.a, ctm.b, ctm.c, ctm.d)
            native.ll_fz_keep_image(image)
            self.clips.append(_Clip(area, (address, image, matrix, place)))

        def _picture(self, image: Any, known: Any, ctm: Any, place: Any, *, stencil: bool) -> None:
            if self.within == REPEATED:
                return
            right, up = (ctm.a, ctm.b), (-ctm.c, -ctm.d)  # MuPDF's pictures hang from their top edge
            shown = place.intersection(self.clips[-1].area)
            mask = image.mask
            fact = PlacedImage(
                page=self.page.number,
                name=known.name if known else None,
                object=known.object if known else None,
                width_px=image.w,
                height_px=image.h,
                bits=1 if stencil else image.bpc,
                colour_space=None if stencil else self._space_of(image).shown,
                compression=known.filter if known else _codec(native, image),
                ppi_x=_ppi(image.w, right),
                ppi_y=_ppi(image.h, up),
                mask=stencil,
                soft_mask=mask is not None and _is_soft(image, known),
                place=place,
                visible=shown,
                within=self.within,
                right=right,
                up=up,
                stand_ins=known.stand_ins if known else (),
            )
            self.images.append(fact)
            if mask is not None and not fact.soft_mask:
                self.images.append(_explicit_mask(fact, mask))

        def _space_of(self, image: Any) -> Space:
            space = image.colorspace
            return self.spaces.add(space, int(space.this)) if space else PATTERN

        # -- clips, groups, masks ----------------------------------------------------------------------

        def clip_path(self, ctx: Any, path: Any, even_odd: Any, ctm: Any, scissor: Any) -> None:
            self._clip(bound_path(path, None, ctm))

        def clip_stroke_path(self, ctx: Any, path: Any, stroke: Any, ctm: Any, scissor: Any) -> None:
            bound = bound_path(path, stroke, ctm)
            self._clip(bound)
            area = self.clips[-1].area
            if not self.quiet and area.x0 <= area.x1:  # a stroke painted with a pattern
                width = self._stroke_width(path, stroke.linewidth, ctm.a, ctm.b, ctm.c, ctm.d)
                self._ink_stroke(path, bound, width, ctm, 0, ())
                self._line(round(width, 4), False, ((bound.x0, bound.y0, bound.x1, bound.y1),), 0, (), None)

        def _clip(self, bound: Any) -> None:
            area = self.clips[-1].area
            x0, y0 = max(bound.x0, area.x0), max(bound.y0, area.y0)
            x1, y1 = min(bound.x1, area.x1), min(bound.y1, area.y1)
            self.clips.append(_Clip(Rect(x0, y0, x1, y1) if x0 <= x1 and y0 <= y1 else NOWHERE))

        def pop_clip(self, ctx: Any) -> None:
            if len(self.clips) == 1:
                return
            stencil = self.clips.pop().stencil
            if stencil is None:
                return
            address, image, (a, b, c, d), place = stencil
            if address in self.pending and image.imagemask:
                matrix = native.ll_fz_make_matrix(a, b, c, d, 0, 0)
                self._picture(image, self.pictures.find(image, self.declared), matrix, place, stencil=True)
            self.pending.discard(address)
            native.ll_fz_drop_image(image)

        def begin_group(
            self, ctx: Any, area: Any, space: Any, isolated: Any, knockout: Any, blend: Any, alpha: Any
        ) -> None:
            if self.quiet:
                return
            if self.page_group:  # what it mixes in is asked of the page
                self.page_group = False
                return
            if space:
                self._blended(space, area)
            if not blend and alpha >= 1:
                return
            place = area.x0, area.y0, area.x1, area.y1
            if blend:
                name = BLEND_MODES[blend] if 0 <= blend < len(BLEND_MODES) else str(blend)
                self._transparent("blend mode", name, "group", *place)
            if alpha < 1:
                self._transparent("alpha", _percent(alpha), "group", *place)

        def _blended(self, space: Any, place: Any) -> None:
            """Count a group that names the space it mixes in; one that does not is mixed in what is below it."""
            area = self.clips[-1].area
            if place.x0 > area.x1 or place.x1 < area.x0 or place.y0 > area.y1 or place.y1 < area.y0:
                return
            address, _ = self._colour(space, None)
            seen = self._count(self.blends, (address,), ())
            if seen.few:
                seen.add(place.x0, place.y0, place.x1, place.y1, area)

        def begin_mask(self, ctx: Any, area: Any, luminosity: Any, space: Any, backdrop: Any, params: Any) -> None:
            place = area.x0, area.y0, area.x1, area.y1
            if not self.quiet:
                self._transparent("soft mask", "luminosity" if luminosity else "alpha", "group", *place)
            self._clip(area)
            self._enter(SOFT_MASK, quiet=True)

        def end_mask(self, ctx: Any, function: Any) -> None:
            if self.contexts:
                self._leave(quiet=True)

        def begin_tile(self, ctx: Any, area: Any, view: Any, x_step: Any, y_step: Any, ctm: Any, *identity: Any) -> int:
            # The cell is drawn once at its origin; it stands for the whole painted area, so clips on the
            # page say nothing about it.
            if not self.quiet:
                self._ink(*self.clips[-1].area, 0, ())
            self.clips.append(_Clip(EVERYWHERE))
            self._enter(PATTERN_CELL)
            return 0

        def end_tile(self, ctx: Any) -> None:
            if len(self.clips) > 1:
                self.clips.pop()
            if self.contexts:
                self._leave()

        def begin_metatext(self, ctx: Any, kind: Any, text: Any) -> None:
            # Bleed that was made of the page's edge says of itself that it says nothing, and lies beyond the trim.
            area, trim = self.clips[-1].area, self.trim
            beyond = (
                area.x1 <= trim.x0 + _LAP or area.x0 >= trim.x1 - _LAP
                or area.y1 <= trim.y0 + _LAP or area.y0 >= trim.y1 - _LAP
            )  # fmt: skip
            mute = kind == _ACTUAL_TEXT and not text and beyond
            self.muted.append(mute)
            if mute:
                self._enter(REPEATED, quiet=True)

        def end_metatext(self, ctx: Any) -> None:
            if self.muted and self.muted.pop() and self.contexts:
                self._leave(quiet=True)

        def set_default_colorspaces(self, ctx: Any, defaults: Any) -> None:
            """What DefaultGray, DefaultRGB and DefaultCMYK of the page, or of a form, make of device colours.

            An output intent comes the same way, but says nothing of what a colour means (COL102 asks for it apart).
            """
            intent = native.ll_fz_default_output_intent(defaults)
            self.meant = {}
            for device, default in (
                (native.ll_fz_device_gray(), native.ll_fz_default_gray(defaults)),
                (native.ll_fz_device_rgb(), native.ll_fz_default_rgb(defaults)),
                (native.ll_fz_device_cmyk(), native.ll_fz_default_cmyk(defaults)),
            ):
                if default and int(default.this) not in (int(device.this), int(intent.this) if intent else 0):
                    self.meant[int(device.this)] = default

        # -- bookkeeping -------------------------------------------------------------------------------

        def _enter(self, context: Any, quiet: bool = False) -> None:
            self.contexts.append(self.within)
            self.within = self.within if self.within in (SOFT_MASK, NOT_PRINTED, REPEATED) else context
            self.quiet += quiet

        def _leave(self, quiet: bool = False) -> None:
            self.within = self.contexts.pop()
            self.quiet -= quiet

        def _round_the_product(self, bound: Any) -> bool:
            product = self.product
            across: bool = bound.x0 < product.x0 and bound.x1 > product.x1
            along: bool = bound.y0 < product.y0 and bound.y1 > product.y1
            return across and along

        def _slug(self, x0: float, y0: float, x1: float, y1: float) -> bool:
            product = self.product
            if self.within == PATTERN_CELL:  # drawn at its origin, wherever the pattern shows
                return False
            return x0 > product.x1 or x1 < product.x0 or y0 > product.y1 or y1 < product.y0

        def _colour(self, space: Any, colour: Any) -> tuple[int, tuple[float, ...]]:
            """The address of a colour space and the numbers set in it; 0 and none for a pattern."""
            if not space:
                return 0, ()
            address = int(space.this)
            if self.meant and address in self.meant:
                space = self.meant[address]
                address = int(space.this)
            n = self.sizes.get(address)
            if n is None:
                added = self.spaces.add(space, address)
                n = self.sizes[address] = added.n
                # Of light, less is heavier; of ink, more.
                self.heavier[address] = min if added.model in ("gray", "rgb", "lab") else max
            if not colour:
                return address, ()
            if n == 4:
                return address, (
                    number(colour, 0), number(colour, 1), number(colour, 2), number(colour, 3)
                )  # fmt: skip
            return address, tuple([number(colour, i) for i in range(n)])

        def _area(
            self, table: Any, what: str, x0: Any, y0: Any, x1: Any, y1: Any,
            space: Any, colour: Any, alpha: Any, params: Any,
        ) -> tuple[int, tuple[float, ...]]:  # fmt: skip
            """Count one painted area in a table of colours; returns the colour, as ``_colour`` does."""
            address, values = self._colour(space, colour)
            key = (address, _exact(values), params.op, params.opm, self.within, self._slug(x0, y0, x1, y1))
            seen = self._count(table, key, values)
            if seen.few:
                seen.add(x0, y0, x1, y1, self.clips[-1].area)
            if alpha < 1:
                self._transparent("alpha", _percent(alpha), what, x0, y0, x1, y1)
            return address, values

        def _near_trim(
            self, what: str, x0: float, y0: float, x1: float, y1: float, address: int, values: tuple[float, ...]
        ) -> None:
            """Note a small picture or vector that stays inside the trim, close to its edge."""
            edge = self.edge
            if self.within in (PATTERN_CELL, TYPE_3) or not edge.near(what, x0, y0, x1, y1):
                return
            box = edge.cut(Rect(x0, y0, x1, y1), self.clips[-1].area)
            if box.x1 - box.x0 > SMALL or box.y1 - box.y0 > SMALL or edge.crossed(*box):
                return
            if not self._white(address, values):
                edge.add(what, box)

        def _white(self, address: int, values: tuple[float, ...]) -> bool:
            # An address of 0 is a pattern, and a picture has no single colour: neither is white.
            white = ALL_ONE if self.heavier.get(address) is min else ALL_ZERO
            return bool(values) and _exact(values) == white

        def _ink(self, x0: float, y0: float, x1: float, y1: float, address: int, values: tuple[float, ...]) -> None:
            """Widen the box round what leaves ink on the product, by an object that is not white."""
            # What patterns and letters of Type 3 are made of: where they show is noted for the whole of them.
            if self.within in (PATTERN_CELL, TYPE_3) or self._white(address, values):
                return
            area, inked = self.clips[-1].area, self.inked
            box = Rect(max(x0, area.x0), max(y0, area.y0), min(x1, area.x1), min(y1, area.y1))
            if box.x0 <= box.x1 and box.y0 <= box.y1 and box.touches(self.trim):
                self.inked = Rect(
                    min(box.x0, inked.x0), min(box.y0, inked.y0), max(box.x1, inked.x1), max(box.y1, inked.y1)
                )

        def _ink_stroke(
            self, path: Any, bound: Any, width: float, ctm: Any, address: int, values: tuple[float, ...]
        ) -> None:
            """The same for a stroke: MuPDF's box has room for the longest spikes, which most lines do not have."""
            if values and self._round_the_product(bound) and _every_ink(self.spaces.colour(address, values, 0, 0)):
                return  # crop and registration marks drawn as one path
            if self.shapes.spiky(path):
                self._ink(bound.x0, bound.y0, bound.x1, bound.y1, address, values)
                return
            own = bound_path(path, None, ctm)
            half = width * _SQUARE_CAP
            self._ink(own.x0 - half, own.y0 - half, own.x1 + half, own.y1 + half, address, values)

        def _count(self, table: Any, key: Any, values: Any) -> _Seen:
            seen: _Seen | None = table.get(key)
            if seen is None:
                seen = table[key] = _Seen(values)
            elif seen.heaviest != values:
                seen.heaviest = tuple(map(self.heavier[key[0]], seen.heaviest, values))
            seen.count += 1
            return seen

        def _transparent(self, kind: Any, value: Any, what: Any, x0: Any, y0: Any, x1: Any, y1: Any) -> None:
            area = self.clips[-1].area
            if x0 > area.x1 or x1 < area.x0 or y0 > area.y1 or y1 < area.y0:
                return
            seen = self._count(self.transparent, (kind, value, what), ())
            if seen.few:
                seen.add(x0, y0, x1, y1, area)

        def finish(self) -> Painted:
            """All that was counted, as facts."""
            return _facts(self)

    return Device


_CALLBACKS = (
    "fill_path", "stroke_path", "clip_path", "clip_stroke_path", "fill_text", "stroke_text", "clip_text",
    "clip_stroke_text", "ignore_text", "fill_shade", "fill_image", "fill_image_mask", "clip_image_mask",
    "pop_clip", "begin_mask", "end_mask", "begin_group", "begin_tile", "end_tile",
    "begin_metatext", "end_metatext", "set_default_colorspaces",
)  # fmt: skip


def page_blend_space(mupdf: Any, drawn: Any, page: Page, spaces: Spaces) -> list[BlendSpace]:
    """What the page's own group says that transparency is mixed in; nothing where it leaves that to the intent."""
    named = mupdf.pdf_dict_gets(mupdf.pdf_page_group(drawn), "CS")
    if not named.m_internal:
        return []
    try:
        loaded = mupdf.pdf_load_colorspace(named)
    except Exception:  # what cannot be read is mixed in what the output intent says, as if it were not there
        return []
    space = spaces.add(loaded.m_internal, int(loaded.m_internal.this))
    return [BlendSpace(page.number, "page", space.shown, space.model, places=(page.trim,) if page.trim else ())]


class Pictures:
    """Finds the object behind a picture that MuPDF paints.

    MuPDF keeps one native picture for each image XObject while it is in use, so loading the objects of the
    same size again (a look into its store) and comparing addresses tells which one it is.
    """

    def __init__(self, native: Any, document: Any) -> None:
        self._native, self._document = native, document
        self._found: dict[int, DeclaredImage | None] = {}
        self._kept: list[Any] = []

    def find(self, image: Any, declared: Declared) -> DeclaredImage | None:
        """The declared image, or ``None`` for an inline picture."""
        address = int(image.this)
        if address not in self._found:
            self._native.ll_fz_keep_image(image)
            self._kept.append(image)
            self._found[address] = self._look_up(address, image, declared)
        return self._found[address]

    def _look_up(self, address: int, image: Any, declared: Declared) -> DeclaredImage | None:
        width, height = image.w, image.h
        same = [item for item in declared.images.values() if (item.width_px, item.height_px) == (width, height)]
        # A picture whose dictionary and data disagree in size (JPEG 2000 may) is looked for among all.
        for item in same or declared.images.values():
            try:
                reference = self._native.ll_pdf_new_indirect(self._document, *item.object)
                try:
                    loaded = self._native.ll_pdf_load_image(self._document, reference)
                finally:
                    self._native.ll_pdf_drop_obj(reference)
            except Exception:  # noqa: S112 - a broken candidate is not the picture that was just painted
                continue
            found = int(loaded.this) == address
            self._native.ll_fz_drop_image(loaded)
            if found:
                return item
        return None

    def close(self) -> None:
        """Let go of the native pictures."""
        for image in self._kept:
            self._native.ll_fz_drop_image(image)
        self._kept.clear()
        self._found.clear()


class Fonts:
    """Finds the font dictionary behind a font that MuPDF paints with, in the same way as ``Pictures``."""

    def __init__(self, native: Any, document: Any) -> None:
        self._native, self._document = native, document

    def find(self, font: Any, address: int, declared: Declared) -> FontUse:
        """The declared font; one that no resources declare is described by what MuPDF knows of it."""
        name = str(font.name)
        # MuPDF cuts font names at 31 bytes.
        alike = [use for use in declared.fonts.values() if use.name and use.name[:31].startswith(name[:28])]
        others = [use for use in declared.fonts.values() if use not in alike]
        for use in (*alike, *others):
            if use.object is not None and self._address(use.object) == address:
                return use
        if alike:  # written straight into the resources, or loaded anew: only the name tells
            return next((use for use in alike if use.object is None), alike[0])
        # No resources name it: MuPDF took a font of its own, as every reader will.
        return FontUse(
            name=name or None, type="unknown", object=None, embedded=bool(font.t3procs), subset="+" in name[6:7]
        )

    def _address(self, number: tuple[int, int]) -> int | None:
        try:
            reference = self._native.ll_pdf_new_indirect(self._document, *number)
            try:
                loaded = self._native.ll_pdf_load_font(self._document, None, reference)
            finally:
                self._native.ll_pdf_drop_obj(reference)
        except Exception:
            return None  # a font that does not load is not the one that was just painted with
        address = int(loaded.font.this)
        self._native.ll_pdf_drop_font(loaded)
        return address


def _unit_square(ctm: Any) -> Rect:
    """Where a picture lands: the box round the transformed unit square."""
    a, b, c, d, e, f = ctm.a, ctm.b, ctm.c, ctm.d, ctm.e, ctm.f
    xs, ys = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
    return Rect(min(xs), min(ys), max(xs), max(ys))


def _ppi(pixels: int, edge: tuple[float, float]) -> Resolution | None:
    length = math.hypot(*edge)
    return Resolution(pixels / length * 72) if length > 0 else None


def _is_soft(image: Any, known: DeclaredImage | None) -> bool:
    """Whether the mask of a picture is a soft one (/SMask) and not a stencil (/Mask)."""
    if known is not None:
        return known.soft_mask
    return bool(image.mask.bpc > 1)


def _codec(native: Any, image: Any) -> str | None:
    buffer = native.ll_fz_compressed_image_buffer(image)
    return _CODECS.get(buffer.params.type) if buffer else None


def _explicit_mask(picture: PlacedImage, mask: Any) -> PlacedImage:
    return PlacedImage(
        page=picture.page,
        name=picture.name,
        object=None,
        width_px=mask.w,
        height_px=mask.h,
        bits=1,
        colour_space=None,
        compression=None,
        ppi_x=_ppi(mask.w, picture.right or (0, 0)),
        ppi_y=_ppi(mask.h, picture.up or (0, 0)),
        mask=False,
        soft_mask=False,
        place=picture.place,
        visible=picture.visible,
        within=EXPLICIT_MASK,
        right=picture.right,
        up=picture.up,
    )


def _facts(device: Any) -> Painted:
    """Turn the counted keys of a device into facts."""
    number = device.page.number
    spaces: Spaces = device.spaces
    painted = Painted(images=device.images)
    painted.fonts = {at: device.fonts[at] for at in device.painted_fonts}
    colours: dict[tuple[Any, ...], Colour] = {}
    sums: dict[tuple[Any, ...], tuple[_Seen, dict[str, float], Colour]] = {}

    def colour_of(*key: Any) -> Colour:
        if key not in colours:
            colours[key] = spaces.colour(*key)
        return colours[key]

    def summed_up(exact: int, *key: Any) -> Colour:
        """The heaviest of several colours; where that looks like one of those that stay apart, without its numbers."""
        colour = colour_of(*key)
        return replace(colour, values=()) if exact == MIXED and _exact(key[1]) != MIXED else colour

    def paint(what: str, colour: Colour, within: str | None, slug: bool, seen: _Seen) -> None:
        white = bool(colour.white)
        apart = colour.values if _stays_apart(colour) else ()
        key = (what, colour.space, apart, colour.overprint, colour.overprint_mode, within, slug)
        if key not in sums:
            sums[key] = (_Seen(()), {}, colour)
        total, inks, _ = sums[key]
        total.count += seen.count
        total.places.extend(seen.places[: PLACES_KEPT - len(total.places)])
        for ink, amount in colour.inks:
            inks[ink] = max(amount, inks.get(ink, 0.0))
        # The colorant None paints nothing, and a tint of 0 no more; light has no inks yet, and does.
        if not white and (colour.inks or colour.model in ("rgb", "lab", "unknown")):
            painted.marks += seen.count

    counted = {"vector": device.vectors, "shading": device.shades, "image": device.pictured, "text": device.outlines}
    for what, table in counted.items():
        for (address, exact, op, opm, within, slug), seen in table.items():
            if within == TYPE_3 and spaces.is_black(address, seen.heaviest):
                continue  # what a glyph without colours of its own is drawn with; the text's colour is counted
            paint(what, summed_up(exact, address, seen.heaviest, op, opm), within, slug, seen)
    for (address, _, exact, op, opm, within, slug, width, filled), seen in device.lines.items():
        colour = summed_up(exact, address, seen.heaviest, op, opm) if address else None
        painted.strokes.append(
            Stroke(number, PointSize(width), colour, filled, seen.count, tuple(seen.places), within, slug)
        )  # fmt: skip
        if colour is not None and not filled:  # thin fills are counted among the vectors already
            paint("vector", colour, within, slug, seen)
    for (address, values, op, opm, within, slug, font, size, rendering), seen in device.runs.items():
        colour = colour_of(address, values, op, opm) if address else None
        painted.texts.append(
            TextRun(
                page=number,
                font=device.fonts[font].name,
                size=PointSize(size),
                colour=colour,
                rendering=rendering,
                glyphs=seen.glyphs,
                count=seen.count,
                places=tuple(seen.places),
                within=within,
                slug=slug,
            )
        )
        if colour is not None:
            paint("text", colour, within, slug, seen)
    for (what, _, apart, _, _, within, slug), (total, inks, colour) in sums.items():
        summed = Colour(
            space=colour.space,
            family=colour.family,
            model=colour.model,
            values=apart,
            inks=tuple(inks.items()),
            overprint=colour.overprint,
            overprint_mode=colour.overprint_mode,
        )
        painted.paints.append(Paint(number, what, summed, total.count, tuple(total.places), within, slug))
        painted.inks.update(ink for ink in inks if ink not in (NOTHING, REGISTRATION))
    for (kind, value, what), seen in device.transparent.items():
        painted.transparencies.append(Transparency(number, kind, value, what, seen.count, tuple(seen.places)))
    for (address,), seen in device.blends.items():
        space = spaces.space(address)
        painted.blend_spaces.append(
            BlendSpace(number, "group", space.shown, space.model, seen.count, tuple(seen.places))
        )
    for (address,), seen in device.missing.items():
        name = device.fonts[address].name
        painted.missing_glyphs.append(MissingGlyph(number, name, seen.count, tuple(seen.places)))
    painted.near_trim = device.edge.facts(number)
    painted.blank = _blank(device.inked, device.page.trim)
    return painted


def _blank(inked: Rect, trim: Rect | None) -> Margins | None:
    """How much of the product is left blank on each side of the box round all ink; all of it where there is none."""
    if trim is None:
        return None
    if inked == NOWHERE:
        return Margins(trim.width, trim.height, trim.width, trim.height)
    around = (inked.x0 - trim.x0, trim.y1 - inked.y1, trim.x1 - inked.x1, inked.y0 - trim.y0)
    return Margins(*(Length(max(0.0, side)) for side in around))
