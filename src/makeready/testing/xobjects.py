"""Pictures as PDF stores them: colour space, compression and mask, as image objects or inline."""

from __future__ import annotations

import base64
import io
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from makeready.testing import pictures
from makeready.testing.piece import Piece

if TYPE_CHECKING:
    import pikepdf

ImageColour = Literal["rgb", "cmyk", "gray", "bilevel", "stencil", "spot", "indexed", "srgb", "press"]
Compression = Literal["jpeg", "jpeg2000", "flate", "lzw", "ccitt"]

#: Pillow's mode and the number of channels of what is stored.
STORED: dict[str, tuple[pictures.Mode, int]] = {
    "rgb": ("RGB", 3), "srgb": ("RGB", 3), "cmyk": ("CMYK", 4), "press": ("CMYK", 4), "gray": ("L", 1),
    "spot": ("L", 1), "indexed": ("P", 1), "bilevel": ("1", 1), "stencil": ("1", 1),
}  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """What a picture is made of; two that are equal are one object in the file."""

    width: int
    height: int
    colour: ImageColour
    bits: int = 8
    compression: Compression = "jpeg"
    quality: int = 92
    soft_mask: bool = False
    ink: str = "PANTONE 185 C"
    seed: int = 1

    @property
    def bits_stored(self) -> int:
        """Bits a channel."""
        return 1 if self.colour in ("bilevel", "stencil") else self.bits

    def encoded(self) -> tuple[bytes, dict[str, Any]]:
        """The data and the dictionary entries that say how to read them."""
        import pikepdf

        name = pikepdf.Name
        mode, _ = STORED[self.colour]
        size = (self.width, self.height)
        compression = self.compression
        if compression == "jpeg" and (self.colour in ("bilevel", "stencil", "indexed") or self.bits != 8):
            compression = "flate"  # a JPEG holds eight bits of continuous tone and nothing else
        if compression == "jpeg":
            # Adobe stores CMYK JPEGs inverted, and so does Pillow.
            inverted = {"Decode": [1, 0] * 4} if mode == "CMYK" else {}
            data = pictures.picture(*size, mode, format="JPEG", quality=self.quality, seed=self.seed)
            return data, {"Filter": name.DCTDecode, **inverted}
        if compression == "jpeg2000":
            return pictures.picture(*size, mode, format="JPEG2000", seed=self.seed), {"Filter": name.JPXDecode}
        if compression == "ccitt":
            fax = pikepdf.Dictionary(K=-1, Columns=self.width, Rows=self.height, BlackIs1=True)
            return _tiff_strip(size, mode, "group4", self.seed), {"Filter": name.CCITTFaxDecode, "DecodeParms": fax}
        if compression == "lzw" and self.bits == 8:
            return _tiff_strip(size, mode, "tiff_lzw", self.seed), {"Filter": name.LZWDecode}
        raw = pictures.image(*size, mode, self.seed).tobytes()
        if self.bits == 16:
            raw = bytes(byte for value in raw for byte in (value, value))
        return zlib.compress(raw, 6), {"Filter": name.FlateDecode}

    def space(self, pdf: pikepdf.Pdf) -> pikepdf.Object | None:
        """Its colour space; a stencil has none."""
        import pikepdf

        from makeready.testing import colours

        name = pikepdf.Name
        match self.colour:
            case "rgb":
                return name.DeviceRGB
            case "cmyk":
                return name.DeviceCMYK
            case "gray" | "bilevel":
                return name.DeviceGray
            case "spot":
                return colours.colour_space(pdf, ("spot", self.ink))[0]
            case "srgb" | "press":
                return colours.colour_space(pdf, (self.colour, *[0] * STORED[self.colour][1]))[0]
            case "indexed":
                palette = pictures.image(self.width, self.height, "P", self.seed).getpalette() or []
                table = pikepdf.String(bytes(palette[: 3 * 256]))
                return pikepdf.Array([name.Indexed, name.DeviceRGB, len(palette) // 3 - 1, table])
        return None

    def xobject(self, pdf: pikepdf.Pdf) -> pikepdf.Object:
        """The picture as an image object."""
        import pikepdf

        data, reading = self.encoded()
        stream = pikepdf.Stream(
            pdf, data, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=self.width, Height=self.height,
            BitsPerComponent=self.bits_stored, **reading,
        )  # fmt: skip
        if (space := self.space(pdf)) is not None:
            stream.ColorSpace = space
        else:
            stream.ImageMask = True
        if self.soft_mask:
            oval = pictures.image(self.width, self.height, "LA").getchannel("A").tobytes()
            stream.SMask = pikepdf.Stream(
                pdf, zlib.compress(oval), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=self.width,
                Height=self.height, BitsPerComponent=8, ColorSpace=pikepdf.Name.DeviceGray,
                Filter=pikepdf.Name.FlateDecode,
            )  # fmt: skip
        return stream

    def inline(self, pdf: pikepdf.Pdf) -> Piece:
        """The picture written into the page's own operators (ISO 32000-1, 8.9.7)."""
        short = {"rgb": "/RGB", "cmyk": "/CMYK", "gray": "/G", "bilevel": "/G"}
        resources: dict[str, dict[str, pikepdf.Object]] = {}
        if self.soft_mask:
            raise ValueError("an inline picture cannot have a soft mask")
        if self.colour == "stencil":
            space = "/IM true"
        elif self.colour in short:
            space = f"/CS {short[self.colour]}"
        else:
            found = self.space(pdf)
            if found is None or not found.is_indirect:
                raise ValueError(f"an inline picture cannot be {self.colour}")
            key = f"/CS{found.objgen[0]}"
            space, resources = f"/CS {key}", {"/ColorSpace": {key: found}}
        raw = pictures.image(self.width, self.height, STORED[self.colour][0], self.seed).tobytes()
        # As ASCII, so that no data can be taken for the operator that ends them.
        text = base64.a85encode(zlib.compress(raw), wrapcol=100) + b"~>"
        head = f"BI /W {self.width} /H {self.height} /BPC {self.bits_stored} {space} /F [/A85 /Fl] ID\n"
        return Piece(head.encode() + text + b"\nEI", resources)


def _tiff_strip(size: tuple[int, int], mode: pictures.Mode, compression: str, seed: int) -> bytes:
    """The compressed data inside a TIFF of one strip: what PDF calls LZWDecode and CCITTFaxDecode."""
    from PIL import Image, TiffImagePlugin

    out = io.BytesIO()
    rows_per_strip = {278: size[1]}
    pictures.image(*size, mode, seed).save(out, "TIFF", compression=compression, tiffinfo=rows_per_strip)
    with Image.open(out) as tiff:
        if not isinstance(tiff, TiffImagePlugin.TiffImageFile):
            raise TypeError("what was saved as TIFF is not a TIFF")
        (start,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]
    return out.getvalue()[start : start + length]
