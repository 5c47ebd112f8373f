"""A network of one's own for enlarging pictures; this one repeats pixels, so it needs no weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from makeready.upscale.upscaler import Upscaler

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]


def _open(scale: int, _noise: float, _provider: str) -> _Repeat:
    return _Repeat(scale)


class _Repeat:
    """Height × width × 3, 0 to 1, to ``scale`` times as many rows and columns."""

    title = "numpy"

    def __init__(self, scale: int) -> None:
        self.scale = scale

    def __call__(self, picture: Floats) -> Floats:
        return picture.repeat(self.scale, axis=0).repeat(self.scale, axis=1)


repeat = Upscaler(
    name="example-repeat",
    title="Pixels repeated, as for pixel art",
    licence="AGPL-3.0-or-later",
    style="truthful",
    scales=(2, 3, 4),
    open_session=_open,
    margin=0,
)
