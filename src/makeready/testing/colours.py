"""Colours as a page sets them: a number, a tuple or a name becomes PDF operators and the colour space they need.

=====================================  =======================================
``0.5``                                gray
``(1, 0, 0)``                          RGB
``(0, 1, 1, 0)``                       CMYK
``("spot", "PANTONE 185 C", 1.0)``     a spot colour and its tint
``{"Gold": 1.0, "Black": 0.3}``        several inks at once (DeviceN)
``("srgb", 1, 0, 0)``                  RGB with an ICC profile
``("press", 0, 1, 1, 0)``              CMYK with an ICC profile
``("lab", 50, 60, 40)``                Lab
``"registration"``                     every plate at full strength
=====================================  =======================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from makeready.testing.piece import Piece, numbers

if TYPE_CHECKING:
    import pikepdf

Colour = float | tuple[Any, ...] | Mapping[str, float] | str

BLACK: Colour = (0, 0, 0, 1)
DEVICE = {1: ("g", "G"), 3: ("rg", "RG"), 4: ("k", "K")}
#: What a spot looks like on screen and on a press without that ink; other names get a green.
ALTERNATES: Mapping[str, tuple[float, float, float, float]] = {
    "PANTONE 185 C": (0, 0.93, 0.79, 0),
    "PANTONE 286 C": (1, 0.75, 0, 0),
    "Gold": (0.2, 0.35, 0.85, 0.15),
    "White": (0.1, 0, 0, 0),
    "Cyan": (1, 0, 0, 0),
    "Magenta": (0, 1, 0, 0),
    "Yellow": (0, 0, 1, 0),
    "Black": (0, 0, 0, 1),
    "CutContour": (0, 1, 0, 0),
    "Dieline": (0, 1, 0, 0),
    "All": (1, 1, 1, 1),
}


def set_colour(pdf: pikepdf.Pdf, colour: Colour, *, stroke: bool = False) -> Piece:
    """The operators that make this the fill colour, or the stroke colour."""
    if isinstance(colour, int | float):
        colour = (colour,)
    if isinstance(colour, tuple) and not isinstance(colour[0], str):
        return Piece(f"{numbers(*colour)} {DEVICE[len(colour)][stroke]}")
    space, values = colour_space(pdf, colour)
    name = f"/CS{space.objgen[0]}"
    operators = ("CS", "SCN") if stroke else ("cs", "scn")
    return Piece(f"{name} {operators[0]} {numbers(*values)} {operators[1]}", {"/ColorSpace": {name: space}})


def colour_space(pdf: pikepdf.Pdf, colour: Colour) -> tuple[pikepdf.Object, tuple[float, ...]]:
    """The colour space object of a colour that is not a plain device colour, and its numbers."""
    import pikepdf

    name = pikepdf.Name
    if colour == "registration":
        colour = ("spot", "All", 1.0)
    if isinstance(colour, Mapping):
        inks = [name("/" + ink) for ink in colour]
        mixed = [ALTERNATES.get(ink, (0.6, 0, 0.8, 0)) for ink in colour]
        space = [name.DeviceN, inks, name.DeviceCMYK, _mix(pdf, mixed)]
        return pdf.make_indirect(pikepdf.Array(space)), tuple(colour.values())
    if not isinstance(colour, tuple):
        raise ValueError(f"{colour!r} is not a colour: see makeready.testing.colours for what is")
    kind, *values = colour
    if kind == "spot":
        ink, tint = values[0], values[1] if len(values) > 1 else 1.0
        alternate = values[2] if len(values) > 2 else ALTERNATES.get(ink, (0.6, 0, 0.8, 0))
        return separation(pdf, ink, alternate), (tint,)
    if kind == "lab":
        white = {"/WhitePoint": [0.9642, 1, 0.8249], "/Range": [-128, 127, -128, 127]}
        return pdf.make_indirect(pikepdf.Array([name.Lab, pikepdf.Dictionary(white)])), tuple(values)
    if kind in ("srgb", "press"):
        from makeready.testing.icc import press_profile, srgb_profile

        data = srgb_profile() if kind == "srgb" else press_profile()
        return icc_based(pdf, data, len(values)), tuple(values)
    raise ValueError(f"{colour!r} is not a colour: the first word must be spot, lab, srgb or press")


def separation(pdf: pikepdf.Pdf, ink: str, alternate: tuple[float, ...]) -> pikepdf.Object:
    """The colour space of one spot."""
    import pikepdf

    name = pikepdf.Name
    space = [name.Separation, name("/" + ink), name.DeviceCMYK, _mix(pdf, [alternate])]
    return pdf.make_indirect(pikepdf.Array(space))


def icc_based(pdf: pikepdf.Pdf, data: bytes, channels: int) -> pikepdf.Object:
    """The colour space of an ICC profile."""
    import pikepdf

    return pdf.make_indirect(pikepdf.Array([pikepdf.Name.ICCBased, pikepdf.Stream(pdf, data, N=channels)]))


def _mix(pdf: pikepdf.Pdf, inks: Sequence[tuple[float, ...]]) -> pikepdf.Object:
    """How tints look in CMYK: each ink's colour times its tint, added up."""
    import pikepdf

    if len(inks) == 1:
        return pdf.make_indirect(
            pikepdf.Dictionary(FunctionType=2, Domain=[0, 1], C0=[0, 0, 0, 0], C1=list(inks[0]), N=1)
        )
    # PostScript calculator: the tints lie on the stack, the last on top; one sum a process ink is pushed above.
    count = len(inks)
    sums = []
    for plate in range(4):
        terms = [f"{count - 1 - i + plate} index {ink[plate]} mul" for i, ink in enumerate(inks)]
        sums.append(terms[0] + "".join(f" {_deeper(term)} add" for term in terms[1:]) + " dup 1 gt { pop 1 } if")
    clear = f"{count + 4} 4 roll " + "pop " * count
    code = "{ " + " ".join(sums) + " " + clear + "}"
    return pikepdf.Stream(pdf, code.encode(), FunctionType=4, Domain=[0, 1] * count, Range=[0, 1] * 4)


def _deeper(term: str) -> str:
    """The same look at the stack when one more number lies on it."""
    index, rest = term.split(" ", 1)
    return f"{int(index) + 1} {rest}"
