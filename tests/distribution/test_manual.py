"""The manual pages: sound roff, and all that the command line has."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from distribution.conftest import ROOT
from makeready.cli import main

PAGES = sorted((ROOT / "docs/man").glob("*.1"))


def test_there_is_a_page_for_the_program_and_each_command() -> None:
    names = {f"makeready-{name}.1" for name, command in main.commands.items() if not command.hidden}
    assert {page.name for page in PAGES} == {"makeready.1", *names}


def test_roff_is_sound_to_mandoc(tool: Callable[[str], str]) -> None:
    done = subprocess.run(
        [tool("mandoc"), "-T", "lint", "-W", "warning", *PAGES], capture_output=True, text=True, timeout=60, check=False
    )
    # It misses a date, which would change the pages each day.
    assert [line for line in done.stdout.splitlines() if "missing date" not in line] == []


@pytest.mark.parametrize(
    "page", [ROOT / "docs/man/makeready.1", ROOT / "docs/man/makeready-check.1"], ids=lambda p: p.name
)
def test_it_reads_as_the_help_does(page: Path, tool: Callable[[str], str]) -> None:
    done = subprocess.run(
        [tool("mandoc"), "-T", "utf8", "-O", "width=400", str(page)], capture_output=True, timeout=60, check=True
    )
    shown = " ".join(_plain(done.stdout.decode()).split())
    command = main if page.name == "makeready.1" else main.commands["check"]
    for about in _said(command):
        assert about in shown


def _said(command: click.Command) -> Iterator[str]:
    context = click.Context(command, **main.context_settings)
    if isinstance(command, click.Group):
        yield from (" ".join(each.get_short_help_str(200).split()) for each in command.commands.values())
    else:
        records = (option.get_help_record(context) for option in command.params)
        yield from (" ".join(word.split()) for record in records if record for word in record)


def _plain(shown: str) -> str:
    """Without the letters struck over that make bold."""
    kept: list[str] = []
    for letter in shown:
        if letter == "\b":
            kept.pop()
        else:
            kept.append(letter)
    return "".join(kept)
