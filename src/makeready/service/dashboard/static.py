"""What pages load beside their HTML: styles and scripts, each under an address that changes with its content."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

#: What is served, by its ending.
_KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_FOREVER = "public, max-age=31536000, immutable"


def routes() -> list[Route]:
    """The one route of them; nobody has to be signed in for it."""

    async def static(request: Request) -> Response:
        content, kind, digest = _file(request.path_params["name"])
        current = request.query_params.get("v") == digest
        return Response(content, media_type=kind, headers={"Cache-Control": _FOREVER if current else "no-cache"})

    return [Route("/static/{name}", static, name="static")]


def address(name: str) -> str:
    """Where a file is, below the dashboard; browsers may keep what is there for ever."""
    return f"/static/{name}?v={_file(name)[2]}"


@cache
def _file(name: str) -> tuple[bytes, str, str]:
    kind = _KINDS.get(name.rpartition(".")[2])
    file = resources.files(__package__).joinpath("static", name)
    if kind is None or "/" in name or not file.is_file():
        raise HTTPException(404)
    content = file.read_bytes()
    return content, kind, hashlib.sha256(content).hexdigest()[:16]
