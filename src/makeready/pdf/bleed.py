"""Whether the bleed is filled: what is painted at the trim, and how far it runs past it, as rendered.

Only the four strips along the trim are rendered, in gray, at a modest resolution. Along each side every step
of the edge is looked at on its own: is there ink just inside the trim, and is there ink at the outer end of
the bleed zone?
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from makeready.facts import BleedEdge, Page, Rect
from makeready.pdf.press_page import to_user_space, whole_page
from makeready.units import POINTS_PER_MM, Length

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Resolution of the strips: a pixel is a sixth of a millimetre, a fraction of what a guillotine wanders.
PPI = 150
#: A bleed zone narrower than this is none, and BOX102 says so.
LEAST_BLEED = 0.5 * POINTS_PER_MM
#: Deeper zones are looked at only so far: 3 mm is what presses ask for, and filled to there is filled.
DEEPEST_BLEED = 3 * POINTS_PER_MM
#: Gray levels of 255 below this are ink; rendering rounds white to 255 or 254.
PAPER = 252
_SCALE = PPI / 72
#: The largest strip that is rendered at full resolution, in pixels; longer edges get a coarser look.
_MOST_PIXELS = 4_000_000


def edges(document: Any, page: Page) -> Iterator[BleedEdge]:
    """The four edges of a page, where there is a bleed zone; ``document`` is MuPDF's PDF document."""
    trim, bleed, media = page.trim, page.bleed, page.media
    if trim is None or bleed is None or page.boxes.trim is None:
        return
    zone = bleed.intersection(media) if media else bleed
    if zone is None or trim.width <= 0 or trim.height <= 0:
        return
    depths = (trim.x0 - zone.x0, zone.y1 - trim.y1, zone.x1 - trim.x1, trim.y0 - zone.y0)
    if max(depths) < LEAST_BLEED:
        return
    names = ("left", "top", "right", "bottom")
    drawing = _drawing(document, page)
    for place, depth in enumerate(depths):
        if depth >= LEAST_BLEED:
            side = names[(place + page.rotate // 90) % 4]  # as displayed: Rotate turns clockwise
            yield _edge(drawing, page, trim, names[place], side, min(depth, DEEPEST_BLEED))


def _edge(drawing: Any, page: Page, trim: Rect, at: str, side: str, depth: float) -> BleedEdge:
    import numpy as np

    scale = min(_SCALE, (_MOST_PIXELS / max(trim.width, trim.height) / depth / 2) ** 0.5)
    inside = min(depth, trim.width, trim.height)
    strip = {
        "left": Rect(trim.x0 - depth, trim.y0, trim.x0 + inside, trim.y1),
        "right": Rect(trim.x1 - inside, trim.y0, trim.x1 + depth, trim.y1),
        "top": Rect(trim.x0, trim.y1 - inside, trim.x1, trim.y1 + depth),
        "bottom": Rect(trim.x0, trim.y0 - depth, trim.x1, trim.y0 + inside),
    }[at]
    pixels = _render(drawing, strip, scale)
    # Turn it so that rows go outwards from the trim and columns along it.
    across = {"left": pixels.T[::-1], "right": pixels.T, "top": pixels, "bottom": pixels[::-1]}[at]
    ink = across < PAPER
    at_trim = max(1, int(ink.shape[0] * inside / (inside + depth)))  # rows before it lie wholly inside the trim
    inked = ink[at_trim - 1]
    reach = max(1, round(depth * scale * 0.9) - 1)  # the outermost tenth may be lost to rounding
    outer = ink[min(at_trim + reach, ink.shape[0] - 1)]
    # What is narrower than the bleed, such as a border or the edge of a cloud, has to go on as far as it is wide.
    own = np.logical_and.accumulate(ink[at_trim - 1 :: -1], axis=0).sum(axis=0)
    past = np.logical_and.accumulate(ink[at_trim:], axis=0).sum(axis=0)
    bare = inked & ~outer & ((past == 0) | (past < own - round(LEAST_BLEED * scale)))
    step = 1 / scale
    places = tuple(_runs(bare, at, strip, trim, step))
    return BleedEdge(
        page=page.number,
        side=side,
        bleed=Length(depth),
        inked=Length(int(inked.sum()) * step),
        unfilled=Length(int(bare.sum()) * step),
        places=places[:16],
    )


def _runs(bare: npt.NDArray[np.bool_], at: str, strip: Rect, trim: Rect, step: float) -> Iterator[Rect]:
    """The stretches of an edge without bleed, the longest first."""
    import numpy as np

    flags = np.concatenate(([0], bare.astype(np.int8), [0]))
    starts, ends = np.flatnonzero(np.diff(flags) == 1), np.flatnonzero(np.diff(flags) == -1)
    for start, end in sorted(zip(starts.tolist(), ends.tolist(), strict=True), key=lambda run: run[0] - run[1]):
        if at in ("left", "right"):
            x0, x1 = (strip.x0, trim.x0) if at == "left" else (trim.x1, strip.x1)
            yield Rect(x0, strip.y0 + start * step, x1, strip.y0 + end * step)
        else:
            y0, y1 = (trim.y1, strip.y1) if at == "top" else (strip.y0, trim.y0)
            yield Rect(strip.x0 + start * step, y0, strip.x0 + end * step, y1)


def _drawing(document: Any, page: Page) -> Any:
    """All that prints on the page, in PDF user space, read once for its four strips."""
    from pymupdf import mupdf

    drawn = whole_page(mupdf, document, page.number)
    drawing = mupdf.fz_new_display_list(mupdf.FzRect(mupdf.FzRect.Fixed_INFINITE))
    device = mupdf.fz_new_list_device(drawing)
    user = to_user_space(mupdf, drawn, page.user_unit)
    mupdf.pdf_run_page_with_usage(drawn, device, user, "Print", mupdf.FzCookie())
    mupdf.fz_close_device(device)
    return drawing


def _render(drawing: Any, strip: Rect, scale: float) -> npt.NDArray[np.uint8]:
    """A strip of a drawing in gray: row 0 is its lower edge, in PDF user space, not turned."""
    import numpy as np
    import pymupdf
    from pymupdf import mupdf

    ctm = mupdf.fz_make_matrix(scale, 0, 0, scale, -strip.x0 * scale, -strip.y0 * scale)
    width = max(4, round((strip.x1 - strip.x0) * scale))
    height = max(4, round((strip.y1 - strip.y0) * scale))
    area = mupdf.FzIrect(0, 0, width, height)
    pixmap = mupdf.fz_new_pixmap_with_bbox(mupdf.fz_device_gray(), area, mupdf.FzSeparations(), 0)
    mupdf.fz_clear_pixmap_with_value(pixmap, 255)
    device = mupdf.fz_new_draw_device(mupdf.FzMatrix(), pixmap)
    mupdf.fz_run_display_list(drawing, device, ctm, mupdf.FzRect(0, 0, width, height), mupdf.FzCookie())
    mupdf.fz_close_device(device)
    samples = pymupdf.Pixmap("raw", pixmap).samples
    return np.frombuffer(samples, dtype=np.uint8).reshape(height, width)
