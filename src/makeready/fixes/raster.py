"""Fixes for picture files: upright, plain, and with a density that says how large they print."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from makeready.changes import Change, Safety, Stage
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.raster.exif import ORIENTATIONS
from makeready.registry import fix
from makeready.units import Percent, Resolution


@fix(
    id="auto_orient",
    title="Turn the pixels themselves, as EXIF says",
    stage=Stage.PICTURES,
    safety=Safety.SAFE,
    cures=("RAS101",),
    kinds=("raster",),
    rank=10,
    seconds_per_megapixel=0.02,
)
def auto_orient(job: Job, params: Params) -> Iterator[Change]:
    """A picture that is stored turned or mirrored, with a note on how to hold it, is stored upright.

    ## What changes
    The order of the pixels, and the note: it says 1 afterwards, in EXIF, TIFF and XMP. After a quarter turn the
    stored resolution across and along change places. A JPEG is compressed anew (quality 95, full colour resolution).

    ## What stays exactly as it was
    The picture as programs show it that follow the note. Every pixel of TIFF, PNG and lossless WebP, bits, colours,
    profile and alpha.

    ## When not to use it
    Where the original of a camera has to be kept: its JPEG data are written again.
    """
    from makeready.raster.mend.orient import upright

    if orientation := upright(job.raster):
        yield Change(
            job.raster.told(f"The picture was stored {ORIENTATIONS[orientation]}; it is stored upright now."),
            page=1,
            details={"before": {"orientation": orientation}, "after": {"orientation": 1}},
        )


class Normalise(Params):
    """Settings of normalise_raster."""

    line_art: Literal["keep", "gray"] = param(
        "keep", "Pictures of 1 bit: kept as line art, or made gray pictures of 8 bits."
    )
    tolerance: Percent = param(
        "5 %", "How far the stored density may be from the printed one.", like="RAS106.tolerance"
    )


@fix(
    id="normalise_raster",
    title="Make it a plain picture: 8 bits, one frame, RGB instead of a palette or Lab, the right density",
    stage=Stage.PICTURES,
    safety=Safety.SAFE,
    cures=("RAS103", "RAS104", "RAS105", "RAS106"),
    kinds=("raster",),
    params=Normalise,
    rank=20,
    seconds_per_megapixel=0.03,
)
def normalise_raster(job: Job, params: Normalise) -> Iterator[Change]:
    """What a RIP may refuse or take in its own way is made plain: bits, frames, palette, Lab, density.

    ## What changes
    16 bits a channel become 8, rounded, so that black and white stay where they are. Of an animation or of several
    pages the first is kept. A palette becomes the colours it stands for, Lab becomes sRGB with its profile (colours
    outside of sRGB are brought to its edge). Where a canvas is given and the stored density is missing or another, it
    is set to what the picture prints at. GIF, BMP, PSD and JPEG 2000 become TIFF; of a PSD the merged picture is
    taken.

    ## What stays exactly as it was
    Width and height in pixels; the look, but for the colours of Lab that sRGB does not have. RGB, gray and CMYK, their
    profiles and alpha. The picture data of a JPEG of which only the density is set. Line art of 1 bit, unless gray is
    asked for: as gray it would lose its hard edge in the screening.

    ## When not to use it
    On working files: 16 bits, layers and further pages are there for a reason. Pictures of 32 bits and floats are
    refused: where their white is, only the program knows that made them.
    """
    from makeready.raster.mend import normalise

    work = job.raster
    if frames := normalise.first_frame(work):
        yield Change(
            job.raster.told(f"Of {frames} frames or pages the first was kept."),
            page=1,
            details={"before": {"frames": frames}, "after": {"frames": 1}},
        )
    if bits := normalise.eight_bits(work, line_art=params.line_art == "gray"):
        yield Change(
            job.raster.told(f"The picture has 8 bits a channel now; it had {bits}."),
            page=1,
            details={"before": {"bits": bits}, "after": {"bits": 8}},
        )
    if was := normalise.plain_colours(work):
        yield Change(
            job.raster.told(f"The picture is in RGB now; it was in {was}."),
            page=1,
            details={"before": {"colours": was}, "after": {"colours": "RGB"}},
        )
    if density := normalise.density_of(work, job.canvas, params.tolerance):
        held, work.density = work.density, density
        before = "said nothing" if held is None else f"said {_ppi(held)}"
        yield Change(
            job.raster.told(f"The stored resolution is {_ppi(density)} now, as it prints on the canvas; it {before}."),
            page=1,
            details={"before": {"density": held}, "after": {"density": density}},
        )


def _ppi(density: tuple[float, float]) -> str:
    across, along = (Resolution(ppi) for ppi in density)
    return str(across) if abs(across - along) < 0.5 else f"{across} across and {along} along"
