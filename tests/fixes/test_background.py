"""remove_background: subjects whose opacity is known, cut out of every kind of file, read back by other programs."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

import makeready
from fixes import subjects
from fixes.looks import fixed, refused, unchanged
from makeready.changes import Result
from makeready.errors import MissingDependency, UsageError
from makeready.models import session
from makeready.raster.mend import cutout, decode
from makeready.testing import press_profile, srgb_profile
from makeready.testing.pictures import landscape
from models.weights import real

COVER = subjects.coverage(240, 180)
#: Away from the edge, which stretching to the network's size and back makes a little softer.
SOLID, CLEAR = (subjects.coverage(240, 180, radius=radius) == cover for radius, cover in ((0.28, 1), (0.32, 0)))
PICTURE = np.rint(subjects.on_plaster(COVER) * 255).astype(np.uint8)


@pytest.fixture(autouse=True)
def isnet(request: pytest.FixtureRequest) -> None:
    """A network that finds what is red stands for ISNet, but where a test is about the real one."""
    if "real_isnet" not in request.fixturenames:
        request.getfixturevalue("finds_red")


@pytest.fixture
def real_isnet() -> None:
    real("isnet")


def cut(source: bytes | Path, to: str | None = None, **settings: Any) -> Result:
    return fixed(source, [{"fix": "remove_background", **settings}], to=to)


def written(pixels: np.ndarray, format: str = "PNG", mode: str | None = None, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels, mode).save(out, format, **options) if mode else Image.fromarray(pixels).save(
        out, format, **options
    )
    return out.getvalue()


def pixels(result: Result | Path | bytes) -> np.ndarray:
    found = result.path if isinstance(result, Result) else result
    with Image.open(io.BytesIO(found) if isinstance(found, bytes) else found) as image:
        return np.asarray(image)


def tags(path: Path) -> dict[str, Any]:
    done = subprocess.run(["exiftool", "-j", "-n", "-G", path], capture_output=True, check=True)
    return dict(json.loads(done.stdout)[0])


def raw(path: Path, kind: str, depth: int, channels: int, shape: tuple[int, int]) -> np.ndarray:
    """Numbers as ImageMagick reads them."""
    done = subprocess.run(
        ["convert", path, "-depth", str(depth), "-endian", "LSB", f"{kind}:-"], capture_output=True, check=True
    )
    return np.frombuffer(done.stdout, np.uint8 if depth == 8 else "<u2").reshape(*shape, channels)


def assert_cover(alpha: np.ndarray, cover: np.ndarray = COVER, mean: float = 0.004) -> None:
    """The opacity is that of the subject, to what stretching to the network's size and back costs at the edge."""
    apart = np.abs(alpha / np.iinfo(alpha.dtype).max - cover)
    assert apart.mean() < mean
    assert np.percentile(apart, 99) < 40 * mean


# what is found


def test_the_opacity_is_what_the_subject_covers_and_its_pixels_stay() -> None:
    result = cut(written(PICTURE))
    found = pixels(result)
    assert found.shape == (180, 240, 4)
    assert_cover(found[..., 3])
    opaque = found[..., 3] == 255
    assert opaque[SOLID].all()
    assert (found[opaque][:, :3] == PICTURE[opaque]).all()
    assert found[..., 3][CLEAR].mean() < 1


def test_no_trace_of_the_background_is_left_unless_asked_for() -> None:
    clean, kept = pixels(cut(written(PICTURE))), pixels(cut(written(PICTURE), despill=False))
    edge = (clean[..., 3] > 60) & (clean[..., 3] < 200)
    red = np.array(subjects.RED) * 255
    assert edge.sum() > 50
    assert np.abs(clean[edge][:, :3] - red).mean() < 12
    assert np.abs(kept[edge][:, :3] - red).mean() > 30
    assert (kept[..., :3] == PICTURE).all()
    assert np.abs(clean[clean[..., 3] == 0][:, :3] - red).mean() < 20


def test_what_was_done_is_told_and_is_in_the_details() -> None:
    (change,) = cut(written(PICTURE, "JPEG", quality=95)).changes
    assert "found by ISNet on the processor, covers" in change.message
    assert "The file is a PNG instead of a JPEG now, which cannot hold it." in change.message
    details = change.details
    assert details["share"] == pytest.approx(COVER.mean(), abs=0.004)
    left, top, width, height = details["box"]
    down, across = np.flatnonzero(COVER.any(axis=1)), np.flatnonzero(COVER.any(axis=0))
    assert [left, top] == pytest.approx([across[0], down[0]], abs=4)
    assert [width, height] == pytest.approx([np.ptp(across) + 1, np.ptp(down) + 1], abs=8)
    assert (details["model"], details["instead_of"]) == ("isnet", None)
    assert (details["before"]["format"], details["after"]["format"]) == ("JPEG", "PNG")


def test_a_picture_without_a_subject_is_refused_and_nothing_is_written() -> None:
    wall = written(np.rint(subjects.on_plaster(np.zeros((90, 120))) * 255).astype(np.uint8))
    assert "no subject was found" in refused(wall, ["remove_background"])
    result = cut(wall, output="alpha")
    assert not pixels(result).any()
    assert "no subject" in result.changes[0].message


def test_a_subject_without_a_background_is_refused() -> None:
    red = np.full((60, 80, 3), np.rint(np.array(subjects.RED) * 255), np.uint8)
    red[::2, ::3] += 9  # not flat, so that a model is asked
    assert "no background was found" in refused(written(red), [{"fix": "remove_background", "subject_type": "product"}])


def test_a_model_that_is_not_installed_is_missing_and_the_command_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(tmp_path))
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path))
    with pytest.raises(MissingDependency) as error:
        makeready.fix(written(PICTURE), ["remove_background"])
    assert "makeready models install isnet" in error.value.hint
    with pytest.raises(UsageError, match="isnett"):
        makeready.fix(written(PICTURE), [{"fix": "remove_background", "model": "isnett"}])


def test_another_model_that_stands_in_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(tmp_path))
    scale = 1 / 0.7  # of U²-Netp: what it takes is (p / 255 - mean) / std
    std, mean = np.array([0.229, 0.224, 0.225]), np.array([0.485, 0.456, 0.406])
    weights = np.array([scale, -scale / 2, -scale / 2])
    subjects.network(tmp_path / "u2netp.onnx", tuple(weights * std), float((weights * mean).sum()))
    (change,) = cut(written(PICTURE)).changes
    assert change.details["instead_of"] is not None
    assert "isnet" in change.message.lower()
    assert "not installed" in change.message


def test_a_model_of_ones_own_is_named_by_its_path(tmp_path: Path) -> None:
    path = subjects.bright_model(tmp_path)
    light = np.rint(subjects.on_plaster(COVER, (1, 1, 1))[..., 0] * 255).astype(np.uint8)
    found = pixels(cut(written(light), model=str(path), subject_type="product"))
    assert found.shape == (180, 240, 2)
    assert (found[..., 1][SOLID] > 250).mean() > 0.97
    assert (found[..., 1][CLEAR] < 5).mean() > 0.97


# kinds of file


def test_16_bits_profile_and_density_stay(tmp_path: Path) -> None:
    deep = np.rint(subjects.on_plaster(COVER) * 65535).astype(np.uint16)
    profile = (
        ImageCms.ImageCmsProfile("/usr/share/color/icc/ghostscript/a98.icc").tobytes()
        if Path("/usr/share/color/icc/ghostscript/a98.icc").exists()
        else srgb_profile()
    )
    path = as_tiff(tmp_path / "deep.tif", deep, profile, 240)
    result = cut(path)
    assert result.path is not None
    found = raw(result.path, "rgba", 16, 4, (180, 240))
    said = tags(result.path)
    assert said["EXIF:BitsPerSample"] == "16 16 16 16"
    assert said["EXIF:ExtraSamples"] == 2  # unassociated
    assert (said["EXIF:XResolution"], said["EXIF:ResolutionUnit"]) == (240, 2)
    with Image.open(result.path) as image:
        assert image.info["icc_profile"] == profile
    opaque = found[..., 3] == 65535
    assert opaque[SOLID].all()
    assert (found[opaque][:, :3] == deep[opaque]).all()
    assert len(np.unique(found[..., 3])) > 256


def as_tiff(path: Path, numbers: np.ndarray, profile: bytes, ppi: float) -> Path:
    """A TIFF of 16 bits, which Pillow does not write in colour."""
    height, width, channels = numbers.shape
    plain = path.with_suffix(".raw")
    plain.write_bytes(numbers.astype("<u2").tobytes())
    icc = path.with_suffix(".icc")
    icc.write_bytes(profile)
    kind = {3: "rgb", 4: "cmyk"}[channels]
    subprocess.run(
        ["convert", "-size", f"{width}x{height}", "-depth", "16", "-endian", "LSB", f"{kind}:{plain}",
         "-density", str(ppi), "-units", "PixelsPerInch", "-profile", icc, path],
        check=True, capture_output=True,
    )  # fmt: skip
    return path


def red_in_inks() -> tuple[np.ndarray, bytes]:
    """The disc in the inks of a press, by LittleCMS through Pillow."""
    inks = ImageCms.ImageCmsProfile(io.BytesIO(press_profile()))
    change = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), inks, "RGB", "CMYK", renderingIntent=1)
    converted = ImageCms.applyTransform(Image.fromarray(PICTURE), change)
    out = io.BytesIO()
    converted.save(out, "TIFF", compression="tiff_lzw", icc_profile=press_profile(), dpi=(300, 300))
    return np.asarray(converted), out.getvalue()


@pytest.fixture
def dull(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that takes the red of a press for wholly red."""
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(subjects.red_isnet(tmp_path / "dull", 0.5)))


@pytest.mark.usefixtures("dull")
def test_cmyk_is_seen_through_its_profile_and_its_inks_stay() -> None:
    numbers, source = red_in_inks()
    result = cut(source)
    assert result.path is not None
    assert result.path.suffix == ".tif"
    found = raw(result.path, "cmyka", 8, 5, (180, 240))
    opaque = found[..., 4] == 255
    assert opaque[SOLID].all()
    assert (found[..., 4][subjects.coverage(240, 180, radius=0.4) == 0] < 20).mean() > 0.98
    assert (found[opaque][:, :4] == numbers[opaque]).all()
    with Image.open(io.BytesIO(source)) as before:
        profile = before.info["icc_profile"]
    read = subprocess.run(["exiftool", "-b", "-icc_profile", result.path], capture_output=True, check=True).stdout
    assert read == profile == press_profile()


def test_a_cmyk_jpeg_becomes_a_tiff() -> None:
    numbers, _ = red_in_inks()
    result = cut(written(numbers, "JPEG", mode="CMYK", quality=95))
    assert "The file is a TIFF instead of a JPEG now" in result.changes[0].message


@pytest.mark.parametrize("to", [".png", ".webp", ".tif"])
def test_the_format_may_be_asked_for(to: str) -> None:
    result = cut(written(PICTURE, "JPEG", quality=95), to=to)
    assert result.path is not None
    assert result.path.suffix == to
    assert_cover(pixels(result)[..., 3], mean=0.01)


def test_a_format_with_transparency_is_kept() -> None:
    for format in ("WEBP", "TIFF", "PNG"):
        with Image.open(io.BytesIO(cut(written(PICTURE, format)).data or b"")) as image:
            assert image.format == format
            assert image.mode == "RGBA"


@pytest.mark.parametrize(("orientation", "format"), [*((turn, "JPEG") for turn in range(2, 9)), (6, "TIFF")])
def test_a_turned_picture_is_seen_upright_and_never_turned_wrongly(orientation: int, format: str) -> None:
    cover = subjects.coverage(240, 180, at=(0.35, 0.4), radius=0.2)
    shown = np.rint(subjects.on_plaster(cover) * 255).astype(np.uint8)
    upright = Image.fromarray(shown)
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = io.BytesIO()
    upright.transpose(Image.Transpose(back)).save(stored, format, exif=exif, dpi=(300, 150), quality=95)
    result = cut(stored.getvalue())
    with Image.open(result.path or "") as image:
        found = np.asarray(ImageOps.exif_transpose(image))
        density = image.info["dpi"]
    assert_cover(found[..., 3], cover, mean=0.01)
    assert np.abs(found[cover == 1][:, :3].astype(int) - shown[cover == 1]).mean() < 3
    assert [round(float(ppi)) for ppi in density] == ([150, 300] if orientation >= 5 else [300, 150])


def test_transparency_that_is_there_is_multiplied() -> None:
    veil = np.full(COVER.shape, 255, np.uint8)
    veil[:, 120:], veil[:90, 120:] = 128, 0
    found = pixels(cut(written(np.dstack([PICTURE, veil]))))[..., 3].astype(int)
    assert (found[:, :119][SOLID[:, :119]] == 255).all()
    assert (found[:90, 120:] == 0).all()
    # On white, which it is looked at on, half of the red is left: this network takes that for half a subject.
    assert (np.abs(found[92:, 122:][SOLID[92:, 122:]] - 64) <= 3).all()
    assert (found[CLEAR] < 5).mean() > 0.98


def test_what_was_cut_out_before_is_left_and_can_be_laid_on_a_colour() -> None:
    done = cut(written(PICTURE)).data or b""
    unchanged(done, ["remove_background"])
    white = pixels(cut(done, output="white"))
    assert (white[CLEAR] == 255).mean() > 0.99
    assert (white[SOLID] == PICTURE[SOLID]).all()
    cropped = cut(done, crop=True)
    assert pixels(cropped).shape[0] == pytest.approx(108, abs=3)
    assert "see-through already" in cropped.changes[0].message


def test_exif_and_xmp_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(written(PICTURE, "JPEG", quality=95, dpi=(300, 300)))
    subprocess.run(
        ["exiftool", "-q", "-overwrite_original", "-Artist=A. Nobody", "-XMP-dc:Title=Ball", "-ISO=200", path],
        check=True,
    )
    result = cut(path)
    assert result.path is not None
    said = tags(result.path)
    assert said["EXIF:Artist"] == "A. Nobody"
    assert said["EXIF:ISO"] == 200
    assert said["XMP:Title"] == "Ball"
    assert said["PNG:PixelsPerUnitX"] == round(300 / 0.0254)


def test_palettes_and_line_art() -> None:
    with Image.fromarray(PICTURE).quantize(64) as indexed:
        out = io.BytesIO()
        indexed.save(out, "GIF")
    result = cut(out.getvalue())
    assert "a PNG instead of a GIF" in result.changes[0].message
    assert_cover(pixels(result)[..., 3], mean=0.02)
    stroke = np.full((120, 160), True)
    stroke[40:80, 30:130] = False
    out = io.BytesIO()
    Image.fromarray(stroke).save(out, "TIFF", compression="group4", dpi=(600, 600))
    found = pixels(cut(out.getvalue()))
    assert found.shape == (120, 160, 2)
    assert (found[..., 1][~stroke] == 255).all()
    assert (found[..., 1][stroke] == 0).all()
    assert (found[~stroke][:, 0] == 0).all()


def test_of_several_pages_the_first_is_cut_and_that_is_said() -> None:
    out = io.BytesIO()
    first = Image.fromarray(PICTURE)
    first.save(out, "TIFF", save_all=True, append_images=[first.rotate(180)])
    result = cut(out.getvalue())
    assert "Of 2 frames or pages the first was kept." in result.changes[0].message
    assert_cover(pixels(result)[..., 3])


def test_lab_is_laid_on_white_and_not_made_see_through() -> None:
    lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    out = io.BytesIO()
    ImageCms.applyTransform(Image.fromarray(PICTURE), lab).save(out, "TIFF")
    assert "Lab" in refused(out.getvalue(), ["remove_background"])
    result = fixed(out.getvalue(), [{"fix": "remove_background", "output": "white"}, "normalise_raster"])
    found = pixels(result)
    assert (found[CLEAR] >= 254).mean() > 0.98
    assert np.abs(found[SOLID].astype(int) - PICTURE[SOLID]).mean() < 3


# what is behind


def test_a_colour_behind_keeps_the_format_and_the_profile() -> None:
    source = written(PICTURE, "JPEG", quality=97, icc_profile=srgb_profile(), dpi=(250, 250))
    result = cut(source, output="#2040C0")
    with Image.open(result.path or "") as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
        assert image.info["icc_profile"] == srgb_profile()
        assert tuple(round(float(ppi)) for ppi in image.info["dpi"]) == (250, 250)
        found = np.asarray(image).astype(int)
    assert np.abs(found[CLEAR] - [0x20, 0x40, 0xC0]).mean() < 3
    assert np.abs(found[SOLID] - PICTURE[SOLID]).mean() < 3


@pytest.mark.usefixtures("dull")
def test_a_colour_behind_cmyk_is_said_in_its_inks() -> None:
    numbers, source = red_in_inks()
    result = cut(source, output="#2040C0")
    found = pixels(result)
    inks = ImageCms.ImageCmsProfile(io.BytesIO(press_profile()))
    change = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), inks, "RGB", "CMYK", 1, ImageCms.Flags.BLACKPOINTCOMPENSATION
    )
    wanted = np.asarray(ImageCms.applyTransform(Image.new("RGB", (1, 1), "#2040C0"), change))[0, 0]
    far = subjects.coverage(240, 180, radius=0.45) == 0
    assert np.abs(np.median(found[far], axis=0) - wanted).max() <= 2
    assert (found[SOLID] == numbers[SOLID]).all()
    white = pixels(cut(source, output="white"))
    assert (np.median(white[far], axis=0) == 0).all()
    plain = written(numbers, "TIFF", mode="CMYK")
    assert "no profile" in refused(plain, [{"fix": "remove_background", "output": "#2040c0"}])


def test_a_gray_picture_takes_grays_only(tmp_path: Path) -> None:
    model = str(subjects.bright_model(tmp_path))
    light = written(np.rint(subjects.on_plaster(COVER, (1, 1, 1))[..., 0] * 255).astype(np.uint8))
    step = {"fix": "remove_background", "model": model, "subject_type": "product"}
    assert "no colours" in refused(light, [{**step, "output": "red"}])
    found = pixels(fixed(light, [{**step, "output": "#404040"}]))
    assert found.shape == (180, 240)
    assert np.median(found[CLEAR]) == 0x40


def test_the_mask_alone(tmp_path: Path) -> None:
    result = cut(written(PICTURE, "JPEG", quality=95, icc_profile=srgb_profile(), dpi=(300, 300)), output="alpha")
    with Image.open(result.path or "") as image:
        assert (image.format, image.mode) == ("PNG", "L")
        assert "icc_profile" not in image.info
        assert_cover(np.asarray(image), mean=0.01)
    _, inks = red_in_inks()
    masked = cut(inks, output="alpha")
    with Image.open(masked.path or "") as image:
        assert (image.format, image.mode) == ("TIFF", "L")
    deep = as_tiff(
        tmp_path / "a.tif", np.rint(subjects.on_plaster(COVER) * 65535).astype(np.uint16), srgb_profile(), 72
    )
    result = cut(deep, output="alpha")
    with Image.open(result.path or "") as image:
        assert image.mode.startswith("I;16")


@pytest.mark.parametrize("said", ["no such colour", "#12345", "#11223344", "cmyk(1,2,3,4)"])
def test_what_is_no_colour_is_told(said: str) -> None:
    with pytest.raises(UsageError, match=r"remove_background\.output"):
        makeready.fix(written(PICTURE), [{"fix": "remove_background", "output": said}])


# crop


@pytest.mark.parametrize(("margin", "more"), [("0 px", 0), ("10px", 10), ("10 %", 11), ("500 px", 500)])
def test_a_crop_leaves_its_margin_as_far_as_the_picture_goes(margin: str, more: int) -> None:
    result = cut(written(PICTURE, dpi=(300, 300)), crop=True, margin=margin)
    with Image.open(result.path or "") as image:
        found, density = np.asarray(image), image.info["dpi"]
    down, across = np.flatnonzero(COVER.any(axis=1)), np.flatnonzero(COVER.any(axis=0))
    wanted = min(180, np.ptp(down) + 1 + 2 * more), min(240, np.ptp(across) + 1 + 2 * more)
    assert found.shape[:2] == pytest.approx(wanted, abs=4)
    assert [round(float(ppi)) for ppi in density] == [300, 300]
    assert found[found.shape[0] // 2, found.shape[1] // 2, 3] == 255


def test_what_is_no_margin_is_told() -> None:
    with pytest.raises(UsageError, match="margin"):
        makeready.fix(written(PICTURE), [{"fix": "remove_background", "crop": True, "margin": "-3 px"}])


# size


@pytest.mark.parametrize("quality", ["basic", "plus"])
def test_strips_and_a_decoded_file_change_nothing(quality: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cover = subjects.coverage(500, 400, at=(0.6, 0.45))
    source = written(np.rint(subjects.on_plaster(cover) * 255).astype(np.uint8), "TIFF", tiffinfo={274: 6})
    whole = pixels(cut(source, quality=quality))
    monkeypatch.setattr(decode, "IN_MEMORY", 1000)
    monkeypatch.setattr(cutout, "_STRIP", 400 * 7)
    assert (pixels(cut(source, quality=quality)) == whole).all()


def test_a_picture_larger_than_the_copy_that_is_looked_at() -> None:
    cover = subjects.coverage(1800, 1250, at=(0.4, 0.5), radius=0.35)
    source = written(np.rint(subjects.on_plaster(cover) * 255).astype(np.uint8), "TIFF")
    found = pixels(cut(source, quality="plus"))
    assert found.shape == (1250, 1800, 4)
    assert_cover(found[..., 3], cover)


def test_progress_goes_from_nothing_to_all() -> None:
    seen: list[float] = []
    makeready.fix(written(PICTURE), ["remove_background"], progress=lambda at: seen.append(at.share))
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert len(set(seen)) > 3


# the real one


def ball_before_mountains(width: int = 640, height: int = 480) -> tuple[np.ndarray, np.ndarray]:
    """A shaded ball before a landscape that is out of focus."""
    cover = subjects.coverage(width, height, at=(0.5, 0.52), radius=0.33)
    small = Image.fromarray(np.rint(landscape(width // 8, height // 8) * 255).astype(np.uint8))
    back = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)) / 255
    across, down = np.meshgrid(np.linspace(-1, 1, width) * width / height, np.linspace(-1, 1, height))
    light = np.clip(1.15 - np.hypot(across + 0.2, down + 0.25) * 0.9, 0.15, 1.2)[..., None]
    ball = np.clip(np.array([0.95, 0.75, 0.1]) * light, 0, 1)
    return np.rint((cover[..., None] * ball + (1 - cover[..., None]) * back) * 255).astype(np.uint8), cover


@pytest.mark.parametrize("quality", ["basic", "plus"])
def test_isnet_cuts_a_ball_out_of_a_landscape(quality: str, real_isnet: None) -> None:
    picture, cover = ball_before_mountains()
    result = cut(written(picture, "JPEG", quality=95), quality=quality)
    found = pixels(result)[..., 3] / 255
    assert np.abs(found - cover).mean() < 0.02
    assert result.changes[0].details["model"] == "isnet"
    assert session.PROVIDERS  # which one ran is told
    assert result.changes[0].details["provider"]


def test_isnet_finds_nothing_in_a_landscape_of_fog(real_isnet: None) -> None:
    fog = np.clip(0.7 + 0.02 * np.random.default_rng(1).standard_normal((240, 320, 3)), 0, 1)
    assert "no subject" in refused(
        written(np.rint(fog * 255).astype(np.uint8)), [{"fix": "remove_background", "subject_type": "product"}]
    )
