"""Pictures of any colours as what a network knows: RGB of light. And back, channel by channel.

Networks are trained on photographs in RGB. Gray is shown to them as three equal channels. Of inks, cyan, magenta and
yellow are shown as the red, green and blue that they leave; black, and every further ink, as gray of its own: so
black type stays black alone, and paper stays without ink. Of Lab, the network gets the lightness; a and b, which eyes
see coarsely, are resampled. Opacity is shown as gray.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from makeready.errors import MakereadyError, UsageError, did_you_mean
from makeready.upscale import lanczos
from makeready.upscale.upscaler import Network, Upscaler

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

#: What the channels of a picture are. ``cmyk`` may have further inks after the four; ``lab`` is stored from 0 to 1,
#: with neutral a and b in the middle.
Colour = Literal["gray", "rgb", "cmyk", "lab"]
COLOURS: tuple[str, ...] = get_args(Colour)
_CHANNELS = {"gray": 1, "rgb": 3, "cmyk": 4, "lab": 3}


@dataclass(frozen=True, slots=True)
class Plane:
    """Channels that go through the network together."""

    kind: Literal["rgb", "gray", "resampled", "opacity"]
    first: int
    last: int
    #: More is darker.
    ink: bool = False


def planes(colour: str, channels: int, alpha: bool) -> tuple[Plane, ...]:
    """How the channels of a picture are put together.

    Raises:
        UsageError: there is no such colour, or it has another number of channels.
    """
    if colour not in COLOURS:
        raise UsageError(
            f"There is no colour {colour!r} to upscale.", did_you_mean(colour, COLOURS) or f"There is {COLOURS}."
        )
    colours = channels - alpha
    base = _CHANNELS[colour]
    if colours < base or (colours > base and colour != "cmyk"):
        also = " and one of opacity" if alpha else ""
        raise UsageError(
            f"A picture in {colour} has {base} channels{also}, and this one has {channels}.",
            "Say what its channels are: colour=" + ", ".join(COLOURS) + "; alpha=True where the last one is opacity.",
        )
    if colour == "gray":
        found = [Plane("gray", 0, 1)]
    elif colour == "rgb":
        found = [Plane("rgb", 0, 3)]
    elif colour == "lab":
        found = [Plane("gray", 0, 1), Plane("resampled", 1, 3)]
    else:
        found = [Plane("rgb", 0, 3, ink=True), *(Plane("gray", at, at + 1, ink=True) for at in range(3, colours))]
    if alpha:
        found.append(Plane("opacity", colours, channels))
    return tuple(found)


def of_channels(channels: int, alpha: bool) -> str:
    """The colour that a number of channels usually stands for."""
    colours = channels - alpha
    return {1: "gray", 2: "gray", 3: "rgb"}.get(colours, "cmyk")


@dataclass(frozen=True, slots=True)
class Enlarger:
    """One pass of a network over tiles of a picture of any colours."""

    upscaler: Upscaler
    network: Network
    scale: int
    planes: tuple[Plane, ...]

    def __call__(self, window: Floats) -> Floats:
        """Enlarge a tile with its margin; the answer lacks the margin.

        Raises:
            MakereadyError: the network gives no picture.
        """
        import numpy as np

        margin, scale = self.upscaler.margin, self.scale
        height, width = ((side - 2 * margin) * scale for side in window.shape[:2])
        made = np.empty((height, width, window.shape[2]), np.float32)
        hidden = self.planes[-1].kind == "opacity" and not window[..., -1].any()
        for plane in self.planes:
            part = window[..., plane.first : plane.last]
            into = made[..., plane.first : plane.last]
            if hidden or not (part != part[:1, :1]).any():
                core = part[margin : part.shape[0] - margin, margin : part.shape[1] - margin]
                into[:] = core.repeat(scale, axis=0).repeat(scale, axis=1)
            elif plane.kind == "resampled":
                large = lanczos.resize(part, part.shape[1] * scale, part.shape[0] * scale)
                into[:] = large[margin * scale :, margin * scale :][:height, :width]
            else:
                into[:] = self._shown(1 - part if plane.ink else part)
                if plane.ink:
                    np.subtract(1, into, out=into)
        return made

    def _shown(self, part: Floats) -> Floats:
        """What the network makes of one or three channels."""
        import numpy as np

        gray = part.shape[2] == 1
        shown = np.repeat(part, 3, axis=2) if gray else part
        low, high = self.upscaler.value_range
        if (low, high) != (0.0, 1.0):
            shown = shown * np.float32(high - low) + np.float32(low)
        answer = np.asarray(self.network(np.ascontiguousarray(shown, np.float32)), np.float32)
        eats, margin, scale = self.upscaler.eats, self.upscaler.margin, self.scale
        expected = (*((side - 2 * eats) * scale for side in part.shape[:2]), 3)
        if answer.shape != expected:
            raise MakereadyError(
                f"The network {self.upscaler.title} gives {_size(answer.shape)} where {_size(expected)} is due.",
                "Its weights do not fit what is declared of it: install them again, or check their description.",
            )
        edge = (margin - eats) * scale
        answer = answer[edge : answer.shape[0] - edge, edge : answer.shape[1] - edge]
        if (low, high) != (0.0, 1.0):
            answer = (answer - np.float32(low)) / np.float32(high - low)
        if not np.isfinite(answer).all():
            if not np.isfinite(shown).all():
                raise UsageError("The picture has values that are no numbers.", "Give floats from 0 to 1.")
            raise MakereadyError(
                f"The network {self.upscaler.title} gives values that are no numbers.",
                "Take another engine (provider=cpu), and install its weights again if that does not help.",
            )
        answer = answer.mean(axis=2, keepdims=True) if gray else answer
        return np.clip(answer, 0, 1)


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(str(side) for side in shape)
