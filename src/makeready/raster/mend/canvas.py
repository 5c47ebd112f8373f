"""Pictures as pixels for edits: sRGB of 8 bits with opacity, laid on each other and written again."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyvips

from makeready.changes import Refusal
from makeready.errors import UsageError
from makeready.raster.mend import kept, metadata, screen
from makeready.raster.mend.kept import Origin
from makeready.raster.mend.save import save as written
from makeready.raster.mend.save import too_much
from makeready.raster.mend.working import Working
from makeready.upscale import lanczos

if TYPE_CHECKING:
    #: Height × width × 4, ``uint8``.
    Pixels = npt.NDArray[np.uint8]
    Box = tuple[int, int, int, int]

#: The most pixels of a picture: edits hold all of it in memory, some five times.
MOST_PIXELS = 250_000_000
#: Pixels that are composed at a time.
_STRIP = 1_000_000
#: Of a subject, pixels of less opacity (of 255) do not count for its box.
_SEEN = 5
#: What is wholly opaque, by the kind of number.
_OPAQUE = {"ushort": 65_535, "short": 32_767, "float": 1, "double": 1}
#: Added to values before their proportion is taken: next to black, proportions are noise.
_LIFT = 8.0
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WebP", ".tif": "TIFF", ".tiff": "TIFF"}


def pixels(work: Working) -> Pixels:
    """What a picture on the bench looks like, upright.

    Raises:
        Refusal: it cannot be decoded here, or is too large to be held in memory.
        UnreadableFile: it is damaged.
    """
    across, down = work.size
    if across * down > MOST_PIXELS:
        raise Refusal(
            f"it has {across * down / 1e6:.0f} megapixels, and pictures of up to {MOST_PIXELS / 1e6:.0f} are edited: "
            "make it smaller first"
        )
    image = work.image.autorot()
    if image.hasalpha():
        opacity = image.extract_band(image.bands - 1)
        if opacity.format != "uchar":
            opacity = (opacity * (255 / _OPAQUE[opacity.format])).rint().cast("uchar")
        image = image.extract_band(0, n=image.bands - 1).copy(interpretation=image.interpretation)
    else:
        opacity = (pyvips.Image.black(image.width, image.height) + 255).cast("uchar")
    found: Pixels = screen.srgb(image).bandjoin(opacity).numpy()
    return np.ascontiguousarray(found)


@contextmanager
def opened(given: Any, max_pixels: int | None = None) -> Iterator[tuple[Pixels, Origin]]:
    """The pixels of whatever was given, and where it came from, for ``save``; one clear pixel of nothing.

    Raises:
        Refusal: it cannot be decoded here.
        TooLarge: it has more pixels than may be.
        UnreadableFile: it is damaged, or no picture.
        UsageError: the array is no picture.
    """
    if given is None:
        yield clear(1, 1), Origin()
        return
    if isinstance(given, np.ndarray):
        yield _from_array(given), Origin()
        return
    source = Path(given) if isinstance(given, str | Path) else given if isinstance(given, bytes) else given.read()
    with tempfile.TemporaryDirectory(prefix="makeready-") as folder:
        from makeready import raster

        raster.read(source, max_pixels=max_pixels)
        work = Working(source, Path(folder))
        try:
            found = pixels(work), kept.origin(work)
        finally:
            work.close()
    yield found


def _from_array(given: npt.NDArray[Any]) -> Pixels:
    if given.ndim != 3 or given.shape[2] not in (3, 4) or 0 in given.shape:
        raise UsageError("Pixels are height × width × 3 or 4.", f"These are {' × '.join(map(str, given.shape))}.")
    if given.dtype not in (np.uint8, np.uint16) and given.dtype.kind != "f":
        raise UsageError(f"Pixels are uint8, uint16 or floats, not {given.dtype}.")
    result = np.full((*given.shape[:2], 4), 255, np.uint8)
    for rows in _strips(result):
        part = given[rows]
        if given.dtype == np.uint16:
            part = np.rint(part / np.float32(257))
        elif given.dtype.kind == "f":
            if not np.isfinite(part).all():
                raise UsageError("Pixels are numbers from 0 to 1.", "Some of these are infinite, or no numbers.")
            part = np.rint(np.clip(part, 0, 1) * 255)
        result[rows, :, : given.shape[2]] = part
    return result


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


def placed(picture: Pixels, source: Box, target: Box, width: int, height: int, window: Box | None = None) -> Pixels:
    """A picture laid into a larger or smaller one, so that a part of it fills a given place.

    Args:
        picture: what is laid.
        source: a part of it: left, top, right and bottom.
        target: where that part comes to lie in the result; it may reach beyond it.
        width: pixels across of the result.
        height: pixels down of the result.
        window: of the result, what the picture may cover; all of it where it is ``None``.

    Returns:
        The result, clear where the picture does not reach. What lies around ``source`` is laid around ``target`` in
        the same scale, up to the pixels whose middle it covers. Only what is seen is calculated: however much a
        picture is enlarged, it takes the memory of the result.
    """
    seen = window or (0, 0, width, height)
    (x0, x1, left, right), (y0, y1, top, bottom) = (
        _seen(picture.shape[1 - axis], source[axis::2], target[axis::2], seen[axis::2]) for axis in (0, 1)
    )
    result = clear(width, height)
    if x0 >= x1 or y0 >= y1:
        return result
    if (source[2] - source[0], source[3] - source[1]) == (target[2] - target[0], target[3] - target[1]):
        result[y0:y1, x0:x1] = picture[int(top) : int(bottom), int(left) : int(right)]
    else:
        box = (float(left), float(top), float(right), float(bottom))
        result[y0:y1, x0:x1] = lanczos.resize(picture, x1 - x0, y1 - y0, alpha=True, box=box)
    return result


def _seen(
    size: int, source: Sequence[int], target: Sequence[int], window: Sequence[int]
) -> tuple[int, int, Fraction, Fraction]:
    """The pixels of a result, from and to, that a side of a picture covers when a part of it goes to a place; and
    from where to where in the picture they are taken.
    """
    ratio = Fraction(source[1] - source[0], target[1] - target[0])
    half = Fraction(1, 2)
    first = max(window[0], math.ceil(target[0] - source[0] / ratio - half))
    last = min(window[1], math.floor(target[1] + (size - source[1]) / ratio + half))
    return first, last, source[0] + (first - target[0]) * ratio, source[0] + (last - target[0]) * ratio


def outside(layer: Pixels, subject: Pixels) -> Pixels:
    """A layer without what of it lies before the subject: as much of each pixel is left as the subject leaves free."""
    result = layer.copy()
    for rows in _strips(layer):
        free = 255 - subject[rows, :, 3].astype(np.uint16)
        result[rows, :, 3] = (result[rows, :, 3] * free + 127) // 255
    return result


def recoloured(subject: Pixels, before: Pixels, after: Pixels) -> Pixels:
    """A subject whose picture got other colours: each value changes in the proportion in which the picture's does.

    Where the subject has the picture's colours it gets its new ones exactly. At its edge, where the background's share
    was taken out of it, that stays out.
    """
    result = subject.copy()
    for rows in _strips(subject):
        was, becomes = (part[rows, :, :3].astype(np.float32) + _LIFT for part in (before, after))
        own = subject[rows, :, :3].astype(np.float32) + _LIFT
        result[rows, :, :3] = np.rint(own * (becomes / was) - _LIFT).clip(0, 255)
    return result


def _strips(picture: Pixels) -> Iterator[slice]:
    """Rows that are calculated together."""
    height, width = picture.shape[:2]
    step = max(1, _STRIP // width)
    return (slice(top, top + step) for top in range(0, height, step))


def composed(layers: Sequence[Pixels]) -> Pixels:
    """Layers laid over each other, the first one at the bottom (W. Porter and T. Duff, "Compositing Digital Images",
    1984: *over*), in the values of sRGB, as every design program does it.

    Args:
        layers: of one size.
    """
    result = layers[0].copy()
    for rows in _strips(result):
        below = result[rows].astype(np.float32) / 255
        colour, opacity = below[..., :3] * below[..., 3:], below[..., 3:]
        for layer in layers[1:]:
            if not layer[rows, :, 3].any():
                continue
            above = layer[rows].astype(np.float32) / 255
            colour = above[..., :3] * above[..., 3:] + colour * (1 - above[..., 3:])
            opacity = above[..., 3:] + opacity * (1 - above[..., 3:])
        bare = np.divide(colour, opacity, out=np.zeros_like(colour), where=opacity > 0)
        result[rows, :, :3] = np.rint(bare * 255).clip(0, 255)
        result[rows, :, 3:] = np.rint(opacity * 255).clip(0, 255)
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


def lay(work: Working, drawn: Pixels, export: Any, origin: Origin) -> None:
    """Put pixels back onto the bench, and say how they are written; opaque ones without a channel of opacity.

    Args:
        work: the bench.
        drawn: the pixels.
        export: ``makeready.edit.scene.Export``.
        origin: what the picture said before the first edit.

    Raises:
        Refusal: the format that was asked for has no room for them; then nothing is changed.
    """
    image = _image(drawn, export, origin)
    if export.format is not None and (what := too_much(export.format, image)):
        raise Refusal(f"a {export.format} cannot hold {what}: ask for a smaller result, or for another format")
    work.image = image
    work.density = (export.dpi, export.dpi) if export.dpi else origin.density
    work.qualities = export.quality
    if export.format is not None:
        work.save_as(export.format)


def save(drawn: Pixels, path: Path, export: Any, origin: Origin) -> None:
    """Write pixels as a picture file, as ``Working.save`` does. What is clear becomes white in a JPEG.

    Args:
        drawn: the pixels.
        path: the file; its ending names the format, where ``export`` does not.
        export: ``makeready.edit.scene.Export``.
        origin: what the picture said before the edits.

    Raises:
        UsageError: files of that kind are not written, or have no room for the picture.
        OSError: it cannot be written.
    """
    format = export.format or _FORMATS.get(path.suffix.lower())
    if format is None:
        raise UsageError(f"Files that end with {path.suffix!r} are not written.", f"These are: {', '.join(_FORMATS)}.")
    image = _image(drawn, replace(export, format=format), origin)
    if what := too_much(format, image):
        raise UsageError(f"A {format} cannot hold {what}.", "Ask for a smaller result, or for another format.")
    density = (export.dpi, export.dpi) if export.dpi else origin.density
    written(image, path, format, None, density, quality=export.quality.get(format))


def _image(drawn: Pixels, export: Any, origin: Origin) -> pyvips.Image:
    """A libvips picture with what it is to say of itself."""
    if export.format == "JPEG":
        drawn = composed([np.full_like(drawn, 255), drawn]) if see_through(drawn) else drawn
    solid = drawn if see_through(drawn) else np.ascontiguousarray(drawn[..., :3])
    image = pyvips.Image.new_from_array(solid).copy(interpretation="srgb")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", metadata.srgb_profile())
    return kept.with_kept(image, origin, export.metadata)


def see_through(drawn: Pixels) -> bool:
    """Whether any of it is not opaque."""
    return bool((drawn[..., 3] < 255).any())
