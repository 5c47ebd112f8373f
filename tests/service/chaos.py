"""Workers and submitters in processes of their own, for tests that kill them; and a storm over many of both.

As a program it is one of those processes: ``chaos.py worker|submitter JSON``.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from makeready.service import states, tables
from makeready.service.core import Service
from makeready.service.errors import Conflict, QueueFull
from makeready.service.queue import Queue
from makeready.service.settings import Settings
from makeready.service.worker import Pace, Worker

#: What a job of the storm takes.
AMOUNT = 7
#: Short, so that a storm of seconds sees many leases run out.
PACE = Pace(poll=0.02, look=0.2, recover=0.3, seen=0.5, drain=30.0)
#: operation → how often, and its options. Whatever does not fail has to complete.
MIX: dict[str, tuple[int, Callable[[random.Random], dict[str, Any]]]] = {
    "empty": (45, lambda chance: {"output": f"made {chance.random()}"}),
    "sleep": (35, lambda chance: {"seconds": chance.uniform(0.02, 1.2)}),
    "fail": (16, lambda _chance: {"code": "NOT_POSSIBLE"}),
    "segfault": (4, lambda _chance: {}),
}
SUCCEED = frozenset({"empty", "sleep"})


def service_of(settings: Settings, *, lease: float, backoff: float = 0.1, migrate: bool = True) -> Service:
    """A service with short leases."""
    service = Service.open(settings, migrate=migrate)
    return dataclasses.replace(service, queue=Queue(service.database, lease=lease, backoff=backoff))


class Child:
    """One of these processes."""

    def __init__(self, role: str, settings: Settings, **told: Any) -> None:
        given = settings.model_dump(mode="json", include={"data", "database_url", "workers", "testing", "fetch_allow"})
        given["fetch_allow"] = ",".join(settings.fetch_allow)
        #: Where to look when one of them does what it should not.
        self._said = (settings.data / "children.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__, role, json.dumps(told | {"settings": given})],
            stdout=subprocess.DEVNULL, stderr=self._said,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        if self.alive:
            self._process.send_signal(number)

    def wait(self, seconds: float) -> int:
        return self._process.wait(seconds)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._said.close()


class Busy(Child):
    """A worker."""

    def __init__(self, settings: Settings, *, lease: float | None = None) -> None:
        """Start it: with a short lease and in haste, or as users do."""
        super().__init__("worker", settings, lease=lease)


class Submitter(Child):
    """Submits jobs, and cancels some, until it is killed."""

    def __init__(self, settings: Settings, owner: str, seed: int) -> None:
        super().__init__("submitter", settings, owner=owner, seed=seed)


@dataclass
class Storm:
    """Everything is killed and stopped, again and again, for some time; then there is peace until all is done."""

    settings: Settings
    owners: list[str]
    seconds: float
    seed: int
    lease: float = 1.5
    workers: int = 3
    submitters: int = 2
    #: What was done to whom.
    done: Counter[str] = field(default_factory=Counter)

    def rage(self, service: Service) -> None:
        """Do it all.

        Raises:
            AssertionError: jobs are left when there was time enough.
        """
        chance = random.Random(self.seed)
        working = [Busy(self.settings, lease=self.lease) for _ in range(self.workers)]
        submitting = [self._submitter(n) for n in range(self.submitters)]
        stopped: list[tuple[float, Child]] = []
        try:
            while self._in_the_middle(service, working) is None:
                assert all(child.alive for child in (*working, *submitting))
                time.sleep(0.05)
            until = time.monotonic() + self.seconds
            while time.monotonic() < until:
                time.sleep(chance.uniform(0.2, 0.8))
                what = chance.random()
                which = self._in_the_middle(service, working) if what < 0.65 else chance.randrange(self.submitters)
                if which is None:
                    continue
                if what < 0.35:
                    working[which].kill()
                    working[which] = Busy(self.settings, lease=self.lease)
                    self.done["workers killed"] += 1
                elif what < 0.65:
                    working[which].signal(signal.SIGSTOP)
                    # Sometimes for less than a lease, mostly for longer.
                    stopped.append((time.monotonic() + self.lease * chance.uniform(0.5, 2.0), working[which]))
                    self.done["workers stopped"] += 1
                elif what < 0.9:
                    assert submitting[which].alive, self._said()
                    submitting[which].kill()
                    self.done["submitters killed"] += 1
                    submitting[which] = self._submitter(self.done["submitters killed"] + 10)
                self._continue(stopped, time.monotonic())
            self._continue(stopped, float("inf"))
            assert all(submitter.alive for submitter in submitting), self._said()
            for submitter in submitting:
                submitter.kill()
            self._peace(service, working)
            with service.database.reading() as connection:
                begun = set(connection.execute(select(tables.worker.c.pid)).scalars())
            for worker in working:
                worker.signal(signal.SIGTERM)
            for worker in working:
                # One that was just starting knows no better than to die.
                how = worker.wait(60)
                assert how == 0 or (how == -signal.SIGTERM and worker.pid not in begun), (how, self._said())
        finally:
            for child in (*working, *submitting):
                child.kill()

    def _in_the_middle(self, service: Service, working: list[Busy]) -> int | None:
        """A worker that works on something: to kill one that is just starting proves little."""
        at_it = select(tables.worker.c.pid).join(tables.job, tables.job.c.worker_id == tables.worker.c.id)
        with service.database.reading() as connection:
            pids = set(connection.execute(at_it.where(tables.job.c.state == states.PROCESSING)).scalars())
        return next((n for n, worker in enumerate(working) if worker.pid in pids and worker.alive), None)

    def _said(self) -> str:
        return (self.settings.data / "children.log").read_text()[-2000:]

    def _submitter(self, number: int) -> Submitter:
        owner = self.owners[number % len(self.owners)]
        return Submitter(self.settings, owner, self.seed * 1000 + number)

    def _continue(self, stopped: list[tuple[float, Child]], now: float) -> None:
        for due in [one for one in stopped if one[0] <= now]:
            stopped.remove(due)
            due[1].signal(signal.SIGCONT)

    def _peace(self, service: Service, working: list[Busy]) -> None:
        until = time.monotonic() + 120
        while left := sum(count for (_, state), count in service.jobs.counts().items() if state not in states.ENDED):
            assert time.monotonic() < until, f"{left} jobs are left"
            assert any(worker.alive for worker in working)
            time.sleep(0.2)


def _work(told: dict[str, Any], settings: Settings) -> None:
    if told["lease"] is None:
        Worker(settings).run()
        return
    service = service_of(settings, lease=told["lease"], migrate=False)
    Worker(settings, service=service, pace=PACE, chores={}).run()
    service.close()


def _submit(told: dict[str, Any], settings: Settings) -> None:
    service = service_of(settings, lease=1.0, migrate=False)
    chance = random.Random(told["seed"])

    def slowly(_connection: Connection, _job_id: str) -> None:
        time.sleep(chance.uniform(0.0, 0.02))  # time to be killed in the middle of it

    while True:
        operation = chance.choices(list(MIX), [often for often, _ in MIX.values()])[0]
        params = {"inputs": {}, "options": MIX[operation][1](chance)}
        try:
            job = service.jobs.submit(
                told["owner"], dialect="printcart", operation=operation, params=params, amount=AMOUNT,
                kind=chance.choice(["charge", "hold"]), webhook_url="https://example.com/hook", also=slowly,
            )  # fmt: skip
            if chance.random() < 0.05:
                time.sleep(chance.uniform(0.0, 0.3))
                service.jobs.cancel(told["owner"], job.id)
        except (QueueFull, Conflict):
            time.sleep(0.2)
        time.sleep(chance.uniform(0.0, 0.1))


def main() -> None:
    """Be one of these processes."""
    told = json.loads(sys.argv[2])
    settings = Settings(**told["settings"])
    {"worker": _work, "submitter": _submit}[sys.argv[1]](told, settings)


if __name__ == "__main__":
    os.chdir(Path(__file__).parent)
    main()
