"""Objects painted in another colour, or with overprint on or off; all that is around them stays as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pikepdf
from pikepdf import Dictionary, Name, Stream

from makeready.facts import Artwork, Colour, Page, Rect
from makeready.pdf.mend.lines import subpaths, thinnest_scale
from makeready.pdf.mend.paints import colour
from makeready.pdf.mend.streams import (
    FILLS,
    SHOWS,
    STROKES,
    Here,
    Instruction,
    Paint,
    Part,
    State,
    Walk,
    moved,
    scale_of,
    times,
)
from makeready.pdf.mend.working import Working

#: What is painted, in the words of facts.
What = Literal["text", "vector", "line", "image", "shading"]
_TEXT_PARTS: dict[int, tuple[Part, ...]] = {
    0: ("fill",), 1: ("stroke",), 2: ("fill", "stroke"), 4: ("fill",), 5: ("stroke",), 6: ("fill", "stroke")
}  # fmt: skip
_DEVICE_OPERATORS = {Name.DeviceGray: ("g", "G"), Name.DeviceRGB: ("rg", "RG"), Name.DeviceCMYK: ("k", "K")}


@dataclass(frozen=True, slots=True)
class Object:
    """Something that is about to be painted."""

    what: What
    colour: Colour | None
    overprint: bool
    overprint_mode: int
    #: Points: the effective size of text, or width of a line; ``None`` for the rest.
    size: float | None
    #: Whether nothing shines through it.
    opaque: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """How it is to be painted instead; ``None`` leaves a thing as it is."""

    paint: Paint | None = None
    overprint: bool | None = None


Decide = Callable[[Object], Wanted | None]


def repaint(working: Working, artwork: Artwork, decide: Decide) -> dict[int, Counter[str]]:
    """Ask for each object on the pages of the artwork how it is to be painted; what lies in the slug is not asked for.

    Returns:
        By page, how many objects of each kind were changed.
    """
    visitor = _Repainter(working.pdf, decide)
    walk = Walk(working.pdf, visitor, roles=("pattern", "annotation"))
    for page in artwork.pages:
        visitor.begin(page)
        walk.page(page.number)
    walk.finish()
    return visitor.changed


class _Repainter:
    """Answers at each painting operator."""

    def __init__(self, pdf: pikepdf.Pdf, decide: Decide) -> None:
        self._pdf, self._decide = pdf, decide
        self._states: dict[tuple[bool, bool, int], Any] = {}
        self._area: Rect | None = None
        self.changed: dict[int, Counter[str]] = {}

    def begin(self, page: Page) -> None:
        """The page whose bleed says what is slug."""
        self._area = page.bleed

    def key(self, state: State) -> Hashable:
        return (
            tuple(round(number, 3) for number in state.ctm),
            colour(state.fill),
            colour(state.stroke),
            state.line_width,
            state.overprint_fill,
            state.overprint_stroke,
            state.overprint_mode,
            state.opaque,
        )

    def visit(self, here: Here, operands: Sequence[Any], operator: str) -> Sequence[Instruction] | None:
        asked = list(self._asked(here, operands, operator))
        wanted = {part: found for part, item in asked if (found := self._decide(item)) is not None}
        if not wanted:
            return None
        kind = next(item.what for part, item in asked if part in wanted)
        self.changed.setdefault(here.page, Counter())[kind] += 1
        before, after = self._around(here, wanted)
        path = [(step.operands, step.operator) for step in here.path]
        return [*before, *path, (operands, operator), *after]

    def _asked(self, here: Here, operands: Sequence[Any], operator: str) -> Sequence[tuple[Part, Object]]:
        """What an operator paints, with the fill and stroke colour apart."""
        state = here.state
        if operator in SHOWS:
            size = state.font_size * scale_of(times(state.text, state.ctm))
            return [(part, self._object("text", state, part, size)) for part in _TEXT_PARTS.get(state.render_mode, ())]
        if operator in FILLS or operator in STROKES:
            return list(self._of_path(here, operator))
        if operator == "sh":
            return [("fill", self._object("shading", state, "fill", None, None))]
        if operator == "Do" and (image := self._image(here, operands)) is not None:
            painted = state.fill if image.get("/ImageMask", False) else Paint(self._space(here, image), ())
            return [("fill", self._object("image", state, "fill", None, painted))]
        return ()

    def _of_path(self, here: Here, operator: str) -> Sequence[tuple[Part, Object]]:
        points = [point for shape in subpaths(here.path) for point in shape]
        if not points or self._in_slug(here, points):
            return ()
        found: list[tuple[Part, Object]] = []
        if operator in FILLS:
            found.append(("fill", self._object("vector", here.state, "fill", None)))
        if operator in STROKES:
            width = here.state.line_width * thinnest_scale(here.state.ctm, points)
            found.append(("stroke", self._object("line", here.state, "stroke", width)))
        return found

    def _in_slug(self, here: Here, points: Sequence[tuple[float, float]]) -> bool:
        if self._area is None or here.role == "pattern":
            return False
        seen = [moved(point, here.state.ctm) for point in points]
        xs, ys = [x for x, _ in seen], [y for _, y in seen]
        area = self._area
        return min(xs) > area.x1 or max(xs) < area.x0 or min(ys) > area.y1 or max(ys) < area.y0

    def _object(
        self, what: What, state: State, part: Part, size: float | None, painted: Paint | Literal["own"] | None = "own"
    ) -> Object:
        paint = (state.fill if part == "fill" else state.stroke) if painted == "own" else painted
        overprint = state.overprint_fill if part == "fill" else state.overprint_stroke
        found = colour(paint) if paint is not None else None
        return Object(what, found, overprint, state.overprint_mode, size, state.opaque)

    @staticmethod
    def _image(here: Here, operands: Sequence[Any]) -> Stream | None:
        found = here.scope.find("XObject", operands[0]) if operands else None
        return found if isinstance(found, Stream) and found.get("/Subtype") == Name.Image else None

    @staticmethod
    def _space(here: Here, image: Stream) -> Any:
        space = image.get("/ColorSpace")
        return here.scope.find("ColorSpace", space) or space if isinstance(space, Name) else space

    def _around(self, here: Here, wanted: dict[Part, Wanted]) -> tuple[list[Instruction], list[Instruction]]:
        """What comes before and after, so that only this object is painted otherwise."""
        state = here.state
        before: list[Instruction] = []
        after: list[Instruction] = []
        for part, want in wanted.items():
            if want.paint is not None:
                before += set_colour(here, part, want.paint)
                after += set_colour(here, part, state.fill if part == "fill" else state.stroke)
        own = (state.overprint_stroke, state.overprint_fill, state.overprint_mode)
        asked = {part: want.overprint for part, want in wanted.items() if want.overprint is not None}
        # Zeros of DeviceCMYK leave what is below only in mode 1 (ISO 32000-1, 8.6.7).
        mode = 1 if any(asked.values()) else own[2]
        new = (asked.get("stroke", own[0]), asked.get("fill", own[1]), mode)
        if new != own:
            before.append(([here.scope.add("ExtGState", self._graphics_state(new))], "gs"))
            after.append(([here.scope.add("ExtGState", self._graphics_state(own))], "gs"))
        return before, after

    def _graphics_state(self, flags: tuple[bool, bool, int]) -> Any:
        if flags not in self._states:
            stroke, fill, mode = flags
            entries = Dictionary(Type=Name.ExtGState, OP=stroke, op=fill, OPM=mode)
            self._states[flags] = self._pdf.make_indirect(entries)
        return self._states[flags]


def set_colour(here: Here, part: Part, paint: Paint) -> list[Instruction]:
    """The instructions that make a colour the current one."""
    stroke = part == "stroke"
    if isinstance(paint.space, Name) and paint.space in _DEVICE_OPERATORS and paint.pattern is None:
        return [(list(paint.components), _DEVICE_OPERATORS[paint.space][stroke])]
    plain = isinstance(paint.space, Name)
    name = paint.space if plain else here.scope.add("ColorSpace", paint.space, "Cs")
    operands = [*paint.components, *([paint.pattern] if paint.pattern is not None else [])]
    return [([name], "CS" if stroke else "cs"), (operands, "SCN" if stroke else "scn")]
