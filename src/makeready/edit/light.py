"""Light put right: how bright, of what colour, and with how much contrast the subject is.

It is measured in OKLab, in which steps look even (B. Ottosson, 2020), by the subject's histogram. Each measure has a
range in which a picture counts as good, and is brought no further than to its edge: a well lit picture stays as it is,
and a black shoe stays black.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from makeready.edit import oklab

if TYPE_CHECKING:
    import numpy.typing as npt

    from makeready.edit.scene import Pixels

    Floats = npt.NDArray[np.float32]

#: Pixels that the light is measured in, and that are changed at a time: with more, BLAS starts threads for products of
#: colours and matrices, and these wait for each other longer than they work.
_SAMPLE, _STRIP = 250_000, 25_000
#: Lightness of OKLab, of the brightest and the darkest hundredth: from here on they need no stretching.
_WHITE, _BLACK = 0.93, 0.28
#: The most that the brightest are raised, times, and that the darkest are lowered.
_RAISED, _LOWERED = 1.5, 0.08
#: From here on, what would become brighter than white is bent.
_KNEE = 0.8
#: The subject's mean lightness is good in between; the way there is gone as far as the last number says.
_MIDDLE = (0.45, 0.78)
_TOWARDS = 0.7
#: Bounds of the exponent that brings the middle there.
_GAMMA = (0.6, 1.5)
#: Chroma up to which a color counts as a gray with a cast, and the share of all pixels that must be such.
_GRAY, _GRAYS = 0.06, 0.05
#: Turns of finding where grays gather.
_GATHERINGS = 4
#: Grays are looked for among pixels from this lightness on; black says nothing, and pure white says that all is well.
_TONES = 0.35
#: A cast of less chroma is nobody's business.
_CAST = 0.006
#: Of the rest, what is taken away, and the most: a strong one may be the hour of the day, or the look that is wanted.
_BALANCED, _MOST = 0.8, 0.02
#: How far chroma goes along with lightness.
_CHROMA = (0.85, 1.25)
#: Points of the curve.
_POINTS = 1024
#: Light beyond what sRGB has by less than this is cut off: nobody sees the hue turn.
_NEAR = 0.03
#: Halvings of the way to a lightness that sRGB has.
_HALVINGS = 8


@dataclass(frozen=True, slots=True)
class Correction:
    """What puts a picture's light right."""

    #: New lightness for even steps of the old, 0 to 1.
    curve: Floats
    #: What red, green and blue light are multiplied by.
    gains: tuple[float, float, float]
    #: The subject's mean lightness, as it is and as it will be.
    before: float
    after: float

    @property
    def lightness(self) -> bool:
        """Whether it changes how bright anything is, by more than rounding."""
        return bool(np.abs(self.curve - np.linspace(0, 1, len(self.curve))).max() > 0.004)

    @property
    def balance(self) -> bool:
        """Whether it changes the colour of the light."""
        return any(abs(gain - 1) > 0.004 for gain in self.gains)


def measured(picture: Pixels, weights: npt.NDArray[np.uint8] | None, *, balance: bool = True) -> Correction:
    """What a picture's light lacks.

    Args:
        picture: the whole of it: how bright its highlights are, and of what colour its grays, tells of the light.
        weights: how much of each pixel is the subject, 0 to 255, which tells how bright it should be. Without, the
            middle of the picture counts most.
        balance: whether the colour of the light is looked at.
    """
    height, width = picture.shape[:2]
    step = max(1, round((height * width / _SAMPLE) ** 0.5))
    sample = picture[step // 2 :: step, step // 2 :: step]
    seen = np.divide(sample[..., 3], 255, dtype=np.float32)
    if weights is None:
        down, across = (np.linspace(-1, 1, count, dtype=np.float32) for count in seen.shape)
        own = seen * np.exp(-1.5 * (across[None, :] ** 2 + down[:, None] ** 2))
    else:
        own = weights[step // 2 :: step, step // 2 :: step].astype(np.float32) / 255
    if not own.any():
        return Correction(np.linspace(0, 1, _POINTS, dtype=np.float32), (1.0, 1.0, 1.0), 0.0, 0.0)
    light = oklab.linear(np.divide(sample[..., :3], 255, dtype=np.float32))
    gains = _gains(light, seen + own) if balance else (1.0, 1.0, 1.0)
    lightness = oklab.of_light(light * np.array(gains, np.float32))[..., 0]
    curve = _curve(lightness, seen, own)
    points = np.linspace(0, 1, _POINTS)
    before = float(np.average(lightness, weights=own))
    after = float(np.average(np.interp(lightness, points, curve), weights=own))
    return Correction(curve, gains, before, after)


def _gains(light: Floats, weights: Floats) -> tuple[float, float, float]:
    """What brings the colour of grays back to gray, brightness kept; ones where nothing says that there is a cast."""
    lab = oklab.of_light(light)
    cast = np.zeros(3, np.float32)
    # From all that may be gray to where most of it gathers: things that are coloured a little do not gather there.
    for radius in (_GRAY, *[_GRAY / 2] * _GATHERINGS):
        away = np.hypot(lab[..., 1] - cast[1], lab[..., 2] - cast[2])
        gray = weights * (away < radius) * (lab[..., 0] > _TONES)
        if gray.sum() < _GRAYS * weights.sum():
            return 1.0, 1.0, 1.0
        cast = np.average(lab.reshape(-1, 3), axis=0, weights=gray.ravel())
    strength = float(np.hypot(cast[1], cast[2]))
    if strength <= _CAST:
        return 1.0, 1.0, 1.0
    kept = 1 - min(_BALANCED * (strength - _CAST), _MOST) / strength
    seen = oklab.light_of(np.array([cast], np.float32))[0]
    wanted = oklab.light_of(np.array([[cast[0], cast[1] * kept, cast[2] * kept]], np.float32))[0]
    red, green, blue = (float(gain) for gain in wanted / np.maximum(seen, 1e-4))
    return red, green, blue


def _curve(lightness: Floats, seen: Floats, own: Floats) -> Floats:
    """New lightness for old: ends stretched, the middle brought near, and both ends bent so that nothing is cut off."""
    low, high = _quantiles(lightness, own, (0.01, 0.99))
    brightest = max(high, _quantiles(lightness, seen, (0.99,))[0])
    darkest = min(low, _quantiles(lightness, seen, (0.01,))[0])
    points = np.linspace(0, 1, _POINTS)
    raised = min(max(1.0, _WHITE / max(brightest, 1e-3)), _RAISED)
    lowered = min(max(0.0, darkest - _BLACK), _LOWERED)
    # Most at the darkest tone, nothing at black and at white.
    dark = np.minimum(points / max(darkest, 1e-3), 1)
    light = np.clip((_WHITE - points) / max(_WHITE - darkest, 1e-3), 0, 1)
    curve = _bent(points * raised - lowered * dark * np.minimum(light, 1) ** 2)
    middle = float(np.average(np.interp(lightness, points, curve), weights=own))
    wanted = middle + _TOWARDS * (min(max(middle, _MIDDLE[0]), _MIDDLE[1]) - middle)
    if abs(wanted - middle) > 1e-3 and 0.02 < middle < 0.98:
        gamma = min(max(np.log(wanted) / np.log(middle), _GAMMA[0]), _GAMMA[1])
        # Near black the slope of a power is endless, and so would be the noise.
        curve = np.where(curve > 0, ((curve + 0.05) ** gamma - 0.05**gamma) / (1.05**gamma - 0.05**gamma), curve)
    return np.clip(np.maximum.accumulate(curve), 0, 1).astype(np.float32)


def _bent(curve: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A curve that would pass 1, bent so that it just reaches it; below the bend it stays what it is."""
    over = float(curve[-1])
    if over <= 1:
        return curve
    # Above the knee a hyperbola, which leaves the line with its slope and ends at 1.
    share = np.clip((curve - _KNEE) / (over - _KNEE), 0, 1)
    slope = (over - _KNEE) / (1 - _KNEE)
    return np.where(curve > _KNEE, _KNEE + (1 - _KNEE) * slope * share / (1 + (slope - 1) * share), curve)


def _quantiles(values: Floats, weights: Floats, shares: tuple[float, ...]) -> tuple[float, ...]:
    counts, edges = np.histogram(values, bins=512, range=(0, 1), weights=weights)
    sums = np.cumsum(counts)
    return tuple(float(edges[np.searchsorted(sums, share * sums[-1])]) for share in shares)


def corrected(picture: Pixels, correction: Correction, *, keep_colour: bool) -> Pixels:
    """The picture in better light.

    Args:
        picture: height × width × 4.
        correction: what to do.
        keep_colour: hue and chroma stay what they are in OKLCh, and only lightness changes, as far as sRGB has the
            colour. Otherwise colours become stronger with the light, as they do before a camera.
    """
    result = picture.copy()
    linear = oklab.linear(np.linspace(0, 1, 256, dtype=np.float32))
    for rows in _strips(picture):
        before = picture[rows, :, :3]
        light = linear[before]
        if not keep_colour:
            light *= np.array(correction.gains, np.float32)
        lab = oklab.of_light(light).reshape(-1, 3)
        lightness = np.interp(lab[:, 0], np.linspace(0, 1, _POINTS), correction.curve).astype(np.float32)
        if keep_colour:
            after = _lightened(lab, lightness)
        else:
            lab[:, 1:] *= (lightness / np.maximum(lab[:, 0], 1e-3)).clip(*_CHROMA)[:, None]
            lab[:, 0] = lightness
            after = _strengthened(lab)
        result[rows, :, :3] = np.rint(after.reshape(before.shape) * 255).clip(0, 255).astype(np.uint8)
    return result


def _strengthened(lab: Floats) -> Floats:
    """Values of sRGB; where sRGB has no such colour by far, a paler one of that hue and lightness."""
    light = oklab.light_of(lab)
    outside = np.flatnonzero(((light < -_NEAR) | (light > 1 + _NEAR)).any(axis=1))
    found = oklab.encoded(np.clip(light, 0, 1))
    if len(outside):
        found[outside] = oklab.srgb(lab[outside])
    return found


def _lightened(lab: Floats, lightness: Floats) -> Floats:
    """Values of sRGB of other lightness; where sRGB has no such colour, as near to it as it has one of that kind."""
    wanted = lab.copy()
    wanted[:, 0] = lightness
    light = oklab.light_of(wanted)
    outside = np.flatnonzero(_outside(light))
    if len(outside):
        near, far = lab[outside, 0].copy(), lightness[outside]
        tried = wanted[outside]
        for _ in range(_HALVINGS):
            tried[:, 0] = (near + far) / 2
            out = _outside(oklab.light_of(tried))
            np.copyto(near, tried[:, 0], where=np.logical_not(out))
            np.copyto(far, tried[:, 0], where=out)
        tried[:, 0] = near
        light[outside] = oklab.light_of(tried)
    return oklab.encoded(np.clip(light, 0, 1))


def _outside(light: Floats) -> npt.NDArray[np.bool_]:
    beyond = (light < -1e-4) | (light > 1 + 1e-4)
    found: npt.NDArray[np.bool_] = np.logical_or.reduce(beyond, axis=1)
    return found


def _strips(picture: Pixels) -> Iterator[slice]:
    height, width = picture.shape[:2]
    step = max(1, _STRIP // width)
    return (slice(top, top + step) for top in range(0, height, step))
