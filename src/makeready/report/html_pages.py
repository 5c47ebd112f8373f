"""The pages in the HTML report: pictures with numbered frames round each place, and the lines of trim and bleed."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from makeready.facts import Artwork, Page, Rect
from makeready.pdf.boxes import displayed_size, on_display
from makeready.report.entries import Entry
from makeready.report.html_shared import SEVERITIES, FileSection, counted, file_name, icon
from makeready.report.markup import Markup, many, tag
from makeready.report.pictures import PagePicture
from makeready.results import Issue, Place

#: More frames on one page than anybody tells apart; the rest is counted.
FRAMES_SHOWN = 200
#: With more frames than this on a page, only the first place of each issue bears its number.
CROWDED = 30


def page_pictures(file: FileSection) -> Markup:
    """Pictures with frames, numbered like the list; pages without issues small, below."""
    facts = file.report.facts
    if facts is None or not file.pictures:
        return Markup()
    marked = {page for entry in file.entries for page in entry.pages}
    large = [_figure(file, facts, picture) for picture in file.pictures if picture.page in marked]
    small = [_figure(file, facts, picture) for picture in file.pictures if picture.page not in marked]
    left = len({page.number for page in facts.pages} - file.shown_pages)
    alone = not large and len(small) == 1
    return tag(
        "section",
        tag("h3", "Pages"),
        _legend(file, facts),
        tag("div", many(large or small), cls="sheets") if large or alone else None,
        tag("h4", "Pages without issues") if large and small else None,
        tag("div", many(small), cls="overview") if small and not alone else None,
        tag("p", counted(left, "page") + " more, not shown here.", cls="left-out") if left else None,
        cls="pages",
    )


def _legend(file: FileSection, facts: Artwork) -> Markup:
    """What the lines mean; only lines that are drawn are explained."""
    shown = [page for page in facts.pages if page.number in file.shown_pages]
    lines = [
        tag("li", tag("i", cls=box), name)
        for box, name in (("trim", "TrimBox"), ("bleed", "BleedBox"))
        if any(getattr(page.boxes, box) for page in shown)
    ]
    framed = {i.severity for i in file.report.issues if i.page in file.shown_pages and (i.place or i.places)}
    lines += [tag("li", tag("i", cls=f"frame {s}"), s.capitalize()) for s in SEVERITIES if s in framed]
    return tag("ul", many(lines), cls="legend") if lines else Markup()


def _figure(file: FileSection, facts: Artwork, picture: PagePicture) -> Markup:
    page = facts.page(picture.page)
    here = [entry for entry in file.entries if picture.page in entry.pages]
    width, height = (picture.width_px, picture.height_px) if picture.error is None or not page else displayed_size(page)
    marks = _marks(file, page, here) if page else []
    left_out = len(marks) - FRAMES_SHOWN
    marks = marks[:FRAMES_SHOWN]
    crowded = len(marks) > CROWDED
    labels = _Labels(width / height)
    for mark in marks:
        if mark.first or not crowded:
            labels.add(mark)
    name = file_name(file.report)
    if picture.error is None:
        data = base64.b64encode(picture.data).decode("ascii")
        alt = f"Page {picture.page} of {name}" + (f" with {counted(len(marks), 'numbered frame')}" if marks else "")
        seen = tag("img", src=f"data:{picture.media_type};base64,{data}", alt=alt)
    else:
        told = tag("p", icon("unreadable"), "There is no picture of this page. ", picture.error)
        seen = tag("div", told, cls="blank")
    lines = [_line(page, box) for box in ("bleed", "trim")] if page else []
    numbers = many(
        tag("a", str(entry.number), href=f"#{file.at}i{entry.number}", cls=f"badge {entry.first.severity}",
            aria_label=f"Issue {entry.number}: {entry.first.title}")
        for entry in here
    )  # fmt: skip
    size = page.size.text(file.report.units) if page and page.size else None
    untrimmed = "no TrimBox" if page and facts.kind == "pdf" and page.boxes.trim is None else None
    caption = ", ".join(part for part in (size, untrimmed) if part)
    return tag(
        "figure",
        tag(
            "div",
            seen,
            # The list says the same in words: readers of the screen and of the keyboard need not pass each frame.
            tag(
                "div",
                many([*lines, *_frames(marks), *labels.drawn]),
                cls="marks crowded" if crowded else "marks",
                aria_hidden="true",
            ),
            cls="sheet",
            style=f"aspect-ratio:{width / height:.4f};--ratio:{width / height:.4f}",
        ),
        tag(
            "figcaption",
            tag("b", f"Page {picture.page}"),
            f" ({page.label})" if page and page.label and page.label != str(picture.page) else None,
            tag("span", caption) if caption else None,
            tag("span", numbers, cls="numbers") if here else None,
            tag("span", f"{left_out:,} more places are not framed.") if left_out > 0 else None,
        ),
        id=f"{file.at}p{picture.page}",
    )


class _Mark(NamedTuple):
    """A place to be framed: its number in the list, and whether it is the first place of its issue on this page."""

    number: str
    issue: Issue
    link: str
    at: tuple[float, float, float, float]
    first: bool


def _marks(file: FileSection, page: Page, here: Iterable[Entry]) -> list[_Mark]:
    """All places of a page in the order of the list, but the first place of every issue before any second one."""
    marks = []
    for entry in here:
        for number, issue in entry.numbered():
            if issue.page != page.number:
                continue
            places = issue.places or ((issue.place,) if issue.place else ())
            found = [at for place in places if (at := _fractions(page, place))]
            marks += [_Mark(number, issue, f"#{file.at}i{entry.number}", at, n == 0) for n, at in enumerate(found)]
    return sorted(marks, key=lambda mark: not mark.first)


def _frames(marks: Sequence[_Mark]) -> list[Markup]:
    """Frames, the worst last, so that they lie on top."""
    return [
        tag(
            "a",
            href=mark.link,
            tabindex=-1,
            title=f"{mark.number} {mark.issue.title}",
            cls=f"frame {mark.issue.severity}",
            style=_css_place(mark.at),
        )
        for mark in sorted(marks, key=lambda mark: mark.issue.severity.rank)
    ]


class _Labels:
    """The numbers of the frames, each on the top left corner of its frame, moved aside where one is already.

    Lengths are fractions of the picture, at the size it has beside the list; elsewhere it is about right.
    """

    WIDTH_PX, DIGIT_PX, MARGIN_PX, LINE_PX = 450.0, 6.5, 9.0, 16.0
    #: Further aside nobody sees which frame it belongs to. Such a frame says its number under the pointer only,
    #: and so does a second frame of an issue where there is no room at its corner.
    STEPS = 6

    def __init__(self, ratio: float) -> None:
        self.drawn: list[Markup] = []
        self._height = self.LINE_PX * ratio / self.WIDTH_PX
        self._taken: list[tuple[float, float, float]] = []  # left, right, bottom

    def add(self, mark: _Mark) -> None:
        """Put a number on a frame, if there is room."""
        width = (len(mark.number) * self.DIGIT_PX + self.MARGIN_PX) / self.WIDTH_PX
        bottom = mark.at[1]
        for step in range(self.STEPS if mark.first else 1):
            left = min(mark.at[0] + step * width, 1 - width)
            if all(self._apart(left, left + width, bottom, other) for other in self._taken):
                self._taken.append((left, left + width, bottom))
                place = f"left:{left:.2%};top:{bottom:.2%}"
                self.drawn.append(
                    tag("a", mark.number, href=mark.link, tabindex=-1, cls=f"label {mark.issue.severity}", style=place)
                )
                return

    def _apart(self, left: float, right: float, bottom: float, other: tuple[float, float, float]) -> bool:
        return right <= other[0] or left >= other[1] or abs(bottom - other[2]) >= self._height


def _line(page: Page, box: str) -> Markup | None:
    """A box of the page as a thin line; only where the file states it."""
    rect = getattr(page, box)
    if getattr(page.boxes, box) is None or rect is None:
        return None
    return tag("i", cls=box, style=_css_place(_inside(on_display(page, rect))))


def _fractions(page: Page, place: Place) -> tuple[float, float, float, float] | None:
    if not all(map(math.isfinite, place.pt)):
        return None
    return _inside(on_display(page, Rect(*place.pt)))


def _inside(place: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """The part within the picture; what lies beside it is marked on its edge."""
    left, top, width, height = place
    x0, x1 = (min(max(value, 0.0), 1.0) for value in (left, left + width))
    y0, y1 = (min(max(value, 0.0), 1.0) for value in (top, top + height))
    return x0, y0, x1 - x0, y1 - y0


def _css_place(at: tuple[float, float, float, float]) -> str:
    return ";".join(f"{name}:{value:.2%}" for name, value in zip(("left", "top", "width", "height"), at, strict=True))
