"""The printcart API: background removal, preflight and fixes under ``/v1/services``, paid for in tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from makeready.service.dialects import Dialect
from makeready.service.dialects.printcart.shaping import NAME, shape

if TYPE_CHECKING:
    from fastapi import FastAPI

    from makeready.service.core import Service

_ABOUT = """
Background removal, preflight and fixes for print files, paid for in tokens of the account's wallet.

What takes long runs as a job: create it, then poll it. Tokens are taken when a job is created, and come back by
themselves when it fails. A request that is refused costs nothing. An `Idempotency-Key` on a POST makes it safe to send
again: the same key within 24 hours gets the first answer, and takes nothing more.
"""


def build(service: Service) -> FastAPI:
    """The API over a service."""
    from makeready.service.api import api
    from makeready.service.dialects.printcart import background, fixing, preflight, wallet

    app = api(DIALECT, service, _ABOUT)
    for part in (background, preflight, fixing, wallet):
        part.add(app, service)
    return app


DIALECT = Dialect(name=NAME, title="printcart", prefixes=("/v1/services",), build=build, shape=shape)
