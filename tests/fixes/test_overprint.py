"""fix_overprint and black_text: on the plates, as Ghostscript separates them, and in what the checks say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import makeready
from fixes.looks import _tool, as_file, codes, fixed, mupdf_pixels, poppler_pixels, qpdf_clean, text_of, unchanged
from makeready.testing import pdf

SIZE = "100x60mm"
CYAN, WHITE, GRAY, BLACK = (1, 0, 0, 0), (0, 0, 0, 0), (0.5,), (0, 0, 0, 1)
RICH = (0.7, 0.6, 0.6, 1)
ALL = makeready.measure(settings=["OVP102=warning"])


def plates(data: bytes, folder: Path) -> dict[str, np.ndarray]:
    """What each plate prints in the middle of the page, 0 to 1, at 144 ppi, told by Ghostscript."""
    with as_file(data) as path:
        _tool("gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=tiffsep", "-r144", f"-sOutputFile={folder}/p.tif", path)
    found = {}
    for file in folder.glob("p(*).tif"):
        with Image.open(file) as plate:
            pixels = 1 - np.asarray(plate.convert("L")) / 255
            found[file.stem[2:-1]] = pixels[40:-40, 40:-40]  # the bleed of the builder's pages is tinted
    return found


def bare() -> Any:
    """A page that is white where it is looked at."""
    return pdf(SIZE).rectangle(size=SIZE, at=("0 mm", "0 mm"), colour=WHITE)


def on_cyan(**text: Any) -> Any:
    return pdf(SIZE).rectangle(size=SIZE, at=("0 mm", "0 mm"), colour=CYAN).text("WHITE", size="40 pt", **text)


def test_white_that_vanished_knocks_out(tmp_path: Path) -> None:
    page = on_cyan(colour=WHITE, overprint=True)
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    assert plates(page.bytes(), tmp_path / "before")["Cyan"].min() > 0.99, "white text was to vanish"
    result = fixed(page, "fix_overprint")
    assert plates(result.data, tmp_path / "after")["Cyan"].min() < 0.01
    assert [issue.code for issue in result.fixed] == ["OVP101"]
    assert not result.new
    assert result.changes[0].message == "1 text no longer overprint"
    qpdf_clean(result.data)
    unchanged(result.data, "fix_overprint")


CHANCE = {
    "white line": (lambda page: page.line(colour=WHITE, overprint=True), "OVP101"),
    "white shape": (lambda page: page.rectangle(colour=WHITE, overprint=True), "OVP101"),
    "white outline": (lambda page: page.rectangle(colour=None, stroke=WHITE, width="3 pt", overprint=True), "OVP101"),
    "white gray": (lambda page: page.text("x", colour=(1,), overprint=True), "OVP101"),
    "gray shape": (lambda page: page.rectangle(colour=GRAY, overprint=True), "OVP103"),
    "gray text": (lambda page: page.text("x", colour=GRAY, overprint=True), "OVP103"),
    "large black text in gray": (lambda page: page.text("x", colour=(0,), size="13 pt", overprint=True), "OVP103"),
    "RGB": (lambda page: page.rectangle(colour=(1, 0, 0), overprint=True), "OVP103"),
    "in a form": (lambda page: page.rectangle(colour=GRAY, overprint=True, within="form"), "OVP103"),
}


@pytest.mark.parametrize("name", CHANCE)
def test_overprint_by_chance_is_switched_off(name: str) -> None:
    draw, code = CHANCE[name]
    page = draw(pdf(SIZE)).rectangle(at=("10 mm", "40 mm"), colour=CYAN, overprint=True)
    before = page.bytes()
    assert code in codes(makeready.check(before))
    result = fixed(before, "fix_overprint")
    assert code not in codes(result.final)
    assert not result.new
    facts = result.final.facts
    assert facts is not None
    kept = [paint for paint in facts.paints if paint.colour.inks == (("Cyan", 1.0),)]
    assert all(paint.colour.overprint for paint in kept), "overprint of inks stays"
    for draw_page in (mupdf_pixels, poppler_pixels):
        assert np.array_equal(draw_page(before), draw_page(result.data))


MEANT = {
    "cyan": lambda page: page.rectangle(colour=CYAN, overprint=True),
    "black text": lambda page: page.text("x", colour=BLACK, overprint=True),
    "small black text in gray": lambda page: page.text("x", colour=(0,), size="11 pt", overprint=True),
    "thin black line in gray": lambda page: page.line(colour=(0,), width="1 pt", overprint=True),
    "white that knocks out": lambda page: page.text("x", colour=WHITE),
}


@pytest.mark.parametrize("name", MEANT)
def test_overprint_that_is_meant_stays(name: str) -> None:
    unchanged(MEANT[name](pdf(SIZE)), "fix_overprint")


def test_rich_black_text_becomes_black_alone(tmp_path: Path) -> None:
    page = bare().text("deep", size="9 pt", colour=RICH).text("tint", at=("10 mm", "40 mm"), colour=(0, 0, 0, 0.5))
    before = page.bytes()
    result = fixed(before, "black_text", profile=ALL)
    assert [issue.code for issue in result.fixed] == ["INK102"]
    assert not result.new
    found = plates(result.data, tmp_path)
    assert all(found[ink].max() == 0 for ink in ("Cyan", "Magenta", "Yellow"))
    assert found["Black"].max() > 0.99
    assert text_of(before) == text_of(result.data)
    qpdf_clean(result.data)
    unchanged(result.data, "black_text")


def test_small_black_text_lies_on_top(tmp_path: Path) -> None:
    page = pdf(SIZE).rectangle(size=SIZE, at=("0 mm", "0 mm"), colour=CYAN).text("small", size="11 pt", colour=BLACK)
    assert "OVP102" in codes(makeready.check(page.bytes(), ALL))
    result = fixed(page, "black_text", profile=ALL)
    assert "OVP102" not in codes(result.final)
    found = plates(result.data, tmp_path)
    assert found["Cyan"].min() > 0.99, "no hole in the shape of the letters"
    assert found["Black"].max() > 0.99


BLACK_CASES = {
    "just small enough": ({"size": "11.9 pt", "colour": BLACK}, True),
    "too large": ({"size": "12 pt", "colour": BLACK}, False),
    "gray": ({"size": "9 pt", "colour": (0,)}, True),
    "dark gray": ({"size": "9 pt", "colour": (0.1,)}, False),
    "rich and large": ({"size": "40 pt", "colour": RICH}, True),
    "rich within the limit": ({"size": "40 pt", "colour": (0.6, 0.6, 0.6, 1)}, False),
    "dark, not black": ({"size": "9 pt", "colour": (1, 1, 0.5, 0.84)}, False),
    "white": ({"size": "9 pt", "colour": WHITE}, False),
}


@pytest.mark.parametrize("name", BLACK_CASES)
def test_what_counts_as_black_text(name: str) -> None:
    settings, changes = BLACK_CASES[name]
    page = pdf(SIZE).text("n", **settings)
    (fixed if changes else unchanged)(page, "black_text")


def test_what_follows_keeps_its_colour_and_overprint() -> None:
    page = pdf(SIZE).raw(
        "/Over gs 0 0 0 1 k 1 0 0 0 K BT /F1 9 Tf 20 20 Td (a) Tj ET 40 40 30 30 re B",
        {"/ExtGState": {"/Over": {"/OP": True, "/op": False, "/OPM": 0}}, "/Font": {"/F1": _font()}},
    )
    before = page.bytes()
    after = fixed(before, "black_text").data
    for draw in (mupdf_pixels, poppler_pixels):
        assert np.array_equal(draw(before), draw(after))
    report = makeready.inspect(after).facts
    assert report is not None
    shape = next(paint for paint in report.paints if paint.what == "vector" and paint.colour.inks == (("Black", 1.0),))
    assert not shape.colour.overprint
    line = report.strokes[0]
    assert line.colour is not None
    assert (line.colour.overprint, line.colour.overprint_mode) == (True, 0)


def _font() -> Any:
    import pikepdf

    return pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
