"""Tiles against the picture in one piece, with networks whose reach is known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from makeready.errors import MakereadyError
from makeready.upscale.flow import Meter
from makeready.upscale.planes import Enlarger, planes
from makeready.upscale.tiles import enlarged
from makeready.upscale.upscaler import Upscaler
from upscale.made_up import blocks, blurring, declare


def picture(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(8).random((height, width, channels), np.float32)


def run(upscaler: Upscaler, pixels: np.ndarray, told: list[float] | None = None) -> np.ndarray:
    height, width, channels = pixels.shape
    (scale,) = upscaler.scales
    network = upscaler.open_session(scale, 0, "cpu")
    deed = Enlarger(upscaler, network, scale, planes("rgb", channels, False))
    asked: list[tuple[int, int]] = []

    def read(first: int, last: int) -> np.ndarray:
        asked.append((first, last))
        return pixels[first:last]

    meter = Meter(height * width * scale * scale, None if told is None else told.append)
    strips = list(enlarged(read, width, height, channels, upscaler, scale, deed, meter))
    assert asked[0][0] == 0
    assert asked[-1][1] == height
    assert all(one[1] == other[0] for one, other in pairwise(asked))
    return np.concatenate(strips)


def in_one_piece(upscaler: Upscaler, pixels: np.ndarray) -> np.ndarray:
    (scale,) = upscaler.scales
    margin = upscaler.margin
    wide = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")
    made = upscaler.open_session(scale, 0, "cpu")(wide)
    edge = (margin - upscaler.eats) * scale
    return made[edge : made.shape[0] - edge, edge : made.shape[1] - edge]


@pytest.mark.parametrize("size", [(97, 110), (32, 64), (5, 7), (2, 1), (33, 200), (150, 3)])
@pytest.mark.parametrize("how", [{}, {"eats": 5}, {"eats": 2}, {"multiple_of": 8}, {"scale": 3, "tile": 20}])
def test_tiles_are_the_picture_in_one_piece_to_the_bit(size: tuple[int, int], how: dict[str, int]) -> None:
    upscaler = blurring(**how)
    pixels = picture(*size)
    np.testing.assert_array_equal(run(upscaler, pixels), in_one_piece(upscaler, pixels))


def test_a_margin_that_is_too_small_shows() -> None:
    """The test above can fail: a network that looks farther than it says leaves seams."""
    upscaler = blurring(margin=3)
    pixels = picture(97, 110)
    assert not np.array_equal(run(upscaler, pixels), in_one_piece(upscaler, pixels))


def test_all_tiles_are_of_one_shape() -> None:
    shapes = set()

    def network(pixels: np.ndarray) -> np.ndarray:
        shapes.add(pixels.shape)
        return blocks(2)(pixels)

    run(declare(network, multiple_of=4), picture(75, 131))
    assert len(shapes) == 1
    assert all(side % 4 == 0 for side in next(iter(shapes))[:2])


@pytest.mark.parametrize("size", [(97, 110), (40, 32), (5, 300), (33, 33)])
def test_feathered_tiles_add_up_to_the_whole(size: tuple[int, int]) -> None:
    pixels = picture(*size)
    made = run(declare(blocks(2), feather=10, margin=3), pixels)
    np.testing.assert_allclose(made, blocks(2)(pixels), atol=1e-6)


def test_a_feather_hides_that_tiles_differ() -> None:
    """A network that makes each tile a little brighter or darker, as those do that look about without end."""
    bright = iter(np.tile([0.5, 0.6], 100))
    upscaler = {
        feather: declare(lambda pixels: np.full_like(blocks(2)(pixels), next(bright)), feather=feather, tile=32)
        for feather in (0, 16)
    }
    steps = {
        feather: np.abs(np.diff(run(one, picture(100, 100))[..., 0], axis=1)).max() for feather, one in upscaler.items()
    }
    assert steps[0] == pytest.approx(0.1, abs=1e-5)
    assert steps[16] < 0.1 / 16


def test_progress_ends_at_one_and_never_goes_back() -> None:
    told: list[float] = []
    run(blurring(), picture(97, 110), told)
    assert told == sorted(told)
    assert len(told) == 4 * 4
    assert told[-1] == pytest.approx(1)


def test_flat_tiles_are_not_shown_to_the_network() -> None:
    def network(pixels: np.ndarray) -> np.ndarray:
        raise AssertionError("it was asked")

    made = run(declare(network), np.full((50, 70, 3), 0.25, np.float32))
    np.testing.assert_array_equal(made, np.full((100, 140, 3), 0.25, np.float32))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda made: made[1:], "79 × 80 × 3 where 80 × 80 × 3"),
        (lambda made: made[..., :1], "80 × 80 × 1 where"),
        (lambda made: np.full_like(made, np.nan), "no numbers"),
        (lambda made: made * np.float32(np.inf), "no numbers"),
    ],
)
def test_an_answer_that_is_no_picture_is_refused(answer: object, said: str) -> None:
    upscaler = declare(lambda pixels: answer(blocks(2)(pixels)))  # type: ignore[operator]
    with pytest.raises(MakereadyError, match=said) as failure:
        run(upscaler, picture(32, 32))
    assert "Made up" in str(failure.value)
    assert failure.value.hint


def test_a_network_of_another_range_sees_that_range() -> None:
    seen = []

    def network(pixels: np.ndarray) -> np.ndarray:
        seen.append((pixels.min(), pixels.max()))
        return blocks(2)(pixels)

    pixels = picture(20, 20)
    made = run(declare(network, value_range=(-1.0, 1.0)), pixels)
    assert seen[0][0] < -0.9
    np.testing.assert_allclose(made, blocks(2)(pixels), atol=1e-6)
