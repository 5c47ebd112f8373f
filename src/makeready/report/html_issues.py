"""The numbered list of issues in the HTML report: what is wrong, where, by how much, and what to do."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence

from makeready.report.crops import Crop
from makeready.report.entries import Entry
from makeready.report.html_shared import FileSection, Words, code_link, file_name, icon
from makeready.report.markup import Markup, escape, many, prose, tag
from makeready.results import Issue
from makeready.units import POINTS_PER_MM, Length, PointSize, Quantity, Size, told_apart

#: More rows under one number than anybody reads; the rest is counted.
ROWS_SHOWN = 500

#: More requirements than this under one number are counted.
TAGS_SHOWN = 6

_PAGES_NAMED = 8
_NBSP = "\u00a0"


def issue_list(file: FileSection) -> Markup:
    """The whole list, or nothing when nothing was found."""
    if not file.entries:
        return Markup()
    advised: dict[str, int] = {}
    crops: dict[int, list[Crop]] = {}
    for crop in sorted(
        (crop for picture in file.pictures for crop in picture.crops), key=lambda crop: _position(crop.window.number)
    ):
        crops.setdefault(crop.window.entry, []).append(crop)
    listed = []
    for entry in file.entries:
        listed.append(_entry(file, entry, advised.get(entry.first.code), crops.get(entry.number, ())))
        advised.setdefault(entry.first.code, entry.number)
    return tag("section", tag("h3", "Issues"), tag("ol", many(listed), cls="issues"), cls="list")


def _position(number: str) -> tuple[int, ...]:
    """``7.10`` comes after ``7.2``."""
    return tuple(int(part) for part in number.split("."))


def _entry(file: FileSection, entry: Entry, advised_at: int | None, crops: Sequence[Crop]) -> Markup:
    issue, words = entry.first, file.words
    alone = len(entry.issues) == 1
    return tag(
        "li",
        tag(
            "div",
            tag("span", str(entry.number), cls=f"badge {issue.severity}"),
            tag("span", icon(issue.severity), issue.severity.capitalize(), cls=f"mark {issue.severity}"),
            code_link(issue.code, words),
            _requirements(entry),
            tag("span", _where(file, entry.pages), cls="where"),
            cls="line",
        ),
        _crops(file, entry, crops),
        tag("h4", issue.title, None if alone else tag("span", f" × {len(entry.issues)}", cls="times")),
        tag("p", issue.message, cls="message") if len({i.message for i in entry.issues}) == 1 else None,
        _figures(file, issue) if alone else _members(file, entry),
        _advice(file, issue, advised_at),
        _cures(issue, words),
        id=f"{file.at}i{entry.number}",
        cls=f"issue {issue.severity}",
    )


def _requirements(entry: Entry) -> Markup:
    """What is broken, as it is called elsewhere: requirements of GWG 2022, clauses of standards."""
    found = dict.fromkeys(text for issue in entry.issues for text in _ids(issue))
    shown = list(found)[:TAGS_SHOWN]
    more = tag("span", f"+{len(found) - len(shown)}", cls="tag") if len(found) > len(shown) else None
    return many([*(tag("span", text, cls="tag") for text in shown), more])


def _ids(issue: Issue) -> Iterator[str]:
    for key, before in (("gwg", "GWG 2022 "), ("clause", "")):
        value = issue.details.get(key)
        values = value if isinstance(value, (tuple, list)) else (value,)
        yield from (f"{before}{text}" for text in values if text)


def _crops(file: FileSection, entry: Entry, crops: Sequence[Crop]) -> Markup:
    """Close-ups of the first places, framed; each leads to the page it is from."""
    if not crops:
        return Markup()
    return tag("div", many(_crop(file, entry, crop) for crop in crops), cls="crops one" if len(crops) == 1 else "crops")


def _crop(file: FileSection, entry: Entry, crop: Crop) -> Markup:
    window, name = crop.window, file_name(file.report)
    data = base64.b64encode(crop.data).decode("ascii")
    left, top, width, height = window.frame
    place = f"left:{left:.2%};top:{top:.2%};width:{width:.2%};height:{height:.2%}"
    several = f"{window.number}, " if len(entry.issues) > 1 else ""
    return tag(
        "figure",
        tag(
            "a",
            tag(
                "img",
                src=f"data:{crop.media_type};base64,{data}",
                alt=f"Close-up of {window.number} on page {window.page} of {name}",
                width=crop.width_px,
                height=crop.height_px,
            ),
            tag("span", tag("i", cls=f"frame {entry.first.severity}", style=place), cls="marks", aria_hidden="true"),
            href=f"#{file.at}p{window.page}",
            cls="crop",
        ),
        tag("figcaption", f"{several}page {window.page}") if several or len(entry.pages) > 1 else None,
    )


def _figures(file: FileSection, issue: Issue) -> Markup:
    measured, limit = _measured(issue, file.report.units)
    rows = [("Measured", measured), ("Limit", limit), ("Place", _place(issue, file.report.units))]
    listed = many(tag("div", tag("dt", name), tag("dd", text)) for name, text in rows if text)
    return tag("dl", listed, cls="figures") if listed else Markup()


def _members(file: FileSection, entry: Entry) -> Markup:
    """All issues of an entry, folded away when there are more than a few."""
    units = file.report.units
    one_message = len({issue.message for issue in entry.issues}) == 1
    rows = []
    for number, issue in list(entry.numbered())[:ROWS_SHOWN]:
        page = many([_where(file, (issue.page,)), ": "]) if issue.page and len(entry.pages) > 1 else None
        told = [] if one_message else [issue.message]
        measured, limit = _measured(issue, units)
        if measured and not (told and measured in issue.message):
            told.append(f"{measured} (limit {limit})" if limit else measured)
        if place := _place(issue, units):
            told.append(place)
        rows.append(tag("li", tag("b", number), tag("span", page, "; ".join(told) or "no place is known")))
    left = len(entry.issues) - len(rows)
    more = tag("p", f"and {left:,} more") if left > 0 else None
    summary = "Both of them" if len(entry.issues) == 2 else f"All {len(entry.issues):,}"
    return tag("details", tag("summary", summary), tag("ul", many(rows)), more, open_=len(rows) <= 3, cls="members")


def _advice(file: FileSection, issue: Issue, advised_at: int | None) -> Markup:
    text = file.words.advice.get(issue.code, "").strip()
    if not text:
        return Markup()
    if advised_at is not None:
        link = tag("a", f"as for {advised_at}", href=f"#{file.at}i{advised_at}")
        return tag("div", tag("h5", "What to do"), link, cls="advice short")
    return tag("div", tag("h5", "What to do"), prose(text), cls="advice")


def _cures(issue: Issue, words: Words) -> Markup:
    if not issue.cures:
        return Markup()
    listed = many(tag("li", f"{words.fixes.get(cure, '')} ".lstrip(), tag("code", cure)) for cure in issue.cures)
    return tag("div", tag("h5", "Can be fixed"), tag("ul", listed), cls="cures")


def _where(file: FileSection, pages: Sequence[int]) -> Markup:
    """``page 3``, ``pages 1, 2, 7`` or the first few ``and 24 more``, with links to the pictures that are there."""
    if not pages:
        return escape("whole file")

    def link(page: int, before: str = "") -> Markup:
        text = f"{before}{page}"
        return tag("a", text, href=f"#{file.at}p{page}") if page in file.shown_pages else escape(text)

    if len(pages) == 1:
        return link(pages[0], "page ")
    shown = pages[:_PAGES_NAMED]
    joined = Markup(", ".join(link(page) for page in shown))
    return many(["pages ", joined, f" and {len(pages) - len(shown)} more" if len(pages) > len(shown) else None])


def _measured(issue: Issue, units: str) -> tuple[str | None, str | None]:
    """Measured and limit as text, with enough decimals to be told apart."""
    measured, limit = issue.measured, issue.limit
    if isinstance(measured, Quantity) and isinstance(limit, Quantity):
        unit = None if isinstance(measured, PointSize) or not isinstance(measured, Length) else units
        return told_apart(measured, limit, unit)
    return _value(measured, units), _value(limit, units)


def _value(value: object, units: str) -> str | None:
    if isinstance(value, Size):
        return value.text(units)
    if isinstance(value, Length) and not isinstance(value, PointSize):
        return value.text(units)
    if isinstance(value, (tuple, list, set, frozenset)):
        return ", ".join(_value(item, units) or "" for item in value)
    return None if value is None else str(value)


def _place(issue: Issue, units: str) -> str | None:
    """Where, from the top left corner of the product."""
    place = issue.place or next(iter(issue.places), None)
    if place is None or place.mm is None or not all(map(math.isfinite, place.mm)):
        return None
    left, top, right, bottom = place.mm
    x, y = _mm(left, units), _mm(top, units)
    width, height = _mm(right - left, units), _mm(bottom - top, units)
    others = len(issue.places) - 1
    more = f"; {others} more places" if others > 1 else "; 1 more place" if others == 1 else ""
    return f"{x} from the left, {y} from the top; {width.partition(_NBSP)[0]}{_NBSP}×{_NBSP}{height}{more}"


def _mm(value: float, units: str) -> str:
    return Length(value * POINTS_PER_MM).text(units).replace(" ", _NBSP).replace("-", "−")
