"""Parts of a picture that an edit can be kept to: the subject, the background, the sky, what is light, what is dark.

A mask says of each pixel how much it belongs to the part, from 0 to 1, and has soft edges: what is changed on one side
only would show a line otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from makeready.segment import planes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.edit.scene import Mask, Scene

    Floats = npt.NDArray[np.float32]

#: What an edit can be kept to.
Part = Literal["everything", "subject", "background", "sky", "highlights", "shadows"]
PARTS: tuple[str, ...] = get_args(Part)

#: The sky is looked for on a copy of so many pixels.
_LOOKED_AT = 400_000
#: In OKLab: sky by day is at least so light, and varies by less than this within seven pixels.
_LIGHT, _SMOOTH = 0.35, 0.02
#: Gray and pale sky is light, and what is darker has to be bluer: the least of ``lightness + 2 × blueness``.
_LIKE_SKY = 0.55
#: After sunset it is deep blue, and may be as dark as this.
_DEEP_BLUE, _DUSK = 0.045, 0.12
#: How far a colour may be from that of the sky in its row, and an area may change from pixel to pixel.
_ALIKE, _STEP = 0.05, 0.05
#: Of the upper edge, the sky touches at least this share; of the picture, it covers at least that.
_AT_TOP, _COVERS = 0.12, 0.02
#: Where lightness of OKLab begins and ends to count as light; for dark, the same from white.
_FROM, _TO = 0.5, 0.85


def mask(scene: Scene, part: Part) -> Mask | None:
    """How much each pixel belongs to a part; ``None`` where all do, or the part was not found.

    Args:
        scene: what is edited. Its subject is found where it is needed; transparency says what it is where there is any.
        part: which.

    Raises:
        Refusal: no subject is found.
        MissingDependency: the model is not installed.
    """
    if part == "everything":
        return None
    if part in ("subject", "background"):
        subject = _subject(scene)
        return subject if part == "subject" else 1 - subject
    if part == "sky":
        return sky(scene.picture)
    light = _lightness(scene.picture)
    return _ramp(light, _FROM, _TO) if part == "highlights" else _ramp(1 - light, _FROM - 0.1, _TO - 0.1)


def _subject(scene: Scene) -> Mask:
    import numpy as np

    own = scene.picture[..., 3]
    pixels = own if (own < 255).any() else scene.subject[..., 3]
    return np.divide(pixels, 255, dtype=np.float32)


def _ramp(values: Floats, low: float, high: float) -> Mask:
    """0 below, 1 above, and smooth between."""
    import numpy as np

    share = np.clip((values - low) / (high - low), 0, 1)
    found: Mask = (share * share * (3 - 2 * share)).astype(np.float32)
    return found


def _lightness(picture: npt.NDArray[np.uint8]) -> Floats:
    """OKLab's lightness, a little blurred: what is light is a place, not a grain."""
    import numpy as np

    from makeready.edit import oklab

    height, width = picture.shape[:2]
    found = np.empty((height, width), np.float32)
    step = max(1, _LOOKED_AT // width)
    for top in range(0, height, step):
        rows = slice(top, top + step)
        found[rows] = oklab.lab(picture[rows, :, :3].astype(np.float32) / np.float32(255))[..., 0]
    return planes.box_mean(found, max(1, round(0.004 * max(height, width))))


def sky(picture: npt.NDArray[np.uint8]) -> Mask | None:
    """How much each pixel belongs to the sky: a light or blue, even area that reaches the upper edge.

    It is found by what skies look like, not by what they are: a pale wall behind a person counts as well. A sky full of
    small clouds, or a black one, is not found.

    Args:
        picture: height × width × 4.

    Returns:
        The mask, or ``None`` where there is no sky to be seen.
    """
    import numpy as np
    from scipy import ndimage

    from makeready.edit import oklab

    small = planes.picture(np.ascontiguousarray(picture[..., :3])).preview(_LOOKED_AT)
    down, across = small.shape[:2]
    colours = oklab.lab(small)
    light, blue = colours[..., 0], -colours[..., 2]
    changes = sum(ndimage.gaussian_gradient_magnitude(colours[..., k], 1.0) for k in range(3))
    rough = np.sqrt(np.maximum(0, planes.box_mean(light**2, 3) - planes.box_mean(light, 3) ** 2))
    by_day = (light + 2 * blue > _LIKE_SKY) & (blue > -0.06) & (light > _LIGHT)
    at_dusk = (blue > _DEEP_BLUE) & (light > _DUSK)
    likely = (rough < _SMOOTH) & (changes < _STEP) & (by_day | at_dusk)
    labels, count = ndimage.label(likely)
    if not count:
        return None
    at_top = np.bincount(labels[: max(1, down // 50)].max(axis=0), minlength=count + 1)[1:]
    seeds = [number for number in np.flatnonzero(at_top > 0.02 * across) + 1 if _is_high(labels == number)]
    area = np.isin(labels, seeds)
    if not seeds or at_top.sum() < _AT_TOP * across or area.mean() < _COVERS:
        return None
    # Clear sky between branches and towers has the colour of the sky beside it, row by row.
    tone = _tone_by_row(colours, area)
    lowest = int(np.flatnonzero(area.any(axis=1))[-1])
    near = np.linalg.norm(colours - tone[:, None, :], axis=2) < _ALIKE
    near[lowest + max(1, down // 50) :] = False
    reached = ndimage.binary_propagation(
        area, mask=area | (near & ndimage.binary_dilation(area, iterations=down // 20))
    )
    filled = ndimage.binary_opening(ndimage.binary_closing(reached, iterations=2), iterations=1) | area
    soft = planes.blurred(filled.astype(np.float32), 1.0)
    return _fitted(soft, small, picture)


def _is_high(area: npt.NDArray[np.bool_]) -> bool:
    """Whether an even area is one that the sky could be: its middle lies in the upper part of the picture."""
    import numpy as np

    rows = np.flatnonzero(area.any(axis=1))
    middle = float(np.average(np.arange(len(area)), weights=area.sum(axis=1)))
    return rows[0] <= 0.02 * len(area) and middle < 0.6 * len(area)


def _tone_by_row(colours: Floats, area: npt.NDArray[np.bool_]) -> Floats:
    """The colour that an area has in each row; beyond it, that of the nearest row."""
    import numpy as np

    counts = area.sum(axis=1)
    sums = (colours * area[..., None]).sum(axis=1)
    rows = np.flatnonzero(counts)
    means = sums[rows] / counts[rows, None]
    return np.stack([np.interp(np.arange(len(area)), rows, means[:, k]) for k in range(3)], axis=1).astype(np.float32)


def _fitted(soft: Floats, small: Floats, picture: npt.NDArray[np.uint8]) -> Mask:
    """A mask of the small copy in the size of the picture, its edge drawn to the picture's."""
    import numpy as np

    height, width = picture.shape[:2]
    grown = np.empty((height, width), np.float32)
    # A guided filter (He, Sun, Tang 2013) on lightness: edges of the mask go where those of the picture are.
    guide = small.mean(axis=2)
    radius, smooth = max(2, round(0.006 * max(guide.shape))), 1e-4
    mean, level = planes.box_mean(guide, radius), planes.box_mean(soft, radius)
    slope = (planes.box_mean(guide * soft, radius) - mean * level) / (
        planes.box_mean(guide * guide, radius) - mean**2 + smooth
    )
    offset = planes.box_mean(level - slope * mean, radius)
    slope = planes.box_mean(slope, radius)
    step = max(1, _LOOKED_AT // width)
    slope, offset = planes.resized(slope, width, height), planes.resized(offset, width, height)
    for top in range(0, height, step):
        rows = slice(top, top + step)
        bright = picture[rows, :, :3].mean(axis=2, dtype=np.float32) / 255
        grown[rows] = np.clip(slope[rows] * bright + offset[rows], 0, 1)
    return grown
