"""A child has no network: pictures from words are made by its parent, which believes nothing of what it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from makeready.edit import generators
from makeready.errors import MissingDependency
from makeready.service import painting
from makeready.service.settings import Settings
from makeready.service.slot import Refused, Slot, Task


class Painter:
    """A back end that fills with one colour, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def __call__(self, task: str, **given: Any) -> Any:
        self.asked.append({"task": task, **given})
        if self.error is not None:
            raise self.error
        image = given["image"]
        return np.full((*image.shape[:2], 3), (0, 0, 200), np.uint8)


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> Painter:
    """The only back end there is, in this process alone."""
    made = Painter()
    one = generators.Generator(name="blue", title="Paints blue", capabilities=("background",), run=made)
    monkeypatch.setattr(generators, "order", lambda: [one])
    return made


@pytest.fixture
def slot(tmp_path: Path) -> Iterator[Slot]:
    (tmp_path / "data").mkdir()
    with Slot(Settings(data=tmp_path / "data", workers=1)) as made:
        yield made


def cutout(folder: Path) -> str:
    """A red disc on nothing."""
    down, across = np.mgrid[:60, :80]
    disc = (down - 30) ** 2 + (across - 40) ** 2 < 20**2
    pixels = np.zeros((60, 80, 4), np.uint8)
    pixels[disc] = (200, 0, 0, 255)
    folder.mkdir()
    Image.fromarray(pixels).save(folder / "disc.png")
    return "disc.png"


def edit(slot: Slot, folder: Path, *edits: dict[str, Any]) -> Path:
    task = Task("edit", {"edits": list(edits)}, {"image": cutout(folder)}, str(folder))
    (output,) = slot.run(task).outputs
    return folder / output.path


def test_a_background_is_painted_by_the_parent(slot: Slot, painter: Painter, tmp_path: Path) -> None:
    made = edit(slot, tmp_path / "job", {"edit": "generate_background", "prompt": "a beach at sunset", "seed": 7})
    drawn = np.asarray(Image.open(made).convert("RGB"))
    assert tuple(drawn[2, 2]) == (0, 0, 200)
    assert tuple(drawn[30, 40]) == (200, 0, 0)
    (asked,) = painter.asked
    assert (asked["prompt"], asked["seed"], asked["image"].shape) == ("a beach at sunset", 7, (60, 80, 4))


@pytest.mark.parametrize(
    ("error", "code"),
    [(MissingDependency("The server is away."), "SERVICE_UNAVAILABLE"), (OSError("odd"), "INTERNAL_ERROR")],
)
def test_what_the_back_end_says_is_told(
    slot: Slot, painter: Painter, tmp_path: Path, error: Exception, code: str
) -> None:
    painter.error = error
    with pytest.raises(Refused) as refused:
        edit(slot, tmp_path / "job", {"edit": "generate_background", "prompt": "a beach at sunset"})
    assert refused.value.code == code


@pytest.mark.parametrize(
    "asked",
    [
        {"task": "background", "image": {"array": "../../secret.npy"}},
        {"task": "background", "image": {"array": "ask-pickle.npy"}},
        {"task": "background", "image": {"array": "ask-link.npy"}},
        {"task": "background", "image": {"array": "ask-large.npy"}},
        {"task": "background", "prompt": "x" * 100_000},
        {"task": "image", "size": [100_000, 100_000]},
    ],
)
def test_the_parent_reads_nothing_but_plain_pixels(painter: Painter, tmp_path: Path, asked: dict[str, Any]) -> None:
    np.save(tmp_path / "secret.npy", np.zeros((4, 4, 4), np.uint8))
    made = tmp_path / "a" / "job"
    made.mkdir(parents=True)
    np.save(made / "ask-pickle.npy", np.array([object()]), allow_pickle=True)
    (made / "ask-link.npy").symlink_to(tmp_path / "secret.npy")
    np.save(made / "ask-large.npy", np.zeros((2000, 2000, 4), np.uint8))
    with pytest.raises((ValueError, OSError)):
        painting.answered(asked, made, tmp_path, 1, megapixels=1)
    assert not painter.asked
