"""Whether the service can serve: its database, tables and store, and where requests are counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from makeready.service import observe, schema

if TYPE_CHECKING:
    from makeready.service.core import Service

OK = "ok"
#: What the service goes on without: each process then counts alone.
_SPARED = ("rate_limits",)


def parts(service: Service) -> dict[str, str]:
    """What a process needs, and ``ok`` or what is wrong with it; blocks for as long as a part takes to answer."""
    return {
        "database": _state(service.database.answers, "does not answer"),
        "schema": _state(lambda: schema.version(service.database) == schema.HEAD, "is not of this version"),
        "store": _state(service.store.answers, "does not answer"),
        "rate_limits": service.limiter.state(),
    }


def ready(parts: Mapping[str, str]) -> bool:
    """Whether it can serve with parts in these states."""
    return all(state == OK for name, state in parts.items() if name not in _SPARED)


def _state(works: Callable[[], bool], otherwise: str) -> str:
    try:
        return OK if works() else otherwise
    except Exception as error:
        observe.log.warning("not ready", why=f"{type(error).__name__}: {error}")
        return otherwise
