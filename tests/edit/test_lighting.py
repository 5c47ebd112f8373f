"""Light is put right where it is wrong, and left alone where it is not; colours are measured in OKLCh."""

from __future__ import annotations

import numpy as np
import pytest

import makeready

#: As published: B. Ottosson, "A perceptual color space for image processing", 2020.
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(pixels: np.ndarray) -> np.ndarray:
    """L, a and b of the colours of pixels, in double precision."""
    srgb = pixels[..., :3] / 255.0
    light = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(light @ _CONES.T) @ _LAB.T


def scene(exposure: float = 1.0, cast: tuple[float, float, float] = (1, 1, 1), seed: int = 3) -> np.ndarray:
    """A table of colour patches and a ramp of grays from black to white, smooth with a little grain, as a camera sees
    it in some light: linear light times the exposure and the cast."""
    random = np.random.default_rng(seed)
    gray = np.linspace(0.001, 0.95, 120)[None, :, None] * np.ones((30, 1, 3))
    patches = np.repeat(np.repeat(random.uniform(0.03, 0.75, (6, 12, 3)), 15, axis=0), 10, axis=1)
    light = np.concatenate([gray, patches]) * exposure * np.array(cast)
    light += 0.002 * random.standard_normal(light.shape)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-6) ** (1 / 2.4) - 0.055)
    return np.rint(srgb.clip(0, 1) * 255).astype(np.uint8)


def lit(picture: np.ndarray, mode: str = "auto") -> np.ndarray:
    return makeready.edit(picture, [{"edit": "lighting", "mode": mode}]).pixels[..., :3]


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """The mean distance of colours in OKLab; about 0.02 is just seen."""
    return float(np.linalg.norm(oklab(one) - oklab(other), axis=-1).mean())


@pytest.mark.parametrize("mode", ["auto", "preserve_hue_and_saturation"])
def test_a_well_lit_picture_hardly_changes(mode: str) -> None:
    assert difference(lit(scene(), mode), scene()) < 0.01


@pytest.mark.parametrize("exposure", [0.2, 0.4])
def test_a_dark_picture_comes_near_to_the_well_lit_one(exposure: float) -> None:
    dark = scene(exposure)
    assert difference(lit(dark), scene()) < 0.4 * difference(dark, scene())
    assert oklab(lit(dark))[..., 0].mean() == pytest.approx(oklab(scene())[..., 0].mean(), abs=0.1)


@pytest.mark.parametrize("cast", [(1.1, 1.0, 0.85), (0.9, 1.0, 1.12), (1.0, 0.92, 1.0)])
def test_grays_with_a_cast_become_nearly_neutral(cast: tuple[float, float, float]) -> None:
    def colour(pixels: np.ndarray) -> float:
        return float(np.linalg.norm(oklab(pixels)[:30, 60:, 1:].mean(axis=(0, 1))))

    seen = scene(0.9, cast)
    assert colour(lit(seen)) < 0.004 + 0.5 * colour(seen)


@pytest.mark.parametrize("mode", ["auto", "preserve_hue_and_saturation"])
@pytest.mark.parametrize("exposure", [0.25, 0.6, 1.0])
def test_a_second_time_changes_little(mode: str, exposure: float) -> None:
    once = lit(scene(exposure, (1.05, 1, 0.93)), mode)
    assert difference(lit(once, mode), once) < 0.035


@pytest.mark.parametrize("exposure", [0.2, 0.5, 1.6])
def test_preserving_keeps_hue_and_chroma(exposure: float) -> None:
    before = scene(exposure, (1.1, 1, 0.8))
    after = lit(before, "preserve_hue_and_saturation")
    was, became = oklab(before), oklab(after)
    assert np.abs(became[..., 0] - was[..., 0]).max() > 0.03
    # One level of 8 bits: so much a and b change with it, more in the dark. Half of it is rounding.
    step = np.where(after > 127, -1, 1)
    level = np.max([np.abs(oklab(after + step * np.eye(3, dtype=int)[n]) - became) for n in range(3)], axis=0)
    assert (np.abs(became[..., 1:] - was[..., 1:]) < 0.002 + 2 * level[..., 1:].max(axis=-1, keepdims=True)).all()
    strong = np.hypot(was[..., 1], was[..., 2]) > 0.06
    turned = np.angle((became[..., 1] + 1j * became[..., 2])[strong] / (was[..., 1] + 1j * was[..., 2])[strong])
    assert np.degrees(np.abs(turned)).max() < 6
    assert np.degrees(np.abs(turned)).mean() < 0.8


def test_preserving_changes_strong_colours_less_rather_than_their_hue() -> None:
    picture = scene(0.2)
    picture[60:90, :40] = (0, 0, 255)
    picture[60:90, 40:80] = (255, 0, 0)
    after = lit(picture, "preserve_hue_and_saturation")
    assert np.abs(after[60:90, :80].astype(int) - picture[60:90, :80]).max() <= 2


def test_a_black_thing_on_white_stays_black() -> None:
    picture = np.full((120, 120, 3), 250, np.uint8)
    picture[30:90, 30:90] = np.random.default_rng(1).integers(15, 45, (60, 60, 1))
    assert lit(picture)[30:90, 30:90].mean() < 75
    assert lit(picture)[:20].min() >= 245


def test_the_subject_says_how_bright_it_should_be() -> None:
    dark = np.zeros((100, 100, 4), np.uint8)
    dark[..., :3] = 255
    dark[30:70, 30:70, :3] = scene(0.15)[:40, :40]
    dark[30:70, 30:70, 3] = 255
    kept = {"edit": "cut_out", "keep_existing_alpha": True}
    edited = makeready.edit(dark, [kept, "lighting"])
    assert edited.pixels[40:60, 40:60, :3].mean() > dark[40:60, 40:60, :3].mean() + 8
    assert (edited.pixels[..., 3] == dark[..., 3]).all()


def test_a_white_ground_is_proof_of_neutral_light() -> None:
    brass = np.full((120, 120, 3), 255, np.uint8)
    brass[40:80, 40:80] = (190, 175, 150)
    was, became = oklab(brass)[60, 60], oklab(lit(brass))[60, 60]
    assert np.hypot(*(became - was)[1:]) < 0.01


def test_pictures_without_anything_visible_pass() -> None:
    clear = np.zeros((20, 20, 4), np.uint8)
    assert (makeready.edit(clear, ["lighting"]).pixels == clear).all()


def test_what_was_done_is_told() -> None:
    (change,) = makeready.edit(scene(0.2), ["lighting"]).changes
    assert change.message.startswith("Brightness")
    assert change.details["after"]["lightness"] > change.details["before"]["lightness"]
