"""The opacity of a picture of any size, found on a small copy of it and read strip by strip.

Whatever finds the subject, the answer has one form: for each pixel of the small copy a linear function of colour that
gives the opacity. Applied to the colours of the full picture it follows every hair there, and takes no memory to
speak of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from makeready.errors import UsageError
from makeready.segment import colours, planes
from makeready.segment.enlarged import Enlarged
from makeready.segment.options import AS_IT_IS, FLAT_SUBJECTS, SOFTEST, Options

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.segment.colours import Foreground
    from makeready.segment.flat import Ground
    from makeready.segment.planes import Plane

#: The most pixels of the small copy.
PREVIEW_PIXELS = 2_000_000
#: A mask that covers less than this part of the picture, counted where it is more than half opaque, is no subject.
_NOTHING = 0.0005
#: The steepest edge: how many times as steep as it was found.
_STEEPEST = 8.0
#: The widest blur of the softest edge, as a part of the longer side.
_WIDEST = 0.0025
#: What a blur of the small copy must be, in its pixels, to be all there is; narrower ones are mixed in.
_ALL_BLUR = 1.5
#: Pixels of a picture in which a model's mask, made larger, would show as a blur.
_LARGER = 2_500_000
#: What the network and the edges take of the whole.
_LOOKED, _FOUND, _REFINED = 0.05, 0.85, 1.0


@dataclass(slots=True)
class Matte:
    """Where the subject is, and how it was found."""

    width: int
    height: int
    #: The opacity in the small copy.
    small: Plane
    #: Nothing was found: all of it is clear.
    empty: bool
    #: The subject's left, top, right and bottom in the full picture, rounded outwards; ``None`` where it is empty.
    box: tuple[int, int, int, int] | None
    #: What it was taken for: one of ``options.SUBJECTS`` without ``auto``; photographs of anything are ``photo``.
    subject: str
    #: What found it, and for people.
    model: str
    title: str
    #: The model that was asked for and is not installed, where another stood in; else empty.
    fallback: str
    #: The engine that ran it (``cpu``, ``openvino``, ``cuda``); empty where no model was needed.
    provider: str
    #: What a person should know about the result.
    notes: tuple[str, ...]
    #: The linear functions of colour, and the blurred opacity where edges are softened.
    functions: Enlarged = field(repr=False)
    softened: Enlarged | None = field(repr=False, default=None)
    softness: float = AS_IT_IS
    _foreground: Foreground | None = field(repr=False, default=None)
    #: Rows above and below a strip that it depends on.
    margin: int = 0

    def rows(self, rgb: Plane, top: int) -> Plane:
        """The opacity of some rows of the full picture.

        Args:
            rgb: rows × width × 3, from 0 to 1, as the small copy was.
            top: the place of the first of them.

        Returns:
            Rows × width, 0 to 1. It does not depend on how the picture is cut into strips.
        """
        import numpy as np

        made = np.empty(rgb.shape[:2], np.float32)
        for rows, columns, values in self.functions.blocks(top, len(rgb)):
            if values.shape[:2] == (1, 1) and not values[..., :3].any():
                made[rows, columns] = min(1.0, max(0.0, float(values[0, 0, 3])))
                continue
            part = rgb[rows, columns]
            value = values[..., 3] + values[..., 0] * part[..., 0]
            value += values[..., 1] * part[..., 1]
            value += values[..., 2] * part[..., 2]
            made[rows, columns] = np.clip(value, 0, 1)
        if self.softness < AS_IT_IS:
            made = _steeper(made, 1 - self.softness / AS_IT_IS)
        elif self.softened is not None:
            share = _mixed(self.softness, self.small)
            made += np.float32(share) * (self.softened.rows(top, len(rgb))[..., 0] - made)
        # What is nearly solid is solid: its colours are then the picture's own.
        made[made > 1 - 1 / 512] = 1
        made[made < 1 / 512] = 0
        return made

    def colours(self, native: npt.NDArray[Any]) -> None:
        """Look at the picture in its own channels, so that ``foreground`` can be asked for.

        Args:
            native: height × width × channels, the whole picture in any size: ``uint8``, ``uint16`` or floats.
        """
        import numpy as np

        peak = planes.TOPS.get(native.dtype.name, 1.0)
        seen = native.astype(np.float32) / np.float32(peak)
        small = planes.resized(self.small, native.shape[1], native.shape[0])
        self._foreground = colours.estimated(seen, small, self.width, self.height)

    def foreground(self, rows: npt.NDArray[Any], alpha: Plane, top: int) -> npt.NDArray[Any]:
        """Rows of the full picture with the subject's own colours, freed from the background.

        Args:
            rows: rows × width × channels, as ``colours`` was given them.
            alpha: rows × width, what ``rows`` gave for them.
            top: the place of the first of them.

        Returns:
            The same kind of array; solid pixels stay exactly as they are.

        Raises:
            UsageError: ``colours`` was not called before.
        """
        if self._foreground is None:
            raise UsageError("The colours of this picture have not been looked at.", "Call colours() first.")
        return self._foreground.rows(rows, alpha, top)


def found(
    preview: Plane, width: int, height: int, options: Options, progress: Callable[[float], None] | None = None
) -> Matte:
    """Find the subject.

    Args:
        preview: height × width × 3, red, green and blue from 0 to 1: the whole picture in at most ``PREVIEW_PIXELS``.
        width: pixels across of the full picture.
        height: pixels down of the full picture.
        options: how.
        progress: called with the share of the work that is done; what it raises ends the work.

    Raises:
        UsageError: the array is no picture, or there is no such model.
        MissingDependency: the model is not installed, or what refines edges.
    """
    tell = progress or (lambda _: None)
    preview = _checked(preview, width, height)
    tell(0.0)
    from makeready.segment import flat

    notes: list[str] = []
    behind = flat.ground(preview)
    subject = _subject(options, preview, behind, notes)
    tell(_LOOKED)
    model, title, fallback, provider = "flat", "colours of a plain ground", "", ""
    if subject in FLAT_SUBJECTS or options.model == "flat":
        functions = flat.coefficients(preview, behind)
    else:
        from makeready.segment import backend, network

        segmenter, fallback = backend.chosen(options.model)
        session = segmenter.open_session(options.provider)
        tell(2 * _LOOKED)
        mask = network.opacity(preview, segmenter, session)
        model, title, provider = segmenter.name, segmenter.title, session.provider
        if fallback:
            notes.append(f"{fallback} is not installed: {title} was used in its place, whose edges are coarser")
        tell(_FOUND)
        functions = _functions(preview, mask, subject, behind, options, width * height, notes)
    return _made(preview, width, height, options, functions, subject, (model, title, fallback, provider), notes, tell)


def _checked(preview: Plane, width: int, height: int) -> Plane:
    import numpy as np

    if preview.ndim != 3 or preview.shape[2] != 3 or 0 in preview.shape or min(width, height) < 1:
        raise UsageError("The small copy is no picture.", "Give height × width × 3 values from 0 to 1.")
    if preview.shape[0] * preview.shape[1] > PREVIEW_PIXELS:
        raise UsageError(
            f"The small copy has {preview.shape[0] * preview.shape[1]:,} pixels.",
            f"Give one of at most {PREVIEW_PIXELS:,}.",
        )
    if not np.isfinite(preview).all():
        raise UsageError("The picture has values that are no numbers.", "Replace NaN and infinity before.")
    return np.clip(preview.astype(np.float32, copy=False), 0, 1)


def _subject(options: Options, preview: Plane, behind: Ground, notes: list[str]) -> str:
    """What the picture is taken for."""
    from makeready.segment import flat

    if options.subject in FLAT_SUBJECTS and not behind.plain:
        notes.append(f"its ground is not plain: the {options.subject} was found as photographed things are")
        return "photo"
    if options.subject != "auto":
        return options.subject
    return "logo" if behind.plain and flat.is_drawn(preview, behind) else "photo"


def _functions(
    preview: Plane,
    mask: Plane,
    subject: str,
    behind: Ground,
    options: Options,
    pixels: int,
    notes: list[str],
) -> npt.NDArray[np.float32]:
    """A model's mask, as linear functions of colour."""
    import numpy as np

    from makeready.segment import flat, refine

    if float((mask > 0.5).mean()) < _NOTHING:
        return np.zeros((*mask.shape, 4), np.float32)
    if behind.plain:
        mask = flat.with_holes(preview, behind, mask)
    larger = pixels > _LARGER
    if options.refined:
        return refine.matted(preview, mask, subject, notes, larger=larger, fine=options.high_detail)
    return refine.plain(preview, mask, larger=larger)


def _made(
    preview: Plane,
    width: int,
    height: int,
    options: Options,
    functions: npt.NDArray[np.float32],
    subject: str,
    by: tuple[str, str, str, str],
    notes: list[str],
    tell: Callable[[float], None],
) -> Matte:
    import numpy as np

    small_height, small_width = preview.shape[:2]
    model, title, fallback, provider = by
    plain = Matte(
        small_width, small_height, preview[..., 0], False, None, subject, model, title, fallback, provider, (),
        Enlarged(functions, small_width, small_height),
    )  # fmt: skip
    small = plain.rows(preview, 0)
    softened = None
    if options.edge_softness > AS_IT_IS:
        wide = _blur(options.edge_softness, small)
        softened = Enlarged(planes.blurred(small, wide)[..., None], width, height)
        small = small + _mixed(options.edge_softness, small) * (softened.values[..., 0] - small)
    elif options.edge_softness < AS_IT_IS:
        small = _steeper(small, 1 - options.edge_softness / AS_IT_IS)
    empty = float((small > 0.5).mean()) < _NOTHING
    box = None
    if empty:
        notes.append("no subject was found")
        functions, small, softened = np.zeros((1, 1, 4), np.float32), np.zeros_like(small), None
    else:
        down, across = np.flatnonzero((small > 0).any(axis=1)), np.flatnonzero((small > 0).any(axis=0))
        right, bottom = width / small_width, height / small_height
        box = (
            int(across[0] * right),
            int(down[0] * bottom),
            min(width, -int(-(across[-1] + 1) * right // 1)),
            min(height, -int(-(down[-1] + 1) * bottom // 1)),
        )
    tell(_REFINED)
    return Matte(
        width, height, small, empty, box, subject, model, title, fallback, provider, tuple(notes),
        Enlarged(functions, width, height), softened, options.edge_softness,
    )  # fmt: skip


def _blur(softness: float, small: Plane) -> float:
    """The Gaussian sigma of softened edges, in pixels of the small copy."""
    return (softness - AS_IT_IS) / (SOFTEST - AS_IT_IS) * _WIDEST * float(max(small.shape))


def _mixed(softness: float, small: Plane) -> float:
    """How much of the blurred opacity is taken: all of it, unless the blur is too narrow for the small copy to hold."""
    return min(1.0, _blur(softness, small) / _ALL_BLUR)


def _steeper(alpha: Plane, much: float) -> Plane:
    """Opacities driven away from one half: edges as wide as before become a fraction of that."""
    import numpy as np

    gain = 1 + much * (_STEEPEST - 1)
    line = np.clip((alpha - 0.5) * np.float32(gain) + 0.5, 0, 1)
    # Smooth where it leaves clear and where it reaches solid; with no gain it is the opacity itself.
    bent = line * line * (3 - 2 * line)
    steeper: Plane = (line + np.float32(much) * (bent - line)).astype(np.float32)
    return steeper
