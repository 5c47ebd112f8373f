"""Where the bytes of files lie: a folder, or a bucket that speaks S3. The code above does not tell them apart.

An object is written in one step: it is there with all its bytes, or it is not there. It is never changed afterwards.
Whatever its size, a few pieces of it are in memory.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import ipaddress
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import SplitResult, unquote, urlsplit

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from makeready.errors import UsageError
from makeready.service.errors import NotFound, ServiceError, Unavailable
from makeready.service.settings import Settings

#: What is read and sent at a time.
CHUNK = 256 * 1024
#: Above this an upload goes in parts of this size; S3 takes none below 5 MiB.
_PART = 8 * 1024 * 1024
#: Parts that are under way at once.
_PARTS = 2
#: Objects that are named at once.
_PAGE = 500
#: What a key may be: text that means the same in a path, in a URL and in S3.
_KEY = re.compile(r"(?!/)(?!.*(?:^|/)\.{0,2}(?:/|$))[A-Za-z0-9._/-]{1,200}(?<!/)")
#: A file that is being written: the name with a counter after it. Nothing that is finished is called so.
_UNFINISHED = re.compile(r".+#\d+")
#: Where the usual tools for S3 look for the address of a server that is not Amazon's, the first first. An option may
#: also be called without the ``aws_``.
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
#: S3's name for a bucket that is not there, told with the status of an object that is not.
_NO_BUCKET = "NoSuchBucket"
#: Options that are ours and not the bucket's.
_ALLOW_HTTP, _REDIRECT = "allow_http", "redirect"
#: An answer is waited for this long, and asked for again this long; a transfer may take longer than both.
_ANSWER_S, _RETRY_S, _TRANSFER_S = 30, 20, 3600

_log = structlog.get_logger("makeready.store")


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written."""

    bytes: int
    #: SHA-256, in hexadecimal.
    sha256: str


@dataclass(frozen=True, slots=True)
class Listed:
    """An object that is there."""

    key: str
    #: When it was finished, in seconds since 1970 by the clock of what keeps it.
    written_at: float


class Store:
    """Objects under keys: ASCII letters, digits and ``. _ - /``, at most 200 characters."""

    def __init__(self, objects: LocalStore | S3Store, *, redirects: bool = False) -> None:
        """Use what is open already; ``open_store`` opens it.

        Args:
            objects: the library's store.
            redirects: clients may be sent to it, with a URL that it signs.
        """
        self._objects = objects
        self._signs = objects if isinstance(objects, S3Store) and redirects else None
        self._folder = objects.prefix if isinstance(objects, LocalStore) else None

    def put(self, path: Path, key: str, *, media_type: str = "", disposition: str = "") -> Stored:
        """Write a file under a key. Its hash is taken from the bytes that are sent.

        Args:
            path: the file.
            key: where to; nothing may be there.
            media_type: the ``Content-Type`` that a bucket answers with.
            disposition: its ``Content-Disposition``.

        Raises:
            OSError: the file cannot be read.
            Unavailable: the store does not take it.
        """
        _checked(key)
        attributes: dict[str, str] | None = None
        if self._folder is None:
            said = {"Content-Type": media_type, "Content-Disposition": disposition, "Cache-Control": "private"}
            attributes = {name: value for name, value in said.items() if value}
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as file, _told("written", missing=False):
            first = file.read(_PART)
            digest.update(first)
            size = len(first)
            if size < _PART:
                obstore.put(self._objects, key, first, attributes=cast("Any", attributes), use_multipart=False)
            else:

                def parts() -> Iterator[bytes]:
                    nonlocal size
                    yield first
                    while part := file.read(CHUNK):
                        digest.update(part)
                        size += len(part)
                        yield part

                obstore.put(
                    self._objects, key, parts(), attributes=cast("Any", attributes),
                    chunk_size=_PART, max_concurrency=_PARTS,
                )  # fmt: skip
            if self._folder is not None:
                _to_disk(self._folder / key)
        return Stored(size, digest.hexdigest())

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of an object, in chunks. Asked for at once: what can fail at the beginning fails here.

        Args:
            key: which object.
            start: the first byte.
            end: the byte after the last one, above ``start``; to the end without.

        Raises:
            NotFound: there is no such object.
            Unavailable: the store does not answer.
        """
        _checked(key)
        options: Any = {}
        if end is not None:
            options = {"range": (start, end)}
        elif start:
            options = {"range": {"offset": start}}
        with _told("read"):
            found = obstore.get(self._objects, key, options=options)
        return _chunks(found)

    def fetch(self, key: str, path: Path) -> Stored:
        """Write an object to a file, which is removed again where that fails.

        Raises:
            OSError: the file cannot be written.
            NotFound: there is no such object.
            Unavailable: the store does not answer.
        """
        digest, size = hashlib.sha256(), 0
        chunks = self.stream(key)
        try:
            with path.open("wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Stored(size, digest.hexdigest())

    def delete(self, key: str) -> None:
        """Remove an object; where none is, nothing happens.

        Raises:
            Unavailable: the store does not answer.
        """
        _checked(key)
        with contextlib.suppress(NotFound), _told("deleted"):
            obstore.delete(self._objects, key)

    def presigned(self, key: str, seconds: float, method: Literal["GET", "HEAD"] = "GET") -> str | None:
        """A URL at which anybody gets an object from the store itself, with what ``put`` said of it.

        Args:
            key: which object.
            seconds: how long, 1 second to 7 days.
            method: what it is good for.

        Returns:
            ``None`` where clients cannot be sent to the store.
        """
        _checked(key)
        if self._signs is None:
            return None
        with _told("signed for"):
            return obstore.sign(self._signs, method, key, dt.timedelta(seconds=seconds))

    def listed(self) -> Iterator[list[Listed]]:
        """All objects that are there, some hundred at a time, in any order.

        Raises:
            Unavailable: the store does not answer.
        """
        with _told("listed"):
            for page in obstore.list(self._objects, chunk_size=_PAGE):
                yield [Listed(one["path"], one["last_modified"].timestamp()) for one in page]

    def clean(self, seconds: float) -> int:
        """Remove what writers that were killed left unfinished in a folder; a bucket has rules of its own for that.

        Args:
            seconds: leave what was touched within this time.

        Returns:
            How many files are gone.
        """
        gone = 0
        if self._folder is not None:
            for path in self._folder.rglob("*#*"):
                with contextlib.suppress(FileNotFoundError):  # its writer, or another cleaner, was quicker
                    if _UNFINISHED.fullmatch(path.name) and path.stat().st_mtime < time.time() - seconds:
                        path.unlink()
                        gone += 1
        return gone

    def answers(self) -> bool:
        """Whether it can be reached and, as far as it tells, written to."""
        if self._folder is not None:
            return os.access(self._folder, os.R_OK | os.W_OK | os.X_OK)
        try:
            with _told("asked for"):
                next(iter(obstore.list(self._objects, "nothing-is-called-so")), None)
        except (NotFound, Unavailable):  # not found: there is no such bucket
            return False
        return True


def open_store(settings: Settings) -> Store:
    """The store that the settings name. A folder is made where it is missing; a bucket is not asked yet.

    ``settings.storage_options`` go to the bucket's client, over what the usual ``AWS_…`` variables say. Two are ours:
    ``allow_http`` (``true``: without TLS also to a server elsewhere) and ``redirect`` (``false``: clients get files
    through the service, because they cannot reach the bucket).

    Raises:
        UsageError: the URL or an option is none that is known, or the folder cannot be made.
    """
    url = urlsplit(settings.storage)
    if url.scheme == "file":
        return _folder(url)
    if url.scheme == "s3":
        return _bucket(url, dict(settings.storage_options))
    raise UsageError(
        f"Files cannot be kept at {settings.storage_url!r}.", "STORAGE_URL is file:///PATH or s3://BUCKET/PREFIX."
    )


def _folder(url: SplitResult) -> Store:
    if url.netloc not in ("", "localhost"):
        raise UsageError(f"The folder for files is on another machine, {url.netloc}.", "Write file:///PATH.")
    path = Path(unquote(url.path)).absolute()
    try:
        # What clients sent is nobody else's business on this machine.
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(
            f"The folder for files, {path}, cannot be made: {error.strerror}.", "Choose another with STORAGE_URL."
        ) from error
    return Store(LocalStore(path, automatic_cleanup=True))


def _bucket(url: SplitResult, options: dict[str, str]) -> Store:
    if not url.netloc:
        raise UsageError("The storage URL names no bucket.", "STORAGE_URL is s3://BUCKET/PREFIX.")
    options = {name.lower(): value for name, value in options.items()}
    redirects = _switch(options, _REDIRECT, True)
    words = [name.lower() for name in _ENDPOINTS]
    said = [options.get(name) for name in (*words, *(name.removeprefix("aws_") for name in words))]
    named = next(filter(None, (*said, *map(os.environ.get, _ENDPOINTS))), "")
    if named and not named.lower().startswith(("http://", "https://")):
        raise UsageError(
            f"The bucket's endpoint, {named}, is no address of a server.",
            "Write it as https://HOST or https://HOST:PORT.",
        )
    near = _near(urlsplit(named).hostname or "") if named.startswith("http://") else False
    plain = _switch(options, _ALLOW_HTTP, near)
    if named.startswith("http://") and not plain:
        raise UsageError(
            f"The bucket's endpoint, {named}, would send files over the network for everybody to read.",
            "Use https://, or set the storage option allow_http to true.",
        )
    try:
        objects = S3Store(
            url.netloc,
            prefix=unquote(url.path).strip("/") or None,
            config=cast("Any", options),
            client_options={
                "allow_http": plain,
                "read_timeout": f"{_ANSWER_S}s",
                "timeout": f"{_TRANSFER_S}s",
            },
            retry_config={"max_retries": 4, "retry_timeout": dt.timedelta(seconds=_RETRY_S)},
        )
    except (BaseError, ValueError, TypeError) as error:
        raise UsageError(
            f"The bucket cannot be used: {_first_line(error)}", "Look through STORAGE_URL and STORAGE_OPTIONS."
        ) from error
    return Store(objects, redirects=redirects)


def _switch(options: dict[str, str], name: str, default: bool) -> bool:
    said = options.pop(name, "").lower()
    if said not in ("", "true", "false"):
        raise UsageError(f"The storage option {name} is {said!r}.", "It is true or false.")
    return said == "true" if said else default


def _near(host: str) -> bool:
    """Whether a server is on this machine or in a network of its own, where TLS is seldom."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))


def _checked(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key")


def _to_disk(path: Path) -> None:
    """What the database will name must outlive a power cut as the database does."""
    if os.name == "nt":  # which syncs what is open for writing, and opens no folder
        places = [(path, os.O_RDWR)]
    else:
        places = [(path, os.O_RDONLY), (path.parent, os.O_RDONLY | os.O_DIRECTORY)]
    for place, flags in places:
        descriptor = os.open(place, flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _chunks(found: obstore.GetResult) -> Iterator[bytes]:
    with _told("read"):
        for chunk in found.stream(CHUNK):
            yield bytes(chunk)


@contextlib.contextmanager
def _told(what: str, *, missing: bool = True) -> Iterator[None]:
    """What the library raises, in the service's words; its own have addresses in them that are not for clients.

    Why is in the log, for whoever runs the service. ``missing``: what is not there may be the object; otherwise it can
    only be the bucket.
    """
    try:
        yield
    except ServiceError:
        raise
    except (BaseError, OSError) as error:
        code = _code(error)
        if missing and isinstance(error, FileNotFoundError) and code != _NO_BUCKET:
            raise NotFound("The file is no longer there.", "Files are kept for a while; make it anew.") from error
        _log.error("the store does not answer as it should", tried=what, why=_why(error), code=code)
        raise Unavailable(
            f"A file could not be {what}: the store does not answer as it should.", "Try again in a minute."
        ) from error


def _code(error: BaseException) -> str | None:
    """S3's own name for what is wrong."""
    found = re.search(r"<Code>(\w+)</Code>", str(error))
    return found[1] if found else None


def _why(error: BaseException) -> str:
    """The cause, without what a URL asks for, as a token may be in it, and without the rest of S3's answer."""
    return re.sub(r"\?\S*", "", _first_line(error).partition("<?xml")[0]).strip(" :")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
