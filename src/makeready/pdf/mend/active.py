"""What acts, plays or lies over the page taken out; what of it prints made part of the page."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from makeready.pdf.mend import wrap
from makeready.pdf.resources import inherited

#: Keys of the catalogue that act, carry files, or vouch for a state of the file that is no more.
_OF_DOCUMENT = {
    "/AA": "actions of the document", "/AF": "associated files", "/Collection": "the portfolio",
    "/NeedsRendering": "the XFA form", "/Perms": "signatures", "/DSS": "signatures",
}  # fmt: skip
_OF_NAMES = {
    "/JavaScript": "JavaScript of the document", "/EmbeddedFiles": "attachments",
    "/Renditions": "multimedia", "/AlternatePresentations": "presentations",
}  # fmt: skip
#: Printer's marks and trap networks are made for the press (ISO 32000-1, 14.11.3 and 14.11.6).
_FOR_THE_PRESS = ("/PrinterMark", "/TrapNet")
#: What people write on a page for one another (ISO 32000-1, table 170).
COMMENTS = (
    "/Text", "/FreeText", "/Line", "/Square", "/Circle", "/Polygon", "/PolyLine", "/Highlight", "/Underline",
    "/Squiggly", "/StrikeOut", "/Stamp", "/Caret", "/Ink", "/FileAttachment", "/Redact",
)  # fmt: skip
_HIDDEN, _PRINT = 1 << 1, 1 << 2
#: What acts, plays or is carried by an annotation: the structure tree may hold on to it when the page does not.
_OF_NOTES = ("/A", "/AA", "/PA", "/FS", "/Movie", "/Sound", "/RichMediaContent", "/RichMediaSettings", "/3DD")


@dataclass
class PageNotes:
    """What becomes of the annotations of a page."""

    #: By what they are (``form field``, ``Stamp``): how many become part of the page, and how many go.
    flattened: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    actions: int = 0
    _content: bytes = b""
    _stay: list[Object] = field(default_factory=list)
    _gone: list[Object] = field(default_factory=list)
    _looks: list[tuple[Object, Stream]] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.flattened or self.removed or self.actions)


def plan_page(page: Object, place: int, looks: Mapping[tuple[int, int], Stream], *, keep_comments: bool) -> PageNotes:
    """Work out what becomes of the annotations of a page; nothing is changed yet.

    Args:
        page: the page.
        place: its place in the file, from 0.
        looks: for annotations without one, by place of the page and of the annotation: of ``made_looks``.
        keep_comments: comments that print become part of the page; else they go.

    Raises:
        wrap.Unusable: something must be added to the content of the page, and that cannot be read.
    """
    notes = PageNotes(actions=int("/AA" in page))
    for number, note in enumerate(notes_of(page)):
        subtype = str(note.get("/Subtype", "/unknown"))
        what = "form field" if subtype == "/Widget" else subtype.removeprefix("/")
        if subtype in _FOR_THE_PRESS:
            notes.actions += any(key in note for key in ("/A", "/AA"))
            notes._stay.append(note)
            continue
        notes._gone.append(note)
        look = normal_look(note) or looks.get((place, number))
        wanted = prints(note) and (keep_comments or subtype not in COMMENTS)
        if wanted and look is not None and subtype not in ("/Link", "/Popup"):
            notes.flattened[what] += 1
            notes._looks.append((note, look))
        else:
            notes.removed[what] += 1
    if notes._looks:
        notes._content = wrap.content(page)
    return notes


def write_page(pdf: Pdf, page: Object, notes: PageNotes, borrowed: Object | None) -> None:
    """Do what was worked out.

    Args:
        pdf: the document.
        page: the page.
        notes: of ``plan_page``.
        borrowed: resources of the form, for fields whose look has none of its own.
    """
    rotate = inherited(page, "/Rotate")
    turned = int(rotate) if rotate is not None else 0
    painted = []
    for note, look in notes._looks:
        if borrowed is not None and "/Resources" not in look:
            look.Resources = borrowed
        look.Type, look.Subtype = Name.XObject, Name.Form
        shown = Dictionary(Type=Name.Annot, Rect=note.Rect, F=int(note.get("/F", 0)), AP=Dictionary(N=look))
        name = Name(wrap.add_xobject(page, look, "Note"))
        operators = pikepdf.Annotation(pdf.make_indirect(shown)).get_page_content_for_appearance(
            name, turned % 360, 0, 0
        )
        painted.append(_on_its_layer(page, note.get("/OC"), operators))
    if painted:
        # What the page leaves behind in the graphics state is none of theirs.
        page.Contents = pdf.make_stream(b"q\n" + notes._content + b"\nQ\n" + b"\n".join(painted))
    for note in notes._gone:
        _silence(note)
    for note in notes._stay:
        _silence(note)
    if "/Annots" in page:
        if notes._stay:
            page.Annots = Array(notes._stay)
        else:
            del page["/Annots"]
    if "/AA" in page:
        del page["/AA"]


def _silence(note: Object) -> None:
    for key in _OF_NOTES:
        if key in note:
            del note[key]


def _on_its_layer(page: Object, layer: Object | None, operators: bytes) -> bytes:
    """An annotation on a layer goes on being switched by it."""
    if not isinstance(layer, Dictionary):
        return operators
    resources = page.Resources  # its own by now
    table = resources.get("/Properties")
    named = Dictionary(dict(table.items())) if isinstance(table, Dictionary) else Dictionary()
    number = 0
    while f"/NoteLayer{number}" in named:
        number += 1
    named[f"/NoteLayer{number}"] = layer
    resources.Properties = named
    return f"/OC /NoteLayer{number} BDC\n".encode() + operators + b"\nEMC"


def notes_of(page: Object) -> list[Any]:
    """The annotations of a page; what is none is left out."""
    found = page.get("/Annots")
    return [note for note in found if isinstance(note, Dictionary)] if isinstance(found, Array) else []


def prints(note: Object) -> bool:
    """Whether a press that knows annotations prints it (ISO 32000-1, 12.5.3)."""
    try:
        flags = int(note.get("/F", 0))
    except (TypeError, ValueError):
        flags = 0
    return bool(flags & _PRINT) and not flags & _HIDDEN and isinstance(note.get("/Rect"), Array)


def normal_look(note: Object) -> Stream | None:
    """What an annotation shows, in the state that it is in."""
    looks = note.get("/AP")
    normal = looks.get("/N") if isinstance(looks, Dictionary) else None
    if isinstance(normal, Stream):
        return normal
    if isinstance(normal, Dictionary):
        state = note.get("/AS")
        look = normal.get(state) if isinstance(state, Name) else None
        return look if isinstance(look, Stream) else None
    return None


def without_look(pdf: Pdf) -> Iterator[tuple[int, int]]:
    """Annotations that print and say by their kind how they look, by place of their page and their own."""
    for place, page in enumerate(pdf.pages):
        for number, note in enumerate(notes_of(page.obj)):
            known = str(note.get("/Subtype")) in (*COMMENTS, "/Widget")
            if known and prints(note) and not isinstance(note.get("/AP"), Dictionary):
                yield place, number


def made_looks(pdf: Pdf, file: Path, wanted: Collection[tuple[int, int]]) -> dict[tuple[int, int], Stream]:
    """The looks that MuPDF gives to annotations that have none, brought into the document.

    Args:
        pdf: the document.
        file: the same as a file.
        wanted: of ``without_look``.
    """
    import pymupdf
    from pymupdf import mupdf

    with pymupdf.open(file, filetype="pdf") as drawn:
        native = mupdf.pdf_document_from_fz_document(drawn.this)
        for place in sorted({place for place, _ in wanted}):
            page = mupdf.pdf_load_page(native, place)
            for first, following in (
                (mupdf.pdf_first_annot, mupdf.pdf_next_annot),
                (mupdf.pdf_first_widget, mupdf.pdf_next_widget),
            ):
                note = first(page)
                while note.m_internal:
                    mupdf.pdf_annot_request_synthesis(note)
                    note = following(note)
            mupdf.pdf_update_page(page)
        data = drawn.tobytes(garbage=0)
    found = {}
    with pikepdf.open(io.BytesIO(data)) as other:
        for place, number in wanted:
            notes = notes_of(other.pages[place].obj)
            look = normal_look(notes[number]) if number < len(notes) else None
            if look is not None and look.is_indirect and look.read_bytes().strip():
                copied = pdf.copy_foreign(look)
                assert isinstance(copied, Stream)
                found[place, number] = copied
    return found


def form_resources(pdf: Pdf) -> Object | None:
    """What the looks of fields may draw with that have no resources of their own."""
    form = pdf.Root.get("/AcroForm")
    found = form.get("/DR") if isinstance(form, Dictionary) else None
    return found if isinstance(found, Dictionary) else None


def silence_document(pdf: Pdf) -> list[str]:
    """Take out what acts or is carried at document level; in words, what that was."""
    root, gone = pdf.Root, []
    opening = root.get("/OpenAction")
    if isinstance(opening, Dictionary) and opening.get("/S") != Name.GoTo:
        gone.append("the opening action")
        del root["/OpenAction"]
    elif isinstance(opening, Dictionary) and "/Next" in opening:
        gone.append("what follows the opening action")
        del opening["/Next"]
    for key, words in _OF_DOCUMENT.items():
        if key in root:
            gone.append(words)
            del root[key]
    names = root.get("/Names")
    if isinstance(names, Dictionary):
        for key, words in _OF_NAMES.items():
            if key in names:
                gone.append(words)
                del names[key]
    if "/AcroForm" in root:
        form = root.AcroForm
        if isinstance(form, Dictionary) and "/XFA" in form:
            gone.append("the XFA form")
        elif isinstance(form, Dictionary) and isinstance(form.get("/Fields"), Array) and len(form.Fields):
            gone.append("the form")
        del root["/AcroForm"]
    bookmarks = sum(_silence_bookmark(item) for item in _bookmarks(root.get("/Outlines")))
    if bookmarks:
        gone.append(f"actions of {bookmarks} bookmark{'s' if bookmarks != 1 else ''}")
    return list(dict.fromkeys(gone))


def _bookmarks(outlines: Object | None) -> Iterator[Object]:
    """All items of the outline, each once: broken ones run in circles."""
    met: set[tuple[int, int]] = set()
    below = [outlines.get("/First")] if isinstance(outlines, Dictionary) else []
    while below:
        item = below.pop()
        if isinstance(item, Dictionary) and item.objgen not in met:
            met.add(item.objgen)
            below += [item.get("/Next"), item.get("/First")]
            yield item


def _silence_bookmark(item: Object) -> bool:
    action = item.get("/A")
    if not isinstance(action, Dictionary):
        return False
    if action.get("/S") != Name.GoTo:
        del item["/A"]
        return True
    if "/Next" in action:
        del action["/Next"]
        return True
    return False
