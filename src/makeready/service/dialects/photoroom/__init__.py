"""The photoroom API: pictures edited and cut out in one request, paid for in images of the month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from makeready.service.dialects import Dialect
from makeready.service.dialects.photoroom.parameters import EDIT, MOST_PRODUCTS
from makeready.service.dialects.photoroom.shaping import CURRENCY, LARGEST, NAME, shape

if TYPE_CHECKING:
    from fastapi import FastAPI

    from makeready.service.core import Service

_ABOUT = """
Pictures edited and cut out, paid for in images of the month. The answer to a request is the picture.

One request makes any number of edits, and costs one image. A request that is refused or fails costs nothing. What
could not have the effect that was asked for is said in the header `X-Notes`, a JSON list of sentences.
An `Idempotency-Key` on a POST makes it safe to send again: the same key within 24 hours leads to the same job.
"""
#: Pictures of a template's layers that one request may send, beside its own.
_LAYERS = 10


def build(service: Service) -> FastAPI:
    """The API over a service."""
    from makeready.service.api import api
    from makeready.service.dialects.photoroom import editing, segmenting, standing

    app = api(DIALECT, service, _ABOUT)
    for part in (editing, segmenting, standing):
        part.add(app, service)
    return app


DIALECT = Dialect(
    name=NAME,
    title="photoroom",
    prefixes=("/v2/edit", "/v2/account", "/v1/segment"),
    build=build,
    shape=shape,
    key_header="x-api-key",
    upload_bytes=LARGEST,
    files=sum(one.is_file for one in EDIT.values()) + MOST_PRODUCTS + _LAYERS,
    several=("/v2/edit",),
    invalid_status=400,
    currency=CURRENCY,
)
