"""The kind of a file, by its bytes: real files of every kind, and what others pretend to be."""

from __future__ import annotations

import io

import pikepdf
import pytest
from PIL import Image

from makeready.service.errors import UnsupportedMedia
from makeready.service.sniff import HEAD, SUFFIXES, sniffed


def picture(format: str, **options: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(written, format, **options)
    return written.getvalue()


def pdf() -> bytes:
    written = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("format", "kind", "media_type"),
    [
        ("JPEG", "jpeg", "image/jpeg"),
        ("PNG", "png", "image/png"),
        ("WEBP", "webp", "image/webp"),
        ("TIFF", "tiff", "image/tiff"),
        ("GIF", "gif", "image/gif"),
        ("BMP", "bmp", "image/bmp"),
        ("JPEG2000", "jp2", "image/jp2"),
    ],
)
def test_pictures_that_pillow_wrote(format: str, kind: str, media_type: str) -> None:
    data = picture(format)
    assert sniffed(data) == (kind, media_type)
    assert sniffed(data[:HEAD]) == (kind, media_type)
    # Pillow's own registry of media types is the truth; BMP has no registered rival.
    assert Image.MIME[format] == media_type
    assert Image.registered_extensions()[SUFFIXES[kind][0]] == format


def test_a_pdf_also_behind_other_bytes() -> None:
    assert sniffed(pdf()) == ("pdf", "application/pdf")
    assert sniffed(b"\x00\x01 mail header\r\n" + pdf()) == ("pdf", "application/pdf")


def test_photoshop_files_small_and_big() -> None:
    assert sniffed(b"8BPS\0\1" + bytes(30))[0] == "psd"
    assert sniffed(b"8BPS\0\2" + bytes(30))[0] == "psb"


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><title>Log in</title>", "web page"),
        (b"\xef\xbb\xbf\r\n <HTML lang=en>", "web page"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"PK\x03\x04....", "ZIP"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\x7fELF", "no known kind"),
        (b"BMxxxx not a picture", "no known kind"),
        (b"RIFF\0\0\0\0WAVEfmt ", "no known kind"),
    ],
)
def test_others_are_refused_by_what_they_are(head: bytes, says: str) -> None:
    with pytest.raises(UnsupportedMedia, match=says) as refused:
        sniffed(head)
    assert refused.value.http_status == 415
    assert refused.value.hint


def test_each_kind_has_a_suffix_of_its_own() -> None:
    all_of_them = [suffix for suffixes in SUFFIXES.values() for suffix in suffixes]
    assert len(all_of_them) == len(set(all_of_them))
