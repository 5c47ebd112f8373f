"""Small text: one ink from 5 pt, white from 8 pt, several inks from 9 pt (GWG 2022, R0016 and R0017)."""

from __future__ import annotations

import pytest

from makeready.testing import pdf
from makeready.testing.fonts import pdf_font

SMALL = "100x100mm"
WHITE = (0, 0, 0, 0)
RICH = (0.6, 0.4, 0.4, 1)


def page(**settings):
    return pdf(SMALL, **settings)


def said(issues):
    return [(issue.severity.value, issue.details["kind"], str(issue.measured), str(issue.limit)) for issue in issues]


@pytest.mark.parametrize(
    ("colour", "kind", "limit"),
    [
        ((0, 0, 0, 1), "text", 5),
        (0, "text", 5),
        ((0, 0, 0, 0.4), "text", 5),
        ((0, 0, 0), "text", 5),  # RGB: which inks it becomes is not known yet
        (("lab", 20, 0, 0), "text", 5),
        (("spot", "Gold", 1), "text", 5),
        ({"Gold": 1, "Black": 0}, "text", 5),
        (WHITE, "white text", 8),
        (1, "white text", 8),
        ((1, 1, 1), "white text", 8),
        (("spot", "Gold", 0), "white text", 8),
        ({"Gold": 0, "Black": 0}, "white text", 8),
        ((0, 0.5, 0, 1), "text in 2 inks", 9),
        (RICH, "text in 4 inks", 9),
        ({"Gold": 1, "Black": 0.5}, "text in 2 inks", 9),
        ("registration", "text in every ink", 9),
    ],
)
def test_the_limit_goes_by_the_inks(found, colour, kind, limit) -> None:
    assert said(found("TXT101", page().text("a", colour=colour, size=f"{limit} pt"))) == []
    shown = f"{limit - 0.01:g} pt"
    expected = [("warning", kind, shown, f"{limit} pt")]
    assert said(found("TXT101", page().text("a", colour=colour, size=shown))) == expected


def raw_text(operators, matrix="1 0 0 1 0 0", font="embedded", **settings):
    """Text by hand: /F0 is the font."""
    builder = page(**settings)
    resources = {"/Font": {"/F0": pdf_font(builder.objects, font)}}
    return builder.raw(f"q {matrix} cm 0 0 0 1 k BT {operators} ET Q", resources)


@pytest.mark.parametrize(
    ("artwork", "size"),
    [
        (lambda: raw_text("/F0 1 Tf 4 0 0 4 50 50 Tm (a) Tj"), "4 pt"),  # the size is in the matrix
        (lambda: raw_text("/F0 40 Tf 50 50 Td (a) Tj", "0.1 0 0 0.1 50 50"), "4 pt"),
        (lambda: raw_text("/F0 -4 Tf -1 0 0 -1 50 50 Tm (a) Tj"), "4 pt"),
        (lambda: raw_text("/F0 4 Tf 0.6 0.8 -0.8 0.6 90 50 Tm (a) Tj"), "4 pt"),  # turned: cos 0.6, sin 0.8
        (lambda: raw_text("/F0 4 Tf 0 1 -1 0 90 50 Tm (a) Tj"), "4 pt"),
        (lambda: raw_text("/F0 4 Tf -1 0 0 1 90 50 Tm (a) Tj"), "4 pt"),  # mirrored
        (lambda: raw_text("/F0 8 Tf 1 0 0 0.5 50 50 Tm (a) Tj"), "4 pt"),  # half as high as it is wide
        (lambda: raw_text("/F0 4 Tf 200 Tz 50 50 Td (a) Tj"), "4 pt"),  # horizontal scaling is no size
        (lambda: raw_text("/F0 4 Tf 1 0 0.3 1 50 50 Tm (a) Tj"), "4.18 pt"),  # slanted: √(1 + 0.3²) along the slant
        (lambda: page(user_unit=2).text("a", size="4 pt"), "4 pt"),
        (lambda: page(rotate=90).text("a", size="4 pt"), "4 pt"),
        (lambda: page().text("a", size="4 pt", rotate=45), "4 pt"),
        (lambda: page().text("a", size="4 pt", font="Helvetica"), "4 pt"),
        (lambda: page().text("a", size="4 pt", font="type3"), "4 pt"),
        (lambda: page().text("a", size="4 pt", within="form"), "4 pt"),
        (lambda: page().text("a", size="4 pt", within="pattern"), "4 pt"),
        (lambda: page().text("a", size="4 pt", within="annotation"), "4 pt"),
        (lambda: page(user_unit=2).text("a", size="4 pt", within="form"), "4 pt"),
    ],
)
def test_the_effective_size(found, artwork, size) -> None:
    assert [str(issue.measured) for issue in found("TXT101", artwork())] == [size]


SILENT = {
    "text of 5 pt": lambda: page().text("a", size="5 pt"),
    "invisible text, as OCR leaves it": lambda: page().text("a", size="2 pt", rendering=3),
    "text inside a soft mask": lambda: page().text("a", size="2 pt", within="soft mask"),
    "text off the sheet": lambda: page().text("a", size="2 pt", at=("200 mm", "10 mm")),
    "text on a layer that is off": lambda: page().layer("off", visible=False).text("a", size="2 pt"),
    "text on a layer that does not print": lambda: page().layer("a", prints=False).text("a", size="2 pt"),
    "text in a note that does not print": lambda: screen_only(page().text("a", size="2 pt", within="annotation")),
    "a size of nothing": lambda: raw_text("/F0 0 Tf 50 50 Td (a) Tj"),
}


def screen_only(builder):
    builder.objects.pages[0].Annots[-1].F = 0
    return builder


@pytest.mark.parametrize("make", SILENT.values(), ids=SILENT)
def test_text_that_is_let_pass(found, make) -> None:
    assert found("TXT101", make()) == []


def test_clipped_away_text_is_let_pass(found) -> None:
    builder = page()
    resources = {"/Font": {"/F0": pdf_font(builder.objects, "embedded")}}
    builder.raw("0 0 9 9 re W n BT /F0 2 Tf 50 50 Td (a) Tj ET", resources)
    assert found("TXT101", builder) == []


def test_a_type_3_font_is_as_large_as_its_own_scale_makes_it(found) -> None:
    """ISO 32000-1, 9.6.5: a Type 3 font scales its glyphs by FontMatrix, not by a thousandth.

    These glyphs are drawn 1:1 and shown at size 1: how large the letters are, only their shapes tell.
    """
    artwork = page().rectangle(size=("20 mm", "20 mm"), within="type3")
    assert found("TXT101", artwork) == []


def test_where_small_text_is(found) -> None:
    builder = pdf(SMALL, pages=2, rotate=180).on(2).text("small", size="4 pt", at=("20 mm", "30 mm"))
    (issue,) = found("TXT101", builder)
    assert issue.page == 2
    _, top, right, _ = issue.place.mm  # turned upside down, the start of the baseline is at its right and top
    assert (right, top) == pytest.approx((80, 70), abs=0.6)
    assert (issue.details["glyphs"], issue.details["font"]) == (5, "MAKEPR+Aileron-Regular")
    assert issue.message == "text of 4 pt in MAKEPR+Aileron-Regular; 5 pt is needed"


def test_runs_of_one_size_and_colour_are_one_issue(found) -> None:
    builder = page()
    for row in range(40):
        builder.text("small", size="4 pt", at=("20 mm", f"{10 + 2 * row} mm"))
    builder.text("other", size="3 pt")
    issues = found("TXT101", builder)
    assert sorted((str(issue.measured), issue.details["runs"]) for issue in issues) == [("3 pt", 1), ("4 pt", 40)]


def test_text_that_is_filled_and_outlined_is_told_of_once(found) -> None:
    assert len(found("TXT101", page().text("a", size="4 pt", rendering=2))) == 1


def test_outlined_text_after_filled_text_is_not_its_outline(found) -> None:
    builder = page()
    resources = {"/Font": {"/F0": pdf_font(builder.objects, "embedded"), "/F1": pdf_font(builder.objects, "whole")}}
    builder.raw("BT 50 50 Td /F0 12 Tf (a) Tj 1 Tr /F1 3 Tf (b) Tj 0 Tr /F0 12 Tf (c) Tj ET", resources)
    (issue,) = found("TXT101", builder)
    assert str(issue.measured) == "3 pt"


@pytest.mark.parametrize(("size", "expected"), [("5.9 pt", "warning"), ("3.9 pt", "error")])
def test_text_may_have_two_limits(verdicts, size, expected) -> None:
    settings = ("TXT101.size.warning=6pt", "TXT101.size.error=4pt")
    assert verdicts("TXT101", page().text("a", size=size), *settings) == [expected]
    assert verdicts("TXT101", page().text("a", size="6 pt"), *settings) == []
