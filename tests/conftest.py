"""What all tests share: the programs of the machine that we hold ourselves against.

Another program's opinion is worth more than our own, but a contributor may not have it installed. Then the
test is skipped and says what is missing. On the build server nothing may be missing: there it fails.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

#: Where a program comes from, for the message.
PACKAGES = {
    "pdfimages": "poppler-utils",
    "pdffonts": "poppler-utils",
    "pdfinfo": "poppler-utils",
    "pdftoppm": "poppler-utils",
    "pdftotext": "poppler-utils",
    "gs": "ghostscript",
    "mutool": "mupdf-tools",
    "soffice": "libreoffice",
}


def missing(what: str) -> None:
    """Skip the test because something is not installed; on the build server, fail."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{what}, and on the build server nothing may be left out")
    pytest.skip(what)


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """The path of a program, by name; a test that needs one that is not there is skipped."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            missing(f"the program {name!r} is not installed (package {PACKAGES.get(name, name)})")
        return str(path)

    return find


@pytest.fixture(scope="session")
def run(tool: Callable[[str], str]) -> Callable[..., str]:
    """Run a program and return what it prints; it must succeed."""

    def call(name: str, *arguments: object) -> str:
        done = subprocess.run([tool(name), *map(str, arguments)], capture_output=True, check=False, timeout=120)
        said = done.stdout.decode("utf-8", "replace")
        assert done.returncode == 0, (
            f"{name} ended with {done.returncode}:\n{said}{done.stderr.decode(errors='replace')}"
        )
        return said

    return call


@pytest.fixture(scope="session")
def package() -> Callable[[str], ModuleType]:
    """A Python package, by import name; a test that needs one that is not there is skipped."""

    def find(name: str) -> ModuleType:
        try:
            return importlib.import_module(name)
        except (ImportError, OSError) as error:  # OSError: the package is there, the C library behind it is not
            missing(f"the Python package {name!r} cannot be imported ({error})")
            raise

    return find


@pytest.fixture
def as_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests before these have used libvips and engines: their threads are idle, and those that once told Python of an
    error are still in Python's list."""
    from makeready import batch

    for library in batch._WITH_THREADS:
        monkeypatch.delitem(sys.modules, library, raising=False)
    for number, thread in list(threading._active.items()):  # type: ignore[attr-defined]
        if isinstance(thread, threading._DummyThread):  # type: ignore[attr-defined]
            del threading._active[number]  # type: ignore[attr-defined]


@pytest.fixture
def children_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each child would be a fresh interpreter, it is forked from a process that has loaded all; a second less."""
    from makeready import batch
    from makeready.testing.children import AtOnce

    usual, at_once = batch._context, AtOnce() if sys.platform.startswith("linux") else None

    def context() -> Any:
        found = usual()
        return at_once if at_once and found.get_start_method() == "spawn" else found

    monkeypatch.setattr(batch, "_context", context)
