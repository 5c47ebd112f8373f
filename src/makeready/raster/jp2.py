"""JPEG 2000: the boxes of a JP2 file, or a bare codestream (ITU-T T.800, annexes A and I)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from makeready import icc
from makeready.facts import IccProfile, Raster
from makeready.raster.header import STEPS, Density, density, raster
from makeready.raster.source import Source

CODESTREAM = b"\xff\x4f\xff\x51"  # A.4.1, A.5.1: SOC, then SIZ
_END = b"\xff\xd9"  # A.4.4: EOC

# I.5.3.3 and T.801, M.11.7.3.1: enumerated colour spaces.
_MODELS = {
    0: "gray",
    12: "cmyk",
    14: "lab",
    15: "gray",
    16: "rgb",
    17: "gray",
    18: "rgb",
    20: "rgb",
    21: "rgb",
    24: "rgb",
}
_SRGB, _ICC_METHODS = 16, (2, 3)
_ICC_MODELS = {"Gray": "gray", "RGB": "rgb", "CMYK": "cmyk", "Lab": "lab"}
_OPACITY = (1, 2)  # I.5.3.6: opacity and premultiplied opacity


class _Colour(NamedTuple):
    model: str | None = None
    tag: str | None = None
    icc: IccProfile | None = None


def read(source: Source) -> Raster:
    """Read the header boxes, and the codestream's own header for the size."""
    if source.upto(0, 4) == CODESTREAM:
        return _raster(source, 0, source.size, _Colour(), alpha=None, palette=False, resolution=None)
    colour, header, alpha, palette, resolution = _Colour(), False, False, False, None
    for kind, at, end in _boxes(source, 0, source.size):
        if kind == b"jp2h" and not header:  # I.5.3: there is exactly one
            header = True
            for inner, start, stop in _boxes(source, at, min(end, source.size)):
                if inner == b"colr" and colour.model is None:
                    colour = _colour(source, start, stop)
                elif inner == b"cdef":
                    alpha = _has_opacity(source.upto(start + 2, min(stop - start, 6 * 65535)))
                elif inner == b"pclr":
                    palette = True
                elif inner == b"res ":
                    resolution = _resolution(source, start, stop)
        elif kind == b"jp2c":
            return _raster(source, at, end, colour, alpha=alpha, palette=palette, resolution=resolution)
    raise source.unreadable("has no JPEG 2000 codestream in it: the picture is missing")


def _raster(
    source: Source, at: int, end: int, colour: _Colour, *, alpha: bool | None, palette: bool, resolution: Density | None
) -> Raster:
    """The codestream's SIZ segment (A.5.1), with what the boxes said."""
    head = source.take(at, 43, "JPEG 2000 codestream")
    if head[:4] != CODESTREAM:
        raise source.unreadable(f"has no JPEG 2000 codestream at byte {at}, where it says it is")
    x1, y1, x0, y0, channels, depth = struct.unpack_from(">8xIIII16xHB", head)
    model = colour.model or {1: "gray", 2: "gray", 3: "rgb", 4: "rgb"}.get(channels, "spot")
    damage: tuple[str, ...] = ()
    if end > source.size:
        damage = (f"it is cut short: its picture reaches to byte {end}, it has {source.size}",)
    elif source.upto(end - 2, 2) != _END:
        damage = ("it is cut short: the end of the picture (EOC) is missing",)
    return raster(
        source,
        "JPEG 2000",
        width=x1 - x0,
        height=y1 - y0,
        bits=(depth & 0x7F) + 1,
        model=model,
        channels=channels,
        compression="JPEG 2000",
        # A bare codestream does not say; two and four channels are gray and RGB with alpha, as Pillow has it.
        alpha=channels in (2, 4) if alpha is None else alpha,
        palette=palette,
        density=resolution,
        icc=colour.icc,
        colour_tag=colour.tag,
        damage=damage,
    )


def _boxes(source: Source, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Each box as type, where its contents begin and end (I.4); length 0 reaches to the end, 1 takes 8 bytes."""
    for _ in range(STEPS):
        head = source.upto(at, 16)
        if at + 8 > end or len(head) < 8:
            return
        length, kind = struct.unpack_from(">I4s", head)
        start = at + 8
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack_from(">Q", head, 8)
            start = at + 16
        stop = at + length if length else end
        if stop < start:
            raise source.unreadable(f"has a damaged box {kind!r} at byte {at}: its length is {length}")
        yield kind, start, stop
        at = stop


def _colour(source: Source, at: int, end: int) -> _Colour:
    """The colr box (I.5.3.3): an enumerated space or an ICC profile; neither is no answer."""
    head = source.upto(at, 7)
    if len(head) == 7 and head[0] == 1:
        (space,) = struct.unpack_from(">I", head, 3)
        return _Colour(_MODELS.get(space), "sRGB" if space == _SRGB else None)
    if head[:1] and head[0] in _ICC_METHODS:
        profile = icc.read_header(source.upto(at + 3, min(end - at - 3, icc.MOST_BYTES)))
        return _Colour(_ICC_MODELS.get(profile.colour_space or ""), None, profile)
    return _Colour()


def _has_opacity(entries: bytes) -> bool:
    """The cdef box: channel, type, what it belongs to."""
    whole = len(entries) // 6 * 6
    return any(kind in _OPACITY for _, kind, _ in struct.iter_unpack(">HHH", entries[:whole]))


def _resolution(source: Source, at: int, end: int) -> Density | None:
    """The res box (I.5.3.7): as captured, else as to be shown; fractions with a power of ten, per metre."""
    found: dict[bytes, Density | None] = {}
    for kind, start, _ in islice(_boxes(source, at, min(end, source.size)), 2):
        body = source.upto(start, 10)
        if len(body) == 10:
            up, up_by, over, over_by, up_power, over_power = struct.unpack(">HHHHbb", body)
            if up_by and over_by:
                found[kind] = density(over / over_by * 10.0**over_power, up / up_by * 10.0**up_power, 0.0254)
    return found.get(b"resc") or found.get(b"resd")
