"""Opening a PDF with both libraries, and running one over its pages for facts.

MuPDF draws, pikepdf (qpdf) reads the structure. Both get the same bytes; where one has to mend the file the
facts say so. Every way a file can fail to open ends in an error that says what and what next.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pikepdf

from makeready.errors import EncryptedFile, UnreadableFile
from makeready.facts import (
    Annotation,
    Artwork,
    BleedEdge,
    FontUse,
    Ink,
    InkCoverage,
    OutOfGamut,
    Page,
    PlacedImage,
)
from makeready.pdf import bleed, gamut, ink, pixels, standard, structure
from makeready.pdf.colour import PROCESS_INKS, Alternate, Spaces
from makeready.pdf.interpreter import (
    ANNOTATION,
    NOT_PRINTED,
    Fonts,
    Painted,
    Pictures,
    device_class,
    page_blend_space,
)
from makeready.pdf.press_page import to_user_space, whole_page
from makeready.pdf.resources import Declared, Resources

#: MuPDF's cache keeps fonts, colour conversions and decoded pictures. After pages with pictures of so many pixels,
#: all together, it is shrunk to a part of what it has become, from what was used longest ago on.
STORE_PIXELS, STORE_KEPT_PERCENT = 25_000_000, 25
#: Warnings that say nothing about the print.
_HARMLESS = (
    "... repeated",
    "Actualtext",
    "ActualText",
    "Structure tree",
    "structure tree",
    "Bookmark",
    "outline",
    "cannot create appearance stream",
)

#: What MuPDF says of a compressed stream of no bytes at all, as qpdf writes an empty page: no damage.
_EMPTY_STREAM = "premature end of data in flate filter"

Progress = Callable[[int, int], None]


class Document:
    """An open PDF. Use it as a context manager; nothing it hands out may be used after it is closed."""

    def __init__(self, source: Path | bytes) -> None:
        """Open.

        Raises:
            EncryptedFile: it needs a password.
            UnreadableFile: neither library can make a document of it.
        """
        self.damage: list[str] = []
        self._drawn = self._open_mupdf(source)
        from pymupdf import mupdf

        self._native = mupdf.pdf_document_from_fz_document(self._drawn.this)
        self._press = ink.Press(self._native)
        try:
            self.pdf = self._open_pikepdf(source)
            if not self.pdf.pages:
                raise UnreadableFile("The PDF has no pages.")
            self._switch_on_printed_layers()
        except BaseException:
            self._drawn.close()
            raise

    def _open_mupdf(self, source: Path | bytes) -> Any:
        import pymupdf

        pymupdf.TOOLS.mupdf_display_errors(False)
        pymupdf.TOOLS.mupdf_display_warnings(False)
        _warnings(pymupdf)  # of the file before
        try:
            opened = (
                pymupdf.open(stream=source, filetype="pdf")
                if isinstance(source, bytes)
                else pymupdf.open(source, filetype="pdf")
            )
            if opened.needs_pass:
                opened.close()
                raise EncryptedFile("The PDF is locked with a password.")
            if opened.page_count == 0:
                cut_off = opened.is_repaired
                opened.close()
                why = ", as it is cut off or damaged beyond repair" if cut_off else ""
                raise UnreadableFile(f"The PDF has no pages{why}.")
        except (RuntimeError, ValueError, TypeError) as error:
            # What PyMuPDF says here is that it failed, and the path.
            failed = isinstance(error, pymupdf.FileDataError)
            why = "it is cut off, or damaged beyond repair" if failed else _one_line(error)
            raise UnreadableFile(f"The PDF does not open: {why}.") from error
        if opened.is_repaired:
            self.damage.append("the cross-reference table is broken and was rebuilt")
        return opened

    def _open_pikepdf(self, source: Path | bytes) -> pikepdf.Pdf:
        try:
            opened = pikepdf.open(io.BytesIO(source) if isinstance(source, bytes) else source)
            len(opened.pages)
            return opened
        except pikepdf.PasswordError as error:
            raise EncryptedFile("The PDF is locked with a password.") from error
        except (pikepdf.PdfError, ValueError, RuntimeError) as error:
            self.damage.append(f"the structure had to be rebuilt ({_one_line(error)})")
        try:  # MuPDF could open it: read the structure from MuPDF's mended copy
            return pikepdf.open(io.BytesIO(self._drawn.tobytes(garbage=1)))
        except Exception as error:  # MuPDF raises many kinds when it cannot write what it read
            raise UnreadableFile(f"The PDF's structure cannot be read: {_one_line(error)}.") from error

    def _switch_on_printed_layers(self) -> None:
        """MuPDF switches layers off for print where they say so, but never on: that is done here, in memory."""
        from pymupdf import mupdf

        for place in structure.printed_layers(self.pdf):
            mupdf.pdf_enable_layer(self._native, place, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close both."""
        self.pdf.close()
        self._drawn.close()

    def artwork(
        self,
        wanted: Collection[int] | None = None,
        needs: Collection[str] = (),
        progress: Progress | None = None,
    ) -> Artwork:
        """All the facts, of all pages or the ``wanted`` ones; ``bytes``, ``extension`` and ``canvas`` are the caller's.

        Raises:
            UnreadableFile: a page cannot be reached at all.
        """
        from pymupdf import mupdf

        spaces, resources = Spaces(mupdf._mupdf), Resources(self.pdf)
        facts, clock = _Gathered(), _Clock()
        intents = tuple(structure.output_intents(self.pdf))
        through = cache(partial(gamut.proof, self.pdf))
        total = len(self.pdf.pages)
        if total != self._drawn.page_count:
            self.damage.append(f"the page tree is inconsistent: {total} pages or {self._drawn.page_count}")
        numbers = [number for number in range(1, total + 1) if wanted is None or number in wanted]
        pictured = 0
        try:
            for done, number in enumerate(numbers, start=1):
                native = self.pdf.pages[number - 1]
                page = replace(structure.page(number, native.obj), label=structure.label(self.pdf, native))
                declared = resources.of_page(native)
                annotations = tuple(structure.annotations_of_page(number, native.obj, page.user_unit))
                with clock("painted"):
                    painted, damage = self._paint(page, declared, spaces, annotations)
                facts.add(page, painted, declared, damage)
                facts.annotations.extend(annotations)
                facts.active.extend(structure.active_content_of_page(number, native.obj))
                if "bleed" in needs:
                    with clock("bleed"):
                        facts.bleed_edges.extend(bleed.edges(self._native, page))
                if "ink" in needs:
                    with clock("ink"):
                        facts.ink_coverage.extend(self._press.coverages(page, painted.inks, intents))
                if "gamut" in needs:
                    with clock("gamut"):
                        facts.out_of_gamut.extend(gamut.out_of_gamut(self._native, page, painted.paints, through))
                pictured += sum(image.width_px * image.height_px for image in painted.images)
                if pictured > STORE_PIXELS:
                    mupdf.ll_fz_shrink_store(STORE_KEPT_PERCENT)
                    pictured = 0
                if progress:
                    progress(done, len(numbers))
        finally:
            spaces.close()
        with clock("pixels"):
            studies = pixels.studies(self._drawn, facts.images, needs)
        if facts.images:
            mupdf.ll_fz_shrink_store(STORE_KEPT_PERCENT)
        with clock("structure"):
            identity = standard.identity(self.pdf)
            constructs = standard.constructs(self.pdf, numbers) if "constructs" in needs else ()
        return Artwork(
            kind="pdf",
            format=f"PDF {self.pdf.pdf_version}",
            bytes=0,
            pages=tuple(facts.pages),
            images=tuple(facts.images),
            fonts=facts.font_uses(),
            texts=tuple(facts.texts),
            strokes=tuple(facts.strokes),
            paints=tuple(facts.paints),
            inks=facts.ink_uses(spaces.alternates | resources.alternates),
            transparencies=tuple(facts.transparencies),
            blend_spaces=tuple(facts.blend_spaces),
            near_trim=tuple(facts.near_trim),
            missing_glyphs=tuple(facts.missing_glyphs),
            output_intents=intents,
            profiles=resources.profiles,
            layers=tuple(structure.layers(self.pdf, numbers)),
            layer_settings=tuple(structure.layer_settings(self.pdf)),
            annotations=tuple(facts.annotations),
            active_content=(*structure.active_content(self.pdf), *facts.active),
            bleed_edges=tuple(facts.bleed_edges),
            ink_coverage=tuple(facts.ink_coverage),
            out_of_gamut=tuple(facts.out_of_gamut),
            pixel_studies=studies,
            encryption=structure.encryption(self.pdf),
            identity=identity,
            constructs=constructs,
            page_count=total,
            objects=int(self.pdf.trailer.get("/Size", 1)) - 1,
            pdfx=structure.pdfx(self.pdf),
            producer=structure.producer(self.pdf),
            creator=structure.creator(self.pdf),
            trapped=structure.trapped(self.pdf),
            damage=(*self.damage, *_unique(_qpdf_warnings(self.pdf))),
            cost=clock.spent,
        )

    def _paint(
        self, page: Page, declared: Declared, spaces: Spaces, annotations: Collection[Annotation]
    ) -> tuple[Painted, tuple[str, ...]]:
        """Run the interpreter over one page, and over its annotations that show."""
        import pymupdf
        from pymupdf import mupdf

        native, document = mupdf._mupdf, self._native
        _warnings(pymupdf)  # what opening the file left behind
        damage: list[str] = []
        pictures = Pictures(native, document.m_internal)
        device = device_class()(page, spaces, declared, pictures, Fonts(native, document.m_internal))
        try:
            try:
                drawn = whole_page(mupdf, document, page.number)
            except Exception as error:
                raise UnreadableFile(f"Page {page.number} cannot be loaded: {_one_line(error)}.") from error
            ctm = to_user_space(mupdf, drawn, page.user_unit)
            cookie = mupdf.FzCookie()
            device.page_group = bool(drawn.m_internal.transparency)

            def run(what: Callable[[], None]) -> None:
                try:
                    what()
                except Exception as error:  # MuPDF's own classes, and what its C++ layer makes of them
                    if "Director error" in str(error):
                        raise  # our own callback failed: no fault of the file
                    damage.append(_one_line(error))

            run(lambda: mupdf.pdf_run_page_contents_with_usage(drawn, device, ctm, "Print", cookie))
            if any(note.has_appearance and note.prints for note in annotations):
                device.within = ANNOTATION
                run(lambda: mupdf.pdf_run_page_annots_with_usage(drawn, device, ctm, "Print", cookie))
                run(lambda: mupdf.pdf_run_page_widgets_with_usage(drawn, device, ctm, "Print", cookie))
            if any(note.has_appearance and not note.prints and not note.hidden for note in annotations):
                device.within, device.quiet = NOT_PRINTED, 1
                for annotation in _unprinted(mupdf, drawn):
                    run(partial(mupdf.pdf_run_annot, annotation, device, ctm, cookie))
            run(lambda: mupdf.fz_close_device(device))
            painted: Painted = device.finish()
            painted.blend_spaces[:0] = page_blend_space(mupdf, drawn, page, spaces)
        finally:
            pictures.close()
        damage.extend(_warnings(pymupdf))
        if structure.empty_contents(self.pdf.pages[page.number - 1].obj):
            damage = [line for line in damage if line != _EMPTY_STREAM]
        return painted, tuple(_unique(damage))


def _warnings(pymupdf: Any) -> list[str]:
    """What MuPDF complained of since it was last asked, without what says nothing about the print."""
    # MuPDF holds back a repeated warning to count it; unflushed, it would turn up in the next file.
    pymupdf.mupdf.fz_flush_warnings()
    lines = [line.strip() for line in pymupdf.TOOLS.mupdf_warnings(reset=True).splitlines()]
    return [line for line in lines if line and not any(harmless in line for harmless in _HARMLESS)]


class _Clock:
    """Seconds by what they were spent on."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.spent[what] = self.spent.get(what, 0.0) + time.perf_counter() - start


class _Gathered:
    """The facts of the pages, as they come in."""

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.images: list[PlacedImage] = []
        self.texts: list[Any] = []
        self.strokes: list[Any] = []
        self.paints: list[Any] = []
        self.transparencies: list[Any] = []
        self.blend_spaces: list[Any] = []
        self.near_trim: list[Any] = []
        self.missing_glyphs: list[Any] = []
        self.annotations: list[Annotation] = []
        self.active: list[Any] = []
        self.bleed_edges: list[BleedEdge] = []
        self.ink_coverage: list[InkCoverage] = []
        self.out_of_gamut: list[OutOfGamut] = []
        self.fonts: dict[Any, FontUse] = {}
        self.font_pages: dict[Any, list[int]] = {}
        self.inks: dict[str, list[int]] = {}

    def add(self, page: Page, painted: Painted, declared: Declared, damage: tuple[str, ...]) -> None:
        self.pages.append(replace(page, painted=painted.marks, blank=None if damage else painted.blank, damage=damage))
        self.images.extend(painted.images)
        self.texts.extend(painted.texts)
        self.strokes.extend(painted.strokes)
        self.paints.extend(painted.paints)
        self.transparencies.extend(painted.transparencies)
        self.blend_spaces.extend(painted.blend_spaces)
        self.near_trim.extend(painted.near_trim)
        self.missing_glyphs.extend(painted.missing_glyphs)
        for font in (*declared.fonts.values(), *painted.fonts.values()):
            self.fonts.setdefault(_font_key(font), font)
        for font in painted.fonts.values():
            numbers = self.font_pages.setdefault(_font_key(font), [])
            if page.number not in numbers[-1:]:
                numbers.append(page.number)
        for name in painted.inks:
            self.inks.setdefault(name, []).append(page.number)

    def font_uses(self) -> tuple[FontUse, ...]:
        return tuple(replace(font, pages=tuple(self.font_pages.get(key, ()))) for key, font in self.fonts.items())

    def ink_uses(self, alternates: Mapping[str, Alternate]) -> tuple[Ink, ...]:
        """Process inks in the order of the press, then spots by name."""
        order = {ink: place for place, ink in enumerate(PROCESS_INKS)}
        names = sorted(self.inks, key=lambda ink: (order.get(ink, len(order)), ink))
        return tuple(
            Ink(ink, ink not in order, tuple(self.inks[ink]), None if ink in order else alternates.get(ink))
            for ink in names
        )


def _font_key(font: FontUse) -> Any:
    return font.object or (font.name, font.type)


def _unprinted(mupdf: Any, drawn: Any) -> Any:
    """The annotations and fields that a screen shows and a press does not."""
    for first, following in (
        (mupdf.pdf_first_annot, mupdf.pdf_next_annot),
        (mupdf.pdf_first_widget, mupdf.pdf_next_widget),
    ):
        annotation = first(drawn)
        while annotation.m_internal:
            if not mupdf.pdf_annot_flags(annotation) & mupdf.PDF_ANNOT_IS_PRINT:
                yield annotation
            annotation = following(annotation)


def _qpdf_warnings(pdf: pikepdf.Pdf) -> list[str]:
    """What qpdf had to mend. Linearisation hints are no damage: any program may have left them stale."""
    return [_one_line(w) for w in pdf.get_warnings() if "linearization" not in str(w) and "hint table" not in str(w)]


def _unique(lines: Collection[str]) -> list[str]:
    return list(dict.fromkeys(lines))[:50]


def _one_line(error: object) -> str:
    """A library's message without the paths and addresses it puts in front."""
    text = re.sub(r"^(stream <[^>]*>|\S*/\S+)\s*:?\s*", "", " ".join(str(error).split()))
    return text[:200].lstrip(", ").rstrip(". ") or type(error).__name__
