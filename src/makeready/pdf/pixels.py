"""What the pixels of a PDF's pictures say: each is decoded once, at its largest placement, in the colours it has."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from makeready import study
from makeready.facts import ObjectId, PixelStudy, PlacedImage

#: How ``PlacedImage.compression`` calls DCTDecode.
JPEG = "DCTDecode"
#: What red, green and blue count for, or CMYK: black counts in full, the others as what they take away.
_WEIGHTS = {3: (0.299, 0.587, 0.114), 4: (0.299, 0.587, 0.114, 1.0)}


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
    quality, measures, cut_short = None, study.Measures(), False
    loaded = _loaded(drawn, number)
    if loaded is not None:
        if image.compression == JPEG and (jpeg := _stored(loaded)):
            quality, cut_short = study.quality(study.tables(jpeg)), study.is_cut_short(jpeg)
        if decode and image.width_px * image.height_px <= study.MAX_PIXELS:
            measures = _measures(loaded, blocks=quality is None)
    return study.told(image, quality, measures, image.visible or image.place, cut_short=cut_short)


def _loaded(drawn: Any, number: ObjectId) -> Any:
    """MuPDF's picture behind an object, not decoded yet."""
    from pymupdf import mupdf

    document = mupdf.pdf_document_from_fz_document(drawn.this)
    try:
        return mupdf.pdf_load_image(document, mupdf.pdf_new_indirect(document, *number))
    except Exception:  # the door to a stream: of a broken one nothing can be told, and the page's damage says so
        return None


def _stored(loaded: Any) -> bytes | None:
    """The JPEG as it is stored; nothing is decoded."""
    from pymupdf import mupdf

    stored = mupdf.fz_compressed_image_buffer(loaded).m_internal
    if not stored or stored.params.type != mupdf.FZ_IMAGE_JPEG:
        return None
    stream = mupdf.FzBuffer(mupdf.ll_fz_keep_buffer(stored.buffer))
    return bytes(mupdf.fz_buffer_extract_copy(stream))


def _measures(loaded: Any, *, blocks: bool) -> study.Measures:
    """Decode and measure. What cannot be decoded cannot be told: the page's damage says so."""
    try:
        pixels = _decoded(loaded)
    except Exception:  # the door to a stream: native decoders raise many classes
        return study.Measures()

    def part(top: int, bottom: int, left: int, right: int, step: int) -> study.Gray:
        return _gray(pixels[top:bottom:step, left:right:step])

    return study.measure(part, pixels.shape[1], pixels.shape[0], blocks=blocks)


def _decoded(loaded: Any) -> Any:
    """The picture's own pixels: rows × columns × inks, without its masks."""
    import numpy as np
    import pymupdf
    from pymupdf import mupdf

    pixmap = pymupdf.Pixmap("raw", mupdf.fz_get_unscaled_pixmap_from_image(loaded))
    rows = np.frombuffer(pixmap.samples, dtype=np.uint8).reshape(pixmap.height, pixmap.stride)
    return rows[:, : pixmap.width * pixmap.n].reshape(pixmap.height, pixmap.width, pixmap.n)


def _gray(pixels: Any) -> study.Gray:
    """How light it is, 0 to 255; for the shape of edges it does not matter which way round."""
    import numpy as np

    inks = pixels.shape[2]
    weights = _WEIGHTS.get(inks, (1.0 / inks,) * inks)
    # Ink by ink: a product of matrices would wake a thread for every processor, for a handful of numbers a pixel.
    light: study.Gray = pixels[:, :, 0] * np.float32(weights[0])
    for ink in range(1, inks):
        light += pixels[:, :, ink] * np.float32(weights[ink])
    return np.minimum(light, np.float32(255), out=light)
