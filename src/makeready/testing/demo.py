"""A morning's mail at a print shop: nine pieces of artwork, most of them with a fault that is met every day.

Run ``python -m makeready.testing.demo FOLDER`` and try every command on them. All are made on the spot from
drawing commands, the same every time; none is anybody's work.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

from makeready.testing.builder import PdfBuilder, pdf
from makeready.testing.icc import press_profile, srgb_profile
from makeready.testing.pictures import picture

NAVY, CREAM, RUST = (1, 0.72, 0.22, 0.30), (0.02, 0.05, 0.14, 0), (0.10, 0.72, 0.85, 0.02)
PAPER, INK, HONEY = (0, 0, 0, 0), (0, 0, 0, 1), (0.02, 0.32, 0.90, 0)
WHITE_RGB, SUN_RGB = (1, 1, 1), (1, 0.85, 0.55)


def make(folder: Path) -> list[Path]:
    """Write the artwork into a folder, which is made if it is not there, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, draw in ARTWORK.items():
        path = folder / name
        path.write_bytes(draw())
        made.append(path)
    return made


def poster() -> bytes:
    """An A2 poster from an office program: RGB, the photo at 96 ppi, no bleed and no TrimBox."""
    page = pdf("A2", bleed=None, boxes={"trim": None}, background=None, output_intent=None, title="Midsummer")
    page.image(96, colour="rgb", at=("0 mm", "0 mm"), size="A2", quality=80, seed=3)
    page.text("MIDSUMMER", font="bold", size="158 pt", colour=WHITE_RGB, at=("26 mm", "92 mm"))
    page.text("Lakeside Music Festival", size="66 pt", colour=SUN_RGB, at=("27 mm", "122 mm"))
    page.line(at=("27 mm", "134 mm"), to=("393 mm", "134 mm"), width="2 pt", colour=SUN_RGB)
    page.text("19 to 21 June", font="bold", size="52 pt", colour=WHITE_RGB, at=("27 mm", "158 mm"))
    bands = "Northern Lights Orchestra\nThe Paper Boats\nVelvet Harbour\nMr Gutenberg & the Letterpress Five"
    page.text(bands, size="40 pt", colour=WHITE_RGB, at=("27 mm", "464 mm"))
    page.transparency(alpha=0.55, colour=(0, 0, 0), at=("0 mm", "544 mm"), size=("420 mm", "50 mm"))
    page.text("Tickets at the town hall and at the gate", size="26 pt", colour=WHITE_RGB, at=("27 mm", "565 mm"))
    page.text(
        "Doors open at noon. Children free. Bring a blanket.", size="26 pt", colour=SUN_RGB, at=("27 mm", "578 mm")
    )
    return page.bytes()


def business_card() -> bytes:
    """A business card as it should be: CMYK, bleed filled, fonts embedded, a photo of 300 ppi."""
    page = pdf("85x55mm", bleed="3 mm", background=NAVY, pdfx="PDF/X-4", title="Business card")
    _mountains(page, at=(12, 16), scale=0.55, colours=(HONEY, PAPER))
    page.text("Ada Winterborne", font="bold", size="15 pt", colour=PAPER, at=("12 mm", "37 mm"))
    page.text("Wooden boats, made to last", size="11 pt", colour=PAPER, at=("12 mm", "43.5 mm"))
    page.page(background=CREAM)
    page.image(300, at=("-3 mm", "-3 mm"), size=("91 mm", "27 mm"), seed=2)
    lines = "Winterborne & Daughters\nHarbour Street 12\nada@winterborne.example\nwinterborne.example"
    page.text(lines, size="9 pt", overprint=True, at=("12 mm", "34 mm"))
    page.rectangle(at=("72 mm", "31 mm"), size=("3 mm", "16 mm"), colour=RUST)
    return page.bytes()


def brochure() -> bytes:
    """A brochure put together in a hurry: hairlines, tiny text, a font that was left out, a page of another size."""
    page = pdf("A5", bleed="3 mm", background=CREAM, title="Walks around the lake")
    page.image(300, at=("-3 mm", "-3 mm"), size=("154 mm", "113 mm"), seed=2, quality=75)
    page.text("Walks around\nthe lake", font="bold", size="40 pt", colour=NAVY, at=("14 mm", "132 mm"))
    page.text("Seven routes for slow days", font="Helvetica", size="16 pt", colour=RUST, at=("14 mm", "162 mm"))
    page.rectangle(at=("14 mm", "172 mm"), size=("28 mm", "2.5 mm"), colour=HONEY)

    page.page()
    page.text("Where the paths go", font="bold", size="22 pt", colour=NAVY, at=("14 mm", "26 mm"))
    walks = ["Mill path", "Heron hide", "Old quarry", "Three bridges", "Ridge walk", "Night walk", "The long way"]
    for row, walk in enumerate(walks):
        y = 44 + 16 * row
        page.line(at=("14 mm", f"{y + 5} mm"), to=("134 mm", f"{y + 5} mm"), width="0.1 pt", colour=INK)
        page.rectangle(at=("14 mm", f"{y - 5} mm"), size=("7 mm", "7 mm"), radius="3.5 mm", colour=RUST)
        page.text(str(row + 1), font="bold", size="11 pt", colour=PAPER, at=("16.4 mm", f"{y} mm"))
        page.text(walk, font="Helvetica", size="13 pt", at=("26 mm", f"{y} mm"), overprint=True)
        page.text(f"{3 + 2 * row} km, {40 + 35 * row} minutes", size="9 pt", at=("96 mm", f"{y} mm"), overprint=True)
    small = "Paths may be closed after heavy rain. Maps by the parish council. No guarantee is given for bridges."
    page.text(small, size="3.5 pt", colour=(0.5, 0.4, 0.4, 0.1), at=("14 mm", "196 mm"))

    page.page()
    page.image(180, at=("14 mm", "18 mm"), size=("120 mm", "78 mm"), colour="rgb", seed=1, quality=75)
    page.text("The heron hide", font="bold", size="22 pt", colour=NAVY, at=("14 mm", "112 mm"))
    story = (
        "Come before eight. The mist is still on the water then,\nand the birds have not yet been told that it is a\n"
        "weekend. The hide has room for six and a flask of tea.\n\nLeave the gate as you found it, and the herons too."
    )
    page.text(story, size="11 pt", at=("14 mm", "124 mm"), overprint=True)
    page.line(at=("14 mm", "160 mm"), to=("134 mm", "160 mm"), width="0 pt", colour=RUST)

    page.page(trim="A6", background=NAVY)
    page.text("See you\nat the lake", font="bold", size="26 pt", colour=PAPER, at=("12 mm", "40 mm"))
    _mountains(page, at=(12, 90), scale=0.8, colours=(HONEY, RUST))
    return page.bytes()


def label() -> bytes:
    """A label for a jar: two spot colours, a die line on its own layer, shadows made with transparency."""
    blue, gold = ("spot", "PANTONE 286 C"), ("spot", "Gold")
    page = pdf("120x80mm", bleed="3 mm", slug="10 mm", background=CREAM, title="Honey label").crop_marks()
    page.rectangle(at=("-3 mm", "-3 mm"), size=("126 mm", "26 mm"), colour=blue)
    page.rectangle(at=("-3 mm", "23 mm"), size=("126 mm", "1.6 mm"), colour=gold)
    for row, shift in enumerate((0.0, 5.2, 10.4)):
        for column in range(4 - row % 2):
            x, y = 76 + 9 * column + 4.5 * (row % 2), 50 + 1.5 * shift
            page.path(_hexagon(x, y, 5), colour=HONEY if (row + column) % 3 else None, stroke=gold, width="1.2 pt")
    page.transparency(blend="Multiply", colour=(0, 0.15, 0.45, 0.05), at=("66 mm", "62 mm"), size=("57 mm", "21 mm"))
    page.transparency(alpha=0.35, colour=(0.2, 0.1, 0, 0), at=("-3 mm", "24.6 mm"), size=("126 mm", "2 mm"))
    page.text("LINDEN HONEY", font="bold", size="30 pt", colour=PAPER, at=("9 mm", "16 mm"))
    page.text("from the roofs of the old town", size="13 pt", colour=blue, at=("9 mm", "36 mm"))
    page.text("250 g", font="bold", size="24 pt", colour=blue, at=("9 mm", "52 mm"))
    page.text("Raw and unfiltered. Stir, do not heat.", size="7 pt", colour=INK, at=("9 mm", "62 mm"), overprint=True)
    page.text("Best before: see lid", size="5 pt", colour={"PANTONE 286 C": 0.8, "Black": 0.4}, at=("9 mm", "68 mm"))
    page.layer("Die line", step=("Structural", "Cutting"), prints=False)
    page.rectangle(
        at=("0 mm", "0 mm"), size=("120 mm", "80 mm"), radius="6 mm", colour=None, stroke=("spot", "CutContour"),
        width="0.5 pt", overprint=True,
    )  # fmt: skip
    return page.layer(None).bytes()


def canvas_photo() -> bytes:
    """A photo of 12 megapixels, to be printed on canvas 30 × 20 in: enough, and of another shape than the canvas."""
    return picture(4000, 3000, dpi=72, quality=82, seed=1, grain=0.008, icc=srgb_profile())


def phone_photo() -> bytes:
    """A portrait photo as a phone stores it: lying on its side, with a note to turn it."""
    return picture(2016, 1512, dpi=72, quality=80, seed=3, grain=0.006, orientation=6)


def catalogue_picture() -> bytes:
    """A separated picture for a catalogue: CMYK, with the press's profile, 300 ppi at 76 × 51 mm."""
    return picture(900, 600, "CMYK", format="TIFF", dpi=300, seed=2, grain=0.0, icc=press_profile())


def logo() -> bytes:
    """A logo from a web page: RGB on a transparent ground."""
    from PIL import Image, ImageDraw, ImageFont

    size, fine = 900, 3
    big = Image.new("RGBA", (size * fine, size * fine), (255, 255, 255, 0))
    draw = ImageDraw.Draw(big)
    unit = size * fine / 100
    draw.ellipse([12 * unit, 4 * unit, 88 * unit, 80 * unit], fill=(18, 52, 94, 255))
    draw.ellipse([57 * unit, 17 * unit, 73 * unit, 33 * unit], fill=(245, 182, 66, 255))
    draw.polygon([(x * unit, y * unit) for x, y in ((18, 66), (42, 28), (66, 66))], fill=(244, 236, 216, 255))
    draw.polygon([(x * unit, y * unit) for x, y in ((44, 66), (62, 42), (80, 66))], fill=(206, 92, 52, 255))
    draw.rectangle([14 * unit, 66 * unit, 86 * unit, 68 * unit], fill=(18, 52, 94, 255))
    font = ImageFont.load_default(11 * unit)
    draw.text((50 * unit, 90 * unit), "Winterborne", font=font, fill=(18, 52, 94, 255), anchor="mm")
    out = io.BytesIO()
    big.resize((size, size), Image.Resampling.LANCZOS).save(out, "PNG", dpi=(72, 72), optimize=True)
    return out.getvalue()


def broken_upload() -> bytes:
    """A flyer whose upload stopped halfway."""
    page = pdf("A6", background=RUST, title="Flyer")
    page.image(200, at=("-3 mm", "50 mm"), size=("111 mm", "101 mm"), seed=2)
    page.text("Boat races\nthis Sunday", font="bold", size="30 pt", colour=PAPER, at=("10 mm", "24 mm"))
    return page.truncated(0.6)


#: File name to the function that draws it.
ARTWORK: dict[str, Callable[[], bytes]] = {
    "brochure.pdf": brochure,
    "business-card.pdf": business_card,
    "canvas-photo.jpg": canvas_photo,
    "catalogue-picture.tif": catalogue_picture,
    "flyer-broken-upload.pdf": broken_upload,
    "label-honey.pdf": label,
    "logo.png": logo,
    "phone-photo.jpg": phone_photo,
    "poster-midsummer.pdf": poster,
}

Cmyk = tuple[float, float, float, float]


def _mountains(page: PdfBuilder, at: tuple[float, float], scale: float, colours: tuple[Cmyk, Cmyk]) -> None:
    """The boat builder's mark: two peaks and a sun, standing on ``at``, in millimetres."""
    x, y = at
    for start, peak, end, colour in ((0, 12, 24, colours[1]), (14, 22, 30, colours[0])):
        height = 0.8 * (peak - start)
        corners = [(start, 0.0), (peak, height), (end, 0.0)]
        page.path([(f"{x + a * scale} mm", f"{y - b * scale} mm") for a, b in corners], colour=colour)
    sun = (f"{x + 20 * scale} mm", f"{y - 14 * scale} mm")
    page.rectangle(at=sun, size=(f"{5 * scale} mm",) * 2, radius=f"{2.5 * scale} mm", colour=colours[0])


def _hexagon(x: float, y: float, radius: float) -> list[tuple[str, str]]:
    """A cell of a honeycomb, standing on a point."""
    corners = [(0, 1), (0.866, 0.5), (0.866, -0.5), (0, -1), (-0.866, -0.5), (-0.866, 0.5)]
    return [(f"{x + radius * a} mm", f"{y + radius * b} mm") for a, b in corners]


def main(arguments: list[str]) -> int:
    """Write the artwork and name the files."""
    if len(arguments) != 1:
        print("usage: python -m makeready.testing.demo FOLDER", file=sys.stderr)
        return 2
    for path in make(Path(arguments[0])):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
