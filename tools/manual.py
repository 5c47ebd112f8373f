"""Manual pages in roff, from click's declarations: one for the program, one for each of its commands.

They travel in the wheel as ``share/man/man1``, where ``man`` finds them beside the program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from commands import MEANS, commands, environment
from makeready import __version__
from makeready.cli import main
from makeready.errors import ExitCode

#: What a reader of roff takes for an instruction.
_SPECIAL = str.maketrans({"\\": r"\e", "-": r"\-", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"})


def pages() -> Iterator[tuple[str, str]]:
    """Every page as the name of its file and its text."""
    yield "makeready.1", "\n".join([*_program(), ""])
    for name, command in main.commands.items():
        if not command.hidden:
            yield f"makeready-{name}.1", "\n".join([*_command(name, command), ""])


def _program() -> Iterator[str]:
    yield from _head("makeready", main)
    yield from (".SH SYNOPSIS", f".B {_text('makeready')}", r"\fICOMMAND\fR [\fIARGUMENTS\fR]")
    yield from (".SH DESCRIPTION", *_prose(main.help or ""))
    yield ".SH COMMANDS"
    for name, command in main.commands.items():
        if not command.hidden:
            yield from (".TP", rf"\fBmakeready\-{_text(name)}\fR(1)", *_lines(command.get_short_help_str(200)))
    yield ".SH EXIT STATUS"
    for code in ExitCode:
        yield from (".TP", rf"\fB{code.value}\fR", *_lines(MEANS[code].replace("`", "")))
    yield from (".PP", *_lines("The highest wins over a batch; one bad file never stops the others."))
    yield ".SH ENVIRONMENT"
    for variable, about in environment():
        yield from (".TP", rf"\fB{_text(variable)}\fR", *_lines(about.replace("`", "")))
    yield from (".SH SEE ALSO", _see_also(name for name, command in main.commands.items() if not command.hidden))


def _command(name: str, command: click.Command) -> Iterator[str]:
    yield from _head(f"makeready-{name}", command)
    below = list(commands(command, ("makeready", name))) if isinstance(command, click.Group) else []
    yield ".SH SYNOPSIS"
    for place, (words, each) in enumerate(below or [(f"makeready {name}", command)]):
        yield from ([".br"] if place else [])
        yield _usage(words, each)
    yield from (".SH DESCRIPTION", *_prose(command.help or ""))
    if below:
        yield ".SH COMMANDS"
        for words, each in below:
            yield from (f'.SS "{_text(words)}"', *_prose(each.help or ""), *_options(each))
            yield from ((".PP", *_prose(each.epilog)) if each.epilog else ())
    elif options := list(_options(command)):
        yield from (".SH OPTIONS", *options)
    if command.epilog:
        yield from (".SH NOTES", *_prose(command.epilog))
    yield from (".SH SEE ALSO", r"\fBmakeready\fR(1)")


def _head(title: str, command: click.Command) -> Iterator[str]:
    yield r".\" made by tools/generate.py from the declarations; do not edit"
    yield f'.TH "{_text(title.upper())}" "1" "" "makeready {_text(__version__)}" "Manual of makeready"'
    about = command.get_short_help_str(200).rstrip(".")
    yield from (".SH NAME", rf"{_text(title)} \- {_text(about)}")


def _usage(words: str, command: click.Command) -> str:
    pieces = command.collect_usage_pieces(click.Context(command, info_name=words, **main.context_settings))
    return rf"\fB{_text(words)}\fR {' '.join(map(_text, pieces))}".rstrip()


def _options(command: click.Command) -> Iterator[str]:
    context = click.Context(command, **main.context_settings)
    for option in command.params:
        if isinstance(option, click.Option) and (record := option.get_help_record(context)):
            yield from (".TP", rf"\fB{_text(record[0])}\fR", *_lines(record[1]))


def _prose(text: str) -> Iterator[str]:
    """Help as paragraphs; what click leaves as it is laid out stays so here."""
    for place, part in enumerate(filter(str.strip, re.split(r"\n[ \t]*\n", text))):
        yield from ([".PP"] if place else [])
        if part.lstrip().startswith("\b"):
            laid_out = part.strip().removeprefix("\b").strip("\n").splitlines()
            margin = min(len(line) - len(line.lstrip()) for line in laid_out if line.strip())
            yield from (".nf", *(_line(line[margin:].rstrip()) for line in laid_out), ".fi")
        else:
            yield from _lines(part)


def _lines(text: str) -> list[str]:
    return [_line(line.strip()) for line in text.strip().splitlines()]


def _line(text: str) -> str:
    """A line of text, which is no instruction although it may begin like one."""
    return (r"\&" if text.startswith((".", "'")) else "") + _text(text)


def _text(text: str) -> str:
    return text.translate(_SPECIAL)


def _see_also(names: Iterator[str]) -> str:
    return ", ".join(rf"\fBmakeready\-{_text(name)}\fR(1)" for name in names)
