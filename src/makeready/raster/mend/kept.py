"""What of a picture's density and metadata outlives an edit: as much as was asked for, and nothing else.

Whoever edits a picture makes a new one of it: camera, place, thumbnail and history are of the old one. What may be kept
is the XMP packet, or who owns the picture and what was said of it (EXIF's Copyright and UserComment).
"""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from typing import Literal

import pyvips

from makeready.raster.mend import owner
from makeready.raster.mend.working import Density, Working
from makeready.raster.picture import opened

Policy = Literal["never", "xmp", "exif_subset", "exif_subset_with_xmp"]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file says beside its pixels, as far as it may be kept."""

    #: Pixels per inch across and down, as displayed; ``None`` where it does not say.
    density: Density | None = None
    xmp: bytes | None = None
    #: As stored, without the zero at its end.
    copyright: bytes | None = None
    #: With its eight letters that name the code; UTF-16 is in little-endian order.
    comment: bytes | None = None


def origin(work: Working) -> Origin:
    """What the file on the bench says; EXIF that is damaged says nothing."""
    density = work.density
    if density is not None and work.orientation > 4:  # stored lying on its side
        density = density[1], density[0]
    image = work.image
    xmp = bytes(image.get("xmp-data")) if image.get_typeof("xmp-data") else None
    return Origin(density, xmp, *_words(work))


def _words(work: Working) -> tuple[bytes | None, bytes | None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata: an edit is not the place to judge it
            return _read(work)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error):
        return None, None


def _read(work: Working) -> tuple[bytes | None, bytes | None]:
    with opened(work.source, work.header.width_px * work.header.height_px) as image:
        exif = image.getexif()
        right, comment = exif.get(owner.COPYRIGHT), exif.get_ifd(owner.EXIF_IFD).get(owner.USER_COMMENT)
        order = exif.endian
    if isinstance(right, str):  # which is how Pillow reads it, byte by byte
        right = right.encode("latin-1", "ignore")
    if isinstance(comment, str):
        comment = owner.IN_ASCII + comment.encode("latin-1", "ignore")
    if isinstance(comment, bytes) and comment.startswith(owner.IN_UNICODE) and order == ">":
        body = comment[len(owner.IN_UNICODE) :]
        comment = owner.IN_UNICODE + body[: len(body) & ~1].decode("utf-16-be", "replace").encode("utf-16-le")
    return (
        right.rstrip(b"\0 ") or None if isinstance(right, bytes) else None,
        comment if isinstance(comment, bytes) and owner.text(comment).strip() else None,
    )


def with_kept(image: pyvips.Image, origin: Origin, policy: Policy) -> pyvips.Image:
    """A picture that says what is to be kept, in the fields from which libvips writes it."""
    fields: dict[str, bytes] = {}
    if policy == "xmp" and origin.xmp:
        fields["xmp-data"] = origin.xmp
    if policy.startswith("exif") and (origin.copyright or origin.comment):
        fields["exif-data"] = b"Exif\0\0" + owner.block(origin.copyright, origin.comment)
        # libvips writes no EXIF into a TIFF: whoever saves one takes it from here.
        fields |= {owner.COPYRIGHT_FIELD: origin.copyright or b"", owner.COMMENT_FIELD: origin.comment or b""}
        if policy == "exif_subset_with_xmp":
            fields["xmp-data"] = owner.packet(origin.copyright, origin.comment)
    image = image.copy()
    for name, value in fields.items():
        image.set_type(pyvips.GValue.blob_type, name, value)
    return image
