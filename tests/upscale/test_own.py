"""A network from a file of one's own, by what the note beside it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import makeready
from makeready import upscale
from makeready.errors import MakereadyError
from makeready.testing import pictures
from makeready.testing.upscalers import assert_upscaler_contract
from makeready.upscale.recipe import upscaler

Write = Callable[..., str]
#: What each channel is multiplied by: tells which is which.
GAINS = (1.0, 0.5, 0.25)


@pytest.fixture
def write(tmp_path: Path, package: Callable[[str], ModuleType]) -> Write:
    """Write a network that makes blocks of 2 × 2, after multiplying its channels, and its note."""
    onnx = package("onnx")
    package("onnxruntime")

    def file(channels: int = 3, gains: tuple[float, ...] = (1, 1, 1), **said: object) -> str:
        helper, floats = onnx.helper, onnx.TensorProto.FLOAT
        value = lambda name, count: helper.make_tensor_value_info(name, floats, ["n", count, "h", "w"])  # noqa: E731
        graph = helper.make_graph(
            [
                helper.make_node("Slice", ["in", "first", "last", "axis"], ["picture"]),
                helper.make_node("Mul", ["picture", "gains"], ["loud"]),
                helper.make_node(
                    "Resize", ["loud", "", "scales"], ["out"], mode="nearest",
                    coordinate_transformation_mode="asymmetric", nearest_mode="floor",
                ),
            ],
            "blocks",
            [value("in", "c")],
            [value("out", channels)],
            [
                helper.make_tensor("gains", floats, [1, channels, 1, 1], gains[:channels]),
                helper.make_tensor("scales", floats, [4], [1, 1, 2, 2]),
                *(
                    helper.make_tensor(name, onnx.TensorProto.INT64, [1], [number])
                    for name, number in (("first", 0), ("last", channels), ("axis", 1))
                ),
            ],
        )  # fmt: skip
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 8
        path = tmp_path / "mine.onnx"
        path.write_bytes(model.SerializeToString())
        note = {"task": "upscale", "scale": 2, "range": 1, "channels": channels, "overlap": 2, "tile": 32, **said}
        (tmp_path / "mine.json").write_text(json.dumps(note))
        return str(path)

    return file


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"range": 255},
        {"channels": 1},
        {"order": "bgr"},
        {"multiple_of": 4},
        {"feather": True},
        {"constants": [0.5]},
    ],
)
def test_it_enlarges_as_its_note_says(write: Write, said: dict[str, object]) -> None:
    path = write(**said)
    pixels = (pictures.landscape(70, 50) * 255).astype(np.uint8)
    made = makeready.upscale(pixels, 2, model=Path(path), provider="cpu")
    np.testing.assert_array_equal(made[::2, ::2], made[1::2, 1::2])  # blocks, not resampled
    assert np.abs(made.reshape(50, 2, 70, 2, 3).mean(axis=(1, 3)) - pixels).max() < 1
    assert_upscaler_contract(replace(upscaler(path), name="mine"), provider="cpu")


@pytest.mark.parametrize(("order", "gains"), [("rgb", GAINS), ("bgr", GAINS[::-1])])
def test_channels_come_in_the_order_that_is_said(write: Write, order: str, gains: tuple[float, ...]) -> None:
    network = upscaler(write(gains=GAINS, order=order)).open_session(2, 0, "cpu")
    pixels = np.full((6, 8, 3), 0.8, np.float32)
    np.testing.assert_allclose(network(pixels)[0, 0], 0.8 * np.array(gains), atol=1e-6)


def test_a_note_that_does_not_fit_the_network_is_said(write: Write) -> None:
    with pytest.raises(MakereadyError, match="mine gives"):
        makeready.upscale(np.eye(40, dtype=np.uint8) * 255, 3, model=write(scale=3), provider="cpu")


def test_the_recipe_names_it(write: Write) -> None:
    path = write()
    assert upscale.chosen(path, factor=4).words == "mine ×2 and ×2"
    prepared = upscale.prepare(path, 30, 20, 60, 40, provider="cpu")
    assert prepared.recipe.words == "mine ×2 (onnxruntime)"
    assert prepared.recipe.model == path
    upscale.require(path)
