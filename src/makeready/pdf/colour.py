"""Colour as MuPDF resolved it, told in the words of the PDF specification.

MuPDF hands over a colour space that is already resolved (Default spaces, inherited resources, Indexed bases)
and the numbers that were set in it. Here both become a ``Colour``: the family a printer knows, what it comes
down to, and the inks it puts on the sheet.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from makeready.facts import Colour

PROCESS_INKS = ("Cyan", "Magenta", "Yellow", "Black")
#: Colorant names that are no ink of their own (ISO 32000-1, 8.6.6.4).
REGISTRATION = "All"
NOTHING = "None"

_KEEP_DECIMALS = 4
#: MuPDF names a space of spots by its alternate space first.
_ALTERNATE = re.compile(r"(?:Separation\(|DeviceN\(\d+,)(DeviceGray|DeviceRGB|DeviceCMYK),")
#: fz_colorspace_type of MuPDF, as models of ours.
_MODELS = {1: "gray", 2: "rgb", 3: "rgb", 4: "cmyk", 5: "lab", 6: "indexed", 7: "spot"}


#: The name of a colour space and the numbers of a colour in it.
Alternate = tuple[str, tuple[float, ...]]


class Space(NamedTuple):
    """A colour space: its full name, PDF family, model, number of components, and colorant names."""

    name: str
    family: str
    model: str
    n: int
    colorants: tuple[str, ...]

    @property
    def shown(self) -> str:
        """Short words for a table: ``DeviceCMYK``, ``ICCBased RGB``, ``Separation PANTONE 185 C``."""
        if self.family == "ICCBased":
            return f"ICCBased {self.model.upper() if self.model != 'gray' else 'Gray'}"
        if self.family in ("Separation", "DeviceN"):
            return f"{self.family} {', '.join(self.colorants)}".rstrip()
        return self.family


UNKNOWN = Space("unknown", "unknown", "unknown", 0, ())
PATTERN = Space("Pattern", "Pattern", "pattern", 0, ())


class Spaces:
    """The colour spaces and colours seen while a document is open.

    Spaces are recognised by address, so each one is kept alive until ``close``: an address must not be
    given to another space while it is in the table.
    """

    def __init__(self, native: Any) -> None:
        self._native = native
        self._spaces: dict[int, Space] = {}
        self._kept: list[Any] = []
        #: What spots are shown with, by name: a device space, and the full tint in it.
        self.alternates: dict[str, Alternate] = {}

    def add(self, space: Any, address: int) -> Space:
        """Register a native colour space under its address."""
        if address not in self._spaces:
            self._native.ll_fz_keep_colorspace(space)
            self._kept.append(space)
            self._spaces[address] = self._read(space)
        return self._spaces[address]

    def space(self, address: int) -> Space:
        """The space at an address; 0 is a pattern."""
        return self._spaces[address] if address else PATTERN

    def colour(self, address: int, values: tuple[float, ...], overprint: int, mode: int) -> Colour:
        """The colour of some numbers in a registered space."""
        space = self.space(address)
        rounded = tuple([round(value, _KEEP_DECIMALS) for value in values])
        return Colour(
            space=space.shown,
            family=space.family,
            model=space.model,
            values=rounded,
            inks=inks_of(space, rounded),
            overprint=bool(overprint),
            overprint_mode=int(mode),
        )

    def is_black(self, address: int, values: tuple[float, ...]) -> bool:
        """Whether it is the colour that content streams begin with: DeviceGray 0 (ISO 32000-1, table 52)."""
        return self.space(address).family == "DeviceGray" and values == (0.0,)

    def close(self) -> None:
        """Let go of the native spaces."""
        for native in self._kept:
            self._native.ll_fz_drop_colorspace(native)
        self._kept.clear()
        self._spaces.clear()

    def _read(self, native: Any) -> Space:
        name, kind, n = str(native.name), int(native.type), int(native.n)
        model = _MODELS.get(kind, "unknown")
        if model == "indexed":
            base = self._read(self._native.ll_fz_base_colorspace(native))
            return base._replace(name=name, n=1, family=f"Indexed {base.shown}", model=base.model)
        if model == "spot":
            colorants = tuple(str(self._native.ll_fz_colorspace_colorant(native, i)) for i in range(n))
            family = "DeviceN" if name.startswith("DeviceN") else "Separation"
            self._note_alternates(native, name, colorants)
            return Space(name, family, model, n, colorants)
        return Space(name, _family(name, model), model, n, ())

    def _note_alternates(self, space: Any, name: str, colorants: tuple[str, ...]) -> None:
        """Convert each colorant alone, in full, to a device space: that is what the tint transform makes of it.

        A space of its own says it better than one that a spot shares with others, so that replaces what is known.
        """
        known = _ALTERNATE.match(name)
        if known is None:
            return  # an ICC or Lab alternate would not come out with the numbers it has in the file
        devices = {"DeviceGray": "gray", "DeviceRGB": "rgb", "DeviceCMYK": "cmyk"}
        device = getattr(self._native, f"ll_fz_device_{devices[known[1]]}")()
        for place, colorant in enumerate(colorants):
            if len(colorants) > 1 and colorant in self.alternates:
                continue
            amounts = [float(other == place) for other in range(len(colorants))]
            values = self._converted(space, amounts, device)
            if values is not None:
                self.alternates[colorant] = (known[1], values)

    def _converted(self, space: Any, values: list[float], device: Any) -> tuple[float, ...] | None:
        native = self._native
        source, converted = native.new_floats(len(values)), native.new_floats(int(device.n))
        try:
            for place, value in enumerate(values):
                native.floats_setitem(source, place, value)
            native.ll_fz_convert_color(space, source, device, converted, None, native.cvar.fz_default_color_params)
            numbers = [native.floats_getitem(converted, place) for place in range(int(device.n))]
        except Exception:
            return None  # a tint transform that does not work says nothing; MuPDF raises many kinds
        finally:
            native.delete_floats(source)
            native.delete_floats(converted)
        return tuple(round(number, _KEEP_DECIMALS) for number in numbers)


def _family(name: str, model: str) -> str:
    """The PDF family behind MuPDF's name: it builds Lab and the Cal spaces as ICC spaces of its own."""
    if model == "lab":
        return "Lab"
    for family in ("CalRGB", "CalGray", "DeviceGray", "DeviceRGB", "DeviceCMYK"):
        if family in name:
            return family
    return "ICCBased" if name.startswith("ICCBased") else name


def inks_of(space: Space, values: tuple[float, ...]) -> tuple[tuple[str, float], ...]:
    """The inks a colour puts down, with amounts 0..1; RGB and Lab have none until they are converted.

    An image or shading has no single colour (``values`` empty): all the inks of its space, in full.
    """
    if space.model == "spot":
        amounts = values or (1.0,) * len(space.colorants)
        # An Indexed picture's one number is a place in a table, not an amount.
        amounts = amounts if len(amounts) == len(space.colorants) else (1.0,) * len(space.colorants)
        named = zip(space.colorants, amounts, strict=True)
        return tuple((name, amount) for name, amount in named if amount > 0 and name != NOTHING)
    if space.model == "cmyk":
        amounts = values if len(values) == len(PROCESS_INKS) else (1.0,) * len(PROCESS_INKS)
        return tuple((ink, amount) for ink, amount in zip(PROCESS_INKS, amounts, strict=True) if amount > 0)
    if space.model == "gray":
        amount = round(1 - values[0], _KEEP_DECIMALS) if values and not space.family.startswith("Indexed") else 1.0
        return (("Black", amount),) if amount > 0 else ()
    return ()
