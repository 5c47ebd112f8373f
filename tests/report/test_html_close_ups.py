"""Close-ups of places: they show the place, framed, and stay few and small."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import pytest
from PIL import Image

from makeready.facts import Artwork, Boxes, Page, Rect
from makeready.pdf.boxes import displayed_size, mm_from_trim
from makeready.report.crops import A_REPORT, AN_ENTRY, LONGEST_PX, windows
from makeready.report.html import render
from makeready.report.pictures import CROP_BYTES, pictures_for
from makeready.results import FileInfo, Issue, Place, ProfileInfo, Report, Severity
from makeready.testing.builder import pdf
from makeready.units import POINTS_PER_MM

MM = POINTS_PER_MM


def a_page(number: int = 1, *, rotate: int = 0, width: float = 600, height: float = 800) -> Page:
    return Page(number, Boxes(media=(0, 0, width, height), trim=(0, 0, width, height)), rotate=rotate)


def issue_at(page: Page, *rects: tuple[float, float, float, float], code: str = "LIN101", **more: Any) -> Issue:
    places = tuple(Place(rect, mm_from_trim(page, Rect(*rect))) for rect in rects)
    return Issue(code, "a", Severity.ERROR, "T", "M", page.number, places[0], places, **more)


def report(*issues: Issue, pages: tuple[Page, ...] = (a_page(),), kind: str = "pdf") -> Report:
    facts = Artwork(kind, "PDF 1.6", 1, pages, page_count=len(pages))
    return Report(FileInfo("a.pdf", kind, None, 1, None), ProfileInfo("p", "P", ""), facts, issues)


def seen(data: bytes) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def drawn(content: str, **page: Any) -> bytes:
    import pikepdf

    with pikepdf.new() as file:
        file.add_blank_page(page_size=(600, 800))
        file.pages[0].Contents = file.make_stream(content.encode())
        for key, value in page.items():
            file.pages[0][f"/{key}"] = value
        data = io.BytesIO()
        file.save(data)
    return data.getvalue()


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("at", [(100, 500, 140, 530), (0, 0, 20, 20), (560, 770, 600, 800)])
def test_the_frame_in_a_close_up_surrounds_the_place(rotate: int, at: tuple[float, float, float, float]) -> None:
    page = a_page(rotate=rotate)
    x0, y0, x1, y1 = at
    red = drawn(f"1 0 0 rg {x0} {y0} {x1 - x0} {y1 - y0} re f", Rotate=rotate)
    ((crop,),) = [shot.crops for shot in pictures_for(report(issue_at(page, at), pages=(page,)), red)]
    pixels = seen(crop.data)
    height, width, _ = pixels.shape
    reds = np.argwhere((pixels[:, :, 0] > 200) & (pixels[:, :, 1] < 60))
    (top, left), (bottom, right) = reds.min(axis=0), reds.max(axis=0) + 1
    x, y, wide, high = crop.window.frame
    assert (left, top) == pytest.approx((x * width, y * height), abs=2)
    assert (right, bottom) == pytest.approx(((x + wide) * width, (y + high) * height), abs=2)
    assert (pixels[:, :, 2] > 200).any(), "there is paper around it"
    assert (crop.width_px, crop.height_px) == (width, height)


def test_a_close_up_shows_more_than_the_page_does() -> None:
    page = a_page()
    hairline = drawn("0 0 1 RG 0.1 w 100 400 m 500 400 l S")
    (shot,) = pictures_for(report(issue_at(page, (100, 400, 500, 400))), hairline)
    (crop,) = shot.crops
    across, down = displayed_size(page)
    assert crop.width_px / (crop.window.area[2] * across) > 3 * shot.width_px / across
    pixels = seen(crop.data)
    assert (pixels[:, :, 2] - pixels[:, :, 0] > 100).any(), "the thin line is to be seen"
    assert 0 < crop.window.frame[0] < 0.3, "it shows where the line starts"
    assert crop.window.frame[0] + crop.window.frame[2] > 1
    assert down == 800


def test_a_place_that_fills_the_page_or_lies_off_it_has_no_close_up() -> None:
    page = a_page()
    whole, larger, off = (0, 0, 600, 800), (-50, -50, 700, 900), (700, 900, 720, 950)
    unknown = (float("nan"), 0.0, 1.0, 1.0)
    assert windows(report(issue_at(page, whole, larger, off, unknown)), {1}) == ()
    assert len(windows(report(issue_at(page, whole, (300, 300, 330, 320))), {1})) == 1


def test_places_that_an_earlier_close_up_shows_have_none_of_their_own() -> None:
    page = a_page()
    found = windows(report(issue_at(page, (100, 100, 110, 105), (112, 100, 122, 105), (400, 600, 410, 605))), {1})
    assert len(found) == 2


def test_close_ups_are_few_and_each_number_has_its_first_before_any_has_its_second() -> None:
    pages = tuple(a_page(number) for number in range(1, 101))
    spots = [(x, y, x + 5.0, y + 5.0) for x in range(20, 600, 150) for y in range(20, 800, 150)]
    crowded = [issue_at(page, *spots, code=f"AAA{code}") for code in range(101, 113) for page in pages[:3]]
    found = windows(report(*crowded, pages=pages), set(range(1, 101)))
    assert len(found) == A_REPORT
    firsts = [window.entry for window in found[:36]]
    assert firsts == list(range(1, 37))
    one = windows(report(crowded[0], pages=pages), {1})
    assert len(one) == AN_ENTRY


def test_the_bytes_of_a_close_up_are_bounded() -> None:
    rng = np.random.default_rng(1)
    noise = Image.fromarray(rng.integers(0, 256, (1600, 1200, 3), dtype=np.uint8))
    file = io.BytesIO()
    noise.save(file, "PDF", resolution=144)
    (shot,) = pictures_for(report(issue_at(a_page(), (100, 100, 300, 250))), file.getvalue())
    assert shot.error is None
    (crop,) = shot.crops
    assert len(crop.data) <= CROP_BYTES
    assert max(crop.width_px, crop.height_px) <= LONGEST_PX


def test_close_ups_of_a_picture_file_are_cut_from_it() -> None:
    image = Image.new("RGB", (600, 800), "white")
    image.paste((255, 0, 0), (100, 200, 140, 230))
    file = io.BytesIO()
    image.save(file, "PNG")
    red = report(issue_at(a_page(), (100, 570, 140, 600)), kind="raster")
    ((crop,),) = [shot.crops for shot in pictures_for(red, file.getvalue())]
    pixels = seen(crop.data)
    x, y, wide, high = crop.window.frame
    middle = pixels[int((y + high / 2) * crop.height_px), int((x + wide / 2) * crop.width_px)]
    assert middle == pytest.approx([255, 0, 0], abs=30)
    assert pixels[2, 2] == pytest.approx([255, 255, 255], abs=30)


def test_the_page_holds_the_close_ups_with_their_frames() -> None:
    page = a_page()
    found = report(issue_at(page, (100, 100, 140, 130)), issue_at(page, (400, 600, 440, 630)))
    shown = pictures_for(found, drawn("0 g 100 100 40 30 re f"))
    assert pickle.loads(pickle.dumps(shown)) == shown
    text = render([found], {0: shown})
    assert text.count('class="crop"') == 2
    assert 'alt="Close-up of 1.2 on page 1 of a.pdf"' in text
    assert text.count('<i class="frame error" style="left:') == 2


def test_a_real_check_gets_its_close_up(tmp_path: Any) -> None:
    import makeready

    path = tmp_path / "thin.pdf"
    path.write_bytes(pdf().line(width="0.1 pt").bytes())
    found = makeready.check(path, profile="sheetfed-coated")
    assert any(shot.crops for shot in pictures_for(found, path))
