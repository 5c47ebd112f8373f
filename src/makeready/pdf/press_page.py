"""A page as a press sees it: all of it, not turned, in the coordinates that facts are held in."""

from __future__ import annotations

from typing import Any


def whole_page(mupdf: Any, document: Any, number: int) -> Any:
    """Load a page without its CropBox.

    MuPDF shows a page as a screen would and cuts off what lies outside of the CropBox; a press prints it all.
    The open document is changed in memory, never on disk.
    """
    native = mupdf.pdf_lookup_page_obj(document, number - 1)
    media = mupdf.pdf_dict_gets_inheritable(native, "MediaBox")
    if media.m_internal and mupdf.pdf_dict_gets_inheritable(native, "CropBox").m_internal:
        mupdf.pdf_dict_puts(native, "CropBox", media)
    unit = mupdf.pdf_dict_gets(native, "UserUnit")
    if unit.m_internal and mupdf.pdf_to_real(unit) <= 0:
        mupdf.pdf_dict_dels(native, "UserUnit")  # no scale at all: the boxes are read without it as well
    return mupdf.pdf_load_page(document, number - 1)


def to_user_space(mupdf: Any, drawn: Any, user_unit: float) -> Any:
    """The matrix that turns MuPDF's page space back into PDF user space, with UserUnit applied."""
    area, ctm = mupdf.FzRect(), mupdf.FzMatrix()
    mupdf.pdf_page_transform(drawn, area, ctm)
    return mupdf.fz_concat(mupdf.fz_invert_matrix(ctm), mupdf.fz_make_matrix(user_unit, 0, 0, user_unit, 0, 0))
