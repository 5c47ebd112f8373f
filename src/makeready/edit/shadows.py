"""Shadows on a ground that is not in the picture, worked out from the subject's outline alone.

Light leaves three marks where a thing stands. Where it touches the ground hardly any gets in: a narrow, dark line. Near
it part of the sky is hidden: a soft shade that fades as the thing rises off the ground. And what light comes from one
side falls as a sheared, squashed image of the thing, the less sharp the further it falls, because a lamp has a width.

All of it is smooth, so it is calculated on a small picture and enlarged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from makeready.edit.footing import Thing, gentle, things
from makeready.raster.mend import canvas
from makeready.upscale import lanczos

if TYPE_CHECKING:
    import numpy.typing as npt

    from makeready.edit.colours import Rgba
    from makeready.edit.layout import Placement
    from makeready.edit.scene import Frame, Pixels

    Floats = npt.NDArray[np.float32]

Mode = Literal["soft", "hard", "floating"]

#: Pixels of the longer side that it is calculated with; the edges of a hard shadow need more.
_WORKING = {"soft": 800, "hard": 1600, "floating": 800}
#: Room around the picture, of the longer side, in which shadows are followed further.
_ROOM = 0.2
#: The ground is seen from a little above: what lies one length behind is this much higher in the picture, and never
#: less than the second number, where a shadow would become a line.
_TILT, _THINNEST = 0.5, 0.1
#: Turns of finding the foot of the ray that ends at a pixel.
_TURNS = 4
#: The ground that a cast shadow falls on: how steep it is at most, and over how much of the thing's width it bends.
_STEEPEST, _BEND = 0.2, 0.15
#: How much the ground may rise along with the shadow that falls on it; at 1 they would be parallel.
_ALONG = 0.5
#: Sharpnesses that a cast shadow is mixed of.
_LEVELS = 6
#: Of a shadow's darkness, what may be beyond the frame before somebody should know.
_LOST = 0.05
#: Of a thing's size, how far it may end above the ground and stand on it.
_STANDS = 0.01
#: Of the opacity, what a shadow has whose thing does not touch the ground.
_FLOATING = 0.8
#: A thing that ends so near to the edge of the picture touches it; pixels of the small picture.
_TOUCHES = 1.5
#: Things whose distance is less than this share of all their width float as one.
_TOGETHER = 0.08


@dataclass(frozen=True, slots=True)
class Light:
    """How a shadow looks. Lengths are shares of the thing's height, blurs of its size."""

    mode: Mode
    #: Where it falls: 0° to the right, 90° behind the thing, 180° to the left, 270° before it.
    angle: float = 35
    #: How long it is; of a floating thing, how far above the ground it floats.
    length: float = 0.5
    #: Of its darkest place.
    opacity: float = 0.6
    colour: Rgba = (0, 0, 0, 255)


@dataclass(frozen=True, slots=True)
class _Look:
    """How a kind of shadow is mixed: shares of its opacity, and blurs."""

    touch: float
    near: float
    cast: float
    #: Of the cast shadow: at the foot, and what it gains with its length.
    blur: float
    blurring: float
    #: How many lengths of the thing it takes until only a third of it is left.
    lasting: float


_LOOKS = {
    "soft": _Look(touch=0.9, near=0.55, cast=0.55, blur=0.006, blurring=0.12, lasting=0.7),
    "hard": _Look(touch=0.6, near=0.15, cast=0.8, blur=0.0015, blurring=0.008, lasting=4.0),
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What became of a shadow."""

    #: Of the frame's size; ``None`` where nothing casts one.
    layer: Pixels | None
    #: Whether a thing was left out, because it is cut off at its foot.
    cut_off: bool = False
    #: Whether much of it is beyond the frame.
    lost: bool = False


def grounded(subject: Pixels) -> bool:
    """Whether the foot of anything is in the picture: nobody knows where something stands that is cut off below."""
    alpha, scale = _small(subject, _WORKING["soft"])
    found = list(things(alpha))
    return not found or any(_stands(thing, floor(subject) * scale) for thing in found)


def floor(subject: Pixels, placement: Placement | None = None) -> float:
    """Where the picture ends, downwards; a thing that reaches it is cut off.

    Args:
        subject: as large as the picture. One that touches all four edges was trimmed to its box: it is whole.
        placement: where it comes to stand; then it is said in pixels of the result. A subject that reaches beyond the
            result is cut off by it.
    """
    box, height = canvas.box_of(subject), subject.shape[0]
    whole = box == (0, 0, subject.shape[1], height)
    if placement is None:
        return math.inf if whole else height
    start, end = placement.source[1], placement.source[3]
    above, below = placement.target[1], placement.target[3]
    end_of_picture, end_of_box = (above + (y - start) * (below - above) / (end - start) for y in (height, box[3]))
    end_of_result = placement.window[3] if placement.window else placement.height
    cut = end_of_result if end_of_box > end_of_result + 1 else math.inf
    return min(math.inf if whole else end_of_picture, cut)


def _stands(thing: Thing, floor: float) -> bool:
    return thing.bottom < floor - _TOUCHES


def _small(subject: Pixels, longer: int) -> tuple[Floats, float]:
    """Its opacity, no larger than needed, and how many times as large that is."""
    tall, wide = subject.shape[:2]
    scale = min(1.0, longer / max(tall, wide))
    size = max(1, round(wide * scale)), max(1, round(tall * scale))
    alpha = lanczos.resize(np.ascontiguousarray(subject[..., 3]), *size)
    return np.divide(alpha, 255, dtype=np.float32), size[1] / tall


def shadow(frame: Frame, light: Light, floor: float = math.inf) -> Drawn:
    """The shadow of a frame's subject, as a layer.

    Args:
        frame: where it stands.
        light: how the shadow looks.
        floor: where what was cut off ends, in pixels of the frame.
    """
    small, scale = _small(frame.subject, _WORKING[light.mode])
    tall, wide = small.shape
    room = math.ceil(_ROOM * max(wide, tall))
    alpha = np.pad(small, room)
    found = list(things(alpha))
    whole = [thing for thing in found if _stands(thing, floor * scale + room)]
    if not whole:
        return Drawn(None, cut_off=bool(found))
    if light.mode == "floating":
        dark = _floating(alpha, whole, light)
    else:
        dark = _cast_by_all(alpha, whole, light, _LOOKS[light.mode])
    inside = dark[room : room + tall, room : room + wide]
    lost = float(dark.sum() - inside.sum()) > _LOST * float(dark.sum())
    opacity = np.rint(inside * (light.opacity * light.colour[3])).clip(0, 255).astype(np.uint8)
    layer = np.empty((frame.height, frame.width, 4), np.uint8)
    layer[:] = light.colour
    layer[..., 3] = lanczos.resize(opacity, frame.width, frame.height)
    return Drawn(layer, len(whole) < len(found), lost)


def _floating(alpha: Floats, found: Sequence[Thing], light: Light) -> Floats:
    """Soft ellipses on the ground below things that float."""
    dark = np.zeros_like(alpha)
    rows, columns = np.ogrid[: alpha.shape[0], : alpha.shape[1]]
    for group in _together(found):
        left, right = group[0].left, group[-1].right
        top, bottom = min(thing.top for thing in group), max(thing.bottom for thing in group)
        mass = np.cumsum(alpha[:, left:right].sum(axis=0))
        first, last = np.searchsorted(mass, (0.02 * mass[-1], 0.98 * mass[-1]))
        # The shadow of what is up in the air is narrower than it: light comes in from all around.
        across = max(1.0, 0.5 * (last - first))
        down = max(1.0, 0.15 * across)
        middle = bottom + light.length * (bottom - top) + 0.3 * down
        away = np.hypot((columns + 0.5 - left - (first + last) / 2) / across, (rows + 0.5 - middle) / down)
        np.maximum(dark, np.float32(_FLOATING) * np.exp(-2.2 * away.astype(np.float32) ** 2), out=dark)
    return np.where(dark < 1 / 512, 0, dark).astype(np.float32, copy=False)


def _together(found: Sequence[Thing]) -> Iterable[list[Thing]]:
    near = _TOGETHER * (found[-1].right - found[0].left)
    group: list[Thing] = []
    for thing in found:
        if group and thing.left - group[-1].right > near:
            yield group
            group = []
        group.append(thing)
    yield group


def _cast_by_all(alpha: Floats, found: Sequence[Thing], light: Light, look: _Look) -> Floats:
    """What is left of the light, taken from 1: the marks of all things."""
    touch, near, cast = (np.zeros(alpha.shape, np.float32) for _ in range(3))
    for thing in found:
        _at_foot(thing, touch, width=0.006, lift=0.012)
        _at_foot(thing, near, width=0.035, lift=0.12)
        _cast(alpha, thing, light, look, cast)
    left = (1 - look.touch * touch) * (1 - look.near * near) * (1 - look.cast * cast.clip(0, 1))
    return np.subtract(1, left, dtype=np.float32)


def _at_foot(thing: Thing, into: Floats, *, width: float, lift: float) -> None:
    """A shade along the line on which a thing stands, fainter where it is off the ground.

    Args:
        thing: what stands.
        into: where it is drawn; where two overlap, the darker one counts.
        width: how far the shade reaches, of the thing's size.
        lift: how far off the ground the thing leaves a third of it, of its size.
    """
    sigma = max(0.7, width * thing.size)
    reach = math.ceil(3 * sigma)
    left, right = max(0, thing.left - reach), min(into.shape[1], thing.right + reach)
    ground = thing.ground[left:right]
    top, bottom = max(0, int(ground.min()) - reach), min(into.shape[0], int(ground.max()) + reach + 1)
    strength = np.zeros(right - left, np.float32)
    strength[thing.left - left : thing.right - left] = np.exp(-thing.gap / (lift * thing.size))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    strength = np.convolve(np.pad(strength, reach), kernel / kernel.sum(), mode="valid").astype(np.float32)
    below = (np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5) - ground[None, :]) / sigma
    part = into[top:bottom, left:right]
    np.maximum(part, strength * np.exp(np.float32(-0.5) * below * below), out=part)


def _cast(alpha: Floats, thing: Thing, light: Light, look: _Look, into: Floats) -> None:
    """The image of a thing that light from one side throws on the ground; where two overlap, the darker one counts."""
    angle = math.radians(light.angle)
    across = light.length * math.cos(angle)
    back = light.length * _TILT * math.sin(angle)
    back = math.copysign(max(abs(back), light.length * _THINNEST), back)
    if back == 0:
        return
    # A shadow on a steep, bent ground is torn, and along one that rises as it does there would be none.
    steepest = min(_STEEPEST, _ALONG * abs(back / across)) if across else _STEEPEST
    ground = _smooth(gentle(thing.ground, steepest), round(_BEND * thing.width))
    lowest, highest = float(ground.max()), float(ground.min())
    tall = lowest - thing.top
    spread = look.blurring * light.length * thing.size
    margin = math.ceil(3 * (spread + look.blur * thing.size)) + 2
    left = max(0, math.floor(thing.left + min(0, across * tall)) - margin)
    right = min(alpha.shape[1], math.ceil(thing.right + max(0, across * tall)) + margin)
    top = max(0, math.floor(highest - max(0, back * tall)) - margin)
    bottom = min(alpha.shape[0], math.ceil(lowest - min(0, back * tall)) + margin)
    rows = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
    columns = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5)
    height = _heights(ground, rows, columns, across, back)
    foot = columns - np.float32(across) * height
    seen = _sampled(alpha[:, thing.left : thing.right], foot - thing.left, _at(ground, foot) - height)
    if back > 0:
        # On the side that the light comes from, none of it lies before an edge that stands on the ground.
        lowest_at = int(np.argmax(thing.ground))
        lit = np.zeros(alpha.shape[1], bool)
        lit[thing.left : thing.right] = thing.gap < _STANDS * thing.size
        lit[slice(lowest_at, None) if across >= 0 else slice(None, lowest_at)] = False
        before = np.clip(thing.ground[None, left:right] - rows + 0.5, 0, 1)
        seen *= np.where(lit[None, left:right], before, 1)
    # The shadow begins at the foot, not with a step but within the pixel.
    seen *= np.clip(height * abs(back) + 0.5, 0, 1)
    far = (height / tall).clip(0, 1)
    seen *= np.exp(-far / np.float32(look.lasting))
    dark = np.zeros_like(seen)
    level = far * (_LEVELS - 1)
    for step in range(_LEVELS):
        weight = (1 - np.abs(level - step)).clip(0, 1)
        sigma = look.blur * thing.size + spread * step / (_LEVELS - 1)
        dark += canvas.blurred(seen * weight, sigma)
    part = into[top:bottom, left:right]
    np.maximum(part, dark, out=part)


def _smooth(line: Floats, width: int) -> Floats:
    """The mean over some columns."""
    reach = width // 2
    sums = np.cumsum(np.pad(line.astype(np.float64), (reach + 1, reach), mode="edge"))
    found: Floats = ((sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1)).astype(np.float32)
    return found


def _heights(ground: Floats, rows: Floats, columns: Floats, across: float, back: float) -> Floats:
    """How high above its foot a point is whose shadow falls on each pixel.

    The point at a height h above the foot (x, ground(x)) throws it to (x + across h, ground(x) - back h). That is
    solved for h by Newton's method.
    """
    height = (_at(ground, columns) - rows) / np.float32(back)
    if np.ptp(ground) < 0.5:
        return height
    slope = np.gradient(ground).astype(np.float32) * np.float32(across / back)
    for _ in range(_TURNS):
        foot = columns - np.float32(across) * height
        height += ((_at(ground, foot) - rows) / np.float32(back) - height) / (1 + np.maximum(_at(slope, foot), -_ALONG))
    return height


def _at(line: Floats, columns: Floats) -> Floats:
    """A line's values between its points; beyond its ends it goes on level."""
    place = (columns - np.float32(0.5)).clip(0, len(line) - 1)
    first = place.astype(np.int32)
    part = place - first
    found: Floats = line[first] * (1 - part) + line[np.minimum(first + 1, len(line) - 1)] * part
    return found


def _sampled(picture: Floats, columns: Floats, rows: Floats) -> Floats:
    """Values between pixels, linear in both directions; 0 beyond the picture."""
    padded = np.pad(picture, 1)
    tall, wide = padded.shape
    x, y = (columns + np.float32(0.5)).clip(0, wide - 1.001), (rows + np.float32(0.5)).clip(0, tall - 1.001)
    left, top = x.astype(np.int32), y.astype(np.int32)
    x -= left
    y -= top
    at = top * wide + left
    flat = padded.ravel()
    upper = flat[at] * (1 - x) + flat[at + 1] * x
    at += wide
    lower = flat[at] * (1 - x) + flat[at + 1] * x
    found: Floats = upper * (1 - y) + lower * y
    return found
