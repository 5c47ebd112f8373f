"""Tones and colours changed by amounts: what ``adjust`` and instructions do with pixels.

Lightness, chroma and hue are those of OKLab, so that a colour made lighter stays the colour it was. All curves are
smooth, rise everywhere, and leave black black and white white where their name allows it: no order of tones is turned
round, and nothing is cut off.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from makeready.edit import oklab
from makeready.segment import planes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.edit.scene import Mask, Pixels

    Floats = npt.NDArray[np.float32]

#: Pixels calculated at a time.
_STRIP = 500_000
#: How lightness moves at the most where an amount is 1: the slope of the curve at black, in powers of two.
_BRIGHTNESS = 1.4
#: The slope of the contrast curve in the middle is 1 and this, at the most; flattened, the middle keeps the rest.
_CONTRAST, _FLATTEN = 1.0, 0.7
#: How far light and dark tones move, in lightness.
_DEEPER, _LIFTED = 0.3, 0.7
#: Where white goes at the warmest: a and b of OKLab. About the light of a lamp.
_WARM = (0.018, 0.085)
#: Where it goes with the most magenta.
_TINT = 0.06
#: Chroma that counts as strong: vibrance leaves it alone.
_STRONG = 0.3
#: Of sepia, a and b at middle lightness.
_SEPIA = (0.018, 0.055)
#: Radii as shares of the longer side: of sharpening, of noise, of a blur of 1.
_FINE, _GRAIN, _BLUR = 0.0006, 0.0016, 0.02
_SHARPER = 1.6
#: How much darker corners become.
_CORNERS = 0.65


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Amounts; 0 leaves all as it is. From -1 to 1, those of one direction from 0 to 1, unless it says otherwise."""

    #: In stops: -4 to 4.
    exposure: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    highlights: float = 0.0
    shadows: float = 0.0
    vibrance: float = 0.0
    saturation: float = 0.0
    temperature: float = 0.0
    tint: float = 0.0
    #: In degrees: -180 to 180.
    hue: float = 0.0
    sharpen: float = 0.0
    blur: float = 0.0
    denoise: float = 0.0
    vignette: float = 0.0
    grayscale: float = 0.0
    sepia: float = 0.0
    invert: float = 0.0

    @property
    def wanted(self) -> dict[str, float]:
        """The amounts that are not 0, by name."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name))}


def adjusted(picture: Pixels, adjustment: Adjustment, mask: Mask | None = None) -> Pixels:
    """A picture with other tones and colours.

    Args:
        picture: height × width × 4; its opacity stays.
        adjustment: what is wanted.
        mask: how much of it each pixel gets; all of it where it is ``None``.
    """
    import numpy as np

    height, width = picture.shape[:2]
    result = picture.copy()
    if adjustment.denoise > 0:
        _denoise(result, adjustment.denoise)
    if adjustment.blur > 0:
        _blur(result, adjustment.blur * _BLUR * max(width, height), mask)
    if adjustment.wanted.keys() - {"denoise", "blur", "sharpen"}:
        for rows in _strips(height, width):
            result[rows, :, :3] = _rounded(_toned(result[rows, :, :3], adjustment, rows.start, height, width))
    if adjustment.sharpen > 0:
        _sharpen(result, adjustment.sharpen)
    if mask is not None:
        for rows in _strips(height, width):
            share = mask[rows][..., None]
            old, new = picture[rows, :, :3].astype(np.float32), result[rows, :, :3].astype(np.float32)
            result[rows, :, :3] = np.rint(old + (new - old) * share).astype(np.uint8)
    return result


def _strips(height: int, width: int, more: int = 1) -> list[slice]:
    step = max(more, _STRIP // width)
    return [slice(top, min(top + step, height)) for top in range(0, height, step)]


def _rounded(values: Floats) -> npt.NDArray[np.uint8]:
    import numpy as np

    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def _toned(pixels: npt.NDArray[np.uint8], wish: Adjustment, top: int, height: int, width: int) -> Floats:
    """Some rows with all that looks at single pixels done: values of sRGB, 0 to 1."""
    import numpy as np

    values = pixels.astype(np.float32) / np.float32(255)
    light = oklab.linear(values)
    if wish.exposure:
        light = exposed(light, wish.exposure)
    colours = oklab.of_light(light)
    if wish.temperature or wish.tint:
        colours = _white_balanced(colours, wish.temperature, wish.tint)
    tone, chroma = colours[..., 0], colours[..., 1:]
    before = tone.copy()
    tone = curve(tone, wish)
    if wish.vignette:
        tone = tone * _corners(wish.vignette, top, len(pixels), height, width)
    # Half of the way between keeping the colour and keeping how pure it looks.
    chroma = chroma * np.sqrt(np.clip(tone / np.maximum(before, 0.02), 0.25, 2))[..., None]
    chroma = chroma * _purity(np.linalg.norm(chroma, axis=-1), wish)[..., None]
    if wish.hue:
        cosine, sine = np.cos(np.deg2rad(wish.hue)), np.sin(np.deg2rad(wish.hue))
        chroma = chroma @ np.array([[cosine, sine], [-sine, cosine]], np.float32)
    chroma = chroma * np.float32(1 - wish.grayscale)
    if wish.sepia:
        strength = (4 * tone * (1 - tone))[..., None]  # none in black and white
        chroma = chroma * (1 - wish.sepia) + wish.sepia * strength * np.array(_SEPIA, np.float32)
    result = oklab.srgb(np.concatenate([tone[..., None], chroma], axis=-1))
    return result + np.float32(wish.invert) * (1 - 2 * result) if wish.invert else result


def exposed(light: Floats, stops: float) -> Floats:
    """Linear light as if exposed for longer or shorter; highlights roll off and white stays white.

    Darker is exactly times 2 to the stops. Lighter is so in dark and middle tones, and bends to white without an edge:
    ``g·x / (1 + (g - 1)·x^p)`` of the strongest channel, the others in proportion, so that hues stay.
    """
    import numpy as np

    gain = np.float32(2.0**stops)
    if stops <= 0:
        return light * gain
    power = 1 + min(1.0, 1 / (float(gain) - 1))  # the steepest bend that still rises everywhere
    most = np.clip(light.max(axis=-1, keepdims=True), 0, 1)
    found: Floats = light * (gain / (1 + (gain - 1) * most ** np.float32(power)))
    return found


def curve(tone: Floats, wish: Adjustment) -> Floats:
    """Lightness after brightness, contrast, highlights and shadows; it rises everywhere from 0 to 1."""
    import numpy as np

    tone = np.clip(tone, 0, 1)
    if wish.brightness:
        slope = np.float32(2 ** (_BRIGHTNESS * wish.brightness))
        tone = slope * tone / (1 + (slope - 1) * tone)
    if wish.contrast > 0:
        power = np.float32(1 + _CONTRAST * wish.contrast)
        up, down = tone**power, (1 - tone) ** power
        tone = (up / (up + down)).astype(np.float32, copy=False)
    elif wish.contrast < 0:
        keep = np.float32(1 + _FLATTEN * wish.contrast)
        tone = keep * tone + np.float32((1 - keep) / 2)
    if wish.shadows:
        dark = _smooth((0.65 - tone) / 0.65)
        tone = tone + np.float32(_LIFTED * wish.shadows) * dark * tone
    if wish.highlights:
        bright = _smooth((tone - 0.35) / 0.65)
        reach = _LIFTED * wish.highlights * (1 - tone) if wish.highlights > 0 else _DEEPER * wish.highlights
        tone = tone + bright * np.asarray(reach, np.float32)
    return tone


def _smooth(share: Floats) -> Floats:
    import numpy as np

    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def _white_balanced(colours: Floats, temperature: float, tint: float) -> Floats:
    """Each kind of cones gets its share (J. von Kries), such that white goes where warm light would put it."""
    import numpy as np

    lab_to_roots = np.linalg.inv(np.array(oklab.LAB)).astype(np.float32)
    white = np.array([1, _WARM[0] * temperature + _TINT * tint, _WARM[1] * temperature], np.float32)
    gains = lab_to_roots @ white
    found: Floats = ((colours @ lab_to_roots.T) * gains) @ np.array(oklab.LAB, np.float32).T
    return found


def _purity(chroma: Floats, wish: Adjustment) -> Floats:
    """What chroma is multiplied by: vibrance moves pale colours more than strong ones, saturation all alike."""
    import numpy as np

    factor = 1 + np.float32(wish.vibrance) * np.clip(1 - chroma / _STRONG, 0, 1)
    found: Floats = factor * np.float32(1 + wish.saturation)
    return found


def _corners(amount: float, top: int, rows: int, height: int, width: int) -> Floats:
    """What lightness is multiplied by: 1 in the middle, less towards the corners; more for a negative amount."""
    import numpy as np

    down = (np.arange(top, top + rows, dtype=np.float32) + 0.5) / height * 2 - 1
    across = (np.arange(width, dtype=np.float32) + 0.5) / width * 2 - 1
    away = np.hypot(down[:, None], across[None, :]) / np.sqrt(2)
    share = ((away - 0.3) / 0.7).astype(np.float32)
    found: Floats = 1 - np.float32(_CORNERS * amount) * _smooth(share)
    return found


def _blur(result: Pixels, sigma: float, mask: Mask | None) -> None:
    """Blur in place; where a mask is given, only what belongs to it is mixed, so that nothing else bleeds in."""
    import numpy as np

    from makeready.raster.mend import canvas

    weight = result[..., 3].astype(np.float32) / 255
    if mask is not None:
        weight = weight * mask
    whole = canvas.blurred(weight, sigma)
    for channel in range(3):
        plane = canvas.blurred(result[..., channel] * weight, sigma)
        mixed = np.divide(plane, whole, out=result[..., channel].astype(np.float32), where=whole > 1e-3)
        result[..., channel] = np.rint(np.clip(mixed, 0, 255)).astype(np.uint8)


def _sharpen(result: Pixels, amount: float) -> None:
    """An unsharp mask on lightness, in place: colours get no fringes."""
    import numpy as np

    from makeready.raster.mend import canvas

    height, width = result.shape[:2]
    sigma = max(0.8, _FINE * max(height, width))
    more = int(4 * sigma) + 1
    given = result[..., :3].copy()
    for rows in _strips(height, width, 4 * more):
        wide = slice(max(0, rows.start - more), min(height, rows.stop + more))
        colours = oklab.lab(given[wide].astype(np.float32) / np.float32(255))
        tone = colours[..., 0]
        colours[..., 0] = tone + np.float32(_SHARPER * amount) * (tone - canvas.blurred(tone, sigma))
        inner = slice(rows.start - wide.start, rows.stop - wide.start)
        result[rows, :, :3] = _rounded(oklab.srgb(colours[inner]))


def _denoise(result: Pixels, amount: float) -> None:
    """A guided filter (K. He and others, 2013) on lightness and colours, in place: edges stay, grain goes."""
    import numpy as np

    height, width = result.shape[:2]
    radius = max(1, round(_GRAIN * max(height, width)))
    # What varies by less than this counts as grain; colours of noise are coarser and matter less to the eye.
    limits = np.array([0.03, 0.03, 0.03], np.float32) * amount
    more = 3 * radius
    given = result[..., :3].copy()
    for rows in _strips(height, width, 4 * more):
        wide = slice(max(0, rows.start - more), min(height, rows.stop + more))
        colours = oklab.lab(given[wide].astype(np.float32) / np.float32(255))
        for channel, limit in enumerate(limits):
            plane = colours[..., channel]
            mean = planes.box_mean(plane, radius)
            varies = np.maximum(0, planes.box_mean(plane * plane, radius) - mean * mean)
            slope = varies / (varies + limit * limit)
            flat = planes.box_mean(mean * (1 - slope), radius)
            colours[..., channel] = planes.box_mean(slope, radius) * plane + flat
        inner = slice(rows.start - wide.start, rows.stop - wide.start)
        result[rows, :, :3] = _rounded(oklab.srgb(colours[inner]))
