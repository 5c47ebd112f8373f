"""What every network that enlarges pictures has to keep to, built-in or from a plug-in, as one assertion.

>>> from makeready.testing.upscalers import assert_upscaler_contract
>>> assert_upscaler_contract(my_upscaler)  # doctest: +SKIP

It opens the network for each of its scales, so its weights have to be installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from makeready.registry import BUILT_IN
from makeready.testing.pictures import landscape
from makeready.upscale.upscaler import STYLES, Network, Upscaler

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

#: How far tones may be from those of the picture, on average: of a truthful network, and of a creative one. Swapped
#: channels or another range of values are three times as far, and more.
_FAR = {"truthful": 0.015, "creative": 0.025}
#: Pixels along the side of the squares that tones are the mean of.
_TONE = 4
#: By how much two tiles may differ where they show the same, without a feather and with one. Engines take other
#: arithmetic for other places; what a feather hides may be more.
_APART = (2 / 255, 48 / 255)


def assert_upscaler_contract(upscaler: Upscaler, *, provider: str = "auto") -> None:
    """Assert that a network is well declared and gives what it declares.

    Args:
        upscaler: the declaration.
        provider: the engine to open it with (see ``makeready.models.session.PROVIDERS``).

    Raises:
        AssertionError: with everything that is wrong, a line each.
        MissingDependency: its weights or the engine are not installed.
    """
    faults = list(upscaler_faults(upscaler, provider=provider))
    if faults:
        raise AssertionError(f"{upscaler.name} breaks the contract of upscalers:\n- " + "\n- ".join(faults))


def upscaler_faults(upscaler: Upscaler, *, provider: str = "auto") -> Iterator[str]:
    """Everything that is wrong with a network; nothing when it keeps the contract."""
    import numpy as np

    declared = replace(upscaler, source="a plug-in" if upscaler.source == BUILT_IN else upscaler.source).problems()
    yield from declared
    if declared:
        return  # what is declared wrongly cannot be run with sense
    assert upscaler.style in STYLES
    for scale in upscaler.scales:
        network = upscaler.open_session(scale, 0.0, provider)
        given = _given(upscaler, 32, 40)
        answer = np.asarray(network(given))
        expected = (*((side - 2 * upscaler.eats) * scale for side in given.shape[:2]), 3)
        if answer.shape != expected:
            yield f"×{scale}: it gives an array of {answer.shape} where {expected} is due"
            continue
        yield from (f"×{scale}: {fault}" for fault in _of_answers(upscaler, network, scale))
        yield from (f"×{scale}: {fault}" for fault in _of_tiles(upscaler, network, scale))
        if upscaler.denoises:
            yield from (f"×{scale}: {fault}" for fault in _of_noise(upscaler, scale, provider))


def _of_answers(upscaler: Upscaler, network: Network, scale: int) -> Iterator[str]:
    """Kind and range of what it gives; that it is the same twice, and the picture that was given."""
    import numpy as np

    given = _given(upscaler, 32, 40)
    before = given.copy()
    answer = np.asarray(network(given))
    if not np.array_equal(given, before):
        yield "it changes the array that it is given"
    if answer.dtype != np.float32:
        yield f"it gives {answer.dtype} where float32 is due"
    if not np.isfinite(answer).all():
        yield "it gives values that are no numbers"
        return
    if not np.array_equal(answer, np.asarray(network(given))):
        yield "it gives something else the second time"
    low, high = upscaler.value_range
    made = (answer - low) / (high - low)
    eats = upscaler.eats
    seen = landscape(given.shape[1], given.shape[0])[eats : given.shape[0] - eats, eats : given.shape[1] - eats]
    apart = _tones(made.astype(np.float32), _TONE * scale) - _tones(seen, _TONE)
    away = float(np.abs(apart)[1:-1, 1:-1].mean())
    if not away <= _FAR[upscaler.style]:
        yield (
            f"the tones of its answer are {away:.3f} of the range away from the picture's: "
            "are the order of channels and the value range right?"
        )


def _of_tiles(upscaler: Upscaler, network: Network, scale: int) -> Iterator[str]:
    """That a tile shows the same wherever it is cut out."""
    import numpy as np

    margin, eats = upscaler.margin, upscaler.eats
    move = -(-8 // upscaler.multiple_of) * upscaler.multiple_of
    wide = _given(upscaler, 2 * margin + 32, 2 * margin + 32 + move)
    width = -(-(2 * margin + 24) // upscaler.multiple_of) * upscaler.multiple_of
    here, there = (np.asarray(network(np.ascontiguousarray(wide[:, at : at + width]))) for at in (0, move))
    cut = (margin - eats) * scale
    here, there = (tile[cut : tile.shape[0] - cut, cut : tile.shape[1] - cut] for tile in (here, there))
    shared = here.shape[1] - move * scale
    low, high = upscaler.value_range
    apart = float(np.abs(here[:, move * scale :] - there[:, :shared]).max()) / (high - low)
    if apart > _APART[upscaler.feather > 0]:
        yield (
            f"two tiles differ by {apart * 255:.0f} levels of 255 where they show the same: "
            "it looks farther than its margin says, or needs a feather"
        )


def _of_noise(upscaler: Upscaler, scale: int, provider: str) -> Iterator[str]:
    """That being told of noise makes a noisy picture smoother."""
    import numpy as np

    side = -(-64 // upscaler.multiple_of) * upscaler.multiple_of
    low, high = upscaler.value_range
    grain = np.random.default_rng(1).normal(0.5, 20 / 255, (side, side, 3)).clip(0, 1)
    given = (grain * (high - low) + low).astype(np.float32)
    left = [float(np.std(upscaler.open_session(scale, noise, provider)(given)[8:-8, 8:-8])) for noise in (0.0, 20.0)]
    if not left[1] < 0.7 * left[0]:
        yield "it says that it removes noise, and leaves it"


def _tones(pixels: Floats, size: int) -> Floats:
    """Means over squares of that many pixels."""
    height, width = (side // size for side in pixels.shape[:2])
    tones: Floats = pixels[: height * size, : width * size].reshape(height, size, width, size, 3).mean(axis=(1, 3))
    return tones


def _given(upscaler: Upscaler, height: int, width: int) -> Floats:
    import numpy as np

    multiple = upscaler.multiple_of
    height, width = (-(-(side + 2 * upscaler.eats) // multiple) * multiple for side in (height, width))
    low, high = upscaler.value_range
    return (landscape(width, height) * (high - low) + low).astype(np.float32)
