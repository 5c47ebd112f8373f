"""Fonts. Which fonts are in the file is what the font descriptor's FontFile entries say (ISO 32000-1, 9.9)."""

from __future__ import annotations

import io

import pikepdf
import pytest

from makeready.pdf.resources import read_licence
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


# FNT102 font-not-subset


def test_a_font_that_is_embedded_whole(found) -> None:
    (issue,) = found("FNT102", page().text("a", font="whole"))
    assert (issue.severity, issue.page) == ("info", 1)
    assert issue.message == "Aileron-Regular (TrueType) is embedded and not marked as a subset; used on page 1"


@pytest.mark.parametrize("font", ["embedded", "type3", "Helvetica", "Arial"])
def test_fonts_that_are_subsets_or_not_in_the_file(found, font) -> None:
    assert found("FNT102", page().text("a", font=font)) == []


def test_a_whole_font_that_sets_no_letter(found) -> None:
    assert found("FNT102", page().declare_font("whole")) == []


# FNT105 licence-forbids


def licensed(licence, font="embedded"):
    """A page with text in a font of this fsType."""
    from fontTools.ttLib import TTFont

    builder = page().text("a", font=font)
    for item in builder.objects.objects:
        if isinstance(item, pikepdf.Dictionary) and "/FontFile2" in item:
            program = TTFont(io.BytesIO(item.FontFile2.read_bytes()))
            program["OS/2"].fsType = licence
            out = io.BytesIO()
            program.save(out)
            item.FontFile2.write(out.getvalue())
    return builder


LICENCES = {  # fsType: OpenType 1.9, OS/2
    "installable": (0x0000, "embedded", []),
    "restricted": (0x0002, "embedded", [("warning", "must not be embedded (fsType 0x0002)")]),
    "preview and print": (0x0004, "embedded", []),
    "editable": (0x0008, "embedded", []),
    "restricted and editable: the least restrictive counts": (0x000A, "embedded", []),
    "bitmaps only": (0x0204, "embedded", [("warning", "may be embedded as bitmaps only (fsType 0x0204)")]),
    "no subsets": (0x0108, "embedded", [("info", "must not be made a subset of (fsType 0x0108)")]),
    "no subsets, and embedded whole": (0x0108, "whole", []),
    "restricted and no subsets": (
        0x0102, "embedded",
        [("warning", "must not be embedded (fsType 0x0102)"), ("info", "must not be made a subset of (fsType 0x0102)")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("licence", "font", "expected"), LICENCES.values(), ids=LICENCES)
def test_what_a_font_allows(found, licence, font, expected) -> None:
    issues = found("FNT105", licensed(licence, font))
    name = "Aileron-Regular" if font == "whole" else "MAKEPR+Aileron-Regular"
    assert [(issue.severity.value, issue.message) for issue in issues] == [
        (level, f"{name} {words}; used on page 1") for level, words in expected
    ]


def test_a_font_that_says_nothing_of_its_licence(found) -> None:
    assert found("FNT105", page().text("a", font="bold").text("b", font="Helvetica").text("c", font="type3")) == []


def test_the_licence_of_a_type_1_font() -> None:
    file = pikepdf.new()
    stream = pikepdf.Stream(file, b"%!PS-AdobeFont-1.0: Test\n/FontInfo 3 dict dup begin\n/FSType 4 def\nend def\n")
    assert read_licence(stream) == 4


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"OTTO",
        b"\x00\x01\x00\x00\xff\xff",
        b"\x00\x01\x00\x00\x00\x01" + b"\x00" * 6 + b"OS/2" + b"\x00" * 4 + b"\xff" * 8,
    ],
)
def test_a_damaged_font_says_nothing_of_its_licence(data) -> None:
    assert read_licence(pikepdf.Stream(pikepdf.new(), data)) is None


# FNT106 courier


@pytest.mark.parametrize(("name", "count"), [
    ("Courier", 1), ("ABCDEF+Courier", 1), ("Courier-Bold", 0), ("CourierNew", 0), ("courier", 0), ("COURIER", 0),
    ("CourierStd", 0), ("Helvetica", 0),
])  # fmt: skip
def test_a_font_that_is_exactly_courier(found, name, count) -> None:
    assert len(found("FNT106", page().text("a", font=name))) == count


def test_what_is_said_of_courier(found) -> None:
    (issue,) = found("FNT106", page().text("a", font="Courier"))
    assert (issue.severity, issue.page, issue.details["gwg"]) == ("warning", 1, "R0014")
    assert issue.message == "text is set in Courier (Type 1) on page 1"


def test_courier_that_sets_no_letter(found) -> None:
    assert found("FNT106", page().declare_font("Courier").text("a", font="Courier", rendering=3)) == []
