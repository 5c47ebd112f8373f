"""Pictures in the inks of the press: converted as LittleCMS and ImageMagick do it, and within the ink limit."""

import io
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image, ImageCms

from makeready import press
from makeready.changes import StepOutcome
from makeready.colour import Transform, ciede2000
from makeready.errors import UsageError
from makeready.fixes import catalogue
from makeready.fixes.job import Job
from makeready.fixing import fix
from makeready.intake import Source
from makeready.testing import pictures
from makeready.testing.icc import press_profile

COATED = press.load("fogra39")
WIDTH, HEIGHT = 160, 120


def mended(data, name, tmp_path, step="convert_to_cmyk", **settings):
    """The new file as Pillow opens it, with the changes; the same step again changes nothing."""
    folder = tmp_path / "work"
    folder.mkdir(exist_ok=True)
    job = Job(Source.of(data, name), folder, kind="raster")
    known = catalogue()[step]
    params = known.valid(settings)
    changes = list(known.run(job, params))
    job.renew()
    assert list(known.run(job, params)) == []
    path = tmp_path / f"new{job.suffix}"
    job.save(path)
    job.close()
    return path, changes


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def profile_of(path):
    with Image.open(path) as picture:
        return picture.info.get("icc_profile")


def as_file(array, mode=None, **options):
    out = io.BytesIO()
    picture = Image.fromarray(array) if mode is None else Image.frombytes(mode, array.shape[1::-1], array.tobytes())
    picture.save(out, **{"format": "TIFF", **options})
    return out.getvalue()


def far(one, other, icc=COATED.icc):
    """CIEDE2000 between CMYK pixels of 0 to 255, pixel by pixel."""
    seen = Transform(icc, COATED)
    return ciede2000(*(seen.lab(np.asarray(part, float).reshape(-1, 4) / 255) for part in (one, other)))


class TestConvert:
    @pytest.mark.parametrize("intent", ["perceptual", "relative", "saturation", "absolute"])
    def test_a_photograph_is_converted_as_pillow_converts_it(self, tmp_path, intent):
        data = pictures.picture(WIDTH, HEIGHT, format="TIFF")
        path, (change,) = mended(data, "photo.tif", tmp_path, intent=intent)
        reference = ImageCms.applyTransform(
            Image.open(io.BytesIO(data)),
            ImageCms.buildTransform(
                ImageCms.createProfile("sRGB"),
                ImageCms.ImageCmsProfile(io.BytesIO(COATED.icc)),
                "RGB", "CMYK",
                ["perceptual", "relative", "saturation", "absolute"].index(intent),
                ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOOPTIMIZE,
            ),
        )  # fmt: skip
        apart = far(pixels(path), np.asarray(reference))
        assert apart.max() <= 1.5
        assert apart.mean() < 0.3
        assert profile_of(path) == COATED.icc
        assert "FOGRA39" in change.message

    def test_imagemagick_makes_the_same_of_it(self, tmp_path):
        program = shutil.which("magick") or shutil.which("convert")
        if program is None:
            pytest.skip("ImageMagick is not installed")
        data = pictures.picture(WIDTH, HEIGHT, format="TIFF")
        (tmp_path / "photo.tif").write_bytes(data)
        (tmp_path / "press.icc").write_bytes(COATED.icc)
        (tmp_path / "srgb.icc").write_bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
        subprocess.run(
            [program, "photo.tif", "-profile", "srgb.icc", "-intent", "Relative", "-black-point-compensation",
             "-profile", "press.icc", "magick.tif"],
            cwd=tmp_path, check=True,
        )  # fmt: skip
        path, _ = mended(data, "photo.tif", tmp_path)
        apart = far(pixels(path), pixels(tmp_path / "magick.tif"))
        assert apart.max() <= 1.5
        assert apart.mean() < 0.3

    @pytest.mark.parametrize("name", press.names())
    def test_white_stays_paper_and_ramps_have_no_steps(self, tmp_path, name):
        ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(4, axis=0)
        path, _ = mended(as_file(ramp), "ramp.tif", tmp_path, press=name)
        inks = pixels(path)[0]
        assert inks[255].tolist() == [0, 0, 0, 0]
        light = Transform(press.load(name).icc, COATED).lab(inks / 255)[:, 0]
        assert np.diff(light).min() > -0.35  # a level of ink up or down
        assert np.diff(light).max() < 1.0

    def test_16_bits_stay_16_bits_and_are_used(self, tmp_path):
        import pyvips

        ramp = np.linspace(0, 65535, 4096).astype(np.uint16)
        rgb = pyvips.Image.new_from_array(np.stack([ramp] * 3, axis=-1)[None].repeat(4, axis=0), interpretation="rgb16")
        path, _ = mended(rgb.tiffsave_buffer(), "ramp.tif", tmp_path)
        found = pyvips.Image.new_from_file(str(path))
        assert (found.format, found.bands, found.interpretation) == ("ushort", 4, "cmyk")
        assert len(np.unique(found.numpy()[0, :, 0])) > 1500

    @pytest.mark.parametrize(
        ("format", "mode", "suffix"), [("JPEG", "RGB", ".jpg"), ("PNG", "RGB", ".tif"), ("WEBP", "RGB", ".tif")]
    )
    def test_the_format_is_kept_where_it_knows_cmyk(self, tmp_path, format, mode, suffix):
        data = pictures.picture(WIDTH, HEIGHT, mode, format=format, dpi=None)
        path, _ = mended(data, f"photo.{format.lower()}", tmp_path)
        assert path.suffix == suffix
        with Image.open(path) as picture:
            assert (picture.mode, picture.size) == ("CMYK", (WIDTH, HEIGHT))
            before = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).reshape(-1, 3) / 255
            seen = Transform(COATED.icc, COATED).lab(np.asarray(picture).reshape(-1, 4) / 255)
        # Not inverted, as Adobe's JPEGs look to those who do not know: light is light.
        assert np.corrcoef(seen[:, 0], Transform("rgb", COATED).lab(before)[:, 0])[0, 1] > 0.98

    def test_transparency_is_kept_to_the_pixel(self, tmp_path):
        import pyvips

        data = pictures.picture(WIDTH, HEIGHT, "RGBA", format="PNG")
        path, _ = mended(data, "cut-out.png", tmp_path)
        found = pyvips.Image.new_from_file(str(path)).numpy()
        assert found.shape[2] == 5
        assert (found[..., 4] == np.asarray(Image.open(io.BytesIO(data)))[..., 3]).all()

    def test_the_pictures_own_profile_is_followed(self, tmp_path):
        swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        swapped = swapped.replace(b"rXYZ", b"----", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"----", b"gXYZ", 1)
        red = np.full((8, 8, 3), (255, 0, 0), np.uint8)
        path, _ = mended(as_file(red, icc_profile=swapped), "red.tif", tmp_path)
        cyan, magenta, *_ = pixels(path)[0, 0]
        assert cyan > 150 > 30 > magenta  # that profile calls green what others call red

    def test_a_profile_of_another_kind_of_colour_does_not_count_and_that_is_said(self, tmp_path):
        data = as_file(np.full((8, 8, 3), (200, 30, 40), np.uint8), icc_profile=press_profile())
        path, (change,) = mended(data, "red.tif", tmp_path)
        plain, _ = mended(as_file(np.full((8, 8, 3), (200, 30, 40), np.uint8)), "red.tif", tmp_path)
        assert "sRGB, as its profile is for CMYK" in change.message
        assert (pixels(path) == pixels(plain)).all()

    def test_lab_is_converted(self, tmp_path):
        data = pictures.picture(WIDTH, HEIGHT, "LAB", format="TIFF")
        path, (change,) = mended(data, "photo.tif", tmp_path, black_point=False)
        with Image.open(path) as picture:
            assert (picture.mode, picture.size) == ("CMYK", (WIDTH, HEIGHT))
        raw = np.asarray(Image.open(io.BytesIO(data))).reshape(-1, 3)
        lab = np.column_stack([raw[:, 0] / 2.55, raw[:, 1:].view(np.int8).astype(float)])
        through = Transform(COATED.icc, COATED)
        got = through.lab(pixels(path).reshape(-1, 4) / 255)
        reached = lab[:, 0] > 20
        assert np.median(ciede2000(lab, got)[reached]) < 1.5
        assert "CIE Lab" in change.message

    def test_gray_stays_gray_unless_it_is_asked_for(self, tmp_path):
        data = pictures.picture(WIDTH, HEIGHT, "L", format="TIFF")
        path, changes = mended(data, "gray.tif", tmp_path)
        assert changes == []
        assert path.read_bytes() == data

    def test_gray_becomes_the_black_plate_when_it_is_asked_for(self, tmp_path):
        data = pictures.picture(WIDTH, HEIGHT, "L", format="TIFF")
        path, _ = mended(data, "gray.tif", tmp_path, gray="black")
        inks = pixels(path)
        assert not inks[..., :3].any()
        assert (inks[..., 3] == 255 - np.asarray(Image.open(io.BytesIO(data)))).all()

    def test_gray_pixels_of_drawings_can_be_black_alone(self, tmp_path):
        """A screenshot: black text with its gray edges on white, and a red button."""
        shot = np.full((20, 40, 3), 255, np.uint8)
        shot[5:15, 3:6], shot[5:15, 6:8], shot[5:15, 20:35] = 0, 128, (200, 20, 30)
        path, _ = mended(as_file(shot), "shot.tif", tmp_path, neutrals="black")
        inks = pixels(path)
        assert inks[10, 4].tolist() == [0, 0, 0, 255]
        assert not inks[10, 6, :3].any()
        assert 100 < inks[10, 6, 3] < 200
        assert inks[10, 25, 1] > 200

    def test_cmyk_with_a_profile_is_left_alone(self, tmp_path):
        data = as_file(np.full((8, 8, 4), 90, np.uint8), "CMYK", icc_profile=press_profile())
        path, changes = mended(data, "inks.tif", tmp_path)
        assert changes == []
        assert path.read_bytes() == data

    @pytest.mark.parametrize("wrong", [False, True])
    def test_cmyk_that_does_not_say_what_it_means_is_tagged_and_not_converted(self, tmp_path, wrong):
        numbers = np.random.default_rng(2).integers(0, 256, (8, 8, 4), np.uint8)
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        data = as_file(numbers, "CMYK", **({"icc_profile": srgb} if wrong else {}))
        path, (change,) = mended(data, "inks.tif", tmp_path)
        assert (pixels(path) == numbers).all()
        assert profile_of(path) == COATED.icc
        assert ("its profile is for RGB" if wrong else "it had no profile") in change.message

    def test_a_shops_own_profile_may_be_named(self, tmp_path):
        own = tmp_path / "own.icc"
        own.write_bytes(press_profile())
        path, (change,) = mended(pictures.picture(WIDTH, HEIGHT, format="TIFF"), "p.tif", tmp_path, press=str(own))
        assert profile_of(path) == press_profile()
        assert "Makeready test press" in change.message

    def test_an_unknown_press_is_told(self, tmp_path):
        with pytest.raises(UsageError, match="no press"):
            mended(pictures.picture(WIDTH, HEIGHT, format="TIFF"), "p.tif", tmp_path, press="fogra93")

    def test_the_change_says_how_far_colours_moved(self, tmp_path):
        green = np.full((8, 8, 3), (0, 255, 0), np.uint8)
        _, (change,) = mended(as_file(green), "green.tif", tmp_path)
        _, (dull,) = mended(as_file(np.full((8, 8, 3), 150, np.uint8)), "dull.tif", tmp_path)
        assert change.details["difference"]["mean"] > 10
        assert dull.details["difference"]["mean"] < 2
        assert change.details["before"] == "rgb"
        assert change.details["after"] == "cmyk"

    def test_clear_pixels_do_not_count_as_moved(self, tmp_path):
        picture = np.full((8, 8, 4), (0, 255, 0, 0), np.uint8)
        picture[:4] = (150, 150, 150, 255)
        _, (change,) = mended(as_file(picture), "clear.tif", tmp_path)
        assert change.details["difference"]["mean"] < 2

    def test_what_is_said_about_rgb_and_profiles_is_gone_afterwards(self):
        data = pictures.picture(1200, 900, format="JPEG", dpi=300)
        result = fix(Source.of(data, "photo.jpg"), ["convert_to_cmyk"], canvas="4x3in", allow="review")
        assert [run.outcome for run in result.runs] == [StepOutcome.CHANGED]
        codes = {issue.code for issue in result.before.issues}
        assert {"COL101", "COL102"} <= codes
        assert not {"COL101", "COL102", "COL103", "COL107"} & {issue.code for issue in result.final.issues}
        assert result.new == ()

    def test_a_profile_that_littlecms_cannot_follow_does_not_count_and_that_is_said(self, tmp_path):
        hollow = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        for tag in (b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"):
            hollow = hollow.replace(tag, b"xxxx", 1)
        red = np.full((8, 8, 3), (200, 30, 40), np.uint8)
        path, (change,) = mended(as_file(red, icc_profile=hollow), "p.tif", tmp_path)
        plain, _ = mended(as_file(red), "p.tif", tmp_path)
        assert "sRGB, as its profile cannot be used" in change.message
        assert (pixels(path) == pixels(plain)).all()


class TestLimit:
    def heavy(self, kind=np.uint8):
        """A landscape with shadows of up to 400 %."""
        rgb = np.asarray(pictures.image(WIDTH, HEIGHT), float) / 255
        black = (1 - rgb.max(axis=2, keepdims=True)) ** 0.5
        inks = np.concatenate([(1 - rgb) ** 0.6, black], axis=2)
        return (np.clip(inks, 0, 1) * np.iinfo(kind).max).astype(kind)

    @pytest.mark.parametrize("total", [240, 280, 320])
    def test_the_limit_is_kept_and_the_picture_looks_the_same(self, tmp_path, total):
        numbers = self.heavy()
        over = numbers.sum(axis=2, dtype=int) > 2.55 * total
        assert over.mean() > 0.01
        data = as_file(numbers, "CMYK", icc_profile=COATED.icc)
        path, (change,) = mended(data, "heavy.tif", tmp_path, "limit_ink", total=f"{total} %")
        less = pixels(path)
        assert less.sum(axis=2, dtype=int).max() <= 2.55 * total
        assert (less[~over] == numbers[~over]).all()
        assert far(less[over], numbers[over]).mean() < 1.5
        assert profile_of(path) == COATED.icc
        assert change.details["after"]["value"] <= total
        assert change.details["difference"]["mean"] < 1.5

    def test_16_bits_and_transparency_are_kept(self, tmp_path):
        import pyvips

        numbers = self.heavy(np.uint16)
        alpha = np.random.default_rng(4).integers(0, 65536, numbers.shape[:2], np.uint16)
        image = pyvips.Image.new_from_array(np.dstack([numbers, alpha]), interpretation="cmyk")
        path, _ = mended(image.tiffsave_buffer(), "heavy.tif", tmp_path, "limit_ink", total="260 %")
        found = pyvips.Image.new_from_file(str(path)).numpy()
        assert found.dtype == np.uint16
        assert (found[..., 4] == alpha).all()
        assert found[..., :4].sum(axis=2, dtype=int).max() <= 2.6 * 65535

    def test_no_edge_is_seen_where_the_limit_is_crossed(self, tmp_path):
        ramp = np.linspace([80, 75, 70, 30], [250, 240, 235, 230], 256).round().astype(np.uint8)[None].repeat(4, axis=0)
        path, _ = mended(as_file(ramp, "CMYK", icc_profile=COATED.icc), "r.tif", tmp_path, "limit_ink", total="250 %")
        seen = Transform(COATED.icc, COATED)
        light = seen.lab(pixels(path)[0] / 255)[:, 0]
        assert np.diff(light).max() < 0.35
        assert np.abs(np.diff(light)).max() < 1.3 * np.abs(np.diff(seen.lab(ramp[0] / 255)[:, 0])).max()

    def test_a_jpeg_that_was_limited_is_not_limited_again_when_it_comes_back(self, tmp_path):
        data = as_file(self.heavy(), "CMYK", format="JPEG", quality=95, icc_profile=COATED.icc)
        path, changes = mended(data, "heavy.jpg", tmp_path, "limit_ink", total="300 %")
        assert len(changes) == 1
        assert path.suffix == ".jpg"
        second = tmp_path / "second"
        second.mkdir()
        _, changes = mended(path.read_bytes(), "heavy.jpg", second, "limit_ink", total="300 %")
        assert changes == []

    @pytest.mark.parametrize("mode", ["RGB", "L"])
    def test_pictures_without_four_inks_are_left_alone(self, tmp_path, mode):
        data = pictures.picture(WIDTH, HEIGHT, mode, format="TIFF")
        path, changes = mended(data, "p.tif", tmp_path, "limit_ink", total="200 %")
        assert changes == []
        assert path.read_bytes() == data

    def test_large_pictures_are_worked_on_in_strips(self, tmp_path, monkeypatch):
        from makeready.raster.mend import ink

        data = as_file(self.heavy(), "CMYK", icc_profile=COATED.icc)
        whole, _ = mended(data, "heavy.tif", tmp_path, "limit_ink", total="260 %")
        expected = pixels(whole)
        monkeypatch.setattr(ink, "_AT_ONCE", 7 * WIDTH)
        strips, _ = mended(data, "heavy.tif", tmp_path, "limit_ink", total="260 %")
        assert (pixels(strips) == expected).all()

    def test_a_limit_that_makes_no_sense_is_told(self, tmp_path):
        with pytest.raises(UsageError, match="total"):
            mended(as_file(self.heavy(), "CMYK"), "heavy.tif", tmp_path, "limit_ink", total="20 %")
