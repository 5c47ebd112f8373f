"""Everything that a page paints, in the inks of a press: numbers in streams, colour spaces, shadings, pictures, groups.

What is in inks already stays as it is: DeviceCMYK, DeviceGray, spots. Soft masks are never printed, only their
lightness counts: in them colours become gray by the formula that PDF gives (ISO 32000-1, 10.3.3), so that they
mask as before.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from makeready import icc
from makeready.changes import Refusal
from makeready.colour import CalGray, CalRgb, Intent, Lab, Source, Transform, UnusableProfile, transform
from makeready.facts import Artwork
from makeready.pdf.mend import colour_pictures as pictures
from makeready.pdf.mend import samples, shadings
from makeready.pdf.mend.recolour import Recoloured
from makeready.pdf.mend.streams import INLINE_IMAGE, Here, Instruction, Paint, Scope, State, Walk, identity
from makeready.pdf.mend.working import Working
from makeready.press import Press

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: ISO 32000-1, 10.3.3: how light red, green and blue are.
_LIGHT = (0.3, 0.59, 0.11)


class Target(Protocol):
    """What colours become: a device space, and the way there."""

    @property
    def space(self) -> Name:
        """The device space."""

    def numbers(self, source: Source, rows: Floats, *, black: bool) -> Floats:
        """Single colours: N × channels of the device space, from 0 to 1."""

    def pixels(self, source: Source, pixels: Any) -> Any:
        """A picture, with as many bits as it had."""


@dataclass(frozen=True, slots=True)
class OnPress:
    """The inks of a press."""

    press: Press
    intent: Intent = "relative"
    black_point: bool = True

    @property
    def space(self) -> Name:
        return Name.DeviceCMYK

    def _transform(self, source: Source) -> Transform:
        return transform(source, self.press, self.intent, black_point=self.black_point)

    def numbers(self, source: Source, rows: Floats, *, black: bool) -> Floats:
        return self._transform(source).numbers(rows, black=black)

    def pixels(self, source: Source, pixels: Any) -> Any:
        return self._transform(source).pixels(pixels)


@dataclass(frozen=True, slots=True)
class InMask:
    """Lightness, for soft masks."""

    @property
    def space(self) -> Name:
        return Name.DeviceGray

    def numbers(self, source: Source, rows: Floats, *, black: bool) -> Floats:
        import numpy as np

        if rows.shape[1] == 1:
            return rows
        if isinstance(source, Lab):
            return rows[:, :1] / 100
        return np.asarray(rows @ np.array(_LIGHT))[:, None]

    def pixels(self, source: Source, pixels: Any) -> Any:
        import numpy as np

        if pixels.ndim == 2 or pixels.shape[2] == 1:
            return pixels
        if isinstance(source, Lab):
            return pixels[..., 0]
        return np.floor(pixels @ np.array(_LIGHT) + 0.5).astype(pixels.dtype)


def convert(working: Working, artwork: Artwork, target: OnPress) -> Recoloured:
    """Convert the pages of the artwork.

    Raises:
        Refusal: a page gives DeviceCMYK another meaning than the press has; nothing is changed then.
    """
    visitor = _Converter(working.pdf, target)
    _gather(working.pdf, artwork, visitor, target)
    walk = Walk(working.pdf, visitor)
    for page in artwork.pages:
        visitor.group(working.pdf.pages[page.number - 1].obj, None, page.number, masked=False)
        walk.page(page.number)
    walk.finish()
    for number, why in walk.unread:
        visitor.done.leave(number, f"a content stream that cannot be read ({why})")
    return visitor.done


def _gather(pdf: Pdf, artwork: Artwork, converter: _Converter, target: OnPress) -> None:
    """Convert all colours of all streams at once: the conversion remembers them, and one by one takes far longer."""
    import numpy as np

    gatherer = _Gatherer(converter, target.press.icc)
    walk = Walk(pdf, gatherer)
    for page in artwork.pages:
        walk.page(page.number)
    if gatherer.redefined:
        raise Refusal(
            f"page {min(gatherer.redefined)} has a profile of its own for all DeviceCMYK (DefaultCMYK), which converted"
            " colours would be taken for: export it without, or convert it where it was made"
        )
    for source, rows in gatherer.found.items():
        target.numbers(source, np.array(sorted(rows)), black=True)


class _Gatherer:
    """Notes the colours that are to be converted, and answers nothing."""

    def __init__(self, converter: _Converter, press: bytes) -> None:
        self._converter, self._press = converter, press
        self.found: dict[Source, set[tuple[float, ...]]] = {}
        #: Pages where DeviceCMYK means something else than the inks of the press.
        self.redefined: set[int] = set()
        self._scopes: set[Scope] = set()

    def key(self, state: State) -> Hashable:
        return self._converter.key(state)

    def visit(self, here: Here, operands: Sequence[Any], operator: str) -> None:
        if here.masked:
            return
        if here.scope not in self._scopes:
            self._scopes.add(here.scope)
            default = here.scope.find("ColorSpace", Name.DefaultCMYK)
            if isinstance(default, Array) and not self._is_press(default):
                self.redefined.add(here.page)
        if operator not in ("rg", "RG", "sc", "scn", "SC", "SCN"):
            return
        state = here.state.stroke if operator.isupper() else here.state.fill
        space = Name.DeviceRGB if operator in ("rg", "RG") else state.space
        source = self._converter.meaning(space, here.scope)
        if source is not None and len(operands) == _channels(source):
            self.found.setdefault(source, set()).add(tuple(float(value) for value in operands))

    def _is_press(self, space: Array) -> bool:
        profile = space[1] if len(space) == 2 else None
        return isinstance(profile, Stream) and profile.read_bytes() == self._press


class _Converter:
    """Answers with the same colours in inks."""

    def __init__(self, pdf: Pdf, target: OnPress) -> None:
        self._pdf = pdf
        self._targets: dict[bool, Target] = {False: target, True: InMask()}
        self._meanings: dict[Any, Source | None] = {}
        #: What became of single colours, by whether in a mask, meaning and numbers.
        self._known: dict[tuple[bool, Source, tuple[float, ...]], list[float]] = {}
        #: What was made of shadings and pictures, by object and whether for a mask.
        self._made: dict[Any, Any] = {}
        self.done = Recoloured()

    def key(self, state: State) -> Hashable:
        return identity(state.fill.space), identity(state.stroke.space)

    def visit(self, here: Here, operands: Sequence[Any], operator: str) -> Sequence[Instruction] | None:
        target = self._targets[here.masked]
        if operator in ("rg", "RG"):
            return self._device(here, target, operands, operator)
        if operator in ("cs", "CS"):
            return self._space(here, target, operands, operator)
        if operator in ("sc", "scn", "SC", "SCN"):
            return self._colour(here, target, operands, operator)
        if operator == "sh":
            return self._shading(here, operands)
        if operator == "Do":
            return self._painted(here, operands)
        if operator == "gs":
            self._mask(here, operands)
        if operator == INLINE_IMAGE:
            return self._inline(here, operands)
        return None

    # Spaces

    def meaning(self, space: Any, scope: Scope | None) -> Source | None:
        """What colours of a space mean, where they are to be converted; ``None`` where they are inks already."""
        if isinstance(space, Name):
            if space != Name.DeviceRGB:
                return None
            default = scope.find("ColorSpace", Name.DefaultRGB) if scope else None
            found = self.meaning(default, None) if isinstance(default, Array) else None
            return found or "rgb"
        if not isinstance(space, Array) or not len(space):
            return None
        key = identity(space)
        if key not in self._meanings:
            self._meanings[key] = meaning_of(space)
        return self._meanings[key]

    def _device(self, here: Here, target: Target, operands: Sequence[Any], operator: str) -> list[Instruction] | None:
        source = self.meaning(Name.DeviceRGB, here.scope)
        if source is None or len(operands) != 3:
            return None
        numbers = self._numbers(target, source, operands)
        self.done.note(here.page, "colours")
        names = {Name.DeviceCMYK: ("k", "K"), Name.DeviceGray: ("g", "G")}[target.space]
        return [(numbers, names[operator == "RG"])]

    def _numbers(self, target: Target, source: Source, operands: Sequence[Any]) -> list[float]:
        import numpy as np

        values = tuple([float(value) for value in operands])
        key = (target.space == Name.DeviceGray, source, values)
        if key not in self._known:
            inks = target.numbers(source, np.array([values]), black=True)[0]
            self._known[key] = [round(float(ink), 5) for ink in inks]
        return self._known[key]

    def _space(self, here: Here, target: Target, operands: Sequence[Any], operator: str) -> list[Instruction] | None:
        if not operands:
            return None
        new = self._converted_space(here, target, operands[0])
        if new is None:
            return None
        self.done.note(here.page, "colours")
        name = new if isinstance(new, Name) else here.scope.add("ColorSpace", new, "Cs")
        return [([name], operator)]

    def _converted_space(self, here: Here, target: Target, name: Any) -> Any:
        """What stands in a space's place, or ``None`` where it stays."""
        space = here.scope.find("ColorSpace", name) if isinstance(name, Name) else name
        space = name if space is None else space
        if self.meaning(space, here.scope) is not None:
            return target.space
        if not isinstance(space, Array) or len(space) < 2:
            return None
        if space[0] == Name.Pattern and self.meaning(space[1], here.scope) is not None:
            return self._pdf.make_indirect(Array([Name.Pattern, target.space]))
        if space[0] == Name.Indexed:
            return self._indexed(here, target, space)
        return None

    def _indexed(self, here: Here, target: Target, space: Array) -> Any:
        import numpy as np

        source = self.meaning(space[1], here.scope)
        if source is None:
            return None
        key = (identity(space), here.masked)
        if key not in self._made:
            most, table = int(space[2]), space[3]
            data = table.read_bytes() if isinstance(table, Stream) else bytes(table)
            channels = _channels(source)
            rows = np.frombuffer(data[: (most + 1) * channels].ljust((most + 1) * channels, b"\0"), dtype=np.uint8)
            scaled = unit(rows.reshape(-1, channels) / 255.0, source)
            inks = target.numbers(source, scaled, black=False)
            new = np.floor(inks * 255 + 0.5).astype(np.uint8).tobytes()
            self._made[key] = self._pdf.make_indirect(Array([Name.Indexed, target.space, most, pikepdf.String(new)]))
        return self._made[key]

    def _colour(self, here: Here, target: Target, operands: Sequence[Any], operator: str) -> list[Instruction] | None:
        paint: Paint = here.state.stroke if operator.isupper() else here.state.fill
        space = paint.space
        pattern = operands[-1] if operands and isinstance(operands[-1], Name) else None
        if pattern is not None:
            return self._pattern(here, target, space, operands, operator)
        source = self.meaning(space, here.scope)
        if source is None or len(operands) != _channels(source):
            return None
        self.done.note(here.page, "colours")
        return [(self._numbers(target, source, operands), operator)]

    def _pattern(
        self, here: Here, target: Target, space: Any, operands: Sequence[Any], operator: str
    ) -> list[Instruction] | None:
        found = here.scope.find("Pattern", operands[-1])
        if isinstance(found, Dictionary) and not isinstance(found, Stream):
            shading = self._converted_shading(here, found.get("/Shading"))
            if shading is None:
                return None
            key = (identity(found), here.masked, "pattern")
            if key not in self._made:
                self._made[key] = self._pdf.make_indirect(Dictionary({**dict(found.items()), "/Shading": shading}))
            return [([here.scope.add("Pattern", self._made[key], "Pt")], operator)]
        base = space[1] if isinstance(space, Array) and len(space) > 1 and space[0] == Name.Pattern else None
        source = self.meaning(base, here.scope) if base is not None else None
        if source is None or len(operands) - 1 != _channels(source):
            return None
        return [([*self._numbers(target, source, operands[:-1]), operands[-1]], operator)]

    # Shadings, groups, masks

    def _shading(self, here: Here, operands: Sequence[Any]) -> list[Instruction] | None:
        found = here.scope.find("Shading", operands[0]) if operands else None
        new = self._converted_shading(here, found)
        return None if new is None else [([here.scope.add("Shading", new, "Sh")], "sh")]

    def _converted_shading(self, here: Here, shading: Any) -> Any:
        if not isinstance(shading, Dictionary | Stream):
            return None
        space = shading.get("/ColorSpace")
        space = (here.scope.find("ColorSpace", space) or space) if isinstance(space, Name) else space
        source = self.meaning(space, here.scope)
        if source is None:
            return None
        key = (identity(shading), here.masked, "shading")
        if key not in self._made:
            target = self._targets[here.masked]
            try:
                self._made[key] = shadings.converted(self._pdf, shading, source, target)
                self.done.note(here.page, "shadings")
            except ValueError as error:
                self._made[key] = None
                self.done.leave(here.page, f"a shading: {error}")
        return self._made[key]

    def group(self, owner: Any, scope: Scope | None, page: int, *, masked: bool) -> None:
        """Let a transparency group mix in the new space."""
        group = owner.get("/Group")
        space = group.get("/CS") if isinstance(group, Dictionary) else None
        if isinstance(space, Name) and scope is not None and space not in (Name.DeviceRGB,):
            space = scope.find("ColorSpace", space) or space
        if space is not None and self.meaning(space, None) is not None:
            group.CS = self._targets[masked].space
            self.done.note(page, "groups")

    def _mask(self, here: Here, operands: Sequence[Any]) -> None:
        entry = here.scope.find("ExtGState", operands[0]) if operands else None
        mask = entry.get("/SMask") if isinstance(entry, Dictionary) else None
        group = mask.get("/G") if isinstance(mask, Dictionary) else None
        if not isinstance(group, Stream) or mask is None:
            return
        looks = group.get("/Group")
        space = looks.get("/CS") if isinstance(looks, Dictionary) else None
        source = self.meaning(space, here.scope) if space is not None else None
        if source is None:
            return
        if isinstance(mask.get("/BC"), Array):
            mask.BC = Array(self._numbers(self._targets[True], source, list(mask.BC)))
        self.group(group, here.scope, here.page, masked=True)

    # Pictures

    def _painted(self, here: Here, operands: Sequence[Any]) -> list[Instruction] | None:
        found = here.scope.find("XObject", operands[0]) if operands else None
        if not isinstance(found, Stream):
            return None
        if found.get("/Subtype") == Name.Form:
            self.group(found, Scope(self._pdf, found, here.scope), here.page, masked=here.masked)
            return None
        new = self._picture(here, found)
        return None if new is None else [([here.scope.add("XObject", new, "Im")], "Do")]

    def _inline(self, here: Here, operands: Sequence[Any]) -> list[Instruction] | None:
        """An inline picture becomes an object: abbreviated, it has no room for what is said of it now."""
        image = pictures.of_inline(self._pdf, operands[0], here.scope)
        new = self._picture(here, image) if image is not None else None
        return None if new is None else [([here.scope.add("XObject", new, "Im")], "Do")]

    def _picture(self, here: Here, image: Stream) -> Any:
        """What stands in a picture's place, or ``None`` where it stays."""
        space = image.get("/ColorSpace")
        space = (here.scope.find("ColorSpace", space) or space) if isinstance(space, Name) else space
        if space is None or bool(image.get("/ImageMask", False)):
            return None
        key = (identity(image), here.masked)
        if key in self._made:
            return self._made[key]
        target = self._targets[here.masked]
        source = self.meaning(space, here.scope)
        palette = self._indexed(here, target, space) if source is None and pictures.is_indexed(space) else None
        if source is None and palette is None:
            return None
        try:
            self._made[key] = (
                pictures.repainted(self._pdf, image, palette)
                if palette is not None
                else pictures.converted(self._pdf, image, space, source or "rgb", target)
            )
            self.done.note(here.page, "pictures")
        except samples.Unfit as why:
            self._made[key] = None
            self.done.leave(here.page, f"a picture: {why}")
        return self._made[key]


def meaning_of(space: Array) -> Source | None:
    """What colours of a space mean; ``None`` where they are inks, or no colours at all."""
    kind = space[0]
    if kind == Name.ICCBased and isinstance(space[1], Stream):
        channels = int(space[1].get("/N", 0))
        if channels == 4:
            return None
        data = bytes(space[1].read_bytes())
        header = icc.read_header(data)
        if header.colour_space == "Lab" and channels == 3:
            reach = _floats(space[1].get("/Range"), (0.0, 100.0, -128.0, 127.0, -128.0, 127.0))
            return Lab((reach[2], reach[3], reach[4], reach[5]))
        try:
            if header.damage is None and transform_channels(data) == channels:
                return data
        except UnusableProfile:
            pass
        return "rgb" if channels == 3 else "gray" if channels == 1 else None
    if kind == Name.DeviceRGB:
        return "rgb"
    if len(space) < 2 or not isinstance(space[1], Dictionary):
        return None
    about = space[1]
    if kind == Name.CalGray:
        return CalGray(float(about.get("/Gamma", 1)))
    if kind == Name.CalRGB:
        white = _floats(about.get("/WhitePoint"), (0.9505, 1.0, 1.089))
        gamma = _floats(about.get("/Gamma"), (1.0, 1.0, 1.0))
        matrix = _floats(about.get("/Matrix"), (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0))
        return CalRgb(white, gamma, matrix)  # type: ignore[arg-type]
    if kind == Name.Lab:
        return Lab(_floats(about.get("/Range"), (-100.0, 100.0, -100.0, 100.0)))  # type: ignore[arg-type]
    return None


def _floats(values: Any, default: tuple[float, ...]) -> tuple[float, ...]:
    if not isinstance(values, Array) or len(values) != len(default):
        return default
    return tuple(float(value) for value in values)


def _channels(source: Source) -> int:
    if isinstance(source, bytes):
        return transform_channels(source)
    return 1 if source == "gray" or isinstance(source, CalGray) else 3


def transform_channels(profile: bytes) -> int:
    """How many numbers a colour of a profile has."""
    from makeready.colour import littlecms

    return {"Gray": 1, "RGB": 3, "Lab": 3, "CMYK": 4}[littlecms.space(profile)]


def unit(rows: Floats, source: Source) -> Floats:
    """From 0 to 1, as samples are stored, to the numbers of operators; only Lab has others."""
    if not isinstance(source, Lab):
        return rows
    a0, a1, b0, b1 = source.range
    return rows * (100.0, a1 - a0, b1 - b0) + (0.0, a0, b0)
