"""An OpenAPI 3.1 document as its pages need it: operations with their fields, bodies, examples and a line for curl."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

#: Where a reader's key stands in lines for a shell.
KEY = "$MAKEREADY_KEY"
JSON = "application/json"
FORM = "multipart/form-data"
_PLAIN_FORM = "application/x-www-form-urlencoded"
_METHODS = ("get", "post", "put", "patch", "delete")
#: How deep fields are followed into others; deeper ones are named by their type.
_DEPTH = 4
_BOUNDS = (
    ("minimum", "at least {}"), ("exclusiveMinimum", "over {}"), ("maximum", "at most {}"),
    ("exclusiveMaximum", "under {}"), ("minLength", "at least {} characters"), ("maxLength", "at most {} characters"),
    ("minItems", "at least {}"), ("maxItems", "at most {}"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """What a request may say: a parameter, or a field of its body."""

    #: With the names of those that it is part of before it: ``options.targetDpi``.
    name: str
    required: bool
    #: In Markdown.
    text: str
    #: Its type, bounds and default, for people.
    words: str
    #: ``path``, ``query`` or ``header``; empty in a body.
    place: str
    #: How many others it is part of.
    depth: int
    #: As the document has it, without references.
    schema: Mapping[str, Any]

    @property
    def control(self) -> Literal["file", "files", "choice", "text"]:
        """What a form asks for it with."""
        items = self.schema.get("items", {})
        if _is_file(self.schema):
            return "file"
        if self.schema.get("type") == "array" and _is_file(items):
            return "files"
        return "choice" if self.choices else "text"

    @property
    def choices(self) -> Sequence[str]:
        """All that it can be, where that is a list."""
        if self.schema.get("type") == "boolean":
            return ("true", "false")
        return [str(value) for value in self.schema.get("enum", ())]

    @property
    def sample(self) -> str:
        """A value that fits, as a form has it."""
        if _is_file(self.schema) or _is_file(self.schema.get("items", {})):
            return "@photo.jpg"
        for value in (*self.schema.get("examples", ()), self.schema.get("default"), *self.choices):
            if value is not None:
                return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return "…"


@dataclass(frozen=True, slots=True)
class Body:
    """One way to send what an operation takes."""

    #: ``application/json`` or ``multipart/form-data``.
    media_type: str
    fields: Sequence[Field]
    #: A body that fits; none where the document has none.
    example: Any

    @property
    def is_json(self) -> bool:
        """Whether it is JSON; else it is a form."""
        return self.media_type == JSON

    @property
    def text(self) -> str:
        """The example as JSON for people."""
        return "{}" if self.example is None else json.dumps(self.example, indent=2, ensure_ascii=False)

    @property
    def outer(self) -> list[Field]:
        """The fields of a form."""
        return [field for field in self.fields if not field.depth]


@dataclass(frozen=True, slots=True)
class Answer:
    """What may come back."""

    status: str
    text: str
    #: Bodies as JSON for people.
    examples: Sequence[str]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one path."""

    id: str
    method: str
    path: str
    summary: str
    #: In Markdown.
    text: str
    parameters: Sequence[Field]
    #: Each way to send it; empty where it takes no body.
    bodies: Sequence[Body]
    answers: Sequence[Answer]
    #: The line of its key: ``Authorization: Bearer``; empty where it needs none.
    key_line: str

    def answered(self, status: int) -> bool:
        """Whether it may answer with a status."""
        return any(answer.status == str(status) for answer in self.answers)

    def curl(self, base: str, body: Body | None = None) -> str:
        """The lines for a shell.

        Args:
            base: where the service answers, without a slash at the end.
            body: the way to send it; the last one when left out.
        """
        method = "" if self.method == "GET" else f"-X {self.method} "
        words = [f"curl {method}{base}{self.path}"]
        if self.key_line:
            words.append(f'-H "{self.key_line} {KEY}"')
        return " \\\n  ".join(words + list(_sent(body or (self.bodies[-1] if self.bodies else None))))


def by_tag(document: Mapping[str, Any]) -> dict[str, list[Operation]]:
    """All operations under their first tags, in the order of the document."""
    found: dict[str, list[Operation]] = {}
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["Operations"])[0]
                found.setdefault(tag, []).append(_operation(document, path, method, item[method]))
    return found


def key_lines(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """How the key is sent, and what is said of it in Markdown; in general one way."""
    schemes = document.get("components", {}).get("securitySchemes", {}).values()
    return [
        ("Authorization: Bearer" if scheme["type"] == "http" else f"{scheme['name']}:", scheme.get("description", ""))
        for scheme in schemes
    ]


def _operation(document: Mapping[str, Any], path: str, method: str, told: Mapping[str, Any]) -> Operation:
    needs_key = bool(told.get("security", document.get("security")))
    return Operation(
        id=told.get("operationId", f"{method}{path}"),
        method=method.upper(),
        path=path,
        summary=told.get("summary", ""),
        text=told.get("description", ""),
        parameters=[
            _field(
                document,
                one["name"],
                one.get("schema", {}),
                one.get("required", False),
                one.get("description"),
                one["in"],
            )
            for one in told.get("parameters", ())
        ],
        bodies=list(_bodies(document, told.get("requestBody", {}).get("content", {}))),
        answers=[_answer(document, status, answer) for status, answer in told.get("responses", {}).items()],
        key_line=key_lines(document)[0][0] if needs_key else "",
    )


def _bodies(document: Mapping[str, Any], contents: Mapping[str, Any]) -> Iterator[Body]:
    for media_type, content in contents.items():
        if media_type == _PLAIN_FORM and FORM in contents:
            continue  # the same fields, without files
        schema = _resolved(document, content.get("schema", {}))
        yield Body(media_type, list(_fields(document, schema)), _example(content, schema))


def _answer(document: Mapping[str, Any], status: str, told: Mapping[str, Any]) -> Answer:
    shown = (
        _example(content, _resolved(document, content.get("schema", {})))
        for content in told.get("content", {}).values()
    )
    examples = [json.dumps(one, indent=2, ensure_ascii=False) for one in shown if one is not None]
    return Answer(str(status), told.get("description", ""), examples)


def _fields(
    document: Mapping[str, Any], schema: Mapping[str, Any], before: str = "", depth: int = 0
) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, one in schema.get("properties", {}).items():
        inner = _resolved(document, one)
        yield _field(document, before + name, one, name in required, inner.get("description"), depth=depth)
        if depth < _DEPTH and inner.get("properties"):
            yield from _fields(document, inner, f"{before}{name}.", depth + 1)


def _field(
    document: Mapping[str, Any],
    name: str,
    schema: Mapping[str, Any],
    required: bool,
    text: str | None,
    place: str = "",
    *,
    depth: int = 0,
) -> Field:
    found = _resolved(document, schema)
    words = " · ".join(word for word in (_type(document, schema), _bounds(found)) if word)
    return Field(name, required, text or "", words, place, depth, found)


def _is_file(schema: Mapping[str, Any]) -> bool:
    return schema.get("format") == "binary" or "contentMediaType" in schema


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


def _sent(body: Body | None) -> Iterator[str]:
    """What curl is told of a body."""
    if body is None:
        return
    if body.is_json:
        if body.example is not None:
            yield '-H "Content-Type: application/json"'
            yield f"-d {_quoted(json.dumps(body.example, ensure_ascii=False))}"
        return
    example = body.example
    if not isinstance(example, Mapping):
        needed = [field for field in body.outer if field.required] or body.outer[:1]
        example = {field.name: field.sample for field in needed}
    for name, value in example.items():
        yield f"-F {_quoted(f'{name}={value}')}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
