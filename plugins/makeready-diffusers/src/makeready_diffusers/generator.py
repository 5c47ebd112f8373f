"""The generator: what it can do is what the folders hold that the environment names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from makeready.edit.generators import Generator
from makeready_diffusers import settings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.edit.scene import Mask, Pixels


def _can(task: str, prompt: str, more: Mapping[str, Any]) -> bool:
    del prompt
    return settings.folder(task) is not None and "further" not in more


def _run(
    task: str,
    *,
    image: Pixels | None,
    mask: Mask | None,
    prompt: str,
    seed: int,
    size: tuple[int, int] | None,
    more: Mapping[str, Any],
) -> npt.NDArray[np.uint8]:
    if task == "segment":
        from makeready_diffusers import finding, running

        folder = settings.folder(task)
        assert folder is not None
        assert image is not None
        return finding.found(folder, image, prompt, running.device())
    from makeready_diffusers import running

    return running.painted(task, image=image, mask=mask, prompt=prompt, seed=seed, size=size, more=more)


generator = Generator(
    name="diffusers",
    title="Weights of your own, run on this machine",
    capabilities=settings.TASKS,
    run=_run,
    problem=settings.problem,
    can=_can,
)
