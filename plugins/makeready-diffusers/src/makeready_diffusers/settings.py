"""Which weights are for which task: folders that the environment names, and what can be seen of them without torch."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

#: One folder for all that its pipeline can do; with ``_BACKGROUND``, ``_EDIT`` … after it, for that task alone.
FOLDER = "MAKEREADY_DIFFUSERS"
DEVICE, STEPS, SIDE = f"{FOLDER}_DEVICE", f"{FOLDER}_STEPS", f"{FOLDER}_SIDE"
#: What has to be installed besides.
PACKAGES = ("torch", "diffusers", "transformers")

#: How a folder is run: the pipeline that makes pictures from words and those made of its parts, one that only fills
#: masks, one that follows instructions, one that only makes pictures from words, or one that finds what words describe.
Kind = Literal["whole", "filling", "instructed", "words", "finding"]

#: What each kind surely does.
_TASKS: dict[Kind, tuple[str, ...]] = {
    "whole": ("image", "background", "expand", "uncrop", "beautify"),
    "filling": ("background", "expand", "uncrop"),
    "instructed": ("edit", "beautify"),
    "words": ("image",),
    "finding": ("segment",),
}
#: What may be asked of each kind when a folder is named for the task alone: then somebody knows the weights.
_MAY: dict[Kind, tuple[str, ...]] = {
    **_TASKS,
    "instructed": ("edit", "beautify", "flat_lay", "ghost_mannequin", "virtual_model"),
}
TASKS = tuple(dict.fromkeys(task for tasks in _MAY.values() for task in tasks))
#: Beginnings of the names of pipelines whose parts also fill masks and start from pictures.
_WHOLE = ("StableDiffusionPipeline", "StableDiffusionXLPipeline", "StableDiffusion3Pipeline", "FluxPipeline")


class WrongSetting(ValueError):
    """A setting that cannot be used; the text says which and why, in a sentence without a full stop."""


def variable(task: str) -> str:
    """The name of the variable for one task alone."""
    return f"{FOLDER}_{task.upper()}"


def folder(task: str) -> Path | None:
    """Where the weights for a task are; ``None`` where nothing is said, or what is said is not for it.

    Raises:
        WrongSetting: a folder that is named holds no weights for this.
    """
    own = _named(variable(task))
    if own is not None:
        found = kind(own)
        if task not in _MAY[found]:
            raise WrongSetting(f"{variable(task)} names {own}, whose pipeline cannot do this")
        return own
    everything = _named(FOLDER)
    return everything if everything is not None and task in _TASKS[kind(everything)] else None


def kind(folder: Path) -> Kind:
    """How a folder is run, by the name of its pipeline.

    Raises:
        WrongSetting: nothing in it says.
    """
    index, config = folder / "model_index.json", folder / "config.json"
    name = str(_read(index).get("_class_name", "")) if index.is_file() else ""
    if not name:
        if config.is_file() and _read(config).get("model_type") == "clipseg":
            return "finding"
        raise WrongSetting(f"{folder} holds no pipeline: it has no model_index.json, and it is no CLIPSeg")
    if "InstructPix2Pix" in name or "Kontext" in name or "Edit" in name:
        return "instructed"
    if "Inpaint" in name:
        return "filling"
    return "whole" if name in _WHOLE else "words"


def problem() -> str:
    """Why nothing can be run; empty where something can."""
    try:
        named = [task for task in TASKS if folder(task) is not None]
        steps(), side()
    except WrongSetting as wrong:
        return str(wrong)
    if not named:
        return f"{FOLDER} names no folder with weights"
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    return f"{', '.join(missing)} is not installed: pip install 'makeready-diffusers[run]'" if missing else ""


def able() -> Collection[str]:
    """The tasks that there are weights for.

    Raises:
        WrongSetting: a folder that is named holds none.
    """
    return {task for task in TASKS if folder(task) is not None}


def steps() -> int:
    """Steps of the sampler.

    Raises:
        WrongSetting: it is no number of steps.
    """
    return _number(STEPS, 30, 500) or 30


def side() -> int | None:
    """The longest side in pixels that is painted at once; as the weights were trained where nothing is said.

    Raises:
        WrongSetting: it is no number of pixels.
    """
    return _number(SIDE, None, 8192)


def device() -> str:
    """``cpu``, ``cuda`` …; empty where the fastest one is to be taken."""
    said = os.environ.get(DEVICE, "").strip()
    return "" if said == "auto" else said


def _named(name: str) -> Path | None:
    said = os.environ.get(name, "").strip()
    if not said:
        return None
    path = Path(said).expanduser()
    if not path.is_dir():
        raise WrongSetting(f"{name} names {said}, which is no folder")
    return path


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise WrongSetting(f"{path} cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}


def _number(name: str, default: int | None, most: int) -> int | None:
    said = os.environ.get(name, "").strip()
    if not said:
        return default
    if not said.isdecimal() or not 1 <= int(said) <= most:
        raise WrongSetting(f"{name} is {said!r}, not a number from 1 to {most}")
    return int(said)
