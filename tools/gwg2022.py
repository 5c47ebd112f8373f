"""Write the profiles of GWG 2022, one a product variant, from the table of its requirements and limits.

The table (``gwg2022.json``) has, for each of the 39 requirements, what it asks of each of the 23 variants:
error, warning or ignore, and the limits. Here stands once which setting of which check answers a requirement.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("gwg2022.json")

HEAD = """\
# Made by tools/generate.py from tools/gwg2022.json; do not edit. Make a profile that extends it instead.
title = "GWG 2022, {variant}"
description = \"\"\"
What the Ghent Workgroup's specification of 2022 asks of {variant}, on top of PDF/X-4. Bleed and page size are not
part of it: name them in a profile that extends this one.
\"\"\"
extends = "pdfx-4"
undecided = [{undecided}
]

[checks]
"""
#: Colour that is not of the press, where every colour has to be (early binding): PDF families.
NOT_OF_THE_PRESS = ["Lab", "CalRGB", "CalGray", "ICCBased CMYK", "ICCBased Gray"]


@dataclass(frozen=True)
class Asked:
    """What one requirement asks of one variant: its limits by level, as the table writes them."""

    limits: dict[str, str]

    @property
    def level(self) -> str:
        """The worst level at which it is asked, or ``off``."""
        return next((level for level in ("error", "warning") if level in self.limits), "off")

    @property
    def on(self) -> bool:
        return self.level != "off"

    def numbers(self, letter: str = "A") -> dict[str, float]:
        """A limit by level: ``{"error": 149.0, "warning": 224.0}``."""
        found = {
            level: re.search(rf"\b{letter} = ([\d.]+)", text)
            for level, text in sorted(self.limits.items(), reverse=True)
            if level != "ignore"
        }
        return {level: float(match[1]) for level, match in found.items() if match}

    def limit(self, unit: str, letter: str = "A", times: float = 1) -> dict[str, str]:
        """A threshold as a profile writes it: ``{"warning": "224 ppi"}``."""
        return {level: f"{number * times:g} {unit}" for level, number in self.numbers(letter).items()}


Requirements = dict[str, Asked]
#: The settings of one check, or its severity, or nothing where the variant does not ask for it.
Entry = dict[str, Any] | str | None


def _severity(requirement: str) -> Callable[[Requirements], Entry]:
    return lambda asked: asked[requirement].level if asked[requirement].on else None


def _user_unit(asked: Requirements) -> Entry:
    return {"unit": asked["R0002"].level, "scales": asked["R0037"].level}


def _page_count(asked: Requirements) -> Entry:
    return {"severity": asked["R0006"].level, "pages": 1} if asked["R0006"].on else None


def _white_overprint(asked: Requirements) -> Entry:
    return {"text": asked["R0007"].level, "paths": asked["R0008"].level}


def _black_overprint(asked: Requirements) -> Entry:
    text, lines = asked["R0009"].numbers(), asked["R0010"].numbers()
    if not text and not lines:
        return None
    sizes = {"text": f"{text.get('warning', 0):g} pt", "lines": f"{lines.get('warning', 0):g} pt"}
    return sizes | {"level": asked["R0009"].level, "gray": asked["R0011"].level, "on_paper": True}


def _rich_black(asked: Requirements) -> Entry:
    rich = asked["R0015"]
    if not rich.on:
        return None
    black = next(iter(rich.numbers("A").values()))
    return {"black": f"{black * 100:g} %", "ink": rich.limit("%", "B", times=100)}


def _small_text(asked: Requirements) -> Entry:
    return {"size": {}, "white": asked["R0016"].limit("pt"), "inks": asked["R0017"].limit("pt")}


def _thin_lines(asked: Requirements) -> Entry:
    return {"width": {}, "white": asked["R0018"].limit("pt"), "inks": asked["R0019"].limit("pt")}


def _spots(asked: Requirements) -> Entry:
    return {"number": {asked["R0020"].level: 0}} if asked["R0020"].on else None


def _spot_twins(asked: Requirements) -> Entry:
    levels = {"suffixes": asked["R0021"].level, "names": asked["R0022"].level, "alike": asked["R0023"].level}
    return levels if any(asked[code].on for code in ("R0021", "R0022", "R0023")) else None


def _ink(asked: Requirements) -> Entry:
    total, process = asked["R0025"].limit("%"), asked["R0026"].limit("%")
    return {"total": total, "process": process} if total or process else None


def _binding(asked: Requirements) -> Entry:
    for requirement, binding in (("R0027", "early"), ("R0028", "intermediate"), ("R0029", "late")):
        if asked[requirement].on:
            return {"severity": asked[requirement].level, "binding": binding}
    return None


def _device_independent(asked: Requirements) -> Entry:
    return {"severity": asked["R0027"].level, "families": NOT_OF_THE_PRESS} if asked["R0027"].on else None


def _blend_space(asked: Requirements) -> Entry:
    models = ["cmyk", "rgb"] if asked["R0029"].on else ["cmyk"]
    return {"severity": asked["R0030"].level, "allowed": models}


def _resolution(requirement: str) -> Callable[[Requirements], Entry]:
    def entry(asked: Requirements) -> Entry:
        return {"resolution": asked[requirement].limit("ppi"), "ignore_below": "0 mm"}

    return entry


def _rasterised(asked: Requirements) -> Entry:
    return {"resolution": asked["R0033"].limit("ppi")} if asked["R0033"].on else None


def _layers(asked: Requirements) -> Entry:
    if not asked["R0034"].on and not asked["R0036"].on:
        return None
    return {"any": asked["R0034"].level, "hidden": asked["R0036"].level, "switching": "off"}


def _output_intent(asked: Requirements) -> Entry:
    severity = {"severity": asked["R0035"].level}
    return severity if asked["R0029"].on else severity | {"colour_space": "CMYK"}


def _steps(asked: Requirements) -> Entry:
    if not asked["R1001"].on:
        return None
    return {"any_step": asked["R1001"].level, "creasing": asked["R1002"].level}


#: Requirements, the check that answers them, and its settings. R0001 is PDF/X-4, which the profiles extend.
ANSWERS: tuple[tuple[str, str, Callable[[Requirements], Entry]], ...] = (
    ("R0002 R0037", "BOX108", _user_unit),
    ("R0003", "BOX107", _severity("R0003")),
    ("R0004", "BOX105", _severity("R0004")),
    ("R0005", "BOX110", _severity("R0005")),
    ("R0006", "FIL104", _page_count),
    ("R0007 R0008", "OVP101", _white_overprint),
    ("R0009 R0010 R0011 R0012", "OVP102", _black_overprint),
    ("R0013", "OVP103", _severity("R0013")),
    ("R0014", "FNT106", _severity("R0014")),
    ("R0015", "INK102", _rich_black),
    ("R0016 R0017", "TXT101", _small_text),
    ("R0018 R0019", "LIN101", _thin_lines),
    ("R0020", "COL104", _spots),
    ("R0021 R0022 R0023", "COL105", _spot_twins),
    ("R0024", "COL106", _severity("R0024")),
    ("R0025 R0026", "INK101", _ink),
    ("R0027 R0028 R0029", "COL101", _binding),
    ("R0027", "COL107", _device_independent),
    ("R0030", "TRN102", _blend_space),
    ("R0031", "IMG101", _resolution("R0031")),
    ("R0032", "IMG102", _resolution("R0032")),
    ("R0033", "IMG104", _rasterised),
    ("R0034 R0036", "LAY101", _layers),
    ("R0035", "COL103", _output_intent),
    ("R1001 R1002", "LAY102", _steps),
)

#: What a reader of the specification might take to be checked and is not.
UNDECIDED_LARGE_FORMAT = (
    "R0037: scale and viewing distance are read from the pages' UserUnit only; metadata that may give them is not read."
)
UNDECIDED_STEPS = "R0001, ISO 19593-1: names of groups and types are checked, not what is drawn on the layers."


def profile_name(variant: str) -> str:
    """``SheetCMYK CMYK + RGB`` is ``gwg2022-sheetcmyk-cmyk-rgb``."""
    return "gwg2022-" + "-".join(re.findall(r"[a-z0-9]+", variant.lower()))


def table() -> dict[str, dict[str, Asked]]:
    """By variant, what each requirement asks of it."""
    data = json.loads(TABLE.read_text(encoding="utf-8"))
    asked: dict[str, dict[str, Asked]] = {variant: {} for variant in data["variants"]}
    for code, requirement in data["requirements"].items():
        for limits in requirement["limits"]:
            for variant in limits["variants"]:
                levels = {level: limits[level] for level in ("error", "warning", "ignore") if level in limits}
                asked[variant][code] = Asked(levels)
    return asked


def titles() -> dict[str, str]:
    """The requirements' titles."""
    data = json.loads(TABLE.read_text(encoding="utf-8"))
    return {code: requirement["title"] for code, requirement in data["requirements"].items()}


def profiles() -> Iterator[tuple[str, str]]:
    """Name and TOML of each variant's profile."""
    named = titles()
    for variant, asked in table().items():
        undecided = [UNDECIDED_LARGE_FORMAT] * asked["R0037"].on + [UNDECIDED_STEPS] * asked["R1001"].on
        lines = [
            HEAD.format(
                variant=variant,
                undecided=",".join(f"\n  {json.dumps(text)}" for text in undecided),
            )
            .replace("undecided = [\n]\n", "")
            .rstrip("\n")
        ]
        for requirements, code, answer in ANSWERS:
            entry = answer(asked)
            if entry is not None:
                lines += [f"# {r} {named[r]}" for r in requirements.split() if asked[r].on]
                lines += [f"{code} = {_toml(entry)}"]
        yield profile_name(variant), "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, dict):
        inside = ", ".join(f"{key} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return json.dumps(value)
