"""Build the site of docs/ into site/: ``python tools/website.py``, or ``--serve`` to read while writing.

Pages are plain Markdown that a forge shows, so some lead out of docs/: to CONTRIBUTING.md, to the pages of plug-ins, to
schemas. What they lead to is brought along; then Zensical builds everything, and what it has built is read again: every
link leads somewhere, and nothing is loaded from another server.
"""

from __future__ import annotations

import html.parser
import os
import posixpath
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
#: What the site is built of; made anew where something has changed.
STAGE = ROOT / "build/website"
SITE = ROOT / "site"
#: Where files from outside of docs/ are on the site.
OUTSIDE = "project"
#: A link or a picture in Markdown, and a definition of one: what is before the address, and the address.
LINK = re.compile(r"(\]\(|^\[[^\]]+\]:\s+)([^)\s]+)", re.MULTILINE)
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


# What goes in ---------------------------------------------------------------------------------------------------------


def stage() -> None:
    """Put together what the site is built of: the pages, what they lead to, and the configuration."""
    made = {f"docs/{name}": content for name, content in gathered().items()}
    made["mkdocs.yml"] = yaml.safe_dump(configuration(), sort_keys=False, allow_unicode=True).encode()
    for name, content in made.items():
        path = STAGE / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for path in (STAGE / "docs").rglob("*"):
        if path.is_file() and path.relative_to(STAGE).as_posix() not in made:
            path.unlink()


def configuration() -> dict[str, Any]:
    """mkdocs.yml with its navigation written out."""
    said: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    said["nav"] = list(_written_out(said["nav"]))
    return said | {"docs_dir": "docs", "site_dir": "site"}


def _written_out(nav: list[Any]) -> Iterator[Any]:
    named = {entry for entry in nav if isinstance(entry, str)}
    for entry in nav:
        if isinstance(entry, dict):
            (title, inside), *_ = entry.items()
            yield {title: list(_written_out(inside)) if isinstance(inside, list) else inside}
        elif entry.startswith("@"):
            yield from _sections(entry.removeprefix("@"))
        elif "*" in entry:
            yield from sorted({path.relative_to(DOCS).as_posix() for path in DOCS.glob(entry)} - named)
        else:
            yield entry


def _sections(index: str) -> Iterator[dict[str, list[str]]]:
    """The headings of a page, and the pages that the lines below each begin with."""
    for part in re.split(r"^## ", (DOCS / index).read_text("utf-8"), flags=re.MULTILINE)[1:]:
        pages = re.findall(r"^\| \[[^\]]+\]\(([^)#]+)\)", part, re.MULTILINE)
        yield {part.splitlines()[0]: [posixpath.join(posixpath.dirname(index), page) for page in pages]}


def navigation_faults() -> list[str]:
    """Pages that the navigation names and are not there, and pages of docs/ that it does not name."""
    named = set(_leaves(configuration()["nav"]))
    there = {name for name in gathered() if name.endswith(".md")}
    lost = [f"mkdocs.yml names {name}, which is not there" for name in sorted(named - there)]
    own = {name for name in there if not name.startswith(f"{OUTSIDE}/")}
    return lost + [f"{name} is not in the navigation of mkdocs.yml" for name in sorted(own - named)]


def _leaves(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for entry in nav.values() if isinstance(nav, dict) else nav:
            yield from _leaves(entry)


def gathered() -> dict[str, bytes]:
    """Every file of the site by its name there: docs/, and all that its pages lead to."""
    todo = [path for path in sorted(DOCS.rglob("*")) if path.is_file()]
    todo += [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    found: dict[str, bytes] = {}
    while todo:
        path = todo.pop()
        if place(path) in found:
            continue
        found[place(path)] = path.read_bytes()
        if path.suffix == ".md":
            text, outside = moved(path)
            found[place(path)] = text.encode()
            todo += outside
    return found


def place(path: Path) -> str:
    """Where a file of the repository is on the site."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    # What begins with a dot is not copied onto sites.
    return f"{OUTSIDE}/{path.relative_to(ROOT).as_posix().lstrip('.')}"


def moved(page: Path) -> tuple[str, list[Path]]:
    """A page with links that hold on the site, and the files outside of docs/ that it leads to."""
    outside: list[Path] = []

    def on_the_site(link: re.Match[str]) -> str:
        before, (address, hash, anchor) = link[1], link[2].partition("#")
        if not address or urlsplit(address).scheme:
            return link[0]
        target = Path(os.path.normpath(page.parent / unquote(address)))
        target = target / "README.md" if target.is_dir() else target
        if not target.is_file():
            return link[0]  # the builder says where it stands
        if not target.is_relative_to(DOCS):
            outside.append(target)
        return before + posixpath.relpath(place(target), posixpath.dirname(place(page)) or ".") + hash + anchor

    parts = FENCE.split(without_folders(page))
    parts[::2] = [LINK.sub(on_the_site, part) for part in parts[::2]]
    return "".join(parts), outside


def without_folders(page: Path) -> str:
    """The text of a page, with words in place of links to folders that have no page of their own."""

    def words(link: re.Match[str]) -> str:
        target = page.parent / link[2]
        return link[1] if target.is_dir() and not (target / "README.md").is_file() else link[0]

    return re.sub(r"\[([^\]]+)\]\(([^)#:\s]+)\)", words, page.read_text("utf-8"))


# What comes out -------------------------------------------------------------------------------------------------------


class Built(html.parser.HTMLParser):
    """What a built page leads to, what it loads, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.anchors |= {value for name in ("id", "name") if (value := said.get(name))}
        if tag == "a" and said.get("href"):
            self.links.append(str(said["href"]))
        self.loaded += [value for name in ("src", "data") if (value := said.get(name)) and tag != "a"]
        if tag == "link" and said.get("rel") in ("stylesheet", "icon", "preload", "manifest", "preconnect"):
            self.loaded.append(str(said.get("href")))


def faults(site: Path) -> list[str]:
    """Links of a built site that lead nowhere, and what it would load from elsewhere."""
    pages = {path: Built(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    found = [f"{sheet.relative_to(site)} loads from elsewhere: {url}" for sheet, url in _styles(site)]
    for path, page in pages.items():
        if path.name == "404.html":  # it is served for any address
            continue
        name = path.relative_to(site).as_posix()
        found += [f"{name} loads from elsewhere: {url}" for url in page.loaded if urlsplit(url).netloc]
        for link in (*page.links, *page.loaded):
            address = urlsplit(link)
            if address.scheme or address.netloc:
                continue
            target = Path(os.path.normpath(path.parent / unquote(address.path))) if address.path else path
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                found.append(f"{name} leads to {link}, which is not there")
            elif address.fragment and target in pages and unquote(address.fragment) not in pages[target].anchors:
                found.append(f"{name} leads to {link}, an anchor that is not there")
    return found


def _styles(site: Path) -> Iterator[tuple[Path, str]]:
    for sheet in sorted(site.rglob("*.css")):
        for url in re.findall(r"(?:url\(|@import\s+)[\"']?((?:https?:)?//[^\"')\s]+)", sheet.read_text("utf-8")):
            yield sheet, url


# Doing it -------------------------------------------------------------------------------------------------------------


def zensical(*words: str) -> list[str]:
    """The command that builds what is staged."""
    return [sys.executable, "-m", "zensical", *words, "--config-file", str(STAGE / "mkdocs.yml")]


def main(arguments: list[str]) -> int:
    """Build once and read what was built, or serve and build again when something changes."""
    stage()
    if "--serve" in arguments:
        with subprocess.Popen(zensical("serve")) as server:
            while server.poll() is None:
                time.sleep(1)
                stage()
        return server.returncode
    if wrong := navigation_faults():
        print("\n".join(wrong))
        return 1
    command = zensical("build", "--clean", "--strict")
    built = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if built.returncode:
        print(built.stdout.decode("utf-8", "replace").partition("Traceback")[0].strip())
        print("The site was not built: mend what is marked above.")
        return 1
    shutil.rmtree(SITE, ignore_errors=True)
    (STAGE / "site").rename(SITE)
    wrong = faults(SITE)
    print("\n".join([*wrong, f"{len(wrong)} links are wrong."] if wrong else [f"The site is in {SITE}/index.html"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
