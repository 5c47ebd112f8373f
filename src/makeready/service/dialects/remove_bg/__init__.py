"""The remove-bg API: pictures without their background, as jobs under ``/api/v1``, paid for in credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from makeready.service.dialects import Dialect
from makeready.service.dialects.remove_bg.shaping import NAME, STATUSES, UPLOAD_BYTES, announce, shape

if TYPE_CHECKING:
    from fastapi import FastAPI

    from makeready.service.core import Service

_ABOUT = """
Removes the background of a picture that is sent, or named by its URL.

A picture is a job: send it, then poll the job every 3 to 5 seconds until its `status` is `completed` or `failed`, or
name a `webhook_url` that is told. A job costs 1 credit, which is taken when the job is created and comes back by itself
when it fails. A request that is refused costs nothing. An `Idempotency-Key` on a POST makes it safe to send again: the
same key within 24 hours gets the first answer, and takes nothing more.
"""


def build(service: Service) -> FastAPI:
    """The API over a service."""
    from makeready.service.api import api
    from makeready.service.dialects.remove_bg import removing

    app = api(DIALECT, service, _ABOUT)
    removing.add(app, service)
    return app


DIALECT = Dialect(
    name=NAME,
    title="remove-bg",
    prefixes=("/api/v1",),
    build=build,
    shape=shape,
    upload_bytes=UPLOAD_BYTES,
    invalid_status=400,
    statuses=STATUSES,
    announce=announce,
)
