"""JSON schemas of what goes in (profiles) and what comes out (reports), made from the declarations."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from makeready.changes import Plan, Result, Safety
from makeready.facts import Artwork, Rect, json_fields
from makeready.profile import Fixing, ProfileFile
from makeready.registry import Check, Fix
from makeready.report import data, fix_data
from makeready.results import Issue, Report, Stars, Verdict
from makeready.units import Quantity, Size

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_QUANTITY = {
    "type": "object",
    "description": "A number with its unit, and both as words.",
    "properties": {"value": {"type": "number"}, "unit": {"type": "string"}, "text": {"type": "string"}},
    "required": ["value", "unit", "text"],
    "additionalProperties": False,
}


def profile_schema(checks: Iterable[Check], fixes: Iterable[Fix] = ()) -> dict[str, Any]:
    """The schema of a profile file: every code and fix with its settings, so that editors complete and check them."""
    from pydantic import Field, create_model

    fields: dict[str, Any] = {}
    for check in checks:
        word = typing.Literal["on", "off", "info", "warning", "error"]
        fields[check.code] = (word | _with_severity(check) | None, Field(None, title=check.title))
    model = create_model("Checks", __config__={"extra": "forbid"}, **fields)
    whole: Any = create_model(
        "Profile",
        __base__=ProfileFile,
        checks=(model, Field({}, description="Settings by code.")),
        fixes=(_fixing(tuple(fixes)), Field(Fixing(), description="How files are mended.")),
    )
    return {"$schema": DIALECT, **whole.model_json_schema()}


def _fixing(fixes: tuple[Fix, ...]) -> Any:
    """The part of a profile about fixes, with the settings of each."""
    from pydantic import Field, create_model

    if not fixes:
        return Fixing
    said = Fixing.model_fields
    settings: Any = {fix.id: (fix.params | None, Field(None, title=fix.title)) for fix in fixes}
    by_id: Any = create_model("FixSettings", __config__={"extra": "forbid"}, **settings)
    link: Any = _link(fixes)
    parts: Any = {
        "steps": (tuple[link, ...], Field((), description=said["steps"].description)),
        "settings": (by_id, Field({}, description=said["settings"].description)),
    }
    return create_model("Fixing", __base__=Fixing, **parts)


def _link(fixes: tuple[Fix, ...]) -> Any:
    """One step of a chain: the id of a fix, or a table with ``fix`` and its settings."""
    from pydantic import Field, create_model

    literal: Any = typing.Literal
    with_settings = []
    for fix in fixes:
        id: Any = (literal[fix.id], Field(description="The fix."))
        with_settings.append(create_model(f"Step_{fix.id}", __base__=fix.params, __doc__=f"{fix.title}.", fix=id))
    union: Any = typing.Union
    return union[(literal[tuple(fix.id for fix in fixes)], *with_settings)]


def chain_schema(fixes: Iterable[Fix]) -> dict[str, Any]:
    """The schema of a chain, as ``makeready apply --chain`` takes it: a list of steps, or a table that holds one."""
    from pydantic import TypeAdapter

    link: Any = _link(tuple(fixes))
    made = TypeAdapter(list[link]).json_schema()
    definitions = made.pop("$defs", {})
    steps = {"type": "object", "properties": {"steps": made}, "required": ["steps"]}
    return {"$schema": DIALECT, "title": "A chain of fixes", "anyOf": [made, steps], "$defs": definitions}


def plan_schema() -> dict[str, Any]:
    """The schema of ``makeready.plan/1``."""
    definitions: dict[str, Any] = {"Quantity": _QUANTITY}
    hints = typing.get_type_hints(Plan)
    properties = {
        **_head(fix_data.PLAN),
        "allow": {"enum": [safety.value for safety in Safety]},
        "steps": _schema(hints["steps"], definitions),
        "left": _schema(hints["left"], definitions),
        "seconds": {"type": "number", "description": "What all of it is expected to take."},
    }
    return _whole(fix_data.PLAN, properties, definitions)


def result_schema() -> dict[str, Any]:
    """The schema of ``makeready.result/1``, with those of both reports inside."""
    report = report_schema()
    definitions: dict[str, Any] = report.pop("$defs")
    definitions["Report"] = {key: value for key, value in report.items() if key != "$schema"}
    hints = typing.get_type_hints(Result)
    issues = _schema(tuple[Issue, ...], definitions)
    some_text = {"type": ["string", "null"]}
    properties = {
        **_head(fix_data.RESULT),
        "output": some_text | {"description": "The new file; null where none was written."},
        "copied": {"type": "boolean", "description": "Whether the output is the input as it was."},
        "error": {
            "description": "Why nothing was written, where a step failed.",
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"message": {"type": "string"}, "hint": {"type": "string"}},
                    "required": ["message", "hint"],
                    "additionalProperties": False,
                },
                {"type": "null"},
            ],
        },
        "verdict": {"enum": [verdict.value for verdict in Verdict], "description": "Of the file as it is now."},
        "steps": _schema(hints["runs"], definitions),
        "left": _schema(typing.get_type_hints(Plan)["left"], definitions),
        "fixed": issues,
        "remaining": issues,
        "new": issues,
        "proof": _schema(hints["proof"], definitions),
        "before": {"$ref": "#/$defs/Report"},
        "after": {"anyOf": [{"$ref": "#/$defs/Report"}, {"type": "null"}]},
        "seconds": {"type": "number"},
    }
    return _whole(fix_data.RESULT, properties, definitions)


def _head(name: str) -> dict[str, Any]:
    return {
        "schema": {"const": name},
        "makeready": {"type": "string", "description": "The version that wrote it."},
        "file": {"type": "string", "description": "The input."},
    }


def _whole(title: str, properties: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": DIALECT,
        "title": title,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }


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
    return _whole(data.REPORT, properties, definitions)


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
    if issubclass(kind, tuple):  # named: it is written with its names
        sides = {name: _schema(hint, definitions) for name, hint in typing.get_type_hints(kind).items()}
        return {"type": "object", "properties": sides, "required": list(sides), "additionalProperties": False}
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
