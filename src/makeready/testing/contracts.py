"""What every check has to keep to, built-in or from a plug-in, as one assertion for its author's tests.

>>> from makeready.testing.contracts import assert_check_contract
>>> assert_check_contract(my_check, finds=[pdf().text("x", size="4 pt").bytes()])  # doctest: +SKIP
"""

from __future__ import annotations

import pickle
import string
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from makeready import engine, inspection
from makeready.engine import Measure, Rule
from makeready.facts import Artwork
from makeready.profile import Profile
from makeready.registry import BUILT_IN, NEEDS, Check
from makeready.report import data, pages
from makeready.results import FileInfo, Report, Severity

KINDS = ("pdf", "raster")
#: What every message may name besides the details of the finding.
ALWAYS = ("measured", "limit")


def assert_check_contract(check: Check, *, finds: Iterable[bytes] = ()) -> None:
    """Assert that a check is well declared, explains itself, and takes whatever facts there are.

    Args:
        check: what the decorator made of the function.
        finds: files with the fault: the check must find it in each, and say so in a message that reads well.

    Raises:
        AssertionError: with everything that is wrong, a line each.
    """
    faults = list(check_faults(check, finds))
    if faults:
        raise AssertionError(f"{check.code} {check.name} breaks the contract of checks:\n- " + "\n- ".join(faults))


def check_faults(check: Check, finds: Iterable[bytes] = ()) -> Iterator[str]:
    """Everything that is wrong with a check; nothing when it keeps the contract."""
    declared = list(_of_declaration(check))
    yield from declared
    if declared:
        return  # what is declared wrongly cannot be run with sense
    yield from _of_page(check)
    for what, facts in _artwork().items():
        yield from _of_run(check, what, facts)
    for place, content in enumerate(finds, start=1):
        yield from _of_run(check, f"file {place} that has the fault", _facts(content), must_find=True)


def _of_declaration(check: Check) -> Iterator[str]:
    """The declaration: code, words, settings, the facts and files it is for, its message."""
    own = check.source == BUILT_IN and not check.run.__module__.startswith("makeready.")
    yield from (replace(check, source="a plug-in") if own else check).problems()
    if not check.title or check.title.endswith("."):
        yield "the title is empty or ends in a full stop"
    if check.severity is Severity.OFF:
        yield "a check is switched off with enabled=False, not with a severity"
    if not check.kinds or not set(check.kinds) <= set(KINDS):
        yield f"kinds {check.kinds} are not among {KINDS}"
    if not set(check.needs) <= set(NEEDS):
        yield f"needs {check.needs} are not among {NEEDS}"
    try:
        list(_empty("pdf").each(check.on))
    except TypeError as error:
        yield str(error)
    try:
        check.params()
    except ValueError as error:
        yield f"the defaults of its settings are not valid: {error}"
    yield from _of_message(check.message)


def _of_message(message: str) -> Iterator[str]:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(message) if name is not None]
    except ValueError as error:
        yield f"the message is not a format: {error}"
        return
    yield from (f"the message names {{{name}}}: use a plain word" for name in names if not name.isidentifier())
    if "\n" in message or message.endswith("."):
        yield "the message is one line without a full stop"


def _of_page(check: Check) -> Iterator[str]:
    """The page of ``explain``: one sentence, then the sections in their order, then the settings."""
    first = check.page.split("\n\n")[0].strip()
    if not first.endswith((".", "?")) or first.startswith("#"):
        yield "the docstring does not begin with a sentence"
    yield from (f"the section {name!r} is empty" for name in check.SECTIONS if not pages.section(check, name))
    places = [check.page.find(f"## {name}") for name in check.SECTIONS]
    if places != sorted(places):
        yield f"the sections are not in the order {', '.join(check.SECTIONS)}"
    page = pages.check_page(check)
    shown = [f"`{check.code}.{name}`" for name, _, _ in pages.settings(check.params)]
    yield from (f"its page does not show {word}" for word in (check.code, check.title, *shown) if word not in page)


def _of_run(check: Check, what: str, facts: Artwork, must_find: bool = False) -> Iterator[str]:
    """A run over facts: it does not fail, says the same twice, and what it says can be printed, sent and stored."""
    held = Measure(Profile("contract"), (Rule(check, check.params(), check.severity),), {})
    seen = FileInfo(what, facts.kind, facts.format, facts.bytes, None)
    report, again = (engine.judge(Report(seen, held.info, facts), held) for _ in range(2))
    yield from (f"on {what} it fails: {run.reason}" for run in report.crashed)
    if report.issues != again.issues:
        yield f"on {what} it finds something else the second time"
    if must_find and not report.issues and not report.crashed:
        yield f"on {what} it finds nothing"
    for issue in report.issues:
        if set(issue.details) & set(ALWAYS):
            yield f"on {what} its details bear a name that is taken: one of {', '.join(ALWAYS)}"
        if not issue.message.strip() or any(word in issue.message for word in ("None", "{", "}", "\n")):
            yield f"on {what} its message does not read well: {issue.message!r}"
        if issue.page is not None and facts.page(issue.page) is None:
            yield f"on {what} it names page {issue.page}, which is not there"
    yield from _of_storing(what, report)


def _of_storing(what: str, report: Report) -> Iterator[str]:
    try:
        if pickle.loads(pickle.dumps(report)).issues != report.issues:  # noqa: S301 - our own data, of a moment ago
            yield f"on {what} its findings are others after they were sent to another process"
    except Exception as error:  # whatever a stranger puts into details
        yield f"on {what} its findings cannot be sent to another process: {error}"
    for issue in data.as_document(report)["issues"]:
        yield from (f"on {what} {word}" for word in _no_json(issue["details"], "details"))


def _no_json(value: Any, where: str) -> Iterator[str]:
    """What JSON has no word for."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _no_json(item, f"{where}.{name}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _no_json(item, f"{where}[{place}]")
    elif not isinstance(value, str | int | float | None):
        yield f"{where} is a {type(value).__name__}, which JSON has no word for"


def _empty(kind: str) -> Artwork:
    return Artwork(kind=kind, format="PDF 1.7" if kind == "pdf" else "PNG", bytes=0)


def _facts(content: bytes) -> Artwork:
    report = inspection.inspect(content, needs=NEEDS)
    if report.facts is None:
        raise ValueError(f"the file cannot be read: {report.issues[0].message}")
    return report.facts


@lru_cache(maxsize=1)
def _artwork() -> dict[str, Artwork]:
    """Facts of all sorts: none at all, a clean page, a page full of faults, pictures."""
    from makeready.testing import pdf, picture

    faulty = (
        pdf(bleed=None, output_intent=None, rotate=90)
        .image(ppi=72, colour="rgb", mirrored=True)
        .image(ppi=200, colour="stencil", inline=True)
        .text("x", size="3 pt", font="Helvetica-Light", colour="registration")
        .text("unseen", rendering=3)
        .line(width="0 pt", colour=(0.5, 0.5, 0, 0))
        .annotation()
        .javascript()
    )
    return {
        "an empty PDF": _empty("pdf"),
        "an empty picture": _empty("raster"),
        "a clean PDF": _facts(pdf().bytes()),
        "a faulty PDF": _facts(faulty.bytes()),
        "a picture without a density": _facts(picture(60, 40)),
        "a CMYK picture": _facts(picture(60, 40, "CMYK", dpi=300)),
        "a PNG with transparency": _facts(picture(60, 40, "RGBA", dpi=72)),
    }
