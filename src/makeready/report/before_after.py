"""Pictures of the pages that a fix changed, before and after, aligned by their trim.

Like all pictures they are drawn in the child process that has done the work; what comes back is plain data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from makeready.changes import Result
from makeready.errors import MakereadyError
from makeready.facts import Artwork, Page, Rect
from makeready.pdf.boxes import displayed_size, on_display
from makeready.report.fix_text import SEEN
from makeready.report.pictures import LARGE_BYTES, OVERVIEW_PX, Draw, PagePicture, drawing, page_picture
from makeready.results import Report

#: Pages that are shown of one file; the report says how many more were changed.
LIMIT = 12
WIDTH_PX = 760
#: Places of changes that are framed on one page.
FRAMES = 120

#: Left, top, width, height.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Look:
    """A page as it looks, and where its trim lies."""

    picture: PagePicture
    #: The trim in fractions of the picture.
    trim: Box
    #: The size of the whole picture in points; of a picture file without a density, in pixels.
    size: tuple[float, float]
    #: Whether the size is known, or only the shape.
    sized: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a step changed something, in fractions of the picture before, and what."""

    step: int
    message: str
    place: Box


@dataclass(frozen=True, slots=True)
class Pair:
    """One page before and after; ``None`` where it is not there."""

    page: int
    before: Look | None
    after: Look | None
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """The pages that were changed, the first of them with pictures."""

    pairs: tuple[Pair, ...]
    changed: int
    #: Why there are no pictures, where something is in the way.
    error: str | None = None


def before_after(result: Result, source: Path, *, limit: int = LIMIT, width_px: int = WIDTH_PX) -> BeforeAfter | None:
    """Draw what was changed; nothing where nothing was.

    Args:
        result: with its new file.
        source: the input.
        limit: pages that are drawn at most.
        width_px: of each picture.
    """
    before, after, path = result.before, result.after, result.path
    if after is None or after.facts is None or path is None:
        return None
    numbers = changed_pages(result)
    try:
        new = _looks(after, path, numbers[:limit], width_px)
        old = {} if before.facts is None else _looks(before, source, numbers[:limit], width_px)
    except MakereadyError as error:
        return BeforeAfter((), len(numbers), str(error))
    pairs = tuple(Pair(number, old.get(number), new.get(number), _frames(result, number)) for number in numbers[:limit])
    return BeforeAfter(pairs, len(numbers))


def changed_pages(result: Result) -> tuple[int, ...]:
    """Pages that look different, that a change names, or whose issues are gone or new; else the first."""
    facts = result.final.facts
    there = [] if facts is None else [page.number for page in facts.pages]
    found = {proof.page for proof in result.proof if proof.differing >= SEEN}
    found |= {change.page for change in result.changes if change.page is not None}
    found |= {issue.page for issue in (*result.fixed, *result.new) if issue.page is not None}
    return tuple(number for number in there if number in found) or tuple(there[:1])


def _looks(report: Report, source: Path, numbers: tuple[int, ...], width_px: int) -> dict[int, Look]:
    facts = report.facts
    assert facts is not None
    pages = {number: page for number in numbers if (page := facts.page(number)) is not None}
    left = LARGE_BYTES / 2
    looks = {}
    with drawing(facts.kind, source) as draw:
        for number, page in pages.items():
            looks[number] = _look(draw, facts, page, width_px if left > 0 else OVERVIEW_PX)
            left -= len(looks[number].picture.data)
    return looks


def _look(draw: Draw, facts: Artwork, page: Page, width_px: int) -> Look:
    picture = page_picture(draw, page.number, width_px)
    whole = (0.0, 0.0, 1.0, 1.0)
    if facts.kind == "pdf":
        trim = page.trim
        size = (float(side) for side in displayed_size(page))
        return Look(picture, on_display(page, trim) if trim else whole, (next(size), next(size)), True)
    # The picture of a file with bleed reaches past its canvas, on all sides.
    place, canvas = next((image.place for image in facts.images), None), page.trim
    if place is None or canvas is None:
        assert facts.raster is not None
        width, height = facts.raster.shown_px
        return Look(picture, whole, (float(width), float(height)), False)
    wide, high = float(place.width), float(place.height)
    trim_at = (
        float(canvas.x0 - place.x0) / wide,
        float(place.y1 - canvas.y1) / high,
        float(canvas.width) / wide,
        float(canvas.height) / high,
    )
    return Look(picture, trim_at, (wide, high), True)


def _frames(result: Result, number: int) -> tuple[Frame, ...]:
    """Where things were changed on a page; not what fills all of it."""
    facts = result.before.facts
    page = facts.page(number) if facts is not None and facts.kind == "pdf" else None
    if page is None:
        return ()
    found = [
        Frame(step, change.message, on_display(page, place))
        for step, run in enumerate(result.runs, start=1)
        for change in run.changes
        if change.page == number
        for place in change.places
        if all(map(math.isfinite, place)) and not _fills(place, page)
    ]
    return tuple(found[:FRAMES])


def _fills(place: Rect, page: Page) -> bool:
    trim = page.trim
    return trim is not None and place.width * place.height > 0.9 * trim.width * trim.height
