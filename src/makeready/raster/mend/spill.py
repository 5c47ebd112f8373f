"""Light of a green screen that falls back onto the subject, taken off it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[Any]

#: A background whose green is on average above red and blue by this, of 0 to 1, is a green screen.
_GREEN = 0.12
#: Of the opacity: less counts as background.
_BEHIND = 0.05


def is_green(picture: Pixels, opacity: Pixels) -> bool:
    """Whether the background of a picture is green.

    Args:
        picture: height × width × 3, from 0 to 1.
        opacity: of the subject; height × width, from 0 to 1.
    """
    behind = picture[opacity < _BEHIND]
    if not len(behind):
        return False
    red, green, blue = behind.mean(axis=0)
    return bool(green - max(red, blue) > _GREEN)


def without_green(colours: Pixels) -> Pixels:
    """Colours whose green is no more than the larger of red and blue: the usual limit of green screen work.

    Args:
        colours: height × width × 3; whole numbers of any depth.
    """
    import numpy as np

    limited = colours.copy()
    np.minimum(colours[..., 1], np.maximum(colours[..., 0], colours[..., 2]), out=limited[..., 1])
    return limited
