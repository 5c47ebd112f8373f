"""A user's own network: an ONNX file, and a small file beside it that says what it takes and gives.

``portrait.onnx`` is described by ``portrait.json`` or ``portrait.toml``. What may stand there is ``Segmenting`` or
``Upscaling`` of ``makeready.models.contract``; nothing is guessed, because a wrong mean or range gives a picture that
is wrong in a way that is easily overlooked.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from makeready.errors import UnreadableFile, UsageError, did_you_mean
from makeready.models.contract import Segmenting, Upscaling

_CONTRACTS: dict[str, type[Segmenting | Upscaling]] = {"segment": Segmenting, "upscale": Upscaling}
#: What a person needs to see to write one.
EXAMPLES = {
    "segment": '{"task": "segment", "size": [1024, 1024], "range": 1, "mean": [0.485, 0.456, 0.406], '
    '"std": [0.229, 0.224, 0.225], "activation": "sigmoid"}',
    "upscale": '{"task": "upscale", "scale": 4, "range": 1, "channels": 3, "overlap": 16, "tile": 256}',
}
_MOST_BYTES = 64 << 10
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class OwnModel:
    """A user's network and what it takes and gives."""

    path: Path
    contract: Segmenting | Upscaling

    @property
    def id(self) -> str:
        """What it goes by in results: the name of its file."""
        return self.path.name

    @property
    def title(self) -> str:
        """For people."""
        return self.path.stem

    @property
    def task(self) -> str:
        """``segment`` or ``upscale``."""
        return self.contract.task

    def graph(self) -> Path:
        """The file to open: the user's, or a kept copy that gives the output which is meant first.

        Raises:
            UsageError: it is no ONNX network, or has no such output.
            MissingDependency: the package onnx is not installed, or the cache cannot be written.
        """
        if self.contract.output == 0:
            return self.path
        from makeready.models import graphs, store

        graphs.require()
        output = self.contract.output
        try:
            data = self.path.read_bytes()
            return store.kept(f"own{output}", data, lambda: graphs.finished(graphs.single_output(data, output)))
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {error.strerror}.", "Check its rights.") from error
        except UnreadableFile as error:  # of the model, not of the artwork
            raise UsageError(f"{self.path}: {error}", error.hint) from error


def read(path: Path, task: str | None = None) -> OwnModel:
    """Read what describes a network.

    Args:
        path: the ONNX file.
        task: what it is wanted for; None takes either.

    Raises:
        UsageError: a file is missing or says what does not fit.
    """
    if path.suffix.lower() != ".onnx":
        raise UsageError(f"{path} is no model file: it does not end in .onnx.", "Export the network as ONNX.")
    if not path.is_file():
        raise UsageError(f"There is no model file {path}.", "Check the path.")
    described = [path.with_suffix(suffix) for suffix in (".json", ".toml")]
    beside = [each for each in described if each.is_file()]
    if not beside:
        example = EXAMPLES[task or "segment"]
        raise UsageError(
            f"{path.name} comes without a description of what it takes and gives.",
            f"Write {described[0].name} beside it: {example}",
        )
    if len(beside) > 1:
        raise UsageError(f"{path.name} is described twice, by {beside[0].name} and {beside[1].name}.", "Remove one.")
    contract = described_by(beside[0], task)
    if task and contract.task != task:
        raise UsageError(
            f"{path.name} is a model to {contract.task} with, and one to {task} with is wanted.",
            f"{beside[0].name} says what it is.",
        )
    return OwnModel(path, contract)


def described_by(path: Path, wanted: str | None = None) -> Segmenting | Upscaling:
    """Read a description.

    Args:
        path: the JSON or TOML file.
        wanted: the task that it should be for, of which an error shows an example.

    Raises:
        UsageError: it says what does not fit, with the setting and the nearest known one.
    """
    example = f"Write, for example: {EXAMPLES[wanted or 'segment']}"
    said = _parsed(path, example)
    said.pop("$schema", None)
    task = said.get("task")
    if not isinstance(task, str) or task not in _CONTRACTS:
        problem = "does not say what the model is for" if task is None else f"has the unknown task {task!r}"
        raise UsageError(f"{path} {problem}.", example)
    contract = _CONTRACTS[task]
    try:
        # Checked as JSON is: lists become tuples, but text does not become a number.
        return contract.model_validate_json(json.dumps(said, default=str), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = list(contract.model_fields)
            hint = did_you_mean(where, known) or f"A model to {task} with has {', '.join(known)}."
            raise UsageError(f"{path}: {where!r} is no setting of a model.", hint) from error
        if first["type"] == "missing":
            raise UsageError(f"{path}: {where} is missing.", f"Write, for example: {EXAMPLES[task]}") from error
        message = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{path}: {where + ': ' if where else ''}{message}.") from error


def _parsed(path: Path, example: str) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} is too long to describe a model.", "It should have a few lines.")
        text = path.read_text(encoding="utf-8-sig")
        said = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", "Check its rights.") from error
    except (ValueError, RecursionError) as error:
        kind = path.suffix[1:].upper()
        raise UsageError(f"{path} is no {kind}: {error}.", example) from error
    if not isinstance(said, dict):
        raise UsageError(f"{path} is no table of settings.", example)
    return said


def schema() -> dict[str, Any]:
    """The JSON schema of descriptions, for completion in editors."""
    kinds = Annotated[Segmenting | Upscaling, Field(discriminator="task")]
    whole: TypeAdapter[Segmenting | Upscaling] = TypeAdapter(kinds)
    found = whole.json_schema()
    for part in found["$defs"].values():  # who writes one names its schema and its task
        part["properties"]["$schema"] = {"type": "string"}
        part["required"].append("task")
    return {"$schema": _DIALECT, "title": "What a network takes and gives", **found}
