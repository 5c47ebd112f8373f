"""A shadow on the ground that the subject stands on or floats above."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from makeready.changes import Change
from makeready.edit.colours import Colour
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Frame, Pixels, Scene
    from makeready.edit.shadows import Light

Mode = Literal["soft", "hard", "floating"]

#: Where nobody says it: of the height of the thing.
_LENGTHS: dict[Mode, float] = {"soft": 0.5, "hard": 0.6, "floating": 0.06}
_CUT = "The subject is cut off at the bottom of the picture: where it stands is not seen, so it was given no shadow."
_CUT_IN_PART = "Parts of the subject are cut off at the bottom of the picture: they were given no shadow."
_LOST = "A part of the shadow is beyond the edge of the picture: leave more room for it (layout, padding)."


class Shadow(Params):
    """Settings of shadow."""

    mode: Mode = param(
        "soft", "soft as under a cloudy sky, hard as in the sun, floating for what hangs in the air or lies flat."
    )
    angle: float = param(
        35,
        "Where it falls, in degrees: 0 to the right, 90 to the back, 180 to the left, 270 to the front.",
        ge=-360,
        le=360,
    )
    length: float | None = param(
        None,
        "How long it is, as a share of the subject's height; of floating, how far above the ground the subject is. "
        "Left out: 0.5 for soft, 0.6 for hard, 0.06 for floating.",
        ge=0,
        le=2,
    )
    opacity: float = param(0.6, "How dark its darkest place is: 0 is nothing, 1 its colour.", ge=0, le=1)
    color: Colour = param("000000", "Its colour: hexadecimal digits, or a name of CSS.")


@operator(
    id="shadow",
    title="Give the subject a shadow",
    step=Step.SHADOW,
    params=Shadow,
    seconds_per_page=0.4,
    seconds_per_megapixel=0.1,
)
def shadow(scene: Scene, params: Shadow) -> Iterator[Change]:
    """A shadow is drawn on the ground below the subject, after its outline.

    *soft* and *hard* are dark where the subject touches the ground, and fall to one side; soft shadows fade and blur
    with the distance from the foot. What stands on several feet has one at each, also where the rear ones end higher in
    the picture. *floating* is a blurred ellipse a little below.

    ## What changes
    The background around the subject's foot becomes darker, or a clear one gets the shadow. Where the layout leaves no
    room for it, the edge of the picture cuts it off; the notes say so.

    ## What stays exactly as it was
    The subject: shadows lie under it.

    ## When not to use it
    For pictures that were taken from straight above with the subject on its side, take floating. A subject that the
    picture cuts off at the bottom gets no shadow: nobody sees what it stands on.
    """
    from makeready.edit import colours, cutting
    from makeready.edit.shadows import Light

    cutting.by_transparency(scene)
    length = _LENGTHS[params.mode] if params.length is None else params.length
    light = Light(params.mode, params.angle, length, params.opacity, colours.parse(params.color))
    if cast(scene, light):
        yield Change(
            f"The subject has a {params.mode} shadow.", page=1, details={"mode": params.mode, "opacity": params.opacity}
        )


def cast(scene: Scene, light: Light) -> bool:
    """Have a shadow drawn; ``False`` where the subject is cut off, so that none can be."""
    from makeready.edit import shadows

    if not shadows.grounded(scene.subject):
        scene.under.pop("shadow", None)
        _note(scene, _CUT)
        return False

    def paint(frame: Frame) -> Pixels | None:
        drawn = shadows.shadow(frame, light, shadows.floor(scene.subject, frame.placement))
        if drawn.cut_off:
            _note(scene, _CUT if drawn.layer is None else _CUT_IN_PART)
        if drawn.lost:
            _note(scene, _LOST)
        return drawn.layer

    # The outline, where there is one already, stays over it.
    outline = scene.under.pop("outline", None)
    scene.under["shadow"] = paint
    if outline is not None:
        scene.under["outline"] = outline
    return True


def _note(scene: Scene, text: str) -> None:
    if text not in scene.notes:
        scene.notes.append(text)
