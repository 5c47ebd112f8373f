"""Ink and colour in the HTML report, numbers that do not cover each other, and what the profile leaves open."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import makeready
from makeready.facts import Artwork, Boxes, Colour, InkCoverage, Page, Paint, Rect
from makeready.report.html import render
from makeready.report.html_colours import FRAMES_OF_A_KIND, KINDS, colour_kinds
from makeready.report.maps import ABOVE, SCALE, heat_map
from makeready.report.pictures import MAPS, USUAL_INK_LIMIT, InkMap, PagePicture, pictures_for
from makeready.results import FileInfo, Issue, Place, ProfileInfo, Report, Severity
from makeready.testing import pdf
from makeready.units import Length, Percent

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


def page(number: int = 1, **more: Any) -> Page:
    return Page(number, Boxes(media=(0, 0, 300, 400), trim=(0, 0, 300, 400)), **more)


def coverage(number: int = 1, average: float = 250, **more: Any) -> InkCoverage:
    values: dict[str, Any] = {
        "process": Percent(average),
        "peak": Percent(average + 50),
        "square": Length(42.52),
        "place": Rect(30, 40, 72.52, 82.52),
        "process_place": None,
        "peak_place": None,
        "plates": {"Cyan": Percent(12.5), "Black": Percent(40)},
        "condition": "FOGRA39",
    }
    return InkCoverage(number, Percent(average), **(values | more))


PROFILE = ProfileInfo("p", "P", "")


def report(*issues: Issue, profile: ProfileInfo = PROFILE, count: int = 1, **facts: Any) -> Report:
    pages = facts.pop("pages", tuple(page(n) for n in range(1, count + 1)))
    artwork = Artwork("pdf", "PDF 1.6", 1, pages, page_count=count, **facts)
    return Report(FileInfo("a.pdf", "pdf", None, 1, None), profile, artwork, issues)


def shot(number: int = 1, ink: InkMap | None = None) -> PagePicture:
    file = io.BytesIO()
    Image.new("RGB", (30, 40), "white").save(file, "PNG")
    return PagePicture(number, file.getvalue(), "image/png", 30, 40, None, ink=ink)


def paint(model: str = "rgb", inks: tuple[tuple[str, float], ...] = (), **more: Any) -> Paint:
    values: dict[str, Any] = {"page": 1, "what": "vector", "count": 3, "places": (Rect(10, 10, 40, 20),)}
    return Paint(colour=Colour("DeviceRGB", "DeviceRGB", model, inks=inks), **(values | more))


def pixels(png: bytes) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_heat_map_goes_from_white_to_red_at_the_limit() -> None:
    drawn = pixels(heat_map(np.array([[0.0, 75.0, 299.9], [300.0, 400.0, 150.0]]), 300))
    assert drawn.shape == (2, 3, 3)
    assert tuple(drawn[0, 0]) == SCALE[0]
    assert tuple(drawn[0, 1]) == pytest.approx(SCALE[1], abs=4)
    assert tuple(drawn[1, 2]) == pytest.approx(SCALE[2], abs=4)
    assert tuple(drawn[0, 2]) == pytest.approx(SCALE[-1], abs=4)
    assert tuple(drawn[1, 0]) == tuple(drawn[1, 1]) == ABOVE


def test_a_small_spot_over_the_limit_survives_a_smaller_map() -> None:
    total = np.full((801, 400), 20.0)
    total[800, 399] = 310
    drawn = pixels(heat_map(total, 300, longest_px=100))
    assert max(drawn.shape) <= 100
    assert tuple(drawn[-1, -1]) == ABOVE
    assert (drawn == ABOVE).all(axis=2).sum() == 1


@pytest.mark.parametrize(("shape", "limit"), [((0, 4), 300), ((3,), 300), ((2, 2), 0)])
def test_a_map_of_nothing_is_refused(shape: tuple[int, ...], limit: float) -> None:
    with pytest.raises(ValueError, match=r"needed|above"):
        heat_map(np.zeros(shape), limit)


def inked(rotate: int) -> bytes:
    """A page with 400 % of ink in its lower left corner and nothing elsewhere."""
    import pikepdf

    with pikepdf.new() as file:
        file.add_blank_page(page_size=(300, 400))
        file.pages[0].Contents = file.make_stream(b"1 1 1 1 k 0 0 60 60 re f")
        file.pages[0].Rotate = rotate
        data = io.BytesIO()
        file.save(data)
    return data.getvalue()


@pytest.mark.parametrize(("rotate", "corner"), [(0, (-1, 0)), (90, (0, 0)), (180, (0, -1)), (270, (-1, -1))])
def test_the_map_of_a_page_is_turned_as_the_page_is(rotate: int, corner: tuple[int, int]) -> None:
    turned = (page(rotate=rotate),)
    (drawn,) = pictures_for(report(pages=turned, ink_coverage=(coverage(),)), inked(rotate))
    assert drawn.ink is not None
    assert drawn.ink.error is None
    seen = pixels(drawn.ink.data)
    assert tuple(seen[corner]) == ABOVE
    assert (seen == ABOVE).all(axis=2).mean() == pytest.approx(60 * 60 / (300 * 400), abs=0.01)
    assert (seen == SCALE[0]).all(axis=2).mean() > 0.9
    assert (seen.shape[0] > seen.shape[1]) == (rotate % 180 == 0)


@pytest.mark.parametrize(
    ("asked", "limit", "why"),
    [
        ('{ total = "240 %" }', 240, "the profile&#x27;s limit for a square"),
        ('{ total = { warning = "260 %", error = "300 %" } }', 260, "the profile&#x27;s limit for a square"),
        ('{ total = {}, process = "280 %" }', 280, "the profile&#x27;s limit for a square"),
        ("{ total = {} }", USUAL_INK_LIMIT, "the profile sets no limit"),
    ],
)
def test_the_profiles_limit_is_where_the_map_turns_red(asked: str, limit: float, why: str, tmp_path: Path) -> None:
    (tmp_path / "house.toml").write_text(f"[checks]\nINK101 = {asked}\n")
    job = pdf().bytes()
    clean = makeready.check(job, tmp_path / "house.toml", only=["INK101"])
    assert not clean.issues
    (drawn,) = pictures_for(clean, job)
    assert drawn.ink is not None
    assert drawn.ink.limit == limit
    assert f"turn red at {limit:g}% ({why})" in render([clean], {0: [drawn]})


def test_maps_are_bounded_and_show_the_heaviest_pages() -> None:
    import pikepdf

    with pikepdf.new() as file:
        for _ in range(30):
            file.add_blank_page(page_size=(300, 400))
        data = io.BytesIO()
        file.save(data)
    covers = tuple(coverage(n, average=n) for n in range(1, 31))
    found = report(count=30, ink_coverage=covers)
    shown = pictures_for(found, data.getvalue())
    assert [picture.page for picture in shown if picture.ink] == list(range(31 - MAPS, 31))
    assert "18 pages with less ink" in render([found], {0: shown})


def test_ink_is_told_in_numbers_and_its_heaviest_square_is_framed() -> None:
    found = report(ink_coverage=(coverage(process=Percent(200)),))
    text = render([found], {0: [shot(ink=InkMap(heat_map(np.zeros((4, 3)), 300), 300, False))]})
    for words in ("Worked out for: FOGRA39", "Heaviest 15 mm square", "250%", "200%", "300%", "12.5%", "width:40.0%"):
        assert words in text
    assert '<i class="heaviest" style="left:10.00%;top:79.37%;width:14.17%;height:10.63%">' in text


def test_a_map_that_cannot_be_drawn_says_why() -> None:
    text = render([report(ink_coverage=(coverage(),))], {0: [shot(ink=InkMap(b"", 300, False, "no plates"))]})
    assert "There is no map of this page: no plates" in text


def test_kinds_of_colour_are_counted_and_framed() -> None:
    found = report(
        paints=(
            paint(),
            paint(what="image", count=1),
            paint("cmyk"),
            paint("spot", (("Gold", 1.0), ("Cyan", 0.5))),
            paint("spot", (("Magenta", 1.0),)),
            paint("lab", slug=True),
            paint("gray", within="soft mask group"),
            paint("pattern"),
        )
    )
    assert found.facts is not None
    kinds = {kind.name: dict(kind.counts) for kind in colour_kinds(found.facts)}
    assert kinds == {"RGB": {"vector": 3, "image": 1}, "CMYK": {"vector": 6}, "Gold": {"vector": 3}}
    text = render([found], {0: [shot()]})
    assert len(re.findall('<input type="checkbox"', text)) == 3
    assert text.count('<i class="paint k0" style="left:3.33%;top:95.00%;width:10.00%;height:2.50%">') == 2


def test_frames_of_colours_are_bounded_and_each_has_a_rule_in_the_style_sheet() -> None:
    spots = [paint("spot", ((f"Spot {n}", 1.0),), places=(Rect(1, 1, 2, 2),) * 32) for n in range(40)]
    text = render([report(paints=(*spots, *spots, *spots))], {0: [shot()]})
    assert text.count('<i class="paint ') == 40 * FRAMES_OF_A_KIND
    style = text.partition("<style>")[2].partition("</style>")[0]
    for n in range(KINDS):
        assert f".pick.k{n}:checked) .paint.k{n}" in style
    assert {int(n) for n in re.findall(r'class="paint k(\d+)"', text)} == set(range(KINDS))


def rows_of_numbers(text: str) -> list[tuple[float, float, float]]:
    """Left, right and bottom of each row of numbers in percent of the picture, at 450 pixels across."""
    found = []
    for row in text.split('<span class="labels" style="left:')[1:]:
        left, _, rest = row.partition("%;top:")
        numbers = re.findall('class="label [^>]*>([^<]*)<', rest)
        width = sum(len(number) * 6.5 + 9 for number in numbers) / 450 * 100
        found.append((float(left), float(left) + width, float(rest.partition("%")[0])))
    return found


def test_numbers_on_a_crowded_page_do_not_cover_each_other() -> None:
    issues = []
    for n in range(26):
        place = Place((100 + n, 200.0 + n % 3, 140 + n, 230), None)
        issues.append(Issue(f"AAA{101 + n}", "a", Severity.ERROR, "T", "M", 1, place, (place,)))
    text = render([report(*issues)], {0: [shot()]})
    rows = rows_of_numbers(text)
    assert rows
    for n, (left, right, bottom) in enumerate(rows):
        assert right <= 100.01
        for other_left, other_right, other_bottom in rows[n + 1 :]:
            apart = right <= other_left + 0.01 or other_right <= left + 0.01
            assert apart or abs(bottom - other_bottom) > 16 / 450 * 100 * 0.75 - 0.01
    assert 'class="label more" title="' in text, "those without room are counted"


def test_a_hundred_lines_at_one_place_bear_one_number() -> None:
    place = Place((100, 200, 140, 230), None)
    lines = [Issue("LIN101", "a", Severity.ERROR, "T", "M", 1, place, (place,)) for _ in range(100)]
    assert len(re.findall('class="label error"', render([report(*lines)], {0: [shot()]}))) == 1


def test_what_the_profile_leaves_open_is_said_in_the_head() -> None:
    open_ones = ProfileInfo("p", "P", "", ("Whether the paper is coated.", HOSTILE))
    text = render([report(profile=open_ones)])
    assert "Not decided by this profile" in text
    assert "Whether the paper is coated." in text
    assert "<script" not in text
    assert "Not decided" not in render([report()])


def test_requirements_are_shown_as_tags() -> None:
    details = {"gwg": ("R0025", "R0026"), "clause": "ISO 15930-7:2010, 6.2.3"}
    issues = [Issue("INK101", "a", Severity.ERROR, "T", "M", 1, details=details) for _ in range(2)]
    tags = re.findall('<span class="tag">(.*?)</span>', render([report(*issues)]))
    assert tags == ["GWG 2022 R0025", "GWG 2022 R0026", "ISO 15930-7:2010, 6.2.3"]


def test_names_of_inks_and_conditions_are_shown_and_not_run() -> None:
    found = report(
        Issue("A", "a", Severity.ERROR, "T", "M", 1, details={"gwg": HOSTILE, "clause": HOSTILE}),
        ink_coverage=(coverage(plates={HOSTILE: Percent(5)}, condition=HOSTILE),),
        paints=(paint("spot", ((HOSTILE, 1.0),), what=HOSTILE),),
    )
    text = render([found], {0: [shot(ink=InkMap(b"", 300, False, HOSTILE))]})
    assert "<script" not in text
    assert "<img src=x" not in text
    assert text.count("&lt;script&gt;") >= 6


def test_a_hundred_pages_of_issues_stay_a_bounded_report() -> None:
    import pikepdf

    rng = np.random.default_rng(1)
    noise = Image.fromarray(rng.integers(0, 256, (300, 225, 3), dtype=np.uint8))
    file = io.BytesIO()
    noise.save(file, "PDF", save_all=True, append_images=[noise] * 99)
    with pikepdf.open(file) as pages:
        assert len(pages.pages) == 100
    places = tuple(Place((n, n, n + 9.0, n + 9.0), None) for n in range(0, 200, 8))
    issues = [Issue(f"AAA{n % 7}", "a", Severity.ERROR, "T", "M", n % 100 + 1, places[0], places) for n in range(700)]
    many = tuple(Page(n, Boxes(media=(0, 0, 225, 300))) for n in range(1, 101))
    found = report(*issues, pages=many, count=100)
    shown = pictures_for(found, file.getvalue())
    assert sum(len(crop.data) for picture in shown for crop in picture.crops) <= 1_500_000
    assert sum(len(picture.data) for picture in shown) < 9_000_000
    assert len(render([found], {0: shown})) < 16_000_000
