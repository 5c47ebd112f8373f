"""Fixes of geometry: bleed where there is none, and the size that was ordered."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from makeready.changes import Change, Refusal, Safety, Stage
from makeready.facts import BleedEdge, Margins, Page, Rect
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Length, Percent, Size, above


class AddBleed(Params):
    """Settings of add_bleed."""

    bleed: Length = param("3 mm", "How far artwork is to run past the trim.", like="BOX102.bleed")
    mode: Literal["mirror", "replicate", "scale"] = param(
        "mirror",
        "How bleed is made: mirror the page's edge outwards, repeat the outermost of it (a pixel of a picture, 0.3 mm "
        "of a PDF page), or scale the page up until its edge is the edge of the bleed.",
    )
    sides: Literal["all", "outside"] = param(
        "all", "On all sides, or on all but the spine of a bound book: left on odd pages, right on even ones."
    )
    left: Length | None = param(None, "The bleed on the left of the page as displayed, where it differs.")
    top: Length | None = param(None, "The bleed at the top, where it differs.")
    right: Length | None = param(None, "The bleed on the right, where it differs.")
    bottom: Length | None = param(None, "The bleed at the bottom, where it differs.")
    unfilled: Length = param(
        "2 mm", "How long a stretch of a side may be bare for its bleed to count as filled.", like="BOX103.unfilled"
    )

    def wanted(self, page: int) -> Margins:
        """The bleed on each side of a page, as displayed."""
        spine = None if self.sides == "all" else "left" if page % 2 else "right"
        around = {side: getattr(self, side) for side in Margins._fields}
        return Margins(
            *(
                around[side] if around[side] is not None else Length(0) if side == spine else self.bleed
                for side in Margins._fields
            )
        )


@fix(
    id="add_bleed",
    title="Give the page bleed, made of its own edge",
    stage=Stage.GEOMETRY,
    safety=Safety.REVIEW,
    cures=("BOX102", "BOX103"),
    kinds=("pdf", "raster"),
    params=AddBleed,
    needs=("bleed",),
    seconds_per_page=0.05,
)
def add_bleed(job: Job, params: AddBleed) -> Iterator[Change]:
    """The edge of the artwork is run on past the trim, so that no white paper shows where the knife wanders.

    ## What changes
    *Mirror* (the usual way): the outermost millimetres of the page are repeated outside of the trim as in a mirror,
    on each side that has too little bleed or whose bleed is not filled. In a PDF nothing is turned into pixels: the
    page's own operators are run again, mirrored and clipped to the bleed, so that type, vectors, spot colours and
    overprint stay what they are and the file grows by a few kilobytes at most. What lay in the new bleed before, such
    as crop marks that are too close, gives way. BleedBox, CropBox and MediaBox grow where they have to.

    *Replicate*: the outermost 0.3 mm alone are stretched over the whole bleed. For thin borders and single colours.

    *Scale*: the page is scaled up about the trim until its edge is the edge of the bleed. Nothing is invented, but all
    that is on the page grows by some percent and what is near the trim is cut off.

    Bleed that is there and filled is kept; where it is too narrow, it is continued from its own edge. On sides where
    nothing is printed near the trim only the boxes grow.

    In a picture file, mirroring and replicating add pixels on opposite sides alike, and the density says canvas and
    bleed; scaling changes the density and cuts off what is more than bleed. Bits, colours, alpha and profile are kept;
    a JPEG is compressed anew (quality 95) unless only its density changes. A canvas must be given.

    ## What stays exactly as it was
    Mirror and replicate: everything inside the trim, and marks outside of the bleed. Only the outermost fifth of a
    millimetre is mirrored as well, so that no white line shows along the edge. The TrimBox stays where it is, always.
    Annotations stay in their places, or move with the page where it is scaled.

    ## When not to use it
    Where something that can be read or recognised lies close to the edge: it is seen twice when the knife is off.
    Where the designer has the picture that was cropped: real bleed is always better. Annotations that print are not
    mirrored. Text is found once by programs that heed tags or clips; others, such as Chrome's search, find it again in
    the mirror.
    """
    if job.kind == "pdf":
        yield from _pdf_bleed(job, params)
    else:
        yield from _picture_bleed(job, params)


class FitToProduct(Params):
    """Settings of fit_to_product."""

    size: Size | None = param(
        None, "The product's size, either way up, where the job has no canvas.", like="BOX104.size"
    )
    tolerance: Length = param("0.25 mm", "How much each side may differ and be left alone.", like="BOX104.tolerance")
    distortion: Percent = param("2 %", "How much more one side may be scaled than the other.")
    beyond: Literal["refuse", "crop", "pad"] = param(
        "refuse",
        "What to do where that is not enough: nothing, fill the product and crop what is too much, or show all of "
        "the page and leave paper at two sides.",
    )


@fix(
    id="fit_to_product",
    title="Scale the page to the size that was ordered",
    stage=Stage.BOXES,
    safety=Safety.REVIEW,
    cures=("BOX104", "BOX111"),
    kinds=("pdf", "raster"),
    params=FitToProduct,
    rank=50,
    seconds_per_page=0.05,
)
def fit_to_product(job: Job, params: FitToProduct) -> Iterator[Change]:
    """Each page is scaled so that what is inside the trim has the size that was ordered.

    ## What changes
    All that is on the page is scaled: type gets larger or smaller, lines thicker or thinner, and the effective
    resolution of pictures changes; the factor is told. All boxes are scaled along, so that bleed is kept but is as much
    wider or narrower. Portrait and landscape count as the same size: the page is not turned. Where the shapes differ,
    one side is scaled a little more than the other; past the limit on that the page is scaled evenly, and then either
    cropped on two sides or padded with paper on two sides, whichever is asked for.

    A picture file that is not of the canvas's shape is resampled along one side, up to the limit, else cropped or
    padded with white about its middle; its density is set to what it prints at.

    ## What stays exactly as it was
    Colours, fonts, pictures and their pixels, vectors, layers. Annotations move with the page. Pages that have the
    size already.

    ## When not to use it
    Where the layout can be exported again at the right size. Where type or lines are near the least that prints: look
    at the checks afterwards. Crop marks are scaled too, and after cropping or padding they stand in the wrong places.
    Links that lead to a place on a page may land a little off.
    """
    if job.kind == "pdf":
        yield from _pdf_fit(job, params)
    else:
        from makeready.raster.mend.fit import fit

        canvas = job.canvas or params.size
        yield from fit(job.raster, canvas, params.distortion, params.beyond, params.tolerance)


def _picture_bleed(job: Job, params: AddBleed) -> Iterator[Change]:
    """A picture lies in the middle of its canvas: opposite sides get the wider bleed of the two."""
    from makeready.raster.mend.bleed import add

    wanted = params.model_copy(update={"sides": "all"}).wanted(1)
    across, along = max(wanted.left, wanted.right), max(wanted.top, wanted.bottom)
    yield from add(job.raster, job.canvas, across, along, params.mode)


def _pdf_bleed(job: Job, params: AddBleed) -> Iterator[Change]:
    from makeready.pdf.mend import bleed

    pages = job.facts.pages
    edges: dict[int, list[BleedEdge]] = {}
    for edge in job.facts.bleed_edges:
        edges.setdefault(edge.page, []).append(edge)
    pdf = job.pdf.pdf  # the facts may have opened it anew

    def change(page: Page) -> Change | None:
        native = pdf.pages[page.number - 1].obj
        let_pass = Length(math.inf) if bleed.been_here(native) else params.unfilled
        room = bleed.room(page, edges.get(page.number, []), params.wanted(page.number), let_pass)
        if room.nothing:
            return None
        said: list[str] = []
        places: tuple[Rect, ...] = ()
        if params.mode != "scale" or not room.filled:
            places = bleed.run_on(pdf, native, page, room, stretched=params.mode == "replicate")
            if room.filled:
                how = "stretched" if params.mode == "replicate" else "mirrored"
                said.append(f"the edge was {how} into the bleed {_where(page, room.filled)}")
        else:
            matrix = bleed.scale(pdf, native, page, room)
            across, along = (matrix[3], matrix[0]) if page.rotate % 180 else (matrix[0], matrix[3])
            said.append(f"the page was scaled to {_factors(across, along)}, up to the edge of the bleed")
        if room.blank:
            said.append(f"the boxes grew {_where(page, room.blank)}, where nothing is printed near the trim")
        if page.boxes.trim is None:
            said.append(f"the {'CropBox' if page.boxes.crop else 'MediaBox'} was taken for the trim")
        before, after = bleed.depths(page, page.bleed), bleed.depths(page, room.wanted)
        return Change("; ".join(said), page.number, places, {"before": before, "after": after})

    yield from _page_by_page(job, pages, change)


def _pdf_fit(job: Job, params: FitToProduct) -> Iterator[Change]:
    from makeready.pdf.mend import fit

    ordered = job.canvas or params.size
    if ordered is None:
        raise Refusal("no size is ordered: give a canvas, or a size")
    slack = params.tolerance + Length.tolerance
    pages = job.facts.pages
    pdf = job.pdf.pdf  # the facts may have opened it anew

    def change(page: Page) -> Change | None:
        size = page.size
        if size is None or page.media is None or size.width <= 0 or size.height <= 0:
            raise Refusal("it has no size: set its boxes first")
        wanted = fit.turned_alike(size, ordered)
        if all(abs(a - b) <= slack for a, b in zip(size, wanted, strict=True)):
            return None
        apart = fit.distortion(size, wanted)
        stretched = not above(apart, params.distortion)
        if not stretched and params.beyond == "refuse":
            raise Refusal(
                f"{size} is not of the shape of {wanted}: one side would be scaled {apart} more than the other, and "
                f"{params.distortion} is allowed; have it cropped or padded"
            )
        found = fit.fit(size, wanted, "stretch" if stretched or params.beyond == "refuse" else params.beyond)
        fit.apply(pdf, pdf.pages[page.number - 1].obj, page, found)
        how = {"stretch": "", "crop": ", and two sides cropped", "pad": ", and paper added at two sides"}[found.how]
        said = f"the page was scaled to {_factors(found.across, found.along)}{how}"
        said += f": {size} became {wanted}; type and lines are scaled with it"
        details = {"before": size.as_data(), "after": wanted.as_data(), "across": found.across, "along": found.along}
        return Change(said, page.number, (page.trim,) if page.trim else (), details)

    yield from _page_by_page(job, pages, change)


def _page_by_page(job: Job, pages: Sequence[Page], change: Callable[[Page], Change | None]) -> Iterator[Change]:
    """Change the pages that can be changed, and say which could not.

    Raises:
        Refusal: no page was changed, and of some there is a reason.
    """
    done: list[Change] = []
    left: dict[int, str] = {}
    for place, page in enumerate(pages, start=1):
        try:
            if (made := change(page)) is not None:
                done.append(made)
        except Refusal as refusal:
            left[page.number] = str(refusal)
        job.tell(place / len(pages))
    others = [f"page {number}: {why}" for number, why in left.items()]
    told = others[:3] + ([f"and {len(others) - 3} more pages"] if others[3:] else [])
    if left and not done:
        raise Refusal("; ".join(told))
    if left:
        last = done[-1]
        details = {**last.details, "left": {str(number): why for number, why in left.items()}}
        done[-1] = replace(last, message=f"{last.message} (left as they were: {'; '.join(told)})", details=details)
    yield from done


def _where(page: Page, places: Sequence[int]) -> str:
    """Sides in words, as displayed."""
    sides = [Margins._fields[(place + page.rotate // 90) % 4] for place in places]
    ordered = [side for side in Margins._fields if side in sides]
    if len(ordered) == 4:
        return "on all sides"
    return "on the " + " and ".join([", ".join(ordered[:-1]), ordered[-1]] if ordered[1:] else ordered)


def _factors(across: float, along: float) -> str:
    """How much a page was scaled, in words."""
    wide, high = Percent(across * 100), Percent(along * 100)
    return str(wide) if str(wide) == str(high) else f"{wide} across and {high} along"
