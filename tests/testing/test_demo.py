"""The demonstration artwork is small, whole where it should be, and the same every time."""

from __future__ import annotations

import pikepdf
import pytest
from PIL import Image

from makeready.testing import demo, poppler


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All of it, drawn once."""
    folder = tmp_path_factory.mktemp("demo")
    assert sorted(path.name for path in demo.make(folder)) == sorted(demo.ARTWORK)
    return folder


def test_it_fits_into_a_mail(folder) -> None:
    assert sum(path.stat().st_size for path in folder.iterdir()) < 6e6


def test_pdfs_are_sound_but_for_the_broken_one(folder, run) -> None:
    for path in folder.glob("*.pdf"):
        if "broken" in path.name:
            assert b"%%EOF" not in path.read_bytes()
        else:
            assert "No syntax or stream encoding errors" in run("qpdf", "--check", path)


def test_the_poster_has_the_faults_it_is_shown_for(folder, tool) -> None:
    tool("pdfimages")
    (photo,) = poppler.images(folder / "poster-midsummer.pdf")
    assert (photo.colour, photo.ppi_x) == ("rgb", 96)
    with pikepdf.open(folder / "poster-midsummer.pdf") as poster:
        assert "/TrimBox" not in poster.pages[0].obj
        assert "/BleedBox" not in poster.pages[0].obj


def test_the_brochure_lacks_a_font(folder, tool) -> None:
    tool("pdffonts")
    assert [row.name for row in poppler.fonts(folder / "brochure.pdf") if not row.embedded] == ["Helvetica"]


@pytest.mark.parametrize(
    ("name", "size", "mode"),
    [
        ("canvas-photo.jpg", (4000, 3000), "RGB"),
        ("phone-photo.jpg", (2016, 1512), "RGB"),
        ("catalogue-picture.tif", (900, 600), "CMYK"),
        ("logo.png", (900, 900), "RGBA"),
    ],
)
def test_pictures_are_what_they_are_called(folder, name, size, mode) -> None:
    with Image.open(folder / name) as picture:
        assert (picture.size, picture.mode) == (size, mode)
        picture.load()


def test_the_same_every_time() -> None:
    assert demo.business_card() == demo.business_card()


def test_command_line(tmp_path, capsys) -> None:
    assert demo.main([]) == 2
    assert "FOLDER" in capsys.readouterr().err
