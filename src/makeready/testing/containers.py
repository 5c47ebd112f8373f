"""What a piece can be part of: a form, a pattern, a Type 3 glyph, an annotation, a soft mask.

Preflight that only reads the page's own operators misses what is painted by way of these. Each function takes
a piece in page coordinates and its bounding box, and gives the piece that paints the same by way of the
container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from makeready.testing.piece import Piece, numbers

if TYPE_CHECKING:
    import pikepdf

    from makeready.facts import Box

Within = Literal["form", "pattern", "type3", "annotation", "soft mask"]


def wrap(pdf: pikepdf.Pdf, page: pikepdf.Page, piece: Piece, box: Box, *, within: Within | None, scale: float) -> Piece:
    """The piece by way of ``within``; ``scale`` turns its coordinates into those of the page's default space."""
    if within is None:
        return piece
    box = _grown(box)
    match within:
        case "form":
            form = form_xobject(pdf, piece, box)
            name = f"/Fm{form.objgen[0]}"
            return Piece(f"{name} Do", {"/XObject": {name: form}})
        case "pattern":
            return _pattern(pdf, piece, box, scale)
        case "type3":
            return _glyph(pdf, piece, box)
        case "soft mask":
            return _soft_mask(pdf, piece, box)
        case "annotation":
            # The appearance's BBox is laid onto Rect (ISO 32000-1, 12.5.5): the scale of the page comes in here.
            annotation(pdf, page, "Stamp", (scale * box[0], scale * box[1], scale * box[2], scale * box[3]),
                       form_xobject(pdf, piece, box))  # fmt: skip
            return Piece("")
    raise ValueError(f"{within!r} is nothing that artwork can be part of")


def form_xobject(pdf: pikepdf.Pdf, piece: Piece, box: Box, **more: Any) -> pikepdf.Object:
    """A form XObject."""
    import pikepdf

    return pikepdf.Stream(
        pdf, piece.data, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=rounded(box),
        Resources=piece.resource_dictionary(), **more,
    )  # fmt: skip


def annotation(
    pdf: pikepdf.Pdf, page: pikepdf.Page, subtype: str, rect: Box, look: pikepdf.Object | None,
    *, prints: bool = True, hidden: bool = False, **more: Any,
) -> None:  # fmt: skip
    """Put an annotation on the page."""
    import pikepdf

    flags = (4 if prints else 0) | (2 if hidden else 0)  # ISO 32000-1, table 165
    item = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name("/" + subtype), Rect=rounded(rect), F=flags, **more
    )
    if look is not None:
        item.AP = pikepdf.Dictionary(N=look)
    if "/Annots" not in page.obj:
        page.obj.Annots = pdf.make_indirect(pikepdf.Array())
    page.obj.Annots.append(pdf.make_indirect(item))


def _grown(box: Box) -> Box:
    """A point more on every side, so that the edge of a line is not cut."""
    return (box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1)


def rounded(box: Box) -> list[float]:
    """A box as PDF numbers."""
    return [round(value, 4) for value in box]


def _rectangle(box: Box) -> str:
    return numbers(box[0], box[1], box[2] - box[0], box[3] - box[1]) + " re"


def _pattern(pdf: pikepdf.Pdf, piece: Piece, box: Box, scale: float) -> Piece:
    """One tile of a tiling pattern, as large as the piece, and a rectangle filled with it."""
    import pikepdf

    pattern = pikepdf.Stream(
        pdf, piece.data, Type=pikepdf.Name.Pattern, PatternType=1, PaintType=1, TilingType=1, BBox=rounded(box),
        XStep=round(2 * (box[2] - box[0]), 4), YStep=round(2 * (box[3] - box[1]), 4),
        Matrix=[scale, 0, 0, scale, 0, 0],
        Resources=piece.resource_dictionary(),
    )  # fmt: skip
    name = f"/P{pattern.objgen[0]}"
    return Piece(f"/Pattern cs {name} scn {_rectangle(box)} f", {"/Pattern": {name: pattern}})


def _glyph(pdf: pikepdf.Pdf, piece: Piece, box: Box) -> Piece:
    """The only glyph of a Type 3 font, shown at the origin in a size of 1."""
    import pikepdf

    shape = pikepdf.Stream(pdf, f"{numbers(box[2])} 0 d0\n".encode() + piece.data)
    font = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type3, FontBBox=rounded(box), FontMatrix=[1, 0, 0, 1, 0, 0],
            CharProcs=pikepdf.Dictionary(a=shape), FirstChar=97, LastChar=97, Widths=[round(box[2], 4)],
            Encoding=pikepdf.Dictionary(Type=pikepdf.Name.Encoding, Differences=[97, pikepdf.Name.a]),
            Resources=piece.resource_dictionary(),
        )
    )  # fmt: skip
    name = f"/T{font.objgen[0]}"
    return Piece(f"BT {name} 1 Tf 1 0 0 1 0 0 Tm (a) Tj ET", {"/Font": {name: font}})


def _soft_mask(pdf: pikepdf.Pdf, piece: Piece, box: Box) -> Piece:
    """The group of a luminosity mask, and a black rectangle seen through it."""
    import pikepdf

    group = pikepdf.Dictionary(S=pikepdf.Name.Transparency, CS=pikepdf.Name.DeviceGray)
    form = form_xobject(pdf, piece, box, Group=group)
    mask = pikepdf.Dictionary(Type=pikepdf.Name.Mask, S=pikepdf.Name.Luminosity, G=form)
    state = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.ExtGState, SMask=mask))
    name = f"/GS{state.objgen[0]}"
    return Piece(f"{name} gs 0 0 0 1 k {_rectangle(box)} f", {"/ExtGState": {name: state}})
