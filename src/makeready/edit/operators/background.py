"""What is behind the subject: a colour, a picture, or what was there, blurred."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from makeready.changes import Change
from makeready.edit.colours import Colour
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.errors import UsageError
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Frame, Pixels, Scene

#: Where these lie among the grounds of a scene (see ``Scene.ground``).
PICTURE, BLUR, COLOUR = 10, 30, 90


class Background(Params):
    """Settings of background."""

    color: Colour | None = param(
        None, "A colour under everything: FF0000, FF0000EE with opacity, a name of CSS, or transparent."
    )
    image: str = param(
        "background", "The name of the further picture that is laid behind the subject, where one is given."
    )
    scaling: Literal["fit", "fill"] = param(
        "fill", "fill covers all of it; fit shows all of the picture, the rest is clear."
    )


@operator(
    id="background",
    title="Lay a colour or a picture behind the subject",
    step=Step.BACKGROUND,
    params=Background,
    seconds_per_megapixel=0.1,
)
def background(scene: Scene, params: Background) -> Iterator[Change]:
    """A colour, or a picture of yours, comes to lie behind the subject.

    ## What changes
    A picture replaces what is behind the subject; where the background is still there, it is taken away. A colour
    lies under everything: it shows wherever the result would be clear, be it behind the subject, around the picture,
    or in its own transparent parts.

    ## What stays exactly as it was
    The subject. With a colour alone also the background, where it is there and opaque.

    ## When not to use it
    A picture behind a subject of another light and perspective looks pasted.
    """
    from makeready.edit import backdrop, colours

    named = "image" in params.model_fields_set
    picture = scene.further(params.image) if named else scene.inputs.get(params.image)
    if picture is None and params.color is None:
        raise UsageError("There is nothing to lay behind the subject.", "Name a color, or give a picture 'background'.")
    if picture is not None:
        laid = picture

        def lay(frame: Frame, ground: Pixels) -> Pixels:
            return backdrop.pictured(frame, ground, laid, params.scaling)

        scene.removed = True
        scene.ground[PICTURE] = lay
        how = "so that it covers all of it" if params.scaling == "fill" else "so that all of it shows"
        yield Change(f"A picture was laid behind the subject, {how}.", page=1)
    if params.color is not None:
        colour = colours.parse(params.color)
        if not colour[3]:  # also where another edit laid one
            scene.ground.pop(COLOUR, None)
        else:
            scene.ground[COLOUR] = lambda _, ground: backdrop.coloured(ground, colour)
            yield Change(f"{params.color} was laid under everything.", page=1, details={"rgba": list(colour)})


class BlurBackground(Params):
    """Settings of blur_background."""

    mode: Literal["gaussian", "bokeh"] = param("gaussian", "gaussian is soft; bokeh blurs as a wide-open lens does.")
    radius: float = param(0.01, "How far it blurs, as a share of the longer side of the result.", ge=0, le=0.05)


@operator(
    id="blur_background",
    title="Blur what is behind the subject",
    step=Step.BACKGROUND,
    params=BlurBackground,
    rank=BLUR,
    seconds_per_page=1.0,
    seconds_per_megapixel=0.5,
)
def blur_background(scene: Scene, params: BlurBackground) -> Iterator[Change]:
    """What is behind the subject is blurred; the subject stays sharp.

    A Gaussian blur's radius is its standard deviation; that of bokeh is the radius of the disc that a point of light
    becomes, in linear light, so that lights glow as they do through a lens.

    ## What changes
    The background. What the subject hides is made up first, from what is around it, so that nothing of the subject
    bleeds into the blur. Where the background was taken away and no other was laid, the picture's own comes back,
    blurred; a picture that was laid is blurred itself.

    ## What stays exactly as it was
    The subject, and how opaque the background is.

    ## When not to use it
    Where subject and background touch, as feet on a floor, everything of the floor blurs alike, near or far.
    """
    if params.radius == 0:
        return
    # It has to be found before anything is drawn: what is not found is refused here.
    assert scene.subject is not None
    removed = scene.removed
    own = not (removed and any(rank < BLUR for rank in scene.ground))

    def lay(frame: Frame, ground: Pixels) -> Pixels:
        from makeready.edit import blur
        from makeready.raster.mend import canvas

        source, hidden = (frame.picture, frame.alpha) if own else (ground, None)
        blurred = blur.background(source, hidden, params.radius * frame.longer, params.mode)
        return blurred if removed else canvas.composed([blurred, frame.subject])

    scene.ground[BLUR] = lay
    kind = "as a lens does" if params.mode == "bokeh" else "softly"
    yield Change(
        f"What is behind the subject was blurred {kind}.",
        page=1,
        details={"mode": params.mode, "radius": params.radius},
    )
