"""A network of the user's own: an ONNX file with a note beside it that says what it takes and gives."""

from __future__ import annotations

from pathlib import Path

from makeready.upscale.networks import Running, of_contract
from makeready.upscale.upscaler import Network, Upscaler


def upscaler(path: str) -> Upscaler:
    """The network in a file, by what its note says.

    Raises:
        UsageError: there is no such file, or its note does not describe a network that enlarges.
    """
    from makeready.models.contract import Upscaling
    from makeready.models.sidecar import read

    found = read(Path(path), "upscale")
    contract = found.contract
    assert isinstance(contract, Upscaling)

    def open_session(_scale: int, noise: float, provider: str) -> Network:
        from makeready.models import session

        return Running(session.opened(found.graph(), provider=provider), contract, noise)

    return of_contract(
        contract,
        open_session,
        name=path,
        title=found.title,
        licence="its owner's",
        style="truthful",
        scales=(contract.scale,),
        denoises=contract.noise is not None,
    )
