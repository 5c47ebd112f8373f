"""The commands that mend files: ``fix`` plans from what the checks find, ``apply`` does as it is told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from makeready import cli_completion
from makeready.cli_options import (
    FILES,
    JUDGING,
    OVERWRITE,
    REPORT,
    Reading,
    for_a_person,
    light,
    named_files,
    printed,
    progress_bar,
    reading,
    results_to,
    same_file,
    tell_failed_plugins,
    together,
    worst_exit_code,
)
from makeready.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from makeready.batch import Checked
    from makeready.changes import Safety
    from makeready.fix_batch import FixJob
    from makeready.report.fix_reports import FixReporter

EPILOG = """\b
Exit codes: 0 nothing at or above --fail-on remains   1 issues remain   2 usage   3 a file was unreadable
            4 something is not installed   5 a check or a fix crashed   130 interrupted
The input is only read. The highest code wins over a batch; one bad file never stops the others."""

_WRITING = together(
    click.option("--in-place", is_flag=True, help="Take the input's place; it is kept as NAME.bak.pdf."),
    OVERWRITE,
    click.option(
        "--to", metavar="KIND", help="What the new files are: pdf, tif, jpg, png or webp.  [default: as they came]"
    ),
    REPORT,
    printed(),
)
_READING = reading(
    "The new file, whose ending says what it is, or a folder.  [default: NAME.fixed.pdf beside each]",
    "Name every change, not only the first few of each step.",
)


@click.command(epilog=EPILOG)
@FILES
@click.option(
    "--allow", type=click.Choice(["safe", "review"]),
    help="How far fixes are trusted: safe ones change nothing visible inside the trim.  [default: as the profile says]",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print the plan, and touch nothing.")
@_WRITING
@JUDGING
@_READING
def fix(files: tuple[str, ...], allow: str | None, dry_run: bool, **options: Any) -> int:
    """Mend copies of FILES and folders: what the checks find is planned, fixed and checked again.

    \b
    makeready fix brochure.pdf --profile sheetfed-coated        writes brochure.fixed.pdf
    makeready fix incoming/ --allow review -o mended/           a folder
    makeready fix incoming/ --allow review --dry-run            only the plan
    makeready fix photo.jpg --profile photo_on_canvas --canvas 30x20in --allow review -o out.tif
    """
    from makeready import changes

    return run(files, None, changes.Safety(allow) if allow else None, dry_run, **options)


@click.command(epilog=EPILOG, context_settings={"ignore_unknown_options": True})
@click.argument(
    "words", nargs=-1, type=click.UNPROCESSED, metavar="[FIX_ID] FILES|DIR… [--SETTING VALUE…]",
    shell_complete=cli_completion.first(cli_completion.one(cli_completion.fixes, files=True)),
)  # fmt: skip
@click.option("--chain", type=click.Path(path_type=Path), metavar="FILE.json",
              help='Several fixes: [{"fix": "add_bleed", "bleed": "3 mm"}, "sharpen_edges"].')  # fmt: skip
@click.option("--param", "params", multiple=True, metavar="SETTING=VALUE", help="A setting of the fix.")
@_WRITING
@JUDGING
@_READING
def apply(words: tuple[str, ...], chain: Path | None, params: tuple[str, ...], **options: Any) -> int:
    """Make one fix, or a chain of them, whatever the checks say.

    \b
    makeready apply add_bleed brochure.pdf --bleed 5mm -o out.pdf
    makeready apply --chain prepare.json incoming/ -o mended/

    'makeready explain' lists the fixes, 'makeready explain add_bleed' their settings.
    """
    files, settings = _sorted_out(words, params)
    if chain is not None:
        if settings:
            raise UsageError("The settings of a chain stand in its file.", "Leave out --chain, or the settings.")
        return run(files, _read_chain(chain), None, False, **options)
    if not files:
        raise UsageError("No fix is named.", "'makeready explain' lists them.")
    id, *rest = files
    if not rest:
        raise UsageError(f"No file is named for {id} to work on.", f"Write: makeready apply {id} FILE -o OUT")
    return run(tuple(rest), ({"fix": id, **settings},), None, False, **options)


def _sorted_out(words: Sequence[str], params: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Files, and ``--setting value`` among them."""
    files: list[str] = []
    settings: dict[str, str] = {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("--"):
            if word.startswith("-") and not os.path.exists(word):
                raise UsageError(f"There is no option {word}.", "Settings are written --bleed 5mm.")
            files.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if not equals:
            if not waiting:
                raise UsageError(f"{word} is given no value.", f"Write {word} VALUE.")
            value = waiting.pop(0)
        settings[name.replace("-", "_")] = value
    for param in params:
        name, equals, value = param.partition("=")
        if not equals:
            raise UsageError(f"{param!r} is not a setting.", "Write --param bleed=5mm.")
        settings[name.strip().replace("-", "_")] = value.strip()
    return tuple(files), settings


def _read_chain(path: Path) -> tuple[Any, ...]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"The chain {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"The chain {path} is not JSON: {error}.") from error
    links = found.get("steps") if isinstance(found, dict) else found
    if not isinstance(links, list) or not all(isinstance(link, str | dict) for link in links):
        raise UsageError(f"The chain {path} is not a list of fixes.", 'Write [{"fix": "add_bleed", "bleed": "3 mm"}].')
    return tuple(links)


def run(
    files: Sequence[str],
    steps: tuple[Any, ...] | None,
    allow: Safety | None,
    dry_run: bool,
    *,
    in_place: bool,
    overwrite: bool,
    to: str | None,
    report: Path | None,
    style: str,
    profile: str,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    settings: tuple[str, ...],
    units: str,
    fail_on: str,
    plugins: tuple[Path, ...],
    ending: str = ".fixed",
    strict: bool = False,
    pictures_only: bool = False,
    **options_of_reading: Any,
) -> int:
    """Mend files: what ``fix`` and ``apply`` have in common, and other commands that make one fix.

    Args:
        files: as they were named.
        steps: a chain that is made whatever the checks say; planned from the issues when ``None``.
        allow: how far planned fixes are trusted.
        dry_run: only print the plan.
        in_place, overwrite, to, report, style: the options of writing.
        profile, only, skip, settings, units, fail_on, plugins: the options of judging.
        ending: what the names of files written beside their input have before the suffix.
        strict: whether a step that refuses is an error of its file.
        pictures_only: whether PDFs in folders are passed over.
        options_of_reading: the fields of ``Reading``.

    Returns:
        The exit code.
    """
    from makeready import engine, fix_batch, fixes
    from makeready.fixes import planner
    from makeready.inspection import as_size

    options = Reading(**options_of_reading)
    paths, passed = _without_ours(named_files(files, "mend"), files)
    if pictures_only:
        paths = _pictures(paths, files)
    suffix = None if to is None else f".{to.lower().removeprefix('.')}"
    if suffix is not None and suffix not in planner.FORMATS:
        raise UsageError(f"{to!r} is no kind of file that is written.", f"These are: {', '.join(planner.FORMATS)}.")
    known = fixes.catalogue(plugins)
    planner.chain(steps or (), known, None)  # what is wrong with it is told before anything is done
    held = engine.measure(profile, only=only, skip=skip, settings=settings, plugin_files=plugins)
    places = fix_batch.targets(
        paths, options.output, in_place=in_place, overwrite=overwrite or dry_run, suffix=suffix, ending=ending
    )
    writer = _writer(report, [*paths, *(target.path(path.suffix) for path, target in places.items())])
    job = fix_batch.FixJob(
        held=held,
        canvas=as_size(options.canvas),
        pages=options.pages,
        units=units,
        steps=steps,
        allow=allow,
        dry_run=dry_run,
        strict=strict,
        targets=places,
        plugin_files=plugins,
        prepare=writer.prepare if writer else None,
    )
    if not options.quiet:
        tell_failed_plugins({**held.failed_plugins, **known.failed})
        if passed:
            more = f" and {len(passed) - 3} more" if len(passed) > 3 else ""
            told = ", ".join(path.name for path in passed[:3])
            click.echo(f"passed over, as an earlier run left it here: {told}{more}", err=True)
    done = _mend(paths, job, options, style, whole=writer is not None or style == "json")
    if writer and report is not None:
        with results_to(report, data=True) as stream:
            stream(writer.render(done))
        if not options.quiet:
            click.echo(f"The report is in {report}", err=True)
    return _exit_code(done, fail_on)


def _without_ours(paths: Sequence[Path], named: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """What is to be mended, and what was found in folders beside its original, left there by an earlier run."""
    from makeready.fix_batch import is_ours

    ours = [path for path in paths if str(path) not in named and is_ours(path)]
    return [path for path in paths if path not in ours], ours


def _pictures(paths: Sequence[Path], named: Sequence[str]) -> list[Path]:
    """What is named or has not the name of a PDF.

    Raises:
        UsageError: there are only PDFs.
    """
    pictures = [path for path in paths if str(path) in named or path.suffix.lower() not in (".pdf", ".ai")]
    if paths and not pictures:
        raise UsageError("There are only PDFs here.", "Name picture files, or folders with some in them.")
    return pictures


def _writer(report: Path | None, others: Sequence[Path]) -> FixReporter | None:
    """What writes the report, found before anything is done."""
    if report is None:
        return None
    from makeready.report import fix_reports

    if any(same_file(report, other) or report == other for other in others):
        raise UsageError(f"{report} is one of the files that are mended.", "Name another file for the report.")
    if not report.absolute().parent.is_dir():
        raise UsageError(f"{report} cannot be written: there is no such folder.", "Make it, or name one that is there.")
    return fix_reports.for_suffix(report.suffix)


def _mend(paths: Sequence[Path], job: FixJob, options: Reading, style: str, *, whole: bool) -> list[Checked]:
    """Mend all files; each is told as soon as its turn has come, and let go of unless it is needed ``whole``."""
    from makeready import batch, fix_batch

    done: list[Checked] = []
    doing = "planning" if job.dry_run else "mending"
    console = _console() if style == "text" and for_a_person() else None
    with progress_bar(len(paths), show=options.shows_progress, doing=doing, beside=console) as on_event:
        ready = fix_batch.run(paths, job, processes=options.jobs, timeout=options.timeout, on_event=on_event)
        with closing(ready), results_to(None, data=style != "text") as stream:
            tell = _teller(style, stream, console, options.verbose)
            for checked in batch.in_order(ready):
                tell(checked)
                done.append(checked if whole else _light(checked))
            if style == "json":
                from makeready.report import fix_data

                stream(fix_data.document([fix_data.checked(checked) for checked in done]))
    if console is not None and len(done) > 1 and not options.quiet:
        from makeready.report import text

        text.summary([checked.report for checked in done], console)
    return done


def _light(checked: Checked) -> Checked:
    """What the exit code and the last line need; results hold facts, which may be large."""
    from dataclasses import replace

    return replace(checked, report=light(checked.report), extra=replace(checked.extra, result=None, prepared=None))


def _console() -> Console:
    from rich.console import Console

    return Console()


def _teller(
    style: str, stream: Callable[[str | bytes], None], console: Console | None, verbose: bool
) -> Callable[[Checked], None]:
    """How each file is told as it is ready."""
    from makeready.report import fix_data, fix_text

    def tell(checked: Checked) -> None:
        if console is not None:
            fix_text.show(checked, console, verbose=verbose)
        elif style == "text":
            stream("".join(f"{line}\n" for line in fix_text.lines(checked, verbose=verbose)))
        elif style == "ndjson":
            stream(fix_data.line(checked))

    return tell


def _exit_code(done: Sequence[Checked], fail_on: str) -> int:
    """The highest of what the reports after all call for, and of what went wrong with the mending itself."""
    failed = [checked.extra.error.exit_code for checked in done if checked.extra.error is not None]
    return max([worst_exit_code((checked.report for checked in done), fail_on), *map(int, failed)])
