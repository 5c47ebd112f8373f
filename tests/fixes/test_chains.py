"""Fixes one after the other, as a shop uses them: planned from a profile, or as a chain that somebody wrote down."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache

import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageOps

import makeready
from fixes.hard_pages import PAGES, PICTURES, faults, page, photo
from fixes.looks import fixed, mupdf_pixels, poppler_pixels, qpdf_clean, text_of
from makeready import fixes
from makeready.changes import Result, StepOutcome
from makeready.results import Severity
from makeready.testing import pdf, picture, poppler
from makeready.testing.icc import srgb_profile


def done(result: Result) -> list[str]:
    """The fixes that changed something, in the order they ran."""
    return [run.step.fix for run in result.runs if run.outcome is StepOutcome.CHANGED]


# A brochure made in a hurry


@cache
def brochure() -> bytes:
    """Made in a word processor: RGB, no bleed, too few pixels, hairlines, a font left out, white that overprints."""
    page = pdf("A6", bleed=None, output_intent=None, background=None)
    page.rectangle(at=("0 mm", "0 mm"), size=("105 mm", "60 mm"), colour=(0.1, 0.3, 0.6))
    page.image(110, colour="rgb", at=("10 mm", "10 mm"), size=("60 mm", "40 mm"))
    page.text("Walks around the lake", colour=(0.8, 0.1, 0.1), size="16 pt", font="bold", at=("10 mm", "72 mm"))
    page.text("The small print in RGB black", colour=(0, 0, 0), size="7 pt", at=("10 mm", "80 mm"))
    page.text("Rich black", colour=(0.8, 0.7, 0.7, 1), size="6 pt", at=("10 mm", "90 mm"))
    page.rectangle(at=("12 mm", "20 mm"), size=("9 mm", "9 mm"), colour=(0, 0, 0, 0), overprint=True)
    page.line(width="0.05 pt", at=("10 mm", "120 mm"), to=("90 mm", "120 mm"))
    page.text("Where to go", font="Helvetica", size="10 pt", at=("10 mm", "130 mm"))
    page.page().text("Page two", colour=(0.1, 0.4, 0.1), size="12 pt", font="bold")
    return page.bytes()


@cache
def mended_brochure() -> Result:
    return makeready.fix(brochure(), profile="sheetfed-coated", allow="review")


def test_a_bad_brochure_ends_without_errors() -> None:
    result = mended_brochure()
    before = {issue.code for issue in result.before.issues if issue.severity is Severity.ERROR}
    assert before >= {"BOX102", "COL101", "FNT101", "IMG101", "OVP101"}
    assert not [issue for issue in result.final.issues if issue.severity is Severity.ERROR]
    assert not [issue for issue in result.new if issue.severity is not Severity.INFO]
    assert [run.outcome.value for run in result.runs] == ["changed"] * len(result.runs)


def test_a_mended_brochure_is_what_other_programs_call_fit_for_the_press() -> None:
    path = mended_brochure().path
    assert path is not None
    qpdf_clean(path)
    assert text_of(path) == text_of(brochure())
    assert all(font.embedded for font in poppler.fonts(path))
    for placed in poppler.images(path):  # in the bleed it is seen again, mirrored
        assert (placed.colour, placed.components) == ("cmyk", 4)
        assert (placed.ppi_x or 0) >= 150
    with pikepdf.open(path) as file:
        assert file.Root.OutputIntents[0].OutputConditionIdentifier == "FOGRA39"
        for page in file.pages:
            trim, bleed, media = ([float(edge) for edge in box] for box in (page.trimbox, page.bleedbox, page.mediabox))
            assert bleed == pytest.approx(
                [trim[0] - 8.504, trim[1] - 8.504, trim[2] + 8.504, trim[3] + 8.504], abs=0.01
            )
            assert max(media[0] - bleed[0], media[1] - bleed[1], bleed[2] - media[2], bleed[3] - media[3]) <= 0


def test_steps_are_taken_in_the_order_of_stages() -> None:
    known = {fix.id: fix for fix in fixes.catalogue()}
    result = mended_brochure()
    planned = [known[run.step.fix].order for run in result.runs]
    assert planned == sorted(planned)
    assert len(planned) >= 6


def test_what_is_see_through_is_drawn_last() -> None:
    """White that overprints and hairlines would be lost in pixels before anybody mended them."""
    white, line = (30, 10), (20, 30)  # millimetres from the trim's left and top
    built = pdf("60x40mm", background=(0, 0, 0.8, 0))
    built.rectangle(at=("28 mm", "8 mm"), size=("4 mm", "4 mm"), colour=(0, 0, 0, 0), overprint=True)
    built.line(width="0.02 pt", at=("5 mm", "30 mm"), to=("50 mm", "30 mm"))
    built.transparency(alpha=0.1, at=("2 mm", "2 mm"), size=("56 mm", "36 mm"), colour=(0.2, 0, 0, 0))
    result = makeready.fix(built.bytes(), profile="ingramspark-cover", allow="review")
    assert {"fix_overprint", "thicken_lines", "remove_transparency"} <= set(done(result))
    for draw in (mupdf_pixels, poppler_pixels):
        seen, per_mm = draw(result.data or b"", 1, 254), 10
        with pikepdf.open(str(result.path)) as file:
            trim, media = file.pages[0].trimbox, file.pages[0].mediabox
            left, top = (round(float(edge) * 254 / 72) for edge in (trim[0] - media[0], media[3] - trim[3]))
        assert seen[top + white[1] * per_mm, left + white[0] * per_mm].min() > 200
        across_line = seen[top + line[1] * per_mm - 5 : top + line[1] * per_mm + 6, left + line[0] * per_mm]
        assert across_line.max(axis=1).min() < 150


def test_what_is_safe_alone_leaves_the_rest() -> None:
    result = makeready.fix(brochure(), profile="sheetfed-coated", allow="safe")
    assert done(result) == ["fix_overprint"]
    assert {left.code for left in result.plan.left} >= {"BOX102", "COL101", "IMG101"}
    assert {issue.code for issue in result.fixed} >= {"OVP101"}


def test_the_same_file_comes_out_again() -> None:
    again = makeready.fix(brochure(), profile="sheetfed-coated", allow="review")
    assert again.data == mended_brochure().data
    assert again.changes == mended_brochure().changes


def test_a_plan_is_a_chain_that_does_the_same() -> None:
    result = mended_brochure()
    chain = result.plan.as_data()
    again = makeready.fix(brochure(), chain, profile="sheetfed-coated")
    assert again.data == result.data
    assert again.plan.as_data() == chain


# A photo for a canvas

CANVAS = "30x20in"
EXIF_TURN = 6


@cache
def phone_photo(format: str = "JPEG") -> bytes:
    """From a phone: stored lying on its side, 3:2, a quarter of the pixels that the canvas needs."""
    return picture(750, 1125, dpi=300, orientation=EXIF_TURN, icc=srgb_profile(), format=format)


def shown(data: bytes) -> Image.Image:
    """As it is seen, small."""
    with Image.open(io.BytesIO(data)) as found:
        return ImageOps.exif_transpose(found).convert("RGB").resize((60, 40), Image.Resampling.BOX)


ORDERS = [
    ("JPEG", "upscale"),
    ("TIFF", "add_bleed"),
    *((kind, "auto_orient") for kind in ("JPEG", "PNG", "TIFF", "WEBP")),
]


@pytest.mark.parametrize(("format", "first"), ORDERS)
def test_a_photo_becomes_a_tiff_for_the_canvas(format: str, first: str) -> None:
    """The order of the fixes does not matter: turned once, never twice."""
    steps = {
        "auto_orient": {"fix": "auto_orient"},
        "upscale": {"fix": "upscale", "resolution": "60 ppi"},
        "add_bleed": {"fix": "add_bleed", "bleed": "5 mm"},
    }
    chain = [steps.pop(first), *steps.values()]
    data = phone_photo(format)
    result = fixed(data, chain, profile="photo_on_canvas", canvas=CANVAS, to=".tif")
    assert done(result) == [step["fix"] for step in chain] + ["save_as"] * (format != "TIFF")
    assert result.path is not None
    assert result.path.suffix == ".tif"
    with Image.open(result.path) as found:
        assert (found.format, found.mode) == ("TIFF", "RGB")
        assert found.tag_v2.get(274, 1) == 1
        across, along = (float(ppi) for ppi in found.info["dpi"])
        assert across == pytest.approx(along, rel=0.001)
        assert found.info["icc_profile"] == srgb_profile()
        width, height = (pixels / across * 25.4 for pixels in found.size)
    assert (width - 762, height - 508) == pytest.approx((10, 10), abs=1.5)  # 30 × 20 in and 5 mm all round
    inside = shown(result.data or b"")
    apart = np.abs(np.asarray(inside, int) - np.asarray(shown(data), int))
    assert apart.mean() < 6  # the bleed moves all of it by less than a hundredth


def test_the_profile_of_the_canvas_asks_for_pixels_and_bleed() -> None:
    result = makeready.fix(
        phone_photo(), profile="photo_on_canvas", allow="review", canvas=CANVAS, to=".tif", name="a.jpg"
    )
    assert done(result) == ["upscale", "add_bleed", "save_as"]
    assert not [issue for issue in result.final.issues if issue.severity is not Severity.INFO]
    with Image.open(str(result.path)) as found:
        assert found.info["icc_profile"] == srgb_profile()
        assert float(found.info["dpi"][0]) == pytest.approx(100, abs=1)
    apart = np.abs(np.asarray(shown(result.data or b""), int) - np.asarray(shown(phone_photo()), int))
    assert apart.mean() < 6


# Chains as data


def test_a_chain_runs_in_the_order_given() -> None:
    backwards: Sequence[object] = [
        {"fix": "add_bleed", "bleed": "4 mm"},
        "thicken_lines",
        {"fix": "convert_to_cmyk", "intent": "perceptual"},
        "auto_orient",
        "fix_overprint",
    ]
    seen: list[str] = []

    def note(progress: makeready.Progress) -> None:
        if progress.fix not in seen:
            seen.append(progress.fix)

    result = makeready.fix(brochure(), backwards, progress=note)  # type: ignore[arg-type]
    wanted = ["add_bleed", "thicken_lines", "convert_to_cmyk", "auto_orient", "fix_overprint"]
    assert [run.step.fix for run in result.runs] == wanted
    assert seen == wanted
    assert result.plan.as_data() == [step if isinstance(step, dict) else {"fix": step} for step in backwards]
    assert [run.outcome.value for run in result.runs] == ["changed", "changed", "changed", "refused", "changed"]


def test_what_one_step_refuses_the_next_one_still_does() -> None:
    result = fixed(brochure(), ["to_pdfx1a", "embed_fonts", "convert_to_cmyk", "to_pdfx1a"])
    assert [run.outcome.value for run in result.runs] == ["refused", "changed", "changed", "changed"]
    assert "embed_fonts" in (result.runs[0].reason or "") or "convert_to_cmyk" in (result.runs[0].reason or "")


# Whatever comes in


@pytest.mark.parametrize("name", PAGES)
def test_a_plan_for_any_pdf(name: str) -> None:
    """Planned and made without anybody looking at it first: sound, and no worse than it was."""
    result = makeready.fix(page(name), profile="sheetfed-coated", allow="review")
    # A colour that was declared clear becomes a mask of one bit, which is measured as one: see convert_to_cmyk.
    told = {"IMG102"} if name == "pictures with masks" else set()
    errors = {issue.code for issue in result.new if issue.severity is Severity.ERROR}
    assert errors <= told
    assert result.fixed or not any(run.changes and run.step.cures for run in result.runs)
    if result.path is not None:
        qpdf_clean(result.path)
        assert not result.final.crashed


@pytest.mark.parametrize("name", PICTURES)
def test_a_plan_for_any_picture(name: str) -> None:
    result = makeready.fix(photo(name), profile="photo_on_canvas", allow="review", canvas="3x2in")
    assert not [issue.code for issue in result.new if issue.severity is Severity.ERROR]
    assert not result.final.crashed


# Some pages only

ON_PDF = [fix.id for fix in fixes.catalogue() if "pdf" in fix.kinds and fix.id != "to_raster"]

#: A picture or a font that is used on several pages is replaced for all of them.
FOR_ALL = {"enlarge", "upscale", "upscale_resolution_2x", "upscale_resolution_4x", "embed_fonts"}


def _three() -> bytes:
    page = pdf("60x40mm", bleed=None, output_intent=None, pages=3)
    for number in (1, 2, 3):
        faults(page.on(number)).transparency(alpha=0.5, at=("20 mm", "20 mm"), colour=("spot", "Gold", 1.0))
        page.annotation(at=("5 mm", "30 mm"), size="9x5mm").text("left out", font="Helvetica", at=("30 mm", "38 mm"))
        page.layer("Notes", visible=False).text("hidden", at=("3 mm", "34 mm")).layer(None)
    return page.bytes()


def _painted(data: bytes, number: int) -> dict[str, bytes]:
    """All streams that a page paints with, decoded: its own, and those of its forms and pictures."""
    found: dict[str, bytes] = {}

    def take(name: str, owner: pikepdf.Object) -> None:
        for key, entry in owner.get("/Resources", pikepdf.Dictionary()).get("/XObject", pikepdf.Dictionary()).items():
            found[f"{name}{key}"] = entry.read_raw_bytes()
            take(f"{name}{key}", entry)

    with pikepdf.open(io.BytesIO(data)) as file:
        page = file.pages[number - 1]
        page.contents_coalesce()
        found["content"] = page.Contents.read_bytes()
        found["boxes"] = repr([list(map(float, box)) for box in (page.mediabox, page.trimbox, page.cropbox)]).encode()
        take("", page.obj)
    return found


@pytest.mark.parametrize("fix", ON_PDF)
def test_other_pages_stay_byte_for_byte(fix: str) -> None:
    """Pages share fonts, pictures and colour spaces; what is mended for one is not mended for the others."""
    data = _three()
    size = {"size": "70x50mm"} if fix == "fit_to_product" else {}
    result = makeready.fix(data, [{"fix": fix} | size], pages=[2])
    if result.path is None:
        return
    after = result.data or b""
    pictures = {name for name, stream in _painted(data, 2).items() if stream.startswith(b"\xff\xd8")}
    for number in (1, 3):
        was, now = _painted(data, number), _painted(after, number)
        for name in set(was) - (pictures if fix in FOR_ALL else set()):
            assert now[name] == was[name], name
        assert set(now) == set(was)
    assert fix in FOR_ALL or {change.page for change in result.changes} <= {2, None}


def test_the_chain_that_is_held_to_one_page_mends_that_page() -> None:
    chain = ["fix_overprint", "convert_to_cmyk", "thicken_lines", "add_bleed"]
    result = fixed(_three(), chain, pages=[2])
    assert done(result) == chain
    assert _painted(result.data or b"", 2) != _painted(_three(), 2)
    after = makeready.check(result.data or b"")
    for code in ("OVP101", "LIN101"):
        assert {issue.page for issue in after.issues if issue.code == code} == {1, 3}
