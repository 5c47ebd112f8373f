"""Giving fonts their programs: letters that are missing from a file are put into it, and nothing else moves.

What stands in is tried out first. MuPDF loads the font as it would be, and says for each code that the file shows
which glyph it comes to and how wide that is; so encodings mean here what they mean to a reader. The widths in the
file go on placing the letters.
"""

from __future__ import annotations

import io
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from makeready.pdf.mend.programs import Library, Program
from makeready.pdf.mend.streams import SHOWS, Here, Instruction, State, Walk, identity

_PROGRAMS = ("/FontFile", "/FontFile2", "/FontFile3")
#: Text that is neither filled nor stroked.
_INVISIBLE = 3
#: Codes below are no letters in any encoding; programs leave line ends and tabs in their text.
_FIRST_LETTER = 32
#: Encodings of fonts by glyph number that need no table of characters.
_BY_NUMBER = ("/Identity-H", "/Identity-V")
#: Flags of a font descriptor (ISO 32000-1, table 123).
_FIXED, _SERIF, _SYMBOLIC, _TEXT, _ITALIC = 1, 2, 4, 32, 64
#: What a stem is thick where nobody says, in thousandths of the size: usual for text fonts.
_STEM, _BOLD_STEM = 85, 140
#: Two widths of a font whose glyphs are called by number are the same within this, in thousandths of the size.
_SAME = 2.0


@dataclass(slots=True)
class Missing:
    """A font whose program is not in the file."""

    font: Any
    name: str
    pages: set[int] = field(default_factory=set)
    #: The codes that are shown.
    codes: set[int] = field(default_factory=set)

    @property
    def composite(self) -> bool:
        """Of many glyphs, with codes of two bytes."""
        return bool(self.font.get("/Subtype") == Name.Type0)


@dataclass(frozen=True, slots=True)
class Embedded:
    """A font that was given a program, or was not."""

    name: str
    pages: tuple[int, ...]
    program: Program | None = None
    #: The most that a letter is wider or narrower than the file says, in thousandths of the type size.
    apart: float = 0.0
    #: Why it was not done.
    why: str | None = None


def missing(pdf: Pdf) -> list[Missing]:
    """The fonts that visible text is set in and whose program is not in the file, in the order of their pages."""
    found = _Shown()
    walk = Walk(pdf, found)
    for number in range(1, len(pdf.pages) + 1):
        walk.page(number)
    return list(found.fonts.values())


class _Shown:
    """Gathers what is shown in fonts that have no program; changes nothing."""

    def __init__(self) -> None:
        self.fonts: dict[Hashable, Missing] = {}

    def key(self, state: State) -> Hashable:
        """Of a form without resources of its own, the fonts are those of whoever paints it."""
        return None if state.font is None else identity(state.font)

    def visit(self, here: Here, operands: Sequence[Any], operator: str) -> Sequence[Instruction] | None:
        font = here.state.font
        if operator not in SHOWS or not isinstance(font, Dictionary) or here.state.render_mode == _INVISIBLE:
            return None
        if _is_embedded(font):
            return None
        seen = self.fonts.setdefault(identity(font), Missing(font, str(font.get("/BaseFont", "/unnamed"))[1:]))
        seen.pages.add(here.page)
        seen.codes.update(_codes(operands, 2 if seen.composite else 1))
        return None


def _codes(operands: Sequence[Any], length: int) -> Iterator[int]:
    for operand in operands:
        for part in operand if isinstance(operand, Array) else [operand]:
            if isinstance(part, String):
                data = bytes(part)
                for place in range(0, len(data) - length + 1, length):
                    yield int.from_bytes(data[place : place + length], "big")


def _described(font: Any) -> Any:
    """The dictionary that has the descriptor: of a composite font, its descendant."""
    below = font.get("/DescendantFonts")
    return below[0] if isinstance(below, Array) and len(below) else font


def _is_embedded(font: Any) -> bool:
    if font.get("/Subtype") == Name.Type3:
        return True
    descriptor = _described(font).get("/FontDescriptor")
    return isinstance(descriptor, Dictionary) and any(key in descriptor for key in _PROGRAMS)


class Embedding:
    """Puts programs into a file, each of them once."""

    def __init__(self, pdf: Pdf, library: Library, most: float) -> None:
        """Prepare.

        Args:
            pdf: the document.
            library: where programs are.
            most: how much wider or narrower letters may be than the file says, in thousandths of the type size.
        """
        self._pdf, self._library, self._most = pdf, library, most
        self._streams: dict[bytes, Stream] = {}

    def give(self, font: Missing) -> Embedded:
        """Give a font the first program that has all its letters, as wide as the file says."""
        pages = tuple(sorted(font.pages))
        if font.composite and str(font.font.get("/Encoding")) not in _BY_NUMBER:
            return Embedded(font.name, pages, why="it has the encoding of a large character collection")
        why = "no font of this name or measure is at hand"
        for program in self._library.find(font.name):
            new = self._composite(font, program) if font.composite else self._simple(font, program)
            if isinstance(new, str):
                why = new
                continue
            tried = _tried(self._pdf, new, sorted(font.codes))
            lacking = {code for code, (glyph, _, _) in tried.items() if glyph == 0}
            if not font.composite:
                lacking = {code for code in lacking if code >= _FIRST_LETTER} | _unknown(font, program)
            apart = max((abs(said - real) for glyph, said, real in tried.values() if glyph), default=0.0)
            if lacking:
                why = f"{program.name} lacks {len(lacking)} of its letters"
            elif apart > (_SAME if font.composite else self._most):
                why = f"the letters of {program.name} differ in width by up to {apart / 10:.1f} % of the type size"
            else:
                _take_over(font.font, new)
                return Embedded(font.name, pages, program, apart)
        return Embedded(font.name, pages, why=why)

    def _simple(self, font: Missing, program: Program) -> Any:
        """The font with the program, or why it cannot have it."""
        old = font.font
        encoding = old.get("/Encoding")
        flags = _flags(old)
        if encoding is None and not program.symbolic and (old.get("/Subtype") == Name.TrueType or flags & _SYMBOLIC):
            return "it does not say which letters its codes are"
        new = Dictionary(dict(old.items()))
        new.Subtype = Name.TrueType if program.kind == "TrueType" else Name.Type1
        # Readers know what the signs of Symbol and ZapfDingbats stand for by these names alone.
        new.BaseFont = Name(f"/{font.name if program.symbolic else program.name}")
        new.FontDescriptor = self._descriptor(old.get("/FontDescriptor"), program, new.BaseFont)
        if "/Widths" not in new:
            glyphs = _tried(self._pdf, new, range(256))
            widths = [round(real, 3) if glyph else 0 for glyph, _, real in glyphs.values()]
            new.FirstChar, new.LastChar, new.Widths = 0, 255, Array(widths)
        return new

    def _composite(self, font: Missing, program: Program) -> Any:
        """The font with the very program that it was made with: its codes are numbers of glyphs in that one."""
        below = _described(font.font)
        if not program.exact or program.kind != "TrueType" or below.get("/Subtype") != Name.CIDFontType2:
            return "its codes are numbers of glyphs, which mean nothing in another font"
        descendant = Dictionary(dict(below.items()))
        descendant.BaseFont = Name(f"/{program.name}")
        descendant.FontDescriptor = self._descriptor(below.get("/FontDescriptor"), program, descendant.BaseFont)
        if "/CIDToGIDMap" not in descendant:
            descendant.CIDToGIDMap = Name.Identity
        new = Dictionary(dict(font.font.items()))
        new.BaseFont = Name(f"/{program.name}")
        new.DescendantFonts = Array([self._pdf.make_indirect(descendant)])
        return new

    def _descriptor(self, old: Any, program: Program, name: Any) -> Any:
        """What describes a font: what the file said of it, and the program."""
        kept = dict(old.items()) if isinstance(old, Dictionary) else _measures(program)
        descriptor = self._pdf.make_indirect(Dictionary(kept))
        descriptor.FontName = name
        if program.kind == "TrueType":
            descriptor.FontFile2 = self._stream(program.data, Length1=len(program.data))
        else:
            descriptor.FontFile3 = self._stream(program.data, Subtype=Name.Type1C)
        return descriptor

    def _stream(self, data: bytes, **entries: Any) -> Stream:
        if data not in self._streams:
            self._streams[data] = self._pdf.make_stream(data, **entries)
        return self._streams[data]


def _take_over(font: Any, new: Any) -> None:
    for entry in list(font.keys()):
        if entry not in new:
            del font[entry]
    for entry, value in new.items():
        font[entry] = value


def _unknown(font: Missing, program: Program) -> set[int]:
    """Codes with names of their own that the program does not know; MuPDF shows the usual letter in their place."""
    import pymupdf
    from pymupdf import mupdf

    encoding = font.font.get("/Encoding")
    differences = encoding.get("/Differences") if isinstance(encoding, Dictionary) else None
    known = pymupdf.Font(fontbuffer=program.data).this
    found, code = set(), 0
    for entry in differences if isinstance(differences, Array) else ():
        if isinstance(entry, Name):
            name = str(entry)[1:]
            if code in font.codes and name != ".notdef" and not mupdf.fz_encode_character_by_glyph_name(known, name):
                found.add(code)
            code += 1
        else:
            code = int(entry)
    return found


def _flags(font: Any) -> int:
    descriptor = font.get("/FontDescriptor")
    return int(descriptor.get("/Flags", 0)) if isinstance(descriptor, Dictionary) else 0


def _measures(program: Program) -> dict[str, Any]:
    """A descriptor of what the program says of itself; the stem is what is usual."""
    import pymupdf

    font = pymupdf.Font(fontbuffer=program.data)
    box = font.bbox

    def edge(letter: str, otherwise: float, *, top: bool) -> int:
        found = font.glyph_bbox(ord(letter)) if font.has_glyph(ord(letter)) else None
        return round((otherwise if found is None else found.y1 if top else found.y0) * 1000)

    bold, italic = bool(font.flags["bold"]), bool(font.flags["italic"])
    serif, fixed = bool(font.flags["serif"]), bool(font.flags["mono"])
    flags = _SYMBOLIC if program.symbolic else _TEXT
    flags |= _FIXED * fixed | _SERIF * serif | _ITALIC * italic
    return {
        "/Type": Name.FontDescriptor,
        "/Flags": flags,
        "/FontBBox": Array([round(value * 1000) for value in (box.x0, box.y0, box.x1, box.y1)]),
        "/ItalicAngle": -12 if italic else 0,
        "/Ascent": edge("d", font.ascender, top=True),
        "/Descent": edge("p", font.descender, top=False),
        "/CapHeight": edge("H", font.ascender, top=True),
        "/StemV": _BOLD_STEM if bold else _STEM,
    }


def _tried(pdf: Pdf, font: Any, codes: Sequence[int]) -> dict[int, tuple[int, float, float]]:
    """What each code comes to: its glyph, 0 for none, and its width as said and as it is, in thousandths."""
    import pymupdf
    from pymupdf import mupdf

    with Pdf.new() as alone:
        alone.add_blank_page()
        alone.Root.Tried = alone.copy_foreign(pdf.make_indirect(font) if not font.is_indirect else font)
        file = io.BytesIO()
        alone.save(file)
    native = mupdf._mupdf
    found = {}
    with pymupdf.open(stream=file.getvalue(), filetype="pdf") as document:
        opened = mupdf.pdf_document_from_fz_document(document.this)
        given = mupdf.pdf_dict_gets(mupdf.pdf_dict_gets(mupdf.pdf_trailer(opened), "Root"), "Tried")
        loaded = native.ll_pdf_load_font(opened.m_internal, None, given.m_internal)
        try:
            for code in codes:
                glyph = native.ll_pdf_font_cid_to_gid(loaded, code)
                said = native.ll_pdf_lookup_hmtx(loaded, code).w
                found[code] = glyph, float(said), native.ll_fz_advance_glyph(loaded.font, max(glyph, 0), 0) * 1000
        finally:
            native.ll_pdf_drop_font(loaded)
    return found
