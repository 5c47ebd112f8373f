"""Picture files enlarged by networks and by factor, held against known networks, ExifTool and Pillow."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pyvips
from PIL import Image, ImageDraw, ImageFilter

import makeready
from fixes.looks import fixed, refused, unchanged
from fixes.networks import repeated, repeating
from makeready.errors import MissingDependency, UsageError
from makeready.fixing import Progress
from makeready.testing import pictures
from makeready.testing.icc import press_profile
from makeready.upscale import lanczos
from models.weights import real

Pixels = npt.NDArray[Any]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repeating(tmp_path_factory.mktemp("networks"))


@pytest.fixture(scope="module")
def noisy_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repeating(tmp_path_factory.mktemp("networks"), noise=True)


def random(*shape: int, seed: int = 1) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def stored(pixels: Pixels, mode: str | None = None, format: str = "TIFF", **said: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels, mode).save(out, format, **({"dpi": (100, 100)} | said))
    return out.getvalue()


def opened(result: makeready.Result) -> Image.Image:
    picture = Image.open(io.BytesIO(result.data or b""))
    picture.load()
    return picture


def by(model: Path | str, **more: Any) -> list[dict[str, Any]]:
    return [{"fix": "enlarge", "model": str(model), **more}]


# what networks make


@pytest.mark.parametrize(("mode", "shape"), [("RGB", (70, 90, 3)), ("L", (90, 70)), ("CMYK", (70, 90, 4))])
def test_a_network_makes_the_pixels_of_all_colours(network: Path, mode: str, shape: tuple[int, ...]) -> None:
    pixels = random(*shape)
    result = fixed(stored(pixels, mode), by(network, scale=2))
    after = opened(result)
    assert after.mode == mode
    np.testing.assert_array_equal(np.asarray(after), repeated(pixels))


def test_sixteen_bits_keep_all_their_tones(network: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 65536, (60, 80), np.uint16)
    result = fixed(stored(pixels), by(network, scale=2, provider="cpu"))
    after = np.asarray(opened(result))
    assert after.dtype == np.uint16
    assert np.abs(after.astype(int) - repeated(pixels)).max() <= 1
    assert len(np.unique(after)) > 4000


def test_of_lab_the_lightness_goes_through_the_network(network: Path) -> None:
    given = pictures.picture(80, 60, "LAB", format="TIFF", dpi=100)
    result = fixed(given, by(network, scale=2, provider="cpu"))
    after = pyvips.Image.new_from_file(str(result.path))
    assert (after.interpretation, after.width, after.height) == ("labs", 160, 120)
    with Image.open(io.BytesIO(given)) as before:
        lightness, *others = (np.asarray(band).astype(float) for band in before.split())
    pixels = after.numpy().astype(float)
    assert np.abs(pixels[..., 0] / 32767 * 255 - repeated(lightness)).max() < 0.1
    for band, old in enumerate(others, start=1):
        mean = pixels[..., band].reshape(60, 2, 80, 2).mean(axis=(1, 3)) / 256
        assert np.abs(mean - (old - 128)).mean() < 3


@pytest.mark.parametrize("ground", [255, 0])
def test_transparency_leaves_no_fringe_on_white_and_on_black(network: Path, ground: int) -> None:
    pixels = np.zeros((100, 100, 4), np.uint8)
    pixels[..., 1] = 255  # green, hidden
    y, x = np.mgrid[:100, :100]
    away = np.hypot(x - 50, y - 50)
    pixels[..., 3] = np.clip((35 - away) * 128, 0, 255)
    pixels[away < 36] = np.concatenate([np.tile([200, 40, 30], (int((away < 36).sum()), 1)),
                                        pixels[away < 36][:, 3:]], axis=1)  # fmt: skip
    for model in (network, "backprojection", "lanczos"):
        after = opened(fixed(stored(pixels, "RGBA", "PNG"), by(model, scale=2)))
        shown = np.asarray(Image.alpha_composite(Image.new("RGBA", after.size, (ground,) * 3 + (255,)), after))
        cover = np.asarray(after)[..., 3:] / 255
        expected = cover * (200, 40, 30) + (1 - cover) * ground
        assert np.abs(shown[..., :3] - expected).max() <= 2, model


def test_what_was_done_is_told(noisy_network: Path) -> None:
    pixels = (pictures.landscape(90, 70) * 255).astype(np.uint8)
    (change,) = fixed(stored(pixels, format="JPEG", quality=50), by(noisy_network, scale=2, provider="cpu")).changes
    assert change.message.startswith("upscaled by repeating2n ×2 (onnxruntime), noise of ")
    (after,) = change.details["after"]
    assert (after["width_px"], after["height_px"], after["passes"]) == (180, 140, [2])
    assert (after["engine"], after["style"]) == ("onnxruntime", "truthful")
    # The scale of the IJG's tables at quality 50 is 100 %.
    assert after["noise"] == pytest.approx(10, abs=1.5)


def test_what_is_invented_is_told() -> None:
    real("realesrgan")
    given = stored((pictures.landscape(24, 20) * 255).astype(np.uint8))
    (change,) = fixed(given, by("ai", style="creative", scale=4)).changes
    assert change.message.startswith("upscaled by Real-ESRGAN ×4 (")
    assert change.message.endswith("Edges and texture are invented: look at them")
    assert change.details["after"][0]["style"] == "creative"


def test_noise_is_taken_as_said(noisy_network: Path) -> None:
    given = stored((pictures.landscape(90, 70) * 255).astype(np.uint8), format="JPEG", quality=50)
    for level in (0, 4.5):
        (change,) = fixed(given, by(noisy_network, scale=2, noise=level)).changes
        assert change.details["after"][0]["noise"] == level
    with pytest.raises(UsageError, match="level of noise"):
        makeready.fix(given, by(noisy_network, noise="much"))


def test_lanczos_makes_the_rest(network: Path) -> None:
    pixels = random(40, 60, 3)
    result = fixed(stored(pixels), by(network, scale=3))
    assert "then Lanczos" in result.changes[0].message
    np.testing.assert_allclose(
        np.asarray(opened(result)).astype(int), lanczos.resize(repeated(repeated(pixels)), 180, 120), atol=1
    )


def test_every_fix_that_upscales_takes_a_model(network: Path) -> None:
    given = stored(random(40, 60, 3))
    for step in (
        {"fix": "upscale", "resolution": "200 ppi"},
        {"fix": "upscale_resolution_2x", "resolution": "600 ppi"},
        {"fix": "upscale_resolution_4x", "resolution": "200 ppi"},
    ):
        result = fixed(given, [step | {"model": str(network)}])
        np.testing.assert_array_equal(np.asarray(opened(result)), repeated(random(40, 60, 3)))


def test_a_profile_can_name_the_model(network: Path, tmp_path: Path) -> None:
    profile = tmp_path / "house.toml"
    profile.write_text(
        f'others = "off"\n[checks]\nIMG101 = {{ resolution = "200 ppi" }}\n'
        f'[fixes]\nallow = "review"\n[fixes.settings.upscale]\nmodel = {json.dumps(str(network))}\n'
    )
    result = makeready.fix(stored(random(40, 60, 3)), profile=profile)
    (step,) = result.plan.steps
    assert (step.fix, step.settings["model"], step.settings["resolution"]) == ("upscale", str(network), "200 ppi")
    np.testing.assert_array_equal(np.asarray(opened(result)), repeated(random(40, 60, 3)))


# sizes


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"scale": 2.5}, (150, 100)),
        ({"to": "600x500"}, (600, 400)),
        ({"to": "600 × 300 px"}, (450, 300)),
        ({"to": "200"}, (200, 133)),
        ({"to": "60x40"}, None),
        ({"resolution": "250 ppi"}, (150, 100)),
        ({"resolution": "100 ppi"}, None),
    ],
)
def test_a_picture_becomes_as_large_as_is_asked_for(asked: dict[str, Any], size: tuple[int, int] | None) -> None:
    given = stored(random(40, 60, 3))
    if size is None:
        unchanged(given, [{"fix": "enlarge", **asked}])
        return
    after = opened(fixed(given, [{"fix": "enlarge", **asked}]))
    assert after.size == size
    assert after.info["dpi"][0] == pytest.approx(100 * size[0] / 60, abs=0.1)


def test_a_frame_is_meant_as_the_picture_is_shown() -> None:
    given = pictures.picture(60, 40, "RGB", dpi=100, orientation=6)
    after = opened(fixed(given, [{"fix": "enlarge", "to": "300x900"}]))
    assert (after.size, after.getexif()[0x0112]) == ((450, 300), 6)


def test_a_pixel_that_proportions_round_away_is_there() -> None:
    after = opened(fixed(stored(random(101, 150, 3)), [{"fix": "enlarge", "to": "600x404"}]))
    assert after.size == (600, 404)
    after = opened(fixed(stored(random(101, 151, 3)), [{"fix": "enlarge", "to": "600x400"}]))
    assert after.size == (598, 400)


def test_without_a_printed_size_a_scale_will_do() -> None:
    given = stored(random(40, 60, 3), format="PNG", dpi=None)
    assert opened(fixed(given, [{"fix": "enlarge", "scale": 4}])).size == (240, 160)
    assert "canvas" in refused(given, [{"fix": "enlarge", "resolution": "300 ppi"}])
    canvas = fixed(given, [{"fix": "enlarge", "resolution": "300 ppi"}], canvas="1x0.5in")
    assert opened(canvas).size[0] >= 300


def test_what_cannot_be_is_refused() -> None:
    given = stored(random(40, 60, 3))
    assert "more than 30 × 20" in refused(given, [{"fix": "enlarge", "to": "30"}])
    assert "megapixels" in refused(given, [{"fix": "enlarge", "to": "60000"}])
    line_art = pictures.picture(300, 200, "1", format="TIFF", dpi=100)
    assert "line art" in refused(line_art, [{"fix": "enlarge", "scale": 2}])
    for wrong in ({"to": "6000x"}, {"to": "0x10"}, {"scale": 0.5}, {"scale": 17}, {"scale": 2, "to": "600"}):
        with pytest.raises(UsageError, match=r"^enlarge"):
            makeready.fix(given, [{"fix": "enlarge", **wrong}])


# what is kept


XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="a camera" tiff:ImageWidth="300" exif:PixelXDimension="300">
<tiff:ImageLength>200</tiff:ImageLength><exif:PixelYDimension>200</exif:PixelYDimension></rdf:Description></rdf:RDF>
</x:xmpmeta>"""


def test_metadata_stay_and_count_the_new_pixels(run: Callable[..., str], network: Path, tmp_path: Path) -> None:
    given = tmp_path / "a.jpg"
    given.write_bytes(pictures.picture(300, 200, "CMYK", dpi=100, icc=press_profile(), orientation=6))
    (tmp_path / "a.xmp").write_bytes(XMP)
    run("exiftool", "-q", "-overwrite_original", f"-xmp<={tmp_path}/a.xmp", "-ExifImageWidth=300",
        "-ExifImageHeight=200", "-RelatedImageWidth=300", "-InteropIndex=R98", "-LensModel=50mm", given)  # fmt: skip
    result = fixed(given, by(network, scale=2))
    assert result.path is not None
    (told,) = json.loads(run("exiftool", "-json", "-G1", "-n", "-a", result.path))
    assert (told["File:ImageWidth"], told["File:ImageHeight"]) == (600, 400)
    assert (told["ExifIFD:ExifImageWidth"], told["ExifIFD:ExifImageHeight"]) == (600, 400)
    assert (told["XMP-exif:ExifImageWidth"], told["XMP-exif:ExifImageHeight"]) == (600, 400)
    assert (told["XMP-tiff:ImageWidth"], told["XMP-tiff:ImageHeight"]) == (600, 400)
    assert "InteropIFD:RelatedImageWidth" not in told
    assert (told["IFD0:XResolution"], told["IFD0:YResolution"], told["IFD0:Orientation"]) == (200, 200, 6)
    assert (told["ExifIFD:LensModel"], told["XMP-dc:Source"]) == ("50mm", "a camera")
    assert opened(result).info["icc_profile"] == press_profile()


def test_another_format_is_told_of() -> None:
    (change,) = fixed(pictures.picture(60, 40, "P", format="GIF"), [{"fix": "enlarge", "scale": 2}]).changes
    assert change.message.endswith("The file is a TIFF instead of a GIF now, which is not written here")


# what is missing, and what is stopped


def test_models_and_weights_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path))
    given = stored(random(40, 60, 3))
    with pytest.raises(UsageError, match="waifu2") as unknown:
        makeready.fix(given, by("waifu2"))
    assert unknown.value.hint == "Did you mean 'waifu2x'?"
    with pytest.raises(MissingDependency) as missing:
        makeready.fix(given, by("srmd"))
    assert "makeready models install srmd" in missing.value.hint
    with pytest.raises(UsageError):
        makeready.fix(given, by(tmp_path / "none.onnx"))


def test_one_picture_tells_how_far_it_is_and_can_be_stopped(network: Path) -> None:
    given = stored(random(400, 500, 3))
    shares: list[float] = []

    def listen(at: Progress) -> None:
        shares.append(at.share)

    fixed(given, by(network, scale=2), progress=listen)
    assert shares == sorted(shares)
    assert len(set(shares)) > 10

    def stop(at: Progress) -> None:
        if at.share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        makeready.fix(given, by(network, scale=2), progress=stop)


# the real thing


def on_paper(pixels: Pixels) -> Pixels:
    """Black type and a gray rule on paper, beside a photograph, as ink."""
    ink = np.zeros((160, 240, 4), np.uint8)
    type = Image.new("L", (120, 160))
    draw = ImageDraw.Draw(type)
    draw.text((6, 20), "Black type", fill=255, font_size=20)
    draw.ellipse((20, 60, 90, 130), outline=160, width=3)
    ink[:, :120, 3] = np.asarray(type)
    ink[:, 120:, :3] = 255 - pixels[:160, :120]
    return ink


def test_black_type_stays_black_alone_and_paper_without_ink() -> None:
    real("waifu2x")
    ink = on_paper((pictures.landscape(120, 160) * 255).astype(np.uint8))
    after = np.asarray(opened(fixed(stored(ink, "CMYK"), by("waifu2x", scale=2, noise=0))))
    type = after[:, : 2 * 110]
    assert type[..., :3].max() == 0
    assert type[..., 3].max() > 240
    inked = Image.fromarray(repeated((ink[:, :110, 3] > 0) * np.uint8(255)))
    clear = np.asarray(inked.filter(ImageFilter.MaxFilter(17))) == 0  # far from all that is printed
    assert clear.mean() > 0.2
    assert type[clear].max() == 0


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_made_small_again_it_is_the_picture_it_was(mode: str) -> None:
    real("waifu2x")
    pixels = (pictures.landscape(240, 160) * 255).astype(np.uint8)
    given = Image.fromarray(pixels).convert(mode)
    after = opened(fixed(stored(np.asarray(given), mode), by("ai", scale=2, noise=0)))
    large = np.asarray(after).astype(float).reshape(160, 2, 240, 2, -1)
    apart = large.mean(axis=(1, 3)) - np.asarray(given).reshape(160, 240, -1)
    assert np.abs(apart).mean() < 0.9
    assert np.abs(apart.mean(axis=(0, 1))).max() < 0.1


@pytest.mark.parametrize("provider", ["auto", "cpu"])
def test_a_smooth_sky_of_sixteen_bits_stays_smooth(provider: str) -> None:
    real("waifu2x")
    pixels = np.linspace(20000, 24000, 96 * 64).reshape(64, 96).astype(np.uint16)
    after = np.asarray(opened(fixed(stored(pixels), by("waifu2x", scale=2, noise=0, provider=provider))))
    assert len(np.unique(after)) > 1000  # of 8 bits there are 17 in this range
    middle = after[8:-8, 8:-8].astype(float).reshape(56, 2, 88, 2).mean(axis=(1, 3))
    assert np.abs(middle - pixels[4:-4, 4:-4]).max() < 257  # less than one of 8 bits
