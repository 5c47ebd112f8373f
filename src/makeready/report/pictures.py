"""Pictures of the pages for a report: those with issues first, a limited number, failures kept in words.

Everything in and out is plain data, so that the drawing, which runs native code on a stranger's file, can be
done in a child process.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Protocol

from makeready.errors import MakereadyError, UnreadableFile
from makeready.report.crops import LONGEST_PX, Crop, Fractions, Window, windows
from makeready.results import Report
from makeready.units import Percent

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    from makeready.facts import Page

#: Pictures in one report of one file.
LIMIT = 40
#: Bytes of the large pictures in one report of one file; when they are spent, pages are shown small.
LARGE_BYTES = 6_000_000
#: Bytes of one close-up; one that needs more is drawn coarser. Sixty of them are 1.5 MB.
CROP_BYTES = 25_000
#: Pages without issues are only there for the overview.
OVERVIEW_PX = 360
#: Pages with a map of their ink in one report of one file, the heaviest ones, and the longer side of a map.
MAPS, MAP_PX = 12, 420
#: What is red in a map where the profile sets no limit.
USUAL_INK_LIMIT = 300.0
#: What close-ups of a raster file are cut from.
_RASTER_PX = 2400

Source = str | PathLike[str] | bytes


@dataclass(frozen=True, slots=True)
class InkMap:
    """The total ink of a page as a PNG, red from ``limit`` per cent on; or in ``error`` why there is none."""

    data: bytes
    limit: float
    #: Whether the limit is the profile's; else it is the usual one.
    held: bool
    error: str | None = None


@dataclass(frozen=True, slots=True)
class PagePicture:
    """One page as it looks, or in ``error`` why it cannot be shown (then ``data`` is empty)."""

    page: int
    data: bytes
    media_type: str
    width_px: int
    height_px: int
    error: str | None
    #: Close-ups of places on it.
    crops: tuple[Crop, ...] = ()
    #: Where its ink lies, if that was measured.
    ink: InkMap | None = None


class Draw(Protocol):
    """What draws the pages of one kind of file."""

    def __call__(self, page_number: int, width_px: int, area: Fractions | None = None, /) -> bytes: ...

    def total_ink(self, page: Page, inks: Iterable[str], /) -> npt.NDArray[np.float32]: ...


def pictures_for(report: Report, source: Source, *, limit: int = LIMIT, width_px: int = 900) -> tuple[PagePicture, ...]:
    """Draw the pages of a file that has been checked: pages with issues first, each group in page order.

    At most ``limit`` pages; the report says how many are left out. A page that cannot be drawn is among them,
    with the reason. An unreadable file has no pictures. The bytes are bounded: when ``LARGE_BYTES`` are spent,
    pages are drawn small; close-ups and maps of ink are limited in number and each in size.
    """
    numbers = wanted_pages(report, limit)
    if report.facts is None or not numbers:
        return ()
    try:
        with drawing(report.facts.kind, source) as draw:
            return tuple(_pictures(draw, report, numbers, width_px))
    except MakereadyError as error:
        return tuple(PagePicture(number, b"", "", 0, 0, str(error)) for number in numbers)


def _pictures(draw: Draw, report: Report, numbers: Sequence[int], width_px: int) -> Iterator[PagePicture]:
    with_issues = {issue.page for issue in report.issues}
    crops: dict[int, list[Window]] = {}
    for window in windows(report, frozenset(numbers)):
        crops.setdefault(window.page, []).append(window)
    mapped, ink_limit = _mapped(report, numbers), report.profile.ink_limit
    left = LARGE_BYTES
    for number in numbers:
        large = number in with_issues and left > 0
        picture = page_picture(draw, number, width_px if large else min(width_px, OVERVIEW_PX))
        left -= len(picture.data) if large else 0
        if picture.error is None:
            shown = tuple(_crop(draw, window, picture) for window in crops.get(number, ()))
            ink = _ink_map(draw, *mapped[number], ink_limit) if number in mapped else None
            picture = replace(picture, crops=shown, ink=ink)
        yield picture


def wanted_pages(report: Report, limit: int = LIMIT) -> tuple[int, ...]:
    """The numbers of the pages to show: with issues first, each group in page order, at most ``limit``."""
    if report.facts is None:
        return ()
    with_issues = {issue.page for issue in report.issues}
    numbers = [page.number for page in report.facts.pages]
    return tuple(sorted(numbers, key=lambda number: (number not in with_issues, number))[: max(limit, 0)])


def _mapped(report: Report, numbers: Sequence[int]) -> dict[int, tuple[Page, tuple[str, ...]]]:
    """The pages with a map of ink and what is painted on them: the heaviest of those whose ink was measured."""
    facts = report.facts
    if facts is None:
        return {}
    heaviest = sorted(facts.ink_coverage, key=lambda coverage: -coverage.average)
    pages = [facts.page(coverage.page) for coverage in heaviest if coverage.page in numbers]
    return {
        page.number: (page, tuple(ink.name for ink in facts.inks if page.number in ink.pages))
        for page in pages[:MAPS]
        if page is not None
    }


def _ink_map(draw: Draw, page: Page, inks: Iterable[str], held: Percent | None) -> InkMap:
    from makeready.report.maps import heat_map

    limit = USUAL_INK_LIMIT if held is None else float(held)
    try:
        return InkMap(heat_map(draw.total_ink(page, inks), limit, longest_px=MAP_PX), limit, held is not None)
    except MakereadyError as error:
        return InkMap(b"", limit, held is not None, str(error))


@contextmanager
def drawing(kind: str, source: Source) -> Iterator[Draw]:
    """Open a file of a kind, ``pdf`` or ``raster``, once to draw many of its pages."""
    if kind == "pdf":
        from makeready.pdf import render

        with render.drawing(source) as draw:
            yield draw
    else:
        yield _Raster(source)


class _Raster:
    """Draws a picture file; it is decoded once for all its close-ups."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._large: Image | None = None

    def __call__(self, _page_number: int, width_px: int, area: Fractions | None = None) -> bytes:
        from makeready.raster.picture import picture

        if area is None:
            return picture(self._source, width_px=width_px)
        from PIL import Image

        if self._large is None:
            with Image.open(io.BytesIO(picture(self._source, width_px=_RASTER_PX))) as large:
                self._large = large.convert("RGB")
        width, height = self._large.size
        x0, x1 = area[0] * width, (area[0] + area[2]) * width
        y0, y1 = area[1] * height, (area[1] + area[3]) * height
        # Pixels that are coarse on the page stay coarse here: enlarged without smoothing.
        size = (width_px, max(1, round(width_px * (y1 - y0) / (x1 - x0))))
        filtering = Image.Resampling.BOX if size[0] < x1 - x0 else Image.Resampling.NEAREST
        file = io.BytesIO()
        self._large.resize(size, filtering, (x0, y0, x1, y1)).save(file, "JPEG", quality=85)
        return file.getvalue()

    def total_ink(self, _page: Page, _inks: Iterable[str]) -> npt.NDArray[np.float32]:
        raise UnreadableFile("A picture file has no plates yet.")


def page_picture(draw: Draw, number: int, width_px: int) -> PagePicture:
    """One page, or the reason why there is no picture of it."""
    try:
        data = draw(number, width_px)
    except MakereadyError as error:
        return PagePicture(number, b"", "", 0, 0, str(error))
    media_type, width, height = _kind(data)
    return PagePicture(number, data, media_type, width, height, None)


def _crop(draw: Draw, window: Window, page: PagePicture) -> Crop:
    """A close-up, in fewer pixels where it would take too many bytes.

    The page itself was drawn before, so that a part of it can be drawn as well.
    """
    shape = window.area[2] * page.width_px / (window.area[3] * page.height_px)
    width_px = max(1, round(LONGEST_PX * min(1.0, shape)))
    data = draw(window.page, width_px, window.area)
    while len(data) > CROP_BYTES and width_px > 1:
        width_px = width_px * 2 // 3
        data = draw(window.page, width_px, window.area)
    return Crop(window, data, *_kind(data))


def _kind(data: bytes) -> tuple[str, int, int]:
    """Media type, width and height."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return Image.MIME[image.format or "PNG"], image.width, image.height
