"""Numbers for what has random names: given once, to one thing, whoever asks and however many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert

from makeready.service import clock, tables
from makeready.service.database import Database
from makeready.service.jobs import Jobs
from makeready.service.numbers import Numbers
from makeready.service.settings import Settings
from service.jobs_helping import account


@pytest.fixture
def numbers(database: Database) -> Numbers:
    return Numbers(database)


def test_a_thing_keeps_its_number(numbers: Numbers) -> None:
    first, second = numbers.of("job", "one"), numbers.of("job", "two")
    assert 0 < first < second
    assert [numbers.of("job", "one"), numbers.of("job", "two")] == [first, second]
    assert numbers.of_all("job", ["two", "one", "two", "three"]) == {
        "one": first, "two": second, "three": numbers.of("job", "three")
    }  # fmt: skip
    assert numbers.of_all("job", []) == {}


def test_several_new_things_are_numbered_in_their_order(numbers: Numbers) -> None:
    found = numbers.of_all("job", ["c", "a", "b"])
    assert sorted(found, key=found.__getitem__) == ["c", "a", "b"]


def test_a_number_leads_back_and_only_to_its_kind(numbers: Numbers) -> None:
    job, batch = numbers.of("job", "same"), numbers.of("batch", "same")
    assert job != batch
    assert numbers.named("job", job) == numbers.named("batch", batch) == "same"
    assert numbers.named("batch", job) is numbers.named("job", batch) is None


@pytest.mark.parametrize("number", [0, -1, 99, 2**53, 2**70, -(2**70)])
def test_numbers_that_were_not_given_lead_nowhere(numbers: Numbers, number: int) -> None:
    assert numbers.named("job", number) is None


def test_what_is_made_and_its_number_come_together_or_not_at_all(numbers: Numbers, database: Database) -> None:
    def failing() -> None:
        with database.writing() as connection:
            numbers.give(connection, "job", "lost")
            raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - it has no words
        failing()
    with database.writing() as connection:
        number = numbers.give(connection, "job", "kept")
    assert numbers.named("job", number) == "kept"
    assert numbers.of("job", "kept") == number


def test_many_that_ask_at_once_get_the_same_numbers(numbers: Numbers) -> None:
    names = [f"job_{number}" for number in range(6)]
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda turn: numbers.of_all("job", names if turn % 2 else names[::-1]), range(16)))
    assert all(found == told[0] for found in told)
    assert len(set(told[0].values())) == len(names)


def test_an_owner_is_told_until_the_thing_is_gone(numbers: Numbers, database: Database, tmp_path: Path) -> None:
    jobs, owner = Jobs(database, Settings(data=tmp_path)), account(database)
    job = jobs.submit(owner, dialect="print-ready", operation="empty", params={})
    assert numbers.owner("job", job.id) == owner
    jobs.delete(owner, job.id)
    assert numbers.owner("job", job.id) is numbers.owner("batch", "none") is None
    with database.writing() as connection:
        key = {"id": "key_1", "account_id": owner, "name": "", "prefix": "mk_", "digest": "x"}
        connection.execute(insert(tables.api_key).values(key | {"created_at": clock.now()}))
    assert numbers.owner("key", "key_1") == owner
