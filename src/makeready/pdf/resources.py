"""What a page may draw with: the fonts, pictures and ICC profiles its resources declare.

The interpreter says what is painted, but not which object it came from; the resource dictionaries say which
objects there are, but not whether they are painted. This file reads the second half: every resource
dictionary that a page can reach (its own, those of forms, patterns, Type 3 fonts, soft masks and annotation
appearances), each one once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pikepdf import Array, Dictionary, Name, Object, Page, Pdf, PdfError, Stream

from makeready import icc
from makeready.facts import EmbeddedProfile, FontUse, IccProfile, ObjectId

#: Where a font descriptor holds the program.
_PROGRAMS = ("/FontFile", "/FontFile2", "/FontFile3")
SUBSET_TAG = re.compile(r"[A-Z]{6}\+")
#: The deepest nesting of forms that is followed; deeper ones are loops or attacks.
DEEPEST = 64


@dataclass(frozen=True, slots=True)
class DeclaredImage:
    """An image XObject: what its dictionary says."""

    name: str
    object: ObjectId
    width_px: int
    height_px: int
    filter: str | None
    soft_mask: bool
    explicit_mask: bool
    #: Other versions of it: ``alternates``, ``OPI``.
    stand_ins: tuple[str, ...] = ()


@dataclass(slots=True)
class Declared:
    """All that one page can draw with."""

    fonts: dict[Any, FontUse] = field(default_factory=dict)
    images: dict[ObjectId, DeclaredImage] = field(default_factory=dict)

    def add(self, other: Declared) -> None:
        """Take over what another set of resources declares."""
        for key, font in other.fonts.items():
            self.fonts.setdefault(key, font)
        for number, image in other.images.items():
            self.images.setdefault(number, image)


class Resources:
    """The resources of one open document, read as pages ask for them."""

    def __init__(self, pdf: Pdf) -> None:
        self._pdf = pdf
        self._read: dict[ObjectId, Declared] = {}
        self._profiles: dict[ObjectId, EmbeddedProfile] = {}
        self._licences: dict[ObjectId, int | None] = {}
        #: What spots are shown with, by name, where the alternate space is not a device space.
        self.alternates: dict[str, tuple[str, tuple[float, ...]]] = {}

    @property
    def profiles(self) -> tuple[EmbeddedProfile, ...]:
        """The ICC profiles met so far."""
        return tuple(self._profiles.values())

    def of_page(self, page: Page) -> Declared:
        """What a page and the appearances of its annotations can draw with."""
        declared = Declared()
        resources = inherited(page.obj, "/Resources")
        if isinstance(resources, Dictionary):
            declared.add(self._of(resources, 0))
        annotations = page.obj.get("/Annots")
        for annotation in annotations if isinstance(annotations, Array) else ():
            if isinstance(annotation, Dictionary):
                for form in _appearances(annotation):
                    declared.add(self._of_stream(form, 0))
        return declared

    def _of_stream(self, form: Object, depth: int) -> Declared:
        resources = form.get("/Resources")
        return self._of(resources, depth) if isinstance(resources, Dictionary) else Declared()

    def _of(self, resources: Object, depth: int) -> Declared:
        key = resources.objgen
        if resources.is_indirect and key in self._read:
            return self._read[key]
        declared = Declared()
        if resources.is_indirect:
            self._read[key] = declared  # before going down: a form may name its own resources again
        if depth < DEEPEST:
            self._collect(resources, declared, depth + 1)
        return declared

    def _collect(self, resources: Object, declared: Declared, depth: int) -> None:
        for _, font in _entries(resources, "/Font"):
            if isinstance(font, Dictionary):
                self._font(font, declared, depth)
        for name, xobject in _entries(resources, "/XObject"):
            if isinstance(xobject, Stream):
                if xobject.get("/Subtype") == Name.Image:
                    self._image(name, xobject, declared)
                else:
                    self._nested(xobject, declared, depth)
        for _, pattern in _entries(resources, "/Pattern"):
            if isinstance(pattern, Stream):
                self._nested(pattern, declared, depth)
            elif isinstance(pattern, Dictionary) and isinstance(pattern.get("/Shading"), Dictionary | Stream):
                self._profile(pattern.Shading.get("/ColorSpace"), "shading")
        for _, shading in _entries(resources, "/Shading"):
            if isinstance(shading, Dictionary | Stream):
                self._profile(shading.get("/ColorSpace"), "shading")
        for _, space in _entries(resources, "/ColorSpace"):
            self._profile(space, "colour")
        for _, state in _entries(resources, "/ExtGState"):
            if isinstance(state, Dictionary):
                self._state(state, declared, depth)

    def _nested(self, stream: Object, declared: Declared, depth: int) -> None:
        key = stream.objgen
        nested = self._read.get(key)
        if nested is None:
            self._read[key] = Declared()
            nested = self._read[key] = self._of_stream(stream, depth)
            if stream.get("/OPI") is not None:  # the form is a preview: what it paints is replaced by another file
                previews = {
                    number: replace(image, stand_ins=tuple(dict.fromkeys((*image.stand_ins, "OPI"))))
                    for number, image in nested.images.items()
                }
                nested = self._read[key] = Declared(nested.fonts, previews)
        declared.add(nested)

    def _state(self, state: Object, declared: Declared, depth: int) -> None:
        mask = state.get("/SMask")
        if isinstance(mask, Dictionary) and isinstance(mask.get("/G"), Stream):
            self._nested(mask.G, declared, depth)
        font = state.get("/Font")
        if isinstance(font, Array) and len(font) and isinstance(font[0], Dictionary):
            self._font(font[0], declared, depth)

    def _image(self, name: str, image: Object, declared: Declared) -> None:
        number = image.objgen
        if number in declared.images:
            return
        self._profile(image.get("/ColorSpace"), "picture")
        mask = image.get("/SMask")
        declared.images[number] = DeclaredImage(
            name=name.removeprefix("/"),
            object=number,
            width_px=_whole(image.get("/Width")),
            height_px=_whole(image.get("/Height")),
            filter=_filter(image),
            soft_mask=isinstance(mask, Stream) or _whole(image.get("/SMaskInData")) > 0,
            explicit_mask=isinstance(image.get("/Mask"), Stream),
            stand_ins=tuple(
                word for key, word in (("/Alternates", "alternates"), ("/OPI", "OPI")) if image.get(key) is not None
            ),
        )

    def _font(self, font: Object, declared: Declared, depth: int) -> None:
        use = font_use(font)
        key = use.object or (use.name, use.type)
        if key in declared.fonts:
            return
        declared.fonts[key] = replace(use, licence=self._licence(font))
        if use.type == "Type 3":
            resources = font.get("/Resources")
            if isinstance(resources, Dictionary):
                declared.add(self._of(resources, depth))

    def _licence(self, font: Object) -> int | None:
        program = _program(font)
        if program is None:
            return None
        key = program.objgen
        if key not in self._licences:
            self._licences[key] = read_licence(program)
        return self._licences[key]

    def _alternate(self, space: Object, transform: Object) -> tuple[str, tuple[float, ...]] | None:
        """The full tint of a spot in its alternate space, where that is Lab, calibrated or has a profile."""
        if not isinstance(space, Array) or len(space) < 2:
            return None
        name: str | None = _name(space[0])
        if name == "ICCBased":
            embedded = self._profiles.get(space[1].objgen) if isinstance(space[1], Stream) else None
            model = embedded.profile.colour_space if embedded is not None else None
            name = "Lab" if model == "Lab" else f"ICCBased {model}" if model else None
        elif name not in ("Lab", "CalRGB", "CalGray"):
            return None
        values = full_tint(transform)
        return (name, values) if name and values else None

    def _profile(self, space: Object | None, used_by: str, depth: int = 0) -> None:
        """Follow a colour space down to the ICC profile in it, if there is one."""
        if not isinstance(space, Array) or len(space) < 2 or depth > 4:
            return
        family = space[0]
        if family == Name.ICCBased and isinstance(space[1], Stream):
            number = space[1].objgen
            if number not in self._profiles:
                self._profiles[number] = EmbeddedProfile(
                    profile=read_profile(space[1]),
                    channels=_whole(space[1].get("/N")) or None,
                    object=number,
                    used_by=used_by,
                )
        elif family in (Name.Indexed, Name.Pattern):
            self._profile(space[1], used_by, depth + 1)
        elif family in (Name.Separation, Name.DeviceN) and len(space) > 2:
            self._profile(space[2], used_by, depth + 1)
            if family == Name.Separation and len(space) > 3 and (alternate := self._alternate(space[2], space[3])):
                self.alternates.setdefault(_name(space[1]), alternate)


def full_tint(transform: Object, at_start: bool = False, depth: int = 0) -> tuple[float, ...]:
    """What a function of one number gives at the end of its domain, or ``at_start``; nothing where it is not plain.

    Tint transforms are powers (type 2), tables (type 0) or pieces of these (type 3, ISO 32000-1, 7.10).
    """
    if not isinstance(transform, Dictionary | Stream) or depth > 4:
        return ()
    kind = transform.get("/FunctionType")
    if kind == 2:
        default = [0] if at_start else [1]
        return _floats(transform.get("/C0" if at_start else "/C1", Array(default)))
    pieces, encode = transform.get("/Functions"), _floats(transform.get("/Encode"))
    if kind == 3 and isinstance(pieces, Array) and len(pieces) and len(encode) == 2 * len(pieces):
        ends = (encode[0], encode[1]) if at_start else (encode[-1], encode[-2])
        return full_tint(pieces[0 if at_start else len(pieces) - 1], ends[0] < ends[1], depth + 1)
    return _table_end(transform, at_start) if kind == 0 and isinstance(transform, Stream) else ()


def _table_end(transform: Object, at_start: bool) -> tuple[float, ...]:
    """The first or last row of a table of one number."""
    bits, size = _whole(transform.get("/BitsPerSample")), _floats(transform.get("/Size"))
    reach = _floats(transform.get("/Decode", transform.get("/Range")))
    count, encode = len(reach) // 2, _floats(transform.get("/Encode"))
    if bits not in (8, 16) or len(size) != 1 or not count or (encode and encode != (0, size[0] - 1)):
        return ()
    try:
        data = transform.read_bytes()
    except PdfError:
        return ()
    width = bits // 8
    start = 0 if at_start else (int(size[0]) - 1) * count * width
    row = data[start : start + count * width]
    if len(row) < count * width:
        return ()
    samples = (int.from_bytes(row[at * width : (at + 1) * width], "big") / (2**bits - 1) for at in range(count))
    pairs = zip(reach[::2], reach[1::2], samples, strict=True)
    return tuple(round(low + sample * (high - low), 4) for low, high, sample in pairs)


def read_licence(program: Object) -> int | None:
    """What a font program allows: fsType of its OS/2 table (OpenType 1.9), or the FSType of a Type 1 font."""
    try:
        data = program.read_bytes()
    except PdfError:
        return None
    if data[:4] in (b"\x00\x01\x00\x00", b"OTTO", b"true"):
        for place in range(12, 12 + 16 * int.from_bytes(data[4:6], "big"), 16):
            if data[place : place + 4] == b"OS/2":
                start = int.from_bytes(data[place + 8 : place + 12], "big") + 8
                stored = data[start : start + 2]
                return int.from_bytes(stored, "big") if len(stored) == 2 else None
        return None
    found = re.search(rb"/FSType\s+(\d{1,5})\s+def", data[:8192])
    return int(found[1]) if found else None


def read_profile(stream: Object) -> IccProfile:
    """The header of an ICC profile stream; a stream that cannot be unpacked is a damaged profile."""
    try:
        return icc.read_header(bytes(stream.read_bytes()))
    except PdfError as error:
        return IccProfile(None, None, None, None, 0, damage=f"its stream cannot be unpacked ({error})")


def inherited(page: Object, key: str) -> Object | None:
    """A page attribute, from the page or the nearest node above it that has it."""
    node: Object | None = page
    for _ in range(DEEPEST):
        if not isinstance(node, Dictionary):
            return None
        value = node.get(key)
        if value is not None:
            return value
        node = node.get("/Parent")
    return None


def font_use(font: Object) -> FontUse:
    """What a font dictionary says of itself, in the words of ``pdffonts``."""
    described = _described(font)
    subtype = str(described.get("/Subtype", "")).removeprefix("/")
    descriptor = described.get("/FontDescriptor")
    program, program_type = None, ""
    if isinstance(descriptor, Dictionary):
        for key in _PROGRAMS:
            if isinstance(descriptor.get(key), Stream):
                program = key
                program_type = str(descriptor[key].get("/Subtype", "")).removeprefix("/")
                break
    base = font.get("/BaseFont")
    name = str(base).removeprefix("/") if base is not None else None
    return FontUse(
        name=name,
        type=_font_type(subtype, program, program_type),
        object=font.objgen if font.is_indirect else None,
        embedded=program is not None or subtype == "Type3",
        subset=bool(name and SUBSET_TAG.match(name)),
        encoding=_encoding(font.get("/Encoding")),
        to_unicode=isinstance(font.get("/ToUnicode"), Stream),
    )


def _described(font: Object) -> Object:
    """The dictionary that describes a font: of a composite font, that of its descendant."""
    below = font.get("/DescendantFonts") if font.get("/Subtype") == Name.Type0 else None
    return below[0] if isinstance(below, Array) and len(below) and isinstance(below[0], Dictionary) else font


def _program(font: Object) -> Object | None:
    """The font program in the file, if there is one."""
    descriptor = _described(font).get("/FontDescriptor")
    if not isinstance(descriptor, Dictionary):
        return None
    return next((descriptor[key] for key in _PROGRAMS if isinstance(descriptor.get(key), Stream)), None)


def _font_type(subtype: str, program: str | None, program_type: str) -> str:
    if subtype == "Type3":
        return "Type 3"
    opentype = " (OT)" if program_type == "OpenType" else ""
    if subtype in ("CIDFontType0", "CIDFontType2"):
        compact = "C" if program == "/FontFile3" else ""
        return f"CID Type 0{compact}{opentype}" if subtype == "CIDFontType0" else f"CID TrueType{opentype}"
    if subtype in ("Type1", "MMType1"):
        return f"Type 1{'C' if program == '/FontFile3' else ''}{opentype}"
    return f"{subtype or 'unknown'}{opentype}"


def _encoding(encoding: Object | None) -> str | None:
    if isinstance(encoding, Name):
        return str(encoding).removeprefix("/")
    return "Custom" if encoding is not None else None


def _filter(stream: Object) -> str | None:
    """The codec of a picture: the last filter, after any transport coding."""
    filters = stream.get("/Filter")
    if isinstance(filters, Array):
        filters = filters[-1] if len(filters) else None
    return str(filters).removeprefix("/") if filters is not None else None


def _entries(resources: Object, category: str) -> Iterator[tuple[str, Object]]:
    found = resources.get(category)
    if isinstance(found, Dictionary):
        yield from found.items()


def _appearances(annotation: Object) -> Iterator[Object]:
    """The streams an annotation may be shown with: its normal appearance, or one for each state."""
    looks = annotation.get("/AP")
    normal = looks.get("/N") if isinstance(looks, Dictionary) else None
    if isinstance(normal, Stream):
        yield normal
    elif isinstance(normal, Dictionary):
        yield from (state for _, state in normal.items() if isinstance(state, Stream))


def _name(value: Object) -> str:
    return str(value).removeprefix("/")


def _floats(array: Object | None) -> tuple[float, ...]:
    """The numbers of an array; nothing where one of them is none."""
    try:
        return tuple(float(item) for item in array) if isinstance(array, Array) else ()
    except (TypeError, ValueError):
        return ()


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
