"""The APIs that the service speaks: what each of them says about itself, and where they are found.

A dialect is a module here with a constant ``DIALECT``. Its ``build`` begins with ``app = api(DIALECT, service)`` of the
module ``makeready.service.api`` and adds routes with their full paths; parts are made with ``router()`` of that module.
What this gives without a word in the dialect: a key is asked for before the body is read (not for routes with
``openapi_extra={"security": []}``), requests are counted against the account's limit, JSON is taken literally,
``Idempotency-Key`` is kept, and every refusal has the dialect's own shape.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI

    from makeready.service.core import Account, News, Service, Usage
    from makeready.service.limits import Standing
    from makeready.service.problems import Problem
    from makeready.service.settings import Settings


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the front has to know about an API."""

    #: In settings, paths of the documentation and the job table: ``printcart``.
    name: str
    title: str
    #: Where its paths begin, whole segments: ``("/v1/services",)``.
    prefixes: tuple[str, ...]
    build: Callable[[Service], FastAPI]
    #: The body of a refusal.
    shape: Callable[[Problem, Settings], dict[str, Any]]
    #: The header that carries the key: ``Authorization`` (as ``Bearer …``) or one such as ``X-API-Key``.
    key_header: str = "Authorization"
    #: The largest body that has no files; a file is never larger than ``limits_upload_mb`` of the settings.
    body_bytes: int = 1 << 20
    #: The largest file of a form; none is taken where it is 0. A form has one, or ``files`` at paths in ``several``.
    upload_bytes: int = 0
    files: int = 1
    several: tuple[str, ...] = ()
    #: The status of a request whose fields do not fit.
    invalid_status: int = 422
    #: What it answers in place of statuses that it does not know.
    statuses: Mapping[int, int] = field(default_factory=dict)
    #: Whether an account may ask for this (``POST /api/batches``): asked before the body is read; raises ``Forbidden``.
    admit: Callable[[Service, Account, str], None] | None = None
    #: What a webhook says of a job, or of a batch, that has ended; in the service's own words without it.
    announce: Callable[[News], dict[str, Any]] | None = None
    #: What is paid with, where every answer tells the account how much it has, and how it is told.
    currency: str = ""
    usage: Callable[[Usage], Mapping[str, str]] | None = None
    #: Headers that tell a client how far it is within its limit, on every answer; none where the API has none.
    standing: Callable[[Standing], Mapping[str, str]] | None = None


def load(name: str) -> Dialect:
    """One dialect by its name in the settings; its module is imported now."""
    found: Dialect = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").DIALECT
    return found


def enabled(settings: Settings) -> tuple[Dialect, ...]:
    """All that the settings switch on."""
    return tuple(load(name) for name in settings.dialects)
