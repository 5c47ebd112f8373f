"""The pages in the HTML report: pictures with numbered frames round each place, and the lines of trim and bleed."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from makeready.facts import Artwork, Page, Rect
from makeready.pdf.boxes import displayed_size, on_display
from makeready.report.entries import Entry, counted
from makeready.report.html_colours import FRAMES_OF_A_KIND, ColourKind, colour_kinds, colour_switches
from makeready.report.html_shared import SEVERITIES, FileSection, file_name, icon
from makeready.report.markup import Markup, many, tag
from makeready.report.pictures import PagePicture
from makeready.results import Issue, Place

#: More frames on one page than anybody tells apart; the rest is counted.
FRAMES_SHOWN = 200
#: With more frames than this on a page, only the first place of each entry of the list bears its number.
CROWDED = 30
#: Frames of the colour map in the report of one file.
COLOUR_FRAMES = 4000


def page_pictures(file: FileSection) -> Markup:
    """Pictures with frames, numbered like the list; pages without issues small, below."""
    facts = file.report.facts
    if facts is None or not file.pictures:
        return Markup()
    marked = {page for entry in file.entries for page in entry.pages}
    kinds = colour_kinds(facts)
    share = max(1, min(FRAMES_OF_A_KIND, COLOUR_FRAMES // max(1, len(kinds) * len(file.pictures))))
    figures = [
        (picture.page, _figure(file, facts, picture, _painted(facts, kinds, picture.page, share)))
        for picture in file.pictures
    ]
    large = [figure for page, figure in figures if page in marked]
    small = [figure for page, figure in figures if page not in marked]
    left = len({page.number for page in facts.pages} - file.shown_pages)
    alone = not large and len(small) == 1
    return tag(
        "section",
        tag("h3", "Pages"),
        _legend(file, facts),
        colour_switches(kinds, file.at),
        tag("div", many(large or small), cls="sheets") if large or alone else None,
        tag("h4", "Pages without issues") if large and small else None,
        tag("div", many(small), cls="overview") if small and not alone else None,
        tag("p", counted(left, "page") + " more, not shown here.", cls="left-out") if left else None,
        cls="pages",
        # What scrolls by itself must be within reach of the keyboard.
        tabindex=0,
        role="region",
        aria_label="Pages",
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
    if any(coverage.page in file.shown_pages and coverage.place for coverage in facts.ink_coverage):
        lines.append(tag("li", tag("i", cls="heaviest"), "heaviest ink"))
    lines += [tag("li", tag("i", cls=f"frame {s}"), s.capitalize()) for s in SEVERITIES if s in framed]
    return tag("ul", many(lines), cls="legend") if lines else Markup()


def _figure(file: FileSection, facts: Artwork, picture: PagePicture, painted: Sequence[Markup]) -> Markup:
    page = facts.page(picture.page)
    here = [entry for entry in file.entries if picture.page in entry.pages]
    width, height = (picture.width_px, picture.height_px) if picture.error is None or not page else displayed_size(page)
    marks = _marks(file, page, here) if page else []
    left_out = len(marks) - FRAMES_SHOWN
    marks = marks[:FRAMES_SHOWN]
    crowded = len(marks) > CROWDED
    labels = _Labels(width / height)
    for mark in marks:
        if mark.leads or not crowded:
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
    if page:
        lines += [
            tag("i", cls="heaviest", style=_css_place(_inside(on_display(page, coverage.place))))
            for coverage in facts.ink_coverage
            if coverage.page == page.number and coverage.place is not None
        ]
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
                many([*lines, *painted, *_frames(marks), *labels.drawn()]),
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
    """A place to be framed: its number in the list, and whether it is the first of its issue, of its entry here."""

    number: str
    issue: Issue
    link: str
    at: tuple[float, float, float, float]
    first: bool
    leads: bool


def _marks(file: FileSection, page: Page, here: Iterable[Entry]) -> list[_Mark]:
    """All places of a page in the order of the list, but the first place of every issue before any second one."""
    marks: list[_Mark] = []
    for entry in here:
        before = len(marks)
        for number, issue in entry.numbered():
            if issue.page != page.number:
                continue
            places = issue.places or ((issue.place,) if issue.place else ())
            found = [at for place in places if (at := _fractions(page, place))]
            marks += [
                _Mark(number, issue, f"#{file.at}i{entry.number}", at, n == 0, len(marks) == before and n == 0)
                for n, at in enumerate(found)
            ]
    return sorted(marks, key=lambda mark: (not mark.leads, not mark.first))


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


@dataclass
class _Tab:
    """Numbers side by side at one corner, as fractions of the picture, and those there is no room for."""

    left: float
    bottom: float
    width: float
    marks: list[_Mark] = field(default_factory=list)
    more: list[_Mark] = field(default_factory=list)


class _Labels:
    """The numbers of the frames, each on the top left corner of its frame; numbers that would meet stand in a row.

    Lengths are fractions of the picture, at the size it has beside the list; elsewhere it is about right.
    """

    WIDTH_PX, DIGIT_PX, MARGIN_PX, LINE_PX = 450.0, 6.5, 9.0, 16.0
    #: Numbers in one row; those beyond are counted, and named under the pointer.
    IN_A_ROW = 4

    def __init__(self, ratio: float) -> None:
        self._height = self.LINE_PX * ratio / self.WIDTH_PX
        self._tabs: list[_Tab] = []

    def add(self, mark: _Mark) -> None:
        """Put a number on a frame, or beside the number that is there already."""
        corner = self._placed(mark.at[0], mark.at[1], self._width(mark.number))
        tab = next((other for other in self._tabs if self._meet(corner, other)), None)
        if tab is None:
            corner.marks.append(mark)
            self._tabs.append(corner)
        elif any(mark.link == other.link for other in (*tab.marks, *tab.more)):
            return  # another place of what the number there stands for
        elif len(tab.marks) < self.IN_A_ROW and not tab.more and self._widen(tab, self._width(mark.number)):
            tab.marks.append(mark)
        elif tab.more or self._widen(tab, self._width("+99")):
            tab.more.append(mark)

    def drawn(self) -> list[Markup]:
        """The rows of numbers as elements."""
        return [
            tag(
                "span",
                many(self._number(mark) for mark in tab.marks),
                tag("span", f"+{len(tab.more)}", cls="label more", title=", ".join(m.number for m in tab.more))
                if tab.more
                else None,
                cls="labels",
                style=f"left:{tab.left:.2%};top:{tab.bottom:.2%}",
            )
            for tab in self._tabs
        ]

    def _number(self, mark: _Mark) -> Markup:
        return tag("a", mark.number, href=mark.link, tabindex=-1, cls=f"label {mark.issue.severity}")

    def _width(self, number: str) -> float:
        return (len(number) * self.DIGIT_PX + self.MARGIN_PX) / self.WIDTH_PX

    def _placed(self, left: float, bottom: float, width: float) -> _Tab:
        """On the frame's corner, and within the picture: at its upper edge the numbers stand inside."""
        return _Tab(max(0.0, min(left, 1 - width)), max(bottom, self._height), width)

    def _widen(self, tab: _Tab, width: float) -> bool:
        """Make room at the end of a row, unless another row is in the way."""
        wider = self._placed(tab.left, tab.bottom, tab.width + width)
        if any(other is not tab and self._meet(wider, other) for other in self._tabs):
            return False
        tab.left, tab.width = wider.left, wider.width
        return True

    def _meet(self, one: _Tab, other: _Tab) -> bool:
        beside = one.left + one.width <= other.left or other.left + other.width <= one.left
        return not beside and abs(one.bottom - other.bottom) < self._height


def _painted(facts: Artwork, kinds: Sequence[ColourKind], number: int, most: int) -> list[Markup]:
    """The frames of the colour map on one page; none is seen until its kind is ticked."""
    page = facts.page(number)
    if page is None:
        return []
    return [
        tag("i", cls=f"paint k{kind.at}", style=_css_place(_inside(on_display(page, place))))
        for kind in kinds
        for place in kind.places.get(number, ())[:most]
        if all(map(math.isfinite, place))
    ]


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
