"""Whole programs that pages show are run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import makeready
from docs.pages import ROOT, blocks
from makeready.edit.generators import Generator
from makeready.registry import Check
from makeready.testing import pdf, picture
from makeready.testing.contracts import assert_check_contract
from makeready.testing.generators import assert_generator_contract
from models.weights import real


def python(page: str) -> list[str]:
    return [block.text for block in blocks(ROOT / page) if block.language == "python" and not block.said]


@pytest.fixture
def in_a_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the README names."""
    monkeypatch.chdir(tmp_path)
    pdf().image(ppi=96, colour="rgb").save("brochure.pdf")
    mug = np.full((300, 400, 3), 250, np.uint8)
    mug[80:240, 150:260] = (160, 40, 30)
    Image.fromarray(mug).save("mug.jpg", quality=95)
    Path("incoming").mkdir()
    Path("incoming/poster.jpg").write_bytes(picture(300, 200, dpi=72))
    return tmp_path


def test_the_program_of_the_readme(in_a_shop: Path) -> None:
    real("isnet")
    (program,) = python("README.md")
    Path("readme.py").write_text(program, "utf-8")
    done = subprocess.run([sys.executable, "readme.py"], capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert {"brochure.html", "brochure.fixed.pdf", "packshot.jpg"} <= {path.name for path in in_a_shop.iterdir()}
    assert "incoming/poster.jpg" in done.stdout


def test_the_stars_of_the_readme() -> None:
    (program,) = python("README.md")
    call, said = re.findall(r"^(makeready\.stars\(.+\))\n# (Stars\(.+\))$", program, re.MULTILINE)[0]
    assert repr(eval(call, {"makeready": makeready})) == said


def test_the_check_that_contributing_shows() -> None:
    (program,) = python("CONTRIBUTING.md")
    room: dict[str, object] = {"__name__": "thin_lines"}
    exec(compile(program, "CONTRIBUTING.md", "exec", dont_inherit=True), room)
    (check,) = [value for value in room.values() if isinstance(value, Check)]
    assert_check_contract(check, finds=[pdf().line(width="0.2 pt").bytes()])


def test_the_generator_that_its_page_shows() -> None:
    declared, tested = python("docs/generators.md")
    room: dict[str, object] = {}
    exec(compile(declared, "docs/generators.md", "exec", dont_inherit=True), room)
    assert isinstance(room["generator"], Generator)
    exec(compile(tested, "docs/generators.md", "exec", dont_inherit=True), room)
    room["test_it_keeps_the_contract"]()  # type: ignore[operator]
    assert room["assert_generator_contract"] is assert_generator_contract
