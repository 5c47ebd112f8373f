"""More and fewer pixels in PDFs, held against what poppler's ``pdfimages`` takes out before and after."""

from __future__ import annotations

import io
import subprocess
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

import makeready
from fixes.looks import (
    as_bytes,
    assert_same_look,
    codes,
    fixed,
    mupdf_pixels,
    poppler_pixels,
    qpdf_clean,
    refused,
    text_of,
    unchanged,
)
from makeready.facts import PlacedImage
from makeready.testing import pdf, pictures
from makeready.upscale import lanczos

Pixels = npt.NDArray[Any]
PROFILE = "sheetfed-coated"


def stored(source: Path | bytes, *arguments: str) -> list[Pixels]:
    """The pictures of a PDF as poppler takes them out, in order."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given.pdf"
        path.write_bytes(as_bytes(source))
        subprocess.run(["pdfimages", *(arguments or ["-png"]), path, Path(folder) / "i"], check=True, timeout=120)
        found = []
        for name in sorted(Path(folder).glob("i-*")):
            with Image.open(name) as picture:
                found.append(np.asarray(picture))
        return found


def placed(source: Path | bytes) -> list[PlacedImage]:
    facts = makeready.inspect(source).facts
    assert facts is not None
    return list(facts.images)


def images(source: Path | None) -> dict[str, Any]:
    """What the dictionaries of the picture objects of page 1 say."""
    assert source is not None
    with pikepdf.open(source) as opened:
        return {
            name: {key: str(value) for key, value in image.items()}
            for name, image in opened.pages[0].Resources.XObject.items()
        }


def with_picture(image: Callable[[pikepdf.Pdf], pikepdf.Stream], size: str = "50mm x 40mm") -> bytes:
    """A page that paints one picture object, made by hand."""
    made = pikepdf.open(io.BytesIO(pdf(trim="A6").text("Type stays type").bytes()))
    width, height = (float(side.removesuffix("mm")) / 25.4 * 72 for side in size.split(" x "))
    page = made.pages[0]
    page.Resources.XObject = Dictionary(Im0=made.make_indirect(image(made)))
    page.contents_add(f"q {width} 0 0 {height} 30 120 cm /Im0 Do Q".encode())
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def picture(made: pikepdf.Pdf, pixels: Pixels, **said: Any) -> pikepdf.Stream:
    """A picture object of 8 or 16 bits, packed without loss."""
    data = pixels.astype(">u2").tobytes() if pixels.dtype == np.uint16 else pixels.tobytes()
    said = {"BitsPerComponent": 8 * pixels.itemsize} | said
    return pikepdf.Stream(
        made, zlib.compress(data), Type=Name.XObject, Subtype=Name.Image, Width=pixels.shape[1],
        Height=pixels.shape[0], Filter=Name.FlateDecode, **said,
    )  # fmt: skip


LANDSCAPE = (pictures.landscape(200, 160) * 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("colour", "compression"),
    [("rgb", "jpeg"), ("srgb", "jpeg"), ("cmyk", "jpeg"), ("press", "jpeg"), ("gray", "jpeg"), ("rgb", "flate"),
     ("cmyk", "flate"), ("spot", "flate"), ("spot", "jpeg"), ("rgb", "lzw"), ("rgb", "jpeg2000"), ("indexed", "flate"),
     ("gray", "flate")],
)  # fmt: skip
def test_a_coarse_picture_gets_its_pixels_and_looks_the_same(colour: Any, compression: Any) -> None:
    job = (
        pdf(trim="A6")
        .image(ppi=100, colour=colour, compression=compression)
        .text("Type stays type", at=("10mm", "90mm"))
    )
    result = fixed(job, "upscale", profile=PROFILE)
    assert codes(result.before)["IMG101"] == 1
    assert codes(result.final)["IMG101"] == 0
    assert not {issue.code for issue in result.new if issue.severity.value == "error"}
    assert result.path is not None
    qpdf_clean(result.path)
    (before,), (after,) = placed(job.bytes()), placed(result.path)
    assert after.resolution is not None
    assert 299.95 <= after.resolution < 302
    assert (after.place, after.object) == (before.place, before.object)
    assert (after.colour_space == before.colour_space) or colour == "indexed"
    # Drawn at the old resolution there is nothing to tell them apart by but the kernel and a second JPEG.
    assert_same_look(job, result.path, within=40, share=0.01)
    assert text_of(job) == text_of(result.path)
    assert unchanged(result.path, "upscale", profile=PROFILE)


def test_around_the_picture_no_pixel_changes_and_its_mean_stays() -> None:
    job = pdf(trim="A6", rotate=90).image(ppi=110, colour="srgb", rotate=20, soft_mask=True, compression="flate")
    job.text("Type", at=("12mm", "20mm")).gradient((1, 0, 0, 0), (0, 0, 1, 0), at=("10mm", "100mm"))
    result = fixed(job, "upscale")
    (change,) = result.changes
    (place,) = change.places
    for draw in (mupdf_pixels, poppler_pixels):
        before, after = (draw(source, 1, 144).astype(int) for source in (job, result.path))
        # Rotate 90 turns clockwise: what was left is above, and what was low is left. A pixel for rounding.
        left, right, top, bottom = (round(value * 2) for value in (place.y0, place.y1, place.x0, place.x1))
        inside = np.zeros(before.shape[:2], bool)
        inside[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = True
        assert (before[~inside] == after[~inside]).all()
        assert np.abs(before - after)[inside].mean() < 3
        assert np.abs((before - after)[inside].mean(axis=0)).max() < 0.3


@pytest.mark.parametrize("colour", ["rgb", "gray"])
def test_what_was_stored_without_loss_is_resampled_exactly(colour: Any) -> None:
    job = pdf(trim="A6").image(ppi=120, colour=colour, compression="flate")
    result = fixed(job, "upscale")
    (before,), (after,) = stored(job.bytes()), stored(result.path)  # type: ignore[arg-type]
    np.testing.assert_array_equal(after, lanczos.resize(before, after.shape[1], after.shape[0]))
    assert images(result.path)["/Im9"]["/Filter"] == "/FlateDecode"


def test_a_jpeg_stays_one_of_quality_95_in_full_colour() -> None:
    job = pdf(trim="A6").image(ppi=100, colour="cmyk")
    result = fixed(job, "upscale")
    assert result.path is not None
    with pikepdf.open(result.path) as opened:
        image = opened.pages[0].Resources.XObject.Im9
        with Image.open(io.BytesIO(image.read_raw_bytes())) as jpeg:
            assert jpeg.mode == "CMYK"
            assert {layer[1:3] for layer in jpeg.layer} == {(1, 1)}  # type: ignore[attr-defined]
            assert jpeg.quantization[0][0] <= 2  # type: ignore[attr-defined]
        assert list(image.Decode) == [1, 0] * 4


def test_a_jpeg_in_another_coat_is_a_jpeg() -> None:
    jpeg = pictures.picture(200, 160, "RGB", format="JPEG")
    given = with_picture(
        lambda made: pikepdf.Stream(
            made,
            zlib.compress(jpeg),
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=200,
            Height=160,
            BitsPerComponent=8,
            ColorSpace=Name.DeviceRGB,
            Filter=Array([Name.FlateDecode, Name.DCTDecode]),
        )
    )
    result = fixed(given, "upscale")
    assert images(result.path)["/Im0"]["/Filter"] == "/DCTDecode"
    assert_same_look(given, result.path, within=40, share=0.01)


def test_sixteen_bits_stay_sixteen() -> None:
    job = pdf(trim="A6").image(ppi=100, colour="rgb", bits=16)
    result = fixed(job, "upscale")
    (after,) = placed(result.path)  # type: ignore[arg-type]
    assert (after.bits, after.compression) == (16, "FlateDecode")
    assert_same_look(job, result.path, within=40, share=0.01)


def lab(made: pikepdf.Pdf) -> pikepdf.Stream:
    space = Array([Name.Lab, Dictionary(WhitePoint=[0.9642, 1, 0.8249], Range=[-100, 100, -100, 100])])
    return picture(made, LANDSCAPE, ColorSpace=space)


def two_inks(made: pikepdf.Pdf) -> pikepdf.Stream:
    tint = pikepdf.Stream(made, b"{0 0}", FunctionType=4, Domain=[0, 1, 0, 1], Range=[0, 1] * 4)
    space = Array([Name.DeviceN, Array([Name("/Warm"), Name("/Cold")]), Name.DeviceCMYK, made.make_indirect(tint)])
    return picture(made, np.ascontiguousarray(LANDSCAPE[:, :, :2]), ColorSpace=space)


def four_bits(made: pikepdf.Pdf) -> pikepdf.Stream:
    values = LANDSCAPE[:, :199, 0] >> 4  # an odd width: rows end with half a byte
    values = np.pad(values, [(0, 0), (0, 1)])
    packed = (values[:, ::2] << 4 | values[:, 1::2]).astype(np.uint8)
    stream = picture(made, packed, ColorSpace=Name.DeviceGray, BitsPerComponent=4)
    stream.Width = 199
    return stream


def two_bits_with_a_palette(made: pikepdf.Pdf) -> pikepdf.Stream:
    values = LANDSCAPE[:, :, 0] >> 6
    packed = (values[:, ::4] << 6 | values[:, 1::4] << 4 | values[:, 2::4] << 2 | values[:, 3::4]).astype(np.uint8)
    table = made.make_stream(bytes([90, 0, 20, 0, 70, 20, 0, 0, 40, 10, 60, 0, 0, 0, 50, 9]))
    space = Array([Name.Indexed, Name.DeviceCMYK, 3, table])
    stream = picture(made, packed, ColorSpace=space, BitsPerComponent=2, Decode=[3, 0])
    stream.Width = 200
    return stream


def inverted(made: pikepdf.Pdf) -> pikepdf.Stream:
    return picture(made, LANDSCAPE, ColorSpace=Name.DeviceRGB, Decode=[1, 0] * 3, Intent=Name.Perceptual)


@pytest.mark.parametrize("image", [lab, two_inks, four_bits, two_bits_with_a_palette, inverted])
def test_every_way_to_say_a_colour_keeps_its_meaning(image: Callable[[pikepdf.Pdf], pikepdf.Stream]) -> None:
    given = with_picture(image)
    result = fixed(given, "upscale")
    assert result.path is not None
    qpdf_clean(result.path)
    assert_same_look(given, result.path, within=48, share=0.012)
    after = images(result.path)["/Im0"]
    if image is inverted:
        assert after["/Intent"] == "/Perceptual"
    if image is two_bits_with_a_palette:
        assert after["/ColorSpace"] == "/DeviceCMYK"
        assert "/Decode" not in after


def test_a_soft_mask_goes_along() -> None:
    job = pdf(trim="A6").image(ppi=100, colour="rgb", compression="flate", soft_mask=True)
    result = fixed(job, "upscale")
    assert_same_look(job, result.path, within=40, share=0.01)
    before, after = stored(job.bytes()), stored(result.path)  # type: ignore[arg-type]
    assert [picture.shape[:2] for picture in after] == [after[0].shape[:2]] * 2
    height, width = after[0].shape[:2]
    np.testing.assert_array_equal(after[1], lanczos.resize(before[1], width, height))


def test_what_a_soft_mask_hides_leaves_no_fringe() -> None:
    """Black lies hidden round a white disc: no gray may show at its edge."""
    across = np.hypot(*(np.mgrid[0:120, 0:120] - 59.5))
    cover = (np.clip(50.5 - across, 0, 1) * 255).astype(np.uint8)
    white = np.where(cover[:, :, None] > 0, 255, 0).astype(np.uint8).repeat(3, axis=2)

    def disc(made: pikepdf.Pdf) -> pikepdf.Stream:
        mask = picture(made, cover, ColorSpace=Name.DeviceGray)
        return picture(made, white, ColorSpace=Name.DeviceRGB, SMask=made.make_indirect(mask))

    result = fixed(with_picture(disc, "40mm x 40mm"), "upscale")
    shown, opacity = stored(result.path)  # type: ignore[arg-type]
    assert shown[opacity > 12].min() >= 250


def test_a_mask_that_two_pictures_share_serves_the_other_as_before() -> None:
    given = with_picture(
        lambda made: picture(
            made,
            LANDSCAPE,
            ColorSpace=Name.DeviceRGB,
            SMask=made.make_indirect(picture(made, LANDSCAPE[:, :, 0].copy(), ColorSpace=Name.DeviceGray)),
        )
    )
    opened = pikepdf.open(io.BytesIO(given))
    page = opened.pages[0]
    other = picture(opened, LANDSCAPE[::2, ::2].copy(), ColorSpace=Name.DeviceRGB)
    other.SMask = page.Resources.XObject.Im0.SMask
    page.Resources.XObject.Im1 = other
    page.contents_add(b"q 20 0 0 16 200 30 cm /Im1 Do Q")
    out = io.BytesIO()
    opened.save(out)
    result = fixed(out.getvalue(), "upscale")
    after = [picture.shape[:2] for picture in stored(result.path)]  # type: ignore[arg-type]
    assert after[2:] == [(80, 100), (160, 200)]
    assert after[0] == after[1] != (160, 200)


def test_colours_mixed_with_a_matte_are_resampled_as_they_are_mixed() -> None:
    cover = np.full((160, 200), 128, np.uint8)
    cover[:, :100] = 255

    def mixed(made: pikepdf.Pdf) -> pikepdf.Stream:
        mask = picture(made, cover, ColorSpace=Name.DeviceGray, Matte=[0, 0, 0])
        pixels = (LANDSCAPE * (cover[:, :, None] / 255)).astype(np.uint8)
        return picture(made, pixels, ColorSpace=Name.DeviceRGB, SMask=made.make_indirect(mask))

    given = with_picture(mixed)
    result = fixed(given, "upscale")
    first, second = (picture.shape[:2] for picture in stored(result.path))  # type: ignore[arg-type]
    assert first == second
    assert_same_look(given, result.path, within=40, share=0.01, by=("mupdf",))


def test_the_largest_placement_decides_and_all_uses_see_one_picture() -> None:
    job = pdf(trim="A6").image(pixels=(300, 240), size=("40mm", "32mm"), colour="gray")
    job.image(pixels=(300, 240), size=("80mm", "64mm"), at=("10mm", "60mm"), colour="gray")
    job.page().image(pixels=(300, 240), size=("20mm", "16mm"), colour="gray").text("Second", at=("10mm", "80mm"))
    result = fixed(job, "upscale")
    found = placed(result.path)  # type: ignore[arg-type]
    assert len({image.object for image in found}) == 1
    assert min(image.resolution for image in found if image.resolution) == pytest.approx(300, abs=1)
    (change,) = result.changes
    assert change.page == 1
    assert len(change.places) == 2
    for page in (1, 2):
        assert_same_look(job, result.path, page, within=40, share=0.01)


@pytest.mark.parametrize("within", ["form", "pattern", "type3", "annotation"])
def test_pictures_inside_of_other_things(within: Any) -> None:
    job = pdf(trim="A6").image(ppi=100, colour="gray", within=within)
    result = fixed(job, "upscale")
    assert codes(result.final)["IMG101"] == 0
    assert_same_look(job, result.path, within=40, share=0.01)


@pytest.mark.parametrize(("colour", "compression"), [("bilevel", "ccitt"), ("stencil", "flate"), ("bilevel", "flate")])
def test_line_art_gets_no_tones(colour: Any, compression: Any) -> None:
    job = pdf(trim="A6").image(ppi=100, colour=colour, compression=compression)
    assert "line art" in refused(job, "upscale")


def test_what_cannot_be_done_is_left_and_named() -> None:
    job = pdf(trim="A6").image(ppi=100, colour="rgb")
    job.image(ppi=100, colour="gray", inline=True, at=("10mm", "60mm"), size=("20mm", "20mm"))
    result = fixed(job, "upscale")
    (change,) = result.changes
    assert "the inline picture on page 1" in change.message
    assert "operators" in change.message
    assert codes(result.final)["IMG101"] == 1
    assert "operators" in refused(result.path, "upscale")


def test_a_colour_declared_clear_is_not_resampled() -> None:
    given = with_picture(lambda made: picture(made, LANDSCAPE, ColorSpace=Name.DeviceRGB, Mask=[0, 5] * 3))
    assert "declared clear" in refused(given, "upscale")


def test_data_cut_short_are_not_touched() -> None:
    def short(made: pikepdf.Pdf) -> pikepdf.Stream:
        stream = picture(made, LANDSCAPE, ColorSpace=Name.DeviceRGB)
        stream.Height = 170
        return stream

    assert "cut short" in refused(with_picture(short), "upscale")


def test_an_explicit_mask_keeps_its_own_resolution() -> None:
    given = with_picture(
        lambda made: picture(
            made,
            LANDSCAPE,
            ColorSpace=Name.DeviceRGB,
            Mask=made.make_indirect(
                pikepdf.Stream(
                    made,
                    bytes(range(250)) * 80,
                    Type=Name.XObject,
                    Subtype=Name.Image,
                    Width=400,
                    Height=400,
                    ImageMask=True,
                    BitsPerComponent=1,
                )
            ),
        )
    )
    result = fixed(given, "upscale")
    found = placed(result.path)  # type: ignore[arg-type]
    assert [image.width_px for image in found if image.within == "explicit mask"] == [400]
    assert_same_look(given, result.path, within=48, share=0.02)


def test_more_than_four_times_is_refused_and_says_so() -> None:
    assert "4 times is the most" in refused(pdf(trim="A6").image(ppi=60, colour="rgb"), "upscale")


def test_only_as_far_as_the_limit_that_the_profile_checks_by() -> None:
    job = pdf(trim="A6").image(ppi=120, colour="cmyk")
    report = makeready.check(job.bytes(), profile=PROFILE)
    plan = makeready.plan(report, profile=PROFILE, allow="review")
    (step,) = (step for step in plan.steps if "IMG101" in step.cures)
    assert step.fix == "upscale"
    result = makeready.fix(job.bytes(), plan, profile=PROFILE)
    assert codes(result.final)["IMG101"] == 0
    (after,) = placed(result.path)  # type: ignore[arg-type]
    assert after.resolution == pytest.approx(float(step.settings["resolution"].split()[0]), abs=2)


@pytest.mark.parametrize(
    ("fix", "ppi", "after"),
    [
        ("upscale_resolution_2x", 100, 200),
        ("upscale_resolution_2x", 200, 300),
        ("upscale_resolution_4x", 60, 240),
        ("upscale_resolution_4x", 90, 300),
    ],
)
def test_twice_and_four_times_but_no_further_than_needed(fix: str, ppi: int, after: int) -> None:
    result = fixed(pdf(trim="A6").image(ppi=ppi, colour="rgb"), fix)
    (image,) = placed(result.path)  # type: ignore[arg-type]
    assert image.resolution == pytest.approx(after, abs=1.5)
    if after == 300:
        unchanged(result.path, fix)


def test_too_many_pixels_go_and_the_file_gets_smaller() -> None:
    job = pdf(trim="A6").image(ppi=800, colour="cmyk", size=("50mm", "40mm")).text("Type", at=("10mm", "90mm"))
    result = fixed(job, "downsample", profile=PROFILE)
    assert result.path is not None
    (image,) = placed(result.path)
    assert image.resolution == pytest.approx(300, abs=1)
    assert result.path.stat().st_size < len(job.bytes()) / 2
    assert_same_look(job, result.path, within=24, share=0.01)
    assert codes(result.final)["IMG103"] == 0
    unchanged(result.path, "downsample")


def test_line_art_of_too_many_pixels_is_named_and_left() -> None:
    job = pdf(trim="A6").image(ppi=1500, colour="bilevel", compression="ccitt", size=("30mm", "30mm"))
    assert "line art" in refused(job, "downsample")
    unchanged(pdf(trim="A6").image(ppi=1000, colour="bilevel", size=("30mm", "30mm")), "downsample")


def test_a_picture_is_not_made_coarser_than_its_largest_place_needs() -> None:
    job = pdf(trim="A6").image(pixels=(800, 640), size=("80mm", "64mm"), colour="gray")
    job.page().image(pixels=(800, 640), size=("20.1mm", "20.1mm"), colour="gray")
    unchanged(job, "downsample")


def test_pages_that_are_not_to_be_changed_keep_their_pictures() -> None:
    job = pdf(trim="A6").image(pixels=(1600, 1280), size=("40mm", "32mm"), colour="gray")
    job.page().image(pixels=(1600, 1280), size=("90mm", "72mm"), colour="gray")
    assert "other pages" in refused(job, "downsample", pages=[1])


def test_an_unknown_model_is_a_wrong_setting() -> None:
    with pytest.raises(makeready.UsageError, match="no model 'waifu'"):
        makeready.fix(pdf(trim="A6").image(ppi=100).bytes(), [{"fix": "upscale", "model": "waifu"}])
