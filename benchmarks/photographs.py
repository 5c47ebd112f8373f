"""Photographs to measure with: those that installed packages bring along. Nothing is fetched, nothing imported.

scikit-image and scikit-learn ship some (``pip install scikit-image scikit-learn``).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

#: Where packages keep them. Taken are true photographs in colour with sides of 400 pixels or more.
SHIPPED = {
    "skimage": (
        "data/astronaut.png",
        "data/chelsea.png",
        "data/coffee.png",
        "data/rocket.jpg",
        "data/motorcycle_left.png",
    ),
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
}


def paths() -> list[Path]:
    """The files that are there."""
    found = []
    for package, files in SHIPPED.items():
        spec = importlib.util.find_spec(package)
        folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
        found += [folder / file for folder in folders for file in files if (folder / file).is_file()]
    return found


def photographs(side: int = 10_000) -> dict[str, np.ndarray]:
    """By name, as height × width × 3 of ``uint8``; the middle of each, at most ``side`` pixels wide and high.

    Sides are multiples of 12, so that they can be made two, three and four times smaller.
    """
    found = {}
    for path in paths():
        with Image.open(path) as opened:
            pixels = np.asarray(opened.convert("RGB"))
        height, width = (min(extent, side) // 12 * 12 for extent in pixels.shape[:2])
        top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
        found[path.stem] = pixels[top : top + height, left : left + width]
    if not found:
        pytest.skip("no package with photographs is installed: pip install scikit-image scikit-learn")
    return found
