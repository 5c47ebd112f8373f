"""How pictures are enlarged in the time that a job has: the best way for the small, an honest one for the large."""

from __future__ import annotations

import pytest

from makeready.service import enlarging
from makeready.service.errors import InvalidRequest

SECONDS = 60.0


def way(width: int, height: int, scale: int, seconds: float = SECONDS, *, lacking: str = "") -> tuple[str, int]:
    taken, _ = enlarging.chosen(width, height, scale, seconds, lambda model, _scale: model != lacking)
    return taken.model, min(taken.times, scale)


@pytest.mark.parametrize(
    ("size", "scale", "taken"),
    [
        ((640, 480), 4, ("srmd", 4)),
        ((1000, 1000), 3, ("waifu2x", 2)),
        ((1000, 900), 3, ("srmd", 3)),
        ((1600, 1200), 2, ("waifu2x", 2)),
        ((1600, 1200), 4, ("waifu2x", 2)),
        ((4000, 3000), 2, ("backprojection", 2)),
        ((4000, 3000), 4, ("backprojection", 4)),
    ],
)
def test_the_larger_the_picture_the_quicker_the_way(size: tuple[int, int], scale: int, taken: tuple[str, int]) -> None:
    assert way(*size, scale) == taken


def test_more_time_is_used_and_less_is_kept_to() -> None:
    assert way(1600, 1200, 4, 600) == ("srmd", 4)
    assert way(640, 480, 4, 10) == ("waifu2x", 2)
    assert way(640, 480, 4, 3) == ("backprojection", 4)


def test_what_is_not_installed_is_not_taken() -> None:
    assert way(640, 480, 4, lacking="srmd") == ("waifu2x", 2)
    assert way(640, 480, 2, lacking="waifu2x") == ("backprojection", 2)


def test_what_fits_no_way_is_refused_with_what_would() -> None:
    enlarging.possible(4082, 3060, 4, SECONDS)
    with pytest.raises(InvalidRequest, match="256 megapixels; 200 are the most") as refused:
        enlarging.possible(4000, 4000, 4, SECONDS)
    assert refused.value.hint == "Take 3 times, or send fewer pixels."
    with pytest.raises(InvalidRequest) as refused:
        enlarging.possible(10_000, 6000, 2, SECONDS)
    assert refused.value.hint == "Send fewer pixels."
    with pytest.raises(InvalidRequest, match="5 are the most"):
        enlarging.possible(4000, 3000, 2, 1)
