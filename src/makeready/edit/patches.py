"""Texture goes on: what is missing is put together of patches from elsewhere in the picture.

PatchMatch does the work (C. Barnes, E. Shechtman, A. Finkelstein and D. Goldman, "PatchMatch: A Randomized
Correspondence Algorithm for Structural Image Editing", 2009), by the package ``pypatchmatch``. Its time grows with
what is missing, so large gaps are filled at a smaller size. The fine detail that is lost by that comes back from where
the patches came from: each coarse pixel that was filled is looked up among the known ones, and gets their detail.
"""

from __future__ import annotations

import math
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from makeready.errors import MissingDependency

if TYPE_CHECKING:
    import numpy.typing as npt

    #: Height × width × 3, ``uint8``.
    Colours = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float32]
    Bits = npt.NDArray[np.bool_]

#: The radius of patches. 3 looked as good as 7 and takes half of its time.
_RADIUS = 3
#: Pixels that are filled at most, and that are looked at; more of either, and it is done at a smaller size.
_FILLED, _SEEN = 60_000, 400_000
#: Half the side of the patches by which detail is looked up, and how many numbers are kept of each.
_LOOK, _NUMBERS = 2, 10

#: The package keeps one seed for everybody.
_SEED = Lock()


def continued(picture: Colours, gap: Bits, barred: Bits, seed: int) -> Colours:
    """A picture with its gap filled from patches of the rest; pixels outside of the gap stay as they are.

    Args:
        picture: height × width × 3, ``uint8``.
        gap: what is filled.
        barred: what is never taken from, and left as it is.
        seed: the same seed makes the same result.

    Raises:
        MissingDependency: the package ``pypatchmatch`` is not installed.
    """
    engine = _engine()
    factor = math.ceil(math.sqrt(max(1.0, gap.sum() / _FILLED, gap.size / _SEEN)))
    if factor == 1:
        return _filled(engine, picture, gap, barred, seed)
    tall, wide = gap.shape
    border = ((0, -tall % factor), (0, -wide % factor))
    even = np.pad(picture, (*border, (0, 0)), mode="edge")
    open_, shut = np.pad(gap, border, mode="edge"), np.pad(barred, border, mode="edge")
    # A coarse pixel is known only where all of it is.
    coarse_gap = np.asarray(_blocks(open_, factor).any(axis=(1, 3)))
    coarse_barred: Bits = np.logical_and(_blocks(shut, factor).any(axis=(1, 3)), ~coarse_gap)
    coarse = np.rint(_blocks(even, factor).mean(axis=(1, 3), dtype=np.float32)).astype(np.uint8)
    small = _filled(engine, coarse, coarse_gap, coarse_barred, seed)
    fine = _with_detail(even, small, coarse_gap, coarse_barred, factor)[:tall, :wide]
    return np.where(gap[..., None], fine, picture)


def _engine() -> Any:
    try:
        import patchmatch
    except ImportError as error:
        raise MissingDependency(
            "Filling textured surroundings needs the package pypatchmatch, which is not installed.",
            "Install it: pip install 'makeready[edit]'",
        ) from error
    if not patchmatch.patchmatch_available:
        raise MissingDependency(
            "Filling textured surroundings needs pypatchmatch, which has no compiled part for this system.",
            "Install it where it has one (Linux with glibc, macOS, Windows), or compile it as its page says.",
        )
    return patchmatch


def _filled(engine: Any, picture: Colours, gap: Bits, barred: Bits, seed: int) -> Colours:
    with _SEED:
        engine.set_random_seed(seed)
        made = engine.inpaint(picture, gap, global_mask=barred & ~gap if barred.any() else None, patch_size=_RADIUS)
    return np.where(gap[..., None], made, picture).astype(np.uint8)


def _blocks(values: npt.NDArray[Any], factor: int) -> npt.NDArray[Any]:
    """A picture as squares: rows of squares × rows in each × squares across × columns in each (× planes)."""
    tall, wide = values.shape[:2]
    return values.reshape(tall // factor, factor, wide // factor, factor, *values.shape[2:])


def _with_detail(picture: Colours, small: Colours, gap: Bits, barred: Bits, factor: int) -> Colours:
    """A coarse result at the picture's size, with the detail of the places that its pixels look like.

    Args:
        picture: the fine picture, its sides multiples of ``factor``.
        small: the coarse one, filled.
        gap: what of it was filled.
        barred: what of it is not taken from.
        factor: the ratio of their sizes.
    """
    from makeready.upscale import lanczos

    tall, wide = gap.shape
    fine = lanczos.resize(small, wide * factor, tall * factor)
    known = ~(gap | barred)
    targets = np.argwhere(gap)
    sources, nearest = _alike(small, known, gap)
    if not len(sources):
        return fine
    smooth, rough, result = _blocks(fine, factor), _blocks(picture, factor), fine.copy()
    into = _blocks(result, factor)
    step = max(1, 2_000_000 // (factor * factor))
    for start in range(0, len(targets), step):
        to, of = targets[start : start + step].T, sources[nearest[start : start + step]].T
        detail = rough[of[0], :, of[1]].astype(np.float32) - smooth[of[0], :, of[1]]
        into[to[0], :, to[1]] = np.clip(smooth[to[0], :, to[1]] + detail, 0, 255).astype(np.uint8)
    return result


def _alike(small: Colours, known: Bits, gap: Bits) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Where known pixels are, and for each filled one the number of the known one whose surroundings are most alike."""
    from scipy.ndimage import minimum_filter
    from scipy.spatial import cKDTree

    side = 2 * _LOOK + 1
    whole = minimum_filter(known, side, mode="constant", cval=False)
    sources, targets = np.argwhere(whole), np.argwhere(gap)
    if not len(sources):
        return sources, np.empty(0, np.intp)
    wide = np.pad(small, ((_LOOK, _LOOK), (_LOOK, _LOOK), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(wide, (side, side), axis=(0, 1))

    def patches(places: npt.NDArray[Any]) -> Floats:
        taken: Floats = windows[places[:, 0], places[:, 1]].reshape(len(places), -1).astype(np.float32)
        return taken

    described = patches(sources)
    middle = described.mean(axis=0)
    described -= middle
    _, axes = np.linalg.eigh(described.T @ described)
    axes = axes[:, -_NUMBERS:]
    _, nearest = cKDTree(described @ axes).query((patches(targets) - middle) @ axes, eps=0.5, workers=-1)
    return sources, nearest
