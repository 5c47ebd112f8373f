"""From a file to a libvips picture: decoded once, whole or refused.

libvips reads JPEG, PNG, TIFF, WebP and GIF. Pillow decodes what it does not: BMP, JPEG 2000, the merged picture of
a PSD, Lab of 8 bits and old-style JPEG in TIFF. A picture that is cut short is an error, never half grey.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyvips

from makeready.changes import Refusal
from makeready.errors import UnreadableFile
from makeready.facts import Raster
from makeready.raster.header import COMPONENTS
from makeready.raster.picture import opened

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Decoded pictures up to so many bytes are held in memory, larger ones in a temporary file.
IN_MEMORY = 100_000_000
#: What libvips decodes; of these, those whose decoder has limits of its own, which ours stand in for.
_VIPS = {"JPEG": {"unlimited": True}, "PNG": {"unlimited": True}, "TIFF": {"unlimited": True}, "WebP": {}, "GIF": {}}
_VIA_PILLOW = ("BMP", "PSD", "JPEG 2000")
_BYTES = {"uchar": 1, "char": 1, "ushort": 2, "short": 2, "uint": 4, "int": 4, "float": 4, "double": 8}
_TILE = 256
_OLD_JPEG = "JPEG (old-style)"

#: Pillow turns a TIFF upright as it decodes it; this turns it back (numbers are those of ``PIL.Image.Transpose``).
_STORED = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}

# Results of operations are not kept: pictures are large, and the files of a run are rewritten under the same names.
pyvips.cache_set_max(0)


def decode(source: Path | bytes, header: Raster, spill: Path) -> pyvips.Image:
    """Decode the first frame, as stored: not turned, its bits, channels, profile and metadata kept.

    One bit becomes 0 and 255 of eight; indices become the colours of their palette; Lab has 16 bits.

    Args:
        source: the file.
        header: what its header says.
        spill: where a large picture is put, uncompressed; it must live as long as the picture.

    Raises:
        Refusal: it has channels that mean something else than colour and transparency, or no decoder knows it.
        UnreadableFile: it is damaged.
    """
    try:
        lazy = stream(source, header)
        return lazy.copy_memory() if decoded_bytes(lazy) <= IN_MEMORY else _spilled(lazy, spill)
    except pyvips.Error as error:
        raise damaged(error) from error


def stream(source: Path | bytes, header: Raster) -> pyvips.Image:
    """The same, undecoded, to be run through once from top to bottom: its pixels flow as they are asked for.

    Raises:
        Refusal: as ``decode``.
        UnreadableFile: its header is damaged. Damaged pixels are told when they are met, as ``pyvips.Error``.
    """
    _known(header)
    if header.format in _VIA_PILLOW or header.compression == _OLD_JPEG or _eight_bit_lab(header):
        return _by_pillow(source, header)
    try:
        return _named(_lazy(source, header), header)
    except pyvips.Error as error:
        raise damaged(error) from error


def damaged(error: pyvips.Error) -> UnreadableFile:
    """The error to raise where pixels cannot be decoded."""
    return UnreadableFile(f"The picture is damaged: {reason(error)}.")


def decoded_bytes(image: pyvips.Image) -> int:
    """What all its pixels take."""
    return int(image.width * image.height * image.bands * _BYTES.get(image.format, 16))


def reason(error: pyvips.Error) -> str:
    """What libvips or a decoder below it says is wrong: the first line, without the name of the file."""
    lines = [line.strip() for line in str(error.detail or error.message).splitlines() if line.strip()]
    said = re.sub(r"^\S*/\S*: ", "", lines[0]) if lines else "it cannot be decoded"
    return said.rstrip(".")


def _known(header: Raster) -> None:
    """Refuse what would lose its meaning."""
    if header.format not in _VIPS and header.format not in _VIA_PILLOW:
        raise Refusal(f"{header.format} files cannot be decoded here: save the picture as a TIFF")
    if header.format == "PSD" and header.damage:
        raise Refusal(f"{header.damage[0]}: save the picture as a TIFF")
    if header.colour_model == "spot":
        raise Refusal("its channels are spot colours, which picture files cannot keep here: place it in a PDF")
    of_colour = 1 if header.palette else COMPONENTS[header.colour_model]
    if header.format == "TIFF" and header.channels > of_colour + header.alpha:
        further = header.channels - of_colour - header.alpha
        raise Refusal(
            f"it has {further} more channel{'s' * (further > 1)} than its colours need (spot colours or saved "
            "selections), which would be lost: save a copy without them"
        )


def _eight_bit_lab(header: Raster) -> bool:
    """Whether it is what libvips takes for its own packed format (measured with 8.18.7)."""
    return header.format == "TIFF" and header.colour_model == "lab" and header.bits == 8


def _lazy(source: Path | bytes, header: Raster) -> pyvips.Image:
    options: dict[str, Any] = {"access": "sequential", "fail_on": "error", **_VIPS[header.format]}
    if isinstance(source, bytes):
        return pyvips.Image.new_from_buffer(source, "", **options)
    # Not by name: libvips takes brackets at its end for options.
    return pyvips.Image.new_from_source(pyvips.Source.new_from_file(str(source)), "", **options)


def _spilled(lazy: pyvips.Image, path: Path) -> pyvips.Image:
    """Put the pixels into a file in tiles, so that turning them reads it in pieces too; they are not compressed.

    libvips' own format is mapped into memory: turned by a quarter, all of it would be (measured: 1.8 GB of 600 MP).
    """
    lazy.tiffsave(str(path), tile=True, tile_width=_TILE, tile_height=_TILE, bigtiff=True, compression="none")
    picture = pyvips.Image.new_from_file(str(path), unlimited=True)
    picture = picture.copy(interpretation=lazy.interpretation, xres=lazy.xres, yres=lazy.yres)
    for name in set(picture.get_fields()) ^ set(lazy.get_fields()):
        if lazy.get_typeof(name):
            picture.set_type(lazy.get_typeof(name), name, lazy.get(name))
        else:
            picture.remove(name)
    return picture


def _named(picture: pyvips.Image, header: Raster) -> pyvips.Image:
    """Say what the numbers mean, and how to hold them, where libvips took another's word than the facts."""
    picture = picture.copy()
    picture.set_type(pyvips.GValue.gint_type, "orientation", header.orientation or 1)
    if header.colour_model == "lab":
        return picture
    of_colour = COMPONENTS[header.colour_model]
    if picture.bands < of_colour:
        raise UnreadableFile(f"The picture is damaged: it has {picture.bands} channels where {of_colour} are needed.")
    if picture.hasalpha() and not header.alpha and picture.bands == of_colour + 1:
        picture = picture.extract_band(0, n=of_colour)  # libvips gives animations an alpha of their own
    wide = picture.format == "ushort"
    meant = {"gray": "grey16" if wide else "b-w", "rgb": "rgb16" if wide else "srgb", "cmyk": "cmyk"}
    return picture.copy(interpretation=meant[header.colour_model])


def _by_pillow(source: Path | bytes, header: Raster) -> pyvips.Image:
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with opened(source, header.width_px * header.height_px) as image:
                profile = image.info.get("icc_profile")
                image.load()
                if header.format == "TIFF" and header.orientation in _STORED:
                    image = image.transpose(Image.Transpose(_STORED[header.orientation]))
                if image.mode in ("P", "PA", "1"):
                    image = image.convert("L" if image.mode == "1" else "RGBA" if header.alpha else "RGB")
                if image.mode in ("RGBA", "LA") and not header.alpha:
                    image = image.convert(image.mode[:-1])  # a saved selection, not transparency
                mode, pixels = image.mode, np.asarray(image)
    except (UnidentifiedImageError, NotImplementedError) as error:
        raise Refusal(f"no decoder here knows this kind of {header.format}: save the picture as a TIFF") from error
    except Exception as error:  # the door to a file: decoders raise many classes
        raise UnreadableFile(f"The picture is damaged: {error}.") from error
    if (header.width_px, header.height_px) != (pixels.shape[1], pixels.shape[0]):
        raise UnreadableFile("The picture is damaged: its size is not what its header says.")
    if header.bits > 8 and pixels.dtype == np.uint8:
        raise Refusal(f"{header.bits} bits of {header.format} would be cut to 8: save the picture as a TIFF")
    picture = _of_pixels(mode, pixels, header).copy()
    if profile:
        picture.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    if header.orientation is not None:
        picture.set_type(pyvips.GValue.gint_type, "orientation", header.orientation)
    return picture


def _of_pixels(mode: str, pixels: npt.NDArray[Any], header: Raster) -> pyvips.Image:
    import numpy as np

    if mode == "LAB":
        return _from_lab(pixels)
    meant = {"L": "b-w", "LA": "b-w", "RGB": "srgb", "RGBA": "srgb", "CMYK": "cmyk", "I;16": "grey16"}
    if mode not in meant:
        raise Refusal(f"this kind of {header.format} ({mode}) cannot be kept: save the picture as a TIFF")
    if header.format in ("PSD", "PSB") and mode == "CMYK":
        pixels = pixels.astype(np.uint8)
    return pyvips.Image.new_from_array(np.ascontiguousarray(pixels), interpretation=meant[mode])


def _from_lab(pixels: npt.NDArray[np.uint8]) -> pyvips.Image:
    """Lab of 8 bits (L 0..255, a and b signed, TIFF 6.0, section 23) as Lab of 16: L 0..32767, a and b in 1/256."""
    import numpy as np

    wide = np.empty(pixels.shape, np.int16)
    wide[..., 0] = (pixels[..., 0].astype(np.float32) * (32767 / 255) + 0.5).astype(np.int16)
    wide[..., 1:] = pixels[..., 1:].view(np.int8).astype(np.int16) * 256
    return pyvips.Image.new_from_array(wide, interpretation="labs")
