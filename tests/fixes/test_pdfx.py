"""to_pdfx4 and to_pdfx1a: by the checks of the standard, by poppler, ExifTool and Ghostscript, and by the plates.

No free program decides whether a file is PDF/X (veraPDF knows PDF/A and PDF/UA alone).
"""

from __future__ import annotations

import io
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageDraw

import makeready
from fixes.looks import _tool, as_file, assert_same_look, codes, fixed, qpdf_clean, refused, text_of, unchanged
from fixes.test_overprint import plates
from makeready.press import load
from makeready.testing import pdf
from makeready.testing.colours import icc_based
from makeready.testing.icc import press_profile, srgb_profile

SIZE = "100x60mm"
FIXES = {"PDF/X-4": "to_pdfx4", "PDF/X-1a": "to_pdfx1a"}
PROFILES = {"PDF/X-4": "pdfx-4", "PDF/X-1a": "pdfx-1a"}
BOTH, FOUR, OLD = tuple(FIXES), ("PDF/X-4",), ("PDF/X-1a",)
FORM = {"Type": Name.XObject, "Subtype": Name.Form, "BBox": [0, 0, 9, 9]}
AREA = [20, 20, 60, 60]


def artwork(**settings: Any) -> Any:
    """CMYK, a spot, text, a picture: nothing that either standard forbids, and no claim of one."""
    return pdf(SIZE, **settings).text("Text").rectangle(colour=("spot", "Gold", 1)).image(ppi=72, at=("50 mm", "5 mm"))


def changed(given: Any, change: Callable[[pikepdf.Pdf], object], **saving: Any) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(given.bytes())) as file:
        change(file)
        file.save(out, fix_metadata_version=False, **saving)
    return out.getvalue()


def mended(given: Any, standard: str, **settings: Any) -> Any:
    """Mended, and by the checks of the standard without a fault; a second time there is nothing to do."""
    chain = [{"fix": FIXES[standard], **settings}]
    result = fixed(given, chain, profile=PROFILES[standard])
    assert [(issue.code, issue.message) for issue in result.remaining] == []
    qpdf_clean(result.data)
    unchanged(result.data, chain)
    return result


def facts_of(result: Any) -> Any:
    assert result.final.facts is not None
    return result.final.facts


def exif(data: bytes) -> dict[str, Any]:
    with as_file(data) as path:
        (found,) = json.loads(_tool("exiftool", "-j", "-G1", "-a", path))
    return dict(found)


def info(data: bytes) -> str:
    with as_file(data) as path:
        return _tool("pdfinfo", path).decode()


def xmp(data: bytes) -> str:
    with pikepdf.open(io.BytesIO(data)) as file:
        return file.Root.Metadata.read_bytes().decode()


# Who the file says it is


@pytest.mark.parametrize("standard", BOTH)
def test_a_plain_file_follows_the_standard_and_says_so(standard: str) -> None:
    before = artwork().bytes()
    result = mended(before, standard)
    said = info(result.data)
    assert re.search(rf"PDF subtype:\s+{standard}", said)
    assert re.search(r"PDF version:\s+" + {"PDF/X-4": "1.6", "PDF/X-1a": "1.4"}[standard], said)
    assert "the file says that it is" in result.changes[0].message.lower()
    assert text_of(before) == text_of(result.data)
    # The output intent was there: nothing is seen differently.
    assert_same_look(before, result.data, within=0)


@pytest.mark.parametrize("standard", BOTH)
def test_the_plates_are_the_same(standard: str, tmp_path: Path) -> None:
    before = artwork(output_intent=None).bytes()
    result = mended(before, standard)
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    was, now = plates(before, tmp_path / "before"), plates(result.data, tmp_path / "after")
    assert set(was) == set(now) >= {"Gold"}
    assert all(np.array_equal(was[ink], now[ink]) for ink in was)


def test_info_and_xmp_say_the_same() -> None:
    def change(file: pikepdf.Pdf) -> None:
        del file.Root.Metadata
        for key in list(file.docinfo.keys()):
            del file.docinfo[key]
        file.docinfo.Author = "Ü. Author"
        file.docinfo.CreationDate = "D:20230102030405+01'00'"

    result = mended(changed(artwork(), change), "PDF/X-4", title="")
    said = exif(result.data)
    assert said["PDF:Title"] == said["XMP-dc:Title"] == "artwork"
    assert said["PDF:CreateDate"] == said["XMP-xmp:CreateDate"] == "2023:01:02 03:04:05+01:00"
    assert said["PDF:ModifyDate"] == said["XMP-xmp:ModifyDate"] == said["XMP-xmp:MetadataDate"]
    assert str(said["PDF:Trapped"]) == str(said["XMP-pdf:Trapped"]) == "False"
    assert said["XMP-pdfxid:GTS_PDFXVersion"] == "PDF/X-4"
    assert said["PDF:Author"] == "Ü. Author"
    assert re.fullmatch(r"uuid:[0-9a-f-]{36}", said["XMP-xmpMM:DocumentID"])
    assert said["XMP-xmpMM:RenditionClass"] == "default"
    ET.fromstring(xmp(result.data))


def test_the_title_is_the_name_of_the_file_where_it_has_none() -> None:
    data = changed(artwork(title=""), lambda file: None)
    result = fixed(data, "to_pdfx4", profile="pdfx-4", name="Jobs/Poster 7.pdf")
    assert exif(result.data)["XMP-dc:Title"] == "Poster 7"
    assert exif(mended(data, "PDF/X-1a", title="Spring").data)["PDF:Title"] == "Spring"


def test_what_xmp_says_besides_is_kept() -> None:
    def change(file: pikepdf.Pdf) -> None:
        text = file.Root.Metadata.read_bytes().decode()
        more = (
            '<my:job xmlns:my="http://example.org/my/">4711</my:job><dc:title><rdf:Alt>'
            '<rdf:li xml:lang="x-default">Brochure</rdf:li><rdf:li xml:lang="de">Broschüre</rdf:li>'
            "</rdf:Alt></dc:title>"
        )
        text = re.sub("<dc:title>.*?</dc:title>", more, text)
        file.Root.Metadata.write(text.encode())
        file.docinfo.Title = "Brochure"

    written = xmp(mended(changed(artwork(), change), "PDF/X-4").data)
    root = ET.fromstring(written)
    assert [item.text for item in root.iter("{http://example.org/my/}job")] == ["4711"]
    assert "Broschüre" in written


def test_damaged_xmp_is_written_anew_and_told() -> None:
    def change(file: pikepdf.Pdf) -> None:
        file.Root.Metadata.write(b"<x:xmpmeta><broken")

    result = mended(changed(artwork(), change), "PDF/X-4")
    assert "damaged" in result.changes[0].message
    ET.fromstring(xmp(result.data))


def test_each_standard_takes_the_claim_of_the_other_back() -> None:
    old = mended(artwork(pdfx="PDF/X-4"), "PDF/X-1a").data
    assert "XMP-pdfxid:GTS_PDFXVersion" not in exif(old)
    new = mended(artwork(pdfx="PDF/X-1a:2001"), "PDF/X-4").data
    assert exif(new).get("PDF:GTS_PDFXVersion", "PDF/X-4") == "PDF/X-4"
    assert b"GTS_PDFXConformance" not in new


def test_trapped_is_kept_where_it_is_said() -> None:
    def change(file: pikepdf.Pdf) -> None:
        file.docinfo.Trapped = Name("/True")
        text = file.Root.Metadata.read_bytes().decode()
        file.Root.Metadata.write(text.replace("<pdf:Trapped>False", "<pdf:Trapped>True").encode())

    assert str(exif(mended(changed(artwork(), change), "PDF/X-1a").data)["PDF:Trapped"]) == "True"


@pytest.mark.parametrize("linearize", [False, True])
def test_a_file_of_objects_in_streams_becomes_a_plain_one(linearize: bool) -> None:
    packed = pikepdf.ObjectStreamMode.generate
    data = changed(artwork(), lambda file: None, object_stream_mode=packed, linearize=linearize)
    assert b"/ObjStm" in data
    result = mended(data, "PDF/X-1a")
    assert b"/ObjStm" not in result.data
    assert b"/XRef" not in result.data
    assert result.data.startswith(b"%PDF-1.4")


@pytest.mark.parametrize("standard", BOTH)
def test_a_lock_is_taken_off_and_told(standard: str) -> None:
    result = mended(artwork().encrypt(changing=True), standard)
    assert any("no longer encrypted" in change.message for change in result.changes)
    assert b"/Encrypt" not in result.data


@pytest.mark.parametrize("standard", BOTH)
def test_a_file_without_an_identifier_gets_one(standard: str) -> None:
    given = artwork(pdfx={"PDF/X-4": "PDF/X-4", "PDF/X-1a": "PDF/X-1a:2003"}[standard]).bytes()
    unmarked = re.sub(rb"/ID (\[)", rb"/XD \1", given)
    assert "STD103" in codes(makeready.check(unmarked, PROFILES[standard]))
    result = mended(unmarked, standard)
    assert any("identifier" in change.message for change in result.changes)


# The press


def test_without_a_press_the_usual_one_is_taken_and_told() -> None:
    result = mended(artwork(output_intent=None), "PDF/X-4")
    (intent,) = facts_of(result).output_intents
    assert (intent.condition, intent.registry) == ("FOGRA39", "http://www.color.org")
    assert any("the file named none" in change.message for change in result.changes)
    with pikepdf.open(io.BytesIO(result.data)) as file:
        assert bytes(file.Root.OutputIntents[0].DestOutputProfile.read_bytes()) == load("fogra39").icc


def test_a_press_that_is_named_takes_the_place_of_the_file_s_and_is_told() -> None:
    result = mended(artwork(output_intent="Own press"), "PDF/X-1a", press="gracol")
    (intent,) = facts_of(result).output_intents
    assert intent.condition == load("gracol").condition
    assert any("was Own press and is" in change.message for change in result.changes)


def test_the_file_s_own_press_stays() -> None:
    result = mended(artwork(output_intent="Own press"), "PDF/X-4")
    (intent,) = facts_of(result).output_intents
    assert intent.condition == "Own press"
    with pikepdf.open(io.BytesIO(result.data)) as file:
        assert bytes(file.Root.OutputIntents[0].DestOutputProfile.read_bytes()) == press_profile()


def test_a_condition_that_nobody_has_a_profile_of_is_refused() -> None:
    def change(file: pikepdf.Pdf) -> None:
        intent = file.Root.OutputIntents[0]
        intent.OutputConditionIdentifier = "CGATS TR 999"
        del intent.DestOutputProfile

    data = changed(artwork(), change)
    assert "press" in refused(data, "to_pdfx4")
    mended(data, "PDF/X-4", press="fogra39")
    mended(data, "PDF/X-1a")  # which trusts the registry


def test_a_profile_of_version_4_is_too_late_for_the_older_standard() -> None:
    data = bytearray(press_profile())
    data[8:10] = b"\4\x20"

    def change(file: pikepdf.Pdf) -> None:
        file.Root.OutputIntents[0].DestOutputProfile = file.make_indirect(Stream(file, bytes(data), N=4))

    assert "version 4" in refused(changed(artwork(), change), "to_pdfx1a")
    mended(changed(artwork(), change), "PDF/X-4")


# What is taken out


def root(**entries: Any) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        for key, value in entries.items():
            file.Root[f"/{key}"] = value

    return change


def resource(category: str, make: Callable[[pikepdf.Pdf], Any]) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        resources = file.pages[0].obj.Resources
        if category not in resources:
            resources[category] = Dictionary()
        resources[category]["/New"] = file.make_indirect(make(file))

    return change


def state(**entries: Any) -> Callable[[pikepdf.Pdf], None]:
    return resource("/ExtGState", lambda file: Dictionary(**entries))


def xobject(data: bytes = b"", **entries: Any) -> Callable[[pikepdf.Pdf], None]:
    return resource("/XObject", lambda file: Stream(file, data, **entries))


def of_picture(**entries: Any) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        (image,) = [
            item for _, item in file.pages[0].obj.Resources.XObject.items() if item.get("/Subtype") == Name.Image
        ]
        for key, value in entries.items():
            image[f"/{key}"] = value(file) if callable(value) else value

    return change


def note(subtype: str, **entries: Any) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        made = Dictionary(Type=Name.Annot, Subtype=Name(f"/{subtype}"), Rect=AREA, Border=[0, 0, 0], **entries)
        if subtype != "Link":
            made.AP = Dictionary(N=file.make_indirect(Stream(file, b"0 1 1 0 k 0 0 9 9 re f", **FORM)))
        file.pages[0].obj.Annots = Array([file.make_indirect(made)])

    return change


def of_page(**entries: Any) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        for key, value in entries.items():
            if value is None:
                del file.pages[0].obj[f"/{key}"]
            else:
                file.pages[0].obj[f"/{key}"] = value

    return change


def layers(**configuration: Any) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        group = file.make_indirect(Dictionary(Type=Name.OCG, Name="Text"))
        rules = Array([Dictionary(Event=Name.Print, Category=[Name.Print], OCGs=[group])])
        entries = {"Name": "Layers", "Order": Array([group])} | configuration
        if "AS" in entries:
            entries["AS"] = rules
        file.Root.OCProperties = Dictionary(OCGs=[group], D=Dictionary(**entries))

    return change


OUT = [
    ("STD102", BOTH, root(Version=Name("/1.7"))),
    ("STD110", BOTH, of_page(ArtBox=[20, 20, 90, 90])),
    ("STD110", BOTH, of_page(BleedBox=[20, 20, 90, 90])),
    ("STD110", BOTH, of_page(BleedBox=[-5, -5, 400, 400])),
    ("STD114", OLD, state(ca=0.5)),
    ("STD114", OLD, state(BM=Name.Multiply)),
    ("STD114", OLD, of_page(Group=Dictionary(S=Name.Transparency))),
    ("STD115", BOTH, state(TR=Name.Identity)),
    ("STD115", BOTH, state(TR2=Name.Identity)),
    ("STD116", BOTH, state(HT=Dictionary(HalftoneType=3))),
    ("STD116", BOTH, state(HT=Dictionary(HalftoneType=1, HalftoneName="Fine"))),
    ("STD116", BOTH, state(HT=Dictionary(HalftoneType=5, Default=Dictionary(HalftoneType=3)))),
    ("STD116", BOTH, state(HTP=[0, 0])),
    ("STD117", BOTH, xobject(b"showpage", Type=Name.XObject, Subtype=Name.PS)),
    ("STD117", BOTH, xobject(Subtype2=Name.PS, **FORM)),
    ("STD118", BOTH, of_picture(OPI=Dictionary())),
    ("STD118", BOTH, xobject(OPI=Dictionary(), **FORM)),
    ("STD119", BOTH, of_picture(Alternates=lambda file: Array([
        Dictionary(Image=file.make_indirect(Stream(file, b"\0", Subtype=Name.Image)), DefaultForPrinting=True),
    ]))),
    ("STD123", FOUR, layers(Name="")),
    ("STD123", FOUR, layers(Order=Array([]))),
    ("STD123", FOUR, layers(AS=True)),
    ("STD124", BOTH, root(OpenAction=Dictionary(S=Name.Named, N=Name.Print))),
    ("STD124", BOTH, root(OpenAction=Dictionary(S=Name.GoTo, D=Array([0, Name.Fit])))),
    ("STD124", BOTH, root(OpenAction=Dictionary(S=Name.JavaScript, JS="app.beep()"))),
    ("STD124", BOTH, of_page(AA=Dictionary(O=Dictionary(S=Name.URI, URI="https://example.org")))),
    ("STD125", BOTH, note("Link", F=4)),
    ("STD125", BOTH, note("Text", F=2)),
    ("STD126", BOTH, root(ViewerPreferences=Dictionary(PrintArea=Name.CropBox))),
    ("STD127", BOTH, state(RI=Name.Vivid)),
    ("STD127", BOTH, of_picture(Intent=Name.Vivid)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "standard", "change"),
    [
        pytest.param(code, standard, change, id=f"{place} {code} {standard}")
        for place, (code, standards, change) in enumerate(OUT)
        for standard in standards
    ],
)
def test_what_the_standard_forbids_is_taken_out(code: str, standard: str, change: Any) -> None:
    before = changed(artwork(), change)
    assert code in codes(makeready.check(before, PROFILES[standard]))
    result = mended(before, standard)
    assert len(result.changes) >= 2, "it is told"
    # Where a page names transparency, MuPDF mixes it otherwise, whether or not something is painted with it.
    assert_same_look(before, result.data, within=0, by=("poppler",) if code == "STD114" else ("mupdf", "poppler"))


@pytest.mark.parametrize("standard", BOTH)
def test_attachments_and_scripts_go(standard: str) -> None:
    result = mended(artwork().attachment().javascript(), standard)
    assert any("attachments" in change.message for change in result.changes)


def test_a_signature_is_taken_out_and_told() -> None:
    def change(file: pikepdf.Pdf) -> None:
        signature = file.make_indirect(Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), Contents=b"\0"))
        field = Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T="Signature", V=signature, Rect=[0, 0, 0, 0], F=2
        )
        held = file.make_indirect(field)
        file.pages[0].obj.Annots = Array([held])
        file.Root.AcroForm = Dictionary(Fields=Array([held]), SigFlags=3)

    result = mended(changed(artwork(), change), "PDF/X-4")
    assert any("signature was removed" in change.message for change in result.changes)


def test_layers_print_as_they_did_once_they_no_longer_switch() -> None:
    """A layer that shows and does not print: without its rule it would."""

    def change(file: pikepdf.Pdf) -> None:
        usage = Dictionary(Print=Dictionary(PrintState=Name.OFF))
        group = file.make_indirect(Dictionary(Type=Name.OCG, Name="Proof", Usage=usage))
        rules = Array([Dictionary(Event=Name.Print, Category=[Name.Print], OCGs=[group])])
        default = Dictionary(Name="Layers", Order=Array([group]), AS=rules)
        file.Root.OCProperties = Dictionary(OCGs=[group], D=default)
        page = file.pages[0].obj
        page.Resources.Properties = Dictionary(Proof=group)
        page.Contents = Array([
            file.make_stream(b"q"), *([page.Contents] if isinstance(page.Contents, Stream) else page.Contents),
            file.make_stream(b"Q /OC /Proof BDC 0 0 0 1 k 0 0 500 500 re f EMC"),
        ])  # fmt: skip

    before = changed(artwork(), change)
    result = mended(before, "PDF/X-4")
    assert_same_look(before, result.data, within=0, by=("mupdf",))
    with pikepdf.open(io.BytesIO(result.data)) as file:
        assert len(file.Root.OCProperties.D.OFF) == 1


# Boxes


def test_a_trim_is_never_made_up_in_silence() -> None:
    result = mended(changed(artwork(), of_page(TrimBox=None)), "PDF/X-4")
    (told,) = [change for change in result.changes if "TrimBox" in change.message]
    assert "whole sheet" in told.message
    assert told.page == 1
    result = mended(changed(artwork(), of_page(TrimBox=None, CropBox=[10, 10, 100, 100])), "PDF/X-4")
    page = facts_of(result).pages[0]
    assert page.boxes.trim == (10, 10, 100, 100)


# Colour


def test_cmyk_with_the_profile_of_the_press_becomes_plain() -> None:
    given = artwork().text("Press", colour=("press", 0.1, 0.9, 0.8, 0), at=("30 mm", "30 mm"))
    given = given.image(colour="press", ppi=60, at=("60 mm", "25 mm"), size="20x20mm", compression="flate")
    before = given.bytes()
    result = mended(before, "PDF/X-1a")
    facts = facts_of(result)
    assert {paint.colour.family for paint in facts.paints} == {"DeviceCMYK", "Separation"}
    assert (0.1, 0.9, 0.8, 0.0) in {run.colour.values for run in facts.texts}
    assert b"ICCBased" not in result.data
    assert_same_look(before, result.data, within=2, by=("mupdf",))


def test_spots_that_are_shown_with_other_colours_are_shown_with_process_inks(tmp_path: Path) -> None:
    given = artwork()
    lab = Array([Name.Lab, Dictionary(WhitePoint=[0.9642, 1, 0.8249], Range=[-128, 127, -128, 127])])
    for ink, space, solid, at in (("Brand", lab, [48, 68, 48], "40"), ("Sky", Name.DeviceRGB, [0, 0.5, 1], "90")):
        paper = [100, 0, 0] if ink == "Brand" else [1, 1, 1]
        tint = Dictionary(FunctionType=2, Domain=[0, 1], C0=paper, C1=solid, N=1)
        own = given.objects.make_indirect(Array([Name.Separation, Name(f"/{ink}"), space, tint]))
        given.raw(f"/S{ink} cs 0.7 scn {at} 40 30 30 re f", {"/ColorSpace": {f"/S{ink}": own}})
    before = given.bytes()
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    was, now = plates(before, tmp_path / "before"), plates(mended(before, "PDF/X-1a").data, tmp_path / "after")
    assert set(was) == set(now) >= {"Brand", "Sky"}
    assert all(np.array_equal(was[ink], now[ink]) for ink in was)
    result = mended(before, "PDF/X-4")
    alternates = {ink.name: (ink.alternate or ("",))[0] for ink in facts_of(result).inks}
    assert alternates["Sky"] == "DeviceCMYK"
    assert alternates["Brand"] == "Lab"


def test_rgb_with_a_profile_is_for_pdf_x_4_alone() -> None:
    given = artwork().image(colour="srgb", ppi=60, at=("60 mm", "25 mm"), size="20x20mm")
    mended(given, "PDF/X-4")
    assert "convert_to_cmyk" in refused(given, "to_pdfx1a")


def test_rgb_without_a_profile_is_refused_unless_the_press_is_rgb() -> None:
    given = pdf(SIZE, output_intent=None, background=None).rectangle(colour=(1, 0, 0)).text("x", colour=(0, 0, 1))
    assert "convert_to_cmyk" in refused(given, "to_pdfx4")

    data = bytearray(srgb_profile())
    data[12:16] = b"prtr"

    def change(file: pikepdf.Pdf) -> None:
        intent = Dictionary(
            Type=Name.OutputIntent, S=Name.GTS_PDFX, OutputConditionIdentifier="Photo printer", Info="Photo printer",
            DestOutputProfile=file.make_indirect(Stream(file, bytes(data), N=3)),
        )  # fmt: skip
        file.Root.OutputIntents = Array([intent])

    mended(changed(given, change), "PDF/X-4")


def test_a_default_space_of_the_press_s_own_is_taken_out() -> None:
    given = artwork()
    space = icc_based(given.objects, press_profile(), 4)
    given.raw("0 1 0 0 k 40 40 20 20 re f", {"/ColorSpace": {"/DefaultCMYK": space}})
    mended(given, "PDF/X-1a")


# Packing


@pytest.mark.parametrize(
    "settings",
    [
        {"compression": "jpeg2000", "colour": "cmyk"},
        {"compression": "jpeg2000", "colour": "gray"},
        {"compression": "flate", "bits": 16, "colour": "cmyk"},
        {"compression": "flate", "bits": 16, "colour": "gray"},
    ],
    ids=lambda settings: "-".join(map(str, settings.values())),
)
def test_pictures_are_packed_as_pdf_1_4_can_unpack_them(settings: Any) -> None:
    before = pdf(SIZE).image(ppi=72, **settings).bytes()
    result = mended(before, "PDF/X-1a")
    assert any("packed anew" in change.message.lower() for change in result.changes)
    assert_same_look(before, result.data, within=6)
    facts = result.final.facts
    assert facts is not None
    assert {image.bits for image in facts.images} == {8}
    assert mended(before, "PDF/X-4").data  # which knows them


def test_lzw_is_packed_anew() -> None:
    # "-----A---B", the example of ISO 32000-1, 7.4.4.2.
    packed = bytes.fromhex("800B6050220C0C8501")
    before = changed(artwork(), xobject(packed, Filter=Name.LZWDecode, **FORM))
    for standard in BOTH:
        result = mended(before, standard)
        assert b"LZW" not in result.data


def jbig2(size: int) -> bytes:
    """A ring, as one generic region coded like a fax (ITU-T T.88, 6.2.6), in the packing of a PDF: no file header."""
    ring = Image.new("1", (size, size), 1)
    ImageDraw.Draw(ring).ellipse((4, 4, size - 5, size - 5), outline=0, width=5)
    out = io.BytesIO()
    ring.save(out, "TIFF", compression="group4")
    with Image.open(out) as tiff:
        place, length = tiff.tag_v2[273][0], tiff.tag_v2[279][0]
    fax = out.getvalue()[place : place + length]
    page = struct.pack(">IIIIBH", size, size, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", size, size, 0, 0, 0, 1) + fax
    return b"".join(
        struct.pack(">IBBBI", number, kind, 0, 1, len(data)) + data
        for number, (kind, data) in enumerate(((48, page), (38, region)))
    )


def test_jbig2_is_packed_anew() -> None:
    given = artwork()
    entries = {"Type": Name.XObject, "Subtype": Name.Image, "Width": 64, "Height": 64, "BitsPerComponent": 1}
    for place, colour in ((40, {"ImageMask": True}), (120, {"ColorSpace": Name.DeviceGray})):
        image = Stream(given.objects, jbig2(64), Filter=Name.JBIG2Decode, **entries, **colour)
        name = f"/J{place}"
        given.raw(f"q 64 0 0 64 {place} 40 cm {name} Do Q", {"/XObject": {name: given.objects.make_indirect(image)}})
    before = given.bytes()
    result = mended(before, "PDF/X-1a")
    assert b"JBIG2" not in result.data
    assert_same_look(before, result.data, within=0)
    assert b"JBIG2" in mended(before, "PDF/X-4").data
    # What is no JBIG2 at all is not guessed at.
    broken = xobject(b"junk", Filter=Name.JBIG2Decode, Subtype=Name.Image, Width=8, Height=8, BitsPerComponent=1)
    assert "JBIG2" in refused(changed(artwork(), broken), "to_pdfx1a")


# What cannot be done


REFUSED = {
    "a font that is not in the file": (BOTH, lambda page: page.text("x", font="Helvetica"), "embed_fonts"),
    "RGB": (BOTH, lambda page: page.rectangle(colour=(1, 0, 0)), "convert_to_cmyk"),
    "an RGB gradient": (BOTH, lambda page: page.gradient((1, 0, 0), (0, 1, 0)), "convert_to_cmyk"),
    "Lab": (OLD, lambda page: page.rectangle(colour=("lab", 50, 60, 40)), "convert_to_cmyk"),
    "opacity": (OLD, lambda page: page.transparency(alpha=0.5), "remove_transparency"),
    "a blend mode": (OLD, lambda page: page.transparency(blend="Multiply"), "remove_transparency"),
    "a soft mask": (OLD, lambda page: page.image(soft_mask=True, ppi=72), "remove_transparency"),
    "a layer": (OLD, lambda page: page.layer("Text").text("x").layer(None), "flatten_layers"),
}


@pytest.mark.parametrize(
    ("name", "standard"), [(name, standard) for name, row in REFUSED.items() for standard in row[0]]
)
def test_what_would_not_be_honest_is_refused_with_what_helps(name: str, standard: str) -> None:
    _, draw, helps = REFUSED[name]
    assert helps in refused(draw(pdf(SIZE)), FIXES[standard])


@pytest.mark.parametrize("standard", BOTH)
@pytest.mark.parametrize(
    ("change", "helps"),
    [
        (xobject(F="picture.raw", **FORM), "in another file"),
        (xobject(Ref=Dictionary(F="other.pdf", Page=0), **FORM), "another file"),
        (of_page(SeparationInfo=Dictionary(DeviceColorant=Name.Cyan)), "composite"),
        (note("Stamp", F=4), "remove_active_content"),
    ],
)
def test_what_is_not_in_the_file_or_lies_over_it_is_refused(change: Any, helps: str, standard: str) -> None:
    assert helps in refused(changed(artwork(), change), FIXES[standard])


def test_a_user_unit_is_refused_by_the_older_standard_alone() -> None:
    assert "set_boxes" in refused(artwork(user_unit=2), "to_pdfx1a")
    mended(artwork(user_unit=2), "PDF/X-4")


def test_cmyk_of_another_press_is_refused_by_the_older_standard() -> None:
    given = artwork(output_intent=None).rectangle(colour=("press", 0, 1, 1, 0))
    assert "not the output intent's" in refused(given, "to_pdfx1a")
    mended(given, "PDF/X-4")


def test_nothing_is_changed_where_it_is_refused() -> None:
    given = pdf(SIZE).text("x", font="Helvetica").attachment()
    result = makeready.fix(given.bytes(), ["to_pdfx4"])
    assert result.path is None


def test_some_pages_alone_are_refused() -> None:
    assert "whole file" in refused(artwork(pages=2), "to_pdfx4", pages=[1])


# The plan


@pytest.mark.parametrize("standard", BOTH)
def test_the_profile_plans_its_own_standard(standard: str) -> None:
    result = makeready.fix(artwork(output_intent=None).bytes(), profile=PROFILES[standard], allow="review")
    assert not result.remaining
    assert re.search(rf"PDF subtype:\s+{standard}", info(result.data or b""))


def test_pdf_x_3_is_not_written() -> None:
    assert "PDF/X-3 is not written" in refused(artwork(), [{"fix": "to_pdfx", "standard": "PDF/X-3"}])


def test_a_whole_chain_makes_an_rgb_file_a_pdf_x_1a() -> None:
    given = pdf(SIZE, output_intent=None).rectangle(colour=(1, 0, 0)).image(colour="rgb", ppi=60, at=("40 mm", "5 mm"))
    result = fixed(given, ["convert_to_cmyk", "to_pdfx1a"], profile="pdfx-1a")
    assert [(issue.code, issue.message) for issue in result.remaining] == []
