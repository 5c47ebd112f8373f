"""Close-ups of places for a report: which places are worth one, and how much around each is shown.

A frame on a picture of the page says where; a close-up says what. A line of 0.1 pt or a text of 4 pt cannot be
seen on a page that is 480 pixels wide. Places that fill the page have no close-up: it would show the page again.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

from makeready.facts import Artwork, Page, Rect
from makeready.pdf.boxes import displayed_size, on_display
from makeready.report.entries import Entry, entries
from makeready.results import Issue, Place, Report
from makeready.units import POINTS_PER_MM

#: Close-ups under one number of the list, and in the report of one file: the first of each number come first.
AN_ENTRY, A_REPORT = 3, 60
#: The longer side of a close-up; it is shown smaller, so that it is crisp on fine screens and on paper.
LONGEST_PX = 360

#: Nobody recognises a spot without what is around it.
_NARROWEST = 10 * POINTS_PER_MM
#: Of long, thin places (lines, lines of text, strips of bleed) one end is shown, this long or eight times as
#: long as they are thick: at 200 pixels a type of 4 pt can be read and a line of 0.1 pt is to be seen.
_END, _END_BY_THICKNESS = 12 * POINTS_PER_MM, 8
#: Around the place, on each side, as a share of what is shown of it.
_MARGIN, _LEAST_MARGIN = 0.25, 2 * POINTS_PER_MM
_WIDTH_TO_HEIGHT = 4 / 3
#: A close-up of more than this share of the page is none.
_SHARE = 0.5

#: Left, top, width, height as fractions of a picture.
Fractions = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Window:
    """What a close-up shows: a part of the picture of a page, and where the place lies within that part."""

    #: The number in the list that it belongs to, such as 7, and that of the issue, such as 7.2.
    entry: int
    number: str
    page: int
    #: In fractions of the picture of the page.
    area: Fractions
    #: In fractions of the close-up; a long place runs out of it.
    frame: Fractions


@dataclass(frozen=True, slots=True)
class Crop:
    """A close-up as it is shown."""

    window: Window
    data: bytes
    media_type: str
    width_px: int
    height_px: int


def windows(report: Report, pages: Collection[int]) -> tuple[Window, ...]:
    """The close-ups worth drawing on these pages: one for each number of the list, then the second ones, and on."""
    if report.facts is None:
        return ()
    facts = report.facts
    found = [tuple(islice(_distinct(facts, entry, pages), AN_ENTRY)) for entry in entries(report.issues)]
    in_turn = chain.from_iterable(zip_longest(*found))
    return tuple(islice((window for window in in_turn if window is not None), A_REPORT))


def _distinct(facts: Artwork, entry: Entry, pages: Collection[int]) -> Iterator[Window]:
    """Close-ups of an entry's places, without those that an earlier one shows already."""
    shown: list[tuple[int, Fractions]] = []
    for number, issue, place in _in_order(entry):
        page = facts.page(issue.page)
        if page is None or page.number not in pages or not all(map(math.isfinite, place.pt)):
            continue
        at = on_display(page, Rect(*place.pt))
        if any(page.number == other and _starts_in(at, area) for other, area in shown):
            continue
        if area := _area(page, at):
            shown.append((page.number, area))
            yield Window(entry.number, number, page.number, area, _within(at, area))


def _in_order(entry: Entry) -> Iterator[tuple[str, Issue, Place]]:
    """The first place of each issue, then all further places."""
    further = []
    for number, issue in entry.numbered():
        places = issue.places or ((issue.place,) if issue.place else ())
        if places:
            yield number, issue, places[0]
            further.append((number, issue, places[1:]))
    for number, issue, rest in further:
        for place in rest:
            yield number, issue, place


def _area(page: Page, at: Fractions) -> Fractions | None:
    """The part of the page around a place; ``None`` where the place is off the page or fills it."""
    across, down = displayed_size(page)
    left, top, width, height = at[0] * across, at[1] * down, at[2] * across, at[3] * down
    if left >= across or top >= down or left + width <= 0 or top + height <= 0:
        return None
    left, width = max(left, 0.0), min(left + width, across) - max(left, 0.0)
    top, height = max(top, 0.0), min(top + height, down) - max(top, 0.0)
    seen_width = min(width, max(_END, _END_BY_THICKNESS * height))
    seen_height = min(height, max(_END, _END_BY_THICKNESS * width))
    margin = max(_MARGIN * max(seen_width, seen_height), _LEAST_MARGIN)
    wide, high = max(seen_width + 2 * margin, _NARROWEST), seen_height + 2 * margin
    wide, high = max(wide, high * _WIDTH_TO_HEIGHT), max(high, wide / _WIDTH_TO_HEIGHT)
    if min(wide, across) * min(high, down) > _SHARE * across * down:
        return None
    x, wide = _on_sheet(left + seen_width / 2, wide, across)
    y, high = _on_sheet(top + seen_height / 2, high, down)
    return x / across, y / down, wide / across, high / down


def _on_sheet(middle: float, length: float, whole: float) -> tuple[float, float]:
    """Start and length of a stretch around ``middle``, moved so that it does not leave the sheet."""
    length = min(length, whole)
    return min(max(middle - length / 2, 0.0), whole - length), length


def _starts_in(at: Fractions, area: Fractions) -> bool:
    x, y = max(at[0], 0.0), max(at[1], 0.0)
    return area[0] <= x <= area[0] + area[2] and area[1] <= y <= area[1] + area[3]


def _within(at: Fractions, area: Fractions) -> Fractions:
    return (at[0] - area[0]) / area[2], (at[1] - area[1]) / area[3], at[2] / area[2], at[3] / area[3]
