"""Where the subject stands in the result, and how large the result is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Self

from pydantic import field_validator, model_validator

from makeready.changes import Change
from makeready.edit.layout import Gap, Gaps, Layout
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.errors import UsageError
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Scene

_SIZE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")
_NAMED = ("auto", "originalImage", "croppedSubject")


class Placing(Params):
    """Settings of layout."""

    output_size: str = param(
        "auto",
        "originalImage is the picture's size, croppedSubject the subject's with its gaps, 200x400 so many pixels; "
        "auto is originalImage.",
    )
    max_width: int | None = param(
        None, "The most pixels across; for originalImage and croppedSubject. Nothing is enlarged to it.", ge=1
    )
    max_height: int | None = param(None, "The most pixels down, as max_width.", ge=1)
    padding: Gap = param(Gap(), "Room round the subject, of what the margins leave: 0.3, 30% (at most 49%) or 100px.")
    padding_top: Gap | None = param(None, "Instead of padding at the top.")
    padding_right: Gap | None = param(None, "Instead of padding at the right.")
    padding_bottom: Gap | None = param(None, "Instead of padding at the bottom.")
    padding_left: Gap | None = param(None, "Instead of padding at the left.")
    margin: Gap = param(Gap(), "Room at the edges of the result, of its size: 0.3, 30% (at most 49%) or 100px.")
    margin_top: Gap | None = param(None, "Instead of margin at the top.")
    margin_right: Gap | None = param(None, "Instead of margin at the right.")
    margin_bottom: Gap | None = param(None, "Instead of margin at the bottom.")
    margin_left: Gap | None = param(None, "Instead of margin at the left.")
    scaling: Literal["fit", "fill"] = param("fit", "fit shows all of the subject; fill covers the whole area with it.")
    horizontal_alignment: Literal["left", "center", "right"] | None = param(
        None, "Where the subject stands across; in the middle where nothing is said and nothing snaps."
    )
    vertical_alignment: Literal["top", "center", "bottom"] | None = param(None, "The same, down.")
    reference_box: Literal["subjectBox", "originalImage"] = param(
        "subjectBox", "originalImage places the edges of the picture, so that the subject keeps its place in it."
    )
    snap_cropped_sides: bool = param(
        True,
        "Sides at which the picture cut the subject off go to the edge, whatever the padding; not past the margin.",
    )

    @field_validator("output_size")
    @classmethod
    def _known_size(cls, value: str) -> str:
        if value not in _NAMED and not _SIZE.fullmatch(value):
            raise ValueError(f"{value!r} is no size: write {', '.join(_NAMED)}, or pixels such as 200x400")
        return value

    @model_validator(mode="after")
    def _limits_have_a_meaning(self) -> Self:
        for name in ("max_width", "max_height"):
            if getattr(self, name) is not None and self.output_size not in _NAMED:
                raise ValueError(
                    f"{name} goes with originalImage and croppedSubject; {self.output_size} is a size already"
                )
        return self

    def layout(self) -> Layout:
        """What is asked for."""
        size = _SIZE.fullmatch(self.output_size)
        return Layout(
            given=True,
            size=(int(size[1]), int(size[2])) if size else "box" if self.output_size == "croppedSubject" else "picture",
            max_width=self.max_width,
            max_height=self.max_height,
            margin=self._gaps("margin"),
            padding=self._gaps("padding"),
            fill=self.scaling == "fill",
            horizontal=self.horizontal_alignment,
            vertical=self.vertical_alignment,
            around_picture=self.reference_box == "originalImage",
            snap=self.snap_cropped_sides,
        )

    def _gaps(self, kind: Literal["margin", "padding"]) -> Gaps:
        every = getattr(self, kind)
        own = {side: getattr(self, f"{kind}_{side}") for side in ("top", "right", "bottom", "left")}
        return Gaps(**{side: every if gap is None else gap for side, gap in own.items()})


@operator(
    id="layout",
    title="Place the subject, and say how large the result is",
    step=Step.LAYOUT,
    params=Placing,
    seconds_per_megapixel=0.1,
)
def layout(scene: Scene, params: Placing) -> Iterator[Change]:
    """The subject is scaled and placed in a result of any size, with room around it.

    *Margins* are shares of the result, *paddings* of what the margins leave; what both leave is the area. The
    subject's box is made as large as fits into the area (`fill`: as covers it), and stands in its middle or where the
    alignments say. Where the picture cut the subject off, that side goes to the edge of what the margins leave,
    without padding: nobody floats without legs. An alignment that is given turns this off in its direction. A subject
    that is cut at two opposite sides has no padding at either, and stands in the middle between the margins; `fill`
    takes it to both edges.

    With `croppedSubject` the result is as large as the box and its gaps together, and pixels stay as they are, but
    where `max_width` or `max_height` asks for fewer. Gaps in pixels are pixels of the result. Everything is calculated
    exactly, and edges are rounded to the nearest pixel.

    Where the background stays, the whole picture is what is placed: nothing snaps, `reference_box` has no meaning, and
    with `fill` it is cut off at the edges of the area.

    ## What changes
    The size of the result, and where and how large the subject stands in it; it is resampled (Lanczos) if its size
    changes. What is beyond the result is cut off. What is empty stays clear, or shows the background that is asked
    for.

    ## What stays exactly as it was
    The subject's shape: it is never stretched. Without a setting, and with its background, the picture stays as it is.

    ## When not to use it
    To bring artwork to the size of its product: `fit_to_product` does that, and knows bleed.
    """
    if not scene.removed:
        for name in ("reference_box", "snap_cropped_sides"):
            if name in params.model_fields_set:
                raise UsageError(
                    f"layout: {name} cannot be given where the background stays: the whole picture is placed.",
                    "Leave it out, or cut the subject out first (cut_out).",
                )
    wanted = params.layout()
    if scene.layout.proposed and not any(name.startswith("padding") for name in params.model_fields_set):
        wanted = replace(wanted, padding=scene.layout.padding)
    scene.layout = wanted
    placement = scene.frame().placement
    if placement.leaves(scene.width, scene.height):
        return
    left, top, right, bottom = placement.target
    what = "subject" if scene.removed and not scene.layout.around_picture else "picture"
    yield Change(
        f"The {what} stands {right - left} × {bottom - top} pixels large in {placement.width} × {placement.height}.",
        page=1,
        details={
            "before": {"px": [scene.width, scene.height], "box": list(placement.source)},
            "after": {"px": [placement.width, placement.height], "box": list(placement.target)},
        },
    )
