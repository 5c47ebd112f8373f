"""Overprint as it should be: white knocks out, small black text lies on top in one ink."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from makeready.changes import Change
from makeready.facts import Colour
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Percent, PointSize, above, below

if TYPE_CHECKING:
    from makeready.pdf.mend.repaint import Object, Wanted

_NAMES = {"text": "text", "vector": "shape", "line": "line", "image": "picture", "shading": "shading"}
#: Every press has these four; registration colour is on all of them.
_REGISTRATION, _PLATES = "All", 4


class FixOverprint(Params):
    """Settings of fix_overprint."""

    text: PointSize = param("12 pt", "Pure black text in gray below this keeps its overprint.", like="OVP103.text")
    lines: PointSize = param("2 pt", "Pure black lines in gray below this keep their overprint.", like="OVP103.lines")
    rgb: bool = param(True, "Switch it off for RGB as well.", like="OVP103.rgb")


@fix(
    id="fix_overprint",
    title="Switch overprint off where it makes things vanish or comes out by chance",
    stage="colour",
    safety="safe",
    cures=("OVP101", "OVP103"),
    kinds=("pdf",),
    rank=60,
    params=FixOverprint,
    seconds_per_page=0.05,
)
def fix_overprint(job: Job, params: FixOverprint) -> Iterator[Change]:
    """White knocks out what is below it; gray and RGB do not overprint.

    ## What changes
    Overprint is switched off for white text, lines and shapes, and for text, lines, shapes, pictures and shadings in
    DeviceGray or RGB. On the press they now come out as every screen shows them.

    ## What stays exactly as it was
    All colours and all shapes; overprint of CMYK and of spots, among it small pure black text and thin pure black
    lines in gray, which have to overprint (GWG 2022, R0011 and R0012). What lies outside of the bleed.

    ## When not to use it
    Where white that overprints is meant as nothing at all, such as a hidden label: it will now be seen.
    """
    from makeready.pdf.mend.repaint import Wanted, repaint

    def decide(item: Object) -> Wanted | None:
        return Wanted(overprint=False) if item.overprint and _by_chance(item, params) else None

    yield from _told(repaint(job.pdf, job.facts, decide), "no longer overprint")


def _by_chance(item: Object, params: FixOverprint) -> bool:
    """Whether this overprint vanishes, or comes out as the RIP has it."""
    colour = item.colour
    if colour is None:
        return False
    if colour.model == "rgb":
        return params.rgb
    if colour.white and item.what in ("text", "vector", "line"):
        return colour.model != "lab" and not colour.space.endswith(" None")
    if colour.family != "DeviceGray":
        return False
    limit = {"text": params.text, "line": params.lines}.get(item.what)
    small = limit is not None and item.size is not None and below(PointSize(item.size), limit)
    return not (small and colour.values == (0.0,))


class BlackText(Params):
    """Settings of black_text."""

    black: Percent = param("85 %", "Text with at least this much black is black text.", like="INK102.black")
    ink: Percent = param("280 %", "Black text with more ink in all is set in black alone.", like="INK102.ink")
    text: PointSize = param("12 pt", "Pure black text below this overprints.", like="OVP102.text")
    lines: PointSize = param("2 pt", "Pure black lines below this overprint.", like="OVP102.lines")
    gray: bool = param(True, "Count DeviceGray 0 as pure black: it becomes CMYK 0 0 0 1 where it overprints.")


@fix(
    id="black_text",
    title="Set black text in black ink alone, overprinting",
    stage="colour",
    safety="review",
    cures=("INK102", "OVP102"),
    kinds=("pdf",),
    rank=50,
    params=BlackText,
    seconds_per_page=0.05,
)
def black_text(job: Job, params: BlackText) -> Iterator[Change]:
    """Black text prints from one plate, so that it cannot get coloured ghosts.

    ## What changes
    Text made of several inks, with at least 85 % of black and more ink in all than the limit, becomes CMYK 0 0 0 1.
    Pure black text below 12 pt and pure black lines below 2 pt are set to overprint; where they were DeviceGray 0
    they become CMYK 0 0 0 1, as gray cannot overprint.

    ## What stays exactly as it was
    Large pure black text, white and coloured text, pictures, shapes, and everything that is see-through. The letters
    themselves.

    ## When not to use it
    Where big letters are meant to be deeper than black ink alone: large headlines in rich black get lighter.
    """
    from makeready.pdf.mend.repaint import Wanted, repaint
    from makeready.pdf.mend.streams import Paint

    black = Paint(_cmyk(), (0.0, 0.0, 0.0, 1.0))

    def decide(item: Object) -> Wanted | None:
        if not item.opaque or item.colour is None or item.what not in ("text", "line"):
            return None
        limit = params.text if item.what == "text" else params.lines
        small = item.size is not None and below(PointSize(item.size), limit)
        if item.what == "text" and _rich(item.colour, params):
            return Wanted(black, overprint=True if small else None)
        pure = _pure(item.colour, params)
        if pure is None or not small or (item.overprint and (item.overprint_mode == 1 or pure == "spot")):
            return None
        return Wanted(None if pure == "spot" else black, overprint=True)

    yield from _told(repaint(job.pdf, job.facts, decide), "set in black ink alone, overprinting where small")


def _cmyk() -> object:
    from makeready.pdf.mend.paints import DEVICE_CMYK

    return DEVICE_CMYK


def _rich(colour: Colour, params: BlackText) -> bool:
    amounts = dict(colour.inks) if colour.values else {}
    registration = amounts.get(_REGISTRATION, 0.0)
    if below(Percent(100 * max(amounts.get("Black", 0.0), registration)), params.black):
        return False
    total = sum(amounts.values()) + registration * (_PLATES - 1)
    return above(Percent(100 * total), params.ink)


def _pure(colour: Colour, params: BlackText) -> str | None:
    """What kind of pure black it is; ``spot`` for the separation Black, which overprints as it is."""
    if colour.family == "DeviceGray":
        return "gray" if params.gray and colour.values == (0.0,) else None
    if colour.family == "DeviceCMYK":
        return "cmyk" if colour.values == (0.0, 0.0, 0.0, 1.0) else None
    return "spot" if colour.model == "spot" and colour.inks == (("Black", 1.0),) else None


def _told(changed: Mapping[int, Counter[str]], deed: str) -> Iterator[Change]:
    for page, counts in sorted(changed.items()):
        words = ", ".join(f"{number} {_plural(_NAMES[what], number)}" for what, number in sorted(counts.items()))
        yield Change(f"{words} {deed}", page, details={"counts": dict(counts)})


def _plural(name: str, number: int) -> str:
    return name if number == 1 else f"{name}s" if name != "text" else "pieces of text"
