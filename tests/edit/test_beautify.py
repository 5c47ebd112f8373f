"""A packshot is a product in good light in the middle of white, with a soft shadow; what was asked for comes before."""

from __future__ import annotations

import numpy as np
import pytest

import makeready
from makeready.edit.scene import Scene
from makeready.errors import NoGenerator

KEPT = {"edit": "cut_out", "keep_existing_alpha": True}


@pytest.fixture
def product() -> np.ndarray:
    pixels = np.zeros((160, 200, 4), np.uint8)
    grain = np.random.default_rng(2).integers(0, 30, (60, 40, 1))
    pixels[20:80, 10:50, :3] = np.array([30, 45, 60]) + grain
    pixels[20:80, 10:50, 3] = 255
    return pixels


def test_the_product_stands_in_the_middle_of_white_with_a_shadow_below(product: np.ndarray) -> None:
    drawn = makeready.edit(product, [KEPT, "beautify"]).pixels
    assert drawn.shape == product.shape
    assert (drawn[..., 3] == 255).all()
    assert (drawn[0, :, :3] == 255).all()
    colourful = np.ptp(drawn[..., :3].astype(int), axis=2) > 8
    rows, columns = np.nonzero(colourful)
    assert (rows.min() + rows.max()) / 2 == pytest.approx(79.5, abs=1.5)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(99.5, abs=1.5)
    assert rows.max() - rows.min() + 1 == pytest.approx(0.76 * 160, abs=2)
    below = drawn[rows.max() + 2, columns.min() + 10 : columns.max() - 10, :3]
    assert below.max() < 215


def test_it_comes_into_better_light(product: np.ndarray) -> None:
    drawn = makeready.edit(product, [KEPT, "beautify"]).pixels
    assert drawn[70:90, 90:110, :3].mean() > product[40:60, 20:40, :3].mean() + 10


def test_what_was_asked_for_comes_before(product: np.ndarray) -> None:
    layout = {"edit": "layout", "output_size": "300x300", "padding": "30%"}
    wished = [KEPT, "beautify", layout, {"edit": "background", "color": "00FF00"}, {"edit": "shadow", "opacity": 0}]
    drawn = makeready.edit(product, wished).pixels
    assert drawn.shape[:2] == (300, 300)
    green = (drawn[..., :3] == (0, 255, 0)).all(axis=2)
    # Lanczos rings: a little of the subject is seen some pixels further out.
    assert green[:80].all()
    assert green[220:].all()


def test_a_size_alone_keeps_the_room_for_the_shadow(product: np.ndarray) -> None:
    drawn = makeready.edit(product, [KEPT, "beautify", {"edit": "layout", "output_size": "300x300"}]).pixels
    rows = np.flatnonzero((np.ptp(drawn[..., :3].astype(int), axis=2) > 8).any(axis=1))
    assert rows.min() == pytest.approx(36, abs=1)


def test_a_clear_ground_may_be_asked_for(product: np.ndarray) -> None:
    drawn = makeready.edit(product, [KEPT, "beautify", {"edit": "background", "color": "transparent"}]).pixels
    assert drawn[0, 0, 3] == 0


def test_a_cut_off_product_gets_no_shadow_and_the_change_does_not_claim_one() -> None:
    pixels = np.zeros((100, 100, 4), np.uint8)
    pixels[30:, 20:80] = (120, 90, 60, 255)
    edited = makeready.edit(pixels, [KEPT, "beautify"])
    assert edited.changes[-1].message == "A packshot was made of the product, on white."
    assert any("cut off" in note for note in edited.notes)


def test_food_and_cars_are_painted_by_a_generator(product: np.ndarray) -> None:
    asked = []

    def generate(task: str, **wish: object) -> np.ndarray:
        asked.append((task, wish["seed"], wish["more"]))
        return np.full_like(product, 99)

    edit = makeready.edit.catalogue()["beautify"]
    scene = Scene(product, generate=generate, seed=4)
    (change,) = edit.act(scene, edit.params(mode="food"))
    assert asked == [("beautify", 4, {"subject": "food"})]
    assert (scene.picture == 99).all()
    assert change.message == "The picture of food was painted anew."


def test_without_a_generator_that_is_said(product: np.ndarray) -> None:
    with pytest.raises(NoGenerator, match="generate:beautify"):
        makeready.edit(product, [{"edit": "beautify", "mode": "car"}])


def test_it_says_what_it_needs() -> None:
    assert makeready.edit.needs([{"edit": "beautify"}]) == ("segment:isnet",)
    assert makeready.edit.needs([{"edit": "beautify", "mode": "car"}]) == ("generate:beautify",)
