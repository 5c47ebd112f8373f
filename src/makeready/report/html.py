"""The report as one HTML page that needs nothing else: pictures and styles are inside, there is no script.

Made for the desk at the press: the verdict first, then what to correct and where, with numbered frames on the
pages, and at the end what was checked and what was not. It prints, and reads on a phone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files

from makeready.facts import Artwork
from makeready.report.entries import COUNTED, VERDICTS, counted
from makeready.report.html_ink import ink_section
from makeready.report.html_issues import issue_list
from makeready.report.html_pages import page_pictures
from makeready.report.html_shared import SEVERITIES, FileSection, Words, code_link, file_name, icon, overview, shapes
from makeready.report.markup import Markup, many, tag
from makeready.report.pictures import PagePicture
from makeready.report.text import file_size
from makeready.results import CheckRun, Outcome, Report, Severity, Verdict

_WORST_FIRST = (Verdict.UNREADABLE, Verdict.ERROR, Verdict.WARNING, Verdict.INFO, Verdict.PASS)
_OUTCOMES = {
    Outcome.CRASHED: "crashed",
    Outcome.FOUND: "found issues",
    Outcome.SKIPPED: "skipped",
    Outcome.PASSED: "passed",
}

# More sentences than this are folded away.
_UNFOLDED = 4

# The page may load nothing and run nothing, whatever a file manages to be called.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render(
    reports: Sequence[Report],
    pictures: Mapping[int, Sequence[PagePicture]] | None = None,
    *,
    advice: Mapping[str, str] | None = None,
    checks: Mapping[str, str] | None = None,
    fixes: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    title: str = "Preflight report",
    made_by: str = "makeready",
) -> str:
    """Write one page about one or many files; many are sorted worst first, under a summary.

    Args:
        reports: what was found.
        pictures: pages of each report, by its position in ``reports``.
        advice: what to do, by code; paragraphs, lists and ``code`` of Markdown are understood.
        checks: the title of each check, by code, for the list of what was checked.
        fixes: the title of each fix, by its id.
        links: the address of a check's page, by code; only ``http`` and ``https`` are linked.
        title: the heading of the page.
        made_by: the program and its version, for the last line.
    """
    words = Words(advice or {}, checks or {}, fixes or {}, links or {})
    found = [FileSection(report, (pictures or {}).get(n, ()), f"f{n + 1}", words) for n, report in enumerate(reports)]
    found.sort(key=_badness)
    subject = file_name(reports[0]) if len(reports) == 1 else f"{len(reports)} files"
    sections = [
        _summary(found) if len(found) > 1 else None,
        many(_section(file) for file in found),
        tag("p", "There is no file in this report.") if not found else None,
    ]
    return document(title, subject, sections, made_by)


def document(title: str, subject: str, sections: Iterable[Markup | None], made_by: str, *styles: str) -> str:
    """A whole page that needs nothing else.

    Args:
        title: the heading.
        subject: what it is about, for the window's title.
        sections: what stands between heading and last line.
        made_by: the program and its version, for the last line.
        styles: names of further style sheets of this package.
    """
    sheets = (files("makeready.report").joinpath(name).read_text("utf-8") for name in ("html.css", *styles))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title}: {subject}"),
        tag("style", Markup("\n".join(sheets))),
    )
    body = tag(
        "body",
        shapes(),
        tag("header", tag("h1", title), cls="masthead"),
        tag("main", many(sections)),
        tag("footer", f"Made by {made_by}."),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _badness(file: FileSection) -> tuple[object, ...]:
    report = file.report
    return (
        _WORST_FIRST.index(report.verdict),
        -report.count(Severity.ERROR),
        not report.crashed,
        -report.count(Severity.WARNING),
        -report.count(Severity.INFO),
        report.file.path,
    )


# --- many files ----------------------------------------------------------------------------------------------


def _summary(found: Sequence[FileSection]) -> Markup:
    """The table at the top: a row for each file, worst first."""
    totals = Counter(file.report.verdict for file in found)
    chips = many(
        tag("li", icon(verdict), f"{totals[verdict]} {COUNTED[verdict]}", cls=f"chip {verdict}")
        for verdict in _WORST_FIRST
        if totals[verdict]
    )
    if incomplete := sum(_incomplete(file.report) for file in found):
        chips = many([chips, tag("li", icon("warning"), f"{incomplete} not fully checked", cls="chip")])
    columns = ("Verdict", "File", "Pages", "Size", "Stars", "Errors", "Warnings", "Infos", "First of all")
    return overview(len(found), columns, (_summary_row(file) for file in found), tag("ul", chips, cls="chips"))


def _pages(facts: Artwork) -> str:
    """How many there are, or ``2 of 8`` where only some were looked at."""
    total = facts.page_count or len(facts.pages)
    return str(total) if len(facts.pages) == total else f"{len(facts.pages)} of {total}"


def _summary_row(file: FileSection) -> Markup:
    report = file.report
    facts = report.facts
    sizes = _sizes(facts, report.units) if facts else []
    counts = [report.count(severity) for severity in SEVERITIES]
    reason = file.entries[0].first.message if file.entries else _crash_line(report)
    return tag(
        "tr",
        tag("td", _verdict_mark(report), cls="nowrap"),
        tag("th", tag("a", tag("bdi", report.file.path), href=f"#{file.at}"), scope="row"),
        tag("td", _pages(facts) if facts else "–", cls="number"),
        tag("td", (sizes[0] if len(sizes) == 1 else "several") if sizes else "–", cls="nowrap"),
        tag("td", _star_row(report) or "–", cls="nowrap"),
        many(tag("td", str(count) if count else "–", cls="number") for count in counts),
        tag("td", reason or "–"),
    )


def _verdict_mark(report: Report) -> Markup:
    mark = tag("span", icon(report.verdict), VERDICTS[report.verdict][0], cls=f"mark {report.verdict}")
    return many([mark, tag("br"), tag("small", "not fully checked")]) if _incomplete(report) else mark


# --- one file ------------------------------------------------------------------------------------------------


def _section(file: FileSection) -> Markup:
    pages = page_pictures(file)
    listed = issue_list(file)
    return tag(
        "article",
        _verdict(file.report),
        _facts(file.report),
        tag("div", listed, pages, cls="columns" if listed and pages else "column"),
        ink_section(file),
        _checked(file),
        id=file.at,
        aria_label=file.report.file.path,
    )


def _verdict(report: Report) -> Markup:
    """The one thing to read when there is no time for more."""
    word, sentence = VERDICTS[report.verdict]
    if _incomplete(report):
        word += ", not fully checked"
        sentence = sentence if report.issues else "What could be checked is in order."
    folder, name = _folder(report), file_name(report)
    return tag(
        "header",
        icon(report.verdict, large=True),
        tag(
            "div",
            tag("h2", tag("span", folder, cls="folder") if folder else None, tag("bdi", name)),
            tag("p", tag("strong", word), " ", tag("span", sentence)),
        ),
        tag(
            "ul",
            many(
                tag("li", icon(severity), counted(report.count(severity), severity), cls=f"chip {severity}")
                for severity in SEVERITIES
                if report.count(severity)
            ),
            cls="chips",
        )
        if report.issues
        else None,
        cls=f"verdict {report.verdict}",
    )


def _facts(report: Report) -> Markup:
    """What the file is, what it was held against, and what did not take part."""
    facts, info = report.facts, report.file
    rows: list[tuple[str, str | None]] = [("Format", info.format or info.kind or "not known")]
    if info.bytes is not None:
        rows.append(("File size", file_size(info.bytes)))
    if facts is not None:
        pages = _pages(facts)
        rows.append(("Pages", f"{pages} looked at" if "of" in pages else pages))
        sizes = _sizes(facts, report.units)
        rows.append(("Page size" if len(sizes) < 2 else "Page sizes", "; ".join(sizes[:4]) or "not known"))
        if len(sizes) > 4:
            rows[-1] = (rows[-1][0], f"{rows[-1][1]}; and {len(sizes) - 4} more")
        if facts.raster is not None:
            width, height = facts.raster.shown_px
            rows.append(("Pixels", f"{width} × {height} px, {facts.raster.colour_model}, {facts.raster.bits} bit"))
        if facts.canvas is not None:
            rows.append(("Printed at", facts.canvas.text(report.units)))
        if facts.inks:
            rows.append(("Inks", ", ".join(ink.name for ink in facts.inks)))
        for intent in facts.output_intents:
            rows.append(("Output intent", intent.condition or intent.info or intent.subtype or "not named"))
    rows.append(("Profile", report.profile.title or report.profile.name))
    stars = _star_row(report, words=True)
    if stars or (report.stars_reason and report.facts is not None and report.facts.kind == "raster"):
        rows.append(("Stars", stars or f"none: {report.stars_reason}"))
    listed = many(tag("div", tag("dt", name), tag("dd", text)) for name, text in rows)
    return tag("div", tag("dl", listed, cls="facts"), _alarms(report), _undecided(report), cls="card")


def _undecided(report: Report) -> Markup | None:
    """What a reader might take to be checked and is not; folded where it is long."""
    sentences = report.profile.undecided
    if not sentences:
        return None
    listed = tag("ul", many(tag("li", sentence) for sentence in sentences))
    title = "Not decided by this profile"
    return tag("details", tag("summary", title), listed, cls="undecided", open_=len(sentences) <= _UNFOLDED)


def _incomplete(report: Report) -> bool:
    """Whether something that should have judged the file did not."""
    return bool(report.crashed or report.failed_plugins)


def _alarms(report: Report) -> Markup:
    """Checks and plug-ins that did not do their work: loud, because a quiet one reads as a pass."""
    lines = [
        tag("li", icon("warning"), tag("strong", f"{run.code} crashed"), ": ", _first_line(run.reason))
        for run in report.crashed
    ]
    lines += [
        tag("li", icon("warning"), tag("strong", "Plug-in ", tag("bdi", name), " failed to load"), ": ", reason)
        for name, reason in sorted(report.failed_plugins.items())
    ]
    return tag("ul", many(lines), cls="alarms") if lines else Markup()


def _checked(file: FileSection) -> Markup:
    """Every check of the profile and how it fared; what went wrong first."""
    report = file.report
    if not report.runs:
        return Markup()
    counts = Counter(run.outcome for run in report.runs)
    told = ", ".join(f"{counts[outcome]} {word}" for outcome, word in _OUTCOMES.items() if counts[outcome])
    order = list(_OUTCOMES)
    runs = sorted(report.runs, key=lambda run: (order.index(run.outcome), run.code))
    header = tag("tr", many(tag("th", name, scope="col") for name in ("Check", "Outcome", "Why", "Seconds")))
    rows = many(_run(run, file) for run in runs)
    seconds = report.seconds or sum(run.seconds for run in report.runs)
    total = f"{counted(len(report.runs), 'check')} in {seconds:.2f} s: {told}"
    digest = tag("p", "SHA-256 of the file: ", tag("code", report.file.sha256), cls="hash")
    return tag(
        "section",
        tag("h3", "What was checked"),
        tag(
            "details",
            tag("summary", total),
            tag("div", tag("table", tag("thead", header), tag("tbody", rows)), cls="scroll"),
            digest if report.file.sha256 else None,
            open_=bool(report.crashed),
        ),
        cls="card checked",
    )


def _run(run: CheckRun, file: FileSection) -> Markup:
    icons = {Outcome.PASSED: "pass", Outcome.SKIPPED: "skipped", Outcome.CRASHED: "warning"}
    worst = next((entry.first.severity for entry in file.entries if entry.first.code == run.code), Severity.INFO)
    return tag(
        "tr",
        tag("th", code_link(run.code, file.words), " ", file.words.checks.get(run.code), scope="row"),
        tag("td", icon(icons.get(run.outcome, worst)), _OUTCOMES[run.outcome], cls=f"nowrap {run.outcome}"),
        tag("td", run.reason, cls="why"),
        tag("td", f"{run.seconds:.3f}", cls="number"),
    )


# --- small words ---------------------------------------------------------------------------------------------


def _star_row(report: Report, *, words: bool = False) -> Markup | None:
    stars = report.stars
    if stars is None:
        return None
    count = min(max(stars.stars, 0), 5)
    row = tag("span", "★" * count + "☆" * (5 - count), cls="stars", role="img", aria_label=f"{count} of 5 stars")
    if not words:
        return row
    return many([row, f" {stars.label}, {stars.effective_ppi} ppi effective, {stars.min_ppi} ppi at least needed"])


def _sizes(facts: Artwork, units: str) -> list[str]:
    """The page sizes, most frequent first, with their counts when they differ."""
    counts = Counter(page.size.text(units) for page in facts.pages if page.size is not None)
    if len(counts) < 2:
        return list(counts)
    return [f"{text} ({counted(count, 'page')})" for text, count in counts.most_common()]


def _crash_line(report: Report) -> str | None:
    return f"{counted(len(report.crashed), 'check')} crashed" if report.crashed else None


def _folder(report: Report) -> str:
    return report.file.path[: len(report.file.path) - len(file_name(report))]


def _first_line(reason: str | None) -> str:
    return (reason or "").strip().partition("\n")[0] or "no reason is known"
