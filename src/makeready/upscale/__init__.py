"""More pixels from few: what enlarges pictures, by name. Arrays or rows in, arrays or rows out; it opens no file.

The package can be called: ``makeready.upscale(rgb, scale=4)``. ``strips`` does the same for rows that flow past,
``prepare`` opens what that takes beforehand, and ``chosen`` says what would be done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, cast

from makeready.errors import UsageError

if TYPE_CHECKING:
    import numpy.typing as npt

    from makeready.upscale.recipe import Recipe as Recipe
    from makeready.upscale.recipe import chosen as chosen
    from makeready.upscale.run import Prepared as Prepared
    from makeready.upscale.run import prepare as prepare
    from makeready.upscale.run import strips as strips
    from makeready.upscale.upscaler import Upscaler as Upscaler

_HOMES = {
    "Prepared": "run",
    "Recipe": "recipe",
    "Upscaler": "upscaler",
    "chosen": "recipe",
    "prepare": "run",
    "strips": "run",
}


def require(model: str, style: str = "truthful", factor: float = 4) -> None:
    """Make sure that there is such a model, and that its weights are installed.

    Args:
        model: what is asked for.
        style: ``truthful`` or ``creative``, for ``ai``.
        factor: how many times as many pixels it is to make along a side.

    Raises:
        UsageError: there is none, with the nearest known one.
        MissingDependency: its weights are not installed; the hint is the command that installs them.
    """
    if model == "lanczos":
        return
    from makeready.upscale import recipe

    found = recipe.chosen(model, style, factor, 0)
    if found.passes:
        recipe.weights_of(found)


class _Room(ModuleType):
    """The package and the deed have one name: importing the one must not hide the other."""

    def __getattr__(self, name: str) -> Any:
        """Import on first use: resampling does not load what networks need."""
        if name not in _HOMES:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        import importlib

        return getattr(importlib.import_module(f"{self.__name__}.{_HOMES[name]}"), name)

    def __call__(
        self,
        picture: npt.NDArray[Any],
        scale: float = 4,
        *,
        model: str | Path = "lanczos",
        style: str = "truthful",
        noise: float | Literal["auto"] = "auto",
        alpha: bool = False,
        colour: str | None = None,
        to: tuple[int, int] | None = None,
        jpeg_quality: int | None = None,
        provider: str = "auto",
        progress: Callable[[float], None] | None = None,
    ) -> Any:
        """Enlarge a picture.

        Args:
            picture: height × width × channels, or height × width; ``uint8``, ``uint16``, or floats from 0 to 1.
            scale: how many times as wide and as high, 1 or more; the size is rounded to whole pixels.
            model: what enlarges it. ``lanczos`` resamples and invents nothing; ``backprojection`` is Lanczos that
                gives the picture back when it is made small again; ``waifu2x`` and ``srmd`` are networks that keep
                to what the picture says; ``realesrgan`` invents detail; ``ai`` is the network that suits the scale
                and the style. Or the name of a plug-in's, or the path of an ONNX file with its note beside it.
            style: ``truthful`` or ``creative``, for ``ai``.
            noise: to be removed, a standard deviation in levels of 255; ``auto`` measures it. For networks.
            alpha: the last channel is opacity.
            colour: what the channels are, for networks: ``gray``, ``rgb``, ``cmyk`` or ``lab``; by their number
                without it.
            to: pixels across and down of the result, in place of a scale.
            jpeg_quality: 1 to 100, where it was a JPEG: tells what ``auto`` cannot measure.
            provider: the engine that runs networks.
            progress: is told the share that is done, from 0 to 1. What it raises stops the work and passes through.

        Returns:
            The same kind of array; floats come back as ``float32``.

        Raises:
            UsageError: there is no such model, the scale is below 1, or the array is no picture.
            MissingDependency: weights or an engine are not installed.
        """
        if not 1 <= scale < float("inf"):
            raise UsageError(f"A picture cannot be upscaled {scale} times.", "Give a scale of 1 or more.")
        model = str(model)
        if not hasattr(picture, "ndim"):
            raise UsageError(
                f"What is enlarged here is an array of pixels, not {type(picture).__name__}.",
                "For files there is 'makeready upscale FILE', which keeps profile and metadata, too.",
            )
        if picture.ndim not in (2, 3):
            raise UsageError("A picture has rows, columns and channels.", "Give an array of two or three dimensions.")
        height, width = picture.shape[:2]
        new_width, new_height = to or (round(width * scale), round(height * scale))
        if model == "lanczos" and progress is None:
            from makeready.upscale import lanczos

            return lanczos.resize(picture, new_width, new_height, alpha=alpha)
        from makeready.upscale.run import whole

        return whole(
            picture, new_width, new_height, model=model, style=style, noise=noise, alpha=alpha, colour=colour,
            jpeg_quality=jpeg_quality, provider=provider, progress=progress,
        )  # fmt: skip


upscale = cast(_Room, sys.modules[__name__])
upscale.__class__ = _Room
