"""No more ink than the paper can take."""

from __future__ import annotations

from collections.abc import Iterator

from makeready import press
from makeready.changes import Change, Refusal, Safety, Stage
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Percent


class LimitInk(Params):
    """Settings of limit_ink."""

    total: Percent = param("320 %", "The most ink of all four plates together.", like="INK101.total", ge=100, le=400)
    press: str = param(
        press.DEFAULT,
        "The press that CMYK is meant for where neither a profile nor the PDF's output intent says so: one of "
        f"{', '.join(press.names())}, or the path of an ICC output profile.",
    )


@fix(
    id="limit_ink",
    title="Bring the total ink under the limit",
    stage=Stage.INK,
    safety=Safety.REVIEW,
    cures=("INK101",),
    params=LimitInk,
    seconds_per_megapixel=0.2,
)
def limit_ink(job: Job, params: LimitInk) -> Iterator[Change]:
    """Where there is too much ink, black takes over the work of the other three, in the same colour.

    ## What changes
    Pixels whose four inks together are above the limit: black rises, and cyan, magenta and yellow fall by just as much
    as keeps the colour, by the profile of the press (gray-component replacement). Where black is full already, the
    other three are reduced in proportion, and the deepest shadows get a little lighter. The change says how far
    colours moved (CIEDE2000).

    In a PDF, the same for colours of text, lines and shapes, gradients, patterns, pictures and palettes in CMYK, with
    or without a profile, and for the process inks of mixtures with spots. A picture that is a JPEG is packed again.

    ## What stays exactly as it was
    All pixels and colours at or below the limit; a JPEG where single pixels are above, and no block of 8 by 8. What is
    just above it changes by just as much as it is above, so that no edge is seen. Gray and RGB, spots, registration
    colour, transparency, resolution, the number of bits.

    ## When not to use it
    Where the picture can be had in RGB: converted for the right press it has no more ink than that takes. It does not
    cure what only adds up on the page, where a spot or another object overprints, or transparency mixes two colours:
    the check says afterwards whether that is so.
    """
    if job.kind == "pdf":
        yield from _in_pdf(job, params)
        return
    from makeready.colour import InkLimit, UnusableProfile
    from makeready.raster.mend import colour, ink

    if job.raster.model != "cmyk":
        return
    profile = colour.own_profile(job.raster) or press.load(params.press).icc
    try:
        done = ink.limit_ink(job.raster, InkLimit(profile, params.total / 100))
    except UnusableProfile as error:
        raise Refusal(f"its inks mean nothing certain: {error}") from error
    if done is None:
        return
    before, after = Percent(100 * done.before), Percent(100 * done.after)
    yield Change(
        f"Ink reduced from at most {before} to {after}, in {Percent(100 * done.share)} of the picture: colours there "
        f"moved by {done.mean:.1f} on average, at most by {done.most:.1f} (CIEDE2000)",
        page=1,
        details={
            "before": before.as_data(),
            "after": after.as_data(),
            "limit": params.total.as_data(),
            "difference": {"mean": round(done.mean, 2), "most": round(done.most, 2)},
        },
    )


def _in_pdf(job: Job, params: LimitInk) -> Iterator[Change]:
    """Every colour that is above by itself."""
    from makeready.colour import UnusableProfile
    from makeready.pdf.mend import ink_limit, intent

    to = intent.press_of(job.pdf.pdf) or press.load(params.press)
    try:
        done, tally = ink_limit.limit_ink(job.pdf, job.facts, params.total / 100, to)
    except UnusableProfile as error:
        raise Refusal(f"its inks mean nothing certain: {error}") from error
    if not done.counts and done.left:
        left = [f"page {page}: {why}" for page, found in sorted(done.left.items()) for why in found]
        raise Refusal(f"nothing that can be measured is above the limit; left as it is: {'; '.join(left[:4])}")
    moved = f"colours moved by {tally.mean:.1f} on average, at most by {tally.most:.1f} (CIEDE2000)"
    for page in sorted(done.counts):
        counts, left = dict(done.counts[page]), done.left.get(page, [])
        words = ", ".join(f"{count} {what if count != 1 else what[:-1]}" for what, count in sorted(counts.items()))
        rest = f"; left as it was: {'; '.join(left)}" if left else ""
        yield Change(
            f"Ink of {words} reduced to {params.total}; in the whole file it was at most "
            f"{Percent(100 * tally.before)}, and {moved}{rest}",
            page,
            details={
                "before": Percent(100 * tally.before).as_data(),
                "after": params.total.as_data(),
                "limit": params.total.as_data(),
                "difference": {"mean": round(tally.mean, 2), "most": round(tally.most, 2)},
                "counts": counts,
                "left": left,
            },
        )
