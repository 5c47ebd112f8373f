"""Page geometry. Expected places and sizes are worked out by hand from the boxes that the builder is told to write."""

from __future__ import annotations

import subprocess

import pikepdf
import pytest
from PIL import Image

import makeready
from makeready.facts import Margins
from makeready.testing import pdf, picture
from makeready.units import POINTS_PER_MM as MM

SMALL = "100x100mm"


def text(issues):
    """Severity, page, measured and limit, in words."""
    return [
        (
            issue.severity.value,
            issue.page,
            None if issue.measured is None else str(issue.measured),
            None if issue.limit is None else str(issue.limit),
        )
        for issue in issues
    ]


def boxes(*, background=(0.12, 0.04, 0, 0), **given):
    """A plain page with these boxes in millimetres; ``None`` leaves one out."""
    written = {name: box and tuple(edge * MM for edge in box) for name, box in given.items()}
    return pdf(SMALL, boxes=written, background=background).rectangle(size=("30 mm", "20 mm"))


def inheriting(*keys):
    """The page's own entries, moved to the root of the page tree."""
    builder = pdf(SMALL).rectangle()
    file = builder.objects
    for key in keys:
        page = file.pages[0].obj
        file.Root.Pages[key] = page[key]
        del page[key]
    return builder


# BOX101 trim-missing


def test_a_page_with_a_trim_box_says_where_it_is_cut(found) -> None:
    assert found("BOX101", pdf(SMALL)) == []


@pytest.mark.parametrize(
    ("crop", "used"), [(None, "MediaBox"), ((3, 3, 103, 103), "CropBox")], ids=["no box but the sheet", "a CropBox"]
)
def test_a_page_without_a_trim_box(found, crop, used) -> None:
    (issue,) = found("BOX101", boxes(trim=None, crop=crop))
    assert (issue.severity, issue.page) == ("warning", 1)
    assert used in issue.message


def test_a_trim_box_is_not_inherited(found) -> None:
    """ISO 32000-1, table 30: only Resources, MediaBox, CropBox and Rotate are."""
    assert len(found("BOX101", inheriting("/TrimBox"))) == 1


def test_each_page_without_a_trim_box_is_named(found) -> None:
    builder = pdf(SMALL, pages=3)
    del builder.objects.pages[1].TrimBox
    assert [issue.page for issue in found("BOX101", builder)] == [2]


# BOX102 bleed-missing


def covered(**given):
    """A page with these boxes in millimetres, painted all over."""
    return boxes(**given).raw("0 0 0 0.5 k -999 -999 9999 9999 re f")


@pytest.mark.parametrize(
    ("bleed", "expected"),
    [
        ("3 mm", []),
        ("3.1 mm", []),
        ("2.998 mm", []),  # two decimals of a point are what producers write
        ("2.99 mm", [("error", 1, "3 mm", "3 mm")]),
        ("2 mm", [("error", 1, "2 mm", "3 mm")]),
        ("0 mm", [("error", 1, "0 mm", "3 mm")]),
        (None, [("error", 1, "0 mm", "3 mm")]),
    ],
)
def test_bleed_all_round(found, bleed, expected) -> None:
    issues = found("BOX102", pdf(SMALL, bleed=bleed))
    assert text(issues) == expected
    assert all("all round" in issue.message for issue in issues)


def test_nearly_enough_bleed_reads_differently_from_enough(found) -> None:
    """ "The bleed is 3 mm; 3 mm is needed" helps nobody."""
    (issue,) = found("BOX102", pdf(SMALL, bleed="2.99 mm"))
    assert issue.message.startswith("the bleed is 2.99 mm")


#: 1 mm of bleed on the left, 2 at the bottom, 4 on the right, 5 at the top, of the page before it is turned.
UNEVEN = {"media": (0, 0, 120, 120), "bleed": (9, 8, 114, 115), "trim": (10, 10, 110, 110)}


@pytest.mark.parametrize(("rotate", "side"), [(0, "left"), (90, "top"), (180, "right"), (270, "bottom")])
def test_the_side_with_the_least_bleed_is_named_as_displayed(found, rotate, side) -> None:
    """Rotate turns clockwise (ISO 32000-1, table 30): what was left becomes top."""
    builder = covered(**UNEVEN)
    builder.objects.pages[0].Rotate = rotate
    (issue,) = found("BOX102", builder)
    assert text([issue]) == [("error", 1, "1 mm", "3 mm")]
    assert f"on the {side}" in issue.message
    sides = {name: round(value["value"], 2) for name, value in issue.details["sides"].items()}
    order = ["left", "top", "right", "bottom"]
    assert [sides[order[(i + rotate // 90) % 4]] for i in range(4)] == [1, 5, 4, 2]


def test_all_sides_with_the_least_bleed_are_named(found) -> None:
    (issue,) = found("BOX102", covered(media=(0, 0, 120, 120), bleed=(9, 5, 111, 115), trim=(10, 10, 110, 110)))
    assert issue.message == "the bleed is 1 mm on the left and right; 3 mm is needed"


@pytest.mark.parametrize(
    ("case", "count"),
    [
        ({"bleed": None, "media": (0, 0, 106, 106), "trim": (3, 3, 103, 103)}, 0),  # the sheet itself is the bleed
        ({"bleed": None, "media": (0, 0, 106, 106), "trim": (3, 3, 103, 103), "crop": (3, 3, 103, 103)}, 1),
        ({"bleed": (-5, -5, 111, 111), "media": (0, 0, 104, 104), "trim": (2, 2, 102, 102)}, 1),  # no sheet, no bleed
        ({"bleed": (106, 106, 0, 0), "media": (0, 0, 106, 106), "trim": (3, 3, 103, 103)}, 0),  # upside down
    ],
    ids=["no BleedBox, the sheet is large enough", "no BleedBox, a CropBox at the trim",
         "a BleedBox larger than the sheet", "a BleedBox written upside down"],
)  # fmt: skip
def test_bleed_where_boxes_are_odd(found, case, count) -> None:
    """ISO 32000-1, 14.11.2: BleedBox defaults to CropBox, CropBox to MediaBox."""
    assert len(found("BOX102", covered(**case))) == count


def test_bleed_is_measured_in_real_millimetres(verdicts) -> None:
    """On a page of double units, 1.5 mm of numbers are 3 mm of paper."""
    assert verdicts("BOX102", pdf(SMALL, bleed="3 mm", user_unit=2)) == []
    assert verdicts("BOX102", pdf(SMALL, bleed="2.9 mm", user_unit=2)) == ["error"]


def test_bleed_of_an_inherited_sheet(verdicts) -> None:
    assert verdicts("BOX102", inheriting("/MediaBox")) == []


def test_pages_that_meet_in_the_spine_need_bleed_above_and_below_only(found) -> None:
    tall = covered(media=(0, 0, 100, 106), bleed=(0, 0, 100, 106), trim=(0, 3, 100, 103))
    assert len(found("BOX102", tall)) == 1
    assert found("BOX102", tall, "BOX102.spine=true") == []


def test_bleed_may_have_two_limits(verdicts) -> None:
    settings = ("BOX102.bleed.warning=3mm", "BOX102.bleed.error=1mm")
    for bleed, expected in (("2 mm", ["warning"]), ("0.9 mm", ["error"]), ("3 mm", [])):
        assert verdicts("BOX102", pdf(SMALL, bleed=bleed), *settings) == expected


#: Trim and sheet are one: no bleed on any side.
BARE = {"bleed": None, "background": None}
INFO, ERROR = ["info"], ["error"]


def bare(**settings):
    return pdf(SMALL, **BARE | settings)


def drawn(operators, **settings):
    """On a page of 100 mm (283.46 pt) without bleed."""
    return bare(**settings).raw(f"q 0 0 0 1 k 0 0 0 1 K {operators} Q")


def tiled(operators):
    """With a pattern whose cell is painted at the page's corner, wherever it shows."""
    builder = bare()
    cell = builder.objects.make_stream(
        b"0 0 0 1 k 0 0 5 5 re f", Type=pikepdf.Name.Pattern, PatternType=1, PaintType=1, TilingType=1,
        BBox=[0, 0, 9, 9], XStep=9, YStep=9, Resources=pikepdf.Dictionary(),
    )  # fmt: skip
    return builder.raw(f"/Pattern cs /P0 scn {operators}", {"/Pattern": {"/P0": cell}})


#: What is painted, on paper of 100 mm that is cut as it is; 1 mm inside of the trim is 2.83 and 280.63 pt.
AT_THE_EDGE = {
    "nothing": (bare, INFO),
    "a shape in the middle": (lambda: bare().rectangle(), INFO),
    "a shape that ends 1 mm before the edge": (lambda: drawn("2.84 50 100 100 re f"), INFO),
    "a shape that ends 0.9 mm before the edge": (lambda: drawn("2.6 50 100 100 re f"), ERROR),
    "a shape at the edge": (lambda: drawn("0 50 100 100 re f"), ERROR),
    "a shape over the edge": (lambda: drawn("-20 50 100 100 re f"), ERROR),
    "a background": (lambda: drawn("0 0 300 300 re f"), ERROR),
    "a white background": (lambda: drawn("0 0 0 0 k 0 0 300 300 re f"), INFO),
    "an RGB white background": (lambda: drawn("1 1 1 rg 0 0 300 300 re f"), INFO),
    "a spot at no tint": (lambda: bare().rectangle(at=("0 mm", "0 mm"), colour=("spot", "Gold", 0)), INFO),
    "a spot": (lambda: bare().rectangle(at=("0 mm", "0 mm"), colour=("spot", "Gold", 0.1)), ERROR),
    "white on black": (lambda: drawn("0 0 300 300 re f 0 0 0 0 k 0 0 300 300 re f"), ERROR),
    "a background that is clipped": (lambda: drawn("20 20 200 200 re W n 0 0 300 300 re f"), INFO),
    "a background clipped at the edge": (lambda: drawn("0 20 200 200 re W n 0 0 300 300 re f"), ERROR),
    "a picture in the middle": (lambda: bare().image(), INFO),
    "a picture at the edge": (lambda: bare().image(at=("50 mm", "0.5 mm")), ERROR),
    "a stencil in the middle": (lambda: bare().image(colour="stencil"), INFO),
    "a stencil at the edge": (lambda: bare().image(colour="stencil", at=("0 mm", "9 mm")), ERROR),
    "a white stencil at the edge": (
        lambda: bare().image(colour="stencil", fill=(0, 0, 0, 0), at=("0 mm", "9 mm")), INFO),
    "a blend in the middle": (lambda: bare().gradient((0, 0, 0, 0), (1, 0, 0, 0)), INFO),
    "a blend at the edge": (lambda: bare().gradient((0, 0, 0, 0), (1, 0, 0, 0), at=("0 mm", "9 mm")), ERROR),
    "text in the middle": (lambda: bare().text("text"), INFO),
    "text at the edge": (lambda: bare().text("text", at=("0.2 mm", "50 mm")), ERROR),
    "invisible text at the edge": (lambda: bare().text("text", at=("0 mm", "50 mm"), rendering=3), INFO),
    "Type 3 text in the middle": (lambda: bare().text("text", font="type3"), INFO),
    "Type 3 text at the edge": (lambda: bare().text("text", font="type3", at=("0 mm", "50 mm")), ERROR),
    "a pattern in the middle": (lambda: tiled("50 50 90 90 re f"), INFO),
    "a pattern at the edge": (lambda: tiled("50 50 300 90 re f"), ERROR),
    "a frame whose outer edge is 1.3 mm from the trim": (lambda: drawn("2 w 4.7 4.7 274 274 re S"), INFO),
    "a frame whose outer edge is 0.9 mm from the trim": (lambda: drawn("2 w 3.5 3.5 276.5 276.5 re S"), ERROR),
    "a thick line that ends in time": (lambda: drawn("9 w 50 10 m 50 200 l S"), INFO),
    "a thick line with a square cap": (lambda: drawn("9 w 2 J 50 5 m 50 200 l S"), ERROR),
    "a corner that runs out in a spike": (lambda: drawn("4 w 20 150 m 10 152 l 20 154 l S"), ERROR),
    "a line on a layer that is off": (
        lambda: bare().layer("off", visible=False).line(at=("0 mm", "9 mm")).layer(None), INFO),
    "a note that prints": (
        lambda: bare().rectangle(at=("0 mm", "9 mm"), within="annotation"), ERROR),
    "a form": (lambda: bare().rectangle(at=("0 mm", "9 mm"), within="form"), ERROR),
    "crop marks outside of the product": (lambda: bare(bleed="0 mm", slug="10 mm").crop_marks(), INFO),
    "a note in the slug": (lambda: bare(bleed="0 mm", slug="10 mm").text("job 1", at=("0 mm", "-5 mm")), INFO),
    "crop marks in one path": (
        lambda: bare(bleed="0 mm", slug="10 mm").raw("1 1 1 1 K .3 w 0 28 m 20 28 l 320 330 m 340 330 l 28 0 m 28 20 l "
                                                     "330 340 m 330 320 l S"), INFO),
    "black lines in one path, marks or not": (
        lambda: bare(bleed="0 mm", slug="10 mm").raw("0 0 0 1 K .3 w 0 28 m 20 28 l 320 330 m 340 330 l 28 0 m 28 20 l "
                                                     "330 340 m 330 320 l S"), ERROR),
}  # fmt: skip


@pytest.mark.parametrize(("make", "expected"), AT_THE_EDGE.values(), ids=AT_THE_EDGE)
def test_where_nothing_is_printed_at_the_edge_nothing_has_to_bleed(verdicts, make, expected) -> None:
    assert verdicts("BOX102", make()) == expected


def test_a_blank_edge_is_told_in_words_that_ask_for_nothing(found) -> None:
    (issue,) = found("BOX102", bare())
    assert issue.message == "the bleed is 0 mm all round; 3 mm would be needed if anything were printed there"
    assert text([issue]) == [("info", 1, "0 mm", "3 mm")]


@pytest.mark.parametrize(("rotate", "side"), [(0, "left"), (90, "top"), (180, "right"), (270, "bottom")])
def test_only_the_side_that_is_printed_to_the_edge_is_short(found, rotate, side) -> None:
    (issue,) = found("BOX102", drawn("0 50 100 100 re f", rotate=rotate))
    assert (issue.severity, issue.message) == ("error", f"the bleed is 0 mm on the {side}; 3 mm is needed")


def test_bleed_where_it_is_needed_is_enough(found) -> None:
    """1 mm on the left and 2 mm at the bottom, where nothing is printed; 4 and 5 mm where it runs out."""
    builder = boxes(**UNEVEN, background=None).raw("0 0 0 1 k 100 100 9999 9999 re f")
    (issue,) = found("BOX102", builder)
    assert text([issue]) == [("info", 1, "1 mm", "3 mm")]
    builder.raw("0 0 0 1 k 100 0 10 9999 re f")
    (issue,) = found("BOX102", builder)
    assert text([issue]) == [("error", 1, "2 mm", "3 mm")]


@pytest.mark.parametrize(("make", "shown"), [(bare, INFO), (lambda: drawn("0 50 99 99 re f"), ERROR)])
def test_what_is_made_of_blank_sides_is_a_setting(verdicts, make, shown) -> None:
    assert verdicts("BOX102", make(), "BOX102.blank_sides=info") == shown
    assert verdicts("BOX102", make(), "BOX102.blank_sides=judge") == ERROR
    assert verdicts("BOX102", make(), {"blank_sides": "judge", "bleed": {"warning": "3 mm"}}) == ["warning"]
    assert verdicts("BOX102", make(), "BOX102.blank_sides=off") == (ERROR if shown == ERROR else [])


def test_how_near_the_edge_counts_is_a_setting(verdicts) -> None:
    near = drawn(f"{2 * MM} 50 100 100 re f")
    assert verdicts("BOX102", near, "BOX102.clearance=2mm") == INFO
    assert verdicts("BOX102", near, "BOX102.clearance=2.1mm") == ERROR


def test_a_page_that_cannot_be_read_to_its_end_is_not_known_to_be_blank(verdicts) -> None:
    broken = bare().rectangle()
    broken.raw("/Missing Do")
    assert verdicts("BOX102", broken) == ERROR


def test_the_pages_of_a_file_are_judged_each_on_its_own(found) -> None:
    builder = pdf(SMALL, pages=3, **BARE).on(2).raw("0 0 0 1 k 0 0 300 300 re f")
    verdicts = {issue.page: issue.severity for issue in found("BOX102", builder)}
    assert verdicts == {1: "info", 2: "error", 3: "info"}


@pytest.mark.parametrize("name", AT_THE_EDGE)
def test_what_is_called_blank_is_white_in_a_picture_of_another_program(name, tmp_path) -> None:
    """Poppler draws the page; all that is certain to be blank is paper there."""
    make, _ = AT_THE_EDGE[name]
    (tmp_path / "page.pdf").write_bytes(make().bytes())
    (page,) = makeready.inspect(tmp_path / "page.pdf").facts.pages
    run = ["pdftocairo", "-png", "-gray", "-r", "144", "-singlefile", tmp_path / "page.pdf", tmp_path / "page"]
    subprocess.run(run, check=True)
    with Image.open(tmp_path / "page.png") as opened:
        product = opened.crop(_pixels_of_trim(page)).point(lambda level: 255 * (level < 250))
    x0, y0, x1, y1 = product.getbbox() or (product.width, product.height, 0, 0)
    seen = Margins(x0 / 2, y0 / 2, (product.width - x1) / 2, (product.height - y1) / 2)
    assert page.blank is not None
    assert all(said <= paper + 1.5 for said, paper in zip(page.blank, seen, strict=True)), (page.blank, seen)


def _pixels_of_trim(page):
    """At 144 ppi, without the outermost row: left, top, right, bottom."""
    trim, media = page.trim, page.media
    left, top = round(2 * (trim.x0 - media.x0)), round(2 * (media.y1 - trim.y1))
    return left + 1, top + 1, left + int(2 * trim.width) - 1, top + int(2 * trim.height) - 1


@pytest.mark.parametrize(
    ("pixels", "dpi", "canvas", "measured"),
    [
        ((1063, 1063), 254, "100x100mm", None),  # 106.3 mm at 254 ppi: 3.15 mm past every edge
        ((1056, 1056), 254, "100x100mm", "2.8 mm"),
        ((1000, 1000), 254, "100x100mm", "0 mm"),
        ((1000, 1000), None, "100x100mm", "0 mm"),
        ((1063, 1063), 72, "100x100mm", "0 mm"),  # 72 is what programs write who know nothing
        ((1200, 1000), None, "100x100mm", "0 mm"),  # fills the canvas: 10 mm left and right, nothing above and below
    ],
)
def test_bleed_of_a_picture_is_what_reaches_past_the_canvas(found, pixels, dpi, canvas, measured) -> None:
    issues = found("BOX102", picture(*pixels, "L", dpi=dpi), canvas=canvas)
    assert text(issues) == ([("error", 1, measured, "3 mm")] if measured else [])


def test_a_turned_picture_bleeds_on_the_sides_that_are_displayed(found) -> None:
    """Stored 1063 × 1363 and turned by a quarter: 136.3 × 106.3 mm on 130 × 100 mm."""
    assert found("BOX102", picture(1063, 1363, "L", dpi=254, orientation=6), canvas="130x100mm") == []


def test_bleed_of_a_picture_without_a_canvas_is_not_known(found) -> None:
    report = makeready.check(picture(300, 200), only=["BOX102"])
    run = next(run for run in report.runs if run.code == "BOX102")
    assert run.outcome == "skipped"
    assert "canvas" in run.reason


# BOX103 bleed-not-filled: the background of these pages is drawn by hand, in points of the whole sheet

SHEET, TRIM = 106 * MM, 3 * MM


def filled(*rectangles, **settings):
    """A 100 mm page with 3 mm of bleed and black rectangles in millimetres of the sheet: left, bottom, right, top."""
    builder = pdf(SMALL, background=None, **settings)
    for x0, y0, x1, y1 in rectangles:
        builder.raw(f"0 0 0 1 k {x0 * MM:.4f} {y0 * MM:.4f} {(x1 - x0) * MM:.4f} {(y1 - y0) * MM:.4f} re f")
    return builder


@pytest.mark.parametrize(
    "artwork",
    [
        lambda: filled((0, 0, 106, 106)),
        lambda: filled((20, 20, 80, 80)),
        lambda: filled((0.2, 0.2, 105.8, 105.8)),  # a guillotine does not wander to the last tenth
        lambda: filled((0, 40, 50, 60)),
        filled,
        lambda: pdf(SMALL, bleed=None, background=None).rectangle(size=("100 mm", "100 mm"), at=("0 mm", "0 mm")),
    ],
    ids=["all is filled", "nothing touches the edge", "filled but for a hair", "one stripe runs out", "an empty page",
         "no bleed zone at all, which is another check's business"],
)  # fmt: skip
def test_bleed_that_is_filled_or_not_needed(found, artwork) -> None:
    assert found("BOX103", artwork()) == []


@pytest.mark.parametrize(("rotate", "side"), [(0, "left"), (90, "top"), (180, "right"), (270, "bottom")])
def test_artwork_that_stops_at_the_trim_is_named_with_its_side(found, rotate, side) -> None:
    (issue,) = found("BOX103", filled((3, 40, 50, 60), rotate=rotate))
    assert (issue.severity, issue.page, issue.details["side"]) == ("error", 1, side)
    assert issue.measured.to("mm") == pytest.approx(20, abs=0.4)
    assert str(issue.limit) == "2 mm"
    assert issue.place.pt == pytest.approx((0, 40 * MM, 3 * MM, 60 * MM), abs=1)


def test_artwork_that_stops_at_every_trim(found) -> None:
    """The bleed zone was made by enlarging the page."""
    issues = found("BOX103", filled((3, 3, 103, 103)))
    assert sorted(issue.details["side"] for issue in issues) == ["bottom", "left", "right", "top"]
    assert all(issue.measured.to("mm") == pytest.approx(100, abs=0.6) for issue in issues)


@pytest.mark.parametrize(("stretch", "count"), [(1.6, 0), (2.5, 1)])
def test_a_short_stretch_without_bleed_is_let_pass(found, stretch, count) -> None:
    assert len(found("BOX103", filled((3, 40, 50, 40 + stretch)))) == count


def test_bleed_that_is_filled_half_way(found) -> None:
    assert len(found("BOX103", filled((1.5, 40, 50, 60)))) == 1


@pytest.mark.parametrize(
    ("inside", "outside", "count"), [(1, 1, 0), (2, 1, 1), (1, 0, 1), (2.5, 2.4, 0), (4, 2, 1), (4, 3, 0)]
)
def test_a_border_goes_on_as_far_as_it_is_wide(found, inside, outside, count) -> None:
    """Millimetres of a border along the left trim, inside and outside of it."""
    assert len(found("BOX103", filled((3 - outside, 20, 3 + inside, 80)))) == count


def test_white_is_no_bleed(found) -> None:
    artwork = filled((3, 0, 106, 106)).raw(f"0 0 0 0 k 0 0 {TRIM:.3f} {SHEET:.3f} re f")
    assert [issue.details["side"] for issue in found("BOX103", artwork)] == ["left"]


@pytest.mark.parametrize(
    "settings", [{"user_unit": 2}, {"origin": (-200, 50)}, {"slug": "10 mm"}], ids=["UserUnit", "origin", "slug"]
)
def test_bleed_is_looked_for_where_the_page_is(found, settings) -> None:
    assert found("BOX103", pdf(SMALL, **settings)) == []
    artwork = pdf(SMALL, background=None, **settings).rectangle(size=("40 mm", "20 mm"), at=("0 mm", "30 mm"))
    (issue,) = found("BOX103", artwork)
    assert (issue.details["side"], issue.measured.to("mm")) == ("left", pytest.approx(20, abs=0.4))
    assert issue.place.mm == pytest.approx((-3, 30, 0, 50), abs=0.5)


@pytest.mark.parametrize("soft", [False, True], ids=["opaque", "with transparency"])
def test_a_crop_box_does_not_hide_the_bleed(found, soft) -> None:
    """A page group is cut off at the CropBox when it is drawn; the press prints it whole."""
    crop = (TRIM, TRIM, SHEET - TRIM, SHEET - TRIM)
    artwork = pdf(SMALL, boxes={"crop": crop}).rectangle()
    if soft:
        artwork.transparency(alpha=0.5)
    assert found("BOX103", artwork) == []


# BOX104 wrong-size


@pytest.mark.parametrize(
    ("trim", "settings", "canvas", "found_sizes"),
    [
        ("A4", ["BOX104.size=A4"], None, []),
        ("297x210mm", ["BOX104.size=A4"], None, []),
        ("210.2x297mm", ["BOX104.size=A4"], None, []),
        ("210.3x297mm", ["BOX104.size=A4"], None, ["210.3 × 297 mm, A4, portrait"]),
        ("209.7x297mm", ["BOX104.size=A4"], None, ["209.7 × 297 mm, A4, portrait"]),
        ("210x297.3mm", ["BOX104.size=A4"], None, ["210 × 297.3 mm, A4, portrait"]),
        ("A5", ["BOX104.size=A4"], None, ["148 × 210 mm, A5, portrait"]),
        ("A5", ["BOX104.size=A4"], "A5", []),  # the order knows better than the profile
        ("A4", [], "8x10in", ["210 × 297 mm, A4, portrait"]),
        ("211x297mm", ["BOX104.size=A4", "BOX104.tolerance=1mm"], None, []),
    ],
)
def test_the_page_against_the_size_that_was_ordered(found, trim, settings, canvas, found_sizes) -> None:
    issues = found("BOX104", pdf(trim), *settings, canvas=canvas)
    assert [str(issue.measured) for issue in issues] == found_sizes
    assert all(issue.severity == "error" for issue in issues)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_the_size_of_a_turned_page(found, rotate) -> None:
    assert found("BOX104", pdf("A5", rotate=rotate), "BOX104.size=A5") == []
    (issue,) = found("BOX104", pdf("A5", rotate=rotate), "BOX104.size=A4")
    assert ("landscape" in str(issue.measured)) is (rotate in (90, 270))


def test_the_size_is_that_of_the_paper(found) -> None:
    assert found("BOX104", pdf("A5", user_unit=2.5), "BOX104.size=A5") == []


def test_without_an_order_no_size_is_wrong() -> None:
    report = makeready.check(pdf(SMALL).bytes(), only=["BOX104"])
    assert [run.outcome for run in report.runs if run.code == "BOX104"] == ["skipped"]


# BOX105 pages-differ


def pages(*settings):
    """Pages of these settings, without artwork."""
    builder = pdf(pages=0, background=None)
    for setting in settings:
        builder.page(**setting)
    return builder


SQUARE, WIDE, TALL = {"trim": "50x50mm"}, {"trim": "80x50mm"}, {"trim": "50x80mm"}


@pytest.mark.parametrize(
    ("sheets", "expected"),
    [
        ([SQUARE], []),
        ([SQUARE, SQUARE, SQUARE], []),
        ([SQUARE, {"trim": "50.003x50mm"}], []),
        ([SQUARE, SQUARE, {"trim": "50.1x50mm"}], [(3, "size differs", [3])]),
        ([SQUARE, WIDE, SQUARE, WIDE, SQUARE], [(2, "size differs", [2, 4])]),
        ([TALL, TALL, WIDE], [(3, "size differs", [3])]),
        ([SQUARE, {**SQUARE, "rotate": 180}, SQUARE], [(2, "rotation differs", [2])]),
        ([TALL, {**WIDE, "rotate": 90}], [(2, "rotation differs", [2])]),  # looks alike, is imposed otherwise
        ([TALL, {**TALL, "rotate": 90}, TALL], [(2, "size differs", [2])]),
        ([SQUARE, WIDE, TALL], [(2, "size differs", [2]), (3, "size differs", [3])]),
        ([SQUARE, {**SQUARE, "user_unit": 2}], []),  # the paper is alike; another check speaks of the unit
        ([SQUARE, {**SQUARE, "slug": "5 mm"}], []),  # the product is alike
    ],
)
def test_pages_that_differ_from_the_most_common_kind(found, sheets, expected) -> None:
    issues = found("BOX105", pages(*sheets))
    assert [(issue.page, issue.details["what"], issue.details["pages"]) for issue in issues] == expected
    assert all(issue.severity == "warning" for issue in issues)


# BOX106 boxes-not-nested

NESTED = {"media": (0, 0, 120, 120), "bleed": (7, 7, 113, 113), "trim": (10, 10, 110, 110)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"art": (20, 20, 100, 100)}, []),
        ({"trim": (7, 7, 113, 113)}, []),
        ({"trim": (6.998, 7, 113, 113)}, []),
        ({"trim": (6.9, 7, 113, 113)}, [("error", "the TrimBox reaches 0.1 mm past the BleedBox")]),
        ({"trim": (10, 10, 110, 115)}, [("error", "the TrimBox reaches 2 mm past the BleedBox")]),
        ({"bleed": (-1, 7, 113, 113)}, [("error", "the BleedBox reaches 1 mm past the MediaBox")]),
        ({"bleed": None, "trim": (10, 10, 125, 110)}, [("error", "the TrimBox reaches 5 mm past the MediaBox")]),
        ({"art": (20, 20, 100, 121)}, [("error", "the ArtBox reaches 1 mm past the MediaBox")]),
        ({"art": (20, 20, 20, 100)}, [("error", "the ArtBox is empty")]),
        ({"bleed": (113, 113, 7, 7)}, [("warning", "the BleedBox is written upside down")]),
        ({"trim": (10, 110, 110, 10)}, [("warning", "the TrimBox is written upside down")]),
        (
            {"trim": (-1, 10, 110, 110)},
            [
                ("error", "the TrimBox reaches 8 mm past the BleedBox"),
                ("error", "the TrimBox reaches 1 mm past the MediaBox"),
            ],
        ),
    ],
)  # fmt: skip
def test_trim_lies_in_bleed_and_bleed_in_the_sheet(found, changes, expected) -> None:
    issues = found("BOX106", boxes(**{**NESTED, **changes}))
    assert [(issue.severity.value, issue.message) for issue in issues] == expected


def test_how_far_a_box_sticks_out_is_measured_on_paper(found) -> None:
    half = {name: tuple(edge * MM / 2 for edge in box) for name, box in {**NESTED, "trim": (5, 10, 110, 110)}.items()}
    (issue,) = found("BOX106", pdf(SMALL, user_unit=2, boxes=half, background=None))
    assert issue.measured.to("mm") == pytest.approx(2, abs=0.01)


def test_a_page_without_a_media_box(found) -> None:
    """ISO 32000-1, table 30: MediaBox is required, here or above. What readers put in its place is damage mended."""
    builder = pdf(SMALL).rectangle()
    del builder.objects.pages[0].MediaBox
    (issue,) = found("FIL101", builder)
    assert "MediaBox" in issue.message
    assert found("FIL101", inheriting("/MediaBox")) == []


# BOX107 crop-differs


@pytest.mark.parametrize(
    ("crop", "expected"),
    [
        (None, []),
        ((0, 0, 106, 106), []),
        ((0.002, 0, 106, 106), []),
        ((106, 106, 0, 0), []),
        ((0.1, 0, 106, 106), [("error", 1, "105.9 × 106 mm", "106 × 106 mm")]),
        ((3, 3, 103, 103), [("error", 1, "100 × 100 mm", "106 × 106 mm")]),
        ((-5, 0, 106, 106), [("error", 1, "111 × 106 mm", "106 × 106 mm")]),
    ],
)
def test_a_crop_box_that_is_not_the_sheet(found, crop, expected) -> None:
    assert text(found("BOX107", boxes(crop=crop))) == expected


def test_a_crop_box_that_is_inherited(found) -> None:
    builder = boxes(crop=(3, 3, 103, 103))
    page = builder.objects.pages[0].obj
    builder.objects.Root.Pages.CropBox = page.CropBox
    del page.CropBox
    assert len(found("BOX107", builder)) == 1


@pytest.mark.parametrize(("rotate", "left_top"), [(0, (2, 4)), (90, (1, 2)), (180, (3, 1)), (270, (4, 3))])
def test_where_the_crop_lies_is_told_from_the_top_left_as_displayed(found, rotate, left_top) -> None:
    """2 mm from the left of the trim, 1 from its bottom, 3 from its right, 4 from its top, before it is turned."""
    builder = boxes(media=(0, 0, 100, 100), bleed=None, trim=(0, 0, 100, 100), crop=(2, 1, 97, 96))
    builder.objects.pages[0].Rotate = rotate
    (issue,) = found("BOX107", builder)
    assert issue.place.mm[:2] == pytest.approx(left_top, abs=0.01)


# BOX108 user-unit


@pytest.mark.parametrize(
    ("unit", "messages"),
    [
        (None, []),
        (1, []),
        (pikepdf.Object.parse(b"1.0"), []),
        (10, ["one unit of the page is 10 points"]),
        (pikepdf.Object.parse(b"0.5"), ["one unit of the page is 0.5 points"]),
    ],
)
def test_user_unit(found, unit, messages) -> None:
    builder = pdf(SMALL)
    if unit is not None:
        builder.objects.pages[0].obj["/UserUnit"] = unit
    issues = found("BOX108", builder)
    assert [issue.message for issue in issues] == messages
    assert all((issue.severity, issue.page) == ("error", 1) for issue in issues)


def test_user_unit_is_not_inherited(found) -> None:
    builder = pdf(SMALL)
    builder.objects.Root.Pages.UserUnit = 2
    assert found("BOX108", builder) == []


# BOX110 empty-page


def blank(**settings):
    return pdf(SMALL, background=None, **settings)


EMPTY = {
    "nothing at all": blank,
    "white text": lambda: blank().text("white", colour=(0, 0, 0, 0)),
    "a white rectangle in gray": lambda: blank().rectangle(colour=1),
    "a white rectangle in RGB": lambda: blank().rectangle(colour=(1, 1, 1)),
    "a spot at tint 0": lambda: blank().rectangle(colour=("spot", "Gold", 0)),
    "two inks at 0": lambda: blank().rectangle(colour={"Gold": 0, "Black": 0}),
    "what paints nothing": lambda: blank().rectangle(colour=("spot", "None", 1)),
    "a rectangle off the sheet": lambda: blank().rectangle(at=("150 mm", "10 mm")),
    "a rectangle that is clipped away": lambda: blank().raw("0 0 10 10 re W n 50 50 20 20 re f"),
    "a rectangle on a layer that is off": lambda: blank().layer("off", visible=False).rectangle(),
    "a rectangle on a layer that does not print": lambda: blank().layer("screen", prints=False).rectangle(),
    "invisible text": lambda: blank().text("as OCR leaves it", rendering=3),
    "a note that does not print": lambda: blank().annotation("Square", prints=False),
    "a hidden note": lambda: blank().annotation("Square", hidden=True),
    "an empty form": lambda: blank().rectangle(colour=(0, 0, 0, 0), within="form"),
    "a path that is not painted": lambda: blank().raw("50 50 20 20 re n"),
    "white Type 3 text": lambda: blank().text("white", font="type3", colour=(0, 0, 0, 0)),
}


@pytest.mark.parametrize("make", EMPTY.values(), ids=EMPTY)
def test_an_empty_page(found, make) -> None:
    (issue,) = found("BOX110", make())
    assert (issue.severity, issue.page) == ("warning", 1)


PAINTED = {
    "a tint of 1 %": lambda: blank().rectangle(colour=(0.01, 0, 0, 0)),
    "a thin line": lambda: blank().line(width="0 pt"),
    "a letter": lambda: blank().text("a"),
    "Type 3 text": lambda: blank().text("a", font="type3"),
    "a picture": lambda: blank().image(pixels=(20, 20), colour="gray"),
    "an inline picture": lambda: blank().image(pixels=(20, 20), colour="gray", inline=True),
    "a gradient": lambda: blank().gradient((0, 0, 0, 0), (0, 0, 0, 1)),
    "a spot": lambda: blank().rectangle(colour=("spot", "White", 1)),
    "a note that prints": lambda: blank().annotation("Square"),
    "a layer that prints": lambda: blank().layer("on").rectangle(),
    **{f"a rectangle in a {way}": lambda way=way: blank().rectangle(within=way)
       for way in ("form", "pattern", "type3", "annotation")},
    "a rectangle seen through a soft mask": lambda: blank().rectangle(colour=1, within="soft mask"),
}  # fmt: skip


@pytest.mark.parametrize("make", PAINTED.values(), ids=PAINTED)
def test_a_page_that_is_not_empty(found, make) -> None:
    assert found("BOX110", make()) == []


def test_the_empty_page_of_several_is_named(found) -> None:
    builder = blank(pages=3).on(1).rectangle().on(3).rectangle()
    assert [issue.page for issue in found("BOX110", builder)] == [2]


# BOX111 aspect-mismatch


@pytest.mark.parametrize(
    ("pixels", "canvas", "measured"),
    [
        ((300, 200), "30x20in", None),
        ((200, 300), "20x30in", None),
        ((400, 300), "30x20in", "11.1%"),  # 1 - (4/3) / (3/2) = 1/9
        ((300, 200), "20x30in", "55.6%"),  # 1 - (2/3) / (3/2) = 5/9
        ((1020, 1000), "10x10in", None),  # 1 - 100/102 = 1.96 %
        ((1021, 1000), "10x10in", "2.1%"),
        ((1000, 1021), "10x10in", "2.1%"),
    ],
)
def test_the_shape_of_a_picture_on_a_canvas(found, pixels, canvas, measured) -> None:
    issues = found("BOX111", picture(*pixels, "L"), canvas=canvas)
    assert text(issues) == ([("warning", None, measured, "2%")] if measured else [])


def test_which_sides_of_a_picture_are_lost(found) -> None:
    (wide,) = found("BOX111", picture(400, 200, "L"), canvas="10x10in")
    (tall,) = found("BOX111", picture(200, 400, "L"), canvas="10x10in")
    assert "left and right" in wide.message
    assert "above and below" in tall.message


def test_the_shape_is_that_of_the_picture_as_displayed(found) -> None:
    """Stored lying, shown upright."""
    assert found("BOX111", picture(300, 200, "L", orientation=6), canvas="20x30in") == []
    assert len(found("BOX111", picture(300, 200, "L", orientation=3), canvas="20x30in")) == 1
