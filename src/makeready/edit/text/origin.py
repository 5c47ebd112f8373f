"""Whether text was laid over a picture afterwards, or was there when it was taken.

What a program writes stands level, has one colour that no light changes, edges as sharp as pixels allow, and stands out
from what is behind it, because it was meant to be read. Writing on walls and clothes was seen through a lens: it is
turned or foreshortened, shaded, and softened. Text of one colour that shows two of the three other signs counts as laid
over. Where no letters were made out, it counts as natural: it is rather left in than taken wrongly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from makeready.edit import oklab

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.edit.scene import Pixels
    from makeready.edit.text.strokes import Ink

    Mask = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float32]

#: The median distance of ink from its own colour, in OKLab: overlays have 0 to 0.02 after JPEG at quality 80, letters
#: in photographs 0.022 and more.
EVEN = 0.021
#: What hues count for in that: JPEG keeps them at half the resolution, so that thin letters have many.
_HUES = 0.25
#: Strokes of fewer pixels have no middle.
_THIN = 4.0
#: Degrees from level or upright: detectors err by less on level lines.
LEVEL = 2.5
#: Pixels from ink to ground: overlays have up to 1.3, what a lens saw is often softer.
SHARP = 1.5
#: The difference of ink and ground in OKLab: what is meant to be read has 0.2 and more.
STANDS_OUT = 0.18
#: Of the three signs besides the one colour, those that are enough.
ENOUGH = 2


@dataclass(frozen=True, slots=True)
class Signs:
    """What a line of text looks like."""

    #: Degrees from level or upright, 0 to 45.
    tilt: float
    #: The median distance of its ink from its colour, in OKLab, hues counting less.
    spread: float
    #: Pixels from ink to ground.
    edge: float
    #: The difference of ink and ground, in OKLab.
    contrast: float
    #: Whether letters were made out.
    letters: bool = True

    @property
    def artificial(self) -> bool:
        """Whether it was laid over the picture."""
        others = (self.tilt <= LEVEL, self.edge <= SHARP, self.contrast >= STANDS_OUT)
        return self.letters and self.spread <= EVEN and sum(others) >= ENOUGH


def signs(picture: Pixels, ink: Ink) -> Signs:
    """What a line of text looks like.

    Args:
        picture: height × width × 4.
        ink: the line, and which of its pixels are ink.
    """
    import numpy as np
    from scipy import ndimage

    turned = abs(ink.line.tilt) % 90
    tilt = min(turned, 90 - turned)
    if not ink.believed:
        return Signs(tilt, 1.0, 99.0, 0.0, letters=False)
    colours = oklab.lab(picture[ink.where][..., :3].astype(np.float32) / np.float32(255))
    away = ndimage.distance_transform_edt(~ink.mask)
    ground = ink.region & (away >= 3) & (away <= 3 + max(3.0, ink.line.height / 4))
    if not ground.any():
        return Signs(tilt, 1.0, 99.0, 0.0)
    behind = np.median(colours[ground], axis=0)
    depth = ndimage.distance_transform_edt(np.pad(ink.mask, 1))[1:-1, 1:-1]
    core = depth >= max(1.0, float(np.percentile(depth[ink.mask], 60)))
    if ink.stroke < _THIN:  # all edge: what of it is least like the ground is what it was meant to be
        unlike = np.linalg.norm(colours - behind, axis=2)
        core &= unlike >= np.median(unlike[core])
    tone = np.median(colours[core], axis=0)
    spread = float(np.median(np.linalg.norm((colours[core] - tone) * (1, _HUES, _HUES), axis=1)))
    return Signs(tilt, spread, _edge(colours, ink.mask, tone - behind), float(np.linalg.norm(tone - behind)))


def _edge(colours: Floats, mask: Mask, along: Floats) -> float:
    """Pixels from ink to ground: their difference, divided by the steepest steps between neighbours on the way.

    It is measured along the direction in which the two differ, at the tenth of the edge that is steepest: where the
    ground happens to be like the ink there is no edge to be seen.
    """
    import numpy as np
    from scipy import ndimage

    whole = float(np.linalg.norm(along))
    if whole < 1e-3:
        return 99.0
    plane = colours @ (along / whole)
    steepest = np.hypot(ndimage.sobel(plane, 0), ndimage.sobel(plane, 1)) / 8
    rim = ndimage.binary_dilation(mask, iterations=2) & ~ndimage.binary_erosion(mask, iterations=2)
    return whole / max(1e-6, 2 * float(np.percentile(steepest[rim], 90)))
