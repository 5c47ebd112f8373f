"""Facts of single constructs. The truth is poppler's where poppler has one, else what the file was made to say."""

from __future__ import annotations

import io
import json
import zlib

import pikepdf
import pytest

import makeready
from makeready.facts import as_data
from makeready.testing import image, pdf, picture, poppler, press_profile, srgb_profile
from makeready.testing.fonts import font_file, pdf_font

SMALL = "100x100mm"
STAMP = ("20 mm", "15 mm")


def page(**settings):
    return pdf(SMALL, **settings)


def facts_of(artwork, **options):
    data = artwork if isinstance(artwork, bytes) else artwork.bytes()
    report = makeready.inspect(data, **options)
    assert report.facts is not None, report.issues
    assert json.dumps(as_data(report.facts), allow_nan=False)
    return report.facts


def parsed(text):
    return pikepdf.Object.parse(text.encode())


# Fonts, against pdffonts


def composite(file, *, cff, embedded=True):
    """A font of two-byte codes around one of the test fonts."""
    name, found = pikepdf.Name, font_file("bold" if cff else "embedded")
    base = name("/" + found.name)
    descriptor = pikepdf.Dictionary(
        Type=name.FontDescriptor, FontName=base, Flags=4, FontBBox=list(found.box), ItalicAngle=0,
        Ascent=found.ascent, Descent=found.descent, CapHeight=found.cap_height, StemV=80,
    )  # fmt: skip
    if embedded:
        stream = pikepdf.Stream(file, found.data)
        if cff:
            stream.Subtype = name.CIDFontType0C
            descriptor.FontFile3 = stream
        else:
            descriptor.FontFile2 = stream
    below = pikepdf.Dictionary(
        Type=name.Font, Subtype=name.CIDFontType0 if cff else name.CIDFontType2, BaseFont=base, DW=600,
        CIDSystemInfo=pikepdf.Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0),
        FontDescriptor=file.make_indirect(descriptor), CIDToGIDMap=name.Identity,
    )  # fmt: skip
    return file.make_indirect(
        pikepdf.Dictionary(
            Type=name.Font, Subtype=name.Type0, BaseFont=base, Encoding=name("/Identity-H"),
            DescendantFonts=[file.make_indirect(below)],
        )
    )  # fmt: skip


def font_page():
    """A page that sets a letter in every kind of font there is."""
    builder = page()
    file = builder.objects
    for font in ("embedded", "whole", "bold", "type3", "Helvetica", "Courier-Bold", "Symbol", "Times New Roman,Bold"):
        builder.text("a", font=font)
    for cff in (False, True):
        for embedded in (False, True):
            name = f"/C{cff:d}{embedded:d}"
            resources = {"/Font": {name: composite(file, cff=cff, embedded=embedded)}}
            builder.raw(f"BT {name} 12 Tf 50 50 Td <0001> Tj ET", resources)
    return builder


def test_fonts_are_what_pdffonts_lists(tmp_path, tool) -> None:
    tool("pdffonts")
    path = font_page().save(tmp_path / "fonts.pdf")
    rows = {row.object: row for row in poppler.fonts(path)}
    found = {font.object: font for font in facts_of(path.read_bytes()).fonts}
    assert set(found) == set(rows)
    assert len(found) == 12
    for number, row in rows.items():
        font = found[number]
        name, kind = font.name, font.type
        assert (name, kind, font.embedded, font.subset, font.to_unicode, font.pages) == (
            row.name, row.type, row.embedded, row.subset, row.to_unicode, (1,),
        )  # fmt: skip


def test_of_two_standard_fonts_one_is_painted() -> None:
    """Both come from the same place in the reader; which one was painted must not be mixed up."""
    builder = pdf(SMALL, pages=2).declare_font("Times-Roman").text("a", font="Helvetica")
    fonts = {font.name: font.pages for font in facts_of(builder.on(2).text("b", font="Courier")).fonts}
    assert fonts == {"Times-Roman": (), "Helvetica": (1,), "Courier": (2,)}


def test_one_standard_font_under_two_objects() -> None:
    """The same name, two dictionaries with other encodings; only the second one sets a letter."""
    builder = page()
    first, second = (pdf_font(builder.objects, "Helvetica") for _ in range(2))
    first.Encoding = pikepdf.Name.MacRomanEncoding
    builder.raw("BT /B 12 Tf 50 50 Td (x) Tj ET", {"/Font": {"/A": first, "/B": second}})
    fonts = facts_of(builder).fonts
    assert {font.encoding: font.pages for font in fonts} == {"MacRomanEncoding": (), "WinAnsiEncoding": (1,)}


def test_a_font_that_is_written_into_the_resources() -> None:
    builder = page()
    font = parsed("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    builder.raw("BT /F 12 Tf 50 50 Td (x) Tj ET", {"/Font": {"/F": font}})
    (font,) = facts_of(builder).fonts
    assert (font.name, font.object, font.embedded, font.pages) == ("Helvetica", None, False, (1,))


# Pictures, against pdfimages

PICTURES = {
    "JPEG in CMYK": (lambda p: p.image(colour="cmyk", size=STAMP), "DeviceCMYK", "DCTDecode", 8),
    "JPEG in RGB": (lambda p: p.image(colour="rgb", size=STAMP), "DeviceRGB", "DCTDecode", 8),
    "JPEG in gray": (lambda p: p.image(colour="gray", size=STAMP), "DeviceGray", "DCTDecode", 8),
    "JPEG 2000": (lambda p: p.image(colour="rgb", size=STAMP, compression="jpeg2000"), "DeviceRGB", "JPXDecode", 8),
    "packed": (lambda p: p.image(colour="rgb", size=STAMP, compression="flate"), "DeviceRGB", "FlateDecode", 8),
    "fax": (lambda p: p.image(colour="bilevel", size=STAMP, compression="ccitt"), "DeviceGray", "CCITTFaxDecode", 1),
    "16 bit": (lambda p: p.image(colour="rgb", size=STAMP, bits=16), "DeviceRGB", "FlateDecode", 16),
    "sRGB": (lambda p: p.image(colour="srgb", size=STAMP), "ICCBased RGB", "DCTDecode", 8),
    "press profile": (lambda p: p.image(colour="press", size=STAMP), "ICCBased CMYK", "DCTDecode", 8),
    "indexed": (lambda p: p.image(colour="indexed", size=STAMP), "Indexed DeviceRGB", "FlateDecode", 8),
    "spot": (lambda p: p.image(colour="spot", size=STAMP), "Separation PANTONE 185 C", "DCTDecode", 8),
    "stencil": (lambda p: p.image(colour="stencil", size=STAMP), None, "FlateDecode", 1),
}
#: pdfimages' words for codecs.
CODECS = {"DCTDecode": "jpeg", "JPXDecode": "jpx", "FlateDecode": "image", "CCITTFaxDecode": "ccitt"}


@pytest.mark.parametrize(("place", "space", "codec", "bits"), PICTURES.values(), ids=PICTURES)
def test_a_picture_is_what_pdfimages_lists(tmp_path, tool, place, space, codec, bits) -> None:
    tool("pdfimages")
    path = place(page()).save(tmp_path / "a.pdf")
    (row,) = poppler.images(path)
    (found,) = facts_of(path.read_bytes()).images
    assert (found.colour_space, found.compression, found.bits) == (space, codec, bits)
    assert (row.width, row.height, row.object, CODECS[codec]) == (
        found.width_px, found.height_px, found.object, row.encoding,
    )  # fmt: skip
    assert (row.ppi_x, row.ppi_y) == pytest.approx((found.ppi_x, found.ppi_y), abs=1)
    assert row.bits == found.bits
    assert (row.type == "stencil") is found.mask
    assert (found.within, found.soft_mask, found.name[:2]) == (None, False, "Im")


@pytest.mark.parametrize(
    ("filters", "word"),
    [("[/ASCIIHexDecode]", "ASCIIHexDecode"), ("/LZWDecode", "LZWDecode"), ("[/ASCII85Decode /LZWDecode]", "LZWDecode"),
     ("[]", None)],
)  # fmt: skip
def test_the_codec_is_the_last_filter(filters, word) -> None:
    """ISO 32000-1, 7.4.1: filters are named in the order of decoding; the first ones only make text of it."""
    builder = masked(lambda file: {"/Filter": parsed(filters)})
    builder.bytes()
    out = io.BytesIO()
    builder.objects.save(out, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    (found,) = facts_of(out.getvalue()).images
    assert found.compression == word


@pytest.mark.parametrize(
    ("within", "word"),
    [(None, None), ("form", None), ("type3", "type 3 glyph"), ("annotation", "annotation"),
     ("soft mask", "soft mask group")],
)  # fmt: skip
def test_what_a_picture_is_part_of(within, word) -> None:
    (found,) = facts_of(page().image(size=STAMP, within=within)).images
    assert found.within == word
    assert found.counts is (within != "soft mask")


def test_a_picture_in_a_repeated_pattern_is_listed_once() -> None:
    builder = page()
    builder.image(pixels=(20, 20), colour="gray", size=("10 mm", "10 mm"), at=("200 mm", "0 mm"))
    resources = builder._now.piece.resources["/XObject"]
    (name,) = resources
    tile = pikepdf.Stream(
        builder.objects, f"10 0 0 10 0 0 cm {name} Do".encode(), PatternType=1, PaintType=1, TilingType=1,
        BBox=[0, 0, 10, 10], XStep=10, YStep=10, Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(resources)),
    )  # fmt: skip
    builder.raw("/Pattern cs /P scn 0 0 200 200 re f", {"/Pattern": {"/P": tile}})
    seen = [found for found in facts_of(builder).images if found.visible]
    assert [(found.within, round(found.ppi_x)) for found in seen] == [("pattern", 144)]


def test_an_inline_picture() -> None:
    (found,) = facts_of(page().image(colour="rgb", size=STAMP, inline=True)).images
    assert (found.object, found.name, found.colour_space) == (None, None, "DeviceRGB")
    assert found.title == "the inline picture"


def masked(entries, pixels=(40, 30)):
    """An uncompressed gray picture with more entries, on 100 × 75 points."""
    builder = page()
    stream = pikepdf.Stream(
        builder.objects, bytes(pixels[0] * pixels[1]), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image,
        Width=pixels[0], Height=pixels[1], BitsPerComponent=8, ColorSpace=pikepdf.Name.DeviceGray,
    )  # fmt: skip
    for key, value in entries(builder.objects).items():
        stream[key] = value
    return builder.raw("q 100 0 0 75 50 50 cm /Im0 Do Q", {"/XObject": {"/Im0": stream}})


def mask_stream(file, width, height, **entries):
    return pikepdf.Stream(
        file, bytes((width + 7) // 8 * height if entries.get("ImageMask") else width * height),
        Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=width, Height=height, **entries,
    )  # fmt: skip


def test_a_soft_mask_is_a_property_and_not_a_picture() -> None:
    gray = {"BitsPerComponent": 8, "ColorSpace": pikepdf.Name.DeviceGray}
    (found,) = facts_of(masked(lambda file: {"/SMask": mask_stream(file, 80, 60, **gray)})).images
    assert (found.width_px, found.soft_mask, found.mask) == (40, True, False)


def test_an_explicit_mask_is_a_picture_of_its_own() -> None:
    """pdfimages lists it as well; 400 pixels on 100 points are 288 ppi."""
    stencil = {"BitsPerComponent": 1, "ImageMask": True}
    first, second = facts_of(masked(lambda file: {"/Mask": mask_stream(file, 400, 300, **stencil)})).images
    assert (first.within, first.soft_mask, first.bits) == (None, False, 8)
    assert (second.within, second.bits, round(second.ppi_x), round(second.ppi_y)) == ("explicit mask", 1, 288, 288)


def test_a_colour_key_is_no_mask() -> None:
    (found,) = facts_of(masked(lambda file: {"/Mask": pikepdf.Array([0, 10])})).images
    assert (found.soft_mask, found.mask, found.bits) == (False, False, 8)


def test_masks_are_what_pdfimages_lists(tmp_path, tool) -> None:
    tool("pdfimages")
    stencil = {"BitsPerComponent": 1, "ImageMask": True}
    path = masked(lambda file: {"/Mask": mask_stream(file, 400, 300, **stencil)}).save(tmp_path / "a.pdf")
    rows = poppler.images(path)
    found = facts_of(path.read_bytes()).images
    assert sorted((row.width, row.ppi_x) for row in rows) == [(i.width_px, round(i.ppi_x)) for i in found]


def test_a_picture_that_is_painted_twice_is_listed_twice() -> None:
    builder = page().image(size=STAMP).image(size=STAMP, at=("50 mm", "50 mm"))
    first, second = facts_of(builder).images
    assert first.object == second.object
    assert first.place != second.place


def test_the_part_of_a_picture_that_is_seen() -> None:
    builder = masked(lambda file: {})
    piece = builder._now.piece
    builder._now.piece = type(piece)(b"60 60 20 10 re W n\n" + piece.data, piece.resources)
    (found,) = facts_of(builder).images
    assert found.place == pytest.approx((50, 50, 150, 125), abs=1e-3)
    assert found.visible == pytest.approx((60, 60, 80, 70), abs=1e-3)


# Colours


@pytest.mark.parametrize(
    ("colour", "space", "model", "inks"),
    [
        (0.25, "DeviceGray", "gray", {"Black": 0.75}),
        ((1, 0, 0), "DeviceRGB", "rgb", {}),
        ((0, 0.5, 1, 0), "DeviceCMYK", "cmyk", {"Magenta": 0.5, "Yellow": 1}),
        (("srgb", 1, 0, 0), "ICCBased RGB", "rgb", {}),
        (("press", 0, 0.5, 0, 0), "ICCBased CMYK", "cmyk", {"Magenta": 0.5}),
        (("lab", 50, 10, 10), "Lab", "lab", {}),
        (("spot", "Gold", 0.25), "Separation Gold", "spot", {"Gold": 0.25}),
        ({"Gold": 0.25, "Black": 0.5}, "DeviceN Gold, Black", "spot", {"Gold": 0.25, "Black": 0.5}),
    ],
)
@pytest.mark.parametrize("what", ["vector", "line", "text"])
def test_colour_spaces_and_inks(what, colour, space, model, inks) -> None:
    builder = page(background=None)
    if what == "vector":
        builder.rectangle(colour=colour)
    elif what == "line":
        builder.line(colour=colour)
    else:
        builder.text("a", colour=colour)
    facts = facts_of(builder)
    (paint,) = facts.paints
    assert (paint.what, paint.count) == ("text" if what == "text" else "vector", 1)
    assert (paint.colour.space, paint.colour.model) == (space, model)
    assert dict(paint.colour.inks) == pytest.approx(inks, abs=1e-4)
    order = ["Cyan", "Magenta", "Yellow", "Black"]
    assert {ink.name for ink in facts.inks} == set(inks)
    assert [ink.name for ink in facts.inks if not ink.spot] == [name for name in order if name in inks]


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ("[/CalRGB << /WhitePoint [0.95 1 1.09] >>]", ("CalRGB", "rgb")),
        ("[/CalGray << /WhitePoint [0.95 1 1.09] >>]", ("CalGray", "gray")),
    ],
)
def test_calibrated_spaces(space, words) -> None:
    count = 3 if "RGB" in space else 1
    operators = f"/CS cs {' '.join(['0.5'] * count)} scn 50 50 20 20 re f"
    (paint,) = facts_of(page(background=None).raw(operators, {"/ColorSpace": {"/CS": parsed(space)}})).paints
    assert (paint.colour.space, paint.colour.model) == words


def test_spots_that_are_painted_and_spots_that_are_declared() -> None:
    builder = pdf(SMALL, pages=2, background=None).on(1).rectangle(colour=("spot", "Gold", 1))
    silver = "[/Separation /Silver /DeviceGray << /FunctionType 2 /Domain [0 1] /N 1 >>]"
    builder.raw("", {"/ColorSpace": {"/S": parsed(silver)}})
    builder.rectangle(colour=("spot", "Copper", 0)).rectangle(colour="registration").on(2)
    builder.rectangle(colour={"Gold": 0.5, "Black": 0.1}).rectangle(colour=("spot", "Cyan", 1))
    builder.rectangle(colour=("spot", "None", 1))
    found = [(ink.name, ink.spot, ink.pages) for ink in facts_of(builder).inks]
    assert found == [("Cyan", False, (2,)), ("Black", False, (2,)), ("Gold", True, (1, 2))]


@pytest.mark.parametrize(
    ("state", "operators", "expected"),
    [
        ("<< /OP true /op true /OPM 1 >>", "50 50 9 9 re f", (True, 1)),
        ("<< /OP true >>", "50 50 9 9 re f", (True, 0)),  # OP alone is for fills as well: ISO 32000-1, table 58
        ("<< /OP true /op false /OPM 1 >>", "50 50 9 9 re f", (False, 1)),
        ("<< /op true >>", "50 50 9 9 re f", (True, 0)),
        ("<< /op true /OP false >>", "50 50 m 90 90 l S", (False, 0)),
        ("<< /OP true /op false >>", "50 50 m 90 90 l S", (True, 0)),
        ("<< /OPM 1 >>", "50 50 9 9 re f", (False, 1)),
        ("<< >>", "50 50 9 9 re f", (False, 0)),
    ],
)
def test_overprint(state, operators, expected) -> None:
    builder = page(background=None).raw(f"/G gs 0 0 0 1 k 0 0 0 1 K {operators}", {"/ExtGState": {"/G": parsed(state)}})
    (paint,) = facts_of(builder).paints
    assert (paint.colour.overprint, paint.colour.overprint_mode) == expected


# Transparency


@pytest.mark.parametrize(
    ("settings", "kind", "value"),
    [({"alpha": 0.3}, "alpha", "30%"), ({"blend": "Multiply"}, "blend mode", "Multiply"),
     ({"blend": "ColorBurn"}, "blend mode", "ColorBurn"), ({"soft_mask": True}, "soft mask", "luminosity")],
)  # fmt: skip
def test_transparency(settings, kind, value) -> None:
    (use,) = facts_of(page().transparency(**settings)).transparencies
    assert (use.page, use.kind, use.value.replace(" ", ""), use.count) == (1, kind, value, 1)


# Structure


def test_output_intents() -> None:
    builder = page(output_intent="FOGRA51")
    entry = parsed("<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) /RegistryName (none) >>")
    entry.DestOutputProfile = pikepdf.Stream(builder.objects, srgb_profile(), N=3)
    builder.objects.Root.OutputIntents.append(entry)
    press, screen = facts_of(builder).output_intents
    assert (press.subtype, press.condition, press.registry) == ("GTS_PDFX", "FOGRA51", "http://www.color.org")
    assert (press.profile.device_class, press.profile.colour_space) == ("output", "CMYK")
    assert (press.profile.bytes, press.profile.damage) == (len(press_profile()), None)
    assert (screen.subtype, screen.condition, screen.profile.colour_space) == ("GTS_PDFA1", "sRGB", "RGB")


def test_profiles_of_colours_and_pictures() -> None:
    facts = facts_of(page().image(colour="press", size=STAMP).rectangle(colour=("srgb", 1, 0, 0)))
    found = {(p.used_by, p.channels, p.profile.colour_space) for p in facts.profiles}
    assert found == {("picture", 4, "CMYK"), ("colour", 3, "RGB")}


def test_layers() -> None:
    builder = page().layer("shown").rectangle().layer("hidden", visible=False).rectangle()
    builder.layer("screen", prints=False).rectangle().layer("Stanzkontur", prints=True).rectangle()
    builder.objects.Root.OCProperties.OCGs[0].Intent = pikepdf.Name.Design
    found = [(layer.name, layer.visible, layer.prints, layer.intent) for layer in facts_of(builder).layers]
    assert found == [
        ("shown", True, None, ("Design",)), ("hidden", False, None, ()), ("screen", True, False, ()),
        ("Stanzkontur", True, True, ()),
    ]  # fmt: skip


def test_only_layers_that_print_are_painted() -> None:
    builder = page(background=None).layer("a").rectangle(colour=("spot", "A", 1))
    builder.layer("b", visible=False).rectangle(colour=("spot", "B", 1))
    builder.layer("c", prints=False).rectangle(colour=("spot", "C", 1))
    assert [ink.name for ink in facts_of(builder).inks] == ["A"]


def test_a_layer_that_is_only_there_for_print_is_painted() -> None:
    """ISO 32000-1, 8.11.4.4: what /AS lists for the event Print goes by its PrintState, not by how the file opens."""
    builder = page(background=None).layer("for print", visible=False, prints=True).rectangle(colour=("spot", "D", 1))
    assert [ink.name for ink in facts_of(builder).inks] == ["D"]


@pytest.mark.parametrize(
    ("flags", "prints", "hidden"),
    [(4, True, False), (0, False, False), (6, False, True), (2, False, True), (36, True, False)],
)
def test_annotations(flags, prints, hidden) -> None:
    """ISO 32000-1, table 165: 2 hidden, 4 print, 32 not on screen."""
    builder = page(user_unit=2).annotation("Square", at=("10 mm", "20 mm"), size=("30 mm", "10 mm"))
    builder.objects.pages[0].Annots[0].F = flags
    (found,) = facts_of(builder).annotations
    assert (found.page, found.subtype, found.has_appearance) == (1, "Square", True)
    assert (found.prints, found.hidden) == (prints, hidden)
    left, top = 13 * 72 / 25.4, 93 * 72 / 25.4 - 10 * 72 / 25.4
    assert (found.place.x0, found.place.y1) == pytest.approx((left, top), abs=0.01)


def test_active_content() -> None:
    builder = page().javascript().attachment().annotation("Square")
    builder.objects.Root.AcroForm = parsed("<< /Fields [] /XFA (x) >>")
    note = builder.objects.pages[0].Annots[0]
    note.A = parsed("<< /S /Launch /F (a.exe) /Next << /S /JavaScript /JS (0) >> >>")
    found = {(content.kind, content.page) for content in facts_of(builder).active_content}
    assert found == {
        ("JavaScript", None), ("attachment", None), ("XFA form", None), ("launch action", 1), ("JavaScript", 1),
    }  # fmt: skip


@pytest.mark.parametrize(("printing", "changing"), [(True, True), (True, False), (False, True), (False, False)])
def test_permissions(tmp_path, run, printing, changing) -> None:
    """Against pdfinfo, which prints ``Encrypted: yes (print:yes copy:yes change:no addNotes:no algorithm:AES-256)``."""
    path = page().encrypt(printing=printing, changing=changing).save(tmp_path / "a.pdf")
    said = next(line for line in run("pdfinfo", path).splitlines() if line.startswith("Encrypted"))
    found = facts_of(path.read_bytes()).encryption
    assert (found.allows_printing, found.allows_changing) == (printing, changing)
    assert ("print:yes" in said) is printing
    assert ("change:yes" in said) is changing
    assert "AES" in found.method
    assert "256" in found.method
    assert "algorithm:AES-256" in said


def test_a_file_that_is_not_encrypted() -> None:
    assert facts_of(page()).encryption is None


@pytest.mark.parametrize(("claim", "found"), [(None, None), ("PDF/X-1a:2003", "PDF/X-1a:2003"), ("PDF/X-4", "PDF/X-4")])
def test_what_the_file_says_of_itself(claim, found) -> None:
    """PDF/X-1a is claimed in the document information, PDF/X-4 in XMP."""
    facts = facts_of(page(pdfx=claim))
    assert (facts.pdfx, facts.producer, facts.creator, facts.trapped) == (
        found, "makeready.testing", "makeready.testing", "False",
    )  # fmt: skip
    assert facts.format == ("PDF 1.3" if claim == "PDF/X-1a:2003" else "PDF 1.6")


def test_pages_that_were_asked_for() -> None:
    builder = pdf(SMALL, pages=5, background=None)
    for number in range(1, 6):
        builder.on(number).rectangle(colour=("spot", f"S{number}", 1)).text("a", font="Helvetica")
    facts = facts_of(builder, pages=[4, 2, 99])
    assert [page.number for page in facts.pages] == [2, 4]
    assert facts.page_count == 5
    assert [ink.name for ink in facts.inks if ink.spot] == ["S2", "S4"]
    assert [font.pages for font in facts.fonts] == [(2, 4)]
    assert facts.page(3) is None
    assert facts.page(4).number == 4


# Damage


def packed(operators, *, cut=0):
    """A page whose content is packed and loses its last bytes, in a file that is sound otherwise."""
    builder = page(background=None).raw("n")
    data = builder.bytes()
    with pikepdf.open(io.BytesIO(data)) as file:
        content = zlib.compress(operators)
        file.pages[0].Contents = pikepdf.Stream(file, content[: len(content) - cut], Filter=pikepdf.Name.FlateDecode)
        out = io.BytesIO()
        file.save(out, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return out.getvalue()


def test_a_sound_file_has_no_damage() -> None:
    facts = facts_of(packed(b"0 0 0 1 k 50 50 20 20 re f\n" * 500))
    assert (facts.damage, facts.pages[0].damage, facts.pages[0].painted) == ((), (), 500)


def test_content_that_breaks_off() -> None:
    facts = facts_of(packed(b"".join(b"0 0 0 1 k %d 50 20 20 re f\n" % i for i in range(500)), cut=300))
    assert facts.pages[0].damage
    assert 0 < facts.pages[0].painted < 500


def test_a_broken_cross_reference_table_is_mended_and_told_of() -> None:
    data = page().rectangle().bytes().replace(b"\nxref\n", b"\nxxxx\n")
    facts = facts_of(data)
    assert facts.damage
    assert facts.pages[0].painted == 2


def test_damage_of_one_page_is_not_laid_to_the_next() -> None:
    """The reader sums up repeated warnings, and says so late."""
    facts = facts_of(pdf(SMALL, pages=3).on(2).raw("0 0 9 9 re f Q Q Q"))
    assert [bool(page.damage) for page in facts.pages] == [False, True, False]


def tree(change):
    """A file whose page tree was tampered with."""
    builder = page().rectangle()
    change(builder.objects)
    return builder.bytes()


def loop(file):
    file.Root.Pages.Kids.append(file.Root.Pages)


def twice(file):
    file.Root.Pages.Kids.append(file.pages[0].obj)
    file.Root.Pages.Count = 2


def nothing(file):
    file.Root.Pages.Kids.append(pikepdf.Object.parse(b"null"))
    file.Root.Pages.Count = 2


def wrong_count(file):
    file.Root.Pages.Count = 9


@pytest.mark.parametrize("change", [loop, twice, nothing, wrong_count], ids=lambda change: change.__name__)
def test_a_page_tree_that_makes_no_sense_ends(change) -> None:
    """Whatever comes of it: a report, and the one true page where there is one."""
    report = makeready.inspect(tree(change))
    if report.facts is not None:
        assert report.facts.pages[0].boxes.trim is not None
        assert report.facts.page_count == len(report.facts.pages) <= 9
    else:
        assert [issue.code for issue in report.issues] == ["FIL101"]


@pytest.mark.parametrize("unit", ["1e-30", "0.000001", "75000", "10000000000000000000000000.0", "(two)", "-3"])
def test_an_absurd_user_unit(unit) -> None:
    builder = page().text("a")
    builder.objects.pages[0].obj["/UserUnit"] = parsed(unit.replace("1e-30", "0." + "0" * 29 + "1"))
    report = makeready.check(builder.bytes())
    assert not report.crashed
    assert json.dumps(as_data(report.facts), allow_nan=False)


def test_a_user_unit_of_nothing_is_none() -> None:
    """ISO 32000-1, table 30: a positive number. What is not counts as 1, for boxes and content alike."""
    builder = page().text("a", size="8 pt")
    builder.objects.pages[0].UserUnit = 0
    facts = facts_of(builder)
    assert facts.pages[0].user_unit == 1
    assert str(facts.texts[0].size) == "8 pt"


def test_boxes_that_are_no_boxes() -> None:
    builder = page()
    boxes = builder.objects.pages[0].obj
    boxes.TrimBox, boxes.BleedBox, boxes.ArtBox = parsed("[1 2 3]"), parsed("[1 2 3 (x)]"), parsed("(box)")
    found = facts_of(builder).pages[0].boxes
    assert (found.trim, found.bleed, found.art) == (None, None, None)


def test_what_lies_outside_of_the_crop_box_is_among_the_facts() -> None:
    builder = page(background=None, boxes={"crop": (50, 50, 100, 100)})
    builder.rectangle(colour=("spot", "Gold", 1), at=("60 mm", "5 mm"))
    assert [ink.name for ink in facts_of(builder).inks] == ["Gold"]


def test_facts_of_bytes_stream_and_path_are_the_same(tmp_path) -> None:
    path = page().save(tmp_path / "a.pdf")
    with path.open("rb") as stream:
        found = [makeready.inspect(source).facts for source in (path, str(path), path.read_bytes(), stream)]
    assert [facts.extension for facts in found] == ["pdf", "pdf", "", "pdf"]
    assert len({facts.pages for facts in found}) == len({facts.images for facts in found}) == 1


def test_raster_facts_have_one_page_and_one_picture() -> None:
    facts = facts_of(picture(300, 200, dpi=100), canvas="6x4in")
    (found,) = facts.images
    assert (facts.kind, len(facts.pages), found.width_px, found.ppi_x, found.ppi_y) == ("raster", 1, 300, 50, 50)
    assert image(3, 2).size == (3, 2)
