"""The tables: migrations make what the code expects, up and down, however many start at once."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, inspect, text

from makeready.errors import UsageError
from makeready.service import schema, tables
from makeready.service.database import Database


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def described(database: Database) -> dict[str, Any]:
    """All that the database itself says of its tables."""
    looking = inspect(database.engine)
    names = sorted(set(looking.get_table_names()) - {schema.VERSION_TABLE})
    return {
        name: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in looking.get_columns(name)
            ],
            "primary": looking.get_pk_constraint(name),
            "indexes": sorted(map(str, looking.get_indexes(name))),
            "unique": sorted(map(str, looking.get_unique_constraints(name))),
            "checks": sorted(map(str, looking.get_check_constraints(name))),
            "foreign": sorted(map(str, looking.get_foreign_keys(name))),
        }
        for name in names
    }


def test_migrations_make_the_tables_that_the_code_has(empty: Database) -> None:
    schema.upgrade(empty)
    with empty.reading() as connection:
        options = {"version_table": schema.VERSION_TABLE}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata)
    assert differences == []


def test_the_database_sees_no_difference_either(
    empty: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    # Alembic compares neither checks nor what counts rows.
    schema.upgrade(empty)
    migrated = described(empty)
    schema.downgrade(empty, schema.BASE)
    tables.metadata.create_all(empty.engine)
    assert migrated == described(empty)
    assert migrated["wallet"]["checks"], "a balance below zero would be taken"


def test_sqlite_never_gives_a_number_again(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    schema.upgrade(database)
    with database.reading() as connection:
        made = dict(connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all())  # type: ignore[arg-type]
    database.close()
    assert "AUTOINCREMENT" in made["ledger"]


def test_up_and_down_and_up_again(empty: Database) -> None:
    schema.upgrade(empty)
    first = described(empty)
    assert schema.version(empty) == schema.HEAD
    schema.downgrade(empty, schema.BASE)
    assert described(empty) == {}
    assert schema.version(empty) is None
    schema.upgrade(empty)
    assert described(empty) == first
    with empty.writing() as connection:
        if empty.is_sqlite:
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_each_migration_goes_up_and_down_alone(empty: Database) -> None:
    with empty.reading() as connection:
        steps = [step.revision for step in ScriptDirectory.from_config(schema.config(connection)).walk_revisions()]
    assert steps[0] == schema.HEAD, "schema.HEAD names the last migration"
    for step in reversed(steps):
        schema.upgrade(empty, step)
        assert schema.version(empty) == step
    for step in [*steps[1:], schema.BASE]:
        schema.downgrade(empty, step)
    assert described(empty) == {}


def test_a_current_database_costs_one_query(empty: Database) -> None:
    schema.upgrade(empty)
    assert schema.is_current(empty)
    asked: list[str] = []

    @event.listens_for(empty.engine, "before_cursor_execute")
    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement)

    schema.upgrade(empty)
    assert [statement for statement in asked if not statement.startswith("BEGIN")] == [
        "SELECT version_num FROM makeready_version"
    ]


def test_a_current_database_needs_no_alembic(empty: Database, database_url: str) -> None:
    schema.upgrade(empty)
    code = (
        "import sys\nfrom makeready.service import schema\nfrom makeready.service.database import Database\n"
        f"d = Database({database_url!r})\nschema.upgrade(d)\nd.close()\nassert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


#: A process that brings the tables up at a given time, as a worker does when all start together.
STARTS = """
import sys, time
from makeready.service import schema
from makeready.service.database import Database
database = Database(sys.argv[1])
time.sleep(max(0.0, float(sys.argv[2]) - time.time()))
schema.upgrade(database)
print(schema.version(database))
database.close()
"""


def test_processes_that_start_at_once_bring_it_up_once(database_url: str) -> None:
    command = [sys.executable, "-c", STARTS, database_url, str(time.time() + 3.0)]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) for _ in range(6)]
    ended = [(*process.communicate(timeout=60), process.returncode) for process in processes]
    assert [(code, said.strip(), complaint) for said, complaint, code in ended] == [(0, schema.HEAD, "")] * 6
    database = Database(database_url)
    with database.reading() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {schema.VERSION_TABLE}")).scalar() == 1
    assert set(described(database)) == set(tables.metadata.tables)
    database.close()


def test_a_migration_that_fails_leaves_everything_as_it_was(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op

    made = op.create_table

    def fails(name: str, *columns: Any, **options: Any) -> Any:
        if name == "wallet":
            raise RuntimeError("the disk is full")
        return made(name, *columns, **options)

    monkeypatch.setattr(op, "create_table", fails)
    with pytest.raises(RuntimeError, match="disk is full"):
        schema.upgrade(empty)
    assert inspect(empty.engine).get_table_names() == []
    monkeypatch.undo()
    schema.upgrade(empty)
    assert schema.is_current(empty)


def test_a_database_of_a_newer_program_is_refused_and_left_alone(empty: Database) -> None:
    schema.upgrade(empty)
    with empty.writing() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
    assert not schema.is_current(empty)
    for move in (lambda: schema.upgrade(empty), lambda: schema.downgrade(empty, schema.BASE)):
        with pytest.raises(UsageError, match=r"version 9999.*newer") as refused:
            move()
        assert "Update makeready" in refused.value.hint
    assert schema.version(empty) == "9999"
    assert set(described(empty)) == set(tables.metadata.tables)


def test_another_programs_tables_in_the_same_database_are_left_alone(empty: Database) -> None:
    with empty.writing() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))
    schema.upgrade(empty)
    schema.downgrade(empty, schema.BASE)
    with empty.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "theirs"


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all/x.db", "postgresql://u:hidden@127.0.0.1:9/x"])
def test_a_database_that_cannot_be_reached_is_said_to_be(url: str) -> None:
    database = Database(url)
    with pytest.raises(UsageError, match="cannot be read") as refused:
        schema.upgrade(database)
    assert "hidden" not in str(refused.value)
    database.close()


def test_a_file_that_is_no_database_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"this is not a database, but it is long enough to look at" * 40)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(UsageError, match="cannot be read"):
        schema.upgrade(database)
    database.close()


def test_migrations_are_written_as_the_next_file(tmp_path: Path) -> None:
    where = Path(schema.__file__).parent / "migrations"
    assert (where / "script.py.mako").is_file()
    for path in (where / "versions").glob("*.py"):
        assert re.match(r"v\d{4}_", path.name), "a name that Python can import, in order"


def test_wheels_carry_migrations_and_plans(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    root = Path(__file__).parents[2]
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    name = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=root, capture_output=True, text=True, timeout=300
    ).stdout.split()[-1]
    names = set(zipfile.ZipFile(tmp_path / name).namelist())
    inside = "makeready/service"
    for member in (
        "plans.toml",
        "migrations/env.py",
        "migrations/script.py.mako",
        "migrations/versions/v0001_first.py",
    ):
        assert f"{inside}/{member}" in names
