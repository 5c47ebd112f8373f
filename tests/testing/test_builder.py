"""The builder says what poppler says: every word of it is checked against another program."""

from __future__ import annotations

import io
import subprocess

import pytest
from PIL import Image, ImageCms

from makeready.testing import pdf, picture, poppler, press_profile
from makeready.testing.fonts import STANDARD
from makeready.units import Length

WITHIN = [None, "form", "pattern", "type3", "annotation", "soft mask"]


@pytest.fixture
def images(tool, tmp_path):
    """The picture rows of a builder's PDF."""
    tool("pdfimages")
    return lambda builder: poppler.images(builder.save(tmp_path / "images.pdf"))


@pytest.fixture
def fonts(tool, tmp_path):
    """The font rows of a builder's PDF, by name."""
    tool("pdffonts")
    return lambda builder: {row.name: row for row in poppler.fonts(builder.save(tmp_path / "fonts.pdf"))}


@pytest.fixture
def render(run, tmp_path):
    """The first page as pixels, 36 ppi, by way of poppler."""

    def pixels(builder, ppi=36):
        path = builder.save(tmp_path / "page.pdf")
        run("pdftoppm", "-r", ppi, "-png", "-singlefile", path, tmp_path / "page")
        return Image.open(tmp_path / "page.png").convert("RGB")

    return pixels


def everything():
    """A PDF with all that the builder can put on a page."""
    builder = pdf(slug="10 mm", pages=2).crop_marks()
    for row, colour in enumerate(["rgb", "cmyk", "gray", "bilevel", "stencil", "spot", "indexed", "srgb", "press"]):
        at = ("10 mm", f"{10 + 22 * row} mm")
        builder.image(60, colour=colour, at=at, size=("30 mm", "20 mm"), soft_mask=colour in ("rgb", "cmyk"))
    for row, within in enumerate(WITHIN):
        at = ("60 mm", f"{20 + 22 * row} mm")
        builder.image(50, colour="rgb", at=at, size=("20 mm", "10 mm"), within=within, shear=5, mirrored=True)
        builder.text("Two\nlines", at=at, within=within, colour=("spot", "Gold", 0.5), overprint=True)
        builder.line(at=at, within=within, width="0 pt", colour={"Gold": 1.0, "Black": 0.4})
        builder.rectangle(at=at, within=within, radius="2 mm", colour=None, stroke=("lab", 50, 60, 40))
    builder.gradient((0, 0, 1), (1, 0, 0)).gradient((0, 0, 0, 1), (0, 1, 0, 0), upright=True)
    builder.transparency(alpha=0.5).transparency(blend="Multiply").transparency(soft_mask=True)
    builder.image(50, inline=True).image(50, compression="jpeg2000", colour="rgb").image(50, compression="lzw")
    builder.image(50, compression="ccitt", colour="bilevel").image(50, bits=16, colour="rgb")
    for font in ("whole", "bold", "type3", "Helvetica", "Arial"):
        builder.text(font, font=font, rendering=2)
    builder.layer("Die", step=("Structural", "Cutting"), prints=False, visible=False).path(
        [("0 mm", "0 mm"), ("10 mm", "0 mm"), ("0 mm", "10 mm")], stroke=("spot", "Dieline"), colour="registration"
    ).layer(None)
    builder.annotation("Square").annotation("Widget").annotation("Text", colour=None, prints=False, hidden=True)
    builder.javascript().attachment().declare_font("Courier").raw("q 0 g 10 10 20 20 re f Q")
    return builder.page(rotate=90, user_unit=2, trim="A5", bleed=None, origin=(-10, 20))


def test_what_is_made_is_sound(tmp_path, run) -> None:
    path = everything().save(tmp_path / "everything.pdf")
    assert "No syntax or stream encoding errors" in run("qpdf", "--check", path)
    run("mutool", "draw", "-q", "-r", "20", "-o", tmp_path / "page%d.png", path)


def test_a_page_with_nothing_put_on_it_is_fit_for_the_press(tmp_path, run, images, fonts) -> None:
    page = pdf()
    assert "No syntax or stream encoding errors" in run("qpdf", "--check", page.save(tmp_path / "a.pdf"))
    assert [(row.colour, row.ppi_x, row.ppi_y) for row in images(page)] == [("cmyk", 300, 300)]
    assert [(row.embedded, row.subset, row.to_unicode) for row in fonts(page).values()] == [(True, True, True)]
    (row,) = poppler.pages(tmp_path / "a.pdf")
    bleed = Length.parse("3 mm")
    assert row.boxes["bleed"] == row.boxes["media"]
    assert row.boxes["trim"] == pytest.approx((bleed, bleed, 595.28 + bleed, 841.89 + bleed), abs=0.01)
    assert b"/DeviceRGB" not in run("qpdf", "--qdf", "--object-streams=disable", tmp_path / "a.pdf", "-").encode()


def test_every_page_without_artwork_gets_some(images) -> None:
    assert [row.page for row in images(pdf(pages=3).image(96))] == [1, 2, 3]


def test_a_page_without_background_stays_empty(render, images) -> None:
    empty = pdf("A6", background=None)
    assert images(empty) == []
    assert render(empty).getextrema() == ((255, 255),) * 3


def test_the_background_fills_the_bleed(render) -> None:
    page = render(pdf("A6", slug="0 mm"))
    paper = (255, 255, 255)
    corners = [(1, 1), (page.width - 2, 1), (1, page.height - 2), (page.width - 2, page.height - 2)]
    assert all(page.getpixel(corner) != paper for corner in corners)


@pytest.mark.parametrize("ppi", [1, 72, 96, 299.5, 300, (300, 150), "96 dpi"])
def test_the_resolution_is_exact(images, ppi) -> None:
    (row,) = images(pdf().image(ppi, colour="gray"))
    expected = ppi if isinstance(ppi, tuple) else (float(str(ppi).split()[0]),) * 2
    assert (row.ppi_x, row.ppi_y) == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("rotate", [0, 30, 90, 180, 271])
def test_turning_keeps_the_resolution(images, rotate) -> None:
    (row,) = images(pdf(rotate=90).image(100, rotate=rotate, mirrored=True))
    assert (row.ppi_x, row.ppi_y) == (100, 100)


def test_user_unit_leaves_real_sizes_alone(tmp_path, images) -> None:
    (row,) = images(pdf(user_unit=2).image(100))
    assert row.ppi_x == 200  # poppler does not know UserUnit
    pdf("A6", user_unit=2, bleed=None).save(tmp_path / "a.pdf")
    assert poppler.pages(tmp_path / "a.pdf")[0].boxes["trim"] == pytest.approx((0, 0, 148.82, 209.76), abs=0.01)


@pytest.mark.parametrize(
    ("colour", "type", "poppler_colour", "bits"),
    [
        ("rgb", "image", "rgb", 8), ("cmyk", "image", "cmyk", 8), ("gray", "image", "gray", 8),
        ("spot", "image", "sep", 8), ("bilevel", "image", "gray", 1), ("stencil", "stencil", "-", 1),
        ("indexed", "image", "index", 8),
        ("srgb", "image", "icc", 8), ("press", "image", "icc", 8),
    ],
)  # fmt: skip
@pytest.mark.parametrize("inline", [False, True])
def test_colours_of_pictures(images, colour, type, poppler_colour, bits, inline) -> None:
    if colour == "indexed" and inline:
        with pytest.raises(ValueError, match="inline"):
            pdf().image(colour=colour, inline=True)
        return
    (row,) = images(pdf().image(50, colour=colour, inline=inline))
    assert (row.type, row.colour, row.bits, row.object is None) == (type, poppler_colour, bits, inline)


@pytest.mark.parametrize(
    ("compression", "colour", "encoding"),
    [("jpeg", "cmyk", "jpeg"), ("jpeg2000", "rgb", "jpx"), ("flate", "rgb", "image"), ("lzw", "cmyk", "image"),
     ("ccitt", "bilevel", "ccitt"), ("jpeg", "bilevel", "image")],
)  # fmt: skip
def test_compression_of_pictures(images, render, compression, colour, encoding) -> None:
    """However it is packed, the same picture comes out."""
    page = pdf("A6").image(100, colour=colour, compression=compression, at=("0 mm", "0 mm"), size="A6")
    assert [row.encoding for row in images(page)] == [encoding]
    plain = pdf("A6").image(100, colour=colour, compression="flate", at=("0 mm", "0 mm"), size="A6")
    packed, raw = render(page).resize((8, 8)), render(plain).resize((8, 8))
    assert max(abs(a - b) for a, b in zip(packed.tobytes(), raw.tobytes(), strict=True)) < 12


def test_a_soft_mask_is_listed_after_its_picture(images) -> None:
    assert [row.type for row in images(pdf().image(50, soft_mask=True))] == ["image", "smask"]


def test_a_picture_painted_twice_is_one_object(images) -> None:
    first, second = images(pdf().image(96).image(96, at=("80 mm", "10 mm")))
    assert first.object == second.object


@pytest.mark.parametrize("within", WITHIN[:-1])
def test_containers_paint_the_same(render, within) -> None:
    """By way of a form, a pattern, a glyph or an annotation, artwork looks as if painted on the page."""

    def page(within):
        page = pdf("105x74mm", user_unit=2, rotate=90, origin=(30, -20))
        page.image(100, colour="rgb", rotate=20, at=("20 mm", "20 mm"), size=("30 mm", "20 mm"), within=within)
        page.rectangle(at=("60 mm", "10 mm"), within=within, colour=(0, 1, 0, 0))
        return page.text("Same", size="20 pt", at=("50 mm", "60 mm"), within=within)

    plain, contained = render(page(None)), render(page(within))
    assert plain.size == contained.size
    difference = [abs(a - b) for a, b in zip(plain.tobytes(), contained.tobytes(), strict=True)]
    assert sum(difference) / len(difference) < 1.5


@pytest.mark.parametrize(("name", "embedded", "subset", "kind"), [
    ("embedded", True, True, "TrueType"), ("whole", True, False, "TrueType"), ("bold", True, False, "Type 1C"),
    ("Helvetica", False, False, "Type 1"), ("Courier", False, False, "Type 1"), ("Arial", False, False, "TrueType"),
    ("type3", True, False, "Type 3"),
])  # fmt: skip
def test_fonts(fonts, name, embedded, subset, kind) -> None:
    (row,) = fonts(
        pdf().text("Straße “café” 1 €", font=name) if name != "type3" else pdf().text("x", font=name)
    ).values()
    assert (row.embedded, row.subset, row.type) == (embedded, subset, kind)
    assert (row.name in STANDARD) is (name in ("Helvetica", "Courier"))


def test_a_declared_font_sets_nothing(tmp_path, run, fonts) -> None:
    page = pdf().text("only this", at=("20 mm", "20 mm")).declare_font("Helvetica")
    assert fonts(page)["Helvetica"].embedded is False
    assert run("pdftotext", page.save(tmp_path / "a.pdf"), "-").split() == ["only", "this"]


def test_text_stands_where_it_is_said(tmp_path, run) -> None:
    """10 mm from the left of the trim, baseline 20 mm below its top."""
    path = pdf("A6", bleed="3 mm").text("Hxgy", size="12 pt", at=("10 mm", "20 mm")).save(tmp_path / "a.pdf")
    line = next(line for line in run("pdftotext", "-bbox", path, "-").splitlines() if "Hxgy" in line)
    box = dict(part.split("=") for part in line.split() if "=" in part)
    x, bottom = (float(box[key].split(">")[0].strip('"')) for key in ("xMin", "yMax"))
    assert x == pytest.approx(Length.parse("13 mm"), abs=0.1)
    assert bottom == pytest.approx(Length.parse("23 mm") + 12 * 0.23, abs=1)


def test_boxes_can_be_put_wrong(tmp_path, tool) -> None:
    tool("pdfinfo")
    path = pdf("A6", boxes={"trim": None, "bleed": None, "crop": (10, 10, 100, 100)}).save(tmp_path / "a.pdf")
    (row,) = poppler.pages(path)
    assert row.boxes["trim"] == row.boxes["crop"] == (10, 10, 100, 100)


def test_the_same_calls_give_the_same_bytes() -> None:
    assert everything().bytes() == everything().bytes()
    page = pdf().text("twice")
    assert page.bytes() == page.bytes()


def test_encryption(tmp_path, run, tool) -> None:
    path = pdf().encrypt(user="secret", printing=False).save(tmp_path / "a.pdf")
    assert "print low resolution: not allowed" in run("qpdf", "--show-encryption", "--password=secret", path)
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run([tool("qpdf"), "--check", path], capture_output=True, check=True)


def test_a_truncated_file_is_a_part() -> None:
    page = pdf()
    assert page.bytes().startswith(page.truncated(0.4))
    assert len(page.truncated(0.4)) < 0.41 * len(page.bytes())


@pytest.mark.parametrize("colour", [("brand", 1), "pink"])
def test_a_colour_that_is_none_says_so(colour) -> None:
    with pytest.raises(ValueError, match="is not a colour"):
        pdf().text("x", colour=colour)


def test_lengths_need_a_unit() -> None:
    with pytest.raises(ValueError, match="needs a unit"):
        pdf().text("x", at=(10, 10))


def test_the_press_profile_is_a_cmyk_output_profile() -> None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(press_profile()))
    assert (profile.profile.device_class, profile.profile.xcolor_space.strip()) == ("prtr", "CMYK")
    screen = ImageCms.createProfile("sRGB")
    for colour in [(255, 255, 255), (128, 128, 128), (200, 150, 120)]:
        there = ImageCms.profileToProfile(Image.new("RGB", (1, 1), colour), screen, profile, outputMode="CMYK")
        back = ImageCms.profileToProfile(there, profile, screen, outputMode="RGB")
        assert back.getpixel((0, 0)) == pytest.approx(colour, abs=4)
        assert sum(there.getpixel((0, 0))) <= 2.8 * 255


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L", "1", "RGBA", "LA", "P", "I;16"])
def test_pictures_come_in_every_mode(mode) -> None:
    with Image.open(io.BytesIO(picture(60, 40, mode, dpi=300))) as made:
        assert (made.mode, made.size) == (mode, (60, 40))
        assert made.info["dpi"] == pytest.approx((300, 300), abs=0.1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_upright_once_the_tag_is_followed(orientation) -> None:
    from PIL import ImageChops, ImageOps, ImageStat

    with Image.open(io.BytesIO(picture(60, 40, orientation=orientation))) as made:
        assert made.getexif().get(0x0112) == orientation
        shown = ImageOps.exif_transpose(made)
    with Image.open(io.BytesIO(picture(*shown.size))) as upright:
        assert max(ImageStat.Stat(ImageChops.difference(shown, upright)).mean) < 6
