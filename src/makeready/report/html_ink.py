"""Ink in the HTML report: for each page the plates, the heaviest square, and a map of where the ink lies."""

from __future__ import annotations

import base64

from makeready.facts import InkCoverage
from makeready.report.entries import counted
from makeready.report.html_shared import FileSection
from makeready.report.markup import Markup, many, tag
from makeready.report.pictures import InkMap
from makeready.units import Percent

#: The usual colours of the process plates; a spot's own colour is not known here.
_PLATES = {"Cyan": "c", "Magenta": "m", "Yellow": "y", "Black": "k"}


def ink_section(file: FileSection) -> Markup:
    """One block a page that has a map of its ink; the others in a table below."""
    facts = file.report.facts
    if facts is None or not facts.ink_coverage:
        return Markup()
    maps = {picture.page: picture.ink for picture in file.pictures if picture.ink is not None}
    shown = [(coverage, maps[coverage.page]) for coverage in facts.ink_coverage if coverage.page in maps]
    others = [coverage for coverage in facts.ink_coverage if coverage.page not in maps]
    conditions = dict.fromkeys(coverage.condition for coverage in facts.ink_coverage)
    return tag(
        "section",
        tag("h3", "Ink"),
        tag("p", "Worked out for: ", "; ".join(conditions), ". ", _red(shown), cls="note"),
        tag("div", many(_page(file, coverage, drawn) for coverage, drawn in shown), cls="inks") if shown else None,
        _table(others, bool(shown)),
        cls="card ink",
    )


def _red(shown: list[tuple[InkCoverage, InkMap]]) -> str | None:
    """What red means: a limit is judged on squares, the map shows points."""
    if not shown:
        return None
    drawn = shown[0][1]
    why = "the profile's limit for a square" if drawn.held else "the profile sets no limit"
    return f"The maps turn red at {_whole(Percent(drawn.limit))} ({why})."


def _page(file: FileSection, coverage: InkCoverage, drawn: InkMap) -> Markup:
    link = tag("a", f"Page {coverage.page}", href=f"#{file.at}p{coverage.page}")
    side = coverage.square.text(file.report.units)
    rows = [(f"Heaviest {side} square", coverage.average)]
    if coverage.process != coverage.average:
        rows.append(("The same in process inks", coverage.process))
    rows.append(("Heaviest point", coverage.peak))
    return tag(
        "section",
        tag("h4", link),
        tag(
            "div",
            _map(coverage, drawn),
            tag(
                "div",
                tag("dl", many(tag("div", tag("dt", name), tag("dd", _whole(value))) for name, value in rows)),
                tag("h5", "Covered on average by"),
                tag("ul", many(_bar(name, value) for name, value in coverage.plates.items()), cls="bars"),
            ),
            cls="ink-page",
        ),
    )


def _bar(name: str, value: Percent) -> Markup:
    """The width of the bar is the share itself; the number stands beside it, so that nothing hangs on the bar."""
    filled = min(max(float(value), 0.0), 100.0)
    bar = tag("i", cls=_PLATES.get(name, "spot"), style=f"width:{filled:.1f}%")
    return tag("li", tag("span", name), tag("span", bar, cls="bar", aria_hidden="true"), tag("b", value.text(None, 1)))


def _map(coverage: InkCoverage, drawn: InkMap) -> Markup:
    if drawn.error is not None:
        return tag("p", "There is no map of this page: ", drawn.error)
    data = base64.b64encode(drawn.data).decode("ascii")
    limit = _whole(Percent(drawn.limit))
    alt = f"Where the ink of page {coverage.page} lies; red is {limit} and more."
    return tag(
        "figure",
        tag("img", src=f"data:image/png;base64,{data}", alt=alt),
        tag(
            "figcaption",
            tag("span", "0%"),
            tag("i", cls="scale", aria_hidden="true"),
            tag("i", cls="above", aria_hidden="true"),
            tag("span", f"{limit} and more"),
        ),
        cls="map",
    )


def _table(others: list[InkCoverage], after_maps: bool) -> Markup | None:
    """Pages without a map, in numbers, the heaviest first."""
    if not others:
        return None
    columns = ("Page", "Heaviest square", "In process inks", "Heaviest point")
    header = tag("tr", many(tag("th", name, scope="col") for name in columns))
    rows = many(
        tag(
            "tr",
            tag("td", str(coverage.page)),
            many(tag("td", _whole(v)) for v in (coverage.average, coverage.process, coverage.peak)),
        )
        for coverage in sorted(others, key=lambda coverage: -coverage.average)
    )
    return tag(
        "details",
        tag("summary", counted(len(others), "page") + (" with less ink" if after_maps else " in numbers")),
        tag("div", tag("table", tag("thead", header), tag("tbody", rows)), cls="scroll"),
    )


def _whole(value: Percent) -> str:
    return value.text(None, 0)
