"""PDF/X: a file that follows the standard and says so; or the reasons why it cannot, and what would help."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from makeready import press
from makeready.changes import Change, Refusal, Safety, Stage
from makeready.facts import Artwork, Page, Rect
from makeready.fixes.colour import OWN
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.press import Press
from makeready.registry import fix

if TYPE_CHECKING:
    from makeready.pdf.mend.xmp import Standard

#: What is put right here; for the rest the file is refused, with the fix that has to come first.
_CURES = (
    "STD101", "STD102", "STD103", "STD104", "STD105", "STD106", "STD107", "STD108", "STD109", "STD110", "STD112",
    "STD115", "STD116", "STD117", "STD118", "STD119", "STD120", "STD122", "STD123", "STD124", "STD125", "STD126",
    "STD127", "STD128",
)  # fmt: skip
#: The PDF version that each standard builds on, and the latest version of ICC profiles (as the STD checks have it).
_VERSIONS = {"PDF/X-1a": ("1.4", 2), "PDF/X-4": ("1.6", 4)}
_NO_COLOUR = ("link", "abstract", "named colour")
_NAMES = {"text": "text", "vector": "shapes", "image": "pictures", "shading": "gradients"}
#: The most reasons that are told at once.
_TOLD = 6


class ToPdfX(Params):
    """Settings of to_pdfx4 and to_pdfx1a."""

    press: str = param(
        OWN,
        f"The press: {OWN} (the one that the file's output intent names, else {press.DEFAULT}), one of "
        f"{', '.join(press.names())}, or the path of an ICC output profile.",
    )
    title: str = param("", "The title of a file that has none; the name of the file when left empty.")
    trapped: bool = param(False, "Say that a file is trapped which does not say whether it is.")


class ToAnyPdfX(ToPdfX):
    """Settings of to_pdfx."""

    standard: Literal["PDF/X-1a", "PDF/X-3", "PDF/X-4"] = param(
        "PDF/X-4", "The standard; PDF/X-3 is not written.", like="STD101.standard"
    )


@fix(
    id="to_pdfx4",
    title="Make a PDF/X-4 of the file",
    stage=Stage.STANDARD,
    safety=Safety.REVIEW,
    kinds=("pdf",),
    params=ToPdfX,
    needs=("constructs",),
    seconds_per_page=0.05,
)
def to_pdfx4(job: Job, params: ToPdfX) -> Iterator[Change]:
    """The file follows PDF/X-4 (ISO 15930-7:2010) and says so, or is refused with what has to be done before.

    ## What changes
    The version (PDF 1.6), what the file says of itself in XMP and in the Info dictionary (standard, title, dates,
    identifiers, Trapped), and the output intent, whose profile is put into the file. A page without TrimBox gets the
    CropBox or the whole sheet for one, and the change says so; boxes are laid inside one another. Taken out are
    actions, scripts, attachments, links and annotations that do not print, transfer functions, halftones and
    rendering intents that are not allowed, PostScript, OPI comments and alternate pictures. Spots that are shown
    with RGB are shown with process inks. LZW is packed anew. Layers are named, listed, and stay as they print.
    A digital signature is removed: it vouches for the file as it was before.

    ## What stays exactly as it was
    All that is painted, with its numbers: pages print the same, but where a transfer function or a halftone was in
    the file; programs that show pages as they print show them for the new output intent. Transparency, layers, other
    entries of XMP and Info, output intents for other standards.

    ## When not to use it
    It is refused, and the reason names the fix to run first, where a font is not embedded, RGB has no profile, a page
    cannot be read in full, letters have no shapes, annotations print, or a part of the page is outside of the file.
    The result is held against the checks of this standard; no program promises that a file conforms to PDF/X in full.
    """
    yield from _to_standard(job, params, "PDF/X-4")


@fix(
    id="to_pdfx1a",
    title="Make a PDF/X-1a of the file",
    stage=Stage.STANDARD,
    safety=Safety.REVIEW,
    kinds=("pdf",),
    params=ToPdfX,
    needs=("constructs",),
    rank=1,
    seconds_per_page=0.05,
    seconds_per_megapixel=0.1,
)
def to_pdfx1a(job: Job, params: ToPdfX) -> Iterator[Change]:
    """The file follows PDF/X-1a (ISO 15930-4:2003) and says so, or is refused with what has to be done before.

    ## What changes
    The version (PDF 1.4, without object streams), what the file says of itself (standard, title, dates, Trapped), and
    the output intent. A page without TrimBox gets the CropBox or the whole sheet for one, and the change says so;
    boxes are laid inside one another. Taken out are actions, scripts, attachments, links and annotations that do not
    print, transfer functions, halftones and rendering intents that are not allowed, PostScript, OPI comments and
    alternate pictures, and transparency settings that nothing is painted with. CMYK with the profile of the output
    intent becomes CMYK without one: the numbers stay. Spots that are shown with other colours than CMYK or gray are
    shown with process inks. Pictures packed with JPEG 2000, JBIG2 or LZW are packed anew; 16 bits become 8. A digital
    signature is removed: it vouches for the file as it was before.

    ## What stays exactly as it was
    All that is painted, with its inks: pages print the same, but where a transfer function or a halftone was in the
    file; programs that show pages as they print show them for the new output intent. Other entries of XMP and Info,
    output intents for other standards.

    ## When not to use it
    It is refused, and the reason names the fix to run first, where something is see-through, in RGB or Lab, or on a
    layer, where a font is not embedded, a page cannot be read in full, letters have no shapes, annotations print, or
    a part of the page is outside of the file. PDF/X-4 asks for less: to_pdfx4 keeps transparency and layers. The
    result is held against the checks of this standard; no program promises that a file conforms to PDF/X in full.
    """
    yield from _to_standard(job, params, "PDF/X-1a")


@fix(
    id="to_pdfx",
    title="Make a PDF/X of the file, of the standard that it is checked by",
    stage=Stage.STANDARD,
    safety=Safety.REVIEW,
    cures=_CURES,
    kinds=("pdf",),
    params=ToAnyPdfX,
    needs=("constructs",),
    rank=2,
    seconds_per_page=0.05,
)
def to_pdfx(job: Job, params: ToAnyPdfX) -> Iterator[Change]:
    """What to_pdfx4 or to_pdfx1a do, whichever the profile asks for: this is the one that is planned.

    ## What changes
    See to_pdfx4 and to_pdfx1a.

    ## What stays exactly as it was
    See to_pdfx4 and to_pdfx1a.

    ## When not to use it
    For PDF/X-3, which is refused: make a PDF/X-1a or a PDF/X-4.
    """
    if params.standard == "PDF/X-3":
        raise Refusal("PDF/X-3 is not written: use to_pdfx4, or to_pdfx1a where all is CMYK and spot colours")
    yield from _to_standard(job, params, params.standard)


@dataclass
class _Press:
    """What the output intent is to be."""

    #: The file's own, which stays.
    own: Any = None
    #: One that is written.
    new: Press | None = None
    profile: bytes | None = None
    model: str = "CMYK"
    #: The same as a press of four inks.
    inks: Press | None = None


def _to_standard(job: Job, params: ToPdfX, standard: Standard) -> Iterator[Change]:
    from makeready.pdf.mend import intent, packing, pdfx, xmp
    from makeready.pdf.mend.recolour import recolour

    if len(job.pages) != len(job.pdf.pdf.pages):
        raise Refusal("PDF/X is a matter of the whole file: choose all pages")
    mark = hashlib.sha256(job.pdf.file().read_bytes()).hexdigest()
    pdf, facts = job.pdf.pdf, job.facts
    reasons = list(_reasons(facts, standard))
    chosen = _chosen(job, params, standard)
    reasons += _colours(facts, standard, chosen.model)
    boxes = {page.number: _boxes(pdf, page, reasons) for page in facts.pages}
    reasons += _notes(pdf, facts, boxes)
    packed = _packed(job, standard, reasons)
    spaces = pdfx.Spaces(pdf, standard, chosen.profile, chosen.model, chosen.inks)
    looked = recolour(job.pdf, facts, spaces.look)
    reasons += [f"page {page}: {why}" for page, found in sorted(looked.left.items()) for why in found]
    if reasons:
        more = f"; and {len(reasons) - _TOLD} more" if len(reasons) > _TOLD else ""
        raise Refusal(f"{'; '.join(reasons[:_TOLD])}{more}")

    said: list[tuple[str, int | None, dict[str, Any]]] = []
    assert packed is not None
    packed.write()
    counts = packed.counts
    if standard == "PDF/X-1a" and (inline := packing.inline_lzw(job.pdf, facts)):
        counts["inline pictures packed with LZW"] += inline
    if counts:
        said.append((f"packed anew: {_listed(counts)}", None, {"counts": dict(counts)}))
    renamed = recolour(job.pdf, facts, spaces.recipe).counts if spaces.found else {}
    for page, found in sorted(renamed.items()):
        text = f"in process inks without a profile, or shown with them, by the same numbers: {_listed(found)}"
        said.append((text, page, {"counts": dict(found)}))
    if pdfx.signed(pdf):
        said.append(("the digital signature was removed: it vouched for the file as it was before", None, {}))
    if gone := pdfx.silence(pdf):
        said.append((f"removed: {', '.join(gone)}", None, {"removed": gone}))
    if cleaned := pdfx.clean(pdf, standard):
        said.append((f"removed: {_listed(cleaned)}", None, {"removed": dict(cleaned)}))
    if standard == "PDF/X-4":
        said += [(text, None, {}) for text in pdfx.settle_layers(pdf)]
    said += _laid(pdf, boxes)
    said += [(text, None, {}) for text in _set_press(pdf, chosen, intent)]
    said += [(text, None, {}) for text in _structure(job, standard)]
    now = datetime.now(UTC).replace(microsecond=0)
    title = params.title or Path(job.name).stem
    words = xmp.describe(pdf, standard, title, mark, changed=bool(said), now=now, trapped=params.trapped)
    if words:
        said.insert(0, ("; ".join(words), None, {"after": xmp.CLAIMS[standard]}))
    for text, number, details in said:
        yield Change(text[0].upper() + text[1:], number, details=details)


# What it cannot be made of


def _reasons(facts: Artwork, standard: Standard) -> Iterator[str]:
    """Why the file cannot be made to follow the standard, with what would help."""
    for page in facts.pages:
        if page.damage:
            yield f"page {page.number} cannot be read in full ({page.damage[0]}): try repair_structure first"
        if page.media is None:
            yield f"page {page.number} has no MediaBox: run set_boxes first"
    for font in facts.fonts:
        if font.painted and not font.embedded:
            where = f"page {font.pages[0]}"
            yield f"{font.name or 'a font without a name'} is not embedded ({where}): run embed_fonts, or export again"
    for missing in facts.missing_glyphs:
        yield f"page {missing.page}: {missing.font or 'a font'} has no shapes for {missing.count} of its letters"
    for embedded in facts.profiles:
        profile = embedded.profile
        if profile.damage or profile.device_class in _NO_COLOUR:
            why = profile.damage or f"is of class {profile.device_class}"
            yield f"the profile of a {embedded.used_by} {why}: run convert_to_cmyk, or export again"
    for fact in facts.constructs:
        where = f"page {fact.page}" if fact.page else "the file"
        if fact.kind == "external stream":
            yield f"{where}: data of a stream are in another file: export with all content in the file"
        elif fact.kind == "reference XObject":
            yield f"{where}: a form stands for a page of another file: export with all content in the file"
        elif fact.kind == "separation":
            yield f"{where} is one plate of a separated job: export a composite PDF"
        elif fact.kind == "page scale" and standard == "PDF/X-1a":
            yield f"{where} has a UserUnit, which PDF 1.4 does not know: run set_boxes first"
    if standard == "PDF/X-1a":
        pages = sorted({use.page for use in facts.transparencies})
        if pages:
            yield f"something is see-through on {_pages(pages)}: flatten with remove_transparency first"
        if facts.layers:
            yield "there are layers, which PDF 1.4 does not know: run flatten_layers first"
        if any(image.object is None and image.mask and "LZW" in (image.compression or "") for image in facts.images):
            yield "an inline stencil is packed with LZW: export again"


def _family(space: str) -> str:
    return (space.removeprefix("Indexed ").split() or [""])[0]


def _colours(facts: Artwork, standard: Standard, model: str) -> Iterator[str]:
    """What is painted in colours that the standard does not allow, and for which there is no other name."""
    found: dict[str, tuple[set[str], set[int]]] = {}

    def forbid(space: str, what: str, page: int) -> None:
        kinds, pages = found.setdefault(space, (set(), set()))
        kinds.add(what)
        pages.add(page)

    for paint in facts.paints:
        family = _family(paint.colour.family)
        if standard == "PDF/X-1a":
            cmyk = family in ("DeviceCMYK", "DeviceGray", "Separation", "DeviceN", "Pattern", "unknown")
            fine = cmyk or (family == "ICCBased" and paint.colour.model == "cmyk")
        else:
            fine = {"DeviceRGB": "RGB", "DeviceCMYK": "CMYK"}.get(family, model) == model
        if not fine:
            forbid(paint.colour.space, _NAMES.get(paint.what, paint.what), paint.page)
    for blend in facts.blend_spaces if standard == "PDF/X-4" else ():
        if {"DeviceRGB": "RGB", "DeviceCMYK": "CMYK"}.get(blend.space, model) != model:
            forbid(blend.space, "transparency", blend.page)
    for space, (kinds, pages) in found.items():
        lacks = "" if standard == "PDF/X-1a" else f", which has no meaning for an output intent of {model}"
        where = f"{', '.join(sorted(kinds))} on {_pages(sorted(pages))}"
        yield f"{space} is used ({where}){lacks}: run convert_to_cmyk first"


def _boxes(pdf: Any, page: Page, reasons: list[str]) -> tuple[Rect, dict[str, Rect | None], list[str]]:
    """The area that annotations may not lie in, the new boxes, and what was done in words; in units of the page."""
    from makeready.pdf.mend import pdfx

    unit = page.user_unit
    media, shown = page.media, page.crop
    if media is None or shown is None:
        return Rect(0, 0, 0, 0), {}, []
    media, shown = (Rect(*(value / unit for value in rect)) for rect in (media, shown))
    wanted, words = pdfx.boxes(pdf.pages[page.number - 1].obj, media, shown)
    now = {
        name: wanted.get(name) or (Rect(*_sorted(old)) if old is not None and name not in wanted else None)
        for name, old in (("BleedBox", page.boxes.bleed), ("TrimBox", page.boxes.trim), ("ArtBox", page.boxes.art))
    }
    product = now["TrimBox"] or now["ArtBox"]
    if product is not None and product.intersection(media) is None:
        reasons.append(f"page {page.number}: the product lies outside of the MediaBox: run set_boxes first")
    return now["BleedBox"] or product or media, wanted, words


def _sorted(box: Sequence[float]) -> tuple[float, float, float, float]:
    return min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])


def _notes(pdf: Any, facts: Artwork, boxes: dict[int, tuple[Rect, Any, Any]]) -> Iterator[str]:
    from makeready.pdf.mend import pdfx

    for number, count in pdfx.annotations_that_print(pdf, {page: found[0] for page, found in boxes.items()}).items():
        what = "annotations print" if count != 1 else "annotation prints"
        yield f"page {number}: {count} {what} on the page: make it part of the page with remove_active_content first"


def _packed(job: Job, standard: Standard, reasons: list[str]) -> Any:
    from makeready.pdf.mend import packing, samples

    try:
        return packing.Unpacked(job.pdf, standard)
    except samples.Unfit as why:
        reasons.append(f"{why}: export again")
        return None


def _pages(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:_TOLD])
    more = " and others" if len(numbers) > _TOLD else ""
    return f"page{'s' if len(numbers) != 1 else ''} {shown}{more}"


def _listed(counts: Any) -> str:
    return ", ".join(f"{what} ({count})" for what, count in sorted(counts.items()))


# What is done


def _chosen(job: Job, params: ToPdfX, standard: Standard) -> _Press:
    """The press: the file's own, or the one that is asked for."""
    from makeready.icc import read_header
    from makeready.pdf.mend import intent

    pdf, latest = job.pdf.pdf, _VERSIONS[standard][1]
    own = intent.usable(pdf, ("CMYK",) if standard == "PDF/X-1a" else ("CMYK", "RGB"), latest)
    of_file = intent.press_of(pdf)
    if params.press != OWN:
        asked = press.load(params.press)
        if own is not None and intent.profile_of(pdf) == asked.icc:
            return _Press(own=own, profile=asked.icc, inks=asked)
        _known(asked, latest, standard)
        return _Press(new=asked, profile=asked.icc, inks=asked)
    if own is not None:
        model = intent.model(own) or "CMYK"
        return _Press(own=own, profile=bytes(own.DestOutputProfile.read_bytes()), model=model,
                      inks=of_file if model == "CMYK" else None)  # fmt: skip
    if of_file is not None and read_header(of_file.icc).device_class == "output":
        _known(of_file, latest, standard)
        return _Press(new=of_file, profile=of_file.icc, inks=of_file)
    named = intent.named(pdf)
    if named is not None:
        condition, registry = named
        shipped = [press.load(name) for name in press.names()]
        same = [one for one in shipped if _folded(one.condition) == _folded(condition)]
        if same:
            return _Press(new=same[0], profile=same[0].icc, inks=same[0])
        if standard == "PDF/X-1a" and registry:
            return _Press(own=intent.without_profile(pdf))
        raise Refusal(f"the output intent names {condition}, whose profile is not in the file: name it with press")
    default = press.load(press.DEFAULT)
    return _Press(new=default, profile=default.icc, inks=default)


def _folded(name: str) -> str:
    return "".join(name.lower().split())


def _known(wanted: Press, latest: int, standard: Standard) -> None:
    from makeready.icc import read_header

    version = read_header(wanted.icc).version or "0"
    if int(version.split(".")[0]) > latest:
        raise Refusal(
            f"the profile of {wanted.condition} is of version {version}, and {standard} knows {latest} at most: name "
            "another one with press"
        )


def _set_press(pdf: Any, chosen: _Press, intent: Any) -> list[str]:
    if chosen.new is None:
        return list(intent.tidy(pdf, chosen.own))
    before = intent.named(pdf)
    intent.write(pdf, chosen.new)
    if before is None:
        return [f"the output intent is {chosen.new.condition}; the file named none: set press where it is another"]
    if _folded(before[0]) == _folded(chosen.new.condition):
        return [f"the profile of the output intent, {chosen.new.condition}, was put into the file"]
    return [f"the output intent was {before[0]} and is {chosen.new.condition}: the numbers stay, their colours differ"]


def _laid(pdf: Any, boxes: dict[int, tuple[Rect, Any, list[str]]]) -> list[tuple[str, int | None, dict[str, Any]]]:
    from makeready.pdf.mend import boxes as mend

    done: list[tuple[str, int | None, dict[str, Any]]] = []
    for number, (_, wanted, words) in boxes.items():
        if wanted:
            mend.write(pdf.pages[number - 1].obj, wanted, 1.0)
            after = {name: list(rect) if rect else None for name, rect in wanted.items()}
            done.append(("; ".join(words), number, {"after": after}))
    return done


def _structure(job: Job, standard: Standard) -> list[str]:
    """Version, packing of the objects, identifier and lock: what is settled when the file is written."""
    who, said = job.facts.identity, []
    wanted = _VERSIONS[standard][0]
    assert who is not None
    if who.version != wanted and not (standard == "PDF/X-1a" and who.version == "1.3"):
        said.append(f"the file is of PDF {wanted}; it was of {who.version}")
        job.pdf.version = wanted
    if "/Version" in job.pdf.pdf.Root:
        del job.pdf.pdf.Root["/Version"]
    if standard == "PDF/X-1a":
        job.pdf.object_streams = False
        if any(fact.kind == "cross-reference stream" for fact in job.facts.constructs):
            said.append("the cross-reference table is no longer a stream")
    if not who.file_id:
        said.append("the file has an identifier")
    if job.facts.encryption is not None:
        said.append("the file is no longer encrypted")
    return said
