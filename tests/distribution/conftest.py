"""The checkout, and what is built of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def build(root: Path, into: Path, *kinds: str) -> dict[str, Path]:
    """Build a checkout's wheel or sdist as its build system does, by suffix."""
    targets = [word for kind in kinds for word in ("-t", kind)]
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", *targets, "-d", str(into)],
        cwd=root, check=True, capture_output=True, timeout=120, env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"},
    )  # fmt: skip
    return {path.suffix: path for path in into.iterdir()}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel (``.whl``) and the sdist (``.gz``) of this checkout."""
    return build(ROOT, tmp_path_factory.mktemp("dist"), "sdist", "wheel")
