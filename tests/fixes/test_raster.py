"""What fixes do to picture files, held against NumPy, Pillow and LittleCMS."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

import makeready
from fixes.looks import fixed, refused, unchanged
from makeready import raster
from makeready.changes import Refusal
from makeready.preflight.checks.boxes import _raster_bleed
from makeready.raster.mend import bleed, fit
from makeready.raster.mend.working import Working
from makeready.testing.icc import press_profile, srgb_profile
from makeready.testing.pictures import picture
from makeready.units import Length, Percent, Size

CANVAS = Size.parse("4x3in")
BLEED = Length.parse("3 mm")
KINDS = [
    ("RGB", "TIFF"), ("RGBA", "TIFF"), ("L", "TIFF"), ("I;16", "TIFF"), ("CMYK", "TIFF"), ("1", "TIFF"), ("RGB", "PNG"),
    ("RGBA", "PNG"), ("LA", "PNG"), ("I;16", "PNG"), ("1", "PNG"),
]  # fmt: skip


def _pixels(path: Path | bytes) -> np.ndarray:
    with Image.open(io.BytesIO(path) if isinstance(path, bytes) else path) as image:
        pixels = np.asarray(image.convert("L") if image.mode == "1" else image)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _codes(issues) -> set[str]:
    return {issue.code for issue in issues}


# --- auto_orient


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize(("mode", "format"), [("RGB", "TIFF"), ("CMYK", "TIFF"), ("RGB", "JPEG")])
def test_the_pixels_are_turned_as_exif_says(mode, format, orientation):
    data = picture(120, 80, mode, format=format, orientation=orientation, dpi=(300, 200))
    result = fixed(data, "auto_orient")
    assert "RAS101" in _codes(result.fixed)
    assert not result.new
    with Image.open(io.BytesIO(data)) as image:
        upright = np.asarray(ImageOps.exif_transpose(image)).astype(int)
    found = _pixels(result.path).astype(int)
    assert found.shape == upright.shape
    assert np.abs(found - upright).mean() < (2 if format == "JPEG" else 1e-9)
    density = (200, 300) if orientation >= 5 else (300, 200)
    assert [float(ppi) for ppi in raster.read(result.path).density] == pytest.approx(density, abs=0.01)
    unchanged(result.path, "auto_orient")


# --- normalise_raster


def test_sixteen_bits_become_eight_by_rounding():
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    out = io.BytesIO()
    Image.fromarray(ramp).save(out, "TIFF")
    result = fixed(out.getvalue(), "normalise_raster")
    assert "RAS103" in _codes(result.fixed) or "RAS103" not in _codes(result.remaining)
    assert raster.read(result.path).bits == 8
    assert (_pixels(result.path)[..., 0] == np.floor(ramp / 257 + 0.5)).all()
    unchanged(result.path, "normalise_raster")


def test_a_palette_becomes_the_colours_it_stands_for():
    for format in ("PNG", "TIFF", "GIF"):
        data = picture(90, 60, "P", format=format)
        result = fixed(data, "normalise_raster")
        assert "RAS105" not in _codes(result.remaining)
        with Image.open(io.BytesIO(data)) as image:
            assert (_pixels(result.path) == np.asarray(image.convert("RGB"))).all()
        unchanged(result.path, "normalise_raster")


def test_lab_becomes_the_rgb_that_it_was_made_of():
    result = fixed(picture(90, 60, "LAB", format="TIFF"), "normalise_raster")
    apart = np.abs(_pixels(result.path).astype(int) - _pixels(picture(90, 60, "RGB", format="TIFF")).astype(int))
    assert apart.mean() < 0.5  # Lab of 8 bits is rounded
    assert apart.max() <= 4
    assert raster.read(result.path).icc is not None


def test_only_the_first_frame_is_kept():
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    for format in ("GIF", "TIFF"):
        out = io.BytesIO()
        frames[0].save(out, format, save_all=True, append_images=frames[1:])
        result = fixed(out.getvalue(), "normalise_raster")
        assert "RAS104" in _codes(result.fixed)
        assert _pixels(result.path)[0, 0, :3].tolist() == [255, 0, 0]
        unchanged(result.path, "normalise_raster")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("dpi", [None, 72])
def test_the_density_is_set_from_the_canvas(format, dpi):
    data = picture(1200, 900, format=format, dpi=dpi)
    result = fixed(data, "normalise_raster", canvas="4x3in")
    assert "RAS106" in _codes(result.fixed)
    assert [float(ppi) for ppi in raster.read(result.path).density] == pytest.approx((300, 300), abs=0.01)
    assert (_pixels(result.path) == _pixels(data)).all()
    unchanged(result.path, "normalise_raster", canvas="4x3in")


def test_line_art_stays_line_art_unless_gray_is_asked_for():
    data = picture(90, 60, "1", format="TIFF", dpi=300)
    unchanged(data, "normalise_raster")
    result = fixed(data, [{"fix": "normalise_raster", "line_art": "gray"}])
    assert raster.read(result.path).bits == 8
    assert (_pixels(result.path) == _pixels(data)).all()


def test_floats_have_no_white_and_are_refused():
    out = io.BytesIO()
    Image.fromarray(np.linspace(0, 1, 1200, dtype=np.float32).reshape(30, 40)).save(out, "TIFF")
    assert "no fixed white" in refused(out.getvalue(), "normalise_raster")


# --- remove_transparency


@pytest.mark.parametrize(("mode", "colour", "name"), [
    ("RGBA", (255, 255, 255), "white"), ("LA", (255,), "white"), ("RGBA", (10, 200, 30), "#0AC81E"),
    ("LA", (0,), "black"),
])  # fmt: skip
def test_a_see_through_picture_is_laid_on_a_colour(mode, colour, name):
    data = picture(120, 80, mode, format="PNG", icc=srgb_profile() if mode == "RGBA" else None)
    result = fixed(data, [{"fix": "remove_transparency", "background": name}])
    assert "RAS102" in _codes(result.fixed)
    assert not result.new
    before = _pixels(data).astype(float)
    alpha = before[..., -1:] / 255
    wanted = before[..., :-1] * alpha + np.array(colour) * (1 - alpha)
    found = _pixels(result.path)
    assert np.abs(found - wanted).max() <= 1
    opaque = before[..., -1] == 255
    assert (found[opaque] == before[opaque][:, :-1]).all()
    if mode == "RGBA":
        assert Working(result.path, result.path.parent).profile == srgb_profile()
    unchanged(result.path, "remove_transparency")


def test_alpha_that_hides_nothing_goes_without_touching_a_pixel():
    out = io.BytesIO()
    with Image.open(io.BytesIO(picture(60, 40, format="PNG"))) as image:
        image.convert("RGBA").save(out, "PNG")
        result = fixed(out.getvalue(), "remove_transparency")
        assert "no pixel was see-through" in result.changes[0].message
        assert (_pixels(result.path) == np.asarray(image)).all()


def test_a_see_through_palette_entry_becomes_the_colour():
    image = Image.new("P", (20, 10), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(0, (0, 0, 10, 10))
    out = io.BytesIO()
    image.save(out, "PNG", transparency=0)
    result = fixed(out.getvalue(), [{"fix": "remove_transparency", "background": "#00FF00"}])
    assert _pixels(result.path)[5, [5, 15]].tolist() == [[0, 255, 0], [0, 0, 255]]


# --- add_bleed


@pytest.mark.parametrize(("mode", "format"), KINDS)
@pytest.mark.parametrize(("how", "in_numpy"), [("mirror", "symmetric"), ("replicate", "edge")])
def test_bleed_is_numpys_padding_and_the_inside_is_untouched(mode, format, how, in_numpy):
    data = picture(400, 300, mode, format=format, dpi=100)
    result = fixed(data, [{"fix": "add_bleed", "mode": how}], canvas="4x3in")
    before, after = _pixels(data), _pixels(result.path)
    down, across = ((after.shape[side] - before.shape[side]) // 2 for side in (0, 1))
    assert down == across == 13  # 3 mm at 100 ppi are 11.8 px; a quarter is spare
    assert (after == np.pad(before, ((down, down), (across, across), (0, 0)), mode=in_numpy)).all()
    was, now = raster.read(data), raster.read(result.path)
    assert (now.bits, now.mode, now.colour_model, now.alpha) == (was.bits, was.mode, was.colour_model, was.alpha)
    assert "BOX102" in _codes(result.fixed)
    assert not [issue for issue in result.new if issue.severity.value != "info"]
    unchanged(result.path, [{"fix": "add_bleed", "mode": how}], canvas="4x3in")


@given(
    width=st.integers(40, 300),
    height=st.integers(40, 300),
    bleed_mm=st.floats(0.5, 12),
    density=st.one_of(st.none(), st.floats(20, 400)),
    kind=st.sampled_from([("RGB", "TIFF"), ("L", "PNG"), ("CMYK", "TIFF"), ("I;16", "PNG"), ("LA", "PNG")]),
    how=st.sampled_from(["mirror", "replicate", "scale"]),
    turned=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_after_bleed_every_size_says_canvas_and_bleed(
    tmp_path_factory, width, height, bleed_mm, density, kind, how, turned
):
    folder = tmp_path_factory.mktemp("bleed")
    orientation = 6 if turned and kind[1] == "TIFF" else None
    data = picture(width, height, kind[0], format=kind[1], dpi=density, orientation=orientation)
    work, wanted = Working(data, folder), Length.parse(f"{bleed_mm:.3f} mm")
    try:
        changes = list(bleed.add(work, CANVAS, wanted, mode=how))
    except Refusal:
        return  # of a very different shape
    path = folder / f"out{work.suffix}"
    work.save(path)
    artwork = raster.artwork(path, raster.read(path), bytes=1, canvas=CANVAS)
    assert min(_raster_bleed(artwork).values()) >= wanted - Length.tolerance
    assert len(changes) <= 1
    again = Working(path, folder)
    assert not list(bleed.add(again, CANVAS, wanted, mode=how))


def test_scaling_into_the_bleed_leaves_the_data_of_a_jpeg():
    exact = picture(1272, 972)  # of the shape of canvas and bleed: nothing is cut off
    result = fixed(exact, [{"fix": "add_bleed", "mode": "scale", "bleed": "3.048 mm"}], canvas="4x3in")
    assert "BOX102" not in _codes(result.remaining)
    assert (_pixels(result.path) == _pixels(exact)).all()
    assert result.path.read_bytes().endswith(exact[exact.index(b"\xff\xdb") :])


def test_bleed_that_is_there_is_only_made_wider():
    data = picture(1200 + 2 * 20, 900 + 2 * 20, "RGB", format="TIFF", dpi=300)
    result = fixed(data, "add_bleed", canvas="4x3in")
    before, after = _pixels(data), _pixels(result.path)
    more = (after.shape[0] - before.shape[0]) // 2
    assert 15 <= more <= 17  # 35.4 px in all
    assert (after[more:-more, more:-more] == before).all()
    unchanged(picture(1300, 1000, format="TIFF", dpi=300), "add_bleed", canvas="4x3in")


def test_bleed_keeps_the_profile_and_the_orientation():
    data = picture(300, 400, "CMYK", format="TIFF", icc=press_profile(), orientation=8, dpi=100)
    result = fixed(data, "add_bleed", canvas="4x3in")
    found = raster.read(result.path)
    assert found.orientation == 8
    assert found.shown_px == (426, 326)
    assert Working(result.path, result.path.parent).profile == press_profile()


def test_effective_resolution_and_shape_are_judged_without_the_bleed():
    """A small product with much bleed is of another shape and has more pixels than its canvas alone explains."""
    result = fixed(
        picture(1004, 650, format="TIFF", dpi=300), [{"fix": "add_bleed", "bleed": "5 mm"}], canvas="85x55mm"
    )
    assert not {"BOX111", "RAS106"} & _codes(result.remaining)
    (image,) = result.after.facts.images
    assert float(image.ppi_x) == pytest.approx(300, abs=0.5)


def test_opposite_sides_get_the_wider_bleed_of_the_two():
    chain = [{"fix": "add_bleed", "left": "2 mm", "right": "6 mm", "top": "4 mm", "bottom": "1 mm"}]
    result = fixed(picture(400, 300, format="TIFF"), chain, canvas="4x3in")
    found = raster.read(result.path)
    assert (found.width_px - 400, found.height_px - 300) == (2 * 24, 2 * 16)  # 6 and 4 mm at 100 ppi, rounded up


def test_bleed_is_planned_as_wide_as_the_check_asks_for():
    result = makeready.fix(picture(1200, 900, dpi=300), allow="review", canvas="4x3in", profile="lulu-cover")
    (step,) = (step for step in result.plan.steps if step.fix == "add_bleed")
    assert Length.parse(step.settings["bleed"]) == pytest.approx(9)  # 0.125 in
    assert "BOX102" not in _codes(result.remaining)


def test_no_canvas_no_bleed():
    assert "give a canvas" in refused(picture(300, 200), "add_bleed")


def test_a_picture_of_quite_another_shape_is_refused():
    assert "fit_to_product" in refused(picture(900, 300), "add_bleed", canvas="3x3in")


def _deep(kind: str, folder: Path) -> tuple[Path, np.ndarray]:
    """A TIFF of 16 bits with noise in every channel, and its pixels."""
    bands = {"rgb": 3, "rgba": 4, "cmyk": 4, "gray": 1}[kind]
    pixels = np.random.default_rng(7).integers(0, 65536, (90, 120, bands), dtype=np.uint16)
    meant = {"rgb": "rgb16", "rgba": "rgb16", "cmyk": "cmyk", "gray": "grey16"}[kind]
    path = folder / f"{kind}.tif"
    made = pyvips.Image.new_from_array(pixels, interpretation=meant)
    made.copy(xres=30 / 25.4, yres=30 / 25.4).tiffsave(str(path), resunit="inch", compression="lzw")
    return path, pixels


def _deep_pixels(path: Path, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """16 bits as ImageMagick reads them."""
    raw = subprocess.run(
        ["convert", path, "-depth", "16", "-endian", "LSB", f"{kind}:-"], capture_output=True, check=True
    ).stdout
    return np.frombuffer(raw, "<u2").reshape(shape)


@pytest.mark.parametrize("kind", ["rgb", "rgba", "cmyk", "gray"])
def test_sixteen_bits_are_kept_to_the_last_one(kind, tmp_path):
    path, pixels = _deep(kind, tmp_path)
    result = fixed(path, "add_bleed", canvas="4x3in")
    found = raster.read(result.path)
    assert found.bits == 16
    more = (found.height_px - 90) // 2
    wanted = np.pad(pixels, ((more, more), (more, more), (0, 0)), mode="symmetric")
    assert (_deep_pixels(result.path, kind, wanted.shape) == wanted).all()


def test_sixteen_bits_are_mixed_with_the_colour_behind(tmp_path):
    path, pixels = _deep("rgba", tmp_path)
    result = fixed(path, [{"fix": "remove_transparency", "background": "#FF0000"}])
    alpha = pixels[..., 3:] / 65535
    wanted = pixels[..., :3] * alpha + np.array([65535, 0, 0]) * (1 - alpha)
    assert np.abs(_deep_pixels(result.path, "rgb", (90, 120, 3)) - wanted).max() <= 1


# --- fit_to_product


def test_a_picture_nearly_of_the_shape_is_stretched():
    result = fixed(picture(1015, 1000, format="TIFF"), "fit_to_product", canvas="3x3in")
    found = raster.read(result.path)
    assert found.shown_px == (1015, 1015)
    assert float(found.density[0]) == pytest.approx(1015 / 3, abs=0.01)
    unchanged(result.path, "fit_to_product", canvas="3x3in")


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L", "1"])
def test_what_is_too_much_is_cropped_on_both_sides(mode):
    data = picture(1200, 900, mode, format="TIFF")
    result = fixed(data, [{"fix": "fit_to_product", "beyond": "crop"}], canvas="3x3in")
    assert "BOX111" in _codes(result.fixed)
    assert (_pixels(result.path) == _pixels(data)[:, 150:1050]).all()


@pytest.mark.parametrize(("mode", "white"), [("RGB", 255), ("CMYK", 0), ("L", 255), ("I;16", 65535), ("1", 255)])
def test_what_is_missing_is_padded_with_white(mode, white):
    data = picture(1200, 900, mode, format="TIFF")
    result = fixed(data, [{"fix": "fit_to_product", "beyond": "pad"}], canvas="3x3in")
    after = _pixels(result.path)
    assert after.shape[:2] == (1200, 1200)
    assert (after[150:1050] == _pixels(data)).all()
    assert (after[:150] == white).all()
    assert (after[1050:] == white).all()


def test_a_picture_of_another_shape_is_refused_unless_it_may_be_cut():
    assert "cropped or padded" in refused(picture(1200, 900), "fit_to_product", canvas="3x3in")


def test_bleed_all_round_is_kept(tmp_path):
    work = Working(picture(1272, 972, dpi=300), tmp_path)
    assert not list(fit.fit(work, CANVAS, Percent(2), "crop", Length.parse("0.25 mm")))


# --- together


def test_a_chain_ends_with_a_clean_picture():
    data = picture(900, 1200, "RGB", orientation=6, dpi=72, icc=srgb_profile())
    chain = ["auto_orient", "normalise_raster", "add_bleed"]
    result = fixed(data, chain, canvas="4x3in")
    assert not {"RAS101", "RAS106", "BOX102", "BOX111"} & _codes(result.remaining)
    assert not [issue for issue in result.new if issue.severity.value != "info"]
    (proof,) = result.proof
    assert proof.differing < 0.001  # inside of the trim nothing but one more compression


def test_that_a_file_becomes_a_tiff_is_said_once():
    chain = ["normalise_raster", "add_bleed"]
    said = [change.message for change in fixed(picture(400, 300, "P", format="GIF"), chain, canvas="4x3in").changes]
    assert "TIFF instead of a GIF" in said[0]
    assert not any("instead of" in message for message in said[1:])
    assert "instead of" not in fixed(picture(400, 300), "add_bleed", canvas="4x3in").changes[0].message


def test_what_is_damaged_is_said_to_be():
    data = picture(400, 300)
    with pytest.raises(Exception, match="damaged"):
        fixed(data[: len(data) // 2], "add_bleed", canvas="4x3in")
