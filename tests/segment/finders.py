"""Segmenters without weights: what is red is the subject, as a function and not as a network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from makeready.models.contract import Segmenting
from makeready.models.session import Session
from makeready.segment.backend import Segmenter

Tensor = npt.NDArray[np.float32]
#: Numbers as ISNet wants them, so that a slip in preparing them shows.
CONTRACT = Segmenting(size=(96, 96), range=255, mean=(128, 128, 128), std=(256, 256, 256), activation="none")


def redness(tensor: Tensor) -> Tensor:
    """How much redder a pixel is than it is green and blue: 1 for what is nearly pure red."""
    rgb = tensor * 256 / 255 + 128 / 255
    return np.clip((rgb[:, :1] - (rgb[:, 1:2] + rgb[:, 2:]) / 2) / 0.9, 0, 1).astype(np.float32)


def finder(name: str = "redness", run: Callable[[Tensor], Tensor] = redness, **changed: object) -> Segmenter:
    """A segmenter that opens at once."""
    made = {
        "name": name,
        "title": f"What is red, {name}",
        "licence": "MIT",
        "contract": CONTRACT,
        "open_session": lambda provider: Session("cpu", "numpy", run),
    }
    return Segmenter(**{**made, **changed})  # type: ignore[arg-type]
