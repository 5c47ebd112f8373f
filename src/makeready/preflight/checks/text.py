"""Text: can it be printed at its size."""

from __future__ import annotations

from collections.abc import Iterator

from makeready.facts import TextRun
from makeready.params import AtLeast, Params, param
from makeready.preflight.checks.colour import several_inks
from makeready.registry import check
from makeready.results import Finding, Severity
from makeready.units import PointSize


class SmallText(Params):
    """Settings of TXT101."""

    size: AtLeast[PointSize] = param({"warning": "5 pt"}, "The least size of text in one ink.")
    white: AtLeast[PointSize] = param(
        {"warning": "8 pt"}, "The least size of white text (knocked out of a background)."
    )
    inks: AtLeast[PointSize] = param({"warning": "9 pt"}, "The least size of text in more than one ink.")


@check(
    code="TXT101",
    name="small-text",
    title="Text is too small to print well",
    on=TextRun,
    params=SmallText,
    message="{kind} of {measured} in {font}; {limit} is needed",
    severity=Severity.WARNING,
    kinds=("pdf",),
    gwg=("R0016", "R0017"),
)
def small_text(run: TextRun, params: SmallText) -> Iterator[Finding]:
    """Small letters fill in; small letters of several inks get coloured ghosts.

    ## What it looks at
    The effective size of visible text: font size × every scale that applies. Text in one ink, white text, and text
    in more than one ink have their own limits (GWG 2022, R0016 and R0017). RGB text is taken as one ink: what it
    becomes is not known yet. Invisible text (as OCR leaves it) is left alone,
    and so is what stands outside of the bleed.

    ## Why it matters on press
    Four plates never sit perfectly. A tenth of a millimetre is nothing in a picture and half a stem in 5 pt type.

    ## What to do
    Make it larger, bolder, or set it in one ink: black.
    """
    if run.slug or run.rendering == "invisible" or run.within == "soft mask group" or run.size <= 0:
        return
    limits, kind, gwg = params.size, "text", {}
    if run.colour is not None and run.colour.white:
        limits, kind, gwg = params.white, "white text", {"gwg": "R0016"}
    elif inks := several_inks(run.colour):
        limits, kind, gwg = params.inks, f"text in {inks}", {"gwg": "R0017"}
    if graded := limits.grade(run.size):
        details = {"kind": kind, "font": run.font or "a font without a name", "runs": run.count, "glyphs": run.glyphs}
        yield Finding(run.size, graded.limit, graded.level, details | gwg)
