"""The kinds of values that parameters have: each reads what a client wrote, and describes itself as a JSON schema."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from makeready.errors import did_you_mean

_HEX = re.compile(r"#?(?:[0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})")
_COLOUR_NAME = re.compile(r"[A-Za-z][A-Za-z _-]{2,39}")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_SIZE = re.compile(r"auto|originalImage|croppedSubject|[1-9]\d{0,4}x[1-9]\d{0,4}", re.ASCII)
_WEB = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)
_PIXELS = re.compile(r"(\d{1,5}(?:\.\d+)?)\s*px", re.ASCII)
_SHARE = re.compile(r"(\d{1,2}(?:\.\d+)?)\s*%", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: The largest gap, as a share of the result.
_WIDEST = 0.49
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})
#: The longest text and the longest address.
_LONGEST, _LONGEST_ADDRESS = 4000, 4096


class Wrong(ValueError):
    """A value that does not fit; the text says why, as the end of a sentence that begins with the parameter's name."""


class Kind(Protocol):
    """What a value is."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """Of what a client writes, as JSON Schema."""
        ...

    def read(self, text: str) -> Any:
        """The value that a text stands for.

        Raises:
            Wrong: it stands for none.
        """
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words. Each stands for a value of the edit that it goes to."""

    words: Mapping[str, Any]
    #: Words of older versions, which are taken and not advertised.
    legacy: Mapping[str, Any] = field(default_factory=dict)

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"type": "string", "enum": list(self.words)}

    def read(self, text: str) -> Any:
        known = {**self.words, **self.legacy}
        if text not in known:
            near = did_you_mean(text, self.words)
            raise Wrong(f"{text!r} is none of {', '.join(self.words)}. {near}".strip())
        return known[text]


def choice(*words: str) -> Choice:
    """Words that stand for themselves."""
    return Choice({word: word for word in words})


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"type": "boolean"}

    def read(self, text: str) -> bool:
        said = text.strip().lower()
        if said not in _TRUE | _FALSE:
            raise Wrong(f"{text!r} is neither true nor false.")
        return said in _TRUE


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds."""

    least: float
    most: float
    whole: bool = False

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"type": "integer" if self.whole else "number", "minimum": self.least, "maximum": self.most}

    def read(self, text: str) -> float | int:
        said = text.strip()
        if not _NUMBER.fullmatch(said):
            raise Wrong(f"{text!r} is no number.")
        number = float(said)
        if not (math.isfinite(number) and self.least <= number <= self.most):
            raise Wrong(f"{said} is not between {self.least:g} and {self.most:g}.")
        if not self.whole:
            return number
        if number != int(number):
            raise Wrong(f"{said} is no whole number.")
        return int(number)


@dataclass(frozen=True, slots=True)
class Text:
    """Words."""

    #: The fewest characters.
    least: int = 0

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"type": "string", **({"minLength": self.least} if self.least else {}), "maxLength": _LONGEST}

    def read(self, text: str) -> str:
        if len(text.strip()) < self.least:
            raise Wrong("it is empty.")
        if len(text) > _LONGEST:
            raise Wrong(f"it has {len(text)} characters; {_LONGEST} are the most.")
        return text


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour, in hexadecimal digits with or without a number sign, or by its name in CSS, in any case."""

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"type": "string"}

    def read(self, text: str) -> str:
        said = text.strip()
        # Whether there is a colour of that name is for the edit to say.
        if not (_HEX.fullmatch(said) or _COLOUR_NAME.fullmatch(said)):
            raise Wrong(f"{text!r} is no colour: write FF0000, FF0000EE, or a name such as red.")
        return said


@dataclass(frozen=True, slots=True)
class Gap:
    """Room: a share of the result (``0.3``, ``30%``), or pixels (``100px``)."""

    @property
    def schema(self) -> Mapping[str, Any]:
        return {
            "oneOf": [
                {"type": "number", "minimum": 0, "maximum": _WIDEST},
                {"type": "string", "pattern": r"^\d+(\.\d+)?(%|px)$"},
            ]
        }

    def read(self, text: str) -> str:
        said = text.strip()
        if _PIXELS.fullmatch(said):
            return said
        if share := _SHARE.fullmatch(said):
            number = float(share[1]) / 100
        elif _NUMBER.fullmatch(said):
            number = float(said)
        else:
            raise Wrong(f"{text!r} is no room: write 0.3, 30% or 100px.")
        if not 0 <= number <= _WIDEST:
            raise Wrong(f"{said} is not between 0 and {_WIDEST} (0% and {_WIDEST:.0%}).")
        return said


@dataclass(frozen=True, slots=True)
class Size:
    """The size of the result."""

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"type": "string", "pattern": r"^(auto|\d+x\d+|originalImage|croppedSubject)$"}

    def read(self, text: str) -> str:
        if not _SIZE.fullmatch(text):
            raise Wrong(f"{text!r} is no size: write auto, originalImage, croppedSubject, or pixels such as 200x400.")
        return text


@dataclass(frozen=True, slots=True)
class Address:
    """Where on the web a picture is."""

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"type": "string", "format": "uri", "maxLength": _LONGEST_ADDRESS}

    def read(self, text: str) -> str:
        said = text.strip()
        if not _WEB.fullmatch(said) or len(said) > _LONGEST_ADDRESS:
            raise Wrong("it is no URL: it begins with http:// or https://, and has no spaces.")
        return said


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of a picture, or of several."""

    #: How many may be sent under this name.
    most: int = 1

    @property
    def schema(self) -> Mapping[str, Any]:
        one = {"type": "string", "format": "binary"}
        return one if self.most == 1 else {"type": "array", "items": one, "maxItems": self.most}

    def read(self, text: str) -> Any:  # noqa: ARG002 - whatever it says
        raise Wrong("it is text where the bytes of a file belong: send it as a file of multipart/form-data.")


@dataclass(frozen=True, slots=True)
class Identifier:
    """A UUID."""

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"type": "string", "format": "uuid"}

    def read(self, text: str) -> str:
        if not _UUID.fullmatch(text.strip()):
            raise Wrong(f"{text!r} is no UUID.")
        return text.strip().lower()


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset by its name, or a picture: ``{"preset": {"name": …}}``, ``{"custom": {"imageUrl": …}}``, or the name."""

    names: Sequence[str]

    @property
    def schema(self) -> Mapping[str, Any]:
        def with_one(name: str, inner: str, value: Mapping[str, Any]) -> dict[str, Any]:
            held = {"type": "object", "properties": {inner: value}, "required": [inner], "additionalProperties": False}
            return {"type": "object", "properties": {name: held}, "required": [name], "additionalProperties": False}

        return {
            "oneOf": [
                with_one("preset", "name", {"type": "string", "enum": list(self.names)}),
                with_one("custom", "imageUrl", dict(Address().schema)),
            ]
        }

    def read(self, text: str) -> Mapping[str, str]:
        """``{"name": …}`` or ``{"url": …}``."""
        said = text.strip()
        value: Any = {"preset": {"name": said}}
        if said.startswith("{"):
            value = document(said)
        match value:
            case {"preset": {"name": str(name), **more}, **others} if not (more or others):
                return {"name": Choice({one: one for one in self.names}).read(name)}
            case {"custom": {"imageUrl": str(url), **more}, **others} if not (more or others):
                return {"url": Address().read(url)}
        raise Wrong('it reads {"preset": {"name": "…"}} or {"custom": {"imageUrl": "https://…"}}.')


@dataclass(frozen=True, slots=True)
class Layers:
    """What becomes of the layers of a template, by their names."""

    @property
    def schema(self) -> Mapping[str, Any]:
        one = {
            "type": "object",
            "properties": {"imageUrl": dict(Address().schema), "hidden": {"type": "boolean"}},
            "additionalProperties": False,
        }
        return {"type": "object", "additionalProperties": one}

    def read(self, text: str) -> Mapping[str, Mapping[str, Any]]:
        value = document(text)
        if not isinstance(value, dict):
            raise Wrong('it is no JSON object: write {"logo": {"imageUrl": "https://…"}}.')
        for name, change in value.items():
            match change:
                case {"imageUrl": str(url), **more} if not more:
                    Address().read(url)
                case {"hidden": bool(), **more} if not more:
                    pass
                case _:
                    raise Wrong(f'the layer {name!r} reads {{"imageUrl": "https://…"}} or {{"hidden": true}}.')
        return value


def document(text: str) -> Any:
    """JSON.

    Raises:
        Wrong: it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Wrong("it is no JSON.") from error
