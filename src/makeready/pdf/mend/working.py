"""A PDF on the bench: open in pikepdf, and as a file for whoever reads files.

Fixes change ``pdf`` in memory. MuPDF and the facts need a file: ``file()`` writes one where something changed
since, and opens ``pdf`` anew from it, so that the object numbers in facts are those of ``pdf``.
"""

from __future__ import annotations

from pathlib import Path

import pikepdf
from pikepdf import Dictionary, Name, Stream

from makeready.changes import Refusal
from makeready.errors import EncryptedFile, UnreadableFile

_PLAIN = pikepdf.ObjectStreamMode.disable


class Working:
    """The copy that fixes change. The input is only ever read."""

    def __init__(self, source: Path | bytes, folder: Path) -> None:
        """Open a copy.

        Args:
            source: the input.
            folder: where its states are kept; the caller removes it.

        Raises:
            EncryptedFile: it needs a password.
            UnreadableFile: neither library can make a document of it.
            Refusal: its author forbids changes.
        """
        self._folder, self._states, self._changed = folder, 0, False
        self._file = source if isinstance(source, Path) else self._next_state()
        if isinstance(source, bytes):
            self._file.write_bytes(source)
        if _breaks_off(self._file):
            whole = self._next_state()
            whole.write_bytes(self._file.read_bytes() + b"\n%%EOF\n")
            self._forget(self._file)
            self._file = whole
        #: Whether the structure was broken so badly that MuPDF had to rebuild it.
        self.rebuilt = False
        self.pdf = self._open()
        #: The version that the file is to be of, where a fix settles it.
        self.version = ""
        #: Objects may be packed into streams, which PDF 1.4 does not know; they are where they were.
        self.object_streams = True
        if self.pdf.is_encrypted and not self.pdf.allow.modify_other:
            raise Refusal("the PDF is locked against changes: ask its author for a copy without restrictions")

    def _open(self) -> pikepdf.Pdf:
        try:
            return _opened(self._file)
        except (pikepdf.PdfError, ValueError, RuntimeError):
            self.rebuilt = True
        from makeready.pdf.mend.rescue import rebuilt

        # From here on the rebuilt file is the one that facts are read from.
        state = self._next_state()
        state.write_bytes(rebuilt(self._file))
        self._file = state
        try:
            return _opened(state)
        except (pikepdf.PdfError, ValueError, RuntimeError) as error:
            raise UnreadableFile("The PDF's structure cannot be rebuilt.") from error

    def _next_state(self) -> Path:
        self._states += 1
        return self._folder / f"state-{self._states}.pdf"

    def touch(self) -> None:
        """Say that ``pdf`` was changed."""
        self._changed = True

    def file(self) -> Path:
        """The present state as a file. ``pdf`` is opened anew where it changed: objects held from before are void."""
        if self._changed:
            state, last = self._next_state(), self._file
            self.save(state)
            self.pdf.close()
            self._file, self._changed = state, False
            self.pdf = self._open()
            self._forget(last)
        return self._file

    def save(self, path: Path) -> None:
        """Write the present state: unlocked, packed as it was, its identifier made from its content.

        The same content gives the same bytes, so that a run can be repeated.
        """
        if not _borrowed_resources(self.pdf):
            self.pdf.remove_unreferenced_resources()
        if "/Size" not in self.pdf.trailer:  # a trailer that was made up; qpdf writes the right number, if there is one
            self.pdf.trailer["/Size"] = len(self.pdf.objects) + 1
        self.pdf.save(
            path,
            linearize=self.pdf.is_linearized,
            object_stream_mode=pikepdf.ObjectStreamMode.preserve if self.object_streams else _PLAIN,
            force_version=self.version,
            deterministic_id=True,
            encryption=False,
        )

    def close(self) -> None:
        """Close the file; its last state goes with it."""
        self.pdf.close()
        self._forget(self._file)

    def _forget(self, state: Path) -> None:
        if state.parent == self._folder:  # never the input
            state.unlink(missing_ok=True)


def _opened(path: Path) -> pikepdf.Pdf:
    try:
        opened = pikepdf.open(path)
        if not len(opened.pages):
            raise UnreadableFile("The PDF has no pages.")
        return opened
    except pikepdf.PasswordError as error:
        raise EncryptedFile("The PDF is locked with a password.") from error


def _breaks_off(path: Path) -> bool:
    """Whether the end mark is missing: qpdf then takes the last object for unfinished, and loses it."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 1024))
        return b"%%EOF" not in stream.read()


def _borrowed_resources(pdf: pikepdf.Pdf) -> bool:
    """Whether glyphs or patterns may draw with what their page names, which qpdf would not see and take away.

    Type 3 fonts without resources of their own use those of the page (ISO 32000-1, table 112); of patterns, which
    must have them, readers forgive the same.
    """
    for found in pdf.objects:
        if isinstance(found, Stream):
            if found.get("/PatternType") == 1 and "/Resources" not in found:
                return True
        elif isinstance(found, Dictionary) and found.get("/Subtype") == Name.Type3 and "/Resources" not in found:
            return True
    return False
