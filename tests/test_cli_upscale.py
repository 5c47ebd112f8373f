"""The command that enlarges pictures, as people and scripts use it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from rich.console import Console

from fixes.networks import repeated, repeating
from makeready.batch import Event
from makeready.cli import main
from makeready.cli_options import progress_bar
from makeready.testing import pdf, picture

pytestmark = pytest.mark.usefixtures("children_at_once")

posix = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")


def invoke(*arguments: object) -> Result:
    """Run in this process; a traceback is a failed test."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="makeready")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.stderr
    return result


def photo(path: Path, width: int = 120, height: int = 80, **more: object) -> Path:
    """A picture in the format that its name says."""
    format = {".jpg": "JPEG", ".png": "PNG", ".tif": "TIFF"}[path.suffix]
    path.write_bytes(picture(width, height, format=format, **more))  # type: ignore[arg-type]
    return path


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_picture_is_enlarged_beside_itself(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg", dpi=100)
    before = path.read_bytes()
    result = invoke("upscale", path, "--scale", "4")
    assert result.exit_code == 0
    first, second, *_, last = result.stdout.splitlines()
    assert first == f"{path}: enlarge (scale 4.0): 1 change"
    assert second == f"{path}:   page 1: upscaled: a.jpg from 120 × 80 to 480 × 320 px, 100 ppi to 400 ppi"
    assert last.endswith(f"written to {tmp_path}/a.large.jpg")
    assert names(tmp_path) == ["a.jpg", "a.large.jpg"]
    assert path.read_bytes() == before
    assert size(tmp_path / "a.large.jpg") == (480, 320)


def test_twice_when_nothing_is_said(tmp_path: Path) -> None:
    assert invoke("upscale", photo(tmp_path / "a.png")).exit_code == 0
    assert size(tmp_path / "a.large.png") == (240, 160)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["--to", "600x600"], (600, 400)),
        (["--to", "300"], (300, 200)),
        (["--ppi", "300", "--canvas", "2x1.4in"], (630, 420)),
        (["--ppi", "150ppi", "--canvas", "2x1in"], (300, 200)),
    ],
)
def test_the_size_may_be_said_in_other_ways(tmp_path: Path, asked: list[str], expected: tuple[int, int]) -> None:
    path = photo(tmp_path / "a.png")
    assert invoke("upscale", path, *asked, "-o", tmp_path / "b.tif").exit_code == 0
    assert size(tmp_path / "b.tif") == pytest.approx(expected, abs=1)


def test_a_model_of_ones_own_makes_the_pixels(tmp_path: Path) -> None:
    path, network = photo(tmp_path / "a.png"), repeating(tmp_path)
    result = invoke("upscale", path, "--model", network, "--provider", "cpu")
    assert result.exit_code == 0
    assert "upscaled by repeating2 ×2 (onnxruntime)" in result.stdout
    with Image.open(path) as before, Image.open(tmp_path / "a.large.png") as after:
        np.testing.assert_array_equal(np.asarray(after), repeated(np.asarray(before)))


def test_a_folder_and_what_an_earlier_run_left_there(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.png"):
        photo(tmp_path / name)
    pdf("A6").image(100, colour="rgb").save(tmp_path / "c.pdf")
    assert invoke("upscale", tmp_path).exit_code == 0
    large = ["a.large.jpg", "b.large.png", "c.large.pdf"]
    assert names(tmp_path) == sorted([*large, "a.jpg", "b.png", "c.pdf"])
    result = invoke("upscale", tmp_path, "--overwrite")
    assert "passed over" in result.stderr
    assert len(names(tmp_path)) == 6
    assert invoke("upscale", tmp_path / "a.jpg", tmp_path / "b.png", "-o", tmp_path / "out").exit_code == 0
    assert names(tmp_path / "out") == ["a.jpg", "b.png"]


def test_coarse_pictures_of_a_pdf_are_replaced_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    pdf("A6").image(100, colour="rgb").image(400, colour="gray", at=("5 mm", "60 mm")).save(path)
    result = invoke("upscale", path, "--ppi", "200")
    assert result.exit_code == 0
    with pikepdf.open(path) as before, pikepdf.open(tmp_path / "a.large.pdf") as after:
        widths = [[int(image.Width) for image in file.pages[0].Resources.XObject.values()] for file in (before, after)]
    times = sorted(new / old for old, new in zip(*widths, strict=True))
    assert times == pytest.approx([1, 2], abs=0.02)
    assert invoke("upscale", path, "--to", "4000", "-o", tmp_path / "b.pdf").exit_code == 1


def test_data_for_programs(tmp_path: Path) -> None:
    result = invoke("upscale", photo(tmp_path / "a.png"), "--model", repeating(tmp_path), "--format", "json")
    file = json.loads(result.stdout)
    (change,) = file["steps"][0]["changes"]
    assert change["details"]["after"][0]["passes"] == [2]
    assert file["output"] == str(tmp_path / "a.large.png")


def test_a_report_shows_before_and_after(tmp_path: Path) -> None:
    assert invoke("upscale", photo(tmp_path / "a.png"), "--report", tmp_path / "r.html").exit_code == 0
    assert "240 × 160" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_what_is_large_enough_is_left_and_what_is_too_large_is_refused(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.png", dpi=300)
    done = invoke("upscale", path, "--ppi", "300")
    assert (done.exit_code, names(tmp_path)) == (0, ["a.png"])
    refused = invoke("upscale", path, "--to", "60")
    assert (refused.exit_code, names(tmp_path)) == (1, ["a.png"])
    assert "more than 60 × 40 px" in refused.stdout + refused.stderr
    assert invoke("upscale", photo(tmp_path / "b.png", dpi=None), "--ppi", "300").exit_code == 1


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (["--scale", "2", "--to", "600"], 2, "in more than one way"),
        (["--scale", "0.5"], 2, "enlarge.scale"),
        (["--scale", "twice"], 2, "enlarge.scale"),
        (["--to", "6000x"], 2, "'6000x4000', or '6000' for the long side"),
        (["--ppi", "many"], 2, "enlarge.resolution"),
        (["--noise", "much"], 2, "write auto, or a number"),
        (["--style", "creative"], 2, "lanczos is no network, and cannot heed --style"),
        (["--noise", "5", "--provider", "cpu", "--model", "backprojection"], 2, "cannot heed --noise and --provider"),
        (["--model", "waifu2"], 2, "Did you mean 'waifu2x'?"),
        (["--model", "none.onnx"], 2, "none.onnx"),
        (["--model", "srmd"], 4, "makeready models install srmd"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str], code: int, said: str
) -> None:
    monkeypatch.setenv("MAKEREADY_CACHE", str(tmp_path / "cache"))
    result = invoke("upscale", photo(tmp_path / "a.png"), *asked)
    assert result.exit_code == code
    assert said in result.stderr
    assert "a.large.png" not in names(tmp_path)


def test_help_has_examples() -> None:
    said = invoke("upscale", "--help").stdout
    assert "makeready upscale photo.jpg --scale 4" in said
    assert "--ppi 300 --canvas 30x20in" in said


def test_the_bar_moves_within_one_file() -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(file=nowhere, force_terminal=True, width=80, record=True)
        with progress_bar(1, show=True, beside=console) as on_event:
            assert on_event is not None
            on_event(Event("started", "a.jpg"))
            on_event(Event("page", "a.jpg", 500, 1000, "step 1 of 1: enlarge"))
            half = console.export_text(clear=True)
            on_event(Event("page", "a.jpg", 900, 1000, "step 1 of 1: enlarge"))
            most = console.export_text(clear=True)
            on_event(Event("done", "a.jpg"))
            assert "1/1" in console.export_text()
    assert 0 < bars(half) < bars(most)
    assert "0/1 step 1 of 1: enlarge" in half


def bars(text: str) -> int:
    """Cells of the bar as it was drawn last, up to where it is full."""
    return text.rpartition("a.jpg ")[2].partition("╺")[0].count("━")


@posix
def test_stopped_in_the_middle_of_a_picture_it_leaves_nothing(tmp_path: Path) -> None:
    work, temporary = tmp_path / "work", tmp_path / "temporary"
    for folder in (work, temporary):
        folder.mkdir()
    photo(work / "a.tif", 2000, 1500)
    network = repeating(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "makeready", "upscale", "a.tif", "--scale", "4", "--model", str(network)],
        cwd=work, env={**os.environ, "TMPDIR": str(temporary)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not list(temporary.rglob("rows-*.raw")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err.strip()) == ("", "Interrupted.")
    assert names(work) == ["a.tif"]
    assert names(temporary) == []
