"""Rewriting content streams: what is visited, in which state, and what is written."""

from __future__ import annotations

import io
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from makeready.pdf.mend.paints import colour, is_black_ink, is_white
from makeready.pdf.mend.streams import Here, Paint, State, Walk, scale_of, times


class Seen:
    """Notes every instruction, and answers as it is told."""

    def __init__(
        self, answer: Callable[[Here, Sequence[Any], str], Any] = lambda *_: None, key: Callable[[State], Hashable] = id
    ) -> None:
        self.answer, self.of = answer, key
        self.rows: list[tuple[str, str, State]] = []

    def visit(self, here: Here, operands: Sequence[Any], operator: str) -> Any:
        self.rows.append((here.role, operator, replace(here.state)))
        return self.answer(here, operands, operator)

    def key(self, state: State) -> Hashable:
        return None if self.of is id else self.of(state)

    def states(self, operator: str, role: str = "page") -> list[State]:
        return [state for at, op, state in self.rows if (at, op) == (role, operator)]


def one_page(content: bytes, **resources: Any) -> pikepdf.Pdf:
    file = pikepdf.new()
    page = file.add_blank_page(page_size=(200, 100))
    page.Contents = file.make_stream(content)
    page.Resources = Dictionary(**resources)
    return file


def form(file: pikepdf.Pdf, content: bytes, **entries: Any) -> Any:
    looks = {"Type": Name.XObject, "Subtype": Name.Form, "BBox": [0, 0, 200, 100], **entries}
    return stream(file, content, looks)


def stream(file: pikepdf.Pdf, content: bytes, entries: dict[str, Any]) -> Any:
    return file.make_stream(content, {f"/{key}": value for key, value in entries.items()})


def walked(file: pikepdf.Pdf, seen: Seen, **options: Any) -> Walk:
    walk = Walk(file, seen, **options)
    for number in range(1, len(file.pages) + 1):
        walk.page(number)
    walk.finish()
    return walk


def text(written: Any) -> str:
    return bytes(written.read_bytes()).decode()


def test_states_follow_the_instructions() -> None:
    seen = Seen()
    content = b"q 2 0 0 3 10 20 cm 0.5 w 1 0 0 rg 0 0 0 1 K /G gs 0 0 5 5 re B Q 0 0 1 1 re f"
    walked(one_page(content, ExtGState=Dictionary(G=Dictionary(ca=0.5, BM=Name.Multiply, OP=True, OPM=1))), seen)
    (inside,), (outside,) = seen.states("B"), seen.states("f")
    assert inside.ctm == (2, 0, 0, 3, 10, 20)
    assert scale_of(inside.ctm) == pytest.approx(6**0.5)
    assert (inside.line_width, inside.fill.components, inside.stroke.components) == (0.5, (1, 0, 0), (0, 0, 0, 1))
    assert (inside.fill_alpha, inside.blend, inside.opaque) == (0.5, "Multiply", False)
    assert (inside.overprint_fill, inside.overprint_stroke, inside.overprint_mode) == (True, True, 1)
    assert outside == State()


def test_what_is_not_replaced_is_not_written() -> None:
    file = one_page(b"0 0 5 5 re\n  W n 0.50 g   % kept\n0 0 5 5 re f")
    before = file.pages[0].Contents.objgen, text(file.pages[0].Contents)
    walk = walked(file, Seen())
    assert (file.pages[0].Contents.objgen, text(file.pages[0].Contents)) == before
    assert walk.written == 0


def test_a_path_is_shown_as_a_whole() -> None:
    paths: list[tuple[str, list[str], bool]] = []

    def note(here: Here, operands: Sequence[Any], operator: str) -> None:
        paths.append((operator, [str(step.operator) for step in here.path], here.clips))

    walked(one_page(b"0 0 m 9 9 l S 0 0 5 5 re 1 1 5 5 re W* n 0 0 5 5 re f*"), Seen(note))
    assert paths == [("S", ["m", "l"], False), ("n", ["re", "re", "W*"], True), ("f*", ["re"], False)]


def test_an_answer_stands_in_place_of_path_and_operator() -> None:
    def wider(here: Here, operands: Sequence[Any], operator: str) -> Any:
        if operator == "f":
            return [([1, 2, 3, 4], "re"), ([], "f")]
        return None

    file = one_page(b"0 0 m 5 5 l 5 0 l f 7 7 7 7 re S")
    assert walked(file, Seen(wider)).written == 1
    assert text(file.pages[0].Contents).split() == ["1", "2", "3", "4", "re", "f", "7", "7", "7", "7", "re", "S"]


def grow(here: Here, operands: Sequence[Any], operator: str) -> Any:
    """Writes the scale where a line is drawn."""
    return [([scale_of(here.state.ctm)], "w"), *[(s.operands, s.operator) for s in here.path], ([], "S")] if (
        operator == "S"
    ) else None  # fmt: skip


def test_a_form_in_two_sizes_becomes_two_forms() -> None:
    file = pikepdf.new()
    drawing = form(file, b"0 0 m 9 9 l S")
    for content in (b"/F Do q 3 0 0 3 0 0 cm /F Do Q", b"3 0 0 3 0 0 cm /F Do"):
        page = file.add_blank_page()
        page.Contents = file.make_stream(content)
        page.Resources = Dictionary(XObject=Dictionary(F=drawing))
    walked(file, Seen(grow, key=lambda state: scale_of(state.ctm)))
    used = [
        [
            page.Resources.XObject[step.operands[0]]
            for step in pikepdf.parse_content_stream(page)
            if str(step.operator) == "Do"
        ]
        for page in file.pages
    ]
    assert [text(one).split()[0] for one in used[0]] == ["1", "3"]
    assert [text(one).split()[0] for one in used[1]] == ["3"]
    assert used[0][1].objgen == used[1][0].objgen  # one form for both


def test_a_form_whose_answers_are_alike_stays_one() -> None:
    file = pikepdf.new()
    drawing = form(file, b"0 0 m 9 9 l S")
    page = file.add_blank_page()
    page.Contents = file.make_stream(b"/F Do 2 0 0 2 0 0 cm /F Do")
    page.Resources = Dictionary(XObject=Dictionary(F=drawing))
    walk = walked(file, Seen(lambda h, o, op: [([], "B")] if op == "S" else None, key=lambda s: scale_of(s.ctm)))
    assert text(drawing).split() == ["B"]
    assert (walk.written, len(page.Resources.XObject)) == (1, 1)


def test_state_reaches_into_forms_and_not_out_of_them() -> None:
    file = one_page(b"1 0 0 rg 4 w /F Do 0 0 1 1 re f")
    inner = form(file, b"0 0 1 1 re f 0 1 0 rg 9 w", Matrix=[2, 0, 0, 2, 0, 0])
    file.pages[0].Resources = Dictionary(XObject=Dictionary(F=inner))
    seen = Seen()
    walked(file, seen)
    (inside,), (after,) = seen.states("f", "form"), seen.states("f")
    assert (inside.fill.components, inside.line_width, inside.ctm[0]) == ((1, 0, 0), 4, 2)
    assert (after.fill.components, after.line_width, after.ctm[0]) == ((1, 0, 0), 4, 1)


def test_every_kind_of_stream_is_visited_once() -> None:
    file = one_page(b"/P cs /Pat scn 0 0 9 9 re f /M gs /M gs BT /T3 9 Tf (aa) Tj ET")
    cell = stream(
        file, b"0 0 1 1 re f", {"PatternType": 1, "PaintType": 1, "BBox": [0, 0, 2, 2], "XStep": 2, "YStep": 2,
                          "TilingType": 1, "Resources": Dictionary()})  # fmt: skip
    mask = form(file, b"0 0 1 1 re f", Group=Dictionary(S=Name.Transparency))
    glyph = file.make_stream(b"9 0 d0 0 0 1 1 re f")
    font = file.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.Type3, CharProcs=Dictionary(a=glyph), Resources=Dictionary())
    )
    look = form(file, b"0 0 1 1 re f")
    page = file.pages[0]
    page.Resources = Dictionary(
        ColorSpace=Dictionary(P=Array([Name.Pattern])),
        Pattern=Dictionary(Pat=cell),
        ExtGState=Dictionary(M=Dictionary(SMask=Dictionary(S=Name.Luminosity, G=mask))),
        Font=Dictionary(T3=font),
    )
    page.Annots = Array([file.make_indirect(Dictionary(Subtype=Name.Stamp, AP=Dictionary(N=look)))])
    seen = Seen()
    walked(file, seen)
    fills = sorted(role for role, operator, _ in seen.rows if operator == "f")
    assert fills == ["annotation", "glyph", "mask", "page", "pattern"]
    seen = Seen()
    walked(file, seen, roles=())
    assert {role for role, _, _ in seen.rows} == {"page"}


def test_a_form_that_paints_itself_ends() -> None:
    file = one_page(b"/F Do")
    loop = form(file, b"/F Do 0 0 m 9 9 l S")
    loop.Resources = Dictionary(XObject=Dictionary(F=loop))
    file.pages[0].Resources = Dictionary(XObject=Dictionary(F=loop))
    seen = Seen()
    walked(file, seen)
    assert len(seen.states("S", "form")) == 1


def test_inherited_resources_are_copied_before_they_are_added_to() -> None:
    file = pikepdf.new()
    for _ in range(2):
        page = file.add_blank_page()
        page.Contents = file.make_stream(b"0 0 1 1 re f")
        del page.obj["/Resources"]
    tree = file.Root.Pages
    tree.Resources = Dictionary(ExtGState=Dictionary(Own=Dictionary(LW=3)))
    state = file.make_indirect(Dictionary(ca=0.5))

    def answer(here: Here, operands: Sequence[Any], operator: str) -> Any:
        return [([here.scope.add("ExtGState", state)], "gs")] if operator == "f" else None

    walk = Walk(file, Seen(answer))
    walk.page(1)
    walk.finish()
    assert "/Resources" not in file.pages[1].obj
    assert list(tree.Resources.ExtGState.keys()) == ["/Own"]
    assert set(file.pages[0].obj.Resources.ExtGState.keys()) == {"/Own", "/Mr0"}


def test_content_that_cannot_be_read_is_left_and_told() -> None:
    file = one_page(b"0 0 1 1 re f")
    file.pages[0].Contents = stream(file, b"\x00broken", {"Filter": Name.FlateDecode})
    file = pikepdf.open(io.BytesIO(_saved(file)))
    walk = walked(file, Seen(lambda *_: []))
    assert walk.written == 0
    assert bytes(file.pages[0].Contents.read_raw_bytes()) == b"\x00broken"


def _saved(file: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    file.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()


def test_operands_that_make_no_sense_do_not_stop_the_walk() -> None:
    seen = Seen()
    walked(one_page(b"/Nothing gs (x) w 1 cm Q Q /No Do /No cs 0 0 1 1 re f"), seen)
    assert seen.states("f")[0].line_width == 1


def test_matrices_are_applied_in_order() -> None:
    assert times((2, 0, 0, 2, 0, 0), (1, 0, 0, 1, 10, 0)) == (2, 0, 0, 2, 10, 0)
    assert times((1, 0, 0, 1, 10, 0), (2, 0, 0, 2, 0, 0)) == (2, 0, 0, 2, 20, 0)


SPOT = Array([Name.Separation, Name("/PANTONE 185 C"), Name.DeviceCMYK, Dictionary()])
COLOURS = {
    "white in CMYK": (Paint(Name.DeviceCMYK, (0, 0, 0, 0)), True, False, ()),
    "black in CMYK": (Paint(Name.DeviceCMYK, (0, 0, 0, 1)), False, True, ("Black",)),
    "rich black": (Paint(Name.DeviceCMYK, (0.6, 0.4, 0.4, 1)), False, False, ("Cyan", "Magenta", "Yellow", "Black")),
    "gray 0": (Paint(Name.DeviceGray, (0,)), False, True, ("Black",)),
    "gray 1": (Paint(Name.DeviceGray, (1,)), True, False, ()),
    "RGB white": (Paint(Name.DeviceRGB, (1, 1, 1)), True, False, ()),
    "RGB black": (Paint(Name.DeviceRGB, (0, 0, 0)), False, False, ()),
    "spot": (Paint(SPOT, (0.5,)), False, False, ("PANTONE 185 C",)),
    "no spot": (Paint(SPOT, (0,)), True, False, ()),
    "indexed": (Paint(Array([Name.Indexed, Name.DeviceCMYK, 1, b"\0\0\0\0\0\0\0\xff"]), (1,)), False, True, ("Black",)),
}


@pytest.mark.parametrize("name", COLOURS)
def test_colours_are_read_as_facts_state_them(name: str) -> None:
    paint, white, black, inks = COLOURS[name]
    found = colour(paint)
    assert found is not None
    assert (is_white(paint), is_black_ink(paint), tuple(ink for ink, _ in found.inks)) == (white, black, inks)


def test_patterns_have_no_colour() -> None:
    assert colour(Paint(Name.Pattern, (), Name.P1)) is None


def test_names_that_are_no_text_do_not_stop_the_walk() -> None:
    file = one_page(b"/F\xff Do 0 0 1 1 re f")
    file.pages[0].Resources = Dictionary(XObject=pikepdf.Object.parse(b"<< /F#ff 1 >>"))

    def answer(here: Here, operands: Sequence[Any], operator: str) -> Any:
        return [([here.scope.add("XObject", form(file, b""))], "Do")] if operator == "f" else None

    assert walked(file, Seen(answer)).written <= 1
