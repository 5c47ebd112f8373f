"""The corners of mesh shadings in another colour space (ISO 32000-1, 8.7.4.5.5 to 8).

A mesh is a stream of bits: for each corner or patch a flag, coordinates, and colours. Only the colours change, and
the stream is packed again; where the corners lie is kept bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pikepdf import Stream

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Points and colours of a patch: with flag 0, and of one that shares a side with the patch before.
_COONS, _TENSOR = {True: (12, 4), False: (8, 2)}, {True: (16, 4), False: (12, 2)}
_OUT_BITS = 16


class _Bits:
    """Reads whole numbers of any number of bits."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, bits: int) -> int:
        """The next number."""
        first, self._at = self._at, self._at + bits
        if self.left < 0:
            raise ValueError("its data end too early")
        window = self._data[first // 8 : -(-self._at // 8)]
        return int.from_bytes(window, "big") >> -self._at % 8 & ((1 << bits) - 1)

    @property
    def left(self) -> int:
        """Bits to come."""
        return 8 * len(self._data) - self._at

    def align(self) -> None:
        """Go on at the next byte."""
        self._at += -self._at % 8


def recoloured(shading: Stream, kind: int, numbers: Callable[[Floats], Floats]) -> tuple[bytes, list[float]]:
    """The new data of a mesh without a function, and its new Decode.

    Args:
        shading: the mesh.
        kind: its type, 4 to 7.
        numbers: from colours of the old space to those of the new one, row by row.

    Raises:
        ValueError: the data are damaged.
    """
    import numpy as np

    bits = int(shading.get("/BitsPerComponent", 8))
    place_bits, flag_bits = int(shading.get("/BitsPerCoordinate", 16)), int(shading.get("/BitsPerFlag", 8))
    decode = [float(value) for value in shading.Decode]
    channels = (len(decode) - 4) // 2
    rows = list(_rows(_Bits(shading.read_bytes()), kind, bits, place_bits, flag_bits, channels))
    if not rows:
        raise ValueError("it has no corners")
    spread = 2**bits - 1
    low, high = np.array(decode[4::2]), np.array(decode[5::2])
    colours = np.array([colour for _, _, found in rows for colour in found], dtype=np.float64).reshape(-1, channels)
    colours = low + colours / spread * (high - low)
    inks = np.floor(np.clip(numbers(colours), 0, 1) * (2**_OUT_BITS - 1) + 0.5).astype(int)
    out, at = bytearray(), 0
    for flag, points, found in rows:
        number, length = 0, 0
        if kind != 5:
            number, length = flag, flag_bits
        for point in points:
            number, length = number << place_bits | point, length + place_bits
        for _ in found:
            for ink in inks[at]:
                number, length = number << _OUT_BITS | int(ink), length + _OUT_BITS
            at += 1
        padding = -length % 8
        out += (number << padding).to_bytes((length + padding) // 8, "big")
    return bytes(out), [*decode[:4], *[0.0, 1.0] * inks.shape[1]]


def _rows(
    data: _Bits, kind: int, bits: int, place_bits: int, flag_bits: int, channels: int
) -> Iterator[tuple[int, list[int], list[list[int]]]]:
    """Flag, coordinates and colours of each corner or patch."""
    while data.left >= 8:
        flag = data.take(flag_bits) if kind != 5 else 0
        points, corners = 1, 1
        if kind in (6, 7):
            points, corners = (_COONS if kind == 6 else _TENSOR)[flag & 3 == 0]
        places = [data.take(place_bits) for _ in range(2 * points)]
        colours = [[data.take(bits) for _ in range(channels)] for _ in range(corners)]
        data.align()
        yield flag, places, colours
