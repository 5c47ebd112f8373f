"""The process in which users' files are opened: it takes tasks, one after the other, and sees nothing but a folder.

Its parent (``slot``) starts it, feeds it and reads its answers: JSON, each with its length before it, over the pipes
that every process has. Not pickles: what comes from a process that a hostile file may have taken over is only ever
data.
Before the first task it locks itself in (``sandbox``); it ends when its parent does.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import json
import os
import queue
import re
import signal
import struct
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from makeready.errors import (
    EncryptedFile,
    FixFailed,
    MakereadyError,
    MissingDependency,
    NotDone,
    TooLarge,
    UnreadableFile,
    UsageError,
)
from makeready.service import operations, painting, sandbox
from makeready.service.errors import ServiceError

#: The longest message either way: a report of thousands of issues is some megabytes.
LONGEST = 128 * 1024**2
#: Progress is told at most this often, in seconds.
_TELL_EVERY = 0.2
#: What native libraries say when they get no more memory.
OUT_OF_MEMORY = re.compile(r"out of memory|bad_alloc|bad allocation|(failed|cannot|unable|could not) (to )?allocate|"
                           r"malloc\S* .*failed|insufficient memory", re.IGNORECASE)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done."""

    operation: str
    options: Mapping[str, Any] = field(default_factory=dict)
    #: The inputs by name: files in the folder.
    inputs: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    stage: str = ""
    #: The result of the stage before.
    before: Mapping[str, Any] = field(default_factory=dict)

    def path(self, name: str | None = None) -> Path:
        """An input; the only one without a name.

        Raises:
            Refused: it was not given.
        """
        if name is None:
            name = next(iter(self.inputs), "file")
        if name not in self.inputs:
            raise Refused("VALIDATION_ERROR", f"The job has no {name} to work on.")
        return Path(self.folder) / self.inputs[name]


@dataclass(frozen=True, slots=True)
class Output:
    """A file that came out."""

    role: str
    #: In the task's folder.
    path: str
    #: What it is called when somebody saves it.
    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Done:
    """What came out."""

    result: dict[str, Any] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    #: What it costs, where that is only known now; at most what was taken.
    cost: int | None = None
    awaits_approval: bool = False
    #: Reports to keep: ``{"role": "before", "document": …, "page": role of an output or None, "file": …}``.
    reports: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a job may take."""

    megapixels: float
    pages: int
    cpu_seconds: float
    memory_mb: int
    keep_metadata: bool = False


class Refused(ServiceError):
    """The work cannot be done on this file, now or later: its owner is told why. ``code`` is for programs."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.code = code

    def __reduce__(self) -> Any:
        return type(self), (self.code, str(self), self.hint)


class Crashed(ServiceError):
    """The child died, hung or could not be had: that may be chance, and is tried again. Its text says what happened."""

    code = "WORKER_CRASHED"
    http_status = 500

    def __init__(self, message: str, kind: str, said: str = "") -> None:
        super().__init__(message)
        #: ``signal``, ``exit``, ``hang``, ``start`` or ``system``.
        self.kind = kind
        #: The last lines of what the child wrote to its error output, for the log.
        self.said = said

    def __reduce__(self) -> Any:
        return type(self), (str(self), self.kind, self.said)


class Stopped(ServiceError):
    """Nobody wants the result any more."""

    code = "STOPPED"


def too_much_memory(megabytes: int) -> Refused:
    """The refusal of a file that takes more memory than a job may have."""
    return Refused(
        "FILE_TOO_LARGE",
        f"Working on this file takes more than the {megabytes} MB of memory that a job may have here.",
        "Send it smaller: with fewer pixels, or in parts.",
    )


def too_much_time(seconds: float) -> Refused:
    """The refusal of a file that takes longer to calculate than a job may."""
    return Refused(
        "PROCESSING_LIMIT",
        f"Working on this file takes more than the {seconds:g} seconds of processor time that a job may have here.",
        "Send it smaller or simpler, or ask for less at once.",
    )


class Desk:
    """What the work is given besides its task."""

    def __init__(self, limits: Limits, tell: Callable[[float, str], None], paint: Callable[..., Any]) -> None:
        self.limits = limits
        #: Makes pictures from words, as ``makeready.edit.generators.generate`` does, in the process that has a network.
        self.paint = paint
        self._tell = tell
        self._told = 0.0
        self._stage = ""

    def tell(self, share: float, stage: str = "") -> None:
        """Say how far the work is, 0 to 1, and where where that changes."""
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY or stage not in ("", self._stage):
            self._told, self._stage = now, stage or self._stage
            self._tell(min(1.0, max(0.0, share)), self._stage)


# -- messages ------------------------------------------------------------------------------------------------------


def send(stream: IO[bytes], message: Mapping[str, Any]) -> None:
    """Write a message.

    Raises:
        OSError: nobody reads it any more.
    """
    # What is no number in JSON fails here, where the log has the work that made it.
    data = json.dumps(message, separators=(",", ":"), default=str, allow_nan=False).encode()
    stream.write(struct.pack("<I", len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> dict[str, Any] | None:
    """Read a message; ``None`` at the end.

    Raises:
        ValueError: it is none.
    """
    head = stream.read(4)
    if len(head) < 4:
        return None
    (length,) = struct.unpack("<I", head)
    if length > LONGEST:
        raise ValueError(f"a message of {length} bytes")
    data = stream.read(length)
    if len(data) < length:
        return None
    message = json.loads(data, parse_constant=_no_number)
    if not isinstance(message, dict):
        raise ValueError("a message that is no object")
    return message


def _no_number(word: str) -> None:
    raise ValueError(f"a message with {word}")


# -- the life of a child -------------------------------------------------------------------------------------------


def main() -> None:
    """Live: lock yourself in, then do what comes until nothing comes any more."""
    for leave in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C and a draining worker are the parent's to handle
        signal.signal(leave, signal.SIG_IGN)
    tasks, answers = _pipes()
    hello = receive(tasks)
    if hello is None:
        return
    sandbox.die_with(hello["parent"])
    folder = Path(hello["folder"])
    tempfile.tempdir = str(folder / "tmp")
    _convert_models()
    sandbox.bound()
    sandbox.lock_in(
        [*sandbox.system_paths(), folder / "in"],
        [*sandbox.device_paths(), folder / "job", folder / "tmp"],
        [Path(path) for path in hello["hidden"]],
    )
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(tasks, waiting), daemon=True).start()
    limits, testing = Limits(**hello["limits"]), bool(hello["testing"])
    if not testing:
        _load()
    from makeready.models import session

    session.share(hello["among"])
    gc.collect()
    gc.freeze()  # what is there now stays: it need not be looked through after each job
    budget = sandbox.Budget()
    send(answers, {"ready": sandbox.held() or 0})
    while True:
        task = waiting.get()
        budget.begin(limits.memory_mb * 1024**2, limits.cpu_seconds)
        answer = _answer(Task(**task), limits, testing, answers, waiting)
        send(answers, answer | {"held": 0 if budget.lifted else sandbox.held() or 0})
        del answer, task
        gc.collect()


def _pipes() -> tuple[IO[bytes], IO[bytes]]:
    """The pipes to the parent, out of the way of libraries that print."""
    tasks, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return tasks, answers


def _listen(tasks: IO[bytes], waiting: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Take in what comes; the end of it is the end of the parent, or its word to go, whatever is being done."""
    while (task := receive(tasks)) is not None:
        waiting.put(task)
    os._exit(0)


def _convert_models() -> None:
    """Convert what is installed and not converted: later the folder of models can only be read."""
    from makeready import models
    from makeready.models import store

    for model in models.catalogue():
        here = store.found(model)
        if here is not None and here.kind != "folder" and not store.graph_path(model).is_file():
            with contextlib.suppress(MakereadyError):  # the job that needs it says why it is not there
                models.graph(model.id)


def _load() -> None:
    """Load what nearly every job needs, so that the first one does not wait for it."""
    for name in (
        "makeready.fixing", "makeready.report", "makeready.report.html", "makeready.report.fix_data", "pyvips",
        "makeready.segment.backend", "makeready.segment.matting", "makeready.raster.mend.cutout",
        "makeready.pdf.document", "makeready.service.work.remove_background", "makeready.service.work.check",
        "makeready.service.work.fix", "PIL.Image", "numpy",
    ):  # fmt: skip
        importlib.import_module(name)
    from makeready import fixes, preflight
    from makeready.models import session

    fixes.catalogue()
    preflight.catalogue()
    with contextlib.suppress(MakereadyError):  # models are an extra
        if session.chosen().name != "openvino":
            importlib.import_module("onnxruntime")


def _answer(
    task: Task, limits: Limits, testing: bool, answers: IO[bytes], waiting: queue.SimpleQueue[dict[str, Any]]
) -> dict[str, Any]:
    """Do a task; whatever comes of it ends as a message."""

    def ask(question: dict[str, Any]) -> dict[str, Any]:
        send(answers, {"paint": question})
        return waiting.get()

    painter = painting.Asking(Path(task.folder), ask)
    desk = Desk(limits, lambda share, stage: send(answers, {"share": share, "stage": stage}), painter.paint)
    try:
        operation = operations.named(task.operation, testing=testing)
        module, _, function = operation.work.partition(":")
        done: Done = getattr(importlib.import_module(module), function)(task, desk)
        return {"done": asdict(done)}
    except Exception as error:  # the job's door: whatever a hostile file brings about is told of this job
        error = _understood(error, limits)
        if isinstance(error, Refused):
            return {"refused": {"code": error.code, "message": _plain(str(error), task), "hint": error.hint}}
        traceback.print_exception(error)
        return {"failed": f"{type(error).__name__}: {error}"}


def _plain(said: str, task: Task) -> str:
    """A message without the folders of this machine: its reader knows files by their names."""
    for folder in {task.folder, *(str(Path(path).parent) for path in task.inputs.values())}:
        said = said.replace(f"{folder}/", "")
    return said


#: The kinds of errors, the narrower ones first, and what programs are told.
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (TooLarge, "FILE_TOO_LARGE"),
    (EncryptedFile, "FILE_ENCRYPTED"),
    (UnreadableFile, "FILE_UNREADABLE"),
    (MissingDependency, "SERVICE_UNAVAILABLE"),
    (NotDone, "NOT_POSSIBLE"),
    (FixFailed, "INTERNAL_ERROR"),
    (UsageError, "VALIDATION_ERROR"),
    (MakereadyError, "INTERNAL_ERROR"),
)


def _understood(error: Exception, limits: Limits) -> Exception:
    """What an error means to the owner of the file; what is no matter of the file stays as it is."""
    from makeready.changes import Refusal

    if isinstance(error, Refused):
        return error
    if isinstance(error, MemoryError) or OUT_OF_MEMORY.search(str(error)):
        return too_much_memory(limits.memory_mb)
    if isinstance(error, Refusal):
        return Refused("NOT_POSSIBLE", f"{str(error)[:1].upper()}{str(error)[1:].rstrip('.')}.")
    for kind, code in _CODES:
        if isinstance(error, kind):
            return Refused(code, str(error), getattr(error, "hint", ""))
    if isinstance(error, OSError):
        if error.errno == errno.EFBIG:
            return Refused(
                "FILE_TOO_LARGE", "What would become of this file is larger than a file may be here.", "Ask for less."
            )
        return error
    traceback.print_exception(error)
    return Refused("INTERNAL_ERROR", f"The work failed inside: {type(error).__name__}: {error}.")


if __name__ == "__main__":
    sys.exit("This is started by makeready's workers.")
