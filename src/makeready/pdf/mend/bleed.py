"""Bleed for pages that have none: their own edge mirrored or stretched outwards, or scaled up; all still vectors.

Mirrored, a page's content is written once and run nine times at most: as the page's own content, and as a form
that is painted mirrored and clipped into four strips and four corners. Sides are handled in the order of
``Margins`` (left, top, right, bottom) and as the page is written; Rotate only gives them other names.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pikepdf import Array, Dictionary, Object, Pdf

from makeready.facts import BleedEdge, Margins, Page, Rect
from makeready.pdf.mend import wrap
from makeready.pdf.mend.move import in_units, move_annotations, onto, union, write_box, write_trim
from makeready.pdf.mend.streams import Matrix
from makeready.pdf.resources import inherited
from makeready.units import POINTS_PER_MM, Length

LEFT, TOP, RIGHT, BOTTOM = range(4)
SIDES = Margins._fields
#: A side on which nothing is printed so far inside of the trim has nothing that could bleed.
CLEARANCE = 1 * POINTS_PER_MM
#: How far inside of the edge the mirror stands, and how far the strips reach under the page from there. Artwork ends at
#: the trim or a rounding short of it, and its end is softened on a screen: mirrored right there, paper would shine
#: through. A guillotine wanders by twice as much.
LAP = 0.2 * POINTS_PER_MM
#: How much of the edge is stretched to fill the bleed where it is not mirrored: as wide as a guillotine is exact.
HAIR = 0.3 * POINTS_PER_MM
#: The name in a page's resources by which a page is known that has been through this.
FORM = "MakereadyBleed"
#: What is mirrored is decoration that says nothing: readers of text and screen readers pass it over.
_MUTE = b"/Artifact <</Type /Page>> BDC /Span <</ActualText ()>> BDC"


@dataclass(frozen=True, slots=True)
class Room:
    """What is to be done to one page; rectangles in points, as facts have them."""

    #: The trim with the bleed that is there and filled.
    kept: Rect
    #: The trim with the bleed that is wanted.
    wanted: Rect
    #: The sides that get artwork.
    filled: tuple[int, ...]
    #: The sides where nothing is printed near the trim: there only the boxes grow.
    blank: tuple[int, ...]

    @property
    def nothing(self) -> bool:
        """There is enough bleed on all sides."""
        return not self.filled and not self.blank


def room(page: Page, edges: Collection[BleedEdge], wanted: Margins, unfilled: Length) -> Room:
    """What a page lacks.

    Args:
        page: facts of the page.
        edges: how far its bleed is filled.
        wanted: the bleed on each side, as displayed.
        unfilled: how long a stretch of a side may be bare of bleed for it to count as filled.

    Raises:
        wrap.Unusable: there is no trim to measure from, or it is too small to be mirrored.
    """
    trim, media = page.trim, page.media
    if trim is None or media is None or trim.width <= 0 or trim.height <= 0:
        raise wrap.Unusable("the page has no size: set its boxes first")
    if not media.contains(trim):
        raise wrap.Unusable("its TrimBox reaches past the MediaBox: set its boxes first")
    zone = (page.bleed or trim).intersection(media) or trim
    has = [max(0.0, depth) for depth in _around(trim, zone)]
    known = {edge.side: edge for edge in edges}
    turned = page.rotate // 90
    kept, target = [0.0] * 4, [0.0] * 4
    filled, blank = [], []
    for place in range(4):
        side = SIDES[(place + turned) % 4]
        want, edge = getattr(wanted, side), known.get(side)
        is_filled = edge is None or edge.unfilled <= unfilled
        enough = has[place] >= want - Length.tolerance
        if want <= 0:
            continue
        if enough and is_filled:
            kept[place] = target[place] = min(has[place], want)
            continue
        target[place] = max(want, has[place] if page.boxes.bleed else 0.0)
        if (page.blank is not None and page.blank[place] >= CLEARANCE) or (edge is not None and not edge.inked):
            blank.append(place)
        else:
            kept[place] = float(edge.bleed) if edge is not None and is_filled else 0.0
            filled.append(place)
    found = Room(_grown(trim, kept), _grown(trim, target), tuple(filled), tuple(blank))
    if any(target[place] - kept[place] > (trim.width, trim.height)[place % 2] for place in filled):
        raise wrap.Unusable("the page is smaller than the bleed that is asked for")
    return found


def been_here(native: Object) -> bool:
    """Whether bleed was made on a page before: then what is in its bleed counts as filled, whatever it looks like."""
    resources = inherited(native, "/Resources")
    table = resources.get("/XObject") if isinstance(resources, Dictionary) else None
    return isinstance(table, Dictionary) and any(name.startswith(f"/{FORM}") for name in dict(table.items()))


def depths(page: Page, area: Rect | None) -> dict[str, Length]:
    """How far an area reaches past the trim, by side as displayed."""
    if page.trim is None or area is None:
        return {}
    return Margins(*map(Length, _around(page.trim, area))).displayed(page.rotate)


def run_on(pdf: Pdf, native: Object, page: Page, space: Room, *, stretched: bool = False) -> tuple[Rect, ...]:
    """Fill the bleed with the mirrored edge of the page; returns the strips that were filled, in points.

    Inside of what is kept, but for its outermost hair, the page runs its own content as before. What lay in the new
    bleed gives way, also where there is nothing to mirror, and what the MediaBox hid stays hidden.

    Args:
        pdf: the document.
        native: the page.
        page: facts of it.
        space: what it lacks.
        stretched: fill the bleed with the outermost ``HAIR`` alone, stretched.

    Raises:
        wrap.Unusable: the content cannot be read.
    """
    media, unit = page.media, page.user_unit
    assert media is not None
    strips = _strips(space, stretched)
    painted = [strip for strip in strips if strip.painted]
    clip = b"q " + _without(media, space, strips, unit)
    if painted:
        body = wrap.as_form(pdf, native, in_units(media, unit))
        name = wrap.add_xobject(native, body, FORM).encode()
        mirrored = [
            b" ".join((b"q", wrap.rectangle(in_units(strip.area, unit)), b"W n", _MUTE,
                       wrap.numbers(_in_units(strip.matrix, unit)), b"cm", name, b"Do EMC EMC Q"))
            for strip in painted
        ]  # fmt: skip
        clip = b"\n".join([*mirrored, clip])
    else:
        body = pdf.make_stream(wrap.content(native))
    native.Contents = Array([pdf.make_stream(clip), body, pdf.make_stream(b"Q")])
    _grow_boxes(native, page, space)
    return tuple(strip.place for strip in painted)


def scale(pdf: Pdf, native: Object, page: Page, space: Room) -> Matrix:
    """Scale the page up so that its edge is the edge of the bleed; returns by how much, in points.

    Raises:
        wrap.Unusable: the content cannot be read.
    """
    media, unit = page.media, page.user_unit
    assert media is not None
    matrix = onto(space.kept, space.wanted)
    own = _in_units(matrix, unit)
    wrap.paint(pdf, native, wrap.as_form(pdf, native, in_units(media, unit)), own, FORM)
    move_annotations(native, own)
    _grow_boxes(native, page, space)
    return matrix


@dataclass(frozen=True, slots=True)
class _Strip:
    """One of four strips and four corners."""

    #: What is filled.
    place: Rect
    #: What is painted: a hair more, under what lies beside it.
    area: Rect
    #: Mirrors the page into it.
    matrix: Matrix
    #: Whether there is anything to mirror.
    painted: bool


def _strips(space: Room, stretched: bool) -> list[_Strip]:
    """What is filled, in the order of painting: the corners lie lowest, what is kept of the page on top."""
    inner, wanted = _inner(space), space.wanted

    def mirrored(outer: float, mirror: float) -> tuple[float, float]:
        """Scale and shift of one coordinate."""
        times = abs(outer - mirror) / HAIR if stretched else 1.0
        return -times, mirror * (1 + times)

    # Along each axis: from, to, how much more lies under the neighbours, scale and shift.
    across = {
        LEFT: (wanted.x0, inner.x0, 0.0, LAP, *mirrored(wanted.x0, inner.x0)),
        RIGHT: (inner.x1, wanted.x1, LAP, 0.0, *mirrored(wanted.x1, inner.x1)),
        None: (inner.x0, inner.x1, 0.0, 0.0, 1.0, 0.0),
    }
    along = {
        BOTTOM: (wanted.y0, inner.y0, 0.0, LAP, *mirrored(wanted.y0, inner.y0)),
        TOP: (inner.y1, wanted.y1, LAP, 0.0, *mirrored(wanted.y1, inner.y1)),
        None: (inner.y0, inner.y1, 0.0, 0.0, 1.0, 0.0),
    }
    return [
        _Strip(
            Rect(x0, y0, x1, y1),
            Rect(x0 - left, y0 - below, x1 + right, y1 + above),
            (flip_x, 0.0, 0.0, flip_y, shift_x, shift_y),
            all(side is None or side in space.filled for side in (column, row)),
        )
        for column, (x0, x1, left, right, flip_x, shift_x) in across.items()
        for row, (y0, y1, below, above, flip_y, shift_y) in along.items()
        if (column is not None or row is not None)
        and all(side is None or side in space.filled + space.blank for side in (column, row))
    ]


def _inner(space: Room) -> Rect:
    """What the page keeps on painting itself."""
    return _grown(space.kept, [-LAP if side in space.filled else 0.0 for side in range(4)])


def _without(media: Rect, space: Room, strips: Sequence[_Strip], unit: float) -> bytes:
    """A clip to all of the sheet but the strips."""
    x0, y0, x1, y1 = media
    left, top, right, bottom = (side in space.filled + space.blank for side in range(4))
    own = _inner(space)
    inner = Rect(own.x0 if left else x0, own.y0 if bottom else y0, own.x1 if right else x1, own.y1 if top else y1)
    covered = sum(_area(part) for strip in strips if (part := strip.place.intersection(media)))
    # Most often the strips lie round a rectangle. A clip of one rectangle is quick and has no soft edges.
    if abs(_area(media) - covered - _area(inner)) < 1:
        return wrap.rectangle(in_units(inner, unit)) + b" W n"
    parts = [media, *(part for strip in strips if (part := strip.place.intersection(media)))]
    return b" ".join(wrap.rectangle(in_units(part, unit)) for part in parts) + b" W* n"


def _grow_boxes(native: Object, page: Page, space: Room) -> None:
    """Make the boxes large enough for the bleed; the TrimBox stays, and is written where another stood in for it."""
    trim, media, unit = page.trim, page.media, page.user_unit
    assert trim is not None
    assert media is not None
    zone = (page.bleed or trim).intersection(media) or trim
    bleed = union(space.wanted, zone if page.boxes.bleed else trim)
    write_trim(native, page, trim)
    write_box(native, "/BleedBox", bleed, unit)
    write_box(native, "/MediaBox", union(media, bleed), unit)
    if page.boxes.crop is not None and page.crop is not None:
        write_box(native, "/CropBox", union(page.crop, bleed), unit)


def _area(area: Rect) -> float:
    return float(area.width * area.height)


def _around(inner: Rect, outer: Rect) -> tuple[float, float, float, float]:
    """How far one rectangle reaches past another: left, top, right, bottom."""
    return inner.x0 - outer.x0, outer.y1 - inner.y1, outer.x1 - inner.x1, inner.y0 - outer.y0


def _grown(area: Rect, by: Sequence[float]) -> Rect:
    return Rect(area.x0 - by[LEFT], area.y0 - by[BOTTOM], area.x1 + by[RIGHT], area.y1 + by[TOP])


def _in_units(matrix: Matrix, unit: float) -> Matrix:
    """A matrix for points as one for the units of a page."""
    a, b, c, d, e, f = matrix
    return a, b, c, d, e / unit, f / unit
