"""The light on the subject put right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from makeready.changes import Change
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Scene

Mode = Literal["auto", "preserve_hue_and_saturation"]


class Lighting(Params):
    """Settings of lighting."""

    mode: Mode = param(
        "auto",
        "auto puts brightness, contrast and white balance right; preserve_hue_and_saturation lightness alone.",
    )


@operator(
    id="lighting",
    title="Put the light right",
    step=Step.SUBJECT,
    rank=20,
    params=Lighting,
    seconds_per_megapixel=0.5,
)
def lighting(scene: Scene, params: Lighting) -> Iterator[Change]:
    """Brightness, contrast and white balance are corrected by what the subject's tones say.

    Highlights that are gray become white, shadows that are gray become black, and a subject that is too dark or too
    bright is brought nearer to the middle; both ends are bent, so that nothing is cut off. Grays with a cast become
    neutral, for the most part. Where no subject was cut out, the middle of the picture counts most.

    ## What changes
    The tones of the whole picture, the subject's among them. With `preserve_hue_and_saturation` only lightness: hue and
    chroma (of OKLCh) stay, and where sRGB has no such colour at the new lightness, less of it is changed.

    ## What stays exactly as it was
    Every shape, and opacity. A well lit picture stays as it is.

    ## When not to use it
    For pictures whose light is the point (a sunset, a candle, a logo in its house colours).
    """
    if change := put_right(scene, params.mode):
        yield change


def put_right(scene: Scene, mode: Mode) -> Change | None:
    """Put the light of a scene right; ``None`` where it is."""
    from makeready.edit import light

    keep = mode == "preserve_hue_and_saturation"
    weights = scene.subject[..., 3] if scene.removed or scene.found else None
    correction = light.measured(scene.picture, weights, balance=not keep)
    if not (correction.lightness or correction.balance):
        return None
    scene.recolour(light.corrected(scene.picture, correction, keep_colour=keep))
    did = {
        (True, True): "Brightness and white balance were",
        (True, False): "Brightness was",
        (False, True): "White balance was",
    }[correction.lightness, correction.balance]
    details = {
        "before": {"lightness": round(correction.before, 3)},
        "after": {"lightness": round(correction.after, 3)},
        "gains": [round(gain, 3) for gain in correction.gains],
    }
    return Change(f"{did} put right.", page=1, details=details)
