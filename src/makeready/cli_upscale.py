"""The command ``upscale``: pictures enlarged, in files of their own and in PDFs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from makeready import cli_completion
from makeready.cli_options import (
    CANVAS,
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

EPILOG = """\b
Exit codes: 0 enlarged, or large enough   1 a file was refused   2 usage   3 a file was unreadable
            4 weights or an engine are not installed   5 it failed inside   130 interrupted
The input is only read. The highest code wins over a batch; one bad file never stops the others."""

#: A model takes a second or more for each megapixel that it makes.
_PATIENCE = 7200.0
#: What is looked for beforehand where each picture may need another factor.
_TIMES = 4.0

_SIZE = together(
    click.option("--scale", metavar="N", help="So many times as wide and as high.  [default: 2]"),
    click.option(
        "--to", metavar="PIXELS", help="As large as fits into 6000x4000, or with a long side of 6000; picture files."
    ),
    click.option(
        "--ppi", metavar="N", help="As many pixels as the printed size needs; pictures that have them are left."
    ),
    CANVAS,
)
_MAKING = together(
    click.option(
        "--model",
        default="lanczos",
        show_default=True,
        metavar="NAME|FILE",
        shell_complete=cli_completion.one(cli_completion.upscalers, files=True),
        help="lanczos, backprojection, waifu2x, srmd, realesrgan, ai (the best that fits), or an ONNX file of yours.",
    ),
    click.option(
        "--style", type=click.Choice(["truthful", "creative"]), default="truthful", show_default=True,
        help="Of 'ai': keep to what the picture says, or invent what looks sharp.",
    ),
    click.option(
        "--noise", default="auto", show_default=True, metavar="auto|LEVELS",
        help="How much grain and JPEG damage a model takes away: levels of 255, 0 to 30; auto measures it.",
    ),
    PROVIDER,
)  # fmt: skip
_WRITING = together(
    written("The new file, whose ending says what it is, or a folder.  [default: NAME.large.jpg beside each]"),
    click.option("--in-place", is_flag=True, help="Take the input's place; it is kept as NAME.bak.jpg."),
    OVERWRITE,
    REPORT,
    printed("style_of_print"),
)  # fmt: skip
_RUNNING = together(
    click.option(
        "--jobs", type=click.IntRange(min=1), metavar="N",
        help="Processes.  [default: one with models, which use all processors; else one a processor]",
    ),
    patience(_PATIENCE),
    said("Name every change, not only the first few."),
)  # fmt: skip


@click.command(epilog=EPILOG)
@FILES
@_SIZE
@_MAKING
@_WRITING
@_RUNNING
def upscale(
    files: tuple[str, ...],
    scale: str | None,
    to: str | None,
    ppi: str | None,
    canvas: str | None,
    model: str,
    style: str,
    noise: str,
    provider: str,
    output: Path | None,
    jobs: int | None,
    timeout: float,
    no_progress: bool,
    quiet: bool,
    verbose: bool,
    **writing: Any,
) -> int:
    """Enlarge pictures: FILES and folders of them, and the pictures of PDFs.

    \b
    makeready upscale photo.jpg --scale 4                                 writes photo.large.jpg
    makeready upscale photo.jpg --scale 4 --model ai -o large.tif         with a network, offline
    makeready upscale photo.jpg --ppi 300 --canvas 30x20in --model ai     for a canvas
    makeready upscale shots/ --to 6000x4000 -o large/                     a folder
    makeready upscale brochure.pdf --ppi 300 --model ai                   what is too coarse in a PDF

    Lanczos resamples and invents nothing. Truthful models make edges and textures that agree with the picture;
    creative ones make some up. 'makeready models list' says what is installed.
    """
    from makeready import cli_fix, fix_batch, fixes
    from makeready import upscale as enlarging
    from makeready.upscale.recipe import PLAIN

    declared = fixes.catalogue()["enlarge"]
    usual = declared.params()
    making = {"model": model, "style": style, "noise": noise, "provider": provider}
    said = {name: value for name, value in making.items() if value != getattr(usual, name)}
    said |= _how_large(scale, to, ppi)
    declared.valid(said)
    if model in PLAIN and (idle := [f"--{name}" for name in ("style", "noise", "provider") if name in said]):
        raise UsageError(f"{model} is no network, and cannot heed {' and '.join(idle)}.", "Add --model ai.")
    enlarging.require(model, style, float(said.get("scale", _TIMES)))
    reading = Reading(
        canvas=canvas,
        pages=None,
        jobs=jobs or (None if model in PLAIN else 1),
        timeout=timeout,
        output=output,
        no_progress=no_progress,
        quiet=quiet,
        verbose=verbose,
    )
    return cli_fix.run(
        files,
        ({"fix": "enlarge", **said},),
        None,
        False,
        to=None,
        style=writing.pop("style_of_print"),
        profile="default",
        only=(),
        skip=("*",),
        settings=(),
        units="mm",
        fail_on="never",
        plugins=(),
        ending=fix_batch.ENLARGED,
        strict=True,
        **writing,
        **reading._asdict(),
    )


def _how_large(scale: str | None, to: str | None, ppi: str | None) -> dict[str, str]:
    """The one of three ways to say it, as settings of the fix.

    Raises:
        UsageError: more than one was given.
    """
    said = {"scale": scale, "to": to, "resolution": f"{ppi} ppi" if ppi and ppi.strip().isdecimal() else ppi}
    given = {name: value for name, value in said.items() if value is not None}
    if len(given) > 1:
        raise UsageError("The new size is said in more than one way.", "Give one of --scale, --to and --ppi.")
    return given or {"scale": "2"}
