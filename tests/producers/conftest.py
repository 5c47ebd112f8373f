"""PDFs from real producers, made in the test run: what other people's software writes, not what we expect.

Each producer is a function that draws pictures of several sizes, colour modes, rotations and masks, text in
embedded and named fonts, forms used twice, patterns and transparency, on several pages, as far as it can.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from makeready.testing import demo, pdf, picture
from makeready.testing.fonts import font_file

Producer = Callable[[Path, Callable, Callable], list[Path]]


def pictures(folder: Path) -> dict[str, Path]:
    """The picture files that the producers place, by name."""
    wanted = {
        "rgb.jpg": picture(300, 200), "gray.jpg": picture(123, 77, "L"), "cmyk.jpg": picture(150, 100, "CMYK"),
        "rgb.png": picture(90, 160), "alpha.png": picture(120, 80, "RGBA"), "palette.png": picture(64, 64, "P"),
        "bilevel.png": picture(200, 100, "1"), "deep.png": picture(40, 30, "I;16"), "graya.png": picture(50, 70, "LA"),
        "turned.jpg": picture(160, 120, orientation=6),
    }  # fmt: skip
    wanted["rgb.png"] = picture(90, 160, format="PNG")
    for name, data in wanted.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in wanted}


def truetype(folder: Path) -> Path:
    """A font file to embed."""
    path = folder / "Aileron.ttf"
    path.write_bytes(font_file("whole").data)
    return path


def reportlab(folder: Path, package: Callable, tool: Callable) -> list[Path]:
    """ReportLab: inline pictures, colour-key masks, forms, page boxes and rotation."""
    package("reportlab")
    from reportlab.lib import colors
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen import canvas

    files = pictures(folder)
    pdfmetrics.registerFont(TTFont("Aileron", truetype(folder)))
    made = []
    for compress, name in ((1, "packed"), (0, "plain")):
        path = folder / f"{name}.pdf"
        page = canvas.Canvas(
            str(path), pagesize=(420, 595), pageCompression=compress, cropBox=(5, 5, 415, 590),
            trimBox=(10, 10, 410, 585), bleedBox=(2, 2, 418, 593), artBox=(20, 20, 400, 575),
        )  # fmt: skip
        page.beginForm("mark")
        page.drawImage(str(files["gray.jpg"]), 0, 0, 60, 40)
        page.setFont("Times-Italic", 8)
        page.drawString(0, 45, "in a form")
        page.endForm()
        for row, file in enumerate(files.values()):
            page.drawImage(str(file), 30, 40 + 50 * row, 60, 40, mask="auto")
        for angle in (0, 17, 90, 200):
            page.saveState()
            page.translate(220, 300)
            page.rotate(angle)
            page.drawImage(str(files["rgb.jpg"]), 40, 0, 75, 50)
            page.restoreState()
        page.drawImage(str(files["palette.png"]), 120, 40, 80, 20, mask=[0, 10, 0, 10, 0, 10])
        page.drawInlineImage(str(files["rgb.png"]), 120, 70, 45, 80)
        page.drawInlineImage(str(files["gray.jpg"]), 170, 70, 30, 20)
        page.setFont("Aileron", 11)
        page.drawString(120, 560, "Embedded")
        page.setFont("Helvetica-Bold", 11)
        page.drawString(200, 560, "Named")
        page.showPage()
        page.setPageSize((842, 595))
        page.setPageRotation(90)
        page.doForm("mark")
        page.translate(200, 100)
        page.scale(2, 1.5)
        page.doForm("mark")
        page.setFillAlpha(0.4)
        page.setFillColor(colors.CMYKColor(0, 1, 0.5, 0))
        page.rect(10, 10, 100, 50, fill=1)
        page.linearGradient(0, 100, 100, 200, (colors.red, colors.blue))
        page.showPage()
        page.save()
        made.append(path)
    return made


def cairo(folder: Path, package: Callable, tool: Callable) -> list[Path]:
    """Cairo: alpha everywhere, masks, repeated patterns, groups, JPEG data passed through."""
    cairocffi = package("cairocffi")
    from PIL import Image

    files = pictures(folder)
    path = folder / "cairo.pdf"
    surface = cairocffi.PDFSurface(str(path), 400, 500)
    context = cairocffi.Context(surface)

    def place(image: object, x: float, y: float, width: float, angle: float = 0) -> None:
        context.save()
        context.translate(x, y)
        context.rotate(angle)
        context.scale(width / image.get_width())
        context.set_source_surface(image)
        context.paint()
        context.restore()

    plain = cairocffi.ImageSurface.create_from_png(str(files["rgb.png"]))
    alpha = cairocffi.ImageSurface.create_from_png(str(files["alpha.png"]))
    place(plain, 20, 20, 60)
    place(alpha, 100, 20, 90, 0.4)
    place(alpha, 220, 20, 90)
    passed = cairocffi.ImageSurface(cairocffi.FORMAT_RGB24, 300, 200)
    passed.set_mime_data("image/jpeg", files["rgb.jpg"].read_bytes())
    place(passed, 20, 150, 150, -0.2)
    with Image.open(files["gray.jpg"]) as gray:
        width, height = gray.size
        stride = cairocffi.ImageSurface.format_stride_for_width(cairocffi.FORMAT_A8, width)
        rows = bytearray(stride * height)
        for row in range(height):
            rows[row * stride : row * stride + width] = gray.crop((0, row, width, row + 1)).tobytes()
    stencil = cairocffi.ImageSurface(cairocffi.FORMAT_A8, width, height, rows, stride)
    context.set_source_rgb(0.7, 0.1, 0.3)
    context.mask_surface(stencil, 220, 150)
    pattern = cairocffi.SurfacePattern(plain)
    pattern.set_extend(cairocffi.EXTEND_REPEAT)
    pattern.set_matrix(cairocffi.Matrix(4, 0, 0, 4))
    context.set_source(pattern)
    context.rectangle(20, 300, 160, 160)
    context.fill()
    surface.show_page()
    surface.set_size(300, 200)
    context.push_group()
    place(plain, 20, 20, 40)
    context.select_font_face("DejaVu Sans")
    context.set_font_size(18)
    context.move_to(80, 60)
    context.show_text("A group, half opaque")
    context.pop_group_to_source()
    context.paint_with_alpha(0.5)
    context.set_operator(cairocffi.OPERATOR_MULTIPLY)
    place(alpha, 80, 80, 60)
    surface.finish()
    return [path]


def typst(folder: Path, package: Callable, tool: Callable) -> list[Path]:
    """Typst: its own fonts, tilings, gradients, turned and scaled boxes, SVG beside pixels."""
    compiler = package("typst")
    names = [name for name in pictures(folder) if name not in ("cmyk.jpg", "deep.png")]
    placed = "\n".join(f'#image("{name}", width: {20 + 7 * i}mm)' for i, name in enumerate(names))
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><circle cx="10" cy="10" r="9"/></svg>'
    (folder / "dot.svg").write_text(svg)
    source = folder / "page.typ"
    source.write_text(
        f"""
#set page(width: 160mm, height: 240mm, margin: 12mm)
= Pictures
{placed}
#rotate(30deg)[#image("rgb.jpg", width: 50mm)]
#scale(x: -60%, y: 40%)[#image("rgb.jpg", width: 50mm)]
#skew(ax: 20deg)[#image("gray.jpg", width: 30mm)]
#image("dot.svg", width: 30mm)
#pagebreak()
#set page(width: 100mm, height: 70mm, flipped: false)
#let tiles = tiling(size: (12mm, 9mm))[#image("rgb.jpg", width: 10mm)]
#rect(width: 60mm, height: 30mm, fill: tiles)
#rect(width: 60mm, height: 10mm, fill: gradient.linear(red, blue))
#text(fill: rgb(255, 0, 0, 50%), font: "DejaVu Sans Mono")[Mono] $sum_(i=0)^n x_i$
"""
    )
    path = folder / "typst.pdf"
    compiler.compile(str(source), output=str(path), root=str(folder))
    return [path]


def weasyprint(folder: Path, package: Callable, tool: Callable) -> list[Path]:
    """WeasyPrint: bleed and marks, repeated backgrounds, opacity, transforms."""
    weasy = package("weasyprint")
    files = pictures(folder)
    names = [name for name in files if name not in ("cmyk.jpg", "deep.png")]
    tags = "".join(f'<img src="{name}" style="width:{15 + 5 * i}mm">' for i, name in enumerate(names))
    inline = "data:image/png;base64," + base64.b64encode(files["palette.png"].read_bytes()).decode()
    html = f"""<html><style>
      @page {{ size: 148mm 210mm; margin: 12mm; bleed: 3mm; marks: crop cross; background: #eef }}
      @page wide {{ size: 300px 200px; bleed: 0; marks: none }}
      @font-face {{ font-family: Aileron; src: url({truetype(folder).name}) }}
      .tiles {{ background: url(gray.jpg) 0 0 / 12mm; width: 60mm; height: 30mm }}
      .wide {{ page: wide; break-before: page }}
      h1 {{ font-family: Aileron }} p {{ font-family: "DejaVu Serif" }}
    </style><h1>Pictures</h1>{tags}<div class=tiles></div>
    <img src="rgb.jpg" style="width:40mm; transform: rotate(25deg) skewX(10deg)">
    <p style="opacity:.4">Half there <img src="{inline}" style="width:9mm; image-rendering: pixelated"></p>
    <div class=wide><p>Another page</p><img src="rgb.jpg" style="width:40mm"></div></html>"""
    path = folder / "weasyprint.pdf"
    weasy.HTML(string=html, base_url=str(folder) + "/").write_pdf(path)
    return [path]


def fpdf2(folder: Path, package: Callable, tool: Callable) -> list[Path]:
    """fpdf2: transparent PNGs as soft masks, turned pictures, pages of several sizes."""
    package("fpdf")
    from fpdf import FPDF

    files = pictures(folder)
    page = FPDF(unit="mm", format="A4")
    page.add_font("Aileron", fname=str(truetype(folder)))
    page.add_page()
    for row, file in enumerate(files.values()):
        if file.name != "deep.png":
            page.image(str(file), x=10, y=10 + 25 * row, w=12 + 3 * row)
    for angle in (15, 90, 270):
        with page.rotation(angle, x=120, y=100):
            page.image(str(files["rgb.jpg"]), x=120, y=100, w=50)
    page.set_font("Aileron", size=14)
    page.text(90, 20, "Embedded")
    page.set_font("Helvetica", style="B", size=14)
    page.text(90, 30, "Named")
    page.add_page(orientation="landscape", format=(148, 210))
    with page.local_context(fill_opacity=0.5, blend_mode="Multiply"):
        page.image(str(files["alpha.png"]), x=20, y=20, w=30)
        page.image(str(files["alpha.png"]), x=30, y=30, w=60, h=20)
    page.add_page(format=(100, 50))
    path = folder / "fpdf2.pdf"
    page.output(str(path))
    return [path]


POSTSCRIPT = """%!PS-Adobe-3.0
<< /PageSize [400 300] >> setpagedevice
[/TrimBox [10 10 390 290] /BleedBox [4 4 396 296] /PAGE pdfmark
/Helvetica findfont 18 scalefont setfont 20 270 moveto (Helvetica, embedded by the distiller) show
/Courier findfont 9 scalefont setfont 0.2 0.8 0 0.1 setcmykcolor 20 250 moveto (Courier in CMYK) show
/gray { gsave translate rotate scale 16 8 8 [16 0 0 -8 0 8] { 16 string 0 1 15 { 1 index exch dup 15 mul put } for }
  image grestore } bind def
60 30 0 30 180 gray
60 30 25 130 160 gray
gsave 220 160 translate 120 60 scale 32 16 true [32 0 0 -16 0 16] { <F0F0A5C3> } imagemask grestore
gsave 1 0 0 setrgbcolor 30 90 translate 60 60 scale 8 8 false [8 0 0 8 0 0] { <81422418> } imagemask grestore
gsave 120 80 translate 90 60 scale
30 20 8 [30 0 0 20 0 0] { 90 string 0 1 89 { 1 index exch dup 7 mul 255 and put } for } false 3 colorimage grestore
gsave 230 80 translate 90 60 scale
200 150 8 [200 0 0 150 0 0] { 800 string 0 1 799 { 1 index exch dup 13 mul 255 and put } for } false 4 colorimage
grestore
<< /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 20 20] /XStep 20 /YStep 20
   /PaintProc { pop 0 0 1 setrgbcolor 5 5 10 10 rectfill } >> matrix makepattern setpattern 20 15 200 50 rectfill
0 setlinewidth 0 setgray 230 20 moveto 380 60 lineto stroke
showpage
<< /PageSize [200 500] >> setpagedevice
[/Separation (PANTONE 185 C) /DeviceCMYK { dup 0 exch dup 0.9 mul exch 0.7 mul 0 }] setcolorspace
1 setcolor 20 20 100 200 rectfill
/Times-Roman findfont [12 0 4 20 0 0] makefont setfont 20 300 moveto (Slanted) show
showpage
"""


def ghostscript(folder: Path, package: Callable, tool: Callable) -> list[Path]:
    """Ghostscript's pdfwrite: small pictures inlined, spots, boxes by pdfmark; and another PDF distilled again."""
    program = tool("gs")
    (folder / "page.ps").write_text(POSTSCRIPT)
    mixed = pdf("A6", pages=2).image(120, colour="rgb").image(90, at=("10 mm", "60 mm"), rotate=30, soft_mask=True)
    mixed.text("Again", font="Helvetica", at=("10 mm", "120 mm")).on(2).transparency(alpha=0.5)
    mixed.image(80, within="form").save(folder / "mixed.pdf")
    made = []
    for source, name, settings in (
        ("page.ps", "modern", ["-dCompatibilityLevel=1.7"]),
        (
            "page.ps",
            "old",
            ["-dCompatibilityLevel=1.3", "-sColorConversionStrategy=CMYK", "-sProcessColorModel=DeviceCMYK"],
        ),
        ("page.ps", "screen", ["-dPDFSETTINGS=/screen", "-dEmbedAllFonts=false"]),
        ("mixed.pdf", "again", ["-dPDFSETTINGS=/printer"]),
        ("mixed.pdf", "flattened", ["-dCompatibilityLevel=1.3"]),
    ):
        path = folder / f"ghostscript-{name}.pdf"
        command = [program, "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", *settings, f"-sOutputFile={path}"]
        subprocess.run([*command, str(folder / source)], check=True, capture_output=True, timeout=120)
        made.append(path)
    return made


def libreoffice(folder: Path, package: Callable, tool: Callable) -> list[Path]:
    """LibreOffice Writer: pictures recompressed and reduced, fonts as subsets. Left out unless it is there."""
    if shutil.which("soffice") is None and os.environ.get("MAKEREADY_LIBREOFFICE") != "1":
        pytest.skip("LibreOffice is not installed; set MAKEREADY_LIBREOFFICE=1 to insist on it")
    program = tool("soffice")
    names = [name for name in pictures(folder) if name != "deep.png"]
    tags = "".join(f'<p>{name}<img src="{name}" width="{80 + 20 * i}"></p>' for i, name in enumerate(names))
    (folder / "page.html").write_text(f"<html><body><h1>Pictures</h1>{tags}</body></html>")
    command = [program, "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to"]
    command += ["pdf:writer_web_pdf_Export", "--outdir", str(folder), str(folder / "page.html")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return [folder / "page.pdf"]


def makeready(folder: Path, package: Callable, tool: Callable) -> list[Path]:
    """Our own builder, with all that others cannot be made to write, and the demonstration artwork."""
    made = [path for path in demo.make(folder) if path.suffix == ".pdf" and "broken" not in path.name]
    everything = pdf(slug="10 mm").crop_marks()
    for row, colour in enumerate(["rgb", "cmyk", "gray", "bilevel", "stencil", "spot", "indexed", "srgb", "press"]):
        y = f"{10 + 25 * row} mm"
        everything.image(60 + row, colour=colour, at=("10 mm", y), size=("30 mm", "20 mm"), rotate=10 * row)
        if colour != "indexed":
            everything.image(40 + row, colour=colour, at=("60 mm", y), size=("20 mm", "20 mm"), inline=True)
    for row, within in enumerate([None, "form", "pattern", "type3", "annotation", "soft mask"]):
        at = ("100 mm", f"{10 + 25 * row} mm")
        everything.image((70 + row, 50 + row), colour="rgb", at=at, shear=10, mirrored=True, within=within)
        everything.text("Within", at=at, within=within, font="bold" if row % 2 else "Helvetica")
    everything.page(rotate=90, user_unit=2, trim="A5", origin=(-20, 30)).image(100, soft_mask=True)
    everything.page(boxes={"crop": (-50, 20, 900, 300), "trim": (500, 400, 20, 30), "art": (0, 0, 0, 0)})
    made.append(everything.save(folder / "everything.pdf"))
    return made


PRODUCERS: dict[str, Producer] = {
    make.__name__: make for make in (reportlab, cairo, typst, weasyprint, fpdf2, ghostscript, libreoffice, makeready)
}


@pytest.fixture(scope="session", params=sorted(PRODUCERS))
def produced(request, tmp_path_factory, package, tool) -> list[Path]:
    """The PDFs of one producer after another."""
    return PRODUCERS[request.param](tmp_path_factory.mktemp(request.param), package, tool)
