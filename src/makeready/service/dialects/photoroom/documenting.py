"""The OpenAPI document of the API: parameters as the table has them, and refusals in the same words everywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from makeready.service.dialects.photoroom.kinds import Choice, Flag, Gap, Layers, Number, Picture, Preset
from makeready.service.dialects.photoroom.parameters import EDIT, SEGMENT, Parameter
from makeready.service.dialects.photoroom.shaping import JOB, NOTES
from makeready.service.documenting import Refusals


class Reason(BaseModel):
    """A refusal in words."""

    model_config = ConfigDict(extra="forbid")

    message: str = Field(description="What is wrong; it begins with the parameter's name where one is.")
    detail: str = Field(description="What to do.")


class ErrorBody(BaseModel):
    """Why a request was not served."""

    model_config = ConfigDict(extra="forbid")

    error: Reason


_WORDS: Mapping[int, tuple[str, str, str]] = {
    400: (
        "A parameter does not exist, does not fit or does not go with another, or a picture cannot be used",
        "background.blur.radius: 0.1 is not between 0 and 0.05.",
        "https://example.com/docs/photoroom describes every parameter.",
    ),
    401: ("No key, or none that is known", "There is no key.", "Send x-api-key: <key>."),
    402: ("There are no images left", "There are no images left.", "Get more: https://example.com/plans"),
    403: (
        "The account is suspended, or its plan has no image editing",
        "Image editing is not part of the plan Basic.",
        "It begins with Plus.",
    ),
    404: (
        "There is no such template, or it belongs to another account",
        "There is no template 7f9c24e8-3b12-4a5d-9c41-0f2f2d1b8a77.",
        "'makeready accounts templates list EMAIL' names those there are.",
    ),
    409: (
        "The Idempotency-Key is at work for another request",
        "A request with this Idempotency-Key is being served.",
        "Send it again in a moment.",
    ),
    413: (
        "A file is over the limit, or a picture has too many pixels",
        "imageFile: the file is larger than 30 MB.",
        "Send a smaller file.",
    ),
    415: (
        "A file is of a kind that is not taken",
        "This is a PDF file, which is not taken here.",
        "Send JPEG, PNG, WebP, TIFF, GIF, BMP, JPEG 2000.",
    ),
    422: (
        "It cannot be made of this picture; nothing was charged",
        "cut_out: no subject was found: choose a picture in which it stands out, or keep the background.",
        "Send another picture.",
    ),
    429: (
        "Too many requests, or too many jobs wait; Retry-After says for how long",
        "More than 60 requests a minute.",
        "Try again in 12 seconds.",
    ),
    500: (
        "The service failed inside",
        "The service failed inside. The log has the reason under this request's number.",
        "Try again later.",
    ),
    501: (
        "It takes a generator, and none is configured that can do it; nothing was charged",
        "editWithAI.prompt: No generator here can change a picture as words say (generate:edit).",
        "Nothing was charged. Leave it out, or configure a generator.",
    ),
    503: (
        "Something this needs is not installed or does not answer; nothing was charged",
        "The weights of ISNet are not installed.",
        "Install them: makeready models install isnet",
    ),
    504: (
        "It took longer than a request may; nothing was charged",
        "The picture was not ready within 55 seconds.",
        "Send a smaller picture, ask for less at once, or try again later.",
    ),
}  # fmt: skip
_BYTES = {"schema": {"type": "string", "format": "binary"}}
refusals = Refusals(
    ErrorBody,
    always=(400, 401, 403, 429, 500, 503),
    words={
        status: (meaning, {"error": {"message": message, "detail": detail}})
        for status, (meaning, message, detail) in _WORDS.items()
    },
)


def picture() -> dict[int | str, dict[str, Any]]:
    """The answer that is a picture, and the refusals of routes that make one."""
    answer = {
        "description": "The picture",
        "content": dict.fromkeys(("image/png", "image/jpeg", "image/webp"), _BYTES),
        "headers": {
            NOTES: {
                "description": "What did not have the effect that was asked for: a JSON list of sentences.",
                "schema": {"type": "string"},
            },
            JOB: {"description": "The job that made it.", "schema": {"type": "string"}},
        },
    }
    return {200: answer, **refusals(402, 404, 409, 413, 415, 422, 501, 504)}


def query(table: Mapping[str, Parameter], method: str) -> list[dict[str, Any]]:
    """Parameters of an address, with the older names they have."""
    found = []
    for one in table.values():
        if method in one.methods:
            found += [
                {
                    "name": name,
                    "in": "query",
                    "required": False,
                    "description": described(one) if name == one.name else f"Write `{one.name}`.",
                    "schema": _schema(one),
                    **({"deprecated": True} if name != one.name else {}),
                }
                for name in (one.name, *one.aliases)
            ]
    return found


def form(table: Mapping[str, Parameter], *, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """A form of several parts, as ``requestBody``."""
    fields: dict[str, Any] = {}
    for one in table.values():
        if "POST" in one.methods:
            for name in (one.name, *one.aliases):
                fields[name] = {**_schema(one), "description": described(one)}
                if name != one.name:
                    fields[name] |= {"description": f"Write `{one.name}`.", "deprecated": True}
    schema = {"type": "object", "properties": fields, "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _schema(one: Parameter) -> dict[str, Any]:
    schema = dict(one.kind.schema)
    if one.default:
        schema["default"] = _value(one, one.default)
    if one.example:
        schema["examples"] = [_value(one, one.example)]
    return schema


def _value(one: Parameter, text: str) -> Any:
    """What a text of the table is in JSON."""
    if isinstance(one.kind, Number | Flag):
        return one.kind.read(text)
    return json.loads(text) if isinstance(one.kind, Preset | Layers | Gap) else text


def described(one: Parameter) -> str:
    """What a parameter does, and what it goes with."""
    said = [one.help]
    if one.needs:
        said.append(f"Only with {_either(one.needs)}.")
    if one.cut_out_only:
        said.append("Not where `removeBackground` is false.")
    if one.without:
        said.append(f"Not together with {_either(one.without)}.")
    if one.idle_without:
        said.append(f"Without {_either(one.idle_without)} it has no effect.")
    if isinstance(one.kind, Choice) and one.kind.legacy:
        said.append(f"Older words are taken, too: {', '.join(f'`{word}`' for word in one.kind.legacy)}.")
    return " ".join(said)


def page() -> str:
    """Every parameter, as a page of the documentation."""
    lines = [
        "# Parameters of the photoroom API",
        "",
        "Names are those of the request; a parameter without a method goes with both. [The API](photoroom.md) says how",
        "values are written.",
    ]
    for path, table in (("/v2/edit", EDIT), ("/v1/segment", SEGMENT)):
        lines += ["", f"## {path}", "", "| parameter | takes | default | |", "|---|---|---|---|"]
        for one in table.values():
            method = "" if len(one.methods) > 1 or table is SEGMENT else f" ({one.methods[0]})"
            older = f" Also `{'`, `'.join(one.aliases)}`." if one.aliases else ""
            default = f"`{one.default}`" if one.default else ""
            lines.append(f"| `{one.name}`{method} | {_taken(one)} | {default} | {described(one)}{older} |")
    return "\n".join(lines) + "\n"


def _taken(one: Parameter) -> str:
    """What a parameter takes, in a few words."""
    match one.kind:
        case Choice(words=words):
            return ", ".join(f"`{word}`" for word in words)
        case Flag():
            return "`true`, `false`"
        case Number(least=least, most=most, whole=whole):
            return f"{'whole number' if whole else 'number'}, {least:.16g} to {most:.16g}"
        case Preset(names=names):
            return ", ".join(f"`{name}`" for name in names)
        case Picture(most=most):
            return "a file" if most == 1 else f"up to {most} files"
    return type(one.kind).__name__.lower()


def _either(names: tuple[str, ...]) -> str:
    return " or ".join(f"`{name}`" for name in names)
