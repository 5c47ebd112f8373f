"""Lines of text found in a picture: PP-OCR's detector, and boxes made from what it says.

The network gives of each pixel how likely it lies in the middle of a line of text (M. Liao and others, "Real-time Scene
Text Detection with Differentiable Binarization", 2020). Its lines are thinner than the text, so that neighbours do not
touch; boxes are grown to what the text takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from makeready.segment import planes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.edit.scene import Pixels
    from makeready.models.contract import Detecting

    Plane = npt.NDArray[np.float32]
    Points = npt.NDArray[np.float64]

MODEL = "ppocr-text"
#: The picture is looked at in these sizes. A line of letters taller than half of it is only seen when it is small,
#: one of a few pixels only when it is large. What is shorter than 8 pixels in the larger one is hardly found.
LOOKS = (736 * 736, 4_000_000)
#: Small pictures are enlarged to this shorter side, and by no more than so much: the detector learnt on larger letters.
_SHORTER, _ENLARGED = 736, 3.0
#: A pixel belongs to a line from here; a line counts whose pixels say so much on average; boxes grow by their area
#: times this, divided by their outline. All three are PaddleOCR's.
_PIXEL, _LINE, _UNCLIP = 0.3, 0.6, 1.6
#: What is taller than this share of the picture's shorter side, and not this many times as long as tall, is no line:
#: a cup seen from above looks like an O.
_TALL, _LONG = 0.25, 1.8
#: Lines of fewer pixels in the map are none.
_SMALLEST = 3


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line of text: a rectangle that may be turned."""

    #: Its middle, across and down, in pixels of the picture.
    middle: tuple[float, float]
    #: Along the line, and from its top to its foot.
    length: float
    height: float
    #: Of the line against the horizontal, in degrees: above -90, up to 90.
    tilt: float
    #: How sure the detector is, 0 to 1.
    score: float

    def corners(self, grown: float = 0.0) -> Points:
        """Its four corners, across and down, clockwise, moved outwards by some pixels on every side."""
        import numpy as np

        along, across = self.axes()
        half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [self.length / 2 + grown, self.height / 2 + grown]
        return np.array(self.middle) + half[:, :1] * along + half[:, 1:] * across

    def axes(self) -> tuple[Points, Points]:
        """Unit vectors along the line, and down its height."""
        import numpy as np

        turned = np.deg2rad(self.tilt)
        return np.array([np.cos(turned), np.sin(turned)]), np.array([-np.sin(turned), np.cos(turned)])


def lines(picture: Pixels, provider: str = "auto") -> list[Line]:
    """The lines of text in a picture, from its top to its foot.

    Args:
        picture: height × width × 4; what is clear is not read.
        provider: the engine (see ``makeready.models.session``).

    Raises:
        MissingDependency: the model is not installed, or the engine is not there.
    """
    return lines_of(map_of(picture, provider), picture.shape[1], picture.shape[0])


def map_of(picture: Pixels, provider: str = "auto") -> Plane:
    """How likely each pixel lies in a line of text, 0 to 1: the most that any of the looks says, in the larger's size.

    Raises:
        MissingDependency: the model is not installed, or the engine is not there.
    """
    import numpy as np

    from makeready import models
    from makeready.models import session

    contract = _contract()
    run = session.opened(models.graph(MODEL), provider=provider).run
    clear = bool((picture[..., 3] < 255).any())
    seen = planes.picture(picture if clear else np.ascontiguousarray(picture[..., :3]))
    height, width = picture.shape[:2]
    found: Plane | None = None
    for across, down in _looks(width, height):
        preview = seen.preview(min(across * down, width * height))
        fitted = planes.resized(preview, across, down)[..., ::-1]  # blue first, as the network learnt
        tensor = ((fitted - contract.mean) / contract.std).astype(np.float32)
        said = run(np.ascontiguousarray(tensor.transpose(2, 0, 1))[None])[0, 0]
        found = said if found is None else np.maximum(planes.resized(found, across, down), said)
    assert found is not None
    return found


def _contract() -> Detecting:
    from makeready import models
    from makeready.models.contract import Detecting

    contract = models.named(MODEL).contract
    assert isinstance(contract, Detecting)
    return contract


def _looks(width: int, height: int) -> list[tuple[int, int]]:
    """Sizes to look at a picture in, the smaller first; multiples of what the network takes."""
    step = _contract().multiple_of
    larger = max(1.0, min(_ENLARGED, _SHORTER / min(width, height)))
    sizes = []
    for most in LOOKS:
        across, down = planes.fitted(round(width * larger), round(height * larger), most)
        sizes.append((max(step, round(across / step) * step), max(step, round(down / step) * step)))
    return list(dict.fromkeys(sizes))


def lines_of(likely: Plane, width: int, height: int) -> list[Line]:
    """Lines from the detector's map.

    Args:
        likely: the map, in any size.
        width: pixels across of the picture.
        height: pixels down of the picture.
    """
    import numpy as np
    from scipy import ndimage

    scale = np.array([width / likely.shape[1], height / likely.shape[0]])
    labels, count = ndimage.label(likely > _PIXEL, np.ones((3, 3)))
    found = []
    for number, where in enumerate(ndimage.find_objects(labels, count), start=1):
        down, across = np.nonzero(labels[where] == number)
        score = float(likely[where][down, across].mean())
        points = np.column_stack([across + where[1].start, down + where[0].start])
        if score < _LINE or min(np.ptp(points, axis=0)) + 1 < _SMALLEST:
            continue
        # A pixel is a square: its corners are what a rectangle has to go around.
        squares = np.concatenate([points + corner for corner in ((0, 0), (1, 0), (0, 1), (1, 1))]) * scale
        middle, length, tall, tilt = _smallest_rectangle(squares)
        grown = 2 * length * tall * _UNCLIP / (2 * (length + tall))
        if tall + grown > _TALL * min(width, height) and length + grown < _LONG * (tall + grown):
            continue
        found.append(Line(middle, length + grown, tall + grown, tilt, score))
    return sorted(found, key=lambda line: (line.middle[1], line.middle[0]))


def _smallest_rectangle(points: Points) -> tuple[tuple[float, float], float, float, float]:
    """The rectangle of least area around points: one of its sides lies on a side of their hull (Freeman, 1975).

    Returns:
        Its middle, its longer side, its shorter side, and the tilt of the longer one in degrees.
    """
    import numpy as np
    from scipy.spatial import ConvexHull

    hull = points[ConvexHull(points).vertices]
    sides = np.roll(hull, -1, axis=0) - hull
    turns = np.unique(np.round(np.arctan2(sides[:, 1], sides[:, 0]) % (np.pi / 2), 6))
    best: tuple[float, float, Points, Points] | None = None
    for turn in (0.0, *turns):
        axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        along = hull @ axes.T
        low, high = along.min(axis=0), along.max(axis=0)
        area = float(np.prod(high - low))
        # Steps of a staircase are no slope: the upright rectangle stays unless another is clearly smaller.
        if best is None or area < best[0] * (0.97 if best[1] == 0 else 1.0):
            best = area, float(turn), low, high
    assert best is not None
    _, turn, low, high = best
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    middle = (low + high) / 2 @ axes
    length, tall = (float(side) for side in high - low)
    tilt = float(np.rad2deg(turn))
    if tall > length:
        length, tall, tilt = tall, length, tilt + 90
    tilt = tilt - 180 if tilt > 90 else tilt
    return (float(middle[0]), float(middle[1])), length, tall, tilt
