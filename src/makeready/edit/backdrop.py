"""What is laid behind a subject: one colour, or a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from makeready.raster.mend import canvas

if TYPE_CHECKING:
    from makeready.edit.colours import Rgba
    from makeready.edit.scene import Frame, Pixels

#: ``fill`` covers everything and cuts off what is over; ``fit`` shows all of it and leaves the rest clear.
Scaling = Literal["fit", "fill"]


def coloured(ground: Pixels, colour: Rgba) -> Pixels:
    """A ground with a colour under all of it: clear parts show it, opaque ones hide it."""
    under = np.empty_like(ground)
    under[:] = colour
    return canvas.composed([under, ground])


def pictured(frame: Frame, ground: Pixels, picture: Pixels, scaling: Scaling) -> Pixels:
    """A picture, centred, over a ground."""
    tall, wide = picture.shape[:2]
    across, down = frame.width / wide, frame.height / tall
    scale = max(across, down) if scaling == "fill" else min(across, down)
    width, height = max(1, round(wide * scale)), max(1, round(tall * scale))
    left, top = (frame.width - width) // 2, (frame.height - height) // 2
    target = (left, top, left + width, top + height)
    laid = canvas.placed(picture, (0, 0, wide, tall), target, frame.width, frame.height)
    return canvas.composed([ground, laid]) if ground[..., 3].any() else laid
