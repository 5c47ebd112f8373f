"""The real network: composites whose opacity is known, pictures with nothing in them."""

from __future__ import annotations

import numpy as np
import pytest
from composites import composite

from makeready import segment
from makeready.testing.segmenters import assert_segmenter_contract
from models.weights import real


def test_a_built_in_one_keeps_the_contract() -> None:
    real("u2netp")
    assert_segmenter_contract(segment.catalogue()["u2netp"])


@pytest.mark.parametrize("kind", ["hard", "fur"])
def test_a_subject_is_found_and_its_edges_get_better_with_plus(kind: str) -> None:
    real("isnet")
    known = composite(kind, 1, 640, 480)
    away = {}
    for quality in ("basic", "plus"):
        found = segment.cut(known.picture, quality=quality)
        assert not found.empty
        away[quality] = float(np.abs(found.alpha - known.alpha).mean())
        # On another ground it shows less of the old one than if its colours had been left as they were.
        rim = (known.alpha > 0.2) & (known.alpha < 0.95)
        freed = np.abs(found.pixels / 255 - known.colours)[rim].mean()
        assert freed < np.abs(known.picture / 255 - known.colours)[rim].mean()
    if kind == "hard":
        assert max(away.values()) < 0.006
    else:
        assert away["plus"] < 0.85 * away["basic"] < 0.06


@pytest.mark.parametrize("picture", ["white", "noise", "gradient"])
def test_where_there_is_nothing_nothing_is_found(picture: str) -> None:
    real("isnet")
    made = {
        "white": np.full((200, 300, 3), 255, np.uint8),
        "noise": np.random.default_rng(1).integers(0, 256, (200, 300, 3)).astype(np.uint8),
        "gradient": np.linspace(40, 220, 300)[None, :, None].repeat(200, 0).repeat(3, 2).astype(np.uint8),
    }[picture]
    found = segment.cut(made, subject="product")
    assert found.empty
    assert not found.alpha.any()


def test_the_small_network_is_there_too() -> None:
    real("u2netp")
    known = composite("hard", 1, 640, 480)
    found = segment.cut(known.picture, model="u2netp")
    assert found.model == "u2netp"
    assert np.abs(found.alpha - known.alpha).mean() < 0.03
