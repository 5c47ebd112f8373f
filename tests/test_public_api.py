"""The package's face: the names it offers, and how little it costs to look at them."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import makeready
from makeready.testing import picture

NAMES = {
    "Artwork",
    "Change",
    "Edited",
    "EncryptedFile",
    "Finding",
    "FixFailed",
    "Issue",
    "MakereadyError",
    "Measure",
    "MissingDependency",
    "Plan",
    "Profile",
    "Refusal",
    "Report",
    "Result",
    "Severity",
    "Size",
    "Stars",
    "TooLarge",
    "UnreadableFile",
    "UsageError",
    "Verdict",
    "__version__",
    "check",
    "check_many",
    "edit",
    "fix",
    "inspect",
    "measure",
    "plan",
    "segment",
    "stars",
    "upscale",
}
PDF_LIBRARIES = ("pymupdf", "fitz", "pikepdf")
HEAVY = (*PDF_LIBRARIES, "pyvips", "onnxruntime", "torch", "cv2", "scipy", "fastapi")


def test_the_public_names_are_these_and_no_others() -> None:
    assert set(makeready.__all__) == NAMES, "a new name is a promise: add it here, in the docs and in the changelog"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_public_name_can_be_imported_and_is_documented(name: str) -> None:
    value = getattr(makeready, name)
    assert name in dir(makeready)
    assert isinstance(value, str) or value.__doc__


def test_star_imports_everything_that_is_promised() -> None:
    room: dict[str, object] = {}
    exec("from makeready import *", room)
    assert set(room) >= NAMES - {"__version__"}


def test_what_type_checkers_see_is_what_is_there() -> None:
    """The names under ``if TYPE_CHECKING`` are written by hand, beside those that are looked up."""
    import ast

    tree = ast.parse(Path(makeready.__file__).read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }
    assert set(seen) == NAMES - {"__version__"}
    for name, module in seen.items():
        assert getattr(importlib.import_module(str(module)), name) is getattr(makeready, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'chek'"):
        _ = makeready.chek  # type: ignore[attr-defined]


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(makeready.__file__).parent / "py.typed").is_file()


def imported(code: str, *arguments: object) -> set[str]:
    """The modules that are loaded once a piece of code has run, in an interpreter of its own."""
    watch = (
        "import sys, atexit\n"
        "atexit.register(lambda: sys.stderr.write('\\nMODULES ' + ' '.join(sys.modules)))\n"
        f"{code}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", watch, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    assert "MODULES " in done.stderr
    return set(done.stderr.rpartition("MODULES ")[2].split())


CLI = "from makeready.cli import main; main()"


def test_the_watch_sees_what_is_imported() -> None:
    assert "pymupdf" in imported("import pymupdf")


@pytest.mark.parametrize("code", ["import makeready", "from makeready import Size, UsageError, Severity, Verdict"])
def test_importing_the_package_loads_nothing_heavy(code: str) -> None:
    assert not imported(code) & {*HEAVY, "pydantic", "rich", "click", "numpy", "PIL"}


@pytest.mark.parametrize("command", ["check", "fix", "apply"])
def test_help_of_a_command_loads_nothing_heavy(command: str) -> None:
    assert not imported(CLI, command, "--help") & {*HEAVY, "pydantic", "rich", "numpy", "PIL"}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_load_no_library_but_click(option: str) -> None:
    loaded = imported(CLI, option)
    assert "click" in loaded
    assert not loaded & {*HEAVY, "pydantic", "rich", "numpy", "PIL", "multiprocessing"}


def test_stars_of_a_size_load_no_pdf_library() -> None:
    assert not imported(CLI, "stars", "4000x3000", "--canvas", "30x20in") & set(HEAVY)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
def test_a_check_of_a_picture_loads_no_pdf_library(format: str, tmp_path: Path) -> None:
    file = tmp_path / f"a.{format.lower()}"
    file.write_bytes(picture(60, 40, format=format, dpi=300))
    code = "import makeready; assert makeready.check(sys.argv[1], 'poster').facts"
    assert not imported(code, file) & set(HEAVY)


SPY = '''
import sys
from makeready.facts import Artwork
from makeready.registry import check
from makeready.results import Finding

@check(code="SPY101", name="what-is-loaded", title="What is loaded", on=Artwork, message="{what}")
def spy(artwork, params):
    """A sentence.

    ## What it looks at
    The modules of the process that checks.

    ## Why it matters on press
    It does not.

    ## What to do
    Nothing.
    """
    yield Finding(details={"what": " ".join(sys.modules)})
'''


def test_the_command_line_checks_a_picture_without_a_pdf_library(tmp_path: Path) -> None:
    """Neither in its own process nor in the child that reads the file."""
    file, plugin, out = tmp_path / "a.jpg", tmp_path / "spy.py", tmp_path / "report.json"
    file.write_bytes(picture(60, 40, dpi=300))
    plugin.write_text(SPY)
    assert not imported(CLI, "check", file, "--plugin", plugin, "-o", out) & set(HEAVY)
    said = next(issue for issue in json.loads(out.read_text())["issues"] if issue["code"] == "SPY101")
    assert "makeready.raster" in said["message"].split()
    assert not set(said["message"].split()) & set(HEAVY)


def test_declaring_all_fixes_loads_nothing_heavy() -> None:
    loaded = imported("from makeready import fixes; assert len(fixes.catalogue()) > 15")
    assert "makeready.fixes.geometry" in loaded
    assert not loaded & {*HEAVY, "numpy", "PIL", "rich", "click"}


def test_a_check_names_what_cures_an_issue_without_loading_the_fixes(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(picture(60, 40, dpi=30))
    code = (
        "import makeready; issues = makeready.check(sys.argv[1], 'poster', only=['IMG101']).issues\n"
        "assert 'upscale' in issues[0].cures"
    )
    loaded = imported(code, file)
    if not entry_points(group="makeready.fixes"):
        assert "makeready.fixes.geometry" not in loaded


@pytest.mark.parametrize(
    "words", [("explain", "IMG101"), ("explain", "add_bleed"), ("explain",), ("profiles", "list"), ("doctor",)]
)
def test_what_needs_no_file_loads_no_pdf_library(words: tuple[str, ...]) -> None:
    assert not imported(CLI, *words) & set(HEAVY)


def test_the_library_prints_nothing_and_configures_no_logging(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(picture(60, 40))
    code = (
        "import logging, sys, makeready\n"
        "makeready.check(sys.argv[1]); makeready.check(b'nothing'); list(makeready.check_many([sys.argv[1]]))\n"
        "assert not logging.getLogger().handlers\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, timeout=120, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
