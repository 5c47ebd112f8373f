"""The command ``remove-background``: subjects cut out of picture files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from makeready import cli_completion
from makeready.cli_options import (
    FILES,
    OVERWRITE,
    PROVIDER,
    REPORT,
    Reading,
    patience,
    printed,
    said,
    together,
    written,
)
from makeready.errors import UsageError

if TYPE_CHECKING:
    from makeready.fixes.background import RemoveBackground

EPILOG = """\b
Exit codes: 0 every picture was cut out   1 one was refused, as no subject was found   2 usage
            3 a file was unreadable   4 the model is not installed   5 it failed inside   130 interrupted
The input is only read. The highest code wins over a batch; one bad file never stops the others."""

#: A picture takes some seconds; hundreds of megapixels with reworked edges take minutes.
_PATIENCE = 1800.0
_NO_TRANSPARENCY = (".jpg", ".jpeg")
#: What would blur a mask.
_NO_MASKS = (*_NO_TRANSPARENCY, ".webp")

_CUTTING = together(
    click.option(
        "--quality", type=click.Choice(["basic", "plus"]), default="basic", show_default=True,
        help="plus reworks the edge against the picture: for hair and fur.",
    ),
    click.option(
        "--subject", type=click.Choice(["auto", "person", "product", "logo", "text", "hair_heavy"]), default="auto",
        show_default=True, help="What the pictures show. Logos and text on plain ground need no model.",
    ),
    click.option(
        "--edge-softness", type=click.IntRange(0, 10), default=5, show_default=True, metavar="0..10",
        help="0 is the hardest edge, 5 leaves it as it was found, 10 is the softest.",
    ),
    click.option("--high-detail", is_flag=True, help="Rework the edge for longer, and wider where there is hair."),
    click.option("--no-despill", is_flag=True, help="Leave the background's colour in pixels that show some of both."),
    click.option(
        "--background", default="transparent", show_default=True, metavar="COLOUR|alpha",
        help="What is behind the subject: white, #ffeedd, a CSS name; alpha writes the mask alone, in gray.",
    ),
    click.option("--crop", is_flag=True, help="Cut away what lies around the subject."),
    click.option(
        "--margin", metavar="PX|%", help="What a crop leaves round it: 20px, or 5% of its longer side.  [default: 0]"
    ),
    click.option(
        "--model", default="isnet", show_default=True, metavar="NAME|FILE",
        shell_complete=cli_completion.one(cli_completion.segmenters, files=True),
        help="What finds the subject: isnet, u2netp, a plug-in's, an ONNX file of yours, or flat: no model.",
    ),
    PROVIDER,
)  # fmt: skip
_WRITING = together(
    written("The new file, whose ending says what it is, or a folder.  [default: NAME.cutout.png beside each]"),
    click.option(
        "--to", metavar="KIND",
        help="What the new files are: png, tif, webp, jpg or pdf.  [default: as they came; png or tif for JPEGs]",
    ),
    OVERWRITE,
    REPORT,
    printed(),
)  # fmt: skip
_RUNNING = together(
    click.option(
        "--jobs", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
        help="Processes; each loads the model, which uses all processors as it is.",
    ),
    patience(_PATIENCE),
    said("Name every change, not only the first few."),
)  # fmt: skip


@click.command("remove-background", epilog=EPILOG)
@FILES
@_CUTTING
@_WRITING
@_RUNNING
def remove_background(
    files: tuple[str, ...],
    quality: str,
    subject: str,
    edge_softness: int,
    high_detail: bool,
    no_despill: bool,
    background: str,
    crop: bool,
    margin: str | None,
    model: str,
    provider: str,
    to: str | None,
    overwrite: bool,
    report: Path | None,
    style: str,
    **reading: Any,
) -> int:
    """Cut the subject out of pictures: FILES and folders of them.

    \b
    makeready remove-background photo.jpg                              writes photo.cutout.png
    makeready remove-background photo.jpg --quality plus -o cut.tif    hair and fur
    makeready remove-background shots/ --background white --to jpg -o white/
    makeready remove-background bottle.tif --crop --margin 5% -o bottle.png
    makeready remove-background logo.png --subject logo

    A model finds the subject, on this machine; 'makeready models install isnet' fetches it once. The full resolution,
    16 bits, CMYK and the ICC profile are kept. A picture without a subject is refused, not written empty.
    """
    from makeready import cli_fix, fix_batch, fixes

    settings = {
        "model": model,
        "quality": quality,
        "subject_type": subject,
        "edge_softness": edge_softness,
        "high_detail_mode": high_detail,
        "despill": not no_despill,
        "output": background,
        "crop": crop or margin is not None,
        "margin": margin or "0 px",
        "provider": provider,
    }
    declared = fixes.catalogue()["remove_background"]
    usual = declared.params()
    said = {name: value for name, value in settings.items() if value != getattr(usual, name)}
    params: Any = declared.valid(said)
    _has_room(params, to, reading["output"])
    _is_there(params)
    asked = Reading(canvas=None, pages=None, **reading)
    return cli_fix.run(
        files,
        ({"fix": "remove_background", **said},),
        None,
        False,
        in_place=False,
        overwrite=overwrite,
        to=to,
        report=report,
        style=style,
        profile="default",
        only=(),
        skip=("*",),
        settings=(),
        units="mm",
        fail_on="never",
        plugins=(),
        ending=fix_batch.CUT_OUT,
        strict=True,
        pictures_only=True,
        **asked._asdict(),
    )


def _has_room(params: RemoveBackground, to: str | None, output: Path | None) -> None:
    """Say before anything is done that a JPEG cannot be see-through, and what a mask is not written as.

    Raises:
        UsageError: it was asked for.
    """
    from makeready.fixes import background

    suffix = f".{to.removeprefix('.')}" if to is not None else output.suffix if output is not None else ""
    if params.output == background.TRANSPARENT and suffix.lower() in _NO_TRANSPARENCY:
        raise UsageError(
            "A JPEG has no transparency.", "Ask for a .png, .tif or .webp, or for something behind: --background white"
        )
    if params.output == background.MASK and suffix.lower() in _NO_MASKS:
        raise UsageError(f"A mask is not written as {suffix}, which would blur it.", "Ask for a .png or .tif.")


def _is_there(params: RemoveBackground) -> None:
    """Say before anything is done, and once for all files, that the model is not there.

    Raises:
        UsageError: there is no such model.
        MissingDependency: it is not installed, or what it runs on is not there.
    """
    from makeready.models import onnx, session
    from makeready.segment import backend
    from makeready.segment.options import FLAT_SUBJECTS

    if params.subject_type not in FLAT_SUBJECTS and params.model != "flat":
        backend.chosen(params.model)
        if params.provider != "auto" or not onnx.cpu().ready:  # else there is one; to look for the best takes a second
            session.chosen(params.provider)
