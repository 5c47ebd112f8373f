"""Spots by other names, or as process colours: alone, mixed with other inks, in shadings, pictures and palettes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from makeready.colour import Source, UnusableProfile, transform
from makeready.facts import Artwork
from makeready.pdf.colour import NOTHING, PROCESS_INKS, REGISTRATION
from makeready.pdf.mend import functions
from makeready.pdf.mend.cmyk import meaning_of
from makeready.pdf.mend.paints import space_of
from makeready.pdf.mend.recolour import Recipe, Recoloured, recolour
from makeready.pdf.mend.streams import FILLS, SHOWS, STROKES, Here, Scope, State, Walk
from makeready.pdf.mend.working import Working
from makeready.press import Press

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Steps of a table of tints: all whole percents and all levels of eight bits are among them.
_TINTS = 5100
#: Samples along each input of a table, by the number of inputs.
_GRIDS = {1: 1021, 2: 65, 3: 21, 4: 11}
#: Single colours that are remembered.
_MOST_REMEMBERED = 10_000

Mix = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to become of spots, by name; those that are not named stay."""

    #: Another name for the same tints.
    renamed: Mapping[str, str] = field(default_factory=dict)
    #: Process inks of a full tint, from 0 to 1; ``None`` where the file itself says what it looks like.
    process: Mapping[str, Mix | None] = field(default_factory=dict)


def change(working: Working, artwork: Artwork, wishes: Wishes, press: Press) -> Recoloured:
    """Change the spots on the pages of the artwork.

    Args:
        working: the file.
        artwork: its facts.
        wishes: what is to become of them.
        press: whose inks stand for what a spot is shown with, where that is no CMYK.
    """
    own: dict[str, Array] = {}

    def look(space: Any, _scope: Scope | None) -> None:
        known = space_of(space) if isinstance(space, Array) else None
        if known is not None and known.family == "Separation":
            own.setdefault(known.colorants[0], space)

    if wishes.renamed:
        recolour(working, artwork, look)
    spots = _Spots(working.pdf, wishes, press, own)
    return recolour(working, artwork, spots.recipe)


def full_tints(working: Working, artwork: Artwork, press: Press) -> dict[str, Mix]:
    """What each spot of the artwork looks like at its full tint, in the inks of a press."""
    found: dict[str, Mix] = {}

    def look(space: Any, _scope: Scope | None) -> None:
        known = space_of(space) if isinstance(space, Array) else None
        if known is None or known.model != "spot" or known.family.startswith("Indexed"):
            return
        for place, name in enumerate(known.colorants):
            if name not in found and name not in (*PROCESS_INKS, REGISTRATION, NOTHING):
                cyan, magenta, yellow, black = _alone(working.pdf, space, place, press)(_full())[0]
                found[name] = (float(cyan), float(magenta), float(yellow), float(black))

    recolour(working, artwork, look)
    return found


def of_steps(working: Working, artwork: Artwork) -> set[str]:
    """Spots that are painted with on layers of processing steps (ISO 19593-1) and nowhere else."""
    visitor = _Steps()
    walk = Walk(working.pdf, visitor, roles=("pattern", "annotation"))
    for page in artwork.pages:
        visitor.marks.clear()
        walk.page(page.number)
    return visitor.inside - visitor.outside


class _Steps:
    """Looks which spots are painted inside of marked content of a step's layer, and changes nothing."""

    def __init__(self) -> None:
        self.marks: list[bool] = []
        self.inside: set[str] = set()
        self.outside: set[str] = set()

    def key(self, state: State) -> Hashable:
        return _spots(state.fill.space), _spots(state.stroke.space), any(self.marks)

    def visit(self, here: Here, operands: Sequence[Any], operator: str) -> None:
        """Note what is painted."""
        if operator in ("BDC", "BMC"):
            named = operands[1] if len(operands) > 1 and operands[0] == Name.OC else None
            group = here.scope.find("Properties", named) if isinstance(named, Name) else None
            self.marks.append(isinstance(group, Dictionary) and "/GTS_Metadata" in group)
        elif operator == "EMC" and self.marks:
            self.marks.pop()
        found = self.inside if any(self.marks) else self.outside
        if operator in FILLS or operator in SHOWS or operator == "sh":
            found.update(_spots(here.state.fill.space))
        if operator in STROKES or operator in SHOWS:
            found.update(_spots(here.state.stroke.space))
        if operator in ("Do", "sh") and operands:
            painted = here.scope.find("XObject" if operator == "Do" else "Shading", operands[0])
            if isinstance(painted, Dictionary | Stream):
                found.update(_spots(painted.get("/ColorSpace")))


def _spots(space: Any) -> frozenset[str]:
    """The spots that colours of a space are made of."""
    known = space_of(space) if isinstance(space, Array) else None
    return frozenset(known.colorants if known is not None else ())


def shown_in_process(pdf: Pdf, space: Array, press: Press) -> Array:
    """The same inks, shown with process inks where theirs are missing: what prints stays as it is.

    Raises:
        ValueError: it cannot be told what they look like, or there are too many for a table.
    """
    known = space_of(space)
    count = len(known.colorants) if known else 0
    if count not in _GRIDS:
        raise ValueError(f"a mixture of {count} inks that is shown with colours which are no process inks")
    sizes, domain = (_GRIDS[count],) * count, [0.0, 1.0] * count
    table = _mixed(pdf, space, count, press)(functions.grid(domain, sizes))
    return Array([space[0], space[1], Name.DeviceCMYK, functions.sampled(pdf, table, sizes, domain)])


class _Spots:
    """What becomes of each space of spots."""

    def __init__(self, pdf: Pdf, wishes: Wishes, press: Press, own: Mapping[str, Array]) -> None:
        self._pdf, self._wishes, self._press, self._own = pdf, wishes, press, own

    def recipe(self, space: Any, _scope: Scope | None) -> Recipe | None:
        """What becomes of a space; ``None`` where it holds no spot that is wished away."""
        known = space_of(space) if isinstance(space, Array) else None
        if known is None or known.model != "spot" or known.family.startswith("Indexed"):
            return None
        names = known.colorants
        if REGISTRATION in names or not any(name in self._wishes.renamed or self._goes(name) for name in names):
            return None
        if not any(self._goes(name) for name in names):
            return self._renamed(space, names)
        left = [name for name in names if not self._goes(name) and name not in (*PROCESS_INKS, NOTHING)]
        if not left and all(self._goes(name) and self._wishes.process[name] is None for name in names):
            # The file says itself what all of them look like together.
            return Recipe(len(names), Name.DeviceCMYK, _remembering(_mixed(self._pdf, space, len(names), self._press)))
        return self._parted(space, names, left)

    def _goes(self, name: str) -> bool:
        return name in self._wishes.process

    def _renamed(self, space: Array, names: tuple[str, ...]) -> Recipe:
        new = [self._wishes.renamed.get(name, name) for name in names]
        if len(set(new)) < len(new):  # two twins in one mixture
            return self._parted(space, names, [name for name in names if name not in (*PROCESS_INKS, NOTHING)])
        if space[0] == Name.Separation:
            found = self._own.get(new[0], Array([Name.Separation, _named(new[0]), space[2], space[3]]))
            return Recipe(1, self._pdf.make_indirect(Array(list(found))), lambda rows: rows, same=True)
        parts = list(space)
        parts[1] = Array([_named(name) for name in new])
        if len(parts) > 4 and isinstance(parts[4], Dictionary):
            about = Dictionary(dict(parts[4].items()))
            if isinstance(about.get("/Colorants"), Dictionary):
                renamed = {f"/{old}": f"/{name}" for old, name in zip(names, new, strict=True)}
                about.Colorants = Dictionary({renamed.get(key, key): value for key, value in about.Colorants.items()})
            parts[4] = about
        return Recipe(len(names), self._pdf.make_indirect(Array(parts)), lambda rows: rows, same=True)

    def _parted(self, space: Array, names: tuple[str, ...], left: list[str]) -> Recipe:
        """Each ink by itself: process inks pass, those that go are added to them, the others keep their tints."""
        import numpy as np

        process = any(self._goes(name) or name in PROCESS_INKS for name in names)
        new = [
            *(PROCESS_INKS if process else ()),
            *dict.fromkeys(self._wishes.renamed.get(name, name) for name in left),
        ]
        adds: list[Callable[[Floats], Floats]] = []
        solids: dict[str, Mix] = {}
        for place, name in enumerate(names):
            if self._goes(name):
                adds.append(self._inks(space, place, name, new))
            elif name != NOTHING:
                to = self._wishes.renamed.get(name, name)
                adds.append(_passing(place, new.index(to), len(new)))
                if name not in PROCESS_INKS and to not in solids:
                    cyan, magenta, yellow, black = _alone(self._pdf, space, place, self._press)(_full())[0]
                    solids[to] = (float(cyan), float(magenta), float(yellow), float(black))

        def numbers(rows: Floats) -> Floats:
            total = np.zeros((len(rows), len(new)))
            for add in adds:
                total += add(rows)
            return np.minimum(total, 1.0)

        return Recipe(len(names), self._space(new, solids), numbers)

    def _inks(self, space: Array, place: int, name: str, new: list[str]) -> Callable[[Floats], Floats]:
        """What one colorant adds to the process inks, which come first."""
        import numpy as np

        said = self._wishes.process[name]
        if said is None:
            by_tint = _alone(self._pdf, space, place, self._press)
        else:
            solid = np.array([said])

            def by_tint(tints: Floats) -> Floats:
                return np.asarray(tints[:, None] * solid)

        def add(rows: Floats) -> Floats:
            total = np.zeros((len(rows), len(new)))
            total[:, : len(PROCESS_INKS)] = by_tint(rows[:, place])
            return total

        return add

    def _space(self, names: list[str], solids: Mapping[str, Mix]) -> Any:
        """The space of these inks, shown as what they add up to."""
        if names == list(PROCESS_INKS):
            return Name.DeviceCMYK
        plain = dict(zip(PROCESS_INKS, ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)), strict=True))
        weights = [plain[name] if name in plain else solids[name] for name in names]
        kind: list[Any] = [Name.DeviceN, Array([_named(name) for name in names])]
        if len(names) == 1:
            kind = [Name.Separation, _named(names[0])]
        return self._pdf.make_indirect(Array([*kind, Name.DeviceCMYK, _sum(self._pdf, weights)]))


def _passing(place: int, to: int, count: int) -> Callable[[Floats], Floats]:
    import numpy as np

    def add(rows: Floats) -> Floats:
        total = np.zeros((len(rows), count))
        total[:, to] = rows[:, place]
        return total

    return add


def _named(name: str) -> Any:
    """The name of a colorant, with the bytes that it had."""
    written = b"".join(
        bytes([byte]) if 32 < byte < 127 and byte not in b"#%()/<>[]{}" else b"#%02x" % byte
        for byte in name.encode("utf-8", "surrogateescape")
    )
    return pikepdf.Object.parse(b"/" + written)


def _full() -> Floats:
    import numpy as np

    return np.ones(1)


def _alone(pdf: Pdf, space: Array, place: int, press: Press) -> Callable[[Floats], Floats]:
    """What the tints of one colorant look like where the others are none, in process inks."""
    import numpy as np

    count = 1 if space[0] == Name.Separation else len(space[1])
    steps = np.linspace(0.0, 1.0, _TINTS + 1)
    rows = np.zeros((len(steps), count))
    rows[:, place] = steps
    table = _mixed(pdf, space, count, press)(rows)

    def inks(tints: Floats) -> Floats:
        return np.stack([np.interp(tints, steps, table[:, plate]) for plate in range(table.shape[1])], axis=1)

    return inks


def _mixed(pdf: Pdf, space: Array, count: int, press: Press) -> Callable[[Floats], Floats]:
    """What colours of a space of spots look like, in process inks.

    Raises:
        ValueError: the space says nothing that can be worked out.
    """
    import numpy as np

    alternate = space_of(space[2])
    if alternate is None or alternate.model not in ("gray", "rgb", "cmyk", "lab"):
        raise ValueError("what a spot is shown with cannot be told")
    source = _source(space[2])
    if isinstance(source, bytes) and source == press.icc:
        source = None

    def inks(rows: Floats) -> Floats:
        shown = functions.tabulate(pdf, space[3], rows, alternate.n)
        if source is None:
            return np.clip(shown, 0.0, 1.0)
        try:
            return transform(source, press).numbers(shown, black=True)
        except UnusableProfile as error:
            raise ValueError(f"what a spot is shown with cannot be told: {error}") from error

    inks(np.ones((1, count)))  # what cannot be worked out is told before anything is changed
    return _tabled(inks) if count == 1 else inks


def _source(space: Any) -> Source | None:
    """What the colours of an alternate space mean; ``None`` for inks."""
    plain = space[0] if isinstance(space, Array) and len(space) == 1 else space
    if not isinstance(plain, Array):
        return "rgb" if plain == Name.DeviceRGB else "gray" if plain == Name.DeviceGray else None
    if plain[0] == Name.ICCBased and isinstance(plain[1], Stream) and int(plain[1].get("/N", 0)) == len(PROCESS_INKS):
        return bytes(plain[1].read_bytes())
    return meaning_of(plain)


def _tabled(inks: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    """A function of one tint, from a table of all that are likely."""
    import numpy as np

    steps = np.linspace(0.0, 1.0, _TINTS + 1)
    table = inks(steps[:, None])

    def found(rows: Floats) -> Floats:
        return np.stack([np.interp(rows[:, 0], steps, table[:, plate]) for plate in range(table.shape[1])], axis=1)

    return found


def _remembering(inks: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    """The same, with single colours worked out once: pages set few, many times."""
    known: dict[bytes, Floats] = {}

    def found(rows: Floats) -> Floats:
        if len(rows) != 1:
            return inks(rows)
        if len(known) > _MOST_REMEMBERED:
            known.clear()
        key = rows.tobytes()
        if key not in known:
            known[key] = inks(rows)
        return known[key]

    return found


def _sum(pdf: Pdf, weights: list[Mix]) -> Stream:
    """A function (ISO 32000-1, 7.10.5) that adds up what each ink looks like, up to full plates."""
    count, code = len(weights), []
    for plate in range(len(PROCESS_INKS)):
        code.append("0")
        for place, weight in enumerate(weights):
            if weight[plate]:
                # The sum lies on top, the plates before it above the tints.
                code.append(f"{count - 1 - place + plate + 1} index {weight[plate]:.5f} mul add")
        code.append("dup 1 gt { pop 1 } if")
    code.append(f"{count + 4} 4 roll {'pop ' * count}")
    return pdf.make_stream(
        f"{{ {' '.join(code)}}}".encode(),
        {"/FunctionType": 4, "/Domain": [0, 1] * count, "/Range": [0, 1] * len(PROCESS_INKS)},
    )
