"""A picture being edited: what it shows, what of it is the subject, and what the result is to be made of.

Edits only say what they want; everything is drawn once, at the end, at the size of the result: the background, what
lies on it (shadows), the subject, and what lies over everything (outlines). Pictures are held in 8 bits, so that one
of 50 megapixels fits into the memory of a job; edits calculate in ``float32``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from makeready.edit.layout import Layout, Placement
from makeready.errors import UsageError
from makeready.raster.mend import canvas
from makeready.raster.mend.kept import Origin, Policy

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    #: Height × width × 4: red, green and blue of sRGB and opacity, ``uint8``; colours are not multiplied by it.
    Pixels = npt.NDArray[np.uint8]
    #: Height × width, ``float32``, 0 to 1.
    Mask = npt.NDArray[np.float32]

#: Left, top, right and bottom in pixels; right and bottom are the first that do not belong to it.
Box = tuple[int, int, int, int]

#: The fields of a scene that edits put things into.
_HOLDERS = ("inputs", "ground", "under", "over", "notes")
_ON_WHITE = "What is clear in the result is white in the file: a JPEG has no transparency."


@dataclass(frozen=True, slots=True)
class Cut:
    """How the subject is to be found: the settings of ``makeready.segment.cut``."""

    model: str = "isnet"
    quality: str = "basic"
    subject: str = "auto"
    edge_softness: float = 5
    high_detail: bool = False
    despill: bool = True
    provider: str = "auto"
    #: Whether transparency that the picture has says what its subject is.
    keep_alpha: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """How the result is written."""

    #: ``PNG``, ``JPEG``, ``WebP`` or ``TIFF``; as the input came where it is ``None``.
    format: str | None = None
    #: Pixels per inch; the input's where it is ``None``.
    dpi: float | None = None
    #: Of ``JPEG`` and ``WebP``, 1 to 100; 95 where nothing is said.
    quality: Mapping[str, int] = field(default_factory=dict)
    #: What is kept of EXIF and XMP (see the operator ``export``).
    metadata: Policy = "never"


class Frame:
    """The result while it is drawn: its size, and the picture and its subject where they stand in it."""

    def __init__(self, scene: Scene, placement: Placement) -> None:
        self._scene = scene
        #: Where the picture stands in the result.
        self.placement = placement
        self.width, self.height = placement.width, placement.height

    @property
    def longer(self) -> int:
        """The longer side of the result in pixels: widths and radii are given as shares of it."""
        return max(self.width, self.height)

    @cached_property
    def subject(self) -> Pixels:
        """The subject in its own colours where it stands, clear all round."""
        return self._placed(self._scene.subject)

    @cached_property
    def alpha(self) -> Mask:
        """How much of each pixel is the subject."""
        import numpy as np

        return np.divide(self.subject[..., 3], 255, dtype=np.float32)

    @cached_property
    def picture(self) -> Pixels:
        """The whole picture where it stands, with its own background; clear where it does not reach."""
        return self._placed(self._scene.picture)

    def _placed(self, pixels: Pixels) -> Pixels:
        at = self.placement
        if at.leaves(pixels.shape[1], pixels.shape[0]):
            shared = pixels[:]
            shared.flags.writeable = False
            return shared
        return canvas.placed(pixels, at.source, at.target, at.width, at.height, at.window)


#: Takes the background as it is so far and gives the new one; the first one gets the original's, or a clear one where
#: the background was taken away.
Ground = Callable[[Frame, "Pixels"], "Pixels"]
#: Draws a layer of the size of the frame; ``None`` where there is nothing to draw.
Painter = Callable[[Frame], "Pixels | None"]
#: ``generate(task, image, mask, prompt, seed, size, more)``: see ``makeready.edit.generators``.
Generate = Callable[..., Any]


@dataclass
class Scene:
    """What edits work on. They change ``picture``, or say what is wanted in one of the other fields."""

    #: The picture, upright, in sRGB.
    picture: Pixels
    #: Called with the share of the present edit that is done, 0 to 1.
    tell: Callable[[float], None] = lambda _: None
    #: Of edits that have a choice: the same seed makes the same result.
    seed: int = 0
    #: Further pictures that edits name: ``background``, ``guidance``, ``model`` …
    inputs: dict[str, Pixels] = field(default_factory=dict)
    #: What makes pictures from words; the configured back end where it is ``None``.
    generate: Generate | None = None
    #: How the subject is found when somebody asks for it.
    cut: Cut = field(default_factory=Cut)
    #: Whether what is behind the subject goes.
    removed: bool = False
    #: Where the subject stands and how large the result is.
    layout: Layout = field(default_factory=Layout)
    #: By rank: 10 a picture, 20 what is made from words, 30 blur, 40 expand, 90 a colour under all of it.
    ground: dict[int, Ground] = field(default_factory=dict)
    #: Painted on the background, under the subject.
    under: dict[str, Painter] = field(default_factory=dict)
    #: Painted over everything.
    over: dict[str, Painter] = field(default_factory=dict)
    export: Export = field(default_factory=Export)
    #: What a person should know about the result.
    notes: list[str] = field(default_factory=list)
    #: What the file said beside its pixels.
    origin: Origin = field(default_factory=Origin)
    _subject: Pixels | None = field(default=None, repr=False)
    #: Counts pictures and subjects, so that what was made of older ones is known by it.
    _state: int = field(default=0, repr=False)
    #: The background as it was drawn last, and of what.
    _laid: tuple[Any, Pixels] | None = field(default=None, repr=False)

    @property
    def width(self) -> int:
        """Pixels across of the picture."""
        return int(self.picture.shape[1])

    @property
    def height(self) -> int:
        """Pixels down of the picture."""
        return int(self.picture.shape[0])

    @property
    def subject(self) -> Pixels:
        """The subject in its own colours, of the size of the picture; found when it is first asked for.

        Raises:
            Refusal: no subject is found.
            MissingDependency: the model is not installed.
        """
        if self._subject is None:
            from makeready.edit.cutting import cut_out

            self._subject = cut_out(self)
        return self._subject

    @subject.setter
    def subject(self, pixels: Pixels) -> None:
        self._subject = pixels
        self._state += 1

    @property
    def found(self) -> bool:
        """Whether the subject was looked for already."""
        return self._subject is not None

    def further(self, name: str) -> Pixels:
        """A further picture by its name.

        Raises:
            UsageError: none of that name was given.
        """
        if name not in self.inputs:
            given = f"Those that were given: {', '.join(self.inputs)}." if self.inputs else "None were given (inputs)."
            raise UsageError(f"There is no further picture {name!r}.", given)
        return self.inputs[name]

    def seek(self, cut: Cut) -> None:
        """Say how the subject is to be found; one that was found in another way is looked for anew."""
        if cut != self.cut:
            self.cut, self._subject = cut, None
            self._state += 1

    def change(self, picture: Pixels) -> None:
        """Set another picture; its subject has to be found anew."""
        self.picture, self._subject = picture, None
        self._state += 1

    def recolour(self, picture: Pixels) -> None:
        """Set a picture of the same shapes in other colours: its subject stands where it stood.

        The subject's values change in the proportion in which the picture's do: at its edge, where the background's
        colour was taken out of it, that does not come back.

        Raises:
            ValueError: it is of another size.
        """
        if picture.shape != self.picture.shape:
            raise ValueError(f"{picture.shape[1]} × {picture.shape[0]} is another size")
        if self._subject is not None:
            self._subject = canvas.recoloured(self._subject, self.picture, picture)
        self.picture = picture
        self._state += 1

    def snapshot(self) -> Scene:
        """The scene as it is now, to go back to; pictures are shared, for nobody changes their pixels."""
        return replace(self, **{name: getattr(self, name).copy() for name in _HOLDERS})

    def restore(self, before: Scene) -> None:
        """Go back; painters go on holding this scene."""
        for each in fields(self):
            value = getattr(before, each.name)
            setattr(self, each.name, value.copy() if each.name in _HOLDERS else value)

    def box(self) -> Box:
        """What the layout places: the subject's box, or the whole picture where its background stays."""
        return canvas.box_of(self.subject) if self.removed else (0, 0, self.width, self.height)

    def frame(self) -> Frame:
        """The result's size, and where everything stands in it.

        Raises:
            Refusal: there is no subject to place.
        """
        return Frame(self, self.layout.placement(self.width, self.height, self.box(), whole=not self.removed))

    def draw(self, *, again: bool = False) -> Pixels:
        """The result.

        Args:
            again: it may be drawn again after further edits: then the background is kept, which may be costly.

        Raises:
            Refusal: something that was asked for cannot be made of this picture.
        """
        frame = self.frame()
        ground = self._ground(frame, keep=again) if self.ground or not self.removed else None
        self.tell(0.4)
        under, over = self._painted(self.under, frame), self._painted(self.over, frame)
        self.tell(0.7)
        if self.removed:
            layers = [*under, frame.subject, *over]
        else:  # the subject is in the picture, edge and all: it is not laid on itself
            layers = [*(canvas.outside(layer, frame.subject) for layer in under), *over]
        if ground is not None:
            layers.insert(0, ground)
        drawn = canvas.composed(layers)
        if self.export.format == "JPEG" and _ON_WHITE not in self.notes and canvas.see_through(drawn):
            self.notes.append(_ON_WHITE)
        self.tell(1.0)
        return drawn

    def _ground(self, frame: Frame, *, keep: bool) -> Pixels:
        lays = sorted(self.ground.items())
        made_of = (self._state, self.removed, frame.placement, lays)
        if self._laid is not None and self._laid[0] == made_of:
            return self._laid[1]
        ground = canvas.clear(frame.width, frame.height) if self.removed else frame.picture
        for _, lay in lays:
            ground = lay(frame, ground if ground.flags.writeable else ground.copy())
        self._laid = (made_of, ground) if keep and lays else None
        return ground

    @staticmethod
    def _painted(painters: dict[str, Painter], frame: Frame) -> list[Pixels]:
        return [layer for paint in painters.values() if (layer := paint(frame)) is not None]
