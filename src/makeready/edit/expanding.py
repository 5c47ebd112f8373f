"""A background goes on where it is clear: as a surface with grain, as texture, or not at all.

What can be continued is measured, not guessed. Ground that varies little once its slow changes are taken off is
*plain*. For all else a part of the picture that is known, as wide as what is clear and beside it, is made up from the
rest and held against the truth: where its large shapes come out wrong, the picture shows a *scene*, and more of it
would be invented by copying. Narrow margins are always continued: nobody reads shapes in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from makeready.changes import Refusal
from makeready.edit import filling, grain, membrane, patches
from makeready.raster.mend import canvas
from makeready.upscale import lanczos

if TYPE_CHECKING:
    import numpy.typing as npt

    from makeready.edit.scene import Pixels

    Floats = npt.NDArray[np.float32]
    Bits = npt.NDArray[np.bool_]

Kind = Literal["plain", "texture", "scene"]

#: Of 255: pixels that are less opaque than this are filled.
_OPAQUE = 250
#: The longer side at which surfaces are fitted, and at which it is tried how well texture goes on.
_FITTED, _TRIED = 512, 224
#: Of 255: fine structure up to this strength is continued as grain.
_GRAIN = 12.0
#: How wide the ring of surroundings is that has to be plain, as a share of the shorter side of what is known.
_RING = 0.06
#: A margin narrower than this share of what is known beside it is always continued.
NARROW = 0.1
#: Of 255: how far large shapes may be from the truth where they were made up to see how it goes.
WRONG = 22.0
#: Pixels that are finished at a time.
_STRIP = 1_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a background shows beside its clear parts, and the measurements that say so."""

    kind: Kind
    #: Of 255: what is left of the surroundings without their slow changes.
    roughness: float
    #: The depth of what is clear as a share of the shorter side of what is known.
    depth: float
    #: Of 255: how far large shapes that were made up on trial are from the truth; ``None`` where none were.
    error: float | None = None


@dataclass(frozen=True, slots=True)
class _Small:
    """A picture at a smaller size: colours, what is known and may be taken from, and what is to be filled."""

    colours: Floats
    known: Bits
    gap: Bits
    factor: int


def clear(ground: Pixels) -> Bits:
    """What is to be filled of a background."""
    found: Bits = ground[..., 3] < _OPAQUE
    return found


def judged(ground: Pixels, barred: Bits | None, seed: int) -> Found:
    """What a background shows beside its clear parts.

    Args:
        ground: height × width × 4, ``uint8``.
        barred: what of it is not looked at: the subject.
        seed: of what is made up on trial.

    Raises:
        Refusal: nothing of it is opaque.
        MissingDependency: texture is to be tried, and the package ``pypatchmatch`` is not installed.
    """
    small = _smaller(ground, barred, _FITTED)
    depth = filling.thickness(np.pad(small.gap, 1)) if small.gap.all() else filling.thickness(small.gap)
    share = depth / max(1, _breadth(small.known | ~small.gap))
    rough = _roughness(small, depth)
    fine = _fineness(ground, barred)
    if rough < filling.FLAT and fine < _GRAIN:
        return Found("plain", rough, share)
    if share <= NARROW:
        return Found("texture", rough, share)
    error = _tried(_smaller(ground, barred, _TRIED), seed)
    return Found("texture" if error <= WRONG else "scene", rough, share, error)


def continued(ground: Pixels, barred: Bits | None, kind: Literal["plain", "texture"], seed: int) -> Pixels:
    """A background without clear parts; opaque pixels stay as they are.

    Args:
        ground: height × width × 4, ``uint8``.
        barred: what is not taken from: the subject.
        kind: as a surface with grain, or as texture.
        seed: the same seed makes the same result.

    Raises:
        Refusal: nothing of it is opaque.
        MissingDependency: for texture, the package ``pypatchmatch`` is not installed.
    """
    gap = clear(ground)
    if not gap.any():
        return ground
    shut = np.zeros_like(gap) if barred is None else barred & ~gap
    if (gap | shut).all():
        raise Refusal("there is no background that could be continued")
    if kind == "plain":
        made = _surface(ground, gap, shut, seed)
    else:
        made = ground.copy()
        made[..., :3] = patches.continued(np.ascontiguousarray(ground[..., :3]), gap, shut, seed)
        made[..., 3] = 255
    return canvas.composed([made, ground])


def _breadth(solid: Bits) -> int:
    """The shorter side of the box of what is known."""
    return min(int(solid.any(axis=0).sum()), int(solid.any(axis=1).sum()))


def _smaller(ground: Pixels, barred: Bits | None, longer: int) -> _Small:
    """Means of squares of what is known in them."""
    factor = max(1, -(-max(ground.shape[:2]) // longer))
    gap = clear(ground)
    shut = np.zeros_like(gap) if barred is None else barred & ~gap
    free = ~(gap | shut)
    if not free.any():
        raise Refusal("there is no background that could be continued")
    count = _means(free.astype(np.float32)[..., None], factor)
    colours = np.dstack([_means((ground[..., at] * free).astype(np.float32)[..., None], factor) for at in range(3)])
    colours = np.divide(colours, count, out=np.zeros_like(colours), where=count > 0)
    known = count[..., 0] >= (0.999 if (count > 0.999).any() else 0)
    return _Small(colours, known, _means(gap.astype(np.float32)[..., None], factor)[..., 0] > 0, factor)


def _means(planes: Floats, factor: int) -> Floats:
    if factor == 1:
        return planes
    tall, wide = planes.shape[:2]
    even = np.pad(planes, ((0, -tall % factor), (0, -wide % factor), (0, 0)), mode="edge")
    squares = even.reshape(even.shape[0] // factor, factor, even.shape[1] // factor, factor, -1)
    means: Floats = squares.mean(axis=(1, 3), dtype=np.float32)
    return means


def _near(small: _Small, reach: float) -> Bits:
    """What is known within some distance of what is clear."""
    from scipy.ndimage import distance_transform_edt

    near: Bits = small.known & (distance_transform_edt(~small.gap) <= reach)
    return near if near.any() else small.known


def _ring(small: _Small) -> Bits:
    """What is known right beside what is clear: if this is plain, so is what follows."""
    return _near(small, max(3.0, _RING * _breadth(small.known)))


def _fitted(small: _Small, depth: float) -> Floats:
    """A surface of the second degree through what is near to what is clear, not led astray by single objects.

    It is fitted to surroundings three times as wide as what is clear is deep, for that shows the course of a gradient;
    where it does not fit them, only to what is right beside.
    """
    wide = _near(small, max(32.0, 3 * depth))
    surface, off = _through(small, wide)
    return surface if off < filling.FLAT else _through(small, _ring(small))[0]


def _through(small: _Small, near: Bits) -> tuple[Floats, float]:
    """A surface through some pixels, and how far they usually are from it.

    Beyond what is known it is held within half of the range of what is known: a parabola does not know where to stop.
    """
    tall, wide = small.known.shape
    down, across = np.mgrid[-1 : 1 : tall * 1j, -1 : 1 : wide * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(down), down, across, down * across, down**2, across**2], axis=2)
    base, colours = terms[near].astype(float), small.colours[near].astype(float)
    weight, usual = np.ones(len(base)), 0.0
    for _ in range(4):
        root = np.sqrt(weight)[:, None]
        solution, *_ = np.linalg.lstsq(base * root, colours * root, rcond=None)
        off = np.sqrt(((colours - base @ solution) ** 2).mean(axis=1))
        usual = float(np.median(off))
        weight = 1 / (1 + (off / (2 * max(1.0, usual))) ** 2)
    surface = (terms @ solution.astype(np.float32)).astype(np.float32)
    low, high = np.percentile(colours, [1, 99], axis=0)
    room = (high - low) / 2
    held: Floats = np.clip(surface, low - room, high + room).astype(np.float32)
    return held, usual


def _stretched(small: _Small, depth: float) -> Floats:
    """The surface, bent so that it meets what is known."""
    surface = _fitted(small, depth)
    return surface + membrane.stretched(small.colours - surface, small.known)


def _surface(ground: Pixels, gap: Bits, shut: Bits, seed: int) -> Pixels:
    """A background as a surface with grain, everywhere."""
    small = _smaller(ground, shut, _FITTED)
    surface = _stretched(small, filling.thickness(small.gap)).clip(0, 255) * np.float32(257)
    tall, wide = gap.shape
    across, down = surface.shape[1] * small.factor, surface.shape[0] * small.factor
    fine = lanczos.resize(np.rint(surface).astype(np.uint16), across, down)[:tall, :wide]
    speckle = grain.tile(ground, ~(gap | shut), seed)
    chance = np.random.default_rng(seed)
    made = np.full_like(ground, 255)
    step = max(1, _STRIP // wide)
    for top in range(0, tall, step):
        values = fine[top : top + step].astype(np.float32) / np.float32(257)
        if speckle is None:
            # Without grain, steps of one in 256 would show: what lies between two falls to the one or the other.
            values = np.rint(values * 64) / 64 + chance.random((*values.shape[:2], 1), np.float32) - np.float32(0.5)
        else:
            grain.add(values, speckle[..., :3], top)
        made[top : top + step, :, :3] = np.rint(values).clip(0, 255)
    return made


def _roughness(small: _Small, depth: float) -> float:
    """What is left right beside the clear parts when the surface is taken off, and all that bends it slowly."""
    off = small.colours - _fitted(small, depth)
    shapes = grain.residual(off, small.known, max(4.0, min(24.0, depth / 2))) - grain.residual(off, small.known, 1.5)
    return float(np.sqrt((shapes[_ring(small)] ** 2).mean()))


def _fineness(ground: Pixels, barred: Bits | None) -> float:
    """What is finer than the squares that surfaces are fitted to, as a median over parts of the picture."""
    free = ~clear(ground) if barred is None else ~(clear(ground) | barred)
    tall, wide = free.shape
    side = min(96, tall, wide)
    found = []
    for top in np.unique(np.linspace(0, tall - side, 8).astype(int)):
        for left in np.unique(np.linspace(0, wide - side, 8).astype(int)):
            here = free[top : top + side, left : left + side]
            if here.sum() >= side * side / 4:
                part = ground[top : top + side, left : left + side, :3].astype(np.float32)
                found.append(float(np.sqrt((grain.residual(part, here, 8.0)[here] ** 2).mean())))
    return float(np.median(found)) if found else 0.0


def _tried(small: _Small, seed: int) -> float:
    """How wrong large shapes come out where what is known is made up from the rest, of 255.

    First the left half of what lies beside the clear parts, then the right one: each from everything else.
    """
    depth = max(2.0, filling.thickness(small.gap))
    band = _near(small, depth)
    across = np.arange(band.shape[1])
    middle = np.median(np.nonzero(band)[1])
    halves = [band & (across < middle), band & (across >= middle)]
    errors = [_wrong(small, half, depth, seed) for half in halves if half.any()]
    return float(np.sqrt(np.mean(np.square(errors))))


def _wrong(small: _Small, band: Bits, depth: float, seed: int) -> float:
    """How wrong large shapes come out in a band that is made up from the rest, of 255; 255 where there is no rest."""
    from scipy.ndimage import gaussian_filter

    rest = small.known & ~band
    if rest.sum() < max(64, 0.1 * small.known.sum()):
        return 255.0
    picture = np.rint(small.colours).astype(np.uint8)
    guess = patches.continued(picture, band, ~(rest | band), seed)
    soft = max(1.0, depth / 3)
    weight = np.maximum(gaussian_filter(band.astype(np.float32), soft), 1e-6)
    off: Any = [
        gaussian_filter((guess[..., at].astype(np.float32) - picture[..., at]) * band, soft) / weight for at in range(3)
    ]
    return float(np.sqrt((np.stack(off, axis=2)[band] ** 2).mean()))
