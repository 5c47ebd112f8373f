"""What commands that read files have in common: their options, the files they mean, the bar, the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from makeready import cli_completion
from makeready.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from makeready.batch import Event
    from makeready.results import Report

F = TypeVar("F", bound=Callable[..., Any])
_RANKS = {"info": 1, "warning": 2, "error": 3, "never": 9}


def together(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, in the order of the help."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def words(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """``IMG101,BOX*``, given once or more, as words."""
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def _page_numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> frozenset[int] | None:
    """``1-4,8`` as numbers."""
    if value is None:
        return None
    numbers: set[int] = set()
    for part in value.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise click.BadParameter(f"{part.strip()!r} is not a page or a range such as 1-4.")
        if max(len(first), len(last)) > 6:
            raise click.BadParameter(f"no file has that many pages ({part.strip()}).")
        numbers.update(range(int(first), int(last or first) + 1))
    if not numbers or min(numbers) < 1:
        raise click.BadParameter("pages count from 1, and a range runs upwards.")
    return frozenset(numbers)


class Reading(NamedTuple):
    """The options that every command has which reads files."""

    canvas: str | None
    pages: frozenset[int] | None
    jobs: int | None
    timeout: float
    output: Path | None
    no_progress: bool
    quiet: bool
    verbose: bool

    @property
    def shows_progress(self) -> bool:
        """Whether somebody is there to see a bar, and wants one."""
        return not (self.quiet or self.no_progress) and sys.stderr.isatty()


FILES = click.argument(
    "files", nargs=-1, required=True, metavar="FILES|DIR…", shell_complete=cli_completion.one(files=True)
)
CANVAS = click.option("--canvas", metavar="SIZE", help="The printed size: 30x20in, 210x297mm or A4.")
JOBS = click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes.  [default: one a processor]")
TIMEOUT = click.option(
    "--timeout", type=float, default=120.0, show_default=True, metavar="S", help="Seconds a file may take."
)
PLUGINS = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE.py",
    help="More checks and fixes.",
)


OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
REPORT = click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write what was done, with before and after: .html, .json or .txt.",
)
PROVIDER = click.option(
    "--provider",
    type=click.Choice(["auto", "cpu", "openvino", "cuda"]),
    default="auto",
    show_default=True,
    help="What runs a model.",
)


def written(help: str) -> Callable[[F], F]:
    """``-o``; what OUT means is for the command to say."""
    return click.option("-o", "--output", type=click.Path(path_type=Path), metavar="OUT", help=help)


def patience(seconds: float) -> Callable[[F], F]:
    """``--timeout`` for work that models do, which takes longer than reading."""
    return click.option(
        "--timeout", type=float, default=seconds, show_default=True, metavar="S", help="Seconds a file may take."
    )


def said(verbose: str) -> Callable[[F], F]:
    """How much is said meanwhile; what ``-v`` means is for the command to say."""
    return together(
        click.option("--no-progress", is_flag=True, help="No progress bar (there is none when piped)."),
        click.option("-q", "--quiet", is_flag=True, help="Only what was asked for: no progress, no summary."),
        click.option("-v", "--verbose", is_flag=True, help=verbose),
    )


def printed(name: str = "style") -> Callable[[F], F]:
    """``--format``, under the name that the command takes it by."""
    return click.option(
        "--format",
        name,
        type=click.Choice(["text", "json", "ndjson"]),
        default="text",
        show_default=True,
        help="What is printed.",
    )


def reading(output: str, verbose: str) -> Callable[[F], F]:
    """The options of ``Reading``; what OUT and ``-v`` mean is for the command to say."""
    return together(
        CANVAS,
        click.option("--pages", callback=_page_numbers, metavar="1-4,8", help="Only these pages."),
        JOBS,
        TIMEOUT,
        written(output),
        said(verbose),
    )


JUDGING = together(
    click.option(
        "-p", "--profile", default="default", show_default=True, help="A profile's name, or a TOML file.",
        shell_complete=cli_completion.one(cli_completion.profiles, files=True),
    ),
    click.option(
        "--only", multiple=True, callback=words, metavar="CODES", help="Run only these: IMG101,BOX*.",
        shell_complete=cli_completion.several(cli_completion.codes),
    ),
    click.option(
        "--skip", multiple=True, callback=words, metavar="CODES", help="Leave these out.",
        shell_complete=cli_completion.several(cli_completion.codes),
    ),
    click.option(
        "--set", "settings", multiple=True, metavar="CODE.SETTING=VALUE", help="Lay over the profile.",
        shell_complete=cli_completion.one(cli_completion.settings),
    ),
    click.option("--units", type=click.Choice(["mm", "in", "pt"]), default="mm", show_default=True, help="Of lengths."),
    click.option(
        "--fail-on", type=click.Choice(list(_RANKS)), default="error", show_default=True, help="What makes exit code 1."
    ),
    PLUGINS,
)  # fmt: skip


def named_files(files: Sequence[str], deed: str) -> list[Path]:
    """All files that were named or found in folders; one that is named twice comes once.

    Raises:
        UsageError: there are none.
    """
    from makeready.batch import find_files

    if "-" in files and not os.path.exists("-"):
        raise UsageError("Standard input is not read.", "Save it to a file, and name that.")
    paths = list(dict.fromkeys(find_files(files)))
    if not paths:
        where = f"No artwork was found in {', '.join(files[:3])}{' …' if len(files) > 3 else ''}"
        raise UsageError(
            f"There is nothing to {deed}.", f"{where}: folders are searched by suffix, files that are named are tried."
        )
    return paths


def same_file(path: Path, other: Path) -> bool:
    """Whether two names mean one file."""
    try:
        return path.samefile(other)
    except OSError:  # one of them is not there
        return False


def for_a_person() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()


def tell_failed_plugins(failed: Mapping[str, str]) -> None:
    """Name the plug-ins that did not load on standard error."""
    for source, why in failed.items():
        click.echo(f"plug-in {source} did not load: {why}", err=True)


@contextmanager
def results_to(path: Path | None, *, data: bool) -> Iterator[Callable[[str | bytes], None]]:
    """Where results go: standard output, or a file that appears whole or not at all; ``data`` is for machines."""
    if path is not None:
        from makeready.report import writing

        with writing(path) as write:
            yield write
        return
    if data and hasattr(sys.stdout, "reconfigure"):
        # Whatever the locale and the system say: JSON is UTF-8 (RFC 8259, 8.1), lines of CSV end in CR LF.
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")
    yield lambda document: click.echo(document, nl=False)


@contextmanager
def progress_bar(
    total: int, *, show: bool, doing: str = "checking", beside: Console | None = None
) -> Iterator[Callable[[Event], None] | None]:
    """A bar: files done, steps taken of those at hand, and the page or the step in words.

    It is drawn on standard error or, while something is printed on the terminal, by the console ``beside`` that
    prints it: only that one knows how to print above the bar.
    """
    if not show:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from makeready.report.text import clean

    # A name such as [bold].pdf is no markup.
    name_column = TextColumn("{task.description}", markup=False)
    columns = (name_column, BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[at]}", markup=False))
    # No refresh thread: children are forked while this runs, and a fork copies the locks of other threads.
    console = beside or Console(stderr=True)
    bar = Progress(
        *columns, console=console, transient=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
    )
    with bar:
        task = bar.add_task(doing, total=total, at="")

        done, shares = 0, dict[str, float]()

        def on_event(event: Event) -> None:
            nonlocal done
            name = clean(Path(event.path).name[:40])
            at = event.what or f"page {event.done} of {event.total}" if event.kind == "page" else ""
            if event.what:  # pages fly by, steps may take minutes
                shares[event.path] = event.done / max(event.total, 1)
            elif event.kind == "done":
                done += 1
                shares.pop(event.path, None)
            bar.update(task, completed=done + sum(shares.values()), description=name, at=at)
            bar.refresh()

        yield on_event


def worst_exit_code(reports: Iterable[Report], fail_on: str) -> int:
    """The exit code that the reports call for; the highest wins."""
    code = ExitCode.OK
    for report in reports:
        if report.facts is None:
            code = max(code, ExitCode.UNREADABLE)
        elif any(issue.severity.rank >= _RANKS[fail_on] for issue in report.issues):
            code = max(code, ExitCode.ISSUES)
        if report.crashed:
            code = max(code, ExitCode.CRASHED)
    return int(code)


def light(report: Report) -> Report:
    """A report whose facts are let go, keeping whether there were any."""
    from dataclasses import fields, replace

    facts = report.facts
    if facts is None:
        return report
    rows: dict[str, Any] = {field.name: () for field in fields(facts) if field.default == ()}
    return report.replace(facts=replace(facts, **rows))
