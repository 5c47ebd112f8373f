"""What can be chosen about cutting a subject out, and what each choice means in pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from makeready.errors import UsageError, did_you_mean

Quality = Literal["basic", "plus"]
Subject = Literal["auto", "person", "product", "logo", "text", "hair_heavy"]

QUALITIES: tuple[str, ...] = get_args(Quality)
SUBJECTS: tuple[str, ...] = get_args(Subject)
#: Drawn rather than photographed: taken off a plain ground by their colours, without a model.
FLAT_SUBJECTS = ("logo", "text")
#: From as steep as can be, through as it is, to soft.
SOFTEST, AS_IT_IS = 10.0, 5.0


@dataclass(frozen=True, slots=True)
class Options:
    """How a subject is cut out.

    Raises:
        UsageError: a choice that there is not, with the nearest one.
    """

    #: What finds the subject: a name from ``segment.catalogue()``, or the path of an ONNX file.
    model: str = "isnet"
    #: ``basic`` takes the model's mask; ``plus`` reworks its edges against the picture, for hair and fur.
    quality: str = "basic"
    #: What the picture shows; ``auto`` looks.
    subject: str = "auto"
    #: 0 to 10: 0 is the hardest edge, 5 leaves it as it was found, 10 the softest.
    edge_softness: float = AS_IT_IS
    #: Edges are reworked as by ``plus``, for longer, in a band that is wider in hair and narrower elsewhere.
    high_detail: bool = False
    #: The engine that runs the model (see ``models.session``).
    provider: str = "auto"

    def __post_init__(self) -> None:
        for what, value, known in (("quality", self.quality, QUALITIES), ("subject", self.subject, SUBJECTS)):
            if value not in known:
                hint = did_you_mean(str(value), known) or f"There is {', '.join(known)}."
                raise UsageError(f"There is no {what} {value!r} to cut out with.", hint)
        if not 0 <= self.edge_softness <= SOFTEST:
            raise UsageError(
                f"The softness of edges cannot be {self.edge_softness:g}.", "Give a number from 0 (hard) to 10 (soft)."
            )

    @property
    def refined(self) -> bool:
        """Whether edges are reworked against the picture."""
        return self.quality == "plus" or self.high_detail
