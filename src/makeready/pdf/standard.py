"""What standards for print ask of a PDF's structure: who it says it is, and the constructs they restrict.

Constructs are looked for where a page can reach them: its own dictionary, its contents, its resources and those of
forms, patterns, Type 3 fonts and soft masks, and the appearances of its annotations. What lies in the file and is
reached by no page (what an earlier version left behind) is no part of the print. Each object is read once, so that
one which several pages share is counted on the first of them.

=============================  ======================================================================================
kind                           value
=============================  ======================================================================================
``transfer function``          ``TR``, or ``TR2`` with ``Default``, ``Identity`` or ``function``
``halftone``                   ``type 1`` and the other types, ``Default``
``halftone name``              the name that a device may know it by
``halftone phase``             the key: ``HTP`` or ``HTO``
``rendering intent``           its name
``transparency group``         ``page`` or ``form``
``soft mask``                  ``image`` or ``graphics state``
``opacity``, ``blend mode``    what it is set to, where that is not 1 or Normal
``PostScript XObject``         ``XObject`` or ``form``
``OPI``                        ``image`` or ``form``
``alternate image``            ``for printing`` where it is meant for that
``reference XObject``
``external stream``            the key: ``F``, ``FFilter``
``LZW``, ``JPX``, ``JBIG2``, ``Crypt``   filters of streams
``16-bit image``
``default space``              ``DefaultGray``, ``DefaultRGB``, ``DefaultCMYK``
``separation``                 the page is one plate of a job; the plate's colorant
``page scale``                 the UserUnit of a page that has one other than 1
``action``                     its type, such as ``URI``
``viewer preference``          key and box, such as ``PrintArea CropBox``
``cross-reference stream``
``output condition``           ``missing``: an intent for PDF/X does not name it
``output profile``             ``external``, or ``3 channels``: what its stream says it has
=============================  ======================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pikepdf import Array, Dictionary, Name, Object, Pdf, PdfError, Stream, String

from makeready.facts import Construct, Identity, ObjectId
from makeready.pdf.resources import inherited

#: Prefixes that people know the XMP schemas by (XMP specification, part 2; ISO 15930-7).
_PREFIXES = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/pdf/1.3/": "pdf",
    "http://ns.adobe.com/pdfx/1.3/": "pdfx",
    "http://www.npes.org/pdfx/ns/id/": "pdfxid",
    "http://www.aiim.org/pdfa/ns/id/": "pdfaid",
}
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
#: The most XMP that is read; real packets have some thousand bytes, their histories some hundred thousand.
MOST_XMP = 16 << 20
#: The longest text that is kept of one entry.
_KEPT = 1000
_FILTERS = {"/LZWDecode": "LZW", "/LZW": "LZW", "/JPXDecode": "JPX", "/JBIG2Decode": "JBIG2", "/Crypt": "Crypt"}
_BOX_PREFERENCES = ("/ViewArea", "/ViewClip", "/PrintArea", "/PrintClip")


def identity(pdf: Pdf) -> Identity:
    """Header, trailer, Info dictionary and XMP, as written."""
    header = str(pdf.pdf_version)
    newer = pdf.Root.get("/Version")
    named = str(newer).removeprefix("/") if isinstance(newer, Name) else header
    file_id = pdf.trailer.get("/ID")
    xmp, damage = _xmp(pdf.Root.get("/Metadata"))
    return Identity(
        header=header,
        version=max(header, named, key=_version),
        file_id=isinstance(file_id, Array) and len(file_id) == 2 and all(_filled(part) for part in file_id),
        info=_info(pdf.trailer.get("/Info")),
        xmp=xmp,
        xmp_damage=damage,
    )


def _filled(part: Any) -> bool:
    return isinstance(part, String) and len(bytes(part)) > 0


def _version(written: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in written.split("."))


def _info(info: Object | None) -> dict[str, str]:
    entries = {}
    if isinstance(info, Dictionary):
        for key, value in info.items():
            if isinstance(value, bool):  # Trapped is a name; a boolean in its place is not the same word
                entries[key.removeprefix("/")] = str(value).lower()
            elif not isinstance(value, Array | Dictionary | Stream):
                text = str(value)
                entries[key.removeprefix("/")] = (text.removeprefix("/") if isinstance(value, Name) else text)[:_KEPT]
    return entries


def _xmp(metadata: Object | None) -> tuple[dict[str, str], str | None]:
    """The properties of an XMP packet that are text or lists of text, by prefix and name; and why there are none."""
    if not isinstance(metadata, Stream):
        return {}, None
    from xml.etree import ElementTree as ET

    try:
        data = metadata.read_bytes()
    except PdfError:
        return {}, "its stream cannot be unpacked"
    if len(data) > MOST_XMP:
        return {}, f"it has {len(data)} bytes"
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:  # XMP has none; what it could unfold to is nobody's business
        return {}, "it declares entities"
    try:
        root = ET.fromstring(data.strip(b"\0 \t\r\n"))  # noqa: S314 - no entities are left to unfold
    except (ET.ParseError, ValueError, LookupError) as error:
        return {}, f"it is not well-formed XML ({error})"
    properties: dict[str, str] = {}
    for description in root.iter(f"{_RDF}Description"):
        written = [*description.attrib.items(), *((item.tag, _words(item)) for item in description)]
        for tag, value in written:
            space, _, name = tag.removeprefix("{").partition("}")
            if space in _PREFIXES and value is not None:
                properties.setdefault(f"{_PREFIXES[space]}:{name}", value.strip()[:_KEPT])
    return properties, None


def _words(item: Any) -> str | None:
    """The text of a property: its own, the default language's, or all of a list; ``None`` for structures."""
    if not len(item):
        return item.text or ""
    container = item[0]
    entries = [entry for entry in container if entry.tag == f"{_RDF}li"]
    if container.tag == f"{_RDF}Alt":
        entries = [entry for entry in entries if entry.get(_LANGUAGE) == "x-default"] or entries
        return (entries[0].text or "") if entries else ""
    if container.tag in (f"{_RDF}Seq", f"{_RDF}Bag"):
        return ", ".join(entry.text or "" for entry in entries)
    return None


def constructs(pdf: Pdf, numbers: Iterable[int]) -> tuple[Construct, ...]:
    """What standards restrict, of the document and of the pages of these numbers, one row a kind, value and page."""
    found = _Walk()
    _document(pdf, found)
    found.go()
    for number in numbers:
        found.page = number
        _page(pdf.pages[number - 1].obj, found)
        found.go()
    return found.rows()


class _Walk:
    """What was found so far, what is still to be read, and what has been."""

    def __init__(self) -> None:
        self.page: int | None = None
        self._found: dict[tuple[str, str | None, int | None], list[Any]] = {}
        self._seen: set[ObjectId] = set()
        self._waiting: list[tuple[Any, Object]] = []

    def add(self, kind: str, value: str | None = None, where: Object | None = None) -> None:
        """Note one more of a kind."""
        row = self._found.setdefault((kind, value, self.page), [0, None])
        row[0] += 1
        if row[1] is None and where is not None and where.is_indirect:
            row[1] = where.objgen

    def later(self, read: Any, found: Any, kind: type[Any] | tuple[type[Any], ...] = Dictionary) -> None:
        """Have an object read by a function, if it is of the kind and has not been read before."""
        if not isinstance(found, kind):
            return
        if found.is_indirect:
            if found.objgen in self._seen:
                return
            self._seen.add(found.objgen)
        self._waiting.append((read, found))

    def go(self) -> None:
        """Read what is waiting, and what turns up meanwhile."""
        while self._waiting:
            read, found = self._waiting.pop()
            read(found, self)

    def rows(self) -> tuple[Construct, ...]:
        return tuple(
            Construct(kind, value, page, where, count)
            for (kind, value, page), (count, where) in self._found.items()
        )  # fmt: skip


def _document(pdf: Pdf, found: _Walk) -> None:
    root = pdf.Root
    if pdf.trailer.get("/Type") == Name.XRef or "/XRefStm" in pdf.trailer:
        found.add("cross-reference stream")
    preferences = root.get("/ViewerPreferences")
    if isinstance(preferences, Dictionary):
        for key in _BOX_PREFERENCES:
            if (box := preferences.get(key)) is not None:
                found.add("viewer preference", f"{key[1:]} {_word(box)}", preferences)
    _actions(root, ("/OpenAction",), found)
    intents = root.get("/OutputIntents")
    for intent in intents if isinstance(intents, Array) else ():
        if isinstance(intent, Dictionary) and intent.get("/S") == Name.GTS_PDFX:
            _output_intent(intent, found)


def _output_intent(intent: Object, found: _Walk) -> None:
    if not str(intent.get("/OutputConditionIdentifier", "")):
        found.add("output condition", "missing", intent)
    if "/DestOutputProfileRef" in intent:
        found.add("output profile", "external", intent)
    profile = intent.get("/DestOutputProfile")
    if isinstance(profile, Stream):
        found.add("output profile", f"{_word(profile.get('/N'))} channels", profile)
        found.later(_stream, profile, Stream)


def _page(page: Object, found: _Walk) -> None:
    unit = page.get("/UserUnit")
    if unit is not None and unit != 1:
        found.add("page scale", _word(unit), page)
    separation = page.get("/SeparationInfo")
    if isinstance(separation, Dictionary):
        found.add("separation", _word(separation.get("/DeviceColorant")), page)
    _group(page, "page", found)
    _actions(page, (), found)
    contents = page.get("/Contents")
    for part in contents if isinstance(contents, Array) else (contents,):
        found.later(_stream, part, Stream)
    found.later(_resources, inherited(page, "/Resources"))
    notes = page.get("/Annots")
    for note in notes if isinstance(notes, Array) else ():
        if isinstance(note, Dictionary):
            _actions(note, ("/A",), found)
            looks = note.get("/AP")
            normal = looks.get("/N") if isinstance(looks, Dictionary) else None
            states = [look for _, look in normal.items()] if isinstance(normal, Dictionary) else [normal]
            for look in states:
                found.later(_xobject, look, Stream)


def _actions(holder: Object, keys: tuple[str, ...], found: _Walk) -> None:
    """Actions of the keys themselves, and those of the additional actions."""
    actions = [holder.get(key) for key in keys]
    additional = holder.get("/AA")
    if isinstance(additional, Dictionary):
        actions.extend(action for _, action in additional.items())
    for action in actions:
        if isinstance(action, Dictionary):
            found.add("action", _word(action.get("/S")), action)


def _resources(resources: Object, found: _Walk) -> None:
    for _, state in _entries(resources, "/ExtGState"):
        found.later(_state, state)
    for _, xobject in _entries(resources, "/XObject"):
        found.later(_xobject, xobject, Stream)
    for _, pattern in _entries(resources, "/Pattern"):
        found.later(_pattern, pattern, (Dictionary, Stream))
    for _, shading in _entries(resources, "/Shading"):
        found.later(_shading, shading, (Dictionary, Stream))
    for _, font in _entries(resources, "/Font"):
        found.later(_font, font)
    for name, space in _entries(resources, "/ColorSpace"):
        if name in ("/DefaultGray", "/DefaultRGB", "/DefaultCMYK"):
            found.add("default space", name[1:], resources)
        _space(space, found)


def _state(state: Object, found: _Walk) -> None:
    if "/TR" in state:
        found.add("transfer function", "TR", state)
    if (function := state.get("/TR2")) is not None:
        found.add("transfer function", f"TR2 {_name_or(function, 'function')}", state)
    for key in ("/HTP", "/HTO"):
        if key in state:
            found.add("halftone phase", key[1:], state)
    halftone = state.get("/HT")
    if isinstance(halftone, Name):
        found.add("halftone", _word(halftone), state)
    found.later(_halftone, halftone, (Dictionary, Stream))
    if isinstance(intent := state.get("/RI"), Name):
        found.add("rendering intent", _word(intent), state)
    mask = state.get("/SMask")
    if isinstance(mask, Dictionary):
        found.add("soft mask", "graphics state", state)
        found.later(_xobject, mask.get("/G"), Stream)
    for key in ("/ca", "/CA"):
        amount = state.get(key)
        if amount is not None and not _is_one(amount):
            found.add("opacity", _word(amount), state)
    modes = state.get("/BM")
    named = [_word(mode) for mode in modes] if isinstance(modes, Array) else [_word(modes)] if modes is not None else []
    if set(named) - {"Normal", "Compatible"}:
        found.add("blend mode", ", ".join(named), state)


def _halftone(halftone: Object, found: _Walk) -> None:
    found.add("halftone", f"type {_word(halftone.get('/HalftoneType'))}", halftone)
    if (name := halftone.get("/HalftoneName")) is not None:
        found.add("halftone name", _word(name), halftone)
    if isinstance(halftone, Stream):
        _stream(halftone, found)
    elif str(halftone.get("/HalftoneType")) == "5":  # one halftone for each ink
        for part in dict(halftone.items()).values():
            found.later(_halftone, part, (Dictionary, Stream))


def _xobject(xobject: Object, found: _Walk) -> None:
    _stream(xobject, found)
    subtype = xobject.get("/Subtype")
    if subtype == Name.Image:
        _image(xobject, found)
        return
    if subtype == Name.PS:
        found.add("PostScript XObject", "XObject", xobject)
        return
    if xobject.get("/Subtype2") == Name.PS or "/PS" in xobject:
        found.add("PostScript XObject", "form", xobject)
    if "/OPI" in xobject:
        found.add("OPI", "form", xobject)
    if "/Ref" in xobject:
        found.add("reference XObject", None, xobject)
    _group(xobject, "form", found)
    found.later(_resources, xobject.get("/Resources"))


def _image(image: Object, found: _Walk) -> None:
    if "/OPI" in image:
        found.add("OPI", "image", image)
    if image.get("/BitsPerComponent") == 16:
        found.add("16-bit image", None, image)
    mask = image.get("/SMask")
    if isinstance(mask, Stream) or image.get("/SMaskInData") in (1, 2):
        found.add("soft mask", "image", image)
    found.later(_xobject, mask, Stream)
    found.later(_xobject, image.get("/Mask"), Stream)
    if isinstance(intent := image.get("/Intent"), Name):
        found.add("rendering intent", _word(intent), image)
    alternates = image.get("/Alternates")
    for alternate in alternates if isinstance(alternates, Array) else ():
        if isinstance(alternate, Dictionary):
            chosen = alternate.get("/DefaultForPrinting")
            found.add("alternate image", "for printing" if isinstance(chosen, bool) and chosen else None, image)
            found.later(_xobject, alternate.get("/Image"), Stream)
    _space(image.get("/ColorSpace"), found)


def _pattern(pattern: Object, found: _Walk) -> None:
    if isinstance(pattern, Stream):
        _stream(pattern, found)
        found.later(_resources, pattern.get("/Resources"))
    else:
        found.later(_state, pattern.get("/ExtGState"))
        found.later(_shading, pattern.get("/Shading"), (Dictionary, Stream))


def _shading(shading: Object, found: _Walk) -> None:
    if isinstance(shading, Stream):
        _stream(shading, found)
    _space(shading.get("/ColorSpace"), found)


def _space(space: Object | None, found: _Walk, depth: int = 0) -> None:
    """The streams of a colour space: its profile, or those of the space behind it."""
    if not isinstance(space, Array) or len(space) < 2 or depth > 4:
        return
    if space[0] == Name.ICCBased:
        found.later(_stream, space[1], Stream)
    elif space[0] in (Name.Indexed, Name.Pattern):
        _space(space[1], found, depth + 1)
        found.later(_stream, space[3] if len(space) > 3 else None, Stream)
    elif space[0] in (Name.Separation, Name.DeviceN) and len(space) > 3:
        _space(space[2], found, depth + 1)
        found.later(_stream, space[3], Stream)


def _font(font: Object, found: _Walk) -> None:
    found.later(_resources, font.get("/Resources"))  # Type 3
    drawn = font.get("/CharProcs")
    for _, glyph in drawn.items() if isinstance(drawn, Dictionary) else ():
        found.later(_stream, glyph, Stream)
    found.later(_stream, font.get("/ToUnicode"), Stream)
    below = font.get("/DescendantFonts")
    for described in (font, *(below if isinstance(below, Array) else ())):
        descriptor = described.get("/FontDescriptor") if isinstance(described, Dictionary) else None
        if isinstance(descriptor, Dictionary):
            for key in ("/FontFile", "/FontFile2", "/FontFile3"):
                found.later(_stream, descriptor.get(key), Stream)


def _stream(stream: Object, found: _Walk) -> None:
    """How a stream is stored: its filters, and whether its data are in the file."""
    filters = stream.get("/Filter")
    for filter in filters if isinstance(filters, Array) else (filters,):
        if kind := _FILTERS.get(str(filter)):
            found.add(kind, None, stream)
    for key in ("/F", "/FFilter"):
        if key in stream:
            found.add("external stream", key[1:], stream)


def _group(holder: Object, where: str, found: _Walk) -> None:
    group = holder.get("/Group")
    if isinstance(group, Dictionary) and group.get("/S") == Name.Transparency:
        found.add("transparency group", where, holder)


def _entries(resources: Object, category: str) -> Iterator[tuple[str, Object]]:
    entries = resources.get(category)
    if isinstance(entries, Dictionary):
        yield from entries.items()


def _is_one(value: Any) -> bool:
    try:
        return float(value) == 1
    except (TypeError, ValueError):
        return False


def _name_or(value: Any, otherwise: str) -> str:
    return _word(value) if isinstance(value, Name) else otherwise


def _word(value: Any) -> str:
    """A name or number as text; nothing of what is neither."""
    if value is None or isinstance(value, Array | Dictionary | Stream):
        return "unknown"
    return str(value).removeprefix("/")[:80]
