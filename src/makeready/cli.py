"""The command line: words in, words out; no decisions live here.

Everything heavy is imported inside the commands, so that ``--version`` and ``--help`` answer at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from makeready import (
    __version__,
    cli_accounts,
    cli_background,
    cli_completion,
    cli_fix,
    cli_models,
    cli_service,
    cli_upscale,
)
from makeready.cli_options import (
    CANVAS,
    FILES,
    JOBS,
    JUDGING,
    PLUGINS,
    TIMEOUT,
    Reading,
    for_a_person,
    light,
    named_files,
    progress_bar,
    reading,
    results_to,
    same_file,
    tell_failed_plugins,
    words,
    worst_exit_code,
)
from makeready.errors import ExitCode, MakereadyError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from makeready.batch import Checked, Job
    from makeready.report import Reporter
    from makeready.results import Report

_EPILOG = """\b
Exit codes: 0 nothing at or above --fail-on   1 issues   2 usage   3 a file was unreadable
            4 something is not installed   5 a check crashed   130 interrupted
The highest wins over a batch; one bad file never stops the others."""
_READING = reading("Write to this file.", "Also say how every check fared.")
_PROFILE = cli_completion.one(cli_completion.profiles, files=True)


class Commands(click.Group):
    """The group: turns this package's errors into a message, a hint and their exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        _replace_closed_streams()
        # Names that are not UTF-8 come as lone surrogates; they must not stop a run half way.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")
        try:
            with _orderly_end():
                code = super().main(*args, **kwargs)
        except MakereadyError as error:
            click.echo(f"Error: {error}", err=True)
            if error.hint:
                click.echo(f"       {error.hint}", err=True)
            code = error.exit_code
        except click.ClickException as error:
            error.show()
            if isinstance(error, click.UsageError) and (file := _file_like_an_option()):
                click.echo(f"       If the file {file} is meant, write ./{file}", err=True)
            code = error.exit_code
        except (click.Abort, KeyboardInterrupt):
            click.echo("Interrupted.", err=True)
            code = ExitCode.INTERRUPTED
        except OSError as error:  # the disk is full, the report cannot be renamed
            click.echo(f"Error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", err=True)
            code = ExitCode.CRASHED
        except Exception:  # exit code 1 would say that the files have issues
            import traceback

            traceback.print_exc()
            click.echo("Error: makeready itself failed; the lines above say where.", err=True)
            code = ExitCode.CRASHED
        sys.exit(int(code or 0))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # the reader of our output has gone, as `head` does
            # What is still in the buffer has nowhere to go; the interpreter must not fail on it at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.OK

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            from makeready.errors import did_you_mean

            near = did_you_mean(args[0], self.list_commands(ctx)) if args else ""
            raise UsageError(f"There is no command {args[0]!r}.", near or "'makeready --help' lists them.") from None


def _replace_closed_streams() -> None:
    """A stream that the caller has closed (``>&-``) loses what is written to it, and no file gets its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def _file_like_an_option() -> str | None:
    """A file among the arguments whose name begins with a dash."""
    return next((word for word in sys.argv[1:] if word.startswith("-") and os.path.isfile(word)), None)


@contextmanager
def _orderly_end() -> Iterator[None]:
    """Be ended (by ``kill``, a job runner, a shutdown) as by Ctrl-C: children stopped, no half-written report."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@click.group(cls=Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="makeready")
def main() -> None:
    """Look at print artwork, say what will go wrong on press, and mend it.

    \b
    makeready check poster.pdf --profile poster -o report.html
    makeready check incoming/ --profile sheetfed-coated
    makeready fix brochure.pdf --profile sheetfed-coated
    makeready stars 4000x3000 --canvas 30x20in --product photo_on_canvas
    """


@main.command(epilog=_EPILOG)
@FILES
@JUDGING
@click.option(
    "--format",
    "style",
    metavar="FORMAT",
    help="text, json, ndjson, html, pdf, csv, junit or sarif.  [default: by the suffix of OUT, else text]",
)
@click.option("--timings", is_flag=True, help="Say what took how long, on standard error.")
@_READING
def check(
    files: tuple[str, ...],
    profile: str,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    settings: tuple[str, ...],
    units: str,
    fail_on: str,
    plugins: tuple[Path, ...],
    style: str | None,
    timings: bool,
    **reading: Any,
) -> int:
    """Check FILES and folders against a profile.

    Folders are walked. Results go to standard output (or OUT), progress to standard error.
    """
    from makeready import engine
    from makeready.batch import Job
    from makeready.inspection import as_size

    options = Reading(**reading)
    reporter = _reporter(style, options.output)
    held = engine.measure(profile, only=only, skip=skip, settings=settings, plugin_files=plugins)
    job = Job(
        held=held,
        canvas=as_size(options.canvas),
        pages=options.pages,
        units=units,
        after=reporter.after,
    )
    if not options.quiet and not _as_tables(reporter, options.output):  # tables name them in their headings
        tell_failed_plugins(held.failed_plugins)
    reports = _run(files, job, reporter, options)
    if timings:
        from makeready import preflight
        from makeready.report import timings as table

        click.echo("\n".join(table.lines(reports, preflight.catalogue(plugins))), err=True)
    return worst_exit_code(reports, fail_on)


main.add_command(cli_fix.fix)
main.add_command(cli_fix.apply)
main.add_command(cli_background.remove_background)
main.add_command(cli_upscale.upscale)
main.add_command(cli_models.models)
main.add_command(cli_accounts.accounts)
main.add_command(cli_service.serve)
main.add_command(cli_service.worker)
main.add_command(cli_completion.completion)


@main.command(epilog=_EPILOG)
@FILES
@click.option("--format", "style", type=click.Choice(["json", "ndjson"]), default=None, help="[default: json]")
@_READING
def inspect(files: tuple[str, ...], style: str | None, **reading: Any) -> int:
    """Print the facts of FILES and folders, without judging them."""
    from makeready.batch import Job
    from makeready.inspection import as_size

    options = Reading(**reading)
    suffix = options.output.suffix.lower() if options.output else ""
    reporter = _reporter(style or ("ndjson" if suffix in (".ndjson", ".jsonl") else "json"), None)
    job = Job(canvas=as_size(options.canvas), pages=options.pages)
    return worst_exit_code(_run(files, job, reporter, options), "never")


def _run(files: Sequence[str], job: Job, reporter: Reporter, options: Reading) -> list[Report]:
    """Look at all files and write what comes; returns the reports without their facts, which may be large."""
    from makeready import batch

    paths, output = named_files(files, "look at"), options.output
    if output is not None and any(same_file(path, output) for path in paths):
        raise UsageError(f"{output} is one of the files to look at.", "Name another file for the report.")
    tables = _tables() if _as_tables(reporter, output) else None
    names = _names(paths, reporter, output) if reporter.one_each else None
    if reporter.one_each and output is None and for_a_person():
        raise UsageError(f"A {reporter.name} report is not for a terminal.", "Name a file for it: -o OUT.")
    with progress_bar(len(paths), show=options.shows_progress, beside=tables) as on_event:
        ready = batch.run(paths, job, processes=options.jobs, timeout=options.timeout, on_event=on_event)
        if names is not None:
            kept = _write_each(ready, names, reporter)
        else:
            with results_to(output, data=reporter.name != "text") as stream:
                kept = _write_all(ready, reporter, stream, tables, options.verbose)
    if job.pages is not None and not options.quiet and (short := _too_short(kept, max(job.pages))):
        click.echo(short, err=True)
    if not options.quiet and (output is not None or (tables is not None and len(kept) > 1)):
        from rich.console import Console

        from makeready.report import text

        console = Console(stderr=output is not None)
        text.summary(kept, console)
        if output is not None:
            said = f"The report is in {output}" if names is None or len(names) == 1 else f"The reports are in {output}"
            console.print(said, highlight=False, markup=False, soft_wrap=True)
    return kept


def _too_short(reports: Sequence[Report], last: int) -> str | None:
    """Which files end before the last page that was asked for."""
    from makeready.report.text import clean

    found = [report for report in reports if report.facts is not None and report.facts.page_count < last]
    if not found:
        return None
    counts = {clean(report.file.path): report.facts.page_count for report in found[:3] if report.facts is not None}
    named = ", ".join(f"{path} has {count} page{'s' if count != 1 else ''}" for path, count in counts.items())
    more = f", and {len(found) - 3} more files end before it" if len(found) > 3 else ""
    return f"page {last} is not there: {named}{more}"


def _write_all(
    ready: Iterator[Checked],
    reporter: Reporter,
    stream: Callable[[str | bytes], None],
    tables: Console | None,
    verbose: bool,
) -> list[Report]:
    """One document about all files; as they come where the format allows it."""
    from makeready import batch

    kept: list[Report] = []
    if reporter.name == "ndjson":
        for checked in ready:
            stream(reporter.render([checked.report], {}))
            kept.append(light(checked.report))
    elif reporter.name == "text":
        print_text = _printer(tables, stream, verbose)
        for checked in batch.in_order(ready):
            print_text(checked.report)
            kept.append(light(checked.report))
    else:
        whole: list[Checked] = list(batch.in_order(ready))
        prepared = {place: checked.extra for place, checked in enumerate(whole) if checked.extra}
        stream(reporter.render([checked.report for checked in whole], prepared))
        kept = [light(checked.report) for checked in whole]
    return kept


def _write_each(ready: Iterator[Checked], names: Sequence[Path | None], reporter: Reporter) -> list[Report]:
    """A document about each file, written as soon as it is ready."""
    kept: dict[int, Report] = {}
    for checked in ready:
        with results_to(names[checked.position], data=reporter.name != "text") as stream:
            stream(reporter.render([checked.report], {0: checked.extra} if checked.extra else {}))
        kept[checked.position] = light(checked.report)
    return [kept[place] for place in sorted(kept)]


def _names(paths: Sequence[Path], reporter: Reporter, output: Path | None) -> list[Path | None]:
    """Where the document about each file goes, for formats that hold one file: OUT, or NAME_log.pdf in the folder OUT.

    Names that meet (``a.pdf`` and ``a.tif``, or one name in two folders) are told apart by the whole name, or a number.
    """
    if output is None or not os.path.isdir(output):
        if len(paths) > 1:
            raise UsageError(
                f"A {reporter.name} report is about one file, and there are {len(paths)}.",
                f"Name a folder that is there, as in '--format {reporter.name} -o reports/': each gets its own in it.",
            )
        return [output]
    stems = Counter(path.stem.lower() for path in paths)
    taken: set[str] = set()
    names: list[Path | None] = []
    for path in paths:
        alone = stems[path.stem.lower()] == 1
        whole, number = Path(reporter.document_name(path if alone else Path(f"{path.name}.{reporter.name}"))), 1
        name = whole.name
        while name.lower() in taken:
            number += 1
            name = f"{whole.stem}-{number}{whole.suffix}"
        taken.add(name.lower())
        if os.path.exists(output / name) and any(same_file(one, output / name) for one in paths):
            raise UsageError(f"{output / name} is one of the files to look at.", "Name another folder for the reports.")
        names.append(output / name)
    return names


def _as_tables(reporter: Reporter, output: Path | None) -> bool:
    return reporter.name == "text" and output is None and for_a_person()


def _tables() -> Console:
    from rich.console import Console

    return Console()


def _printer(tables: Console | None, stream: Callable[[str | bytes], None], verbose: bool) -> Callable[[Report], None]:
    """How text reports are printed: as tables on a terminal, a line an issue anywhere else."""
    from makeready.report import text

    if tables is not None:
        return lambda report: text.show(report, tables, verbose=verbose)

    def lines(report: Report) -> None:
        stream("".join(f"{line}\n" for line in text.lines(report)))
        if verbose:
            stream("".join(f"{line}\n" for line in text.run_lines(report)))

    return lines


def _reporter(style: str | None, output: Path | None) -> Reporter:
    from makeready import report

    if style is None:
        return report.reporter_for(output) if output is not None else report.reporters()["text"]
    return report.reporters()[style]


@main.command()
@click.argument("what", nargs=-1, required=True, metavar="WIDTHxHEIGHT|FILES…")
@CANVAS
@click.option("--product", default="photo_on_canvas", show_default=True, help="A profile that names a least ppi.")
@click.option("--sort", is_flag=True, help="The worst first.")
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Lines or data."
)
def stars(what: tuple[str, ...], canvas: str | None, product: str, sort: bool, style: str) -> int:
    """Rate pictures with one to five stars at their printed size.

    Give a size in pixels (4000x3000) and a canvas, or files.
    """
    import json
    import re

    from makeready import engine

    pixels = re.fullmatch(r"(\d+)\s*[x×]\s*(\d+)", what[0]) if len(what) == 1 else None
    if pixels and not Path(what[0]).exists():
        if canvas is None:
            raise UsageError("Stars for a size in pixels need a canvas.", "Add --canvas 30x20in.")
        rated = engine.stars(int(pixels[1]), int(pixels[2]), canvas, product)
        if style == "json":
            click.echo(json.dumps({"data": rated.as_data()}))
        else:
            row = f"{'★' * rated.stars}{'☆' * (5 - rated.stars)} {rated.label}"
            click.echo(f"{row}: {rated.effective_ppi} ppi; {product} wants at least {rated.min_ppi} ppi")
        return ExitCode.OK
    return _stars_of_files(what, canvas, product, sort, style)


def _stars_of_files(files: Sequence[str], canvas: str | None, product: str, sort: bool, style: str) -> int:
    import json

    from makeready import batch, engine
    from makeready.inspection import as_size
    from makeready.report import text

    held = engine.measure(product, only=("IMG101",))
    if held.profile.product.min_ppi is None:
        engine.stars(1, 1, "1x1in", product)  # says what is wrong with the product
    paths = named_files(files, "rate")
    job = batch.Job(held=held, canvas=as_size(canvas))
    reports = [checked.report for checked in batch.in_order(batch.run(paths, job))]
    if sort:
        reports.sort(key=lambda report: (report.stars.stars, report.stars.effective_ppi) if report.stars else (9, 0))
    if style == "json":
        rows = [{"path": r.file.path, "stars": r.stars and r.stars.as_data(), "reason": _no_stars(r)} for r in reports]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for report in reports:
            reason = _no_stars(report)
            reason = reason and text.clean(reason)
            click.echo(f"{f'no stars: {reason}' if reason else text.stars(report)}  {text.clean(report.file.path)}")
    return int(worst_exit_code(reports, "never"))


def _no_stars(report: Report) -> str | None:
    if report.stars is not None:
        return None
    return report.issues[0].message if report.facts is None else report.stars_reason


@main.command()
@click.argument(
    "name", required=False, metavar="[CODE|NAME|FIX|PROFILE|GENERATOR]",
    shell_complete=cli_completion.one(cli_completion.codes, cli_completion.fixes, cli_completion.profiles, files=True),
)  # fmt: skip
@click.option("--checks", is_flag=True, help="List the checks only.")
@click.option("--fixes", is_flag=True, help="List the fixes only.")
@PLUGINS
def explain(name: str | None, checks: bool, fixes: bool, plugins: tuple[Path, ...]) -> int:
    """Print the page about a check, a fix, a profile or a generator; without a name, the lists of checks and fixes."""
    from makeready import fixes as fixing
    from makeready import preflight
    from makeready.edit import generators
    from makeready.report import fix_pages, generator_pages, pages

    catalogue, mending = preflight.catalogue(plugins), fixing.catalogue(plugins)
    if name is None:
        both = checks == fixes
        listed = [pages.index(catalogue)] if checks or both else []
        _markdown("\n".join([*listed, fix_pages.index(mending)] if fixes or both else listed))
        return ExitCode.OK
    for check in catalogue:
        if name.upper() == check.code or name.lower() == check.name:
            _markdown(pages.check_page(check))
            return ExitCode.OK
    if (id := name.lower().replace("-", "_")) in mending:
        _markdown(fix_pages.fix_page(mending[id]))
        return ExitCode.OK
    if name.lower() in generators.catalogue():
        _markdown(generator_pages.generator_page(generators.catalogue()[name]))
        return ExitCode.OK
    if name in preflight.profile_names() or name.endswith(".toml"):
        _markdown(pages.profile_page(preflight.load_profile(name), catalogue))
        return ExitCode.OK
    from makeready.errors import did_you_mean

    codes, words = (check.code for check in catalogue), (check.name for check in catalogue)
    known = [*codes, *words, *(fix.id for fix in mending), *preflight.profile_names()]
    known.extend(one.name for one in generators.catalogue())
    hint = did_you_mean(name, known)
    hint = hint or "'makeready explain' lists the checks and fixes, 'makeready profiles list' the profiles."
    raise UsageError(f"There is no check, fix or profile {name!r}.", hint)


def _markdown(text: str) -> None:
    """Markdown: set on a terminal, as it is anywhere else."""
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(text))
    else:
        click.echo(text, nl=False)


@main.group()
def profiles() -> None:
    """List, show and compare profiles."""


@profiles.command("list")
def profiles_list() -> None:
    """Name every profile, with what it is for."""
    from makeready import preflight

    names = preflight.profile_names()
    width = max(map(len, names))
    for name in names:
        click.echo(f"{name:{width}}  {preflight.load_profile(name).title}")


@profiles.command("show")
@click.argument("name", shell_complete=_PROFILE)
def profiles_show(name: str) -> None:
    """Say what a profile asks of each check."""
    from makeready import engine, preflight
    from makeready.report import pages

    held = engine.measure(name)
    _markdown(pages.profile_page(held.profile, preflight.catalogue()))


@profiles.command("diff")
@click.argument("first", shell_complete=_PROFILE)
@click.argument("second", shell_complete=_PROFILE)
def profiles_diff(first: str, second: str) -> int:
    """Say where two profiles differ."""
    from makeready import engine, preflight
    from makeready.report import pages

    one, other = engine.measure(first).profile, engine.measure(second).profile
    rows = pages.difference(one, other, preflight.catalogue())
    if not rows:
        click.echo(f"{one.name} and {other.name} ask the same.")
        return ExitCode.OK
    table = [f"| check | {one.name} | {other.name} |", "|---|---|---|"]
    _markdown("\n".join([*table, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n")
    return ExitCode.OK


@profiles.command("schema")
def profiles_schema() -> None:
    """Print the JSON schema of profile files, for completion in editors."""
    import json

    from makeready import fixes, preflight
    from makeready.report import schema

    click.echo(json.dumps(schema.profile_schema(preflight.catalogue(), fixes.catalogue()), indent=1))


def _print_ticket_schema(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        import json

        from makeready.watch import ticket_schema

        click.echo(json.dumps(ticket_schema(), indent=1))
        ctx.exit()


@main.command(epilog=_EPILOG)
@click.argument("hot", type=click.Path(path_type=Path), metavar="HOT")
@JUDGING
@CANVAS
@click.option("--init", is_flag=True, help="Make the folders that are missing.")
@click.option("--once", is_flag=True, help="Do what is there and end, with the exit codes of check.")
@click.option(
    "--settle", type=float, default=2.0, show_default=True, metavar="S", help="Seconds a file must be still for."
)
@click.option(
    "--rescan", type=float, default=30.0, show_default=True, metavar="S", help="Seconds between looks without events."
)
@click.option("--poll", is_flag=True, help="Look every second instead of waiting for events (network drives).")
@click.option(
    "--report",
    "reports",
    multiple=True,
    callback=words,
    default=("html,json",),
    show_default=True,
    metavar="FORMATS",
    help="Reports to write for each file.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "ndjson"]),
    default="text",
    show_default=True,
    help="What is printed as each file is done: a line, or its report as JSON.",
)
@click.option(
    "--ticket-schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_ticket_schema,
    help="Print the JSON schema of job tickets and end.",
)
@JOBS
@TIMEOUT
@click.option("-q", "--quiet", is_flag=True, help="No line that says that watching has begun.")
def watch(hot: Path, init: bool, once: bool, fail_on: str, style: str, quiet: bool, **options: Any) -> int:
    """Check what is dropped into HOT/in and move it to the folder of its verdict.

    Results go to HOT/success, warning, error or failed, with their folders; reports to HOT/reports.
    """
    from makeready import watch as hot_folder
    from makeready.report import data

    if not once:
        hot_folder.require_watchfiles()
    rhythm = hot_folder.Rhythm(options.pop("settle"), options.pop("rescan"), options.pop("poll"))
    order = hot_folder.Order(processes=options.pop("jobs"), **options)
    filed: list[Report] = []

    def log(line: str) -> None:
        click.echo(line, err=True)

    with hot_folder.HotFolder(hot, order, rhythm, init=init, log=log) as folder, hot_folder.Leave() as leave:
        if not quiet and not once:
            log(f"watching {folder.inbox} with the profile {order.profile}")
        for done in folder.once(leave) if once else folder.watch(leave):
            click.echo(done.line if style == "text" else data.line(done.report))
            if once:
                filed.append(light(done.report))
        return max(worst_exit_code(filed, fail_on), ExitCode.CRASHED if folder.kept else ExitCode.OK)
    return ExitCode.OK  # told to end


@main.command()
def doctor() -> int:
    """Say what is installed, what is not, which plug-ins failed and why, and how the service is set."""
    from makeready.report import doctor as health

    findings = [*health.examine(), *cli_service.findings()]
    for finding in findings:
        click.echo(finding.line)
    return int(max((finding.exit_code for finding in findings), default=ExitCode.OK))
