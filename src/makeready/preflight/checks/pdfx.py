"""PDF/X: one check a rule.

The three standards are ISO 15930-4:2003 (PDF/X-1a; the edition before it is part 1), ISO 15930-6:2003 (PDF/X-3;
before it part 3) and ISO 15930-7:2010 (PDF/X-4). Issues name the part, and the clause of ISO 32000-1 that explains
what the rule is about. A standard counts everything in the file: what lies in the slug is held to it as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any, Literal

from makeready.facts import (
    Annotation,
    Artwork,
    Colour,
    Construct,
    Encryption,
    FontUse,
    Identity,
    OutputIntent,
    Page,
    Paint,
    Rect,
)
from makeready.params import Params, param
from makeready.registry import check
from makeready.results import Finding

#: The part of ISO 15930, and the one before it for files that claim its year.
PARTS = {
    "PDF/X-1a": ("ISO 15930-4:2003", "ISO 15930-1:2001"),
    "PDF/X-3": ("ISO 15930-6:2003", "ISO 15930-3:2002"),
    "PDF/X-4": ("ISO 15930-7:2010", "ISO 15930-7:2010"),
}
_CHANNELS = {"Gray": 1, "RGB": 3, "CMYK": 4}


class ForStandard(Params):
    """The setting that all of these checks share."""

    standard: Literal["PDF/X-1a", "PDF/X-3", "PDF/X-4"] = param("PDF/X-4", "The standard whose rule is applied.")


#: A rule of the standards: runs where a profile asks for it, and is part of what GWG 2022 builds on.
rule = partial(check, params=ForStandard, enabled=False, kinds=("pdf",), gwg=("R0001",))


def _earlier(artwork: Artwork) -> bool:
    """Whether the file claims the first edition of PDF/X-1a or PDF/X-3, which builds on PDF 1.3."""
    claims = [artwork.pdfx or ""]
    if artwork.identity is not None:
        claims.append(artwork.identity.info.get("GTS_PDFXConformance", ""))
    return any(claim.endswith((":2001", ":2002")) for claim in claims)


def _broken(what: str, params: ForStandard, artwork: Artwork, about: str, **more: Any) -> Finding:
    """A finding with the part of the standard, and the clause of ISO 32000-1 that the rule is about."""
    fields = {name: more.pop(name) for name in ("page", "places", "level") if name in more}
    clause = PARTS[params.standard][_earlier(artwork)]
    return Finding(
        details={
            "what": what, "standard": params.standard, "clause": clause, "about": f"ISO 32000-1, {about}", **more
        },
        **fields,
    )  # fmt: skip


def _newer(version: str, most: str) -> bool:
    def numbers(text: str) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", text)]

    return numbers(version) > numbers(most)


def _intent(artwork: Artwork) -> OutputIntent | None:
    """The output intent for PDF/X."""
    return next((intent for intent in artwork.output_intents if intent.subtype == "GTS_PDFX"), None)


def _times(construct: Construct, one: str, many: str) -> str:
    return one if construct.count == 1 else f"{construct.count} {many}"


# Who the file says it is


@rule(
    code="STD101",
    name="pdfx-identification",
    title="The file does not say that it follows this standard",
    on=Identity,
    message="{what} ({clause})",
)
def identification(identity: Identity, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """A file is PDF/X only if it says so.

    ## What it looks at
    PDF/X-1a and X-3: the key GTS_PDFXVersion of the Info dictionary, and for PDF/X-1a:2001 also GTS_PDFXConformance
    (ISO 15930-4:2003 and ISO 15930-6:2003, with the editions before them, ISO 15930-1:2001 and ISO 15930-3:2002).
    PDF/X-4: the property pdfxid:GTS_PDFXVersion in XMP (ISO 15930-7:2010); what the Info dictionary says besides must
    not be another standard. PDF/X-4p is not PDF/X-4: its profile lies outside of the file.

    ## Why it matters on press
    The line picks its way of working by it: how colour is converted, whether transparency is to be expected.

    ## What to do
    Export with the PDF/X preset of the layout program. Do not write the key by hand: it is a promise.
    """
    version = identity.info.get("GTS_PDFXVersion")
    conformance = identity.info.get("GTS_PDFXConformance")
    claimed = identity.xmp.get("pdfxid:GTS_PDFXVersion")
    what = None
    if params.standard == "PDF/X-4":
        if claimed != "PDF/X-4":
            what = f"XMP says {claimed}, not PDF/X-4" if claimed else "XMP does not say PDF/X-4"
        elif version not in (None, "PDF/X-4"):
            what = f"XMP says PDF/X-4, the Info dictionary {version}"
    elif params.standard == "PDF/X-3":
        if version not in ("PDF/X-3:2002", "PDF/X-3:2003"):
            what = f"the Info dictionary says {version}, not PDF/X-3" if version else "it does not say PDF/X-3"
    elif version == "PDF/X-1:2001":
        if conformance != "PDF/X-1a:2001":
            what = f"it says PDF/X-1:2001 and, of its conformance, {conformance or 'nothing'}, not PDF/X-1a:2001"
    elif version != "PDF/X-1a:2003":
        what = f"the Info dictionary says {version}, not PDF/X-1a" if version else "it does not say PDF/X-1a"
    if what:
        yield _broken(what, params, artwork, "14.3.3", claimed=claimed or version)


@rule(
    code="STD102",
    name="pdfx-version",
    title="The file is of a later PDF version than the standard builds on",
    on=Identity,
    message="the file is PDF {version}; at most {most} ({clause})",
)
def version(identity: Identity, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """A later version may hold what a RIP for this standard has never heard of.

    ## What it looks at
    The version in the header and in the catalog, the later of the two: at most 1.3 for PDF/X-1a:2001 and
    PDF/X-3:2002 (ISO 15930-1, ISO 15930-3), 1.4 for PDF/X-1a:2003 and PDF/X-3:2003 (ISO 15930-4, ISO 15930-6), 1.6
    for PDF/X-4 (ISO 15930-7:2010).

    ## Why it matters on press
    What a reader does not know it skips, without a word.

    ## What to do
    Export with the PDF/X preset, which sets the version. Changing the header alone changes nothing.
    """
    most = "1.6" if params.standard == "PDF/X-4" else "1.3" if _earlier(artwork) else "1.4"
    if _newer(identity.version, most):
        yield _broken("", params, artwork, "7.5.2", version=identity.version, most=most)


@rule(
    code="STD103",
    name="pdfx-file-id",
    title="The file has no file identifier",
    on=Identity,
    message="the trailer has no ID of two parts ({clause})",
)
def file_id(identity: Identity, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """Two files of one name are told apart by their identifiers.

    ## What it looks at
    The key ID of the trailer: two strings (ISO 15930-4, ISO 15930-6, ISO 15930-7).

    ## Why it matters on press
    A corrected file that replaces another one is recognised by the second string; without it an old plate may be used.

    ## What to do
    Save the file again with any current program: they all write it.
    """
    if not identity.file_id:
        yield _broken("", params, artwork, "14.4")


_XMP_KEYS = ("dc:title", "xmp:CreateDate", "xmp:ModifyDate", "xmp:MetadataDate",
             "xmpMM:DocumentID", "xmpMM:VersionID", "xmpMM:RenditionClass")  # fmt: skip
_INFO_KEYS = ("Title", "CreationDate", "ModDate")


@rule(
    code="STD104",
    name="pdfx-metadata",
    title="Title, dates or identifiers that the standard asks for are missing",
    on=Identity,
    message="{what} ({clause})",
)
def metadata(identity: Identity, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """Which file it is and which state of it, is read from here.

    ## What it looks at
    PDF/X-1a and X-3: Title, CreationDate and ModDate of the Info dictionary (ISO 15930-4, ISO 15930-6). PDF/X-4: that
    the XMP can be read and has dc:title, xmp:CreateDate, xmp:ModifyDate, xmp:MetadataDate, xmpMM:DocumentID,
    xmpMM:VersionID and xmpMM:RenditionClass (ISO 15930-7:2010). Dates must be dates; a title may be empty.

    ## Why it matters on press
    The corrected file is told from the first one by its date, in the job ticket and in the archive.

    ## What to do
    Export with the PDF/X preset; give the document a title first.
    """
    four = params.standard == "PDF/X-4"
    if four and (identity.xmp_damage or not identity.xmp):
        why = f"the XMP metadata cannot be read: {identity.xmp_damage}" if identity.xmp_damage else "there is no XMP"
        yield _broken(why, params, artwork, "14.3.2")
        return
    entries = identity.xmp if four else identity.info
    wanted = _XMP_KEYS if four else _INFO_KEYS
    where, about = ("XMP", "14.3.2") if four else ("the Info dictionary", "14.3.3")
    if missing := [key for key in wanted if key not in entries]:
        yield _broken(f"{where} lacks {', '.join(missing)}", params, artwork, about, missing=missing)
    for key in wanted:
        if "Date" in key and key in entries and not _is_date(entries[key], xmp=four):
            yield _broken(f"{key} in {where} is no date: {entries[key][:60]!r}", params, artwork, about, entry=key)


_DATE = re.compile(
    r"(?:D:)?(\d{4})-?(\d\d)?-?(\d\d)?[T ]?(\d\d)?:?(\d\d)?:?(\d\d)?(?:\.\d+)?(?:(Z)|([+-])(\d\d):?'?(\d\d)?'?)?[0']*"
)


def _moment(text: str) -> tuple[datetime, bool, bool] | None:
    """A date of a PDF or of XMP: the moment, whether its zone is known, and whether its seconds are."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, utc, sign, hours, minutes = match.groups()
    zone = timezone.utc if utc else None  # noqa: UP017 - the class is needed for the others
    if sign:
        away = timedelta(hours=int(hours), minutes=int(minutes or 0))
        zone = timezone(away if sign == "+" else -away) if away < timedelta(days=1) else None
    try:
        parts = (int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
        return datetime(*parts, tzinfo=zone or UTC), zone is not None, second is not None
    except ValueError:
        return None


def _is_date(text: str, *, xmp: bool) -> bool:
    """Whether it is a date in the notation of its place: ``2024-01-31`` in XMP, ``D:20240131`` in a PDF."""
    mistaken = text.startswith("D:") if xmp else text[4:5] == "-"
    return not mistaken and _moment(text) is not None


def _same_moment(one: str, other: str) -> bool:
    first, second = _moment(one), _moment(other)
    if first is None or second is None:
        return True  # that one of them is no date is said elsewhere
    least = timedelta(seconds=1 if first[2] and second[2] else 60)
    moments = [first[0], second[0]]
    if not (first[1] and second[1]):  # the zone of one is not known: compare what the clock showed
        moments = [moment.replace(tzinfo=None) for moment in moments]
    return abs(moments[0] - moments[1]) < least


@rule(
    code="STD105",
    name="pdfx-metadata-disagrees",
    title="The Info dictionary and XMP say different things",
    on=Identity,
    message="{entry} is {info} in the Info dictionary and {xmp} in XMP ({clause})",
)
def metadata_disagrees(identity: Identity, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """One file, two titles: which of the two is true?

    ## What it looks at
    Title, creation date, date of the last change and Trapped, where both the Info dictionary and XMP have them; dates
    are compared as moments. Only PDF/X-4 asks for it (ISO 15930-7:2010); the standards before it read the Info
    dictionary alone.

    ## Why it matters on press
    Programs read one or the other. Most often the file was changed by a program that knows one of the two.

    ## What to do
    Open the file in Acrobat, look at its properties and save: it writes both from one source.
    """
    if params.standard != "PDF/X-4":
        return
    pairs = (("Title", "dc:title"), ("CreationDate", "xmp:CreateDate"), ("ModDate", "xmp:ModifyDate"),
             ("Trapped", "pdf:Trapped"))  # fmt: skip
    for key, name in pairs:
        if key not in identity.info or name not in identity.xmp:
            continue
        info, xmp = identity.info[key], identity.xmp[name]
        same = _same_moment(info, xmp) if "Date" in key else info.strip() == xmp.strip()
        if not same:
            both = {"entry": key, "info": repr(info[:80]), "xmp": repr(xmp[:80])}
            yield _broken("", params, artwork, "14.3.2", **both)


@rule(
    code="STD106",
    name="pdfx-trapped",
    title="The file does not say whether it is trapped",
    on=Identity,
    message="{what} ({clause})",
)
def trapped(identity: Identity, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """Trapped twice is as bad as not at all.

    ## What it looks at
    The key Trapped of the Info dictionary (for PDF/X-4 also pdf:Trapped in XMP): it must be the name True or False,
    not Unknown and not left out (ISO 15930-4, ISO 15930-6, ISO 15930-7).

    ## Why it matters on press
    Trapping spreads neighbouring inks into each other against white gaps. Whether the RIP is to do it is decided by
    this key.

    ## What to do
    False, unless you trapped the page yourself; the PDF/X preset writes it.
    """
    value = identity.info.get("Trapped")
    if value is None and params.standard == "PDF/X-4":
        value = identity.xmp.get("pdf:Trapped")
    if value not in ("True", "False"):
        what = (
            f"Trapped is {value}, neither True nor False" if value else "Trapped is missing: it must be True or False"
        )
        yield _broken(what, params, artwork, "14.11.6", value=value)


@rule(
    code="STD107",
    name="pdfx-encrypted",
    title="The file is encrypted",
    on=Encryption,
    message="the file is encrypted ({method}; {clause})",
)
def encrypted(encryption: Encryption, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """A file for exchange has no lock.

    ## What it looks at
    Whether the trailer has an Encrypt dictionary, whatever it permits (ISO 15930-4, ISO 15930-6, ISO 15930-7).

    ## Why it matters on press
    Imposition, trapping and the RIP each have to open and change the page; one of them will refuse.

    ## What to do
    Save without password security.
    """
    yield _broken("", params, artwork, "7.6", method=encryption.method)


# The press it is made for


@rule(
    code="STD108",
    name="pdfx-output-intent",
    title="The file does not say which press it is made for",
    on=Artwork,
    message="{what} ({clause})",
    needs=("constructs",),
)
def output_intent(artwork: Artwork, params: ForStandard) -> Iterator[Finding]:
    """The output intent is the heart of PDF/X: it gives the numbers a colour.

    ## What it looks at
    Exactly one output intent of subtype GTS_PDFX, with an OutputConditionIdentifier. PDF/X-4: its profile is in the
    file (ISO 15930-7:2010; where it is not, the file may be PDF/X-4p). PDF/X-1a and X-3: its profile is in the file,
    or a RegistryName says where the condition is described; PDF/X-3 with ICC, Lab or calibrated colour needs the
    profile (ISO 15930-4, ISO 15930-6).

    ## Why it matters on press
    The same CMYK numbers look different on coated stock, uncoated stock and newsprint.

    ## What to do
    Choose the printer's condition when exporting as PDF/X, such as FOGRA51 or GRACoL2006, with the profile included.
    """
    intents = [intent for intent in artwork.output_intents if intent.subtype == "GTS_PDFX"]
    structure = {(fact.kind, fact.value) for fact in artwork.constructs}

    def broken(what: str) -> Finding:
        return _broken(what, params, artwork, "14.11.5", intents=len(intents))

    if not intents:
        yield broken("there is no output intent for PDF/X")
        return
    if len(intents) > 1:
        yield broken(f"there are {len(intents)} output intents for PDF/X, one is allowed")
    if ("output condition", "missing") in structure:
        yield broken("the output intent does not name its condition (OutputConditionIdentifier)")
    intent = intents[0]
    if intent.profile is not None:
        return
    if params.standard == "PDF/X-4":
        outside = ("output profile", "external") in structure
        yield broken(
            "the output intent's profile lies outside of the file, as in PDF/X-4p"
            if outside
            else "the output intent's profile is not in the file"
        )
    elif not intent.registry:
        yield broken("the output intent has neither a profile nor a RegistryName that says where it is described")
    elif params.standard == "PDF/X-3" and any(_independent(paint.colour) for paint in artwork.paints):
        yield broken("ICC, Lab or calibrated colour is used, and the output intent's profile is not in the file")


def _family(colour: Colour) -> str:
    """The family of a colour space, or of the one behind an Indexed one: ``DeviceRGB``, ``ICCBased`` …"""
    return (colour.family.removeprefix("Indexed ").split() or [""])[0]


def _independent(colour: Colour) -> bool:
    return _family(colour) in ("ICCBased", "Lab", "CalRGB", "CalGray")


@rule(
    code="STD109",
    name="pdfx-output-profile",
    title="The output intent's profile is not that of a press",
    on=Artwork,
    message="{what} ({clause})",
    needs=("constructs",),
)
def output_profile(artwork: Artwork, params: ForStandard) -> Iterator[Finding]:
    """A camera's profile says how a picture was seen, not how it will be printed.

    ## What it looks at
    The profile of the output intent for PDF/X: it can be read, is of the class output device (``prtr``), is for gray,
    RGB or CMYK (PDF/X-1a: not RGB), and its stream says as many channels as the profile has (ISO 15930-4,
    ISO 15930-6, ISO 15930-7).

    ## Why it matters on press
    Proofs and conversions are calculated with it; with a wrong one they fail or are a guess.

    ## What to do
    Export again with the profile of the printer; most are free to download from the registries.
    """
    intent = _intent(artwork)
    if intent is None or intent.profile is None:
        return
    profile = intent.profile
    named = profile.description or intent.condition or "without a name"
    channels = _CHANNELS.get(profile.colour_space or "")
    what = []
    if profile.damage:
        what.append(f"is damaged: it {profile.damage}")
    else:
        if profile.device_class != "output":
            what.append(f"is of class {profile.device_class}, not of an output device")
        if channels is None or (params.standard == "PDF/X-1a" and channels == 3):
            what.append(f"is for {profile.colour_space}")
    said = [fact.value or "" for fact in artwork.constructs if fact.kind == "output profile"]
    counts = [int(value.split()[0]) for value in said if value.split()[0].isdigit()]
    if channels is not None and counts and channels not in counts:
        what.append(f"has {channels} channels, the file says {counts[0]}")
    for text in what:
        yield _broken(f"the output intent's profile ({named}) {text}", params, artwork, "14.11.5", profile=named)


# Pages and what is painted


def _rect(page: Page, name: Literal["media", "bleed", "trim", "art"]) -> Rect | None:
    box = getattr(page.boxes, name)
    if box is None:
        return None
    x0, x1 = sorted((box[0] * page.user_unit, box[2] * page.user_unit))
    y0, y1 = sorted((box[1] * page.user_unit, box[3] * page.user_unit))
    return Rect(x0, y0, x1, y1)


@rule(
    code="STD110",
    name="pdfx-boxes",
    title="The page boxes are not those of PDF/X",
    on=Page,
    message="{what} ({clause})",
)
def boxes(page: Page, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """Where the sheet is cut must not be left to a guess.

    ## What it looks at
    Every page has a MediaBox and either a TrimBox or an ArtBox, not both; a BleedBox holds the one and lies within
    the MediaBox (ISO 15930-4, ISO 15930-6, ISO 15930-7).

    ## Why it matters on press
    Imposition places pages by the TrimBox. Without it, it takes another box, and the page is shifted or scaled.

    ## What to do
    Export with the PDF/X preset, with the document's own bleed settings.
    """
    media, bleed = _rect(page, "media"), _rect(page, "bleed")
    trim, art = _rect(page, "trim"), _rect(page, "art")
    product, named = (trim, "TrimBox") if trim is not None else (art, "ArtBox")
    what = []
    if media is None:
        what.append("the page has no MediaBox")
    if trim is not None and art is not None:
        what.append("the page has both a TrimBox and an ArtBox, one is allowed")
    elif product is None:
        what.append("the page has neither a TrimBox nor an ArtBox")
    if bleed is not None and product is not None and not bleed.contains(product):
        what.append(f"the {named} reaches beyond the BleedBox")
    for rect, name in ((bleed, "BleedBox"), (product, named)):
        if media is not None and rect is not None and not media.contains(rect):
            what.append(f"the {name} reaches beyond the MediaBox")
    for text in what:
        yield _broken(text, params, artwork, "14.11.2")


@rule(
    code="STD111",
    name="pdfx-fonts",
    title="A font is used that is not in the file",
    on=FontUse,
    message="{name} is not embedded; used on page {first} ({clause})",
)
def fonts(font: FontUse, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """A file that does not carry its letters prints with somebody else's.

    ## What it looks at
    Every font that text is really painted with, the fourteen standard ones included: its program is in the file
    (ISO 15930-4, ISO 15930-6, ISO 15930-7). A font that is only named does not count.

    ## Why it matters on press
    The RIP takes a font of its own: other widths, other shapes, missing accents.

    ## What to do
    Export with all fonts embedded; if a font forbids it, convert that text to outlines.
    """
    if font.painted and not font.embedded:
        first = font.pages[0]
        places = tuple(
            place for run in artwork.texts if run.page == first and run.font == font.name for place in run.places
        )
        more = {"name": font.name or "a font without a name", "first": first, "pages": list(font.pages)}
        yield _broken("", params, artwork, "9.9", page=first, places=places, **more)


@rule(
    code="STD112",
    name="pdfx-colour",
    title="A colour is used that the standard does not allow",
    on=Artwork,
    message="{what} ({clause})",
    needs=("constructs",),
)
def colour(artwork: Artwork, params: ForStandard) -> Iterator[Finding]:
    """Every number must have one meaning on this press.

    ## What it looks at
    What is painted. PDF/X-1a: DeviceCMYK, DeviceGray, Separation and DeviceN alone, also behind Indexed and Pattern
    spaces, and behind the spots as what they are shown with (ISO 15930-4). PDF/X-3 and X-4: DeviceRGB only where the
    output intent is RGB or a DefaultRGB gives it a meaning, DeviceCMYK only where the intent is CMYK or there is a
    DefaultCMYK, also behind spots and as the space that transparency is mixed in (ISO 15930-6, ISO 15930-7).

    ## Why it matters on press
    RGB without a profile is converted by whoever comes last, each in his own way.

    ## What to do
    Convert to the press's profile (X-1a), or keep the picture's own profile (X-3, X-4), when exporting.
    """
    intent = _intent(artwork)
    space = (intent.profile.colour_space if intent and intent.profile else None) or "CMYK"
    if params.standard != "PDF/X-1a" and (intent is None or space not in _CHANNELS):
        return  # nothing has a meaning then, and that is said of the intent
    forbidden = {"DeviceRGB": space != "RGB", "DeviceCMYK": space in ("Gray", "RGB")}

    def allowed(family: str) -> bool:
        if params.standard == "PDF/X-1a":
            return family in ("DeviceGray", "Separation", "DeviceN", "Pattern", "unknown") or (
                family == "DeviceCMYK" and not forbidden["DeviceCMYK"]
            )
        return not forbidden.get(family, False)

    why = "" if params.standard == "PDF/X-1a" else f", the output intent is {space}"
    found: dict[tuple[int, str, str], list[Paint]] = {}
    for paint in artwork.paints:
        if not allowed(_family(paint.colour)):
            found.setdefault((paint.page, paint.what, paint.colour.space), []).append(paint)
    for (page, what, name), paints in found.items():
        count = sum(paint.count for paint in paints)
        places = tuple(place for paint in paints for place in paint.places)
        text = f"{count} × {what} in {name}{why}"
        yield _broken(text, params, artwork, "8.6", page=page, places=places, space=name, objects=count)
    defaults = {fact.value or "" for fact in artwork.constructs if fact.kind == "default space"}
    meant = set() if params.standard == "PDF/X-1a" else {f"Device{name.removeprefix('Default')}" for name in defaults}
    for ink in artwork.inks:
        behind = ink.alternate[0].removeprefix("Indexed ").split()[0] if ink.alternate and ink.alternate[0] else None
        if behind is not None and behind not in meant and not allowed(behind):
            text = f"the spot colour {ink.name} is shown with {behind} where its ink is missing{why}"
            yield _broken(text, params, artwork, "8.6.6.4", page=ink.pages[0], places=(), ink=ink.name, space=behind)
    if params.standard == "PDF/X-4":
        for blend in artwork.blend_spaces:
            if blend.space not in meant and not allowed(blend.space):
                text = f"transparency is mixed in {blend.space}{why}"
                places = blend.places
                yield _broken(text, params, artwork, "11.6.6", page=blend.page, places=places, space=blend.space)


@rule(
    code="STD113",
    name="pdfx-icc-profile",
    title="An ICC profile is of a version or class that the standard does not know",
    on=Artwork,
    message="{what} ({clause})",
)
def icc_profile(artwork: Artwork, params: ForStandard) -> Iterator[Finding]:
    """A profile that the RIP cannot read gives no colour at all.

    ## What it looks at
    Profiles of pictures and colours, and that of the output intent: version 2 for PDF/X-1a and X-3, which build on
    PDF 1.3 and 1.4 (ISO 15930-4, ISO 15930-6), 2 or 4 for PDF/X-4 (ISO 15930-7:2010). Those of colours are of class
    input, display, output or colour space (ISO 32000-1, 8.6.5.5) and can be read.

    ## Why it matters on press
    A colour engine for version 2 refuses a version 4 profile, or reads its tables wrongly.

    ## What to do
    Assign or convert to a version 2 profile; most profile makers offer both.
    """
    most = 4 if params.standard == "PDF/X-4" else 2
    intent = _intent(artwork)
    profiles = [(embedded.profile, f"a {embedded.used_by}") for embedded in artwork.profiles]
    if intent is not None and intent.profile is not None and not intent.profile.damage:
        profiles.append((intent.profile, "the output intent"))
    for profile, whose in profiles:
        named = f"the profile of {whose} ({profile.description or 'without a name'})"
        major = (profile.version or "").split(".")[0]
        if profile.damage:
            yield _broken(f"{named} is damaged: it {profile.damage}", params, artwork, "8.6.5.5")
            continue
        if major.isdigit() and int(major) > most:
            text = f"{named} is of version {profile.version}, the latest allowed is {most}"
            yield _broken(text, params, artwork, "8.6.5.5", version=profile.version)
        if whose != "the output intent" and profile.device_class in ("link", "abstract", "named colour"):
            yield _broken(f"{named} is of class {profile.device_class}", params, artwork, "8.6.5.5")


_SEE_THROUGH = ("transparency group", "soft mask", "opacity", "blend mode")


@rule(
    code="STD114",
    name="pdfx-transparency",
    title="Transparency is in a file of a standard that has none",
    on=Artwork,
    message="{what} ({clause})",
    needs=("constructs",),
)
def transparency(artwork: Artwork, params: ForStandard) -> Iterator[Finding]:
    """PDF/X-1a and X-3 know paper and ink, not glass.

    ## What it looks at
    Opacity below 1, blend modes other than Normal, soft masks and transparency groups that a page can reach, whether
    or not something is seen through (ISO 15930-4, ISO 15930-6). PDF/X-4 allows all of them (ISO 15930-7:2010), and
    nothing is reported there.

    ## Why it matters on press
    A RIP for these standards paints such objects opaque, or not at all.

    ## What to do
    Flatten transparency when exporting, at high resolution and with the press's profile; or export as PDF/X-4.
    """
    if params.standard == "PDF/X-4":
        return
    real = set()
    for use in artwork.transparencies:
        real.add(use.page)
        value = f" {use.value}" if use.value else ""
        text = f"{use.count} × {use.what} with {use.kind}{value}"
        yield _broken(text, params, artwork, "11", page=use.page, places=use.places)
    declared: dict[int | None, list[str]] = {}
    for fact in artwork.constructs:
        if fact.kind in _SEE_THROUGH and fact.page not in real:
            declared.setdefault(fact.page, []).append(" ".join(part for part in (fact.kind, fact.value) if part))
    for page, kinds in declared.items():
        text = f"nothing is seen through, yet there is {', '.join(dict.fromkeys(kinds))}"
        yield _broken(text, params, artwork, "11", page=page, places=())


# Constructs


@rule(
    code="STD115",
    name="pdfx-transfer-function",
    title="A transfer function changes the tones",
    on=Construct,
    message="a graphics state sets {value} ({clause})",
    needs=("constructs",),
)
def transfer_function(fact: Construct, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """The press sets its own tone curve.

    ## What it looks at
    Graphics states with the key TR, or with TR2 set to anything but Default (ISO 15930-4, ISO 15930-6, ISO 15930-7).

    ## Why it matters on press
    It is applied on top of the press's own curve: the picture prints lighter or darker than its proof.

    ## What to do
    Apply the curve to the picture itself in the image editor, and switch off transfer functions when exporting.
    """
    if fact.kind == "transfer function" and fact.value != "TR2 Default":
        yield _broken("", params, artwork, "10.4", value=fact.value or "a transfer function")


@rule(
    code="STD116",
    name="pdfx-halftone",
    title="The file brings a halftone of its own that the standard does not allow",
    on=Construct,
    message="{what} ({clause})",
    needs=("constructs",),
)
def halftone(fact: Construct, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """Screening belongs to the press.

    ## What it looks at
    Halftones: of type 1 or 5 only, without a HalftoneName, and no halftone phase or origin (keys HTP and HTO), in any
    graphics state a page can reach (ISO 15930-4, ISO 15930-6, ISO 15930-7).

    ## Why it matters on press
    A screen made for another device gives moiré, or tone steps.

    ## What to do
    Switch off "preserve halftone information" in the program that makes the PDF.
    """
    what = None
    if fact.kind == "halftone" and fact.value not in ("type 1", "type 5", "Default"):
        what = f"a halftone of {fact.value}, where 1 and 5 are allowed"
    elif fact.kind == "halftone name":
        what = f"a halftone has a name, {fact.value}"
    elif fact.kind == "halftone phase":
        what = f"a graphics state sets {fact.value}"
    if what:
        yield _broken(what, params, artwork, "10.5", value=fact.value)


@rule(
    code="STD117",
    name="pdfx-postscript",
    title="A piece of PostScript is in the file",
    on=Construct,
    message="{what} ({clause})",
    needs=("constructs",),
)
def postscript(fact: Construct, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """What is only seen by a PostScript printer is seen by nobody else.

    ## What it looks at
    PostScript XObjects, and forms with the key PS or of Subtype2 PS (ISO 15930-4, ISO 15930-6, ISO 15930-7).

    ## Why it matters on press
    It prints on one device and is missing on the next; no preview shows it.

    ## What to do
    Replace the object by one that is drawn in PDF.
    """
    if fact.kind == "PostScript XObject":
        what = _times(fact, f"a PostScript {fact.value}", f"PostScript {fact.value}s")
        yield _broken(what, params, artwork, "8.8.2", object=_number(fact))


def _number(fact: Construct) -> int | None:
    return fact.object[0] if fact.object else None


@rule(
    code="STD118",
    name="pdfx-opi",
    title="A picture stands in for one that is outside of the file",
    on=Construct,
    message="{what} ({clause})",
    needs=("constructs",),
)
def opi(fact: Construct, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """A file for exchange is complete.

    ## What it looks at
    Pictures and forms with an OPI dictionary, by which a server puts in the fine picture (ISO 15930-4, ISO 15930-6,
    ISO 15930-7).

    ## Why it matters on press
    The picture in the file is coarse, and the printer does not have the server.

    ## What to do
    Export with OPI switched off, so that the fine pictures go into the file.
    """
    if fact.kind == "OPI":
        what = _times(fact, f"1 {fact.value} with an OPI comment", f"{fact.value}s with OPI comments")
        yield _broken(what, params, artwork, "14.11.7", object=_number(fact))


@rule(
    code="STD119",
    name="pdfx-alternate-image",
    title="A picture has another one that is printed in its place",
    on=Construct,
    message="{what} ({clause})",
    needs=("constructs",),
)
def alternate_image(fact: Construct, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """What is seen on the screen must be what is printed.

    ## What it looks at
    Pictures with an alternate image whose DefaultForPrinting is true (ISO 15930-4, ISO 15930-6, ISO 15930-7).

    ## Why it matters on press
    The proof shows one picture and the plate may carry the other.

    ## What to do
    Keep one of the two pictures.
    """
    if fact.kind == "alternate image" and fact.value == "for printing":
        what = _times(fact, "1 picture is replaced for printing", "pictures are replaced for printing")
        yield _broken(what, params, artwork, "8.9.5.4", object=_number(fact))


@rule(
    code="STD120",
    name="pdfx-compression",
    title="Data are packed in a way that the standard does not allow",
    on=Artwork,
    message="{what} ({clause})",
    needs=("constructs",),
)
def compression(artwork: Artwork, params: ForStandard) -> Iterator[Finding]:
    """What the RIP cannot unpack it cannot print.

    ## What it looks at
    The filters of all streams that a page can reach, inline pictures included. PDF/X-1a and X-3: no LZW, JPEG 2000
    and JBIG2 (ISO 15930-4, ISO 15930-6). All three: no Crypt filter, which encrypts.

    ## Why it matters on press
    Older RIPs fail on them, and the picture is missing.

    ## What to do
    Export with JPEG or ZIP compression.
    """
    wanted = ("Crypt",) if params.standard == "PDF/X-4" else ("LZW", "JPX", "JBIG2", "Crypt")
    found: dict[tuple[str, int | None], int] = {}
    for fact in artwork.constructs:
        if fact.kind in wanted:
            found[fact.kind, fact.page] = fact.count
    for image in artwork.images:  # inline pictures are no streams
        inline = image.object is None and image.within != "explicit mask"
        if inline and image.compression in ("LZWDecode", "LZW") and "LZW" in wanted:
            found["LZW", image.page] = found.get(("LZW", image.page), 0) + 1
    for (kind, page), count in found.items():
        what = f"{count} stream{'s are' if count != 1 else ' is'} packed with {kind}"
        yield _broken(what, params, artwork, "7.4", page=page, places=(), filter=kind)


@rule(
    code="STD121",
    name="pdfx-external-content",
    title="A part of the page lies outside of the file",
    on=Construct,
    message="{what} ({clause})",
    needs=("constructs",),
)
def external_content(fact: Construct, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """A file for exchange is complete.

    ## What it looks at
    Streams whose data are in another file (the keys F and FFilter), and reference XObjects, which stand in for a page
    of another file (ISO 15930-4, ISO 15930-6, ISO 15930-7).

    ## Why it matters on press
    The other file stays with its maker: the page prints with a hole or with a coarse preview.

    ## What to do
    Place the content itself and export again.
    """
    if fact.kind == "external stream":
        what = _times(fact, "the data of a stream are", "streams have their data") + " in another file"
        yield _broken(what, params, artwork, "7.3.8", object=_number(fact))
    elif fact.kind == "reference XObject":
        what = _times(fact, "a form stands", "forms stand") + " for a page of another file"
        yield _broken(what, params, artwork, "8.10.4", object=_number(fact))


@rule(
    code="STD122",
    name="pdfx-attachment",
    title="Files are attached",
    on=Artwork,
    message="{what} ({clause})",
)
def attachment(artwork: Artwork, params: ForStandard) -> Iterator[Finding]:
    """What is attached is not printed, and nobody looks at it.

    ## What it looks at
    Embedded files of the document and of annotations. In PDF/X-1a and X-3 they are an error (ISO 15930-4,
    ISO 15930-6); in PDF/X-4 they are told as a warning, as readers for print ignore them (ISO 15930-7:2010).

    ## Why it matters on press
    A job that hides in an attachment is not printed; a line that unpacks attachments is open to attack.

    ## What to do
    Remove the attachments and send them beside the PDF.
    """
    for active in artwork.active_content:
        if active.kind == "attachment":
            level = "warning" if params.standard == "PDF/X-4" else "error"
            what = f"a file is attached {active.where}"
            yield _broken(what, params, artwork, "7.11.4", page=active.page, places=(), level=level)


@rule(
    code="STD123",
    name="pdfx-layers",
    title="The layers are not as the standard asks",
    on=Artwork,
    message="{what} ({clause})",
)
def layers(artwork: Artwork, params: ForStandard) -> Iterator[Finding]:
    """Which layers are printed must not depend on who opens the file.

    ## What it looks at
    PDF/X-1a and X-3: there are no layers, they came with PDF 1.5 (ISO 15930-4, ISO 15930-6). PDF/X-4: every
    configuration of the layers has a name, lists all of them in Order, and none lets layers switch by themselves
    (key AS) (ISO 15930-7:2010).

    ## Why it matters on press
    A layer that one program shows and the other hides: two languages over each other, or none.

    ## What to do
    Flatten the layers, or export again with a current layout program.
    """
    if params.standard != "PDF/X-4":
        if artwork.layers:
            names = [layer.name for layer in artwork.layers][:8]
            what = f"{len(artwork.layers)} layer{'s' if len(artwork.layers) != 1 else ''}: {', '.join(names)}"
            yield _broken(what, params, artwork, "8.11", layers=names)
        return
    for settings in artwork.layer_settings:
        who = "the default configuration of the layers" if settings.default else "a configuration of the layers"
        who += f" ({settings.name})" if settings.name else ""
        faults = []
        if not settings.name:
            faults.append("has no name")
        if settings.automatic:
            faults.append(f"lets layers switch by themselves at {', '.join(settings.automatic)}")
        if not settings.ordered:
            faults.append("does not list all of them")
        for text in faults:
            yield _broken(f"{who} {text}", params, artwork, "8.11.4.3", default=settings.default)


#: Types of actions that are told by another name among the active content.
_TOLD = ("JavaScript", "Launch", "Movie", "Sound", "Rendition", "RichMediaExecute", "ImportData", "SubmitForm",
         "GoTo3DView")  # fmt: skip


@rule(
    code="STD124",
    name="pdfx-actions",
    title="Something in the file acts",
    on=Artwork,
    message="{what} ({clause})",
    needs=("constructs",),
)
def actions(artwork: Artwork, params: ForStandard) -> Iterator[Finding]:
    """A page for print holds still.

    ## What it looks at
    Actions of the document, its pages and annotations, links included, JavaScript, XFA forms and media that play
    (ISO 15930-4, ISO 15930-6, ISO 15930-7). A place where the document opens is no action; neither are bookmarks.

    ## Why it matters on press
    What runs when a page is opened or printed may change it.

    ## What to do
    Export for print, without interactive elements.
    """
    for active in artwork.active_content:
        if active.kind != "attachment":
            what = f"{active.kind} {active.where}"
            yield _broken(what, params, artwork, "12.6", page=active.page, places=(), action=active.kind)
    for fact in artwork.constructs:
        if fact.kind == "action" and fact.value not in _TOLD:
            what = _times(fact, "an action", "actions") + f" of type {fact.value}"
            yield _broken(what, params, artwork, "12.6", page=fact.page, places=(), action=fact.value)


@rule(
    code="STD125",
    name="pdfx-annotations",
    title="An annotation lies on the printed area",
    on=Annotation,
    message="{subtype} annotation {where} ({clause})",
)
def on_the_page(note: Annotation, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """Notes belong beside the page.

    ## What it looks at
    Annotations and form fields that reach into the BleedBox or, where there is none, the TrimBox or ArtBox: none may,
    but printer's marks and trap networks (ISO 15930-4, ISO 15930-6, ISO 15930-7). Whether they print does not matter to
    the standard, so it does not matter here.

    ## Why it matters on press
    Some RIPs print annotations, others do not; a form field may come out grey.

    ## What to do
    Remove comments, links and fields, or flatten those that are to be printed.
    """
    page = artwork.page(note.page)
    if page is None or note.place is None or note.subtype in ("TrapNet", "PrinterMark"):
        return
    named: tuple[Literal["bleed", "trim", "art", "media"], ...] = ("bleed", "trim", "art", "media")
    name, area = next(((name, rect) for name in named if (rect := _rect(page, name)) is not None), ("", None))
    if area is not None and note.place.intersection(area) is not None:
        where = f"inside the {name.capitalize()}Box"
        yield _broken("", params, artwork, "12.5", subtype=note.subtype, where=where)


@rule(
    code="STD126",
    name="pdfx-viewer-preferences",
    title="A viewer is asked to print another box than the standard allows",
    on=Construct,
    message="the viewer preferences set {key} to {box}; MediaBox and BleedBox are allowed ({clause})",
    needs=("constructs",),
)
def viewer_preferences(fact: Construct, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """What is printed is not a question of taste.

    ## What it looks at
    ViewArea, ViewClip, PrintArea and PrintClip of the viewer preferences: MediaBox or BleedBox, where they are there
    (ISO 15930-4, ISO 15930-6, ISO 15930-7).

    ## Why it matters on press
    With another box, marks or bleed are clipped away before the plate.

    ## What to do
    Remove these preferences; nearly all files do without.
    """
    if fact.kind == "viewer preference":
        key, _, box = (fact.value or "").partition(" ")
        if box not in ("MediaBox", "BleedBox"):
            yield _broken("", params, artwork, "12.2", key=key, box=box)


_INTENTS = ("AbsoluteColorimetric", "RelativeColorimetric", "Saturation", "Perceptual")


@rule(
    code="STD127",
    name="pdfx-rendering-intent",
    title="A rendering intent is none of the four there are",
    on=Construct,
    message="the rendering intent {intent} does not exist ({clause})",
    needs=("constructs",),
)
def rendering_intent(fact: Construct, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """Four ways to bring colour into a smaller gamut have a name.

    ## What it looks at
    Rendering intents of graphics states and pictures: AbsoluteColorimetric, RelativeColorimetric, Saturation or
    Perceptual (ISO 15930-4, ISO 15930-6, ISO 15930-7).

    ## Why it matters on press
    An unknown one is replaced by the RIP's own choice.

    ## What to do
    Export again; if it stays, replace the object that carries it.
    """
    if fact.kind == "rendering intent" and fact.value not in _INTENTS:
        yield _broken("", params, artwork, "8.6.5.8", intent=fact.value or "without a name", object=_number(fact))


@rule(
    code="STD128",
    name="pdfx-later-features",
    title="The file uses what came after the PDF version the standard builds on",
    on=Construct,
    message="{what} ({clause})",
    needs=("constructs",),
)
def later_features(fact: Construct, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """A reader of PDF 1.4 does not know what PDF 1.5 brought.

    ## What it looks at
    For PDF/X-1a and X-3, which build on PDF 1.3 and 1.4 (ISO 15930-4, ISO 15930-6): cross-reference streams, pictures
    of 16 bits a channel (both PDF 1.5), pages with a UserUnit (PDF 1.6). PDF/X-4 builds on PDF 1.6 and allows them
    (ISO 15930-7:2010); nothing is reported there.

    ## Why it matters on press
    The file does not open, the picture is missing, or the page is of another size.

    ## What to do
    Export with the PDF/X preset of the program.
    """
    if params.standard == "PDF/X-4":
        return
    if fact.kind == "cross-reference stream":
        yield _broken("the cross-reference table is a stream", params, artwork, "7.5.8")
    elif fact.kind == "16-bit image":
        what = _times(fact, "1 picture has", "pictures have") + " 16 bits a channel"
        yield _broken(what, params, artwork, "8.9.5", object=_number(fact))
    elif fact.kind == "page scale":
        yield _broken(f"the page has a UserUnit of {fact.value}", params, artwork, "7.7.3.3", value=fact.value)


@rule(
    code="STD129",
    name="pdfx-preseparated",
    title="A page is one plate of a separated job",
    on=Construct,
    message="the page is the {plate} plate of a page that was separated before ({clause})",
    needs=("constructs",),
)
def preseparated(fact: Construct, params: ForStandard, artwork: Artwork) -> Iterator[Finding]:
    """PDF/X is composite: one page is one page.

    ## What it looks at
    Pages with SeparationInfo, the mark of a file that was separated before it became PDF (ISO 15930-4, ISO 15930-6,
    ISO 15930-7).

    ## Why it matters on press
    Each plate comes out as a page of its own, in gray; nothing can be trapped or converted any more.

    ## What to do
    Export a composite PDF.
    """
    if fact.kind == "separation":
        yield _broken("", params, artwork, "14.11.4", plate=fact.value or "unknown")
