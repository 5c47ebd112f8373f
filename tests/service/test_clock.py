"""The database's clock, on which leases, lists and the order of jobs rest."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import select

from makeready.service import clock
from makeready.service.database import Database


def test_it_tells_apart_what_is_done_at_once(database: Database) -> None:
    with database.writing() as connection:
        moments = [connection.execute(select(clock.now())).scalar_one() for _ in range(200)]
    assert moments == sorted(set(moments))


def test_it_is_the_time_in_utc(database: Database) -> None:
    with database.reading() as connection:
        now = connection.execute(select(clock.now())).scalar_one()
    assert now == pytest.approx(time.time(), abs=5)
