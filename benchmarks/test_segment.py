"""Background removal against rembg with the same weights: seconds, memory, and how far each is from the truth.

    REMBG_PYTHON=rembg/bin/python python -m pytest benchmarks/test_segment.py --benchmark-only -q -s

``REMBG_PYTHON`` is a Python of its own with ``rembg`` and ``onnxruntime``. Both programs get the graph that we run,
which is kinder to rembg than the one that is published (half precision, twelve outputs that nobody reads). Every
run is a process of its own, so that its imports and its peak memory are its own; the programs take turns.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from composites import KINDS, composite
from PIL import Image

from makeready import models

OURS = """
import json, resource, sys, time
start = time.perf_counter()
import makeready
from makeready import segment
segment.cut
imported = time.perf_counter() - start
import numpy as np
from PIL import Image
paths, quality, provider, out = sys.argv[1].split(","), sys.argv[2], sys.argv[3], sys.argv[4]
def run(path):
    # rembg frees colours only together with its matting.
    return segment.cut(np.asarray(Image.open(path)), quality=quality, provider=provider, despill=quality == "plus")
"""
REMBG = """
import json, resource, sys, time
start = time.perf_counter()
import rembg
imported = time.perf_counter() - start
import numpy as np
from PIL import Image
from types import SimpleNamespace
paths, quality, provider, out = sys.argv[1].split(","), sys.argv[2], sys.argv[3], sys.argv[4]
session = rembg.new_session("isnet-general-use", providers=["CPUExecutionProvider"])
def run(path):
    made = np.asarray(rembg.remove(Image.open(path), session=session, alpha_matting=quality == "plus"))
    return SimpleNamespace(alpha=made[..., 3] / np.float32(255))
"""
MEASURE = """
start = time.perf_counter()
run(paths[0])
first = time.perf_counter() - start
alphas, seconds = [], []
for path in paths:
    start = time.perf_counter()
    alphas.append(run(path).alpha)
    seconds.append(time.perf_counter() - start)
np.savez(out, *alphas)
print(json.dumps({"import": imported, "first": first, "seconds": seconds,
                  "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
ROUNDS = 2


@pytest.fixture(scope="module")
def rembg(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """A Python with rembg, and where it finds our graph under its own name."""
    python = os.environ.get("REMBG_PYTHON")
    if python is None:
        pytest.skip("REMBG_PYTHON is not set, and the ratio to rembg is what is measured")
    home = tmp_path_factory.mktemp("rembg")
    shutil.copy(models.graph("isnet"), home / "isnet-general-use.onnx")
    return python, {**os.environ, "U2NET_HOME": str(home), "MODEL_CHECKSUM_DISABLED": "1"}


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[Any]]:
    """Two composites of each kind, 1.05 megapixels."""
    folder = tmp_path_factory.mktemp("pieces")
    made = [composite(kind, seed, 1184, 888) for seed, kind in enumerate(KINDS * 2)]
    paths = [folder / f"{number}.png" for number in range(len(made))]
    for path, piece in zip(paths, made, strict=True):
        Image.fromarray(piece.picture).save(path)
    return paths, made


def measured(python: str, script: str, env: dict[str, str], paths: list[Path], quality: str, provider: str) -> Any:
    out = paths[0].parent / "alphas.npz"
    run = subprocess.run(
        [python, "-c", script + MEASURE, ",".join(map(str, paths)), quality, provider, str(out)],
        capture_output=True, text=True, check=True, env=env,
    )  # fmt: skip
    found = json.loads(run.stdout.splitlines()[-1])
    with np.load(out) as alphas:
        found["alphas"] = [alphas[name] for name in alphas.files]
    return found


def sad(alphas: list[Any], pieces: list[Any]) -> list[float]:
    """The sum of absolute differences to the truth, in thousands, of each picture."""
    return [float(np.abs(alpha - piece.alpha).sum() / 1000) for alpha, piece in zip(alphas, pieces, strict=True)]


@pytest.mark.parametrize("quality", ["basic", "plus"])
def test_against_rembg(benchmark, rembg, pieces, quality):
    python, env = rembg
    paths, truth = pieces
    ours, theirs = [], []

    def turns() -> None:
        ours.append(measured(sys.executable, OURS, dict(os.environ), paths, quality, "cpu"))
        theirs.append(measured(python, REMBG, env, paths, quality, "cpu"))

    benchmark.pedantic(turns, rounds=ROUNDS)
    row = {}
    for name, runs in (("makeready", ours), ("rembg", theirs)):
        distances = sad(runs[0]["alphas"], truth)
        row[name] = {
            "import_s": statistics.median(run["import"] for run in runs),
            "first_s": statistics.median(run["first"] for run in runs),
            "seconds": statistics.median(second for run in runs for second in run["seconds"]),
            "mb": max(run["mb"] for run in runs),
            "sad_mean": statistics.mean(distances),
            "sad_median": statistics.median(distances),
        }
    benchmark.extra_info.update(row)
    one, other = row["makeready"], row["rembg"]
    print(
        f"\n{quality}: "
        + "; ".join(f"{key} {one[key]:.3g} / {other[key]:.3g} = {one[key] / other[key]:.2f}" for key in one)
    )


@pytest.mark.parametrize("quality", ["basic", "plus"])
def test_openvino_against_onnxruntime(benchmark, pieces, quality):
    from makeready.models import session

    if "openvino" not in [one.name for one in session.providers() if one.ready]:
        pytest.skip("OpenVINO is not installed, or the processor has no bfloat16")
    paths, truth = pieces
    runs: dict[str, list[Any]] = {"openvino": [], "cpu": []}

    def turns() -> None:
        for provider, found in runs.items():
            found.append(measured(sys.executable, OURS, dict(os.environ), paths, quality, provider))

    benchmark.pedantic(turns, rounds=ROUNDS)
    seconds = {name: statistics.median(s for run in found for s in run["seconds"]) for name, found in runs.items()}
    distances = {name: statistics.mean(sad(found[0]["alphas"], truth)) for name, found in runs.items()}
    benchmark.extra_info.update({"seconds": seconds, "sad": distances})
    print(
        f"\n{quality}: OpenVINO {seconds['openvino']:.2f} s, onnxruntime {seconds['cpu']:.2f} s = "
        f"{seconds['cpu'] / seconds['openvino']:.2f}; SAD {distances['openvino']:.2f} / {distances['cpu']:.2f}; "
        f"MB {max(r['mb'] for r in runs['openvino']):.0f} / {max(r['mb'] for r in runs['cpu']):.0f}"
    )
