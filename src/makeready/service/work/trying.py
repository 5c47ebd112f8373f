"""Jobs that do nothing, or what no job should: for tests of everything around them. Only there with ``TESTING``."""

# All of them are called with a task and a desk.
# ruff: noqa: ARG001

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import time
from pathlib import Path

from makeready.service.child import Desk, Done, Output, Refused, Task


def empty(task: Task, desk: Desk) -> Done:
    """Nothing; what is in ``result`` comes out, and a file where ``output`` says what is in it."""
    outputs = []
    if "output" in task.options:
        (Path(task.folder) / "out.txt").write_text(str(task.options["output"]), encoding="utf-8")
        outputs.append(Output("output", "out.txt", "out.txt", "text/plain"))
    read = {name: task.path(name).read_text("utf-8", "replace")[:100] for name in task.inputs}
    result = {"stage": task.stage, **({"read": read} if read else {}), **task.options.get("result", {})}
    return Done(result, outputs, cost=task.options.get("cost"), awaits_approval=bool(task.options.get("awaits")))


def who(task: Task, desk: Desk) -> Done:
    """The number of the process."""
    return Done({"pid": os.getpid(), "parent": os.getppid()})


def sleep(task: Task, desk: Desk) -> Done:
    """Wait for some ``seconds``, and say how far it is."""
    seconds = float(task.options.get("seconds", 1.0))
    start = time.monotonic()
    while (passed := time.monotonic() - start) < seconds:
        desk.tell(passed / seconds, str(task.options.get("stage") or task.stage))
        time.sleep(min(0.02, seconds - passed))
    return Done({"slept": seconds})


def hang(task: Task, desk: Desk) -> Done:
    """Never come back, and take no time of the processor."""
    while True:
        time.sleep(3600)


def fail(task: Task, desk: Desk) -> Done:
    """Be refused, or break where ``inside`` is set."""
    if task.options.get("inside"):
        raise ValueError("a fault of the program")
    raise Refused(str(task.options.get("code", "NOT_POSSIBLE")), str(task.options.get("message", "It was to fail.")))


def leave(task: Task, desk: Desk) -> Done:
    """End the process, and leave another behind where ``left`` is set."""
    if task.options.get("left") and os.fork() == 0:
        time.sleep(3600)
    os._exit(int(task.options.get("code", 3)))


def segfault(task: Task, desk: Desk) -> Done:
    """Read where nothing is, as broken decoders do."""
    ctypes.string_at(0)
    raise AssertionError("there is something at 0")


def eat_memory(task: Task, desk: Desk) -> Done:
    """Take more and more memory, up to ``megabytes``."""
    held = []
    for taken in range(0, int(task.options.get("megabytes", 64_000)), 16):
        held.append(bytearray(16 * 1024**2))
        desk.tell(taken / 64_000)
    return Done({"megabytes": 16 * len(held)})


def burn_cpu(task: Task, desk: Desk) -> Done:
    """Calculate for some ``seconds`` of processor time, or for ever."""
    seconds = float(task.options.get("seconds", float("inf")))
    while time.process_time() < seconds:
        sum(range(10_000))
    return Done()


def fill_disk(task: Task, desk: Desk) -> Done:
    """Write a file that is larger than any may be; it is empty but for its end."""
    with (Path(task.folder) / "large").open("wb") as file:
        file.seek(int(task.options.get("bytes", 8 * 1024**3)))
        file.write(b"x")
        file.flush()
    return Done()


def use_network(task: Task, desk: Desk) -> Done:
    """Try to reach somebody: what the system says to each way."""
    found = {}
    for name, family, kind in (
        ("tcp", socket.AF_INET, socket.SOCK_STREAM),
        ("udp", socket.AF_INET, socket.SOCK_DGRAM),
        ("tcp6", socket.AF_INET6, socket.SOCK_STREAM),
    ):
        try:
            with socket.socket(family, kind) as opened:
                opened.connect((str(task.options.get("host", "127.0.0.1")), int(task.options.get("port", 9))))
            found[name] = "connected"
        except OSError as error:
            found[name] = error.strerror or str(error)
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.connect(str(task.options.get("local", "/run/some.sock")))
        found["local"] = "connected"
    except OSError as error:
        found["local"] = error.strerror or str(error)
    one, other = socket.socketpair()  # within the process they are no harm
    one.close()
    other.close()
    return Done(found)


def read_secrets(task: Task, desk: Desk) -> Done:
    """Look for ``words`` in the environment and in files: where they were found."""
    words = [str(word).encode() for word in task.options.get("words", ())]
    places = ["/proc/self/environ", f"/proc/{os.getppid()}/environ", *map(str, task.options.get("files", ()))]
    found = {name: "environment" for name, value in os.environ.items() if value.encode() in words}
    tried = {}
    for place in places:
        try:
            data = Path(place).read_bytes()
            tried[place] = "read"
            found |= {word.decode(): place for word in words if word in data}
        except OSError as error:
            tried[place] = error.strerror or str(error)
    return Done({"found": found, "tried": tried, "names": sorted(os.environ)})


def write_outside(task: Task, desk: Desk) -> Done:
    """Try to write to ``files``; leave a ``link`` as an output, or one in place of the job's own folder (``swap``)."""
    said = {}
    for name in task.options.get("files", ()):
        try:
            Path(name).write_bytes(b"changed")
            said[name] = "written"
        except OSError as error:
            said[name] = error.strerror or str(error)
    outputs = []
    if target := task.options.get("link"):
        (Path(task.folder) / "link").symlink_to(target)
        outputs.append(Output("output", "link", "link", "text/plain"))
    if target := task.options.get("swap"):
        folder = Path(task.folder)
        with contextlib.suppress(OSError):
            folder.rename(folder.with_name("before"))
            folder.symlink_to(target)
        outputs.append(Output("output", str(task.options["name"]), "stolen", "text/plain"))
    return Done({"said": said}, outputs)
