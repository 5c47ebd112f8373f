"""How the product looks, as pixels: what lies inside the trim, as displayed, for comparing two states of a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from makeready.facts import Page
from makeready.pdf.boxes import quarter_turns
from makeready.pdf.press_page import to_user_space, whole_page

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: What a page is drawn at: fine enough to see a hairline appear, coarse enough for a poster.
PPI = 72.0
MAX_PIXELS = 2_000_000


@contextmanager
def _opened(source: Path | bytes) -> Iterator[Any]:
    import pymupdf

    given = {"stream": source} if isinstance(source, bytes) else {"filename": source}
    with pymupdf.open(filetype="pdf", **given) as document:
        yield pymupdf.mupdf.pdf_document_from_fz_document(document.this)


def products(source: Path | bytes, pages: Iterable[Page], ppi: float = PPI) -> Iterator[npt.NDArray[np.uint8]]:
    """The trimmed product of each page: H × W × 3, RGB, row 0 on top, turned as displayed.

    Args:
        source: the file.
        pages: facts of its pages; their trim is drawn. A page without any box gives an empty array.
        ppi: of the picture; less for pages so large that it would pass ``MAX_PIXELS``.
    """
    import numpy as np

    with _opened(source) as document:
        for page in pages:
            trim = page.trim
            if trim is None or trim.width <= 0 or trim.height <= 0:
                yield np.zeros((0, 0, 3), dtype=np.uint8)
                continue
            scale = min(ppi / 72, (MAX_PIXELS / (trim.width * trim.height)) ** 0.5)
            pixels = _drawn(document, page, scale)
            yield np.rot90(pixels, -quarter_turns(page))


def _drawn(document: Any, page: Page, scale: float) -> npt.NDArray[np.uint8]:
    import numpy as np
    import pymupdf
    from pymupdf import mupdf

    trim = page.trim
    assert trim is not None
    width, height = max(1, round(trim.width * scale)), max(1, round(trim.height * scale))
    drawn = whole_page(mupdf, document, page.number)
    across, down = width / trim.width, height / trim.height
    to_pixels = mupdf.fz_make_matrix(across, 0, 0, -down, -trim.x0 * across, trim.y1 * down)
    ctm = mupdf.fz_concat(to_user_space(mupdf, drawn, page.user_unit), to_pixels)
    area = mupdf.FzIrect(0, 0, width, height)
    pixmap = mupdf.fz_new_pixmap_with_bbox(mupdf.fz_device_rgb(), area, mupdf.FzSeparations(), 0)
    mupdf.fz_clear_pixmap_with_value(pixmap, 255)
    device = mupdf.fz_new_draw_device(mupdf.FzMatrix(), pixmap)
    mupdf.pdf_run_page_with_usage(drawn, device, ctm, "Print", mupdf.FzCookie())
    mupdf.fz_close_device(device)
    samples = pymupdf.Pixmap("raw", pixmap).samples
    return np.frombuffer(samples, dtype=np.uint8).reshape(height, width, 3)
