"""SRMD: two to four times as large in one pass; it is told how the picture was made small, and how noisy it is.

K. Zhang, W. Zuo, L. Zhang, "Learning a Single Convolutional Super-Resolution Network for Multiple Degradations",
CVPR 2018. Besides the picture it takes a map of the blur, as 15 coefficients that are the same everywhere, and a map
of the noise. A clean picture goes to SRMDNF, which has no map of noise and is better for it.
"""

from __future__ import annotations

from makeready.upscale.networks import of_store

#: Below this noise level, in levels of 255, a picture counts as clean.
_CLEAN = 0.5


def weights(scale: int, noise: float) -> str:
    """The network for a scale, with or without noise."""
    return f"srmd{'nf' if noise < _CLEAN else ''}-x{scale}"


UPSCALER = of_store("srmd", "SRMD", "MIT", "truthful", (2, 3, 4), weights)
