"""Ink of a page: what is known exactly, and Ghostscript's separations of the same page."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import makeready
from makeready.facts import InkCoverage, Rect
from makeready.pdf.ink import MOST_BYTES, MOST_SPOTS, SQUARE, Axis, Plates, coverage, grid
from makeready.testing import pdf
from makeready.units import POINTS_PER_MM

SHEET = "90x90mm"
PROCESS = ("Cyan", "Magenta", "Yellow", "Black")
FULL = (1, 1, 1, 1)


def page(**settings):
    return pdf(SHEET, None, **{"background": None} | settings)


def inked(builder) -> InkCoverage:
    report = makeready.check(builder.bytes(), only=["INK101"])
    assert not report.crashed
    (found,) = report.facts.ink_coverage
    return found


def amounts(builder) -> tuple[float, float]:
    """Heaviest square of all plates, and of the process plates."""
    found = inked(builder)
    return round(found.average, 1), round(found.process, 1)


def mm(rect: Rect) -> list[float]:
    """A place in millimetres from the top left of a sheet that has no bleed."""
    height = 90 * POINTS_PER_MM
    return [value / POINTS_PER_MM for value in (rect.x0, height - rect.y1, rect.x1, height - rect.y0)]


@pytest.mark.parametrize(
    ("builder", "total", "process"),
    [
        (page, 0, 0),
        (lambda: page().rectangle(size="20x20mm", colour=(1, 1, 1, 0)), 300, 300),
        (lambda: page().rectangle(size="20x20mm", colour=FULL), 400, 400),
        (lambda: page().rectangle(size="7.5x60mm", colour=FULL), 200, 200),
        (lambda: page().rectangle(size="60x3mm", colour=FULL), 80, 80),
        (lambda: page().rectangle(size="7.5x7.5mm", colour=FULL), 100, 100),
        (lambda: page().rectangle(size="20x20mm", colour=("spot", "Gold", 1)), 100, 0),
        (lambda: page().rectangle(size="20x20mm", colour={"Gold": 1, "Silver": 1, "Black": 1}), 300, 100),
        (lambda: page().rectangle(size="20x20mm", colour={"Cyan": 1, "Black": 1}), 200, 200),
        (lambda: page().rectangle(size="20x20mm", colour=("spot", "Black", 1)), 100, 100),
        (lambda: page().rectangle(size="20x20mm", colour=("spot", "None", 1)), 0, 0),
        (lambda: page().rectangle(size="20x20mm", colour="registration"), 400, 400),
        (lambda: page().rectangle(size="20x20mm", colour=0), 100, 100),
        (lambda: page().rectangle(colour=FULL).rectangle(size="40x40mm", at=("5 mm", "5 mm"), colour=(0,) * 4), 0, 0),
        (lambda: page().layer("off", visible=False).rectangle(size="20x20mm", colour=FULL), 0, 0),
        (lambda: page().annotation(size="20x20mm", colour=FULL, prints=False), 0, 0),
        (lambda: page().annotation(size="20x20mm", colour=FULL), 400, 400),
        *((lambda way=way: page().rectangle(size="30x30mm", colour={"Gold": 1, "Cyan": 1}, within=way), 200, 100)
          for way in ("form", "pattern", "annotation")),
    ],
)  # fmt: skip
def test_the_heaviest_square(builder, total, process) -> None:
    assert amounts(builder()) == (total, process)


def over(colour, overprint=True):
    """A surface with another colour on it."""
    below = page().rectangle(size="30x30mm", at=("15 mm", "15 mm"), colour=(0, 1, 0.6, 0))
    return below.rectangle(size="30x30mm", at=("15 mm", "15 mm"), colour=colour, overprint=overprint)


@pytest.mark.parametrize(
    ("builder", "total", "process"),
    [
        (lambda: over(("spot", "Gold", 1)), 260, 160),
        (lambda: over(("spot", "Gold", 1), False), 100, 0),
        (lambda: over((1, 0, 0, 0)), 260, 260),
        (lambda: over((1, 0, 0, 0), False), 100, 100),
        (lambda: over((0, 0.2, 0, 1)), 180, 180),  # magenta is set anew, yellow stays
        (lambda: over((0, 0, 0, 0)), 160, 160),  # OPM 1: what is 0 leaves what is below
    ],
)
def test_overprint_adds_up(builder, total, process) -> None:
    assert amounts(builder()) == (total, process)


def test_transparency_is_mixed_before_it_is_counted() -> None:
    builder = page().rectangle(size="40x40mm", colour=(0, 1, 1, 0))
    found = inked(builder.transparency(alpha=0.5, size="40x40mm", colour=(1, 0, 0, 1)))
    assert found.average == pytest.approx(200, abs=1)  # half of 255 is 127 or 128, on each plate


def test_where_the_heaviest_square_is() -> None:
    builder = page().rectangle(size="40x15mm", at=("10 mm", "60 mm"), colour=(1, 0, 0, 0))
    found = inked(builder.rectangle(size="15x15mm", at=("50.25 mm", "20.25 mm"), colour=(1, 1, 0, 0)))
    assert found.average == pytest.approx(200)
    assert mm(found.place) == pytest.approx([50.25, 20.25, 65.25, 35.25], abs=0.01)
    assert found.square == pytest.approx(SQUARE)


def test_a_square_between_pixels_loses_an_eightieth_each_way() -> None:
    """15 mm alone on the page, half a pixel off the grid: the worst there is."""
    builder = page().rectangle(size="15x15mm", at=("20.1875 mm", "20.1875 mm"), colour=(1, 1, 1, 0))
    assert 300 * (79 / 80) ** 2 - 0.5 <= inked(builder).average <= 300


def test_process_and_total_have_their_own_place() -> None:
    builder = page().rectangle(size="20x20mm", at=("10 mm", "10 mm"), colour={"Gold": 1, "Silver": 1, "Cyan": 1})
    found = inked(builder.rectangle(size="20x20mm", at=("60 mm", "60 mm"), colour=(1, 1, 0, 0)))
    assert (found.average, found.process) == (300, 200)
    assert Rect(*mm(found.place)).x1 < 31
    assert Rect(*mm(found.process_place)).x0 > 59


def test_the_peak_is_a_single_spot() -> None:
    found = inked(page().rectangle(size="2x2mm", at=("45 mm", "45 mm"), colour=FULL))
    assert found.peak == 400
    assert mm(found.peak_place)[:2] == pytest.approx([45, 45], abs=2)
    assert found.average == pytest.approx(400 * 4 / 225, abs=0.1)


def test_plates_say_how_much_each_covers() -> None:
    found = inked(page().rectangle(size="45x90mm", at=("0 mm", "0 mm"), colour={"Gold": 0.4, "Cyan": 1}))
    assert found.plates == pytest.approx({"Cyan": 50, "Magenta": 0, "Yellow": 0, "Black": 0, "Gold": 20}, abs=0.1)


def test_a_spot_that_is_not_painted_has_no_plate() -> None:
    builder = page().rectangle(size="20x20mm", colour=("spot", "Gold", 0))
    assert set(inked(builder).plates) == set(PROCESS)


def test_marks_outside_of_the_bleed_do_not_count() -> None:
    builder = pdf(SHEET, "3 mm", slug="30 mm", background=None).crop_marks()
    builder.rectangle(size="20x20mm", at=("-30 mm", "20 mm"), colour=FULL)  # up to 10 mm left of the trim
    assert amounts(builder) == (0, 0)


def test_the_bleed_counts() -> None:
    builder = pdf(SHEET, "20 mm", slug="30 mm", background=None)
    builder.rectangle(size="20x20mm", at=("-20 mm", "20 mm"), colour=FULL)
    assert amounts(builder) == (400, 400)


CROPPED = {"boxes": {"crop": (0, 0, 40, 40), "bleed": (0, 0, 255.118, 255.118)}}


@pytest.mark.parametrize(
    "placed",
    [{"rotate": 90}, {"rotate": 270}, {"user_unit": 2}, {"origin": (-50, 70)}, CROPPED],
    ids=str,
)
def test_rotation_units_and_crop_change_nothing(placed) -> None:
    found = inked(page(**placed).rectangle(size="20x20mm", at=("50 mm", "60 mm"), colour=(1, 1, 0, 0)))
    assert found.average == 200
    x, y = placed.get("origin", (0, 0))
    moved = Rect(found.place.x0 - x, found.place.y0 - y, found.place.x1 - x, found.place.y1 - y)
    assert Rect(49.8 * POINTS_PER_MM, 9.8 * POINTS_PER_MM, 70.2 * POINTS_PER_MM, 30.2 * POINTS_PER_MM).contains(moved)


def test_a_page_narrower_than_the_square_is_averaged_over_its_width() -> None:
    builder = pdf("10x60mm", None, background=None).rectangle(size="5x60mm", at=("0 mm", "0 mm"), colour=FULL)
    assert inked(builder).average == pytest.approx(200, abs=1)  # the edge lies half way in a pixel


def test_rgb_is_separated_for_the_output_intent() -> None:
    """The test press never prints more than 280 %; MuPDF's stock profile makes rich black of RGB black."""
    black = (0, 0, 0)
    with_intent = inked(page().rectangle(size="20x20mm", colour=black))
    without = inked(page(output_intent=None).rectangle(size="20x20mm", colour=black))
    assert 200 < with_intent.average <= 281
    assert without.average > 285
    assert with_intent.condition == "FOGRA39"
    assert without.condition == "no output intent, with a stock CMYK profile in place of the press's"


def test_more_spots_than_a_rendering_has_room_for() -> None:
    builder = page()
    for number in range(40):
        builder.rectangle(size="20x20mm", at=(f"{number} mm", "10 mm"), colour=("spot", f"Spot {number}", 1))
    found = inked(builder)
    assert len(found.plates) == 4 + MOST_SPOTS
    assert found.plates["Cyan"] > 0  # the others are mixed from process inks


@settings(max_examples=50, deadline=None)
@given(
    width=st.floats(0.5, 1e9),
    height=st.floats(0.5, 1e9),
    plates=st.integers(4, 31),
)
def test_renderings_fit_the_memory(width, height, plates) -> None:
    across, up = grid(Rect(0, 0, width, height), plates)
    assert across.cells * up.cells * plates <= MOST_BYTES * 1.3
    for axis, extent in ((across, width), (up, height)):
        assert 1 <= axis.square <= axis.cells
        slack = 0.05 * axis.step  # boxes are rounded as they are written
        assert axis.start >= -slack
        assert axis.start + axis.cells * axis.step <= extent + slack


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), shape=st.tuples(st.integers(3, 30), st.integers(3, 30), st.integers(4, 7)))
def test_the_heaviest_square_of_any_plates(seed, shape) -> None:
    """The same as looking at every square, one after the other."""
    values = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    rows, columns = min(5, shape[0]), min(4, shape[1])
    names = (*PROCESS, *(f"Spot {n}" for n in range(shape[2] - 4)))
    rendered = Plates(1, names, values, Axis(0, 1, shape[1], columns), Axis(0, 1, shape[0], rows))
    found = coverage(rendered, "x")
    for amount, place, count in ((found.average, found.place, shape[2]), (found.process, found.process_place, 4)):
        total = values[:, :, :count].astype(int).sum(axis=2)
        squares = {
            (x, y): total[y : y + rows, x : x + columns].mean() / 2.55
            for y in range(shape[0] - rows + 1)
            for x in range(shape[1] - columns + 1)
        }
        assert amount == pytest.approx(max(squares.values()))
        assert squares[int(place.x0), int(place.y0)] == pytest.approx(amount)
        assert (place.width, place.height) == (columns, rows)


def hatched(*spots_of_pages: tuple[str, ...]) -> bytes:
    """Pages with one and the same fine pattern in process inks, and some spots beside it."""
    builder = page(pages=len(spots_of_pages))
    for number, spots in enumerate(spots_of_pages, start=1):
        builder.on(number)
        for spot in spots:
            builder.rectangle(at=("60 mm", "60 mm"), size="20x20mm", colour=("spot", spot, 0.2))
    with pikepdf.open(io.BytesIO(builder.bytes())) as sheets:
        cell = sheets.make_stream(b"0.5 0.25 0 1 k 0 0 2 4 re f")
        cell.PatternType, cell.PaintType, cell.TilingType = 1, 1, 1
        cell.BBox, cell.XStep, cell.YStep, cell.Resources = [0, 0, 4, 4], 4, 4, pikepdf.Dictionary()
        for sheet in sheets.pages:
            sheet.Resources.Pattern = pikepdf.Dictionary(Hatch=cell)
            sheet.contents_add(b"q /Pattern cs /Hatch scn 20 20 100 100 re f Q")
        out = io.BytesIO()
        sheets.save(out)
    return out.getvalue()


def test_a_pattern_is_the_same_ink_on_every_page_whatever_its_spots() -> None:
    """MuPDF keeps a cell as it was painted for the page before, which may have had other plates."""
    spots = ("Gold", "Silver", "Varnish")
    report = makeready.check(hatched((), spots, (), ("Gold",), ("Silver",), spots, ("Gold",)), only=["INK101"])
    process = {tuple(round(found.plates[ink], 3) for ink in PROCESS) for found in report.facts.ink_coverage}
    assert len(process) == 1
    assert process.pop()[0] == pytest.approx(100**2 / (90 * POINTS_PER_MM) ** 2 * 100 * 0.5 * 0.5, abs=0.3)
    painted = [sorted(set(found.plates) - set(PROCESS)) for found in report.facts.ink_coverage]
    assert painted == [sorted(some) for some in ((), spots, (), ("Gold",), ("Silver",), spots, ("Gold",))]


# Against Ghostscript

#: Pixels along a millimetre of its separations, four to each of ours along a side.
FINE = 4 * 40 / 15


def ghostscript(program: str, path: Path, folder: Path) -> dict[str, np.ndarray]:
    """The plates of one page as Ghostscript separates it, in percent, averaged down to 40 pixels a square."""
    resolution = FINE * 25.4
    command = [program, "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=tiffsep", f"-r{resolution:.6f}"]
    subprocess.run([*command, f"-sOutputFile={folder / 'page.tif'}", str(path)], check=True, timeout=120)
    plates = {}
    for file in folder.glob("page(*).tif"):
        with Image.open(file) as image:
            ink = 100 - np.asarray(image.convert("L")) / 2.55
        rows, columns = (side // 4 for side in ink.shape)
        plates[file.name[5:-5]] = ink[: rows * 4, : columns * 4].reshape(rows, 4, columns, 4).mean(axis=(1, 3))
    return plates


def heaviest(total: np.ndarray) -> float:
    squares = np.lib.stride_tricks.sliding_window_view(total, (40, 40))
    return float(squares.mean(axis=(2, 3)).max())


COMPARED = {
    "solids": lambda: over((0.9, 0.4, 0.2, 0.7), False).rectangle(colour=(0, 1, 0, 0), at=("25 mm", "20 mm")),
    "a tint of a spot": lambda: page().rectangle(colour=("spot", "Gold", 0.35)),
    "DeviceN": lambda: page().rectangle(colour={"Gold": 0.5, "Black": 0.3, "Silver": 0.9}),
    "a spot that overprints": lambda: over(("spot", "Gold", 0.7)),
    "a spot that knocks out": lambda: over(("spot", "Gold", 0.7), False),
    "process that overprints": lambda: over((0.8, 0, 0, 0)),
    "registration": lambda: over("registration", False),
    "a CMYK picture": lambda: page().image(colour="cmyk", compression="flate"),
    "a CMYK JPEG": lambda: page().image(colour="cmyk"),
    "a picture in a spot": lambda: page().image(colour="spot", ink="Gold", compression="flate"),
    "a gradient": lambda: page().gradient((0, 0, 0, 0), (1, 0.9, 0.8, 0.7), size="70x40mm"),
    "small text": lambda: page().text("The quick brown fox\n" * 12, size="6 pt", colour=(0.6, 0, 1, 0.9)),
    "opacity": lambda: over((0, 1, 0, 0), False).transparency(alpha=0.3, size="40x40mm", colour=(1, 0, 0, 0.5)),
    "multiply": lambda: over((0, 1, 0, 0), False).transparency(blend="Multiply", size="40x40mm", colour=(1, 0, 0, 0)),
    "a form": lambda: page().rectangle(colour={"Gold": 0.5, "Cyan": 0.5}, within="form"),
    "a pattern": lambda: page().rectangle(colour=(0.5, 0.5, 0, 0.2), size="40x40mm", within="pattern"),
}  # fmt: skip


@pytest.mark.parametrize("make", COMPARED.values(), ids=COMPARED)
def test_ghostscript_sees_the_same_ink(tool, tmp_path, make) -> None:
    builder = make()
    theirs = ghostscript(tool("gs"), builder.save(tmp_path / "page.pdf"), tmp_path)
    ours = inked(builder)
    process = sum(theirs[name] for name in PROCESS)
    total = sum(theirs.values())
    assert ours.average == pytest.approx(heaviest(total), abs=1.5)
    assert ours.process == pytest.approx(heaviest(process), abs=1.5)
    painted = {name: float(plate.mean()) for name, plate in theirs.items()}
    for name in {*painted, *ours.plates}:
        assert ours.plates.get(name, 0) == pytest.approx(painted.get(name, 0), abs=0.5), name


def test_a_damaged_page_has_the_ink_that_can_be_drawn() -> None:
    builder = page().rectangle(size="20x20mm", colour=FULL).raw("BT /Nowhere 12 Tf (x) Tj ET /Im99 Do )>> ]")
    assert amounts(builder) == (400, 400)


def test_a_bleed_that_is_not_on_the_sheet_has_no_ink() -> None:
    report = makeready.check(page(boxes={"bleed": (500, 500, 600, 600)}).bytes(), only=["INK101"])
    assert not report.crashed
    assert report.facts.ink_coverage == ()
