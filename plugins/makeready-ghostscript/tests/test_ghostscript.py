"""Pages that Ghostscript drew: they print the same inks, and all that is not painted is as it was."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from PIL import Image

import makeready
from makeready.changes import StepOutcome
from makeready.errors import MissingDependency
from makeready.testing import pdf

fixes = pytest.importorskip("makeready_ghostscript.fixes", reason="the Ghostscript plug-in is not installed")
if shutil.which("gs") is None:
    pytest.skip("the program 'gs' is not installed", allow_module_level=True)

WANTED = makeready.measure(settings=["TRN101=warning"])
SPOT = ("spot", "PANTONE 185 C")
OUTLINES = {"fix": "outline_fonts", "system": False}


def card(**settings: Any) -> Any:
    return (
        pdf("90x60mm", **settings)
        .rectangle(at=("5 mm", "5 mm"), size=("40 mm", "20 mm"), colour=(0.6, 0, 0, 0))
        .text("Overprint", font="Helvetica", size="20 pt", at=("8 mm", "20 mm"), overprint=True)
        .text("Spot Colour", font="Times-Bold", size="24 pt", at=("8 mm", "45 mm"), colour=SPOT)
    )


def run(given: bytes, step: dict[str, Any] | str, **settings: Any) -> makeready.Result:
    result = makeready.fix(given, [step], profile=WANTED, **settings)
    (done,) = result.runs
    assert done.outcome is StepOutcome.CHANGED, done
    return result


def refused(given: bytes, step: dict[str, Any] | str) -> str:
    result = makeready.fix(given, [step], profile=WANTED)
    (done,) = result.runs
    assert done.outcome is StepOutcome.REFUSED, done
    assert result.path is None
    return done.reason or ""


def drawn(data: bytes, folder: Path, name: str) -> np.ndarray:
    """The first page in poppler, at 100 ppi."""
    path = folder / f"{name}.pdf"
    path.write_bytes(data)
    command = [shutil.which("pdftocairo"), "-png", "-singlefile", "-r", "100", path, folder / name]
    subprocess.run(command, check=True, timeout=60)
    with Image.open(folder / f"{name}.png") as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def plates(data: bytes, folder: Path, name: str) -> dict[str, float]:
    """How much of each plate is inked, told by Ghostscript, whose shapes reach to the next whole pixel."""
    place = folder / f"plates-{name}"
    place.mkdir()
    (place / "in.pdf").write_bytes(data)
    out = f"-sOutputFile={place}/p.tif"
    command = ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=tiffsep", "-r800", out, str(place / "in.pdf")]
    subprocess.run(command, check=True, timeout=60)
    found = {}
    for file in place.glob("p(*).tif"):
        with Image.open(file) as plate:
            found[file.stem[2:-1]] = float(1 - np.asarray(plate.convert("L")).mean() / 255)
    return found


@pytest.mark.parametrize(
    "settings",
    [{}, {"rotate": 90, "origin": (-40, 30), "slug": "5 mm"}, {"user_unit": 2}],
    ids=["plain", "turned and moved", "user unit"],
)
def test_text_becomes_outlines_and_nothing_else_changes(settings: Any, tmp_path: Path) -> None:
    before = card(**settings).bytes()
    result = run(before, OUTLINES)
    after = result.data
    assert after is not None
    assert {issue.code for issue in result.fixed} == {"FNT101"}
    assert not result.new
    assert "Times-Bold" in result.changes[0].message
    (tmp_path / "after.pdf").write_bytes(after)
    fonts = subprocess.run([shutil.which("pdffonts"), tmp_path / "after.pdf"], capture_output=True, check=True)
    assert len(fonts.stdout.splitlines()) <= 2, "two lines are the head of the table"
    was, now = drawn(before, tmp_path, "before"), drawn(after, tmp_path, "now")
    assert was.shape == now.shape
    assert (np.abs(was - now).max(axis=2) > 100).mean() < 0.01
    inks, outlined = plates(before, tmp_path, "before"), plates(after, tmp_path, "after")
    assert sorted(inks) == sorted(outlined)
    assert "PANTONE 185 C" in inks
    assert outlined == pytest.approx(inks, abs=0.002)
    with pikepdf.open(tmp_path / "before.pdf") as old, pikepdf.open(tmp_path / "after.pdf") as new:
        for entry in ("/MediaBox", "/TrimBox", "/BleedBox", "/Rotate", "/UserUnit"):
            assert new.pages[0].obj.get(entry) == old.pages[0].obj.get(entry)
        assert "/OutputIntents" in new.Root
        assert new.docinfo.get("/Title") == old.docinfo.get("/Title")
    again = makeready.fix(after, [OUTLINES], profile=WANTED)
    assert again.runs[0].outcome is StepOutcome.UNCHANGED


def test_pages_that_need_nothing_are_not_drawn() -> None:
    given = pdf("90x60mm", pages=2).on(1).text("Here", font="bold").on(2).text("Missing", font="Helvetica").bytes()
    result = run(given, OUTLINES)
    assert [change.page for change in result.changes] == [2]
    with pikepdf.open(result.path) as new:
        assert "/Font" in new.pages[0].Resources
        assert "/Font" not in new.pages[1].Resources
    every = run(given, {**OUTLINES, "every": True})
    assert [change.page for change in every.changes] == [1, 2]


def test_comments_and_links_stay() -> None:
    given = card().annotation("Square", at=("60 mm", "5 mm")).bytes()
    result = run(given, OUTLINES)
    with pikepdf.open(result.path) as new:
        assert len(new.pages[0].Annots) == 1


@pytest.mark.parametrize("words", ["no font of this name", "layers", "more than"])
def test_what_cannot_be_kept_is_refused(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    given, more = {
        "no font of this name": (pdf("90x60mm").text("x", font="Sinkin"), {}),
        "layers": (card().layer("German").text("Hallo", font="Helvetica"), {}),
        "more than": (card(), {"minutes": 0.00001}),
    }[words]
    assert words in refused(given.bytes(), {**OUTLINES, **more})
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_looks_different_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    from makeready_ghostscript import ghostscript

    def blank(_source: Path, target: Path, *_options: str, minutes: float) -> None:
        del minutes
        with pikepdf.new() as empty:
            empty.add_blank_page(page_size=(250, 180))
            empty.save(target)

    monkeypatch.setattr(ghostscript, "pdfwrite", blank)
    assert "spot colour PANTONE 185 C" in refused(card().bytes(), OUTLINES)
    plain = pdf("90x60mm").text("Big", font="Helvetica", size="90 pt", at=("5 mm", "40 mm")).bytes()
    assert "print differently" in refused(plain, OUTLINES)


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingDependency, match="gs") as told:
        makeready.fix(card().bytes(), [OUTLINES])
    assert "apt install ghostscript" in str(told.value.hint)


@pytest.mark.parametrize("colours", ["CMYK", "RGB"])
def test_a_page_with_transparency_becomes_a_picture(colours: str, tmp_path: Path) -> None:
    if colours == "CMYK":
        given = pdf("90x60mm").text("Below", font="bold", size="24 pt", at=("10 mm", "20 mm"))
        given.transparency(alpha=0.5, colour=(0, 0.6, 0.9, 0))
    else:
        given = pdf("90x60mm", output_intent=None, background=(0.8, 0.9, 1))
        given.transparency(alpha=0.5, colour=(1, 0.5, 0))
    before = given.bytes()
    result = run(before, "flatten_with_ghostscript")
    assert "TRN101" in {issue.code for issue in result.fixed}
    assert colours in result.changes[0].message
    with pikepdf.open(result.path) as new:
        page = new.pages[0]
        (image,) = page.Resources.XObject.values()
        assert str(image.ColorSpace) == f"/Device{colours}"
        assert "/Group" not in page.obj
        assert "/Font" not in page.Resources
    was, now = drawn(before, tmp_path, "before"), drawn(result.data, tmp_path, "now")
    assert (np.abs(was - now).max(axis=2) > 24).mean() < 0.02
    again = makeready.fix(result.data, ["flatten_with_ghostscript"], profile=WANTED)
    assert again.runs[0].outcome is StepOutcome.UNCHANGED


def test_overprint_is_worked_out_in_the_picture(tmp_path: Path) -> None:
    given = pdf("90x60mm").rectangle(at=("5 mm", "5 mm"), size=("40 mm", "30 mm"), colour=(1, 0, 0, 0))
    given.rectangle(at=("20 mm", "10 mm"), size=("40 mm", "20 mm"), colour=(0, 0, 1, 0), overprint=True)
    before = given.transparency(alpha=0.5, at=("60 mm", "35 mm"), size=("20 mm", "20 mm")).bytes()
    result = run(before, "flatten_with_ghostscript")
    was, now = plates(before, tmp_path, "before"), plates(result.data, tmp_path, "after")
    assert now == pytest.approx(was, abs=0.004)


def test_spots_are_not_flattened() -> None:
    given = card().transparency(alpha=0.5, at=("40 mm", "20 mm")).bytes()
    assert "spot colour PANTONE 185 C" in refused(given, "flatten_with_ghostscript")


def test_the_built_in_fixes_are_planned_first() -> None:
    report = makeready.check(card().transparency(alpha=0.5).bytes(), WANTED)
    planned = {step.fix for step in makeready.plan(report, WANTED, allow="review").steps}
    assert {"embed_fonts", "remove_transparency"} <= planned
    assert not {"outline_fonts", "flatten_with_ghostscript"} & planned


def test_it_works_from_several_threads_at_once() -> None:
    given = card().bytes()
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: run(given, OUTLINES), range(3)))
    assert len({len(result.data or b"") for result in results}) == 1
