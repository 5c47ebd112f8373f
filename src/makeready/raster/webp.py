"""WebP: lossy, lossless and extended (RFC 9649)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from makeready import icc
from makeready.facts import IccProfile, Raster
from makeready.raster import exif
from makeready.raster.header import STEPS, raster
from makeready.raster.source import Source

_HAS_ALPHA = 0x10  # 2.7.1: flags of VP8X


def read(source: Source) -> Raster:
    """Step from chunk to chunk: EXIF comes after the picture, and frames must be counted."""
    (declared,) = struct.unpack_from("<4xI", source.take(0, 12, "RIFF header"))
    canvas = picture = None
    alpha, compression, frames = False, None, 0
    profile: IccProfile | None = None
    information: exif.Exif | None = None
    for kind, at, length in _chunks(source, 12, min(8 + declared, source.size)):
        if kind == b"VP8X":
            body = source.take(at, 10, "VP8X chunk")
            alpha = bool(body[0] & _HAS_ALPHA)
            canvas = 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
        elif kind == b"ICCP" and profile is None:
            profile = icc.read_header(source.upto(at, min(length, icc.MOST_BYTES)))
        elif kind == b"EXIF" and information is None:
            information = exif.read(source.upto(at, min(length, exif.MOST_BYTES)))
        elif kind == b"ANMF":
            frames += 1
            if compression is None:  # 2.7.1.1: sixteen bytes about the frame, then chunks of its own
                inner = {name for name, _, _ in _chunks(source, at + 16, min(at + length, source.size))}
                compression = "WebP lossless" if b"VP8L" in inner else "WebP"
        elif kind == b"VP8 " and picture is None:
            picture, compression = _lossy(source, at), "WebP"
        elif kind == b"VP8L" and picture is None:
            width, height, clear = _lossless(source, at)
            # An extended file has the flag in VP8X, which stands for the whole picture.
            picture, alpha, compression = (width, height), alpha if canvas else clear, "WebP lossless"
    size = canvas or picture
    if size is None:
        raise source.unreadable("has no picture in it: neither VP8, VP8L nor VP8X")
    information = information or exif.Exif()
    damage = list(information.damage)
    if 8 + declared > source.size:
        damage.append(f"it is cut short: it says it has {8 + declared} bytes, there are {source.size}")
    elif picture is None and frames == 0:
        damage.append("there is no picture data in it")
    return raster(
        source,
        "WebP",
        width=size[0],
        height=size[1],
        bits=8,
        model="rgb",
        channels=3 + alpha,
        compression=compression,
        alpha=alpha,
        density=information.density,
        orientation=information.orientation,
        frames=max(frames, 1),
        animated=frames > 1,
        icc=profile,
        colour_tag=information.colour_tag,
        damage=tuple(damage),
    )


def _chunks(source: Source, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Each chunk as name, where its data are, and how many bytes; padded to even (2.3)."""
    for _ in range(STEPS):
        if at + 8 > end:
            return
        kind, length = struct.unpack("<4sI", source.upto(at, 8).ljust(8, b"\0"))
        yield kind, at + 8, length
        at += 8 + length + (length & 1)
    raise source.unreadable(f"has more than {STEPS} chunks")


def _lossy(source: Source, at: int) -> tuple[int, int]:
    """A VP8 key frame (RFC 6386, 9.1): start code, then 14 bits of size and 2 of scale, twice."""
    head = source.take(at, 10, "VP8 header")
    if head[3:6] != b"\x9d\x01\x2a":
        raise source.unreadable("has a damaged VP8 header: its start code is missing")
    width, height = struct.unpack_from("<HH", head, 6)
    return width & 0x3FFF, height & 0x3FFF


def _lossless(source: Source, at: int) -> tuple[int, int, bool]:
    """A VP8L header (RFC 9649, 3.4): signature, 14 bits of width and height less one, one of alpha."""
    head = source.take(at, 5, "VP8L header")
    if head[0] != 0x2F:
        raise source.unreadable("has a damaged VP8L header: its signature is missing")
    (packed,) = struct.unpack_from("<I", head, 1)
    return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, bool(packed >> 28 & 1)
