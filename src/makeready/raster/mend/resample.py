"""A picture file given more or fewer pixels: row by row, so that a result of any size takes little memory."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import pyvips

from makeready.changes import Refusal
from makeready.raster.mend.working import Working
from makeready.upscale import lanczos

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


def resize(work: Working, factor: float) -> tuple[int, int]:
    """Resample the picture (Lanczos); colours count as much as they cover where it has transparency.

    The density follows, so that the printed size stays.

    Args:
        work: the picture.
        factor: pixels along each side, as a multiple; sides are rounded up.

    Returns:
        Pixels across and down, as stored.

    Raises:
        Refusal: it is line art, or its numbers are of another kind than 8 or 16 bits.
        UnreadableFile: it is damaged.
    """
    if work.line_art:
        raise Refusal("line art of one bit is never given new tones")
    image = work.image
    signed = image.format == _SIGNED
    dtype = "uint16" if signed else whole_numbers(image)
    width, height = (lanczos.side(side, factor) for side in (image.width, image.height))

    def read(first: int, last: int) -> npt.NDArray[Any]:
        return _lifted(rows(image, first, last)) if signed else rows(image, first, last)

    made = lanczos.strips(
        read, image.width, image.height, width, height, channels=image.bands, dtype=dtype, alpha=image.hasalpha()
    )
    work.resize(written(work, image, map(_lowered, made) if signed else made, width, height))
    return width, height


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
    """Signed numbers as those from 0 that keep their order."""
    return pixels.view("uint16") ^ 0x8000


def _lowered(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The signed numbers back, lightness not below 0."""
    lab = (pixels ^ 0x8000).view("int16")
    lab[:, :, 0] = lab[:, :, 0].clip(0)
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
