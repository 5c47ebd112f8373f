"""Fetching what a client names by URL, and sending webhooks, without being led inside and without end.

A name is looked up once for each request; all its addresses are checked, and the connection is made to one of those
that were checked. Redirects are followed here, each by the same rules. Nothing waits longer than the whole may take:
not the look-up, not the handshake, not a server that sends a byte now and then. ``httpcore`` (what httpx stands on) is
used as it is, since of a client's comforts none is wanted: no cookies, proxies, decompression or following.
"""

from __future__ import annotations

import contextlib
import email.message
import email.utils
import hashlib
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

import httpcore
import httpx
from ssrfguard import BlockedAddressError, SSRFGuardError, resolve
from ssrfguard.httpx import SafeBackend

import makeready
from makeready.service import sniff
from makeready.service.errors import FetchRefused, UnsupportedMedia
from makeready.service.names import clean_name
from makeready.service.reach import ADDRESSES, Origin, Rules, not_public, refused
from makeready.service.settings import Settings

#: Redirects that are followed when something is fetched.
REDIRECTS = 3
#: Seconds that ``check`` waits for a name.
_CHECK_S = 5.0
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_MB = 1024 * 1024
#: As much of the answer to a webhook as is read.
_ANSWER = 4096
#: Pieces in which a request is sent, so that each fits into the socket or waits for the deadline once.
_PIECE = 4096
_PICTURES = frozenset(suffix for suffixes in sniff.SUFFIXES.values() for suffix in suffixes)
_AGENT = f"makeready/{makeready.__version__}"
#: Look-ups under way at once. The system's cannot be ended from outside, so those of slow name servers go on for a
#: while after nobody waits for them.
_LOOKUPS = threading.BoundedSemaphore(64)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched: where it lies, what to call it, and what it is by its bytes."""

    path: Path
    name: str
    bytes: int
    sha256: str
    kind: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a POST: its status, and how its body begins (at most 4096 bytes)."""

    status: int
    body: bytes


class Fetcher:
    """Fetches and posts by the rules of the settings. Good for all threads."""

    def __init__(self, settings: Settings) -> None:
        """Read the rules.

        Raises:
            UsageError: ``fetch_allow`` has a word that is no host, address or network.
        """
        self._rules = Rules(settings.fetch_allow)
        self._seconds = settings.limits_fetch_seconds
        self._most = settings.limits_fetch_mb * _MB

    def check(self, url: str) -> None:
        """Refuse at once what may never be fetched. What is not there today, or too slow, is not found out here.

        Raises:
            FetchRefused: ``details["reason"]`` is ``url``, ``scheme``, ``credentials``, ``port``, ``address`` or
                ``host_not_found``.
        """
        origin = self._rules.origin(url)
        deadline = _Deadline(min(self._seconds, _CHECK_S))
        try:
            with _worded(origin, deadline):
                resolve(origin.target, policy=origin.policy, resolver=deadline.look_up)
        except FetchRefused as error:
            if not error.details["temporary"]:
                raise

    def fetch(self, url: str, folder: Path, *, max_bytes: int | None = None) -> Fetched:
        """Fetch a picture or PDF into a folder. Nothing is left there when it fails.

        Args:
            url: ``http`` or ``https``.
            folder: where the file is put, under a name that is not the client's.
            max_bytes: the most bytes, where that is less than ``limits_fetch_mb``.

        Raises:
            FetchRefused: ``details["reason"]`` is one of those of ``check``, or ``no_connection``, ``certificate``,
                ``too_slow``, ``broken``, ``redirects``, ``status`` (with ``details["status"]``), ``encoded``,
                ``too_large`` (with ``details["limit"]`` in bytes), ``empty`` or ``not_an_image``. Where
                ``details["temporary"]`` is true, it may work later.
            OSError: the folder cannot be written.
        """
        deadline = _Deadline(self._seconds)
        most = self._most if max_bytes is None else min(max_bytes, self._most)
        seen = set()
        for _ in range(REDIRECTS + 1):
            origin = self._rules.origin(url)
            if origin.url in seen:
                raise refused("redirects", "The URL redirects in a circle.", "Use the URL of the file itself.")
            seen.add(origin.url)
            with self._answer("GET", origin, deadline, {"Accept": "image/*, application/pdf, */*;q=0.5"}) as answer:
                headers = httpx.Headers(answer.headers)
                if answer.status in _REDIRECTING and "location" in headers:
                    url = _next(origin, headers["location"])
                    continue
                return _kept(answer, headers, origin, folder, most)
        raise refused("redirects", f"The URL redirects more than {REDIRECTS} times.", "Use the URL of the file itself.")

    def post(self, url: str, body: bytes, headers: Mapping[str, str], seconds: float = 10) -> Response:
        """Send a body, exactly as it is, and follow no redirect.

        Args:
            url: ``http`` or ``https``.
            body: what is sent.
            headers: beside those that every request has.
            seconds: what all of it may take.

        Returns:
            The answer, whatever its status.

        Raises:
            FetchRefused: as ``fetch`` says.
        """
        origin = self._rules.origin(url)
        with self._answer("POST", origin, _Deadline(seconds), headers, body) as answer:
            return Response(answer.status, _beginning(answer))

    @contextlib.contextmanager
    def _answer(
        self, method: str, origin: Origin, deadline: _Deadline, headers: Mapping[str, str], body: bytes = b""
    ) -> Iterator[httpcore.Response]:
        """One request on a connection of its own."""
        url = origin.url
        common = {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": _AGENT,
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        with (
            _worded(origin, deadline),
            httpcore.ConnectionPool(
                ssl_context=self._tls, max_connections=1, network_backend=_Backend(origin, deadline)
            ) as pool,
            pool.stream(
                method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=httpx.Headers({**common, **headers}).raw,
                content=body if method == "POST" else None,
            ) as answer,
        ):
            yield answer

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = httpx.create_ssl_context(trust_env=False)
        context.load_default_certs()  # authorities of one's own, where the system knows them
        return context


class _Deadline:
    """The moment at which all of it has to be done."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left.

        Raises:
            FetchRefused: none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.passed()
        return left

    def passed(self) -> FetchRefused:
        """That it took too long."""
        return refused(
            "too_slow",
            f"The server took longer than {self._seconds:g} seconds.",
            "Use a faster server or a smaller file.",
            temporary=True,
            limit=self._seconds,
        )

    def share(self) -> float:
        """What a look-up or one attempt to connect may take, so that all of them together stay within the time."""
        return self.left() / (ADDRESSES + 1)

    def look_up(self, host: str, *question: Any) -> Iterable[Any]:
        """``socket.getaddrinfo`` that ends in time.

        Raises:
            FetchRefused: there is no such host, or nobody says so in time.
        """
        seconds = self.share()
        slow = refused("host_not_found", f"The host {host} is not found at the moment.", temporary=True, host=host)
        if not _LOOKUPS.acquire(timeout=seconds):
            raise slow
        found: Future[list[Any]] = Future()
        threading.Thread(target=_looked_up, args=(found, host, *question), name="look-up", daemon=True).start()
        try:
            return found.result(seconds)
        except TimeoutError as error:
            raise slow from error
        except (socket.gaierror, UnicodeError) as error:
            if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
                raise slow from error
            raise refused("host_not_found", f"There is no host {host}.", "Check the URL.", host=host) from error


def _looked_up(found: Future[list[Any]], *question: Any) -> None:
    try:
        found.set_result(socket.getaddrinfo(*question))
    except Exception as error:
        found.set_exception(error)
    finally:
        _LOOKUPS.release()


class _Backend(SafeBackend):
    """Connects to an address that was checked, on time."""

    def __init__(self, origin: Origin, deadline: _Deadline) -> None:
        super().__init__(policy=origin.policy, resolver=deadline.look_up)
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = super().connect_tcp(host, port, self._deadline.share(), local_address, socket_options)
        return _Stream(stream, self._deadline)


class _Stream(httpcore.NetworkStream):
    """A connection on which no single byte gets time of its own."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@contextlib.contextmanager
def _worded(origin: Origin, deadline: _Deadline) -> Iterator[None]:
    """Say to a client what went wrong between us and a server."""
    host = origin.host
    try:
        yield
    except BlockedAddressError as error:
        raise not_public() from error
    except SSRFGuardError as error:  # the rules that origin was made by do not let it through: nobody's typing error
        raise refused("address", "The URL is not connected to.") from error
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        if isinstance(error.__context__, ssl.SSLCertVerificationError):
            why = error.__context__.verify_message.rstrip(".")
            raise refused("certificate", f"The certificate of {host} is not valid: {why}.", host=host) from error
        raise refused(
            "no_connection", f"No connection to {host} could be made.", "Try again later.", temporary=True, host=host
        ) from error
    except httpcore.TimeoutException as error:
        raise deadline.passed() from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise refused(
            "broken", f"The answer of {host} was cut off or damaged.", "Try again later.", temporary=True, host=host
        ) from error


def _next(origin: Origin, location: str) -> str:
    """Where a redirect leads."""
    try:
        return str(origin.url.join(location))
    except (httpx.InvalidURL, ValueError) as error:
        raise refused("redirects", "The URL redirects to something that is no URL.") from error


def _kept(answer: httpcore.Response, headers: httpx.Headers, origin: Origin, folder: Path, most: int) -> Fetched:
    """Write the body of an answer to a file, as it comes."""
    _require_success(answer.status)
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise refused(
            "encoded",
            "The server sends the file compressed although it was asked not to.",
            "Have it heed Accept-Encoding: identity.",
            encoding=encoding[:40],
        )
    too_large = refused("too_large", f"The file is larger than {most / _MB:.4g} MB.", "Use a smaller file.", limit=most)
    if int(headers.get("content-length", 0)) > most:  # digits alone: others are a damaged answer already
        raise too_large
    path = folder / f"fetched-{secrets.token_hex(8)}"
    digest, size, head = hashlib.sha256(), 0, b""
    told: tuple[str, str] | None = None
    try:
        with path.open("xb") as file:
            for chunk in answer.iter_stream():
                size += len(chunk)
                if size > most:
                    raise too_large
                digest.update(chunk)
                file.write(chunk)
                if told is None:
                    head += chunk[: sniff.HEAD]
                    told = _told(head) if len(head) >= sniff.HEAD else None  # early: the rest need not be waited for
        if not size:
            raise refused("empty", "The file at the URL is empty (0 bytes).", "Check what is there.")
        kind, media_type = told or _told(head)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    named = path.rename(path.with_suffix(sniff.SUFFIXES[kind][0]))
    return Fetched(named, _name(headers, origin.url, kind), size, digest.hexdigest(), kind, media_type)


def _require_success(status: int) -> None:
    if status == HTTPStatus.OK:
        return
    temporary = status >= 500 or status in (408, 425, 429)
    phrases = {known.value: f" ({known.phrase})" for known in HTTPStatus}
    hint = {
        401: "The file has to be open to everyone who has the URL.",
        403: "The file has to be open to everyone who has the URL; a signed link may have run out.",
        404: "Check the URL.",
        410: "Check the URL.",
    }.get(status, "Try again later." if temporary else "Use a URL that answers with the file.")
    raise refused(
        "status", f"The server answered {status}{phrases.get(status, '')}.", hint, temporary=temporary, status=status
    )


def _told(head: bytes) -> tuple[str, str]:
    try:
        return sniff.sniffed(head)
    except UnsupportedMedia as error:
        raise refused("not_an_image", str(error), f"The URL has to lead to a {sniff.NAMES} file.") from error


def _beginning(answer: httpcore.Response) -> bytes:
    """The first bytes of a body."""
    read = b""
    # The status says whether it arrived, and is known: a body that is slow or breaks off changes nothing.
    with contextlib.suppress(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, FetchRefused):
        for chunk in answer.iter_stream():
            read += chunk
            if len(read) >= _ANSWER:
                break
    return read[:_ANSWER]


def _name(headers: httpx.Headers, url: httpx.URL, kind: str) -> str:
    """What to call the file: as its server does, else as the URL does; it ends as its kind does."""
    header = email.message.Message()
    header["Content-Disposition"] = headers.get("content-disposition", "")
    given = [value for name, value in header.get_params([], "content-disposition") if name.lower() == "filename"]
    given.sort(key=lambda value: isinstance(value, str))  # filename*, which has its encoding with it, before filename
    named = email.utils.collapse_rfc2231_value(given[0]) if given else ""
    name = clean_name(named, clean_name(unquote(PurePosixPath(url.path).name), ""))
    if name.lower().endswith(sniff.SUFFIXES[kind]):
        return name
    of_another = PurePosixPath(name).suffix.lower() in _PICTURES
    return f"{(PurePosixPath(name).stem if of_another else name) or 'file'}{sniff.SUFFIXES[kind][0]}"
