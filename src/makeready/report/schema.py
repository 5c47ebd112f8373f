"""JSON schemas of what goes in (profiles) and what comes out (reports), made from the declarations."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from makeready.facts import Artwork, Rect, json_fields
from makeready.profile import ProfileFile
from makeready.registry import Check
from makeready.report import data
from makeready.results import Report, Stars, Verdict
from makeready.units import Quantity, Size

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_QUANTITY = {
    "type": "object",
    "description": "A number with its unit, and both as words.",
    "properties": {"value": {"type": "number"}, "unit": {"type": "string"}, "text": {"type": "string"}},
    "required": ["value", "unit", "text"],
    "additionalProperties": False,
}


def profile_schema(checks: Iterable[Check]) -> dict[str, Any]:
    """The schema of a profile file: every code with its settings, so that editors complete and check them."""
    from pydantic import Field, create_model

    fields: dict[str, Any] = {}
    for check in checks:
        word = typing.Literal["on", "off", "info", "warning", "error"]
        fields[check.code] = (word | _with_severity(check) | None, Field(None, title=check.title))
    model = create_model("Checks", __config__={"extra": "forbid"}, **fields)
    whole = create_model("Profile", __base__=ProfileFile, checks=(model, Field({}, description="Settings by code.")))
    return {"$schema": DIALECT, **whole.model_json_schema()}


def _with_severity(check: Check) -> Any:
    from pydantic import Field, create_model

    severity: Any = (
        typing.Literal["off", "info", "warning", "error"] | None,
        Field(None, description="The severity of its issues; a ceiling where limits are graded."),
    )
    made: Any = create_model(f"{check.code}_{check.params.__name__}", __base__=check.params, severity=severity)
    return made


def report_schema() -> dict[str, Any]:
    """The schema of ``makeready.report/1``, read off the dataclasses that are written."""
    definitions: dict[str, Any] = {"Quantity": _QUANTITY}
    hints = typing.get_type_hints(Report)
    properties: dict[str, Any] = {
        "schema": {"const": data.REPORT},
        "makeready": {"type": "string", "description": "The version that wrote the report."},
        "verdict": {"enum": [verdict.value for verdict in Verdict]},
    }
    for name in ("file", "profile", "stars", "stars_reason", "issues", "runs", "facts", "failed_plugins", "seconds"):
        properties[name] = _schema(hints[name], definitions)
    return {
        "$schema": DIALECT,
        "title": data.REPORT,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of one type hint."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        kinds = [_schema(arg, definitions) for arg in args]
        return {"anyOf": kinds}
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            return {"type": "array", "items": _schema(args[0], definitions)}
        items = [_schema(arg, definitions) for arg in args]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(args[1], definitions)}
    if hint is Any or hint is object:
        return {}
    if hint is type(None):
        return {"type": "null"}
    if isinstance(hint, type):
        return _of_class(hint, definitions)
    raise TypeError(f"no schema for {hint!r}")


def _of_class(kind: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if issubclass(kind, enum.Enum):
        return {"enum": [member.value for member in kind]}
    if issubclass(kind, Quantity):
        return {"$ref": "#/$defs/Quantity"}
    if kind is Size:
        return {"type": "object", "required": ["width", "height", "text"]}
    if kind is Rect:
        numbers = {"type": "array", "items": {"type": ["number", "null"]}, "minItems": 4, "maxItems": 4}
        return {"type": "object", "properties": {"pt": numbers}, "required": ["pt"], "additionalProperties": False}
    if dataclasses.is_dataclass(kind):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}
            definitions[kind.__name__] = _object(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    simple = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return {"type": [simple[kind], "null"] if kind is float else simple[kind]}


def _object(kind: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    properties = {
        f.name: {"type": ["number", "null"]}
        if f.metadata.get("json") == "number"
        else _schema(hints[f.name], definitions)
        for f in json_fields(kind)
    }
    if kind is Artwork:
        properties["separations"] = properties["inks"]
        properties["inks"] = {"type": "array", "items": {"type": "string"}}
    if kind is Stars:
        names = {"effective_ppi": "effectivePpi", "min_ppi": "minPpi", "product_type": "productType"}
        properties = {names.get(name, name): schema for name, schema in properties.items()}
    return {
        "type": "object",
        "description": (kind.__doc__ or "").strip().split("\n\n")[0].replace("\n", " "),
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
