"""Pictures. The builder places them at a resolution to within a thousandth; the limits are GWG 2022's."""

from __future__ import annotations

import io

import pikepdf
import pytest

import makeready
from makeready.testing import pdf, picture
from makeready.units import POINTS_PER_MM as MM

SMALL = "100x100mm"
STAMP = ("20 mm", "15 mm")
EVERYWHERE = (None, "form", "pattern", "type3", "annotation")


def page(**settings):
    return pdf(SMALL, **settings)


def photo(ppi, **settings):
    """A small gray picture on a page."""
    sheet = {name: settings.pop(name) for name in ("rotate_page", "user_unit", "boxes", "origin") if name in settings}
    if "rotate_page" in sheet:
        sheet["rotate"] = sheet.pop("rotate_page")
    return page(**sheet).image(ppi, **({"colour": "gray", "size": STAMP} | settings))


def said(issues):
    return [(issue.severity.value, str(issue.measured), str(issue.limit)) for issue in issues]


# IMG101 low-resolution-image


@pytest.mark.parametrize(
    ("ppi", "expected"),
    [
        (300, []),
        (225, []),
        (224.97, []),  # within the tolerance of 0.05 ppi
        (224.9, [("warning", "225 ppi", "225 ppi")]),
        (150, [("warning", "150 ppi", "225 ppi")]),
        (149.9, [("error", "150 ppi", "150 ppi")]),
        (72, [("error", "72 ppi", "150 ppi")]),
        ((300, 72), [("error", "72 ppi", "150 ppi")]),  # the worse axis decides
        ((72, 300), [("error", "72 ppi", "150 ppi")]),
        ((200, 300), [("warning", "200 ppi", "225 ppi")]),
    ],
)
def test_low_resolution(found, ppi, expected) -> None:
    assert said(found("IMG101", photo(ppi))) == expected


@pytest.mark.parametrize(("given", "shown"), [(224.9, "224.9 ppi; 225 ppi"), (149.9, "149.9 ppi; 150 ppi")])
def test_a_resolution_just_below_its_limit_reads_as_below(found, given, shown) -> None:
    (issue,) = found("IMG101", photo(given))
    assert shown in issue.message


@pytest.mark.parametrize("within", EVERYWHERE)
def test_low_resolution_wherever_the_picture_is_part_of(found, within) -> None:
    assert found("IMG101", photo(300, within=within)) == []
    (issue,) = found("IMG101", photo(72, within=within))
    assert (issue.severity, issue.page, issue.measured) == ("error", 1, pytest.approx(72, abs=0.1))


@pytest.mark.parametrize(
    "settings",
    [
        {"rotate": 30},
        {"rotate": 90},
        {"shear": 20},
        {"mirrored": True},
        {"inline": True},
        {"soft_mask": True},
        {"colour": "rgb"},
        {"colour": "cmyk"},
        {"colour": "spot"},
        {"colour": "indexed"},
        {"compression": "jpeg2000"},
        {"compression": "lzw"},
        {"bits": 16},
        {"user_unit": 4},
        {"rotate_page": 90},
        {"rotate_page": 270, "user_unit": 0.5},
        {"origin": (-3000, 500)},
    ],
    ids=str,
)
def test_resolution_is_that_of_the_paper_however_it_is_placed(found, settings) -> None:
    assert found("IMG101", photo(300, **{**settings, "shear": 0})) == []
    (issue,) = found("IMG101", photo(100, **settings))
    lean = 1.0642 if settings.get("shear") else 1  # 1 / cos 20°: the leaning edge is longer for the same pixels
    assert issue.measured == pytest.approx(100 / lean, abs=0.05)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_the_place_of_a_picture_as_displayed(found, rotate) -> None:
    """20 × 15 mm, 10 mm from the left and 5 mm from the top of a square of 100 mm, before it is turned."""
    (issue,) = found("IMG101", photo(50.8, at=("10 mm", "5 mm"), rotate_page=rotate))  # 2 pixels a millimetre
    left, top, right, bottom = 10, 5, 30, 20
    expected = {
        0: (left, top, right, bottom),
        90: (100 - bottom, left, 100 - top, right),
        180: (100 - right, 100 - bottom, 100 - left, 100 - top),
        270: (top, 100 - right, bottom, 100 - left),
    }[rotate]
    assert issue.place.mm == pytest.approx(expected, abs=0.01)


def test_each_picture_is_told_of_with_its_page(found) -> None:
    builder = pdf(SMALL, pages=3)
    builder.on(1).image(100, colour="gray", size=STAMP).on(3).image(90, colour="gray", size=STAMP, seed=2)
    builder.image(80, colour="gray", size=STAMP, seed=3)
    issues = found("IMG101", builder)
    assert [(issue.page, str(issue.measured)) for issue in issues] == [(1, "100 ppi"), (3, "90 ppi"), (3, "80 ppi")]
    assert [issue.details["pixels"] for issue in issues] == ["79 × 59", "71 × 53", "63 × 47"]


def test_a_picture_placed_twice_is_judged_twice(found) -> None:
    """The same pixels, once small enough and once not."""
    builder = page().image((300, 300), pixels=(120, 90), size=("10 mm", "7.5 mm"), colour="gray")
    builder.image((100, 100), pixels=(120, 90), size=("30 mm", "22.5 mm"), colour="gray", at=("40 mm", "40 mm"))
    (issue,) = found("IMG101", builder)
    assert issue.measured == pytest.approx(101.6, abs=0.1)  # 120 pixels on 30 mm
    assert issue.place.mm[:2] == pytest.approx((40, 40), abs=0.1)


def placed(operators, *, pixels=(40, 30), **settings):
    """A gray picture of these pixels, /Im0, painted by hand."""
    builder = page(**settings)
    data = picture(*pixels, "L", format="PNG")
    from PIL import Image

    raw = Image.open(io.BytesIO(data)).tobytes()
    image = pikepdf.Stream(
        builder.objects, raw, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=pixels[0],
        Height=pixels[1], BitsPerComponent=8, ColorSpace=pikepdf.Name.DeviceGray,
    )  # fmt: skip
    return builder.raw(operators, {"/XObject": {"/Im0": image}})


LOW = "q 100 0 0 75 {} {} cm /Im0 Do Q"
EXEMPT = {
    "its short side is 16 pixels": lambda: placed(LOW.format(50, 50), pixels=(40, 16)),
    "it lies off the sheet": lambda: placed(LOW.format(400, 400)),
    "it is clipped away": lambda: placed("0 0 20 20 re W n " + LOW.format(50, 50)),
    "it is on a layer that is off": lambda: photo(72, at=("50 mm", "50 mm")) and page().layer("off", visible=False)
    .image(72, colour="gray", size=STAMP),
    "it is on a layer that does not print": lambda: page().layer("screen", prints=False)
    .image(72, colour="gray", size=STAMP),
    "it is declared and never painted": lambda: placed(""),
    "it is inside a soft mask": lambda: photo(72, within="soft mask"),
    "it has no length": lambda: placed("q 0 0 0 75 50 50 cm /Im0 Do Q"),
}  # fmt: skip


@pytest.mark.parametrize("make", EXEMPT.values(), ids=EXEMPT)
def test_a_picture_is_let_pass_when(found, make) -> None:
    assert found("IMG101", make()) == []


def unprinted(builder, flags=0):
    builder.objects.pages[0].Annots[-1].F = flags
    return builder


@pytest.mark.parametrize(
    ("flags", "count"), [(4, 1), (0, 0), (2, 0), (6, 0)], ids=["prints", "screen only", "hidden", "prints, hidden"]
)
def test_a_picture_in_an_annotation_counts_where_it_prints(found, flags, count) -> None:
    """ISO 32000-1, table 165: bit 3 (4) prints, bit 2 (2) hides."""
    assert len(found("IMG101", unprinted(photo(72, within="annotation"), flags))) == count


@pytest.mark.parametrize(("pixels", "count"), [((17, 17), 1), ((16, 300), 0), ((300, 16), 0)])
def test_specks_of_16_pixels_are_exempt(found, pixels, count) -> None:
    assert len(found("IMG101", placed("q 100 0 0 100 50 50 cm /Im0 Do Q", pixels=pixels))) == count


def test_a_picture_that_shows_through_a_clip_counts(found) -> None:
    assert len(found("IMG101", placed("60 60 20 20 re W n " + LOW.format(50, 50)))) == 1


def test_a_picture_outside_of_the_crop_box_counts(found) -> None:
    """The CropBox is for the screen; the bleed outside of it is printed."""
    crop = (10 * MM, 10 * MM, 96 * MM, 96 * MM)
    assert len(found("IMG101", photo(72, at=("-3 mm", "-3 mm"), size=("6 mm", "6 mm"), boxes={"crop": crop}))) == 1


def test_small_pictures_may_be_left_alone(found) -> None:
    assert found("IMG101", photo(100, size=("20 mm", "4.8 mm")), "IMG101.ignore_below=5 mm") == []
    assert len(found("IMG101", photo(100, size=("20 mm", "5.2 mm")), "IMG101.ignore_below=5 mm")) == 1


@pytest.mark.parametrize(
    ("pixels", "canvas", "expected"),
    [
        ((1500, 1000), "10x8in", [("error", "125 ppi", "150 ppi")]),  # 1000 pixels on 8 inches
        ((2250, 1800), "10x8in", []),
        ((2240, 1800), "10x8in", [("warning", "224 ppi", "225 ppi")]),
    ],
)
def test_the_resolution_of_a_raster_file_on_its_canvas(found, pixels, canvas, expected) -> None:
    assert said(found("IMG101", picture(*pixels, "L"), canvas=canvas)) == expected


def test_a_raster_file_without_size_is_not_judged() -> None:
    report = makeready.check(picture(300, 200), only=["IMG101"])
    run = next(run for run in report.runs if run.code == "IMG101")
    assert (run.outcome, "canvas" in run.reason) == ("skipped", True)


def test_a_raster_file_is_judged_by_its_own_density(found) -> None:
    assert said(found("IMG101", picture(300, 200, "L", dpi=100))) == [("error", "100 ppi", "150 ppi")]
    assert found("IMG101", picture(300, 200, "L", dpi=300)) == []


# IMG102 low-resolution-line-art


@pytest.mark.parametrize("colour", ["bilevel", "stencil"])
@pytest.mark.parametrize("compression", ["flate", "ccitt"])
@pytest.mark.parametrize(
    ("ppi", "expected"),
    [
        (800, []),
        (799.9, [("warning", "800 ppi", "800 ppi")]),
        (550, [("warning", "550 ppi", "800 ppi")]),
        (549.9, [("error", "550 ppi", "550 ppi")]),
    ],
)
def test_line_art(found, colour, compression, ppi, expected) -> None:
    artwork = page().image(ppi, colour=colour, compression=compression, size=("10 mm", "5 mm"))
    assert said(found("IMG102", artwork)) == expected
    assert found("IMG101", artwork) == []


def test_a_gray_picture_is_no_line_art(found) -> None:
    assert found("IMG102", photo(72)) == []


@pytest.mark.parametrize("within", EVERYWHERE)
def test_line_art_wherever_it_is_part_of(found, within) -> None:
    artwork = page().image(300, colour="stencil", size=("10 mm", "5 mm"), within=within)
    assert said(found("IMG102", artwork)) == [("error", "300 ppi", "550 ppi")]


def masked(mask_pixels):
    """A gray picture of 300 ppi with an explicit mask of other pixels, on half an inch."""
    builder = placed("q 36 0 0 36 50 50 cm /Im0 Do Q", pixels=(150, 150))
    image = builder._now.piece.resources["/XObject"]["/Im0"]
    row = (mask_pixels + 7) // 8
    image.Mask = pikepdf.Stream(
        builder.objects, b"\xaa" * row * mask_pixels, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image,
        Width=mask_pixels, Height=mask_pixels, BitsPerComponent=1, ImageMask=True,
    )  # fmt: skip
    return builder


@pytest.mark.parametrize(("pixels", "count"), [(400, 0), (300, 1)])
def test_the_explicit_mask_of_a_picture_is_line_art(found, pixels, count) -> None:
    """400 pixels on half an inch are 800 ppi. The picture below it is judged for itself."""
    issues = found("IMG102", masked(pixels))
    assert [str(issue.measured) for issue in issues] == ["600 ppi"] * count
    assert found("IMG101", masked(pixels)) == []


# IMG103 excessive-resolution


@pytest.mark.parametrize(
    ("colour", "ppi", "expected"),
    [
        ("gray", 450, []),
        ("gray", 450.2, [("warning", "450 ppi", "450 ppi")]),
        ("gray", 600, [("warning", "600 ppi", "450 ppi")]),
        ("gray", (600, 400), []),  # the smaller axis is the effective one
        ("bilevel", 1200, []),
        ("bilevel", 1201, [("warning", "1201 ppi", "1200 ppi")]),
        ("stencil", 1201, [("warning", "1201 ppi", "1200 ppi")]),
    ],
)
def test_more_pixels_than_the_press_can_show(found, colour, ppi, expected) -> None:
    size = ("21 mm", "21 mm") if colour == "gray" else ("20.5 mm", "20.5 mm")
    assert said(found("IMG103", page().image(ppi, colour=colour, size=size, compression="flate"))) == expected


@pytest.mark.parametrize(("side", "count"), [("19 mm", 0), ("21 mm", 1)])
def test_pixels_of_a_stamp_cost_nothing(found, side, count) -> None:
    assert len(found("IMG103", photo(600, size=("30 mm", side)))) == count


def test_what_is_not_seen_is_not_excessive(found) -> None:
    assert found("IMG103", photo(600, size=("30 mm", "30 mm"), within="soft mask")) == []
    assert found("IMG103", photo(600, size=("30 mm", "30 mm"), at=("300 mm", "0 mm"))) == []


# IMG105 distorted-image


def how(issues):
    measured = [None if issue.measured is None else str(issue.measured).replace(" ", "") for issue in issues]
    return [(issue.severity.value, words) for issue, words in zip(issues, measured, strict=True)]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"ppi": (300, 294.2)}, []),  # 1.97 %
        ({"ppi": (300, 293.8)}, [("warning", "2.1%")]),
        ({"ppi": (200, 300)}, [("warning", "50%")]),
        ({"ppi": (300, 200)}, [("warning", "50%")]),
        ({"rotate": 37}, []),
        ({"rotate": 180}, []),
        ({"shear": 0.9}, []),
        ({"shear": 1.1}, [("warning", "1.1°")]),
        ({"shear": -1.1}, [("warning", "1.1°")]),
        ({"shear": 1.1, "rotate": 70}, [("warning", "1.1°")]),
        ({"mirrored": True}, [("warning", None)]),
        ({"mirrored": True, "rotate": 90}, [("warning", None)]),
        ({"mirrored": True, "ppi": (300, 200)}, [("warning", "50%"), ("warning", None)]),
        ({"ppi": (200, 300), "colour": "bilevel"}, []),
        ({"ppi": (200, 300), "within": "soft mask"}, []),
        ({"ppi": (200, 300), "within": "form"}, [("warning", "50%")]),
        ({"rotate_page": 90}, []),
        ({"rotate_page": 270, "mirrored": True}, [("warning", None)]),
        ({"user_unit": 3}, []),
    ],
    ids=str,
)
def test_distortion(found, settings, expected) -> None:
    settings = dict(settings)
    assert how(found("IMG105", photo(settings.pop("ppi", 300), **settings))) == expected


def tiled(operators, **settings):
    """A pattern of small tiles all over the page."""
    builder = placed("", **settings)
    image = builder._now.piece.resources["/XObject"]["/Im0"]
    tile = pikepdf.Stream(
        builder.objects, operators.encode(), PatternType=1, PaintType=1, TilingType=1, BBox=[0, 0, 20, 20], XStep=20,
        YStep=20, Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image)),
    )  # fmt: skip
    return builder.raw("/Pattern cs /P0 scn 0 0 250 250 re f", {"/Pattern": {"/P0": tile}})


def test_a_picture_in_a_pattern_is_one_picture_and_may_be_stretched(found) -> None:
    """40 × 30 pixels on a tile of 20 × 20 points: 144 and 108 ppi; the pattern is made to fit."""
    artwork = tiled("20 0 0 20 0 0 cm /Im0 Do")
    assert said(found("IMG101", artwork)) == [("error", "108 ppi", "150 ppi")]
    assert found("IMG105", artwork) == []


def test_a_picture_upside_down_is_turned_and_not_mirrored(found) -> None:
    """Two negative scales are half a turn, one is a mirror."""
    assert found("IMG105", placed("q -40 0 0 -30 90 80 cm /Im0 Do Q")) == []
    (issue,) = found("IMG105", placed("q 40 0 0 -30 50 80 cm /Im0 Do Q"))
    assert issue.message.endswith("is mirrored")
    assert found("IMG105", placed("q 40 0 0 -30 50 80 cm /Im0 Do Q"), "IMG105.mirrored=false") == []


def test_a_form_may_mirror_what_a_picture_mirrors_back(found) -> None:
    builder = placed("")
    form = pikepdf.Stream(
        builder.objects, b"q -40 0 0 30 0 0 cm /Im0 Do Q", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form,
        BBox=[-100, -100, 100, 100], Matrix=[-1, 0, 0, 1, 0, 0],
        Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=builder._now.piece.resources["/XObject"]["/Im0"])),
    )  # fmt: skip
    assert found("IMG105", builder.raw("q 1 0 0 1 60 60 cm /Fm0 Do Q", {"/XObject": {"/Fm0": form}})) == []


def test_how_far_it_is_stretched_can_be_set(verdicts) -> None:
    art = photo((300, 270))  # 11.1 %
    assert verdicts("IMG105", art, "IMG105.stretch.warning=12%") == []
    assert verdicts("IMG105", art, "IMG105.stretch.error=10%") == ["error"]
