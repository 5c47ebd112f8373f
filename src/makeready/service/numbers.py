"""Numbers for APIs whose clients expect them: jobs, batches, keys and accounts have random names, and here a number.

A number is given once and never again, and says nothing about how much others do but their sum.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from makeready.service import tables
from makeready.service.database import Database

_TABLE = tables.numbered
#: What can have a number, and belongs to an account.
_OWNED: Mapping[str, Table] = {"job": tables.job, "batch": tables.batch, "key": tables.api_key}
#: Numbers that databases and JSON hold.
_MOST = 2**53


class Numbers:
    """The numbers that were given."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def give(connection: Connection, kind: str, id: str) -> int:
        """Number something new, in the transaction that makes it."""
        adding = insert(_TABLE).values(kind=kind, id=id).returning(_TABLE.c.number)
        return int(connection.execute(adding).scalar_one())

    def of(self, kind: str, id: str) -> int:
        """The number of something; it gets one where it has none yet."""
        return self.of_all(kind, [id])[id]

    def of_all(self, kind: str, ids: Sequence[str]) -> dict[str, int]:
        """The numbers of several things, each by its name; those that have none yet get one, in this order."""
        found = self._known(kind, ids)
        if new := [id for id in dict.fromkeys(ids) if id not in found]:
            # One after the other: two that number the same things in different orders would wait for each other.
            for id in new:
                with self._database.writing() as connection:
                    made: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
                    # Another request may number it at the same moment: that number is the one.
                    connection.execute(made(_TABLE).values(kind=kind, id=id).on_conflict_do_nothing())
            found |= self._known(kind, new)
        return found

    def named(self, kind: str, number: int) -> str | None:
        """What a number stands for; none where it was not given for this kind."""
        if not 0 < number < _MOST:
            return None
        question = select(_TABLE.c.id).where(_TABLE.c.kind == kind, _TABLE.c.number == number)
        with self._database.reading() as connection:
            found: str | None = connection.execute(question).scalar()
        return found

    def owner(self, kind: str, id: str) -> str | None:
        """The account that a job, batch or key belongs to; none where there is none, or no longer."""
        table = _OWNED[kind]
        gone = table.c.revoked_at if kind == "key" else table.c.deleted_at
        with self._database.reading() as connection:
            found: str | None = connection.execute(
                select(table.c.account_id).where(table.c.id == id, gone.is_(None))
            ).scalar()
        return found

    def _known(self, kind: str, ids: Collection[str]) -> dict[str, int]:
        question = select(_TABLE.c.id, _TABLE.c.number).where(_TABLE.c.kind == kind, _TABLE.c.id.in_(ids))
        with self._database.reading() as connection:
            return {row.id: row.number for row in connection.execute(question)}
