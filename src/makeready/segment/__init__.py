"""Subjects cut out of their background: what finds them, by name. Arrays in, arrays out; no file is opened here.

The package can be called: ``alpha = makeready.segment(rgb)``. ``segment.cut`` gives the subject's colours too, and
``segment.matte`` is for pictures that are too large to be held: it looks at a small copy, and then tells the opacity
of the full picture strip by strip.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.registry import Registry
    from makeready.segment.backend import Segmenter
    from makeready.segment.matting import Matte
    from makeready.segment.options import Options

    Pixels = npt.NDArray[Any]
    Alpha = npt.NDArray[np.float32]
    Progress = Callable[[float], None]

#: The most pixels of the small copy that ``matte`` is given.
PREVIEW_PIXELS = 2_000_000
#: Of the work of ``cut``, what finding the subject takes.
_FINDING = 0.9
#: Pixels cut at a time.
_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class Cutout:
    """A subject without its background."""

    #: Height × width, ``float32`` from 0 to 1.
    alpha: Alpha = field(repr=False)
    #: The picture with the subject's own colours, freed from the background where they were mixed with it: the same
    #: kind of array as came in, with as many channels (opacity, if it had any, is what ``alpha`` is now).
    pixels: Pixels = field(repr=False)
    #: No subject was found: all of it is clear.
    empty: bool
    #: Left, top, right and bottom of what is not clear, in pixels; ``None`` where it is empty.
    box: tuple[int, int, int, int] | None
    #: What it was taken for; photographs of anything are ``photo``.
    subject: str
    #: What found it.
    model: str
    #: The model that was asked for and is not installed, where another stood in; else empty.
    fallback: str
    #: The engine that ran it; empty where no model was needed.
    provider: str
    #: What a person should know about the result.
    notes: tuple[str, ...]


def catalogue() -> Registry[Segmenter]:
    """Every segmenter there is: the built-in ones and those of plug-ins."""
    from makeready.segment import backend

    return backend.catalogue()


def matte(
    preview: Alpha, width: int, height: int, options: Options | None = None, progress: Progress | None = None
) -> Matte:
    """The opacity of a picture of any size, found on a small copy of it.

    Args:
        preview: height × width × 3, red, green and blue from 0 to 1: the whole picture in at most ``PREVIEW_PIXELS``.
        width: pixels across of the full picture.
        height: pixels down of the full picture.
        options: how; without them, as ``segment`` does.
        progress: called with the share of the work that is done, 0 to 1; what it raises ends the work.

    Returns:
        What tells the opacity of the full picture, strip by strip.

    Raises:
        UsageError: the array is no picture, or a choice does not exist.
        MissingDependency: what is needed is not installed.
    """
    from makeready.segment.matting import found
    from makeready.segment.options import Options

    return found(preview, width, height, options or Options(), progress)


def cut(
    picture: Pixels,
    *,
    model: str = "isnet",
    quality: str = "basic",
    subject: str = "auto",
    edge_softness: float = 5,
    high_detail: bool = False,
    provider: str = "auto",
    despill: bool = True,
    progress: Progress | None = None,
) -> Cutout:
    """Cut the subject out of a picture.

    Args:
        picture: height × width, or height × width × 1, 3 or 4 channels, the fourth being opacity, which is kept and
            multiplied; ``uint8``, ``uint16``, or floats from 0 to 1.
        model: what finds the subject: a name of ``catalogue()``, ``flat``, or the path of an ONNX file that a
            ``.json`` or ``.toml`` beside it describes.
        quality: ``basic``, or ``plus``, which reworks the edges against the picture.
        subject: ``auto``, ``person``, ``product``, ``logo``, ``text`` or ``hair_heavy``.
        edge_softness: 0 (hard) to 10 (soft); 5 leaves edges as they are found.
        high_detail: rework the edges for longer, and wider where there is hair; it includes ``plus``.
        provider: the engine (see ``makeready.models.session``).
        despill: take the background's colour out of pixels that show some of both.
        progress: called with the share of the work that is done, 0 to 1; what it raises ends the work.

    Raises:
        UsageError: the array is no picture, or a choice does not exist.
        MissingDependency: what is needed is not installed; the hint has the command that installs it.
    """
    import numpy as np

    from makeready.segment import planes
    from makeready.segment.options import Options

    options = Options(model, quality, subject, edge_softness, high_detail, provider)
    seen = planes.picture(picture)
    height, width = seen.colours.shape[:2]
    tell = progress or (lambda _: None)
    preview = seen.preview(PREVIEW_PIXELS)
    found = matte(preview, width, height, options, lambda share: tell(_FINDING * share))
    freed = despill and not found.empty
    if freed:
        found.colours(seen.native(preview.shape[1], preview.shape[0]))
    alpha = np.empty((height, width), np.float32)
    pixels = seen.colours.copy() if freed else seen.colours
    step = max(1, _AT_ONCE // width)
    for top in range(0, height, step):
        rows = slice(top, min(top + step, height))
        alpha[rows] = found.rows(seen.rgb(rows), top)
        if freed:
            pixels[rows] = found.foreground(seen.colours[rows], alpha[rows], top)
        if seen.opacity is not None:
            alpha[rows] *= seen.opacity[rows]
        tell(_FINDING + (1 - _FINDING) * rows.stop / height)
    down, across = np.flatnonzero((alpha > 0).any(axis=1)), np.flatnonzero((alpha > 0).any(axis=0))
    box = (int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1) if len(down) else None
    empty = found.empty or box is None
    notes = found.notes if empty == found.empty else (*found.notes, "nothing of the subject was opaque before")
    return Cutout(
        alpha, pixels.reshape(*picture.shape[:2], -1) if picture.ndim == 3 else pixels[..., 0],
        empty, None if empty else box, found.subject, found.model, found.fallback, found.provider, notes,
    )  # fmt: skip


class _Room(ModuleType):
    """The package and the deed have one name: importing the one must not hide the other."""

    def __call__(
        self,
        picture: Pixels,
        *,
        model: str = "isnet",
        quality: str = "basic",
        subject: str = "auto",
        edge_softness: float = 5,
        high_detail: bool = False,
        provider: str = "auto",
        progress: Progress | None = None,
    ) -> Alpha:
        """How much of each pixel belongs to the subject: ``float32``, height × width, from 0 to 1.

        Arguments and errors are those of ``cut``, which gives the subject's colours too and says what was found how.
        """
        return cut(
            picture,
            model=model,
            quality=quality,
            subject=subject,
            edge_softness=edge_softness,
            high_detail=high_detail,
            provider=provider,
            despill=False,
            progress=progress,
        ).alpha


segment = cast(_Room, sys.modules[__name__])
segment.__class__ = _Room
