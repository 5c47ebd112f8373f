"""add_bleed and fit_to_product on PDFs: the product stays as it was, and what is added is its own edge."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pymupdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

import makeready
from fixes.looks import (
    Pixels,
    codes,
    difference,
    fixed,
    mupdf_pixels,
    poppler_pixels,
    qpdf_clean,
    refused,
    text_of,
    unchanged,
)
from makeready.changes import StepOutcome
from makeready.testing import pdf
from makeready.testing.builder import PdfBuilder

#: The product of most tests, in points, and the bleed that is asked for: whole pixels at 72 ppi.
WIDE, HIGH, BLEED = 288, 216, 18
QUARTER_INCH = {"fix": "add_bleed", "bleed": "0.25in"}
#: The mirror stands 0.2 mm inside of the trim: the edges of objects may be half a pixel off.
EDGES = 0.02
PROGRAMS: dict[str, Callable[..., Pixels]] = {"mupdf": mupdf_pixels, "poppler": poppler_pixels}


def artwork(**settings: Any) -> PdfBuilder:
    """A page with something else at each of its sides, all of it ending at the trim."""
    settings = {"trim": "4x3in", "bleed": "0 mm"} | settings
    page = pdf(**settings)
    page.image(ppi=72, colour="cmyk", at=("2.5in", "0in"), size=("1.5in", "1.25in"))
    page.gradient((1, 0, 0, 0), (0, 0, 1, 0), at=("1in", "2.2in"), size=("3in", "0.8in"))
    page.rectangle(at=("0in", "2in"), size=("1.2in", "1in"), colour=(0, 0.9, 0.8, 0))
    page.rectangle(at=("0in", "0in"), size=("0.5in", "1.1in"), colour=(0.9, 0.5, 0, 0))
    page.rectangle(at=("1in", "0in"), size=("1in", "0.1in"), colour=(0.2, 0.9, 0, 0))
    page.transparency(blend="Multiply", at=("0.3in", "2.5in"), size=("1.5in", "0.5in"))
    return page.text("Well inside the page", at=("0.9in", "1.5in"), size="12 pt")


def mirrored(pixels: Pixels, by: int = BLEED) -> Pixels:
    """What the page must look like with bleed, by numpy: its own edge pixels, mirrored."""
    return np.pad(pixels, ((by, by), (by, by), (0, 0)), mode="symmetric")


def assert_like(found: Pixels, wanted: Pixels, share: float, levels: int = 24) -> None:
    apart = difference(found, wanted)
    assert float((apart > levels).mean()) <= share, f"{(apart > levels).mean():.2%} differ, up to {apart.max()}"


def ring(shape: tuple[int, ...], outer: int, inner: int) -> np.ndarray[Any, Any]:
    """The pixels between two distances from the edge."""
    inside = np.zeros(shape[:2], bool)
    inside[outer : shape[0] - outer, outer : shape[1] - outer] = True
    inside[inner : shape[0] - inner, inner : shape[1] - inner] = False
    return inside


def changed_in_place(data: bytes, change: Callable[[pikepdf.Pdf], None]) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as opened:
        change(opened)
        opened.save(out)
    return out.getvalue()


def boxes(data: bytes, page: int = 1) -> Any:
    facts = makeready.inspect(data).facts
    assert facts is not None
    return facts.pages[page - 1]


def around(outer: Any, inner: Any) -> tuple[float, ...]:
    """Left, top, right, bottom: how far one box reaches past the other, in points."""
    far = (inner.x0 - outer.x0, outer.y1 - inner.y1, outer.x1 - inner.x1, inner.y0 - outer.y0)
    return tuple(round(float(side), 2) for side in far)


# Mirrored bleed


@pytest.mark.parametrize("crop", [None, "trim"])
@pytest.mark.parametrize("user_unit", [1, 2])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_the_bleed_is_the_mirrored_edge_and_the_product_is_as_it_was(rotate: int, user_unit: int, crop: Any) -> None:
    page = artwork(rotate=rotate, user_unit=user_unit, origin=(100, -50))
    before = page.bytes()
    if crop:
        before = changed_in_place(before, lambda file: file.pages[0].obj.update({"/CropBox": file.pages[0].trimbox}))
    result = fixed(before, [QUARTER_INCH])
    after = result.data
    assert after is not None
    for draw in PROGRAMS.values():
        old, new = draw(before), draw(after)
        assert new.shape == (old.shape[0] + 2 * BLEED, old.shape[1] + 2 * BLEED, 3)
        # Nothing but the outermost pixel of the product may differ, where the mirror stands.
        inner = np.s_[BLEED + 1 : -BLEED - 1, BLEED + 1 : -BLEED - 1]
        assert_like(new[inner], old[1:-1, 1:-1], share=0.0, levels=8)
        assert_like(new, mirrored(old), share=EDGES)
        assert difference(new, np.pad(old, ((BLEED,) * 2, (BLEED,) * 2, (0, 0)), mode="wrap")).mean() > 3  # can fail
    qpdf_clean(after)
    facts = boxes(after)
    assert around(facts.bleed, facts.trim) == (BLEED,) * 4
    assert facts.trim == boxes(before).trim
    assert facts.media.contains(facts.bleed)
    assert facts.crop.contains(facts.bleed)


def test_checks_find_nothing_new_and_the_file_hardly_grows() -> None:
    before = (
        artwork().image(ppi=96, at=("1in", "0in"), size=("1in", "1in")).text("Edge", at=("0.02in", "1.8in")).bytes()
    )
    result = fixed(before, [{"fix": "add_bleed"}])
    assert codes(result.before)["BOX102"] == 1
    assert codes(result.final)["BOX102"] == 0
    assert [issue.code for issue in result.new if issue.severity.value != "info"] == []
    one, other = result.before.facts, result.final.facts
    assert one is not None
    assert other is not None
    assert len(other.images) == len(one.images)
    assert sum(text.glyphs for text in other.texts) == sum(text.glyphs for text in one.texts)
    assert [ink.name for ink in other.inks] == [ink.name for ink in one.inks]
    assert result.data is not None
    assert len(result.data) < len(before) + 20_000


def test_twice_is_the_same_as_once() -> None:
    once = fixed(artwork().bytes(), ["add_bleed"]).data
    assert once is not None
    unchanged(once, ["add_bleed"])
    unchanged(once, [{"fix": "add_bleed", "mode": "scale"}])


def test_a_border_that_is_thinner_than_the_bleed_is_mirrored_once() -> None:
    """Its mirror leaves the outer bleed white, and that is no reason to mirror it again."""
    page = pdf(trim="4x3in", bleed="3 mm", background=None)
    page.rectangle(at=("2pt", "2pt"), size=("284pt", "212pt"), colour=None, stroke=(0, 1, 1, 0), width="4 pt")
    once = fixed(page.bytes(), ["add_bleed"]).data
    assert once is not None
    unchanged(once, ["add_bleed"])


def test_more_bleed_goes_on_from_what_was_made() -> None:
    once = fixed(artwork().bytes(), [{"fix": "add_bleed", "bleed": "0.125in"}]).data
    assert once is not None
    twice = fixed(once, [QUARTER_INCH]).data
    assert twice is not None
    facts = boxes(twice)
    assert around(facts.bleed, facts.trim) == (BLEED,) * 4
    assert_like(mupdf_pixels(twice)[10:-10, 10:-10], mupdf_pixels(once)[1:-1, 1:-1], share=0.0, levels=8)
    assert_like(mupdf_pixels(twice), mirrored(mupdf_pixels(once), 9), share=EDGES)
    qpdf_clean(twice)


def test_text_is_read_once_and_fonts_and_pictures_are_the_same(tmp_path: Path) -> None:
    source = artwork().text("Close to the edge", at=("0.02in", "2.9in")).save(tmp_path / "before.pdf")
    target = fixed(source, ["add_bleed"]).save(tmp_path / "after.pdf")
    assert text_of(target) == text_of(source)
    read = [_read_by_mupdf(path) for path in (source, target)]
    assert read[0] == read[1]
    listed = [subprocess.run(["pdffonts", path], capture_output=True, check=True).stdout for path in (source, target)]
    fonts = [[line[:54] for line in text.decode().splitlines()] for text in listed]
    assert fonts[0] == fonts[1]
    with pikepdf.open(source) as one, pikepdf.open(target) as other:
        assert len(_pictures(one)) == len(_pictures(other)) > 0


def _read_by_mupdf(path: Path) -> str:
    with pymupdf.open(path) as document:
        return str(document[0].get_text())


def _pictures(file: pikepdf.Pdf) -> list[Any]:
    return [item for item in file.objects if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == Name.Image]


def test_bleed_that_is_there_is_kept_and_continued_from_its_own_edge() -> None:
    before = pdf(trim="4x3in", bleed="2 mm").gradient(
        (1, 0, 0, 0), (0, 1, 1, 0), at=("-2 mm", "-2 mm"), size=("105.6 mm", "80.2 mm")
    )
    result = fixed(before.bytes(), [QUARTER_INCH])
    assert result.data is not None
    old, new = mupdf_pixels(before.bytes(), ppi=144), mupdf_pixels(result.data, ppi=144)
    more = (new.shape[0] - old.shape[0]) // 2
    assert more > 20
    assert_like(new[more + 2 : -more - 2, more + 2 : -more - 2], old[2:-2, 2:-2], share=0.002, levels=8)
    assert_like(new, mirrored(old, more), share=EDGES)


def test_only_the_side_that_is_not_filled_changes() -> None:
    page = pdf(trim="4x3in", bleed="0.25in", background=None)
    page.rectangle(at=("-0.25in", "0in"), size=("4.5in", "3.25in"), colour=(0.8, 0, 0.5, 0))  # stops at the top
    before = page.bytes()
    result = fixed(before, [QUARTER_INCH])
    assert codes(result.before)["BOX103"] == 1
    assert codes(result.final)["BOX103"] == 0
    assert "on the top" in result.changes[0].message
    assert result.data is not None
    old, new = mupdf_pixels(before), mupdf_pixels(result.data)
    assert_like(new[BLEED + 1 :], old[BLEED + 1 :], share=0.0, levels=8)
    assert new[:BLEED].min(axis=2).max() < 250, "the top is filled from end to end"
    assert boxes(result.data).boxes == boxes(before).boxes


def test_blank_sides_get_larger_boxes_and_nothing_else() -> None:
    page = pdf(trim="4x3in", bleed="0 mm", background=None).text("All alone", at=("1in", "1in"))
    page.raw("0 1 1 0 k -10 -10 500 5 re f")  # hidden by the MediaBox: it must stay hidden
    before = page.bytes()
    result = fixed(before, [QUARTER_INCH])
    assert result.data is not None
    assert "the boxes grew on all sides" in result.changes[0].message
    for draw in PROGRAMS.values():
        new = draw(result.data)
        assert_like(new[BLEED:-BLEED, BLEED:-BLEED], draw(before), share=0.0, levels=8)
        assert new[ring(new.shape, 0, BLEED)].min() == 255
    with pikepdf.open(io.BytesIO(result.data)) as file:
        assert not file.pages[0].obj.Resources.get("/XObject")


def test_marks_outside_of_the_bleed_stay() -> None:
    page = artwork(slug="0.5in").crop_marks(length="0.45in", colour=(0, 0, 0, 1))
    page.rectangle(at=("1in", "-0.4in"), size=("0.5in", "0.1in"), colour=(0, 0, 0, 1))
    before = page.bytes()
    result = fixed(before, [{"fix": "add_bleed", "bleed": "0.125in"}])
    assert result.data is not None
    assert boxes(result.data).media == boxes(before).media
    for draw in PROGRAMS.values():
        old, new = draw(before, ppi=144), draw(result.data, ppi=144)
        outside = ring(new.shape, 0, 53)
        assert int(np.abs(new[outside].astype(int) - old[outside]).max()) <= 8
        product = mirrored(old[72:-72, 72:-72], 18)
        assert_like(new[54:-54, 54:-54], product, share=EDGES)


def test_a_bound_book_has_no_bleed_at_the_spine() -> None:
    book = pdf(trim="4x3in", bleed="0 mm", pages=2)
    result = fixed(book.bytes(), [QUARTER_INCH | {"sides": "outside"}])
    assert result.data is not None
    for number, wanted in ((1, (0, 18, 18, 18)), (2, (18, 18, 0, 18))):
        facts = boxes(result.data, number)
        assert around(facts.bleed, facts.trim) == wanted


def test_each_side_may_differ_and_is_named_as_displayed() -> None:
    result = fixed(artwork(rotate=90).bytes(), [{"fix": "add_bleed", "left": "0.25in", "top": "0 mm"}])
    assert result.data is not None
    facts = boxes(result.data)
    # Turned clockwise by 90 degrees, what is left on display is the bottom of the page.
    assert around(facts.bleed, facts.trim) == (0, 8.5, 8.5, 18)


def test_a_bound_page_that_is_smaller_than_its_bleed_is_refused() -> None:
    assert "smaller than the bleed" in refused(
        pdf(trim="10x10mm", bleed=None).bytes(), [QUARTER_INCH | {"left": "2in"}]
    )


def test_spot_inks_and_overprint_go_on_into_the_bleed(tmp_path: Path) -> None:
    spot = ("spot", "Gold", 0.8)
    page = artwork()
    page.rectangle(at=("0in", "1in"), size=("4in", "0.5in"), colour=spot, overprint=True)
    source = page.save(tmp_path / "before.pdf")
    target = fixed(source, [QUARTER_INCH]).save(tmp_path / "after.pdf")
    plates = {}
    for path in (source, target):
        command = ["gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=tiffsep", "-r72"]
        subprocess.run([*command, f"-sOutputFile={tmp_path}/{path.stem}.tif", path], check=True, capture_output=True)
        for plate in tmp_path.glob(f"{path.stem}*(*).tif"):
            with Image.open(plate) as picture:
                name = plate.name.split("(")[1].split(")")[0]
                plates[path.stem, name] = np.asarray(picture.convert("L"))[..., None].repeat(3, axis=2)
    names = {name for _, name in plates}
    assert "Gold" in names
    assert len(names) == 5
    for name in names:
        assert_like(plates["after", name], mirrored(plates["before", name]), share=EDGES)


# Awkward content


def _split(file: pikepdf.Pdf) -> None:
    page = file.pages[0].obj
    data = page.Contents.read_bytes()
    middle = data.index(b" ", len(data) // 2)  # between two operands
    page.Contents = Array([file.make_stream(data[:middle]), file.make_stream(data[middle:])])


def _unbalanced(file: pikepdf.Pdf) -> None:
    page = file.pages[0].obj
    data = page.Contents.read_bytes()
    page.Contents = file.make_stream(b"q " + data + b" Q Q Q q 0.5 0 0 0.5 30 30 cm q /Tag BMC BT")


def _inherited(file: pikepdf.Pdf) -> None:
    page = file.pages[0].obj
    file.Root.Pages.Resources = page.Resources
    file.Root.Pages.MediaBox = page.MediaBox
    del page["/Resources"], page["/MediaBox"]


def _group(file: pikepdf.Pdf) -> None:
    file.pages[0].obj.Group = Dictionary(S=Name.Transparency, CS=Name.DeviceCMYK, I=True, K=False)


def _pattern(file: pikepdf.Pdf) -> None:
    page = file.pages[0].obj
    tile = file.make_stream(
        b"0 0.8 1 0 k 0 0 18 18 re f 1 0 0 0 k 18 18 18 18 re f",
        Type=Name.Pattern, PatternType=1, PaintType=1, TilingType=1, BBox=[0, 0, 36, 36], XStep=36, YStep=36,
        Resources=Dictionary(), Matrix=[1, 0, 0, 1, 7, 5],
    )  # fmt: skip
    page.Resources.Pattern = Dictionary(P0=tile)
    page.Contents = file.make_stream(page.Contents.read_bytes() + b" /Pattern cs /P0 scn 90 0 100 216 re f")


def _layer(file: pikepdf.Pdf) -> None:
    page = file.pages[0].obj
    on, off = (file.make_indirect(Dictionary(Type=Name.OCG, Name=name)) for name in ("on", "off"))
    file.Root.OCProperties = Dictionary(OCGs=[on, off], D=Dictionary(ON=[on], OFF=[off], Order=[on, off]))
    page.Resources.Properties = Dictionary(On=on, Off=off)
    more = b" /OC /Off BDC 0 g 0 0 288 216 re f EMC /OC /On BDC 1 0 1 0 k 200 60 88 60 re f EMC"
    page.Contents = file.make_stream(page.Contents.read_bytes() + more)


def _soft_mask(file: pikepdf.Pdf) -> None:
    page = file.pages[0].obj
    gray = Dictionary(S=Name.Transparency, CS=Name.DeviceGray)
    mask = file.make_stream(
        b"1 g 200 0 m 288 0 l 288 108 l f", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 300, 300], Group=gray
    )
    state = Dictionary(SMask=Dictionary(Type=Name.Mask, S=Name.Luminosity, G=mask))
    page.Resources.ExtGState = Dictionary({"/Masked": state})
    page.Contents = file.make_stream(b"0 0.2 0 0 k 0 0 288 216 re f /Masked gs 1 1 0 0 k 0 0 288 216 re f")


AWKWARD = {
    "a Contents array split between operands": _split,
    "states that are not closed, and others that were never opened": _unbalanced,
    "inherited resources and MediaBox": _inherited,
    "a group on the page": _group,
    "a pattern, which hangs from the page": _pattern,
    "layers": _layer,
    "a soft mask": _soft_mask,
}


@pytest.mark.parametrize("awkward", AWKWARD.values(), ids=AWKWARD)
def test_awkward_content(awkward: Callable[[pikepdf.Pdf], None]) -> None:
    before = changed_in_place(artwork().bytes(), awkward)
    after = fixed(before, [QUARTER_INCH]).data
    assert after is not None
    qpdf_clean(after)
    for draw in PROGRAMS.values():
        old, new = draw(before), draw(after)
        assert_like(new[BLEED + 1 : -BLEED - 1, BLEED + 1 : -BLEED - 1], old[1:-1, 1:-1], share=0.0, levels=8)
        assert_like(new, mirrored(old), share=EDGES)
    unchanged(after, [QUARTER_INCH])


def test_pages_that_share_their_content_do_not_harm_each_other() -> None:
    def share(file: pikepdf.Pdf) -> None:
        one, other = (page.obj for page in file.pages)
        one.Resources = file.make_indirect(one.Resources)
        other.Contents, other.Resources, other.TrimBox = one.Contents, one.Resources, Array([36, 36, 252, 180])

    before = changed_in_place(artwork(pages=2).bytes(), share)
    after = fixed(before, [QUARTER_INCH], pages={1}).data
    assert after is not None
    assert int(difference(mupdf_pixels(before, 2), mupdf_pixels(after, 2)).max()) == 0
    assert_like(mupdf_pixels(after, 1), mirrored(mupdf_pixels(before, 1)), share=EDGES)
    assert boxes(after, 2).boxes == boxes(before, 2).boxes


def test_content_that_breaks_off_is_left_and_named() -> None:
    def break_off(file: pikepdf.Pdf) -> None:
        page = file.pages[0].obj
        page.Contents = file.make_stream(page.Contents.read_bytes() + b" BT (never closed")

    assert "content is damaged" in refused(changed_in_place(artwork().bytes(), break_off), [QUARTER_INCH])
    two = changed_in_place(artwork(pages=2).on(2).rectangle(at=("0in", "0in")).bytes(), break_off)
    (change,) = fixed(two, [QUARTER_INCH]).changes
    assert change.page == 2
    assert "page 1: its content is damaged" in change.message


def test_tags_go_on_being_found() -> None:
    def tag(file: pikepdf.Pdf) -> None:
        page = file.pages[0].obj
        page.Contents = file.make_stream(b"/P <</MCID 0>> BDC " + page.Contents.read_bytes() + b" EMC")
        page.StructParents = 0
        root = file.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        element = file.make_indirect(Dictionary(Type=Name.StructElem, S=Name.P, P=root, Pg=page, K=0))
        root.K, root.ParentTree = element, Dictionary(Nums=[0, Array([element])])
        file.Root.StructTreeRoot, file.Root.MarkInfo = root, Dictionary(Marked=True)

    before = changed_in_place(artwork().bytes(), tag)
    for mode in ("mirror", "scale"):
        after = fixed(before, [QUARTER_INCH | {"mode": mode}]).data
        assert after is not None
        qpdf_clean(after)
        with pikepdf.open(io.BytesIO(after)) as file:
            page = file.pages[0].obj
            element = file.Root.StructTreeRoot.K
            if mode == "mirror":  # the marks are still the page's own
                assert page.StructParents == 0
                assert element.K == 0
            else:
                (form,) = page.Resources.XObject.values()
                assert form.StructParents == 0
                assert element.K.MCID == 0
                assert element.K.Stm.objgen == form.objgen


# Scaled up to the bleed


@pytest.mark.parametrize("rotate", [0, 90])
@pytest.mark.parametrize("user_unit", [1, 2])
def test_scaled_the_edge_of_the_page_is_the_edge_of_the_bleed(rotate: int, user_unit: int) -> None:
    before = changed_in_place(artwork(rotate=rotate, origin=(40, 60), user_unit=user_unit).bytes(), _group)
    result = fixed(before, [QUARTER_INCH | {"mode": "scale"}])
    assert result.data is not None
    assert codes(result.final)["BOX102"] == 0
    for draw in PROGRAMS.values():
        old, new = draw(before, ppi=144), draw(result.data, ppi=144)
        larger = Image.fromarray(old).resize((new.shape[1], new.shape[0]), Image.Resampling.BICUBIC)
        assert_like(new, np.asarray(larger), share=0.03, levels=40)
    factors = ("112.5% across and 116.7% along", "116.7% across and 112.5% along")
    assert factors[rotate == 90] in result.changes[0].message
    unchanged(result.data, [QUARTER_INCH | {"mode": "scale"}])
    qpdf_clean(result.data)


def test_scaled_patterns_and_annotations_move_with_the_page() -> None:
    before = changed_in_place(artwork().annotation(at=("1in", "1in"), size=("1in", "0.5in")).bytes(), _pattern)
    after = fixed(before, [QUARTER_INCH | {"mode": "scale"}]).data
    assert after is not None
    old, new = mupdf_pixels(before, ppi=288), mupdf_pixels(after, ppi=144)
    smaller = Image.fromarray(old).resize((new.shape[1], new.shape[0]), Image.Resampling.BOX)
    assert_like(new, np.asarray(smaller), share=0.03, levels=60)


def test_stretched_bleed_is_the_outermost_of_the_page() -> None:
    page = pdf(trim="4x3in", bleed="0 mm", background=(0, 0, 0, 0.1))
    page.rectangle(at=("0in", "0in"), size=("4in", "3in"), colour=None, stroke=(0, 1, 1, 0), width="8 pt")
    result = fixed(page.bytes(), [QUARTER_INCH | {"mode": "replicate"}])
    assert result.data is not None
    new = mupdf_pixels(result.data)
    bleed = new[ring(new.shape, 0, BLEED)]
    assert int(np.ptp(bleed.reshape(-1, 3), axis=0).max()) <= 4, "red all round"
    assert codes(result.final)["BOX103"] == 0


# The size that was ordered


def test_a_page_of_nearly_the_right_shape_is_stretched() -> None:
    before = artwork(bleed="0.25in").bytes()
    result = fixed(before, [{"fix": "fit_to_product", "size": "8x6.1in"}])
    assert result.data is not None
    facts = boxes(result.data)
    assert tuple(round(float(side), 1) for side in facts.size) == (576, 439.2)
    assert around(facts.bleed, facts.trim) == (36, 36.6, 36, 36.6)
    assert "200% across and 203.3% along" in result.changes[0].message
    for draw in PROGRAMS.values():
        old, new = draw(before, ppi=144), draw(result.data, ppi=72)
        larger = Image.fromarray(old).resize((new.shape[1], new.shape[0]), Image.Resampling.BICUBIC)
        assert_like(new, np.asarray(larger), share=0.01, levels=40)
    unchanged(result.data, [{"fix": "fit_to_product", "size": "8x6.1in"}])
    qpdf_clean(result.data)


def test_the_check_is_cured_and_the_canvas_says_the_size() -> None:
    before = pdf(trim="A5").bytes()
    result = makeready.fix(before, allow="review", canvas="A4")
    assert codes(result.before)["BOX104"] == 1
    assert codes(result.final)["BOX104"] == 0
    assert result.runs[0].outcome is StepOutcome.CHANGED


def test_without_a_size_nothing_can_be_done() -> None:
    assert "no size is ordered" in refused(pdf().bytes(), ["fit_to_product"])


@pytest.mark.parametrize(("rotate", "user_unit"), [(0, 1), (90, 1), (270, 2)])
def test_portrait_and_landscape_are_one_size(rotate: int, user_unit: int) -> None:
    before = artwork(rotate=rotate, user_unit=user_unit).bytes()  # 4 x 3 in, 3 x 4 in where it is turned
    after = fixed(before, [{"fix": "fit_to_product", "size": "1.5x2in"}]).data
    assert after is not None
    sides = (108, 144) if rotate else (144, 108)
    assert tuple(round(float(side), 1) for side in boxes(after).size) == sides
    assert_like(mupdf_pixels(after, ppi=144), mupdf_pixels(before, ppi=72), share=EDGES)


def test_another_shape_is_refused_unless_cropping_or_padding_is_asked_for() -> None:
    before = artwork().bytes()
    said = refused(before, [{"fix": "fit_to_product", "size": "4x4in"}])
    assert "33.3% more than the other" in said
    assert "cropped or padded" in said


def test_cropped_about_the_middle() -> None:
    before = artwork().bytes()
    result = fixed(before, [{"fix": "fit_to_product", "size": "3x3in", "beyond": "crop"}])
    assert result.data is not None
    facts = boxes(result.data)
    assert tuple(map(round, facts.trim)) == (36, 0, 252, 216)
    assert facts.media == boxes(before).media, "what was cropped is outside of the trim"
    assert_like(mupdf_pixels(result.data), mupdf_pixels(before), share=0.0, levels=8)


def test_padded_with_paper_and_not_with_what_ran_past_the_trim() -> None:
    before = artwork(bleed="0.25in").bytes()
    result = fixed(before, [{"fix": "fit_to_product", "size": "4x4in", "beyond": "pad"}])
    assert result.data is not None
    facts = boxes(result.data)
    assert tuple(round(float(side), 1) for side in facts.size) == (288, 288)
    assert around(facts.bleed, facts.trim) == (18,) * 4
    for draw in PROGRAMS.values():
        old, new = draw(before), draw(result.data)
        assert new.shape[0] == 288 + 36
        assert_like(new[54:-54], old[18:-18], share=0.0, levels=8)
        assert new[:53].min() == new[-53:].min() == 255


def test_pages_of_the_right_size_are_left_alone_and_annotations_move() -> None:
    book = artwork(pages=2).annotation(at=("1in", "1in"), size=("1in", "0.5in"))
    book.on(2)._now.page.obj.TrimBox = Array([36, 36, 252, 198])
    result = fixed(book.bytes(), [{"fix": "fit_to_product", "size": "4x3in"}])
    assert [change.page for change in result.changes] == [2]
    result = fixed(book.bytes(), [{"fix": "fit_to_product", "size": "2x1.5in"}])
    assert result.data is not None
    with pikepdf.open(io.BytesIO(result.data)) as file:
        rect = [float(side) for side in file.pages[0].obj.Annots[0].Rect]
    assert rect == pytest.approx([36, 54, 72, 72])


def test_only_what_lies_in_the_bleed_is_passed_over_by_the_facts() -> None:
    """Content that says of itself that it says nothing still prints, and counts, where the product shows it."""
    page = pdf(trim="4x3in", bleed="3 mm").image(ppi=96, at=("1in", "1in"), size=("1in", "1in"))

    def mute(file: pikepdf.Pdf) -> None:
        content = file.pages[0].obj.Contents.read_bytes()
        file.pages[0].obj.Contents = file.make_stream(b"/Span <</ActualText ()>> BDC " + content + b" EMC")

    facts = makeready.inspect(changed_in_place(page.bytes(), mute)).facts
    assert facts is not None
    assert len(facts.images) == 1
    assert facts.pages[0].painted


def test_a_page_without_a_trim_gets_one() -> None:
    def forget(file: pikepdf.Pdf) -> None:
        page = file.pages[0].obj
        page.ArtBox = page.TrimBox
        del page["/TrimBox"], page["/BleedBox"]

    result = fixed(changed_in_place(artwork().bytes(), forget), [QUARTER_INCH])
    assert "the MediaBox was taken for the trim" in result.changes[0].message
    assert result.data is not None
    facts = boxes(result.data)
    assert tuple(facts.trim) == (0, 0, WIDE, HIGH)
    assert facts.boxes.art is None
