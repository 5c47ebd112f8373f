"""Pictures of clothes for shops: lying flat, as if worn by nobody, and on a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from makeready.changes import Change
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.edit.sizes import Quality, Seed, SizeName
from makeready.edit.wording import ModelName, PoseName, SceneName
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Scene


class Clothes(Params):
    """Settings of all pictures of clothes."""

    prompt: str = param("", "What else is wanted, in words: “a clean studio look”.")
    size: SizeName = param("SQUARE_HD", "The shape of the result.")
    seed: Seed = None


@operator(
    id="flat_lay",
    title="Show clothes lying flat",
    step=Step.MAKE,
    rank=10,
    params=Clothes,
    calls_for=lambda _: ("generate:flat_lay",),
    seconds_per_page=25.0,
)
def flat_lay(scene: Scene, params: Clothes) -> Iterator[Change]:
    """A generator paints the clothes of the picture as if they lay flat and were seen from above.

    ## What changes
    The whole picture is painted anew, in the size that is asked for.

    ## What stays exactly as it was
    Nothing for certain: the generator is asked to keep cut, colours, patterns and labels.

    ## When not to use it
    Where the law or the customer wants the very article shown: photograph it.
    """
    from makeready.edit import wording

    yield _painted(scene, "flat_lay", wording.flat_lay(params.prompt), params.size, "standard", params.seed, {})


@operator(
    id="ghost_mannequin",
    title="Show clothes as if nobody wore them",
    step=Step.MAKE,
    rank=11,
    params=Clothes,
    calls_for=lambda _: ("generate:ghost_mannequin",),
    seconds_per_page=25.0,
)
def ghost_mannequin(scene: Scene, params: Clothes) -> Iterator[Change]:
    """A generator takes the person or the mannequin out of the clothes, which keep the shape they have when worn.

    ## What changes
    The whole picture is painted anew, in the size that is asked for.

    ## What stays exactly as it was
    Nothing for certain: the generator is asked to keep cut, colours, patterns and labels.

    ## When not to use it
    Where the law or the customer wants the very article shown: photograph it.
    """
    from makeready.edit import wording

    words = wording.ghost_mannequin(params.prompt)
    yield _painted(scene, "ghost_mannequin", words, params.size, "standard", params.seed, {})


class VirtualModel(Clothes):
    """Settings of virtual_model."""

    model: ModelName = param("avery", "Who wears the clothes; a further picture `model` goes before it.")
    pose: PoseName = param("random", "How the person stands.")
    scene: SceneName = param("random", "Where; a further picture `scene` goes before it.")
    quality: Quality = param(
        "standard", "The longer side: standard has about 1,000 pixels, advanced twice, premium four times."
    )
    size: SizeName = param("PORTRAIT_HD_3_2", "The shape of the result.")


@operator(
    id="virtual_model",
    title="Show clothes on a person",
    step=Step.MAKE,
    rank=12,
    params=VirtualModel,
    calls_for=lambda _: ("generate:virtual_model",),
    seconds_per_page=40.0,
)
def virtual_model(scene: Scene, params: VirtualModel) -> Iterator[Change]:
    """A generator paints a person who wears the clothes of the picture.

    ## What changes
    The whole picture is painted anew, in the size that is asked for. Further pictures say more than words: `model`
    shows the person, `scene` the place, `product-1`, `product-2` … other sides of the clothes.

    ## What stays exactly as it was
    Nothing for certain: the generator is asked to keep cut, colours, patterns and labels.

    ## When not to use it
    With the picture of a person who has not agreed to it. Where the law or the customer wants the very article shown.
    """
    from makeready.edit import wording

    given = scene.inputs
    person = None if "model" in given else params.model
    place = None if "scene" in given else params.scene
    products = [given[name] for name in sorted(given) if name.startswith("product-")]
    further = [*products, *(given[name] for name in ("model", "scene") if name in given)]
    more = {"pose": params.pose, "quality": params.quality, **({"further": further} if further else {})}
    words = wording.virtual_model(person, params.pose, place, params.prompt)
    yield _painted(scene, "virtual_model", words, params.size, params.quality, params.seed, more)


def _painted(
    scene: Scene, task: str, prompt: str, size: SizeName, quality: Quality, seed: int | None, more: dict[str, Any]
) -> Change:
    """Put what a generator makes of the picture in its place."""
    from makeready.edit import painting, sizes

    width, height = sizes.pixels(size, quality)
    seed = scene.seed if seed is None else seed
    scene.change(
        painting.ask(
            scene, task, image=scene.picture, mask=None, prompt=prompt, seed=seed, size=(width, height), more=more
        )
    )
    return Change(
        f"The clothes were painted anew, {width} × {height} pixels.",
        page=1,
        details={"prompt": prompt, "seed": seed, "size": [width, height]},
    )
