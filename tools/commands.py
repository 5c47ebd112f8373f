"""The reference of the command line: Markdown from click's declarations, so that it says what ``--help`` says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from makeready.cli import main
from makeready.errors import ExitCode

SOURCE = Path(__file__).parent.parent / "src/makeready"

HEAD = """\
# The command line

{about}

Every command answers `-h` and `--help`. Results go to standard output or to the file named with `-o`, progress and
messages to standard error, so that output can be piped.

## Exit codes

| code | means |
|---|---|
{codes}

The highest wins over a batch; one bad file never stops the others. `--fail-on` says what makes 1.

## Environment variables

| variable | what it says |
|---|---|
{variables}

Those of the service are [its settings](../service/settings.md); those of plug-ins are in their own pages. pip and npm,
which install models, keep to their own.
"""
MEANS = {
    ExitCode.OK: "nothing at or above `--fail-on`",
    ExitCode.ISSUES: "issues; what was asked for was refused",
    ExitCode.USAGE: "wrong usage: an option, a profile, a code or a setting does not exist or fit",
    ExitCode.UNREADABLE: "a file could not be read",
    ExitCode.MISSING: "something is not installed",
    ExitCode.CRASHED: "a check or a fix crashed, or a file could not be written",
    ExitCode.INTERRUPTED: "interrupted",
}


def page() -> str:
    """Every command with its arguments, options and defaults."""
    codes = "\n".join(f"| {code.value} | {MEANS[code]} |" for code in ExitCode)
    variables = "\n".join(f"| `{name}` | {about} |" for name, about in environment())
    text = HEAD.format(about=_prose(main.help or ""), codes=codes, variables=variables)
    return text + "\n".join(line for words, command in commands() for line in _command(words, command))


def commands(
    group: click.Group = main, before: tuple[str, ...] = ("makeready",)
) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by the words it is called with."""
    for name, command in group.commands.items():
        words = (*before, name)
        if isinstance(command, click.Group):
            yield from commands(command, words)
        elif not command.hidden:
            yield " ".join(words), command


def environment() -> Iterator[tuple[str, str]]:
    """Variables that the package itself reads: constants with their names, and what is said above each."""
    found = {}
    for path in SOURCE.rglob("*.py"):
        for match in re.finditer(
            r'((?:^#: .*\n)+)^[A-Z_]+ = "(MAKEREADY_[A-Z_]+)"$', path.read_text("utf-8"), re.MULTILINE
        ):
            found[match[2]] = " ".join(line.removeprefix("#:").strip() for line in match[1].splitlines())
    yield from ((name, found[name].replace("``", "`")) for name in sorted(found))


def _command(words: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=words, **main.context_settings)
    yield from ("", f"## {words}", "", _prose(command.help or ""), "")
    yield from ("```text", " ".join([words, *command.collect_usage_pieces(context)]), "```", "")
    options = [param for param in command.params if isinstance(param, click.Option) and not param.hidden]
    yield from (f"- {_option(option, context)}" for option in options)
    if command.epilog:
        yield from (*([""] if options else []), _prose(command.epilog))


def _option(option: click.Option, context: click.Context) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    value = "" if option.is_flag else f" {option.make_metavar(context).strip('[]')}"
    about, _, default = (option.help or "").rstrip("]").partition("[default:")
    if not default and option.show_default:
        default = str(option.get_default(context))
    parts = [f"`{names}{value}`: {about.strip()}".rstrip(": ")]
    parts += [f"Default: {_plain(default.strip())}."] if default else []
    parts += ["May be given more than once."] if option.multiple else []
    parts += [f"Or the variable `{option.envvar}`."] if isinstance(option.envvar, str) else []
    return " ".join(parts)


def _plain(default: str) -> str:
    """A value as code, words as words."""
    return f"`{default}`" if re.fullmatch(r"\S+", default) else default


def _prose(text: str) -> str:
    """Help as Markdown: what click leaves as it is laid out becomes a block."""
    parts = []
    for part in re.split(r"\n[ \t]*\n", text):
        if part.lstrip().startswith("\b"):
            lines = part.strip().removeprefix("\b").strip("\n").splitlines()
            margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
            shown = "console" if lines[0].strip().startswith("makeready ") else "text"
            prompt = "$ " if shown == "console" else ""
            body = "\n".join(prompt + line[margin:].rstrip() for line in lines)
            parts.append(f"```{shown}\n{body}\n```")
        else:
            parts.append("\n".join(line.strip() for line in part.strip().splitlines()))
    return "\n\n".join(parts)
