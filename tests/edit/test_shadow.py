"""Shadows lie on the ground below a subject, where light would throw them, and never on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import makeready
from makeready.edit.footing import things

#: The parts of a picture that a subject fills, as top, bottom, left, right.
Rectangle = tuple[int, int, int, int]


def subject(*rectangles: Rectangle, size: tuple[int, int] = (200, 300), colour: Sequence[int] = (200, 40, 40, 255)):
    """Rectangles on a clear ground; the size is height and width."""
    pixels = np.zeros((*size, 4), np.uint8)
    for top, bottom, left, right in rectangles:
        pixels[top:bottom, left:right] = colour
    return pixels


def with_shadow(picture: np.ndarray, **settings: object) -> makeready.edit.Edited:
    kept = {"edit": "cut_out", "keep_existing_alpha": True}
    return makeready.edit(picture, [kept, {"edit": "shadow", **settings}])


STANDING = subject((60, 150, 110, 170))


@pytest.mark.parametrize("mode", ["soft", "hard", "floating"])
def test_the_subject_stays_byte_for_byte(mode: str) -> None:
    drawn = with_shadow(STANDING, mode=mode, opacity=1).pixels
    solid = STANDING[..., 3] == 255
    assert (drawn[solid] == STANDING[solid]).all()
    assert (drawn[~solid][:, 3] > 20).sum() > 50
    assert (drawn[~solid][:, :3] == 0).all()


def test_where_the_subject_touches_the_ground_it_is_darkest() -> None:
    opacity = with_shadow(STANDING).pixels[..., 3].astype(int)
    below = opacity[150:, 140]
    assert below[0] > 100
    assert (np.diff(below) <= 0).all()
    assert opacity[175, 140] < 10
    assert opacity[:100, :100].max() == 0


def test_a_hard_shadow_is_the_sheared_outline_of_the_subject() -> None:
    # Light that comes from the left at 45°: a point 80 above the foot throws its shadow by 80 cos 45° to the right, and
    # by half of 80 sin 45° up.
    opacity = with_shadow(STANDING, mode="hard", angle=45, length=1).pixels[..., 3]
    across, up = 80 * np.cos(np.pi / 4), 40 * np.sin(np.pi / 4)
    inside = opacity[round(150 - up), round(170 + across) - 6]
    outside = opacity[round(150 - up), round(170 + across) + 8]
    assert inside > 60
    assert outside < 10
    beyond = 150 - 45 * np.sin(np.pi / 4)  # of the highest point, 90 above the foot
    assert opacity[: int(beyond) - 6, 175:].max() < 5


@pytest.mark.parametrize(("angle", "side"), [(20, "right"), (160, "left")])
def test_it_falls_to_the_side_that_is_asked_for(angle: int, side: str) -> None:
    opacity = with_shadow(STANDING, mode="hard", angle=angle).pixels[..., 3].astype(int)
    left, right = opacity[:, :105].sum(), opacity[:, 175:].sum()
    assert (right > 10 * left) if side == "right" else (left > 10 * right)


def test_towards_the_front_it_lies_below_the_foot() -> None:
    front = with_shadow(STANDING, mode="hard", angle=300).pixels[..., 3]
    assert front[165, 150] > 60
    assert front[:140, 175:].max() < 5


def test_a_soft_shadow_fades_and_blurs_with_the_distance_from_the_foot() -> None:
    soft, hard = (
        with_shadow(STANDING, mode=mode, angle=40, length=1.2).pixels[..., 3].astype(float) for mode in ("soft", "hard")
    )

    def row(opacity: np.ndarray, height: int) -> np.ndarray:
        return opacity[round(150 - 0.6 * height * np.sin(np.radians(40))), 172:]

    assert row(soft, 15).max() > 1.5 * row(soft, 75).max()
    steepest = [np.abs(np.diff(row(opacity, 75))).max() / row(opacity, 75).max() for opacity in (soft, hard)]
    assert steepest[1] > 3 * steepest[0]


def test_every_leg_stands_where_it_ends() -> None:
    chair = subject(
        (40, 60, 90, 210), (60, 150, 90, 100), (60, 130, 130, 138), (60, 150, 165, 175), (60, 130, 202, 210)
    )
    opacity = with_shadow(chair, length=0).pixels[..., 3]
    for foot, middle in ((150, 95), (130, 134), (150, 170), (130, 206)):
        assert opacity[foot, middle] > 60, (foot, middle)
    assert opacity[151, 115] < opacity[150, 95] / 2


def test_what_hangs_does_not_stand() -> None:
    lamp = subject((20, 150, 100, 120), (20, 60, 120, 200), (60, 90, 190, 200))
    (found,) = things(lamp[..., 3] / np.float32(255))
    assert found.gap[10] == 0
    assert found.gap[95] == pytest.approx(60)


def test_things_side_by_side_have_grounds_of_their_own() -> None:
    near, far = things(subject((60, 160, 40, 80), (60, 120, 150, 190))[..., 3] / np.float32(255))
    assert (near.bottom, far.bottom) == (160, 120)
    assert max(near.gap.max(), far.gap.max()) < 0.01


def test_a_box_stands_on_all_of_its_lower_edges_and_a_ball_on_one_point() -> None:
    down, across = np.mgrid[:200, :300].astype(np.float32)
    box = (down > 60) & (down < 150 - 0.2 * abs(across - 150)) & (abs(across - 150) < 60)
    ball = np.hypot(down - 100, across - 150) < 50
    (found,) = things(box.astype(np.float32))
    assert found.gap.max() < 3
    (found,) = things(ball.astype(np.float32))
    assert found.gap[50] == 0
    assert found.gap[5] > 20


def test_a_floating_shadow_is_an_ellipse_below() -> None:
    opacity = with_shadow(STANDING, mode="floating", length=0.2).pixels[..., 3].astype(float)
    opacity[STANDING[..., 3] > 0] = 0
    rows, columns = np.indices(opacity.shape)
    middle = np.average(columns, weights=opacity)
    height = np.average(rows, weights=opacity)
    assert middle == pytest.approx(139.5, abs=0.5)
    assert 165 < height < 175
    spread = [
        np.sqrt(np.average((at - mean) ** 2, weights=opacity)) for at, mean in ((columns, middle), (rows, height))
    ]
    assert spread[0] > 3 * spread[1]


def test_a_subject_that_the_picture_cuts_off_gets_none_and_the_notes_say_so() -> None:
    bust = subject((60, 200, 110, 170))
    edited = with_shadow(bust)
    assert (edited.pixels == bust).all()
    assert "cut off at the bottom" in edited.notes[0]
    assert [change.message for change in edited.changes if "shadow" in change.message] == []


def test_a_subject_that_was_trimmed_to_its_box_is_whole() -> None:
    trimmed = subject((0, 90, 0, 60), size=(90, 60))
    trimmed[:10, :20, 3] = 0
    kept = {"edit": "cut_out", "keep_existing_alpha": True}
    room = {"edit": "layout", "output_size": "200x200", "padding": 0.2, "vertical_alignment": "center"}
    edited = makeready.edit(trimmed, [kept, room, "shadow"])
    solid = edited.pixels[..., :3].any(axis=2)
    assert (edited.pixels[~solid][:, 3] > 60).any()
    assert edited.notes == ()


def test_of_several_things_only_the_cut_off_one_goes_without() -> None:
    edited = with_shadow(subject((60, 200, 40, 90), (60, 150, 180, 240)), length=0)
    opacity = edited.pixels[..., 3]
    assert opacity[151, 210] > 60
    assert opacity[:, :39].max() == 0
    assert any("Parts of the subject" in note for note in edited.notes)


def test_without_room_below_the_notes_say_that_it_is_cut_off() -> None:
    kept = {"edit": "cut_out", "keep_existing_alpha": True}
    tight = {"edit": "layout", "output_size": "100x150"}
    edited = makeready.edit(STANDING, [kept, tight, {"edit": "shadow", "mode": "floating"}])
    assert any("beyond the edge" in note for note in edited.notes)
    assert with_shadow(STANDING, mode="floating").notes == ()


def test_soft_edges_get_no_dark_fringe() -> None:
    soft = STANDING.copy()
    soft[60:150, 105:110] = (200, 40, 40, 100)
    drawn = with_shadow(soft).pixels
    # On the lit side, far above the ground, half clear pixels stay what they are.
    assert (drawn[60:120, 105:110] == soft[60:120, 105:110]).all()


def test_colour_and_opacity_are_those_that_are_asked_for() -> None:
    drawn = with_shadow(STANDING, color="0000FF", opacity=0.3).pixels
    shade = drawn[(STANDING[..., 3] == 0) & (drawn[..., 3] > 0)]
    assert (shade[:, :3] == (0, 0, 255)).all()
    assert 60 < shade[:, 3].max() <= 77


def test_twice_gives_the_same_bytes() -> None:
    assert (with_shadow(STANDING).pixels == with_shadow(STANDING).pixels).all()
