"""Where the subject stands in the result, and how large the result is: geometry alone, no pixels.

All is worked out in fractions, and only edges are rounded, each to the nearest whole pixel (a half goes up): edges that
fall together in geometry fall together in the result, whatever was divided before.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, Self

from makeready.errors import UsageError
from makeready.units import Written

if TYPE_CHECKING:
    from collections.abc import Sequence

Box = tuple[int, int, int, int]
Align = Literal["left", "center", "right", "top", "bottom"]

#: The most of a side that one margin or padding may take, as a share.
MOST_SHARE = Fraction(49, 100)
#: The most pixels of a result that is larger than its picture.
MOST_PIXELS = 100_000_000
#: Where the spare room goes: the share of it before the box.
_BEFORE = {
    "left": Fraction(0),
    "top": Fraction(0),
    "center": Fraction(1, 2),
    "right": Fraction(1),
    "bottom": Fraction(1),
}


@dataclass(frozen=True, slots=True)
class Gap(Written):
    """Room that is left at one side: a share of what it is taken from, or pixels."""

    share: Fraction = Fraction(0)
    pixels: Fraction = Fraction(0)

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read ``0.3``, ``"0.3"``, ``"30%"`` or ``"100px"``.

        Raises:
            ValueError: it is none of them, or a share of more than 49 %.
        """
        if isinstance(value, cls):
            return value
        match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(%|px)?\s*", str(value))
        if match is None or isinstance(value, bool):
            raise ValueError(f"{value!r} is no width of a gap: write 0.3, '30%' or '100px'")
        number = Fraction(match[1])
        if match[2] == "px":
            return cls(pixels=number)
        share = number / 100 if match[2] else number
        if share > MOST_SHARE:
            raise ValueError(f"{value!r} is more than 49% of the picture: write 0 to 0.49, '0%' to '49%', or '100px'")
        return cls(share)

    def written(self) -> str:
        """Text that ``parse`` reads back as the same."""
        return f"{_plain(self.pixels)}px" if self.pixels else f"{_plain(self.share * 100)}%"

    def __str__(self) -> str:
        return self.written()

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": float(MOST_SHARE)},
                {"type": "string", "pattern": r"^\s*(\d+(\.\d*)?|\.\d+)\s*(%|px)?\s*$"},
            ],
            "description": "A share such as 0.3 or 30%, at most 49%, or pixels such as 100px.",
        }


def _plain(number: Fraction) -> str:
    return f"{float(number):.9f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Gaps:
    """Those of all four sides."""

    top: Gap = Gap()
    right: Gap = Gap()
    bottom: Gap = Gap()
    left: Gap = Gap()

    @property
    def across(self) -> tuple[Gap, Gap]:
        """Left and right."""
        return self.left, self.right

    @property
    def down(self) -> tuple[Gap, Gap]:
        """Top and bottom."""
        return self.top, self.bottom


@dataclass(frozen=True, slots=True)
class Placement:
    """The size of the result, and where a part of the picture stands in it. All in whole pixels."""

    width: int
    height: int
    #: Left, top, right and bottom of the part of the picture that is placed.
    source: Box
    #: Where it stands; it may reach beyond the result. The rest of the picture lies around it in the same scale.
    target: Box
    #: Of the result, what the picture may cover; all of it where it is ``None``.
    window: Box | None = None

    @property
    def covers(self) -> bool:
        """Whether what is placed reaches all edges of the result."""
        left, top, right, bottom = self.target
        return self.window is None and left <= 0 and top <= 0 and right >= self.width and bottom >= self.height

    def leaves(self, width: int, height: int) -> bool:
        """Whether a picture of so many pixels stays where, and as large as, it is."""
        return (self.width, self.height) == (width, height) and self.source == self.target and self.window is None


@dataclass(frozen=True, slots=True)
class Layout:
    """What is asked for; without a word the picture stays where and as large as it is.

    Margins are shares of the result, paddings of what the margins leave. What both leave is the area. The box of the
    subject (or of the picture) is made as large as fits into the area, or as covers it, and aligned in it.
    """

    #: Whether anything was asked for.
    given: bool = False
    #: Whether an edit proposed it that is made of others: its padding is kept where nobody says another.
    proposed: bool = False
    #: As large as the ``picture``, as the ``box`` with its gaps around it, or so many pixels across and down.
    size: Literal["picture", "box"] | tuple[int, int] = "picture"
    #: Limits of the result in pixels, where it is not a size of its own.
    max_width: int | None = None
    max_height: int | None = None
    margin: Gaps = field(default_factory=Gaps)
    padding: Gaps = field(default_factory=Gaps)
    #: Whether the box covers the area, and more, instead of fitting into it.
    fill: bool = False
    #: ``None`` is the middle, but cropped sides snap.
    horizontal: Literal["left", "center", "right"] | None = None
    vertical: Literal["top", "center", "bottom"] | None = None
    #: Whether the picture's edges are placed, instead of the subject's.
    around_picture: bool = False
    #: Whether sides at which the picture cut the subject off go to the edge of what the margins leave.
    snap: bool = True

    def placement(self, width: int, height: int, box: Box, *, whole: bool) -> Placement:
        """Work it out.

        Args:
            width: of the picture.
            height: of the picture.
            box: of the subject, within the picture.
            whole: the background stays: the whole picture is what is placed. It does not snap; where it fills the
                area, it is cut off at the area's edges, so that gaps stay gaps.

        Raises:
            UsageError: margins and paddings leave nothing, or the result would be too large.
        """
        all_of_it = (0, 0, width, height)
        if not self.given:
            return Placement(width, height, all_of_it, all_of_it)
        source = all_of_it if whole or self.around_picture else box
        snaps = self.snap and not whole
        across = _Axis("across", self.margin.across, self.padding.across, source[2] - source[0]).aligned(
            self.horizontal, snaps, box[0] == 0, box[2] == width
        )
        down = _Axis("down", self.margin.down, self.padding.down, source[3] - source[1]).aligned(
            self.vertical, snaps, box[1] == 0, box[3] == height
        )
        extents, scale = self._extents(width, height, across, down)
        areas = across.area(extents[0]), down.area(extents[1])
        if scale is None:
            ratios = [(end - start) / axis.box for (start, end), axis in zip(areas, (across, down), strict=True)]
            scale = max(ratios) if self.fill else min(ratios)
        (left, right), (top, bottom) = across.placed(areas[0], scale), down.placed(areas[1], scale)
        result = max(1, _nearest(extents[0])), max(1, _nearest(extents[1]))
        if result[0] * result[1] > max(MOST_PIXELS, width * height):
            raise UsageError(
                f"output_size: the result would have {result[0]} × {result[1]} pixels.",
                f"{MOST_PIXELS // 1_000_000} megapixels are the most: ask for less, or for smaller gaps.",
            )
        window = None
        if whole and self.fill:
            (x0, x1), (y0, y1) = (_rounded(*area) for area in areas)
            window = x0, y0, x1, y1
        return Placement(*result, source, (left, top, right, bottom), None if window == (0, 0, *result) else window)

    def _extents(
        self, width: int, height: int, across: _Axis, down: _Axis
    ) -> tuple[tuple[Fraction, Fraction], Fraction | None]:
        """The result's sides before they are rounded; and how much the box is scaled, where its own size says so."""
        if isinstance(self.size, tuple):
            return (Fraction(self.size[0]), Fraction(self.size[1])), None
        limits = ("max_width", self.max_width), ("max_height", self.max_height)
        if self.size == "picture":
            sides = (width, height)
            shrunk = min(
                [Fraction(1), *(Fraction(most, side) for (_, most), side in zip(limits, sides, strict=True) if most)]
            )
            return (width * shrunk, height * shrunk), None
        scale = Fraction(1)
        for (name, most), axis in zip(limits, (across, down), strict=True):
            if most is not None:
                scale = min(scale, axis.scale_within(most, name))
        return (across.extent(scale), down.extent(scale)), scale


@dataclass(frozen=True, slots=True)
class _Axis:
    """One direction: the gaps before and after the box, and how the box is aligned between them."""

    name: Literal["across", "down"]
    margin: tuple[Gap, Gap]
    padding: tuple[Gap, Gap]
    #: Pixels of the box in the picture.
    box: int
    #: The share of spare room that comes before the box.
    before: Fraction = Fraction(1, 2)

    def aligned(self, asked: Align | None, snaps: bool, cut_before: bool, cut_after: bool) -> _Axis:
        """With the alignment that is asked for; without one, cut sides snap, and have no padding.

        A box that is cut at both ends has no padding at either. It cannot touch both edges and still fit, unless its
        shape is that of the area: then the middle is the middle, as with one that is not cut.
        """
        if asked is not None:
            return _Axis(self.name, self.margin, self.padding, self.box, _BEFORE[asked])
        if not snaps:
            return self
        before, after = self.padding
        padding = Gap() if cut_before else before, Gap() if cut_after else after
        edge = Fraction(int(cut_after) - int(cut_before) + 1, 2)
        return _Axis(self.name, self.margin, padding, self.box, edge)

    def area(self, extent: Fraction) -> tuple[Fraction, Fraction]:
        """Where the area starts and ends in a result of so many pixels.

        Raises:
            UsageError: the gaps leave less than a pixel.
        """
        start, end = Fraction(0), extent
        for name, (before, after) in (("margin", self.margin), ("padding", self.padding)):
            room = end - start
            start, end = start + _pixels(before, room), end - _pixels(after, room)
            if end - start < 1:
                said = f"{before} and {after} leave nothing of {_nearest(room)} pixels {self.name}"
                raise UsageError(f"{name}: {said}.", f"Ask for less {name}, or for a larger result.")
        return start, end

    def placed(self, area: tuple[Fraction, Fraction], scale: Fraction) -> tuple[int, int]:
        """Where the box starts and ends, in whole pixels."""
        size = self.box * scale
        start = area[0] + self.before * (area[1] - area[0] - size)
        return _rounded(start, start + size)

    def extent(self, scale: Fraction) -> Fraction:
        """How large a result is that has just room for the scaled box and the gaps around it."""
        return _around(self.margin, _around(self.padding, self.box * scale))

    def scale_within(self, most: int, name: str) -> Fraction:
        """The scale at which such a result is as large as it may be.

        Raises:
            UsageError: gaps of pixels leave nothing.
        """
        area = Fraction(most)
        for gaps in (self.margin, self.padding):
            area = area * (1 - sum(gap.share for gap in gaps)) - sum(gap.pixels for gap in gaps)
        if area < 1:
            raise UsageError(
                f"{name}: margins and paddings leave nothing of {most} pixels.", "Ask for more, or for smaller gaps."
            )
        return area / self.box


def _pixels(gap: Gap, room: Fraction) -> Fraction:
    return gap.share * room + gap.pixels


def _around(gaps: Sequence[Gap], inside: Fraction) -> Fraction:
    """What a length becomes with gaps around it that are shares of the whole."""
    return (inside + sum(gap.pixels for gap in gaps)) / (1 - sum(gap.share for gap in gaps))


def _nearest(number: Fraction) -> int:
    return math.floor(number + Fraction(1, 2))


def _rounded(start: Fraction, end: Fraction) -> tuple[int, int]:
    """Both edges on whole pixels, at least one apart."""
    first, last = _nearest(start), _nearest(end)
    if first < last:
        return first, last
    return math.floor(start), math.floor(start) + 1
