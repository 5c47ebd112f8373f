"""What the benchmarks measure with."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable

import pytest


def median(run: Callable[[], object], rounds: int = 5) -> float:
    """Seconds that a run takes, the middle one of some."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def program(name: str) -> str:
    """Where a program is; without it the benchmark is skipped."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed, and the ratio is what is measured")
    return path
