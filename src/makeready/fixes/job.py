"""A file on the bench: what a fix gets to work with."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from makeready import intake
from makeready.errors import MakereadyError, UnreadableFile
from makeready.facts import Artwork
from makeready.intake import Source
from makeready.units import Size

if TYPE_CHECKING:
    from makeready.pdf.mend.working import Working as WorkingPdf
    from makeready.raster.mend.working import Working as WorkingRaster


def _silent(_share: float) -> None:
    """Nobody wants to know."""


class Job:
    """One file being mended: its facts as they are now, and the copy that may be changed.

    A fix reads ``facts``, changes ``pdf.pdf`` (pikepdf) or ``raster.image`` (libvips), and yields a ``Change``
    for each thing it changed. Facts are those from before the fix began; whoever needs them anew in the middle
    calls ``renew()``.
    """

    def __init__(
        self,
        source: Source,
        folder: Path,
        *,
        kind: str,
        canvas: Size | None = None,
        pages: Collection[int] | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        """Put a copy on the bench.

        Args:
            source: the input; it is only read.
            folder: for everything that is written meanwhile; the caller removes it.
            kind: ``pdf`` or ``raster``.
            canvas: the printed size, where it is known.
            pages: the pages that may be changed; all when left out.
            progress: called with the share of the present step that is done, 0 to 1.

        Raises:
            UnreadableFile: it cannot be opened.
            Refusal: its author forbids changes.
        """
        self.name, self.kind, self.folder, self.canvas, self._pages = source.name, kind, folder, canvas, pages
        #: Costly facts that the present step reads, set by whoever takes the steps.
        self.needs: frozenset[str] = frozenset()
        self.tell: Callable[[float], None] = progress or _silent
        #: Why the present step changes nothing, where it can say so.
        self.why: str | None = None
        self._facts: Artwork | None = None
        self._gathered: frozenset[str] = frozenset()
        self._work: WorkingPdf | WorkingRaster = self._opened(source.native, kind)

    def _opened(self, native: Path | bytes, kind: str) -> WorkingPdf | WorkingRaster:
        if kind == "pdf":
            from makeready.pdf.mend.working import Working as WorkingPdf

            return WorkingPdf(native, self.folder)
        from makeready.raster.mend.working import Working as WorkingRaster

        return WorkingRaster(native, self.folder)

    @property
    def pdf(self) -> WorkingPdf:
        """The PDF; only for fixes that asked for ``kinds=("pdf",)`` or looked at ``kind``."""
        from makeready.pdf.mend.working import Working as WorkingPdf

        assert isinstance(self._work, WorkingPdf)
        return self._work

    @property
    def raster(self) -> WorkingRaster:
        """The picture; only for fixes that asked for ``kinds=("raster",)`` or looked at ``kind``."""
        from makeready.raster.mend.working import Working as WorkingRaster

        assert isinstance(self._work, WorkingRaster)
        return self._work

    @property
    def facts(self) -> Artwork:
        """What is in the file, as it was before the present step, with the costly facts that the step declared."""
        if self._facts is None or not self.needs <= self._gathered:
            self._facts, self._gathered = self._read(), self.needs
        return self._facts

    def _read(self) -> Artwork:
        if self.kind == "raster":
            return self.raster.artwork(self.name, self.canvas, self.needs)
        source = Source(self.name, path=self.pdf.file())
        try:
            return intake.read(source, canvas=self.canvas, pages=self._pages, needs=self.needs)
        except MakereadyError:
            raise
        except Exception as error:  # the file's door: a hostile file may raise anything out of native code
            raise UnreadableFile(f"Reading it failed inside: {type(error).__name__}: {error}") from error

    @property
    def pages(self) -> tuple[int, ...]:
        """The numbers of the pages that may be changed."""
        return tuple(page.number for page in self.facts.pages)

    def renew(self) -> None:
        """Say that the file was changed: the next look at ``facts`` reads it again."""
        if self.kind == "pdf":
            self.pdf.touch()
        self._facts = None

    def settle(self) -> None:
        """Write what was changed: from here on the objects of ``pdf.pdf`` are good until the next ``renew()``."""
        if self.kind == "pdf":
            self.pdf.file()

    def become(self, path: Path, kind: str) -> None:
        """Go on with another file: for fixes that turn a picture into a PDF, or a page into a picture."""
        self._work.close()
        self.kind, self._facts = kind, None
        self.name = str(Path(self.name).with_suffix(path.suffix))
        self._work = self._opened(path, kind)

    def save(self, path: Path) -> None:
        """Write the file as it is now."""
        self._work.save(path)

    @property
    def suffix(self) -> str:
        """What the name of the new file ends with."""
        return ".pdf" if self.kind == "pdf" else self.raster.suffix

    def close(self) -> None:
        """Let go of the file."""
        self._work.close()
