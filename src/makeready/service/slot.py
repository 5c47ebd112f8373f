"""A place for one job at a time: keeps a child that does the work, and tells what became of it.

All that a child may do to its parent is to send data and to leave files: messages are JSON, files are copied only if
they are plain files in its folder. It is kept from job to job, as starting it and loading a model take longer than
most jobs, and replaced after ``JOBS_PER_CHILD`` of them, or when it died or was stopped.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import queue
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import structlog
from filelock import FileLock, Timeout

import makeready
from makeready.service import painting, sandbox, states
from makeready.service.child import (
    OUT_OF_MEMORY,
    Crashed,
    Done,
    Limits,
    Output,
    Refused,
    Stopped,
    Task,
    receive,
    send,
    too_much_memory,
    too_much_time,
)
from makeready.service.settings import Settings

__all__ = ["JOBS_PER_CHILD", "Crashed", "Done", "Output", "Refused", "Slot", "Stopped", "Task"]

#: A child is replaced after so many jobs, in case a native library leaks.
JOBS_PER_CHILD = 200
#: No picture may have more megapixels, whatever the settings say.
MOST_MEGAPIXELS = 100.0
#: What a job may take on the clock: so many times its processor time, as processors are shared, and something to begin.
_TIMES, _AND_SECONDS = 4.0, 5.0
#: What a child may take to start; where models have to be converted first, that takes most of it.
_START_S = 300.0
#: What the folders of slots are called, the lock in each that its owner holds, and the age from which one is swept.
_PREFIX, _LOCK, _FRESH_S = "makeready-slot-", "lock", 60.0
#: How often the caller is asked whether to go on, in seconds, with news and without.
_ASK_S, _ASK_ANYWAY_S = 0.2, 0.5
#: No child that is in order has said so much while nobody listened.
_UNHEARD = 100
#: What it may say of where it is; the word is written into the database.
_STAGES = (states.ANALYZING, states.APPLYING)
#: Of the environment, what a child gets: how to find libraries, models and the user's folders. No secrets.
_KEPT = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV",
    "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "SYSTEMROOT", "SYSTEMDRIVE", "USERPROFILE", "APPDATA",
    "LOCALAPPDATA", "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES",
    "MAKEREADY_MODEL_DIR", "MAKEREADY_CACHE", "MAKEREADY_PROVIDER",
})  # fmt: skip
#: Each thread that allocates gets 64 MB of addresses otherwise, and each library a thread for every processor.
_FRUGAL = {"MALLOC_ARENA_MAX": "2", "VIPS_CONCURRENCY": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
           "VIPS_WARNING": "0", "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}  # fmt: skip
#: The parent's places for imports are the child's too.
_BEGIN = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from makeready.service.child import main; main()"
#: Operations that may have pictures made by a generator, and how many a job.
_PAINTING, _MOST_PAINTED = frozenset({"edit"}), 16
_log = structlog.get_logger("makeready.worker")

#: Told how far the work is (0..1) and in which stage; whether to go on.
Tell = Callable[[float, str], bool]


class Slot:
    """One child at a time, and one job at a time in it. Not for several threads at once."""

    def __init__(self, settings: Settings, *, jobs_per_child: int = JOBS_PER_CHILD) -> None:
        """Make a place; the child is started with the first job, or by ``warm``.

        Args:
            settings: the limits of jobs, and what is hidden from them.
            jobs_per_child: how many jobs one child does.
        """
        self._settings = settings
        self._jobs_per_child = jobs_per_child
        self._limits = Limits(
            megapixels=min(settings.limits_megapixels, MOST_MEGAPIXELS),
            pages=settings.limits_pages,
            cpu_seconds=settings.limits_cpu_seconds,
            memory_mb=settings.limits_memory_mb,
            keep_metadata=settings.keep_metadata,
        )
        #: Seconds on the clock that a job may take.
        self.patience = _TIMES * settings.limits_cpu_seconds + _AND_SECONDS
        _sweep()
        self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._mine = FileLock(self._folder / _LOCK)
        self._mine.acquire()
        self._child: _Child | None = None

    def __enter__(self) -> Slot:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The child's process, if there is one now."""
        return self._child.process.pid if self._child is not None else None

    def warm(self) -> None:
        """Start the child now, so that the first job need not wait for it.

        Raises:
            Crashed: it does not start.
        """
        if self._child is not None and not self._child.alive:
            self._drop()
        if self._child is None:
            _tell_what_is_missing()
            self._empty()
            child = _Child(self._folder, self._hello())
            child.wait_until_ready()
            self._child = child

    def run(self, task: Task, *, tell: Tell = lambda _share, _stage: True) -> Done:
        """Do a task.

        Args:
            task: its inputs lie in its folder; what comes out is put there too.
            tell: called twice a second and with news; the work is stopped within a second of its saying no.

        Returns:
            What came out; paths are names in the task's folder.

        Raises:
            Refused: it cannot be done on this file, and trying again would not help.
            Crashed: the child died, hung, or could not be had.
            Stopped: ``tell`` said no.
        """
        self.warm()
        child = self._child
        assert child is not None
        self._empty()
        mine = self._brought(task)
        child.jobs += 1
        try:
            child.give(asdict(mine))
            answer = self._heard(child, tell, paints=task.operation in _PAINTING)
        except BaseException:  # whatever ends the wait, the child is in the middle of something
            self._drop()
            raise
        worn_out = child.jobs >= self._jobs_per_child or child.grown > self._limits.memory_mb * 1024**2
        try:
            if "done" in answer:
                return self._taken_over(answer["done"], Path(task.folder))
            if "refused" in answer:
                said = answer["refused"]
                refusal = Refused(str(said["code"]), str(said["message"]), str(said["hint"] or ""))
                # A library that got no memory may be in disorder.
                worn_out = worn_out or refusal.code in ("FILE_TOO_LARGE", "INTERNAL_ERROR")
                if refusal.code == "INTERNAL_ERROR":
                    _log.warning("the work failed inside", operation=task.operation, said=child.last_words)
                raise refusal
            worn_out = True
            raise Crashed(f"The system did not let it be done: {answer.get('failed')}.", "system", child.last_words)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            worn_out = True
            raise Crashed(f"The process that does the work answered nonsense: {error!r}.", "exit") from error
        finally:
            if worn_out:
                self._drop()
            self._empty()

    def close(self) -> None:
        """End the child, and remove what it has left."""
        self._drop()
        self._mine.release()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _hello(self) -> dict[str, Any]:
        return {
            "parent": os.getpid(),
            "folder": str(self._folder.resolve()),
            "limits": asdict(self._limits),
            "hidden": [str(path) for path in _hidden(self._settings)],
            "among": self._settings.workers or os.cpu_count() or 1,
            "testing": self._settings.testing,
        }

    def _drop(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def _empty(self) -> None:
        """Make the folders as a job finds them. They themselves stay: the child's permissions hang on them."""
        for name in ("in", "job", "tmp"):
            folder = self._folder / name
            folder.mkdir(mode=0o700, exist_ok=True)
            for entry in os.scandir(folder):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    Path(entry.path).unlink(missing_ok=True)

    def _brought(self, task: Task) -> Task:
        """The task as the child sees it: its inputs lie where they can only be read."""
        inputs = {}
        for role, name in task.inputs.items():
            source = Path(task.folder) / name
            own = self._folder / "in" / role  # two inputs may have one name
            own.mkdir(mode=0o700)
            place = (own / source.name).resolve()
            try:
                os.link(source, place)
            except OSError:  # another disk
                shutil.copyfile(source, place)
            inputs[role] = str(place)
        folder = str((self._folder / "job").resolve())
        return Task(task.operation, dict(task.options), inputs, folder, task.stage, dict(task.before))

    def _heard(self, child: _Child, tell: Tell, *, paints: bool) -> dict[str, Any]:
        """Wait for the answer, and have pictures made that it takes."""
        questions = 0
        share, stage, asked = 0.0, "", time.monotonic()
        deadline = asked + self.patience
        news = False
        while True:
            now = time.monotonic()
            if now >= deadline:
                raise Crashed(
                    f"The work took longer than {self.patience:g} seconds and was stopped.", "hang", child.last_words
                )
            if now - asked >= (_ASK_S if news else _ASK_ANYWAY_S):
                asked, news = now, False
                if not tell(share, stage):
                    raise Stopped("The job was cancelled, or another worker has it.")
                continue
            wait = min(asked + (_ASK_S if news else _ASK_ANYWAY_S), deadline) - now
            try:
                message = child.messages.get(timeout=max(0.001, wait))
            except queue.Empty:
                if not child.alive:  # and what it has started holds its pipes
                    raise self._died(child) from None
                continue
            if message is None:
                raise self._died(child)
            if "paint" in message and paints and questions < _MOST_PAINTED:
                questions += 1
                asked_for = (child, message["paint"], questions)
                threading.Thread(target=self._paint, args=asked_for, name="painting", daemon=True).start()
                continue
            if "share" not in message:
                child.grown = _number(message.get("held")) - child.ready
                return message
            share, news = min(1.0, max(0.0, _number(message["share"]))), True
            stage = said if (said := message.get("stage")) in _STAGES else stage

    def _paint(self, child: _Child, question: Any, number: int) -> None:
        """Have a picture made for the child, which waits for it; the job goes on being held meanwhile."""
        made, kept = self._folder / "job", self._folder / "in"
        try:
            answer = painting.answered(question, made, kept, number, self._limits.megapixels)
        except Exception as error:  # a plug-in's door, and a child's: the job fails, and the worker goes on
            _log.warning("no picture was made", why=f"{type(error).__name__}: {error}")
            said = "The picture that this takes could not be made."
            answer = {"refused": {"code": "INTERNAL_ERROR", "message": said, "hint": "Try again later."}}
        child.give(answer)

    def _died(self, child: _Child) -> Refused | Crashed:
        """What the end of a child means."""
        code, said = child.reaped(), child.last_words
        if hasattr(signal, "SIGXCPU") and code == -signal.SIGXCPU:
            return too_much_time(self._limits.cpu_seconds)
        if code in _ABORTED and OUT_OF_MEMORY.search(said):
            return too_much_memory(self._limits.memory_mb)
        if code is not None and code < 0:
            names = {one.value: one.name for one in signal.Signals}
            name = names.get(-code, f"signal {-code}")
            why = ", as it does when memory runs out" if name == "SIGKILL" else ""
            what = "the system ended the program that works on it" if why else "the program that works on it crashed"
            return Crashed(f"While working on the file, {what} ({name}){why}.", "signal", said)
        return Crashed(f"The program that works on the file ended unexpectedly (exit {code}).", "exit", said)

    def _taken_over(self, done: dict[str, Any], folder: Path) -> Done:
        """What came out, its files in the task's folder."""
        outputs = [Output(**one) for one in done["outputs"]]
        for output in outputs:
            if Path(output.path).name != output.path:
                raise TypeError(f"the output {output.role} is no file of the job")
            try:
                _copied(self._folder / "job" / output.path, folder / output.path)
            except OSError as error:
                raise TypeError(f"the output {output.role} is no file that can be had: {error.strerror}") from error
        reports = [dict(report) for report in done["reports"]]
        return Done(dict(done["result"]), outputs, done["cost"], bool(done["awaits_approval"]), reports)


def _sweep() -> None:
    """Remove what was left by slots whose workers were killed: files of users lie in it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            found = folder.lstat()
            # In a folder that all users share, another's may be a trap.
            ours = stat.S_ISDIR(found.st_mode) and (not hasattr(os, "getuid") or found.st_uid == os.getuid())
            if ours and time.time() - found.st_mtime > _FRESH_S:
                with FileLock(folder / _LOCK, timeout=0):  # whoever lives holds it
                    pass
                shutil.rmtree(folder)
        except (OSError, Timeout):  # another user's, in use, or swept by another worker just now
            continue


#: How a child's files are opened, where the system knows these words, and copied.
_AS_IT_IS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_PIECE = 1024 * 1024

#: How a process ends that gives itself up.
_ABORTED = (-6, -5)


def _copied(source: Path, target: Path) -> None:
    """Copy a plain file that a child has made.

    The child may live and change it meanwhile: what was opened is what is looked at and copied, no link is followed to
    a file that is nobody's business, and nothing is waited for.

    Raises:
        OSError: it is none, or there is one of this name already.
    """
    with os.fdopen(os.open(source, _AS_IT_IS), "rb") as made:
        if not stat.S_ISREG(os.fstat(made.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file")
        with target.open("xb") as kept:
            shutil.copyfileobj(made, kept, _PIECE)


def plain_bytes(path: Path, most: int) -> bytes:
    """What is in a plain file that a child has made.

    Raises:
        ValueError: it is none, or longer than it may be.
    """
    with os.fdopen(os.open(path, _AS_IT_IS), "rb") as made:
        found = os.fstat(made.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > most:
            raise ValueError(f"{path.name} is no plain file, or too long")
        return made.read(most)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0


@dataclass(eq=False, init=False)
class _Child:
    """The process, and the threads that hear it."""

    def __init__(self, folder: Path, hello: dict[str, Any]) -> None:
        #: ``None`` is its end.
        self.messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.jobs = 0
        #: Bytes of address space at the start, and how much more there was after the last job.
        self.ready = 0.0
        self.grown = 0.0
        self._said: deque[bytes] = deque(maxlen=40)
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter, and our own words
            [sys.executable, "-P", "-c", _BEGIN, json.dumps(_places())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,
        )
        assert self.process.stdin is not None
        self._tasks = self.process.stdin
        self._threads = [
            threading.Thread(target=_hear, args=(self.process.stdout, self.messages), daemon=True),
            threading.Thread(target=_overhear, args=(self.process.stderr, self._said), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        with contextlib.suppress(OSError):  # it died at once, which is noticed when it is waited for
            send(self._tasks, hello)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def last_words(self) -> str:
        """The end of what it wrote to its error output."""
        return b"".join(self._said).decode("utf-8", "replace")[-4000:]

    def wait_until_ready(self) -> None:
        """Wait until it has locked itself in and loaded its libraries."""
        try:
            message = self.messages.get(timeout=_START_S)
        except queue.Empty:
            message = None
        if message is None or "ready" not in message:
            self.end()
            raise Crashed("The program that works on files does not start.", "start", self.last_words)
        self.ready = _number(message["ready"])

    def give(self, task: dict[str, Any]) -> None:
        """Hand over a task; a child that has died meanwhile is noticed when its answer is waited for."""
        with contextlib.suppress(OSError):
            send(self._tasks, task)

    def reaped(self) -> int | None:
        """How it ended; it is about to."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self._threads[1].join(1)
        return self.process.returncode

    def end(self) -> None:
        """Stop it at once, with all that it has started."""
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):  # what it has started outlives it otherwise
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            self._tasks.close()
        for thread in self._threads:
            thread.join(5)


def _hear(stream: IO[bytes], messages: queue.Queue[dict[str, Any] | None]) -> None:
    with contextlib.suppress(ValueError, OSError), stream:  # nonsense is as good as the end
        while (message := receive(stream)) is not None and messages.qsize() < _UNHEARD:
            messages.put(message)
    messages.put(None)


def _overhear(stream: IO[bytes], said: deque[bytes]) -> None:
    with contextlib.suppress(ValueError, OSError), stream:
        while line := stream.readline(1000):
            said.append(line)


def _places() -> list[str]:
    """Where the child looks for packages: as here, but never in whatever folder this process was started in."""
    own, here = str(Path(makeready.__file__).resolve().parents[1]), str(Path.cwd())
    return [place for place in dict.fromkeys(sys.path) if place and (place != here or place == own)]


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LC_")}
    temporary = str((folder / "tmp").resolve())
    return {**kept, **_FRUGAL, "TMPDIR": temporary, "TEMP": temporary, "TMP": temporary}


def _hidden(settings: Settings) -> list[Path]:
    """What no child reads, wherever it lies: the data folder, the database, the store."""
    places = [settings.data.absolute()]
    for url in (settings.database, settings.storage):
        parts = urlsplit(url)
        if parts.scheme == "sqlite" and parts.path:
            path = Path(parts.path.removeprefix("/")).absolute()
            places += [path.with_name(path.name + ending) for ending in ("", "-wal", "-shm")]
        elif parts.scheme == "file":
            places.append(Path(url2pathname(parts.path)))
    return places


_told = threading.Lock()


def _tell_what_is_missing() -> None:
    """Log once what this machine lacks to hold a child."""
    if _told.acquire(blocking=False):  # it is never released: once is enough
        for part in sandbox.described():
            if not part.stands:
                _log.warning("a part of the sandbox is missing", part=part.name, says=part.says)
