"""Networks of a few lines whose answer is known: each pixel becomes a block of pixels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def repeating(folder: Path, scale: int = 2, *, noise: bool = False) -> Path:
    """A network that enlarges by repeating pixels, with what describes it beside it.

    Args:
        folder: where to.
        scale: how many times as wide and as high.
        noise: it takes a noise level, and makes no use of it.
    """
    channels = 3 + noise
    numbers = {
        "scales": np.array([1, 1, scale, scale], np.float32),
        "from": np.array([0], np.int64),
        "to": np.array([3], np.int64),
        "axis": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Slice", ["given", "from", "to", "axis"], ["picture"]),
        helper.make_node(
            "Resize", ["picture", "", "scales"], ["large"], mode="nearest", nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        ),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "repeating",
        [helper.make_tensor_value_info("given", TensorProto.FLOAT, [1, channels, "h", "w"])],
        [helper.make_tensor_value_info("large", TensorProto.FLOAT, [1, 3, "H", "W"])],
        [numpy_helper.from_array(values, name) for name, values in numbers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    path = folder / f"repeating{scale}{'n' * noise}.onnx"
    onnx.save(model, str(path))
    told = {"task": "upscale", "scale": scale, "range": 1, "channels": 3, "overlap": 4, "tile": 64}
    path.with_suffix(".json").write_text(json.dumps(told | ({"noise": 75} if noise else {})))
    return path


def repeated(pixels: np.ndarray, scale: int = 2) -> np.ndarray:
    """What such a network makes of a picture."""
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)
