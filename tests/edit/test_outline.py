"""An outline goes around the subject with even width and a smooth edge, and leaves the subject alone."""

from __future__ import annotations

import numpy as np
import pytest

import makeready
from makeready.edit import outlines
from makeready.errors import UsageError

RED = (255, 0, 0, 255)
KEPT = {"edit": "cut_out", "keep_existing_alpha": True}


def covered(shape: tuple[int, int], at: tuple[float, float], radius: float, times: int = 8) -> np.ndarray:
    """How much of each pixel a disc covers, 0 to 1: the mean of ``times`` × ``times`` points in it."""
    down, across = ((np.arange(count * times) + 0.5) / times for count in shape)
    inside = np.hypot(down[:, None] - at[0], across[None, :] - at[1]) <= radius
    return inside.reshape(shape[0], times, shape[1], times).mean(axis=(1, 3))


def disc(radius: float, size: int = 220) -> np.ndarray:
    pixels = np.zeros((size, size, 4), np.uint8)
    pixels[..., 1] = 200
    pixels[..., 3] = np.rint(covered((size, size), (size / 2 - 0.4, size / 2 + 0.3), radius) * 255)
    return pixels


@pytest.mark.parametrize(("radius", "width"), [(40.3, 6), (60, 3), (25.7, 12.2), (55.5, 7.5)])
def test_around_a_disc_its_area_is_that_of_a_ring(radius: float, width: float) -> None:
    picture = disc(radius)
    layer = outlines.outline(picture, width, 0, RED)[..., 3] / 255
    area = (layer * (1 - picture[..., 3] / 255)).sum()
    assert area == pytest.approx(np.pi * ((radius + width) ** 2 - radius**2), rel=0.01)


def test_its_outer_edge_is_that_of_a_larger_disc_drawn_smoothly() -> None:
    picture = disc(40.3)
    layer = outlines.outline(picture, 6.5, 0, RED)[..., 3] / 255
    larger = covered(picture.shape[:2], (109.6, 110.3), 46.8)
    both = np.maximum(layer, picture[..., 3] / 255)
    assert np.abs(both - larger).max() < 0.15
    assert np.abs(both - larger).mean() < 0.002


def test_there_is_neither_gap_nor_overlap() -> None:
    picture = disc(40.3)
    drawn = makeready.edit(picture, [KEPT, {"edit": "outline", "color": "red", "width": 0.04}]).pixels
    solid = picture[..., 3] == 255
    assert (drawn[solid] == picture[solid]).all()
    edge = (picture[..., 3] > 0) & ~solid
    assert (drawn[edge][:, 3] >= 254).all()


def test_what_is_half_clear_all_through_shows_no_outline_through_it() -> None:
    glass = disc(60)
    glass[..., 3] = glass[..., 3] // 2
    drawn = makeready.edit(glass, [KEPT, {"edit": "outline", "color": "red"}]).pixels
    assert (drawn[80:140, 80:140] == glass[80:140, 80:140]).all()


def test_holes_get_one_too() -> None:
    ring = disc(60)
    ring[..., 3] -= np.minimum(ring[..., 3], disc(30)[..., 3])
    layer = outlines.outline(ring, 5, 0, RED)
    assert layer[109, 110 - 27, 3] == 255
    assert layer[109, 110, 3] == 0


def test_width_is_a_share_of_the_longer_side() -> None:
    drawn = makeready.edit(disc(40), [KEPT, {"edit": "outline", "color": "red", "width": 0.05}]).pixels
    across = drawn[109, :, 0] > 127
    assert across.sum() == pytest.approx(2 * 0.05 * 220, abs=2)


def test_a_glow_fades_to_half_at_its_width() -> None:
    layer = outlines.outline(disc(40), 12, 10, RED)[109, :, 3].astype(int)
    profile = layer[110 + 41 :]
    assert (np.diff(profile) <= 0).all()
    assert profile[11] == pytest.approx(127, abs=12)
    assert profile[0] > 240
    assert profile[30] < 5


def test_strips_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = disc(60)
    whole = outlines.outline(picture, 8, 4, RED)
    monkeypatch.setattr(outlines, "_STRIP", 4000)
    assert (outlines.outline(picture, 8, 4, RED) == whole).all()


def test_shadows_lie_below_it() -> None:
    drawn = makeready.edit(disc(50), [KEPT, "shadow", {"edit": "outline", "color": "yellow"}]).pixels
    assert (drawn[109 + 52, 110] == (255, 255, 0, 255)).all()


def test_without_room_the_notes_say_that_it_is_cut_off() -> None:
    said = makeready.edit(disc(108), [KEPT, {"edit": "outline", "color": "red"}]).notes
    assert any("outline is cut off" in note for note in said)
    assert makeready.edit(disc(50), [KEPT, {"edit": "outline", "color": "red"}]).notes == ()


def test_its_colour_may_be_see_through_and_must_be_one() -> None:
    drawn = makeready.edit(disc(50), [KEPT, {"edit": "outline", "color": "FF000080"}]).pixels
    assert (drawn[109, 110 + 53] == (255, 0, 0, 128)).all()
    with pytest.raises(UsageError, match="no colour"):
        makeready.edit(disc(50), [KEPT, {"edit": "outline", "color": "reddish"}])


def test_no_width_and_no_glow_change_nothing() -> None:
    edited = makeready.edit(disc(50), [KEPT, {"edit": "outline", "width": 0}])
    assert not any("outline" in change.message for change in edited.changes)
