"""Numbers that know their unit: text in ("3 mm", "0.125in", "300ppi"), text out.

PDF counts in points, staff speak of millimetres, and "3" can mean both. Every public number that has a
unit is one of these types: a float in its base unit, so that arithmetic stays arithmetic. What a number is
equal to, allowing for what files round away, is decided here and nowhere else.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import core_schema

POINTS_PER_INCH = 72.0
MM_PER_INCH = 25.4
POINTS_PER_MM = POINTS_PER_INCH / MM_PER_INCH


class Written:
    """What settings hold as text, and how pydantic reads and writes it."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read what a person wrote."""
        raise NotImplementedError

    def written(self) -> str:
        """What ``parse`` reads back as the same value."""
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        from pydantic_core import core_schema

        written = core_schema.plain_serializer_function_ser_schema(
            cls.written, return_schema=core_schema.str_schema(), when_used="json-unless-none"
        )
        return core_schema.no_info_plain_validator_function(cls.parse, serialization=written)


class Quantity(Written, float):
    """A float in its base unit that reads and writes text with a unit.

    Subclasses declare ``units`` (name to base units), the unit ``shown``, how many ``decimals`` it is shown
    with (``decimals_in`` for other units), and ``tolerance``: two quantities nearer than this (in base units) are
    equal to a press.
    """

    units: ClassVar[Mapping[str, float]]
    shown: ClassVar[str]
    decimals: ClassVar[int] = 0
    decimals_in: ClassVar[Mapping[str, int]] = {}
    tolerance: ClassVar[float] = 0.0

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read text such as ``3 mm``; a quantity of this kind passes through.

        Raises:
            ValueError: no unit, an unknown unit, or not a number.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, Quantity) and value.units is cls.units:  # a length as a type size: the same points
            return cls(float(value))
        match = re.fullmatch(r"\s*(-?(?:\d+(?:\.\d*)?|\.\d+))\s*([^\d\s.,]*)\s*", str(value))
        if match is None or match[2] not in cls.units:
            wrong = (
                "is not a number with a unit"
                if match is None
                else "has an unknown unit"
                if match[2]
                else "needs a unit"
            )
            example = f"{match[1] if match else '1.5'} {cls.shown}"
            known = ", ".join(cls.units)
            raise ValueError(f"{value!r} {wrong}: write {example!r} (known units: {known})")
        return cls(float(match[1]) * cls.units[match[2]])

    def to(self, unit: str) -> float:
        """The number in another unit of the same kind."""
        return float(self) / self.units[unit]

    def text(self, unit: str | None = None, decimals: int | None = None) -> str:
        """Words for people, in ``unit`` or the kind's usual one, trailing zeros dropped."""
        unit = unit or self.shown
        if not math.isfinite(self):
            return f"unlimited {unit}"
        if decimals is None:
            decimals = self.decimals_in.get(unit, self.decimals)
        number = f"{self.to(unit):.{decimals}f}"
        number = number.rstrip("0").rstrip(".") if "." in number else number
        number = "0" if number == "-0" else number
        return f"{number}{'' if unit in ('%', '°') else ' '}{unit}"

    def written(self) -> str:
        """Text that :meth:`parse` reads back as the same number, for files; ``text`` rounds for people."""
        return self.text(decimals=9)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text(decimals=6)!r})"

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else self.text()

    def as_data(self) -> dict[str, Any]:
        """The JSON form: value in the shown unit, unit, text."""
        return {"value": round(self.to(self.shown), 4), "unit": self.shown, "text": self.text()}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        names = "|".join(re.escape(name) for name in cls.units)
        return {
            "type": "string",
            "pattern": rf"^\s*(\d+(\.\d*)?|\.\d+)\s*({names})\s*$",
            "description": f"A number with its unit, such as {cls(cls.units[cls.shown])}.",
        }


class Length(Quantity):
    """A length on the sheet; base unit the PDF point (1/72 inch), shown in millimetres.

    Two lengths within a hundredth of a point are equal: that is the rounding of the box coordinates that
    most producers write (two decimals).
    """

    units: ClassVar = {"mm": POINTS_PER_MM, "cm": 10 * POINTS_PER_MM, "in": 72.0, '"': 72.0, "pt": 1.0}
    shown = "mm"
    decimals = 1
    decimals_in: ClassVar = {"in": 3, "pt": 2}
    tolerance = 0.011


class PointSize(Length):
    """A type size or a line width: a length that is shown in points and compared more finely.

    One device pixel at 300 ppi is 0.24 pt and must stay apart from 0.25 pt, hence the finer tolerance.
    """

    shown = "pt"
    decimals = 2
    tolerance = 0.001


class Resolution(Quantity):
    """Pixels per inch at printed size; ``dpi`` is accepted because everybody writes it."""

    units: ClassVar = {"ppi": 1.0, "dpi": 1.0}
    shown = "ppi"
    tolerance = 0.05


class Percent(Quantity):
    """A share or an ink amount, in percent."""

    units: ClassVar = {"%": 1.0}
    shown = "%"
    decimals = 1
    tolerance = 0.01


class FileSize(Quantity):
    """Bytes, counted in thousands as file managers do."""

    units: ClassVar = {"MB": 1e6, "kB": 1e3, "GB": 1e9, "B": 1.0}
    shown = "MB"
    decimals = 2


class PixelCount(Quantity):
    """Pixels of a picture, in megapixels."""

    units: ClassVar = {"MP": 1e6, "px": 1.0}
    shown = "MP"
    decimals = 1


class Angle(Quantity):
    """An angle in degrees."""

    units: ClassVar = {"deg": 1.0, "°": 1.0}
    shown = "°"
    decimals = 1
    tolerance = 0.01


class Count(Quantity):
    """So many of a thing: pages, spot colours, frames."""

    units: ClassVar = {"": 1.0}
    shown = ""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "integer", "minimum": 0}

    @classmethod
    def parse(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        if not re.fullmatch(r"\s*\d+\s*", str(value)):
            raise ValueError(f"{value!r} is not a count: write a whole number, such as '4'")
        return cls(int(str(value)))

    def text(self, unit: str | None = None, decimals: int | None = None) -> str:
        return f"{float(self):.0f}"


def close(a: Quantity, b: Quantity) -> bool:
    """Equal, as far as a press can tell: within the finer tolerance of the two kinds."""
    return abs(float(a) - float(b)) <= min(a.tolerance, b.tolerance)


def below(value: Quantity, limit: Quantity) -> bool:
    """Less than the limit by more than the tolerance."""
    return float(value) < float(limit) and not close(value, limit)


def above(value: Quantity, limit: Quantity) -> bool:
    """More than the limit by more than the tolerance."""
    return float(value) > float(limit) and not close(value, limit)


def told_apart(value: Quantity, limit: Quantity, unit: str | None = None) -> tuple[str, str]:
    """Both as text, with as many decimals as it takes for different numbers to read differently."""
    if unit is None or unit not in value.units or unit not in limit.units:
        unit = value.shown
    decimals = value.decimals_in.get(unit, value.decimals)
    first, second = value.text(unit), limit.text(unit)
    while first == second and not close(value, limit) and decimals < 6:
        decimals += 1
        first, second = value.text(unit, decimals), limit.text(unit, decimals)
    return first, second


class Size(Written, tuple[Length, Length]):
    """Width × height on the sheet, written ``30x20in``, ``210 x 297 mm`` or by name (``A4``)."""

    __slots__ = ()

    #: ISO 216 and the North American sizes, in points. Names staff use on the desk.
    NAMED: ClassVar[Mapping[str, tuple[float, float]]] = {
        **{
            f"A{n}": (w * POINTS_PER_MM, h * POINTS_PER_MM)
            for n, (w, h) in enumerate(
                [(841, 1189), (594, 841), (420, 594), (297, 420), (210, 297), (148, 210), (105, 148)]
            )
        },
        "Letter": (612.0, 792.0),
        "Legal": (612.0, 1008.0),
        "Tabloid": (792.0, 1224.0),
    }

    def __new__(cls, width: float, height: float) -> Self:
        """Make a size from two lengths in points."""
        return super().__new__(cls, (Length(width), Length(height)))

    def __getnewargs__(self) -> tuple[float, float]:  # pickle calls __new__ with two numbers, not with a tuple
        return (float(self[0]), float(self[1]))

    @property
    def width(self) -> Length:
        """Horizontal extent."""
        return self[0]

    @property
    def height(self) -> Length:
        """Vertical extent."""
        return self[1]

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read ``30x20in``, ``210 mm x 297 mm`` or a named size.

        Raises:
            ValueError: not a size, or no unit.
        """
        if isinstance(value, cls):
            return value
        text = str(value).strip()
        for name, (width, height) in cls.NAMED.items():
            if text.lower() == name.lower():
                return cls(width, height)
        match = re.fullmatch(r"([\d.]+)\s*([a-z\"]*)\s*[x×*]\s*([\d.]+)\s*([a-z\"]+)", text.lower())
        if match is None:
            names = ", ".join(cls.NAMED)
            raise ValueError(f"{value!r} is not a size: write '30x20in', '210x297mm' or a name ({names})")
        width = Length.parse(match[1] + (match[2] or match[4]))
        height = Length.parse(match[3] + match[4])
        if width <= 0 or height <= 0:
            raise ValueError(f"{value!r} is not a size: both sides must be more than nothing")
        return cls(width, height)

    def text(self, unit: str = "mm") -> str:
        """Words such as ``210 × 297 mm, A4, portrait``."""
        decimals = 0 if unit == "pt" else 2 if unit == "in" else 1
        numbers = [self[0].text(unit, decimals).split()[0], self[1].text(unit, decimals).split()[0]]
        parts = [f"{numbers[0]} × {numbers[1]} {unit}"]
        for name, (width, height) in self.NAMED.items():
            # 0.5 mm: ISO 216 itself allows ±1.5 mm; a name is only a help to the reader.
            if all(
                abs(a - b) < 0.5 * POINTS_PER_MM for a, b in zip(sorted(self), sorted((width, height)), strict=True)
            ):
                parts.append(name)
        if parts[1:]:
            parts.append("portrait" if self[0] <= self[1] else "landscape")
        return ", ".join(parts)

    def written(self) -> str:
        """Text that :meth:`parse` reads back as the same size, for files."""
        return f"{self[0].written()} x {self[1].written()}"

    def __str__(self) -> str:
        return self.text()

    def as_data(self) -> dict[str, Any]:
        """The JSON form: both sides as quantities, and the text."""
        return {"width": self[0].as_data(), "height": self[1].as_data(), "text": self.text()}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "string", "description": "Width x height with a unit, such as 30x20in, or a name such as A4."}
