"""Models: what there are, where their weights lie, and the engines that run them.

Nothing is fetched here: weights arrive by ``makeready models install``, by a package that is installed, or in a
folder that ``MAKEREADY_MODEL_DIR`` names.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from makeready.models.manifest import Family, Model
    from makeready.models.sidecar import OwnModel

__all__ = ["catalogue", "families", "family", "graph", "installed", "named", "own"]


def families() -> tuple[Family, ...]:
    """All families: what is installed together."""
    from makeready.models import manifest

    return manifest.families()


def family(id: str) -> Family:
    """A family by its name, or the family of a model.

    Raises:
        UsageError: there is none, with the nearest known one.
    """
    from makeready.models import manifest

    return manifest.family(id)


def catalogue() -> tuple[Model, ...]:
    """All models."""
    from makeready.models import manifest

    return manifest.catalogue()


def named(id: str) -> Model:
    """A model by its id.

    Raises:
        UsageError: there is none, with the nearest known one.
    """
    from makeready.models import manifest

    return manifest.named(id)


def installed(id: str) -> bool:
    """Whether the weights of a model are here. Cheap: nothing is read or converted.

    Raises:
        UsageError: there is no such model.
    """
    from makeready.models import store

    return store.found(named(id)) is not None


def graph(id: str) -> Path:
    """The network of a model as an ONNX file, converted when it is first asked for.

    Raises:
        UsageError: there is no such model.
        MissingDependency: its weights are not installed or damaged, or there is no place to keep what is converted;
            the hint has the command that helps.
    """
    from makeready.models import store

    return store.graph(named(id))


def own(path: Path | str, task: str | None = None) -> OwnModel:
    """A user's network with the file that describes it (see ``makeready.models.sidecar``).

    Args:
        path: the ONNX file.
        task: ``segment`` or ``upscale``, what it is wanted for; None takes either.

    Raises:
        UsageError: one of the two is not there, says what does not fit, or is for something else.
    """
    from makeready.models import sidecar

    return sidecar.read(Path(path), task)
