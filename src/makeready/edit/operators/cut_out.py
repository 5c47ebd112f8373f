"""The background goes, or the transparency that a picture has says what its subject is."""

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


class CutOut(Params):
    """Settings of cut_out."""

    model: str = param("isnet", "What finds the subject: a segmenter's name, or flat for plain grounds.")
    quality: Literal["basic", "plus"] = param("basic", "plus reworks the edge against the picture, for hair and fur.")
    subject_type: Literal["auto", "person", "product", "logo", "text", "hair_heavy"] = param(
        "auto", "What the picture shows; auto looks."
    )
    edge_softness: float = param(5, "0 is the hardest edge, 5 as it was found, 10 the softest.", ge=0, le=10)
    high_detail: bool = param(False, "Rework the edge for longer.")
    despill: bool = param(True, "Take the background's colour out of pixels that show some of both.")
    keep_existing_alpha: bool = param(False, "Where the picture has transparency, take it as it is, and look no more.")
    keep_background: bool = param(False, "Only find the subject; what is behind it stays.")
    provider: Literal["auto", "cpu", "openvino", "cuda"] = param("auto", "What the model runs on.")
    prompt: str = param("", "What to keep, in words: “the red cup”. Needs a generator that finds what words describe.")
    negative_prompt: str = param("", "What not to keep, in words.")
    segmentation_mode: Literal["auto", "keep_salient_object", "ignore_salient_object"] = param(
        "auto", "Whether words add to what stands out by itself; auto: not where there is a prompt."
    )

    @property
    def described(self) -> bool:
        """Whether words say what the subject is."""
        return bool(self.prompt.strip() or self.negative_prompt.strip())

    @property
    def salient(self) -> bool:
        """Whether what stands out by itself is looked for."""
        if not self.described or self.segmentation_mode == "keep_salient_object":
            return True
        return self.segmentation_mode == "auto" and not self.prompt.strip()


def _needs(params: CutOut) -> tuple[str, ...]:
    words = ("generate:segment",) if params.described else ()
    if not params.salient or params.subject_type in ("logo", "text") or params.model == "flat":
        return words
    refined = params.quality == "plus" or params.high_detail
    return (f"segment:{params.model}", *(("refine",) if refined else ()), *words)


@operator(
    id="cut_out",
    title="Cut the subject out of its background",
    step=Step.CUT,
    params=CutOut,
    calls_for=_needs,
    seconds_per_page=2.0,
    seconds_per_megapixel=0.3,
)
def cut_out(scene: Scene, params: CutOut) -> Iterator[Change]:
    """The subject is found, and what is behind it goes, so that something else can be laid there.

    ## What changes
    Everything but the subject becomes clear. Pixels at its edge lose the background's colour. With
    `keep_existing_alpha`, transparency that the picture has says what the subject is, and no model is asked. With
    `prompt`, what the words describe is the subject; what `negative_prompt` describes is taken off it.

    ## What stays exactly as it was
    The size of the picture, and the colours of what is wholly the subject's.

    ## When not to use it
    For files that go to press as they are: `remove_background` keeps their colour space, 16 bits and CMYK.
    """
    from makeready.edit.scene import Cut

    scene.seek(
        Cut(
            params.model, params.quality, params.subject_type, params.edge_softness, params.high_detail,
            params.despill, params.provider, params.keep_existing_alpha,
        )
    )  # fmt: skip
    if params.described:
        from makeready.edit import painting

        scene.subject = painting.described(scene, params.prompt, params.negative_prompt, keep_salient=params.salient)
    scene.removed = not params.keep_background
    share = Percent(float(scene.subject[..., 3].mean()) / 2.55)
    if params.keep_background:
        yield Change(f"The subject was found, and its background stays; it covers {share} of the picture.", page=1)
    else:
        yield Change(f"The subject was cut out; it covers {share} of the picture.", page=1)
