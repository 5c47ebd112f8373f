"""Fonts. Which fonts are in the file is what the font descriptor's FontFile entries say (ISO 32000-1, 9.9)."""

from __future__ import annotations

import pikepdf
import pytest

from makeready.testing import pdf
from makeready.testing.fonts import pdf_font

SMALL = "100x100mm"


def page(**settings):
    return pdf(SMALL, **settings)


def flags(builder, value):
    builder.objects.pages[0].Annots[-1].F = value
    return builder


# FNT101 font-not-embedded

NOT_EMBEDDED = {
    "one of the standard fonts": (lambda: page().text("a", font="Helvetica"), "Helvetica (Type 1)"),
    "a TrueType font": (lambda: page().text("a", font="Arial"), "Arial (TrueType)"),
    "white text": (lambda: page().text("a", font="Arial", colour=(0, 0, 0, 0)), "Arial (TrueType)"),
    "outlined text": (lambda: page().text("a", font="Arial", rendering=1), "Arial (TrueType)"),
    "text that clips": (lambda: page().text("a", font="Arial", rendering=7), "Arial (TrueType)"),
    "text that is partly clipped away": (
        lambda: raw_text("52 52 3 3 re W n BT /F0 9 Tf 50 50 Td (a) Tj ET"), "Arial (TrueType)"),
    **{f"text in a {way}": (lambda way=way: page().text("a", font="Arial", within=way), "Arial (TrueType)")
       for way in ("form", "pattern", "type3", "annotation", "soft mask")},
}  # fmt: skip


@pytest.mark.parametrize(("make", "who"), NOT_EMBEDDED.values(), ids=NOT_EMBEDDED)
def test_a_font_that_is_not_in_the_file(found, make, who) -> None:
    (issue,) = found("FNT101", make())
    assert (issue.severity, issue.page) == ("error", 1)
    assert issue.message == f"{who} is not embedded; used on page 1"


def form_field_font():
    """A font for filling in, named in the form's defaults and used by nothing."""
    builder = page().annotation("Widget")
    font = pikepdf.Dictionary(Font=pikepdf.Dictionary(Helv=pdf_font(builder.objects, "Helvetica")))
    builder.objects.Root.AcroForm.DR = font
    return builder


def raw_text(operators):
    builder = page()
    return builder.raw(operators, {"/Font": {"/F0": pdf_font(builder.objects, "Arial")}})


EMBEDDED = {
    "a page as it is": page,
    "a subset": lambda: page().text("a", font="embedded"),
    "a whole TrueType font": lambda: page().text("a", font="whole"),
    "a compact font": lambda: page().text("a", font="bold"),
    "a Type 3 font carries its glyphs": lambda: page().text("a", font="type3"),
    "a font that is declared and never painted": lambda: page().declare_font("Helvetica"),
    "a font of the form's defaults": form_field_font,
    "text in a note that does not print": lambda: flags(page().text("a", font="Arial", within="annotation"), 0),
    "text in a hidden note": lambda: flags(page().text("a", font="Arial", within="annotation"), 2),
    "text on a layer that is off": lambda: page().layer("off", visible=False).text("a", font="Arial"),
    "text on a layer that does not print": lambda: page().layer("a", prints=False).text("a", font="Arial"),
    "a font that is selected and sets no letter": lambda: page().text("", font="Arial"),
    "invisible text, as OCR leaves it": lambda: page().text("a", font="Arial", rendering=3),
    "text off the sheet": lambda: page().text("a", font="Arial", at=("200 mm", "10 mm")),
    "text that is clipped away": lambda: raw_text("0 0 9 9 re W n BT /F0 9 Tf 50 50 Td (a) Tj ET"),
}  # fmt: skip


@pytest.mark.parametrize("make", EMBEDDED.values(), ids=EMBEDDED)
def test_fonts_that_are_in_the_file_or_not_needed(found, make) -> None:
    assert found("FNT101", make()) == []


def test_of_two_standard_fonts_only_the_painted_one_is_missed(found) -> None:
    artwork = page().declare_font("Helvetica").text("a", font="Helvetica-Bold")
    assert [issue.details["name"] for issue in found("FNT101", artwork)] == ["Helvetica-Bold"]


def test_a_font_is_one_issue_with_all_its_pages(found) -> None:
    builder = pdf(SMALL, pages=9)
    for number in (9, 3, 2):
        builder.on(number).text("a", font="Helvetica", at=("20 mm", f"{10 * number} mm"), size="10 pt")
    (issue,) = found("FNT101", builder)
    assert (issue.page, issue.details["pages"]) == (2, [2, 3, 9])
    assert issue.message.endswith("used on pages 2, 3, 9")
    left, _, _, bottom = issue.place.mm  # on page 2 the baseline starts 20 mm from the left and from the top
    assert (left, bottom) == pytest.approx((20, 20), abs=0.5)


def test_many_pages_are_not_all_named(found) -> None:
    builder = pdf(SMALL, pages=8)
    for number in range(1, 9):
        builder.on(number).text("a", font="Helvetica")
    (issue,) = found("FNT101", builder)
    assert issue.message.endswith("used on pages 1, 2, 3, 4, 5, 6 and 2 more")


def test_text_in_a_font_that_is_not_even_declared(found) -> None:
    """No reader knows which letters are meant: ISO 32000-1, 9.3.1 wants the name in the Font resources."""
    assert len(found("FNT101", page().raw("BT /F9 10 Tf 50 50 Td (a) Tj ET"))) == 1


# FNT103 type-3


def test_a_type_3_font(found) -> None:
    (issue,) = found("FNT103", pdf(SMALL, pages=2).on(2).text("a", font="type3"))
    assert (issue.severity, issue.page) == ("info", 2)
    assert issue.message == "a font without a name is a Type 3 font; used on page 2"


@pytest.mark.parametrize(
    "make",
    [page, lambda: page().text("a", font="bold"), lambda: page().declare_font("type3"),
     lambda: page().layer("off", visible=False).text("a", font="type3")],
    ids=["a page as it is", "another kind of font", "one that is declared only", "one on a layer that is off"],
)  # fmt: skip
def test_no_type_3_font(found, make) -> None:
    assert found("FNT103", make()) == []


@pytest.mark.parametrize("within", ["form", "annotation"])
def test_a_type_3_font_inside_something(found, within) -> None:
    assert len(found("FNT103", page().text("a", font="type3", within=within))) == 1
