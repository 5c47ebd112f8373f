"""Colours and pictures come to lie behind the subject."""

import numpy as np
import pytest

import makeready
from makeready.edit import colours
from makeready.errors import UsageError


@pytest.mark.parametrize(
    ("text", "rgba"),
    [
        ("FF0000", (255, 0, 0, 255)),
        ("#ff0000", (255, 0, 0, 255)),
        ("FF0000EE", (255, 0, 0, 238)),
        ("#F00", (255, 0, 0, 255)),
        ("f008", (255, 0, 0, 136)),
        (" Red ", (255, 0, 0, 255)),
        ("LightBlue", (173, 216, 230, 255)),
        ("light blue", (173, 216, 230, 255)),
        ("grey", (128, 128, 128, 255)),
        ("gray", (128, 128, 128, 255)),
        ("rebeccapurple", (102, 51, 153, 255)),
        ("transparent", (0, 0, 0, 0)),
    ],
)
def test_colours_are_read_as_people_write_them(text: str, rgba: colours.Rgba) -> None:
    assert colours.parse(text) == rgba


@pytest.mark.parametrize("text", ["", "#", "FF00", "12345", "FF00GG", "rgb(1,2,3)", "reddish"])
def test_what_is_no_colour_is_an_error_unless_it_has_four_digits(text: str) -> None:
    if text == "FF00":
        assert colours.parse(text) == (255, 255, 0, 0)
        return
    with pytest.raises(UsageError, match="is no colour"):
        colours.parse(text)


def test_a_slip_of_the_pen_is_answered_with_the_name_that_was_meant() -> None:
    with pytest.raises(UsageError) as raised:
        colours.parse("ligthblue")
    assert "lightblue" in raised.value.hint
    with pytest.raises(UsageError, match="lightblue"):
        makeready.edit(subject(), [{"edit": "background", "color": "ligthblue"}])


def subject() -> np.ndarray:
    """A green square, opaque, with a half clear rim of one pixel, and clear all round."""
    picture = np.zeros((40, 60, 4), np.uint8)
    picture[9:31, 19:41] = (0, 200, 0, 128)
    picture[10:30, 20:40] = (0, 200, 0, 255)
    return picture


CUT = {"edit": "cut_out", "keep_existing_alpha": True}


def test_a_colour_lies_under_everything_and_shows_through_what_is_half_clear() -> None:
    made = makeready.edit(subject(), [CUT, {"edit": "background", "color": "#FF0000"}]).pixels
    assert (made[..., 3] == 255).all()
    assert made[0, 0].tolist() == [255, 0, 0, 255]
    assert made[20, 30].tolist() == [0, 200, 0, 255]
    assert np.abs(made[9, 30].astype(int) - (127, 100, 0, 255)).max() <= 1


def test_a_colour_with_opacity_leaves_the_result_as_clear_as_it_says() -> None:
    made = makeready.edit(subject(), [CUT, {"edit": "background", "color": "FF000080"}]).pixels
    assert made[0, 0].tolist() == [255, 0, 0, 128]


def test_transparent_lays_nothing() -> None:
    made = makeready.edit(subject(), [CUT, {"edit": "background", "color": "transparent"}])
    assert np.array_equal(made.pixels[..., 3], subject()[..., 3])
    assert len(made.changes) == 1


def test_a_colour_alone_fills_clear_parts_of_a_picture_that_was_not_cut() -> None:
    picture = subject()
    picture[:5] = (9, 8, 7, 255)
    made = makeready.edit(picture, [{"edit": "background", "color": "blue"}]).pixels
    assert made[2, 2].tolist() == [9, 8, 7, 255]
    assert made[35, 5].tolist() == [0, 0, 255, 255]


def halves() -> np.ndarray:
    """Twice as wide as high: black left, white right."""
    picture = np.zeros((20, 40, 3), np.uint8)
    picture[:, 20:] = 255
    return picture


def test_a_picture_that_fills_covers_everything_about_its_middle() -> None:
    made = makeready.edit(subject(), [CUT, "background"], inputs={"background": halves()}).pixels
    assert (made[..., 3] == 255).all()
    assert made[2, 12].tolist() == [0, 0, 0, 255]
    assert made[2, 47].tolist() == [255, 255, 255, 255]
    assert made[20, 30].tolist() == [0, 200, 0, 255]


def test_a_picture_that_fits_leaves_the_rest_clear_or_to_the_colour() -> None:
    fit = {"edit": "background", "scaling": "fit"}
    made = makeready.edit(subject(), [CUT, fit], inputs={"background": halves()}).pixels
    assert (made[:5, :, 3] == 0).all()
    assert (made[35:, :, 3] == 0).all()
    assert made[6, 2].tolist() == [0, 0, 0, 255]
    made = makeready.edit(subject(), [CUT, fit | {"color": "red"}], inputs={"background": halves()}).pixels
    assert made[2, 2].tolist() == [255, 0, 0, 255]
    assert made[6, 2].tolist() == [0, 0, 0, 255]


def test_further_pictures_are_laid_by_their_names() -> None:
    laid = {"edit": "background", "image": "studio"}
    made = makeready.edit(subject(), [CUT, laid], inputs={"studio": halves()}).pixels
    assert made[2, 2].tolist() == [0, 0, 0, 255]
    with pytest.raises(UsageError, match="studio"):
        makeready.edit(subject(), [CUT, laid])


def test_a_background_of_nothing_is_an_error() -> None:
    with pytest.raises(UsageError, match="nothing to lay"):
        makeready.edit(subject(), [CUT, "background"])
