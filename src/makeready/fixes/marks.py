"""Crop marks: where a page says by lines round the product that it is to be cut.

A corner is marked by two lines outside of it: an upright one that points down or up at the corner, and a level one
that points at it from the side. Four corners that lie on a rectangle are the trim; where bleed is marked as well,
the innermost rectangle is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import NamedTuple

from makeready.facts import Rect

#: A mark is a line this long, in points.
SHORTEST, LONGEST = 4.0, 90.0
#: How far from the corner a mark begins at most: beyond the widest usual bleed.
_FARTHEST = 45.0
#: Two marks of one edge may be so far out of line.
_SLACK = 0.6
#: Lines looked at on either end of a page.
_MOST = 300
#: By how much the gaps between the corners and their marks may differ.
_UNEVEN = 1.5


class _Corner(NamedTuple):
    x: float
    y: float
    #: -1 where the marks lie to the left of (below) the corner, 1 where they lie to the right of (above) it.
    side: int
    height: int
    #: How far from the corner they begin: the level one, and the upright one.
    gaps: tuple[float, float]


def marked_trim(lines: Iterable[Rect]) -> Rect | None:
    """The rectangle that crop marks stand round, or ``None``; in points.

    Args:
        lines: level and upright lines of the page, without thickness.
    """
    marks = [line for line in lines if SHORTEST <= max(line.width, line.height) <= LONGEST]
    upright = _outermost([line for line in marks if line.height > line.width], lambda line: line.y0)
    level = _outermost([line for line in marks if line.width > line.height], lambda line: line.x0)
    corners = list(dict.fromkeys(_corners(upright, level)))
    low = [corner for corner in corners if (corner.side, corner.height) == (-1, -1)]
    high = [corner for corner in corners if (corner.side, corner.height) == (1, 1)]
    found = [
        Rect(one.x, one.y, other.x, other.y)
        for one, other in product(low, high)
        if one.x < other.x and one.y < other.y and _alike(one, other) and _closed(one, other, corners)
    ]
    return min(found, key=lambda rect: rect.width * rect.height, default=None)


def _outermost(lines: list[Rect], at: Callable[[Rect], float]) -> list[Rect]:
    """Of a drawing with thousands of lines, those at both ends: marks stand outside of it."""
    if len(lines) <= 2 * _MOST:
        return lines
    in_order = sorted(lines, key=at)
    return in_order[:_MOST] + in_order[-_MOST:]


def _closed(low: _Corner, high: _Corner, corners: list[_Corner]) -> bool:
    """Whether the other two corners are marked as well, in the same way."""
    return all(
        any(
            (corner.side, corner.height) == turned
            and abs(corner.x - x) <= _SLACK
            and abs(corner.y - y) <= _SLACK
            and _alike(corner, low)
            for corner in corners
        )
        for turned, x, y in (((1, -1), high.x, low.y), ((-1, 1), low.x, high.y))
    )


def _alike(one: _Corner, other: _Corner) -> bool:
    """Marks of one set begin equally far from their corners; frames and tables hardly ever do."""
    gaps = (*one.gaps, *other.gaps)
    return max(gaps) - min(gaps) <= _UNEVEN


def _corners(upright: list[Rect], level: list[Rect]) -> Iterator[_Corner]:
    for one, other in product(upright, level):
        x, y = (one.x0 + one.x1) / 2, (other.y0 + other.y1) / 2
        side = 1 if other.x0 > x - _SLACK else -1 if other.x1 < x + _SLACK else 0
        height = 1 if one.y0 > y - _SLACK else -1 if one.y1 < y + _SLACK else 0
        if not side or not height:
            continue  # they cross: a registration mark
        across = other.x0 - x if side > 0 else x - other.x1
        along = one.y0 - y if height > 0 else y - one.y1
        if across <= _FARTHEST and along <= _FARTHEST:
            yield _Corner(round(x, 2), round(y, 2), side, height, (round(across, 2), round(along, 2)))
