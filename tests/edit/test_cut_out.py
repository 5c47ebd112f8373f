"""cut_out: a subject that is known exactly, found by a small network, on a flat ground, or by its transparency."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import makeready
from fixes import subjects
from makeready import edit
from makeready.changes import Refusal

COVER = subjects.coverage(240, 180)
PHOTO = np.rint(subjects.on_plaster(COVER) * 255).astype(np.uint8)


@pytest.mark.usefixtures("finds_red")
def test_the_subject_is_what_was_drawn_and_the_wall_is_gone() -> None:
    done = makeready.edit(PHOTO, ["cut_out"])
    apart = np.abs(done.pixels[..., 3] / 255 - COVER)
    assert apart.mean() < 0.004
    solid = COVER == 1
    np.testing.assert_array_equal(done.pixels[solid & (done.pixels[..., 3] == 255)][:, :3],
                                  PHOTO[solid & (done.pixels[..., 3] == 255)])  # fmt: skip
    half = (done.pixels[..., 3] > 60) & (done.pixels[..., 3] < 200)
    red = np.array(subjects.RED) * 255
    assert np.abs(done.pixels[half][:, :3] - red).mean() < np.abs(PHOTO[half] - red).mean() / 2
    assert f"{COVER.mean():.0%}"[:2] in done.changes[0].message


@pytest.mark.usefixtures("finds_red")
def test_the_background_can_stay() -> None:
    done = makeready.edit(PHOTO, [{"edit": "cut_out", "keep_background": True}])
    np.testing.assert_array_equal(done.pixels[..., :3], PHOTO)
    assert "stays" in done.changes[0].message


@pytest.mark.usefixtures("finds_red")
def test_a_file_is_cut_as_its_pixels_are() -> None:
    out = io.BytesIO()
    Image.fromarray(PHOTO).save(out, "PNG")
    result = makeready.fix(out.getvalue(), [{"edit": "cut_out"}], name="photo.png")
    with Image.open(result.path) as image:
        np.testing.assert_array_equal(np.asarray(image), makeready.edit(PHOTO, ["cut_out"]).pixels)


@pytest.mark.usefixtures("finds_red")
def test_a_picture_without_a_subject_is_refused() -> None:
    wall = np.rint(subjects.on_plaster(np.zeros_like(COVER)) * 255).astype(np.uint8)
    with pytest.raises(Refusal, match="no subject was found"):
        makeready.edit(wall, ["cut_out"])


def test_transparency_says_what_the_subject_is() -> None:
    picture = np.dstack([PHOTO, np.rint(COVER * 255).astype(np.uint8)])
    done = makeready.edit(picture, [{"edit": "cut_out", "keep_existing_alpha": True}])
    np.testing.assert_array_equal(done.pixels, np.where(picture[..., 3:] > 0, picture, 0))


@pytest.mark.usefixtures("finds_red")
def test_an_opaque_picture_has_no_transparency_to_keep() -> None:
    done = makeready.edit(PHOTO, [{"edit": "cut_out", "keep_existing_alpha": True}])
    np.testing.assert_array_equal(done.pixels, makeready.edit(PHOTO, ["cut_out"]).pixels)


def test_a_logo_on_a_flat_ground_needs_no_model() -> None:
    logo = np.rint((COVER[..., None] * np.array(subjects.RED) + (1 - COVER[..., None])) * 255).astype(np.uint8)
    done = makeready.edit(logo, [{"edit": "cut_out", "model": "flat", "subject_type": "logo"}])
    assert np.abs(done.pixels[..., 3] / 255 - COVER).mean() < 0.01


@pytest.mark.parametrize(
    ("settings", "needed"),
    [
        ({}, ("segment:isnet",)),
        ({"quality": "plus"}, ("segment:isnet", "refine")),
        ({"model": "u2netp", "high_detail": True}, ("segment:u2netp", "refine")),
        ({"model": "flat"}, ()),
        ({"subject_type": "logo"}, ()),
    ],
)
def test_it_says_what_it_needs(settings: dict[str, object], needed: tuple[str, ...]) -> None:
    assert edit.needs([{"edit": "cut_out", **settings}]) == needed
