"""Pages and pictures that are hard on whoever changes them: nobody made a fix for one of these."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from makeready.testing import pdf, picture
from makeready.testing.builder import PdfBuilder
from makeready.testing.icc import press_profile, srgb_profile

PACKED = pikepdf.ObjectStreamMode.generate
RGB, GOLD, RICH = (0.8, 0.2, 0.1), ("spot", "Gold", 0.8), (0.7, 0.6, 0.6, 1)


def faults(page: PdfBuilder, within: str | None = None) -> PdfBuilder:
    """A little of all that fixes look for: RGB, too few pixels, thin lines, too much ink, white that overprints."""
    more = {} if within is None else {"within": within}
    page.image(72, colour="rgb", at=("3 mm", "3 mm"), size=("20 mm", "14 mm"), **more)
    page.rectangle(at=("26 mm", "3 mm"), size=("12 mm", "10 mm"), colour=RGB, **more)
    page.rectangle(at=("28 mm", "5 mm"), size=("4 mm", "4 mm"), colour=(0, 0, 0, 0), overprint=True, **more)
    page.rectangle(at=("40 mm", "3 mm"), size=("12 mm", "10 mm"), colour=(1, 0.9, 0.9, 0.9), **more)
    page.text("Made ready", size="7 pt", colour=RICH, at=("3 mm", "24 mm"), **more)
    return page.line(width="0.05 pt", at=("3 mm", "28 mm"), to=("50 mm", "31 mm"), colour=(0.4, 0.4, 0, 0), **more)


def altered(builder: PdfBuilder, deed: Callable[[pikepdf.Pdf], None], **saved: object) -> bytes:
    """The file with objects as the builder does not make them."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(builder.bytes())) as file:
        deed(file)
        file.save(out, deterministic_id=True, **saved)
    return out.getvalue()


def _small(**more: object) -> PdfBuilder:
    return pdf("60x40mm", **more)


def _containers() -> PdfBuilder:
    page = _small(pages=5)
    for number, within in enumerate(("form", "pattern", "type3", "annotation", "soft mask"), start=1):
        faults(page.on(number), within)
    return page


def _shared_form() -> bytes:
    """One form, painted on two pages and three scales, which has no resources of its own and uses the page's."""

    def deed(file: pikepdf.Pdf) -> None:
        first = file.pages[0].obj
        operators = b"0.9 0.1 0.2 rg 0 0 60 30 re f 0.05 w 0 0 m 60 30 l S q 40 0 0 20 5 5 cm %b Do Q" % _picture(first)
        form = Stream(
            file, operators,
            Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 60, 30],
        )  # fmt: skip
        form = file.make_indirect(form)
        for page, matrices in ((first, ("1 0 0 1 20 60", "0 2 -2 0 160 10")), (file.pages[1].obj, (".3 0 0 .3 9 9",))):
            page.Resources.XObject.Fm = form
            painted = " ".join(f"q {matrix} cm /Fm Do Q" for matrix in matrices)
            page.Contents = Array([page.Contents, Stream(file, painted.encode())])

    return altered(faults(faults(_small(pages=2)).on(2)), deed)


def _picture(page: Dictionary) -> bytes:
    return next(name for name, found in page.Resources.XObject.items() if found.Subtype == Name.Image).encode()


def _two_scales() -> PdfBuilder:
    """One picture, twice on a page and on another: enough pixels here, too few there, far too many elsewhere."""
    page = _small(pages=2)
    for number, size in ((1, ("6 mm", "4 mm")), (1, ("40 mm", "30 mm")), (2, ("15 mm", "10 mm"))):
        page.on(number).image(colour="rgb", pixels=(180, 120), size=size, at=("4 mm", "4 mm"))
    return page


def _inherited() -> bytes:
    """Boxes, resources and the turn come from the page tree, of which there is one node more; content is shared."""

    def deed(file: pikepdf.Pdf) -> None:
        page, root = file.pages[0].obj, file.Root.Pages
        kid = file.make_indirect(Dictionary(Type=Name.Pages, Count=2, Kids=list(root.Kids), Parent=root))
        for key in ("/MediaBox", "/Resources"):
            root[key] = page[key]
        kid.Rotate, kid.CropBox = 270, [5, 5, 180, 120]
        page.Contents = file.make_indirect(page.Contents)
        for own in (page, file.pages[1].obj):
            own.Parent, own.Contents = kid, page.Contents
            for key in ("/MediaBox", "/Resources"):
                del own[key]
        root.Kids = Array([kid])

    return altered(faults(_small(pages=2)), deed)


def _split() -> bytes:
    """The content is in pieces that end inside an operator's operands, with a Q too many and one too few."""

    def deed(file: pikepdf.Pdf) -> None:
        page = file.pages[0].obj
        data = page.Contents.read_bytes()
        middle = data.index(b" ", len(data) // 2)
        pieces = (b"q 1 0 0 1 2 2 cm", data[:middle], data[middle:], b"Q Q q 0 0.5 0.9 rg 20 8 9 9 re f")
        page.Contents = file.make_indirect(Array([Stream(file, piece) for piece in pieces]))

    return altered(faults(_small()), deed)


def _indirect() -> bytes:
    """Every number and every name stands in an object of its own; boxes lie upside down."""

    def deed(file: pikepdf.Pdf) -> None:
        page = file.pages[0].obj
        for key in ("/MediaBox", "/TrimBox", "/BleedBox"):
            x0, y0, x1, y1 = page[key]
            page[key] = file.make_indirect(Array([file.make_indirect(v) for v in (x1, y1, x0, y0)]))
        page.Rotate = file.make_indirect(-90)
        page.UserUnit = file.make_indirect(1)
        for group in list(page.Resources):
            page.Resources[group] = file.make_indirect(page.Resources[group])
        page.Resources = file.make_indirect(page.Resources)

    return altered(faults(_small()), deed)


def _empty() -> bytes:
    def deed(file: pikepdf.Pdf) -> None:
        for key in ("/Contents", "/Resources", "/TrimBox", "/BleedBox"):
            del file.pages[0].obj[key]

    return altered(_small(background=None, output_intent=None), deed)


def _masked() -> bytes:
    """A picture of which one colour is clear, and one whose mask is a stencil."""

    def deed(file: pikepdf.Pdf) -> None:
        keyed, masked = (found for found in file.pages[0].obj.Resources.XObject.values())
        keyed.Mask = Array([0, 40, 0, 40, 0, 40])
        bits = bytes([0b10101010]) * 4 * 16
        masked.Mask = Stream(
            file, bits, Type=Name.XObject, Subtype=Name.Image, Width=32, Height=16, BitsPerComponent=1, ImageMask=True
        )

    page = _small()
    for seed, place in ((1, "3 mm"), (2, "28 mm")):
        page.image(72, colour="rgb", compression="flate", seed=seed, at=(place, "3 mm"), size=("22 mm", "20 mm"))
    return altered(page, deed)


def _inline() -> PdfBuilder:
    return _small().image(72, colour="rgb", inline=True).image(72, colour="gray", inline=True, within="form")


def _pictures() -> PdfBuilder:
    page = _small()
    for place, (colour, more) in enumerate({
        "stencil": {"fill": RGB}, "indexed": {}, "gray": {"bits": 16}, "bilevel": {"compression": "ccitt"}, "press": {},
        "spot": {"compression": "flate"}, "srgb": {"bits": 16}, "rgb": {"compression": "jpeg2000"},
        "cmyk": {"soft_mask": True, "compression": "flate"},
    }.items()):  # fmt: skip
        at = (f"{3 + 19 * (place % 3)} mm", f"{2 + 12 * (place // 3)} mm")
        page.image(90, colour=colour, at=at, size=("17 mm", "11 mm"), **more)  # type: ignore[arg-type]
    return page


def _spots() -> PdfBuilder:
    page = _small()
    for place, colour in enumerate((
        GOLD, ("spot", "PANTONE 185 C", 1.0), ("spot", "Pantone 185C", 0.5), {"Gold": 1.0, "Black": 0.3},
        "registration", ("spot", "Black", 0.7), ("spot", "CutContour", 1.0), ("spot", "None", 1.0),
    )):  # fmt: skip
        at = (f"{3 + 14 * (place % 4)} mm", f"{3 + 14 * (place // 4)} mm")
        page.rectangle(at=at, size=("12 mm", "12 mm"), colour=colour, stroke=GOLD, overprint=place % 2 == 1)
    return page.text("in gold", colour=GOLD, size="6 pt", at=("3 mm", "36 mm"))


def _colours() -> PdfBuilder:
    page = _small(output_intent=None)
    for place, colour in enumerate(
        (0.5, ("srgb", 0.2, 0.4, 1), ("press", 0.9, 0.9, 0.8, 0.8), ("lab", 50, 60, 40), RGB)
    ):
        page.rectangle(at=(f"{2 + 11 * place} mm", "3 mm"), size=("10 mm", "9 mm"), colour=colour, stroke=colour)
    page.gradient((1, 0, 0), (0, 0, 1), at=("3 mm", "15 mm"), size=("40 mm", "6 mm"))
    page.gradient((0.1,), (0.9,), at=("3 mm", "22 mm"), size=("40 mm", "5 mm"), within="form")
    return page.gradient((1, 0.9, 0.9, 0.9), (0, 0, 0, 0), at=("3 mm", "28 mm"), size=("40 mm", "6 mm"), upright=True)


def _see_through() -> PdfBuilder:
    page = faults(_small())
    page.transparency(alpha=0.5, at=("10 mm", "8 mm"), size=("25 mm", "15 mm"))
    page.transparency(blend="Multiply", at=("30 mm", "5 mm"), size=("20 mm", "20 mm"), colour=GOLD)
    page.transparency(soft_mask=True, at=("5 mm", "20 mm"), size=("50 mm", "15 mm"), colour=RGB)
    return page.image(72, colour="rgb", soft_mask=True, at=("35 mm", "18 mm"), size=("20 mm", "18 mm"))


def _layers() -> PdfBuilder:
    page = _small().text("always", size="8 pt", at=("5 mm", "10 mm"))
    page.layer("German").text("Guten Tag", size="8 pt", at=("5 mm", "20 mm"))
    page.layer("French", visible=False).text("Bonjour", size="8 pt", at=("5 mm", "20 mm"))
    page.rectangle(colour=RGB, at=("30 mm", "20 mm"), within="form")
    page.layer("Die", step=("Structural", "Cutting"))
    page.rectangle(colour=None, stroke=("spot", "CutContour", 1.0), at=("5 mm", "5 mm"), overprint=True)
    return page.layer(None)


def _text() -> PdfBuilder:
    page = _small()
    page.text("Rich and small", size="5 pt", colour=RICH, at=("3 mm", "6 mm"))
    page.text("blocks", font="type3", size="8 pt", colour=RGB, at=("3 mm", "12 mm"))
    page.text("Not embedded", font="Helvetica", size="8 pt", at=("3 mm", "18 mm"))
    page.text("Nor is this", font="Times-Roman", size="8 pt", colour=RGB, rotate=90, at=("55 mm", "35 mm"))
    page.text("unseen", rendering=3, at=("3 mm", "24 mm"))
    page.text("drawn round", rendering=2, size="9 pt", colour=RICH, at=("3 mm", "30 mm"))
    return page.text("white", colour=(0, 0, 0, 0), overprint=True, at=("3 mm", "36 mm"))


def _active() -> PdfBuilder:
    page = faults(_small(rotate=180))
    page.annotation("Widget", at=("5 mm", "5 mm"), colour=(0, 0.3, 1, 0)).annotation(at=("30 mm", "25 mm"), colour=RGB)
    return (
        page.annotation(hidden=True).annotation("Widget", colour=None, at=("5 mm", "25 mm")).javascript().attachment()
    )


def _mixed() -> PdfBuilder:
    page = faults(_small(rotate=90, slug="8 mm").crop_marks())
    faults(page.page(trim="80x50mm", user_unit=2.5, rotate=0, slug="0 mm"))
    return faults(page.page(trim="40x70mm", origin=(-300, 77), bleed=None))


def _twice_in_the_tree() -> bytes:
    """The page tree names one page twice."""

    def deed(file: pikepdf.Pdf) -> None:
        kids = file.Root.Pages.Kids
        kids.append(kids[0])
        file.Root.Pages.Count = 2

    return altered(faults(_small()), deed)


def _unfinished() -> bytes:
    """The end of the file is missing: no cross-reference table, no trailer."""
    data = faults(_small()).bytes()
    return data[: data.rindex(b"endobj") + 6]


PAGES: dict[str, Callable[[], PdfBuilder | bytes]] = {
    "plain": lambda: faults(_small()),
    "turned, of another unit, off the origin": lambda: faults(
        _small(rotate=90, user_unit=2, origin=(-100, 50), slug="9 mm")
    ),
    "cropped": lambda: faults(_small(boxes={"crop": (30, 20, 120, 90)}, rotate=270)),
    "no boxes": lambda: faults(_small(boxes={"trim": None, "bleed": None}, output_intent=None)),
    "boxes that do not nest": lambda: faults(_small(boxes={"trim": (-20, 10, 150, 140), "bleed": (20, 20, 100, 100)})),
    "in containers": _containers,
    "one form in three places": _shared_form,
    "one picture in three sizes": _two_scales,
    "inherited": _inherited,
    "in pieces": _split,
    "indirect": _indirect,
    "empty": _empty,
    "encrypted": lambda: faults(_small()).encrypt(changing=True),
    "locked": lambda: faults(_small()).encrypt(changing=False),
    "inline pictures": _inline,
    "pictures of all kinds": _pictures,
    "pictures with masks": _masked,
    "colours of all kinds": _colours,
    "spots": _spots,
    "see-through": _see_through,
    "layers": _layers,
    "text": _text,
    "comments, fields and scripts": _active,
    "three pages unlike": _mixed,
    "one page twice": _twice_in_the_tree,
    "huge": lambda: faults(pdf("6000x800mm", user_unit=10)),
    "tiny": lambda: pdf("3x2mm", bleed=None).rectangle(at=("0.5 mm", "0.5 mm"), size=("1 mm", "1 mm"), colour=RGB),
    "called PDF/X-4": lambda: faults(_small(pdfx="PDF/X-4", output_intent=None)),
    "packed": lambda: altered(faults(_small()), lambda _: None, linearize=True, object_stream_mode=PACKED),
    "unfinished": _unfinished,
}  # fmt: skip

PICTURES: dict[str, Callable[[], bytes]] = {
    "a JPEG that says nothing": lambda: picture(90, 60),
    "turned by EXIF": lambda: picture(61, 90, dpi=72, orientation=6, icc=srgb_profile()),
    "turned and mirrored": lambda: picture(90, 61, dpi=(300, 150), orientation=7, format="TIFF"),
    "turned PNG": lambda: picture(90, 61, dpi=300, orientation=3, format="PNG"),
    "one bit": lambda: picture(91, 60, "1", format="TIFF", dpi=600),
    "one bit PNG": lambda: picture(91, 60, "1"),
    "gray": lambda: picture(90, 60, "L", dpi=300),
    "gray of 16 bits": lambda: picture(90, 60, "I;16", format="TIFF", dpi=150),
    "CMYK JPEG": lambda: picture(90, 60, "CMYK", dpi=300),
    "CMYK TIFF with a profile": lambda: picture(90, 60, "CMYK", format="TIFF", dpi=(300, 200), icc=press_profile()),
    "see-through": lambda: picture(90, 60, "RGBA", dpi=72),
    "see-through gray": lambda: picture(90, 60, "LA", format="TIFF"),
    "a palette": lambda: picture(90, 60, "P"),
    "a GIF": lambda: picture(90, 60, "P", format="GIF"),
    "Lab": lambda: picture(90, 60, "LAB", format="TIFF", dpi=300),
    "WebP": lambda: picture(90, 60, "RGBA", format="WEBP"),
    "JPEG 2000": lambda: picture(90, 60, format="JPEG2000"),
    "BMP": lambda: picture(90, 60, format="BMP"),
    "one pixel": lambda: picture(1, 1, format="PNG"),
    "a strip": lambda: picture(400, 2, dpi=20),
    "no picture in it": lambda: picture(90, 60)[:400],
}  # fmt: skip


@cache
def page(name: str) -> bytes:
    """The file of that name."""
    made = PAGES[name]()
    return made if isinstance(made, bytes) else made.bytes()


@cache
def photo(name: str) -> bytes:
    """The picture of that name."""
    return PICTURES[name]()
