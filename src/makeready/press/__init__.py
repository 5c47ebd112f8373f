"""The presses that colours are converted for: output profiles that ship with the package, or a shop's own.

The shipped ones are made by ``tools/press_profiles.py``; where the measurements come from, and what may be done with
them, is in ``NOTICE.md`` beside them.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

from makeready.errors import UsageError, did_you_mean
from makeready.icc import MOST_BYTES, read_header, registered_condition
from makeready.units import Percent

__all__ = ["DEFAULT", "REGISTRY", "Press", "load", "names"]

#: The press where nobody names one: offset on coated paper.
DEFAULT = "fogra39"
#: Where characterised printing conditions are registered (ISO 15930-7, 6.2.2: RegistryName).
REGISTRY = "http://www.color.org"

_TITLES = {
    "fogra39": "Offset on coated paper (FOGRA39, ISO 12647-2, paper type 1 or 2)",
    "fogra29": "Offset on white uncoated paper (FOGRA29, ISO 12647-2, paper type 4)",
    "gracol": "Offset on coated paper of grade 1 (GRACoL, CGATS TR 006)",
    "swop": "Web offset on coated paper of grade 3 (SWOP, CGATS TR 003)",
    "newsprint": "Coldset on newsprint (SNAP, CGATS TR 002)",
}


@dataclass(frozen=True, slots=True)
class Press:
    """A characterised printing condition: CMYK on a certain paper, described by an output profile."""

    #: As it was asked for: a shipped profile's name, or the path of a file.
    name: str
    title: str
    #: What a PDF's OutputConditionIdentifier says, such as ``FOGRA39`` or ``CGATS TR 006``. Of a shop's profile that
    #: names no registered condition, its own description.
    condition: str
    #: The most ink of all four plates that converting to it gives, whatever the colour.
    ink: Percent
    icc: bytes = field(repr=False)
    #: What a PDF's RegistryName says; ``None`` where the condition is not registered.
    registry: str | None = REGISTRY


def names() -> tuple[str, ...]:
    """The shipped profiles, by the names that ``load`` takes; their default first."""
    return tuple(_TITLES)


def load(name: str | Path) -> Press:
    """A press by name, or by the path of a profile.

    Args:
        name: one of ``names()``, its condition (``FOGRA39``, ``CGATS TR 006``), or the path of an ICC output profile.

    Raises:
        UsageError: there is no such name or file, or it is not a CMYK output profile that can be used.
    """
    wanted = _folded(str(name))
    for shipped in _TITLES:
        if wanted == shipped or (isinstance(name, str) and wanted == _folded(_shipped(shipped).condition)):
            return _shipped(shipped)
    path = Path(name)
    try:
        if path.is_file():
            with path.open("rb") as file:
                return _from_bytes(file.read(MOST_BYTES), str(name), None)
    except OSError as error:
        raise UsageError(f"The profile {path} cannot be read: {error.strerror}.", "Check the path.") from error
    if path.suffix.lower() in (".icc", ".icm") or len(path.parts) > 1:
        raise UsageError(f"There is no profile {path}.", "Check the path.")
    hint = did_you_mean(str(name), names()) or f"There are {', '.join(names())}; or give the path of an ICC profile."
    raise UsageError(f"There is no press {str(name)!r}.", hint)


def _folded(name: str) -> str:
    return "".join(name.lower().split())


@cache
def _shipped(name: str) -> Press:
    data = resources.files(__name__).joinpath(f"{name}.icc").read_bytes()
    return _from_bytes(data, name, _TITLES[name])


def _from_bytes(data: bytes, name: str, title: str | None) -> Press:
    header = read_header(data)
    if header.damage:
        raise UsageError(f"The profile {name} {header.damage}.", "Get it again from where it came from.")
    if header.device_class != "output" or header.colour_space != "CMYK":
        raise UsageError(
            f"{name} is no CMYK output profile: it is of class {header.device_class}, for {header.colour_space}.",
            f"Name the profile of the press, or one of {', '.join(names())}.",
        )
    condition = registered_condition(data)
    described = header.description or Path(name).stem
    return Press(
        name=name,
        title=title or described,
        condition=condition or described,
        ink=_most_ink(data, name),
        icc=data,
        registry=REGISTRY if condition else None,
    )


def _most_ink(data: bytes, name: str) -> Percent:
    """The most ink that it gives: all of Lab in steps of 8, by the two tables that colours are converted with."""
    import numpy as np
    from PIL import Image, ImageCms

    steps = np.append(np.arange(0, 256, 8), 255).astype(np.uint8)
    lab = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(1, -1, 3)
    picture = Image.frombytes("LAB", (lab.shape[1], 1), lab.tobytes())
    try:
        press, eye = ImageCms.ImageCmsProfile(io.BytesIO(data)), ImageCms.createProfile("LAB")
        most = 0.0
        for intent in (ImageCms.Intent.PERCEPTUAL, ImageCms.Intent.RELATIVE_COLORIMETRIC):
            inks = ImageCms.applyTransform(picture, ImageCms.buildTransform(eye, press, "LAB", "CMYK", intent))
            most = max(most, float(np.asarray(inks).sum(axis=2, dtype=np.int64).max()) / 2.55)
    except (ImageCms.PyCMSError, OSError) as error:
        raise UsageError(f"The profile {name} cannot be used: {error}.", "Get it again from where it came.") from error
    return Percent(round(most))
