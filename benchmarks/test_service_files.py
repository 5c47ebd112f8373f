"""How fast a file of 100 MB goes to the store and back, and that the process does not grow with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import transfers

from service import s3

_MB = 100
#: Two parts of 8 MB on their way, one that is read, and what the libraries do with them.
_MOST_GROWN_MB = 64


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 100 MB."""
    path = tmp_path_factory.mktemp("large") / "poster.bin"
    with path.open("wb") as file:
        for _ in range(_MB):
            file.write(os.urandom(1_000_000))
    return path


@pytest.fixture
def bucket() -> Iterator[dict[str, Any]]:
    """Settings of a bucket on a server of the tests."""
    process, endpoint = s3.started()
    name = "benchmark"
    s3.S3(endpoint, name).client().create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.REGION}
    )
    yield {"storage_url": f"s3://{name}", "storage_options": s3.S3(endpoint, name).options}
    s3.stop(process)


def _run(settings: dict[str, Any], folder: Path, large: Path) -> dict[str, dict[str, float]]:
    told = json.dumps(settings | {"data": str(folder / "data")})
    done = subprocess.run(
        [sys.executable, transfers.__file__, told, str(large)], capture_output=True, text=True, check=True, timeout=300
    )
    return {line.pop("way"): line for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells how large a process was")
@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_a_file_of_100_mb(
    benchmark: Any, request: pytest.FixtureRequest, kind: str, tmp_path: Path, large: Path
) -> None:
    settings = request.getfixturevalue("bucket") if kind == "s3" else {}
    ways = benchmark.pedantic(lambda: _run(settings, tmp_path, large), rounds=1)
    for way, told in ways.items():
        benchmark.extra_info[f"{way}_mb_per_second"] = round(_MB / told["seconds"])
        benchmark.extra_info[f"{way}_grown_mb"] = round(told["grown_mb"], 1)
    print("\n" + kind + ": " + ", ".join(f"{name}: {value}" for name, value in benchmark.extra_info.items()))
    assert max(told["grown_mb"] for told in ways.values()) < _MOST_GROWN_MB
