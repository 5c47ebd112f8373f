"""On files that other software wrote, our facts agree with poppler's: pictures, fonts, boxes."""

from __future__ import annotations

from pathlib import Path

import makeready
from makeready.facts import as_data
from makeready.testing.poppler import compare


def test_we_see_what_poppler_sees(produced: list[Path], tool) -> None:
    for name in ("pdfimages", "pdffonts", "pdfinfo"):
        tool(name)
    for path in produced:
        report = makeready.inspect(path)
        assert report.facts is not None, f"{path.name} is unreadable: {report.issues}"
        result = compare(as_data(report.facts), path)
        assert result.agreed, "\n".join([path.name, *result.disagreements])


def test_every_producer_gives_something_to_compare(produced: list[Path], tool) -> None:
    """A producer whose pictures were all left out would agree for nothing."""
    for name in ("pdfimages", "pdffonts", "pdfinfo"):
        tool(name)
    nothing = {"pages": [], "images": [], "fonts": []}
    rows = [line for path in produced for line in compare(nothing, path).only_poppler]
    assert len(rows) >= 4
