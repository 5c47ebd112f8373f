"""How a picture is brought to a size: which network, how many passes, and what Lanczos does of it.

A network knows whole scales only. The nearest one that reaches the size is taken, in as many passes as it takes, and
Lanczos makes it exact. Past four times the size networks find nothing any more: the rest is Lanczos.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from math import prod
from numbers import Real
from typing import Literal

from makeready.errors import UsageError, did_you_mean
from makeready.upscale.upscaler import STYLES, Upscaler

#: Models that are no networks.
PLAIN = {"lanczos": "Lanczos", "backprojection": "Lanczos with back-projection"}
#: Stands for the network that suits the scale and the style.
BEST = "ai"
#: Past this many times along a side, networks add nothing that Lanczos does not.
MOST = 4
#: A scale that falls short of the wanted one by less than this is near enough: Lanczos makes the rest.
NEAR = 1.04
#: As ``noise``: measured in the picture.
AUTO: Literal["auto"] = "auto"
#: Of the truthful networks, the one that is taken up to twice the size, and beyond: the faster one at that scale.
_TRUTHFUL = ("waifu2x", "srmd")
_CREATIVE = "realesrgan"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is done to a picture, for messages and results."""

    #: The name of the model, or the path of an ONNX file; never ``ai``.
    model: str
    title: str
    style: str
    #: The scale of each pass of the network.
    passes: tuple[int, ...] = ()
    #: What the network removes: a standard deviation in levels of 255, 0 where nothing, ``auto`` where it is not
    #: measured yet.
    noise: float | Literal["auto"] = 0.0
    #: Pixels across and down of the result, once known.
    to: tuple[int, int] | None = None
    #: Whether Lanczos makes the size exact after the passes.
    fitted: bool = False
    #: What runs the network, once it is open.
    engine: str = ""
    #: What a reader should know, a sentence each.
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """One line: ``waifu2x ×2 (OpenVINO, bfloat16), then Lanczos to 1,733 × 1,300 px``."""
        size = f"{self.to[0]:,} × {self.to[1]:,} px" if self.to else "the exact size"
        if not self.passes:
            return f"{self.title} to {size}" if self.to else self.title
        said = " and ".join(f"×{scale}" for scale in self.passes)
        said = f"{self.title} {said}"
        if self.engine:
            said += f" ({self.engine})"
        if self.noise and self.noise != AUTO:
            said += f", noise of {self.noise:g} levels removed"
        return f"{said}, then Lanczos to {size}" if self.fitted else said


def chosen(model: str, style: str = "truthful", factor: float = 4, noise: float | Literal["auto"] = AUTO) -> Recipe:
    """What will be done for a size.

    Args:
        model: the name of one; ``ai`` for the network that suits the factor and the style; or the path of an ONNX
            file of one's own.
        style: what ``ai`` takes: ``truthful`` keeps to what the picture says, ``creative`` invents what looks good.
        factor: how many times as many pixels along the side that grows most.
        noise: a standard deviation in levels of 255 to be removed, or ``auto``.

    Returns:
        The recipe; of ``auto``, the noise is still open.

    Raises:
        UsageError: there is no such model or style, with the nearest known one.
    """
    if style not in STYLES:
        hint = did_you_mean(style, STYLES) or f"There is {', '.join(STYLES)}."
        raise UsageError(f"There is no style {style!r} to upscale in.", hint)
    if noise != AUTO and not (isinstance(noise, Real) and 0 <= noise <= 255):
        raise UsageError(f"Noise cannot be {noise!r}.", "Give auto, or a number from 0 to 255.")
    if model in PLAIN:
        return Recipe(model, PLAIN[model], "truthful")
    notes: tuple[str, ...] = ()
    if model == BEST:
        model, notes = _best(style, factor)
    found = upscaler(model)
    passes = scales(found.scales, factor)
    if not passes:
        if factor > 1:
            notes = (*notes, f"×{factor:.3g} is too little for a network: Lanczos was taken.")
        return Recipe("lanczos", PLAIN["lanczos"], "truthful", notes=notes)
    if factor > prod(passes) * NEAR:
        notes = (*notes, f"Networks make it {prod(passes)} times as large; the rest of ×{factor:.3g} is Lanczos.")
    return Recipe(
        found.name,
        found.title,
        found.style,
        passes,
        noise if noise == AUTO and found.denoises else removed(found, passes[0], noise),
        fitted=abs(prod(passes) / factor - 1) > 1e-9,
        notes=notes,
    )


def removed(found: Upscaler, scale: int, noise: float | Literal["auto"]) -> float:
    """What a network removes of a noise level: nothing, where it takes the same weights as for a clean picture."""
    if noise == AUTO or not found.denoises:
        return 0.0
    weights = found.weights(scale, noise)
    return 0.0 if weights and weights == found.weights(scale, 0) else float(noise)


def is_path(model: str) -> bool:
    """Whether a model is meant as a file, not as a name."""
    return model.lower().endswith(".onnx")


def upscaler(model: str) -> Upscaler:
    """The network of that name.

    Raises:
        UsageError: there is none, with the nearest known one.
    """
    from makeready.upscale.catalogue import catalogue

    if is_path(model):
        from makeready.upscale import own

        return own.upscaler(model)
    known = catalogue()
    if model not in known:
        names = sorted([*PLAIN, BEST, *(item.name for item in known)])
        hint = did_you_mean(model, names) or f"There is {', '.join(names)}."
        raise UsageError(f"There is no model {model!r} to upscale with.", hint)
    return known[model]


def scales(offered: tuple[int, ...], factor: float) -> tuple[int, ...]:
    """The passes for a factor: of all that reach it the smallest, else the largest there is."""
    if factor <= NEAR:
        return ()
    ways = [
        way
        for count in range(1, 6)
        for way in combinations_with_replacement(sorted(offered, reverse=True), count)
        if count == 1 or prod(way) <= MOST
    ]
    enough = [way for way in ways if prod(way) * NEAR >= factor]
    if enough:
        return min(enough, key=lambda way: (prod(way), len(way)))
    return max(ways, key=lambda way: (prod(way), -len(way)))


def _best(style: str, factor: float) -> tuple[str, tuple[str, ...]]:
    """The network for a style and a factor, and what is to be said of the choice."""
    if style == "creative":
        return _CREATIVE, ()
    first, second = _TRUTHFUL if factor <= 2 * NEAR else _TRUTHFUL[::-1]
    if installed(upscaler(first)) or not installed(upscaler(second)):
        return first, ()
    lacking, taken = upscaler(first).title, upscaler(second).title
    return second, (f"{lacking}, which suits this scale better, is not installed: {taken} was taken.",)


def installed(found: Upscaler) -> bool:
    """Whether the weights of a network are there, for all its scales."""
    from makeready import models

    ids = {found.weights(scale, 0) for scale in found.scales} - {""}
    return all(models.installed(id) for id in ids)


def weights_of(found: Recipe) -> None:
    """Make sure that the weights of a recipe are installed.

    Raises:
        MissingDependency: they are not; the hint is the command that installs them.
    """
    from makeready import models

    network = upscaler(found.model)
    for scale in found.passes:
        id = network.weights(scale, 0)
        if id and not models.installed(id):
            models.graph(id)  # which says what to do


def exact(recipe: Recipe, width: int, height: int, new_width: int, new_height: int) -> Recipe:
    """The recipe for pictures of a size."""
    times = prod(recipe.passes)
    fitted = (width * times, height * times) != (new_width, new_height)
    return replace(recipe, to=(new_width, new_height), fitted=fitted)
