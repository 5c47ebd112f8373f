"""Page boxes written anew, and pages that lie as they are shown: no UserUnit, no Rotate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from makeready.facts import Page, Rect
from makeready.pdf.boxes import quarter_turns
from makeready.pdf.mend import move, wrap
from makeready.pdf.mend.streams import IDENTITY, Matrix, matrix_of, times
from makeready.pdf.resources import inherited

#: The longest side that a page may have in units of 1/72 inch (ISO 32000-1, annex C); longer ones need a UserUnit.
LONGEST = 14_400.0
_BOXES = ("/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox")
#: Turned by a quarter clockwise this often.
_TURNS: tuple[Matrix, ...] = (IDENTITY, (0, -1, 1, 0, 0, 0), (-1, 0, 0, -1, 0, 0), (0, 1, -1, 0, 0, 0))
#: An annotation that stays upright when its page is turned (ISO 32000-1, table 165).
_NO_ROTATE = 1 << 4


def write(page: Object, boxes: Mapping[str, Rect | None], unit: float) -> None:
    """Write page boxes, by name (``TrimBox``), given in points; ``None`` takes one out.

    Args:
        page: the page.
        boxes: those that are to change.
        unit: the page's UserUnit.
    """
    for name, area in boxes.items():
        key = f"/{name}"
        if area is not None:
            move.write_box(page, key, area, unit)
        elif key in page:
            del page[key]


def content_as_form(pdf: Pdf, page: Object, media: Rect, unit: float) -> Stream:
    """All that the page paints, ready to be placed by ``make_plain``; nothing is changed yet.

    Args:
        pdf: the document.
        page: the page.
        media: its MediaBox, in points.
        unit: its UserUnit.

    Raises:
        wrap.Unusable: the content cannot be read.
    """
    return wrap.as_form(pdf, page, move.in_units(media, unit))


def make_plain(pdf: Pdf, page: Object, form: Stream, facts: Page, *, unit: bool, turn: bool) -> None:
    """Write the page in points, lying as it is shown, with all that is on it where it was.

    Args:
        pdf: the document.
        page: its boxes are those it is to have, in its own units.
        form: of ``content_as_form``.
        facts: its UserUnit and Rotate.
        unit: take the UserUnit off.
        turn: take Rotate off.
    """
    scale = facts.user_unit if unit else 1.0
    turns = quarter_turns(facts) if turn else 0
    matrix = _matrix(page, scale, turns)
    wrap.paint(pdf, page, form, matrix)
    for key in _BOXES:
        if isinstance(box := inherited(page, key), Array):
            page[key] = _moved_box(matrix, box)
    _move_annotations(pdf, page, matrix, turns)
    if unit and "/UserUnit" in page:
        del page["/UserUnit"]
    if turn:
        page.Rotate = 0
    if "/Thumb" in page:  # a small picture of the page as it lay
        del page["/Thumb"]


def _matrix(page: Object, scale: float, turns: int) -> Matrix:
    """Scales and turns; the sheet's lower left corner is where the old one was, in points."""
    media = inherited(page, "/MediaBox")
    assert isinstance(media, Array)
    turned = times((scale, 0, 0, scale, 0, 0), _TURNS[turns])
    x0, y0, _, _ = _sorted(media)
    lies_x, lies_y, _, _ = _sorted(_moved_box(turned, media))
    return times(turned, (1, 0, 0, 1, x0 * scale - lies_x, y0 * scale - lies_y))


def _sorted(box: Array) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(number) for number in box)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _moved_box(matrix: Matrix, box: Array) -> Array:
    return Array([round(number, 5) for number in move.rect(matrix, Rect(*_sorted(box)))])


def _move_annotations(pdf: Pdf, page: Object, matrix: Matrix, turns: int) -> None:
    upright = {
        note.objgen: _sorted(note.Rect)
        for note in _notes(page)
        if int(note.get("/F", 0)) & _NO_ROTATE and isinstance(note.get("/Rect"), Array)
    }
    move.move_annotations(page, matrix)
    for note in _notes(page):
        if isinstance(note.get("/Rect"), Array):
            note.Rect = Array([round(number, 5) for number in _sorted(note.Rect)])
        if not turns:
            continue
        if note.objgen in upright and note.is_indirect:
            note.Rect = _standing(upright[note.objgen], matrix)
        else:
            _turn_looks(pdf, note, turns)


def _notes(page: Object) -> list[Any]:
    found = page.get("/Annots")
    return [note for note in found if isinstance(note, Dictionary)] if isinstance(found, Array) else []


def _standing(rect: tuple[float, float, float, float], matrix: Matrix) -> Array:
    """Where an annotation lies that does not turn with its page: it hangs on its upper left corner."""
    x0, y0, x1, y1 = rect
    scale = abs(matrix[0]) + abs(matrix[1])
    left, top = move.applied(matrix, x0, y1)
    return Array([left, top - (y1 - y0) * scale, left + (x1 - x0) * scale, top])


def _turn_looks(pdf: Pdf, note: Object, turns: int) -> None:
    """Turn what an annotation shows: readers fit its appearance into its rectangle after this matrix (12.5.5)."""
    looks = note.get("/AP")
    if isinstance(looks, Dictionary):
        note.AP = Dictionary({key: _turned(pdf, look, turns) for key, look in looks.items()})
    style = note.get("/MK")
    if isinstance(style, Dictionary):  # counter-clockwise, for readers that draw the field anew
        style.R = (int(style.get("/R", 0)) - 90 * turns) % 360


def _turned(pdf: Pdf, look: Any, turns: int) -> Any:
    if isinstance(look, Stream):
        kept = {key: value for key, value in look.items() if key not in ("/Length", "/Filter", "/DecodeParms")}
        turned = pdf.make_stream(look.read_bytes(), kept)
        turned.Matrix = Array(list(times(matrix_of(look.get("/Matrix")), _TURNS[turns])))
        turned.Type, turned.Subtype = Name.XObject, Name.Form
        return turned
    if isinstance(look, Dictionary):
        return Dictionary({state: _turned(pdf, form, turns) for state, form in look.items()})
    return look
