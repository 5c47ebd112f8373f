"""What every check and every fix has to keep to, built-in or from a plug-in, as one assertion for its author's tests.

>>> from makeready.testing.contracts import assert_check_contract, assert_fix_contract
>>> assert_check_contract(my_check, finds=[pdf().text("x", size="4 pt").bytes()])  # doctest: +SKIP
>>> assert_fix_contract(my_fix, mends=[pdf().text("x", size="4 pt").bytes()])  # doctest: +SKIP
"""

from __future__ import annotations

import pickle
import string
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from makeready import engine, inspection, preflight
from makeready.changes import Change, Refusal
from makeready.engine import Measure, Rule
from makeready.facts import Artwork, as_data
from makeready.fixes.job import Job
from makeready.intake import Source
from makeready.params import strictest
from makeready.profile import Profile
from makeready.registry import BUILT_IN, NEEDS, Check, Fix
from makeready.report import data, fix_pages, pages
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
    yield from _of_prose(check)
    page = pages.check_page(check)
    shown = [f"`{check.code}.{name}`" for name, _, _ in pages.settings(check.params)]
    yield from (f"its page does not show {word}" for word in (check.code, check.title, *shown) if word not in page)


def _of_prose(declared: Check | Fix) -> Iterator[str]:
    first = declared.page.split("\n\n")[0].strip()
    if not first.endswith((".", "?")) or first.startswith("#"):
        yield "the docstring does not begin with a sentence"
    yield from (f"the section {name!r} is empty" for name in declared.SECTIONS if not pages.section(declared, name))
    places = [declared.page.find(f"## {name}") for name in declared.SECTIONS]
    if places != sorted(places):
        yield f"the sections are not in the order {', '.join(declared.SECTIONS)}"


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


# --- fixes ---------------------------------------------------------------------------------------------------


def assert_fix_contract(fix: Fix, *, mends: Iterable[bytes] = (), repeats: bool = False) -> None:
    """Assert that a fix is well declared, explains itself, and can be let loose on any file.

    Args:
        fix: what the decorator made of the function.
        mends: files with issues that it cures: it must change each, its codes must be gone, and no error come of it.
        repeats: that each run takes the file further, as doubling its pixels does; all others do nothing more when
            they are run a second time.

    Raises:
        AssertionError: with everything that is wrong, a line each.
    """
    faults = list(fix_faults(fix, mends, repeats=repeats))
    if faults:
        raise AssertionError(f"{fix.id} breaks the contract of fixes:\n- " + "\n- ".join(faults))


def fix_faults(fix: Fix, mends: Iterable[bytes] = (), *, repeats: bool = False) -> Iterator[str]:
    """Everything that is wrong with a fix; nothing when it keeps the contract."""
    declared = [*fix.problems(), *_of_fix(fix)]
    yield from declared
    if declared:
        return  # what is declared wrongly cannot be run with sense
    yield from _of_prose(fix)
    page = fix_pages.fix_page(fix)
    shown = [f"`{name}`" for name, _, _ in pages.settings(fix.params)]
    yield from (f"its page does not show {word}" for word in (fix.id, fix.title, *shown) if word not in page)
    for what, (kind, content) in _files().items():
        if kind in fix.kinds:
            yield from _of_mending(fix, what, kind, content, repeats)
    for place, content in enumerate(mends, start=1):
        yield from _of_cure(fix, f"file {place} that it is to mend", content)


def _of_fix(fix: Fix) -> Iterator[str]:
    """The declaration: words, kinds, the checks that it names."""
    if not fix.title or fix.title.endswith("."):
        yield "the title is empty or ends in a full stop"
    if not fix.kinds or not set(fix.kinds) <= set(KINDS):
        yield f"kinds {fix.kinds} are not among {KINDS}"
    if not set(fix.needs) <= set(NEEDS):
        yield f"needs {fix.needs} are not among {NEEDS}"
    checks = {check.code: check for check in preflight.catalogue()}
    yield from (f"it cures {code}, which is no check" for code in fix.cures if code not in checks)
    for name, field in fix.params.model_fields.items():
        extra = field.json_schema_extra
        like = extra.get("like") if isinstance(extra, dict) else None
        if like is None:
            continue
        code, _, setting = str(like).partition(".")
        if code not in checks or setting not in checks[code].params.model_fields:
            yield f"the setting {name} is like {like}, which is no setting of a check"
            continue
        limit = strictest(getattr(checks[code].params(), setting))
        try:
            fix.params.model_validate({} if limit is None else {name: limit})
        except ValueError as error:
            yield f"the setting {name} cannot be what {like} is by default: {error}"


def _of_mending(fix: Fix, what: str, kind: str, content: bytes, repeats: bool) -> Iterator[str]:
    """Made with its default settings it changes or refuses, and says so; a second time there is nothing left to do."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            first = _mended(fix, content, kind, Path(folder))
        except Exception as error:  # whatever an author's code may raise
            yield f"on {what} it fails: {type(error).__name__}: {error}"
            return
        changes, path, became = first
        for change in changes:
            if not change.message.strip() or any(word in change.message for word in ("None", "{", "}", "\n")):
                yield f"on {what} a change does not read well: {change.message!r}"
            yield from (f"on {what} {word}" for word in _no_json(as_data(change.details), "details"))
        if not changes or became != kind:
            return
        try:
            again, _, _ = _mended(fix, path.read_bytes(), kind, Path(folder))
        except Exception as error:  # whatever an author's code may raise
            yield f"on {what} it fails the second time: {type(error).__name__}: {error}"
            return
        if again and not repeats:
            yield f"on {what} it changes something again the second time: {again[0].message}"


def _mended(fix: Fix, content: bytes, kind: str, folder: Path) -> tuple[list[Change], Path, str]:
    """What it changed, the new file, and its kind; nothing where it refused."""
    name = "a.pdf" if kind == "pdf" else "a.tif"
    job = Job(Source.of(content, name), folder, kind=kind)
    changes: list[Change] = []
    try:
        job.needs = frozenset(fix.needs)
        changes.extend(fix.run(job, fix.params()))
        path = folder / f"mended{job.suffix}"
        if changes:
            job.renew()
            job.save(path)
        return changes, path, job.kind
    except Refusal as refusal:
        if changes:
            raise ValueError(f"it refuses in the middle of its work: {refusal}") from refusal
        if not str(refusal).strip():
            raise ValueError("it refuses without a reason") from refusal
        return [], folder, kind
    finally:
        job.close()


def _of_cure(fix: Fix, what: str, content: bytes) -> Iterator[str]:
    """It changes the file, what it cures is gone, and no error is there that was not."""
    held = engine.measure(only=fix.cures) if fix.cures else engine.measure()
    before, everything = engine.check(content, held), engine.check(content)
    kind = before.file.kind or ""
    if fix.cures and not before.issues:
        yield f"on {what} there is nothing that it cures"
    with tempfile.TemporaryDirectory() as folder:
        changes, path, _ = _mended(fix, content, kind, Path(folder))
        if not changes:
            yield f"on {what} it changes nothing"
            return
        left = {issue.code for issue in engine.check(path, held).issues} if fix.cures else set()
        yield from (f"on {what} {code} is still there" for code in sorted(left))
        known = {issue.code for issue in everything.issues}
        new = {issue.code for issue in engine.check(path).issues if issue.severity is Severity.ERROR} - known
        yield from (f"on {what} it brings {code}" for code in sorted(new))


@lru_cache(maxsize=1)
def _files() -> dict[str, tuple[str, bytes]]:
    """Small files of all sorts, with their kind."""
    from makeready.testing import pdf, picture

    faulty = (
        pdf("74x105mm", bleed=None, output_intent=None, rotate=90)
        .image(ppi=72, colour="rgb", size=("30 mm", "20 mm"))
        .text("x", size="3 pt", colour="registration")
        .line(width="0 pt", colour=(0.5, 0.5, 0, 0))
        .annotation()
    )
    return {
        "a clean PDF": ("pdf", pdf("74x105mm").text("x", font="bold").bytes()),
        "a faulty PDF": ("pdf", faulty.bytes()),
        "a picture without a density": ("raster", picture(60, 40)),
        "a CMYK picture": ("raster", picture(60, 40, "CMYK", format="TIFF", dpi=300)),
        "a PNG with transparency": ("raster", picture(60, 40, "RGBA", dpi=72)),
    }
