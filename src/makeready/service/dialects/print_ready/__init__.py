"""The print-ready API: backgrounds removed, pictures edited and enlarged under ``/api``, paid for in credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from makeready.service.dialects import Dialect
from makeready.service.dialects.print_ready.shaping import CURRENCY, NAME, admit, shape, standing, told_usage

if TYPE_CHECKING:
    from fastapi import FastAPI

    from makeready.service.core import Service

#: The largest picture, and the most of a batch on any plan.
UPLOAD_BYTES = 10 << 20
MOST_FILES = 100

_ABOUT = """
Backgrounds removed, pictures edited by instructions, and enlarged for print. Processing is asynchronous: send a
picture, poll it every few seconds, and download the result.

Credits are taken when a picture is accepted, and come back by themselves when it fails. A request that is refused
costs nothing. Every answer says in its headers how many credits and requests are left. An `Idempotency-Key` on a POST
makes it safe to send again: the same key within 24 hours gets the first answer, and takes nothing more.
"""


def build(service: Service) -> FastAPI:
    """The API over a service."""
    from makeready.service.api import api
    from makeready.service.dialects.print_ready import account, batches, images

    app = api(DIALECT, service, _ABOUT)
    for part in (images, batches, account):
        part.add(app, service)
    return app


DIALECT = Dialect(
    name=NAME,
    title="print-ready",
    prefixes=(
        "/api/images",
        "/api/batches",
        "/api/user",
        "/api/usage",
        "/api/subscription",
        "/api/auth/logout",
    ),
    build=build,
    shape=shape,
    upload_bytes=UPLOAD_BYTES,
    files=MOST_FILES,
    several=("/api/batches",),
    # What is wrong with a file is wrong with a field, and a body that is no form has none.
    statuses={400: 422, 413: 422, 415: 422},
    admit=admit,
    currency=CURRENCY,
    usage=told_usage,
    standing=standing,
)
