"""Pictures that behave like photographs: a landscape of gradients, shapes and grain, the same every time.

A flat test picture tells nothing about JPEG quality, sharpness or ink. These have smooth skies, hard edges
and noise, so that what is measured on them is what is measured on real artwork.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

Mode = Literal["RGB", "CMYK", "L", "1", "RGBA", "LA", "P", "I;16", "LAB"]

#: Sky at the top, sky at the horizon, sun, farthest mountains, nearest mountains, water: RGB, 0 to 1.
Scene = tuple[tuple[float, float, float], ...]
SCENES: tuple[Scene, ...] = (
    (
        (0.16, 0.32, 0.58),
        (0.98, 0.78, 0.56),
        (1.0, 0.95, 0.80),
        (0.55, 0.56, 0.68),
        (0.07, 0.16, 0.18),
        (0.35, 0.42, 0.52),
    ),
    (
        (0.20, 0.47, 0.75),
        (0.83, 0.92, 0.96),
        (1.0, 0.99, 0.92),
        (0.50, 0.66, 0.74),
        (0.10, 0.28, 0.17),
        (0.22, 0.45, 0.55),
    ),
    (
        (0.13, 0.10, 0.30),
        (0.95, 0.47, 0.36),
        (1.0, 0.84, 0.55),
        (0.45, 0.27, 0.42),
        (0.10, 0.06, 0.14),
        (0.38, 0.22, 0.36),
    ),
)

#: How far down the picture the water begins.
SHORE = 0.74


def landscape(width: int, height: int, seed: int = 1, grain: float = 0.012) -> NDArray[np.float32]:
    """A landscape photograph that never was: sky, sun, mountain ranges in haze, water, film grain.

    Args:
        width: pixels across.
        height: pixels down.
        seed: another landscape.
        grain: how strong the noise is, as a standard deviation; the default is that of a good camera at dusk.

    Returns:
        float32, height × width × 3, 0 to 1. The same numbers for the same arguments.
    """
    import numpy as np

    random = np.random.default_rng(seed)
    sky, horizon, sun, far, near, water = (np.array(c, np.float32) for c in SCENES[(seed - 1) % len(SCENES)])
    across = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    water_line = round(SHORE * height)
    sun_at = 0.62 + 0.12 * float(random.random())
    picture = np.empty((height, width, 3), np.float32)

    # Sky and sun, down to the water.
    above = down[:water_line]
    fade = (above / SHORE)[..., None] ** 1.3
    picture[:water_line] = sky * (1 - fade) + horizon * fade
    distance = np.hypot((across - sun_at) * (width / height), above - 0.33)
    glow = np.clip(0.75 * np.exp(-((distance / 0.22) ** 2)) + np.clip((0.055 - distance) * 120, 0, 1), 0, 1)
    picture[:water_line] += (sun - picture[:water_line]) * glow.astype(np.float32)[..., None]

    # Mountain ranges, each lower, darker and rougher than the one behind; each painted from its peak down.
    ranges = 5
    for index in range(ranges):
        near_by = index / (ranges - 1)
        ridge = SHORE - 0.30 + 0.26 * near_by + _ridge(across[0], random, 0.13 - 0.06 * near_by)
        band = slice(min(max(0, int(ridge.min() * height) - 1), water_line), water_line)
        below = down[band] - ridge[None, :]
        edge = np.clip(below * height, 0, 1)[..., None]
        mist = np.clip(below / 0.25, 0, 1)[..., None] * np.float32(0.35 * (1 - near_by))
        colour = (far * (1 - near_by) + near * near_by).astype(np.float32)
        picture[band] += (colour + (horizon - colour) * mist - picture[band]) * edge

    # Water that mirrors the sky, with ripples that grow towards the viewer.
    depth = (down[water_line:] - SHORE).clip(0) / (1 - SHORE)
    swell = 3 * np.sin(across * 23 + depth * 31) + 2 * np.sin(across * 71 - depth * 57)
    ripple = np.sin(260 * depth**0.45 + swell + np.sin(across * 139 + depth * 83)) * (0.03 + 0.05 * depth)
    path = np.exp(-(((across - sun_at) / (0.05 + 0.18 * depth)) ** 2)) * (0.55 + 4 * ripple)
    surface = water * (1.05 - 0.55 * depth[..., None]) + ripple[..., None]
    picture[water_line:] = surface + (sun - surface) * np.clip(path, 0, 0.85)[..., None]

    picture += np.float32(grain) * random.standard_normal((height, width, 1), dtype=np.float32)
    return np.clip(picture, 0, 1, out=picture)


def _ridge(across: NDArray[np.float32], random: np.random.Generator, height: float) -> NDArray[np.float32]:
    """A skyline: waves of doubling frequency and halving height."""
    import numpy as np

    line = np.zeros_like(across)
    for octave in range(7):
        waves = 1.7 * 2.0**octave
        line += (1 - np.abs(np.sin((across * waves + random.random()) * np.pi))).astype(np.float32) * 0.52**octave
    return (-height * line).astype(np.float32)


def image(width: int, height: int, mode: Mode = "RGB", seed: int = 1, grain: float = 0.012) -> Image.Image:
    """The landscape as a Pillow image in any of the modes that artwork comes in.

    With ``mode="CMYK"`` the colours are separated through the test press's profile, so that the ink amounts
    are those of a real separation. ``RGBA`` and ``LA`` are opaque in a soft-edged oval and clear outside.
    """
    import numpy as np
    from PIL import Image, ImageCms

    pixels = landscape(width, height, seed, grain)
    rgb = Image.fromarray((pixels * 255 + 0.5).astype(np.uint8))
    if mode == "CMYK":
        from makeready.testing.icc import press_profile, srgb_profile

        press = ImageCms.ImageCmsProfile(io.BytesIO(press_profile()))
        screen = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
        picture = ImageCms.profileToProfile(rgb, screen, press, outputMode="CMYK")
        if picture is None:  # only when asked to convert in place
            raise ValueError("the picture could not be separated")
    elif mode in ("RGBA", "LA"):
        picture = rgb.convert("L" if mode == "LA" else "RGB")
        picture.putalpha(_oval(width, height))
    elif mode == "I;16":
        gray = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
        picture = Image.fromarray((gray * 65535 + 0.5).astype(np.uint16))
    elif mode == "P":
        picture = rgb.quantize(64)
    elif mode == "1":
        picture = rgb.convert("L").convert("1")
    elif mode == "LAB":
        lab = ImageCms.profileToProfile(
            rgb, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
        if lab is None:
            raise ValueError("the picture could not be converted to Lab")
        picture = lab
    else:
        picture = rgb if mode == "RGB" else rgb.convert(mode)
    picture.info.clear()  # a conversion may leave its profile behind; what is stored is what was asked for
    return picture


def _oval(width: int, height: int) -> Image.Image:
    """Opaque inside an oval, clear outside, with an edge a few pixels soft."""
    import numpy as np
    from PIL import Image

    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    inside = np.clip((0.92 - np.hypot(across, down)) * min(width, height) / 6, 0, 1)
    return Image.fromarray((inside * 255).astype(np.uint8))


@lru_cache(maxsize=64)
def picture(
    width: int,
    height: int,
    mode: Mode = "RGB",
    *,
    format: str | None = None,
    dpi: float | tuple[float, float] | None = None,
    icc: bytes | None = None,
    orientation: int | None = None,
    quality: int = 92,
    seed: int = 1,
    grain: float = 0.012,
    compression: str | None = None,
) -> bytes:
    """A picture file as a photographer or a designer would send it.

    Args:
        width: pixels across, as stored.
        height: pixels down, as stored.
        mode: Pillow's name of the pixel format.
        format: JPEG, PNG, TIFF, WEBP, JPEG2000, GIF, BMP; by default JPEG where it can hold the mode, else PNG.
        dpi: the density tag, or none.
        icc: an ICC profile to embed.
        orientation: the EXIF orientation, 1 to 8. The pixels are stored as seen by the sensor, so that the
            picture is upright once the tag is followed; width and height are those stored.
        quality: of JPEG and WebP.
        seed: another landscape.
        grain: how strong the noise is.
        compression: of TIFF, in Pillow's words (``tiff_lzw``, ``group4`` …).
    """
    from PIL import Image

    format = format or ("JPEG" if mode in ("RGB", "CMYK", "L") else "PNG")
    turned = orientation in (5, 6, 7, 8)
    shown = image(*((height, width) if turned else (width, height)), mode, seed, grain)
    stored = shown.transpose(Image.Transpose(_AS_STORED[orientation])) if orientation in _AS_STORED else shown
    settings: dict[str, Any] = {}
    if format in ("JPEG", "WEBP"):
        settings |= {"quality": quality}
    if format == "JPEG" and quality >= 90:
        settings |= {"subsampling": "4:4:4"}
    if dpi is not None:
        settings |= {"dpi": dpi if isinstance(dpi, tuple) else (dpi, dpi)}
    if icc is not None:
        settings |= {"icc_profile": icc}
    if orientation is not None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        settings |= {"exif": exif.tobytes()}
    if format == "TIFF":
        settings |= {"compression": compression or ("group4" if mode == "1" else "tiff_lzw")}
        settings.pop("exif", None)
        if orientation is not None:
            settings |= {"tiffinfo": {274: orientation}}
    out = io.BytesIO()
    stored.save(out, format, **settings)
    return out.getvalue()


#: EXIF orientation to the transposition that stores an upright picture that way (Exif 2.32, 4.6.4, tag 0x0112).
#: Numbers are those of ``PIL.Image.Transpose``: each is the inverse of what a viewer applies.
_AS_STORED = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
