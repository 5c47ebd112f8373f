"""Money and promises, while workers and submitters are killed and stopped."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from makeready.service import states
from makeready.service.settings import Settings
from service.chaos import AMOUNT, SUCCEED, Storm, service_of
from service.jobs_helping import Books, account

SECONDS = 30.0 if os.environ.get("CI") else 8.0
GRANT = 1_000_000


def test_whatever_dies_every_job_ends_once_and_the_books_balance(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", database_url=database_url, testing=True, workers=2)
    service = service_of(settings, lease=1.5)
    try:
        owners = [account(service.database, GRANT) for _ in range(2)]
        storm = Storm(settings, owners, SECONDS, seed=20)
        storm.rage(service)
        books = Books.of(service.database)
        shown = {file.id for job in books.jobs.values() for file in _files(service, owners, job)}
        objects = {
            path.relative_to(settings.data / "files").as_posix() for path in (settings.data / "files").rglob("*")
        }
    finally:
        service.close()

    ends = Counter(job.state for job in books.jobs.values())
    died = [job for job in books.jobs.values() if job.error_code == "WORKER_DIED"]
    again = sum(job.attempt > 1 for job in books.jobs.values())
    assert storm.done["workers killed"] + storm.done["workers stopped"] > 0
    print(f"\n{dict(ends)}, begun again {again}, died {len(died)}; {dict(storm.done)}")

    assert len(books.jobs) > 5
    assert set(ends) <= states.ENDED
    assert all(job.ended_at is not None and job.token is None for job in books.jobs.values())

    # One charge a job, and no charge without a job; a refund exactly where it did not complete, and once.
    assert set(books.ledger) == set(books.jobs)
    for job_id, entries in books.ledger.items():
        job = books.jobs[job_id]
        taken = {kind: amount for kind, amount in entries.items() if kind in ("charge", "hold")}
        assert list(taken.values()) == [-AMOUNT]
        back = {} if job.state == "completed" else {"refund": AMOUNT}
        assert {kind: amount for kind, amount in entries.items() if kind not in taken} == back
        assert job.cost == (AMOUNT if job.state == "completed" else 0)
    books.balanced()
    completed = ends["completed"]
    assert sum(books.balances.values()) == len(owners) * GRANT - AMOUNT * completed

    assert books.deliveries == dict.fromkeys(books.jobs, 1)

    # It went as the work went, but where workers died on it too often.
    for job in books.jobs.values():
        if job.state == "cancelled":
            continue
        if job.error_code == "WORKER_DIED":
            assert job.attempt == 3
        else:
            assert (job.state == "completed") is (job.operation in SUCCEED), job
            assert job.operation != "segfault"

    # What can be seen is of the attempt that settled, and is there.
    for key, job_id in books.files.items():
        assert books.jobs[job_id].state == "completed"
        assert key in objects
    assert (
        len(books.files)
        == len(shown)
        == sum(job.state == "completed" and job.operation == "empty" for job in books.jobs.values())
    )


def _files(service, owners, job):  # type: ignore[no-untyped-def]
    """The files that a job's result names."""
    return [service.files.get(job.account_id, file_id) for file_id in (job.result or {}).get("files", {}).values()]
