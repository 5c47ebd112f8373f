"""More pixels from few: what enlarges pictures, by name. Arrays in, arrays out; no file is opened here.

The package can be called: ``makeready.upscale(rgb, scale=4)``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from makeready.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    import numpy.typing as npt

#: What ``model`` may be.
MODELS = ("lanczos",)


def require(model: str) -> None:
    """Make sure that there is such a model.

    Raises:
        UsageError: there is none, with the nearest known one.
    """
    if model not in MODELS:
        hint = did_you_mean(model, MODELS) or f"There is {', '.join(MODELS)}."
        raise UsageError(f"There is no model {model!r} to upscale with.", hint)


class _Room(ModuleType):
    """The package and the deed have one name: importing the one must not hide the other."""

    def __call__(
        self, picture: npt.NDArray[Any], scale: float = 4, *, model: str = "lanczos", alpha: bool = False
    ) -> Any:
        """Enlarge a picture.

        Args:
            picture: height × width × channels, or height × width; ``uint8``, ``uint16``, or floats from 0 to 1.
            scale: how many times as wide and as high, 1 or more; the size is rounded to whole pixels.
            model: what enlarges it; ``lanczos`` resamples and invents nothing.
            alpha: the last channel is opacity.

        Returns:
            The same kind of array; floats come back as ``float32``.

        Raises:
            UsageError: there is no such model, the scale is below 1, or the array is no picture.
        """
        require(model)
        if not scale >= 1:
            raise UsageError(f"A picture cannot be upscaled {scale} times.", "Give a scale of 1 or more.")
        from makeready.upscale import lanczos

        height, width = picture.shape[:2]
        return lanczos.resize(picture, round(width * scale), round(height * scale), alpha=alpha)


upscale = cast(_Room, sys.modules[__name__])
upscale.__class__ = _Room
