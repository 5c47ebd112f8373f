"""A page's content as one piece: closed in itself, so that it can be moved, scaled, clipped and painted again.

Content may be spread over several streams that break between two operators, may leave states open, and may close
some that it never opened (ISO 32000-1, 7.8.2). Here it becomes one stream that ends as it began. That stream is
written as a form XObject; as a content stream is operators too, a page may also run it as its own content.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, NumberTree, Object, Pdf, Stream

from makeready.changes import Refusal
from makeready.facts import Rect
from makeready.pdf.mend.streams import Matrix
from makeready.pdf.resources import inherited

#: Stands behind the content when it is read: who does not find it there has run into something unfinished.
_END = b"\n/EndOfContent MP"
_WATCHED = "q Q BT ET BMC BDC EMC MP"


class Unusable(Refusal):
    """The content of a page cannot be read as operators."""


def content(page: Object) -> bytes:
    """All of a page's content as one stream of operators that leaves the graphics state as it found it.

    Raises:
        Unusable: it cannot be decoded, or breaks off within a string, an array or a picture.
    """
    found = page.get("/Contents")
    streams: list[Any] = list(found) if isinstance(found, Array) else [found]
    try:
        # A stream may end between two operators, never within a token: joined by white space (7.8.2).
        data = b"\n".join(stream.read_bytes() for stream in streams if isinstance(stream, Stream))
        return _closed(data)
    except (pikepdf.PdfError, ValueError, RuntimeError) as error:
        raise Unusable("its content is damaged: repair the file first, or export the page again") from error


def _closed(data: bytes) -> bytes:
    """Content with what it lacks before and after it: each state, text and mark that is opened is closed."""
    with pikepdf.new() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an end in the middle, which is what is looked for
        read = pikepdf.parse_content_stream(scratch.make_stream(data + _END), _WATCHED)
    operators = [str(instruction.operator) for instruction in read]
    if operators[-1:] != ["MP"] or read[-1].operands != [Name.EndOfContent]:
        raise ValueError("the content breaks off")
    states, marks = _Depth(), _Depth()
    text = False
    for operator in operators:
        if operator in ("q", "Q"):
            states.step(operator == "q")
        elif operator in ("BMC", "BDC", "EMC"):
            marks.step(operator != "EMC")
        elif operator in ("BT", "ET"):
            text = operator == "BT"
    before = b"q " * states.lacking + b"/Span BMC " * marks.lacking
    after = b" ET" * text + b" EMC" * marks.open + b" Q" * states.open
    return before + data + (b"\n" + after.strip() if after else b"")


class _Depth:
    """How deep something is nested: how many opening ones are lacking, and how many stay open."""

    def __init__(self) -> None:
        self.lacking = self.open = 0

    def step(self, opens: bool) -> None:
        if opens:
            self.open += 1
        elif self.open:
            self.open -= 1
        else:
            self.lacking += 1


def as_form(pdf: Pdf, page: Object, area: Rect) -> Stream:
    """A page's content as a form XObject with the page's own resources; the page stays as it is.

    The form is no transparency group: what it paints goes straight into the page's group, as it did before, so that
    blending, knockout and overprint stay what they were.

    Args:
        pdf: the document.
        page: its content and resources are taken.
        area: what the form is clipped to, in the page's own units.

    Raises:
        Unusable: the content cannot be read.
    """
    data = content(page)
    found = inherited(page, "/Resources")
    resources = found if isinstance(found, Dictionary) else Dictionary()
    return pdf.make_stream(
        data,
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array(list(area)),
        # Written straight into the page or the page tree, they stay there, and the form gets its own.
        Resources=resources if resources.is_indirect else Dictionary(dict(resources.items())),
    )


def paint(
    pdf: Pdf, page: Object, form: Stream, matrix: Matrix, name: str = "Content", within: Rect | None = None
) -> None:
    """Make a form all that a page paints.

    Patterns are held by the form, so that they move with it; tags in its content go on being found.

    Args:
        pdf: the document.
        page: gets new contents and resources.
        form: made of its content by ``as_form``.
        matrix: from the form to the page.
        name: what the form is called in the page's resources.
        within: what of the page is painted on, in the page's units after the change.
    """
    clipped = b"" if within is None else rectangle(within) + b" W n "
    page.Contents = pdf.make_stream(b"q " + clipped + numbers(matrix) + f" cm /{name} Do Q".encode())
    page.Resources = Dictionary(XObject=Dictionary({f"/{name}": form}))
    _move_tags(pdf, page, form)


def _move_tags(pdf: Pdf, page: Object, form: Stream) -> None:
    """Tell the structure tree that a page's marked content is now in a form (ISO 32000-1, 14.7.4.2)."""
    key = page.get("/StructParents")
    if not isinstance(key, int):
        return
    del page["/StructParents"]
    form.StructParents = key
    root = pdf.Root.get("/StructTreeRoot")
    tree = root.get("/ParentTree") if isinstance(root, Dictionary) else None
    entry = NumberTree(tree).get(key) if isinstance(tree, Dictionary) else None
    for element in entry if isinstance(entry, Array) else ():
        if isinstance(element, Dictionary) and "/K" in element:
            kids = element.K
            owner = element.get("/Pg")
            moved = [_moved(kid, page, form, owner) for kid in (kids if isinstance(kids, Array) else [kids])]
            element.K = Array(moved) if isinstance(kids, Array) else moved[0]


def _moved(kid: Any, page: Object, form: Stream, owner: Object | None) -> Any:
    if isinstance(kid, int):
        here = owner is not None and owner.objgen == page.objgen
        return Dictionary(Type=Name.MCR, Pg=page, Stm=form, MCID=kid) if here else kid
    is_mark = isinstance(kid, Dictionary) and kid.get("/Type") == Name.MCR and "/Stm" not in kid
    if is_mark and (kid.get("/Pg") or owner or page).objgen == page.objgen:
        kid.Stm = form
    return kid


def add_xobject(page: Object, form: Stream, prefix: str) -> str:
    """Give a page one more XObject, and its name; in resources of its own, for those it had are the form's as well."""
    found = inherited(page, "/Resources")
    resources = Dictionary(dict(found.items())) if isinstance(found, Dictionary) else Dictionary()
    table = resources.get("/XObject")
    named = Dictionary(dict(table.items())) if isinstance(table, Dictionary) else Dictionary()
    number = 0
    while f"/{prefix}{number}" in named:
        number += 1
    named[f"/{prefix}{number}"] = form
    resources.XObject = named
    page.Resources = resources
    return f"/{prefix}{number}"


def rectangle(rect: Rect) -> bytes:
    """A rectangle as a path."""
    return numbers((rect.x0, rect.y0, rect.x1 - rect.x0, rect.y1 - rect.y0)) + b" re"


def numbers(values: Iterable[float]) -> bytes:
    """Numbers as a content stream has them, without exponents and without minus zero."""
    return " ".join(f"{round(value, 7) + 0.0:.7f}".rstrip("0").rstrip(".") for value in values).encode()
