"""What a request asks for: its parameters, read by the table, with the rules that hold between them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile

from makeready.errors import did_you_mean
from makeready.service.dialects.photoroom.kinds import Layers, Picture, Preset, Text, Wrong
from makeready.service.dialects.photoroom.parameters import Parameter
from makeready.service.dialects.photoroom.shaping import invalid

#: A list's items as PHP and Ruby name them.
_ITEM = re.compile(r"\[\d*\]$")
#: Names of layers.
_LAYER = re.compile(r"[A-Za-z0-9_-]{1,40}")
#: Sizes of the result that the picture or the subject decides.
_OPEN_SIZES = ("originalImage", "croppedSubject")
#: What the background can be continued from, once the picture's own is gone.
_GROUNDS = ("background.imageUrl", "background.imageFile", "background.prompt", "background.blur.mode")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for."""

    #: By the parameter's name, as its kind reads it.
    values: dict[str, Any] = field(default_factory=dict)
    #: Pictures that were sent, by the parameter's name; of a template's layers ``layers.NAME``.
    files: dict[str, list[UploadFile]] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.values or name in self.files

    @property
    def cuts_out(self) -> bool:
        """Whether the background goes."""
        return bool(self.values.get("removeBackground", True))


def read(table: Mapping[str, Parameter], method: str, given: Iterable[tuple[str, str | UploadFile]]) -> Asked:
    """Read parameters one by one.

    An empty text counts as nothing, but where words are needed. Names of older versions count as the new ones.

    Args:
        table: the parameters there are.
        method: ``GET`` or ``POST``.
        given: names and values, in the order of the request.

    Raises:
        InvalidRequest: one does not exist, does not fit, or is given twice; all that are wrong are named.
    """
    asked, wrong = Asked(), dict[str, list[str]]()
    older = {alias: one.name for one in table.values() for alias in one.aliases}
    seen: dict[str, str] = {}
    for said, value in given:
        name, path = _placed(table, older.get(_ITEM.sub("", said), _ITEM.sub("", said)))
        try:
            _take(table, method, asked, seen, said, name, path, value)
        except Wrong as error:
            wrong.setdefault(said, []).append(str(error))
    if wrong:
        raise invalid(wrong)
    return asked


def _placed(table: Mapping[str, Parameter], name: str) -> tuple[str, tuple[str, ...]]:
    """A parameter that is an object may be written in parts: its name, and the way into it."""
    if name not in table:
        for one in table.values():
            if isinstance(one.kind, Preset | Layers) and name.startswith(f"{one.name}."):
                return one.name, tuple(name.removeprefix(f"{one.name}.").split("."))
    return name, ()


def _take(
    table: Mapping[str, Parameter], method: str, asked: Asked, seen: dict[str, str], said: str, name: str,
    path: tuple[str, ...], value: str | UploadFile,
) -> None:  # fmt: skip
    """Put one value where it belongs.

    Raises:
        Wrong: it belongs nowhere.
    """
    if (one := table.get(name)) is None:
        near = did_you_mean(name, [*table, *(alias for each in table.values() for alias in each.aliases)])
        raise Wrong(f"there is no such parameter. {near or ''}".strip())
    if method not in one.methods:
        raise Wrong(f"it can only be given with {one.methods[0]}; {_instead(table, one, method)}".rstrip("; ") + ".")
    if isinstance(value, UploadFile):
        if not value.filename and not value.size:  # a field of a form that nobody filled in
            return
        _take_file(asked, one, path, value)
        return
    if not value.strip() and not (isinstance(one.kind, Text) and one.kind.least):
        return
    if path:
        whole = asked.values.setdefault(name, {}) if isinstance(one.kind, Layers) else {}
        read_value = one.kind.read(_nested(path, value))
        asked.values[name] = {**whole, **read_value} if isinstance(one.kind, Layers) else read_value
        return
    if name in seen:
        twice = f"as {seen[name]} and {said}" if seen[name] != said else "twice"
        raise Wrong(f"it is given {twice}; give it once.")
    seen[name] = said
    asked.values[name] = one.kind.read(value)


def _take_file(asked: Asked, one: Parameter, path: tuple[str, ...], file: UploadFile) -> None:
    most = 1
    name = one.name
    match one.kind, path:
        case Picture(most=most), ():
            pass
        case Preset(), () | ("custom", "imageFile"):
            pass
        case Layers(), (layer, "imageFile") if _LAYER.fullmatch(layer):
            name = f"{name}.{layer}"
        case _:
            raise Wrong("it is a file where text belongs.")
    files = asked.files.setdefault(name, [])
    files.append(file)
    if len(files) > most:
        raise Wrong(f"it is given {len(files)} times; {'once is' if most == 1 else f'{most} are'} the most.")


def _nested(path: tuple[str, ...], value: str) -> str:
    """``{"custom": {"imageUrl": value}}`` for the path custom, imageUrl."""
    held: Any = value.strip().lower() == "true" if path[-1] == "hidden" else value
    for part in reversed(path):
        held = {part: held}
    return json.dumps(held)


def _instead(table: Mapping[str, Parameter], one: Parameter, method: str) -> str:
    """The parameter that does the same with the other method."""
    other = one.name.replace("Url", "File") if one.name.endswith("Url") else one.name.replace("File", "Url")
    return f"with {method} give {other}" if other != one.name and other in table else ""


def template_values(table: Mapping[str, Parameter], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a template, which are those of a request as JSON.

    Raises:
        InvalidRequest: one does not exist or does not fit.
    """
    texts = [(name, _text(value)) for name, value in parameters.items()]
    return read(table, "GET", texts).values


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value)


def over(table: Mapping[str, Parameter], template: Mapping[str, Any], asked: Asked) -> Asked:
    """A request over its template: what the template says where the request says nothing, nor what excludes it."""
    excluded = {other for name in (*asked.values, *asked.files) if name in table for other in table[name].without}
    under = {name: value for name, value in template.items() if name not in excluded and name not in asked.files}
    if not asked.values.get("removeBackground", template.get("removeBackground", True)):
        under = {name: value for name, value in under.items() if not table[name].cut_out_only}
    return Asked({**under, **asked.values}, asked.files)


def held_to_rules(table: Mapping[str, Parameter], asked: Asked) -> None:
    """See that parameters go together.

    Raises:
        InvalidRequest: they do not; the first that does not is named.
    """
    for name, why in _broken(table, asked):
        raise invalid({name: [why]})


def _broken(table: Mapping[str, Parameter], asked: Asked) -> Iterator[tuple[str, str]]:
    for one in table.values():
        if one.name not in asked:
            continue
        if one.cut_out_only and not asked.cuts_out:
            yield one.name, "it can't be provided if removeBackground is set to false."
        if clash := [other for other in one.without if other in asked]:
            others = " nor ".join(one.without)
            yield (
                clash[0],
                f"if {one.name} is provided, {'neither ' if len(one.without) > 1 else 'no '}{others} can be.",
            )
        if one.needs and not any(other in asked for other in one.needs):
            yield one.name, f"it can only be provided with {' or '.join(one.needs)}."
    for name in ("maxWidth", "maxHeight"):
        if name in asked and asked.values.get("outputSize") not in _OPEN_SIZES:
            yield name, f"it can only be provided if outputSize is {' or '.join(_OPEN_SIZES)}."
    if "expand.mode" in asked and asked.cuts_out and not any(name in asked for name in _GROUNDS):
        yield (
            "expand.mode",
            "there is no background to continue: set removeBackground to false, or provide background.imageUrl or "
            "background.imageFile.",
        )
