"""What is missing is filled from what is around it."""

import importlib.util

import numpy as np
import pytest

from makeready.changes import Refusal
from makeready.edit import filling, membrane, patches
from makeready.edit.filling import filled
from makeready.errors import MissingDependency

DOWN, ACROSS = np.mgrid[:160, :200]
GRADIENT = np.dstack([ACROSS + 20, DOWN + 40, 200 - (ACROSS + DOWN) // 4]).astype(np.uint8)
CHECKER = np.repeat((((ACROSS // 8 + DOWN // 8) % 2) * 180 + 40).astype(np.uint8)[..., None], 3, axis=2)
textured = pytest.mark.skipif(importlib.util.find_spec("patchmatch") is None, reason="pypatchmatch is not installed")


def hole(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros(GRADIENT.shape[:2], bool)
    mask[top:bottom, left:right] = True
    return mask


def test_a_film_is_the_solution_of_laplaces_equation() -> None:
    """Known at the rim alone, x² − y² is the one harmonic surface that meets it."""
    down, across = np.mgrid[-1:1:65j, -1:1:65j].astype(np.float32)
    truth = (across**2 - down**2)[..., None]
    known = np.ones((65, 65), bool)
    known[1:-1, 1:-1] = False
    film = membrane.stretched(np.where(known[..., None], truth, 0), known)
    assert np.abs(film - truth).max() < 0.03  # of a range of 2


def test_a_gradient_goes_on_under_what_is_filled_to_one_level() -> None:
    mask = hole(40, 60, 90, 150)
    damaged = np.where(mask[..., None], np.uint8(255), GRADIENT)
    made = filled(damaged, mask, seed=1)
    assert np.abs(made.astype(int) - GRADIENT)[mask].max() <= 1


def test_the_grain_that_is_filled_in_is_as_strong_and_as_gray_as_the_grain_around_it() -> None:
    noise = np.random.default_rng(0).normal(0, 3, (160, 200, 1))
    picture = np.rint(GRADIENT + noise).clip(0, 255).astype(np.uint8)
    mask = hole(40, 40, 110, 160)
    off = filled(picture, mask, seed=1, how="smooth").astype(float)[mask] - GRADIENT[mask]
    assert abs(off.mean()) < 1
    assert 2.4 < off.std() < 3.6
    assert np.corrcoef(off[:, 0], off[:, 1])[0, 1] > 0.9


def test_flat_colours_get_no_grain() -> None:
    picture = np.full((60, 60, 3), 200, np.uint8)
    mask = np.zeros((60, 60), bool)
    mask[20:40, 20:40] = True
    assert np.array_equal(filled(picture, mask, seed=3), picture)


@textured
def test_a_checker_goes_on_in_step() -> None:
    mask = hole(60, 80, 90, 130)
    made = filled(np.where(mask[..., None], np.uint8(0), CHECKER), mask, seed=1)
    assert (np.abs(made.astype(int) - CHECKER)[mask] > 40).mean() < 0.05


@textured
def test_large_gaps_that_are_filled_at_a_smaller_size_keep_fine_detail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "_FILLED", 1000)
    picture = np.random.default_rng(0).integers(0, 256, (160, 200, 1), np.uint8).repeat(3, axis=2)
    mask = hole(40, 60, 100, 140)
    made = filled(picture, mask, seed=1, how="texture")
    fine = np.diff(made[40:100, 60:140, 0].astype(float), axis=1).std()
    assert fine > 0.6 * np.diff(picture[..., 0].astype(float), axis=1).std()


@pytest.mark.parametrize("how", ["smooth", pytest.param("texture", marks=textured)])
def test_what_is_not_filled_stays_to_the_byte_and_seeds_repeat(how: filling.How) -> None:
    noise = np.random.default_rng(0).integers(0, 60, GRADIENT.shape, np.uint8)
    picture = GRADIENT // 2 + noise
    mask = hole(10, 10, 30, 60) | hole(100, 120, 130, 200)
    first, again = (filled(picture, mask, seed=5, how=how) for _ in range(2))
    assert np.array_equal(first, again)
    assert np.array_equal(first[~mask], picture[~mask])
    assert not np.array_equal(first[mask], picture[mask])


@pytest.mark.parametrize("how", ["smooth", pytest.param("texture", marks=textured)])
def test_nothing_is_taken_from_what_is_excluded(how: filling.How) -> None:
    picture = np.repeat(CHECKER[..., :1] // 2, 3, axis=2)
    subject = hole(40, 100, 120, 200)
    picture[subject] = (255, 0, 0)
    mask = hole(60, 60, 100, 100)
    made = filled(picture, mask, seed=1, how=how, exclude=subject)
    assert (made[mask, 0].astype(int) - made[mask, 1]).max() < 30
    assert np.array_equal(made[subject], picture[subject])


def test_clear_pixels_give_no_colour_and_what_is_filled_is_as_opaque_as_its_surroundings() -> None:
    picture = np.dstack([GRADIENT, np.full((160, 200), 255, np.uint8)])
    picture[:, 100:] = (255, 0, 255, 0)
    opaque = filled(picture, hole(60, 30, 80, 50), seed=1)
    assert (opaque[60:80, 30:50, 3] == 255).all()
    edge = filled(picture, hole(60, 60, 100, 140), seed=1, how="smooth")
    assert edge[80, 62, 3] > 200
    assert edge[80, 138, 3] < 50
    assert edge[80, 64, 0] < 140  # nothing of the hidden magenta
    in_the_clear = filled(
        np.where(hole(50, 130, 70, 160)[..., None], np.uint8(200), picture), hole(50, 130, 70, 160), seed=1
    )
    assert (in_the_clear[55:65, 135:155, 3] < 20).all()


def test_without_any_surroundings_it_is_refused() -> None:
    with pytest.raises(Refusal, match="nothing around"):
        filled(GRADIENT, np.ones((160, 200), bool), seed=1)


def test_texture_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "patchmatch", None)
    with pytest.raises(MissingDependency) as raised:
        filled(CHECKER, hole(60, 80, 90, 130), seed=1)
    assert "makeready[edit]" in raised.value.hint
