"""Further pictures laid over the result, or between it and its background: logos, badges, frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from makeready.changes import Change
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.errors import UsageError
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Frame, Painter, Pixels, Scene


class Layer(Params):
    """One of them."""

    picture: str = param("", "The name of the further picture.")
    left: float = param(0.0, "Where its box begins, as a share of the result's width.", ge=-1, le=1)
    top: float = param(0.0, "The same, of its height.", ge=-1, le=1)
    width: float = param(1.0, "How wide its box is, as a share of the result's width.", gt=0, le=2)
    height: float = param(1.0, "How high, of its height.", gt=0, le=2)
    opacity: float = param(1.0, "How opaque it is laid.", ge=0, le=1)
    behind: bool = param(False, "Under the subject, over the background.")


class LayOver(Params):
    """Settings of lay_over."""

    layers: list[Layer] = param([], "The pictures, the lowest first.")


@operator(
    id="lay_over",
    title="Lay further pictures over the result",
    step=Step.OUTLINE,
    params=LayOver,
    rank=50,
    seconds_per_megapixel=0.05,
)
def lay_over(scene: Scene, params: LayOver) -> Iterator[Change]:
    """Pictures of yours, a logo, a badge, a frame, come to lie over the result, each in a box of its own.

    ## What changes
    The places where they lie. Each is made as large as fits into its box without being stretched, and stands in the
    middle of it. What is beyond the result is cut off.

    ## What stays exactly as it was
    Everything beside them, and the subject before those that lie behind it.

    ## When not to use it
    For type that has to stay sharp at any size: what is laid is pixels.
    """
    if not params.layers:
        raise UsageError("There is nothing to lay over.", 'Name pictures: {"layers": [{"picture": "logo"}]}.')
    for number, layer in enumerate(params.layers):
        painters = scene.under if layer.behind else scene.over
        painters[f"layer-{number}"] = _painter(scene.further(layer.picture), layer)
        where = "behind the subject" if layer.behind else "over the result"
        yield Change(
            f"The picture {layer.picture} was laid {where}.",
            page=1,
            details={"box": [layer.left, layer.top, layer.width, layer.height], "opacity": layer.opacity},
        )


def _painter(picture: Pixels, layer: Layer) -> Painter:
    def paint(frame: Frame) -> Pixels:
        import numpy as np

        from makeready.raster.mend import canvas

        height, width = picture.shape[:2]
        box = (layer.width * frame.width, layer.height * frame.height)
        scale = min(box[0] / width, box[1] / height)
        across, down = (max(1, round(side * scale)) for side in (width, height))
        left = round(layer.left * frame.width + (box[0] - across) / 2)
        top = round(layer.top * frame.height + (box[1] - down) / 2)
        target = (left, top, left + across, top + down)
        # Only what is seen of it is laid: a picture of one pixel does not bleed beyond its box.
        window = (max(0, left), max(0, top), min(frame.width, target[2]), min(frame.height, target[3]))
        laid = canvas.placed(picture, (0, 0, width, height), target, frame.width, frame.height, window)
        if layer.opacity < 1:
            laid[..., 3] = np.rint(laid[..., 3] * np.float32(layer.opacity)).astype(np.uint8)
        return laid

    return paint
