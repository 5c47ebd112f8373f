"""Rewriting what paints: every content stream of a page, instruction by instruction, with its graphics state.

A fix gives a *visitor*: for each instruction it says what stands in its place, or ``None`` to keep it. The walk
follows what is really painted, from the page into forms, patterns, soft masks, Type 3 glyphs and the appearances
of annotations. A stream in which nothing is replaced is not written, so that it stays as it was, byte by byte.

A form may be painted many times, in other sizes and colours. Where the visitor's answer depends on that, its
``key`` says on what, and each key gets its own reading of the form; those that come out different become forms
of their own.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Operator, Pdf, Stream

from makeready.pdf.resources import DEEPEST, inherited

#: What a stream is: part of the visible page, or a means to it.
Role = Literal["page", "form", "pattern", "glyph", "mask", "annotation"]
#: An instruction in place of another: operands and operator.
Instruction = tuple[Sequence[Any], Operator | str]
Matrix = tuple[float, float, float, float, float, float]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
#: The instruction that holds a whole inline image; its one operand is pikepdf's.
INLINE_IMAGE = "INLINE IMAGE"
#: Operators that paint: with the fill colour, with the stroke colour.
FILLS = frozenset({"f", "F", "f*", "B", "B*", "b", "b*"})
STROKES = frozenset({"S", "s", "B", "B*", "b", "b*"})
SHOWS = frozenset({"Tj", "TJ", "'", '"'})
#: A path is made by these, may become a clip, and ends with a painting operator or ``n``: nothing may come between.
PATH = frozenset({"m", "l", "c", "v", "y", "h", "re"})
CLIPS = frozenset({"W", "W*"})
ENDS = FILLS | STROKES | {"n"}
_DEVICE: dict[str, Any] = {"g": Name.DeviceGray, "rg": Name.DeviceRGB, "k": Name.DeviceCMYK}
#: ISO 32000-1, 8.6.8: what a colour space begins with.
_FIRST_COLOURS: dict[Any, tuple[float, ...]] = {
    Name.DeviceGray: (0.0,),
    Name.DeviceRGB: (0.0,) * 3,
    Name.DeviceCMYK: (0.0, 0.0, 0.0, 1.0),
}


def times(first: Matrix, then: Matrix) -> Matrix:
    """The matrix that does one and then the other."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def scale_of(matrix: Matrix) -> float:
    """How much longer lines become, in the geometric mean of both directions."""
    return math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))


def inverse(matrix: Matrix) -> Matrix | None:
    """The matrix that undoes one; ``None`` where it flattens everything to a line."""
    a, b, c, d, e, f = matrix
    area = a * d - b * c
    if not area:
        return None
    return d / area, -b / area, -c / area, a / area, (c * f - d * e) / area, (b * e - a * f) / area


def moved(point: tuple[float, float], matrix: Matrix) -> tuple[float, float]:
    """Where a matrix takes a point."""
    (x, y), (a, b, c, d, e, f) = point, matrix
    return a * x + c * y + e, b * x + d * y + f


@dataclass(frozen=True, slots=True)
class Paint:
    """A current colour: its space as written (a name, or the object it stands for), components, and pattern."""

    space: Any = Name.DeviceGray
    components: tuple[float, ...] = (0.0,)
    pattern: Name | None = None


@dataclass(slots=True)
class State:
    """The graphics state, as far as fixes ask for it (ISO 32000-1, 8.4). It moves on: who keeps one keeps a copy."""

    #: From the stream's units to those of the page as facts have them, UserUnit applied.
    ctm: Matrix = IDENTITY
    fill: Paint = field(default_factory=Paint)
    stroke: Paint = field(default_factory=Paint)
    line_width: float = 1.0
    font: Any = None
    font_size: float = 0.0
    render_mode: int = 0
    #: From the units of text, before the font size, to those of the stream.
    text: Matrix = IDENTITY
    fill_alpha: float = 1.0
    stroke_alpha: float = 1.0
    blend: str = "Normal"
    soft_mask: bool = False
    overprint_fill: bool = False
    overprint_stroke: bool = False
    overprint_mode: int = 0

    @property
    def opaque(self) -> bool:
        """Nothing shines through: full alpha, no blending, no soft mask."""
        plain = self.blend in ("Normal", "Compatible") and not self.soft_mask
        return plain and self.fill_alpha == 1.0 and self.stroke_alpha == 1.0


class Scope:
    """The resources that the names in one stream stand for."""

    def __init__(self, pdf: Pdf, owner: Object, outer: Scope | None) -> None:
        self._pdf, self._owner, self._outer = pdf, owner, outer
        found = inherited(owner, "/Resources") if outer is None else owner.get("/Resources")
        self._own: Any = found if isinstance(found, Dictionary) else None
        self._names: dict[Any, Name] = {}

    def find(self, kind: str, name: Any) -> Any:
        """What a name stands for (``find("Font", Name.F1)``), or ``None``.

        A form without resources uses those of whoever paints it (ISO 32000-1, 7.8.3).
        """
        if not isinstance(name, Name):
            return None
        if self._own is None:
            return self._outer.find(kind, name) if self._outer else None
        table = self._own.get(f"/{kind}")
        return table.get(name) if isinstance(table, Dictionary) else None

    def drop(self, kind: str, name: Any) -> None:
        """Take a name out that nothing uses any more."""
        if self._own is None:
            if self._outer is not None:
                self._outer.drop(kind, name)
            return
        table = self._own.get(f"/{kind}")
        if isinstance(table, Dictionary) and name in table:
            del table[name]

    def add(self, kind: str, entry: Object, prefix: str = "Mr") -> Name:
        """A name for an object; the one it has, where it has one."""
        known = self._names.get((kind, entry.objgen)) if entry.is_indirect else None
        if known is not None:
            return known
        name = self._named(kind, entry, prefix)
        if entry.is_indirect:
            self._names[kind, entry.objgen] = name
        return name

    def _named(self, kind: str, entry: Object, prefix: str) -> Name:
        if self._own is None:
            self._own = Dictionary() if self._outer is None or self._outer._own is None else _copy(self._outer._own)
            self._owner.Resources = self._own
        elif self._outer is None and "/Resources" not in self._owner:
            self._owner.Resources = self._own = _copy(self._own)  # inherited from the page tree: other pages' too
        table = self._own.get(f"/{kind}")
        if not isinstance(table, Dictionary):
            self._own[f"/{kind}"] = Dictionary()
            table = self._own[f"/{kind}"]
        for name, other in table.items():
            if not isinstance(other, Object) or entry.is_indirect != other.is_indirect:
                continue
            if other.objgen == entry.objgen if entry.is_indirect else other == entry:
                return Name(name)
        number = 0
        while f"/{prefix}{number}" in table:
            number += 1
        table[f"/{prefix}{number}"] = entry
        return Name(f"/{prefix}{number}")


def _copy(resources: Dictionary) -> Dictionary:
    """Resources that may be added to: the tables are copied, what they hold is not."""
    return Dictionary({key: Dictionary(dict(table.items())) if isinstance(table, Dictionary) else table
                       for key, table in resources.items()})  # fmt: skip


@dataclass(slots=True)
class Here:
    """Where an instruction stands."""

    pdf: Pdf
    #: The page that is walked, from 1.
    page: int
    role: Role
    scope: Scope
    state: State
    #: The matrix that the stream begins with: patterns are laid out in it (ISO 32000-1, 8.7.3.1).
    base: Matrix = IDENTITY
    #: The state at the beginning of this stream is not known: glyphs and patterns.
    detached: bool = False
    #: Within a soft mask: what is painted here is never seen, only how light it is.
    masked: bool = False
    #: The path that the operator paints, with ``W`` where it also clips: an answer to it must hold them again.
    path: Sequence[Any] = ()

    @property
    def clips(self) -> bool:
        """Whether the path also becomes a clip."""
        return any(str(instruction.operator) in CLIPS for instruction in self.path)


class Visitor(Protocol):
    """What a fix does with instructions."""

    def visit(self, here: Here, operands: Sequence[Any], operator: str) -> Sequence[Instruction] | None:
        """What stands in place of an instruction; ``None`` keeps it. ``here.state`` is the state before it.

        Instructions that make a path are not shown one by one: the one that ends it is, with all of them in
        ``here.path``, and the answer stands in place of them all.
        """

    def key(self, state: State) -> Hashable:
        """All of the state around a form that the answers within it depend on."""


class Walk:
    """One run of a visitor over pages. Call ``page`` for each, then ``finish``."""

    def __init__(self, pdf: Pdf, visitor: Visitor, roles: Collection[Role] | None = None) -> None:
        """Prepare.

        Args:
            pdf: the open file.
            visitor: what is done.
            roles: the streams that are read; all when left out. The page and its forms always are.
        """
        self._pdf, self._visitor = pdf, visitor
        self._roles = frozenset(roles) if roles is not None else None
        self._parsed: dict[Any, list[Any]] = {}
        #: By object, whether in a mask, and key: the object that stands for it.
        self._made: dict[tuple[Any, bool, Hashable], Object] = {}
        #: By object: the new content of the object itself, from the first key that was met.
        self._own: dict[Any, tuple[Stream, bytes | None]] = {}
        #: By object and content: the other objects that were made.
        self._twins: dict[tuple[Any, bytes | None], Stream] = {}
        self._busy: list[Any] = []
        #: Streams that could not be read, with their page: they were left as they are.
        self.unread: list[tuple[int, str]] = []
        #: How many streams were written anew.
        self.written = 0

    def page(self, number: int) -> None:
        """Walk a page, all that it paints, and the appearances of its annotations."""
        page = self._pdf.pages[number - 1]
        unit = float(page.obj.get("/UserUnit", 1.0))
        state = State(ctm=(unit, 0.0, 0.0, unit, 0.0, 0.0))
        here = Here(self._pdf, number, "page", Scope(self._pdf, page.obj, None), state, state.ctm)
        instructions = self._instructions(page, number)
        if instructions is not None:
            new = self._rewritten(here, instructions)
            if new is not None:
                page.obj.Contents = self._pdf.make_stream(new)
                self.written += 1
        if self._wants("annotation"):
            for appearance in _appearances(page.obj):
                self._form(here, appearance, State(ctm=state.ctm), "annotation")

    def finish(self) -> None:
        """Write what was found for streams that several pages may share."""
        for stream, content in self._own.values():
            if content is not None:
                stream.write(content)
                self.written += 1
        self._own.clear()

    def _wants(self, role: Role) -> bool:
        return self._roles is None or role in self._roles

    def _instructions(self, holder: Any, number: int) -> list[Any] | None:
        try:
            return list(pikepdf.parse_content_stream(holder))
        except (pikepdf.PdfError, ValueError, TypeError, RuntimeError) as error:
            self.unread.append((number, str(error)))
            return None

    def _form(self, here: Here, stream: Stream, state: State, role: Role) -> Object:
        """The object that stands for a stream painted from here: itself, or one made for this state."""
        masked = here.masked or role == "mask"
        key = (stream.objgen, masked, self._visitor.key(state) if role == "form" else role)
        if not stream.is_indirect or stream.objgen in self._busy or len(self._busy) >= DEEPEST:
            return stream
        if key in self._made:
            return self._made[key]
        if stream.objgen not in self._parsed:
            read = self._instructions(stream, here.page)
            self._parsed[stream.objgen] = read if read is not None else []
        # A glyph has the resources of its font, which are those of ``here``.
        scope = here.scope if role == "glyph" else Scope(self._pdf, stream, here.scope)
        inside = Here(self._pdf, here.page, role, scope, state, state.ctm, role in ("glyph", "pattern"), masked)
        self._busy.append(stream.objgen)
        try:
            content = self._rewritten(inside, self._parsed[stream.objgen])
        finally:
            self._busy.pop()
        self._made[key] = self._standing_for(stream, content)
        return self._made[key]

    def _standing_for(self, stream: Stream, content: bytes | None) -> Object:
        """The stream itself for the first content that it gets, another one for each that differs."""
        if stream.objgen not in self._own:
            self._own[stream.objgen] = (stream, content)
            return stream
        if self._own[stream.objgen][1] == content:
            return stream
        if (stream.objgen, content) not in self._twins:
            other = twin(self._pdf, stream)
            if content is not None:
                other.write(content)
            self._twins[stream.objgen, content] = other
            self.written += 1
        return self._twins[stream.objgen, content]

    def _rewritten(self, here: Here, instructions: list[Any]) -> bytes | None:
        """The new content, or ``None`` where nothing is replaced."""
        try:
            return self._answered(here, instructions)
        except UnicodeDecodeError:
            self.unread.append((here.page, "a name in it is not written in UTF-8"))
            return None

    def _answered(self, here: Here, instructions: list[Any]) -> bytes | None:
        new: list[Any] = []
        path: list[Any] = []
        changed = False
        for instruction, operands, operator in self._states(here, instructions):
            if operator in PATH or operator in CLIPS:
                path.append(instruction)
                continue
            here.path = path if operator in ENDS else ()
            if path and not here.path:
                new.extend(path)  # a path that nothing ends: readers forget it
            answer = self._visitor.visit(here, operands, operator)
            if answer is None and operator == "Do":
                answer = self._painted(here, operands)
            elif answer is None and operator in ("scn", "SCN"):
                self._pattern(here, operands)
            elif answer is None and operator == "gs" and self._wants("mask"):
                self._mask(here, operands)
            elif operator == "Tf" and self._wants("glyph"):
                self._glyphs(here, operands)
            if answer is None:
                new.extend(here.path)
                new.append(instruction)
            else:
                changed = True
                new.extend((list(given), Operator(op) if isinstance(op, str) else op) for given, op in answer)
            path = []
        new.extend(path)
        return pikepdf.unparse_content_stream(new) if changed else None

    def _painted(self, here: Here, operands: Sequence[Any]) -> Sequence[Instruction] | None:
        found = here.scope.find("XObject", operands[0]) if operands else None
        if not isinstance(found, Stream) or found.get("/Subtype") != Name.Form:
            return None
        state = replace(here.state, ctm=times(matrix_of(found.get("/Matrix")), here.state.ctm))
        if isinstance(found.get("/Group"), Dictionary):  # 11.6.6: a group begins with plain compositing
            state = replace(state, fill_alpha=1.0, stroke_alpha=1.0, blend="Normal", soft_mask=False)
        other = self._form(here, found, state, "form")
        return None if other.objgen == found.objgen else [([here.scope.add("XObject", other, "Fm")], "Do")]

    def _pattern(self, here: Here, operands: Sequence[Any]) -> None:
        if not self._wants("pattern") or not operands or not isinstance(operands[-1], Name):
            return
        found = here.scope.find("Pattern", operands[-1])
        if isinstance(found, Stream):
            self._form(here, found, State(ctm=times(matrix_of(found.get("/Matrix")), here.base)), "pattern")

    def _mask(self, here: Here, operands: Sequence[Any]) -> None:
        entry = here.scope.find("ExtGState", operands[0]) if operands else None
        mask = entry.get("/SMask") if isinstance(entry, Dictionary) else None
        group = mask.get("/G") if isinstance(mask, Dictionary) else None
        if isinstance(group, Stream):
            self._form(here, group, State(ctm=times(matrix_of(group.get("/Matrix")), here.state.ctm)), "mask")

    def _glyphs(self, here: Here, operands: Sequence[Any]) -> None:
        font = here.scope.find("Font", operands[0]) if operands else None
        glyphs = font.get("/CharProcs") if isinstance(font, Dictionary) else None
        if font is None or not isinstance(glyphs, Dictionary):
            return
        scope = Here(here.pdf, here.page, "glyph", Scope(self._pdf, font, here.scope), here.state, masked=here.masked)
        for glyph in glyphs.values():
            if isinstance(glyph, Stream):
                self._form(scope, glyph, State(), "glyph")

    def _states(self, here: Here, instructions: list[Any]) -> Iterator[tuple[Any, Sequence[Any], str]]:
        """Each instruction, with ``here.state`` as it is before it; the state is moved on after it."""
        stack: list[State] = []
        for instruction in instructions:
            operands, operator = instruction.operands, str(instruction.operator)
            yield instruction, operands, operator
            try:
                if operator == "q":
                    stack.append(replace(here.state))
                elif operator == "Q":
                    here.state = stack.pop() if stack else here.state
                elif change := _STATE.get(operator):
                    change(here, operands)
            except (ValueError, TypeError, IndexError, ArithmeticError):
                continue  # operands that no reader understands: it passes them over, and so does this


def twin(pdf: Pdf, stream: Stream) -> Stream:
    """Another stream with the same dictionary and content, packed as it was."""
    entries = {key: value for key, value in stream.items() if key != "/Length"}
    return pdf.make_stream(stream.read_raw_bytes(), entries)


def identity(thing: Any) -> Hashable:
    """What tells objects apart: number, or content where they have none."""
    if isinstance(thing, Object) and thing.is_indirect:
        return thing.objgen
    return thing.unparse() if isinstance(thing, Object) else thing


def matrix_of(value: Any) -> Matrix:
    """A matrix as written, the identity where there is none or it is no matrix."""
    if not isinstance(value, Array) or len(value) != 6:
        return IDENTITY
    a, b, c, d, e, f = (float(number) for number in value)
    return a, b, c, d, e, f


def _appearances(page: Object) -> Iterator[Stream]:
    """The normal appearances of a page's annotations, in all their states."""
    for annotation in page.get("/Annots", []):
        looks = annotation.get("/AP") if isinstance(annotation, Dictionary) else None
        normal = looks.get("/N") if isinstance(looks, Dictionary) else None
        if isinstance(normal, Stream):
            yield normal
        elif isinstance(normal, Dictionary):
            yield from (state for _, state in normal.items() if isinstance(state, Stream))


# How each operator changes the state


def _numbers(operands: Sequence[Any]) -> tuple[float, ...]:
    return tuple([float(value) for value in operands])


def _cm(here: Here, operands: Sequence[Any]) -> None:
    a, b, c, d, e, f = _numbers(operands)
    here.state.ctm = times((a, b, c, d, e, f), here.state.ctm)


Part = Literal["fill", "stroke"]


def _device(operator: str, part: Part) -> Any:
    space = _DEVICE[operator.lower()]

    def change(here: Here, operands: Sequence[Any]) -> None:
        setattr(here.state, part, Paint(space, _numbers(operands)))

    return change


def _space(part: Part) -> Any:
    def change(here: Here, operands: Sequence[Any]) -> None:
        name = operands[0]
        space = name if name in _FIRST_COLOURS or name == Name.Pattern else here.scope.find("ColorSpace", name)
        space = name if space is None else space
        first = _FIRST_COLOURS.get(space, ()) if isinstance(space, Name) else first_colour(space)
        setattr(here.state, part, Paint(space, first))

    return change


def first_colour(space: Any) -> tuple[float, ...]:
    """What a colour space begins with (ISO 32000-1, 8.6.8 and the paragraphs of each space); nothing for patterns."""
    kind = space[0] if isinstance(space, Array) and len(space) else space
    if kind in (Name.Separation, Name.DeviceN):
        return (1.0,) * (1 if kind == Name.Separation else len(space[1]))
    if kind == Name.ICCBased:
        return (0.0,) * int(space[1].get("/N", 3))
    if kind == Name.Pattern:
        return ()
    return (0.0,) * (1 if kind in (Name.CalGray, Name.Indexed) else 3)


def _colour(part: Part) -> Any:
    def change(here: Here, operands: Sequence[Any]) -> None:
        pattern = operands[-1] if operands and isinstance(operands[-1], Name) else None
        numbers = _numbers(operands[:-1] if pattern is not None else operands)
        now: Paint = getattr(here.state, part)
        setattr(here.state, part, Paint(now.space, numbers, pattern))

    return change


def _width(here: Here, operands: Sequence[Any]) -> None:
    here.state.line_width = float(operands[0])


def _gs(here: Here, operands: Sequence[Any]) -> None:
    entry, state = here.scope.find("ExtGState", operands[0]), here.state
    if not isinstance(entry, Dictionary):
        return
    if "/LW" in entry:
        state.line_width = float(entry.LW)
    if "/ca" in entry:
        state.fill_alpha = float(entry.ca)
    if "/CA" in entry:
        state.stroke_alpha = float(entry.CA)
    if "/BM" in entry:
        mode = entry.BM[0] if isinstance(entry.BM, Array) and len(entry.BM) else entry.BM
        state.blend = str(mode).removeprefix("/")
    if "/SMask" in entry:
        state.soft_mask = entry.SMask != Name("/None")
    if "/OP" in entry:  # 8.6.7: OP alone speaks for both
        state.overprint_stroke, state.overprint_fill = bool(entry.OP), bool(entry.get("/op", entry.OP))
    elif "/op" in entry:
        state.overprint_fill = bool(entry.op)
    if "/OPM" in entry:
        state.overprint_mode = int(entry.OPM)
    if isinstance(entry.get("/Font"), Array):
        state.font, state.font_size = entry.Font[0], float(entry.Font[1])


def _bt(here: Here, operands: Sequence[Any]) -> None:
    here.state.text = IDENTITY


def _tf(here: Here, operands: Sequence[Any]) -> None:
    here.state.font, here.state.font_size = here.scope.find("Font", operands[0]), float(operands[1])


def _tm(here: Here, operands: Sequence[Any]) -> None:
    a, b, c, d, e, f = _numbers(operands)
    here.state.text = (a, b, c, d, e, f)


def _tr(here: Here, operands: Sequence[Any]) -> None:
    here.state.render_mode = int(operands[0])


#: Text is told its size, not its place: Td, TD and T* move it, and are not followed.
_STATE: dict[str, Any] = {
    "cm": _cm,
    "w": _width,
    **{operator: _device(operator, "fill") for operator in ("g", "rg", "k")},
    **{operator: _device(operator, "stroke") for operator in ("G", "RG", "K")},
    "cs": _space("fill"),
    "CS": _space("stroke"),
    **{operator: _colour("fill") for operator in ("sc", "scn")},
    **{operator: _colour("stroke") for operator in ("SC", "SCN")},
    "gs": _gs,
    "BT": _bt,
    "Tf": _tf,
    "Tm": _tm,
    "Tr": _tr,
}
