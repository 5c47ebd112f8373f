"""What a page has beside its content, moved along when the content is: annotations and boxes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pikepdf import Array, Dictionary, Object

from makeready.facts import Page, Rect
from makeready.pdf.mend.streams import Matrix

#: Coordinates in annotations (ISO 32000-1, 12.5.6; ISO 32000-2): one list of x and y, or a list of such lists.
_POINTS = ("/Rect", "/QuadPoints", "/Vertices", "/L", "/CL")
_LISTS = ("/InkList", "/Path")


def move_annotations(page: Object, matrix: Matrix) -> None:
    """Move the annotations of a page; their looks are fitted into their rectangles by every reader (12.5.5)."""
    found = page.get("/Annots")
    for annotation in found if isinstance(found, Array) else ():
        if not isinstance(annotation, Dictionary):
            continue
        for key in _POINTS:
            if isinstance(points := annotation.get(key), Array):
                annotation[key] = _moved(points, matrix)
        for key in _LISTS:
            if isinstance(lists := annotation.get(key), Array):
                annotation[key] = Array([_moved(points, matrix) for points in lists if isinstance(points, Array)])
        if isinstance(gaps := annotation.get("/RD"), Array):  # left, top, right, bottom
            across, along = abs(matrix[0]), abs(matrix[3])
            annotation.RD = Array([float(gap) * (along if place % 2 else across) for place, gap in enumerate(gaps)])


def _moved(points: Iterable[Any], matrix: Matrix) -> Array:
    numbers = [float(number) for number in points]
    pairs = zip(numbers[::2], numbers[1::2], strict=False)
    return Array([round(value, 5) for x, y in pairs for value in applied(matrix, x, y)])


def applied(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """Where a point lands."""
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def rect(matrix: Matrix, area: Rect) -> Rect:
    """Where a rectangle lands, by a matrix that scales and shifts."""
    x0, y0 = applied(matrix, area.x0, area.y0)
    x1, y1 = applied(matrix, area.x1, area.y1)
    return Rect(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def onto(area: Rect, target: Rect) -> Matrix:
    """The matrix that scales and shifts one rectangle onto another."""
    across, along = target.width / area.width, target.height / area.height
    return across, 0.0, 0.0, along, target.x0 - area.x0 * across, target.y0 - area.y0 * along


def in_units(area: Rect, unit: float) -> Rect:
    """A rectangle in points, in the units of a page that has a UserUnit."""
    return Rect(*(value / unit for value in area))


def write_box(page: Object, name: str, area: Rect, unit: float) -> None:
    """Write a page box that is given in points."""
    page[name] = Array([round(value, 5) for value in in_units(area, unit)])


def write_trim(native: Object, page: Page, area: Rect) -> None:
    """Write the TrimBox, given in points. PDF/X has a TrimBox or an ArtBox, never both (ISO 15930-7, 6.12)."""
    write_box(native, "/TrimBox", area, page.user_unit)
    if page.boxes.trim is None and "/ArtBox" in native:
        del native["/ArtBox"]


def union(one: Rect, other: Rect) -> Rect:
    """The smallest rectangle round both."""
    return Rect(min(one.x0, other.x0), min(one.y0, other.y0), max(one.x1, other.x1), max(one.y1, other.y1))
