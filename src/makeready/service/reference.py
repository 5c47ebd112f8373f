"""Pages for people: which APIs there are, and each OpenAPI document to read. No scripts, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

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
_METHODS = ("get", "post", "put", "patch", "delete")
_HTML = html.escape
#: How deep fields are followed into others; deeper ones are named by their type.
_DEPTH = 4


def index(apis: Iterable[tuple[str, str, Sequence[str]]], version: str) -> str:
    """The first page.

    Args:
        apis: name, title and prefixes of each.
        version: of this program.
    """
    rows = "".join(
        f'<tr><td><a href="/docs/{_HTML(name)}">{_HTML(title)}</a></td>'
        f"<td>{', '.join(f'<code>{_HTML(prefix)}</code>' for prefix in prefixes)}</td>"
        f'<td><a href="/openapi/{_HTML(name)}.json">OpenAPI</a></td></tr>'
        for name, title, prefixes in apis
    )
    own = "".join(
        f'<tr><td><a href="{path}">{path}</a></td><td>{what}</td></tr>'
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


def page(document: Mapping[str, Any], name: str, base: str) -> str:
    """An OpenAPI 3.1 document to read.

    Args:
        document: as the dialect's application makes it.
        name: the dialect's.
        base: where the service answers, for the examples.
    """
    parts = [
        f"<p><a href='/docs'>All APIs</a> · <a href='/openapi/{_HTML(name)}.json'>OpenAPI document</a></p>",
        f"<h1>{_HTML(document['info']['title'])}</h1>",
        _prose(document["info"].get("description", "")),
        f"<p>Base address: <code>{_HTML(base)}</code></p>",
        *_keys(document),
    ]
    for tag, operations in _by_tag(document):
        parts.append(f"<h2>{_HTML(tag)}</h2>")
        parts += [_operation(document, path, method, one, base) for path, method, one in operations]
    return _page(document["info"]["title"], "\n".join(parts))


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_HTML(title)}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _prose(text: str) -> str:
    """Paragraphs with ``code``, as much of Markdown as descriptions use."""
    paragraphs = (paragraph.strip() for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip())
    return "".join(f"<p>{_inline(paragraph)}</p>" for paragraph in paragraphs)


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _HTML(text))


def _keys(document: Mapping[str, Any]) -> Iterator[str]:
    for scheme in document.get("components", {}).get("securitySchemes", {}).values():
        header = "Authorization: Bearer" if scheme["type"] == "http" else f"{scheme['name']}:"
        what = _inline(scheme.get("description", ""))
        yield f"<p>Every request carries a key: <code>{_HTML(header)} …</code> {what}</p>"


def _by_tag(document: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str, Mapping[str, Any]]]]]:
    found: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["Operations"])[0]
                found.setdefault(tag, []).append((path, method, item[method]))
    return list(found.items())


def _operation(document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any], base: str) -> str:
    parts = [
        f"<summary><span class=method>{method.upper()}</span> <code>{_HTML(path)}</code> "
        f"<span class=soft>{_HTML(operation.get('summary', ''))}</span></summary>",
        _prose(operation.get("description", "")),
    ]
    if parameters := operation.get("parameters"):
        rows = [
            (one["name"], one.get("required", False), one.get("schema", {}), one.get("description"), one["in"])
            for one in parameters
        ]
        cells = "".join(_row(document, *row) for row in rows)
        parts.append(f"<h4>Parameters</h4><table>{cells}</table>")
    body: Any = None
    kind = ""
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolved(document, content.get("schema", {}))
        body = _example(content, schema)
        parts.append(f"<h4>Body <code>{_HTML(kind)}</code></h4>{_fields(document, schema)}")
    parts.append(f"<pre>{_HTML(_curl(document, path, method, operation, base, kind, body))}</pre>")
    for status, answer in operation.get("responses", {}).items():
        parts.append(f"<h4>{_HTML(str(status))} {_HTML(answer.get('description', ''))}</h4>")
        for content in answer.get("content", {}).values():
            shown = _example(content, _resolved(document, content.get("schema", {})))
            if shown is not None:
                parts.append(f"<pre>{_HTML(json.dumps(shown, indent=2, ensure_ascii=False))}</pre>")
    return f"<details>{''.join(parts)}</details>"


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any], before: str = "", depth: int = 0) -> str:
    rows = _field_rows(document, schema, before, depth)
    return f"<table>{rows}</table>" if rows else ""


def _field_rows(document: Mapping[str, Any], schema: Mapping[str, Any], before: str, depth: int) -> str:
    required = schema.get("required", ())
    rows = []
    for name, one in schema.get("properties", {}).items():
        inner = _resolved(document, one)
        rows.append(_row(document, before + name, name in required, one, inner.get("description")))
        if depth < _DEPTH and inner.get("properties"):
            rows.append(_field_rows(document, inner, f"{before}{name}.", depth + 1))
    return "".join(rows)


def _row(
    document: Mapping[str, Any], name: str, required: bool, schema: Mapping[str, Any], text: str | None, place: str = ""
) -> str:
    need = '<span class="need">required</span>' if required else ""
    where = f"in {place}" if place else ""
    words = " · ".join(word for word in (_type(document, schema), _bounds(_resolved(document, schema)), where) if word)
    return (
        f"<tr><td><code>{_HTML(name)}</code> {need}</td>"
        f"<td>{_inline(text or '')} <span class=soft>{_HTML(words)}</span></td></tr>"
    )


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a schema says, behind references and behind ``or null``."""
    for _ in range(_DEPTH * 2):
        if "$ref" in schema:
            found: Any = document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = {**found, **{name: value for name, value in schema.items() if name != "$ref"}}
        elif "anyOf" in schema and len(real := [one for one in schema["anyOf"] if one.get("type") != "null"]) == 1:
            schema = {**real[0], **{name: value for name, value in schema.items() if name != "anyOf"}}
        else:
            break
    return schema


def _type(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    found = _resolved(document, schema)
    if "enum" in found:
        return " | ".join(str(value) for value in found["enum"])
    if "const" in found:
        return str(found["const"])
    if found.get("type") == "array":
        return f"list of {_type(document, found.get('items', {})) or 'anything'}"
    if "anyOf" in found:
        return " or ".join(filter(None, (_type(document, one) for one in found["anyOf"])))
    return str(found.get("format") or found.get("type", ""))


_BOUNDS = (
    ("minimum", "at least {}"), ("exclusiveMinimum", "over {}"), ("maximum", "at most {}"),
    ("exclusiveMaximum", "under {}"), ("minLength", "at least {} characters"), ("maxLength", "at most {} characters"),
    ("minItems", "at least {}"), ("maxItems", "at most {}"),
)  # fmt: skip


def _bounds(schema: Mapping[str, Any]) -> str:
    said = [words.format(schema[name]) for name, words in _BOUNDS if name in schema]
    if schema.get("default") is not None:
        said.append(f"default {json.dumps(schema['default'], ensure_ascii=False)}")
    return ", ".join(said)


def _example(content: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    if "example" in content:
        return content["example"]
    for one in content.get("examples", {}).values():
        return one.get("value")
    if examples := schema.get("examples"):
        return examples[0]
    return schema.get("example")


def _curl(
    document: Mapping[str, Any],
    path: str,
    method: str,
    operation: Mapping[str, Any],
    base: str,
    kind: str,
    body: Any,
) -> str:
    words = [f"curl {'' if method == 'get' else f'-X {method.upper()} '}{base}{path}"]
    if operation.get("security", document.get("security")):
        for scheme in document.get("components", {}).get("securitySchemes", {}).values():
            header = "Authorization: Bearer" if scheme["type"] == "http" else f"{scheme['name']}:"
            words.append(f'-H "{header} $KEY"')
    if body is not None and kind == "application/json":
        quoted = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
        words += ['-H "Content-Type: application/json"', f"-d '{quoted}'"]
    elif isinstance(body, Mapping) and kind == "multipart/form-data":
        words += [f'-F "{name}={value}"' for name, value in body.items()]
    return " \\\n  ".join(words)
