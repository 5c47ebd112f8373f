"""Questions that are asked with every request, put to SQLite by the driver's own prepared statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Select

from makeready.service.database import Database


class Question:
    """A SELECT of at most one row, compiled once. It is asked outside transactions, and sees all that is committed.

    On SQLite a row costs some 10 µs instead of 150; on PostgreSQL, where the way there costs more than that, it is an
    ordinary query. Rows come as the driver gives them, so only plain columns belong in it: text and numbers.
    """

    def __init__(self, database: Database, statement: Select[Any]) -> None:
        """Compile a question.

        Args:
            database: who is asked.
            statement: with ``bindparam("name")`` where a value comes in.
        """
        self._database = database
        self._statement = statement
        self._ask: Callable[[dict[str, Any]], tuple[Any, ...] | None] = self._ordinarily
        if database.is_sqlite:
            compiled = statement.compile(dialect=database.engine.dialect)
            self._sql = str(compiled)
            self._names = tuple(compiled.positiontup or ())
            self._ask = self._directly

    def __call__(self, **values: Any) -> tuple[Any, ...] | None:
        """The first row, or none."""
        return self._ask(values)

    def _directly(self, values: dict[str, Any]) -> tuple[Any, ...] | None:
        with self._database.driver() as connection:
            # All rows are fetched: a statement that is not at its end would hold on to its view of the database.
            rows = connection.execute(self._sql, [values[name] for name in self._names]).fetchall()
        return rows[0] if rows else None

    def _ordinarily(self, values: dict[str, Any]) -> tuple[Any, ...] | None:
        with self._database.reading() as connection:
            row = connection.execute(self._statement, values).first()
        return tuple(row) if row else None


class Unchanged:
    """Whether what was read from SQLite is as it was: nothing at all was committed since this was asked before.

    SQLite keeps a number for it (``PRAGMA data_version``): on each connection it is another one as soon as any other
    connection has committed, in whatever process. To ask takes a third of what a row does. For one thread at a time.
    """

    def __init__(self, database: Database) -> None:
        """Open no connection yet.

        Args:
            database: whose; it is of SQLite.
        """
        self._database = database
        # The number means something on one connection only, so this one is kept.
        self._held: AbstractContextManager[Any] | None = None
        self._connection: Any = None
        self._number: Any = None

    def __call__(self) -> bool:
        """Whether nothing was; never the first time, nor where the database cannot say."""
        if self._held is None:
            held = self._database.driver()
            self._connection, self._held = held.__enter__(), held
        try:
            number = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            self._held = self._connection = self._number = None
            return False
        before, self._number = self._number, number
        return bool(number == before)
