"""Pictures of a PDF given more or fewer pixels, or other tones: in place, so that every use of them sees it.

The picture object keeps its number, and with it its colour space, profile, intent, layer and all that is not about
pixels. A soft mask goes along; an explicit mask of one bit has its own resolution and stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pikepdf
from pikepdf import Array, Dictionary, Object, Pdf, Stream

from makeready.facts import ObjectId
from makeready.pdf.mend import samples
from makeready.pdf.mend.samples import Unfit
from makeready.pdf.mend.streams import twin
from makeready.upscale import lanczos
from makeready.upscale.recipe import Recipe
from makeready.upscale.run import Prepared, prepare

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[Any]

#: No picture is made larger than this: an A0 page at 300 ppi has 140 megapixels, and takes a gigabyte to make.
MOST_PIXELS = 150_000_000
#: What makes the new pixels: called with pixels across and down before and after, ``sample`` and ``jpeg_quality`` (see
#: ``makeready.upscale.prepare``).
Making = Callable[..., Prepared]
LANCZOS: Making = partial(prepare, "lanczos")
_NO_MODEL = "Networks know gray, RGB and CMYK, and its colours are Lab or inks of their own: Lanczos was taken."
_MATTE = "Its colours are mixed with those of its soft mask, which networks would not undo: Lanczos was taken."


def resize(
    pdf: Pdf,
    number: ObjectId,
    factor: float,
    quality: int,
    making: Making = LANCZOS,
    progress: Callable[[float], None] | None = None,
) -> Recipe:
    """Resample a picture, and its soft mask where that becomes the coarser of the two.

    Networks know gray, RGB and CMYK. Pictures in Lab or in inks of their own, and those whose colours are mixed with
    those of their soft mask, are made by Lanczos; the recipe says so.

    Args:
        pdf: the file.
        number: the picture's object.
        factor: pixels along each side, as a multiple; sides are rounded up.
        quality: of a JPEG, 1 to 100, where it was stored with loss; what was stored without loss stays so.
        making: what makes the new pixels.
        progress: told the share that is done, 0 to 1; what it raises stops the work, with nothing changed.

    Returns:
        What was done; ``to`` has the pixels across and down.

    Raises:
        Unfit: it cannot be done in a way that keeps what the picture is; nothing was changed.
        MissingDependency: weights or an engine are not installed; nothing was changed.
    """
    image = pdf.get_object(number)
    found = samples.read(image)
    old_height, old_width = found.pixels.shape[:2]
    width, height = lanczos.side(old_width, factor), lanczos.side(old_height, factor)
    if width * height > MOST_PIXELS:
        raise Unfit(f"it would have {width * height / 1e6:.0f} megapixels, and {MOST_PIXELS / 1e6:.0f} are the most")
    mask = image.get("/SMask")
    mask = mask if isinstance(mask, Stream) else None
    matte = mask is not None and "/Matte" in mask
    opacity = _opacity(mask) if mask is not None else None
    if matte and (opacity is None or opacity.pixels.shape[:2] != (old_height, old_width)):
        raise Unfit("its colours are mixed with those of its soft mask, which cannot be resampled along")
    maker = _Maker.of(found, width, height, making, progress, matte=matte, flipped=_flipped(image))
    if mask is None or opacity is None:
        samples.write(image, found, maker.made(found.pixels), quality)
        return maker.recipe
    pixels, cover = maker.seen_through(None if matte else _cover(opacity, mask))
    rows, columns = opacity.pixels.shape[:2]
    enough = (columns >= width and rows >= height) if factor >= 1 else (columns <= width and rows <= height)
    if matte or not enough:
        if cover is None or cover.dtype != opacity.pixels.dtype or (rows, columns) != (old_height, old_width):
            cover = maker.gray(opacity)
        elif _upside_down(mask):
            cover = samples.most(cover) - cover
        # A copy: another picture may have the same mask, and need it as it was.
        other = twin(pdf, mask)
        samples.write(other, opacity, cover, quality)
        image.SMask = other
    samples.write(image, found, pixels, quality)
    return maker.recipe


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
    model, most = found.model, samples.most(found.pixels)
    if model is None:
        raise Unfit("its colours are neither gray, RGB nor CMYK")
    if found.palette:
        raise Unfit("it has a palette: a drawing of few tones")
    if isinstance(mask := image.get("/SMask"), Stream) and "/Matte" in mask:
        raise Unfit("its colours are mixed with those of its soft mask")
    flipped = _flipped(image)
    if flipped is None:
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


def _flipped(image: Object) -> bool | None:
    """Whether /Decode turns light into dark; ``None`` where it gives samples yet another meaning."""
    decode = image.get("/Decode")
    if decode is None:
        return False
    ends = [float(value) for value in decode]
    flipped = ends == [1, 0] * (len(ends) // 2)
    return flipped if flipped or ends == [0, 1] * (len(ends) // 2) else None


def _opacity(mask: Stream) -> samples.Samples | None:
    """The samples of a soft mask; one that cannot be read stays as it is, at its own resolution."""
    try:
        return samples.read(mask)
    except Unfit:
        return None


def _upside_down(mask: Object) -> bool:
    """Whether more of the mask's samples is less of the picture."""
    decode = mask.get("/Decode")
    return decode is not None and float(decode[0]) > float(decode[1])


def _cover(opacity: samples.Samples, mask: Object) -> Pixels | None:
    """How much each pixel of a soft mask shows; nothing where it shows all."""
    if opacity.pixels.shape[2] != 1:
        return None
    cover = opacity.pixels
    most = samples.most(cover)
    cover = most - cover if _upside_down(mask) else cover
    return None if cover.min() == most else cover


@dataclass(frozen=True, slots=True)
class _Maker:
    """What makes the new pixels of one picture object."""

    found: samples.Samples
    ready: Prepared
    making: Making
    flipped: bool
    progress: Callable[[float], None] | None
    note: str

    @classmethod
    def of(
        cls,
        found: samples.Samples,
        width: int,
        height: int,
        making: Making,
        progress: Callable[[float], None] | None,
        *,
        matte: bool,
        flipped: bool | None,
    ) -> _Maker:
        old_height, old_width = found.pixels.shape[:2]
        size = (old_width, old_height, width, height)
        ready, note = making(*size, sample=found.pixels, jpeg_quality=found.quality), ""
        if ready.networks and (matte or found.model is None):
            note = _MATTE if matte else _NO_MODEL
            ready = LANCZOS(*size)
        # A palette's colours are looked up already: /Decode was about its numbers.
        return cls(found, ready, making, bool(flipped) and not found.palette, progress, note)

    @property
    def recipe(self) -> Recipe:
        """What is done."""
        notes = self.ready.recipe.notes
        return replace(self.ready.recipe, notes=(*notes, self.note) if self.note else notes)

    def made(self, pixels: Pixels, *, alpha: bool = False) -> Pixels:
        """The picture enlarged; ``alpha`` says that opacity was put after its channels."""
        colours = pixels[..., :-1] if alpha else pixels
        turned = self.flipped and bool(self.ready.networks)
        if turned:  # a network knows light from dark
            colours = samples.most(pixels) - colours
            pixels = _joined(colours, pixels[..., -1:]) if alpha else colours
        made = _whole(self.ready, pixels, self.found.model, alpha=alpha, progress=self.progress)
        if turned:
            colours = made[..., :-1] if alpha else made
            colours[:] = samples.most(made) - colours
        return made

    def seen_through(self, cover: Pixels | None) -> tuple[Pixels, Pixels | None]:
        """The picture enlarged so that what a soft mask hides does not bleed into what it shows; and the mask with it.

        Where the mask hides all, colours are resampled as they are: programs that draw the page small average them.

        Args:
            cover: how much each pixel of the mask shows; the mask may have another size and other bits.
        """
        import numpy as np

        pixels = self.found.pixels
        if cover is None:
            return self.made(pixels), None
        if cover.shape[:2] != pixels.shape[:2]:
            cover = lanczos.resize(cover, pixels.shape[1], pixels.shape[0])
        if cover.dtype != pixels.dtype:
            cover = cover.astype(np.uint16) * 257 if pixels.itemsize == 2 else (cover >> 8).astype(np.uint8)
        seen = self.made(_joined(pixels, cover), alpha=True)
        plain = lanczos.resize(pixels, self.ready.new_width, self.ready.new_height)
        cover = seen[:, :, -1:]
        return np.where(cover > 0, seen[:, :, :-1], plain), cover

    def gray(self, opacity: samples.Samples) -> Pixels:
        """A soft mask of its own size enlarged to that of the picture."""
        height, width = opacity.pixels.shape[:2]
        ready = self.making(width, height, self.ready.new_width, self.ready.new_height, noise=0.0)
        if ready.networks and (opacity.model != "gray" or not self.ready.networks):
            ready = LANCZOS(width, height, self.ready.new_width, self.ready.new_height)
        return _whole(ready, opacity.pixels, opacity.model)


def _joined(colours: Pixels, cover: Pixels) -> Pixels:
    import numpy as np

    return np.concatenate([colours, cover], axis=2)


def _whole(
    ready: Prepared,
    pixels: Pixels,
    colour: str | None,
    *,
    alpha: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Pixels:
    """A picture in memory, enlarged."""
    import numpy as np

    made = np.empty((ready.new_height, ready.new_width, pixels.shape[2]), pixels.dtype)
    at = 0
    for strip in ready.strips(
        lambda first, last: pixels[first:last],
        channels=pixels.shape[2], dtype=pixels.dtype, alpha=alpha, colour=colour, progress=progress,
    ):  # fmt: skip
        made[at : at + len(strip)] = strip
        at += len(strip)
    return made
