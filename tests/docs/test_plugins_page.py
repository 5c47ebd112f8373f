"""The guide to plug-ins makes a plug-in: its files are written, installed by pip, and all its commands are run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from docs.pages import ROOT, Block, blocks

PAGE = ROOT / "docs/plugins.md"


class Typed(NamedTuple):
    """A command of the guide and what it prints there."""

    words: list[str]
    printed: str


def _files() -> dict[str, str]:
    """By name, the text of all blocks that are parts of that file."""
    found: dict[str, str] = {}
    for block in blocks(PAGE):
        if title := re.fullmatch(r'title="(.+)"', block.said):
            found[title[1]] = f"{found[title[1]]}\n\n{block.text}" if title[1] in found else block.text
    return found


def _typed() -> Iterator[Typed | Block]:
    """Commands, and Python that stands for itself, in the order of the page."""
    for block in blocks(PAGE):
        if block.language == "python" and not block.said:
            yield block
        elif block.language == "console":
            for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                command, _, printed = part.partition("\n")
                yield Typed(shlex.split(command), printed)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the plug-in, as somebody has it who followed the guide."""
    folder = tmp_path_factory.mktemp("workshop") / "makeready-house"
    for name, text in _files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def test_everything_in_the_guide_is_true(workshop: Path) -> None:
    """Every command runs and prints what the guide says; the plug-in's own tests are among them."""
    installed = workshop.parent / "installed"
    environment = os.environ | {"PYTHONPATH": str(installed), "COLUMNS": "200"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=workshop, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
        )

    ran = 0
    for step in _typed():
        if isinstance(step, Block):
            done, printed = run(sys.executable, "-c", step.text), ""
        elif step.words[:2] == ["pip", "install"]:
            where = ("--no-deps", "--no-build-isolation", "--quiet", "--target", str(installed))
            done, printed = run(sys.executable, "-m", "pip", "install", *where, *step.words[2:]), ""
        else:
            program = ("-m", *step.words) if step.words[0] == "makeready" else step.words[1:]
            done, printed = run(sys.executable, *program), step.printed
        said = step.text if isinstance(step, Block) else " ".join(step.words)
        assert done.returncode in (0, 1 if "error" in printed else 0), f"{said}\n{done.stdout}{done.stderr}"
        if printed:
            assert done.stdout == printed, said
        ran += 1
    assert ran == 7
    doctor = run(sys.executable, "-m", "makeready", "doctor").stdout
    assert re.search(r"^ok .*plug-in makeready-house\s+HOU101", doctor, re.MULTILINE), doctor
    assert re.search(r"^ok .*generator house-gray", doctor, re.MULTILINE), doctor


def test_the_guide_has_the_eight_steps() -> None:
    steps = re.findall(r"^### (\d)\. (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [number for number, _ in steps] == list("12345678")
    example = (ROOT / "plugins/makeready-example/README.md").read_text("utf-8")
    assert [title for _, title in steps] == re.findall(r"^\d\. \*\*(.+)\.\*\*", example, re.MULTILINE)[:8]


def test_the_table_of_entry_points_has_all_groups_that_are_loaded() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "src/makeready").rglob("*.py"))
    groups = set(re.findall(r'group="(makeready\.\w+)"|^GROUP = "(makeready\.\w+)"', source, re.MULTILINE))
    loaded = {first or second for first, second in groups}
    assert loaded == set(re.findall(r"`(makeready\.\w+)`", PAGE.read_text("utf-8"))) & loaded
    assert len(loaded) >= 7
