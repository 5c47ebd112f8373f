"""Fonts: are the letters in the file."""

from __future__ import annotations

from collections.abc import Iterator

from makeready.facts import Artwork, FontUse, Rect
from makeready.params import Params
from makeready.registry import check
from makeready.results import Finding, Severity


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
        details = {
            "name": font.name or "a font without a name",
            "type": font.type,
            "where": _on_pages(font),
            "pages": list(font.pages),
        }
        yield Finding(details=details, page=font.pages[0], places=_first_places(font, artwork))


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
