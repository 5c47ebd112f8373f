"""What a network that enlarges pictures declares of itself; built-in ones and plug-ins alike.

Tiles, seams, edges, colour, opacity and bits are the runner's business. A back end says what its network takes and
gives, and opens it: a callable that takes an array and gives a larger one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from makeready.registry import BUILT_IN, misnamed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

#: Height × width × 3, ``float32`` from 0 to 1, to scale times as many rows and columns. What it has under the name
#: ``title`` is said of it in results: what runs it.
Network = Callable[[Any], Any]

#: What a network is for. A truthful one keeps to what the picture says; a creative one invents what looks good.
STYLES = ("truthful", "creative")


@dataclass(frozen=True, slots=True, eq=False)
class Upscaler:
    """A declared network, or a family of them: one for each scale."""

    #: Its name in options, in lower case.
    name: str
    #: Its name for people.
    title: str
    #: Of the weights, as SPDX says it.
    licence: str
    #: ``truthful`` or ``creative``; a creative one is never taken unasked.
    style: str
    #: How many times as wide and as high one pass makes a picture, ascending.
    scales: tuple[int, ...]
    #: Opens the network for a scale, a noise level and a provider (see ``makeready.models.session.PROVIDERS``).
    #: Noise is a standard deviation in levels of 255, and 0 for a clean picture.
    open_session: Callable[[int, float, str], Network]
    #: The id of the weights for a scale and a noise level, in ``makeready.models``; empty if it brings them along.
    weights: Callable[[int, float], str] = lambda _scale, _noise: ""
    #: Pixels of the source along a tile's side, without what surrounds it.
    tile: int = 192
    #: Pixels around a tile that the network sees as well: as far as a pixel of its answer looks about.
    margin: int = 8
    #: Of the margin, pixels that the network eats: they are missing in its answer.
    eats: int = 0
    #: Pixels of the source over which neighbouring tiles are blended, even; for networks that look about without end.
    feather: int = 0
    #: The sides of what it is given are multiples of this.
    multiple_of: int = 1
    #: Values of the network that mean black and white, where they are not 0 and 1.
    value_range: tuple[float, float] = (0.0, 1.0)
    #: It makes use of the noise level.
    denoises: bool = False
    source: str = BUILT_IN

    @property
    def key(self) -> str:
        return self.name

    def problems(self) -> list[str]:
        """What is wrong with the declaration; nothing when it may be registered."""
        found = misnamed(self.name, self.title)
        if not self.licence:
            found.append("it does not say under which licence its weights are")
        if self.style not in STYLES:
            found.append(f"the style {self.style!r} is not among {', '.join(STYLES)}")
        if not self.scales or list(self.scales) != sorted(set(self.scales)) or self.scales[0] < 2:
            found.append(f"its scales {self.scales} are not ascending whole numbers from 2 on")
        if self.tile < 16 or self.margin < 0 or self.multiple_of < 1:
            found.append("a tile needs 16 pixels or more, a margin none or more, and sides multiples of 1 or more")
        if not 0 <= self.eats <= self.margin:
            found.append("a network can eat no more than its margin")
        if self.feather % 2 or not 0 <= self.feather <= self.tile:
            found.append("the feather is an even number of pixels, no larger than the tile")
        if not self.value_range[0] < self.value_range[1]:
            found.append("its value range is empty")
        return found
