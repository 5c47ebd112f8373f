"""Fixes by Ghostscript: outlines in place of text, pictures in place of what is see-through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from makeready.changes import Change, Refusal
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Percent, Resolution

if TYPE_CHECKING:
    import pikepdf

#: The built-in fixes for the same issues are planned first.
AFTER_BUILT_IN = 50


class Drawn(Params):
    """Settings of all fixes by Ghostscript."""

    minutes: float = param(10.0, "How long Ghostscript may take.", gt=0, le=24 * 60)
    differing: Percent = param("3 %", "How much of a page may look different by more than a trace, in all.")


class OutlineFonts(Drawn):
    """Settings of outline_fonts."""

    every: bool = param(False, "Outline the text of every page, whether or not its fonts are in the file.")
    folder: Path | None = param(None, "A folder with fonts of your own, for those that are not in the file.")
    system: bool = param(True, "Whether fonts of the same name that are installed on this machine are taken.")


@fix(
    id="outline_fonts",
    title="Make outlines of text",
    stage="fonts",
    safety="review",
    cures=("FNT101",),
    kinds=("pdf",),
    params=OutlineFonts,
    rank=AFTER_BUILT_IN,
    seconds_per_page=1.0,
)
def outline_fonts(job: Job, params: OutlineFonts) -> Iterator[Change]:
    """The text of pages with fonts that are not in the file becomes outlines: then no font is needed.

    ## What changes
    All text of these pages, also in fonts that are embedded, is drawn as shapes by Ghostscript. Fonts that are missing
    are found as embed_fonts finds them: the font itself in your folder or on this machine, else one of the same
    measure. The text cannot be searched, copied or corrected any more.

    ## What stays exactly as it was
    Places, colours, spot colours and overprint, and the look: all that is compared before the file is changed, and the
    fix refuses where something would be lost. Boxes, output intent, metadata, comments, links; all other pages.

    ## When not to use it
    Where embedding is allowed: text in fonts is crisper at small sizes on coarse devices, and stays text. Files with
    layers are refused. Text in comments and form fields is left as it is.
    """
    from makeready_ghostscript.redraw import redraw

    facts = job.facts
    named = {page: [font.name for font in facts.fonts if page in font.pages] for page in job.pages}
    lacking = {page for font in facts.fonts if font.painted and not font.embedded for page in font.pages}
    numbers = [page for page in job.pages if named[page] and (params.every or page in lacking)]
    if not numbers:
        return

    def prepare(pages: pikepdf.Pdf) -> None:
        _give_fonts(pages, params)

    keep = ("-sColorConversionStrategy=LeaveColorUnchanged", "-dNoOutputFonts")
    made = redraw(job, numbers, keep, minutes=params.minutes, most=params.differing / 100, prepare=prepare)
    job.become(made, "pdf")
    for page in numbers:
        before = sorted({name or "a font without a name" for name in named[page]})
        message = f"The text became outlines; its fonts were {', '.join(before)}"
        yield Change(message, page, details={"before": before, "after": []})


def _give_fonts(pages: pikepdf.Pdf, params: OutlineFonts) -> None:
    """Embed what is missing, so that Ghostscript takes no font of its own choice.

    Raises:
        Refusal: a font is not at hand.
    """
    from makeready.fixes.fonts import EmbedFonts
    from makeready.pdf.mend.embed import Embedding, missing
    from makeready.pdf.mend.programs import Library

    most = EmbedFonts().difference * 10
    embedding = Embedding(pages, Library(params.folder, system=params.system), most)
    done = [embedding.give(font) for font in missing(pages)]
    left = "; ".join(f"{one.name}: {one.why}" for one in done if one.program is None)
    if left:
        raise Refusal(f"{left}. Name a folder that has the fonts, or ask for a file with its fonts embedded")


class FlattenWithGhostscript(Drawn):
    """Settings of flatten_with_ghostscript."""

    resolution: Resolution = param("600 ppi", "What the pages are drawn at; edges are not smoothed.", ge=72, le=2400)
    differing: Percent = param("10 %", "How much of a page may look different by more than a trace, in all.")


@fix(
    id="flatten_with_ghostscript",
    title="Make pictures of pages with transparency",
    stage="transparency",
    safety="review",
    cures=("TRN101",),
    kinds=("pdf",),
    params=FlattenWithGhostscript,
    rank=AFTER_BUILT_IN,
    seconds_per_page=3.0,
)
def flatten_with_ghostscript(job: Job, params: FlattenWithGhostscript) -> Iterator[Change]:
    """Each page with transparency becomes one picture, drawn by Ghostscript.

    ## What changes
    All of such a page, text and vectors as well, is drawn at the stated resolution: in CMYK, or in RGB where the page
    has no other colours. The text cannot be searched or copied any more.

    ## What stays exactly as it was
    Pages without transparency, boxes, output intent, metadata, comments and links. The look is compared before the
    file is changed, and the fix refuses where a page comes out different.

    ## When not to use it
    Where remove_transparency will do: it draws only what transparency touches and keeps text and spot colours. Pages
    with spot colours and files with layers are refused.
    """
    from makeready_ghostscript.redraw import redraw

    seen = {use.page for use in job.facts.transparencies}
    numbers = [page for page in job.pages if page in seen]
    if not numbers:
        return
    models = {paint.colour.model for paint in job.facts.paints if paint.page in seen}
    options = ["-dCompatibilityLevel=1.3", f"-r{params.resolution:g}"]
    cmyk = bool(models - {"gray", "rgb", "lab", "pattern"})
    if cmyk:
        options += ["-sColorConversionStrategy=CMYK", "-dProcessColorModel=/DeviceCMYK"]
    most = params.differing / 100
    made = redraw(job, numbers, options, minutes=params.minutes, most=most, flat=True, inks=cmyk)
    job.become(made, "pdf")
    colours = "CMYK" if cmyk else "RGB"
    for page in numbers:
        message = f"The page became a picture of {params.resolution} in {colours}"
        yield Change(message, page, details={"before": {}, "after": {"ppi": params.resolution, "colours": colours}})
