"""Page geometry: size, trim, bleed, and the boxes that say so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from makeready.facts import Artwork, BleedEdge, Box, Margins, Page, Rect
from makeready.params import AtLeast, AtMost, Graded, Level, Params, param
from makeready.registry import check
from makeready.results import Finding, Severity, Skip
from makeready.units import Angle, Length, Percent, Size, below, close


@check(
    code="BOX101",
    name="trim-missing",
    title="The page does not say where it will be cut",
    on=Page,
    message="no TrimBox; the {used} was taken instead",
    severity=Severity.WARNING,
    kinds=("pdf",),
)
def trim_missing(page: Page, params: Params) -> Iterator[Finding]:
    """The TrimBox is the product: the page as it leaves the guillotine.

    ## What it looks at
    Whether the page has a TrimBox. Where it has none, CropBox, then MediaBox stand in for it in all other checks.

    ## Why it matters on press
    Imposition places pages by their TrimBox. Without one, bleed and marks become part of the product, or the
    page is placed off by the width of the bleed.

    ## What to do
    Export with crop settings as PDF/X, which requires a TrimBox (or ArtBox) on every page (ISO 15930-7, 6.12).
    """
    if page.boxes.trim is None:
        yield Finding(details={"used": "CropBox" if page.boxes.crop is not None else "MediaBox"})


class Bleed(Params):
    """Settings of BOX102."""

    bleed: AtLeast[Length] = param("3 mm", "How far artwork must run past the trim, on every side.")
    spine: bool = param(False, "Pages lie side by side: do not ask for bleed where two of them meet (left and right).")
    blank_sides: Literal["judge", "info", "off"] = param(
        "info",
        "Sides of a PDF page where nothing is printed near the trim: judge them by the boxes like all others, "
        "tell of them as info, or leave them out.",
    )
    clearance: Length = param("1 mm", "How far inside of the trim a side must be blank to need no bleed.")


@check(
    code="BOX102",
    name="bleed-missing",
    title="There is too little bleed",
    on=Page,
    params=Bleed,
    message="the bleed is {measured} {side}; {limit} is needed",
)
def bleed_missing(page: Page, params: Bleed, artwork: Artwork) -> Iterator[Finding]:
    """Ink that touches the edge has to run past it.

    ## What it looks at
    PDF: how far BleedBox lies outside of TrimBox, on each side; a page without BleedBox has what lies between
    trim and the edge of the sheet (ISO 32000-1, 14.11.2). Raster: how far the picture, at its printed size,
    reaches past the canvas; for that a canvas must be given.

    A side of a PDF page is let off where it is certain that nothing but white is painted at the trim and up to 1 mm
    inside of it: there is nothing to bleed, as on the pages of a novel. The boxes round objects decide, as far as
    clipping leaves them, so that a picture with a white border still asks for bleed. Whether artwork that touches the
    trim runs on into the bleed is judged by BOX103.

    ## Why it matters on press
    A guillotine cuts a stack to within half a millimetre or so. Where the artwork ends at the trim, a sliver of
    white paper shows on a part of the run.

    ## What to do
    Extend backgrounds and pictures past the page edge in the layout and export with bleed. Where there is
    nothing to extend, mirrored bleed is usually invisible.
    """
    sides = _raster_bleed(artwork) if artwork.kind == "raster" else _pdf_bleed(page)
    if params.spine:
        sides = {side: bleed for side, bleed in sides.items() if side in ("top", "bottom")}
    blank = set() if params.blank_sides == "judge" else _blank_sides(page, params.clearance)
    details = {"sides": {name: bleed.as_data() for name, bleed in sides.items()}}
    if short := _shortest({side: bleed for side, bleed in sides.items() if side not in blank}, params.bleed):
        yield Finding(short.bleed, short.graded.limit, short.graded.level, {"side": short.where} | details)
    elif params.blank_sides == "info" and (short := _shortest(sides, params.bleed)):
        yield Finding(
            short.bleed, short.graded.limit, "info", {"side": short.where} | details,
            message="the bleed is {measured} {side}; {limit} would be needed if anything were printed there",
        )  # fmt: skip


class _Short(NamedTuple):
    """The least bleed that is too little, and on which sides."""

    bleed: Length
    graded: Graded
    where: str


def _shortest(sides: dict[str, Length], wanted: AtLeast[Length]) -> _Short | None:
    least = min(sides.values(), default=None)
    if least is None or not (graded := wanted.grade(least)):
        return None
    short = [side for side, bleed in sides.items() if close(bleed, least)]
    return _Short(least, graded, "all round" if len(short) == 4 else f"on the {' and '.join(short)}")


def _pdf_bleed(page: Page) -> dict[str, Length]:
    """How much of the sheet lies between trim and bleed edge; sides as displayed."""
    trim, bleed, media = page.trim, page.bleed, page.media
    if trim is None or bleed is None:
        return {}
    bleed = bleed.intersection(media) or bleed if media else bleed
    around = (trim.x0 - bleed.x0, bleed.y1 - trim.y1, bleed.x1 - trim.x1, trim.y0 - bleed.y0)
    return Margins(*(Length(max(0.0, side)) for side in around)).displayed(page.rotate)


def _blank_sides(page: Page, clearance: Length) -> set[str]:
    """Where nothing is printed near the trim, for certain; sides as displayed."""
    if page.blank is None:
        return set()
    return {side for side, blank in page.blank.displayed(page.rotate).items() if not below(blank, clearance)}


def _raster_bleed(artwork: Artwork) -> dict[str, Length]:
    raster, canvas = artwork.raster, artwork.canvas
    if raster is None or canvas is None:
        raise Skip("its printed size is not known: give a canvas")
    if (past := raster.past(canvas)) is not None:
        across, along = past
        return {"left": across, "top": along, "right": across, "bottom": along}
    width, height = raster.shown_px
    # Scaled to cover the canvas, what is left over is bleed, on two sides at most.
    scale = max(canvas.width / width, canvas.height / height)
    across = Length((width * scale - canvas.width) / 2)
    along = Length((height * scale - canvas.height) / 2)
    return {"left": across, "top": along, "right": across, "bottom": along}


class FilledBleed(Params):
    """Settings of BOX103."""

    unfilled: AtMost[Length] = param("2 mm", "How long a stretch of the edge may lack bleed before it is a fault.")


@check(
    code="BOX103",
    name="bleed-not-filled",
    title="There is a bleed zone, but the artwork does not reach into it",
    on=BleedEdge,
    params=FilledBleed,
    message="{measured} of artwork on the {side} edge stop at the trim and do not fill the bleed",
    kinds=("pdf",),
    needs=("bleed",),
)
def bleed_not_filled(edge: BleedEdge, params: FilledBleed) -> Iterator[Finding]:
    """A bleed zone made of white paper helps nobody.

    ## What it looks at
    A rendering of each page: where there is ink right at the trim, there must be ink at the outer edge of the
    bleed zone as well. Artwork that is narrower than the bleed, such as a border along the trim, has to go on as far
    as it is wide. Edges without artwork need no bleed and are left alone.

    ## Why it matters on press
    Enlarging the page box adds a bleed zone on paper only: the picture still ends at the trim, and the white
    sliver shows after cutting.

    ## What to do
    Pull frames and pictures out to the bleed line in the layout program and export again.
    """
    if graded := params.unfilled.grade(edge.unfilled):
        yield Finding(edge.unfilled, graded.limit, graded.level, {"side": edge.side, "bleed": edge.bleed})


class ProductSize(Params):
    """Settings of BOX104."""

    size: Size | None = param(None, "The product's size (210x297mm, A4, 30x20in), either way up.")
    tolerance: Length = param("0.25 mm", "How much each side may differ.")


@check(
    code="BOX104",
    name="wrong-size",
    title="The page is not of the product's size",
    on=Page,
    params=ProductSize,
    message="the page is {measured}; {limit} was ordered",
    kinds=("pdf",),
)
def wrong_size(page: Page, params: ProductSize, artwork: Artwork) -> Iterator[Finding]:
    """What was ordered and what was sent should be one size.

    ## What it looks at
    The TrimBox as displayed, against the canvas given for the job or the size in the profile; portrait and
    landscape are the same.

    ## Why it matters on press
    A page of another size is scaled (type and lines change weight), cropped, or leaves white edges.

    ## What to do
    Set the document size in the layout program; do not scale in the export dialogue.
    """
    wanted = artwork.canvas or params.size
    if wanted is None:
        raise Skip("no size is ordered: give a canvas or a size in the profile")
    size = page.size
    if size is None:
        return
    slack = params.tolerance + Length.tolerance
    if any(abs(a - b) > slack for a, b in zip(sorted(size), sorted(wanted), strict=True)):
        yield Finding(size, wanted)


@check(
    code="BOX105",
    name="pages-differ",
    title="Pages differ in size, orientation or rotation",
    on=Artwork,
    message="{what}: page {odd} is {measured}, page {usual} {limit}",
    severity=Severity.WARNING,
    kinds=("pdf",),
    gwg=("R0004",),
)
def pages_differ(artwork: Artwork, params: Params) -> Iterator[Finding]:
    """A run of pages is imposed alike.

    ## What it looks at
    Size and orientation of every page as displayed, and its Rotate, against the most common of the file (GWG 2022,
    R0004). One issue for each different kind of page, at its first page.

    ## Why it matters on press
    Imposition software either refuses or places the odd page off centre or turned.

    ## What to do
    Bring all pages to one size, or send the odd ones (covers, folders) as files of their own.
    """
    kinds: list[tuple[Size, int, list[int]]] = []
    for page in artwork.pages:
        size = page.size
        if size is None:
            continue
        for known, rotate, numbers in kinds:
            if rotate == page.rotate and all(close(a, b) for a, b in zip(size, known, strict=True)):
                numbers.append(page.number)
                break
        else:
            kinds.append((size, page.rotate, [page.number]))
    if len(kinds) < 2:
        return
    usual = max(kinds, key=lambda kind: len(kind[2]))
    for size, rotate, numbers in kinds:
        if numbers is usual[2]:
            continue
        same_size = all(close(a, b) for a, b in zip(size, usual[0], strict=True))
        details = {"odd": numbers[0], "usual": usual[2][0], "pages": numbers}
        if same_size:
            turned = {"what": "rotation differs", "rotate": rotate}
            yield Finding(
                Angle(rotate), Angle(usual[1]), details={**details, **turned}, page=numbers[0], places=(),
                message="rotation differs: page {odd} is turned by {measured}, page {usual} by {limit}",
            )  # fmt: skip
        else:
            yield Finding(size, usual[0], details={**details, "what": "size differs"}, page=numbers[0], places=())


@check(
    code="BOX106",
    name="boxes-not-nested",
    title="The page boxes do not lie inside one another",
    on=Page,
    message="{what}",
    kinds=("pdf",),
)
def boxes_not_nested(page: Page, params: Params) -> Iterator[Finding]:
    """Trim inside bleed inside media: the product, its bleed, the sheet.

    ## What it looks at
    TrimBox must lie within BleedBox, both (and ArtBox) within MediaBox, and no box may be empty or written upside
    down (ISO 32000-1, 14.11.2; ISO 15930-7, 6.12).

    ## Why it matters on press
    Where boxes contradict each other, programs clip them in different ways and the product changes its size.

    ## What to do
    Export the page again; boxes like these come from hand-made crops or broken scripts.
    """
    boxes: dict[str, Box | None] = {
        "MediaBox": page.boxes.media, "CropBox": page.boxes.crop, "BleedBox": page.boxes.bleed,
        "TrimBox": page.boxes.trim, "ArtBox": page.boxes.art,
    }  # fmt: skip
    if page.boxes.media is None:
        yield Finding(details={"what": "the page has no MediaBox"}, places=())
    rects: dict[str, Rect] = {}
    for name, box in boxes.items():
        if box is None:
            continue
        if box[2] == box[0] or box[3] == box[1]:
            yield Finding(details={"what": f"the {name} is empty", "box": list(box)}, places=())
        elif box[2] < box[0] or box[3] < box[1]:
            yield Finding(
                details={"what": f"the {name} is written upside down", "box": list(box)}, level="warning", places=()
            )
        else:
            unit = page.user_unit
            rects[name] = Rect(box[0] * unit, box[1] * unit, box[2] * unit, box[3] * unit)
    for inner, outer in (
        ("TrimBox", "BleedBox"),
        ("TrimBox", "MediaBox"),
        ("BleedBox", "MediaBox"),
        ("ArtBox", "MediaBox"),
    ):
        if inner in rects and outer in rects and not rects[outer].contains(rects[inner]):
            by = max(
                rects[outer].x0 - rects[inner].x0, rects[outer].y0 - rects[inner].y0,
                rects[inner].x1 - rects[outer].x1, rects[inner].y1 - rects[outer].y1,
            )  # fmt: skip
            what = f"the {inner} reaches {Length(by)} past the {outer}"
            yield Finding(Length(by), details={"what": what}, places=(rects[inner],))


@check(
    code="BOX107",
    name="crop-differs",
    title="The CropBox hides a part of the sheet",
    on=Page,
    message="the CropBox is {measured}, the MediaBox {limit}",
    kinds=("pdf",),
    gwg=("R0003",),
)
def crop_differs(page: Page, params: Params) -> Iterator[Finding]:
    """The CropBox is for the screen; on press it only hides things.

    ## What it looks at
    Whether a CropBox is there and is not the MediaBox (GWG 2022, R0003).

    ## Why it matters on press
    What lies outside the CropBox is not seen in a viewer, so nobody checks it; yet it is there, and may print.
    Some programs place pages by their CropBox, and then bleed is lost.

    ## What to do
    Remove the crop, or set it to the MediaBox; say the product's size with the TrimBox.
    """
    crop, media = page.crop, page.media
    if page.boxes.crop is None or crop is None or media is None:
        return
    if not (crop.contains(media) and media.contains(crop)):
        yield Finding(Size(crop.width, crop.height), Size(media.width, media.height), places=(crop,))


class Scale(Params):
    """Settings of BOX108."""

    unit: Level = param("error", "How bad a page is whose unit is not 1/72 inch.")
    scales: Level = param("off", "How bad it is when pages of one file have different units.")


@check(
    code="BOX108",
    name="user-unit",
    title="The page is scaled by a UserUnit",
    on=Page,
    params=Scale,
    message="one unit of the page is {scale} points",
    kinds=("pdf",),
    gwg=("R0002", "R0037"),
)
def user_unit(page: Page, params: Scale, artwork: Artwork) -> Iterator[Finding]:
    """A UserUnit makes every number on the page mean something else.

    ## What it looks at
    Whether the page has a UserUnit other than 1 (GWG 2022, R0002), and, where a product is delivered to scale,
    whether all pages have the same one (R0037). All sizes in this report have it applied.

    ## Why it matters on press
    Programs that know UserUnit print the page large; those that do not print it small. Both are in use.

    ## What to do
    Make the page at its true size, or agree on a scale and say so on the order.
    """
    details = {"scale": f"{page.user_unit:g}", "user_unit": page.user_unit}
    if params.unit != "off" and page.user_unit != 1:
        yield Finding(level=params.unit, details=details | {"gwg": "R0002"})
    first = artwork.pages[0]
    if params.scales != "off" and page.user_unit != first.user_unit:
        yield Finding(
            level=params.scales,
            details=details | {"gwg": "R0037", "first": f"{first.user_unit:g}", "first_page": first.number},
            message="one unit of the page is {scale} points, one of page {first_page} is {first}: a job has one scale",
        )


@check(
    code="BOX110",
    name="empty-page",
    title="Nothing is painted on the page",
    on=Page,
    message="the page is empty",
    severity=Severity.WARNING,
    kinds=("pdf",),
    gwg=("R0005",),
)
def empty_page(page: Page, params: Params) -> Iterator[Finding]:
    """A blank page may be meant, or may be a page that was lost.

    ## What it looks at
    Whether anything that is not plainly white is painted inside the sheet (GWG 2022, R0005). Pictures count as
    painted, even white ones.

    ## Why it matters on press
    A blank page in the middle of a job is printed and paid for.

    ## What to do
    Ask whether it is meant; take it out if not.
    """
    if page.painted == 0:
        yield Finding()


class Aspect(Params):
    """Settings of BOX111."""

    loss: AtMost[Percent] = param({"warning": "2 %"}, "How much of the picture may be cut off to fill the canvas.")


@check(
    code="BOX111",
    name="aspect-mismatch",
    title="The picture is not of the canvas's shape",
    on=Artwork,
    params=Aspect,
    message="filling the canvas cuts off {measured} of the picture, {where}; at most {limit}",
    severity=Severity.WARNING,
    kinds=("raster",),
)
def aspect_mismatch(artwork: Artwork, params: Aspect) -> Iterator[Finding]:
    """A 4:3 photo on a 3:2 canvas loses a ninth of itself.

    ## What it looks at
    Width to height of the picture as displayed, against the canvas; the share of the picture that has to go when
    it fills the canvas.

    ## Why it matters on press
    Somebody has to decide what is cut off: heads and feet are a poor default.

    ## What to do
    Crop the picture to the shape of the canvas, or choose a canvas of the picture's shape.
    """
    if artwork.raster is None or artwork.canvas is None:
        raise Skip("its printed size is not known: give a canvas")
    width, height = artwork.raster.shown_px
    sheet = artwork.canvas
    if bleed := artwork.raster.bleed(sheet):  # equal all round, it makes another shape of the same product
        sheet = Size(sheet.width + 2 * bleed, sheet.height + 2 * bleed)
    picture, canvas = width / height, sheet.width / sheet.height
    loss = Percent((1 - min(picture, canvas) / max(picture, canvas)) * 100)
    if graded := params.loss.grade(loss):
        where = "left and right" if picture > canvas else "above and below"
        yield Finding(loss, graded.limit, graded.level, {"where": where})
