"""The colour engine, held against Pillow's LittleCMS, the CIE's formulas and what a pressman would say."""

import io
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from makeready import press
from makeready.colour import (
    CalGray,
    CalRgb,
    InkLimit,
    Lab,
    Transform,
    UnusableProfile,
    ciede2000,
    limit,
    littlecms,
    transform,
)
from makeready.colour.total_ink import interpolated
from makeready.errors import UsageError

INTENTS = {
    "perceptual": ImageCms.Intent.PERCEPTUAL,
    "relative": ImageCms.Intent.RELATIVE_COLORIMETRIC,
    "saturation": ImageCms.Intent.SATURATION,
    "absolute": ImageCms.Intent.ABSOLUTE_COLORIMETRIC,
}
COATED = press.load("fogra39")
STEPS = np.linspace(0, 1, 6)
RGB = np.stack(np.meshgrid(STEPS, STEPS, STEPS, indexing="ij"), axis=-1).reshape(-1, 3)


def test_profiles_outlive_those_who_tidy_temporary_files():
    first = Path(littlecms.filed(COATED.icc))
    shutil.rmtree(first.parent)
    assert Path(littlecms.filed(COATED.icc)).read_bytes() == COATED.icc
    Path(littlecms.filed(COATED.icc)).unlink()
    assert Path(littlecms.filed(COATED.icc)).read_bytes() == COATED.icc


def opened(icc):
    return ImageCms.ImageCmsProfile(io.BytesIO(icc))


def looks(inks, to=COATED, intent=ImageCms.Intent.RELATIVE_COLORIMETRIC):
    """CIE Lab of inks from 0 to 1, by Pillow: good to half a unit, for it has eight bits."""
    raw = np.floor(np.clip(inks, 0, 1) * 255 + 0.5).astype(np.uint8)
    there = ImageCms.buildTransform(opened(to.icc), ImageCms.createProfile("LAB"), "CMYK", "LAB", intent)
    lab = np.asarray(ImageCms.applyTransform(Image.frombytes("CMYK", (len(raw), 1), raw.tobytes()), there))[0]
    return np.column_stack([lab[:, 0] / 2.55, lab[:, 1:].view(np.int8).astype(float)])


def reference(rgb, intent, black_point, to=COATED, source=None):
    """The same conversion by Pillow, without the shortcuts that LittleCMS takes for speed."""
    flags = ImageCms.Flags.NOOPTIMIZE
    if black_point:
        flags |= ImageCms.Flags.BLACKPOINTCOMPENSATION
    there = ImageCms.buildTransform(
        source or ImageCms.createProfile("sRGB"), opened(to.icc), "RGB", "CMYK", INTENTS[intent], flags
    )
    raw = (rgb * 255).round().astype(np.uint8)
    return np.asarray(ImageCms.applyTransform(Image.fromarray(raw[None]), there))[0] / 255


@pytest.mark.parametrize("black_point", [True, False])
@pytest.mark.parametrize("intent", INTENTS)
@pytest.mark.parametrize("name", ["fogra39", "newsprint"])
def test_rgb_is_converted_as_littlecms_converts_it(name, intent, black_point):
    to = press.load(name)
    inks = Transform("rgb", to, intent, black_point=black_point).numbers(RGB)
    expected = reference(RGB, intent, black_point, to)
    seen = Transform(to.icc, to)  # in 16 bits; the profile tests say that it is right
    assert ciede2000(seen.lab(inks), seen.lab(expected)).max() <= 1.0
    assert np.abs(inks - expected).mean() < 0.004


def test_a_profile_of_the_files_own_is_followed():
    wide = wide_rgb()
    inks = Transform(wide, COATED).numbers(RGB)
    expected = reference(RGB, "relative", True, source=opened(wide))
    assert ciede2000(looks(inks), looks(expected)).max() <= 1.0
    assert ciede2000(looks(inks), looks(Transform("rgb", COATED).numbers(RGB))).max() > 5


def wide_rgb():
    """A profile that is not sRGB: green and red change places."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data.replace(b"rXYZ", b"----", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"----", b"gXYZ", 1)


@pytest.mark.parametrize("intent", ["perceptual", "relative", "saturation"])
@pytest.mark.parametrize("name", press.names())
def test_white_is_bare_paper_and_black_is_the_deepest_black(name, intent):
    through = Transform("rgb", press.load(name), intent)
    white, black = through.numbers([[1, 1, 1], [0, 0, 0]])
    assert white.tolist() == [0, 0, 0, 0]
    assert black[3] > 0.85
    for kind in (np.uint8, np.uint16):
        assert not through.pixels(np.full((2, 2, 3), np.iinfo(kind).max, kind)).any()


def test_absolute_shows_the_colour_of_the_screens_white_on_the_paper():
    assert Transform("rgb", COATED, "absolute").numbers([[1, 1, 1]]).any()


def test_lab_by_the_absolute_intent_is_printed_as_it_was_measured():
    wanted = np.array([[50.0, 20, 30], [60, -30, 10], [40, 10, -35], [80, 0, -2]])
    inks = Transform(Lab(), COATED, "absolute").numbers(wanted)
    assert ciede2000(looks(inks, intent=ImageCms.Intent.ABSOLUTE_COLORIMETRIC), wanted).max() < 1.6


def test_lab_by_the_relative_intent_is_printed_relative_to_paper():
    wanted = np.array([[50.0, 20, 30], [60, -30, 10], [40, 10, -35], [80, 0, 0]])
    inks = Transform(Lab(), COATED, "relative", black_point=False).numbers(wanted)
    assert ciede2000(looks(inks), wanted).max() < 1.6


def test_device_gray_is_black_ink_reversed():
    inks = Transform("gray", COATED).numbers([[0.0], [0.25], [1.0]])
    assert inks.tolist() == [[0, 0, 0, 1], [0, 0, 0, 0.75], [0, 0, 0, 0]]


def test_gray_with_a_profile_is_black_ink_as_light():
    inks = Transform(gray_profile(), COATED, black_point=False).numbers(np.linspace(0.4, 1, 7)[:, None])
    assert not inks[:, :3].any()
    meant = ImageCms.applyTransform(
        Image.fromarray(np.linspace(102, 255, 7).round().astype(np.uint8)[None]),
        ImageCms.buildTransform(
            opened(gray_profile()), ImageCms.createProfile("LAB"), "L", "LAB", ImageCms.Intent.RELATIVE_COLORIMETRIC
        ),
    )
    assert np.abs(looks(inks)[:, 0] - np.asarray(meant)[0, :, 0] / 2.55).max() < 1.0


def gray_profile():
    """Gray with a gamma of 1.8, written by hand: three tags of ICC.1:2001-04."""
    import struct

    white = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * n) for n in (0.9642, 1.0, 0.8249)))
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(1.8 * 256)) + b"\0\0"
    name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Gray\0" + bytes(79)
    tags, body = b"", b""
    for tag, data in ((b"desc", name), (b"wtpt", white), (b"kTRC", curve)):
        tags += struct.pack(">4sII", tag, 128 + 4 + 36 + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", 132 + 36 + len(body), b"\0\0\0\0", 0x02200000, b"mntr", b"GRAY", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + white[8:] + bytes(48)
    return head[:128] + struct.pack(">I", 3) + tags + body


def test_calibrated_rgb_with_the_numbers_of_srgb_is_nearly_srgb():
    """ISO 32000-1, 8.6.5.3: sRGB's primaries and white, and its curve put as a gamma of 2.2."""
    cal = CalRgb(
        (0.9505, 1.0, 1.089),
        (2.2, 2.2, 2.2),
        (0.4124, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505),
    )
    bright = RGB[RGB.min(axis=1) > 0.3]  # where curve and gamma agree
    apart = ciede2000(Transform(cal, COATED).lab(bright), Transform("rgb", COATED).lab(bright))
    assert apart.max() < 1.0
    inks, plain = Transform(cal, COATED).numbers(bright), Transform("rgb", COATED).numbers(bright)
    assert ciede2000(looks(inks), looks(plain)).max() < 1.5
    assert Transform(cal, COATED).numbers([[1, 1, 1]]).max() < 0.005


def test_calibrated_gray_is_black_ink_as_light():
    """Half of linear gray has L* 76."""
    inks = Transform(CalGray(1.0), COATED, black_point=False).numbers([[0.5]])
    assert not inks[0, :3].any()
    assert looks(inks)[0, 0] == pytest.approx(76.07, abs=0.7)


class TestBlackAlone:
    def test_black_and_white_are_solid_and_paper(self):
        inks = Transform("rgb", COATED).black_only([[0, 0, 0], [1, 1, 1]])
        assert inks.tolist() == [[0, 0, 0, 1], [0, 0, 0, 0]]

    @pytest.mark.parametrize("name", press.names())
    def test_grays_are_as_light_as_they_were(self, name):
        to = press.load(name)
        gray = np.repeat(np.linspace(0, 1, 11)[:, None], 3, axis=1)
        inks = Transform("rgb", to, black_point=False).black_only(gray)
        assert not inks[:, :3].any()
        meant = Transform("rgb", to).lab(gray)[:, 0]
        got = looks(inks, to)[:, 0]
        reached = meant > got[0] + 1
        assert reached.sum() >= 6
        assert np.abs(got - meant)[reached].max() < 1.0

    def test_only_grays_are_touched(self):
        through = Transform("rgb", COATED)
        colours = np.array([[0.3, 0.3, 0.3], [0.3, 0.3, 0.31], [1, 0, 0], [0, 0, 0]])
        inks, plain = through.numbers(colours, black=True), through.numbers(colours)
        assert inks[[0, 3], :3].sum() == 0
        assert (inks[[1, 2]] == plain[[1, 2]]).all()
        assert inks[3, 3] == 1

    def test_shades_get_darker_step_by_step(self):
        gray = np.repeat(np.linspace(0, 1, 1025)[:, None], 3, axis=1)
        black = Transform("rgb", COATED).black_only(gray)[:, 3]
        assert (np.diff(black) < 0).all()
        assert np.abs(np.diff(black)).max() < 0.004

    def test_pixels_become_what_numbers_become(self):
        through = Transform("rgb", COATED)
        pixels = np.array([[[0, 0, 0], [77, 77, 77], [255, 255, 255], [200, 30, 40]]], np.uint8)
        inks = through.pixels(pixels, black=True)
        assert np.abs(inks[0] / 255 - through.numbers(pixels[0] / 255, black=True)).max() < 0.008
        assert not inks[0, :3, :3].any()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("source", ["rgb", "gray", Lab(), CalGray(2.2), CalRgb((0.9505, 1.0, 1.089))])
def test_pixels_are_converted_as_numbers_are(source, kind):
    through = Transform(source, COATED)
    most = np.iinfo(kind).max
    pixels = np.random.default_rng(7).integers(0, most, (9, 11, through.channels), kind, endpoint=True)
    inks = through.pixels(pixels)
    assert inks.shape == (9, 11, 4)
    assert inks.dtype == kind
    shares = pixels.reshape(-1, through.channels) / most
    if isinstance(source, Lab):
        shares = shares * (100, 200, 200) - (0, 100, 100)
    assert ciede2000(looks(inks.reshape(-1, 4) / most), looks(through.numbers(shares))).max() < 1.3


def test_a_gray_picture_may_have_no_axis_for_its_channel():
    through = Transform("gray", COATED)
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (through.pixels(pixels) == through.pixels(pixels[..., None])).all()
    assert (through.pixels(pixels)[..., 3] == 255 - pixels).all()


@pytest.mark.parametrize("name", press.names())
@pytest.mark.parametrize("intent", ["perceptual", "relative"])
def test_ramps_have_no_steps(name, intent):
    """From white to black and to each colour, in 16 bits: each step darker, and none much larger than the others."""
    to = press.load(name)
    through = Transform("rgb", to, intent)
    seen = Transform(to.icc, to)
    for end in ([0, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0.6, 0.3]):
        rgb = np.linspace([1, 1, 1], end, 1024)
        light = seen.lab(through.numbers(rgb))[:, 0]
        assert np.diff(light).max() < 0.06, end
        assert np.abs(np.diff(light)).max() < 0.6, end


def test_a_transform_is_made_once_and_remembers():
    assert transform("rgb", COATED) is transform("rgb", COATED)
    assert transform("rgb", COATED) is not transform("rgb", COATED, "perceptual")
    through = Transform("rgb", COATED)
    first = through.numbers([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]])
    assert (through.numbers([[0.3, 0.2, 0.1], [0.1, 0.2, 0.3]]) == first[::-1]).all()
    first[:] = 0
    assert through.numbers([[0.1, 0.2, 0.3]]).any()


def test_threads_get_the_same_as_one_alone():
    rows = np.random.default_rng(3).random((40, 50, 3))
    alone = [Transform("rgb", COATED).numbers(part) for part in rows]
    shared = Transform("rgb", COATED)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(shared.numbers, rows))
    assert all((one == other).all() for one, other in zip(alone, together, strict=True))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="3 numbers a row"):
        Transform("rgb", COATED).numbers([[0.5]])
    with pytest.raises(ValueError, match="8 or 16 bits"):
        Transform("rgb", COATED).pixels(np.zeros((2, 2, 3)))
    with pytest.raises(UnusableProfile, match="not an ICC profile"):
        Transform(b"x" * 500, COATED)


class TestInkLimit:
    def sample(self, most, count=20_000):
        inks = np.random.default_rng(5).random((count, 4))
        return inks[inks.sum(axis=1) > most]

    @pytest.mark.parametrize("name", press.names())
    @pytest.mark.parametrize("most", [2.4, 2.8, 3.2])
    def test_the_limit_is_kept_in_nearly_the_same_colours(self, name, most):
        to = press.load(name)
        inks = self.sample(most)
        less = limit(inks, most, to.icc)
        assert less.sum(axis=1).max() <= most + 1e-9
        assert less.min() >= 0
        assert less.max() <= 1
        apart = ciede2000(looks(inks, to), looks(less, to))
        assert apart.mean() < 0.9  # half of it is the rounding of eight bits
        scaled = inks.copy()
        scaled[:, :3] *= ((most - inks[:, 3]) / inks[:, :3].sum(axis=1))[:, None]
        assert apart.mean() < 0.75 * ciede2000(looks(inks, to), looks(scaled, to)).mean()

    def test_black_rises_and_the_others_fall(self):
        inks = self.sample(3.0)
        less = limit(inks, 3.0, COATED.icc)
        assert (less[:, 3] >= inks[:, 3]).all()
        assert (less[:, :3] <= inks[:, :3] + 1e-12).all()

    def test_what_is_within_the_limit_stays(self):
        inks = np.random.default_rng(6).random((1000, 4))
        inks = inks[inks.sum(axis=1) <= 2.5]
        assert (limit(inks, 2.5, COATED.icc) == inks).all()

    @settings(max_examples=60, deadline=None)
    @given(st.tuples(*[st.floats(0, 1)] * 4), st.floats(1.0, 4.0))
    def test_once_is_enough(self, inks, most):
        once = limit([inks], most, COATED.icc)
        assert once.sum() <= most + 1e-9
        assert np.allclose(limit(once, most, COATED.icc), once, atol=1e-9)

    def test_there_is_no_edge_at_the_limit(self):
        """Ramps that cross it stay even to the eye, and no plate jumps."""
        seen = Transform(COATED.icc, COATED)
        for end in ([1, 1, 1, 1], [1, 0.8, 0.7, 0.9], [0.4, 0.9, 1, 0.7], [1, 1, 1, 0.5]):
            ramp = np.linspace([0.3, 0.3, 0.3, 0.1], end, 2001)
            less = limit(ramp, 2.6, COATED.icc)
            before, after = seen.lab(ramp), seen.lab(less)
            assert ciede2000(after[1:], after[:-1]).max() < 1.2 * ciede2000(before[1:], before[:-1]).max()
            assert np.diff(after[:, 0]).max() < 0.02
            assert np.abs(np.diff(less, axis=0)).max() < 0.004

    def test_all_four_plates_full_become_black_with_what_is_left(self):
        (less,) = limit([[1, 1, 1, 1]], 3.0, COATED.icc)
        assert less[3] == 1
        assert less.sum() == pytest.approx(3.0)

    @pytest.mark.parametrize("most", [0.5, 4.5])
    def test_a_limit_that_makes_no_sense_is_told(self, most):
        with pytest.raises(UsageError, match="cannot be kept"):
            InkLimit(COATED.icc, most)


def test_interpolation_is_exact_for_what_is_linear():
    rng = np.random.default_rng(8)
    side = np.linspace(0, 1, 5)
    grid = np.stack(np.meshgrid(side, side, side, side, indexing="ij"), axis=-1)
    slopes = rng.random((4, 2))
    points = np.vstack([rng.random((500, 4)), np.zeros((1, 4)), np.ones((1, 4))])
    assert np.allclose(interpolated(grid @ slopes, points), points @ slopes)
