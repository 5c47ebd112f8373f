"""Pages as Ghostscript draws them, in the file that they came from.

Ghostscript writes whole files anew, and loses much of what is not painted: boxes are moved and turned, the output
intent and the metadata go. So it gets bare copies of the pages, and only what it drew goes back into the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pikepdf
from pikepdf import Dictionary

from makeready import intake
from makeready.changes import Refusal
from makeready.facts import Artwork, Page
from makeready.fixes.job import Job
from makeready.fixes.proof import VISIBLE, compare
from makeready.intake import Source
from makeready.pdf.ink import Press
from makeready_ghostscript import ghostscript

#: Of a page that is drawn upright from its corner, what would turn, move or cut it.
_BESIDE = ("/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/UserUnit", "/Annots", "/StructParents", "/AA")
#: The side of a square whose tone is told, in pixels of plates: 1.5 mm.
_TONE = 4
#: Of a document, what concerns its pages but not what they paint.
_ABOUT = ("/OpenAction", "/Names", "/AcroForm", "/Outlines", "/StructTreeRoot", "/PageLabels", "/AA", "/Dests")


def redraw(
    job: Job,
    numbers: Sequence[int],
    options: Sequence[str],
    *,
    minutes: float,
    most: float,
    prepare: Callable[[pikepdf.Pdf], None] | None = None,
    flat: bool = False,
    inks: bool = False,
) -> Path:
    """The file with some pages drawn anew, once it was found to look and to print the same.

    Args:
        job: the file; it stays as it is.
        numbers: the pages, from 1.
        options: of Ghostscript.
        minutes: how long it may take.
        most: the share of a page that may look different, 0 to 1.
        prepare: changes the copies of the pages before they are drawn.
        flat: the pages become pictures, and nothing on them is see-through any more: their groups go.
        inks: how a page looks is told by its plates, and not by its colours on a screen.

    Returns:
        The new file, in the job's folder.

    Raises:
        MissingDependency: Ghostscript is not installed.
        Refusal: it cannot be done, or something would be lost.
    """
    ghostscript.program()
    source = job.pdf.file()
    if "/OCProperties" in job.pdf.pdf.Root:
        raise Refusal("the file has layers, which would be lost: make them one first")
    given, drawn, made = (job.folder / f"ghostscript-{name}.pdf" for name in ("given", "drawn", "made"))
    try:
        _bare(source, numbers, given, prepare)
        ghostscript.pdfwrite(given, drawn, *options, minutes=minutes)
        _put_back(source, numbers, drawn, made, flat=flat)
        _believe(job, made, numbers, most, flat=flat, inks=inks)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    finally:
        given.unlink(missing_ok=True)
        drawn.unlink(missing_ok=True)
    return made


def _bare(source: Path, numbers: Sequence[int], target: Path, prepare: Callable[[pikepdf.Pdf], None] | None) -> None:
    with pikepdf.open(source) as copy:
        for number in range(len(copy.pages), 0, -1):
            if number not in numbers:
                del copy.pages[number - 1]
        for page in copy.pages:
            page.obj.MediaBox, page.obj.Rotate = page.mediabox, 0
            page.obj.Resources = page.resources
            for entry in _BESIDE:
                if entry in page.obj:
                    del page.obj[entry]
            parent = page.obj.get("/Parent")
            while isinstance(parent, Dictionary):
                if "/CropBox" in parent:
                    del parent.CropBox
                parent = parent.get("/Parent")
        for entry in _ABOUT:
            if entry in copy.Root:
                del copy.Root[entry]
        if prepare is not None:
            prepare(copy)
        copy.save(target, encryption=False)


def _put_back(source: Path, numbers: Sequence[int], drawn: Path, target: Path, *, flat: bool) -> None:
    with pikepdf.open(source) as whole, pikepdf.open(drawn) as made:
        if len(made.pages) != len(numbers):
            raise Refusal(f"Ghostscript drew {len(made.pages)} of {len(numbers)} pages")
        for number, page in zip(numbers, made.pages, strict=True):
            old = whole.pages[number - 1]
            x, y = (float(value) for value in old.mediabox[:2])
            page.contents_coalesce()
            content = page.obj.Contents.read_bytes()
            old.obj.Contents = whole.make_stream(f"q 1 0 0 1 {x:.5f} {y:.5f} cm\n".encode() + content + b"\nQ")
            old.obj.Resources = whole.copy_foreign(made.make_indirect(page.resources))
            for entry in ("/StructParents", *(("/Group",) if flat else ())):
                if entry in old.obj:
                    del old.obj[entry]
        whole.save(target, encryption=False)


def _believe(job: Job, made: Path, numbers: Sequence[int], most: float, *, flat: bool, inks: bool) -> None:
    """Whether the new file has the inks and the overprint of the old one, and looks like it.

    In a picture, overprint is worked out: whether it is there is told by the plates that both come to.

    Raises:
        Refusal: it has not, or does not.
    """
    old, before = job.pdf.file(), job.facts
    after = intake.read(Source(job.name, path=made), pages=job.pages)
    for number in numbers:
        lost = _spots(before, number) - _spots(after, number)
        if lost:
            raise Refusal(f"the spot colour {sorted(lost)[0]} on page {number} would be lost")
        if not flat and _overprints(before, number) != _overprints(after, number):
            raise Refusal(f"what overprints on page {number} would be lost")
    if inks:
        shares = {page.number: _otherwise(old, made, page) for page in before.pages if page.number in numbers}
    else:
        shares = {page.page: page.differing for page in compare(old, before, made, after)}
    for number in numbers:
        if shares.get(number, 0.0) > most:
            raise Refusal(f"page {number} would print differently: {shares[number]:.0%} of it")


def _otherwise(before: Path, after: Path, page: Page) -> float:
    """The share of a page on which the tone of some process plate is visibly not what it was, 0 to 1.

    Tone is the mean of a small square: pixels of pictures that were drawn again fall elsewhere.
    """
    import numpy as np
    import pymupdf

    found = []
    for path in (before, after):
        with pymupdf.open(path, filetype="pdf") as opened:
            document = pymupdf.mupdf.pdf_document_from_fz_document(opened.this)
            plates = Press(document).plates(page, ())
            if plates is None:
                return 0.0
            rows, columns = (size // _TONE * _TONE for size in plates.amounts.shape[:2])
            tones = plates.amounts[:rows, :columns].reshape(rows // _TONE, _TONE, columns // _TONE, _TONE, -1)
            found.append(tones.mean(axis=(1, 3)))
    return float((np.abs(found[0] - found[1]).max(axis=2) > VISIBLE).mean())


def _spots(artwork: Artwork, number: int) -> set[str]:
    return {ink.name for ink in artwork.inks if ink.spot and number in ink.pages}


def _overprints(artwork: Artwork, number: int) -> bool:
    return any(paint.colour.overprint for paint in artwork.paints if paint.page == number)
