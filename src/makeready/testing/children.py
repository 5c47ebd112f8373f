"""Children that begin at once, for tests that look at many files in a process where libvips has threads.

There each child is a fresh interpreter, which takes a second. Here it is forked from one process that has loaded what
reads files. Only for tests: that process loads from the folder it is begun in, and keeps its umask and its limits.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

_LOADED = ["makeready.engine", "makeready.preflight", "makeready.pdf.looks", "makeready.pdf.gamut", "pymupdf", "numpy"]


class AtOnce:
    """What ``batch`` takes for a context of multiprocessing. Linux only."""

    def __init__(self) -> None:
        self._server = multiprocessing.get_context("forkserver")
        self._server.set_forkserver_preload(_LOADED)
        self.Pipe = self._server.Pipe

    def Process(self, *, target: Callable[..., None], args: tuple[Any, ...], daemon: bool) -> BaseProcess:  # noqa: N802
        """A child with the environment of this moment; that of the process it is forked from is older."""
        return self._server.Process(target=_adopting, args=(dict(os.environ), target, args), daemon=daemon)


def _adopting(environment: dict[str, str], target: Callable[..., None], args: tuple[Any, ...]) -> None:
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)
    target(*args)
