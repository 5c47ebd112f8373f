"""What a file says of itself, in the Info dictionary and in XMP: the same in both, and which standard it follows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pikepdf import Dictionary, Name, Pdf, Stream
from pikepdf.models.metadata import PdfMetadata, decode_pdf_date, encode_pdf_date

from makeready.facts import Identity
from makeready.pdf.standard import identity

Standard = Literal["PDF/X-1a", "PDF/X-4"]
#: What each standard is called where a file claims it (ISO 15930-4:2003, 6.2; ISO 15930-7:2010, 6.2).
CLAIMS: Mapping[Standard, str] = {"PDF/X-1a": "PDF/X-1a:2003", "PDF/X-4": "PDF/X-4"}
#: The schema that PDF/X-4 is claimed in (ISO 15930-7:2010).
_PDFXID = "http://www.npes.org/pdfx/ns/id/"
_VERSION, _CONFORMANCE = "GTS_PDFXVersion", "GTS_PDFXConformance"
#: In the Info dictionary, and in XMP.
_DATES = (("CreationDate", "xmp:CreateDate"), ("ModDate", "xmp:ModifyDate"))


def describe(
    pdf: Pdf, standard: Standard, title: str, mark: str, *, changed: bool, now: datetime, trapped: bool = False
) -> list[str]:
    """Let the file claim a standard and say all that this asks for; what else it says of itself stays.

    Args:
        pdf: the file.
        standard: the standard.
        title: for a file that has none.
        mark: of this file and no other; its document identifier is made of it where it has none.
        changed: whether it was changed otherwise: then it gets a new date.
        now: the date.
        trapped: what a file says that did not.

    Returns:
        What was done, in words; nothing where all was said already.
    """
    before = identity(pdf)
    info, xmp = _wanted(before, standard, title, mark, trapped)
    with_xmp = standard == "PDF/X-4" or isinstance(pdf.Root.get("/Metadata"), Stream)
    if not with_xmp:
        xmp = {}
    said = _told(before, info, xmp, standard)
    if not said and not changed:
        return []
    info["ModDate"], stamp = encode_pdf_date(now), now.isoformat(timespec="seconds")
    info.setdefault("CreationDate", info["ModDate"])
    _write_info(pdf, {key: value for key, value in info.items() if before.info.get(key) != value or key == "Trapped"})
    if with_xmp:
        instance = uuid.uuid5(uuid.NAMESPACE_OID, f"{mark} {stamp}")
        xmp |= {"xmp:ModifyDate": stamp, "xmp:MetadataDate": stamp, "xmpMM:InstanceID": f"uuid:{instance}"}
        xmp.setdefault("xmp:CreateDate", stamp)
        if before.xmp_damage:
            said.append("the XMP metadata were damaged and written anew, as far as they could be read")
        # What is right already stays as it is written: titles in other languages, texts of any length.
        _write_xmp(pdf, {name: value for name, value in xmp.items() if before.xmp.get(name) != value}, standard)
    return said


def _wanted(
    before: Identity, standard: Standard, title: str, mark: str, trapped: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """What both are to say. Where they disagree, the one that the standard reads is believed."""
    four = standard == "PDF/X-4"

    def either(key: str, name: str) -> str | None:
        both = (before.info.get(key), before.xmp.get(name))
        return (both[1] or both[0]) if four else (both[0] or both[1])

    said = either("Trapped", "pdf:Trapped")
    info = {
        "Title": either("Title", "dc:title") or title,
        "Trapped": said if said in ("True", "False") else str(trapped),
    }
    xmp = {"dc:title": info["Title"], "pdf:Trapped": info["Trapped"]}
    for key, name in _DATES:
        moments = [_of_xmp(before.xmp.get(name)), _of_info(before.info.get(key))]
        moment = next((found for found in (moments if four else moments[::-1]) if found), None)
        if moment is not None:
            info[key], xmp[name] = encode_pdf_date(moment), moment.isoformat(timespec="seconds")
    info[_VERSION] = CLAIMS[standard]
    if not four:
        return info, xmp
    xmp["pdfxid:GTS_PDFXVersion"] = CLAIMS[standard]
    document = uuid.uuid5(uuid.NAMESPACE_OID, mark)
    for name, value in (("DocumentID", f"uuid:{document}"), ("VersionID", "1"), ("RenditionClass", "default")):
        xmp[f"xmpMM:{name}"] = before.xmp.get(f"xmpMM:{name}") or value
    return info, xmp


def _told(before: Identity, info: Mapping[str, str], xmp: Mapping[str, str], standard: Standard) -> list[str]:
    """What is not yet said so, in words."""
    said = []
    four = standard == "PDF/X-4"
    claimed = before.xmp.get("pdfxid:GTS_PDFXVersion") if four else before.info.get(_VERSION)
    other = [before.info.get(key) for key in (_VERSION, _CONFORMANCE)] if four else [before.info.get(_CONFORMANCE)]
    if claimed != CLAIMS[standard] or any(found not in (None, CLAIMS[standard]) for found in other):
        said.append(f"the file says that it is {CLAIMS[standard]}")
    if not (before.xmp.get("dc:title") if four else before.info.get("Title")):
        said.append(f'the title is "{info["Title"]}"')
    if before.info.get("Trapped") != info["Trapped"]:
        said.append(f"Trapped is {info['Trapped']}")
    if four:
        named = ("xmp:CreateDate", "xmp:ModifyDate", "xmp:MetadataDate")
        dates = [name for name in named if not _of_xmp(before.xmp.get(name))]
    else:
        dates = [key for key, _ in _DATES if not _of_info(before.info.get(key))]
    missing = [name for name in xmp if name.startswith("xmpMM:") and name not in before.xmp]
    if dates or missing:
        said.append(f"dates and identifiers were added ({', '.join([*dates, *missing])})")
    differing = [
        key
        for key, name in (("Title", "dc:title"), ("Trapped", "pdf:Trapped"))
        if name in xmp and {before.info.get(key), before.xmp.get(name)} - {None, info[key]}
    ]
    differing += [key for key, name in _DATES if name in xmp and _apart(before.info.get(key), before.xmp.get(name))]
    if differing:
        said.append(f"Info and XMP say the same of {', '.join(differing)}")
    return said


def _apart(info: str | None, xmp: str | None) -> bool:
    one, other = _of_info(info), _of_xmp(xmp)
    return one is not None and other is not None and abs((one - other).total_seconds()) >= 1


def _of_info(text: str | None) -> datetime | None:
    try:
        found = decode_pdf_date(text) if text and text[4:5] != "-" else None
    except (ValueError, IndexError):
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def _of_xmp(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text and not text.startswith("D:") else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def _write_info(pdf: Pdf, info: Mapping[str, str]) -> None:
    if not isinstance(pdf.trailer.get("/Info"), Dictionary):
        pdf.trailer["/Info"] = pdf.make_indirect(Dictionary())
    entries: Any = pdf.trailer.Info
    for key, value in info.items():
        entries[f"/{key}"] = Name(f"/{value}") if key == "Trapped" else value
    if f"/{_CONFORMANCE}" in entries:  # of the edition of 2001
        del entries[f"/{_CONFORMANCE}"]


def _write_xmp(pdf: Pdf, xmp: Mapping[str, str], standard: Standard) -> None:
    PdfMetadata.register_xml_namespace(_PDFXID, "pdfxid")
    with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as packet:
        for name, value in xmp.items():
            packet[name] = value
        claim = f"{{{_PDFXID}}}{_VERSION}"
        if standard != "PDF/X-4" and claim in packet:
            del packet[claim]
