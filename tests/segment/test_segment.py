"""The library's call: any picture in, an opacity out, and what is said about it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from makeready import segment
from makeready.errors import MissingDependency, UsageError
from makeready.models import session
from makeready.testing import pictures
from segment.finders import finder, redness

Floats = npt.NDArray[np.float64]


def disc(height: int, width: int, radius: float = 0.3) -> Floats:
    """How much of each pixel a disc covers."""
    y, x = np.mgrid[:height, :width]
    return np.clip(radius * min(height, width) + 0.5 - np.hypot(x + 0.5 - width / 2, y + 0.5 - height / 2), 0, 1)


def before_hills(cover: Floats) -> npt.NDArray[np.float32]:
    """A red disc before a landscape in gray."""
    height, width = cover.shape
    hills = pictures.landscape(width, height).mean(axis=2, keepdims=True) * 0.8
    return (cover[..., None] * np.array([0.95, 0.02, 0.05]) + (1 - cover[..., None]) * hills).astype(np.float32)


@pytest.mark.usefixtures("red")
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_each_kind_of_number_gives_the_same_opacity(dtype: str) -> None:
    cover = disc(120, 160)
    rgb = before_hills(cover)
    top = 1 if dtype.startswith("float") else np.iinfo(dtype).max
    alpha = segment((rgb * top).astype(dtype))
    assert (alpha.shape, alpha.dtype) == ((120, 160), np.float32)
    # The mask was made on 96 × 96 pixels: an edge is a pixel or two off.
    assert np.abs(alpha - cover).mean() < 0.012
    assert alpha[60, 80] > 0.85
    assert alpha[5, 5] == 0


@pytest.mark.usefixtures("red")
def test_what_is_solid_keeps_its_numbers_and_what_is_mixed_loses_the_ground() -> None:
    cover = disc(200, 200)
    rgb = (before_hills(cover) * 255 + 0.5).astype(np.uint8)
    truth = np.array([0.95, 0.02, 0.05]) * 255
    found = segment.cut(rgb, edge_softness=4)
    solid = found.alpha == 1
    assert solid.sum() > 5000
    assert (found.pixels[solid] == rgb[solid]).all()
    rim = (cover > 0.3) & (cover < 0.8)
    assert np.abs(found.pixels[rim] - truth).mean() < 0.5 * np.abs(rgb[rim] - truth).mean()
    kept = segment.cut(rgb, despill=False)
    assert (kept.pixels == rgb).all()


@pytest.mark.usefixtures("red")
def test_opacity_that_was_there_is_multiplied() -> None:
    cover = disc(100, 100)
    rgba = np.dstack([before_hills(cover), np.full((100, 100), 0.5, np.float32)])
    rgba[:, :50, 3] = 0
    found = segment.cut(rgba)
    assert found.pixels.shape == (100, 100, 3)
    assert (found.alpha[:, :50] == 0).all()
    assert 0.4 < found.alpha[50, 60] <= 0.5
    assert found.box is not None
    assert found.box[0] >= 50


@pytest.mark.usefixtures("red")
def test_a_picture_that_is_all_clear_has_no_subject() -> None:
    rgba = np.dstack([before_hills(disc(60, 60)), np.zeros((60, 60), np.float32)])
    found = segment.cut(rgba)
    assert found.empty
    assert found.box is None
    assert not found.alpha.any()
    assert found.notes


@pytest.mark.usefixtures("red")
def test_a_picture_without_a_subject_gives_an_empty_mask_and_says_so() -> None:
    found = segment.cut((pictures.landscape(90, 60).mean(axis=2) * 255).astype(np.uint8))
    assert found.empty
    assert not found.alpha.any()
    assert "no subject was found" in found.notes
    assert found.pixels.shape == (60, 90)


@pytest.mark.usefixtures("red")
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 400, 3), (400, 2, 3), (3, 3, 1), (2, 2), (5, 7, 4)])
@pytest.mark.parametrize("quality", ["basic", "plus"])
def test_small_and_odd_pictures_go_through(shape: tuple[int, ...], quality: str) -> None:
    picture = np.zeros(shape, np.uint8)
    picture[..., :1] = 255
    assert segment(picture, quality=quality).shape == shape[:2]


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.zeros((0, 4, 3), np.uint8), "no picture"),
        (np.zeros((4, 4, 2), np.uint8), "no picture"),
        (np.zeros((4,), np.uint8), "no picture"),
        (np.full((4, 4, 3), np.nan), "no numbers"),
        (np.full((4, 4, 3), 200.0), "from 200 to 200"),
        (np.zeros((4, 4, 3), np.int32), "int32"),
        ("photo.jpg", "an array of pixels, not str"),
    ],
)
def test_what_is_no_picture_is_said(picture: npt.NDArray[np.generic] | str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as failure:
        segment(picture)
    assert failure.value.hint


@pytest.mark.parametrize(
    ("choice", "hint"),
    [
        ({"quality": "plsu"}, "plus"),
        ({"subject": "hairheavy"}, "hair_heavy"),
        ({"edge_softness": 11}, "0 \\(hard\\) to 10"),
        ({"edge_softness": float("nan")}, "0 \\(hard\\) to 10"),
        ({"model": "isnett"}, "isnet"),
    ],
)
def test_a_wrong_choice_names_the_nearest(choice: dict[str, object], hint: str) -> None:
    with pytest.raises(UsageError) as failure:
        segment((pictures.landscape(40, 40) * 255).astype(np.uint8), **choice)
    import re

    assert re.search(hint, failure.value.hint)


def test_where_isnet_is_not_installed_the_small_one_stands_in_and_is_named(offered: Callable[..., None]) -> None:
    offered(finder("isnet", ready=lambda: False, install="makeready models install isnet"), finder("u2netp"))
    found = segment.cut(before_hills(disc(60, 60)))
    assert (found.model, found.fallback) == ("u2netp", "isnet")
    assert any("isnet is not installed" in note for note in found.notes)


def test_where_nothing_is_installed_the_command_is_said(offered: Callable[..., None]) -> None:
    missing = {"ready": lambda: False, "install": "makeready models install isnet"}
    offered(finder("isnet", **missing), finder("u2netp", **missing))
    with pytest.raises(MissingDependency, match="not installed") as failure:
        segment(before_hills(disc(60, 60)))
    assert "makeready models install isnet" in failure.value.hint


def test_one_that_was_asked_for_by_name_has_no_stand_in(offered: Callable[..., None]) -> None:
    offered(finder("isnet"), finder("other", ready=lambda: False, install="pip install other"))
    with pytest.raises(MissingDependency):
        segment(before_hills(disc(60, 60)), model="other")


def test_the_work_tells_how_far_it_is(red: None) -> None:
    told: list[float] = []
    segment(before_hills(disc(80, 80)), quality="plus", progress=told.append)
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] == 1


def test_what_is_raised_while_telling_ends_the_work(offered: Callable[..., None]) -> None:
    runs: list[int] = []

    def run(tensor: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        runs.append(1)
        return redness(tensor)

    offered(finder("isnet", run))

    def stop(share: float) -> None:
        raise InterruptedError(share)

    with pytest.raises(InterruptedError):
        segment(before_hills(disc(80, 80)), progress=stop)
    assert not runs


def test_a_model_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = tmp_path / "Mine one.onnx"
    graph.write_bytes(b"not looked at")
    graph.with_suffix(".json").write_text(
        '{"task": "segment", "size": "any", "multiple_of": 32, "range": 1, "mean": [0, 0, 0], "std": [1, 1, 1],'
        ' "activation": "sigmoid", "order": "bgr"}'
    )
    seen: list[tuple[int, ...]] = []

    def run(tensor: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        seen.append(tensor.shape)
        return 40 * (tensor[:, 2:] - tensor[:, :1]) - 20  # red is last

    monkeypatch.setattr(session, "opened", lambda path, *, provider: session.Session("cpu", "made up", run))
    cover = disc(100, 150)
    found = segment.cut(before_hills(cover), model=str(graph))
    assert seen == [(1, 3, 128, 160)]
    assert found.model == "mine-one"
    assert np.abs(found.alpha - cover).mean() < 0.02


def test_a_network_that_gives_something_else_is_said(offered: Callable[..., None]) -> None:
    from makeready.errors import MakereadyError

    for wrong, said in ((lambda x: x, "3 × 96 × 96 numbers instead"), (lambda x: x[:, :1] * np.nan, "are none")):
        offered(finder("isnet", wrong))
        with pytest.raises(MakereadyError, match=said):
            segment(before_hills(disc(60, 60)))


@pytest.mark.parametrize("softness", [0, 2, 5, 8, 10])
def test_edges_as_soft_as_wanted(red: None, softness: float) -> None:
    rgb = before_hills(disc(600, 600))
    line = segment(rgb, edge_softness=softness)[300]
    wide = int(((line > 0.02) & (line < 0.98)).sum())
    as_it_is = segment(rgb)[300]
    usual = int(((as_it_is > 0.02) & (as_it_is < 0.98)).sum())
    if softness == 5:
        assert (line == as_it_is).all()
    else:
        assert (wide < 0.7 * usual) if softness < 5 else (wide >= usual + (softness == 10))
    # The edge stays where it is.
    assert abs(int((line > 0.5).sum()) - int((as_it_is > 0.5).sum())) <= 4


def test_basic_needs_nothing_heavy() -> None:
    source = (
        "import sys, numpy as np, makeready.segment as s\n"
        "assert 'numpy.linalg' in sys.modules and 'onnxruntime' not in sys.modules\n"
        "art = np.full((90, 120, 3), 255, np.uint8); art[30:60, 40:80] = (200, 30, 30)\n"
        "found = s.cut(art, subject='logo')\n"
        "assert found.alpha[45, 60] == 1 and found.alpha[5, 5] == 0 and found.model == 'flat', found\n"
        "print([name for name in ('onnxruntime', 'onnx', 'scipy', 'pymatting', 'numba', 'openvino', 'cv2', 'pyvips')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_is_light_to_import() -> None:
    source = "import sys, makeready.segment; print([name for name in ('numpy', 'pydantic') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_call_and_the_package_do_not_hide_each_other(red: None) -> None:
    picture = before_hills(disc(40, 40))
    segment.matte(picture, 40, 40)
    import makeready.segment.matting

    assert callable(makeready.segment)
    assert callable(makeready.segment.matte)
    assert makeready.segment(picture).shape == (40, 40)
