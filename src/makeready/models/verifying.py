"""Whether models are as they should be: their files, their converted networks, and what they say to a test picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from makeready.errors import ExitCode, MakereadyError
from makeready.models import store
from makeready.models.contract import Masking, Upscaling
from makeready.models.manifest import Model

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Tensor = npt.NDArray[np.float32]

#: How far a value may be from what was recorded: other processors add in another order.
TOLERANCE = 1e-3
#: Values that are recorded of one answer, besides its mean.
_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found out about one model."""

    model: Model
    #: ``ok``, ``missing``, ``damaged``, ``unusable`` (it cannot be converted or run here) or ``wrong``.
    state: str
    message: str
    hint: str = ""
    exit_code: ExitCode = ExitCode.OK


def verify(model: Model) -> Verified:
    """Hash the files and the network of a model, run it on the processor, and compare what it says."""
    here = store.found(model)
    if here is None:
        error = store.missing(model)
        return Verified(model, "missing", str(error), error.hint, error.exit_code)
    state = "damaged"
    try:
        if here.kind != "folder":
            store.read(model, here)
            state = "unusable"
        from makeready.models import session

        store.forget()
        before = here.kind == "folder" or not store.graph_path(model).exists() or store.sound(store.graph_path(model))
        path = store.graph(model)
        answer = session.opened(path, provider="cpu").run(question(model.contract, model.probe.size))
    except MakereadyError as error:
        return Verified(model, state, str(error), error.hint, error.exit_code)
    if why := _odd(model, answer):
        return Verified(
            model, "wrong", f"{model.title} does not say what it should: {why}.",
            "Look for a newer onnxruntime, or report it with the version that you have.", ExitCode.CRASHED,
        )  # fmt: skip
    repaired = "" if before else "; the network that was kept was damaged and has been made anew"
    return Verified(model, "ok", f"{here.where}{repaired}")


def _odd(model: Model, answer: Tensor) -> str:
    """What is wrong with an answer."""
    import numpy as np

    width, height = model.probe.size
    contract = model.contract
    if isinstance(contract, Upscaling):
        around = 2 * contract.shrink
        wanted = (1, contract.channels, (height - around) * contract.scale, (width - around) * contract.scale)
    else:
        wanted = (1, 1, height, width)
    if answer.shape != wanted:
        return f"its output is {answer.shape} where {wanted} is known"
    if not np.isfinite(answer).all():
        return "its output is not finite"
    said, known = samples(answer), model.probe.values
    away = max(abs(one - other) for one, other in zip(said, known, strict=True))
    return f"its output is {away:.4f} from what is known" if away > TOLERANCE else ""


def samples(answer: Tensor) -> list[float]:
    """What is recorded of an answer: its mean, and values along the row in the middle."""
    height, width = answer.shape[2:]
    columns = [(2 * place + 1) * width // (2 * _SAMPLES) for place in range(_SAMPLES)]
    return [float(answer.mean()), *(float(answer[0, 0, height // 2, column]) for column in columns)]


def question(contract: Masking | Upscaling, size: tuple[int, int]) -> Tensor:
    """The test picture as a network takes it: a warm disc before a cool ground that gets lighter downwards."""
    import numpy as np

    width, height = size
    down, across = np.mgrid[0:height, 0:width].astype(np.float64)
    away = np.hypot((across + 0.5) / width - 0.5, (down + 0.5) / height - 0.5)
    disc = np.clip((0.3 - away) * min(size) / 2 + 0.5, 0, 1)
    ground = 0.15 + 0.2 * (down + 0.5) / height
    planes = [disc * warm + (1 - disc) * ground * cool for warm, cool in ((0.9, 0.7), (0.6, 0.9), (0.3, 1.2))]
    if isinstance(contract, Masking):
        planes = [
            (plane * contract.range - mean) / std
            for plane, mean, std in zip(planes, contract.mean, contract.std, strict=True)
        ]
    else:
        planes = [plane * contract.range for plane in planes[: contract.channels]]
        planes += [np.full_like(disc, value) for value in contract.constants]
        planes += [np.full_like(disc, 5 / 255)] if contract.noise is not None else []
    return np.stack(planes)[None].astype(np.float32)
