"""What is chosen for a size, and how it is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from makeready import models, upscale
from makeready.errors import MissingDependency, UsageError
from makeready.upscale import recipe
from makeready.upscale.upscaler import Upscaler
from upscale.made_up import blocks, declare

Offer = Callable[[Upscaler], None]


@pytest.fixture
def all_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "installed", lambda _: True)


@pytest.mark.parametrize(
    ("scales", "factor", "passes"),
    [
        ((2,), 1.0, ()),
        ((2,), 0.4, ()),
        ((2,), 1.5, (2,)),
        ((2,), 2, (2,)),
        ((2,), 2.002, (2,)),  # sides are rounded up
        ((2,), 2.2, (2, 2)),
        ((2,), 3, (2, 2)),
        ((2,), 4, (2, 2)),
        ((2,), 9, (2, 2)),
        ((2, 3, 4), 1.2, (2,)),
        ((2, 3, 4), 2.5, (3,)),
        ((2, 3, 4), 3.5, (4,)),
        ((2, 3, 4), 6, (4,)),
        ((4,), 2, (4,)),
        ((4,), 16, (4,)),
        ((8,), 3, (8,)),
        ((3,), 4, (3,)),
    ],
)
def test_the_smallest_that_reaches_is_taken(scales: tuple[int, ...], factor: float, passes: tuple[int, ...]) -> None:
    assert recipe.scales(scales, factor) == passes


@pytest.mark.parametrize(
    ("style", "factor", "model"),
    [
        ("truthful", 1.5, "waifu2x"),
        ("truthful", 2, "waifu2x"),
        ("truthful", 3, "srmd"),
        ("truthful", 4, "srmd"),
        ("creative", 2, "realesrgan"),
        ("creative", 4, "realesrgan"),
    ],
)
@pytest.mark.usefixtures("all_installed")
def test_ai_is_the_network_that_suits(style: str, factor: float, model: str) -> None:
    assert upscale.chosen("ai", style, factor, 0).model == model


def test_what_is_not_installed_is_replaced_only_by_its_like_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "installed", lambda name: name.startswith(("waifu2x", "realesrgan")))
    found = upscale.chosen("ai", "truthful", 4, 0)
    assert (found.model, found.passes) == ("waifu2x", (2, 2))
    assert "SRMD" in found.notes[0]
    assert "waifu2x" in found.notes[0]
    monkeypatch.setattr(models, "installed", lambda name: name.startswith("realesrgan"))
    assert upscale.chosen("ai", "truthful", 4, 0).model == "srmd"  # never the one that invents


@pytest.mark.usefixtures("all_installed")
def test_words() -> None:
    assert upscale.chosen("srmd", factor=4, noise=0).words == "SRMD ×4"
    assert upscale.chosen("waifu2x", factor=3, noise=0).words == "waifu2x ×2 and ×2, then Lanczos to the exact size"
    assert upscale.chosen("lanczos").words == "Lanczos"
    far = upscale.chosen("srmd", factor=6, noise=8)
    assert far.words == "SRMD ×4, noise of 8 levels removed, then Lanczos to the exact size"
    assert "Lanczos" in far.notes[0]


def test_a_prepared_recipe_knows_the_size_and_what_runs_it(offer: Offer) -> None:
    def network(pixels: np.ndarray) -> np.ndarray:
        return blocks(2)(pixels)

    network.title = "Abacus"  # type: ignore[attr-defined]
    offer(declare(network))
    prepared = upscale.prepare("made-up", 1000, 750, 1733, 1300, noise=0)
    assert prepared.recipe.words == "Made up ×2 (Abacus), then Lanczos to 1,733 × 1,300 px"
    assert upscale.prepare("made-up", 10, 20, 20, 40, noise=0).recipe.words == "Made up ×2 (Abacus)"
    plain = upscale.prepare("lanczos", 10, 20, 1733, 3466).recipe.words
    assert plain == "Lanczos to 1,733 × 3,466 px"


def test_noise_is_measured_once_and_removed_in_the_first_pass(offer: Offer) -> None:
    opened: list[tuple[int, float]] = []

    def open_session(scale: int, noise: float, provider: str) -> Callable[[np.ndarray], np.ndarray]:
        opened.append((scale, noise))
        return blocks(scale)

    offer(Upscaler("made-up", "Made up", "CC0-1.0", "truthful", (2,), open_session, margin=0, tile=32, denoises=True))
    rough = np.random.default_rng(1).normal(120, 12, (150, 140, 3)).clip(0, 255).astype(np.uint8)
    prepared = upscale.prepare("made-up", 140, 150, 560, 600, sample=rough)
    assert [scale for scale, _ in opened] == [2, 2]
    assert opened[0][1] == prepared.recipe.noise == pytest.approx(0.85 * 12, rel=0.15)
    assert opened[1][1] == 0
    opened.clear()
    list(
        upscale.strips(
            lambda first, last: rough[first:last], 140, 150, 280, 300, channels=3, dtype="uint8", model="made-up"
        )
    )
    assert opened[0][1] == pytest.approx(0.85 * 12, rel=0.15)


def test_noise_that_a_network_does_not_touch_is_not_said_to_be_removed() -> None:
    assert upscale.chosen("waifu2x", factor=2, noise=1).noise == 0
    assert upscale.chosen("waifu2x", factor=2, noise=4).noise == 4
    assert upscale.chosen("srmd", factor=2, noise=1).noise == 1
    assert upscale.chosen("realesrgan", factor=4, noise=9).noise == 0
    assert upscale.chosen("waifu2x", factor=2).noise == "auto"


def test_missing_weights_are_told_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "installed", lambda _: False)

    def graph(id: str) -> Path:
        raise MissingDependency(f"The weights of {id} are not installed.", "Install them.")

    def read(first: int, last: int) -> np.ndarray:
        raise AssertionError("it was read")

    monkeypatch.setattr(models, "graph", graph)
    with pytest.raises(MissingDependency, match="srmdnf-x4"):
        upscale.require("srmd")
    with pytest.raises(MissingDependency, match="waifu2x"):
        upscale.require("ai", factor=2)
    with pytest.raises(MissingDependency, match="realesrgan"):
        upscale.require("ai", "creative")
    with pytest.raises(MissingDependency):
        upscale.strips(read, 4, 4, 8, 8, channels=3, dtype="uint8", model="waifu2x", noise=0)
    upscale.require("lanczos")
    upscale.require("backprojection")


@pytest.mark.parametrize(("typed", "meant"), [("waifu", "waifu2x"), ("real-esrgan", "realesrgan"), ("AI", "ai")])
def test_an_unknown_model_is_named_with_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(UsageError) as failure:
        upscale.require(typed)
    assert meant in failure.value.hint


def test_a_model_of_ones_own_without_a_file_or_a_note(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.onnx"):
        upscale.require(str(tmp_path / "gone.onnx"))
    (tmp_path / "mine.onnx").write_bytes(b"x")
    with pytest.raises(UsageError) as failure:
        upscale.require(str(tmp_path / "mine.onnx"))
    assert "mine.json" in failure.value.hint
    (tmp_path / "mine.json").write_text(
        '{"task": "segment", "size": "any", "range": 1, "mean": [0, 0, 0], "std": [1, 1, 1], "activation": "none"}'
    )
    with pytest.raises(UsageError, match="segment"):
        upscale.require(str(tmp_path / "mine.onnx"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "Made Up"}, "lower-case"),
        ({"title": ""}, "title"),
        ({"style": "pretty"}, "style"),
        ({"scales": ()}, "scales"),
        ({"scales": (1, 2)}, "scales"),
        ({"scales": (4, 2)}, "scales"),
        ({"tile": 4}, "tile"),
        ({"eats": 9}, "eat"),
        ({"feather": 5}, "feather"),
        ({"value_range": (1.0, 0.0)}, "range"),
    ],
)
def test_faulty_declarations_are_refused(offer: Offer, changed: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        offer(declare(blocks(2), **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("factor", "notes"), [(1.03, ("×1.03 is too little for a network: Lanczos was taken.",)), (1, ())]
)
def test_lanczos_in_place_of_a_network_is_said(factor: float, notes: tuple[str, ...]) -> None:
    found = upscale.chosen("waifu2x", factor=factor)
    assert (found.model, found.notes) == ("lanczos", notes)
