"""Pictures laid over the result, each in its box."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from makeready import edit
from makeready.errors import UsageError


def plain(width: int, height: int, *colour: int) -> Any:
    return np.full((height, width, 4), (*colour, 255) if len(colour) == 3 else colour, np.uint8)


def laid(**layer: Any) -> Any:
    """A green logo, twice as wide as high, on a red picture."""
    made = edit.edit(
        plain(100, 50, 255, 0, 0),
        [{"edit": "lay_over", "layers": [{"picture": "logo", **layer}]}],
        inputs={"logo": plain(20, 10, 0, 255, 0)},
    )
    return made.pixels


def green(pixels: Any) -> tuple[int, int, int, int]:
    seen = pixels[..., 1] > 127
    down, across = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1


def test_a_layer_is_as_large_as_fits_into_its_box_and_stands_in_its_middle() -> None:
    assert green(laid(left=0.5, top=0, width=0.5, height=1)) == (50, 12, 100, 37)
    assert green(laid(left=0, top=0, width=1, height=0.2)) == (40, 0, 60, 10)
    assert green(laid()) == (0, 0, 100, 50)


def test_what_is_beyond_the_result_is_cut_off() -> None:
    pixels = laid(left=-0.1, top=-0.1, width=0.4, height=0.4)
    assert green(pixels) == (0, 0, 30, 15)
    assert (pixels[20:] == (255, 0, 0, 255)).all()


def test_a_layer_may_be_half_opaque() -> None:
    assert np.abs(laid(opacity=0.5)[25, 50].astype(int) - (127, 128, 0, 255)).max() <= 1


def test_a_layer_behind_is_covered_by_the_subject() -> None:
    subject = plain(100, 50, 255, 0, 0)
    subject[:, 50:, 3] = 0
    made = edit.edit(
        subject,
        [
            {"edit": "cut_out", "keep_existing_alpha": True},
            {"edit": "lay_over", "layers": [{"picture": "logo", "behind": True}]},
        ],
        inputs={"logo": plain(20, 10, 0, 255, 0)},
    )
    assert made.pixels[25, 25].tolist() == [255, 0, 0, 255]
    assert made.pixels[25, 75].tolist() == [0, 255, 0, 255]


def test_a_layer_that_was_not_given_is_named() -> None:
    with pytest.raises(UsageError, match="'badge'"):
        edit.edit(plain(9, 9, 0, 0, 0), [{"edit": "lay_over", "layers": [{"picture": "badge"}]}])
    with pytest.raises(UsageError, match="nothing to lay"):
        edit.edit(plain(9, 9, 0, 0, 0), ["lay_over"])
