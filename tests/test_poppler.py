"""The second opinion: poppler's tables become rows, and the comparison says where we disagree."""

from __future__ import annotations

import pytest

from makeready.testing import pdf, poppler

IMAGES = """\
page   num  type   width height color comp bpc  enc interp  object ID x-ppi y-ppi size ratio
--------------------------------------------------------------------------------------------
   1     0 image     708   479  cmyk    4   8  jpeg   no        10  0   300   300  287K  22%
   1     1 image      59    39  rgb     3   8  image  no   [inline]      50    50    0B 0.0%
   1     2 smask      94    63  gray    1   8  image  no        51  0    80    80  658B  11%
   2     3 stencil   861   537  -       1   1  ccitt  yes       14  0   418 0.700 3766B 6.5%
  12  1044 image   12040 23000  icc     -   -  jpx    no   [none]       inf   nan     -      -
"""

FONTS = """\
name                                 type              encoding         emb sub uni object ID
------------------------------------ ----------------- ---------------- --- --- --- ---------
MAKEPR+Aileron-Regular               TrueType          WinAnsi          yes yes yes      9  0
Times New Roman,Bold                 TrueType          WinAnsi          no  no  no      12  0
DLHVJS+Jun501Pro-Bold                CID Type 0C       Identity-H       yes yes yes    448  0
A font with a very long name that runs over its column CID TrueType (OT) UniJIS-UCS2-HW-H yes no  no  12345  1
[none]                               Type 3            Custom           yes no  no   [none]
Type 1                               Type 1            Builtin          no  no  no      77  0
"""

BOXES = """\
Title:           Page 1 MediaBox
Pages:           2
Page    1 size:  612.284 x 858.898 pts (A4)
Page    1 rot:   0
Page    2 size:  246.614 x 334.488 pts
Page    2 rot:   270
Page    1 MediaBox:      0.00     0.00   612.28   858.90
Page    1 TrimBox:       8.50     8.50   603.78   850.39
Page    2 MediaBox:   -100.00 -1000.50   612.28 12858.90
"""


def test_rows_of_pictures() -> None:
    plain, inline, mask, stencil, odd = poppler.parse_images(IMAGES)
    assert plain == poppler.ImageRow(1, 0, "image", 708, 479, "cmyk", 4, 8, "jpeg", False, (10, 0), 300, 300)
    assert inline.object is None
    assert mask.type == "smask"
    assert (stencil.colour, stencil.interpolate, stencil.ppi_x, stencil.ppi_y) == ("-", True, 418, 0.7)
    assert (odd.page, odd.number, odd.components, odd.object, odd.ppi_x, odd.ppi_y) == (
        12,
        1044,
        None,
        None,
        None,
        None,
    )


def test_rows_of_fonts() -> None:
    rows = poppler.parse_fonts(FONTS)
    assert [(row.name, row.type) for row in rows] == [
        ("MAKEPR+Aileron-Regular", "TrueType"),
        ("Times New Roman,Bold", "TrueType"),
        ("DLHVJS+Jun501Pro-Bold", "CID Type 0C"),
        ("A font with a very long name that runs over its column", "CID TrueType (OT)"),
        (None, "Type 3"),
        ("Type 1", "Type 1"),
    ]
    assert [row.embedded for row in rows] == [True, False, True, True, True, False]
    assert [row.object for row in rows] == [(9, 0), (12, 0), (448, 0), (12345, 1), None, (77, 0)]


def test_rows_of_pages() -> None:
    first, second = poppler.parse_pages(BOXES)
    assert (first.number, first.rotate, first.boxes["trim"]) == (1, 0, (8.5, 8.5, 603.78, 850.39))
    assert (second.rotate, second.boxes["media"]) == (270, (-100, -1000.5, 612.28, 12858.9))


@pytest.mark.parametrize("parse", [poppler.parse_images, poppler.parse_fonts])
def test_a_line_that_is_no_row_is_not_skipped(parse) -> None:
    with pytest.raises(ValueError, match="something else"):
        parse("heading\n-------\nsomething else\n")


def test_an_empty_table_has_no_rows() -> None:
    assert poppler.parse_images("") == poppler.parse_fonts("name\n----\n") == poppler.parse_pages("") == []


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ({"crop": None}, (0, 0, 100, 200)),
        ({"crop": [90, 190, 10, 10]}, (10, 10, 90, 190)),
        ({"crop": [-20, 10, 90, 260]}, (0, 0, 100, 200)),
        ({"crop": [-20, 10, 60, 90]}, (0, 10, 60, 90)),
        ({"crop": [0, 0, 0, 0]}, (0, 0, 100, 200)),
    ],
)
def test_a_missing_trim_box_is_the_crop_box_cut_to_the_media_box(boxes, expected) -> None:
    full = poppler.with_defaults({"media": [0, 0, 100, 200], **boxes})
    assert full["crop"] == full["trim"] == full["art"] == expected


@pytest.fixture
def facts():
    """Our facts about IMAGES, FONTS and BOXES, as they should be."""

    def picture(page, width, height, x, y, within=None, name="Im1"):
        sizes = {"width_px": width, "height_px": height, "ppi_x": x, "ppi_y": y}
        return {"page": page, "name": name, "object": [1, 0], "within": within, **sizes}

    return {
        "pages": [
            {
                "number": 1,
                "user_unit": 1.0,
                "boxes": {"media": [0, 0, 612.284, 858.898], "trim": [8.5, 8.5, 603.78, 850.39]},
            },
            {"number": 2, "user_unit": 1.0, "boxes": {"media": [-100, -1000.5, 612.28, 12858.9]}},
            {"number": 12, "user_unit": 1.0, "boxes": {"media": [0, 0, 1, 1]}},
        ],
        "images": [
            picture(1, 708, 479, 300.4, {"value": 299.8, "unit": "ppi"}),
            picture(1, 59, 39, 50, 50),
            picture(2, 861, 537, 418, 0.5),
            picture(12, 12040, 23000, None, None),
        ],
        "fonts": [
            {"name": "MAKEPR+Aileron-Regular", "object": [9, 0], "embedded": True, "pages": [1]},
            {"name": "Times New Roman,Bold", "object": [900, 0], "embedded": False, "pages": [1]},
            {"name": "declared", "object": [448, 0], "embedded": False, "pages": []},
            {"name": None, "object": None, "embedded": True, "pages": [2]},
        ],
    }


def compared(facts, unit=1.0):
    result = poppler.Comparison("a.pdf")
    for page in facts["pages"]:
        page["user_unit"] = unit
    poppler.compare_images(result, facts, poppler.parse_images(IMAGES))
    poppler.compare_fonts(result, facts, poppler.parse_fonts(FONTS))
    return result


def test_facts_that_agree(facts) -> None:
    result = compared(facts)
    assert result.agreed, result.disagreements
    assert (result.image_rows, result.rows, result.fonts_compared) == (4, 4, 3)


def test_a_picture_that_only_poppler_has(facts) -> None:
    del facts["images"][1]
    result = compared(facts)
    assert (result.image_rows, result.rows) == (3, 4)
    assert result.disagreements == ["page 1: only poppler has image 59×39 px at 50.0×50.0 ppi, inline"]


def test_a_resolution_that_differs_is_a_disagreement_on_both_sides(facts) -> None:
    facts["images"][1]["ppi_x"] = 51.1
    result = compared(facts)
    assert (len(result.only_poppler), len(result.only_ours), result.rows) == (1, 1, 5)


def test_a_picture_painted_twice_pairs_twice(facts) -> None:
    facts["images"].append(dict(facts["images"][0]))
    assert compared(facts).only_ours == ["page 1: only ours has Im1 708×479 px at 300.4×299.8 ppi"]


@pytest.mark.parametrize("within", poppler.UNSEEN_BY_POPPLER)
def test_a_picture_where_poppler_does_not_look_is_set_apart(facts, within) -> None:
    facts["images"].append({**facts["images"][0], "within": within})
    result = compared(facts)
    assert result.agreed
    assert len(result.set_apart) == 1


def test_what_poppler_does_not_walk_is_read_from_the_file(tmp_path) -> None:
    """Whatever our facts say it lies within."""
    plain = pdf().image(72).image(96).save(tmp_path / "a.pdf")
    assert poppler.out_of_sight(plain) == frozenset()
    page = pdf().image(72).image(96, within="pattern").image(50, within="type3").image(40, within="form")
    assert len(poppler.out_of_sight(page.save(tmp_path / "b.pdf"))) == 2


def test_the_nearest_picture_pairs(facts) -> None:
    """300 and 301 ppi both fit a row of 300; taking the wrong one would leave the other alone."""
    facts["images"].insert(0, {**facts["images"][0], "ppi_x": 300.9, "ppi_y": 300.9})
    assert "300.9" in compared(facts).only_ours[0]


def test_user_unit_makes_poppler_count_too_much(facts) -> None:
    for image in facts["images"][:3]:
        image["ppi_x"], image["ppi_y"] = ((poppler._ppi(image[axis]) or 0) / 2 for axis in ("ppi_x", "ppi_y"))
    assert compared(facts, unit=2.0).agreed


def test_an_embedded_flag_that_differs(facts) -> None:
    facts["fonts"][0]["embedded"] = False
    assert compared(facts).fonts_wrong == ["font MAKEPR+Aileron-Regular: not embedded, poppler says embedded"]


def test_boxes(facts) -> None:
    result = poppler.Comparison("a.pdf")
    rows = poppler.parse_pages(BOXES)
    full = [poppler.PageRow(row.number, row.rotate, poppler.with_defaults(row.boxes)) for row in rows]
    poppler.compare_boxes(result, facts, full)
    assert (result.boxes_wrong, result.boxes_compared) == ([], 10)
    facts["pages"][0]["boxes"]["trim"][0] = 8.52
    poppler.compare_boxes(result, facts, full)
    assert result.boxes_wrong == ["page 1: trim box is 8.52 8.50 603.78 850.39, poppler says 8.50 8.50 603.78 850.39"]


def test_a_whole_file(tmp_path, tool) -> None:
    """Facts written by hand for a file made here, held against the real tools."""
    for name in ("pdfimages", "pdffonts", "pdfinfo"):
        tool(name)
    path = (
        pdf("A5", bleed="3 mm", slug="10 mm", user_unit=2)
        .image(96, size=("50 mm", "40 mm"), colour="rgb")
        .image(72, size=("20 mm", "20 mm"), within="pattern")
        .text("x", font="Helvetica")
        .save(tmp_path / "a.pdf")
    )
    facts = {
        "pages": [{"number": 1, "user_unit": 2.0, "boxes": {
            "media": [0, 0, 246.6142, 334.4882], "crop": None, "art": None,
            "bleed": [14.1732, 14.1732, 232.4409, 320.315], "trim": [18.4252, 18.4252, 228.189, 316.063],
        }}],
        "images": [
            {"page": 1, "name": "Im1", "width_px": 189, "height_px": 151, "ppi_x": 96, "ppi_y": 96, "within": None},
            {"page": 1, "name": "Im2", "width_px": 57, "height_px": 57, "ppi_x": 72, "ppi_y": 72, "within": "pattern"},
        ],
        "fonts": [{"name": "Helvetica", "object": None, "embedded": False, "pages": [1]}],
    }  # fmt: skip
    result = poppler.compare(facts, path)
    assert result.agreed, result.disagreements
    assert (result.image_rows, result.fonts_compared, result.boxes_compared, len(result.set_apart)) == (1, 1, 5, 1)
