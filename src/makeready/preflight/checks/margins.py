"""What lies near the edge and beyond it: live text, small objects, printer's marks."""

from __future__ import annotations

from collections.abc import Iterator

from makeready.facts import PLACES_KEPT, Artwork, NearTrim, Page, Paint
from makeready.params import AtLeast, Params, param
from makeready.preflight.checks.colour import counted, not_marks, registration
from makeready.registry import check
from makeready.results import Finding, Severity
from makeready.units import Count, Length

#: Annotations that a press reads and a reader of the product does not (ISO 32000-1, 14.11.3 and 14.11.6).
_PRESS_NOTES = ("PrinterMark", "TrapNet")
_NAMED = {"text": "piece of text", "image": "small picture", "vector": "small shape"}


class SafeZone(Params):
    """Settings of BOX109."""

    margin: AtLeast[Length] = param({"warning": "3 mm"}, "How far inside of the trim live text must stay.")
    small_objects: bool = param(False, "Judge small pictures and vectors as well: logos, icons, codes.")


@check(
    code="BOX109",
    name="in-safe-zone",
    title="Text stands too close to where the page is cut",
    on=NearTrim,
    params=SafeZone,
    message="{count} too close to the trim{nearest} at {measured}; {limit} is needed",
    severity=Severity.WARNING,
    kinds=("pdf",),
)
def in_safe_zone(near: NearTrim, params: SafeZone) -> Iterator[Finding]:
    """A letter at the very edge is cut off on a part of the run.

    ## What it looks at
    Text that is seen, as painted: how far its letters are from the nearest side of the trim, on the inside; text
    that the trim cuts through has a distance below 0, text that lies outside altogether is left alone. A page without
    TrimBox is judged by its CropBox, then its MediaBox. With `small_objects`, pictures and shapes of up to 25 mm
    that lie wholly inside the trim are judged as well. Lines and larger objects are backgrounds.

    ## Why it matters on press
    Folding and cutting are exact to a millimetre or so, and each sheet of a stack is cut a little differently. Print
    shops ask for 3 mm (offset) to 12.7 mm (books: Lulu and IngramSpark ask for half an inch inside of the trim).

    ## What to do
    Move the text inwards, or make it large enough to be cut on purpose.
    """
    if near.what != "text" and not params.small_objects:
        return
    if not near.distances or not (graded := params.margin.grade(near.distances[0])):
        return
    nearest = near.distances[0]
    number = sum(params.margin.broken_by(distance, graded.limit) for distance in near.distances)
    named = _NAMED[near.what] if number == 1 else _NAMED[near.what].replace("piece", "pieces")
    named += "s" if number > 1 and near.what != "text" else ""
    details = {
        "count": f"{number}{' or more' if number == PLACES_KEPT else ''} {named}",
        "nearest": ", the nearest" if number > 1 else "",
        "what": near.what,
        "objects": number,
    }
    message = "{count} cut by the trim; {limit} inside of it is needed" if nearest <= 0 else None
    yield Finding(nearest, graded.limit, graded.level, details, places=near.places[:number], message=message)


@check(
    code="BOX112",
    name="printer-marks",
    title="There are printer's marks or notes round the product",
    on=Page,
    message="{what} outside of the bleed",
    enabled=False,
    kinds=("pdf",),
)
def printer_marks(page: Page, params: Params, artwork: Artwork) -> Iterator[Finding]:
    """Crop marks help a person with a knife and hinder a machine that adds its own.

    ## What it looks at
    What is painted wholly outside of the bleed, white aside, on pages that have a TrimBox, and what is in registration
    colour and reaches over the bleed: crop and registration marks, colour bars, notes. Annotations that hold printer's
    marks or trapping (ISO 32000-1, 14.11.3 and 14.11.6) count wherever they are.

    ## Why it matters on press
    Web-to-print and imposition place pages by their boxes and set marks of their own. Marks of the file end up in
    the gap between two products, or make the page too large for the sheet.

    ## What to do
    Export without marks; keep the bleed.
    """
    if page.boxes.trim is None:
        return
    marks = [
        paint
        for paint in artwork.paints
        if paint.page == page.number and not paint.colour.white and (paint.slug or _round_the_page(paint, artwork))
    ]
    notes = [note for note in artwork.annotations if note.page == page.number and note.subtype in _PRESS_NOTES]
    if not marks and not notes:
        return
    number = sum(paint.count for paint in marks) + len(notes)
    words = [_kinds(marks)] if marks else []
    words += [f"{len(notes)} annotation{'s' if len(notes) > 1 else ''} for the press"] if notes else []
    places = [place for paint in marks for place in paint.places]
    places += [note.place for note in notes if note.place is not None]
    yield Finding(Count(number), details={"what": ", ".join(words), "objects": number}, places=tuple(places))


def _round_the_page(paint: Paint, artwork: Artwork) -> bool:
    """Marks drawn as one path round the page: in every ink, and reaching over the bleed."""
    return registration(paint.colour) is not None and not not_marks(paint, artwork)


def _kinds(paints: list[Paint]) -> str:
    sums: dict[str, int] = {}
    for paint in paints:
        sums[paint.what] = sums.get(paint.what, 0) + paint.count
    return ", ".join(counted(number, what) for what, number in sums.items())
