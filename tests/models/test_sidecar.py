"""Users' own networks: described in full or refused, with words that help to describe them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from makeready import models
from makeready.errors import UsageError
from makeready.models import session, sidecar
from makeready.models.contract import Segmenting, Upscaling
from models import made_up

SEGMENT = json.loads(sidecar.EXAMPLES["segment"])
UPSCALE = json.loads(sidecar.EXAMPLES["upscale"])


def network(folder: Path, said: object = None, suffix: str = ".json") -> Path:
    path = folder / "portrait.onnx"
    path.write_bytes(made_up.NETWORK)
    if said is not None:
        path.with_suffix(suffix).write_text(said if isinstance(said, str) else json.dumps(said), encoding="utf-8")
    return path


def test_a_description_in_json_or_toml_says_the_same(tmp_path: Path) -> None:
    path = network(tmp_path, {"$schema": "model.json", **SEGMENT})
    by_json = models.own(path)
    assert by_json.task == "segment"
    assert isinstance(by_json.contract, Segmenting)
    assert (by_json.contract.size, by_json.contract.activation) == ((1024, 1024), "sigmoid")
    path.with_suffix(".json").unlink()
    lines = [f"{key} = {json.dumps(value)}" for key, value in SEGMENT.items()]
    path.with_suffix(".toml").write_text("\n".join(lines))
    assert models.own(str(path)).contract == by_json.contract
    path.with_suffix(".json").write_text("{}")
    with pytest.raises(UsageError, match=r"is described twice, by portrait\.json and portrait\.toml"):
        models.own(path)


def test_every_example_in_a_message_is_valid(tmp_path: Path) -> None:
    kinds = {"segment": Segmenting, "upscale": Upscaling}
    for task, example in sidecar.EXAMPLES.items():
        assert isinstance(models.own(network(tmp_path, example)).contract, kinds[task])
        jsonschema.validate({"$schema": "model.json", **json.loads(example)}, sidecar.schema())


@pytest.mark.parametrize("wrong", [{"task": None}, {"mean": "none"}, {"activatoin": "none"}, {"scale": 2}])
def test_the_schema_refuses_what_is_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    said = {key: value for key, value in {**SEGMENT, **wrong}.items() if value is not None}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(said, sidecar.schema())
    with pytest.raises(UsageError):
        models.own(network(tmp_path, said))


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (None, "comes without a description", 'Write portrait.json beside it: {"task": "segment", "size": [1024'),
        ("{", "is no JSON: ", "Write, for example: {"),
        ("[1]", "is no table of settings", "Write, for example: {"),
        ("[" * 5000, "is no JSON: ", "Write, for example: {"),
        (" " * 70_000, "is too long", "a few lines"),
        ({}, "does not say what the model is for", '"task": "segment"'),
        ({"task": "paint"}, "has the unknown task 'paint'", '"task": "segment"'),
        ({**SEGMENT, "activatoin": "none"}, "'activatoin' is no setting of a model", "Did you mean 'activation'?"),
        ({**SEGMENT, "tile": 5}, "'tile' is no setting of a model", ""),
        ({key: value for key, value in SEGMENT.items() if key != "mean"}, "mean is missing", '"mean": [0.485'),
        ({**SEGMENT, "std": [1, 0, 1]}, r"std.1: .*greater than 0", ""),
        ({**SEGMENT, "mean": [1, 2]}, "mean", ""),
        ({**SEGMENT, "range": "255"}, "range: .*number", ""),
        ({**SEGMENT, "range": float("nan")}, "range: .*finite", ""),
        ({**SEGMENT, "size": [1024, 0]}, "size", ""),
        ({**SEGMENT, "size": [100, 100], "multiple_of": 32}, r"the size \[100, 100\] is no multiple of 32", ""),
        ({**SEGMENT, "activation": "softmax"}, "activation: .*'none' or 'sigmoid'", ""),
        ({**UPSCALE, "scale": 0}, "scale: .*greater than or equal to 1", ""),
        ({**UPSCALE, "channels": 4}, "channels: ", ""),
        ({**UPSCALE, "tile": 32}, "a tile of 32 pixels is all overlap", ""),
        ({**UPSCALE, "shrink": 20}, "at least as wide as what the network shrinks", ""),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, said: object, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        models.own(network(tmp_path, said))
    assert hint in caught.value.hint
    assert "\n" not in str(caught.value)


def test_the_file_itself_must_be_there_and_be_a_network(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no model file"):
        models.own(tmp_path / "none.onnx")
    with pytest.raises(UsageError, match=r"does not end in \.onnx"):
        models.own(tmp_path / "weights.pth")


def test_a_model_for_something_else_is_refused(tmp_path: Path) -> None:
    path = network(tmp_path, UPSCALE)
    assert sidecar.read(path, "upscale").task == "upscale"
    with pytest.raises(UsageError, match="is a model to upscale with, and one to segment with is wanted"):
        sidecar.read(path, "segment")


def test_another_output_is_kept_as_a_network_of_its_own(tmp_path: Path, cache: Path) -> None:
    said = {**SEGMENT, "size": [16, 16]}
    first = models.own(network(tmp_path, said))
    assert first.graph() == first.path, "nothing is copied"
    second = models.own(network(tmp_path, {**said, "output": 1}))
    kept = second.graph()
    assert kept.parent == cache / "models" / "graphs"
    assert second.graph() == kept
    picture = np.full((1, 3, 16, 16), 0.75, np.float32)
    assert session.opened(kept, provider="cpu").run(picture).mean() == pytest.approx(1.5)
    session.forget()


def test_an_output_that_is_not_there_is_told_of_the_model(tmp_path: Path, cache: Path) -> None:
    own = models.own(network(tmp_path, {**SEGMENT, "size": [16, 16], "output": 9}))
    with pytest.raises(UsageError, match=r"portrait\.onnx: .* at least 10 outputs"):
        own.graph()


def test_the_example_is_of_the_task_that_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no table") as caught:
        models.own(network(tmp_path, "[1]"), "upscale")
    assert '"task": "upscale"' in caught.value.hint
