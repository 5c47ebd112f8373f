"""Pages for people: which APIs there are, and each OpenAPI document to read. No scripts, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from makeready.service import openapi
from makeready.service.openapi import Field, Operation

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #2563eb; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { margin: 0 0 .5rem; } h2 { margin: 2.5rem 0 .5rem; border-bottom: 1px solid var(--line); }
a { color: var(--accent); } code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { background: var(--soft); padding: .75rem; overflow-x: auto; border-radius: 6px; margin: .5rem 0; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .5rem .75rem; }
summary { cursor: pointer; } summary code { font-weight: 600; }
.method { display: inline-block; min-width: 4.2rem; font-weight: 700; color: var(--accent); }
.need { color: #b45309; } .soft { opacity: .75; }
""".strip()
#: Nothing is loaded, nothing runs, nobody frames it; the one style is known by its digest.
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src "
    f"'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
)
_HTML = html.escape


def index(apis: Iterable[tuple[str, str, Sequence[str]]], version: str, root: str) -> str:
    """The first page.

    Args:
        apis: name, title and prefixes of each.
        version: of this program.
        root: the path below which the service is reached, such as ``/preflight``; empty where there is none.
    """
    rows = "".join(
        f'<tr><td><a href="{_HTML(root)}/docs/{_HTML(name)}">{_HTML(title)}</a></td>'
        f"<td>{', '.join(f'<code>{_HTML(prefix)}</code>' for prefix in prefixes)}</td>"
        f'<td><a href="{_HTML(root)}/openapi/{_HTML(name)}.json">OpenAPI</a></td></tr>'
        for name, title, prefixes in apis
    )
    own = "".join(
        f'<tr><td><a href="{_HTML(root)}{path}">{path}</a></td><td>{what}</td></tr>'
        for path, what in (
            ("/healthz", "Whether this process is alive."),
            ("/readyz", "Whether it can serve: its database, its tables, its store."),
            ("/metrics", "Numbers for Prometheus."),
        )
    )
    return _page(
        "makeready",
        f"<h1>makeready</h1><p>Preflight and finishing of print artwork. Version {_HTML(version)}.</p>"
        f"<h2>APIs</h2><table>{rows}</table><h2>Operation</h2><table>{own}</table>",
    )


def page(document: Mapping[str, Any], name: str, base: str, root: str) -> str:
    """An OpenAPI 3.1 document to read.

    Args:
        document: as the dialect's application makes it.
        name: the dialect's.
        base: where the service answers, for the examples.
        root: as for ``index``.
    """
    parts = [
        f"<p><a href='{_HTML(root)}/docs'>All APIs</a> · "
        f"<a href='{_HTML(root)}/openapi/{_HTML(name)}.json'>OpenAPI document</a></p>",
        f"<h1>{_HTML(document['info']['title'])}</h1>",
        prose(document["info"].get("description", "")),
        f"<p>Base address: <code>{_HTML(base)}</code></p>",
        *_keys(document),
    ]
    for tag, operations in openapi.by_tag(document).items():
        parts.append(f"<h2>{_HTML(tag)}</h2>")
        parts += [_folded(operation, base) for operation in operations]
    return _page(document["info"]["title"], "\n".join(parts))


def prose(text: str) -> str:
    """Text as HTML: paragraphs with ``code``, as much of Markdown as descriptions use."""
    paragraphs = (paragraph.strip() for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip())
    return "".join(f"<p>{inline(paragraph)}</p>" for paragraph in paragraphs)


def inline(text: str) -> str:
    """One paragraph as HTML, without its frame."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _HTML(text))


def asked(operation: Operation) -> str:
    """What an operation takes, as HTML: its parameters, and the fields of each body."""
    parts = []
    if operation.parameters:
        parts.append(f"<h4>Parameters</h4>{_table(operation.parameters)}")
    parts += [f"<h4>Body <code>{_HTML(one.media_type)}</code></h4>{_table(one.fields)}" for one in operation.bodies]
    return "".join(parts)


def answered(operation: Operation) -> str:
    """What an operation answers, as HTML: each status with its examples."""
    parts = []
    for answer in operation.answers:
        parts.append(f"<h4>{_HTML(answer.status)} {_HTML(answer.text)}</h4>")
        parts += [f"<pre>{_HTML(example)}</pre>" for example in answer.examples]
    return "".join(parts)


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_HTML(title)}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _keys(document: Mapping[str, Any]) -> Iterator[str]:
    for line, what in openapi.key_lines(document):
        yield f"<p>Every request carries a key: <code>{_HTML(line)} …</code> {inline(what)}</p>"


def _folded(operation: Operation, base: str) -> str:
    return (
        f"<details><summary><span class=method>{operation.method}</span> <code>{_HTML(operation.path)}</code> "
        f"<span class=soft>{_HTML(operation.summary)}</span></summary>"
        f"{prose(operation.text)}{asked(operation)}<pre>{_HTML(operation.curl(base))}</pre>{answered(operation)}</details>"
    )


def _table(fields: Sequence[Field]) -> str:
    return f"<table>{''.join(map(_row, fields))}</table>" if fields else ""


def _row(field: Field) -> str:
    need = '<span class="need">required</span>' if field.required else ""
    words = " · ".join(word for word in (field.words, f"in {field.place}" if field.place else "") if word)
    return (
        f"<tr><td><code>{_HTML(field.name)}</code> {need}</td>"
        f"<td>{inline(field.text)} <span class=soft>{_HTML(words)}</span></td></tr>"
    )
