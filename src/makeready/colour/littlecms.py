"""LittleCMS by way of libvips: rows of numbers through profiles, with 16 bits.

Pillow's ImageCms has the same engine but eight bits, in which smooth ramps step and a converted colour is up to one
unit off.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import threading
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from makeready.colour.cie import D50, lab_of, xyz_of
from makeready.icc import read_header, read_white

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyvips

    Floats = npt.NDArray[np.float64]
    Words = npt.NDArray[np.uint16]
    Pixels = npt.NDArray[Any]

#: How colours that the press cannot reach are brought within its reach (ICC.1:2022, 6.2); ``relative`` and
#: ``absolute`` are short for colorimetric.
Intent = Literal["perceptual", "relative", "saturation", "absolute"]

#: libvips' names for what numbers of 8 and 16 bits mean, by the colour space of the profile.
_INTERPRETATIONS = {"Gray": ("b-w", "grey16"), "RGB": ("srgb", "rgb16"), "CMYK": ("cmyk", "cmyk")}
_MODES = {"Gray": "L", "RGB": "RGB", "CMYK": "CMYK", "Lab": "LAB"}
_WIDEST = 1 << 16
_FILING = threading.Lock()


class UnusableProfile(ValueError):
    """A profile is damaged, or not for the kind of colour that it is put to; the text says which."""


@lru_cache(64)
def space(profile: bytes) -> str:
    """The kind of colour a profile is for: ``RGB``, ``CMYK``, ``Gray`` or ``Lab``; tried out, as libvips would not say.

    Raises:
        UnusableProfile: it is damaged, or for none of these.
    """
    from PIL import ImageCms

    header = read_header(profile)
    if header.damage:
        raise UnusableProfile(f"the profile {header.damage}")
    mode = _MODES.get(header.colour_space or "")
    if header.colour_space is None or mode is None or header.device_class in ("link", "named colour"):
        raise UnusableProfile(f"the profile is of class {header.device_class}, for {header.colour_space}")
    try:
        held = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        ImageCms.buildTransform(held, ImageCms.createProfile("LAB"), mode, "LAB")
    except (ImageCms.PyCMSError, OSError) as error:
        raise UnusableProfile(f"LittleCMS makes no use of the profile: {error}") from error
    return header.colour_space


@cache
def srgb() -> bytes:
    """The profile that RGB without one is taken to have."""
    from PIL import ImageCms

    return bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Where profiles lie while the program runs."""
    return tempfile.TemporaryDirectory(prefix="makeready-icc-")


def filed(profile: bytes) -> str:
    """The path of a file with this profile: libvips takes the profile to convert to from a file only."""
    with _FILING:
        if not Path(_folder().name).is_dir():  # who tidies temporary files has tidied it away
            _folder().cleanup()
            _folder.cache_clear()
        path = Path(_folder().name) / f"{_digest(profile)}.icc"
        if not path.exists():
            path.write_bytes(profile)
        return str(path)


@lru_cache(64)
def _digest(profile: bytes) -> str:
    return hashlib.sha256(profile).hexdigest()


def convert(rows: Pixels, profile: bytes, press: bytes, intent: Intent, black_point: bool) -> Pixels:
    """Rows of colour of one profile, in the inks of another, with as many bits.

    Args:
        rows: one colour a row, as many columns as the profile has channels; whole numbers of 8 or 16 bits.
        profile: what they mean.
        press: the profile to convert to.
        intent: see ``Intent``.
        black_point: whether the darkest colour of one becomes the darkest of the other (black-point compensation).

    Raises:
        UnusableProfile: LittleCMS makes no conversion of the two.
    """
    held = _tagged(rows, profile)
    return _converted(
        lambda: held.icc_transform(
            filed(press),
            embedded=True,
            intent=intent,
            black_point_compensation=black_point,
            depth=8 * rows.dtype.itemsize,
        ),
        len(rows),
    )


def from_lab(lab: Floats, press: bytes, intent: Intent, black_point: bool) -> Words:
    """Rows of CIE Lab (D50; lightness 0 to 100), in the inks of a press, with 16 bits.

    Raises:
        UnusableProfile: LittleCMS cannot convert to it.
    """
    import numpy as np

    if intent == "absolute":  # libvips' own Lab has another white, which only this intent looks at
        lab, intent, black_point = (
            _rescaled(lab, tuple(d / w for d, w in zip(D50, white(press), strict=True))),
            "relative",
            False,
        )
    held = _image(lab.astype(np.float32), "lab")
    return _converted(
        lambda: held.icc_export(
            output_profile=filed(press), intent=intent, black_point_compensation=black_point, depth=16
        ),
        len(lab),
    )


def to_lab(rows: Words, profile: bytes, *, absolute: bool = False) -> Floats:
    """Rows of 16-bit colour as CIE Lab (D50), relative to the white of the paper or screen unless ``absolute``.

    Raises:
        UnusableProfile: LittleCMS cannot convert from it.
    """
    import numpy as np

    if space(profile) == "Lab":
        return rows / 65535 * (100.0, 255.0, 255.0) - (0.0, 128.0, 128.0)
    held = _tagged(rows, profile)
    found = _converted(lambda: held.icc_import(embedded=True, intent="relative", pcs="lab"), len(rows))
    lab = found.astype(np.float64)
    return _rescaled(lab, tuple(w / d for w, d in zip(white(profile), D50, strict=True))) if absolute else lab


def _rescaled(lab: Floats, gains: tuple[float, ...]) -> Floats:
    """Lab with X, Y and Z multiplied: from one white to another (ICC.1:2022, 6.3.2.2)."""
    return lab_of(xyz_of(lab) * gains)


@lru_cache(64)
def white(profile: bytes) -> tuple[float, float, float]:
    """X, Y and Z of the paper (or the screen's white), from the media white point tag; D50 where there is none."""
    return read_white(profile) or D50


def words(shares: Floats) -> Words:
    """Amounts from 0 to 1 with 16 bits; what lies outside is cut."""
    import numpy as np

    return (np.clip(shares, 0.0, 1.0) * 65535 + 0.5).astype(np.uint16)


def _tagged(rows: Pixels, profile: bytes) -> pyvips.Image:
    import pyvips

    image = _image(rows, _INTERPRETATIONS[space(profile)][rows.dtype.itemsize - 1])
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image


def _image(rows: npt.NDArray[Any], interpretation: str) -> pyvips.Image:
    """Rows as a picture of a width that libvips shares out among its threads; the last line is filled up."""
    import numpy as np
    import pyvips

    count, channels = rows.shape
    width = min(max(count, 1), _WIDEST)
    height = max(-(-count // width), 1)
    filled = np.zeros((width * height, channels), rows.dtype)
    filled[:count] = rows
    return pyvips.Image.new_from_array(filled.reshape(height, width, channels), interpretation=interpretation).copy()


def _converted(make: Callable[[], pyvips.Image], count: int) -> npt.NDArray[Any]:
    import pyvips

    try:
        image = make()
        made: npt.NDArray[Any] = image.numpy().reshape(-1, image.bands)  # one channel has no axis of its own
    except pyvips.Error as error:
        said = str(error).strip().splitlines()[-1]
        raise UnusableProfile(f"LittleCMS makes no use of the profile: {said}") from error
    return made[:count]
