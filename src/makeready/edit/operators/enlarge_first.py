"""More pixels, before anything else is done to the picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from makeready.changes import Change, Refusal
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.models.session import Choice
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Scene

Mode = Literal["fast", "slow"]

#: The longer side of what may come in, in pixels.
_MOST: dict[Mode, int] = {"fast": 1000, "slow": 512}
#: What ``auto`` is: networks that keep to what the picture says, and one that takes its time and invents what is sharp.
_STYLES: dict[Mode, Literal["truthful", "creative"]] = {"fast": "truthful", "slow": "creative"}


class EnlargeFirst(Params):
    """Settings of enlarge_first."""

    mode: Mode = param(
        "fast", "fast keeps to what the picture says; slow takes a large network that invents sharp edges and texture."
    )
    scale: Literal[2, 3, 4] = param(4, "How many times as many pixels along a side.")
    model: str = param(
        "ai",
        "What makes the new pixels: ai for what suits mode and scale, or lanczos, backprojection, waifu2x, srmd, "
        "realesrgan.",
    )
    provider: Choice = param("auto", "What runs networks; auto is the fastest that is there.")


def _needs(params: EnlargeFirst) -> tuple[str, ...]:
    if params.model in ("lanczos", "backprojection"):
        return ()
    return (f"upscale:{params.model}:{_STYLES[params.mode]}",)


@operator(
    id="enlarge_first",
    title="Enlarge the picture before anything else is done",
    step=Step.ENLARGE,
    params=EnlargeFirst,
    calls_for=_needs,
    seconds_per_page=1.0,
    seconds_per_megapixel=15.0,
)
def enlarge_first(scene: Scene, params: EnlargeFirst) -> Iterator[Change]:
    """The picture gets two to four times as many pixels along each side, so that what follows works on finer ones.

    *fast* takes pictures of up to 1000 × 1000 pixels, *slow* of up to 512 × 512. Opacity is enlarged along, and what
    lies hidden under clear pixels leaves no fringe.

    ## What changes
    The number of pixels: contours are found more exactly, and lengths in pixels count in the new ones.

    ## What stays exactly as it was
    What the picture shows, and its proportions.

    ## When not to use it
    For a picture that has pixels enough, or to meet a resolution in print: `upscale` calculates how many it takes.
    """
    from makeready import upscale

    height, width = scene.picture.shape[:2]
    most = _MOST[params.mode]
    if max(width, height) > most:
        smaller = (
            " or ask for fast, which takes 1000 × 1000" if params.mode == "slow" and max(width, height) <= 1000 else ""
        )
        raise Refusal(
            f"the picture has {width} × {height} pixels, and {params.mode} enlarges {most} × {most} at most: give a "
            f"smaller one{smaller}"
        )
    style = _STYLES[params.mode]
    recipe = upscale.chosen(params.model, style, params.scale, 0)
    scene.change(
        upscale.upscale(
            scene.picture, params.scale, model=params.model, style=style, alpha=True, colour="rgb",
            provider=params.provider, progress=scene.tell,
        )
    )  # fmt: skip
    scene.notes.extend(note for note in recipe.notes if note not in scene.notes)
    yield Change(
        f"The picture was enlarged from {width} × {height} to {scene.width} × {scene.height} pixels: {recipe.words}.",
        page=1,
        details={
            "before": {"px": [width, height]},
            "after": {"px": [scene.width, scene.height]},
            "model": recipe.model,
        },
    )
