"""Raster files for the tests here: written by Pillow where it can, put together by hand where it cannot."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from PIL import Image, ImageCms

#: TIFF type and values, or ``bytes``, which become type 7 (UNDEFINED).
Tag = tuple[int, tuple[int, ...]] | bytes
SHORT, LONG, RATIONAL = 3, 4, 5
_CODES = {SHORT: "H", LONG: "I", RATIONAL: "I"}


def build_tiff(*pages: Mapping[int, Tag], order: str = "<", big: bool = False, pixels: bytes = bytes(64)) -> bytes:
    """A TIFF with these tags, besides those of an 8-bit gray picture of 4 × 4; all pages share the pixels."""
    field, count_field, head = ("Q", "Q", 16) if big else ("I", "H", 8)
    width = struct.calcsize(f"={field}")
    out = bytearray({"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}H", 43 if big else 42)).ljust(head, b"\0")
    if big:
        struct.pack_into(f"{order}H", out, 4, 8)
    link = head - width
    out += pixels
    for page in pages or ({},):
        tags: dict[int, Tag] = {
            256: (SHORT, (4,)),
            257: (SHORT, (4,)),
            258: (SHORT, (8,)),
            259: (SHORT, (1,)),
            262: (SHORT, (1,)),
            273: (LONG, (head,)),
            279: (LONG, (len(pixels),)),
        }
        rows = b""
        for number, tag in sorted((tags | dict(page)).items()):
            kind, values = (7, tuple(tag)) if isinstance(tag, bytes) else tag
            value = struct.pack(f"{order}{len(values)}{_CODES.get(kind, 'B')}", *values)
            count = len(values) // 2 if kind == RATIONAL else len(values)
            if len(value) > width:
                value, at = struct.pack(order + field, len(out)), value
                out += at
            rows += struct.pack(f"{order}HH{field}", number, kind, count) + value.ljust(width, b"\0")
        struct.pack_into(order + field, out, link, len(out))
        out += struct.pack(order + count_field, len(rows) // (4 + 2 * width)) + rows
        link = len(out)
        out += bytes(width)
    return bytes(out)


def build_psd(
    mode: int = 3,
    channels: int = 3,
    *,
    depth: int = 8,
    big: bool = False,
    layers: int | None = None,
    resources: Mapping[int, bytes] | None = None,
    deep_layers: int | None = None,
) -> bytes:
    """A PSD of 6 × 4 pixels. ``layers`` is the number in the layer list, ``deep_layers`` the one in an Lr16 block."""
    long = ">Q" if big else ">I"
    blocks = b"".join(
        b"8BIM" + struct.pack(">H", number) + b"\0\0" + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)
        for number, data in (resources or {}).items()
    )
    section = b""
    if layers is not None:
        info = struct.pack(">h", layers) + bytes(2)
        section = struct.pack(long, len(info)) + info + bytes(4)
    elif deep_layers is not None:
        info = struct.pack(">h", deep_layers) + bytes(2)
        section = struct.pack(long, 0) + bytes(4) + b"8BIMLr16" + struct.pack(long, len(info)) + info
    colours = bytes(768) if mode == 2 else b""
    return b"".join(
        (
            b"8BPS" + struct.pack(">H6xHIIHH", 2 if big else 1, channels, 4, 6, depth, mode),
            struct.pack(">I", len(colours)) + colours,
            struct.pack(">I", len(blocks)) + blocks,
            struct.pack(long, len(section)) + section,
            bytes(2) + bytes(channels * 24 * max(depth // 8, 1)),
        )
    )


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def jp2_box(kind: bytes, data: bytes) -> bytes:
    """One box of a JP2 file."""
    return struct.pack(">I", 8 + len(data)) + kind + data


def encode(image: Image.Image, format: str, append_images: Sequence[Image.Image] = (), **settings: Any) -> bytes:
    """Let Pillow write it; copies, because it leaves the settings of the last format on an image."""
    out = io.BytesIO()
    if append_images:
        settings |= {"save_all": True, "append_images": [more.copy() for more in append_images]}
    image.copy().save(out, format, **settings)
    return out.getvalue()


@pytest.fixture(scope="session")
def tiff() -> Callable[..., bytes]:
    """Builds TIFF files of any tags."""
    return build_tiff


@pytest.fixture(scope="session")
def psd() -> Callable[..., bytes]:
    """Builds PSD files."""
    return build_psd


@pytest.fixture(scope="session")
def chunk() -> Callable[[bytes, bytes], bytes]:
    """Builds PNG chunks."""
    return png_chunk


@pytest.fixture(scope="session")
def box() -> Callable[[bytes, bytes], bytes]:
    """Builds JP2 boxes."""
    return jp2_box


@pytest.fixture(scope="session")
def encoded() -> Callable[..., bytes]:
    """A Pillow image as a file."""
    return encode


@pytest.fixture(scope="session")
def rgb() -> Image.Image:
    """A noisy picture of 40 × 30."""
    bands = [Image.effect_noise((40, 30), 60 + 20 * band) for band in range(3)]
    return Image.merge("RGB", bands)


@pytest.fixture(scope="session")
def srgb_icc() -> bytes:
    """An sRGB display profile."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x011A] = exif[0x011B] = 240.0
    exif[0x0128] = 2
    return exif


@pytest.fixture(scope="session")
def samples(rgb: Image.Image, srgb_icc: bytes) -> dict[str, bytes]:
    """Files of every format and most of their kinds, by file name."""
    cmyk, gray, bilevel, indexed = (rgb.convert(mode) for mode in ("CMYK", "L", "1", "P"))
    clear = rgb.copy()
    clear.putalpha(gray.point(lambda level: 255 if level > 128 else 0))
    deep = Image.new("I;16", (40, 30), 40000)
    more = [rgb.rotate(90), rgb.rotate(180)]
    quarter = (RATIONAL, (600, 2))
    density = {282: quarter, 283: quarter, 296: (SHORT, (2,))}
    return {
        "rgb.jpg": encode(rgb, "JPEG", dpi=(300, 150), icc_profile=srgb_icc),
        "gray.jpg": encode(gray, "JPEG", quality=30),
        "cmyk.jpg": encode(cmyk, "JPEG", dpi=(72, 72)),
        "progressive.jpg": encode(rgb, "JPEG", progressive=True),
        "turned.jpg": encode(rgb, "JPEG", exif=_exif(6)),
        "big-profile.jpg": encode(rgb, "JPEG", icc_profile=srgb_icc + bytes(150_000)),
        "several.mpo": encode(rgb, "MPO", append_images=more),
        "rgb.png": encode(rgb, "PNG", dpi=(300, 300), icc_profile=srgb_icc),
        "turned.png": encode(rgb, "PNG", exif=_exif(8)),
        "clear.png": encode(clear, "PNG"),
        "gray-alpha.png": encode(clear.convert("LA"), "PNG"),
        "keyed.png": encode(rgb, "PNG", transparency=(1, 2, 3)),
        "indexed.png": encode(indexed, "PNG", transparency=3, bits=8),
        "two-bit.png": encode(rgb.quantize(4), "PNG", bits=2),
        "bilevel.png": encode(bilevel, "PNG"),
        "deep.png": encode(deep, "PNG"),
        "moving.png": encode(rgb, "PNG", append_images=more),
        "rgb.tif": encode(rgb, "TIFF", dpi=(300, 300), icc_profile=srgb_icc),
        "lzw.tif": encode(rgb, "TIFF", compression="tiff_lzw", resolution_unit="cm", resolution=120),
        "deflate.tif": encode(clear, "TIFF", compression="tiff_adobe_deflate"),
        "packbits.tif": encode(gray, "TIFF", compression="packbits"),
        "group4.tif": encode(bilevel, "TIFF", compression="group4"),
        "jpeg.tif": encode(rgb, "TIFF", compression="jpeg"),
        "cmyk.tif": encode(cmyk, "TIFF", compression="tiff_lzw", dpi=(300, 300)),
        "lab.tif": encode(Image.new("LAB", (40, 30)), "TIFF"),
        "indexed.tif": encode(indexed, "TIFF"),
        "deep.tif": encode(deep, "TIFF"),
        "float.tif": encode(Image.new("F", (40, 30)), "TIFF"),
        "big.tif": encode(rgb, "TIFF", big_tiff=True),
        "pages.tif": encode(rgb, "TIFF", append_images=more),
        "turned.tif": encode(rgb, "TIFF", tiffinfo={274: 6}),
        "motorola.tif": build_tiff(density, order=">"),
        "big-motorola.tif": build_tiff(density, {}, order=">", big=True),
        "lossy.webp": encode(rgb, "WEBP", icc_profile=srgb_icc, exif=_exif(3)),
        "lossless.webp": encode(rgb, "WEBP", lossless=True),
        "clear.webp": encode(clear, "WEBP", lossless=True),
        "clear-lossy.webp": encode(clear, "WEBP"),
        "moving.webp": encode(rgb, "WEBP", append_images=more),
        "still.gif": encode(indexed, "GIF"),
        "moving.gif": encode(rgb, "GIF", append_images=more),
        "clear.gif": encode(clear, "GIF"),
        "rgb.bmp": encode(rgb, "BMP", dpi=(300, 300)),
        "reserved.bmp": encode(clear, "BMP"),
        "indexed.bmp": encode(indexed, "BMP"),
        "gray.bmp": encode(gray, "BMP"),
        "bilevel.bmp": encode(bilevel, "BMP"),
        "rgb.psd": build_psd(
            resources={1005: struct.pack(">IHHIHH", 300 << 16, 1, 1, 300 << 16, 1, 1), 1039: srgb_icc}
        ),
        "cmyk.psd": build_psd(4, 4),
        "deep.psd": build_psd(1, 1, depth=16),
        "large.psb": build_psd(big=True),
        "rgb.jp2": encode(rgb, "JPEG2000"),
        "gray.jp2": encode(gray, "JPEG2000"),
        "clear.jp2": encode(clear, "JPEG2000"),
        "bare.j2k": encode(rgb, "JPEG2000", no_jp2=True),
    }
