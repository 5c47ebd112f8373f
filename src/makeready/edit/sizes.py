"""What generators are asked for beside words: sizes by their names, and seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

SizeName = Literal[
    "SQUARE_HD",
    "PORTRAIT_HD_4_3",
    "PORTRAIT_HD_3_2",
    "PORTRAIT_HD_16_9",
    "LANDSCAPE_HD_4_3",
    "LANDSCAPE_HD_3_2",
    "LANDSCAPE_HD_16_9",
]
Quality = Literal["standard", "advanced", "premium"]
Seed = Annotated[
    int | None,
    Field(
        ge=0,
        description="The same seed makes the same picture, as far as the generator can promise it; left out, the whole "
        "edit's.",
    ),
]

#: Pixels across and down. About a megapixel, which is what picture models are trained on; the shape is exact, and both
#: sides are multiples of 16, so that models which work on blocks of 8 or 16 pixels need no rest.
SIZES: Mapping[SizeName, tuple[int, int]] = {
    "SQUARE_HD": (1024, 1024),
    "PORTRAIT_HD_4_3": (864, 1152),
    "PORTRAIT_HD_3_2": (832, 1248),
    "PORTRAIT_HD_16_9": (720, 1280),
    "LANDSCAPE_HD_4_3": (1152, 864),
    "LANDSCAPE_HD_3_2": (1248, 832),
    "LANDSCAPE_HD_16_9": (1280, 720),
}
#: By how much the sides are longer: about 1K, 2K and 4K.
QUALITIES: Mapping[Quality, int] = {"standard": 1, "advanced": 2, "premium": 4}


def pixels(name: SizeName, quality: Quality = "standard") -> tuple[int, int]:
    """Pixels across and down of a size."""
    width, height = SIZES[name]
    return width * QUALITIES[quality], height * QUALITIES[quality]
