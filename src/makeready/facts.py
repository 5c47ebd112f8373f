"""What a file contains: plain frozen data that judges nothing, pickles, and writes itself as JSON.

No library handle survives here. Coordinates are PDF user space (origin bottom left, not rotated) with
UserUnit applied, in points of 1/72 inch; raster files have one page in the same coordinates. ``None`` means
"not known", never "no".

Where a page paints the same thing thousands of times (strokes of one width and colour, runs of one font and
size), the facts are one row with a ``count`` and the first places, so that a map of 20,000 lines stays a
handful of facts.
"""

from __future__ import annotations

import bisect
import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from makeready.units import Length, Percent, PointSize, Resolution, Size

#: A rectangle as a PDF box is written: left, bottom, right, top.
Box = tuple[float, float, float, float]
#: A PDF object: number and generation.
ObjectId = tuple[int, int]

#: How many places a row of facts remembers; enough for frames in a report, small enough for any file.
PLACES_KEPT = 32
#: Pictures of this many pixels or fewer on a side are exempt from resolution limits (GWG 2022).
SPECK_PX = 16

#: For fields that a report says elsewhere.
_NOT_IN_JSON = {"json": False}
#: For quantities whose name says the unit: a bare number.
_NUMBER_IN_JSON = {"json": "number"}


class Rect(NamedTuple):
    """A rectangle in points; ``x0 <= x1`` and ``y0 <= y1``."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> Length:
        """Horizontal extent."""
        return Length(self.x1 - self.x0)

    @property
    def height(self) -> Length:
        """Vertical extent."""
        return Length(self.y1 - self.y0)

    def intersection(self, other: Rect) -> Rect | None:
        """The part inside both, or ``None``; touching edges do not count."""
        x0, y0 = max(self.x0, other.x0), max(self.y0, other.y0)
        x1, y1 = min(self.x1, other.x1), min(self.y1, other.y1)
        return Rect(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

    def touches(self, other: Rect) -> bool:
        """Whether anything of this rectangle, lines without area included, lies in the other."""
        return self.x0 <= other.x1 and other.x0 <= self.x1 and self.y0 <= other.y1 and other.y0 <= self.y1

    def contains(self, other: Rect) -> bool:
        """Whether the other lies inside, allowing for rounding."""
        slack = Length.tolerance
        return (
            self.x0 <= other.x0 + slack
            and self.y0 <= other.y0 + slack
            and self.x1 >= other.x1 - slack
            and self.y1 >= other.y1 - slack
        )

    def as_data(self) -> dict[str, list[float]]:
        """The JSON form."""
        return {"pt": [round(value, 3) for value in self]}


class Margins(NamedTuple):
    """A length on each side of a page, before it is turned."""

    left: Length
    top: Length
    right: Length
    bottom: Length

    def displayed(self, rotate: int) -> dict[str, Length]:
        """The same by side as displayed; Rotate turns clockwise: what was left becomes top."""
        turned = rotate // 90 % 4
        return {side: self[(place - turned) % 4] for place, side in enumerate(self._fields)}

    def as_data(self) -> dict[str, Any]:
        """The JSON form."""
        return {side: length.as_data() for side, length in self._asdict().items()}


@dataclass(frozen=True, slots=True)
class Boxes:
    """The five page boxes as the file says, inherited values included; absent ones are ``None``."""

    media: Box | None = None
    crop: Box | None = None
    trim: Box | None = None
    bleed: Box | None = None
    art: Box | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page: geometry, and a summary of what is painted on it."""

    number: int
    boxes: Boxes
    rotate: int = 0
    user_unit: float = 1.0
    #: Marks that leave ink inside the page: painted objects that are not plainly white.
    painted: int | None = None
    #: How far inside of the trim nothing leaves ink, for certain: the boxes of objects may be larger than what is seen.
    blank: Margins | None = None
    #: Content that could not be interpreted, in the interpreter's words.
    damage: tuple[str, ...] = ()
    #: What the page is called (iv, A-12), when the file has page labels.
    label: str | None = None

    def _rect(self, *boxes: Box | None) -> Rect | None:
        for box in boxes:
            if box is not None:
                x0, x1 = sorted((box[0] * self.user_unit, box[2] * self.user_unit))
                y0, y1 = sorted((box[1] * self.user_unit, box[3] * self.user_unit))
                return Rect(x0, y0, x1, y1)
        return None

    @property
    def media(self) -> Rect | None:
        """The MediaBox in points."""
        return self._rect(self.boxes.media)

    @property
    def crop(self) -> Rect | None:
        """The CropBox, else the MediaBox, in points."""
        return self._rect(self.boxes.crop, self.boxes.media)

    @property
    def trim(self) -> Rect | None:
        """The product: TrimBox; where it is missing CropBox, then MediaBox; in points."""
        return self._rect(self.boxes.trim, self.boxes.crop, self.boxes.media)

    @property
    def bleed(self) -> Rect | None:
        """The BleedBox, else the CropBox, as ISO 32000-1, 14.11.2 has it; in points."""
        return self._rect(self.boxes.bleed, self.boxes.crop, self.boxes.media)

    @property
    def size(self) -> Size | None:
        """Width × height of the product as displayed, rotation applied."""
        trim = self.trim
        if trim is None:
            return None
        turned = self.rotate % 180 == 90
        return Size(trim.height, trim.width) if turned else Size(trim.width, trim.height)


@dataclass(frozen=True, slots=True)
class BleedEdge:
    """One side of the trim, as rendered: how much of it carries artwork, and how much of that has no bleed.

    Gathered only when asked for, and only for sides where a bleed zone exists.
    """

    page: int
    side: str
    #: Depth of the bleed zone on this side.
    bleed: Length
    #: How long a stretch of the trim edge is inked.
    inked: Length
    #: How long a part of that has paper at the outer edge of the bleed zone.
    unfilled: Length
    places: tuple[Rect, ...] = ()


@dataclass(frozen=True, slots=True)
class IccProfile:
    """The header of an ICC profile (ICC.1:2022, 7.2) and what it calls itself."""

    description: str | None
    device_class: str | None
    colour_space: str | None
    version: str | None
    bytes: int
    #: Why it cannot be used, or ``None``.
    damage: str | None = None


@dataclass(frozen=True, slots=True)
class PlacedImage:
    """One painted picture, at one place. Painted twice is listed twice.

    ``mask``: a stencil, painted in the fill colour. ``soft_mask``: it carries a soft mask. ``within`` says
    what it is part of when it is not painted by the page itself: ``explicit mask``, ``pattern``,
    ``type 3 glyph``, ``soft mask group``, ``annotation``.
    """

    page: int
    name: str | None
    object: ObjectId | None
    width_px: int
    height_px: int
    bits: int
    colour_space: str | None
    compression: str | None
    ppi_x: Resolution | None = field(metadata=_NUMBER_IN_JSON)
    ppi_y: Resolution | None = field(metadata=_NUMBER_IN_JSON)
    mask: bool
    soft_mask: bool
    place: Rect | None
    #: The part that is not clipped away and lies on the page, or ``None`` when nothing is seen of it.
    visible: Rect | None = None
    within: str | None = None
    #: Placement: the picture's right and up edges on the page, in points (the CTM's columns).
    right: tuple[float, float] | None = None
    up: tuple[float, float] | None = None
    #: Other versions of it that are in the file or beside it: ``alternates``, ``OPI``.
    stand_ins: tuple[str, ...] = ()

    @property
    def resolution(self) -> Resolution | None:
        """Effective ppi: the smaller of the two axes (GWG 2022, effective image resolution)."""
        known = [ppi for ppi in (self.ppi_x, self.ppi_y) if ppi is not None]
        return min(known, default=None)

    @property
    def line_art(self) -> bool:
        """One bit a pixel, stencils included."""
        return self.bits == 1

    @property
    def counts(self) -> bool:
        """Whether its resolution matters: it prints, something of it is seen, and it is more than a speck.

        Pictures of 16 pixels or fewer on a side and what is painted into soft masks are exempt (GWG 2022).
        """
        printed = self.within not in ("soft mask group", "annotation that does not print")
        return printed and self.visible is not None and min(self.width_px, self.height_px) > SPECK_PX

    @property
    def title(self) -> str:
        """How a person may call it."""
        return self.name or ("the inline picture" if self.object is None else f"object {self.object[0]}")

    @property
    def shear(self) -> float | None:
        """Degrees by which the corner between the edges differs from a right angle."""
        if self.right is None or self.up is None or not any(self.right) or not any(self.up):
            return None
        turn = math.atan2(self.up[1], self.up[0]) - math.atan2(self.right[1], self.right[0])
        return abs(abs(math.degrees(math.remainder(turn, math.tau))) - 90)

    @property
    def mirrored(self) -> bool | None:
        """Whether it is painted as seen in a mirror."""
        if self.right is None or self.up is None:
            return None
        return self.right[0] * self.up[1] - self.right[1] * self.up[0] < 0

    @property
    def short_side(self) -> Length | None:
        """The shorter edge as printed."""
        if self.right is None or self.up is None:
            return None
        return Length(min(math.hypot(*self.right), math.hypot(*self.up)))


@dataclass(frozen=True, slots=True)
class FontUse:
    """A font of the file. ``pages`` are those that paint with it; empty means declared only."""

    name: str | None
    type: str
    object: ObjectId | None
    embedded: bool
    subset: bool
    pages: tuple[int, ...] = ()
    encoding: str | None = None
    to_unicode: bool | None = None
    #: What the font's maker allows (OS/2 fsType, OpenType 1.9); ``None`` where the program does not say.
    licence: int | None = None

    @property
    def painted(self) -> bool:
        """Whether any page shows text in it. Invisible text, as OCR leaves it, is not painted."""
        return bool(self.pages)


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour as it was set: its space, its inks with their amounts 0..1, its overprint.

    ``family`` is the PDF name (``DeviceRGB``, ``ICCBased``, ``Separation`` …), ``model`` what it comes down
    to: ``gray``, ``rgb``, ``cmyk``, ``lab``, ``spot``, ``pattern``. ``values`` are the numbers of the space.
    """

    space: str
    family: str
    model: str
    values: tuple[float, ...] = ()
    inks: tuple[tuple[str, float], ...] = ()
    overprint: bool = False
    overprint_mode: int = 0

    @property
    def white(self) -> bool | None:
        """Leaves no ink (GWG 2022): CMYK 0000, tint 0, all of DeviceN 0, gray or RGB 1."""
        if not self.values:
            return None
        if self.model in ("gray", "rgb"):
            return all(value >= 1 for value in self.values)
        if self.model in ("cmyk", "spot"):
            return all(value <= 0 for value in self.values)
        return self.model == "lab" and self.values[0] >= 100


@dataclass(frozen=True, slots=True)
class Paint:
    """A colour space in use on a page by one kind of object: text, vector, image, shading."""

    page: int
    what: str
    colour: Colour
    count: int
    places: tuple[Rect, ...] = ()
    within: str | None = None
    #: In the slug: outside of the bleed of a page that says where it is cut. It is cut off with the marks.
    slug: bool = False


@dataclass(frozen=True, slots=True)
class TextRun:
    """Text of one font, effective size and colour on a page.

    ``rendering``: ``fill``, ``stroke``, ``clip`` or ``invisible`` (rendering mode 3, as OCR layers use).
    """

    page: int
    font: str | None
    size: PointSize
    colour: Colour | None
    rendering: str
    glyphs: int
    count: int
    places: tuple[Rect, ...] = ()
    within: str | None = None
    #: In the slug, outside of the bleed, where it is cut off.
    slug: bool = False


@dataclass(frozen=True, slots=True)
class Stroke:
    """Lines of one effective width and colour on a page.

    ``width`` is line width × CTM in points; 0 is "the thinnest the device can do" (ISO 32000-1, 8.4.3.2).
    ``filled``: not stroked, but a filled shape this thin. ``count`` is of paths; one that holds several thin shapes
    is counted with the thinnest, and has a place for each.
    """

    page: int
    width: PointSize
    colour: Colour | None
    filled: bool
    count: int
    places: tuple[Rect, ...] = ()
    within: str | None = None
    #: In the slug, outside of the bleed, where it is cut off.
    slug: bool = False


@dataclass(frozen=True, slots=True)
class Transparency:
    """Real transparency on a page: ``alpha`` (with its amount), ``blend mode`` (with its name), ``soft mask``."""

    page: int
    kind: str
    value: str | None
    what: str
    count: int
    places: tuple[Rect, ...] = ()


@dataclass(frozen=True, slots=True)
class BlendSpace:
    """The colour space that transparency is mixed in, where a group names one (ISO 32000-1, 11.6.6).

    ``where``: ``page`` for the page's own group, ``group`` for those of forms. Soft masks mix in a space of
    their own and are not listed.
    """

    page: int
    where: str
    space: str
    model: str
    count: int = 1
    places: tuple[Rect, ...] = ()


@dataclass(frozen=True, slots=True)
class NearTrim:
    """What lies wholly or partly inside the trim and close to its edge, nearest first, one row a kind and page.

    ``what`` is ``text``, ``image`` or ``vector``; of pictures and vectors only small ones are noted, that stay
    inside the trim: larger ones, and those that run over the edge, are backgrounds. Text that crosses the trim
    has a negative distance. ``distances`` and ``places`` go together and hold the nearest few.
    """

    page: int
    what: str
    distances: tuple[Length, ...]
    places: tuple[Rect, ...]


@dataclass(frozen=True, slots=True)
class MissingGlyph:
    """Letters that a font of the file has no shape for: its .notdef is painted in their place, and it is seen."""

    page: int
    font: str | None
    count: int
    places: tuple[Rect, ...] = ()


@dataclass(frozen=True, slots=True)
class Ink:
    """A separation that is painted: one of the four process inks, or a spot.

    ``alternate`` is what a spot is shown with where its ink is not at hand: the name of a colour space and the
    numbers of the full tint in it.
    """

    name: str
    spot: bool
    pages: tuple[int, ...]
    alternate: tuple[str, tuple[float, ...]] | None = None


@dataclass(frozen=True, slots=True)
class InkCoverage:
    """The ink of one page, as rendered for its output intent. Gathered only when asked for.

    Amounts are the sum of all plates at one place: four full process inks are 400 %. ``average`` is the heaviest
    mean over a square of ``square`` anywhere inside the bleed (GWG 2022, R0025), ``process`` the same of Cyan,
    Magenta, Yellow and Black alone (R0026); ``peak`` is the heaviest single spot of the rendering. ``plates``
    says how much of the area inside the bleed each plate covers on average.
    """

    page: int
    average: Percent
    process: Percent
    peak: Percent
    square: Length
    place: Rect | None
    process_place: Rect | None
    peak_place: Rect | None
    plates: Mapping[str, Percent]
    #: What the ink was worked out for: the output intent's condition, or that a stock profile stood in for it.
    condition: str


@dataclass(frozen=True, slots=True)
class OutOfGamut:
    """How much of a page's RGB the press cannot reach. Gathered only when asked for.

    ``share`` is of the area that is painted in RGB; ``worst`` the largest colour difference (CIEDE2000).
    """

    page: int
    share: Percent
    worst: float
    condition: str
    places: tuple[Rect, ...] = ()


@dataclass(frozen=True, slots=True)
class PixelStudy:
    """What the pixels of a picture say of its history, told once for each picture of a file.

    ``quality`` is that of the JPEG it is stored as (1 to 100, as libjpeg counts); ``blocking`` how much stronger
    steps are at the borders of 8 × 8 blocks than elsewhere, which also shows in what was a JPEG once; ``nominal``
    the share of its width and height that holds detail, below 1 for a picture that was enlarged; ``sharpness``
    how steep its steepest edges are. ``None`` where it was not measured or cannot be told. ``cut_short``: it is a
    JPEG whose end mark is missing, so that its lower part probably is as well.
    """

    page: int
    name: str | None
    object: ObjectId | None
    width_px: int
    height_px: int
    quality: int | None = None
    blocking: float | None = None
    nominal: float | None = None
    sharpness: float | None = None
    places: tuple[Rect, ...] = ()
    cut_short: bool = False

    @property
    def title(self) -> str:
        """How a person may call it."""
        return self.name or ("the picture" if self.object is None else f"object {self.object[0]}")


@dataclass(frozen=True, slots=True)
class OutputIntent:
    """A PDF output intent: which press the file was made for."""

    subtype: str | None
    condition: str | None
    info: str | None
    registry: str | None
    profile: IccProfile | None


@dataclass(frozen=True, slots=True)
class EmbeddedProfile:
    """An ICC profile that colour in the file refers to: its header, its object, and the channels it is used for."""

    profile: IccProfile
    channels: int | None
    object: ObjectId | None
    used_by: str


@dataclass(frozen=True, slots=True)
class Layer:
    """An optional content group and whether it is on when the file is opened and when it is printed."""

    name: str
    visible: bool
    prints: bool | None = None
    intent: tuple[str, ...] = ()
    #: Group and type of a processing step (ISO 19593-1), such as ``Structural`` and ``Cutting``.
    step_group: str | None = None
    step: str | None = None
    #: Whether anything that is painted belongs to it; looked for where it is off, on the screen or in print.
    content: bool | None = None


@dataclass(frozen=True, slots=True)
class LayerSettings:
    """A configuration of the layers (ISO 32000-1, 8.11.4.3): the default one, or one of the alternatives."""

    default: bool
    name: str | None
    #: Events at which layers switch by themselves (the AS key): ``View``, ``Print``, ``Export``.
    automatic: tuple[str, ...] = ()
    #: Whether every layer is in its list for the panel (the Order key).
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation or form field on a page."""

    page: int
    subtype: str
    place: Rect | None
    prints: bool
    hidden: bool
    has_appearance: bool


@dataclass(frozen=True, slots=True)
class ActiveContent:
    """Something that acts or plays: JavaScript, launch actions, attachments, multimedia, XFA."""

    kind: str
    where: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Construct:
    """Something in the structure that standards for print restrict, as PDF names it, wherever it is met.

    ``kind`` is one of a fixed list (see ``pdf/standard.py``), such as ``transfer function``, ``halftone``,
    ``PostScript XObject``, ``LZW``, ``reference XObject``; ``value`` is what it is set to, where that matters.
    """

    kind: str
    value: str | None = None
    page: int | None = None
    object: ObjectId | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the file says it is: header, trailer, Info dictionary and XMP, as written."""

    header: str
    version: str
    file_id: bool
    info: Mapping[str, str]
    #: XMP properties by their usual prefix, such as ``xmp:CreateDate`` or ``pdfxid:GTS_PDFXVersion``.
    xmp: Mapping[str, str]
    #: Why the XMP cannot be read, or ``None``.
    xmp_damage: str | None = None


@dataclass(frozen=True, slots=True)
class Encryption:
    """How the file is encrypted and what its owner allows."""

    method: str
    allows_printing: bool
    allows_changing: bool


@dataclass(frozen=True, slots=True)
class Raster:
    """A raster file's own header. ``density`` is pixels per inch along x and y, as stored."""

    format: str
    mode: str
    width_px: int
    height_px: int
    bits: int
    channels: int
    colour_model: str
    alpha: bool
    palette: bool
    density: tuple[Resolution, Resolution] | None
    orientation: int | None
    frames: int
    animated: bool
    compression: str | None
    icc: IccProfile | None
    #: JPEG quantisation tables by id, 64 numbers each in zigzag order as stored, else ``None``.
    quantisation: Mapping[int, tuple[int, ...]] | None = None
    tiled: bool | None = None
    #: The colour space that the file names without embedding a profile, such as ``sRGB``.
    colour_tag: str | None = None
    #: Stored in passes, coarse to fine: progressive JPEG, interlaced PNG and GIF.
    progressive: bool = False
    #: Damage that does not keep the header from being read.
    damage: tuple[str, ...] = ()

    @property
    def turned(self) -> bool:
        """EXIF says to turn by a quarter: width and height change places on the page."""
        return self.orientation in (5, 6, 7, 8)

    @property
    def shown_px(self) -> tuple[int, int]:
        """Width × height in pixels as displayed."""
        return (self.height_px, self.width_px) if self.turned else (self.width_px, self.height_px)

    @property
    def shown_density(self) -> tuple[Resolution, Resolution] | None:
        """Pixels per inch across and along as displayed."""
        if self.density is None or not self.turned:
            return self.density
        return (self.density[1], self.density[0])

    def past(self, canvas: Size) -> tuple[Length, Length] | None:
        """How far it reaches past a canvas on each side by its own density: left and right, above and below.

        ``None`` where the density is not to be believed: many programs write 72 or 96 whatever the picture is for.
        It is believed when the picture is at least the canvas (less a hundredth) and not wildly larger (a quarter
        on each side).
        """
        if self.shown_density is None:
            return None
        own = [Length(pixels / ppi * 72) for pixels, ppi in zip(self.shown_px, self.shown_density, strict=True)]
        across, along = ((side - sheet) / 2 for side, sheet in zip(own, canvas, strict=True))
        for past, sheet in ((across, canvas.width), (along, canvas.height)):
            if not -sheet * 0.01 <= past <= sheet * 0.25:
                return None
        return Length(max(0.0, across)), Length(max(0.0, along))

    def bleed(self, canvas: Size) -> Length | None:
        """The bleed that lies equally all round a canvas, to two pixels; ``None`` where nothing does.

        A picture that reaches further past the longer sides is rather one whose density is off.
        """
        past, density = self.past(canvas), self.shown_density
        if past is None or density is None or min(past) <= 0:
            return None
        return min(past) if abs(past[0] - past[1]) <= 2 * 72 / min(density) else None


@dataclass(frozen=True, slots=True)
class Artwork:
    """All the facts of one file."""

    kind: str = field(metadata=_NOT_IN_JSON)
    format: str = field(metadata=_NOT_IN_JSON)
    bytes: int = field(metadata=_NOT_IN_JSON)
    pages: tuple[Page, ...] = ()
    images: tuple[PlacedImage, ...] = ()
    fonts: tuple[FontUse, ...] = ()
    texts: tuple[TextRun, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    paints: tuple[Paint, ...] = ()
    inks: tuple[Ink, ...] = ()
    transparencies: tuple[Transparency, ...] = ()
    blend_spaces: tuple[BlendSpace, ...] = ()
    near_trim: tuple[NearTrim, ...] = ()
    missing_glyphs: tuple[MissingGlyph, ...] = ()
    ink_coverage: tuple[InkCoverage, ...] = ()
    out_of_gamut: tuple[OutOfGamut, ...] = ()
    pixel_studies: tuple[PixelStudy, ...] = ()
    output_intents: tuple[OutputIntent, ...] = ()
    profiles: tuple[EmbeddedProfile, ...] = ()
    layers: tuple[Layer, ...] = ()
    layer_settings: tuple[LayerSettings, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    active_content: tuple[ActiveContent, ...] = ()
    bleed_edges: tuple[BleedEdge, ...] = ()
    encryption: Encryption | None = None
    identity: Identity | None = None
    constructs: tuple[Construct, ...] = ()
    raster: Raster | None = None
    #: The size it will be printed at, when the caller said so.
    canvas: Size | None = None
    #: Pages of the file; ``pages`` holds fewer when only some were asked for.
    page_count: int = 0
    objects: int | None = None
    pdfx: str | None = None
    producer: str | None = None
    creator: str | None = None
    trapped: str | None = None
    #: What had to be mended to read the file.
    damage: tuple[str, ...] = ()
    #: Seconds that gathering took, by kind: ``painted``, ``structure``, and every costly fact that was asked for.
    cost: Mapping[str, float] = field(default_factory=dict, metadata=_NOT_IN_JSON, compare=False)
    #: The extension of the name, in lower case and without the dot; empty when there is none.
    extension: str = field(default="", metadata=_NOT_IN_JSON)

    def as_data(self) -> dict[str, Any]:
        """The JSON form: ``inks`` are names alone, ``separations`` say where each is painted."""
        data = {f.name: as_data(getattr(self, f.name)) for f in json_fields(type(self))}
        return data | {"inks": [ink.name for ink in self.inks], "separations": as_data(self.inks)}

    def page(self, number: int | None) -> Page | None:
        """The page of that number, if it is among the facts."""
        if number is None:
            return None
        at = bisect.bisect_left(self.pages, number, key=lambda page: page.number)
        return self.pages[at] if at < len(self.pages) and self.pages[at].number == number else None

    def each(self, kind: type[T]) -> Iterator[T]:
        """All facts of one class, in page order; the artwork itself for ``Artwork``."""
        if kind is Artwork:
            yield self  # type: ignore[misc]
            return
        try:
            name = _WHERE[kind]
        except KeyError:
            known = ", ".join(sorted(known.__name__ for known in _WHERE))
            raise TypeError(f"{kind.__name__} is not a class of facts (there are Artwork, {known})") from None
        found = getattr(self, name)
        if isinstance(found, tuple):
            yield from found
        elif found is not None:
            yield found


T = TypeVar("T")

_WHERE: Mapping[type[Any], str] = {
    Page: "pages",
    PlacedImage: "images",
    FontUse: "fonts",
    TextRun: "texts",
    Stroke: "strokes",
    Paint: "paints",
    Ink: "inks",
    Transparency: "transparencies",
    BlendSpace: "blend_spaces",
    NearTrim: "near_trim",
    MissingGlyph: "missing_glyphs",
    InkCoverage: "ink_coverage",
    OutOfGamut: "out_of_gamut",
    PixelStudy: "pixel_studies",
    OutputIntent: "output_intents",
    EmbeddedProfile: "profiles",
    Layer: "layers",
    LayerSettings: "layer_settings",
    Annotation: "annotations",
    ActiveContent: "active_content",
    BleedEdge: "bleed_edges",
    Encryption: "encryption",
    Identity: "identity",
    Construct: "constructs",
    Raster: "raster",
}


def as_data(value: Any) -> Any:
    """Turn facts and results into what JSON has: objects, lists, text, numbers, ``None``.

    A class that knows better has a method ``as_data``. Fields whose metadata says ``json=False`` are left out,
    those that say ``json="number"`` are written without their unit.
    """
    if hasattr(value, "as_data"):
        return value.as_data()
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return {f.name: _field_data(f, getattr(value, f.name)) for f in json_fields(type(value))}
    if isinstance(value, Mapping):
        return {str(key): as_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_data(item) for item in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value


def _field_data(f: dataclasses.Field[Any], value: Any) -> Any:
    if f.metadata.get("json") == "number" and value is not None:
        return as_data(float(value))
    return as_data(value)


def json_fields(kind: Any) -> tuple[dataclasses.Field[Any], ...]:
    """The fields of a dataclass that are written to JSON."""
    return tuple(f for f in dataclasses.fields(kind) if f.metadata.get("json", True))
