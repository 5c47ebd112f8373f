"""What a PDF says about itself: title, dates, output intent, the standard it claims to follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pikepdf

#: One moment for every file, so that the same calls give the same bytes.
DATE, XMP_DATE = "D:20240101120000Z", "2024-01-01T12:00:00Z"
REGISTRY = "http://www.color.org"


def describe(pdf: pikepdf.Pdf, title: str, pdfx: str | None) -> None:
    """Write title, dates and standard where both kinds of reader look: document information and XMP."""
    import pikepdf

    info = pdf.docinfo
    info.Title, info.Creator, info.Producer = title, "makeready.testing", "makeready.testing"
    info.CreationDate = info.ModDate = DATE
    info.Trapped = pikepdf.Name("/False")
    if pdfx and not pdfx.startswith("PDF/X-4"):
        # The Info dictionary is where readers of PDF/X-1a and X-3 look; PDF/X-4 lives in XMP alone. The first edition
        # of X-1a shares its version with PDF/X-1, and says in a key of its own that it is the stricter one.
        info.GTS_PDFXVersion = "PDF/X-1:2001" if pdfx == "PDF/X-1a:2001" else pdfx
        if pdfx.startswith("PDF/X-1"):
            info.GTS_PDFXConformance = pdfx
    claim = f"<pdfxid:GTS_PDFXVersion>{pdfx}</pdfxid:GTS_PDFXVersion>" if pdfx else ""
    packet = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfxid="http://www.npes.org/pdfx/ns/id/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{_escaped(title)}</rdf:li></rdf:Alt></dc:title>
<xmp:CreatorTool>makeready.testing</xmp:CreatorTool><pdf:Producer>makeready.testing</pdf:Producer>
<xmp:CreateDate>{XMP_DATE}</xmp:CreateDate><xmp:ModifyDate>{XMP_DATE}</xmp:ModifyDate>
<xmp:MetadataDate>{XMP_DATE}</xmp:MetadataDate><pdf:Trapped>False</pdf:Trapped>
<xmpMM:DocumentID>uuid:6d616b65-7265-6164-7900-000000000001</xmpMM:DocumentID>
<xmpMM:VersionID>1</xmpMM:VersionID><xmpMM:RenditionClass>default</xmpMM:RenditionClass>{claim}
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
    pdf.Root.Metadata = pikepdf.Stream(
        pdf, packet.encode("utf-8"), Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML
    )


def intend(pdf: pikepdf.Pdf, condition: str) -> None:
    """Say which press the file is made for, with the test press's profile."""
    import pikepdf

    from makeready.testing.icc import press_profile

    profile = pdf.make_indirect(pikepdf.Stream(pdf, press_profile(), N=4, Alternate=pikepdf.Name.DeviceCMYK))
    pdf.Root.OutputIntents = pikepdf.Array(
        [
            pikepdf.Dictionary(
                Type=pikepdf.Name.OutputIntent, S=pikepdf.Name.GTS_PDFX, OutputConditionIdentifier=condition,
                RegistryName=REGISTRY, Info=condition, DestOutputProfile=profile,
            )
        ]
    )  # fmt: skip


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
