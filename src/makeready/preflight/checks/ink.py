"""Ink: how much of it lands on one place, and what no ink can show."""

from __future__ import annotations

from collections.abc import Iterator

from makeready.facts import Artwork, InkCoverage, OutputIntent, TextRun
from makeready.params import AtMost, Params, param
from makeready.registry import check
from makeready.results import Finding, Severity, Skip
from makeready.units import Percent, above, below

#: The colorant that stands for every plate (ISO 32000-1, 8.6.6.4), and the plates that every press has.
_REGISTRATION = "All"
_PROCESS_PLATES = 4


class TotalInk(Params):
    """Settings of INK101."""

    total: AtMost[Percent] = param({"warning": "320 %"}, "The most ink of all plates together, spots included.")
    process: AtMost[Percent] = param({}, "The most ink of Cyan, Magenta, Yellow and Black together.")


@check(
    code="INK101",
    name="total-ink",
    title="More ink than the paper can take",
    on=InkCoverage,
    params=TotalInk,
    message="{measured} ink{which} over a square of {square}; at most {limit} dries",
    kinds=("pdf",),
    needs=("ink",),
    gwg=("R0025", "R0026"),
)
def total_ink(coverage: InkCoverage, params: TotalInk) -> Iterator[Finding]:
    """Too much ink on one place does not dry.

    ## What it looks at
    The page rendered to plates for its output intent, overprint and transparency included, and every square of
    15 mm inside the bleed: the highest mean of all plates together (GWG 2022, R0025), and of the four process
    plates alone (R0026). Amounts are counted in whole percent, which is as fine as plates of 8 bits can tell. A
    smaller area may be heavier: text and marks do no harm. What lies outside of the bleed is left alone. Where the
    file has no output intent with a profile, RGB is separated by a stock profile and the details say so.

    ## Why it matters on press
    Sheets on coated paper take 320 % (GWG 2022 for sheetfed offset), heat-set web 305 %, newsprint 245 %. More
    stays wet: it sets off on the next sheet, the sheets stick together, shadows fill in.

    ## What to do
    Convert the heavy pictures to the press's profile again, with its ink limit, or use a device link that reduces
    ink. Black surfaces need 100 % black and some 40 % cyan, not all four inks. What is drawn in registration colour
    and is no mark should be black.
    """
    for amount, limits, place, gwg in (
        (coverage.average, params.total, coverage.place, "R0025"),
        (coverage.process, params.process, coverage.process_place, "R0026"),
    ):
        measured = Percent(round(amount))
        if graded := limits.grade(measured):
            details = {
                "which": " of the process plates" if gwg == "R0026" else "",
                "square": coverage.square,
                "peak": coverage.peak,
                "condition": coverage.condition,
                "gwg": gwg,
            }
            yield Finding(measured, graded.limit, graded.level, details, places=(place,) if place else ())


class RichBlackText(Params):
    """Settings of INK102."""

    black: Percent = param("85 %", "Text with at least this much black is black text.")
    ink: AtMost[Percent] = param({"warning": "280 %"}, "The most ink of all plates together in black text.")


@check(
    code="INK102",
    name="rich-black-text",
    title="Black text is made of too much ink",
    on=TextRun,
    params=RichBlackText,
    message="Black text in {font} of {measured} ink; at most {limit}",
    severity=Severity.WARNING,
    kinds=("pdf",),
    gwg=("R0015",),
)
def rich_black_text(run: TextRun, params: RichBlackText) -> Iterator[Finding]:
    """Black text needs one ink, not four.

    ## What it looks at
    The colour of visible text: where black is 85 % or more, the sum of its inks (GWG 2022, R0015). Text that is
    invisible, in a soft mask, or outside of the bleed is left alone.

    ## Why it matters on press
    Four plates never sit perfectly: letters of four inks get coloured ghosts, and their fine parts fill in.

    ## What to do
    Set the text in 100 % black, overprinting. RGB black, placed from an office program, becomes four inks when it
    is converted: convert it to black alone.
    """
    if run.slug or run.rendering == "invisible" or run.within == "soft mask group":
        return
    amounts = dict(run.colour.inks) if run.colour is not None and run.colour.values else {}
    if below(Percent(100 * _black(amounts)), params.black):
        return
    total = Percent(100 * _total(amounts))
    if graded := params.ink.grade(total):
        details = {"font": run.font or "a font without a name", "runs": run.count, "glyphs": run.glyphs}
        yield Finding(total, graded.limit, graded.level, details)


def _black(amounts: dict[str, float]) -> float:
    """How much black, 0..1; registration colour has as much of it as of every ink."""
    return max(amounts.get("Black", 0.0), amounts.get(_REGISTRATION, 0.0))


def _total(amounts: dict[str, float]) -> float:
    """The sum of the inks; registration colour counts for the four that every press has."""
    return sum(amount * (_PROCESS_PLATES if ink == _REGISTRATION else 1) for ink, amount in amounts.items())


class OutOfGamutParams(Params):
    """Settings of INK103."""

    share: Percent = param("10 %", "How much of the area painted in RGB may be out of the press's reach.")


@check(
    code="INK103",
    name="out-of-gamut",
    title="RGB colour that the press cannot reach",
    on=Artwork,
    params=OutOfGamutParams,
    message="{measured} of what is painted in RGB is out of the reach of {condition}; at most {limit}",
    severity=Severity.INFO,
    enabled=False,
    kinds=("pdf",),
    needs=("gamut",),
)
def out_of_gamut(artwork: Artwork, params: OutOfGamutParams) -> Iterator[Finding]:
    """Bright RGB colours turn out duller in print.

    ## What it looks at
    What is painted in RGB, page by page, and what becomes of it in the output intent's profile: converted with
    relative colorimetric intent and black point compensation, and looked at again. Where the two differ by more
    than 5 units of CIEDE2000 (Sharma, Wu and Dalal, 2005) the colour is out of reach. Without an output intent
    that has a CMYK profile there is nothing to proof for.

    ## Why it matters on press
    Ink on paper has no luminous green and no deep blue. The press prints the nearest colour it has, and customers
    who know the picture from their screen complain.

    ## What to do
    Show the customer a proof, or choose colours that the press has. Spot colours reach further.
    """
    if not artwork.out_of_gamut:
        if any(_press_profile(intent) for intent in artwork.output_intents):
            return
        raise Skip("there is no output intent with a CMYK profile to proof for")
    for page in artwork.out_of_gamut:
        if above(page.share, params.share):
            details = {"condition": page.condition, "worst": round(page.worst, 1)}
            yield Finding(page.share, params.share, None, details, page=page.page, places=page.places)


def _press_profile(intent: OutputIntent) -> bool:
    return intent.profile is not None and intent.profile.colour_space == "CMYK" and intent.profile.damage is None
