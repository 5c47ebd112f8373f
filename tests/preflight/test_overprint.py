"""Overprint: white must not, small pure black must, gray and RGB should not (GWG 2022, R0007 to R0013)."""

from __future__ import annotations

import pikepdf
import pytest

from makeready.testing import pdf

WHITE, BLACK = (0, 0, 0, 0), (0, 0, 0, 1)
INK = ("spot", "Black", 1)


def page(**settings):
    return pdf("100x100mm", **settings)


def mode(builder, opm):
    """The overprint mode of everything on the page."""
    for item in builder.objects.objects:
        if isinstance(item, pikepdf.Dictionary) and "/OPM" in item:
            item.OPM = opm
    return builder


def said(issues):
    return [(issue.severity.value, issue.details.get("gwg"), issue.details["count"]) for issue in issues]


# OVP101 white-overprint


@pytest.mark.parametrize("colour", [WHITE, 1, ("spot", "Gold", 0), {"Gold": 0, "Black": 0}, ("press", 0, 0, 0, 0)])
def test_white_that_overprints(found, colour) -> None:
    assert said(found("OVP101", page().text("a", colour=colour, overprint=True))) == [("error", "R0007", "1 text run")]
    expected = [("error", "R0008", "1 vector object")]
    assert said(found("OVP101", page().line(width="3 pt", colour=colour, overprint=True))) == expected
    assert said(found("OVP101", page().rectangle(colour=colour, overprint=True))) == expected
    assert said(found("OVP101", page().rectangle(colour=colour, overprint=True, within="form"))) == expected
    knocks_out = page().text("a", colour=colour).rectangle(colour=colour).line(colour=colour)
    assert found("OVP101", knocks_out) == []


@pytest.mark.parametrize("colour", [BLACK, (0.001, 0, 0, 0), 0.999, ("spot", "Gold", 0.01), (1, 1, 1), 0])
def test_what_is_not_white(found, colour) -> None:
    other = page().text("a", colour=colour, overprint=True).rectangle(colour=colour, overprint=True)
    assert found("OVP101", other) == []


def test_a_colorant_that_paints_nothing_has_nothing_to_lose(found) -> None:
    assert found("OVP101", page().rectangle(colour=("spot", "None", 0), overprint=True)) == []


def test_white_among_other_colours_is_not_lost(found) -> None:
    builder = page()
    for tint in (0.3, 0, 0.7):
        builder.rectangle(colour=(0, tint, 0, 0), overprint=True).line(colour=(tint, 0, 0, 0), overprint=True)
    assert said(found("OVP101", builder)) == [("error", "R0008", "2 vector objects")]


@pytest.mark.parametrize(
    ("make", "fate"),
    [
        (lambda: page().text("a", colour=WHITE, overprint=True), "it will vanish"),
        (lambda: page().text("a", colour=("spot", "Gold", 0), overprint=True), "it will vanish"),
        (lambda: mode(page().text("a", colour=("spot", "Gold", 0), overprint=True), 0), "it will vanish"),
        (lambda: mode(page().text("a", colour=WHITE, overprint=True), 0), "whether it vanishes depends on the RIP"),
        (lambda: page().text("a", colour=1, overprint=True), "whether it vanishes depends on the RIP"),
    ],
)
def test_what_becomes_of_white(found, make, fate) -> None:
    (issue,) = found("OVP101", make())
    assert issue.message == f"1 text run in white set to overprint: {fate}"


def test_text_and_paths_have_their_own_levels(found) -> None:
    both = page().text("a", colour=WHITE, overprint=True).rectangle(colour=WHITE, overprint=True)
    assert said(found("OVP101", both, "OVP101.paths=warning")) == [
        ("error", "R0007", "1 text run"), ("warning", "R0008", "1 vector object"),
    ]  # fmt: skip
    assert said(found("OVP101", both, "OVP101.text=off")) == [("error", "R0008", "1 vector object")]


def test_white_that_nobody_sees(found) -> None:
    assert found("OVP101", page().text("a", colour=WHITE, overprint=True, rendering=3)) == []
    assert found("OVP101", page().rectangle(colour=WHITE, overprint=True, within="soft mask")) == []
    slug = page(slug="10 mm").rectangle(colour=WHITE, overprint=True, at=("-12 mm", "10 mm"), size=("5 mm", "5 mm"))
    assert found("OVP101", slug) == []


# OVP102 black-knocks-out

TEXT = {BLACK: "R0009", INK: "R0009", 0: "R0011"}
LINES = {BLACK: "R0010", INK: "R0010", 0: "R0012"}


@pytest.mark.parametrize("colour", TEXT)
def test_small_black_text(found, colour) -> None:
    assert found("OVP102", page().text("a", size="12 pt", colour=colour)) == []
    small = found("OVP102", page().text("a", size="11.9 pt", colour=colour))
    assert said(small) == [("warning", TEXT[colour], "1 text run")]
    assert (str(small[0].measured), str(small[0].limit)) == ("11.9 pt", "12 pt")
    assert found("OVP102", page().text("a", size="11.9 pt", colour=colour, overprint=True)) == []


@pytest.mark.parametrize("colour", LINES)
def test_thin_black_lines(found, colour) -> None:
    assert found("OVP102", page().line(width="2 pt", colour=colour)) == []
    assert said(found("OVP102", page().line(width="1.9 pt", colour=colour))) == [("warning", LINES[colour], "1 line")]
    assert found("OVP102", page().line(width="1.9 pt", colour=colour, overprint=True)) == []


def test_a_thin_filled_shape_is_a_line(found) -> None:
    shape = page().rectangle(size=("30 mm", "0.5 mm"), colour=BLACK)
    assert said(found("OVP102", shape)) == [("warning", "R0010", "1 line")]


def test_deviceN_with_black_alone_is_black_ink(found) -> None:
    assert said(found("OVP102", page().line(colour={"Black": 1}))) == [("warning", "R0010", "1 line")]


@pytest.mark.parametrize(
    "colour",
    [(0, 0, 0, 0.99), (0.01, 0, 0, 1), 0.01, (0, 0, 0), ("spot", "Black", 0.99), {"Black": 1, "Gold": 0},
     "registration", ("press", 0, 0, 0, 1), ("spot", "Gold", 1)],
)  # fmt: skip
def test_what_is_not_pure_black(found, colour) -> None:
    assert found("OVP102", page().text("a", colour=colour).line(colour=colour)) == []


def test_overprint_mode_0_knocks_out_the_other_inks(found) -> None:
    """ISO 32000-1, 8.6.7; a spot colour's plate is its own in both modes."""
    assert said(found("OVP102", mode(page().line(colour=BLACK, overprint=True), 0))) == [
        ("warning", "R0010", "1 line")
    ]  # fmt: skip
    assert found("OVP102", mode(page().line(colour=INK, overprint=True), 0)) == []
    assert found("OVP102", mode(page().line(colour=0, overprint=True), 0)) == []


def test_black_among_tints_of_black_is_not_lost(found) -> None:
    builder = page()
    for tint in (0.5, 1, 0.2):
        builder.line(colour=(0, 0, 0, tint))
    assert said(found("OVP102", builder)) == [("warning", "R0010", "1 line")]


def test_several_blacks_are_one_issue_of_a_kind(found) -> None:
    builder = page().text("a", size="8 pt").text("b", size="6 pt").line().line(colour=0)
    issues = found("OVP102", builder)
    assert said(issues) == [
        ("warning", "R0009", "2 text runs"), ("warning", "R0010", "1 line"), ("warning", "R0012", "1 line"),
    ]  # fmt: skip
    assert (str(issues[0].measured), len(issues[0].places)) == ("6 pt", 2)
    assert issues[0].message == "2 text runs in 100 % black without overprint; black text below 12 pt must overprint"


def test_the_limits_and_levels_of_black_can_be_set(found) -> None:
    both = page().text("a", size="8 pt").text("a", size="8 pt", colour=0)
    assert found("OVP102", both, "OVP102.text=8 pt") == []
    assert said(found("OVP102", both, "OVP102.gray=off")) == [("warning", "R0009", "1 text run")]
    assert [i.details["gwg"] for i in found("OVP102", both, "OVP102.level=off")] == ["R0011"]
    assert found("OVP102", page().line(width="1 pt"), "OVP102.lines=1 pt") == []


def test_black_that_nobody_sees_or_that_is_cut_off(found) -> None:
    assert found("OVP102", page().text("a", rendering=3)) == []
    assert found("OVP102", page().text("a", within="soft mask", overprint=True)) == []
    assert found("OVP102", page(slug="10 mm").line(at=("-12 mm", "5 mm"), to=("-6 mm", "5 mm"))) == []


def test_the_drawing_of_a_type_3_letter_is_no_line(found) -> None:
    assert found("OVP102", page().text("l", font="type3", size="20 pt")) == []


TINT, IN_THE_TEXT, BESIDE_IT = (0.3, 0, 0, 0), ("18 mm", "10 mm"), ("60 mm", "60 mm")


def on_paper():
    """Small black text at 20, 20 mm that knocks out."""
    return page(background=None).text("text", size="9 pt", at=("20 mm", "20 mm"))


def many(builder, number=40):
    """So many dots far from the text that not all of their places are kept."""
    for place in range(number):
        builder.rectangle(size=("1 mm", "1 mm"), at=("80 mm", f"{10 + 2 * place} mm"), colour=TINT)
    return builder


ON_PAPER = {
    "nothing else": (on_paper, []),
    "black tints": (lambda: on_paper().rectangle(at=IN_THE_TEXT, colour=(0, 0, 0, 0.3)), []),
    "gray": (lambda: on_paper().rectangle(at=IN_THE_TEXT, colour=0.7), []),
    "white": (lambda: on_paper().rectangle(at=IN_THE_TEXT, colour=(0, 0, 0, 0)), []),
    "a tint beside it": (lambda: on_paper().rectangle(at=BESIDE_IT, colour=TINT), []),
    "a picture beside it": (lambda: on_paper().image(at=BESIDE_IT, size=("20 mm", "20 mm")), []),
    "a tint in the slug": (
        lambda: page(background=None, slug="10 mm").text("text", size="9 pt")
        .rectangle(at=("-12 mm", "5 mm"), size=("5 mm", "5 mm"), colour=TINT), []),
    "a tint": (lambda: on_paper().rectangle(at=IN_THE_TEXT, colour=TINT), ["1 text run"]),
    "RGB": (lambda: on_paper().rectangle(at=IN_THE_TEXT, colour=(1, 0.9, 0.9)), ["1 text run"]),
    "a spot": (lambda: on_paper().rectangle(at=IN_THE_TEXT, colour=("spot", "Gold", 0.5)), ["1 text run"]),
    "a picture": (lambda: on_paper().image(at=IN_THE_TEXT), ["1 text run"]),
    "a blend": (lambda: on_paper().gradient((0, 0, 0, 0), (0, 1, 0, 0), at=IN_THE_TEXT), ["1 text run"]),
    "a pattern": (lambda: on_paper().rectangle(at=IN_THE_TEXT, colour=TINT, within="pattern"), ["1 text run"]),
    "more tints than places are kept of": (lambda: many(on_paper()), ["1 text run"]),
    "fewer tints": (lambda: many(on_paper(), 20), []),
    "one of two on a tint": (
        lambda: on_paper().text("more", size="9 pt", at=("70 mm", "70 mm")).rectangle(at=IN_THE_TEXT, colour=TINT),
        ["1 text run"]),
    "a line on a tint": (
        lambda: page(background=None).line(at=BESIDE_IT).rectangle(at=BESIDE_IT, colour=TINT), ["1 line"]),
    "a line on paper": (
        lambda: page(background=None).line(at=("5 mm", "5 mm")).rectangle(at=BESIDE_IT, colour=TINT), []),
}  # fmt: skip


@pytest.mark.parametrize(("make", "expected"), ON_PAPER.values(), ids=ON_PAPER)
def test_black_on_bare_paper_knocks_nothing_out(found, make, expected) -> None:
    assert [issue.details["count"] for issue in found("OVP102", make())] == expected
    assert found("OVP102", make(), "OVP102.on_paper=true")


def test_only_the_place_on_colour_is_shown(found) -> None:
    make, _ = ON_PAPER["one of two on a tint"]
    (issue,) = found("OVP102", make())
    assert len(issue.places) == 1
    assert issue.place.mm[:2] == pytest.approx((20, 17), abs=2)


# OVP103 gray-overprint


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (lambda: page().text("a", size="12 pt", colour=0, overprint=True), "1 text run"),
        (lambda: page().text("a", size="8 pt", colour=0.3, overprint=True), "1 text run"),
        (lambda: page().line(width="2 pt", colour=0, overprint=True), "1 vector object"),
        (lambda: page().line(width="1 pt", colour=0.3, overprint=True), "1 vector object"),
        (lambda: page().rectangle(colour=0, overprint=True), "1 vector object"),
        (lambda: page().rectangle(colour=0, overprint=True).line(colour=0, overprint=True), "1 vector object"),
    ],
)
def test_gray_that_overprints(found, make, count) -> None:
    issues = found("OVP103", make())
    assert said(issues) == [("warning", "R0013", count)]
    assert len(issues[0].places) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: page().text("a", size="11.9 pt", colour=0, overprint=True),
        lambda: page().line(width="1.9 pt", colour=0, overprint=True),
        lambda: page().rectangle(colour=1, overprint=True),
        lambda: page().rectangle(colour=0.5),
        lambda: page().rectangle(colour=(0, 0, 0, 0.5), overprint=True),
        lambda: page().rectangle(colour=("spot", "Gold", 0.5), overprint=True),
    ],
)
def test_what_may_overprint(found, make) -> None:
    assert found("OVP103", make()) == []


def test_rgb_that_overprints_breaks_no_rule_of_gwg(found) -> None:
    builder = page().rectangle(colour=(1, 0, 0), overprint=True)
    assert said(found("OVP103", builder)) == [("warning", None, "1 vector object")]
    assert found("OVP103", builder, "OVP103.rgb=false") == []


def test_a_gray_picture_that_overprints(found) -> None:
    picture = "50 0 0 50 50 50 cm BI /W 1 /H 1 /CS /G /BPC 8 /F /AHx ID 80> EI"
    state = {"/ExtGState": {"/G0": pikepdf.Dictionary(op=True)}}
    assert said(found("OVP103", page().raw(f"/G0 gs {picture}", state))) == [("warning", "R0013", "1 picture")]
    assert found("OVP103", page().raw(picture)) == []


def test_gray_in_the_slug_is_cut_off(found) -> None:
    slug = page(slug="10 mm").rectangle(colour=0.5, overprint=True, at=("-12 mm", "5 mm"), size=("5 mm", "5 mm"))
    assert found("OVP103", slug) == []
