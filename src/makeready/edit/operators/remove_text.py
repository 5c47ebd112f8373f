"""Text is taken off a picture, and what it covered is made up from around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from makeready.changes import Change
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.params import Params, param
from makeready.units import Percent

if TYPE_CHECKING:
    from makeready.edit.scene import Scene


class RemoveText(Params):
    """Settings of remove_text."""

    which: Literal["all", "artificial", "natural"] = param(
        "all",
        "artificial is what was laid over the picture: names, watermarks, prices; natural is what the camera saw: "
        "signs, print on clothes.",
    )
    provider: Literal["auto", "cpu", "openvino", "cuda"] = param("auto", "What the model runs on.")


def _needs(_params: RemoveText) -> tuple[str, ...]:
    return ("text",)


@operator(
    id="remove_text",
    title="Take text off the picture",
    step=Step.TEXT,
    params=RemoveText,
    calls_for=_needs,
    seconds_per_page=3.0,
    seconds_per_megapixel=1.0,
)
def remove_text(scene: Scene, params: RemoveText) -> Iterator[Change]:
    """Lines of text are found, their letters are taken away, and the gaps are filled from what is around them.

    ## What changes
    The pixels of letters and half a stroke around them; where letters cannot be told from what they stand on, the whole
    line. On even ground they are filled smoothly, elsewhere with texture like that around them. Text of one even colour
    that is level, sharp, or stands out counts as artificial, at least two of the three; all other as natural.

    ## What stays exactly as it was
    Every pixel that is not near a letter. Where no text is found, all of it; a note says so.

    ## When not to use it
    For pictures whose text has to stay somewhere: name it artificial or natural, or cover it by hand. What was behind
    large letters is not known to anybody: faces and fine drawings come out wrong. Take the watermark off a picture
    only where you may.
    """
    import numpy as np

    from makeready.edit.filling import filled
    from makeready.edit.text import detecting, origin, strokes

    lines = detecting.lines(scene.picture, params.provider)
    scene.tell(0.3)
    height, width = scene.height, scene.width
    mask = np.zeros((height, width), bool)
    taken, left, whole = [], 0, 0
    for line in lines:
        ink = strokes.ink(scene.picture, line)
        kind = "artificial" if origin.signs(scene.picture, ink).artificial else "natural"
        if params.which not in ("all", kind):
            left += 1
            continue
        where, gone = strokes.grown(ink, height, width)
        mask[where] |= gone
        whole += not ink.believed
        taken.append({"kind": kind, "box": [where[1].start, where[0].start, where[1].stop, where[0].stop]})
    scene.tell(0.5)
    if not taken:
        other = f"; {_count(left)} of the other kind stayed" if left else ""
        kind = "" if params.which == "all" else f"{params.which} "
        scene.notes.append(f"No {kind}text was found{other}.")
        return
    scene.change(filled(scene.picture, mask, seed=scene.seed))
    share = Percent(float(mask.mean()) * 100)
    stayed = f" {_count(left).capitalize()} of the other kind stayed." if left else ""
    yield Change(
        f"{_count(len(taken)).capitalize()} of text {'was' if len(taken) == 1 else 'were'} taken off, "
        f"{share} of the picture.{stayed}",
        page=1,
        details={"lines": taken, "left": left, "whole": whole},
    )


def _count(lines: int) -> str:
    return "one line" if lines == 1 else f"{lines} lines"
