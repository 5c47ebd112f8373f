"""What every generator has to keep to, built-in or from a plug-in, as one assertion.

>>> from makeready.testing.generators import assert_generator_contract
>>> assert_generator_contract(my_generator)  # doctest: +SKIP

It lets the generator paint small pictures for each of its tasks, so it has to be configured: a server that costs money
for each picture is better replaced by one on this machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from makeready.edit import generators
from makeready.edit.generators import MASKED, SIZED, Generator
from makeready.registry import BUILT_IN
from makeready.testing.pictures import landscape

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Words that every back end takes, the built-in one among them.
WORDS = "a plain light gray background"
#: Width and height of the picture: no multiples of anything.
_SIZE = (97, 61)
#: What is asked for where a task has a size of its own.
_DUE = (96, 144)


def assert_generator_contract(
    generator: Generator, *, prompt: str = WORDS, more: Mapping[str, Any] | None = None, repeats: bool = True
) -> None:
    """Assert that a generator is well declared and answers as it declares.

    Args:
        generator: the declaration.
        prompt: words that it takes.
        more: what else is said (see ``makeready.edit.generators.Run``).
        repeats: whether it promises the same answer for the same seed.

    Raises:
        AssertionError: with everything that is wrong, a line each.
        MissingDependency: what it needs cannot be had.
    """
    faults = list(generator_faults(generator, prompt=prompt, more=more, repeats=repeats))
    if faults:
        raise AssertionError(f"{generator.name} breaks the contract of generators:\n- " + "\n- ".join(faults))


def generator_faults(
    generator: Generator, *, prompt: str = WORDS, more: Mapping[str, Any] | None = None, repeats: bool = True
) -> Iterator[str]:
    """Everything that is wrong with a generator; nothing when it keeps the contract."""
    declared = replace(generator, source="a plug-in" if generator.source == BUILT_IN else generator.source).problems()
    yield from declared
    if declared:
        return  # what is declared wrongly cannot be run with sense
    if not isinstance(generator.sends_to(), str):
        yield "it does not say in words where it sends pictures"
    problem = generator.trouble()
    if problem:
        yield f"it says that it cannot run: {problem}"
        return
    able = [task for task in generator.capabilities if generator.can(task, prompt, more or {})]
    if not able:
        yield f"it can do none of its tasks for the words “{prompt}”"
    for task in able:
        yield from (f"{task}: {fault}" for fault in _of_task(generator, task, prompt, more or {}, repeats))


def _of_task(generator: Generator, task: str, prompt: str, more: Mapping[str, Any], repeats: bool) -> Iterator[str]:
    """What is wrong with its answers to one task."""
    import numpy as np

    wish = _wish(task, prompt, more)
    before = {name: value.copy() for name, value in wish.items() if isinstance(value, np.ndarray)}
    answer = generator.run(task, **wish)
    changed = [name for name, held in before.items() if not np.array_equal(held, wish[name])]
    if changed:
        yield f"it changes what it is given: {', '.join(changed)}"
    due = wish["size"] or _SIZE
    if fault := generators.fault(task, answer, due):
        yield fault
        return
    if repeats and not np.array_equal(answer, generator.run(task, **wish)):
        yield "it gives something else the second time for the same seed"


def _wish(task: str, prompt: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that ``run`` is given."""
    import numpy as np

    width, height = _SIZE
    colours = np.rint(landscape(width, height) * 255).astype(np.uint8)
    picture = np.dstack([colours, np.full((height, width), 255, np.uint8)])
    mask: npt.NDArray[np.float32] | None = None
    if task in MASKED:
        mask = np.ones((height, width), np.float32)
        mask[15:45, 30:70] = 0
    return {
        "image": None if task == "image" else picture,
        "mask": mask,
        "prompt": prompt,
        "seed": 7,
        "size": _DUE if task in SIZED else None,
        "more": dict(more),
    }
