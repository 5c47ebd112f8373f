"""The numbered list of issues in the HTML report: what is wrong, where, by how much, and what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence

from makeready.report.entries import Entry
from makeready.report.html_shared import FileSection, Words, code_link, icon
from makeready.report.markup import Markup, escape, many, prose, tag
from makeready.results import Issue
from makeready.units import POINTS_PER_MM, Length, PointSize, Quantity, Size, told_apart

#: More rows under one number than anybody reads; the rest is counted.
ROWS_SHOWN = 500

_PAGES_NAMED = 8
_NBSP = "\u00a0"


def issue_list(file: FileSection) -> Markup:
    """The whole list, or nothing when nothing was found."""
    if not file.entries:
        return Markup()
    advised: dict[str, int] = {}
    listed = []
    for entry in file.entries:
        listed.append(_entry(file, entry, advised.get(entry.first.code)))
        advised.setdefault(entry.first.code, entry.number)
    return tag("section", tag("h3", "Issues"), tag("ol", many(listed), cls="issues"), cls="list")


def _entry(file: FileSection, entry: Entry, advised_at: int | None) -> Markup:
    issue, words = entry.first, file.words
    alone = len(entry.issues) == 1
    return tag(
        "li",
        tag(
            "div",
            tag("span", str(entry.number), cls=f"badge {issue.severity}"),
            tag("span", icon(issue.severity), issue.severity.capitalize(), cls=f"mark {issue.severity}"),
            code_link(issue.code, words),
            tag("span", _where(file, entry.pages), cls="where"),
            cls="line",
        ),
        tag("h4", issue.title, None if alone else tag("span", f" × {len(entry.issues)}", cls="times")),
        tag("p", issue.message, cls="message") if len({i.message for i in entry.issues}) == 1 else None,
        _figures(file, issue) if alone else _members(file, entry),
        _advice(file, issue, advised_at),
        _cures(issue, words),
        id=f"{file.at}i{entry.number}",
        cls=f"issue {issue.severity}",
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
    return tag("div", tag("h5", "Can be mended by"), tag("ul", listed), cls="cures")


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
