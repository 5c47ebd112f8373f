"""Pictures of a PDF in another colour space: palettes by their tables, all others pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from makeready.pdf.mend import samples
from makeready.pdf.mend.streams import Scope, twin

if TYPE_CHECKING:
    from makeready.colour import Source

#: What a lossy picture is packed with again: no loss that can be seen.
QUALITY = 95


class Target(Protocol):
    """What colours become."""

    @property
    def space(self) -> Name:
        """The device space."""

    def pixels(self, source: Source, pixels: Any) -> Any:
        """A picture, with as many bits as it had."""


def is_indexed(space: Any) -> TypeGuard[Array]:
    """Whether pixels of a space are places in a table."""
    return isinstance(space, Array) and len(space) == 4 and space[0] == Name.Indexed


def repainted(pdf: Pdf, image: Stream, space: Any) -> Stream:
    """The same picture with another table of colours."""
    new = twin(pdf, image)
    new.ColorSpace = space
    return new


def converted(pdf: Pdf, image: Stream, space: Any, source: Source, target: Target) -> Stream:
    """A copy of a picture in the target's space, with its masks; gray stays one channel.

    Raises:
        samples.Unfit: it cannot be decoded exactly, or its transparency is mixed into its colours.
    """
    import numpy as np

    def change(pixels: Any) -> tuple[Any, Any]:
        inks = target.pixels(source, pixels)
        if pixels.shape[2] == 1 and inks.ndim == 3 and inks.shape[2] == 4:  # gray is black ink alone
            return np.iinfo(inks.dtype).max - inks[..., 3:], Name.DeviceGray
        return (inks[..., None], Name.DeviceGray) if inks.ndim == 2 else (inks, target.space)

    return recoloured(pdf, image, space, lambda pixels, _: change(pixels))


def recoloured(pdf: Pdf, image: Stream, space: Any, change: Callable[[Any, bool], tuple[Any, Any]]) -> Stream:
    """A copy of a picture with other pixels, with its masks.

    Args:
        pdf: the file.
        image: the picture.
        space: its colour space.
        change: from its pixels (height × width × channels, /Decode applied), and whether they are stored with loss,
            to the new ones and their colour space.

    Raises:
        samples.Unfit: it cannot be decoded exactly, or its transparency is mixed into its colours.
    """
    import numpy as np

    mask = image.get("/SMask")
    if isinstance(mask, Stream) and "/Matte" in mask:
        raise samples.Unfit("its colours are mixed with what is behind its transparent edge (Matte)")
    new = twin(pdf, image)
    new.ColorSpace = space
    key = image.get("/Mask")
    if isinstance(key, Array):
        del new.Mask
    read = samples.read(new)
    if isinstance(key, Array):
        if read.lossy:
            raise samples.Unfit("a colour of it is declared clear, and it is stored with loss")
        new.Mask = _stencil(pdf, read.pixels, [int(value) for value in key], int(image.get("/BitsPerComponent", 8)))
    pixels, plain = change(_decoded(read.pixels, new.get("/Decode"), space), read.lossy)
    if "/Decode" in new:
        del new.Decode
    samples.write(new, replace(read, palette=False, plain_rgb=False), np.ascontiguousarray(pixels), QUALITY)
    new.ColorSpace = plain
    return new


def of_inline(pdf: Pdf, inline: Any, scope: Scope) -> Stream | None:
    """An inline picture as an object, names of colour spaces resolved; ``None`` where it cannot be read."""
    try:
        found = inline.obj if hasattr(inline, "obj") else inline
        space = _spelt_out(found.get("/ColorSpace", found.get("/CS")))
        resolved = scope.find("ColorSpace", space) if isinstance(space, Name) else None
        data = inline.read_bytes()
    except (pikepdf.PdfError, ValueError, AttributeError, NotImplementedError):
        return None
    if space is None:
        return None
    entries: dict[str, Any] = {
        "/Type": Name.XObject,
        "/Subtype": Name.Image,
        "/Width": int(inline.width),
        "/Height": int(inline.height),
        "/BitsPerComponent": int(inline.bits_per_component),
        "/ColorSpace": resolved if resolved is not None else space,
    }
    for long, short in (("/Decode", "/D"), ("/Interpolate", "/I")):
        value = found.get(long, found.get(short))
        if value is not None:
            entries[long] = value
    return pdf.make_stream(data, entries)


_SHORT = {"/G": Name.DeviceGray, "/RGB": Name.DeviceRGB, "/CMYK": Name.DeviceCMYK}


def _spelt_out(space: Any) -> Any:
    """A colour space of an inline picture without abbreviations (ISO 32000-1, table 94)."""
    if isinstance(space, Name):
        return _SHORT.get(str(space), space)
    if isinstance(space, Array) and len(space) == 4:
        return Array([Name.Indexed, _spelt_out(space[1]), space[2], space[3]])
    return space


def _decoded(pixels: Any, decode: Any, space: Any) -> Any:
    """The pixels as their colours are, where /Decode is not the plain one (ISO 32000-1, 8.9.5.2)."""
    import numpy as np

    if not isinstance(decode, Array) or len(decode) != 2 * pixels.shape[2]:
        return pixels
    ends = np.array([float(value) for value in decode]).reshape(-1, 2)
    usual = np.tile([0.0, 1.0], (pixels.shape[2], 1))
    if isinstance(space, Array) and space[0] == Name.Lab:
        about = space[1] if isinstance(space[1], Dictionary) else Dictionary()
        reach = [float(value) for value in about.get("/Range", Array([-100, 100, -100, 100]))]
        usual = np.array([[0.0, 100.0], reach[:2], reach[2:]])
    if np.allclose(ends, usual):
        return pixels
    most = int(np.iinfo(pixels.dtype).max)
    low, high = (ends[:, 0] - usual[:, 0]), (ends[:, 1] - usual[:, 0])
    span = usual[:, 1] - usual[:, 0]
    values = (low + np.arange(most + 1)[:, None] / most * (high - low)) / span
    tables = np.floor(np.clip(values, 0.0, 1.0) * most + 0.5).astype(pixels.dtype)
    return np.stack([tables[:, channel][pixels[..., channel]] for channel in range(pixels.shape[2])], axis=-1)


def _stencil(pdf: Pdf, pixels: Any, ranges: list[int], bits: int) -> Stream:
    """A mask that hides what a range of colours hid (ISO 32000-1, 8.9.6.4)."""
    import numpy as np

    spread = np.iinfo(pixels.dtype).max // (2**bits - 1)
    low, high = np.array(ranges[::2]) * spread, np.array(ranges[1::2]) * spread
    hidden = ((pixels >= low) & (pixels <= high)).all(axis=2)
    return pdf.make_stream(
        np.packbits(hidden, axis=1).tobytes(),
        {
            "/Type": Name.XObject,
            "/Subtype": Name.Image,
            "/ImageMask": True,
            "/Width": pixels.shape[1],
            "/Height": pixels.shape[0],
            "/BitsPerComponent": 1,
        },
    )
