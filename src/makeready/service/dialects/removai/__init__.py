"""The removai API: pictures without their background, singly and in batches, paid for in images of the month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from makeready.service.dialects import Dialect
from makeready.service.dialects.removai.shaping import NAME, STATUSES, UPLOAD_BYTES, announce, shape, standing

if TYPE_CHECKING:
    from fastapi import FastAPI

    from makeready.service.core import Service

_ABOUT = """
Removes the background of pictures that are sent, or named by their URLs.

A single picture is answered when it is done; where that takes longer than a request may, the answer has
`"status": "processing"`, and the picture is polled. A batch is answered at once and polled. Whoever is named in
`webhook_url` is told as well: when the picture has ended, or when all of a batch have.

A picture takes one image of the month's quota, when it is begun. It comes back by itself when the picture cannot be
processed. A request that is refused takes nothing. An `Idempotency-Key` on a POST makes it safe to send again: the same
key within 24 hours gets the first answer, and takes nothing more.
"""


def build(service: Service) -> FastAPI:
    """The API over a service."""
    from makeready.service.api import api
    from makeready.service.dialects.removai import batches, images, removing

    app = api(DIALECT, service, _ABOUT)
    for part in (removing, batches, images):
        part.add(app, service)
    return app


DIALECT = Dialect(
    name=NAME,
    title="removai",
    prefixes=("/v1/remove-background", "/v1/images"),
    build=build,
    shape=shape,
    key_header="X-API-Key",
    upload_bytes=UPLOAD_BYTES,
    files=100,
    several=("/v1/remove-background/batch",),
    invalid_status=400,
    statuses=STATUSES,
    announce=announce,
    standing=standing,
)
