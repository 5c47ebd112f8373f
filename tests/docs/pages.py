"""Every page of Markdown there is, taken apart by a parser that follows CommonMark, as forges do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
#: Folders that hold what was built.
_BUILT = ("build", "dist", "site", "demo")


class Block(NamedTuple):
    """A fenced block: its language, the rest of its first line, its text, and the line it begins on."""

    language: str
    said: str
    text: str
    line: int


@cache
def all_pages() -> list[Path]:
    """Every page of the repository, generated ones among them."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "." and path.name not in _BUILT]
    return sorted([*ROOT.glob("*.md"), *(page for folder in folders for page in folder.rglob("*.md"))])


def written_pages() -> list[Path]:
    """Those that a person writes."""
    return [path for path in all_pages() if "<!-- made by" not in path.read_text("utf-8")[:100]]


def name(path: Path) -> str:
    """What a page is called in the names of tests."""
    return path.relative_to(ROOT).as_posix()


@cache
def tokens(path: Path) -> list[Token]:
    """The page, parsed."""
    return MarkdownIt("commonmark").enable("table").parse(path.read_text("utf-8"))


def blocks(path: Path) -> Iterator[Block]:
    """Its fenced blocks, in their order."""
    for token in tokens(path):
        if token.type == "fence":
            language, _, said = token.info.strip().partition(" ")
            yield Block(language, said, token.content, (token.map or [0])[0] + 1)


def links(path: Path) -> Iterator[tuple[int, str]]:
    """The addresses of its links and pictures, with the line of the paragraph they are in."""
    for token in tokens(path):
        for child in token.children or []:
            address = child.attrGet("href" if child.type == "link_open" else "src")
            if child.type in ("link_open", "image") and address is not None:
                yield (token.map or [0])[0] + 1, str(address)


@cache
def anchors(path: Path) -> frozenset[str]:
    """What can follow ``#``: headings as forges name them, the second of a name with ``-1`` after it."""
    seen: Counter[str] = Counter()
    found = set()
    parsed = tokens(path)
    for opening, inside in pairwise(parsed):
        if opening.type == "heading_open":
            text = "".join(child.content for child in inside.children or [] if child.type in ("text", "code_inline"))
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return frozenset(found)
