"""What the pixels of pictures say, in PDFs and in files: both sides of each limit."""

from __future__ import annotations

import io

import pikepdf
import pytest
from PIL import Image, ImageFilter

import makeready
from makeready.testing import image, pdf, picture


def saved(shown, format="PNG", **settings) -> bytes:
    out = io.BytesIO()
    shown.save(out, format, **settings)
    return out.getvalue()


def placed(data: bytes, *, filter=None, box=(100, 80), times=1) -> bytes:
    """A page with this picture, as it is stored when it is a JPEG, else with Flate."""
    shown = Image.open(io.BytesIO(data))
    sheet = pikepdf.open(io.BytesIO(pdf("100x100mm").bytes()))
    colour = {"L": "/DeviceGray", "RGB": "/DeviceRGB", "CMYK": "/DeviceCMYK"}[shown.mode]
    stream = pikepdf.Stream(sheet, data if filter else shown.tobytes())
    stream.update(
        {
            "/Type": pikepdf.Name.XObject,
            "/Subtype": pikepdf.Name.Image,
            "/Width": shown.width,
            "/Height": shown.height,
            "/BitsPerComponent": 8,
            "/ColorSpace": pikepdf.Name(colour),
        }
    )
    if filter:
        stream["/Filter"] = pikepdf.Name(filter)
    page = sheet.pages[0]
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im=sheet.make_indirect(stream)))
    each = [f"q {box[0] / n} 0 0 {box[1] / n} 20 20 cm /Im Do Q" for n in range(times, 0, -1)]
    page.Contents = sheet.make_stream("\n".join(each).encode())
    out = io.BytesIO()
    sheet.save(out)
    return out.getvalue()


PHOTO = image(900, 600, seed=2)
HALF = image(450, 300, seed=2).resize((900, 600), Image.Resampling.BICUBIC)
BLURRED = PHOTO.filter(ImageFilter.GaussianBlur(5))

# IMG107 jpeg-artefacts


@pytest.mark.parametrize(("quality", "expected"), [(92, []), (60, []), (59, ["warning"]), (20, ["warning"])])
@pytest.mark.parametrize("kind", ["file", "pdf"])
def test_jpeg_quality(found, kind, quality, expected) -> None:
    data = picture(120, 90, quality=quality, format="JPEG")
    issues = found("IMG107", placed(data, filter="/DCTDecode") if kind == "pdf" else data)
    assert [issue.severity for issue in issues] == expected
    assert all(int(issue.measured) == quality and str(quality) in issue.message for issue in issues)


def test_the_quality_of_a_cmyk_jpeg_is_that_of_the_stored_one() -> None:
    stored = saved(PHOTO.convert("CMYK"), "JPEG", quality=45)
    (study,) = makeready.inspect(placed(stored, filter="/DCTDecode"), needs=["jpeg"]).facts.pixel_studies
    assert study.quality == 45


def test_jpeg_quality_limit_is_a_setting(found) -> None:
    data = picture(120, 90, quality=80, format="JPEG")
    (issue,) = found("IMG107", data, {"quality": {"error": "85"}})
    assert (issue.severity, issue.measured, issue.limit) == ("error", 80, 85)


def test_a_small_jpeg_and_other_formats_have_no_quality(found) -> None:
    assert found("IMG107", picture(60, 40, quality=20, format="JPEG")) == []
    assert found("IMG107", picture(120, 90, format="PNG")) == []


@pytest.mark.parametrize("quality", [15, None])
def test_blocks_of_an_earlier_jpeg_where_pixels_are_looked_at(quality) -> None:
    data = saved(PHOTO if quality is None else Image.open(io.BytesIO(saved(PHOTO, "JPEG", quality=quality))))
    for artwork in (data, placed(data)):
        report = makeready.check(artwork, only=["IMG107", "IMG109"])
        messages = [issue.message for issue in report.issues if issue.code == "IMG107"]
        assert len(messages) == (quality is not None)
        assert all("blocks" in message for message in messages)


def test_the_quality_alone_is_told_without_decoding() -> None:
    (study,) = makeready.inspect(
        placed(saved(PHOTO, "JPEG", quality=70), filter="/DCTDecode"), needs=["jpeg"]
    ).facts.pixel_studies
    assert (study.quality, study.blocking, study.nominal, study.sharpness) == (70, None, None, None)


# IMG108 upscaled-image and IMG109 blurry-image


@pytest.mark.parametrize("kind", ["file", "pdf"])
@pytest.mark.parametrize(
    ("shown", "enlarged", "blurred"),
    [(PHOTO, 0, 0), (HALF, 1, 0), (PHOTO.convert("CMYK"), 0, 0)],
    ids=["photo", "half", "cmyk"],
)
def test_enlarged_and_blurred(found, kind, shown, enlarged, blurred) -> None:
    data = saved(shown, "TIFF")
    data = placed(data) if kind == "pdf" else data
    assert len(found("IMG108", data)) == enlarged
    assert len(found("IMG109", data)) == blurred


@pytest.mark.parametrize("kind", ["file", "pdf"])
def test_blurred(found, kind) -> None:
    bars = Image.new("L", (600, 600), 20)
    for left in range(0, 600, 120):
        bars.paste(220, (left, 0, left + 60, 600))
    for sigma, count in ((2, 0), (3, 1)):
        data = saved(bars.filter(ImageFilter.GaussianBlur(sigma)))
        issues = found("IMG109", placed(data) if kind == "pdf" else data)
        assert len(issues) == count
        assert all(issue.severity == "warning" and issue.measured == pytest.approx(13.3, abs=1) for issue in issues)


def test_limits_are_settings(found) -> None:
    data = saved(HALF)
    assert found("IMG108", data, "IMG108.nominal=30 %") == []
    assert found("IMG109", saved(PHOTO), {"sharpness": {"error": "99 %"}})[0].severity == "error"


def test_a_picture_is_studied_once_where_it_is_largest() -> None:
    data = placed(saved(PHOTO, "JPEG", quality=30), filter="/DCTDecode", times=3)
    report = makeready.check(data, only=["IMG107"])
    (issue,) = report.issues
    x0, _, x1, _ = issue.place.pt
    assert x1 - x0 == pytest.approx(100)


def test_a_broken_stream_is_told_of_by_none_of_these(found) -> None:
    data = placed(saved(PHOTO, "JPEG"), filter="/DCTDecode")
    broken = data.replace(b"\xff\xd8\xff", b"\0\0\0", 1)
    assert broken != data
    for code in ("IMG107", "IMG108", "IMG109"):
        assert found(code, broken) == []


def test_soft_masks_are_not_pictures() -> None:
    (study,) = makeready.inspect(
        pdf("100x100mm").image(300, soft_mask=True).bytes(), needs=["jpeg"]
    ).facts.pixel_studies
    assert study.page == 1


def test_pixels_are_decoded_only_when_asked_for() -> None:
    facts = makeready.inspect(saved(BLURRED)).facts
    assert facts.pixel_studies == ()
    by_default = {run.code: run.outcome for run in makeready.check(saved(BLURRED)).runs}
    assert (by_default["IMG108"], by_default["IMG109"]) == ("skipped", "skipped")
