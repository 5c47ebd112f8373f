"""One database: SQLite in the data folder, or PostgreSQL for several machines. What is above does not see which."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from makeready.errors import UsageError
from makeready.service.clock import SQLITE_NOW

#: Seconds a writer waits for the one before it.
_BUSY_S = 30
#: The execution option of a connection that only asks.
_READS = "makeready_reads"
_URLS = "DATABASE_URL is sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."
_SQLITE = (
    "journal_mode=WAL",
    # Money: what is committed has reached the disk.
    "synchronous=FULL",
    f"busy_timeout={_BUSY_S * 1000}",
    "foreign_keys=ON",
)


class Database:
    """A pool of connections, and transactions on them."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        """Open no connection yet.

        Args:
            url: ``sqlite:///path`` or ``postgresql://user:password@host/name``.
            pool_size: how many connections are kept.

        Raises:
            UsageError: it is no such URL, or of another kind of database.
        """
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError) as error:  # of values: a port that is no number
            raise UsageError("The database's URL cannot be read.", _URLS) from error
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
            raise UsageError(f"The service does not run on {parsed.drivername}.", _URLS)
        if parsed.drivername == "sqlite" and parsed.database in (None, "", ":memory:"):
            raise UsageError("A database in memory is not shared by the processes of the service.", _URLS)
        self.url = parsed
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        options: dict[str, Any] = {} if self.is_sqlite else {"pool_pre_ping": True}
        self.engine: Engine = create_engine(parsed, pool_size=pool_size, max_overflow=pool_size, **options)
        if self.is_sqlite:
            _private(parsed.database or "")
            event.listen(self.engine, "connect", _prepared)
            event.listen(self.engine, "begin", _begun)
        #: Connections of the driver that nobody uses at the moment; none are kept once it is closed.
        self._idle: deque[Any] = deque()
        self._closed = False

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it is committed, or nothing. On SQLite it is alone from its first statement on."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for questions only: one view of everything, and on SQLite no waiting for writers."""
        with self.engine.connect().execution_options(**{_READS: True}) as connection:
            yield connection

    @contextmanager
    def driver(self) -> Iterator[Any]:
        """A connection of SQLite's own driver, in no transaction: each statement sees what was committed before it.

        For ``Question``, which is asked so often that what SQLAlchemy adds would count.

        Raises:
            OperationalError: SQLAlchemy's, which who outlives trouble with the database looks for.
        """
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._opened()
        try:
            yield connection
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.Error):
                raise OperationalError(None, None, error) from error
            raise
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)

    def _opened(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(self.url.database or "", check_same_thread=False)
            _prepared(connection, None)
        except sqlite3.Error as error:
            raise OperationalError(None, None, error) from error
        return connection

    def answers(self) -> bool:
        """Whether it can be reached."""
        with self.reading() as connection:
            return connection.execute(text("SELECT 1")).scalar() == 1

    def close(self) -> None:
        """Give all connections back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
        self.engine.dispose()


def said(error: SQLAlchemyError) -> str:
    """What a database said, in one line for the log: without the statement, and where one reads about it."""
    words = str(error.orig if isinstance(error, DBAPIError) else error).split("\n")
    return words[0].strip() or type(error).__name__


def _private(path: str) -> None:
    """Make the file for its owner only where there is none; what SQLite puts beside it has the same mode."""
    # Never opened where it is there: closing it again would end the locks that this process has on it.
    with suppress(OSError):  # it is there, or the first connection says what is wrong
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _prepared(connection: Any, _record: Any) -> None:
    # The driver begins no transactions of its own; _begun says how each starts.
    connection.isolation_level = None
    connection.create_function(SQLITE_NOW, 0, time.time)
    for setting in _SQLITE:
        connection.execute(f"PRAGMA {setting}")


def _begun(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail where another wrote between.
    reads = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
