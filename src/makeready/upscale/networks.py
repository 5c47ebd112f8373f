"""Networks with a contract, as data says it: those of the model store, and users' own, are declared from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from makeready.upscale.upscaler import Network, Upscaler

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.models.contract import Upscaling
    from makeready.models.session import Session

    Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Running:
    """A session that takes what its contract says."""

    session: Session
    contract: Upscaling
    #: The noise that it is told of, in levels of 255.
    noise: float = 0.0

    @property
    def title(self) -> str:
        """The engine."""
        return self.session.title

    def __call__(self, pixels: Floats) -> Floats:
        """Enlarge one picture, height × width × 3 from 0 to 1."""
        import numpy as np

        contract = self.contract
        height, width, _ = pixels.shape
        planes = pixels.transpose(2, 0, 1)[:: -1 if contract.order == "bgr" else 1]
        # A network of one channel gets the three as three pictures.
        planes = planes.reshape(3 // contract.channels, contract.channels, height, width)
        tensor = np.empty((len(planes), contract.inputs, height, width), np.float32)
        np.multiply(planes, np.float32(contract.range), out=tensor[:, : contract.channels])
        told = list(contract.constants)
        if contract.noise is not None:
            told.append(min(self.noise, contract.noise) / 255)
        for at, value in enumerate(told, start=contract.channels):
            tensor[:, at] = value
        answer = self.session.run(tensor)
        if answer.ndim != 4 or answer.shape[0] * answer.shape[1] != 3:
            return answer  # of the wrong shape: whoever asked says so
        answer = answer.reshape(3, *answer.shape[2:]).transpose(1, 2, 0)[..., :: -1 if contract.order == "bgr" else 1]
        return answer / np.float32(contract.range) if contract.range != 1 else answer


def of_store(
    name: str, title: str, licence: str, style: str, scales: tuple[int, ...], weights: Callable[[int, float], str]
) -> Upscaler:
    """Declare networks of the model store.

    Args:
        name: in options.
        title: for people.
        licence: of the weights.
        style: ``truthful`` or ``creative``.
        scales: what one pass can do.
        weights: the id in the store, for a scale and a noise level.
    """
    from makeready import models

    def open_session(scale: int, noise: float, provider: str) -> Network:
        from makeready.models import session

        id = weights(scale, noise)
        return Running(session.opened(models.graph(id), provider=provider), _contract(id), noise)

    return of_contract(
        _contract(weights(scales[0], 0)), open_session, name=name, title=title, licence=licence, style=style,
        scales=scales, weights=weights, denoises=weights(scales[0], 0) != weights(scales[0], 255),
    )  # fmt: skip


def of_contract(contract: Upscaling, open_session: Callable[[int, float, str], Network], **declared: Any) -> Upscaler:
    """A network whose tiles are as its contract says.

    A network that is blended has half of its overlap as a margin that is cut off, and fades over the whole of it:
    so neighbours share twice the overlap, as others do.
    """
    overlap = contract.overlap
    return Upscaler(
        open_session=open_session,
        tile=contract.tile - 2 * overlap,
        margin=max(overlap // 2, contract.shrink) if contract.feather else overlap,
        eats=contract.shrink,
        feather=overlap // 2 * 2 if contract.feather else 0,
        multiple_of=contract.multiple_of,
        **declared,
    )


def _contract(id: str) -> Upscaling:
    from makeready import models
    from makeready.models.contract import Upscaling

    contract = models.named(id).contract
    assert isinstance(contract, Upscaling)
    return contract
