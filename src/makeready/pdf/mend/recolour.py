"""The colours of some spaces given other numbers, or another space: in streams, shadings, pictures and palettes.

A fix says for each colour space what becomes of it. Soft masks are left as they are: what is painted in them is never
printed, only how light it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from makeready.facts import Artwork
from makeready.pdf.mend import colour_pictures as pictures
from makeready.pdf.mend import samples, shadings
from makeready.pdf.mend.streams import (
    INLINE_IMAGE,
    Here,
    Instruction,
    Paint,
    Scope,
    State,
    Walk,
    first_colour,
    identity,
)
from makeready.pdf.mend.working import Working

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Pixels = npt.NDArray[Any]

_DEVICE = {"g": Name.DeviceGray, "rg": Name.DeviceRGB, "k": Name.DeviceCMYK}
_OPERATORS: dict[Any, str] = {space: operator for operator, space in _DEVICE.items()}
#: Pixels that are worked on at once.
_AT_ONCE = 1 << 18
#: Numbers in streams are written with so many decimals.
_DECIMALS = 5


@dataclass(frozen=True, slots=True)
class Recipe:
    """What becomes of the colours of one space."""

    #: How many numbers a colour has.
    channels: int
    #: The new colour space; ``None`` where it stays.
    space: Any
    #: From colours to new ones, row by row, all from 0 to 1.
    numbers: Callable[[Floats], Floats]
    #: Whether any of these colours changes; of a space that stays, what does not change is left as it is.
    touches: Callable[[Floats], bool] = lambda _rows: True
    #: The same for the pixels of a picture stored with loss, which are noisy, and the number of a full channel.
    touches_lossy: Callable[[Pixels, int], bool] | None = None
    #: Round down: the sum may not grow.
    down: bool = False
    #: Only the space is another one, the numbers stay.
    same: bool = False

    def whole(self, rows: Floats, most: int) -> Pixels:
        """New colours as whole numbers up to ``most``."""
        import numpy as np

        found = np.clip(self.numbers(rows), 0.0, 1.0) * most
        return np.floor(found + (1e-6 if self.down else 0.5)).astype(np.uint8 if most <= 255 else np.uint16)

    def written(self, operands: Sequence[Any]) -> list[float] | None:
        """The new operands of a colour; ``None`` where it is no such colour, or does not change."""
        import numpy as np

        try:
            rows = np.array([[float(value) for value in operands]])
        except (TypeError, ValueError):
            return None
        if len(operands) != self.channels or (self.space is None and not self.touches(rows)):
            return None
        scale = 10**_DECIMALS
        found = np.clip(self.numbers(rows)[0], 0.0, 1.0) * scale
        whole = np.floor(found + 1e-6) if self.down else np.round(found)
        return [float(value) / scale for value in whole]


#: What becomes of a space, named in this scope; ``None`` leaves it. It raises ValueError where that cannot be told.
Find = Callable[[Any, Scope | None], Recipe | None]


@dataclass(slots=True)
class Recoloured:
    """What was done."""

    #: By page: how many colours in streams, shadings, pictures, palettes and groups were changed.
    counts: dict[int, Counter[str]] = field(default_factory=dict)
    #: By page: what could not be changed, and why.
    left: dict[int, list[str]] = field(default_factory=dict)

    def note(self, page: int, what: str) -> None:
        """Count something."""
        self.counts.setdefault(page, Counter())[what] += 1

    def leave(self, page: int, why: str) -> None:
        """Say what was left; the same reason once a page."""
        reasons = self.left.setdefault(page, [])
        if why not in reasons:
            reasons.append(why)


def recolour(working: Working, artwork: Artwork, find: Find) -> Recoloured:
    """Change the colours on the pages of the artwork."""
    visitor = Recolouring(working.pdf, find)
    walk = Walk(working.pdf, visitor)
    for page in artwork.pages:
        walk.page(page.number)
    walk.finish()
    for number, why in walk.unread:
        visitor.done.leave(number, f"a content stream that cannot be read ({why})")
    if len(artwork.pages) == len(working.pdf.pages) and not visitor.done.left:
        visitor.tidy()
    return visitor.done


class _Untouched(Exception):
    """No pixel of a picture changes: it is not packed again."""


class Recolouring:
    """Answers with the new colours."""

    def __init__(self, pdf: Pdf, find: Find) -> None:
        self._pdf, self._find = pdf, find
        self._recipes: dict[Any, Recipe | None] = {}
        #: What was made of palettes, shadings, patterns and pictures, by object.
        self._made: dict[Any, Any] = {}
        #: Names that are not used any more where they stand, and names that soft masks go on using.
        self._void: list[tuple[Scope, str, Name]] = []
        self._masking: set[str] = set()
        self.done = Recoloured()

    def key(self, state: State) -> Hashable:
        return identity(state.fill.space), identity(state.stroke.space)

    def visit(self, here: Here, operands: Sequence[Any], operator: str) -> Sequence[Instruction] | None:
        if here.masked:
            self._masking.update(str(operand) for operand in operands if isinstance(operand, Name))
            return None
        if operator.lower() in _DEVICE:
            return self._device(here, operands, operator)
        if operator in ("cs", "CS"):
            return self._space(here, operands, operator)
        if operator in ("sc", "scn", "SC", "SCN"):
            return self._colour(here, operands, operator)
        if operator == "sh":
            return self._shading(here, operands)
        if operator == "Do":
            found = here.scope.find("XObject", operands[0]) if operands else None
            return self._placed(here, operands, self._picture(here, found))
        if operator == INLINE_IMAGE:
            inline = pictures.of_inline(self._pdf, operands[0], here.scope)
            return self._placed(here, (), self._picture(here, inline))
        return None

    def tidy(self) -> None:
        """Take out of resources what has been replaced: programs list the plates of a page by them."""
        for scope, kind, name in self._void:
            if str(name) not in self._masking:
                scope.drop(kind, name)

    def _instead(self, here: Here, kind: str, operands: Sequence[Any], new: Any, prefix: str) -> Name:
        """The name of what stands in place of what the last operand names."""
        if operands and isinstance(operands[-1], Name):
            self._void.append((here.scope, kind, operands[-1]))
        return new if isinstance(new, Name) else here.scope.add(kind, new, prefix)

    # Colours

    def recipe(self, space: Any, here: Here) -> Recipe | None:
        """What becomes of a space."""
        if isinstance(space, Name):
            return self._asked(space, here)
        if not isinstance(space, Array) or not len(space):
            return None
        key = identity(space)
        if key not in self._recipes:
            self._recipes[key] = self._asked(space, here)
        return self._recipes[key]

    def _asked(self, space: Any, here: Here) -> Recipe | None:
        try:
            return self._find(space, here.scope)
        except ValueError as error:
            self.done.leave(here.page, str(error))
            return None

    def _device(self, here: Here, operands: Sequence[Any], operator: str) -> list[Instruction] | None:
        recipe = self.recipe(_DEVICE[operator.lower()], here)
        numbers = recipe.written(operands) if recipe else None
        if recipe is None or numbers is None:
            return None
        self.done.note(here.page, "colours")
        if recipe.space is None:
            return [(numbers, operator)]
        if isinstance(recipe.space, Name):
            plain = _OPERATORS[recipe.space]
            return [(numbers, plain.upper() if operator.isupper() else plain)]
        name = here.scope.add("ColorSpace", recipe.space, "Cs")
        return [([name], "CS"), (numbers, "SCN")] if operator.isupper() else [([name], "cs"), (numbers, "scn")]

    def _space(self, here: Here, operands: Sequence[Any], operator: str) -> list[Instruction] | None:
        space = self._named(here, operands[0]) if operands else None
        new = self._new_space(here, space)
        if new is None:
            return None
        self.done.note(here.page, "colours")
        name = self._instead(here, "ColorSpace", operands, new, "Cs")
        answer: list[Instruction] = [([name], operator)]
        recipe = self.recipe(space, here)
        if recipe is not None:  # another space begins with another colour (ISO 32000-1, 8.6.8)
            first = recipe.written(first_colour(space))
            answer += [(first, "SCN" if operator == "CS" else "scn")] if first is not None else []
        return answer

    @staticmethod
    def _named(here: Here, name: Any) -> Any:
        if not isinstance(name, Name):
            return name
        found = here.scope.find("ColorSpace", name)
        return name if found is None else found

    def _new_space(self, here: Here, space: Any) -> Any:
        """What stands in a space's place; ``None`` where it stays."""
        recipe = self.recipe(space, here)
        if recipe is not None:
            return recipe.space
        if not isinstance(space, Array) or len(space) < 2:
            return None
        if space[0] == Name.Pattern:
            below = self.recipe(space[1], here)
            if below is None or below.space is None:
                return None
            return self._once((identity(space), "pattern"), lambda: Array([Name.Pattern, below.space]))
        return self._palette(here, space) if pictures.is_indexed(space) else None

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = self._pdf.make_indirect(make())
        return self._made[key]

    def _palette(self, here: Here, space: Array) -> Any:
        import numpy as np

        recipe = self.recipe(space[1], here)
        key = (identity(space), "palette")
        if recipe is None or key in self._made:
            return self._made.get(key)
        most, table = int(space[2]), space[3]
        data = table.read_bytes() if isinstance(table, Stream) else bytes(table)
        size = (most + 1) * recipe.channels
        rows = np.frombuffer(data[:size].ljust(size, b"\0"), dtype=np.uint8).reshape(-1, recipe.channels) / 255.0
        if recipe.space is None and not recipe.touches(rows):
            self._made[key] = None
            return None
        base = space[1] if recipe.space is None else recipe.space
        new = table if recipe.same else pikepdf.String(recipe.whole(rows, 255).tobytes())
        return self._once(key, lambda: Array([Name.Indexed, base, most, new]))

    def _colour(self, here: Here, operands: Sequence[Any], operator: str) -> list[Instruction] | None:
        paint: Paint = here.state.stroke if operator.isupper() else here.state.fill
        if operands and isinstance(operands[-1], Name):
            return self._pattern(here, paint.space, operands, operator)
        recipe = self.recipe(paint.space, here)
        numbers = recipe.written(operands) if recipe and not recipe.same else None
        if recipe is None or numbers is None:
            return None
        if recipe.space is None:
            self.done.note(here.page, "colours")
        return [(numbers, "SCN" if operator.isupper() else "scn")]

    def _pattern(self, here: Here, space: Any, operands: Sequence[Any], operator: str) -> list[Instruction] | None:
        found = here.scope.find("Pattern", operands[-1])
        if isinstance(found, Dictionary) and not isinstance(found, Stream):
            shading = self._new_shading(here, found.get("/Shading"))
            if shading is None:
                return None
            new = self._once(
                (identity(found), "shaded"), lambda: Dictionary({**dict(found.items()), "/Shading": shading})
            )
            return [([self._instead(here, "Pattern", operands, new, "Pt")], operator)]
        base = space[1] if isinstance(space, Array) and len(space) > 1 and space[0] == Name.Pattern else None
        recipe = self.recipe(base, here) if base is not None else None
        numbers = recipe.written(operands[:-1]) if recipe else None
        if recipe is None or numbers is None:
            return None
        if recipe.space is None:
            self.done.note(here.page, "colours")
        return [([*numbers, operands[-1]], operator)]

    # Shadings

    def _shading(self, here: Here, operands: Sequence[Any]) -> list[Instruction] | None:
        new = self._new_shading(here, here.scope.find("Shading", operands[0]) if operands else None)
        return None if new is None else [([self._instead(here, "Shading", operands, new, "Sh")], "sh")]

    def _new_shading(self, here: Here, shading: Any) -> Any:
        if not isinstance(shading, Dictionary | Stream):
            return None
        recipe = self.recipe(self._named(here, shading.get("/ColorSpace")), here)
        if recipe is None:
            return None
        key = (identity(shading), "shading")
        if recipe.same:
            self._once(key, lambda: _with_space(self._pdf, shading, recipe.space))
        if key not in self._made:
            self._made[key] = None
            touched: list[bool] = []

            def numbers(rows: Floats) -> Floats:
                touched.append(recipe.touches(rows))
                return recipe.numbers(rows)

            try:
                space = shading.ColorSpace if recipe.space is None else recipe.space
                new = shadings.recoloured(self._pdf, shading, recipe.channels, space, numbers)
                self._made[key] = new if recipe.space is not None or any(touched) else None
            except ValueError as error:
                self.done.leave(here.page, f"a shading: {error}")
        if self._made[key] is not None:
            self.done.note(here.page, "shadings")
        return self._made[key]

    # Pictures

    def _placed(self, here: Here, operands: Sequence[Any], new: Any) -> list[Instruction] | None:
        """A picture in place of another; an inline one becomes an object."""
        return None if new is None else [([self._instead(here, "XObject", operands, new, "Im")], "Do")]

    def _picture(self, here: Here, image: Any) -> Any:
        """What stands in a picture's place, or ``None`` where it stays."""
        if not isinstance(image, Stream) or image.get("/Subtype") != Name.Image or bool(image.get("/ImageMask", False)):
            return None
        space = self._named(here, image.get("/ColorSpace"))
        recipe = self.recipe(space, here)
        palette = self._palette(here, space) if recipe is None and pictures.is_indexed(space) else None
        if recipe is None and palette is None:
            return None
        key = (identity(image), "picture")
        if key not in self._made:
            try:
                self._made[key] = (
                    self._new_picture(image, space, recipe)
                    if recipe is not None and not recipe.same
                    else pictures.repainted(self._pdf, image, palette if recipe is None else recipe.space)
                )
            except samples.Unfit as why:
                self._made[key] = None
                self.done.leave(here.page, f"a picture: {why}")
        if self._made[key] is not None:
            self.done.note(here.page, "pictures")
        return self._made[key]

    def _new_picture(self, image: Stream, space: Any, recipe: Recipe) -> Any:
        bits = int(image.get("/BitsPerComponent", 8))
        if recipe.channels == 1 and bits <= 8 and recipe.space is not None and not _coded_by_tone(image):
            return self._as_palette(image, bits, recipe)

        def change(pixels: Pixels, lossy: bool) -> tuple[Pixels, Any]:
            found = self._pixels(pixels, lossy, recipe)
            if found is None:
                raise _Untouched
            return found, space if recipe.space is None else recipe.space

        try:
            return pictures.recoloured(self._pdf, image, space, change)
        except _Untouched:
            return None

    def _as_palette(self, image: Stream, bits: int, recipe: Recipe) -> Stream:
        """One channel of few tones: its tones become a table, and its data stay byte by byte."""
        import numpy as np

        most = 2**bits - 1
        ends = [float(value) for value in image.get("/Decode", Array([0, 1]))]
        tones = ends[0] + np.arange(most + 1)[:, None] / most * (ends[1] - ends[0])
        table = pikepdf.String(recipe.whole(np.clip(tones, 0.0, 1.0), 255).tobytes())
        space = self._pdf.make_indirect(Array([Name.Indexed, recipe.space, most, table]))
        new = pictures.repainted(self._pdf, image, space)
        if "/Decode" in new:
            del new.Decode
        return new

    @staticmethod
    def _pixels(pixels: Pixels, lossy: bool, recipe: Recipe) -> Pixels | None:
        """The new pixels; ``None`` where none changes."""
        import numpy as np

        most = int(np.iinfo(pixels.dtype).max)
        rows = pixels.reshape(-1, recipe.channels)
        if recipe.space is None:
            if lossy and recipe.touches_lossy is not None:
                if not recipe.touches_lossy(pixels, most):
                    return None
            elif not any(recipe.touches(rows[at : at + _AT_ONCE] / most) for at in range(0, len(rows), _AT_ONCE)):
                return None
        parts = []
        for at in range(0, len(rows), _AT_ONCE):
            colours, of = _distinct(rows[at : at + _AT_ONCE])
            parts.append(recipe.whole(colours / most, most)[of])
        return np.concatenate(parts).reshape(*pixels.shape[:2], -1)


def _with_space(pdf: Pdf, shading: Any, space: Any) -> Any:
    """A copy of a shading with the same numbers in another space."""
    entries = {key: value for key, value in shading.items() if key not in ("/Length", "/Filter", "/DecodeParms")}
    entries["/ColorSpace"] = space
    return pdf.make_stream(shading.read_bytes(), entries) if isinstance(shading, Stream) else Dictionary(entries)


def _coded_by_tone(image: Stream) -> bool:
    """Whether its data are stored as tones, not as numbers: those of a table may not be."""
    filters = image.get("/Filter")
    named = list(filters) if isinstance(filters, Array) else [filters]
    return any(name in (Name.DCTDecode, Name.JPXDecode) for name in named)


def _distinct(rows: Pixels) -> tuple[Pixels, npt.NDArray[np.intp]]:
    """Each colour once, and which of them every row is."""
    import numpy as np

    if rows.dtype == np.uint8 and rows.shape[1] <= 4:  # packed into one number each: ten times as fast
        filled = np.zeros((len(rows), 4), np.uint8)
        filled[:, : rows.shape[1]] = rows
        found, of = np.unique(filled.view(np.uint32)[:, 0], return_inverse=True)
        return found.view(np.uint8).reshape(-1, 4)[:, : rows.shape[1]], of.reshape(-1)
    colours, of = np.unique(rows, axis=0, return_inverse=True)
    return colours, of.reshape(-1)
