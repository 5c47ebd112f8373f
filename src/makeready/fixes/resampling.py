"""What fixes share that give pictures more or fewer pixels: which ones, what is left and why, how it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from makeready.changes import Change, Refusal
from makeready.facts import ObjectId, PixelStudy, PlacedImage
from makeready.fixes.job import Job
from makeready.units import Length, Resolution, below

if TYPE_CHECKING:
    from makeready.upscale.recipe import Recipe
    from makeready.upscale.run import Prepared

    #: What makes the new pixels (see ``makeready.upscale.prepare``).
    Making = Callable[..., Prepared]

#: The quality of a JPEG whose picture got more pixels or other tones: it is compressed a second time.
FINE = 95
#: Pictures that a message names; the details name all.
_NAMED = 4
#: What asks for nothing but Lanczos: not worth a word.
_USUAL = "lanczos"

_INVENTED = "Edges and texture are invented: look at them"

INLINE = "it is written into the page's operators, where pictures cannot be replaced safely"
LINE_ART = "line art of one bit is never given new tones"


class Impossible(Exception):
    """Why one picture has to be left; others may be done."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A picture that is to have so many times the pixels along each side."""

    image: PlacedImage
    places: tuple[PlacedImage, ...]
    factor: float
    #: Exactly so many pixels across and down, as stored; for picture files.
    to: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A picture that is left as it is."""

    image: PlacedImage | PixelStudy
    why: str


@dataclass(frozen=True, slots=True)
class Done:
    """A picture that was resampled."""

    wish: Wish
    recipe: Recipe

    @property
    def size(self) -> tuple[int, int]:
        """Pixels across and down."""
        assert self.recipe.to is not None
        return self.recipe.to

    @property
    def after(self) -> Resolution | None:
        """The effective ppi that it has now."""
        image, ppi = self.wish.image, self.wish.image.resolution
        width, height = self.size
        return None if ppi is None else Resolution(ppi * min(width / image.width_px, height / image.height_px))

    @property
    def by(self) -> str:
        """What made the pixels, in words that do not tell the size; nothing where that is plain Lanczos."""
        return "" if self.recipe.model == _USUAL else replace(self.recipe, to=None).words


def groups(job: Job) -> Iterator[tuple[PlacedImage, ...]]:
    """Every picture with all places it is painted at; inline ones and those of a raster file have one."""
    found: dict[ObjectId, list[PlacedImage]] = {}
    for image in job.facts.images:
        if image.within == "explicit mask":
            continue
        if image.object is None:
            yield (image,)
        else:
            found.setdefault(image.object, []).append(image)
    for places in found.values():
        yield tuple(places)


def counts(image: PlacedImage, ignore_below: Length) -> bool:
    """Whether its resolution matters at this place, and is known."""
    short = image.short_side
    return image.counts and image.resolution is not None and (short is None or short >= ignore_below)


def finest(places: Iterable[PlacedImage]) -> PlacedImage:
    """The place where the picture is printed largest, and so has the fewest ppi."""
    return min(places, key=lambda image: image.resolution if image.resolution is not None else float("inf"))


def too_few(job: Job, resolution: Resolution, ignore_below: Length) -> tuple[list[Wish], list[Left]]:
    """The pictures that have fewer ppi than they need, and those of them that cannot be helped.

    Raises:
        Refusal: nobody knows how large a picture file will be printed.
    """
    if job.kind == "raster" and all(image.resolution is None for image in job.facts.images):
        raise Refusal("its printed size is not known: give a canvas, or store a density in the file")
    wishes, left = [], []
    for places in groups(job):
        low = [
            image
            for image in places
            if counts(image, ignore_below) and image.resolution is not None and below(image.resolution, resolution)
        ]
        if not low:
            continue
        image = finest(low)
        assert image.resolution is not None
        if image.line_art:
            left.append(Left(image, LINE_ART))
        elif job.kind == "pdf" and image.object is None:
            left.append(Left(image, INLINE))
        else:
            wishes.append(Wish(image, tuple(places), resolution / image.resolution))
    return wishes, left


def elsewhere(job: Job) -> frozenset[ObjectId]:
    """Pictures that pages use which are not to be changed: there they may be printed larger."""
    if job.kind != "pdf":
        return frozenset()
    from makeready.pdf.mend import pictures

    pages = job.pages  # looking at the facts may open the file anew
    return pictures.painted_elsewhere(job.pdf.pdf, pages)


def resampled(
    job: Job, wishes: list[Wish], left: list[Left], verb: str, quality: int, making: Making | None = None
) -> Iterator[Change]:
    """Do what can be done, and tell of it page by page.

    Args:
        job: the file.
        wishes: what is to be done.
        left: what is not, and why.
        verb: what was done to pictures: ``upscaled``.
        quality: of JPEGs in PDFs, 1 to 100.
        making: what makes the new pixels; Lanczos when left out.

    Raises:
        Refusal: nothing could be done.
        MissingDependency: weights or an engine are not installed.
    """
    done: list[Done] = []
    work = sum(_pixels(wish) for wish in wishes)
    share = 0.0
    for wish in wishes:
        part = _pixels(wish) / work
        job.tell(share)
        try:
            done.append(Done(wish, _resize(job, wish, quality, making, _within(job, share, part))))
        except Impossible as why:
            left.append(Left(wish.image, str(why)))
        share += part
    if left and not done:
        raise Refusal(reasons(left))
    pages = sorted({row.wish.image.page for row in done})
    for page in pages:
        rows = [row for row in done if row.wish.image.page == page]
        told = _told(rows, verb) + (kept(left) if page == pages[0] else "")
        yield Change(
            job.raster.told(f"{told}.").removesuffix(".") if job.kind == "raster" else told,
            page,
            tuple(
                place.place
                for row in rows
                for place in row.wish.places
                if place.page == page and place.place is not None
            ),
            {
                "before": [_data(row.wish.image, row.wish.image.width_px, row.wish.image.height_px) for row in rows],
                "after": [_data(row.wish.image, *row.size) | _made_by(row.recipe) for row in rows],
                "quality": quality,
            }
            | ({"left": {row.image.title: row.why for row in left}} if left and page == pages[0] else {}),
        )


def _within(job: Job, share: float, part: float) -> Callable[[float], None]:
    return lambda done: job.tell(share + part * done)


def _pixels(wish: Wish) -> float:
    return wish.image.width_px * wish.image.height_px * (1 + wish.factor**2)


def _resize(job: Job, wish: Wish, quality: int, making: Making | None, progress: Callable[[float], None]) -> Recipe:
    if job.kind == "raster":
        from makeready.raster.mend import resample
        from makeready.upscale import lanczos

        width, height = wish.to or (lanczos.side(side, wish.factor) for side in job.raster.size)
        return resample.resize(job.raster, width, height, making or resample.LANCZOS, progress)
    from makeready.pdf.mend import pictures, samples

    assert wish.image.object is not None
    try:
        return pictures.resize(
            job.pdf.pdf, wish.image.object, wish.factor, quality, making or pictures.LANCZOS, progress
        )
    except samples.Unfit as why:
        raise Impossible(str(why)) from why


def _told(rows: list[Done], verb: str) -> str:
    """One sentence for all that one model has made, and what there is to be said of it."""
    by: dict[str, list[Done]] = {}
    for row in rows:
        by.setdefault(row.by, []).append(row)
    said = [
        f"{verb}{f' by {model}' if model else ''}: {listed([_sizes(row) for row in made])}"
        for model, made in by.items()
    ]
    notes = dict.fromkeys(note for row in rows for note in row.recipe.notes)
    if any(row.recipe.style == "creative" for row in rows):
        notes[_INVENTED] = None
    return ". ".join([*said, *(note.removesuffix(".") for note in notes)])


def _sizes(row: Done) -> str:
    image, after, (width, height) = row.wish.image, row.after, row.size
    pixels = f"{image.width_px} × {image.height_px} to {width} × {height} px"
    return f"{image.title} from {pixels}" + (f", {image.resolution} to {after}" if after is not None else "")


def _data(image: PlacedImage, width: int, height: int) -> dict[str, object]:
    return {"name": image.title, "width_px": width, "height_px": height}


def _made_by(recipe: Recipe) -> dict[str, object]:
    """What made a picture, for machines."""
    found: dict[str, object] = {"model": recipe.model}
    if recipe.passes:
        found |= {"style": recipe.style, "passes": list(recipe.passes), "noise": recipe.noise, "engine": recipe.engine}
    return found | ({"notes": list(recipe.notes)} if recipe.notes else {})


def listed(texts: list[str]) -> str:
    """The first few, and how many more."""
    more = len(texts) - _NAMED
    return "; ".join(texts[:_NAMED]) + (f"; and {more} more" if more > 0 else "")


def kept(left: list[Left]) -> str:
    """A sentence on those that are left, to go after another; nothing where there are none."""
    return f". Left as they are: {reasons(left)}" if left else ""


def reasons(left: list[Left]) -> str:
    """The reasons, each with the pictures it holds for."""
    by_reason: dict[str, list[str]] = {}
    for row in left:
        by_reason.setdefault(row.why, []).append(f"{row.image.title} on page {row.image.page}")
    return "; ".join(f"{_some(names)}: {why}" for why, names in by_reason.items())


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
