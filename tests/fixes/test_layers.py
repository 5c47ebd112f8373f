"""Layers made plain: what prints stays, what does not is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream

import makeready
from fixes.looks import (
    assert_same_look,
    codes,
    fixed,
    inked,
    mupdf_pixels,
    poppler_pixels,
    qpdf_clean,
    refused,
    text_of,
    unchanged,
)
from makeready.testing import PdfBuilder, pdf

LAYERS = ["LAY101=warning", "LAY101.any=warning"]


def measured() -> makeready.Measure:
    return makeready.measure(settings=LAYERS)


def blank() -> PdfBuilder:
    return pdf(trim="A6", background=None)


def group(builder: PdfBuilder, name: str, visible: bool) -> Any:
    """A layer that nothing is put on yet."""
    builder.layer(name, visible=visible).layer(None)
    return builder._layers[name]


def test_visible_layers_are_plain_and_hidden_ones_gone(tmp_path: Path) -> None:
    source = (
        pdf(trim="A6").layer("English").text("Hello", at=("10 mm", "40 mm"), size="20 pt")
        .layer("Deutsch", visible=False).text("Hallo", at=("10 mm", "40 mm"), size="20 pt")
        .image(at=("20 mm", "60 mm")).rectangle(at=("5 mm", "100 mm"))
        .gradient((1, 0, 0, 0), (0, 1, 0, 0), at=("20 mm", "110 mm")).image(20, inline=True, size="20x20mm")
        .layer(None).text("Both", at=("10 mm", "120 mm"))
    )  # fmt: skip
    result = fixed(source, "flatten_layers", profile=measured())
    assert "LAY101" in codes(result.before)
    assert "LAY101" not in codes(result.final)
    assert not [issue for issue in result.new if issue.severity.value == "error"]
    assert_same_look(source, result.path)
    assert text_of(result.path) == "Hello Both"
    facts = result.final.facts
    assert facts is not None
    assert facts.layers == ()
    assert not facts.images
    qpdf_clean(result.path)
    unchanged(result.path, "flatten_layers")
    assert result.changes[0].details["plain"] == ["English"]
    assert result.changes[0].details["out"] == ["Deutsch"]
    assert result.path is not None
    with pikepdf.open(result.path) as out:
        content = out.pages[0].obj.Contents.read_bytes()
        assert b"BDC" not in content
        assert b"Do" not in content
        assert not [o for o in out.objects if isinstance(o, Stream) and o.get("/Subtype") == Name.Image]


def test_what_counts_is_print() -> None:
    """A layer may be seen and not print, and the other way round."""

    def page(layers: bool) -> PdfBuilder:
        builder = blank().rectangle(at=("10 mm", "10 mm"))
        if layers:
            builder.layer("Proof", visible=True, prints=False).rectangle(at=("10 mm", "40 mm"))
            builder.layer("Varnish", visible=False, prints=True)
        return builder.rectangle(at=("10 mm", "70 mm")).layer(None)

    result = fixed(page(layers=True), "flatten_layers")
    assert_same_look(page(layers=False), result.path)
    screen = fixed(page(layers=True), [{"fix": "flatten_layers", "state": "screen"}])
    wanted = blank().rectangle(at=("10 mm", "10 mm")).rectangle(at=("10 mm", "40 mm"))
    assert_same_look(wanted, screen.path)


def test_processing_steps_keep_their_switch() -> None:
    source = blank().layer("Art").text("Art").layer("Cut", step=("Structural", "Cutting")).line(
        colour={"Cut": 1}
    ).layer("Notes", visible=False).text("Notes")  # fmt: skip
    result = fixed(source, "flatten_layers", profile=measured())
    facts = result.final.facts
    assert facts is not None
    assert [(layer.name, layer.step) for layer in facts.layers] == [("Cut", "Cutting")]
    assert "LAY101" not in codes(result.final)
    assert_same_look(source, result.path)
    qpdf_clean(result.path)
    unchanged(result.path, "flatten_layers")
    flat = fixed(result.path, [{"fix": "flatten_layers", "steps": "flatten"}])
    assert flat.final.facts is not None
    assert flat.final.facts.layers == ()
    assert_same_look(source, flat.path)


def test_a_hidden_processing_step_stays_hidden() -> None:
    source = blank().layer("Art").rectangle().layer("Cut", visible=False, step=("Structural", "Cutting")).rectangle(
        at=("10 mm", "60 mm")
    )  # fmt: skip
    result = fixed(source, "flatten_layers")
    assert_same_look(source, result.path)


def test_other_configurations_go() -> None:
    builder = blank().layer("Art").rectangle().layer("Cut", step=("White", "White")).rectangle(at=("10 mm", "50 mm"))
    properties = builder.objects.Root.OCProperties
    properties.Configs = [Dictionary(Name="Other", BaseState=Name.OFF)]
    result = fixed(builder, "flatten_layers", profile=measured())
    assert "LAY101" not in codes(result.final)
    assert_same_look(builder, result.path)


A, B, HIDDEN = "a", "b", "h"
MEMBERS = [
    ({"P": "AnyOn"}, (A, HIDDEN), True),
    ({}, (A, HIDDEN), True),
    ({"P": "AllOn"}, (A, HIDDEN), False),
    ({"P": "AllOn"}, (A, B), True),
    ({"P": "AnyOff"}, (A, HIDDEN), True),
    ({"P": "AnyOff"}, (A, B), False),
    ({"P": "AllOff"}, (HIDDEN,), True),
    ({"P": "AllOff"}, (A, HIDDEN), False),
    ({"P": "AnyOn"}, (HIDDEN,), False),
    ({"VE": ["And", A, ["Not", HIDDEN]]}, (HIDDEN,), True),
    ({"VE": ["Or", HIDDEN, ["Not", A]]}, (A,), False),
    ({"VE": ["Not", ["And", A, B]]}, (A,), False),
    ({"VE": ["Or", HIDDEN, ["And", A, B]]}, (), True),
]


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize(("said", "members", "shown"), MEMBERS)
def test_combinations_of_layers(said: dict[str, Any], members: tuple[str, ...], shown: bool, direct: bool) -> None:
    builder = blank()
    groups = {A: group(builder, "A", True), B: group(builder, "B", True), HIDDEN: group(builder, "H", False)}

    def expression(part: Any) -> Any:
        if isinstance(part, list):
            return Array([Name("/" + part[0]), *(expression(one) for one in part[1:])])
        return groups[part]

    member = Dictionary(Type=Name.OCMD, OCGs=Array([groups[key] for key in members]))
    if "P" in said:
        member.P = Name("/" + said["P"])
    if "VE" in said:
        member.VE = expression(said["VE"])
    member = member if direct else builder.objects.make_indirect(member)
    source = builder.raw("/OC /MC BDC 0 0 1 rg 50 50 100 100 re f EMC", {"/Properties": {"/MC": member}})
    result = fixed(source, "flatten_layers")
    assert (inked(mupdf_pixels(result.path)) > 0) is shown
    assert_same_look(source, result.path, by=("poppler",))  # MuPDF knows no visibility expressions
    unchanged(result.path, "flatten_layers")


STATES = [
    "/OC /H BDC 1 0 0 rg 1 0 0 1 60 60 cm 0 0 50 50 re f EMC 0 0 30 30 re f",
    "/OC /H BDC 40 40 60 60 re W f EMC 0 0 1 rg 0 0 200 200 re f",
    "/OC /H BDC 40 40 60 60 re W* n EMC 0 0 1 rg 0 0 200 200 re f",
    "q /OC /H BDC 0 1 0 rg 0 0 50 50 re f Q 100 100 50 50 re f EMC 150 150 20 20 re f",
    "/OC /H BDC /Span BMC 10 10 30 30 re f EMC 50 50 30 30 re f EMC 90 90 30 30 re f",
    "/OC /V BDC 10 10 30 30 re f /OC /H BDC 50 50 30 30 re f EMC 90 90 30 30 re f EMC 120 120 9 9 re S",
    "/OC /H BDC /OC /V BDC 10 10 30 30 re f EMC EMC 50 50 30 30 re f",
    "/OC /H BDC 10 10 30 30 re B 50 50 m 90 90 l S 10 90 m 30 90 l 30 120 l b* EMC 90 10 m 120 10 l S",
    "BT /F0 20 Tf 30 100 Td (one ) Tj /OC /H BDC (two ) Tj EMC (three) Tj ET",
    "BT /F0 20 Tf 22 TL 30 100 Td (one) Tj /OC /H BDC 3 1 (two) \" EMC (three) ' ET",
    "BT /F0 20 Tf 30 100 Td /OC /H BDC [(gone) -200 (too)] TJ EMC ET BT /F0 20 Tf 30 60 Td (stays) Tj ET",
    '/OC /H BDC BT /F0 20 Tf 5 2 Td 4 2 (gone) " ET EMC BT 30 60 Td (spaced out) Tj ET',
    "q BT /F0 60 Tf 30 60 Td 7 Tr /OC /H BDC (clip) Tj EMC ET 0 0 1 rg 0 0 300 300 re f Q 5 5 9 9 re f",
    "/OC /H BDC 10 10 50 50 re f",
    "EMC /OC /V BDC 10 10 50 50 re f EMC EMC",
    "/OC /Unknown BDC 10 10 50 50 re f EMC",
]


@pytest.mark.parametrize("content", STATES)
@pytest.mark.parametrize("within", ["page", "form", "split"])
def test_what_a_hidden_section_sets_holds_on(content: str, within: str, tmp_path: Path) -> None:
    builder = blank()
    names = {
        "/Properties": {"/H": group(builder, "Hidden", False), "/V": group(builder, "Visible", True)},
        "/Font": {"/F0": builder._font("embedded")},
    }
    content = _embedded_text(content)
    source: Any = builder.raw(content, names)
    if within == "form":
        form = Stream(builder.objects, content.encode(), Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 300, 420])
        form.Resources = Dictionary({kind: Dictionary(table) for kind, table in names.items()})
        builder = blank()
        builder._pdf = source.objects
        source = _page_with_form(source, form)
    elif within == "split":
        source = _split(source.bytes(), tmp_path)
    result = fixed(source, "flatten_layers")
    clips = "7 Tr" in content  # poppler does not clip by hidden text, the standard and MuPDF do
    assert_same_look(source, result.path, within=2, by=("mupdf",) if clips else ("mupdf", "poppler"))
    qpdf_clean(result.path)


def _embedded_text(content: str) -> str:
    """Strings written as the glyph numbers of the test font."""
    import re

    from makeready.testing import fonts

    return re.sub(r"\((.*?)\)", lambda found: f"<{fonts.encoded(found[1]).hex()}>", content)


def _page_with_form(source: PdfBuilder, form: Stream) -> bytes:
    data = source.bytes()
    del data
    page = source.objects.pages[0].obj
    page.Resources = Dictionary(XObject=Dictionary(Fm=source.objects.make_indirect(form)))
    page.Contents = Stream(source.objects, b"q /Fm Do Q")
    import io

    out = io.BytesIO()
    source.objects.save(out, deterministic_id=True)
    return out.getvalue()


def _split(data: bytes, folder: Path) -> Path:
    """The same page with every operator in a content stream of its own."""
    path = folder / "split.pdf"
    path.write_bytes(data)
    with pikepdf.open(path, allow_overwriting_input=True) as out:
        parts = [pikepdf.unparse_content_stream([one]) for one in pikepdf.parse_content_stream(out.pages[0])]
        out.pages[0].obj.Contents = Array([Stream(out, part) for part in parts])
        out.save(path)
    return path


def test_forms_pictures_and_annotations_on_a_layer_as_a_whole() -> None:
    for visible in (True, False):
        builder = blank()
        layer = group(builder, "L", visible)
        builder.image(at=("10 mm", "10 mm"), size="20x20mm").rectangle(at=("50 mm", "10 mm"), within="form")
        builder.annotation("Stamp", at=("10 mm", "50 mm")).annotation("Widget", at=("50 mm", "50 mm"))
        builder.annotation("Stamp", at=("10 mm", "80 mm")).rectangle(at=("50 mm", "80 mm"))
        builder.bytes()
        page = builder.objects.pages[0].obj
        for thing in page.Resources.XObject.values():
            thing.OC = layer
        for note in list(page.Annots)[:2]:
            note.OC = layer
        source = _saved(builder)
        result = fixed(source, "flatten_layers")
        assert_same_look(source, result.path)
        assert result.path is not None
        with pikepdf.open(result.path) as out:
            assert "/OCProperties" not in out.Root
            assert len(out.pages[0].obj.Annots) == (3 if visible else 2)
            images = [o for o in out.objects if isinstance(o, Stream) and o.get("/Subtype") == Name.Image]
            assert len(images) == (1 if visible else 0)
            assert not [o for o in out.objects if isinstance(o, Dictionary | Stream) and "/OC" in o]
        qpdf_clean(result.path)
        unchanged(result.path, "flatten_layers")


def _saved(builder: PdfBuilder) -> bytes:
    import io

    out = io.BytesIO()
    builder.objects.save(out, deterministic_id=True)
    return out.getvalue()


@pytest.mark.parametrize("within", ["form", "pattern", "type 3 glyph", "soft mask group", "annotation"])
def test_layers_within_everything_that_paints(within: str) -> None:
    builder = blank()
    hidden, shown = group(builder, "H", False), group(builder, "V", True)
    content = b"/OC /H BDC 0 0 20 20 re f EMC /OC /V BDC 20 20 20 20 re f EMC"
    resources = Dictionary(Properties=Dictionary(H=hidden, V=shown))
    objects = builder.objects
    box = [0, 0, 40, 40]
    if within == "pattern":
        tile = Stream(objects, b"0 0 1 rg " + content, Type=Name.Pattern, PatternType=1, PaintType=1, TilingType=1)
        tile.BBox, tile.XStep, tile.YStep, tile.Resources = box, 40, 40, resources
        builder.raw("/Pattern cs /P0 scn 10 10 200 200 re f", {"/Pattern": {"/P0": objects.make_indirect(tile)}})
    elif within == "type 3 glyph":
        glyph = Stream(objects, b"40 0 0 0 40 40 d1 " + content)
        font = Dictionary(
            Type=Name.Font, Subtype=Name.Type3, FontBBox=box, FontMatrix=[0.02, 0, 0, 0.02, 0, 0], FirstChar=97,
            LastChar=97, Widths=[40], CharProcs=Dictionary(a=glyph), Resources=resources,
            Encoding=Dictionary(Differences=[97, Name.a]),
        )  # fmt: skip
        builder.raw("BT /T3 60 Tf 50 50 Td (aa) Tj ET", {"/Font": {"/T3": objects.make_indirect(font)}})
    elif within == "annotation":
        builder.annotation("Stamp", at=("20 mm", "20 mm"), size="30x30mm")
        look = objects.pages[0].obj.Annots[0].AP.N
        look.BBox, look.Resources = box, resources
        look.write(content)
    else:
        form = Stream(objects, b"1 g " + content if "mask" in within else content, Type=Name.XObject)
        form.Subtype, form.BBox, form.Resources = Name.Form, [0, 0, 200, 200], resources
        if "mask" in within:
            form.Group = Dictionary(S=Name.Transparency, CS=Name.DeviceGray)
            state = Dictionary(SMask=Dictionary(S=Name.Luminosity, G=objects.make_indirect(form)))
            builder.raw("/G0 gs 0 0 1 rg 0 0 200 200 re f", {"/ExtGState": {"/G0": state}})
        else:
            builder.raw("q 2 0 0 2 9 9 cm /F0 Do Q /F0 Do", {"/XObject": {"/F0": objects.make_indirect(form)}})
    result = fixed(builder, "flatten_layers")
    assert inked(poppler_pixels(builder)) > 0
    assert_same_look(builder, result.path, within=2)
    assert result.path is not None
    with pikepdf.open(result.path) as out:
        streams = [o for o in out.objects if isinstance(o, Stream) and o.get("/Type") != Name.Metadata]
        assert not [s for s in streams if "/FontFile" not in s and b"/OC" in s.read_bytes()[:5000]]


def test_a_form_that_two_pages_paint() -> None:
    builder = pdf(trim="A6", background=None, pages=2)
    form = Stream(builder.objects, b"/OC /H BDC 9 9 50 50 re f EMC 80 80 50 50 re f", Type=Name.XObject)
    form.Subtype, form.BBox = Name.Form, [0, 0, 300, 300]
    form.Resources = Dictionary(Properties=Dictionary(H=group(builder, "H", False)))
    named = {"/XObject": {"/Fm": builder.objects.make_indirect(form)}}
    source = builder.on(1).raw("/Fm Do", named).on(2).raw("0.5 0 0 0.5 0 0 cm /Fm Do", named)
    result = fixed(source, "flatten_layers")
    for number in (1, 2):
        assert_same_look(source, result.path, page=number)
        assert inked(poppler_pixels(result.path, number)) > 0


def test_a_base_state_of_off() -> None:
    builder = blank().layer("On").rectangle(at=("10 mm", "10 mm")).layer("Off").rectangle(at=("10 mm", "40 mm"))
    properties = builder.objects.Root.OCProperties
    properties.D.BaseState = Name.OFF
    properties.D.ON = [builder._layers["On"]]
    result = fixed(builder, "flatten_layers")
    assert inked(poppler_pixels(builder)) > 0
    assert_same_look(builder, result.path)


def test_what_the_standard_shows_and_programs_hide_is_not_guessed_at() -> None:
    builder = blank().layer("Sketch", visible=False).rectangle().layer(None)
    builder._layers["Sketch"].Intent = Name.Design
    assert "Sketch" in refused(builder, "flatten_layers")
    builder = blank().layer("L").rectangle().layer(None)
    empty = Dictionary(Type=Name.OCMD, OCGs=Array([]))
    builder.raw("/OC /MC BDC 50 50 100 100 re f EMC", {"/Properties": {"/MC": empty}})
    assert "disagree" in refused(builder, "flatten_layers")


def test_lists_of_layers_may_hold_layers_that_were_deleted() -> None:
    builder = blank().layer("Proof", prints=False).rectangle().layer("Art", prints=True).rectangle(at=("9 mm", "60 mm"))
    properties = builder.objects.Root.OCProperties
    for listed in (properties.OCGs, properties.D.ON, properties.D.OFF, properties.D.Order, properties.D.AS[0].OCGs):
        listed.append(None)
    result = fixed(builder, "flatten_layers")
    assert_same_look(builder, result.path, by=("mupdf",))


def test_a_part_of_the_pages_is_not_enough() -> None:
    assert "all pages" in refused(pdf(pages=2).layer("L").text("x"), "flatten_layers", pages={1})


def test_no_layers_nothing_to_do() -> None:
    unchanged(pdf(), "flatten_layers")


def test_content_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = pdf().layer("L").text("x").save(tmp_path / "a.pdf")
    with pikepdf.open(path, allow_overwriting_input=True) as out:
        out.pages[0].obj.Contents.write(b"no zip", filter=Name.FlateDecode)
        out.save(path)
    assert "damaged" in refused(path, "flatten_layers")
