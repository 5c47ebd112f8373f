"""What a mended picture says of itself: density, orientation and profile are set right, the rest is kept."""

from __future__ import annotations

import io
import re
import struct
from fractions import Fraction
from functools import cache
from pathlib import Path

import pyvips

from makeready import icc
from makeready.facts import Raster
from makeready.raster import jpeg, photoshop
from makeready.raster.source import Source

_MM_PER_INCH = 25.4
# TIFF 6.0, section 8.
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, _NO_UNIT, _INCH = 282, 283, 296, 1, 2
_SHORT, _RATIONAL = 3, 5
_DENSITY_TAGS = (_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT)
_APP0, _APP1, _APP2, _APP13, _APP14 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
_EXIF = b"Exif\0\0"
#: An empty directory.
_NO_EXIF = struct.pack("<2sHIHI", b"II", 42, 8, 0, 0)
#: A segment of JPEG counts its bytes in 16 bits.
_MOST_EXIF = 65_500
_JFIF_INCH = 1
_PHOTOSHOP = b"Photoshop 3.0\0"
#: Photoshop's resources: IPTC, copyright flag, web address (Adobe Photoshop File Formats Specification).
_IN_WORDS = (_IPTC := 1028, 1034, 1035)


@cache
def srgb_profile() -> bytes:
    """The small sRGB profile that libvips has built in: the same bytes every time."""
    return bytes(pyvips.Operation.call("profile_load", "srgb"))


#: The colour spaces of ICC profiles that libvips stores with a picture of so many channels of colour.
_FITTING = {1: "Gray", 3: "RGB", 4: "CMYK"}


def fits(profile: bytes, image: pyvips.Image) -> bool:
    """Whether a profile is for the colours of a picture; what does not fit is not written."""
    if image.interpretation in ("lab", "labs"):
        return icc.read_header(profile).colour_space == "Lab"
    return icc.read_header(profile).colour_space == _FITTING.get(image.bands - bool(image.hasalpha()))


def corrected(
    image: pyvips.Image, header: Raster | None, density: tuple[float, float] | None, format: str
) -> pyvips.Image:
    """The picture with metadata that are true of it.

    A file that names sRGB without a profile (a PNG chunk, an EXIF tag) would lose that: it is given the profile.
    A profile for other colours than the picture's is left out: no program can use it, and libvips does not write it.
    The thumbnail and the related picture's size of EXIF, and Photoshop's paths and guides, are of the picture as it
    was: they are left out.

    Args:
        image: the pipeline.
        header: of the input; ``None`` where there is no file that the picture came from.
        density: pixels per inch, or ``None`` for "not known", which libvips writes as 0.
        format: that it will be written in.
    """
    across, along = density or (0.0, 0.0)
    image = image.copy(xres=across / _MM_PER_INCH, yres=along / _MM_PER_INCH)
    fields = image.get_fields()
    if "resolution-unit" in fields:
        image.set("resolution-unit", "in")
    if "icc-profile-data" in fields and not fits(bytes(image.get("icc-profile-data")), image):
        image.remove("icc-profile-data")
        fields.remove("icc-profile-data")
    tagged = header is not None and header.colour_tag is not None
    if tagged and "icc-profile-data" not in fields and image.interpretation in ("srgb", "rgb16"):
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", srgb_profile())
    for name in fields:
        if name == "jpeg-thumbnail-data" or name.startswith(("exif-ifd1-", "exif-ifd4-RelatedImage")):
            image.remove(name)
    _set_words(image, format)
    if "xmp-data" in fields:
        turn = image.get("orientation") if "orientation" in fields else 1
        xmp = _xmp(bytes(image.get("xmp-data")), turn, density, (image.width, image.height))
        image.set_type(pyvips.GValue.blob_type, "xmp-data", xmp)
    return image


def _set_words(image: pyvips.Image, format: str) -> None:
    """Put IPTC where the format has it: among Photoshop's resources, which libvips calls by two names.

    IPTC in a tag of TIFF's own is cut to a quarter by libvips 8.18; that tag is left out.
    """
    held = {name: bytes(image.get(name)) for name in ("photoshop-data", "iptc-data") if image.get_typeof(name)}
    words: dict[int, bytes] = {}
    for data in held.values():
        if data.startswith(b"\x1c"):  # IPTC by itself
            words.setdefault(_IPTC, data)
        else:
            words = _in_words(data.removeprefix(_PHOTOSHOP)) | words
    for name in held:
        image.remove(name)
    block = b"".join(
        struct.pack(">4sHHI", b"8BIM", number, 0, len(data)) + data + bytes(len(data) & 1)
        for number, data in sorted(words.items())
    )
    if block and format == "TIFF":
        image.set_type(pyvips.GValue.blob_type, "photoshop-data", block)
    elif block and format == "JPEG":
        image.set_type(pyvips.GValue.blob_type, "iptc-data", _PHOTOSHOP + block)


def _in_words(block: bytes) -> dict[int, bytes]:
    """Of Photoshop's resources those that stay true: what is told in words, not paths, guides and the old size."""
    source = Source(io.BytesIO(block), "Photoshop resources")
    found = photoshop.resources(source, 0, source.size)
    return {number: source.upto(at, size) for number, at, size in found if number in _IN_WORDS}


def _xmp(packet: bytes, turn: int, density: tuple[float, float] | None, size: tuple[int, int]) -> bytes:
    """Set the copies of TIFF and EXIF tags that XMP may hold (XMP specification, part 2), as attribute or element."""
    said = {b"tiff:Orientation": b"%d" % turn}
    if density is not None:
        said |= {b"tiff:XResolution": _ratio_text(density[0]), b"tiff:YResolution": _ratio_text(density[1])}
        said[b"tiff:ResolutionUnit"] = b"%d" % _INCH
    across, down = (b"%d" % side for side in size)
    said |= {b"tiff:ImageWidth": across, b"tiff:ImageLength": down}
    said |= {b"exif:PixelXDimension": across, b"exif:PixelYDimension": down}
    for name, value in said.items():
        pattern = rb"(\b%s(?:\s*=\s*[\"']|>))[^<\"']*" % name
        packet = re.sub(pattern, lambda found, value=value: found[1] + value, packet)  # type: ignore[misc]
    return packet


def _ratio(number: float) -> tuple[int, int]:
    fraction = Fraction(number).limit_denominator(100_000)
    return fraction.numerator, fraction.denominator


def _ratio_text(number: float) -> bytes:
    return b"%d/%d" % _ratio(number)


def without_unit(path: Path) -> None:
    """Say that the resolution of a TIFF is only a ratio of sides: libvips has no word for "not known".

    The tag is there: libvips has just written it, in the machine's byte order.
    """
    with path.open("r+b") as file:
        order = "<" if file.read(2) == b"II" else ">"
        (version,) = struct.unpack(f"{order}H", file.read(2))
        count_form, offset_form, entry = ("H", "I", 12) if version == 42 else ("Q", "Q", 20)
        file.seek(4 if version == 42 else 8)
        (at,) = struct.unpack(f"{order}{offset_form}", file.read(struct.calcsize(offset_form)))
        file.seek(at)
        (count,) = struct.unpack(f"{order}{count_form}", file.read(struct.calcsize(count_form)))
        start = file.tell()
        for place in range(start, start + count * entry, entry):
            file.seek(place)
            if struct.unpack(f"{order}H", file.read(2)) == (_RESOLUTION_UNIT,):
                file.seek(place + entry - (4 if version == 42 else 8))
                file.write(struct.pack(f"{order}H", _NO_UNIT))


def jpeg_with_density(data: bytes, density: tuple[float, float]) -> bytes:
    """A JPEG with another density: JFIF, EXIF and Photoshop's note say it, the picture data stay byte for byte.

    Args:
        data: the file.
        density: pixels per inch across and along.
    """
    jfif = struct.pack(">HBHH", 0x0102, _JFIF_INCH, *(min(65_535, max(1, round(ppi))) for ppi in density))
    # Where there is no JFIF none is made: decoders would take Adobe's RGB for YCbCr.
    head, exif, others = b"", _exif(_NO_EXIF, density), bytearray()
    end = 2
    for marker, start, length in jpeg.segments(Source(io.BytesIO(data), "The file"), 2):
        body = data[start : start + length]
        if marker == _APP0 and body[:5] == b"JFIF\0" and length >= 14:
            head = _segment(_APP0, body[:5] + jfif + body[12:])
        elif marker == _APP1 and body[:6] == _EXIF:
            exif = _exif(body[6:], density)
        elif marker in (_APP0, _APP1, _APP2, _APP13, _APP14):
            if marker == _APP13 and body[:14] == _PHOTOSHOP:
                body = _PHOTOSHOP + _photoshop(body[14:], density)
            others += _segment(marker, body)
        else:
            break
        end = start + length
    return b"\xff\xd8" + head + _segment(_APP1, _EXIF + exif) + bytes(others) + data[end:]


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _exif(block: bytes, density: tuple[float, float]) -> bytes:
    """An EXIF block with a new main directory at its end, which says the density; all else stays where it is.

    One that is damaged, or has no room left in its segment, stays as it is: then JFIF alone says it.
    """
    order = "<" if block[:2] == b"II" else ">"
    try:
        (at,) = struct.unpack_from(f"{order}I", block, 4)
        (count,) = struct.unpack_from(f"{order}H", block, at)
        entries = {
            struct.unpack_from(f"{order}H", block, place)[0]: block[place : place + 12]
            for place in range(at + 2, at + 2 + 12 * count, 12)
        }
        link = block[at + 2 + 12 * count :][:4].ljust(4, b"\0")
    except struct.error:
        return block
    block += bytes(len(block) & 1)
    values_at = len(block) + 2 + 12 * len(entries | dict.fromkeys(_DENSITY_TAGS)) + 4
    entries[_X_RESOLUTION] = struct.pack(f"{order}HHII", _X_RESOLUTION, _RATIONAL, 1, values_at)
    entries[_Y_RESOLUTION] = struct.pack(f"{order}HHII", _Y_RESOLUTION, _RATIONAL, 1, values_at + 8)
    entries[_RESOLUTION_UNIT] = struct.pack(f"{order}HHIHH", _RESOLUTION_UNIT, _SHORT, 1, _INCH, 0)
    directory = struct.pack(f"{order}H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + link
    values = struct.pack(f"{order}IIII", *_ratio(density[0]), *_ratio(density[1]))
    made = block[:4] + struct.pack(f"{order}I", len(block)) + block[8:] + directory + values
    return made if len(made) < _MOST_EXIF else block


def _photoshop(block: bytes, density: tuple[float, float]) -> bytes:
    """Photoshop's resources with the density set where it is."""
    out = bytearray(block)
    for number, at, size in photoshop.resources(Source(io.BytesIO(block), "Photoshop resources"), 0, len(block)):
        if number == photoshop.RESOLUTION and 16 <= size <= len(block) - at:
            across, along = (round(ppi * 65536) for ppi in density)
            struct.pack_into(">I", out, at, across)
            struct.pack_into(">I", out, at + 8, along)
    return bytes(out)
