"""PDF files. The only home of pymupdf and pikepdf: everything above sees facts, pictures and new files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from makeready.facts import Artwork, Page

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: A PDF may have other bytes before its header (ISO 32000-1, annex H.3, note 13).
HEADER_WITHIN = 1024


def recognises(head: bytes) -> bool:
    """Whether the first bytes are those of a PDF."""
    return b"%PDF-" in head[:HEADER_WITHIN]


def read(
    source: Path | bytes,
    *,
    pages: Collection[int] | None = None,
    needs: Collection[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Artwork:
    """The facts of a PDF, of all its pages or some; ``needs`` names costly facts to gather besides (``bleed``).

    Raises:
        EncryptedFile: it needs a password.
        UnreadableFile: it cannot be opened.
    """
    from makeready.pdf.document import Document

    with Document(source) as document:
        return document.artwork(pages, needs, progress)


def products(source: Path | bytes, pages: Iterable[Page]) -> Iterator[npt.NDArray[np.uint8]]:
    """The trimmed product of each page as displayed: H × W × 3, RGB, row 0 on top."""
    from makeready.pdf import looks

    return looks.products(source, pages)
