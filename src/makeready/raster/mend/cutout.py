"""A picture file cut out of its background: the model looks at a small copy, the full picture is cut in strips.

What is opaque keeps its numbers exactly, in the colours, bits and profile that the file has. A picture of any size
takes little memory: it is read, cut and written some rows at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pyvips

from makeready import segment
from makeready.changes import Refusal
from makeready.raster.mend import backdrop, screen, spill
from makeready.raster.mend.backdrop import Colour
from makeready.raster.mend.resample import rows, whole_numbers, written
from makeready.raster.mend.working import Working

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.segment.matting import Matte
    from makeready.segment.options import Options

    Pixels = npt.NDArray[Any]

#: Pixels that are cut at a time.
_STRIP = 3_000_000
#: Of the work, what finding the subject takes; the rest is cutting the full picture.
_FINDING = 0.6
#: Pixels of less opacity are not seen.
_SEEN = 0.02
#: A picture of which at least so much is clear, of its outermost pixels or of all, was cut out before. Pictures with
#: round corners, ovals even, have less: 0.21 of all.
_CLEAR_ROUND, _CLEAR = 0.5, 0.35
#: A picture with clear parts that would lose less than this of what is seen was cut out before too.
_NOTHING_NEW = 0.02
#: White of Lab, as libvips keeps it in 16 bits.
_LAB = (327.67, 256.0, 256.0)


@dataclass(frozen=True, slots=True)
class Margin:
    """How much is left round the subject when the picture is cropped to it."""

    value: float = 0.0
    #: ``px``, or ``%`` of the subject's longer side.
    unit: Literal["px", "%"] = "px"

    def pixels(self, width: int, height: int) -> int:
        """Round a subject of this size."""
        return round(self.value if self.unit == "px" else self.value / 100 * max(width, height))


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture, in pixels from the top left."""

    left: int
    top: int
    width: int
    height: int

    def within(self, margin: int, width: int, height: int) -> Box:
        """With a margin on all sides, as far as the picture goes."""
        left, top = max(0, self.left - margin), max(0, self.top - margin)
        right = min(width, self.left + self.width + margin)
        bottom = min(height, self.top + self.height + margin)
        return Box(left, top, right - left, bottom - top)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to become of a picture."""

    options: Options
    #: Nothing behind the subject, a colour, or only the mask in shades of gray.
    output: Literal["transparent", "mask"] | Colour = "transparent"
    #: Take the background's colour out of pixels that show some of both.
    despill: bool = True
    #: Cut away what lies around the subject, but for this.
    crop: Margin | None = None
    #: Take the light of a green background off the subject.
    green_screen: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """What was done."""

    #: How the subject was found; ``None`` where the picture was see-through around it already, or is line art.
    matte: Matte | None
    #: Whether it is line art of one bit, of which white is the ground.
    line_art: bool
    #: How much of the picture is the subject, 0 to 1.
    share: float
    #: Where the subject is, in the picture as displayed; ``None`` where there is none.
    box: Box | None
    #: What the picture was cropped to.
    cropped: Box | None


def cut_out(work: Working, wish: Wish, tell: Callable[[float], None] = lambda _: None) -> Cut | None:
    """Cut the subject out of a picture, which is turned upright if it was stored turned.

    Opaque pixels keep their numbers. Pixels that are partly or wholly clear get the subject's colour, so that no trace
    of the background is left; without ``despill`` they keep theirs. Transparency that was there is multiplied. Of line
    art of one bit, what is white is the background.

    Args:
        work: the picture.
        wish: how, and what is to be behind the subject.
        tell: called with the share of the work that is done.

    Returns:
        What was done, or ``None`` where there was nothing to do: it was cut out before, or is line art on white.

    Raises:
        Refusal: no subject is found, or no background; the picture's colours cannot be kept with transparency, or
            have no word for the colour behind.
        UnreadableFile: it is damaged.
        MissingDependency: the model is not installed.
    """
    line_art = work.line_art
    if line_art and wish.output == backdrop.WHITE and wish.crop is None:
        return None
    image = _readable(work, wish)
    colour = None if isinstance(wish.output, str) else _behind(work, image, wish.output)
    subject = _Found(None, own=True) if line_art else _find(image, wish, tell)
    matte = subject.matte
    if matte is not None and matte.empty and wish.output != "mask":
        raise Refusal(_no_subject(matte))
    if matte is None and wish.output == "transparent" and wish.crop is None and not line_art:
        return None
    cutter = _Cutter(image, subject, wish, colour)
    share, box = cutter.cut(work, tell)
    if matte is None and box is None and wish.output != "mask":
        raise Refusal("there is nothing in it: it is clear or white all over")
    if matte is not None and wish.output != "mask":
        if box is None:
            raise Refusal(_no_subject(matte))
        if not cutter.taken and not cutter.own:
            raise Refusal("no background was found: the subject fills the picture")
        if cutter.own and wish.output == "transparent" and wish.crop is None and cutter.taken < _NOTHING_NEW * share:
            return None
    made = cutter.made
    cropped = None
    if wish.crop is not None and box is not None:
        around = box.within(wish.crop.pixels(box.width, box.height), made.width, made.height)
        if around != Box(0, 0, made.width, made.height):
            cropped = around
            made = made.crop(around.left, around.top, around.width, around.height)
    turned, density = work.orientation >= 5, work.density
    work.image = made
    if turned and density is not None:  # across becomes along
        work.density = (density[1], density[0])
    if work.model in ("gray", "rgb"):
        work.instead = "PNG"
    if wish.output == "mask" and work.suffix not in (".tif", ".png"):
        work.save_as("PNG")  # others would blur it
    return Cut(matte, line_art, share, box, cropped)


def _readable(work: Working, wish: Wish) -> pyvips.Image:
    """The picture upright, of a kind that can be cut."""
    image = work.image
    if image.interpretation == "labs":
        if image.hasalpha() or wish.output == "transparent":
            raise Refusal(
                "programs do not agree on what transparency is in a picture in Lab: run normalise_raster first, which "
                "makes it RGB, or lay it on white"
            )
    else:
        whole_numbers(image)
    if work.line_art:
        image = (image * 0).cast("uchar").bandjoin(image.invert()).copy(interpretation="b-w")
    if work.orientation == 1:
        return image
    upright = image.autorot()
    if upright.get_typeof("orientation"):
        upright.remove("orientation")
    return upright


def _behind(work: Working, image: pyvips.Image, colour: Colour) -> list[float]:
    """A colour in the numbers of the picture."""
    scale = _LAB if image.interpretation == "labs" else [65535 if image.format == "ushort" else 255] * 4
    return [value * most for value, most in zip(backdrop.numbers(work, colour), scale, strict=False)]


def notes(matte: Matte) -> list[str]:
    """What a person should know, but that nothing was found: that is said apart."""
    return [note for note in matte.notes if note != "no subject was found"]


def _no_subject(matte: Matte) -> str:
    beside = "".join(f" ({note})" for note in notes(matte))
    return f"no subject was found in it by {matte.title}{beside}: nothing would be left of the picture"


@dataclass(frozen=True, slots=True)
class _Found:
    matte: Matte | None
    #: Opaque as its own transparency says: there is a picture of opacity in the file.
    own: bool
    #: The background is green, and its light is to be taken off the subject.
    green: bool = False


def _find(image: pyvips.Image, wish: Wish, tell: Callable[[float], None]) -> _Found:
    """Look for the subject in a small copy, as it looks on white."""
    small = _small(image, segment.PREVIEW_PIXELS)
    own = bool(image.hasalpha())
    if own and wish.options.subject == "auto" and _cut_out_before(small):
        return _Found(None, own)
    preview = screen.srgb(small).numpy().astype("float32") / 255
    matte = segment.matte(preview, image.width, image.height, wish.options, lambda share: tell(share * _FINDING))
    if wish.despill and wish.output != "mask" and not matte.empty and image.interpretation != "labs":
        matte.colours(rows(small, 0, small.height)[..., : _inks(small)])
    green = wish.green_screen and _inks(image) == 3 and spill.is_green(preview, _resized(matte, preview))
    return _Found(matte, own, green)


def _resized(matte: Matte, preview: Pixels) -> Pixels:
    from makeready.segment import planes

    return planes.resized(matte.small, preview.shape[1], preview.shape[0])


def _small(image: pyvips.Image, most: int) -> pyvips.Image:
    """A copy of at most so many pixels; colours count as much as they cover."""
    scale = min(1.0, (most / (image.width * image.height)) ** 0.5)
    if scale == 1.0:
        return image.copy_memory()
    width, height = (max(1, int(side * scale)) for side in (image.width, image.height))
    full, kind = _full(image), image.format
    if image.hasalpha():
        image = image.premultiply(max_alpha=full)
    image = image.resize(width / image.width, vscale=height / image.height, kernel="linear")
    if image.hasalpha():
        image = image.unpremultiply(max_alpha=full).rint().cast(kind)
    return image.copy_memory()


def _cut_out_before(image: pyvips.Image) -> bool:
    """Whether so much is clear that its subject stands alone already."""
    import numpy as np

    clear = rows(image, 0, image.height)[..., -1] < _SEEN * _full(image)
    ring = np.concatenate([clear[0], clear[-1], clear[:, 0], clear[:, -1]])
    return bool(ring.mean() >= _CLEAR_ROUND or clear.mean() >= _CLEAR)


def _full(image: pyvips.Image) -> int:
    return 255 if image.format == "uchar" else 65535


def _inks(image: pyvips.Image) -> int:
    return int(image.bands - image.hasalpha())


class _Cutter:
    """Makes the new picture strip by strip, and knows afterwards what of it is the subject."""

    def __init__(self, image: pyvips.Image, found: _Found, wish: Wish, colour: list[float] | None) -> None:
        self.image, self.matte, self.own, self.wish, self.colour = image, found.matte, found.own, wish, colour
        self.green = found.green
        self.full, self.inks = _full(image), _inks(image)
        #: Whether the background's colour is taken out of the edge.
        self.freed = wish.despill and image.interpretation != "labs"
        self.made = image
        #: How much of what was seen before is gone, as a share of the picture.
        self.taken = 0.0

    def cut(self, work: Working, tell: Callable[[float], None]) -> tuple[float, Box | None]:
        """Make it.

        Returns:
            How much of the picture is the subject, and where it is.
        """
        import numpy as np

        width, height = self.image.width, self.image.height
        seen_rows, seen_columns = np.zeros(height, bool), np.zeros(width, bool)
        total = 0.0

        def strips() -> Iterator[Pixels]:
            nonlocal total
            step = max(1, _STRIP // width)
            for top in range(0, height, step):
                bottom = min(top + step, height)
                strip, alpha = self._strip(top, bottom)
                seen = alpha > _SEEN * self.full
                seen_rows[top:bottom], seen_columns[:] = seen.any(axis=1), seen_columns | seen.any(axis=0)
                total += float(alpha.sum(dtype=np.float64)) / self.full
                yield strip
                tell(_FINDING + (1 - _FINDING) * bottom / height)

        self.made = written(work, self._like(), strips(), width, height)
        self.taken /= width * height
        share = total / (width * height)
        if not seen_rows.any():
            return share, None
        down, across = np.flatnonzero(seen_rows), np.flatnonzero(seen_columns)
        left, top = int(across[0]), int(down[0])
        return share, Box(left, top, int(across[-1]) + 1 - left, int(down[-1]) + 1 - top)

    def _like(self) -> pyvips.Image:
        """A picture of as many channels as are written, with what the file says of itself."""
        image = self.image
        if self.wish.output == "mask":
            kind, meant = ("uchar", "b-w") if self.full == 255 else ("ushort", "grey16")
            image = image.extract_band(0).cast(kind).copy(interpretation=meant)
            if image.get_typeof("icc-profile-data"):  # it is of the colours, and there are none
                image.remove("icc-profile-data")
            return image
        if self.wish.output == "transparent":
            return image if self.own else image.addalpha()
        return image.extract_band(0, n=self.inks) if self.own else image

    def _strip(self, top: int, bottom: int) -> tuple[Pixels, Pixels]:
        """Rows of the new picture, and their opacity from 0 to ``full``."""
        import numpy as np

        native = rows(self.image, top, bottom)
        colours = native[..., : self.inks]
        kind = np.dtype("uint8" if self.full == 255 else "uint16")
        before = native[..., -1] if self.own else None
        if self.matte is None:
            assert before is not None
            alpha, part = before, None
        else:
            part = self._opacity(self.matte, top, bottom)
            alpha = np.rint(part * (self.full if before is None else before)).astype(kind)
            self.taken += self._lost(before, alpha)
        if self.wish.output == "mask":
            return alpha[..., None], alpha
        opaque = alpha == self.full
        if part is not None and self.freed:
            assert self.matte is not None
            colours = self.matte.foreground(colours, part, top)
        if self.green:
            colours = spill.without_green(colours)
        if self.colour is None:
            return np.concatenate([colours, alpha[..., None]], axis=2), alpha
        weight = (alpha.astype(np.float32) / self.full)[..., None]
        laid = colours * weight + np.asarray(self.colour, np.float32) * (1 - weight)
        return np.where(opaque[..., None], colours, np.rint(laid).astype(colours.dtype)), alpha

    def _lost(self, before: Pixels | None, alpha: Pixels) -> float:
        had = alpha.size if before is None else float(before.sum(dtype="float64")) / self.full
        return had - float(alpha.sum(dtype="float64")) / self.full

    def _opacity(self, matte: Matte, top: int, bottom: int) -> npt.NDArray[np.float32]:
        """Of some rows of the full picture, 0 to 1."""
        first, last = max(0, top - matte.margin), min(self.image.height, bottom + matte.margin)
        seen = screen.srgb(self.image.crop(0, first, self.image.width, last - first))
        rgb = seen.numpy().astype("float32") / 255
        return matte.rows(rgb, first)[top - first : bottom - first]
