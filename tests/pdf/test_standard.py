"""What a PDF says of itself, and the constructs that standards restrict, wherever a page reaches them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream

import makeready
from makeready.facts import Construct, Identity
from makeready.pdf import standard
from makeready.testing import pdf

SMALL = "100x100mm"
FORM = {"Type": Name.XObject, "Subtype": Name.Form, "BBox": [0, 0, 9, 9]}


def artwork_of(builder: Any) -> Any:
    facts = makeready.inspect(builder if isinstance(builder, bytes) else builder.bytes(), needs=["constructs"]).facts
    assert facts is not None
    return facts


def opened(builder: Any) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(builder.bytes()))


def kinds(file: pikepdf.Pdf, numbers: tuple[int, ...] = (1,)) -> set[tuple[str, str | None]]:
    return {(found.kind, found.value) for found in standard.constructs(file, numbers)}


# Identity


def test_who_the_file_says_it_is() -> None:
    found = artwork_of(pdf(SMALL, pdfx="PDF/X-4", title="A & B")).identity
    assert (found.header, found.version, found.file_id, found.xmp_damage) == ("1.6", "1.6", True, None)
    assert found.info["Title"] == found.xmp["dc:title"] == "A & B"
    assert (found.info["Trapped"], found.xmp["pdf:Trapped"]) == ("False", "False")
    assert found.xmp["pdfxid:GTS_PDFXVersion"] == "PDF/X-4"
    assert "GTS_PDFXVersion" not in found.info


@pytest.mark.parametrize(
    ("claim", "version", "conformance", "header"),
    [
        ("PDF/X-1a:2001", "PDF/X-1:2001", "PDF/X-1a:2001", "1.3"),
        ("PDF/X-1a:2003", "PDF/X-1a:2003", "PDF/X-1a:2003", "1.3"),
        ("PDF/X-3:2002", "PDF/X-3:2002", None, "1.3"),
        ("PDF/X-3:2003", "PDF/X-3:2003", None, "1.4"),
    ],
)
def test_the_claim_is_in_the_info_dictionary_before_pdf_x_4(claim, version, conformance, header) -> None:
    found = artwork_of(pdf(SMALL, pdfx=claim)).identity
    assert found.info["GTS_PDFXVersion"] == version
    assert found.info.get("GTS_PDFXConformance") == conformance
    assert found.header == header


@pytest.mark.parametrize(("catalog", "version"), [("1.7", "1.7"), ("1.4", "1.6"), ("1.10", "1.10"), ("x", "1.6")])
def test_the_later_of_header_and_catalog_is_the_version(catalog, version) -> None:
    builder = pdf(SMALL)
    builder.objects.Root.Version = Name("/" + catalog)
    found = artwork_of(builder).identity
    assert (found.header, found.version) == ("1.6", version)


def test_info_and_xmp_agree_with_exiftool(run, tmp_path) -> None:
    file = pdf(SMALL, pdfx="PDF/X-4", title="Größe").save(tmp_path / "one.pdf")
    (said,) = json.loads(run("exiftool", "-j", "-G1", "-a", file))
    found = artwork_of(file.read_bytes()).identity
    assert said["XMP-dc:Title"] == found.xmp["dc:title"]
    assert said["PDF:Title"] == found.info["Title"]
    assert said["XMP-xmpMM:RenditionClass"] == found.xmp["xmpMM:RenditionClass"]
    assert said["XMP-xmp:CreateDate"].replace(":", "") == found.xmp["xmp:CreateDate"].translate(
        str.maketrans({"-": "", ":": "", "T": " "})
    )


PACKET = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">%s</rdf:RDF></x:xmpmeta><?xpacket end="w"?>   """


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        (b'<rdf:Description xmlns:p="http://ns.adobe.com/pdf/1.3/" p:Trapped="True"/>', {"pdf:Trapped": "True"}),
        (
            b'<rdf:Description xmlns:q="http://purl.org/dc/elements/1.1/"><q:title><rdf:Alt><rdf:li xml:lang="de">Eins'
            b'</rdf:li><rdf:li xml:lang="x-default">One</rdf:li></rdf:Alt></q:title></rdf:Description>',
            {"dc:title": "One"},
        ),
        (
            b'<rdf:Description xmlns:q="http://purl.org/dc/elements/1.1/"><q:creator><rdf:Seq><rdf:li>A</rdf:li>'
            b"<rdf:li>B</rdf:li></rdf:Seq></q:creator></rdf:Description>",
            {"dc:creator": "A, B"},
        ),
        (b'<rdf:Description xmlns:o="http://example.org/"><o:title>No</o:title></rdf:Description>', {}),
        (
            b'<rdf:Description xmlns:m="http://ns.adobe.com/xap/1.0/mm/"><m:DerivedFrom rdf:parseType="Resource">'
            b"<m:DocumentID>x</m:DocumentID></m:DerivedFrom></rdf:Description>",
            {},
        ),
    ],
    ids=["as an attribute", "in several languages", "a list", "of another schema", "a structure"],
)
def test_the_ways_to_write_a_property(inside, found) -> None:
    builder = pdf(SMALL)
    builder.objects.Root.Metadata = Stream(builder.objects, PACKET % inside)
    identity = standard.identity(opened(builder))
    assert (identity.xmp, identity.xmp_damage) == (found, None)


LAUGHS = b"<!DOCTYPE a [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY %c '&%c;&%c;&%c;'>" % (new, old, old, old) for old, new in zip(b"abcdef", b"bcdefg", strict=True)
)


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (b"", "not well-formed"),
        (b"\xff\xfe\x00", "not well-formed"),
        (PACKET[:-30], "not well-formed"),
        (LAUGHS + b"]><a>&g;</a>", "entities"),
        (b"<?xml version='1.0' encoding='no-such'?><a/>", "not well-formed"),
    ],
)
def test_xmp_that_cannot_be_read_says_why(packet, words) -> None:
    builder = pdf(SMALL)
    builder.objects.Root.Metadata = Stream(builder.objects, packet)
    found = standard.identity(opened(builder))
    assert found.xmp == {}
    assert words in (found.xmp_damage or "")


def test_entries_that_are_no_text() -> None:
    builder = pdf(SMALL)
    info = builder.objects.docinfo
    info.Trapped, info.Title, info.Odd = True, Array([1]), Dictionary()
    info.Long = "x" * 5000
    found = standard.identity(opened(builder))
    assert found.info["Trapped"] == "true"
    assert {"Title", "Odd"} & set(found.info) == set()
    assert len(found.info["Long"]) == 1000


@pytest.mark.parametrize("written", [None, Array([]), Array(["a"]), Array([1, 2]), Name.No])
def test_what_is_no_file_identifier(written) -> None:
    file = opened(pdf(SMALL))
    if written is None:
        del file.trailer["/ID"]
    else:
        file.trailer["/ID"] = written
    assert not standard.identity(file).file_id


# Constructs


def test_a_plain_file_has_none_but_its_profile() -> None:
    assert kinds(opened(pdf(SMALL))) == {("output profile", "4 channels")}


def state(file: pikepdf.Pdf, **entries: Any) -> Any:
    return file.make_indirect(Dictionary(Type=Name.ExtGState, **(entries or {"TR": Name.Identity})))


def in_form(file: pikepdf.Pdf, resources: Any) -> Any:
    return file.make_indirect(Stream(file, b"", Resources=resources, **FORM))


PLACES: dict[str, Callable[[pikepdf.Pdf, Any], None]] = {
    "a form in a form": lambda file, wanted: file.pages[0].obj.Resources.__setitem__(
        "/XObject",
        Dictionary(A=in_form(file, Dictionary(XObject=Dictionary(B=in_form(file, Dictionary(ExtGState=wanted)))))),
    ),
    "a tiling pattern": lambda file, wanted: file.pages[0].obj.Resources.__setitem__(
        "/Pattern", Dictionary(P=Stream(file, b"", PatternType=1, Resources=Dictionary(ExtGState=wanted)))
    ),
    "a shading pattern": lambda file, wanted: file.pages[0].obj.Resources.__setitem__(
        "/Pattern", Dictionary(P=Dictionary(PatternType=2, ExtGState=wanted.S))
    ),
    "a Type 3 font": lambda file, wanted: file.pages[0].obj.Resources.__setitem__(
        "/Font", Dictionary(F=Dictionary(Subtype=Name.Type3, Resources=Dictionary(ExtGState=wanted)))
    ),
    "a soft mask": lambda file, wanted: file.pages[0].obj.Resources.__setitem__(
        "/ExtGState",
        Dictionary(G=Dictionary(SMask=Dictionary(G=in_form(file, Dictionary(ExtGState=wanted))))),
    ),
    "an annotation": lambda file, wanted: file.pages[0].obj.__setitem__(
        "/Annots",
        Array([Dictionary(Subtype=Name.Stamp, AP=Dictionary(N=in_form(file, Dictionary(ExtGState=wanted))))]),
    ),
    "a state of a field": lambda file, wanted: file.pages[0].obj.__setitem__(
        "/Annots",
        Array([
            Dictionary(
                Subtype=Name.Widget,
                AP=Dictionary(N=Dictionary(Off=in_form(file, Dictionary(ExtGState=wanted)))),
            )
        ]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_wherever_a_page_reaches_it(place) -> None:
    file = opened(pdf(SMALL))
    PLACES[place](file, Dictionary(S=state(file)))
    assert ("transfer function", "TR") in kinds(file)


def test_what_no_page_reaches_does_not_count() -> None:
    file = opened(pdf(SMALL))
    file.Root.Left = state(file)
    assert ("transfer function", "TR") not in kinds(file)


def test_resources_that_pages_inherit() -> None:
    file = opened(pdf(SMALL))
    del file.pages[0].obj.Resources
    file.Root.Pages.Resources = Dictionary(ExtGState=Dictionary(S=state(file)))
    assert ("transfer function", "TR") in kinds(file)


def test_a_form_that_names_itself_is_read_once() -> None:
    file = opened(pdf(SMALL))
    form = in_form(file, Dictionary(ExtGState=Dictionary(S=state(file))))
    form.Resources.XObject = Dictionary(Me=form)
    file.pages[0].obj.Resources.XObject = Dictionary(A=form, B=form)
    (found,) = [one for one in standard.constructs(file, [1]) if one.kind == "transfer function"]
    assert (found.count, found.page) == (1, 1)


def test_one_row_for_many_with_the_first_object_and_page() -> None:
    file = opened(pdf(SMALL, pages=2))
    states = [state(file) for _ in range(5)]
    for number, some in ((0, states[:3]), (1, states[2:])):
        entries = Dictionary({f"/S{place}": one for place, one in enumerate(some)})
        file.pages[number].obj.Resources.ExtGState = entries
    rows = {one.page: one for one in standard.constructs(file, [1, 2]) if one.kind == "transfer function"}
    assert {page: row.count for page, row in rows.items()} == {1: 3, 2: 2}  # the shared one is the first page's
    assert rows[1].object in [one.objgen for one in states[:3]]
    assert {one.page for one in standard.constructs(file, [2]) if one.kind == "transfer function"} == {2}


def test_the_facts_hold_both() -> None:
    facts = artwork_of(pdf(SMALL).transparency(alpha=0.5).image(ppi=72, colour="rgb", compression="flate", bits=16))
    assert isinstance(facts.identity, Identity)
    found = {(one.kind, one.value, one.page) for one in facts.each(Construct)}
    assert {("opacity", "0.5", 1), ("16-bit image", None, 1), ("output profile", "4 channels", None)} <= found


HOSTILE = {
    "resources that are a number": lambda file: file.pages[0].obj.__setitem__("/Resources", 3),
    "states that are a list": lambda file: file.pages[0].obj.Resources.__setitem__("/ExtGState", Array([1])),
    "a state that is a name": lambda file: file.pages[0].obj.Resources.__setitem__(
        "/ExtGState", Dictionary(S=Name.No)
    ),
    "settings of the wrong kind": lambda file: file.pages[0].obj.Resources.__setitem__(
        "/ExtGState", Dictionary(S=Dictionary(ca=Name.No, BM=3, SMask=4, HT=5, TR2=6, RI=7, HTP=8))
    ),
    "a picture of nothing": lambda file: file.pages[0].obj.Resources.__setitem__(
        "/XObject",
        Dictionary(I=Stream(file, b"", Subtype=Name.Image, Alternates=Array([3]), Mask=Array([1]), Filter=3)),
    ),
    "spaces that are short": lambda file: file.pages[0].obj.Resources.__setitem__(
        "/ColorSpace", Dictionary(A=Array([]), B=Array([Name.ICCBased]), C=Array([Name.Separation, Name.X]), D=1)
    ),
    "a font without anything": lambda file: file.pages[0].obj.Resources.__setitem__(
        "/Font", Dictionary(F=Dictionary(DescendantFonts=Array([1]), CharProcs=Name.No))
    ),
    "contents of numbers": lambda file: file.pages[0].obj.__setitem__("/Contents", Array([1, 2])),
    "annotations that are none": lambda file: file.pages[0].obj.__setitem__(
        "/Annots", Array([1, Dictionary(), Dictionary(AP=Dictionary(N=3), A=4, AA=5)])
    ),
    "intents that are none": lambda file: file.Root.__setitem__("/OutputIntents", Array([1, Dictionary()])),
    "preferences that are a name": lambda file: file.Root.__setitem__("/ViewerPreferences", Name.No),
    "a deep space": lambda file: file.pages[0].obj.Resources.__setitem__(
        "/ColorSpace",
        Dictionary(A=Array([Name.Pattern, Array([Name.Pattern, Array([Name.Pattern, Array([Name.Pattern, 1])])])])),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", HOSTILE)
def test_structures_that_are_not_what_they_should_be(fault) -> None:
    file = opened(pdf(SMALL))
    HOSTILE[fault](file)
    standard.constructs(file, [1])
    standard.identity(file)
