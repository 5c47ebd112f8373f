"""How the product looks, as pixels: what lies on the canvas, as displayed, for comparing two states of a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from makeready.facts import Artwork

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Enough to see a change, little enough to be quick.
MAX_PIXELS = 2_000_000


def products(source: Path | bytes, facts: Artwork) -> Iterator[npt.NDArray[np.uint8]]:
    """The trimmed product of the one page: H × W × 3, sRGB, row 0 on top, turned as displayed, on white.

    Args:
        source: the file.
        facts: of it; with a canvas and a density that gives it bleed, only what lies on the canvas is shown.

    Raises:
        Refusal: no decoder knows it.
        UnreadableFile: it is damaged.
    """
    import pyvips

    from makeready.raster.mend.decode import damaged, stream
    from makeready.raster.mend.screen import srgb

    raster, canvas = facts.raster, facts.canvas
    if raster is None:
        return
    image = stream(source, raster)
    past, density = raster.past(canvas) if canvas is not None else None, raster.shown_density
    if past is not None and density is not None:
        across, along = (round(over * ppi / 72) for over, ppi in zip(past, density, strict=True))
        x, y = (along, across) if raster.turned else (across, along)
        image = image.crop(x, y, max(1, image.width - 2 * x), max(1, image.height - 2 * y))
    smaller = min(1.0, (MAX_PIXELS / (image.width * image.height)) ** 0.5)
    if smaller < 1:
        image = image.resize(smaller, kernel="linear")
    try:
        small = image.copy_memory()
        pixels: npt.NDArray[np.uint8] = srgb(small.autorot()).numpy()
    except pyvips.Error as error:
        raise damaged(error) from error
    yield pixels
