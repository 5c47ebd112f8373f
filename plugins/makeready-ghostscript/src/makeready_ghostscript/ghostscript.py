"""Running Ghostscript: one file in, one file out, within a time limit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from makeready.changes import Refusal
from makeready.errors import MissingDependency

#: What the program is called on Linux and macOS, and on Windows.
_NAMES = ("gs", "gswin64c")
#: Nothing is converted, downsampled or recompressed with loss, unless options say otherwise.
_AS_IT_IS = (
    "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=pdfwrite", "-dAutoRotatePages=/None",
    "-dDownsampleColorImages=false", "-dDownsampleGrayImages=false", "-dDownsampleMonoImages=false",
    "-dAutoFilterColorImages=false", "-dAutoFilterGrayImages=false",
    "-dColorImageFilter=/FlateEncode", "-dGrayImageFilter=/FlateEncode", "-dPassThroughJPEGImages=true",
    "-dPreserveOverprintSettings=true", "-dShowAnnots=false", "-dPreserveAnnots=false",
)  # fmt: skip


def program() -> str:
    """Where Ghostscript is.

    Raises:
        MissingDependency: it is not installed.
    """
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise MissingDependency(
            "The program gs of Ghostscript is not installed.",
            "Install it with apt install ghostscript, brew install ghostscript, or from ghostscript.com.",
        )
    return found


def pdfwrite(source: Path, target: Path, *options: str, minutes: float) -> None:
    """Have Ghostscript write a PDF anew.

    Args:
        source: the file.
        target: the new one.
        options: on top of those that keep all as it is.
        minutes: how long it may take.

    Raises:
        MissingDependency: it is not installed.
        Refusal: it failed, or took longer.
    """
    # In the name of its output, % stands for a page number.
    out = str(target).replace("%", "%%")
    command = [program(), *_AS_IT_IS, *options, f"-sOutputFile={out}", str(source)]
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=minutes * 60, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Refusal(f"Ghostscript took more than {minutes:g} minutes: allow it more") from error
    if done.returncode or not target.is_file():
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        raise Refusal(f"Ghostscript cannot draw the file: {said[-1] if said else 'it does not say why'}")
