"""Every link of every page leads somewhere. No network: addresses outside are only read."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from docs.pages import ROOT, all_pages, anchors, links, name, written_pages


def faults(page: Path, root: Path = ROOT) -> list[str]:
    """What is wrong with the links of a page, each with its line."""
    found = []
    for line, address in links(page):
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            wrong = _wrong_outside(address)
        else:
            wrong = _wrong_inside(page, unquote(parts.path), unquote(parts.fragment), root)
        if wrong:
            found.append(f"{page.relative_to(root)}:{line}: {address}: {wrong}")
    return found


def _wrong_outside(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme == "mailto":
        return "" if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", parts.path) else "no address of e-mail"
    if parts.scheme not in ("http", "https"):
        return "neither http, https nor mailto"
    local = parts.hostname in ("localhost", "127.0.0.1")
    return "" if local or re.fullmatch(r"[\w-]+(\.[\w-]+)+", parts.hostname or "") else "no name of a host"


def _wrong_inside(page: Path, path: str, anchor: str, root: Path) -> str:
    if path.startswith("/"):
        return "begins with a slash: pages are read in more than one place"
    target = (page.parent / path).resolve() if path else page
    if not target.is_relative_to(root) or not target.exists():
        return "is not there"
    if not anchor:
        return ""
    target = target / "README.md" if target.is_dir() else target
    return "" if target.suffix == ".md" and anchor in anchors(target) else "has no such heading"


@pytest.mark.parametrize("page", written_pages(), ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert faults(page) == []


def test_the_links_of_generated_pages_lead_somewhere() -> None:
    """They are alike, and many."""
    pages = set(all_pages()) - set(written_pages())
    assert len(pages) > 180
    assert [fault for page in sorted(pages) for fault in faults(page)] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[a](gone.md)", "is not there"),
        ("[a](other.md#nowhere)", "has no such heading"),
        ("[a](#nowhere)", "has no such heading"),
        ("![a](gone.png)", "is not there"),
        ("[a]\n\n[a]: gone.md", "is not there"),
        ("[a](/docs/other.md)", "begins with a slash"),
        ("[a](htp://example.com)", "neither http"),
        ("[a](https://example)", "no name of a host"),
        ("[a](../../../etc/passwd)", "is not there"),
    ],
)
def test_a_wrong_link_is_seen(text: str, wrong: str, tmp_path: Path) -> None:
    (fault,) = faults(_page(tmp_path, text), tmp_path)
    assert wrong in fault


@pytest.mark.parametrize(
    "text",
    [
        "[a](other.md)",
        "[a](other.md#some-words-in-code)",
        "[a](other.md#twice-1)",
        "[a](https://example.com/a?b#c)",
        "`[a](gone.md)`",
        "```\n[a](gone.md)\n```",
    ],
)
def test_a_right_link_is_let_pass(text: str, tmp_path: Path) -> None:
    assert faults(_page(tmp_path, text), tmp_path) == []


def _page(folder: Path, text: str) -> Path:
    (folder / "other.md").write_text("# Other\n\n## Some words, in `code`!\n\n## Twice\n\n## Twice\n")
    page = folder / "page.md"
    page.write_text(text)
    return page
