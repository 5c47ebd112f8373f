"""Pictures whose subject is known exactly, and a network that finds it: what is red, or what is bright.

A network of one layer stands in for ISNet, so that what is tested is what is done with a mask, and no weights are
needed. On gray ground the redness of a pixel is the share of it that the red subject covers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float64]

#: Of the subject: red, green and blue from 0 to 1. Its redness (red less the mean of the others) is 0.7.
RED = (0.85, 0.15, 0.15)
_REDNESS = 0.7


def network(path: Path, weights: tuple[float, float, float], bias: float) -> Path:
    """An ONNX file: a mask that is a linear function of red, green and blue, cut to 0 and 1.

    Args:
        path: where it is written.
        weights: what each colour is multiplied by; colours are as the caller prepares them.
        bias: what is added.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kernel = numpy_helper.from_array(np.array(weights, np.float32).reshape(1, 3, 1, 1), "kernel")
    added = numpy_helper.from_array(np.array([bias], np.float32), "bias")
    low, high = (numpy_helper.from_array(np.array(edge, np.float32), name) for edge, name in ((0, "low"), (1, "high")))
    nodes = [
        helper.make_node("Conv", ["input", "kernel", "bias"], ["sum"]),
        helper.make_node("Clip", ["sum", "low", "high"], ["output"]),
    ]
    shape = [1, 3, "height", "width"]
    graph = helper.make_graph(
        nodes,
        "finder",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, "height", "width"])],
        [kernel, added, low, high],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def red_isnet(folder: Path, redness: float = _REDNESS) -> Path:
    """A network in ISNet's place that finds what is red: its input is (p - 128) / 256.

    Args:
        folder: for ``MAKEREADY_MODEL_DIR``.
        redness: of what is wholly the subject.
    """
    scale = 256 / 255 / redness
    network(folder / "isnet.onnx", (scale, -scale / 2, -scale / 2), 0.0)
    return folder


def bright_isnet(folder: Path) -> Path:
    """A network in ISNet's place that finds what is bright, which every picture has some of.

    Args:
        folder: for ``MAKEREADY_MODEL_DIR``.
    """
    each = 3 * 256 / 255
    network(folder / "isnet.onnx", (each, each, each), 9 * 128 / 255 - 4.5)
    return folder


def bright_model(folder: Path) -> Path:
    """A model of one's own, with its description, that finds what is brighter than the wall."""
    path = network(folder / "bright.onnx", (5 / 3, 5 / 3, 5 / 3), -4.0)
    path.with_suffix(".json").write_text(
        '{"task": "segment", "size": "any", "range": 1, "mean": [0, 0, 0], "std": [1, 1, 1], "activation": "none"}'
    )
    return path


def coverage(width: int, height: int, *, at: tuple[float, float] = (0.5, 0.5), radius: float = 0.3) -> Pixels:
    """How much of each pixel a disc covers, 0 to 1: its edge is taken for straight inside of a pixel.

    Args:
        width, height: pixels.
        at: its middle, as shares of width and height.
        radius: as a share of the shorter side.
    """
    across = np.arange(width) + 0.5 - at[0] * width
    down = np.arange(height) + 0.5 - at[1] * height
    return np.clip(radius * min(width, height) + 0.5 - np.hypot(across[None, :], down[:, None]), 0, 1)


def ground(width: int, height: int, seed: int = 5) -> Pixels:
    """A wall of gray plaster, 0 to 1: grain and shade, so that nobody takes it for a flat ground."""
    random = np.random.default_rng(seed)
    shade = 0.35 + 0.2 * np.sin(np.linspace(0, 9, width))[None, :] * np.cos(np.linspace(0, 7, height))[:, None]
    return np.clip(shade + 0.06 * random.standard_normal((height, width)), 0.02, 0.75)


def on_plaster(cover: Pixels, colour: tuple[float, float, float] = RED) -> Pixels:
    """A subject of one colour before the wall: height × width × 3, 0 to 1."""
    height, width = cover.shape
    wall = np.repeat(ground(width, height)[..., None], 3, axis=2)
    return cover[..., None] * np.array(colour) + (1 - cover[..., None]) * wall
