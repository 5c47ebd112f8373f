"""What every network that finds subjects has to keep to, built-in or from a plug-in, as one assertion.

>>> from makeready.testing.segmenters import assert_segmenter_contract
>>> assert_segmenter_contract(my_segmenter)  # doctest: +SKIP

It opens the network, so its weights have to be installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from makeready.errors import MakereadyError
from makeready.registry import BUILT_IN
from makeready.segment import network
from makeready.segment.backend import Segmenter
from makeready.testing.pictures import landscape

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.models.session import Session, Tensor

#: Sizes that pictures come in, among them those that nobody thinks of: width and height.
SIZES = ((64, 48), (1, 1), (301, 7))
#: How far a network's own opacities may be outside of 0 to 1 for rounding.
_OVER = 1e-3


def assert_segmenter_contract(segmenter: Segmenter, *, provider: str = "auto") -> None:
    """Assert that a network is well declared and gives what it declares.

    Args:
        segmenter: the declaration.
        provider: the engine to open it with (see ``makeready.models.session.PROVIDERS``).

    Raises:
        AssertionError: with everything that is wrong, a line each.
        MissingDependency: its weights or the engine are not installed.
    """
    faults = list(segmenter_faults(segmenter, provider=provider))
    if faults:
        raise AssertionError(f"{segmenter.name} breaks the contract of segmenters:\n- " + "\n- ".join(faults))


def segmenter_faults(segmenter: Segmenter, *, provider: str = "auto") -> Iterator[str]:
    """Everything that is wrong with a network; nothing when it keeps the contract."""
    declared = replace(segmenter, source="a plug-in" if segmenter.source == BUILT_IN else segmenter.source).problems()
    yield from declared
    if declared:
        return  # what is declared wrongly cannot be run with sense
    if not segmenter.ready():
        yield "it says that it is not ready"
        return
    session = segmenter.open_session(provider)
    yield from _of_session(segmenter, session)
    for width, height in SIZES:
        try:
            mask = network.opacity(landscape(width, height), segmenter, session)
        except MakereadyError as error:
            yield f"on a picture of {width} × {height}: {error}"
            continue
        if mask.shape != (height, width):
            yield f"on a picture of {width} × {height} it gives a mask of {mask.shape[1]} × {mask.shape[0]}"


def _of_session(segmenter: Segmenter, session: Session) -> Iterator[str]:
    """What goes in and comes out, without the runner around it."""
    import numpy as np

    if not session.provider or not session.title:
        yield "its session does not say which engine runs it"
    seen: list[Tensor] = []
    answers: list[npt.NDArray[np.float32]] = []

    def run(tensor: Tensor) -> Tensor:
        before = tensor.copy()
        answer = session.run(tensor)
        seen.append(tensor if np.array_equal(tensor, before) else before + np.nan)
        answers.append(np.asarray(answer))
        return answer

    picture = landscape(80, 60)
    try:
        for _ in range(2):
            network.opacity(picture, segmenter, replace(session, run=run))
    except MakereadyError as error:
        yield str(error)
        return
    if any(np.isnan(tensor).any() for tensor in seen):
        yield "it changes the array that it is given"
    first, second = answers
    if first.dtype != np.float32:
        yield f"it gives {first.dtype} where float32 is due"
    if not np.array_equal(first, second):
        yield "it gives something else the second time"
    low, high = float(first.min()), float(first.max())
    if segmenter.contract.activation == "none" and not (low >= -_OVER and high <= 1 + _OVER):
        yield f"it gives values from {low:.3g} to {high:.3g}: opacities go from 0 to 1, or its activation is 'sigmoid'"
