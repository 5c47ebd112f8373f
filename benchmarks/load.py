"""Asks a server the same thing over and over, on some connections at once, and prints what that took as JSON.

``python load.py URL CONNECTIONS SECONDS``, the request (headers and body) on standard input as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the answer to the last one is whole."""

    def __init__(self, request: bytes, taken: list[float], failed: list[bytes]) -> None:
        self.request, self.taken, self.failed = request, taken, failed
        self.answer = b""
        self.began = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        assert self.transport is not None
        self.began = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.answer += data
        head, end, body = self.answer.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self.taken.append(time.perf_counter() - self.began)
        if not head.startswith(b"HTTP/1.1 200"):
            self.failed.append(self.answer)
        self.answer = b""
        self.ask()


async def _load(url: str, request: bytes, connections: int, seconds: float) -> None:
    to = urlsplit(url)
    loop = asyncio.get_running_loop()
    taken: list[float] = []
    failed: list[bytes] = []
    open_ = [
        await loop.create_connection(lambda: _Connection(request, taken, failed), to.hostname, to.port)
        for _ in range(connections)
    ]
    await asyncio.sleep(seconds / 5)  # what only happens at first is over
    answered = len(taken)
    taken.clear()
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    lasted = time.perf_counter() - began
    for transport, _ in open_:
        transport.abort()
    ordered = sorted(taken)
    told = {
        "rate": len(ordered) / lasted,
        "median_ms": ordered[len(ordered) // 2] * 1e3,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1e3,
        "answered": answered + len(ordered),
        "failed": len(failed),
        "first_failure": failed[0].decode("utf-8", "replace") if failed else None,
    }
    print(json.dumps(told))


def main() -> None:
    url, connections, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    asked = json.load(sys.stdin)
    body = asked["body"].encode()
    head = [f"POST {urlsplit(url).path} HTTP/1.1", f"Host: {urlsplit(url).netloc}", f"Content-Length: {len(body)}"]
    head += [f"{name}: {value}" for name, value in asked["headers"].items()]
    request = "\r\n".join([*head, "", ""]).encode() + body
    asyncio.run(_load(url, request, connections, seconds))


if __name__ == "__main__":
    main()
