"""ONNX networks made ready: the same numbers from a smaller and sounder file."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from makeready import models
from makeready.errors import UnreadableFile
from makeready.models import graphs, store
from models import made_up
from models.weights import real

NOISE = np.random.default_rng(11)


def run(data: bytes, picture: np.ndarray) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: picture})


def network(nodes: list[onnx.NodeProto], *weights: onnx.TensorProto, outputs: tuple[str, ...] = ("y",)) -> bytes:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 1, "h", "w"]) for name in ("x", *outputs)]
    graph = helper.make_graph(nodes, "made up", values[:1], values[1:], list(weights))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model.SerializeToString()


def test_half_precision_is_widened_sorted_and_pruned() -> None:
    picture = NOISE.random((1, 3, 16, 16)).astype(np.float32)
    ready = graphs.finished(graphs.single_output(made_up.NETWORK))
    model = onnx.load_model_from_string(ready)
    assert [value.name for value in model.graph.input] == ["input"]
    assert [value.name for value in model.graph.output] == ["output"]
    kinds = [node.op_type for node in model.graph.node]
    assert "Relu" not in kinds, "it leads to an output that is not wanted"
    assert kinds[:2] == ["Conv", "Sigmoid"]
    (mask,) = run(ready, picture)
    truth = 1 / (1 + np.exp(3 - 2 * picture.sum(1, keepdims=True)))
    assert np.abs(mask - truth).max() < 1e-6, "calculated in single precision"


def test_another_output_can_be_the_one_that_is_kept() -> None:
    picture = NOISE.random((1, 3, 16, 16)).astype(np.float32)
    (found,) = run(graphs.finished(graphs.single_output(made_up.NETWORK, 1)), picture)
    assert np.abs(found - np.maximum(2 * picture.sum(1, keepdims=True) - 3, 0)).max() < 1e-6
    with pytest.raises(UnreadableFile, match="has 1 inputs and 2 outputs; it must have one input and at least 3"):
        graphs.single_output(made_up.NETWORK, 2)


def test_weights_are_stored_in_half_precision_only_where_that_loses_nothing() -> None:
    exact = numpy_helper.from_array(np.round(NOISE.normal(0, 1, (1, 1, 31, 31)) * 64).astype(np.float32) / 64, "exact")
    fine = numpy_helper.from_array(NOISE.normal(0, 1, (1, 1, 31, 31)).astype(np.float32), "fine")
    large = numpy_helper.from_array(np.full((1, 1, 31, 31), 1e6, np.float32), "large")
    pads = {"pads": [15] * 4}
    data = network(
        [
            helper.make_node("Conv", ["x", "exact"], ["a"], **pads),
            helper.make_node("Conv", ["a", "fine"], ["b"], **pads),
            helper.make_node("Conv", ["b", "large"], ["y"], **pads),
        ],
        exact, fine, large,
    )  # fmt: skip
    ready = graphs.finished(graphs.single_output(data))
    stored = {tensor.name: tensor.data_type for tensor in onnx.load_model_from_string(ready).graph.initializer}
    assert stored == {"exact_half": TensorProto.FLOAT16, "fine": TensorProto.FLOAT, "large": TensorProto.FLOAT}
    picture = NOISE.random((1, 1, 20, 20)).astype(np.float32)
    assert np.array_equal(run(ready, picture)[0], run(data, picture)[0])


def test_casts_of_other_numbers_stay() -> None:
    """A cast from whole numbers to floats is no cast for nothing."""
    data = network(
        [
            helper.make_node("Cast", ["x"], ["whole"], to=TensorProto.INT32),
            helper.make_node("Cast", ["whole"], ["wide"], to=TensorProto.FLOAT),
            helper.make_node("Relu", ["wide"], ["y"]),
        ]
    )
    picture = NOISE.normal(0, 5, (1, 1, 4, 4)).astype(np.float32)
    (found,) = run(graphs.finished(graphs.single_output(data)), picture)
    assert np.array_equal(found, np.maximum(np.trunc(picture), 0))


def test_names_that_are_taken_inside_are_left_to_the_ends() -> None:
    nodes = [
        helper.make_node("Neg", ["x"], ["output"]),
        helper.make_node("Relu", ["output"], ["input"]),
        helper.make_node("Neg", ["input"], ["y"]),
    ]
    picture = NOISE.normal(0, 1, (1, 1, 4, 4)).astype(np.float32)
    (found,) = run(graphs.finished(graphs.single_output(network(nodes))), picture)
    assert np.array_equal(found, -np.maximum(-picture, 0))


def test_what_is_no_network_says_so() -> None:
    circle = [helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Add", ["a", "x"], ["b"]),
              helper.make_node("Relu", ["b"], ["y"])]  # fmt: skip
    for data, message in (
        (b"no ONNX at all", "This is no ONNX file"),
        (b"", "has 0 inputs"),
        (network(circle), "runs in a circle"),
        (network([helper.make_node("Relu", ["z"], ["y"])]), "does not hang together"),
        (network([helper.make_node("Fold", ["x"], ["y"])]), "does not hang together"),
        (made_up.NETWORK[:200], "no ONNX file|does not hang|inputs"),
    ):
        with pytest.raises(UnreadableFile, match=message):
            graphs.finished(graphs.single_output(data))


@pytest.mark.parametrize("id", ["isnet", "u2netp"])
def test_the_real_networks_say_what_they_said_before(id: str) -> None:
    """Against the file as it was published, run as it is; ISNet calculates in half precision there."""
    real(id)
    model = models.named(id)
    here = store.found(model)
    assert here
    from makeready.models import verifying

    (data,) = store.read(model, here).values()
    picture = verifying.question(model.contract, model.probe.size)
    before, (after,) = run(data, picture)[0], run(models.graph(id).read_bytes(), picture)
    assert after.shape == before.shape
    assert np.abs(after - before).max() < (0.05 if id == "isnet" else 1e-5)
    assert np.abs(after - before).mean() < 1e-3
    # The picture is a disc of 0.3 of its side in radius: that is what both see.
    assert after.mean() == pytest.approx(np.pi * 0.3**2, abs=0.01)
    published, ready = onnx.load_model_from_string(data), onnx.load(models.graph(id))
    assert len(ready.graph.output) == 1 < len(published.graph.output)
