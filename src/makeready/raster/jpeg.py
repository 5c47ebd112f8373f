"""JPEG: the segments before the picture (ITU-T T.81, annex B; JFIF 1.02; Exif 2.32; CIPA DC-007)."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace

from makeready import icc
from makeready.errors import UnreadableFile
from makeready.facts import IccProfile, Raster
from makeready.raster import exif, photoshop
from makeready.raster.header import Density, density, raster
from makeready.raster.ifd import Directory, Tiff
from makeready.raster.source import Source

_SOI, _EOI, _SOS, _TEM = 0xD8, 0xD9, 0xDA, 0x01
DQT = 0xDB
_APPLICATION = _APP0, _APP1, _APP2, _APP13 = 0xE0, 0xE1, 0xE2, 0xED
_RESTARTS = range(0xD0, 0xD8)
# T.81 table B.1: C4, C8 and CC lie in the row of frame headers but are not.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE, _LOSSLESS, _ARITHMETIC = (0xC2, 0xC6, 0xCA, 0xCE), (0xC3, 0xC7, 0xCB, 0xCF), range(0xC8, 0xD0)

# More segments than an honest header has: 255 of ICC and as many of extended XMP.
_MOST_SEGMENTS = 10_000
_MOST_CHUNKS = 255  # ICC.1:2022, B.4: their number is one byte
_MPF_COUNT, _MPF_ENTRIES, _PREVIEW = 0xB001, 0xB002, 0x01  # CIPA DC-007, 5.2.3
_JFIF_UNITS = {1: 1.0, 2: 2.54}


def read(source: Source) -> Raster:
    """Read up to the first scan, and see whether the picture ends."""
    frame: tuple[int, int, int, int, int] | None = None
    jfif = resources = b""
    tables: dict[int, tuple[int, ...]] = {}
    chunks: list[bytes] = []
    information: exif.Exif | None = None
    frames, scan = 1, source.size
    for marker, at, length in segments(source, 2):
        if marker in _FRAMES and frame is None:
            body = source.take(at, max(length, 6), "frame header")
            frame = (marker, *struct.unpack_from(">BHHB", body))
        elif marker == DQT:
            tables |= quantisation(source.upto(at, length))
        elif marker == _SOS:
            scan = at + length
        elif marker in _APPLICATION:
            start = source.upto(at, min(length, 14))
            if marker == _APP0 and start[:5] == b"JFIF\0":
                jfif = start
            elif marker == _APP1 and start[:6] == b"Exif\0\0" and information is None:
                information = exif.read(source.upto(at, length))
            elif marker == _APP2 and start[:12] == b"ICC_PROFILE\0" and len(chunks) < _MOST_CHUNKS:
                chunks.append(source.upto(at + 12, length - 12))
            elif marker == _APP2 and start[:4] == b"MPF\0":
                frames = _pictures(source.upto(at + 4, length - 4))
            elif marker == _APP13 and start[:14] == b"Photoshop 3.0\0" and not resources:
                resources = source.upto(at + 14, length - 14)
    if frame is None:
        raise source.unreadable("has no JPEG frame header (SOF): width and height are not known")
    kind, bits, height, width, channels = frame
    if height == 0:  # T.81, B.2.5: the number of lines may follow the first scan
        raise source.unreadable("says its height only after the picture data (DNL): nobody can read that")
    information = information or exif.Exif()
    # CMYK and YCCK, RGB and YCbCr are one to the press: how colours are coded (Adobe TN 5116) is the decoder's matter.
    model = {1: "gray", 2: "gray", 3: "rgb", 4: "cmyk"}.get(channels, "spot")
    return raster(
        source,
        "JPEG",
        width=width,
        height=height,
        bits=bits,
        model=model,
        channels=channels,
        compression="JPEG lossless" if kind in _LOSSLESS else "JPEG arithmetic" if kind in _ARITHMETIC else "JPEG",
        # EXIF over JFIF over Photoshop: the order in which ExifTool believes them.
        density=information.density or _jfif_density(jfif) or _photoshop_density(resources),
        orientation=information.orientation,
        frames=frames,
        icc=_profile(chunks),
        colour_tag=information.colour_tag if model == "rgb" else None,
        quantisation=tables or None,
        progressive=kind in _PROGRESSIVE,
        damage=(*information.damage, *_end(source, scan)),
    )


def segments(source: Source, at: int) -> Iterator[tuple[int, int, int]]:
    """Each marker segment up to the first scan: marker, where its contents are, and how many bytes.

    Raises:
        UnreadableFile: the file ends, or loses its thread, before the first scan or the end of the picture.
    """
    for _ in range(_MOST_SEGMENTS):
        head = source.take(at, 2, "JPEG header")
        if head[0] != 0xFF:
            # B.1.1.2 has no place for stray bytes, but every decoder skips them.
            skipped = source.upto(at, 4096).find(b"\xff")
            if skipped < 0:
                raise source.unreadable(f"has no JPEG marker where one must be, at byte {at}")
            at += skipped
        elif head[1] == 0xFF:  # B.1.1.2: fill bytes
            at += 1
        elif head[1] in (0x00, _SOI, _TEM) or head[1] in _RESTARTS:  # stand alone, without length
            at += 2
        elif head[1] == _EOI:
            return
        else:
            (length,) = struct.unpack_from(">2xH", source.take(at, 4, "JPEG header"))
            yield head[1], at + 4, max(length - 2, 0)
            at += 2 + max(length, 2)
            if head[1] == _SOS:
                return
    raise source.unreadable(f"has more than {_MOST_SEGMENTS} segments before its picture")


def quantisation(data: bytes) -> Mapping[int, tuple[int, ...]]:
    """The tables of one DQT segment by number, 64 values each in zigzag order (B.2.4.1); cut ones are left out."""
    tables, at = {}, 0
    while at < len(data):
        wide, number = data[at] >> 4, data[at] & 15
        size = 128 if wide else 64
        if at + size >= len(data):
            break
        tables[number] = struct.unpack_from(">64H" if wide else ">64B", data, at + 1)
        at += 1 + size
    return tables


def _profile(chunks: list[bytes]) -> IccProfile | None:
    """Put an ICC profile together from its chunks: number, how many, data (ICC.1:2022, B.4)."""
    if not chunks:
        return None
    ordered = sorted((chunk for chunk in chunks if len(chunk) > 2), key=lambda chunk: chunk[0])
    numbers = [chunk[0] for chunk in ordered]
    profile = icc.read_header(b"".join(chunk[2:] for chunk in ordered))
    if not ordered or numbers != list(range(1, ordered[0][1] + 1)):
        named = ", ".join(map(str, numbers)) or "none"
        return replace(profile, damage=f"has parts that are missing or double: there are {named}")
    return profile


def _pictures(data: bytes) -> int:
    """How many pictures a multi-picture file has, previews left out (CIPA DC-007, 5.2.3.3.1: type 01xxxx)."""
    try:
        tiff = Tiff(Source(io.BytesIO(data), "MPF"))
        index = Directory(tiff, tiff.first)
        entries = index.data(_MPF_ENTRIES, 16 * 1000)
    except UnreadableFile:
        return 1  # a damaged list of further pictures does the first one no harm
    listed = entries[: 16 * min(index.number(_MPF_COUNT), len(entries) // 16)]
    kinds = [attribute >> 16 & 0xFF for (attribute,) in struct.iter_unpack(f"{tiff.order}I12x", listed)]
    return max(1, len(kinds) - kinds.count(_PREVIEW))


def _jfif_density(jfif: bytes) -> Density | None:
    """JFIF 1.02: units, then across and down; unit 0 is only a ratio of sides."""
    if len(jfif) < 12 or jfif[7] not in _JFIF_UNITS:
        return None
    across, down = struct.unpack_from(">HH", jfif, 8)
    return density(across, down, _JFIF_UNITS[jfif[7]])


def _photoshop_density(data: bytes) -> Density | None:
    if not data:
        return None
    block = Source(io.BytesIO(data), "Photoshop resources")
    for number, at, size in photoshop.resources(block, 0, block.size):
        if number == photoshop.RESOLUTION:
            return photoshop.resolution(block.upto(at, min(size, 16)))
    return None


def _end(source: Source, scan: int) -> tuple[str, ...]:
    """Whether the picture is closed by its end marker, which cannot occur inside a scan (T.81, B.1.1.5)."""
    if scan >= source.size:
        return ("there is nothing after its header: the picture is missing",)
    if source.upto(source.size - 2, 2) == b"\xff\xd9":
        return ()
    # Something follows the picture (a film, a second picture, zeros), or it was cut off. Look from its start.
    last = b""
    for at in range(scan, source.size, 1 << 20):
        piece = last + source.upto(at, 1 << 20)
        if b"\xff\xd9" in piece:
            return ()
        last = piece[-1:]
    return ("it is cut short: the end of the picture (EOI) is missing",)
