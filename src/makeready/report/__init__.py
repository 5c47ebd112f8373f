"""Reports in all their forms: one writer a format, chosen by name or by the suffix of a file.

Built-in writers and those of plug-ins (entry points ``makeready.reporters``) come through the same registry.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

from makeready.errors import UsageError
from makeready.registry import BUILT_IN, Check, Registry
from makeready.report.pictures import PagePicture, pictures_for
from makeready.results import Report

#: Pages of each report, by its position.
Pictures = Mapping[int, Sequence[PagePicture]]


@dataclass(frozen=True, eq=False)
class Reporter:
    """A declared report format: turns reports into one document, text or bytes."""

    name: str
    suffixes: tuple[str, ...]
    title: str
    #: Called with the reports and, by the position of each, what was prepared for it: pictures of its pages, or
    #: whatever ``prepare`` returns.
    render: Callable[[Sequence[Report], Mapping[int, Any]], str | bytes]
    #: Whether it shows pages, which must be drawn for it.
    wants_pictures: bool = False
    source: str = field(default=BUILT_IN)
    #: Work on the file itself, done in the child process that has checked it; must pickle, as must what it returns.
    prepare: Callable[[Report, Path], Any] | None = None
    #: Whether a document is about one file only; many files then make many documents in a folder.
    one_each: bool = False

    @property
    def key(self) -> str:
        return self.name

    @property
    def after(self) -> Callable[[Report, Path], Any] | None:
        """What is done with a file once it has been checked."""
        return pictures_for if self.prepare is None and self.wants_pictures else self.prepare

    def document_name(self, path: Path) -> str:
        """What the document about one file is called in a folder of them."""
        return f"{path.stem}_log{self.suffixes[0]}"

    def problems(self) -> list[str]:
        """A name is needed, and suffixes begin with a dot."""
        found = [] if self.name.isidentifier() else [f"the name {self.name!r} is not a plain word"]
        return found + [f"the suffix {s!r} does not begin with a dot" for s in self.suffixes if not s.startswith(".")]


def _text(reports: Sequence[Report], pictures: Pictures) -> str:
    from makeready.report import text

    return "".join(f"{line}\n" for report in reports for line in text.lines(report))


def _json(reports: Sequence[Report], pictures: Pictures) -> str:
    from makeready.report import data

    return data.document(reports)


def _ndjson(reports: Sequence[Report], pictures: Pictures) -> str:
    from makeready.report import data

    return "".join(f"{data.line(report)}\n" for report in reports)


def _catalogue(reports: Sequence[Report]) -> dict[str, Check]:
    """The checks by code, those of the plug-in files that the reports name among them."""
    from makeready import preflight

    files = {report.profile.plugin_files: None for report in reports} or {(): None}
    return {check.code: check for names in files for check in preflight.catalogue(tuple(map(Path, names)))}


def _fix_titles(reports: Sequence[Report]) -> dict[str, str]:
    """The titles of the fixes that the issues name."""
    from makeready import fixes

    if not any(issue.cures for report in reports for issue in report.issues):
        return {}
    files = {report.profile.plugin_files: None for report in reports}
    return {fix.id: fix.title for names in files for fix in fixes.catalogue(tuple(map(Path, names)))}


def _html(reports: Sequence[Report], pictures: Pictures) -> str:
    from makeready import __version__
    from makeready.report import html, pages

    catalogue = _catalogue(reports).values()
    return html.render(
        reports,
        pictures,
        advice={check.code: pages.section(check, "What to do") for check in catalogue},
        checks={check.code: check.title for check in catalogue},
        fixes=_fix_titles(reports),
        made_by=f"makeready {__version__}",
    )


def _csv(reports: Sequence[Report], pictures: Pictures) -> str:
    from makeready.report import csv_table

    return csv_table.render(reports)


def _junit(reports: Sequence[Report], pictures: Pictures) -> str:
    from makeready import __version__
    from makeready.report import junit

    return junit.render(reports, _catalogue(reports), f"makeready {__version__}")


def _sarif(reports: Sequence[Report], pictures: Pictures) -> str:
    from makeready import __version__
    from makeready.report import sarif

    return sarif.render(reports, _catalogue(reports), __version__)


def _annotate(report: Report, path: Path | None) -> bytes:
    from makeready import __version__
    from makeready.report import annotated, pages

    advice = {code: pages.section(check, "What to do") for code, check in _catalogue([report]).items()}
    return annotated.render(report, path, advice, f"makeready {__version__}")


def _pdf(reports: Sequence[Report], prepared: Mapping[int, bytes]) -> bytes:
    if len(reports) != 1:
        raise UsageError("A PDF report is about one file.", "Write one for each.")
    # A file that could not be read, or that killed its reader, is not opened again: the list stands alone.
    return prepared.get(0) or _annotate(reports[0], None)


BUILT_IN_REPORTERS = (
    Reporter("text", (".txt",), "one line an issue", _text),
    Reporter("json", (".json",), "everything, for machines", _json),
    Reporter("ndjson", (".ndjson", ".jsonl"), "a JSON report a line, as each is ready", _ndjson),
    Reporter("html", (".html", ".htm"), "one page with pictures, for people", _html, wants_pictures=True),
    Reporter("csv", (".csv",), "a row a file, for a spreadsheet", _csv),
    Reporter("junit", (".xml",), "a test case a check, for build servers", _junit),
    Reporter("sarif", (".sarif",), "rules and results, for code hosts and editors", _sarif),
    Reporter("pdf", (".pdf",), "the job with numbered frames, for Acrobat", _pdf, prepare=_annotate, one_each=True),
)


@cache
def reporters() -> Registry[Reporter]:
    """Every report format there is."""
    registry = Registry(Reporter, group="makeready.reporters", noun="report format")
    registry.add(BUILT_IN_REPORTERS)
    registry.load_plugins()
    return registry


def reporter_for(path: Path) -> Reporter:
    """The writer for a file's suffix.

    Raises:
        UsageError: there is none.
    """
    for reporter in reporters():
        if path.suffix.lower() in reporter.suffixes:
            return reporter
    known = ", ".join(suffix for reporter in reporters() for suffix in reporter.suffixes)
    raise UsageError(f"{path}: no report is written as {path.suffix or 'a file without a suffix'}.", f"Use {known}.")


def save(report: Report, path: Path, *, overwrite: bool = True) -> Path:
    """Write one report to a file; for formats with pictures its pages are drawn now, from the file it is about.

    Raises:
        UsageError: no writer for the suffix, no such folder, or the file is there and must not be overwritten.
    """
    reporter = reporter_for(path)
    if path.exists() and not overwrite:
        raise UsageError(f"{path} is already there.", "Choose another name, or overwrite it.")
    source = Path(report.file.path)
    if os.path.exists(path) and source.is_file() and path.samefile(source):
        raise UsageError(f"{path} is the file that the report is about.", "Choose another name.")
    prepared = {0: reporter.after(report, source)} if reporter.after and source.is_file() else {}
    with writing(path) as write:
        write(reporter.render([report], prepared))
    return path


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Callable[[str | bytes], None]]:
    """A file that appears whole or not at all: written under another name, then renamed.

    Behind a link it is the file meant that is replaced; devices and pipes are written to as they are. Text is
    written as UTF-8, its line ends as they are. File names that are not UTF-8 come as lone surrogates, which are
    replaced: they must not cost the report.

    Raises:
        UsageError: the folder is not there or cannot be written to, or the path is a folder.
    """
    if os.path.isdir(path):
        raise UsageError(f"{path} is a folder.", "Name a file in it.")
    if os.path.exists(path) and not os.path.isfile(path):
        with path.open("wb") as stream:
            yield _writer(stream)
        return
    try:
        path = path.resolve()
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".makeready-", suffix=".part")
    except OSError as error:
        there = os.path.isdir(path.parent)
        hint = "Name a folder that you may write to." if there else "Make the folder, or name one that is there."
        raise UsageError(f"{path} cannot be written: {error.strerror}.", hint) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            yield _writer(stream)
        # mkstemp makes files for the owner only; a report is as readable as any file made here.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def as_bytes(document: str | bytes) -> bytes:
    """A document as it lies in a file: text is UTF-8, whatever the locale says."""
    return document if isinstance(document, bytes) else document.encode("utf-8", "replace")


def _writer(stream: IO[bytes]) -> Callable[[str | bytes], None]:
    def write(document: str | bytes) -> None:
        stream.write(as_bytes(document))

    return write
