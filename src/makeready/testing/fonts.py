"""Fonts for test pages: embedded ones that come with our dependencies, and ones that are only named.

=================  ====================================================================
``embedded``       Aileron (CC0, a Latin subset that Pillow carries): TrueType, embedded as a subset
``whole``          the same, not marked as a subset
``bold``           Nimbus Sans Bold (carried by PyMuPDF): CFF, embedded whole
``type3``          letters drawn by the PDF itself: a Type 3 font of blocks
any other name     not embedded: ``Helvetica`` and its kin as Type 1, others as TrueType
=================  ====================================================================
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pikepdf

#: Characters that a simple font with WinAnsiEncoding shows.
FIRST, LAST = 32, 255
STANDARD = frozenset(
    f"{family}{style}"
    for family, styles in {
        "Helvetica": ("", "-Bold", "-Oblique", "-BoldOblique"),
        "Courier": ("", "-Bold", "-Oblique", "-BoldOblique"),
        "Times": ("-Roman", "-Bold", "-Italic", "-BoldItalic"),
        "Symbol": ("",),
        "ZapfDingbats": ("",),
    }.items()
    for style in styles
)


class FontFile(NamedTuple):
    """A font file and the numbers a PDF must repeat of it, in thousandths of the size."""

    name: str
    data: bytes
    widths: tuple[int, ...]
    box: tuple[int, int, int, int]
    ascent: int
    descent: int
    cap_height: int
    stem: int
    cff: bool = False


@lru_cache(maxsize=4)
def font_file(kind: str) -> FontFile:
    """The font file behind ``embedded``, ``whole`` or ``bold``."""
    characters = [bytes([code]).decode("cp1252", "replace") for code in range(FIRST, LAST + 1)]
    if kind == "bold":
        # makeready.pdf is where pymupdf lives; only this one font is fetched here, and only when asked for.
        import pymupdf

        bold: Any = pymupdf.Font("hebo")
        widths = tuple(round(bold.glyph_advance(ord(c)) * 1000) for c in characters)
        return FontFile(
            "NimbusSans-Bold", bytes(bold.buffer), widths, (-173, -307, 1097, 979), 949, -236, 729, 140, True
        )
    from PIL import ImageFont

    aileron = ImageFont.load_default(1000)
    if not isinstance(aileron, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow was built without FreeType, which the test font needs")
    widths = tuple(round(aileron.getlength(c)) for c in characters)
    name = "Aileron-Regular" if kind == "whole" else "MAKEPR+Aileron-Regular"
    return FontFile(name, aileron.font_bytes, widths, (-150, -210, 945, 800), 970, -230, 690, 80)


def text_width(text: str, size: float, font: str) -> float:
    """How wide a line of text is set, in points."""
    if font in ("embedded", "whole", "bold"):
        widths = font_file(font).widths
        return sum(widths[code - FIRST] for code in encoded(text)) * size / 1000
    return 0.6 * size * len(text)  # fonts that are not here have no measure: as wide as Courier


def encoded(text: str) -> bytes:
    """Text in the encoding of all these fonts."""
    return text.encode("cp1252")


def pdf_font(pdf: pikepdf.Pdf, kind: str) -> pikepdf.Object:
    """The font dictionary."""
    import pikepdf

    name = pikepdf.Name
    if kind == "type3":
        return _blocks(pdf)
    if kind in ("embedded", "whole", "bold"):
        file = font_file(kind)
        stream = pikepdf.Stream(pdf, file.data)
        descriptor = pikepdf.Dictionary(
            Type=name.FontDescriptor, FontName=name("/" + file.name), Flags=32, FontBBox=list(file.box), ItalicAngle=0,
            Ascent=file.ascent, Descent=file.descent, CapHeight=file.cap_height, StemV=file.stem,
        )  # fmt: skip
        if file.cff:
            stream.Subtype = name.Type1C
            descriptor.FontFile3 = stream
        else:
            stream.Length1 = len(file.data)
            descriptor.FontFile2 = stream
        return pdf.make_indirect(
            pikepdf.Dictionary(
                Type=name.Font, Subtype=name.Type1 if file.cff else name.TrueType, BaseFont=name("/" + file.name),
                FirstChar=FIRST, LastChar=LAST, Widths=list(file.widths), Encoding=name.WinAnsiEncoding,
                FontDescriptor=pdf.make_indirect(descriptor), ToUnicode=_to_unicode(pdf),
            )
        )  # fmt: skip
    if kind in STANDARD:
        font = pikepdf.Dictionary(Type=name.Font, Subtype=name.Type1, BaseFont=name("/" + kind))
        if kind not in ("Symbol", "ZapfDingbats"):
            font.Encoding = name.WinAnsiEncoding
        return pdf.make_indirect(font)
    descriptor = pikepdf.Dictionary(
        Type=name.FontDescriptor, FontName=name("/" + kind), Flags=32, FontBBox=[-200, -250, 1100, 950], ItalicAngle=0,
        Ascent=905, Descent=-212, CapHeight=716, StemV=80,
    )  # fmt: skip
    return pdf.make_indirect(
        pikepdf.Dictionary(
            Type=name.Font, Subtype=name.TrueType, BaseFont=name("/" + kind), FirstChar=FIRST, LastChar=LAST,
            Widths=[600] * (LAST - FIRST + 1), Encoding=name.WinAnsiEncoding,
            FontDescriptor=pdf.make_indirect(descriptor),
        )
    )  # fmt: skip


def _to_unicode(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """Which character each code is, so that text can be searched and copied."""
    import pikepdf

    pairs = []
    for code in range(FIRST, LAST + 1):
        character = bytes([code]).decode("cp1252", "ignore")
        if character:
            pairs.append(f"<{code:02X}> <{ord(character):04X}>")
    blocks = [pairs[i : i + 100] for i in range(0, len(pairs), 100)]  # 100 a block: ISO 32000-1, 9.10.3, example
    text = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Win def /CMapType 2 def\n"
    text += "1 begincodespacerange <00> <FF> endcodespacerange\n"
    text += "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    text += "\nendcmap CMapName currentdict /CMap defineresource pop end end\n"
    return pikepdf.Stream(pdf, text.encode())


def _blocks(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """A Type 3 font whose every letter is a block."""
    import pikepdf

    block = pikepdf.Stream(pdf, b"600 0 0 0 500 700 d1 0 0 500 700 re f")
    space = pikepdf.Stream(pdf, b"600 0 0 0 0 0 d1")
    return pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type3, FontBBox=[0, 0, 600, 700],
            FontMatrix=[0.001, 0, 0, 0.001, 0, 0], FirstChar=32, LastChar=126, Widths=[600] * 95,
            CharProcs=pikepdf.Dictionary(block=block, space=space), Resources=pikepdf.Dictionary(),
            Encoding=pikepdf.Dictionary(
                Type=pikepdf.Name.Encoding,
                Differences=[32, pikepdf.Name.space, *[pikepdf.Name.block] * 94],
            ),
        )
    )  # fmt: skip
