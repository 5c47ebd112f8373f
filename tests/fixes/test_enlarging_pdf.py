"""Pictures of PDFs enlarged by networks, held against known networks and what poppler takes out."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Name
from PIL import Image

import makeready
from fixes.looks import assert_same_look, fixed, qpdf_clean, refused, text_of, unchanged
from fixes.networks import repeated, repeating
from fixes.test_pictures_pdf import (
    LANDSCAPE,
    images,
    inverted,
    lab,
    picture,
    placed,
    stored,
    two_bits_with_a_palette,
    two_inks,
    with_picture,
)
from makeready.errors import MissingDependency
from makeready.fixing import Progress
from makeready.testing import pdf
from makeready.upscale import lanczos
from models.weights import real


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repeating(tmp_path_factory.mktemp("networks"))


@pytest.fixture(scope="module")
def noisy_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repeating(tmp_path_factory.mktemp("networks"), noise=True)


def by(model: Path | str, **more: Any) -> list[dict[str, Any]]:
    return [{"fix": "enlarge", "scale": 2, "model": str(model), **more}]


def samples(source: Path | None, name: str = "/Im0") -> np.ndarray[Any, Any]:
    """The numbers of a picture object that was packed without loss, as they are stored."""
    assert source is not None
    with pikepdf.open(source) as opened:
        image = opened.pages[0].Resources.XObject[name]
        data = np.frombuffer(image.read_bytes(), np.uint8)
        return data.reshape(int(image.Height), int(image.Width), -1)


@pytest.mark.parametrize("colour", ["rgb", "srgb", "gray", "cmyk", "press"])
def test_a_network_makes_the_pixels_and_the_space_stays(network: Path, colour: Any) -> None:
    job = pdf(trim="A6").image(pixels=(150, 120), colour=colour, compression="flate").text("Type", at=("10mm", "90mm"))
    result = fixed(job, by(network))
    assert result.path is not None
    qpdf_clean(result.path)
    (name,) = images(result.path)
    before = job.save(result.path.with_name("given.pdf"))
    np.testing.assert_array_equal(samples(result.path, name), repeated(samples(before, name)))
    (old,), (new,) = placed(before), placed(result.path)
    assert (new.place, new.object, new.colour_space, new.width_px) == (old.place, old.object, old.colour_space, 300)
    assert text_of(job) == text_of(result.path)
    assert_same_look(job, result.path, within=48, share=0.02)
    (change,) = result.changes
    assert change.message.startswith("upscaled by repeating2 ×2 (")
    assert change.details["after"][0]["passes"] == [2]


def test_poppler_lists_as_many_pixels(network: Path, run: Callable[..., str]) -> None:
    result = fixed(pdf(trim="A6").image(pixels=(150, 120), colour="cmyk"), by(network))
    row = run("pdfimages", "-list", result.path).splitlines()[2].split()
    assert row[2:9] == ["image", "300", "240", "cmyk", "4", "8", "jpeg"]


def test_a_decode_that_turns_light_into_dark_is_no_negative_to_the_network(network: Path) -> None:
    """The network gets the colours: repeated or not, but the noise level too would be another's in a negative."""
    result = fixed(with_picture(inverted), by(network))
    np.testing.assert_array_equal(samples(result.path), repeated(LANDSCAPE))
    assert images(result.path)["/Im0"]["/Decode"] == str(pikepdf.Array([1, 0] * 3))


@pytest.mark.parametrize("image", [lab, two_inks])
def test_of_other_colours_lanczos_makes_it_and_says_so(
    network: Path, image: Callable[[pikepdf.Pdf], pikepdf.Stream]
) -> None:
    given = with_picture(image)
    result = fixed(given, by(network))
    (change,) = result.changes
    assert "Lab or inks of their own: Lanczos was taken" in change.message
    assert "repeating" not in change.message
    assert change.details["after"][0]["model"] == "lanczos"
    assert_same_look(given, result.path, within=48, share=0.012)


def test_a_palette_becomes_its_colours(network: Path) -> None:
    given = with_picture(two_bits_with_a_palette)
    result = fixed(given, by(network))
    assert images(result.path)["/Im0"]["/ColorSpace"] == "/DeviceCMYK"
    assert_same_look(given, result.path, within=48, share=0.012)
    assert len(np.unique(samples(result.path).reshape(-1, 4), axis=0)) == 4  # repeated, nothing between


def test_a_soft_mask_goes_through_the_network_too(network: Path) -> None:
    def masked(made: pikepdf.Pdf) -> pikepdf.Stream:
        cover = np.random.default_rng(3).integers(30, 255, (160, 200), np.uint8)
        mask = picture(made, cover, ColorSpace=Name.DeviceGray, Decode=[1, 0])
        return picture(made, LANDSCAPE, ColorSpace=Name.DeviceRGB, SMask=made.make_indirect(mask))

    given = with_picture(masked)
    result = fixed(given, by(network))
    before, after = stored(given), stored(result.path)  # type: ignore[arg-type]
    np.testing.assert_array_equal(after[1], repeated(before[1]))
    assert_same_look(given, result.path, within=48, share=0.02)


def test_a_soft_mask_of_another_size_is_enlarged_by_itself(network: Path) -> None:
    cover = np.random.default_rng(3).integers(0, 255, (80, 100), np.uint8)

    def masked(made: pikepdf.Pdf) -> pikepdf.Stream:
        mask = picture(made, cover, ColorSpace=Name.DeviceGray)
        return picture(made, LANDSCAPE, ColorSpace=Name.DeviceRGB, SMask=made.make_indirect(mask))

    result = fixed(with_picture(masked), by(network))
    first, second = stored(result.path)  # type: ignore[arg-type]
    assert first.shape[:2] == second.shape[:2] == (320, 400)
    mask = second if second.ndim == 2 else second[..., 0]
    np.testing.assert_allclose(mask.astype(int), repeated(repeated(cover)), atol=1)


def test_a_fine_soft_mask_stays(network: Path) -> None:
    cover = np.random.default_rng(3).integers(0, 255, (400, 500), np.uint8)

    def masked(made: pikepdf.Pdf) -> pikepdf.Stream:
        mask = picture(made, cover, ColorSpace=Name.DeviceGray)
        return picture(made, LANDSCAPE, ColorSpace=Name.DeviceRGB, SMask=made.make_indirect(mask))

    result = fixed(with_picture(masked), by(network))
    np.testing.assert_array_equal(stored(result.path)[1], cover)  # type: ignore[arg-type]


def test_colours_mixed_with_a_matte_are_left_to_lanczos(network: Path) -> None:
    cover = np.full((160, 200), 128, np.uint8)
    cover[:, :100] = 255

    def mixed(made: pikepdf.Pdf) -> pikepdf.Stream:
        mask = picture(made, cover, ColorSpace=Name.DeviceGray, Matte=[0, 0, 0])
        pixels = (LANDSCAPE * (cover[:, :, None] / 255)).astype(np.uint8)
        return picture(made, pixels, ColorSpace=Name.DeviceRGB, SMask=made.make_indirect(mask))

    result = fixed(with_picture(mixed), by(network))
    assert "mixed with those of its soft mask" in result.changes[0].message
    first, second = stored(result.path)  # type: ignore[arg-type]
    np.testing.assert_array_equal(second, lanczos.resize(cover, 400, 320))
    assert first.shape[:2] == second.shape


@pytest.mark.parametrize("within_flate", [False, True])
def test_the_quality_of_a_jpeg_is_the_noise_that_is_removed(noisy_network: Path, within_flate: bool) -> None:
    out = io.BytesIO()
    Image.fromarray(LANDSCAPE).save(out, "JPEG", quality=50)
    data = zlib.compress(out.getvalue()) if within_flate else out.getvalue()
    filters = [Name.FlateDecode, Name.DCTDecode] if within_flate else [Name.DCTDecode]
    given = with_picture(
        lambda made: pikepdf.Stream(
            made, data, Type=Name.XObject, Subtype=Name.Image, Width=200, Height=160, BitsPerComponent=8,
            ColorSpace=Name.DeviceRGB, Filter=pikepdf.Array(filters),
        )
    )  # fmt: skip
    (change,) = fixed(given, by(noisy_network)).changes
    assert change.details["after"][0]["noise"] == pytest.approx(10, abs=1.5)
    clean = fixed(with_picture(lambda made: picture(made, LANDSCAPE, ColorSpace=Name.DeviceRGB)), by(noisy_network))
    assert clean.changes[0].details["after"][0]["noise"] < 5


def test_a_scale_enlarges_every_picture_and_a_resolution_those_that_need_it(network: Path) -> None:
    job = pdf(trim="A6").image(pixels=(150, 120), colour="rgb", size=("20mm", "16mm"))
    job.image(pixels=(150, 120), colour="gray", size=("70mm", "56mm"), at=("10mm", "60mm"))
    twice = fixed(job, by(network))
    assert sorted(image.width_px for image in placed(twice.path)) == [300, 300]  # type: ignore[arg-type]
    needed = fixed(job, [{"fix": "enlarge", "resolution": "150 ppi", "model": str(network)}])
    widths = sorted(image.width_px for image in placed(needed.path))  # type: ignore[arg-type]
    assert widths[0] == 150
    assert widths[1] >= 413
    unchanged(needed.path, [{"fix": "enlarge", "resolution": "150 ppi"}])
    assert "scale or a resolution" in refused(job, [{"fix": "enlarge", "to": "6000"}])


def test_pictures_of_one_page_may_be_made_in_different_ways(network: Path) -> None:
    job = pdf(trim="A6").image(pixels=(150, 120), colour="rgb")
    job.image(pixels=(150, 120), colour="spot", at=("10mm", "60mm"))
    job.image(pixels=(150, 120), colour="bilevel", at=("10mm", "100mm"))
    (change,) = fixed(job, by(network)).changes
    first, second, *rest = change.message.split(". ")
    assert first.startswith("upscaled by repeating2 ×2")
    assert second.startswith("upscaled: ")
    assert "Lanczos was taken" in rest[0]
    assert "line art" in rest[-1]


def test_weights_that_are_missing_are_told_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path))
    with pytest.raises(MissingDependency) as missing:
        makeready.fix(pdf(trim="A6").image(ppi=100, colour="rgb").bytes(), by("srmd"))
    assert "makeready models install srmd" in missing.value.hint


def test_one_large_picture_tells_how_far_it_is_and_can_be_stopped(network: Path) -> None:
    job = pdf(trim="A6").image(pixels=(600, 480), colour="rgb", compression="flate").bytes()
    shares: list[float] = []

    def listen(at: Progress) -> None:
        shares.append(at.share)

    fixed(job, by(network), progress=listen)
    assert shares == sorted(shares)
    assert len(set(shares)) > 10

    def stop(at: Progress) -> None:
        if at.share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        makeready.fix(job, by(network), progress=stop)


@pytest.mark.parametrize("colour", ["srgb", "press", "gray"])
def test_a_page_looks_the_same_with_a_real_network(colour: Any) -> None:
    real("waifu2x")
    job = pdf(trim="A6").image(ppi=160, colour=colour, soft_mask=colour == "srgb").text("Type", at=("10mm", "90mm"))
    result = fixed(job, [{"fix": "upscale", "model": "waifu2x", "noise": 0}])
    assert result.path is not None
    qpdf_clean(result.path)
    (after,) = placed(result.path)
    assert after.resolution == pytest.approx(300, abs=2)
    assert_same_look(job, result.path, within=48, share=0.02)
