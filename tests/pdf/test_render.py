"""Pictures of PDF pages: the whole MediaBox, as displayed, and places where on_display says."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from makeready.errors import EncryptedFile, UnreadableFile
from makeready.facts import Box, Boxes, Page, Rect
from makeready.pdf.boxes import displayed_size, on_display
from makeready.pdf.render import drawing, page_picture

MEDIA = (-20.0, 10.0, 180.0, 310.0)


def one_page(
    content: str,
    media: Box = MEDIA,
    crop: Box | None = None,
    rotate: int = 0,
    user_unit: float = 1.0,
    pages: int = 1,
    encryption: pikepdf.Encryption | bool = False,
) -> bytes:
    """A PDF that paints ``content`` on each page."""
    pdf = pikepdf.new()
    for _ in range(pages):
        pdf.pages.append(
            pikepdf.Page(
                pikepdf.Dictionary(
                    Type=pikepdf.Name.Page,
                    MediaBox=pikepdf.Array(media),
                    Rotate=rotate,
                    UserUnit=user_unit,
                    Contents=pdf.make_stream(content.encode()),
                    Resources=pikepdf.Dictionary(
                        ExtGState=pikepdf.Dictionary(Half=pikepdf.Dictionary(ca=0.5)),
                    ),
                )
            )
        )
        if crop is not None:
            pdf.pages[-1].obj.CropBox = pikepdf.Array(crop)
    file = io.BytesIO()
    pdf.save(file, min_version="1.6", encryption=encryption)
    return file.getvalue()


def pixels(picture: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(picture)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def red_area(picture: bytes) -> tuple[float, float, float, float]:
    """Left, top, width, height of what is red, in fractions of the picture."""
    rgb = pixels(picture)
    rows, columns = np.nonzero((rgb[:, :, 0] > 200) & (rgb[:, :, 1] < 100))
    height, width = rgb.shape[:2]
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    return left / width, top / height, (right - left) / width, (bottom - top) / height


rotations = st.sampled_from([0, 90, 180, 270, -90, 450])
crops = st.sampled_from([None, (0.0, 50.0, 150.0, 250.0), MEDIA, (-90.0, 0.0, 90.0, 120.0)])
units = st.sampled_from([1.0, 2.0, 0.5, 3.25])


@settings(deadline=None, max_examples=60)
@given(
    rotate=rotations,
    crop=crops,
    user_unit=units,
    see_through=st.booleans(),
    x=st.integers(-20, 140),
    y=st.integers(10, 270),
    w=st.integers(10, 40),
    h=st.integers(10, 40),
)
def test_a_rectangle_is_seen_where_on_display_says(
    rotate: int, crop: Box | None, user_unit: float, see_through: bool, x: int, y: int, w: int, h: int
) -> None:
    # Transparency makes MuPDF draw the page as a group, which it cuts off at the box it is asked for.
    content = f"1 0 0 rg {x} {y} {w} {h} re f {'/Half gs' if see_through else ''} 0 0 1 rg -20 10 5 5 re f"
    picture = page_picture(one_page(content, crop=crop, rotate=rotate, user_unit=user_unit), 1, width_px=400)
    page = Page(1, Boxes(media=MEDIA, crop=crop), rotate=rotate, user_unit=user_unit)
    place = Rect(*(value * user_unit for value in (x, y, x + w, y + h)))
    height, width = pixels(picture).shape[:2]
    assert (width, height) == pytest.approx((400, 400 * np.divide(*displayed_size(page)[::-1])), abs=1)
    assert red_area(picture) == pytest.approx(on_display(page, place), abs=2.5 / min(width, height))


def test_the_picture_has_the_width_asked_for() -> None:
    assert pixels(page_picture(one_page("1 0 0 rg 0 50 90 90 re f"), 1)).shape[1] == 900


def test_a_banner_is_shown_narrower_rather_than_huge() -> None:
    banner = one_page("1 0 0 rg 0 0 10 10 re f", media=(0, 0, 30, 14400))
    height, width, _ = pixels(page_picture(banner, 1)).shape
    assert height <= 16_001
    assert width <= 40
    height, width, _ = pixels(page_picture(one_page(""), 1, max_pixels=10_000)).shape
    assert width * height <= 10_500


def test_type_and_lines_come_as_png_and_photographs_as_jpeg() -> None:
    assert page_picture(one_page("0 0 0 rg 10 50 90 1 re f"), 1).startswith(b"\x89PNG")
    noise = np.random.default_rng(1).integers(0, 255, (900, 600, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PDF")
    assert page_picture(file.getvalue(), 1, width_px=600).startswith(b"\xff\xd8")


def test_a_path_is_as_good_as_bytes(tmp_path: Path) -> None:
    data = one_page("1 0 0 rg 0 50 90 90 re f")
    path = tmp_path / "añ b.pdf"
    path.write_bytes(data)
    assert page_picture(path, 1) == page_picture(str(path), 1) == page_picture(data, 1)


def test_the_file_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(one_page("1 0 0 rg 0 50 90 90 re f", crop=(0, 50, 90, 140)))
    before = path.read_bytes()
    page_picture(path, 1)
    assert path.read_bytes() == before


def test_one_opened_file_draws_many_pages() -> None:
    with drawing(one_page("1 0 0 rg 0 50 90 90 re f", pages=3)) as draw:
        assert len({draw(number, 200) for number in (3, 1, 2)}) == 1


def test_a_missing_page_is_named() -> None:
    with pytest.raises(UnreadableFile, match="no page 7; the file has 1"):
        page_picture(one_page(""), 7)


@pytest.mark.parametrize("junk", [b"", b"hello", b"%PDF-1.7\ntrailer<<>>\n%%EOF", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_pdf_cannot_be_drawn(junk: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnreadableFile):
        page_picture(junk, 1)
    assert capfd.readouterr() == ("", "")


def test_a_missing_file_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="cannot be opened"):
        page_picture(tmp_path / "none.pdf", 1)


def test_a_password_is_asked_for_in_words() -> None:
    locked = one_page("", encryption=pikepdf.Encryption(owner="o", user="u"))
    with pytest.raises(EncryptedFile, match="password"):
        page_picture(locked, 1)


def test_a_page_without_contents_or_media_box_is_drawn_as_an_empty_letter() -> None:
    pdf = pikepdf.new()
    pdf.pages.append(pikepdf.Page(pikepdf.Dictionary(Type=pikepdf.Name.Page)))
    file = io.BytesIO()
    pdf.save(file)
    shown = pixels(page_picture(file.getvalue(), 1, width_px=612))
    assert shown.shape[:2] == (792, 612)
    assert shown.min() == 255
