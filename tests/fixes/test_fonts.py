"""Embedding fonts: poppler finds them in the file, every letter stays in its place, and no reader needs its own."""

from __future__ import annotations

import io
import os
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

import makeready
from fixes.looks import (
    ROUNDING,
    _tool,
    as_file,
    assert_same_look,
    codes,
    fixed,
    poppler_pixels,
    qpdf_clean,
    refused,
    text_of,
    unchanged,
)
from makeready.pdf.mend.programs import key
from makeready.testing import fonts, pdf

ALONE = {"fix": "embed_fonts", "system": False}
STAND_INS = {
    "Helvetica": "NimbusSans-Regular",
    "Helvetica-Bold": "NimbusSans-Bold",
    "Helvetica-Oblique": "NimbusSans-Italic",
    "Times-Roman": "NimbusRoman-Regular",
    "Times-BoldItalic": "NimbusRoman-BoldItalic",
    "Courier": "NimbusMonoPS-Regular",
    "Symbol": "StandardSymbolsPS",
    "ZapfDingbats": "Dingbats",
}
TEXT = "Hamburgefönstiv 123 €"


def embedded(data: Any) -> dict[str, bool]:
    """Which fonts there are, and whether they are in the file, told by poppler."""
    with as_file(data) as path:
        lines = _tool("pdffonts", path).decode().splitlines()[2:]
    return {line.split()[0]: line.split()[-5] == "yes" for line in lines}  # emb sub uni object generation


def words(data: Any) -> list[tuple[str, str, str]]:
    """Where every word begins and ends, told by poppler from the widths in the file."""
    with as_file(data) as path:
        found = _tool("pdftotext", "-bbox", path, "-").decode()
    return re.findall(r'<word xMin="([^"]+)".* xMax="([^"]+)".*>(.*)</word>', found)


def with_objects(given: Any, change: Callable[[pikepdf.Pdf, Any], None]) -> bytes:
    """A page whose one font is another than builders make."""
    with pikepdf.open(io.BytesIO(given.bytes())) as opened:
        (font,) = opened.pages[0].Resources.Font.values()
        change(opened, font)
        file = io.BytesIO()
        opened.save(file)
    return file.getvalue()


def bereft(opened: pikepdf.Pdf, font: Any) -> None:
    """Take the program out."""
    del font.FontDescriptor.FontFile2
    for holder, entry in ((font, "/BaseFont"), (font.FontDescriptor, "/FontName")):
        holder[entry] = Name("/Aileron-Regular")


def shop(folder: Path, *, fs_type: int = 0) -> Path:
    """A folder with one font, as its maker allows it to be used."""
    data = bytearray(fonts.font_file("whole").data)
    count = struct.unpack(">H", data[4:6])[0]
    for place in range(count):
        tag, _, offset, _ = struct.unpack(">4sIII", data[12 + 16 * place : 28 + 16 * place])
        if tag == b"OS/2":
            data[offset + 8 : offset + 10] = struct.pack(">H", fs_type)
    (folder / "display").mkdir(parents=True)
    (folder / "display" / "aileron.ttf").write_bytes(data)
    return folder


@pytest.mark.parametrize("name", STAND_INS)
def test_a_standard_font_is_embedded(name: str) -> None:
    text = TEXT if name not in ("Symbol", "ZapfDingbats") else "abcdef"
    before = pdf("A6").text(text, font=name, size="16 pt").bytes()
    assert codes(makeready.check(before))["FNT101"] == 1
    result = fixed(before, [ALONE])
    assert codes(result.final)["FNT101"] == 0
    assert not result.new
    assert STAND_INS[name] in result.changes[0].message
    found = embedded(result.data)
    assert all(found.values())
    assert len(found) == 1
    assert text_of(result.data) == text_of(before)
    assert words(result.data) == words(before) != []
    assert_same_look(before, result.data, ppi=100, by=["mupdf"])
    assert_same_look(before, result.data, ppi=100, within=64, share=0.001, by=["poppler"])
    qpdf_clean(result.data)
    unchanged(result.data, [ALONE])


def test_no_reader_needs_a_font_of_its_own(tmp_path: Path) -> None:
    before = pdf("A6").text(TEXT, font="Helvetica", size="16 pt").text("abc", font="Symbol", at=("10 mm", "40 mm"))
    path = tmp_path / "mended.pdf"
    path.write_bytes(fixed(before, [ALONE]).data)
    program = shutil.which("pdftocairo")
    if program is None:
        pytest.skip("the program 'pdftocairo' is not installed")
    nothing = tmp_path / "no-fonts.conf"
    nothing.write_text("<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'fonts.dtd'><fontconfig/>")
    drawn = {}
    for name, more in (("fonts", {}), ("none", {"FONTCONFIG_FILE": str(nothing)})):
        command = [program, "-png", "-singlefile", "-r", "100", str(path), str(tmp_path / name)]
        subprocess.run(command, check=True, env=os.environ | more, capture_output=True, timeout=60)
        drawn[name] = (tmp_path / f"{name}.png").read_bytes()
    assert drawn["fonts"] == drawn["none"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Arial,Bold", "Arial-BoldMT"),
        ("ABCDEF+TimesNewRoman", "TimesNewRomanPSMT"),
        ("CourierNew,BoldItalic", "CourierNewPS-BoldItalicMT"),
        ("Times-Roman", "Times"),
    ],
)
def test_names_of_one_font(one: str, other: str) -> None:
    assert key(one) == key(other)
    assert key(one) != key(f"{other}Narrow")


def test_arial_with_its_own_widths() -> None:
    def arial(opened: pikepdf.Pdf, font: Any) -> None:
        widths = [278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278]  # from the space on
        font.FirstChar, font.LastChar, font.Widths = 32, 47, Array(widths)

    before = with_objects(pdf("A6").text("(%&)", font="ArialMT", size="20 pt"), arial)
    result = fixed(before, [ALONE])
    assert embedded(result.data) == {"NimbusSans-Regular": True}
    assert codes(result.final)["FNT101"] == 0
    with pikepdf.open(result.path) as opened:
        (font,) = opened.pages[0].Resources.Font.values()
        assert list(font.Widths)[:4] == [278, 278, 355, 556]
        assert font.Encoding == Name.WinAnsiEncoding
    assert words(result.data) == words(before) != []


def test_letters_of_another_width_are_refused() -> None:
    given = pdf("A6").text("iiiWWW", font="Arial")  # the builder says that each is 600 wide
    assert "differ in width" in refused(given, [ALONE])
    result = fixed(given, [{**ALONE, "difference": "40 %"}])
    assert "wider or narrower" in result.changes[0].message


def test_an_unknown_font_is_refused_and_the_others_are_done() -> None:
    assert "no font of this name" in refused(pdf("A6").text("x", font="Sinkin"), [ALONE])
    given = pdf("A6").text("x", font="Sinkin").text("Yes", font="Courier", at=("10 mm", "30 mm"))
    result = fixed(given, [ALONE])
    assert embedded(result.data)["NimbusMonoPS-Regular"]
    assert "not embedded: Sinkin" in result.changes[-1].message
    assert codes(result.final)["FNT101"] == 1


def test_the_folder_of_fonts_comes_first(tmp_path: Path) -> None:
    whole = pdf("A6").text("Hamburgefonstiv", font="whole", size="16 pt")
    before = with_objects(whole, bereft)
    assert "no font of this name" in refused(before, [ALONE])
    result = fixed(before, [{**ALONE, "folder": str(shop(tmp_path / "fonts"))}])
    assert embedded(result.data) == {"Aileron-Regular": True}
    assert "the font itself" in result.changes[0].message
    assert_same_look(whole, result.data, ppi=100, within=0)
    assert text_of(result.data) == text_of(whole)


@pytest.mark.parametrize("fs_type", [0x0002, 0x0200])
def test_a_font_that_may_not_be_embedded_is_not(tmp_path: Path, fs_type: int) -> None:
    before = with_objects(pdf("A6").text(TEXT, font="whole"), bereft)
    assert "no font" in refused(before, [{**ALONE, "folder": str(shop(tmp_path / "fonts", fs_type=fs_type))}])


def test_a_folder_that_is_not_there() -> None:
    assert "not there" in refused(pdf("A6").text("x", font="Helvetica"), [{**ALONE, "folder": "/no/such/folder"}])


def composite(opened: pikepdf.Pdf, font: Any) -> None:
    """The same font by numbers of glyphs, without its program; 36 to 40 are the text."""
    bereft(opened, font)
    below = Dictionary(
        Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=font.BaseFont, FontDescriptor=font.FontDescriptor,
        CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0), CIDToGIDMap=Name.Identity,
        DW=1000, W=Array([36, Array(WIDTHS)]),
    )  # fmt: skip
    for entry in ("/FirstChar", "/LastChar", "/Widths", "/FontDescriptor", "/ToUnicode"):
        del font[entry]
    font.Subtype, font.Encoding, font.DescendantFonts = Name.Type0, Name("/Identity-H"), Array([below])
    page = opened.pages[0]
    (name,) = page.Resources.Font.keys()
    page.Contents = opened.make_stream(f"BT {name} 20 Tf 40 100 Td <00240025002600270028> Tj ET".encode())


def _aileron_widths() -> list[float]:
    import pymupdf

    font = pymupdf.Font(fontbuffer=fonts.font_file("whole").data)
    return [round(pymupdf.mupdf.fz_advance_glyph(font.this, glyph, 0) * 1000, 2) for glyph in range(36, 41)]


WIDTHS = _aileron_widths()


def test_glyph_numbers_need_the_very_font(tmp_path: Path) -> None:
    before = with_objects(pdf("A6").text("x", font="whole"), composite)
    assert codes(makeready.check(before))["FNT101"] == 1
    assert "no font" in refused(before, [ALONE])
    result = fixed(before, [{**ALONE, "folder": str(shop(tmp_path / "fonts"))}])
    assert embedded(result.data) == {"Aileron-Regular": True}
    assert codes(result.final)["FNT101"] == 0
    qpdf_clean(result.data)
    # A stand-in has the measure, but other numbers for its glyphs.
    helvetica = before.replace(b"Aileron-Regular", b"Helvetica______").replace(b"______", b"      ")
    assert "numbers of glyphs" in refused(helvetica, [ALONE])


def test_a_letter_that_the_stand_in_lacks() -> None:
    def odd(opened: pikepdf.Pdf, font: Any) -> None:
        font.Encoding = Dictionary(Type=Name.Encoding, Differences=[120, Name("/ornament17")])

    assert "lacks 1 of its letters" in refused(with_objects(pdf("A6").text("xyz", font="Helvetica"), odd), [ALONE])


def test_codes_without_an_encoding_are_not_guessed() -> None:
    def mute(opened: pikepdf.Pdf, font: Any) -> None:
        del font.Encoding

    assert "which letters" in refused(with_objects(pdf("A6").text("xyz", font="Arial"), mute), [ALONE])


def test_invisible_text_and_fonts_in_the_file_need_nothing() -> None:
    unchanged(pdf("A6").text("Scanned", font="Helvetica", rendering=3), [ALONE])
    unchanged(pdf("A6").text("Here", font="bold").text("And here", font="type3", at=("10 mm", "40 mm")), [ALONE])
    unchanged(pdf("A6").declare_font("Helvetica"), [ALONE])


def test_text_in_forms_and_on_other_pages_shares_one_program() -> None:
    given = pdf("A6", pages=2).text("One", font="Helvetica", within="form")
    before = given.on(2).text("Two", font="Helvetica").bytes()
    result = fixed(before, [ALONE])
    assert codes(result.final)["FNT101"] == 0
    with pikepdf.open(result.path) as opened:
        programs = [one for one in opened.objects if isinstance(one, pikepdf.Stream) and "/Subtype" in one]
        assert sum(one.Subtype == Name.Type1C for one in programs) == 1
    for page in (1, 2):
        assert_same_look(before, result.data, page, within=ROUNDING, by=["mupdf"])
        assert poppler_pixels(result.data, page).min() < 128
