"""Streams packed anew, as readers of a standard can unpack them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pikepdf import Array, Name, Pdf, PdfError, Stream

from makeready.facts import Artwork
from makeready.pdf.mend import colour_pictures as pictures
from makeready.pdf.mend import samples
from makeready.pdf.mend.pdfx import reachable
from makeready.pdf.mend.streams import INLINE_IMAGE, Here, Instruction, State, Walk
from makeready.pdf.mend.working import Working
from makeready.pdf.mend.xmp import Standard

_LZW, _JPX, _JBIG2 = ("/LZWDecode", "/LZW"), "/JPXDecode", "/JBIG2Decode"
_FULL, _FULL_16 = 255, 65535


class Unpacked:
    """Streams that are to be packed in another way, worked out before anything is changed."""

    def __init__(self, working: Working, standard: Standard) -> None:
        """Work them out.

        Raises:
            samples.Unfit: one cannot be unpacked exactly, or the standard has no place for it; the text says why.
        """
        file = working.file()
        self._pdf = working.pdf
        #: What was found, by words.
        self.counts: Counter[str] = Counter()
        self._plain: list[tuple[Stream, bytes]] = []
        self._pictures: list[tuple[Stream, samples.Samples, Any]] = []
        for thing in reachable(self._pdf):
            if isinstance(thing, Stream):
                self._look(thing, file, standard == "PDF/X-1a")

    def _look(self, stream: Stream, file: Path, old: bool) -> None:
        said = stream.get("/Filter")
        filters = [str(name) for name in (said if isinstance(said, Array) else [said]) if name is not None]
        if "/Crypt" in filters:
            raise samples.Unfit("a stream is encrypted by itself (Crypt)")
        if any(name in _LZW for name in filters):
            try:
                self._plain.append((stream, stream.read_bytes()))
            except PdfError as error:
                raise samples.Unfit("a stream that is packed with LZW cannot be unpacked") from error
            self.counts["streams packed with LZW"] += 1
        if not old:
            return
        if stream.get("/Subtype") == Name.OpenType:
            raise samples.Unfit("a font is embedded as OpenType, which PDF 1.4 does not know")
        if _JBIG2 in filters:
            self._plain.append((stream, _by_mupdf(stream, file)))
            self.counts["pictures packed with JBIG2"] += 1
        elif stream.get("/Subtype") == Name.Image and (_JPX in filters or stream.get("/BitsPerComponent") == 16):
            read = samples.read(stream)
            pixels = read.pixels
            if pixels.itemsize == 2:
                pixels = ((pixels.astype("uint32") * _FULL + _FULL_16 // 2) // _FULL_16).astype("uint8")
                self.counts["pictures of 16 bits"] += 1
            if _JPX in filters:
                self.counts["pictures packed with JPEG 2000"] += 1
            self._pictures.append((stream, read, pixels))

    def write(self) -> None:
        """Pack them as every reader can unpack them."""
        for stream, data in self._plain:
            stream.write(data)
        for stream, read, pixels in self._pictures:
            samples.write(stream, read, pixels, pictures.QUALITY)


def _by_mupdf(stream: Stream, file: Path) -> bytes:
    import pymupdf

    with pymupdf.open(file, filetype="pdf") as document:
        data = bytes(document.xref_stream(stream.objgen[0]) or b"")
    row = (int(stream.get("/Width", 0)) + 7) // 8
    if not row or len(data) != row * int(stream.get("/Height", 0)):
        raise samples.Unfit("a picture that is packed with JBIG2 cannot be unpacked")
    return data


def inline_lzw(working: Working, artwork: Artwork) -> int:
    """Make objects of inline pictures that are packed with LZW; how many there were."""
    visitor = _Inline(working.pdf)
    walk = Walk(working.pdf, visitor)
    for page in artwork.pages:
        walk.page(page.number)
    walk.finish()
    return visitor.count


class _Inline:
    def __init__(self, pdf: Pdf) -> None:
        self._pdf = pdf
        self.count = 0

    def key(self, state: State) -> None:
        """Nothing of the state matters."""

    def visit(self, here: Here, operands: Sequence[Any], operator: str) -> list[Instruction] | None:
        if operator != INLINE_IMAGE or not set(_LZW) & _filters_of(operands[0]):
            return None
        image = pictures.of_inline(self._pdf, operands[0], here.scope)
        if image is None:
            return None
        self.count += 1
        return [([here.scope.add("XObject", image, "Im")], "Do")]


def _filters_of(inline: Any) -> set[str]:
    found = inline.obj.get("/Filter", inline.obj.get("/F"))
    return {str(name) for name in (found if isinstance(found, Array) else [found])}
