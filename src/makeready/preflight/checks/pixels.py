"""What the pixels of a picture say of its history: squeezed, enlarged, out of focus."""

from __future__ import annotations

from collections.abc import Iterator

from makeready.facts import PixelStudy
from makeready.params import AtLeast, AtMost, Params, param
from makeready.registry import check
from makeready.results import Finding, Severity
from makeready.units import Count, Percent


class JpegArtefacts(Params):
    """Settings of IMG107."""

    quality: AtLeast[Count] = param({"warning": "60"}, "The least JPEG quality, 1 to 100 as libjpeg counts.")
    blocking: AtMost[Percent] = param(
        {"warning": "150 %"},
        "The most that steps at the borders of 8 × 8 blocks may be of those elsewhere, in pictures not stored as JPEG.",
    )


@check(
    code="IMG107",
    name="jpeg-artefacts",
    title="A picture has been compressed until it shows",
    on=PixelStudy,
    params=JpegArtefacts,
    message="{name} ({pixels} px) is a JPEG of quality {measured}; {limit} is needed",
    severity=Severity.WARNING,
    needs=("jpeg",),
)
def jpeg_artefacts(study: PixelStudy, params: JpegArtefacts) -> Iterator[Finding]:
    """Strong JPEG compression leaves blocks in skies and dirt around letters.

    ## What it looks at
    The quality a picture is stored with, from its quantisation tables (ITU-T T.81, annex K, scaled as libjpeg does
    in jcparam.c); tables of other makers are held against the nearest. Nothing is decoded for that. Where pixels are
    decoded for another check (IMG108, IMG109), pictures that are not stored as JPEG are searched for the borders of
    8 × 8 blocks: they may have been one. The limits are this program's own, by eye: under quality 60 a photograph
    shows blocks at reading distance.

    ## Why it matters on press
    A press shows what a screen hides: blocks in skies and skin, and a halo of dirt around every hard edge.

    ## What to do
    Get the original. Saving it again at a higher quality does not bring back what was thrown away.
    """
    details = {"name": study.title, "pixels": f"{study.width_px} × {study.height_px}"}
    if study.quality is not None:
        quality = Count(study.quality)
        if graded := params.quality.grade(quality):
            yield Finding(quality, graded.limit, graded.level, details)
    elif study.blocking is not None:
        steps = Percent(study.blocking * 100)
        if graded := params.blocking.grade(steps):
            yield Finding(
                steps,
                graded.limit,
                graded.level,
                details,
                message="{name} ({pixels} px) shows the blocks of an earlier JPEG: steps at their borders are "
                "{measured} of those elsewhere; {limit} is let pass",
            )


class Upscaled(Params):
    """Settings of IMG108."""

    nominal: AtLeast[Percent] = param(
        {"warning": "60 %"}, "The least share of real pixels, along the width and the height."
    )


@check(
    code="IMG108",
    name="upscaled-image",
    title="A picture was enlarged: it has fewer real pixels than it seems",
    on=PixelStudy,
    params=Upscaled,
    message="{name} has about {measured} of its {pixels} px a side as detail; {limit} is needed",
    severity=Severity.WARNING,
    enabled=False,
    needs=("pixels",),
)
def upscaled_image(study: PixelStudy, params: Upscaled) -> Iterator[Finding]:
    """Enlarging a picture adds pixels and no detail; its ppi then says nothing.

    ## What it looks at
    How far the finest detail reaches, as a share of what the pixels could hold: where the spectrum of the busiest
    parts falls off, or how often rows and columns repeat. It is an estimate, given for the picture's best part.
    Enlargement to twice and more is found; much less so after a JPEG of quality 90 or lower. Photographs whose
    camera or denoising left no fine detail look the same. Drawings of few tones and pictures without edges are left
    alone. The limit of 60 % is this program's own: it lets pass what was enlarged to one and a half times.

    ## Why it matters on press
    A picture of 300 ppi that was made from 100 ppi prints as softly as one of 100 ppi, and passes every check of ppi.

    ## What to do
    Place the original at its own size, and judge by its ppi whether it is enough.
    """
    if study.nominal is None:
        return
    share = Percent(study.nominal * 100)
    if graded := params.nominal.grade(share):
        details = {"name": study.title, "pixels": f"{study.width_px} × {study.height_px}"}
        yield Finding(share, graded.limit, graded.level, details)


class Blurry(Params):
    """Settings of IMG109."""

    sharpness: AtLeast[Percent] = param(
        {"warning": "17 %"},
        "The least share of an edge's contrast that is crossed from one pixel to the next, in the sharpest part.",
    )


@check(
    code="IMG109",
    name="blurry-image",
    title="A picture is not sharp anywhere",
    on=PixelStudy,
    params=Blurry,
    message="{name} ({pixels} px) is blurred: its sharpest edges cross {measured} of their contrast from one pixel to "
    "the next; {limit} is needed",
    severity=Severity.WARNING,
    enabled=False,
    needs=("pixels",),
)
def blurry_image(study: PixelStudy, params: Blurry) -> Iterator[Finding]:
    """Out of focus, shaken, or enlarged many times: no edge of the picture is sharp.

    ## What it looks at
    The sharpest edges of the sharpest part, so that a blurred background does no harm. Measured is how much of an
    edge's contrast is crossed from one pixel to the next: 100 % is a step, photographs in focus have 30 to 80 %, a
    blur with a radius (Gaussian sigma) of 2 pixels leaves about 20 %, of 3 pixels 13 %. The limit of 17 % is this
    program's own, set between. Pictures without edges, such as a gradient or fog, are not judged.

    ## Why it matters on press
    Small on a screen it looks sharp; at its printed size it does not.

    ## What to do
    Look at it at the size it prints. Take another shot or another scan, or print it smaller.
    """
    if study.sharpness is None:
        return
    share = Percent(study.sharpness * 100)
    if graded := params.sharpness.grade(share):
        details = {"name": study.title, "pixels": f"{study.width_px} × {study.height_px}"}
        yield Finding(share, graded.limit, graded.level, details)
