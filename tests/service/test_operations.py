"""The work itself, done in a child: what comes out is held against the pictures and files that went in."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from fixes import subjects
from makeready import models
from makeready.service import operations
from makeready.service.errors import NotFound
from makeready.service.settings import Settings
from makeready.service.slot import Done, Refused, Slot, Task
from makeready.service.work.strip import strip
from makeready.testing import landscape, pdf
from models.weights import real

WHERE = "51 degrees north"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("operations")


@pytest.fixture(scope="module")
def slot(folder: Path) -> Iterator[Slot]:
    """With a network in ISNet's place that finds what is red, so that no weights are needed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAKEREADY_MODEL_DIR", str(subjects.red_isnet(folder / "models")))
        patch.setenv("MAKEREADY_PROVIDER", "cpu")
        with Slot(Settings(data=folder / "data", workers=1)) as made:
            made.warm()
            yield made


class Job:
    """A job in a folder of its own."""

    def __init__(self, slot: Slot, folder: Path) -> None:
        self.slot, self.folder = slot, folder

    def __call__(self, operation: str, data: bytes, name: str = "input-file", *, stage: str = "",
                 before: dict[str, Any] | None = None, **options: Any) -> Done:  # fmt: skip
        for path in self.folder.iterdir():
            path.unlink()
        (self.folder / name).write_bytes(data)
        return self.slot.run(Task(operation, options, {"file": name}, str(self.folder), stage, before or {}))

    def data(self, done: Done, role: str) -> bytes:
        (output,) = [one for one in done.outputs if one.role == role]
        return (self.folder / output.path).read_bytes()

    def image(self, done: Done, role: str = "image") -> Image.Image:
        return Image.open(io.BytesIO(self.data(done, role)))


@pytest.fixture
def job(slot: Slot, tmp_path: Path) -> Job:
    return Job(slot, tmp_path)


def disc(width: int = 240, height: int = 180) -> np.ndarray:
    made = subjects.on_plaster(subjects.coverage(width, height))
    return (made * 255).round().astype(np.uint8)


def told(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = WHERE
    exif[0x0112] = orientation
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (51.0, 30.0, 0.0)
    return exif


def written(pixels: np.ndarray, format: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    if format == "JPEG":
        options = {"quality": 95, "subsampling": 0, **options}
    Image.fromarray(pixels).save(out, format, **options)
    return out.getvalue()


def bomb(width: int = 12_000, height: int = 12_000) -> bytes:
    """A PNG of 144 megapixels in 18 kB: rows of zeros."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + width // 8)) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


# -- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["remove_background", "check", "fix"])
def test_a_decompression_bomb_is_refused_by_its_header(job: Job, operation: str) -> None:
    data = bomb()
    assert len(data) < 200_000
    with pytest.raises(Refused, match=r"144\.0 megapixels; the limit is 50") as refused:
        job(operation, data)
    assert refused.value.code == "FILE_TOO_LARGE"
    assert str(job.folder) not in str(refused.value)


def test_a_hundred_megapixels_are_the_most_whatever_is_set(tmp_path: Path) -> None:
    with Slot(Settings(data=tmp_path, limits_megapixels=100)) as slot:
        assert slot._limits.megapixels == 100
    with pytest.raises(ValueError, match="less than or equal to 100"):
        Settings(data=tmp_path, limits_megapixels=101)


def test_a_pdf_has_so_many_pages_at_most(tmp_path: Path) -> None:
    made = pdf()
    for _ in range(3):
        made = made.page()
    with Slot(Settings(data=tmp_path / "data", limits_pages=3, workers=1)) as slot:
        (tmp_path / "job").mkdir()
        with pytest.raises(Refused, match=r"4 pages; the limit is 3"):
            Job(slot, tmp_path / "job")("check", made.bytes())


@pytest.mark.parametrize(
    ("operation", "data", "options", "said"),
    [
        ("check", b"PK\x03\x04 and so on", {}, "ZIP"),
        ("check", b"<html><body>not found", {}, "web page"),
        ("remove_background", b"%PDF-1.7 ", {}, "a PDF file, which is not taken here"),
        ("remove_background", b"GIF89a", {"accept": ["jpeg", "png"]}, "a GIF file, which is not taken here"),
        ("check", b"GIF89a", {"fileType": "pdf"}, "The request says that this is a PDF file, and it is a GIF"),
    ],
)
def test_other_kinds_are_refused_by_their_content(
    job: Job, operation: str, data: bytes, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refused, match=said) as refused:
        job(operation, data, "picture.jpg", **options)
    assert refused.value.code == "UNSUPPORTED_FILE"


# -- remove_background ---------------------------------------------------------------------------------------------


def test_the_subject_is_cut_out(job: Job) -> None:
    done = job("remove_background", written(disc(), "PNG"), "photo.png", subject_type="product")
    image = job.image(done)
    assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (240, 180))
    away = np.abs(np.asarray(image)[..., 3] / 255 - subjects.coverage(240, 180))
    assert away.mean() < 0.01
    assert done.result | {"share": 0, "box": 0} == {
        "provider": "isnet", "engine": "cpu", "fallback": "", "subject": "product", "notes": [], "empty": False,
        "share": 0, "box": 0, "width": 240, "height": 180, "format": "png",
    }  # fmt: skip
    assert done.result["share"] == pytest.approx(subjects.coverage(240, 180).mean(), abs=0.01)
    assert [output.name for output in done.outputs] == ["photo-cutout.png"]


@pytest.mark.parametrize(("said", "colour"), [("white", (255, 255, 255)), ("#20C0ff", (32, 192, 255))])
def test_a_colour_lies_behind_it_as_asked(job: Job, said: str, colour: tuple[int, int, int]) -> None:
    image = job.image(job("remove_background", written(disc()), subject_type="product", output_background=said))
    assert image.mode == "RGB"
    assert image.getpixel((3, 3)) == colour


@pytest.mark.parametrize(("format", "kind"), [("jpg", "JPEG"), ("webp", "WEBP"), ("png", "PNG")])
def test_it_is_written_as_asked_and_never_larger(job: Job, format: str, kind: str) -> None:
    asked = {"subject_type": "product", "format": format, "output_background": "white"}
    done = job("remove_background", written(disc()), **asked, max_side=120)
    assert (job.image(done).format, job.image(done).size) == (kind, (120, 90))
    assert (done.result["width"], done.result["height"]) == (120, 90)
    assert job.image(job("remove_background", written(disc()), **asked, max_width=9999)).size == (240, 180)
    assert job.image(job("remove_background", written(disc()), **asked, max_width=200, max_height=60)).size == (80, 60)


def test_softness_changes_the_edge(job: Job) -> None:
    mixed = []
    for softness in (0, 5, 10):
        asked = {"subject_type": "product", "edge_softness": softness}
        alpha = np.asarray(job.image(job("remove_background", written(disc(600, 450)), **asked)))[..., 3]
        mixed.append(int(((alpha > 5) & (alpha < 250)).sum()))
    assert mixed[0] < mixed[1] < mixed[2]


def test_ink_and_turned_pictures_come_out_upright_and_in_rgb(job: Job) -> None:
    pixels = np.asarray(Image.fromarray(disc()).convert("CMYK"))
    out = io.BytesIO()
    Image.fromarray(pixels, "CMYK").save(out, "JPEG", quality=95, exif=told(6))
    image = job.image(job("remove_background", out.getvalue(), subject_type="product"))
    assert (image.mode, image.size) == ("RGBA", (180, 240))
    assert image.getpixel((90, 120))[0] > 150  # red in the middle


@pytest.mark.parametrize("format", ["png", "jpg", "webp"])
def test_metadata_of_the_upload_are_not_in_the_result(job: Job, format: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = written(disc(), exif=told(), comment=WHERE.encode(), icc_profile=profile, dpi=(200, 200))
    assert WHERE.encode() in data
    done = job("remove_background", data, subject_type="product", format=format, output_background="white")
    made = job.data(done, "image")
    assert WHERE.encode() not in made
    image = job.image(done)
    assert not image.getexif().get_ifd(0x8825)
    assert image.info.get("icc_profile") == profile


def test_metadata_stay_where_the_service_is_told_so(folder: Path, tmp_path: Path, slot: Slot) -> None:
    (tmp_path / "job").mkdir()
    with Slot(Settings(data=tmp_path / "data", keep_metadata=True, workers=1)) as other:
        job = Job(other, tmp_path / "job")
        done = job("remove_background", written(disc(), exif=told()), subject_type="logo", output_background="white")
        assert job.image(done).getexif()[0x010E] == WHERE


def test_a_picture_without_a_subject_is_refused_or_comes_out_clear(job: Job) -> None:
    data = written((subjects.on_plaster(np.zeros((90, 120))) * 255).astype(np.uint8), "PNG")
    with pytest.raises(Refused, match="No subject was found") as refused:
        job("remove_background", data, subject_type="product")
    assert refused.value.code == "NO_SUBJECT"
    done = job("remove_background", data, subject_type="product", empty="keep")
    assert done.result["empty"]
    assert done.result["notes"] == ["no subject was found"]
    assert not np.asarray(job.image(done))[..., 3].any()
    done = job("remove_background", data, subject_type="product", empty="keep", output_background="#0080ff")
    assert np.asarray(job.image(done)).reshape(-1, 3).tolist() == [[0, 128, 255]] * (90 * 120)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"format": "jpg"}, "no transparency"),
        ({"format": "gif"}, "not written as gif"),
        ({"quality": "best"}, "no quality 'best'"),
        ({"edge_softness": 11}, "cannot be 11"),
        ({"output_background": "see-through"}, "no colour"),
        ({"model": "/etc/passwd.onnx"}, "no model"),
        ({"max_side": 0}, "at least one pixel"),
    ],
)
def test_wrong_choices_are_refused_with_words(job: Job, options: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        job("remove_background", written(disc()), **options)
    assert refused.value.code == "VALIDATION_ERROR"


def test_isnet_works_within_the_memory_of_a_job(tmp_path: Path) -> None:
    """On a picture of 24 megapixels, with the default limits and the edges reworked."""
    real("isnet")
    ground = landscape(1200, 800)
    cover = subjects.coverage(1200, 800)[..., None]
    small = Image.fromarray((255 * (cover * np.array(subjects.RED) + (1 - cover) * ground)).astype(np.uint8))
    out = io.BytesIO()
    small.resize((6000, 4000)).save(out, "JPEG", quality=90)
    with Slot(Settings(data=tmp_path / "data", limits_cpu_seconds=300)) as slot:
        (tmp_path / "job").mkdir()
        job = Job(slot, tmp_path / "job")
        done = job("remove_background", out.getvalue(), quality="plus", subject_type="product")
        assert done.result["provider"] == "isnet"
        alpha = np.asarray(job.image(done))[..., 3]
        assert alpha[2000, 3000] == 255
        assert alpha[100, 100] == 0
        again = job("remove_background", written(disc()), subject_type="logo")  # the model stays, and is no burden
        assert again.result["width"] == 240


# -- check ---------------------------------------------------------------------------------------------------------


def test_a_check_gives_the_report_and_a_page(job: Job) -> None:
    done = job("check", pdf(trim="A5").text("x", size="4 pt").bytes(), "leaflet.pdf")
    (report,) = done.reports
    assert report["role"] == "report"
    assert report["document"]["schema"] == "makeready.report/1"
    assert report["document"]["file"]["path"] == "leaflet.pdf"
    assert str(job.folder) not in json.dumps(report["document"])
    assert job.data(done, report["page"]).startswith(b"<!DOCTYPE html>")
    assert done.result["verdict"] == report["document"]["verdict"]
    assert done.result["kind"] == "pdf"


def test_stars_are_those_of_the_score(job: Job) -> None:
    data = written(np.zeros((3000, 4000), np.uint8), "PNG")
    done = job("check", data, profile="photo_on_canvas", canvas=[30, 20], page=False)
    assert done.result["stars"] == {
        "stars": 4, "label": "Good", "effectivePpi": 133, "minPpi": 100, "productType": "photo_on_canvas"
    }  # fmt: skip
    assert done.outputs == []


@pytest.mark.parametrize(
    ("requirements", "code", "severity"),
    [
        ({"requiredDpi": 300}, "IMG101", "error"),
        ({"requiredDpi": 100}, "IMG101", None),
        ({"requiredColorMode": "cmyk"}, "COL101", "error"),
        ({"requiredColorMode": "rgb"}, "COL101", None),
        ({"requiredColorMode": "rgb"}, "REQ101", None),
        ({"requiredColorMode": "gray"}, "REQ101", "error"),
        ({"bleedMm": 5}, "BOX102", "error"),
        ({"bleedMm": 0}, "BOX102", None),
    ],
)
def test_what_a_request_asks_for_comes_before_the_profile(
    job: Job, requirements: dict[str, Any], code: str, severity: str | None
) -> None:
    data = written(disc(400, 300), dpi=(72, 72))
    done = job("check", data, canvas=[2, 1.5], requirements=requirements, profile="poster")
    (report,) = done.reports
    found = {issue["code"]: issue["severity"] for issue in report["document"]["issues"]}
    assert found.get(code) == severity
    assert report["document"]["profile"]["name"] == "poster+request"
    assert code in {run["code"] for run in report["document"]["runs"]} or code == "REQ101"


def test_an_unreadable_file_gets_a_report_that_says_so(job: Job) -> None:
    done = job("check", b"%PDF-1.7 and nothing", "broken.pdf")
    assert done.result["verdict"] == "unreadable"
    assert done.result["codes"] == ["FIL101"]


@pytest.mark.parametrize(
    "options",
    [
        {"profile": "posters"},
        {"profile": "/etc/profile.toml"},
        {"canvas": [0, 3]},
        {"canvas": "wide"},
        {"requirements": {"requiredDpi": -1}},
        {"requirements": {"requiredColorMode": "sepia"}},
        {"requirements": {"dpi": 300}},
    ],
)
def test_wrong_demands_are_refused(job: Job, options: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        job("check", written(disc()), **options)
    assert refused.value.code == "VALIDATION_ERROR"


# -- fix -----------------------------------------------------------------------------------------------------------


def test_a_picture_is_enlarged_and_the_checks_prove_it(job: Job) -> None:
    data = written(disc(400, 300), exif=told(), comment=WHERE.encode())
    done = job("fix", data, "photo.jpg", canvas=[2, 1.5], fixTypes=["upscale_resolution_2x"], targetDpi=300,
               prices={"upscale_resolution_2x": 30})  # fmt: skip
    assert done.result["applied"] == ["upscale_resolution_2x"]
    assert done.cost == 30
    assert done.result["estimate"] == {"min": 30, "max": 30, "prices": {"upscale_resolution_2x": 30}}
    image = job.image(done, "corrected")
    assert image.size == (600, 450)  # 300 ppi, and not twice as many as there were
    assert WHERE.encode() not in job.data(done, "corrected")
    before, after = done.reports
    assert (before["role"], after["role"], after["file"]) == ("before", "after", "corrected")
    assert after["document"]["facts"]["images"][0]["width_px"] == 600
    assert after["document"]["file"]["bytes"] == len(job.data(done, "corrected"))
    assert job.data(done, after["page"]).startswith(b"<!DOCTYPE html>")


def test_without_a_word_what_the_checks_found_is_cured(job: Job) -> None:
    data = written(disc(400, 300))
    done = job("fix", data, canvas=[2, 1.5], price=7)
    assert "IMG101" in done.result["cured"]
    assert done.cost == 7 * len(done.result["applied"]) > 0
    assert done.cost <= done.result["estimate"]["max"]


def test_a_plan_waits_for_approval_and_is_then_done_as_it_was_approved(job: Job) -> None:
    asked = {"canvas": [2, 1.5], "fixTypes": ["add_bleed", "upscale_resolution_2x"], "requireApproval": True,
             "prices": {"add_bleed": 120, "upscale_resolution_2x": 30}}  # fmt: skip
    data = written(disc(400, 300))
    planned = job("fix", data, "photo.jpg", **asked)
    assert planned.awaits_approval
    assert planned.cost is None
    assert planned.reports == []
    assert planned.result["plan"]["schema"] == "makeready.plan/1"
    assert [(step["fix"], step["price"]) for step in planned.result["plan"]["steps"]] == [
        ("upscale_resolution_2x", 30), ("add_bleed", 120)
    ]  # fmt: skip
    assert planned.result["estimate"]["max"] == 150
    assert min(job.image(planned, "preview").size) > 100
    assert [output.role for output in planned.outputs] == ["preview"]
    done = job("fix", data, "photo.jpg", stage="applying", before=planned.result, **asked)
    assert not done.awaits_approval
    assert done.result["applied"] == ["upscale_resolution_2x", "add_bleed"]
    assert done.cost == 150


def test_what_cannot_honestly_be_done_fails_with_its_reason(job: Job) -> None:
    with pytest.raises(Refused, match="is for raster files, and this is a pdf file") as refused:
        job("fix", pdf(trim="A5").bytes(), fixTypes=["auto_orient"])
    assert refused.value.code == "NOT_POSSIBLE"
    gray = written((subjects.on_plaster(np.zeros((90, 120))) * 255).astype(np.uint8), "PNG")
    with pytest.raises(Refused, match="no subject was found") as refused:
        job("fix", gray, fixTypes=["remove_background"], settings={"remove_background": {"subject_type": "product"}})
    assert refused.value.code == "NOT_POSSIBLE"


def test_a_fix_that_is_not_needed_costs_nothing(job: Job) -> None:
    data = written(disc(400, 300), "PNG")
    done = job("fix", data, "fine.png", fixTypes=["remove_transparency"], prices={"remove_transparency": 20})
    assert (done.result["applied"], done.result["unchanged"], done.cost) == ([], ["remove_transparency"], 0)
    assert np.array_equal(np.asarray(job.image(done, "corrected")), disc(400, 300))


def test_an_unknown_fix_names_the_nearest(job: Job) -> None:
    with pytest.raises(Refused, match="ad_bleed") as refused:
        job("fix", written(disc()), fixTypes=["ad_bleed"])
    assert "add_bleed" in refused.value.hint


def test_a_pdf_gets_its_bleed(job: Job) -> None:
    made = pdf(trim="A6", bleed="0 mm").image(ppi=300, at=("0 mm", "0 mm"), size=("105 mm", "148 mm")).bytes()
    done = job("fix", made, "card.pdf", fixTypes=["add_bleed"], prices={"add_bleed": 120})
    assert done.cost == 120
    assert done.outputs[0].name == "card-corrected.pdf"
    assert "BOX102" not in {issue["code"] for issue in done.reports[1]["document"]["issues"]}


# -- what is not installed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("remove_background", {}, "makeready models install"),
        ("remove_background", {"model": "u2netp"}, "makeready models install u2netp"),
        ("remove_background", {"subject_type": "logo"}, None),
        ("remove_background", {"model": "flat"}, None),
        ("fix", {"fixTypes": ["add_bleed", "upscale_resolution_2x"]}, None),
        ("fix", {"fixTypes": ["remove_background"]}, "makeready models install"),
        ("fix", {"fixTypes": ["upscale"], "settings": {"upscale": {"model": "srmd"}}}, "makeready models install srmd"),
        ("check", {}, None),
    ],
)
def test_what_is_missing_is_said_with_the_command(
    name: str, options: dict[str, Any], said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path))
    monkeypatch.delenv("MAKEREADY_MODEL_DIR", raising=False)
    found = operations.missing(name, options)
    assert found is None if said is None else said in (found or "")


def test_nothing_is_missing_where_models_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(subjects.red_isnet(tmp_path)))
    assert models.installed("isnet")
    assert operations.missing("remove_background", {"quality": "plus"}) is None


def test_asking_what_is_missing_loads_no_engine() -> None:
    code = """
import sys
from makeready.service import operations
operations.missing("remove_background", {"quality": "plus"})
operations.missing("fix", {"fixTypes": ["upscale"], "settings": {"upscale": {"model": "srmd"}}})
heavy = {"numpy", "onnxruntime", "openvino", "pyvips", "pymupdf", "scipy", "PIL"}
found = sorted(heavy & set(sys.modules))
print(found, file=sys.stderr)
sys.exit(len(found))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_operations_have_names() -> None:
    assert operations.known() == ("remove_background", "check", "edit", "fix", "upscale")
    assert operations.named("fix").stages == ("analyzing", "applying")
    assert "segfault" in operations.known(testing=True)
    with pytest.raises(NotFound, match="segfault"):
        operations.named("segfault")


# -- metadata ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_stripping_takes_words_and_leaves_the_picture(format: str, orientation: int, tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options: dict[str, Any] = {"exif": told(orientation), "icc_profile": profile}
    if format != "WEBP":
        options["dpi"] = (150, 150)
    path = tmp_path / "picture"
    path.write_bytes(written(disc(), format, **options))
    assert WHERE.encode() in path.read_bytes()
    with Image.open(path) as image:
        image.load()
        before = np.asarray(image)
    strip(path, orientation)
    data = path.read_bytes()
    assert WHERE.encode() not in data
    with Image.open(path) as image:
        image.load()
        assert np.array_equal(np.asarray(image), before)
        assert image.info["icc_profile"] == profile
        assert not image.getexif().get_ifd(0x8825)
        if format != "WEBP":
            assert image.info["dpi"][0] == pytest.approx(150, abs=0.1)
            if format != "TIFF":  # which Pillow turns as it reads it: the pixels have told already
                assert image.getexif().get(0x0112, 1) == orientation


@pytest.mark.parametrize(("format", "options"), [("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {})])
def test_what_a_camera_hangs_on_behind_a_picture_goes_too(format: str, options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "picture"
    alone = written(disc(), format, **options)
    path.write_bytes(alone + written(disc(), "JPEG", exif=told(1)))
    strip(path)
    assert WHERE.encode() not in path.read_bytes()
    with Image.open(path) as image, Image.open(io.BytesIO(alone)) as before:
        assert np.array_equal(np.asarray(image), np.asarray(before))


def test_words_of_the_smaller_versions_within_a_tiff_go_too(tmp_path: Path) -> None:
    def directory(*entries: tuple[int, int, int, int]) -> bytes:
        return struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries) + bytes(4)

    word = WHERE.encode()
    main, within = directory((256, 3, 1, 5), (330, 4, 1, 100)), directory((270, 2, len(word), 200))
    data = b"II*\0\x08\0\0\0" + main
    data = data.ljust(100, b"\0") + within
    path = tmp_path / "picture"
    path.write_bytes(data.ljust(200, b"\0") + word)
    strip(path)
    after = path.read_bytes()
    assert word not in after
    assert after[8 : 8 + len(main)] == main
    assert len(after) == 200 + len(word)


def test_words_between_the_scans_of_a_jpeg_go_too(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    whole = written(disc(), "JPEG", progressive=True)
    second = whole.index(b"\xff\xda", whole.index(b"\xff\xda") + 2)
    comment = b"\xff\xfe" + (len(WHERE) + 2).to_bytes(2, "big") + WHERE.encode()
    path.write_bytes(whole[:second] + comment + whole[second:])
    strip(path)
    assert WHERE.encode() not in path.read_bytes()
    with Image.open(path) as image, Image.open(io.BytesIO(whole)) as before:
        assert np.array_equal(np.asarray(image), np.asarray(before))


@pytest.mark.parametrize(
    ("operation", "options"),
    [
        ("remove_background", {"model": "{folder}/own.onnx"}),
        ("fix", {"fixTypes": ["remove_background"], "settings": {"remove_background": {"model": "{folder}/own.onnx"}}}),
    ],
)
def test_a_model_is_never_a_file_of_the_machine(
    job: Job, operation: str, options: dict[str, Any], tmp_path: Path
) -> None:
    options = json.loads(json.dumps(options).replace("{folder}", str(tmp_path)))
    assert operations.needs(operation, options) == ()
    assert operations.missing(operation, options) is None
    with pytest.raises(Refused, match="There is no model"):
        job(operation, written(disc()), **options)


def test_stripping_goes_through_bytes_that_are_no_picture(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    path = tmp_path / "picture"
    for head in (
        b"\xff\xd8\xff\xe1",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBP",
        b"II*\0\x08\0\0\0",
        b"MM\0+\0\x08\0\0",
    ):
        for _ in range(50):
            path.write_bytes(head + random.bytes(200))
            strip(path)


# -- upscaling -----------------------------------------------------------------------------------------------------


def test_an_enlarged_picture_keeps_format_colours_and_density(job: Job) -> None:
    pixels = disc(60, 40)
    done = job("upscale", written(pixels, "JPEG", dpi=(150, 150)), "photo.jpg", scale=3, model="lanczos")
    image = job.image(done)
    assert (image.format, image.size) == ("JPEG", (180, 120))
    assert image.info["dpi"] == (450, 450)
    assert (done.result["width"], done.result["height"], done.result["model"]) == (180, 120, "lanczos")
    small = np.asarray(image.convert("RGB").resize((60, 40), Image.Resampling.BOX)).astype(float)
    assert np.abs(small - pixels).mean() < 5


def test_line_art_is_enlarged_and_stays_line_art(job: Job) -> None:
    bits = Image.fromarray(disc(60, 40)[..., 0]).point(lambda value: 255 * (value > 128)).convert("1")
    out = io.BytesIO()
    bits.save(out, "TIFF", compression="group4")
    done = job("upscale", out.getvalue(), "logo.tif", scale=2)
    image = job.image(done)
    assert (image.mode, image.size) == ("1", (120, 80))
    assert "line art" in done.result["notes"][0]


def test_transparency_is_enlarged_too_and_words_are_left_behind(job: Job) -> None:
    cut = np.dstack([disc(40, 30), np.full((30, 40), 255, np.uint8)])
    cut[:10, :, 3] = 0
    done = job("upscale", written(cut, "PNG", exif=told()), "cut.png", scale=4, model="backprojection")
    image = job.image(done)
    assert (image.mode, image.size) == ("RGBA", (160, 120))
    assert np.asarray(image)[:30, :, 3].max() == 0
    assert WHERE.encode() not in job.data(done, "image")


@pytest.mark.parametrize(
    ("options", "said"),
    [({"scale": 5}, "Give 2, 3 or 4"), ({"scale": "x"}, "cannot be 'x'"), ({"model": "/etc/passwd.onnx"}, "no model")],
)
def test_what_cannot_be_asked_of_upscaling_is_refused(job: Job, options: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refused:
        job("upscale", written(disc(20, 20)), **options)
    assert said in f"{refused.value} {refused.value.hint}"


def test_a_result_that_nobody_could_open_is_refused(job: Job) -> None:
    with pytest.raises(Refused, match="200 are the most") as refused:
        job("upscale", written(np.zeros((3600, 3600), np.uint8), "PNG"), scale=4)
    assert refused.value.code == "FILE_TOO_LARGE"
