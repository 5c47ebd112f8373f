"""A picture goes through a network: made to fit its input, and its answer made an opacity as large as the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from makeready.errors import MakereadyError
from makeready.segment import planes

if TYPE_CHECKING:
    from makeready.models.session import Session
    from makeready.segment.backend import Segmenter
    from makeready.segment.planes import Plane

#: Networks that take any size get at most so many pixels: more costs memory, and what they learnt on was not larger.
_ANY_PIXELS = 1024 * 1024
#: Enlarged by more than this, the ripples of a sharp filter are taken for things: noise of 300 × 200 pixels was.
_SHARP_UP_TO = 2.0


def opacity(picture: Plane, segmenter: Segmenter, session: Session) -> Plane:
    """How much of each pixel belongs to the subject.

    The picture is stretched to the network's size: pictures with bars around them fared worse, as the bars are
    edges that are not there. The answer is taken as it is: stretched to its own least and most, as is often done, it
    would find a subject in every empty picture.

    Args:
        picture: height × width × 3, red, green and blue from 0 to 1.
        segmenter: what the network eats and gives.
        session: the network, ready to run.

    Returns:
        Height × width, 0 to 1.

    Raises:
        MakereadyError: the network gives something else than it should.
    """
    import numpy as np

    contract = segmenter.contract
    height, width = picture.shape[:2]
    across, down = _input_size(segmenter, width, height)
    sharp = max(across / width, down / height) <= _SHARP_UP_TO
    fitted = planes.resized(picture, across, down, sharp=sharp)
    if contract.order == "bgr":
        fitted = fitted[..., ::-1]
    tensor = np.empty((1, 3, *fitted.shape[:2]), np.float32)
    for channel, (mean, std) in enumerate(zip(contract.mean, contract.std, strict=True)):
        np.multiply(fitted[..., channel], np.float32(contract.range / std), out=tensor[0, channel])
        tensor[0, channel] -= np.float32(mean / std)
    answer = np.asarray(session.run(tensor))
    if answer.ndim != 4 or answer.shape[:2] != (1, 1) or 0 in answer.shape:
        raise MakereadyError(
            f"{segmenter.title} gives {' × '.join(map(str, answer.shape))} numbers instead of one mask.",
            "Its description does not fit the network.",
        )
    mask = answer[0, 0].astype(np.float32)
    if not np.isfinite(mask).all():
        raise MakereadyError(f"{segmenter.title} gives numbers that are none.", "Try another engine.")
    if contract.activation == "sigmoid":
        mask = 1 / (1 + np.exp(-np.clip(mask, -60, 60)))
    return np.clip(planes.resized(np.clip(mask, 0, 1), width, height, sharp=sharp), 0, 1)


def _input_size(segmenter: Segmenter, width: int, height: int) -> tuple[int, int]:
    contract = segmenter.contract
    if contract.size != "any":
        return contract.size
    step = contract.multiple_of
    across, down = planes.fitted(width, height, _ANY_PIXELS)
    return -(-across // step) * step, -(-down // step) * step
