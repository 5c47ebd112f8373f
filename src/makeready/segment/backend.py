"""What finds subjects: descriptors of networks, and the catalogue of them, built-in and from plug-ins.

A descriptor says what its network eats and gives. Making the picture fit, gray and transparent pictures, 16 bits and
large sizes belong to the runner, so a back end is a few lines of data.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from makeready.errors import MissingDependency, UsageError
from makeready.models import manifest, session
from makeready.models.contract import Segmenting
from makeready.models.session import Session
from makeready.registry import BUILT_IN, Registry, misnamed

#: Where distributions offer their segmenters.
GROUP = "makeready.segmenters"


@dataclass(frozen=True, slots=True, eq=False)
class Segmenter:
    """A network that says of each pixel how much of it belongs to the subject."""

    name: str
    title: str
    #: Of the weights.
    licence: str
    #: What the network eats and gives.
    contract: Segmenting
    #: Opens the network, given the name of an engine (see ``models.session``).
    open_session: Callable[[str], Session]
    #: Whether its weights are here. What is not ready is passed over where another can stand in.
    ready: Callable[[], bool] = lambda: True
    #: The command that installs the weights, for the message where they are missing.
    install: str = ""
    source: str = BUILT_IN

    @property
    def key(self) -> str:
        return self.name

    def problems(self) -> list[str]:
        """What is wrong with the declaration itself."""
        found = misnamed(self.name, self.title)
        if not self.licence:
            found.append("it does not say under which licence its weights are")
        if not isinstance(self.contract, Segmenting):
            found.append("its contract is not one of segmenting (makeready.models.contract.Segmenting)")
        return found


def from_weights(id: str) -> Segmenter:
    """The segmenter of a model that ``makeready models`` installs."""
    from makeready import models

    model, family = manifest.named(id), manifest.family(id)
    if not isinstance(model.contract, Segmenting):
        raise UsageError(f"The model {id!r} is not for cutting out.", "'makeready models list' lists them.")
    return Segmenter(
        name=model.id,
        title=model.title,
        licence=family.licence,
        contract=model.contract,
        open_session=lambda provider: session.opened(models.graph(id), provider=provider),
        ready=lambda: models.installed(id),
        install=family.command,
    )


#: The built-in ones, the best first: where one is not installed, the next stands in.
BUILT_INS = ("isnet", "u2netp")


@cache
def catalogue() -> Registry[Segmenter]:
    """Every segmenter there is: the built-in ones and those of plug-ins, through one door."""
    registry = Registry(Segmenter, group=GROUP, noun="segmenter")
    registry.add(from_weights(id) for id in BUILT_INS)
    registry.load_plugins()
    return registry


def own(path: Path) -> Segmenter:
    """A user's own network, described by the file beside it.

    Raises:
        UsageError: there is no such file, the description beside it is missing or wrong, or it is for something else.
    """
    from makeready import models

    described = models.own(path, "segment")
    if not isinstance(described.contract, Segmenting):
        raise UsageError(f"{path} is not for cutting out.", "Its description says what it is for: task.")
    return Segmenter(
        name=re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "own",
        title=path.name,
        licence="not stated",
        contract=described.contract,
        open_session=lambda provider: session.opened(described.graph(), provider=provider),
        source=str(path),
    )


def chosen(model: str) -> tuple[Segmenter, str]:
    """The segmenter that a wish stands for.

    Returns:
        The segmenter, and the name of the one that was wished for where another stands in, else an empty text.

    Raises:
        UsageError: there is no such model.
        MissingDependency: it is not installed, and nothing can stand in.
    """
    if Path(model).suffix.lower() == ".onnx" or Path(model).name != model:
        return own(Path(model)), ""
    found = catalogue()[model]
    if found.ready():
        return found, ""
    if found.name == BUILT_INS[0]:
        for name in BUILT_INS[1:]:
            if catalogue()[name].ready():
                return catalogue()[name], found.name
    raise MissingDependency(
        f"The weights of {found.title} are not installed.", f"Install them: {found.install}" if found.install else ""
    )
