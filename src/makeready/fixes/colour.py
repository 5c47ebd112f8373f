"""Colour for the press."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from makeready import press
from makeready.changes import Change, Refusal, Safety, Stage
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix

#: How intents are called in sentences.
_INTENTS = {
    "perceptual": "perceptual",
    "relative": "relative colorimetric",
    "saturation": "saturation",
    "absolute": "absolute colorimetric",
}


#: The press that the file itself is made for.
OWN = "own"


class ConvertToCmyk(Params):
    """Settings of convert_to_cmyk."""

    press: str = param(
        OWN,
        f"The press: {OWN} (the one that a PDF's output intent names, else {press.DEFAULT}), one of "
        f"{', '.join(press.names())}, or the path of an ICC output profile.",
    )
    intent: Literal["perceptual", "relative", "saturation", "absolute"] = param(
        "relative",
        "How colours that the press cannot reach are brought within its reach: perceptual moves all colours a little, "
        "relative only those; absolute also imitates the white of the screen.",
    )
    black_point: bool = param(
        True, "Fit black to the press's black, so that shadows keep their drawing (black-point compensation)."
    )
    gray: Literal["keep", "black"] = param(
        "keep", "A gray picture stays gray, or becomes a CMYK picture that has only black."
    )
    neutrals: Literal["inks", "black"] = param(
        "inks",
        "What gray and black pixels of RGB pictures are printed with: all inks, as it is right for photographs, or "
        "black alone, for drawings and screenshots.",
    )


@fix(
    id="convert_to_cmyk",
    title="Convert colours to the CMYK of the press",
    stage=Stage.COLOUR,
    safety=Safety.REVIEW,
    cures=("COL101", "COL102", "COL107"),
    params=ConvertToCmyk,
    seconds_per_page=0.1,
    seconds_per_megapixel=0.05,
)
def convert_to_cmyk(job: Job, params: ConvertToCmyk) -> Iterator[Change]:
    """RGB and Lab become the inks of the press, by its ICC profile.

    ## What changes
    A picture in RGB or Lab is converted from its own profile (sRGB where it has none that can be used) to that of the
    press, which is then embedded. White becomes bare paper. Colours that ink cannot show come out duller; the change
    says how far they moved (CIEDE2000). PNG, WebP and GIF have no CMYK: the new file is a TIFF. A CMYK picture
    without a profile that can be used is given that of the press.

    In a PDF, text, lines, shapes, gradients, patterns, pictures (inline ones as well), palettes and the colours that
    transparency is mixed in, on pages, in forms and in the looks of annotations. Black and gray text, lines and shapes
    become black ink alone. Colours in soft masks become gray of the same lightness. A colour of a picture that is
    declared clear becomes a mask of one bit, which IMG102 measures. An output intent is set where the file has none:
    it says what the file's CMYK means.

    ## What stays exactly as it was
    The values of CMYK pictures; gray pictures, unless asked for; transparency, resolution, the number of bits. In a
    PDF: DeviceCMYK, DeviceGray, CMYK with a profile, spots; text stays text, vectors stay vectors.

    ## When not to use it
    Where the press converts by itself (late binding): it knows its paper better. Where the printer has sent a profile:
    name that one instead of a shipped one. A PDF that has a profile of its own for all DeviceCMYK is refused.
    """
    if job.kind == "pdf":
        yield from _in_pdf(job, params)
        return
    from makeready.raster.mend import colour

    to = press.load(press.DEFAULT if params.press == OWN else params.press)
    if why := colour.tag(job.raster, to):
        yield Change(
            f"Tagged as CMYK for {to.condition}, as {why}; no value was changed",
            page=1,
            details={"before": None, "after": to.condition},
        )
        return
    done = colour.to_press(
        job.raster,
        to,
        params.intent,
        black_point=params.black_point,
        gray=params.gray == "black",
        neutrals=params.neutrals == "black",
    )
    if done is None:
        return
    taken = f"{done.meant}, as {done.overruled}" if done.overruled else done.meant
    yield Change(
        f"Converted from {taken} to CMYK for {to.condition} ({_INTENTS[params.intent]}"
        f"{', black-point compensation' if params.black_point else ''}): colours moved by {done.mean:.1f} on average, "
        f"99 of 100 pixels by less than {done.most:.1f} (CIEDE2000)",
        page=1,
        details={
            "before": done.model,
            "after": "cmyk",
            "from": done.meant,
            "to": to.condition,
            "difference": {"mean": round(done.mean, 2), "most": round(done.most, 2)},
        },
    )


def _in_pdf(job: Job, params: ConvertToCmyk) -> Iterator[Change]:
    """Every page, and the output intent that says what the inks mean."""
    from makeready.pdf.mend import cmyk, intent

    to = intent.press_of(job.pdf.pdf) or press.load(press.DEFAULT) if params.press == OWN else press.load(params.press)
    done = cmyk.convert(job.pdf, job.facts, cmyk.OnPress(to, params.intent, params.black_point))
    left = [f"page {page}: {reason}" for page, reasons in sorted(done.left.items()) for reason in reasons]
    if left and not done.counts:
        raise Refusal(f"what is not CMYK cannot be converted: {'; '.join(left[:3])}")
    for page, found in sorted(done.counts.items()):
        counts = dict(found)
        words = ", ".join(f"{number} {what if number != 1 else what[:-1]}" for what, number in sorted(counts.items()))
        yield Change(
            f"{words} converted to CMYK for {to.condition} ({_INTENTS[params.intent]})",
            page,
            details={"counts": counts, "to": to.condition, "left": done.left.get(page, [])},
        )
    if left:
        yield Change(f"Left as it was: {'; '.join(left)}", details={"left": left})
    if said := intent.ensure(job.pdf.pdf, to):
        yield Change(said, details={"after": to.condition})
