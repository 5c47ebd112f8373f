"""Matting against what is known: mixtures of two colours, and what the picture cannot tell."""

from __future__ import annotations

import numpy as np
import pytest

from makeready.segment import closed_form, guided, unmixing

pytest.importorskip("scipy")


def test_mixtures_of_colours_on_two_lines_are_taken_apart_exactly() -> None:
    """Where subject and ground each have one colour, the opacity is a linear function of colour, which is the model."""
    random = np.random.default_rng(1)
    truth = np.ones((40, 60), np.float32)
    truth[:, :15] = 0
    truth[:, 15:45] = random.random((40, 30))
    picture = truth[..., None] * np.array([0.9, 0.5, 0.2]) + (1 - truth[..., None]) * np.array([0.1, 0.3, 0.4])
    band = np.zeros((40, 60), bool)
    band[:, 15:45] = True
    known = np.where(band, 0, truth).astype(np.float32)
    none = np.zeros_like(known)
    found = closed_form.solved(picture.astype(np.float32), known, band, 1e-7, none, none)
    assert np.abs(found - truth).max() < 1e-3
    assert (found[~band] == known[~band]).all()


def test_where_the_picture_tells_nothing_the_prior_speaks() -> None:
    even = np.full((30, 50, 3), 0.4, np.float32)
    band = np.zeros((30, 50), bool)
    band[:, 10:40] = True
    known = np.zeros((30, 50), np.float32)
    known[:, 40:] = 1
    step = (np.arange(50) >= 22).astype(np.float32)[None, :].repeat(30, axis=0)
    without = closed_form.solved(even, known, band, 1e-7, step, np.zeros_like(step))
    assert 0.4 < without[15, 25] < 0.6  # a ramp from one side to the other
    with_it = closed_form.solved(even, known, band, 1e-7, step, np.full_like(step, 10))
    assert np.abs(with_it - step)[:, [12, 18, 26, 35]].max() < 0.1


def test_iterating_comes_to_what_solving_outright_gives(monkeypatch) -> None:
    random = np.random.default_rng(6)
    down, across = np.mgrid[:150, :170]
    strands = (np.sin(across / 3 + np.sin(down / 9) * 2) > 0.4).astype(np.float32) * (across > 60)
    truth = np.where(across > 120, 1, strands).astype(np.float32)
    picture = truth[..., None] * (0.7, 0.5, 0.3) + (1 - truth[..., None]) * (0.2, 0.3, 0.6)
    picture = (picture + random.normal(0, 0.01, picture.shape)).astype(np.float32)
    band = (across > 30) & (across < 135)
    known = (across >= 135).astype(np.float32)
    thought, none = np.full_like(known, 0.5), np.zeros_like(known)
    outright = closed_form.solved(picture, known, band, 1e-7, thought, none)
    monkeypatch.setattr(closed_form, "_OUTRIGHT", 0)
    monkeypatch.setattr(closed_form, "_RESIDUAL", 0)
    iterated = closed_form.solved(picture, known, band, 1e-7, thought, none, turns=1000)
    assert np.abs(iterated - outright).mean() < 2e-3
    # A good guess is worth many turns.
    guess = unmixing.unmixed(picture, across >= 135, across <= 30, thought)
    few = closed_form.solved(picture, known, band, 1e-7, thought, none, guess, turns=20)
    without = closed_form.solved(picture, known, band, 1e-7, thought, none, turns=20)
    assert np.abs(few - truth).mean() < 0.5 * np.abs(without - truth).mean()


def test_colour_alone_tells_strands_before_a_smooth_ground() -> None:
    down, across = np.mgrid[:120, :160].astype(np.float32)
    truth = np.where(across > 110, 1, np.where((across > 50) & (down % 6 < 1), 0.7, 0)).astype(np.float32)
    ground = np.stack([0.3 + down / 400, 0.5 - across / 800, np.full_like(down, 0.7)], axis=-1)
    picture = (truth[..., None] * (0.8, 0.6, 0.2) + (1 - truth[..., None]) * ground).astype(np.float32)
    told = unmixing.unmixed(picture, across > 115, across < 45, np.full_like(truth, 0.5))
    assert np.abs(told - truth).mean() < 0.02
    even = np.full_like(picture, 0.4)
    assert np.allclose(unmixing.unmixed(even, across > 115, across < 45, np.full_like(truth, 0.25)), 0.25, atol=1e-3)


def test_nothing_unknown_and_pictures_too_small_stay_as_they_are() -> None:
    known = np.eye(5, dtype=np.float32)
    picture = np.random.default_rng(2).random((5, 5, 3)).astype(np.float32)
    assert (closed_form.solved(picture, known, np.zeros((5, 5), bool), 1e-7, known, known) == known).all()
    line = np.zeros((1, 9), np.float32)
    assert (closed_form.solved(np.zeros((1, 9, 3), np.float32), line, line == 0, 1e-7, line, line) == line).all()


def test_a_linear_function_of_colour_is_found_by_the_guided_filter() -> None:
    picture = np.random.default_rng(4).random((130, 110, 3)).astype(np.float32)
    truth = picture @ np.array([0.3, -0.2, 0.5], np.float32) + 0.1
    found = guided.coefficients(picture, truth, np.ones((130, 110), bool), 3, 1e-9)
    assert np.allclose((found[..., :3] * picture).sum(axis=-1) + found[..., 3], truth, atol=2e-3)


def test_the_guided_filter_is_that_of_the_paper() -> None:
    """Against its formulas written out, square by square."""
    random = np.random.default_rng(5)
    picture, mask = random.random((14, 13, 3)).astype(np.float32), random.random((14, 13)).astype(np.float32)
    radius, smooth = 2, 1e-3
    slopes, rests = np.zeros((14, 13, 3)), np.zeros((14, 13))
    pad = 2 * radius
    wide = np.pad(picture.astype(float), ((pad, pad), (pad, pad), (0, 0)), mode="symmetric")
    wide_mask = np.pad(mask.astype(float), pad, mode="symmetric")
    all_slopes, all_rests = {}, {}
    for y in range(-radius, 14 + radius):
        for x in range(-radius, 13 + radius):
            at = (slice(y + pad - radius, y + pad + radius + 1), slice(x + pad - radius, x + pad + radius + 1))
            colours, wanted = wide[at].reshape(-1, 3), wide_mask[at].reshape(-1)
            covariance = np.cov(colours.T, bias=True) + smooth * np.eye(3)
            both = (colours * wanted[:, None]).mean(axis=0) - colours.mean(axis=0) * wanted.mean()
            slope = np.linalg.solve(covariance, both)
            all_slopes[y, x], all_rests[y, x] = slope, wanted.mean() - slope @ colours.mean(axis=0)
    for y in range(14):
        for x in range(13):
            near = [(y + v, x + h) for v in range(-radius, radius + 1) for h in range(-radius, radius + 1)]
            slopes[y, x] = np.mean([all_slopes[one] for one in near], axis=0)
            rests[y, x] = np.mean([all_rests[one] for one in near])
    found = guided.coefficients(picture, mask, np.ones((14, 13), bool), radius, smooth)
    assert np.allclose(found[..., :3], slopes, atol=2e-3)
    assert np.allclose(found[..., 3], rests, atol=2e-3)
