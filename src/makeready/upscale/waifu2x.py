"""waifu2x, the network for photographs: twice as large in one pass, and the fastest of the truthful ones.

"upconv_7" of nagadomi's waifu2x (MIT): seven convolutions, of which the last one doubles. It sees 7 pixels to each
side and gives none for them. More networks of the kind remove noise as well.
"""

from __future__ import annotations

from makeready.upscale.networks import of_store

#: From these noise levels on (standard deviations in levels of 255), the networks that remove it, as measured on
#: photographs with grain and as JPEGs. The one called 2 was never better than both of its neighbours.
_FROM = {2.0: 0, 5.0: 1, 7.0: 3}


def weights(_scale: int, noise: float) -> str:
    """The network for a noise level."""
    reached = [strength for least, strength in _FROM.items() if noise >= least]
    return f"waifu2x-photo-noise{reached[-1]}" if reached else "waifu2x-photo"


UPSCALER = of_store("waifu2x", "waifu2x", "MIT", "truthful", (2,), weights)
