"""Databases and a Redis for the service's tests: SQLite always, PostgreSQL and Redis where they run, in CI always."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from makeready.service import tables
from makeready.service.database import Database
from service.s3 import s3, s3_endpoint  # noqa: F401 - fixtures

POSTGRESQL = os.environ.get("TEST_POSTGRESQL_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")


def absent(what: str) -> None:
    """A missing server is a clear skip on a user's machine and a failure in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}; in CI it has to be there")
    pytest.skip(what)


@pytest.fixture(scope="session")
def postgresql() -> str:
    """The URL of a PostgreSQL that answers."""
    engine = create_engine(POSTGRESQL, connect_args={"connect_timeout": 3})
    try:
        with engine.connect():
            pass
    except OperationalError:
        absent(f"no PostgreSQL at {make_url(POSTGRESQL).host}")
    finally:
        engine.dispose()
    return POSTGRESQL


@pytest.fixture(scope="session")
def postgresql_room(postgresql: str) -> Iterator[str]:
    """The URL of a database of these tests alone; others may run beside them, and locks are those of a database."""
    name = f"makeready_{secrets.token_hex(6)}"
    server = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield make_url(postgresql).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    server.dispose()


@pytest.fixture
def postgresql_database(postgresql_room: str) -> Iterator[str]:
    """The URL of a place without tables, emptied afterwards: a schema, made three times as fast as a database."""
    name = f"makeready_{secrets.token_hex(6)}"
    server = create_engine(postgresql_room, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f'CREATE SCHEMA "{name}"'))
    only = make_url(postgresql_room).update_query_dict({"options": f"-csearch_path={name}"})
    yield only.render_as_string(hide_password=False)
    with server.connect() as connection:
        # Of processes that were killed or stopped: what they have locked could not be dropped.
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        connection.execute(text(f'DROP SCHEMA "{name}" CASCADE'))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'service.db'}"
    return str(request.getfixturevalue("postgresql_database"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database of each kind, with all tables."""
    made = Database(database_url)
    tables.metadata.create_all(made.engine)
    yield made
    made.close()


@pytest.fixture
def redis_url() -> str:
    """A Redis that answers."""
    import redis

    client = redis.Redis.from_url(REDIS, socket_connect_timeout=2)
    try:
        client.ping()
    except redis.RedisError:
        absent(f"no Redis at {REDIS}")
    finally:
        client.close()
    return REDIS
