from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.exc import OperationalError

from makeready.service import clock, operations, tables
from makeready.service.core import Service
from makeready.service.errors import Unavailable
from makeready.service.jobs import Job
from makeready.service.queue import Queue
from makeready.service.settings import Settings
from makeready.service.slot import Crashed, Done, Output, Refused, Slot, Stopped, Task, Tell
from makeready.service.worker import Pace, Worker
from makeready.testing.offering import offered
from service.chaos import Busy, service_of
from service.jobs_helping import GRANT, Books, account

PACE = Pace(poll=0.02, look=0.1, recover=0.1, seen=0.5, tidy=0.2, drain=20.0)
Work = Callable[[Task, Tell], Done]


class InThisProcess:
    """A slot whose work is a function of the test."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def __call__(self, _settings: Settings) -> InThisProcess:
        return self

    def warm(self) -> None:
        pass

    def run(self, task: Task, *, tell: Tell) -> Done:
        return self.work(task, tell)

    def close(self) -> None:
        pass


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    settings = Settings(
        data=tmp_path / "data", database_url=database_url, testing=True, workers=2, fetch_allow=("127.0.0.1",)
    )
    made = service_of(settings, lease=2.0, backoff=0.0)
    yield made
    made.close()


@pytest.fixture
def owner(service: Service) -> str:
    return account(service.database)


def submit(service: Service, owner: str, operation: str = "empty", amount: int = 100, **given: object) -> Job:
    params = {"inputs": given.pop("inputs", {}), "options": given.pop("options", {})}
    return service.jobs.submit(owner, dialect="printcart", operation=operation, params=params, amount=amount, **given)  # type: ignore[arg-type]


@contextmanager
def at_work(service: Service, work: Work | None = None, pace: Pace = PACE) -> Iterator[Worker]:
    slot = Slot if work is None else InThisProcess(work)
    worker = Worker(service.settings, service=service, pace=pace, chores={}, slot=slot)  # type: ignore[arg-type]
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        if not worker.stopping:  # asked twice it would not let running jobs finish
            worker.stop()
        thread.join(30)
        assert not thread.is_alive()


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def ended(service: Service, owner: str, job: Job) -> Job:
    after = service.jobs.wait(owner, job.id, 20)
    assert after.ended
    return after


def kept(service: Service) -> list[Path]:
    return [path for path in (service.settings.data / "files").rglob("*") if path.is_file()]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server of one file."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "photo.gif").write_bytes(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;")

    with offered(tmp_path / "web") as url:
        yield url


def backwards(task: Task, tell: Tell) -> Done:
    """Writes its input backwards, with a report about it."""
    (name,) = task.inputs
    out = Path(task.folder) / "out.txt"
    out.write_bytes(task.path(name).read_bytes()[::-1])
    report = {"role": "report", "document": {"verdict": "pass"}, "page": "text"}
    return Done({"n": 1}, [Output("text", "out.txt", "backwards.txt", "text/plain")], reports=[report])


def test_by_url_or_by_file_what_comes_out_is_kept_with_its_report(
    service: Service, owner: str, address: str, tmp_path: Path
) -> None:
    with at_work(service, backwards):
        first = ended(service, owner, submit(service, owner, inputs={"image": {"url": f"{address}/photo.gif"}}))
        assert first.result
        given = {"image": {"file": first.result["files"]["text"]}}
        second = ended(service, owner, submit(service, owner, inputs=given))
    assert first.state == second.state == "completed"
    assert second.result
    assert second.result["n"] == 1
    file = service.files.get(owner, second.result["files"]["text"])
    service.files.download(file, tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == (tmp_path / "web" / "photo.gif").read_bytes()
    assert (file.name, file.media_type, file.job_id) == ("backwards.txt", "text/plain", second.id)
    report = service.reports.get(owner, second.result["reports"]["report"])
    assert (report.document, report.page_id) == ({"verdict": "pass"}, file.id)
    assert report.file_id == first.result["files"]["text"]
    # What was fetched for a report is kept, so that a fix can begin from it.
    about = service.reports.get(owner, first.result["reports"]["report"]).file_id
    assert about
    assert service.files.get(owner, about).media_type == "image/gif"
    assert list((service.settings.data / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"image": {"url": "http://10.0.0.1/x.png"}}, "URL_NOT_FETCHED"),
        ({"image": {"file": "file_that_is_not_there"}}, "NOT_FOUND"),
    ],
)
def test_an_input_that_cannot_be_had_fails_the_job_and_says_why(
    service: Service, owner: str, inputs: dict[str, object], code: str
) -> None:
    with at_work(service, backwards):
        job = ended(service, owner, submit(service, owner, inputs=inputs))
    assert (job.state, job.error_code, job.attempt, job.cost) == ("failed", code, 1, 0)
    assert job.error_message
    assert Books.of(service.database).balances[owner] == GRANT


def test_what_is_fetched_is_never_larger_than_the_request_allowed(service: Service, owner: str, address: str) -> None:
    url = f"{address}/photo.gif"
    with at_work(service, backwards):
        large = ended(service, owner, submit(service, owner, inputs={"image": {"url": url, "most": 13}}))
        fits = ended(service, owner, submit(service, owner, inputs={"image": {"url": url, "most": 14}}))
    assert (large.state, large.error_code, large.cost) == ("failed", "URL_NOT_FETCHED", 0)
    assert fits.state == "completed"


def _raises(error: Exception) -> Work:
    def work(_task: Task, _tell: Tell) -> Done:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "attempts", "says"),
    [
        (
            Refused("UNREADABLE_FILE", "It is no picture.", "Send another."),
            "UNREADABLE_FILE",
            1,
            "It is no picture. Send",
        ),
        (Crashed("It crashed.", "signal"), "WORKER_DIED", 3, "died 3 times on it"),
        (Unavailable("The store does not answer."), "SERVICE_UNAVAILABLE", 3, "The store"),
        (ZeroDivisionError("secret detail"), "INTERNAL_ERROR", 3, "Something failed inside"),
    ],
)
def test_how_work_fails(service: Service, owner: str, error: Exception, code: str, attempts: int, says: str) -> None:
    with at_work(service, _raises(error)):
        job = ended(service, owner, submit(service, owner, webhook_url="https://example.com/hook"))
    assert (job.state, job.error_code, job.attempt) == ("failed", code, attempts)
    assert says in str(job.error_message)
    assert "secret" not in str(job.error_message)
    books = Books.of(service.database)
    assert books.ledger[job.id] == {"charge": -100, "refund": 100}
    assert books.deliveries == {job.id: 1}


def test_what_crashed_once_may_succeed(service: Service, owner: str) -> None:
    tries = iter([Crashed("It crashed.", "signal"), None])

    def work(_task: Task, _tell: Tell) -> Done:
        if error := next(tries):
            raise error
        return Done({})

    with at_work(service, work):
        job = ended(service, owner, submit(service, owner))
    assert (job.state, job.attempt) == ("completed", 2)


def test_what_costs_more_than_was_held_fails_inside(service: Service, owner: str) -> None:
    with at_work(service, lambda _task, _tell: Done({}, cost=101)):
        job = ended(service, owner, submit(service, owner, kind="hold"))
    assert (job.state, job.error_code) == ("failed", "INTERNAL_ERROR")
    assert Books.of(service.database).balances[owner] == GRANT


def test_a_job_goes_through_its_approval(service: Service, owner: str) -> None:
    tasks: list[Task] = []

    def work(task: Task, tell: Tell) -> Done:
        tasks.append(task)
        name = f"{task.stage}.txt"
        (Path(task.folder) / name).write_text(task.stage)
        output = Output(task.stage, name, name, "text/plain")
        if task.stage == "analyzing":
            return Done({"plan": [1]}, [output], awaits_approval=True)
        return Done({"applied": [1]}, [output], cost=40)

    with at_work(service, work):
        job = submit(service, owner, kind="hold", stage="analyzing")
        assert service.jobs.wait(owner, job.id, 20).state == "awaiting_approval"
        service.jobs.approve(owner, job.id)
        after = ended(service, owner, job)
    assert [(task.stage, task.before.get("plan")) for task in tasks] == [("analyzing", None), ("applying", [1])]
    assert (after.state, after.cost) == ("completed", 40)
    assert after.result
    assert (after.result["plan"], after.result["applied"]) == ([1], [1])
    assert set(after.result["files"]) == {"analyzing", "applying"}


def test_how_far_it_is_can_be_seen(service: Service, owner: str) -> None:
    go_on = threading.Event()

    def work(_task: Task, tell: Tell) -> Done:
        tell(0.25, "applying")
        assert go_on.wait(20)
        return Done({})

    with at_work(service, work):
        job = submit(service, owner, stage="analyzing")
        eventually(lambda: service.jobs.get(owner, job.id).progress == 0.25)
        assert service.jobs.get(owner, job.id).stage == "applying"
        go_on.set()
        assert ended(service, owner, job).progress == 1.0


def test_a_lease_is_kept_for_as_long_as_the_work_takes(service: Service, owner: str) -> None:
    """Also by a worker that works in silence, such as one that fetches."""
    service = _with_lease(service, 0.5)

    def work(_task: Task, _tell: Tell) -> Done:
        time.sleep(2.0)
        return Done({})

    with at_work(service, work):
        job = ended(service, owner, submit(service, owner))
    assert (job.state, job.attempt) == ("completed", 1)


def _with_lease(service: Service, lease: float) -> Service:
    import dataclasses

    return dataclasses.replace(service, queue=Queue(service.database, lease=lease, backoff=0.0))


def test_cancelled_work_stops_within_a_second(service: Service, owner: str) -> None:
    with at_work(service) as worker:  # a real child
        job = submit(service, owner, "sleep", options={"seconds": 60})
        eventually(lambda: service.jobs.get(owner, job.id).state == "processing", 20)
        time.sleep(0.5)
        service.jobs.cancel(owner, job.id)
        cancelled = time.monotonic()
        work = service.settings.data / "work" / worker.id
        eventually(lambda: list(work.iterdir()) == [])
        assert time.monotonic() - cancelled < 2.0  # one, and what a busy machine adds
        # The slot is good for the next.
        assert ended(service, owner, submit(service, owner)).state == "completed"


def test_what_a_job_wrote_that_was_cancelled_meanwhile_is_dropped(service: Service, owner: str) -> None:
    def work(task: Task, _tell: Tell) -> Done:
        service.jobs.cancel(owner, job.id)
        (Path(task.folder) / "out").write_bytes(b"secret")
        return Done({}, [Output("text", "out", "out.txt", "text/plain")])

    job = submit(service, owner)
    done = threading.Event()

    def then(task: Task, tell: Tell) -> Done:
        try:
            return work(task, tell)
        finally:
            done.set()

    with at_work(service, then):
        assert done.wait(20)
    assert service.jobs.get(owner, job.id).state == "cancelled"
    books = Books.of(service.database)
    assert books.files == {}
    assert kept(service) == []
    assert books.ledger[job.id] == {"charge": -100, "refund": 100}


def test_who_lost_its_lease_stops_and_settles_nothing(service: Service, owner: str) -> None:
    begun: list[bool] = []
    seen: list[bool] = []

    def work(task: Task, tell: Tell) -> Done:
        begun.append(True)
        if len(begun) > 1:
            return Done({"by": "another"})
        with service.database.writing() as connection:
            connection.execute(update(tables.job).values(lease_until=clock.now() - 1))
        assert service.queue.recover(["cpu"]) == 1  # as another worker does
        until = time.monotonic() + 10
        while tell(0.5, "") and time.monotonic() < until:
            time.sleep(0.02)
        seen.append(time.monotonic() < until)
        raise Stopped("no")

    with at_work(service, work):
        job = ended(service, owner, submit(service, owner))
    eventually(lambda: seen == [True])
    assert (job.state, job.attempt, job.result) == ("completed", 2, {"by": "another"})


def test_a_worker_does_not_take_its_own_jobs_for_those_of_a_dead_one(
    service: Service, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However late it is with its leases: on a machine that slept, or whose clock was set."""
    recover, recovered = service.queue.recover, threading.Event()

    def looked(*given: object, **more: object) -> int:
        with service.database.writing() as connection:
            connection.execute(update(tables.job).values(lease_until=clock.now() - 60))
        try:
            return recover(*given, **more)  # type: ignore[arg-type]
        finally:
            recovered.set()

    def work(_task: Task, tell: Tell) -> Done:
        recovered.clear()
        assert recovered.wait(10)
        assert recovered.wait(10)
        time.sleep(0.5)
        return Done({}) if tell(1.0, "") else _raises(Stopped("no"))(_task, tell)

    monkeypatch.setattr(service.queue, "recover", looked)
    with at_work(service, work):
        job = ended(service, owner, submit(service, owner))
    assert (job.state, job.attempt) == ("completed", 1)


def test_asked_by_two_at_once_it_still_finishes_what_it_has(service: Service, owner: str) -> None:
    """As by systemd, which asks every process of a service, and by the server beside it."""
    begun = threading.Event()

    def work(_task: Task, tell: Tell) -> Done:
        begun.set()
        time.sleep(1.0)
        return Done({}) if tell(1.0, "") else _raises(Stopped("no"))(_task, tell)

    job = submit(service, owner)
    with at_work(service, work) as worker:
        assert begun.wait(20)
        worker.stop()
        worker.stop()
    assert service.jobs.get(owner, job.id).state == "completed"


def test_a_slot_that_cannot_be_had_is_tried_again(service: Service, owner: str) -> None:
    failures = iter([OSError("no disk"), OSError("no process")])
    broken = iter([Crashed("The program that works on files does not start.", "start", "no library")] * 4)

    class Fails(InThisProcess):
        def __call__(self, settings: Settings) -> InThisProcess:
            if error := next(failures, None):
                raise error
            return super().__call__(settings)

        def warm(self) -> None:
            if error := next(broken, None):
                raise error

    worker = Worker(
        service.settings.model_copy(update={"workers": 1}), service=service, pace=Pace(poll=0.02, trouble=0.05),
        chores={}, slot=Fails(lambda _task, _tell: Done({})),  # type: ignore[arg-type]
    )  # fmt: skip
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        after = ended(service, owner, submit(service, owner))
        # The job is not to blame, nor begun: a worker that cannot work leaves it to others.
        assert (after.state, after.attempt) == ("completed", 1)
    finally:
        worker.stop()
        thread.join(30)


def test_asked_to_end_it_finishes_what_it_has_and_takes_nothing_new(service: Service, owner: str) -> None:
    go_on, begun = threading.Event(), threading.Semaphore(0)

    def work(_task: Task, _tell: Tell) -> Done:
        begun.release()
        assert go_on.wait(20)
        return Done({})

    jobs = [submit(service, owner) for _ in range(3)]
    with at_work(service, work) as worker:
        for _ in range(2):
            assert begun.acquire(timeout=20)
        worker.stop()
        time.sleep(0.3)
        with service.database.reading() as connection:
            assert connection.execute(select(tables.worker.c.draining)).scalar_one()
        go_on.set()
    states = [service.jobs.get(owner, job.id).state for job in jobs]
    assert states == ["completed", "completed", "pending"]
    with service.database.reading() as connection:
        assert connection.execute(select(tables.worker)).all() == []


def test_what_does_not_finish_in_time_is_given_back(service: Service, owner: str) -> None:
    def work(_task: Task, tell: Tell) -> Done:
        while tell(0.5, ""):
            time.sleep(0.02)
        raise Stopped("no")

    job = submit(service, owner)
    with at_work(service, work, Pace(poll=0.02, look=0.1, drain=0.3)):
        eventually(lambda: service.jobs.get(owner, job.id).state == "processing")
    after = service.jobs.get(owner, job.id)
    assert (after.state, after.attempt) == ("pending", 0)


def test_asked_twice_it_ends_at_once(service: Service, owner: str) -> None:
    job = submit(service, owner, "sleep", options={"seconds": 60})
    with at_work(service) as worker:
        eventually(lambda: service.jobs.get(owner, job.id).state == "processing", 20)
        worker.stop()
        time.sleep(0.6)
        worker.stop()
        asked = time.monotonic()
    assert time.monotonic() - asked < 5
    assert service.jobs.get(owner, job.id).state == "pending"


def test_the_jobs_of_a_dead_worker_are_recovered_and_its_folder_removed(service: Service, owner: str) -> None:
    dead = service.settings.data / "work" / "worker_dead"
    (dead / "attempt").mkdir(parents=True)
    service = _with_lease(service, 0.5)
    job = submit(service, owner)
    assert service.queue.claim("worker_dead", ["cpu"])
    with service.database.writing() as connection:
        connection.execute(
            insert(tables.worker).values(
                id="worker_dead", host="here", pid=1, queues=["cpu"], slots=1, draining=False, started_at=0, seen_at=0
            )
        )
    with at_work(service, lambda _task, _tell: Done({})):
        assert ended(service, owner, job).attempt == 2
        eventually(lambda: not dead.exists())


@pytest.mark.parametrize("what", ["claim", "held", "recover"])
@pytest.mark.parametrize("error", [lambda: OperationalError("SELECT", {}, Exception("gone")), lambda: ValueError("no")])
def test_trouble_with_the_database_is_outlived(
    service: Service, owner: str, monkeypatch: pytest.MonkeyPatch, what: str, error: Callable[[], Exception]
) -> None:
    real, failures = getattr(service.queue, what), iter(range(3))

    def fails(*given: object, **more: object) -> object:
        if next(failures, None) is not None:
            raise error()
        return real(*given, **more)

    monkeypatch.setattr(service.queue, what, fails)
    with (
        structlog.testing.capture_logs(),
        at_work(service, lambda _task, _tell: Done({}), Pace(poll=0.02, look=0.1, trouble=0.05)),
    ):
        assert ended(service, owner, submit(service, owner)).state == "completed"


def test_a_database_that_is_away_is_said_in_single_lines_and_less_and_less_often(service: Service) -> None:
    def away() -> bool:
        raise OperationalError("SELECT 1", {}, Exception("connection refused\nIs the server running?"))

    worker = Worker(
        service.settings, service=service, chores={"courier": (away, 0.01)},
        pace=Pace(poll=0.02, trouble=0.02, longest_trouble=0.1),
    )  # fmt: skip
    thread = threading.Thread(target=worker.run)
    with structlog.testing.capture_logs() as lines:
        thread.start()
        eventually(lambda: len([line for line in lines if line.get("part") == "courier"]) >= 5)
        worker.stop()
        thread.join(30)
    told = [line for line in lines if line.get("part") == "courier"]
    assert [line["again_in"] for line in told[:5]] == [0.02, 0.04, 0.08, 0.1, 0.1]
    assert {(line["event"], line["why"]) for line in told} == {("the database does not answer", "connection refused")}
    assert not any("exc_info" in line for line in told)


def test_webhooks_and_cleaning_run_beside_the_jobs_and_a_failing_one_is_tried_again(service: Service) -> None:
    turns: list[str] = []

    def fails() -> bool:
        turns.append("fails")
        raise RuntimeError("no")

    def works() -> bool:
        turns.append("works")
        return False

    worker = Worker(service.settings, service=service, pace=PACE, chores={"a": (fails, 0.02), "b": (works, 0.02)})
    thread = threading.Thread(target=worker.run)
    thread.start()
    eventually(lambda: turns.count("fails") > 2 and turns.count("works") > 2)
    worker.stop()
    thread.join(30)


def test_no_two_workers_run_a_job_at_the_same_moment(service: Service, owner: str) -> None:
    busy: set[str] = set()
    twice: list[str] = []
    done: list[str] = []
    lock = threading.Lock()

    def work(task: Task, _tell: Tell) -> Done:
        me = str(task.options["me"])
        with lock:
            if me in busy:
                twice.append(me)
            busy.add(me)
        time.sleep(0.01)
        with lock:
            busy.discard(me)
            done.append(me)
        return Done({})

    jobs = [submit(service, owner, amount=1, options={"me": n}) for n in range(40)]
    with at_work(service, work), at_work(service, work), at_work(service, work):
        for job in jobs:
            assert ended(service, owner, job).attempt == 1
    assert twice == []
    assert sorted(done) == sorted(str(n) for n in range(40))


@pytest.fixture
def process(service: Service) -> Iterator[Busy]:
    """A worker in a process of its own."""
    busy = Busy(service.settings, lease=1.5)
    yield busy
    busy.kill()


def test_sigterm_lets_running_jobs_finish(service: Service, owner: str, process: Busy) -> None:
    job = submit(service, owner, "sleep", options={"seconds": 1.5})
    eventually(lambda: service.jobs.get(owner, job.id).state == "processing", 30)
    late = submit(service, owner, "sleep", options={"seconds": 1.5}, queue="cpu")
    process.signal(signal.SIGTERM)
    assert process.wait(30) == 0
    states = {service.jobs.get(owner, one.id).state for one in (job, late)}
    assert service.jobs.get(owner, job.id).state == "completed"
    assert states <= {"completed", "pending"}


@pytest.mark.parametrize("taken", [True, False])
def test_a_stopped_worker_that_is_continued_after_its_lease_settles_what_nobody_took(
    service: Service, owner: str, process: Busy, taken: bool
) -> None:
    job = submit(service, owner, "sleep", options={"seconds": 1.0})
    eventually(lambda: service.jobs.get(owner, job.id).state == "processing", 30)
    process.signal(signal.SIGSTOP)
    time.sleep(2.5)  # its child has finished; the lease is over; nobody else has the job yet
    before = service.jobs.get(owner, job.id)
    assert (before.state, before.attempt) == ("processing", 1)
    if taken:
        assert service.queue.recover(["cpu"]) == 1
        another = service.queue.claim("another", ["cpu"])
        assert another
    process.signal(signal.SIGCONT)
    if taken:
        time.sleep(1.0)
        assert service.jobs.get(owner, job.id).state == "processing"
        assert service.queue.settle(another, state="completed", result={"by": "another"})
    after = ended(service, owner, job)
    assert (after.state, after.attempt) == ("completed", 2 if taken else 1)
    assert ((after.result or {}).get("by") == "another") is taken


def test_the_children_of_a_killed_worker_end_with_it(service: Service, owner: str, process: Busy) -> None:
    job = submit(service, owner, "sleep", options={"seconds": 60})
    eventually(lambda: service.jobs.get(owner, job.id).state == "processing", 30)
    threads = Path(f"/proc/{process.pid}/task").iterdir()
    pids = [int(pid) for thread in threads for pid in (thread / "children").read_text().split()]
    assert pids
    process.kill()
    eventually(lambda: not any(_lives(pid) for pid in pids))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def test_a_worker_says_what_it_lacks_until_it_is_installed(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    lacks = {"segment:isnet": "Install it: makeready models install isnet"}
    monkeypatch.setattr(operations, "lacks", lambda: dict(lacks))

    def said() -> object:
        with service.database.reading() as connection:
            return connection.execute(select(tables.worker.c.lacks)).scalar()

    with at_work(service, lambda _task, _tell: Done({})):
        eventually(lambda: said() == lacks)
        lacks.clear()
        eventually(lambda: said() == {})
