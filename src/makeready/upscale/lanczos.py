"""Lanczos resampling of pixels, up and down, in strips, so that a picture of any size takes little memory.

The kernel is Lanczos-3, sinc(x) · sinc(x/3) for |x| < 3, widened by the ratio when pixels become fewer, its weights
made to add up to 1 (C. E. Duchon, "Lanczos Filtering in One and Two Dimensions", 1979; K. Turkowski, "Filters for
Common Resampling Tasks", 1990). Pixels are areas: the edges of the picture stay where they are. Both directions are
added up in ``float32`` and rounded once, at the end.

Pillow rounds and cuts off between the two directions, which costs up to 11 levels beside hard edges; libvips takes
another kernel when it enlarges. Each block of output is a small matrix product here, which numpy hands to BLAS: that
is exact to one level and takes a third of their time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from makeready.errors import UsageError
from makeready.models.session import processors

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    #: Height × width × channels, or height × width; ``uint8``, ``uint16``, or ``float32`` from 0 to 1.
    Pixels = npt.NDArray[Any]
    Floats = npt.NDArray[np.float32]

#: Half the width of the kernel, in pixels of the coarser of the two pictures.
SUPPORT = 3
#: Columns and rows of a block of output. Larger blocks multiply more zeros, smaller ones cost more calls.
_ACROSS, _DOWN = 16, 8
#: Multiplications of one matrix product. More than 2^18, and OpenBLAS starts threads of its own below ours: the two
#: wait for each other, which was measured to cost up to thirty times the work. It fits the processor's cache, too.
_PRODUCT = 250_000
#: Rows of a strip of output, and about how many values of the source it may need at once.
_STRIP, _STRIP_VALUES = 128, 8_000_000


def side(pixels: int, factor: float) -> int:
    """Pixels along a side after resampling by a factor: as many as it takes, and none for a rounding error.

    Densities in headers are rounded (100 ppi are 3937 pixels a metre in a PNG): a ten-thousandth is not one.
    """
    wanted = pixels * factor
    nearest = round(wanted)
    return max(1, nearest if nearest >= wanted * (1 - 1e-4) else nearest + 1)


def resize(
    pixels: Pixels,
    width: int,
    height: int,
    *,
    alpha: bool = False,
    box: tuple[float, float, float, float] | None = None,
) -> Pixels:
    """A picture with other numbers of pixels.

    Values are taken as they are stored: gray stays gray, ink stays ink, and no profile is looked at.

    Args:
        pixels: height × width, or height × width × channels; ``uint8``, ``uint16``, or floats from 0 to 1.
        width: pixels across of the result.
        height: pixels down of the result.
        alpha: the last channel is opacity: colours count as much as they cover, so that what lies hidden under
            clear pixels leaves no fringe.
        box: left, top, right and bottom of the part of the picture that becomes the result, anywhere between pixels;
            all of it where it is left out. Pixels around it count where the kernel reaches them.

    Returns:
        The same kind of array; floats come back as ``float32``.

    Raises:
        UsageError: an empty picture, another kind of number, or a size below one pixel.
    """
    import numpy as np

    if pixels.dtype.kind == "f":
        pixels = pixels.astype(np.float32, copy=False)
    if pixels.ndim not in (2, 3):
        raise UsageError("A picture has rows, columns and channels.", "Give an array of two or three dimensions.")
    solid = pixels if pixels.ndim == 3 else pixels[:, :, None]
    plan = _Plan.of(solid.shape[1], solid.shape[0], width, height, solid.shape[2], solid.dtype, alpha, box)
    result = np.empty((height, width, solid.shape[2]), solid.dtype)

    def make(low: int, high: int) -> None:
        first, last = plan.needed(low, high)
        plan.make(solid[first:last], low, high, result[low:high])

    spans = list(plan.spans())
    if len(spans) == 1:
        make(*spans[0])
    else:
        with ThreadPoolExecutor(processors()) as pool:
            for done in [pool.submit(make, *span) for span in spans]:
                done.result()
    return result if pixels.ndim == 3 else result[:, :, 0]


def strips(
    read_rows: Callable[[int, int], Pixels],
    width: int,
    height: int,
    new_width: int,
    new_height: int,
    *,
    channels: int,
    dtype: npt.DTypeLike,
    alpha: bool = False,
) -> Iterator[Pixels]:
    """The rows of the result from top to bottom, a strip at a time: the same as ``resize`` gives.

    Args:
        read_rows: gives the rows from, to (not included) as rows × width × channels. It is called from one thread,
            and asked for each row once, from top to bottom.
        width: pixels across of the source.
        height: pixels down of the source.
        new_width: pixels across of the result.
        new_height: pixels down of the result.
        channels: values of a pixel.
        dtype: ``uint8``, ``uint16`` or ``float32``, of the source and of the result.
        alpha: the last channel is opacity.

    Raises:
        UsageError: as ``resize``.
    """
    import numpy as np

    plan = _Plan.of(width, height, new_width, new_height, channels, np.dtype(dtype), alpha)
    held, at = np.empty((0, width, channels), dtype), 0
    waiting: deque[Future[Pixels]] = deque()

    def make(source: Pixels, low: int, high: int) -> Pixels:
        made = np.empty((high - low, new_width, channels), dtype)
        plan.make(source, low, high, made)
        return made

    with ThreadPoolExecutor(processors()) as pool:
        for low, high in plan.spans():
            first, last = plan.needed(low, high)
            have = at + len(held)
            if last > have:
                # Rows that no strip needs are read and dropped, so that the source is read in one go.
                fresh = read_rows(have, last).reshape(last - have, width, channels)
                held = np.concatenate([held[first - at :], fresh[max(0, first - have) :]])
            else:
                held = held[first - at :]
            at = first
            waiting.append(pool.submit(make, held[: last - first], low, high))
            if len(waiting) > processors():
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of output along one axis, the stretch of source it is made of, and its weights.

    They are output × source down, source × output across: so the source is multiplied as it lies in memory.
    """

    low: int
    high: int
    first: int
    last: int
    weights: Floats


@dataclass(frozen=True, slots=True)
class _Plan:
    """How every block of the result is made."""

    across: tuple[_Span, ...]
    down: tuple[_Span, ...]
    channels: int
    #: The largest value that the picture's numbers can have.
    top: float
    alpha: bool
    #: Blocks down that make a strip.
    together: int
    #: The direction that leaves less to do comes first.
    fewer_rows: bool

    @classmethod
    def of(
        cls,
        width: int,
        height: int,
        new_width: int,
        new_height: int,
        channels: int,
        dtype: np.dtype[Any],
        alpha: bool,
        box: tuple[float, float, float, float] | None = None,
    ) -> _Plan:
        import numpy as np

        if min(width, height, new_width, new_height, channels) < 1:
            raise UsageError("A picture needs at least one pixel.", "Give a width and a height of 1 or more.")
        tops = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
        if dtype.name not in tops:
            raise UsageError(f"Pixels cannot be {dtype.name}.", "Give uint8, uint16, or floats from 0 to 1.")
        left, top, right, bottom = box or (0, 0, width, height)
        down = _spans(height, new_height, _DOWN, top, bottom)
        # The channels of a pixel lie next to each other: each takes its own and nothing of the others.
        apart = np.eye(channels, dtype=np.float32)
        across = tuple(
            replace(span, weights=np.kron(span.weights.T, apart))
            for span in _spans(width, new_width, _ACROSS, left, right)
        )
        rows = max(span.last - span.first for span in down)
        values = rows * channels * max(width, new_width)
        together = max(1, min(_STRIP // _DOWN, _STRIP_VALUES // values))
        return cls(across, down, channels, tops[dtype.name], alpha, together, new_height < height)

    def spans(self) -> Iterator[tuple[int, int]]:
        """The strips of output: rows from, to."""
        for start in range(0, len(self.down), self.together):
            part = self.down[start : start + self.together]
            yield part[0].low, part[-1].high

    def _blocks(self, low: int, high: int) -> tuple[_Span, ...]:
        return self.down[low // _DOWN : -(-high // _DOWN)]

    def needed(self, low: int, high: int) -> tuple[int, int]:
        """The rows of the source that a strip is made of."""
        blocks = self._blocks(low, high)
        return blocks[0].first, blocks[-1].last

    def make(self, source: Pixels, low: int, high: int, result: Pixels) -> None:
        """Fill a strip of the result, rows ``low`` to ``high``, from the rows it needs."""
        import numpy as np

        first, _ = self.needed(low, high)
        values = source.astype(np.float32)
        if self.alpha:
            values[..., :-1] *= values[..., -1:] / self.top
        rows, flat = values.reshape(len(source), -1), result.reshape(high - low, -1)
        blocks = self._blocks(low, high)
        if self.fewer_rows:
            short = np.empty((high - low, rows.shape[1]), np.float32)
            for block, left, right in self._parts(blocks, rows.shape[1]):
                into = short[block.low - low : block.high - low, left:right]
                np.matmul(block.weights, rows[block.first - first : block.last - first, left:right], out=into)
            flat[:] = self._finished(self._widened(short))
        else:
            wide = self._widened(rows)
            for block, left, right in self._parts(blocks, wide.shape[1]):
                made = block.weights @ wide[block.first - first : block.last - first, left:right]
                flat[block.low - low : block.high - low, left:right] = self._finished(made)

    def _parts(self, blocks: Iterable[_Span], width: int) -> Iterator[tuple[_Span, int, int]]:
        """Blocks of rows, cut across into parts that are one matrix product each."""
        for block in blocks:
            run = max(1, _PRODUCT // block.weights.size // self.channels) * self.channels
            for left in range(0, width, run):
                yield block, left, min(left + run, width)

    def _widened(self, rows: Floats) -> Floats:
        """Rows resampled across."""
        import numpy as np

        wide = np.empty((len(rows), self.across[-1].high * self.channels), np.float32)
        for span in self.across:
            part = rows[:, span.first * self.channels : span.last * self.channels]
            into = wide[:, span.low * self.channels : span.high * self.channels]
            run = max(1, _PRODUCT // span.weights.size)
            for up in range(0, len(rows), run):
                np.matmul(part[up : up + run], span.weights, out=into[up : up + run])
        return wide

    def _finished(self, made: Floats) -> Floats:
        """Values within their range; those that become whole numbers moved so that cutting off rounds."""
        import numpy as np

        if self.alpha:
            pixels = made.reshape(len(made), -1, self.channels)
            opacity = pixels[..., -1:]
            pixels[..., :-1] *= self.top / np.where(opacity > 0, opacity, np.inf)
        if self.top == 1:
            return np.clip(made, 0, 1, out=made)
        made += 0.5
        return np.clip(made, 0, self.top + 0.5, out=made)


def _spans(old: int, new: int, block: int, start: float, stop: float) -> tuple[_Span, ...]:
    """One axis in blocks; the result is made of what lies between ``start`` and ``stop``."""
    import numpy as np

    ratio = (stop - start) / new
    wider = max(ratio, 1.0)
    found = []
    for low in range(0, new, block):
        high = min(low + block, new)
        centres = start + (np.arange(low, high) + 0.5) * ratio
        first = min(old - 1, max(0, int(np.floor(centres[0] - SUPPORT * wider))))
        last = max(first + 1, min(old, int(np.ceil(centres[-1] + SUPPORT * wider))))
        away = (np.arange(first, last) + 0.5 - centres[:, None]) / wider
        weights = np.where(np.abs(away) < SUPPORT, np.sinc(away) * np.sinc(away / SUPPORT), 0)
        weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
        found.append(_Span(low, high, first, last, weights))
    return tuple(found)
