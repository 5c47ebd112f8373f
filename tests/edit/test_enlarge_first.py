"""Pictures get more pixels before anything else is done, opacity included, and too large ones are refused."""

from __future__ import annotations

import numpy as np
import pytest

import makeready
from makeready.changes import Refusal
from makeready.errors import UsageError

LANCZOS = {"edit": "enlarge_first", "model": "lanczos"}


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_picture_gets_so_many_times_the_pixels(scale: int) -> None:
    picture = np.full((20, 30, 3), 90, np.uint8)
    edited = makeready.edit(picture, [{**LANCZOS, "scale": scale}])
    assert edited.pixels.shape == (20 * scale, 30 * scale, 4)
    assert (edited.pixels == (90, 90, 90, 255)).all()
    assert edited.changes[0].details["after"] == {"px": [30 * scale, 20 * scale]}


def test_opacity_is_enlarged_along_and_leaves_no_fringe() -> None:
    picture = np.zeros((20, 20, 4), np.uint8)
    picture[..., 1] = 255  # hidden under clear pixels
    picture[5:15, 5:15] = (200, 0, 0, 255)
    drawn = makeready.edit(picture, [LANCZOS]).pixels
    assert (drawn[..., 3] > 127).sum() == pytest.approx(1600, rel=0.03)
    assert drawn[drawn[..., 3] > 12][:, 1].max() <= 3


def test_a_subject_is_looked_for_in_the_new_pixels() -> None:
    picture = np.zeros((20, 20, 4), np.uint8)
    picture[5:15, 5:15] = (200, 0, 0, 255)
    kept = {"edit": "cut_out", "keep_existing_alpha": True}
    box = {"edit": "layout", "output_size": "croppedSubject"}
    drawn = makeready.edit(picture, [kept, box, LANCZOS]).pixels
    # Lanczos rings: a little of the subject is seen some pixels further out.
    assert 40 <= drawn.shape[0] <= 60


@pytest.mark.parametrize(
    ("mode", "size", "most"), [("fast", (10, 1001), "1000 × 1000"), ("slow", (513, 10), "512 × 512")]
)
def test_what_is_too_large_is_refused(mode: str, size: tuple[int, int], most: str) -> None:
    picture = np.zeros((*size, 3), np.uint8)
    with pytest.raises(Refusal, match=most):
        makeready.edit(picture, [{**LANCZOS, "mode": mode}])


def test_slow_names_fast_where_that_would_help() -> None:
    picture = np.zeros((513, 10, 3), np.uint8)
    with pytest.raises(Refusal, match="ask for fast"):
        makeready.edit(picture, [{**LANCZOS, "mode": "slow"}])


def test_other_scales_are_none() -> None:
    with pytest.raises(UsageError, match="scale"):
        makeready.edit(np.zeros((5, 5, 3), np.uint8), [{**LANCZOS, "scale": 5}])


def test_it_says_what_it_needs() -> None:
    needs = makeready.edit.needs
    assert needs([LANCZOS]) == ()
    assert needs(["enlarge_first"]) == ("upscale:ai:truthful",)
    assert needs([{"edit": "enlarge_first", "mode": "slow"}]) == ("upscale:ai:creative",)
    assert needs([{"edit": "enlarge_first", "model": "srmd"}]) == ("upscale:srmd:truthful",)
