"""Gray and black with one ink: how much black alone looks as light as a colour."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from makeready.colour import littlecms
from makeready.colour.cie import lightness, luminance

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_STEPS = 256


class BlackRamp:
    """A press's tints of black, from paper to solid."""

    def __init__(self, press: bytes) -> None:
        """Look up the tints.

        Args:
            press: its CMYK profile.

        Raises:
            UnusableProfile: LittleCMS cannot convert from it.
        """
        import numpy as np

        self._tints = np.linspace(0.0, 1.0, _STEPS)
        rows = np.zeros((_STEPS, 4))
        rows[:, 3] = self._tints
        light = littlecms.to_lab(littlecms.words(rows), press)[:, 0]
        # A tint is never lighter than a smaller one; where measurements say so by a hair, they are not followed.
        self._luminance = luminance(np.minimum.accumulate(light))
        self._luminance[0] = 1.0
        #: Of the solid, relative to the paper.
        self.darkest = float(self._luminance[-1])

    def amounts(self, of: Floats, *, black_point: bool = True) -> Floats:
        """The tint of black, 0 to 1, that is as light as each of these luminances (0 to 1, 1 the paper).

        Args:
            of: relative luminances.
            black_point: whether 0 means solid black: the range of the source is fitted to that of black ink, as
                black-point compensation does (ISO 18619: linear in luminance). Otherwise what is darker than solid
                black becomes solid black.
        """
        import numpy as np

        wanted = self.darkest + (1.0 - self.darkest) * of if black_point else of
        # Linear between lightness: that is what is even to the eye.
        found: Floats = np.interp(-lightness(wanted), -lightness(self._luminance), self._tints)
        return found


@lru_cache(8)
def black_ramp(press: bytes) -> BlackRamp:
    """The ramp of a press's profile, worked out once."""
    return BlackRamp(press)
