"""PDF/X: a file that conforms is clean, and each rule is broken alone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream

import makeready
from makeready.preflight import catalogue, load_profile
from makeready.testing import pdf
from makeready.testing.icc import press_profile, srgb_profile

SMALL = "100x100mm"
CLAIMS = {"PDF/X-1a": "PDF/X-1a:2003", "PDF/X-3": "PDF/X-3:2003", "PDF/X-4": "PDF/X-4"}
PARTS = {"PDF/X-1a": "ISO 15930-4:2003", "PDF/X-3": "ISO 15930-6:2003", "PDF/X-4": "ISO 15930-7:2010"}
FORM = {"Type": Name.XObject, "Subtype": Name.Form, "BBox": [0, 0, 9, 9]}
OLD, FOUR, ALL = ("PDF/X-1a", "PDF/X-3"), ("PDF/X-4",), tuple(CLAIMS)


def conforming(standard: str, **settings: Any) -> Any:
    return pdf(SMALL, pdfx=CLAIMS.get(standard, standard), **settings)


def changed(data: bytes, change: Callable[[pikepdf.Pdf], object], **saving: Any) -> bytes:
    """The file after a change of its objects."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as file:
        change(file)
        file.save(
            out, fix_metadata_version=False, compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.none, **saving,
        )  # fmt: skip
    return out.getvalue()


def issues(data: Any, standard: str, *settings: str) -> list[Any]:
    report = makeready.check(data, profile_of(standard), settings=settings)
    assert not report.crashed
    assert report.facts is not None, report.issues
    return list(report.issues)


def profile_of(standard: str) -> str:
    return standard.lower().replace("/", "")[:3] + standard[3:].lower().replace("/", "")


# Files that conform


@pytest.mark.parametrize("claim", ["PDF/X-1a:2001", "PDF/X-1a:2003", "PDF/X-3:2002", "PDF/X-3:2003", "PDF/X-4"])
@pytest.mark.parametrize("settings", [{}, {"slug": "10 mm"}, {"pages": 3}, {"bleed": None}], ids=str)
def test_a_file_that_conforms_is_clean(claim, settings) -> None:
    artwork = pdf(SMALL, pdfx=claim, **settings).text("Gold", colour=("spot", "Gold", 1))
    if "slug" in settings:
        artwork.crop_marks()
    assert issues(artwork.bytes(), claim.split(":")[0]) == []


def test_what_pdf_x_4_allows_is_clean() -> None:
    artwork = conforming("PDF/X-4").transparency(alpha=0.5).transparency(blend="Multiply").transparency(soft_mask=True)
    artwork.layer("Text").text("on a layer").layer(None)
    artwork.image(colour="srgb", compression="flate", bits=16).image(colour="rgb", compression="lzw", ppi=72).raw(
        "", {"/ColorSpace": {"/DefaultRGB": icc_based(artwork.objects)}}
    )
    assert issues(artwork.bytes(), "PDF/X-4") == []


def test_a_profiled_picture_is_clean_in_pdf_x_3_and_not_in_pdf_x_1a() -> None:
    for standard, codes in (("PDF/X-3", []), ("PDF/X-1a", ["STD112"])):
        artwork = conforming(standard).image(colour="press", ppi=72)
        assert [issue.code for issue in issues(artwork.bytes(), standard)] == codes


def test_transparency_is_a_matter_of_the_standard() -> None:
    artwork = conforming("PDF/X-3").transparency(alpha=0.5)
    (issue,) = issues(artwork.bytes(), "PDF/X-3")
    assert (issue.code, issue.page, bool(issue.places)) == ("STD114", 1, True)
    assert "50%" in issue.message


@pytest.mark.parametrize("standard", ALL)
def test_the_profile_runs_the_rules_of_the_standard_alone(standard) -> None:
    profile = load_profile(profile_of(standard))
    report = makeready.check(conforming(standard).bytes(), profile)
    ran = {run.code for run in report.runs if run.outcome != "skipped" or "no " in (run.reason or "")}
    assert ran <= {"FIL101", "FIL102"} | {c.code for c in catalogue() if c.code.startswith("STD")}
    assert {"FIL101", "STD101", "STD112"} <= ran
    assert profile.undecided
    assert all(said.settings == {"standard": standard} for code, said in profile.checks.items() if "STD" in code)


def test_every_rule_is_switched_on_somewhere_and_off_by_default() -> None:
    rules = {check.code for check in catalogue() if check.code.startswith("STD")}
    asked = {code for standard in ALL for code in load_profile(profile_of(standard)).checks if code.startswith("STD")}
    assert asked == rules
    assert not any(check.enabled for check in catalogue() if check.code in rules)


# One rule broken alone


def icc_based(file: pikepdf.Pdf, data: bytes | None = None, n: int = 3) -> Array:
    return Array([Name.ICCBased, Stream(file, data or srgb_profile(), N=n)])


def intent(file: pikepdf.Pdf) -> Any:
    return file.Root.OutputIntents[0]


def info(key: str, value: Any = None) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        if value is None:
            del file.docinfo[key]
        else:
            file.docinfo[key] = value

    return change


def xmp(pattern: str, by: str = "") -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        text = file.Root.Metadata.read_bytes().decode()
        assert re.search(pattern, text)
        file.Root.Metadata.write(re.sub(pattern, by, text).encode())

    return change


def page(**entries: Any) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        for key, value in entries.items():
            if value is None:
                del file.pages[0].obj[f"/{key}"]
            else:
                file.pages[0].obj[f"/{key}"] = value(file) if callable(value) else value

    return change


def root(**entries: Any) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        for key, value in entries.items():
            file.Root[f"/{key}"] = value

    return change


def of_intent(remove: bool = False, **entries: Any) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        for key, value in entries.items():
            if value is None:
                del intent(file)[f"/{key}"]
            else:
                intent(file)[f"/{key}"] = value
        if remove:
            del file.Root.OutputIntents

    return change


def profile(data: bytes, n: int = 4) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        intent(file).DestOutputProfile = file.make_indirect(Stream(file, data, N=n))

    return change


def edited(place: int, by: bytes) -> bytes:
    data = press_profile()
    return data[:place] + by + data[place + len(by) :]


def resource(category: str, value: Callable[[pikepdf.Pdf], Any]) -> Callable[[pikepdf.Pdf], None]:
    """One more resource, which the page draws nothing with."""

    def change(file: pikepdf.Pdf) -> None:
        resources = file.pages[0].obj.Resources
        if category not in resources:
            resources[category] = Dictionary()
        resources[category]["/New"] = file.make_indirect(value(file))

    return change


def state(**entries: Any) -> Callable[[pikepdf.Pdf], None]:
    return resource("/ExtGState", lambda file: Dictionary(**entries))


def xobject(data: bytes = b"", **entries: Any) -> Callable[[pikepdf.Pdf], None]:
    return resource("/XObject", lambda file: Stream(file, data, **entries))


def image(**entries: Any) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        (found,) = [
            xobject
            for _, xobject in file.pages[0].obj.Resources.XObject.items()
            if xobject.get("/Subtype") == Name.Image
        ]
        for key, value in entries.items():
            found[f"/{key}"] = value(file) if callable(value) else value

    return change


def note(subtype: str, rect: list[int], **entries: Any) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        look = file.make_indirect(Stream(file, b"", **FORM))
        entry = Dictionary(Type=Name.Annot, Subtype=Name("/" + subtype), Rect=rect, AP=Dictionary(N=look), **entries)
        file.pages[0].obj.Annots = Array([file.make_indirect(entry)])

    return change


def all_of(*changes: Callable[[pikepdf.Pdf], object]) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        for one in changes:
            one(file)

    return change


def layers(**configuration: Any) -> Callable[[pikepdf.Pdf], None]:
    def change(file: pikepdf.Pdf) -> None:
        group = file.make_indirect(Dictionary(Type=Name.OCG, Name="Text"))
        default = {"Name": "Layers", "Order": Array([group])} | configuration
        entries = {key: value for key, value in default.items() if value is not None}
        if "AS" in entries:
            entries["AS"] = Array([Dictionary(Event=Name.Print, Category=[Name.Print], OCGs=[group])])
        file.Root.OCProperties = Dictionary(OCGs=[group], D=Dictionary(**entries))

    return change


BOX = [20, 20, 60, 60]
OUTSIDE = [-40, -40, -20, -20]

BROKEN = [
    ("STD101", OLD, info("/GTS_PDFXVersion"), "it does not say which"),
    ("STD101", ("PDF/X-1a",), info("/GTS_PDFXVersion", "PDF/X-3:2003"), "it says another one"),
    ("STD101", ("PDF/X-3",), info("/GTS_PDFXVersion", "PDF/X-1a:2003"), "it says the other one"),
    ("STD101", FOUR, xmp("<pdfxid:.*/pdfxid:GTS_PDFXVersion>"), "XMP does not say it"),
    ("STD101", FOUR, xmp(">PDF/X-4<", ">PDF/X-4p<"), "XMP says X-4p"),
    ("STD101", FOUR, info("/GTS_PDFXVersion", "PDF/X-1a:2001"), "the Info dictionary says another one"),
    ("STD102", ALL, root(Version=Name("/1.7")), "the catalog says 1.7"),
    ("STD102", OLD, root(Version=Name("/1.5")), "the catalog says 1.5"),
    ("STD104", OLD, info("/Title"), "no title"),
    ("STD104", OLD, info("/ModDate"), "no date of the last change"),
    ("STD104", OLD, info("/CreationDate", "yesterday"), "a date that is none"),
    ("STD104", FOUR, xmp("<dc:title>.*</dc:title>"), "XMP has no title"),
    ("STD104", FOUR, xmp("<xmpMM:VersionID>1</xmpMM:VersionID>"), "XMP has no version"),
    ("STD104", FOUR, xmp("<xmp:MetadataDate>[^<]*", "<xmp:MetadataDate>D:2024"), "XMP has a date of the PDF kind"),
    ("STD105", FOUR, info("/Title", "Another"), "another title"),
    ("STD105", FOUR, info("/CreationDate", "D:20230101120000Z"), "another year"),
    ("STD105", FOUR, info("/ModDate", "D:20240101120000+01'00'"), "another zone"),
    ("STD105", FOUR, xmp("<pdf:Trapped>False", "<pdf:Trapped>True"), "trapped in XMP alone"),
    ("STD106", OLD, info("/Trapped"), "no Trapped"),
    ("STD106", ALL, all_of(info("/Trapped", Name.Unknown), xmp("<pdf:Trapped>.*</pdf:Trapped>")), "Unknown"),
    ("STD106", OLD, info("/Trapped", False), "a boolean"),
    ("STD108", ALL, of_intent(remove=True), "no output intent"),
    ("STD108", ALL, of_intent(S=Name.GTS_PDFA1), "only one for PDF/A"),
    ("STD108", ALL, lambda file: file.Root.OutputIntents.append(intent(file)), "two intents"),
    ("STD108", ALL, of_intent(OutputConditionIdentifier=None, OutputCondition="Offset"), "no identifier"),
    ("STD108", FOUR, of_intent(DestOutputProfile=None), "no profile"),
    ("STD108", OLD, of_intent(DestOutputProfile=None, RegistryName=None), "neither profile nor registry"),
    ("STD109", ALL, profile(edited(12, b"mntr")), "a profile of a monitor"),
    ("STD109", ALL, profile(press_profile()[:3000]), "a profile that is cut short"),
    ("STD109", ALL, profile(edited(16, b"5CLR")), "a profile of five colours"),
    ("STD109", ALL, profile(press_profile(), n=3), "three channels for four"),
    ("STD110", ALL, page(TrimBox=None), "neither TrimBox nor ArtBox"),
    ("STD110", ALL, page(ArtBox=[20, 20, 90, 90]), "both"),
    ("STD110", ALL, page(BleedBox=[20, 20, 90, 90]), "a BleedBox inside of the TrimBox"),
    ("STD110", ALL, page(BleedBox=[-5, -5, 400, 400]), "a BleedBox beyond the MediaBox"),
    ("STD113", OLD, profile(edited(8, b"\4\x20")), "an output profile of version 4"),
    ("STD113", FOUR, profile(edited(8, b"\5\0")), "an output profile of version 5"),
    ("STD114", OLD, state(ca=0.5), "opacity that nothing is painted with"),
    ("STD114", OLD, state(BM=Name.Multiply), "a blend mode"),
    ("STD114", OLD, page(Group=Dictionary(S=Name.Transparency)), "a group of the page"),
    ("STD115", ALL, state(TR=Name.Identity), "TR"),
    ("STD115", ALL, state(TR2=Name.Identity), "TR2 that is not Default"),
    ("STD116", ALL, state(HT=Dictionary(HalftoneType=3)), "a halftone of another type"),
    ("STD116", ALL, state(HT=Dictionary(HalftoneType=1, HalftoneName="Fine")), "a halftone with a name"),
    ("STD116", ALL, state(HT=Dictionary(HalftoneType=5, Default=Dictionary(HalftoneType=3))), "one of many"),
    ("STD116", ALL, state(HTP=[0, 0]), "a halftone phase"),
    ("STD116", ALL, state(HTO=[0, 0]), "a halftone origin"),
    ("STD117", ALL, xobject(b"showpage", Type=Name.XObject, Subtype=Name.PS), "a PostScript XObject"),
    ("STD117", ALL, xobject(**FORM, Subtype2=Name.PS), "a form of PostScript"),
    ("STD118", ALL, image(OPI=Dictionary()), "OPI of a picture"),
    ("STD118", ALL, xobject(**FORM, OPI=Dictionary()), "OPI of a form"),
    ("STD119", ALL, image(Alternates=lambda file: Array([
        Dictionary(Image=file.make_indirect(Stream(file, b"\0", Subtype=Name.Image)), DefaultForPrinting=True),
    ])), "another picture for printing"),
    ("STD120", OLD, xobject(b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", Filter=Name.LZWDecode, **FORM), "LZW"),
    ("STD120", OLD, xobject(Filter=[Name.ASCIIHexDecode, Name.JPXDecode], Subtype=Name.Image), "JPEG 2000"),
    ("STD120", OLD, xobject(Filter=Name.JBIG2Decode, Subtype=Name.Image), "JBIG2"),
    ("STD121", ALL, xobject(F="picture.raw", **FORM), "data in another file"),
    ("STD121", ALL, xobject(**FORM, Ref=Dictionary(F="other.pdf", Page=0)), "a page of another file"),
    ("STD123", OLD, layers(), "layers"),
    ("STD123", FOUR, layers(Name=None), "a configuration without a name"),
    ("STD123", FOUR, layers(Order=Array([])), "a layer that is not listed"),
    ("STD123", FOUR, layers(AS=True), "layers that switch by themselves"),
    ("STD124", ALL, root(OpenAction=Dictionary(S=Name.Named, N=Name.Print)), "an action at opening"),
    ("STD124", ALL, root(OpenAction=Dictionary(S=Name.JavaScript, JS="app.beep()")), "JavaScript"),
    ("STD124", ALL, page(AA=Dictionary(O=Dictionary(S=Name.URI, URI="https://example.org"))), "an action of a page"),
    ("STD124", ALL, note("Link", OUTSIDE, A=Dictionary(S=Name.URI, URI="https://example.org")), "a link outside"),
    ("STD125", ALL, note("Link", BOX), "a link"),
    ("STD125", ALL, note("Text", BOX, F=2), "a hidden note"),
    ("STD126", ALL, root(ViewerPreferences=Dictionary(PrintArea=Name.CropBox)), "PrintArea"),
    ("STD126", ALL, root(ViewerPreferences=Dictionary(ViewClip=Name.TrimBox)), "ViewClip"),
    ("STD127", ALL, state(RI=Name.Vivid), "of a graphics state"),
    ("STD127", ALL, image(Intent=Name.Vivid), "of a picture"),
    ("STD128", OLD, page(UserUnit=2), "UserUnit"),
    ("STD128", OLD, xobject(Subtype=Name.Image, BitsPerComponent=16), "16 bits"),
    ("STD129", ALL, page(SeparationInfo=Dictionary(DeviceColorant=Name.Cyan)), "one plate"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "standard", "change"),
    [
        pytest.param(code, standard, change, id=f"{code} {standard} {words}")
        for code, standards, change, words in BROKEN
        for standard in standards
    ],
)
def test_a_rule_that_is_broken_alone(code, standard, change) -> None:
    found = issues(changed(conforming(standard).bytes(), change), standard)
    if code == "STD109":  # the interpreter complains of such profiles, too
        found = [issue for issue in found if issue.code != "FIL101"]
    assert [(issue.code, issue.severity.value) for issue in found] == [(code, "error")]
    (issue,) = found
    assert issue.details["clause"] == PARTS[standard]
    assert issue.details["gwg"] == "R0001"
    assert PARTS[standard] in issue.message


PAINTED = [
    ("STD111", ALL, lambda artwork: artwork.text("not here", font="Helvetica"), "a font that is not in the file"),
    ("STD112", ALL, lambda artwork: artwork.text("red", colour=(1, 0, 0)), "RGB text"),
    ("STD112", ALL, lambda artwork: artwork.image(colour="rgb", ppi=72), "an RGB picture"),
    ("STD112", ALL, lambda artwork: artwork.image(colour="indexed", ppi=72), "a picture with an RGB palette"),
    ("STD112", ALL, lambda artwork: artwork.gradient((1, 0, 0), (0, 1, 0)), "an RGB blend"),
    ("STD112", ("PDF/X-1a",), lambda artwork: artwork.rectangle(colour=("lab", 50, 60, 40)), "Lab"),
    ("STD112", ("PDF/X-1a",), lambda artwork: artwork.rectangle(colour=("press", 0, 1, 1, 0)), "profiled CMYK"),
    ("STD114", OLD, lambda artwork: artwork.transparency(blend="Multiply"), "a blend mode"),
    ("STD114", OLD, lambda artwork: artwork.image(soft_mask=True, ppi=72), "a soft mask"),
    ("STD122", ALL, lambda artwork: artwork.attachment(), "an attachment"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "standard", "paint"),
    [
        pytest.param(code, standard, paint, id=f"{code} {standard} {words}")
        for code, standards, paint, words in PAINTED
        for standard in standards
    ],
)
def test_a_rule_that_is_broken_by_what_is_painted(code, standard, paint) -> None:
    found = issues(paint(conforming(standard)).bytes(), standard)
    assert {issue.code for issue in found} == {code}
    assert all(issue.details["clause"] == PARTS[standard] for issue in found)
    level = "warning" if (code, standard) == ("STD122", "PDF/X-4") else "error"
    assert {issue.severity.value for issue in found} == {level}


@pytest.mark.parametrize("standard", ALL)
def test_a_stream_with_a_crypt_filter(standard) -> None:
    data = changed(conforming(standard).bytes(), xobject(Filter=Name.Cryqt, **FORM))
    data = data.replace(b"/Cryqt", b"/Crypt")  # qpdf drops the filter when it writes
    assert [issue.code for issue in issues(data, standard)] == ["STD120"]


@pytest.mark.parametrize("standard", ALL)
def test_a_file_without_an_identifier(standard) -> None:
    data = re.sub(rb"/ID (\[)", rb"/XD \1", conforming(standard).bytes())
    assert [issue.code for issue in issues(data, standard)] == ["STD103"]


def test_a_file_that_is_encrypted(found) -> None:
    artwork = conforming("PDF/X-4").encrypt(changing=True)
    (issue,) = found("STD107", artwork)
    assert "AES" in issue.message
    assert found("STD107", conforming("PDF/X-4")) == []


def test_a_cross_reference_stream_is_later_than_pdf_1_4() -> None:
    for standard, codes in (("PDF/X-3", ["STD128"]), ("PDF/X-1a", ["STD128"]), ("PDF/X-4", [])):
        data = changed(
            conforming(standard).bytes(), lambda file: None, object_stream_mode=pikepdf.ObjectStreamMode.generate
        )
        # qpdf raises the header with it; what is looked at here is the table alone
        data = re.sub(rb"^%PDF-1\.5", b"%PDF-1.4", data)
        assert [issue.code for issue in issues(data, standard)] == codes


# Both sides


@pytest.mark.parametrize(
    ("claim", "version", "codes"),
    [
        ("PDF/X-1a:2001", "1.3", []),
        ("PDF/X-1a:2001", "1.4", ["STD102"]),
        ("PDF/X-1a:2003", "1.4", []),
        ("PDF/X-3:2002", "1.4", ["STD102"]),
        ("PDF/X-3:2003", "1.4", []),
        ("PDF/X-3:2003", "1.5", ["STD102"]),
        ("PDF/X-4", "1.4", []),
        ("PDF/X-4", "1.6", []),
        ("PDF/X-4", "1.7", ["STD102"]),
    ],
)
def test_the_version_that_each_edition_builds_on(claim, version, codes) -> None:
    data = re.sub(rb"^%PDF-1\.\d", b"%PDF-" + version.encode(), pdf(SMALL, pdfx=claim).bytes())
    found = issues(data, claim.split(":")[0])
    assert [issue.code for issue in found] == codes
    years = {"1": "ISO 15930-1:2001", "2": "ISO 15930-3:2002"}
    for issue in found:
        assert issue.details["clause"] == years.get(claim[-1], PARTS[claim.split(":")[0]])


def test_the_first_edition_of_x_1a_says_its_conformance_too() -> None:
    data = changed(pdf(SMALL, pdfx="PDF/X-1a:2001").bytes(), info("/GTS_PDFXConformance"))
    (issue,) = issues(data, "PDF/X-1a")
    assert issue.code == "STD101"


@pytest.mark.parametrize("standard", ALL)
@pytest.mark.parametrize(
    "change",
    [
        note("TrapNet", BOX),
        note("PrinterMark", BOX),
        note("Link", OUTSIDE),
        root(ViewerPreferences=Dictionary(PrintArea=Name.BleedBox, ViewArea=Name.MediaBox)),
        root(OpenAction=Array([0, Name.Fit])),
        state(TR2=Name.Default, HT=Name.Default, BM=Name.Normal, ca=1, SMask=Name("/None"), RI=Name.Perceptual),
        state(HT=Dictionary(HalftoneType=5, Default=Dictionary(HalftoneType=1))),
        all_of(page(TrimBox=None), page(ArtBox=[20, 20, 90, 90])),
        page(TrimBox=[8.504, 8.504, 291.96, 291.96], BleedBox=[8.504, 8.504, 291.96, 291.96]),
        all_of(info("/Title", ""), xmp(">Test page<", "><")),
        lambda file: file.make_indirect(Dictionary(Type=Name.ExtGState, TR=Name.Identity)),
        lambda file: file.Root.OutputIntents.append(Dictionary(S=Name.GTS_PDFA1, OutputConditionIdentifier="x")),
        image(Alternates=lambda file: Array([
            Dictionary(Image=file.make_indirect(Stream(file, b"\0", Subtype=Name.Image)), DefaultForPrinting=False),
        ])),
    ],
    ids=["a trap network", "a printer's mark", "a link beside the page", "boxes that may be printed",
         "a place to open at", "settings that change nothing", "halftones of types 5 and 1", "an ArtBox alone",
         "boxes that are equal", "an empty title", "a state that no page reaches", "an intent for PDF/A besides",
         "another picture for the screen"],
)  # fmt: skip
def test_what_is_allowed(standard, change) -> None:
    assert issues(changed(conforming(standard).bytes(), change), standard) == []


@pytest.mark.parametrize(
    ("date", "codes"),
    [
        ("D:20240101120000Z", []),
        ("D:20240101130000+01'00'", []),
        ("D:20240101120000+00'00", []),
        ("D:20240101120000", []),
        ("D:202401011200", []),
        ("D:20240101120000-05'00'", ["STD105"]),
        ("D:20240101120001Z", ["STD105"]),
        ("D:20240101", ["STD105"]),
    ],
)
def test_dates_are_compared_as_moments(date, codes) -> None:
    data = changed(conforming("PDF/X-4").bytes(), info("/CreationDate", date))
    assert [issue.code for issue in issues(data, "PDF/X-4")] == codes


@pytest.mark.parametrize(
    ("packet", "words"),
    [(b"<x:xmpmeta", "well-formed"), (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "entities"), (b"", "no element")],
)
def test_xmp_that_cannot_be_read_is_no_metadata(found, packet, words) -> None:
    data = changed(conforming("PDF/X-4").bytes(), lambda file: file.Root.Metadata.write(packet))
    (issue,) = found("STD104", data)
    assert words in issue.message
    assert found("STD104", changed(data, info("/Title", "A")), "STD104.standard=PDF/X-3") == []


def test_rgb_has_a_meaning_where_a_default_or_the_intent_gives_it_one() -> None:
    plain = conforming("PDF/X-4").rectangle(colour=(1, 0, 0))
    assert [issue.code for issue in issues(plain.bytes(), "PDF/X-4")] == ["STD112"]
    meant = conforming("PDF/X-4").rectangle(colour=(1, 0, 0))
    meant.raw("", {"/ColorSpace": {"/DefaultRGB": icc_based(meant.objects)}})
    assert issues(meant.bytes(), "PDF/X-4") == []
    # An RGB press takes DeviceRGB, and then it is DeviceCMYK that means nothing.
    rgb_press = srgb_profile()[:12] + b"prtr" + srgb_profile()[16:]
    data = changed(plain.bytes(), profile(rgb_press, n=3))
    found = issues(data, "PDF/X-4", "STD113=off")
    assert {issue.details["space"] for issue in found} == {"DeviceCMYK"}


def test_a_spot_is_held_to_what_it_is_shown_with() -> None:
    def shown_with(space: Name) -> Callable[[pikepdf.Pdf], None]:
        def change(file: pikepdf.Pdf) -> None:
            n = {"/DeviceRGB": 3, "/DeviceCMYK": 4}[str(space)]
            tint = Dictionary(FunctionType=2, Domain=[0, 1], C0=[0] * n, C1=[1] * n, N=1)
            for found in dict(file.pages[0].obj.Resources.ColorSpace.items()).values():
                found[2], found[3] = space, file.make_indirect(tint)

        return change

    data = conforming("PDF/X-1a").rectangle(colour=("spot", "Gold", 1)).bytes()
    assert issues(changed(data, shown_with(Name.DeviceCMYK)), "PDF/X-1a") == []
    (issue,) = issues(changed(data, shown_with(Name.DeviceRGB)), "PDF/X-1a")
    assert (issue.code, issue.details["ink"]) == ("STD112", "Gold")


def test_profiled_colour_in_pdf_x_3_needs_the_profile_of_the_press() -> None:
    data = conforming("PDF/X-3").rectangle(colour=("lab", 50, 60, 40)).bytes()
    assert issues(data, "PDF/X-3") == []
    (issue,) = issues(changed(data, of_intent(DestOutputProfile=None)), "PDF/X-3")
    assert issue.code == "STD108"
    plain = changed(conforming("PDF/X-3").bytes(), of_intent(DestOutputProfile=None))
    assert issues(plain, "PDF/X-3") == []


def test_a_profile_of_a_colour_that_cannot_be_read() -> None:
    artwork = conforming("PDF/X-4").image(colour="srgb", ppi=72)

    def change(file: pikepdf.Pdf) -> None:
        for found in file.objects:
            if isinstance(found, Stream) and found.get("/N") == 3:
                found.write(b"no profile at all")

    found = issues(changed(artwork.bytes(), change), "PDF/X-4")
    (issue,) = [issue for issue in found if issue.code == "STD113"]
    assert "damaged" in issue.message


def test_ghostscript_s_pdf_x_3_is_clean(tool, tmp_path) -> None:
    """Ghostscript makes PDF/X-3:2002 when it is asked to, with a prologue for the output intent."""
    import subprocess

    source = conforming("PDF/X-4").save(tmp_path / "in.pdf")
    (tmp_path / "press.icc").write_bytes(press_profile())
    prologue = tmp_path / "intent.ps"
    prologue.write_text(
        f"""[ /GTS_PDFXVersion (PDF/X-3:2002) /Title (Test) /Trapped /False /DOCINFO pdfmark
[/_objdef {{icc}} /type /stream /OBJ pdfmark
[{{icc}} << /N 4 >> /PUT pdfmark
[{{icc}} ({tmp_path}/press.icc) (r) file /PUT pdfmark
[/_objdef {{intent}} /type /dict /OBJ pdfmark
[{{intent}} << /Type /OutputIntent /S /GTS_PDFX /OutputConditionIdentifier (FOGRA39) /Info (FOGRA39)
  /RegistryName (http://www.color.org) /DestOutputProfile {{icc}} >> /PUT pdfmark
[{{Catalog}} << /OutputIntents [ {{intent}} ] >> /PUT pdfmark
"""
    )
    made = tmp_path / "out.pdf"
    options = [
        "-q", "-dPDFX", "-dBATCH", "-dNOPAUSE", "-dNOSAFER", "-sDEVICE=pdfwrite", "-dCompatibilityLevel=1.3",
        "-sColorConversionStrategy=CMYK", "-sProcessColorModel=DeviceCMYK", f"-sOutputFile={made}",
    ]  # fmt: skip
    subprocess.run([tool("gs"), *options, prologue, source], check=True, capture_output=True, timeout=120)
    assert issues(made, "PDF/X-3") == []
    assert "STD101" in {issue.code for issue in issues(made, "PDF/X-4")}
