"""Artwork to measure with, as large as is asked for."""

from __future__ import annotations

import random
from pathlib import Path

import pikepdf

OBJECTS = 20_000
PAGES = 1_000


def document(path: Path, contents: list[list[str]]) -> Path:
    pdf = pikepdf.new()
    font = pdf.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    )
    for number, lines in enumerate(contents):
        pdf.add_blank_page(page_size=(842, 1191))
        page = pdf.pages[-1]
        picture = pdf.make_stream(random.Random(number).randbytes(30_000))  # a different one on each page
        for key, value in {"Type": "/XObject", "Subtype": "/Image", "ColorSpace": "/DeviceGray"}.items():
            picture[f"/{key}"] = pikepdf.Name(value)
        picture["/Width"], picture["/Height"], picture["/BitsPerComponent"] = 200, 150, 8
        page.obj["/Resources"] = pikepdf.Dictionary(
            Font=pikepdf.Dictionary(F0=font), XObject=pikepdf.Dictionary(Im0=picture)
        )
        page.obj["/Contents"] = pdf.make_stream("\n".join(["q 200 0 0 150 50 50 cm /Im0 Do Q", *lines]).encode())
    pdf.save(path)
    return path


def city_map(path: Path, objects: int = OBJECTS) -> Path:
    """One page like a city map: filled shapes, lines and labels in a thousand colours."""
    chance = random.Random(1)
    lines = []
    for number in range(objects):
        x, y = chance.random() * 800, chance.random() * 1100
        colour = " ".join(f"{chance.random():.1f}" for _ in range(4))
        lines.append(
            (
                f"{colour} k {x:.2f} {y:.2f} 20 10 re f",
                f"{colour} K 0.5 w {x:.2f} {y:.2f} m {x + 30:.2f} {y + 20:.2f} l S",
                f"0 g BT /F0 8 Tf {x:.2f} {y:.2f} Td (Street {number}) Tj ET",
                f"{colour} k {x:.2f} {y:.2f} m {x + 10:.2f} {y + 20:.2f} {x + 20:.2f} {y:.2f} {x + 30:.2f} {y:.2f} c f",
            )[number % 4]
        )
    return document(path, [lines])


def catalogue(path: Path, pages: int = PAGES) -> Path:
    """A catalogue, each page with a picture of its own and 60 lines of text."""
    contents = [
        [f"0 g BT /F0 9 Tf 50 {1100 - line * 15} Td (Line {line} of page {page}) Tj ET" for line in range(60)]
        for page in range(pages)
    ]
    return document(path, contents)
