"""Letters that a font does not have. The builder's embedded font has no Euro sign, and a box in its place."""

from __future__ import annotations

import io
import subprocess

import pikepdf
import pytest

from makeready import inspect
from makeready.pdf import letters
from makeready.testing import pdf


def page():
    return pdf("100x100mm")


def test_the_letters_that_a_font_lacks(found) -> None:
    assert found("FNT104", page().text("Price: 5 Euro")) == []
    (issue,) = found("FNT104", page().text("Price: 5 €"))
    assert issue.message == (
        "1 letter is missing in MAKEPR+Aileron-Regular: its sign for a missing one is printed instead"
    )  # fmt: skip
    assert (issue.severity, len(issue.places)) == ("error", 1)


def test_they_are_counted_one_issue_a_page_and_font(found) -> None:
    (issue,) = found("FNT104", page().text("€ and €\n€").text("€", size="20 pt"))
    assert issue.details["glyphs"] == 4
    assert len(issue.places) == 4


def test_where_it_is(found) -> None:
    """The box is the shape of .notdef: 0.5 wide, 0.7 high, on the baseline."""
    (issue,) = found("FNT104", page().text("€", size="20 pt", at=("50 mm", "50 mm")))
    assert issue.place.mm == pytest.approx((50, 50 - 14 / 72 * 25.4, 50 + 10 / 72 * 25.4, 50), abs=0.01)


@pytest.mark.parametrize("within", ["form", "annotation"])
def test_in_containers(found, within) -> None:
    assert len(found("FNT104", page().text("€", within=within))) == 1


@pytest.mark.parametrize("rendering", [0, 1, 2])
def test_however_it_is_painted(found, rendering) -> None:
    (issue,) = found("FNT104", page().text("€", rendering=rendering))
    assert issue.details["glyphs"] == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: page().text("€", rendering=3),
        lambda: page().text("€", within="soft mask"),
        lambda: page().text("€", at=("200 mm", "50 mm")),
        lambda: page().text("€", font="Helvetica"),
        lambda: page().text("€", font="type3"),
    ],
    ids=["invisible", "soft mask", "off the page", "not embedded", "Type 3"],
)
def test_what_nobody_sees_or_nobody_knows(found, make) -> None:
    assert found("FNT104", make()) == []


def without_notdef():
    """The embedded font with a .notdef that has no shape."""
    from fontTools.ttLib import TTFont

    builder = page().text("5 €")
    (program,) = [item for item in builder.objects.objects if isinstance(item, pikepdf.Stream) and "/Length1" in item]
    font = TTFont(io.BytesIO(program.read_bytes()))
    empty = font["glyf"][".notdef"]
    empty.numberOfContours = 0
    empty.coordinates, empty.flags, empty.endPtsOfContours = type(empty.coordinates)(), bytearray(), []
    out = io.BytesIO()
    font.save(out)
    program.write(out.getvalue())
    return builder


def test_a_sign_without_a_shape_is_not_seen(found) -> None:
    pytest.importorskip("fontTools")
    assert found("FNT104", without_notdef()) == []


def test_poppler_paints_the_box_too(tool, tmp_path) -> None:
    """The sign for a missing letter leaves ink in another renderer as well."""
    inked = []
    for number, text in enumerate((" ", "€")):
        path = pdf("100x100mm", bleed=None, background=None).text(text, size="60 pt", at=("50 mm", "50 mm"))
        file = path.save(tmp_path / f"{number}.pdf")
        command = [tool("pdftoppm"), "-r", "36", "-gray", "-singlefile", str(file), str(tmp_path / str(number))]
        subprocess.run(command, check=True, capture_output=True)
        inked.append(sum(value < 128 for value in (tmp_path / f"{number}.pgm").read_bytes()[-1000 * 15 :]))
    assert inked[0] == 0
    assert inked[1] > 0


def test_a_layout_of_memory_that_is_not_known_gives_the_same_facts(monkeypatch) -> None:
    """Where MuPDF's list of letters is laid out in another way, it is read field by field."""
    builder = page().text("Price: 5 €", at=("50 mm", "98 mm")).text("   € H", at=("90 mm", "50 mm"))
    fast = inspect(builder.bytes()).facts
    monkeypatch.setattr(letters.Letters, "_compared", lambda self, span: False)
    slow = inspect(builder.bytes()).facts
    assert (slow.missing_glyphs, slow.near_trim) == (fast.missing_glyphs, fast.near_trim)
