"""The background taken away from behind a subject."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import field_validator

from makeready.changes import Change, Safety, Stage
from makeready.fixes.job import Job
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Percent

if TYPE_CHECKING:
    from makeready.raster.mend.cutout import Cut

#: What may be asked for in place of a colour.
TRANSPARENT, MASK = "transparent", "alpha"


def colour_of(text: str) -> tuple[int, int, int]:
    """``white``, ``#ffeedd``, ``rgb(255, 238, 221)``: red, green and blue, 0 to 255.

    Raises:
        ValueError: it is no colour, or one that is see-through itself.
    """
    from PIL import ImageColor

    try:
        found = ImageColor.getrgb(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no colour: write transparent, alpha, white or #RRGGBB") from error
    if len(found) != 3:
        raise ValueError(f"{text!r} is see-through itself: write #RRGGBB")
    return found


def margin_of(text: str) -> tuple[float, Literal["px", "%"]]:
    """``20 px``, ``5 %``; a bare number is pixels.

    Raises:
        ValueError: it is neither.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(px|%)?\s*", text)
    if found is None:
        raise ValueError(f"{text!r} is no margin: write 20 px, or 5 % of the subject")
    return float(found[1]), "%" if found[2] == "%" else "px"


class RemoveBackground(Params):
    """Settings of remove_background."""

    model: str = param(
        "isnet",
        "What finds the subject: isnet, u2netp, the path of an ONNX file of your own, or flat: the colours of a plain "
        "ground alone, without a model.",
    )
    quality: Literal["basic", "plus"] = param(
        "basic", "basic takes the edge as the model finds it; plus reworks it against the picture, for hair and fur."
    )
    subject_type: Literal["auto", "person", "product", "logo", "text", "hair_heavy"] = param(
        "auto", "What the picture shows; auto looks. Logos and text on plain ground need no model."
    )
    edge_softness: int = param(5, "0 is the hardest edge, 5 leaves it as it was found, 10 is the softest.", ge=0, le=10)
    high_detail_mode: bool = param(
        False, "Rework the edge for longer, and wider where there is hair; slower than plus."
    )
    despill: bool = param(True, "Take the background's colour out of pixels that show some of both.")
    output: str = param(
        TRANSPARENT, "What is behind the subject: transparent, or a colour. alpha writes the mask alone, in gray."
    )
    crop: bool = param(False, "Cut away what lies around the subject.")
    margin: str = param("0 px", "How much a crop leaves round it: 20 px, or 5 % of its longer side.")
    provider: Literal["auto", "cpu", "openvino", "cuda"] = param(
        "auto", "What the model runs on; auto takes the fastest there is."
    )

    @field_validator("output")
    @classmethod
    def _is_something_behind(cls, value: str) -> str:
        value = value.strip().lower()
        if value not in (TRANSPARENT, MASK):
            colour_of(value)
        return value

    @field_validator("margin")
    @classmethod
    def _is_a_margin(cls, value: str) -> str:
        margin_of(value)
        return value


@fix(
    id="remove_background",
    title="Remove the background behind the subject",
    stage=Stage.PICTURES,
    safety=Safety.REVIEW,
    kinds=("raster",),
    params=RemoveBackground,
    rank=30,
    seconds_per_page=2.0,
    seconds_per_megapixel=0.3,
)
def remove_background(job: Job, params: RemoveBackground) -> Iterator[Change]:
    """The subject of a picture is cut out; what was behind it becomes transparent, or a colour.

    ## What changes
    A model that runs on this machine looks for the subject in a small copy of the picture, and the full picture is cut
    along what it found. Logos and text on plain ground are taken off it by their colours, without a model; of line art
    of one bit the white goes, and it becomes gray of 8 bits. Pixels at the edge that show some of both lose the
    background's colour. Where the format has no room for transparency, RGB and gray become PNG, CMYK becomes TIFF. A
    picture that is stored turned is turned upright. Transparency that it has is kept; what is clear round its subject
    already is left as it is, unless the kind of subject is named.

    ## What stays exactly as it was
    The numbers of every pixel that is wholly the subject's, in files that are packed without loss: colour space, ICC
    profile and bits are those of the file, so 16 bits and CMYK stay what they are. Width, height and density, unless
    the picture is cropped. EXIF and XMP.

    ## When not to use it
    Where the cut has to follow a contour that somebody drew: look at every cut before it is printed. On glass, smoke
    and nets, which models find badly. A picture without a subject is refused rather than written empty; so is Lab,
    whose transparency programs read in different ways.
    """
    from makeready.raster.mend import cutout
    from makeready.segment.options import Options

    options = Options(
        model=params.model,
        quality=params.quality,
        subject=params.subject_type,
        edge_softness=params.edge_softness,
        high_detail=params.high_detail_mode,
        provider=params.provider,
    )
    behind: Any = {TRANSPARENT: TRANSPARENT, MASK: "mask"}.get(params.output) or colour_of(params.output)
    work = job.raster
    frames = work.header.frames
    before = {"format": work.header.format, "alpha": work.alpha, "px": list(work.facts().shown_px)}
    crop = cutout.Margin(*margin_of(params.margin)) if params.crop else None
    cut = cutout.cut_out(work, cutout.Wish(options, behind, params.despill, crop), job.tell)
    if cut is None:
        return
    after = work.facts()
    alone = f" Of {frames} frames or pages the first was kept." if frames > 1 else ""
    yield Change(
        work.told(_sentence(cut, params, after.format) + alone),
        page=1,
        details={
            "before": before,
            "after": {"format": after.format, "alpha": after.alpha, "px": list(after.shown_px)},
            **_how(cut),
            "quality": params.quality,
            "output": params.output,
        },
    )


_SUBJECTS = {
    "person": "a person", "product": "a product", "logo": "a logo", "text": "text", "hair_heavy": "a subject with hair",
}  # fmt: skip


def _sentence(cut: Cut, params: RemoveBackground, format: str) -> str:
    """What was done, who found the subject and how much of the picture it is."""
    done = {
        TRANSPARENT: "The background was taken away",
        MASK: f"The mask was written in place of the picture, as a gray {format}, white where the subject is",
    }.get(params.output, f"The background was replaced by {params.output}")
    matte, share = cut.matte, Percent(cut.share * 100)
    if cut.line_art:
        how = f"it is line art, whose ground is white; what is black covers {share} of the picture"
    elif matte is None:
        how = f"the picture was see-through already; the subject covers {share} of it"
    elif matte.empty:
        how = f"{_finder(cut)} found no subject, and all of it is black"
    else:
        subject = _SUBJECTS.get(matte.subject, "a subject")
        how = f"{subject}, found by {_finder(cut)}, covers {share} of the picture"
    notes = "".join(f" {note[0].upper()}{note[1:]}." for note in _notes(cut))
    cropped = "" if cut.cropped is None else f" It was cropped to {cut.cropped.width} × {cut.cropped.height} px."
    return f"{done}: {how}.{notes}{cropped}"


def _notes(cut: Cut) -> list[str]:
    from makeready.raster.mend import cutout

    return [] if cut.matte is None else cutout.notes(cut.matte)


def _finder(cut: Cut) -> str:
    matte = cut.matte
    assert matte is not None
    return f"{matte.title}{_ENGINES.get(matte.provider, '')}"


_ENGINES = {"cpu": " on the processor", "openvino": " with OpenVINO", "cuda": " on CUDA"}


def _how(cut: Cut) -> dict[str, Any]:
    """The same for machines."""
    matte, box = cut.matte, cut.box
    return {
        "model": None if matte is None else matte.model,
        "provider": None if matte is None else matte.provider,
        "instead_of": None if matte is None else matte.fallback or None,
        "subject": None if matte is None else matte.subject,
        "notes": _notes(cut),
        "share": round(cut.share, 4),
        "box": None if box is None else [box.left, box.top, box.width, box.height],
    }
