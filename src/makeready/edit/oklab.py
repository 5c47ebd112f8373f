"""Colours as people see them: OKLab (Björn Ottosson, "A perceptual color space for image processing", 2020).

Lightness goes from 0 (black) to 1 (white); ``a`` from green to magenta, ``b`` from blue to yellow. Hue and chroma are
the angle and the length of ``a, b``. Everything is ``float32`` with three channels last, of any shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

#: From linear light of sRGB to the answers of three kinds of cones, and from their cube roots to L, a, b.
_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
#: Colours may lie outside of sRGB by so much and still count as inside: what rounding makes.
_ROUNDING = 1e-4
#: Halvings of the way from gray to a colour outside of sRGB; ten find the edge to a thousandth.
_HALVINGS = 10


def linear(srgb: Floats) -> Floats:
    """Light in proportion to energy, from values of sRGB, 0 to 1 (IEC 61966-2-1)."""
    import numpy as np

    found: Floats = np.where(srgb <= 0.04045, srgb / 12.92, ((np.maximum(srgb, 0) + 0.055) / 1.055) ** 2.4)
    return found.astype(np.float32, copy=False)


def encoded(light: Floats) -> Floats:
    """Values of sRGB, from light in proportion to energy."""
    import numpy as np

    bright = np.maximum(light, 0.0031308)
    found: Floats = np.where(light <= 0.0031308, light * 12.92, 1.055 * bright ** (1 / 2.4) - 0.055)
    return found.astype(np.float32, copy=False)


def of_light(light: Floats) -> Floats:
    """L, a and b of linear light."""
    import numpy as np

    roots: Floats = np.cbrt(light @ np.array(_CONES, np.float32).T)
    return roots @ np.array(LAB, np.float32).T


def light_of(lab: Floats) -> Floats:
    """Linear light of L, a and b; below 0 or above 1 where sRGB has no such colour."""
    import numpy as np

    roots = lab @ np.linalg.inv(np.array(LAB)).astype(np.float32).T
    cubes = roots * roots * roots  # a third of the time of a power
    found: Floats = cubes @ np.linalg.inv(np.array(_CONES)).astype(np.float32).T
    return found


def lab(srgb: Floats) -> Floats:
    """L, a and b of values of sRGB, 0 to 1."""
    return of_light(linear(srgb))


def srgb(colours: Floats) -> Floats:
    """Values of sRGB, 0 to 1; what sRGB has not comes nearer to gray, with its lightness and hue kept."""
    import numpy as np

    flat = colours.reshape(-1, 3).copy()
    np.clip(flat[:, 0], 0, 1, out=flat[:, 0])
    light = light_of(flat)
    outside = np.flatnonzero(((light < -_ROUNDING) | (light > 1 + _ROUNDING)).any(axis=1))
    if len(outside):
        far = flat[outside]
        share = np.zeros(len(outside), np.float32)
        step = np.float32(0.5)
        for _ in range(_HALVINGS):
            tried = far.copy()
            tried[:, 1:] *= (share + step)[:, None]
            seen = light_of(tried)
            share += step * ((seen >= -_ROUNDING) & (seen <= 1 + _ROUNDING)).all(axis=1)
            step /= 2
        far[:, 1:] *= share[:, None]
        light[outside] = light_of(far)
    return encoded(np.clip(light, 0, 1)).reshape(colours.shape)
