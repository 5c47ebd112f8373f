"""The formulas of the CIE: Lab, lightness, and how different two colours look."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: The white of profiles' connection space (ICC.1:2022, 7.2.16).
D50 = (0.9642, 1.0, 0.8249)
#: Where the cube root gives way to a straight line (ISO/CIE 11664-4).
_BEND = 6 / 29


def luminance(lightness: Floats) -> Floats:
    """Relative luminance Y, 0 to 1, of CIE lightness L*, 0 to 100 (ISO/CIE 11664-4)."""
    return _cubed((lightness + 16.0) / 116.0)


def lightness(luminance: Floats) -> Floats:
    """CIE lightness L*, 0 to 100, of relative luminance Y, 0 to 1 (ISO/CIE 11664-4)."""
    found: Floats = 116.0 * _root(luminance) - 16.0
    return found


def lab_of(xyz: Floats) -> Floats:
    """CIE Lab of rows of X, Y and Z, relative to D50, whose Y is 1 (ISO/CIE 11664-4)."""
    import numpy as np

    x, y, z = (_root(xyz[:, n] / D50[n]) for n in range(3))
    return np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=1)


def xyz_of(lab: Floats) -> Floats:
    """X, Y and Z of rows of CIE Lab, relative to D50, whose Y is 1 (ISO/CIE 11664-4)."""
    import numpy as np

    y = (lab[:, 0] + 16.0) / 116.0
    roots = np.stack([y + lab[:, 1] / 500.0, y, y - lab[:, 2] / 200.0], axis=1)
    return _cubed(roots) * D50


def _root(share: Floats) -> Floats:
    import numpy as np

    found: Floats = np.where(share > _BEND**3, np.cbrt(np.maximum(share, 0.0)), share / (3 * _BEND**2) + 4 / 29)
    return found


def _cubed(root: Floats) -> Floats:
    import numpy as np

    found: Floats = np.where(root > _BEND, root**3, (root - 4 / 29) * 3 * _BEND**2)
    return found


def ciede2000(first: Floats, second: Floats) -> Floats:
    """Colour differences between rows of CIE Lab.

    G. Sharma, W. Wu, E. N. Dalal: The CIEDE2000 color-difference formula: implementation notes, supplementary
    test data, and mathematical observations. Color Research and Application 30 (1), 2005; equation numbers are
    theirs, and so are the names of the terms.
    """
    import numpy as np

    l1, a1, b1 = np.moveaxis(np.asarray(first, dtype=np.float64), -1, 0)
    l2, a2, b2 = np.moveaxis(np.asarray(second, dtype=np.float64), -1, 0)
    mean_chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2  # (2), (3)
    stretch = 1.5 - 0.5 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25.0**7))  # 1 + G of (4)
    a1, a2 = a1 * stretch, a2 * stretch  # (5)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)  # (6)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360  # (7)
    grey = c1 * c2 == 0
    turn = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)  # (10)
    turn = np.where((turn == -180) & (h2 > h1), 180, turn)
    dl, dc = l2 - l1, c2 - c1  # (8), (9)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)  # (11)
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2  # (12), (13)
    apart, total = np.abs(h1 - h2) > 180, h1 + h2
    hue = np.where(apart, np.where(total < 360, total + 360, total - 360), total) / 2  # (14)
    hue = np.where(grey, total, hue)
    t = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )  # (15)
    rotation = 60 * np.exp(-(((hue - 275) / 25) ** 2))  # twice (16)
    rc = 2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))  # (17)
    sl = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)  # (18)
    sc, sh = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t  # (19), (20)
    rt = -np.sin(np.radians(rotation)) * rc  # (21)
    dl, dc, dh = dl / sl, dc / sc, dh / sh
    difference: Floats = np.sqrt(dl**2 + dc**2 + dh**2 + rt * dc * dh)  # (22)
    return difference
