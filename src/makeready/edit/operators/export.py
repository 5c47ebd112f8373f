"""How the result is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from makeready.changes import Change
from makeready.edit.operator import operator
from makeready.edit.order import Step
from makeready.params import Params, param

if TYPE_CHECKING:
    from makeready.edit.scene import Scene

_FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WebP", "tiff": "TIFF"}
_QUALITIES = {"JPEG": 80, "WebP": 90}
_KEPT = {
    "never": "nothing of its metadata is kept",
    "xmp": "its XMP is kept",
    "exif_subset": "copyright and comment are kept in EXIF",
    "exif_subset_with_xmp": "copyright and comment are kept in EXIF and XMP",
}


class Writing(Params):
    """Settings of export."""

    format: Literal["png", "jpeg", "webp", "tiff"] | None = param(
        None, "What kind of file; as the name of the new file says, or as the picture came, where nothing is said."
    )
    dpi: float | None = param(None, "Pixels per inch; as the picture came where nothing is said.", ge=72, le=1200)
    quality: int | None = param(None, "Of JPEG and WebP; 80 and 90 where nothing is said.", ge=1, le=100)
    metadata: Literal["never", "xmp", "exif_subset", "exif_subset_with_xmp"] = param(
        "never",
        "What is kept of the picture's: nothing, its XMP, or EXIF's Copyright and UserComment, which "
        "exif_subset_with_xmp writes as dc:rights and exif:UserComment too.",
    )


@operator(id="export", title="Say how the result is written", step=Step.EXPORT, params=Writing)
def export(scene: Scene, params: Writing) -> Iterator[Change]:
    """The result is written in some format, with some resolution and quality, and keeps as much metadata as is asked.

    Without this edit the format is the input's where that can hold the result, JPEG and WebP have quality 95, and
    metadata are not kept. All results carry the ICC profile of sRGB.

    ## What changes
    How the file is written. A JPEG has no transparency: what is clear in the result becomes white there, and a note
    says so.

    ## What stays exactly as it was
    The pixels, but for what JPEG and WebP lose.

    ## When not to use it
    For files that are not edited: `save_as` writes another format and keeps CMYK, 16 bits and metadata.
    """
    from makeready.edit.scene import Export

    format = _FORMATS[params.format] if params.format else None
    quality = {name: params.quality or usual for name, usual in _QUALITIES.items()}
    scene.export = Export(format, params.dpi, quality, params.metadata)
    said = [f"The result is written as a {format}" if format else "The result is written"]
    if format in quality:
        said.append(f"with quality {quality[format]}")
    elif format is None:
        said.append(" and ".join(f"with quality {much} as a {name}" for name, much in quality.items()))
    if params.dpi:
        said.append(f"at {params.dpi:g} ppi")
    yield Change(f"{', '.join(said)}; {_KEPT[params.metadata]}.", page=1, details={"after": params.model_dump()})
