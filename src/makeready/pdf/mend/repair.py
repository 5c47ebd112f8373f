"""Streams that end too early or are damaged, written anew with what can be read of them."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from makeready.pdf.mend.streams import INLINE_IMAGE
from makeready.pdf.mend.working import Working

#: Filters whose data can be told to be whole; pictures in other codings are left to their decoders.
_PLAIN = ("/FlateDecode", "/LZWDecode", "/ASCII85Decode", "/ASCIIHexDecode", "/RunLengthDecode",
          "/Fl", "/LZW", "/A85", "/AHx", "/RL")  # fmt: skip
_FLATE = ("/FlateDecode", "/Fl")
#: How pages are drawn to see which of two readings of a broken file keeps more of them.
MOST_PAGES, PPI, LONGEST_SIDE, VISIBLE = 24, 40.0, 1000.0, 16
#: All there are (ISO 32000-1, annex A), and pikepdf's word for a whole inline image.
_OPERATORS = frozenset({
    "b", "B", "b*", "B*", "BDC", "BI", "BMC", "BT", "BX", "c", "cm", "CS", "cs", "d", "d0", "d1", "Do", "DP",
    "EI", "EMC", "ET", "EX", "f", "F", "f*", "G", "g", "gs", "h", "i", "ID", "j", "J", "K", "k", "l", "m", "M",
    "MP", "n", "q", "Q", "re", "RG", "rg", "ri", "s", "S", "SC", "sc", "SCN", "scn", "sh", "T*", "Tc", "Td",
    "TD", "Tf", "Tj", "TJ", "TL", "Tm", "Tr", "Ts", "Tw", "Tz", "v", "w", "W", "W*", "y", "'", '"', INLINE_IMAGE,
})  # fmt: skip
#: Bytes given to zlib at a time: what an error spoils is lost with the sip it lies in.
_SIP = 16
_CHANNELS = {"/DeviceGray": 1, "/CalGray": 1, "/Indexed": 1, "/Separation": 1, "/DeviceRGB": 3, "/CalRGB": 3,
             "/Lab": 3, "/DeviceCMYK": 4}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Salvaged:
    """A damaged stream, and what was read of it."""

    what: str
    page: int | None
    bytes: int
    #: Of a picture: the share of it that was lost.
    lost: float | None = None


def pictures(file: Path) -> list[Any]:
    """The first pages as MuPDF draws them: H × W × 3, or ``None`` where it cannot."""
    import numpy as np
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    found: list[Any] = []
    with pymupdf.open(file, filetype="pdf") as drawn:
        for place in range(min(drawn.page_count, MOST_PAGES)):
            try:
                page = drawn[place]
                scale = min(PPI / 72, LONGEST_SIDE / max(*page.rect.br, 1.0))
                pixels = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csRGB, alpha=False)
                found.append(np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3))
            except Exception:  # a page that cannot be drawn, for any reason that native code may have
                found.append(None)
    return found


def lost(before: list[Any], after: list[Any]) -> float:
    """How much of the pages looks otherwise than before, in pages: a page that is missing counts as one."""
    import numpy as np

    total = 0.0
    for place, one in enumerate(before):
        other = after[place] if place < len(after) else None
        if one is None:
            continue
        if other is None or one.shape != other.shape:
            total += 1.0
        else:
            total += float((np.abs(one.astype(np.int16) - other.astype(np.int16)).max(axis=2) > VISIBLE).mean())
    return total


def tidy(working: Working, folder: Path, numbers: Collection[int]) -> dict[int, int]:
    """Take out of pages what no reader understands; how many instructions each loses.

    A page that would look otherwise without them keeps them: then they were not what they seem.

    Args:
        working: the file, of which ``pdf`` is changed.
        folder: for a trial.
        numbers: of the pages; those after the first ``MOST_PAGES`` are left alone, for they are not compared.
    """
    found, before = {}, {}
    for number in sorted(numbers):
        page = working.pdf.pages[number - 1]
        if number > MOST_PAGES or "/Contents" not in page.obj:
            continue
        try:
            read: list[Any] = list(pikepdf.parse_content_stream(page))
            kept = [_plain(one) for one in read if str(one.operator) in _OPERATORS]
            new = pikepdf.unparse_content_stream(kept)
        except (pikepdf.PdfError, ValueError, TypeError, RuntimeError):
            continue  # not even its instructions can be told apart
        before[number] = page.obj.Contents
        found[number] = len(read) - len(kept)
        page.obj.Contents = working.pdf.make_stream(new)
    if not found:
        return {}
    now, trial = pictures(working.file()), folder / "trial.pdf"
    working.save(trial)
    then = pictures(trial)
    trial.unlink()
    for number, contents in before.items():
        if lost(now[number - 1 : number], then[number - 1 : number]):
            working.pdf.pages[number - 1].obj.Contents = contents
            del found[number]
    return found


def _plain(instruction: Any) -> Any:
    """An instruction without what stands before it by mistake: null is no operand of any."""
    operands = [one for one in instruction.operands if one is not None]
    return instruction if len(operands) == len(instruction.operands) else (operands, instruction.operator)


def salvage(pdf: Pdf, file: Path) -> list[Salvaged]:
    """Write every damaged stream anew, uncompressed data as far as it can be read; lost rows of pictures are zero.

    MuPDF and poppler show a picture that ends too early the same way: what is missing counts as zero.

    Args:
        pdf: the document.
        file: the same as a file, for MuPDF to read.
    """
    import pymupdf

    damaged = list(_damaged(pdf))
    if not damaged:
        return []
    owners = _owners(pdf)
    found = []
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    with pymupdf.open(file, filetype="pdf") as drawn:
        for stream in damaged:
            data = _readable(drawn, stream)
            what = _what(stream)
            lost = None
            if what == "picture" and (whole := _size(stream)) and len(data) < whole:
                lost = 1 - len(data) / whole
                data += bytes(whole - len(data))
            stream.write(data)
            found.append(Salvaged(what, owners.get(stream.objgen), len(data), lost))
    return found


def _damaged(pdf: Pdf) -> Iterator[Stream]:
    for found in pdf.objects:
        if isinstance(found, Stream) and found.is_indirect and not _whole(found):
            yield found


def _whole(stream: Stream) -> bool:
    filters = stream.get("/Filter")
    named = [str(name) for name in (filters if isinstance(filters, Array) else [filters]) if name is not None]
    if not named or any(name not in _PLAIN for name in named):
        return True
    try:
        if named[0] in _FLATE:
            return _inflates(stream.read_raw_bytes())
        stream.read_bytes(pikepdf.StreamDecodeLevel.specialized)
        return True
    except (pikepdf.PdfError, zlib.error):
        return False


def _inflates(data: bytes) -> bool:
    """Whether deflated data reaches its end mark; the checksum after it may be missing, as some programs write."""
    if not data:
        return True
    reader = zlib.decompressobj()
    try:
        reader.decompress(data)
    except zlib.error:
        return False
    return reader.eof or _only_checksum_lacks(data)


def _only_checksum_lacks(data: bytes) -> bool:
    raw = zlib.decompressobj(wbits=-15)
    try:
        raw.decompress(data[2:])
    except zlib.error:
        return False
    return raw.eof


def _readable(drawn: Any, stream: Stream) -> bytes:
    """What can be read of it, by MuPDF or by zlib alone: some damage stops one earlier than the other."""
    try:
        found = bytes(drawn.xref_stream(stream.objgen[0]) or b"")
    except Exception:  # MuPDF raises many kinds: then it can read nothing of it
        found = b""
    plain = stream.get("/Filter") in (Name.FlateDecode, Array([Name.FlateDecode])) and "/DecodeParms" not in stream
    return max(found, _inflated(stream.read_raw_bytes()), key=len) if plain else found


def _inflated(data: bytes) -> bytes:
    reader, found = zlib.decompressobj(), bytearray()
    try:
        for start in range(0, len(data), _SIP):
            found += reader.decompress(data[start : start + _SIP])
    except zlib.error:
        pass  # what came before stands
    return bytes(found)


def _what(stream: Stream) -> str:
    if stream.get("/Subtype") == Name.Image:
        return "picture"
    if stream.get("/Subtype") == Name.Form:
        return "form"
    if "/Length1" in stream or stream.get("/Subtype") in (Name("/Type1C"), Name("/CIDFontType0C"), Name("/OpenType")):
        return "font"
    return "stream"


def _size(image: Stream) -> int | None:
    """How many bytes the pixels of a picture are, where that is known."""
    try:
        width, height = int(image.get("/Width", 0)), int(image.get("/Height", 0))
        bits = 1 if image.get("/ImageMask") else int(image.get("/BitsPerComponent", 8))
    except (TypeError, ValueError):
        return None
    channels = 1 if image.get("/ImageMask") else _channels(image.get("/ColorSpace"))
    return (width * bits * channels + 7) // 8 * height if channels else None


def _channels(space: Any) -> int | None:
    if isinstance(space, Name):
        return _CHANNELS.get(str(space))
    if not isinstance(space, Array) or not len(space):
        return None
    if space[0] == Name.ICCBased and isinstance(space[1], Stream):
        return int(space[1].get("/N", 3))
    if space[0] == Name.DeviceN:
        return len(space[1])
    return _CHANNELS.get(str(space[0]))


def _owners(pdf: Pdf) -> dict[tuple[int, int], int]:
    """By content stream or picture: the first page that has it."""
    owners: dict[tuple[int, int], int] = {}
    for number, page in enumerate(pdf.pages, start=1):
        contents = page.obj.get("/Contents")
        held: list[Object] = (
            list(contents) if isinstance(contents, Array) else [contents] if contents is not None else []
        )
        resources = page.obj.get("/Resources")
        named = resources.get("/XObject") if isinstance(resources, Dictionary) else None
        held += [item for _, item in named.items()] if isinstance(named, Dictionary) else []
        for item in held:
            if isinstance(item, Stream):
                owners.setdefault(item.objgen, number)
    return owners
