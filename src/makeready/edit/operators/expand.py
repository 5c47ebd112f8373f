"""Clear parts of the background are filled from what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from makeready.changes import Change, Refusal
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.errors import MissingDependency, NoGenerator
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Frame, Pixels, Scene

#: Where it lies among the grounds of a scene (see ``Scene.ground``).
EXPANDED = 40

_HOW = {
    "plain": "The background was continued as a smooth surface with its own grain.",
    "texture": "The background was continued with texture of its own.",
    "scene": "The background was continued by a generator.",
}
_WHOLE = "The background reaches everywhere: there was nothing to continue."


class Expand(Params):
    """Settings of expand."""

    mode: Literal["auto", "plain", "texture"] = param(
        "auto", "plain continues colours, gradients and grain, texture copies patches; auto looks at the picture."
    )
    prompt: str = param("", "What a generator is told where the background is a scene; may be empty.")
    seed: int | None = param(None, "Another seed makes another texture; that of the run when left out.", ge=0)


@operator(
    id="expand",
    title="Continue the background where it is clear",
    step=Step.BACKGROUND,
    params=Expand,
    rank=EXPANDED,
    seconds_per_page=5.0,
    seconds_per_megapixel=1.0,
)
def expand(scene: Scene, params: Expand) -> Iterator[Change]:
    """Wherever the background does not reach, it goes on: around a picture that was made smaller, in its clear parts.

    Plain and graded grounds go on as a surface that keeps their course and has their grain. Texture (grass, stone,
    bricks, snow) is put together of patches of the picture. Before that it is tried: a part of the picture that is
    known is made up from the rest and held against the truth. Where its large shapes come out wrong, the picture shows
    a scene, and a generator is asked, if one is configured.

    ## What changes
    Clear pixels of the background. The result is opaque.

    ## What stays exactly as it was
    Every opaque pixel, and the subject, of which nothing is copied.

    ## When not to use it
    Without a generator, where a scene has to go on far: houses, faces and words are never invented here.
    """
    notes = scene.notes
    removed = scene.removed
    if removed and not scene.ground:
        raise Refusal("there is no background to continue: keep the picture's own, or lay a picture behind the subject")
    if not scene.ground and scene.frame().placement.covers and (scene.picture[..., 3] == 255).all():
        _tell(notes, _WHOLE)
        return
    seed = scene.seed if params.seed is None else params.seed

    def lay(frame: Frame, ground: Pixels) -> Pixels:
        from makeready.edit import expanding, painting

        if not expanding.clear(ground).any():
            _tell(notes, _WHOLE)
            return ground
        barred = None if removed else _subject(frame, notes)
        kind: Any = params.mode
        if kind == "auto":
            found = expanding.judged(ground, barred, seed)
            kind = found.kind
        if kind != "scene":
            _tell(notes, _HOW[kind])
            return expanding.continued(ground, barred, kind, seed)
        import numpy as np

        mask = np.subtract(1, np.divide(ground[..., 3], 255, dtype=np.float32))
        try:
            painted: Pixels = painting.ask(
                scene, "expand", image=ground, mask=mask, prompt=params.prompt, seed=seed, size=None, more={}
            )
        except NoGenerator as error:
            raise Refusal(
                "the background is a scene that copying would not continue truly "
                f"(trial error {found.error:.0f} of 255, at most {expanding.WRONG:.0f}), and no generator can: "
                "configure one, leave less to be filled, or set mode to texture"
            ) from error
        _tell(notes, _HOW[kind])
        return painted

    scene.ground[EXPANDED] = lay
    yield Change("The background goes on where it was clear.", page=1, details={"mode": params.mode, "seed": seed})


def _tell(notes: list[str], note: str) -> None:
    if note not in notes:
        notes.append(note)


def _subject(frame: Frame, notes: list[str]) -> Any:
    """What of a picture is subject and not background; ``None`` where there is none, or almost nothing else."""
    try:
        subject = frame.alpha > 0.02
    except Refusal:
        return None
    except MissingDependency as error:
        _tell(notes, f"Parts of the subject may be repeated, for it could not be looked for: {error}")
        return None
    return None if subject.mean() > 0.8 else subject
