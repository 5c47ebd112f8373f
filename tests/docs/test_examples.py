"""What pages tell readers to type and to write is true: commands, settings, names, files."""

from __future__ import annotations

import ast
import importlib
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest
import yaml

import makeready
from docs.pages import Block, all_pages, blocks, name, written_pages
from makeready import fixes
from makeready.cli import main

SHELL = ("sh", "bash", "shell", "console")
#: Where a command stands within other languages.
WITHIN = re.compile(r"(?:ExecStart=|run:|CMD|command:)\s*(.*\bmakeready\b.*)")
#: What does not belong to the command before it.
ENDS = ("&&", "||", "|", ";", "&", ")", "(", "))", ");")
#: Programs that call another one, whose name comes next.
CALLERS = ("env", "exec", "nohup", "sudo", "time", "xargs")
REDIRECTIONS = (">", ">>", "<", "<<", ">&")


#: What can be typed and need not be: ``check FILES|DIR… [--profile P]``, ``models list|install``.
SUMMARY = re.compile(r"\[-|[A-Za-z]\|[A-Za-z]")


class Command(NamedTuple):
    """A call of makeready in a page: the words after its name."""

    page: Path
    line: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}: makeready {' '.join(self.words)}"


def commands(page: Path) -> Iterator[Command]:
    """Every call of makeready in the fenced blocks of a page."""
    for block in blocks(page):
        for line, text in _lines(block):
            if not SUMMARY.search(text):
                yield from (Command(page, line, words) for words in calls(text))


def _lines(block: Block) -> Iterator[tuple[int, str]]:
    """What is typed, in one piece where a backslash goes on in the next line."""
    text = re.sub(r"\\\n\s*", lambda joint: " " + "\0" * joint[0].count("\n"), block.text)
    number = block.line
    for line in text.split("\n"):
        number += 1
        if block.language == "console":
            typed = line.removeprefix("$ ") if line.startswith("$ ") else ""
        elif block.language in SHELL:
            typed = line
        else:
            within = WITHIN.search(line)
            typed = within[1] if within else ""
        if re.search(r"(^|[\s/(])makeready\s", typed):
            yield number, typed.replace("\0", "")
        number += line.count("\0")


def calls(line: str) -> Iterator[tuple[str, ...]]:
    """The words of each call of makeready in a line of a shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, "#"
    words: list[str] | None = None
    appended: tuple[str, ...] = ()
    first = True  # a word that comes now is the name of a program
    into = False  # a word that comes now is the name of a file
    for token in lexer:
        if token in ENDS or token in REDIRECTIONS:
            if words is not None:
                yield (*words, *appended)
            words, appended, first, into = None, (), token in ENDS, token in REDIRECTIONS
        elif words is not None:
            words.append(token)
        elif first and not into and (token == "makeready" or token.endswith("/makeready")):
            words = []
        else:
            appended = ("FILE",) if token == "xargs" else appended
            passed_on = token in CALLERS or bool(re.match(r"\w+=", token)) or (bool(appended) and token[0] in "-0")
            first, into = (first and passed_on) or token in ("--", "-m"), False
    if words is not None:
        yield (*words, *appended)


def summaries(page: Path) -> Iterator[Command]:
    """Every line that says what can be typed."""
    for block in blocks(page):
        for line, text in _lines(block):
            if SUMMARY.search(text):
                said = text.partition("  #")[0].split("makeready ")[1:]
                yield from (Command(page, line, tuple(words.split())) for words in said)


def fault(words: tuple[str, ...], own_fixes: bool = False) -> str:
    """Why the command line would refuse these words, or nothing. Files need not be there."""
    command: click.Command = main
    context = click.Context(main, info_name="makeready", **main.context_settings)
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.commands.get(rest.pop(0))
        if found is None:
            return "there is no such command"
        command = found
    try:
        context = command.make_context("makeready", rest, parent=context)
    except click.exceptions.Exit:
        return ""
    except click.ClickException as error:
        message = error.format_message()
        return "" if "does not exist" in message else message
    if command.name == "apply" and not own_fixes:
        return _of_fix(context.params["words"], context.params["chain"])
    return ""


def _of_fix(words: tuple[str, ...], chain: Path | None) -> str:
    """Why ``apply`` would refuse the name of a fix or one of its settings."""
    if chain is not None:
        return ""
    catalogue = fixes.catalogue()
    if words[0] not in catalogue:
        return f"there is no fix {words[0]}"
    known = catalogue[words[0]].params.model_fields
    given = [word.removeprefix("--").partition("=")[0].replace("-", "_") for word in words if word.startswith("--")]
    return ", ".join(f"{words[0]} has no setting {setting}" for setting in given if setting not in known)


COMMANDS = [command for page in all_pages() for command in commands(page)]


def test_there_are_commands_to_look_at() -> None:
    assert len(COMMANDS) > 150
    assert len({command.page for command in COMMANDS}) > 40


def test_every_command_in_the_docs_is_understood() -> None:
    offered = {"docs/plugins.md"}  # it makes the fix that it calls, and is run by a test of its own
    found = [
        f"{command}: {wrong}" for command in COMMANDS if (wrong := fault(command.words, name(command.page) in offered))
    ]
    assert found == []


def test_every_command_and_option_in_a_summary_exists() -> None:
    said = [command for page in all_pages() for command in summaries(page)]
    assert len(said) > 8
    found = []
    for command in said:
        known = main.commands[command.words[0]]
        options = {option for param in known.params for option in param.opts}
        typed = re.findall(r"(?<![\w-])--?[a-z][\w-]*", " ".join(command.words))
        found += [f"{command}: {option}" for option in typed if option not in options]
        if isinstance(known, click.Group):
            found += [f"{command}: {name}" for name in command.words[1].split("|") if name not in known.commands]
    assert found == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("chek a.pdf", "no such command"),
        ("check a.pdf --profil poster", "No such option"),
        ("check", "Missing argument"),
        ("fix a.pdf --allow everything", "not one of"),
        ("apply no_such_fix a.pdf", "no fix"),
        ("apply add_bleed a.pdf --bled 3mm", "no setting bled"),
        ("accounts keys lst a@b.c", "no such command"),
    ],
)
def test_a_wrong_command_is_seen(words: str, why: str) -> None:
    assert why in fault(tuple(words.split()))


def test_calls_are_found_wherever_they_stand() -> None:
    line = "TOKEN=$(makeready accounts token a@b.c) && X=1 /opt/bin/makeready serve > log/makeready  # not makeready"
    assert list(calls(line)) == [("accounts", "token", "a@b.c"), ("serve",)]
    assert list(calls("ls | xargs -0 -r makeready check -q")) == [("check", "-q", "FILE")]
    assert list(calls("kubectl -n makeready exec web -- makeready doctor")) == [("doctor",)]
    assert list(calls("docker build -t makeready . && python -m makeready serve")) == [("serve",)]


WRITTEN = [(page, block) for page in written_pages() for block in blocks(page)]


def of(*languages: str) -> list[tuple[Path, Block]]:
    return [(page, block) for page, block in WRITTEN if block.language in languages]


def where(value: object) -> str | None:
    return name(value) if isinstance(value, Path) else f"line {value.line}" if isinstance(value, Block) else None


@pytest.mark.parametrize(("page", "block"), of("python", "py"), ids=where)
def test_names_in_python_exist(page: Path, block: Block) -> None:
    """It can be parsed, and what it takes from makeready is there."""
    tree = ast.parse(block.text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "makeready":
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                assert hasattr(module, alias.name) or importlib.import_module(f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "makeready":
            assert hasattr(makeready, node.attr), f"makeready.{node.attr}"


@pytest.mark.parametrize(("page", "block"), of("toml"), ids=where)
def test_toml_can_be_read(page: Path, block: Block) -> None:
    assert tomllib.loads(block.text)


@pytest.mark.parametrize(("page", "block"), of("yaml", "yml"), ids=where)
def test_yaml_can_be_read(page: Path, block: Block) -> None:
    assert list(yaml.safe_load_all(block.text))


@pytest.mark.parametrize(
    ("page", "block"), [(page, block) for page, block in of("json") if "…" not in block.text], ids=where
)
def test_json_can_be_read(page: Path, block: Block) -> None:
    assert json.loads(block.text)
