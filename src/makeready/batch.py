"""Many files: each in a child process with a time limit, so that one hostile file never stops the others.

Native parsers read files of strangers here. A child that dies, hangs or eats the memory costs its own file
and nothing else: the file gets an ``unreadable`` report that says what happened, and a new child takes over.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from makeready import inspection
from makeready.errors import TooLarge, UnreadableFile, UsageError
from makeready.intake import SUFFIXES, Source
from makeready.models import session
from makeready.results import ProfileInfo, Report
from makeready.units import Size

if TYPE_CHECKING:
    from makeready.engine import Measure

#: Seconds a file may take.
TIMEOUT = 120.0
#: Address space of a child. A picture of 1,000 megapixels or a PDF of 1,000 pages fits; a bomb does not.
MEMORY_BYTES = 6 * 1024**3
#: A child is replaced after so many files, in case a native library leaks.
FILES_PER_CHILD = 500
#: Progress inside a file is told at most this often, in seconds.
_TELL_EVERY = 0.2
#: Libraries that keep threads of their own.
_WITH_THREADS = frozenset({"onnxruntime", "openvino", "pyvips"})
#: Time a child gets to load its libraries before the clock of its first file starts.
_START_SECONDS = 60.0
#: Waiting for longer than this goes round in a loop: the system's calls cannot wait for ever.
_LONGEST_WAIT = 86400.0
#: Seconds between two looks at whether the parent is still there.
_PARENT_ASKED_FOR_S = 5.0
#: The variable that keeps Python from looking for modules in the folder it is begun in.
_SAFE_PATH = "PYTHONSAFEPATH"
#: How a fresh interpreter ends whose script would begin children of its own while it is only being read.
_READ_AGAIN = 75


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened: a file was ``started``, a ``page`` of it is read, or it is ``done``."""

    kind: str
    path: str
    done: int = 0
    total: int = 0
    #: In words, where a page is not what is counted.
    what: str = ""


@dataclass(frozen=True)
class Job:
    """What is done with every file: held against a measure or, without one, only inspected.

    ``after`` runs in the child with the report and the file; it must pickle.
    """

    held: Measure | None = None
    canvas: Size | None = None
    pages: frozenset[int] | None = None
    units: str = "mm"
    after: Callable[[Report, Path], Any] | None = None

    def run(self, path: Path, progress: Callable[[int, int], None] | None = None) -> Checked:
        """Look at one file, here and now."""
        if self.held is None:
            report = inspection.inspect(path, canvas=self.canvas, pages=self.pages, progress=progress)
        else:
            from makeready import engine  # brings the catalogue, which facts alone do not need

            report = engine.check(
                path, self.held, canvas=self.canvas, pages=self.pages, units=self.units, progress=progress
            )
        return Checked(report, self.after(report, path) if self.after else None)


@dataclass(frozen=True)
class Checked:
    """A report, and what ``Job.after`` made of the file in the child."""

    report: Report
    extra: Any = None
    position: int = 0


def find_files(given: Iterable[str | Path]) -> Iterator[Path]:
    """The files behind paths: a folder means all files in it that look readable, a name means itself.

    Hidden files and folders are left out of walks, links to folders are not followed.
    """
    for name in given:
        path = Path(name)
        if not os.path.isdir(path):
            yield path
            continue
        closed: list[OSError] = []
        for folder, folders, names in os.walk(path, onerror=closed.append):
            # A folder that cannot be entered is tried like a file, so that a report says so.
            yield from (Path(str(error.filename)) for error in closed)
            closed.clear()
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            for file in sorted(names):
                if Path(file).suffix.lower() in SUFFIXES and not file.startswith("."):
                    yield Path(folder) / file
        yield from (Path(str(error.filename)) for error in closed)


def run(
    paths: Collection[Path],
    job: Job,
    *,
    processes: int | None = None,
    timeout: float = TIMEOUT,
    on_event: Callable[[Event], None] | None = None,
) -> Generator[Checked, None, None]:
    """Look at many files; reports come as they are ready, ``position`` says which file each one is of.

    Args:
        paths: the files.
        job: what to do with each.
        processes: how many children; as many as there are processors when left out.
        timeout: seconds a file may take before its child is ended.
        on_event: told about files and pages as they go by; runs in this process.

    Raises:
        UsageError: no processes or no time.
    """
    if not timeout > 0:  # "not a number" included
        raise UsageError(f"A timeout of {timeout:g} s leaves no time.", "Give more than 0 seconds.")
    wanted = os.cpu_count() or 1 if processes is None else processes
    if wanted < 1:
        raise UsageError(f"{wanted} processes do nothing.", "Give at least 1.")
    tell = on_event or (lambda _: None)
    wanted = max(1, min(wanted, len(paths)))
    waiting = deque(enumerate(paths))
    children: list[_Child] = []
    try:
        while waiting or children:
            while waiting and len(children) < wanted:
                children.append(_Child(job, wanted))
                children[-1].give(*waiting.popleft(), timeout)
            for child in _ready(children):
                yield from child.hear(tell, timeout)
                if child.position is not None:
                    continue
                if waiting and child.alive and child.files < FILES_PER_CHILD:
                    child.give(*waiting.popleft(), timeout)
                else:
                    child.end()
                    children.remove(child)
    finally:
        for child in children:
            child.end(kill=True)


def check_many(
    paths: Iterable[str | Path],
    profile: str | Path | Measure = "default",
    *,
    canvas: str | tuple[float, float] | Size | None = None,
    processes: int | None = None,
    timeout: float = TIMEOUT,
    on_event: Callable[[Event], None] | None = None,
) -> Iterator[Report]:
    """Check files and folders in child processes; the reports come in the order of the files.

    Raises:
        UsageError: the profile or the canvas does not fit, or the script that calls this does so outside of
            ``if __name__ == "__main__":``, where children have to be fresh interpreters (see ``_context``).
    """
    from makeready import engine

    held = profile if isinstance(profile, engine.Measure) else engine.measure(profile)
    job = Job(held=held, canvas=inspection.as_size(canvas))
    ready = run(list(find_files(paths)), job, processes=processes, timeout=timeout, on_event=on_event)
    yield from (checked.report for checked in in_order(ready))


def in_order(checked: Iterable[Checked]) -> Iterator[Checked]:
    """Hold back what comes early, so that results keep the order of the files."""
    early: dict[int, Checked] = {}
    expected = 0
    for item in checked:
        early[item.position] = item
        while expected in early:
            yield early.pop(expected)
            expected += 1


def _ready(children: list[_Child]) -> list[_Child]:
    """Wait until a child has something to say, has died, or has run out of time."""
    now = time.monotonic()
    patience = max(0.0, min(child.deadline for child in children) - now)
    heard = set(wait([child.pipe for child in children], timeout=min(patience, _LONGEST_WAIT)))
    now = time.monotonic()
    return [child for child in children if child.pipe in heard or child.deadline <= now]


@dataclass(eq=False)
class _Child:
    """A child process and the file it is at."""

    job: Job
    #: How many there are of its kind.
    among: int
    pipe: Connection = field(init=False)
    process: BaseProcess = field(init=False)
    position: int | None = None
    path: Path = Path()
    deadline: float = 0.0
    files: int = 0

    def __post_init__(self) -> None:
        # Set by multiprocessing for as long as a fresh interpreter reads the script that its parent runs.
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            os._exit(_READ_AGAIN)
        context = _context()
        self.pipe, theirs = context.Pipe()
        given = (theirs, self.job, self.among)
        self.process = context.Process(target=_work, args=given, daemon=True)  # type: ignore[attr-defined]
        with _modules_from_nowhere_else():
            self.process.start()
        theirs.close()

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def give(self, position: int, path: Path, timeout: float) -> None:
        """Hand over a file."""
        self.position, self.path = position, path
        self.files += 1
        self.deadline = time.monotonic() + _START_SECONDS
        # A child that died between two files is noticed when its pipe is read.
        with contextlib.suppress(BrokenPipeError, OSError):
            self.pipe.send((path, min(timeout, _LONGEST_WAIT)))

    def hear(self, tell: Callable[[Event], None], timeout: float) -> Iterator[Checked]:
        """Take one message, or the lack of one, and make of it what there is to report."""
        if not self.pipe.poll():
            yield self._failed(f"Reading it took longer than {timeout:g} seconds and was stopped.",
                               "Try it alone with a longer --timeout, or ask for a simpler export.")  # fmt: skip
            self.end(kill=True)
            tell(Event("done", str(self.path)))
            return
        try:
            kind, payload = self.pipe.recv()
        except (EOFError, OSError) as error:
            self.process.join(5)
            if self.process.exitcode == _READ_AGAIN:
                raise UsageError(
                    "The script that asks for many files is run again by each child process, and asks again.",
                    "Put what it does under: if __name__ == '__main__':",
                ) from error
            yield self._failed(_cause_of_death(self.process.exitcode), UnreadableFile.hint)
            self.end(kill=True)
            tell(Event("done", str(self.path)))
            return
        if kind == "started":
            self.deadline = time.monotonic() + timeout
            tell(Event("started", str(self.path)))
        elif kind == "page":
            tell(Event("page", str(self.path), *payload))
        else:
            checked: Checked = payload
            yield Checked(checked.report, checked.extra, self.position or 0)
            self.position = None
            tell(Event("done", str(self.path)))

    def _failed(self, message: str, hint: str) -> Checked:
        position, self.position = self.position or 0, None
        report = _failure(self.job, self.path, UnreadableFile(message, hint)).report
        return Checked(report, None, position)

    def end(self, kill: bool = False) -> None:
        """Let the child finish, or stop it at once."""
        if kill:
            self.process.kill()
        else:
            with contextlib.suppress(BrokenPipeError, OSError):
                self.pipe.send(None)
        self.pipe.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


@contextlib.contextmanager
def _modules_from_nowhere_else() -> Iterator[None]:
    """What is begun meanwhile loads nothing from the folder it is begun in, where strangers' files may lie.

    A fresh interpreter looks there first, before it has heard where its parent looks.
    """
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before


def _cause_of_death(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in {s.value for s in signal.Signals} else f"signal {-code}"
        return f"Reading it crashed the reader ({name})."
    return f"Reading it ended the reader unexpectedly (exit {code})."


def _context() -> BaseContext:
    """How children are made.

    A fork starts at once, but copies locks that other threads may hold, and is not safe with macOS's system
    libraries. Some libraries keep threads that Python does not count, and a fork waits for them for ever. So: fork on
    Linux while this process has a single thread and none of these, else a fresh interpreter.
    """
    alone = threading.active_count() == 1 and not _WITH_THREADS.intersection(sys.modules)
    forkable = sys.platform.startswith("linux") and alone
    return multiprocessing.get_context("fork" if forkable else "spawn")


def _work(pipe: Connection, job: Job, among: int) -> None:
    """A child's life: take a path, look at the file, send back what was found."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a fork inherits the parent's way of taking leave
    _limit_memory()
    session.share(among)
    parent = os.getppid()
    with contextlib.suppress(EOFError, BrokenPipeError, OSError):  # the parent is gone: so are we
        while (task := _next_task(pipe, parent)) is not None:
            path, timeout = task
            pipe.send(("started", None))
            with _last_resort(timeout):
                checked = _one(pipe, job, path)
            try:
                pipe.send(("done", checked))
            except (pickle.PicklingError, AttributeError, TypeError) as error:  # a plug-in may put anything into it
                pipe.send(("done", _failure(job, path, f"What was found cannot be sent on: {error}.")))


def _next_task(pipe: Connection, parent: int) -> Any:
    """The next path to look at, or ``None`` at the end.

    A parent that was killed leaves no end of file behind: children that were forked later hold a copy of its end of
    the pipe. So it is asked for now and then whether it is still there.
    """
    while not pipe.poll(_PARENT_ASKED_FOR_S):
        if os.getppid() != parent:
            return None
    return pipe.recv()


@contextlib.contextmanager
def _last_resort(timeout: float) -> Iterator[None]:
    """End this process if it outlives its parent in an endless loop: a parent that was killed cannot stop it."""
    if not hasattr(signal, "setitimer"):  # Windows
        yield
        return
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, timeout + _START_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _one(pipe: Connection, job: Job, path: Path) -> Checked:
    told, last = 0.0, ""

    def progress(done: int, total: int, what: str = "") -> None:
        nonlocal told, last
        if time.monotonic() - told > _TELL_EVERY or what != last:
            told, last = time.monotonic(), what
            pipe.send(("page", (done, total, what)))

    try:
        return job.run(path, progress)
    except MemoryError:
        return _failure(job, path, TooLarge(f"Reading it takes more than {MEMORY_BYTES / 1024**3:g} GB of memory."))
    except Exception as error:  # what is done after the check may fail on a hostile file as well
        return _failure(job, path, f"Working on it failed inside: {type(error).__name__}: {error}.")


def _failure(job: Job, path: Path, why: str | UnreadableFile) -> Checked:
    """The report of a file that came to nothing."""
    error = UnreadableFile(why, inspection.FAILED_INSIDE) if isinstance(why, str) else why
    report = inspection.unreadable(Source.of(path), error, _profile(job))
    return Checked(report.replace(failed_plugins=job.held.failed_plugins if job.held else {}))


def _profile(job: Job) -> ProfileInfo:
    return job.held.info if job.held else inspection.NO_PROFILE


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no limits of this kind; the time limit still holds
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
    with contextlib.suppress(ValueError, OSError):  # a stricter limit is in force already
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
