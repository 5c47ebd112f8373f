"""Product pictures made to look their best."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from makeready.changes import Change
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Scene

_WHITE = (255, 255, 255, 255)
#: Around the subject, of the result: room for its shadow.
_PADDING = "12%"


class Beautify(Params):
    """Settings of beautify."""

    mode: Literal["auto", "food", "car"] = param(
        "auto", "auto makes a packshot of a product; food and car are painted by a generator."
    )
    seed: int | None = param(
        None, "Of food and car: the same seed makes the same picture, as far as the generator can promise it.", ge=0
    )


@operator(
    id="beautify",
    title="Make a product look its best",
    step=Step.SUBJECT,
    rank=10,
    params=Beautify,
    calls_for=lambda params: ("segment:isnet",) if params.mode == "auto" else ("generate:beautify",),
    seconds_per_page=2.5,
    seconds_per_megapixel=1.0,
)
def beautify(scene: Scene, params: Beautify) -> Iterator[Change]:
    """A packshot: the product alone in good light, in the middle of a white ground, with a soft shadow.

    With `auto` it is made of other edits, and what you ask of these yourself comes before: `cut_out` and `lighting`,
    a white `background`, a `layout` with a padding of 12 %, and a soft `shadow`. *food* and *car* are painted anew by a
    generator, which may change the ground and the setting.

    ## What changes
    Light and contrast, what is behind the subject, and where and how large it stands. With *food* and *car* whatever
    the generator paints.

    ## What stays exactly as it was
    With `auto` the product's shape and every mark on it, and the size of the picture. Nothing is invented.

    ## When not to use it
    For people and animals. Look at pictures by a generator before they are sold by.
    """
    if params.mode != "auto":
        yield _painted(scene, params.mode, scene.seed if params.seed is None else params.seed)
        return
    from makeready.edit import backdrop, cutting
    from makeready.edit.layout import Gap, Gaps, Layout
    from makeready.edit.operators.background import COLOUR
    from makeready.edit.operators.lighting import put_right
    from makeready.edit.operators.shadow import cast
    from makeready.edit.shadows import Light

    cutting.by_transparency(scene)
    scene.removed = True
    if change := put_right(scene, "auto"):
        yield change
    if not scene.layout.given:
        every = Gap.parse(_PADDING)
        scene.layout = Layout(given=True, proposed=True, padding=Gaps(every, every, every, every))
    if not scene.ground:
        scene.ground[COLOUR] = lambda _, ground: backdrop.coloured(ground, _WHITE)
    shaded = "shadow" in scene.under or cast(scene, Light("soft"))
    yield Change(f"A packshot was made of the product, on white{' with a soft shadow' if shaded else ''}.", page=1)


def _painted(scene: Scene, subject: Literal["food", "car"], seed: int) -> Change:
    from makeready.edit import painting, wording

    scene.change(
        painting.ask(
            scene, "beautify", image=scene.picture, mask=None, prompt=wording.beautify(subject), seed=seed, size=None,
            more={"subject": subject},
        )
    )  # fmt: skip
    return Change(
        f"The picture of {subject if subject == 'food' else 'a car'} was painted anew.", page=1, details={"seed": seed}
    )
