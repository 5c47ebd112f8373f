"""Numbers for APIs whose clients expect them: jobs, batches, keys and accounts have random names, and here a number.

A number is given once and never again, and says nothing about how much others do but their sum.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from makeready.service import tables
from makeready.service.database import Database

_TABLE = tables.numbered
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

    def of_all(self, kind: str, ids: list[str]) -> dict[str, int]:
        """The numbers of several things, each by its name; those that have none yet get one."""
        found = self._known(kind, ids)
        for id in ids:
            if id not in found:
                found[id] = self._given(kind, id)
        return found

    def named(self, kind: str, number: int) -> str | None:
        """What a number stands for; none where it was not given for this kind."""
        if not 0 < number < _MOST:
            return None
        question = select(_TABLE.c.id).where(_TABLE.c.kind == kind, _TABLE.c.number == number)
        with self._database.reading() as connection:
            found: str | None = connection.execute(question).scalar()
        return found

    def _known(self, kind: str, ids: list[str]) -> dict[str, int]:
        question = select(_TABLE.c.id, _TABLE.c.number).where(_TABLE.c.kind == kind, _TABLE.c.id.in_(ids))
        with self._database.reading() as connection:
            return {row.id: row.number for row in connection.execute(question)}

    def _given(self, kind: str, id: str) -> int:
        try:
            with self._database.writing() as connection:
                return self.give(connection, kind, id)
        except IntegrityError:  # another request numbered it just now
            known: dict[str, Any] = self._known(kind, [id])
            return int(known[id])
