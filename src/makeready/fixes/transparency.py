"""Fixes for what is see-through: paper is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import field_validator

from makeready.changes import Change, Safety, Stage
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Resolution

if TYPE_CHECKING:
    from makeready.pdf.mend.flatten import Flattened


class RemoveTransparency(Params):
    """Settings of remove_transparency."""

    background: str = param("white", "The colour behind a see-through picture: white, black, or #RRGGBB.")
    resolution: Resolution = param("300 ppi", "What the see-through regions of a PDF are drawn at.")
    text_resolution: Resolution = param(
        "450 ppi", "The same for regions with text or line work in them.", like="IMG103.resolution"
    )

    @field_validator("resolution", "text_resolution")
    @classmethod
    def _is_printable(cls, value: Resolution) -> Resolution:
        if not _COARSEST <= value <= _FINEST:
            raise ValueError(f"regions are drawn at {_COARSEST:g} to {_FINEST:g} ppi")
        return value

    @field_validator("background")
    @classmethod
    def _is_a_colour(cls, value: str) -> str:
        if value not in _NAMED and not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
            raise ValueError(f"{value!r} is no colour: write white, black or #RRGGBB")
        return value

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The colour behind, 0 to 255."""
        if self.background in _NAMED:
            return _NAMED[self.background]
        red, green, blue = bytes.fromhex(self.background[1:])
        return red, green, blue


_COARSEST, _FINEST = 72.0, 2400.0
_MODELS = {"gray": "gray", "rgb": "RGB", "cmyk": "CMYK", "lab": "Lab"}
_NAMED = {"white": (255, 255, 255), "black": (0, 0, 0)}


@fix(
    id="remove_transparency",
    title="Flatten what is see-through",
    stage=Stage.TRANSPARENCY,
    safety=Safety.REVIEW,
    cures=("RAS102", "STD114", "TRN101"),
    kinds=("pdf", "raster"),
    params=RemoveTransparency,
    seconds_per_page=2.0,
    seconds_per_megapixel=0.02,
)
def remove_transparency(job: Job, params: RemoveTransparency) -> Iterator[Change]:
    """See-through pictures are laid on a colour; of PDFs, the regions that transparency touches become pictures.

    ## What changes
    In a PDF, the rectangles that hold all see-through objects are drawn as they print, in the inks of the page, and
    laid over it: spot colours stay spot colours, and overprint in them is worked out. Pages that have RGB alone are
    drawn in RGB, unless they are to be mixed in CMYK. A page of inks that asks to be mixed in RGB is mixed in its inks
    all the same, so that nothing else on it changes. What lay below such a picture stays there, covered, so that
    text can still be found and copied. Then opacity, blend modes, soft masks and transparency groups are taken out of
    the pages. The share of each page that was drawn is in the report.

    Of a picture, the alpha channel goes, and with it a palette entry or key colour that is see-through. What was
    see-through shows the colour, white unless another is asked for; what was half so is mixed with it. A picture with
    a palette becomes RGB.

    ## What stays exactly as it was
    In a PDF, all text, vectors and pictures outside of these rectangles, and what was painted over the last
    see-through object of a rectangle, as far as the page was written in separate pieces; pages without transparency.
    Comments and form fields are left as they are. Of pictures, every pixel that was opaque; size, density, bits,
    profile and metadata.

    ## When not to use it
    When the press takes PDF/X-4: its own RIP does this better, at its own resolution. When layers are to be exchanged
    later, such as languages: what shows now is what is drawn. Pages where letters of a Type 3 font with colours of
    their own lie in such a rectangle, or are see-through themselves, are refused. Of pictures, for products that are
    cut out or printed on coloured material: there the alpha channel is the shape of the product.
    """
    yield from _flattened_pages(job, params) if job.kind == "pdf" else _flattened_picture(job, params)


def _flattened_pages(job: Job, params: RemoveTransparency) -> Iterator[Change]:
    from makeready.pdf.mend.flatten import flatten

    for done in flatten(job.pdf, job.facts, job.folder, params.resolution, params.text_resolution, job.tell):
        yield _told(done)


def _told(done: Flattened) -> Change:
    if not done.places:
        message = "Settings for transparency that nothing shows were removed"
        return Change(message, done.page, details={"before": {"regions": 0}, "after": {"regions": 0, "share": 0.0}})
    inks = " and ".join([_MODELS[done.mix.model], *done.mix.spots])
    count = f"{len(done.places)} region{'s' if len(done.places) != 1 else ''} with transparency"
    finest = " and ".join(f"{ppi:g}" for ppi in sorted(set(done.ppi)))
    verb = "was" if len(done.places) == 1 else "were"
    message = f"{count} {verb} drawn at {finest} ppi in {inks}: {_share(done.share)} of the page"
    if done.said is not None:
        message += f"; the page asked for {_MODELS.get(done.said, done.said)} to mix in, which its own colours are not"
    if done.from_light:
        message += "; RGB in there became CMYK" + (
            ", by a stock profile: the file names no press" if done.stock else ""
        )
    after = {"regions": len(done.places), "share": round(done.share, 4), "ppi": sorted(set(done.ppi)), "inks": inks}
    return Change(message, done.page, done.places, {"before": {"mixed in": done.said}, "after": after})


def _share(share: float) -> str:
    return f"{share * 100:.0f} %" if share >= 0.01 else "less than 1 %"


def _flattened_picture(job: Job, params: RemoveTransparency) -> Iterator[Change]:
    from makeready.raster.mend.flatten import flatten

    seen_through = flatten(job.raster, params.rgb)
    if seen_through is None:
        return
    what = f"was laid on {params.background}" if seen_through else "has no alpha channel now; no pixel was see-through"
    yield Change(
        job.raster.told(f"The picture {what}."), page=1, details={"before": {"alpha": True}, "after": {"alpha": False}}
    )
