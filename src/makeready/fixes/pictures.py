"""Fixes of pictures: more pixels, fewer pixels, sharper edges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from makeready import upscale as enlarging
from makeready.changes import Change, Refusal, Safety, Stage
from makeready.facts import ObjectId, PixelStudy, PlacedImage
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Count, Length, Percent, Resolution, above, below

#: How many times as many pixels along a side: past this, a picture is more invention than photograph.
MOST_TIMES = 4.0
#: The quality of a JPEG whose picture got more pixels or other tones: it is compressed a second time.
FINE = 95
#: Pictures that a message names; the details name all.
_NAMED = 4

_INLINE = "it is written into the page's operators, where pictures cannot be replaced safely"
_LINE_ART = "line art of one bit is never given new tones"


class Upscale(Params):
    """Settings of upscale."""

    resolution: Resolution = param("300 ppi", "The effective ppi that pictures are to have.", like="IMG101.resolution")
    model: str = param("lanczos", "What makes the new pixels; lanczos resamples and invents nothing.")
    ignore_below: Length = param(
        "0 mm", "Leave pictures alone whose shorter printed side is smaller.", like="IMG101.ignore_below"
    )


class UpscaleTimes(Params):
    """Settings of upscale_resolution_2x and upscale_resolution_4x."""

    resolution: Resolution = param(
        "300 ppi", "The effective ppi past which no pixels are added.", like="IMG101.resolution"
    )
    model: str = param("lanczos", "What makes the new pixels; lanczos resamples and invents nothing.")


@fix(
    id="upscale",
    title="Give pictures the pixels that their printed size needs",
    stage=Stage.PICTURES,
    safety=Safety.REVIEW,
    cures=("IMG101",),
    params=Upscale,
    seconds_per_page=0.02,
    seconds_per_megapixel=0.5,
)
def upscale(job: Job, params: Upscale) -> Iterator[Change]:
    """Pictures of too few pixels are resampled to as many as their printed size needs, and no more.

    ## What changes
    Gray and colour pictures below the wanted resolution at the place where they are printed largest, by up to four
    times as many pixels along each side. The new pixels come from the old ones (Lanczos): steps become smooth edges,
    and no detail appears that was not there. JPEGs are compressed again, at quality 95 without chroma subsampling,
    and lossy JPEG 2000 in a PDF becomes JPEG; what was stored without loss stays so; a picture with a palette gets the
    colours of its palette. In a PDF, soft masks go along, and a picture that is used in several places is replaced
    for all of them.

    ## What stays exactly as it was
    Colour space, ICC profile, bits a channel, transparency, place and size on the page; pictures that have enough
    pixels; line art of one bit, which new tones would blur; all type and vectors.

    ## When not to use it
    Where the original can be had: its detail is real. Pictures that need more than four times the pixels are left
    and named. In a PDF, pictures written into the page's operators are left, and pictures of which one colour is
    declared clear. The check for enlarged pictures (IMG108) will tell of what was done here.
    """
    enlarging.require(params.model)
    wishes, left = _too_few(job, params.resolution, params.ignore_below)
    feasible = []
    for wish in wishes:
        if wish.factor <= MOST_TIMES * 1.002:  # files store densities rounded
            feasible.append(wish)
        else:
            left.append(_Left(wish.image, _beyond(wish)))
    yield from _resampled(job, feasible, left, "upscaled", FINE)


@fix(
    id="upscale_resolution_2x",
    title="Give pictures that are too coarse up to twice the pixels",
    stage=Stage.PICTURES,
    safety=Safety.REVIEW,
    cures=("IMG101",),
    params=UpscaleTimes,
    rank=20,
    seconds_per_page=0.02,
    seconds_per_megapixel=0.4,
)
def upscale_resolution_2x(job: Job, params: UpscaleTimes) -> Iterator[Change]:
    """Pictures of too few pixels get up to twice as many along each side, as far as their printed size needs them.

    ## What changes
    As with *upscale*, but never more than twice: a picture that is coarser than half of what is wanted stays too
    coarse, though less so, and the change says what it has now. A picture file whose printed size nobody knows gets
    exactly twice the pixels.

    ## What stays exactly as it was
    As with *upscale*: colour space, profile, bits, transparency, place and size; pictures that have enough pixels;
    line art of one bit; type and vectors.

    ## When not to use it
    Where the original can be had. To reach a resolution whatever it takes, use *upscale*. Run again, it goes on
    until the resolution is reached.
    """
    yield from _times(job, params, 2)


@fix(
    id="upscale_resolution_4x",
    title="Give pictures that are too coarse up to four times the pixels",
    stage=Stage.PICTURES,
    safety=Safety.REVIEW,
    cures=("IMG101",),
    params=UpscaleTimes,
    rank=10,
    seconds_per_page=0.02,
    seconds_per_megapixel=1.0,
)
def upscale_resolution_4x(job: Job, params: UpscaleTimes) -> Iterator[Change]:
    """Pictures of too few pixels get up to four times as many along each side, as far as their printed size needs them.

    ## What changes
    As with *upscale*, but pictures that need more than four times the pixels get four times, and the change says what
    they have now. A picture file whose printed size nobody knows gets exactly four times the pixels.

    ## What stays exactly as it was
    As with *upscale*: colour space, profile, bits, transparency, place and size; pictures that have enough pixels;
    line art of one bit; type and vectors.

    ## When not to use it
    Where the original can be had. Four times the pixels of a small picture is a soft picture: look at it at its
    printed size. Run again, it goes on until the resolution is reached.
    """
    yield from _times(job, params, 4)


class Downsample(Params):
    """Settings of downsample."""

    resolution: Resolution = param("300 ppi", "The effective ppi that pictures keep where they are printed largest.")
    over: Resolution = param(
        "450 ppi", "Pictures of more effective ppi than this are downsampled.", like="IMG103.resolution"
    )
    line_art: Resolution = param(
        "1200 ppi", "Line art of more effective ppi than this is named; it is left.", like="IMG103.line_art"
    )
    quality: Count = param("90", "The quality of JPEGs, 1 to 100; what was stored without loss stays so.")
    ignore_below: Length = param(
        "20 mm", "Leave pictures alone whose shorter printed side is smaller.", like="IMG103.ignore_below"
    )


@fix(
    id="downsample",
    title="Take pixels away that the press cannot show",
    stage=Stage.PICTURES,
    safety=Safety.REVIEW,
    cures=("IMG103",),
    params=Downsample,
    seconds_per_page=0.02,
    seconds_per_megapixel=0.1,
)
def downsample(job: Job, params: Downsample) -> Iterator[Change]:
    """Pictures of far more pixels than the press can show are resampled to what it can, and the file gets smaller.

    ## What changes
    Gray and colour pictures that have too many pixels wherever they are printed: the largest place decides, so that
    all others have more than enough. Lanczos again, which keeps fine lines without stairs. JPEGs are compressed
    again at the stated quality, without chroma subsampling; what was stored without loss stays so.

    ## What stays exactly as it was
    Colour space, ICC profile, bits a channel, transparency, place and size on the page; pictures below the limit;
    line art of one bit; all type and vectors.

    ## When not to use it
    Where the file may be printed larger one day: the pixels are gone. Where a page is one picture with type in it,
    which needs more pixels than photographs.
    """
    target = Resolution(min(params.resolution, params.over))
    elsewhere = _elsewhere(job)
    wishes, left = [], []
    for places in _groups(job):
        image = _finest(places)
        ppi = image.resolution
        if ppi is None or not any(_counts(place, params.ignore_below) for place in places):
            continue
        if not above(ppi, params.line_art if image.line_art else params.over):
            continue
        if image.line_art:
            left.append(_Left(image, _LINE_ART))
        elif image.object in elsewhere:
            left.append(_Left(image, "other pages use it too, and they are not to be changed"))
        elif job.kind == "pdf" and image.object is None:
            left.append(_Left(image, _INLINE))
        else:
            wishes.append(_Wish(image, places, target / ppi))
    yield from _resampled(job, wishes, left, "downsampled", int(params.quality))


class SharpenEdges(Params):
    """Settings of sharpen_edges."""

    sharpness: Percent = param(
        "17 %",
        "Sharpen pictures whose sharpest edges cross less of their contrast than this from one pixel to the next.",
        like="IMG109.sharpness",
    )
    radius: float = param(1.5, "How far the blur reaches that is taken away, in pixels (Gaussian sigma).", ge=0.3, le=8)
    amount: float = param(3.0, "How many times the difference to the blurred picture is added at most.", gt=0, le=10)
    halo: Percent = param(
        "5 %", "How far tones may run past those of their surroundings, of the contrast there: the seam beside edges."
    )


@fix(
    id="sharpen_edges",
    title="Sharpen pictures that are blurred",
    stage=Stage.PICTURES,
    safety=Safety.REVIEW,
    cures=("IMG109",),
    params=SharpenEdges,
    needs=("pixels",),
    rank=50,
    seconds_per_page=0.02,
    seconds_per_megapixel=1.0,
)
def sharpen_edges(job: Job, params: SharpenEdges) -> Iterator[Change]:
    """Blurred pictures are sharpened, in lightness only, as much as it takes and without bright seams.

    ## What changes
    Pictures that are not sharp anywhere: the difference between the picture and a blurred copy of it is added to its
    lightness (unsharp mask). The least amount is taken that makes it as sharp as is wanted. Tones do not run past
    those around them by more than the stated part of the contrast there, and total ink not at all. JPEGs are
    compressed again at quality 95.

    ## What stays exactly as it was
    Hues and saturation, size, number of pixels, colour space, profile, transparency; pictures that are sharp; line
    art, pictures with a palette, pictures in Lab or spot colours; all type and vectors.

    ## When not to use it
    Where the blur is meant. Where the original can be had: detail that the lens or an enlargement lost does not come
    back. Pictures too soft for the largest amount are left as they are and named.
    """
    soft = [study for study in job.facts.pixel_studies if _soft(study, params.sharpness)]
    left: list[_Left] = []
    done: list[_Sharpened] = []
    for count, study in enumerate(soft):
        job.tell(count / len(soft))
        try:
            done.append(_Sharpened(study, _sharpen(job, study, params)))
        except _Impossible as why:
            left.append(_Left(study, str(why)))
    if left and not done:
        raise Refusal(_reasons(left))
    for page in sorted({row.study.page for row in done}):
        rows = [row for row in done if row.study.page == page]
        names = [f"{row.study.title} (sharpness {_share(row.study)} before, {row.after} now)" for row in rows]
        kept = _kept(left) if page == min(row.study.page for row in done) else ""
        yield Change(
            f"sharpened: {_listed(names)}{kept}",
            page,
            tuple(place for row in rows for place in row.study.places),
            {
                "before": {row.study.title: _share(row.study).as_data() for row in rows},
                "after": {row.study.title: row.after.as_data() for row in rows},
            },
        )


class _Impossible(Exception):
    """Why one picture has to be left; others may be done."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """A picture that is to have so many times the pixels along each side."""

    image: PlacedImage
    places: tuple[PlacedImage, ...]
    factor: float


@dataclass(frozen=True, slots=True)
class _Left:
    image: PlacedImage | PixelStudy
    why: str


@dataclass(frozen=True, slots=True)
class _Done:
    wish: _Wish
    width: int
    height: int

    @property
    def after(self) -> Resolution | None:
        ppi = self.wish.image.resolution
        image = self.wish.image
        return (
            None if ppi is None else Resolution(ppi * min(self.width / image.width_px, self.height / image.height_px))
        )


@dataclass(frozen=True, slots=True)
class _Sharpened:
    study: PixelStudy
    after: Percent


def _beyond(wish: _Wish) -> str:
    reached = Resolution((wish.image.resolution or 0.0) * MOST_TIMES)
    return (
        f"it needs {wish.factor:.1f} times the pixels along each side, and {MOST_TIMES:g} times is the most that still "
        f"looks like the picture: upscale_resolution_4x brings it to {reached}"
    )


def _times(job: Job, params: UpscaleTimes, most: int) -> Iterator[Change]:
    enlarging.require(params.model)
    if job.kind == "raster" and all(image.resolution is None for image in job.facts.images):
        wishes = [_Wish(image, (image,), float(most)) for image in job.facts.images if not image.line_art]
        left = [_Left(image, _LINE_ART) for image in job.facts.images if image.line_art]
    else:
        wishes, left = _too_few(job, params.resolution, Length(0))
    wishes = [_Wish(wish.image, wish.places, min(wish.factor, most)) for wish in wishes]
    yield from _resampled(job, wishes, left, "upscaled", FINE)


def _groups(job: Job) -> Iterator[tuple[PlacedImage, ...]]:
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


def _counts(image: PlacedImage, ignore_below: Length) -> bool:
    short = image.short_side
    return image.counts and image.resolution is not None and (short is None or short >= ignore_below)


def _finest(places: Iterable[PlacedImage]) -> PlacedImage:
    """The place where the picture is printed largest, and so has the fewest ppi."""
    return min(places, key=lambda image: image.resolution if image.resolution is not None else float("inf"))


def _too_few(job: Job, resolution: Resolution, ignore_below: Length) -> tuple[list[_Wish], list[_Left]]:
    """The pictures that have fewer ppi than they need, and those of them that cannot be helped.

    Raises:
        Refusal: nobody knows how large a picture file will be printed.
    """
    if job.kind == "raster" and all(image.resolution is None for image in job.facts.images):
        raise Refusal("its printed size is not known: give a canvas, or store a density in the file")
    wishes, left = [], []
    for places in _groups(job):
        low = [
            image
            for image in places
            if _counts(image, ignore_below) and image.resolution is not None and below(image.resolution, resolution)
        ]
        if not low:
            continue
        image = _finest(low)
        assert image.resolution is not None
        if image.line_art:
            left.append(_Left(image, _LINE_ART))
        elif job.kind == "pdf" and image.object is None:
            left.append(_Left(image, _INLINE))
        else:
            wishes.append(_Wish(image, tuple(places), resolution / image.resolution))
    return wishes, left


def _elsewhere(job: Job) -> frozenset[ObjectId]:
    """Pictures that pages use which are not to be changed: there they may be printed larger."""
    if job.kind != "pdf":
        return frozenset()
    from makeready.pdf.mend import pictures

    pages = job.pages  # looking at the facts may open the file anew
    return pictures.painted_elsewhere(job.pdf.pdf, pages)


def _resampled(job: Job, wishes: list[_Wish], left: list[_Left], verb: str, quality: int) -> Iterator[Change]:
    """Do what can be done, and tell of it page by page."""
    done: list[_Done] = []
    work = sum(_pixels(wish) for wish in wishes)
    share = 0.0
    for wish in wishes:
        job.tell(share)
        try:
            done.append(_Done(wish, *_resize(job, wish, quality)))
        except _Impossible as why:
            left.append(_Left(wish.image, str(why)))
        share += _pixels(wish) / work
    if left and not done:
        raise Refusal(_reasons(left))
    pages = sorted({row.wish.image.page for row in done})
    for page in pages:
        rows = [row for row in done if row.wish.image.page == page]
        kept = _kept(left) if page == pages[0] else ""
        yield Change(
            f"{verb}: {_listed([_told(row) for row in rows])}{kept}",
            page,
            tuple(
                place.place
                for row in rows
                for place in row.wish.places
                if place.page == page and place.place is not None
            ),
            {
                "before": [_data(row.wish.image, row.wish.image.width_px, row.wish.image.height_px) for row in rows],
                "after": [_data(row.wish.image, row.width, row.height) for row in rows],
                "quality": quality,
            }
            | ({"left": {row.image.title: row.why for row in left}} if kept else {}),
        )


def _pixels(wish: _Wish) -> float:
    return wish.image.width_px * wish.image.height_px * (1 + wish.factor**2)


def _resize(job: Job, wish: _Wish, quality: int) -> tuple[int, int]:
    if job.kind == "raster":
        from makeready.raster.mend import resample

        return resample.resize(job.raster, wish.factor)
    from makeready.pdf.mend import pictures, samples

    assert wish.image.object is not None
    try:
        return pictures.resize(job.pdf.pdf, wish.image.object, wish.factor, quality)
    except samples.Unfit as why:
        raise _Impossible(str(why)) from why


def _soft(study: PixelStudy, least: Percent) -> bool:
    return study.sharpness is not None and below(_share(study), least)


def _share(study: PixelStudy) -> Percent:
    return Percent((study.sharpness or 0.0) * 100)


def _sharpen(job: Job, study: PixelStudy, params: SharpenEdges) -> Percent:
    """How sharp the picture is afterwards."""
    from makeready import unsharp

    mask = unsharp.Mask(params.radius, params.amount, params.halo / 100, params.sharpness / 100)
    try:
        if job.kind == "raster":
            from makeready.raster.mend import sharpen

            return Percent(sharpen.sharpen(job.raster, mask) * 100)
        from makeready.pdf.mend import pictures, samples

        assert study.object is not None
        reached = 0.0

        def change(pixels: unsharp.Pixels, model: str) -> unsharp.Pixels:
            nonlocal reached
            chosen, reached = mask.fitted(unsharp.gray_of(pixels, model), pixels.shape[1], pixels.shape[0])
            return unsharp.whole(pixels, model, chosen)

        try:
            pictures.repaint(job.pdf.pdf, study.object, change, FINE)
        except samples.Unfit as why:
            raise _Impossible(str(why)) from why
        return Percent(reached * 100)
    except unsharp.TooSoft as why:
        raise _Impossible(str(why)) from why


def _told(row: _Done) -> str:
    image, after = row.wish.image, row.after
    pixels = f"{image.width_px} × {image.height_px} to {row.width} × {row.height} px"
    return f"{image.title} from {pixels}" + (f", {image.resolution} to {after}" if after is not None else "")


def _data(image: PlacedImage, width: int, height: int) -> dict[str, object]:
    return {"name": image.title, "width_px": width, "height_px": height}


def _listed(texts: list[str]) -> str:
    more = len(texts) - _NAMED
    return "; ".join(texts[:_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _kept(left: list[_Left]) -> str:
    return f". Left as they are: {_reasons(left)}" if left else ""


def _reasons(left: list[_Left]) -> str:
    """The reasons, each with the pictures it holds for."""
    by_reason: dict[str, list[str]] = {}
    for row in left:
        by_reason.setdefault(row.why, []).append(f"{row.image.title} on page {row.image.page}")
    return "; ".join(f"{_some(names)}: {why}" for why, names in by_reason.items())


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
