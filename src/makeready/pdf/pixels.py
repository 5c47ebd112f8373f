"""What the pixels of a PDF's pictures say: each is decoded once, at its largest placement, in the colours it has."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from makeready import study
from makeready.facts import ObjectId, PixelStudy, PlacedImage

#: How ``PlacedImage.compression`` calls DCTDecode.
JPEG = "DCTDecode"


def studies(drawn: Any, images: Iterable[PlacedImage], needs: Collection[str]) -> tuple[PixelStudy, ...]:
    """One study for each gray or colour picture that shows; inline pictures are too small to tell of.

    Args:
        drawn: PyMuPDF's document.
        images: all that is painted.
        needs: ``jpeg`` for the quality alone, ``pixels`` for all.
    """
    if not study.NEEDS.intersection(needs):
        return ()
    return tuple(_study(drawn, number, image, "pixels" in needs) for number, image in _largest(images))


def _largest(images: Iterable[PlacedImage]) -> Iterator[tuple[ObjectId, PlacedImage]]:
    """Each picture where it is printed largest: that is where its faults show."""
    found: dict[ObjectId, PlacedImage] = {}
    for image in images:
        if image.object is None or image.mask or image.line_art or not image.counts:
            continue
        if min(image.width_px, image.height_px) <= study.LEAST_PX:
            continue
        before = found.get(image.object)
        if before is None or _area(image) > _area(before):
            found[image.object] = image
    yield from found.items()


def _area(image: PlacedImage) -> float:
    if image.right is None or image.up is None:
        return 0.0
    return math.hypot(*image.right) * math.hypot(*image.up)


def _study(drawn: Any, number: ObjectId, image: PlacedImage, decode: bool) -> PixelStudy:
    quality = _quality(drawn, number) if image.compression == JPEG else None
    measures = study.Measures()
    if decode and image.width_px * image.height_px <= study.MAX_PIXELS:
        measures = _measures(drawn, number, blocks=quality is None)
    return study.told(image, quality, measures, image.visible or image.place)


def _quality(drawn: Any, number: ObjectId) -> int | None:
    """Of the JPEG as it is stored; nothing is decoded."""
    try:
        stored = drawn.extract_image(number[0])
    except Exception:  # the door to a stream: a broken one has no quality, and the page's damage says so
        return None
    return study.quality(study.tables(stored["image"])) if stored and stored["ext"] == "jpeg" else None


def _measures(drawn: Any, number: ObjectId, *, blocks: bool) -> study.Measures:
    """Decode and measure. What cannot be decoded cannot be told: the page's damage says so."""
    try:
        pixels = _decoded(drawn, number)
    except Exception:  # the door to a stream: native decoders raise many classes
        return study.Measures()

    def part(top: int, bottom: int, left: int, right: int, step: int) -> study.Gray:
        return _gray(pixels[top:bottom:step, left:right:step])

    return study.measure(part, pixels.shape[1], pixels.shape[0], blocks=blocks)


def _decoded(drawn: Any, number: ObjectId) -> Any:
    """The picture's own pixels: rows × columns × inks, without its masks."""
    import numpy as np
    import pymupdf
    from pymupdf import mupdf

    document = mupdf.pdf_document_from_fz_document(drawn.this)
    image = mupdf.pdf_load_image(document, mupdf.pdf_new_indirect(document, *number))
    pixmap = pymupdf.Pixmap("raw", mupdf.fz_get_unscaled_pixmap_from_image(image))
    rows = np.frombuffer(pixmap.samples, dtype=np.uint8).reshape(pixmap.height, pixmap.stride)
    return rows[:, : pixmap.width * pixmap.n].reshape(pixmap.height, pixmap.width, pixmap.n)


def _gray(pixels: Any) -> study.Gray:
    """How light it is, 0 to 255; for the shape of edges it does not matter which way round."""
    import numpy as np

    values = pixels.astype(np.float32)
    inks = values.shape[2]
    if inks == 3:
        weights = [0.299, 0.587, 0.114]
    elif inks == 4:  # CMYK: black counts in full, the others as what they take away
        weights = [0.299, 0.587, 0.114, 1.0]
    else:
        weights = [1.0 / inks] * inks
    light: study.Gray = np.minimum(values @ np.array(weights, np.float32), np.float32(255))
    return light
