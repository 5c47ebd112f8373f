"""Matting against what is known: mixtures of two colours, and what the picture cannot tell."""

from __future__ import annotations

import numpy as np
import pytest

from makeready.segment import closed_form, guided

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
