"""PSD and PSB: the merged picture that every program but Photoshop shows.

Adobe Photoshop File Formats Specification (2019): header, image resources, layers, image data.
"""

from __future__ import annotations

import struct

from makeready import icc
from makeready.facts import IccProfile, Raster
from makeready.raster import photoshop
from makeready.raster.header import COMPONENTS, Density, raster
from makeready.raster.source import Source

_MODES = {0: "gray", 1: "gray", 2: "rgb", 3: "rgb", 4: "cmyk", 7: "spot", 8: "spot", 9: "lab"}
_INDEXED, _DUOTONE = 2, 8
_COMPRESSIONS = {0: "none", 1: "PackBits", 2: "Deflate", 3: "Deflate"}
_DEPTHS = (1, 8, 16, 32)

_LAYERS = (b"Layr", b"Lr16", b"Lr32")
_MERGED_TRANSPARENCY = (b"Mtrn", b"Mt16", b"Mt32")
# "Additional layer information": keys whose length takes eight bytes in a PSB.
_LONG = (*_LAYERS, *_MERGED_TRANSPARENCY, b"LMsk", b"Alph", b"FMsk", b"lnk2", b"FEid", b"FXid", b"PxSD")
_MOST_BLOCKS = 1000


def read(source: Source) -> Raster:
    """Read the header, step over the sections, and look into the image resources."""
    version, channels, height, width, depth, mode = struct.unpack_from(">4xH6xHIIHH", source.take(0, 26, "PSD header"))
    if mode not in _MODES or depth not in _DEPTHS:
        raise source.unreadable(f"has colour mode {mode} with {depth} bits, which Photoshop does not know")
    big, model = version == 2, _MODES[mode]
    colours_at, colours = _section(source, 26)
    resources_at, resources = _section(source, colours_at + colours)
    layers_at, layers = _section(source, resources_at + resources, long=big)
    picture_at = layers_at + layers
    profile, density, merged = _resources(source, resources_at, resources_at + resources)
    method = source.upto(picture_at, 2)
    damage = []
    if len(method) < 2 or picture_at + 2 >= source.size:
        damage.append("it is cut short: the merged picture is missing")
    elif not merged:
        damage.append("it was saved without a merged picture (Maximise Compatibility off): only Photoshop can show it")
    base = 1 if mode in (_INDEXED, _DUOTONE) else COMPONENTS.get(model, channels)
    if channels < base:
        damage.append(f"it says it is {model.upper()}, but it has {channels} channels")
    return raster(
        source,
        "PSB" if big else "PSD",
        width=width,
        height=height,
        bits=depth,
        model=model,
        channels=channels,
        compression=_COMPRESSIONS.get(int.from_bytes(method, "big")) if len(method) == 2 else None,
        # Further channels are saved selections or spots, unless the layers say that the first is transparency.
        alpha=channels > base and _transparent(source, layers_at, picture_at, big),
        palette=mode == _INDEXED,
        density=density,
        icc=profile,
        damage=tuple(damage),
    )


def _section(source: Source, at: int, *, long: bool = False) -> tuple[int, int]:
    """Where a section's data are, and how many bytes; one that would reach beyond the file is empty there."""
    size = 8 if long else 4
    return at + size, int.from_bytes(source.upto(at, size), "big")


def _resources(source: Source, at: int, end: int) -> tuple[IccProfile | None, Density | None, bool]:
    """The ICC profile, the density, and whether the merged picture is real."""
    profile, density, merged = None, None, True
    for number, start, size in photoshop.resources(source, at, end):
        if number == photoshop.RESOLUTION:
            density = photoshop.resolution(source.upto(start, min(size, 16)))
        elif number == photoshop.ICC_PROFILE:
            profile = icc.read_header(source.upto(start, min(size, icc.MOST_BYTES)))
        elif number == photoshop.VERSION_INFO and size >= 5:
            merged = source.upto(start, 5)[4:] != b"\0"
    return profile, density, merged


def _transparent(source: Source, at: int, end: int, big: bool) -> bool:
    """Whether the merged picture's first further channel is its transparency.

    A negative number of layers says so, or a block of its own. With 16 and 32 bits the layers themselves are
    in a tagged block behind the empty list of layers.
    """
    info_at, info = _section(source, at, long=big)
    if info >= 2:
        return _negative(source, info_at)
    mask_at, mask = _section(source, info_at + info)
    at = mask_at + mask
    for _ in range(_MOST_BLOCKS):
        head = source.upto(at, 8)
        if at + 12 > end or head[:4] not in (b"8BIM", b"8B64"):
            return False
        key = head[4:]
        data_at, size = _section(source, at + 8, long=big and key in _LONG)
        if key in _MERGED_TRANSPARENCY or (key in _LAYERS and _negative(source, data_at)):
            return True
        at = data_at + (size + 3 & ~3)
    return False


def _negative(source: Source, at: int) -> bool:
    return int.from_bytes(source.upto(at, 2), "big", signed=True) < 0
