"""A picture being edited: what it shows, what of it is the subject, and what the result is to be made of.

Edits only say what they want; everything is drawn once, at the end, at the size of the result: the background, what
lies on it (shadows), the subject, and what lies over everything (outlines). Pictures are held in 8 bits, so that one
of 50 megapixels fits into the memory of a job; edits calculate in ``float32``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from makeready.edit.layout import Layout, Placement
from makeready.raster.mend import canvas

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    #: Height × width × 4: red, green and blue of sRGB and opacity, ``uint8``; colours are not multiplied by it.
    Pixels = npt.NDArray[np.uint8]
    #: Height × width, ``float32``, 0 to 1.
    Mask = npt.NDArray[np.float32]

#: Left, top, right and bottom in pixels; right and bottom are the first that do not belong to it.
Box = tuple[int, int, int, int]


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


@dataclass(frozen=True, slots=True)
class Export:
    """How the result is written."""

    #: ``PNG``, ``JPEG``, ``WebP`` or ``TIFF``; as the input came where it is ``None``.
    format: str | None = None
    #: Pixels per inch; the input's where it is ``None``.
    dpi: float | None = None
    #: 1 to 100; 80 for JPEG and 90 for WebP where it is ``None``.
    quality: int | None = None
    #: What is kept of EXIF and XMP (see the operator ``export``).
    metadata: str = "never"


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
        return canvas.placed(self._scene.subject, self.placement.source, self.placement.target, self.width, self.height)

    @cached_property
    def alpha(self) -> Mask:
        """How much of each pixel is the subject."""
        import numpy as np

        return np.divide(self.subject[..., 3], 255, dtype=np.float32)

    @cached_property
    def picture(self) -> Pixels:
        """The whole picture where it stands, with its own background; clear where it does not reach."""
        return canvas.placed(self._scene.picture, self.placement.source, self.placement.target, self.width, self.height)


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
    _subject: Pixels | None = field(default=None, repr=False)

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

    @property
    def found(self) -> bool:
        """Whether the subject was looked for already."""
        return self._subject is not None

    def change(self, picture: Pixels) -> None:
        """Set another picture; its subject has to be found anew."""
        self.picture, self._subject = picture, None

    def recolour(self, picture: Pixels) -> None:
        """Set a picture of the same shapes in other colours: its subject stands where it stood.

        Raises:
            ValueError: it is of another size.
        """
        if picture.shape != self.picture.shape:
            raise ValueError(f"{picture.shape[1]} × {picture.shape[0]} is another size")
        self.picture = picture
        if self._subject is not None:
            self._subject = self._subject.copy()
            self._subject[..., :3] = picture[..., :3]

    def box(self) -> Box:
        """What the layout places: the subject's box, or the whole picture where its background stays."""
        return canvas.box_of(self.subject) if self.removed else (0, 0, self.width, self.height)

    def frame(self) -> Frame:
        """The result's size, and where everything stands in it.

        Raises:
            Refusal: there is no subject to place.
        """
        return Frame(self, self.layout.placement(self.width, self.height, self.box(), whole=not self.removed))

    def draw(self) -> Pixels:
        """The result.

        Raises:
            Refusal: something that was asked for cannot be made of this picture.
        """
        frame = self.frame()
        ground = canvas.clear(frame.width, frame.height) if self.removed else frame.picture
        for _, lay in sorted(self.ground.items()):
            ground = lay(frame, ground)
        layers = [ground, *self._painted(self.under, frame)]
        if self.removed or self.under:
            layers.append(frame.subject)
        return canvas.composed([*layers, *self._painted(self.over, frame)])

    @staticmethod
    def _painted(painters: dict[str, Painter], frame: Frame) -> list[Pixels]:
        return [layer for paint in painters.values() if (layer := paint(frame)) is not None]
