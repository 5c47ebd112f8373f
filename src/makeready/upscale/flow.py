"""Pictures as rows that flow from top to bottom: held no longer than they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

#: Gives the rows from, to (not included), as rows × width × channels. Each row is asked for once, in order.
Read = Callable[[int, int], Any]


def reader(strips: Iterable[Floats]) -> Read:
    """Rows that come in strips of any height, as something that can be read."""
    import numpy as np

    coming = iter(strips)
    held: list[Floats] = []

    def read(first: int, last: int) -> Floats:
        wanted, have = last - first, sum(len(strip) for strip in held)
        while have < wanted:
            strip = next(coming)
            held.append(strip)
            have += len(strip)
        rows = held[0] if len(held) == 1 else np.concatenate(held)
        held[:] = [rows[wanted:]] if len(rows) > wanted else []
        return rows[:wanted]

    return read


class Window:
    """Rows with what lies above and below them. Past its edges, a picture goes on mirrored."""

    def __init__(self, read: Read, height: int) -> None:
        """Nothing is read yet."""
        self._read, self._height = read, height
        self._held: Floats | None = None
        self._at = 0

    def rows(self, first: int, last: int) -> Floats:
        """The rows from, to (not included); both may lie outside, and ``first`` never goes back."""
        import numpy as np

        low, high = min(max(0, first), self._height - 1), max(1, min(last, self._height))
        have = self._at + (0 if self._held is None else len(self._held))
        if self._held is None:
            self._held = self._read(0, high)
        elif high > have:
            self._held = np.concatenate([self._held[low - self._at :], self._read(have, high)])
            self._at = low
        rows = self._held[low - self._at : high - self._at]
        if first < low or last > high:
            rows = np.pad(rows, ((low - first, last - high), (0, 0), (0, 0)), mode="symmetric")
        return rows


class Shared:
    """Rows that two read, each once and in order: what the slower one has not read yet is kept for it."""

    def __init__(self, read: Read) -> None:
        """Nothing is read yet."""
        self._read = read
        self._held: list[Floats] = []
        self._at = 0  # where what is held starts
        self._places = [0, 0]

    def reader(self, which: int) -> Read:
        """For one of the two: 0 or 1."""

        def read(first: int, last: int) -> Floats:
            import numpy as np

            have = self._at + sum(len(rows) for rows in self._held)
            if last > have:
                self._held.append(self._read(have, last))
            held = self._held[0] if len(self._held) == 1 else np.concatenate(self._held)
            rows = held[first - self._at : last - self._at]
            self._places[which] = last
            done = min(self._places)
            self._held, self._at = [held[done - self._at :]], done
            return rows

        return read


class Meter:
    """How much of the work is done, told as a share from 0 to 1. An exception of the listener stops the work."""

    def __init__(self, total: float, tell: Callable[[float], None] | None) -> None:
        """Nothing is done yet."""
        self._total, self._tell, self._done = total, tell, 0.0

    def add(self, work: float) -> None:
        """Some more is done."""
        self._done += work
        if self._tell is not None:
            self._tell(min(1.0, self._done / self._total))
