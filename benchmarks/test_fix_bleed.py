"""Mirrored bleed: what it takes and what it adds to a file, on a crowded page and on a book."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import pytest
from artwork import catalogue

import makeready
from makeready.changes import Result

#: The file may grow by this much a page, whatever is on it.
MOST_GROWTH = 20_000


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred pages of text, each with a picture."""
    return catalogue(tmp_path_factory.mktemp("book") / "book.pdf", pages=100)


@pytest.mark.parametrize("which", ["crowded", "book"])
def test_mirrored_bleed(benchmark: Any, which: str, request: pytest.FixtureRequest) -> None:
    """Seconds of the step alone, without the checks before and after; bytes that the file grew by."""
    source: Path = request.getfixturevalue(which)
    before = makeready.check(source)
    seconds: list[float] = []

    def mend() -> Result:
        result = makeready.fix(source, ["add_bleed"], before=before)
        seconds.append(result.runs[0].seconds)
        return result

    result = benchmark.pedantic(mend, rounds=3, warmup_rounds=1)
    assert result.data is not None
    grown = len(result.data) - source.stat().st_size
    assert grown <= MOST_GROWTH * len(result.changes)
    cost = {name: round(report.facts.cost["painted"], 2) for name, report in _reports(result)}
    middle = statistics.median(seconds)
    benchmark.extra_info.update(step_seconds=round(middle, 3), bytes_grown=grown, painted_seconds=cost)
    print(f"\n{which}: the step {middle:.2f} s, {grown:+} bytes, facts of what is painted {cost}")


def _reports(result: Result) -> tuple[tuple[str, Any], ...]:
    return ("before", result.before), ("after", result.final)
