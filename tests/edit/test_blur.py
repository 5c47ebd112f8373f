"""A background out of focus has no trace of the subject in it."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d

import makeready
from makeready.changes import Refusal
from makeready.edit import blur

DOWN, ACROSS = np.mgrid[:120, :160]


def opaque(colours: np.ndarray) -> np.ndarray:
    return np.dstack([colours, np.full(colours.shape[:2], 255)]).astype(np.uint8)


def red_disc_on_gradient() -> tuple[np.ndarray, np.ndarray]:
    """The picture and how much of each pixel is the disc."""
    alpha = np.clip(30.5 - np.hypot(DOWN - 60, ACROSS - 80), 0, 1).astype(np.float32)
    ground = np.dstack([ACROSS * 0, 60 + ACROSS, 60 + DOWN])
    picture = ground * (1 - alpha[..., None]) + np.array([255, 0, 0]) * alpha[..., None]
    return opaque(np.rint(picture)), alpha


@pytest.mark.parametrize("mode", ["gaussian", "bokeh"])
@pytest.mark.parametrize("radius", [1.6, 8])
def test_no_red_of_a_disc_bleeds_into_the_background(mode: blur.Mode, radius: float) -> None:
    picture, alpha = red_disc_on_gradient()
    made = blur.background(picture, alpha, radius, mode)
    assert made[..., 0].max() <= 2
    straight = blur.background(picture, None, radius, mode)
    assert straight[..., 0][alpha == 0].max() > 60  # it would without


@pytest.mark.parametrize("mode", ["gaussian", "bokeh"])
def test_behind_the_disc_the_gradient_goes_on(mode: blur.Mode) -> None:
    picture, alpha = red_disc_on_gradient()
    made = blur.background(picture, alpha, 2, mode).astype(int)
    inner = np.hypot(DOWN - 60, ACROSS - 80) < 34
    assert np.abs(made[..., 1] - (60 + ACROSS))[inner].max() <= 4
    assert np.abs(made[..., 2] - (60 + DOWN))[inner].max() <= 4


def to_light(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def to_values(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def test_bokeh_is_a_disc_laid_over_every_point_in_linear_light() -> None:
    picture = opaque(np.random.default_rng(0).integers(0, 256, (60, 70, 3)))
    radius = 4.3
    fine = np.mgrid[-5.5:5.5:221j, -5.5:5.5:221j][:, :-1, :-1] + 11 / 440  # twenty by twenty points a pixel
    disc = (np.hypot(*fine) <= radius).reshape(11, 20, 11, 20).mean(axis=(1, 3))
    disc /= disc.sum()
    made = blur.background(picture, None, radius, "bokeh").astype(float)
    inside = np.s_[6:-6, 6:-6]
    for at in range(3):
        truth = to_values(convolve2d(to_light(picture[..., at] / 255), disc, mode="same")) * 255
        assert np.abs(made[..., at] - truth)[inside].max() < 1.2


def test_a_point_of_light_becomes_a_disc_of_the_radius() -> None:
    picture = opaque(np.zeros((101, 101, 3)))
    picture[49:52, 49:52, :3] = 255
    made = blur.background(picture, None, 12, "bokeh")[..., 0]
    away = np.hypot(*(np.mgrid[:101, :101] - 50))
    assert made[away < 10].min() > 20
    assert made[away > 15].max() <= 1


@pytest.mark.parametrize("sigma", [3, 11])
def test_gaussian_is_a_gaussian_at_any_size(sigma: float) -> None:
    picture = opaque(np.kron(np.random.default_rng(0).integers(0, 256, (12, 16, 3)), np.ones((10, 10, 1))))
    made = blur.background(picture, None, sigma, "gaussian").astype(float)
    inside = np.s_[35:-35, 35:-35]
    truth = gaussian_filter(picture[..., :3].astype(float), (sigma, sigma, 0), mode="nearest")
    assert np.abs(made[..., :3] - truth)[inside].max() < 2.5


@pytest.mark.parametrize("mode", ["gaussian", "bokeh"])
def test_clear_pixels_lend_no_colour_and_stay_as_clear_as_they_were(mode: blur.Mode) -> None:
    picture = opaque(np.full((80, 80, 3), (0, 120, 0)))
    picture[:, 40:] = (255, 0, 255, 0)
    made = blur.background(picture, None, 6, mode)
    assert np.array_equal(made[..., 3], picture[..., 3])
    assert np.abs(made[:, :40].astype(int) - (0, 120, 0, 255)).max() <= 1


def test_a_subject_that_hides_everything_is_refused() -> None:
    with pytest.raises(Refusal, match="no background"):
        blur.background(opaque(np.zeros((20, 20, 3))), np.ones((20, 20), np.float32), 2, "gaussian")


def logo() -> np.ndarray:
    """A red square on a ground that is striped at its rim, so that blur shows."""
    picture = np.full((120, 160, 3), 235, np.uint8)
    picture[::2, :40], picture[::2, 120:] = 215, 215
    picture[40:80, 60:100] = (200, 0, 0)
    return picture


@pytest.mark.parametrize("kept", [True, False])
def test_the_subject_stays_sharp_before_its_own_background(kept: bool) -> None:
    """Whether the background was kept or taken away: it comes back blurred."""
    cut = {"edit": "cut_out", "model": "flat", "subject_type": "logo", "keep_background": kept}
    blurred = {"edit": "blur_background", "radius": 0.03, "mode": "gaussian"}
    made = makeready.edit(logo(), [cut, blurred]).pixels.astype(int)
    assert np.abs(made[44:76, 64:96, :3] - (200, 0, 0)).max() <= 2
    assert (made[..., 3] == 255).all()
    assert made[10:110, 5:30, 0].std() < 2
    assert np.abs(made[30:36, 60:100, :3] - 235).max() <= 2  # no red above the square


def test_a_picture_that_was_laid_is_blurred_itself() -> None:
    stripes = np.zeros((120, 160, 3), np.uint8)
    stripes[:, ::2] = 255
    edits = [
        {"edit": "cut_out", "model": "flat", "subject_type": "logo"},
        "background",
        {"edit": "blur_background", "radius": 0.05},
    ]
    made = makeready.edit(logo(), edits, inputs={"background": stripes}).pixels.astype(int)
    assert np.abs(made[:30, 25:135, :3] - 127.5).max() < 4


def test_without_a_radius_nothing_happens() -> None:
    cut = {"edit": "cut_out", "model": "flat", "subject_type": "logo", "keep_background": True}
    made = makeready.edit(logo(), [cut, {"edit": "blur_background", "radius": 0}])
    assert np.array_equal(made.pixels[..., :3], logo())
    assert len(made.changes) == 1
