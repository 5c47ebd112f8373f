"""HTML that cannot be broken by what a file is called: text is escaped unless it is known to be markup.

``tag("p", "a < b", cls="note")`` gives ``<p class="note">a &lt; b</p>``. File names, font names and error
texts are a stranger's words; nobody has to remember to escape them, because every plain string is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_VOID = {"meta", "img", "br", "hr", "input"}
# HTML allows neither (nor can UTF-8 write the latter): control characters, halves of surrogate pairs as they
# stand for undecodable bytes in file names.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def escape(text: str) -> Markup:
    """Text as HTML; markup passes as it is."""
    if isinstance(text, Markup):
        return text
    return Markup(html.escape(_UNPRINTABLE.sub("\ufffd", text)))


def tag(name: str, /, *children: str | None, **attributes: str | int | bool | None) -> Markup:
    """One element. ``cls`` is the class; other underscores become hyphens; ``None`` and ``False`` are left out."""
    written = "".join(
        f" {_attribute(key)}" if value is True else f' {_attribute(key)}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{many(children)}</{name}>")


def many(children: Iterable[str | None]) -> Markup:
    """Elements and texts, one after the other."""
    return Markup("".join(escape(child) for child in children if child is not None))


def prose(text: str) -> Markup:
    """The little Markdown of a check's page: paragraphs, lists with hyphens, ``code`` and **strong** words."""
    return many(_block(block.strip("\n")) for block in re.split(r"\n\s*\n", text) if block.strip())


def _block(block: str) -> Markup:
    lines = [line.strip() for line in block.splitlines()]
    before: list[str] = []
    items: list[str] = []
    for line in lines:
        if line.startswith(("- ", "* ")):
            items.append(line[2:])
        elif items:
            items[-1] += " " + line
        else:
            before.append(line)
    return many(
        [
            tag("p", _words(" ".join(before))) if before else None,
            tag("ul", many(tag("li", _words(item)) for item in items)) if items else None,
        ]
    )


def _words(text: str) -> Markup:
    safe = escape(text)
    safe = Markup(re.sub(r"(`+)(.+?)\1", r"<code>\2</code>", safe))
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", safe))


def _attribute(key: str) -> str:
    return "class" if key == "cls" else key.rstrip("_").replace("_", "-")
