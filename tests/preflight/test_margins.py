"""The safe zone inside of the trim, and what lies outside of the bleed."""

from __future__ import annotations

import pikepdf
import pytest

from makeready import inspect
from makeready.facts import Rect
from makeready.pdf.edge import Edge
from makeready.testing import pdf
from makeready.testing.fonts import pdf_font
from makeready.units import POINTS_PER_MM


def page(**settings):
    return pdf("100x100mm", **settings)


def said(issues):
    return [(issue.severity.value, issue.message) for issue in issues]


def near(builder):
    """Kind and distances in millimetres, as noted."""
    rows = inspect(builder.bytes()).facts.near_trim
    return {row.what: [round(float(d.to("mm")), 2) for d in row.distances] for row in rows}


# BOX109 in-safe-zone. The letter H stands on its baseline with nothing below it: the distance from the lower edge is
# that of the baseline.


def test_text_at_the_margin_and_nearer(found) -> None:
    assert found("BOX109", page().text("H", at=("50 mm", "97 mm"))) == []
    expected = [("warning", "1 piece of text too close to the trim at 2.9 mm; 3 mm is needed")]
    assert said(found("BOX109", page().text("H", at=("50 mm", "97.1 mm")))) == expected


def test_the_margin_can_be_set(found) -> None:
    builder = page().text("H", at=("50 mm", "94 mm"))
    assert found("BOX109", builder, "BOX109.margin=6 mm") == []
    (issue,) = found("BOX109", builder, "BOX109.margin=6.1 mm")
    assert issue.severity == "error"
    graded = {"margin": {"warning": "12.7 mm", "error": "5 mm"}}
    assert [issue.severity for issue in found("BOX109", builder, graded)] == ["warning"]


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
@pytest.mark.parametrize("user_unit", [1, 2])
def test_every_side_counts(found, side, user_unit) -> None:
    at = {
        "left": ("1 mm", "50 mm"),
        "right": ("97 mm", "50 mm"),
        "top": ("50 mm", "3 mm"),
        "bottom": ("50 mm", "99 mm"),
    }
    assert len(found("BOX109", page(user_unit=user_unit, origin=(30, 70)).text("H", at=at[side], size="8 pt"))) == 1


def test_text_that_the_trim_cuts(found) -> None:
    (issue,) = found("BOX109", page().text("HHHH", at=("-2 mm", "50 mm")))
    assert issue.message == "1 piece of text cut by the trim; 3 mm inside of it is needed"
    assert issue.measured < 0


@pytest.mark.parametrize("bleed", ["3 mm", None])
def test_a_sheet_that_ends_at_the_trim_does_not_hide_what_is_cut(found, bleed) -> None:
    (issue,) = found("BOX109", page(bleed=bleed).text("HHHH", at=("-2 mm", "50 mm")))
    assert issue.measured < 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: page(slug="20 mm").text("Job 4711", at=("10 mm", "-10 mm")),
        lambda: page().text("H", at=("50 mm", "99 mm"), rendering=3),
        lambda: page().text("H", at=("50 mm", "99 mm"), within="soft mask"),
        lambda: page().text("   ", at=("50 mm", "99 mm")),
        lambda: page().text(" " * 25 + "H", at=("-5 mm", "50 mm")),
        lambda: page().text("H            ", at=("90 mm", "50 mm")),
        lambda: page(slug="30 mm").text("Job\n\n\n\n\n\n\nH", at=("50 mm", "-20 mm"), size="12 pt"),
        lambda: page().raw("100 100 20 20 re W n").text("H"),
        lambda: page().line(at=("1 mm", "1 mm"), to=("9 mm", "1 mm")),
    ],
    ids=["slug", "invisible", "soft mask", "spaces", "spaces before", "spaces after", "two ends of one text", "far",
         "a line"],
)  # fmt: skip
def test_what_is_not_near(found, make) -> None:
    assert found("BOX109", make(), "BOX109.small_objects=true") == []


def test_text_is_judged_as_far_as_its_clip_shows_it(found) -> None:
    """Only the part above the clip's lower edge, 5 mm from the trim, is painted."""
    clip = f"100 {(3 + 5) * POINTS_PER_MM} 100 20 re W n"
    letters = f"BT /F0 40 Tf 100 {4 * POINTS_PER_MM} Td (HH) Tj ET"

    def drawn(operators):
        builder = page()
        return builder.raw(operators, {"/Font": {"/F0": pdf_font(builder.objects, "embedded")}})

    assert found("BOX109", drawn(f"{clip} {letters}")) == []
    assert len(found("BOX109", drawn(letters))) == 1


def test_several_pieces_are_one_issue_with_the_nearest(found) -> None:
    builder = page()
    for baseline in ("98 mm", "99 mm", "90 mm"):
        builder.text("H", at=("50 mm", baseline))
    (issue,) = found("BOX109", builder)
    assert issue.message == "2 pieces of text too close to the trim, the nearest at 1 mm; 3 mm is needed"
    assert len(issue.places) == 2


def test_more_than_are_kept(found) -> None:
    builder = page()
    for place in range(40):
        builder.text("H", at=(f"{10 + 2 * place} mm", f"{98 + place / 40} mm"), size="5 pt")
    (issue,) = found("BOX109", builder)
    assert issue.details["count"] == "32 or more pieces of text"
    assert str(issue.measured) == "1 mm"


def test_a_page_without_trim_is_judged_by_its_edge(found) -> None:
    builder = page(bleed=None, boxes={"trim": None}).text("H", at=("50 mm", "98 mm"))
    assert len(found("BOX109", builder)) == 1


@pytest.mark.parametrize("within", ["form", "annotation"])
def test_text_in_containers(found, within) -> None:
    assert len(found("BOX109", page().text("H", at=("50 mm", "98 mm"), within=within))) == 1


def test_small_objects_are_judged_where_asked(found) -> None:
    builder = page().rectangle(at=("2 mm", "40 mm"), size=("20 mm", "20 mm"))
    assert found("BOX109", builder) == []
    expected = [("warning", "1 small shape too close to the trim at 2 mm; 3 mm is needed")]
    assert said(found("BOX109", builder, "BOX109.small_objects=true")) == expected
    picture = page().image(at=("2 mm", "40 mm"), size=("20 mm", "20 mm"))
    expected = [("warning", "1 small picture too close to the trim at 2 mm; 3 mm is needed")]
    assert said(found("BOX109", picture, "BOX109.small_objects=true")) == expected


@pytest.mark.parametrize(
    ("look", "noted"),
    [
        ({"size": ("25 mm", "25 mm")}, True),
        ({"size": ("25.1 mm", "25 mm")}, False),
        ({"at": ("-1 mm", "40 mm")}, False),
        ({"at": ("0 mm", "40 mm")}, False),
        ({"at": ("0.1 mm", "40 mm")}, True),
        ({"colour": (0, 0, 0, 0)}, False),
        ({"colour": 1}, False),
        ({"colour": 0}, True),
        ({"colour": (1, 1, 1)}, False),
        ({"colour": ("spot", "Gold", 0)}, False),
        ({"at": ("21 mm", "40 mm")}, False),
    ],
)
def test_which_shapes_are_small_objects(look, noted) -> None:
    shape = {"at": ("2 mm", "40 mm"), "size": ("10 mm", "10 mm")} | look
    assert ("vector" in near(page().rectangle(**shape))) is noted


def test_the_nearest_come_first() -> None:
    assert near(page().text("H", at=("50 mm", "90 mm")).text("H", at=("50 mm", "95 mm"))) == {"text": [5, 10]}


def test_the_edge_keeps_the_nearest() -> None:
    edge = Edge(Rect(0, 0, 1000, 1000))
    for step in range(50, 0, -1):
        edge.add("text", Rect(step, 500, step + 5, 505))
    (row,) = edge.facts(1)
    assert [float(d) for d in row.distances] == list(range(1, 33))
    assert [place.x0 for place in row.places] == list(range(1, 33))


# BOX112 printer-marks


def test_marks_in_the_slug(found) -> None:
    (issue,) = found("BOX112", page(slug="10 mm").crop_marks().text("Job 4711", at=("10 mm", "-8 mm"), size="5 pt"))
    assert "1 text run outside of the bleed" in issue.message
    assert issue.severity == "error"


@pytest.mark.parametrize(
    "make",
    [
        page,
        lambda: page(slug="10 mm"),
        lambda: page().rectangle(at=("-3 mm", "-3 mm"), size=("10 mm", "10 mm")),
        lambda: page(slug="10 mm").rectangle(at=("-10 mm", "5 mm"), size=("5 mm", "5 mm"), colour=(0, 0, 0, 0)),
        lambda: page(slug="10 mm").text("Job 4711", at=("10 mm", "-8 mm"), size="5 pt", rendering=3),
        lambda: page(slug="10 mm", boxes={"trim": None}).rectangle(at=("-10 mm", "5 mm"), size=("5 mm", "5 mm")),
    ],
    ids=["nothing", "room alone", "in the bleed", "white", "invisible", "no trim"],
)
def test_what_is_no_mark(found, make) -> None:
    assert found("BOX112", make()) == []


@pytest.mark.parametrize("subtype", ["PrinterMark", "TrapNet"])
def test_annotations_for_the_press(found, subtype) -> None:
    builder = page().annotation("Square")
    assert found("BOX112", builder) == []
    builder.objects.pages[0].Annots[0].Subtype = pikepdf.Name("/" + subtype)
    (issue,) = found("BOX112", builder)
    assert issue.message == "1 annotation for the press outside of the bleed"
