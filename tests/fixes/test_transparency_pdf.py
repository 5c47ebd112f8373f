"""Flattening PDFs: the plates stay what they were, and what nothing shines through stays text and vectors.

Ghostscript's plates are the truth within a flattened region, poppler's picture outside of it. Blending is told in
inks: viewers blend CMYK pages in RGB, so their pictures of a see-through place are no measure there.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from PIL import Image

import makeready
from fixes.looks import (
    ROUNDING,
    _tool,
    as_file,
    assert_same_look,
    codes,
    difference,
    fixed,
    poppler_pixels,
    qpdf_clean,
    refused,
    text_of,
    unchanged,
)
from makeready.facts import Rect
from makeready.pdf.mend import plates as drawing
from makeready.pdf.mend.regions import Painted, merged
from makeready.testing import pdf
from makeready.units import POINTS_PER_MM

WANTED = makeready.measure(settings=["TRN101=warning"])
CYAN, RED, GOLD = (1, 0.3, 0, 0), ("spot", "PANTONE 185 C"), ("spot", "Gold")
BLEED = 3
#: Where the see-through rectangle of the pages here lies, in mm from the top left of the trim, and its size.
AT, SIZE = (50, 15), (40, 20)
SEEN: dict[str, Any] = {"at": ("50 mm", "15 mm"), "size": ("40 mm", "20 mm")}
#: A tint of 8 bits may be off by this, twice rounded.
TINT = 2.5 / 255
#: The share of a page that is edges: a pixel more or less at each. MuPDF sets pictures on whole pixels.
EDGES, MUPDF_EDGES = 0.004, 0.02


def page(**settings: Any) -> Any:
    """Cyan on the left, a spot on the right, text in the cyan, all opaque."""
    return (
        pdf("120x90mm", **settings)
        .rectangle(at=("5 mm", "5 mm"), size=("60 mm", "40 mm"), colour=CYAN)
        .rectangle(at=("70 mm", "5 mm"), size=("40 mm", "40 mm"), colour=RED)
        .text("Below", at=("52 mm", "25 mm"), size="12 pt")
        .text("Aside", at=("12 mm", "70 mm"), size="20 pt")
    )


SEE_THROUGH: dict[str, Callable[[Any], Any]] = {
    "opacity": lambda page: page.transparency(alpha=0.5, **SEEN),
    "nothing at all": lambda page: page.transparency(alpha=0.0, **SEEN),
    "blend mode": lambda page: page.transparency(blend="Multiply", **SEEN),
    "blend mode of a spot": lambda page: page.transparency(blend="Multiply", colour=GOLD, **SEEN),
    "in a form": lambda page: page.transparency(alpha=0.5, within="form", **SEEN),
    "in a pattern": lambda page: page.transparency(alpha=0.5, within="pattern", **SEEN),
    "overprint": lambda page: page.rectangle(
        at=("45 mm", "10 mm"), size=("30 mm", "10 mm"), colour=GOLD, overprint=True
    ).transparency(alpha=0.5, **SEEN),
    "twice": lambda page: page.transparency(alpha=0.5, **SEEN).transparency(
        blend="Multiply", at=("10 mm", "10 mm"), size=("15 mm", "8 mm")
    ),
}


def plates(data: bytes, folder: Path) -> dict[str, np.ndarray]:
    """What each plate prints, 0 to 1, at 144 ppi, told by Ghostscript."""
    folder.mkdir()
    with as_file(data) as path:
        _tool("gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=tiffsep", "-r144", f"-sOutputFile={folder}/p.tif", path)
    found = {}
    for file in folder.glob("p(*).tif"):
        with Image.open(file) as plate:
            found[file.stem[2:-1]] = 1 - np.asarray(plate.convert("L")) / 255
    return found


def see_through(data: bytes) -> list[str]:
    """All that a viewer could see through, anywhere in the file."""
    found = []
    with pikepdf.open(io.BytesIO(data)) as opened:
        for thing in opened.objects:
            if not isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
                continue
            found += [key for key in ("/SMask", "/Group") if key in thing and thing[key] != pikepdf.Name("/None")]
            found += [key for key in ("/ca", "/CA") if float(thing.get(key, 1)) != 1]
            found += ["/BM"] if thing.get("/BM", pikepdf.Name.Normal) != pikepdf.Name.Normal else []
    return found


def outside(pixels: np.ndarray, media: Rect, places: tuple[Rect, ...]) -> np.ndarray:
    """Pixels of a page that is not turned, those in the places and two around them blackened."""
    found = pixels.copy()
    down, across = found.shape[0] / media.height, found.shape[1] / media.width
    for x0, y0, x1, y1 in places:
        top, bottom = int((media.y1 - y1) * down) - 2, int((media.y1 - y0) * down) + 3
        left, right = int((x0 - media.x0) * across) - 2, int((x1 - media.x0) * across) + 3
        found[max(0, top) : bottom, max(0, left) : right] = 0
    return found


def pictures(data: bytes) -> list[tuple[list[str], bytes]]:
    """The colourants and samples of the pictures that were laid over the first page."""
    found = []
    with pikepdf.open(io.BytesIO(data)) as opened:
        for name, image in opened.pages[0].Resources.XObject.items():
            if name.startswith("/Flat"):
                space = image.ColorSpace
                names = list(space[1]) if isinstance(space, pikepdf.Array) else [space]
                found.append(([str(one)[1:] for one in names], image.read_bytes()))
    return found


def assert_same_look_but_edges(before: Any, after: Any) -> None:
    """Areas are the same in both viewers; at edges, pixels of a picture stand for those of the viewer."""
    assert_same_look(before, after, within=ROUNDING, share=EDGES, ppi=100, by=["poppler"])
    assert_same_look(before, after, within=ROUNDING, share=MUPDF_EDGES, ppi=100, by=["mupdf"])


def with_objects(given: Any, change: Callable[[pikepdf.Pdf], None]) -> bytes:
    """A page with something that builders do not make."""
    with pikepdf.open(io.BytesIO(given.bytes())) as opened:
        change(opened)
        file = io.BytesIO()
        opened.save(file)
    return file.getvalue()


@pytest.mark.parametrize("name", SEE_THROUGH)
def test_the_plates_stay_what_they_were(name: str, tmp_path: Path) -> None:
    before = SEE_THROUGH[name](page()).bytes()
    assert "TRN101" in codes(makeready.check(before, WANTED))
    result = fixed(before, "remove_transparency", profile=WANTED)
    after = result.data
    assert codes(result.final)["TRN101"] == 0
    assert not result.new
    assert see_through(after) == []
    was, now = plates(before, tmp_path / "before"), plates(after, tmp_path / "after")
    assert sorted(now) == sorted(was)
    for plate, tints in was.items():
        assert (np.abs(tints - now[plate]) > TINT).mean() < EDGES, plate
    assert text_of(after) == text_of(before)
    qpdf_clean(after)
    unchanged(after, "remove_transparency")


@pytest.mark.parametrize("name", SEE_THROUGH)
def test_outside_of_the_regions_nothing_changes(name: str) -> None:
    before = SEE_THROUGH[name](page()).bytes()
    result = fixed(before, "remove_transparency")
    places = tuple(place for change in result.changes for place in change.places)
    media = result.before.facts.pages[0].media
    was, now = (poppler_pixels(data, ppi=144) for data in (before, result.path))
    assert (difference(outside(was, media, places), outside(now, media, places)) == 0).all()
    x0, y1 = (AT[0] + BLEED) * POINTS_PER_MM, media.y1 - (AT[1] + BLEED) * POINTS_PER_MM
    seen = Rect(x0, y1 - SIZE[1] * POINTS_PER_MM, x0 + SIZE[0] * POINTS_PER_MM, y1)
    assert any(place.contains(seen) for place in places)
    if "pattern" not in name:  # a pattern may show anywhere in what is filled with it
        assert sum(place.width * place.height for place in places) < 1.4 * seen.width * seen.height


def test_a_page_in_rgb_stays_rgb_and_looks_the_same() -> None:
    """Viewers blend in RGB: here their pictures are a measure within the region, too."""
    given = pdf("120x90mm", output_intent=None, background=(0.8, 0.9, 1))
    given.rectangle(at=("5 mm", "5 mm"), size=("60 mm", "40 mm"), colour=(0.1, 0.2, 0.9))
    before = given.transparency(alpha=0.4, colour=(1, 0.5, 0), **SEEN).bytes()
    result = fixed(before, "remove_transparency")
    assert [names for names, _ in pictures(result.data)] == [["DeviceRGB"]]
    assert_same_look_but_edges(before, result.path)


@pytest.mark.parametrize(
    "settings",
    [{"rotate": 90}, {"user_unit": 2}, {"origin": (-100, 50)}, {"slug": "10 mm", "rotate": 270}],
    ids=["turned", "user unit", "another origin", "slug"],
)
def test_pictures_lie_where_they_were_drawn(settings: Any) -> None:
    given = pdf("120x90mm", output_intent=None, background=(0.8, 0.9, 1), **settings)
    given.rectangle(at=("5 mm", "5 mm"), size=("60 mm", "40 mm"), colour=(0.1, 0.2, 0.9))
    given.transparency(alpha=0.4, colour=(1, 0.5, 0), within="form", **SEEN)
    before = given.image(colour="rgb", soft_mask=True, at=("10 mm", "50 mm"), size=("30 mm", "25 mm")).bytes()
    result = fixed(before, "remove_transparency", profile=WANTED)
    assert codes(result.final)["TRN101"] == 0
    assert_same_look_but_edges(before, result.path)


def test_a_soft_mask_of_a_picture_and_of_the_state() -> None:
    given = pdf("120x90mm", output_intent=None, background=(0.8, 0.9, 1))
    given.image(colour="rgb", soft_mask=True, at=("10 mm", "10 mm"), size=("40 mm", "30 mm"))
    before = given.transparency(soft_mask=True, colour=(0.9, 0.1, 0), at=("60 mm", "10 mm")).bytes()
    result = fixed(before, "remove_transparency", profile=WANTED)
    assert codes(result.final)["TRN101"] == 0
    assert see_through(result.data) == []
    assert_same_look_but_edges(before, result.path)


def test_calibrated_rgb_stays_calibrated() -> None:
    given = pdf("120x90mm", output_intent=None, background=("srgb", 0.8, 0.9, 1))
    before = given.transparency(alpha=0.4, colour=("srgb", 1, 0.5, 0), **SEEN).bytes()
    result = fixed(before, "remove_transparency")
    with pikepdf.open(result.path) as opened:
        spaces = [one.ColorSpace[0] for one in opened.pages[0].Resources.XObject.values()]
    assert spaces == [pikepdf.Name.ICCBased]
    assert "COL102" not in {issue.code for issue in result.new}
    assert_same_look_but_edges(before, result.path)


def test_what_a_mask_hid_does_not_come_to_light() -> None:
    """The mask is smaller than what is painted through it: outside of it nothing was seen."""
    given = pdf("120x90mm", output_intent=None, background=(0.8, 0.9, 1))
    given.transparency(soft_mask=True, colour=(0.9, 0.1, 0), at=("60 mm", "10 mm"), size=("20 mm", "20 mm"))

    def paint_more(opened: pikepdf.Pdf) -> None:
        state = next(iter(opened.pages[0].Resources.ExtGState.keys()))
        more = opened.make_stream(f"q {state} gs 0 0.5 0 rg 10 10 300 200 re f Q".encode())
        opened.pages[0].contents_add(more)

    before = with_objects(given, paint_more)
    result = fixed(before, "remove_transparency")
    assert_same_look(before, result.path, within=ROUNDING, share=EDGES, ppi=72, by=["poppler"])


def test_what_lies_on_top_stays_text() -> None:
    given = page().transparency(alpha=0.5, **SEEN).text("On top", at=("60 mm", "30 mm"), size="20 pt")
    before = given.bytes()
    result = fixed(before, "remove_transparency")
    with pikepdf.open(result.path) as opened:
        operators = [
            (str(operator), list(operands)) for operands, operator in pikepdf.parse_content_stream(opened.pages[0])
        ]
    laid = next(place for place, (name, given) in enumerate(operators) if name == "Do" and "/Flat" in str(given[0]))
    shown = [place for place, (name, _) in enumerate(operators) if name == "Tj"]
    assert sum(place > laid for place in shown) == 1
    assert sum(place < laid for place in shown) == len(shown) - 1
    assert text_of(result.path) == text_of(before)


def test_a_spot_stays_a_spot_and_is_shown_as_the_file_shows_it() -> None:
    before = page().transparency(alpha=0.5, **SEEN).bytes()
    result = fixed(before, "remove_transparency")
    assert [names for names, _ in pictures(result.data)] == [["Cyan", "Magenta", "Yellow", "Black", "PANTONE 185 C"]]
    assert "PANTONE 185 C" in result.changes[0].message
    apart = difference(poppler_pixels(before, ppi=72), poppler_pixels(result.path, ppi=72))
    assert apart.max() < 80, "the spot beneath is to look as it did, but for the mixing of inks in place of light"


def test_a_spot_picture_with_soft_edges_stays_in_its_ink(tmp_path: Path) -> None:
    before = page().image(colour="spot", soft_mask=True, at=("50 mm", "50 mm"), size=("40 mm", "20 mm")).bytes()
    after = fixed(before, "remove_transparency").data
    was, now = plates(before, tmp_path / "before"), plates(after, tmp_path / "after")
    for plate, tints in was.items():
        assert np.abs(tints - now[plate]).mean() < 0.002, plate
        assert now[plate].mean() == pytest.approx(tints.mean(), abs=0.001), plate


def test_letters_with_colours_of_their_own_are_not_drawn_in_inks() -> None:
    assert "Type 3" in refused(page().transparency(alpha=0.5, within="type3", **SEEN), "remove_transparency")
    below = page().rectangle(at=("45 mm", "10 mm"), size=("30 mm", "10 mm"), colour=GOLD, within="type3")
    assert "Type 3" in refused(below.transparency(alpha=0.5, **SEEN), "remove_transparency")
    aside = page().rectangle(at=("5 mm", "60 mm"), size=("30 mm", "10 mm"), colour=GOLD, within="type3")
    fixed(aside.transparency(alpha=0.5, **SEEN), "remove_transparency")
    plain = page().text("blocks", font="type3", size="20 pt", at=("55 mm", "30 mm"))
    fixed(plain.transparency(alpha=0.5, **SEEN), "remove_transparency")


def test_a_page_that_asks_for_rgb_mixes_its_inks(tmp_path: Path) -> None:
    given = pdf("120x90mm").rectangle(at=("5 mm", "5 mm"), size=("60 mm", "40 mm"), colour=(0, 0, 0, 1))

    def ask(opened: pikepdf.Pdf) -> None:
        opened.pages[0].Group = pikepdf.Dictionary(S=pikepdf.Name.Transparency, CS=pikepdf.Name.DeviceRGB, I=True)

    result = fixed(with_objects(given.transparency(alpha=0.5, colour=(0, 0, 1, 0), **SEEN), ask), "remove_transparency")
    assert "asked for RGB" in result.changes[0].message
    found = plates(result.data, tmp_path / "plates")
    black = found["Black"]
    assert abs(black[np.abs(black - 0.5) < 0.1].mean() - 0.5) < TINT
    assert found["Cyan"].max() < 0.2, "black alone stays black alone"


def test_groups_that_nothing_shines_through_only_go() -> None:
    given = page().rectangle(at=("10 mm", "55 mm"), colour=CYAN, within="form")

    def group(opened: pikepdf.Pdf) -> None:
        forms = [one for one in opened.objects if isinstance(one, pikepdf.Stream) and one.get("/Subtype") == "/Form"]
        for owner in (opened.pages[0], *forms):
            owner.Group = pikepdf.Dictionary(S=pikepdf.Name.Transparency, CS=pikepdf.Name.DeviceCMYK)

    before = with_objects(given, group)
    result = fixed(before, "remove_transparency")
    assert result.changes[0].places == ()
    assert see_through(result.data) == []
    assert list(pictures(result.data)) == []
    assert_same_look(before, result.path, by=["poppler"])


def test_a_standard_without_transparency_is_kept() -> None:
    held = makeready.measure("pdfx-1a")
    before = page(pdfx="PDF/X-1a:2003").transparency(alpha=0.5, **SEEN).bytes()
    assert codes(makeready.check(before, held))["STD114"] > 0
    result = fixed(before, "remove_transparency", profile=held)
    assert codes(result.final)["STD114"] == 0
    assert not result.new


def test_overprint_in_a_group_of_its_own_goes_on_knocking_out(tmp_path: Path) -> None:
    """What overprints there does so on the empty group, and knocks out the page: so it must without the group."""
    given = page().rectangle(at=("40 mm", "10 mm"), size=("20 mm", "10 mm"), colour=GOLD, overprint=True, within="form")

    def group(opened: pikepdf.Pdf) -> None:
        for one in opened.objects:
            if isinstance(one, pikepdf.Stream) and one.get("/Subtype") == "/Form":
                one.Group = pikepdf.Dictionary(S=pikepdf.Name.Transparency, I=True)

    before = with_objects(given, group)
    result = fixed(before, "remove_transparency")
    assert see_through(result.data) == []
    was, now = plates(before, tmp_path / "before"), plates(result.data, tmp_path / "after")
    for plate, tints in was.items():
        assert (np.abs(tints - now[plate]) > TINT).mean() < EDGES, plate


def test_forms_that_hold_each_other() -> None:
    def tie(opened: pikepdf.Pdf) -> None:
        for one in opened.objects:
            if isinstance(one, pikepdf.Stream) and one.get("/Subtype") == "/Form":
                one.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Self=one))

    given = page().rectangle(at=("10 mm", "55 mm"), colour=CYAN, within="form").transparency(alpha=0.5, **SEEN)
    assert see_through(fixed(with_objects(given, tie), "remove_transparency").data) == []


@pytest.mark.parametrize(
    "operators",
    ["20 20 100 100 re W n", "BT 7 Tr 20 20 Td <41> Tj ET", "0.5 0 0 0.5 30 20 cm", "/x 0 0 cm Tr", "Q Q q q", "BT"],
)
def test_states_that_the_page_leaves_open_do_not_move_or_cut_the_pictures(operators: str) -> None:
    given = pdf("120x90mm", output_intent=None, background=(0.8, 0.9, 1)).raw(operators)
    before = given.transparency(alpha=0.4, colour=(1, 0.5, 0), **SEEN).raw("0 1 0 rg 5 5 20 20 re f").bytes()
    result = fixed(before, "remove_transparency")
    # poppler stops at a Q without a q: only MuPDF shows what was meant in all of these.
    assert_same_look(before, result.path, within=ROUNDING, share=MUPDF_EDGES, ppi=100, by=["mupdf"])


def test_resolution_is_as_asked_and_finer_round_text() -> None:
    steps = [{"fix": "remove_transparency", "resolution": "150 ppi", "text_resolution": "300 ppi"}]
    plain = pdf("120x90mm").transparency(alpha=0.5, **SEEN)
    for given, ppi in ((plain, 150), (page().transparency(alpha=0.5, **SEEN), 300)):
        result = fixed(given, steps)
        (place,) = result.changes[0].places
        ((names, samples),) = pictures(result.data)
        inks = 4 if names == ["DeviceCMYK"] else len(names)
        assert len(samples) == pytest.approx(place.width * place.height * (ppi / 72) ** 2 * inks, rel=0.01)
    with pytest.raises(makeready.UsageError, match="72 to 2400"):
        fixed(plain, [{"fix": "remove_transparency", "resolution": "20 ppi"}])


def test_other_pages_are_not_touched() -> None:
    given = pdf("120x90mm", pages=2)
    given.on(1).transparency(alpha=0.5, **SEEN)
    given.on(2).transparency(alpha=0.3, **SEEN)
    before = given.bytes()
    result = fixed(before, "remove_transparency", pages={1}, profile=WANTED)
    assert_same_look(before, result.path, page=2, within=0)
    assert codes(makeready.check(result.path, WANTED, pages={2}))["TRN101"] == 1


def test_pages_that_share_are_flattened_together_or_not_at_all() -> None:
    def share(opened: pikepdf.Pdf) -> None:
        opened.pages[0].Resources = opened.pages[1].Resources = opened.make_indirect(opened.pages[1].Resources)
        opened.pages[0].Contents = opened.pages[1].Contents

    shared = with_objects(pdf("120x90mm", pages=2).on(2).transparency(alpha=0.3, **SEEN), share)
    assert "share" in refused(shared, "remove_transparency", pages={1})
    result = fixed(shared, "remove_transparency")
    assert see_through(result.data) == []
    assert [change.page for change in result.changes] == [1, 2]


def test_comments_are_not_flattened() -> None:
    assert "comments" in refused(pdf().transparency(alpha=0.5, within="annotation", **SEEN), "remove_transparency")


def test_nothing_is_done_to_an_opaque_page() -> None:
    unchanged(page(), "remove_transparency")


def test_large_regions_are_drawn_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    before = page().transparency(alpha=0.5, **SEEN).bytes()
    ((_, whole),) = pictures(fixed(before, "remove_transparency").data)
    monkeypatch.setattr(drawing, "_BAND", 40_000)
    ((_, banded),) = pictures(fixed(before, "remove_transparency").data)
    one, other = (np.frombuffer(data, np.uint8).astype(int) for data in (whole, banded))
    assert np.abs(one - other).max() <= 1


@pytest.mark.parametrize("count", [3, 60, 900])
def test_regions_are_few_and_hold_all(count: int) -> None:
    numbers = np.random.default_rng(count)
    corners = numbers.uniform(0, 2000, (count, 2))
    seen = [Painted(Rect(x, y, x + 8, y + 5), place) for place, (x, y) in enumerate(corners)]
    found = merged(seen)
    assert len(found) <= 48
    assert all(any(one.place.contains(other.place) and one.piece >= other.piece for one in found) for other in seen)
    assert not any(one is not other and one.place.intersection(other.place) for one in found for other in found)
