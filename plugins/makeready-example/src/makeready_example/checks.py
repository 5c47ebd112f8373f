"""A check of this house: type in light cuts must not be too small."""

from __future__ import annotations

import re
from collections.abc import Iterator

from makeready.facts import TextRun
from makeready.params import AtLeast, Params, param
from makeready.registry import check
from makeready.results import Finding, Severity
from makeready.units import PointSize


class SmallLightType(Params):
    """Settings of EXA101."""

    size: AtLeast[PointSize] = param({"warning": "8 pt", "error": "6 pt"}, "The least size of type in a light cut.")
    cuts: tuple[str, ...] = param(("Hairline", "Thin", "Light"), "Words in a font's name that tell a light cut.")


@check(
    code="EXA101",
    name="small-light-type",
    title="Type in a light cut is too small to print well",
    on=TextRun,
    params=SmallLightType,
    message="{measured} type in {font}; a {cut} cut needs {limit}",
    severity=Severity.WARNING,
    kinds=("pdf",),
)
def small_light_type(run: TextRun, params: SmallLightType) -> Iterator[Finding]:
    """The strokes of a light cut are the first to break up.

    ## What it looks at
    The effective size of visible text whose font calls itself light, thin or hairline. The words are a setting:
    a house may add the name of a delicate family of its own.

    ## Why it matters on press
    At 6 pt the stems of a light cut are about a tenth of a millimetre wide. In one ink they print broken, knocked
    out of a background they fill in.

    ## What to do
    Set it in the regular cut, or larger.
    """
    if run.rendering == "invisible" or run.font is None:
        return
    # A word of its own, as names of fonts are written: Lato-LightItalic, but not Lightning.
    cut = next((word for word in params.cuts if re.search(rf"{re.escape(word)}(?![a-z])", run.font)), None)
    if cut is None:
        return
    if graded := params.size.grade(run.size):
        details = {"font": run.font, "cut": cut.lower(), "glyphs": run.glyphs}
        yield Finding(run.size, graded.limit, graded.level, details)
