"""Files of accounts: the bytes in the store, a row in the database, and links that work without a key.

The bytes come first and the row later, within the transaction that settles what made them: a row always has its bytes.
Bytes whose row never came, because the attempt lost its job, are swept by the janitor.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import math
import re
import secrets
import time
import unicodedata
from collections.abc import AsyncIterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import anyio.to_thread
from sqlalchemy import Connection, Row, delete, insert, select

from makeready.service import clock, ids, tables
from makeready.service.database import Database
from makeready.service.errors import Conflict, Forbidden, NotFound, TooMuchData, Unavailable
from makeready.service.names import clean_name
from makeready.service.settings import Settings
from makeready.service.store import Store

#: The longest that a link works, in seconds.
DAY = 86400
#: Bytes without a row are swept after this; a row is taken for half of it at most, so that none loses its bytes.
GRACE_S = 6 * 3600.0
#: The folder, in the data folder, of uploads that are coming in.
INCOMING = "incoming"
#: How long an upload may take; what lies there longer was left by a process that was killed.
INCOMING_S = DAY

_FILE = tables.file
#: What the secret key is good for here: a signature of a link is no key to anything else.
_PURPOSE = b"makeready: links to files, 1"
#: Pictures that a browser may show in its window; anything else could be more than a picture and is saved.
_SHOWN = frozenset({"image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp"})
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,30}")
#: RFC 8187: what stands for itself in an extended parameter, besides letters and digits.
_ATTR = "!#$&+-.^_`|~"
#: Upload bytes that are gathered before they are written.
_GATHERED = 1024 * 1024


class LinkRefused(Forbidden):
    """A link that this service did not sign like this: it was changed, or is not whole."""

    code = "LINK_INVALID"


class LinkExpired(Forbidden):
    """A link that has run out."""

    code = "LINK_EXPIRED"


@dataclass(frozen=True, slots=True)
class File:
    """A file of an account."""

    id: str
    account_id: str
    #: The job that made it; none for what was sent.
    job_id: str | None
    #: Where it lies in the store.
    key: str
    #: What it is called when somebody saves it.
    name: str
    bytes: int
    #: In hexadecimal.
    sha256: str
    media_type: str
    #: Seconds since 1970.
    created_at: float
    #: From then on it may be deleted; never when ``None``.
    expires_at: float | None

    @property
    def content_type(self) -> str:
        """The media type with the encoding of text, which is ours and UTF-8."""
        return _typed(self.media_type)

    @property
    def disposition(self) -> str:
        """``Content-Disposition``, as the function of this name makes it."""
        return disposition(self.name, self.media_type)


class Files:
    """The files of all accounts."""

    def __init__(self, database: Database, store: Store, settings: Settings, secret: str) -> None:
        self._database = database
        self._store = store
        self._incoming = settings.data.absolute() / INCOMING
        self._base = settings.address
        self._key = hmac.new(secret.encode(), _PURPOSE, hashlib.sha256).digest()

    def keep(
        self,
        path: Path,
        *,
        account_id: str,
        name: str,
        media_type: str,
        job_id: str | None = None,
        token: str = "",
        seconds: float | None = DAY,
    ) -> File:
        """Bring the bytes of a file to the store. Nobody sees them before ``add``.

        Args:
            path: the file; it stays where it is.
            account_id: whose it is.
            name: what it is called; made harmless and at most 200 bytes long.
            media_type: such as ``image/png``, without parameters.
            job_id: the job that made it.
            token: the attempt at that job.
            seconds: how long it is kept; ``None`` until somebody deletes it.

        Raises:
            OSError: the file cannot be read.
            Unavailable: the store does not take it.
        """
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise ValueError(f"{media_type!r} is no media type")
        name = clean_name(name)
        file_id = ids.new("file")
        key = f"{account_id}/{job_id or '-'}/{token or '-'}/{file_id}-{_plain(name)}"
        stored = self._store.put(path, key, media_type=_typed(media_type), disposition=disposition(name, media_type))
        now = time.time()
        return File(
            file_id, account_id, job_id, key, name, stored.bytes, stored.sha256, media_type,
            now, None if seconds is None else now + seconds,
        )  # fmt: skip

    def add(self, connection: Connection, file: File) -> None:
        """Make a kept file visible, within the caller's transaction.

        Raises:
            Conflict: it was kept so long ago that its bytes may have been swept.
        """
        if time.time() - file.created_at > GRACE_S / 2:
            raise Conflict(f"{file.name} was written hours ago and never claimed.", "Make it anew.")
        seconds = None if file.expires_at is None else file.expires_at - file.created_at
        connection.execute(
            insert(_FILE).values(
                id=file.id, account_id=file.account_id, job_id=file.job_id, key=file.key, name=file.name,
                bytes=file.bytes, sha256=file.sha256, media_type=file.media_type, created_at=clock.now(),
                expires_at=None if seconds is None else clock.now() + seconds,
            )
        )  # fmt: skip

    def get(self, account_id: str, file_id: str) -> File:
        """A file, also one that may be deleted at any moment.

        Raises:
            NotFound: there is none, or it belongs to another account.
        """
        file = self._found(file_id)
        if file is None or file.account_id != account_id:
            raise _none(file_id)
        return file

    def link(self, file: File | str, seconds: float = DAY) -> str:
        """A URL at which anybody gets a file, without a key.

        Args:
            file: the file, or its identifier.
            seconds: how long, at most a day; never beyond the life of the file.

        Raises:
            NotFound: there is no such file.
        """
        if not 0 < seconds <= DAY:
            raise ValueError(f"a link works for up to {DAY} seconds, not for {seconds}")
        if isinstance(file, str):
            found = self._found(file)
            if found is None:
                raise _none(file)
            file = found
        until = time.time() + seconds
        expires = str(math.floor(until if file.expires_at is None else min(until, file.expires_at)))
        signature = self._signature(file.id, expires)
        return f"{self._base}/files/{file.id}/{quote(file.name, safe='')}?expires={expires}&signature={signature}"

    def resolve(self, file_id: str, expires: str, signature: str) -> File:
        """The file behind a link. The parts are taken as they stood in the URL, from whoever sent them.

        Raises:
            LinkRefused: the link is not one of ours, or was changed.
            LinkExpired: it has run out.
            NotFound: the file was deleted.
        """
        right = self._signature(file_id, expires)
        # Compared first and in constant time: a stranger learns nothing, not even whether there is such a file.
        if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
            raise LinkRefused(
                "This link was changed, or is not whole.", "Use it exactly as it was given, or ask for a new one."
            )
        if int(expires) <= time.time():  # a number, since we signed it
            raise LinkExpired(
                f"This link ran out at {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(int(expires)))} UTC.",
                "Ask for the job or report again: the answer has a new link.",
            )
        file = self._found(file_id)
        # A link lives no longer than its file did when it was made: what is over before was deleted.
        if file is None or (file.expires_at is not None and file.expires_at <= time.time()):
            raise NotFound("The file behind this link was deleted.", "Make it anew.")
        return file

    def download(self, file: File, path: Path) -> None:
        """Write a file to a path, and compare it with what was kept.

        Raises:
            NotFound: its bytes are gone.
            Unavailable: the store does not answer, or the bytes are others than those that were kept.
        """
        fetched = self._store.fetch(file.key, path)
        if (fetched.bytes, fetched.sha256) != (file.bytes, file.sha256):
            path.unlink()
            raise Unavailable(f"{file.name} is damaged in the store.", "Send it again.")

    def delete(self, file: File) -> None:
        """Remove a file: nobody sees it any more, and its bytes go, at once or with the next sweep.

        Raises:
            Unavailable: the store does not answer; the file is gone for everybody all the same.
        """
        with self._database.writing() as connection:
            connection.execute(delete(_FILE).where(_FILE.c.id == file.id))
        self._store.delete(file.key)

    async def receive(self, stream: AsyncIterable[bytes], limit: int) -> Path:
        """Write what a client sends to a file, which is the caller's to remove. Memory stays the same for any length.

        Args:
            stream: the chunks, such as ``request.stream()``.
            limit: how many bytes are taken.

        Raises:
            TooMuchData: there are more. Nothing stays behind then, nor where the client goes away.
        """
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._incoming / secrets.token_hex(16)
        size, gathered = 0, bytearray()
        try:
            with path.open("xb", buffering=0) as file:
                async for chunk in stream:
                    size += len(chunk)
                    if size > limit:
                        raise TooMuchData(
                            f"The upload is larger than {_megabytes(limit)}.", "Send a smaller file.", limit=limit
                        )
                    gathered += chunk
                    if len(gathered) >= _GATHERED:
                        await anyio.to_thread.run_sync(_write, file, gathered)
                        gathered = bytearray()
                await anyio.to_thread.run_sync(_write, file, gathered)
        except BaseException:  # the client's going away is one
            path.unlink(missing_ok=True)
            raise
        return path

    def forget_uploads(self) -> int:
        """Remove uploads that a process which was killed has left; how many there were."""
        gone = 0
        if self._incoming.is_dir():
            for path in self._incoming.iterdir():
                with contextlib.suppress(FileNotFoundError):  # another process looks after the same folder
                    if path.stat().st_mtime < time.time() - INCOMING_S:
                        path.unlink()
                        gone += 1
        return gone

    def _found(self, file_id: str) -> File | None:
        with self._database.reading() as connection:
            row = connection.execute(select(_FILE).where(_FILE.c.id == file_id)).first()
        return None if row is None else file_of(row)

    def _signature(self, file_id: str, expires: str) -> str:
        said = f"{file_id}\n{expires}".encode("utf-8", "replace")
        return base64.urlsafe_b64encode(hmac.new(self._key, said, hashlib.sha256).digest()).decode().rstrip("=")


def _plain(name: str) -> str:
    """A name for a key: what people know it by in a bucket, short and in ASCII."""
    stem, dot, suffix = name.rpartition(".")
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem if dot else name)[:24].strip("-") or "file"
    suffix = re.sub(r"[^A-Za-z0-9]", "", suffix)[:8]
    return f"{plain}.{suffix}" if dot and suffix else plain


def disposition(name: str, media_type: str) -> str:
    """``Content-Disposition``: pictures are shown, anything else is saved; the name in any script (RFC 6266)."""
    kind: Literal["inline", "attachment"] = "inline" if media_type in _SHOWN else "attachment"
    stem, dot, suffix = name.rpartition(".")
    ascii_name = f"{_ascii(stem if dot else name) or 'file'}{dot}{_ascii(suffix) if dot else ''}"
    if ascii_name == name:
        return f'{kind}; filename="{name}"'
    return f"{kind}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe=_ATTR)}"


def _ascii(name: str) -> str:
    """What a program that knows no other notation makes of a name."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    # A percent sign would be decoded by some browsers, a quotation mark would end the name.
    return re.sub(r'[^ -~]|["\\%]', "_", letters).strip()


def _typed(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def file_of(row: Row[Any]) -> File:
    """A file as its row in the table has it."""
    return File(
        row.id, row.account_id, row.job_id, row.key, row.name, row.bytes, row.sha256, row.media_type,
        row.created_at, row.expires_at,
    )  # fmt: skip


def _none(file_id: str) -> NotFound:
    return NotFound(f"There is no file {file_id}.", "Files are kept for a while; make or send it anew.")


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:g} MB"


def _write(file: Any, data: bytearray) -> None:
    view = memoryview(data)
    while view:  # unbuffered: the system may take less than all
        view = view[file.write(view) :]
