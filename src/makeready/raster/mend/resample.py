"""A picture file given more or fewer pixels: row by row, so that a result of any size takes little memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import pyvips

from makeready import study
from makeready.changes import Refusal
from makeready.raster.mend.working import Working
from makeready.upscale import lanczos
from makeready.upscale.recipe import Recipe
from makeready.upscale.run import Prepared, prepare

if TYPE_CHECKING:
    import numpy.typing as npt

#: What libvips calls the kinds of number that pixels are made of, and numpy.
_KINDS = {"uchar": "uint8", "ushort": "uint16"}
#: Of black and white, 0 and 255.
_MIDDLE = 128
#: Lab of 16 bits: lightness from 0, the others to both sides of it.
_SIGNED = "short"
#: The height of a page of a file of several: of the old picture, it would cut the new one up.
_PAGES = "page-height"
#: Setting it sets all that it says too, among it how to hold a picture that was turned upright since: it comes first.
_EXIF = "exif-data"
#: Noise is measured in bands of so many rows from all over the picture, of so many values in all.
_BAND, _SAMPLE = 64, 4_000_000

#: What makes the new pixels: called with pixels across and down before and after, ``sample`` and ``jpeg_quality`` (see
#: ``makeready.upscale.prepare``).
Making = Callable[..., Prepared]
LANCZOS: Making = partial(prepare, "lanczos")


def resize(
    work: Working,
    width: int,
    height: int,
    making: Making = LANCZOS,
    progress: Callable[[float], None] | None = None,
) -> Recipe:
    """Resample the picture; colours count as much as they cover where it has transparency.

    The density follows, so that the printed size stays.

    Args:
        work: the picture.
        width: pixels across that it is to have, as stored.
        height: pixels down.
        making: what makes the new pixels.
        progress: told the share that is done, 0 to 1; what it raises stops the work.

    Returns:
        What was done.

    Raises:
        Refusal: it is line art, or its numbers are of another kind than 8 or 16 bits.
        UnreadableFile: it is damaged.
        MissingDependency: weights or an engine are not installed; nothing was changed.
    """
    if work.line_art:
        raise Refusal("line art of one bit is never given new tones")
    image = work.image
    signed = image.format == _SIGNED
    dtype = "uint16" if signed else whole_numbers(image)
    alpha = bool(image.hasalpha())

    def read(first: int, last: int) -> npt.NDArray[Any]:
        return _lifted(rows(image, first, last)) if signed else rows(image, first, last)

    quality = study.quality(work.header.quantisation) if work.header.quantisation else None
    sample = _sample(read, image)[..., : image.bands - alpha]
    ready = making(image.width, image.height, width, height, sample=sample, jpeg_quality=quality)
    made = ready.strips(read, channels=image.bands, dtype=dtype, alpha=alpha, colour=work.model, progress=progress)
    work.resize(written(work, image, map(_lowered, made) if signed else made, width, height))
    return ready.recipe


def _sample(read: Callable[[int, int], npt.NDArray[Any]], image: pyvips.Image) -> npt.NDArray[Any]:
    """Rows from all over the picture."""
    import numpy as np

    count = max(1, _SAMPLE // (_BAND * image.width * image.bands))
    if count * _BAND >= image.height:
        return read(0, image.height)
    tops = np.linspace(0, image.height - _BAND, count + 2)[1:-1].astype(int)
    return np.concatenate([read(top, top + _BAND) for top in tops])


def refine(work: Working, factor: float) -> tuple[int, int]:
    """Give line art finer steps: enlarged as gray (Lanczos), and black and white again at the middle between them.

    The density follows, so that the printed size stays.

    Args:
        work: the picture, of one bit.
        factor: pixels along each side, as a multiple; sides are rounded up.

    Returns:
        Pixels across and down, as stored.

    Raises:
        UnreadableFile: it is damaged.
    """
    image = work.image
    width, height = (lanczos.side(side, factor) for side in (image.width, image.height))
    made = lanczos.strips(
        partial(rows, image), image.width, image.height, width, height, channels=1, dtype="uint8", alpha=False
    )
    bits = (((strip >= _MIDDLE) * 255).astype("uint8") for strip in made)
    work.resize(written(work, image, bits, width, height), tones=False)
    return width, height


def whole_numbers(image: pyvips.Image) -> str:
    """The kind of number its pixels are made of, as numpy calls it.

    Raises:
        Refusal: it is another than 8 or 16 bits without sign.
    """
    if image.format not in _KINDS:
        raise Refusal(f"its pixels are numbers of another kind ({image.format}): save it with 8 or 16 bits a channel")
    return _KINDS[image.format]


def _lifted(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Signed numbers as those from 0 that keep their order; lightness, which has no sign, over the whole range."""
    lab = pixels.view("uint16") ^ 0x8000
    lab[:, :, 0] = pixels[:, :, 0].clip(0).astype("uint16") * 2
    return lab


def _lowered(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The signed numbers back."""
    lab = (pixels ^ 0x8000).view("int16")
    lab[:, :, 0] = pixels[:, :, 0] >> 1
    return lab


def rows(image: pyvips.Image, first: int, last: int) -> npt.NDArray[Any]:
    """Some rows, as height × width × channels."""
    cut = image.crop(0, first, image.width, last - first)
    return cut.numpy().reshape(last - first, image.width, image.bands)  # type: ignore[no-any-return]


def written(
    work: Working, like: pyvips.Image, made: Iterable[npt.NDArray[Any]], width: int, height: int
) -> pyvips.Image:
    """A picture of rows as they are made, kept in a temporary file, with profile and metadata of another."""
    path = work.folder / f"rows-{len(list(work.folder.glob('rows-*')))}.raw"
    with path.open("wb") as file:
        for strip in made:
            file.write(strip.data if strip.flags.c_contiguous else strip.tobytes())
    raw = pyvips.Image.rawload(str(path), width, height, like.bands, format=like.format)
    picture = raw.copy(interpretation=like.interpretation, xres=like.xres, yres=like.yres)
    own = {*picture.get_fields(), _PAGES}
    for name in sorted(set(like.get_fields()) - own, key=lambda name: name != _EXIF):
        picture.set_type(like.get_typeof(name), name, like.get(name))
    for name in set(picture.get_fields()) - own - set(like.get_fields()):
        picture.remove(name)
    return picture
