"""Where signed links lead: ``GET /files/{file_id}/{name}?expires=…&signature=…``, without a key.

What is served came from strangers or was made from what they sent. A browser is told to believe the media type, to run
nothing, and to save whatever is not a plain picture.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from makeready.service import observe, problems
from makeready.service.errors import ServiceError
from makeready.service.files import File, LinkRefused

if TYPE_CHECKING:
    from makeready.service.core import Service

#: How long the store's own URL works, in seconds: enough to follow a redirect, too short to hand on.
REDIRECT_S = 300
#: With every answer, refusals too.
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox",
    # The address is the key.
    "Referrer-Policy": "no-referrer",
}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)


def routes(service: Service) -> list[Route]:
    """The one route of files."""

    async def file(request: Request) -> Response:
        try:
            return await _answer(service, request)
        except ServiceError as error:
            known = request.scope.get(observe.SCOPE)
            refusal = problems.answer(problems.of(error, known.id if known else ""), None, service.settings)
            refusal.headers.update(ALWAYS | {"Cache-Control": "no-store"})
            return refusal

    return [Route("/files/{file_id}/{name}", file, methods=["GET", "HEAD"], name="files")]


async def _answer(service: Service, request: Request) -> Response:
    file_id, name = request.path_params["file_id"], request.path_params["name"]
    expires, signature = (request.query_params.get(part, "") for part in ("expires", "signature"))
    file = await run_sync(service.files.resolve, file_id, expires, signature)
    if name != file.name:
        # Anybody could otherwise make a link of ours that claims to lead to something else.
        raise LinkRefused("This link was changed: the file is called otherwise.", "Use it exactly as it was given.")
    left = max(1, int(expires) - int(time.time()))
    headers = {**ALWAYS, "Cache-Control": f"private, max-age={left}"}
    if known(request, file):
        return Response(status_code=304, headers={**headers, **_versioned(file)})
    method: Literal["GET", "HEAD"] = "HEAD" if request.method == "HEAD" else "GET"
    elsewhere = await run_sync(service.store.presigned, file.key, float(min(REDIRECT_S, left)), method)
    if elsewhere is not None:
        return Response(status_code=307, headers={**ALWAYS, "Cache-Control": "no-store", "Location": elsewhere})
    return await sent(service, request, file, headers)


async def sent(service: Service, request: Request, file: File, headers: dict[str, str]) -> Response:
    """A file, or the part of it that is asked for, with these headers over those that say what it is.

    Raises:
        NotFound: its bytes are gone.
        Unavailable: the store does not answer.
    """
    said = {"Content-Type": file.content_type, "Content-Disposition": file.disposition}
    headers = {**said, **headers, **_versioned(file)}
    start, end, status = 0, file.bytes, 200
    wanted = _range(request.headers, file.bytes, headers["ETag"])
    if wanted is not None:
        start, end = wanted
        if start >= end:
            return Response(status_code=416, headers={**ALWAYS, "Content-Range": f"bytes */{file.bytes}"})
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.bytes}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    # Asked for before anything is sent: what is missing is told with a status.
    chunks = await run_sync(service.store.stream, file.key, start, end) if end > start else iter([])
    return StreamingResponse(chunks, status, headers)


def known(request: Request, file: File) -> bool:
    """Whether the client has this very version."""
    said = request.headers.get("if-none-match", "").strip()
    return said == "*" or _etag(file) in [one.strip().removeprefix("W/") for one in said.split(",")]


def _versioned(file: File) -> dict[str, str]:
    return {"ETag": _etag(file), "Accept-Ranges": "bytes"}


def _etag(file: File) -> str:
    return f'"{file.sha256}"'


def _range(headers: Mapping[str, str], size: int, etag: str) -> tuple[int, int] | None:
    """The one range that is asked for: its first byte and the one after its last, ``None`` for all of the file.

    Empty where the file has no such part. Several ranges, and what is no range, count as none, as RFC 9110 allows.
    """
    asked = _RANGE.fullmatch(headers.get("range", "").strip())
    if asked is None or headers.get("if-range", etag) != etag:
        return None
    first, last = asked.groups()
    if not first:
        return (max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1) if last else size
