"""The input of a job: what kind of file it is, and whether it is small enough, told by its header alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from makeready import pdf, raster
from makeready.errors import TooLarge, UnreadableFile, UsageError
from makeready.facts import Raster
from makeready.intake import Source
from makeready.service import operations
from makeready.service.child import Desk, Refused, Task
from makeready.service.errors import UnsupportedMedia
from makeready.service.sniff import HEAD, SUFFIXES, sniffed
from makeready.units import Size

#: By what names of files end with.
MEDIA_TYPES = {
    ".pdf": "application/pdf", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp",
    ".tif": "image/tiff", ".tiff": "image/tiff", ".gif": "image/gif", ".bmp": "image/bmp", ".jp2": "image/jp2",
    ".psd": "image/vnd.adobe.photoshop", ".psb": "image/vnd.adobe.photoshop", ".html": "text/html",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subject:
    """A file that may be worked on."""

    path: Path
    #: What it is called in reports, with the ending that its content has.
    name: str
    #: ``pdf`` or ``raster``.
    kind: str
    #: As clients say it: jpeg, png, pdf …
    format: str
    media_type: str
    #: What the header of a picture says; ``None`` where it is damaged, and for PDFs.
    header: Raster | None

    @property
    def source(self) -> Source:
        """As the library takes it."""
        return Source(self.name, path=self.path)

    @property
    def stem(self) -> str:
        """The name without its ending, for what is made of it."""
        return Path(self.name).stem or "file"


def look(task: Task, desk: Desk, *, kinds: Collection[str] = ("pdf", "raster")) -> Subject:
    """Look at the input of a job, and decode nothing.

    Args:
        task: its options may say what files are taken (``accept``), what it should be (``fileType``), its ``name``.
        desk: the limits.
        kinds: ``pdf``, ``raster`` or both.

    Raises:
        Refused: it is of another kind, or larger than may be.
    """
    path = task.path()
    try:
        with path.open("rb") as stream:
            format, media_type = sniffed(stream.read(HEAD))
    except UnsupportedMedia as error:
        raise Refused("UNSUPPORTED_FILE", str(error), error.hint) from error
    kind = "pdf" if format == "pdf" else "raster"
    accepted = task.options.get("accept")
    if kind not in kinds or (accepted and format not in accepted):
        wanted = ", ".join(map(_said, accepted)) if accepted else "a picture" if "raster" in kinds else "a PDF"
        raise Refused(
            "UNSUPPORTED_FILE", f"This is a {_said(format)} file, which is not taken here.", f"Send {wanted}."
        )
    stated = task.options.get("fileType")
    if stated and _plain(stated) != format:
        raise Refused(
            "UNSUPPORTED_FILE",
            f"The request says that this is a {_said(_plain(stated))} file, and it is a {_said(format)} file.",
            "Send the other file, or leave the type out.",
        )
    header = _small_enough(path, kind, desk)
    name = Path(str(task.options.get("name") or path.name)).name
    if Path(name).suffix.lower() not in SUFFIXES[format]:
        # What has no ending gets one; a wrong one stays for the checks to find.
        name = name if Path(name).suffix else f"{name}{SUFFIXES[format][0]}"
    return Subject(path, name, kind, format, media_type, header)


def _small_enough(path: Path, kind: str, desk: Desk) -> Raster | None:
    """The header of a picture, if it can be read.

    Raises:
        Refused: it has more pixels or pages than may be.
    """
    try:
        if kind == "raster":
            return raster.read(path, max_pixels=int(desk.limits.megapixels * 1e6))
        pages = pdf.read(path, pages=()).page_count
    except TooLarge as error:
        raise Refused("FILE_TOO_LARGE", str(error), "Send it smaller.") from error
    except UnreadableFile:  # what is wrong with it is for the work to say
        return None
    if pages > desk.limits.pages:
        raise Refused(
            "FILE_TOO_LARGE", f"The PDF has {pages} pages; the limit is {desk.limits.pages}.", "Send it in parts."
        )
    return None


def network(options: Mapping[str, Any], usual: str) -> str:
    """The name of the network that a job chooses.

    Raises:
        UsageError: it would be a file of this machine.
    """
    name = str(options.get("model") or usual)
    if not operations.is_name(name):
        raise UsageError(f"There is no model {name!r}.", "Name one that is installed.")
    return name


def canvas(options: Any) -> Size | None:
    """The printed size that a job names.

    Raises:
        UsageError: it is none.
    """
    from makeready.inspection import as_size

    given = options.get("canvas")
    if given is None or isinstance(given, str):
        return as_size(given)
    try:
        width, height = (float(side) for side in given)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The canvas {given!r} is no size.", "Give width and height in inches.") from error
    return as_size((width, height))


def _plain(stated: Any) -> str:
    """A type of file as clients write it."""
    word = str(stated).strip().lower().removeprefix(".").rpartition("/")[2]
    return {"jpg": "jpeg", "tif": "tiff"}.get(word, word)


def _said(format: str) -> str:
    return {"webp": "WebP", "jp2": "JPEG 2000"}.get(format, format.upper())
