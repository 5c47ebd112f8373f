"""GIF: the screen, the palette, and how many frames (CompuServe GIF89a)."""

from __future__ import annotations

import struct

from makeready.facts import Raster
from makeready.raster.header import STEPS, raster
from makeready.raster.source import Source

_GRAPHIC_CONTROL = 0xF9
_PIECE = 32768
_MOST_SUB_BLOCKS = 10 * STEPS  # that are not full; full ones cost nothing


def read(source: Source) -> Raster:
    """Read the screen, then step from block to block to the end: only so can frames be counted."""
    width, height, packed = struct.unpack_from("<6xHHB", source.take(0, 13, "GIF screen"))
    at, palette, bits = 13, b"", 0
    if packed & 0x80:
        bits = (packed & 7) + 1
        palette = source.take(13, 3 << bits, "palette")
        at += len(palette)
    frames, alpha, interlaced, steps = 0, False, False, _MOST_SUB_BLOCKS
    after: int | None
    damage: tuple[str, ...] = ()
    for _ in range(STEPS):
        mark = source.upto(at, 10)
        if mark[:1] == b"," and len(mark) == 10:
            left, top, across, down, flags = struct.unpack("<xHHHHB", mark)
            local = 3 << (flags & 7) + 1 if flags & 0x80 else 0
            if frames == 0:
                # A first frame that sticks out makes the picture larger, in browsers and in Pillow alike.
                width, height = max(width, left + across), max(height, top + down)
                interlaced = bool(flags & 0x40)
                if local:
                    bits, palette = (flags & 7) + 1, source.upto(at + 10, local)
            frames += 1
            after, steps = _skip(source, at + 11 + local, steps)
        elif mark[:1] == b"!" and len(mark) > 3:
            alpha = alpha or (mark[1] == _GRAPHIC_CONTROL and bool(mark[3] & 1))
            after, steps = _skip(source, at + 2, steps)
        elif mark[:1] == b";":
            break
        else:
            after = None
        if after is None:
            damage = (f"it is cut short or damaged after frame {frames}, at byte {at}",)
            break
        at = after
    else:
        damage = (f"it has more than {STEPS} blocks; frames were counted up to there",)
    if frames == 0:
        damage += ("there is no frame in it",)
    gray = bool(palette) and palette[0::3] == palette[1::3] == palette[2::3]
    return raster(
        source,
        "GIF",
        width=width,
        height=height,
        bits=bits or 8,
        model="gray" if gray else "rgb",  # GIF has no other way to be gray
        channels=1,
        compression="LZW",
        alpha=alpha,
        palette=True,
        frames=max(frames, 1),
        animated=frames > 1,
        progressive=interlaced,
        damage=damage,
    )


def _skip(source: Source, at: int, steps: int) -> tuple[int | None, int]:
    """Step over data sub-blocks (section 15: a length and so many bytes, ended by a length of 0).

    Returns:
        Where they end, ``None`` if they do not, and how many of the allowed steps are left.
    """
    while piece := source.piece(at, _PIECE):
        # Encoders fill their blocks: most are 255 long, and those are stepped over all at once.
        lengths = piece[::256]
        near = 256 * (len(lengths) - len(lengths.lstrip(b"\xff")))
        while near < len(piece) and steps:
            if piece[near] == 0:
                return at + near + 1, steps
            near += piece[near] + 1
            steps -= 1
        if not steps:
            break
        at += near
    return None, steps
