"""Reports about what was mended, chosen by the suffix of the file: a page for people, JSON, or lines of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from makeready import __version__
from makeready.batch import Checked
from makeready.changes import Result
from makeready.errors import UsageError
from makeready.fix_batch import Mended
from makeready.report.before_after import before_after


@dataclass(frozen=True)
class FixReporter:
    """A format of reports about mended files."""

    suffixes: tuple[str, ...]
    render: Callable[[Sequence[Checked]], str]
    #: Work on input and new file, done in the child process; must pickle, as must what it returns.
    prepare: Callable[[Result, Path], Any] | None = None


def _text(done: Sequence[Checked]) -> str:
    from makeready.report import fix_text

    return "".join(f"{line}\n" for checked in done for line in fix_text.lines(checked, verbose=True))


def _json(done: Sequence[Checked]) -> str:
    from makeready.report import fix_data

    return fix_data.document([fix_data.checked(checked) for checked in done])


def _html(done: Sequence[Checked]) -> str:
    from makeready import fixes, preflight
    from makeready.report import fix_html, pages

    plugins = {file for checked in done for file in checked.report.profile.plugin_files}
    files = tuple(map(Path, sorted(plugins)))
    return fix_html.render(
        done,
        advice={check.code: pages.section(check, "What to do") for check in preflight.catalogue(files)},
        fixes={fix.id: fix.title for fix in fixes.catalogue(files)},
        made_by=f"makeready {__version__}",
    )


FIX_REPORTERS = (
    FixReporter((".txt",), _text),
    FixReporter((".json",), _json),
    FixReporter((".html", ".htm"), _html, before_after),
)


def for_suffix(suffix: str) -> FixReporter:
    """The writer for the suffix of a file.

    Raises:
        UsageError: there is none.
    """
    for reporter in FIX_REPORTERS:
        if suffix.lower() in reporter.suffixes:
            return reporter
    known = ", ".join(suffix for reporter in FIX_REPORTERS for suffix in reporter.suffixes)
    raise UsageError(f"What was mended is not written as {suffix or 'a file without a suffix'}.", f"Use {known}.")


def save(result: Result, path: str | Path, *, source: str | Path | None = None) -> Path:
    """Write what was done to one file, with pictures before and after where the input is to be had.

    Args:
        result: of ``makeready.fix``.
        path: the suffix picks the writer: ``.html``, ``.json`` or ``.txt``.
        source: the input, where it is not the file that the result names.

    Raises:
        UsageError: no writer for the suffix, or the file cannot be written.
    """
    from makeready.report import writing

    target, given = Path(path), Path(source or result.before.file.path)
    reporter = for_suffix(target.suffix)
    prepared = reporter.prepare(result, given) if reporter.prepare and given.is_file() else None
    mended = Mended(result, result.plan, prepared=prepared)
    with writing(target) as write:
        write(reporter.render([Checked(result.final, mended)]))
    return target
