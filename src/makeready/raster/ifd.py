"""TIFF's directories of tags, which also carry EXIF and the picture list of MPO.

TIFF 6.0 section 2; BigTIFF as libtiff writes it. Nothing is believed: a value is read only where the file
has it, and never more of it than was asked for.
"""

from __future__ import annotations

import struct
from typing import Any

from makeready.raster.source import Source

# TIFF 6.0 p. 15 and 16, libtiff for LONG8 (16), SLONG8 (17), IFD8 (18): size in bytes and struct code.
_TYPES = {
    1: (1, "B"),
    2: (1, "B"),
    3: (2, "H"),
    4: (4, "I"),
    5: (8, "II"),
    6: (1, "b"),
    7: (1, "B"),
    8: (2, "h"),
    9: (4, "i"),
    10: (8, "ii"),
    11: (4, "f"),
    12: (8, "d"),
    13: (4, "I"),
    16: (8, "Q"),
    17: (8, "q"),
    18: (8, "Q"),
}
_RATIONALS = (5, 10)


class Tiff:
    """A TIFF structure: byte order, size of its offsets, and where its first directory is.

    Attributes:
        source: the bytes.
        order: ``<`` or ``>``, as in ``struct``.
        big: BigTIFF, with offsets of 8 bytes.
        first: offset of the first directory.
        damage: values that lie outside the file, as met.
    """

    __slots__ = ("big", "damage", "first", "order", "source")

    def __init__(self, source: Source) -> None:
        head = source.take(0, 8, "TIFF header")
        self.source = source
        self.order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        if not self.order:
            raise source.unreadable(f"has no TIFF byte order: {head[:2]!r} instead of II or MM")
        version, self.first = struct.unpack_from(f"{self.order}2xHI", head)
        self.big = version == 43
        if self.big:
            (self.first,) = struct.unpack_from(f"{self.order}Q", source.take(8, 8, "BigTIFF header"))
        elif version != 42:
            raise source.unreadable(f"is of TIFF version {version}; only 42 and 43 (BigTIFF) exist")
        self.damage: list[str] = []


class Directory:
    """One directory: tags and where the next one is. Read on demand, value by value."""

    __slots__ = ("_entries", "_held", "_tiff", "next")

    def __init__(self, tiff: Tiff, offset: int) -> None:
        self._tiff = tiff
        order, source = tiff.order, tiff.source
        start, width, number, form, link = (8, 20, "Q", "HHQ8x", "Q") if tiff.big else (2, 12, "H", "HHI4x", "I")
        (count,) = struct.unpack(order + number, source.take(offset, start, "directory of tags"))
        # No directory has more than 65,535 tags, which also bounds what an absurd BigTIFF count can ask for.
        table = source.upto(offset + start, min(count, 65535) * width)
        self._held = held = len(table) // width
        if held < count:
            tiff.damage.append(f"its directory at byte {offset} says it has {count} tags; the file ends after {held}")
        #: Tag to type, number of values, and where the entry's last field lies: a value if it fits, else its offset.
        self._entries: dict[int, tuple[int, int, int]] = {}
        link_size = struct.calcsize(f"={link}")
        field = offset + start + width - link_size
        for tag, kind, values in struct.iter_unpack(order + form, table[: held * width]):
            self._entries.setdefault(tag, (kind, values, field))
            field += width
        end = source.upto(offset + start + count * width, link_size)
        #: Offset of the next directory; 0 for the last, or where the file ends before it can say.
        self.next: int = struct.unpack(order + link, end)[0] if len(end) == link_size else 0

    def __len__(self) -> int:
        """Tags as read, double ones too."""
        return self._held

    def __contains__(self, tag: int) -> bool:
        return tag in self._entries

    def data(self, tag: int, most: int, *, last: bool = False) -> bytes:
        """The bytes of a tag's first (or last) ``most`` values; none where missing or outside the file."""
        if tag not in self._entries:
            return b""
        kind, count, at = self._entries[tag]
        if kind not in _TYPES or count == 0:
            return b""
        width, tiff, field = _TYPES[kind][0], self._tiff, "Q" if self._tiff.big else "I"
        if width * count > struct.calcsize(f"={field}"):
            (at,) = struct.unpack(tiff.order + field, tiff.source.take(at, struct.calcsize(f"={field}"), "tags"))
        wanted = min(count, most)
        data = tiff.source.upto(at + width * (count - wanted if last else 0), width * wanted)
        if len(data) < width * wanted:
            tiff.damage.append(f"the value of its tag {tag} lies outside the file")
            return b""
        return data

    def numbers(self, tag: int, most: int = 16, *, last: bool = False) -> tuple[Any, ...]:
        """The first (or last) ``most`` values as numbers, fractions divided out; a fraction over 0 is 0."""
        data = self.data(tag, most, last=last)
        if not data:
            return ()
        kind = self._entries[tag][0]
        width, code = _TYPES[kind]
        items = len(data) // width * len(code)
        values = struct.unpack(f"{self._tiff.order}{items}{code[0]}", data)
        if kind in _RATIONALS:
            pairs = zip(values[::2], values[1::2], strict=True)
            return tuple(over / under if under else 0.0 for over, under in pairs)
        return values

    def number(self, tag: int, default: int = 0) -> int:
        """The first value as a whole number, or the default where there is none."""
        values = self.numbers(tag, 1)
        return int(values[0]) if values and values[0] == values[0] and abs(values[0]) < 2**63 else default
