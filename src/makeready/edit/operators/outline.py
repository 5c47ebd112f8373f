"""A coloured outline around the subject, as stickers have one, or a glow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from makeready.changes import Change
from makeready.edit.colours import Colour
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Frame, Pixels, Scene

_CUT = "The outline is cut off at the edge of the picture: leave more room for it (layout, padding)."


class Outline(Params):
    """Settings of outline."""

    color: Colour = param("FFFFFF", "Its colour: hexadecimal digits, FF0000EE with opacity, or a name of CSS.")
    width: float = param(0.03, "How wide it is, as a share of the longer side of the result.", ge=0, le=0.1)
    blur_radius: float = param(
        0, "How far its outer edge glows, as a share of the longer side; 0 is sharp.", ge=0, le=0.025
    )


@operator(
    id="outline",
    title="Draw an outline around the subject",
    step=Step.OUTLINE,
    params=Outline,
    seconds_per_page=0.1,
    seconds_per_megapixel=0.3,
)
def outline(scene: Scene, params: Outline) -> Iterator[Change]:
    """A line of even width goes around the subject, outside of its edge.

    It follows the edge between pixels, and is as smooth as it. Holes of the subject get one, too. With `blur_radius`
    its outer edge fades as a glow does.

    ## What changes
    The background next to the subject's edge; shadows there are covered. Where the layout leaves no room for it, the
    edge of the picture cuts it off; the notes say so.

    ## What stays exactly as it was
    The subject: the outline lies under it, so that there is neither a gap nor an overlap where the edge is soft.

    ## When not to use it
    For die-cut stickers on press: the cutting line is a spot colour of its own in the artwork.
    """
    from makeready.edit import colours, cutting

    colour = colours.parse(params.color)
    if not colour[3] or params.width == params.blur_radius == 0:
        return
    cutting.by_transparency(scene)
    # It has to be found before anything is drawn: what is not found is refused here.
    assert scene.subject is not None

    def paint(frame: Frame) -> Pixels:
        from makeready.edit import outlines

        layer = outlines.outline(frame.subject, params.width * frame.longer, params.blur_radius * frame.longer, colour)
        if outlines.cut(layer, frame.subject) and _CUT not in scene.notes:
            scene.notes.append(_CUT)
        return layer

    scene.under["outline"] = paint
    yield Change(
        f"The subject has an outline in {params.color}.",
        page=1,
        details={"rgba": list(colour), "width": params.width, "blur_radius": params.blur_radius},
    )
