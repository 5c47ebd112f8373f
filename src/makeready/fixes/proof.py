"""Whether the pages still look the same: drawn before and after, inside the trim.

Two renderings of one page differ by a level or two at edges that anti-aliasing moved; more than ``VISIBLE``
levels in a channel is a difference that somebody could see.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from makeready import pdf, raster
from makeready.changes import PageProof
from makeready.facts import Artwork, Page

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

#: Levels of 255 by which a channel must differ to be seen.
VISIBLE = 12
#: Pages that are compared; a book is sampled evenly.
MOST_PAGES = 24


def compare(before: Path | bytes, facts: Artwork, after: Path, facts_after: Artwork) -> tuple[PageProof, ...]:
    """How much of each page differs; of long documents, of ``MOST_PAGES`` of them.

    Args:
        before: the input.
        facts: of the input.
        after: the mended file.
        facts_after: of the mended file.
    """
    pairs = [(page, facts_after.page(page.number)) for page in facts.pages]
    both = [(one, other) for one, other in pairs if other is not None]
    step = max(1, -(-len(both) // MOST_PAGES))
    sample = both[::step]
    old = _looks(before, facts, [one for one, _ in sample])
    new = _looks(after, facts_after, [other for _, other in sample])
    return tuple(_difference(page.number, one, other) for (page, _), one, other in zip(sample, old, new, strict=True))


def _looks(source: Path | bytes, facts: Artwork, pages: list[Page]) -> Iterator[Pixels]:
    return pdf.products(source, pages) if facts.kind == "pdf" else raster.products(source, facts)


def _difference(number: int, one: Pixels, other: Pixels) -> PageProof:
    import numpy as np

    if one.size == 0 or other.size == 0:
        return PageProof(number, 0.0 if one.size == other.size else 1.0, 0 if one.size == other.size else 255)
    if one.shape != other.shape:
        width, height = (min(one.shape[side], other.shape[side]) for side in (1, 0))
        one, other = _fitted(one, width, height), _fitted(other, width, height)
    apart = np.abs(one.astype(np.int16) - other.astype(np.int16)).max(axis=2)
    return PageProof(number, float((apart > VISIBLE).mean()), int(apart.max()))


def _fitted(pixels: Pixels, width: int, height: int) -> Pixels:
    """The smaller size of the two, for a product that was scaled or became another kind of file."""
    import numpy as np
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))
