"""Fixes for fonts: letters that are not in the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from makeready.changes import Change, Refusal
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Percent


class EmbedFonts(Params):
    """Settings of embed_fonts."""

    folder: Path | None = param(None, "A folder with fonts of your own, which are taken before all others.")
    system: bool = param(True, "Whether fonts of the same name that are installed on this machine are taken.")
    difference: Percent = param(
        "2 %", "How much wider or narrower letters may be than the file says, in percent of the type size."
    )


@fix(
    id="embed_fonts",
    title="Embed fonts that are not in the file",
    stage="fonts",
    safety="review",
    cures=("FNT101",),
    kinds=("pdf",),
    params=EmbedFonts,
    seconds_per_page=0.1,
)
def embed_fonts(job: Job, params: EmbedFonts) -> Iterator[Change]:
    """Fonts that are missing from the file are put into it: the very font where it is at hand, else one of its measure.

    ## What changes
    Each font that visible text is set in and that is not in the file gets a program: from your folder of fonts, or
    from those installed on this machine, if one of that name is there and its maker allows that it is embedded. For
    Helvetica, Arial, Times, Times New Roman, Courier, Courier New, Symbol and ZapfDingbats there is a font of the
    same measure of the URW base 35 collection, which may be embedded in any document. The report names each one. It is
    taken only if it has all letters that the file shows, and as wide as the file says.

    ## What stays exactly as it was
    The place of every letter: the widths in the file go on to count. The text, its colours and its encoding; fonts that
    are in the file already, and those that only invisible text is set in.

    ## When not to use it
    Where the look of the type matters: Arial becomes its cousin, with other details in some letters. Put the real fonts
    into a folder and name it, or ask for a file with its fonts embedded. Fonts that are called by glyph numbers get
    none but the very same font. Fonts are embedded whole, with all their letters.
    """
    from makeready.pdf.mend.embed import Embedding, missing
    from makeready.pdf.mend.programs import Library

    wanted = [font for font in missing(job.pdf.pdf) if font.pages.intersection(job.pages)]
    if not wanted:
        return
    embedding = Embedding(job.pdf.pdf, Library(params.folder, system=params.system), params.difference * 10)
    done = [embedding.give(font) for font in wanted]
    left = "; ".join(f"{one.name}: {one.why}" for one in done if one.program is None)
    made = [one for one in done if one.program is not None]
    if not made:
        raise Refusal(f"{left}. Name a folder that has the fonts, or ask for a file with its fonts embedded")
    for place, one in enumerate(made):
        assert one.program is not None
        same = "the font itself" if one.program.exact else "a font of the same measure"
        message = f"{one.name} was given the letters of {one.program.name}, {same}, from {one.program.origin}"
        if one.apart > 1:
            message += f"; they are up to {one.apart / 10:.1f} % of the type size wider or narrower"
        if left and place == len(made) - 1:
            message += f"; not embedded: {left}"
        after = {"name": one.program.name, "from": one.program.origin, "difference": round(one.apart, 1)}
        yield Change(message, one.pages[0], details={"before": {"name": one.name}, "after": after, "pages": one.pages})
