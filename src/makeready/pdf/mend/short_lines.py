"""The short level and upright lines on a page, one by one: what crop marks are made of.

Facts tell the box of a whole path; marks are often one path that goes all round the page.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from pikepdf import Pdf

from makeready.facts import Rect
from makeready.pdf.mend.streams import FILLS, STROKES, Here, Instruction, State, Walk, moved

#: How far from level or upright a line may lean, and how thick a filled one may be, in points.
_LEAN, _THICKEST = 0.1, 3.0


def short_lines(pdf: Pdf, page: int, longest: float) -> list[Rect]:
    """Lines without thickness, in points.

    Args:
        pdf: the document; it is only read.
        page: the number of the page, from 1.
        longest: longer lines are left out, in points.
    """
    found = _Lines(longest)
    try:
        Walk(pdf, found, roles=()).page(page)
    except UnicodeDecodeError:
        return []  # operators that are no text: damage, among which no line can be trusted
    return found.lines


class _Lines:
    """Listens to what is painted."""

    def __init__(self, longest: float) -> None:
        self.lines: list[Rect] = []
        self._longest = longest

    def key(self, state: State) -> Hashable:
        """A form painted again elsewhere has other lines."""
        return state.ctm

    def visit(self, here: Here, operands: Sequence[Any], operator: str) -> Sequence[Instruction] | None:
        """Note the lines of a path; nothing is changed."""
        try:
            lines = list(_segments(here) if operator in STROKES else _bars(here) if operator in FILLS else ())
        except (ValueError, TypeError, IndexError):
            return None  # operands that no reader understands: nothing is painted
        self.lines += [line for line in lines if self._short(line)]
        return None

    def _short(self, line: Rect) -> bool:
        return min(line.width, line.height) <= _LEAN and max(line.width, line.height) <= self._longest


def _segments(here: Here) -> Iterator[Rect]:
    """The straight pieces of a path."""
    at: tuple[float, float] | None = None
    for instruction in here.path:
        operator, operands = str(instruction.operator), instruction.operands
        if operator == "m":
            at = _point(here, operands)
        elif operator == "l" and at is not None:
            to = _point(here, operands)
            yield _between(at, to)
            at = to
        elif operator in ("c", "v", "y", "re"):
            at = None


def _bars(here: Here) -> Iterator[Rect]:
    """The middle lines of thin rectangles."""
    for instruction in here.path:
        if str(instruction.operator) == "re":
            x, y, width, height = (float(number) for number in instruction.operands)
            area = _between(moved((x, y), here.state.ctm), moved((x + width, y + height), here.state.ctm))
            x, y = (area.x0 + area.x1) / 2, (area.y0 + area.y1) / 2
            if area.width <= _THICKEST < area.height:
                yield Rect(x, area.y0, x, area.y1)
            elif area.height <= _THICKEST < area.width:
                yield Rect(area.x0, y, area.x1, y)


def _point(here: Here, operands: Sequence[Any]) -> tuple[float, float]:
    return moved((float(operands[0]), float(operands[1])), here.state.ctm)


def _between(one: tuple[float, float], other: tuple[float, float]) -> Rect:
    (x0, x1), (y0, y1) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    return Rect(x0, y0, x1, y1)
