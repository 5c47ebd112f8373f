"""Segmenters as plug-ins offer them, and what every one has to keep to."""

from __future__ import annotations

import numpy as np
import pytest

from makeready import segment
from makeready.models import manifest
from makeready.models.session import Session
from makeready.registry import Registry
from makeready.segment.backend import BUILT_INS, Segmenter
from makeready.testing.segmenters import assert_segmenter_contract
from segment.finders import CONTRACT, finder, redness


def test_the_built_in_ones_come_from_the_manifest() -> None:
    known = {one.name: one for one in segment.catalogue()}
    assert set(BUILT_INS) <= set(known)
    for name in BUILT_INS:
        assert known[name].contract == manifest.named(name).contract
        assert not known[name].problems()
        assert known[name].install == f"makeready models install {name}"


def test_one_that_keeps_the_contract_passes() -> None:
    assert_segmenter_contract(finder())


class _Counting:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, tensor: np.ndarray) -> np.ndarray:
        self.calls += 1
        return np.full((1, 1, 96, 96), self.calls / 10, np.float32)


def _spoils(tensor: np.ndarray) -> np.ndarray:
    answer = redness(tensor)
    tensor[:] = 0
    return answer


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "Red One"}, "lower-case words with hyphens"),
        ({"title": "Red."}, "full stop"),
        ({"licence": ""}, "licence"),
        ({"contract": "any"}, "Segmenting"),
        ({"ready": lambda: False}, "not ready"),
        ({"run": lambda x: x[:, :1] * 3}, "go from 0 to 1"),
        ({"run": lambda x: redness(x).astype(np.float64)}, "float64"),
        ({"run": lambda x: x[0, :1]}, "instead of one mask"),
        ({"run": lambda x: x[:, :1] * np.inf}, "are none"),
        ({"run": _Counting()}, "something else the second time"),
        ({"run": _spoils}, "changes the array"),
        ({"open_session": lambda provider: Session("", "", redness)}, "which engine"),
    ],
)
def test_each_fault_is_named(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        assert_segmenter_contract(finder(**wrong))  # type: ignore[arg-type]


def test_plug_ins_come_in_through_the_same_door() -> None:
    registry = Registry(Segmenter, group="makeready.segmenters", noun="segmenter")
    registry.add_module(finder("mine"), source="a-plug-in")
    assert registry["mine"].source == "a-plug-in"
    with pytest.raises(ValueError, match="already declared by a-plug-in"):
        registry.add_module(finder("mine"), source="another")


def test_what_a_contract_of_any_size_gets() -> None:
    sizes = []

    def run(tensor: np.ndarray) -> np.ndarray:
        sizes.append(tensor.shape[2:])
        return redness(tensor)

    contract = CONTRACT.model_copy(update={"size": "any", "multiple_of": 32})
    assert_segmenter_contract(finder(run=run, contract=contract))
    assert all(height % 32 == 0 and width % 32 == 0 for height, width in sizes)
