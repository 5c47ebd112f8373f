"""What makes two requests the same one: a digest of what is asked, taken of the body while it passes to its reader."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

if TYPE_CHECKING:
    from starlette.types import Message

#: A body that ends within so many bytes is read before its reader is called.
_SMALL_BYTES = 64 << 10


class Fingerprint:
    """SHA-256 of a method, an address and a body. The boundary of a form is another each time it is sent: left out."""

    def __init__(self, request: Request) -> None:
        """Begin with everything but the body."""
        self._digest = hashlib.sha256()
        for part in (request.method, request.scope["path"], request.scope.get("query_string", b"").decode("latin-1")):
            self._digest.update(part.encode())
            self._digest.update(b"\0")
        kind, options = parse_options_header(request.headers.get("content-type"))
        self._boundary = options.get(b"boundary", b"") if kind.startswith(b"multipart/") else b""
        #: The last bytes that came: a boundary may begin in them.
        self._tail = b""

    def update(self, part: bytes) -> None:
        """Add what comes next of the body."""
        if not self._boundary:
            self._digest.update(part)
            return
        *before, rest = (self._tail + part).split(self._boundary)
        for piece in before:
            self._digest.update(piece)
        sure = max(0, len(rest) - len(self._boundary) + 1)
        self._digest.update(rest[:sure])
        self._tail = rest[sure:]

    def end(self) -> str:
        """The digest of all, in 64 hexadecimal digits; nothing can be added after it."""
        self._digest.update(self._tail)
        return self._digest.hexdigest()


class Body:
    """A request's body on its way: no more of it is held than a small one has."""

    def __init__(self, request: Request) -> None:
        """Read nothing yet."""
        self._receive = request.receive
        self._fingerprint = Fingerprint(request)
        self._waiting: deque[Message] = deque()
        #: The request's fingerprint; none before the body has ended.
        self.request: str | None = None
        #: Called with the fingerprint when the body has ended, before its reader gets the last of it.
        self.ended: Callable[[str], Awaitable[None]] | None = None

    async def ahead(self) -> None:
        """Read a small body to its end, and the beginning of another.

        Raises:
            ClientDisconnect: the client went away.
        """
        held = 0
        while self.request is None and held < _SMALL_BYTES:
            message = await self._next()
            self._waiting.append(message)
            held += len(message.get("body", b""))

    async def receive(self) -> Message:
        """The next message, as in ASGI."""
        return self._waiting.popleft() if self._waiting else await self._received()

    async def drain(self) -> str:
        """The fingerprint, when all that nobody has read has been read and dropped.

        Raises:
            ClientDisconnect: the client went away.
        """
        self._waiting.clear()
        while self.request is None:
            await self._next()
        return self.request

    async def _next(self) -> Message:
        message = await self._received()
        if message["type"] != "http.request":
            raise ClientDisconnect
        return message

    async def _received(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and self.request is None:
            self._fingerprint.update(message.get("body", b""))
            if not message.get("more_body", False):
                self.request = self._fingerprint.end()
                if self.ended is not None:
                    await self.ended(self.request)
        return message
