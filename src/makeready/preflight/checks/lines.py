"""Lines: can they be printed at their width."""

from __future__ import annotations

from collections.abc import Iterator

from makeready.facts import Artwork, Stroke
from makeready.params import AtLeast, Params, param
from makeready.preflight.checks.colour import not_marks, several_inks
from makeready.registry import check
from makeready.results import Finding, Severity
from makeready.units import PointSize


class Hairline(Params):
    """Settings of LIN101."""

    width: AtLeast[PointSize] = param({"warning": "0.25 pt"}, "The least width of lines in one ink.")
    white: AtLeast[PointSize] = param({"warning": "0.5 pt"}, "The least width of white lines.")
    inks: AtLeast[PointSize] = param({"warning": "0.5 pt"}, "The least width of lines in more than one ink.")


@check(
    code="LIN101",
    name="hairline",
    title="A line is too thin to print",
    on=Stroke,
    params=Hairline,
    message="{number} {kind} of {measured}; {limit} is needed",
    severity=Severity.WARNING,
    kinds=("pdf",),
    gwg=("R0018", "R0019"),
)
def hairline(stroke: Stroke, params: Hairline, artwork: Artwork) -> Iterator[Finding]:
    """Lines below a quarter point break up on the plate.

    ## What it looks at
    The effective width of strokes: line width × every scale that applies; 0 means the thinnest line a device can
    draw (ISO 32000-1, 8.4.3.2). Long filled shapes that are this thin count as lines, slanted ones as well; where a
    path holds several of them and nothing but shapes of up to four corners, it counts as one line, the thinnest.
    White lines and lines in more than one ink have their own limits (GWG 2022, R0018 and R0019). What lies outside of
    the bleed is left alone, and so are marks in registration colour that reach there.

    ## Why it matters on press
    At 2400 dpi a line of width 0 is a hundredth of a millimetre: it shows on the office printer and is gone on
    press. Lines of several inks show coloured edges.

    ## What to do
    Set lines to the width that is needed or more, or to one ink, which needs less.
    """
    if stroke.slug or _marks(stroke, artwork):  # thin on purpose, and cut off
        return
    limits, kind, gwg = params.width, "line", {}
    if stroke.colour is not None and stroke.colour.white:
        limits, kind, gwg = params.white, "white line", {"gwg": "R0018"}
    elif inks := several_inks(stroke.colour):
        limits, kind, gwg = params.inks, f"line in {inks}", {"gwg": "R0019"}
    if graded := limits.grade(stroke.width):
        kind = f"{kind}{' (filled)' if stroke.filled else ''}" if stroke.count == 1 else _many(kind, stroke.filled)
        yield Finding(stroke.width, graded.limit, graded.level, {"number": stroke.count, "kind": kind} | gwg)


def _marks(stroke: Stroke, artwork: Artwork) -> bool:
    """Crop and registration marks drawn as one path round the page: in every ink, and reaching into the slug."""
    return several_inks(stroke.colour) == "every ink" and not not_marks(stroke, artwork)


def _many(kind: str, filled: bool) -> str:
    return kind.replace("line", "lines", 1) + (" (filled)" if filled else "")
