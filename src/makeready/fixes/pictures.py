"""Fixes of pictures: fewer pixels, sharper edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from makeready.changes import Change, Refusal, Safety, Stage
from makeready.facts import PixelStudy
from makeready.fixes import resampling
from makeready.fixes.job import Job
from makeready.fixes.resampling import FINE, Impossible, Left, Wish
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Count, Length, Percent, Resolution, above, below


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
    elsewhere = resampling.elsewhere(job)
    wishes, left = [], []
    for places in resampling.groups(job):
        image = resampling.finest(places)
        ppi = image.resolution
        if ppi is None or not any(resampling.counts(place, params.ignore_below) for place in places):
            continue
        if not above(ppi, params.line_art if image.line_art else params.over):
            continue
        if image.line_art:
            left.append(Left(image, resampling.LINE_ART))
        elif image.object in elsewhere:
            left.append(Left(image, "other pages use it too, and they are not to be changed"))
        elif job.kind == "pdf" and image.object is None:
            left.append(Left(image, resampling.INLINE))
        else:
            wishes.append(Wish(image, places, target / ppi))
    yield from resampling.resampled(job, wishes, left, "downsampled", int(params.quality))


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
    left: list[Left] = []
    done: list[_Sharpened] = []
    for count, study in enumerate(soft):
        job.tell(count / len(soft))
        try:
            done.append(_Sharpened(study, _sharpen(job, study, params)))
        except Impossible as why:
            left.append(Left(study, str(why)))
    if left and not done:
        raise Refusal(resampling.reasons(left))
    for page in sorted({row.study.page for row in done}):
        rows = [row for row in done if row.study.page == page]
        names = [f"{row.study.title} (sharpness {_share(row.study)} before, {row.after} now)" for row in rows]
        kept = resampling.kept(left) if page == min(row.study.page for row in done) else ""
        yield Change(
            f"sharpened: {resampling.listed(names)}{kept}",
            page,
            tuple(place for row in rows for place in row.study.places),
            {
                "before": {row.study.title: _share(row.study).as_data() for row in rows},
                "after": {row.study.title: row.after.as_data() for row in rows},
            },
        )


@dataclass(frozen=True, slots=True)
class _Sharpened:
    study: PixelStudy
    after: Percent


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
            raise Impossible(str(why)) from why
        return Percent(reached * 100)
    except unsharp.TooSoft as why:
        raise Impossible(str(why)) from why
