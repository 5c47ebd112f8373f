"""Thin lines made wide enough: strokes by their width, filled rectangles by their sides."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from makeready.facts import Artwork, Colour, Page, Rect
from makeready.pdf.mend.paints import colour
from makeready.pdf.mend.streams import (
    FILLS,
    STROKES,
    Here,
    Instruction,
    Matrix,
    Paint,
    State,
    Walk,
    inverse,
    moved,
)
from makeready.pdf.mend.working import Working
from makeready.pdf.shapes import LINE_RATIO

#: The least width in points that a line of a colour must have.
Limit = Callable[[Colour | None], float]
Point = tuple[float, float]
#: Half the rounding of numbers in a file: wider by this is not wider.
_SLACK = 1e-4


@dataclass(slots=True)
class Widened:
    """What was done on a page."""

    page: int
    count: int = 0
    thinnest: float = math.inf
    places: list[Rect] = field(default_factory=list)


def widen(working: Working, artwork: Artwork, limit: Limit) -> Iterator[Widened]:
    """Widen what is too thin on the pages of the artwork; what lies in the slug stays.

    Args:
        working: the PDF.
        artwork: its facts.
        limit: what a line needs, by its colour.
    """
    visitor = _Lines(limit)
    walk = Walk(working.pdf, visitor, roles=("pattern", "annotation"))
    for page in artwork.pages:
        visitor.begin(page)
        walk.page(page.number)
    walk.finish()
    yield from visitor.found.values()


class _Lines:
    """Answers at the end of each path."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._area: Rect | None = None
        self.found: dict[int, Widened] = {}

    def begin(self, page: Page) -> None:
        """The page whose bleed says what is slug."""
        self._area = page.bleed

    def key(self, state: State) -> Hashable:
        return (
            tuple(round(number, 3) for number in state.ctm), state.line_width, colour(state.fill), colour(state.stroke)
        )  # fmt: skip

    def visit(self, here: Here, operands: Sequence[Any], operator: str) -> Sequence[Instruction] | None:
        if operator in STROKES:
            return self._stroke(here, operator)
        if operator in FILLS:
            return self._fill(here, operator)
        return None

    def _stroke(self, here: Here, operator: str) -> Sequence[Instruction] | None:
        points = [point for shape in subpaths(here.path) for point in shape]
        least = self._least(here, here.state.stroke, points)
        if least is None:
            return None
        unit = thinnest_scale(here.state.ctm, points)
        width = here.state.line_width * unit
        if unit <= 0 or width >= least - _SLACK:
            return None
        self._note(here, width, points)
        path = [(step.operands, step.operator) for step in here.path]
        return [([least / unit], "w"), *path, ([], operator), ([here.state.line_width], "w")]

    def _fill(self, here: Here, operator: str) -> Sequence[Instruction] | None:
        if here.clips:  # a wider clip would show more of what follows
            return None
        answer: list[Instruction] = []
        widened = False
        for steps in _shapes(here.path):
            straight = all(str(step.operator) in ("m", "l", "h", "re") for step in steps)
            new = self._wider(here, next(subpaths(steps))) if straight else None
            if new is None:
                answer.extend((step.operands, step.operator) for step in steps)
            else:
                widened = True
                answer.extend(_closed(new))
        return [*answer, ([], operator)] if widened else None

    def _wider(self, here: Here, points: Sequence[Point]) -> list[Point] | None:
        """The corners of a thin quadrilateral, moved apart; ``None`` for any other shape."""
        corners = _corners(points)
        least = self._least(here, here.state.fill, points)
        if corners is None or least is None:
            return None
        seen = [moved(point, here.state.ctm) for point in corners]
        first, second = math.dist(seen[0], seen[1]), math.dist(seen[1], seen[2])
        if first < second:  # so that the long sides run from 0 to 1 and from 3 to 2
            seen = [*seen[1:], seen[0]]
        length = math.dist(seen[0], seen[1])
        if length <= 0:
            return None
        along = ((seen[1][0] - seen[0][0]) / length, (seen[1][1] - seen[0][1]) / length)
        across = (-along[1], along[0])
        heights = [(x - seen[0][0]) * across[0] + (y - seen[0][1]) * across[1] for x, y in seen]
        low, high = (heights[0] + heights[1]) / 2, (heights[2] + heights[3]) / 2
        width = abs(high - low)
        if width >= least - _SLACK or length <= LINE_RATIO * width:
            return None
        sign = 1.0 if high >= low else -1.0
        more = (least - width) / 2 * sign
        outward = [-more, -more, more, more]
        wide = [(x + across[0] * by, y + across[1] * by) for (x, y), by in zip(seen, outward, strict=True)]
        self._note(here, width, points)
        back = inverse(here.state.ctm)
        return None if back is None else [moved(point, back) for point in wide]

    def _least(self, here: Here, paint: Paint, points: Sequence[Point]) -> float | None:
        """What a line here must have; ``None`` where it may be as it is."""
        if not points:
            return None
        seen = [moved(point, here.state.ctm) for point in points]
        bounds = Rect(*map(min, zip(*seen, strict=True)), *map(max, zip(*seen, strict=True)))
        found = colour(paint)
        if self._area is not None and here.role != "pattern":
            if not _meets(bounds, self._area):
                return None
            registration = found is not None and any(name == "All" for name, _ in found.inks)
            if registration and not self._area.contains(bounds):
                return None
        return self._limit(found)

    def _note(self, here: Here, width: float, points: Sequence[Point]) -> None:
        seen = [moved(point, here.state.ctm) for point in points]
        row = self.found.setdefault(here.page, Widened(here.page))
        row.count += 1
        row.thinnest = min(row.thinnest, width)
        if len(row.places) < 32:
            row.places.append(Rect(*map(min, zip(*seen, strict=True)), *map(max, zip(*seen, strict=True))))


def _meets(one: Rect, other: Rect) -> bool:
    return one.x0 <= other.x1 and one.x1 >= other.x0 and one.y0 <= other.y1 and one.y1 >= other.y0


def thinnest_scale(ctm: Matrix, points: Sequence[Point]) -> float:
    """How much of its width a line keeps, as facts measure it: in its thinnest part, where the scale is uneven."""
    a, b, c, d, _, _ = ctm
    across, along, area = a * a + b * b, c * c + d * d, abs(a * d - b * c)
    if abs(across - along) <= 1e-4 * (across + along) and abs(a * c + b * d) <= 1e-4 * (across + along):
        return math.sqrt(area)
    wide = max(x for x, _ in points) - min(x for x, _ in points)
    high = max(y for _, y in points) - min(y for _, y in points)
    if (wide == 0) != (high == 0) and across and along:
        return area / math.sqrt(across if high == 0 else along)
    half = (across + along) / 2
    return math.sqrt(max(0.0, half - math.sqrt(max(0.0, half * half - area * area))))


def _shapes(path: Sequence[Any]) -> Iterator[list[Any]]:
    """The instructions of a path, a subpath at a time."""
    steps: list[Any] = []
    for step in path:
        if str(step.operator) in ("m", "re") and steps:
            yield steps
            steps = []
        steps.append(step)
    if steps:
        yield steps


def subpaths(path: Sequence[Any]) -> Iterator[list[Point]]:
    """The points of each subpath, those that steer curves among them."""
    for steps in _shapes(path):
        points: list[Point] = []
        for step in steps:
            numbers = [float(number) for number in step.operands]
            if str(step.operator) == "re" and len(numbers) == 4:
                x, y, wide, high = numbers
                points += [(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)]
            else:
                points += list(zip(numbers[::2], numbers[1::2], strict=False))
        yield points


def _corners(points: Sequence[Point]) -> list[Point] | None:
    corners = list(points)
    if len(corners) == 5 and corners[0] == corners[4]:
        corners.pop()
    return corners if len(corners) == 4 else None


def _closed(corners: Sequence[Point]) -> Iterator[Instruction]:
    for place, corner in enumerate(corners):
        yield list(corner), "l" if place else "m"
    yield [], "h"
