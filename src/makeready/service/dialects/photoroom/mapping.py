"""From parameters to edits: which are made, with which settings, and which pictures they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from makeready.service.dialects.photoroom.parameters import EDIT, Parameter
from makeready.service.dialects.photoroom.reading import Asked

#: Parameters that are read here by hand, one by one.
_BY_HAND = frozenset({"removeBackground", "templateId", "layers", "background.negativePrompt"})
#: What each edit may ask a generator for.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "image_from_prompt": ("generate:image",),
    "flat_lay": ("generate:flat_lay",),
    "ghost_mannequin": ("generate:ghost_mannequin",),
    "virtual_model": ("generate:virtual_model",),
    "uncrop": ("generate:uncrop",),
    "edit_with_ai": ("generate:edit",),
    "cut_out": ("generate:segment",),
    "beautify": ("generate:beautify",),
    "generate_background": ("generate:background",),
    "expand": ("generate:expand",),
}
#: Until which longer side of the picture an enlargement is offered.
_LARGEST = {"fast": 1000, "slow": 512}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done."""

    edits: list[dict[str, Any]]
    #: Input of the job → where it is on the web.
    urls: dict[str, str] = field(default_factory=dict)
    #: Input of the job → the parameter whose files it is.
    files: dict[str, tuple[str, int]] = field(default_factory=dict)
    #: The longest side that the picture may have; any where it is 0.
    largest: int = 0
    notes: list[str] = field(default_factory=list)


def planned(asked: Asked, *, version: str = "", size: str = "") -> Plan:
    """What a request comes to.

    Args:
        asked: its parameters, held to the rules.
        version: of the model that paints backgrounds, as the request's header says.
        size: of the template, such as ``1080x1080``; none where it is empty.
    """
    notes: list[str] = []
    chosen: dict[str, dict[str, Any]] = {}
    if asked.cuts_out:
        chosen["cut_out"] = {}
        chosen["layout"] = {}
    chosen["export"] = {"format": "png"}
    for one in EDIT.values():
        if one.begins and one.name in asked:
            chosen.setdefault(one.edit, {})
        if one.edit == "layout" and one.name in asked:
            chosen.setdefault(one.edit, {})
    for one, value in _given(asked):
        if one.name in _BY_HAND:
            continue
        if one.edit and one.edit not in chosen:
            notes.append(_idle(one, [other.name for other in EDIT.values() if other.edit == one.edit and other.begins]))
        elif one.idle_without and not any(name in asked for name in one.idle_without):
            notes.append(_idle(one, list(one.idle_without)))
        elif one.setting and value is not None:
            chosen[one.edit][one.setting] = value.get("name") if isinstance(value, Mapping) else value
    _adjusted(chosen, asked, notes, version, size)
    edits = [
        {"edit": name, **{key: value for key, value in settings.items() if value is not None}}
        for name, settings in chosen.items()
    ]
    mode = chosen.get("enlarge_first", {}).get("mode", "")
    return Plan(edits, dict(_urls(asked, chosen)), dict(_files(asked, chosen)), _LARGEST.get(mode, 0), notes)


def _given(asked: Asked) -> Iterator[tuple[Parameter, Any]]:
    """All parameters that were given; files have no value."""
    yield from ((EDIT[name], value) for name, value in asked.values.items())
    yield from ((EDIT[name], None) for name in asked.files if name in EDIT)


def _adjusted(chosen: dict[str, dict[str, Any]], asked: Asked, notes: list[str], version: str, size: str) -> None:
    """What does not follow from the table."""
    if "cut_out" in chosen and not asked.cuts_out:
        chosen["cut_out"]["keep_background"] = True
    if "layout" in chosen or size:
        layout = chosen.setdefault("layout", {})
        if layout.get("output_size", "auto") == "auto":
            layout["output_size"] = size or "originalImage"
    if (unwanted := asked.values.get("background.negativePrompt")) is not None:
        if version.strip() == "2" and "generate_background" in chosen:
            chosen["generate_background"]["negative_prompt"] = unwanted
        else:
            notes.append(
                "background.negativePrompt has no effect without background.prompt and the header "
                "pr-ai-background-model-version: 2."
            )
    if "generate_background" in chosen and _has(asked, "background.guidance"):
        # Said by name, so that it is known before the job that a picture is to be followed.
        chosen["generate_background"].setdefault("guidance_scale", 0.6)


def _has(asked: Asked, name: str) -> bool:
    return f"{name}.imageUrl" in asked or f"{name}.imageFile" in asked


def _idle(one: Parameter, others: list[str]) -> str:
    return f"{one.name} has no effect without {' or '.join(others)}."


def _urls(asked: Asked, chosen: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one, value in _given(asked):
        if one.role and (not one.edit or one.edit in chosen):
            if isinstance(value, str):
                yield one.role, value
            elif isinstance(value, Mapping) and "url" in value:
                yield one.role, value["url"]


def _files(asked: Asked, chosen: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, int]]]:
    for name, files in asked.files.items():
        one = EDIT.get(name)
        if one is None or (one.edit and one.edit not in chosen):
            continue
        for number in range(len(files)):
            yield (f"product-{number + 1}" if one.role == "product" else one.role), (name, number)
