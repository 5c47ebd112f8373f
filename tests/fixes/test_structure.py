"""Damaged files rebuilt, and files that act or carry things put to rest."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream, String

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
from makeready.changes import Result, StepOutcome
from makeready.testing import PdfBuilder, pdf

REPAIR, REMOVE = "repair_structure", "remove_active_content"


def saved(document: pikepdf.Pdf, **how: Any) -> bytes:
    out = io.BytesIO()
    document.save(out, deterministic_id=True, **how)
    return out.getvalue()


def opened(result: Result) -> pikepdf.Pdf:
    assert result.path is not None
    return pikepdf.open(result.path)


def plain(builder: PdfBuilder) -> bytes:
    """A file whose objects can be read in an editor, with a cross-reference table as of old."""
    with pikepdf.open(io.BytesIO(builder.bytes())) as document:
        return saved(document, object_stream_mode=pikepdf.ObjectStreamMode.disable)


# --- repair_structure


def no_table(data: bytes) -> bytes:
    return re.sub(rb"startxref\s+\d+", b"startxref\n7", data)


def moved_objects(data: bytes) -> bytes:
    return data.replace(b"endobj", b"endobj\n% pushed", 3)


def wrong_lengths(data: bytes) -> bytes:
    return re.sub(rb"/Length \d+", b"/Length 3", data)


def no_trailer(data: bytes) -> bytes:
    return data[: data.rindex(b"xref\n0 ")]


def circular_pages(data: bytes) -> bytes:
    """A second child of the page tree that is the tree itself."""
    found = re.search(rb"/Kids \[\s*(\d+ 0 R)", data)
    tree = re.search(rb"/Pages (\d+ 0 R)", data)
    assert found
    assert tree
    broken = data.replace(found[0], found[0] + b" " + tree[1], 1)
    return re.sub(rb"startxref\s+\d+", b"startxref\n7", broken)


@pytest.mark.parametrize("harm", [no_table, moved_objects, wrong_lengths, no_trailer, circular_pages])
def test_a_broken_structure_is_rebuilt(harm: Callable[[bytes], bytes]) -> None:
    whole = pdf(trim="A6", pages=3).text("First").on(2).image().text("Second").on(3).rectangle().text("Third")
    source = harm(plain(whole))
    before = makeready.check(source)
    assert "FIL101" in codes(before)
    result = fixed(source, REPAIR)
    assert "FIL101" not in codes(result.final)
    assert not codes(result.final) - codes(makeready.check(whole.bytes()))
    qpdf_clean(result.path)
    unchanged(result.path, REPAIR)
    for page in (1, 2, 3):
        assert_same_look(whole, result.path, page=page)
        assert text_of(result.path, page) == text_of(whole, page)


def test_it_is_planned_for_what_cannot_be_read_at_all() -> None:
    """Neither table nor trailer nor a tree that ends: only the objects are there."""
    source = circular_pages(plain(pdf(trim="A6", pages=2).text("One").on(2).text("Two")))
    assert makeready.check(source).verdict.value == "unreadable"
    result = makeready.fix(source)
    assert [run.step.fix for run in result.runs] == [REPAIR]
    assert result.runs[0].outcome is StepOutcome.CHANGED
    assert text_of(result.path) == "One Two"
    assert result.final.facts is not None


def test_what_pages_inherit_is_theirs_when_their_tree_is_replaced() -> None:
    document = pikepdf.open(io.BytesIO(pdf(trim="A6", pages=2, background=None).rectangle().bytes()))
    tree = document.Root.Pages
    tree.Rotate = 90
    for page in document.pages:
        for key in ("/MediaBox", "/Resources"):
            tree[key] = page.obj[key]
            del page.obj[key]
    source = circular_pages(saved(document, object_stream_mode=pikepdf.ObjectStreamMode.disable))
    result = fixed(source, REPAIR)
    assert result.final.facts is not None
    assert [page.rotate for page in result.final.facts.pages] == [90, 90]
    assert_same_look(saved(document), result.path)


def test_a_page_that_ends_in_the_middle_keeps_what_can_be_read() -> None:
    """Compressed content that is cut off."""
    document = pikepdf.open(io.BytesIO(pdf(trim="A6", background=None).bytes()))
    content = b"0 0 1 rg " + b" ".join(b"%d %d 5 5 re f" % (x * 9, y * 9) for y in range(20) for x in range(20))
    page = document.pages[0].obj
    page.Contents = document.make_stream(content)
    whole = saved(document)
    import zlib

    packed = zlib.compress(content)
    page.Contents.write(packed[: len(packed) // 2], filter=Name.FlateDecode)
    source = saved(document, recompress_flate=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    result = fixed(source, REPAIR)
    assert "as far as it can be read" in " ".join(change.message for change in result.changes)
    assert 0.01 < inked(mupdf_pixels(result.path)) < inked(mupdf_pixels(whole))
    assert_same_look(source, result.path)
    qpdf_clean(result.path)
    assert "FIL101" not in codes(result.final)
    unchanged(result.path, REPAIR)


@pytest.mark.parametrize("colour", ["cmyk", "rgb", "gray"])
def test_a_picture_that_is_cut_off_keeps_its_rows_and_the_loss_is_told(colour: Any) -> None:
    builder = pdf(trim="A6", background=None).image(50, colour=colour, compression="flate")
    document = pikepdf.open(io.BytesIO(builder.bytes()))
    (image,) = [o for o in document.objects if isinstance(o, Stream) and o.get("/Subtype") == Name.Image]
    image.write(image.read_raw_bytes()[: len(image.read_raw_bytes()) // 2], filter=image.Filter,
                decode_parms=image.get("/DecodeParms"))  # fmt: skip
    source = saved(document, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    result = fixed(source, REPAIR)
    assert any("picture" in change.message and "% of it was lost" in change.message for change in result.changes)
    assert result.changes[-1].page == 1
    assert_same_look(source, result.path, by=("mupdf",))
    qpdf_clean(result.path)
    assert "FIL101" not in codes(result.final)
    unchanged(result.path, REPAIR)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99, 0.999])
def test_a_file_that_is_cut_off_shows_what_it_showed(share: float) -> None:
    """As a broken upload leaves it; MuPDF reads an unfinished picture, qpdf drops it."""
    whole = plain(pdf(trim="A6").image(compression="flate").rectangle(at=("10 mm", "80 mm")))
    source = whole[: int(len(whole) * share)]
    assert "FIL101" in codes(makeready.check(source))
    result = fixed(source, REPAIR)
    # The row of pixels that is torn in two may come out either way.
    assert_same_look(source, result.path, by=("mupdf",), share=0.004)
    assert inked(poppler_pixels(result.path)) > 0.5
    qpdf_clean(result.path)
    assert "FIL101" not in codes(result.final)
    unchanged(result.path, REPAIR)


def test_what_is_no_instruction_is_taken_out_of_a_page() -> None:
    source = pdf(trim="A6").raw("0 1 1 0 k 30 30 50 50 re f ] >> flurb 12 xyzzy 1 0 0 0 k 90 90 20 20 re f )")
    source.image(inline=True, size="20x20mm", at=("50 mm", "50 mm")).text("Text")
    assert "FIL101" in codes(makeready.check(source.bytes()))
    result = fixed(source, REPAIR)
    assert "2 instructions" in result.changes[1].message
    assert "FIL101" not in codes(result.final)
    assert_same_look(source, result.path)
    assert text_of(result.path) == text_of(source)
    qpdf_clean(result.path)
    unchanged(result.path, REPAIR)


def test_what_is_not_in_the_file_is_not_made_up() -> None:
    source = pdf(trim="A6").raw("/Missing Do")
    assert "FIL101" in codes(makeready.check(source.bytes()))
    assert "Missing" in refused(source, REPAIR)


def test_a_whole_file_needs_no_repair() -> None:
    unchanged(pdf().image().text("x"), REPAIR)


@pytest.mark.parametrize("filters", ["/RunLengthDecode", "/ASCIIHexDecode", "/ASCII85Decode", "/LZWDecode"])
def test_data_in_any_coding_is_not_taken_for_damaged(filters: str) -> None:
    packed = {
        "/RunLengthDecode": bytes([0, 0x41, 255, 0x42, 128]),
        "/ASCIIHexDecode": b"41 42 42>",
        "/ASCII85Decode": b"5sdp~>",
        "/LZWDecode": bytes([0x80, 0x0B, 0x60, 0x50, 0x22, 0x0C, 0x0C, 0x85, 0x01]),
    }[filters]
    builder = pdf(trim="A6")
    held = Stream(builder.objects, b"")
    held.write(packed, filter=Name(filters))
    builder.objects.Root.PieceInfo = Dictionary(Kept=builder.objects.make_indirect(held))
    builder.bytes()
    unchanged(saved(builder.objects, stream_decode_level=pikepdf.StreamDecodeLevel.none), REPAIR)


def test_layers_forms_and_intents_outlive_a_rebuilt_page_tree() -> None:
    whole = pdf(trim="A6", background=None).layer("Off", visible=False).rectangle().layer(None).text("Seen")
    whole.annotation("Widget")
    result = fixed(circular_pages(plain(whole)), REPAIR)
    assert_same_look(whole, result.path)
    facts = result.final.facts
    assert facts is not None
    assert [layer.name for layer in facts.layers] == ["Off"]
    assert facts.output_intents
    with opened(result) as out:
        assert "/AcroForm" in out.Root


# --- remove_active_content


def test_what_acts_is_gone_and_what_prints_is_part_of_the_page() -> None:
    source = (
        pdf(trim="A6").text("Page").annotation("Stamp", at=("10 mm", "30 mm"))
        .annotation("Widget", at=("10 mm", "60 mm")).javascript().attachment()
    )  # fmt: skip
    result = fixed(source, REMOVE)
    assert {"FIL105", "LAY103"} <= set(codes(result.before))
    assert not codes(result.final)
    assert not result.new
    assert_same_look(source, result.path)
    assert text_of(result.path) == text_of(source)
    qpdf_clean(result.path)
    unchanged(result.path, REMOVE)
    with opened(result) as out:
        for key in ("/OpenAction", "/AcroForm", "/AF"):
            assert key not in out.Root
        assert len(out.attachments) == 0
        assert "/Annots" not in out.pages[0].obj


@pytest.mark.parametrize("unit", [1, 2])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_looks_stay_where_they_are_on_turned_and_scaled_pages(rotate: int, unit: float) -> None:
    def page() -> PdfBuilder:
        builder = pdf(trim="A6", rotate=rotate, user_unit=unit, origin=(-20, 35), slug="4 mm")
        builder.annotation("Stamp", at=("10 mm", "20 mm"), size="30x12mm")
        builder.annotation("Widget", at=("10 mm", "60 mm")).annotation("FreeText", at=("50 mm", "90 mm"))
        note = builder.objects.pages[0].obj.Annots[2]
        note.AP.N.Matrix = [0, 1, -1, 0, 0, 0]  # turned, and fitted into its rectangle by the reader
        note.AP.N.BBox = [x / unit for x in (160, 100, 260, 200)]
        return builder

    source = page()
    result = fixed(source, REMOVE)
    assert_same_look(source, result.path)
    assert codes(result.final).keys() <= {"BOX108"}


def test_flags_decide_what_prints() -> None:
    source = pdf(trim="A6", background=None)
    for place, _ in enumerate(("seen and printed", "printed alone", "screen alone", "hidden", "no flags")):
        source.annotation("Stamp", at=("10 mm", f"{10 + 20 * place} mm"), size="20x10mm")
    for note, flags in zip(source.objects.pages[0].obj.Annots, (4, 4 + 32, 0, 4 + 2, 0), strict=True):
        note.F = flags
    result = fixed(source, REMOVE)
    wanted = pdf(trim="A6", background=None)
    for place in (0, 1):
        wanted.rectangle(at=("10 mm", f"{10 + 20 * place} mm"), size="20x10mm", colour=(0, 0, 1, 0))
    assert_same_look(wanted, result.path)
    assert result.changes[0].details["before"] == {
        "flattened": {"Stamp": 2}, "removed": {"Stamp": 3}, "actions": 0,
    }  # fmt: skip


def test_a_stamp_that_stays_upright_stays_upright() -> None:
    source = pdf(trim="A6", rotate=90).annotation("Stamp", at=("20 mm", "60 mm"), size="30x10mm")
    source.objects.pages[0].obj.Annots[0].F = 4 + 16
    result = fixed(source, REMOVE)
    assert_same_look(source, result.path, by=("poppler",))


def test_a_checkbox_shows_the_state_it_is_in() -> None:
    for state, looks in (("/Yes", True), ("/Off", False), ("/Unheard", False)):
        builder = pdf(trim="A6", background=None).annotation("Widget", at=("10 mm", "30 mm"))
        field = builder.objects.pages[0].obj.Annots[0]
        field.AP = Dictionary(N=Dictionary(Yes=field.AP.N), D=field.AP.N)
        field.AS = Name(state)
        result = fixed(builder, REMOVE)
        assert (inked(poppler_pixels(result.path)) > 0) is looks


def test_transparency_and_spots_of_a_look_stay() -> None:
    builder = pdf(trim="A6").rectangle(at=("10 mm", "10 mm"), colour=(0.3, 0, 0, 0))
    builder.annotation("Stamp", at=("10 mm", "10 mm"))
    look = builder.objects.pages[0].obj.Annots[0].AP.N
    look.Resources = Dictionary(ExtGState=Dictionary(G=Dictionary(BM=Name.Multiply, ca=0.5)))
    look.write(b"/G gs " + look.read_bytes())
    builder.annotation("Stamp", at=("10 mm", "60 mm"), colour={"PANTONE 185 C": 1})
    result = fixed(builder, REMOVE)
    # MuPDF mixes an annotation in the colours of the screen and the page in those of its output intent.
    assert_same_look(builder, result.path, by=("poppler",))
    assert_same_look(builder, result.path, by=("mupdf",), within=40)
    facts = result.final.facts
    assert facts is not None
    assert "PANTONE 185 C" in [ink.name for ink in facts.inks]
    assert any(found.value == "Multiply" for found in facts.transparencies)


def test_a_look_on_a_layer_stays_on_it() -> None:
    for visible in (True, False):
        builder = pdf(trim="A6", background=None).layer("L", visible=visible).layer(None).annotation("Stamp")
        note = builder.objects.pages[0].obj.Annots[0]
        note.OC = builder._layers["L"]
        result = fixed(builder, REMOVE)
        assert_same_look(builder, result.path)
        assert (inked(poppler_pixels(result.path)) > 0) is visible
        flat = fixed(result.path, "flatten_layers")
        assert_same_look(builder, flat.path)


def test_fields_draw_with_the_resources_of_the_form() -> None:
    builder = pdf(trim="A6", background=None).annotation("Widget", at=("10 mm", "30 mm"), size="60x10mm")
    font = builder._font("embedded")
    builder.objects.Root.AcroForm.DR = Dictionary(Font=Dictionary(F0=font))
    look = builder.objects.pages[0].obj.Annots[0].AP.N
    from makeready.testing import fonts

    x0, y0 = float(look.BBox[0]), float(look.BBox[1])
    text = f"BT /F0 12 Tf {x0 + 4} {y0 + 8} Td <{fonts.encoded('Filled in').hex()}> Tj ET"
    look.write(text.encode())
    if "/Resources" in look:
        del look["/Resources"]
    result = fixed(builder, REMOVE)
    assert "Filled in" in text_of(result.path)
    assert "FNT101" not in codes(result.final)


def test_an_annotation_without_a_look_gets_the_usual_one() -> None:
    builder = pdf(trim="A6", background=None).annotation("Square", at=("20 mm", "20 mm"), colour=None)
    note = builder.objects.pages[0].obj.Annots[0]
    note.C, note.BS = [1, 0, 0], Dictionary(W=4)
    result = fixed(builder, REMOVE)
    assert inked(poppler_pixels(result.path)) > 0.005
    assert_same_look(builder, result.path, by=("mupdf",))
    assert "LAY103" not in codes(result.final)


def test_a_field_without_a_look_shows_its_value() -> None:
    builder = pdf(trim="A6", background=None).annotation("Widget", at=("20 mm", "20 mm"), size="60x10mm", colour=None)
    field = builder.objects.pages[0].obj.Annots[0]
    field.V, field.DA = String("Filled in"), String("/Helv 12 Tf 0 g")
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    builder.objects.Root.AcroForm.DR = Dictionary(Font=Dictionary(Helv=builder.objects.make_indirect(font)))
    result = fixed(builder, REMOVE)
    assert text_of(result.path) == "Filled in"
    assert inked(poppler_pixels(result.path)) > 0.001


def test_comments_may_go_while_fields_stay() -> None:
    source = pdf(trim="A6", background=None).annotation("Highlight", at=("10 mm", "10 mm"))
    source.annotation("Widget", at=("10 mm", "60 mm"))
    result = fixed(source, [{"fix": REMOVE, "comments": "remove"}])
    wanted = pdf(trim="A6", background=None).rectangle(
        at=("10 mm", "60 mm"), size="30x10mm", colour=(0, 0, 1, 0)
    )  # fmt: skip
    assert_same_look(wanted, result.path)


def test_marks_for_the_press_stay_annotations() -> None:
    source = pdf(trim="A6").annotation("PrinterMark", at=("10 mm", "10 mm")).javascript()
    result = fixed(source, REMOVE)
    with opened(result) as out:
        assert [str(note.Subtype) for note in out.pages[0].obj.Annots] == ["/PrinterMark"]
    unchanged(result.path, REMOVE)


def test_scripts_are_found_wherever_they_hide() -> None:
    builder = pdf(trim="A6", pages=2).annotation("Widget").annotation("Link", colour=None).javascript()
    root, page = builder.objects.Root, builder.objects.pages[0].obj
    script = Dictionary(S=Name.JavaScript, JS=String("app.alert('EVIL')"))
    root.AA = Dictionary(WC=script)
    root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("a"), script])))
    page.AA = Dictionary(O=script)
    page.Annots[0].AA = Dictionary(K=script)
    page.Annots[1].A = Dictionary(S=Name.URI, URI=String("https://example.org/EVIL"), Next=script)
    root.AcroForm.XFA = Stream(builder.objects, b"<xdp>EVIL</xdp>")
    page.Annots[1].Border = [0, 0, 0]  # frames of links go with them
    item = builder.objects.make_indirect(Dictionary(Title=String("One"), A=script))
    to_page = Dictionary(S=Name.GoTo, D=Array([builder.objects.pages[1].obj, Name.Fit]), Next=script)
    other = builder.objects.make_indirect(Dictionary(Title=String("Two"), A=to_page, Prev=item))
    item.Next = other
    root.Outlines = builder.objects.make_indirect(Dictionary(First=item, Last=other, Count=2))
    #: The structure tree holds on to annotations that the page no longer has.
    held = Dictionary(Type=Name.OBJR, Obj=page.Annots[0])
    root.StructTreeRoot = Dictionary(Type=Name.StructTreeRoot, K=Dictionary(S=Name.Form, K=held))
    result = fixed(builder, REMOVE)
    assert "FIL105" not in codes(result.final)
    with opened(result) as out:
        everything = b"".join(o.unparse() for o in out.objects if not isinstance(o, Stream))
        everything += b"".join(o.read_bytes() for o in out.objects if isinstance(o, Stream) and "/Filter" not in o)
        assert b"EVIL" not in everything
        assert Name.GoTo == out.Root.Outlines.First.Next.A.S
    assert_same_look(builder, result.path)
    qpdf_clean(result.path)


def test_a_file_with_nothing_of_the_kind_stays() -> None:
    unchanged(pdf().image(), REMOVE)


def test_part_of_the_pages_is_not_enough() -> None:
    assert "all pages" in refused(pdf(pages=2).javascript(), REMOVE, pages={1})


def test_open_states_of_the_page_do_not_move_its_notes() -> None:
    source = pdf(trim="A6", background=None).annotation("Stamp", at=("10 mm", "30 mm"))
    source.raw("0.3 0 0 0.3 90 90 cm 0 0 20 20 re W n q 1 0 0 rg")
    document = pikepdf.open(io.BytesIO(source.bytes()))
    content = document.pages[0].obj.Contents
    content.write(content.read_bytes().replace(b"q\n", b"", 1).rstrip(b"Q\n ") + b"\n")
    result = fixed(saved(document), REMOVE)
    assert_same_look(saved(document), result.path)


def test_pages_that_share_resources_and_contents_are_not_disturbed(tmp_path: Path) -> None:
    builder = pdf(trim="A6", pages=2).on(1).text("Shared").annotation("Stamp", at=("10 mm", "60 mm"))
    builder.bytes()
    one, two = (page.obj for page in builder.objects.pages)
    two.Contents, two.Resources = one.Contents, one.Resources
    path = tmp_path / "shared.pdf"
    builder.objects.save(path)
    result = fixed(path, REMOVE)
    for number in (1, 2):
        assert_same_look(path, result.path, page=number)


def test_damaged_content_is_refused_before_anything_is_changed() -> None:
    document = pikepdf.open(io.BytesIO(pdf(trim="A6").annotation("Stamp").javascript().bytes()))
    document.pages[0].obj.Contents.write(b"no zip", filter=Name.FlateDecode)
    assert "damaged" in refused(saved(document, stream_decode_level=pikepdf.StreamDecodeLevel.none), REMOVE)


def test_a_file_with_every_fault_of_structure_is_mended_in_one_go(tmp_path: Path) -> None:
    shop = tmp_path / "shop.toml"
    shop.write_text('extends = "default"\n[checks]\nLAY101 = {any = "warning"}\nBOX108 = "on"\n', encoding="utf-8")
    source = (
        pdf(trim="A6", slug="8 mm", user_unit=2, rotate=90, boxes={"trim": None, "crop": (20, 20, 150, 200)})
        .crop_marks().javascript().annotation("Stamp", at=("10 mm", "60 mm"))
        .layer("Seen").text("Seen").layer("Unseen", visible=False).text("Unseen", at=("10 mm", "30 mm")).layer(None)
    )  # fmt: skip
    result = makeready.fix(no_table(plain(source)), profile=shop)
    assert [run.step.fix for run in result.runs][:4] == [REPAIR, REMOVE, "flatten_layers", "set_boxes"]
    assert {"FIL101", "FIL105", "LAY101", "LAY103", "BOX101", "BOX107", "BOX108"} <= set(codes(result.before))
    assert not codes(result.final)
    assert not [issue for issue in result.new if issue.severity.value == "error"]
    assert_same_look(source, result.path)
    assert text_of(result.path) == "Seen"
    qpdf_clean(result.path)
    again = makeready.fix(result.path, profile=shop)
    assert again.path is None
