"""Line art of one bit with finer steps: enlarged as gray, and black and white again at the middle between them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pikepdf import Array, Dictionary, Name, Pdf

from makeready.facts import ObjectId
from makeready.pdf.mend.samples import Unfit
from makeready.upscale import lanczos

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bits = npt.NDArray[np.bool_]

#: A sheet of A0 at 1200 ppi has 2.2 gigapixels; this is A1, and takes a gigabyte while it is made.
MOST_PIXELS = 1_200_000_000
_MIDDLE = 128


def refine(pdf: Pdf, file: Path, number: ObjectId, factor: float) -> tuple[int, int]:
    """Give a picture of one bit more pixels; packed by CCITT Group 4.

    Args:
        pdf: the open file.
        file: the same as a file, for MuPDF, which decodes all that pictures of one bit are packed with.
        number: the picture's object.
        factor: pixels along each side, as a multiple; sides are rounded up.

    Returns:
        Pixels across and down.

    Raises:
        Unfit: it has a palette, or cannot be decoded, or would be too large; nothing was changed.
    """
    image = pdf.get_object(number)
    space = image.get("/ColorSpace")
    if isinstance(space, Array) and len(space) and space[0] == Name.Indexed:
        raise Unfit("its two colours are those of a palette")
    width = lanczos.side(int(image.get("/Width", 0)), factor)
    height = lanczos.side(int(image.get("/Height", 0)), factor)
    if width * height > MOST_PIXELS:
        raise Unfit(f"it would have {width * height / 1e6:.0f} megapixels, and {MOST_PIXELS / 1e6:.0f} are the most")
    stencil = bool(image.get("/ImageMask", False))
    shades = _decoded(file, number)
    bits = lanczos.resize(shades, width, height) >= _MIDDLE
    # MuPDF says where a stencil paints; in the file, that is where its bits are 0 (ISO 32000-1, 8.9.6.2).
    image.write(
        _packed(~bits if stencil else bits),
        filter=Name.CCITTFaxDecode,
        decode_parms=Dictionary(K=-1, Columns=width, Rows=height),
    )
    image.Width, image.Height, image.BitsPerComponent = width, height, 1
    if "/Decode" in image:
        del image.Decode
    return width, height


def _decoded(file: Path, number: ObjectId) -> Any:
    """0 and 255, its Decode applied; of a stencil, 255 where it paints."""
    import numpy as np
    import pymupdf
    from pymupdf import mupdf

    with pymupdf.open(file, filetype="pdf") as opened:
        document = mupdf.pdf_document_from_fz_document(opened.this)
        try:
            loaded = mupdf.pdf_load_image(document, mupdf.pdf_new_indirect(document, *number))
            pixmap = pymupdf.Pixmap("raw", mupdf.fz_get_unscaled_pixmap_from_image(loaded))
        except Exception as error:  # the door to a stream: native decoders raise many classes
            raise Unfit("its data cannot be decoded") from error
        if pixmap.n != 1:
            raise Unfit("it has more than one ink")
        rows = np.frombuffer(pixmap.samples, dtype=np.uint8).reshape(pixmap.height, pixmap.stride)
        return np.ascontiguousarray(rows[:, : pixmap.width])


def _packed(bits: Bits) -> bytes:
    """CCITT Group 4 whose plain decoding gives these bits: libtiff's, in one strip; it packs black as 0."""
    from PIL import Image

    out = io.BytesIO()
    picture = Image.fromarray(~bits)
    picture.save(out, "TIFF", compression="group4", tiffinfo={278: picture.height})
    with Image.open(out) as read:
        (start,), (length,) = read.tag_v2[273], read.tag_v2[279]  # type: ignore[attr-defined]
    return out.getvalue()[start : start + length]
