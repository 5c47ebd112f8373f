"""Where things are on a page as it is seen: in fractions of its picture, in millimetres from the trim.

Facts hold PDF user space: the origin at the bottom left, the page not turned. People look at a page that has
been turned by its Rotate, and measure from the top left corner of the product. Only this file converts.
"""

from __future__ import annotations

from makeready.facts import Page, Rect
from makeready.units import POINTS_PER_MM

#: The sheet that PDF readers show when the MediaBox is missing or empty: US Letter.
LETTER = Rect(0.0, 0.0, 612.0, 792.0)


def sheet(page: Page) -> Rect:
    """The area that a picture of the page shows: the MediaBox, with bleed and marks; not turned."""
    media = page.media
    return LETTER if media is None or media.width <= 0 or media.height <= 0 else media


def quarter_turns(page: Page) -> int:
    """How often the page is turned clockwise by 90 degrees: 0 to 3.

    Rotate ought to be a multiple of 90 (ISO 32000-1, table 30); another number counts as the nearest one, as
    in MuPDF, so that places and pictures agree.
    """
    return (page.rotate % 360 + 45) // 90 % 4


def displayed_size(page: Page) -> tuple[float, float]:
    """Width and height in points of the whole sheet as displayed."""
    area = sheet(page)
    sides = (float(area.width), float(area.height))
    return sides if quarter_turns(page) % 2 == 0 else (sides[1], sides[0])


def on_display(page: Page, rect: Rect) -> tuple[float, float, float, float]:
    """Where a rectangle lies in the picture of its page: left, top, width, height in fractions of the picture.

    The picture shows the MediaBox as displayed; what lies outside of it gets fractions below 0 or above 1.
    """
    left, top, right, bottom = _seen_from_top_left(rect, sheet(page), quarter_turns(page))
    width, height = displayed_size(page)
    return left / width, top / height, (right - left) / width, (bottom - top) / height


def mm_from_trim(page: Page, rect: Rect) -> tuple[float, float, float, float] | None:
    """Millimetres from the top left corner of the product as displayed: left, top, right, bottom.

    Places in the bleed have negative numbers. ``None`` where the page has no box to measure from.
    """
    trim = page.trim
    if trim is None:
        return None
    left, top, right, bottom = _seen_from_top_left(rect, trim, quarter_turns(page))
    return left / POINTS_PER_MM, top / POINTS_PER_MM, right / POINTS_PER_MM, bottom / POINTS_PER_MM


def _seen_from_top_left(rect: Rect, frame: Rect, turns: int) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in points from the corner of ``frame`` that is top left after turning; y down."""
    from_left, from_right = (rect.x0 - frame.x0, rect.x1 - frame.x0), (frame.x1 - rect.x1, frame.x1 - rect.x0)
    from_bottom, from_top = (rect.y0 - frame.y0, rect.y1 - frame.y0), (frame.y1 - rect.y1, frame.y1 - rect.y0)
    across, down = (
        (from_left, from_top),
        (from_bottom, from_left),  # clockwise once: the left edge is up, the bottom edge is left
        (from_right, from_bottom),
        (from_top, from_right),
    )[turns]
    return across[0], down[0], across[1], down[1]
