"""Networks at work: which engine runs them, and sessions that are opened once and shared.

An engine is what calculates: onnxruntime on the processor or on an NVIDIA card, or OpenVINO, which is about twice as
fast on processors that calculate in bfloat16. Which one was used is part of every result, as their numbers differ
in the last bits.
"""

from __future__ import annotations

import importlib.util
import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal, get_args

from makeready.errors import MakereadyError, MissingDependency, UsageError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    #: Pictures × channels × height × width.
    Tensor = npt.NDArray[np.float32]

#: What may be asked for; ``auto`` takes the fastest of those that are there.
Choice = Literal["auto", "cpu", "openvino", "cuda"]
PROVIDERS: tuple[str, ...] = get_args(Choice)
#: Says which engine ``auto`` means.
VARIABLE = "MAKEREADY_PROVIDER"
#: Sessions that are kept: one that segments and the few that one enlargement takes in turn. ISNet holds a gigabyte.
KEPT = 4


@dataclass(frozen=True, slots=True)
class Provider:
    """An engine, and whether it can be used here."""

    name: str
    title: str
    ready: bool
    #: Why it cannot be used, where it is not ready.
    why: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A network that is ready to run. Threads may share it."""

    #: ``cpu``, ``openvino`` or ``cuda``.
    provider: str
    #: For people: the engine, and the kind of number it calculates with.
    title: str
    run: Callable[[Tensor], Tensor]


#: Processes like this one that work at the same time (see ``share``).
_sharing = 1


def share(processes: int) -> None:
    """Say that so many processes like this one work at the same time: each takes its part of the processors.

    Engines that each take all of them wait for one another: with onnxruntime, two processes on two processors then
    need a quarter more time.
    """
    global _sharing  # noqa: PLW0603 - a fact about this process
    _sharing = max(1, processes)


def processors(*, often_alone: bool = False) -> int:
    """The processors that this process should use.

    Args:
        often_alone: for engines that lose little where processes get in each other's way: twice its part, as the
            others seldom all work at once.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    part = max(1, allowed // _sharing)
    return min(allowed, 2 * part) if often_alone else part


def providers() -> list[Provider]:
    """The engines there are, the one that ``auto`` takes first."""
    return sorted(map(_examined, ("cuda", "openvino", "cpu")), key=lambda one: not one.ready)


def _examined(name: str) -> Provider:
    """One engine. To know whether it can be used, its library may be loaded: only those that are wanted are."""
    from makeready.models import onnx, openvino

    return {"cuda": onnx.cuda, "openvino": openvino.provider, "cpu": onnx.cpu}[name]()


def chosen(provider: str = "auto") -> Provider:
    """The engine that a wish stands for.

    Args:
        provider: one of ``PROVIDERS``. ``auto`` is what the environment variable ``MAKEREADY_PROVIDER`` says, else
            the first that is ready: CUDA, OpenVINO where the processor has bfloat16, then the processor.

    Raises:
        UsageError: there is no such engine.
        MissingDependency: it is not installed, or this machine cannot run it.
    """
    said_by = ""
    if provider == "auto" and (wish := os.environ.get(VARIABLE, "").strip().lower()):
        provider, said_by = wish, f" ({VARIABLE} asks for it)"
    if provider not in PROVIDERS:
        hint = did_you_mean(provider, PROVIDERS) or f"There is {', '.join(PROVIDERS)}."
        raise UsageError(f"There is no engine {provider!r} to run models with{said_by}.", hint)
    if provider == "auto":
        first = providers()[0]
        found = first if first.ready else _examined("cpu")
    else:
        found = _examined(provider)
    if not found.ready:
        raise MissingDependency(f"{found.title} cannot be used here{said_by}: {found.why}.", _HINTS[found.name])
    return found


_HINTS = {
    "cpu": "Install it: pip install 'makeready[ai]'",
    "openvino": "Install it: pip install 'makeready[openvino]', or take another engine.",
    "cuda": "Install onnxruntime-gpu in place of onnxruntime, with the CUDA it asks for, or take another engine.",
}

_sessions: OrderedDict[tuple[Path, int, str], Session] = OrderedDict()
_opening: dict[tuple[Path, int, str], Lock] = {}
_guard = Lock()


def opened(graph: Path, *, provider: str = "auto") -> Session:
    """A session for a network, opened when it is first asked for and then shared.

    Args:
        graph: an ONNX file.
        provider: the engine (see ``chosen``).

    Returns:
        A session whose ``run`` takes and gives ``float32``, pictures × channels × height × width.

    Raises:
        UsageError: there is no such engine, or the file is no network that it can run.
        MissingDependency: the engine is not there.
    """
    engine = chosen(provider).name
    if graph.suffix.lower() != ".onnx":  # engines guess what other names could mean, and say strange things
        raise UsageError(f"{graph.name} is no ONNX file: its name does not end with .onnx.", "Name a network in ONNX.")
    try:
        key = (graph.resolve(), graph.stat().st_mtime_ns, engine)
    except OSError as error:
        raise UsageError(f"The model {graph} cannot be read: {error.strerror}.", "Check the path.") from error
    with _guard:
        if found := _sessions.get(key):
            _sessions.move_to_end(key)
            return found
        opening = _opening.setdefault(key, Lock())
    with opening:  # others who want the same one wait for it, and nobody else does
        with _guard:
            if found := _sessions.get(key):
                return found
        session = _open(graph, engine)
        with _guard:
            _sessions[key] = session
            _opening.pop(key, None)
            while len(_sessions) > KEPT:
                _sessions.popitem(last=False)
    return session


def _open(graph: Path, engine: str) -> Session:
    from makeready.models import onnx, openvino

    return openvino.session(graph) if engine == "openvino" else onnx.session(graph, cuda=engine == "cuda")


def forget() -> None:
    """Let go of all sessions, and of the memory they hold."""
    with _guard:
        _sessions.clear()


def installed(module: str) -> bool:
    """Whether a package can be imported, without importing it."""
    return importlib.util.find_spec(module) is not None


def failed(graph: Path, why: str) -> MakereadyError:
    """The error of a network that was opened, and cannot be run with what it is given."""
    return MakereadyError(
        f"{graph.name} failed: {why}.",
        "If it is your own, compare what it takes with its description. If memory ran out, try a smaller picture.",
    )
