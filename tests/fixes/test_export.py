"""Pictures as pages and pages as pictures, as poppler, MuPDF and Pillow see them."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageOps

import makeready
from fixes.looks import difference, fixed, mupdf_pixels, poppler_pixels, qpdf_clean, refused
from makeready import raster
from makeready.raster.mend.working import Working
from makeready.testing.icc import press_profile, srgb_profile
from makeready.testing.pictures import picture


def _pixels(source: Path | bytes) -> np.ndarray:
    with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
        return np.asarray(image.convert("L") if image.mode == "1" else image)


def _extracted(path: Path, how: str = "-all") -> list[Path]:
    """The pictures of a PDF, as poppler takes them out."""
    root = path.parent / "taken"
    subprocess.run(["pdfimages", how, path, root], check=True)
    return sorted(path.parent.glob("taken-*"))


def _boxes(path: Path) -> dict[str, list[float]]:
    said = subprocess.run(["pdfinfo", "-box", path], capture_output=True, check=True, text=True).stdout
    lines = (line.split(":") for line in said.splitlines() if "Box:" in line)
    return {name: [float(number) for number in numbers.split()] for name, numbers in lines}


# --- to_pdf


@pytest.mark.parametrize(("mode", "settings"), [
    ("RGB", {"icc": srgb_profile()}), ("L", {}), ("CMYK", {"icc": press_profile()}), ("RGB", {"orientation": 6}),
])  # fmt: skip
def test_the_data_of_a_jpeg_are_handed_on_byte_by_byte(mode, settings):
    data = picture(300, 200, mode, dpi=100, **settings)
    result = fixed(data, "to_pdf")
    assert result.path.suffix == ".pdf"
    qpdf_clean(result.path)
    (taken,) = _extracted(result.path)
    assert taken.read_bytes() == data
    # Without a canvas nobody could tell before that there is no bleed.
    assert not {issue.code for issue in result.new if issue.severity.value == "error"} - {"BOX102"}


@pytest.mark.parametrize(("mode", "format"), [
    ("RGB", "TIFF"), ("RGB", "PNG"), ("L", "PNG"), ("I;16", "PNG"), ("1", "TIFF"), ("P", "PNG"), ("P", "GIF"),
])  # fmt: skip
def test_other_pictures_are_packed_without_loss(mode, format):
    data = picture(301, 203, mode, format=format)
    result = fixed(data, "to_pdf", canvas="3x2in")
    qpdf_clean(result.path)
    with pikepdf.open(result.path) as opened:
        found = opened.pages[0].Resources.XObject.Im0
        kept = found.read_bytes()
        bits = int(found.BitsPerComponent)
    with Image.open(io.BytesIO(data)) as image:
        image = image.convert("RGB") if image.mode == "P" else image
        wanted = np.asarray(image)
    if mode == "I;16":
        assert bits == 16
        assert (np.frombuffer(kept, ">u2").reshape(203, 301) == wanted).all()
    elif mode == "1":
        assert bits == 1
        rows = np.frombuffer(kept, np.uint8).reshape(203, -1)
        assert (np.unpackbits(rows, axis=1)[:, :301] == wanted).all()
    else:
        assert (np.frombuffer(kept, np.uint8).reshape(wanted.shape) == wanted).all()


def test_inks_are_plain_and_the_press_is_the_output_intent():
    data = picture(301, 203, "CMYK", format="TIFF", icc=press_profile())
    result = fixed(data, "to_pdf", canvas="3x2in")
    with pikepdf.open(result.path) as opened:
        (intent,) = opened.Root.OutputIntents
        assert bytes(intent.DestOutputProfile.read_bytes()) == press_profile()
        found = opened.pages[0].Resources.XObject.Im0
        assert found.ColorSpace == "/DeviceCMYK"
        assert (np.frombuffer(found.read_bytes(), np.uint8).reshape(203, 301, 4) == _pixels(data)).all()
    assert result.after.facts.output_intents[0].profile.damage is None


def test_a_press_may_be_named():
    result = fixed(picture(300, 200, "CMYK"), [{"fix": "to_pdf", "press": "fogra39"}], canvas="3x2in")
    assert result.after.facts.output_intents[0].condition == "FOGRA39"
    assert "COL102" not in {issue.code for issue in result.remaining}


@pytest.mark.parametrize("program", [mupdf_pixels, poppler_pixels])
@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L"])
def test_the_page_looks_like_the_picture(mode, program):
    """CMYK of an Adobe JPEG is stored inverted: a page that forgets it is a negative."""
    data = picture(300, 200, mode, dpi=72, icc=press_profile() if mode == "CMYK" else None)
    result = fixed(data, "to_pdf")
    drawn = program(result.path).astype(int)
    (shown,) = raster.products(data, raster.artwork("a.jpg", raster.read(data), bytes=1))
    assert drawn.shape == shown.shape
    # Programs differ in how they convert inks; a negative would be off by a hundred.
    assert np.abs(drawn - shown.astype(int)).mean() < (25 if mode == "CMYK" else 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_becomes_the_placement(orientation):
    data = picture(120, 80, dpi=72, orientation=orientation)
    result = fixed(data, "to_pdf")
    with Image.open(io.BytesIO(data)) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    for program in (mupdf_pixels, poppler_pixels):
        assert np.abs(program(result.path).astype(int) - upright.astype(int)).mean() < 3


def test_bleed_becomes_the_bleedbox():
    result = fixed(picture(1200, 900, dpi=300), ["add_bleed", "to_pdf"], canvas="4x3in")
    boxes = _boxes(result.path)
    assert boxes["TrimBox"] == [8.64, 8.64, 296.64, 224.64]
    assert boxes["BleedBox"] == boxes["MediaBox"] == [0, 0, 305.28, 233.28]
    assert not {"BOX101", "BOX102", "BOX103", "BOX104"} & {issue.code for issue in result.remaining}
    (proof,) = result.proof  # drawn by two programs; grain is averaged in two ways
    assert proof.differing < 0.1


def test_a_picture_of_another_shape_covers_the_canvas():
    result = fixed(picture(1300, 900), "to_pdf", canvas="4x3in")
    boxes = _boxes(result.path)
    assert boxes["TrimBox"] == [12, 0, 300, 216]
    assert boxes["MediaBox"] == [0, 0, 312, 216]


def test_transparency_becomes_a_soft_mask():
    data = picture(200, 150, "RGBA", format="PNG", dpi=72)
    result = fixed(data, "to_pdf")
    with pikepdf.open(result.path) as opened:
        mask = opened.pages[0].Resources.XObject.Im0.SMask
        assert (np.frombuffer(mask.read_bytes(), np.uint8).reshape(150, 200) == _pixels(data)[..., 3]).all()
    (shown,) = raster.products(data, raster.artwork("a.png", raster.read(data), bytes=1))
    assert difference(mupdf_pixels(result.path), shown).mean() < 2


def test_a_picture_without_any_size_is_refused():
    assert "give a canvas" in refused(picture(100, 80), "to_pdf")


# --- to_raster


def _page(rotate: int = 0) -> bytes:
    """160 × 80 pt with 10 pt of bleed and 10 pt of slug: blue ground, a red block, a block of black ink alone."""
    made = pikepdf.new()
    made.add_blank_page(page_size=(200, 120))
    native = made.pages[0]
    native.obj.TrimBox, native.obj.BleedBox = pikepdf.Array([20, 20, 180, 100]), pikepdf.Array([10, 10, 190, 110])
    native.obj.Rotate = rotate
    native.contents_add(b"0 0 1 rg 0 0 200 120 re f 1 0 0 rg 20 20 80 40 re f 0 0 0 1 k 100 60 60 30 re f")
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("format", ["tiff", "png", "jpeg"])
def test_a_page_becomes_the_picture_that_poppler_draws(format, rotate, tmp_path):
    source = _page(rotate)
    result = fixed(source, [{"fix": "to_raster", "resolution": "144 ppi", "format": format}])
    found = _pixels(result.path)
    wanted = poppler_pixels(source, 1, 144)
    inside = wanted[20:-20, 20:-20]  # the bleed is 10 pt inside of the sheet
    assert found.shape == inside.shape
    assert np.abs(found.astype(int) - inside.astype(int)).mean() < 2
    header = raster.read(result.path)
    assert [float(ppi) for ppi in header.density] == pytest.approx((144, 144), abs=0.01)
    assert header.icc.colour_space == "RGB"


def test_without_bleed_it_is_the_product(tmp_path):
    result = fixed(_page(90), [{"fix": "to_raster", "resolution": "72 ppi", "bleed": False}])
    assert raster.read(result.path).shown_px == (80, 160)


def test_inks_stay_the_inks_they_are(tmp_path):
    result = fixed(_page(0), [{"fix": "to_raster", "resolution": "72 ppi", "colours": "cmyk"}])
    found = _pixels(result.path)
    assert found.shape[2] == 4
    assert found[30, 110].tolist() == [0, 0, 0, 255]  # black alone
    assert raster.read(result.path).icc is None


def test_a_poster_is_drawn_in_bands_without_seams(monkeypatch, tmp_path):
    from makeready.pdf.mend import rasterise

    source = _page(0)
    chain = [{"fix": "to_raster", "resolution": "200 ppi"}]
    whole = fixed(source, chain)
    monkeypatch.setattr(rasterise, "_BAND", 10_000)
    in_bands = fixed(source, chain)
    assert (_pixels(in_bands.path) == _pixels(whole.path)).all()


def test_what_cannot_be_is_refused(tmp_path):
    source = _page(0)
    assert "PNG has no CMYK" in refused(source, [{"fix": "to_raster", "format": "png", "colours": "cmyk"}])
    assert "no page 7" in refused(source, [{"fix": "to_raster", "page": 7}])


def test_there_and_back_again(tmp_path):
    data = picture(300, 200, format="TIFF", dpi=100, icc=srgb_profile())
    chain = ["to_pdf", {"fix": "to_raster", "resolution": "100 ppi"}]
    result = makeready.fix(data, chain)
    assert [run.outcome.value for run in result.runs] == ["changed", "changed"]
    assert np.abs(_pixels(result.path).astype(int) - _pixels(data).astype(int)).mean() < 1
    assert Working(result.path, tmp_path).density == pytest.approx((100, 100), abs=0.01)
