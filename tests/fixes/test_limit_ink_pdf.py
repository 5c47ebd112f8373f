"""limit_ink on PDFs: the four plates added up, as Ghostscript separates them, and the colours that are left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream

import makeready
from fixes.looks import assert_same_look, codes, fixed, mupdf_pixels, poppler_pixels, qpdf_clean, text_of, unchanged
from fixes.test_overprint import plates
from makeready.colour import ciede2000, littlecms
from makeready.press import load
from makeready.testing import pdf

SIZE = "100x60mm"
PROCESS = ("Cyan", "Magenta", "Yellow", "Black")
HEAVY, LIGHT = (0.9, 0.8, 0.9, 0.95), (0.2, 0.5, 0.7, 0.1)
LIMIT = 2.6
CHAIN = [{"fix": "limit_ink", "total": "260 %"}]
CHECK = makeready.measure(settings=["INK101.total=260 %"])
#: One level of 8 bits on each of four plates.
ROUNDING = 4 / 255


def bare() -> Any:
    return pdf(SIZE).rectangle(size=SIZE, at=("0 mm", "0 mm"), colour=(0, 0, 0, 0))


def total(data: bytes, folder: Path) -> np.ndarray:
    folder.mkdir(exist_ok=True)
    found = plates(data, folder)
    return np.sum([found[ink] for ink in PROCESS], axis=0)


def indexed(artwork: Any) -> Any:
    table = pikepdf.String(bytes(round(255 * ink) for colour in (HEAVY, LIGHT) for ink in colour))
    image = Stream(
        artwork.objects, bytes([0b01010101]), Type=Name.XObject, Subtype=Name.Image, Width=8, Height=1,
        BitsPerComponent=1, ColorSpace=Array([Name.Indexed, Name.DeviceCMYK, 1, table]),
    )  # fmt: skip
    return artwork.raw("q 200 0 0 60 40 40 cm /I0 Do Q", {"/XObject": {"/I0": artwork.objects.make_indirect(image)}})


def shading_pattern(artwork: Any) -> Any:
    blend = Dictionary(FunctionType=2, Domain=[0, 1], C0=list(LIGHT), C1=list(HEAVY), N=1)
    shading = Dictionary(
        ShadingType=2, ColorSpace=Name.DeviceCMYK, Coords=[40, 0, 240, 0], Function=blend, Extend=[True, True]
    )
    pattern = artwork.objects.make_indirect(Dictionary(Type=Name.Pattern, PatternType=2, Shading=shading))
    return artwork.raw("/Pattern cs /P0 scn 40 40 200 60 re f", {"/Pattern": {"/P0": pattern}})


KINDS = {
    "text": lambda page: page.text("HEAVY", size="50 pt", colour=HEAVY, at=("10 mm", "30 mm")),
    "shape": lambda page: page.rectangle(colour=HEAVY, size="40x30mm"),
    "line": lambda page: page.line(colour=HEAVY, width="9 pt"),
    "gradient": lambda page: page.gradient(LIGHT, HEAVY),
    "gradient in a pattern": shading_pattern,
    "in a form": lambda page: page.rectangle(colour=HEAVY, within="form"),
    "in a pattern": lambda page: page.rectangle(colour=HEAVY, within="pattern"),
    "palette": indexed,
    "mixture with a spot": lambda page: page.rectangle(colour={"Gold": 0.5, **dict(zip(PROCESS, HEAVY, strict=True))}),
    "picture": lambda page: page.image(ppi=60, compression="flate"),
    "picture of 16 bits": lambda page: page.image(ppi=60, compression="flate", bits=16),
    "inline picture": lambda page: page.image(ppi=20, compression="flate", inline=True),
    "picture with a soft mask": lambda page: page.image(ppi=60, compression="flate", soft_mask=True),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_is_above_comes_under_the_limit(name: str, tmp_path: Path) -> None:
    before = KINDS[name](bare()).bytes()
    assert total(before, tmp_path / "before").max() > LIMIT + 0.05
    result = fixed(before, CHAIN, profile=CHECK)
    now = total(result.data, tmp_path / "after")
    assert now.max() <= LIMIT + ROUNDING
    assert now.max() > LIMIT - 0.1, "no more is taken than has to be"
    assert not result.new
    assert text_of(before) == text_of(result.data)
    assert "CIEDE2000" in result.changes[0].message
    # Colours stay: what is seen hardly changes.
    assert_same_look(before, result.data, within=16)
    qpdf_clean(result.data)
    unchanged(result.data, CHAIN)


def test_a_jpeg_comes_under_the_limit_and_is_left_alone_the_second_time(tmp_path: Path) -> None:
    before = bare().image(ppi=100).bytes()
    result = fixed(before, CHAIN, profile=CHECK)
    now = total(result.data, tmp_path)
    # Pixels are noisy; over blocks of eight by eight they keep the limit (the page is drawn at 144 ppi: twelve pixels).
    blocks = now[: now.shape[0] // 12 * 12, : now.shape[1] // 12 * 12]
    means = blocks.reshape(blocks.shape[0] // 12, 12, -1, 12).mean(axis=(1, 3))
    assert means.max() <= LIMIT + 0.03
    unchanged(result.data, CHAIN)
    qpdf_clean(result.data)


def test_the_check_has_no_more_to_say() -> None:
    artwork = bare().rectangle(colour=HEAVY, size="40x30mm")
    assert "INK101" in codes(makeready.check(artwork.bytes(), CHECK))
    result = makeready.fix(artwork.bytes(), profile=CHECK, allow="review")
    assert [issue.code for issue in result.fixed] == ["INK101"]
    (step,) = [step for step in result.plan.steps if step.fix == "limit_ink"]
    assert step.settings == {"total": "260%"} or "260" in str(step.settings["total"])


def test_what_is_at_the_limit_stays() -> None:
    artwork = bare().rectangle(colour=(0.6, 0.6, 0.6, 0.8)).text("x", colour=LIGHT).image(colour="rgb", ppi=40)
    artwork.rectangle(colour="registration", at=("40 mm", "10 mm")).rectangle(colour=("spot", "Gold", 1))
    unchanged(artwork, CHAIN)


def test_the_colour_is_nearly_the_same_by_the_profile_of_the_press() -> None:
    artwork = pdf(SIZE, output_intent=None).text("deep", colour=HEAVY)
    result = fixed(artwork, [{"fix": "limit_ink", "total": "300 %", "press": "fogra39"}])
    (change,) = result.changes
    facts = result.final.facts
    assert facts is not None
    (run,) = facts.texts
    assert run.colour is not None
    found = np.array(run.colour.values)
    assert found.sum() <= 3.0
    lab = littlecms.to_lab(littlecms.words(np.array([HEAVY, found])), load("fogra39").icc)
    apart = float(ciede2000(lab[:1], lab[1:])[0])
    assert apart == pytest.approx(change.details["difference"]["most"], abs=0.05)
    assert apart < 3


def test_spots_and_soft_masks_stay(tmp_path: Path) -> None:
    artwork = (
        bare().rectangle(colour=HEAVY, size="20x20mm").rectangle(colour=("spot", "Gold", 0.7), at=("50 mm", "10 mm"))
    )
    artwork.transparency(soft_mask=True, at=("50 mm", "30 mm"), colour=LIGHT)
    before = artwork.bytes()
    (tmp_path / "before").mkdir()
    was = plates(before, tmp_path / "before")["Gold"]
    result = fixed(before, CHAIN)
    (tmp_path / "after").mkdir()
    now = plates(result.data, tmp_path / "after")
    assert np.array_equal(was, now["Gold"])
    # Away from the heavy square nothing is seen to change.
    for draw in (mupdf_pixels, poppler_pixels):
        assert np.array_equal(draw(before)[:, 120:], draw(result.data)[:, 120:])


def test_a_profiled_colour_is_held_by_its_own_profile() -> None:
    result = fixed(bare().rectangle(colour=("press", *HEAVY), size="40x30mm"), CHAIN, profile=CHECK)
    assert "INK101" not in codes(result.final)
    facts = result.final.facts
    assert facts is not None
    colour = next(paint.colour for paint in facts.paints if paint.colour.family == "ICCBased")
    assert colour.model == "cmyk"


def test_what_only_adds_up_on_the_page_is_left_to_the_check() -> None:
    """Each object is within the limit; overprinting, both together are not."""
    artwork = bare().rectangle(colour=(1, 1, 0, 0), size="40x30mm")
    artwork.rectangle(colour=(0, 0, 1, 1), size="40x30mm", overprint=True)
    assert "INK101" in codes(makeready.check(artwork.bytes(), CHECK))
    unchanged(artwork, CHAIN)


def test_a_second_page_with_the_same_picture_is_not_harmed(tmp_path: Path) -> None:
    artwork = pdf(SIZE, pages=2).image(ppi=60, compression="flate")
    artwork.on(2).image(ppi=60, compression="flate")
    result = fixed(artwork, CHAIN)
    assert [change.page for change in result.changes] == [1, 2]
    for page in (1, 2):
        assert_same_look(artwork, result.data, page=page, within=16)
