"""What somebody asks for in words is made of the other edits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from makeready.changes import Change
from makeready.edit.instructions import LONGEST_INSTRUCTION, understood
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.params import Params, param

if TYPE_CHECKING:
    from typing import Any

    from makeready.edit.operator import Edit
    from makeready.edit.scene import Scene


class Instruct(Params):
    """Settings of instruct."""

    instructions: str = param(
        "", "What is wanted, in English: make the sky more vibrant, and blur the background a little.",
        max_length=LONGEST_INSTRUCTION,
    )  # fmt: skip


def expanded(instructions: str) -> list[tuple[Edit, Any]]:
    """The edits that an instruction asks for, and their settings, in the order in which they are made.

    Raises:
        NotUnderstood: nothing of it was understood.
    """
    from makeready.edit import steps

    links = understood(instructions).demanded().steps
    return sorted((step for link in links for step in steps([link])), key=lambda step: step[0].place)


def _needs(params: Instruct) -> tuple[str, ...]:
    found = (need for edit, settings in expanded(params.instructions) for need in edit.calls_for(settings))
    return tuple(dict.fromkeys(found))


@operator(
    id="instruct",
    title="Do what is asked for in words",
    step=Step.ADJUST,
    params=Instruct,
    rank=20,
    calls_for=_needs,
    seconds_per_page=1.0,
    seconds_per_megapixel=1.5,
)
def instruct(scene: Scene, params: Instruct) -> Iterator[Change]:
    """An instruction in English is cut into clauses, and each that is understood is made with the other edits.

    ## What changes
    What was asked for: brightness, contrast, colours, warmth, sharpness, blur and looks, of everything or of the
    subject, the background, the sky, the highlights or the shadows; edges, turns and mirrors; the background, text,
    shadows, outlines, and more pixels. The first change lists what was understood, and a note what was not.

    ## What stays exactly as it was
    What nobody asked to change. Words that are not understood change nothing: they are never guessed at. Where nothing
    is understood, it ends with an error.

    ## When not to use it
    For what has to be drawn anew, or found by what it is: that takes a generator (`edit_with_ai`).
    """
    found = understood(params.instructions).demanded()
    if found.unheard:
        scene.notes.append(f"Not understood: {'; '.join(found.unheard)}.")
    yield Change(f"Understood: {'; '.join(found.heard)}.", page=1, details=found.as_data())
    for edit, settings in expanded(params.instructions):
        yield from edit.act(scene, settings)
