"""Networks that never were: plain arithmetic with a known reach, so that what the runner does can be told from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from makeready.upscale.upscaler import Upscaler


def blurring(scale: int = 2, reach: int = 5, *, eats: int = 0, gain: float = 1.0, **declared: Any) -> Upscaler:
    """Pixels as blocks, each the mean of what lies around, of uneven weights: it sees ``reach`` pixels to each side.

    Additions are done in one order for every pixel, so that the same surroundings give the same bits. Where it does not
    see far enough, at the edges of what it is given, it takes zeros, as convolutions do.
    """
    taps = np.random.default_rng(reach).random((2 * reach + 1, 2 * reach + 1)).astype(np.float32)
    taps *= np.float32(gain) / taps.sum()

    def network(pixels: np.ndarray) -> np.ndarray:
        height, width, _ = pixels.shape
        wide = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)))
        mean = np.zeros_like(pixels)
        for down in range(2 * reach + 1):
            for across in range(2 * reach + 1):
                mean += taps[down, across] * wide[down : down + height, across : across + width]
        mean = mean[eats : height - eats, eats : width - eats]
        return mean.repeat(scale, axis=0).repeat(scale, axis=1)

    return declare(network, (scale,), margin=declared.pop("margin", reach), eats=eats, **declared)


def declare(network: Callable[[np.ndarray], np.ndarray], scales: tuple[int, ...] = (2,), **declared: Any) -> Upscaler:
    """Any function of a picture as a network."""
    return Upscaler(
        **{
            "name": "made-up",
            "title": "Made up",
            "licence": "CC0-1.0",
            "style": "truthful",
            "tile": 32,
            "margin": 4,
            **declared,
        },
        scales=scales,
        open_session=lambda scale, noise, provider: network,
    )


def blocks(scale: int) -> Callable[[np.ndarray], np.ndarray]:
    """Each pixel as a block: the plainest network."""
    return lambda pixels: pixels.repeat(scale, axis=0).repeat(scale, axis=1)
