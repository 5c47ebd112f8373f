"""Facts without judgement: read one file into a report, whatever happens on the way.

``except Exception`` stands here at the file's door: what a hostile file does to a reader ends as a report
with the verdict ``unreadable``, never as a dead run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import BinaryIO

from makeready import intake
from makeready.errors import EncryptedFile, TooLarge, UnreadableFile, UsageError
from makeready.intake import Source
from makeready.raster import MAX_PIXELS
from makeready.results import CheckRun, Issue, Outcome, ProfileInfo, Report, Severity
from makeready.units import Size

#: Codes that say a file could not be read; they come from opening it, not from facts.
UNREADABLE, ENCRYPTED, TOO_LARGE = "FIL101", "FIL102", "FIL106"
#: What to do when it is not known whose fault it is.
FAILED_INSIDE = "Export it again; if that does not help, makeready is at fault: please report it."
NO_PROFILE = ProfileInfo("none", "Facts only", "")


def inspect(
    source: str | Path | bytes | BinaryIO | Source,
    *,
    canvas: str | tuple[float, float] | Size | None = None,
    pages: Collection[int] | None = None,
    name: str | None = None,
    needs: Collection[str] = (),
    profile: ProfileInfo = NO_PROFILE,
    max_pixels: int | None = MAX_PIXELS,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """The facts of one file, without judging them: a report with no issues and no runs.

    Args:
        source: a path, the bytes of a file, or a binary stream.
        canvas: the printed size: ``"30x20in"``, a ``Size``, or (width, height) in inches.
        pages: page numbers to look at; all when left out.
        name: what to call bytes and streams in the report.
        needs: costly facts to gather besides; their names are the keys of ``registry.NEEDS``.
        profile: what the report says it was held against.
        max_pixels: a raster with more pixels is refused before anything is decoded.
        progress: called with (pages done, pages in all).

    Returns:
        A report; a file that cannot be read gets one too, with verdict ``unreadable``.
    """
    source = source if isinstance(source, Source) else Source.of(source, name)
    started = time.perf_counter()
    try:
        facts = intake.read(
            source,
            canvas=as_size(canvas),
            pages=pages,
            needs=needs,
            max_pixels=max_pixels,
            progress=progress,
        )
    except UnreadableFile as error:
        return unreadable(source, error, profile)
    except MemoryError:
        return unreadable(source, TooLarge("Reading it takes more memory than there is."), profile)
    except Exception as error:  # the file's door: a hostile file may raise anything out of native code
        why = UnreadableFile(f"Reading it failed inside: {type(error).__name__}: {error}.", FAILED_INSIDE)
        return unreadable(source, why, profile)
    return Report(
        file=source.info(facts.kind, facts.format),
        profile=profile,
        facts=facts,
        seconds=time.perf_counter() - started,
    )


def unreadable(source: Source, error: UnreadableFile, profile: ProfileInfo = NO_PROFILE) -> Report:
    """The report of a file that cannot be read, with the reason as its one issue."""
    code = ENCRYPTED if isinstance(error, EncryptedFile) else TOO_LARGE if isinstance(error, TooLarge) else UNREADABLE
    # The catalogue is only needed for its words on this one code, and costs as much as reading ten files.
    from makeready import preflight

    declared = preflight.catalogue()[code]
    try:
        kind, format = intake.kind_of(source)
    except UnreadableFile:
        kind, format = None, None  # then the error says so
    issue = Issue(
        code=code,
        name=declared.name,
        severity=Severity.ERROR,
        title=declared.title,
        message=f"{error} {error.hint}".strip(),
        details={"reason": str(error), "hint": error.hint},
    )
    return Report(
        file=source.info(kind, format),
        profile=profile,
        facts=None,
        issues=(issue,),
        runs=(CheckRun(code, Outcome.FOUND),),
    )


def as_size(canvas: str | tuple[float, float] | Size | None) -> Size | None:
    """A printed size from what callers give: text, a ``Size``, or (width, height) in inches.

    Raises:
        UsageError: it is not a size.
    """
    if canvas is None or isinstance(canvas, Size):
        return canvas
    try:
        if isinstance(canvas, str):
            return Size.parse(canvas)
        width, height = canvas
        if width <= 0 or height <= 0:
            raise ValueError("both sides of a canvas must be more than nothing")
        return Size(width * 72, height * 72)
    except (ValueError, TypeError) as error:
        raise UsageError(f"The canvas does not fit: {error}.") from error
