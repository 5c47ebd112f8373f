"""What kind of file this is, by its first bytes: names and media types that clients send are not asked."""

from __future__ import annotations

from collections.abc import Mapping

from makeready.errors import UnreadableFile
from makeready.intake import Source, kind_of
from makeready.service.errors import UnsupportedMedia

#: As many first bytes as tell every kind.
HEAD = 2048

#: The engine's formats, so that what is taken here can be read there: kind and media type.
_KINDS: Mapping[str, tuple[str, str]] = {
    "JPEG": ("jpeg", "image/jpeg"),
    "PNG": ("png", "image/png"),
    "WebP": ("webp", "image/webp"),
    "TIFF": ("tiff", "image/tiff"),
    "GIF": ("gif", "image/gif"),
    "BMP": ("bmp", "image/bmp"),
    "PSD": ("psd", "image/vnd.adobe.photoshop"),
    "PSB": ("psb", "image/vnd.adobe.photoshop"),
    "JPEG 2000": ("jp2", "image/jp2"),
    "PDF": ("pdf", "application/pdf"),
}
#: How names of each kind end, the usual way first.
SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "png": (".png",),
    "webp": (".webp",),
    "tiff": (".tif", ".tiff"),
    "gif": (".gif",),
    "bmp": (".bmp",),
    "psd": (".psd",),
    "psb": (".psb",),
    "jp2": (".jp2", ".jpx", ".jpf", ".j2k"),
    "pdf": (".pdf", ".ai"),
}
#: The formats as clients read them.
NAMES = "JPEG, PNG, WebP, TIFF, GIF, BMP, PSD, JPEG 2000 or PDF"
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body")


def sniffed(head: bytes) -> tuple[str, str]:
    """The kind of a file (``jpeg``, ``png``, ``webp``, ``tiff``, ``gif``, ``bmp``, ``psd``, ``psb``, ``jp2``, ``pdf``).

    Args:
        head: its first bytes, ``HEAD`` of them or all it has.

    Returns:
        The kind, and its media type.

    Raises:
        UnsupportedMedia: it is empty, or of a kind that is not read here; the message says which where it is known.
    """
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_WEB_PAGE):
        raise UnsupportedMedia("This is a web page (HTML), not a picture or a PDF.", f"Send a {NAMES} file.")
    try:
        _, name = kind_of(Source("file", data=head[:HEAD]))
    except UnreadableFile as error:
        raise UnsupportedMedia(str(error), error.hint) from error
    return _KINDS[name]
