"""What ``/metrics`` says, for Prometheus: requests by this process, jobs and workers as the database has them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from makeready.service import clock, tables
from makeready.service.catalogue import ALIVE_S

if TYPE_CHECKING:
    from makeready.service.core import Service

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Seconds: from a request that touches nothing to one that waits for its picture.
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The numbers of one web process."""

    def __init__(self, service: Service) -> None:
        """Count from nothing."""
        self._registry = CollectorRegistry()
        self._requests = _Requests()
        self._registry.register(self._requests)
        self._registry.register(_Jobs(service))

    def count(self, dialect: str, route: str, status: int, seconds: float) -> None:
        """One request was answered. ``route`` is a template, so that there are few of them."""
        self._requests.count(dialect, route, status, seconds)

    def page(self) -> bytes:
        """All numbers, in Prometheus' text format."""
        return generate_latest(self._registry)


class _Requests(Collector):
    """Counts in plain numbers, as only the loop's own thread does: a library's counter takes a lock for each."""

    def __init__(self) -> None:
        self._answered: dict[tuple[str, str, int], int] = {}
        #: How many in each bucket, one for those over the last, and their seconds.
        self._took: dict[tuple[str, str], tuple[list[int], list[float]]] = {}

    def count(self, dialect: str, route: str, status: int, seconds: float) -> None:
        key = dialect, route, status
        self._answered[key] = self._answered.get(key, 0) + 1
        took = self._took.get((dialect, route))
        if took is None:
            took = self._took[dialect, route] = [0] * (len(_BUCKETS) + 1), [0.0]
        took[0][bisect_left(_BUCKETS, seconds)] += 1
        took[1][0] += seconds

    def collect(self) -> Iterator[Metric]:
        answered = CounterMetricFamily(
            "makeready_requests", "Requests answered.", labels=("dialect", "route", "status")
        )
        for (dialect, route, status), count in list(self._answered.items()):
            answered.add_metric((dialect, route, str(status)), count)
        yield answered
        seconds = HistogramMetricFamily(
            "makeready_request_seconds", "What answering took.", labels=("dialect", "route")
        )
        for labels, (counts, total) in list(self._took.items()):
            bounds = (*map(str, _BUCKETS), "+Inf")
            seconds.add_metric(labels, list(zip(bounds, accumulate(counts), strict=True)), total[0])
        yield seconds


class _Jobs(Collector):
    """Asks the database at every scrape: no process counts for another."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand: to register must not ask the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("makeready_jobs", "Jobs by queue and state.", labels=("queue", "state"))
        for (queue, state), count in self._service.jobs.counts().items():
            jobs.add_metric((queue, state), count)
        yield jobs
        oldest = GaugeMetricFamily(
            "makeready_oldest_job_seconds", "For how long the first job that waits has waited.", labels=("queue",)
        )
        for queue, seconds in self._service.jobs.oldest().items():
            oldest.add_metric((queue,), seconds)
        yield oldest
        alive = tables.worker.c.seen_at > clock.now() - ALIVE_S
        question = select(func.count(), func.coalesce(func.sum(tables.worker.c.slots), 0)).where(alive)
        with self._service.database.reading() as connection:
            workers, slots = connection.execute(question).one()
        yield GaugeMetricFamily("makeready_workers", "Worker processes that are alive.", value=workers)
        yield GaugeMetricFamily("makeready_slots", "Jobs that they do at a time.", value=slots)
