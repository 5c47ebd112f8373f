"""Large pictures in strips: the same however they are cut, as sharp as the large picture is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from makeready import segment
from makeready.errors import UsageError
from makeready.segment.enlarged import Enlarged
from makeready.segment.options import Options
from makeready.segment.planes import resized
from segment.finders import CONTRACT, finder
from segment.test_segment import before_hills, disc


@pytest.mark.usefixtures("red")
@pytest.mark.parametrize("quality", ["basic", "plus"])
@pytest.mark.parametrize("softness", [2.0, 5.0, 8.0])
def test_strips_of_any_height_give_the_same(quality: str, softness: float) -> None:
    large = before_hills(disc(700, 900))
    matte = segment.matte(resized(large, 300, 233), 900, 700, Options(quality=quality, edge_softness=softness))
    matte.colours(resized(large, 300, 233))
    whole = matte.rows(large, 0)
    freed = matte.foreground(large, whole, 0)
    for step in (1, 37, 256):
        tops = range(0, 700, step) if step > 1 else (0, 1, 255, 256, 257, 350, 699)
        for top in tops:
            rows = slice(top, top + step)
            assert (matte.rows(large[rows], top) == whole[rows]).all()
            assert (matte.foreground(large[rows], whole[rows], top) == freed[rows]).all()


def test_an_edge_is_as_sharp_as_the_large_picture(offered: Callable[..., None]) -> None:
    offered(finder("isnet", contract=CONTRACT.model_copy(update={"size": (256, 256)})))
    cover = disc(1600, 2000)
    large = before_hills(cover)
    line = slice(799, 800)
    wide = {}
    for quality in ("basic", "plus"):
        matte = segment.matte(resized(large, 500, 400), 2000, 1600, Options(quality=quality))
        row = matte.rows(large[line], 799)[0]
        wide[quality] = int(((row > 0.1) & (row < 0.9)).sum())
        assert np.abs(row - cover[799]).mean() < 0.01
    # The mask of 256 pixels is 8 times as coarse: of its own, an edge would be some 16 pixels wide.
    assert wide["basic"] <= 16
    assert wide["plus"] <= 10


@pytest.mark.usefixtures("red")
def test_inks_and_16_bits_are_freed_in_their_own_numbers() -> None:
    cover = disc(240, 240)
    large = before_hills(cover)
    matte = segment.matte(large, 240, 240, Options(quality="plus"))
    ink, ground = np.array([0.0, 0.9, 0.8, 0.1]), np.array([0.3, 0.2, 0.1, 0.4])
    native = ((cover[..., None] * ink + (1 - cover[..., None]) * ground) * 65535).astype(np.uint16)
    matte.colours(native)
    alpha = matte.rows(large, 0)
    freed = matte.foreground(native, alpha, 0)
    assert (freed.shape, freed.dtype) == (native.shape, np.uint16)
    rim = (cover > 0.3) & (cover < 0.9)
    assert np.abs(freed[rim] / 65535 - ink).mean() < 0.4 * np.abs(native[rim] / 65535 - ink).mean()
    assert (freed[alpha == 1] == native[alpha == 1]).all()


@pytest.mark.usefixtures("red")
def test_colours_have_to_be_looked_at_first() -> None:
    matte = segment.matte(before_hills(disc(40, 40)), 40, 40)
    with pytest.raises(UsageError, match="looked at"):
        matte.foreground(np.zeros((1, 40, 3)), np.zeros((1, 40), np.float32), 0)


def test_a_small_copy_that_is_not_small_is_refused() -> None:
    with pytest.raises(UsageError, match="2,250,000 pixels"):
        segment.matte(np.zeros((1500, 1500, 3), np.float32), 1500, 1500)


def test_maps_are_read_linearly_between_their_pixels() -> None:
    random = np.random.default_rng(3)
    small = random.random((5, 7, 2)).astype(np.float32)
    small[:, 4:] = 0.25
    made = Enlarged(small, 70, 45).rows(0, 45)
    for y, x in ((0, 0), (22, 33), (44, 69), (13, 40), (30, 66)):
        down, across = np.clip((y + 0.5) * 5 / 45 - 0.5, 0, 4), np.clip((x + 0.5) * 7 / 70 - 0.5, 0, 6)
        r, c = int(down), int(across)
        r2, c2 = min(r + 1, 4), min(c + 1, 6)
        v, h = down - r, across - c
        upper = (1 - h) * small[r, c] + h * small[r, c2]
        lower = (1 - h) * small[r2, c] + h * small[r2, c2]
        expected = (1 - v) * upper + v * lower
        assert np.allclose(made[y, x], expected, atol=1e-6)
    assert (Enlarged(small, 7, 5).rows(1, 3) == small[1:4]).all()
