"""Drawn art comes off its ground by colour; photographs are not taken for it."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from makeready import segment
from makeready.segment import flat, planes
from makeready.testing import pictures

Floats = npt.NDArray[np.float32]


def art(ground: Floats, quality: int = 90, subsampling: int = 2) -> tuple[Floats, Floats]:
    """A ring, an O and a hairline on a ground, saved as JPEG; and their opacity."""
    height, width = ground.shape[:2]
    alpha = Image.new("L", (width * 4, height * 4), 0)
    draw = ImageDraw.Draw(alpha)
    draw.ellipse((160, 120, 760, 720), outline=255, width=100)
    draw.rounded_rectangle((900, 200, 1300, 800), 80, fill=255)
    draw.ellipse((1000, 350, 1200, 650), fill=0)
    draw.line((160, 880, 1400, 1000), fill=255, width=10)
    truth = np.asarray(alpha.resize((width, height), Image.Resampling.BOX), np.float32) / 255
    seen = truth[..., None] * np.array([190, 30, 50]) / 255 + (1 - truth[..., None]) * ground
    file = io.BytesIO()
    Image.fromarray((np.clip(seen, 0, 1) * 255 + 0.5).astype(np.uint8)).save(
        file, "JPEG", quality=quality, subsampling=subsampling
    )
    return np.asarray(Image.open(file), np.float32) / 255, truth


def grounds() -> dict[str, Floats]:
    down = np.linspace(0, 1, 280, dtype=np.float32)[:, None, None]
    across = np.linspace(0, 1, 400, dtype=np.float32)[None, :, None]
    plain = np.ones((280, 400, 3), np.float32)
    return {
        "white": plain,
        "dark blue": plain * np.array([0.08, 0.12, 0.3], np.float32),
        "gradient": plain * (0.95 - 0.25 * down - 0.1 * across),
        "vignette": plain * (0.95 - 0.3 * ((across - 0.5) ** 2 + (down - 0.5) ** 2)),
    }


@pytest.mark.parametrize("ground", list(grounds()))
def test_art_comes_off_its_ground(ground: str) -> None:
    picture, truth = art(grounds()[ground])
    found = segment.cut((picture * 255).astype(np.uint8))
    assert (found.subject, found.model, found.provider) == ("logo", "flat", "")
    assert np.abs(found.alpha - truth).mean() < 0.012
    assert found.alpha[100, 115] == 0  # within the ring
    assert found.alpha[125, 275] == 0  # within the O
    assert found.alpha[105, 52] == 1
    rim = (truth > 0.4) & (truth < 0.9)
    assert np.abs(found.pixels[rim] - np.array([190, 30, 50])).mean() < 25


def test_the_mixture_tells_the_opacity_exactly_where_nothing_was_lost() -> None:
    picture, truth = art(grounds()["gradient"], 100, 0)
    behind = flat.ground(picture)
    functions = flat.coefficients(picture, behind)
    alpha = np.clip((functions[..., :3] * picture).sum(axis=-1) + functions[..., 3], 0, 1)
    assert np.abs(alpha - truth).sum() / ((truth > 0.02) & (truth < 0.98)).sum() < 0.08


def test_large_art_is_as_sharp_as_it_is() -> None:
    ground = np.ones((280, 400, 3), np.float32)
    small, _ = art(ground)
    large = np.asarray(Image.fromarray((small * 255).astype(np.uint8)).resize((400, 280)), np.float32) / 255
    y, x = np.mgrid[:1120, :1600]
    cover = np.clip(300.5 - np.hypot(x - 800, y - 560), 0, 1).astype(np.float32)
    large = 1 - cover[..., None] * (1 - np.array([0.1, 0.4, 0.2], np.float32))
    matte = segment.matte(planes.resized(large, 400, 280), 1600, 1120)
    assert matte.model == "flat"
    row = matte.rows(large[560:561], 560)[0]
    assert ((row > 0.1) & (row < 0.9)).sum() <= 4
    assert np.abs(row - cover[560]).max() < 0.15


def test_the_ground_is_fitted_though_art_runs_over_the_edge() -> None:
    picture = grounds()["gradient"].copy()
    truth = picture.copy()
    picture[:, 180:230] = (0.7, 0.1, 0.1)
    behind = flat.ground(picture)
    assert behind.plain
    assert np.abs(behind.colours - truth).max() < 0.01


def test_a_landscape_has_no_plain_ground() -> None:
    assert not flat.ground(pictures.landscape(300, 200)).plain


def photographed(shadow: float) -> Floats:
    """A thing with shades and grain on white, which throws a soft shadow."""
    random = np.random.default_rng(3)
    y, x = np.mgrid[:300, :400].astype(np.float32)
    body = np.clip(90.5 - np.hypot(x - 200, y - 150), 0, 1)
    light = np.clip(1.1 - np.hypot(x - 170, y - 110) / 150, 0.1, 1)
    thing = light[..., None] * np.array([0.9, 0.6, 0.3]) + random.normal(0, 0.03, (300, 400, 3))
    falls = 1 - shadow * np.exp(-(((x - 200) / 110) ** 2) - ((y - 240) / 25) ** 2)
    return np.clip(body[..., None] * thing + (1 - body[..., None]) * falls[..., None], 0, 1).astype(np.float32)


@pytest.mark.parametrize("shadow", [0.0, 0.2, 0.5])
def test_a_thing_photographed_on_white_is_no_drawing(shadow: float, red: None) -> None:
    picture = photographed(shadow)
    behind = flat.ground(picture)
    assert behind.plain
    assert not flat.is_drawn(picture, behind)
    assert segment.cut(picture).model == "isnet"


def test_holes_through_which_the_ground_shows_are_opened_where_the_model_doubts() -> None:
    picture = photographed(0)
    picture[130:170, 180:220] = 1
    behind = flat.ground(picture)
    mask = np.zeros((300, 400), np.float32)
    mask[60:240, 110:290] = 1
    sure = flat.with_holes(picture, behind, mask)
    assert (sure == mask).all()
    mask[125:175, 175:225] = 0.7
    opened = flat.with_holes(picture, behind, mask)
    assert opened[150, 200] == 0
    assert opened[127, 200] == mask[127, 200]


def test_lettering_on_no_plain_ground_is_found_as_photographed_things_are(red: None) -> None:
    picture = pictures.landscape(200, 150).mean(axis=2, keepdims=True).repeat(3, axis=2)
    picture[50:100, 60:140] = (1, 0, 0)
    found = segment.cut(picture.astype(np.float32), subject="text")
    assert found.model == "isnet"
    assert any("not plain" in note for note in found.notes)
