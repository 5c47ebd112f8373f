"""The command that cuts subjects out, as people and scripts use it; a small network stands for ISNet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from fixes import subjects
from makeready.cli import main
from makeready.testing import pdf

pytestmark = pytest.mark.usefixtures("children_at_once")


@pytest.fixture(autouse=True)
def isnet(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that finds what is red."""
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(subjects.red_isnet(tmp_path_factory.mktemp("models"))))
    monkeypatch.setenv("MAKEREADY_PROVIDER", "cpu")


def invoke(*arguments: object) -> Result:
    """Run in this process; a traceback is a failed test."""
    words = ["remove-background", *(str(argument) for argument in arguments)]
    result = CliRunner().invoke(main, words, prog_name="makeready")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.stderr
    return result


def ball(path: Path, radius: float = 0.3, **options: Any) -> Path:
    """A red ball before a wall; no ball where the radius is 0."""
    cover = subjects.coverage(120, 90, radius=radius) if radius else np.zeros((90, 120))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(subjects.on_plaster(cover) * 255).astype(np.uint8)).save(path, **options)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> tuple[str | None, str]:
    with Image.open(path) as image:
        return image.format, image.mode


def test_a_cutout_lies_beside_the_picture(tmp_path: Path) -> None:
    path = ball(tmp_path / "photo.jpg", quality=95)
    before = path.read_bytes()
    result = invoke(path)
    assert result.exit_code == 0
    assert names(tmp_path) == ["photo.cutout.png", "photo.jpg"]
    assert mode(tmp_path / "photo.cutout.png") == ("PNG", "RGBA")
    assert path.read_bytes() == before
    lines = result.stdout.splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    assert "found by ISNet on the processor" in result.stdout
    assert lines[-1] == f"{path}: written to {tmp_path}/photo.cutout.png"


@pytest.mark.parametrize(("name", "format"), [("a.png", "PNG"), ("a.tif", "TIFF"), ("a.webp", "WEBP")])
def test_the_ending_says_what_it_is(name: str, format: str, tmp_path: Path) -> None:
    path = ball(tmp_path / "photo.jpg", quality=95)
    assert invoke(path, "-o", tmp_path / name).exit_code == 0
    assert mode(tmp_path / name) == (format, "RGBA")


def test_a_jpeg_cannot_be_see_through_and_that_is_said_before_anything_is_done(tmp_path: Path) -> None:
    path = ball(tmp_path / "photo.jpg")
    for how in (["-o", tmp_path / "a.jpg"], ["--to", "jpg"]):
        result = invoke(path, *how)
        assert result.exit_code == 2
        assert "A JPEG has no transparency." in result.stderr
        assert "--background white" in result.stderr
    assert names(tmp_path) == ["photo.jpg"]
    assert invoke(path, "-o", tmp_path / "a.jpg", "--background", "white").exit_code == 0
    assert mode(tmp_path / "a.jpg") == ("JPEG", "RGB")


def test_a_name_that_says_something_else_is_not_written(tmp_path: Path) -> None:
    """apply does not know beforehand what a fix makes of a file."""
    path = ball(tmp_path / "photo.jpg")
    words = ["apply", "remove_background", str(path), "-o", str(tmp_path / "a.jpg")]
    result = CliRunner().invoke(main, words, prog_name="makeready")
    assert result.exit_code == 2
    assert "a.jpg would be a PNG: it is not written. Name a .png file, or a folder." in result.stdout
    assert names(tmp_path) == ["photo.jpg"]


def test_a_mask_is_not_written_as_what_would_blur_it(tmp_path: Path) -> None:
    path = ball(tmp_path / "photo.jpg")
    for name in ("a.jpg", "a.webp"):
        result = invoke(path, "-o", tmp_path / name, "--background", "alpha")
        assert result.exit_code == 2
        assert "A mask is not written as" in result.stderr
    assert names(tmp_path) == ["photo.jpg"]
    assert invoke(path, "-o", tmp_path / "a.png", "--background", "alpha").exit_code == 0
    assert mode(tmp_path / "a.png") == ("PNG", "L")


def test_a_folder(tmp_path: Path) -> None:
    """PDFs are passed over, and so is what an earlier run left; pictures of one name are told apart."""
    for name in ("a.jpg", "a.png", "deep/b.tif"):
        ball(tmp_path / "in" / name)
    pdf("A6").save(tmp_path / "in" / "page.pdf")
    result = invoke(tmp_path / "in")
    assert result.exit_code == 0, result.output
    assert names(tmp_path / "in") == ["a.cutout-2.png", "a.cutout.png", "a.jpg", "a.png", "deep", "page.pdf"]
    assert names(tmp_path / "in/deep") == ["b.cutout.tif", "b.tif"]
    again = invoke(tmp_path / "in")
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert invoke(tmp_path / "in", "-o", tmp_path / "out").exit_code == 0
    assert names(tmp_path / "out") == ["a-2.png", "a.png", "b.tif"]
    assert invoke(tmp_path / "in/page.pdf").exit_code == 1
    (tmp_path / "pages").mkdir()
    pdf("A6").save(tmp_path / "pages" / "page.pdf")
    assert "There are only PDFs here." in invoke(tmp_path / "pages").stderr


def test_what_has_no_subject_makes_exit_code_1_and_is_not_copied(tmp_path: Path) -> None:
    ball(tmp_path / "in/good.jpg")
    wall = ball(tmp_path / "in/wall.jpg", radius=0)
    result = invoke(tmp_path / "in", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert names(tmp_path / "out") == ["good.png"]
    assert f"{wall}: remove_background refused: no subject was found in it by ISNet" in result.stdout


def test_what_was_cut_out_before_is_copied(tmp_path: Path) -> None:
    invoke(ball(tmp_path / "photo.jpg"))
    done = tmp_path / "photo.cutout.png"
    result = invoke(done)
    assert result.exit_code == 0
    assert (tmp_path / "photo.cutout.cutout.png").read_bytes() == done.read_bytes()
    assert "copied as it was" in result.stdout


def test_a_missing_model_is_told_once_before_anything_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path / "none"))
    for name in ("a.jpg", "b.jpg"):
        ball(tmp_path / "in" / name)
    result = invoke(tmp_path / "in")
    assert result.exit_code == 4
    assert result.stderr.count("makeready models install isnet") == 1
    assert names(tmp_path / "in") == ["a.jpg", "b.jpg"]
    assert invoke(tmp_path / "in", "--model", "isnot").exit_code == 2


def test_a_logo_needs_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path / "none"))
    logo = np.full((90, 120, 3), 255, np.uint8)
    logo[30:60, 40:80] = (0, 80, 160)
    Image.fromarray(logo).save(tmp_path / "logo.png")
    result = invoke(tmp_path / "logo.png", "--subject", "logo")
    assert result.exit_code == 0, result.output
    found = np.asarray(Image.open(tmp_path / "logo.cutout.png"))
    assert (found[32:58, 42:78] == (0, 80, 160, 255)).all()
    assert not found[:28, :, 3].any()


def test_the_options_are_those_of_the_fix(tmp_path: Path) -> None:
    path = ball(tmp_path / "photo.png")
    result = invoke(
        path, "--quality", "plus", "--subject", "product", "--edge-softness", 2, "--background", "#112233",
        "--margin", "10%", "--no-despill", "--format", "json", "--provider", "cpu",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    step = json.loads(result.stdout)["steps"][0]["step"]
    assert step["settings"] == {
        "quality": "plus", "subject_type": "product", "edge_softness": 2, "despill": False, "output": "#112233",
        "crop": True, "margin": "10%", "provider": "cpu",
    }  # fmt: skip
    found = np.asarray(Image.open(tmp_path / "photo.cutout.png"))
    assert found.shape[0] < 75
    assert tuple(found[0, 0]) == (0x11, 0x22, 0x33)


@pytest.mark.parametrize(
    ("how", "said"),
    [(["--background", "nocolour"], "is no colour"), (["--margin", "wide"], "is no margin"),
     (["--edge-softness", "11"], "0<=x<=10"), (["--quality", "best"], "basic"), (["--provider", "abacus"], "cuda")],
)  # fmt: skip
def test_what_does_not_fit_is_told(how: list[str], said: str, tmp_path: Path) -> None:
    result = invoke(ball(tmp_path / "photo.png"), *how)
    assert result.exit_code == 2
    assert said in result.stderr
    assert names(tmp_path) == ["photo.png"]


def test_a_damaged_picture_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    good = ball(tmp_path / "in/good.jpg")
    (tmp_path / "in/half.jpg").write_bytes(good.read_bytes()[:1500])
    (tmp_path / "in/none.jpg").write_bytes(b"no picture")
    result = invoke(tmp_path / "in")
    assert result.exit_code == 3
    assert names(tmp_path / "in") == ["good.cutout.png", "good.jpg", "half.jpg", "none.jpg"]


def test_a_report_may_be_written(tmp_path: Path) -> None:
    report = tmp_path / "cut.html"
    assert invoke(ball(tmp_path / "photo.png"), "--report", report).exit_code == 0
    assert "remove_background" in report.read_text(encoding="utf-8")


def test_cmyk_cannot_be_a_png_and_nothing_is_written(tmp_path: Path) -> None:
    pixels = np.asarray(Image.open(ball(tmp_path / "rgb.png")).convert("CMYK"))
    Image.fromarray(pixels, "CMYK").save(tmp_path / "inks.tif")
    result = invoke(tmp_path / "inks.tif", "-o", tmp_path / "a.png", "--subject", "product")
    assert result.exit_code == 1
    assert "save_as refused: a PNG cannot hold CMYK" in result.stdout
    assert names(tmp_path) == ["inks.tif", "rgb.png"]
