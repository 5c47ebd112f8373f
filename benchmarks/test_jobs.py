"""What the service adds to a job: empty ones, through the database, a worker process and its children, and back."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from makeready.service import tables
from makeready.service.core import Service
from makeready.service.settings import Settings
from service.chaos import Busy
from service.conftest import database_url, postgresql, postgresql_database  # noqa: F401 - fixtures
from service.jobs_helping import account

_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def _service(url: str, folder: Path, slots: int) -> Iterator[tuple[Service, Busy]]:
    """A service with a worker that has done its first job in each slot."""
    settings = Settings(
        data=folder / "data",
        database_url=url,
        workers=slots,
        testing=True,
        limits_queue=5000,
        limits_queue_account=5000,
    )
    service = Service.open(settings)
    worker = Busy(settings)
    try:
        _burst(service, account(service.database), slots * 4)
        yield service, worker
    finally:
        worker.kill()
        service.close()


def _submit(service: Service, owner: str) -> str:
    given: dict[str, Any] = {"inputs": {}, "options": {}}
    return service.jobs.submit(owner, dialect="printcart", operation="empty", params=given, amount=1).id


def _burst(service: Service, owner: str, count: int) -> float:
    """Jobs a second, from the first one's start to the last one's end."""
    wanted = {_submit(service, owner) for _ in range(count)}
    for job_id in wanted:
        assert service.jobs.wait(owner, job_id, 120).state == "completed"
    job = tables.job
    with service.database.reading() as connection:
        span = select(func.max(job.c.ended_at) - func.min(job.c.started_at)).where(job.c.id.in_(wanted))
        return count / float(connection.execute(span).scalar_one())


def test_latency_of_an_empty_job(benchmark: Any, database_url: str, tmp_path: Path) -> None:  # noqa: F811
    """From the call that submits it until the caller has seen its end."""
    with _service(database_url, tmp_path, 2) as (service, _worker):
        owner = account(service.database)

        def once() -> None:
            assert service.jobs.wait(owner, _submit(service, owner), 60).state == "completed"

        benchmark.pedantic(once, rounds=100)
    taken = sorted(benchmark.stats.stats.data)
    p95 = statistics.quantiles(taken, n=20)[-1]
    print(f"\nan empty job: p50 {statistics.median(taken) * 1e3:.0f} ms, p95 {p95 * 1e3:.0f} ms")


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_empty_jobs_a_second(benchmark: Any, database_url: str, tmp_path: Path, slots: int) -> None:  # noqa: F811
    with _service(database_url, tmp_path, slots) as (service, _worker):
        owner = account(service.database)
        rates: list[float] = []
        benchmark.pedantic(lambda: rates.append(_burst(service, owner, 200)), rounds=2)
    benchmark.extra_info["jobs a second"] = round(max(rates), 1)
    print(f"\n{slots} slots: {max(rates):.0f} jobs/s")


def test_an_idle_worker(benchmark: Any, database_url: str, tmp_path: Path) -> None:  # noqa: F811
    """The share of a processor that waiting takes: the worker with its webhooks, its cleaning and its children."""
    with _service(database_url, tmp_path, 2) as (_, worker):
        time.sleep(1.0)
        before = _busy(worker.pid)
        benchmark.pedantic(lambda: time.sleep(10.0), rounds=1)
        share = (_busy(worker.pid) - before) / 10.0
    benchmark.extra_info["share of a core"] = round(share, 4)
    print(f"\nidle: {share:.1%} of a core")


def _busy(pid: int) -> float:
    """Seconds of processor time that a process and its children have taken."""
    family = [pid]
    for thread in Path(f"/proc/{pid}/task").iterdir():
        family += [int(child) for child in (thread / "children").read_text().split()]
    total = 0
    for one in family:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS
