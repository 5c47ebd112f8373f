"""thicken_lines: what is too thin prints, and nothing else moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import makeready
from fixes.looks import assert_same_look, codes, fixed, mupdf_pixels, poppler_pixels, qpdf_clean, unchanged
from makeready.testing import pdf

SIZE = "100x100mm"
RICH = (0.5, 0.5, 0, 0.5)
THIN = {
    "a hairline": lambda page: page.line(width="0.1 pt"),
    "the thinnest that a device can draw": lambda page: page.line(width="0 pt"),
    "a line in several inks": lambda page: page.line(width="0.3 pt", colour=RICH),
    "a dashed line": lambda page: page.line(width="0.1 pt", dash=(3, 2)),
    "a thin rectangle": lambda page: page.raw("30 30 100 0.1 re f"),
    "a rectangle upright": lambda page: page.raw("30 30 0.1 100 re f"),
    "a rectangle drawn backwards": lambda page: page.raw("130 30.1 -100 -0.1 re f"),
    "a polygon": lambda page: page.raw("30 30 m 130 30 l 130 30.1 l 30 30.1 l h f"),
    "a slanted polygon": lambda page: page.raw("30 30 m 130 80 l 130 80.1 l 30 30.1 l h f"),
    "several rectangles in one path": lambda page: page.raw("30 30 100 0.1 re 30 60 100 0.1 re f"),
    "a scaled line": lambda page: page.raw("q 0.1 0 0 0.1 0 0 cm 1 w 300 300 m 900 900 l S Q"),
    "a squeezed line": lambda page: page.raw("q 1 0 0 0.1 0 0 cm 1 w 30 300 m 130 300 l S Q"),
    "a turned line": lambda page: page.raw("q 0.7 0.7 -0.7 0.7 100 30 cm 0.1 w 0 0 m 90 0 l S Q"),
    "in a form": lambda page: page.line(width="0.1 pt", within="form"),
    "by a graphics state": lambda page: page.raw(
        "/Thin gs 30 30 m 130 30 l S", {"/ExtGState": {"/Thin": {"/LW": 0.1}}}
    ),
}


def strokes(data: bytes, page: int = 1) -> list[tuple[float, bool, int]]:
    facts = makeready.inspect(data).facts
    assert facts is not None
    return sorted((round(float(row.width), 3), row.filled, row.count) for row in facts.strokes if row.page == page)


@pytest.mark.parametrize("name", THIN)
def test_thin_lines_are_cured(name: str) -> None:
    page = THIN[name](pdf(SIZE))
    assert "LIN101" in codes(makeready.check(page.bytes()))
    result = fixed(page, "thicken_lines")
    assert [issue.code for issue in result.fixed] == ["LIN101"] * len(result.fixed) != []
    assert not result.new
    assert "LIN101" not in codes(result.final)
    qpdf_clean(result.data)
    unchanged(result.data, "thicken_lines")


WIDE = {
    "wide enough": lambda page: page.line(width="0.25 pt"),
    "white, wide enough": lambda page: page.line(width="0.5 pt", colour=(0, 0, 0, 0)),
    "a shape, not a line": lambda page: page.raw("30 30 0.2 0.3 re f"),
    "a clip": lambda page: page.raw("q 30 30 100 0.1 re W n Q"),
    "a filled clip": lambda page: page.raw("q 30 30 100 0.1 re W f Q"),
    "crop marks": lambda page: page.crop_marks(),
    "text": lambda page: page.text("hairline", size="9 pt"),
}


@pytest.mark.parametrize("name", WIDE)
def test_the_rest_is_left_alone(name: str) -> None:
    unchanged(WIDE[name](pdf(SIZE, slug="10 mm")), "thicken_lines")


def test_the_new_width_is_the_limit_of_the_colour() -> None:
    page = pdf(SIZE).line(width="0.1 pt").line(width="0.1 pt", colour=RICH, at=("10 mm", "40 mm"))
    result = fixed(page, [{"fix": "thicken_lines", "width": "0.4 pt", "inks": "0.6 pt"}])
    assert strokes(result.data) == [(0.4, False, 1), (0.6, False, 1)]
    assert result.changes[0].message == "2 lines made wide enough to print; the thinnest had 0.1 pt"


def test_a_plan_takes_the_limits_of_the_profile() -> None:
    held = makeready.measure(settings=["LIN101.width.warning=0.3pt", "LIN101.width.error=0.2pt"])
    report = makeready.check(pdf(SIZE).line(width="0.1 pt").bytes(), held)
    assert makeready.plan(report, held).left[0].fix == "thicken_lines"  # it may change the look
    (step,) = makeready.plan(report, held, allow="review").steps
    assert (step.fix, step.settings["width"], step.cures) == ("thicken_lines", "0.3 pt", ("LIN101",))


def test_a_drawing_in_two_sizes_is_mended_in_each() -> None:
    import pikepdf

    page = pdf(SIZE)
    file = page.objects
    drawing = file.make_stream(
        b"0.5 w 0 0 m 100 0 l S",
        {"/Type": pikepdf.Name.XObject, "/Subtype": pikepdf.Name.Form, "/BBox": [-5, -5, 200, 200]},
    )
    page.raw("q 1 0 0 1 40 40 cm /D Do Q q 0.25 0 0 0.25 40 80 cm /D Do Q", {"/XObject": {"/D": drawing}})
    before = page.bytes()
    assert strokes(before) == [(0.125, False, 1), (0.5, False, 1)]
    assert strokes(fixed(before, "thicken_lines").data) == [(0.25, False, 1), (0.5, False, 1)]


@pytest.mark.parametrize("page_settings", [{"rotate": 90}, {"user_unit": 2}, {"slug": "7 mm"}])
def test_only_the_lines_look_different(page_settings: dict[str, Any]) -> None:
    page = pdf(SIZE, **page_settings).text("kept as it is", at=("10 mm", "60 mm"))
    page.rectangle(at=("50 mm", "70 mm")).raw("40 40 90 0.1 re f").line(width="0.05 pt", at=("20 mm", "30 mm"))
    before = page.bytes()
    result = fixed(before, "thicken_lines")
    for draw in (mupdf_pixels, poppler_pixels):
        old, new = draw(before, ppi=150), draw(result.data, ppi=150)
        darker = (old.astype(int) - new.astype(int)).max(axis=2) > 8
        assert 0 < darker.mean() < 0.02
        assert not np.any((new.astype(int) - old.astype(int)).max(axis=2) > 8), "something got lighter"


def test_wide_rectangles_in_the_path_stay() -> None:
    page = pdf(SIZE).raw("30 30 100 0.1 re 30 100 80 40 re f")
    plain = pdf(SIZE).raw("30 29.925 100 0.25 re 30 100 80 40 re f")
    assert_same_look(plain.bytes(), fixed(page, "thicken_lines").data, ppi=200)
