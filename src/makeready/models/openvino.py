"""OpenVINO: about twice as fast as onnxruntime on processors that calculate in bfloat16 (AVX-512 BF16, AMX)."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from makeready.errors import MissingDependency, UsageError
from makeready.models.session import Provider, Session, failed, installed, processors

if TYPE_CHECKING:
    from makeready.models.session import Tensor

#: Reports to OpenVINO's maker, by way of the network.
_REPORTER = "openvino_telemetry"


def provider() -> Provider:
    """OpenVINO on the processor; ready where it gains something."""
    title = "OpenVINO in bfloat16"
    if not installed("openvino"):
        return Provider("openvino", title, False, "it is not installed")
    if not _calculates_in_bfloat16():
        return Provider("openvino", title, False, "the processor has no bfloat16, without which nothing is gained")
    return Provider("openvino", title, True)


@cache
def _calculates_in_bfloat16() -> bool:
    try:
        return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except (ImportError, RuntimeError):  # a broken installation is one that cannot be used
        return False


@cache
def _core() -> Any:
    with _unreported():
        import openvino

    return openvino.Core()


@contextlib.contextmanager
def _unreported() -> Iterator[None]:
    """Import without the package that reports every import, and keeps an identity in the user's home for that."""
    if _REPORTER in sys.modules:  # somebody else has loaded it
        yield
        return
    sys.modules[_REPORTER] = None  # type: ignore[assignment]  # importing it is an ImportError now
    try:
        yield
    finally:
        sys.modules.pop(_REPORTER, None)


def session(graph: Path) -> Session:
    """Open a network, to be calculated in bfloat16.

    Raises:
        UsageError: OpenVINO cannot read it.
        MissingDependency: OpenVINO does not load.
    """
    settings = {
        "INFERENCE_PRECISION_HINT": "bf16",
        # Two processes on two processors, two threads each: 5 % slower than one thread each, 1.7 times as fast alone.
        "INFERENCE_NUM_THREADS": processors(often_alone=True),
        # Pinned, the threads of two processes like this one would share the first processors and leave the others idle.
        "ENABLE_CPU_PINNING": False,
        # One picture after the other, as soon as it can be done.
        "PERFORMANCE_HINT": "LATENCY",
    }
    try:
        compiled = _core().compile_model(str(graph), "CPU", settings)
    except ImportError as error:
        raise MissingDependency(
            f"OpenVINO does not load: {error}.", "Install it: pip install 'makeready[openvino]'"
        ) from error
    except RuntimeError as error:
        raise UsageError(
            f"{graph.name} is no network that OpenVINO can run: {_last_line(error)}.", "Check the file."
        ) from error
    idle: list[Any] = []
    guard = Lock()

    def run(tensor: Tensor) -> Tensor:
        # A request holds the memory of one run: threads take turns with those that are idle.
        with guard:
            request = idle.pop() if idle else compiled.create_infer_request()
        try:
            result = request.infer({0: tensor})[compiled.output(0)].copy()
        except RuntimeError as error:
            raise failed(graph, _last_line(error)) from error
        with guard:
            idle.append(request)
        return result  # type: ignore[no-any-return]

    return Session("openvino", "OpenVINO, bfloat16", run)


def _last_line(error: RuntimeError) -> str:
    """What went wrong; before it stands where in OpenVINO's sources."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1][:300].rstrip(".")
