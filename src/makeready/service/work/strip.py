"""What pictures tell besides the picture, taken out of the files that clients get: where, when and by whom it was made.

The picture's data stay byte for byte: nothing is decoded. What says how the picture has to be shown stays too: the ICC
profile, the density, which way up it is. PDFs are left alone; what they say of themselves belongs to the print job.
"""

from __future__ import annotations

import contextlib
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from makeready import raster
from makeready.errors import UnreadableFile
from makeready.raster.mend import metadata

#: JPEG: EXIF and XMP, Photoshop and IPTC, what other programs keep for themselves, comments. JFIF (APP0), ICC (APP2)
#: and Adobe's word on the colours (APP14) stay.
_APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_SCAN, _END = 0xDA, 0xD9
#: Where the data of a scan end: at a marker that neither stands for a byte nor begins a piece of the same scan.
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_ICC = b"ICC_PROFILE\0"
#: TIFF: description, maker, model, software, date, artist, host, XMP, copyright, IPTC, Photoshop, places on a map, and
#: what lies in directories of their own: EXIF and GPS.
_TIFF_WORDS = frozenset({
    269, 270, 271, 272, 285, 305, 306, 315, 316, 700, 33432, 33550, 33723, 33922, 34264, 34377, 34735, 34736, 34737,
    37724, 42033, 42112,
})  # fmt: skip
_TIFF_FOLDERS = frozenset({34665, 34853, 40965})
#: Smaller versions of a picture, each a directory with words of its own.
_TIFF_WITHIN = 330
_TIFF_ORIENTATION = 274
_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
#: Pages of a TIFF that are gone through, and tags of each.
_MOST = 1000
#: PNG: words, time, EXIF, and XMP, which is words too.
_PNG_WORDS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"})
_WEBP_WORDS = frozenset({b"EXIF", b"XMP "})
#: The bits of VP8X that announce them.
_WEBP_FLAGS = 0x08 | 0x04


def strip(path: Path, orientation: int | None = None) -> None:
    """Take the metadata out of a JPEG, PNG, WebP or TIFF; other kinds are left alone.

    Args:
        path: the file; it is replaced.
        orientation: how the stored picture has to be turned, as EXIF counts, where it has to.
    """
    data = path.read_bytes()
    for magic, without in _KINDS:
        if data.startswith(magic):
            path.write_bytes(_as_dense(data, without(data, orientation)))
            return


def _as_dense(data: bytes, stripped: bytes) -> bytes:
    """What is left of a JPEG, with the density that only its EXIF told."""
    if not stripped.startswith(b"\xff\xd8\xff"):
        return stripped
    with contextlib.suppress(UnreadableFile):  # there is no telling then
        before, after = (raster.read(one, max_pixels=None).density for one in (data, stripped))
        if before is not None and after is None:
            density = float(before[0]), float(before[1])
            return metadata.jpeg_with_density(stripped, density)
    return stripped


def _jpeg(data: bytes, orientation: int | None) -> bytes:
    out = bytearray(data[:2])
    if orientation in range(2, 9):
        entry = struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, _TIFF_ORIENTATION, 3, 1, orientation, 0, 0)
        turned = b"Exif\0\0" + entry
        out += struct.pack(">BBH", 0xFF, _APP1, len(turned) + 2) + turned
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == _END:  # behind it cameras put films and further pictures, each with words of its own
            return bytes(out + data[at : at + 2])
        if marker == _SCAN:
            following = _AFTER_SCAN.search(data, at + 2)
            end = following.start() if following else len(data)
            out += data[at:end]
            at = end
            continue
        if marker == 0xFF:
            at += 1
            continue
        if marker in range(0xD0, 0xD9) or marker in (0x00, 0x01):
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        others = marker in range(_APP1, _APP15 + 1) and marker != _APP14
        if not (marker == _COMMENT or (others and not (marker == _APP2 and body.startswith(_ICC)))):
            out += data[at : at + 2 + length]
        at += 2 + max(length, 2)
    return bytes(out) + data[at:]


def _png(data: bytes, orientation: int | None) -> bytes:
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        if kind == b"IDAT" and orientation in range(2, 9):
            entry = struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, _TIFF_ORIENTATION, 3, 1, orientation, 0, 0)
            out += struct.pack(">I", len(entry)) + b"eXIf" + entry + struct.pack(">I", zlib.crc32(b"eXIf" + entry))
            orientation = None
        if kind not in _PNG_WORDS:
            out += data[at : at + 12 + length]
        if kind == b"IEND":
            break
        at += 12 + length
    return bytes(out)


def _webp(data: bytes, _orientation: int | None) -> bytes:
    """Which way up a WebP is, no viewer asks its EXIF."""
    if data[8:12] != b"WEBP":
        return data
    out, at = bytearray(), 12
    (size,) = struct.unpack_from("<I", data, 4)
    data = data[: 8 + size]  # what is behind is no part of it
    while at + 8 <= len(data):
        kind = data[at : at + 4]
        (length,) = struct.unpack_from("<I", data, at + 4)
        whole = 8 + length + (length & 1)
        if kind == b"VP8X":
            part = bytearray(data[at : at + whole])
            part[8] &= ~_WEBP_FLAGS
            out += part
        elif kind not in _WEBP_WORDS:
            out += data[at : at + whole]
        at += whole
    return b"RIFF" + struct.pack("<I", len(out) + 4) + b"WEBP" + bytes(out)


def _tiff(data: bytes, _orientation: int | None) -> bytes:
    """Tags are taken out of the directories, and what they pointed to becomes zeros."""
    out = bytearray(data)
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(f"{order}H", data, 2)[0] == 43
    try:
        (at,) = struct.unpack_from(f"{order}Q", data, 8) if big else struct.unpack_from(f"{order}I", data, 4)
    except struct.error:
        return bytes(out)
    pending, seen = [at], set[int]()
    while pending and len(seen) < _MOST:
        at = pending.pop()
        if at and at not in seen:
            seen.add(at)
            with contextlib.suppress(struct.error, OverflowError):  # it points past the end, where no word is
                pending += _directory(out, at, order, big, seen)
    return bytes(out)


def _directory(out: bytearray, at: int, order: str, big: bool, seen: set[int]) -> list[int]:
    """Take the words out of one directory.

    Returns:
        Where others are: those within it, and the next one.
    """
    number, width, offset = ("Q", 20, "Q") if big else ("H", 12, "I")
    head = struct.calcsize(f"={number}")
    (count,) = struct.unpack_from(f"{order}{number}", out, at)
    count = min(count, 65_535)
    kept, others = bytearray(), list[int]()
    for place in range(at + head, at + head + count * width, width):
        (tag,) = struct.unpack_from(f"{order}H", out, place)
        if tag in _TIFF_WORDS:
            _erase(out, place, order, big)
        elif tag in _TIFF_FOLDERS:
            (below,) = struct.unpack_from(f"{order}{offset}", out, place + width - struct.calcsize(f"={offset}"))
            if below not in seen:
                seen.add(below)
                for entry in _entries(out, below, order, big):
                    _erase(out, entry, order, big)
        else:
            kept += out[place : place + width]
            if tag == _TIFF_WITHIN:
                others += _offsets(out, place, order, big)
    link = at + head + count * width
    size = struct.calcsize(f"={offset}")
    (following,) = struct.unpack_from(f"{order}{offset}", out, link)
    table = struct.pack(f"{order}{number}", len(kept) // width) + bytes(kept) + bytes(out[link : link + size])
    out[at : link + size] = table.ljust(link + size - at, b"\0")
    return [*others, following]


def _entries(out: bytearray, at: int, order: str, big: bool) -> Iterator[int]:
    number, width = ("Q", 20) if big else ("H", 12)
    head = struct.calcsize(f"={number}")
    (count,) = struct.unpack_from(f"{order}{number}", out, at)
    yield from range(at + head, at + head + min(count, _MOST) * width, width)


def _offsets(out: bytearray, entry: int, order: str, big: bool) -> list[int]:
    place, size, each = _value(out, entry, order, big)
    words = {4: "I", 8: "Q"}.get(each)
    count = min(size // each, _MOST) if words else 0
    if place + count * each > len(out):
        return []
    return list(struct.unpack_from(f"{order}{count}{words}", out, place)) if count else []


def _value(out: bytearray, entry: int, order: str, big: bool) -> tuple[int, int, int]:
    """Where the value of a tag lies, how many bytes it has, and how many each of its items has."""
    _, kind, count = struct.unpack_from(f"{order}HH{'Q' if big else 'I'}", out, entry)
    room = 8 if big else 4
    place = entry + (12 if big else 8)
    each = _TIFF_SIZES.get(kind, 0)
    size = each * count
    if size > room:
        (place,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", out, place)
    return place, size, each


def _erase(out: bytearray, entry: int, order: str, big: bool) -> None:
    """Make the value of a tag zeros, wherever it lies."""
    place, size, _ = _value(out, entry, order, big)
    end = min(len(out), place + size)
    if 8 <= place < end:
        out[place:end] = bytes(end - place)


_KINDS: tuple[tuple[bytes, Callable[[bytes, int | None], bytes]], ...] = (
    (b"\xff\xd8\xff", _jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"RIFF", _webp),
    (b"II*\0", _tiff),
    (b"MM\0*", _tiff),
    (b"II+\0", _tiff),
    (b"MM\0+", _tiff),
)
