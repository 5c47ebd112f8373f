"""A file that qpdf gives up, rebuilt by MuPDF: what can be found of its objects, and its pages in a plain tree."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pikepdf

from makeready.changes import Refusal
from makeready.errors import EncryptedFile, UnreadableFile

#: What pages take over from the nodes above them (ISO 32000-1, table 30).
_INHERITED = ("Resources", "MediaBox", "CropBox", "Rotate")


def rebuilt(source: Path) -> bytes:
    """The file with a new cross-reference table and, where the page tree is no tree, a new one of those.

    Raises:
        EncryptedFile: it needs a password.
        Refusal: its author forbids changes.
        UnreadableFile: MuPDF finds no pages in it, or cannot write what it found.
    """
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    try:
        with pymupdf.open(source, filetype="pdf") as found:
            if found.needs_pass:
                raise EncryptedFile("The PDF is locked with a password.")
            if not found.permissions & pymupdf.mupdf.PDF_PERM_MODIFY:
                raise Refusal("the PDF is locked against changes: ask its author for a copy without restrictions")
            if not found.page_count:
                raise UnreadableFile("The PDF has no pages.")
            data: bytes = found.tobytes(garbage=1)
            if not _has_page_tree(data):
                _plant(found)
                data = found.tobytes(garbage=1)
            return data
    except (EncryptedFile, Refusal, UnreadableFile):
        raise
    except Exception as error:  # MuPDF raises many kinds when it cannot read, or write what it read
        raise UnreadableFile(f"The PDF's structure cannot be read: {error}.") from error


def _has_page_tree(data: bytes) -> bool:
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            return bool(len(pdf.pages))
    except (pikepdf.PdfError, ValueError, RuntimeError):
        return False


def _plant(found: Any) -> None:
    """Put the pages under one node, where their tree runs in circles. The rest of the catalogue stays as it is."""
    from pymupdf import mupdf

    document = mupdf.pdf_document_from_fz_document(found.this)
    root = mupdf.pdf_dict_gets(mupdf.pdf_trailer(document), "Root")
    leaves = list(_leaves(mupdf.pdf_dict_gets(root, "Pages"), {}, set()))
    if not leaves:
        raise UnreadableFile("The PDF has no pages.")
    tree = found.get_new_xref()
    kids = " ".join(f"{mupdf.pdf_to_num(leaf)} 0 R" for leaf in leaves)
    found.update_object(tree, f"<</Type/Pages/Count {len(leaves)}/Kids[{kids}]>>")
    for leaf in leaves:
        found.xref_set_key(mupdf.pdf_to_num(leaf), "Parent", f"{tree} 0 R")
    found.xref_set_key(found.pdf_catalog(), "Pages", f"{tree} 0 R")


def _leaves(node: Any, above: Mapping[str, Any], met: set[int]) -> Iterator[Any]:
    """The pages below a node, each once, in order, with what they take over written into them."""
    from pymupdf import mupdf

    number = mupdf.pdf_to_num(node)
    if not number or number in met or not mupdf.pdf_is_dict(node):
        return
    met.add(number)
    taken = dict(above)
    for key in _INHERITED:
        if (value := mupdf.pdf_dict_gets(node, key)).m_internal:
            taken[key] = value
    kids = mupdf.pdf_dict_gets(node, "Kids")
    if mupdf.pdf_is_array(kids):
        for place in range(mupdf.pdf_array_len(kids)):
            yield from _leaves(mupdf.pdf_array_get(kids, place), taken, met)
    elif mupdf.pdf_to_name(mupdf.pdf_dict_gets(node, "Type")) != "Pages":
        for key, value in taken.items():
            mupdf.pdf_dict_puts(node, key, value)
        yield node
