"""A page as pixels at full resolution, drawn in bands, so that a poster takes no more memory than a card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from makeready.changes import Refusal
from makeready.facts import Page, Rect
from makeready.pdf.boxes import quarter_turns
from makeready.pdf.ink import press_space
from makeready.pdf.press_page import to_user_space, whole_page

#: Samples of a band.
_BAND = 64_000_000
#: MuPDF counts pixels in 32 bits, and its coordinates are floats: past this they are no longer exact.
_LONGEST = 200_000


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pixels in a file: rows from the top, 8 bits, channels side by side."""

    path: Path
    width_px: int
    height_px: int
    #: 3 for sRGB, 4 for CMYK.
    channels: int


def draw(document: Path, page: Page, area: Rect, ppi: float, *, cmyk: bool, path: Path) -> Drawn:
    """Draw a part of a page to a file of bare pixels, on paper white, as it prints, turned as displayed.

    Args:
        document: the PDF.
        page: facts of the page.
        area: what is drawn, in points in user space.
        ppi: pixels per inch.
        cmyk: in the inks of the output intent, or of MuPDF's own press where there is none; else in sRGB.
        path: the file.

    Raises:
        Refusal: it would have too many pixels along a side, or the page cannot be drawn.
    """
    import pymupdf
    from pymupdf import mupdf

    width, height = max(1, round(area.width * ppi / 72)), max(1, round(area.height * ppi / 72))
    if max(width, height) > _LONGEST:
        raise Refusal(f"it would be {width} × {height} px at {ppi:g} ppi: ask for fewer pixels per inch")
    with pymupdf.open(document, filetype="pdf") as opened, path.open("wb") as file:
        native = mupdf.pdf_document_from_fz_document(opened.this)
        drawn = whole_page(mupdf, native, page.number)
        press = press_space(native) if cmyk else None
        space = (press or mupdf.fz_device_cmyk()) if cmyk else mupdf.fz_device_rgb()
        across, down = width / area.width, height / area.height
        to_pixels = mupdf.fz_make_matrix(across, 0, 0, -down, -area.x0 * across, area.y1 * down)
        ctm = mupdf.fz_concat(to_user_space(mupdf, drawn, page.user_unit), to_pixels)
        turns, channels = quarter_turns(page), 4 if cmyk else 3
        ctm = mupdf.fz_concat(ctm, mupdf.fz_make_matrix(*_turn(turns, width, height)))
        if turns % 2:
            width, height = height, width
        rows = max(1, _BAND // (width * channels))
        for top in range(0, height, rows):
            band = mupdf.FzIrect(0, top, width, min(top + rows, height))
            file.write(_band(mupdf, drawn, ctm, space, band, white=0 if cmyk else 255))
    return Drawn(path, width, height, channels)


def _turn(turns: int, width: int, height: int) -> tuple[int, int, int, int, int, int]:
    """The matrix that turns pixels clockwise by quarters: width and height are those before."""
    return ((1, 0, 0, 1, 0, 0), (0, 1, -1, 0, height, 0), (-1, 0, 0, -1, width, height), (0, -1, 1, 0, 0, width))[turns]


def _band(mupdf: Any, drawn: Any, ctm: Any, space: Any, band: Any, white: int) -> bytes:
    # With a list of separations, even an empty one, MuPDF simulates overprint; of RGB it makes inks and RGB again.
    separations = mupdf.FzSeparations() if white else mupdf.fz_new_separations(0)
    pixmap = mupdf.fz_new_pixmap_with_bbox(space, band, separations, 0)
    if white:
        mupdf.fz_clear_pixmap_with_value(pixmap, white)
    else:
        mupdf.fz_clear_pixmap(pixmap)  # "with value" makes inks of it as if it were light
    device = mupdf.fz_new_draw_device(mupdf.FzMatrix(), pixmap)
    try:
        mupdf.pdf_run_page_with_usage(drawn, device, ctm, "Print", mupdf.FzCookie())
        mupdf.fz_close_device(device)
    except Exception as error:  # MuPDF's own classes, and what its C++ layer makes of them
        raise Refusal(f"the page cannot be drawn whole: {error}") from error
    return bytes(mupdf.fz_pixmap_samples_memoryview(pixmap))  # the view does not keep the pixmap alive
