"""How much ink lands on one place: the page rendered as printing plates, and the heaviest 15 mm square of it.

MuPDF renders into the colour space of the output intent with a plane of its own for every spot colour, and
simulates overprint on the way, as a platesetter does. One pixel is a fortieth of the square that ink is averaged
over, so that the square is found to within a fraction of a millimetre.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from makeready.facts import InkCoverage, OutputIntent, Page, Rect
from makeready.pdf.colour import NOTHING, PROCESS_INKS, REGISTRATION
from makeready.pdf.press_page import to_user_space, whole_page
from makeready.units import POINTS_PER_MM, Length, Percent

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Amounts = npt.NDArray[np.uint8]
    Sums = npt.NDArray[np.int32]

#: The square that ink is averaged over (GWG 2022, R0025 and R0026).
SQUARE = 15 * POINTS_PER_MM
#: Pixels along the side of that square, 68 ppi. Measured on 39 pages of all kinds against 160 pixels, the heaviest
#: square is off by 0.7 points of ink (root mean square; 2.8 at most); with 30 it is 1.0 (5.2), with 24 it is 1.4 (4.8).
PIXELS_PER_SQUARE = 40
#: The most bytes of a rendering, all plates together; larger sheets get a coarser look.
MOST_BYTES = 32 << 20
#: The most pixels along either side, for sheets that are all length.
MOST_PIXELS_LONG = 20_000
#: MuPDF's pixmaps have at most 32 components; spots beyond that are mixed from process inks, as for a proof.
MOST_SPOTS = 32 - len(PROCESS_INKS)
#: Plates that a page has no use for are kept up to this many.
_SPARE_SPOTS = 2
#: How MuPDF is to show a spot that has no plate: opaque black. Every spot it is told of has one.
_ANY_COLOUR = 0xFF
#: What one full plate is in eight bits.
_FULL = 255


class Axis(NamedTuple):
    """One direction of the grid: where it starts, the size of a pixel, how many there are, how many a square."""

    start: float
    step: float
    cells: int
    square: int


@dataclass(frozen=True)
class Plates:
    """A page as printing plates. ``amounts`` is height × width × plates, 255 a full tint.

    Row 0 is the lower edge: the picture lies in PDF user space, not turned. ``names`` begins with the four
    process inks; ``across`` and ``up`` say where the pixels lie.
    """

    page: int
    names: tuple[str, ...]
    amounts: Amounts
    across: Axis
    up: Axis

    def rect(self, column: int, row: int, columns: int = 1, rows: int = 1) -> Rect:
        """Where some pixels lie, in PDF user space."""
        x, y = self.across.start + column * self.across.step, self.up.start + row * self.up.step
        return Rect(x, y, x + columns * self.across.step, y + rows * self.up.step)

    @property
    def area(self) -> Rect:
        """Where all of it lies."""
        return self.rect(0, 0, self.across.cells, self.up.cells)


class Press:
    """Separates the pages of an open PDF document of MuPDF; a document has one press as long as it is open."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._space = press_space(document)
        self._spots: tuple[str, ...] = ()
        self._separations: Any = None

    def coverages(self, page: Page, inks: Iterable[str], intents: Iterable[OutputIntent]) -> Iterator[InkCoverage]:
        """The ink of a page, where it has an area at all."""
        rendered = self.plates(page, inks)
        if rendered is not None:
            yield coverage(rendered, condition(self._space, intents))

    def plates(self, page: Page, inks: Iterable[str]) -> Plates | None:
        """Render what lies inside the bleed to plates; ``None`` for a page without an area.

        ``inks`` are the separations that are painted on the page; the process inks and what stands for all or none
        may be among them. A plate of another page's spot may be there as well, and is empty.
        """
        from pymupdf import mupdf

        zone = inside_bleed(page)
        if zone is None:
            return None
        self._prepare(sorted(set(inks).difference(PROCESS_INKS, (REGISTRATION, NOTHING)))[:MOST_SPOTS])
        drawn = whole_page(mupdf, self._document, page.number)
        across, up = grid(zone, len(PROCESS_INKS) + len(self._spots))
        area = mupdf.FzIrect(0, 0, across.cells, up.cells)
        space = self._space or mupdf.fz_device_cmyk()
        pixmap = mupdf.fz_new_pixmap_with_bbox(space, area, self._separations, 0)
        mupdf.fz_clear_pixmap(pixmap)
        render_page(mupdf, drawn, page, pixmap, across, up)
        return Plates(page.number, (*PROCESS_INKS, *self._spots), pixels(mupdf, pixmap), across, up)

    def _prepare(self, spots: Collection[str]) -> None:
        """Have a plate for each of these spots, and keep a few of the pages before.

        MuPDF's cache holds pattern cells as they were painted on the plates of the time, and does not tell them
        apart by that. So it is emptied when there are other plates, and only then: it is costly to fill anew.
        """
        from pymupdf import mupdf

        together = set(spots).union(self._spots)
        if len(together) > min(len(spots) + _SPARE_SPOTS, MOST_SPOTS):
            together = set(spots)
        if self._separations is not None and together == set(self._spots):
            return
        if self._separations is not None:
            mupdf.fz_empty_store()
        self._spots = tuple(sorted(together))
        # MuPDF's own search for spots misses those in patterns. None found is still a list: overprint hangs on it.
        self._separations = mupdf.fz_new_separations(0)
        for place, spot in enumerate(self._spots):
            mupdf.fz_add_separation_equivalents(self._separations, _ANY_COLOUR, _ANY_COLOUR, spot)
            mupdf.fz_set_separation_behavior(self._separations, place, mupdf.FZ_SEPARATION_SPOT)


def inside_bleed(page: Page) -> Rect | None:
    """The part of the sheet that counts: the bleed, as far as there is paper; slug and marks are cut off."""
    bleed, media = page.bleed, page.media
    if bleed is None or media is None:
        return None
    return bleed.intersection(media)


def press_space(document: Any) -> Any:
    """The output intent's colour space if it is a press of four inks, else ``None``."""
    from pymupdf import mupdf

    space = mupdf.pdf_document_output_intent(document)
    return space if space.m_internal and mupdf.fz_colorspace_n(space) == len(PROCESS_INKS) else None


def condition(space: Any, intents: Iterable[OutputIntent]) -> str:
    """What ink is worked out for, in words; ``space`` is what ``press_space`` found."""
    named = [intent.condition or intent.info for intent in intents if intent.condition or intent.info]
    name = named[0] if named else None
    if space is not None:
        return name or "the output intent"
    return f"{name or 'no output intent'}, with a stock CMYK profile in place of the press's"


def render_page(mupdf: Any, drawn: Any, page: Page, pixmap: Any, across: Axis, up: Axis) -> None:
    """Draw all that prints into a pixmap whose rows go upwards; of a damaged page, as much as can be drawn."""
    user = to_user_space(mupdf, drawn, page.user_unit)
    x, y = 1 / across.step, 1 / up.step
    ctm = mupdf.fz_concat(user, mupdf.fz_make_matrix(x, 0, 0, y, -across.start * x, -up.start * y))
    device = mupdf.fz_new_draw_device(mupdf.FzMatrix(), pixmap)
    try:
        mupdf.pdf_run_page_with_usage(drawn, device, ctm, "Print", mupdf.FzCookie())
        mupdf.fz_close_device(device)
    except Exception:  # MuPDF's own classes, and what its C++ layer makes of them
        return  # the interpreter met the same fault and has put it among the page's damage


def pixels(mupdf: Any, pixmap: Any) -> Amounts:
    """The samples of a pixmap as an array of its own: height × width × components."""
    import numpy as np

    samples = np.frombuffer(mupdf.fz_pixmap_samples_memoryview(pixmap), dtype=np.uint8)
    shape = (mupdf.fz_pixmap_height(pixmap), mupdf.fz_pixmap_width(pixmap), mupdf.fz_pixmap_components(pixmap))
    return samples.reshape(shape).copy()


def coverage(rendered: Plates, stands_for: str) -> InkCoverage:
    """How heavy the ink is: the heaviest square of all plates, of the process plates, and the heaviest pixel."""
    import numpy as np

    inked = len(PROCESS_INKS)
    total = _total(rendered.amounts[:, :, :inked])
    process_mean, process_place = _heaviest(total, rendered)
    mean, place = process_mean, process_place
    if len(rendered.names) > inked:
        total += _total(rendered.amounts[:, :, inked:])
        mean, place = _heaviest(total, rendered)
    row, column = divmod(int(total.argmax()), rendered.across.cells)
    covered = rendered.amounts.sum(axis=0, dtype=np.uint32).sum(axis=0) / total.size * 100 / _FULL
    return InkCoverage(
        page=rendered.page,
        average=Percent(mean),
        process=Percent(process_mean),
        peak=Percent(float(total[row, column]) * 100 / _FULL),
        square=Length(max(SQUARE, rendered.across.step, rendered.up.step)),
        place=place,
        process_place=process_place,
        peak_place=rendered.rect(column, row),
        plates={
            name: Percent(float(amount))
            for name, amount in zip(rendered.names, covered, strict=True)
            if amount > 0 or name in PROCESS_INKS
        },
        condition=stands_for,
    )


def grid(zone: Rect, components: int) -> tuple[Axis, Axis]:
    """Pixels of such a size that a whole number of them makes up a square, and the rendering fits the memory."""
    finest = max(
        SQUARE / PIXELS_PER_SQUARE,
        math.sqrt(zone.width * zone.height * components / MOST_BYTES),
        max(zone.width, zone.height) / MOST_PIXELS_LONG,
    )
    square = max(1, math.floor(SQUARE / finest + 1e-9))
    step = max(SQUARE / square, finest)
    return _axis(zone.x0, zone.width, step, square), _axis(zone.y0, zone.height, step, square)


def _axis(start: float, extent: float, step: float, square: int) -> Axis:
    """Whole pixels in the middle of an extent; one that is shorter than the square is filled by its pixels."""
    if extent < step * square:
        count = math.ceil(extent / step)
        return Axis(start, extent / count, count, count)
    count = math.floor(extent / step + 0.05)  # boxes are rounded as they are written
    return Axis(start + (extent - count * step) / 2, step, count, square)


def _total(amounts: Amounts) -> Sums:
    """The sum of some plates at each pixel."""
    import numpy as np

    total = amounts[:, :, 0].astype(np.int32)
    for place in range(1, amounts.shape[2]):
        total += amounts[:, :, place]
    return total


def _heaviest(total: Sums, rendered: Plates) -> tuple[float, Rect]:
    """The highest mean over any square, in percent, and where that is."""
    columns, rows = rendered.across.square, rendered.up.square
    sums = _windows(_windows(total.T, columns).T, rows)
    row, column = divmod(int(sums.argmax()), sums.shape[1])
    mean = float(sums[row, column]) * 100 / (_FULL * rows * columns)
    return mean, rendered.rect(column, row, columns, rows)


def _windows(values: Sums, length: int) -> Sums:
    """The sums of so many rows in a run, from every row on that has enough below it.

    From each run to the next one row comes in and one goes out, so the steps between them are summed up.
    """
    import numpy as np

    sums = np.empty((len(values) - length + 1, values.shape[1]), np.int32)
    values[:length].sum(axis=0, out=sums[0])
    np.subtract(values[length:], values[:-length], out=sums[1:])
    return np.cumsum(sums, axis=0, out=sums)
