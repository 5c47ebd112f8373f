"""What is made from words: backgrounds, changes, whole pictures, and what the edge of a picture cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from makeready.changes import Change, Refusal
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.edit.sizes import Seed, SizeName
from makeready.errors import UsageError
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Scene

#: Where it lies among the grounds of a scene (see ``Scene.ground``).
PAINTED = 20
#: What finds the subject where no edit says how.
_FINDING = ("segment:isnet",)


def _painter(task: str, prompt: str, *, guided: bool = False) -> tuple[str, ...]:
    """A generator, but for words that are drawn here."""
    from makeready.edit import plain

    return () if not guided and plain.generator.can(task, prompt, {}) else (f"generate:{task}",)


class GenerateBackground(Params):
    """Settings of generate_background."""

    prompt: str = param("", "What is to be seen behind the subject, in words.")
    negative_prompt: str = param("", "What is not to be seen; not every generator can follow it.")
    guidance_scale: float = param(
        0.6, "How closely the further picture `guidance` is followed: 0 ignores it.", ge=0, le=1
    )
    expand_prompt: Literal["auto", "never"] = param("auto", "auto lets short words be made longer for picture models.")
    seed: Seed = None


@operator(
    id="generate_background",
    title="Paint a background from words",
    step=Step.BACKGROUND,
    rank=PAINTED,
    params=GenerateBackground,
    calls_for=lambda params: _painter("background", params.prompt, guided="guidance_scale" in params.model_fields_set),
    seconds_per_page=20.0,
)
def generate_background(scene: Scene, params: GenerateBackground) -> Iterator[Change]:
    """A generator paints what stands behind the subject, after a description and, if you give one, after a picture.

    ## What changes
    Everything behind the subject; where the background is still there, it is taken away. Transparency that the picture
    has says what the subject is, or it is found as `cut_out` finds it. A picture given as `guidance` is followed as
    closely as `guidance_scale` says. Words that mean a plain colour, a gradient, a studio sweep or paper are drawn
    exactly, without a model.

    ## What stays exactly as it was
    The subject: no generator touches it, whatever it answers.

    ## When not to use it
    For a background of one colour or a picture that you have: `background` needs no generator. Look at every result
    before it is printed: what is painted never was in front of a camera.
    """
    from makeready.edit import painting

    prompt = _said("generate_background", params.prompt)
    more: dict[str, Any] = {"expand_prompt": params.expand_prompt == "auto"}
    if params.negative_prompt:
        more["negative_prompt"] = params.negative_prompt
    if "guidance" in scene.inputs and params.guidance_scale > 0:
        more |= {"guidance": scene.inputs["guidance"], "guidance_scale": params.guidance_scale}
    painting.require(scene, "background", prompt, more)
    if not scene.found and (scene.picture[..., 3] < 255).any():
        scene.seek(replace(scene.cut, keep_alpha=True))
    scene.removed = True
    seed = _seed(scene, params.seed)
    scene.ground[PAINTED] = painting.background(scene, prompt, seed, more)
    yield Change(f"The background was painted after the words “{prompt}”.", page=1, details={"seed": seed})


class EditWithAI(Params):
    """Settings of edit_with_ai."""

    prompt: str = param("", "What to change, in words.")
    seed: Seed = None


@operator(
    id="edit_with_ai",
    title="Change the picture as words say",
    step=Step.ADJUST,
    params=EditWithAI,
    calls_for=lambda _: ("generate:edit",),
    seconds_per_page=20.0,
)
def edit_with_ai(scene: Scene, params: EditWithAI) -> Iterator[Change]:
    """A generator paints the picture anew, changed as you say: "remove the coffee cup on the table".

    ## What changes
    Whatever the generator changes; it is asked to keep all else, and may not.

    ## What stays exactly as it was
    The size of the picture.

    ## When not to use it
    For print without looking: type, logos and faces may come back a little different. Light, colour and crops have
    edits of their own that change nothing else.
    """
    from makeready.edit import painting

    prompt = _said("edit_with_ai", params.prompt)
    seed, clear = _seed(scene, params.seed), bool((scene.picture[..., 3] < 255).any())
    scene.change(
        painting.ask(scene, "edit", image=scene.picture, mask=None, prompt=prompt, seed=seed, size=None, more={})
    )
    if clear and (scene.picture[..., 3] == 255).all():
        scene.notes.append("The generator gives no transparency: the edited picture is opaque.")
    yield Change(f"The picture was changed after the words “{prompt}”.", page=1, details={"seed": seed})


class ImageFromPrompt(Params):
    """Settings of image_from_prompt."""

    prompt: str = param("", "What the picture is to show, in words.")
    size: SizeName = param("SQUARE_HD", "The shape of the picture; all have about a megapixel.")
    seed: Seed = None


@operator(
    id="image_from_prompt",
    title="Make a picture from words",
    step=Step.MAKE,
    params=ImageFromPrompt,
    calls_for=lambda params: _painter("image", params.prompt),
    seconds_per_page=20.0,
)
def image_from_prompt(scene: Scene, params: ImageFromPrompt) -> Iterator[Change]:
    """A generator paints a whole picture after a description; it takes the place of the one that was given.

    ## What changes
    All of it: other edits of the same order work on the new picture.

    ## What stays exactly as it was
    Nothing.

    ## When not to use it
    For large prints: a megapixel is 9 cm at 300 ppi. Enlarge it, or have it photographed.
    """
    from makeready.edit import painting, sizes

    prompt = _said("image_from_prompt", params.prompt)
    size, seed = sizes.pixels(params.size), _seed(scene, params.seed)
    scene.change(
        painting.ask(
            scene, "image", image=None, mask=None, prompt=prompt, seed=seed, size=size,
            more={"expand_prompt": False},
        )
    )  # fmt: skip
    yield Change(
        f"A picture of {size[0]} × {size[1]} pixels was made from the words “{prompt}”.",
        page=1,
        details={"seed": seed},
    )


class Uncrop(Params):
    """Settings of uncrop."""

    amount: float = param(
        0.25, "How much is added at each side where the subject is cut off, as a share of the picture.", gt=0, le=1
    )
    prompt: str = param("", "What the picture shows, in words; helps some generators.")
    seed: Seed = None


@operator(
    id="uncrop",
    title="Complete a subject that the edge of the picture cuts off",
    step=Step.UNCROP,
    params=Uncrop,
    calls_for=lambda _: (*_FINDING, "generate:uncrop"),
    seconds_per_page=22.0,
)
def uncrop(scene: Scene, params: Uncrop) -> Iterator[Change]:
    """The subject is looked for; where an edge of the picture cuts it off, a generator paints how it goes on.

    ## What changes
    The picture grows at the sides where its subject is cut off. What is added is painted.

    ## What stays exactly as it was
    Every pixel that the picture had. A subject that is whole stays as it is, and nothing is painted.

    ## When not to use it
    For portraits that are meant to end at the shoulders, and for type: nobody knows the letters that were cut off.
    """
    from makeready.edit import painting

    if (scene.picture[..., 3] < 255).any():
        raise Refusal("a picture with transparency cannot be completed: uncrop it before it is cut out")
    cut = painting.cut_off(scene.subject[..., 3])
    if not any(cut):
        scene.notes.append("The subject is whole: there is nothing to uncrop.")
        return
    sides = (scene.width, scene.height, scene.width, scene.height)
    left, top, right, bottom = (
        max(1, round(params.amount * side)) if at else 0 for at, side in zip(cut, sides, strict=True)
    )
    wide, mask = painting.grown(scene.picture, (left, top, right, bottom))
    seed = _seed(scene, params.seed)
    scene.change(
        painting.ask(scene, "uncrop", image=wide, mask=mask, prompt=params.prompt, seed=seed, size=None, more={})
    )
    names = [name for name, at in zip(("left", "top", "right", "bottom"), cut, strict=True) if at]
    yield Change(
        f"What the picture cuts off of its subject was painted: {', '.join(names)}.",
        page=1,
        details={"added": [left, top, right, bottom], "seed": seed},
    )


def _said(edit: str, prompt: str) -> str:
    """The words, which there have to be."""
    if not prompt.strip():
        raise UsageError(f"{edit} needs a prompt.", f'Say what is wanted: {{"edit": "{edit}", "prompt": "…"}}.')
    return prompt.strip()


def _seed(scene: Scene, said: int | None) -> int:
    return scene.seed if said is None else said
