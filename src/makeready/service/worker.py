"""A worker: a process that takes jobs from the queue and works on several at a time, each in a child of its own.

One thread asks the queue, one keeps the leases, and each slot has a thread that waits for its child. Asked to end, it
takes nothing new and lets running jobs finish; killed, its leases run out and other workers begin its jobs again.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from makeready.service import clock, ids, operations, tables
from makeready.service.attempt import Attempt
from makeready.service.database import said
from makeready.service.queue import Claim
from makeready.service.settings import Settings
from makeready.service.slot import Crashed, Slot

if TYPE_CHECKING:
    from makeready.service.core import Service

_log = structlog.get_logger("makeready.worker")
_WORKER = tables.worker
#: Asked to end again within so many seconds, it is the same wish: systemd asks all processes of a service, and then the
#: server asks its worker.
_ONE_WISH_S = 0.5
#: Seconds between two looks at whether a webhook is due, and whether something is to be cleaned.
_COURIER_S, _JANITOR_S = 1.0, 30.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a worker looks at what, in seconds."""

    #: Whether a job waits, while a slot is free; less often where the question has to go to a server.
    poll: float = 0.05
    #: Whether running jobs are still wanted, and how far they are.
    look: float = 0.5
    #: Whether another worker's lease has run out.
    recover: float = 1.0
    #: That it lives, told to the others.
    seen: float = 5.0
    #: What dead workers left in the data folder.
    tidy: float = 60.0
    #: How long running jobs may go on after it was asked to end.
    drain: float = 90.0
    #: After the first error of the database; each further one doubles it, up to a bound.
    trouble: float = 1.0
    longest_trouble: float = 15.0


#: Something done beside the jobs: what to do (``True`` where there was something), and the seconds until the next time
#: where there was nothing.
Chore = tuple[Callable[[], bool], float]


@dataclass(eq=False)
class _Trouble:
    """What goes wrong again and again: each time there is a line in the log, and a longer pause before the next."""

    worker: Worker
    #: What it is of the worker that does not get on.
    part: str
    _pause: float = 0.0

    def met(self, error: Exception) -> float:
        """Say so; the seconds before it is tried again."""
        pace = self.worker.pace
        self._pause = min(self._pause * 2 or pace.trouble, pace.longest_trouble)
        about = {"worker": self.worker.id, "part": self.part, "again_in": self._pause}
        if isinstance(error, Crashed):
            _log.error("a child does not start", why=str(error), said=error.said, **about)
        elif isinstance(error, SQLAlchemyError):
            _log.error("the database does not answer", why=said(error), **about)
        else:  # a disk that is full, a row that cannot be read: running jobs are not to blame
            _log.error("the worker stumbled", exc_info=error, **about)
        return self._pause

    def over(self) -> None:
        """It got on."""
        self._pause = 0.0


@dataclass(eq=False)
class _Running:
    """A job at work, between the thread that has its child and the one that keeps its lease."""

    claim: Claim
    #: Until when nobody takes the job away, by this machine's clock.
    until: float
    progress: float = 0.0
    stage: str = ""
    told: tuple[float, str] = (0.0, "")
    going: bool = True

    def tell(self, progress: float, stage: str) -> bool:
        """How far the work is; whether to go on."""
        self.progress, self.stage = progress, stage or self.stage
        return self.going


@dataclass(eq=False)
class Worker:
    """A worker over a service; ``run`` works until ``stop``."""

    settings: Settings
    #: Opened from the settings, and closed at the end, when left out.
    service: Service | None = None
    pace: Pace = Pace()
    #: What else it does, by name: webhooks and cleaning when left out.
    chores: Mapping[str, Chore] | None = None
    #: Makes a slot.
    slot: Callable[[Settings], Slot] = Slot

    id: str = field(init=False, default_factory=lambda: ids.new("worker"))
    _asked: float | None = field(init=False, default=None)
    _hurry: bool = field(init=False, default=False)

    def stop(self) -> None:
        """Take no more jobs, let running ones finish, and end; a second time, half a second later or more: end at once.

        Safe in a signal's handler.
        """
        now = time.monotonic()
        if self._asked is None:
            self._asked = now
        elif now - self._asked >= _ONE_WISH_S:
            self._hurry = True

    def run(self) -> None:
        """Work until ``stop``. In the main thread SIGTERM and SIGINT stop it."""
        service = self.service
        if service is None:
            from makeready.service.core import Service

            service = Service.open(self.settings)
        try:
            with _stopped_by_signals(self.stop):
                _Shift(self, service).run()
        finally:
            if self.service is None:
                service.close()

    @property
    def stopping(self) -> bool:
        """Whether it takes no more jobs."""
        return self._asked is not None

    @property
    def hurry(self) -> bool:
        """Whether running jobs are not waited for."""
        return self._hurry


class _Shift:
    """What a worker has while it runs."""

    def __init__(self, worker: Worker, service: Service) -> None:
        self._worker, self._service = worker, service
        self._pace = worker.pace
        self._poll = worker.pace.poll * (1 if service.database.is_sqlite else 1.5)
        self._slots = worker.settings.workers or os.cpu_count() or 1
        self._folder = worker.settings.data.absolute() / "work"
        self._free = threading.Semaphore(0)
        self._claims: queue.SimpleQueue[Claim | None] = queue.SimpleQueue()
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._next: dict[str, float] = {}

    def run(self) -> None:
        self._seen()
        mine = self._folder / self._worker.id
        mine.mkdir(parents=True, mode=0o700)
        lanes = [threading.Thread(target=self._lane, name=f"slot-{n}", daemon=True) for n in range(self._slots)]
        beside = [threading.Thread(target=self._keep_leases, name="leases", daemon=True)]
        beside += [
            threading.Thread(target=self._chore, args=(name, *chore), name=name, daemon=True)
            for name, chore in self._chores().items()
        ]
        _log.info("worker starts", worker=self._worker.id, slots=self._slots, queues=self._worker.settings.queues)
        for thread in (*lanes, *beside):
            thread.start()
        trouble = _Trouble(self._worker, "queue")
        try:
            while not self._worker.stopping:
                try:
                    self._round()
                    trouble.over()
                except Exception as error:
                    self._rest(trouble.met(error))
        finally:
            self._drain(lanes)
            self._over.set()
            for thread in beside:
                thread.join(self._pace.trouble + 1)
            shutil.rmtree(mine, ignore_errors=True)
            with contextlib.suppress(SQLAlchemyError), self._service.database.writing() as connection:
                connection.execute(delete(_WORKER).where(_WORKER.c.id == self._worker.id))
            _log.info("worker ended", worker=self._worker.id)

    def _rest(self, seconds: float) -> None:
        """Wait, but not longer than until the worker is asked to end."""
        until = time.monotonic() + seconds
        while not self._worker.stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, self._pace.look))

    def _round(self) -> None:
        """Look once whether there is something to do."""
        self._every(self._pace.seen, self._seen)
        self._every(self._pace.recover, self._recover)
        self._every(self._pace.tidy, self._tidy)
        if not self._free.acquire(timeout=self._poll):
            return
        claim = None
        try:
            claim = self._service.queue.claim(self._worker.id, self._worker.settings.queues)
        finally:
            if claim is None:
                self._free.release()
        if claim is None:
            time.sleep(self._poll)
            return
        with self._lock:
            # The lease began a moment ago; it is renewed long before that matters.
            until = time.monotonic() + self._service.queue.lease
            self._running[claim.token] = _Running(claim, until, told=(0.0, claim.job.stage))
        self._claims.put(claim)

    def _every(self, seconds: float, what: Callable[[], None]) -> None:
        now = time.monotonic()
        if now >= self._next.get(what.__name__, 0.0):
            self._next[what.__name__] = now + seconds
            what()

    def _seen(self) -> None:
        worker = self._worker
        # Each time, so that what was installed meanwhile counts; before the transaction, which others wait for.
        lacks = operations.lacks()
        with self._service.database.writing() as connection:
            here = connection.execute(
                update(_WORKER)
                .where(_WORKER.c.id == worker.id)
                .values(seen_at=clock.now(), draining=worker.stopping, lacks=lacks)
            )
            if here.rowcount == 0:
                connection.execute(
                    insert(_WORKER).values(
                        id=worker.id, host=socket.gethostname(), pid=os.getpid(), queues=list(worker.settings.queues),
                        slots=self._slots, draining=worker.stopping, lacks=lacks,
                        started_at=clock.now(), seen_at=clock.now(),
                    )
                )  # fmt: skip

    def _recover(self) -> None:
        # A late lease of our own says that the machine is slow, slept, or had its clock set; the work goes on.
        with self._lock:
            mine = {token for token, running in self._running.items() if running.going}
        if count := self._service.queue.recover(self._worker.settings.queues, spare=mine):
            _log.warning("jobs of dead workers recovered", count=count, worker=self._worker.id)

    def _tidy(self) -> None:
        """Remove the folders of workers that are no more."""
        alive = select(_WORKER.c.id).where(_WORKER.c.seen_at > clock.now() - max(self._pace.tidy, 3 * self._pace.seen))
        # The folders first: whoever makes one is registered by then.
        folders = list(self._folder.iterdir())
        with self._service.database.reading() as connection:
            known = {self._worker.id, *connection.execute(alive).scalars()}
        for folder in folders:
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    def _drain(self, lanes: list[threading.Thread]) -> None:
        for _ in lanes:
            self._claims.put(None)
        with contextlib.suppress(SQLAlchemyError):
            self._seen()
        until = time.monotonic() + self._pace.drain
        while any(lane.is_alive() for lane in lanes) and time.monotonic() < until and not self._worker.hurry:
            time.sleep(self._pace.poll)
            with contextlib.suppress(SQLAlchemyError):
                self._every(self._pace.seen, self._seen)
        with self._lock:
            for running in self._running.values():
                running.going = False
                # Nobody has to wait for the lease, and the job is not to blame.
                with contextlib.suppress(SQLAlchemyError):
                    self._service.queue.retry(running.claim, 0.0, counted=False)
        for lane in lanes:
            lane.join(self._pace.look * 4 + 1)

    def _lane(self) -> None:
        """A slot's life: a job, and the next."""
        slot: Slot | None = None
        trouble = _Trouble(self._worker, threading.current_thread().name)
        try:
            while True:
                # No process, no disk: nothing is claimed for this slot until there is.
                try:
                    slot = slot or self._worker.slot(self._worker.settings)
                    slot.warm()
                    trouble.over()
                except Exception as error:
                    self._rest(trouble.met(error))
                    if self._worker.stopping:
                        return
                    continue
                # Nothing is claimed for a slot before its child is ready.
                self._free.release()
                claim = self._claims.get()
                if claim is None:
                    return
                try:
                    self._work(slot, claim)
                except Exception:  # its lease runs out, and it is begun again
                    _log.exception("a job could not be given back", job=claim.job.id, attempt=claim.attempt)
                finally:
                    with self._lock:
                        self._running.pop(claim.token, None)
        finally:
            if slot is not None:
                slot.close()

    def _work(self, slot: Slot, claim: Claim) -> None:
        running = self._running[claim.token]
        folder = self._folder / self._worker.id / claim.token
        folder.mkdir(parents=True)
        attempt = Attempt(self._service, claim, folder)
        began = time.monotonic()
        try:
            how = attempt.run(slot, running.tell)
        except Exception:
            _log.exception("a job failed outside its child", job=claim.job.id, attempt=claim.attempt)
            how = attempt.broken()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        _log.info(
            "job worked on", job=claim.job.id, operation=claim.job.operation, attempt=claim.attempt, how=how,
            seconds=round(time.monotonic() - began, 3),
        )  # fmt: skip

    def _keep_leases(self) -> None:
        """See to running jobs: renew their leases, say how far they are, and stop those nobody wants any more."""
        trouble = _Trouble(self._worker, "leases")
        silent_until = 0.0
        while not self._over.wait(min(self._pace.look, self._service.queue.lease / 4)):
            with self._lock:
                running = [one for one in self._running.values() if one.going]
            try:
                self._look_at(running)
                trouble.over()
            except Exception as error:  # whatever it is, the leases of all jobs hang on this thread
                # It is tried again soon all the same, for their sake, and only said less often.
                if time.monotonic() >= silent_until:
                    silent_until = time.monotonic() + trouble.met(error)
                for one in running:
                    if time.monotonic() > one.until:
                        one.going = False

    def _look_at(self, running: list[_Running]) -> None:
        lease = self._service.queue.lease
        held = self._service.queue.held([one.claim for one in running])
        for one in running:
            if one.claim.token not in held:
                one.going = False
                continue
            news = (one.progress, one.stage)
            if news == one.told and one.until - time.monotonic() > lease * 2 / 3:
                continue
            until = time.monotonic() + lease
            if self._service.queue.beat(one.claim, progress=one.progress, stage=one.stage):
                one.told, one.until = news, until
            else:
                one.going = False

    def _chores(self) -> Mapping[str, Chore]:
        if self._worker.chores is not None:
            return self._worker.chores
        from makeready.service.janitor import Janitor
        from makeready.service.webhooks import Courier

        courier = Courier(self._service.database, self._service.fetcher)
        janitor = Janitor(self._service)
        return {"courier": (courier.turn, _COURIER_S), "janitor": (janitor.turn, _JANITOR_S)}

    def _chore(self, name: str, turn: Callable[[], bool], pause: float) -> None:
        trouble = _Trouble(self._worker, name)
        while not self._over.is_set():
            try:
                wait = 0.0 if turn() else pause
                trouble.over()
            except Exception as error:
                wait = max(pause, trouble.met(error))
            self._over.wait(wait)


@contextlib.contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Have SIGTERM and SIGINT stop something, where signals can be had: in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(_signal: int, _frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
