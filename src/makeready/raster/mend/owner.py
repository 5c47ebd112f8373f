"""Who owns a picture and what was said of it: EXIF's Copyright and UserComment, written as EXIF, XMP and TIFF tags."""

from __future__ import annotations

import struct
from pathlib import Path
from xml.sax.saxutils import escape

# TIFF 6.0, section 8; Exif 2.32, 4.6.3 and 4.6.5; BigTIFF has longer words.
COPYRIGHT, EXIF_IFD, USER_COMMENT = 33432, 34665, 37510
_ASCII, _LONG, _UNDEFINED, _IFD8 = 2, 4, 7, 18
#: What a UserComment starts with.
IN_ASCII, IN_UNICODE = b"ASCII\0\0\0", b"UNICODE\0"
#: The fields of a libvips picture in which both travel to a TIFF, for which libvips writes no EXIF.
COPYRIGHT_FIELD, COMMENT_FIELD = "makeready-copyright", "makeready-comment"


def text(comment: bytes) -> str:
    """A UserComment as text."""
    code, body = comment[:8], comment[8:]
    if code == IN_UNICODE:
        return body[: len(body) & ~1].decode("utf-16-le", "replace").rstrip("\0")
    if code.startswith(b"JIS"):
        return body.decode("iso2022_jp", "replace").rstrip("\0")
    return _readable(body)


def _readable(words: bytes) -> str:
    """EXIF allows ASCII; programs write UTF-8, older ones Latin-1."""
    words = words.rstrip(b"\0").replace(b"\0", b"; ")
    try:
        return words.decode("utf-8")
    except UnicodeDecodeError:
        return words.decode("latin-1")


def block(right: bytes | None, comment: bytes | None) -> bytes:
    """A small EXIF block, least significant byte first."""
    values = bytearray()
    start = 8 + 2 + 12 * (bool(right) + bool(comment)) + 4

    def entry(tag: int, kind: int, data: bytes) -> bytes:
        head = struct.pack("<HHI", tag, kind, len(data))
        if len(data) <= 4:
            return head + data.ljust(4, b"\0")
        at = start + len(values)
        values.extend(data + bytes(len(data) & 1))
        return head + struct.pack("<I", at)

    entries = [entry(COPYRIGHT, _ASCII, right + b"\0")] if right else []
    if comment:
        at = start + len(values)
        values.extend(struct.pack("<HHHII", 1, USER_COMMENT, _UNDEFINED, len(comment), at + 18) + bytes(4) + comment)
        entries.append(struct.pack("<HHII", EXIF_IFD, _LONG, 1, at))
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + b"".join(entries) + bytes(4) + bytes(values)


def packet(right: bytes | None, comment: bytes | None) -> bytes:
    """The same as XMP: dc:rights and exif:UserComment, both of them alternatives by language (XMP, part 1 and 2)."""
    said = {"dc:rights": right and _readable(right), "exif:UserComment": comment and text(comment)}
    told = "".join(
        f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{escape(_printable(words))}</rdf:li></rdf:Alt></{name}>'
        for name, words in said.items()
        if words
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/">'
        f'{told}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def _printable(text: str) -> str:
    """Without what XML has no way to write."""
    return "".join(letter for letter in text if letter >= " " or letter in "\t\n\r")


def into_tiff(path: Path, right: bytes, comment: bytes) -> None:
    """Give a TIFF of one picture, which was just written, both tags, in a new directory at its end.

    Args:
        path: the file.
        right: the copyright, without the zero at its end; empty for none.
        comment: with the eight letters that name its code; empty for none.
    """
    with path.open("r+b") as file:
        order = "<" if file.read(2) == b"II" else ">"
        big = struct.unpack(f"{order}H", file.read(2)) == (43,)
        count_form, word, size, place = ("Q", "Q", 20, 8) if big else ("H", "I", 12, 4)

        def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
            return struct.pack(f"{order}HH{word}", tag, kind, count) + value.ljust(struct.calcsize(word), b"\0")

        def put(data: bytes) -> int:
            at = file.seek(0, 2)
            file.write(bytes(at & 1) + data)
            return at + (at & 1)

        file.seek(place)
        (at,) = struct.unpack(f"{order}{word}", file.read(struct.calcsize(word)))
        file.seek(at)
        (count,) = struct.unpack(f"{order}{count_form}", file.read(struct.calcsize(count_form)))
        entries = {}
        for _ in range(count):
            one = file.read(size)
            entries[struct.unpack(f"{order}H", one[:2])[0]] = one
        link = file.read(struct.calcsize(word))
        if right:
            right += b"\0"
            held = right if len(right) <= struct.calcsize(word) else struct.pack(f"{order}{word}", put(right))
            entries[COPYRIGHT] = entry(COPYRIGHT, _ASCII, len(right), held)
        if comment:
            said = entry(USER_COMMENT, _UNDEFINED, len(comment), struct.pack(f"{order}{word}", put(comment)))
            at = put(struct.pack(f"{order}{count_form}", 1) + said + bytes(struct.calcsize(word)))
            entries[EXIF_IFD] = entry(EXIF_IFD, _IFD8 if big else _LONG, 1, struct.pack(f"{order}{word}", at))
        listed = b"".join(entries[tag] for tag in sorted(entries))
        at = put(struct.pack(f"{order}{count_form}", len(entries)) + listed + link)
        file.seek(place)
        file.write(struct.pack(f"{order}{word}", at))
