"""A picture enlarged tile by tile, while its rows flow past: the same picture whatever its size, in little memory.

All tiles of a picture are of one shape, so that an engine chooses its arithmetic once. A tile is given with a margin
of what surrounds it, as far as the network looks about: then tiles fit together to the bit. Networks that look about
without end get a feather as well: neighbours overlap, and one fades into the other as a raised cosine. Past its edges,
a picture goes on mirrored: networks make streaks of pixels that are repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from makeready.upscale.flow import Meter, Read, Window
from makeready.upscale.upscaler import Upscaler

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

#: Enlarges a tile with its margin; what it gives lacks the margin.
Deed = Callable[["Floats"], "Floats"]
#: Values of a band of the result that are held at a time, at most; wider pictures get lower tiles.
_BAND_VALUES = 40_000_000
#: A tile is not made lower than this.
_LOWEST = 48


@dataclass(frozen=True, slots=True)
class _Axis:
    """One side of a picture in tiles of one length."""

    extent: int
    count: int
    step: int
    feather: int
    scale: int

    @classmethod
    def of(cls, extent: int, tile: int, feather: int, scale: int) -> _Axis:
        # A tile is never shorter than the feather, or three would meet.
        tile = max(tile, feather, 1)
        count = -(-extent // tile)
        step = max(-(-extent // count), feather)
        count = -(-extent // step)
        return cls(extent, count, step, feather if count > 1 else 0, scale)

    @property
    def length(self) -> int:
        """Pixels of the source that a tile covers."""
        return self.step + self.feather

    def start(self, number: int) -> int:
        """Where a tile starts in the source; it may be outside."""
        return number * self.step - self.feather // 2

    def weights(self, number: int) -> Floats:
        """How much each pixel of a tile's answer counts."""
        import numpy as np

        size = self.feather * self.scale
        ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(size) + 0.5) / max(size, 1))).astype(np.float32)
        weights = np.ones(self.length * self.scale, np.float32)
        if number > 0 and size:
            weights[:size] = ramp
        if number < self.count - 1 and size:
            weights[-size:] = ramp[::-1]
        return weights


def enlarged(
    read: Read, width: int, height: int, channels: int, upscaler: Upscaler, scale: int, deed: Deed, meter: Meter
) -> Iterator[Floats]:
    """The rows of a picture made larger, from top to bottom.

    Args:
        read: gives rows × width × channels, ``float32``.
        width: pixels across of the source.
        height: pixels down of the source.
        channels: values of a pixel.
        upscaler: whose tiles, margin and feather are taken.
        scale: how many times as wide and as high.
        deed: enlarges a tile.
        meter: is told of each tile, in pixels of the result.
    """
    import numpy as np

    margin, multiple = upscaler.margin, upscaler.multiple_of
    across = _Axis.of(width, upscaler.tile, upscaler.feather, scale)
    rows = _BAND_VALUES // (width * scale * scale * channels)
    down = _Axis.of(height, min(upscaler.tile, max(rows, _LOWEST)), upscaler.feather, scale)
    # What makes the sides multiples lies right and below, and is cut off again.
    tall, wide = (-(-(axis.length + 2 * margin) // multiple) * multiple for axis in (down, across))
    window = Window(read, height)
    blended = down.feather * scale
    carried = np.zeros((blended, width * scale, channels), np.float32)
    for row in range(down.count):
        top = down.start(row)
        source = window.rows(top - margin, top - margin + tall)
        right = across.start(across.count - 1) - margin + wide
        source = np.pad(source, ((0, 0), (margin - across.start(0), max(0, right - width)), (0, 0)), mode="symmetric")
        band = np.zeros((down.length * scale, width * scale, channels), np.float32)
        fade = down.weights(row)[:, None, None]
        for column in range(across.count):
            left = column * across.step
            made = deed(source[:, left : left + wide])[: down.length * scale, : across.length * scale]
            begin = across.start(column) * scale
            low, high = max(0, begin), min(begin + across.length * scale, width * scale)
            part = made[:, low - begin : high - begin]
            if across.feather or down.feather:
                part = part * (fade * across.weights(column)[None, low - begin : high - begin, None])
                band[:, low:high] += part
            else:
                band[:, low:high] = part
            meter.add(width * scale * height * scale / (across.count * down.count))
        band[:blended] += carried
        first = max(0, -top) * scale
        last = min(down.length, height - top) * scale
        if row < down.count - 1:
            last = len(band) - blended
            carried = band[last:]
        yield band[first:last]
