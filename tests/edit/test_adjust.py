"""Tones and colours: curves that rise, colours held against formulas written apart, parts with soft edges."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

import makeready
from makeready.edit import masks, oklab
from makeready.edit.adjusting import Adjustment, adjusted, curve
from makeready.errors import UsageError

TONES = np.arange(256, dtype=np.uint8)


def ramp() -> np.ndarray:
    """Every gray once, opaque."""
    return np.dstack([TONES[None, :]] * 3 + [np.full((1, 256), 255, np.uint8)])


def patches(seed: int = 1, size: int = 24) -> np.ndarray:
    """Colours of all kinds, with opacities of all kinds."""
    return np.random.default_rng(seed).integers(0, 256, (size, size, 4), np.uint8)


def photo() -> np.ndarray:
    """A blue sky above a brown field, with a dark tower in between."""
    pixels = np.zeros((120, 160, 4), np.uint8)
    down = np.linspace(0, 1, 120)[:, None]
    random = np.random.default_rng(2)
    pixels[..., 0] = np.clip(90 + 80 * down, 0, 255)
    pixels[..., 1] = np.clip(140 + 60 * down, 0, 255)
    pixels[..., 2] = np.clip(220 + 10 * down, 0, 255)
    pixels[70:, :, :3] = np.clip(np.array((110, 85, 50)) + random.normal(0, 18, (50, 160, 1)), 0, 255)
    pixels[30:75, 70:90, :3] = np.clip(np.array((60, 40, 40)) + random.normal(0, 12, (45, 20, 1)), 0, 255)
    pixels[..., 3] = 255
    return pixels


def lch(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lightness, chroma and hue by the formulas of the paper, in float64, apart from the code under test."""
    srgb = pixels[..., :3] / 255
    light = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    cones = light @ np.array(
        [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
         [0.0883024619, 0.2817188376, 0.6299787005]]
    ).T  # fmt: skip
    lab = np.cbrt(cones) @ np.array(
        [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
         [0.0259040371, 0.7827717662, -0.8086757660]]
    ).T  # fmt: skip
    return lab[..., 0], np.hypot(lab[..., 1], lab[..., 2]), np.arctan2(lab[..., 2], lab[..., 1])


def test_oklab_is_that_of_the_paper_and_comes_back() -> None:
    reference = {
        (1.0, 1.0, 1.0): (1, 0, 0),
        (1.0, 0.0, 0.0): (0.628, 0.225, 0.126),
        (0.0, 0.0, 1.0): (0.452, -0.032, -0.312),
    }
    for colour, known in reference.items():
        assert oklab.lab(np.array([colour], np.float32))[0] == pytest.approx(known, abs=1e-3)
    colours = patches()[..., :3].astype(np.float32) / 255
    assert np.abs(oklab.srgb(oklab.lab(colours)) - colours).max() < 0.5 / 255


def test_colours_that_srgb_has_not_keep_their_hue_and_lightness() -> None:
    far = np.array([[0.6, 0.4, 0.1], [0.5, -0.1, -0.4], [0.9, -0.3, 0.3]], np.float32)
    light, chroma, hue = lch(oklab.srgb(far) * 255)
    assert light == pytest.approx(far[:, 0], abs=0.01)
    assert hue == pytest.approx(np.arctan2(far[:, 2], far[:, 1]), abs=0.02)
    assert (chroma < np.hypot(far[:, 1], far[:, 2])).all()


@pytest.mark.parametrize("name", ["brightness", "contrast", "highlights", "shadows"])
@pytest.mark.parametrize("amount", [-1.0, -0.6, -0.2, 0.2, 0.6, 1.0])
def test_curves_rise_everywhere_and_stay_in_range(name: str, amount: float) -> None:
    tones = np.linspace(0, 1, 2001, dtype=np.float32)
    result = curve(tones, Adjustment(**{name: amount}))
    assert (np.diff(result) > -1e-6).all()
    assert result.min() >= 0
    assert result.max() <= 1
    middle = result[1500] if name == "highlights" else result[500]
    before = 0.75 if name == "highlights" else 0.25
    if name != "contrast":
        assert (middle > before) == (amount > 0)


@pytest.mark.parametrize(
    "settings",
    [{"exposure": 3}, {"exposure": -3}, {"brightness": 1, "contrast": 1}, {"shadows": 1, "highlights": -1},
     {"contrast": -1}, {"brightness": -1, "shadows": -1, "highlights": 1}],
)  # fmt: skip
def test_a_ramp_of_grays_stays_gray_rises_and_has_no_steps(settings: dict[str, float]) -> None:
    result = adjusted(ramp(), Adjustment(**settings))[0]
    assert np.ptp(result[:, :3].astype(int), axis=1).max() <= 1
    steps = np.diff(result[:, 0].astype(int))
    assert (steps >= 0).all()
    bends = np.diff(steps[4:])  # in the very darkest, single levels are far from each other to the eye
    assert np.abs(bends).max() <= max(2, steps.max() // 2), "a band would be a step unlike its neighbours"


@pytest.mark.parametrize("stops", [-2.0, -1.0, 0.5, 1.0])
def test_exposure_is_stops_of_linear_light(stops: float) -> None:
    dark = np.full((1, 1, 4), (60, 60, 60, 255), np.uint8)
    light = (((60 / 255) + 0.055) / 1.055) ** 2.4 * 2**stops
    expected = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    assert adjusted(dark, Adjustment(exposure=stops))[0, 0, 0] == pytest.approx(expected, abs=1.5)


def test_a_longer_exposure_leaves_white_white_and_cuts_nothing_off() -> None:
    result = adjusted(ramp(), Adjustment(exposure=1.5))[0, :, 0]
    assert result[255] == 255
    assert len(np.unique(result[200:])) > 10


@pytest.mark.parametrize("settings", [{"brightness": 0.5}, {"contrast": 0.5}, {"saturation": 0.4}, {"vibrance": -0.5}])
def test_hues_stay(settings: dict[str, float]) -> None:
    picture = np.zeros((1, 5, 4), np.uint8)
    picture[0, :, :3] = [(150, 90, 80), (90, 140, 90), (90, 100, 150), (150, 140, 80), (130, 90, 140)]
    picture[..., 3] = 255
    before, after = lch(picture)[2], lch(adjusted(picture, Adjustment(**settings)))[2]
    assert np.abs(np.angle(np.exp(1j * (before - after)))).max() < 0.05


def test_saturation_scales_chroma_and_its_least_is_gray() -> None:
    picture = np.full((1, 1, 4), (120, 110, 100, 255), np.uint8)
    before = lch(picture)[1]
    assert lch(adjusted(picture, Adjustment(saturation=0.5)))[1] == pytest.approx(1.5 * before, rel=0.1)
    gray = adjusted(patches(), Adjustment(saturation=-1))
    assert np.ptp(gray[..., :3].astype(int), axis=2).max() <= 1


def test_vibrance_moves_pale_colours_more_than_strong_ones() -> None:
    picture = np.zeros((1, 2, 4), np.uint8)
    picture[0, :, :3] = [(140, 125, 120), (220, 90, 40)]
    gain = lch(adjusted(picture, Adjustment(vibrance=0.6)))[1] / lch(picture)[1]
    assert gain[0, 0] > 1.4
    assert 1 < gain[0, 1] < 1.3


@pytest.mark.parametrize(("setting", "channel", "other"), [("temperature", 0, 2), ("tint", 0, 1)])
def test_warmer_is_redder_and_more_magenta_is_less_green(setting: str, channel: int, other: int) -> None:
    gray = np.full((1, 1, 4), (120, 120, 120, 255), np.uint8)
    for amount in (0.5, -0.5):
        result = adjusted(gray, Adjustment(**{setting: amount}))[0, 0].astype(int)
        assert (result[channel] > result[other]) == (amount > 0)
        assert lch(result[None])[0][0] == pytest.approx(lch(gray)[0][0, 0], abs=0.02)


def test_hue_turns_by_degrees() -> None:
    picture = np.full((1, 1, 4), (150, 100, 90, 255), np.uint8)
    turned = lch(adjusted(picture, Adjustment(hue=60)))[2] - lch(picture)[2]
    assert np.rad2deg(turned) % 360 == pytest.approx(60, abs=2)


def test_grayscale_is_gray_sepia_is_brown_and_inverted_twice_is_what_it_was() -> None:
    picture = patches()
    assert np.ptp(adjusted(picture, Adjustment(grayscale=1))[..., :3].astype(int), axis=2).max() <= 1
    brown = adjusted(ramp(), Adjustment(sepia=1))[0, 128].astype(int)
    assert brown[0] > brown[1] > brown[2]
    negative = adjusted(picture, Adjustment(invert=1))
    assert np.abs(negative[..., :3].astype(int) - (255 - picture[..., :3].astype(int))).max() <= 1
    assert np.abs(adjusted(negative, Adjustment(invert=1)).astype(int) - picture).max() <= 1


def test_a_vignette_darkens_corners_and_leaves_the_middle() -> None:
    flat = np.full((80, 120, 4), 200, np.uint8)
    result = adjusted(flat, Adjustment(vignette=0.7))[..., 0]
    assert result[40, 60] == 200
    assert result[0, 0] < 110
    assert (np.diff(result[40, 60:].astype(int)) <= 0).all()


def test_sharpening_raises_edges_and_blurring_lowers_them() -> None:
    image = Image.new("RGB", (120, 80), (90, 90, 90))
    ImageDraw.Draw(image).rectangle((60, 0, 120, 80), (160, 160, 160))
    from PIL import ImageFilter

    soft = np.dstack([np.asarray(image.filter(ImageFilter.GaussianBlur(1))), np.full((80, 120), 255, np.uint8)])
    steepest = [
        np.abs(np.diff(adjusted(soft, Adjustment(**wish))[40, :, 0].astype(int))).max()
        for wish in ({"blur": 0.8}, {}, {"sharpen": 0.8})
    ]
    assert steepest[0] < steepest[1] < steepest[2]


def test_noise_goes_and_edges_stay() -> None:
    random = np.random.default_rng(4)
    clean = np.full((200, 200), 90.0)
    clean[:, 100:] = 180
    noisy = np.clip(clean + random.normal(0, 5, clean.shape), 0, 255)
    picture = np.dstack([np.rint(noisy).astype(np.uint8)] * 3 + [np.full((200, 200), 255, np.uint8)])
    result = adjusted(picture, Adjustment(denoise=1))[..., 0].astype(float)
    assert result[20:180, 20:80].std() < 0.6 * noisy[20:180, 20:80].std()
    assert np.abs(result[:, 102:106].mean() - 180) < 6


def test_strips_leave_no_seams() -> None:
    from makeready.edit import adjusting

    picture = np.random.default_rng(5).integers(0, 256, (300, 60, 4), np.uint8)
    wish = Adjustment(sharpen=0.6, denoise=0.6, vignette=0.5, contrast=0.4, temperature=0.3)
    whole = adjusted(picture, wish)
    before, adjusting._STRIP = adjusting._STRIP, 60 * 37
    try:
        assert np.abs(adjusted(picture, wish).astype(int) - whole).max() <= 1
    finally:
        adjusting._STRIP = before


def test_opacity_stays_and_what_is_not_masked_stays_to_the_byte() -> None:
    picture = patches(size=40)
    mask = np.zeros((40, 40), np.float32)
    mask[:, 20:] = 1
    result = adjusted(picture, Adjustment(brightness=0.7, temperature=1), mask)
    assert (result[..., 3] == picture[..., 3]).all()
    assert (result[:, :20] == picture[:, :20]).all()
    assert (result[:, 20:, :3] != picture[:, 20:, :3]).any()


def test_nothing_of_the_rest_bleeds_into_a_part_that_is_blurred() -> None:
    picture = np.full((60, 60, 4), (0, 0, 255, 255), np.uint8)
    picture[:, 30:, :3] = (200, 50, 40)
    mask = np.zeros((60, 60), np.float32)
    mask[:, 30:] = 1
    result = adjusted(picture, Adjustment(blur=1), mask)
    assert np.abs(result[:, 30:, :3].astype(int) - (200, 50, 40)).max() <= 1


def test_the_sky_is_found_with_a_soft_edge_and_the_tower_is_none_of_it() -> None:
    found = masks.sky(photo())
    assert found is not None
    assert found[5:60, 5:60].min() > 0.9
    assert found[80:].max() < 0.15
    assert found[40:70, 74:86].mean() < 0.2


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_no_sky_is_not_taken_for_one(turned: bool) -> None:
    picture = photo()[::-1].copy() if turned else patches(size=100) | np.uint8([0, 0, 0, 255])
    assert masks.sky(picture) is None


def test_where_there_is_no_sky_nothing_changes_and_a_note_says_so() -> None:
    picture = photo()[::-1].copy()
    result = makeready.edit(picture, [{"edit": "adjust", "on": "sky", "vibrance": 0.5}])
    assert (result.pixels == picture).all()
    assert result.changes == ()
    assert result.notes == ("No sky was found: nothing of it was changed.",)


def test_transparency_says_what_the_subject_is() -> None:
    picture = np.full((40, 60, 4), (120, 80, 60, 255), np.uint8)
    picture[:, 30:, 3] = 0
    result = makeready.edit(picture, [{"edit": "adjust", "on": "subject", "brightness": 0.5}]).pixels
    assert (result[:, :30, 0] > 120).all()
    spared = makeready.edit(picture, [{"edit": "adjust", "spare": ["subject"], "brightness": 0.5}]).pixels
    assert (spared[:, :30] == picture[:, :30]).all()


@pytest.mark.parametrize(
    ("part", "moved", "still"),
    [("highlights", slice(225, 256), slice(0, 100)), ("shadows", slice(8, 40), slice(190, 256))],
)
def test_light_and_dark_parts_are_kept_to(part: str, moved: slice, still: slice) -> None:
    wide = np.repeat(np.repeat(ramp(), 4, axis=1), 40, axis=0)
    result = makeready.edit(wide, [{"edit": "adjust", "on": part, "temperature": 1}]).pixels[20, 2::4].astype(int)
    warmed = result[:, 0] - result[:, 2]
    assert warmed[moved].max() > 10
    assert np.abs(warmed[still]).max() <= 1


def test_an_adjustment_of_nothing_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="all its amounts are 0"):
        makeready.edit(photo(), ["adjust"])


def test_what_parts_need_is_told_beforehand() -> None:
    assert makeready.edit.needs([{"edit": "adjust", "contrast": 0.2}]) == ()
    assert makeready.edit.needs([{"edit": "adjust", "on": "background", "contrast": 0.2}]) == ("segment:isnet",)


def test_right_angles_and_mirrors_lose_nothing() -> None:
    picture = patches()[:, :20]
    turned = makeready.edit(picture, [{"edit": "rotate", "degrees": 90}]).pixels
    expected = np.asarray(Image.fromarray(picture).transpose(Image.Transpose.ROTATE_270))
    assert (turned == expected)[turned[..., 3] > 0].all()
    mirrored = makeready.edit(picture[..., :3], [{"edit": "flip"}]).pixels
    assert (mirrored[..., :3] == picture[:, ::-1, :3]).all()
    upright = makeready.edit(picture[..., :3], [{"edit": "flip", "direction": "vertical"}]).pixels
    assert (upright[..., :3] == picture[::-1, :, :3]).all()


@pytest.mark.parametrize("degrees", [3, -12, 45, 100])
def test_other_angles_leave_no_empty_corner(degrees: float) -> None:
    result = makeready.edit(photo(), [{"edit": "rotate", "degrees": degrees}]).pixels
    assert result[..., 3].min() == 255
    assert result.shape[1] / result.shape[0] == pytest.approx(160 / 120, rel=0.05)


@pytest.mark.parametrize(
    ("settings", "size"),
    [({"ratio": "1:1"}, (120, 120)), ({"ratio": "16:9"}, (160, 90)), ({"ratio": "9:16"}, (68, 120)),
     ({"top": 0.1, "bottom": 0.1}, (160, 96)), ({"left": 0.25}, (120, 120))],
)  # fmt: skip
def test_crops(settings: dict[str, object], size: tuple[int, int]) -> None:
    result = makeready.edit(photo(), [{"edit": "crop", **settings}]).pixels
    assert result.shape[1::-1] == size


def test_a_crop_to_the_subject_leaves_a_little_room() -> None:
    picture = np.full((100, 100, 4), 255, np.uint8)
    picture[..., 3] = 0
    picture[30:70, 40:60, 3] = 255
    result = makeready.edit(picture, [{"edit": "crop", "to": "subject"}]).pixels
    assert result.shape[:2] == (44, 24)


@pytest.mark.parametrize("ratio", ["wide", "0:1", "16", "1:100"])
def test_a_ratio_that_is_none_is_a_mistake(ratio: str) -> None:
    with pytest.raises(UsageError, match=r"crop.{1,2}ratio"):
        makeready.edit(photo(), [{"edit": "crop", "ratio": ratio}])
