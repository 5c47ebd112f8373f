"""Turning the pixels themselves, so that no program has to follow a note on how to hold the picture."""

from __future__ import annotations

from makeready.raster.mend.working import Working


def upright(work: Working) -> int | None:
    """Turn and mirror as EXIF says; the orientation it was stored with, or ``None`` where it is upright.

    Raises:
        Refusal: it cannot be decoded here.
        UnreadableFile: it is damaged.
    """
    orientation = work.orientation
    if orientation == 1:
        return None
    work.move(work.image.autorot())
    if orientation >= 5 and work.density is not None:  # a quarter turn: across becomes along
        work.density = (work.density[1], work.density[0])
    return orientation
