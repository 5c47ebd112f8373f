"""Thin lines: one ink from 0.25 pt, white and several inks from 0.5 pt (GWG 2022, R0018 and R0019)."""

from __future__ import annotations

import pytest

from makeready.pdf import shapes
from makeready.testing import pdf

SMALL = "100x100mm"
WHITE = (0, 0, 0, 0)


def page(**settings):
    return pdf(SMALL, **settings)


def said(issues):
    return [(issue.severity.value, issue.details["kind"], str(issue.measured), str(issue.limit)) for issue in issues]


@pytest.mark.parametrize(
    ("colour", "kind", "limit"),
    [
        ((0, 0, 0, 1), "line", 0.25),
        (0, "line", 0.25),
        ((1, 0, 0), "line", 0.25),
        (("spot", "Gold", 0.5), "line", 0.25),
        ((0, 0, 0, 0.1), "line", 0.25),
        (WHITE, "white line", 0.5),
        (1, "white line", 0.5),
        (("spot", "Gold", 0), "white line", 0.5),
        ((0, 1, 1, 0), "line in 2 inks", 0.5),
        ((0.1, 1, 1, 1), "line in 4 inks", 0.5),
        ({"Gold": 1, "Black": 0.5}, "line in 2 inks", 0.5),
        ("registration", "line in every ink", 0.5),
    ],
)
def test_the_limit_goes_by_the_inks(found, colour, kind, limit) -> None:
    assert found("LIN101", page().line(width=f"{limit} pt", colour=colour)) == []
    shown = f"{limit - 0.01:g} pt"
    expected = [("warning", kind, shown, f"{limit} pt")]
    assert said(found("LIN101", page().line(width=shown, colour=colour))) == expected


def test_a_width_of_nothing_is_the_thinnest_line(found) -> None:
    """ISO 32000-1, 8.4.3.2."""
    assert said(found("LIN101", page().line(width="0 pt"))) == [("warning", "line", "0 pt", "0.25 pt")]


def test_a_tenth_of_a_hairline_reads_as_below_the_limit(found) -> None:
    (issue,) = found("LIN101", page().line(width="0.248 pt"))
    assert issue.message == "1 line of 0.248 pt; 0.25 pt is needed"


def drawn(operators, matrix="1 0 0 1 0 0", **settings):
    return page(**settings).raw(f"q {matrix} cm 0 0 0 1 k 0 0 0 1 K {operators} Q")


@pytest.mark.parametrize(
    ("artwork", "width"),
    [
        (lambda: drawn("2 w 500 500 m 900 500 l S", "0.1 0 0 0.1 0 0"), "0.2 pt"),
        (lambda: drawn("0.2 w 50 20 m 90 20 l S", "0.6 0.8 -0.8 0.6 60 30"), "0.2 pt"),  # turned: cos 0.6, sin 0.8
        (lambda: drawn("0.2 w 50 20 m 90 20 l S", "-1 0 0 1 200 0"), "0.2 pt"),  # mirrored
        (lambda: drawn("2 w 500 500 m 900 500 l S", "0 0.1 -0.1 0 100 0"), "0.2 pt"),
        (lambda: drawn("0.2 w 50 50 40 40 re S"), "0.2 pt"),
        (lambda: drawn("0.2 w 50 50 m 90 50 70 90 50 90 c S"), "0.2 pt"),
        (lambda: drawn("0.2 w [3 2] 0 d 50 50 m 90 50 l S"), "0.2 pt"),
        (lambda: drawn("0.2 w 50 50 40 40 re B"), "0.2 pt"),
        (lambda: drawn("0.2 w 50 50 m 50 50 l S"), "0.2 pt"),
        (lambda: page(user_unit=3).line(width="0.2 pt"), "0.2 pt"),
        (lambda: page(rotate=270).line(width="0.2 pt"), "0.2 pt"),
        *((lambda way=way: page().line(width="0.2 pt", within=way), "0.2 pt")
          for way in ("form", "pattern", "type3", "annotation")),
    ],
)  # fmt: skip
def test_the_effective_width(found, artwork, width) -> None:
    assert [str(issue.measured) for issue in found("LIN101", artwork())] == [width]


@pytest.mark.parametrize(
    ("operators", "expected"),
    [
        ("50 50 100 0.3 re f", []),
        ("50 50 100 0.2 re f", [("line (filled)", "0.2 pt")]),
        ("50 50 0.2 100 re f", [("line (filled)", "0.2 pt")]),
        ("50 50 100 0.2 re f*", [("line (filled)", "0.2 pt")]),
        ("50 50 100 0 re f", [("line (filled)", "0 pt")]),
        ("50 50 m 150 50 l f", [("line (filled)", "0 pt")]),  # ISO 32000-1, 8.5.3.3: paints the pixels it touches
        ("50 50 m 150 50 l 150 50.2 l 50 50.2 l h f", [("line (filled)", "0.2 pt")]),
        ("50 50 0.2 0.2 re f", []),  # a dot
        ("50 50 0.5 0.2 re f", []),  # a speck
        ("50 50 0.7 0.2 re f", [("line (filled)", "0.2 pt")]),
        ("0 0 0 0 k 50 50 100 0.4 re f", [("white line (filled)", "0.4 pt")]),
        ("1 1 0 0 k 50 50 100 0.4 re f", [("line in 2 inks (filled)", "0.4 pt")]),
        ("q 0.6 0.8 -0.8 0.6 90 50 cm 0 0 100 0.2 re f Q", [("line (filled)", "0.2 pt")]),
        ("q 10 0 0 0.01 0 0 cm 5 5000 10 20 re f Q", [("line (filled)", "0.2 pt")]),
        ("50 50 100 0.2 re f 50 60 100 0.2 re f", [("lines (filled)", "0.2 pt")]),
        ("50 50 100 0.2 re n", []),
    ],
)
def test_a_thin_filled_shape_is_a_line(found, operators, expected) -> None:
    issues = found("LIN101", drawn(operators))
    assert [(issue.details["kind"], str(issue.measured)) for issue in issues] == expected


def turned(width, height, matrix="0.6 0.8 -0.8 0.6 90 50"):
    """A rectangle whose corners are written where turning (cos 0.6, sin 0.8) takes them."""
    a, b, c, d, e, f = map(float, matrix.split())
    corners = [(x * a + y * c + e, x * b + y * d + f) for x, y in ((0, 0), (width, 0), (width, height), (0, height))]
    return " ".join(f"{x:.5f} {y:.5f} {'l' if at else 'm'}" for at, (x, y) in enumerate(corners)) + " h f"


THIN = "line (filled)"
RULES = "50 50 100 0.2 re 50 60 100 0.2 re 50 70 100 0.2 re"


@pytest.mark.parametrize(
    ("operators", "expected"),
    [
        (f"{RULES} f", [(THIN, "0.2 pt")]),
        (f"{RULES} f*", [(THIN, "0.2 pt")]),
        (f"{RULES} f {RULES} f", [("lines (filled)", "0.2 pt")]),
        ("50 50 100 0.3 re 50 60 100 0.3 re f", []),
        ("50 50 100 20 re 50 90 100 0.2 re f", [(THIN, "0.2 pt")]),  # a bar and a rule below it
        ("50 50 100 0.3 re 50 60 100 0.2 re 90 50 0.1 100 re f", [(THIN, "0.1 pt")]),  # the thinnest
        ("50 50 m 150 50 l 150 50.2 l 50 50.2 l h 50 60 m 150 60 l 150 60.2 l 50 60.2 l h f", [(THIN, "0.2 pt")]),
        ("50 50 m 150 50 l 50 60 m 150 60 l f", [(THIN, "0 pt")]),
        ("q 0.6 0.8 -0.8 0.6 90 50 cm 0 0 100 0.2 re 0 10 100 0.2 re f Q", [(THIN, "0.2 pt")]),
        ("q 10 0 0 0.01 0 0 cm 5 5000 10 20 re 5 6000 10 20 re f Q", [(THIN, "0.2 pt")]),
        (turned(100, 0.2), [(THIN, "0.2 pt")]),
        (turned(0.2, 100), [(THIN, "0.2 pt")]),
        (turned(100, 0.3), []),
        (turned(0.3, 0.2), []),  # a speck
        (turned(100, 0.2).replace(" h f", " 90 50 l f"), [(THIN, "0.2 pt")]),  # back to the first point
        ("50 50 m 150 90 l f", [(THIN, "0 pt")]),
        ("50 50 m 150 90 l 50 50 l h f", [(THIN, "0 pt")]),
        ("50 50 m 150 90 l 150 90.1 l 50 50.1 l h f", [(THIN, "0.09 pt")]),  # a parallelogram: 0.1 × cos 21.8°
        ("50 50 m 150 150 l 149 149.2 l 51 51.2 l h f", [(THIN, "0.14 pt")]),  # slanted ends
        ("50 50 m 150 90 l 150 91 l h f", []),  # a needle
        ("50 50 m 100 70.2 l 150 90 l 102 70 l h f", []),  # thick in the middle
        ("50 50 m 150 90 l 150 190 l 50 150 l h f", []),
        # Strips of one area are as thick as it is.
        ("50 50 100 0.2 re 50 50.2 100 0.2 re 50 50.4 100 0.2 re f", []),
        ("50 50 100 0.1 re 50 50.1 100 0.1 re f", [(THIN, "0.2 pt")]),
        # A slit in a shape, and what lies on one of its own colour.
        ("50 50 100 40 re 60 60 50 0.2 re f*", []),
        # Drawings and letters have thin parts.
        ("50 50 100 0.2 re 50 60 m 90 60 90 90 50 90 c f", []),
        ("50 50 100 0.2 re 50 60 m 90 60 l 95 70 l 90 80 l 50 80 l 45 70 l h f", []),
        ("20 20 9 9 re W n 50 50 100 0.2 re 50 60 100 0.2 re f", []),
        ("0 0 200 55 re W n 50 50 100 0.2 re 50 60 100 0.1 re f", [(THIN, "0.2 pt")]),
        (f"{RULES} n", []),
    ],
)
def test_lines_among_the_parts_of_a_filled_path(found, operators, expected) -> None:
    issues = found("LIN101", drawn(operators))
    assert [(issue.details["kind"], str(issue.measured)) for issue in issues] == expected


@pytest.mark.parametrize("within", ["form", "pattern", "type3", "annotation"])
def test_the_parts_of_a_path_are_found_wherever_it_is(found, within) -> None:
    thin = [("20 mm", "20 mm"), ("50 mm", "30 mm"), ("50 mm", "30.05 mm"), ("20 mm", "20.05 mm")]
    assert [str(issue.measured) for issue in found("LIN101", page().path(thin, within=within))] == ["0.13 pt"]


def test_each_line_of_a_path_has_its_place(found) -> None:
    (issue,) = found("LIN101", drawn("50 50 100 20 re 50 90 100 0.2 re 50 100 100 0.2 re f"))
    assert [place.pt for place in issue.places] == [
        pytest.approx((50, 90, 150, 90.2), abs=0.01), pytest.approx((50, 100, 150, 100.2), abs=0.01),
    ]  # fmt: skip


def test_the_slow_way_finds_the_same(found, monkeypatch) -> None:
    """Where MuPDF's memory is not laid out as expected, it is asked for each point."""
    fast = found("LIN101", drawn(f"{RULES} f {turned(100, 0.1)}"))
    monkeypatch.setattr(shapes, "_as_expected", lambda: False)
    slow = found("LIN101", drawn(f"{RULES} f {turned(100, 0.1)}"))
    assert len(fast) == 2
    assert [(issue.message, issue.places) for issue in slow] == [(issue.message, issue.places) for issue in fast]
    assert found("LIN101", drawn("50 50 100 0.2 re 50 60 m 90 60 90 90 50 90 c f")) == []


SILENT = {
    "a page as it is": page,
    "a line of 0.25 pt": lambda: page().line(width="0.25 pt"),
    "a line off the sheet": lambda: page().line(width="0 pt", at=("200 mm", "10 mm")),
    "a line that is clipped away": lambda: drawn("0 0 9 9 re W n 0 w 50 50 m 90 90 l S"),
    "a line on a layer that is off": lambda: page().layer("off", visible=False).line(width="0 pt"),
    "a line on a layer that does not print": lambda: page().layer("a", prints=False).line(width="0 pt"),
    "a line in a note that does not print": lambda: screen_only(page().line(width="0 pt", within="annotation")),
    "a line inside a soft mask": lambda: page().line(width="0 pt", colour=0.5, within="soft mask"),
    "a thin clip": lambda: drawn("50 50 100 0.1 re W n 0 0 200 200 re f"),
    "a width that is set and not used": lambda: drawn("0 w 50 50 40 40 re f"),
}


def screen_only(builder):
    builder.objects.pages[0].Annots[-1].F = 0
    return builder


@pytest.mark.parametrize("make", SILENT.values(), ids=SILENT)
def test_lines_that_are_let_pass(found, make) -> None:
    assert found("LIN101", make()) == []


def test_lines_of_one_width_and_colour_are_one_issue(found) -> None:
    builder = pdf(SMALL, pages=2).on(2)
    for row in range(50):
        builder.line(width="0.1 pt", at=("20 mm", f"{10 + row} mm"), to=("60 mm", f"{10 + row} mm"))
    (issue,) = found("LIN101", builder)
    assert (issue.page, issue.message) == (2, "50 lines of 0.1 pt; 0.25 pt is needed")
    assert issue.place.mm == pytest.approx((20, 10, 60, 10), abs=0.1)
    assert issue.places[31].mm == pytest.approx((20, 41, 60, 41), abs=0.1)
    assert len(issue.places) == 32  # as many as facts remember


@pytest.mark.parametrize(("width", "expected"), [("0.24 pt", "warning"), ("0.09 pt", "error")])
def test_lines_may_have_two_limits(verdicts, width, expected) -> None:
    settings = ("LIN101.width.warning=0.25pt", "LIN101.width.error=0.1pt")
    assert verdicts("LIN101", page().line(width=width), *settings) == [expected]


@pytest.mark.parametrize(
    ("line", "expected"),
    [("10 500 m 90 500 l S", ["0.1 pt"]), ("50 300 m 50 900 l S", []), ("10 300 m 90 900 l S", ["0.1 pt"])],
    ids=["across", "along", "slanted"],
)
def test_an_uneven_scale_thins_a_line_by_its_direction(found, line, expected) -> None:
    """Squeezed to a tenth in height, a line across is a tenth as thick, a line along as thick as it was."""
    issues = found("LIN101", page().raw(f"q 1 0 0 .1 0 0 cm 1 w {line} Q"))
    assert [str(issue.measured) for issue in issues] == expected


def test_marks_in_the_slug_may_be_thin(found) -> None:
    """Crop marks lie outside of the bleed: they are cut off, and thin so that they are exact."""
    assert found("LIN101", page(slug="10 mm").crop_marks()) == []
    assert len(found("LIN101", page(slug="10 mm").crop_marks().line(width="0.1 pt"))) == 1


def test_a_single_mark_outside_of_the_bleed_may_be_of_any_colour(found) -> None:
    assert found("LIN101", page(slug="10 mm").raw("0 0 0 1 K 0.1 w 2 2 m 20 2 l S")) == []
    assert len(found("LIN101", page(slug="10 mm").raw("0 0 0 1 K 0.1 w 2 2 m 90 90 l S"))) == 1
