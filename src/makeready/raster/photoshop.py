"""Photoshop's image resources, which PSD files have and JPEG and TIFF may carry.

Adobe Photoshop File Formats Specification, "Image Resources Section".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from makeready.raster.header import STEPS, Density, density
from makeready.raster.source import Source

RESOLUTION, ICC_PROFILE, VERSION_INFO = 1005, 1039, 1057

_KINDS = (b"8BIM", b"MeSa", b"PHUT", b"AgHg", b"DCSR")


def resources(source: Source, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Each resource: its number, where its data are, and how many bytes. Stops at the first that makes no sense."""
    for _ in range(STEPS):
        head = source.upto(at, 7)
        if at + 12 > end or head[:4] not in _KINDS or len(head) < 7:
            return
        (number,) = struct.unpack_from(">H", head, 4)
        name = (head[6] + 2) & ~1  # a Pascal string, padded to even
        size_at = source.upto(at + 6 + name, 4)
        if len(size_at) < 4:
            return
        (size,) = struct.unpack(">I", size_at)
        at += 10 + name
        yield number, at, size
        at += (size + 1) & ~1


def resolution(data: bytes) -> Density | None:
    """ResolutionInfo: 16.16 fixed numbers, always per inch; the units beside them only say how they are shown."""
    if len(data) < 16:
        return None
    across, down = struct.unpack_from(">I4xI", data)
    return density(across / 65536, down / 65536)
