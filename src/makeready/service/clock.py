"""The database's clock: machines disagree about the time, and leases must not."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

#: The function that a connection to SQLite is given. SQLite's own time has milliseconds, in which several jobs can be
#: sent: the first of them would not be the first to run.
SQLITE_NOW = "seconds_now"


class now(FunctionElement[float]):  # noqa: N801 - it reads as the SQL function that it is
    """Seconds since 1970, in UTC, at this very moment (not at the transaction's start)."""

    type = Float()
    inherit_cache = True


@compiles(now, "sqlite")
def _sqlite(element: now, compiler: Any, **kwargs: Any) -> str:
    return f"{SQLITE_NOW}()"


@compiles(now, "postgresql")
def _postgresql(element: now, compiler: Any, **kwargs: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


class day(FunctionElement[int]):  # noqa: N801 - as above
    """The day, in UTC, of a time after 1970; that day's first moment is the number times 86400."""

    type = Integer()
    inherit_cache = True


@compiles(day, "sqlite")
def _sqlite_day(element: day, compiler: Any, **kwargs: Any) -> str:
    # A number that is cast to a whole one loses its fraction here, and is rounded on PostgreSQL.
    return f"CAST({compiler.process(element.clauses, **kwargs)} / 86400 AS INTEGER)"


@compiles(day, "postgresql")
def _postgresql_day(element: day, compiler: Any, **kwargs: Any) -> str:
    return f"floor({compiler.process(element.clauses, **kwargs)} / 86400)::integer"
