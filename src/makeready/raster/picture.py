"""A small picture of a raster file, as a person would see it on the screen.

The first frame, turned as EXIF says, in sRGB: CMYK and Lab are converted (by the embedded profile where it
works), 16 bit is brought down to 8, transparency shows a checkerboard.
"""

from __future__ import annotations

import io
import threading
import warnings
from os import PathLike
from typing import TYPE_CHECKING, Any

from makeready.errors import MakereadyError, TooLarge, UnreadableFile

if TYPE_CHECKING:
    from PIL.Image import Image

#: Pixels that are decoded for the sake of a thumbnail; 250 MP of RGB take 750 MB.
MAX_PIXELS = 250_000_000

# A roll-up is 1:2.5; what is longer is shown narrower, so that it does not fill pages of a report.
_TALLEST = 3
_SQUARE_PX = 8
_EXIF_ORIENTATION = 0x0112
_JPEG_QUALITY = 85
_PILLOWS_LIMIT = threading.Lock()

Source = str | PathLike[str] | bytes


def picture(source: Source, *, width_px: int = 900, max_pixels: int = MAX_PIXELS) -> bytes:
    """Draw a raster file at most ``width_px`` wide, as PNG or JPEG, whichever suits. Small ones are not enlarged.

    Raises:
        TooLarge: it has more than ``max_pixels``; nothing was decoded.
        UnreadableFile: it is damaged or not a picture.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of damaged metadata; a thumbnail is not the place to judge it.
            warnings.simplefilter("ignore")
            with opened(source, max_pixels) as image:
                return _encoded(_shown(image, width_px))
    except MakereadyError:
        raise
    except Exception as error:  # the door to a file: decoders raise many classes
        raise UnreadableFile(f"The picture cannot be drawn: {error}") from error


def opened(source: Source, max_pixels: int) -> Image:
    """Read the header only."""
    from PIL import Image

    with _PILLOWS_LIMIT:  # Pillow refuses at a fixed 179 MP, large canvases have more; our limit is the one below
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
        finally:
            Image.MAX_IMAGE_PIXELS = before
    width, height = image.size
    if width * height > max_pixels:
        image.close()
        raise TooLarge(
            f"The picture is too large to be drawn: {width} × {height} px; the limit is {max_pixels / 1e6:g} MP."
        )
    return image


def _shown(image: Image, width_px: int) -> Image:
    """Small, upright, opaque, 8-bit grey or RGB."""
    from PIL import Image as Pillow

    turn = _turn(image)
    box = (width_px, width_px * _TALLEST)
    if turn in _SWAPS_SIDES:
        box = (box[1], box[0])
    profile = image.info.get("icc_profile")
    image.draft(None, box)  # JPEG only: decodes at 1/2, 1/4 or 1/8, which saves most of the time and memory
    small = _eight_bits(image, 2 * max(box))
    small.thumbnail(box, Pillow.Resampling.LANCZOS, reducing_gap=3.0)
    if method := _TRANSPOSE.get(turn):
        small = small.transpose(Pillow.Transpose[method])
    return _in_srgb(_on_checkerboard(small), profile)


_TRANSPOSE = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
_SWAPS_SIDES = (5, 6, 7, 8)


def _turn(image: Image) -> int:
    """The EXIF orientation, 1 where it is missing or damaged (Pillow raises many classes on damaged EXIF)."""
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # a thumbnail need not be refused for its metadata; the checks report the damage
        return 1


def _eight_bits(image: Image, enough_px: int) -> Image:
    """A mode that can be resampled: L, LA, RGB, RGBA, CMYK or LAB, with 8 bits."""
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep_gray(image, enough_px)
    if image.mode in ("P", "PA") or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK", "LAB"):
        image.load()
        return image
    return image.convert("RGBA" if image.has_transparency_data else "L" if image.mode == "1" else "RGB")


def _from_deep_gray(image: Image, enough_px: int) -> Image:
    """Grey of 16 or 32 bits or floats; Pillow's own conversion clips instead of scaling."""
    import numpy as np
    from PIL import Image as Pillow

    step = max(1, max(image.size) // enough_px)  # four bytes a pixel only for those that will be seen
    values = np.nan_to_num(np.asarray(image)[::step, ::step].astype(np.float32))
    top = float(values.max(initial=0.0))
    # Floats are 0..1 by custom, integers are 16 bit; more than that is only shown relative to its brightest.
    white = max(top, 1.0 if image.mode == "F" else 65535.0)
    return Pillow.fromarray(np.clip(values * (255.0 / white) + 0.5, 0, 255).astype(np.uint8))


def _on_checkerboard(image: Image) -> Image:
    """Lay a transparent picture on the grey squares that stand for nothing."""
    if not image.mode.endswith("A"):
        return image
    import numpy as np
    from PIL import Image as Pillow

    across = np.arange(image.width) // _SQUARE_PX
    down = np.arange(image.height) // _SQUARE_PX
    squares = np.where((across[None, :] + down[:, None]) % 2, 204, 255).astype(np.uint8)
    board = Pillow.fromarray(squares).convert("RGBA")
    return Pillow.alpha_composite(board, image.convert("RGBA")).convert("RGB")


def _in_srgb(image: Image, profile: bytes | None) -> Image:
    """Convert to what screens show."""
    from PIL import ImageCms

    try:
        source: Any = None
        if image.mode == "LAB":
            source = ImageCms.createProfile("LAB")
        elif profile is not None and image.mode in ("RGB", "CMYK", "L"):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source is not None:
            shown = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            return image if shown is None else shown
    except (ImageCms.PyCMSError, OSError, ValueError):
        return _plain(image)  # a damaged profile, or one for another kind of colour: the checks report it
    return _plain(image)


def _plain(image: Image) -> Image:
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _encoded(image: Image) -> bytes:
    """PNG for flat colour, where it is small and crisp; JPEG for photographs."""
    file = io.BytesIO()
    if image.getcolors(256) is not None:
        image.save(file, "PNG", optimize=True)
    else:
        image.save(file, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return file.getvalue()
