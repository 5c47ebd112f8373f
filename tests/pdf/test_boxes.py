"""Places as displayed: fractions of the picture, millimetres from the trim."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makeready.facts import Box, Boxes, Page, Rect
from makeready.pdf.boxes import displayed_size, mm_from_trim, on_display
from makeready.units import POINTS_PER_MM

MM = POINTS_PER_MM
#: 100 × 200 mm trim, 3 mm bleed, 10 mm of paper around; the origin is not at the corner.
SHEET = Boxes(
    media=(-10 * MM, -10 * MM, 110 * MM, 210 * MM),
    bleed=(-3 * MM, -3 * MM, 103 * MM, 203 * MM),
    trim=(0, 0, 100 * MM, 200 * MM),
)


def mm(x0: float, y0: float, x1: float, y1: float) -> Rect:
    return Rect(x0 * MM, y0 * MM, x1 * MM, y1 * MM)


def box(rect: Rect) -> Box:
    return (rect.x0, rect.y0, rect.x1, rect.y1)


def page(rotate: int = 0, boxes: Boxes = SHEET, user_unit: float = 1.0) -> Page:
    return Page(1, boxes, rotate=rotate, user_unit=user_unit)


# A 20 × 5 mm rectangle whose left edge is 10 mm from the left of the trim and whose top is 30 mm below its top.
PLACE = mm(10, 165, 30, 170)


@pytest.mark.parametrize(
    ("rotate", "expected"),
    [
        (0, (10, 30, 30, 35)),
        (90, (165, 10, 170, 30)),
        (180, (70, 165, 90, 170)),
        (270, (30, 70, 35, 90)),
        (-90, (30, 70, 35, 90)),
        (450, (165, 10, 170, 30)),
    ],
)
def test_millimetres_run_from_the_top_left_of_the_trim_as_displayed(rotate: int, expected: tuple[float, ...]) -> None:
    assert mm_from_trim(page(rotate), PLACE) == pytest.approx(expected)


def test_a_place_in_the_bleed_is_before_the_corner() -> None:
    assert mm_from_trim(page(), mm(-3, 190, 10, 203)) == pytest.approx((-3, -3, 10, 10))


def test_a_page_without_boxes_has_nothing_to_measure_from() -> None:
    assert mm_from_trim(page(boxes=Boxes()), PLACE) is None


def test_without_a_trim_box_the_crop_box_is_measured_from() -> None:
    boxes = Boxes(media=SHEET.media, crop=SHEET.trim)
    assert mm_from_trim(page(boxes=boxes), PLACE) == pytest.approx((10, 30, 30, 35))


def test_fractions_count_the_whole_media_box() -> None:
    assert on_display(page(), PLACE) == pytest.approx((20 / 120, 40 / 220, 20 / 120, 5 / 220))


def test_facts_have_the_user_unit_applied_already() -> None:
    double = Boxes(media=(0, 0, 100, 100), trim=(10, 10, 90, 90))
    assert on_display(page(boxes=double, user_unit=2.0), Rect(0, 0, 100, 100)) == pytest.approx((0, 0.5, 0.5, 0.5))


@pytest.mark.parametrize("media", [None, (0.0, 0.0, 0.0, 0.0)])
def test_a_page_without_a_usable_media_box_is_shown_as_letter(
    media: tuple[float, float, float, float] | None,
) -> None:
    odd = page(boxes=Boxes(media=media))
    assert displayed_size(odd) == (612, 792)
    assert on_display(odd, Rect(0, 0, 612, 792)) == pytest.approx((0, 0, 1, 1))


numbers = st.floats(-500, 500)
sides = st.floats(1, 500)
rects = st.builds(lambda x, y, w, h: Rect(x, y, x + w, y + h), numbers, numbers, sides, sides)
turns = st.sampled_from([0, 90, 180, 270])


@given(rects, rects, turns)
def test_turning_keeps_the_area_and_the_sides(media: Rect, rect: Rect, rotate: int) -> None:
    turned = page(rotate, Boxes(media=box(media)))
    width, height = displayed_size(turned)
    _, _, w, h = on_display(turned, rect)
    assert sorted((w * width, h * height)) == pytest.approx(sorted((rect.width, rect.height)), abs=1e-6)


@given(rects, turns)
def test_the_media_box_fills_its_picture(media: Rect, rotate: int) -> None:
    assert on_display(page(rotate, Boxes(media=box(media))), media) == pytest.approx((0, 0, 1, 1))


@given(rects, rects, turns)
def test_fractions_and_millimetres_tell_of_the_same_place(media: Rect, rect: Rect, rotate: int) -> None:
    sheet = page(rotate, Boxes(media=box(media)))  # no TrimBox: both count from the MediaBox
    width, height = displayed_size(sheet)
    left, top, across, down = on_display(sheet, rect)
    expected = (left * width, top * height, (left + across) * width, (top + down) * height)
    measured = mm_from_trim(sheet, rect)
    assert measured is not None
    assert [value * MM for value in measured] == pytest.approx(expected, abs=1e-6)


def test_geometry_needs_no_pdf_library() -> None:
    program = "import sys, makeready.pdf.boxes; sys.exit(bool({'pymupdf', 'pikepdf'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
