"""Pictures of the pages for a report: those with issues first, a limited number, failures kept in words.

Everything in and out is plain data, so that the drawing, which runs native code on a stranger's file, can be
done in a child process.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike

from makeready.errors import MakereadyError
from makeready.results import Report

#: Pictures in one report of one file; about 4 MB of them.
LIMIT = 40
#: Pages without issues are only there for the overview.
OVERVIEW_PX = 360

Source = str | PathLike[str] | bytes


@dataclass(frozen=True, slots=True)
class PagePicture:
    """One page as it looks, or in ``error`` why it cannot be shown (then ``data`` is empty)."""

    page: int
    data: bytes
    media_type: str
    width_px: int
    height_px: int
    error: str | None


def pictures_for(report: Report, source: Source, *, limit: int = LIMIT, width_px: int = 900) -> tuple[PagePicture, ...]:
    """Draw the pages of a file that has been checked: pages with issues first, each group in page order.

    At most ``limit`` pages; the report says how many are left out. A page that cannot be drawn is among them,
    with the reason. An unreadable file has no pictures.
    """
    numbers = wanted_pages(report, limit)
    if report.facts is None or not numbers:
        return ()
    with_issues = {issue.page for issue in report.issues}
    shown = []
    try:
        with _drawing(report.facts.kind, source) as draw:
            for number in numbers:
                shown.append(_picture(draw, number, width_px if number in with_issues else min(width_px, OVERVIEW_PX)))
    except MakereadyError as error:
        shown = [PagePicture(number, b"", "", 0, 0, str(error)) for number in numbers]
    return tuple(shown)


def wanted_pages(report: Report, limit: int = LIMIT) -> tuple[int, ...]:
    """The numbers of the pages to show: with issues first, each group in page order, at most ``limit``."""
    if report.facts is None:
        return ()
    with_issues = {issue.page for issue in report.issues}
    numbers = [page.number for page in report.facts.pages]
    return tuple(sorted(numbers, key=lambda number: (number not in with_issues, number))[: max(limit, 0)])


@contextmanager
def _drawing(kind: str, source: Source) -> Iterator[Callable[[int, int], bytes]]:
    if kind == "pdf":
        from makeready.pdf.render import drawing

        with drawing(source) as draw:
            yield draw
    else:
        from makeready.raster.picture import picture

        yield lambda _, width_px: picture(source, width_px=width_px)


def _picture(draw: Callable[[int, int], bytes], number: int, width_px: int) -> PagePicture:
    from PIL import Image

    try:
        data = draw(number, width_px)
    except MakereadyError as error:
        return PagePicture(number, b"", "", 0, 0, str(error))
    with Image.open(io.BytesIO(data)) as image:
        return PagePicture(number, data, Image.MIME[image.format or "PNG"], image.width, image.height, None)
