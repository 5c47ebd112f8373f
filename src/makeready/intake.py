"""From a path, bytes or a stream to facts: what kind of file it is, and who reads it.

The kind is told by content, never by name. What no reader knows ends as ``UnreadableFile`` with a reason.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from makeready import pdf, raster
from makeready.errors import UnreadableFile
from makeready.facts import Artwork
from makeready.raster import MAX_PIXELS
from makeready.results import FileInfo
from makeready.units import Size

#: Suffixes that are looked for when a folder is walked. A file given by name is always tried.
SUFFIXES = frozenset(
    {".pdf", ".ai", ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".webp", ".gif", ".bmp", ".psd", ".psb",
     ".jp2", ".jpx", ".j2k", ".jpf", ".mpo"}
)  # fmt: skip
_HEAD = 2048
_OTHER_KINDS = {
    b"%!PS": "PostScript",
    b"\xc5\xd0\xd3\xc6": "EPS with a preview",
    b"PK\x03\x04": "a ZIP archive (or an office document)",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"<svg": "SVG",
    b"<?xml": "XML",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where the bytes are: in a file or in memory, and the name to call it by."""

    name: str
    path: Path | None = None
    data: bytes | None = None

    @classmethod
    def of(cls, given: str | Path | bytes | BinaryIO, name: str | None = None) -> Source:
        """Wrap what a caller hands in; a stream is read to its end."""
        if isinstance(given, str | Path):
            return cls(name or str(given), path=Path(given))
        if isinstance(given, bytes | bytearray | memoryview):
            return cls(name or "artwork", data=bytes(given))
        return cls(name or str(getattr(given, "name", "artwork")), data=given.read())

    @property
    def native(self) -> Path | bytes:
        """What the readers take."""
        if self.path is None:
            return self.data or b""
        try:
            os.fspath(self.path).encode("utf-8")
        except UnicodeEncodeError:  # MuPDF takes names as UTF-8 only; the bytes it takes as they are
            return self.path.read_bytes()
        return self.path

    def head(self) -> bytes:
        """The first bytes.

        Raises:
            UnreadableFile: not there, a folder, not a plain file, no permission, or empty.
        """
        if self.path is None:
            head = (self.data or b"")[:_HEAD]
        else:
            # os.path says no where Path's methods raise: names too long, folders closed to us.
            if not os.path.exists(self.path):
                raise UnreadableFile("There is no such file.", "Check the name and the folder.")
            if os.path.isdir(self.path) and not os.access(self.path, os.R_OK | os.X_OK):
                raise UnreadableFile("The folder cannot be entered.", "Check its permissions.")
            if not os.path.isfile(self.path):  # a fifo or a device would block for ever
                raise UnreadableFile(f"{self.path.name} is not a file.", "Name a file, or a folder to walk.")
            try:
                with self.path.open("rb") as stream:
                    head = stream.read(_HEAD)
            except OSError as error:
                raise UnreadableFile(
                    f"{self.path.name} cannot be opened: {error.strerror}.", "Check its permissions."
                ) from error
        if not head:
            raise UnreadableFile("The file is empty (0 bytes).", "Send it again: the transfer was probably cut off.")
        return head

    def size(self) -> int | None:
        """Bytes, or ``None`` when there is no such file."""
        if self.path is None:
            return len(self.data or b"")
        try:
            return self.path.stat().st_size
        except OSError:
            return None

    def sha256(self) -> str | None:
        """The fingerprint of the whole content, or ``None`` when it cannot be read."""
        if self.path is None:
            return hashlib.sha256(self.data or b"").hexdigest()
        try:
            with self.path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:
            return None

    def info(self, kind: str | None = None, format: str | None = None) -> FileInfo:
        """What a report says of the file."""
        plain = self.path is None or os.path.isfile(self.path)
        return FileInfo(self.name, kind, format, self.size(), self.sha256() if plain else None)

    @property
    def extension(self) -> str:
        """Lower case, without the dot."""
        return Path(self.name).suffix.removeprefix(".").lower()


def kind_of(source: Source) -> tuple[str, str]:
    """The kind (``pdf`` or ``raster``) and format of a file, by its first bytes.

    Raises:
        UnreadableFile: it is empty, cannot be opened, or is of no kind we read.
    """
    head = source.head()
    if found := raster.recognises(head):
        return "raster", found
    if pdf.recognises(head):
        return "pdf", "PDF"
    for magic, name in _OTHER_KINDS.items():
        if head.lstrip().startswith(magic):
            raise UnreadableFile(f"This is {name}, which is not read here.", "Export it as PDF, TIFF, JPEG or PNG.")
    raise UnreadableFile(
        "The content is of no known kind.",
        "PDF, TIFF, JPEG, PNG, WebP, GIF, BMP and PSD can be read; export it as one.",
    )


def read(
    source: Source,
    *,
    canvas: Size | None = None,
    pages: Collection[int] | None = None,
    needs: Collection[str] = (),
    max_pixels: int | None = MAX_PIXELS,
    progress: Callable[[int, int], None] | None = None,
) -> Artwork:
    """The facts of a file.

    Args:
        source: where the bytes are.
        canvas: the size it will be printed at, when known.
        pages: the page numbers to look at; all when left out.
        needs: costly facts to gather besides; their names are the keys of ``registry.NEEDS``.
        max_pixels: a raster with more is refused before anything is decoded.
        progress: called with (pages done, pages in all).

    Raises:
        UnreadableFile: or one of its kinds, with what is wrong and what to do.
    """
    kind, _ = kind_of(source)
    size = source.size() or 0
    if kind == "raster":
        if pages is not None and 1 not in pages:
            raise _no_such_pages(1)
        facts = raster.read(source.native, max_pixels=max_pixels)
        artwork = raster.artwork(source.name, facts, bytes=size, canvas=canvas)
        studies = raster.studies(source.native, artwork, needs, max_pixels)
        return replace(artwork, pixel_studies=studies, extension=source.extension)
    artwork = pdf.read(source.native, pages=pages, needs=needs, progress=progress)
    if pages is not None and not artwork.pages:
        raise _no_such_pages(artwork.page_count)
    return replace(artwork, bytes=size, extension=source.extension, canvas=canvas)


def _no_such_pages(count: int) -> UnreadableFile:
    return UnreadableFile(f"None of the pages asked for is there: the file has {count}.", "Pages count from 1.")
