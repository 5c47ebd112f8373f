"""What the site is built of is whole, and what was built is read with open eyes. Building it is `make docs`."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import website
from docs.pages import ROOT


def test_the_navigation_has_every_page_once_and_none_that_is_not_there() -> None:
    assert website.navigation_faults() == []
    named = list(website._leaves(website.configuration()["nav"]))
    assert sorted(named) == sorted(set(named))


def test_checks_are_filed_under_their_subjects() -> None:
    nav = {title: inside for entry in website.configuration()["nav"] for title, inside in entry.items()}
    subjects = {title: pages for entry in nav["Checks"] if isinstance(entry, dict) for title, pages in entry.items()}
    assert "checks/IMG101.md" in subjects["Pictures"]
    assert len(subjects["PDF/X"]) > 25


def test_nothing_is_asked_of_other_servers() -> None:
    said = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    assert said["theme"]["font"] is False
    assert "http" not in (ROOT / "mkdocs.yml").read_text("utf-8").partition("theme:")[2]


def test_what_pages_lead_to_comes_along_with_links_that_hold() -> None:
    found = website.gathered()
    assert "project/schemas/report.json" in found
    assert "project/plugins/makeready-example/README.md" in found
    assert b"](../project/plugins/makeready-example/README.md)" in found["generators.md"] or (
        b"](project/plugins/makeready-example/README.md)" in found["plugins.md"]
    )
    contributing = found["project/CONTRIBUTING.md"].decode()
    assert "](docs/" not in contributing


def test_pages_are_staged_once_and_left_alone_until_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(website, "STAGE", tmp_path)
    website.stage()
    page = tmp_path / "docs/README.md"
    before = page.stat().st_mtime_ns
    (tmp_path / "docs/gone.md").write_text("# Gone")
    website.stage()
    assert page.stat().st_mtime_ns == before
    assert not (tmp_path / "docs/gone.md").exists()


def test_links_in_code_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "OUTSIDE.md").write_text("# Outside\n")
    (tmp_path / "folder").mkdir()
    page = tmp_path / "docs/page.md"
    page.write_text(
        "[a](../OUTSIDE.md#outside) [b](../folder) [c](https://example.com)\n\n```md\n[a](../OUTSIDE.md)\n```\n"
    )
    monkeypatch.setattr(website, "ROOT", tmp_path)
    monkeypatch.setattr(website, "DOCS", tmp_path / "docs")
    text, outside = website.moved(page)
    assert text.startswith("[a](project/OUTSIDE.md#outside) b [c](https://example.com)\n")
    assert "```md\n[a](../OUTSIDE.md)\n```" in text
    assert outside == [tmp_path / "OUTSIDE.md"]


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ('<a href="gone/">x</a>', "leads to gone/, which is not there"),
        ('<a href="other/#nowhere">x</a>', "an anchor that is not there"),
        ('<script src="https://example.com/a.js"></script>', "loads from elsewhere: https://example.com/a.js"),
        ('<link rel="stylesheet" href="//example.com/a.css">', "loads from elsewhere: //example.com/a.css"),
        ('<img src="gone.png">', "leads to gone.png"),
        ('<a href="other/#deep">x</a> <a href="https://example.com">y</a> <a href="#own">z</a><p id="own">', ""),
    ],
)
def test_what_was_built_is_read(page: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/index.html").write_text('<h2 id="deep">Deep</h2>')
    (tmp_path / "index.html").write_text(page)
    found = website.faults(tmp_path)
    assert len(found) == bool(fault)
    assert fault in "".join(found)


def test_a_style_that_loads_from_elsewhere_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text('a { background: url("https://example.com/a.png") } b { background: url(a.png) }')
    assert website.faults(tmp_path) == ["a.css loads from elsewhere: https://example.com/a.png"]
