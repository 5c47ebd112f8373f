"""Text set on pages: a small document in HTML becomes a PDF whose fonts are embedded.

MuPDF sets it and finds a font for every script, so that a name in any language stays a name. Numbers in coloured
boxes, which its HTML cannot draw in the margin, are drawn afterwards beside the elements that ask for one.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

#: Width and height in points.
A4 = (595.0, 842.0)
LETTER = (612.0, 792.0)
#: Free on all four sides, in points.
MARGIN = 48.0
#: The bold sans serif of the badges; the same that MuPDF sets ``font-weight: bold`` in.
BOLD = "hebo"

Colour = tuple[float, float, float]
#: Left, bottom, right, top in points from the bottom left of the page.
Area = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Badge:
    """A number in a coloured box."""

    text: str
    colour: Colour


@dataclass(frozen=True, slots=True)
class Typeset:
    """What was set: the PDF, and where the elements with an ``id`` stand (page from 0, and area)."""

    pdf: bytes
    pages: int
    places: Mapping[str, tuple[int, Area]]


def typeset(
    html: str, css: str, *, paper: tuple[float, float] = A4, badges: Mapping[str, Badge] | None = None, footer: str = ""
) -> Typeset:
    """Set a document.

    Args:
        html: the body.
        css: its style.
        paper: width and height of the pages.
        badges: drawn to the left of the first line of the elements with these ids.
        footer: a line at the foot of every page, before its number.
    """
    mupdf = _mupdf()
    sheet = mupdf.Rect(0, 0, *paper)
    places: dict[str, tuple[int, Any]] = {}
    data, pages = io.BytesIO(), 0
    writer, story = mupdf.DocumentWriter(data), mupdf.Story(html, user_css=css)
    more = True
    while more:
        device = writer.begin_page(sheet)
        more, _ = story.place(mupdf.Rect(MARGIN, MARGIN, paper[0] - MARGIN, paper[1] - MARGIN))
        story.element_positions(_keep(places, pages))
        story.draw(device)
        writer.end_page()
        pages += 1
    writer.close()
    with mupdf.open(stream=data.getvalue(), filetype="pdf") as document:
        for name, badge in (badges or {}).items():
            if name in places:
                number, area = places[name]
                _draw_badge(document[number], badge, area)
        for number, page in enumerate(document, start=1):
            _write(page, f"{footer}  ·  {number} of {pages}" if footer else "", paper)
        document.subset_fonts()
        pdf: bytes = document.tobytes(garbage=4, deflate=True)
    height = paper[1]
    return Typeset(
        pdf, pages, {name: (at, (r.x0, height - r.y1, r.x1, height - r.y0)) for name, (at, r) in places.items()}
    )


def _keep(places: dict[str, tuple[int, Any]], page: int) -> Callable[[Any], None]:
    """Remembers where elements stand; one that runs over two pages stands where it begins."""

    def keep(position: Any) -> None:
        if position.id and position.open_close & 1:
            places.setdefault(position.id, (page, _mupdf().Rect(position.rect)))

    return keep


def _draw_badge(page: Any, badge: Badge, area: Any) -> None:
    """The box stands left of the area, its number in the middle of it; wide numbers get a wide box."""
    mupdf = _mupdf()
    size, height = 8.5, 14.0
    font = mupdf.Font(BOLD)
    width = max(20.0, font.text_length(badge.text, size) + 8)
    right = area.x0 - 8
    box = mupdf.Rect(right - width, area.y0, right, area.y0 + height)
    page.draw_rect(box, color=None, fill=badge.colour, radius=0.2)
    start = (box.x0 + (width - font.text_length(badge.text, size)) / 2, box.y0 + height / 2 + size * 0.36)
    page.insert_font(fontname="badge", fontbuffer=font.buffer)
    page.insert_text(start, badge.text, fontsize=size, fontname="badge", color=ink_on(badge.colour))


def _write(page: Any, text: str, paper: tuple[float, float]) -> None:
    page.insert_font(fontname="foot", fontbuffer=_mupdf().Font("helv").buffer)
    page.insert_text((MARGIN, paper[1] - 26), text, fontsize=7.5, fontname="foot", color=(0.4, 0.4, 0.4))


def ink_on(colour: Colour) -> Colour:
    """White or black, whichever reads better on a colour (weights of ITU-R BT.709)."""
    light = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]
    return (0.0, 0.0, 0.0) if light > 0.55 else (1.0, 1.0, 1.0)


def digits_font() -> tuple[bytes, Callable[[str], str], Callable[[str], float]]:
    """The bold font for numbers in annotations.

    Returns:
        A PDF of one page that has the font, embedded, as ``/F`` among its resources; how to write a number in it (as
        the hexadecimal string of a text operator); and how wide a number is at a size of 1.
    """
    mupdf = _mupdf()
    font = mupdf.Font(BOLD)
    with mupdf.open() as document:
        page = document.new_page()
        page.insert_font(fontname="F", fontbuffer=font.buffer)
        page.insert_text((72, 72), "0123456789.", fontname="F")
        document.subset_fonts()
        data: bytes = document.tobytes(garbage=4, deflate=True)

    def written(text: str) -> str:
        return "<" + "".join(f"{font.has_glyph(ord(c)):04x}" for c in text) + ">"

    def width(text: str) -> float:
        return float(font.text_length(text, 1))

    return data, written, width


def picture_page(picture: bytes, width: float, height: float) -> bytes:
    """A PDF of one page, ``width`` × ``height`` points, filled by a PNG or JPEG.

    Pages of more than 14,400 units are beyond what readers take (ISO 32000-1, annex C); those get a UserUnit.
    """
    mupdf = _mupdf()
    unit = max(1.0, max(width, height) / 14_400)
    with mupdf.open() as document:
        page = document.new_page(width=width / unit, height=height / unit)
        page.insert_image(page.rect, stream=picture, keep_proportion=False)
        if unit > 1:
            document.xref_set_key(page.xref, "UserUnit", f"{unit:.6f}")
        data: bytes = document.tobytes(garbage=3)
    return data


def _mupdf() -> Any:
    """PyMuPDF, imported when it is needed (it takes a second) and untyped (as most of it is)."""
    import pymupdf

    return pymupdf
