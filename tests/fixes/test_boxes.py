"""The page boxes set right: what is sheet, bleed and product."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Dictionary, Name

import makeready
from fixes.looks import assert_same_look, codes, fixed, inked, mupdf_pixels, qpdf_clean, refused, text_of, unchanged
from makeready.changes import Result
from makeready.facts import Box, Page
from makeready.testing import PdfBuilder, pdf
from makeready.units import Length

MM = 72 / 25.4
PLAIN: dict[str, Any] = {"fix": "set_boxes", "turn": True}


def page_of(result: Result, number: int = 1) -> Page:
    facts = result.final.facts
    assert facts is not None
    page = facts.page(number)
    assert page is not None
    return page


def near(box: Iterable[float] | None, *wanted: float) -> bool:
    return box is not None and list(box) == pytest.approx(list(wanted), abs=0.02)


class TestTrim:
    def test_a_trim_that_is_said_stays(self) -> None:
        unchanged(pdf(trim="A6").crop_marks(), "set_boxes", canvas="A5")

    def test_crop_marks_say_where_the_product_lies(self) -> None:
        source = pdf(trim="A6", slug="8 mm", boxes={"trim": None, "bleed": None}).crop_marks().text("Product")
        result = fixed(source, "set_boxes")
        (x0, y0, x1, y1), page = pdf(trim="A6", slug="8 mm")._now.trim, page_of(result)
        assert near(page.boxes.trim, x0, y0, x1, y1)
        assert near(page.boxes.bleed, x0 - 3 * MM, y0 - 3 * MM, x1 + 3 * MM, y1 + 3 * MM)
        assert "crop marks" in result.changes[0].message
        assert "BOX101" in codes(result.before)
        assert not codes(result.final) & codes(result.before)
        assert not [issue for issue in result.new if issue.severity.value == "error"]
        assert_same_look(source, result.path)
        qpdf_clean(result.path)
        assert text_of(result.path) == text_of(source)
        unchanged(result.path, "set_boxes")

    def test_marks_of_the_bleed_and_crosses_do_not_mislead(self) -> None:
        """InDesign draws crop marks, bleed marks outside of them, and crosses in the middle of each side."""
        builder = pdf(trim="A6", slug="12 mm", boxes={"trim": None, "bleed": None})
        x0, y0, x1, y1 = builder._now.trim
        b, marks = 3 * MM, []
        for inner, near_end in ((0.0, b + 6), (b, b + 12)):
            for x in (x0 - inner, x1 + inner):
                marks += [f"{x} {y1 + near_end} m {x} {y1 + near_end + 14} l",
                          f"{x} {y0 - near_end} m {x} {y0 - near_end - 14} l"]  # fmt: skip
            for y in (y0 - inner, y1 + inner):
                marks += [f"{x1 + near_end} {y} m {x1 + near_end + 14} {y} l",
                          f"{x0 - near_end} {y} m {x0 - near_end - 14} {y} l"]  # fmt: skip
        for x, y in (((x0 + x1) / 2, y1 + 25), ((x0 + x1) / 2, y0 - 25), (x0 - 25, (y0 + y1) / 2)):
            marks += [f"{x - 8} {y} m {x + 8} {y} l", f"{x} {y - 8} m {x} {y + 8} l"]
        source = builder.raw("0.25 w " + " S ".join(marks) + " S")
        assert near(page_of(fixed(source, "set_boxes")).boxes.trim, x0, y0, x1, y1)

    def test_marks_are_found_round_a_drawing_of_ten_thousand_lines(self) -> None:
        builder = pdf(trim="A6", slug="8 mm", boxes={"trim": None, "bleed": None}).crop_marks()
        x0, y0, x1, y1 = builder._now.trim
        hatch = []
        for n in range(10_000):
            x, y = x0 + 5 + n % 100 * 2.5, y0 + 5 + n // 100 * 3.5
            hatch.append(f"{x} {y} m {x + 8 * (n % 2)} {y + 8 - 8 * (n % 2)} l")
        builder.raw("0.25 w " + " S ".join(hatch) + " S")
        assert near(page_of(fixed(builder, "set_boxes")).boxes.trim, x0, y0, x1, y1)

    def test_a_table_on_the_page_is_no_crop_mark(self) -> None:
        builder = pdf(trim="A6", bleed=None, boxes={"trim": None})
        for x, y in ((100, 100), (150, 100), (100, 150), (150, 150)):
            builder.raw(f"0.5 w {x} {y} m {x + 40} {y} l S {x} {y} m {x} {y + 40} l S")
        page = page_of(fixed(builder, "set_boxes"))
        assert page.boxes.trim == page.boxes.media

    @pytest.mark.parametrize("canvas", ["105x148mm", "148x105mm"])
    @pytest.mark.parametrize("rotate", [0, 90])
    def test_the_size_that_was_ordered_lies_in_the_middle(self, canvas: str, rotate: int) -> None:
        source = pdf(trim="A6", bleed="4 mm", rotate=rotate, boxes={"trim": None, "bleed": None})
        result = fixed(source, "set_boxes", canvas=canvas)
        media, page = page_of(result).media, page_of(result)
        assert media is not None
        assert near(page.boxes.trim, 4 * MM, 4 * MM, media.x1 - 4 * MM, media.y1 - 4 * MM)
        assert near(page.boxes.bleed, 1 * MM, 1 * MM, media.x1 - 1 * MM, media.y1 - 1 * MM)
        assert not codes(result.final) & {"BOX101": 1, "BOX104": 1}.keys()

    def test_a_sheet_much_larger_than_the_order_is_not_guessed_at(self) -> None:
        result = fixed(pdf(trim="A4", bleed=None, boxes={"trim": None}), "set_boxes", canvas="A6")
        assert page_of(result).boxes.trim == page_of(result).boxes.media
        asked = fixed(pdf(trim="A4", bleed=None), [{"fix": "set_boxes", "trim": "product"}], canvas="A6")
        size = page_of(asked).size
        assert size is not None
        assert near(size, 105 * MM, 148 * MM)

    def test_without_a_word_it_is_what_others_take_for_it(self) -> None:
        crop: Box = (20, 20, 250, 350)
        page = page_of(fixed(pdf(trim="A6", bleed=None, boxes={"trim": None, "crop": crop}), "set_boxes"))
        assert near(page.boxes.trim, *crop)
        assert page.boxes.crop == page.boxes.media
        whole = page_of(fixed(pdf(trim="A6", bleed=None, boxes={"trim": None}), "set_boxes"))
        assert whole.boxes.trim == whole.boxes.media

    def test_the_sheet_without_its_rim_where_that_is_asked_for(self) -> None:
        step = {"fix": "set_boxes", "trim": "media", "inset": "3 mm"}
        result = fixed(pdf(trim="A6", bleed="3 mm", boxes={"trim": None, "bleed": None}), [step])
        page = page_of(result)
        assert near(page.size, 105 * MM, 148 * MM)
        assert page.boxes.bleed == page.boxes.media
        unchanged(result.path, [step])

    def test_what_cannot_be_known_is_refused(self) -> None:
        assert "no size is ordered" in refused(pdf(trim="A6"), [{"fix": "set_boxes", "trim": "product"}])
        assert "no crop marks" in refused(pdf(trim="A6"), [{"fix": "set_boxes", "trim": "marks"}])
        small = refused(pdf(trim="A6"), [{"fix": "set_boxes", "trim": "product"}], canvas="A3")
        assert "smaller than the product" in small

    def test_pages_with_marks_are_done_and_the_others_told(self) -> None:
        builder = pdf(trim="A6", slug="8 mm", boxes={"trim": None, "bleed": None}, pages=2).on(2).crop_marks()
        result = fixed(builder, [{"fix": "set_boxes", "trim": "marks"}])
        assert [change.page for change in result.changes] == [2]
        assert page_of(result, 2).boxes.trim is not None
        assert page_of(result, 1).boxes.trim is None


class TestNesting:
    @pytest.mark.parametrize(
        "boxes",
        [
            {"trim": (-20, 10, 300, 440)},
            {"bleed": (-50, -50, 900, 900)},
            {"bleed": (60, 60, 200, 300)},
            {"trim": (280, 400, 20, 20)},
            {"trim": (50, 50, 50, 300)},
            {"bleed": (900, 900, 1000, 1000)},
            {"art": (-10, 0, 200, 200)},
            {"media": (314, 436, 0, 0)},
            {"crop": (50, 50, 200, 300)},
            {"crop": (400, 400, 500, 500)},
            {"trim": (900, 900, 950, 950), "crop": (10, 10, 200, 200)},
        ],
    )
    def test_boxes_are_brought_into_one_another(self, boxes: dict[str, Any]) -> None:
        source = pdf(trim="A6", boxes=boxes).text("Still here")
        result = fixed(source, "set_boxes")
        assert codes(result.before) & {"BOX106": 9, "BOX107": 9}.keys()
        assert not codes(result.final).keys() & {"BOX101", "BOX106", "BOX107"}
        assert_same_look(source, result.path)
        qpdf_clean(result.path)
        unchanged(result.path, "set_boxes")

    def test_the_trim_is_cut_to_the_sheet_and_the_bleed_grown_to_the_trim(self) -> None:
        page = page_of(fixed(pdf(trim="A6", boxes={"trim": (-20, 10, 300, 440)}), "set_boxes"))
        media = page.boxes.media
        assert media is not None
        assert near(page.boxes.trim, 0, 10, 300, media[3])
        page = page_of(fixed(pdf(trim="A6", boxes={"bleed": (60, 60, 200, 300)}), "set_boxes"))
        assert near(page.boxes.bleed, *page.boxes.trim or ())

    def test_rounding_is_no_fault(self) -> None:
        trim = pdf(trim="A6")._now.trim
        unchanged(pdf(trim="A6", boxes={"trim": tuple(side + 0.008 for side in trim)}), "set_boxes")

    def test_boxes_that_pages_inherit_are_set_on_each(self) -> None:
        builder = pdf(trim="A6", bleed=None, pages=2)
        tree = builder.objects.Root.Pages
        for page in builder.objects.pages:
            del page.obj["/MediaBox"]
        tree.MediaBox, tree.CropBox = [0, 0, 420, 300], [10, 10, 200, 200]
        result = fixed(builder, "set_boxes", pages={2})
        assert page_of(result, 2).boxes.crop == page_of(result, 2).boxes.media
        assert result.path is not None
        with pikepdf.open(result.path) as out:
            assert [float(side) for side in out.pages[0].cropbox] == [10, 10, 200, 200]

    def test_hidden_parts_come_to_light_and_nothing_moves(self) -> None:
        source = pdf(trim="A6", boxes={"crop": (50, 50, 200, 300)}).text("Outside", at=("60 mm", "10 mm"))
        result = fixed(source, "set_boxes")
        assert_same_look(source, result.path)
        kept = makeready.fix(source.bytes(), [{"fix": "set_boxes", "crop": False}])
        assert kept.path is None


def decorated(**settings: Any) -> PdfBuilder:
    """A page with everything that has coordinates of its own."""
    builder = pdf(trim="A6", slug="6 mm", origin=(-30, 15), **settings).crop_marks()
    builder.annotation(at=("6 mm", "6 mm"), size="20x30mm").annotation("Widget", at=("60 mm", "90 mm"))
    builder.image(at=("20 mm", "20 mm"), size="30x20mm", soft_mask=True).transparency(
        at=("40 mm", "30 mm"), soft_mask=True
    )
    builder.text("Turned", at=("30 mm", "70 mm"), size="24 pt", rotate=30).text("T3", font="type3", size="30 pt")
    builder.gradient((1, 0, 0, 0), (0, 1, 0, 0), at=("20 mm", "100 mm"), within="pattern")
    builder.image(at=("70 mm", "20 mm"), size="20x20mm", within="form")
    return builder


class TestPlainPages:
    @pytest.mark.parametrize("unit", [1, 2, 0.5])
    @pytest.mark.parametrize("rotate", [0, 90, 180, 270])
    def test_pages_are_written_as_they_are_shown(self, rotate: int, unit: float) -> None:
        if (rotate, unit) == (0, 1):
            unchanged(decorated(), [PLAIN])
            return
        source = decorated(rotate=rotate, user_unit=unit)
        result = fixed(source, [PLAIN])
        page = page_of(result)
        assert (page.rotate, page.user_unit) == (0, 1)
        assert "BOX108" not in codes(result.final)
        assert result.before.facts is not None
        assert near(page.size, *result.before.facts.pages[0].size or ())
        assert_same_look(source, result.path, within=24, share=0.002)
        qpdf_clean(result.path)
        assert sorted(text_of(result.path).replace(" ", "")) == sorted(text_of(source).replace(" ", ""))
        unchanged(result.path, [PLAIN])

    def test_a_rotate_stays_unless_asked(self) -> None:
        result = fixed(decorated(rotate=90, user_unit=2), "set_boxes")
        assert (page_of(result).rotate, page_of(result).user_unit) == (90, 1)
        assert_same_look(decorated(rotate=90, user_unit=2), result.path, within=24, share=0.002)

    def test_what_is_painted_stays_what_it_was(self) -> None:
        source = decorated(rotate=90, user_unit=2).text("Spot", colour={"PANTONE 185 C": 1})
        result = fixed(source, [PLAIN])
        before, after = result.before.facts, result.final.facts
        assert before is not None
        assert after is not None
        assert [ink.name for ink in after.inks] == [ink.name for ink in before.inks]
        assert [font.name for font in after.fonts] == [font.name for font in before.fonts]
        assert [(i.width_px, i.colour_space, i.compression) for i in after.images] == [
            (i.width_px, i.colour_space, i.compression) for i in before.images
        ]
        assert [i.resolution for i in after.images] == pytest.approx([i.resolution for i in before.images], rel=1e-3)

    def test_an_annotation_that_stays_upright_does(self) -> None:
        builder = pdf(trim="A6", rotate=90).annotation("Stamp", at=("20 mm", "60 mm"), size="30x10mm")
        builder.objects.pages[0].obj.Annots[0].F = 4 + 16
        result = fixed(builder, [PLAIN])
        assert_same_look(builder, result.path, by=("poppler",))

    def test_pages_that_share_looks_and_contents_do_not_disturb_one_another(self) -> None:
        builder = pdf(trim="A6", pages=3).on(1).annotation(at=("6 mm", "6 mm"))
        source = builder.bytes()
        with pikepdf.open(Path(_written(source))) as shared:
            look = shared.pages[0].obj.Annots[0].AP
            for place, rotate in ((1, 0), (2, 90)):
                page = shared.pages[place].obj
                page.Contents, page.Resources = shared.pages[0].obj.Contents, shared.pages[0].obj.Resources
                page.Annots = [Dictionary(Type=Name.Annot, Subtype=Name.Square, F=4, Rect=[50, 50, 99, 99], AP=look)]
                page.Rotate = rotate
            path = Path(shared.filename).with_name("shared.pdf")
            shared.save(path)
        result = fixed(path, [PLAIN])
        assert [change.page for change in result.changes] == [3]
        for number in (1, 2, 3):
            assert_same_look(path, result.path, page=number)

    def test_a_banner_that_needs_its_unit_keeps_it(self) -> None:
        banner = pdf(trim="8000x600mm", user_unit=4, background=None).rectangle(at=("1000 mm", "100 mm"))
        assert "14,400" in refused(banner, "set_boxes")

    def test_open_states_in_the_content_do_not_matter(self) -> None:
        source = pdf(trim="A6", rotate=90, background=None).raw("q 1 0 0 1 30 30 cm q 0 0 1 rg 0 0 90 50 re f")
        result = fixed(source, [PLAIN])
        assert_same_look(source, result.path)
        assert inked(mupdf_pixels(result.path)) > 0.02

    def test_content_that_cannot_be_read_is_left_and_said(self) -> None:
        builder = pdf(trim="A6", rotate=90)
        data = builder.bytes()
        with pikepdf.open(Path(_written(data))) as broken:
            broken.pages[0].obj.Contents = broken.make_stream(b"rubbish that is not deflated")
            broken.pages[0].obj.Contents.write(b"no zip", filter=Name.FlateDecode)
            path = Path(broken.filename).with_name("broken.pdf")
            broken.save(path)
        assert "damaged" in refused(path, [PLAIN])

    def test_lengths_are_settings_with_units(self) -> None:
        step = {"fix": "set_boxes", "bleed": "0.125in"}
        result = fixed(
            pdf(trim="A6", bleed="5 mm", slug="8 mm", boxes={"trim": None, "bleed": None}).crop_marks(), [step]
        )
        page = page_of(result)
        assert page.trim is not None
        assert page.bleed is not None
        assert page.trim.x0 - page.bleed.x0 == pytest.approx(Length.parse("0.125in"), abs=0.01)


_FOLDERS: list[Any] = []


def _written(data: bytes) -> str:
    """A file that lives as long as the tests of this module."""
    import tempfile

    folder = tempfile.TemporaryDirectory()
    _FOLDERS.append(folder)
    path = Path(folder.name) / "given.pdf"
    path.write_bytes(data)
    return str(path)


@pytest.fixture(scope="module", autouse=True)
def _clean_up() -> Iterable[None]:
    yield
    for folder in _FOLDERS:
        folder.cleanup()
