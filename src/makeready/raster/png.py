"""PNG and APNG: the chunks before the picture, and whether the file ends (PNG specification, third edition)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from makeready import icc
from makeready.facts import IccProfile, Raster
from makeready.raster import exif
from makeready.raster.header import STEPS, Density, density, raster
from makeready.raster.source import Source

# 11.2.1, table 10: colour type to model, channels, and the bit depths allowed.
_TYPES = {
    0: ("gray", 1, (1, 2, 4, 8, 16)),
    2: ("rgb", 3, (8, 16)),
    3: ("rgb", 1, (1, 2, 4, 8)),
    4: ("gray", 2, (8, 16)),
    6: ("rgb", 4, (8, 16)),
}
_PALETTE, _WITH_ALPHA = 3, (4, 6)
_METRE = 1
_END = b"\0\0\0\0IEND\xaeB`\x82"

# The largest display profiles with tables take 1 MiB; what inflates to more is an attack.
_MOST_ICC = 4 << 20
# EXIF may follow the picture; that far before the end it is looked for.
_TAIL = 8192


def read(source: Source) -> Raster:
    """Read up to the first IDAT, and look at the end."""
    head = source.take(0, 33, "IHDR")
    if head[12:16] != b"IHDR":
        raise source.unreadable(f"does not begin with IHDR but with {head[12:16]!r}")
    width, height, bits, colour, _, _, interlace = struct.unpack_from(">IIBBBBB", head, 16)
    model, channels, depths = _TYPES.get(colour, ("", 0, ()))
    if bits not in depths:
        raise source.unreadable(f"has colour type {colour} with {bits} bits, which PNG does not know")
    damage = []
    if zlib.crc32(head[12:29]) != int.from_bytes(head[29:33], "big"):
        damage.append("the checksum of its header (IHDR) is wrong")
    profile: IccProfile | None = None
    resolution: Density | None = None
    information: exif.Exif | None = None
    keyed = srgb = False
    frames, picture = 0, None
    for kind, at, length in _chunks(source, 33):
        if kind in (b"IDAT", b"IEND"):
            picture = at - 8 if kind == b"IDAT" else None
            break
        if kind == b"pHYs" and length >= 9:
            across, down, unit = struct.unpack(">IIB", source.upto(at, 9).ljust(9, b"\0"))
            resolution = density(across, down, 0.0254) if unit == _METRE else None
        elif kind == b"iCCP" and profile is None:
            profile = _profile(source.upto(at, min(length, _MOST_ICC)))
        elif kind == b"sRGB":
            srgb = True
        elif kind == b"tRNS":
            keyed = True
        elif kind == b"acTL":
            frames = int.from_bytes(source.upto(at, 4), "big")
        elif kind == b"eXIf" and information is None:
            information = exif.read(source.upto(at, min(length, exif.MOST_BYTES)))
    if picture is None:
        damage.append("it is cut short: there is no picture data (IDAT)")
    elif source.upto(source.size - 12, 12) != _END:
        damage += _missing_end(source, picture)
    elif information is None and (late := _late_exif(source)):
        information = exif.read(late)
    information = information or exif.Exif()
    return raster(
        source,
        "PNG",
        width=width,
        height=height,
        bits=bits,
        model=model,
        channels=channels,
        compression="Deflate",
        alpha=keyed or colour in _WITH_ALPHA,
        palette=colour == _PALETTE,
        density=resolution or information.density,
        orientation=information.orientation,
        frames=max(frames, 1),
        animated=frames > 1,
        icc=profile,
        colour_tag="sRGB" if srgb and profile is None else None,
        progressive=interlace == 1,
        damage=(*information.damage, *damage),
    )


def _chunks(source: Source, at: int) -> Iterator[tuple[bytes, int, int]]:
    """Each chunk as type, where its data are, and how many bytes (5.3); stops where the file does, if not before."""
    for _ in range(STEPS):
        head = source.upto(at, 8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        yield kind, at + 8, length
        at += 12 + length


def _profile(chunk: bytes) -> IccProfile:
    """The chunk iCCP (11.3.2.3): a name, zero, the method, and the profile, deflated."""
    name, _, body = chunk.partition(b"\0")
    called = name.decode("latin-1")[:79] or None
    if body[:1] != b"\0":
        damage = f"is compressed by an unknown method, {body[0]}" if body else "is cut short"
        return IccProfile(called, None, None, None, 0, damage)
    inflate = zlib.decompressobj()
    try:
        data = inflate.decompress(body[1:], _MOST_ICC)
    except zlib.error as error:
        return IccProfile(called, None, None, None, 0, f"cannot be inflated: {error}")
    if inflate.unconsumed_tail:
        return IccProfile(called, None, None, None, len(data), f"is larger than {_MOST_ICC >> 20} MiB")
    return icc.read_header(data)


def _missing_end(source: Source, picture: int) -> list[str]:
    """Why the file does not close with IEND: cut off, or followed by something else, which does no harm."""
    for kind, at, length in _chunks(source, picture):
        if at + length + 4 > source.size:
            return [f"it is cut short: its {kind.decode('latin-1')} at byte {at - 8} is not whole"]
        if kind == b"IEND":
            return []
    return ["it is cut short: the end of the file (IEND) is missing"]


def _late_exif(source: Source) -> bytes:
    """EXIF behind the picture, as ImageMagick writes it: found from the end, believed for its checksum."""
    start = max(source.size - _TAIL, 0)
    tail = source.upto(start, _TAIL)
    at = tail.rfind(b"eXIf")
    length = int.from_bytes(tail[at - 4 : at], "big") if at >= 4 else 0
    sum_at = at + 4 + length
    if not length or zlib.crc32(tail[at:sum_at]) != int.from_bytes(tail[sum_at : sum_at + 4], "big"):
        return b""
    return tail[at + 4 : sum_at]
