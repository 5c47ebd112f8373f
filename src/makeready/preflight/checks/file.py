"""The file itself: can it be read, printed, trusted; is it of the kind and length that was ordered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from makeready.facts import ActiveContent, Artwork, Encryption
from makeready.params import AtMost, Between, Params, Threshold, param
from makeready.registry import check
from makeready.results import Finding, Severity
from makeready.units import Count, FileSize, PixelCount, Quantity

#: Extensions that are right for a format; the first is what we would call it.
EXTENSIONS = {
    "PDF": ("pdf", "ai"),
    "JPEG": ("jpg", "jpeg", "jpe", "jfif", "mpo"),
    "PNG": ("png", "apng"),
    "TIFF": ("tif", "tiff", "dng"),
    "WebP": ("webp",),
    "GIF": ("gif",),
    "BMP": ("bmp", "dib"),
    "PSD": ("psd", "psb"),
    "JPEG 2000": ("jp2", "jpx", "j2k", "jpf"),
}


@check(
    code="FIL101",
    name="unreadable",
    title="The file cannot be read, or only after mending it",
    on=Artwork,
    message="{what}",
    severity=Severity.WARNING,
    needs=("jpeg",),
)
def unreadable(artwork: Artwork, params: Params) -> Iterator[Finding]:
    """A file that one program has to mend before it can read it may come out differently in the next.

    ## What it looks at
    Whether the file opens at all (if not, that is an error and the only issue in the report), and what had to
    be repaired while reading: a rebuilt cross-reference table, broken objects, page content that could not be
    interpreted to its end, missing end marks of pictures. Stale linearisation hints are not damage.

    ## Why it matters on press
    Every RIP mends broken files in its own way. What looks right in a viewer may lose a picture on the plate.

    ## What to do
    Open the file in the program that made it and export it again. If it came by mail or upload, have it sent
    once more: cut-off transfers are the usual cause.
    """
    if artwork.damage:
        yield Finding(details={"what": _sentence(artwork.damage), "damage": list(artwork.damage)})
    for page in artwork.pages:
        if page.damage:
            what = f"part of the page could not be interpreted: {_sentence(page.damage)}"
            yield Finding(page=page.number, places=(), details={"what": what, "damage": list(page.damage)})
    for picture in artwork.pixel_studies:
        if picture.cut_short:
            what = f"the data of {picture.title} end too early: its lower part is missing"
            yield Finding(page=picture.page, places=picture.places, details={"what": what, "damage": [what]})


def _sentence(damage: tuple[str, ...]) -> str:
    more = f" (and {len(damage) - 1} more)" if len(damage) > 1 else ""
    return f"{damage[0]}{more}"


@check(
    code="FIL102",
    name="encrypted",
    title="The file is protected by a password or forbids what a printer must do",
    on=Encryption,
    message="the file forbids {what} ({method})",
    kinds=("pdf",),
)
def encrypted(encryption: Encryption, params: Params) -> Iterator[Finding]:
    """A protected file stops the line until someone finds the person who knows the password.

    ## What it looks at
    Whether a password is needed to open the file (then nothing else can be checked), and whether its
    permissions forbid printing in full quality (error) or changing it (warning: it cannot be mended or imposed).

    ## Why it matters on press
    Imposition, trapping and colour conversion all rewrite the file. Honest programs refuse when it says no.
    PDF/X does not allow encryption at all (ISO 15930-7, 6.1.1 by way of PDF 1.6 without Encrypt).

    ## What to do
    Ask for a copy that was exported without security settings.
    """
    if not encryption.allows_printing:
        yield Finding(level="error", details={"what": "printing in full quality", "method": encryption.method})
    elif not encryption.allows_changing:
        yield Finding(level="warning", details={"what": "changes", "method": encryption.method})


class Formats(Params):
    """Settings of FIL103."""

    accept: tuple[str, ...] = param((), "Formats that are accepted (PDF, TIFF, JPEG, PNG …); empty accepts all.")


@check(
    code="FIL103",
    name="wrong-format",
    title="The file is not of an accepted format, or not of the one its name says",
    on=Artwork,
    params=Formats,
    message="{what}",
)
def wrong_format(artwork: Artwork, params: Formats) -> Iterator[Finding]:
    """What is in a file decides, not how it is called.

    ## What it looks at
    The format found in the content, held against the list a product accepts (error) and against the file
    name's extension (warning).

    ## Why it matters on press
    A JPEG that is called .tif stops a hot folder or is opened by the wrong program.

    ## What to do
    Export in an accepted format, or give the file its true extension.
    """
    kind = artwork.format.split(" ")[0] if artwork.kind == "pdf" else artwork.format
    accepted = {name.upper() for name in params.accept}
    if accepted and kind.upper() not in accepted:
        what = f"{artwork.format} is not accepted: send {', '.join(params.accept)}"
        yield Finding(level="error", details={"what": what, "format": artwork.format})
    known = {extension for extensions in EXTENSIONS.values() for extension in extensions}
    right = EXTENSIONS.get(kind)
    if right and artwork.extension in known and artwork.extension not in right:
        what = f"the name ends in .{artwork.extension}, the content is {artwork.format}"
        yield Finding(level="warning", details={"what": what, "format": artwork.format})


class PageCount(Params):
    """Settings of FIL104."""

    pages: Between[Count] = param({}, "How many pages are ordered: a number, or least and most.")
    multiple_of: int = param(1, "The binding needs a multiple of so many pages.", ge=1)


@check(
    code="FIL104",
    name="page-count",
    title="The number of pages is not what the product needs",
    on=Artwork,
    params=PageCount,
    message="the file has {measured} page(s); {limit} needed",
    enabled=False,
    gwg=("R0006",),
)
def page_count(artwork: Artwork, params: PageCount) -> Iterator[Finding]:
    """A saddle-stitched brochure has four pages a sheet; a poster has one.

    ## What it looks at
    The number of pages of the whole file against a number, a range, or a multiple.

    ## Why it matters on press
    Imposition puts blank pages where some are missing, and refuses where there are too many.

    ## What to do
    Add or take out pages in the layout program; ask the customer where the blank pages should go.
    """
    count = Count(artwork.page_count)
    if params.pages.missed_by(count) is not None:
        yield Finding(count, str(params.pages), details={"needed": str(params.pages)})
    elif artwork.page_count % params.multiple_of:
        yield Finding(count, f"a multiple of {params.multiple_of}", details={"multiple_of": params.multiple_of})


@check(
    code="FIL105",
    name="active-content",
    title="The file contains something that acts or plays",
    on=ActiveContent,
    message="{kind} {where}",
    severity=Severity.WARNING,
    kinds=("pdf",),
)
def active_content(content: ActiveContent, params: Params) -> Iterator[Finding]:
    """Paper does not run scripts.

    ## What it looks at
    JavaScript, launch actions, attachments, sound, video and 3D, XFA forms: in the document, on pages, in
    annotations and fields. Links and bookmarks are left alone.

    ## Why it matters on press
    Scripts can change what a page shows depending on date or viewer; PDF/X forbids them (ISO 15930-7, 6.15). They
    are also how harmful files work.

    ## What to do
    Export the artwork as PDF/X, or print the form to a new PDF so that what is seen becomes plain content.
    """
    yield Finding(details={"kind": content.kind, "where": content.where})


class Limits(Params):
    """Settings of FIL106."""

    size: AtMost[FileSize] = param({}, "The largest file.")
    pages: AtMost[Count] = param({}, "The most pages.")
    pixels: AtMost[PixelCount] = param({}, "The most pixels in one picture.")
    objects: AtMost[Count] = param({}, "The most PDF objects.")


@check(
    code="FIL106",
    name="too-large",
    title="The file is larger than the line can take",
    on=Artwork,
    params=Limits,
    message="{what}: {measured}; at most {limit}",
    enabled=False,
)
def too_large(artwork: Artwork, params: Limits) -> Iterator[Finding]:
    """Upload limits and RIP memory are finite.

    ## What it looks at
    Bytes, pages, pixels of the largest picture, and number of PDF objects, each against a limit of the profile.
    A raster file over the pixel limit of this program is not decoded at all and reported under this code.

    ## Why it matters on press
    Files far over the usual size are most often pictures of far too high a resolution, or a map that should
    have been simplified; they block the RIP for everybody else.

    ## What to do
    Downsample pictures to what the press can show, flatten or simplify vector maps, split the job.
    """
    pixels = max((image.width_px * image.height_px for image in artwork.images), default=0)
    measured: tuple[tuple[str, Quantity, Threshold[Any]], ...] = (
        ("the file", FileSize(artwork.bytes), params.size),
        ("pages", Count(artwork.page_count), params.pages),
        ("the largest picture", PixelCount(pixels), params.pixels),
        ("PDF objects", Count(artwork.objects or 0), params.objects),
    )
    for what, value, limits in measured:
        if graded := limits.grade(value):
            yield Finding(value, graded.limit, graded.level, {"what": what})
