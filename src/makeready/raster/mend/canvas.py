"""Pictures as pixels for edits: sRGB of 8 bits with opacity, laid on each other and written again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyvips

from makeready.changes import Refusal
from makeready.raster.mend import screen
from makeready.raster.mend.working import Working
from makeready.upscale import lanczos

if TYPE_CHECKING:
    #: Height × width × 4, ``uint8``.
    Pixels = npt.NDArray[np.uint8]
    Box = tuple[int, int, int, int]

#: Pixels that are composed at a time.
_STRIP = 1_000_000
#: Of a subject, pixels of less opacity (of 255) do not count for its box.
_SEEN = 5


def pixels(work: Working) -> Pixels:
    """What a picture on the bench looks like, upright.

    Raises:
        Refusal: it cannot be decoded here.
        UnreadableFile: it is damaged.
    """
    image = work.image.autorot()
    opacity = image.extract_band(image.bands - 1) if image.hasalpha() else None
    bare = image.extract_band(0, n=image.bands - 1).copy(interpretation=image.interpretation) if opacity else image
    seen = screen.srgb(bare)
    if opacity is None:
        opacity = (pyvips.Image.black(seen.width, seen.height) + 255).cast("uchar")
    elif opacity.format == "ushort":
        opacity = (opacity / 257).rint().cast("uchar")
    elif opacity.format != "uchar":
        opacity = (opacity * 255).rint().cast("uchar")
    found: Pixels = seen.bandjoin(opacity).numpy()
    return np.ascontiguousarray(found)


@contextmanager
def opened(given: Any, max_pixels: int | None = None) -> Iterator[tuple[Pixels, Any]]:
    """The pixels of whatever was given, and where it came from, for ``save``.

    Raises:
        Refusal: it cannot be decoded here.
        TooLarge: it has more pixels than may be.
        UnreadableFile: it is damaged, or no picture.
        UsageError: the array is no picture.
    """
    if isinstance(given, np.ndarray):
        yield _from_array(given), None
        return
    source = Path(given) if isinstance(given, str | Path) else given if isinstance(given, bytes) else given.read()
    with tempfile.TemporaryDirectory(prefix="makeready-") as folder:
        from makeready import raster

        raster.read(source, max_pixels=max_pixels)
        work = Working(source, Path(folder))
        try:
            yield pixels(work), work.header
        finally:
            work.close()


def _from_array(given: npt.NDArray[Any]) -> Pixels:
    from makeready.errors import UsageError

    if given.ndim != 3 or given.shape[2] not in (3, 4) or 0 in given.shape:
        raise UsageError("Pixels are height × width × 3 or 4.", f"These are {' × '.join(map(str, given.shape))}.")
    if given.dtype == np.uint16:
        given = np.rint(given / 257.0)
    elif given.dtype.kind == "f":
        given = np.rint(np.clip(given, 0, 1) * 255.0)
    elif given.dtype != np.uint8:
        raise UsageError(f"Pixels are uint8, uint16 or floats, not {given.dtype}.")
    given = given.astype(np.uint8)
    if given.shape[2] == 4:
        return np.ascontiguousarray(given)
    return np.dstack([given, np.full(given.shape[:2], 255, np.uint8)])


def clear(width: int, height: int) -> Pixels:
    """Nothing, in some size."""
    return np.zeros((height, width, 4), np.uint8)


def box_of(subject: Pixels) -> Box:
    """Left, top, right and bottom of what is seen of a subject.

    Raises:
        Refusal: nothing is.
    """
    seen = subject[..., 3] >= _SEEN
    across, down = np.flatnonzero(seen.any(axis=0)), np.flatnonzero(seen.any(axis=1))
    if not len(across):
        raise Refusal("there is no subject to place: nothing of it is opaque")
    return int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1


def placed(picture: Pixels, source: Box, target: Box, width: int, height: int) -> Pixels:
    """A picture laid into a larger or smaller one, so that a part of it fills a given place exactly.

    Args:
        picture: what is laid.
        source: a part of it: left, top, right and bottom.
        target: where that part comes to lie in the result; it may reach beyond it.
        width: pixels across of the result.
        height: pixels down of the result.

    Returns:
        The result, clear where the picture does not reach. What lies around ``source`` is laid around ``target`` in
        the same scale; its outer edges lie on whole pixels.
    """
    across, down = (target[2] - target[0]) / (source[2] - source[0]), (target[3] - target[1]) / (source[3] - source[1])
    tall, wide = picture.shape[:2]
    left, top = round(target[0] - source[0] * across), round(target[1] - source[1] * down)
    right, bottom = round(target[2] + (wide - source[2]) * across), round(target[3] + (tall - source[3]) * down)
    full = (max(1, right - left), max(1, bottom - top))
    result = clear(width, height)
    if left >= width or top >= height or right <= 0 or bottom <= 0:
        return result
    part, at = _visible(picture, (left, top, *full), width, height)
    if part.shape[1::-1] != at[2:]:
        part = lanczos.resize(part, at[2], at[3], alpha=True)
    x, y = at[0], at[1]
    x0, y0, x1, y1 = max(0, x), max(0, y), min(width, x + at[2]), min(height, y + at[3])
    result[y0:y1, x0:x1] = part[y0 - y : y1 - y, x0 - x : x1 - x]
    return result


def _visible(
    picture: Pixels, at: tuple[int, int, int, int], width: int, height: int
) -> tuple[Pixels, tuple[int, int, int, int]]:
    """The part of a picture that is seen when it is laid somewhere, and where that part lies; some more at its edges.

    A small part that is enlarged much does not become a picture that no memory holds.
    """
    left, top, across, down = at
    tall, wide = picture.shape[:2]
    if across <= 2 * width and down <= 2 * height:
        return picture, at
    cut = []
    for start, size, count, limit in ((left, across, wide, width), (top, down, tall, height)):
        scale = size / count
        first = max(0, int(-start / scale) - 4)
        last = min(count, int((limit - start) / scale) + 5)
        cut.append((first, last, round(start + first * scale), round(start + last * scale)))
    (x0, x1, left, right), (y0, y1, top, bottom) = cut
    return picture[y0:y1, x0:x1], (left, top, max(1, right - left), max(1, bottom - top))


def composed(layers: Sequence[Pixels]) -> Pixels:
    """Layers laid over each other, the first one at the bottom (W. Porter and T. Duff, "Compositing Digital Images",
    1984: *over*), in the values of sRGB, as every design program does it.

    Args:
        layers: of one size.
    """
    result = layers[0].copy()
    height, width = result.shape[:2]
    step = max(1, _STRIP // width)
    for top in range(0, height, step):
        rows = slice(top, top + step)
        below = result[rows].astype(np.float32) / 255
        colour, opacity = below[..., :3] * below[..., 3:], below[..., 3:]
        for layer in layers[1:]:
            above = layer[rows].astype(np.float32) / 255
            colour = above[..., :3] * above[..., 3:] + colour * (1 - above[..., 3:])
            opacity = above[..., 3:] + opacity * (1 - above[..., 3:])
        bare = np.divide(colour, opacity, out=np.zeros_like(colour), where=opacity > 0)
        result[rows] = np.rint(np.concatenate([bare, opacity], axis=2) * 255).clip(0, 255).astype(np.uint8)
    return result


def blurred(values: npt.NDArray[Any], sigma: float) -> npt.NDArray[np.float32]:
    """A Gaussian blur of some planes; beyond its edges the picture goes on as it is there.

    Args:
        values: height × width, or height × width × planes.
        sigma: in pixels.
    """
    solid = np.ascontiguousarray(values.astype(np.float32, copy=False))
    if sigma < 0.1:
        return solid
    image = pyvips.Image.new_from_array(solid).gaussblur(sigma, precision="float", min_ampl=0.005)
    found: npt.NDArray[np.float32] = image.numpy().reshape(solid.shape)
    return found


def lay(work: Working, drawn: Pixels, export: Any) -> None:
    """Put pixels back onto the bench; opaque ones without a channel of opacity.

    Raises:
        Refusal: the format that was asked for has no room for them.
    """
    image = _image(drawn)
    work.image = image
    if export.format is not None:
        work.save_as(export.format)


def save(drawn: Pixels, path: Path, export: Any, origin: Any) -> None:
    """Write pixels as a picture file.

    Raises:
        UsageError: files of that kind are not written, or have no room for transparency.
        OSError: it cannot be written.
    """
    from makeready.errors import UsageError
    from makeready.raster.mend.save import suffix_of, write

    del origin
    kinds = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WebP", ".tif": "TIFF", ".tiff": "TIFF"}
    format = export.format or kinds.get(path.suffix.lower())
    if format is None:
        raise UsageError(f"Files that end with {path.suffix!r} are not written.", f"These are: {', '.join(kinds)}.")
    assert suffix_of(format)
    write(_image(drawn), path, format)


def _image(drawn: Pixels) -> pyvips.Image:
    solid = drawn if (drawn[..., 3] < 255).any() else np.ascontiguousarray(drawn[..., :3])
    return pyvips.Image.new_from_array(solid).copy(interpretation="srgb")
