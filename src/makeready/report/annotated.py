"""The report as a PDF: the job itself with numbered frames, for those who live in Acrobat.

In front the verdict and the list, each line a link to its place; frames as comments that do not print, on a layer
of their own; bookmarks by severity, check and page. What cannot be copied (locked, damaged) has the list alone,
and the reason.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from makeready.errors import MakereadyError
from makeready.facts import Rect
from makeready.pdf.annotate import LAYER, MARKS_A_PAGE, Bookmark, Mark, Target, annotated_copy, front_alone
from makeready.pdf.typeset import A4, LETTER, Badge, Colour, Typeset, picture_page, typeset
from makeready.report.entries import VERDICTS, Entry, counted, entries
from makeready.report.html_shared import file_name
from makeready.report.markup import Markup, many, tag
from makeready.report.text import clean, facts_in_brief
from makeready.results import Issue, Report, Severity, Verdict

COLOURS: dict[Severity, Colour] = {
    Severity.ERROR: (0.776, 0.157, 0.157),
    Severity.WARNING: (0.95, 0.62, 0.07),
    Severity.INFO: (0.082, 0.396, 0.753),
    Severity.OFF: (0.5, 0.5, 0.5),
}
_HEADINGS = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.INFO: "Notes"}
_COLOURS = {
    Verdict.PASS: "#1c6e3d",
    Verdict.INFO: "#1d5fae",
    Verdict.WARNING: "#a35f00",
    Verdict.ERROR: "#b3261e",
    Verdict.UNREADABLE: "#6a3d9a",
}
#: Lines of the list, and bookmarks under one check; a file with more has one fault, many times.
ROWS_SHOWN = 400
BOOKMARKS_SHOWN = 200
#: A picture's longer side in the report: enough for its frames, small enough to be mailed.
_PICTURE_PX = 2000

_CSS = """
body { margin: 0; font-family: sans-serif; font-size: 9.5px; line-height: 1.35; font-variant-ligatures: none; }
p, h1, h2 { margin: 0; }
.kicker { font-size: 8px; color: #5b616b; margin-bottom: 3px; }
h1 { font-size: 17px; line-height: 1.2; margin-bottom: 3px; }
.facts { color: #5b616b; margin-bottom: 10px; }
.verdict { color: #fff; padding: 8px; margin-bottom: 10px; }
.word { font-size: 15px; font-weight: bold; line-height: 1.2; }
.totals { margin-bottom: 2px; }
.note { background-color: #fdf3e2; padding: 6px; margin-top: 6px; margin-bottom: 4px; }
h2 { font-size: 12px; margin-top: 12px; margin-bottom: 5px; }
.row { margin-left: 36px; margin-bottom: 7px; }
.title { font-weight: bold; }
.where { font-size: 8px; color: #5b616b; }
.small { font-size: 8.5px; color: #3f444c; margin-bottom: 2px; }
.hint { font-size: 8px; color: #5b616b; margin-top: 12px; }
"""


def render(report: Report, source: Path | bytes | None, advice: Mapping[str, str], made_by: str = "makeready") -> bytes:
    """Write the report about one file.

    Args:
        report: what was found.
        source: the file that was looked at; without it the list stands alone.
        advice: what to do, by code, in Markdown.
        made_by: the program and its version, for the foot of the list.
    """
    found = entries(report.issues)
    title = f"Preflight report: {clean(file_name(report))}"
    why_alone = None
    if report.facts is None:
        source = None
    elif source is None:
        why_alone = "The file is not at hand any more."
    if source is not None:
        front = _front(report, found, made_by, None)
        try:
            return annotated_copy(
                _job(report, source), front, _marks(found, advice), _bookmarks(found), _links(found), title
            )
        except MakereadyError as error:
            why_alone = str(error)
    return front_alone(_front(report, found, made_by, why_alone), title)


def _job(report: Report, source: Path | bytes) -> Path | bytes:
    """The PDF itself, or the picture on a page of its printed size."""
    if report.facts is None or report.facts.kind == "pdf":
        return source
    from PIL import Image

    from makeready.raster.picture import picture

    shown = picture(source, width_px=_PICTURE_PX)
    media = report.facts.pages[0].media if report.facts.pages else None
    if media is not None and media.width > 0 and media.height > 0:
        return picture_page(shown, float(media.width), float(media.height))
    with Image.open(io.BytesIO(shown)) as image:  # no printed size is known: the page is as wide as A4
        return picture_page(shown, A4[0], A4[0] * image.height / image.width)


# --- the list in front


def _front(report: Report, found: tuple[Entry, ...], made_by: str, why_alone: str | None) -> Typeset:
    word, sentence = VERDICTS[report.verdict]
    body = many(
        [
            tag("p", "Preflight report", cls="kicker"),
            tag("h1", _breakable(file_name(report))),
            tag("p", _breakable(" · ".join(facts_in_brief(report))), cls="facts"),
            tag(
                "div",
                tag("p", word, cls="word"),
                tag("p", sentence if report.facts else _reason(report)),
                cls="verdict",
                style=f"background-color: {_COLOURS[report.verdict]}",
            ),
            tag("p", f"{_totals(report)} Profile: {report.profile.title or report.profile.name}.", cls="totals"),
            *_notes(report, found, why_alone),
            *_list(report, found),
            *_undecided(report),
            *_how_to_read(found, why_alone),
        ]
    )
    badges = {
        f"entry-{entry.number}": Badge(str(entry.number), COLOURS[entry.first.severity]) for entry in found[:ROWS_SHOWN]
    }
    return typeset(body, _CSS, paper=LETTER if report.units == "in" else A4, badges=badges, footer=f"Made by {made_by}")


def _reason(report: Report) -> str:
    return clean(report.issues[0].message) if report.issues else "Nothing could be checked."


def _totals(report: Report) -> str:
    counts = [
        counted(report.count(severity), noun)
        for severity, noun in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note"))
    ]
    return f"{', '.join(counts)}."


def _notes(report: Report, found: tuple[Entry, ...], why_alone: str | None) -> Iterator[Markup]:
    """What a reader must know before the list."""
    if why_alone is not None:
        yield tag("p", f"The pages of the file do not follow. {why_alone}", cls="note")
    for run in report.crashed:
        yield tag("p", f"Not fully checked: {run.code} crashed ({clean(run.reason or '')}).", cls="note")
    for source, why in report.failed_plugins.items():
        yield tag("p", f"Plug-in {source} did not load: {clean(why)}", cls="note")
    marks = Counter(mark.page for mark in _marks(found, {}))
    if full := sorted(page for page, count in marks.items() if count > MARKS_A_PAGE):
        named = ", ".join(map(str, full[:10])) + (" and others" if len(full) > 10 else "")
        yield tag("p", f"Page {named}: only the first {MARKS_A_PAGE} places are framed.", cls="note")


def _list(report: Report, found: tuple[Entry, ...]) -> Iterator[Markup]:
    if report.facts is None:
        return
    before = None
    for entry in found[:ROWS_SHOWN]:
        severity = entry.first.severity
        if severity is not before:
            yield tag("h2", f"{_HEADINGS[severity]} ({report.count(severity)})")
            before = severity
        yield _row(entry)
    if len(found) > ROWS_SHOWN:
        yield tag("p", f"{len(found) - ROWS_SHOWN} more are in the bookmarks and on the pages.", cls="small")


def _row(entry: Entry) -> Markup:
    issue, more = entry.first, len(entry.issues) - 1
    message = clean(issue.message) + (f" (and {more} more like it)" if more else "")
    return tag(
        "div",
        tag("p", issue.title, cls="title"),
        tag("p", _breakable(message)),
        tag("p", f"{issue.code} · {_where(entry)}", cls="where"),
        cls="row",
        id=f"entry-{entry.number}",
    )


def _where(entry: Entry) -> str:
    pages = entry.pages
    if not pages:
        return "the whole file"
    if len(pages) == 1:
        return f"page {pages[0]}"
    return f"{len(pages)} pages: {', '.join(map(str, pages[:12]))}{' …' if len(pages) > 12 else ''}"


def _undecided(report: Report) -> Iterator[Markup]:
    if report.profile.undecided:
        yield tag("h2", "Not decided")
        for sentence in report.profile.undecided:
            yield tag("p", sentence, cls="small")


def _how_to_read(found: tuple[Entry, ...], why_alone: str | None) -> Iterator[Markup]:
    if why_alone is None and any(entry.pages for entry in found):
        words = f"Each line is a link to its place. The frames are comments on the layer “{LAYER}”: they do not print."
        yield tag("p", words, cls="hint")


def _breakable(text: str) -> str:
    """Very long words, as file names are, may break after what joins their parts, or anywhere."""
    return " ".join(
        re.sub(r"([_./-]|[^_./-]{30})", "\\1\u200b", w) if len(w) > 40 else w for w in clean(text).split(" ")
    )


# --- frames, bookmarks, links


def _marks(found: tuple[Entry, ...], advice: Mapping[str, str]) -> Iterator[Mark]:
    for entry in found:
        for number, issue in entry.numbered():
            if issue.page is None:
                continue
            subject = f"{number} {issue.severity.value} {issue.code}"
            text = _comment(number, issue, advice.get(issue.code, ""))
            places: list[Rect | None]
            places = [Rect(*place.pt) for place in issue.places] or ([Rect(*issue.place.pt)] if issue.place else [None])
            for place in places:
                yield Mark(issue.page, number, COLOURS[issue.severity], subject, text, place)


def _comment(number: str, issue: Issue, advice: str) -> str:
    lines = [f"{number}  {issue.code}: {issue.title}", clean(issue.message)]
    return "\n\n".join([*lines, f"What to do: {advice}"] if advice else lines)


def _bookmarks(found: tuple[Entry, ...]) -> list[Bookmark]:
    bookmarks = [Bookmark("Preflight report")]
    for severity, heading in _HEADINGS.items():
        of_severity = [entry for entry in found if entry.first.severity is severity]
        by_code: dict[str, list[tuple[str, Issue]]] = {}
        for entry in of_severity:
            by_code.setdefault(entry.first.code, []).extend(entry.numbered())
        if by_code:
            total = sum(map(len, by_code.values()))
            checks = tuple(_of_check(issues, COLOURS[severity]) for issues in by_code.values())
            title = f"{heading} ({total})"
            bookmarks.append(Bookmark(title, Target(), COLOURS[severity], bold=True, opened=True, children=checks))
    return bookmarks


def _of_check(issues: list[tuple[str, Issue]], colour: Colour) -> Bookmark:
    first = issues[0][1]
    children = [
        Bookmark(f"{number}  {f'page {issue.page}: ' if issue.page else ''}{clean(issue.message)}", _target(issue))
        for number, issue in issues[:BOOKMARKS_SHOWN]
    ]
    if len(issues) > BOOKMARKS_SHOWN:
        children.append(Bookmark(f"{len(issues) - BOOKMARKS_SHOWN} more", _target(issues[BOOKMARKS_SHOWN][1])))
    title = f"{first.code} {first.title} ({len(issues)})"
    return Bookmark(title, _target(first), colour, children=tuple(children))


def _target(issue: Issue) -> Target:
    return Target(issue.page, Rect(*issue.place.pt) if issue.place else None)


def _links(found: tuple[Entry, ...]) -> dict[str, Target]:
    return {f"entry-{entry.number}": _target(entry.first) for entry in found if entry.pages}
