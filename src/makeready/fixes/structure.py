"""The file as a structure: whole, at rest, with nothing in it that is not print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal

from makeready.changes import Change, Refusal, Safety, Stage
from makeready.errors import UnreadableFile
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix


@fix(
    id="repair_structure",
    title="Rebuild a damaged file",
    stage=Stage.REPAIR,
    safety=Safety.SAFE,
    cures=("FIL101",),
    kinds=("pdf",),
    seconds_per_page=0.1,
)
def repair_structure(job: Job, params: Params) -> Iterator[Change]:
    """A file that every program mends in its own way is mended once, and written so that none has to.

    ## What changes
    The cross-reference table, the page tree and the lengths of streams are written anew, from what can be found of
    them. Where compressed data is damaged or ends too early, it is written anew as far as it can be read, and the
    change says how much of a picture was lost. What is no instruction at all is taken out of a page, if it looks the
    same without.

    ## What stays exactly as it was
    Every object that a page needs and that can be read, and with them what prints, at its place and in its colours.

    ## When not to use it
    When the original can be had: what was cut off with a broken transfer is not brought back. A repaired page should
    be looked at, since nobody knows what it was meant to be. Content that names a picture or a font which is not in
    the file goes on being reported.
    """
    before, rebuilt = job.facts, job.pdf.rebuilt
    torn = [f"page {page.number}: {damage}" for page in before.pages for damage in page.damage]
    damage = list(before.damage)
    if rebuilt:
        damage.insert(0, "the structure could not be followed and was rebuilt from the objects that were found")
    from makeready.pdf.mend import repair

    if (damage or torn) and not rebuilt:
        _read_best(job)
    job.tell(0.4)
    file = job.pdf.file()
    salvaged = repair.salvage(job.pdf.pdf, file)
    if not damage and not torn and not salvaged:
        return
    job.tell(0.6)
    job.renew()
    hurt = [page.number for page in job.facts.pages if page.damage]
    tidied = repair.tidy(job.pdf, job.folder, hurt) if hurt else {}
    job.renew()
    left = [*job.facts.damage, *(f"page {page.number}: {line}" for page in job.facts.pages for line in page.damage)]
    cured = [line for line in [*damage, *torn] if line not in left]
    if not cured and not salvaged:
        raise Refusal(f"what is damaged cannot be told from the file: {'; '.join(left[:4])}. Export it again")
    if cured:
        rest = f" (left: {'; '.join(left[:3])})" if left else ""
        yield Change(f"rebuilt: {'; '.join(cured[:4])}{rest}", details={"before": [*damage, *torn], "after": left})
    for number, count in tidied.items():
        if count:
            message = (
                f"{count} instruction{'s' if count != 1 else ''} taken out of the content that no reader understands"
            )
            yield Change(message, number, details={"before": count, "after": 0})
    for one in salvaged:
        lost = f"; {one.lost:.0%} of it was lost" if one.lost else ""
        message = f"a damaged {one.what} was written anew, as far as it can be read{lost}"
        yield Change(message, one.page, details={"before": None, "after": one.bytes, "lost": one.lost})


def _read_best(job: Job) -> None:
    """Go on with the reading of the file that keeps most of what it shows now: qpdf's, or MuPDF's."""
    from makeready.pdf.mend import repair
    from makeready.pdf.mend.rescue import rebuilt

    file = job.pdf.file()
    now = repair.pictures(file)
    other = job.folder / "rebuilt.pdf"
    try:
        other.write_bytes(rebuilt(file))
    except UnreadableFile:
        return  # qpdf's is the only one
    job.renew()
    if repair.lost(now, repair.pictures(other)) < repair.lost(now, repair.pictures(job.pdf.file())):
        job.become(other, "pdf")
    else:
        other.unlink()


class ActiveContent(Params):
    """Settings of remove_active_content."""

    comments: Literal["flatten", "remove"] = param(
        "flatten",
        "Notes, highlights, stamps and drawings that are set to print: make them part of the page, or remove them.",
    )


@fix(
    id="remove_active_content",
    title="Remove scripts, actions and attachments; make forms and notes that print part of the page",
    stage=Stage.REPAIR,
    safety=Safety.SAFE,
    cures=("FIL105", "LAY103"),
    kinds=("pdf",),
    params=ActiveContent,
    rank=10,
    seconds_per_page=0.02,
)
def remove_active_content(job: Job, params: ActiveContent) -> Iterator[Change]:
    """Nothing is left that runs, plays or lies over the page; what prints of it is part of the page.

    ## What changes
    JavaScript, actions of the document, of pages and bookmarks, attachments, multimedia, XFA and the form itself are
    removed. Form fields and annotations that are set to print become part of the page, as they look now, with
    their transparency, and on the layer they were on. Those that are not set to print are removed, and so are links
    with their frames. One that prints and brings no look of its own gets the usual one first. Digital signatures are
    removed, since they vouch for a file that is no more.

    ## What stays exactly as it was
    What prints. The content of the pages, which those looks are added to. Bookmarks that lead to a page, and
    annotations that hold printer's marks and trapping.

    ## When not to use it
    When the PDF is to be filled in, or is to be handed on with its links. When proofreaders left notes that are set
    to print: set comments to remove, or they become part of the job.
    """
    from makeready.pdf.mend import active

    pdf = job.pdf.pdf
    if len(job.pages) != len(pdf.pages):
        raise Refusal("scripts and forms belong to the whole file: remove them on all pages")
    looks = {}
    keep = params.comments == "flatten"
    if lacking := list(active.without_look(pdf)):
        file = job.pdf.file()
        pdf = job.pdf.pdf
        looks = active.made_looks(pdf, file, lacking)
    pages = []
    for place, page in enumerate(pdf.pages):
        try:
            pages.append(active.plan_page(page.obj, place, looks, keep_comments=keep))
        except Refusal as refusal:
            raise Refusal(f"page {place + 1}: {refusal}") from refusal
    form = active.form_resources(pdf)
    known: Counter[str] = Counter(content.kind for content in job.facts.active_content)
    gone = active.silence_document(pdf)
    if gone:
        yield Change(f"removed: {', '.join(gone)}", details={"before": {"removed": gone, **known}, "after": {}})
    for place, (page, notes) in enumerate(zip(pdf.pages, pages, strict=True)):
        if notes.changes:
            active.write_page(pdf, page.obj, notes, form)
            before = {"flattened": dict(notes.flattened), "removed": dict(notes.removed), "actions": notes.actions}
            yield Change(_sentence(notes.flattened, notes.removed), place + 1, details={"before": before, "after": {}})
        job.tell((place + 1) / len(pages))


def _sentence(flattened: Mapping[str, int], removed: Mapping[str, int]) -> str:
    parts = []
    if flattened:
        parts.append(f"made part of the page: {_counted(flattened)}")
    if removed:
        parts.append(f"removed: {_counted(removed)}")
    return "; ".join(parts) or "actions of the page removed"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {what}" for what, count in sorted(counts.items()))
