"""The tables brought to the version of this program, by whichever of its processes comes first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from makeready.errors import UsageError
from makeready.service.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

#: The last migration; it stands here so that a start need not load Alembic to see that there is nothing to do.
HEAD = "0002"
#: No tables at all.
BASE = "base"
#: Where the database's own version stands: its own name, as other programs in it may use Alembic too.
VERSION_TABLE = "makeready_version"

#: Any number, the same for everybody who migrates.
_LOCK = 0x6D616B65
_VERSION = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant


def version(database: Database) -> str | None:
    """The migration a database is at; none where it has no tables of ours.

    Raises:
        UsageError: it cannot be reached.
    """
    with suppress(DBAPIError):  # there are no tables yet, or it has a problem: the next question tells
        return _asked(database)
    try:
        # Others may have made the tables meanwhile.
        return _asked(database) if inspect(database.engine).has_table(VERSION_TABLE) else None
    except DBAPIError as error:
        raise UsageError(
            f"The database {database.url!r} cannot be read: {error.orig}.",
            "DATABASE_URL says where it is; is it running, and may this user write to it?",
        ) from error


def _asked(database: Database) -> str | None:
    with database.reading() as connection:
        return connection.execute(_VERSION).scalar()


def is_current(database: Database) -> bool:
    """Whether the tables are of this program's version.

    Raises:
        UsageError: the database cannot be reached.
    """
    return version(database) == HEAD


def upgrade(database: Database, to: str = HEAD) -> None:
    """Bring the tables up to a version. One query where they are there already; several processes may try at once.

    Args:
        database: whose tables.
        to: a migration; this program's when left out.

    Raises:
        UsageError: the database cannot be reached, or a newer program has used it.
    """
    if version(database) == to:
        return
    from alembic import command

    with _alone(database) as connection:
        _known(connection)
        command.upgrade(config(connection), to)


def downgrade(database: Database, to: str) -> None:
    """Take the tables back to a version; what only later ones can hold is lost.

    Args:
        database: whose tables.
        to: a migration, or ``base`` for none of them.

    Raises:
        UsageError: the database cannot be reached, or a newer program has used it.
    """
    version(database)
    from alembic import command

    with _alone(database) as connection:
        _known(connection)
        command.downgrade(config(connection), to)


def config(connection: Connection) -> Config:
    """What Alembic is told: where migrations are, and the connection they run on."""
    from alembic.config import Config

    told = Config()
    told.set_main_option("script_location", "makeready.service:migrations")
    told.attributes["connection"] = connection
    return told


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    """A transaction that nobody else migrates in; everything in it is kept, or nothing."""
    with database.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        if database.is_sqlite and driver is not None:
            # A table that is made anew would take with it what refers to it. It cannot be switched off later on.
            driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                if database.is_sqlite:
                    yield connection
                    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                        raise RuntimeError(f"the migration leaves a row of {broken[0]} that refers to nothing")
                else:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                    yield connection
        finally:
            if database.is_sqlite and driver is not None:
                driver.execute("PRAGMA foreign_keys=ON")


def _known(connection: Connection) -> None:
    """See that this program has the migration that the database is at.

    Raises:
        UsageError: it has not.
    """
    from alembic.script import ScriptDirectory

    at = connection.execute(_VERSION).scalar() if inspect(connection).has_table(VERSION_TABLE) else None
    known = {script.revision for script in ScriptDirectory.from_config(config(connection)).walk_revisions()}
    if at is not None and at not in known:
        raise UsageError(
            f"The database is at version {at}, and this makeready knows {HEAD} as the last: a newer one has used it.",
            "Update makeready on this machine, or restore the copy of the database from before.",
        )
