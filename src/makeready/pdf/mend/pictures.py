"""Pictures of a PDF given more or fewer pixels, or other tones: in place, so that every use of them sees it.

The picture object keeps its number, and with it its colour space, profile, intent, layer and all that is not about
pixels. A soft mask goes along; an explicit mask of one bit has its own resolution and stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pikepdf
from pikepdf import Array, Dictionary, Object, Pdf, Stream

from makeready.facts import ObjectId
from makeready.pdf.mend import samples
from makeready.pdf.mend.samples import Unfit
from makeready.pdf.mend.streams import twin
from makeready.upscale import lanczos

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[Any]

#: No picture is made larger than this: an A0 page at 300 ppi has 140 megapixels, and takes a gigabyte to make.
MOST_PIXELS = 150_000_000


def resize(pdf: Pdf, number: ObjectId, factor: float, quality: int) -> tuple[int, int]:
    """Resample a picture (Lanczos), and its soft mask where that becomes the coarser of the two.

    Args:
        pdf: the file.
        number: the picture's object.
        factor: pixels along each side, as a multiple; sides are rounded up.
        quality: of a JPEG, 1 to 100, where it was stored with loss; what was stored without loss stays so.

    Returns:
        Pixels across and down.

    Raises:
        Unfit: it cannot be done in a way that keeps what the picture is; nothing was changed.
    """
    image = pdf.get_object(number)
    found = samples.read(image)
    old_height, old_width = found.pixels.shape[:2]
    width, height = lanczos.side(old_width, factor), lanczos.side(old_height, factor)
    if width * height > MOST_PIXELS:
        raise Unfit(f"it would have {width * height / 1e6:.0f} megapixels, and {MOST_PIXELS / 1e6:.0f} are the most")
    mask = image.get("/SMask")
    if not isinstance(mask, Stream):
        samples.write(image, found, lanczos.resize(found.pixels, width, height), quality)
        return width, height
    opacity = _opacity(mask)
    matte = "/Matte" in mask
    if matte and (opacity is None or opacity.pixels.shape[:2] != (old_height, old_width)):
        raise Unfit("its colours are mixed with those of its soft mask, which cannot be resampled along")
    pixels = _seen_through(found.pixels, None if matte else opacity, mask, width, height)
    if opacity is not None:
        rows, columns = opacity.pixels.shape[:2]
        enough = (columns >= width and rows >= height) if factor >= 1 else (columns <= width and rows <= height)
        if matte or not enough:
            # A copy: another picture may have the same mask, and need it as it was.
            other = twin(pdf, mask)
            samples.write(other, opacity, lanczos.resize(opacity.pixels, width, height), quality)
            image.SMask = other
    samples.write(image, found, pixels, quality)
    return width, height


def repaint(pdf: Pdf, number: ObjectId, change: Callable[[Pixels, str], Pixels], quality: int) -> None:
    """Give a picture other tones at its size.

    Args:
        pdf: the file.
        number: the picture's object.
        change: makes new pixels of the old, the same in number and kind; the second argument is their model:
            ``gray``, ``rgb`` or ``cmyk`` (more is darker).
        quality: as in ``resize``.

    Raises:
        Unfit: its samples cannot be read as colours of one of these models; nothing was changed.
    """
    image = pdf.get_object(number)
    found = samples.read(image)
    model, most = found.model, 2 ** (8 * found.pixels.itemsize) - 1
    if model is None:
        raise Unfit("its colours are neither gray, RGB nor CMYK")
    if found.palette:
        raise Unfit("it has a palette: a drawing of few tones")
    if isinstance(mask := image.get("/SMask"), Stream) and "/Matte" in mask:
        raise Unfit("its colours are mixed with those of its soft mask")
    decode = image.get("/Decode")
    flipped = False
    if decode is not None:
        ends = [float(value) for value in decode]
        flipped = ends == [1, 0] * (len(ends) // 2)
        if not flipped and ends != [0, 1] * (len(ends) // 2):
            raise Unfit("its Decode array gives its samples another meaning")
    pixels = most - found.pixels if flipped else found.pixels
    changed = change(pixels, model)
    samples.write(image, found, most - changed if flipped else changed, quality)


def painted_elsewhere(pdf: Pdf, pages: Iterable[int]) -> frozenset[ObjectId]:
    """The picture objects that other pages than these may paint."""
    mine = set(pages)
    seen: set[ObjectId] = set()
    found: set[ObjectId] = set()
    for number, page in enumerate(pdf.pages, start=1):
        if number not in mine:
            waiting: list[Object] = [page.obj[key] for key in ("/Resources", "/Annots") if key in page.obj]
            parent = page.obj.get("/Parent")
            for _ in range(64):  # a chain of ancestors that bites its tail must end somewhere
                if not isinstance(parent, Dictionary):
                    break
                if "/Resources" in parent:
                    waiting.append(parent.Resources)
                parent = parent.get("/Parent")
            _collect(waiting, seen, found)
    return frozenset(found)


def _collect(waiting: list[Object], seen: set[ObjectId], found: set[ObjectId]) -> None:
    while waiting:
        thing = waiting.pop()
        if not isinstance(thing, Dictionary | Array | Stream):
            continue
        if thing.is_indirect:
            if thing.objgen in seen:
                continue
            seen.add(thing.objgen)
        if isinstance(thing, Array):
            waiting.extend(thing)
            continue
        if isinstance(thing, Stream) and thing.get("/Subtype") == pikepdf.Name.Image:
            found.add(thing.objgen)
        waiting.extend(value for key, value in thing.items() if key not in ("/Parent", "/P"))


def _opacity(mask: Stream) -> samples.Samples | None:
    """The samples of a soft mask; one that cannot be read stays as it is, at its own resolution."""
    try:
        return samples.read(mask)
    except Unfit:
        return None


def _seen_through(pixels: Pixels, opacity: samples.Samples | None, mask: Object, width: int, height: int) -> Pixels:
    """Resampled so that what a soft mask hides does not bleed into what it shows.

    Where the mask hides all, colours are resampled as they are: programs that draw the page small average them.
    """
    import numpy as np

    plain = lanczos.resize(pixels, width, height)
    if opacity is None or opacity.pixels.shape[2] != 1:
        return plain
    cover = opacity.pixels
    if (decode := mask.get("/Decode")) is not None and float(decode[0]) > float(decode[1]):
        cover = 2 ** (8 * cover.itemsize) - 1 - cover
    if cover.min() == 2 ** (8 * cover.itemsize) - 1:
        return plain
    if cover.shape[:2] != pixels.shape[:2]:
        cover = lanczos.resize(cover, pixels.shape[1], pixels.shape[0])
    if cover.dtype != pixels.dtype:
        cover = cover.astype(np.uint16) * 257 if pixels.itemsize == 2 else (cover >> 8).astype(np.uint8)
    seen = lanczos.resize(np.concatenate([pixels, cover], axis=2), width, height, alpha=True)
    return np.where(seen[:, :, -1:] > 0, seen[:, :, :-1], plain)
