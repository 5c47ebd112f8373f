"""What pixels say of a picture's history: JPEG quality, block borders, enlargement, sharpness.

All measures are made on a few tiles of luminance at full resolution, spread over the picture and where it is
busiest, so that a large picture costs no more than a small one. The highest tile speaks for the picture: one
sharp face before a blurred background is a sharp picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from makeready.facts import PixelStudy, PlacedImage, Rect

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Gray = npt.NDArray[np.float32]
    #: Hands out a part of the picture in gray, 0 to 255: rows from, to, columns from, to, and every how-many-th pixel.
    Part = Callable[[int, int, int, int, int], Gray]

#: The costly facts that are gathered here: JPEG quality from a stream's header alone, or all of it.
NEEDS = frozenset({"jpeg", "pixels"})
#: Smaller pictures are icons: there is too little in them to measure.
LEAST_PX = 64
#: More pixels than this are not decoded for a study (250 MP of RGB take 750 MB).
MAX_PIXELS = 250_000_000
#: Block borders are only looked for in pictures of so many pixels a side: in smaller ones chance is as strong.
_LEAST_BLOCKS_PX = 256
#: Side of a tile, and how many are looked at.
TILE, TILES = 512, 9
#: The few that are told apart by spectrum: it is the costliest measure.
_SPECTRA = 6

_DQT, _SOS = 0xDB, 0xDA
_END_WITHIN = 1024
# ITU-T T.81, table K.1, in rows.
_LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
#: Where each number of a stored table belongs in rows (T.81, figure 5).
ZIGZAG = (
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61,
    54, 47, 55, 62, 63,
)  # fmt: skip

#: Spectra are cut into so many bands from nothing to the finest stripes that pixels can hold.
_BANDS = 32
#: A fall by so many decibels, held for four bands, is the end of detail. Photographs stay above it up to the last
#: band; what was enlarged twice or more falls by 20 to 35.
_FALL_DB = 15.0
_HELD_BANDS = 4
#: The fall is reached this much beyond the finest detail, as the kernels of image editors are not steep
#: (Lanczos 1.25 to 1.3, bicubic and bilinear 1.45 to 1.55).
_OVERSHOOT = 1.45
#: Edges crossed by more than this between two pixels (see ``sharpness``) come from no enlargement: twice by the
#: steepest kernel leaves 0.69. Drawings with few such edges among soft shading have spectra like enlarged ones.
_STEEP = 0.72
#: Of a repeated column or row, how little may differ from the one before, against its neighbours.
_REPEATED = 0.4
#: A picture of so few tones is a drawing: it may repeat its pixels on purpose.
_FEW_TONES = 16

#: The length of an edge's surroundings: its contrast is the range of tones within so many pixels.
_REACH = 16
#: Edges of less contrast drown in grain; fewer of them than this are no evidence.
_LEAST_CONTRAST, _LEAST_EDGES = 40.0, 100


@dataclass(frozen=True, slots=True)
class Measures:
    """What is said in ``PixelStudy``; ``None`` where it cannot be told."""

    blocking: float | None = None
    nominal: float | None = None
    sharpness: float | None = None


def told(
    image: PlacedImage, quality: int | None, measures: Measures, place: Rect | None, *, cut_short: bool = False
) -> PixelStudy:
    """The fact of what was measured of a picture, at the place where it shows."""
    return PixelStudy(
        page=image.page,
        name=image.name,
        object=image.object,
        width_px=image.width_px,
        height_px=image.height_px,
        quality=quality,
        blocking=measures.blocking,
        nominal=measures.nominal,
        sharpness=measures.sharpness,
        places=(place,) if place else (),
        cut_short=cut_short,
    )


def tables(jpeg: bytes) -> dict[int, tuple[int, ...]]:
    """The quantisation tables of a JPEG stream, up to its first scan (ITU-T T.81, B.1.1.4 and B.2.4.1)."""
    found: dict[int, tuple[int, ...]] = {}
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == _SOS:
            break
        if marker == _DQT:
            segment = jpeg[at + 4 : at + 2 + length]
            while segment:
                size = 2 if segment[0] >> 4 else 1
                body = segment[1 : 1 + size * len(ZIGZAG)]
                if len(body) == size * len(ZIGZAG):
                    numbers = range(0, len(body), size)
                    found[segment[0] & 15] = tuple(int.from_bytes(body[n : n + size], "big") for n in numbers)
                segment = segment[1 + size * len(ZIGZAG) :]
        at += 2 + max(length, 2)
    return found


def is_cut_short(jpeg: bytes) -> bool:
    """Whether the end mark (ITU-T T.81, B.1.1.3) is missing; programs leave a few bytes after it."""
    return b"\xff\xd9" not in jpeg[-_END_WITHIN:]


def quality(tables: Mapping[int, Sequence[int]]) -> int | None:
    """The quality setting of libjpeg, 1 to 100, whose luminance table is nearest to the first table of a JPEG.

    Exact for tables made by libjpeg. Those of other makers (Adobe, cameras) are held against them number by number,
    by ratio.

    Args:
        tables: by number, 64 values each in zigzag order, as ``jpeg.quantisation`` gives them.
    """
    import numpy as np

    whole = [tables[number] for number in sorted(tables) if len(tables[number]) == len(ZIGZAG)]
    if not whole or min(whole[0]) < 1:
        return None
    rows = np.empty(len(ZIGZAG))
    rows[list(ZIGZAG)] = whole[0]
    off = ((np.log(_standard()) - np.log(rows)) ** 2).sum(axis=1)
    return 1 + int(off.argmin())


@lru_cache(maxsize=1)
def _standard() -> npt.NDArray[np.float64]:
    """The luminance tables of qualities 1 to 100 (libjpeg, jcparam.c: jpeg_quality_scaling, jpeg_add_quant_table)."""
    import numpy as np

    setting = np.arange(1, 101)
    scale = np.where(setting < 50, 5000 // setting, 200 - 2 * setting)
    scaled = (np.array(_LUMINANCE)[None, :] * scale[:, None] + 50) // 100
    tables: npt.NDArray[np.float64] = np.clip(scaled, 1, 255).astype(np.float64)
    return tables


def measure(part: Part, width: int, height: int, *, blocks: bool = True) -> Measures:
    """Look at the tiles of a picture.

    Args:
        part: hands out gray pixels of it.
        width: of the picture in pixels.
        height: of the picture in pixels.
        blocks: also look for the borders of 8 × 8 blocks.
    """
    if min(width, height) <= LEAST_PX:
        return Measures()
    corners = _busiest(part, width, height)
    tiles = [part(y, min(y + TILE, height), x, min(x + TILE, width), 1) for y, x in corners]
    sharp = sharpness(tiles)
    blocks = blocks and min(width, height) >= _LEAST_BLOCKS_PX
    return Measures(
        blocking=blocking(list(zip(tiles, corners, strict=True))) if blocks else None,
        nominal=nominal(tiles, sharp),
        sharpness=sharp,
    )


def _busiest(part: Part, width: int, height: int) -> list[tuple[int, int]]:
    """Top left corners of the tiles to look at, the busiest first, found on every eighth pixel."""
    import numpy as np

    rows, columns = _starts(height), _starts(width)
    if len(rows) * len(columns) > TILES:
        coarse = part(0, height, 0, width, 8)
        steps = np.abs(np.diff(coarse, axis=1)[:-1]) + np.abs(np.diff(coarse, axis=0)[:, :-1])
    else:
        steps = np.zeros((0, 0), np.float32)
    side = TILE // 8

    def busy(corner: tuple[int, int]) -> float:
        y, x = corner[0] // 8, corner[1] // 8
        seen = steps[y : y + side, x : x + side]
        # Square root: many edges count for more than one strong one.
        return float(np.sqrt(seen).mean()) if seen.size else 0.0

    every = [(y, x) for y in rows for x in columns]
    return sorted(every, key=busy, reverse=True)[:TILES]


def _starts(length: int) -> list[int]:
    """Where tiles begin along one side, evenly spread, on multiples of eight so that blocks keep their places."""
    if length <= TILE:
        return [0]
    count = min(-(-length // TILE), 12)
    return [(length - TILE) * place // (count - 1) // 8 * 8 for place in range(count)]


def blocking(tiles: Sequence[tuple[Gray, tuple[int, int]]]) -> float | None:
    """The mean step across the borders of 8 × 8 blocks over the mean step elsewhere; 1 where there are no blocks.

    Of the eight places where the borders may lie, the strongest is taken, along and across; the weaker of the two
    directions counts, as blocks have borders in both. ``None`` for pictures without steps.

    Args:
        tiles: gray pixels, and the row and column in the picture where they begin.
    """
    import numpy as np

    found = []
    for axis in (0, 1):
        sums, counts = np.zeros(8), np.zeros(8)
        for tile, corner in tiles:
            # Real edges are far higher than block borders: without a ceiling they would hide them.
            steps = np.minimum(np.abs(np.diff(tile, axis=axis)), 16.0).mean(axis=1 - axis)
            places = (np.arange(len(steps)) + corner[axis]) % 8
            sums += np.bincount(places, steps, minlength=8)
            counts += np.bincount(places, minlength=8)
        means = sums / np.maximum(counts, 1)
        top = int(means.argmax())
        others = float(np.delete(means, top).mean())
        if others < 0.05:
            return None
        found.append(float(means[top]) / others)
    return min(found)


def nominal(tiles: Sequence[Gray], sharp: float | None = None) -> float | None:
    """The share of real pixels along a side, up to 1: where the spectrum ends, or how often pixels repeat.

    ``None`` where no tile has enough contrast to tell.

    Args:
        tiles: gray pixels, the busiest first.
        sharp: what ``sharpness`` says of them.
    """
    import numpy as np

    steep = sharp is not None and sharp > _STEEP
    shares: list[float] = []
    for tile in tiles[:_SPECTRA]:
        if min(tile.shape) <= LEAST_PX:
            continue
        if len(np.unique(tile.astype(np.uint8))) <= _FEW_TONES:
            continue
        ends = [end for end in (_end(levels) for levels in _spectra(tile)) if end is not None]
        if ends:
            shares.append(min(1.0 if steep else max(ends), _unrepeated(tile)))
    return max(shares, default=None)


def _spectra(tile: Gray) -> list[npt.NDArray[np.float64]]:
    """Levels in decibels over what rounding to 8 bits leaves, band by band, across and down.

    The spectrum of an edge falls with the square of the frequency; that is made good, so that sharp edges are level.
    """
    import numpy as np

    height, width = tile.shape
    window = np.hanning(height).astype(np.float32)[:, None] * np.hanning(width).astype(np.float32)[None, :]
    power = np.abs(np.fft.rfft2((tile - tile.mean()) * window)) ** 2
    rounding = float((window**2).sum()) / 12
    down = np.abs(np.fft.fftfreq(height))
    across = power[down < 0.25].mean(axis=0)
    along = power[: height // 2 + 1, : power.shape[1] // 2].mean(axis=1)
    centre = (np.arange(_BANDS) + 0.5) / _BANDS
    found = []
    for line in (across[1:], along[1:]):
        each = len(line) // _BANDS
        # The median leaves out single lines, such as the rhythm of JPEG's blocks.
        bands = np.median(line[: each * _BANDS].reshape(_BANDS, each), axis=1)
        above = np.maximum(bands - rounding, rounding / 30)
        found.append(10 * np.log10(above * centre**2 / rounding))
    return found


def _end(levels: npt.NDArray[np.float64]) -> float | None:
    """The share of the spectrum that holds detail; ``None`` where rounding alone would hide the end of it."""
    first = 2  # below are shapes and shading
    plateau = float(levels[first : _BANDS // 2].max())
    if plateau < _FALL_DB + 2:
        return None
    fallen = levels < plateau - _FALL_DB
    start = first + int(levels[first : _BANDS // 2].argmax())
    for band in range(start, _BANDS - _HELD_BANDS + 1):
        if fallen[band : band + _HELD_BANDS].all():
            return min(1.0, band / _BANDS / _OVERSHOOT)
    return 1.0


def _unrepeated(tile: Gray) -> float:
    """The share of columns or rows that are no copies of the one before, where the copies keep a rhythm; else 1."""
    import numpy as np

    shares = []
    for axis in (0, 1):
        steps = np.abs(np.diff(tile, axis=axis)).mean(axis=1 - axis)
        around = np.lib.stride_tricks.sliding_window_view(np.pad(steps, 4, mode="edge"), 9).max(axis=1)
        new = np.flatnonzero((steps >= _REPEATED * around) & (around > 0.2))
        gaps = np.diff(new)
        if len(gaps) < 8 or np.median(gaps) > 8:
            return 1.0
        # 2 2 2 2, or 1 2 1 2 where the factor is no whole number: what is drawn or built has no such rhythm.
        factor = float(gaps.mean())
        regular = np.mean((gaps >= np.floor(factor)) & (gaps <= np.ceil(factor)))
        shares.append(1 / factor if regular > 0.9 else 1.0)
    return max(shares)


def sharpness(tiles: Sequence[Gray]) -> float | None:
    """How much of its contrast an edge crosses from one pixel to the next, in the sharpest tile.

    1 is a step; an edge blurred by a Gaussian of sigma pixels has 0.4 / sigma. Contrast is the range of tones within
    16 pixels along the row or column; edges of less than 40 levels are left to the grain. ``None`` without edges.
    """
    import numpy as np

    found = []
    for tile in tiles:
        for lines in (tile[::2], tile.T[::2]):
            if lines.shape[1] <= 2 * _REACH:
                continue
            most, least = lines, lines
            reach = 1
            while reach < _REACH:  # the range over 2, 4, 8, 16 pixels
                most = np.maximum(most[:, reach:], most[:, :-reach])
                least = np.minimum(least[:, reach:], least[:, :-reach])
                reach *= 2
            contrast = most - least
            # The step in the middle of the same 16 pixels.
            middle = _REACH // 2
            steps = np.abs(np.diff(lines, axis=1))[:, middle - 1 : middle - 1 + contrast.shape[1]]
            strong = contrast >= _LEAST_CONTRAST
            # One place an edge: where the step is the steepest of the three.
            peak = strong[:, 1:-1] & (steps[:, 1:-1] >= steps[:, :-2]) & (steps[:, 1:-1] >= steps[:, 2:])
            ratios = steps[:, 1:-1][peak] / contrast[:, 1:-1][peak]
            if len(ratios) >= _LEAST_EDGES:
                found.append(float(np.percentile(ratios, 95)))
    return max(found, default=None)
