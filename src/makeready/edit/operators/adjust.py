"""Tones and colours, of the whole picture or of a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from makeready.changes import Change
from makeready.edit.masks import Part
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.errors import UsageError
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Mask, Scene


class Adjust(Params):
    """Settings of adjust."""

    on: Part = param("everything", "The part of the picture that is changed; its edge is soft.")
    spare: tuple[Part, ...] = param((), "Parts that stay as they are.")
    exposure: float = param(0.0, "As if exposed for so many stops longer, or shorter.", ge=-4, le=4)
    brightness: float = param(0.0, "Middle tones lighter or darker; black and white stay.", ge=-1, le=1)
    contrast: float = param(0.0, "Light and dark apart, or nearer to each other.", ge=-1, le=1)
    highlights: float = param(0.0, "Light tones lighter or darker.", ge=-1, le=1)
    shadows: float = param(0.0, "Dark tones lighter or darker.", ge=-1, le=1)
    vibrance: float = param(0.0, "Pale colours purer or paler, strong ones less so.", ge=-1, le=1)
    saturation: float = param(0.0, "All colours purer or paler; -1 is gray.", ge=-1, le=1)
    temperature: float = param(0.0, "Warmer, or cooler below 0.", ge=-1, le=1)
    tint: float = param(0.0, "Towards magenta, or towards green below 0.", ge=-1, le=1)
    hue: float = param(0.0, "All hues turned by so many degrees.", ge=-180, le=180)
    sharpen: float = param(0.0, "Edges clearer.", ge=0, le=1)
    blur: float = param(0.0, "Softer; 1 blurs by a fiftieth of the longer side.", ge=0, le=1)
    denoise: float = param(0.0, "Grain and noise smoothed, edges kept.", ge=0, le=1)
    vignette: float = param(0.0, "Corners darker, or lighter below 0.", ge=-1, le=1)
    grayscale: float = param(0.0, "Without colour; 1 is all of the way.", ge=0, le=1)
    sepia: float = param(0.0, "In one brown; 1 is all of the way.", ge=0, le=1)
    invert: float = param(0.0, "As a negative; 1 is all of the way.", ge=0, le=1)


def _needs(params: Adjust) -> tuple[str, ...]:
    asked = {params.on, *params.spare}
    return ("segment:isnet",) if asked & {"subject", "background"} else ()


@operator(
    id="adjust",
    title="Change tones and colours",
    step=Step.ADJUST,
    params=Adjust,
    rank=10,
    calls_for=_needs,
    seconds_per_page=0.1,
    seconds_per_megapixel=0.8,
)
def adjust(scene: Scene, params: Adjust) -> Iterator[Change]:
    """Lightness, colours, sharpness and a few looks, by amounts; on all of the picture, or on a part of it.

    ## What changes
    Tones and colours as the settings say, calculated in OKLab, where what is made lighter keeps its hue. All curves are
    smooth and turn no order of tones round. A part has soft edges: the subject and the background are told by the
    picture's own transparency or by a model, the sky is a light or blue, even area that reaches the upper edge.

    ## What stays exactly as it was
    Shapes, the size, and transparency. What lies outside of the part, and what is spared.

    ## When not to use it
    For files that go to press in CMYK: colours are those of a screen here. Where no sky is found, nothing is changed,
    and a note says so.
    """
    from dataclasses import fields

    from makeready.edit.adjusting import Adjustment, adjusted

    wish = Adjustment(**{field.name: getattr(params, field.name) for field in fields(Adjustment)})
    if not wish.wanted:
        raise UsageError("adjust changes nothing: all its amounts are 0.", "Name one: brightness, contrast, vibrance …")
    asked_for = scene.found
    mask, missing = _mask(scene, params)
    if missing:
        scene.notes.append(f"No {missing} was found: nothing of it was changed.")
        if missing == params.on:
            return
    picture = adjusted(scene.picture, wish, mask)
    if asked_for:
        scene.recolour(picture)
    else:  # whoever cuts the subject out may want it found in another way
        scene.change(picture)
    amounts = ", ".join(f"{name} {value:+g}" for name, value in wish.wanted.items())
    where = "all of the picture" if params.on == "everything" else f"the {params.on}"
    spared = f" without the {' and the '.join(params.spare)}" if params.spare else ""
    yield Change(
        f"Adjusted {where}{spared}: {amounts}.",
        page=1,
        details={"on": params.on, "spare": list(params.spare), "amounts": wish.wanted},
    )


def _mask(scene: Scene, params: Adjust) -> tuple[Mask | None, str]:
    """How much each pixel is changed, ``None`` for wholly; and a part that is not to be found."""
    from makeready.edit import masks

    found = masks.mask(scene, params.on)
    if found is None and params.on != "everything":
        return None, params.on
    missing = ""
    for part in params.spare:
        spared = masks.mask(scene, part)
        if spared is None:
            missing = part
        else:
            found = 1 - spared if found is None else found * (1 - spared)
    return found, missing
