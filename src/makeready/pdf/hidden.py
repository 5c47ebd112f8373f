"""Which layers hold something: what is painted in marked content, forms, pictures and notes that belong to them.

The interpreter never meets what is switched off, so the content streams are read for it: only where a layer is off,
only streams whose resources name such a layer, and no further than until something of each layer was found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pikepdf import Array, Dictionary, Name, Object, Pdf, PdfError, Stream, parse_content_stream

from makeready.facts import ObjectId
from makeready.pdf.resources import DEEPEST, inherited

_PAINTS = frozenset(("f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "sh", "Tj", "TJ", "'", '"', "INLINE IMAGE"))
_READ = " ".join((*sorted(_PAINTS - {"INLINE IMAGE"}), "BI", "ID", "EI", "Do", "BDC", "BMC", "EMC"))


def holding(pdf: Pdf, groups: Collection[ObjectId], numbers: Collection[int]) -> set[ObjectId]:
    """Those of some layers, given by their object, that anything painted on the pages of these numbers belongs to.

    Content that cannot be read counts for all of the layers: nobody knows what is in it.
    """
    look = _Look(groups)
    for number in numbers:
        if not look.missing:
            break
        page = pdf.pages[number - 1].obj
        try:
            look.into(page, inherited(page, "/Resources"), frozenset(), 0)
            look.notes(page)
        except PdfError:
            return set(groups)
    return look.found


class _Look:
    """One search through the pages of a file."""

    def __init__(self, groups: Collection[ObjectId]) -> None:
        self.missing, self.found = set(groups), set[ObjectId]()
        self._looked: set[tuple[ObjectId, frozenset[ObjectId]]] = set()
        self._naming: dict[ObjectId, bool] = {}

    def into(self, content: Object, resources: Object | None, within: frozenset[ObjectId], depth: int) -> None:
        """Look into a page, a form or a pattern that is painted ``within`` some layers."""
        if depth > DEEPEST or not self.missing:
            return
        resources = resources if isinstance(resources, Dictionary) else Dictionary()
        if not within & self.missing and not self._names_layers(resources, depth):
            return
        opened: list[frozenset[ObjectId]] = []
        for instruction in parse_content_stream(content, _READ):
            operator = str(instruction.operator)
            if operator in ("BDC", "BMC"):
                opened.append(self._marked(instruction, resources))
            elif operator == "EMC":
                del opened[-1:]
            else:
                around = within.union(*opened)
                if operator == "Do":
                    self._object(_entry(resources, "/XObject", instruction.operands), around, depth)
                elif operator in _PAINTS:
                    self._note(around)
        for pattern in _values(resources, "/Pattern"):
            if isinstance(pattern, Stream):
                self._form(pattern, within, depth)

    def notes(self, page: Object) -> None:
        """Look at the annotations of a page: the look of one that belongs to a layer, and layers in their looks."""
        annotations = page.get("/Annots")
        for note in annotations if isinstance(annotations, Array) else ():
            looks = note.get("/AP") if isinstance(note, Dictionary) else None
            normal = looks.get("/N") if isinstance(looks, Dictionary) else None
            for look in _values(looks, "/N") if isinstance(normal, Dictionary) else (normal,):
                if isinstance(look, Stream):
                    self._form(look, self._groups(note.get("/OC")), 0)

    def _object(self, painted: Object | None, around: frozenset[ObjectId], depth: int) -> None:
        if not isinstance(painted, Stream):
            return
        if painted.get("/Subtype") == Name.Form:
            self._form(painted, around, depth)
        else:
            self._note(around | self._groups(painted.get("/OC")))

    def _form(self, form: Object, around: frozenset[ObjectId], depth: int) -> None:
        around |= self._groups(form.get("/OC"))
        key = (form.objgen, around)
        if key not in self._looked:
            self._looked.add(key)
            self.into(form, form.get("/Resources"), around, depth + 1)

    def _note(self, groups: frozenset[ObjectId]) -> None:
        self.found |= groups & self.missing
        self.missing -= groups

    def _marked(self, instruction: Any, resources: Object) -> frozenset[ObjectId]:
        operands = instruction.operands
        if len(operands) != 2 or operands[0] != Name.OC or not isinstance(operands[1], Name):
            return frozenset()
        return self._groups(_entry(resources, "/Properties", operands[1:]))

    def _groups(self, membership: Object | None) -> frozenset[ObjectId]:
        """The layers that were asked for, of a layer or of a membership of several (ISO 32000-1, 8.11.2)."""
        return frozenset(_members(membership)) & (self.missing | self.found)

    def _names_layers(self, resources: Object, depth: int) -> bool:
        """Whether resources, or those of forms and patterns in them, name a layer that was asked for."""
        if any(self._groups(item) for item in _values(resources, "/Properties")):
            return True
        nested = (item for kind in ("/XObject", "/Pattern") for item in _values(resources, kind))
        return depth < DEEPEST and any(
            self._stream_names(item, depth + 1) for item in nested if isinstance(item, Stream)
        )

    def _stream_names(self, stream: Object, depth: int) -> bool:
        key = stream.objgen
        if key not in self._naming:
            self._naming[key] = False  # before going down: a form may name itself
            own = stream.get("/Resources")
            self._naming[key] = bool(self._groups(stream.get("/OC"))) or (
                isinstance(own, Dictionary) and self._names_layers(own, depth)
            )
        return self._naming[key]


def _members(membership: Object | None, depth: int = 0) -> Iterator[ObjectId]:
    if isinstance(membership, Array):
        for item in membership if depth < DEEPEST else ():
            yield from _members(item, depth + 1)
    elif isinstance(membership, Dictionary):
        if membership.get("/Type") == Name.OCMD:
            yield from _members(membership.get("/OCGs"), depth + 1)
            yield from _members(membership.get("/VE"), depth + 1)
        else:
            yield membership.objgen


def _entry(resources: Object, kind: str, operands: Any) -> Object | None:
    entries = resources.get(kind)
    if not isinstance(entries, Dictionary) or len(operands) != 1 or not isinstance(operands[0], Name):
        return None
    return entries.get(str(operands[0]))


def _values(holder: Object | None, key: str) -> Iterator[Object]:
    entries = holder.get(key) if isinstance(holder, Dictionary) else None
    if isinstance(entries, Dictionary):
        yield from (value for _, value in entries.items())
