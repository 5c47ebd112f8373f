"""What users install: built as for them, and run where neither the checkout nor any extra is."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import venv
from email import message_from_bytes
from email.message import Message
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from markdown_it import MarkdownIt
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from distribution.conftest import ROOT, build
from makeready import __version__
from makeready.testing import pdf


@pytest.fixture(scope="module")
def names(built: dict[str, Path]) -> set[str]:
    with ZipFile(built[".whl"]) as wheel:
        return set(wheel.namelist())


@pytest.fixture(scope="module")
def about(built: dict[str, Path]) -> Message:
    with ZipFile(built[".whl"]) as wheel:
        return message_from_bytes(wheel.read(f"makeready-{__version__}.dist-info/METADATA"))


@pytest.fixture(scope="module")
def installed(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of an environment with the wheel and what its core requires, and nothing else.

    What is required is linked from this environment: it has the same versions, and no index is asked.
    """
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False, symlinks=os.name == "posix")
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    said = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    packages = Path(said.stdout.strip())
    for name in _required("makeready"):
        _linked(name, packages)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--no-compile", str(built[".whl"])],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return programs


def _required(name: str, extra: str = "") -> set[str]:
    found = set[str]()
    for line in distribution(name).requires or ():
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate({"extra": extra}):
            found.add(canonicalize_name(need.name))
            for each in ("", *need.extras):
                found |= _required(need.name, each)
    return found


def _linked(name: str, packages: Path) -> None:
    held = distribution(name)
    for top in {file.parts[0] for file in held.files or () if file.parts[0] not in ("..", "__pycache__")}:
        if not (packages / top).exists():
            (packages / top).symlink_to(Path(str(held.locate_file(top))))


def makeready(programs: Path, *words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MAKEREADY"))}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [programs / "makeready", *words], cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8",
        timeout=120, check=False,
    )  # fmt: skip


def test_the_program_runs_with_its_core_alone(installed: Path, tmp_path: Path) -> None:
    said = makeready(installed, "--version", cwd=tmp_path)
    assert (said.returncode, said.stdout) == (0, f"makeready, version {__version__}\n")
    where = subprocess.run(
        [installed / "python", "-P", "-c", "import makeready; print(makeready.__file__)"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert ROOT not in Path(where.stdout.strip()).parents

    doctor = makeready(installed, "doctor", cwd=tmp_path)
    assert doctor.returncode == 0, doctor.stdout
    assert not [line for line in doctor.stdout.splitlines() if line.startswith("!!")]
    assert re.search(r"^--  onnxruntime .*pip install 'makeready\[ai\]'$", doctor.stdout, re.MULTILINE)
    assert re.search(r"^--  service .*pip install 'makeready\[service\]'$", doctor.stdout, re.MULTILINE)


def test_files_are_checked_and_mended_with_the_core_alone(installed: Path, tmp_path: Path) -> None:
    pdf(bleed=None).image(ppi=96).save(tmp_path / "a.pdf")
    checked = makeready(installed, "check", "a.pdf", "--profile", "poster", "-o", "report.html", cwd=tmp_path)
    assert checked.returncode == 1, checked.stderr
    assert "IMG101" in (tmp_path / "report.html").read_text("utf-8")
    mended = makeready(
        installed, "fix", "a.pdf", "--profile", "poster", "--allow", "review", "-o", "b.pdf", cwd=tmp_path
    )
    assert mended.returncode in (0, 1), mended.stderr
    assert (tmp_path / "b.pdf").stat().st_size > 0


@pytest.mark.parametrize(
    ("command", "package"), [(("serve",), "service"), (("models", "verify", "waifu2x"), "ai")], ids=["service", "ai"]
)
def test_what_is_not_installed_is_named(
    installed: Path, tmp_path: Path, command: tuple[str, ...], package: str
) -> None:
    said = makeready(installed, *command, cwd=tmp_path)
    assert said.returncode == 4
    assert "Traceback" not in said.stderr
    assert f"makeready[{package}]" in said.stderr + said.stdout or "models install" in said.stderr + said.stdout


@pytest.mark.skipif(os.name != "posix", reason="man is there on POSIX")
def test_the_manual_lies_where_man_looks_beside_the_program(installed: Path) -> None:
    assert (installed.parent / "share/man/man1/makeready.1").is_file()
    assert (installed.parent / "share/man/man1/makeready-check.1").is_file()


def test_the_wheel_has_all_that_is_read_at_run_time_and_nothing_else(names: set[str]) -> None:
    ours = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src/makeready").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if name.startswith("makeready/")} == ours
    assert {"makeready/py.typed", "makeready/models/manifest.toml", "makeready/press/fogra39.icc"} <= names
    assert {"makeready/preflight/profiles/default.toml", "makeready/service/dashboard/static/htmx.min.js"} <= names
    others = {name.partition("/")[0] for name in names} - {"makeready"}
    assert others == {f"makeready-{__version__}.dist-info", f"makeready-{__version__}.data"}


def test_licences_of_others_come_along(names: set[str]) -> None:
    notices = {path.relative_to(ROOT).as_posix() for path in (ROOT / "src").rglob("NOTICE.md")}
    assert len(notices) >= 3
    licences = f"makeready-{__version__}.dist-info/licenses"
    assert {f"{licences}/{name}" for name in (*notices, "LICENSE")} <= names


def test_it_says_what_it_is(about: Message) -> None:
    assert about["Name"] == "makeready"
    assert about["License-Expression"] == "AGPL-3.0-or-later"
    assert about["Requires-Python"] == ">=3.11"
    assert about["Description-Content-Type"] == "text/markdown"
    page = MarkdownIt().render(str(about.get_payload()))
    assert "<h1>makeready</h1>" in page
    assert "makeready check poster.pdf" in page


def test_all_is_all(about: Message) -> None:
    """What [all] installs here is what all the extras install together."""
    extras = set(about.get_all("Provides-Extra", []))
    assert extras == {"watch", "ai", "ai-creative", "openvino", "edit", "service", "all"}
    assert _of(about, "all") == set[str]().union(*(_of(about, extra) for extra in extras - {"all"}))


def _of(about: Message, extra: str) -> set[str]:
    """What an extra names, with the extras that it names."""
    found = set[str]()
    for need in map(Requirement, about.get_all("Requires-Dist", [])):
        if need.marker is not None and need.marker.evaluate({"extra": extra}):
            found |= (
                set[str]().union(*(_of(about, each) for each in need.extras))
                if need.name == "makeready"
                else {need.name}
            )
    return found


def test_built_elsewhere_from_the_sdist_it_is_the_same_to_the_byte(built: dict[str, Path], tmp_path: Path) -> None:
    with tarfile.open(built[".gz"]) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    root = next((tmp_path / "source").iterdir())
    assert (root / "tests/distribution/test_wheel.py").is_file()
    assert not [path for path in root.rglob("*") if path.suffix in (".pyc", ".db")]
    again = build(root, tmp_path / "dist", "sdist", "wheel")
    assert {suffix: _sum(path) for suffix, path in again.items()} == {s: _sum(path) for s, path in built.items()}


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
