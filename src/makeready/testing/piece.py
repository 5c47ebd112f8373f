"""A piece of a page: operators and the resources they name.

Everything the builder paints is a piece. Pieces are put one after the other, and a piece can be wrapped in
something else (a form, a pattern, a Type 3 glyph …), which makes another piece. Each carries its own
resources, so that no page declares what it does not paint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pikepdf

Resources = Mapping[str, Mapping[str, "pikepdf.Object"]]


@dataclass(frozen=True)
class Piece:
    """Content stream operators, and resources by category and name."""

    content: str | bytes
    resources: Resources = field(default_factory=dict)

    def __add__(self, other: Piece) -> Piece:
        merged = {category: dict(items) for category, items in self.resources.items()}
        for category, items in other.resources.items():
            merged.setdefault(category, {}).update(items)
        return Piece(self.data + b"\n" + other.data if self.data else other.data, merged)

    @property
    def data(self) -> bytes:
        """The operators as bytes."""
        return self.content.encode("latin-1") if isinstance(self.content, str) else self.content

    def saved(self) -> Piece:
        """The same with the graphics state saved before and restored after."""
        return Piece(b"q\n" + self.data + b"\nQ", self.resources)

    def resource_dictionary(self) -> pikepdf.Dictionary:
        """The resources as a PDF dictionary."""
        import pikepdf

        return pikepdf.Dictionary(
            {category: pikepdf.Dictionary(dict(items)) for category, items in self.resources.items()}
        )


def numbers(*values: float) -> str:
    """Numbers as PDF writes them: no exponent, no trailing zeros."""
    return " ".join(f"{value:.5f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}" for value in values)
