"""Total ink (GWG 2022, R0025 and R0026), rich black text (R0015), and RGB out of the press's reach."""

from __future__ import annotations

import numpy as np
import pytest

import makeready
from makeready.pdf.gamut import ciede2000
from makeready.testing import pdf

SHEET = "90x90mm"


def page(**settings):
    return pdf(SHEET, None, **{"background": None} | settings)


def patch(colour, **settings):
    return page(**settings).rectangle(size="30x30mm", colour=colour)


def said(issues):
    return [(issue.severity.value, str(issue.measured), issue.details["gwg"]) for issue in issues]


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0.8, 0.8, 0.8, 0.8), []),
        ((0.7, 0.85, 0.9, 0.75), []),  # 320 %, and each plate rounded to eight bits
        ((0.8, 0.8, 0.8, 0.81), [("warning", "321%", "R0025")]),
        ({"Gold": 1, "Silver": 1, "Black": 1, "Cyan": 0.2}, []),
        ({"Gold": 1, "Silver": 1, "Black": 1, "Cyan": 0.3}, [("warning", "330%", "R0025")]),
        ("registration", [("warning", "400%", "R0025")]),
        ((0.79, 0.83, 0.77, 0.81), []),  # 320 %
        ((0.31, 0.91, 0.99, 0.99), []),  # 320 %
    ],
)
def test_total_ink(found, colour, expected) -> None:
    assert said(found("INK101", patch(colour))) == expected


def test_both_limits_may_be_broken(found) -> None:
    issues = found("INK101", patch((1, 1, 1, 0.8)), {"total": "300 %", "process": {"warning": "305 %"}})
    assert said(issues) == [("error", "380%", "R0025"), ("warning", "380%", "R0026")]
    assert "of the process plates" in issues[1].message


def test_spots_do_not_count_as_process(found) -> None:
    colour = {"Gold": 1, "Silver": 1, "Black": 1, "Cyan": 1}
    limits = {"total": {}, "process": {"warning": "305 %"}}
    assert found("INK101", patch(colour), limits) == []


def test_what_is_said_of_total_ink(found) -> None:
    (issue,) = found("INK101", patch((1, 1, 1, 0.5)))
    assert issue.message == "350% ink over a square of 15 mm; at most 320% dries"
    assert issue.details["condition"] == "FOGRA39"
    x0, y0, x1, y1 = issue.place.mm
    assert (x1 - x0, y1 - y0) == pytest.approx((15, 15), abs=0.01)
    assert x0 > 9.6
    assert y1 < 40.4


def test_marks_and_small_spots_are_no_surface(found) -> None:
    marks = pdf(SHEET, "3 mm", slug="10 mm").crop_marks()
    assert found("INK101", marks) == []
    assert found("INK101", page().rectangle(size="10x10mm", colour="registration")) == []


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0, 0, 0, 1), []),
        ((0.6, 0.6, 0.6, 1), []),
        ((0.6, 0.6, 0.61, 1), ["281%"]),
        ((1, 1, 1, 0.84), []),
        ((1, 1, 0.2, 0.85), ["305%"]),
        ("registration", ["400%"]),
        (("spot", "All", 0.5), []),
        ({"Gold": 1, "Cyan": 1, "Black": 1}, ["300%"]),
        ({"Gold": 1, "Cyan": 1, "Black": 0.5}, []),
        (0, []),
        ((0, 0, 0), []),
    ],
)
def test_black_text(found, colour, expected) -> None:
    issues = found("INK102", page().text("Summer", colour=colour))
    assert [str(issue.measured) for issue in issues] == expected
    assert all((issue.severity.value, issue.details["gwg"]) == ("warning", "R0015") for issue in issues)


@pytest.mark.parametrize(
    "artwork",
    [
        lambda: page().text("Summer", colour=(1, 1, 1, 1), rendering=3),
        lambda: page().text("Summer", colour=(1, 1, 1, 1), within="soft mask"),
        lambda: pdf(SHEET, "3 mm", slug="20 mm").text("Job 12", colour="registration", at=("-18 mm", "40 mm")),
        lambda: page().rectangle(colour=(1, 1, 1, 1)),
    ],
    ids=["invisible", "soft mask", "slug", "no text"],
)
def test_black_text_that_is_let_pass(found, artwork) -> None:
    assert found("INK102", artwork()) == []


def test_the_limits_of_black_text_are_settings(found) -> None:
    text = page().text("Summer", colour=(0.5, 0.5, 0.5, 0.8))
    assert found("INK102", text) == []
    (issue,) = found("INK102", text, "INK102.black=80%", "INK102.ink.error=220%")
    assert (issue.severity.value, str(issue.limit)) == ("error", "220%")


GREEN, SKIN = (0, 1, 0), (0.7, 0.6, 0.55)


def test_a_colour_out_of_reach(found) -> None:
    (issue,) = found("INK103", patch(GREEN))
    assert (issue.severity.value, str(issue.measured), issue.page) == ("info", "100%", 1)
    assert issue.message == "100% of what is painted in RGB is out of the reach of FOGRA39; at most 10%"
    assert issue.details["worst"] > 15
    assert issue.place.mm == pytest.approx((10, 10, 40, 40), abs=0.1)


@pytest.mark.parametrize(
    "artwork",
    [
        lambda: patch(SKIN),
        lambda: patch((1, 1, 1)),
        lambda: patch((1, 0, 1, 0)),
        lambda: patch((0, 1, 1, 0)).text("Summer", colour=(0, 0, 0, 1)),
        lambda: pdf(SHEET, "3 mm", slug="40 mm").rectangle(colour=GREEN, at=("-35 mm", "20 mm")),
        lambda: page().rectangle(colour=GREEN, within="soft mask"),
    ],
    ids=["a dull colour", "white", "CMYK", "CMYK text", "slug", "soft mask"],
)
def test_colours_within_reach(found, artwork) -> None:
    assert found("INK103", artwork()) == []


@pytest.mark.parametrize(("width", "expected"), [("3 mm", []), ("5 mm", ["14.3%"])])
def test_the_share_is_of_what_is_painted_in_rgb(found, width, expected) -> None:
    artwork = page().rectangle(size="30x30mm", colour=SKIN, at=("9 mm", "9 mm"))
    artwork.rectangle(size=(width, "30 mm"), colour=GREEN, at=("45 mm", "9 mm"))
    issues = found("INK103", artwork)
    assert [issue.measured for issue in issues] == ([pytest.approx(100 / 7, abs=0.7)] if expected else [])


def test_a_page_group_in_cmyk_does_not_hide_the_rgb(found) -> None:
    import pikepdf

    artwork = patch(GREEN)
    group = pikepdf.Dictionary(S=pikepdf.Name.Transparency, CS=pikepdf.Name.DeviceCMYK)
    artwork.transparency(alpha=0.5, colour=SKIN, at=("50 mm", "50 mm"))
    artwork.objects.pages[0].Group = group
    assert len(found("INK103", artwork)) == 1


@pytest.mark.parametrize("profile", [None, b"", b"\0" * 400], ids=["none", "empty", "rubbish"])
def test_without_a_press_there_is_nothing_to_proof_for(profile) -> None:
    artwork = patch(GREEN, output_intent=None if profile is None else "FOGRA39")
    if profile is not None:
        artwork.objects.Root.OutputIntents[0].DestOutputProfile.write(profile)
    report = makeready.check(artwork.bytes(), only=["INK103"])
    (run,) = [run for run in report.runs if run.code == "INK103"]
    assert (run.outcome.value, run.reason) == (
        "skipped",
        "there is no output intent with a CMYK profile to proof for",
    )


#: G. Sharma, W. Wu, E. N. Dalal: The CIEDE2000 color-difference formula, 2005, table 1.
PAIRS = """
50 2.6772 -79.7751 50 0 -82.7485 2.0425
50 3.1571 -77.2803 50 0 -82.7485 2.8615
50 2.8361 -74.0200 50 0 -82.7485 3.4412
50 -1.3802 -84.2814 50 0 -82.7485 1.0000
50 -1.1848 -84.8006 50 0 -82.7485 1.0000
50 -0.9009 -85.5211 50 0 -82.7485 1.0000
50 0 0 50 -1 2 2.3669
50 -1 2 50 0 0 2.3669
50 2.4900 -0.0010 50 -2.4900 0.0009 7.1792
50 2.4900 -0.0010 50 -2.4900 0.0010 7.1792
50 2.4900 -0.0010 50 -2.4900 0.0011 7.2195
50 2.4900 -0.0010 50 -2.4900 0.0012 7.2195
50 -0.0010 2.4900 50 0.0009 -2.4900 4.8045
50 -0.0010 2.4900 50 0.0010 -2.4900 4.8045
50 -0.0010 2.4900 50 0.0011 -2.4900 4.7461
50 2.5 0 50 0 -2.5 4.3065
50 2.5 0 73 25 -18 27.1492
50 2.5 0 61 -5 29 22.8977
50 2.5 0 56 -27 -3 31.9030
50 2.5 0 58 24 15 19.4535
50 2.5 0 50 3.1736 0.5854 1.0000
50 2.5 0 50 3.2972 0 1.0000
50 2.5 0 50 1.8634 0.5757 1.0000
50 2.5 0 50 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""


def test_colour_differences_are_those_of_the_paper() -> None:
    table = np.array([line.split() for line in PAIRS.strip().splitlines()], dtype=float)
    first, second, expected = table[:, :3], table[:, 3:6], table[:, 6]
    assert ciede2000(first, second) == pytest.approx(expected, abs=5e-5)
    assert ciede2000(second, first) == pytest.approx(expected, abs=5e-5)
    assert ciede2000(first, first) == pytest.approx(0)
