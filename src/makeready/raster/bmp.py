"""BMP: Windows bitmaps from OS/2 1.x to version 5 (Microsoft, "Bitmap Header Types")."""

from __future__ import annotations

import struct

from makeready import icc
from makeready.facts import IccProfile, Raster
from makeready.raster.header import density, raster
from makeready.raster.source import Source

_CORE, _OS2, _OS2_FULL, _INFO, _V2, _V3, _V4, _V5 = 12, 16, 64, 40, 52, 56, 108, 124
HEADERS = (_CORE, _OS2, _OS2_FULL, _INFO, _V2, _V3, _V4, _V5)

# wingdi.h: BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS, BI_JPEG, BI_PNG, BI_ALPHABITFIELDS, and the CMYK ones.
_COMPRESSIONS = {0: "none", 1: "RLE", 2: "RLE", 3: "none", 4: "JPEG", 5: "Deflate", 6: "none", 11: "none"}
_OS2_COMPRESSIONS = _COMPRESSIONS | {3: "Huffman", 4: "RLE"}
_MASKS = (3, 6)
_CMYK = (11, 12, 13)
_SRGB, _WINDOWS, _EMBEDDED = 0x73524742, 0x57696E20, 0x4D424544  # 'sRGB', 'Win ', 'MBED'


def read(source: Source) -> Raster:
    """Read the two headers, and the palette if there is one."""
    pixels_at, size = struct.unpack_from("<10xII", source.take(0, 18, "BMP header"))
    if size not in HEADERS:
        raise source.unreadable(f"has a BMP header of {size} bytes, which no version knows")
    head = source.take(14, size, "BMP header")
    compression = across = down = used = 0
    if size == _CORE:
        width, height, planes, depth = struct.unpack_from("<HHHH", head, 4)
    else:
        width, height, planes, depth = struct.unpack_from("<iiHH", head, 4)
    if size >= _INFO:
        compression, across, down, used = struct.unpack_from("<I4xiiI", head, 16)
    # The height is negative where rows run from the top.
    height = abs(height)
    palette = b""
    if depth in (1, 2, 4, 8):
        entry = 3 if size == _CORE else 4
        palette = source.upto(14 + size, entry * min(used or 1 << depth, 1 << depth))
    bits, channels, alpha = _layout(source, head, depth, compression)
    profile, tag = _profile(source, head)
    words = _OS2_COMPRESSIONS if size in (_OS2, _OS2_FULL) else _COMPRESSIONS
    damage: tuple[str, ...] = ()
    rows = (width * planes * depth + 31) // 32 * 4 * height
    if compression in (0, *_MASKS) and pixels_at + rows > source.size:
        damage = (f"it is cut short: {rows} bytes of pixels are needed at byte {pixels_at}, it has {source.size}",)
    gray = bool(palette) and _is_gray(palette, 3 if size == _CORE else 4)
    return raster(
        source,
        "BMP",
        width=width,
        height=height,
        bits=bits,
        model="cmyk" if compression in _CMYK else "gray" if gray else "rgb",  # BMP has no other way to be gray
        channels=channels,
        compression=words.get(compression, f"BMP compression {compression}"),
        alpha=alpha,
        palette=depth <= 8,
        density=density(across, down, 0.0254),
        icc=profile,
        colour_tag=tag,
        damage=damage,
    )


def _layout(source: Source, head: bytes, depth: int, compression: int) -> tuple[int, int, bool]:
    """Bits a channel, channels, and whether one of them is alpha."""
    if depth in (1, 2, 4, 8):
        return depth, 1, False
    if compression in _CMYK:
        return 8, 4, False
    if compression in _MASKS:
        # Version 2 and later have the masks inside the header, version 1 right behind it: the same place.
        words = 4 if len(head) >= _V3 or compression == 6 else 3
        masks = struct.unpack(f"<{words}I", source.take(14 + _INFO, 4 * words, "colour masks"))
        alpha = words == 4 and masks[3] != 0
        return max(mask.bit_count() for mask in masks[:3]) or 8, 3 + alpha, alpha
    if depth == 16:
        return 5, 3, False  # BI_RGB: five bits each, one unused
    if depth in (24, 32, 0):  # 0: JPEG and PNG inside
        return 8, 3, False  # the fourth byte of BI_RGB is reserved
    raise source.unreadable(f"has {depth} bits a pixel, which BMP does not know")


def _profile(source: Source, head: bytes) -> tuple[IccProfile | None, str | None]:
    """The colour space of version 4 and 5: embedded, or named."""
    if len(head) < _V4:
        return None, None
    (kind,) = struct.unpack_from("<I", head, 56)
    if kind == _EMBEDDED and len(head) >= _V5:
        at, size = struct.unpack_from("<II", head, 112)
        return icc.read_header(source.upto(14 + at, min(size, icc.MOST_BYTES))), None
    return None, "sRGB" if kind in (_SRGB, _WINDOWS) else None


def _is_gray(palette: bytes, entry: int) -> bool:
    return palette[0::entry] == palette[1::entry] == palette[2::entry]
