"""Pictures of PDF pages as they are seen, with all that lies around the trim.

A viewer shows the CropBox. A printer wants to see bleed and marks, so these pictures show the whole MediaBox,
turned by Rotate and scaled by UserUnit; ``boxes.on_display`` says where a place lies in them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from makeready.errors import EncryptedFile, UnreadableFile
from makeready.facts import Page
from makeready.pdf.boxes import quarter_turns

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.pdf.ink import Press

#: Enough for a sheet of any usual shape at 900 pixels; keeps a banner of 1:20 from becoming a huge picture.
MAX_PIXELS = 4_000_000

# JPEG cannot hold more than 65,535 pixels a side, and browsers balk earlier.
_LONGEST_SIDE = 16_000
_JPEG_QUALITY = 85

Source = str | PathLike[str] | bytes
#: A part of the picture of a page: left, top, width and height as fractions of it.
Area = tuple[float, float, float, float]


class Draw:
    """Draws the pages of an open file; one page is read once for all that is drawn of it in a row."""

    def __init__(self, document: Any, max_pixels: int) -> None:
        self._document, self._max_pixels = document, max_pixels
        self._read: tuple[int, Any] | None = None
        self._press: Press | None = None

    def __call__(self, page_number: int, width_px: int, area: Area | None = None) -> bytes:
        """A page, the first is 1, or an area of it, ``width_px`` wide: PNG or JPEG, whichever is smaller.

        Raises:
            UnreadableFile: the page cannot be drawn, or is not there.
        """
        count = self._document.page_count
        if not 1 <= page_number <= count:
            raise UnreadableFile(f"There is no page {page_number}; the file has {count}.")
        try:
            if self._read is None or self._read[0] != page_number:
                self._read = (page_number, _read(self._document, page_number))
            return _encoded(_drawn(self._read[1], width_px, self._max_pixels, area))
        except Exception as error:  # the door to a file: native parsers raise many classes
            raise UnreadableFile(f"Page {page_number} cannot be drawn: {error}") from error

    def total_ink(self, page: Page, inks: Iterable[str]) -> npt.NDArray[np.float32]:
        """The sum of all plates inside the bleed, in percent: H × W, turned as the page is displayed, row 0 on top.

        ``inks`` are the names of the separations that are painted on the page.

        Raises:
            UnreadableFile: the page cannot be drawn, or has no area.
        """
        import numpy as np

        from makeready.pdf.ink import Press

        try:
            if self._press is None:
                self._press = Press(_mupdf()._as_pdf_document(self._document))
            rendered = self._press.plates(page, inks)
        except Exception as error:  # the door to a file, as above
            raise UnreadableFile(f"The plates of page {page.number} cannot be drawn: {error}") from error
        if rendered is None:
            raise UnreadableFile(f"Page {page.number} has no area.")
        total = rendered.amounts.sum(axis=2, dtype=np.float32) * np.float32(100 / 255)
        return np.rot90(total[::-1], -quarter_turns(page))


def page_picture(source: Source, page_number: int, *, width_px: int = 900, max_pixels: int = MAX_PIXELS) -> bytes:
    """Draw one page (the first is 1) as PNG or JPEG, whichever is smaller.

    The picture is ``width_px`` wide, or less where its area would exceed ``max_pixels``.

    Raises:
        EncryptedFile: the file needs a password.
        UnreadableFile: the file or the page cannot be drawn.
    """
    with drawing(source, max_pixels=max_pixels) as draw:
        return draw(page_number, width_px)


@contextmanager
def drawing(source: Source, *, max_pixels: int = MAX_PIXELS) -> Iterator[Draw]:
    """Open a file once to draw many of its pages, and parts of them: ``draw(page_number, width_px, area)``.

    A page is read once for all that is drawn of it in a row.

    Raises:
        EncryptedFile: the file needs a password.
        UnreadableFile: the file cannot be opened.
    """
    mupdf = _mupdf()
    # A library does not print; what MuPDF cannot draw comes as an exception.
    mupdf.TOOLS.mupdf_display_errors(False)
    mupdf.TOOLS.mupdf_display_warnings(False)
    try:
        if isinstance(source, bytes):
            document = mupdf.open(stream=source, filetype="pdf")
        else:
            document = mupdf.open(fspath(source), filetype="pdf")
    except Exception as error:  # the door to a file: native parsers raise many classes
        raise UnreadableFile(f"The file cannot be opened as PDF: {error}") from error
    with document:
        if document.needs_pass:
            raise EncryptedFile("The file needs a password to be opened.")

        yield Draw(document, max_pixels)


def _read(document: Any, page_number: int) -> Any:
    """All that is painted on the page and around it, ready to be drawn at any scale."""
    page = document[page_number - 1]
    # Only in memory, the file is not written. Widening the CropBox, rather than the area drawn, also keeps
    # MuPDF from cutting transparency groups off at the CropBox.
    media = " ".join(f"{value:.6f}" for value in page.mediabox)
    document.xref_set_key(page.xref, "CropBox", f"[{media}]")
    return document.reload_page(page).get_displaylist()


def _drawn(page: Any, width_px: int, max_pixels: int, area: Area | None) -> Any:
    """The page's pixels, or those of an area of it, 8-bit RGB."""
    mupdf = _mupdf()
    left, top, wide, high = area or (0.0, 0.0, 1.0, 1.0)
    width, height = page.rect.width * wide, page.rect.height * high
    scale = min(width_px / width, math.sqrt(max_pixels / (width * height)), _LONGEST_SIDE / max(width, height))
    matrix = mupdf.Matrix(scale, scale)
    if area is None:
        return page.get_pixmap(matrix=matrix, colorspace=mupdf.csRGB, alpha=False)
    x, y = page.rect.x0 + left * page.rect.width, page.rect.y0 + top * page.rect.height
    clip = mupdf.Rect(x, y, x + width, y + height)
    return page.get_pixmap(matrix=matrix, colorspace=mupdf.csRGB, alpha=False, clip=clip)


def _encoded(pixels: Any) -> bytes:
    """PNG keeps type and line art crisp and is small for them; photographs are smaller as JPEG."""
    png: bytes = pixels.tobytes("png")
    jpeg: bytes = pixels.tobytes("jpeg", jpg_quality=_JPEG_QUALITY)
    return png if len(png) <= len(jpeg) else jpeg


def _mupdf() -> Any:
    """PyMuPDF, imported when it is needed (it takes a second) and untyped (as most of it is)."""
    import pymupdf

    return pymupdf
