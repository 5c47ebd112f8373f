"""Lines that a press can hold."""

from __future__ import annotations

from collections.abc import Iterator

from makeready.changes import Change
from makeready.facts import Colour
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import PointSize


class ThickenLines(Params):
    """Settings of thicken_lines."""

    width: PointSize = param("0.25 pt", "The width that thin lines in one ink are given.", like="LIN101.width")
    white: PointSize = param("0.5 pt", "The width that thin white lines are given.", like="LIN101.white")
    inks: PointSize = param("0.5 pt", "The width that thin lines in several inks are given.", like="LIN101.inks")

    def least(self, colour: Colour | None) -> float:
        """What a line of a colour needs, in points."""
        if colour is not None and colour.white:
            return self.white
        several = colour is not None and (len(colour.inks) > 1 or any(name == "All" for name, _ in colour.inks))
        return self.inks if several else self.width


@fix(
    id="thicken_lines",
    title="Set lines that are too thin to the width that prints",
    stage="lines",
    safety="review",
    cures=("LIN101",),
    kinds=("pdf",),
    params=ThickenLines,
    seconds_per_page=0.05,
)
def thicken_lines(job: Job, params: ThickenLines) -> Iterator[Change]:
    """Lines below the limit are set to it, and no others are touched.

    ## What changes
    Strokes whose effective width (line width × every scale that applies) is below the limit for their colour get
    that width. Thin filled rectangles, upright or slanted, which programs draw for lines, are widened about their
    middle. Drawings that are placed in several sizes are mended in each size.

    ## What stays exactly as it was
    Lines that are wide enough, their dashes, ends and colours; all other shapes, text and pictures; marks and
    other things in the slug, outside of the bleed.

    ## When not to use it
    Where fine lines are the picture: engravings, guilloches, fine grids and hatching get darker. Look at the pages
    before they are printed. Thin shapes with round sides are left as they are.
    """
    from makeready.pdf.mend import lines

    for row in lines.widen(job.pdf, job.facts, params.least):
        thinnest = PointSize(row.thinnest)
        number = f"{row.count} line{'s' if row.count != 1 else ''}"
        yield Change(
            f"{number} made wide enough to print; the thinnest had {thinnest}",
            row.page,
            tuple(row.places),
            {"count": row.count, "thinnest": thinnest.as_data()},
        )
