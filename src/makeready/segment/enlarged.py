"""Maps made on a small picture, read at the pixels of a large one: row by row, and at no cost where they are even."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.segment.planes import Plane

#: Pixels of the large picture along the side of a block.
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Enlarged:
    """A map in another size, linear between the middles of its pixels.

    What a pixel of the large picture gets does not depend on which rows are read together.
    """

    #: Height × width × values.
    values: Plane
    width: int
    height: int

    def blocks(self, top: int, count: int) -> Iterator[tuple[slice, slice, Plane]]:
        """Parts of some rows: where in these rows, which columns, and the values: 1 × 1 where they are all the same."""
        import numpy as np

        small_height, small_width = self.values.shape[:2]
        same = (small_height, small_width) == (self.height, self.width)
        first_row, next_row, weight_row = _between(np.arange(top, top + count), small_height, self.height)
        first, following, weight = _between(np.arange(self.width), small_width, self.width)
        for low in range(0, count, _BLOCK):
            rows = slice(low, min(low + _BLOCK, count))
            held_rows = slice(int(first_row[rows.start]), int(next_row[rows.stop - 1]) + 1)
            for left in range(0, self.width, _BLOCK):
                columns = slice(left, min(left + _BLOCK, self.width))
                part = self.values[held_rows, int(first[columns.start]) : int(following[columns.stop - 1]) + 1]
                if (part == part[:1, :1]).all():
                    yield rows, columns, part[:1, :1]
                elif same:
                    yield rows, columns, self.values[top + rows.start : top + rows.stop, columns]
                else:
                    down, right = weight_row[rows, None, None], weight[None, columns, None]
                    lines = part[first_row[rows] - held_rows.start]
                    lines += down * (part[next_row[rows] - held_rows.start] - lines)
                    at = first[columns] - first[columns.start]
                    found = lines[:, at]
                    found += right * (lines[:, following[columns] - first[columns.start]] - found)
                    yield rows, columns, found

    def rows(self, top: int, count: int) -> Plane:
        """The values of some rows: rows × width × values."""
        import numpy as np

        made = np.empty((count, self.width, self.values.shape[2]), np.float32)
        for rows, columns, values in self.blocks(top, count):
            made[rows, columns] = values
        return made


def _between(
    positions: npt.NDArray[np.int64], small: int, large: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Plane]:
    """The two pixels of a map that each position lies between, and how near the second is."""
    import numpy as np

    at = np.clip((positions + 0.5) * (small / large) - 0.5, 0, small - 1)
    first = at.astype(np.int64)
    return first, np.minimum(first + 1, small - 1), (at - first).astype(np.float32)
