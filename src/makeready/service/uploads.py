"""Files that clients send with a request: looked at by their headers, kept, and only then worth any money."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread

from makeready import raster
from makeready.errors import TooLarge, UnreadableFile
from makeready.facts import Raster
from makeready.service.errors import InvalidRequest, ServiceError, TooMuchData, Unavailable, UnsupportedMedia
from makeready.service.files import DAY, File
from makeready.service.names import clean_name
from makeready.service.sniff import HEAD, SUFFIXES, sniffed

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

    from makeready.service.core import Service

#: Bytes that are read from a form's file at a time.
_CHUNK = 1 << 20
_NAMES = {"webp": "WebP", "jp2": "JPEG 2000"}


#: What came with the request that is being served, and belongs to no job yet.
_SENT: ContextVar[list[File] | None] = ContextVar("sent", default=None)


@dataclass(frozen=True, slots=True)
class Artwork:
    """A picture or a PDF that somebody sent."""

    file: File
    #: What its sender called it, made harmless; ``file.name`` ends as its content says.
    name: str
    #: As ``service.sniff`` calls it: pdf, jpeg, tiff …
    format: str

    @property
    def kind(self) -> str:
        """``pdf`` or ``raster``."""
        return "pdf" if self.format == "pdf" else "raster"


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that somebody sent."""

    file: File
    #: What its sender called it, made harmless; ``file.name`` ends as its content says.
    name: str
    #: As ``service.sniff`` calls it: jpeg, png …
    format: str
    #: As it is shown, that is, turned as EXIF says.
    width: int
    height: int


T = TypeVar("T", Artwork, Upload)


@contextlib.asynccontextmanager
async def refusing(service: Service) -> AsyncIterator[None]:
    """While a request is served: where it is refused, what came with it goes at once, unless a job has begun with it.

    After any other failure the job may be there: the files stay, for their day.
    """
    sent = list[File]()
    before = _SENT.set(sent)
    try:
        yield
    except ServiceError:
        for file in sent:
            with contextlib.suppress(Unavailable):  # nobody sees it any more; the sweep takes the bytes
                await anyio.to_thread.run_sync(service.files.delete, file)
        raise
    finally:
        _SENT.reset(before)


def begun() -> None:
    """Say that a job has begun with what came with the request."""
    if (sent := _SENT.get()) is not None:
        sent.clear()


async def taken(service: Service, account_id: str, part: UploadFile, *, field: str, formats: Collection[str],
                limit: int) -> Upload:  # fmt: skip
    """Keep a picture of a form, if its first bytes say that it is one.

    Args:
        service: where it is kept, for a day.
        account_id: whose it is.
        part: the file of the form.
        field: its name in the form, for messages.
        formats: kinds of file that are taken, as ``service.sniff`` calls them.
        limit: bytes.

    Raises:
        TooMuchData: it has more bytes or pixels than may be.
        UnsupportedMedia: it is of another kind.
        InvalidRequest: it is empty, or its header is damaged.
    """
    keeping = partial(kept, service, account_id, name=part.filename or "", field=field, formats=formats)
    return await _received(service, part, limit, keeping)


async def artwork(service: Service, account_id: str, part: UploadFile, *, field: str, formats: Collection[str],
                  seconds: float) -> Artwork:  # fmt: skip
    """Keep a picture or a PDF of a form, if its first bytes say that it is one.

    A PDF is not opened here: what is wrong with it is for its job to find.

    Args:
        service: where it is kept.
        account_id: whose it is.
        part: the file of the form.
        field: its name in the form, for messages.
        formats: kinds of file that are taken, as ``service.sniff`` calls them.
        seconds: how long it is kept.

    Raises:
        TooMuchData: it has more bytes or pixels than may be.
        UnsupportedMedia: it is of another kind.
        InvalidRequest: it is empty, or the header of a picture is damaged.
    """
    keeping = partial(
        _artwork, service, account_id, name=part.filename or "", field=field, formats=formats, seconds=seconds
    )
    return await _received(service, part, service.settings.limits_upload_mb << 20, keeping)


async def _received(service: Service, part: UploadFile, limit: int, keeping: Callable[[Path], T]) -> T:
    path = await service.files.receive(_chunks(part), min(limit, service.settings.limits_upload_mb << 20))
    try:
        made = await anyio.to_thread.run_sync(keeping, path)
    finally:
        path.unlink(missing_ok=True)
    if (sent := _SENT.get()) is not None:
        sent.append(made.file)
    return made


async def _chunks(part: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await part.read(_CHUNK):
        yield chunk


def kept(
    service: Service,
    account_id: str,
    path: Path,
    name: str,
    *,
    field: str,
    formats: Collection[str],
    seconds: float | None = DAY,
) -> Upload:
    """Keep a picture that lies on this machine, for some seconds or until somebody deletes it; see ``taken``."""
    with _named(field):
        format, media_type = _told(path, formats)
        header = _looked(path, service.settings.limits_megapixels)
    sent = clean_name(name, "image")
    file = _stored(service, account_id, path, sent, format, media_type, seconds)
    across, down = header.shown_px
    return Upload(file, sent, format, across, down)


def _artwork(service: Service, account_id: str, path: Path, *, name: str, field: str, formats: Collection[str],
             seconds: float) -> Artwork:  # fmt: skip
    with _named(field):
        format, media_type = _told(path, formats)
        if format != "pdf":
            _looked(path, service.settings.limits_megapixels)
    sent = clean_name(name, "artwork")
    return Artwork(_stored(service, account_id, path, sent, format, media_type, seconds), sent, format)


@contextlib.contextmanager
def _named(field: str) -> Iterator[None]:
    """Refusals name the field of the form."""
    try:
        yield
    except ServiceError as error:
        error.details = {**error.details, "fields": {field: [f"{error} {error.hint}".strip()]}}
        raise


def _stored(service: Service, account_id: str, path: Path, sent: str, format: str, media_type: str,
            seconds: float | None) -> File:  # fmt: skip
    name = sent
    if Path(name).suffix.lower() not in SUFFIXES[format]:
        name = f"{Path(name).stem or 'image'}{SUFFIXES[format][0]}"
    file = service.files.keep(path, account_id=account_id, name=name, media_type=media_type, seconds=seconds)
    with service.database.writing() as connection:
        service.files.add(connection, file)
    return file


def _told(path: Path, formats: Collection[str]) -> tuple[str, str]:
    """The kind of a file and its media type, by its first bytes."""
    if not path.stat().st_size:
        raise InvalidRequest("The file is empty.", f"Send {'artwork' if 'pdf' in formats else 'a picture'}.")
    wanted = f"Send {', '.join(_NAMES.get(one, one.upper()) for one in formats)}."
    with path.open("rb") as stream:
        try:
            format, media_type = sniffed(stream.read(HEAD))
        except UnsupportedMedia as error:  # it names all that can be read somewhere
            raise UnsupportedMedia(str(error), wanted) from error
    if format not in formats:
        raise UnsupportedMedia(f"This is a {_NAMES.get(format, format.upper())} file, which is not taken here.", wanted)
    return format, media_type


def _looked(path: Path, megapixels: float) -> Raster:
    """The header of a picture."""
    try:
        return raster.read(path, max_pixels=int(megapixels * 1e6))
    except TooLarge as error:
        raise TooMuchData(str(error).replace(path.name, "The picture"), "Send it smaller.") from error
    except UnreadableFile as error:
        # Its name here is nobody's business.
        said = str(error).replace(path.name, "it")
        raise InvalidRequest(f"The picture is damaged: {said}", "Save it anew and send that.") from error
