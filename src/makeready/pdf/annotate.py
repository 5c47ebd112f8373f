"""A copy of a PDF with frames around places, bookmarks to them, and pages in front that list them.

The job's own pages stay as they are: frames are annotations, on a layer of their own that shows on the screen and
does not print. Nothing in the copy runs when it is opened, and it does not claim to be the PDF/X that the job was.

A job that is encrypted and opens without a password is copied if its owner allows comments and new pages (ISO 32000-2,
table 22); the copy allows what the job allows.
"""

from __future__ import annotations

import io
import itertools
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, String

from makeready.errors import EncryptedFile, UnreadableFile
from makeready.facts import Page, Rect
from makeready.pdf import structure
from makeready.pdf.boxes import quarter_turns, sheet
from makeready.pdf.typeset import Colour, Typeset, digits_font, ink_on

LAYER = "makeready findings"
#: Frames on one page; more would hide the page, and slow readers down.
MARKS_A_PAGE = 300
#: A sheet whose shorter side is this long gets frames and numbers of the sizes below, others in proportion.
_USUAL_SIDE = 600.0
_LINE, _GAP, _NUMBER, _TAG = 1.2, 1.5, 8.0, 11.0
#: How often a number gives way to those that stand in its place already.
_STEPS_ASIDE = 40
#: MuPDF's PDF_ENCRYPT_KEEP: what it mends stays protected.
_KEEP_ENCRYPTION = 0
#: Keys of the catalogue that act when the file is opened, or that the changes make untrue.
_NOT_COPIED = ("/OpenAction", "/AA", "/Perms", "/Collection", "/Metadata", "/PageMode", "/DSS", "/NeedsRendering")


@dataclass(frozen=True, slots=True)
class Mark:
    """A frame on a page, with its number. Without a place it is the number alone, in the corner of the page."""

    page: int
    number: str
    colour: Colour
    #: What the list of comments shows as its subject, and its text.
    subject: str
    text: str
    #: PDF user space with UserUnit applied, as in the facts.
    place: Rect | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link or a bookmark leads: a page of the job (from 1), or ``None`` for the first page of the list."""

    page: int | None = None
    place: Rect | None = None


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A line in the outline."""

    title: str
    target: Target = Target()
    colour: Colour | None = None
    bold: bool = False
    opened: bool = False
    children: tuple[Bookmark, ...] = field(default=())


def annotated_copy(
    source: Path | bytes,
    front: Typeset,
    marks: Iterable[Mark] = (),
    bookmarks: Sequence[Bookmark] = (),
    links: Mapping[str, Target] | None = None,
    title: str = "",
) -> bytes:
    """Write the copy.

    Args:
        source: the job.
        front: the pages that are put in front.
        marks: what is framed on the job's pages.
        bookmarks: the outline; the job's own is kept under "Original bookmarks".
        links: where the elements of ``front`` with these ids lead.
        title: of the document.

    Raises:
        EncryptedFile: it needs a password, or its owner does not allow comments and new pages.
        UnreadableFile: no copy can be made.
    """
    try:
        with _opened(source) as pdf:
            if pdf.is_encrypted and not _may_be_marked(pdf.allow):
                raise EncryptedFile(
                    "The file is encrypted and its owner does not allow comments and new pages in it. "
                    "Ask for a copy without protection."
                )
            return _Copy(pdf, len(pdf.pages)).written(front, marks, bookmarks, links or {}, title)
    except EncryptedFile:
        raise
    except pikepdf.PasswordError as error:
        raise EncryptedFile("The file is locked with a password.") from error
    except Exception as error:  # the door to a file: its structure may be broken in any way
        raise UnreadableFile(f"No copy of it can be made: {' '.join(str(error).split())[:200]}.") from error


def _may_be_marked(allow: pikepdf.Permissions) -> bool:
    return allow.modify_annotation and (allow.modify_assembly or allow.modify_other)


def _as_protected(pdf: pikepdf.Pdf) -> pikepdf.Encryption | bool:
    """What the job allows, and no more. Its owner's password is not known: the copy gets one that nobody knows."""
    return pikepdf.Encryption(owner=secrets.token_urlsafe(), user="", allow=pdf.allow) if pdf.is_encrypted else False


def front_alone(front: Typeset, title: str = "") -> bytes:
    """The list without a job, as when that cannot be read."""
    with pikepdf.new() as pdf:
        return _Copy(pdf, 0).written(front, (), (), {}, title)


def _opened(source: Path | bytes) -> pikepdf.Pdf:
    """The job, mended by MuPDF where qpdf cannot read it."""
    try:
        pdf = pikepdf.open(io.BytesIO(source) if isinstance(source, bytes) else source)
        if len(pdf.pages):
            return pdf
    except pikepdf.PasswordError:
        raise
    except (pikepdf.PdfError, ValueError, RuntimeError):
        pass  # MuPDF mends what qpdf gives up; what it cannot mend either, it says below
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    with (
        pymupdf.open(stream=source, filetype="pdf")
        if isinstance(source, bytes)
        else pymupdf.open(source, filetype="pdf")
    ) as drawn:
        return pikepdf.open(io.BytesIO(drawn.tobytes(garbage=1, encryption=_KEEP_ENCRYPTION)))


class _Copy:
    """A copy in the making."""

    def __init__(self, pdf: pikepdf.Pdf, pages: int) -> None:
        self.pdf = pdf
        #: The job's pages, which move back when others are put in front of them.
        self.job = [pdf.pages[number] for number in range(pages)]
        self.geometry = [structure.page(number, page.obj) for number, page in enumerate(self.job, start=1)]
        self.front: list[pikepdf.Page] = []

    def written(
        self,
        front: Typeset,
        marks: Iterable[Mark],
        bookmarks: Sequence[Bookmark],
        links: Mapping[str, Target],
        title: str,
    ) -> bytes:
        """Do everything and save."""
        self._forget()
        self._frame(marks)
        self._put_in_front(front, links)
        self._label_pages(front.pages)
        self._outline(bookmarks)
        self._present(title)
        data = io.BytesIO()
        self.pdf.save(
            data,
            min_version="1.6",  # UserUnit and the usage of layers are older, but not by much
            # qpdf makes the key of an encrypted file from its ID, and so cannot take the ID from what it writes.
            deterministic_id=not self.pdf.is_encrypted,
            encryption=_as_protected(self.pdf),
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        )
        return data.getvalue()

    def _forget(self) -> None:
        """Take out what would run on opening, and what is no longer true of a changed file."""
        root = self.pdf.Root
        for key in _NOT_COPIED:
            if key in root:
                del root[key]
        for parent, key in ((root.get("/Names"), "/JavaScript"), (root.get("/AcroForm"), "/XFA")):
            if isinstance(parent, Dictionary) and key in parent:
                del parent[key]
        for page in self.job:
            if "/AA" in page.obj:
                del page.obj["/AA"]
        if "/Info" in self.pdf.trailer:
            del self.pdf.trailer["/Info"]

    # --- frames

    def _frame(self, marks: Iterable[Mark]) -> None:
        by_page: dict[int, list[Mark]] = {}
        for mark in marks:
            if 1 <= mark.page <= len(self.job):
                by_page.setdefault(mark.page, []).append(mark)
        if not by_page:
            return
        layer = self._layer()
        pen = _Pen(self.pdf)
        for number, found in sorted(by_page.items()):
            page, drawn = self.job[number - 1].obj, _Sheet(self.geometry[number - 1])
            before = page.get("/Annots")
            notes = list(before) if isinstance(before, Array) else []
            for position, mark in enumerate(found[:MARKS_A_PAGE]):
                note = pen.annotation(mark, drawn, name=f"makeready-{number}-{position + 1}")
                note.OC = layer
                note.P = page
                notes.append(self.pdf.make_indirect(note))
            page.Annots = Array(notes)

    def _layer(self) -> Object:
        """A layer that is seen and not printed, beside those of the job."""
        group = self.pdf.make_indirect(
            Dictionary(
                Type=Name.OCG,
                Name=String(LAYER),
                Usage=Dictionary(
                    Print=Dictionary(Subtype=Name("/Markup"), PrintState=Name.OFF),
                    View=Dictionary(ViewState=Name.ON),
                    Export=Dictionary(ExportState=Name.ON),
                ),
            )
        )
        properties = _dictionary(self.pdf.Root, "/OCProperties")
        _append(properties, "/OCGs", group)
        shown = _dictionary(properties, "/D")
        _append(shown, "/ON", group)
        _append(shown, "/Order", group)
        for event, category in (("/Print", "/Print"), ("/View", "/View")):
            usage = Dictionary(Event=Name(event), Category=Array([Name(category)]), OCGs=Array([group]))
            _append(shown, "/AS", usage)
        return group

    # --- the list in front

    def _put_in_front(self, front: Typeset, links: Mapping[str, Target]) -> None:
        with pikepdf.open(io.BytesIO(front.pdf)) as listed:
            for number, page in enumerate(listed.pages):
                self.pdf.pages.insert(number, page)
        self.front = [self.pdf.pages[number] for number in range(front.pages)]
        notes: dict[int, list[Object]] = {}
        for name, target in links.items():
            if name not in front.places:
                continue
            number, area = front.places[name]
            link = Dictionary(
                Type=Name.Annot,
                Subtype=Name.Link,
                Rect=_numbers(area),
                Border=Array([0, 0, 0]),
                Dest=self._destination(target),
            )
            notes.setdefault(number, []).append(self.pdf.make_indirect(link))
        for number, found in notes.items():
            self.front[number].obj.Annots = Array(found)

    def _destination(self, target: Target) -> Array:
        if target.page is None or not 1 <= target.page <= len(self.job):
            return Array([self.front[0].obj, Name.Fit])
        page, drawn = self.job[target.page - 1].obj, _Sheet(self.geometry[target.page - 1])
        if target.place is None:
            return Array([page, Name.Fit])
        return Array([page, Name.FitR, *_numbers(drawn.written(drawn.surroundings(target.place)))])

    def _label_pages(self, put_in_front: int) -> None:
        """The job's pages keep their names: page 3 of the job is page 3 in the reader's page field."""
        labels: list[Any] = [0, Dictionary(S=Name.r, P=String("report "))]
        if self.job:
            before = _flat_numbers(self.pdf.Root.get("/PageLabels"))
            if not before or before[0][0] != 0:
                before.insert(0, (0, Dictionary(S=Name.D)))
            for start, style in before:
                labels += [start + put_in_front, style]
        self.pdf.Root.PageLabels = Dictionary(Nums=Array(labels))

    # --- bookmarks

    def _outline(self, bookmarks: Sequence[Bookmark]) -> None:
        before = self.pdf.Root.get("/Outlines")
        root = self.pdf.make_indirect(Dictionary(Type=Name.Outlines))
        items = [self._bookmark(bookmark, root) for bookmark in bookmarks]
        if isinstance(before, Dictionary) and isinstance(before.get("/First"), Dictionary):
            items.append(self._original_bookmarks(before, root))
        if not items:
            return
        _chain(root, items)
        root.Count = len(items) + sum(max(0, int(item.get("/Count", 0))) for item in items)
        self.pdf.Root.Outlines = root

    def _bookmark(self, bookmark: Bookmark, parent: Object) -> Object:
        item = self.pdf.make_indirect(
            Dictionary(Title=String(bookmark.title), Parent=parent, Dest=self._destination(bookmark.target))
        )
        if bookmark.colour is not None:
            item.C = _numbers(bookmark.colour)
        if bookmark.bold:
            item.F = 2
        if children := [self._bookmark(child, item) for child in bookmark.children]:
            _chain(item, children)
            below = len(children) + sum(max(0, int(child.get("/Count", 0))) for child in children)
            item.Count = below if bookmark.opened else -below
        return item

    def _original_bookmarks(self, before: Object, root: Object) -> Object:
        """One closed bookmark that holds the job's own."""
        item = self.pdf.make_indirect(Dictionary(Title=String("Original bookmarks"), Parent=root))
        item.First = before.First
        item.Last = before.get("/Last", before.First)
        count, seen = 0, set()
        at: Object | None = before.First
        while isinstance(at, Dictionary) and at.objgen not in seen:  # a damaged outline may run in a circle
            seen.add(at.objgen)
            at.Parent = item
            count += 1
            at = at.get("/Next")
        item.Count = -count
        return item

    def _present(self, title: str) -> None:
        root = self.pdf.Root
        root.OpenAction = Array([self.front[0].obj, Name.Fit])
        root.PageMode = Name.UseOutlines if "/Outlines" in root else Name.UseNone
        _dictionary(root, "/ViewerPreferences").DisplayDocTitle = True
        self.pdf.docinfo["/Title"] = String(title)
        self.pdf.docinfo["/Creator"] = String("makeready")


class _Sheet:
    """A page as people see it, to put numbers upright on it and frames where they can be seen."""

    def __init__(self, page: Page) -> None:
        self.unit, self.turns = page.user_unit, quarter_turns(page)
        media = sheet(page)
        crop = page._rect(page.boxes.crop)
        #: What a reader shows.
        self.seen = (media.intersection(crop) if crop else None) or media
        self.scale = max(0.75, min(self.seen.width, self.seen.height) / _USUAL_SIDE)
        self.taken: list[Rect] = []
        self.frames: dict[tuple[int, ...], int] = {}

    @property
    def displayed(self) -> tuple[float, float]:
        """Width and height as seen."""
        sides = (float(self.seen.width), float(self.seen.height))
        return sides if self.turns % 2 == 0 else (sides[1], sides[0])

    def frame(self, place: Rect) -> Rect:
        """A frame around a place, wholly on the part of the page that is seen; equal ones lie inside each other."""
        gap, seen = _GAP * self.scale, self.seen
        key = tuple(round(value) for value in place)
        again = self.frames[key] = self.frames.get(key, -1) + 1
        least, edge = 3 * self.scale, _LINE * self.scale * (1 + again % 6 * 2)
        x0, x1 = _within(place.x0 - gap, place.x1 + gap, seen.x0 + edge, seen.x1 - edge, least)
        y0, y1 = _within(place.y0 - gap, place.y1 + gap, seen.y0 + edge, seen.y1 - edge, least)
        return Rect(x0, y0, x1, y1)

    def tag(self, frame: Rect | None, width: float, height: float) -> Rect:
        """A free place for a number, as seen (y down), beside other numbers.

        Above a frame; to the left of a low one, which is a line of text with others above it.
        """
        across, down = self.displayed
        if frame is None:
            left, top, step = 2 * self.scale, 2 * self.scale, width
        else:
            box = self.to_display(frame)
            beside = box.height < 3 * height and box.x0 >= width
            left, top, step = (box.x0 - width, box.y0, -width) if beside else (box.x0, box.y0 - height, width)
            top = box.y0 if top < 0 else top
        start = left = min(max(0.0, left), max(0.0, across - width))
        top = min(max(0.0, top), max(0.0, down - height))
        at = Rect(left, top, left + width, top + height)
        for _ in range(_STEPS_ASIDE):
            if not any(at.intersection(other) for other in self.taken):
                break
            left += step
            if left < 0 or left + width > across:  # the next row
                left, top = start, top + height
            if top + height > down:
                break
            at = Rect(left, top, left + width, top + height)
        self.taken.append(at)
        return at

    def to_display(self, rect: Rect) -> Rect:
        """From user space to what is seen, from the top left corner, y down."""
        v = self.seen
        x0, y0, x1, y1 = (
            (rect.x0 - v.x0, v.y1 - rect.y1, rect.x1 - v.x0, v.y1 - rect.y0),
            (rect.y0 - v.y0, rect.x0 - v.x0, rect.y1 - v.y0, rect.x1 - v.x0),
            (v.x1 - rect.x1, rect.y0 - v.y0, v.x1 - rect.x0, rect.y1 - v.y0),
            (v.y1 - rect.y1, v.x1 - rect.x1, v.y1 - rect.y0, v.x1 - rect.x0),
        )[self.turns]
        return Rect(x0, y0, x1, y1)

    def from_display(self, rect: Rect) -> Rect:
        """The way back."""
        v = self.seen
        x0, y0, x1, y1 = (
            (v.x0 + rect.x0, v.y1 - rect.y1, v.x0 + rect.x1, v.y1 - rect.y0),
            (v.x0 + rect.y0, v.y0 + rect.x0, v.x0 + rect.y1, v.y0 + rect.x1),
            (v.x1 - rect.x1, v.y0 + rect.y0, v.x1 - rect.x0, v.y0 + rect.y1),
            (v.x1 - rect.y1, v.y1 - rect.x1, v.x1 - rect.y0, v.y1 - rect.x0),
        )[self.turns]
        return Rect(x0, y0, x1, y1)

    def upright(self, rect: Rect) -> tuple[float, ...]:
        """The matrix that puts an upright drawing at the corner of a box in user space that is bottom left as seen."""
        right, up = (((1, 0), (0, 1)), ((0, 1), (-1, 0)), ((-1, 0), (0, -1)), ((0, -1), (1, 0)))[self.turns]
        corner = ((rect.x0, rect.y0), (rect.x1, rect.y0), (rect.x1, rect.y1), (rect.x0, rect.y1))[self.turns]
        return (*right, *up, *corner)

    def surroundings(self, place: Rect) -> Rect:
        """A place with enough around it to see what it belongs to: a third of the page at least."""
        seen = self.seen
        dx = max(0.15 * place.width, (seen.width / 3 - place.width) / 2)
        dy = max(0.15 * place.height, (seen.height / 3 - place.height) / 2)
        x0, x1 = _within(place.x0 - dx, place.x1 + dx, seen.x0, seen.x1, float(seen.width) / 3)
        y0, y1 = _within(place.y0 - dy, place.y1 + dy, seen.y0, seen.y1, float(seen.height) / 3)
        return Rect(x0, y0, x1, y1)

    def written(self, rect: Rect) -> tuple[float, ...]:
        """A rectangle in the page's own units."""
        return tuple(value / self.unit for value in rect)


class _Pen:
    """Draws frames and their numbers."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self.pdf = pdf
        data, self.hexadecimal, self.width = digits_font()
        with pikepdf.open(io.BytesIO(data)) as digits:
            self.font = pdf.copy_foreign(digits.pages[0].Resources.Font["/F"])

    def annotation(self, mark: Mark, drawn: _Sheet, name: str) -> Dictionary:
        """A square annotation, its rectangle wide enough for the number that stands at its corner."""
        k = drawn.scale
        width, height = self.width(mark.number) * _NUMBER * k + 4 * k, _TAG * k
        frame = drawn.frame(mark.place) if mark.place is not None else None
        tag = drawn.from_display(drawn.tag(frame, width, height))
        line = _LINE * k
        inner = frame or tag
        outer = Rect(
            min(inner.x0, tag.x0) - line,
            min(inner.y0, tag.y0) - line,
            max(inner.x1, tag.x1) + line,
            max(inner.y1, tag.y1) + line,
        )
        operators = [f"{1 / drawn.unit:.6f} 0 0 {1 / drawn.unit:.6f} 0 0 cm"]
        if frame is not None:
            rectangle = f"{_spoken(frame.x0, frame.y0, float(frame.width), float(frame.height))} re S"
            # White under the colour: a red frame is seen on red as well.
            operators += [f"1 G {line * 2:.3f} w {rectangle}", f"{_spoken(*mark.colour)} RG {line:.3f} w {rectangle}"]
        operators += [
            f"q {_spoken(*drawn.upright(tag))} cm",
            f"{_spoken(*mark.colour)} rg 1 G {0.4 * k:.3f} w 0 0 {_spoken(width, height)} re B",
            f"BT {_spoken(*ink_on(mark.colour))} rg /F {_NUMBER * k:.3f} Tf {_spoken(2 * k, 2.6 * k)} Td "
            f"{self.hexadecimal(mark.number)} Tj ET Q",
        ]
        box = drawn.written(outer)
        look = self.pdf.make_stream(
            "\n".join(operators).encode("ascii"),
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=_numbers(box),
            Resources=Dictionary(Font=Dictionary(F=self.font)),
        )
        differences = (inner.x0 - outer.x0, inner.y0 - outer.y0, outer.x1 - inner.x1, outer.y1 - inner.y1)
        return Dictionary(
            Type=Name.Annot,
            Subtype=Name.Square,
            Rect=_numbers(box),
            RD=_numbers([value / drawn.unit for value in differences]),
            NM=String(name),
            T=String("makeready"),
            Subj=String(mark.subject),
            Contents=String(mark.text),
            C=_numbers(mark.colour),
            F=0,  # without the flag Print (ISO 32000-1, table 165) it does not print
            BS=Dictionary(W=round(line / drawn.unit, 3), S=Name.S),
            AP=Dictionary(N=look),
        )


def _within(low: float, high: float, least: float, most: float, size: float) -> tuple[float, float]:
    """A stretch moved and cut so that it lies between two limits, and is not shorter than ``size`` if that fits."""
    low, high = max(least, min(low, most)), min(most, max(high, least))
    if high - low < size:
        middle = (low + high) / 2
        low = max(least, min(middle - size / 2, most - size))
        high = min(most, low + size)
    return low, max(low, high)


def _numbers(values: Iterable[float]) -> Array:
    return Array([round(float(value), 3) for value in values])


def _spoken(*values: float) -> str:
    return " ".join(f"{float(value):.4f}".rstrip("0").rstrip(".") for value in values)


def _dictionary(parent: Object, key: str) -> Object:
    """The dictionary under a key; a new one where there is none, or something else."""
    if not isinstance(parent.get(key), Dictionary):
        parent[key] = Dictionary()
    return parent[key]


def _append(parent: Object, key: str, item: Object) -> None:
    """Into a copy of the array: the job may share one array between two keys."""
    before = parent.get(key)
    parent[key] = Array([*(before if isinstance(before, Array) else ()), item])


def _chain(parent: Object, items: Sequence[Object]) -> None:
    """Items of an outline hold each other by the hand."""
    parent.First, parent.Last = items[0], items[-1]
    for item, following in itertools.pairwise(items):
        item.Next, following.Prev = following, item


def _flat_numbers(tree: Any) -> list[tuple[int, Object]]:
    """The entries of a number tree in order; what is damaged is left out."""
    return sorted(_entries(tree, 0), key=lambda entry: entry[0])


def _entries(tree: Any, depth: int) -> Iterator[tuple[int, Object]]:
    if not isinstance(tree, Dictionary) or depth > 32:
        return
    numbers, kids = tree.get("/Nums"), tree.get("/Kids")
    if isinstance(numbers, Array):
        for place in range(0, len(numbers) - 1, 2):
            if isinstance(numbers[place], int) and isinstance(numbers[place + 1], Dictionary):
                yield int(numbers[place]), numbers[place + 1]
    if isinstance(kids, Array):
        for kid in kids:
            yield from _entries(kid, depth + 1)
