"""Pictures of PDF pages as they are seen, with all that lies around the trim.

A viewer shows the CropBox. A printer wants to see bleed and marks, so these pictures show the whole MediaBox,
turned by Rotate and scaled by UserUnit; ``boxes.on_display`` says where a place lies in them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from typing import Any

from makeready.errors import EncryptedFile, UnreadableFile

#: Enough for a sheet of any usual shape at 900 pixels; keeps a banner of 1:20 from becoming a huge picture.
MAX_PIXELS = 4_000_000

# JPEG cannot hold more than 65,535 pixels a side, and browsers balk earlier.
_LONGEST_SIDE = 16_000
_JPEG_QUALITY = 85

Source = str | PathLike[str] | bytes


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
def drawing(source: Source, *, max_pixels: int = MAX_PIXELS) -> Iterator[Callable[[int, int], bytes]]:
    """Open a file once to draw many of its pages: ``draw(page_number, width_px)``.

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

        def draw(page_number: int, width_px: int) -> bytes:
            if not 1 <= page_number <= document.page_count:
                raise UnreadableFile(f"There is no page {page_number}; the file has {document.page_count}.")
            try:
                return _encoded(_drawn(document, page_number, width_px, max_pixels))
            except Exception as error:  # the door to a file, as above
                raise UnreadableFile(f"Page {page_number} cannot be drawn: {error}") from error

        yield draw


def _drawn(document: Any, page_number: int, width_px: int, max_pixels: int) -> Any:
    """The page's pixels, 8-bit RGB."""
    mupdf = _mupdf()
    page = document[page_number - 1]
    # Only in memory, the file is not written. Widening the CropBox, rather than the area drawn, also keeps
    # MuPDF from cutting transparency groups off at the CropBox.
    media = " ".join(f"{value:.6f}" for value in page.mediabox)
    document.xref_set_key(page.xref, "CropBox", f"[{media}]")
    page = document.reload_page(page)
    width, height = page.rect.width, page.rect.height
    scale = min(width_px / width, math.sqrt(max_pixels / (width * height)), _LONGEST_SIDE / max(width, height))
    return page.get_pixmap(matrix=mupdf.Matrix(scale, scale), colorspace=mupdf.csRGB, alpha=False)


def _encoded(pixels: Any) -> bytes:
    """PNG keeps type and line art crisp and is small for them; photographs are smaller as JPEG."""
    png: bytes = pixels.tobytes("png")
    jpeg: bytes = pixels.tobytes("jpeg", jpg_quality=_JPEG_QUALITY)
    return png if len(png) <= len(jpeg) else jpeg


def _mupdf() -> Any:
    """PyMuPDF, imported when it is needed (it takes a second) and untyped (as most of it is)."""
    import pymupdf

    return pymupdf
