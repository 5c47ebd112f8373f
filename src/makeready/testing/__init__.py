"""Artwork for tests, for the authors of plug-ins and for our own: made in a line, the same every time.

A test of a check reads as a sentence:

>>> from makeready.testing import pdf
>>> page = pdf(trim="A4", bleed="3 mm").image(ppi=96, colour="rgb", at=("10 mm", "20 mm")).text("x", size="4 pt")
>>> page.bytes()[:5]
b'%PDF-'

``pdf()`` starts a PDF that is fit for the press as it is; every call adds to it. ``picture()`` makes raster
files, ``landscape()`` the pixels for them. ``press_profile()`` is a small CMYK output profile.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from makeready.testing.builder import PdfBuilder, pdf
    from makeready.testing.icc import press_profile, srgb_profile
    from makeready.testing.pictures import image, landscape, picture

_HOMES = {
    "PdfBuilder": "builder",
    "image": "pictures",
    "landscape": "pictures",
    "pdf": "builder",
    "picture": "pictures",
    "press_profile": "icc",
    "srgb_profile": "icc",
}
__all__ = ["PdfBuilder", "image", "landscape", "pdf", "picture", "press_profile", "srgb_profile"]


def __getattr__(name: str) -> Any:
    """Import on first use: a test of one thing does not load what it does not need."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
