"""What each edit takes of a picture of 2 megapixels: seconds and memory.

    python -m pytest benchmarks/test_edit.py --benchmark-only -q -s

Each run is a process of its own, so that its peak memory is its own; the second of two runs in it is told, when all is
loaded. The subject is drawn with its opacity, so that no model has to be asked for it; only blur_background, which
needs the background, and remove_text run a network.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from composites import composite
from PIL import Image

#: 1776 × 1184: 2.1 megapixels.
WIDTH, HEIGHT = 1776, 1184
CUT = {"edit": "cut_out", "keep_existing_alpha": True}
EDITS: dict[str, list[dict[str, Any]]] = {
    "cut_out": [CUT],
    "layout": [CUT, {"edit": "layout", "output_size": "1000x1000", "padding": "10%"}],
    "background colour": [CUT, {"edit": "background", "color": "white"}],
    "blur_background gaussian": [{"edit": "blur_background", "mode": "gaussian", "radius": 0.02}],
    "blur_background bokeh": [{"edit": "blur_background", "mode": "bokeh", "radius": 0.02}],
    "expand": [{"edit": "layout", "output_size": "1976x1184"}, {"edit": "expand"}],
    "shadow soft": [CUT, {"edit": "shadow", "mode": "soft"}],
    "shadow hard": [CUT, {"edit": "shadow", "mode": "hard"}],
    "shadow floating": [CUT, {"edit": "shadow", "mode": "floating"}],
    "outline": [CUT, {"edit": "outline", "color": "red", "width": 0.03}],
    "lighting": [CUT, {"edit": "lighting", "mode": "auto"}],
    "beautify": [CUT, {"edit": "beautify"}],
    "adjust": [{"edit": "adjust", "vibrance": 0.5, "temperature": 0.3}],
    "instruct": [{"edit": "instruct", "instructions": "Make the sky more vibrant and add warm sunset tones"}],
    "remove_text": [{"edit": "remove_text"}],
}
RUN = """
import json, resource, sys, time
import makeready
path, edits = sys.argv[1], json.loads(sys.argv[2])
for _ in range(2):
    start = time.perf_counter()
    makeready.edit(path, edits)
    seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A subject with its opacity, and the same picture without."""
    folder = tmp_path_factory.mktemp("pictures")
    piece = composite("fur", 1, WIDTH, HEIGHT)
    alpha = np.rint(np.asarray(piece.alpha) * 255).astype(np.uint8)
    Image.fromarray(np.dstack([piece.picture, alpha])).save(folder / "cut.png")
    Image.fromarray(piece.picture).save(folder / "whole.png")
    return {"cut": folder / "cut.png", "whole": folder / "whole.png"}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit(benchmark: Any, pictures: dict[str, Path], name: str) -> None:
    path = pictures["cut" if CUT in EDITS[name] else "whole"]
    told: list[dict[str, float]] = []

    def once() -> None:
        command = [sys.executable, "-c", RUN, str(path), json.dumps(EDITS[name])]
        told.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))

    benchmark.pedantic(once, rounds=1)
    benchmark.extra_info.update(told[0])
    print(f"\n{name}: {told[0]['seconds']:.2f} s, {told[0]['mb']:.0f} MB")
