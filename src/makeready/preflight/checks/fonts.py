"""Fonts: are the letters in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from makeready.facts import Artwork, FontUse, MissingGlyph, Rect
from makeready.params import Params
from makeready.registry import check
from makeready.results import Finding, Severity
from makeready.units import Count

#: What the name of a subset begins with (ISO 32000-1, 9.6.4).
SUBSET_TAG = re.compile(r"^[A-Z]{6}\+")


def _first_places(font: FontUse, artwork: Artwork) -> tuple[Rect, ...]:
    return tuple(
        place
        for run in artwork.texts
        if run.page == font.pages[0] and run.font == font.name
        for place in run.places
    )  # fmt: skip


def _on_pages(font: FontUse) -> str:
    pages = [str(page) for page in font.pages]
    shown = ", ".join(pages[:6]) + (f" and {len(pages) - 6} more" if len(pages) > 6 else "")
    return f"page {shown}" if len(pages) == 1 else f"pages {shown}"


@check(
    code="FNT101",
    name="font-not-embedded",
    title="A font is used that is not in the file",
    on=FontUse,
    message="{name} ({type}) is not embedded; used on {where}",
    kinds=("pdf",),
)
def font_not_embedded(font: FontUse, params: Params, artwork: Artwork) -> Iterator[Finding]:
    """A file that does not carry its letters prints with somebody else's.

    ## What it looks at
    Every font that text is really painted with: whether its program is in the file. A font that is only named in a
    resource dictionary or a form's defaults does not count. Type 3 fonts carry their glyphs with them.

    ## Why it matters on press
    The RIP takes a font of its own: other widths, other shapes, missing accents, text that runs over.

    ## What to do
    Export with all fonts embedded (PDF/X does so); if a font forbids it, convert that text to outlines.
    """
    if font.painted and not font.embedded:
        yield _about(font, artwork)


@check(
    code="FNT103",
    name="type-3",
    title="A Type 3 font is used",
    on=FontUse,
    message="{name} is a Type 3 font; used on {where}",
    severity=Severity.INFO,
    kinds=("pdf",),
)
def type_3(font: FontUse, params: Params, artwork: Artwork) -> Iterator[Finding]:
    """Type 3 glyphs are little drawings, at times little pictures.

    ## What it looks at
    Fonts of Type 3 that text is painted with.

    ## Why it matters on press
    They have no hinting and may be bitmaps of a low resolution; searching and editing them seldom works. Many are
    fine: charting programs and TeX use them.

    ## What to do
    Look at the text at high magnification; if it is made of pixels, export it from the source with real fonts.
    """
    if font.painted and font.type == "Type 3":
        details = {"name": font.name or "a font without a name", "where": _on_pages(font), "pages": list(font.pages)}
        yield Finding(details=details, page=font.pages[0], places=_first_places(font, artwork))


@check(
    code="FNT104",
    name="missing-glyph",
    title="A letter is printed that its font does not have",
    on=MissingGlyph,
    message="{count} missing in {name}: its sign for a missing one is printed instead",
    kinds=("pdf",),
)
def missing_glyph(missing: MissingGlyph, params: Params) -> Iterator[Finding]:
    """Where a font lacks a letter, readers see a box or a gap.

    ## What it looks at
    Every letter that is painted in an embedded font: whether the font has a shape for it. Where it has none, its
    glyph called .notdef is painted (ISO 32000-1, 9.7.6.3); that is told of where .notdef has a shape of its own and
    the text is visible. Type 3 fonts have no .notdef; fonts that are not embedded are FNT101's.

    ## Why it matters on press
    The boxes are in the file: every RIP prints them. It happens when text is changed in a PDF whose font was cut
    down to the letters it needed, or when a name is merged into a font without its accents.

    ## What to do
    Set the text in a font that has all its letters, and export again.
    """
    count = f"{missing.count} letter{'s are' if missing.count > 1 else ' is'}"
    details = {"count": count, "name": missing.font or "a font without a name", "glyphs": missing.count}
    yield Finding(Count(missing.count), details=details)


@check(
    code="FNT102",
    name="font-not-subset",
    title="A font is embedded whole",
    on=FontUse,
    message="{name} ({type}) is embedded and not marked as a subset; used on {where}",
    severity=Severity.INFO,
    enabled=False,
    kinds=("pdf",),
)
def font_not_subset(font: FontUse, params: Params, artwork: Artwork) -> Iterator[Finding]:
    """A page needs the letters that are on it, and not the whole font.

    ## What it looks at
    Fonts that text is painted with, whose program is in the file and whose name has no subset tag (six capitals
    and a plus sign; ISO 32000-1, 9.6.4). Type 3 fonts are left alone.

    ## Why it matters on press
    It prints all the same. Fonts of Chinese or Japanese have ten megabytes and more; and where files are merged, a
    whole font may be taken for another one of the same name.

    ## What to do
    Export with subsets: set the limit below which fonts are subset to 100 %.
    """
    if font.painted and font.embedded and not font.subset and font.type != "Type 3":
        yield _about(font, artwork)


#: Bits of OS/2 fsType (OpenType 1.9, OS/2): the four usage permissions share one field.
_USAGE, _RESTRICTED, _NO_SUBSETS, _BITMAPS_ONLY = 0x000E, 0x0002, 0x0100, 0x0200


@check(
    code="FNT105",
    name="licence-forbids",
    title="A font's licence does not allow it to be embedded like this",
    on=FontUse,
    message="{name} {forbids} (fsType {licence}); used on {where}",
    severity=Severity.WARNING,
    kinds=("pdf",),
)
def licence_forbids(font: FontUse, params: Params, artwork: Artwork) -> Iterator[Finding]:
    """Font makers say in the font whether a file may carry it.

    ## What it looks at
    The embedding permissions of fonts that text is painted with and that are in the file: fsType of the OS/2 table
    (OpenType 1.9, OS/2), or FSType of a Type 1 font. Restricted means that no other permission is given beside.
    Most subsets have lost the table; what is not there says nothing.

    ## Why it matters on press
    The page prints. But the printer who passes on such a file breaks a licence, and programs that heed it drop the
    font when they next save.

    ## What to do
    Ask the maker for a licence to embed, take another font, or convert the text to outlines.
    """
    if not font.painted or not font.embedded or font.licence is None:
        return
    forbidden: list[tuple[str, str | None]] = []
    if font.licence & _USAGE == _RESTRICTED:
        forbidden.append(("must not be embedded", None))
    if font.licence & _BITMAPS_ONLY:
        forbidden.append(("may be embedded as bitmaps only", None))
    if font.licence & _NO_SUBSETS and font.subset:
        forbidden.append(("must not be made a subset of", "info"))
    for forbids, level in forbidden:
        yield _about(font, artwork, level, forbids=forbids, licence=f"{font.licence:#06x}")


@check(
    code="FNT106",
    name="courier",
    title="A font is called Courier, as a font is that stands in for a missing one",
    on=FontUse,
    message="text is set in {name} ({type}) on {where}",
    severity=Severity.WARNING,
    kinds=("pdf",),
    gwg=("R0014",),
)
def courier(font: FontUse, params: Params, artwork: Artwork) -> Iterator[Finding]:
    """Where a font was missing when the file was made, programs put Courier.

    ## What it looks at
    Fonts that text is painted with and whose name, less the subset tag, is exactly Courier (GWG 2022, R0014).
    Courier New, Courier-Bold and the like are somebody's choice and pass.

    ## Why it matters on press
    The text is set in a typewriter's letters, at a width that nobody planned for.

    ## What to do
    Look at the text. If it is meant to be Courier, all is well; if not, install the font and export again.
    """
    if font.painted and font.name is not None and SUBSET_TAG.sub("", font.name, count=1) == "Courier":
        yield _about(font, artwork)


def _about(font: FontUse, artwork: Artwork, level: str | None = None, **more: str) -> Finding:
    details = {
        "name": font.name or "a font without a name",
        "type": font.type,
        "where": _on_pages(font),
        "pages": list(font.pages),
    }
    return Finding(level=level, details=details | more, page=font.pages[0], places=_first_places(font, artwork))
