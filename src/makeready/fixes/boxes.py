"""The page boxes: what is sheet, what is bleed, what is product, said so that every program reads it alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from makeready.changes import Change, Refusal, Safety, Stage
from makeready.facts import Box, Page, Rect
from makeready.fixes.job import Job
from makeready.fixes.marks import LONGEST as LONGEST_MARK
from makeready.fixes.marks import marked_trim
from makeready.params import Params, param
from makeready.pdf.boxes import sheet
from makeready.registry import fix
from makeready.units import Length, Size

#: How much wider than the product a sheet may be for the product to be taken to lie in its middle.
_SURROUND = 2 * Length.parse("50 mm")


class SetBoxes(Params):
    """Settings of set_boxes."""

    trim: Literal["auto", "product", "marks", "media"] = param(
        "auto",
        "Where the product lies: as the TrimBox says or else as crop marks, the size ordered or the CropBox do (auto), "
        "the size ordered in the middle of the sheet (product), inside crop marks (marks), the sheet without what "
        "inset says (media).",
    )
    inset: Length = param("0 mm", "With trim = media: how much of the sheet is not product, on each side.")
    bleed: Length = param(
        "3 mm", "How far the BleedBox is laid round a product, if there is none.", like="BOX102.bleed"
    )
    crop: bool = param(True, "Set the CropBox to the MediaBox, so that nothing on the sheet is hidden.")
    unit: bool = param(True, "Write the page in points where it has a UserUnit.")
    turn: bool = param(False, "Write the page as it is shown where it has a Rotate.")


@dataclass
class _Wanted:
    """What is to become of one page."""

    page: Page
    media: Rect
    #: By name, those that change; ``None`` takes one out.
    boxes: dict[str, Rect | None] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    #: What cannot be done.
    left: list[str] = field(default_factory=list)
    unit: bool = False
    turn: bool = False
    form: Any = None


@fix(
    id="set_boxes",
    title="Say by the page boxes what is product, bleed and sheet",
    stage=Stage.BOXES,
    safety=Safety.SAFE,
    cures=("BOX101", "BOX106", "BOX107", "BOX108"),
    kinds=("pdf",),
    params=SetBoxes,
    seconds_per_page=0.01,
)
def set_boxes(job: Job, params: SetBoxes) -> Iterator[Change]:
    """Every page gets boxes that lie inside one another and say where it is cut.

    ## What changes
    A page without TrimBox gets one: where crop marks stand; else in the size that was ordered, in the middle of the
    sheet; else the CropBox, else the whole sheet, which other programs take as well. Settings can ask for one of
    these on all pages. Boxes that reach past the sheet are brought inside it, as the PDF standard reads them; a
    BleedBox smaller than the trim is grown to it; a page that has none gets the trim with the bleed asked for, as far
    as there is sheet. Boxes written upside down are written the right way, empty ones taken out. The CropBox becomes
    the whole sheet. An ArtBox goes where a TrimBox is added, since PDF/X allows one of the two.

    A page with a UserUnit is written in points: its content becomes one form, enlarged, and annotations move with it.
    If asked, a page with a Rotate is written as it is shown, in the same way.

    ## What stays exactly as it was
    What is painted, its size on paper and its place to the trim. Text stays text, pictures keep their pixels, tags
    are still found. Links and form fields lie where they lay; bookmarks lead to the same page.

    ## When not to use it
    When a page without TrimBox has its product at another place than these guesses: look at the trim that the change
    tells. Pages longer than 14,400 points need their UserUnit and keep it.
    """
    wanted = [_wanted(job, page, params) for page in job.facts.pages]
    todo = [page for page in wanted if page.boxes or page.unit or page.turn]
    reasons = [f"page {page.page.number}: {reason}" for page in wanted for reason in page.left]
    for page in todo:
        _prepare(job, page, reasons)
    todo = [page for page in todo if page.boxes or page.unit or page.turn]
    if not todo and reasons:
        raise Refusal("; ".join(reasons[:6]))
    from makeready.pdf.mend import boxes

    pdf = job.pdf.pdf
    for done, page in enumerate(todo, start=1):
        native = pdf.pages[page.page.number - 1].obj
        boxes.write(native, page.boxes, page.page.user_unit)
        if page.form is not None:
            boxes.make_plain(pdf, native, page.form, page.page, unit=page.unit, turn=page.turn)
        yield Change(_sentence(page), page.page.number, details=_details(page))
        job.tell(done / len(todo))


def _prepare(job: Job, page: _Wanted, reasons: list[str]) -> None:
    """Take the content up where the page is to be written anew; where it cannot be, that is left undone."""
    if not (page.unit or page.turn):
        return
    from makeready.pdf.mend import boxes

    pdf, number = job.pdf.pdf, page.page.number
    try:
        page.form = boxes.content_as_form(pdf, pdf.pages[number - 1].obj, page.media, page.page.user_unit)
    except Refusal as refusal:
        page.unit = page.turn = False
        page.left.append(str(refusal))
        reasons.append(f"page {number}: {refusal}")


def _wanted(job: Job, page: Page, params: SetBoxes) -> _Wanted:
    media = sheet(page)
    wanted = _Wanted(page, media)
    new: dict[str, Rect | None] = {"MediaBox": media}
    trim = _trim(job, wanted, params)
    bleed = _inside(page, page.boxes.bleed, media)
    hides = page.boxes.crop is not None and not _same(_rect(page, page.boxes.crop), media)
    new["TrimBox"] = trim
    if trim is None:
        new["BleedBox"] = bleed
    elif bleed is not None:
        new["BleedBox"] = _round(bleed, trim).intersection(media)
    elif page.boxes.bleed is not None or page.boxes.trim is None or (hides and params.crop):
        new["BleedBox"] = _grown(trim, params.bleed).intersection(media)
    if page.boxes.crop is not None:
        new["CropBox"] = media if params.crop else _inside(page, page.boxes.crop, media)
    if page.boxes.art is not None:
        added = page.boxes.trim is None and trim is not None
        new["ArtBox"] = None if added else _inside(page, page.boxes.art, media)
    written = {
        "MediaBox": page.boxes.media, "CropBox": page.boxes.crop, "BleedBox": page.boxes.bleed,
        "TrimBox": page.boxes.trim, "ArtBox": page.boxes.art,
    }  # fmt: skip
    wanted.boxes = {name: area for name, area in new.items() if not _as_written(page, written[name], area)}
    wanted.turn = params.turn and page.rotate != 0
    if params.unit and page.user_unit != 1:
        from makeready.pdf.mend.boxes import LONGEST

        wanted.unit = max(media.width, media.height) <= LONGEST
        if not wanted.unit:
            wanted.left.append("it is longer than 14,400 points, which only a UserUnit can say")
    _tell(wanted, written)
    return wanted


def _trim(job: Job, wanted: _Wanted, params: SetBoxes) -> Rect | None:
    """Where the product lies; how that is known is noted."""
    page, media = wanted.page, wanted.media
    said = _inside(page, page.boxes.trim, media)
    if params.trim == "auto":
        if said is not None:
            return said
        if marked := _marked(job, page):
            wanted.done.append("the product lies inside the crop marks")
            return marked.intersection(media)
        if (middle := _product(page, media, job.canvas)) and max(
            media.width - middle.width, media.height - middle.height
        ) <= _SURROUND:
            wanted.done.append("the size ordered is taken to lie in the middle of the sheet")
            return middle
        return _inside(page, page.boxes.crop, media) or media
    if params.trim == "marks":
        marked = _marked(job, page)
        found = marked.intersection(media) if marked else None
        why = "no crop marks are found on it"
    elif params.trim == "product":
        found = _product(page, media, job.canvas)
        why = "no size is ordered: give a canvas" if job.canvas is None else "its sheet is smaller than the product"
    else:
        inner = _grown(media, Length(-params.inset))
        found = inner if inner.width > 0 and inner.height > 0 else None
        why = "nothing is left of its sheet inside the inset"
    if found is None:
        wanted.left.append(why)
        return said
    return found


def _marked(job: Job, page: Page) -> Rect | None:
    from makeready.pdf.mend.short_lines import short_lines

    return marked_trim(short_lines(job.pdf.pdf, page.number, LONGEST_MARK))


def _product(page: Page, media: Rect, canvas: Size | None) -> Rect | None:
    """The size ordered in the middle of the sheet, either way up, if it fits; by preference as the sheet lies."""
    if canvas is None:
        return None
    sides = (float(canvas.width), float(canvas.height))
    shapes = sorted({sides, sides[::-1]}, key=lambda shape: (shape[0] > shape[1]) != (media.width > media.height))
    slack = 2 * Length.tolerance
    for width, height in shapes:
        x, y = (media.x0 + media.x1 - width) / 2, (media.y0 + media.y1 - height) / 2
        if width <= media.width + slack and height <= media.height + slack:
            return Rect(x, y, x + width, y + height).intersection(media)
    return None


def _rect(page: Page, box: Box | None) -> Rect | None:
    if box is None:
        return None
    (x0, x1), (y0, y1) = sorted((box[0], box[2])), sorted((box[1], box[3]))
    unit = page.user_unit
    return Rect(x0 * unit, y0 * unit, x1 * unit, y1 * unit)


def _inside(page: Page, box: Box | None, media: Rect) -> Rect | None:
    """What of a box lies on the sheet (ISO 32000-1, 14.11.2.1: boxes are reduced to that), or ``None``."""
    area = _rect(page, box)
    if area is None:
        return None
    return area if media.contains(area) and area.width > 0 and area.height > 0 else area.intersection(media)


def _round(one: Rect, other: Rect) -> Rect:
    if one.contains(other):
        return one
    return Rect(min(one.x0, other.x0), min(one.y0, other.y0), max(one.x1, other.x1), max(one.y1, other.y1))


def _grown(rect: Rect, by: Length) -> Rect:
    return Rect(rect.x0 - by, rect.y0 - by, rect.x1 + by, rect.y1 + by)


def _same(one: Rect | None, other: Rect | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.contains(other) and other.contains(one)


def _as_written(page: Page, box: Box | None, area: Rect | None) -> bool:
    """Whether a box says this already, and the right way up."""
    if box is None or area is None:
        return box is None and area is None
    return box[0] <= box[2] and box[1] <= box[3] and _same(_rect(page, box), area)


def _tell(wanted: _Wanted, written: dict[str, Box | None]) -> None:
    """Put into words what is done to the page."""
    for name, area in wanted.boxes.items():
        if area is None:
            wanted.done.append(f"the {name} is taken out")
        elif written[name] is None:
            wanted.done.append(f"the {name} is {Size(area.width, area.height)} now")
        elif name == "CropBox" and _same(area, wanted.media):
            wanted.done.append("the CropBox is the whole sheet now")
        else:
            wanted.done.append(f"the {name} is brought to {Size(area.width, area.height)}")


def _sentence(page: _Wanted) -> str:
    done = list(page.done)
    if page.unit:
        done.append(f"the UserUnit of {page.page.user_unit:g} is written out in points")
    if page.turn:
        done.append(f"the page lies as it is shown, without its Rotate of {page.page.rotate}")
    left = [f"left undone: {reason}" for reason in page.left]
    return "; ".join(done + left)


def _details(page: _Wanted) -> dict[str, Any]:
    before = {
        f"{name.capitalize()}Box": list(box) if (box := getattr(page.page.boxes, name)) is not None else None
        for name in ("media", "crop", "bleed", "trim", "art")
    }
    after = {name: None if area is None else [round(side, 3) for side in area] for name, area in page.boxes.items()}
    return {
        "before": {**before, "UserUnit": page.page.user_unit, "Rotate": page.page.rotate},
        "after": {**after, "UserUnit": 1 if page.unit else page.page.user_unit,
                  "Rotate": 0 if page.turn else page.page.rotate},
        "left": page.left,
    }  # fmt: skip
