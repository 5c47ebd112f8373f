"""The page of licences says what is installed, and a licence that does not fit stops it."""

from __future__ import annotations

from email.message import Message
from importlib.metadata import Distribution, distribution
from types import SimpleNamespace
from typing import cast

import pytest

import licences
from distribution.conftest import ROOT


def packaged(**about: str) -> Distribution:
    told = Message()
    told["Name"] = "stranger"
    for name, value in about.items():
        told[name.replace("_", "-")] = value
    return cast("Distribution", SimpleNamespace(metadata=told))


@pytest.mark.parametrize(
    ("about", "expression"),
    [
        ({"License_Expression": "MIT"}, "MIT"),
        ({"License_Expression": "Apache-2.0 OR BSD-2-Clause"}, "Apache-2.0 OR BSD-2-Clause"),
        ({"License_Expression": "GPL-2.0-only OR MIT"}, "GPL-2.0-only OR MIT"),
        ({"License": "BSD 3-Clause"}, "BSD-3-Clause"),
        ({"License": "see the file", "Classifier": "License :: OSI Approved :: MIT License"}, "MIT"),
    ],
)
def test_a_licence_that_fits_is_told_in_words_of_spdx(about: dict[str, str], expression: str) -> None:
    assert licences.stated(packaged(**about)) == expression


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"License": "proprietary"},
        {"License_Expression": "GPL-2.0-only"},
        {"License_Expression": "MIT AND CC-BY-NC-4.0"},
        {"Classifier": "License :: Other/Proprietary License"},
    ],
)
def test_any_other_stops_the_generation(about: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="stranger is not known to go with the AGPL"):
        licences.stated(packaged(**about))


def test_every_package_of_the_lock_is_told() -> None:
    """Both start from pyproject.toml; one resolves, one walks what is installed."""
    page = (ROOT / "docs/licences.md").read_text("utf-8")
    listed = {
        row.split("|")[1].strip().lower().replace("_", "-").replace(".", "-")
        for row in page.splitlines()
        if row[:2] == "| "
    }
    lines = (ROOT / "requirements/all.txt").read_text("utf-8").splitlines()
    pinned = {line.partition("==")[0].partition("[")[0] for line in lines if "==" in line and " ; " not in line}
    assert pinned <= listed
    assert distribution("pymupdf").metadata["Name"].lower() in listed
