"""Write the next migration: what ``tables.py`` has and the last one does not make."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import Connection

from makeready.service import schema
from makeready.service.database import Database


def main(message: str) -> None:
    """Compare a new database with the tables.

    Args:
        message: what changes, in some words.
    """
    number = f"{int(schema.HEAD) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        schema.upgrade(database)

        def write(connection: Connection) -> None:
            config = schema.config(connection)
            name = "_".join(message.lower().split())
            config.set_main_option("file_template", f"v{number}_{name}")
            command.revision(config, message, autogenerate=True, rev_id=number)

        with database.writing() as connection:
            write(connection)
        database.close()
    sys.stdout.write(f"Now read it, finish it, and set schema.HEAD to {number!r}.\n")


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
