"""The background goes on where it is clear."""

import importlib.util

import numpy as np
import pytest

import makeready
from makeready.changes import Refusal
from makeready.edit import expanding

textured = pytest.mark.skipif(importlib.util.find_spec("patchmatch") is None, reason="pypatchmatch is not installed")

DOWN, ACROSS = np.mgrid[:160, :240]
#: Finds a subject without any model, or none.
CUT = {"edit": "cut_out", "model": "flat", "subject_type": "logo", "keep_background": True}
MIDDLE = np.s_[:, 30:-30]
BESIDE = np.ones((160, 240), bool)
BESIDE[MIDDLE] = False


def cropped(colours: np.ndarray) -> np.ndarray:
    """A picture of which 30 columns left and right were made clear."""
    picture = np.dstack([colours, np.full(colours.shape[:2], 255)]).astype(np.uint8)
    picture[BESIDE] = 0
    return picture


def gradient() -> np.ndarray:
    return np.dstack([20 + ACROSS * 0.8, 200 - ACROSS * 0.4, 60 + DOWN * 0.7])


def gravel(scale: int = 4) -> np.ndarray:
    stones = np.random.default_rng(0).integers(20, 235, (160 // scale, 240 // scale, 1))
    return np.kron(stones, np.ones((scale, scale, 3)))


def scene() -> np.ndarray:
    """Large shapes of other colours, none of which says how it goes on."""
    patches = np.random.default_rng(3).integers(0, 256, (4, 6, 3))
    return np.kron(patches, np.ones((40, 40, 1)))


def expanded(picture: np.ndarray, seed: int = 0) -> tuple[str, np.ndarray]:
    kind = expanding.judged(picture, None, seed).kind
    assert kind != "scene"
    return kind, expanding.continued(picture, None, kind, seed)


def test_a_gradient_keeps_its_course_to_three_levels() -> None:
    kind, made = expanded(cropped(gradient()))
    assert kind == "plain"
    assert np.abs(made[..., :3] - gradient())[BESIDE].max() <= 3
    assert (made[..., 3] == 255).all()


def test_what_is_opaque_stays_to_the_byte() -> None:
    picture = cropped(gradient())
    assert np.array_equal(expanded(picture)[1][MIDDLE], picture[MIDDLE])


def test_the_grain_goes_on_as_strong_as_it_is_without_a_seam() -> None:
    noise = np.random.default_rng(1).normal(0, 5, (160, 240, 1))
    kind, made = expanded(cropped((gradient() + noise).clip(0, 255)))
    assert kind == "plain"
    off = made[..., :3] - gradient()
    assert 4 < off[BESIDE].std() < 6
    assert abs(off[:, 20:30].mean() - off[:, 30:40].mean()) < 1.5


@textured
def test_a_checker_goes_on_in_step() -> None:
    checker = np.repeat((((ACROSS // 10 + DOWN // 10) % 2) * 180 + 40)[..., None], 3, axis=2)
    kind, made = expanded(cropped(checker))
    assert kind == "texture"
    assert (np.abs(made[..., :3].astype(int) - checker)[BESIDE] > 40).mean() < 0.1


@textured
def test_texture_goes_on_as_rough_as_it_is() -> None:
    kind, made = expanded(cropped(gravel()))
    assert kind == "texture"
    assert made[BESIDE][:, 0].std() > 0.7 * gravel()[MIDDLE].std()


@textured
def test_the_same_seed_makes_the_same_result_and_another_another() -> None:
    picture = cropped(gravel())
    one, same, other = (expanding.continued(picture, None, "texture", seed) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@textured
def test_nothing_of_the_subject_is_copied() -> None:
    colours = gravel()
    subject = np.zeros((160, 240), bool)
    subject[40:120, 30:110] = True
    colours[subject] = (255, 0, 0)
    made = expanding.continued(cropped(colours), subject, "texture", 0).astype(int)
    assert (made[..., 0] - made[..., 1])[BESIDE].max() < 40
    made = expanding.continued(cropped(np.where(subject[..., None], (255, 0, 0), gradient())), subject, "plain", 0)
    assert np.abs(made[..., :3] - gradient())[BESIDE].max() <= 5


@textured
def test_a_scene_is_refused_where_no_generator_is_and_left_to_one_that_is() -> None:
    picture = cropped(scene())
    assert expanding.judged(picture, None, 0).kind == "scene"
    with pytest.raises(Refusal, match="generator"):
        makeready.edit(picture, [CUT, "expand"])
    asked = []

    def generate(task: str, *, image: np.ndarray, mask: np.ndarray, **wish: object) -> np.ndarray:
        asked.append((task, wish["prompt"], wish["seed"], float(mask.mean())))
        return np.where(mask[..., None] > 0, np.uint8([1, 2, 3, 255]), image)

    made = makeready.edit(picture, [CUT, {"edit": "expand", "prompt": "a wall", "seed": 7}], generate=generate).pixels
    assert asked == [("expand", "a wall", 7, 0.25)]
    assert made[80, 5].tolist() == [1, 2, 3, 255]


@textured
def test_a_narrow_margin_of_a_scene_is_continued_all_the_same() -> None:
    picture = np.dstack([scene(), np.full((160, 240), 255)]).astype(np.uint8)
    picture[:, -8:] = 0
    assert expanding.judged(picture, None, 0).kind == "texture"


def test_the_edit_says_what_it_did_and_leaves_nothing_clear() -> None:
    picture = np.full((160, 240, 3), 235)
    picture[60:100, 100:140] = (200, 0, 0)
    made = makeready.edit(cropped(picture), [CUT, "expand"])
    assert np.array_equal(made.pixels[..., :3], picture)
    assert (made.pixels[..., 3] == 255).all()
    assert any("smooth surface" in note for note in made.notes)


def test_where_nothing_is_clear_nothing_changes() -> None:
    picture = gradient().astype(np.uint8)
    made = makeready.edit(picture, ["expand"])
    assert np.array_equal(made.pixels[..., :3], picture)
    assert any("nothing to continue" in note for note in made.notes)


def test_a_picture_that_was_laid_to_fit_goes_on_to_the_edges() -> None:
    subject = np.zeros((160, 240, 4), np.uint8)
    subject[60:100, 100:140] = (200, 0, 0, 255)
    edits = [{"edit": "cut_out", "keep_existing_alpha": True}, {"edit": "background", "scaling": "fit"}, "expand"]
    laid = gradient()[:, 40:200].astype(np.uint8)
    made = makeready.edit(subject, edits, inputs={"background": laid}).pixels
    assert (made[..., 3] == 255).all()
    assert np.abs(made[..., :3] - gradient()).max(axis=2)[:, :30].max() <= 6


def test_without_a_background_there_is_nothing_to_continue() -> None:
    picture = np.zeros((40, 40, 4), np.uint8)
    picture[10:30, 10:30] = 255
    with pytest.raises(Refusal, match="no background"):
        makeready.edit(picture, [{"edit": "cut_out", "keep_existing_alpha": True}, "expand"])
