"""A model's mask becomes a matte: its edges reworked against the picture, in a band as narrow as the subject allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from makeready.errors import MissingDependency
from makeready.segment import guided, planes, unmixing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.segment.planes import Mask, Plane

#: Half the width of the band, in pixels of a picture whose longer side is 1024. Wider bands find more hair and lose
#: more of what the model knows: 16 and more lose everywhere.
BANDS = {"person": 6.0, "product": 3.5, "hair_heavy": 9.0, "logo": 3.5, "text": 3.5, "photo": 6.0}
_BANDS_OF = 1024
#: Opacities beyond these are what the model is sure of.
_CLEAR, _SOLID = 0.05, 0.95
#: Pixels of the picture that opacities are solved on at most; made smaller until the band has at most so many, for the
#: sake of memory; but not below so many of the picture.
_PIXELS, _UNKNOWN, _LEAST = 1_200_000, 450_000, 150_000
#: How long the solving of much hair may go on with high detail.
_FINE_TURNS = 160
#: How much variance of colour counts as noise, in solving and in fitting.
_NOISE, _FIT_NOISE = 1e-7, 1e-4
#: Half the side of the squares in which the matte is fitted to the preview's colours, and the model's mask is.
_RADIUS, _PLAIN_RADIUS = 3, 4
#: How much of the surroundings is neither solid nor clear to the model: where it is less than the first, the edge is
#: hard and the model's own is better than what is solved; from the second on what is solved counts; and where it is
#: more than the third there is hair, and the band is wider.
_HARD, _SOFTER, _HAIR = 0.09, 0.14, 0.25
#: Where it is so much, from here to here, the model was at a loss over a wide area; little there is known to solve
#: from, and what the model thinks counts for so much.
_VAGUE, _PRIOR = (0.6, 1.0), 1e-3
#: Where the picture is as even as this (a variance, within so many pixels), black on black, it tells nothing but the
#: blocks of its JPEG: there what the model thinks counts for so much.
_EVEN, _EVEN_RADIUS, _EVEN_PRIOR = 1e-4, 1, 0.1


def plain(preview: Plane, mask: Plane, larger: bool) -> npt.NDArray[np.float32]:
    """The model's mask as it is; for pictures much larger than the model sees, fitted to their edges.

    Args:
        preview: height × width × 3.
        mask: height × width.
        larger: whether the full picture is so much larger that the mask would show as a blur.

    Returns:
        Linear functions of colour (see ``guided``).
    """
    import numpy as np

    band = _band(mask, max(2, round(3 * max(mask.shape) / _BANDS_OF))) if larger else np.zeros(mask.shape, bool)
    return guided.coefficients(preview, sure(mask), band, _PLAIN_RADIUS, _FIT_NOISE)


def sure(mask: Plane) -> Plane:
    """A mask in which what the model is sure of is solid or clear: it rarely says quite 0 or 1."""
    import numpy as np

    stretched: Plane = np.clip((mask - np.float32(_CLEAR)) / np.float32(_SOLID - _CLEAR), 0, 1)
    return stretched


def matted(
    preview: Plane, mask: Plane, subject: str, notes: list[str], *, larger: bool = False, fine: bool = False
) -> npt.NDArray[np.float32]:
    """The matte: opacities solved on a smaller copy and fitted to the preview's colours.

    Args:
        preview: height × width × 3.
        mask: height × width, the model's.
        subject: what the picture shows: it says how wide the band is.
        notes: gets a line where the mask stays as it is.
        larger: as in ``plain``.
        fine: solve longer, in a band that is wide only where there is hair.

    Returns:
        Linear functions of colour (see ``guided``).

    Raises:
        MissingDependency: scipy is not installed.
    """
    import numpy as np

    try:
        from makeready.segment import closed_form
    except ImportError as error:
        raise MissingDependency(
            f"Reworking edges needs scipy, which does not load: {error}.",
            "Install it: pip install 'makeready[ai]', or take quality basic.",
        ) from error
    height, width = mask.shape
    wide = BANDS[subject]
    make = _adaptive if fine or subject == "hair_heavy" else _band
    size = planes.fitted(width, height, _PIXELS)
    while True:
        small = planes.resized(mask, *size)
        band = make(small, _pixels(wide, small))
        share = float(band.sum()) / _UNKNOWN
        least = min(_LEAST, width * height)
        if share <= 1 or size[0] * size[1] <= least:
            break
        size = planes.fitted(*size, max(least, 0.95 * size[0] * size[1] / share))
    if not band.any():
        return plain(preview, mask, larger=larger)
    known = (small > 0.5).astype(np.float32)
    if not (known[~band] == 1).any() or not (known[~band] == 0).any():
        notes.append("nothing in it is surely subject, or surely background: the edges are the model's own")
        return plain(preview, mask, larger=larger)
    softness = _softness(small, _pixels(wide, small))
    seen = planes.resized(preview, *size)
    vague = np.clip((softness - _VAGUE[0]) / (_VAGUE[1] - _VAGUE[0]), 0, 1) * _PRIOR
    own = sure(small)
    guess = unmixing.unmixed(seen, ~band & (known == 1), ~band & (known == 0), own)
    weight = np.maximum(vague, _evenness(seen) * _EVEN_PRIOR)
    matte = closed_form.solved(
        seen, known, band, _NOISE, own, weight, guess, _FINE_TURNS if fine else closed_form.TURNS
    )
    trust = np.clip((softness - _HARD) / (_SOFTER - _HARD), 0, 1)
    # What was changed is enlarged, and not what was found: the model's own detail is finer than the copy.
    change = np.where(band, trust * (matte - own), known - own)
    large = np.clip(sure(mask) + planes.resized(change, width, height), 0, 1)
    here = planes.resized((band & ((trust > 0) | larger)).astype(np.float32), width, height) > 0
    return guided.coefficients(preview, large, here, _RADIUS, _FIT_NOISE)


def _pixels(wide: float, mask: Plane) -> int:
    return max(2, round(wide * float(max(mask.shape)) / _BANDS_OF))


def _band(mask: Plane, radius: int) -> Mask:
    """Whatever the model is not sure of, and what is near that."""
    return planes.spread(mask <= _SOLID, radius) & planes.spread(mask >= _CLEAR, radius)


def _adaptive(mask: Plane, radius: int) -> Mask:
    """A band that is narrow along hard edges and wide in hair."""
    hair = _softness(mask, radius) > _HAIR
    return _band(mask, max(2, radius * 2 // 3)) | (_band(mask, radius * 4 // 3) & planes.spread(hair, radius))


def _softness(mask: Plane, radius: int) -> Plane:
    """How much of the surroundings is neither solid nor clear to the model, 0 to 1."""
    import numpy as np

    return planes.box_mean(((mask > _CLEAR) & (mask < _SOLID)).astype(np.float32), 2 * radius)


def _evenness(seen: Plane) -> Plane:
    """1 where a picture is without any detail, 0 where it has some; of its half, which tells as much."""
    import numpy as np

    height, width = seen.shape[:2]
    half = planes.resized(seen, max(1, width // 2), max(1, height // 2))
    both = planes.box_mean(np.concatenate([half, half * half], axis=-1), _EVEN_RADIUS)
    variance = (both[..., 3:] - both[..., :3] ** 2).max(axis=-1)
    even: Plane = np.clip(1 - variance / np.float32(_EVEN), 0, 1)
    return planes.resized(even, width, height)
