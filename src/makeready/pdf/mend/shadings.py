"""Shadings in another colour space: their functions become tables, their corners are converted one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from pikepdf import Array, Dictionary, Name, Pdf, Stream

from makeready.pdf.mend import functions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.colour import Source

    Floats = npt.NDArray[np.float64]

#: Samples of a table along one input: a step of a hundredth of a millimetre on a gradient of 5 mm, and a hard edge
#: between two colours of a long one stays within a hairline.
_SAMPLES_1, _SAMPLES_2 = 1024, 96


class Target(Protocol):
    """What colours become."""

    @property
    def space(self) -> Name:
        """The device space."""

    def numbers(self, source: Source, rows: Floats, *, black: bool) -> Floats:
        """Single colours, from 0 to 1."""


def converted(pdf: Pdf, shading: Any, source: Source, target: Target) -> Any:
    """A copy of a shading in the target's space.

    Raises:
        ValueError: it cannot be converted; the text says why.
    """
    import numpy as np

    channels = 1 if source == "gray" or type(source).__name__ == "CalGray" else 3
    lab = type(source).__name__ == "Lab"

    def numbers(rows: Floats) -> Floats:
        # Gray from end to end is a gradient of black ink; among colours, gray is one of the mixtures.
        gray = channels == 1 or len(rows) == 1 or (not lab and bool((np.ptp(rows, axis=1) < 1e-3).all()))
        return target.numbers(source, rows, black=gray)

    return recoloured(pdf, shading, channels, target.space, numbers)


def recoloured(pdf: Pdf, shading: Any, channels: int, space: Any, numbers: Callable[[Floats], Floats]) -> Any:
    """A copy of a shading with other colours.

    Args:
        pdf: the file.
        shading: the shading.
        channels: how many numbers a colour of it has.
        space: the new colour space.
        numbers: from colours of the old space to those of the new one, row by row.

    Raises:
        ValueError: it cannot be converted; the text says why.
    """
    entries = {key: value for key, value in shading.items() if key not in ("/Length", "/Filter", "/DecodeParms")}
    entries["/ColorSpace"] = space
    if isinstance(shading.get("/Background"), Array):
        background = numbers(_rows([float(value) for value in shading.Background]))
        entries["/Background"] = [round(float(v), 5) for v in background[0]]
    kind = int(shading.get("/ShadingType", 0))
    if "/Function" in shading:
        entries["/Function"] = _function(pdf, shading, kind, channels, numbers)
    elif kind in (4, 5, 6, 7) and isinstance(shading, Stream):
        from makeready.pdf.mend import meshes

        data, decode = meshes.recoloured(shading, kind, numbers)
        return pdf.make_stream(data, {**entries, "/Decode": decode, "/BitsPerComponent": 16})
    else:
        raise ValueError(f"of type {kind} without a function")
    if isinstance(shading, Stream):
        return pdf.make_stream(shading.read_bytes(), entries)
    return pdf.make_indirect(Dictionary(entries))


def _rows(values: list[float]) -> Floats:
    import numpy as np

    return np.array([values], dtype=np.float64)


def _function(pdf: Pdf, shading: Any, kind: int, channels: int, numbers: Callable[[Floats], Floats]) -> Stream:
    sizes: tuple[int, ...] = (_SAMPLES_1,)
    if kind == 1:
        domain, sizes = _numbers(shading.get("/Domain"), [0, 1, 0, 1]), (_SAMPLES_2, _SAMPLES_2)
    elif kind in (2, 3):
        domain = _numbers(shading.get("/Domain"), [0, 1])
    else:  # the corners of meshes have one number each, within Decode
        decode = _numbers(shading.get("/Decode"), [0, 1, 0, 1, 0, 1])
        domain = decode[4:6]
    colours = functions.tabulate(pdf, shading.Function, functions.grid(domain, sizes), channels)
    return functions.sampled(pdf, numbers(colours), sizes, domain)


def _numbers(values: Any, default: list[float]) -> list[float]:
    return [float(value) for value in values] if isinstance(values, Array) and len(values) >= len(default) else default
