"""How pages look, and what is in a file, told by programs that are not ours: MuPDF, poppler and qpdf.

A fix is held to its word with these: what it says it leaves alone has to look the same before and after.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pikepdf
import pymupdf
import pytest
from PIL import Image

import makeready
from makeready.changes import Result, StepOutcome
from makeready.results import Report

Pixels = npt.NDArray[np.uint8]
#: A file, its bytes, or a builder of ``makeready.testing``.
Given = Any

#: Levels of 255 that anti-aliasing may move an edge by where numbers were only rounded.
ROUNDING = 8


@contextmanager
def as_file(given: Given) -> Iterator[Path]:
    """A path to it, while it is needed."""
    if isinstance(given, str | Path):
        yield Path(given)
        return
    data = given if isinstance(given, bytes) else given.bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given.pdf"
        path.write_bytes(data)
        yield path


def as_bytes(given: Given) -> bytes:
    """Its bytes."""
    with as_file(given) as path:
        return path.read_bytes()


def _tool(name: str, *arguments: object) -> bytes:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"the program {name!r} is not installed")
    done = subprocess.run([found, *map(str, arguments)], capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, f"{name} ended with {done.returncode}: {done.stderr.decode(errors='replace')}"
    return done.stdout


def mupdf_pixels(given: Given, page: int = 1, ppi: float = 72, usage: str = "Print") -> Pixels:
    """The whole MediaBox as displayed, in MuPDF: H × W × 3, RGB. ``usage`` is ``Print`` or ``View``."""
    mupdf = pymupdf.mupdf
    with pymupdf.open(stream=as_bytes(given), filetype="pdf") as document:
        native = mupdf.pdf_document_from_fz_document(document.this)
        found = mupdf.pdf_lookup_page_obj(native, page - 1)
        mupdf.pdf_dict_puts(found, "CropBox", mupdf.pdf_dict_gets_inheritable(found, "MediaBox"))
        drawn = mupdf.pdf_load_page(native, page - 1)
        ctm = mupdf.fz_scale(ppi / 72, ppi / 72)
        area = mupdf.fz_round_rect(mupdf.fz_transform_rect(mupdf.fz_bound_page(drawn.super()), ctm))
        pixmap = mupdf.fz_new_pixmap_with_bbox(mupdf.fz_device_rgb(), area, mupdf.FzSeparations(), 0)
        mupdf.fz_clear_pixmap_with_value(pixmap, 255)
        device = mupdf.fz_new_draw_device(mupdf.FzMatrix(), pixmap)
        mupdf.pdf_run_page_with_usage(drawn, device, ctm, usage, mupdf.FzCookie())
        mupdf.fz_close_device(device)
        samples = pymupdf.Pixmap("raw", pixmap).samples
        return np.frombuffer(samples, np.uint8).reshape(area.y1 - area.y0, area.x1 - area.x0, 3)


def poppler_pixels(given: Given, page: int = 1, ppi: float = 72) -> Pixels:
    """The whole MediaBox as displayed, in poppler: H × W × 3, RGB. It knows no UserUnit; that is made good here."""
    with as_file(given) as path, tempfile.TemporaryDirectory() as folder:
        scale = ppi * _user_unit(path, page)
        root = Path(folder) / "page"
        _tool("pdftocairo", "-png", "-singlefile", "-r", scale, "-f", page, "-l", page, path, root)
        with Image.open(root.with_suffix(".png")) as picture:
            return np.asarray(picture.convert("RGB"))


def _user_unit(path: Path, page: int) -> float:
    try:
        with pikepdf.open(path) as pdf:
            return float(pdf.pages[page - 1].obj.get("/UserUnit", 1))
    except (pikepdf.PdfError, IndexError):
        return 1.0  # broken so badly that only the programs under comparison can read it


def difference(one: Pixels, other: Pixels) -> Pixels:
    """The largest difference of any channel, for each pixel; sizes may differ by the rounding of one pixel."""
    assert all(abs(a - b) <= 1 for a, b in zip(one.shape, other.shape, strict=True)), (one.shape, other.shape)
    height, width = min(one.shape[0], other.shape[0]), min(one.shape[1], other.shape[1])
    apart = one[:height, :width].astype(np.int16) - other[:height, :width].astype(np.int16)
    return np.abs(apart).max(axis=2).astype(np.uint8)


def assert_same_look(
    before: Given,
    after: Given,
    page: int = 1,
    within: int = ROUNDING,
    share: float = 0.0,
    ppi: float = 72,
    by: Sequence[str] = ("mupdf", "poppler"),
    page_after: int | None = None,
) -> None:
    """Both draw the page alike, in both programs.

    Args:
        before, after: files, bytes or builders.
        page: of the first, from 1; of the second too, unless ``page_after`` says otherwise.
        within: levels of 255 by which a pixel may differ.
        share: how much of the page may differ by more.
        ppi: what is drawn at.
        by: the programs.
        page_after: the page of the second.
    """
    for program in by:
        draw = mupdf_pixels if program == "mupdf" else poppler_pixels
        apart = difference(draw(before, page, ppi), draw(after, page_after or page, ppi))
        found = float((apart > within).mean())
        where = np.argwhere(apart > within)[:3].tolist()
        assert found <= share, f"page {page} in {program}: {found:.3%} differ, up to {apart.max()} levels, at {where}"


def inked(pixels: Pixels) -> float:
    """The share of pixels that are not white."""
    return float((pixels.min(axis=2) < 250).mean())


def qpdf_clean(given: Given) -> None:
    """``qpdf --check`` has nothing to say."""
    with as_file(given) as path:
        said = _tool("qpdf", "--check", path).decode(errors="replace")
    assert "WARNING" not in said, said
    assert "No syntax or stream encoding errors found" in said, said


def picture_opens(path: Path) -> None:
    """ImageMagick reads it in full; Pillow knows neither CMYK with alpha nor all of Lab."""
    assert _tool("identify", "-verbose", path)


def magick_shown(given: Given) -> Image.Image:
    """A TIFF as ImageMagick shows it: turned as it says, on white, in RGB."""
    with as_file(given) as path:
        how = ("-auto-orient", "+repage", "-background", "white", "-flatten", "-colorspace", "sRGB", "-depth", 8)
        return Image.open(io.BytesIO(_tool("convert", path, *how, "png:-"))).convert("RGB")


def text_of(given: Given, page: int | None = None) -> str:
    """The text, as ``pdftotext`` finds it, blanks evened out."""
    pages = ("-f", page, "-l", page) if page is not None else ()
    with as_file(given) as path:
        return re.sub(r"\s+", " ", _tool("pdftotext", *pages, path, "-").decode("utf-8", "replace")).strip()


def fixed(source: Given, chain: str | Sequence[Mapping[str, Any] | str], **kwargs: Any) -> Result:
    """``makeready.fix``, which has to change something; a single fix may be named alone."""
    given = source if isinstance(source, str | Path | bytes) else source.bytes()
    result = makeready.fix(given, [chain] if isinstance(chain, str) else list(chain), **kwargs)
    outcomes = {run.step.fix: (run.outcome.value, run.reason) for run in result.runs}
    assert any(run.outcome is StepOutcome.CHANGED for run in result.runs), outcomes
    assert result.path is not None
    return result


def unchanged(source: Given, chain: str | Sequence[Mapping[str, Any] | str], **kwargs: Any) -> Result:
    """``makeready.fix``, which must find nothing to do, and must not refuse either."""
    given = source if isinstance(source, str | Path | bytes) else source.bytes()
    result = makeready.fix(given, [chain] if isinstance(chain, str) else list(chain), **kwargs)
    outcomes = {run.step.fix: (run.outcome.value, run.reason, run.changes) for run in result.runs}
    assert all(run.outcome is StepOutcome.UNCHANGED for run in result.runs), outcomes
    assert result.path is None
    return result


def refused(source: Given, chain: str | Sequence[Mapping[str, Any] | str], **kwargs: Any) -> str:
    """``makeready.fix``, whose one step has to refuse; the reason."""
    given = source if isinstance(source, str | Path | bytes) else source.bytes()
    result = makeready.fix(given, [chain] if isinstance(chain, str) else list(chain), **kwargs)
    (run,) = result.runs
    assert run.outcome is StepOutcome.REFUSED, run
    assert result.path is None
    assert run.reason
    return run.reason


def codes(report: Report) -> Counter[str]:
    """How many issues of each code; infos do not count."""
    return Counter(issue.code for issue in report.issues if issue.severity.value != "info")
