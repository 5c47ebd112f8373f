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
from typing import IO

from makeready.errors import UsageError
from makeready.registry import BUILT_IN, Registry
from makeready.report.pictures import PagePicture, pictures_for
from makeready.results import Report

#: Pages of each report, by its position.
Pictures = Mapping[int, Sequence[PagePicture]]


@dataclass(frozen=True, eq=False)
class Reporter:
    """A declared report format: turns reports into the text of one document."""

    name: str
    suffixes: tuple[str, ...]
    title: str
    render: Callable[[Sequence[Report], Pictures], str]
    #: Whether it shows pages, which must be drawn for it.
    wants_pictures: bool = False
    source: str = field(default=BUILT_IN)

    @property
    def key(self) -> str:
        return self.name

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


def _html(reports: Sequence[Report], pictures: Pictures) -> str:
    from makeready import __version__, preflight
    from makeready.report import html, pages

    catalogue = preflight.catalogue()
    return html.render(
        reports,
        pictures,
        advice={check.code: pages.section(check, "What to do") for check in catalogue},
        checks={check.code: check.title for check in catalogue},
        made_by=f"makeready {__version__}",
    )


BUILT_IN_REPORTERS = (
    Reporter("text", (".txt",), "one line an issue", _text),
    Reporter("json", (".json",), "everything, for machines", _json),
    Reporter("ndjson", (".ndjson", ".jsonl"), "a JSON report a line, as each is ready", _ndjson),
    Reporter("html", (".html", ".htm"), "one page with pictures, for people", _html, wants_pictures=True),
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
    drawn: Pictures = {0: pictures_for(report, source)} if reporter.wants_pictures and source.is_file() else {}
    with writing(path) as stream:
        stream.write(reporter.render([report], drawn))
    return path


@contextlib.contextmanager
def writing(path: Path) -> Iterator[IO[str]]:
    """A text file that appears whole or not at all: written under another name, then renamed.

    Behind a link it is the file meant that is replaced; devices and pipes are written to as they are. File
    names that are not UTF-8 come as lone surrogates, which are replaced: they must not cost the report.

    Raises:
        UsageError: the folder is not there or cannot be written to, or the path is a folder.
    """
    if os.path.isdir(path):
        raise UsageError(f"{path} is a folder.", "Name a file in it.")
    if os.path.exists(path) and not os.path.isfile(path):
        with path.open("w", encoding="utf-8", errors="replace") as stream:
            yield stream
        return
    try:
        path = path.resolve()
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".makeready-", suffix=".part")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", "Name a folder that is there.") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as stream:
            yield stream
        # mkstemp makes files for the owner only; a report is as readable as any file made here.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
