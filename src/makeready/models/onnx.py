"""onnxruntime: on any processor, and on NVIDIA cards where its CUDA build is installed."""

from __future__ import annotations

import contextlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from makeready.errors import MissingDependency, UsageError
from makeready.models.session import Provider, Session, failed, installed, processors

if TYPE_CHECKING:
    from makeready.models.session import Tensor

_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
#: onnxruntime's own word for "only what ends the run".
_FATAL = 4


def cpu() -> Provider:
    """The processor."""
    ready = installed("onnxruntime")
    return Provider("cpu", "onnxruntime on the processor", ready, "" if ready else "onnxruntime is not installed")


def cuda() -> Provider:
    """An NVIDIA card."""
    title = "onnxruntime on CUDA"
    if not installed("onnxruntime"):
        return Provider("cuda", title, False, "onnxruntime is not installed")
    if not _has_card():
        return Provider("cuda", title, False, "there is no NVIDIA card")
    if _CUDA not in _available():
        return Provider("cuda", title, False, "the onnxruntime that is installed has no CUDA")
    return Provider("cuda", title, True)


@cache
def _available() -> tuple[str, ...]:
    import onnxruntime

    return tuple(onnxruntime.get_available_providers())


@cache
def _has_card() -> bool:
    """Whether a card is there: the CUDA build installs without one, and would fall back to the processor."""
    return any(Path(name).exists() for name in ("/dev/nvidiactl", "/dev/dxg", r"C:\Windows\System32\nvcuda.dll"))


def session(graph: Path, *, cuda: bool = False) -> Session:
    """Open a network.

    Args:
        graph: an ONNX file.
        cuda: on an NVIDIA card.

    Raises:
        UsageError: onnxruntime cannot read it.
        MissingDependency: onnxruntime is not installed, or CUDA does not start.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependency(
            f"Models need onnxruntime, which does not load: {error}.", "Install it: pip install 'makeready[ai]'"
        ) from error
    onnxruntime.disable_telemetry_events()  # of its builds for Windows
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = processors()
    options.log_severity_level = _FATAL
    # Threads wait for each other by spinning, which a run gains a fifth by; between two runs they sleep.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # Without plans of memory made beforehand, the peak is a third lower and runs are as fast.
    options.enable_mem_pattern = False
    if cuda:
        _free_address_space()
    try:
        opened = onnxruntime.InferenceSession(str(graph), options, providers=[_CUDA, _CPU] if cuda else [_CPU])
    except Exception as error:  # its exceptions have no common ancestor but this
        raise UsageError(
            f"{graph.name} is no network that onnxruntime can run: {_first_line(error)}.", "Check the file."
        ) from error
    used = opened.get_providers()[0]
    if cuda and used != _CUDA:
        raise MissingDependency(
            "CUDA does not start: onnxruntime would run on the processor instead.",
            "Check the driver and the CUDA libraries that this onnxruntime asks for, or take another engine.",
        )
    name = opened.get_inputs()[0].name
    first = [opened.get_outputs()[0].name]

    def run(tensor: Tensor) -> Tensor:
        try:
            result: Any = opened.run(first, {name: tensor})[0]
        except Exception as error:
            raise failed(graph, _first_line(error)) from error
        return result  # type: ignore[no-any-return]

    return Session("cuda" if cuda else "cpu", "CUDA" if cuda else "onnxruntime", run)


def _free_address_space() -> None:
    """Let go of the limit that a child of ``makeready.batch`` sets itself, as far as the system allows.

    CUDA reserves addresses for the memory of the card and of the machine together, many times what it then uses: it
    does not start under a limit of a few gigabytes. The time limit of the file still holds.
    """
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(ValueError, OSError):  # not allowed here; if CUDA needs it, it says so
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(".")
