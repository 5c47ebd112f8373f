"""One way to state the facts of a raster header, whatever the format: common names, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from makeready.facts import IccProfile, Raster
from makeready.raster.source import Source
from makeready.units import Resolution

Density = tuple[Resolution, Resolution]

#: Channels of each colour model, without alpha. What is not here (spot colours) says its own number.
COMPONENTS = {"gray": 1, "rgb": 3, "cmyk": 4, "lab": 3}

#: Blocks of one file that are walked before it is given up: more than an honest file has, and a second at most.
STEPS = 100_000

_LETTERS = {"gray": "L", "rgb": "RGB", "cmyk": "CMYK", "lab": "LAB", "spot": "N"}


def density(x: float, y: float, per_inch: float = 1.0) -> Density | None:
    """Pixels per inch from two numbers of the file; ``None`` unless both mean something.

    Args:
        x: pixels along the width, per unit.
        y: pixels along the height, per unit.
        per_inch: units in an inch: 1, 2.54 (centimetres), 0.0254 (metres).
    """
    if not (0 < x < math.inf and 0 < y < math.inf):
        return None
    return Resolution(x * per_inch), Resolution(y * per_inch)


def raster(
    source: Source,
    format: str,
    *,
    width: int,
    height: int,
    bits: int,
    model: str,
    channels: int,
    compression: str | None,
    alpha: bool = False,
    palette: bool = False,
    density: Density | None = None,
    orientation: int | None = None,
    frames: int = 1,
    animated: bool = False,
    icc: IccProfile | None = None,
    colour_tag: str | None = None,
    quantisation: Mapping[int, tuple[int, ...]] | None = None,
    progressive: bool = False,
    tiled: bool | None = None,
    damage: tuple[str, ...] = (),
) -> Raster:
    """Put the facts together.

    Args:
        source: the file, for the message when it has no pixels.
        format: its name, as people call it.
        width: stored pixels across, before orientation.
        height: stored pixels down.
        bits: per channel, or per index into a palette.
        model: ``gray``, ``rgb``, ``cmyk``, ``lab`` or ``spot``.
        channels: stored for each pixel, alpha and further ones included; 1 with a palette.
        compression: in words; ``None`` when not known.
        alpha: transparency of any kind: a channel, a palette entry, a colour key.
        palette: pixels are indices; ``model`` is that of the palette.
        density: pixels per inch along the stored width and height.
        orientation: of EXIF or TIFF, 1 to 8.
        frames: pictures in the file that could be the picture; thumbnails do not count.
        animated: they are shown one after the other.
        icc: the embedded profile.
        colour_tag: the colour space that the file names without embedding a profile.
        quantisation: of JPEG.
        progressive: stored in passes, coarse to fine.
        tiled: stored in tiles rather than rows.
        damage: what is wrong, in words.

    Raises:
        UnreadableFile: it has no pixels.
    """
    if width <= 0 or height <= 0:
        raise source.unreadable(f"has no pixels: its header says {width} × {height}")
    if palette:
        mode = "P"
    elif model == "gray" and bits == 1 and channels == 1:
        mode = "1"
    else:
        # A letter for alpha only when it is a channel of its own, not a colour key.
        mode = _LETTERS[model] + ("A" if alpha and channels > COMPONENTS.get(model, channels) else "")
    return Raster(
        format=format,
        mode=mode,
        width_px=width,
        height_px=height,
        bits=bits,
        channels=channels,
        colour_model=model,
        alpha=alpha,
        palette=palette,
        density=density,
        orientation=orientation if orientation in range(1, 9) else None,
        frames=frames,
        animated=animated,
        compression=compression,
        icc=icc,
        colour_tag=colour_tag,
        quantisation=quantisation,
        progressive=progressive,
        tiled=tiled,
        damage=damage,
    )
