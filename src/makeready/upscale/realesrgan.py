"""Real-ESRGAN: a sharp look, four times as large. It invents edges and textures, so nothing takes it unasked.

X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data",
ICCVW 2021. What a pixel becomes depends on the picture far around it, so its tiles are blended. It was trained on
noisy pictures, and cleans them unasked.
"""

from __future__ import annotations

from makeready.upscale.networks import of_store


def weights(_scale: int, _noise: float) -> str:
    """The one network."""
    return "realesrgan-x4plus"


UPSCALER = of_store("realesrgan", "Real-ESRGAN", "BSD-3-Clause", "creative", (4,), weights)
